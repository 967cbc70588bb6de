"""The exercises of notebook 07, walk off the cliff. How they answer: see the package."""

import numpy as np

from bptt_helpers import optimisers
from bptt_helpers.checks import solutions, verdicts


def fold(attempt):
    """Exercise: attempt(w) -> (low, high), the two b at which s = tanh(w s + b) folds, for w above 1.

    There the map touches the diagonal: its slope w (1 - s²) is 1, and b = atanh(s) - w s.
    """

    def state(w):
        return np.sqrt(1 - 1 / w)

    def both(upper):  # the two folds lie symmetrically about 0
        return lambda w: (-abs(upper(w)), abs(upper(w)))

    def one(w):
        return np.arctanh(state(w)) - w * state(w)

    def or_nan(function):  # atanh of 1 - 1/w and the like may leave its domain
        def quiet(w):
            with np.errstate(all="ignore"):
                return function(w)

        return quiet

    mistakes = {
        "those are the states s: b = atanh(s) - w s is still to come": lambda w: (-state(w), state(w)),
        "b is atanh(s) - w s, not tanh(s) - w s: s = tanh(w s + b) is to be solved for b": both(
            lambda w: np.tanh(state(w)) - w * state(w)
        ),
        "the inverse of tanh is arctanh, not arctan": both(lambda w: np.arctan(state(w)) - w * state(w)),
        "b is atanh(s) - w s: the w is missing": both(lambda w: np.arctanh(state(w)) - state(w)),
        "b is atanh(s) - w s: the minus is a plus in yours": both(
            lambda w: np.arctanh(state(w)) + w * state(w)
        ),
        "w (1 - s²) = 1 gives s² = 1 - 1/w: the root is missing": or_nan(
            both(lambda w: np.arctanh(state(w) ** 2) - w * state(w) ** 2)
        ),
        "one of the two is missing: s may be the negative root as well": one,
        "low comes first: yours are swapped": lambda w: (-one(w), one(w)),
        "both are the same: s may be +√(1 - 1/w) and -√(1 - 1/w)": lambda w: (one(w), one(w)),
    }
    cases = {f"for w = {w}": (w,) for w in (2.0, 1.2, 5.0)}
    verdicts.exercise(attempt, solutions.fold, mistakes, cases)


def clip_by_norm(attempt):
    """Exercise: attempt(gradient, limit) -> the gradient, not longer than limit, in its own direction.

    gradient : an array of any shape; its length is the root of the sum of all squared entries
    """

    def length(g):
        return np.sqrt((g**2).sum())

    def factor(g, limit):
        return min(1.0, limit / max(length(g), 1e-300))

    def row_by_row(g, limit):
        lengths = np.linalg.norm(g, axis=-1, keepdims=True)
        return g * np.minimum(1, limit / np.maximum(lengths, 1e-300))

    def scaled(size):  # clipping by another size than the length
        return lambda g, limit: g * limit / size(g) if size(g) > limit else g.copy()

    def always(g, limit):
        with np.errstate(all="ignore"):
            return g * limit / length(g)

    mistakes = {
        "that is clipping by value: each entry for itself, and the direction changes": (
            lambda g, limit: np.clip(g, -limit, limit)
        ),
        "a short gradient stays as it is: yours is stretched to the limit": always,
        "the root is missing: the length is the root of the sum of squares": scaled(lambda g: (g**2).sum()),
        "that is the sum of sizes, not the length: the root of the sum of squares": scaled(
            lambda g: np.abs(g).sum()
        ),
        "that goes by the largest entry, not by the length of the whole gradient": scaled(
            lambda g: np.abs(g).max()
        ),
        "each row is clipped by itself: one length for the whole gradient": row_by_row,
        "what comes out has length 1: multiply by limit": (
            lambda g, limit: g / length(g) if length(g) > limit else g.copy()
        ),
        "limit and length are swapped: limit / length": (
            lambda g, limit: g * length(g) / limit if length(g) > limit else g.copy()
        ),
        "the comparison is the wrong way round: only what is longer than limit is clipped": (
            lambda g, limit: g * limit / max(length(g), 1e-300) if length(g) < limit else g.copy()
        ),
        "yours is the gradient as it came: nothing is cut": lambda g, limit: g.copy(),
        "a gradient that is too long is not thrown away, but shortened": (
            lambda g, limit: np.zeros_like(g) if length(g) > limit else g.copy()
        ),
        "that is the factor: multiply the gradient by it": factor,
    }
    rng = np.random.default_rng(10)
    cases = {
        "for (3, 4) at 2.5": (np.array([3.0, 4.0]), 2.5),
        "for (0.03, -0.04) at 1": (np.array([0.03, -0.04]), 1.0),
        "for a matrix at 2.5": (3 * rng.normal(size=(3, 2)), 2.5),
        "for a gradient of zeros": (np.zeros(3), 0.5),
        "for (30, -1, 2) at 5": (np.array([30.0, -1.0, 2.0]), 5.0),
    }
    verdicts.exercise(attempt, optimisers.clip_by_norm, mistakes, cases)
