"""The exercises of notebook 09, open the gates. How they answer: see the package."""

import numpy as np

from bptt_helpers import gates
from bptt_helpers.checks import solutions, verdicts
from bptt_helpers.checks.exercises.cases import normal


def forget_bias(attempt):
    """Exercise: attempt(n, share) -> the bias with which n steps leave that share of the cell, without input.

    n : number of steps; share : number between 0 and 1. Without input the forget gate is sigmoid(bias).
    """

    def gate(n, share):
        return share ** (1 / n)

    mistakes = {
        "that is the gate itself: the bias is what sigmoid makes the gate of, log(f / (1 - f))": gate,
        "n steps multiply n gates: the gate is the n-th root, share ** (1 / n), not share / n": (
            lambda n, share: np.log((share / n) / (1 - share / n))
        ),
        "that is the bias for a single step: n steps multiply n gates": (
            lambda n, share: np.log(share / (1 - share))
        ),
        "the losses do not add up, the gates multiply: share ** (1 / n), not 1 - (1 - share) / n": (
            lambda n, share: np.log((1 - (1 - share) / n) / ((1 - share) / n))
        ),
        "log is the inverse of exp; that of sigmoid is log(f / (1 - f))": lambda n, share: np.log(
            gate(n, share)
        ),
        "the fraction is upside down: log(f / (1 - f))": (
            lambda n, share: np.log((1 - gate(n, share)) / gate(n, share))
        ),
        "that is the inverse of tanh: a gate is a sigmoid": lambda n, share: np.arctanh(gate(n, share)),
    }
    cases = {f"for n = {n} and share = {share}": (n, share) for n, share in ((39, 0.5), (10, 0.9), (2, 0.3))}
    verdicts.exercise(attempt, solutions.forget_bias, mistakes, cases)


def lstm_backward_step(attempt):
    """Exercise: attempt(ds, dcell, i, f, o, g, cell, cell_prev, W) -> (dz, s, cell), one step back.

    ds, dcell (H,): the error at s_t, and what step t + 1 passed on to cell_t; i, f, o, g, cell, cell_prev
    (H,) of step t, W (4H, H). dz (4H,) is dE/dz_t, blocks i, f, o, g; s and cell (H,) are what goes on to
    s_{t-1} and cell_{t-1}.
    """
    right = gates.lstm_backward_step

    def blocks(change):
        """The right form with something else in it: change(parts) -> None, parts a dict."""

        def answer(ds, dcell, i, f, o, g, cell, cell_prev, W):
            shown = np.tanh(cell)
            parts = {
                "told": dcell + ds * o * (1 - shown**2), "ds": ds, "dcell": dcell, "shown": shown,
                "i": i * (1 - i), "f": f * (1 - f), "o": o * (1 - o), "g": 1 - g**2,
                "to_i": g, "to_f": cell_prev, "to_o": shown, "to_g": i, "keep": f, "cell": cell, "W": W,
                "gate_o": o, "order": "ifog",
            }  # fmt: skip
            change(parts)
            told = {"i": parts["told"], "f": parts["told"], "o": parts["ds"], "g": parts["told"]}
            dz = {name: told[name] * parts[f"to_{name}"] * parts[name] for name in "ifog"}
            dz = np.concatenate([dz[name] for name in parts["order"]])
            return dz, dz @ parts["W"], parts["told"] * parts["keep"]

        return answer

    def changed(**new):
        return blocks(lambda parts: parts.update({name: value(parts) for name, value in new.items()}))

    mistakes = {
        "dcell from step t + 1 is missing: the cell is told by its state and by the next cell": changed(
            told=lambda p: p["told"] - p["dcell"]
        ),
        "the way from s_t into the cell is missing: dcell + ds * o * (1 - tanh(cell)**2)": changed(
            told=lambda p: p["dcell"]
        ),
        "between s_t and the cell stands a tanh: its slope 1 - tanh(cell)**2 is missing": changed(
            told=lambda p: p["dcell"] + p["ds"] * p["gate_o"]
        ),
        "the slope of tanh is 1 - tanh(cell)**2: the cell itself has not gone through tanh": changed(
            told=lambda p: p["dcell"] + p["ds"] * p["gate_o"] * (1 - p["cell"] ** 2)
        ),
        "between s_t and the cell stands the output gate: ds * o * …": changed(
            told=lambda p: p["dcell"] + p["ds"] * (1 - p["shown"] ** 2)
        ),
        "the slopes of the gates are missing: a gate is a sigmoid, so times i * (1 - i), and so on": changed(
            i=lambda p: 1, f=lambda p: 1, o=lambda p: 1
        ),
        "the slope of the candidate is missing: times 1 - g**2": changed(g=lambda p: 1),
        "the candidate is a tanh: its slope is 1 - g**2, not g * (1 - g)": changed(
            g=lambda p: p["to_i"] * (1 - p["to_i"])
        ),
        "the forget gate multiplies the cell before, cell_prev": changed(to_f=lambda p: p["cell"]),
        "the output gate multiplies tanh(cell)": changed(to_o=lambda p: p["cell"]),
        "the output gate stands between s_t and the loss: it is told ds, not the cell's error": changed(
            ds=lambda p: p["told"]
        ),
        "the order of the blocks is i, f, o, g": changed(order=lambda p: "ifgo"),
        "what goes on to the cell before is dcell * f: the forget gate is missing": changed(keep=lambda p: 1),
        "what goes on to s_{t-1} goes through W: dz @ W": lambda *a: (right(*a).dz, a[0], right(*a).cell),
        "the order is (dz, to s_{t-1}, to cell_{t-1})": lambda *a: (right(*a).dz, *right(*a)[:0:-1]),
    }
    rng = np.random.default_rng(9)
    cases = {}
    for H in (3, 1):
        i, f, o = (1 / (1 + np.exp(-part)) for part in normal(rng, H, H, H))
        g, (ds, dcell, cell, cell_prev) = np.tanh(rng.normal(size=H)), normal(rng, H, H, H, H)
        cases[f"with H = {H}"] = (ds, dcell, i, f, o, g, cell, cell_prev, rng.normal(size=(4 * H, H)))
    verdicts.exercise(attempt, lambda *given: tuple(right(*given)), mistakes, cases)
