"""What counting gets: the loss of predicting a character from how often it followed the ones before it.

A network that says more than these has learnt more than which characters are frequent after which.
"""

import numpy as np

from bptt_helpers import arguments
from bptt_helpers.tasks.reading import Text


def unigram_loss(task):
    """The loss (nats a character) of how frequent each character is: count_loss(task, 1)."""
    return count_loss(task, 1)


def bigram_loss(task):
    """The loss (nats a character) of what follows each character how often: count_loss(task, 2)."""
    return count_loss(task, 2)


def count_loss(task, order):
    """The mean of count_surprise(task, order): nats a character, of what validation asks for."""
    return float(count_surprise(task, order).mean())


def count_surprise(task, order):
    """-ln p of each held-out character but the first, from counts of the training text: (m - 1,).

    p(c | h) = (N(h c) + 1) / (N(h) + C), where h is the `order` - 1 characters before c, N counts in
    task.training (h only where a character follows), and 1 is added to every count so that nothing has p = 0
    (Laplace's rule). `order` is 1 for single characters, 2 for pairs, and so on; the first few h reach back
    into the end of the training text. TypeError or ValueError names task or order, also when C**order exceeds
    2**63.
    """
    arguments.instance("task", task, Text)
    order = arguments.integer("order", order)
    if task.C**order > 2**63:
        raise ValueError(
            f"order: expected at most {int(63 / np.log2(task.C))} for {task.C} classes, got {order}"
        )
    if order > len(task.training):
        raise ValueError(f"order: expected at most the {len(task.training)} training characters, got {order}")
    text = np.concatenate([task.training, task.held_out])
    known = _runs(task.training, order, task.C)
    asked = _runs(text, order, task.C)[1 - len(task.held_out) :]  # (m - 1,)
    seen, seen_before = _count(known, asked), _count(known // task.C, asked // task.C)
    return np.log(seen_before + task.C) - np.log(seen + 1)  # (m - 1,)


def _runs(classes, order, C):
    """Each run of `order` classes in (n,) as one number, the last class its last digit: (n - order + 1,)."""
    runs = np.zeros(len(classes) - order + 1, np.int64)
    for i in range(order):
        runs = runs * C + classes[i : i + len(runs)]
    return runs


def _count(known, asked):
    """How often each of `asked` (m,) is among `known` (n,): (m,)."""
    known = np.sort(known)
    return np.searchsorted(known, asked, "right") - np.searchsorted(known, asked, "left")
