"""Real text: the manual that ships inside Python itself, or the learner's own; and characters as classes.

`pydoc_data.topics` is what `help("assert")` shows. Characters are the classes; the vocabulary is sorted: a
vocabulary from list(set(text)) would be another one in every run.
"""

import math
import re
from pydoc_data.topics import topics

import numpy as np

from bptt_helpers import arguments

MOST_BYTES, FEWEST_CHARACTERS, MOST_DIFFERENT = 5_000_000, 1000, 500  # of a text that a learner brings

_PARAGRAPHS = re.compile(r"\n\s*\n")
_PLAIN_SENTENCE = re.compile(r"[A-Z][A-Za-z ,'-]*\.")  # neither code nor markup


def manual_text(topic=None):
    """The text of one topic of Python's manual, such as "objects", or of all of them, one after the other.

    Some topics are parts of others. In the text of all of them each paragraph stands once, where it comes
    first: or else a good part of what is held out of it would be known from what is learnt.

    TypeError or ValueError names topic, and a few that exist.
    """
    if topic is None:
        return _each_paragraph_once("\n\n".join(topics[name] for name in sorted(topics)))
    if not isinstance(topic, str):
        raise TypeError(f"topic: expected the name of a topic or None, got {topic!r}")
    if topic not in topics:
        some = ", ".join(sorted(topics)[:: len(topics) // 6])
        raise ValueError(f"topic: expected one of {len(topics)} topics such as {some}, got {topic!r}")
    return topics[topic]


def _each_paragraph_once(text):
    """The text without paragraphs that came before, however they are indented."""
    kept = {}
    for paragraph in _PARAGRAPHS.split(text):
        kept.setdefault(" ".join(paragraph.split()), paragraph)
    return "\n\n".join(kept.values())


def sentence(topic="objects", longest=60):
    """The first plain sentence, of letters and commas and of at most `longest` characters, that a topic has.

    ValueError names longest when the topic has no sentence that short.
    """
    text = manual_text(topic)
    longest = arguments.integer("longest", longest)
    for paragraph in _PARAGRAPHS.split(text):
        for candidate in re.split(r"(?<=\.)\s+", " ".join(paragraph.split())):
            if len(candidate) <= longest and _PLAIN_SENTENCE.fullmatch(candidate):
                return candidate
    raise ValueError(f"longest: expected room for a sentence of topic {topic!r}, got {longest} characters")


def text_from_bytes(content, *, limit=MOST_BYTES):
    """The text of a file whose bytes are `content`, ready for tasks.text: UTF-8, its lines ended by "\\n".

    A byte order mark at the start goes. ValueError, in words for the one who brought the file: larger than
    `limit` bytes, not UTF-8 (with the place), not a text, shorter than 1000 characters, all one character, or
    more than 500 different ones. TypeError when `content` is no bytes, bytearray or memoryview.
    """
    if not isinstance(content, bytes | bytearray | memoryview):
        raise TypeError(f"content: expected the bytes of a file, got {type(content).__name__}")
    content, limit = bytes(content), arguments.integer("limit", limit)
    if len(content) > limit:
        raise ValueError(
            f"content: expected a file of at most {_size(limit, math.floor)}, got "
            f"{_size(len(content), math.ceil)}; a part of it will do"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + len(content) - len(error.object)  # a byte order mark is not in error.object
        line = content.count(b"\n", 0, at) + 1
        raise ValueError(
            f"content: expected text in UTF-8, got byte {content[at]:#04x} at position {at} (line {line}), "
            "which does not fit; an editor can save it as UTF-8"
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    different = len(set(text))
    if "\0" in text:
        raise ValueError(
            f"content: expected text, got a zero byte at position {content.index(0)}; "
            "this may be no text file"
        )
    if len(text) < FEWEST_CHARACTERS:
        raise ValueError(
            f"content: expected at least {FEWEST_CHARACTERS} characters, to learn from and to hold out, "
            f"got {len(text)}"
        )
    if different < 2:
        raise ValueError(f"content: expected at least 2 different characters, got {text[0]!r} only")
    if different > MOST_DIFFERENT:
        raise ValueError(
            f"content: expected at most {MOST_DIFFERENT} different characters, got {different}; "
            "each is a class of its own, and few of them would be seen often enough"
        )
    return text


def vocabulary(text):
    """The characters of `text`, each once, sorted: a tuple whose index is the class. Errors name text."""
    _check_text(text)
    return tuple(sorted(set(text)))


def encode(text, vocabulary):
    """`text` as class indices, an integer array of shape (T,).

    ValueError names text when it is empty, or a character that the vocabulary does not have.
    """
    _check_text(text)
    classes = {character: index for index, character in enumerate(_check_vocabulary(vocabulary))}
    unknown = sorted(set(text) - set(classes))
    if unknown:
        raise ValueError(f"text: expected characters of the vocabulary only, got {unknown[0]!r}")
    return np.array([classes[character] for character in text])


def decode(indices, vocabulary):
    """The text that encode made `indices` (T,) from. TypeError or ValueError names the bad argument."""
    vocabulary = _check_vocabulary(vocabulary)
    indices = arguments.classes("indices", indices, len(vocabulary))
    if indices.ndim != 1:
        raise ValueError(f"indices: expected shape (T,), got {indices.shape}")
    return "".join(vocabulary[index] for index in indices)


def _size(count, rounding):
    """A number of bytes in words, such as "5 MB", rounded by math.floor or math.ceil."""
    return f"{rounding(count / 1e5) / 10:g} MB" if count >= 1e6 else f"{count} bytes"


def _check_text(text):
    """TypeError or ValueError unless `text` is a string with something in it."""
    if not isinstance(text, str):
        raise TypeError(f"text: expected a string, got {type(text).__name__}")
    if not text:
        raise ValueError("text: expected at least one character, got an empty string")


def _check_vocabulary(vocabulary):
    """`vocabulary` as a tuple of single characters that all differ; else TypeError or ValueError."""
    try:
        vocabulary = tuple(vocabulary)
    except TypeError as error:
        raise TypeError(f"vocabulary: expected a sequence of characters, got {vocabulary!r}") from error
    for character in vocabulary:
        if not isinstance(character, str) or len(character) != 1:
            raise TypeError(f"vocabulary: expected single characters, got {character!r}")
    if len(set(vocabulary)) != len(vocabulary) or not vocabulary:
        raise ValueError(f"vocabulary: expected characters that all differ, got {''.join(vocabulary)!r}")
    return vocabulary
