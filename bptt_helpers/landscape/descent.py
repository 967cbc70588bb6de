"""The ways that four optimisers take down the error surface of a scalar net, from one point."""

import numpy as np

from bptt_helpers import arguments, optimisers
from bptt_helpers.landscape.nets import check_nets
from bptt_helpers.landscape.surface import gradient_unchecked

WAYS = ("SGD", "clipped", "momentum", "Adam")


def descend(w, b, T, s_init, target, func="tanh", *, learning_rate, limit, steps):
    """The ways of SGD, of SGD with its gradient clipped by norm, of momentum and of Adam: {way: path}.

    w, b : numbers, where all four start
    T, s_init, target, func : the net and its loss, as for `loss`
    learning_rate, limit : numbers above 0; limit is the longest gradient that clipping lets through
    steps : how many steps each takes, at least 1

    Returns a dict with a key for each of WAYS, whose path is an array of shape (steps + 1, 2): (w, b) before
    each step and after the last. Where the gradient overflows, nothing can be said about the step, and the
    path stays where it is. TypeError or ValueError names the bad argument.
    """
    w, b = arguments.number("w", w), arguments.number("b", b)
    _, _, s_init, T = check_nets(w, b, arguments.number("s_init", s_init), T, func)
    target = arguments.number("target", target)
    steps, limit = arguments.integer("steps", steps), arguments.number("limit", limit)
    paths = np.empty((steps + 1, 2, len(WAYS)))  # (steps + 1, 2, way)  all four nets run as one
    paths[0] = np.array([w, b])[:, None]
    start, memories = np.full(len(WAYS), s_init), [None] * len(WAYS)
    for step in range(steps):
        gradients = np.array(gradient_unchecked(*paths[step], T, start, target, func))  # (2, way)
        paths[step + 1] = paths[step]
        for i, way in enumerate(WAYS):
            moved, memories[i] = _move(way, gradients[:, i], memories[i], learning_rate, limit)
            if np.isfinite(paths[step, :, i] + moved).all():
                paths[step + 1, :, i] += moved
    return {way: paths[:, :, i] for i, way in enumerate(WAYS)}


def _move(way, gradient, memory, learning_rate, limit):
    """One step of this way, (2,), and its memory."""
    if way == "clipped":
        gradient = optimisers.clip_by_norm(gradient, limit)
    rule = {"momentum": optimisers.momentum, "Adam": optimisers.adam}.get(way, optimisers.sgd)
    return rule(gradient, memory, learning_rate=learning_rate)
