"""The lab `epsilon`: its V is that of the packaged network, and its words are true."""

import re
import sys

import numpy as np
import pytest

from bptt_helpers import checks, labs, rnn
from bptt_helpers.labs import epsilon as declaration
from bptt_helpers.labs.controls import Choice
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.epsilon import LOWEST, EpsilonPicture, logarithm

SMALLEST, STEP = -18, 0.25
compute, describe = declaration.compute, declaration.describe
START = {name: control.value for name, control in declaration.controls.items()}


def module():
    """The module behind labs.epsilon: as an attribute of the package the declaration stands before it."""
    return sys.modules["bptt_helpers.labs.epsilon"]


def settings(**changed):
    return START | changed


def double(given):
    """The network in float64, as rnn takes it: params, x, s_init, y."""
    params, x, s_init, y = given
    return rnn.Params(*(p.astype(float) for p in params)), x.astype(float), s_init.astype(float), y


def loss(given, params):
    _, x, s_init, y = double(given)
    return rnn.cross_entropy(rnn.forward(params, x, s_init).q, y).sum()


@pytest.mark.parametrize("name", module().ENTRIES)
@pytest.mark.parametrize("T", [2, 7, 24])
def test_the_batch_of_weights_is_the_packaged_network_at_each_of_them(name, T):
    given = module().network(T, seed=3)
    shifts = np.array([0.0, 0.3, -0.7, 1e-6])
    params = double(given)[0]
    expected = []
    for shift in shifts:
        moved = getattr(params, name).copy()
        moved[module().ENTRIES[name]] += shift
        expected.append(loss(given, params._replace(**{name: moved})))
    np.testing.assert_allclose(module().losses(given, name, shifts), expected, rtol=1e-13)


@pytest.mark.parametrize("name", module().ENTRIES)
@pytest.mark.parametrize("log_epsilon", [-1.0, -2.5, -4.0])
def test_the_curves_are_what_checks_measures(name, log_epsilon):
    numbers = compute(settings(entry=name, log_epsilon=log_epsilon))
    given = module().network(START["T"], START["seed"])
    params, where = double(given)[0], module().ENTRIES[name]
    central = checks.central_differences(lambda p: loss(given, p), params, epsilon=10.0**log_epsilon)
    complex_step = checks.complex_step(lambda p: loss(given, p), params, step=10.0**log_epsilon)
    measured = {way: values[numbers["at"]] for way, values in numbers["measured"].items()}
    assert measured["central"] == pytest.approx(getattr(central, name)[where], rel=1e-8)
    assert measured["complex step"] == pytest.approx(getattr(complex_step, name)[where], rel=1e-12)
    tiny = checks.complex_step(lambda p: loss(given, p), params)
    assert numbers["exact"] == pytest.approx(getattr(tiny, name)[where], rel=1e-12)
    for way, errors in numbers["errors"].items():
        error = abs(measured[way] - numbers["exact"]) / abs(numbers["exact"])
        assert errors[numbers["at"]] == pytest.approx(error, rel=1e-12)


def slope_between(numbers, way, low, high):
    """How many powers of ten the error of a way grows for each power of ten of ε."""
    first, last = (round((x - SMALLEST) / STEP) for x in (low, high))
    errors = np.log10(numbers["errors"][way])
    return (errors[last] - errors[first]) / (high - low)


@pytest.mark.parametrize("seed", range(5))
def test_the_errors_bend_as_theory_says(seed):
    numbers = compute(settings(seed=seed))
    assert slope_between(numbers, "central", -3.5, -2) == pytest.approx(2, abs=0.2)
    assert slope_between(numbers, "one-sided", -4.5, -2.5) == pytest.approx(1, abs=0.2)
    assert slope_between(numbers, "central", -13, -7) == pytest.approx(-1, abs=0.4)
    assert numbers["errors"]["complex step"][: round((-8.5 - SMALLEST) / STEP)].max() < 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_float32_has_half_of_the_digits(seed):
    least = {p: compute(settings(seed=seed, precision=p))["errors"] for p in ("float32", "float64")}
    assert 1e-7 < least["float32"]["central"].min() < 1e-2
    assert 1e-13 < least["float64"]["central"].min() < 1e-8
    assert 1e-9 < np.median(least["float32"]["complex step"][:40]) < 1e-5
    for precision, other in (("float32", "float64"), ("float64", "float32")):
        name, errors = compute(settings(seed=seed, precision=precision))["other"]
        assert name == other
        np.testing.assert_array_equal(errors, least[other]["central"])


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(5))
def test_the_guides_meet_near_the_best_step(seed, precision):
    numbers = compute(settings(seed=seed, precision=precision))
    best, errors = numbers["best"], numbers["errors"]["central"]
    # Single errors can be small by luck, so neighbours vote.
    around = [np.median(errors[best + away - 2 : best + away + 3]) for away in (-8, 0, 3)]
    assert around[1] < around[0] / 5
    assert around[1] < around[2]
    nearby = slice(best - 3, best + 4)
    assert np.all(errors[nearby] < 10 * sum(numbers["guides"].values())[nearby])


def test_below_the_spacing_of_floats_nothing_moves_and_the_answer_is_wrong_by_all_of_it():
    numbers = compute(settings(log_epsilon=-18.0))
    assert numbers["nothing_moves"]
    assert numbers["errors"]["central"][0] == 1
    np.testing.assert_array_equal(numbers["loss_change"], 0)
    assert not compute(settings(log_epsilon=-13.0))["nothing_moves"]


def test_the_microscope_shows_the_two_points_of_the_central_difference():
    for log_epsilon in (-1.0, -5.0, -13.0):
        numbers = compute(settings(log_epsilon=log_epsilon))
        low, high = (numbers["loss_change"][np.searchsorted(numbers["window"], end)] for end in (-1, 1))
        measured = (high - low) / 2 * abs(numbers["exact"])
        assert measured == pytest.approx(numbers["measured"]["central"][numbers["at"]], rel=1e-6)


@pytest.mark.parametrize(("error", "expected"), [(0, 16), (3e-17, 16), (2e-9, 8), (0.5, 0), (1, 0), (40, 0)])
def test_digits(error, expected):
    assert module().digits(error) == expected


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"log_epsilon": -18.0}, "so nothing moves"),
        ({"log_epsilon": -11.0}, "too small a step"),
        ({"log_epsilon": -4.5}, "about the best"),
        ({"log_epsilon": -1.0}, "too large a step"),
        ({"log_epsilon": -2.0, "precision": "float32"}, "about the best"),
        ({"log_epsilon": -9.0, "precision": "float32"}, "so nothing moves"),
    ],
)
def test_the_words_say_why(changed, said):
    now = settings(**changed)
    numbers = compute(now)
    words = describe(now, numbers)
    assert said in words
    error = numbers["errors"]["central"][numbers["at"]]
    count = int(re.search(r"<b>(\d+|no) digits?</b>", words)[1].replace("no", "0"))
    assert 10.0**-count >= error or count == 0
    assert error > 10.0 ** -(count + 1)


def test_the_picture_carries_the_numbers():
    canvas = Canvas(EpsilonPicture)
    for changed in ({}, {"precision": "float32", "log_epsilon": -3.0, "seed": 4}):
        numbers = compute(settings(**changed))
        canvas.png(numbers)
        picture = canvas.picture
        for way, errors in numbers["errors"].items():
            x, y = picture.curves[way].get_data()
            np.testing.assert_array_equal(x, numbers["log_epsilons"])
            np.testing.assert_allclose(10.0**y, np.maximum(errors, 10.0**LOWEST))
            (dot_x,), (dot_y,) = picture.dots[way].get_data()
            assert dot_x == START["log_epsilon"] if not changed else dot_x == -3.0
            assert dot_y == logarithm(errors)[numbers["at"]]
        np.testing.assert_allclose(picture.other.get_ydata(), logarithm(numbers["other"][1]))
        np.testing.assert_allclose(picture.loss.get_ydata(), np.clip(numbers["loss_change"], -50, 50))
        slope = np.diff(picture.chord.get_ydata())[0] / 4 * abs(numbers["exact"])
        assert slope == pytest.approx(numbers["measured"]["central"][numbers["at"]], rel=1e-5)
        assert picture.names.strings == [
            "complex step",
            f"{numbers['precision']}; grey: {numbers['other'][0]}",
        ]


def test_at_first_the_complex_step_can_be_left_out():  # notebook 05 lets the learner predict it
    canvas, now = Canvas(EpsilonPicture), settings(show="differences", log_epsilon=-1.0)
    numbers = compute(now)
    canvas.png(compute(START))
    canvas.png(numbers)
    picture = canvas.picture
    assert numbers["shown"] == ("one-sided", "central")
    drawn = {way for way, curve in picture.curves.items() if np.isfinite(curve.get_ydata()).any()}
    dots = {way for way, dot in picture.dots.items() if np.isfinite(dot.get_ydata()).any()}
    assert drawn == dots == {"one-sided", "central"}
    assert len(picture.other.get_xdata()) == 0
    assert picture.names.strings == ["float64"]
    assert "complex" not in describe(now, numbers)
    assert "complex step: 1 digit." in describe(START, compute(settings(log_epsilon=-1.0)))


def test_the_words_say_what_can_be_seen_under_the_microscope():
    for log_epsilon, seen in ((-1.0, True), (-1.5, True), (-2.0, False), (-3.0, False)):
        numbers = compute(settings(log_epsilon=log_epsilon))
        line = np.sign(numbers["exact"]) * numbers["window"]
        assert (np.abs(numbers["loss_change"] - line).max() > 0.05) == seen
        assert ("too little to be seen" not in describe(START, numbers)) == seen
    for log_epsilon, seen in (
        (-8.0, False),
        (-11.0, False),
        (-13.0, True),
        (-16.0, True),
    ):  # as notebook 05 says
        assert ("has come apart" in describe(START, compute(settings(log_epsilon=log_epsilon)))) == seen


def test_the_lab_moves():
    lab = labs.epsilon(log_epsilon=-4.0)
    before = lab.image.value
    for name, control in declaration.controls.items():
        ends = control.spread() if isinstance(control, Choice) else (control.low, control.high)
        for value in ends:
            lab.move(**{name: value})
            assert lab.error is None
    assert lab.image.value != before
