"""Lab: which check catches which bug? (notebook 05)"""

from functools import cache, lru_cache

import numpy as np

from bptt_helpers import rnn
from bptt_helpers.checks.mutants import CATCHERS, MUTANTS, catch_table, random_case, relative_error
from bptt_helpers.labs.controls import Choice, Slider, Tick, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.bug_zoo import BugZooPicture

ALLOWED = 1e-6  # the relative error that your own check lets pass, as do the others
NAMES = tuple(mutant.name for mutant in MUTANTS)
CHECKS = (*(catcher.name for catcher in CATCHERS), "yours")
YOURS = CHECKS.index("yours")
LOSS_FALLS, NAN_PASSES = CHECKS.index("the loss falls"), CHECKS.index("large logits, nan > 0.01")

CONTROLS = {
    "mutant": Choice("state for slope", NAMES, "bug"),
    "check": Choice(
        "T = 2, s_init = 0", {name: name if name != "yours" else "your own check" for name in CHECKS}, "check"
    ),
    "guess": Choice("none", {"none": "–", "caught": "it is caught", "passes": "it passes"}, "your guess"),
    "show": Choice(
        "all", {"guess": "only what I guessed", "row": "the bug's row", "all": "the whole table"}, "show"
    ),
    "T": Whole(2, 1, 12, "your T"),
    "s_init": Slider(0.0, 0, 1, 0.05, "your s₋₁ ×"),
    "func": Choice("tanh", ("tanh", "sigmoid", "relu"), "your func"),
    "batch": Tick(False, "yours: a batch of 2"),
    "mask": Tick(False, "yours: y = −1 at some steps"),
    "large": Tick(False, "yours: logits above 1000"),
}


@cache
def _table():
    """The catch table of the packaged checks: they train and measure for about a second, once."""
    return catch_table()


@lru_cache(maxsize=512)
def own_errors(T, s_init, func, batch, mask, large):
    """What your own check measures of each mutant: largest relative error of the weights' gradients, (M,).

    Held against rnn.backward, not against central differences: these agree to 1e-9 where they can be had, and
    take a hundred times as long.
    """
    case = random_case(T, (2,) if batch else (), masked=mask, func=func, logit_size=3000.0 if large else 1.0)
    trace = rnn.forward(case.params, case.x, s_init * case.s_init, func)
    right = rnn.Params(*rnn.backward(case.params, trace, case.y)[:5])
    return np.array([relative_error(m.function(case.params, trace, case.y), right) for m in MUTANTS])


def compute(settings):
    """errors, caught (M, N + 1): the table, your own check as its last column; shown: what may be seen."""
    own = own_errors(*(settings[name] for name in ("T", "s_init", "func", "batch", "mask", "large")))
    table = _table()
    row, column = NAMES.index(settings["mutant"]), CHECKS.index(settings["check"])
    shown = np.full((len(NAMES), len(CHECKS)), settings["show"] == "all")
    if settings["show"] == "row":
        shown[row] = True
    if settings["guess"] != "none":
        shown[row, column] = True
    return {
        "bugs": NAMES,
        "checks": (*CHECKS[:-1], ", ".join(["yours", *_own(settings, between=" ")])),
        "row": row,
        "column": column,
        "errors": np.column_stack([table.errors, own]),
        "caught": np.column_stack([table.caught, ~(own <= ALLOWED)]),  # nan is not <= anything
        "shown": shown,
    }


def describe(settings, numbers):
    """Whether the guess is right, and what the check is worth: HTML."""
    row, column, show = numbers["row"], numbers["column"], settings["show"]
    said = f"<i>{NAMES[row]}</i>: {MUTANTS[row].what_is_wrong} "
    if not numbers["shown"][row, column]:
        return said + f"Does {_called(settings)} catch it? Make your guess."
    caught = numbers["caught"][row, column]
    verdict = _verdict(numbers["errors"][row, column], caught, column)
    if settings["guess"] == "none":
        named = _called(settings)
        said += f"{named[0].upper()}{named[1:]}: {verdict} "
    else:
        right = (settings["guess"] == "caught") == caught
        said += f"<b>{'Right' if right else 'Look again'}</b>: {verdict} "
    if show == "guess":
        return said
    if show == "row":
        return said + f"{numbers['caught'][row, :-1].sum()} of {len(CHECKS) - 1} checks catch it."
    said += _worth(numbers["caught"][:, column], column)
    if settings["check"] != "yours":
        said += f" Your own check (last column) catches {numbers['caught'][:, -1].sum()}."
    return said


def _called(settings):
    if settings["check"] != "yours":
        return f"the check “{settings['check'].replace('s_init', 's₋₁')}”"
    return f"your check ({', '.join(_own(settings))})".replace("s_init", "s₋₁")


def _own(settings, between=", "):
    """What your own check is made of: T, where it starts, func, and what is ticked: list of str."""
    start = f"s_init {'=' if settings['s_init'] == 0 else '≠'} 0"
    ticked = between.join(name for name in ("batch", "mask", "large") if settings[name])
    return [f"T = {settings['T']}", start, settings["func"], *([ticked] if ticked else [])]


def _verdict(error, caught, column):
    outcome = f"<b>{'caught' if caught else 'it passes'}</b>"
    if column == LOSS_FALLS:
        return f"{outcome}, the loss went to {error:.2g} times what it was."
    if np.isnan(error):
        why = "nan, and nan > 0.01 is False" if column == NAN_PASSES else "not a number"
        return f"{outcome}, the error is {why}."
    against = " against rnn.backward" if column == YOURS else " against central differences"
    return f"{outcome}, the largest relative error is {error:.2g}{against}."


def _worth(caught, column):
    count, total = int(caught.sum()), len(caught)
    said = f"This check catches {count} of {total}"
    if column == LOSS_FALLS:
        return f"{said}: a falling loss proves next to nothing."
    slipped = [name for name, found in zip(NAMES, caught, strict=True) if not found]
    if not slipped:
        return f"{said}."
    if len(slipped) > 4:
        slipped[3:] = [f"and {len(slipped) - 3} more"]
    return f"{said}; what slips through: {', '.join(slipped)}."


# A guess is about one bug and one check: it must not open the answer for the next.
GUESSED = ("mutant", "check", "T", "s_init", "func", "batch", "mask", "large")

bug_zoo = Declaration(
    "bug_zoo", CONTROLS, compute, describe, BugZooPicture, telling="T", belongs={"guess": GUESSED}
)
