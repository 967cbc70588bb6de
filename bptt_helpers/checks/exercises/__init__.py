"""The exercises of the notebooks: "did I get it right?", one function for each, a file a notebook.

Each calls the learner's function on several cases and prints one of three things, never raising:

    not attempted yet        the function still returns ...
    not yet: ...             what is wrong, by the name of the mistake where one explains every answer
    got it

Beside each right solution stand the wrong ones that learners write, under the message that names them.

Not here: how answers are judged (verdicts), the solutions (rnn, flow, two_steps, shown by `show`), the wrong
versions of backward (mutants).
"""

from bptt_helpers.checks.exercises.notebook_01 import forward_step, unroll
from bptt_helpers.checks.exercises.notebook_02 import cross_entropy, error_at_logits, softmax
from bptt_helpers.checks.exercises.notebook_03 import (
    numeric_derivative,
    two_paths,
    two_step_cases,
    two_step_gradient,
)
from bptt_helpers.checks.exercises.notebook_04 import backward, backward_step
from bptt_helpers.checks.exercises.notebook_05 import (
    catches,
    central_difference,
    forward_in_time,
    forward_in_time_step,
)
from bptt_helpers.checks.exercises.notebook_06 import jacobian, log10_reaching
from bptt_helpers.checks.exercises.notebook_07 import clip_by_norm, fold
from bptt_helpers.checks.exercises.notebook_08 import kept, sweep_in_chunks
from bptt_helpers.checks.exercises.notebook_09 import forget_bias, lstm_backward_step
from bptt_helpers.checks.exercises.notebook_10 import chance, loss_with_memory
from bptt_helpers.checks.exercises.notebook_11 import count_loss, softmax_at

__all__ = [
    "backward",
    "backward_step",
    "catches",
    "central_difference",
    "chance",
    "clip_by_norm",
    "count_loss",
    "cross_entropy",
    "error_at_logits",
    "fold",
    "forget_bias",
    "forward_in_time",
    "forward_in_time_step",
    "forward_step",
    "jacobian",
    "kept",
    "log10_reaching",
    "loss_with_memory",
    "lstm_backward_step",
    "numeric_derivative",
    "softmax",
    "softmax_at",
    "sweep_in_chunks",
    "two_paths",
    "two_step_cases",
    "two_step_gradient",
    "unroll",
]
