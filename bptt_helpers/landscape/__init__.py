"""A scalar recurrent net s_t = f(w s_{t-1} + b), and thousands of them at once.

stability    fixed_points, folds, equilibria: where it comes to rest, and where that changes
sizes        log10_size: how much of the gradient comes through all steps
surface      states, last_state, loss, gradient: the error surface over w and b
descent      descend: the ways that four optimisers take over that surface
"""

from bptt_helpers.landscape.descent import Way, descend
from bptt_helpers.landscape.sizes import Course, course, growing_states, log10_size
from bptt_helpers.landscape.stability import (
    Equilibria,
    FixedPoint,
    equilibria,
    fixed_points,
    folds,
    is_neutral,
)
from bptt_helpers.landscape.surface import gradient, last_state, loss, states

__all__ = [
    "Course",
    "Equilibria",
    "FixedPoint",
    "Way",
    "course",
    "descend",
    "equilibria",
    "fixed_points",
    "folds",
    "gradient",
    "growing_states",
    "is_neutral",
    "last_state",
    "log10_size",
    "loss",
    "states",
]
