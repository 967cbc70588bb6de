"""What a call about many scalar nets s_t = f(w s_{t-1} + b) accepts, and the step of a single one."""

import math

import numpy as np

from bptt_helpers import arguments, recurrent, rnn

# One net at a time, z -> (s = f(z), f'(z)): too little work for numpy, plain floats take a tenth of the time.
STEPS = {
    "tanh": lambda z: (s := math.tanh(z), 1 - s * s),
    "sigmoid": lambda z: (s := 1 / (1 + math.exp(min(-z, 709.0))), s * (1 - s)),  # e^710 is no float
    "relu": lambda z: (max(z, 0.0), float(z > 0)),  # in this order nan stays nan
    "identity": lambda z: (z, 1.0),
}


def check_nets(w, b, s_init, T, func):
    """w, b as arrays that broadcast, s_init as one of their common shape, in one dtype; T as an int."""
    arrays = {"w": _array("w", w), "b": _array("b", b), "s_init": _array("s_init", s_init)}
    several = {name: value for name, value in arrays.items() if value.ndim}
    dtype = arguments.one_dtype(several) if several else np.dtype(float)  # numbers fit in with arrays
    shape = ()
    for name, value in arrays.items():
        try:
            shape = np.broadcast_shapes(shape, value.shape)
        except ValueError as error:
            expected = f"a shape that broadcasts with {shape}"
            raise ValueError(f"{name}: expected {expected}, got {value.shape}") from error
        with recurrent.silent():
            arrays[name] = value.astype(dtype, copy=False)
        arguments.finite(name, arrays[name])
    arguments.choice("func", func, rnn.FUNCTIONS)
    return arrays["w"], arrays["b"], np.broadcast_to(arrays["s_init"], shape), arguments.integer("T", T)


def _array(name, value):
    """A number, or an array of float32 or float64 that is not empty, as an array."""
    value = arguments.array(name, value)
    if value.ndim == 0:
        return np.asarray(arguments.number(name, value.item()))
    value = arguments.floats(name, value)
    if value.dtype.kind == "c":
        raise TypeError(f"{name}: expected float32 or float64, got {value.dtype}")
    if value.size == 0:
        raise ValueError(f"{name}: expected at least one number, got shape {value.shape}")
    return value
