"""The GRU, and its gradients: a state that each step keeps or replaces, entry by entry.

z_t = U x_t + k, p_t = W s_{t-1}                     three blocks of H rows: reset, update, candidate
reset_t, update_t = sigmoid(z_t + p_t)               of the first and second block
candidate_t = tanh(z_t + reset_t p_t)                of the third, whose p_t is called recalled_t
s_t = update_t s_{t-1} + (1 - update_t) candidate_t  what is kept, and what is new
q_t = V s_t + c, o_t = softmax(q_t)                  as in rnn, S2

Products of states are entry by entry. Where update_t is 1, s_t = s_{t-1}: the error goes back whole.

Cho et al. (2014), in the variant of cuDNN and torch.nn.GRU: the reset gate acts on W s_{t-1}, not on s_{t-1}
before it meets W. So a step has one product with W; the published form needs two, one after the other.
torch stacks the same blocks in the same order, but adds a bias to p_t too, bias_hh. Where that one is zero in
the candidate's block, and k = bias_ih + bias_hh, both compute the same.

Shapes, axes and dtypes are those of rnn. The loss on the logits is rnn.cross_entropy.
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import recurrent, rnn
from bptt_helpers.recurrent import rows, rows_times, silent

_STATES = ("s", "s_prev", "reset", "update", "candidate", "recalled")


class Params(NamedTuple):
    """The weights; the rows of U, W and k are reset, update and candidate, stacked."""

    U: np.ndarray  # (3H, D)  input to gates
    W: np.ndarray  # (3H, H)  state to next gates
    V: np.ndarray  # (C, H)   state to logits
    k: np.ndarray  # (3H,)    bias of the gates
    c: np.ndarray  # (C,)     output bias


class Trace(NamedTuple):
    """All that forward computed: what backward, and every picture, needs."""

    x: np.ndarray  # (T, …, D) floats, or (T, …) integers  input
    s_init: np.ndarray  # (…, H)  the state before the first input
    reset: np.ndarray  # (T, …, H)  in 0 … 1: how much of the past the candidate sees
    update: np.ndarray  # (T, …, H)  in 0 … 1: how much of the state is kept
    recalled: np.ndarray  # (T, …, H)  the candidate's block of W s_{t-1}, before reset
    candidate: np.ndarray  # (T, …, H)  in -1 … 1: what could replace the state
    s: np.ndarray  # (T, …, H)  state
    s_prev: np.ndarray  # (T, …, H)  the state before: s_prev[0] is s_init
    q: np.ndarray  # (T, …, C)  logits V s_t + c
    o: np.ndarray  # (T, …, C)  output softmax(q_t)


class Gradients(NamedTuple):
    """dE/d(each weight), every field shaped like what it is the gradient of."""

    U: np.ndarray  # (3H, D)
    W: np.ndarray  # (3H, H)
    V: np.ndarray  # (C, H)
    k: np.ndarray  # (3H,)
    c: np.ndarray  # (C,)
    s_init: np.ndarray  # (…, H)


class ThroughTime(NamedTuple):
    """What the recursion alone gives when the error on each state is known."""

    U: np.ndarray  # (3H, D)
    W: np.ndarray  # (3H, H)
    k: np.ndarray  # (3H,)
    s_init: np.ndarray  # (…, H)
    x: np.ndarray  # (T, …, D)


def init_params(D, H, C, *, rng, dtype=np.float64):
    """Random weights for D inputs, H states and C classes, uniform in ±1/√fan-in; the biases are zero.

    rng : np.random.Generator, the only source of randomness
    dtype : np.float32 or np.float64

    Returns Params. TypeError or ValueError names the bad argument.
    """
    D, H, C = recurrent.check_init(D, H, C, rng, dtype)
    U = recurrent.uniform(rng, 3 * H, D)
    V = recurrent.uniform(rng, C, H)
    W = recurrent.uniform(rng, 3 * H, H)
    return Params(*(weight.astype(dtype) for weight in (U, W, V, np.zeros(3 * H), np.zeros(C))))


def forward(params, x, s_init=None):
    """Run the network over a sequence, or over a batch of sequences of equal length.

    params : Params
    x : float array of shape (T, D) or (T, B, D), or integer class indices 0 … D-1 of shape (T,) or (T, B),
        which stand for one-hot rows (these are never built)
    s_init : array of shape (H,) or (B, H); None is zeros

    Returns Trace. TypeError or ValueError names the bad argument.
    """
    params, axes = recurrent.check_weights(params, Params, blocks=3)
    x, s_init = recurrent.check_sequence(params, axes, x, s_init=s_init)
    return run(params, x, s_init)


def run(params, x, s_init):
    """What forward does, unchecked: for a loop that has looked at its arguments once, such as training."""
    U, W, V, k, c = params
    T, H, W_transposed = len(x), W.shape[1], recurrent.transposed(W)
    states = np.empty((T + 1, *s_init.shape), s_init.dtype)  # (T + 1, …, H)  s_init, s_0 … s_{T-1}
    states[0] = s_init
    s_prev, s = states[:-1], states[1:]
    recalled = np.empty_like(s)
    with silent():
        z = recurrent.inputs_times(x, U) + k  # (T, …, D) x (D, 3H) -> (T, …, 3H)  all steps at once
        z = z.astype(s_init.dtype, copy=False)
        reset, update, candidate = np.split(z, 3, axis=-1)  # (T, …, H)  views: each replaces its block of z
        gates = z[..., : 2 * H]
        for t in range(T):
            product = s_prev[t] @ W_transposed  # (…, H) x (H, 3H) -> (…, 3H)
            gates[t] += product[..., : 2 * H]
            rnn.sigmoid(gates[t], out=gates[t])
            recalled[t] = product[..., 2 * H :]
            candidate[t] += reset[t] * recalled[t]
            np.tanh(candidate[t], out=candidate[t])
            s[t] = update[t] * s_prev[t] + (1 - update[t]) * candidate[t]
        q = rows_times(s, V) + c  # (T, …, H) x (H, C) -> (T, …, C)
    return Trace(x, states[0], reset, update, recalled, candidate, s, s_prev, q, rnn.softmax(q))


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
        dz, dproduct, ds_init = _sweep(params, trace, ds)
        dU, dW, dk = _sum_of_copies(params, trace, dz, dproduct)
        dV = rows(dq).T @ rows(trace.s)  # (C, T…) x (T…, H) -> (C, H)
        dc = rows(dq).sum(axis=0)  # (C,)
    return Gradients(dU, dW, dV, dk, dc, ds_init)


def through_time(params, trace, ds):
    """The recursion alone, for any loss on the states.

    params : Params
    trace : Trace, what forward returned for these params
    ds : array of shape (T, …, H); ds[t] is the immediate dE/ds_t, all other states held fixed

    Returns ThroughTime: U, W, k, s_init, and x (for integer x: the gradient of its one-hot rows).
    TypeError or ValueError names the bad argument.
    """
    params = check_trace(params, trace)
    ds = recurrent.check_state_errors(params, trace, ds)
    with silent():
        dz, dproduct, ds_init = _sweep(params, trace, ds)
        dx = rows_times(dz, params.U.T)  # (T, …, 3H) x (3H, D) -> (T, …, D)
        return ThroughTime(*_sum_of_copies(params, trace, dz, dproduct), ds_init, dx)


def _sweep(params, trace, ds):
    """dE/dz and dE/dp (T, …, 3H), and dE/ds_init (…, H), from the immediate dE/ds (T, …, H).

    The errors at z_t = U x_t + k and at p_t = W s_{t-1} differ in the last block, where reset_t p_t is added.
    """
    reset, update, candidate = trace.reset, trace.update, trace.candidate
    # (T, …, H) each, what one step does by itself: ds_t/dz_t of the blocks update and candidate, then the
    # derivative of what stands in the candidate's tanh with respect to z_t of the block reset.
    update_to_s = (trace.s_prev - candidate) * rnn.slope(update, "sigmoid")
    candidate_to_s = (1 - update) * rnn.slope(candidate, "tanh")
    reset_to_candidate = trace.recalled * rnn.slope(reset, "sigmoid")
    dproduct = np.empty((*ds.shape[:-1], len(params.W)), np.result_type(trace.s, ds, params.W))
    dreset, dupdate, drecalled = np.split(dproduct, 3, axis=-1)  # (T, …, H)  views: they fill dproduct
    dcandidate = np.empty_like(drecalled)
    from_future = 0
    for t in reversed(range(len(ds))):
        ds_t = ds[t] + from_future  # (…, H)
        dupdate[t] = ds_t * update_to_s[t]
        dcandidate[t] = ds_t * candidate_to_s[t]
        dreset[t] = dcandidate[t] * reset_to_candidate[t]
        drecalled[t] = dcandidate[t] * reset[t]
        through_p = dproduct[t] @ params.W  # (…, 3H) x (3H, H) -> (…, H)
        from_future = through_p + ds_t * update[t]  # (…, H)  the second way: what of s_{t-1} is kept in s_t
    dz = np.concatenate((dreset, dupdate, dcandidate), axis=-1)  # (T, …, 3H)
    return dz, dproduct, from_future


def _sum_of_copies(params, trace, dz, dproduct):
    """dE/dU, dE/dW and dE/dk: U and k meet the error at z, W that at p."""
    dU = recurrent.sum_with_inputs(dz, trace.x, params.U.shape[1])  # (3H, T…) x (T…, D) -> (3H, D)
    dW = rows(dproduct).T @ rows(trace.s_prev)  # (3H, T…) x (T…, H) -> (3H, H)
    dk = rows(dz).sum(axis=0)  # (3H,)
    return dU, dW, dk


def check_trace(params, trace):
    """Params as arrays, when `trace` is a Trace these params can have made; else TypeError or ValueError."""
    params, axes = recurrent.check_weights(params, Params, blocks=3)
    recurrent.check_trace(params, axes, trace, Trace, _STATES)
    return params
