"""Networks with gates, which keep a gradient alive: the same calls as rnn, with other equations for a step.

lstm  a cell that is added to, behind three gates
gru   a state that is kept or replaced, by two gates
"""

from bptt_helpers.gates import gru, lstm

__all__ = ["gru", "lstm"]
