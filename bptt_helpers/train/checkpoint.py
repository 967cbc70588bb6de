"""A training in a file, to go on from another day: numpy's npz, in which nothing can be executed.

The file holds the weights, the optimiser's memory, the state that a text's next chunk goes on from, the
history, the settings and the task's key. It does not hold the task itself, which is made anew: a training
that is loaded on another task is refused.
"""

import json
import os
import secrets
import zipfile
from pathlib import Path

import numpy as np

from bptt_helpers import arguments, tasks
from bptt_helpers.train import models
from bptt_helpers.train.training import State, Training

FORMAT = 1
# What numpy and zipfile raise for a file that is damaged or something else.
UNREADABLE = (
    OSError, EOFError, KeyError, TypeError, ValueError, AttributeError, RuntimeError, MemoryError,
    zipfile.BadZipFile,
)  # fmt: skip


def save(path, training):
    """Writes a Training to `path` (as it stands, no suffix is added), and returns it: pathlib.Path.

    A file that was there stays whole until the new one is: that is written under another name in the same
    folder, and renamed; who may read it stays as it was. TypeError names the bad argument;
    OSError when the folder cannot be written to.
    """
    path = _path(path)
    arguments.instance("training", training, Training)
    state = training.state  # all at once: another thread may be training on
    history = training.history_until(state.step)
    about = {
        "format": FORMAT, "task": training.task.key, "network": state.model.network, "step": state.step,
        "settings": training.settings,
    }  # fmt: skip
    arrays = {"about": np.array(json.dumps(about))}
    arrays |= _named("params", state.model.params) | _named("states", state.states)
    arrays |= _named("memory", state.memory) | _named("history", history)
    target = path.resolve()  # where a link leads
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    except BaseException:  # an interrupt too must leave no half-written file behind
        temporary.unlink(missing_ok=True)
        raise
    return path


def load(path, task):
    """The Training in a file that save wrote, on the task it was made for; it goes on as if never stopped.

    FileNotFoundError when there is no such file. ValueError naming path when it is damaged or something else,
    or task when it was trained on another one.
    """
    path = _path(path)
    arguments.instance("task", task, tasks.Task)
    try:
        about, arrays = _read(path)
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise _refused(path, error) from error
    if about.get("task") != task.key:
        raise ValueError(f"task: expected {about.get('task')!r}, as in {path.name}, got {task.key!r}")
    try:
        return _restored(task, about, arrays)
    except UNREADABLE as error:
        raise _refused(path, error) from error


def _read(path):
    """(what the file says of itself, its arrays by name)."""
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(str(arrays.pop("about")))
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']}, this program's {FORMAT}")
    return about, arrays


def _restored(task, about, arrays):
    """The Training, when the arrays are all there, of the right shapes and kinds."""
    kind = models.Model(about["network"], ()).module.Params
    params = kind(*(arrays.pop(f"params.{field}") for field in kind._fields))
    training = Training(task, models.Model(about["network"], params), **about["settings"])
    like = training.state
    step = arguments.integer("step", about["step"], minimum=0)
    memory = None
    if step:
        _, memory, _ = training._move(params, None)
        memory = _filled(memory, "memory", arrays)
    states = _filled(like.states, "states", arrays)
    every = training.settings["check_every"]
    checks = _taken(arrays, "history.validation_loss", (step // every + 1,))
    rows = [_taken(arrays, f"history.{name}", (step,)) for name in ("loss", "gradient_norm", "clipped")]
    _taken(arrays, "history.checked_at", checks.shape)
    if arrays:
        raise ValueError(f"it also holds {', '.join(arrays)}")
    training._rows = np.concatenate([np.array(rows, float), np.empty((3, 256))], axis=1)
    training._checks = np.concatenate([checks, np.empty(16)])
    training.state = State(step, like.model, memory, states)
    return training


def _named(name, value):
    """{"memory.mean.U": array, …}: the arrays and numbers in nested tuples, by their places."""
    if value is None:
        return {}
    if not isinstance(value, tuple):
        return {name: np.asarray(value)}
    fields = getattr(value, "_fields", range(len(value)))
    named = {}
    for field, part in zip(fields, value, strict=True):
        named |= _named(f"{name}.{field}", part)
    return named


def _filled(like, name, arrays):
    """Tuples nested as in `like`, with the arrays of a file in their places."""
    if like is None:
        return None
    if not isinstance(like, tuple):
        like = np.asarray(like)
        array = _taken(arrays, name, like.shape)
        if array.dtype != like.dtype:
            raise ValueError(f"{name} is of {array.dtype}, expected {like.dtype}")
        return array if array.ndim else array.item()
    fields = getattr(like, "_fields", range(len(like)))
    parts = [_filled(part, f"{name}.{field}", arrays) for field, part in zip(fields, like, strict=True)]
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)


def _taken(arrays, name, shape):
    array = arrays.pop(name)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} is of {array.dtype}, expected real numbers")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
    return array


def _path(path):
    try:
        return Path(path)
    except TypeError as error:
        raise TypeError(f"path: expected a path, got {path!r}") from error


def _refused(path, error):
    said = error.args[0] if isinstance(error, KeyError) else str(error)  # str() of a KeyError adds quotes
    said = said or type(error).__name__
    return ValueError(f"path: expected a whole file that train.save wrote, got {path.name}: {said}")
