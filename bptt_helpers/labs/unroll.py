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
SHOWN = {"map": "states and map", "states": "states, last step"}

CONTROLS = {
    "u": Slider(1.0, -3, 3, 0.05, "u"),
    "w": Slider(0.8, -3, 3, 0.05, "w"),
    "k": Slider(0.0, -2, 2, 0.05, "k"),
    "s_init": Slider(0.0, -1, 1, 0.05, "s₋₁"),
    "T": Whole(12, 2, LONGEST, "T"),
    "func": Choice("tanh", rnn.FUNCTIONS, "func"),
    "x": Choice("impulse", INPUTS, "input"),
    "show": Choice("map", SHOWN, "show"),
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
    """x, z, s (T,), s_init, weights (u, w, k), func: the run; held_from: where x stops changing.

    map: s_{t-1} -> s_t with the last input held, and its fixed_points; None and () when only the states are
    to be shown.
    """
    u, w, k, func = settings["u"], settings["w"], settings["k"], settings["func"]
    x = inputs(settings["x"], settings["T"])
    params = rnn.Params(*(np.array(entry) for entry in ([[u]], [[w]], [[1.0], [0.0]], [k], [0.0, 0.0])))
    trace = rnn.forward(params, x[:, None], s_init=np.array([settings["s_init"]]), func=func)
    b = u * x[-1] + k
    is_mapped = settings["show"] == "map"
    return {
        "x": x,
        "z": trace.z[:, 0],
        "s": trace.s[:, 0],
        "s_init": settings["s_init"],
        "weights": (u, w, k),
        "func": func,
        "held_from": int(np.flatnonzero(x != x[-1]).max(initial=-1)) + 1,
        "map": (lambda before: rnn.activate(w * before + b, func)) if is_mapped else None,
        "fixed_points": landscape.fixed_points(w, b, func) if is_mapped else (),
    }


def describe(settings, numbers):
    """Where the state is, and where it is going."""
    s = numbers["s"]
    said = f"After {len(s)} steps the state is <b>{plain(s[-1])}</b>."
    if not np.isfinite(s[-1]) or abs(s[-1]) > 1e6:
        return said + " It runs away: nothing bounds it."
    return said if numbers["map"] is None else f"{said} {_outlook(settings, numbers['fixed_points'])}"


def _outlook(settings, points):
    """Where the state goes when the last input is held."""
    stable = [point for point in points if point.stable]
    if not points:
        return "The map never meets the diagonal: there is no fixed point to settle at."
    if not stable:
        return _unsettled(settings, points[0])
    places = " or ".join(f"s* = {plain(point.s, 3)}" for point in stable)
    if len(stable) > 1:
        return f"With the last input held it settles at {places} (dotted); the start decides which."
    if landscape.is_neutral(stable[0].slope):
        how = "" if stable[0].slope > 0 else ", changing sides at every step"
        return (
            f"With the last input held it settles at {places} (dotted), but ever more slowly{how}: "
            f"the slope there is {plain(stable[0].slope, 0)}."
        )
    return f"With the last input held it settles at {places} (dotted)."


def _unsettled(settings, point):
    """Why it settles nowhere, although there are fixed points."""
    if landscape.is_neutral(point.slope) and settings["func"] in ("relu", "identity"):
        if point.slope > 0:
            return "Every state is a fixed point: with the last input held it stays where it is."
        return "The slope is −1: with the last input held it jumps between two states and never settles."
    return "No fixed point is stable: with the last input held it settles at none."


unroll = Declaration("unroll", CONTROLS, compute, describe, UnrollPicture, telling="w")
