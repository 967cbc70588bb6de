"""Lab: what does truncation cost? Masks on the blame matrix, and how far the gradient turns. (notebook 08)"""

from collections import namedtuple
from functools import lru_cache

import numpy as np

from bptt_helpers import flow, rnn, tasks
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.numerals import signed
from bptt_helpers.pictures.truncate import TruncatePicture, degrees, times

SENTENCE = tasks.sentence()
LONGEST = len(SENTENCE) - 1  # the last character has no next one

CONTROLS = {
    "window": Whole(20, 1, LONGEST, "window", play=True),
    "chunk": Whole(16, 1, LONGEST, "chunk"),
    "example": Choice("sentence", {"sentence": "a sentence", "by hand": "the two steps by hand"}, "example"),
    "T": Whole(LONGEST, 2, LONGEST, "T"),
    "radius": Slider(1.1, 0, 2, 0.05, "radius"),
    "loss": Choice("every", {"every": "at every step", "last": "at the last step"}, "loss"),
    "func": Choice("tanh", rnn.FUNCTIONS, "func"),
    "H": Whole(12, 1, 16, "H"),
    "seed": Whole(70, 0, 99, "seed"),
    "show": Choice("all", {"all": "masks, angle, length", "masks": "the masks"}, "show"),
}

Gradient = namedtuple("Gradient", "U W k")  # what is compared
GradientOfU = namedtuple("GradientOfU", "U")  # by hand


def network(T, radius, loss, func, H, seed):
    """params, trace and y: an untrained network reads T characters, to predict each next one or the last."""
    characters = tasks.vocabulary(SENTENCE)
    classes = tasks.encode(SENTENCE, characters)
    D = C = len(characters)
    params = rnn.init_params(D, H, C, rng=np.random.default_rng(seed), spectral_radius=radius)
    y = classes[1 : T + 1].copy()
    if loss == "last":
        y[:-1] = -1
    return params, rnn.forward(params, classes[:T], func=func), y


def two_steps_by_hand():
    """params, trace and y of the text's scalar network: u = 0.6, w = 0.9, k = 0.1, a loss at step 1 only."""
    params = rnn.Params(
        U=np.array([[0.6]]),
        W=np.array([[0.9]]),
        V=np.array([[1.5], [-1.0]]),
        k=np.array([0.1]),
        c=np.zeros(2),
    )
    return params, rnn.forward(params, np.array([[1.0], [-0.5]])), np.array([-1, 0])


@lru_cache(maxsize=1)  # another window or chunk needs nothing new
def _every_n(example, **settings):
    """Everything that does not depend on the chosen window and chunk: see compute."""
    by_hand = example == "by hand"
    params, trace, y = two_steps_by_hand() if by_hand else network(**settings)
    if by_hand:
        dz = rnn.slope(trace.s, trace.func) * flow.error_reaching(params, trace, y)  # (T, T, 1)
        cells = dz[..., 0] * trace.x[:, 0]  # (T, T)  dE_t/du^(k), with its sign
        norms = np.abs(cells)
    else:
        cells = norms = flow.blame_norms(params, trace, y)  # (T, T)
    every = [gradients(params, trace, y) for gradients in (flow.window_gradients, flow.chunk_gradients)]
    windows, chunks = (GradientOfU(each.U) if by_hand else Gradient(*each) for each in every)
    true = _at(windows, len(y))
    by_window, by_chunk = (flow.angle_and_length(gradients, true) for gradients in (windows, chunks))
    return (
        {
            "params": params,
            "trace": trace,
            "y": y,
            "with_loss": y >= 0,
            "norms": norms,
            "cells": cells,
            "true": true,
            "angles_window": by_window.angle,
            "lengths_window": by_window.length,
            "angles_chunk": by_chunk.angle,
            "lengths_chunk": by_chunk.length,
        },
        windows,
        chunks,
    )


def _at(gradients, n):
    """Of the gradients for every n the one for this n."""
    return type(gradients)(*(field[n - 1] for field in gradients))


def compute(settings):
    """The run, the blame matrix, both masks, and what every window and chunk makes of the gradient.

    norms : (T, T)  ‖C[t, k]‖, of W; by hand |dE_t/du^(k)|
    cells : (T, T)  the same, by hand with its sign
    kept_by_window, kept_by_chunk : (T, T)  booleans
    with_loss : (T,)  which steps have a loss: only their errors, rows of these matrices, count as pairs
    pairs, pairs_window, pairs_chunk : how many pairs of an error and a copy there are, and how many are kept
    true, truncated_window, truncated_chunk : what is compared, stacked into one vector: U, W and k; by hand U
    angles_window, lengths_window, angles_chunk, lengths_chunk : (T,)  entry n - 1 for window or chunk n:
        degrees to the true gradient (nan where one of the two is 0), and how many times as long
    window, chunk : the chosen ones, at most T
    """
    names = ("example", "T", "radius", "loss", "func", "H", "seed")
    numbers, windows, chunks = _every_n(**{name: settings[name] for name in names})
    T = len(numbers["y"])
    window, chunk = min(settings["window"], T), min(settings["chunk"], T)
    with_loss = numbers["with_loss"]
    by_window, by_chunk = flow.kept_by_window(T, window), flow.kept_by_chunk(T, chunk)
    return numbers | {
        "kept_by_window": by_window,
        "kept_by_chunk": by_chunk,
        "pairs": int(np.tri(T, dtype=bool)[with_loss].sum()),
        "pairs_window": int(by_window[with_loss].sum()),
        "pairs_chunk": int(by_chunk[with_loss].sum()),
        "truncated_window": _at(windows, window),
        "truncated_chunk": _at(chunks, chunk),
        "window": window,
        "chunk": chunk,
        "by_hand": settings["example"] == "by hand",
        "show": settings["show"],
    }


def describe(settings, numbers):
    """What is kept; or how far the gradient is turned, and whether a shorter look back did better: HTML."""
    if settings["show"] == "masks":
        return _pairs(numbers)
    if numbers["by_hand"]:
        return _by_hand(numbers)
    if not any(part.any() for part in numbers["true"]):
        return "No error gets past the squashing: the true gradient is <b>exactly 0</b> and has no direction."
    return f"{_window(numbers)} {_chunk(numbers)} {_is_more_better(numbers)}"


def _pairs(numbers):
    """How many pairs both ways keep, in words; with the masks alone, angles are a question to come."""
    return (
        f"A window of {numbers['window']} keeps <b>{numbers['pairs_window']}</b> of {numbers['pairs']} pairs"
        f", chunks of {numbers['chunk']} keep <b>{numbers['pairs_chunk']}</b>."
    )


def _by_hand(numbers):
    """The signs of ∂E/∂u, which alone is compared."""
    true = numbers["true"].U.item()
    said = {
        f"a window of {numbers['window']}": numbers["truncated_window"].U.item(),
        f"chunks of {numbers['chunk']}": numbers["truncated_chunk"].U.item(),
    }
    flipped = [name for name, value in said.items() if value * true < 0]
    if not flipped:
        return (
            f"Both steps are kept: ∂E/∂u = <b>{signed(true)}</b> is the true gradient. "
            "Set window or chunk to 1."
        )
    return (
        f"For {' and for '.join(flipped)}, the gradient of u alone is <b>{signed(said[flipped[0]])}</b> "
        f"instead of {signed(true)}: <b>the sign is flipped</b>. What was cut off, "
        f"{signed(numbers['cells'][1, 0])}, is the larger part."
    )


def _window(numbers):
    """What the chosen window makes of the gradient, in words."""
    n, T = numbers["window"], len(numbers["y"])
    if n == T:
        return f"A window of {T} is the whole sequence: the <b>true gradient</b>."
    angle, length = numbers["angles_window"][n - 1], numbers["lengths_window"][n - 1]
    if np.isnan(angle):
        return f"A window of {n} leaves a gradient of <b>exactly 0</b>."
    return (
        f"A window of {n}: the gradient points <b>{degrees(angle)}</b> away from the true one"
        f"{_uphill(angle)}, with {times(length)} of its length."
    )


def _chunk(numbers):
    """What the chosen chunk makes of it, in words."""
    n, T = numbers["chunk"], len(numbers["y"])
    if n == T:
        return f"A chunk of {T} cuts nothing."
    angle, length = numbers["angles_chunk"][n - 1], numbers["lengths_chunk"][n - 1]
    if np.isnan(angle):
        return f"Chunks of {n} leave exactly 0."
    return f"Chunks of {n}: <b>{degrees(angle)}</b> away{_uphill(angle)}, with {times(length)} of its length."


def _uphill(angle):
    return " (a step goes <b>uphill</b>)" if angle > 90 else ""


def _is_more_better(numbers):
    """Where a shorter window, or shorter chunks, came closer, in words."""
    for name, several in (("window", "a window"), ("chunk", "chunks")):
        angles = numbers[f"angles_{name}"][: numbers[name]]
        best = int(np.nan_to_num(angles, nan=180).argmin())
        if angles[best] < angles[-1] and degrees(angles[best]) != degrees(angles[-1]):
            return f"More is not always better: {several} of {best + 1} had <b>{degrees(angles[best])}</b>."
    return ""


def _limits(settings):
    last = 2 if settings["example"] == "by hand" else settings["T"]
    return {"window": (1, last), "chunk": (1, last)}


truncate = Declaration(
    "truncate", CONTROLS, compute, describe, TruncatePicture, limits=_limits, telling="window"
)
