"""Lab: what keeps a gradient alive? Five networks under the same sliders, and their gates. (notebook 09)"""

from functools import lru_cache

import numpy as np

from bptt_helpers import flow, rnn
from bptt_helpers import gates as gated
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.flow import inputs
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.gates import LONGEST, MILLION, NETWORKS, NOTHING, GatesPicture
from bptt_helpers.pictures.numerals import of_log10, plain

D, C = 3, 3
SHOWN = {"curves": "five networks", "gates": "and the gates", "all": "and the cell alone"}

CONTROLS = {
    "radius": Slider(1.0, 0.1, 2.5, 0.05, "radius ρ"),
    "T": Whole(40, 2, LONGEST, "T"),
    "gate_bias": Slider(1.0, -2, 6, 0.1, "gate bias"),
    "input_scale": Slider(1.0, 0, 3, 0.05, "input ×"),
    "H": Whole(16, 1, 32, "H"),
    "seed": Whole(0, 0, 99, "seed"),
    "show": Choice("all", SHOWN, "show"),
}


@lru_cache(maxsize=16)  # moving the radius needs no new eigenvalues
def _drawn(name, H, seed):
    """Weights whose W, or whose every block of W, has spectral radius 1."""
    rng = np.random.default_rng(seed)
    if name in ("lstm", "gru"):
        params = getattr(gated, name).init_params(D, H, C, rng=rng)
        blocks = np.split(params.W, len(params.W) // H)
        return params._replace(W=np.concatenate([rnn.with_spectral_radius(block, 1.0) for block in blocks]))
    scheme = {"tanh": "uniform", "orthogonal": "orthogonal", "relu": "identity"}[name]
    return rnn.init_params(D, H, C, rng=rng, scheme=scheme, spectral_radius=1.0)


def network(name, radius, gate_bias, H, seed):
    """The weights of one of NETWORKS: rnn.Params, gates.lstm.Params or gates.gru.Params.

    radius is the spectral radius of W, in a network with gates of each block of W. gate_bias is the bias of
    the LSTM's forget gate and of the GRU's update gate: how much is kept, before there is any input.
    """
    params = _drawn(name, H, seed)
    k = params.k.copy()
    if name in ("lstm", "gru"):
        k[H : 2 * H] = gate_bias  # the second block is f, or update
    return params._replace(W=radius * params.W, k=k)


@lru_cache(maxsize=10)  # the gate bias moves two of the five
def _followed(name, radius, T, gate_bias, input_scale, H, seed):
    """(params, trace, log10 of the error's size at every step, the last step's being 0)."""
    params, x = network(name, radius, gate_bias, H, seed), inputs(T, input_scale, seed)
    if name in ("lstm", "gru"):
        trace = getattr(gated, name).forward(params, x)
    else:
        trace = rnn.forward(params, x, func="relu" if name == "relu" else "tanh")
    if not np.isfinite(trace.s).all() or not np.isfinite(trace.o).all():
        return params, trace, None
    y = int(trace.o[-1].argmin())  # the least expected class: there is always an error to send back
    error = params.V.T @ rnn.error_at_logits(trace.o[-1:], np.array([y]))[0]  # (H, C) x (C,) -> (H,)
    sizes = (gated if name in ("lstm", "gru") else flow).log10_error_sizes(params, trace, error)
    return params, trace, np.where(np.isneginf(sizes), NOTHING, sizes - sizes[-1])


def compute(settings):
    """The five runs, and the last step's error on its way back through each.

    params, traces : {network: its weights}, {network: its run}
    relative : {network: (T,)}  log10 of how many times the last step's error is left at step t; NOTHING
        (-9999) where it is exactly 0. Of the LSTM both errors count, on state and on cell.
    overflows : the networks whose states are too large for a float; these are not in `relative`
    forget_gate, update_gate : (T, H)  the LSTM's forget gates and the GRU's update gates
    kept : (T, H)  log10 of the product of all later forget gates: what is left along the cell alone
    """
    at = {name: settings[name] for name in ("radius", "T", "input_scale", "H", "seed")}
    runs = {
        name: _followed(name, gate_bias=settings["gate_bias"] if name in ("lstm", "gru") else 0.0, **at)
        for name in NETWORKS
    }
    lstm, gru = runs["lstm"][1], runs["gru"][1]
    return {
        "params": {name: run[0] for name, run in runs.items()},
        "traces": {name: run[1] for name, run in runs.items()},
        "relative": {name: run[2] for name, run in runs.items() if run[2] is not None},
        "overflows": [name for name, run in runs.items() if run[2] is None],
        "forget_gate": lstm.forget_gate,
        "update_gate": gru.update,
        "kept": gated.log10_kept(lstm),
        "show": settings["show"],
    }


def describe(settings, numbers):
    """How much reaches step 0 in the LSTM and in the plain network, and why: HTML."""
    relative = numbers["relative"]
    last = settings["T"] - 1
    lstm, plainly = relative["lstm"][0], relative["tanh"][0]
    said = (
        f"Of the error of step {last}, {_size(lstm)} reaches step 0 in the LSTM ({_verdict(lstm)}), "
        f"{_size(plainly)} in the tanh network ({_verdict(plainly)})."
    )
    if settings["show"] == "curves":
        best = max(relative, key=lambda name: relative[name][0])
        over = "this one step" if last == 1 else f"these {last} steps"
        said += f" Over {over} most is left in the {NETWORKS[best]}: {_size(relative[best][0])}."
    else:
        open_by = float(numbers["forget_gate"].mean())
        kept = float(np.log10((10.0 ** np.clip(numbers["kept"][0], -300, 0)).mean()))
        said += (
            f" The forget gates stand at {plain(open_by, 2)} on average; along the cell alone "
            f"{of_log10(kept)} of it would be left."
        )
    if numbers["overflows"]:
        names = " and ".join(NETWORKS[name] for name in numbers["overflows"])
        said += f" The states of the {names} are too large for a float: overflow."
    return said


def _size(log10):
    return "<b>nothing</b>" if log10 == NOTHING else f"<b>{of_log10(log10)}</b>"


def _verdict(log10):
    if log10 < -MILLION:
        return "vanished"
    if log10 > MILLION:
        return "exploded"
    return "fading" if log10 < -1 else "alive" if log10 <= 1 else "growing"


gates = Declaration("gates", CONTROLS, compute, describe, GatesPicture, telling="gate_bias")
