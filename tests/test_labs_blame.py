"""The lab blame: its cells are flow.blame's, they sum to backward's dW, each is a chain of factors."""

import re

import numpy as np
import pytest
from networks import random_network, run
from sweep import drawn

from bptt_helpers import flow, labs, rnn, tasks
from bptt_helpers.pictures.palette import GRADIENT, PARAMETER, STATE

SETTINGS = [
    {},
    {"text": "hello world", "t": 8, "k": 3, "scheme": "orthogonal", "radius": 1.0},
    {"text": "ab", "t": 0, "k": 0},
    {"t": 30, "k": 5, "radius": 2.0, "func": "identity", "H": 16},
    {"t": 47, "k": 1, "radius": 0.4, "func": "sigmoid", "H": 1},
    {"t": 20, "k": 12, "func": "relu", "scheme": "identity", "seed": 7},
]

every_setting = pytest.mark.parametrize("start", SETTINGS, ids=str)


@pytest.mark.parametrize("func", rnn.FUNCTIONS)
def test_blame_norms_are_the_norms_of_blame(func):
    network = random_network(3, T=9, func=func)
    trace = run(network)
    cells = flow.blame(network.params, trace, network.y)
    norms = flow.blame_norms(network.params, trace, network.y)
    np.testing.assert_allclose(norms, np.linalg.norm(cells, axis=(2, 3)), rtol=1e-12)
    assert not norms[np.triu_indices(9, 1)].any()


def test_blame_norms_refuses_a_batch():
    network = random_network(3, batch=(2,))
    with pytest.raises(ValueError, match=r"trace: expected a single sequence, got a batch"):
        flow.blame_norms(network.params, run(network), network.y)


def test_every_character_is_to_predict_the_next():
    lab = labs.blame(text="hello")
    characters = tasks.vocabulary("hello")
    assert tasks.decode(lab.numbers.trace.x, characters) == "hell"
    assert tasks.decode(lab.numbers.y, characters) == "ello"


@every_setting
def test_the_cells_and_margins_are_those_of_flow_and_add_up_to_backward(start):
    numbers = labs.blame(**start).numbers
    params, trace, y = numbers.params, numbers.trace, numbers.y
    C, dW = flow.blame(params, trace, y), rnn.backward(params, trace, y).W
    scale = max(np.abs(dW).max(), 1e-300)
    np.testing.assert_allclose(numbers.norms, np.linalg.norm(C, axis=(2, 3)), rtol=1e-12)
    np.testing.assert_allclose(numbers.by_copy, np.linalg.norm(C.sum(0), axis=(1, 2)), atol=1e-12 * scale)
    np.testing.assert_allclose(numbers.by_error, np.linalg.norm(C.sum(1), axis=(1, 2)), atol=1e-12 * scale)
    np.testing.assert_allclose(numbers.dW, dW, rtol=0, atol=1e-10 * scale)
    assert numbers.difference <= 1e-10


@every_setting
def test_a_cell_is_the_product_of_its_factors(start):
    numbers = labs.blame(**start).numbers
    t, k, reaching = numbers.t, numbers.k, numbers.reaching
    params, trace = numbers.params, numbers.trace
    error = rnn.error_at_logits(trace.o, numbers.y)[t] @ params.V  # the chain, step by step, without flow
    for j in range(t, k, -1):
        assert reaching[j] == pytest.approx(np.linalg.norm(error), rel=1e-9)
        error = (rnn.slope(trace.s[j], trace.func) * error) @ params.W
    assert numbers.squashed == pytest.approx(
        np.linalg.norm(rnn.slope(trace.s[k], trace.func) * error), rel=1e-9
    )
    assert numbers.norms[t, k] == pytest.approx(numbers.squashed * numbers.s_prev, rel=1e-12)


@every_setting
def test_the_picture_carries_the_numbers(start):
    lab = labs.blame(**start)
    numbers, picture = lab.numbers, drawn(lab)
    t, k, T = numbers.t, numbers.k, len(numbers.norms)
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log10(numbers.norms), -300)
    cells = picture.cells.values
    assert np.array_equal(np.isnan(cells), ~np.tri(T, dtype=bool))
    assert np.array_equal(cells[np.tri(T, dtype=bool)], logs[np.tri(T, dtype=bool)])
    assert np.array_equal(picture.strip.get_array()[0, : t + 1], logs[t, : t + 1])
    assert "".join(picture.characters.strings).replace("␣", " ") == lab.settings.text
    assert picture.chosen.get_xdata().min() == pytest.approx(k / T)
    assert picture.chosen.get_ydata().max() == pytest.approx((t + 1) / T)
    tops = picture.by_copy.get_xy()[1:-2:2, 1]  # each bar's left corner
    largest = max(numbers.by_copy.max(), 1e-300)
    np.testing.assert_allclose(tops, numbers.by_copy / largest, atol=1e-12)
    assert [float(text) for text in picture.longest.strings] == pytest.approx(
        [numbers.by_copy.max(), numbers.by_error.max()], rel=0.05, abs=1e-3
    )
    *factors, steps = picture.product.strings
    assert steps == f"({t - k} step{'' if t - k == 1 else 's'})"
    written = [float(text) for text in factors]
    if numbers.norms[t, k] > 0:
        assert written[0] == pytest.approx(np.prod(written[1:]), rel=0.05, abs=1e-3)


def test_the_picture_marks_the_copy_the_error_and_the_target():
    lab = labs.blame(text="abcdef", t=3, k=1)
    target, error, copy = (segment[:, 0].mean() for segment in drawn(lab).boxes.get_segments())
    assert copy < error < target
    assert (error - copy) == pytest.approx(2 * (target - error), rel=0.05)


def test_the_axes_name_the_characters_all_of_them_where_there_is_room():
    picture = drawn(labs.blame(text="abcd", t=2, k=1))
    assert (picture.row.strings, picture.column.strings) == (["a", "b", "c"], ["a", "b", "c"])
    picture = drawn(labs.blame(t=30, k=24))
    assert (picture.row.strings, picture.column.strings) == (["‘a’"], ["‘t’"])


def test_every_row_and_column_has_its_number_where_there_is_room():
    picture = drawn(labs.blame(text="abcd", t=2, k=1))
    assert (picture.row_steps.strings, picture.column_steps.strings) == (["0", "1", "2"], ["0", "1", "2"])
    assert picture.row_steps.colours == [PARAMETER, PARAMETER, GRADIENT]
    assert picture.column_steps.colours == [PARAMETER, STATE, PARAMETER]
    picture = drawn(labs.blame(t=31, k=25))
    assert picture.row_steps.strings == ["0", "10", "20", "40", "31"]  # 30 would touch 31
    assert picture.column_steps.strings == ["0", "10", "20", "30", "40", "25"]


def test_a_short_text_has_a_number_in_every_cell_and_says_why_the_first_column_is_empty():
    lab = labs.blame(text="hello", t=2, k=1)
    picture = drawn(lab)
    *cells, reason = picture.numbers.strings
    assert [float(text) for text in cells] == pytest.approx(lab.numbers.norms[np.tril_indices(4)], abs=5e-4)
    assert [text for text in cells if text == "0"] == ["0"] * 4
    assert reason == "$s_{-1} = 0$"
    assert len(drawn(labs.blame(text="a" * 4 + "bcd")).numbers.strings) == 22
    assert drawn(labs.blame(text="abcdefgh")).numbers.strings == []


def test_lines_lead_from_the_labels_to_the_cell_of_a_longer_text():
    picture = drawn(labs.blame(t=30, k=12))
    T = 48
    x, y = (np.array(values) * T for values in picture.guides.get_data())
    np.testing.assert_allclose(x[[0, 1, 3, 4]], [0, 12, 12.5, 12.5])
    np.testing.assert_allclose(y[[0, 1, 3, 4]], [30.5, 30.5, 31, T])
    for start in ({"t": 5, "k": 40}, {"text": "hello", "t": 2, "k": 1}):
        assert len(drawn(labs.blame(**start)).guides.get_xdata()) == 0


def test_the_table_alone_is_shown_and_its_chosen_cell_read_out():
    picture = drawn(labs.blame(text="hello", t=2, k=1, show="table"))
    assert picture.reading.axes.get_visible()
    assert not any(axes.get_visible() for axes in picture.other_panels)
    said = " ".join(picture.reading.strings)
    assert "row t = 2: the error of step 2, at ‘l’, when ‘l’ was to come" in said
    assert "column k = 1: the copy of W used at step 1, where it multiplied $s_{0}$ ‖C[2, 1]‖ =" in said
    assert float(picture.size_of_cell.strings[0]) == pytest.approx(0.251)
    picture = drawn(labs.blame(text="hello", t=1, k=3, show="table"))
    assert picture.size_of_cell.strings == ["0"]
    picture = drawn(labs.blame(text="hello", t=2, k=1))
    assert not picture.reading.axes.get_visible()
    assert all(axes.get_visible() for axes in picture.other_panels)


def test_a_dollar_in_the_text_is_no_mathematics():
    picture = drawn(labs.blame(text="$$$", t=0, k=0, show="table"))
    assert max(line.count("$") for line in picture.reading.strings if "s_{" not in line) < 2


def test_characters_without_a_glyph_are_drawn_as_boxes():
    lab = labs.blame(text="a\U000e0001\n中$$b", t=1, k=1)
    assert drawn(lab).characters.strings == list("a□␣□$$b")


def test_the_chosen_cell_stays_within_a_shorter_text():
    lab = labs.blame(t=40, k=39)
    lab.controls["text"].value = "hello"
    assert (lab.numbers.t, lab.numbers.k) == (3, 3)
    assert lab.controls["t"].max == 3


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({}, "All 1176 cells, added as matrices, give rnn.backward's ∂E/∂W to"),
        ({"t": 3, "k": 3}, "its own step's copy."),
        ({}, "</b>, 0.043 times that of its own step's copy."),
        ({"t": 3, "k": 0}, "<b>exactly nothing</b>, because s₋₁ = 0"),
        ({"t": 9, "k": 3, "radius": 0.0}, "a factor on the way is 0"),
        ({"t": 3, "k": 9}, "comes <b>after</b> the error at step 3"),
        ({"text": "a"}, "A single character has no next one"),
        ({"text": "aaa"}, "softmax of one number is <b>always 1</b>"),
        ({"text": "a<b", "t": 0, "k": 0}, "(‘&lt;’ was to come)"),
        ({"text": "a b", "t": 0, "k": 0}, "(a space was to come)"),
        ({"text": "ab"}, "The one cell gives rnn.backward's ∂E/∂W"),
    ],
)
def test_it_says_what_is_seen(start, said):
    assert said in labs.blame(**start).words.value


@pytest.mark.parametrize(
    ("start", "written"),
    [
        ({"t": 30, "k": 24, "radius": 0.2}, r"\d\.\de-\d\d"),
        ({"t": 30, "k": 24, "radius": 0.8}, r"0\.\d{3}"),
        ({"t": 40, "k": 9, "radius": 2.0}, r"\d{3}\.\d{3}"),
    ],
)
def test_a_share_of_any_size_is_so_many_times(start, written):
    lab = labs.blame(**start)
    share = re.search(rf"</b>, ({written}) times that of its own step's copy", lab.words.value)[1]
    t, k, norms = lab.numbers.t, lab.numbers.k, lab.numbers.norms
    assert float(share) == pytest.approx(norms[t, k] / norms[t, t], rel=0.05)
