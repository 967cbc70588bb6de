"""landscape: surface and gradient field against rnn, the complex step and autograd; folds; descent."""

import json
import math
from pathlib import Path

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_helpers import landscape, optimisers, rnn
from bptt_helpers.landscape.nets import STEPS

EXPECTED = json.loads((Path(__file__).parent / "oracles" / "closed_forms.json").read_text())["expected"]
FUNCS = pytest.mark.parametrize("func", rnn.FUNCTIONS)
SQUASH = {
    "tanh": anp.tanh,
    "sigmoid": lambda z: 0.5 * (1 + anp.tanh(z / 2)),
    "relu": lambda z: anp.where(z > 0, z, 0.0),
    "identity": lambda z: z,
}


def as_network(w, b):
    """The scalar net as rnn.Params; V is of no account."""
    return rnn.Params(*(np.array(part) for part in ([[0.0]], [[w]], [[1.0]], [b], [0.0])))


points = given(
    w=st.floats(-3, 3),
    b=st.floats(-2, 2),
    T=st.integers(1, 30),
    s_init=st.floats(-1, 1),
    target=st.floats(-1, 1),
    func=st.sampled_from(("tanh", "sigmoid", "relu")),
)


@settings(max_examples=60)
@points
def test_surface_and_gradient_are_those_of_rnn(w, b, T, s_init, target, func):
    params = as_network(w, b)
    trace = rnn.forward(params, np.zeros((T, 1)), np.array([s_init]), func)
    np.testing.assert_allclose(
        landscape.states(w, b, T, s_init, func), trace.s[:, 0], rtol=1e-12, atol=1e-300
    )
    last = landscape.last_state(w, b, T, s_init, func)
    assert last == pytest.approx(trace.s[-1, 0], rel=1e-12, abs=1e-300)
    E = landscape.loss(w, b, T, s_init, target, func)
    assert pytest.approx((trace.s[-1, 0] - target) ** 2, rel=1e-12, abs=1e-300) == E
    ds = np.zeros((T, 1))
    ds[-1] = 2 * (trace.s[-1, 0] - target)
    grads = rnn.through_time(params, trace, ds)
    dw, db = landscape.gradient(w, b, T, s_init, target, func)
    scale = max(1.0, abs(grads.W.item()), abs(grads.k.item()))
    assert dw == pytest.approx(grads.W.item(), abs=1e-11 * scale)
    assert db == pytest.approx(grads.k.item(), abs=1e-11 * scale)


@FUNCS
@pytest.mark.parametrize("T", [1, 2, 7, 40])
def test_the_gradient_field_is_autograds(func, T):
    w, b = np.meshgrid(np.linspace(-1.7, 1.6, 5), np.linspace(-1.1, 1.3, 4))

    def loss(weights):
        s = 0.3
        for _ in range(T):
            s = SQUASH[func](weights[0] * s + weights[1])
        return (s - 0.4) ** 2

    dw, db = landscape.gradient(w, b, T, 0.3, 0.4, func)
    assert dw.shape == db.shape == (4, 5)
    for place in np.ndindex(w.shape):
        expected = autograd.grad(loss)(np.array([w[place], b[place]]))
        ours = np.array([dw[place], db[place]])
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-9 * max(abs(expected).max(), 1e-3))


def test_a_grid_is_its_points_one_by_one():
    w, b = np.linspace(-5, 8, 11)[None, :], np.linspace(-6, 2, 7)[:, None]
    E = landscape.loss(w, b, 50, 0.5, 0.7, "sigmoid")
    assert E.shape == (7, 11)
    for i, j in ((0, 0), (3, 5), (6, 10), (2, 8)):
        alone = landscape.loss(float(w[0, j]), float(b[i, 0]), 50, 0.5, 0.7, "sigmoid")
        assert E[i, j] == pytest.approx(float(alone), rel=1e-12)
    assert landscape.states(w, b, 3, 0.5).shape == (3, 7, 11)


def test_overflow_comes_out_without_a_warning():
    E = landscape.loss(np.array([1e3, 0.5]), 0.1, 200, 0.5, 0.7, "identity")
    assert E[0] == np.inf
    assert E[1] < 1
    dw, _ = landscape.gradient(np.array([1e3, 0.5]), 0.1, 200, 0.5, 0.7, "identity")
    assert not np.isfinite(dw[0])
    assert np.isfinite(dw[1])


# ----------------------------------------------------------------------------------------------------------
# folds, equilibria


def test_folds_in_closed_form():
    assert landscape.folds(5.0, "sigmoid") == pytest.approx(
        EXPECTED["fold b of s = 5*sigmoid(s) + b"], rel=1e-9
    )
    fold = EXPECTED["fold |b| of s = tanh(2 s + b)"]
    assert landscape.folds(2.0, "tanh") == pytest.approx([-fold, fold], rel=1e-12)
    np.testing.assert_array_equal(landscape.folds(2, "tanh"), landscape.folds(2.0, "tanh"))


@given(w=st.floats(1.001, 200), func=st.sampled_from(("tanh", "sigmoid")))
def test_at_a_fold_the_number_of_fixed_points_changes(w, func):
    w = w if func == "tanh" else 4 * w
    low, high = landscape.folds(w, func)
    assert low < high
    width = high - low
    counts = [
        len(landscape.fixed_points(w, b, func))
        for b in (low - 0.01 * width, low + 0.01 * width, high - 0.01 * width, high + 0.01 * width)
    ]
    assert counts == [1, 3, 3, 1]


@pytest.mark.parametrize(("func", "least"), [("tanh", 1.0), ("sigmoid", 4.0)])
def test_there_is_no_fold_where_the_map_is_flatter_than_the_diagonal(func, least):
    w = np.array([-5.0, 0.0, 0.5 * least, least, least + 1e-6, 2 * least])
    found = landscape.folds(w, func)
    assert found.shape == (2, 6)
    assert np.isnan(found[:, :4]).all()
    assert np.isfinite(found[:, 4:]).all()
    assert landscape.folds(1e6, func)[0] < landscape.folds(1e6, func)[1]


@pytest.mark.parametrize(("w", "func"), [(2.5, "tanh"), (0.7, "tanh"), (-2.0, "tanh"), (6.0, "sigmoid")])
def test_every_point_of_the_bifurcation_diagram_is_at_rest(w, func):
    curve = landscape.equilibria(w, func, count=81, reach=6)
    np.testing.assert_allclose(rnn.activate(w * curve.s + curve.b, func), curve.s, rtol=1e-12, atol=1e-12)
    for s, b, stable in list(zip(*curve, strict=True))[::5]:
        nearest = min(landscape.fixed_points(w, float(b), func), key=lambda point: abs(point.s - s))
        assert nearest.s == pytest.approx(s, abs=1e-7)
        assert nearest.stable == stable


def test_the_diagram_turns_back_at_the_folds():
    curve = landscape.equilibria(3.0, "tanh", count=20001, reach=5)
    low, high = landscape.folds(3.0, "tanh")
    inner = np.abs(curve.s) < 0.95
    assert curve.b[inner].max() == pytest.approx(high, abs=1e-6)
    assert curve.b[inner].min() == pytest.approx(low, abs=1e-6)
    turns = np.flatnonzero(np.diff(curve.stable.astype(int)))
    assert len(turns) == 2
    np.testing.assert_allclose(sorted(curve.b[turns]), [low, high], atol=1e-3)


def test_the_cliff_lies_at_the_fold():
    """Across the fold the loss jumps, and the longer the net runs, the more suddenly."""
    w, low = 6.0, landscape.folds(6.0, "sigmoid")[1]
    b = low + np.array([-0.02, 0.02])
    for T, jump in ((50, 0.05), (300, 0.2)):
        E = landscape.loss(w, b, T, 0.1, 0.7, "sigmoid")
        assert abs(E[1] - E[0]) > jump
    across = np.linspace(low, low + 0.3, 3001)
    slopes = [np.abs(landscape.gradient(w, across, T, 0.1, 0.7, "sigmoid")[1]).max() for T in (10, 20, 40)]
    assert slopes[0] < slopes[1] < slopes[2]


@pytest.mark.parametrize("func", rnn.FUNCTIONS)
def test_every_equilibrium_is_a_fixed_point(func):
    for w in (0.5, 1.7, 6.0):
        curve = landscape.equilibria(w, func, count=41, reach=4)
        np.testing.assert_allclose(rnn.activate(w * curve.s + curve.b, func), curve.s, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(curve.stable, np.abs(w * rnn.slope(curve.s, func)) < 1)


@pytest.mark.parametrize("func", rnn.FUNCTIONS)
def test_the_step_of_one_net_is_that_of_many(func):
    z = np.array([-800.0, -30.0, -0.7, 0.0, 1e-3, 0.7, 30.0, 800.0, np.inf, -np.inf, np.nan])
    s, slopes = np.array([STEPS[func](value) for value in z.tolist()]).T
    wanted = rnn.activate(z, func)
    np.testing.assert_allclose(s, wanted, rtol=1e-15, atol=1e-15)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(slopes[:-1], rnn.slope(wanted, func)[:-1], rtol=1e-12, atol=1e-15)


# ----------------------------------------------------------------------------------------------------------
# descend


def test_the_ways_are_those_of_the_rules_one_by_one():
    start, net = (5.5, -2.6), (20, 0.1, 0.7, "sigmoid")
    ways = landscape.descend(*start, *net, learning_rate=0.3, limit=0.05, steps=25)
    assert tuple(ways) == ("SGD", "clipped", "momentum", "Adam")
    rules = {"SGD": optimisers.sgd, "momentum": optimisers.momentum, "Adam": optimisers.adam}
    for way, (path, losses) in ways.items():
        assert path.shape == (26, 2)
        np.testing.assert_allclose(losses, landscape.loss(*path.T, *net), rtol=1e-10, atol=1e-15)
        at, memory = np.array(start), None
        for step in range(25):
            np.testing.assert_allclose(path[step], at, rtol=1e-10)
            gradient = np.array(landscape.gradient(*at, *net))
            if way == "clipped":
                length = np.linalg.norm(gradient)
                gradient = gradient * min(1, 0.05 / length)
            moved, memory = rules.get(way, optimisers.sgd)(gradient, memory, learning_rate=0.3)
            at = at + moved
        np.testing.assert_allclose(path[-1], at, rtol=1e-10)


def test_the_ways_go_down_where_the_surface_is_tame():
    start, net = (0.5, 0.2), (10, 0.0, 0.6, "tanh")
    E = landscape.loss(*start, *net)
    for way in landscape.descend(*start, *net, learning_rate=0.02, limit=1.0, steps=60).values():
        assert landscape.loss(*way.path[-1], *net) < 0.5 * E


def test_a_way_whose_gradient_overflows_stays_where_it_is():
    ways = landscape.descend(9.0, 1.0, 500, 1.0, 0.0, "identity", learning_rate=0.1, limit=1.0, steps=5)
    for path, losses in ways.values():
        np.testing.assert_array_equal(path, [[9.0, 1.0]] * 6)
        assert not np.isfinite(losses).any()


# E = (w s + b)² with one step and no squashing: dE/dw = 2 (w s + b) s and dE/db = 2 (w s + b).
@pytest.mark.parametrize(
    ("w", "b", "s_init", "learning_rate"),
    [(1.0, 0.0, 1e200, 1e-3), (0.0, 1e300, 1e-200, 1e10)],
    ids=["only w overflows", "only b overflows"],
)
def test_a_way_stays_where_it_is_when_one_of_the_two_overflows(w, b, s_init, learning_rate):
    ways = landscape.descend(
        w, b, 1, s_init, 0.0, "identity", learning_rate=learning_rate, limit=1.0, steps=2
    )
    np.testing.assert_array_equal(ways["SGD"].path, [[w, b]] * 3)


# ----------------------------------------------------------------------------------------------------------
# arguments


def down(learning_rate=0.1, limit=1.0, steps=3, w=1.0):
    return landscape.descend(w, 0.0, 5, 0.0, 0.0, learning_rate=learning_rate, limit=limit, steps=steps)


WRONG = {
    "w is text": ("w", TypeError, lambda: landscape.loss("1", 0.0, 5, 0.0, 0.0)),
    "w is nan": ("w", ValueError, lambda: landscape.loss(math.nan, 0.0, 5, 0.0, 0.0)),
    "b is infinite": ("b", ValueError, lambda: landscape.gradient(1.0, np.array([np.inf]), 5, 0.0, 0.0)),
    "shapes": ("b", ValueError, lambda: landscape.loss(np.ones(3), np.ones(2), 5, 0.0, 0.0)),
    "T is 0": ("T", ValueError, lambda: landscape.states(1.0, 0.0, 0, 0.0)),
    "T is 2.5": ("T", TypeError, lambda: landscape.states(1.0, 0.0, 2.5, 0.0)),
    "target is None": ("target", TypeError, lambda: landscape.loss(1.0, 0.0, 5, 0.0, None)),
    "target of gradient": ("target", ValueError, lambda: landscape.gradient(1.0, 0.0, 5, 0.0, math.inf)),
    "s_init is nan": ("s_init", ValueError, lambda: landscape.states(1.0, 0.0, 5, math.nan)),
    "func": ("func", ValueError, lambda: landscape.loss(1.0, 0.0, 5, 0.0, 0.0, "softplus")),
    "func of folds": ("func", ValueError, lambda: landscape.folds(2.0, "relu")),
    "w of folds": ("w", ValueError, lambda: landscape.folds(math.inf)),
    "integer w of folds": ("w", TypeError, lambda: landscape.folds(np.array([1, 2]))),
    "func of equilibria": ("func", ValueError, lambda: landscape.equilibria(2.0, "softplus")),
    "count": ("count", ValueError, lambda: landscape.equilibria(2.0, count=1)),
    "reach": ("reach", ValueError, lambda: landscape.equilibria(2.0, reach=math.nan)),
    "w of descend": ("w", TypeError, lambda: down(w=[1.0])),
    "rate": ("learning_rate", ValueError, lambda: down(learning_rate=0.0)),
    "limit": ("limit", ValueError, lambda: down(limit=-1.0)),
    "steps": ("steps", ValueError, lambda: down(steps=0)),
}


@pytest.mark.parametrize(("name", "kind", "call"), WRONG.values(), ids=WRONG)
def test_a_bad_argument_is_named(name, kind, call):
    with pytest.raises(kind, match=rf"^{name}\b"):
        call()


def test_a_single_sigmoid_far_below_zero_is_the_one_among_many():
    for b in (-30.0, -50.0, -700.0):
        single, many = (
            landscape.states(0.0, b, 1, 0.0, "sigmoid"),
            landscape.states(0.0, np.array([b]), 1, 0.0, "sigmoid"),
        )
        assert single[-1] > 0
        np.testing.assert_allclose(np.ravel(single), np.ravel(many), rtol=1e-12)
    assert STEPS["sigmoid"](-1e6)[0] < 1e-300
