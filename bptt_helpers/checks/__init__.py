"""Is it right? Numerical gradients, "did I get it right?" for the exercises, the bug zoo, tested solutions.

numeric    central_differences, complex_step, compare, gradients: measure a gradient and hold yours against it
at_a_lab   the exercises that are answered with a lab
exercises  one function for each exercise, a file a notebook: `checks.backward(my_backward)`
verdicts   verdict: how an answer is judged
mutants    MUTANTS, CATCHERS, catch_table: wrong versions of backward, and which check catches which
cost       what a call costs in time and memory
solutions  the right answers of small exercises, where no packaged function stands in the form asked for
show       the source of a packaged function, as the solution
"""

from bptt_helpers.checks import mutants, solutions
from bptt_helpers.checks.at_a_lab import grows_first, next_state, remembers
from bptt_helpers.checks.cost import Cost, cost
from bptt_helpers.checks.exercises import (
    backward,
    backward_step,
    catches,
    central_difference,
    chance,
    clip_by_norm,
    count_loss,
    cross_entropy,
    error_at_logits,
    fold,
    forget_bias,
    forward_in_time,
    forward_in_time_step,
    forward_step,
    jacobian,
    kept,
    log10_reaching,
    loss_with_memory,
    lstm_backward_step,
    numeric_derivative,
    softmax,
    softmax_at,
    sweep_in_chunks,
    two_paths,
    two_step_gradient,
    unroll,
)
from bptt_helpers.checks.mutants import CATCHERS, MUTANTS, Catcher, Mutant, catch_table
from bptt_helpers.checks.numeric import (
    central_differences,
    compare,
    complex_step,
    gradients,
    slope_at,
    slopes_at,
)
from bptt_helpers.checks.show import show
from bptt_helpers.checks.verdicts import verdict

__all__ = [
    "CATCHERS",
    "MUTANTS",
    "Catcher",
    "Cost",
    "Mutant",
    "backward",
    "backward_step",
    "catch_table",
    "catches",
    "central_difference",
    "central_differences",
    "chance",
    "clip_by_norm",
    "compare",
    "complex_step",
    "cost",
    "count_loss",
    "cross_entropy",
    "error_at_logits",
    "fold",
    "forget_bias",
    "forward_in_time",
    "forward_in_time_step",
    "forward_step",
    "gradients",
    "grows_first",
    "jacobian",
    "kept",
    "log10_reaching",
    "loss_with_memory",
    "lstm_backward_step",
    "mutants",
    "next_state",
    "numeric_derivative",
    "remembers",
    "show",
    "slope_at",
    "slopes_at",
    "softmax",
    "softmax_at",
    "solutions",
    "sweep_in_chunks",
    "two_paths",
    "two_step_gradient",
    "unroll",
    "verdict",
]
