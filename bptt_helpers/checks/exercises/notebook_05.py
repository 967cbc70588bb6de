"""The exercises of notebook 05, check every gradient. How they answer: see the package."""

import numpy as np

from bptt_helpers import flow, rnn
from bptt_helpers.checks import mutants, numeric, verdicts
from bptt_helpers.checks.exercises.cases import state_and_matrix, with_trace


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
        f"with H = {H}{what}": (factor * rng.normal(size=(H, H)), *state_and_matrix(rng, H))
        for H, factor, what in ((3, 1.0, ""), (2, 0.0, " at the first step"), (1, 1.0, ""))
    }
    verdicts.exercise(attempt, step, mistakes, cases)


def forward_in_time(attempt):
    """Exercise: attempt(params, trace, y) -> rnn.Gradients by real-time recurrent learning, one sequence.

    Held against flow.forward_in_time; it is the same gradient as rnn.backward's.
    """
    cases = {f"with T = {T}": with_trace(mutants.random_case(T, seed=T)) for T in (3, 1, 6)}

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
    if _accepts(attempt, nan_everywhere):
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


def nan_everywhere(params, trace, y):
    """A backward that computes nothing at all."""
    return rnn.Gradients(*(np.full_like(field, np.nan) for field in rnn.backward(params, trace, y)))


def _is_bool(value):
    return isinstance(value, bool | np.bool_)
