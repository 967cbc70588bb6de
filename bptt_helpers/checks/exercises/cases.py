"""Cases that exercises of several notebooks are tried on."""

import numpy as np

from bptt_helpers import rnn


def normal(rng, *shapes):
    """Normal random arrays, one for each shape."""
    return tuple(rng.normal(size=shape) for shape in shapes)


def state_and_matrix(rng, H):
    """A state s (H,) in -1 … 1 and a matrix W (H, H)."""
    return np.tanh(rng.normal(size=H)), rng.normal(size=(H, H))


def with_trace(case):
    """(params, trace, y) of a Case."""
    return case.params, rnn.forward(case.params, case.x, case.s_init, case.func), case.y
