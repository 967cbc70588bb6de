"""The exercises of notebook 02, measure the error. How they answer: see the package."""

import numpy as np

from bptt_helpers import rnn
from bptt_helpers.checks import solutions, verdicts


def softmax(attempt):
    """Exercise: attempt(q) -> o, shape (C,), positive and summing to 1 (S16); q up to 1000 and beyond."""

    def shifted(q, by):
        return np.exp(q - by) / np.exp(q - by).sum()

    mistakes = {
        "exp overflows for large logits: subtract the largest first": lambda q: np.exp(q) / np.exp(q).sum(),
        "the entries do not sum to 1: divide by their sum": lambda q: np.exp(q),
        "the entries do not sum to 1: divide by their sum after the shift, too": lambda q: np.exp(
            q - q.max()
        ),
        "that is the sigmoid of each logit": lambda q: rnn.activate(q, "sigmoid"),
        "you divide by the largest, not by the sum": lambda q: np.exp(q) / np.exp(q).max(),
        "you forgot exp": lambda q: q / q.sum(),
        "that is log softmax: take exp": lambda q: np.log(rnn.softmax(q)),
        "that is softmax of -q: the largest logit must get the largest probability": lambda q: rnn.softmax(
            -q
        ),
        "you subtract the smallest logit: exp still overflows when they lie far apart; the largest": (
            lambda q: shifted(q, q.min())
        ),
        "you subtract the mean: exp still overflows when the logits lie far apart; subtract the largest": (
            lambda q: shifted(q, q.mean())
        ),
        "subtract the largest logit itself, not the largest size: far below 0 every exp becomes 0": (
            lambda q: shifted(q, abs(q).max())
        ),
    }
    cases = {
        "for q = (1, 2, 4)": (np.array([1.0, 2.0, 4.0]),),
        "for q = (0.3, -1.2)": (np.array([0.3, -1.2]),),
        "for one logit": (np.array([0.7]),),
        "for q = (1000, 1001, 999)": (np.array([1000.0, 1001.0, 999.0]),),
        "for q = (-1000, -1001)": (np.array([-1000.0, -1001.0]),),
        "for q = (0, 1000)": (np.array([0.0, 1000.0]),),
        "for q = (-1000, 0, 1000)": (np.array([-1000.0, 0.0, 1000.0]),),
        "for q = (0, 3000, 2999)": (np.array([0.0, 3000.0, 2999.0]),),
        "for q = (0, 3000, 0)": (np.array([0.0, 3000.0, 0.0]),),
    }
    verdicts.exercise(attempt, rnn.softmax, mistakes, cases)


def cross_entropy(attempt):
    """Exercise: attempt(q, y) -> E, the number Σ_t -log softmax(q_t)[y_t] (S3, S4).

    q logits (T, C), y integer classes (T,).
    """

    def from_logits(q, y, shift, axis):  # the sum over `axis` where it should be the one over classes
        log_sum = np.log(np.exp(q - shift).sum(axis=axis, keepdims=True))
        return -(q - shift - log_sum)[np.arange(len(y)), y].sum()

    def chosen(q, y):  # softmax(q_t)[y_t] for every step
        return rnn.softmax(q)[np.arange(len(y)), y]

    mistakes = {
        "that is the mean over time; the errors add up (S4)": lambda q, y: rnn.cross_entropy(q, y).mean(),
        "the minus sign is missing": lambda q, y: -rnn.cross_entropy(q, y).sum(),
        "the logarithm is missing": lambda q, y: -chosen(q, y).sum(),
        "that is the logarithm to base 2": lambda q, y: rnn.cross_entropy(q, y).sum() / np.log(2),
        "that is the logarithm to base 10": lambda q, y: rnn.cross_entropy(q, y).sum() / np.log(10),
        "you add up all classes; only the target's counts": lambda q, y: -np.log(rnn.softmax(q)).sum(),
        "only the last step is counted": lambda q, y: rnn.cross_entropy(q, y)[-1],
        "you return E_t for each step; sum them": rnn.cross_entropy,
        "the softmax is missing: that is -q_t[y_t]": lambda q, y: -q[np.arange(len(y)), y].sum(),
        "log sees a 0 for large logits: take log softmax(q)[y] = q[y] - max - log Σ exp(q - max)": (
            lambda q, y: -np.log(chosen(q, y)).sum()
        ),
        "you sum exp over all steps and classes at once: each step has its own softmax, axis=1": (
            lambda q, y: from_logits(q, y, q.max(), None)
        ),
        "you sum exp over the steps: sum over the classes, axis=1": (
            lambda q, y: from_logits(q, y, q.max(axis=0), 0)
        ),
        "you subtract the smallest logit: exp still overflows; subtract the largest of each step": (
            lambda q, y: from_logits(q, y, q.min(axis=1, keepdims=True), 1)
        ),
        "you subtract the mean: exp still overflows; subtract the largest of each step": (
            lambda q, y: from_logits(q, y, q.mean(axis=1, keepdims=True), 1)
        ),
    }
    rng = np.random.default_rng(3)
    cases = {
        "for T = 1": (rng.normal(size=(1, 3)), np.array([2])),
        "for T = 4": (rng.normal(size=(4, 3)), np.array([0, 2, 1, 1])),
        "for logits far apart": (np.array([[0.0, 1000.0, 999.0], [-100.0, 901.0, 900.0]]), np.array([1, 2])),
        "for logits farther apart": (np.array([[0.0, 0.0, 3000.0, 2999.0]]), np.array([2])),
        "for logits of a thousand": (rng.normal(size=(3, 4)) * 1000, np.array([1, 3, 0])),
    }
    verdicts.exercise(attempt, solutions.cross_entropy, mistakes, cases)


def error_at_logits(attempt):
    """Exercise: attempt(o, y) -> dE/dq = o - y, y one-hot: shape (T, C), from o (T, C) and classes y (T,)."""

    def one_hot(o, y):
        return np.eye(o.shape[1])[y]

    def minus_one_at(o, where):
        result = o.copy()
        result[where] -= 1
        return result

    mistakes = {
        "that is y - o: it points downhill, the gradient is o - y": lambda o, y: one_hot(o, y) - o,
        "y holds class numbers: make them one-hot first, np.eye(C)[y] of shape (T, C)": lambda o, y: o - y,
        "d[y] picks whole rows: one entry of each row is needed, d[np.arange(len(y)), y]": (
            lambda o, y: minus_one_at(o, y)
        ),
        "d[:, y] picks these columns in every row: one entry of each row, d[np.arange(len(y)), y]": (
            lambda o, y: minus_one_at(o, (slice(None), y))
        ),
        "that is o alone: subtract 1 at the target": lambda o, y: o,
        "you subtract 1 everywhere: only the target's entry gets -1": lambda o, y: o - 1,
        "you subtract the class number: y must be one-hot": lambda o, y: o - y[:, None],
        "that is the gradient of the mean over time: E is a sum": lambda o, y: (o - one_hot(o, y)) / len(y),
        "that is dE/do, -1/o at the target: go on through the softmax": lambda o, y: -one_hot(o, y) / o,
        "only the target's entry is left: the other logits get o": lambda o, y: (o - 1) * one_hot(o, y),
        "sum over steps only for the weights: one row a step is needed": (
            lambda o, y: (o - one_hot(o, y)).sum(axis=0)
        ),
    }
    rng = np.random.default_rng(4)
    cases = {
        "for T = 3": (rnn.softmax(rng.normal(size=(3, 4))), np.array([1, 0, 2])),  # C is not T: no accident
        "for T = 1": (rnn.softmax(rng.normal(size=(1, 4))), np.array([2])),
        "for T = 5": (rnn.softmax(rng.normal(size=(5, 2))), np.array([1, 0, 1, 1, 0])),
    }
    verdicts.exercise(attempt, rnn.error_at_logits, mistakes, cases)
