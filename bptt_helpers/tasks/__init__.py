"""What a network can learn here: tasks that ask for memory, and real text.

task     Task and Batch: what all tasks have in common
memory   adding, temporal_order, copy, binary_addition: drawn at random, without end
texts    manual_text, sentence: the manual that ships inside Python; text_from_bytes: the learner's own text;
         vocabulary, encode, decode: characters as classes
reading  text: the task of saying each next character of a text
counts   unigram_loss, bigram_loss, count_loss, count_surprise: what mere counting of characters gets

Each task says what it costs to know nothing of a sequence (`chance`). Not here: the training (train).
"""

from bptt_helpers.tasks.counts import bigram_loss, count_loss, count_surprise, unigram_loss
from bptt_helpers.tasks.memory import adding, binary_addition, copy, temporal_order
from bptt_helpers.tasks.reading import Text, text
from bptt_helpers.tasks.task import Batch, Task
from bptt_helpers.tasks.texts import decode, encode, manual_text, sentence, text_from_bytes, vocabulary

__all__ = [
    "Batch",
    "Task",
    "Text",
    "adding",
    "bigram_loss",
    "binary_addition",
    "copy",
    "count_loss",
    "count_surprise",
    "decode",
    "encode",
    "manual_text",
    "sentence",
    "temporal_order",
    "text",
    "text_from_bytes",
    "unigram_loss",
    "vocabulary",
]
