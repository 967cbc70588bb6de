"""The network of the text, and its gradients: forward in time, then the error sent back.

S1   s_t = func(U x_t + W s_{t-1} + k)        forward
S2   o_t = softmax(V s_t + c)                 forward
S3   E_t = -log o_t[y_t]                      cross_entropy
S4   E = Σ_t E_t                              the E whose gradient backward returns
S5   ∂E/∂W = Σ_t ∂E_t/∂W                      backward

Time is the first axis: `trace.s[t]` is s_t, and `trace.s_prev[t]` is s_{t-1}, with s_prev[0] = s_init. Batch
axes stand between time and feature; one implementation serves both. Below, "…" in a shape is nothing or B.
float32 stays float32, float64 stays float64; complex128 goes through everything, for the complex step.

Not here: optimisers (train), where a gradient goes on its way (flow), gates (gates).
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, recurrent
from bptt_helpers.recurrent import rows, rows_times, silent

FUNCTIONS = ("tanh", "sigmoid", "relu", "identity")


class Params(NamedTuple):
    """The weights, in the letters of the text."""

    U: np.ndarray  # (H, D)  input to state
    W: np.ndarray  # (H, H)  state to next state
    V: np.ndarray  # (C, H)  state to logits
    k: np.ndarray  # (H,)    hidden bias
    c: np.ndarray  # (C,)    output bias


class Trace(NamedTuple):
    """All that forward computed: what backward, and every picture, needs."""

    x: np.ndarray  # (T, …, D) floats, or (T, …) integers  input
    s_init: np.ndarray  # (…, H)  the state before the first input, the text's s_{-1}
    z: np.ndarray  # (T, …, H)  pre-activation U x_t + W s_{t-1} + k
    s: np.ndarray  # (T, …, H)  state func(z_t)
    s_prev: np.ndarray  # (T, …, H)  the state before: s_prev[t] is s_{t-1}, s_prev[0] is s_init
    q: np.ndarray  # (T, …, C)  logits V s_t + c
    o: np.ndarray  # (T, …, C)  output softmax(q_t)
    func: str


class Gradients(NamedTuple):
    """dE/d(each weight), every field shaped like what it is the gradient of."""

    U: np.ndarray  # (H, D)
    W: np.ndarray  # (H, H)
    V: np.ndarray  # (C, H)
    k: np.ndarray  # (H,)
    c: np.ndarray  # (C,)
    s_init: np.ndarray  # (…, H)


class ThroughTime(NamedTuple):
    """What the recursion alone gives when the error on each state is known."""

    U: np.ndarray  # (H, D)
    W: np.ndarray  # (H, H)
    k: np.ndarray  # (H,)
    s_init: np.ndarray  # (…, H)
    x: np.ndarray  # (T, …, D)


def init_params(D, H, C, *, rng, scheme="uniform", spectral_radius=None, dtype=np.float64):
    """Random weights for D inputs, H states and C classes; the biases are zero.

    rng : np.random.Generator, the only source of randomness
    scheme : how W is drawn (U and V are always uniform in ±1/√fan-in)
        "uniform"     W uniform in ±1/√H
        "orthogonal"  W a random rotation or reflection, all of them equally likely (Haar)
        "identity"    W = I (Le, Jaitly and Hinton 2015)
    spectral_radius : None, or a number ≥ 0 to which W is rescaled
    dtype : np.float32 or np.float64

    Returns Params. TypeError or ValueError names the bad argument.
    """
    D, H, C = recurrent.check_init(D, H, C, rng, dtype)
    arguments.choice("scheme", scheme, ("uniform", "orthogonal", "identity"))
    if spectral_radius is not None:
        spectral_radius = arguments.at_least_zero("spectral_radius", spectral_radius)
        arguments.fits("spectral_radius", spectral_radius, dtype)
    U = recurrent.uniform(rng, H, D)
    V = recurrent.uniform(rng, C, H)
    if scheme == "uniform":
        W = recurrent.uniform(rng, H, H)
    elif scheme == "orthogonal":
        Q, R = np.linalg.qr(rng.standard_normal((H, H)))
        W = Q * np.where(np.diag(R) < 0, -1, 1)  # QR leaves the signs open: fixing them makes it Haar
    else:
        W = np.eye(H)
    if spectral_radius is not None:
        W = with_spectral_radius(W, spectral_radius)
    weights = (U, W, V, np.zeros(H), np.zeros(C))
    return Params(*(weight.astype(dtype) for weight in weights))


def with_spectral_radius(W, spectral_radius):
    """W (H, H) rescaled so that its largest |eigenvalue| is spectral_radius (≥ 0; 0 gives W = 0).

    ValueError naming W when all its eigenvalues are 0, as of [[1, -1], [1, -1]]: no factor helps there. As 0
    counts what is at most a millionth of W's length, for 0 itself may come out of rounding at that. Or naming
    spectral_radius, when an entry would be too large for W's dtype.
    """
    W = arguments.floats("W", W)
    arguments.Axes().check("W", W, "HH")
    arguments.finite("W", W)
    target = arguments.at_least_zero("spectral_radius", spectral_radius)
    if target == 0:
        return np.zeros_like(W)
    largest = np.abs(W).max()
    if not 1e-15 < largest < 1e15 and largest > 0:
        W = W / largest  # the factor, and the length, stay within the range of float32
    radius, length = np.abs(np.linalg.eigvals(W)).max(), np.linalg.norm(W)
    if radius <= 1e-6 * length:
        share = radius / length if length > 0 else 0.0
        raise ValueError(
            f"W: expected an eigenvalue other than 0, got a spectral radius of {share:.1e} times its length"
        )
    with silent():
        rescaled = W * W.dtype.type(target / radius)
    if not np.isfinite(rescaled).all():
        raise ValueError(
            f"spectral_radius: expected one at which W stays finite in {W.dtype}, got {target:g}"
        )
    return rescaled


def forward(params, x, s_init=None, func="tanh"):
    """Run the network over a sequence, or over a batch of sequences of equal length (S1, S2, S15).

    params : Params
    x : float array of shape (T, D) or (T, B, D), or integer class indices 0 … D-1 of shape (T,) or (T, B),
        which stand for one-hot rows (these are never built)
    s_init : array of shape (H,) or (B, H); None is zeros
    func : one of FUNCTIONS

    Returns Trace. It holds x itself, no copy: leave x as it is until backward has run. States that grow
    beyond the largest float come out as inf or nan, without a warning.
    TypeError or ValueError names the bad argument.
    """
    params, axes = check_params(params)
    arguments.choice("func", func, FUNCTIONS)
    x, s_init = recurrent.check_sequence(params, axes, x, s_init=s_init)
    return run(params, x, s_init, func)


def run(params, x, s_init, func):
    """What forward does, unchecked: for a loop that has looked at its arguments once, such as training."""
    U, W, V, k, c = params
    activation, W_transposed = ACTIVATIONS[func], recurrent.transposed(W)
    states = np.empty((len(x) + 1, *s_init.shape), s_init.dtype)  # (T + 1, …, H)  s_init, s_0 … s_{T-1}
    states[0] = s_init
    s_prev, s = states[:-1], states[1:]
    with silent():
        z = recurrent.inputs_times(x, U)  # (T, …, D) x (D, H) -> (T, …, H)  all steps at once
        z = z.astype(s_init.dtype, copy=False)
        z += k
        for z_t, s_before, s_t in zip(z, s_prev, s, strict=True):
            z_t += s_before @ W_transposed  # (…, H) x (H, H) -> (…, H)
            activation(z_t, out=s_t)
        q = rows_times(s, V)  # (T, …, H) x (H, C) -> (T, …, C)
        q += c
        o = softmax(q)
    return Trace(x, states[0], z, s, s_prev, q, o, func)


def softmax(q):
    """o = softmax(q) over the last axis (S16): shifting by the largest logit keeps exp finite."""
    q = arguments.floats("q", q)
    if q.ndim == 0 or q.size == 0:
        raise ValueError(f"q: expected shape (…, C) with no empty axis, got {q.shape}")
    with silent():
        o = q - _largest(q.real)
        np.exp(o, out=o)
        o /= _row_sums(o)[..., None]
    return o


def cross_entropy(q, y):
    """E_t = -log softmax(q_t)[y_t] for every step (S3), from the logits, so that log never sees 0.

    q : array of shape (T, …, C), logits of any size
    y : integer array of shape (T, …), classes 0 … C-1, or -1 where there is no loss

    Returns E of shape (T, …), zero where y is -1; its sum is S4.
    """
    q = arguments.floats("q", q)
    y = _check_targets(q, y, "q")
    with silent():
        shifted = q - _largest(q.real)  # (T, …, C)  at most 0
        log_sum = np.log(_row_sums(np.exp(shifted)))  # (T, …)
        target = np.take_along_axis(shifted, np.maximum(y, 0)[..., None], axis=-1)[..., 0]  # (T, …)
        E = log_sum - target
    E[y == -1] = 0
    return E


def _largest(q):
    """The largest logit of each row: (…, 1) for q of shape (…, C)."""
    if q.shape[-1] > 32 or q.size < 16 * q.shape[-1] ** 2:
        return q.max(axis=-1, keepdims=True)
    largest = q[..., 0].copy()  # many short rows: numpy's max takes several times as long for them
    for column in range(1, q.shape[-1]):
        np.maximum(largest, q[..., column], out=largest)
    return largest[..., None]


def _row_sums(q):
    """Sums over the last axis, (…) for q of shape (…, C): of short rows several times as fast as by q.sum."""
    return q @ np.ones(q.shape[-1], q.dtype)


def error_at_logits(o, y):
    """dE_t/dq_t = o_t - y_t, with y_t one-hot: what softmax and cross-entropy together send back.

    o : array of shape (T, …, C), the outputs
    y : integer array of shape (T, …), classes 0 … C-1, or -1 where there is no loss

    Returns an array of shape (T, …, C), zero where y is -1.
    """
    o = arguments.floats("o", o)
    y = _check_targets(o, y, "o")
    dq = o.copy()
    rows, y = dq.reshape(-1, dq.shape[-1]), y.ravel()  # a view of dq: one row a step and sequence
    rows[y == -1] = 0
    scored = np.flatnonzero(y != -1)
    rows[scored, y[scored]] -= 1
    return dq


def backward(params, trace, y):
    """Backpropagation through time: the gradient of Σ E_t over all steps and sequences (S5).

    params : Params
    trace : Trace, what forward returned for these params
    y : integer array of shape (T, …), classes 0 … C-1, or -1 where there is no loss

    Returns Gradients. TypeError or ValueError names the bad argument.
    """
    params = check_trace(params, trace)
    return send_back(params, trace, error_at_logits(trace.o, y))


def send_back(params, trace, dq):
    """What backward does, for any loss on the logits: dq (T, …, C) is dE_t/dq_t. Unchecked."""
    with silent():
        ds = rows_times(dq, params.V.T)  # (T, …, C) x (C, H) -> (T, …, H)  what the loss says to each state
        dz = sweep(params, trace, ds)
        return sum_over_steps(params, trace, dq, dz)


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
        dz = sweep(params, trace, ds)
        dx = rows_times(dz, params.U.T)  # (T, …, H) x (H, D) -> (T, …, D)
        return ThroughTime(*sum_of_copies(params, trace, dz), dx)


def sweep(params, trace, ds):
    """One sweep from the last step to the first: dE/dz from the immediate dE/ds.

    ds : array of shape (T, …, H), what the loss of each step says to its state

    Returns dz of shape (T, …, H). Unchecked: backward and through_time have looked at the arguments, which
    are of one dtype.
    """
    # (T, …, H)  the slopes: each step's error, which may be complex, takes the place of its own
    dz = slope(trace.s, trace.func).astype(np.result_type(trace.s, ds, params.W), copy=False)
    from_future = 0
    for t in reversed(range(len(ds))):
        dz[t], from_future = backward_step(ds[t], from_future, dz[t], params.W)
    return dz


def backward_step(ds, from_future, slope, W):
    """One step of the sweep: S21's shared factors, for vectors.

    ds : array of shape (…, H), what the loss of step t says to s_t
    from_future : array of shape (…, H), what step t + 1 passed on to s_t; 0 at the last step
    slope : array of shape (…, H), func'(z_t)
    W : array of shape (H, H)

    Returns dE/dz_t, and what step t passes on to s_{t-1}, both of shape (…, H).
    """
    dz = slope * (ds + from_future)  # (…, H)  what step t is told, through its squashing
    return dz, dz @ W  # (…, H) x (H, H) -> (…, H)


def sum_over_steps(params, trace, dq, dz):
    """Gradients from the error at every logit and pre-activation: each weight's is the sum over its T copies.

    dq : array of shape (T, …, C), dE/dq_t
    dz : array of shape (T, …, H), dE/dz_t

    Each sum is one matrix product over all steps. S18 is this sum for two steps.
    """
    dU, dW, dk, ds_init = sum_of_copies(params, trace, dz)
    dV = rows(dq).T @ rows(trace.s)  # (C, T…) x (T…, H) -> (C, H)
    dc = rows(dq).sum(axis=0)  # (C,)
    return Gradients(dU, dW, dV, dk, dc, ds_init)


def sum_of_copies(params, trace, dz):
    """dE/dU, dE/dW, dE/dk and dE/ds_init from dE/dz (T, …, H): sums over the T copies of each weight."""
    dU = recurrent.sum_with_inputs(dz, trace.x, params.U.shape[1])  # (H, T…) x (T…, D) -> (H, D)
    dW = rows(dz).T @ rows(trace.s_prev)  # (H, T…) x (T…, H) -> (H, H)
    dk = rows(dz).sum(axis=0)  # (H,)
    ds_init = dz[0] @ params.W  # (…, H)  what step 0 passes on
    return dU, dW, dk, ds_init


def activate(z, func):
    """func(z), entry by entry; relu of a complex number looks at its real part."""
    z = arguments.floats("z", z)
    arguments.choice("func", func, FUNCTIONS)
    with silent():
        return ACTIVATIONS[func](z, out=np.empty_like(z))


def slope(s, func):
    """func'(z), entry by entry, expressed by the state s = func(z). At the kink of relu, z = 0, it is 0."""
    s = arguments.floats("s", s)
    arguments.choice("func", func, FUNCTIONS)
    if func == "tanh":
        return 1 - s * s
    if func == "sigmoid":
        return s * (1 - s)
    if func == "relu":
        return (s.real > 0).astype(s.dtype)
    return np.ones_like(s)


def sigmoid(z, out):
    """1 / (1 + e^-z) written to `out`, which may be z; unchecked, for use in time loops inside silent().

    Where e^-z is inf, 1 / inf is the right answer.
    """
    if z.dtype.kind == "c":
        z = np.maximum(z, -700)  # ordered by the real part; with complex numbers 1 / inf would be nan
    np.exp(-z, out=out)
    out += 1
    return np.reciprocal(out, out=out)


def _relu(z, out):
    """max(z, 0), by the real part."""
    if z.dtype.kind == "c":
        return np.multiply(z, z.real > 0, out=out)
    return np.maximum(z, 0, out=out)


# Written to `out`, unchecked: for use in time loops inside silent().
ACTIVATIONS = {"tanh": np.tanh, "sigmoid": sigmoid, "relu": _relu, "identity": np.positive}


def check_params(params, name="params"):
    """Params as arrays of one dtype and agreeing shapes, and the Axes they fix; or TypeError, ValueError."""
    return recurrent.check_weights(params, Params, name=name)


def check_trace(params, trace):
    """Params as arrays, when `trace` is a Trace these params can have made; else TypeError or ValueError."""
    params, axes = check_params(params)
    recurrent.check_trace(params, axes, trace, Trace, ("s", "s_prev"))
    arguments.choice("func", trace.func, FUNCTIONS)
    return params


def _check_targets(scores, y, name):
    """y as an array, when it holds one class, or -1, for every row of `scores` (T, …, C)."""
    if scores.ndim < 2 or scores.size == 0:
        raise ValueError(f"{name}: expected shape (T, …, C) with no empty axis, got {scores.shape}")
    y = arguments.classes("y", y, scores.shape[-1], lowest=-1)
    if y.shape != scores.shape[:-1]:
        raise ValueError(f"y: expected shape {scores.shape[:-1]}, one class for every step, got {y.shape}")
    return y
