"""The task of a text: after each character, say the next one."""

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from bptt_helpers import arguments
from bptt_helpers.tasks import texts
from bptt_helpers.tasks.task import Batch, Task


@dataclass(frozen=True, eq=False, kw_only=True)
class Text(Task):
    """A text to learn, character by character; see `text`.

    vocabulary  the characters, sorted: the index is the class
    training    (n,) classes of the beginning
    held_out    (m,) classes of the end, which no batch shows
    """

    vocabulary: tuple
    training: np.ndarray = field(repr=False)
    held_out: np.ndarray = field(repr=False)

    def batch(self, index, size):
        """T characters from each of `size` readers, and the character after each: (T, size) both.

        The readers start at evenly spaced places and read on without end: each goes on where it stopped, past
        the next reader's start, and from the end of the training text to its beginning. So n - 1 characters
        have been read once after (n - 1) / (T size) batches. TypeError or ValueError names index or size.
        """
        index, size = arguments.integer("index", index, minimum=0), arguments.integer("size", size)
        asked = len(self.training) - 1  # the last character is only ever a next one
        start = np.arange(size) * asked // size + index * self.T % asked  # (B,)
        place = (start + np.arange(self.T)[:, None]) % asked  # (T, B)
        return Batch(self.training[place], self.training[place + 1])

    def validation(self, size):
        """The held-out text in `size` parts side by side, each contiguous: ((m - 1) // size, size).

        The last characters, fewer than `size`, are left out. TypeError or ValueError names size.
        """
        size, asked = arguments.integer("size", size), len(self.held_out) - 1
        if size > asked:
            raise ValueError(f"size: expected at most {asked} parts of the held-out text, got {size}")
        steps = asked // size
        place = np.arange(steps)[:, None] + steps * np.arange(size)  # (T, B)
        return Batch(self.held_out[place], self.held_out[place + 1])

    def continues(self, index):
        """True but for the first batch: every reader goes on where it stopped."""
        return arguments.integer("index", index, minimum=0) > 0


def text(text=None, *, T=25, validation_share=0.1):
    """The task of saying each next character of `text`, of Python's whole manual unless given.

    The last `validation_share` of the characters is held out. A batch holds T characters from each of its
    readers; with T = 25 and one reader this is the reading of A. Karpathy's min-char-rnn (2015), but that the
    state is kept when the text begins again, and what is left of the text there is read too. Chance is that
    of one who knows which characters there are and no more: ln C. What counting them gives is in
    tasks.count_loss.

    TypeError or ValueError names T, validation_share, or a text that is too short or all one character.
    """
    text = texts.manual_text() if text is None else text
    vocabulary = texts.vocabulary(text)
    T, share = arguments.integer("T", T), arguments.number("validation_share", validation_share)
    if not 0 < share < 1:
        raise ValueError(f"validation_share: expected a number between 0 and 1, got {share}")
    if len(vocabulary) < 2:
        raise ValueError(f"text: expected at least 2 different characters, got {vocabulary[0]!r} only")
    held_out = round(share * len(text))
    if held_out < 2 or len(text) - held_out < T + 1:
        raise ValueError(
            f"text: expected at least {T + 1} characters to train on (T = {T}) and 2 to hold out "
            f"(validation_share = {share:g}), got {len(text) - held_out} and {held_out}"
        )
    classes = texts.encode(text, vocabulary)
    classes.flags.writeable = False
    C = len(vocabulary)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Text(
        name="text",
        T=T,
        D=C,
        C=C,
        loss="cross_entropy",
        chance=math.log(C),
        chance_from=f"each of the {C} characters with probability 1/{C}",
        key=f"text, T = {T}, validation_share = {share!r}, sha256 = {digest}",
        vocabulary=vocabulary,
        training=classes[:-held_out],
        held_out=classes[-held_out:],
    )
