"""The error surface of a scalar net s_t = f(w s_{t-1} + b), for thousands of (w, b) at once.

The net runs T steps from s_init, without input, and is to end at the target: E = (s_{T-1} - target)². That
is how Pascanu, Mikolov and Bengio (2013, section 2.3) show a cliff: sigmoid, 50 steps, target 0.7.

w and b are numbers or arrays that broadcast against each other; "…" below is the shape they broadcast to.
"""

import numpy as np

from bptt_helpers import arguments, recurrent, rnn
from bptt_helpers.landscape.nets import STEPS, check_nets


def states(w, b, T, s_init, func="tanh"):
    """All states s_0 … s_{T-1} of every net: (T, …).

    w, b, s_init : finite numbers, or arrays of floats that broadcast; s_init is the state before step 0
    T : number of steps, at least 1
    func : one of rnn.FUNCTIONS

    TypeError or ValueError names the bad argument. What overflows comes out as inf or nan, without a warning.
    """
    w, b, s_init, T = check_nets(w, b, s_init, T, func)
    return _states(w, b, T, s_init, func)


def last_state(w, b, T, s_init, func="tanh"):
    """s_{T-1} of every net: (…). Arguments are those of `states`; the states before are not kept."""
    w, b, s_init, T = check_nets(w, b, s_init, T, func)
    return _last_state(w, b, T, s_init, func)


def loss(w, b, T, s_init, target, func="tanh"):
    """E = (s_{T-1} - target)² of every net: (…). target : number. The rest is as for `states`."""
    target = arguments.number("target", target)
    w, b, s_init, T = check_nets(w, b, s_init, T, func)
    with recurrent.silent():
        return (_last_state(w, b, T, s_init, func) - target) ** 2


def gradient(w, b, T, s_init, target, func="tanh"):
    """dE/dw and dE/db of every net, by backpropagation through time: two arrays (…).

    The scalar form of S5 and S18: what the loss says to the last state goes back through the factors
    w f'(z_t), and every copy of w and b takes its share. Arguments are those of `loss`.
    """
    target = arguments.number("target", target)
    w, b, s_init, T = check_nets(w, b, s_init, T, func)
    s = _states(w, b, T, s_init, func)  # (T, …)
    with recurrent.silent():
        s_prev = np.concatenate([s_init[None], s[:-1]])  # (T, …)
        slopes = rnn.slope(s, func)  # (T, …)
        backward = np.empty_like(s)  # (T, …)  ds_{T-1}/ds_t
        backward[-1] = 1
        np.cumprod((w * slopes)[:0:-1], axis=0, out=backward[-2::-1])  # the factors of steps T - 1 … t + 1
        dz = 2 * (s[-1] - target) * backward * slopes  # (T, …)  dE/dz_t
        return (dz * s_prev).sum(axis=0), dz.sum(axis=0)


def _last_state(w, b, T, s_init, func):
    squash = rnn.ACTIVATIONS[func]
    s = s_init.copy()  # (…)
    with recurrent.silent():
        for _ in range(T):  # keeps only the last state: a surface has thousands of nets
            s = squash(w * s + b, out=s)
    return s


def _states(w, b, T, s_init, func):
    squash = rnn.ACTIVATIONS[func]
    if s_init.ndim == 0:
        return _states_of_one(float(w), float(b), T, float(s_init), func)
    s, before = np.empty((T, *s_init.shape), s_init.dtype), s_init
    with recurrent.silent():
        for t in range(T):
            before = squash(w * before + b, out=s[t])
    return s


def _states_of_one(w, b, T, s, func):
    """All states of a single net, (T,): in plain floats, a tenth of the time."""
    squashed, states = STEPS[func], []
    for _ in range(T):
        s, _slope = squashed(w * s + b)
        states.append(s)
    return np.array(states)
