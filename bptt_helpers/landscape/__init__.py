"""A scalar recurrent net s_t = f(w s_{t-1} + b), and thousands of them at once.

stability    fixed_points: where it comes to rest
sizes        log10_size: how much of the gradient comes through all steps
"""

from bptt_helpers.landscape.sizes import Course, course, growing_states, log10_size
from bptt_helpers.landscape.stability import FixedPoint, fixed_points, is_neutral

__all__ = [
    "Course",
    "FixedPoint",
    "course",
    "fixed_points",
    "growing_states",
    "is_neutral",
    "log10_size",
]
