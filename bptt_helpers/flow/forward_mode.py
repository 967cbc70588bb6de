"""The same gradient as rnn.backward's, carried forward in time instead of sent back."""

import numpy as np

from bptt_helpers import recurrent, rnn
from bptt_helpers.flow.untied import check_single, slopes_for_errors


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
    params = check_single(params, trace)
    U, W = params.U, params.W
    T, H = trace.s.shape
    unit = range(H)
    slopes = slopes_for_errors(params, trace)  # (T, H)
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
