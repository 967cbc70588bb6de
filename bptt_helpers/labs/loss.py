"""Lab: how wrong is one output? Logits, softmax, cross-entropy and o - y. (notebook 02; S3, S16)"""

import numpy as np

from bptt_helpers import rnn
from bptt_helpers.labs.controls import Choice, Slider
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.loss import CLASSES, LossPicture
from bptt_helpers.pictures.numerals import plain, signed

CONTROLS = {
    "q_0": Slider(2.0, -10, 10, 0.1, "q₀"),
    "q_1": Slider(1.0, -10, 10, 0.1, "q₁"),
    "q_2": Slider(-1.0, -10, 10, 0.1, "q₂"),
    "y": Choice(0, {0: "class 0", 1: "class 1", 2: "class 2"}, "target y"),
    "shift": Slider(0.0, -5, 5, 0.1, "add to all"),
    "show": Choice(
        "all", {"loss": "the loss", "guessing": "and guessing", "all": "and the gradient"}, "show"
    ),
}

GUESSING = float(np.log(CLASSES))  # the loss when all classes get the same probability


def compute(settings):
    """q (3,): logits, shift included; o (3,): softmax(q); E: -log o[y]; y: the target, a class number.

    guessing: the loss of a guess; dq (3,): dE/dq. Each is None where it is not to be shown yet.
    """
    q = np.array([settings["q_0"], settings["q_1"], settings["q_2"]]) + settings["shift"]
    y = np.array([settings["y"]])
    o = rnn.softmax(q)
    return {
        "q": q,
        "o": o,
        "E": float(rnn.cross_entropy(q[None], y)[0]),
        "y": settings["y"],
        "guessing": None if settings["show"] == "loss" else GUESSING,
        "dq": rnn.error_at_logits(o[None], y)[0] if settings["show"] == "all" else None,
    }


def describe(settings, numbers):
    """What the output costs, and how the target's logit would change that: str."""
    y, E = numbers["y"], numbers["E"]
    said = f"The target gets a probability of {plain(numbers['o'][y], 3)}: <b>E = {plain(E, 3)}</b>"
    if numbers["guessing"] is not None:
        said += _beside_guessing(numbers)
    said += "."
    if numbers["dq"] is not None:
        said += _about_the_gradient(y, numbers["dq"])
    if settings["shift"] != 0:
        said += " The shift moved all three logits and nothing else."
    return said


def _beside_guessing(numbers):
    if np.isclose(numbers["E"], GUESSING) and np.ptp(numbers["q"]) < 1e-9:
        return ", as much as guessing, log 3"
    return f", more than guessing would cost, log 3 = {GUESSING:.3f}" if numbers["E"] > GUESSING else ""


def _about_the_gradient(y, dq):
    said = f" Raising q{'₀₁₂'[y]} changes the loss at rate <b>{signed(dq[y], 3)}</b>"
    if -dq[y] < 0.01:
        return said + ": right and sure, there is next to nothing left to learn here."
    if -dq[y] > 0.99:
        return said + ": wrong and sure, the push is as strong as it ever gets."
    return said + "; raising the others makes it worse, and the three rates sum to 0."


loss = Declaration("loss", CONTROLS, compute, describe, LossPicture, telling="q_0")
