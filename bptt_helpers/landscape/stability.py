"""Where a scalar recurrent net s_t = f(w s_{t-1} + b) comes to rest, and where that changes."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, recurrent, rnn
from bptt_helpers.landscape.nets import STEPS

STEEPEST = {"tanh": 1.0, "sigmoid": 0.25}  # the largest f', at z = 0
SAME_SLOPE = 1e-9  # slopes this close to 1 count as 1
AT_INFLECTION = 1e-4  # f' is 1 - z² or so near z = 0: within SAME_SLOPE of its largest for |z| < 3e-5


class FixedPoint(NamedTuple):
    """A state that maps to itself, s = f(w s + b).

    slope : ds_t/ds_{t-1} there; at the kink of relu the larger of the slopes on its two sides
    stable : whether states on both sides of it come closer: |slope| < 1, or, ever more slowly, |slope| = 1
        where the map bends towards it
    """

    s: float
    slope: float
    stable: bool


def fixed_points(w, b, func="tanh"):
    """All fixed points of s = f(w s + b), smallest first: a tuple of FixedPoint.

    w, b : numbers
    func : one of rnn.FUNCTIONS

    Between two neighbouring extrema of f(w s + b) - s there is at most one, so bisection inside each such
    piece misses none. Only those less than some 1e-4 apart, between which the map leaves the diagonal by no
    more than rounding (1e-14), come out as the places where it all but touches. Where every state is a fixed
    point (identity, w = 1, b = 0) the answer is s = 0. TypeError or ValueError names the bad argument.
    """
    w, b = arguments.number("w", w), arguments.number("b", b)
    arguments.choice("func", func, rnn.FUNCTIONS)
    states = _bounded(w, b, func) if func in STEEPEST else _piecewise_linear(w, b, func)
    return tuple(_fixed_point(s, w, b, func) for s in states)


class Equilibria(NamedTuple):
    """All fixed points over all b, at one w: the bifurcation diagram. Where b turns back lies a fold."""

    s: np.ndarray  # (count,)  the state that rests, from its lowest value to its highest
    b: np.ndarray  # (count,)  the bias with which it does, z - w s for a z with f(z) = s
    stable: np.ndarray  # (count,)  whether its neighbours come closer, |slope| < 1


def equilibria(w, func="tanh", count=201, reach=8.0):
    """The curve of all fixed points over b, at this w: Equilibria.

    For a given b the fixed points must be searched for; for a given state s = f(z) there is exactly one b.

    w : a number
    func : one of rnn.FUNCTIONS
    count : how many points, at least 2, at equal distances of z
    reach : z runs from -reach to reach, a number above 0

    TypeError or ValueError names the bad argument.
    """
    w, reach = arguments.number("w", w), arguments.above_zero("reach", reach)
    arguments.choice("func", func, rnn.FUNCTIONS)
    with recurrent.silent():
        z = np.linspace(-reach, reach, arguments.integer("count", count, minimum=2))
        s = rnn.activate(z, func)
        return Equilibria(s, z - w * s, np.abs(w * rnn.slope(s, func)) < 1)


def folds(w, func="tanh"):
    """The two b between which there are three fixed points; at each of them two are born or die: (2, …).

    w : a number, or an array of floats
    func : "tanh" or "sigmoid"

    There the map touches the diagonal, w f'(z) = 1, so that s is known and b = f⁻¹(s) - w s. The lower b
    comes first. nan where there is no fold: the map's slope stays below 1 for w ≤ 1 (tanh), w ≤ 4 (sigmoid).
    TypeError or ValueError names the bad argument.
    """
    w = np.asarray(arguments.number("w", w)) if np.ndim(w) == 0 else arguments.real_floats("w", w)
    arguments.finite("w", w)
    arguments.choice("func", func, STEEPEST)
    w = np.where(w * STEEPEST[func] > 1, w, np.nan)
    if func == "tanh":
        s = np.sqrt(1 - 1 / w)  # w (1 - s²) = 1; atanh s = log((1 + s) / √(1 - s²)), without a difference
        half = w * s - np.log((1 + s) * np.sqrt(w))
        return np.array([-half, half])
    root = np.sqrt(1 - 4 / w)  # w s (1 - s) = 1 for s = (1 ± root) / 2, with logit ± 2 log((1 + root) √w / 2)
    half = w * root / 2 - 2 * np.log((1 + root) * np.sqrt(w) / 2)
    return np.array([-w / 2 - half, -w / 2 + half])


def is_neutral(slope):
    """Whether |slope| is 1, up to rounding: a small step aside then neither shrinks nor grows at first."""
    return abs(abs(slope) - 1) < SAME_SLOPE


def _fixed_point(s, w, b, func):
    z = w * s + b
    slope = float(w * rnn.slope(np.array([s]), func)[0])
    if func == "relu" and z == 0:
        slope = max(w, 0.0)
    if not is_neutral(slope):
        return FixedPoint(s, slope, abs(slope) < 1)
    # Straight functions pass a small step on as it is. A curved one takes it back: at slope -1 everywhere,
    # since its Schwarzian derivative is negative; at slope 1 only where it crosses the diagonal, z = 0.
    curved = func in ("tanh", "sigmoid")
    return FixedPoint(s, slope, bool(curved and (slope < 0 or abs(z) < AT_INFLECTION)))


def _piecewise_linear(w, b, func):
    states = set()
    if w != 1 and (func == "identity" or b / (1 - w) > 0):
        states.add(b / (1 - w))
    if (func == "relu" and b <= 0) or (w == 1 and b == 0):
        states.add(0.0)
    return sorted(states)


def _bounded(w, b, func):
    squashed = STEPS[func]

    def excess(s):
        return squashed(w * s + b)[0] - s

    def side(s):  # 0 where the map touches the diagonal: there the sign of the excess is one of rounding
        return 0.0 if abs(excess(s)) < 1e-14 else np.sign(excess(s))

    low, high = (-1.0, 1.0) if func == "tanh" else (0.0, 1.0)
    borders = [low, *_extrema(w, b, func, low, high), high]
    states = []
    for left, right in pairwise(borders):
        if side(left) == 0:
            states.append(left)
        elif side(left) * side(right) < 0:
            states.append(_bisect(excess, left, right))
    if side(high) == 0:
        states.append(high)
    return sorted({round(s, 13) + 0.0 for s in states})  # + 0.0 turns -0.0 into 0.0


def _extrema(w, b, func, low, high):
    """Where the slope of f(w s + b) - s is zero, i.e. f'(z) = 1/w; inside (low, high), in order."""
    if w * STEEPEST[func] < 1:  # at 1 both are the inflection, z = 0: the one place where the slope is 0
        return []
    if func == "tanh":
        z = np.log((1 + np.sqrt(1 - 1 / w)) * np.sqrt(w))  # 1 - tanh(z)² = 1/w, without a difference
    else:
        z = 2 * np.log((1 + np.sqrt(1 - 4 / w)) * np.sqrt(w) / 2)  # o (1 - o) = 1/w
    return sorted(float(s) for s in ((z - b) / w, (-z - b) / w) if low < s < high)


def _bisect(function, left, right):
    rises = function(right) > 0
    for _ in range(60):
        middle = (left + right) / 2
        if (function(middle) > 0) == rises:
            right = middle
        else:
            left = middle
    return (left + right) / 2
