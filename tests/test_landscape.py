"""landscape: where a scalar net comes to rest, against closed forms, tangency, and walking."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bptt_helpers import landscape, rnn

EXPECTED = json.loads((Path(__file__).parent / "oracles" / "closed_forms.json").read_text())["expected"]
FOLDS = {
    # s = 5 sigmoid(s) + b is, in r = sigmoid(s), r = sigmoid(5 r + b)
    "sigmoid, w = 5, lower": (5.0, EXPECTED["fold b of s = 5*sigmoid(s) + b"][0], "sigmoid", 1),
    "sigmoid, w = 5, upper": (5.0, EXPECTED["fold b of s = 5*sigmoid(s) + b"][1], "sigmoid", -1),
    "tanh, w = 2, lower": (2.0, -EXPECTED["fold |b| of s = tanh(2 s + b)"], "tanh", 1),
    "tanh, w = 2, upper": (2.0, EXPECTED["fold |b| of s = tanh(2 s + b)"], "tanh", -1),
}


def step(s, w, b, func):
    return float(rnn.activate(np.array([w * s + b]), func)[0])


def walk(s, w, b, func, steps):
    for _ in range(steps):
        s = step(s, w, b, func)
    return s


@pytest.mark.parametrize(("w", "fold", "func", "inside"), FOLDS.values(), ids=FOLDS)
def test_two_fixed_points_are_born_at_the_fold(w, fold, func, inside):
    near = 1e-6 * inside
    assert len(landscape.fixed_points(w, fold - near, func)) == 1
    inner = landscape.fixed_points(w, fold + near, func)
    assert len(inner) == 3
    assert [point.stable for point in inner] == [True, False, True]


@pytest.mark.parametrize("w", [1.05, 2.0, 3.0, 40.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_at_a_fold_of_tanh_the_map_touches_the_diagonal(w, sign):
    s = sign * math.sqrt(1 - 1 / w)  # where w (1 - s²) = 1
    points = landscape.fixed_points(w, math.atanh(s) - w * s, "tanh")
    touching = min(points, key=lambda point: abs(point.s - s))
    assert touching.s == pytest.approx(s, abs=1e-12)
    assert landscape.is_neutral(touching.slope)
    assert not touching.stable  # it attracts from one side only
    assert len(points) == 2


@pytest.mark.parametrize("sign", [1, -1])
def test_at_a_fold_of_sigmoid_the_map_touches_the_diagonal(sign):
    s = 0.5 + sign * math.sqrt(0.25 - 1 / 5)  # where 5 s (1 - s) = 1
    points = landscape.fixed_points(5.0, math.log(s / (1 - s)) - 5 * s, "sigmoid")
    touching = min(points, key=lambda point: abs(point.s - s))
    assert touching.s == pytest.approx(s, abs=1e-12)
    assert abs(touching.slope) == pytest.approx(1, abs=1e-12)
    assert (touching.stable, len(points)) == (False, 2)


@pytest.mark.parametrize(
    ("w", "b", "func", "s", "slope"),
    [
        (1.0, 0.0, "tanh", 0.0, 1.0),
        (-1.0, 0.0, "tanh", 0.0, -1.0),
        (4.0, -2.0, "sigmoid", 0.5, 1.0),
        (-4.0, 2.0, "sigmoid", 0.5, -1.0),
    ],
)
def test_slope_one_at_the_inflection_attracts_and_is_exact(w, b, func, s, slope):
    assert landscape.fixed_points(w, b, func) == (landscape.FixedPoint(s, slope, True),)
    aside = [abs(walk(s + 0.05, w, b, func, steps) - s) for steps in (0, 100, 10_000)]
    assert aside[0] > 1.01 * aside[1] > 2 * aside[2] > 0


def test_slope_minus_one_off_the_inflection_attracts():
    s = math.sqrt(1 - 1 / 2)  # w (1 - s²) = -1 for w = -2
    (point,) = landscape.fixed_points(-2.0, math.atanh(s) + 2 * s, "tanh")
    assert point.s == pytest.approx(s, abs=1e-12)
    assert landscape.is_neutral(point.slope)
    assert point.stable
    after = walk(s + 0.05, -2.0, math.atanh(s) + 2 * s, "tanh", 10_000)
    assert abs(after - s) < 0.02


@pytest.mark.parametrize("func", rnn.FUNCTIONS)
def test_every_point_maps_to_itself_and_stable_ones_attract(func):
    rng = np.random.default_rng(11)
    for w, b in rng.uniform(-6, 6, size=(200, 2)):
        for point in landscape.fixed_points(w, b, func):
            assert abs(step(point.s, w, b, func) - point.s) < 1e-12
            assert point.stable == (abs(point.slope) < 1)
            slope = (step(point.s + 1e-6, w, b, func) - step(point.s - 1e-6, w, b, func)) / 2e-6
            assert point.slope == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_none_is_missed(func):
    rng = np.random.default_rng(12)
    grid = np.linspace(-1.0001, 1.0001, 20_001)
    for w, b in rng.uniform(-6, 6, size=(100, 2)):
        excess = rnn.activate(w * grid + b, func) - grid
        crossings = int((np.sign(excess[1:]) != np.sign(excess[:-1])).sum())
        assert len(landscape.fixed_points(w, b, func)) == crossings


@pytest.mark.parametrize(("func", "low", "high"), [("tanh", -1, 1), ("sigmoid", 0, 1)])
def test_full_functions_rest_at_their_ends(func, low, high):
    assert [point.s for point in landscape.fixed_points(3.0, 800.0, func)] == [high]
    assert [point.s for point in landscape.fixed_points(3.0, -800.0, func)] == [low]
    assert [point.s for point in landscape.fixed_points(800.0, -400.0 * (low + high), func)] == [
        low,
        (low + high) / 2,
        high,
    ]


@pytest.mark.parametrize(
    ("w", "b", "func", "expected"),
    [
        (0.5, 1.0, "identity", [(2.0, 0.5, True)]),
        (0.5, -1.0, "identity", [(-2.0, 0.5, True)]),
        (-2.0, 3.0, "identity", [(1.0, -2.0, False)]),
        (1.0, 0.5, "identity", []),
        (1.0, 0.0, "identity", [(0.0, 1.0, False)]),  # every state stays where it is
        (-1.0, 1.0, "identity", [(0.5, -1.0, False)]),  # every other state flips for ever
        (0.5, 1.0, "relu", [(2.0, 0.5, True)]),
        (0.5, -1.0, "relu", [(0.0, 0.0, True)]),
        (2.0, -1.0, "relu", [(0.0, 0.0, True), (1.0, 2.0, False)]),
        (2.0, 1.0, "relu", []),
        (1.0, 1.0, "relu", []),
        (0.5, 0.0, "relu", [(0.0, 0.5, True)]),
        (1.0, 0.0, "relu", [(0.0, 1.0, False)]),
        (1.5, 0.0, "relu", [(0.0, 1.5, False)]),
        (-1.5, 0.0, "relu", [(0.0, 0.0, True)]),
    ],
)
def test_of_straight_functions(w, b, func, expected):
    assert [tuple(point) for point in landscape.fixed_points(w, b, func)] == expected


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_must_be_finite(bad):
    with pytest.raises(ValueError, match=r"w: expected .*, got"):
        landscape.fixed_points(bad, 0.0)
    with pytest.raises(ValueError, match=r"b: expected .*, got"):
        landscape.fixed_points(0.5, bad)


def test_an_unknown_func_is_refused():
    with pytest.raises(ValueError, match=r"func: expected one of 'tanh', .*, got 'softmax'"):
        landscape.fixed_points(0.5, 0.0, "softmax")


def test_stable_is_a_plain_bool_also_where_the_slope_is_one():
    for w in (-1.0, 0.5, 1.0, 2.0):
        found = landscape.fixed_points(w, np.float64(0))  # as a lab computes b from an array
        assert {type(point.stable) for point in found} == {bool}


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
@pytest.mark.parametrize("w", [1e17, 1e100, 1e308])
def test_the_steepest_map_has_its_three_fixed_points(w, func):
    b = 0.0 if func == "tanh" else -w / 2
    found = landscape.fixed_points(w, b, func)
    low, middle, high = (-1.0, 0.0, 1.0) if func == "tanh" else (0.0, 0.5, 1.0)
    assert [point.s for point in found] == [low, middle, high]
    assert [point.stable for point in found] == [True, False, True]


def test_the_largest_numbers_make_an_equilibrium_curve_without_a_warning():
    with np.errstate(all="raise"):
        assert np.isinf(landscape.equilibria(1e308, "identity").b).any()
