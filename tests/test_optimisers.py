"""optimisers: against closed forms on a quadratic, and against those that autograd ships."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from autograd.misc import optimizers as autograd_optimisers
from hypothesis import given
from hypothesis import strategies as st

from bptt_helpers import optimisers, rnn

EXPECTED = json.loads((Path(__file__).parent / "oracles" / "closed_forms.json").read_text())["expected"]
RULES = {name: getattr(optimisers, name) for name in ("sgd", "momentum", "rmsprop", "adagrad", "adam")}
vectors = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6).map(np.array)


def walk(rule, start, gradient, steps, **settings):
    """The points that a rule visits: (steps + 1, …)."""
    at, memory, visited = start, None, [start]
    for _ in range(steps):
        moved, memory = rule(gradient(at), memory, **settings)
        at = at + moved
        visited.append(at)
    return np.array(visited)


def test_sgd_on_a_quadratic_in_closed_form():
    curvature, start = np.array([1.0, 5.0]), np.array([2.0, -1.0])
    path = walk(optimisers.sgd, start, lambda x: curvature * x, 30, learning_rate=0.1)
    factors = (1 - 0.1 * curvature) ** np.arange(31)[:, None]
    np.testing.assert_allclose(path, factors * start, rtol=1e-12, atol=1e-15)


def test_momentum_on_a_quadratic_in_closed_form():
    """x_n is a sum of powers of the two roots of r² - (1 + β - ηa) r + β = 0."""
    beta, rate, a, start = 0.9, 0.05, 2.0, 3.0
    path = walk(optimisers.momentum, np.array([start]), lambda x: a * x, 40, learning_rate=rate, decay=beta)[
        :, 0
    ]
    roots = np.roots([1, -(1 + beta - rate * a), beta])
    first = start * (1 - rate * a)
    shares = np.linalg.solve(np.array([[1, 1], roots]), np.array([start, first]))
    expected = [(shares * roots**n).sum().real for n in range(41)]
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-12)


def test_momentum_without_decay_is_sgd():
    gradient = np.array([1.0, -2.0])
    assert np.array_equal(
        optimisers.momentum(gradient, np.ones(2), learning_rate=0.3, decay=0.0)[0],
        optimisers.sgd(gradient, learning_rate=0.3)[0],
    )


def test_adam_is_the_one_that_autograd_ships():
    def gradient(x, step=0):
        return np.array([3 * x[0], math.sin(x[1]), 1e-3 * x[2] ** 3])

    start = np.array([1.0, 2.0, -3.0])
    theirs = autograd_optimisers.adam(gradient, start.copy(), num_iters=50, step_size=0.05)
    ours = walk(optimisers.adam, start, gradient, 50, learning_rate=0.05)[-1]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_momentum_is_the_one_that_autograd_ships_up_to_its_scale():
    """Theirs is v = m v - (1 - m) g: ours with a learning rate 1 - m times theirs."""

    def gradient(x, step=0):
        return np.array([3 * x[0], math.sin(x[1])])

    start = np.array([1.0, 2.0])
    theirs = autograd_optimisers.sgd(gradient, start.copy(), num_iters=30, step_size=0.2, mass=0.9)
    ours = walk(optimisers.momentum, start, gradient, 30, learning_rate=0.02, decay=0.9)[-1]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_rmsprop_is_the_one_that_autograd_ships():
    """Theirs lets the running mean square start at 1."""

    def gradient(x, step=0):
        return np.array([3 * x[0], math.sin(x[1]), 1e-3 * x[2] ** 3])

    at = start = np.array([1.0, 2.0, -3.0])
    theirs = autograd_optimisers.rmsprop(gradient, start.copy(), num_iters=50, step_size=0.05, gamma=0.8)
    memory = np.ones(3)
    for _ in range(50):
        moved, memory = optimisers.rmsprop(gradient(at), memory, learning_rate=0.05, decay=0.8)
        at = at + moved
    np.testing.assert_allclose(at, theirs, rtol=1e-12)


def test_rmsprop_of_a_constant_gradient_in_closed_form():
    """The mean square after n steps is g² (1 - decayⁿ)."""
    path = walk(optimisers.rmsprop, np.array([0.0]), lambda x: np.array([4.0]), 30, learning_rate=0.1)[:, 0]
    steps = -0.1 / np.sqrt(1 - 0.9 ** np.arange(1, 31))
    np.testing.assert_allclose(path[1:], np.cumsum(steps), rtol=1e-7)


def test_adagrad_of_a_constant_gradient_in_closed_form():
    """The sum of n squares is n g²: the steps are rate / √n long, whatever g is."""
    path = walk(optimisers.adagrad, np.zeros(2), lambda x: np.array([4.0, -0.01]), 30, learning_rate=0.1)
    lengths = np.cumsum(0.1 / np.sqrt(np.arange(1, 31)))
    np.testing.assert_allclose(path[1:], lengths[:, None] * [-1, 1], rtol=1e-5)


def test_adagrad_on_a_quadratic_by_a_plain_loop():
    path = walk(optimisers.adagrad, np.array([3.0]), lambda x: 2 * x, 25, learning_rate=0.5)[:, 0]
    x, total = 3.0, 0.0
    for after in path[1:]:
        gradient = 2 * x
        total += gradient**2
        x -= 0.5 * gradient / (math.sqrt(total) + 1e-8)
        assert after == pytest.approx(x, rel=1e-12)
    assert abs(x) < 0.3


@given(size=st.floats(1e-3, 1e3))
def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient(size):
    moved, memory = optimisers.adam(np.array([size, -size]), learning_rate=0.01)
    np.testing.assert_allclose(moved, [-0.01, 0.01], rtol=1e-4)
    assert memory.count == 1


@pytest.mark.parametrize("name", RULES)
def test_a_named_tuple_of_gradients_is_moved_array_by_array(name):
    rng = np.random.default_rng(0)
    shapes = ((4, 3), (4, 4), (2, 4), (4,), (2,))
    gradients = [rnn.Params(*(rng.normal(size=shape) for shape in shapes)) for _ in range(3)]
    memory, memories = None, [None] * 5
    for gradient in gradients:
        step, memory = RULES[name](gradient, memory, learning_rate=0.1)
        assert isinstance(step, rnn.Params)
        for i, alone in enumerate(gradient):
            one, memories[i] = RULES[name](alone, memories[i], learning_rate=0.1)
            np.testing.assert_array_equal(step[i], one)


@pytest.mark.parametrize("name", RULES)
def test_nothing_that_is_handed_in_changes(name):
    gradient = np.array([1.0, -2.0])
    _, memory = RULES[name](gradient, learning_rate=0.1)
    before = repr(memory)
    first, _ = RULES[name](gradient, memory, learning_rate=0.1)
    second, _ = RULES[name](gradient, memory, learning_rate=0.1)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(gradient, [1.0, -2.0])
    assert repr(memory) == before


@pytest.mark.parametrize("name", [*RULES, "clip_by_norm", "clip_by_value"])
def test_float32_stays_float32(name):
    gradient = np.array([30.0, -40.0], np.float32)
    if name in RULES:
        answer = RULES[name](gradient, learning_rate=0.1)[0]
    else:
        answer = getattr(optimisers, name)(gradient, 1.0)
    assert answer.dtype == np.float32


# ----------------------------------------------------------------------------------------------------------
# clipping


@pytest.mark.parametrize("name", ["momentum", "rmsprop", "adagrad", "adam"])
def test_the_memory_is_not_the_gradient_itself(name):
    gradient = np.array([1.0, 2.0])
    _, memory = getattr(optimisers, name)(gradient, learning_rate=0.1)
    for part in memory[:2] if isinstance(memory, tuple) else (memory,):
        assert not np.shares_memory(part, gradient)


def test_clip_by_norm_in_closed_form():
    np.testing.assert_allclose(
        optimisers.clip_by_norm(np.array([3.0, 4.0]), 1), EXPECTED["norm clip of (3, 4) at 1"], rtol=1e-12
    )


@given(gradient=vectors, limit=st.floats(1e-3, 1e3))
def test_clipping_by_norm_keeps_the_direction_and_by_value_the_signs(gradient, limit):
    clipped = optimisers.clip_by_norm(gradient, limit)
    length = np.linalg.norm(gradient)
    assert np.linalg.norm(clipped) <= limit * (1 + 1e-9)
    np.testing.assert_allclose(clipped * max(length, limit), gradient * limit, rtol=1e-9, atol=1e-300)
    if length <= limit:
        np.testing.assert_array_equal(clipped, gradient)  # a small one stays as it is
    np.testing.assert_array_equal(
        optimisers.clip_by_value(gradient, limit), [min(max(g, -limit), limit) for g in gradient]
    )


def test_the_norm_is_that_of_all_arrays_together():
    gradient = (np.array([3.0]), np.array([[0.0, 4.0]]))
    assert optimisers.norm(gradient) == pytest.approx(5)
    first, second = optimisers.clip_by_norm(gradient, 1.0)
    np.testing.assert_allclose(first, [0.6])
    np.testing.assert_allclose(second, [[0.0, 0.8]])


@given(exponent=st.integers(-30, 30), dtype=st.sampled_from([np.float32, np.float64]))
def test_the_norm_of_sizes_far_apart(exponent, dtype):
    gradient = (
        np.array([3.0, 0.0], dtype) * dtype(10.0**exponent),
        np.array([[4.0]], dtype) * dtype(10.0**exponent),
    )
    assert optimisers.norm(gradient) == pytest.approx(5 * 10.0**exponent, rel=1e-6)


def test_a_gradient_beyond_the_squares_of_floats_is_clipped_and_one_beyond_floats_stays():
    np.testing.assert_allclose(optimisers.clip_by_norm(np.array([3e200, 4e200]), 1), [0.6, 0.8])
    assert optimisers.norm(np.array([3e-200, 4e-200])) == pytest.approx(5e-200)
    assert optimisers.norm(np.zeros(3)) == 0
    assert optimisers.clip_by_norm(np.array([np.inf, 1.0]), 1)[0] == np.inf
    assert np.isnan(optimisers.clip_by_norm(np.array([np.nan, 1.0]), 1)[0])


G = np.array([1.0, 2.0])
WRONG = {
    "rate 0": ("learning_rate", ValueError, lambda: optimisers.sgd(G, learning_rate=0)),
    "rate nan": ("learning_rate", ValueError, lambda: optimisers.momentum(G, learning_rate=math.nan)),
    "rate text": ("learning_rate", TypeError, lambda: optimisers.adam(G, learning_rate="0.1")),
    "whole numbers": ("gradient", TypeError, lambda: optimisers.sgd(np.array([1, 2]), learning_rate=0.1)),
    "decay 1": ("decay", ValueError, lambda: optimisers.momentum(G, learning_rate=0.1, decay=1)),
    "decay_square": (
        "decay_square", ValueError, lambda: optimisers.adam(G, learning_rate=0.1, decay_square=-1),
    ),
    "decay of rmsprop": ("decay", ValueError, lambda: optimisers.rmsprop(G, learning_rate=0.1, decay=1)),
    "epsilon of adagrad": ("epsilon", ValueError, lambda: optimisers.adagrad(G, learning_rate=1, epsilon=-1)),
    "epsilon 0": ("epsilon", ValueError, lambda: optimisers.adam(G, learning_rate=0.1, epsilon=0)),
    "memory": ("memory", TypeError, lambda: optimisers.adam(G, G, learning_rate=0.1)),
    "another shape": ("memory", ValueError, lambda: optimisers.momentum(G, np.ones((3, 2)), learning_rate=1)),
    "a tuple": ("memory", ValueError, lambda: optimisers.rmsprop(G, (G,), learning_rate=1)),
    "too few": ("memory", ValueError, lambda: optimisers.adagrad((G, G), (G,), learning_rate=1)),
    "adam's": ("memory", ValueError, lambda: optimisers.adam(
        G, optimisers.AdamMemory(G, np.ones(3), 1), learning_rate=1)),
    "limit 0": ("limit", ValueError, lambda: optimisers.clip_by_norm(G, 0)),
    "limit text": ("limit", TypeError, lambda: optimisers.clip_by_value(G, "1")),
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "call"), WRONG.values(), ids=WRONG)
def test_a_bad_argument_is_named(name, kind, call):
    with pytest.raises(kind, match=rf"^{name}\b"):
        call()


@pytest.mark.parametrize("name", ["momentum", "rmsprop", "adagrad", "adam"])
def test_a_memory_of_another_dtype_or_kind_is_refused(name):
    rule = getattr(optimisers, name)
    one, two = np.ones(2, np.float32), np.ones(2)
    _, memory = rule(two, learning_rate=0.1)
    with pytest.raises(ValueError, match=r"^memory: expected what came back"):
        rule(one, memory, learning_rate=0.1)
    listed = memory._replace(mean=[0.0, 0.0]) if name == "adam" else [0.0, 0.0]
    with pytest.raises(ValueError, match=r"^memory: expected what came back"):
        rule(two, listed, learning_rate=0.1)


@pytest.mark.parametrize(("count", "kind"), [(-1, ValueError), ("1", TypeError), (1.0, TypeError)])
def test_a_count_that_is_none_is_named(count, kind):
    memory = optimisers.AdamMemory(np.zeros(2), np.zeros(2), count)
    with pytest.raises(kind, match=r"^memory\.count: expected an integer"):
        optimisers.adam(np.ones(2), memory, learning_rate=0.1)


def test_clipping_in_float32_where_the_factor_would_be_zero_or_the_limit_infinite():
    clipped = optimisers.clip_by_norm(np.array([3e37, 4e37], np.float32), 1e-10)
    np.testing.assert_allclose(clipped, [6e-11, 8e-11], rtol=1e-6)
    with np.errstate(all="raise"):
        assert optimisers.clip_by_value(np.array([1, -2], np.float32), 1e39).tolist() == [1, -2]


def test_complex_numbers_are_not_cut_by_value():
    with pytest.raises(TypeError, match=r"^gradient: expected real numbers"):
        optimisers.clip_by_value(np.array([0.5 + 9j]), 1.0)
