"""What a gradient does to the weights: one step of an optimiser, and clipping before it.

A gradient, here and in what is returned, is an array, or a tuple or NamedTuple of arrays such as
rnn.Gradients. Every rule is a pure function

    step, memory = rule(gradient, memory, learning_rate=…)

whose step is to be added to the weights, and whose memory, None at first, is handed back the next time. A
memory of another structure, shape or dtype than the gradient is refused with a ValueError; sgd, which needs
none, looks at none.

sgd             gradient descent, which remembers nothing
momentum        a velocity that gathers (Polyak 1964)
rmsprop         each entry at its own pace: divided by the root of its running square (Hinton 2012)
adagrad         the same with the sum of all squares, so that the steps shrink (Duchi, Hazan and Singer 2011)
adam            rmsprop's pace, and momentum (Kingma and Ba 2015)
clip_by_norm    a gradient that is too long gets shorter, and keeps its direction (Pascanu et al. 2013)
clip_by_value   every entry for itself, which turns it

Not here: what is to be learnt, and the loop (landscape.descend, train).
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, recurrent


def sgd(gradient, memory=None, *, learning_rate):
    """-learning_rate · gradient, and the memory as it came."""
    gradient, rate = _check(gradient, learning_rate)
    with recurrent.silent():
        return _each(lambda g: -rate * g, gradient), memory


def momentum(gradient, memory=None, *, learning_rate, decay=0.9):
    """-learning_rate · velocity, with velocity = decay · velocity + gradient, which is also the memory.

    decay : how much of the velocity is kept, 0 … 1
    """
    gradient, rate = _check(gradient, learning_rate)
    decay = _share("decay", decay)
    with recurrent.silent():
        memory = _memory(memory, gradient)
        velocity = _each(lambda v, g: decay * v + g, memory, gradient)
        return _each(lambda v: -rate * v, velocity), velocity


def rmsprop(gradient, memory=None, *, learning_rate, decay=0.9, epsilon=1e-8):
    """-learning_rate · gradient / (root of its running mean square + epsilon), each entry for itself.

    decay : how much of the running mean square is kept, 0 … 1; it starts at 0, which is not corrected
    epsilon : added to the root, above 0

    Hinton 2012, lecture 6e of "Neural Networks for Machine Learning". The memory is the running mean square.
    """
    gradient, rate = _check(gradient, learning_rate)
    decay, epsilon = _share("decay", decay), arguments.above_zero("epsilon", epsilon)
    with recurrent.silent():
        memory = _memory(memory, gradient)
        square = _each(lambda v, g: decay * v + (1 - decay) * g * g, memory, gradient)
        return _each(lambda g, v: -rate * g / (np.sqrt(v) + epsilon), gradient, square), square


def adagrad(gradient, memory=None, *, learning_rate, epsilon=1e-8):
    """-learning_rate · gradient / (root of the sum of its squares so far + epsilon), each entry for itself.

    epsilon : added to the root, above 0. Its first step is learning_rate long in every entry.

    Duchi, Hazan and Singer 2011, the diagonal form. The memory is the sum of squares.
    """
    gradient, rate = _check(gradient, learning_rate)
    epsilon = arguments.above_zero("epsilon", epsilon)
    with recurrent.silent():
        memory = _memory(memory, gradient)
        total = _each(lambda v, g: v + g * g, memory, gradient)
        return _each(lambda g, v: -rate * g / (np.sqrt(v) + epsilon), gradient, total), total


class AdamMemory(NamedTuple):
    """What adam remembers."""

    mean: object  # like the gradient: its running mean
    square: object  # like the gradient: the running mean of its square
    count: int  # how many gradients it has seen


def adam(gradient, memory=None, *, learning_rate, decay=0.9, decay_square=0.999, epsilon=1e-8):
    """Each entry's running mean divided by the root of its running square, so of size learning_rate or so.

    decay, decay_square : how much of each running mean is kept, 0 … 1; they start at 0, which is corrected
    epsilon : added to the root, above 0

    Kingma and Ba 2015, algorithm 1. The memory is an AdamMemory.
    """
    gradient, rate = _check(gradient, learning_rate)
    decay, decay_square = _share("decay", decay), _share("decay_square", decay_square)
    epsilon = arguments.above_zero("epsilon", epsilon)
    if memory is None:
        memory = AdamMemory(None, None, 0)
    arguments.instance("memory", memory, AdamMemory)
    count = arguments.integer("memory.count", memory.count, minimum=0) + 1
    memory = AdamMemory(*(_memory(part, gradient) for part in memory[:2]), count)
    mean_so_far, square_so_far = 1 - decay**count, 1 - decay_square**count  # both started at 0
    with recurrent.silent():
        mean = _each(lambda m, g: decay * m + (1 - decay) * g, memory.mean, gradient)
        square = _each(lambda v, g: decay_square * v + (1 - decay_square) * g * g, memory.square, gradient)
        step = _each(
            lambda m, v: -rate * (m / mean_so_far) / (np.sqrt(v / square_so_far) + epsilon), mean, square
        )
    return step, AdamMemory(mean, square, count)


def clip_by_norm(gradient, limit):
    """The gradient itself when it is at most `limit` long; else one of that length and the same direction.

    limit : a number above 0. The length is that of all arrays together. One that overflowed stays as it is.
    """
    gradient, limit = _check(gradient, limit, "limit")
    length = _norm(gradient)
    if not limit < length < np.inf:
        return gradient
    # Through float64: the factor may be too small for a float32, and what comes of it not.
    return _each(lambda g: (g * np.float64(limit / length)).astype(g.dtype), gradient)


def clip_by_value(gradient, limit):
    """Every entry cut to -limit … limit. limit : a number above 0. TypeError for complex numbers."""
    gradient, limit = _check(gradient, limit, "limit")
    _each(lambda g: arguments.real_floats("gradient", g), gradient)
    with recurrent.silent():  # a limit beyond float32 cuts nothing there
        return _each(lambda g: np.clip(g, -limit, limit), gradient)


def norm(gradient):
    """The length of a gradient, of all its arrays together: float. It does not overflow before it has to."""
    return _norm(_floats(gradient))


def _norm(gradient):
    arrays = gradient if isinstance(gradient, tuple) else (gradient,)
    return recurrent.length(np.array([recurrent.length(np.ravel(array)) for array in arrays]))


def _each(function, *gradients):
    """The function of every array, put together as the first gradient is."""
    first = gradients[0]
    if not isinstance(first, tuple):
        return function(*gradients)
    parts = [function(*arrays) for arrays in zip(*gradients, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)


def _memory(memory, gradient):
    """The memory, when it can be that of gradients like this one; None is zeros. Else ValueError."""
    if memory is None:
        return _each(np.zeros_like, gradient)
    if _kind(memory) != _kind(gradient):
        raise ValueError(
            "memory: expected what came back for the gradient before, got another structure, shape or dtype"
        )
    return memory


def _kind(gradient):
    """What a memory has in common with its gradient: the structure, and shapes and dtypes."""
    if isinstance(gradient, tuple):
        return type(gradient), [_kind(part) for part in gradient]
    return getattr(gradient, "shape", None), getattr(gradient, "dtype", None)


def _check(gradient, number, name="learning_rate"):
    """The gradient with its parts as arrays of floats, and the number above 0; or TypeError, ValueError."""
    number = arguments.above_zero(name, number)
    return _floats(gradient), number


def _floats(gradient):
    return _each(lambda g: arguments.floats("gradient", g), gradient)


def _share(name, value):
    """A number from 0 up to, but not including, 1."""
    value = arguments.number(name, value)
    if not 0 <= value < 1:
        raise ValueError(f"{name}: expected a number from 0 to below 1, got {value}")
    return value
