"""rnn: S1 to S5 and S15 to S18, its gradients against autograd and the complex step, its edges."""

import networks
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bptt_helpers import recurrent, rnn

SHAPES = {
    "seed": st.integers(0, 2**32 - 1),
    "batch": st.sampled_from([(), (1,), (3,)]),
    "D": st.integers(1, 5),
    "H": st.integers(1, 5),
    "C": st.integers(1, 4),
    "func": st.sampled_from(rnn.FUNCTIONS),
    "indices": st.booleans(),
    "masked": st.booleans(),
    "radius": st.floats(0.1, 1),
}
CASES = pytest.mark.parametrize("batch", [(), (3,)], ids=["single", "batch"])
FUNCS = pytest.mark.parametrize("func", rnn.FUNCTIONS)
INDICES = pytest.mark.parametrize("indices", [False, True], ids=["floats", "indices"])


def squash(z, func):
    """func(z), written apart from rnn."""
    return {
        "tanh": np.tanh(z),
        "sigmoid": (1 + np.tanh(z / 2)) / 2,
        "relu": np.where(z > 0, z, 0),
        "identity": z,
    }[func]


# The formulas of the text


@FUNCS
def test_S1_S15_state_is_func_of_input_and_state_before(func):
    network = networks.random_network(1, func=func)
    U, W, _, k, _ = network.params
    trace = networks.run(network)
    before = network.s_init
    for t, x_t in enumerate(network.x):
        z = U @ x_t + W @ before + k
        np.testing.assert_allclose(trace.z[t], z, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(trace.s[t], squash(z, func), rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(trace.s_prev[t], before)
        before = trace.s[t]


def test_S2_S16_output_is_softmax_of_V_s():
    network = networks.random_network(2)
    trace = networks.run(network)
    for s, q, o in zip(trace.s, trace.q, trace.o, strict=True):
        np.testing.assert_allclose(q, network.params.V @ s + network.params.c, rtol=1e-12)
        np.testing.assert_allclose(o, np.exp(q) / np.exp(q).sum(), rtol=1e-12)


def test_S3_S17_loss_is_minus_log_of_the_targets_probability():
    network = networks.random_network(3, masked=False)
    trace = networks.run(network)
    E = rnn.cross_entropy(trace.q, network.y)
    for t, y_t in enumerate(network.y):
        assert E[t] == pytest.approx(-np.log(trace.o[t][y_t]), rel=1e-12)


@CASES
def test_S4_S5_gradient_of_the_sum_is_the_sum_of_the_gradients(batch):
    network = networks.random_network(4, T=6, batch=batch)
    trace = networks.run(network)
    whole = rnn.backward(network.params, trace, network.y)
    summed = [np.zeros_like(gradient) for gradient in whole]
    for t in range(6):
        only_t = np.where(np.arange(6).reshape(-1, *[1] * len(batch)) == t, network.y, -1)
        for total, part in zip(summed, rnn.backward(network.params, trace, only_t), strict=True):
            total += part
    networks.assert_close(rnn.Gradients(*summed), whole, rtol=1e-12)


def test_S18_gradient_is_the_sum_over_the_copies_of_the_weight():
    """Give every step its own copy of W, nudge one copy at a time by the complex step."""
    T = 4
    network = networks.random_network(5, T=T, masked=False)
    params, x, s_init, y, _ = network
    total = np.zeros_like(params.W)
    for k in range(T):
        for entry in np.ndindex(params.W.shape):
            copies = [params.W.astype(complex) for _ in range(T)]
            copies[k][entry] += 1e-30j
            s, E = s_init, 0
            for x_t, y_t, W_t in zip(x, y, copies, strict=True):
                s = np.tanh(params.U @ x_t + W_t @ s + params.k)
                q = params.V @ s + params.c
                E = E + np.log(np.exp(q).sum()) - q[y_t]
            total[entry] += E.imag / 1e-30
    np.testing.assert_allclose(rnn.backward(params, networks.run(network), y).W, total, rtol=1e-10)


# The gradients


@settings(max_examples=40)
@given(T=st.integers(1, 200), **SHAPES)
@example(T=200, seed=0, batch=(3,), D=5, H=5, C=4, func="sigmoid", indices=True, masked=True, radius=1)
def test_backward_equals_autograd(**case):
    network = networks.random_network(**case)
    ours = rnn.backward(network.params, networks.run(network), network.y)
    networks.assert_close(ours, networks.autograd_gradients(network))


@settings(max_examples=30)
@given(T=st.integers(1, 60), **SHAPES)
@example(T=200, seed=0, batch=(), D=2, H=3, C=3, func="tanh", indices=False, masked=True, radius=1)
@example(T=200, seed=0, batch=(2,), D=2, H=2, C=2, func="relu", indices=True, masked=True, radius=1)
def test_backward_equals_the_complex_step(**case):
    network = networks.random_network(**case)
    ours = rnn.backward(network.params, networks.run(network), network.y)
    networks.assert_close(ours, networks.complex_step_gradients(network))


@settings(max_examples=25)
@given(T=st.integers(1, 30), **(SHAPES | {"batch": st.sampled_from([(1,), (2,), (5,)])}))
def test_batch_equals_the_sum_over_single_sequences(**case):
    network = networks.random_network(**case)
    params, x, s_init, y, func = network
    trace = networks.run(network)
    whole = rnn.backward(params, trace, y)
    summed = [np.zeros_like(weight) for weight in params]
    for b in range(len(s_init)):
        alone = rnn.forward(params, x[:, b], s_init[b], func)
        np.testing.assert_allclose(alone.s, trace.s[:, b], rtol=1e-11, atol=1e-12)
        *weights, ds_init = rnn.backward(params, alone, y[:, b])
        for total, part in zip(summed, weights, strict=True):
            total += part
        np.testing.assert_allclose(ds_init, whole.s_init[b], rtol=1e-9, atol=1e-12)
    networks.assert_close(rnn.Params(*summed), rnn.Params(*whole[:5]), rtol=1e-10)


@FUNCS
@CASES
def test_indices_equal_one_hot_rows(func, batch):
    network = networks.random_network(6, T=20, batch=batch, D=6, func=func, indices=True)
    one_hot = network._replace(x=np.eye(6)[network.x])
    by_index, by_row = networks.run(network), networks.run(one_hot)
    np.testing.assert_allclose(by_index.o, by_row.o, rtol=1e-12)
    networks.assert_close(
        rnn.backward(network.params, by_index, network.y),
        rnn.backward(network.params, by_row, network.y),
        rtol=1e-12,
    )
    ds = np.random.default_rng(0).normal(size=by_row.s.shape)
    networks.assert_close(
        rnn.through_time(network.params, by_index, ds),
        rnn.through_time(network.params, by_row, ds),
        rtol=1e-12,
    )


def test_indices_of_few_classes_leave_the_other_columns_zero():
    network = networks.random_network(7, D=9, indices=True)
    trace = networks.run(network._replace(x=np.array([2, 2, 5, 2, 5, 5, 2], np.uint8)))
    dU = rnn.backward(network.params, trace, network.y).U
    assert set(np.flatnonzero(np.abs(dU).sum(axis=0))) == {2, 5}


@FUNCS
@CASES
def test_through_time_for_any_loss_on_the_states(func, batch):
    """A loss Σ r_t · s_t with random r, whose immediate derivative is r, by the complex step."""
    network = networks.random_network(8, T=5, batch=batch, func=func)
    r = np.random.default_rng(8).normal(size=(5, *batch, 4))
    ours = rnn.through_time(network.params, networks.run(network), r)
    U, W, V, k, c = network.params

    def loss(U, W, k, s_init, x):
        return (r * rnn.forward(rnn.Params(U, W, V, k, c), x, s_init, func).s).sum()

    inputs = (U, W, k, network.s_init, network.x)
    theirs = []
    for position, values in enumerate(inputs):
        gradient = np.zeros_like(values)
        for entry in np.ndindex(values.shape):
            nudged = values.astype(complex)
            nudged[entry] += 1e-30j
            gradient[entry] = loss(*inputs[:position], nudged, *inputs[position + 1 :]).imag / 1e-30
        theirs.append(gradient)
    networks.assert_close(ours, rnn.ThroughTime(*theirs), rtol=1e-11)


def test_without_a_target_there_is_no_gradient():
    network = networks.random_network(9)
    grads = rnn.backward(network.params, networks.run(network), np.full(7, -1))
    assert all(not gradient.any() for gradient in grads)


# What comes in goes out


@FUNCS
@CASES
@INDICES
def test_float32_stays_float32(func, batch, indices):
    network = networks.random_network(10, batch=batch, func=func, indices=indices)
    params = rnn.Params(*(weight.astype(np.float32) for weight in network.params))
    x = network.x if indices else network.x.astype(np.float32)
    for s_init in (None, network.s_init.astype(np.float32)):
        trace = rnn.forward(params, x, s_init, func)
        results = [trace.z, trace.s, trace.s_prev, trace.s_init, trace.q, trace.o]
        results += [rnn.cross_entropy(trace.q, network.y), rnn.error_at_logits(trace.o, network.y)]
        results += [rnn.softmax(trace.q), rnn.activate(trace.z, func), rnn.slope(trace.s, func)]
        results += rnn.backward(params, trace, network.y)
        results += rnn.through_time(params, trace, trace.s)
        assert {result.dtype for result in results} == {np.dtype(np.float32)}


def test_float32_is_float64_rounded():
    network = networks.random_network(11, T=30, batch=(3,))
    single = network._replace(
        params=rnn.Params(*(weight.astype(np.float32) for weight in network.params)),
        x=network.x.astype(np.float32),
        s_init=network.s_init.astype(np.float32),
    )
    ours = rnn.backward(single.params, networks.run(single), single.y)
    networks.assert_close(ours, rnn.backward(network.params, networks.run(network), network.y), rtol=1e-4)


def test_lists_are_taken_as_arrays():
    params = rnn.Params(U=[[0.5]], W=[[0.9]], V=[[1.0], [-1.0]], k=[0.1], c=[0.0, 0.0])
    trace = rnn.forward(params, [[1.0], [-0.5]], [0.25])
    grads = rnn.backward(params, trace, [-1, 0])
    np.testing.assert_allclose(trace.z[0], [0.5 + 0.225 + 0.1])
    assert grads.W.shape == (1, 1)


@INDICES
def test_nothing_is_changed_in_place(indices):
    network = networks.random_network(12, batch=(2,), indices=indices)
    before = [array.copy() for array in (*network.params, network.x, network.s_init, network.y)]
    trace = networks.run(network)
    traced = [np.copy(array) for array in trace[:-1]]
    ds = np.ones_like(trace.s)
    rnn.backward(network.params, trace, network.y)
    rnn.through_time(network.params, trace, ds)
    assert (ds == 1).all()
    for old, new in zip(before, (*network.params, network.x, network.s_init, network.y), strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(traced, trace[:-1], strict=True):
        np.testing.assert_array_equal(old, new)


def test_s_init_none_is_zeros():
    network = networks.random_network(13, batch=(2,))
    zeros = rnn.forward(network.params, network.x, np.zeros((2, 4)))
    np.testing.assert_array_equal(rnn.forward(network.params, network.x).s, zeros.s)


def test_time_is_first_and_s_prev_is_s_one_step_later():
    trace = networks.run(networks.random_network(14, T=9, batch=(2,), D=3, H=4, C=5, func="sigmoid"))
    assert [array.shape for array in trace[:-1]] == [
        (9, 2, 3), (2, 4), (9, 2, 4), (9, 2, 4), (9, 2, 4), (9, 2, 5), (9, 2, 5),
    ]  # fmt: skip
    assert trace.func == "sigmoid"
    np.testing.assert_array_equal(trace.s_prev[1:], trace.s[:-1])
    np.testing.assert_array_equal(trace.s_prev[0], trace.s_init)


# Extremes


@pytest.mark.parametrize("size", [1e4, 1e30, 1e300])
def test_cross_entropy_of_huge_logits(size):
    q = np.array([[size, -size, 0.0], [size, -size, 0.0], [-size, size, size]])
    E = rnn.cross_entropy(q, np.array([0, 1, 2]))
    np.testing.assert_allclose(E, [0, 2 * size, np.log(2)], rtol=1e-15)
    np.testing.assert_allclose(rnn.softmax(q), [[1, 0, 0], [1, 0, 0], [0, 0.5, 0.5]], rtol=1e-15)


@pytest.mark.parametrize("C", [1, 3, 8])
def test_many_rows_at_once_give_what_each_gives_alone(C):
    rng = np.random.default_rng(C)
    q = rng.standard_normal((50, 16, C)) * 10.0 ** rng.integers(-3, 7, size=(50, 16, 1))
    y = rng.integers(-1, C, size=(50, 16))
    alone = np.array([[rnn.softmax(row) for row in step] for step in q])
    np.testing.assert_allclose(rnn.softmax(q), alone, rtol=1e-15)
    alone = np.array(
        [rnn.cross_entropy(one_step[None], of[None])[0] for one_step, of in zip(q, y, strict=True)]
    )
    np.testing.assert_allclose(rnn.cross_entropy(q, y), alone, rtol=1e-14)
    assert np.isfinite(rnn.cross_entropy(q, y)).all()


def test_cross_entropy_of_huge_logits_in_float32():
    q = np.array([[1e4, -1e4], [1e38, -1e38]], np.float32)
    np.testing.assert_allclose(rnn.cross_entropy(q, [1, 0]), [2e4, 0], rtol=1e-6)


@CASES
def test_masked_steps_have_no_loss_and_no_error(batch):
    network = networks.random_network(15, T=30, batch=batch)
    trace = networks.run(network)
    masked = network.y == -1
    assert masked.any()
    assert not masked.all()
    E = rnn.cross_entropy(trace.q, network.y)
    dq = rnn.error_at_logits(trace.o, network.y)
    assert (E[masked] == 0).all()
    assert (E[~masked] > 0).all()
    assert (dq[masked] == 0).all()
    one_hot = np.eye(3)[network.y[~masked]]
    np.testing.assert_allclose(dq[~masked], trace.o[~masked] - one_hot, rtol=1e-15)


@pytest.mark.parametrize("func", ["relu", "identity"])
def test_overflow_comes_out_as_inf_or_nan_without_a_warning(func):
    network = networks.random_network(16, T=50)
    params = network.params._replace(W=1e200 * np.ones((4, 4)))
    trace = rnn.forward(params, np.abs(network.x), np.ones(4), func)
    assert not np.isfinite(trace.s).all()
    assert not np.isfinite(rnn.cross_entropy(trace.q, network.y)).all()
    assert not np.isfinite(rnn.backward(params, trace, network.y).W).all()
    assert not np.isfinite(rnn.through_time(params, trace, trace.s).W).all()


def test_activate_far_out():
    z = np.array([-1e300, -800.0, -40.0, 0.0, 40.0, 800.0, 1e300])
    np.testing.assert_allclose(
        rnn.activate(z, "sigmoid"), [0, 0, np.exp(-40) / (1 + np.exp(-40)), 0.5, 1, 1, 1], rtol=1e-15
    )
    np.testing.assert_array_equal(rnn.activate(z, "tanh"), [-1, -1, -1, 0, 1, 1, 1])
    np.testing.assert_array_equal(rnn.activate(z, "relu"), np.where(z > 0, z, 0))
    np.testing.assert_array_equal(rnn.activate(z, "identity"), z)


@FUNCS
def test_activate_of_complex_numbers_stays_finite_and_agrees_with_the_real_one(func):
    z = np.array([-5e3, -740.0, -2.0, -0.1, 0.3, 2.0, 740.0])
    w = rnn.activate(z + 1e-30j, func)
    assert np.isfinite(w).all()
    np.testing.assert_allclose(w.real, rnn.activate(z, func), rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(
        w.imag / 1e-30, rnn.slope(rnn.activate(z, func), func), rtol=1e-12, atol=1e-300
    )


# Initial weights


@pytest.mark.parametrize("scheme", ["uniform", "orthogonal", "identity"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_init_params_shapes_dtype_and_reproducible(scheme, dtype):
    one, two = (
        rnn.init_params(3, 5, 2, rng=np.random.default_rng(0), scheme=scheme, dtype=dtype) for _ in range(2)
    )
    assert [weight.shape for weight in one] == [(5, 3), (5, 5), (2, 5), (5,), (2,)]
    assert {weight.dtype for weight in one} == {np.dtype(dtype)}
    assert not one.k.any()
    assert not one.c.any()
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_init_params_uniform_fills_its_range():
    params = rnn.init_params(25, 100, 30, rng=np.random.default_rng(0))
    for weight, limit in ((params.U, 1 / 5), (params.W, 1 / 10), (params.V, 1 / 10)):
        assert 0.95 * limit < np.abs(weight).max() <= limit
        assert abs(weight.mean()) < 0.1 * limit


def test_init_params_orthogonal_is_haar():
    """W W^T = I, and the mean of many draws is 0 as for Haar: without the sign fix its diagonal is not."""
    rng = np.random.default_rng(0)
    draws = [rnn.init_params(1, 3, 1, rng=rng, scheme="orthogonal").W for _ in range(2000)]
    np.testing.assert_allclose(draws[0] @ draws[0].T, np.eye(3), atol=1e-14)
    assert np.abs(np.mean(draws, axis=0)).max() < 0.06  # standard error 0.013
    assert 0.45 < np.mean([np.linalg.det(W) > 0 for W in draws]) < 0.55


def test_init_params_identity():
    np.testing.assert_array_equal(
        rnn.init_params(2, 3, 2, rng=np.random.default_rng(0), scheme="identity").W, np.eye(3)
    )


@pytest.mark.parametrize("scheme", ["uniform", "orthogonal", "identity"])
@pytest.mark.parametrize("radius", [0, 0.5, 1.2, 3])
def test_init_params_has_the_spectral_radius_asked_for(scheme, radius):
    params = rnn.init_params(2, 8, 2, rng=np.random.default_rng(1), scheme=scheme, spectral_radius=radius)
    assert np.abs(np.linalg.eigvals(params.W)).max() == pytest.approx(radius, rel=1e-12)


def test_a_nilpotent_matrix_cannot_be_rescaled_but_can_be_made_zero():
    W = np.array([[1.0, -1.0], [1.0, -1.0]])
    with pytest.raises(ValueError, match=r"^W: "):
        rnn.with_spectral_radius(W, 1)
    assert not rnn.with_spectral_radius(W, 0).any()


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1.0, 1e200, 1e300])
def test_the_spectral_radius_of_huge_and_tiny_matrices_can_be_set(size):
    W = size * np.array([[1.0, 0.5], [-0.25, 0.75]])
    scaled = rnn.with_spectral_radius(W, 0.9)
    assert np.abs(np.linalg.eigvals(scaled)).max() == pytest.approx(0.9, rel=1e-12)
    np.testing.assert_allclose(scaled / scaled[0, 0], W / W[0, 0], rtol=1e-12)
    W = np.float32([[max(1e-40, min(size, 1e38))]])
    assert rnn.with_spectral_radius(W, 1) == np.float32(1)


@pytest.mark.parametrize("func", rnn.FUNCTIONS)
def test_complex_errors_go_back_through_a_real_trace_part_by_part(func):
    network = networks.random_network(3, func=func)
    trace = networks.run(network)
    real, imaginary = np.random.default_rng(4).normal(size=(2, *trace.s.shape))
    both = rnn.through_time(network.params, trace, real + 1j * imaginary)
    parts = [rnn.through_time(network.params, trace, part) for part in (real, imaginary)]
    for name in both._fields:
        first, second = (getattr(part, name) for part in parts)
        np.testing.assert_allclose(getattr(both, name), first + 1j * second, rtol=1e-12, atol=1e-14)


def test_a_spectral_radius_that_the_dtype_cannot_hold_is_named():
    with pytest.raises(
        ValueError, match=r"^spectral_radius: expected one at which W stays finite in float32"
    ):
        rnn.with_spectral_radius(np.eye(2, dtype=np.float32), 1e39)
    with pytest.raises(ValueError, match=r"^spectral_radius: expected a number that float32 can hold"):
        rnn.init_params(1, 2, 1, rng=np.random.default_rng(0), spectral_radius=1e39, dtype=np.float32)
    with pytest.raises(
        ValueError, match=r"^W: expected an eigenvalue other than 0, got a spectral radius of 1\.0e-07"
    ):
        rnn.with_spectral_radius(np.array([[1.0, 1e7], [0.0, 1.0]]), 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lengths_are_those_of_each_vector_whatever_its_size(dtype):
    limits = np.finfo(dtype)
    sizes = np.array([0, limits.tiny, 1e-25, 1, 1e25, float(limits.max) / 8], dtype)
    vectors = sizes[:, None, None] * np.array([[3, 0, 4], [0, 0, 0]], dtype)
    found = recurrent.lengths(vectors)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, sizes[:, None] * np.array([5, 0], dtype), rtol=1e-6)
    assert recurrent.lengths(np.array([[np.inf, 1, 0], [np.nan, 1, 0]]))[0] == np.inf
    assert np.isnan(recurrent.lengths(np.array([[np.nan, 1, 0]]))).all()
