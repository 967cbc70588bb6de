"""The lab backward_sweep: its recorded sweep is rnn.backward's, and the picture shows the numbers of it."""

import numpy as np
import pytest
import sweep
from sweep import drawn

from bptt_helpers import labs, rnn
from bptt_helpers.pictures.backward_sweep import VECTORS
from bptt_helpers.pictures.numerals import signed

SETTINGS = [
    {"step": 12, "T": 12},
    {"step": 2, "T": 2, "H": 2, "C": 2, "seed": 5},
    {"step": 4, "loss": "last", "func": "sigmoid"},
    {"step": 6, "T": 9, "radius": 2.0, "func": "identity"},
    {"step": 3, "T": 4, "radius": 0.0, "func": "relu", "seed": 1},
]

CONTROLS = labs.backward_sweep.controls
every_setting = pytest.mark.parametrize("start", SETTINGS, ids=str)


@every_setting
def test_the_recorded_sweep_is_backward(start):
    numbers = labs.backward_sweep(**start).numbers
    params, trace, y, sweep = (numbers[name] for name in ("params", "trace", "y", "sweep"))
    grads = rnn.backward(params, trace, y)
    scale = np.abs(grads.W).max()
    np.testing.assert_allclose(sweep["after"][0], grads.W, rtol=0, atol=1e-14 * scale)
    np.testing.assert_allclose(sweep["passed_on"][0], grads.s_init, rtol=0, atol=1e-14 * scale)
    assert numbers["difference"] == np.abs(sweep["after"][0] - grads.W).max()


@every_setting
def test_each_step_holds_the_three_lines_and_the_growing_sum(start):
    numbers = labs.backward_sweep(**start).numbers
    W, s_prev, sweep = numbers["params"].W, numbers["trace"].s_prev, numbers["sweep"]
    T = len(s_prev)
    assert not sweep["from_future"][T - 1].any()
    assert not sweep["before"][T - 1].any()
    assert np.array_equal(sweep["from_future"][:-1], sweep["passed_on"][1:])
    assert np.array_equal(sweep["before"][:-1], sweep["after"][1:])
    np.testing.assert_allclose(sweep["total"], sweep["ds"] + sweep["from_future"])
    np.testing.assert_allclose(sweep["dz"], sweep["slope"] * sweep["total"])
    np.testing.assert_allclose(sweep["passed_on"], sweep["dz"] @ W, atol=1e-15)
    np.testing.assert_allclose(sweep["added"], sweep["dz"][:, :, None] * s_prev[:, None, :])
    np.testing.assert_allclose(sweep["after"], sweep["before"] + sweep["added"])


def test_it_opens_at_the_last_step_where_the_sweep_starts():
    lab = labs.backward_sweep()
    assert (lab.settings.step, lab.numbers.t) == (1, lab.settings.T - 1)


def test_the_row_of_vectors_reads_as_an_equation():
    operators = [operator for *_, operator in VECTORS.values()]
    assert operators == ["", "+", "=", "×", "=", "@ W  ="]
    x = [place for place, *_ in VECTORS.values()]
    assert min(np.diff(x)) > 150  # a vector and an operator in between


def test_the_loss_may_be_at_the_last_step_only():
    numbers = labs.backward_sweep(loss="last").numbers
    assert not numbers["sweep"]["ds"][:-1].any()
    assert numbers["sweep"]["ds"][-1].any()
    assert numbers["has_loss"].tolist() == [False] * 5 + [True]


def test_the_picture_lights_what_the_sweep_has_passed():
    lab = labs.backward_sweep(T=6, step=0)
    for step in range(7):
        lab.controls["step"].value = step
        picture = drawn(lab)
        assert len(picture.heads.get_xdata()) == step  # one message to the left for each visited step
        assert len(picture.drops.get_xdata()) == step
        assert len(picture.lengths.strings) == step
        assert len(picture.here.get_xdata()) == (step > 0)
    assert (np.diff(picture.heads.get_xdata()) > 0).all()


@pytest.mark.parametrize("H", [2, 3])
def test_the_picture_carries_the_numbers_of_the_step(H):
    lab = labs.backward_sweep(H=H, step=4)
    t, sweep, picture = lab.numbers.t, lab.numbers.sweep, drawn(lab)
    assert t == 2
    names = ("ds", "from_future", "total", "slope", "dz", "passed_on")
    assert picture.entries.strings == [signed(value, 3) for name in names for value in sweep[name][t]]
    cells = [value for name in ("before", "added", "after") for value in sweep[name][t].flat]
    assert picture.cells.strings == [signed(value, 3) for value in cells]
    beside = [*sweep["dz"][t], *lab.numbers.s_prev[t]]
    assert picture.margins.strings == [signed(value, 3) for value in beside]
    assert picture.mesh.get_array().count() == 3 * H * H


def test_no_number_is_wider_than_its_cell():
    lab = labs.backward_sweep(**{name: sweep.ends(control)[-1] for name, control in CONTROLS.items()})
    picture = drawn(lab)
    numbers = [*picture.entries.strings, *picture.cells.strings, *picture.margins.strings]
    assert any("e-1" in text and len(text) == 7 for text in numbers)  # as small as 1e-100 and below
    assert max(map(len, numbers)) <= 8


def test_the_slider_ends_where_the_sequence_does():
    lab = labs.backward_sweep(T=9, step=9)
    assert lab.controls["step"].max == 9
    lab.controls["T"].value = 4
    assert (lab.settings.step, lab.numbers.t) == (4, 0)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({"step": 0}, "at t = 5, where nothing comes from the future"),
        ({"step": 0}, "from a random s₋₁"),
        ({"step": 1}, "1 of 6 copies of W is in dW; those of steps 0 … 4 are still missing"),
        ({"step": 1}, "<b>nothing</b> comes from the future"),
        ({"step": 3}, "3 of 6 copies of W are in dW; those of steps 0 … 2 are still missing"),
        ({"step": 5}, "the copy used at step 0 is still missing"),
        ({"step": 6}, "All 6 copies of W are in after <b>one sweep</b>: dW equals rnn.backward's"),
        ({"step": 3, "loss": "last"}, "<b>all</b> it hears"),
        ({"step": 3, "loss": "last", "radius": 0.0}, "adds <b>nothing</b>"),
    ],
)
def test_it_says_what_is_seen(start, said):
    assert said in labs.backward_sweep(**start).words.value


def test_it_says_who_speaks_louder():
    lab = labs.backward_sweep()
    for seed in range(6):
        lab.controls["seed"].value = seed
        t, sweep = lab.numbers.t, lab.numbers.sweep
        future_is_louder = np.linalg.norm(sweep["from_future"][t]) > np.linalg.norm(sweep["ds"][t])
        assert ("the future speaks louder" in lab.words.value) == future_is_louder
