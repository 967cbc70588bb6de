"""tasks: real text from Python's manual, and characters as classes."""

import re
from pydoc_data.topics import topics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_helpers import tasks


def test_manual_text_is_the_manual():
    assert tasks.manual_text("objects") == topics["objects"]
    whole = tasks.manual_text()
    assert len(whole) > 300_000
    lines = {line.strip() for line in whole.splitlines()}
    assert all(line.strip() in lines for text in topics.values() for line in text.splitlines())


def test_the_whole_manual_says_nothing_twice():
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", tasks.manual_text())]
    assert len(set(paragraphs)) == len(paragraphs) > 1000
    # What is held out of it is news: of its runs of 50 characters hardly any is in what is learnt.
    task = tasks.text()
    known, asked = (tasks.decode(part, task.vocabulary) for part in (task.training, task.held_out))
    runs = [asked[i : i + 50] for i in range(0, len(asked) - 50, 25)]
    assert np.mean([run in known for run in runs]) < 0.05


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


# The learner's own text

LINES = "Was es alles gibt, und wie schön.\n" * 40


def test_text_from_bytes_gives_back_the_text():
    for content in (LINES.encode(), bytearray(LINES.encode()), memoryview(LINES.encode())):
        assert tasks.text_from_bytes(content) == LINES


def test_a_byte_order_mark_goes_and_lines_end_in_one_way():
    assert tasks.text_from_bytes(LINES.encode("utf-8-sig")) == LINES
    assert tasks.text_from_bytes(LINES.replace("\n", "\r\n").encode()) == LINES
    assert tasks.text_from_bytes(LINES.replace("\n", "\r").encode()) == LINES


def test_a_text_that_is_taken_can_be_learnt():
    shortest = LINES[:1000]
    assert tasks.text(tasks.text_from_bytes(shortest.encode()), T=100).batch(0, 8).x.shape == (100, 8)


def refused_by_python(content):
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_bytes_that_are_no_text_or_a_short_one_are_refused_in_words(content):
    whole = content * 20
    if len(whole) < 1000 or refused_by_python(whole):
        with pytest.raises(ValueError, match=r"(?s)^content: expected .*, got "):
            tasks.text_from_bytes(whole)


MANY = "".join(chr(0x4E00 + i) for i in range(501))
REFUSALS = {
    "Latin 1": (
        (LINES * 2).encode("latin-1"),
        r"text in UTF-8, got byte 0xf6 at position 30 \(line 1\), which does not fit; .* save it as UTF-8",
    ),
    "the line": (LINES.encode()[:-1] + b"\n\n\xff", r"byte 0xff at position \d+ \(line 42\)"),
    "UTF-16": (LINES.encode("utf-16"), r"text in UTF-8, got byte 0xff at position 0 \(line 1\)"),
    "UTF-16 without mark": (b"a\0b\0" * 600, r"text, got a zero byte at position 1; "),
    "nothing": (b"", "at least 1000 characters, .*, got 0"),
    "a word": (b"word", "at least 1000 characters, .*, got 4"),
    "999 characters": ("ö".encode() * 500 + b"a" * 499, "at least 1000 characters, .*, got 999"),
    "one character": (b"a" * 1000, "at least 2 different characters, got 'a' only"),
    "too many": ((MANY * 2).encode(), "at most 500 different characters, got 501; "),
    "too large": (b"ab" * 2_500_001, "a file of at most 5 MB, got 5.1 MB; "),
}


@pytest.mark.parametrize("row", REFUSALS)
def test_text_from_bytes_refuses(row):
    content, message = REFUSALS[row]
    with pytest.raises(ValueError, match=rf"^content: expected .*{message}"):
        tasks.text_from_bytes(content)


def test_what_is_just_within_the_limits_is_taken():
    assert tasks.text_from_bytes(b"ab" * 2_500_000) == "ab" * 2_500_000
    assert tasks.text_from_bytes((MANY[:500] * 2).encode()) == MANY[:500] * 2
    assert tasks.text_from_bytes(b"ab" * 500, limit=1000) == "ab" * 500
    with pytest.raises(ValueError, match=r"^content: expected a file of at most 1000 bytes, got 1002 bytes"):
        tasks.text_from_bytes(b"ab" * 501, limit=1000)


def test_text_from_bytes_refuses_other_kinds():
    with pytest.raises(TypeError, match=r"^content: expected the bytes of a file, got str"):
        tasks.text_from_bytes(LINES)
    with pytest.raises(ValueError, match=r"^limit: expected an integer of at least 1, got 0"):
        tasks.text_from_bytes(b"ab" * 500, limit=0)


def test_the_place_of_a_wrong_byte_is_its_place_in_the_file():
    start = b"\xef\xbb\xbf" + b"ab\n" * 400
    with pytest.raises(ValueError, match=rf"got byte 0xff at position {len(start)} \(line 401\)"):
        tasks.text_from_bytes(start + b"\xff" + b"a" * 50)
