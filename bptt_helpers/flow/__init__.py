"""Where gradients go: every error followed back to every step, truncated, or carried forward instead.

untied        influence, error_reaching, blame, blame_norms: the copies of W untied in time
truncation    truncated: errors that may not look back as far as they could
forward_mode  forward_in_time: the same gradient, carried forward in time
"""

from bptt_helpers.flow.forward_mode import forward_in_time
from bptt_helpers.flow.truncation import truncated
from bptt_helpers.flow.untied import blame, blame_norms, error_reaching, influence

__all__ = ["blame", "blame_norms", "error_reaching", "forward_in_time", "influence", "truncated"]
