"""Which step does an error blame? The copies of W untied in time, every error followed to every copy.

Untie the copies of W: W^(k) is the copy used at step k, so that dE/dW = Σ_t Σ_k dE_t/dW^(k). Then

influence        J[t, k] = ds_t/ds_k       what a nudge to state k does to state t
error_reaching   G[t, k] = dE_t/ds_k       how much of the error at step t reaches the state at step k
blame            C[t, k] = dE_t/dW^(k)     what that error wants of the copy used there
blame_norms      ‖C[t, k]‖                 how much it wants, without building C

All hold T² blocks. Derivatives with respect to a state are total from there on: everything after step k
moves with s_k.
"""

import numpy as np

from bptt_helpers import recurrent, rnn


def influence(params, trace):
    """J[t, k] = ds_t/ds_k, the product of the Jacobians diag(f'(z_j)) W for j = k + 1 … t.

    params : rnn.Params
    trace : rnn.Trace of a single sequence

    Returns an array of shape (T, T, H, H): the identity where k = t, zero where k > t.
    ValueError names trace when it holds a batch.
    """
    params = check_single(params, trace)
    T, H = trace.s.shape
    slopes = slopes_for_errors(params, trace)  # (T, H)
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
    params = check_single(params, trace)
    T, H = trace.s.shape
    slopes = slopes_for_errors(params, trace)  # (T, H)
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
        return recurrent.lengths(dz) * recurrent.lengths(trace.s_prev)  # (T, T) x (T,) -> (T, T)


def slopes_for_errors(params, trace):
    """func'(z_t) for every step, (T, …, H), complex where an error on its way back through them may be."""
    return rnn.slope(trace.s, trace.func).astype(np.result_type(trace.s, params.W, params.V), copy=False)


def check_single(params, trace):
    """Params as arrays, when trace is theirs and holds one sequence; TypeError or ValueError if not."""
    params = rnn.check_trace(params, trace)
    if trace.s.ndim != 2:
        raise ValueError(f"trace: expected a single sequence, got a batch: s has shape {trace.s.shape}")
    return params
