"""The LSTM, and its gradients: a cell that is added to, where rnn's state is made anew at every step.

z_t = U x_t + W s_{t-1} + k                            four blocks of H rows: i, f, o, g
input_t, forget_t, output_t = sigmoid(z_t)             the gates, of the blocks i, f, o
candidate_t = tanh(z_t)                                of the block g
cell_t = forget_t cell_{t-1} + input_t candidate_t     what is kept, and what is added
s_t = output_t tanh(cell_t)                            what of it is shown
q_t = V s_t + c, o_t = softmax(q_t)                    as in rnn, S2

Products of states are entry by entry. Along the cell alone, dcell_t/dcell_{t-1} = forget_t: neither a weight
nor a slope stands on that way, so a gate that stays open lets the error through whole.

Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber and Cummins (2000), no peepholes.

Shapes, axes and dtypes are those of rnn. The loss on the logits is rnn.cross_entropy.
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, recurrent, rnn
from bptt_helpers.recurrent import rows_times, silent

_STATES = ("s", "s_prev", "cell", "cell_prev", "input_gate", "forget_gate", "output_gate", "candidate")


class Params(NamedTuple):
    """The weights; the rows of U, W and k are the blocks i, f, o, g, stacked: three gates, then candidate."""

    U: np.ndarray  # (4H, D)  input to gates
    W: np.ndarray  # (4H, H)  state to next gates
    V: np.ndarray  # (C, H)   state to logits
    k: np.ndarray  # (4H,)    bias of the gates
    c: np.ndarray  # (C,)     output bias


class Trace(NamedTuple):
    """All that forward computed: what backward, and every picture, needs."""

    x: np.ndarray  # (T, …, D) floats, or (T, …) integers  input
    s_init: np.ndarray  # (…, H)  the state before the first input
    c_init: np.ndarray  # (…, H)  the cell before the first input
    input_gate: np.ndarray  # (T, …, H)  i, in 0 … 1: how much of the candidate is added
    forget_gate: np.ndarray  # (T, …, H)  f, in 0 … 1: how much of the cell is kept
    output_gate: np.ndarray  # (T, …, H)  o, in 0 … 1: how much of the cell is shown
    candidate: np.ndarray  # (T, …, H)  g, in -1 … 1: what could be added
    cell: np.ndarray  # (T, …, H)
    cell_prev: np.ndarray  # (T, …, H)  the cell before: cell_prev[0] is c_init
    s: np.ndarray  # (T, …, H)  state
    s_prev: np.ndarray  # (T, …, H)  the state before: s_prev[0] is s_init
    q: np.ndarray  # (T, …, C)  logits V s_t + c
    o: np.ndarray  # (T, …, C)  output softmax(q_t)


class Gradients(NamedTuple):
    """dE/d(each weight), every field shaped like what it is the gradient of."""

    U: np.ndarray  # (4H, D)
    W: np.ndarray  # (4H, H)
    V: np.ndarray  # (C, H)
    k: np.ndarray  # (4H,)
    c: np.ndarray  # (C,)
    s_init: np.ndarray  # (…, H)
    c_init: np.ndarray  # (…, H)


class ThroughTime(NamedTuple):
    """What the recursion alone gives when the error on each state is known."""

    U: np.ndarray  # (4H, D)
    W: np.ndarray  # (4H, H)
    k: np.ndarray  # (4H,)
    s_init: np.ndarray  # (…, H)
    c_init: np.ndarray  # (…, H)
    x: np.ndarray  # (T, …, D)


def init_params(D, H, C, *, rng, forget_bias=1.0, dtype=np.float64):
    """Random weights for D inputs, H cells and C classes, uniform in ±1/√fan-in; other biases are zero.

    rng : np.random.Generator, the only source of randomness
    forget_bias : number; 1 lets the gate keep sigmoid(1) = 0.73 of the cell before anything is learnt, 0 half
        (Gers et al. 2000; Jozefowicz, Zaremba and Sutskever 2015)
    dtype : np.float32 or np.float64

    Returns Params. TypeError or ValueError names the bad argument.
    """
    D, H, C = recurrent.check_init(D, H, C, rng, dtype)
    forget_bias = arguments.number("forget_bias", forget_bias)
    arguments.fits("forget_bias", forget_bias, dtype)
    k = np.zeros(4 * H)
    k[H : 2 * H] = forget_bias
    U = recurrent.uniform(rng, 4 * H, D)
    V = recurrent.uniform(rng, C, H)
    W = recurrent.uniform(rng, 4 * H, H)
    return Params(*(weight.astype(dtype) for weight in (U, W, V, k, np.zeros(C))))


def forward(params, x, s_init=None, c_init=None):
    """Run the network over a sequence, or over a batch of sequences of equal length.

    params : Params
    x : float array of shape (T, D) or (T, B, D), or integer class indices 0 … D-1 of shape (T,) or (T, B),
        which stand for one-hot rows (these are never built)
    s_init : array of shape (H,) or (B, H), the state before the first input; None is zeros
    c_init : array of shape (H,) or (B, H), the cell before the first input; None is zeros

    Returns Trace. TypeError or ValueError names the bad argument.
    """
    params, axes = recurrent.check_weights(params, Params, blocks=4)
    x, s_init, c_init = recurrent.check_sequence(params, axes, x, s_init=s_init, c_init=c_init)
    return run(params, x, s_init, c_init)


def run(params, x, s_init, c_init):
    """What forward does, unchecked: for a loop that has looked at its arguments once, such as training."""
    U, W, V, k, c = params
    T, H, W_transposed = len(x), W.shape[1], recurrent.transposed(W)
    states, cells = np.empty((2, T + 1, *s_init.shape), s_init.dtype)  # (T + 1, …, H)  the first is the init
    states[0], cells[0] = s_init, c_init
    s_prev, s, cell_prev, cell = states[:-1], states[1:], cells[:-1], cells[1:]
    with silent():
        z = recurrent.inputs_times(x, U) + k  # (T, …, D) x (D, 4H) -> (T, …, 4H)  all steps at once
        z = z.astype(s_init.dtype, copy=False)
        i, f, o, g = np.split(z, 4, axis=-1)  # (T, …, H)  views: each gate replaces its pre-activation
        ifo = z[..., : 3 * H]
        for t in range(T):
            z[t] += s_prev[t] @ W_transposed  # (…, H) x (H, 4H) -> (…, 4H)
            rnn.sigmoid(ifo[t], out=ifo[t])
            np.tanh(g[t], out=g[t])
            cell[t] = f[t] * cell_prev[t] + i[t] * g[t]
            s[t] = o[t] * np.tanh(cell[t])
        q = rows_times(s, V) + c  # (T, …, H) x (H, C) -> (T, …, C)
    return Trace(x, states[0], cells[0], i, f, o, g, cell, cell_prev, s, s_prev, q, rnn.softmax(q))


def backward(params, trace, y):
    """Backpropagation through time: the gradient of Σ E_t over all steps and sequences.

    params : Params
    trace : Trace, what forward returned for these params
    y : integer array of shape (T, …), classes 0 … C-1, or -1 where there is no loss

    Returns Gradients. TypeError or ValueError names the bad argument.
    """
    params = check_trace(params, trace)
    return send_back(params, trace, rnn.error_at_logits(trace.o, y))


def send_back(params, trace, dq):
    """What backward does, for any loss on the logits: dq (T, …, C) is dE_t/dq_t. Unchecked."""
    with silent():
        ds = rows_times(dq, params.V.T)  # (T, …, C) x (C, H) -> (T, …, H)  what the loss says to each state
        dz, dc_init = _sweep(params, trace, ds)
        return Gradients(*rnn.sum_over_steps(params, trace, dq, dz), dc_init)


def through_time(params, trace, ds):
    """The recursion alone, for any loss on the states.

    params : Params
    trace : Trace, what forward returned for these params
    ds : array of shape (T, …, H); ds[t] is the immediate dE/ds_t, all other states and cells held fixed

    Returns ThroughTime: U, W, k, s_init, c_init, and x (for integer x: the gradient of its one-hot rows).
    TypeError or ValueError names the bad argument.
    """
    params = check_trace(params, trace)
    ds = recurrent.check_state_errors(params, trace, ds)
    with silent():
        dz, dc_init = _sweep(params, trace, ds)
        dx = rows_times(dz, params.U.T)  # (T, …, 4H) x (4H, D) -> (T, …, D)
        return ThroughTime(*rnn.sum_of_copies(params, trace, dz), dc_init, dx)


def _sweep(params, trace, ds):
    """dE/dz (T, …, 4H) and dE/dc_init (…, H) from the immediate dE/ds (T, …, H): one sweep back in time."""
    i, f, o, g = trace.input_gate, trace.forget_gate, trace.output_gate, trace.candidate
    shown = np.tanh(trace.cell)  # (T, …, H)
    # (T, …, H) each, what one step does by itself: ds_t/dcell_t, then dcell_t/dz_t of the blocks i, f and g,
    # then ds_t/dz_t of the block o.
    cell_to_s = o * rnn.slope(shown, "tanh")
    i_to_cell = g * rnn.slope(i, "sigmoid")
    f_to_cell = trace.cell_prev * rnn.slope(f, "sigmoid")
    g_to_cell = i * rnn.slope(g, "tanh")
    o_to_s = shown * rnn.slope(o, "sigmoid")
    dz = np.empty((*ds.shape[:-1], len(params.W)), np.result_type(shown, ds, params.W))
    di, df, do, dg = np.split(dz, 4, axis=-1)  # (T, …, H)  views: what is written to them stands in dz
    s_from_future = cell_from_future = 0
    for t in reversed(range(len(ds))):
        ds_t = ds[t] + s_from_future  # (…, H)
        dcell = ds_t * cell_to_s[t] + cell_from_future  # (…, H)
        di[t] = dcell * i_to_cell[t]
        df[t] = dcell * f_to_cell[t]
        do[t] = ds_t * o_to_s[t]
        dg[t] = dcell * g_to_cell[t]
        s_from_future = dz[t] @ params.W  # (…, 4H) x (4H, H) -> (…, H)  what it passes on to s_{t-1}
        cell_from_future = dcell * f[t]  # (…, H)  and to cell_{t-1}: no weight, no slope
    return dz, cell_from_future


def check_trace(params, trace):
    """Params as arrays, when `trace` is a Trace these params can have made; else TypeError or ValueError."""
    params, axes = recurrent.check_weights(params, Params, blocks=4)
    recurrent.check_trace(params, axes, trace, Trace, _STATES)
    return params
