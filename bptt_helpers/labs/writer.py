"""Lab: can it learn real text? A network of characters trains, writes and is surprised. (notebook 11)"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bptt_helpers import flow, gates, recurrent, rnn, tasks, train
from bptt_helpers.labs.controls import Choice, File, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.labs.work import Live
from bptt_helpers.pictures.numerals import plain
from bptt_helpers.pictures.writer import NETWORKS, READ, SENTENCE, WRITTEN, WriterPicture

T, READERS = 50, 16  # characters in a chunk of truncated BPTT; places in the text that are read side by side
CHECKS, HELD_OUT = 40, 50  # looks at the held-out text, in so many parts side by side
LARGEST = 99.0  # nats: what stands for the surprise of a character whose o is 0

TOPICS = {
    "all": "the whole manual",
    "compound": "compound statements",
    "specialnames": "special methods",
    "string-methods": "string methods",
}
SHOWN = {"all": "loss and text", "text": "text, large", "blame": "whom it blames"}

CONTROLS = {
    "network": Choice("rnn", NETWORKS, "network"),
    "H": Whole(100, 10, 200, "H"),
    "log10_rate": Slider(-1.3, -3, 0, 0.1, "log₁₀ rate"),
    "steps": Whole(4000, 50, 20000, "steps"),
    "seed": Whole(0, 0, 99, "seed"),
    "topic": Choice("all", TOPICS, "text"),
    "text": File("", tasks.text_from_bytes, "Your own text"),
    "temperature": Slider(0.8, 0, 2, 0.05, "temp. τ"),
    "show": Choice("all", SHOWN, "show"),
}


@dataclass(frozen=True, eq=False)
class Itself:
    """A model as a key of a cache: it equals itself only. A training makes a new one at every step."""

    model: train.Model

    def __eq__(self, other):
        return self.model is other.model

    def __hash__(self):
        return id(self.model)


class Writing:
    """A training on a text; when a number is too large for a float it ends there."""

    def __init__(self, settings):
        task = _task(settings["topic"], settings["text"])
        self.training = train.Training(
            task, _untrained(settings["network"], settings["H"], task.C, settings["seed"]), rule="adagrad",
            learning_rate=10.0 ** settings["log10_rate"], batch=_side_by_side(task),
            check_every=max(10, settings["steps"] // CHECKS), held_out=_parts(task),
        )  # fmt: skip
        self.end, self.has_overflowed = settings["steps"], False

    @property
    def done(self):
        """The share of the steps, 0 … 1."""
        return 1.0 if self.has_overflowed else self.training.step / self.end

    @property
    def says(self):
        """How far it is."""
        if self.has_overflowed:
            return f"overflow at step {self.training.step}"
        return f"step {self.training.step} of {self.end}"

    def advance(self, seconds):
        """Takes steps for about so many seconds."""
        try:
            self.training.advance(seconds, self.end)
        except OverflowError:
            self.has_overflowed = True


@lru_cache(maxsize=2)
def _task(topic, text):
    """The task of the learner's own text where there is one, else of the manual."""
    return tasks.text(text or tasks.manual_text(None if topic == "all" else topic), T=T)


def _side_by_side(task):
    """READERS, or fewer where the text is so short that they would start on each other's heels."""
    return max(1, min(READERS, len(task.training) // (2 * T)))


def _parts(task):
    return max(1, min(HELD_OUT, len(task.held_out) // (2 * T)))


@lru_cache(maxsize=4)
def _counted(task):
    """What counting single characters gets, and pairs of them."""
    return tasks.unigram_loss(task), tasks.bigram_loss(task)


@lru_cache(maxsize=4)
def _untrained(network, H, C, seed):
    return train.model(network, C, H, C, seed=seed)


@lru_cache(maxsize=4)
def _passage(task):
    """(classes before it, the passage's classes): held-out text from the first line that begins in it."""
    line_end = task.vocabulary.index("\n") if "\n" in task.vocabulary else -1
    starts = np.flatnonzero(task.held_out[:200] == line_end)
    start = int(starts[0]) + 1 if len(starts) else 1
    start = min(start, max(1, len(task.held_out) - READ))  # of a short text the passage is the end
    return task.held_out[:start], task.held_out[start : start + READ]


@lru_cache(maxsize=1)  # choosing what to show, and moving its temperature, need no new reading
def _read(task, itself):
    """-ln o of every character of the passage: (n,)."""
    model = itself.model
    before, passage = _passage(task)
    read = np.concatenate([before, passage])
    trace = train.run(model, read[:-1], train.zeros(model))
    E = rnn.cross_entropy(trace.q, read[1:])[len(before) - 1 :]
    return np.nan_to_num(E, nan=LARGEST, posinf=LARGEST)


@lru_cache(maxsize=1)
def _wrote(task, itself, temperature, seed):
    """What it writes after a line's end, always by the same random numbers: str."""
    start = task.vocabulary.index("\n") if "\n" in task.vocabulary else int(task.training[0])
    rng = np.random.default_rng([seed, 1])
    written = train.sample(itself.model, np.array([start]), WRITTEN, rng=rng, temperature=temperature)
    return tasks.decode(written, task.vocabulary)


@lru_cache(maxsize=3)
def _blame(task, itself):
    """log10 ‖C[t, k]‖ over the passage's first SENTENCE characters: (n, n), -99 for 0."""
    model = itself.model
    before, passage = _passage(task)
    sentence = passage[:SENTENCE]
    params = type(model.params)(*(weight.astype(np.float64) for weight in model.params))
    model = model._replace(params=params)
    states = train.last_states(train.run(model, before, train.zeros(model)))
    trace = train.run(model, sentence[:-1], states)
    norms = (gates if model.network in ("lstm", "gru") else flow).blame_norms(params, trace, sentence[1:])
    with recurrent.silent():
        logs = np.nan_to_num(np.log10(norms), nan=99.0, posinf=99.0, neginf=-99.0)
    return logs


def compute(settings, writing):
    """How far it is, what it writes, and what it makes of text that it never learnt from.

    task : the task, of tasks;  chance, unigram, bigram : nats a character of knowing nothing, and of counting
    step, steps : taken, and to take;  loss_at, loss : (n,)  the smoothed loss of the batches
    checked_at, held_out : (m,)  the loss on held-out text, and after how many steps
    model, untrained : as it is now, and as it began;  training : train.Training, None before the start
    written : what it writes, str;  temperature : at which
    passage, surprise : held-out text, str, and -ln o of each of its characters (n,), at most 99
    blame, blame_before : (T, T) or None when not shown  log10 ‖C[t, k]‖ on the passage's beginning, now and
        as it began; -99 stands for 0
    has_overflowed : whether a number was too large for a float
    """
    task = _task(settings["topic"], settings["text"])
    untrained = _untrained(settings["network"], settings["H"], task.C, settings["seed"])
    training = None if writing is None else writing.training
    model = untrained if training is None else training.model
    loss_at, loss, checked_at, held_out = _curves(training)
    unigram, bigram = _counted(task)
    is_blaming = settings["show"] == "blame"
    now = Itself(model)
    passage = _passage(task)[1]
    return {
        "task": task,
        "network": settings["network"],
        "chance": task.chance,
        "unigram": unigram,
        "bigram": bigram,
        "step": 0 if training is None else training.step,
        "steps": settings["steps"],
        "rate": 10.0 ** settings["log10_rate"],
        "loss_at": loss_at,
        "loss": loss,
        "checked_at": checked_at,
        "held_out": held_out,
        "model": model,
        "untrained": untrained,
        "training": training,
        "written": _wrote(task, now, settings["temperature"], settings["seed"]),
        "temperature": settings["temperature"],
        "passage": tasks.decode(passage, task.vocabulary),
        "surprise": _read(task, now),
        "blame": _blame(task, now) if is_blaming else None,
        "blame_before": _blame(task, Itself(untrained)) if is_blaming else None,
        "has_overflowed": writing is not None and writing.has_overflowed,
        "show": settings["show"],
    }


def _curves(training):
    """(loss_at, loss, checked_at, held_out), of at most some hundred points."""
    if training is None:
        return (np.empty(0),) * 4
    history = training.history
    every = max(1, len(history.loss) // 200)
    smooth = train.smoothed(history.loss, 50)[::-1][::every][::-1]  # the last step is always among them
    at = np.arange(len(history.loss))[::-1][::every][::-1] + 1
    return at, smooth, history.checked_at, history.validation_loss


def describe(settings, numbers):
    """What a character costs, beside counting, and what surprised it most: HTML."""
    counted = f"counting pairs {plain(numbers['bigram'], 2)}, knowing nothing {plain(numbers['chance'], 2)}"
    if numbers["training"] is None:
        said = f"It has learnt nothing yet. A held-out character costs: {counted} nats. Press Start."
    else:
        cost, at = float(numbers["held_out"][-1]), numbers["checked_at"][-1]
        cost = f"<b>{plain(cost, 2)}</b> nats" if np.isfinite(cost) else "an overflow"
        said = f"After {at} steps a held-out character costs {cost}; {counted}."
    if numbers["has_overflowed"]:
        said += f" At step {numbers['step']} a number was too large for a float: overflow. Lower the rate."
    if settings["show"] == "blame":
        return f"{said} {_reach(numbers['blame'])}"
    worst = int(numbers["surprise"].argmax())
    return (
        f"{said} Of the passage, {_quoted(numbers['passage'][worst])} surprised it most: "
        f"<b>{plain(float(numbers['surprise'][worst]), 1)}</b> nats."
    )


def _reach(logs):
    """How far back errors look, in words: the steps that have 90 % of their blame, by its square."""
    norms = 10.0 ** (2 * logs)
    lags = np.arange(len(logs))[:, None] - np.arange(len(logs))  # (T, T)  t - k
    by_lag = np.array([norms[lags == lag].sum() for lag in range(len(logs))])
    if not by_lag.sum() > 0:
        return "No error blames anybody."
    steps = int((np.cumsum(by_lag) >= 0.9 * by_lag.sum()).argmax()) + 1
    return f"Nine tenths of the (squared) blame lie within <b>{steps}</b> step{'' if steps == 1 else 's'}."


def _quoted(character):
    names = {" ": "a space", "\n": "the end of a line", "&": "‘&amp;’", "<": "‘&lt;’", ">": "‘&gt;’"}
    if character in names:
        return names[character]
    return f"‘{character}’" if character.isprintable() else "a sign that cannot be shown"


LEARNT_FROM = ("network", "H", "log10_rate", "steps", "seed", "topic", "text")
writer = Declaration(
    "writer", CONTROLS, compute, describe, WriterPicture, telling="temperature",
    live=Live(Writing, LEARNT_FROM),
)  # fmt: skip
