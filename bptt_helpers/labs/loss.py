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
}

GUESSING = np.log(CLASSES)  # the loss when all classes get the same share


def compute(settings):
    """q (3,): logits, shift included; o (3,): softmax(q); E: -log o[y]; dq (3,): dE/dq; y: the target."""
    q = np.array([settings["q_0"], settings["q_1"], settings["q_2"]]) + settings["shift"]
    y = np.array([settings["y"]])
    o = rnn.softmax(q)
    return {
        "q": q,
        "o": o,
        "E": float(rnn.cross_entropy(q[None], y)[0]),
        "dq": rnn.error_at_logits(o[None], y)[0],
        "y": settings["y"],
    }


def describe(settings, numbers):
    """What the output costs, and how the target's logit would change that: str."""
    y, E, dq = numbers["y"], numbers["E"], numbers["dq"]
    share = plain(numbers["o"][y], 3)
    said = f"The network gives the right class a share of {share}; that costs <b>E = {plain(E, 3)}</b>"
    if np.isclose(E, GUESSING) and np.ptp(numbers["q"]) < 1e-9:
        said += ": as much as guessing, ln 3. "
    elif E > GUESSING:
        said += f": more than guessing would, ln 3 = {GUESSING:.3f}. "
    else:
        said += ". "
    said += f"Raising q{'₀₁₂'[y]} changes the loss at rate <b>{signed(dq[y], 3)}</b>"
    if -dq[y] < 0.01:
        said += ": right and sure, there is next to nothing left to learn here."
    elif -dq[y] > 0.99:
        said += ": wrong and sure, the push is as strong as it ever gets."
    else:
        said += "; raising the others makes it worse, and the three rates sum to 0."
    if settings["shift"] != 0:
        said += " The shift moved all three logits and nothing else."
    return said


loss = Declaration("loss", CONTROLS, compute, describe, LossPicture, telling="q_0")
