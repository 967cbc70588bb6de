"""The loss lab shows what rnn computes: S16, S3 and o - y."""

import math

import numpy as np
import pytest
from sweep import drawn

from bptt_helpers import labs
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.loss import HIGHEST_LOSS


def heights(bars):
    """The heights of the three columns: list."""
    return [segment[1][1] for segment in bars.bars.get_segments()]


@pytest.mark.parametrize("settings", [{}, {"q_0": -3.2, "y": 1}, {"q_2": 10.0, "y": 2, "shift": -5.0}])
def test_the_numbers_are_those_of_the_formulas(settings):
    lab = labs.loss(**settings)
    values, target = lab.settings, lab.settings.y
    q = np.array([values.q_0, values.q_1, values.q_2]) + values.shift
    o = np.exp(q) / np.exp(q).sum()  # S16
    np.testing.assert_allclose(lab.numbers.q, q)
    np.testing.assert_allclose(lab.numbers.o, o, rtol=1e-12)
    assert pytest.approx(-math.log(o[target]), rel=1e-12) == lab.numbers.E  # S3
    np.testing.assert_allclose(lab.numbers.dq, o - np.eye(3)[target], atol=1e-15)
    assert abs(lab.numbers.dq.sum()) < 1e-15


def test_dq_is_the_slope_of_E():
    def loss_at(q_1):
        return labs.loss(q_1=q_1, y=2).numbers.E

    slope = (loss_at(1 + 1e-5) - loss_at(1 - 1e-5)) / 2e-5
    assert labs.loss(q_1=1, y=2).numbers.dq[1] == pytest.approx(slope, rel=1e-8)


def test_a_shift_moves_the_logits_and_nothing_else():
    lab = labs.loss(q_0=0.5, y=1)
    before = lab.numbers
    lab.move(shift=3.0)
    np.testing.assert_allclose(lab.numbers.q, before.q + 3)
    np.testing.assert_allclose(lab.numbers.o, before.o, rtol=1e-12)
    assert pytest.approx(before.E, rel=1e-12) == lab.numbers.E
    assert "nothing else" in lab.words.value


@pytest.mark.parametrize("settings", [{}, {"q_0": -3.2, "y": 1}, {"q_1": 4.0, "y": 2}])
def test_the_picture_carries_the_numbers(settings):
    lab = labs.loss()
    lab.move(**settings)
    picture = drawn(lab)
    y, numbers = lab.settings.y, lab.numbers
    assert heights(picture.logits) == pytest.approx(list(numbers.q))
    assert heights(picture.outputs) == pytest.approx(list(numbers.o))
    assert heights(picture.gradients) == pytest.approx(list(numbers.dq))
    marks = [segment[0][1] for segment in picture.targets.get_segments()]
    assert marks == list(np.eye(3)[y])
    assert picture.point.get_xydata().tolist() == [[numbers.o[y], numbers.E]]
    assert len(picture.beyond.get_xdata()) == 0
    for bars in (picture.logits, picture.outputs, picture.gradients):
        assert bars.target.positions[0][0] == y
    assert picture.outputs.numbers.strings == [f"{share:.3f}" for share in numbers.o]


def test_a_loss_beyond_the_axis_is_an_arrow_at_the_top():
    lab = labs.loss(q_0=-10, q_1=10)
    assert lab.numbers.E > HIGHEST_LOSS
    picture = drawn(lab)
    assert len(picture.point.get_xdata()) == 0
    assert picture.beyond.get_xdata()[0] == lab.numbers.o[0]
    assert picture.costs.strings == ["E = 20.000"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "The target gets a probability of 0.705: <b>E = 0.349</b>. Raising q₀"),
        ({}, "at rate <b>−0.295</b>; raising the others makes it worse"),
        ({"q_0": 1, "q_1": 1, "q_2": 1}, "</b>, as much as guessing, log 3."),
        ({"y": 2}, "more than guessing would cost, log 3 = 1.099. Raising"),
        ({"q_0": 10}, "right and sure"),
        ({"q_0": -10}, "wrong and sure"),
        ({"y": 1}, "Raising q₁ changes"),
    ],
)
def test_it_says_what_is_seen(settings, said):
    assert said in labs.loss(**settings).words.value


@pytest.mark.parametrize("y", [0, 1, 2])
def test_the_gradient_can_be_held_back_and_the_numbers_take_its_place(y):
    lab = labs.loss(show="guessing", y=y, shift=1.0)
    assert lab.numbers.dq is None
    assert "rate" not in lab.words.value
    picture, numbers = drawn(lab), lab.numbers
    powers = np.exp([3.0, 2.0, 0.0])
    written = [float(text) for text in picture.results.strings]
    assert written == pytest.approx([*powers, powers.sum(), *powers / powers.sum(), numbers.E], abs=6e-4)
    assert picture.terms.strings[-1] == f"$E = -\\log\\,o_{y}$"
    assert picture.guess.get_ydata() == [math.log(3)] * 2
    assert picture.guess_name.strings == ["guessing: log 3"]


def test_guessing_can_be_held_back_too():
    lab = labs.loss(show="loss", q_0=0.0, q_1=0.0, q_2=0.0)
    assert (lab.numbers.guessing, lab.numbers.dq) == (None, None)
    assert "guessing" not in lab.words.value
    assert lab.words.value.endswith("The target gets a probability of 0.333: <b>E = 1.099</b>.</div>")
    picture = drawn(lab)
    assert len(picture.guess.get_xdata()) == 0
    assert picture.guess_name.strings == []


def test_only_one_of_gradient_and_numbers_is_visible():
    canvas = Canvas(labs.loss.picture)
    for show in ("all", "loss", "guessing", "all"):
        canvas.png(labs.loss(show=show).numbers)
        picture = canvas.picture
        assert picture.gradients.axes.get_visible() is (show == "all")
        assert picture.results.axes.get_visible() is (show != "all")


def test_no_shift_is_not_spoken_of():
    assert "shift" not in labs.loss().words.value
