"""The ways that four optimisers take down the error surface of a scalar net, from one point."""

from math import isfinite
from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, optimisers
from bptt_helpers.landscape.nets import STEPS, check_nets

WAYS = ("SGD", "clipped", "momentum", "Adam")


class Way(NamedTuple):
    """Where one optimiser goes."""

    path: np.ndarray  # (steps + 1, 2)  (w, b) before each step and after the last
    losses: np.ndarray  # (steps + 1,)  E at each of these points; inf or nan where it overflows


def descend(w, b, T, s_init, target, func="tanh", *, learning_rate, limit, steps):
    """The ways of SGD, of SGD with its gradient clipped by norm, of momentum and of Adam: {way: Way}.

    w, b : numbers, where all four start
    T, s_init, target, func : the net and its loss, as for `loss`
    learning_rate, limit : numbers above 0; limit is the longest gradient that clipping lets through
    steps : how many steps each takes, at least 1

    Returns a dict with a key for each of WAYS. Where the gradient overflows, nothing can be said about the
    step, and the path stays where it is. TypeError or ValueError names the bad argument.
    """
    w, b = arguments.number("w", w), arguments.number("b", b)
    check_nets(w, b, s_init, T, func)
    target, s_init = arguments.number("target", target), arguments.number("s_init", s_init)
    steps, limit = arguments.integer("steps", steps), arguments.number("limit", limit)
    ways = {way: Way(np.empty((steps + 1, 2)), np.empty(steps + 1)) for way in WAYS}
    for way, (path, losses) in ways.items():
        path[0], memory = (w, b), None
        for step in range(steps + 1):
            losses[step], *gradient = _loss_and_gradient(*path[step].tolist(), T, s_init, target, func)
            if step < steps:
                moved, memory = _move(way, np.array(gradient), memory, learning_rate, limit)
                after = path[step] + moved
                path[step + 1] = after if isfinite(after[0]) and isfinite(after[1]) else path[step]
    return ways


def _loss_and_gradient(w, b, T, s, target, func):
    """E, dE/dw, dE/db of one net, as landscape.gradient; forward, since there are only two weights."""
    squashed, ds_dw, ds_db = STEPS[func], 0.0, 0.0
    for _ in range(T):
        s_prev, (s, slope) = s, squashed(w * s + b)
        ds_dw = slope * (s_prev + w * ds_dw)
        ds_db = slope * (1 + w * ds_db)
    missed = s - target
    return missed * missed, 2 * missed * ds_dw, 2 * missed * ds_db  # a float's ** 2 would raise OverflowError


def _move(way, gradient, memory, learning_rate, limit):
    """One step of this way, (2,), and its memory."""
    if way == "clipped":
        gradient = optimisers.clip_by_norm(gradient, limit)
    rule = {"momentum": optimisers.momentum, "Adam": optimisers.adam}.get(way, optimisers.sgd)
    return rule(gradient, memory, learning_rate=learning_rate)
