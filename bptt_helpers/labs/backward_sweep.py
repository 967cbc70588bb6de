"""Lab: how does one sweep give all gradients? (notebook 04; S5, S18)"""

import numpy as np

from bptt_helpers import rnn
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.backward_sweep import LONGEST, BackwardSweepPicture
from bptt_helpers.pictures.numerals import plain

D = 2  # inputs; the sweep does not look at them

CONTROLS = {
    "step": Whole(1, 0, LONGEST, "visited", play=True),
    "T": Whole(6, 2, LONGEST, "T"),
    "loss": Choice("every", {"every": "at every step", "last": "at the last step only"}, "loss"),
    "radius": Slider(0.9, 0, 2, 0.05, "radius"),
    "func": Choice("tanh", rnn.FUNCTIONS, "func"),
    "H": Whole(3, 2, 3, "H"),
    "C": Whole(3, 2, 3, "classes"),
    "seed": Whole(0, 0, 99, "seed"),
}


def network(settings):
    """params, trace and y of the small random network that the settings describe."""
    T, H, C = settings["T"], settings["H"], settings["C"]
    rng = np.random.default_rng(settings["seed"])
    params = rnn.init_params(D, H, C, rng=rng, spectral_radius=settings["radius"])
    x, y = rng.normal(size=(T, D)), rng.integers(0, C, T)
    s_init = rng.uniform(-1, 1, H)  # not 0: else the copy of W used at step 0 would get exactly nothing
    if settings["loss"] == "last":
        y[:-1] = -1
    return params, rnn.forward(params, x, s_init, settings["func"]), y


def record(params, trace, y):
    """The sweep of rnn.backward once more, keeping all that it passes by, as a dict of arrays.

    ds, from_future, total : (T, H)  what the loss says to s_t, what arrives from step t + 1, both
    slope, dz, passed_on : (T, H)  f'(z_t), dE/dz_t, and what goes on to s_{t-1}
    before, added, after : (T, H, H)  dW around step t
    """
    T, H = trace.s.shape
    kept = {name: np.empty((T, H)) for name in ("from_future", "total", "dz", "passed_on")}
    kept |= {name: np.empty((T, H, H)) for name in ("before", "added", "after")}
    kept["ds"] = rnn.error_at_logits(trace.o, y) @ params.V  # (T, C) x (C, H) -> (T, H)
    kept["slope"] = rnn.slope(trace.s, trace.func)  # (T, H)
    from_future, dW = np.zeros(H), np.zeros((H, H))
    for t in reversed(range(T)):
        kept["from_future"][t], kept["before"][t] = from_future, dW
        kept["total"][t] = kept["ds"][t] + from_future  # (H,)
        kept["dz"][t] = kept["slope"][t] * kept["total"][t]  # (H,)
        kept["passed_on"][t] = from_future = kept["dz"][t] @ params.W  # (H,) x (H, H) -> (H,)
        kept["added"][t] = np.outer(kept["dz"][t], trace.s_prev[t])  # (H,) x (H,) -> (H, H)
        kept["after"][t] = dW = dW + kept["added"][t]
    return kept


def compute(settings):
    """The network, its run, the recorded sweep, rnn.backward's dW, and t, the last step visited (T: none)."""
    params, trace, y = network(settings)
    sweep = record(params, trace, y)
    dW = rnn.backward(params, trace, y).W
    return {
        "t": max(settings["T"] - settings["step"], 0),
        "params": params,
        "trace": trace,
        "y": y,
        "s_prev": trace.s_prev,
        "has_loss": y != -1,
        "sweep": sweep,
        "dW": dW,
        "difference": np.abs(sweep["after"][0] - dW).max(),
    }


def describe(settings, numbers):
    """Who spoke to the step just visited, and whose copies of W are in dW."""
    t, T, sweep = numbers["t"], settings["T"], numbers["sweep"]
    if t == T:
        E = rnn.cross_entropy(numbers["trace"].q, numbers["y"]).sum()
        return (
            f"Forward has run, from a random s₋₁: E = <b>{plain(E)}</b>. The sweep starts at the end, "
            f"at t = {T - 1}, where nothing comes from the future. Move <i>visited</i>, or press Play."
        )
    loss, future, both = (np.linalg.norm(sweep[name][t]) for name in ("ds", "from_future", "total"))
    if t == 0:
        return (
            f"All {T} copies of W are in after <b>one sweep</b>: dW equals rnn.backward's, the largest "
            f"difference is {numbers['difference']:.1g}. What step 0 passes on is ∂E/∂s₋₁."
        )
    copies = f"{T - t} of {T} copies of W {'is' if T - t == 1 else 'are'} in dW; "
    visited = f"Step t = {t}: {_sources(loss, future, both)} {copies}"
    missing = "0 and 1" if t == 2 else f"0 … {t - 1}"
    return visited + (
        "the copy used at step 0 is still missing."
        if t == 1
        else f"those of steps {missing} are still missing."
    )


def _sources(loss, future, both):
    """Who says how much to the state, in words, from the three lengths."""
    if both == 0 and loss == 0:
        return "nobody says anything to this state, so this copy of W adds <b>nothing</b>."
    if loss == 0:
        heard = plain(future, 3)
        return f"this step has no loss of its own; <b>all</b> it hears ({heard}) comes from the future."
    if future == 0:
        return f"its loss says {plain(loss, 3)}; <b>nothing</b> comes from the future."
    louder = "the future speaks louder" if future > loss else "its own loss speaks louder"
    return (
        f"its loss says {plain(loss, 3)}, the future says {plain(future, 3)} (lengths): {louder}; "
        f"together <b>{plain(both, 3)}</b>."
    )


def _limits(settings):
    return {"step": (0, settings["T"])}


backward_sweep = Declaration(
    "backward_sweep", CONTROLS, compute, describe, BackwardSweepPicture, limits=_limits, telling="step"
)
