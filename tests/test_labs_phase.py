"""The lab phase: its course is the plain product, its maps are such courses, names stand in place."""

import itertools
import re

import numpy as np
import pytest
import sweep

from bptt_helpers import labs, landscape, rnn
from bptt_helpers.pictures import phase as pictures
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.phase import LONGEST, NOTHING, REGIONS, PhasePicture, region

SETTINGS = [
    {},
    {"func": "identity", "T": 200, "w": -6.0},
    {"func": "sigmoid", "w": -5.0, "b": 3.0, "s_init": 0.5, "T": 120},
    {"func": "relu", "w": 1.2, "b": 0.5, "T": 130},
    {"func": "relu", "b": -0.5, "T": 7},
    {"w": -3.0, "b": 0.5, "T": 2},
    {"w": 1.0, "s_init": 0.0, "T": 200, "b": 3.0},
]

every_setting = pytest.mark.parametrize("start", SETTINGS, ids=str)


@pytest.fixture(scope="module")
def canvas():
    return Canvas(PhasePicture)


def refined(lab):
    return lab._refined(lab.settings, lab.numbers)


@every_setting
def test_the_course_is_the_plain_product_of_the_factors(start):
    numbers = labs.phase(**start).numbers
    s, product = numbers.s_init, 1.0
    for t in range(min(numbers.T, 30)):
        (s,) = rnn.activate(np.array([numbers.w * s + numbers.b]), start.get("func", "tanh"))
        factor = abs(numbers.w * rnn.slope(np.array([s]), start.get("func", "tanh"))[0])
        product *= factor
        assert numbers.s[t] == s
        assert numbers.factors[t] == pytest.approx(factor, rel=1e-12)
        if product == 0:
            assert numbers.log10_sizes[t] == NOTHING
        else:
            assert numbers.log10_sizes[t] == pytest.approx(np.log10(product), abs=1e-10)
    assert len(numbers.s) == len(numbers.factors) == len(numbers.log10_sizes) == numbers.T
    assert numbers.log10_size == numbers.log10_sizes[-1]


@every_setting
def test_the_marks_cell_in_each_map_is_the_marks_size(start):
    lab = labs.phase(**start)
    numbers = refined(lab)
    (row,), (column,) = (
        np.flatnonzero(cells == value)
        for cells, value in zip(numbers.over_bias_at, (numbers.w, numbers.b), strict=True)
    )
    close = {"rel": 1e-2, "abs": 1e-2}  # the maps are float32
    assert numbers.over_length[row] == pytest.approx(numbers.course, **close)
    assert numbers.over_bias[row, column] == pytest.approx(numbers.log10_size, **close)


@every_setting
def test_the_maps_are_landscapes_sizes(start):
    lab = labs.phase(**start)
    b, T, s_init, func = (lab.settings[name] for name in ("b", "T", "s_init", "func"))
    for numbers in (lab.numbers, refined(lab)):
        weights, biases = (cells.astype(np.float32) for cells in numbers.over_bias_at)
        sizes = landscape.log10_size(weights[:, None], biases, T, s_init, func)
        assert numbers.over_bias.shape == sizes.shape
        assert np.mean(region(numbers.over_bias) == region(sizes)) > 0.999
        finite = np.isfinite(sizes)
        assert (numbers.over_bias[~finite] == NOTHING).all()
        assert sweep.is_finite(numbers)
    weights, steps = numbers.over_length_at
    assert len(lab.numbers.over_length) == len(lab.numbers.over_length_at[0]) < len(weights)
    assert steps[T] == T
    at_T = landscape.log10_size(weights, b, T, s_init, func)
    assert np.mean(region(numbers.over_length[:, T]) == region(at_T)) > 0.98


def test_every_step_of_the_sliders_has_a_cell_at_rest_and_the_box_fits_both_grids():
    lab = labs.phase()
    for numbers in (lab.numbers, refined(lab)):
        halves = (pictures.WEIGHTS, pictures.BIASES)
        for cells, half in zip(numbers.over_bias_at, halves, strict=True):
            assert cells[-1] + (cells[1] - cells[0]) / 2 == pytest.approx(half)
            assert cells[0] == -cells[-1]
            assert 0 in cells
    controls = labs.phase.controls
    for name, cells in zip(("w", "b"), numbers.over_bias_at, strict=True):
        steps = round((controls[name].high - controls[name].low) / controls[name].step)
        values = np.linspace(controls[name].low, controls[name].high, steps + 1).round(9)
        assert np.isin(values, cells).all()


def test_with_identity_the_border_is_one_and_the_wedge_narrows():
    numbers = refined(labs.phase(func="identity"))
    w, alive = numbers.over_length_at[0], region(numbers.over_length) == 1
    for T in (20, 50, 200):
        edge = 10.0 ** (6 / T)  # w to the power of T is a million there
        assert np.array_equal(alive[:, T], (np.abs(w) >= 1 / edge) & (np.abs(w) <= edge))
    assert (np.diff(alive.sum(axis=0)) <= 0).all()
    assert alive[np.abs(w) == 1].all()


def test_long_tanh_explodes_only_while_the_state_stands_on_the_unstable_point():
    for s_init in (-1.0, 0.1, 0.7):
        assert (region(refined(labs.phase(T=200, s_init=s_init)).over_bias) < 2).all()
    numbers = refined(labs.phase(T=200, s_init=0.0))
    w, b = numbers.over_bias_at[0][:, None], numbers.over_bias_at[1]
    assert np.array_equal(region(numbers.over_bias) == 2, (b == 0) & (np.abs(w) >= 10 ** (6 / 200)))


def test_the_alive_ridge_of_tanh_follows_where_the_fixed_points_slope_is_minus_one():
    numbers = refined(labs.phase(T=200))
    weights, biases = numbers.over_bias_at
    for column in range(1, 123, 20):
        rows = np.flatnonzero((region(numbers.over_bias[:, column]) == 1) & (weights < 0))
        (point,) = landscape.fixed_points(weights[rows].mean(), biases[column])
        assert point.slope == pytest.approx(-1, abs=0.1)


def test_sigmoid_below_four_vanishes_everywhere():
    for b in (-1.0, 0.0, 2.0):
        numbers = labs.phase(func="sigmoid", T=200, b=b, s_init=0.5).numbers
        assert (region(numbers.over_length[np.abs(numbers.over_length_at[0]) < 3.5, 200]) == 0).all()
    ridge = labs.phase(func="sigmoid", w=5.0, b=-2.5, s_init=0.5, T=200)
    assert ridge.numbers.region == "exploded"
    assert ridge.numbers.log10_size == pytest.approx(200 * np.log10(1.25))


def test_regions_end_at_a_millionth_and_at_a_million():
    log10_sizes = np.array([NOTHING, -6.01, -6, 0, 6, 6.01, 300])
    assert region(log10_sizes).tolist() == [0, 0, 1, 1, 1, 2, 2]


def luminance(colour):
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_lightness_alone_tells_the_regions_and_their_borders():
    lightness = np.array([luminance(pictures.COLOURS(x)) for x in np.linspace(0, 1, 255)])
    assert (np.diff(lightness) <= 1e-6).all()
    vanished, faintest, strongest, exploded = lightness[[0, 1, -2, -1]] + 0.05
    assert vanished / faintest > 1.25
    assert strongest / exploded > 3


@every_setting
def test_the_picture_carries_the_numbers(canvas, start):
    lab = labs.phase(**start)
    canvas.png(lab.numbers)
    picture, numbers, T = canvas.picture, lab.numbers, lab.numbers.T
    np.testing.assert_array_equal(picture.length.values, numbers.over_length[::-1])
    np.testing.assert_array_equal(picture.bias.values, numbers.over_bias[::-1])
    assert picture.at_length.get_data() == ([T], [numbers.w])
    assert picture.at_bias.get_data() == ([numbers.b], [numbers.w])
    assert picture.row.get_xdata()[-1] == T
    assert float(picture.bias_now.strings[0].replace("−", "-")) == numbers.b
    assert picture.steps_now.strings == [str(T)]
    steps, sizes = picture.course.get_data()
    np.testing.assert_array_equal(steps, np.arange(T + 1))
    np.testing.assert_array_equal(sizes, np.clip([0, *numbers.log10_sizes], -20, 20))
    np.testing.assert_array_equal(picture.ahead.get_data()[1], np.clip(numbers.course[T:], -20, 20))
    end = numbers.log10_size
    assert picture.end.get_marker() == ("^" if end > 10 else "v" if end < -10 else "o")
    written = float(picture.end_size.strings[0])
    assert np.log10(written or 10.0**-400) == pytest.approx(end, abs=0.05) if end > -300 else written == 0
    np.testing.assert_array_equal(picture.states.get_ydata(), np.clip([numbers.s_init, *numbers.s], -9, 9))
    growing = landscape.growing_states(numbers.w, lab.settings.func) or (0, 0)
    corners = picture.growing.get_xy()[:, 1]
    assert (corners.min(), corners.max()) == pytest.approx(np.clip(growing, -1.28, 1.28), abs=2e-3)


@every_setting
def test_each_name_stands_within_its_region_and_off_the_mark(canvas, start):
    numbers = refined(labs.phase(**start))
    canvas.png(numbers)
    picture = canvas.picture
    for names, sizes, mark, half in (  # half: of a name's width
        (picture.length_names, numbers.over_length, (numbers.T / LONGEST, 0.5 + numbers.w / 12.15), 0.06),
        (picture.bias_names, numbers.over_bias, (0.5 + numbers.b / 6.15, 0.5 + numbers.w / 12.15), 0.1),
    ):
        rows, columns = sizes.shape
        for (x, y), name in zip(names.positions, names.strings, strict=True):
            for corner in itertools.product((x - half, x, x + half), (y - 0.03, y, y + 0.03)):
                at = int(corner[1] * rows), int(corner[0] * columns)
                assert REGIONS[region(sizes[at])] == name
            assert abs(x - mark[0]) > half or abs(y - mark[1]) > 0.03
        large = {name for index, name in enumerate(REGIONS) if np.mean(region(sizes) == index) > 0.4}
        assert large <= set(names.strings)


def test_a_name_makes_way_for_the_mark(canvas):
    canvas.png(labs.phase().numbers)
    ((x, y),) = canvas.picture.bias_names.positions  # this map stays when w and b move
    w, b = round(12.15 * (y - 0.5) * 20) / 20, round(6.15 * (x - 0.5) * 20) / 20
    canvas.png(labs.phase(w=w, b=b).numbers)
    ((now_x, now_y),) = canvas.picture.bias_names.positions
    assert abs(now_x - x) > 0.1 or abs(now_y - y) > 0.03


def test_the_map_over_the_bias_can_be_held_back(canvas):
    lab = labs.phase(show="length")
    assert lab.numbers.over_bias is None
    assert refined(lab).over_bias is None
    canvas.png(lab.numbers)
    assert not canvas.picture.bias.axes.get_visible()
    canvas.png(labs.phase().numbers)
    assert canvas.picture.bias.axes.get_visible()


def test_maps_that_do_not_depend_on_the_control_are_not_computed_anew():
    lab = labs.phase()
    before = lab.numbers
    lab.move(w=2.0)
    assert np.shares_memory(lab.numbers.over_length, before.over_length)
    assert np.shares_memory(lab.numbers.over_bias, before.over_bias)
    lab.move(T=60)
    assert np.shares_memory(lab.numbers.over_length, before.over_length)
    lab.move(T=50, b=1.0)
    assert np.shares_memory(lab.numbers.over_bias, before.over_bias)
    assert not np.shares_memory(lab.numbers.over_length, before.over_length)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({}, r"50 steps multiply the gradient by 8\.6e-18: vanished \(below a millionth after 23 steps\)\."),
        ({}, r"stands still at 0\.86, where a step multiplies by 0\.39\.$"),
        (
            {"func": "identity"},
            r"6\.4e\+08: exploded \(above a million after 35 steps\).* runs away",
        ),
        ({"func": "identity", "T": 20}, r"3325\.257: alive \(exploded at T = 35\)"),
        ({"func": "identity", "w": 1.0, "b": 0.0}, r"1\.000: alive \(also at T = 200\)"),
        ({"func": "identity", "w": 6.0, "T": 200}, r"4\.3e\+155: exploded"),
        (
            {"s_init": 0.0},
            r"at 0\.00, where a step multiplies by 1\.50\. That fixed point is unstable",
        ),
        ({"s_init": 0.0, "w": 0.5}, r"multiplies by 0\.50\.$"),
        (
            {"func": "identity", "w": 0.9, "T": 60},
            r"still at 0\.00, where a step multiplies by 0\.90\.$",
        ),
        ({"w": -3.0}, r"jumps between −?0\.99 and −?0\.99; two steps multiply by"),
        ({"w": -1.05}, r"On average a step multiplies by 0\.978\.$"),
        (
            {"w": 0.0},
            r"exactly 0: vanished \(below a millionth after 1 step\)\. With w = 0 no",
        ),
        ({"func": "relu", "b": -0.5}, r"exactly 0: .* At step t = 0 the relu is off"),
        ({"func": "relu", "w": 2.0, "b": -1.5, "s_init": 1.0}, r"At step t = 1 the relu is off"),
        ({"w": -6.0, "T": 2, "b": -3.0}, r"^2 steps multiply"),
    ],
)
def test_it_says_what_is_seen(start, said):
    assert re.search(said, sweep.said(labs.phase(**start)))


@every_setting
def test_the_step_it_names_is_where_the_border_was_crossed(start):
    lab = labs.phase(**start)
    numbers, said = lab.numbers, sweep.said(lab)
    found = re.search(r"after (\d+) steps?\)|at T = (\d+)\)", said)
    regions = region(numbers.course)
    if found[1]:
        since = int(found[1])
        assert (regions[since : numbers.T + 1] == regions[numbers.T]).all()
        assert regions[since - 1] != regions[numbers.T]
    elif "also" not in said:
        until = int(found[2])
        assert (regions[numbers.T : until] == 1).all()
        assert regions[until] != 1
    assert numbers.region == REGIONS[regions[numbers.T]]


def test_larger_weights_are_drawn_above(canvas):
    lab = labs.phase(func="relu", b=1.0, T=120)  # explodes for w > 1, vanishes for w < -1
    pixels = sweep.pixels(canvas.png(lab.numbers))
    for axes in (canvas.picture.length.axes, canvas.picture.bias.axes):
        for w, wanted in ((5.0, pictures.COLOURS(1.0)), (-5.0, pictures.COLOURS(0.0))):
            x, y = axes.transData.transform((0.9 * axes.get_xlim()[1], w))
            colour = pixels[len(pixels) - round(y), round(x)]
            np.testing.assert_allclose(colour, 255 * np.array(wanted[:3]), atol=8)
