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
    picture, numbers = shown(lab), lab.numbers
    states = [-0.5, *numbers.s]
    assert picture.curve.get_xdata().tolist() == list(range(-1, 7))
    assert picture.curve.get_ydata().tolist() == states
    assert picture.nodes.get_offsets()[:, 0].tolist() == list(range(-1, 7))
    assert len(picture.inputs.strings) == len(numbers.x) == 7
    assert [float(text.replace("−", "-")) for text in picture.values.strings] == pytest.approx(
        states, abs=0.06
    )
    corners = picture.web.get_xydata()
    assert corners[1::2].tolist() == [list(pair) for pair in itertools.pairwise(states)]
    stable = [point.s for point in numbers.fixed_points if point.stable]
    unstable = [point.s for point in numbers.fixed_points if not point.stable]
    assert picture.stable.get_xdata() == stable
    assert picture.unstable.get_xdata() == unstable
    np.testing.assert_allclose(
        picture.map.get_ydata(), np.tanh(1.5 * picture.grid + numbers.x[-1]), atol=1e-12
    )


def test_states_beyond_the_axis_are_arrows_on_the_right_side():
    picture = shown(labs.unroll(w=-3.0, func="identity", T=4))  # 1, -3, 9, -27
    assert picture.above.get_xdata().tolist() == [2]
    assert picture.below.get_xdata().tolist() == [1, 3]
    assert np.isnan(picture.curve.get_ydata()).tolist() == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "After 12 steps the state is <b>0.0502</b>."),
        ({}, "With the last input held it would settle at s* = 0.000."),
        ({"w": 1.5}, "one of s* = −0.859 and 0.859"),
        ({"w": -1.5}, "No fixed point is stable"),
        ({"w": 1.0, "x": "step", "func": "identity"}, "The map never meets the diagonal"),
        ({"w": 3.0, "func": "identity", "T": 24}, "It runs away"),
    ],
)
def test_it_says_what_is_seen(settings, said):
    assert said in labs.unroll(**settings).words.value
