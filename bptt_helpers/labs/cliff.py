"""Lab: what does an exploding gradient do to learning? The error surface of a scalar net. (notebook 07)"""

from functools import lru_cache

import numpy as np

from bptt_helpers import landscape, optimisers, rnn
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.cliff import BIASES, FLOOR, WEIGHTS, CliffPicture
from bptt_helpers.pictures.numerals import plain

SHOWN = {
    "surface": "the surface",
    "steps": "one step",
    "paths": "four ways down",
    "rests": "where it comes to rest",
    "all": "everything",
}

CONTROLS = {
    "w": Slider(5.0, *WEIGHTS, 0.01, "w"),
    "b": Slider(-2.33, *BIASES, 0.01, "b"),
    "T": Whole(50, 2, 100, "T"),
    "s_init": Slider(0.0, -1, 1, 0.05, "s₋₁"),
    "target": Slider(0.7, -1, 1, 0.05, "target"),
    "func": Choice("sigmoid", rnn.FUNCTIONS, "func"),
    "log_rate": Slider(-0.5, -3, 1, 0.05, "log₁₀ rate"),
    "limit": Slider(2.0, 0.1, 10, 0.1, "limit"),
    "steps": Whole(8, 1, 60, "steps", play=True),
    "show": Choice("all", SHOWN, "show"),
}

CELLS = {"coarse": 61, "fine": 281}  # of the map a side: while a slider moves, and when it rests
ROW = np.linspace(*BIASES, 701)  # the biases of the map's row at w: a step of the slider apart
CLOSER = {"rounds": 2, "gaps": 8, "points": 24}  # of the row where it is steep: 384 biases more
LENGTHS = (8, 20, 40, 60)  # of the ways, in steps
UNSEEN = 0.01  # so far from the map's edge is not seen
VANISHED = 1e-3  # a gradient so short moves nothing,
LEARNT = 1e-4  # unless it is short because there is no error left
CURVE = {"count": 401, "reach": 14.0}  # of the bifurcation diagram: |w s + b| is at most 12 in a full state


def _cells(fineness):
    """The weights and the biases of the map's cells."""
    return tuple(np.linspace(*ends, CELLS[fineness]) for ends in (WEIGHTS, BIASES))


@lru_cache(maxsize=4)
def _last_states(T, s_init, func, fineness):
    """s_{T-1}, a row a weight and a column a bias, from the lowest: (cells, cells)."""
    # float32 is half the work and enough for a colour, but what grows without bound leaves its range.
    dtype = np.float32 if func in ("tanh", "sigmoid") else np.float64
    w, b = (at.astype(dtype) for at in _cells(fineness))
    return landscape.last_state(w[:, None], b, T, s_init, func)


@lru_cache(maxsize=4)
def _surface(T, s_init, target, func, fineness):
    """log10 E of the map's cells; FLOOR where E is smaller."""
    with np.errstate(over="ignore"):
        return _log10((_last_states(T, s_init, func, fineness) - target) ** 2)


@lru_cache(maxsize=4)
def _net(w, b, T, s_init, target, func):
    """The net at the point: its states (T,), (dE/dw, dE/db), and its fixed points."""
    gradient = np.array(landscape.gradient(w, b, T, s_init, target, func))
    return landscape.states(w, b, T, s_init, func), gradient, landscape.fixed_points(w, b, func)


@lru_cache(maxsize=4)
def _row(w, T, s_init, func):
    """(biases, the last state s_{T-1} for each): (1085,) each. Those of ROW, and more where it is steep.

    At a fold the state leaps within less than a step of the slider, over the target: a row that is sampled
    from step to step shows a wall there, and no valley at its foot.
    """
    b, last = ROW, landscape.last_state(w, ROW, T, s_init, func)
    shares = np.arange(1, CLOSER["points"] + 1) / (CLOSER["points"] + 1)
    for _ in range(CLOSER["rounds"]):
        leaps = np.abs(np.diff(np.clip(last, -2, 2)))  # what runs away is not to draw all points to itself
        gaps = np.argpartition(leaps, -CLOSER["gaps"])[-CLOSER["gaps"] :]
        more = (b[gaps] + shares[:, None] * (b[gaps + 1] - b[gaps])).ravel()
        b, last = np.append(b, more), np.append(last, landscape.last_state(w, more, T, s_init, func))
        order = np.argsort(b)
        b, last = b[order], last[order]
    return b, last


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
    return landscape.descend(
        w, b, T, s_init, target, func, learning_rate=learning_rate, limit=limit, steps=steps
    )


def _ways(*at, steps):
    """The first `steps` steps of each way, cut from a longer one: so Play need not compute each anew."""
    ways = _paths(*at, next(count for count in LENGTHS if count >= steps))
    return {name: (path[: steps + 1], losses[: steps + 1]) for name, (path, losses) in ways.items()}


def _log10(losses):
    with np.errstate(divide="ignore"):
        return np.maximum(np.log10(losses), FLOOR)


def compute(settings):
    """The net at (w, b), the surface around it, one step three ways, and four ways down.

    states : (T,)  s_0 … s_{T-1}
    E, gradient, gradient_norm : (s_{T-1} - target)², (2,) of dE/dw and dE/db, and how long that is
    raw_step, norm_clipped_step, value_clipped_step : (2,)  one step of gradient descent from (w, b)
    E_after_raw_step : the error where the first of them ends; None while no step is shown
    folds : (2,)  the b at which two fixed points are born or die, at this w; (0,) where there are none
    paths, path_losses : {way: (steps + 1, 2)} of (w, b), {way: (steps + 1,)} of E; landscape.descend's ways
    surface : log10 E, a row a weight and a column a bias; surface_at : the w and the b of its cells
    row, row_states : log10 E and s_{T-1} over row_biases, at this w; the biases are closer where it is steep
    rests, fixed_points : landscape.equilibria at w, landscape.fixed_points at (w, b)
    """  # fmt: skip
    w, b, T, s_init, target, func = (settings[name] for name in ("w", "b", "T", "s_init", "target", "func"))
    rate, limit, show = 10.0 ** settings["log_rate"], settings["limit"], settings["show"]
    states, gradient, fixed_points = _net(w, b, T, s_init, target, func)  # (T,), (2,)
    raw_step = -rate * gradient  # (2,)
    rests, folds = _rests(w, func)
    row_biases, row_states = _row(w, T, s_init, func)
    shows_paths = show in ("paths", "all")
    paths = _ways(w, b, T, s_init, target, func, rate, limit, steps=settings["steps"]) if shows_paths else {}
    E_after = None
    if show == "all":
        E_after = float(paths["SGD"][1][1])  # its first step is the raw one
    elif show == "steps":
        E_after = float(landscape.loss(w + raw_step[0], b + raw_step[1], T, s_init, target, func))
    return {
        **{name: settings[name] for name in ("w", "b", "T", "s_init", "target", "func", "limit", "show")},
        "learning_rate": rate,
        "states": states,
        "one_step": lambda s: rnn.activate(w * s + b, func),
        "E": float((states[-1] - target) ** 2),
        "gradient": gradient,
        "gradient_norm": optimisers.norm(gradient),
        "raw_step": raw_step,
        "E_after_raw_step": E_after,
        "norm_clipped_step": -rate * optimisers.clip_by_norm(gradient, limit),
        "value_clipped_step": -rate * optimisers.clip_by_value(gradient, limit),
        "folds": folds,
        "fold_lines": _fold_lines(func),
        "fixed_points": fixed_points,
        "rests": rests,
        "paths": {way: path for way, (path, _) in paths.items()},
        "path_losses": {way: losses for way, (_, losses) in paths.items()},
        "surface": _surface(T, s_init, target, func, "coarse"),
        "surface_at": _cells("coarse"),
        "row_biases": row_biases,
        "row_states": row_states,
        "row": _log10((row_states - target) ** 2),
    }


def refine(settings, numbers):
    """The map with four times as many cells a side."""
    fine = _surface(*(settings[name] for name in ("T", "s_init", "target", "func")), "fine")
    return numbers | {"surface": fine, "surface_at": _cells("fine")}


def describe(settings, numbers):
    """What is shown, in numbers: the gradient, the step three ways, the four ways, or the states of rest."""
    return SAYS[settings["show"]](settings, numbers)


def _say_surface(settings, numbers):
    return f"{_place(numbers)}, and E = {_size(numbers['E'])}."


def _say_steps(settings, numbers):
    return f"{_place(numbers)}{_steps(settings, numbers)}"


def _say_all(settings, numbers):
    said = _say_steps(settings, numbers)
    return f"{said} {_overflowing(numbers) or _fold(numbers)}"


def _overflowing(numbers):
    """Which ways meet an error that overflows; the states themselves stay below 1e86, E below 1e172."""
    ways = [way for way, losses in numbers["path_losses"].items() if not np.isfinite(losses).all()]
    return f"The error overflows on the way of {', '.join(ways)}." if ways else ""


def _say_paths(settings, numbers):
    """Which of the ways has the lowest error at its end, and where the others are."""
    ends = {way: losses[-1] for way, losses in numbers["path_losses"].items()}
    written = {way: _small(E) if np.isfinite(E) else "overflow" for way, E in ends.items()}
    lowest = written[min(ends, key=lambda way: ends[way] if np.isfinite(ends[way]) else np.inf)]
    best, rest = ([way for way in ends if (written[way] == lowest) is wanted] for wanted in (True, False))
    after = f"After {settings['steps']} {'step' if settings['steps'] == 1 else 'steps'}"
    unseen = "" if "overflow" in written.values() else _overflowing(numbers)  # and comes back
    if not rest:
        place = "an overflow" if lowest == "overflow" else f"E = {lowest}"
        return f"{after} all four ways end at <b>{place}</b>. {unseen}".strip()
    end = "ends" if len(rest) == 1 else "end"
    return (
        f"{after} the lowest error is that of <b>{_listed(best)}: {lowest}</b>;"
        f" {_listed(rest)} {end} at {', '.join(written[way] for way in rest)}. {unseen}"
    ).strip()


def _say_rests(settings, numbers):
    """How many states of rest there are, where the run ends, and where the fold is."""
    count, last = len(numbers["fixed_points"]), numbers["states"][-1]
    states = f"<b>{count or 'No'} {'state' if count == 1 else 'states'} of rest</b>"
    start = f"the run from s₋₁ = {_without_zeros(plain(numbers['s_init'], 2))}"
    T = f"{settings['T']} steps"
    return f"{states}; {start} ends at <b>s = {plain(last, 3)}</b> after {T}. {_fold(numbers)}"


SAYS = {
    "surface": _say_surface,
    "steps": _say_steps,
    "paths": _say_paths,
    "rests": _say_rests,
    "all": _say_all,
}


def _place(numbers):
    place = f"At (w, b) = ({plain(numbers['w'], 2)}, {plain(numbers['b'], 2)})"
    return f"{place} the gradient is <b>{_size(numbers['gradient_norm'])}</b> long"


def _steps(settings, numbers):
    """What becomes of one step: raw, clipped by norm, clipped by value."""
    raw_step, limit = numbers["raw_step"], plain(settings["limit"], 1)
    raw, lands = optimisers.norm(raw_step), numbers["E_after_raw_step"]
    ends = f"ends at E = <b>{_small(lands)}</b>" if np.isfinite(lands) else "ends in an overflow"
    if _is_off(numbers["w"] + raw_step[0], numbers["b"] + raw_step[1]):
        ends = f"goes <b>off the map</b> and {ends}"
    if numbers["gradient_norm"] <= settings["limit"]:
        said = ", shorter than the limit: clipping leaves it as it is, and the step"
        if numbers["gradient_norm"] < VANISHED and numbers["E"] > LEARNT:
            return f"{said} is only {_small(raw)} long. Clipping <b>cannot cure vanishing</b>."
        return f"{said}, <b>{_small(raw)}</b> long, {ends}."
    clipped, turned = optimisers.norm(numbers["norm_clipped_step"]), _angle(numbers)
    by_value = "does not turn either" if turned < 0.5 else f"turns {turned:.0f}° away"
    return (
        f": the raw step is <b>{_small(raw)}</b> long{',' if 'goes' in ends else ' and'} {ends};"
        f" clipped by norm at {limit} it is <b>{_small(clipped)}</b> long, in"
        f" the same direction; clipped by value it {by_value}."
    )


def _is_off(w, b):
    """Whether this place lies outside the map, by more than can be seen."""
    return any(not low - UNSEEN <= at <= high + UNSEEN for at, (low, high) in ((w, WEIGHTS), (b, BIASES)))


def _angle(numbers):
    """Between the raw step and the one clipped by value, in degrees."""
    (x, y), (x_value, y_value) = numbers["raw_step"], numbers["value_clipped_step"]
    return abs(np.degrees(np.arctan2(y, x) - np.arctan2(y_value, x_value)))  # both in the same quadrant


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


def _listed(names):
    """ "SGD, momentum and Adam"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _without_zeros(decimal):
    return decimal.rstrip("0").rstrip(".")


def _small(value):
    """As _size, but what is below a thousandth has its first digit written out: "0.00003"."""
    if not 1e-6 <= value < 9.5e-4:
        return _size(value)
    return f"{value:.{-int(np.floor(np.log10(value)))}f}"


def _size(value):
    """A number that is not negative, in three digits or so."""
    if value == 0:
        return "0"
    return plain(value, 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0)


cliff = Declaration(
    "cliff", CONTROLS, compute, describe, CliffPicture, telling="b", refine=refine,
    limits=lambda settings: {"s_init": (0.0 if settings["func"] == "sigmoid" else -1.0, 1.0)},
)  # fmt: skip
