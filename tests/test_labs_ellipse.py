"""The lab ellipse: its product is the derivative, its axes are the singular values, its traps are traps."""

import functools
import json
import re
from pathlib import Path

import numpy as np
import pytest
import sweep

from bptt_helpers import labs, rnn
from bptt_helpers.labs.ellipse import PRESETS, SETTINGS, radii
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.ellipse import CIRCLE, EDGE, FIT, NOTHING, REACH, SMALL, T, entry

CLOSED_FORMS = json.loads((Path(__file__).parent / "oracles" / "closed_forms.json").read_text())["expected"]
TRAP_2 = CLOSED_FORMS["explodes though spectral radius is 0"]

WILD = [
    {},
    {"step": 0},
    {"preset": "trap_2", "step": 5},
    {"func": "sigmoid", "w_00": 4.0, "w_11": -4.0, "k_1": 1.5, "step": 24},
    {"func": "relu", "w_00": 1.5, "w_01": 0.5, "w_10": 0.8, "k_0": 0.4, "k_1": 0.2, "step": 11},
    {"func": "relu", "w_00": -1.0, "w_11": -2.0, "step": 4},
    {"func": "identity", "w_00": 4.0, "w_01": -4.0, "w_10": 4.0, "w_11": 3.9, "step": 24},
    {"w_00": 0.0, "w_01": 0.0, "w_10": 0.0, "w_11": 0.0, "step": 3},
    {"w_00": 4.0, "w_01": 4.0, "w_10": -4.0, "w_11": 4.0, "k_0": 4.0, "k_1": -4.0, "step": 24},
    *({"preset": preset, "step": step} for preset in PRESETS for step in (1, 24)),
]
wild = pytest.mark.parametrize("start", WILD, ids=str)


@functools.cache
def canvas():
    return Canvas(labs.ellipse.picture)


def drawn(lab):
    """The picture, moved to the lab's numbers: always the same one."""
    canvas().png(lab.numbers)
    return canvas().picture


def lab_at(start):
    """A lab that is not moved, so one for all tests."""
    return _lab_at(tuple(start.items()))


@functools.cache
def _lab_at(pairs):
    return labs.ellipse(**dict(pairs))


# The numbers


@wild
def test_the_product_is_the_derivative_of_the_state(start):
    """By the complex step, which knows nothing of Jacobians."""
    lab = lab_at(start)
    params, trace, n = lab.numbers.params, lab.numbers.trace, lab.numbers.step
    if n == 0:
        np.testing.assert_array_equal(lab.numbers.product, np.eye(2))
        return
    tiny = 1e-40  # relu is judged by the real part; at 0 exactly it has no derivative
    columns = [
        rnn.forward(params, np.zeros((n, 1)), s_init=trace.s_init + tiny * 1j * np.eye(2)[i], func=trace.func)
        .s[-1]
        .imag
        / tiny
        for i in (0, 1)
    ]
    expected = np.array(columns).T
    np.testing.assert_allclose(lab.numbers.product, expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())


@wild
def test_the_axes_are_the_singular_values_of_every_product(start):
    numbers = lab_at(start).numbers
    product = np.eye(2)
    for n in range(T + 1):
        largest, smallest = np.linalg.svd(product, compute_uv=False)
        if largest > 1e-250:
            assert 10 ** numbers.log10_axes[n, 0] == pytest.approx(largest, rel=1e-9)
        if smallest > 1e-6 * largest:
            assert 10 ** numbers.log10_axes[n, 1] == pytest.approx(smallest, rel=1e-6)
        if largest == 0:
            assert (numbers.log10_axes[n] == NOTHING).all()
        if n < T:
            slopes = rnn.slope(numbers.trace.s[n], numbers.trace.func)
            product = np.diag(slopes) @ numbers.params.W @ product
    n = numbers.step
    np.testing.assert_allclose(numbers.singular_values, 10 ** numbers.log10_axes[n])
    assert numbers.log10_axes[0].tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(5))
def test_no_product_is_longer_than_the_bound_and_a_linear_one_is_at_least_as_long_as_its_eigenvalue(seed):
    rng = np.random.default_rng(seed)
    start = {name: round(float(rng.uniform(-1, 1)), 3) for name in SETTINGS[:-1]}
    start["w_00"], start["w_01"] = 2 * start["w_00"], 3 * start["w_01"]
    steps = np.arange(T + 1)
    for func in rnn.FUNCTIONS:
        numbers = labs.ellipse(func=func, **start).numbers
        longest, bounds = numbers.log10_axes[:, 0], numbers.bounds
        assert (longest <= steps * np.log10(bounds.per_step) + 1e-9).all()
        is_left = longest[:-1] > NOTHING
        factors = 10 ** np.diff(longest)[is_left]
        assert (factors <= numbers.jacobian_singular_values[is_left, 0] + 1e-9).all()
        if func == "identity":
            assert (longest >= steps * np.log10(bounds.spectral_radius) - 1e-9).all()


def test_a_flat_ellipse_stays_flat():
    """[[0.1, 0.2], [0.3, 0.6]] has the determinant 0, in floats 7e-18: that is rounding, not a short axis."""
    numbers = labs.ellipse(func="identity", w_00=0.1, w_01=0.2, w_10=0.3, w_11=0.6).numbers
    assert (numbers.log10_axes[1:, 1] == NOTHING).all()
    assert (numbers.log10_axes[:, 0] > NOTHING).all()


def test_an_eigenvalue_that_is_0_is_not_its_rounding():
    assert radii(np.array([[3.3, -3.3], [3.3, -3.3]])) == 0
    assert radii(np.array([[[0.0, 1.0], [1e-8, 0.0]], [[0.5, 4.0], [0.0, -0.5]]])) == pytest.approx(
        [1e-4, 0.5]
    )


def test_play_computes_nothing_anew():
    lab = labs.ellipse(step=3)
    before = lab.numbers
    lab.move(step=4)
    assert np.shares_memory(lab.numbers.jacobians, before.jacobians)
    assert not np.array_equal(lab.numbers.product, before.product)


# What a learner is to find


def test_trap_1_has_a_singular_value_of_1_33_grows_first_and_vanishes():
    numbers = labs.ellipse(preset="trap_1").numbers
    W, longest = numbers.params.W, numbers.log10_axes[:, 0]
    assert f"{np.linalg.norm(W, 2):.2f}" == "1.33"
    assert numbers.bounds.spectral_radius == pytest.approx(0.6)
    np.testing.assert_array_equal(numbers.jacobians, np.broadcast_to(W, (T, 2, 2)))
    assert longest[1:4].min() > 0
    assert longest[4:].max() < 0
    assert longest[-1] < -3.5


def test_trap_2_has_a_spectral_radius_of_0_and_explodes():
    numbers = labs.ellipse(preset="trap_2").numbers
    assert numbers.params.W.tolist() == TRAP_2["W"]
    assert numbers.bounds.spectral_radius == 0
    fixed = np.array(TRAP_2["fixed point s*"])
    np.testing.assert_allclose(numbers.trace.s, np.tile(fixed, (T, 1)), atol=1e-4)  # unstable, yet it holds
    expected = TRAP_2["spectral radius of diag(1 - s*^2) W"]
    np.testing.assert_allclose(numbers.jacobian_radii, expected, rtol=1e-4)
    np.testing.assert_allclose(np.diff(numbers.log10_axes[1:, 0]), np.log10(expected), atol=1e-4)
    assert numbers.log10_axes[-1, 0] > 4.5


def test_trap_3_has_a_spectral_radius_above_1_and_vanishes():
    numbers = labs.ellipse(preset="trap_3").numbers
    assert numbers.bounds.spectral_radius == pytest.approx(np.sqrt(5))
    assert numbers.log10_axes[-1, 0] < -15
    assert np.abs(numbers.trace.s[-1]).min() > 0.9


def test_a_rotation_keeps_the_circle():
    numbers = labs.ellipse(preset="rotation").numbers
    np.testing.assert_allclose(numbers.log10_axes, 0, atol=1e-12)


def test_a_preset_gives_its_values_and_goes_when_they_are_moved():
    lab = labs.ellipse(preset="trap_2")
    assert {name: lab.settings[name] for name in SETTINGS} == PRESETS["trap_2"]
    assert lab.call == "labs.ellipse(preset='trap_2')"
    lab.controls["step"].value = 9
    assert lab.settings.preset == "trap_2"
    lab.controls["w_00"].value = 2.9
    assert lab.settings.preset == "own"
    lab.controls["preset"].value = "rotation"
    assert {name: lab.settings[name] for name in SETTINGS} == PRESETS["rotation"]


# The sentence

STILL = {"w_00": 1.0, "w_01": 0.0, "w_10": 0.0, "w_11": 1.0}


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({"step": 0}, r"^A circle of small nudges"),
        ({}, r"After 4 steps .* 0\.653 times as long: it has shrunk, as ρ\(W\) = 0\.88 says, although"),
        (
            {},
            r"although σmax\(W\) = 1\.04 would let it grow\. Jt is not W, and changes .* product decides\.$",
        ),
        ({"preset": "trap_1", "step": 1}, r"After 1 step .* its σmax\(J0\) = 1\.33\.$"),
        (
            {"preset": "trap_1", "step": 3},
            r"1\.184 times .* it has grown although ρ\(W\) = 0\.60 says it shrinks",
        ),
        ({"preset": "trap_1", "step": 3}, r"shrinks; σmax\(W\) = 1\.33 allows it\. Jt = W at every step"),
        ({"preset": "trap_1", "step": 24}, r"2\.0e-04 .* although σmax\(W\) = 1\.33 would let it grow"),
        ({"preset": "trap_2", "step": 24}, r"5\.3e\+04 times as long: it has grown although ρ\(W\) = 0 says"),
        ({"preset": "trap_2", "step": 24}, r"the same at every step: its own ρ = 1\.50 decides"),
        ({"preset": "trap_3", "step": 9}, r"it has shrunk although ρ\(W\) = 2\.24 says it grows"),
        (
            {"preset": "rotation", "step": 9},
            r"as long as it was: ρ\(W\) = 1 and σmax\(W\) = 1 both say so\.$",
        ),
        (
            {"preset": "rotation", "func": "tanh"},
            r"it has shrunk although ρ\(W\) = 1\.00 says it keeps its size",
        ),
        ({"func": "sigmoid"}, r"it has shrunk, as 0\.25 · σmax\(W\) = 0\.26 says it must at every step"),
        (
            {"func": "identity", "w_00": 1.4},
            r"it has grown, as ρ\(W\) = 1\.12 says and σmax\(W\) = 1\.57 allows",
        ),
        ({"func": "relu", "w_00": -1.0, "w_11": -2.0}, r"nothing is left of any nudge"),
        ({"func": "identity"} | STILL, r"is as long as it was: ρ\(W\) = 1 and"),
        (
            {"func": "identity"} | STILL | {"w_01": 0.4},
            r"it has grown although ρ\(W\) = 1\.00 says it keeps its size",
        ),
        ({"func": "tanh"} | STILL, r"it has shrunk although ρ\(W\) = 1\.00 says it keeps its size"),
    ],
)
def test_it_says_what_is_seen(start, said):
    text = sweep.said(labs.ellipse(**start))
    assert re.search(said, text), text


# The picture


@wild
def test_the_ellipse_is_the_circle_times_the_product_and_fits(start):
    lab = lab_at(start)
    numbers, picture = lab.numbers, drawn(lab)
    zoom = min(1, FIT / max(numbers.singular_values[0], 1e-300))
    np.testing.assert_allclose(np.array(picture.start.get_data()), zoom * CIRCLE, rtol=1e-9)
    corners = picture.ellipse.get_xy()[: CIRCLE.shape[1]].T
    np.testing.assert_allclose(corners, zoom * numbers.product @ CIRCLE, rtol=1e-6, atol=1e-9)
    assert np.abs(corners).max() < EDGE
    for column in (0, 1):
        shown = np.ravel(picture.nudges[column].get_data())
        np.testing.assert_allclose(shown, zoom * numbers.product[:, column], rtol=1e-6, atol=1e-9)
    for line, length in zip((picture.long, picture.short), numbers.singular_values, strict=True):
        (x0, x1), (y0, y1) = line.get_data()
        assert np.hypot(x1 - x0, y1 - y0) == pytest.approx(2 * zoom * length, rel=1e-6, abs=1e-9)


@wild
def test_the_trails_start_at_the_unit_nudges_and_end_at_the_columns(start):
    lab = lab_at(start)
    n, picture = lab.numbers.step, drawn(lab)
    x, y = picture.trails.get_data()
    assert len(x) == 2 * (n + 1) + 1
    for column, at in ((0, 0), (1, n + 2)):
        unit = np.ravel(picture.unit_nudges[column].get_data())
        np.testing.assert_allclose([x[at], y[at]], unit)
        np.testing.assert_allclose(
            [x[at + n], y[at + n]], np.ravel(picture.nudges[column].get_data()), atol=1e-12
        )


@wild
def test_what_is_too_small_is_under_a_lens_and_what_is_too_long_says_so(start):
    lab = lab_at(start)
    numbers, picture = lab.numbers, drawn(lab)
    longest = numbers.log10_axes[numbers.step, 0]
    assert picture.lens.get_visible() == (NOTHING < longest < np.log10(SMALL))
    number, words = picture.scale.strings
    if picture.lens.get_visible():
        lens = picture.magnified.get_xy()
        size = np.ptp(lens, axis=0).max() / 2
        assert 0.2 < size < 0.4
        true = np.log10(np.linalg.norm(lens - lens[:-1].mean(axis=0), axis=1).max())
        assert np.log10(float(number[1:])) == pytest.approx(true - longest, abs=0.04)
        assert words == "lens"
    elif longest == NOTHING:
        assert (number, words) == ("", "nothing is left")
    elif longest > np.log10(FIT):
        assert np.log10(float(number[1:])) == pytest.approx(longest - np.log10(FIT), abs=0.03)
        assert words == "drawn smaller by"
    else:
        assert (number, words) == ("", "")


@wild
def test_the_curves_carry_the_numbers(start):
    lab = lab_at(start)
    numbers, picture = lab.numbers, drawn(lab)
    n, logs = numbers.step, numbers.log10_axes
    for column, line in enumerate(picture.lengths):
        x, y = line.get_data()
        assert x.tolist() == list(range(n + 1))
        inside = np.abs(logs[: n + 1, column]) <= REACH
        np.testing.assert_array_equal(y[inside], logs[: n + 1, column][inside])
        assert (np.abs(y[~inside]) > REACH).all()
        here = picture.at_step[column]
        marker = "o" if abs(logs[n, column]) <= REACH else "v" if logs[n, column] < 0 else "^"
        assert (here.get_xdata()[0], here.get_marker()) == (n, marker)
        assert abs(here.get_ydata()[0]) <= REACH
    for line, rate in ((picture.radius, numbers.bounds.spectral_radius),
                       (picture.promised, numbers.bounds.per_step)):  # fmt: skip
        expected = T * np.log10(rate) if rate > 0 else -99
        assert line.get_ydata()[-1] == pytest.approx(max(expected, -99), abs=1e-9)
    most = picture.at_most.get_ydata()
    np.testing.assert_allclose(10**most, np.clip(numbers.jacobian_singular_values[:, 0], 0.1, 10))
    assert len(picture.in_fact.get_xdata()) == n


@wild
def test_the_table_has_the_matrices_their_radii_and_largest_singular_values(start):
    lab = lab_at(start)
    numbers, picture = lab.numbers, drawn(lab)
    n = numbers.step
    matrices = [numbers.params.W, *numbers.jacobians[max(n - 1, 0) : n], numbers.product]
    written = [float(text.replace("−", "-")) for text in picture.entries.strings]
    assert written == pytest.approx(np.ravel(matrices), rel=0.5, abs=0.006)
    sizes = [float(text) for text in picture.sizes.strings]
    norms = [np.linalg.norm(matrix, 2) for matrix in matrices]
    assert sizes[len(matrices) :] == pytest.approx(norms, rel=0.5, abs=0.006)
    assert sizes[: len(matrices)] == pytest.approx(radii(np.array(matrices)), rel=0.5, abs=0.006)
    assert picture.time.strings[1] == (str(n - 1) if n else "")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.6, "0.60"), (-1.06, "−1.06"), (0.0463, "0.046"), (-3.4e-7, "−3e-7"), (53_000.0, "5e4"), (0.0, "0"),
     (1e-200, "0"), (99.99, "99.99"), (99.996, "1e2"), (0.00949, "9e-3")],
)  # fmt: skip
def test_an_entry_has_at_most_six_characters(value, text):
    assert entry(value) == text
    assert len(text) <= 6


def test_the_last_three_ellipses_are_still_seen():
    lab = labs.ellipse(step=5)
    x, y = drawn(lab).ghosts.get_data()
    parts = np.array([x, y])[:, 1:].reshape(2, 3, -1)[:, :, :-1]  # (2, 3, points), without the gaps
    product = np.eye(2)
    for t in range(5):
        if t >= 2:
            np.testing.assert_allclose(parts[:, t - 2], product @ CIRCLE, atol=1e-12)
        product = lab.numbers.jacobians[t] @ product
    assert np.isnan(drawn(labs.ellipse(step=0)).ghosts.get_data()).all()


def test_nothing_is_not_stretched():
    picture = drawn(labs.ellipse(func="relu", w_00=-1.0, w_11=-2.0, step=6))
    assert np.isnan(picture.in_fact.get_ydata()).tolist() == [False, False, True, True, True, True]


def test_more_and_more_is_shown_and_axes_never_change_their_range():
    for show, visible in (
        ("ellipse", [True, True, False, False]),
        ("lengths", [True, True, True, False]),
        ("all", [True, True, True, True]),
    ):
        ranges = set()
        for start in ({}, {"preset": "trap_2", "step": 24}, {"preset": "trap_3", "step": 9}):
            picture = drawn(labs.ellipse(show=show, **start))
            panels = [
                artist.axes for artist in (picture.start, picture.sizes, picture.radius, picture.at_most)
            ]
            ranges.add(tuple((*axes.get_xlim(), *axes.get_ylim()) for axes in panels))
        assert len(ranges) == 1
        assert [axes.get_visible() for axes in panels] == visible


@pytest.mark.parametrize("show", ["ellipse", "lengths", "all"])
def test_a_circle_is_drawn_as_a_circle(show):
    axes = drawn(labs.ellipse(show=show)).start.axes
    box, width, height = axes.get_window_extent(), np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
    assert box.width / width == pytest.approx(box.height / height, rel=1e-3)


def test_a_sigmoid_says_its_bound_by_its_name():
    assert drawn(labs.ellipse()).promise_name.strings == ["$\\sigma_{max}(W)^n$"]
    assert drawn(labs.ellipse(func="sigmoid")).promise_name.strings == ["$(0.25\\,\\sigma_{max}(W))^n$"]


def test_a_value_between_two_steps_survives_the_browser():
    """A slider in the browser goes to the nearest step and says so: that is no move of a hand."""
    lab = labs.ellipse(preset="trap_2")
    for name in SETTINGS[:-1]:
        slider = lab.controls[name]
        slider.set_state({"value": round(slider.value / 0.05) * 0.05})
    assert lab.call == "labs.ellipse(preset='trap_2')"
    lab.controls["k_1"].set_state({"value": 3.05})
    assert (lab.settings.k_1, lab.settings.preset) == (3.05, "own")
    lab.controls["k_1"].set_state({"value": 3.0})
    assert lab.settings.k_1 == 3.0
