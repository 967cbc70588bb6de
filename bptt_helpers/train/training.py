"""The loop: batch after batch, with a bar that tells how it goes; stopped at any moment, it can go on.

All that a step changes is one State, which it replaces whole. So wherever the loop is stopped (by the stop
button, by the interrupt of the kernel), the last finished step stands, and going on from there, now or from
a file, takes the same steps as a loop that was never stopped.
"""

import functools
import inspect
import os
import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController
from tqdm.auto import tqdm

from bptt_helpers import arguments, optimisers, recurrent, tasks
from bptt_helpers.train import models

RULES = ("sgd", "momentum", "rmsprop", "adagrad", "adam")
CLIPS = {"norm": optimisers.clip_by_norm, "value": optimisers.clip_by_value}
BAR_SECONDS = 0.1


@functools.cache
def _controller():
    return ThreadpoolController()


def one_thread():
    """A context in which matrix products use one thread.

    Ours are small. A second thread gains nothing on an idle machine; on a busy one, or on a server that
    shows forty cores and grants two, the threads wait for each other: a step then takes two to four times as
    long (benchmarks/README.md).
    """
    return _controller().limit(limits=1, user_api="blas")


class State(NamedTuple):
    """All that a step changes."""

    step: int  # steps taken
    model: models.Model
    memory: object  # the optimiser's
    states: tuple  # (B, H) each: where the next batch goes on, if it goes on


class History(NamedTuple):
    """What every step left behind, and what the held-out batch said now and then."""

    loss: np.ndarray  # (steps,)  mean loss of each batch, before its step
    gradient_norm: np.ndarray  # (steps,)  before clipping
    clipped: np.ndarray  # (steps,)  bool
    checked_at: np.ndarray  # (checks,)  steps taken before each check
    validation_loss: np.ndarray  # (checks,)  mean loss of the held-out batch, always the same one

    @property
    def clipped_share(self):
        """The share of steps whose gradient was clipped: float, 0 before the first step."""
        return float(self.clipped.mean()) if len(self.clipped) else 0.0


class Training:
    """A model on its way.

    task : a task of tasks, such as tasks.adding(50)
    model : Model, where it starts (train.model)
    rule : one of RULES;  learning_rate : number above 0;  options : more of the rule's own, such as decay
    batch : sequences a step, or readers of a text
    clip : None, "norm" or "value";  limit : number above 0, of the gradient of the mean loss
    check_every : steps from one look at the held-out batch to the next, the first before step 0
    held_out : sequences in the held-out batch, or parts of a held-out text

    step, model, history : how many steps it has taken, what came of them, and what they said
    TypeError or ValueError names the bad argument.

    On a text the state is carried from batch to batch and the error is not: truncated backpropagation through
    time in chunks of task.T steps, as flow.truncated(chunk=…).
    """

    def __init__(
        self, task, model, *, rule="adam", learning_rate=0.01, options=None, batch=32,
        clip="norm", limit=1.0, check_every=50, held_out=200,
    ):  # fmt: skip
        arguments.instance("task", task, tasks.Task)
        model = models.check_model(model)
        if (model.params.U.shape[1], len(model.params.c)) != (task.D, task.C):
            raise ValueError(
                f"model: expected D = {task.D} and C = {task.C} as task {task.name!r} has, got "
                f"D = {model.params.U.shape[1]} and C = {len(model.params.c)}"
            )
        self.task = task
        self.settings = {
            "rule": arguments.choice("rule", rule, RULES),
            "learning_rate": arguments.number("learning_rate", learning_rate),
            "options": _options(options),
            "batch": arguments.integer("batch", batch),
            "clip": clip if clip is None else arguments.choice("clip", clip, tuple(CLIPS)),
            "limit": arguments.above_zero("limit", limit),
            "check_every": arguments.integer("check_every", check_every),
            "held_out": arguments.integer("held_out", held_out),
        }
        known = set(inspect.signature(getattr(optimisers, rule)).parameters) - {"gradient", "memory"}
        if unknown := set(self.settings["options"]) - (known - {"learning_rate"}):
            known = ", ".join(sorted(known - {"learning_rate"})) or "none"
            raise TypeError(f"options: expected those of {rule}: {known}, got {', '.join(sorted(unknown))}")
        try:
            self._held_out = task.validation(self.settings["held_out"])
        except ValueError as error:  # a text too short for so many parts
            raise ValueError(f"held_out{str(error).removeprefix('size')}") from error
        self._rows = np.empty((3, 256))  # loss, norm, clipped of every step: grown as needed
        self._checks = np.empty(16)
        self._stop = False
        self._move(optimisers.sgd(model.params, learning_rate=1.0)[0], None)  # refuses bad options now
        self._checks[0] = self._validation_loss(model)
        self.state = State(0, model, None, models.zeros(model, (self.settings["batch"],)))

    @property
    def step(self):
        """Steps taken so far."""
        return self.state.step

    @property
    def model(self):
        """What came of them: Model."""
        return self.state.model

    @property
    def history(self):
        """What they said: History."""
        return self.history_until(self.step)

    def history_until(self, steps):
        """What the first `steps` of them said: History. steps : 0 … step. Errors name it."""
        if arguments.integer("steps", steps, minimum=0) > self.step:
            raise ValueError(f"steps: expected at most the {self.step} taken so far, got {steps}")
        every = self.settings["check_every"]
        loss, norm, clipped = self._rows[:, :steps].copy()
        checks = steps // every + 1
        return History(
            loss, norm, clipped.astype(bool), every * np.arange(checks), self._checks[:checks].copy()
        )

    def run(self, steps, *, progress=True, keep_bar=True):
        """Takes `steps` more steps, with a bar, and returns the History.

        progress : whether there is a bar;  keep_bar : whether it stays when the run has ended
        stop() and the interrupt (Ctrl-C, the kernel's square button) end it early, after a whole step. Then
        run() again goes on. OverflowError, naming the step, when loss, gradient, a weight or the optimiser's
        memory becomes too large for a float: that step is not taken.
        """
        end = self.step + arguments.integer("steps", steps)
        self._stop = False
        bar = tqdm(total=steps, disable=not progress, leave=keep_bar, unit="step", desc=self.task.name)
        try:
            told = 0.0
            with one_thread():
                while self.step < end and not self._stop:
                    self._take_a_step()
                    now = time.monotonic()
                    if now - told > BAR_SECONDS or self.step == end:
                        told = now
                        self._tell(bar, bar.total - (end - self.step))
        except KeyboardInterrupt:
            bar.set_description(f"{self.task.name}, stopped")
        finally:
            bar.close()
        return self.history

    def stop(self):
        """Ends a run() after the step it is in; for a button, or another thread."""
        self._stop = True

    def advance(self, seconds, until):
        """Takes steps for about so many seconds, at least one, up to step `until`: for one who also draws.

        seconds : number above 0;  until : whole number. OverflowError as for run().
        """
        until = arguments.integer("until", until, minimum=0)
        end = time.monotonic() + arguments.above_zero("seconds", seconds)
        with one_thread():
            while self.step < until:
                self._take_a_step()
                if time.monotonic() >= end:
                    return

    def _take_a_step(self):
        step, model, memory, states = self.state
        x, y = self.task.batch(step, self.settings["batch"])
        if not self.task.continues(step):
            states = models.zeros(model, (self.settings["batch"],))
        loss, gradient, states = models.loss_and_gradient(model, x, y, self.task.loss, states)
        norm = optimisers.norm(gradient)
        if not np.isfinite(loss) or not np.isfinite(norm):
            raise _too_large(step, "the gradient" if np.isfinite(loss) else "the loss")
        moved, memory, clipped = self._move(gradient, memory, norm)
        params = type(model.params)(*map(np.add, model.params, moved))
        if not _is_finite(params):
            raise _too_large(step, "a weight after it")
        if not _is_finite(memory):  # what divides by it would never move again
            raise _too_large(step, "what the rule remembers of the gradient")
        self._record(step, loss, norm, clipped, model._replace(params=params))
        self.state = State(step + 1, model._replace(params=params), memory, states)  # all of it, or nothing

    def _move(self, gradient, memory, norm=None):
        """(what to add to the weights, the optimiser's memory, whether it was clipped)."""
        clip, limit = self.settings["clip"], self.settings["limit"]
        clipped = False
        if clip == "norm":
            clipped = norm is not None and norm > limit
        elif clip == "value":
            clipped = any(np.abs(part).max() > limit for part in gradient)
        if clipped:
            gradient = CLIPS[clip](gradient, limit)
        rule, options = getattr(optimisers, self.settings["rule"]), self.settings["options"]
        step, memory = rule(gradient, memory, learning_rate=self.settings["learning_rate"], **options)
        return step, memory, clipped

    def _record(self, step, loss, norm, clipped, model):
        """Written beyond what `history` shows, until the state says that the step is taken."""
        if step == self._rows.shape[1]:
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)], axis=1)
        self._rows[:, step] = loss, norm, clipped
        check, rest = divmod(step + 1, self.settings["check_every"])
        if rest == 0:
            if check == len(self._checks):
                self._checks = np.concatenate([self._checks, np.empty_like(self._checks)])
            self._checks[check] = self._validation_loss(model)

    def _validation_loss(self, model):
        x, y = self._held_out
        trace = models.run(model, x, models.zeros(model, x.shape[1:2]))
        return models.mean_loss(trace.q, y, self.task.loss)

    def _tell(self, bar, done):
        recent = self._rows[0, max(0, self.step - 50) : self.step].mean()
        checked = self._checks[self.step // self.settings["check_every"]]
        bar.set_postfix_str(f"loss {recent:.4g}, held out {checked:.4g}", refresh=False)
        bar.update(done - bar.n)


def _is_finite(value):
    """Whether there is no inf or nan in arrays and numbers, in tuples and tuples of tuples of them."""
    if isinstance(value, tuple):
        return all(map(_is_finite, value))
    return value is None or bool(np.isfinite(value).all())


def _too_large(step, what):
    return OverflowError(
        f"step {step}: {what} is too large for a float; the weights stay as they were before it. "
        "Clip the gradient, or choose a smaller learning_rate"
    )


def _options(options):
    """A rule's own options as a dict of floats; TypeError or ValueError naming options."""
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise TypeError(f"options: expected a dict such as {{'decay': 0.9}}, got {options!r}")
    return {name: arguments.number(f"options[{name!r}]", value) for name, value in options.items()}


def is_quick():
    """Whether the tests run this (they set BPTT_QUICK=1): a notebook then trains for fewer steps."""
    return os.environ.get("BPTT_QUICK") == "1"


def smoothed(values, over):
    """The running mean of `values` (n,) over the last `over` of them, of fewer at the beginning: (n,).

    over : whole number of at least 1. TypeError or ValueError names the bad argument.
    """
    values, over = arguments.real_floats("values", values), arguments.integer("over", over)
    if values.ndim != 1:
        raise ValueError(f"values: expected shape (n,), got {values.shape}")
    if len(values) == 0:
        return np.zeros(0)
    over = min(over, len(values))
    with recurrent.silent():  # each window is summed by itself: what was huge is gone when it has left it
        sums = np.convolve(values.astype(np.float64), np.ones(over))[: len(values)]
        return sums / np.minimum(np.arange(1, len(values) + 1), over)
