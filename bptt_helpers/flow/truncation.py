"""What is lost when errors may not look back as far as they could, and a way to lose nothing on average.

kept_by_window, kept_by_chunk        which errors reach which copies, as masks
truncated                            the gradient for one window or chunk; takes batches: this is what trains
window_gradients, chunk_gradients    the same for every n = 1 … T at once, of a single sequence
angle_and_length                     how far a truncated gradient is from the true one
randomly_truncated, draw_cuts        cuts at random, right on average (Tallec and Ollivier 2017)

An error at step t reaches the copy of a weight used at step k <= t; the two kinds of truncation are two
masks over these pairs.
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, recurrent, rnn
from bptt_helpers.flow.untied import check_single, error_reaching, slopes_for_errors


class Truncations(NamedTuple):
    """Truncated gradients for n = 1 … T: entry n - 1 is the one of window, or chunk, n."""

    U: np.ndarray  # (T, H, D)
    W: np.ndarray  # (T, H, H)
    k: np.ndarray  # (T, H)


class AngleAndLength(NamedTuple):
    """How a gradient lies beside another one."""

    angle: float | np.ndarray  # degrees, 0 … 180; nan where one of the two is zero
    length: float | np.ndarray  # times the other's; inf, or nan, where that is zero


def kept_by_window(T, window):
    """Which errors reach which copies when each looks back `window` steps, its own included.

    T : number of steps, an integer of at least 1
    window : an integer of at least 1; from T on everything is kept

    Returns a boolean array (T, T), True at [t, k] where k <= t and t - k < window. TypeError or ValueError
    names the bad argument.
    """
    T, window = arguments.integer("T", T), arguments.integer("window", window)
    return np.tri(T, dtype=bool) & ~np.tri(T, k=-min(window, T), dtype=bool)


def kept_by_chunk(T, chunk):
    """Which errors reach which copies when the sequence is cut every `chunk` steps.

    T : number of steps, an integer of at least 1
    chunk : an integer of at least 1; from T on everything is kept

    Returns a boolean array (T, T), True at [t, k] where k <= t and t // chunk == k // chunk. TypeError or
    ValueError names the bad argument.
    """
    T, chunk = arguments.integer("T", T), arguments.integer("chunk", chunk)
    number = np.arange(T) // min(chunk, T)  # (T,)  of the chunk each step lies in
    return np.tri(T, dtype=bool) & (number[:, None] == number)


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
        dz = sweep(params.W, slopes_for_errors(params, trace), ds, steps)
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


def window_gradients(params, trace, y):
    """The truncated gradients for every window 1 … T: what `truncated` gives, all from one look back.

    params : rnn.Params
    trace : rnn.Trace of a single sequence
    y : integer array of shape (T,), classes, or -1 where there is no loss

    Returns Truncations, entry n - 1 for window n; the last is the true gradient. ValueError names trace when
    it holds a batch.
    """
    params = check_single(params, trace)
    n, k = _every_n_and_copy(trace)
    return _sums_over_copies(params, trace, y, last=k + n - 1)


def chunk_gradients(params, trace, y):
    """The truncated gradients for every chunk 1 … T: what `truncated` gives, all from one look back.

    params : rnn.Params
    trace : rnn.Trace of a single sequence
    y : integer array of shape (T,), classes, or -1 where there is no loss

    Returns Truncations, entry n - 1 for chunk n; the last is the true gradient. ValueError names trace when
    it holds a batch.
    """
    params = check_single(params, trace)
    n, k = _every_n_and_copy(trace)
    return _sums_over_copies(params, trace, y, last=(k // n + 1) * n - 1)  # where the chunk of k ends


def _every_n_and_copy(trace):
    """n = 1 … T down, (T, 1), and the steps k = 0 … T - 1 across, (1, T)."""
    k = np.arange(len(trace.s))
    return k[:, None] + 1, k[None]


def _sums_over_copies(params, trace, y, last):
    """Truncations where copy k hears the errors of steps k … last[n - 1, k] and no others; last (T, T)."""
    T, D = len(trace.s), params.U.shape[1]
    with recurrent.silent():
        dz = rnn.slope(trace.s, trace.func) * error_reaching(params, trace, y)  # (T, T, H)  dE_t/dz_k
        told_until = dz.cumsum(axis=0)  # (T, T, H)  [t, k]: what errors up to step t say to copy k
        told = told_until[np.minimum(last, T - 1), range(T)]  # (T, T, H)  [n - 1, k]
        x = np.eye(D, dtype=dz.dtype)[trace.x] if trace.x.dtype.kind in "iu" else trace.x  # (T, D)
        by_unit = told.swapaxes(1, 2)  # (T, H, T)
        return Truncations(by_unit @ x, by_unit @ trace.s_prev, told.sum(axis=1))


def angle_and_length(truncated, true):
    """The angle between two gradients, and how long the first is beside the second.

    truncated, true : real arrays, or tuples of as many arrays of the same shapes (rnn.Gradients for example),
        which are stacked into one long vector. Those of `truncated` may have a further axis in front, of one
        length for all: several gradients at once.

    Returns AngleAndLength of floats, or of arrays where `truncated` holds several gradients. From an angle of
    90 degrees on, a step down the one leads no way down the other. Two unit vectors a and b are an angle of
    2 atan2(‖a - b‖, ‖a + b‖) apart (Kahan 2006): arccos(a·b) would see nothing below 1e-6 degrees. TypeError
    or ValueError names the bad argument.
    """
    true = _real_arrays("true", true)
    truncated = _real_arrays("truncated", truncated)
    if len(truncated) != len(true):
        raise ValueError(f"truncated: expected {len(true)} arrays as in true, got {len(truncated)}")
    several = truncated[0].shape[: truncated[0].ndim - true[0].ndim]
    shapes, expected = [a.shape for a in truncated], [(*several, *b.shape) for b in true]
    if len(several) > 1 or shapes != expected:
        raise ValueError(
            f"truncated: expected shapes {[b.shape for b in true]} as in true, or all with one more axis in "
            f"front, got {shapes}"
        )
    b, length_of_b = _unit(np.concatenate([part.ravel() for part in true]))
    a, length_of_a = _unit(np.concatenate([part.reshape(*several, -1) for part in truncated], axis=-1))
    with recurrent.silent():
        apart = np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))
        angle, length = np.degrees(2 * apart), length_of_a / length_of_b
    return AngleAndLength(angle, length) if several else AngleAndLength(float(angle), float(length))


def _real_arrays(name, value):
    """A gradient as a tuple of float64 arrays."""
    parts = value if isinstance(value, tuple) else (value,)
    if not parts:
        raise ValueError(f"{name}: expected at least one array, got an empty tuple")
    names = [f"{name}[{i}]" if isinstance(value, tuple) else name for i in range(len(parts))]
    arrays = [arguments.real_floats(*pair) for pair in zip(names, parts, strict=True)]
    for full_name, array in zip(names, arrays, strict=True):
        if array.size == 0:
            raise ValueError(f"{full_name}: expected at least one number, got shape {array.shape}")
        arguments.finite(full_name, array)
    return tuple(array.astype(np.float64) for array in arrays)


def _unit(vectors):
    """Vectors (…, N) brought to length 1, nan where they are zero, and their lengths (…)."""
    largest = np.abs(vectors).max(
        axis=-1, initial=0
    )  # its square may be too large, or too small, for a float
    with recurrent.silent():
        scaled = vectors / largest[..., None]
        length = np.linalg.norm(scaled, axis=-1)
        return scaled / length[..., None], np.where(largest > 0, largest * length, 0.0)


def randomly_truncated(params, trace, y, cuts, probability):
    """The gradient when errors are stopped at random, and those that pass are made longer: right on average.

    params : rnn.Params
    trace : rnn.Trace, of a single sequence or a batch
    y : integer array of shape (T, …), classes, or -1 where there is no loss
    cuts : boolean array (T,): cuts[t] stops what step t passes on to step t - 1, cuts[0] what goes to s_init;
        in a batch all sequences are cut alike
    probability : p, a number from 0 to below 1, of every one of the cuts; what passes is multiplied by
        1 / (1 - p), since it does so only with probability 1 - p

    Returns rnn.Gradients. Their mean over all cuts, each drawn on its own (`draw_cuts`), is rnn.backward's:
    an error passes n steps with probability (1 - p)^n and is then longer by (1 - p)^-n. Tallec and Ollivier
    2017, Unbiasing Truncated Backpropagation Through Time (arXiv 1705.08209). TypeError or ValueError names
    the bad argument.
    """
    params = rnn.check_trace(params, trace)
    passes = _check_cuts(cuts, len(trace.s)) / (1 - _check_probability(probability))  # (T,)
    passes = passes.astype(params.W.real.dtype)
    with recurrent.silent():
        dq = rnn.error_at_logits(trace.o, y)  # (T, …, C)
        ds = dq @ params.V  # (T, …, C) x (C, H) -> (T, …, H)
        slopes = slopes_for_errors(params, trace)  # (T, …, H)
        dz = np.empty_like(slopes)
        from_future = 0
        for t in reversed(range(len(ds))):
            dz[t], passed_on = rnn.backward_step(ds[t], from_future, slopes[t], params.W)
            from_future = passes[t] * passed_on
        return rnn.sum_over_steps(params, trace, dq, dz)._replace(s_init=from_future)


def draw_cuts(T, probability, rng):
    """Cuts for `randomly_truncated`: each of the T places is cut with this probability, on its own.

    T : an integer of at least 1
    probability : a number from 0 to below 1
    rng : np.random.Generator

    Returns a boolean array (T,). TypeError or ValueError names the bad argument.
    """
    T, probability = arguments.integer("T", T), _check_probability(probability)
    arguments.instance("rng", rng, np.random.Generator)
    return rng.random(T) < probability


def _check_cuts(cuts, T):
    """Where nothing is cut, a boolean array (T,)."""
    cuts = arguments.array("cuts", cuts)
    if cuts.dtype != bool:
        raise TypeError(f"cuts: expected booleans, got {cuts.dtype}")
    if cuts.shape != (T,):
        raise ValueError(f"cuts: expected shape (T,) = ({T},), got {cuts.shape}")
    return ~cuts


def _check_probability(probability):
    probability = arguments.number("probability", probability)
    if not 0 <= probability < 1:
        raise ValueError(f"probability: expected a number from 0 to below 1, got {probability}")
    return probability
