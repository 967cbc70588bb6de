"""A model of characters writes: each one that it draws is the next one it reads.

Not here: the networks' equations over whole sequences (rnn, gates). Below they stand once more, for a single
step of a single sequence without what a trace keeps: a character costs a third of the time, so a picture can
follow a slider.
"""

import numpy as np

from bptt_helpers import arguments, recurrent, rnn
from bptt_helpers.train import models


def sample(model, start, length, *, rng, temperature=1.0):
    """Characters that the model writes after reading `start`: integer classes (length,).

    model : Model with as many inputs as outputs
    start : integer classes (n,), n at least 1
    length : whole number of at least 1
    rng : np.random.Generator
    temperature : the logits are divided by it, at least 0: 1 draws as the model says, smaller ones draw the
        likely more often, 0 always takes the likeliest

    TypeError or ValueError names the bad argument.
    """
    model = models.check_model(model)
    C, D = len(model.params.c), model.params.U.shape[1]
    if C != D:
        raise ValueError(f"model: expected as many inputs as outputs, got {D} and {C}")
    start, length = arguments.classes("start", start, C), arguments.integer("length", length)
    if start.ndim != 1:
        raise ValueError(f"start: expected shape (n,), got {start.shape}")
    arguments.instance("rng", rng, np.random.Generator)
    temperature = arguments.at_least_zero("temperature", temperature)
    step, written = one_step(model), np.empty(length, int)
    with recurrent.silent():
        states = models.zeros(model)
        for x in start[:-1]:
            _, states = step(x, states)
        x = start[-1]
        for at, share in enumerate(rng.random(length)):
            q, states = step(x, states)
            x = written[at] = draw(q, share, temperature)
    return written


def draw(q, share, temperature):
    """The class at which softmax(q / temperature), summed from class 0, passes `share`, in 0 … 1."""
    if temperature == 0:
        return int(q.argmax())
    shifted = q.astype(np.float64)
    shifted -= np.maximum.reduce(shifted)
    shifted /= temperature
    below = np.exp(shifted, out=shifted).cumsum()
    return min(int(below.searchsorted(share * below[-1], "right")), len(q) - 1)  # where q is nan: the last


def one_step(model):
    """A function (class, states) -> (logits (C,), states), for use inside silent(); unchecked."""
    U, W, V, k, c = model.params
    H, by_class = W.shape[1], U.T + k  # (D, 4H), (D, 3H) or (D, H)
    activation = rnn.ACTIVATIONS[model.func]

    def plain(x, states):
        z = by_class[x] + W @ states[0]  # (H,)
        s = activation(z, out=z)
        return V @ s + c, (s,)

    def lstm(x, states):
        s_prev, cell_prev = states
        z = by_class[x] + W @ s_prev  # (4H,)
        i, f, o = rnn.sigmoid(z[: 3 * H], out=z[: 3 * H]).reshape(3, H)
        cell = f * cell_prev + i * np.tanh(z[3 * H :])
        s = o * np.tanh(cell)
        return V @ s + c, (s, cell)

    def gru(x, states):
        z, product = by_class[x], W @ states[0]  # (3H,)
        reset, update = rnn.sigmoid(z[: 2 * H] + product[: 2 * H], out=product[: 2 * H]).reshape(2, H)
        candidate = np.tanh(z[2 * H :] + reset * product[2 * H :])
        s = update * states[0] + (1 - update) * candidate
        return V @ s + c, (s,)

    return {"lstm": lstm, "gru": gru}.get(model.network, plain)
