"""How much of the last step's error reaches the steps before, through gates.

A network with gates hands two things on, or one: the LSTM its state and its cell, the GRU its state. Below,
"what is handed on" is the pair (s_t, cell_t), or s_t.
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, recurrent, rnn
from bptt_helpers.gates import gru, lstm


class Step(NamedTuple):
    """What one step of the LSTM passes on when it is told the error on its state and on its cell."""

    dz: np.ndarray  # (4H,)  dE/dz_t, blocks i, f, o, g
    s: np.ndarray  # (H,)   to s_{t-1}
    cell: np.ndarray  # (H,)   to cell_{t-1}


def lstm_backward_step(ds, dcell, i, f, o, g, cell, cell_prev, W):
    """One step of the LSTM's sweep, equation by equation; every argument of shape (H,) but W (4H, H).

    ds : dE/ds_t, from the loss of step t and from step t + 1 together
    dcell : what step t + 1 passed on to cell_t; 0 at the last step
    i, f, o, g, cell, cell_prev : the gates, the candidate and the cells of step t, as lstm.Trace has them

    Returns Step. Unchecked: it is also what lstm.through_time does for many sequences at once.
    """
    shown = np.tanh(cell)  # (H,)
    dcell = dcell + ds * o * (1 - shown * shown)  # (H,)  the cell is heard through the state, too
    dz = np.concatenate(
        [
            dcell * g * i * (1 - i),  # input gate: cell = … + i g
            dcell * cell_prev * f * (1 - f),  # forget gate: cell = f cell_prev + …
            ds * shown * o * (1 - o),  # output gate: s = o tanh(cell)
            dcell * i * (1 - g * g),  # candidate
        ],
        axis=-1,
    )
    return Step(dz, dz @ W, dcell * f)  # (4H,) x (4H, H) -> (H,);  the cell's way: no weight, no slope


def blame_norms(params, trace, y):
    """The Frobenius norms ‖C[t, k]‖: dE_t/dW when W is used at step k only, as flow.blame_norms has them.

    params, trace : of gates.lstm or gates.gru, a single sequence
    y : integer array of shape (T,), classes, or -1 where there is no loss

    Returns an array of shape (T, T), zero where k > t. W here are all its blocks. TypeError or ValueError
    names the bad argument.
    """
    network, params = _check(params, trace)
    ds = rnn.error_at_logits(trace.o, y) @ params.V  # (T, C) x (C, H) -> (T, H)
    T, H = ds.shape
    step_back, parts = (_lstm_step_back, 2) if network is lstm else (_gru_step_back, 1)
    norms = np.zeros((T, T), ds.real.dtype)
    handed_on = np.zeros((T, parts * H), ds.dtype)  # of every error t, on its way back
    with recurrent.silent():
        for k in reversed(range(T)):
            handed_on[k, :H] = ds[k]
            dproduct, handed_on[k:] = step_back(params, trace, k, handed_on[k:])
            norms[k:, k] = recurrent.lengths(dproduct) * recurrent.length(trace.s_prev[k])
    return norms


def log10_error_sizes(params, trace, error):
    """log10 ‖dE/d(what step t hands on)‖ for every t, when the loss speaks to the last state only.

    params, trace : of gates.lstm or gates.gru, a single sequence
    error : array of shape (H,), what the loss says to s_{T-1}

    Returns an array of shape (T,); -inf where nothing at all arrives. The error is rescaled on its way, so
    nothing overflows or underflows, as in flow.log10_error_sizes. ValueError names trace when it holds a
    batch, or error.
    """
    network, params = _check(params, trace)
    error = arguments.floats("error", error)
    if error.shape != trace.s.shape[1:]:
        raise ValueError(f"error: expected shape {trace.s.shape[1:]} as a state of trace, got {error.shape}")
    recurrent.check_error("error", error, params, trace)
    step_back = _lstm_step_back if network is lstm else _gru_step_back
    sizes, scale = np.empty(len(trace.s), error.real.dtype), 0.0
    handed_on = np.concatenate([error, np.zeros_like(error)]) if network is lstm else error  # (2H,) or (H,)
    with recurrent.silent():
        for t in reversed(range(len(trace.s))):
            size = recurrent.length(handed_on)
            scale += np.log10(size)
            sizes[t] = scale
            if 0 < size < np.inf:
                handed_on = handed_on / size
            _, handed_on = step_back(params, trace, t, handed_on)
    return sizes


def log10_kept(trace):
    """log10 of the share of cell_t that is still in cell_{T-1}, along the cell alone: (T, H).

    trace : lstm.Trace. The product of the forget gates of all later steps (1 at the last one), which is
    dcell_{T-1}/dcell_t when the gates are held fixed. For a gru.Trace the product of the update gates, which
    is ds_{T-1}/ds_t likewise. TypeError names trace.
    """
    if not isinstance(trace, lstm.Trace | gru.Trace):
        raise TypeError(f"trace: expected gates.lstm.Trace or gates.gru.Trace, got {type(trace).__name__}")
    gate = trace.forget_gate if isinstance(trace, lstm.Trace) else trace.update
    with recurrent.silent():
        logs = np.log10(gate)
    later = np.zeros_like(logs)
    later[:-1] = np.cumsum(logs[:0:-1], axis=0)[::-1]
    return later


def _lstm_step_back(params, trace, t, handed_on):
    """(dE/d(W s_{t-1}) (…, 4H), what step t hands back), from (…, 2H): the errors at s_t and at cell_t."""
    ds, dcell = np.split(handed_on, 2, axis=-1)
    step = lstm_backward_step(
        ds, dcell, trace.input_gate[t], trace.forget_gate[t], trace.output_gate[t],
        trace.candidate[t], trace.cell[t], trace.cell_prev[t], params.W,
    )  # fmt: skip
    return step.dz, np.concatenate([step.s, step.cell], axis=-1)


def _gru_step_back(params, trace, t, ds):
    """(dE/d(W s_{t-1}) (…, 3H), what step t hands back), from (…, H): the error at s_t."""
    reset, update, candidate = trace.reset[t], trace.update[t], trace.candidate[t]
    dcandidate = ds * (1 - update) * (1 - candidate * candidate)
    dupdate = ds * (trace.s_prev[t] - candidate) * update * (1 - update)
    dreset = dcandidate * trace.recalled[t] * reset * (1 - reset)
    dproduct = np.concatenate([dreset, dupdate, dcandidate * reset], axis=-1)
    return dproduct, dproduct @ params.W + ds * update  # (…, 3H) x (3H, H) -> (…, H)


def _check(params, trace):
    """(lstm or gru, params as arrays), when the trace is one of theirs and of a single sequence."""
    if not isinstance(trace, lstm.Trace | gru.Trace):
        raise TypeError(f"trace: expected gates.lstm.Trace or gates.gru.Trace, got {type(trace).__name__}")
    network = lstm if isinstance(trace, lstm.Trace) else gru
    params = network.check_trace(params, trace)
    if trace.s.ndim != 2:
        raise ValueError(f"trace: expected a single sequence, got states of shape {trace.s.shape}")
    return network, params
