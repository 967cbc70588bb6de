"""The exercises of notebook 10: their solutions against draws, and how they name a mistake."""

import numpy as np
import pytest
from exercises import said

from bptt_helpers import checks, tasks


def test_chance_is_that_of_the_task_and_of_draws():
    assert checks.solutions.chance(2, 0.0, 1.0) == pytest.approx(tasks.adding(9).chance)
    sums = np.random.default_rng(0).uniform(-1, 2, (200_000, 3)).sum(axis=1)
    assert checks.solutions.chance(3, -1, 2) == pytest.approx(sums.var(), rel=0.01)


@pytest.mark.parametrize(("T", "n"), [(10, 0), (10, 3), (10, 5), (10, 8), (10, 10), (2, 1)])
def test_the_loss_with_a_memory_is_that_of_one_who_has_it(T, n):
    x, y = tasks.adding(T).batch(0, 100_000)
    numbers, marks = x[T - n :, :, 0], x[T - n :, :, 1]
    seen = marks.sum(axis=0)  # of the two marks, how many are in the last n steps
    guess = (numbers * marks).sum(axis=0) + 0.5 * (2 - seen)
    loss = np.mean((guess - y[-1, :, 0]) ** 2)
    assert checks.solutions.loss_with_memory(T, n) == pytest.approx(loss, rel=0.02, abs=1e-9)


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda marks, low, high: marks * (high - low) ** 2 / 12, "got it"),
        (lambda marks, low, high: marks * (low + high) / 2, "the best answer itself"),
        (lambda marks, low, high: np.sqrt(marks * (high - low) ** 2 / 12), "standard deviation"),
        (lambda marks, low, high: marks**2 * (high - low) ** 2 / 12, "not marks squared"),
    ],
)
def test_chance_names_the_mistake(capsys, attempt, hint):
    assert hint in said(capsys, checks.chance, attempt)


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda T, n: (1 - n / T) / 6, "got it"),
        (lambda T, n: (1 - min(n, T / 2) / (T / 2)) / 12, "the early mark is missing"),
        (lambda T, n: (2 - (2 * n / T - 1) - min(1, 2 * n / T)) / 12, "never show the early mark"),
        (lambda T, n: (1 - n / T) / 12, "two numbers are added"),
    ],
)
def test_loss_with_memory_names_the_mistake(capsys, attempt, hint):
    assert hint in said(capsys, checks.loss_with_memory, attempt)
