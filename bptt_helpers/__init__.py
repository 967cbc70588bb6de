"""Backpropagation through time, taken apart: the network, its gradients, pictures that sliders move.

Nothing is imported here, so `from bptt_helpers import rnn` loads numpy and that one file.
"""

__version__ = "0.1.0"
