"""How large the gradient through time is, in thousands of scalar nets at once.

In s_t = f(w s_{t-1} + b) each step back multiplies the gradient by w f'(z_t), so

    |ds_t/ds_{-1}| = |w f'(z_0)| · |w f'(z_1)| · … · |w f'(z_t)|

which leaves the range of floats within some hundred steps. Its log10 does not: it is a sum. -inf is the
log10 of a gradient that is exactly 0: w = 0, a relu that is off, a state so full that 1 - s² is rounded to 0.

course          states, factors |w f'(z_t)| and log10 |ds_t/ds_{-1}| at every t
log10_size      the last of these log10 only, several times as fast: for maps
growing_states  where a step makes the gradient larger, |w f'(z)| > 1

w, b and s_init are numbers or float arrays whose shapes broadcast; "…" is the shape they have together.
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, recurrent, rnn
from bptt_helpers.landscape.nets import check_nets

ROOM = {np.dtype(np.float32): 36, np.dtype(np.float64): 300}  # powers of ten below 1 at full precision


class Course(NamedTuple):
    """What happens at every step: three arrays of shape (T, …)."""

    s: np.ndarray  # the state s_t
    factors: np.ndarray  # |w f'(z_t)| = |ds_t/ds_{t-1}|
    log10_sizes: np.ndarray  # log10 |ds_t/ds_{-1}|, -inf where it is exactly 0


def course(w, b, T, s_init=0.0, func="tanh"):
    """The T steps of s_t = func(w s_{t-1} + b) from s_{-1} = s_init, and what they make of the gradient.

    T : int ≥ 1
    func : one of rnn.FUNCTIONS

    Returns Course. A state beyond the largest float is inf, and nan after that, without a warning. TypeError
    or ValueError names the bad argument.
    """
    w, b, state, T = check_nets(w, b, s_init, T, func)
    s = np.empty((T, *state.shape), state.dtype)  # (T, …)
    with recurrent.silent():
        for t in range(T):
            s[t] = state = rnn.activate(w * state + b, func)
        factors = np.abs(w) * rnn.slope(s, func)
        return Course(s, factors, np.log10(factors).cumsum(axis=0))


def log10_size(w, b, T, s_init=0.0, func="tanh"):
    """log10 |ds_{T-1}/ds_{-1}|: (…), and -inf where the gradient is exactly 0.

    T : int ≥ 1
    func : one of rnn.FUNCTIONS

    float32 in, float32 out: twice as fast, and enough for a map. There tanh's 1 - s² is rounded to 0 from
    |z| = 10 on, in float64 from |z| = 19 on. TypeError or ValueError names the bad argument.
    """
    w, b, s, T = check_nets(w, b, s_init, T, func)
    together = _steps_together(w, b, s, func)
    with recurrent.silent():
        total = T * np.log(np.abs(w))  # (…)  the weight's share; np.log takes a third of the time of np.log10
        product = np.ones_like(s)
        for t in range(T):
            s = rnn.activate(w * s + b, func)
            product *= rnn.slope(s, func)
            if (t + 1) % together == 0 or t == T - 1:
                total = total + np.log(product)
                product = np.ones_like(s)
        return total / s.dtype.type(np.log(10))


def growing_states(w, func="tanh"):
    """The states s = func(z) at which |w func'(z)| > 1, the gradient grows: (low, high), or None.

    w : a number
    func : one of rnn.FUNCTIONS

    The ends do not belong to them; for relu and identity they may be infinite. TypeError or ValueError names
    the bad argument.
    """
    w = abs(arguments.number("w", w))
    arguments.choice("func", func, rnn.FUNCTIONS)
    if w <= (4 if func == "sigmoid" else 1):
        return None
    if func == "tanh":
        high = float(np.sqrt(1 - 1 / w))  # w (1 - s²) = 1
        return -high, high
    if func == "sigmoid":
        aside = float(np.sqrt(0.25 - 1 / w))  # w s (1 - s) = 1
        return 0.5 - aside, 0.5 + aside
    return (0.0 if func == "relu" else -np.inf), np.inf


def _steps_together(w, b, s_init, func):
    """How many slopes can be multiplied before the product could be too small for a float: int ≥ 1."""
    if func in ("relu", "identity"):
        return np.iinfo(int).max  # each is 0 or 1
    # |z| is at most this, and the slope then at least e^-2|z| (tanh) or e^-|z| / 4 (sigmoid).
    with recurrent.silent():
        largest = np.abs(w).max() * max(1.0, np.abs(s_init).max()) + np.abs(b).max()
    smallest = 2 * largest / np.log(10) if func == "tanh" else largest / np.log(10) + np.log10(4)
    return max(1, int(ROOM[s_init.dtype] // max(smallest, 1e-3)))
