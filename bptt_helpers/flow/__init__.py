"""Where gradients go: every error followed back to every step, truncated, or carried forward instead.

products      jacobians, running_products, log10_error_sizes, bounds, …: why the past fades or blows up
untied        influence, error_reaching, blame, blame_norms: the copies of W untied in time
truncation    truncated, window_gradients, angle_and_length, randomly_truncated, …: errors that may not look
              back as far as they could
forward_mode  forward_in_time: the same gradient, carried forward in time
"""

from bptt_helpers.flow.forward_mode import forward_in_time
from bptt_helpers.flow.products import (
    STEEPEST,
    Bounds,
    Products,
    bounds,
    jacobians,
    log10_error_sizes,
    log10_extremes,
    log10_singular_values,
    running_products,
    spectral_radius,
)
from bptt_helpers.flow.truncation import (
    AngleAndLength,
    Truncations,
    angle_and_length,
    chunk_gradients,
    draw_cuts,
    kept_by_chunk,
    kept_by_window,
    randomly_truncated,
    truncated,
    window_gradients,
)
from bptt_helpers.flow.untied import blame, blame_norms, error_reaching, influence

__all__ = [
    "STEEPEST",
    "AngleAndLength",
    "Bounds",
    "Products",
    "Truncations",
    "angle_and_length",
    "blame",
    "blame_norms",
    "bounds",
    "chunk_gradients",
    "draw_cuts",
    "error_reaching",
    "forward_in_time",
    "influence",
    "jacobians",
    "kept_by_chunk",
    "kept_by_window",
    "log10_error_sizes",
    "log10_extremes",
    "log10_singular_values",
    "randomly_truncated",
    "running_products",
    "spectral_radius",
    "truncated",
    "window_gradients",
]
