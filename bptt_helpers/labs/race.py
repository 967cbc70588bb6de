"""Lab: does it matter for learning? Two networks learn one task, side by side. (notebook 10)"""

import time
from functools import lru_cache

import numpy as np

from bptt_helpers import flow, gates, rnn, tasks, train
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.labs.work import Live
from bptt_helpers.pictures.numerals import of_log10, plain
from bptt_helpers.pictures.race import NETWORKS, NOTHING, RacePicture

TASKS = {
    "adding": tasks.adding,
    "temporal order": tasks.temporal_order,
    "copy": tasks.copy,
    "binary addition": tasks.binary_addition,
}
CHECKS = 60  # looks at the held-out sequences in a race
SHOWN = {"learning": "the learning curves", "all": "and the gradient"}

CONTROLS = {
    "task": Choice("adding", tuple(TASKS), "task"),
    "T": Whole(50, 5, 200, "T"),
    "first": Choice("rnn", NETWORKS, "first"),
    "second": Choice("lstm", NETWORKS, "second"),
    "H": Whole(32, 1, 64, "H"),
    "log10_rate": Slider(-2.0, -4, 0, 0.1, "log₁₀ rate"),
    "steps": Whole(600, 60, 3000, "steps"),
    "seed": Whole(0, 0, 99, "seed"),
    "show": Choice("all", SHOWN, "show"),
}


class Race:
    """Two trainings that take the same steps on the same batches.

    trainings : (first, second), of train.Training
    step, end : the steps that each has taken, and is to take
    overflowed : {0 or 1: the step at which its numbers became too large}; it then stays as it was
    """

    def __init__(self, settings):
        begun = [_begun(settings, which) for which in ("first", "second")]
        self.trainings = tuple(
            train.Training(
                task, model, learning_rate=10.0 ** settings["log10_rate"],
                check_every=max(1, settings["steps"] // CHECKS),
            )
            for task, model, _ in begun
        )  # fmt: skip
        self.step, self.end, self.overflowed = 0, settings["steps"], {}

    @property
    def done(self):
        """The share of the steps, 0 … 1."""
        return self.step / self.end

    @property
    def says(self):
        """How far it is."""
        return f"step {self.step} of {self.end}"

    def advance(self, seconds):
        """Takes steps for about so many seconds, each network as many as the other."""
        until = time.monotonic() + seconds
        while self.step < self.end:
            for index, training in enumerate(self.trainings):
                if index not in self.overflowed:
                    self._take_a_step(index, training)
            self.step += 1
            if time.monotonic() >= until:
                return

    def _take_a_step(self, index, training):
        try:
            training.advance(1e-9, self.step + 1)
        except OverflowError:
            self.overflowed[index] = self.step


@lru_cache(maxsize=8)  # the other network, and the rate, need none of it anew
def _drawn(task, T, network, H, seed):
    """(the task, the untrained model, what is left of its last step's error at every step)."""
    task = TASKS[task](T, seed=seed)
    model = train.model(network, task.D, H, task.C, seed=seed)
    return task, model, left_of_the_error(task, model)


def _begun(settings, which):
    """_drawn for "first" or "second"; a network that races against itself is drawn once more."""
    again = which == "second" and settings["first"] == settings["second"]
    task = TASKS[settings["task"]](settings["T"], seed=settings["seed"]) if again else None
    seed = settings["seed"] + again
    drawn = _drawn(settings["task"], settings["T"], settings[which], settings["H"], seed)
    return (task, *drawn[1:]) if again else drawn  # but both learn from the same batches


def left_of_the_error(task, model):
    """log10 of how many times the last step's error is left at every step: (T,), or None at overflow.

    Of one held-out sequence, and of its last step's loss alone. NOTHING where nothing at all arrives.
    """
    x, y = (part[:, 0] for part in task.validation(1))  # (T,) or (T, D), (T,) or (T, C)
    params = type(model.params)(*(part.astype(np.float64) for part in model.params))
    model = model._replace(params=params)
    trace = train.run(model, x, train.zeros(model))
    if not np.isfinite(trace.s).all() or not np.isfinite(trace.q).all():
        return None
    if task.loss == "cross_entropy":
        dq = rnn.error_at_logits(trace.o[-1:], y[-1:])[0]
    else:
        dq = trace.q[-1] - y[-1]
    error = params.V.T @ dq  # (H, C) x (C,) -> (H,)
    reaching = gates if model.network in ("lstm", "gru") else flow
    sizes = reaching.log10_error_sizes(params, trace, error)
    if np.isposinf(sizes).any() or np.isnan(sizes).any():
        return None
    return np.where(np.isneginf(sizes), NOTHING, sizes - sizes[-1])


def compute(settings, race):
    """How far both are; before the start, what they start from.

    task : the task, of tasks;  chance, chance_from : its loss for one who does not look
    networks : the names of both;  models : both as they are now;  untrained : both as they began
    step, steps, rate : the steps each has taken, and is to take; Adam's learning rate
    checked_at, losses : of each, (checks,): the steps before each look at the held-out sequences, and the
        loss there
    left, left_untrained : of each, (T,)  log10 of how many times the last step's error is left at step t;
        NOTHING (-9999) where it is exactly 0, None where a number was too large for a float
    trainings : both, of train.Training, None before the start
    overflowed : {0 or 1: the step at which that one's numbers became too large for a float}
    """
    begun = [_begun(settings, which) for which in ("first", "second")]
    task = begun[0][0]
    histories = () if race is None else [training.history for training in race.trainings]
    models = [model for _, model, _ in begun] if race is None else [one.model for one in race.trainings]
    untrained = [left for _, _, left in begun]
    step = 0 if race is None else race.step
    is_shown = settings["show"] == "all" and step > 0
    return {
        "task": task,
        "chance": task.chance,
        "chance_from": task.chance_from,
        "networks": (settings["first"], settings["second"]),
        "models": tuple(models),
        "untrained": tuple(model for _, model, _ in begun),
        "step": step,
        "steps": settings["steps"],
        "rate": 10.0 ** settings["log10_rate"],
        "checked_at": tuple(history.checked_at for history in histories),
        "losses": tuple(history.validation_loss for history in histories),
        "left": tuple(left_of_the_error(task, one) for one in models) if is_shown else tuple(untrained),
        "left_untrained": tuple(untrained),
        "trainings": None if race is None else race.trainings,
        "overflowed": {} if race is None else dict(race.overflowed),
        "show": settings["show"],
    }


def describe(settings, numbers):
    """Where both stand against chance, and what they see of the past: HTML."""
    chance = f"chance ({plain(numbers['chance'], 3)})"
    if numbers["trainings"] is None:
        said = (
            f"Nothing is learnt yet. Chance, a loss of <b>{plain(numbers['chance'], 3)}</b>, is for one who "
            f"never looks and says: {numbers['chance_from']}. Press Start."
        )
    else:
        said = f"After {numbers['step']} step{'' if numbers['step'] == 1 else 's'} " + "; ".join(
            _standing(numbers, index, chance) for index in (0, 1)
        )
        said += "."
    if settings["show"] == "all":
        sizes = [f"{_left(numbers['left'][index])} in the {_name(numbers, index)}" for index in (0, 1)]
        said += f" Of the last step's error, {sizes[0]} and {sizes[1]} reach step 0."
    return said


def _name(numbers, index):
    first, second = numbers["networks"]
    return NETWORKS[first] if index == 0 else NETWORKS[second] if second != first else "other one"


def _standing(numbers, index, chance):
    name = f"the {_name(numbers, index)}"
    if index in numbers["overflowed"]:
        return (
            f"{name} overflowed at step {numbers['overflowed'][index]}: its numbers are too large for a float"
        )
    loss = float(numbers["losses"][index][-1])
    if not np.isfinite(loss):
        return f"the loss of {name} is too large for a float: overflow"
    times = numbers["chance"] / loss if loss > 0 else np.inf
    if times > 2:
        where = f"{times:.0f} times below {chance}" if np.isfinite(times) else f"far below {chance}"
    elif times > 1.1:
        where = f"a little below {chance}"
    else:
        where = f"no better than {chance}"
    return f"{name} is at <b>{plain(loss)}</b>, {where}"


def _left(left):
    if left is None:
        return "an overflow"
    return "<b>nothing</b>" if left[0] == NOTHING else f"<b>{of_log10(left[0])}</b>"


LEARNT_FROM = ("task", "T", "first", "second", "H", "log10_rate", "steps", "seed")
race = Declaration(
    "race", CONTROLS, compute, describe, RacePicture, telling="T", live=Live(Race, LEARNT_FROM)
)
