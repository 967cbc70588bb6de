"""Pictures: arrays in, a drawing out. One a file; `__init__` draws what stays, `update` moves what changes.

A picture is a class with

    size                    width and height in inches
    alt                     what the picture is, in a sentence without numbers, for who cannot see it
    __init__(figure)        draws the axes, the labels and every artist once; those that will move are made
                            with `animated=True`, and that is all the fast redraw (`canvas.py`) needs to know
    update(numbers)         moves the animated artists to show `numbers`; whole panels may come and go
                            (`axes.set_visible`)

Pictures know matplotlib and arrays. They know no network, no widget and no notebook.
"""
