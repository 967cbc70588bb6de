"""Where gradients go: every error followed back to every step, truncated, or carried forward instead.

Untie the copies of W in time: W^(k) is the copy used at step k, so that dE/dW = Σ_t Σ_k dE_t/dW^(k). Then

error_reaching   G[t, k] = dE_t/ds_k       how much of the error at step t reaches the state at step k
blame            C[t, k] = dE_t/dW^(k)     what that error wants of the copy used there
blame_norms      ‖C[t, k]‖                 how much it wants, without building C
influence        J[t, k] = ds_t/ds_k       what a nudge to state k does to state t
truncated        Σ C[t, k] over the (t, k) that a truncation keeps, without building C
forward_in_time  the same gradient as rnn.backward, carried forward in time

All but the last two hold T² blocks; truncated alone takes batches too, for it is what trains.
Derivatives with respect to a state are total from there on: everything after step k moves with s_k.
"""

import numpy as np

from bptt_helpers import arguments, recurrent, rnn


def influence(params, trace):
    """J[t, k] = ds_t/ds_k, the product of the Jacobians diag(f'(z_j)) W for j = k + 1 … t.

    params : rnn.Params
    trace : rnn.Trace of a single sequence

    Returns an array of shape (T, T, H, H): the identity where k = t, zero where k > t.
    ValueError names trace when it holds a batch.
    """
    params = _check_single(params, trace)
    T, H = trace.s.shape
    slopes = rnn.slope(trace.s, trace.func)  # (T, H)
    J = np.zeros((T, T, H, H), slopes.dtype)
    with recurrent.silent():
        for t in range(T):
            J[t, t] = np.eye(H)
            if t > 0:
                step = slopes[t, :, None] * params.W  # (H, H)  ds_t/ds_{t-1}
                J[t, :t] = step @ J[t - 1, :t]  # (H, H) x (t, H, H) -> (t, H, H)
    return J


def error_reaching(params, trace, y):
    """G[t, k] = dE_t/ds_k: the error of step t, sent back to the state of step k.

    params : rnn.Params
    trace : rnn.Trace of a single sequence
    y : integer array of shape (T,), classes, or -1 where there is no loss

    Returns an array of shape (T, T, H), zero where k > t. ValueError names trace when it holds a batch.
    """
    params = _check_single(params, trace)
    T, H = trace.s.shape
    slopes = rnn.slope(trace.s, trace.func)  # (T, H)
    G = np.zeros((T, T, H), slopes.dtype)
    with recurrent.silent():
        G[range(T), range(T)] = rnn.error_at_logits(trace.o, y) @ params.V  # (T, C) x (C, H) -> (T, H)
        for k in reversed(range(1, T)):
            G[k:, k - 1] = (slopes[k] * G[k:, k]) @ params.W  # (T - k, H)  all the errors that pass step k
    return G


def blame(params, trace, y):
    """C[t, k] = dE_t/dW^(k): the gradient of the loss at step t when W is used at step k only.

    params : rnn.Params
    trace : rnn.Trace of a single sequence
    y : integer array of shape (T,), classes, or -1 where there is no loss

    Returns an array of shape (T, T, H, H), zero where k > t; its sum over t and k is rnn.backward's W
    (S5, S18). ValueError names trace when it holds a batch.
    """
    G = error_reaching(params, trace, y)  # (T, T, H)
    with recurrent.silent():
        dz = rnn.slope(trace.s, trace.func) * G  # (T, T, H)  dE_t/dz_k
        return dz[..., :, None] * trace.s_prev[:, None, :]  # (T, T, H, 1) x (T, 1, H) -> (T, T, H, H)


def blame_norms(params, trace, y):
    """The Frobenius norms ‖C[t, k]‖ of blame: an outer product is as long as its two vectors multiplied.

    params : rnn.Params
    trace : rnn.Trace of a single sequence
    y : integer array of shape (T,), classes, or -1 where there is no loss

    Returns an array of shape (T, T), ‖dE_t/dz_k‖ · ‖s_{k-1}‖, zero where k > t. ValueError names trace when
    it holds a batch.
    """
    G = error_reaching(params, trace, y)  # (T, T, H)
    with recurrent.silent():
        dz = rnn.slope(trace.s, trace.func) * G  # (T, T, H)  dE_t/dz_k
        return np.linalg.norm(dz, axis=-1) * np.linalg.norm(trace.s_prev, axis=-1)  # (T, T) x (T,) -> (T, T)


def truncated(params, trace, y, *, window=None, chunk=None):
    """The gradient when errors may not look back as far as they could.

    params : rnn.Params
    trace : rnn.Trace, of a single sequence or a batch
    y : integer array of shape (T, …), classes, or -1 where there is no loss
    window : each error looks back this many steps, its own included: keeps the (t, k) with t - k < window
    chunk : the sequence is cut every so many steps, no error crosses a cut: keeps t // chunk == k // chunk

    Exactly one of window and chunk, an integer of at least 1. Returns rnn.Gradients; s_init's is what the
    copy at step 0 passes on. Nothing of size (T, T) is built. TypeError or ValueError names the bad argument.
    """
    params = rnn.check_trace(params, trace)
    if (window is None) == (chunk is None):
        raise ValueError(f"window, chunk: expected exactly one of them, got window={window}, chunk={chunk}")
    sweep, steps = (_sweep_window, window) if chunk is None else (_sweep_chunks, chunk)
    steps = arguments.integer("window" if chunk is None else "chunk", steps)
    with recurrent.silent():
        dq = rnn.error_at_logits(trace.o, y)  # (T, …, C)
        ds = dq @ params.V  # (T, …, C) x (C, H) -> (T, …, H)
        dz = sweep(params.W, rnn.slope(trace.s, trace.func), ds, steps)
        return rnn.sum_over_steps(params, trace, dq, dz)


def _sweep_window(W, slopes, ds, window):
    """dE/dz (T, …, H) of errors that look back `window` steps: all T travel together, a step at a time."""
    total = np.zeros_like(slopes)
    error = ds  # (T, …, H)  row k: the error of step k + lag where it stands now, at state k
    for _lag in range(min(window, len(ds))):
        dz = slopes[: len(error)] * error  # (T - lag, …, H)
        total[: len(error)] += dz
        error = dz[1:] @ W  # (T - lag - 1, …, H)  the error that stood at step 0 leaves the sequence
    return total


def _sweep_chunks(W, slopes, ds, chunk):
    """dE/dz (T, …, H) of the ordinary sweep, which forgets the future at every cut."""
    dz = np.empty_like(slopes)
    from_future = 0
    for t in reversed(range(len(ds))):
        if (t + 1) % chunk == 0:  # step t + 1 begins the next chunk
            from_future = 0
        dz[t] = slopes[t] * (ds[t] + from_future)  # (…, H)
        from_future = dz[t] @ W  # (…, H)
    return dz


def forward_in_time(params, trace, y):
    """rnn.backward's gradient without going back: real-time recurrent learning (Williams and Zipser 1989).

    Carries ds_t/dU, ds_t/dW, ds_t/dk and ds_t/ds_init along with the state. The recursion keeps nothing of
    the past, so what it holds does not grow with T; but ds_t/dW alone has H³ entries, and moving it on by one
    step costs H⁴ multiplications.

    params : rnn.Params
    trace : rnn.Trace of a single sequence
    y : integer array of shape (T,), classes, or -1 where there is no loss

    Returns rnn.Gradients. ValueError names trace when it holds a batch.
    """
    params = _check_single(params, trace)
    U, W = params.U, params.W
    T, H = trace.s.shape
    unit = range(H)
    slopes = rnn.slope(trace.s, trace.func)  # (T, H)
    by_U, by_W, by_k = (np.zeros((H, *shape), slopes.dtype) for shape in (U.shape, W.shape, (H,)))
    by_s_init = np.eye(H, dtype=slopes.dtype)  # (H, H)
    dU, dW, dk, ds_init = (np.zeros(shape, slopes.dtype) for shape in (U.shape, W.shape, (H,), (H,)))
    with recurrent.silent():
        dq = rnn.error_at_logits(trace.o, y)  # (T, C)
        for t in range(T):
            by_U, by_W, by_k, by_s_init = (np.tensordot(W, by, 1) for by in (by_U, by_W, by_k, by_s_init))
            _add_input(by_U, trace.x[t])  # immediate: unit i sees row i of U, W and k only
            by_W[unit, unit] += trace.s_prev[t]
            by_k[unit, unit] += 1
            ds = dq[t] @ params.V  # (C,) x (C, H) -> (H,)  immediate dE_t/ds_t
            for by, gradient in ((by_U, dU), (by_W, dW), (by_k, dk), (by_s_init, ds_init)):
                by *= slopes[t].reshape(H, *[1] * (by.ndim - 1))  # (H, …)  now ds_t/d(weight)
                gradient += np.tensordot(ds, by, 1)  # (H,) x (H, …) -> (…)  dE_t/d(weight), S5
        dV = dq.T @ trace.s  # (C, T) x (T, H) -> (C, H)
    return rnn.Gradients(dU, dW, dV, dk, dq.sum(axis=0), ds_init)


def _add_input(by_U, x):
    """Add the immediate dz_i/dU_ij = x_j to by_U (H, H, D); an integer x is the one-hot row it stands for."""
    unit = range(len(by_U))
    if x.dtype.kind in "iu":
        by_U[unit, unit, x] += 1
    else:
        by_U[unit, unit] += x


def _check_single(params, trace):
    """Params as arrays, when trace is theirs and holds one sequence; TypeError or ValueError if not."""
    params = rnn.check_trace(params, trace)
    if trace.s.ndim != 2:
        raise ValueError(f"trace: expected a single sequence, got a batch: s has shape {trace.s.shape}")
    return params
