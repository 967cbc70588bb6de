"""Labs: one a file, each a call that makes a widget. `lab = labs.unroll(w=1.2)`, then `lab` shows it."""

from bptt_helpers.labs.backward_sweep import backward_sweep
from bptt_helpers.labs.blame import blame
from bptt_helpers.labs.bug_zoo import bug_zoo
from bptt_helpers.labs.cliff import cliff
from bptt_helpers.labs.ellipse import ellipse
from bptt_helpers.labs.epsilon import epsilon
from bptt_helpers.labs.flow import flow
from bptt_helpers.labs.gates import gates
from bptt_helpers.labs.loss import loss
from bptt_helpers.labs.phase import phase
from bptt_helpers.labs.race import race
from bptt_helpers.labs.truncate import truncate
from bptt_helpers.labs.two_steps import two_steps
from bptt_helpers.labs.unroll import unroll
from bptt_helpers.labs.writer import writer

__all__ = [
    "backward_sweep",
    "blame",
    "bug_zoo",
    "cliff",
    "ellipse",
    "epsilon",
    "flow",
    "gates",
    "loss",
    "phase",
    "race",
    "truncate",
    "two_steps",
    "unroll",
    "writer",
]
