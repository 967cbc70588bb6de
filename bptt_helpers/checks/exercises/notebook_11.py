"""The exercises of notebook 11, write like the manual. How they answer: see the package."""

import numpy as np

from bptt_helpers import rnn
from bptt_helpers.checks import solutions, verdicts


def count_loss(attempt):
    """Exercise: attempt(learnt, asked, C) -> the mean of -ln p over `asked`, p from counts in `learnt`.

    learnt, asked : integer classes of 0 … C - 1, (n,) and (m,). p(c) = (N(c) + 1) / (n + C), N counts in
    learnt: one is added to every count, so that nothing has probability 0.
    """

    def shares(learnt, C, add=1):
        counts = np.bincount(learnt, minlength=C) + add
        return counts / counts.sum()

    mistakes = {
        "a character that was never seen gets p = 0, and costs infinity: add 1 to every count": (
            lambda learnt, asked, C: -np.log(shares(learnt, C, 0)[asked]).mean()
        ),
        "1 was added to C counts, so they sum to n + C: yours sum to more than 1": (
            lambda learnt, asked, C: (
                -np.log((np.bincount(learnt, minlength=C)[asked] + 1) / len(learnt)).mean()
            )
        ),
        "those are bits: nats take the natural logarithm": (
            lambda learnt, asked, C: -np.log2(shares(learnt, C)[asked]).mean()
        ),
        "that is the sum: a loss of a character is the mean": (
            lambda learnt, asked, C: -np.log(shares(learnt, C)[asked]).sum()
        ),
        "the sign: p is below 1, so its logarithm is below 0, and the loss is -ln p": (
            lambda learnt, asked, C: np.log(shares(learnt, C)[asked]).mean()
        ),
        "first the logarithm of each p, then the mean": (
            lambda learnt, asked, C: -np.log(shares(learnt, C)[asked].mean())
        ),
        "counted where it is asked: those characters nobody knows yet. Count in learnt": (
            lambda learnt, asked, C: -np.log(shares(asked, C)[asked]).mean()
        ),
        "that is the mean over all classes: take p of the characters that are asked, p[asked]": (
            lambda learnt, asked, C: -np.log(shares(learnt, C)).mean()
        ),
        "that is the entropy of learnt: it is asked what `asked` costs": (
            lambda learnt, asked, C: -(shares(learnt, C) * np.log(shares(learnt, C))).sum()
        ),
        "that is ln C, for one who did not count": lambda learnt, asked, C: np.log(C),
    }
    rng = np.random.default_rng(11)
    cases = {
        f"for {n} characters learnt and {m} asked, of C = {C}": (
            rng.integers(0, max(1, C - 1), n) ** 2 % C, rng.integers(0, C, m), C,
        )
        for n, m, C in ((30, 12, 5), (7, 20, 11), (50, 3, 4))
    }  # fmt: skip
    verdicts.exercise(attempt, solutions.count_loss, mistakes, cases)


def softmax_at(attempt):
    """Exercise: attempt(q, temperature) -> softmax(q / temperature), (C,), for any temperature above 0."""

    mistakes = {
        "exp overflows at low temperatures: divide, then subtract the largest": (
            lambda q, temperature: np.exp(q / temperature) / np.exp(q / temperature).sum()
        ),
        "exp still overflows: subtract the largest after dividing, or divide the difference too": (
            lambda q, temperature: np.exp(q / temperature - q.max()) / np.exp(q / temperature - q.max()).sum()
        ),
        "that is softmax(q · temperature): a low temperature must make the likely likelier": (
            lambda q, temperature: rnn.softmax(q * temperature)
        ),
        "divide the logits, not the probabilities: yours do not sum to 1": (
            lambda q, temperature: rnn.softmax(q) / temperature
        ),
        "the entries do not sum to 1: divide by their sum": (
            lambda q, temperature: np.exp((q - q.max()) / temperature)
        ),
        "that is softmax at temperature 1: where is the temperature?": (
            lambda q, temperature: rnn.softmax(q)
        ),
        "the sign: the largest logit must get the largest probability": (
            lambda q, temperature: rnn.softmax(-q / temperature)
        ),
    }
    cases = {
        "for q = (1, 2, 4) at temperature 0.5": (np.array([1.0, 2.0, 4.0]), 0.5),
        "for q = (0.3, -1.2) at temperature 2": (np.array([0.3, -1.2]), 2.0),
        "for q = (3, 0, 9) at temperature 0.005": (np.array([3.0, 0.0, 9.0]), 0.005),
        "for q = (30, 40) at temperature 0.055": (np.array([30.0, 40.0]), 0.055),
        "for q = (-5, -4) at temperature 0.01": (np.array([-5.0, -4.0]), 0.01),
    }
    verdicts.exercise(attempt, solutions.softmax_at, mistakes, cases)
