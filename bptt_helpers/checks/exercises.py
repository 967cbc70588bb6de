"""The exercises of the notebooks: "did I get it right?", one function for each.

Each calls the learner's function on several cases and prints one of three things, never raising:

    not attempted yet        the function still returns ...
    not yet: ...             what is wrong, by the name of the mistake where one explains every answer
    got it

Beside each right solution stand the wrong ones that learners write, under the message that names them.

Not here: how answers are judged (verdicts), the solutions (rnn, flow, two_steps, shown by `show`), the wrong
versions of backward (mutants).
"""

import math

import numpy as np

from bptt_helpers import flow, rnn, two_steps
from bptt_helpers.checks import mutants, numeric, solutions, verdicts

# ----------------------------------------------------------------------------------------------------------
# Notebook 01: unroll the loop


def forward_step(attempt):
    """Exercise: attempt(x, s_prev, U, W, k) -> s_t = tanh(U x_t + W s_{t-1} + k), shape (H,) (S1).

    x (D,), s_prev (H,), U (H, D), W (H, H), k (H,).
    """
    rng = np.random.default_rng(1)
    cases = {
        f"with D = {D} and H = {H}": _normal(rng, (D,), (H,), (H, D), (H, H), (H,))
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


# ----------------------------------------------------------------------------------------------------------
# Notebook 02: measure the error


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


# ----------------------------------------------------------------------------------------------------------
# Notebook 03: two steps by hand


def two_step_cases():
    """Arguments of the exercises of notebook 03: {what: (TwoSteps,)}; the last has s_init = 0, trap 2."""
    usual = {"u": 0.6, "w": 0.9, "k": 0.1, "v": (1.5, -1.0), "x": (0.7, -0.5), "target": 0}
    return {
        "with s_init = 0.4": (two_steps.run(**usual, s_init=0.4, func="tanh"),),
        "with sigmoid and s_init = -1.2": (two_steps.run(**usual, s_init=-1.2, func="sigmoid"),),
        "with s_init = 0": (two_steps.run(**usual, s_init=0.0, func="tanh"),),
    }


def two_paths(attempt):
    """Exercise: attempt(two) -> (dE/du_1, dE/du_0), the terms of S18, from two.values and two.partials."""

    def right(two):
        return two.partials["dE/du_1"], two.partials["dE/du_0"]

    def without(name):  # the longer path when one of its factors is forgotten
        def wrong(two):
            return two.partials["dE/du_1"], two.partials["dE/du_0"] / two.partials[name]

        return wrong

    def tanh_slopes(two):
        slope_0, slope_1 = (1 - two.values[s] ** 2 for s in ("s_0", "s_1"))
        dE_dz_1 = two.partials["dE/ds_1"] * slope_1
        return dE_dz_1 * two.values["x_1"], dE_dz_1 * two.values["w"] * slope_0 * two.values["x_0"]

    mistakes = {
        "1 - s² is the slope of tanh only: take ∂s_1/∂z_1 and ∂s_0/∂z_0 from two.partials": tanh_slopes,
        "in dE/du_0 you forgot x_0, the factor ∂a_0/∂u_0 (S20)": without("da_0/du_0"),
        "in dE/du_1 you forgot x_1, the factor ∂a_1/∂u_1 (S19)": lambda two: (
            two.partials["dE/da_1"],
            two.partials["dE/du_0"],
        ),
        "in dE/du_1 you forgot ∂s_1/∂z_1 (S19)": lambda two: (
            two.partials["dE/ds_1"] * two.values["x_1"],
            two.partials["dE/du_0"],
        ),
        "both are dE/du_1: the path through step 0 is longer (S20)": lambda two: (
            two.partials["dE/du_1"],
            two.partials["dE/du_1"],
        ),
        "the order is (dE/du_1, dE/du_0): yours are swapped": lambda two: right(two)[::-1],
        "you return their sum: the two terms are needed": lambda two: two.gradient["u"],
        "in dE/du_0 you forgot w, the factor ∂b_1/∂s_0 (S20)": without("db_1/ds_0"),
        "in dE/du_0 you forgot ∂s_0/∂z_0 (S20)": without("ds_0/dz_0"),
        "in dE/du_0 you forgot ∂s_1/∂z_1 (S20)": without("ds_1/dz_1"),
        "dE/du_0 begins at the loss: S20 has the factors of S19 up to z_1 first": lambda two: (
            two.partials["dE/du_1"],
            two.partials["ds_0/du_0"],
        ),
        "the inputs are swapped: ∂a_1/∂u_1 is x_1, ∂a_0/∂u_0 is x_0": lambda two: (
            two.partials["dE/da_1"] * two.values["x_0"],
            two.partials["dE/da_0"] * two.values["x_1"],
        ),
        "those are w's terms: at the end of the paths of u stand x_1 and x_0": lambda two: (
            two.partials["dE/dw_1"],
            two.partials["dE/dw_0"],
        ),
    }
    verdicts.exercise(attempt, right, mistakes, two_step_cases())


def two_step_gradient(attempt):
    """Exercise: attempt(two) -> dE/dw, a number, from two.values and two.partials (S22)."""

    def slope_at_z(two):  # S22 with f'(s) computed as if z were the state
        z_0, z_1 = two.values["z_0"], two.values["z_1"]
        slope_0, slope_1 = ((1 - z**2) if _is_tanh(two) else z * (1 - z) for z in (z_0, z_1))
        dE_dz_1 = two.partials["dE/ds_1"] * slope_1
        return dE_dz_1 * (two.values["s_0"] + two.values["w"] * slope_0 * two.values["s_init"])

    def tanh_slope(two):
        slope_0, slope_1 = (1 - two.values[s] ** 2 for s in ("s_0", "s_1"))
        dE_dz_1 = two.partials["dE/ds_1"] * slope_1
        return dE_dz_1 * (two.values["s_0"] + two.values["w"] * slope_0 * two.values["s_init"])

    def tanh_slope_at_step_0(two):
        slope_0 = 1 - two.values["s_0"] ** 2
        return two.partials["dE/dz_1"] * (
            two.values["s_0"] + two.values["w"] * slope_0 * two.values["s_init"]
        )

    def brackets(two):
        return two.values["s_0"] + two.values["w"] * two.partials["ds_0/dz_0"] * two.values["s_init"]

    def at_z_1_and_z_0(two, first, second):
        return two.partials["dE/dz_1"] * two.values[first] + two.partials["dE/dz_0"] * two.values[second]

    mistakes = {
        "1 - s_0² is the slope of tanh only: take ∂s_0/∂z_0 from two.partials": tanh_slope_at_step_0,
        "the two terms are added: yours are subtracted": lambda two: (
            two.partials["dE/dw_1"] - two.partials["dE/dw_0"]
        ),
        "those are the brackets of S22: ∂E/∂z_1 stands before them": brackets,
        "you forgot ∂s_1/∂z_1 before the brackets": lambda two: two.partials["dE/ds_1"] * brackets(two),
        "∂E/∂z_1 multiplies both terms: mind the brackets": lambda two: (
            two.partials["dE/dw_1"] + brackets(two) - two.values["s_0"]
        ),
        "that is the copy of step 1 alone: w is used at step 0 too": lambda two: two.partials["dE/dw_1"],
        "that is the copy of step 0 alone: w is used at step 1 too": lambda two: two.partials["dE/dw_0"],
        "in the path through step 0 you forgot w: ∂b_1/∂s_0": lambda two: (
            two.partials["dE/dw_1"] + two.partials["dE/dz_1"] * two.partials["ds_0/dw_0"]
        ),
        "in the path through step 0 you forgot ∂s_0/∂z_0": lambda two: (
            two.partials["dE/dw_1"] + two.partials["dE/ds_0"] * two.values["s_init"]
        ),
        "you used s_t where s_{t-1} belongs: at step 1 w multiplies s_0, at step 0 s_init": lambda two: (
            at_z_1_and_z_0(two, "s_1", "s_0")
        ),
        "those are u's paths: at their ends w has s_0 and s_init, not x_1 and x_0": lambda two: two.gradient[
            "u"
        ],
        "f' is expressed by the state s, and you put z into it": slope_at_z,
        "1 - s² is the slope of tanh only: take ∂s_1/∂z_1 and ∂s_0/∂z_0 from two.partials": tanh_slope,
        "that is ds_1/dw: it still has to be multiplied by ∂E/∂s_1": lambda two: two.partials[
            "total ds_1/dw"
        ],
        "the total ds_1/dw already holds both paths: you counted step 0 twice": lambda two: (
            two.partials["dE/ds_1"] * two.partials["total ds_1/dw"] + two.partials["dE/dw_0"]
        ),
    }
    verdicts.exercise(attempt, lambda two: two.gradient["w"], mistakes, two_step_cases())


def numeric_derivative(attempt):
    """Exercise: attempt(f, u, epsilon) -> (f(u + epsilon) - f(u - epsilon)) / (2 epsilon), a number."""
    mistakes = {
        "one-sided: step to both sides of u": lambda f, u, e: (f(u + e) - f(u)) / e,
        "one-sided, backward: step to both sides of u": lambda f, u, e: (f(u) - f(u - e)) / e,
        "the two points are 2 epsilon apart: you forgot the 2": lambda f, u, e: (f(u + e) - f(u - e)) / e,
        "one-sided and divided by 2 epsilon": lambda f, u, e: (f(u + e) - f(u)) / (2 * e),
        "you forgot to divide by 2 epsilon": lambda f, u, e: f(u + e) - f(u - e),
        "mind the brackets: a / 2 * epsilon is (a / 2) * epsilon": lambda f, u, e: (
            (f(u + e) - f(u - e)) / 2 * e
        ),
        "the sign is flipped: f(u + epsilon) comes first": lambda f, u, e: (f(u - e) - f(u + e)) / (2 * e),
    }
    cases = {
        "for tanh at 0.3, epsilon = 0.01": (np.tanh, 0.3, 0.01),
        "for a cube at -1.5, epsilon = 0.1": (lambda u: u**3 + u, -1.5, 0.1),
        "for exp at 2, epsilon = 0.5": (np.exp, 2.0, 0.5),
    }
    verdicts.exercise(attempt, numeric.slope_at, mistakes, cases)


# ----------------------------------------------------------------------------------------------------------
# Notebook 04: send the error back


def backward_step(attempt):
    """Exercise: attempt(ds, from_future, s, W) -> (dz, to_past), one step of the recursion, for tanh.

    ds (H,) is what the loss of this step says to s_t, from_future (H,) what step t + 1 passed on, s (H,) the
    state s_t, W (H, H). dz (H,) is dE/dz_t, to_past (H,) what step t passes on to s_{t-1}.
    """

    def step(ds, from_future, s, W):
        dz = (1 - s**2) * (ds + from_future)
        return dz, W.T @ dz

    def passing_on(dz):  # the same, with another dz
        return lambda ds, future, s, W: (dz(ds, future, s), W.T @ dz(ds, future, s))

    mistakes = {
        "W is not transposed: going back takes W.T @ dz (or dz @ W)": (
            lambda ds, future, s, W: (step(ds, future, s, W)[0], W @ step(ds, future, s, W)[0])
        ),
        "from_future is missing: s_t is told off by its own loss and by the future": (
            passing_on(lambda ds, future, s: (1 - s**2) * ds)
        ),
        "ds is missing: s_t is told off by its own loss and by the future": (
            passing_on(lambda ds, future, s: (1 - s**2) * future)
        ),
        "f' is missing: from s_t to z_t the error is multiplied by 1 - s²": (
            passing_on(lambda ds, future, s: ds + future)
        ),
        "the state stands where f' belongs: 1 - s²": passing_on(lambda ds, future, s: s * (ds + future)),
        "1 - s is not the slope of tanh: 1 - s²": passing_on(lambda ds, future, s: (1 - s) * (ds + future)),
        "f' must multiply from_future too: (1 - s²) * (ds + from_future)": (
            passing_on(lambda ds, future, s: (1 - s**2) * ds + future)
        ),
        "f' must multiply ds too: (1 - s²) * (ds + from_future)": (
            passing_on(lambda ds, future, s: ds + (1 - s**2) * future)
        ),
        "f' is taken of s as if it were z: s is already tanh(z), so f' is 1 - s²": (
            passing_on(lambda ds, future, s: (1 - np.tanh(s) ** 2) * (ds + future))
        ),
        "what goes on to s_{t-1} starts from dz, not from ds + from_future": (
            lambda ds, future, s, W: (step(ds, future, s, W)[0], W.T @ (ds + future))
        ),
        "W is missing: what goes on to s_{t-1} is W.T @ dz (or dz @ W)": (
            lambda *given: (step(*given)[0], step(*given)[0])
        ),
        "from_future has come through Wᵀ already, when step t + 1 passed it on: add it as it is": (
            lambda ds, future, s, W: step(ds, W.T @ future, s, W)
        ),
        "Wᵀ is applied twice: once is enough, W.T @ dz (or dz @ W)": (
            lambda ds, future, s, W: (step(ds, future, s, W)[0], W.T @ W.T @ step(ds, future, s, W)[0])
        ),
        "@ makes one number of two vectors: use * here, (1 - s**2) * (ds + from_future)": (
            lambda ds, future, s, W: W.T @ ((1 - s**2) @ (ds + future))
        ),
        "the order is (dz, to_past)": lambda *given: step(*given)[::-1],
    }
    rng = np.random.default_rng(5)
    cases = {
        f"with H = {H}{what}": (rng.normal(size=H), factor * rng.normal(size=H), *_state_and_matrix(rng, H))
        for H, factor, what in ((3, 1.0, ""), (4, 0.0, " at the last step"), (1, 1.0, ""))
    }
    verdicts.exercise(attempt, step, mistakes, cases)


def backward(attempt):
    """Exercise: attempt(params, trace, y) -> rnn.Gradients of one sequence with tanh, as rnn.backward.

    The known mistakes are those of the bug zoo (checks.mutants) and a few more. A right attempt is then tried
    on what the exercise does not ask for and rnn.backward does: a batch, class indices, a mask, sigmoid and
    large logits.
    """
    cases = {
        "with T = 3": mutants.random_case(3),
        "with T = 1": mutants.random_case(1),
        "with T = 2 and s_init = 0": mutants.random_case(2, start=False),
        "with T = 9": mutants.random_case(9),
    }
    zoo = {_IN_YOUR_CODE.get(m.name, _of_the_zoo(m)): m.function for m in mutants.MUTANTS}
    mistakes = zoo | {
        "you go forward in time: for t in reversed(range(len(ds)))": _forward_loop,
        "dV pairs dq with the state of the same step: trace.s, not trace.s_prev": (
            lambda params, trace, y: rnn.backward(params, trace, y)._replace(
                V=rnn.error_at_logits(trace.o, y).T @ trace.s_prev
            )
        ),
        "ds_init is what step 0 passes on, dz[0] @ W: the W is missing": lambda params, trace, y: (
            rnn.backward(params, trace, y)._replace(s_init=_right_dz(params, trace, y)[0])
        ),
        "ds_init is what step 0 passes on, not what the last step does: dz[0] @ W": (
            lambda params, trace, y: rnn.backward(params, trace, y)._replace(
                s_init=_right_dz(params, trace, y)[-1] @ params.W
            )
        ),
    }

    def judged(cases, mistakes):
        traced = {what: _with_trace(case) for what, case in cases.items()}
        return verdicts.judged(attempt, rnn.backward, mistakes, traced)

    sentence = judged(cases, mistakes)
    print(sentence)
    if sentence == "got it":
        for what, case in _beyond_one_sequence().items():
            print(f"  beyond the exercise, {what}: {judged({'': case}, zoo)}")


# What a mutant of the zoo says to somebody who has just written it; the others speak of what lies beyond.
_IN_YOUR_CODE = {
    "missing transpose": "going back takes Wᵀ, and you take W: from_future = dz[t] @ W (or W.T @ dz[t])",
    "state for slope": "on the way to earlier steps you multiply by the state s[t] where 1 - s[t]² belongs",
    "slope a step early": "you take the slope at the step before: 1 - trace.s[t]², not s_prev[t]",
    "s_t for s_{t-1}": "your dW pairs dz[t] with s_t: W multiplied s_{t-1}, which is trace.s_prev[t]",
    "no past": "your steps hear only their own loss: add from_future to ds[t], and pass it on, dz[t] @ W",
    "only the last loss": "only the last step's error goes back: every step adds its own ds[t]",
    "stops before the first step": "your loop stops before step 0: reversed(range(len(ds))) reaches it",
    "skips the last step": "your loop skips the last step: it begins at T - 1, which is len(ds) - 1",
    "cut at 4, runs 5": "each of your errors goes back only a few steps: send it to step 0",
    "counted twice": "you add up from_future with +=: what is passed on replaces it, from_future = dz[t] @ W",
    "bias of the last step": "your dk is that of the last step alone: sum dz over all steps",
    "mean over time": "you divide by T: E is a sum over the steps, and so is its gradient",
    "uphill": "the sign is flipped: what goes back is o - y, not y - o",
}


def _of_the_zoo(mutant):
    return f"{mutant.what_is_wrong.rstrip('.')} ({mutant.name})"


def _forward_loop(params, trace, y):
    """The sweep run from the first step to the last."""
    dq = rnn.error_at_logits(trace.o, y)  # (T, C)
    ds = dq @ params.V  # (T, C) x (C, H) -> (T, H)
    dz, from_future = np.zeros_like(ds), 0
    for t in range(len(ds)):
        slope = rnn.slope(trace.s[t], trace.func)
        dz[t], from_future = rnn.backward_step(ds[t], from_future, slope, params.W)
    return rnn.sum_over_steps(params, trace, dq, dz)


def _right_dz(params, trace, y):
    return rnn.sweep(params, trace, rnn.error_at_logits(trace.o, y) @ params.V)


def _beyond_one_sequence():
    """What rnn.backward can do besides: {what: Case}."""
    one = mutants.random_case(3)
    return {
        "for a batch of 2": mutants.random_case(3, batch=(2,)),
        "for class indices as x": one._replace(x=np.array([1, 0, 1])),
        "for a mask (y = -1)": mutants.random_case(3, masked=True),
        "for sigmoid": mutants.random_case(3, func="sigmoid"),
        "for large logits": mutants.random_case(3, logit_size=3000.0),
    }


# ----------------------------------------------------------------------------------------------------------
# Notebook 05: check every gradient


def central_difference(attempt):
    """Exercise: attempt(f, W, epsilon) -> dE/dW measured entry by entry, an array of the shape of W.

    f takes an array like W and returns a number; W may have any shape.
    """

    def each_entry(measure):  # measure(at) -> slope, with at(step) = f of W with this entry moved
        def gradient(f, W, epsilon):
            result = np.zeros_like(W)
            for index in np.ndindex(W.shape):
                unit = np.zeros_like(W)
                unit[index] = 1
                result[index] = measure(lambda step, unit=unit: f(W + step * unit), epsilon)
            return result

        return gradient

    def never_put_back(f, W, epsilon):
        result, moved = np.zeros_like(W), W.copy()
        for index in np.ndindex(W.shape):
            moved[index] += epsilon
            ahead = f(moved)
            moved[index] -= 2 * epsilon
            result[index] = (ahead - f(moved)) / (2 * epsilon)
        return result

    def both_are_W(f, W, epsilon):  # P = W; M = W: names for one array, whose entry goes up and down again
        ahead = behind = W
        result = np.zeros_like(W)
        for index in np.ndindex(W.shape):
            ahead[index] += epsilon
            behind[index] -= epsilon
            result[index] = (f(ahead) - f(behind)) / (2 * epsilon)
        return result

    def all_at_once(f, W, epsilon):
        return (f(W + epsilon) - f(W - epsilon)) / (2 * epsilon)

    mistakes = {
        "one-sided: move each entry to both sides": each_entry(lambda at, e: (at(e) - at(0)) / e),
        "the two points are 2 epsilon apart: you forgot the 2": each_entry(
            lambda at, e: (at(e) - at(-e)) / e
        ),
        "every slope is 0: are both points one array? P = W makes no copy, P = W.copy() does": both_are_W,
        "that is half of one-sided: the second point is W again. Does M = W stand there for M = W.copy()?": (
            each_entry(lambda at, e: (at(e) - at(0)) / (2 * e))
        ),
        "you forgot to divide by 2 epsilon": each_entry(lambda at, e: at(e) - at(-e)),
        "the sign is flipped: f at + epsilon comes first": each_entry(
            lambda at, e: (at(-e) - at(e)) / (2 * e)
        ),
        "you never put an entry back before you move the next": never_put_back,
        "you move all entries at once: one at a time": all_at_once,
        "you move all entries at once and give each the same slope: one at a time": (
            lambda f, W, epsilon: np.full_like(W, all_at_once(f, W, epsilon))
        ),
    }
    rng = np.random.default_rng(6)
    weights = rng.normal(size=(2, 3))
    cases = {
        "for W of shape (2, 3)": (
            lambda W: np.sum(np.exp(W) * weights) + W[0, 0] * W[1, 2] ** 2,
            weights,
            0.1,
        ),
        "for W of shape (4,)": (lambda W: np.sum(np.sin(W)) * np.sum(W), rng.normal(size=4), 0.01),
        "for W of shape (1, 1)": (lambda W: W[0, 0] ** 3, np.array([[0.5]]), 0.3),
    }
    verdicts.exercise(attempt, numeric.slopes_at, mistakes, cases)


def forward_in_time_step(attempt):
    """Exercise: attempt(before, s, W) -> ds_t/dk (H, H), one step of real-time recurrent learning, for tanh.

    before (H, H) is ds_{t-1}/dk, entry [i, j] = ds_i/dk_j; s (H,) is s_t, W (H, H).
    """

    def step(before, s, W):
        return (1 - s**2)[:, None] * (np.eye(len(s)) + W @ before)

    mistakes = {
        "that is the immediate derivative alone: k also acts through s_{t-1}": lambda before, s, W: np.diag(
            1 - s**2
        ),
        "the immediate part is missing: z_t contains k itself, so add the identity": (
            lambda before, s, W: (1 - s**2)[:, None] * (W @ before)
        ),
        "f' is missing": lambda before, s, W: np.eye(len(s)) + W @ before,
        "f' must multiply the immediate part too": (
            lambda before, s, W: np.eye(len(s)) + (1 - s**2)[:, None] * (W @ before)
        ),
        "f' must multiply W @ before too: (1 - s²)[:, None] * (all of the bracket)": (
            lambda before, s, W: np.diag(1 - s**2) + W @ before
        ),
        "f' belongs to row i (the state), not to column j: (1 - s²)[:, None]": (
            lambda before, s, W: (1 - s**2) * (np.eye(len(s)) + W @ before)
        ),
        "forward in time takes W, not its transpose": lambda before, s, W: step(before, s, W.T),
        "W is missing: s_{t-1} enters z_t through W": (
            lambda before, s, W: (1 - s**2)[:, None] * (np.eye(len(s)) + before)
        ),
        "add the identity matrix, not 1 to every entry": lambda before, s, W: (
            (1 - s**2)[:, None] * (1 + W @ before)
        ),
        "it is W @ before, not before @ W": (
            lambda before, s, W: (1 - s**2)[:, None] * (np.eye(len(s)) + before @ W)
        ),
    }
    rng = np.random.default_rng(7)
    cases = {
        f"with H = {H}{what}": (factor * rng.normal(size=(H, H)), *_state_and_matrix(rng, H))
        for H, factor, what in ((3, 1.0, ""), (2, 0.0, " at the first step"), (1, 1.0, ""))
    }
    verdicts.exercise(attempt, step, mistakes, cases)


def forward_in_time(attempt):
    """Exercise: attempt(params, trace, y) -> rnn.Gradients by real-time recurrent learning, one sequence.

    Held against flow.forward_in_time; it is the same gradient as rnn.backward's.
    """
    cases = {f"with T = {T}": _with_trace(mutants.random_case(T, seed=T)) for T in (3, 1, 6)}

    def forgets(params, trace, y):  # ds_t/dweight is not carried on: only the immediate parts are left
        return mutants.no_past(params, trace, y)

    def without_s_init(params, trace, y):
        gradient = flow.forward_in_time(params, trace, y)
        return gradient._replace(s_init=np.zeros_like(gradient.s_init))

    mistakes = {
        "ds_{t-1}/dweight is not carried on to step t: every step starts from nothing": forgets,
        "only the last step's error is counted: add dE_t/ds_t times ds_t/dweight at every step": (
            mutants.only_the_last_loss
        ),
        "at step t the immediate part of ds_t/dW holds s_{t-1}, not s_t": mutants.state_now_for_before,
        "f' is taken at the step before": mutants.slope_a_step_early,
        "the sign is flipped: o - y": mutants.uphill,
        "divided by T: E is a sum over time": mutants.mean_over_time,
        "ds_t/ds_init starts as the identity, not as 0": without_s_init,
    }
    verdicts.exercise(attempt, flow.forward_in_time, mistakes, cases)


def catches(attempt):
    """Exercise: attempt(backward) -> True when backward is right; False or an AssertionError when it is not.

    It must accept rnn.backward, and reject every mutant of the zoo and a backward that answers NaN.
    """
    if attempt is ...:
        print("not attempted yet")
        return
    judged = verdicts.answer_of(attempt, (rnn.backward,))
    if verdicts.not_attempted(judged):
        print("not attempted yet")
    elif isinstance(judged, verdicts.Raised) and isinstance(judged.error, AssertionError):
        print(f"{_rejects_the_right_one(attempt)}: {verdicts.first_line(judged.error)}")
    elif isinstance(judged, verdicts.Raised):
        print(f"not yet: {judged.sentence()}")
    elif not _is_bool(judged):
        print(f"not yet: return True or False, not {verdicts.described(judged)}")
    elif not judged:
        print(_rejects_the_right_one(attempt))
    else:
        print(_slipped_through(attempt))


ALLOWED = 1e-6  # the relative error that the checks of the bug zoo let pass
_NAN_PASSES = "nan > 0.01 is False, so ask whether error <= ..."


def _rejects_the_right_one(attempt):
    """The verdict on a check that rejects rnn.backward, with the error that it must allow."""
    said = "not yet: your check rejects rnn.backward, which is right"
    errors = _errors(_cases_of(attempt, rnn.backward), rnn.backward)
    if not errors or np.isnan(errors).any():  # it never got as far as a case, or to one that can be measured
        return said
    rough = max(errors)
    said += f" (in your cases its error against central differences is up to {rough:.0e}; "
    if rough <= ALLOWED:
        return f"{said}allow {ALLOWED:.0e})"
    return f"{said}measured on fewer steps it is smaller, most of all with large logits)"


def _slipped_through(attempt):
    """The verdict on a check that accepts the right backward: which wrong ones does it accept too?"""
    zoo = mutants.MUTANTS
    passed = [mutant for mutant in zoo if _accepts(attempt, mutant.function)]
    if passed:
        return (
            f"not yet: {len(zoo) - len(passed)} of {len(zoo)} caught. Your check accepts "
            f'"{passed[0].name}" ({passed[0].what_is_wrong.rstrip(".")}); {_why(attempt, passed[0].function)}'
        )
    if _accepts(attempt, _nan_everywhere):
        return (
            f"not yet: {len(zoo)} of {len(zoo)} caught, but your check accepts a gradient that is NaN "
            f"everywhere: {_NAN_PASSES}"
        )
    return "got it"


def _why(attempt, wrong):
    """Why a check accepts a wrong backward: what it allows, or what its cases do not show."""
    cases = _cases_of(attempt, wrong)
    for case, error, rough in zip(cases, _errors(cases, wrong), _errors(cases, rnn.backward), strict=True):
        if np.isnan(error) and not np.isnan(rough):
            return f"in one of your cases its gradient is NaN: {_NAN_PASSES}"
        if error > max(ALLOWED, 10 * rough):
            return (
                f"your case with T = {len(case.x)} finds it off by {error:.0e}, the right one by {rough:.0e}"
                f"; allow no more than {ALLOWED:.0e}"
            )
    if wrong is mutants.skips_the_last and cases and all((case.y[-1] == -1).all() for case in cases):
        return "each case of yours has a mask, which takes the last loss away: add a case without one"
    return f"what catches it: {_catchers(wrong)}"


def _catchers(wrong):
    """Up to three checks of the zoo that catch a wrong backward: str."""
    return "; ".join([catcher.name for catcher in mutants.CATCHERS if catcher.catches(wrong)][:3])


def _cases_of(attempt, backward):
    """The first cases in which a check calls the backward that it judges: list of mutants.Case."""
    cases = []

    def listening(params, trace, y):
        if len(cases) < 20:  # a check that trains has hundreds, and each is measured
            cases.append(mutants.Case(params, trace.x, trace.s_init, y, trace.func))
        return backward(params, trace, y)

    verdicts.answer_of(attempt, (listening,))
    return cases


def _errors(cases, backward):
    """The relative error of a backward in each case: list of floats, nan where nothing can be measured."""
    errors = [verdicts.answer_of(mutants.error_in_case, (backward, case)) for case in cases]
    return [np.nan if isinstance(error, verdicts.Raised) else error for error in errors]


def _accepts(attempt, backward):
    """A check that stumbles over a wrong backward, in whatever way, has not accepted it."""
    answer = verdicts.answer_of(attempt, (backward,))
    return not isinstance(answer, verdicts.Raised) and bool(answer)


def _nan_everywhere(params, trace, y):
    return rnn.Gradients(*(np.full_like(field, np.nan) for field in rnn.backward(params, trace, y)))


# ----------------------------------------------------------------------------------------------------------
# Notebook 06: vanish or explode


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
    cases = {f"with H = {H}": _state_and_matrix(rng, H) for H in (3, 2, 1)}
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


# ----------------------------------------------------------------------------------------------------------
# Cases


def _normal(rng, *shapes):
    return tuple(rng.normal(size=shape) for shape in shapes)


def _state_and_matrix(rng, H):
    """A state s (H,) in -1 … 1 and a matrix W (H, H)."""
    return np.tanh(rng.normal(size=H)), rng.normal(size=(H, H))


def _with_trace(case):
    """(params, trace, y) of a Case."""
    return case.params, rnn.forward(case.params, case.x, case.s_init, case.func), case.y


def _is_bool(value):
    return isinstance(value, bool | np.bool_)


def _is_tanh(two):
    return math.isclose(two.values["s_0"], math.tanh(two.values["z_0"]))
