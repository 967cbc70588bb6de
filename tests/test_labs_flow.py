"""The lab flow: sizes, spectra and slopes against plain matrix products, and what a learner is to find."""

import functools
import re

import numpy as np
import pytest
import sweep

from bptt_helpers import flow, labs, rnn
from bptt_helpers.labs.flow import inputs, network
from bptt_helpers.pictures.canvas import new_figure
from bptt_helpers.pictures.flow import LAGS, NOTHING, REACH, TICKS, FlowPicture

# Sizes at which plain products neither overflow nor lose their directions.
MODERATE = [
    {"T": 12},
    {"T": 2, "func": "sigmoid"},
    {"T": 15, "func": "relu", "radius": 1.4, "H": 5, "bias": 0.5},
    {"T": 9, "func": "identity", "radius": 2.0, "scheme": "orthogonal", "H": 3, "seed": 4},
    {"T": 20, "H": 1, "scheme": "identity", "input_scale": 0.3},
]
# Anything, and much of it far beyond floats.
WILD = [
    {},
    {"radius": 0.1, "T": 200, "func": "sigmoid", "input_scale": 3.0, "bias": -2.0},
    {"radius": 2.5, "T": 200, "func": "identity", "H": 64, "input_scale": 3.0},
    {"radius": 2.5, "T": 200, "func": "relu", "bias": 2.0},
    {"radius": 2.5, "T": 200, "func": "tanh", "input_scale": 3.0, "bias": 2.0, "scheme": "identity"},
    {"radius": 1.3, "T": 77, "scheme": "orthogonal", "H": 33, "seed": 9},
    {"func": "relu", "input_scale": 0.0},
]

moderate = pytest.mark.parametrize("start", MODERATE, ids=str)
wild = pytest.mark.parametrize("start", WILD, ids=str)


@functools.cache
def picture_of_flow():
    return new_figure(FlowPicture, dpi=100)[1]


def drawn(lab):
    """The picture, the same for all labs, moved to the lab's numbers."""
    picture = picture_of_flow()
    picture.update(lab.numbers)
    return picture


# The numbers


@moderate
def test_the_sizes_are_those_of_the_error_sent_back_in_plain_steps(start):
    numbers = labs.flow(**start).numbers
    T = len(numbers.relative)
    only_the_last = np.full(T, -1)
    only_the_last[-1] = numbers.y
    reaching = flow.error_reaching(numbers.params, numbers.trace, only_the_last)[-1]  # (T, H)
    np.testing.assert_allclose(reaching[-1], numbers.error, rtol=1e-12)
    sizes = np.linalg.norm(reaching, axis=-1)
    np.testing.assert_allclose(10**numbers.log10_sizes, sizes, rtol=1e-9)
    np.testing.assert_allclose(10**numbers.relative, sizes / sizes[-1], rtol=1e-9)
    assert numbers.factor_per_step == pytest.approx((sizes[0] / sizes[-1]) ** (1 / (T - 1)))


@moderate
def test_a_jacobian_is_what_a_small_change_of_the_state_makes_of_the_next(start):
    """By the complex step: no derivative of ours is in it."""
    numbers = labs.flow(**start).numbers
    U, W, _, k, _ = numbers.params
    trace, H, t = numbers.trace, len(numbers.params.k), len(numbers.relative) - 1
    z = (U @ trace.x[t] + k)[:, None] + W @ (trace.s_prev[t][:, None] + 1e-30j * np.eye(H))
    expected = rnn.activate(z, trace.func).imag / 1e-30
    np.testing.assert_allclose(numbers.jacobians[t], expected, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(numbers.slopes[t][:, None] * W, expected, rtol=1e-9, atol=1e-14)


@moderate
def test_the_spectra_are_those_of_the_plain_products(start):
    numbers = labs.flow(**start).numbers
    influence = flow.influence(numbers.params, numbers.trace)  # (T, T, H, H)
    last = len(influence) - 1
    for lag, logs in zip(numbers.lags, numbers.spectra, strict=True):
        values = np.linalg.svd(influence[last, last - lag], compute_uv=False)
        known = values > 1e-9 * values[0]  # below, two right ways of computing them differ
        np.testing.assert_allclose(10 ** logs[known], values[known], rtol=1e-5)
        assert (logs[~known] < logs[0] - 8).all()


@wild
def test_the_error_is_no_longer_than_the_longest_direction_and_that_no_longer_than_the_bound(start):
    numbers = labs.flow(**start).numbers
    lags, largest = numbers.lags, numbers.spectra[:, 0]
    at_lags = numbers.relative[::-1][lags]
    bound = np.log10(numbers.bounds.per_step)
    assert (at_lags <= largest + 1e-6).all()
    assert (largest <= lags * bound + 1e-6).all()
    back = np.arange(len(numbers.relative))
    assert (numbers.relative[::-1] <= back * bound + 1e-6).all()


@wild
def test_there_is_always_an_error_and_every_number_is_finite(start):
    numbers = labs.flow(**start).numbers
    assert np.linalg.norm(numbers.error) > 1e-3
    assert numbers.relative[-1] == 0
    assert sweep.is_finite(dict(numbers))
    assert len(numbers.log10_sizes) == len(numbers.trace.s)


@pytest.mark.parametrize("scheme", ["uniform", "orthogonal", "identity"])
@pytest.mark.parametrize("func", rnn.FUNCTIONS)
def test_the_network_is_that_of_init_params_and_its_bounds_are_those_of_flow(scheme, func):
    params, bounds = network(1.7, 12, scheme, 0.3, 5, func)
    expected = rnn.init_params(3, 12, 3, rng=np.random.default_rng(5), scheme=scheme, spectral_radius=1.7)
    np.testing.assert_allclose(params.W, expected.W, rtol=1e-12)
    np.testing.assert_array_equal(params.V, expected.V)
    np.testing.assert_array_equal(params.k, np.full(12, 0.3))
    assert tuple(bounds) == pytest.approx(tuple(flow.bounds(params.W, func)), rel=1e-9)


def test_a_longer_sequence_has_more_of_the_past_and_the_same_end():
    short, long = inputs(5, 2.0, seed=3), inputs(200, 2.0, seed=3)
    np.testing.assert_array_equal(long[-5:], short)
    np.testing.assert_array_equal(inputs(5, 1.0, seed=3) * 2, short)
    assert abs(long.std() / 2 - 1) < 0.1
    assert not np.array_equal(inputs(5, 2.0, seed=4), short)


def test_exactly_a_millionth_counts():
    linear = {"H": 1, "func": "identity", "scheme": "identity", "T": 40}
    assert labs.flow(radius=0.1, **linear).numbers.steps_to_a_millionth == 6


def test_when_a_millionth_or_a_million_is_passed():
    numbers = labs.flow(radius=0.7).numbers
    back = numbers.relative[::-1]
    n = numbers.steps_to_a_millionth
    assert back[n] < -6 <= back[:n].min()
    assert numbers.steps_to_a_million is None
    numbers = labs.flow(radius=2.0, func="identity").numbers
    back = numbers.relative[::-1]
    n = numbers.steps_to_a_million
    assert back[n] > 6 >= back[:n].max()
    assert numbers.steps_to_a_millionth is None


def test_the_products_end_at_step_0_or_where_the_frame_does():
    assert labs.flow(T=2).numbers.lags.tolist() == [1]
    assert labs.flow(T=21).numbers.lags.tolist() == [1, 2, 5, 10, 20]
    assert labs.flow(T=40, H=64).numbers.lags.tolist() == [1, 2, 5, 10, 20, 39]
    assert labs.flow(T=200).numbers.lags.tolist() == [*LAGS, 199]
    assert labs.flow(T=200, H=64).numbers.lags.tolist() == list(LAGS)


# What a learner is to find


@pytest.mark.parametrize("H", [1, 8, 40])
def test_an_orthogonal_linear_network_keeps_every_error_as_it_is(H):
    numbers = labs.flow(radius=1.0, scheme="orthogonal", func="identity", H=H, T=150).numbers
    np.testing.assert_allclose(numbers.relative, 0, atol=1e-10)
    np.testing.assert_allclose(numbers.spectra, 0, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_network_fades_or_grows_at_its_spectral_radius_in_the_end(seed):
    for radius in (0.9, 1.2):
        numbers = labs.flow(radius=radius, func="identity", T=200, seed=seed).numbers
        assert numbers.factor_per_step == pytest.approx(radius, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_saturation_makes_it_fade_although_the_spectral_radius_is_above_1(seed):
    numbers = labs.flow(radius=1.2, seed=seed).numbers
    assert numbers.relative[0] < -1
    assert numbers.bounds.may_explode
    without_inputs = labs.flow(radius=1.2, seed=seed, input_scale=0.0, T=200).numbers
    assert (without_inputs.slopes == 1).all()
    assert without_inputs.factor_per_step == pytest.approx(1.2, rel=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_a_sigmoid_has_to_fade_up_to_a_singular_value_of_4(seed):
    numbers = labs.flow(radius=2.5, scheme="orthogonal", func="sigmoid", seed=seed).numbers
    assert numbers.bounds.largest_singular_value == pytest.approx(2.5)
    assert numbers.bounds.must_vanish
    assert numbers.relative[0] < -8


@pytest.mark.parametrize("seed", range(5))
def test_about_half_the_units_of_a_relu_are_shut(seed):
    numbers = labs.flow(func="relu", H=64, T=100, seed=seed).numbers
    assert set(np.unique(numbers.slopes)) == {0, 1}
    assert 0.4 < numbers.slopes.mean() < 0.6


def test_one_direction_outlives_the_rest():
    spectra = labs.flow().numbers.spectra
    spread = spectra[:, 0] - spectra[:, 1]
    assert spread[0] < 0.2
    assert spread[-1] > 1.5


# The sentence


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({}, r"from step 39 reaches step 0 at 1\.0e-07 times its size: vanished\."),
        ({}, r"makes it 0\.662 times as long on average; after 33 steps a millionth is left\."),
        ({}, r"The bound γσ = 1\.41 > 1 had promised nothing; f′ is 0\.68 on average\.$"),
        ({"radius": 1.2}, r"fading\..* at this rate a millionth is left after \d\d steps\."),
        ({"radius": 1.2}, r"ρ = 1\.20 > 1 and yet it shrinks: f′ is 0\.62 on average\.$"),
        ({"radius": 0.5}, r"The bound γσ = 0\.78 < 1: it has to vanish in the end\.$"),
        ({"radius": 2.0, "func": "identity"}, r"exploded\..* \d\d steps it is a million .* > 1 allowed"),
        ({"radius": 1.1, "func": "identity"}, r"growing\..* rate it is a million times .* \d+ steps\."),
        ({"radius": 1.0, "func": "identity", "scheme": "identity"},
         r"0 exactly as long as it was\. .* all of it\. .*γσ = 1: it cannot get longer\.$"),
        ({"radius": 1.0, "scheme": "orthogonal"}, r"get longer, and f′ is 0\.\d\d on average\.$"),
        ({"func": "relu", "input_scale": 0.0}, r"ends after 1 step back: it meets only shut .* Nothing"),
        ({"radius": 1.0, "func": "identity", "T": 2}, r"about as long as it was\."),
    ],
)  # fmt: skip
def test_it_says_what_is_seen(start, said):
    assert re.search(said, sweep.said(labs.flow(**start)))


def test_sizes_beyond_floats_are_written_all_the_same():
    start = {"radius": 0.1, "T": 200, "func": "sigmoid", "input_scale": 3.0, "bias": -2.0}
    lab = labs.flow(**start)
    arrives = lab.numbers.relative[0]
    assert arrives < -330
    mantissa, exponent = re.search(r"at (\d\.\d)e(-\d\d\d) times", sweep.said(lab)).groups()
    assert np.log10(float(mantissa)) + int(exponent) == pytest.approx(arrives, abs=0.03)


# The picture


@wild
@pytest.mark.parametrize("show", ["bounds", "all"])
def test_the_picture_carries_the_numbers(start, show):
    lab = labs.flow(**start, show=show)
    numbers, picture = lab.numbers, drawn(lab)
    T = len(numbers.relative)
    room = min(room for room in TICKS if room >= T)
    x, y = picture.error.get_data()
    back = (1 - x) * room - 0.5
    np.testing.assert_allclose(back, np.arange(T), atol=1e-9)
    inside = np.abs(numbers.relative[::-1]) <= REACH
    np.testing.assert_array_equal(y[inside], numbers.relative[::-1][inside])
    assert (np.abs(y[~inside]) > REACH).all()
    rates = [numbers.bounds.spectral_radius, numbers.bounds.per_step]
    for line, rate in zip((picture.radius, picture.promised), rates, strict=True):
        np.testing.assert_allclose(line.get_xdata(), x[[0, -1]])
        np.testing.assert_allclose(line.get_ydata(), [0, (T - 1) * np.log10(rate)], atol=1e-12)
    assert [float(text) for text in picture.sample_values.strings] == pytest.approx(rates, abs=0.006)
    if show == "all":
        np.testing.assert_array_equal(picture.slopes.values[:, room - T :], numbers.slopes.T)
        assert np.isnan(picture.slopes.values[:, : room - T]).all()


@wild
def test_the_spectra_are_drawn_where_they_are_known(start):
    lab = labs.flow(**start)
    numbers, picture = lab.numbers, drawn(lab)
    known = numbers.spectra > NOTHING
    y = picture.directions.get_ydata().reshape(numbers.spectra.shape)
    np.testing.assert_array_equal(y[known], np.clip(numbers.spectra[known], -90, 90))
    assert np.isnan(y[~known]).all()
    assert picture.lost.get_xdata().tolist() == np.flatnonzero(~known.all(axis=1)).tolist()
    assert [int(text) for text in picture.products.strings] == numbers.lags.tolist()
    np.testing.assert_allclose(
        picture.error_at_lags.get_ydata(), np.clip(numbers.relative[::-1][numbers.lags], -90, 90)
    )
    np.testing.assert_allclose(
        picture.promised_spread.get_ydata(), numbers.lags * np.log10(numbers.bounds.per_step)
    )


@pytest.mark.parametrize("T", range(2, 201, 11))
def test_every_step_written_is_the_last_one_less_the_steps_back(T):
    picture = drawn(labs.flow(T=T))
    back, steps = ([int(text) for text in texts.strings] for texts in (picture.lags, picture.times))
    assert np.array_equal(np.add(back, steps), np.full(len(back), T - 1))
    assert (back[0], steps[-1]) == (0, 0)
    at = picture.lags.positions[:, 0]
    assert (np.diff(at) < -0.045).all()  # none touches the next
    np.testing.assert_allclose(at[-1], picture.error.get_xdata()[-1])


def test_every_step_is_a_dot_where_there_is_room():
    for T, dots in ((2, 2), (40, 40), (41, 0), (200, 0)):
        assert len(drawn(labs.flow(T=T)).steps.get_xdata()) == dots


@pytest.mark.parametrize(
    ("start", "marker", "written"),
    [
        ({}, "o", "1.0e-07"),
        ({"radius": 0.1}, "v", "2.4e-43"),
        ({"radius": 2.5, "func": "identity"}, "^", None),
        ({"func": "relu", "input_scale": 0.0}, "X", "0"),
    ],
)
def test_the_end_of_the_curve_is_marked_with_its_size(start, marker, written):
    lab = labs.flow(**start)
    picture = drawn(lab)
    assert picture.end.get_marker() == marker
    number, words = picture.end_size.strings
    assert words == "at t = 0:"
    if written is None:
        assert np.log10(float(number)) == pytest.approx(lab.numbers.relative[0], abs=0.03)
    else:
        assert number == written
    x, y = (values[0] for values in picture.end.get_data())
    assert abs(y) < REACH
    if marker in "v^":  # where the curve leaves the panel
        curve = picture.error.get_data()
        assert abs(np.interp(x, curve[0][::-1], curve[1][::-1])) == pytest.approx(REACH, abs=1e-6)


@pytest.mark.parametrize("seed", range(0, 40, 7))
@pytest.mark.parametrize(
    "start",
    [{"T": 40}, {"T": 30}, {"T": 100, "radius": 1.6}, {"radius": 2.2}, {"T": 28, "radius": 2.5},
     {"T": 134, "radius": 1.45}],
    ids=str,
)  # fmt: skip
def test_the_size_at_the_end_is_written_inside_and_not_on_the_curve(start, seed):
    picture = drawn(labs.flow(**start, seed=seed))
    width, height = picture.error.axes.get_position().size * picture.size * 72
    (right, level), (left, _) = picture.end_size.positions
    left -= 66 / width
    assert left > -0.01
    assert right < 1
    assert abs(level) <= REACH - 0.5
    x, y = picture.error.get_data()
    under = (x > left) & (x < right)
    assert (np.abs(y[under] - level) > 7 / height * 2 * REACH).all()  # half a line of text, in decades


def test_more_and_more_is_shown_and_axes_never_change_their_range():
    visible = {}
    for show in ("error", "bounds", "saturation", "all"):
        ranges = set()
        for start in ({}, {"T": 200, "radius": 2.5}, {"T": 2, "func": "sigmoid", "radius": 0.1}):
            picture = drawn(labs.flow(show=show, **start))
            panels = picture.error.axes, picture.slopes.axes, picture.fan.axes
            ranges.add(tuple((*axes.get_xlim(), *axes.get_ylim()) for axes in panels))
        assert len(ranges) == 1
        visible[show] = [axes.get_visible() for axes in panels]
        assert len(picture.radius.get_xdata()) == (0 if show == "error" else 2)
        assert all(sample.get_visible() == (show != "error") for sample in picture.samples)
    assert visible == {
        "error": [True, False, False],
        "bounds": [True, False, False],
        "saturation": [True, True, False],
        "all": [True, True, True],
    }


def test_a_decade_is_as_high_in_both_panels():
    picture = drawn(labs.flow())
    panels = picture.error.axes, picture.fan.axes
    heights = [axes.get_position().height / np.ptp(axes.get_ylim()) for axes in panels]
    assert heights[0] == pytest.approx(heights[1])
    tops = [axes.get_position().y1 for axes in panels]
    assert tops[0] == pytest.approx(tops[1])
    assert panels[0].get_ylim()[1] == panels[1].get_ylim()[1]


def test_showing_less_computes_nothing_anew():
    lab = labs.flow()
    before = lab.numbers
    lab.move(show="error")
    assert np.shares_memory(lab.numbers.jacobians, before.jacobians)
