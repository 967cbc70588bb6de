"""The exercises of notebook 06, vanish or explode. How they answer: see the package."""

import numpy as np

from bptt_helpers.checks import solutions, verdicts
from bptt_helpers.checks.exercises.cases import state_and_matrix


def jacobian(attempt):
    """Exercise: attempt(s, W) -> ds_t/ds_{t-1} = diag(1 - s²) W, shape (H, H), for tanh.

    s (H,) is the new state s_t, W (H, H). Entry [i, j] says how s_t's entry i follows s_{t-1}'s entry j.
    """

    def scaled(slopes):  # the right form with other slopes
        return lambda s, W: slopes(s)[:, None] * W

    mistakes = {
        "the slope belongs to row i, the new state: (1 - s**2)[:, None] * W": lambda s, W: (1 - s**2) * W,
        "yours is transposed: entry [i, j] is ds_t,i by ds_{t-1},j": lambda s, W: ((1 - s**2)[:, None] * W).T,
        "f' is missing: W alone is the Jacobian of the identity": lambda s, W: W.copy(),
        "W is missing": lambda s, W: np.diag(1 - s**2),
        "the state stands where f' belongs: 1 - s²": scaled(lambda s: s),
        "1 - s is not the slope of tanh: 1 - s²": scaled(lambda s: 1 - s),
        "s is already tanh(z), so f' is 1 - s², without another tanh": scaled(lambda s: 1 - np.tanh(s) ** 2),
        "that is the slope of sigmoid: for tanh it is 1 - s²": scaled(lambda s: s * (1 - s)),
        "diag(…) * W multiplies entry by entry, so only the diagonal is left: diag(…) @ W": (
            lambda s, W: np.diag(1 - s**2) * W
        ),
        "that is W times the vector 1 - s²: a matrix is needed": lambda s, W: W @ (1 - s**2),
        "that is the vector (1 - s²) times W, what an error becomes: a matrix is needed": (
            lambda s, W: (1 - s**2) @ W
        ),
    }
    rng = np.random.default_rng(8)
    cases = {f"with H = {H}": state_and_matrix(rng, H) for H in (3, 2, 1)}
    verdicts.exercise(attempt, solutions.jacobian, mistakes, cases)


def log10_reaching(attempt):
    """Exercise: attempt(error, s, W) -> log10 of the length of the error after T steps back, for tanh.

    error (H,) is what the loss says to the last state, s (T, H) holds the states s_0 … s_{T-1}, W (H, H).
    What is asked for is the length at s_{-1}, after all T steps; T may be thousands, so that the length
    itself is no float any more.
    """

    def walk(error, s, W, step, report=None):
        total = 0.0
        for t in reversed(range(len(s))):
            error = step(error, s[t], W)
            length = np.linalg.norm(error)
            total, error = total + np.log10(length), error / length
        return report(total) if report else total

    def right_step(error, s, W):
        return ((1 - s**2) * error) @ W

    def without_rescaling(error, s, W):
        for t in reversed(range(len(s))):
            error = right_step(error, s[t], W)
        return np.log10(np.linalg.norm(error))

    def with_step(step):
        return lambda error, s, W: walk(error, s, W, step)

    def start_forgotten(error, s, W):
        return walk(error / np.linalg.norm(error), s, W, right_step)

    mistakes = {
        "right while the length fits into a float; then it is 0 or inf: rescale the error at every step, and "
        "add up the logarithms": without_rescaling,
        "W is not transposed: going back takes error @ W (or W.T @ error)": with_step(
            lambda error, s, W: W @ ((1 - s**2) * error)
        ),
        "f' is missing: at each step the error is multiplied by 1 - s[t]²": with_step(
            lambda error, s, W: error @ W
        ),
        "first through the squashing, then through W: ((1 - s[t]**2) * error) @ W": with_step(
            lambda error, s, W: (1 - s**2) * (error @ W)
        ),
        "the state stands where f' belongs: 1 - s[t]²": with_step(lambda error, s, W: (s * error) @ W),
        "you go forward in time: the error starts at the last state": (
            lambda error, s, W: walk(error, s[::-1], W, right_step)
        ),
        "that is the natural logarithm": lambda error, s, W: walk(
            error, s, W, right_step, lambda total: total * np.log(10)
        ),
        "one step is missing: step 0 passes on to s_{-1}": lambda error, s, W: walk(
            error, s[1:], W, right_step
        ),
        "you forgot how long the error is at the start": start_forgotten,
        "that is the length itself: its log10 is asked for": lambda error, s, W: walk(
            error, s, W, right_step, lambda total: 10.0 ** min(total, 300)
        ),
    }
    rng = np.random.default_rng(9)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    cases = {
        "for T = 3": (rng.normal(size=3), np.tanh(rng.normal(size=(3, 3))), rng.normal(size=(3, 3))),
        "for T = 2 and H = 1": (np.array([0.4]), np.array([[0.3], [-0.6]]), np.array([[1.3]])),
        "for T = 2000, fading": (rng.normal(size=3), np.tanh(rng.normal(size=(2000, 3))), 0.5 * rotation),
        "for T = 2000, growing": (rng.normal(size=3), 0.1 * rng.normal(size=(2000, 3)), 3 * rotation),
    }
    verdicts.exercise(attempt, solutions.log10_reaching, mistakes, cases)
