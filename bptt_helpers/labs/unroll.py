"""Lab: what does a loop look like laid out in time? (notebook 01)"""

import numpy as np

from bptt_helpers import landscape, rnn
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.numerals import plain
from bptt_helpers.pictures.unroll import LONGEST, UnrollPicture

INPUTS = {
    "impulse": "impulse: 1, then 0",
    "step": "step: always 1",
    "alternating": "alternating: 1, −1, …",
    "noise": "noise: normal, seed 0",
}

CONTROLS = {
    "u": Slider(1.0, -3, 3, 0.05, "u"),
    "w": Slider(0.8, -3, 3, 0.05, "w"),
    "k": Slider(0.0, -2, 2, 0.05, "k"),
    "s_init": Slider(0.0, -1, 1, 0.05, "s₋₁"),
    "T": Whole(12, 2, LONGEST, "T"),
    "func": Choice("tanh", rnn.FUNCTIONS, "func"),
    "x": Choice("impulse", INPUTS, "input"),
}


def inputs(kind, T):
    """The input sequence x_0 … x_{T-1} of a kind in INPUTS, (T,)."""
    steps = np.arange(T)
    if kind == "impulse":
        return (steps == 0).astype(float)
    if kind == "step":
        return np.ones(T)
    if kind == "alternating":
        return (-1.0) ** steps
    return np.random.default_rng(0).normal(size=T)


def compute(settings):
    """x, s, s_init: the run; map: s_{t-1} -> s_t with the last input held; fixed_points: of that map."""
    u, w, k, func = settings["u"], settings["w"], settings["k"], settings["func"]
    x = inputs(settings["x"], settings["T"])
    params = rnn.Params(*(np.array(entry) for entry in ([[u]], [[w]], [[1.0], [0.0]], [k], [0.0, 0.0])))
    s = rnn.forward(params, x[:, None], s_init=np.array([settings["s_init"]]), func=func).s[:, 0]
    b = u * x[-1] + k
    return {
        "x": x,
        "s": s,
        "s_init": settings["s_init"],
        "map": lambda before: rnn.activate(w * before + b, func),
        "fixed_points": landscape.fixed_points(w, b, func),
    }


def describe(settings, numbers):
    """Where the state is, and where it is going."""
    s, points = numbers["s"], numbers["fixed_points"]
    last = f"After {len(s)} steps the state is <b>{plain(s[-1])}</b>. "
    if not np.isfinite(s[-1]) or abs(s[-1]) > 1e6:
        return last + "It runs away: nothing bounds it."
    stable = [plain(point.s, 3) for point in points if point.stable]
    if not points:
        return last + "The map never meets the diagonal: there is no fixed point to settle at."
    if not stable:
        return last + "No fixed point is stable: the state cannot settle while the last input is held."
    many = (
        f"s* = {stable[0]}"
        if len(stable) == 1
        else f"one of s* = {' and '.join(stable)}, depending on where it starts"
    )
    return last + f"With the last input held it would settle at {many}."


unroll = Declaration("unroll", CONTROLS, compute, describe, UnrollPicture, telling="w")
