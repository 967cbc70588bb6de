"""flow: influence, blame and error_reaching against the complex step; truncation; forward in time."""

import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_helpers import flow, rnn

FUNCS = pytest.mark.parametrize("func", rnn.FUNCTIONS)


def untied_loss(network, t, copies, nudge=None):
    """E_t of a network with its own copy of W at every step; nudge = (k, value) is added to the state s_k."""
    params, x, s, y, func = network
    for step in range(t + 1):
        s = rnn.activate(params.U @ x[step] + copies[step] @ s + params.k + 0j, func)
        if nudge is not None and nudge[0] == step:
            s = s + nudge[1]
    q = params.V @ s + params.c
    return rnn.cross_entropy(q[None], y[t : t + 1])[0], s


@FUNCS
def test_blame_is_the_gradient_of_one_copy_of_W(func):
    T = 4
    network = networks.random_network(1, T=T, H=3, func=func)
    C = flow.blame(network.params, networks.run(network), network.y)
    assert C.shape == (T, T, 3, 3)
    expected = np.zeros_like(C)
    for t in range(T):
        for k in range(T):
            for entry in np.ndindex(3, 3):
                copies = [network.params.W.astype(complex) for _ in range(T)]
                copies[k][entry] += 1e-30j
                expected[t, k][entry] = untied_loss(network, t, copies)[0].imag / 1e-30
    np.testing.assert_allclose(C, expected, rtol=1e-10, atol=1e-14)


@FUNCS
def test_error_reaching_and_influence_are_what_a_nudge_to_a_state_does(func):
    T = 5
    network = networks.random_network(2, T=T, H=3, func=func)
    trace = networks.run(network)
    G = flow.error_reaching(network.params, trace, network.y)
    J = flow.influence(network.params, trace)
    assert G.shape == (T, T, 3)
    assert J.shape == (T, T, 3, 3)
    copies = [network.params.W] * T
    for t in range(T):
        for k in range(T):
            for unit in range(3):
                E, s = untied_loss(network, t, copies, nudge=(k, 1e-30j * np.eye(3)[unit]))
                assert G[t, k, unit] == pytest.approx(E.imag / 1e-30, rel=1e-10, abs=1e-14)
                np.testing.assert_allclose(J[t, k, :, unit], s.imag / 1e-30, rtol=1e-10, atol=1e-14)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    T=st.integers(1, 40),
    D=st.integers(1, 4),
    H=st.integers(1, 4),
    C=st.integers(1, 4),
    func=st.sampled_from(rnn.FUNCTIONS),
    indices=st.booleans(),
)
def test_blame_sums_to_backward_and_agrees_with_error_reaching_and_influence(**case):
    network = networks.random_network(**case)
    params, trace = network.params, networks.run(network)
    J = flow.influence(params, trace)  # (T, T, H, H)
    G = flow.error_reaching(params, trace, network.y)  # (T, T, H)
    C = flow.blame(params, trace, network.y)  # (T, T, H, H)
    dW = rnn.backward(params, trace, network.y).W
    np.testing.assert_allclose(C.sum(axis=(0, 1)), dW, rtol=0, atol=1e-10 * np.abs(dW).max())

    ds = rnn.error_at_logits(trace.o, network.y) @ params.V  # (T, H)
    np.testing.assert_allclose(np.einsum("tj,tkji->tki", ds, J), G, rtol=1e-9, atol=1e-12)
    dz = G * rnn.slope(trace.s, trace.func)
    np.testing.assert_allclose(np.einsum("tki,kj->tkij", dz, trace.s_prev), C, rtol=1e-12, atol=1e-300)

    norms = flow.blame_norms(params, trace, network.y)
    np.testing.assert_allclose(norms, np.linalg.norm(C, axis=(-2, -1)), rtol=1e-12)

    later = np.triu_indices(case["T"], k=1)  # k > t: an error has no past in its future
    assert not J[later].any()
    assert not G[later].any()
    assert not C[later].any()


@pytest.mark.parametrize("indices", [False, True], ids=["floats", "indices"])
@pytest.mark.parametrize("kind", ["window", "chunk"])
@pytest.mark.parametrize("steps", [1, 2, 3, 5, 10, 11, 12, 10**12])
@FUNCS
def test_truncated_is_the_masked_sum_of_blame(kind, steps, func, indices):
    T = 11
    network = networks.random_network(3, T=T, func=func, indices=indices)
    params, trace = network.params, networks.run(network)
    ours = flow.truncated(params, trace, network.y, **{kind: steps})
    t, k = np.indices((T, T))
    kept = t - k < steps if kind == "window" else t // steps == k // steps

    C = flow.blame(params, trace, network.y)
    G = flow.error_reaching(params, trace, network.y)
    reaching = (G * rnn.slope(trace.s, func) * kept[..., None]).sum(axis=0)  # (T, H)  what remains of dE/dz_k
    x = np.eye(3)[network.x] if indices else network.x
    whole = rnn.backward(params, trace, network.y)
    expected = rnn.Gradients(
        U=reaching.T @ x,
        W=C[kept].sum(axis=0),
        V=whole.V,
        k=reaching.sum(axis=0),
        c=whole.c,
        s_init=reaching[0] @ params.W,
    )
    networks.assert_close(ours, expected, rtol=1e-10)


@pytest.mark.parametrize("kind", ["window", "chunk"])
@pytest.mark.parametrize("batch", [(), (3,)], ids=["single", "batch"])
def test_truncated_at_the_length_or_beyond_is_backward(kind, batch):
    network = networks.random_network(4, T=12, batch=batch, masked=False)
    trace = networks.run(network)
    whole = rnn.backward(network.params, trace, network.y)
    for steps in (12, 13, 1000):
        ours = flow.truncated(network.params, trace, network.y, **{kind: steps})
        networks.assert_close(ours, whole, rtol=1e-12)
    shorter = flow.truncated(network.params, trace, network.y, **{kind: 11})
    assert np.abs(shorter.W - whole.W).max() > 1e-6


@pytest.mark.parametrize("kind", ["window", "chunk"])
@pytest.mark.parametrize("steps", [1, 3, 4])
def test_truncated_batch_is_the_sum_over_single_sequences(kind, steps):
    network = networks.random_network(5, T=10, batch=(3,))
    params, x, s_init, y, func = network
    whole = flow.truncated(params, networks.run(network), y, **{kind: steps})
    alone = [
        flow.truncated(params, rnn.forward(params, x[:, b], s_init[b], func), y[:, b], **{kind: steps})
        for b in range(3)
    ]
    summed = rnn.Params(*(sum(parts) for parts in zip(*(grads[:5] for grads in alone), strict=True)))
    networks.assert_close(rnn.Params(*whole[:5]), summed, rtol=1e-12)
    np.testing.assert_allclose(whole.s_init, [grads.s_init for grads in alone], rtol=1e-10, atol=1e-14)


def test_window_and_chunk_are_different_gradients():
    network = networks.random_network(6, T=10)
    trace = networks.run(network)
    window = flow.truncated(network.params, trace, network.y, window=3)
    chunk = flow.truncated(network.params, trace, network.y, chunk=3)
    assert np.abs(window.W - chunk.W).max() > 1e-3 * np.abs(chunk.W).max()


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    T=st.integers(1, 60),
    D=st.integers(1, 4),
    H=st.integers(1, 5),
    func=st.sampled_from(rnn.FUNCTIONS),
    indices=st.booleans(),
)
def test_forward_in_time_equals_backward(**case):
    network = networks.random_network(**case)
    trace = networks.run(network)
    networks.assert_close(
        flow.forward_in_time(network.params, trace, network.y),
        rnn.backward(network.params, trace, network.y),
        rtol=1e-10,
    )


@FUNCS
def test_float32_stays_float32(func):
    network = networks.random_network(7, func=func)
    params = rnn.Params(*(weight.astype(np.float32) for weight in network.params))
    trace = rnn.forward(params, network.x.astype(np.float32), func=func)
    results = [flow.influence(params, trace)]
    for call in (flow.error_reaching, flow.blame, flow.blame_norms):
        results.append(call(params, trace, network.y))
    results += flow.truncated(params, trace, network.y, window=3)
    results += flow.truncated(params, trace, network.y, chunk=3)
    results += flow.forward_in_time(params, trace, network.y)
    assert {result.dtype for result in results} == {np.dtype(np.float32)}


def test_overflow_comes_out_without_a_warning():
    network = networks.random_network(8, T=40, func="identity")
    params = network.params._replace(W=1e200 * np.ones((4, 4)))
    trace = rnn.forward(params, network.x, network.s_init, "identity")
    for call in (flow.error_reaching, flow.blame):
        assert not np.isfinite(call(params, trace, network.y)).all()
    assert not np.isfinite(flow.influence(params, trace)).all()
    for grads in (
        flow.truncated(params, trace, network.y, window=30),
        flow.truncated(params, trace, network.y, chunk=30),
        flow.forward_in_time(params, trace, network.y),
    ):
        assert not np.isfinite(grads.W).all()


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e-20), (np.float64, 1e-170)])
def test_blame_norms_are_those_of_blame_where_squares_leave_the_floats(dtype, size):
    network = networks.random_network(3, T=6, masked=False)
    params = network.params._replace(V=network.params.V * size)
    params = rnn.Params(*(weight.astype(dtype) for weight in params))
    trace = rnn.forward(params, network.x.astype(dtype), network.s_init.astype(dtype))
    blame = flow.blame(params, trace, network.y).astype(np.longdouble)
    wanted = np.sqrt((blame**2).sum(axis=(2, 3)))
    assert wanted[-1].min() > 0
    np.testing.assert_allclose(
        flow.blame_norms(params, trace, network.y), wanted, rtol=1e3 * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("field", ["W", "V"])
def test_weights_that_are_complex_after_the_trace_was_made_make_complex_gradients(field):
    network = networks.random_network(5, T=5)
    trace = networks.run(network)
    lifted = network.params._replace(**{field: getattr(network.params, field) + 1e-30j})
    cuts = np.array([False, True, False, False, False])
    calls = {
        "chunk": lambda params: flow.truncated(params, trace, network.y, chunk=5),
        "window": lambda params: flow.truncated(params, trace, network.y, window=5),
        "backward": lambda params: rnn.backward(params, trace, network.y),
        "forward": lambda params: flow.forward_in_time(params, trace, network.y),
    }
    found = {name: call(lifted) for name, call in calls.items()}
    for name, gradients in found.items():
        for mine, wanted in zip(gradients, found["backward"], strict=True):
            assert mine.dtype == wanted.dtype, name
            np.testing.assert_allclose(mine.imag, wanted.imag, rtol=1e-9, atol=1e-42, err_msg=name)
    assert flow.blame(lifted, trace, network.y).dtype == complex
    assert flow.randomly_truncated(lifted, trace, network.y, cuts, 0.3).W.dtype == complex
    assert flow.influence(lifted, trace).dtype == complex
