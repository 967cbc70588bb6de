"""The lab blame: its cells are flow.blame's, they sum to backward's dW, each is a chain of factors."""

import numpy as np
import pytest
from networks import random_network, run

from bptt_helpers import flow, labs, rnn, tasks
from bptt_helpers.pictures.canvas import Canvas

SETTINGS = [
    {},
    {"text": "hello world", "t": 8, "k": 3, "scheme": "orthogonal", "radius": 1.0},
    {"text": "ab", "t": 0, "k": 0},
    {"t": 30, "k": 5, "radius": 2.0, "func": "identity", "H": 16},
    {"t": 47, "k": 1, "radius": 0.4, "func": "sigmoid", "H": 1},
    {"t": 20, "k": 12, "func": "relu", "scheme": "identity", "seed": 7},
]

every_setting = pytest.mark.parametrize("start", SETTINGS, ids=str)


def drawn(lab):
    """The picture, moved to the lab's numbers."""
    canvas = Canvas(lab._declaration.picture)
    canvas.png(lab.numbers)
    return canvas.picture


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
    cells = picture.cells.get_array()[:T, :T]
    assert np.array_equal(cells.mask, ~np.tri(T, dtype=bool))
    assert np.array_equal(cells.compressed(), logs[np.tri(T, dtype=bool)])
    assert picture.cells.get_array().count() == T * (T + 1) // 2
    assert np.array_equal(picture.strip.get_array()[0, : t + 1], logs[t, : t + 1])
    assert "".join(picture.characters.strings).replace("␣", " ") == lab.settings.text
    assert picture.chosen.get_xdata().min() == pytest.approx(k / T)
    assert picture.chosen.get_ydata().max() == pytest.approx((t + 1) / T)
    tops = picture.by_copy.get_xy()[1:-2:2, 1]  # each bar's left corner
    largest = max(numbers.by_copy.max(), 1e-300)
    np.testing.assert_allclose(tops, numbers.by_copy / largest, atol=1e-12)
    written = [float(text.split()[0].replace("−", "-")) for text in picture.product.strings]
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
        ({"t": 3, "k": 3}, "its own step's."),
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
