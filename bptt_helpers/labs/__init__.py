"""Labs: one a file, each a call that makes a widget. `lab = labs.unroll(w=1.2)`, then `lab` shows it."""

from bptt_helpers.labs.unroll import unroll

__all__ = ["unroll"]
