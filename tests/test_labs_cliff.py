"""The lab cliff: its numbers by plain loops, the cliff at the fold, steps and ways in words and picture."""

import math
import re

import numpy as np
import pytest
import sweep

from bptt_helpers import labs, landscape
from bptt_helpers.pictures import cliff as pictures
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.cliff import BIASES, COLOURS, FLOOR, WEIGHTS, CliffPicture

SETTINGS = [
    {},
    {"b": -2.4, "log_rate": -0.5, "limit": 0.5, "steps": 60},
    {"func": "tanh", "w": 2.5, "b": -0.9, "s_init": -1.0, "target": 0.5, "T": 30},
    {"w": 0.0, "b": 2.0, "T": 2, "s_init": 1.0, "steps": 1},
    {"w": 7.0, "b": -5.0, "T": 100, "log_rate": 1.0},
    {"func": "relu", "w": 1.2, "b": 0.5, "T": 12},
    {"func": "identity", "w": 0.9, "b": -0.3, "T": 40, "target": -1.0},
]
SQUASH = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "relu": lambda z: max(z, 0.0),
    "identity": lambda z: z,
}

every_setting = pytest.mark.parametrize("start", SETTINGS, ids=str)


@pytest.fixture(scope="module")
def canvas():
    return Canvas(CliffPicture)


def refined(lab):
    return lab._refined(lab.settings, lab.numbers)


def run(settings, w, b):
    """The states by a plain loop: (T,)."""
    s, states = settings.s_init, []
    for _ in range(settings.T):
        s = SQUASH[settings.func](w * s + b)
        states.append(s)
    return states


def error(settings, w, b):
    return (run(settings, w, b)[-1] - settings.target) ** 2


@every_setting
def test_states_error_and_gradient_are_those_of_a_plain_loop(start):
    lab = labs.cliff(**start)
    now, numbers = lab.settings, lab.numbers
    assert numbers.states == pytest.approx(run(now, now.w, now.b), rel=1e-12)
    assert numbers.states.shape == (now.T,)
    assert pytest.approx(error(now, now.w, now.b), rel=1e-10) == numbers.E
    h = 1e-6
    slopes = [
        (error(now, now.w + h, now.b) - error(now, now.w - h, now.b)) / (2 * h),
        (error(now, now.w, now.b + h) - error(now, now.w, now.b - h)) / (2 * h),
    ]
    assert numbers.gradient == pytest.approx(slopes, rel=1e-4, abs=1e-8)
    assert numbers.gradient_norm == pytest.approx(math.hypot(*numbers.gradient))


@every_setting
def test_the_three_steps(start):
    lab = labs.cliff(**start)
    now, numbers = lab.settings, lab.numbers
    rate = 10.0**now.log_rate
    assert numbers.learning_rate == rate
    gradient, length = numbers.gradient, numbers.gradient_norm
    np.testing.assert_allclose(numbers.raw_step, -rate * gradient)
    factor = now.limit / length if length > now.limit else 1
    np.testing.assert_allclose(numbers.norm_clipped_step, -rate * factor * gradient)
    cut = [max(-now.limit, min(now.limit, entry)) for entry in gradient]
    np.testing.assert_allclose(numbers.value_clipped_step, -rate * np.array(cut))
    after = error(now, *(np.array([now.w, now.b]) + numbers.raw_step))
    assert numbers.E_after_raw_step == pytest.approx(after, rel=1e-9)


def test_at_the_start_the_raw_step_leaves_the_map_and_the_clipped_ones_do_not():
    numbers = labs.cliff().numbers
    low, high = np.array([WEIGHTS, BIASES]).T
    at = np.array([numbers.w, numbers.b])

    def stays(step):
        return ((at + step >= low) & (at + step <= high)).all()

    assert not stays(numbers.raw_step)
    assert stays(numbers.norm_clipped_step)
    assert stays(numbers.value_clipped_step)
    assert numbers.gradient_norm > 10 * numbers.limit
    assert numbers.E_after_raw_step > 4 * numbers.E  # the step undoes what was learnt
    (wall,) = [fold for fold in numbers.folds if abs(fold - numbers.b) < 0.02]  # it stands right at the fold
    assert wall == numbers.folds[1]


@pytest.mark.parametrize(
    ("func", "s_init", "target", "weights"),
    [("sigmoid", 0.0, 0.7, (4.8, 5.5, 6.5)), ("tanh", -1.0, 0.5, (1.6, 2.5, 3.5))],
)
def test_the_cliff_of_the_map_lies_at_the_upper_fold(func, s_init, target, weights):
    lab = labs.cliff(func=func, s_init=s_init, target=target, T=100)
    numbers = refined(lab)
    at_w, at_b = numbers.surface_at
    states_jump = np.abs(np.diff(10 ** (numbers.surface / 2), axis=1))  # of |s - target|
    cell = at_b[1] - at_b[0]
    for w in weights:
        row = np.abs(at_w - w).argmin()
        steepest = at_b[states_jump[row].argmax()] + cell / 2
        assert steepest == pytest.approx(landscape.folds(float(at_w[row]), func)[1], abs=2 * cell)


@every_setting
def test_the_map_is_the_loss_at_its_cells_and_the_row_is_its_row(start):
    lab = labs.cliff(**start)
    now = lab.settings
    rng = np.random.default_rng(0)
    for numbers in (lab.numbers, refined(lab)):
        at_w, at_b = numbers.surface_at
        assert numbers.surface.shape == (len(at_w), len(at_b))
        assert (at_w[0], at_w[-1], at_b[0], at_b[-1]) == (*WEIGHTS, *BIASES)
        assert np.isfinite(numbers.surface).all()
        errors = []
        for _ in range(60):
            row, column = rng.integers(len(at_w)), rng.integers(len(at_b))
            wanted = np.log10(max(error(now, at_w[row], at_b[column]), 10.0**FLOOR))
            errors.append(abs(numbers.surface[row, column] - wanted))
        assert np.median(errors) < 1e-3
        # The map is float32: at the wall itself, and where E is next to nothing, a few cells may differ.
        assert np.mean(np.array(errors) > 0.05) < 0.05
    assert len(refined(lab).surface) >= 200 > 2 * len(lab.numbers.surface)
    column = np.abs(numbers.row_biases - now.b).argmin()
    assert numbers.row_biases[column] == pytest.approx(now.b)
    assert numbers.row_states[column] == pytest.approx(numbers.states[-1], rel=1e-6, abs=1e-9)
    assert 10 ** numbers.row[column] == pytest.approx(numbers.E, rel=1e-4, abs=1e-12)


def test_folds_are_there_above_the_cusp_only():
    assert labs.cliff(w=3.9, func="sigmoid").numbers.folds.shape == (0,)
    assert labs.cliff(w=0.9, func="tanh").numbers.folds.shape == (0,)
    assert labs.cliff(func="relu").numbers.folds.shape == (0,)
    for w, func in ((4.5, "sigmoid"), (1.5, "tanh")):
        low, high = labs.cliff(w=w, func=func).numbers.folds
        inside = labs.cliff(w=w, func=func, b=round((low + high) / 2, 2)).numbers.fixed_points
        outside = labs.cliff(w=w, func=func, b=round(high + 0.05, 2)).numbers.fixed_points
        assert (len(inside), len(outside)) == (3, 1)


@every_setting
def test_the_ways_are_those_of_descend_and_the_clipped_one_never_leaps(start):
    lab = labs.cliff(**start)
    now, numbers = lab.settings, lab.numbers
    assert set(numbers.paths) == {"SGD", "clipped", "momentum", "Adam"}
    for way, path in numbers.paths.items():
        assert path.shape == (now.steps + 1, 2)
        np.testing.assert_array_equal(path[0], [now.w, now.b])
        np.testing.assert_allclose(
            numbers.path_losses[way],
            landscape.loss(path[:, 0], path[:, 1], now.T, now.s_init, now.target, now.func),
        )
    for way, step in (("SGD", numbers.raw_step), ("momentum", numbers.raw_step),
                      ("clipped", numbers.norm_clipped_step)):  # fmt: skip
        np.testing.assert_allclose(numbers.paths[way][1] - numbers.paths[way][0], step, rtol=1e-6, atol=1e-9)
    leaps = np.linalg.norm(np.diff(numbers.paths["clipped"], axis=0), axis=1)
    assert leaps.max() <= numbers.learning_rate * now.limit * (1 + 1e-9)


def test_from_the_edge_only_clipping_arrives():
    losses = labs.cliff(log_rate=-1.0, limit=0.5, steps=60, show="paths").numbers.path_losses
    assert losses["clipped"][-1] < 0.001
    assert min(losses[way][-1] for way in ("SGD", "momentum", "Adam")) > 0.05


SAID = [
    ({}, r"gradient is 27\.6 long: the raw step jumps 8\.74, off the map, to E = 0\.090; clipped by norm at"),
    ({}, r"at 2\.0 it goes 0\.63\d? in the same direction; by value it turns 29° away\. .* above it\.$"),
    ({"log_rate": -1.0}, r"jumps 2\.76 to E = 0\.089; clipped"),
    (
        {"w": 7.0, "b": 2.0},
        r"leaves it as it is, and nothing moves: clipping cannot cure vanishing\.",
    ),
    ({"b": -2.3}, r"long: within the limit of 2\.0: no clipping; the step goes 0\.\d+ to E ="),
    ({"w": 2.0}, r"At w = 2\.00 there is no fold, and no cliff\.$"),
    ({"b": -2.5}, r"nearest fold is at b = −2\.\d+; this point is 0\.\d+ (above|below) it\.$"),
    ({"show": "surface"}, r"gradient is 27\.6 long, and E = 0\.017\. The nearest fold"),
    (
        {"func": "identity", "w": 6.9, "b": 2.0, "T": 100},
        r"off the map, to an overflow; .* The error overflows on the way of SGD, momentum",
    ),
    ({"func": "relu"}, r"gradient is 0 long: clipping leaves it as it is, and nothing moves.* no fold"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "said"), SAID)
def test_it_says_what_is_seen(start, said):
    assert re.search(said, sweep.said(labs.cliff(**start)))


def test_the_angle_it_names_is_the_one_between_the_steps():
    for start in ({}, {"b": -2.34}, {"w": 5.5, "b": -2.46}, {"limit": 0.1}, {"limit": 10.0}):
        lab = labs.cliff(**start)
        raw, clipped = lab.numbers.raw_step, lab.numbers.value_clipped_step
        cosine = raw @ clipped / np.linalg.norm(raw) / np.linalg.norm(clipped)
        found = re.search(r"turns (\d+)° away|does not turn", sweep.said(lab))
        wanted = np.degrees(np.arccos(min(cosine, 1)))
        assert float(found[1] or 0) == pytest.approx(wanted, abs=0.51)


def test_stages_hold_back_what_is_not_yet_spoken_of(canvas):
    lab, seen = labs.cliff(), {}
    for show in ("surface", "steps", "paths", "all"):
        lab.move(show=show)
        canvas.png(lab.numbers)
        picture = canvas.picture
        seen[show] = (
            all(arrow.get_visible() for arrow in picture.arrows.values()),
            all(line.get_visible() for line in picture.paths.values()),
            picture.webs["sigmoid"].axes.get_visible() and picture.rests["sigmoid"].axes.get_visible(),
        )
        assert bool(lab.numbers.paths) == seen[show][1]
    assert list(seen.values()) == [(False,) * 3, (True, False, False), (True, True, False), (True,) * 3]


@every_setting
def test_the_picture_carries_the_numbers(canvas, start):
    numbers = labs.cliff(**start).numbers
    canvas.png(numbers)
    picture = canvas.picture
    np.testing.assert_array_equal(picture.surface.values, numbers.surface[::-1])
    assert picture.point.get_data() == ([numbers.b], [numbers.w])
    at = np.array([numbers.b, numbers.w])
    for name in ("raw_step", "norm_clipped_step", "value_clipped_step"):
        corners = picture.arrows[name].get_xy()
        tip = at + numbers[name][::-1]
        assert (corners >= [BIASES[0] - 0.2, WEIGHTS[0] - 0.2]).all()
        assert (corners <= [BIASES[1] + 0.2, WEIGHTS[1] + 0.2]).all()
        if BIASES[0] < tip[0] < BIASES[1] and WEIGHTS[0] < tip[1] < WEIGHTS[1]:
            assert np.abs(corners - tip).sum(axis=1).min() < 1e-9
    kind = "sigmoid" if numbers.func == "sigmoid" else "others"
    low, high = pictures.STATES[kind]
    last = np.clip(numbers.states[-1], low, high)
    assert picture.rests[kind].last.get_data() == ([numbers.b], [last])
    web = np.array(picture.webs[kind].web.get_data()).T  # (2 T + 1, 2)
    before = np.array([numbers.s_init, *numbers.states])
    wanted = np.clip(np.stack([before[:-1], before[1:]], axis=1), 3 * low, 3 * high)
    np.testing.assert_allclose(web[1::2], wanted)  # the corners on the map


def test_an_arrow_that_leaves_the_map_says_how_long_it_is(canvas):
    canvas.png(labs.cliff().numbers)
    assert canvas.picture.goes_on.get_visible()
    assert canvas.picture.how_long.strings == [" 8.74"]
    canvas.png(labs.cliff(log_rate=-2.0).numbers)
    assert not canvas.picture.goes_on.get_visible()
    assert canvas.picture.how_long.strings == [""]


def test_what_does_not_depend_on_the_control_is_not_computed_anew():
    lab = labs.cliff()
    before = lab.numbers
    for move in ({"w": 5.1}, {"b": -2.0}, {"log_rate": 0.0}, {"limit": 1.0}, {"steps": 5}):
        lab.move(**move)
        assert lab.numbers.surface is before.surface
    paths = lab.numbers.paths
    lab.move(show="paths")
    assert all(lab.numbers.paths[way] is path for way, path in paths.items())
    lab.move(T=40)
    assert lab.numbers.surface is not before.surface


def test_larger_weights_are_drawn_above_and_larger_errors_darker(canvas):
    lab = labs.cliff(func="relu", T=60, target=1.0, show="surface", w=0.5, b=-4.0)
    pixels = sweep.pixels(canvas.png(lab.numbers))
    axes = canvas.picture.surface.axes

    def lightness(w, b):
        x, y = axes.transData.transform((b, w))
        return pixels[len(pixels) - round(y), round(x)].mean()

    assert lightness(6.0, 1.0) + 15 < lightness(3.0, -1.0)  # runs away; stays at 0, E = 1
    shades = COLOURS(np.arange(COLOURS.N))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(shades) < -0.02).all()
