"""tasks, each of them: batches are functions of their index, what is held out stays out, chance is right."""

import dataclasses
import hashlib
import math
from functools import partial

import numpy as np
import pytest

from bptt_helpers import tasks

MAKERS = {
    "adding": partial(tasks.adding, 20),
    "adding, shortest": partial(tasks.adding, 2),
    "temporal order": partial(tasks.temporal_order, 30),
    "temporal order, shortest": partial(tasks.temporal_order, 3),
    "copy": partial(tasks.copy, 6, symbols=3, length=2),
    "copy, shortest": partial(tasks.copy, 1, symbols=2, length=1),
    "binary addition": partial(tasks.binary_addition, 5),
    "binary addition, shortest": partial(tasks.binary_addition, 2),
}
MEMORY = {name: make() for name, make in MAKERS.items()}
TEXT = {"text": tasks.text(T=7), "text, short": tasks.text("to be or not to be", T=3, validation_share=0.2)}
ALL = MEMORY | TEXT
EVERY = pytest.mark.parametrize("task", ALL.values(), ids=ALL)
DRAWN = pytest.mark.parametrize("task", MEMORY.values(), ids=MEMORY)


def assert_same(one, other):
    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.y, other.y)


def scored(y):
    """Which targets (T, B) are scored."""
    return ~np.isnan(y[..., 0]) if y.dtype.kind == "f" else y >= 0


@EVERY
def test_shapes_and_kinds_are_what_the_task_says(task):
    for batch in (task.batch(3, 5), task.validation(3)):
        T, B = batch.x.shape[:2]
        assert batch.y.shape[:2] == (T, B)
        if batch.x.ndim == 3:
            assert (batch.x.shape[2], batch.x.dtype) == (task.D, np.float64)
        else:
            assert batch.x.dtype.kind == "i"
            assert 0 <= batch.x.min() <= batch.x.max() < task.D
        if task.loss == "squared_error":
            assert (batch.y.shape[2], batch.y.dtype) == (task.C, np.float64)
        else:
            assert task.loss == "cross_entropy"
            assert batch.y.ndim == 2
            assert batch.y.dtype.kind == "i"
            assert -1 <= batch.y.min() <= batch.y.max() < task.C
        assert scored(batch.y).any(axis=0).all()
    assert task.batch(3, 5).x.shape[:2] == (task.T, 5)
    assert task.validation(3).x.shape[1] == 3


@EVERY
def test_a_batch_is_a_function_of_its_index_and_leaves_no_trace(task):
    state = np.random.get_state()[1].tolist()  # noqa: NPY002 — it must stay untouched
    first = task.batch(5, 4)
    task.batch(6, 4)
    task.validation(2)
    first.x[:] = first.y[:] = 0  # a caller may write into what it got
    again = task.batch(5, 4)
    assert_same(again, dataclasses.replace(task).batch(5, 4))
    assert (again.x != 0).any()
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


def test_another_process_would_draw_the_same():
    """Numbers that numpy promises to keep for default_rng are held here, so that a checkpoint stays true."""
    batch = tasks.adding(3, seed=7).batch(2, 1)
    rng = np.random.default_rng([7, 0, 2])
    np.testing.assert_array_equal(batch.x[:, 0, 0], rng.uniform(0, 1, 3))
    text = "wer reitet so spät"
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert tasks.text(text, T=3).key == f"text, T = 3, validation_share = 0.1, sha256 = {digest}"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_no_two_batches_and_no_two_seeds_are_alike(make):
    size = 64  # so many that two batches alike by accident are out of the question
    found = []
    for task in (make(), make(seed=1), make(seed=2**40)):
        found += [task.batch(index, size).x.tobytes() for index in (*range(40), 2**32, 2**32 + 1, 10**30)]
        found.append(task.validation(size).x.tobytes())
    assert len(set(found)) == len(found)


def test_every_sequence_of_a_batch_differs_from_those_held_out():
    task = tasks.adding(20)
    shown = {sequence.tobytes() for index in range(50) for sequence in task.batch(index, 32).x.swapaxes(0, 1)}
    held_out = {sequence.tobytes() for sequence in task.validation(500).x.swapaxes(0, 1)}
    assert (len(shown), len(held_out)) == (1600, 500)
    assert not shown & held_out


@EVERY
def test_what_is_held_out_is_always_the_same(task):
    first = task.validation(3)
    for index in range(3):
        task.batch(index, 3)
    assert_same(task.validation(3), first)


@DRAWN
def test_the_state_is_never_kept_between_drawn_sequences(task):
    assert [task.continues(index) for index in range(4)] == [False] * 4


def test_keys_tell_tasks_apart():
    different = [
        *ALL.values(),
        tasks.adding(20, seed=1),
        tasks.temporal_order(20),
        tasks.temporal_order(30, seed=1),
        tasks.copy(6),
        tasks.copy(6, symbols=3),
        tasks.copy(6, length=2),
        tasks.copy(6, symbols=3, length=2, seed=1),
        tasks.copy(4, symbols=3, length=3),  # as many steps as copy above
        tasks.binary_addition(5, seed=1),
        tasks.text(T=8),
        tasks.text(T=7, validation_share=0.2),
        tasks.text("to be or not to bE", T=3, validation_share=0.2),
    ]
    assert len({task.key for task in different}) == len(different)
    assert len(set(different)) == len(different)
    assert tasks.adding(20) == MEMORY["adding"]
    assert hash(tasks.adding(20)) == hash(MEMORY["adding"])
    assert MEMORY["adding"] != "adding, T = 20, seed = 0"


def test_names():
    assert {task.name for task in ALL.values()} == {
        "adding",
        "temporal order",
        "copy",
        "binary addition",
        "text",
    }


# Chance: the best that can be said without looking, fitted here to many drawn sequences.


def best_blind_loss(task, size):
    """The mean loss of the best constant for each step, and its standard error, from `size` sequences."""
    y = task.batch(0, size).y  # (T, B) or (T, B, 1)
    losses = []  # (B,) of each scored step
    for step in y:
        if not scored(step[None]).all():
            assert not scored(step[None]).any()  # so every step counts alike
        elif task.loss == "squared_error":
            losses.append(((step - step.mean()) ** 2).sum(axis=-1))
        else:
            share = np.bincount(step, minlength=task.C) / size
            losses.append(-np.log(share[step]))
    per_sequence = np.mean(losses, axis=0)  # (B,)
    return per_sequence.mean(), per_sequence.std() / math.sqrt(size), len(losses)


@DRAWN
def test_chance_is_what_the_best_blind_guess_costs(task):
    size = 40_000
    loss, error, steps = best_blind_loss(task, size)
    fitted = task.C / size  # how much a guess fitted to these very sequences may look better than it is
    assert abs(loss - task.chance) < 4 * error + fitted
    assert steps == {"adding": 1, "temporal order": 1}.get(task.name, task.T)


def test_chance_in_closed_form():
    for T, K, S in [(100, 8, 10), (1, 2, 1), (7, 5, 3)]:
        task = tasks.copy(T, symbols=K, length=S)
        assert task.chance == pytest.approx(S * math.log(K) / (T + 2 * S), rel=1e-12)
    assert tasks.adding(9).chance == pytest.approx(1 / 6, rel=1e-12)
    assert tasks.temporal_order(9).chance == pytest.approx(math.log(4), rel=1e-12)
    assert tasks.text("abcabcabcabc", T=2, validation_share=0.3).chance == math.log(3)


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_chance_of_binary_addition_by_counting_every_pair(bits):
    numbers = range(2 ** (bits - 1))
    sums = [a + b for a in numbers for b in numbers]
    entropies = []
    for bit in range(bits):
        p = sum(total >> bit & 1 for total in sums) / len(sums)
        entropies.append(-p * math.log(p) - (1 - p) * math.log(1 - p))
    assert tasks.binary_addition(bits).chance == pytest.approx(sum(entropies) / bits, rel=1e-12)


def test_another_constant_costs_more_than_chance():
    y = tasks.adding(10).batch(0, 40_000).y[-1]
    assert ((y - 1.1) ** 2).mean() > tasks.adding(10).chance + 0.005
    assert ((y - 0.9) ** 2).mean() > tasks.adding(10).chance + 0.005


def test_chance_says_in_words_what_it_is_from():
    words = {name: task.chance_from for name, task in ALL.items()}
    assert words["adding"] == "always 1, the mean of the sum"
    assert words["temporal order"] == "each of the 4 orders with probability 1/4"
    assert words["copy"] == "the blank, then each symbol with probability 1/3"
    assert words["binary addition"] == "1 with probability 1/2, for the highest bit with 0.469"
    assert words["text, short"] == "each of the 7 characters with probability 1/7"
