"""Lab: what does an exploding gradient do to learning? The error surface of a scalar net. (notebook 07)"""

from functools import lru_cache

import numpy as np

from bptt_helpers import landscape, optimisers, rnn
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.cliff import BIASES, FLOOR, WEIGHTS, CliffPicture
from bptt_helpers.pictures.numerals import plain

SHOWN = {"surface": "the surface", "step": "and one step", "all": "and four ways down"}

CONTROLS = {
    "w": Slider(5.0, *WEIGHTS, 0.01, "w"),
    "b": Slider(-2.33, *BIASES, 0.01, "b"),
    "T": Whole(50, 2, 100, "T"),
    "s_init": Slider(0.0, -1, 1, 0.05, "s₋₁"),
    "target": Slider(0.7, -1, 1, 0.05, "target"),
    "func": Choice("sigmoid", rnn.FUNCTIONS, "func"),
    "log10_rate": Slider(-0.5, -3, 1, 0.05, "log₁₀ rate"),
    "limit": Slider(2.0, 0.1, 10, 0.1, "limit"),
    "steps": Whole(30, 1, 60, "steps", play=True),
    "show": Choice("all", SHOWN, "show"),
}

CELLS = {"coarse": 71, "fine": 281}  # of the map a side: while a slider moves, and when it rests
ROW = np.linspace(*BIASES, 701)  # the biases of the map's row at w: a step of the slider apart
CURVE = {"count": 401, "reach": 14.0}  # of the bifurcation diagram: |w s + b| is at most 12 in a full state


@lru_cache(maxsize=4)
def _surface(T, s_init, target, func, fineness):
    """log10 E, a row a weight and a column a bias, from the lowest; FLOOR where E is smaller."""
    # float32 is half the work and enough for a colour, but what grows without bound leaves its range.
    dtype = np.float32 if func in ("tanh", "sigmoid") else np.float64
    w, b = (np.linspace(*ends, CELLS[fineness]).astype(dtype) for ends in (WEIGHTS, BIASES))
    return _log10(landscape.loss(w[:, None], b, T, s_init, target, func))


@lru_cache(maxsize=4)
def _row(w, T, s_init, func):
    """The last state s_{T-1} for every bias of ROW: (701,)."""
    return landscape.states(w, ROW, T, s_init, func)[-1]


@lru_cache(maxsize=4)
def _rests(w, func):
    """The bifurcation diagram at w, and where its folds are: (2,), or (0,) where there are none."""
    folds = landscape.folds(w, func) if func in ("tanh", "sigmoid") else np.array([])
    return landscape.equilibria(w, func, **CURVE), folds[np.isfinite(folds)]


@lru_cache(maxsize=4)
def _fold_lines(func):
    """(weights, their folds): (n,), (2, n), for the lines on the map; none for relu and identity."""
    if func not in ("tanh", "sigmoid"):
        return np.array([]), np.empty((2, 0))
    cusp = 1.0 if func == "tanh" else 4.0
    w = cusp + (WEIGHTS[1] - cusp) * np.linspace(1e-6, 1, 81) ** 2
    return w, landscape.folds(w, func)


@lru_cache(maxsize=4)
def _paths(w, b, T, s_init, target, func, learning_rate, limit, steps):
    """{way: (path, its losses)}: (steps + 1, 2), (steps + 1,)."""
    paths = landscape.descend(
        w, b, T, s_init, target, func, learning_rate=learning_rate, limit=limit, steps=steps
    )
    points = np.stack(list(paths.values()))  # (way, steps + 1, 2)
    losses = landscape.loss(points[..., 0], points[..., 1], T, s_init, target, func)  # (way, steps + 1)
    return {way: (path, loss) for (way, path), loss in zip(paths.items(), losses, strict=True)}


def _log10(losses):
    with np.errstate(divide="ignore"):
        return np.maximum(np.log10(losses), FLOOR)


def compute(settings):
    """The net at (w, b), the surface around it, one step three ways, and four ways down.

    states : (T + 1,)  s_init, s_0 … s_{T-1}
    loss, gradient, length : E = (s_{T-1} - target)², (dE/dw, dE/db), and how long the latter is
    raw, by_norm, by_value : (2,)  one step of gradient descent from (w, b), as it is and clipped
    landing : {"raw": E after that step, …}
    folds : (2,) or (0,)  the b at which two fixed points are born or die, at this w
    paths, path_losses : {way: (steps + 1, 2)} of (w, b), {way: (steps + 1,)} of E, for landscape.descend's ways
    surface : log10 E over WEIGHTS × BIASES; row, row_states : log10 E and s_{T-1} over row_biases, at this w
    rests, fixed_points : landscape.equilibria at w, landscape.fixed_points at (w, b)
    """  # fmt: skip
    w, b, T, s_init, target, func = (settings[name] for name in ("w", "b", "T", "s_init", "target", "func"))
    rate, limit = 10.0 ** settings["log10_rate"], settings["limit"]
    gradient = np.array(landscape.gradient(w, b, T, s_init, target, func))
    moves = {
        "raw": -rate * gradient,
        "by_norm": -rate * optimisers.clip_by_norm(gradient, limit),
        "by_value": -rate * optimisers.clip_by_value(gradient, limit),
    }
    after = np.array([w, b]) + np.array(list(moves.values()))  # (3, 2)
    landing = landscape.loss(*after.T, T, s_init, target, func).tolist()
    states = np.append(s_init, landscape.states(w, b, T, s_init, func))
    rests, folds = _rests(w, func)
    row_states = _row(w, T, s_init, func)
    shows_paths = settings["show"] == "all"
    paths = _paths(w, b, T, s_init, target, func, rate, limit, settings["steps"]) if shows_paths else {}
    return {
        **{name: settings[name] for name in ("w", "b", "T", "s_init", "target", "func", "limit", "show")},
        "learning_rate": rate,
        "states": states,
        "one_step": lambda s: rnn.activate(w * s + b, func),
        "loss": float((states[-1] - target) ** 2),
        "gradient": gradient,
        "length": optimisers.norm(gradient),
        **moves,
        "landing": dict(zip(moves, landing, strict=True)),
        "folds": folds,
        "fold_lines": _fold_lines(func),
        "fixed_points": landscape.fixed_points(w, b, func),
        "rests": rests,
        "paths": {way: path for way, (path, _) in paths.items()},
        "path_losses": {way: losses for way, (_, losses) in paths.items()},
        "surface": _surface(T, s_init, target, func, "coarse"),
        "row_biases": ROW,
        "row_states": row_states,
        "row": _log10((row_states - target) ** 2),
    }


def refine(settings, numbers):
    """The map with four times as many cells a side."""
    fine = _surface(*(settings[name] for name in ("T", "s_init", "target", "func")), "fine")
    return numbers | {"surface": fine}


def describe(settings, numbers):
    """How long the gradient is, where a raw step ends, what clipping makes of it, and where the fold is."""
    start = f"E = {_size(numbers['loss'])}, and the gradient is <b>{_size(numbers['length'])}</b> long."
    if settings["show"] == "surface":
        return f"{start} {_fold(numbers)}"
    raw, clipped = numbers["landing"]["raw"], numbers["landing"]["by_norm"]
    said = f"{start} The raw step, {_size(optimisers.norm(numbers['raw']))} long, ends at E = <b>{_size(raw)}</b>"
    if numbers["length"] <= settings["limit"]:
        said += "; the gradient is within the limit, so clipping by norm does not change it."
    else:
        length = _size(optimisers.norm(numbers["by_norm"]))
        said += f"; clipped by norm it is {length} long, and ends at <b>{_size(clipped)}</b>."
    overflowing = [way for way, losses in numbers["path_losses"].items() if not np.isfinite(losses[-1])]
    if overflowing:
        return f"{said} The way of {' and '.join(overflowing)} ends in an overflow."
    return f"{said} {_fold(numbers)}"


def _fold(numbers):
    """Where the point is, seen from the folds."""
    folds, b = numbers["folds"], numbers["b"]
    if len(folds) == 0:
        if numbers["func"] in ("tanh", "sigmoid"):
            return f"At w = {plain(numbers['w'], 2)} there is no fold, and no cliff."
        return "Nothing saturates here: the surface has no fold, but states that run away."
    nearest = folds[np.abs(folds - b).argmin()]
    side = "above" if b > nearest else "below"
    return (
        f"The nearest fold is at b = {plain(nearest, 3)}; this point is {_size(abs(b - nearest))} {side} it."
    )


def _size(value):
    """A number that is not negative, in three digits or so."""
    if value == 0:
        return "0"
    return plain(value, 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0)


cliff = Declaration(
    "cliff", CONTROLS, compute, describe, CliffPicture, telling="b", refine=refine,
    limits=lambda settings: {"s_init": (0.0 if settings["func"] == "sigmoid" else -1.0, 1.0)},
)  # fmt: skip
