"""The lab truncate: its courses are flow.truncated's, what is dropped is grey, the sign flips by hand."""

import json
import re

import numpy as np
import pytest
import sweep

from bptt_helpers import flow, labs, rnn, tasks
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.truncate import degrees, times

SETTINGS = [
    {},
    {"window": 1, "chunk": 1},
    {"T": 30, "window": 7, "chunk": 9, "loss": "last"},
    {"T": 5, "window": 2, "chunk": 3, "H": 1},
    {"radius": 2.0, "func": "identity", "seed": 3},
    {"radius": 0.0, "func": "sigmoid"},
    {"example": "by hand", "window": 1, "chunk": 1},
]
BY_HAND = {"example": "by hand", "window": 1, "chunk": 1}

every_setting = pytest.mark.parametrize("start", SETTINGS, ids=str)


@pytest.fixture(scope="module")
def canvas():
    return Canvas(labs.truncate.picture)


def drawn(lab, canvas):
    """The picture, moved to the lab's numbers."""
    canvas.png(lab.numbers)
    return canvas.picture


def one_by_one(numbers, kind):
    """Angle and length for every n from flow.truncated, one call each, and by arccos: (T,), (T,)."""
    fields = numbers.true._fields

    def stacked(gradients):
        return np.concatenate([getattr(gradients, field).ravel() for field in fields])

    params, trace, y = numbers.params, numbers.trace, numbers.y
    true = stacked(rnn.backward(params, trace, y))
    angles, lengths = [], []
    for n in range(1, len(y) + 1):
        truncated = stacked(flow.truncated(params, trace, y, **{kind: n}))
        lengths.append(np.linalg.norm(truncated) / np.linalg.norm(true))
        cosine = truncated @ true / (np.linalg.norm(truncated) * np.linalg.norm(true))
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    return angles, lengths


@every_setting
@pytest.mark.parametrize("kind", ["window", "chunk"])
def test_the_courses_are_those_of_truncated(start, kind):
    numbers = labs.truncate(**start).numbers
    angles, lengths = one_by_one(numbers, kind)
    np.testing.assert_allclose(numbers[f"angles_{kind}"], angles, atol=1e-5)
    np.testing.assert_allclose(numbers[f"lengths_{kind}"], lengths, rtol=1e-9)


@every_setting
def test_the_numbers_are_those_of_flow(start):
    lab = labs.truncate(**start)
    numbers, settings = lab.numbers, lab.settings
    params, trace, y, T = numbers.params, numbers.trace, numbers.y, len(numbers.y)
    np.testing.assert_array_equal(numbers.kept_by_window, flow.kept_by_window(T, settings.window))
    np.testing.assert_array_equal(numbers.kept_by_chunk, flow.kept_by_chunk(T, settings.chunk))
    for gradient, expected in (
        (numbers.true, rnn.backward(params, trace, y)),
        (numbers.truncated_window, flow.truncated(params, trace, y, window=settings.window)),
        (numbers.truncated_chunk, flow.truncated(params, trace, y, chunk=settings.chunk)),
    ):
        for field in gradient._fields:
            scale = max(np.abs(getattr(numbers.true, field)).max(), 1e-300)
            np.testing.assert_allclose(
                getattr(gradient, field), getattr(expected, field), rtol=0, atol=1e-11 * scale
            )
    for kind in ("window", "chunk"):
        angle, length = flow.angle_and_length(numbers[f"truncated_{kind}"], numbers.true)
        assert angle == pytest.approx(numbers[f"angles_{kind}"][settings[kind] - 1], abs=1e-9)
        assert length == pytest.approx(numbers[f"lengths_{kind}"][settings[kind] - 1], rel=1e-12)
    if settings.example == "sentence":
        np.testing.assert_allclose(numbers.norms, flow.blame_norms(params, trace, y), rtol=1e-12)
        assert numbers.true._fields == ("U", "W", "k")


def test_the_sentence_is_read_and_every_next_character_is_to_come():
    numbers = labs.truncate(T=20).numbers
    text = tasks.sentence()
    characters = tasks.vocabulary(text)
    assert tasks.decode(numbers.trace.x, characters) == text[:20]
    assert tasks.decode(numbers.y, characters) == text[1:21]
    last = labs.truncate(T=20, loss="last").numbers
    assert list(last.y[:-1]) == [-1] * 19
    assert last.y[-1] == numbers.y[-1]


def test_by_hand_is_the_texts_network_and_the_sign_flips(repository):
    expected = json.loads((repository / "tests/oracles/seed_two_steps_tanh.json").read_text())["expected"]
    lab = labs.truncate(**BY_HAND)
    numbers = lab.numbers
    assert numbers.true._fields == ("U",)
    assert numbers.true.U.item() == pytest.approx(expected["dE/du"], rel=1e-11)
    assert numbers.truncated_window.U.item() == pytest.approx(expected["dE/du via step 1"], rel=1e-11)
    assert numbers.truncated_chunk.U.item() == pytest.approx(expected["dE/du via step 1"], rel=1e-11)
    np.testing.assert_allclose(
        numbers.cells, [[0, 0], [expected["dE/du via step 0"], expected["dE/du via step 1"]]], rtol=1e-11
    )
    np.testing.assert_array_equal(numbers.norms, np.abs(numbers.cells))
    assert list(numbers.angles_window) == list(numbers.angles_chunk) == [180, 0]
    assert "<b>+0.3386</b> instead of −0.0483: <b>the sign is flipped</b>" in lab.words.value
    assert "the gradient of u alone" in lab.words.value


def test_by_hand_nothing_else_is_asked_and_n_is_at_most_two():
    lab = labs.truncate(**BY_HAND)
    for other in ({"seed": 3}, {"radius": 2.0}, {"loss": "last"}, {"func": "relu"}, {"H": 2}, {"T": 9}):
        lab.move(**other)
        assert lab.numbers.true.U.item() == pytest.approx(-0.0482576, abs=1e-7)
    assert (lab.controls["window"].max, lab.controls["chunk"].max) == (2, 2)
    lab.move(example="sentence")
    assert lab.controls["window"].max == lab.settings.T


def test_more_is_not_always_better_at_the_start():
    """The defaults are chosen so: a course that falls, rises by at least 20 degrees, and falls again."""
    numbers = labs.truncate().numbers
    for kind in ("window", "chunk"):
        angles = numbers[f"angles_{kind}"]
        lowest = np.minimum.accumulate(angles)
        assert (angles - lowest).max() > 20
        assert angles[-1] < 1e-9
        assert angles[0] > 45
        lengths = numbers[f"lengths_{kind}"]
        assert (np.diff(lengths) > 0.01).any()
        assert (np.diff(lengths) < -0.01).any()


@every_setting
@pytest.mark.parametrize("kind", ["window", "chunk"])
def test_the_picture_greys_what_is_dropped_and_borders_what_is_kept(start, kind, canvas):
    lab = labs.truncate(**start)
    numbers, mask = lab.numbers, drawn(lab, canvas).masks[kind]
    kept, T = numbers[f"kept_by_{kind}"], len(numbers.y)
    past = np.tri(T, dtype=bool)
    values = mask.cells.values
    rows = np.flatnonzero(numbers.y >= 0)  # a row is an error
    height = 1 / T
    if len(rows) == 1:  # a strip
        height = 1 / min(T, 6)
        assert np.isnan(values[:-1]).all()
        assert len(values) == min(T, 6)
        values = values[-1:]
    shown = kept[rows]
    assert np.array_equal(np.isnan(values), ~past[rows])
    assert (values[shown] >= 0.5).all()
    assert (values[past[rows] & ~shown] < 0.5).all()
    with np.errstate(divide="ignore"):
        shares = np.clip((np.log10(numbers.norms) + 6) / 7, 0, 1)[rows]
    np.testing.assert_allclose(values[shown], 0.5 + shares[shown] / 2, atol=1e-12)
    x, y = (np.asarray(data) for data in mask.border.get_data())
    assert len(x) == 2 * len(rows)
    for row in range(len(rows)):  # the border stands where what is kept begins
        assert x[2 * row] == x[2 * row + 1] == pytest.approx(np.flatnonzero(shown[row])[0] / T)
        top = 1 - (len(rows) - row) * height
        assert (y[2 * row], y[2 * row + 1]) == pytest.approx((top, top + height), abs=1e-12)
    assert mask.n.strings == [str(lab.settings[kind])]
    cells = shown.sum(), past[rows].sum()
    assert (cells[0], cells[1]) == (numbers[f"pairs_{kind}"], numbers.pairs)
    assert "".join(mask.kept.strings) == f"{cells[0]}of{cells[1]}:{100 * cells[0] / cells[1]:.0f}%"


def test_with_a_loss_at_the_last_step_only_its_row_counts(canvas):
    lab = labs.truncate(loss="last", window=1, chunk=20)
    mask = drawn(lab, canvas).masks["window"]
    assert mask.kept.strings == ["1", "of", "48", ":", "2", "%"]
    assert mask.nothing.strings == ["only step 47 has a loss"]
    assert mask.lid.get_visible()
    assert mask.rows.strings == ["47"]
    every = drawn(labs.truncate(), canvas).masks["window"]
    assert every.nothing.strings == ["k > t: nothing"]
    assert not every.lid.get_visible()
    by_hand = drawn(labs.truncate(**BY_HAND), canvas).masks["chunk"]
    assert by_hand.kept.strings == ["1", "of", "2", ":", "50", "%"]


def test_few_steps_have_a_scale_that_tells_them_apart(canvas):
    lab = labs.truncate(T=12, window=4, chunk=4, show="masks")
    picture = drawn(lab, canvas)
    kept = picture.masks["window"].cells.values[lab.numbers.kept_by_window & (lab.numbers.norms > 0)]
    assert np.ptp(kept) > 0.15  # of the 0.5 that kept cells have
    assert kept.min() > 0.5
    assert kept.max() < 1
    assert picture.scale.strings == ["0.1", "1"]
    left, right = (x for x, _ in picture.scale.positions)
    assert right - left == pytest.approx(216 / 2)  # a factor of 10 on a scale over two powers of ten
    assert "$10^{-6}$" in drawn(labs.truncate(), canvas).scale.strings


def test_a_length_that_leaves_the_panel_is_an_arrow(canvas):
    lab = labs.truncate(loss="last", radius=2.0, func="identity", window=20, chunk=11)
    marks = drawn(lab, canvas).lengths.marks
    assert lab.numbers.lengths_chunk[10] < 0.05 < lab.numbers.lengths_window[19]
    assert (marks["window"].get_marker(), marks["chunk"].get_marker()) == ("o", "v")
    assert drawn(labs.truncate(), canvas).lengths.marks["chunk"].get_marker() == "s"


def test_dropped_cells_are_grey_and_kept_ones_are_not(canvas):
    mask = drawn(labs.truncate(), canvas).masks["window"]
    colours = mask.cells._colours.view(np.uint8).reshape(256, 4)[:255, :3].astype(int)
    assert (np.ptp(colours[:127], axis=1) == 0).all()
    assert (np.ptp(colours[140:], axis=1) > 10).all()


def test_what_is_dropped_is_called_so_where_there_is_room(canvas):
    for window, named in ((1, True), (20, True), (47, False), (48, False)):
        picture = drawn(labs.truncate(window=window), canvas)
        assert (picture.masks["window"].dropped.strings == ["dropped"]) is named


@every_setting
def test_the_picture_draws_the_courses_and_marks_the_chosen(start, canvas):
    lab = labs.truncate(**start)
    numbers, picture = lab.numbers, drawn(lab, canvas)
    T = len(numbers.y)
    for kind in ("window", "chunk"):
        n = lab.settings[kind]
        angles, lengths = numbers[f"angles_{kind}"], numbers[f"lengths_{kind}"]
        x, y = picture.angles.lines[kind].get_data()
        np.testing.assert_allclose(x, (np.arange(T) + 0.5) / T)
        np.testing.assert_allclose(y, angles)
        np.testing.assert_allclose(picture.lengths.lines[kind].get_ydata(), np.log10(lengths), rtol=1e-12)
        assert picture.angles.marks[kind].get_xdata()[0] == pytest.approx((n - 0.5) / T)
        mark = picture.angles.marks[kind].get_ydata()[0]
        assert mark == pytest.approx(np.clip(angles[n - 1], 3.52, 176.48), abs=1e-9)
    written = [degrees(numbers[f"angles_{kind}"][lab.settings[kind] - 1]) for kind in ("window", "chunk")]
    shown = picture.angles.values.strings
    shown = [number + unit for number, unit in zip(shown[:2], shown[2:], strict=True)]
    assert shown == [text.replace("less than ", "<") for text in written]
    written = [times(numbers[f"lengths_{kind}"][lab.settings[kind] - 1]) for kind in ("window", "chunk")]
    assert picture.lengths.values.strings[:2] == written


def test_the_two_courses_differ_in_more_than_colour(canvas):
    picture = drawn(labs.truncate(), canvas)
    for course in (picture.angles, picture.lengths):
        window, chunk = course.lines["window"], course.lines["chunk"]
        assert (window.get_linestyle(), chunk.get_linestyle()) == ("-", "--")
        assert course.marks["window"].get_marker() != course.marks["chunk"].get_marker()


def test_only_the_masks_are_shown_and_larger(canvas):
    picture = drawn(labs.truncate(), canvas)
    width = picture.masks["window"].axes.get_position().width
    picture = drawn(labs.truncate(show="masks"), canvas)
    assert not picture.angles.axes.get_visible()
    assert not picture.lengths.axes.get_visible()
    assert picture.masks["window"].axes.get_position().width > 1.1 * width


def test_a_short_sequence_has_its_number_in_every_cell(canvas):
    lab = labs.truncate(T=4, window=2, chunk=3)
    written = [float(text) for text in drawn(lab, canvas).masks["chunk"].numbers.strings]
    np.testing.assert_allclose(written, lab.numbers.norms[np.tril_indices(4)], atol=5e-4)
    by_hand = drawn(labs.truncate(**BY_HAND), canvas)
    assert by_hand.masks["window"].numbers.strings == ["−0.387", "+0.339"]
    assert by_hand.angles.title.strings == ["angle to the true ∂E/∂u"]
    assert drawn(labs.truncate(), canvas).masks["window"].numbers.strings == []


@every_setting
def test_the_sentence_has_the_numbers_of_the_courses(start):
    lab = labs.truncate(**start)
    if lab.settings.example == "by hand":
        return
    said, numbers = sweep.said(lab), lab.numbers
    window, chunk = lab.settings.window, lab.settings.chunk
    angle, length = numbers.angles_window[window - 1], numbers.lengths_window[window - 1]
    assert f"A window of {window}: the gradient points {degrees(angle)} away" in said
    assert f"with {times(length)} of its length" in said
    angle, length = numbers.angles_chunk[chunk - 1], numbers.lengths_chunk[chunk - 1]
    uphill = " (a step goes uphill)" if angle > 90 else ""
    assert f"Chunks of {chunk}: {degrees(angle)} away{uphill}, with {times(length)} of its length" in said
    better = re.search(r"More is not always better: (a window|chunks) of (\d+) had (.*)\.$", said)
    if better:
        kind, n = ("window" if better[1] == "a window" else "chunk"), int(better[2])
        angles = numbers[f"angles_{kind}"]
        assert n < lab.settings[kind]
        assert angles[n - 1] == angles[: lab.settings[kind]].min() < angles[lab.settings[kind] - 1]
        assert better[3] == degrees(angles[n - 1])
    else:
        for kind in ("window", "chunk"):
            angles = numbers[f"angles_{kind}"][: lab.settings[kind]]
            assert degrees(angles.min()) == degrees(angles[-1])


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({}, "More is not always better: a window of 13 had <b>18°</b>."),
        ({"window": 48}, "A window of 48 is the whole sequence: the <b>true gradient</b>."),
        ({"chunk": 48, "window": 48}, "A chunk of 48 cuts nothing."),
        ({"window": 1, "T": 30, "loss": "last"}, "(a step goes <b>uphill</b>)"),
        ({"example": "by hand", "window": 2, "chunk": 2}, "Both steps are kept: ∂E/∂u = <b>−0.0483</b> is"),
        ({"example": "by hand", "window": 2, "chunk": 1}, "For chunks of 1, the gradient of u alone"),
        (BY_HAND, "For a window of 1 and for chunks of 1, "),
        (
            {"func": "relu", "H": 1, "T": 2, "radius": 0.0, "seed": 0},
            "is <b>exactly 0</b> and has no direction",
        ),
    ],
)
def test_it_says_what_is_seen(start, said):
    assert said in labs.truncate(**start).words.value


def test_the_masks_alone_say_nothing_of_angles():
    for start in ({}, {"window": 1, "chunk": 12}, {"loss": "last"}, {"example": "by hand"}):
        lab = labs.truncate(**{"T": 12, "window": 4, "chunk": 4, "show": "masks"} | start)
        numbers, said = lab.numbers, sweep.said(lab)
        assert "°" not in said
        assert f"keeps {numbers.pairs_window} of {numbers.pairs} pairs" in said
        assert f"chunks of {numbers.chunk} keep {numbers.pairs_chunk}." in said
    said = labs.truncate(T=12, window=4, chunk=4, show="masks").words.value
    assert "A window of 4 keeps <b>42</b> of 78 pairs, chunks of 4 keep <b>30</b>." in said


def test_a_shut_network_has_no_angle_and_says_so(canvas):
    lab = labs.truncate(func="relu", H=1, T=2, radius=0.0, seed=0, window=1, chunk=1)
    assert np.isnan(lab.numbers.angles_window).all()
    picture = drawn(lab, canvas)
    assert picture.angles.values.strings == picture.lengths.values.strings == ["?", "?", "", ""]


@pytest.mark.parametrize(
    ("angle", "written"),
    [
        (0, "0°"),
        (1e-14, "0°"),
        (4e-5, "less than 0.01°"),
        (0.01, "0.01°"),
        (0.06, "0.06°"),
        (0.096, "0.1°"),
        (9.94, "9.9°"),
        (9.96, "10°"),
        (180, "180°"),
    ],
)
def test_angles_are_written_short(angle, written):
    assert degrees(angle) == written
