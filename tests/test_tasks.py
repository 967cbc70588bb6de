"""tasks: real text from Python's manual, and characters as classes."""

from pydoc_data.topics import topics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_helpers import tasks


def test_manual_text_is_the_manual():
    assert tasks.manual_text("objects") == topics["objects"]
    whole = tasks.manual_text()
    assert len(whole) > 400_000
    assert all(text in whole for text in topics.values())


def test_sentence_is_a_real_one_line_sentence():
    sentence = tasks.sentence()
    assert "\n" not in sentence
    assert 10 < len(sentence) <= 60
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert sentence in " ".join(tasks.manual_text("objects").split())


def test_sentence_is_the_first_that_fits():
    whole = " ".join(tasks.manual_text("objects").split())
    short, long = tasks.sentence("objects", longest=60), tasks.sentence("objects", longest=300)
    assert len(tasks.sentence("objects", longest=len(short))) == len(short)
    assert whole.index(long) <= whole.index(short)
    assert tasks.sentence(None, longest=60)


def test_vocabulary_is_sorted_and_each_character_once():
    assert tasks.vocabulary("banana!") == ("!", "a", "b", "n")


@given(st.text(min_size=1, max_size=100))
def test_decode_undoes_encode(text):
    characters = tasks.vocabulary(text)
    classes = tasks.encode(text, characters)
    assert classes.shape == (len(text),)
    assert classes.dtype.kind == "i"
    assert tasks.decode(classes, characters) == text


def test_encode_gives_the_position_in_the_vocabulary():
    np.testing.assert_array_equal(tasks.encode("cab", "abc"), [2, 0, 1])


@pytest.mark.parametrize("topic", ["object", "", "Objects"])
def test_unknown_topic_names_some_that_exist(topic):
    with pytest.raises(ValueError, match=r"^topic: expected .* such as assert, ") as error:
        tasks.manual_text(topic)
    named = str(error.value).split("such as ")[1].split(", got")[0].split(", ")
    assert len(named) >= 3
    assert all(name in topics for name in named)
