"""The exercises of notebook 01, unroll the loop. How they answer: see the package."""

import numpy as np

from bptt_helpers.checks import solutions, verdicts
from bptt_helpers.checks.exercises.cases import normal


def forward_step(attempt):
    """Exercise: attempt(x, s_prev, U, W, k) -> s_t = tanh(U x_t + W s_{t-1} + k), shape (H,) (S1).

    x (D,), s_prev (H,), U (H, D), W (H, H), k (H,).
    """
    rng = np.random.default_rng(1)
    cases = {
        f"with D = {D} and H = {H}": normal(rng, (D,), (H,), (H, D), (H, H), (H,))
        for D, H in ((3, 3), (2, 4), (1, 1))
    }
    mistakes = {
        "you forgot the bias k": lambda x, s, U, W, k: np.tanh(U @ x + W @ s),
        "you forgot tanh: that is z_t": lambda x, s, U, W, k: U @ x + W @ s + k,
        "k belongs inside tanh": lambda x, s, U, W, k: np.tanh(U @ x + W @ s) + k,
        "you forgot W s_{t-1}: the past is missing": lambda x, s, U, W, k: np.tanh(U @ x + k),
        "W is transposed: W @ s_prev is needed": lambda x, s, U, W, k: np.tanh(U @ x + W.T @ s + k),
        "U is transposed: U @ x is needed": lambda x, s, U, W, k: np.tanh(U.T @ x + W @ s + k),
        "both matrices are transposed: U @ x and W @ s_prev are needed": lambda x, s, U, W, k: np.tanh(
            x @ U + s @ W + k
        ),
        "U and W are swapped: U goes with x, W with s_prev": lambda x, s, U, W, k: np.tanh(W @ x + U @ s + k),
        "U * x multiplies entry by entry; U @ x is needed": lambda x, s, U, W, k: np.tanh(U * x + W * s + k),
    }
    verdicts.exercise(attempt, solutions.forward_step, mistakes, cases)


def unroll(attempt):
    """Exercise: attempt(u, w, k, x, s_init) -> [s_0, …, s_{T-1}], s_t = tanh(u x_t + w s_{t-1} + k) (S15).

    u, w, k, s_init numbers, x an array (T,).
    """

    def states(u, w, k, x, s_init, squash=np.tanh, passed_on=lambda z, s: s):
        result, before = [], s_init
        for x_t in x:
            z = u * x_t + w * before + k
            result.append(squash(z))
            before = passed_on(z, result[-1])
        return result

    mistakes = {
        "you start from 0: the state before x_0 is s_init": lambda u, w, k, x, s: states(u, w, k, x, 0.0),
        "every step sees s_init: the new state must become the next step's s_{t-1}": (
            lambda u, w, k, x, s: states(u, w, k, x, s, passed_on=lambda z, new: s)
        ),
        "you pass z_t on to the next step, not s_t": (
            lambda *given: states(*given, passed_on=lambda z, s: z)
        ),
        "you forgot tanh": lambda *given: states(*given, squash=lambda z: z),
        "s_init is not one of the states s_0 … s_{T-1}: leave it out": lambda *given: [
            given[-1],
            *states(*given),
        ],
        "return all states, not only the last one": lambda *given: states(*given)[-1],
        "you forgot the bias k": lambda u, w, k, x, s: states(u, w, 0.0, x, s),
        "u and w are swapped: u goes with x_t, w with s_{t-1}": lambda u, w, k, x, s: states(w, u, k, x, s),
        "every step sees x_0": lambda u, w, k, x, s: states(u, w, k, np.full_like(x, x[0]), s),
    }
    cases = {
        "for T = 1": (0.6, 0.9, 0.1, np.array([1.0]), 0.4),
        "for T = 4": (0.6, 0.9, 0.1, np.array([1.0, -0.5, 0.3, 0.8]), -0.7),
        "for T = 7 and s_init = 0": (1.3, -1.1, 0.2, np.random.default_rng(2).normal(size=7), 0.0),
    }
    verdicts.exercise(attempt, solutions.unroll, mistakes, cases)
