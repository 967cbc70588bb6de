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


VANISHED = (
    r"gradient is 1\.0e-04 long, shorter than the limit: clipping leaves it as it is, and the step is only "
)
SAID = [
    ({}, r"gradient is 27\.6 long: the raw step is 8\.74 long, goes off the map and ends at E = 0\.090; "),
    ({}, r"; clipped by norm at 2\.0 it is 0\.632 long, in the same direction; clipped by value it "),
    ({}, r"clipped by value it turns 29° away\. The nearest"),
    ({}, r"The nearest fold is at b = −2\.344; this point is 0\.014 above it\.$"),
    ({"log_rate": -1.0}, r"is 2\.76 long and ends at E = 0\.089; clipped"),
    ({"w": 7.0, "b": 2.0}, VANISHED + r"0\.00003 long\. Clipping cannot cure vanishing\."),
    ({"w": 7.0, "b": 2.0, "log_rate": 1.0}, VANISHED + r"0\.001 long\. Clipping cannot cure vanishing\."),
    ({"b": -2.32}, r" 0\.12\d long, shorter than the limit: clipping leaves it as it is, and the step, 0"),
    ({"b": -2.32}, r"and the step, 0\.0\d+ long, ends at E = 0\.219\. The"),
    # A short gradient in the valley has not vanished: there is no error left.
    ({"w": 0.0, "b": 0.85, "show": "steps"}, r"and the step, 0\.00009 long, ends at E = 3\.\de-07\.$"),
    ({"w": 2.0}, r"At w = 2\.00 there is no fold, and no cliff\.$"),
    ({"b": -2.5}, r"nearest fold is at b = −2\.\d+; this point is 0\.\d+ (above|below) it\.$"),
    ({"show": "surface"}, r"gradient is 27\.6 long, and E = 0\.017\.$"),
    ({"show": "steps"}, r"clipped by value it turns 29° away\.$"),
    (
        {"func": "identity", "w": 6.9, "b": 2.0, "T": 100},
        r"goes off the map and ends in an overflow; .* The error overflows on the way of SGD, momentum",
    ),
    ({"func": "relu"}, r"gradient is 0 long, .* the step is only 0 long\. Clipping cannot cure .* no fold"),
    (
        {"log_rate": -1.0, "limit": 0.5, "steps": 60, "show": "paths"},
        r"^After 60 steps the lowest error is that of clipped: 0\.0000\d; SGD, momentum and Adam end at"
        r" 0\.089, 0\.090, 0\.0\d\d\.$",
    ),
    (
        {"log_rate": 0.0, "limit": 0.5, "steps": 60, "show": "paths"},
        r"that of clipped: 0\.0002; SGD, momentum and Adam end at 0\.090, 0\.090, 0\.090\.$",
    ),
    (
        {"w": 6.5, "b": 1.5, "steps": 12, "show": "paths"},
        r"that of SGD, clipped and momentum: 0\.090; Adam ends at 0",
    ),
    ({"func": "relu", "show": "paths", "steps": 1}, r"^After 1 step all four ways end at E = 0\.490\.$"),
    ({"func": "identity", "show": "paths"}, r"SGD, momentum and Adam end at overflow, overflow, \d"),
    (
        {"show": "rests"},
        r"^1 state of rest; the run from s₋₁ = 0 ends at s = 0\.568 after 50 steps\. The nearest fold is at"
        r" b = −2\.344; this point is 0\.014 above it\.$",
    ),
    ({"show": "rests", "b": -2.4, "s_init": 0.55}, r"^3 states of rest; the run from s₋₁ = 0\.55 ends at s"),
    ({"show": "rests", "func": "identity", "w": 1.0, "b": 1.0}, r"^No states of rest; .* at s = 50\.000 "),
    ({"show": "rests", "func": "identity", "w": 7.0, "T": 100, "b": 2.0}, r"ends at s = 1\.\de\+84"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "said"), SAID)
def test_it_says_what_is_seen(start, said):
    assert re.search(said, sweep.said(labs.cliff(**start)))


@pytest.mark.parametrize("func", ["relu", "identity"])
@pytest.mark.parametrize("start", [{}, {"b": -5.0, "s_init": -1.0, "target": 1.0}, {"w": 1.5, "b": 2.0}])
def test_an_overflow_is_called_one_and_states_never_overflow(func, start):
    lab = labs.cliff(**({"func": func, "w": 7.0, "b": 2.0, "T": 100, "log_rate": 1.0, "steps": 60} | start))
    for show in STAGES:
        lab.move(show=show)
        numbers = lab.numbers
        for name in ("states", "E", "gradient", "gradient_norm", "raw_step", "row_states", "row"):
            assert sweep.is_finite(numbers[name])
        shown = [numbers.path_losses, [] if numbers.E_after_raw_step is None else numbers.E_after_raw_step]
        overflows = func == "identity" and show in ("steps", "paths", "all")
        assert all(map(sweep.is_finite, shown)) is not overflows
        assert ("overflow" in sweep.said(lab)) is overflows


def test_the_angle_it_names_is_the_one_between_the_steps():
    for start in ({}, {"b": -2.34}, {"w": 5.5, "b": -2.46}, {"limit": 0.1}, {"limit": 10.0}):
        lab = labs.cliff(**start)
        raw, clipped = lab.numbers.raw_step, lab.numbers.value_clipped_step
        cosine = raw @ clipped / np.linalg.norm(raw) / np.linalg.norm(clipped)
        found = re.search(r"turns (\d+)° away|does not turn", sweep.said(lab))
        wanted = np.degrees(np.arccos(min(cosine, 1)))
        assert float(found[1] or 0) == pytest.approx(wanted, abs=0.51)


STAGES = {  # what is on show: arrows and their table, ways and theirs, folds and diagrams, the cobweb's key
    "surface": (False, False, False, False),
    "steps": (True, False, False, False),
    "paths": (False, True, False, False),
    "rests": (False, False, True, True),
    "all": (True, True, True, False),
}


def all_alike(seen):
    seen = set(seen)
    assert len(seen) == 1
    return seen.pop()


@pytest.mark.parametrize("func", ["sigmoid", "tanh"])
def test_stages_hold_back_what_is_not_yet_spoken_of(canvas, func):
    lab = labs.cliff(func=func)
    kind, other = ("sigmoid", "others") if func == "sigmoid" else ("others", "sigmoid")
    for show in (*STAGES, *reversed(STAGES)):  # also back from the later ones
        lab.move(show=show)
        canvas.png(lab.numbers)
        picture = canvas.picture
        arrows = [*picture.arrows.values(), picture.lengths.axes]
        ways = [*picture.paths.values(), *picture.ends.values(), picture.losses.axes]
        panels = [picture.rests[kind].axes, picture.webs[kind].axes]
        folds = [picture.folds, picture.fold_name]
        marks = [len(picture.folds.get_xdata()) > 0, len(picture.row_folds.get_xdata()) > 0]
        seen = (
            all_alike(artist.get_visible() for artist in arrows),
            all_alike(artist.get_visible() for artist in ways),
            all_alike([*(artist.get_visible() for artist in panels + folds), *marks]),
            picture.web_key.get_visible(),
        )
        assert seen == STAGES[show]
        assert not picture.webs[other].axes.get_visible()
        assert bool(lab.numbers.paths) == STAGES[show][1]
        assert ("fold" in sweep.said(lab)) == STAGES[show][2]
        assert len(lab.numbers.folds) == 2  # to compute with, at every stage


def test_a_short_clipped_way_is_seen_at_its_start(canvas):
    lab = labs.cliff(log_rate=-3.0, limit=0.1, steps=60, show="paths")
    canvas.png(lab.numbers)
    picture = canvas.picture
    mark, line, ring = picture.ends["clipped"], picture.paths["clipped"], picture.point
    others = [*picture.ends.values(), *picture.paths.values(), ring, *picture.arrows.values()]
    assert all(mark.get_zorder() > other.get_zorder() for other in others if other is not mark)
    assert all(line.get_zorder() > way.get_zorder() for way in picture.paths.values() if way is not line)
    assert ring.get_markerfacecolor() == "none"
    assert ring.get_markersize() > 1.5 * mark.get_markersize()
    lab.move(show="all")
    canvas.png(lab.numbers)
    assert ring.get_markerfacecolor() == pictures.PAPER
    assert ring.get_markeredgewidth() > 2


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


@pytest.mark.parametrize("show", ["steps", "all"])
def test_an_arrow_that_leaves_the_map_says_so_beside_its_head(canvas, show):
    canvas.png(labs.cliff(show=show).numbers)
    label = canvas.picture.goes_on
    assert label.get_visible()
    assert label.strings == ["off the map →"]
    arrow = canvas.picture.arrows["raw_step"].get_xy()
    ((x, y),) = label.positions
    assert x < arrow[3, 0] == BIASES[1]  # the tip
    assert y > np.interp(x, arrow[[0, 3], 0], arrow[[0, 3], 1]) + 0.2
    canvas.png(labs.cliff(show=show, log_rate=-2.0).numbers)
    assert not label.get_visible()
    canvas.png(labs.cliff(show="paths").numbers)
    assert not label.get_visible()


def test_the_label_is_on_the_map_and_off_the_arrow(canvas):
    rng = np.random.default_rng(1)
    net = labs.cliff(show="steps").numbers
    high = np.array([WEIGHTS[1], BIASES[1]])
    low = np.array([WEIGHTS[0], BIASES[0]])
    half = np.array(pictures.HALF_LABEL["alone"])
    for _ in range(120):
        w, b = low + (high - low) * (0.1 + 0.8 * rng.random(2))
        angle = rng.uniform(0, 2 * np.pi)
        step = 20 * np.array([np.sin(angle), np.cos(angle)])
        canvas.picture.update(net | {"w": w, "b": b, "raw_step": step})
        ((x, y),) = canvas.picture.goes_on.positions
        at, along = np.array([x, y]), step[::-1] / 20
        assert (np.abs(at - [-1.5, 3.5]) <= np.array([3.5, 3.5]) - half + 1e-9).all()
        aside = np.array([-along[1], along[0]])
        assert abs((at - [b, w]) @ aside) > np.abs(aside) @ half + pictures.SHAFT


def test_errors_below_a_thousandth_are_not_written_out(canvas):
    numbers = labs.cliff(log_rate=-1.0, limit=0.5, steps=60, show="paths").numbers
    canvas.png(numbers)
    assert dict(zip(pictures.WAYS, canvas.picture.losses.strings, strict=True))["clipped"] == "<.001"
    assert canvas.picture.losses.strings[0] == f"{numbers.path_losses['SGD'][-1]:.3f}" == "0.089"
    assert numbers.path_losses["clipped"][-1] < 1e-3


@pytest.mark.parametrize(
    "start", [{}, {"w": 6.0}, {"w": 4.5, "T": 100}, {"func": "tanh", "s_init": -1.0, "w": 2.5, "target": 0.2}]
)
def test_the_row_reaches_the_bottom_of_the_valley_at_the_wall(canvas, start):
    numbers = labs.cliff(**start).numbers
    b, states = numbers.row_biases, numbers.row_states
    assert (np.diff(b) > 0).all()
    assert b.shape == states.shape == numbers.row.shape == (701 + 384,)
    np.testing.assert_allclose(
        states, landscape.states(numbers.w, b, numbers["T"], numbers.s_init, numbers.func)[-1], atol=1e-9
    )
    lowest = numbers.row.argmin()
    assert numbers.row[lowest] < pictures.HEIGHTS[0]
    assert 0 < b[lowest] - numbers.folds[1] < 0.05
    assert np.abs(np.diff(states)).max() < 0.1  # from each to the next: no leap is left
    canvas.png(numbers)
    drawn_b, drawn = canvas.picture.row.get_data()
    assert drawn.min() <= pictures.HEIGHTS[0]
    np.testing.assert_array_equal(drawn_b, b)


def test_what_does_not_depend_on_the_control_is_not_computed_anew():
    lab = labs.cliff()
    before = lab.numbers
    for move in ({"w": 5.1}, {"b": -2.0}, {"log_rate": 0.0}, {"limit": 1.0}, {"steps": 5}):
        lab.move(**move)
        assert np.shares_memory(lab.numbers.surface, before.surface)
    paths = lab.numbers.paths
    lab.move(show="paths")
    assert all(np.shares_memory(lab.numbers.paths[way], path) for way, path in paths.items())
    lab.move(T=40)
    assert not np.shares_memory(lab.numbers.surface, before.surface)


def test_larger_weights_are_drawn_above_and_larger_errors_darker(canvas):
    lab = labs.cliff(func="relu", T=60, target=0.5, show="surface", w=0.5, b=-4.0)
    pixels = sweep.pixels(canvas.png(lab.numbers))
    axes = canvas.picture.surface.axes

    def lightness(w, b):
        x, y = axes.transData.transform((b, w))
        return pixels[len(pixels) - round(y), round(x)].mean()

    assert lightness(6.0, 1.0) + 15 < lightness(3.0, -1.0)  # runs away; stays at 0, E = 0.25
    shades = COLOURS(np.arange(COLOURS.N))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(shades) < -0.02).all()


def test_the_colours_tell_the_plain_from_the_side_that_never_wakes(canvas):
    lab = labs.cliff(show="surface", w=0.0, b=-5.0)
    pixels = sweep.pixels(canvas.png(lab.numbers))
    axes = canvas.picture.surface.axes
    x, y = axes.transData.transform([(1.0, 6.0), (-4.0, 1.0)]).round().astype(int).T
    plain, asleep = pixels[len(pixels) - y, x].mean(axis=-1)
    assert plain - asleep > 40
    assert pytest.approx(np.log10(0.5)) == pictures.HIGHEST
    assert refined(lab).surface.max() < pictures.HIGHEST  # no colour is kept for what is not there
