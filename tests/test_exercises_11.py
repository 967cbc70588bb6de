"""The exercises of notebook 11: their solutions beside the package, and how they name a mistake."""

import numpy as np
import pytest
from exercises import said

from bptt_helpers import checks, rnn, tasks


def test_count_loss_is_that_of_the_package():
    task = tasks.text(tasks.manual_text("string-methods"))
    mine = checks.solutions.count_loss(task.training, task.held_out[1:], task.C)
    assert mine == pytest.approx(tasks.unigram_loss(task), rel=1e-12)


def test_softmax_at_is_softmax_at_1_and_picks_one_near_0():
    q = np.array([0.3, 2.0, -1.0, 1.9])
    np.testing.assert_allclose(checks.solutions.softmax_at(q, 1.0), rnn.softmax(q), rtol=1e-12)
    np.testing.assert_allclose(checks.solutions.softmax_at(q, 1e-4), [0, 1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(checks.solutions.softmax_at(q, 1e9), np.full(4, 0.25), rtol=1e-6)


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda learnt, asked, C: checks.solutions.count_loss(learnt, asked, C) + 0, "got it"),
        (lambda learnt, asked, C: -np.log(np.bincount(learnt, None, C)[asked] / len(learnt)).mean(), "never"),
        (lambda learnt, asked, C: ..., "not attempted yet"),
    ],
)  # fmt: skip
def test_count_loss_names_the_mistake(capsys, attempt, hint):
    assert hint in said(capsys, checks.count_loss, attempt)


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda q, temperature: rnn.softmax(q / temperature), "got it"),
        (lambda q, temperature: rnn.softmax(q) ** (1 / temperature), "not yet"),
        (lambda q, temperature: rnn.softmax(q) / temperature, "divide the logits"),
        (lambda q, temperature: np.exp(q / temperature) / np.exp(q / temperature).sum(), "overflows"),
    ],
)
def test_softmax_at_names_the_mistake(capsys, attempt, hint):
    assert hint in said(capsys, checks.softmax_at, attempt)
