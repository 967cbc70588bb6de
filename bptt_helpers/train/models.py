"""What can be trained: five networks under one set of calls.

A model is its weights and the name of the network they belong to. Whatever the network, `run` gives its
trace, `loss` what the trace costs, and `loss_and_gradient` what there is to learn from a batch.

Not here: the networks themselves (rnn, gates), the loop (training).
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, gates, recurrent, rnn

NETWORKS = ("rnn", "orthogonal", "identity-relu", "lstm", "gru")
LOSSES = ("cross_entropy", "squared_error")


class Model(NamedTuple):
    """A network and its weights."""

    network: str  # one of NETWORKS
    params: tuple  # rnn.Params, gates.lstm.Params or gates.gru.Params

    @property
    def func(self):
        """The squashing function: "relu" for identity-relu, else "tanh"."""
        return "relu" if self.network == "identity-relu" else "tanh"

    @property
    def module(self):
        """The module that the network's equations stand in: rnn, gates.lstm or gates.gru."""
        return {"lstm": gates.lstm, "gru": gates.gru}.get(self.network, rnn)


def model(network, D, H, C, *, seed=0, forget_bias=1.0, dtype=np.float32):
    """A model before it has learnt anything.

    network : "rnn" (tanh, uniform in ±1/√fan-in), "orthogonal" (the same with an orthogonal W),
        "identity-relu" (relu, W = 1: Le, Jaitly and Hinton 2015), "lstm" or "gru"
    D, H, C : sizes of input, state and output
    seed : whole number of at least 0
    forget_bias : number, for the LSTM only
    dtype : np.float32, half the work and enough to learn with, or np.float64

    TypeError or ValueError names the bad argument.
    """
    arguments.choice("network", network, NETWORKS)
    arguments.number("forget_bias", forget_bias)
    rng = np.random.default_rng(arguments.integer("seed", seed, minimum=0))
    if network == "lstm":
        return Model(network, gates.lstm.init_params(D, H, C, rng=rng, forget_bias=forget_bias, dtype=dtype))
    if network == "gru":
        return Model(network, gates.gru.init_params(D, H, C, rng=rng, dtype=dtype))
    scheme = {"rnn": "uniform", "orthogonal": "orthogonal", "identity-relu": "identity"}[network]
    return Model(network, rnn.init_params(D, H, C, rng=rng, scheme=scheme, dtype=dtype))


def check_model(model, name="model"):
    """The model, its weights as arrays of one dtype and agreeing shapes; else TypeError or ValueError."""
    arguments.instance(name, model, Model)
    arguments.choice(f"{name}.network", model.network, NETWORKS)
    blocks = {"lstm": 4, "gru": 3}.get(model.network, 1)
    params, _ = recurrent.check_weights(model.params, model.module.Params, blocks, f"{name}.params")
    for field in params._fields:
        arguments.real_floats(f"{name}.params.{field}", getattr(params, field))
    return model._replace(params=params)


def zeros(model, batch_shape=()):
    """States to start from: a tuple of (…, H), for the LSTM of two, hidden state and cell."""
    W = model.params.W
    count = 2 if model.network == "lstm" else 1
    return tuple(np.zeros((*batch_shape, W.shape[1]), W.dtype) for _ in range(count))


def run(model, x, states):
    """The trace of a run over x (T, …, D) or (T, …) from `states` as zeros() makes them. Unchecked."""
    if x.dtype.kind == "f":
        x = x.astype(model.params.W.dtype, copy=False)
    if model.module is rnn:
        return rnn.run(model.params, x, *states, model.func)
    return model.module.run(model.params, x, *states)


def last_states(trace):
    """What the next batch goes on from: a tuple of (…, H)."""
    return (trace.s[-1], trace.cell[-1]) if hasattr(trace, "cell") else (trace.s[-1],)


def mean_loss(q, y, loss):
    """The mean loss over what y scores: float.

    q : logits (T, …, C); y : classes (T, …), -1 where nothing is scored, or floats (T, …, C), nan there
    loss : "cross_entropy" or "squared_error", of the logits themselves
    """
    with recurrent.silent():
        if loss == "cross_entropy":
            return float(rnn.cross_entropy(q, y).sum() / np.count_nonzero(y != -1))
        return float(((q - y)[~np.isnan(y)] ** 2).mean())  # nan where q is: that is no gap in y


def loss_and_gradient(model, x, y, loss, states):
    """What one batch has to say: (mean loss, its gradient by every weight, the states it ends in).

    The gradient is a NamedTuple like model.params. Unchecked: training looks at its arguments once.
    """
    trace = run(model, x, states)
    dtype = model.params.W.dtype
    with recurrent.silent():
        if loss == "cross_entropy":
            dq = rnn.error_at_logits(trace.o, y)  # (T, …, C)
            scored = np.count_nonzero(y != -1)
        else:
            dq = np.nan_to_num(2 * (trace.q - y), nan=0.0, posinf=np.inf, neginf=-np.inf).astype(dtype)
            scored = np.count_nonzero(~np.isnan(y))
        dq /= dtype.type(scored)  # the gradient of the mean, so that a longer sequence does not learn faster
    gradient = model.module.send_back(model.params, trace, dq)
    weights = model.module.Params(*gradient[:5])  # without that of the states before
    return mean_loss(trace.q, y, loss), weights, last_states(trace)
