"""The exercises of notebook 08, cut the past. How they answer: see the package."""

import functools

import numpy as np

from bptt_helpers.checks import solutions, verdicts


def kept(attempt):
    """Exercise: attempt(t, k, n) -> (by_window, by_chunk), which errors reach which copies, for every pair.

    t (T, 1) and k (1, T) count errors and copies, so that `t - k` is a matrix (T, T). Both answers are
    boolean matrices: by_window where an error looks back n steps, its own included, by_chunk where the
    sequence is cut every n steps.
    """
    mistakes = {
        "a window of n counts the error's own step: <= lets it look back n + 1 steps, so t - k < n": (
            lambda t, k, n: _pair(t, k, t - k <= n, t // n == k // n)
        ),
        "k <= t is missing: an error reaches no copy of a later step": (
            lambda t, k, n: (t - k < n, t // n == k // n)
        ),
        "k <= t is missing in the window: for k > t the lag t - k is negative, and so below n": (
            lambda t, k, n: (t - k < n, (k <= t) & (t // n == k // n))
        ),
        "k <= t is missing in the chunk: two steps of one chunk may stand either way around": (
            lambda t, k, n: ((k <= t) & (t - k < n), t // n == k // n)
        ),
        "abs(t - k) also lets an error reach later copies: k <= t": (
            lambda t, k, n: (abs(t - k) < n, (k <= t) & (t // n == k // n))
        ),
        "the error's own step is missing: k <= t, not k < t": (
            lambda t, k, n: ((k < t) & (t - k < n), (k < t) & (t // n == k // n))
        ),
        "the order is (by_window, by_chunk)": lambda t, k, n: solutions.kept(t, k, n)[::-1],
        "both are windows: a chunk ends at fixed steps, t // n == k // n": (
            lambda t, k, n: _pair(t, k, t - k < n, t - k < n)
        ),
        "both are chunks: a window moves along with its error, t - k < n": (
            lambda t, k, n: _pair(t, k, t // n == k // n, t // n == k // n)
        ),
        "t % n is the place within a chunk; which chunk it is says t // n": (
            lambda t, k, n: _pair(t, k, t - k < n, t % n == k % n)
        ),
        "t / n is no whole number: which chunk a step lies in says t // n": (
            lambda t, k, n: _pair(t, k, t - k < n, t / n == k / n)
        ),
        "your chunks begin one step early: step 0 begins the first, so t // n without + 1": (
            lambda t, k, n: _pair(t, k, t - k < n, (t + 1) // n == (k + 1) // n)
        ),
        "`and` and chains such as 0 <= t - k < n want one truth value; between matrices write &, with each "
        "side in brackets": lambda t, k, n: (k <= t and t - k < n, k <= t and t // n == k // n),
    }
    cases = {
        f"for T = {T} and n = {n}": (np.arange(T)[:, None], np.arange(T)[None, :], n)
        for T, n in ((7, 3), (6, 1), (5, 5), (4, 10), (9, 2))
    }
    verdicts.exercise(
        _in_numbers(attempt) if callable(attempt) else attempt,
        _in_numbers(solutions.kept),
        {message: _in_numbers(wrong) for message, wrong in mistakes.items()},
        cases,
    )


def _pair(t, k, by_window, by_chunk):
    """Both masks without what lies in the future."""
    return (k <= t) & by_window, (k <= t) & by_chunk


def _in_numbers(function):
    """The same with True and False as 1 and 0, which is what answers are compared as."""

    @functools.wraps(function)
    def numbers(t, k, n):
        answer = function(t, k, n)
        return tuple(map(_number, answer)) if isinstance(answer, tuple | list) else _number(answer)

    return numbers


def _number(part):
    is_true_or_false = isinstance(part, bool | np.bool_) or getattr(part, "dtype", None) == np.dtype(bool)
    return np.asarray(part).astype(int) if is_true_or_false else part


def sweep_in_chunks(attempt):
    """Exercise: attempt(ds, slopes, W, n) -> dz (T, H), the sweep when the sequence is cut every n steps.

    ds (T, H) is what the loss of each step says to its state, slopes (T, H) holds f'(z_t), W (H, H). Step 0
    begins the first chunk; no error passes from one chunk to the one before.
    """
    right = solutions.sweep_in_chunks
    mistakes = {
        "nothing is cut: that is the whole gradient": _hearing(lambda t, T, n: True),
        "everything is cut: within a chunk from_future is passed on": _hearing(lambda t, T, n: False),
        "the cut lies one step late: step t + 1 begins a chunk when (t + 1) % n is 0": _hearing(
            lambda t, T, n: t % n != 0
        ),
        "the cut lies one step early: step t + 1 begins a chunk when (t + 1) % n is 0": _hearing(
            lambda t, T, n: (t + 2) % n != 0
        ),
        "your chunks have n + 1 steps: the published bug, truncation to 4 that runs 5": _hearing(
            lambda t, T, n: (t + 1) % (n + 1) != 0
        ),
        "your chunks are counted from the end: step 0 begins the first one": _hearing(
            lambda t, T, n: (T - 1 - t) % n != 0
        ),
        "that is the window: here all errors of a chunk stop at the same step, its first": _window,
        "a step at a cut still hears its own loss: only from_future is 0 there, not ds[t]": (
            lambda ds, slopes, W, n: right(_without_the_last_of_chunks(ds, n), slopes, W, n)
        ),
        "a step at a cut still has its own dz: only from_future is 0 there": (
            lambda ds, slopes, W, n: _without_the_last_of_chunks(right(ds, slopes, W, n), n)
        ),
        "from_future is not multiplied by W on its way: dz[t] @ W": (
            lambda ds, slopes, W, n: right(ds, slopes, np.eye(len(W)), n)
        ),
        "W is not transposed: going back takes dz[t] @ W (or W.T @ dz[t])": (
            lambda ds, slopes, W, n: right(ds, slopes, W.T, n)
        ),
        "the slopes are missing: dz[t] = slopes[t] * (ds[t] + from_future)": (
            lambda ds, slopes, W, n: right(ds, np.ones_like(slopes), W, n)
        ),
        "from_future goes through the squashing as well: slopes[t] * (ds[t] + from_future)": (
            _past_the_squashing
        ),
        "what goes on to the step before starts from dz[t], with its slope": _passing_on_without_slope,
        "you add to from_future with +=: what is passed on replaces it": _piling_up,
    }
    rng = np.random.default_rng(10)
    cases = {
        f"for T = {T} and n = {n}": (
            rng.normal(size=(T, H)),
            rng.uniform(size=(T, H)),
            rng.normal(size=(H, H)),
            n,
        )
        for T, H, n in ((8, 3, 3), (6, 2, 2), (5, 2, 1), (4, 1, 4), (5, 2, 9))
    }
    verdicts.exercise(attempt, right, mistakes, cases)


def _hearing(hears):
    """A sweep in which step t hears step t + 1 where hears(t, T, n)."""

    def sweep(ds, slopes, W, n):
        dz, from_future = np.zeros_like(ds), 0
        for t in reversed(range(len(ds))):
            dz[t] = slopes[t] * (ds[t] + (from_future if hears(t, len(ds), n) else 0))
            from_future = dz[t] @ W
        return dz

    return sweep


def _window(ds, slopes, W, n):
    """The sweep for errors that look back n steps each."""
    dz = np.zeros_like(ds)
    for t in range(len(ds)):
        error = ds[t]
        for k in reversed(range(max(0, t - n + 1), t + 1)):
            dz[k] += slopes[k] * error
            error = (slopes[k] * error) @ W
    return dz


def _without_the_last_of_chunks(rows, n):
    """The rows (T, H), zero at the last step of every chunk that another one follows."""
    rows = rows.copy()
    rows[n - 1 : -1 : n] = 0
    return rows


def _past_the_squashing(ds, slopes, W, n):
    dz, from_future = np.zeros_like(ds), 0
    for t in reversed(range(len(ds))):
        dz[t] = slopes[t] * ds[t] + (from_future if (t + 1) % n else 0)
        from_future = dz[t] @ W
    return dz


def _passing_on_without_slope(ds, slopes, W, n):
    dz, from_future = np.zeros_like(ds), 0
    for t in reversed(range(len(ds))):
        told = ds[t] + (from_future if (t + 1) % n else 0)
        dz[t], from_future = slopes[t] * told, told @ W
    return dz


def _piling_up(ds, slopes, W, n):
    dz, from_future = np.zeros_like(ds), np.zeros_like(ds[0])
    for t in reversed(range(len(ds))):
        from_future = from_future * ((t + 1) % n > 0)
        dz[t] = slopes[t] * (ds[t] + from_future)
        from_future = from_future + dz[t] @ W
    return dz
