"""A scalar recurrent net s_t = f(w s_{t-1} + b), and thousands of them at once.

stability    fixed_points: where it comes to rest
"""

from bptt_helpers.landscape.stability import FixedPoint, fixed_points, is_neutral

__all__ = ["FixedPoint", "fixed_points", "is_neutral"]
