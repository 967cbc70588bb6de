"""What a network can learn here: so far, real text, the manual that ships inside Python itself.

`pydoc_data.topics` is what `help("assert")` shows. Characters are the classes; the vocabulary is sorted: a
vocabulary from list(set(text)) would be another one in every run.

Not here: the standard memory tasks (with the notebooks that need them), and the training (train).
"""

import re
from pydoc_data.topics import topics

import numpy as np

from bptt_helpers import arguments

_PLAIN_SENTENCE = re.compile(r"[A-Z][A-Za-z ,'-]*\.")  # neither code nor markup


def manual_text(topic=None):
    """The text of one topic of Python's manual, such as "objects", or of all of them, one after the other.

    TypeError or ValueError names topic, and a few that exist.
    """
    if topic is None:
        return "\n".join(topics[name] for name in sorted(topics))
    if not isinstance(topic, str):
        raise TypeError(f"topic: expected the name of a topic or None, got {topic!r}")
    if topic not in topics:
        some = ", ".join(sorted(topics)[:: len(topics) // 6])
        raise ValueError(f"topic: expected one of {len(topics)} topics such as {some}, got {topic!r}")
    return topics[topic]


def sentence(topic="objects", longest=60):
    """The first plain sentence, of letters and commas and of at most `longest` characters, that a topic has.

    ValueError names longest when the topic has no sentence that short.
    """
    text = manual_text(topic)
    longest = arguments.integer("longest", longest)
    for paragraph in re.split(r"\n\s*\n", text):
        for candidate in re.split(r"(?<=\.)\s+", " ".join(paragraph.split())):
            if len(candidate) <= longest and _PLAIN_SENTENCE.fullmatch(candidate):
                return candidate
    raise ValueError(f"longest: expected room for a sentence of topic {topic!r}, got {longest} characters")


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
