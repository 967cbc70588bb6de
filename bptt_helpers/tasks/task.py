"""What every task is: sequences to learn from, sequences held out, and the loss of one who does not look.

Nothing here remembers anything: a batch is made from the task and its index alone, so a run that starts again
at batch 700 meets what the first run met there.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments

TRAINING, VALIDATION = 0, 1  # the streams of random numbers of a seed


class Batch(NamedTuple):
    """Sequences side by side, and what they ask for.

    x  (T, B, D) floats, or (T, B) integer classes
    y  (T, B) integer classes, -1 where nothing is scored, or (T, B, C) floats, nan where nothing is scored
    """

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class Task(ABC):
    """What one task is; two tasks are equal when their keys are.

    name         "adding", "temporal order", "copy", "binary addition" or "text"
    T            steps of a sequence
    D, C         numbers (or classes) a step of x, and of y
    loss         "cross_entropy" (nats) or "squared_error", each the mean over the scored targets
    chance       that mean for the best predictor that does not look at x, and so says the same in every
                 sequence; for a text, of one that does not even know which characters are frequent
    chance_from  what that predictor says, in a few words
    key          a string that tells this task from every other
    """

    name: str
    T: int
    D: int
    C: int
    loss: str
    chance: float
    chance_from: str
    key: str

    @abstractmethod
    def batch(self, index, size):
        """Batch number `index` (0, 1, 2, …, endless) of `size` sequences, the same for the same two numbers.

        TypeError or ValueError names index or size.
        """

    @abstractmethod
    def validation(self, size):
        """A batch of `size` sequences that no batch trains on, always the same. Errors name size."""

    @abstractmethod
    def continues(self, index):
        """Whether batch `index` goes on where batch `index` - 1 ended, so that the state may be kept."""

    def __eq__(self, other):
        return self.key == other.key if isinstance(other, Task) else NotImplemented

    def __hash__(self):
        return hash(self.key)


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawn(Task):
    """A task whose sequences are drawn at random, each apart from all others.

    draw  a function (rng, size) -> Batch
    """

    seed: int
    draw: Callable = field(repr=False)

    def batch(self, index, size):
        """Batch number `index` of `size` sequences, from a generator of its own; see Task.batch."""
        index, size = arguments.integer("index", index, minimum=0), arguments.integer("size", size)
        return self.draw(np.random.default_rng([self.seed, TRAINING, index]), size)

    def validation(self, size):
        """`size` sequences from a stream that no batch draws from; see Task.validation."""
        size = arguments.integer("size", size)
        return self.draw(np.random.default_rng([self.seed, VALIDATION, 0]), size)

    def continues(self, index):
        """False: each sequence stands alone."""
        arguments.integer("index", index, minimum=0)
        return False
