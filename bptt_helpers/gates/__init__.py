"""Networks with gates, which keep a gradient alive: the same calls as rnn, with other equations for a step.

lstm      a cell that is added to, behind three gates
gru       a state that is kept or replaced, by two gates
reaching  log10_error_sizes, log10_kept, blame_norms: how much of an error gets back, and whom it blames;
          lstm_backward_step, plainly written
"""

from bptt_helpers.gates import gru, lstm
from bptt_helpers.gates.reaching import Step, blame_norms, log10_error_sizes, log10_kept, lstm_backward_step

__all__ = ["Step", "blame_norms", "gru", "log10_error_sizes", "log10_kept", "lstm", "lstm_backward_step"]
