"""The bug zoo: wrong versions of rnn.backward, as people write them, and the checks that try to catch them.

Every mutant is a real function with the call of rnn.backward and exactly one bug: `MUTANTS`. Every catcher is
a check somebody might rely on: `CATCHERS`. `catch_table()` runs each check on each mutant. No check catches
all of them, the falling loss only the wrong sign, and one comparison lets NaN through.

Not here: how a gradient is measured (numeric).
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, rnn
from bptt_helpers.checks.numeric import central_differences

# ----------------------------------------------------------------------------------------------------------
# The mutants. Shapes as in rnn: dq (T, …, C), ds and dz (T, …, H).


class Mutant(NamedTuple):
    """A wrong rnn.backward: function(params, trace, y) -> Gradients."""

    name: str
    function: Callable
    what_is_wrong: str  # one sentence
    source: str  # where such a bug was seen, or how it comes about


def missing_transpose(params, trace, y):
    """from_future = W dz where Wᵀ dz belongs."""
    dq, ds = _told_by_the_loss(params, trace, y)
    dz, from_future = np.zeros_like(ds), 0
    for t in reversed(range(len(ds))):
        dz[t] = rnn.slope(trace.s[t], trace.func) * (ds[t] + from_future)
        from_future = dz[t] @ params.W.T  # wrong: rows times Wᵀ is W times columns
    return rnn.sum_over_steps(params, trace, dq, dz)._replace(s_init=from_future)


def state_for_slope(params, trace, y):
    """On its way to earlier copies of W the error meets the state s_t where f'(z_t) belongs."""
    dq, ds = _told_by_the_loss(params, trace, y)
    dz, from_future = np.zeros_like(ds), 0
    for t in reversed(range(len(ds))):
        dz[t] = (
            rnn.slope(trace.s[t], trace.func) * ds[t] + trace.s[t] * from_future
        )  # wrong: s_t, not f'(z_t)
        from_future = dz[t] @ params.W
    return rnn.backward(params, trace, y)._replace(W=rnn.sum_over_steps(params, trace, dq, dz).W)


def slope_a_step_early(params, trace, y):
    """f' is taken at z_{t-1} where z_t belongs."""
    dq, ds = _told_by_the_loss(params, trace, y)
    dz, from_future = np.zeros_like(ds), 0
    for t in reversed(range(len(ds))):
        dz[t] = rnn.slope(trace.s_prev[t], trace.func) * (ds[t] + from_future)  # wrong: s_prev
        from_future = dz[t] @ params.W
    return rnn.sum_over_steps(params, trace, dq, dz)


def slope_of_tanh_for_all(params, trace, y):
    """1 - s² stands in the code for every func."""
    return rnn.backward(params, trace._replace(func="tanh"), y)


def state_now_for_before(params, trace, y):
    """dW sums dz_t s_tᵀ where dz_t s_{t-1}ᵀ belongs."""
    dq, dz = _right_errors(params, trace, y)
    return rnn.sum_over_steps(params, trace._replace(s_prev=trace.s), dq, dz)


def no_past(params, trace, y):
    """No error goes back in time: every step hears only its own loss."""
    dq, ds = _told_by_the_loss(params, trace, y)
    dz = rnn.slope(trace.s, trace.func) * ds  # wrong: nothing from the future
    return rnn.sum_over_steps(params, trace, dq, dz)._replace(s_init=np.zeros_like(trace.s_init))


def only_the_last_loss(params, trace, y):
    """The sweep starts with the last step's error and never adds that of the others."""
    dq, ds = _told_by_the_loss(params, trace, y)
    ds[:-1] = 0  # wrong: every step has an error of its own
    return rnn.sum_over_steps(params, trace, dq, _sweep(params, trace, ds))


def stops_before_the_first(params, trace, y):
    """The loop ends at step 1: the copies used at step 0 get nothing."""
    dq, ds = _told_by_the_loss(params, trace, y)
    dz, from_future = np.zeros_like(ds), np.zeros_like(ds[0])
    for t in range(len(ds) - 1, 0, -1):  # wrong: range leaves out its end
        dz[t] = rnn.slope(trace.s[t], trace.func) * (ds[t] + from_future)
        from_future = dz[t] @ params.W
    return rnn.sum_over_steps(params, trace, dq, dz)._replace(s_init=from_future)


def skips_the_last(params, trace, y):
    """The loop begins at step T-2: the last loss reaches V and c, but no state."""
    dq, ds = _told_by_the_loss(params, trace, y)
    dz, from_future = np.zeros_like(ds), 0
    for t in reversed(range(len(ds) - 1)):  # wrong: one step short
        dz[t] = rnn.slope(trace.s[t], trace.func) * (ds[t] + from_future)
        from_future = dz[t] @ params.W
    return rnn.sum_over_steps(params, trace, dq, dz)


def cut_at_four_runs_five(params, trace, y):
    """Truncation meant to look 4 steps back runs 5, and passes for the whole gradient."""
    dq, ds = _told_by_the_loss(params, trace, y)
    dz, error = np.zeros_like(ds), ds
    for lag in range(
        min(4 + 1, len(ds))
    ):  # wrong: lags 0 … 4 are five steps, and the true gradient has them all
        reached = rnn.slope(trace.s[: len(ds) - lag], trace.func) * error
        dz[: len(ds) - lag] += reached
        error = reached[1:] @ params.W
    return rnn.sum_over_steps(params, trace, dq, dz)


def counted_twice(params, trace, y):
    """The message from the future is added to and never replaced, so old messages come again."""
    dq, ds = _told_by_the_loss(params, trace, y)
    dz, from_future = np.zeros_like(ds), np.zeros_like(ds[0])
    for t in reversed(range(len(ds))):
        dz[t] = rnn.slope(trace.s[t], trace.func) * (ds[t] + from_future)
        from_future += dz[t] @ params.W  # wrong: +=
    return rnn.sum_over_steps(params, trace, dq, dz)._replace(s_init=from_future)


def bias_of_the_last_step(params, trace, y):
    """dk is that of the last copy of k, not the sum over all T copies."""
    dq, dz = _right_errors(params, trace, y)
    dk = dz[-1].reshape(-1, dz.shape[-1]).sum(axis=0)  # (H,)
    return rnn.sum_over_steps(params, trace, dq, dz)._replace(k=dk)


def mean_over_time(params, trace, y):
    """Divided by T, while the loss is a sum over time."""
    return _divided(rnn.backward(params, trace, y), len(trace.s))


def mean_over_the_batch(params, trace, y):
    """Divided by the batch size, while the loss is a sum over the batch."""
    return _divided(rnn.backward(params, trace, y), int(np.prod(trace.s.shape[1:-1])))


def mask_forgotten(params, trace, y):
    """y = -1 is meant as "no loss here", but as an index it is the last class."""
    return rnn.backward(params, trace, y % trace.o.shape[-1])  # what o[t, y[t]] -= 1 does when y[t] is -1


def uphill(params, trace, y):
    """y - o at the logits where o - y belongs: the gradient points the wrong way."""
    return _divided(rnn.backward(params, trace, y), -1)


def softmax_overflows(params, trace, y):
    """exp(q) / sum(exp(q)) without the shift: large logits give inf / inf."""
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(trace.q)
        return rnn.backward(params, trace._replace(o=e / e.sum(axis=-1, keepdims=True)), y)


def _told_by_the_loss(params, trace, y):
    """dq and the immediate ds, as they should be."""
    dq = rnn.error_at_logits(trace.o, y)  # (T, …, C)
    return dq, dq @ params.V  # (T, …, C) x (C, H) -> (T, …, H)


def _sweep(params, trace, ds):
    """dz, as it should be."""
    dz, from_future = np.zeros_like(ds), 0
    for t in reversed(range(len(ds))):
        dz[t] = rnn.slope(trace.s[t], trace.func) * (ds[t] + from_future)
        from_future = dz[t] @ params.W
    return dz


def _right_errors(params, trace, y):
    dq, ds = _told_by_the_loss(params, trace, y)
    return dq, _sweep(params, trace, ds)


def _divided(gradient, number):
    return rnn.Gradients(*(field / number for field in gradient))


SEEN = "seen in published code"
EASY = "an easy slip"

MUTANTS = (
    Mutant(
        "missing transpose",
        missing_transpose,
        "The error goes back through W instead of Wᵀ.",
        f"{SEEN}: a popular from-scratch repository, 56 % gradient error, and it still learns 8-bit addition",
    ),
    Mutant(
        "state for slope",
        state_for_slope,
        "For older copies of W the error is multiplied by the state where f' belongs.",
        f"{SEEN}: right at T = 2 with s_init = 0, which its author checked, and 31 % off at T = 3",
    ),
    Mutant(
        "slope a step early",
        slope_a_step_early,
        "f' is evaluated at the step before.",
        f"{EASY}: index t - 1 for t",
    ),
    Mutant(
        "tanh's slope for every func",
        slope_of_tanh_for_all,
        "1 - s² is used whatever func is.",
        f"{EASY}: func was changed, its derivative was not",
    ),
    Mutant(
        "s_t for s_{t-1}",
        state_now_for_before,
        "dW pairs the error at step t with the state after it, not before it.",
        f"{EASY}: index t for t - 1",
    ),
    Mutant(
        "no past",
        no_past,
        "No error is sent back in time.",
        f"{SEEN}: on 8-bit addition even this brings the error down to .50",
    ),
    Mutant(
        "only the last loss",
        only_the_last_loss,
        "Only the last step's error is sent back.",
        f"{EASY}: the code for one label a sequence, used for one label a step",
    ),
    Mutant(
        "stops before the first step",
        stops_before_the_first,
        "The copies of U, W and k used at step 0 get no gradient.",
        f"{EASY}: range(T - 1, 0, -1)",
    ),
    Mutant(
        "skips the last step",
        skips_the_last,
        "The last loss reaches no state.",
        f"{EASY}: the loop begins at T - 2",
    ),
    Mutant(
        "cut at 4, runs 5",
        cut_at_four_runs_five,
        "The error goes back four steps from its own and no further.",
        f"{SEEN}: truncation to 4 whose loop counts both ends",
    ),
    Mutant(
        "counted twice",
        counted_twice,
        "The message from the future is added up and never replaced.",
        f"{EASY}: += for =",
    ),
    Mutant(
        "bias of the last step",
        bias_of_the_last_step,
        "dk is not summed over time.",
        f"{EASY}: = for += in the loop",
    ),
    Mutant(
        "mean over time",
        mean_over_time,
        "The gradient is divided by T, the loss is not.",
        f"{EASY}: loss and gradient written on different days",
    ),
    Mutant(
        "mean over the batch",
        mean_over_the_batch,
        "The gradient is divided by the batch size, the loss is not.",
        f"{EASY}: loss and gradient written on different days",
    ),
    Mutant(
        "mask forgotten",
        mask_forgotten,
        "Steps marked y = -1 count as if the last class were right.",
        f"{EASY}: numpy takes -1 as the last index",
    ),
    Mutant(
        "uphill",
        uphill,
        "The sign is wrong: y - o for o - y.",
        f"{EASY}: one subtraction the wrong way round",
    ),
    Mutant(
        "softmax overflows",
        softmax_overflows,
        "Logits above 709 give NaN.",
        f"{SEEN}: exp without subtracting the largest logit",
    ),
)

# ----------------------------------------------------------------------------------------------------------
# The catchers


class Case(NamedTuple):
    """A network, a sequence and its targets, small enough to measure every entry of the gradient."""

    params: rnn.Params
    x: np.ndarray
    s_init: np.ndarray | None
    y: np.ndarray
    func: str


class Catcher(NamedTuple):
    """A check on a version of backward: `error(backward)` measures, `says_wrong(error)` decides."""

    name: str
    description: str
    error: Callable  # backward -> largest relative error, or nan
    says_wrong: Callable  # error -> True when this check raises the alarm

    def catches(self, backward):
        """True when this check finds something wrong with backward(params, trace, y) -> Gradients."""
        arguments.function("backward", backward)
        return bool(self.says_wrong(self.error(backward)))


class CatchTable(NamedTuple):
    """What each check makes of each mutant."""

    mutants: tuple  # M names
    catchers: tuple  # N names
    caught: np.ndarray  # (M, N) bool
    errors: np.ndarray  # (M, N) what the check measured


def random_case(T, batch=(), *, seed=0, start=True, masked=False, func="tanh", logit_size=1.0, D=2, H=3, C=3):
    """A Case of T steps, the same for the same arguments.

    batch      : () for a single sequence, (B,) for a batch
    start      : True draws s_init, False leaves it at 0
    masked     : True sets y to -1 at every other step, beginning with the last
    logit_size : factor on V; 3000 makes logits in the thousands
    """
    rng = np.random.default_rng(seed)
    params = rnn.Params(
        U=rng.normal(size=(H, D)),
        W=rng.normal(size=(H, H)) * 0.7,  # large enough that errors more than 4 steps old still count
        V=rng.normal(size=(C, H)) * logit_size,
        k=rng.normal(size=H) * 0.3,
        c=rng.normal(size=C) * 0.3,
    )
    x = rng.normal(size=(T, *batch, D))
    s_init = rng.normal(size=(*batch, H)) if start else None
    y = rng.integers(C, size=(T, *batch))
    if masked:
        y[::-2] = -1
    return Case(params, x, s_init, y, func)


def error_in_case(backward, case, reference=None):
    """Largest relative error of backward in a case; nan when anything is not finite.

    reference : NamedTuple of the right gradients, every field of it is looked at; None measures the weights'
    """
    trace = rnn.forward(case.params, case.x, case.s_init, case.func)
    gradient = backward(case.params, trace, case.y)
    return relative_error(gradient, measured(case) if reference is None else reference)


def relative_error(gradient, reference):
    """Largest relative error over the fields of reference, nan when anything is not finite: float."""
    errors = []
    for name in reference._fields:
        mine, right = getattr(gradient, name), getattr(reference, name)
        scale = max(abs(mine).max(), abs(right).max())
        errors.append(abs(mine - right).max() / scale if scale != 0 else 0.0)
    return float(np.max(errors))  # np.max, not max(): it lets nan through


def measured(case, of_start=False):
    """Central differences of the loss in a case: Params, or with of_start Gradients, which include s_init."""
    if not of_start:
        return central_differences(lambda weights: _loss(case, weights, case.s_init), case.params)
    everything = rnn.Gradients(*case.params, case.s_init)
    return central_differences(lambda weights: _loss(case, weights[:-1], weights[-1]), everything)


def _loss(case, weights, s_init):
    trace = rnn.forward(rnn.Params(*weights), case.x, s_init, case.func)
    return rnn.cross_entropy(trace.q, case.y).sum()


def loss_ratio_in_training(backward, steps=40, learning_rate=0.03):
    """Loss after / loss before a short training by gradient descent on one sequence: below 1, it fell.

    nan when a gradient is not finite.
    """
    case = random_case(12, seed=1)
    params, losses = case.params, []
    for _ in range(steps + 1):
        trace = rnn.forward(params, case.x, case.s_init, case.func)
        losses.append(rnn.cross_entropy(trace.q, case.y).sum())
        gradient = backward(params, trace, case.y)
        if not all(np.isfinite(field).all() for field in gradient):
            return np.nan
        params = rnn.Params(*(p - learning_rate * g for p, g in zip(params, gradient[:5], strict=True)))
    return float(losses[-1] / losses[0])


def _gradient_check(name, description, T, says_wrong=None, of_start=False, **how):
    """A Catcher that compares with central differences in one case, measured once and kept."""

    @cache
    def case_and_reference():
        case = random_case(T, **how)
        return case, measured(case, of_start)

    def error(backward):
        return error_in_case(backward, *case_and_reference())

    return Catcher(name, description, error, says_wrong or _more_than_a_millionth)


def _more_than_a_millionth(error):
    return not error <= 1e-6  # nan is not <= anything: it raises the alarm


CATCHERS = (
    Catcher(
        "the loss falls",
        "40 steps of gradient descent on one sequence: the alarm sounds when the loss does not fall.",
        loss_ratio_in_training,
        lambda ratio: not ratio < 1,
    ),
    _gradient_check("T = 1", "Central differences of the weights on a single step: it has no past.", 1),
    _gradient_check("T = 2, s_init = 0", "The same on two steps that start from zero.", 2, start=False),
    _gradient_check(
        "T = 3, s_init ≠ 0", "The same on three steps that start elsewhere, and of s_init.", 3, of_start=True
    ),
    _gradient_check("T = 30", "The same on thirty steps.", 30),
    _gradient_check("batch of 2", "The same on two sequences of three steps.", 3, batch=(2,)),
    _gradient_check("mask", "Three steps, two of them without a loss (y = -1).", 3, masked=True),
    _gradient_check("sigmoid", "Three steps with func = sigmoid.", 3, func="sigmoid"),
    _gradient_check("large logits", "Three steps with logits above 1000.", 3, logit_size=3000.0),
    _gradient_check(
        "large logits, nan > 0.01",
        "The same, but the alarm is `error > 0.01`, and nan > 0.01 is False.",
        3,
        lambda error: error > 0.01,
        logit_size=3000.0,
    ),
)


def is_right(backward):
    """True when backward agrees with central differences wherever a mutant of the zoo does not.

    Three cases, each with something the others lack: a loss at every step and errors that go back six steps;
    a batch, a mask and another func; logits that overflow exp. No single case shows all bugs: where the mask
    takes the last loss away, nobody sees that the last step is skipped.
    """
    cases = (
        random_case(6),
        random_case(3, (2,), masked=True, func="sigmoid"),
        random_case(3, logit_size=3000.0),
    )
    return all(error_in_case(backward, case) <= 1e-6 for case in cases)  # nan is not <= anything


def _several(name, values, kind):
    """The values as a list, at least one, all of that kind."""
    try:
        values = list(values)
    except TypeError as error:
        raise TypeError(f"{name}: expected a sequence of {kind.__name__}, got {values!r}") from error
    if not values:
        raise ValueError(f"{name}: expected at least one {kind.__name__}, got none")
    for number, value in enumerate(values):
        arguments.instance(f"{name}[{number}]", value, kind)
    return values


def catch_table(mutants=MUTANTS, catchers=CATCHERS):
    """Run every check on every mutant.

    mutants  : sequence of Mutant; your own version beside them is Mutant("mine", my_backward, "", "")
    catchers : sequence of Catcher

    Returns CatchTable: names, caught (M, N) of bools, errors (M, N). TypeError or ValueError names the bad
    argument.
    """
    mutants = _several("mutants", mutants, Mutant)
    catchers = _several("catchers", catchers, Catcher)
    errors = np.array([[catcher.error(mutant.function) for catcher in catchers] for mutant in mutants])
    caught = np.array([[c.says_wrong(e) for c, e in zip(catchers, row, strict=True)] for row in errors])
    names = (tuple(m.name for m in mutants), tuple(c.name for c in catchers))
    return CatchTable(*names, caught.astype(bool), errors)
