"""The exercises of notebook 04, send the error back. How they answer: see the package."""

import numpy as np

from bptt_helpers import rnn
from bptt_helpers.checks import mutants, verdicts
from bptt_helpers.checks.exercises.cases import state_and_matrix, with_trace


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
        f"with H = {H}{what}": (rng.normal(size=H), factor * rng.normal(size=H), *state_and_matrix(rng, H))
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
        traced = {what: with_trace(case) for what, case in cases.items()}
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
