"""tasks.text: batches tile the text, what is held out is its end; and what counting characters gets."""

import collections
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bptt_helpers import tasks

MANUAL = tasks.text()


@st.composite
def small_texts(draw):
    """A task on a random text of a few letters."""
    text = draw(st.text("abcd\n", min_size=8, max_size=120))
    T, share = draw(st.integers(1, 6)), draw(st.sampled_from([0.2, 0.3, 0.5]))
    held_out = round(share * len(text))
    assume(len(set(text)) > 1 and held_out >= 2 and len(text) - held_out > T)
    return text, tasks.text(text, T=T, validation_share=share)


def test_the_whole_manual_unless_given():
    assert MANUAL.vocabulary == tasks.vocabulary(tasks.manual_text())
    everything = np.concatenate([MANUAL.training, MANUAL.held_out])
    assert tasks.decode(everything, MANUAL.vocabulary) == tasks.manual_text()
    assert len(MANUAL.held_out) == round(0.1 * len(everything))
    assert MANUAL.C == MANUAL.D == len(MANUAL.vocabulary)
    assert MANUAL.T == 25


@given(small_texts())
def test_the_end_is_held_out_and_the_beginning_is_not(case):
    text, task = case
    cut = len(task.training)
    assert tasks.decode(task.training, task.vocabulary) == text[:cut]
    assert tasks.decode(task.held_out, task.vocabulary) == text[cut:]
    assert not task.training.flags.writeable
    assert not task.held_out.flags.writeable


@settings(max_examples=60)
@given(small_texts(), st.integers(1, 5), st.integers(0, 10**20))
def test_batches_tile_the_text(case, size, index):
    """Each reader: the next character is the text's, and the next batch starts where this one ended."""
    _, task = case
    pairs = list(zip(task.training[:-1].tolist(), task.training[1:].tolist(), strict=True))
    here, later = task.batch(index, size), task.batch(index + 1, size)
    for b in range(size):
        start = b * len(pairs) // size + index * task.T
        for batch, begin in ((here, start), (later, start + task.T)):
            for t in range(task.T):
                assert (batch.x[t, b], batch.y[t, b]) == pairs[(begin + t) % len(pairs)]


@settings(max_examples=60)
@given(T=st.integers(1, 6), size=st.integers(1, 5), batches=st.integers(1, 6), rounds=st.integers(0, 3))
def test_every_training_character_is_read_once_a_round(T, size, batches, rounds):
    """When the text divides evenly; a text in which every character differs shows which were read."""
    text = "".join(chr(0x4E00 + i) for i in range(T * size * batches + 1))
    task = tasks.text(text + text[:2], T=T, validation_share=2 / (len(text) + 2))
    read = [task.batch(rounds * batches + i, size) for i in range(batches)]
    assert sorted(np.concatenate([batch.x.ravel() for batch in read])) == list(range(len(text) - 1))
    assert sorted(np.concatenate([batch.y.ravel() for batch in read])) == list(range(1, len(text)))


@settings(max_examples=60)
@given(small_texts(), st.integers(1, 5))
def test_no_round_leaves_a_character_out_also_when_the_text_does_not_divide(case, size):
    text, task = case
    letters = "".join(chr(0x4E00 + i) for i in range(len(task.training)))
    task = tasks.text(
        letters + text[: len(task.held_out)], T=task.T, validation_share=len(task.held_out) / len(text)
    )
    longest = math.ceil(len(letters) / size)  # from one reader's start to the next
    read = [task.batch(i, size).x for i in range(math.ceil(longest / task.T))]
    first = tasks.decode(np.unique(read), task.vocabulary)
    assert set(letters[:-1]) <= set(first)


def test_continues_is_true_where_the_state_belongs_to_what_follows():
    assert [MANUAL.continues(index) for index in (0, 1, 2, 10**6)] == [False, True, True, True]


@given(small_texts(), st.integers(1, 6))
def test_validation_is_the_held_out_text_in_columns(case, size):
    _, task = case
    m = len(task.held_out)
    if size > m - 1:
        with pytest.raises(ValueError, match=rf"^size: expected at most {m - 1} parts .*, got {size}$"):
            task.validation(size)
        return
    x, y = task.validation(size)
    assert x.shape == y.shape == ((m - 1) // size, size)
    read, asked = x.T.ravel(), y.T.ravel()  # column after column
    np.testing.assert_array_equal(read, task.held_out[: len(read)])
    np.testing.assert_array_equal(asked, task.held_out[1 : len(read) + 1])
    assert m - 1 - len(read) < size


def test_a_batch_and_the_task_may_not_share_memory():
    task = tasks.text("abcdefgh" * 4, T=4)
    x, y = task.batch(0, 2)
    x[:] = y[:] = 0
    assert len(set(task.training.tolist())) == 8


def test_batches_far_on_are_made_at_once_and_stay_inside():
    x, y = MANUAL.batch(10**40, 16)
    assert x.shape == y.shape == (25, 16)


REFUSED = {
    "no string": ("text", TypeError, lambda: tasks.text(b"abc")),
    "empty": ("text", ValueError, lambda: tasks.text("")),
    "one character": ("text", ValueError, lambda: tasks.text("a" * 100)),
    "too short for T": ("text", ValueError, lambda: tasks.text("ab" * 14)),
    "too little held out": ("text", ValueError, lambda: tasks.text("ab" * 50, validation_share=0.01)),
    "too much held out": ("text", ValueError, lambda: tasks.text("ab" * 50, validation_share=0.9)),
    "T 0": ("T", ValueError, lambda: tasks.text("ab" * 50, T=0)),
    "T a float": ("T", TypeError, lambda: tasks.text("ab" * 50, T=2.0)),
    "share 0": ("validation_share", ValueError, lambda: tasks.text("ab" * 50, validation_share=0)),
    "share 1": ("validation_share", ValueError, lambda: tasks.text("ab" * 50, validation_share=1)),
    "share nan": ("validation_share", ValueError, lambda: tasks.text("ab" * 50, validation_share=np.nan)),
    "share a string": ("validation_share", TypeError, lambda: tasks.text("ab" * 50, validation_share="0.1")),
    "index negative": ("index", ValueError, lambda: MANUAL.batch(-1, 1)),
    "size 0": ("size", ValueError, lambda: MANUAL.batch(0, 0)),
    "validation size 0": ("size", ValueError, lambda: MANUAL.validation(0)),
    "continues negative": ("index", ValueError, lambda: MANUAL.continues(-1)),
    "counts of another task": ("task", TypeError, lambda: tasks.unigram_loss(tasks.adding(5))),
    "counts of a string": ("task", TypeError, lambda: tasks.bigram_loss("abc")),
    "order 0": ("order", ValueError, lambda: tasks.count_loss(MANUAL, 0)),
    "order a float": ("order", TypeError, lambda: tasks.count_loss(MANUAL, 2.0)),
    "order too large": ("order", ValueError, lambda: tasks.count_loss(MANUAL, 10)),
    "order beyond the text": (
        "order",
        ValueError,
        lambda: tasks.count_loss(tasks.text("abababab", T=2, validation_share=0.25), 7),
    ),
}


@pytest.mark.parametrize("row", REFUSED)
def test_refuses(row):
    name, error, call = REFUSED[row]
    with pytest.raises(error, match=rf"^{name}: expected .*, got ") as raised:
        call()
    assert raised.type is error


def test_too_short_says_what_it_takes():
    with pytest.raises(ValueError, match=r"at least 26 characters to train on \(T = 25\)") as raised:
        tasks.text("ab" * 14)
    assert str(raised.value).endswith("got 25 and 3")
    assert tasks.text("ab" * 14 + "a").T == 25  # one more is enough


# Counting


def surprise_by_loops(task, order):
    """count_surprise with dictionaries, one character at a time."""
    training = task.training.tolist()
    runs, heads = collections.Counter(), collections.Counter()
    for end in range(order, len(training) + 1):
        run = tuple(training[end - order : end])
        runs[run] += 1
        heads[run[:-1]] += 1
    text = training + task.held_out.tolist()
    found = []
    for place in range(len(training) + 1, len(text)):
        run = tuple(text[place - order + 1 : place + 1])
        found.append(-math.log((runs[run] + 1) / (heads[run[:-1]] + task.C)))
    return found


@settings(max_examples=60)
@given(small_texts(), st.integers(1, 4))
def test_counting_against_plain_loops(case, order):
    _, task = case
    assume(order <= len(task.training))
    surprise = tasks.count_surprise(task, order)
    assert surprise.shape == (len(task.held_out) - 1,)
    np.testing.assert_allclose(surprise, surprise_by_loops(task, order), rtol=1e-12)
    assert tasks.count_loss(task, order) == pytest.approx(np.mean(surprise), rel=1e-12)


def test_counting_the_manual_against_plain_loops():
    for order, loss in ((1, tasks.unigram_loss), (2, tasks.bigram_loss)):
        assert loss(MANUAL) == pytest.approx(np.mean(surprise_by_loops(MANUAL, order)), rel=1e-9)


def test_a_count_is_a_distribution_over_what_may_follow():
    """Each class in turn as the held-out character: the probabilities of all sum to 1, seen or not."""
    text = "abracadabra" * 3
    for order in (1, 2, 3):
        total = 0
        for letter in "abcdr":
            task = tasks.text(text + "d" + letter, T=3, validation_share=2 / (len(text) + 2))
            total += np.exp(-tasks.count_surprise(task, order)).item()
        assert total == pytest.approx(1, rel=1e-12)


def test_more_context_says_more_and_everything_beats_chance():
    unigram, bigram, trigram = (tasks.count_loss(MANUAL, order) for order in (1, 2, 3))
    assert trigram < bigram < unigram < MANUAL.chance


def test_orders_up_to_what_fits_a_number():
    task = tasks.text("ab" * 100, T=3)
    assert tasks.count_loss(task, 63) == pytest.approx(np.mean(surprise_by_loops(task, 63)), rel=1e-12)
    with pytest.raises(ValueError, match=r"^order: expected at most 63 for 2 classes, got 64$"):
        tasks.count_loss(task, 64)
