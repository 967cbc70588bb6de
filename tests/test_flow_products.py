"""flow's Jacobians and their products: against autograd, exact integers, closed forms and plain products."""

import math
from decimal import Decimal, localcontext

import autograd
import autograd.numpy as anp
import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_helpers import flow, rnn

FUNCS = pytest.mark.parametrize("func", rnn.FUNCTIONS)
SQUASH = {
    "tanh": anp.tanh,
    "sigmoid": lambda z: 0.5 * (1 + anp.tanh(z / 2)),
    "relu": lambda z: anp.where(z > 0, z, 0.0),
    "identity": lambda z: z,
}


def orthogonal(H, seed):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((H, H)))[0]


def silent_net(W, k=0.0, T=10, func="identity", s_init=None):
    """A network of which W, k and the start are all that counts, run over T steps: params, trace."""
    H = len(W)
    params = rnn.Params(np.zeros((H, 1)), W, np.ones((2, H)), np.full(H, float(k)), np.zeros(2))
    return params, rnn.forward(params, np.zeros((T, 1)), s_init, func)


@FUNCS
def test_jacobians_and_products_are_autograds(func):
    network = networks.random_network(11, T=6, H=4, func=func)
    params, trace = network.params, networks.run(network)
    J = flow.jacobians(params, trace)
    products = flow.running_products(J)

    def state(s, first, last):
        for x_t in network.x[first : last + 1]:
            s = SQUASH[func](anp.dot(params.U, x_t) + anp.dot(params.W, s) + params.k)
        return s

    for t in range(6):
        one = autograd.jacobian(lambda s, t=t: state(s, t, t))(trace.s_prev[t])
        np.testing.assert_allclose(J[t], one, rtol=1e-9, atol=1e-14)
        all_so_far = autograd.jacobian(lambda s, t=t: state(s, 0, t))(trace.s_init)
        ours = products.matrices[t] * 10.0 ** products.log10_scale[t]
        np.testing.assert_allclose(ours, all_so_far, rtol=1e-9, atol=1e-14)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 30),
    H=st.integers(1, 6),
    size=st.floats(0.3, 3),
)
def test_rescaled_products_are_the_plain_ones_where_these_fit(seed, n, H, size):
    factors = size * np.random.default_rng(seed).normal(size=(n, H, H)) / np.sqrt(H)
    products = flow.running_products(factors)
    plain = np.eye(H)
    for i, factor in enumerate(factors):
        plain = factor @ plain
        ours = products.matrices[i] * 10.0 ** products.log10_scale[i]
        np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-11 * np.abs(plain).max())
    values = np.linalg.svd(plain, compute_uv=False)
    logs = flow.log10_singular_values(products)[-1]
    known = values > 1e-6 * values[0]  # the others are rounding, in the plain product too
    np.testing.assert_allclose(logs[known], np.log10(values[known]), rtol=0, atol=1e-8)


def log10_of(number):
    """log10 of a Decimal that may be beyond any float; Decimal's own takes seconds at this precision."""
    exponent = number.adjusted()
    return exponent + math.log10(float(number.scaleb(-exponent)))


def exact_log10_extremes(factors):
    """log10 of both singular values of a product of 2 x 2 integer matrices, in exact arithmetic."""
    product = np.array([[1, 0], [0, 1]], dtype=object)
    for factor in factors:
        product = factor.astype(int).astype(object) @ product
    with localcontext() as context:
        context.prec = 6000
        trace = Decimal(int((product * product).sum()))
        det = Decimal(abs(int(product[0, 0] * product[1, 1] - product[0, 1] * product[1, 0])))
        largest = ((trace + (trace * trace - 4 * det * det).sqrt()) / 2).sqrt()
        return log10_of(largest), log10_of(det / largest)


def test_two_thousand_integer_matrices_against_exact_arithmetic():
    factors = np.random.default_rng(0).integers(-3, 4, (2000, 2, 2)).astype(float)
    factors[np.linalg.det(factors).round() == 0] = [[2, 1], [0, 3]]
    extremes = flow.log10_extremes(factors)
    largest, smallest = exact_log10_extremes(factors)
    assert largest > 400  # far beyond any float
    assert extremes[-1] == pytest.approx([largest, smallest], rel=1e-12)
    short = exact_log10_extremes(factors[:100])
    assert short[0] - short[1] > 16  # the smallest is lost in the product itself, but not here
    assert extremes[99] == pytest.approx(short, rel=1e-12)
    logs = flow.log10_singular_values(flow.running_products(factors))
    assert logs[99, 1] == -np.inf
    np.testing.assert_array_equal(logs[:, 0], extremes[:, 0])


@pytest.mark.parametrize(("radius", "T"), [(3.0, 2000), (0.02, 2000), (1.0, 2000)])
def test_a_rotation_stretches_all_directions_alike_however_long(radius, T):
    W = radius * orthogonal(5, 3)
    params, trace = silent_net(W, T=T)
    factors = flow.jacobians(params, trace)
    expected = math.log10(radius) * np.arange(1, T + 1)
    logs = flow.log10_singular_values(flow.running_products(factors))
    np.testing.assert_allclose(logs, np.tile(expected[:, None], 5), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(
        flow.log10_extremes(factors), np.tile(expected[:, None], 2), rtol=1e-9, atol=1e-10
    )
    error = np.random.default_rng(4).normal(size=5)
    sizes = flow.log10_error_sizes(params, trace, error)
    steps_back = np.arange(T)[::-1]
    expected = math.log10(np.linalg.norm(error)) + math.log10(radius) * steps_back
    np.testing.assert_allclose(sizes, expected, rtol=1e-9, atol=1e-9)


def test_a_known_spectrum_fans_out_far_beyond_float64():
    """Factors Q_{i+1} D Q_iᵀ: the product is Q_n Dⁿ Q_0ᵀ, whose singular values are the powers of D's."""
    D, n = np.array([2.0, 1.0, 0.25]), 700
    Q = [orthogonal(3, seed) for seed in range(n + 1)]
    factors = np.array([(Q[i + 1] * D) @ Q[i].T for i in range(n)])
    extremes = flow.log10_extremes(factors)
    for i in (0, 9, 99, n - 1):
        assert extremes[i] == pytest.approx((i + 1) * np.log10([2.0, 0.25]), rel=1e-9)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    T=st.integers(1, 60),
    H=st.integers(1, 5),
    func=st.sampled_from(rnn.FUNCTIONS),
    radius=st.floats(0.2, 1.5),
)
def test_error_sizes_are_those_of_the_recursion(seed, T, H, func, radius):
    network = networks.random_network(seed, T=T, H=H, func=func, radius=radius)
    params, trace = network.params, networks.run(network)
    error = np.random.default_rng(seed).normal(size=H)
    ds = np.zeros((T, H))
    ds[-1] = error
    sizes = flow.log10_error_sizes(params, trace, error)
    assert sizes.shape == (T,)
    J = flow.influence(params, trace)  # (T, T, H, H)
    for t in range(T):
        plain = np.linalg.norm(error @ J[-1, t])
        if plain == 0:
            assert sizes[t] == -np.inf
        else:
            assert sizes[t] == pytest.approx(math.log10(plain), abs=1e-9)
    # one step further than the first state it is what rnn sends to s_init
    to_s_init = np.linalg.norm(rnn.through_time(params, trace, ds).s_init)
    one_more = np.linalg.norm(error @ J[-1, 0] @ flow.jacobians(params, trace)[0])
    assert one_more == pytest.approx(to_s_init, rel=1e-9, abs=1e-300)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    H=st.integers(1, 6),
    func=st.sampled_from(rnn.FUNCTIONS),
    radius=st.floats(0.1, 6),
)
def test_no_step_back_beats_the_bound(seed, H, func, radius):
    network = networks.random_network(seed, T=20, H=H, func=func, radius=radius)
    params, trace = network.params, networks.run(network)
    bounds = flow.bounds(params.W, func)
    sizes = flow.log10_error_sizes(params, trace, np.random.default_rng(seed).normal(size=H))
    alive = sizes[np.isfinite(sizes)]
    steps = np.diff(alive[::-1])  # log10 of the factor of each step back
    assert (steps <= math.log10(bounds.per_step) + 1e-9).all()
    assert bounds.must_vanish == (bounds.per_step < 1)
    assert not (bounds.must_vanish and bounds.may_explode)
    if bounds.must_vanish:
        assert (steps < 0).all()
    if (steps > 0).any():
        assert bounds.may_explode


@FUNCS
def test_the_steepest_slope_is_reached_and_never_passed(func):
    z = np.linspace(-20, 20, 4001)
    slopes = rnn.slope(rnn.activate(z, func), func)
    assert slopes.max() == pytest.approx(flow.STEEPEST[func], abs=1e-12)


def test_bounds_in_closed_form():
    bounds = flow.bounds(np.array([[0.5, 3.0], [0.0, -0.25]]), "sigmoid")
    gram = np.array([[0.25, 1.5], [1.5, 9.0625]])  # W^T W
    half_trace, det = gram.trace() / 2, 0.015625
    largest = math.sqrt(half_trace + math.sqrt(half_trace**2 - det))
    assert bounds.spectral_radius == pytest.approx(0.5)
    assert bounds.largest_singular_value == pytest.approx(largest)
    assert bounds.per_step == pytest.approx(largest / 4)
    assert bounds.steepest == 0.25
    assert (bounds.must_vanish, bounds.may_explode) == (True, False)
    # γ σ_max = 1 exactly: neither is certain
    edge = flow.bounds(np.array([[0.0, 1.0], [1.0, 0.0]]), "tanh")
    assert (edge.must_vanish, edge.may_explode) == (False, False)


def test_two_singular_values_say_explode_yet_it_vanishes_and_zero_radius_explodes():
    """Both halves of "the spectral radius decides, or the largest singular value" are false."""
    W = np.array([[0.5, 1.142], [0.0, 0.5]])
    assert flow.bounds(W, "tanh").may_explode
    params, trace = silent_net(W, T=60)
    assert flow.log10_extremes(flow.jacobians(params, trace))[-1, 0] < -14
    W, s = 3 * np.array([[1.0, -1.0], [1.0, -1.0]]), np.array([0.0, math.sqrt(0.5)])
    assert flow.spectral_radius(W) < 1e-6
    params, _ = silent_net(W)
    params = params._replace(k=np.arctanh(s) - W @ s)
    trace = rnn.forward(params, np.zeros((24, 1)), s)
    growth = flow.log10_extremes(flow.jacobians(params, trace))[:, 0]
    assert growth[-1] > 4
    assert np.diff(growth)[2:] == pytest.approx([math.log10(1.5)] * 21, abs=1e-3)


def test_a_factor_without_an_inverse_has_smallest_singular_value_zero_from_there_on():
    factors = np.array([np.eye(2), [[1.0, 2.0], [2.0, 4.0]], 2 * np.eye(2)])
    np.testing.assert_allclose(flow.log10_extremes(factors)[:, 1], [0, -np.inf, -np.inf])
    np.testing.assert_allclose(flow.log10_extremes(factors)[:, 0], np.log10([1, 5, 10]))
    assert (flow.log10_extremes(np.zeros((3, 2, 2))) == -np.inf).all()


def test_what_is_exactly_zero_stays_so():
    params, trace = silent_net(np.ones((2, 2)), k=-1.0, T=5, func="relu")  # both units are dead
    sizes = flow.log10_error_sizes(params, trace, np.array([3.0, 4.0]))
    np.testing.assert_allclose(sizes, [-np.inf] * 4 + [math.log10(5)])


def test_huge_and_tiny_entries_do_not_overflow():
    for size in (1e200, 1e-200):
        factors = np.full((50, 2, 2), size) * [[1, 0], [0, 2]]
        expected = np.arange(1, 51) * (math.log10(size) + np.array([math.log10(2), 0])[:, None])
        np.testing.assert_allclose(flow.log10_extremes(factors), expected.T, rtol=1e-9)
        params, trace = silent_net(np.eye(2) * size, T=50)
        sizes = flow.log10_error_sizes(params, trace, np.array([3e-200, 4e-200]))
        np.testing.assert_allclose(sizes[::-1], math.log10(5e-200) + math.log10(size) * np.arange(50))


def test_float32_stays_float32():
    factors = np.random.default_rng(1).normal(size=(5, 3, 3)).astype(np.float32)
    products = flow.running_products(factors)
    assert {part.dtype for part in products} == {np.dtype(np.float32)}
    assert flow.log10_singular_values(products).dtype == np.float32
    assert flow.log10_extremes(factors).dtype == np.float32
    network = networks.random_network(3)
    params = rnn.Params(*(weight.astype(np.float32) for weight in network.params))
    trace = rnn.forward(params, network.x.astype(np.float32))
    assert flow.log10_error_sizes(params, trace, np.ones(4, np.float32)).dtype == np.float32


def test_nothing_to_rescale_has_size_one():
    products = flow.running_products(np.zeros((2, 2, 2)))
    np.testing.assert_array_equal(products.log10_scale, [0, 0])
    assert not products.matrices.any()


BATCH = networks.random_network(12, batch=(2,))
SINGLE = networks.random_network(12)
TRACE = networks.run(SINGLE)
WRONG = {
    "a batch": ("trace", ValueError, lambda: flow.jacobians(BATCH.params, networks.run(BATCH))),
    "an error of a batch": (
        "trace", ValueError, lambda: flow.log10_error_sizes(BATCH.params, networks.run(BATCH), np.ones(4)),
    ),
    "an error of another length": (
        "error", ValueError, lambda: flow.log10_error_sizes(SINGLE.params, TRACE, np.ones(3)),
    ),
    "a whole-number error": (
        "error", TypeError, lambda: flow.log10_error_sizes(SINGLE.params, TRACE, [1, 2, 3, 4]),
    ),
    "one matrix": ("factors", ValueError, lambda: flow.running_products(np.eye(3))),
    "no matrix": ("factors", ValueError, lambda: flow.running_products(np.zeros((0, 3, 3)))),
    "oblong matrices": ("factors", ValueError, lambda: flow.log10_extremes(np.ones((4, 2, 3)))),
    "nan in a factor": ("factors", ValueError, lambda: flow.running_products(np.full((1, 1, 1), np.nan))),
    "an array for products": ("products", TypeError, lambda: flow.log10_singular_values(np.ones((2, 3, 3)))),
    "a vector for W": ("W", ValueError, lambda: flow.spectral_radius(np.ones(3))),
    "infinite W": ("W", ValueError, lambda: flow.bounds(np.full((2, 2), np.inf), "tanh")),
    "unknown func": ("func", ValueError, lambda: flow.bounds(np.eye(2), "softplus")),
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "call"), WRONG.values(), ids=WRONG)
def test_a_bad_argument_is_named(name, kind, call):
    with pytest.raises(kind, match=rf"^{name}\b"):
        call()


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e300])
def test_factors_at_the_ends_of_the_floats_have_products_and_extremes(size):
    W = np.array([[1.0, 0.5], [-0.5, 0.75]])
    factors = np.full((5, 1, 1), size) * W
    wanted = np.array([np.linalg.svd(np.linalg.matrix_power(W, n), compute_uv=False) for n in range(1, 6)])
    shift = np.arange(1, 6)[:, None] * math.log10(size)
    rtol = 1e-3 if size < 1e-307 else 1e-12  # below it floats have fewer digits
    np.testing.assert_allclose(flow.log10_extremes(factors), np.log10(wanted) + shift, rtol=rtol)
    np.testing.assert_allclose(
        flow.log10_singular_values(flow.running_products(factors)), np.log10(wanted) + shift, rtol=rtol
    )


def test_the_largest_floats_do_not_overflow_in_a_product():
    products = flow.running_products(np.full((2, 3, 3), 1.5e308))
    np.testing.assert_array_equal(products.matrices, np.ones((2, 3, 3)))
    assert products.log10_scale[1] == pytest.approx(2 * math.log10(1.5e308) + math.log10(3))


@pytest.mark.parametrize("H", [2, 4, 16])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_rotation_neither_must_vanish_nor_may_explode(H, dtype):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        W = rnn.init_params(2, H, 2, rng=rng, scheme="orthogonal", dtype=dtype).W
        promised = flow.bounds(W, "tanh")
        assert (promised.must_vanish, promised.may_explode) == (False, False)
        assert flow.bounds(0.999 * W, "tanh").must_vanish
        assert flow.bounds(W * dtype(1.001), "tanh").may_explode


def test_a_factor_whose_inverse_no_float_can_hold_has_none():
    factors = np.array([np.diag([1.0, 0.5]), np.diag([1.0, 1e-310]), np.eye(2)])
    extremes = flow.log10_extremes(factors)
    np.testing.assert_allclose(extremes[:, 0], 0)
    np.testing.assert_allclose(extremes[:, 1], [np.log10(0.5), -np.inf, -np.inf])


def test_an_error_of_another_dtype_than_the_trace_is_named():
    params = rnn.init_params(2, 3, 2, rng=np.random.default_rng(0))
    trace = rnn.forward(params, np.ones((4, 2)))
    with pytest.raises(TypeError, match=r"^error: expected float64"):
        flow.log10_error_sizes(params, trace, np.ones(3, np.float32))
