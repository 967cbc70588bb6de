"""gates: what of the last step's error gets back, against the sweep, autograd's shares and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_helpers import gates, rnn
from bptt_helpers.gates import gru, lstm


def case(network, T, H, seed, scale=1.0, forget_bias=1.0):
    """params with all weights scaled, a trace with states and inputs that are not 0, an error."""
    rng = np.random.default_rng(seed)
    extra = {"forget_bias": forget_bias} if network is lstm else {}
    params = network.init_params(3, H, 2, rng=rng, **extra)
    params = params._replace(W=scale * params.W)
    initial = [rng.normal(size=H) for _ in range(2 if network is lstm else 1)]
    return params, network.forward(params, rng.normal(size=(T, 3)), *initial), rng.normal(size=H)


shapes = given(T=st.integers(1, 12), H=st.integers(1, 5), seed=st.integers(0, 999))


@settings(max_examples=40)
@shapes
def test_the_plain_step_taken_T_times_is_the_sweep(T, H, seed):
    params, trace, _ = case(lstm, T, H, seed)
    ds = np.random.default_rng(seed + 1).normal(size=(T, H))
    wanted = lstm.through_time(params, trace, ds)
    from_future, dcell, dU, dW = np.zeros(H), np.zeros(H), 0, 0
    for t in reversed(range(T)):
        step = gates.lstm_backward_step(
            ds[t] + from_future, dcell, trace.input_gate[t], trace.forget_gate[t], trace.output_gate[t],
            trace.candidate[t], trace.cell[t], trace.cell_prev[t], params.W,
        )  # fmt: skip
        from_future, dcell = step.s, step.cell
        dU = dU + np.outer(step.dz, trace.x[t])
        dW = dW + np.outer(step.dz, trace.s_prev[t])
    for ours, theirs in (
        (dU, wanted.U),
        (dW, wanted.W),
        (from_future, wanted.s_init),
        (dcell, wanted.c_init),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@settings(max_examples=40)
@shapes
@pytest.mark.parametrize("network", [lstm, gru])
def test_sizes_are_those_of_the_gradient_by_what_is_handed_on(network, T, H, seed):
    """What step t hands on is the start of the steps after it: dE/d(s_init, c_init) of the rest."""
    params, trace, error = case(network, T, H, seed)
    sizes = gates.log10_error_sizes(params, trace, error)
    assert sizes.shape == (T,)
    assert sizes[-1] == pytest.approx(np.log10(np.linalg.norm(error)))
    for t in range(T - 1):
        initial = [trace.s[t], trace.cell[t]] if network is lstm else [trace.s[t]]
        rest = network.forward(params, trace.x[t + 1 :], *initial)
        ds = np.zeros_like(rest.s)
        ds[-1] = error
        grads = network.through_time(params, rest, ds)
        parts = [grads.s_init, grads.c_init] if network is lstm else [grads.s_init]
        assert sizes[t] == pytest.approx(np.log10(np.linalg.norm(np.concatenate(parts))), abs=1e-9)


@pytest.mark.parametrize("network", [lstm, gru])
def test_sizes_beyond_all_floats(network):
    params, trace, error = case(network, 2000, 4, 0, scale=1e-3, forget_bias=-2.0)
    sizes = gates.log10_error_sizes(params, trace, error)
    assert np.isfinite(sizes).all()
    assert sizes[0] < -330  # no float is so small
    larger = gates.log10_error_sizes(params, trace, 1e200 * error)
    np.testing.assert_allclose(larger - sizes, 200, atol=1e-9)
    assert (gates.log10_error_sizes(params, trace, 0 * error) == -np.inf).all()


def test_kept_is_the_product_of_later_gates():
    _, trace, _ = case(lstm, 7, 3, 1)
    kept = gates.log10_kept(trace)
    for t in range(7):
        np.testing.assert_allclose(10 ** kept[t], trace.forget_gate[t + 1 :].prod(axis=0), rtol=1e-12)
    _, trace, _ = case(gru, 7, 3, 1)
    np.testing.assert_allclose(10 ** gates.log10_kept(trace)[2], trace.update[3:].prod(axis=0), rtol=1e-12)
    assert (gates.log10_kept(trace)[-1] == 0).all()


def test_along_the_cell_alone_the_error_is_multiplied_by_the_forget_gates_and_nothing_else():
    """With W = 0 nothing else leads back: the cell's error is exactly the direct way."""
    params, trace, error = case(lstm, 9, 3, 5, scale=0.0)
    sizes = gates.log10_error_sizes(params, trace, error)
    at_the_cell = error * trace.output_gate[-1] * (1 - np.tanh(trace.cell[-1]) ** 2)
    kept = gates.log10_kept(trace)
    for t in range(8):
        assert sizes[t] == pytest.approx(np.log10(np.linalg.norm(at_the_cell * 10 ** kept[t])), abs=1e-9)


def test_a_bad_argument_is_named():
    params, trace, error = case(lstm, 4, 3, 0)
    with pytest.raises(ValueError, match=r"^error: expected shape \(3,\)"):
        gates.log10_error_sizes(params, trace, error[:2])
    with pytest.raises(TypeError, match=r"^error\b"):
        gates.log10_error_sizes(params, trace, [1, 2, 3])
    plain = rnn.forward(rnn.init_params(2, 3, 2, rng=np.random.default_rng(0)), np.zeros((4, 2)))
    for call in (lambda: gates.log10_kept(plain), lambda: gates.log10_error_sizes(params, plain, error)):
        with pytest.raises(TypeError, match=r"^trace: expected gates\.lstm\.Trace or gates\.gru\.Trace"):
            call()
    batch = lstm.forward(params, np.zeros((4, 2, 3)))
    with pytest.raises(ValueError, match=r"^trace: expected a single sequence"):
        gates.log10_error_sizes(params, batch, error)


@settings(max_examples=30)
@shapes
def test_blame_is_the_gradient_by_W_where_it_is_used_once(T, H, seed):
    """With W used from step k on, less with W used from step k + 1 on."""
    for network in (lstm, gru):
        params, trace, _ = case(network, T, H, seed)
        y = np.random.default_rng(seed + 2).integers(-1, 2, size=T)
        norms = gates.blame_norms(params, trace, y)
        for t in range(T):
            only_t = np.where(np.arange(T) == t, y, -1)
            totals = []
            for k in range(T + 1):
                before = [trace.s_prev[k]] if k < T else []
                before += [trace.cell_prev[k]] if k < T and network is lstm else []
                rest = network.forward(params, trace.x[k:], *before) if k < T else None
                totals.append(0 if rest is None else network.backward(params, rest, only_t[k:]).W)
            for k in range(T):
                alone = np.linalg.norm(totals[k] - totals[k + 1])
                assert norms[t, k] == pytest.approx(alone, rel=1e-8, abs=1e-12)
                assert k <= t or norms[t, k] == 0


def test_blame_names_a_bad_argument():
    params, trace, _ = case(lstm, 4, 3, 0)
    with pytest.raises(ValueError, match=r"^y: "):
        gates.blame_norms(params, trace, [0, 1])
    plain = rnn.forward(rnn.init_params(3, 4, 2, rng=np.random.default_rng(0)), np.zeros((3, 3)))
    with pytest.raises(TypeError, match=r"^trace: "):
        gates.blame_norms(params, plain, [0, 1, 0])


@pytest.mark.parametrize("network", [lstm, gru])
def test_float32_stays_float32(network):
    rng = np.random.default_rng(0)
    params = network.init_params(2, 3, 2, rng=rng, dtype=np.float32)
    trace = network.forward(params, rng.normal(size=(6, 2)).astype(np.float32))
    error = np.ones(3, np.float32)
    assert gates.log10_error_sizes(params, trace, error).dtype == np.float32
    assert gates.blame_norms(params, trace, np.zeros(6, int)).dtype == np.float32


@pytest.mark.parametrize("network", [lstm, gru])
def test_blame_norms_do_not_vanish_before_the_blame_does(network):
    params, trace, _ = case(network, 8, 4, 1)
    y = np.full(8, -1)
    y[-1] = 0
    tiny = params._replace(V=params.V * 1e-175)
    np.testing.assert_allclose(
        gates.blame_norms(tiny, trace, y), 1e-175 * gates.blame_norms(params, trace, y), rtol=1e-9
    )


def test_an_error_of_another_dtype_is_named():
    params, trace, error = case(lstm, 4, 3, 0)
    with pytest.raises(TypeError, match=r"^error: expected float64"):
        gates.log10_error_sizes(params, trace, error.astype(np.float32))
