"""What is lost when errors may not look back as far as they could. All takes batches: this is what trains."""

import numpy as np

from bptt_helpers import arguments, recurrent, rnn


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
