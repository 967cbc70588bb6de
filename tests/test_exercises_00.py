"""The exercises of notebook 00: what they accept, and how they name a mistake."""

import math

import numpy as np
import pytest
from exercises import said

from bptt_helpers import checks, labs, rnn

# ----------------------------------------------------------------------------------------------------------
# remembers


def test_nothing_yet(capsys):
    assert said(capsys, checks.remembers, ...) == "not attempted yet"
    assert said(capsys, checks.next_state, ..., labs.unroll()) == "not attempted yet"


@pytest.mark.parametrize(
    "settings", [{"w": 1.5}, {"w": 1.3, "T": 24}, {"w": -1.5}, {"w": 1.0, "func": "identity"}]
)
def test_what_remembers_gets_it(capsys, settings):
    assert said(capsys, checks.remembers, labs.unroll(**settings)) == "got it"


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({}, "faded, the last state is 0.050"),
        ({"w": 1.5, "x": "step"}, "leave the input"),
        ({"w": 1.5, "T": 6}, "leave T at 12 or more"),
        ({"w": 3.0, "func": "identity"}, "ran away"),
        ({"k": 1.0}, "that is not memory"),
        ({"w": 1.5, "s_init": 1.0}, "that is not memory"),
    ],
)
def test_what_does_not_is_told_why(capsys, settings, hint):
    sentence = said(capsys, checks.remembers, labs.unroll(**settings))
    assert sentence.startswith("not yet: ")
    assert hint in sentence


@pytest.mark.parametrize("answer", ["labs.unroll(w=1.5)", 1.5, None, labs.loss()])
def test_what_is_no_such_lab_is_told_so(capsys, answer):
    assert "hand over" in said(capsys, checks.remembers, answer)


# ----------------------------------------------------------------------------------------------------------
# next_state


@pytest.fixture
def lab():
    return labs.unroll(u=0.6, w=0.9, k=0.1, s_init=0.4, x="alternating")


def test_the_right_state_gets_it(capsys, lab):
    assert said(capsys, checks.next_state, lab.numbers.s[1], lab) == "got it"
    by_hand = math.tanh(0.6 * -1 + 0.9 * math.tanh(0.6 * 1 + 0.9 * 0.4 + 0.1) + 0.1)  # S6 to S13
    assert said(capsys, checks.next_state, by_hand, lab) == "got it"


def test_it_follows_the_lab(capsys, lab):
    lab.move(func="sigmoid", w=-0.5)
    assert said(capsys, checks.next_state, lab.numbers.s[1], lab) == "got it"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda u, w, k, x, s, s_init: u * x[1] + w * s[0] + k, "go through tanh"),
        (lambda u, w, k, x, s, s_init: s[0], "one step further"),
        (lambda u, w, k, x, s, s_init: np.tanh(u * x[1] + w * s[0]), "forgot the bias"),
        (lambda u, w, k, x, s, s_init: np.tanh(u * x[1] + k), "the past is missing"),
        (lambda u, w, k, x, s, s_init: np.tanh(w * s[0] + k), "the input is missing"),
        (lambda u, w, k, x, s, s_init: np.tanh(u * x[0] + w * s[0] + k), "step 1 reads x_1"),
        (lambda u, w, k, x, s, s_init: np.tanh(u * x[1] + w * s_init + k), "starts from s_0"),
        (lambda u, w, k, x, s, s_init: np.tanh(w * x[1] + u * s[0] + k), "swapped"),
        (lambda u, w, k, x, s, s_init: round(s[1], 2), "right to 2 places"),
        (lambda u, w, k, x, s, s_init: round(s[1], 4), "right to 4 places"),
        (lambda u, w, k, x, s, s_init: math.nan, "not yet"),
    ],
)
def test_every_mistake_is_named(capsys, lab, wrong, hint):
    given = lab.settings
    answer = wrong(given.u, given.w, given.k, lab.numbers.x, lab.numbers.s, given.s_init)
    sentence = said(capsys, checks.next_state, answer, lab)
    assert sentence.startswith("not yet: ")
    assert hint in sentence


def test_the_lab_runs_the_network(lab):
    z = 0.6 * lab.numbers.x[1] + 0.9 * lab.numbers.s[0] + 0.1  # S15
    assert lab.numbers.s[1] == pytest.approx(rnn.activate(np.array([z]), "tanh")[0], rel=1e-12)
