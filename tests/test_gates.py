"""gates: the equations of LSTM and GRU, gradients against autograd and the complex step, their edges."""

from types import ModuleType
from typing import NamedTuple

import autograd
import autograd.numpy as anp
import networks
import numpy as np
import pytest
import test_arguments
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_arguments import INF, NAN, assert_refused, put, single

from bptt_helpers import gates, rnn
from bptt_helpers.checks import numeric

GATED = {"lstm": gates.lstm, "gru": gates.gru}
BLOCKS = {gates.lstm: 4, gates.gru: 3}
INIT = {gates.lstm: ("s_init", "c_init"), gates.gru: ("s_init",)}
SHAPES = {
    "seed": st.integers(0, 2**32 - 1),
    "batch": st.sampled_from([(), (1,), (3,)]),
    "D": st.integers(1, 4),
    "H": st.integers(1, 4),
    "C": st.integers(1, 4),
    "indices": st.booleans(),
    "masked": st.booleans(),
}
BOTH = pytest.mark.parametrize("gated", GATED.values(), ids=GATED)
CASES = pytest.mark.parametrize("batch", [(), (3,)], ids=["single", "batch"])
INDICES = pytest.mark.parametrize("indices", [False, True], ids=["floats", "indices"])


class Network(NamedTuple):
    """Everything forward and backward of one of the modules need."""

    gated: ModuleType
    params: NamedTuple
    x: np.ndarray
    init: tuple  # s_init, and for the LSTM c_init
    y: np.ndarray


def random_network(gated, seed, T=7, batch=(), D=3, H=4, C=3, indices=False, masked=True):
    """A network with every bias and initial state other than 0, and (masked) steps without a loss."""
    rng = np.random.default_rng(seed)
    params = gated.init_params(D, H, C, rng=rng)
    params = params._replace(k=rng.normal(size=params.k.shape), c=rng.normal(size=C))
    x = rng.integers(0, D, (T, *batch)) if indices else rng.normal(size=(T, *batch, D))
    init = tuple(rng.normal(size=(*batch, H)) for _ in INIT[gated])
    return Network(gated, params, x, init, rng.integers(-1 if masked else 0, C, (T, *batch)))


def run(network):
    """The trace of the network's own forward pass."""
    return network.gated.forward(network.params, network.x, *network.init)


def gradients(network):
    """What backward gives for the network."""
    return network.gated.backward(network.params, run(network), network.y)


def lstm_step(weighted_x, W, k, s, cell):
    """One step written apart from gates, the blocks i, f, o, g cut out by hand; for numpy and autograd."""
    H = W.shape[1]
    z = weighted_x + anp.dot(s, W.T) + k
    i, f, o = (0.5 + 0.5 * anp.tanh(z[..., n * H : (n + 1) * H] / 2) for n in range(3))
    cell = f * cell + i * anp.tanh(z[..., 3 * H :])
    return o * anp.tanh(cell), cell


def gru_step(weighted_x, W, k, s):
    """One step written apart from gates, each block with a product of its own; for numpy and autograd."""
    H = W.shape[1]
    z = weighted_x + k
    reset = 0.5 + 0.5 * anp.tanh((z[..., :H] + anp.dot(s, W[:H].T)) / 2)
    update = 0.5 + 0.5 * anp.tanh((z[..., H : 2 * H] + anp.dot(s, W[H : 2 * H].T)) / 2)
    candidate = anp.tanh(z[..., 2 * H :] + reset * anp.dot(s, W[2 * H :].T))
    return (candidate + update * (s - candidate),)


STEP = {gates.lstm: lstm_step, gates.gru: gru_step}


def autograd_gradients(network):
    """Gradients by HIPS autograd, from a forward pass written separately, and with one-hot rows."""
    gated, params, x, init, y = network
    D, C = params.U.shape[1], len(params.c)
    x = np.eye(D)[x] if x.dtype.kind == "i" else x
    one_hot_y = np.where(y[..., None] == np.arange(C), 1.0, 0.0)  # a row of zeros where y is -1

    def loss(arguments):
        U, W, V, k, c, *state = arguments
        E = 0.0
        for x_t, y_t in zip(x, one_hot_y, strict=True):
            state = STEP[gated](anp.dot(x_t, U.T), W, k, *state)
            q = anp.dot(state[0], V.T) + c
            largest = anp.max(q, axis=-1, keepdims=True)  # shifted, so that one class alone gives exactly 0
            log_sum = anp.log(anp.sum(anp.exp(q - largest), axis=-1, keepdims=True))
            E = E + anp.sum(y_t * (largest + log_sum - q))
        return E

    return gated.Gradients(*autograd.grad(loss)((*params, *init)))


def complex_step_gradients(network):
    """Gradients by the complex step through our forward pass."""
    gated, params, x, init, y = network

    def loss(values):
        q = gated.forward(gated.Params(*values[:5]), x, *values[5:]).q
        return rnn.cross_entropy(q, y).sum()

    return numeric.complex_step(loss, gated.Gradients(*params, *init))


# The equations


@CASES
def test_lstm_forward_is_the_equations_step_by_step(batch):
    _, params, x, state, _ = network = random_network(gates.lstm, 1, batch=batch)
    trace = run(network)
    for t, x_t in enumerate(x):
        np.testing.assert_array_equal(trace.s_prev[t], state[0])
        np.testing.assert_array_equal(trace.cell_prev[t], state[1])
        s, cell = lstm_step(x_t @ params.U.T, params.W, params.k, *state)
        np.testing.assert_allclose(trace.s[t], s, rtol=1e-12)
        np.testing.assert_allclose(trace.cell[t], cell, rtol=1e-12)
        np.testing.assert_allclose(trace.q[t], s @ params.V.T + params.c, rtol=1e-11)
        state = trace.s[t], trace.cell[t]
    np.testing.assert_array_equal(trace.o, rnn.softmax(trace.q))


def test_lstm_names_its_gates_in_the_order_i_f_o_g():
    """One unit whose z is k alone: each block of k shows in the field that it is named after."""
    k = np.array([0.1, -0.2, 0.3, -0.4])
    trace = gates.lstm.forward(
        gates.lstm.Params(np.zeros((4, 1)), np.zeros((4, 1)), np.ones((1, 1)), k, np.zeros(1)),
        np.ones((1, 1)),
        c_init=np.array([0.5]),
    )
    i, f, o = 1 / (1 + np.exp(-k[:3]))
    found = [trace.input_gate, trace.forget_gate, trace.output_gate, trace.candidate, trace.cell, trace.s]
    cell = f * 0.5 + i * np.tanh(-0.4)
    np.testing.assert_allclose(np.ravel(found), [i, f, o, np.tanh(-0.4), cell, o * np.tanh(cell)], rtol=1e-14)


@CASES
def test_gru_forward_is_the_equations_step_by_step(batch):
    _, params, x, (s,), _ = network = random_network(gates.gru, 2, batch=batch)
    trace = run(network)
    for t, x_t in enumerate(x):
        np.testing.assert_array_equal(trace.s_prev[t], s)
        np.testing.assert_allclose(trace.recalled[t], s @ params.W[8:].T, rtol=1e-12)
        (s,) = gru_step(x_t @ params.U.T, params.W, params.k, s)
        np.testing.assert_allclose(trace.s[t], s, rtol=1e-12)
        np.testing.assert_allclose(trace.q[t], s @ params.V.T + params.c, rtol=1e-11)
        s = trace.s[t]
    np.testing.assert_array_equal(trace.o, rnn.softmax(trace.q))


def test_gru_names_its_gates_in_the_order_reset_update_candidate():
    """One unit by hand, with W and U other than 0 in the candidate's block only."""
    k = np.array([0.1, -0.2, 0.3])
    only_candidate = np.array([[0.0], [0.0], [2.0]])
    trace = gates.gru.forward(
        gates.gru.Params(only_candidate, only_candidate, np.ones((1, 1)), k, np.zeros(1)),
        np.array([[0.25]]),
        np.array([0.5]),
    )
    reset, update = 1 / (1 + np.exp(-k[:2]))
    candidate = np.tanh(2 * 0.25 + 0.3 + reset * 2 * 0.5)
    found = [trace.reset, trace.update, trace.recalled, trace.candidate, trace.s]
    s = update * 0.5 + (1 - update) * candidate
    np.testing.assert_allclose(np.ravel(found), [reset, update, 1.0, candidate, s], rtol=1e-14)


def test_an_open_forget_gate_lets_the_error_on_the_cell_through_whole():
    """With W = 0 the cell is the only way back, and its factor is the product of the forget gates."""
    T = 50
    for forget_bias, exact in ((40.0, 1.0), (0.0, 0.5**T)):
        params = gates.lstm.init_params(1, 1, 2, rng=np.random.default_rng(0), forget_bias=forget_bias)
        params = params._replace(U=np.zeros((4, 1)), W=np.zeros((4, 1)))
        trace = gates.lstm.forward(params, np.zeros((T, 1)))
        ds = np.zeros((T, 1))
        ds[-1] = 1
        dc_init = gates.lstm.through_time(params, trace, ds).c_init
        last_step = trace.output_gate[-1] * (1 - np.tanh(trace.cell[-1]) ** 2)  # ds_t/dcell_t
        np.testing.assert_allclose(np.prod(trace.forget_gate), exact, rtol=1e-12)
        np.testing.assert_allclose(dc_init, last_step * exact, rtol=1e-12)


# The gradients


@settings(max_examples=15)
@given(gated=st.sampled_from([*GATED.values()]), T=st.integers(1, 200), **SHAPES)
@example(gated=gates.lstm, T=200, seed=0, batch=(3,), D=4, H=4, C=4, indices=True, masked=True)
@example(gated=gates.gru, T=200, seed=0, batch=(3,), D=4, H=4, C=4, indices=True, masked=True)
def test_backward_equals_autograd(gated, **case):
    network = random_network(gated, **case)
    networks.assert_close(gradients(network), autograd_gradients(network))


@settings(max_examples=15)
@given(gated=st.sampled_from([*GATED.values()]), T=st.integers(1, 30), **SHAPES)
@example(gated=gates.lstm, T=200, seed=0, batch=(2,), D=2, H=2, C=2, indices=False, masked=True)
@example(gated=gates.gru, T=200, seed=0, batch=(2,), D=2, H=2, C=2, indices=False, masked=True)
def test_backward_equals_the_complex_step(gated, **case):
    network = random_network(gated, **case)
    networks.assert_close(gradients(network), complex_step_gradients(network))


@settings(max_examples=20)
@given(
    gated=st.sampled_from([*GATED.values()]),
    T=st.integers(1, 30),
    **(SHAPES | {"batch": st.sampled_from([(1,), (2,), (5,)])}),
)
def test_batch_equals_the_sum_over_single_sequences(gated, **case):
    network = random_network(gated, **case)
    whole = gradients(network)
    alone = [
        gradients(network._replace(x=network.x[:, b], init=[s[b] for s in network.init], y=network.y[:, b]))
        for b in range(network.y.shape[1])
    ]
    weights = [sum(parts) for parts in zip(*(grads[:5] for grads in alone), strict=True)]
    init = [np.stack(parts) for parts in zip(*(grads[5:] for grads in alone), strict=True)]
    networks.assert_close(gated.Gradients(*weights, *init), whole)


@BOTH
@CASES
def test_indices_equal_one_hot_rows(gated, batch):
    network = random_network(gated, 6, T=20, batch=batch, D=6, indices=True)
    one_hot = network._replace(x=np.eye(6)[network.x])
    networks.assert_close(gradients(network), gradients(one_hot), rtol=1e-12)
    ds = np.random.default_rng(0).normal(size=run(network).s.shape)
    by_index, by_row = (gated.through_time(network.params, run(n), ds) for n in (network, one_hot))
    networks.assert_close(by_index, by_row, rtol=1e-12)


@BOTH
@CASES
def test_through_time_for_any_loss_on_the_states(gated, batch):
    """A loss Σ r_t · s_t with random r, whose immediate derivative is r, by the complex step."""
    network = random_network(gated, 8, T=5, batch=batch)
    r = np.random.default_rng(8).normal(size=(5, *batch, 4))
    U, W, V, k, c = network.params

    def loss(values):
        U, W, k, *init, x = values
        return (r * gated.forward(gated.Params(U, W, V, k, c), x, *init).s).sum()

    theirs = numeric.complex_step(loss, gated.ThroughTime(U, W, k, *network.init, network.x))
    networks.assert_close(gated.through_time(network.params, run(network), r), theirs, rtol=1e-11)


@BOTH
@CASES
@INDICES
def test_through_time_of_the_losses_own_errors_is_backward(gated, batch, indices):
    network = random_network(gated, 9, batch=batch, indices=indices)
    trace = run(network)
    ds = rnn.error_at_logits(trace.o, network.y) @ network.params.V
    *through, _ = gated.through_time(network.params, trace, ds)
    U, W, _, k, _, *init = gated.backward(network.params, trace, network.y)
    for found, expected in zip(through, (U, W, k, *init), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)


@BOTH
def test_without_a_target_there_is_no_gradient(gated):
    network = random_network(gated, 9)
    assert all(not gradient.any() for gradient in gradients(network._replace(y=np.full(7, -1))))


# What comes in goes out


@BOTH
@CASES
@INDICES
def test_float32_stays_float32(gated, batch, indices):
    network = random_network(gated, 10, batch=batch, indices=indices)
    params = gated.Params(*map(single, network.params))
    x = network.x if indices else single(network.x)
    for init in ((), tuple(map(single, network.init))):
        trace = gated.forward(params, x, *init)
        results = [*trace[1:], *gated.backward(params, trace, network.y)]
        results += gated.through_time(params, trace, trace.s)
        assert {result.dtype for result in results} == {np.dtype(np.float32)}


@BOTH
def test_float32_is_float64_rounded(gated):
    network = random_network(gated, 11, T=30, batch=(3,))
    rounded = network._replace(
        params=gated.Params(*map(single, network.params)),
        x=single(network.x),
        init=tuple(map(single, network.init)),
    )
    networks.assert_close(gradients(rounded), gradients(network), rtol=1e-4)


@BOTH
def test_every_input_may_be_complex(gated):
    """A complex x or initial state beside real weights, as in a complex step on that one alone."""
    network = random_network(gated, 12, batch=(2,))
    real = run(network)
    lifted = [network._replace(x=network.x + 0j)]
    for position, s in enumerate(network.init):
        init = (*network.init[:position], s + 0j, *network.init[position + 1 :])
        lifted.append(network._replace(init=init))
    for case in lifted:
        trace = run(case)
        assert {value.dtype for value in trace[1:]} == {np.dtype(complex)}
        np.testing.assert_allclose(trace.q, real.q, rtol=1e-12)


def test_lists_are_taken_as_arrays():
    params = gates.gru.Params(U=[[0.5]] * 3, W=[[0.9]] * 3, V=[[1.0], [-1.0]], k=[0.1] * 3, c=[0.0, 0.0])
    trace = gates.gru.forward(params, [[1.0], [-0.5]], [0.25])
    assert gates.gru.backward(params, trace, [-1, 0]).W.shape == (3, 1)


@BOTH
@INDICES
def test_nothing_is_changed_in_place(gated, indices):
    network = random_network(gated, 13, batch=(2,), indices=indices)
    trace = run(network)
    ds = np.ones_like(trace.s)
    given_arrays = [*network.params, network.x, *network.init, network.y, *trace, ds]
    before = [array.copy() for array in given_arrays]
    run(network)
    gated.backward(network.params, trace, network.y)
    gated.through_time(network.params, trace, ds)
    for old, new in zip(before, given_arrays, strict=True):
        np.testing.assert_array_equal(old, new)


@BOTH
def test_initial_states_are_zeros_unless_given(gated):
    network = random_network(gated, 14, batch=(2,))
    zeros = network._replace(init=tuple(np.zeros_like(s) for s in network.init))
    np.testing.assert_array_equal(gated.forward(network.params, network.x).s, run(zeros).s)


@BOTH
def test_the_initial_state_is_the_hidden_one(gated):
    network = random_network(gated, 15, batch=(2,))
    trace = run(network)
    np.testing.assert_array_equal(trace.s_init, network.init[0])
    np.testing.assert_array_equal(trace.s_prev[0], network.init[0])
    np.testing.assert_array_equal(trace.s_prev[1:], trace.s[:-1])
    if gated is gates.lstm:
        np.testing.assert_array_equal(trace.c_init, network.init[1])
        np.testing.assert_array_equal(trace.cell_prev[0], network.init[1])
        np.testing.assert_array_equal(trace.cell_prev[1:], trace.cell[:-1])


@BOTH
def test_overflow_comes_out_as_nan_without_a_warning(gated):
    network = random_network(gated, 16, T=20)
    U, W, *_ = network.params
    # The input gives ∞ and the state -∞, in whatever order a product adds up: together nan.
    huge = network.params._replace(U=np.full_like(U, 1e308), W=np.full_like(W, -1e308))
    init = tuple(100 * np.abs(s) for s in network.init)
    network = network._replace(params=huge, x=1 + np.abs(network.x), init=init)
    trace = run(network)
    assert np.isnan(trace.s).any()
    assert np.isnan(rnn.cross_entropy(trace.q, network.y)).any()
    assert np.isnan(gradients(network).W).any()
    assert np.isnan(gated.through_time(huge, trace, trace.s).W).any()


@BOTH
def test_an_error_that_grows_beyond_all_floats_gives_no_warning(gated):
    network = random_network(gated, 18, masked=False)
    trace = run(network)
    params = network.params._replace(V=1e200 * network.params.V, W=1e200 * network.params.W)
    assert not np.isfinite(gated.backward(params, trace, network.y).W).all()
    assert not np.isfinite(gated.through_time(params, trace, 1e200 * trace.s).W).all()


@BOTH
def test_gates_that_are_shut_or_open_for_good_give_no_warning(gated):
    network = random_network(gated, 17)
    for size in (-1e4, 1e4):  # e^1e4 is inf
        params = network.params._replace(k=np.full_like(network.params.k, size))
        assert np.isfinite(gradients(network._replace(params=params)).W).all()


# Initial weights


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_init_params_shapes_dtype_and_reproducible(gated, dtype):
    one, two = (gated.init_params(3, 5, 2, rng=np.random.default_rng(0), dtype=dtype) for _ in range(2))
    stacked = 5 * BLOCKS[gated]
    assert [weight.shape for weight in one] == [(stacked, 3), (stacked, 5), (2, 5), (stacked,), (2,)]
    assert {weight.dtype for weight in one} == {np.dtype(dtype)}
    assert not one.c.any()
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@BOTH
def test_init_params_fills_its_range(gated):
    params = gated.init_params(25, 100, 30, rng=np.random.default_rng(0))
    for weight, limit in ((params.U, 1 / 5), (params.W, 1 / 10), (params.V, 1 / 10)):
        assert 0.95 * limit < np.abs(weight).max() <= limit
        assert abs(weight.mean()) < 0.1 * limit


@pytest.mark.parametrize("forget_bias", [None, 0, -2.5, np.float32(3)])
def test_only_the_forget_gate_has_a_bias_at_first(forget_bias):
    given_bias = {} if forget_bias is None else {"forget_bias": forget_bias}
    k = gates.lstm.init_params(2, 3, 2, rng=np.random.default_rng(0), **given_bias).k
    np.testing.assert_array_equal(k, np.repeat([0, 1.0 if forget_bias is None else forget_bias, 0, 0], 3))
    assert not gates.gru.init_params(2, 3, 2, rng=np.random.default_rng(0)).k.any()


# Bad input


NETWORK = {gated: random_network(gated, 0, T=6, D=3, H=4, C=2) for gated in GATED.values()}
BATCH = random_network(gates.lstm, 0, T=6, batch=(5,), D=3, H=4, C=2)
RNN_PARAMS = test_arguments.PARAMS

FORWARD = {  # name of the argument, error, and the arguments that differ; N is the number of blocks times H
    "params of rnn": ("params", TypeError, lambda p, N: {"params": RNN_PARAMS}),
    "params a tuple": ("params", TypeError, lambda p, N: {"params": tuple(p)}),
    "U of one block": ("params.U", ValueError, lambda p, N: {"params": p._replace(U=p.U[:4])}),
    "U without columns": ("params.U", ValueError, lambda p, N: {"params": p._replace(U=np.ones((N, 0)))}),
    "W of one block": ("params.W", ValueError, lambda p, N: {"params": p._replace(W=p.W[:4])}),
    "W a row short": ("params.W", ValueError, lambda p, N: {"params": p._replace(W=p.W[1:])}),
    "W a row too many": ("params.W", ValueError, lambda p, N: {"params": p._replace(W=np.ones((N + 1, 4)))}),
    "W transposed": ("params.W", ValueError, lambda p, N: {"params": p._replace(W=p.W.T)}),
    "W empty": ("params.W", ValueError, lambda p, N: {"params": p._replace(W=np.ones((0, 0)))}),
    "V stacked": ("params.V", ValueError, lambda p, N: {"params": p._replace(V=np.ones((2, N)))}),
    "k of one block": ("params.k", ValueError, lambda p, N: {"params": p._replace(k=p.k[:4])}),
    "k would broadcast": ("params.k", ValueError, lambda p, N: {"params": p._replace(k=np.ones(1))}),
    "c would broadcast": ("params.c", ValueError, lambda p, N: {"params": p._replace(c=np.ones(1))}),
    "W inf": ("params.W", ValueError, lambda p, N: {"params": p._replace(W=put(p.W, (0, 0), INF))}),
    "k nan": ("params.k", ValueError, lambda p, N: {"params": p._replace(k=put(p.k, 0, NAN))}),
    "W integers": ("params.W", TypeError, lambda p, N: {"params": p._replace(W=np.ones((N, 4), int))}),
    "W single": ("params.W", TypeError, lambda p, N: {"params": p._replace(W=single(p.W))}),
    "x one axis": ("x", ValueError, lambda p, N: {"x": np.ones(3)}),
    "x other D": ("x", ValueError, lambda p, N: {"x": np.ones((6, 2))}),
    "x D of one would broadcast": ("x", ValueError, lambda p, N: {"x": np.ones((6, 1))}),
    "x T = 0": ("x", ValueError, lambda p, N: {"x": np.ones((0, 3))}),
    "x nan": ("x", ValueError, lambda p, N: {"x": put(np.ones((6, 3)), (5, 0), NAN)}),
    "x single": ("x", TypeError, lambda p, N: {"x": np.ones((6, 3), np.float32)}),
    "x None": ("x", TypeError, lambda p, N: {"x": None}),
    "x index too large": ("x", ValueError, lambda p, N: {"x": np.array([0, 1, 3])}),
    "x no indices": ("x", ValueError, lambda p, N: {"x": np.zeros(0, int)}),
}  # fmt: skip

BAD_INIT = {  # for s_init and for c_init
    "stacked": (ValueError, np.ones(16)),
    "of one would broadcast": (ValueError, np.ones(1)),
    "a number": (ValueError, 0.0),
    "of a batch": (ValueError, np.ones((1, 4))),
    "nan": (ValueError, np.array([1, 2, NAN, 4])),
    "integers": (TypeError, np.zeros(4, int)),
    "single": (TypeError, np.zeros(4, np.float32)),
    "both at once": (ValueError, (np.ones(4), np.ones(4))),
}

BAD_TRACES = {  # name of the argument, error, and what stands in the place of a good trace
    "a tuple": ("trace", TypeError, tuple),
    "None": ("trace", TypeError, lambda trace: None),
    "of rnn": ("trace", TypeError, lambda trace: test_arguments.TRACE),
    "of other H": ("trace.s", ValueError, lambda trace: trace._replace(s=trace.s[:, :3])),
    "with a shorter s_prev": ("trace.s_prev", ValueError, lambda trace: trace._replace(s_prev=trace.s[1:])),
    "with a list": ("trace.candidate", TypeError, lambda trace: trace._replace(candidate=[0.0])),
    "with a shorter candidate": (
        "trace.candidate", ValueError, lambda trace: trace._replace(candidate=trace.candidate[1:]),
    ),
    "of other C": ("trace.o", ValueError, lambda trace: trace._replace(o=np.ones((6, 3)))),
    "of other D": ("trace.x", ValueError, lambda trace: trace._replace(x=np.ones((6, 2)))),
    "with single o": ("trace.o", TypeError, lambda trace: trace._replace(o=single(trace.o))),
}  # fmt: skip

OTHERS = {
    "init D 0": ("D", ValueError, {"D": 0}),
    "init H a float": ("H", TypeError, {"H": 2.0}),
    "init C negative": ("C", ValueError, {"C": -1}),
    "init rng a seed": ("rng", TypeError, {"rng": 0}),
    "init dtype integer": ("dtype", TypeError, {"dtype": int}),
}


@BOTH
@pytest.mark.parametrize("row", FORWARD)
def test_forward_refuses(gated, row):
    _, params, x, init, _ = NETWORK[gated]
    name, error, changed = FORWARD[row]
    good = {"params": params, "x": x} | dict(zip(INIT[gated], init, strict=True))
    gated.forward(**good)
    assert_refused(name, error, lambda: gated.forward(**good | changed(params, len(params.W))))


@pytest.mark.parametrize(
    ("gated", "name"),
    [(gates.lstm, "s_init"), (gates.lstm, "c_init"), (gates.gru, "s_init")],
    ids=["lstm s_init", "lstm c_init", "gru s_init"],
)
@pytest.mark.parametrize("row", BAD_INIT)
def test_forward_refuses_an_initial_state(gated, name, row):
    error, value = BAD_INIT[row]
    assert_refused(
        name, error, lambda: gated.forward(NETWORK[gated].params, NETWORK[gated].x, **{name: value})
    )


@pytest.mark.parametrize("name", INIT[gates.lstm])
def test_an_initial_state_of_one_sequence_is_not_broadcast_over_a_batch(name):
    assert_refused(name, ValueError, lambda: gates.lstm.forward(BATCH.params, BATCH.x, **{name: np.ones(4)}))


@BOTH
@pytest.mark.parametrize("row", test_arguments.BAD_TARGETS)
def test_backward_refuses_targets(gated, row):
    error, y = test_arguments.BAD_TARGETS[row]
    params, trace = NETWORK[gated].params, run(NETWORK[gated])
    gated.backward(params, trace, test_arguments.Y)
    assert_refused("y", error, lambda: gated.backward(params, trace, y))


@BOTH
@pytest.mark.parametrize("call", ["backward", "through_time"])
@pytest.mark.parametrize("row", BAD_TRACES)
def test_backward_refuses_a_trace_of_another_network(gated, call, row):
    name, error, change = BAD_TRACES[row]
    params, trace, y = NETWORK[gated].params, run(NETWORK[gated]), NETWORK[gated].y
    last = y if call == "backward" else np.ones((6, 4))
    getattr(gated, call)(params, trace, last)
    assert_refused(name, error, lambda: getattr(gated, call)(params, change(trace), last))


@BOTH
def test_every_state_of_the_trace_is_held_against_the_others(gated):
    params, trace, y = NETWORK[gated].params, run(NETWORK[gated]), NETWORK[gated].y
    states = [name for name, value in trace._asdict().items() if value.shape == (6, 4)]
    assert len(states) == {gates.lstm: 8, gates.gru: 6}[gated]
    for name in states:
        broadcastable = trace._replace(**{name: np.ones((6, 1))})
        with pytest.raises(ValueError, match=rf"^trace\.{'s' if name == 's' else ''}"):
            gated.backward(params, broadcastable, y)


@BOTH
@pytest.mark.parametrize(
    ("error", "ds"),
    [
        (ValueError, np.ones((5, 4))),
        (ValueError, np.ones((1, 4))),
        (ValueError, put(np.ones((6, 4)), (0, 0), NAN)),
        (TypeError, np.ones((6, 4), int)),
        (TypeError, np.ones((6, 4), np.float32)),
    ],
    ids=["shorter", "would broadcast", "nan", "integers", "single"],
)
def test_through_time_refuses_errors(gated, error, ds):
    params, trace = NETWORK[gated].params, run(NETWORK[gated])
    assert_refused("ds", error, lambda: gated.through_time(params, trace, ds))


@BOTH
@pytest.mark.parametrize("row", OTHERS)
def test_init_params_refuses(gated, row):
    name, error, changed = OTHERS[row]
    good = {"D": 3, "H": 4, "C": 2, "rng": np.random.default_rng(0)}
    assert_refused(name, error, lambda: gated.init_params(**good | changed))


@pytest.mark.parametrize(("error", "value"), [(TypeError, "1"), (TypeError, None), (ValueError, NAN)])
def test_lstm_init_params_refuses_a_forget_bias(error, value):
    rng = np.random.default_rng(0)
    assert_refused("forget_bias", error, lambda: gates.lstm.init_params(3, 4, 2, rng=rng, forget_bias=value))


def test_shape_error_says_how_many_blocks_are_stacked():
    params = NETWORK[gates.lstm].params
    message = r"^params.k: expected shape \(4H\) with H = 4 as in params.W, got \(4,\)$"
    with pytest.raises(ValueError, match=message):
        gates.lstm.forward(params._replace(k=params.k[:4]), np.ones((6, 3)))
