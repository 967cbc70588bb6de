"""The unroll lab shows the network of S6 to S15, its states over time, and where they come to rest."""

import itertools
import math

import numpy as np
import pytest

from bptt_helpers import labs
from bptt_helpers.pictures.canvas import Canvas

FUNCTIONS = {
    "tanh": math.tanh,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "relu": lambda z: max(z, 0.0),
    "identity": lambda z: z,
}


def shown(lab):
    """The picture after it has moved to the lab's numbers."""
    canvas = Canvas(lab._declaration.picture)
    canvas.png(lab.numbers)
    return canvas.picture


@pytest.mark.parametrize("func", FUNCTIONS)
@pytest.mark.parametrize("x", ["impulse", "step", "alternating", "noise"])
def test_every_state_is_that_of_the_formula(func, x):
    lab = labs.unroll(u=0.6, w=-0.9, k=0.1, s_init=-0.7, T=9, func=func, x=x)
    before = -0.7
    for x_t, s_t in zip(lab.numbers.x, lab.numbers.s, strict=True):
        before = FUNCTIONS[func](0.6 * x_t - 0.9 * before + 0.1)  # S15
        assert s_t == pytest.approx(before, rel=1e-12)


def test_the_inputs_are_what_their_names_say():
    def inputs(kind):
        return labs.unroll(x=kind, T=4).numbers.x.tolist()

    assert inputs("impulse") == [1, 0, 0, 0]
    assert inputs("step") == [1, 1, 1, 1]
    assert inputs("alternating") == [1, -1, 1, -1]
    assert inputs("noise") == np.random.default_rng(0).normal(size=4).tolist()


@pytest.mark.parametrize(
    "settings", [{"w": 2.0, "k": 0.1}, {"w": -2.0, "x": "step"}, {"func": "sigmoid", "w": 3.0}]
)
def test_the_fixed_points_map_to_themselves_and_states_settle_at_the_stable_ones(settings):
    lab = labs.unroll(**settings)
    points = lab.numbers.fixed_points
    assert points
    for point in points:
        assert lab.numbers.map(np.array([point.s]))[0] == pytest.approx(point.s, abs=1e-9)
        near = np.array([point.s + 1e-4])
        after = near
        for _ in range(2000):
            after = lab.numbers.map(after)
        assert (abs(after[0] - point.s) < 1e-5) == point.stable


def test_the_picture_carries_the_numbers():
    lab = labs.unroll()
    lab.move(w=1.5, s_init=-0.5, x="noise", T=7)
    assert lab.numbers.fixed_points
    picture, numbers = shown(lab), lab.numbers
    states = [-0.5, *numbers.s]
    assert picture.curve.get_xdata().tolist() == list(range(-1, 7))
    assert picture.curve.get_ydata().tolist() == states
    assert picture.nodes.get_offsets()[:, 0].tolist() == list(range(-1, 7))
    assert len(picture.inputs.strings) == len(numbers.x) == 7
    assert [float(text.replace("−", "-")) for text in picture.values.strings] == pytest.approx(
        states, abs=0.06
    )
    stable = [point.s for point in numbers.fixed_points if point.stable]
    unstable = [point.s for point in numbers.fixed_points if not point.stable]
    assert picture.stable.get_xdata() == stable
    assert picture.unstable.get_xdata() == unstable
    np.testing.assert_allclose(
        picture.map.get_ydata(), np.tanh(1.5 * picture.grid + numbers.x[-1]), atol=1e-12
    )


@pytest.mark.parametrize(("x", "held_from"), [("impulse", 1), ("step", 0), ("alternating", 6), ("noise", 6)])
def test_the_stairs_begin_after_the_input_last_changed_and_touch_the_curve(x, held_from):
    lab = labs.unroll(w=1.5, s_init=-0.5, k=0.1, x=x, T=7)
    assert lab.numbers.held_from == held_from
    corners = shown(lab).web.get_xydata()
    assert (
        corners[1::2].tolist()
        == [list(pair) for pair in itertools.pairwise([-0.5, *lab.numbers.s])][held_from:]
    )
    assert [tuple(corner) for corner in corners[:-1:2]] == [(a, a) for a, _ in corners[1::2]]
    np.testing.assert_allclose(lab.numbers.map(corners[1::2, 0]), corners[1::2, 1], atol=1e-12)


def test_it_can_show_the_last_step_in_numbers_instead_of_the_map():
    lab = labs.unroll(u=0.6, w=0.9, k=0.1, s_init=0.4, T=2, x="alternating", show="states")
    assert lab.numbers.map is None
    assert lab.numbers.fixed_points == ()
    assert lab.call.endswith("show='states')")
    picture = shown(lab)
    s_0 = math.tanh(0.6 + 0.9 * 0.4 + 0.1)  # S6 to S9
    z_1 = -0.6 + 0.9 * s_0 + 0.1  # S10 to S12
    assert picture.sums.strings == [
        "0.60 × −1.000 = −0.600",
        f"0.90 × {s_0:.3f} = +{0.9 * s_0:.3f}",
        "+0.100",
        f"+{z_1:.3f}",
        f"+{math.tanh(z_1):.3f}",
    ]
    assert picture.heading.strings == ["the last step, t = 1, in numbers"]
    assert picture.terms.strings[1] == "$w\\,s_{0}$"
    assert len(picture.rests.get_xdata()) == 0


def test_only_one_of_map_and_numbers_is_visible():
    canvas = Canvas(labs.unroll.picture)
    for show in ("map", "states", "map"):
        canvas.png(labs.unroll(show=show).numbers)
        picture = canvas.picture
        assert picture.map.axes.get_visible() is (show == "map")
        assert picture.sums.axes.get_visible() is (show == "states")


def test_a_state_too_long_for_its_cell_is_a_mark():
    picture = shown(labs.unroll(u=3.0, w=-3.0, func="identity", T=24))
    assert picture.values.strings[-4:] == ["1e10", "▼", "9e10", "▼"]
    assert max(map(len, picture.values.strings)) <= 4


def test_states_beyond_the_axis_are_arrows_on_the_right_side():
    picture = shown(labs.unroll(w=-3.0, func="identity", T=4))  # 1, -3, 9, -27
    assert picture.above.get_xdata().tolist() == [2]
    assert picture.below.get_xdata().tolist() == [1, 3]
    assert np.isnan(picture.curve.get_ydata()).tolist() == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "After 12 steps the state is <b>0.0502</b>. With"),
        ({}, "With the last input held it settles at s* = 0.000 (dotted).</div>"),
        ({"w": 1.5}, "it settles at s* = −0.859 or s* = 0.859 (dotted); the start decides which."),
        ({"w": -1.5}, "No fixed point is stable: with the last input held it settles at none."),
        ({"w": 1.0}, "s* = 0.000 (dotted), but ever more slowly: the slope there is 1."),
        ({"w": -1.0}, "s* = 0.000 (dotted), but ever more slowly, changing sides at every step: the slope"),
        ({"w": 1.0, "func": "identity"}, "Every state is a fixed point"),
        ({"w": 1.0, "func": "relu"}, "Every state is a fixed point"),
        ({"w": -1.0, "func": "identity"}, "it jumps between two states"),
        ({"w": -1.0, "func": "relu", "x": "step"}, "it jumps between two states"),
        ({"w": 1.05, "func": "relu"}, "No fixed point is stable"),
        ({"w": 1.0, "x": "step", "func": "identity"}, "The map never meets the diagonal"),
        ({"w": 3.0, "func": "identity", "T": 24}, "It runs away"),
        ({"show": "states"}, "After 12 steps the state is <b>0.0502</b>.</div>"),
        ({"show": "states", "w": 3.0, "func": "identity", "T": 24}, "It runs away"),
    ],
)
def test_it_says_what_is_seen(settings, said):
    assert said in labs.unroll(**settings).words.value
