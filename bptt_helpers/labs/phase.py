"""Lab: for which weight, bias and length does the gradient vanish, live, explode? (notebook 06)"""

from functools import lru_cache

import numpy as np

from bptt_helpers import landscape, rnn
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.numerals import of_log10, plain
from bptt_helpers.pictures.phase import LONGEST, NOTHING, REGIONS, PhasePicture, region

SHOWN = {"length": "the map over T", "all": "both maps"}

CONTROLS = {
    "w": Slider(1.5, -6, 6, 0.05, "w"),
    "T": Whole(50, 2, LONGEST, "T"),
    "b": Slider(0.0, -3, 3, 0.05, "b"),
    "s_init": Slider(0.1, -1, 1, 0.05, "s₋₁"),
    "func": Choice("tanh", rnn.FUNCTIONS, "func"),
    "show": Choice("all", SHOWN, "show"),
}

# Cells of the maps: a step of the slider wide when it rests, three while it moves; both fill the same box.
WEIGHTS = {"fine": np.arange(-121, 122) / 20, "coarse": np.arange(-40, 41) * 3 / 20}
BIASES = {"fine": np.arange(-61, 62) / 20, "coarse": np.arange(-20, 21) * 3 / 20}


@lru_cache(maxsize=8)
def _course(w, b, s_init, func):
    """s_t, |w f'(z_t)| and log10 of the factors' product so far, for LONGEST steps: three of (LONGEST,)."""
    course = landscape.course(w, b, LONGEST, s_init, func)
    return course._replace(log10_sizes=np.maximum(course.log10_sizes, NOTHING))


@lru_cache(maxsize=8)
def _over_length(b, s_init, func, fineness):
    """log10 sizes after 0 … LONGEST steps, a row a weight: (weights, LONGEST + 1)."""
    w = WEIGHTS[fineness].astype(np.float32)
    sizes = landscape.course(w, b, LONGEST, s_init, func).log10_sizes  # (LONGEST, weights)
    return np.concatenate([np.zeros((len(w), 1), np.float32), np.maximum(sizes, NOTHING).T], axis=1)


@lru_cache(maxsize=8)
def _over_bias(T, s_init, func, fineness):
    """log10 sizes after T steps, a row a weight and a column a bias."""
    w, b = (cells[fineness].astype(np.float32) for cells in (WEIGHTS, BIASES))
    return np.maximum(landscape.log10_size(w[:, None], b, T, s_init, func), NOTHING)


def compute(settings):
    """The course over time at (w, b), and the two maps around it; log10 of 0 is NOTHING.

    s, factors, log10_sizes : (T,)  s_t, |w f'(z_t)|, and log10 of the factors' product so far
    log10_size, region : the last of these, and what it is called
    states, course : (LONGEST + 1,)  state and log10 size after 0, 1, … steps, also beyond T
    growing : (low, high), the states at which a factor is above 1, or None
    over_length, over_bias : the maps; over_length_at, over_bias_at : the w and T, the w and b of their cells
    """
    w, b, T, s_init, func = (settings[name] for name in ("w", "b", "T", "s_init", "func"))
    s, factors, course = _course(w, b, s_init, func)
    growing = landscape.growing_states(w, func)
    shows_bias = settings["show"] == "all"
    return {
        "w": w,
        "b": b,
        "T": T,
        "s_init": s_init,
        "s": s[:T],
        "factors": factors[:T],
        "log10_sizes": course[:T],
        "log10_size": float(course[T - 1]),
        "region": REGIONS[region(course[T - 1])],
        "states": np.concatenate([[s_init], s]),
        "course": np.concatenate([[0.0], course]),
        "growing": growing if growing is None else tuple(np.clip(growing, NOTHING, -NOTHING).tolist()),
        "over_length": _over_length(b, s_init, func, "coarse"),
        "over_length_at": (WEIGHTS["coarse"], np.arange(LONGEST + 1)),
        "over_bias": _over_bias(T, s_init, func, "coarse") if shows_bias else None,
        "over_bias_at": (WEIGHTS["coarse"], BIASES["coarse"]),
        "show": settings["show"],
    }


def refine(settings, numbers):
    """The maps with a cell for every step of the sliders."""
    b, T, s_init, func = (settings[name] for name in ("b", "T", "s_init", "func"))
    finer = {
        "over_length": _over_length(b, s_init, func, "fine"),
        "over_length_at": (WEIGHTS["fine"], np.arange(LONGEST + 1)),
    }
    if settings["show"] == "all":
        finer["over_bias"] = _over_bias(T, s_init, func, "fine")
        finer["over_bias_at"] = (WEIGHTS["fine"], BIASES["fine"])
    return numbers | finer


def describe(settings, numbers):
    """What T steps make of the gradient, since when, and what the state has to do with it: HTML."""
    T, size = settings["T"], numbers["log10_size"]
    product = "exactly 0" if size <= NOTHING else of_log10(size)
    became = f"<b>{numbers['region']}</b> ({_since(numbers)})"
    return f"{T} steps multiply the gradient by <b>{product}</b>: {became}. {_why(settings, numbers)}"


_BEYOND = {0: "below a millionth", 2: "above a million"}  # index in REGIONS: what it means


def _since(numbers):
    """When the course entered its region for good; when an alive one will leave it."""
    regions, T = region(numbers["course"]), len(numbers["s"])
    now = regions[T]
    if now != 1:
        since = np.flatnonzero(regions[:T] != now)[-1] + 1
        return f"{_BEYOND[now]} after {since} step{'' if since == 1 else 's'}"
    later = T + np.flatnonzero(regions[T:] != 1)
    return f"{REGIONS[regions[later[0]]]} at T = {later[0]}" if len(later) else f"also at T = {LONGEST}"


def _why(settings, numbers):
    """Where the state is, and what a step multiplies the gradient by there."""
    s, factors = numbers["states"][: settings["T"] + 1], numbers["factors"]
    if settings["w"] == 0:
        return "With w = 0 no state depends on the one before."
    if numbers["log10_size"] <= NOTHING:
        off = np.flatnonzero(factors == 0)[0]
        return f"At step t = {off} the relu is off: f′(z) = 0, and one factor 0 makes the whole product 0."
    last = plain(factors[-1], 2)
    if abs(s[-1]) > 1e3:
        return f"The state runs away, and every step multiplies by {last}: nothing saturates."
    still = 1e-3 if factors[-1] < 1 else 1e-9
    if abs(s[-1] - s[-2]) < still:
        said = f"The state stands still at {_place(s[-1])}, where a step multiplies by {last}."
        if factors[-1] > 1 and settings["func"] in ("tanh", "sigmoid"):
            said += " That fixed point is unstable: a small push, and the state leaves it."
        return said
    if abs(s[-1] - s[-3]) < still:
        two = plain(factors[-1] * factors[-2], 2)
        return f"The state jumps between {_place(s[-2])} and {_place(s[-1])}; two steps multiply by {two}."
    return f"On average a step multiplies by {of_log10(numbers['log10_size'] / settings['T'])}."


def _place(state):
    """A state that comes to rest, to two digits: no 1.8e-04 on its way to 0."""
    return plain(round(state, 2), 2)


phase = Declaration("phase", CONTROLS, compute, describe, PhasePicture, telling="w", refine=refine)
