"""Gradients measured from outside: nudge one entry, see how much the loss moves, and compare.

Two ways to measure, for any function from a NamedTuple of float arrays to one number:

- `central_differences` walks a step to either side: works for everything, loses half of the digits;
- `complex_step` (Squire & Trapp 1998) steps into the imaginary direction: nothing is subtracted, so no digits
  are lost, but the function must let complex numbers through (no abs, no real-only buffer).

`compare` holds two gradients against each other, and `gradients` measures and compares in one line.

Not here: networks (any function will do), second derivatives.
"""

import warnings

import numpy as np

from bptt_helpers import arguments

# The step that balances the two errors of a central difference: about the cube root of the rounding error.
STEPS = {"float64": 1e-5, "float32": 5e-3}
# For the complex step: its square must vanish beside 1, and its product with a small slope must not.
IMAGINARY_STEPS = {"float64": 1e-30, "float32": 1e-15}

# What agreement each method can be asked for, by dtype: far above the error it makes on a small network.
TOLERANCES = {
    ("complex step", "float64"): 1e-9,
    ("complex step", "float32"): 1e-3,
    ("central differences", "float64"): 1e-6,
    ("central differences", "float32"): 5e-2,
}


def slope_at(f, number, epsilon):
    """The slope of f at a number, measured from both sides: f takes a number and returns one, or an array.

    epsilon : step, a number above 0. TypeError or ValueError names the bad argument.
    """
    arguments.function("f", f)
    arguments.number("number", number)
    arguments.above_zero("epsilon", epsilon)
    return (f(number + epsilon) - f(number - epsilon)) / (2 * epsilon)


def slopes_at(f, W, epsilon):
    """The slope of f at an array, measured entry by entry: f takes an array like W and returns a number.

    epsilon : step, a number above 0

    Returns an array of the shape of W, which is not changed. TypeError or ValueError names the bad argument;
    W must hold floats.
    """
    arguments.function("f", f)
    arguments.above_zero("epsilon", epsilon)
    _require_float_array("W", W)
    slopes = np.empty_like(W)
    for index in np.ndindex(W.shape):
        ahead, behind = W.copy(), W.copy()
        ahead[index] += epsilon
        behind[index] -= epsilon
        slopes[index] = (f(ahead) - f(behind)) / (2 * epsilon)
    return slopes


def central_differences(function, params, epsilon=None):
    """Measure a gradient entry by entry: (f(entry + epsilon) - f(entry - epsilon)) / (2 epsilon).

    function : takes a NamedTuple like params, returns one real number
    params   : NamedTuple of float32 or float64 arrays of any shapes; it is not changed
    epsilon  : step, > 0; None takes 1e-5 for float64 and 5e-3 for float32, which has half of the digits

    Returns the same type of NamedTuple, with the shapes and dtypes of params.

    Raises TypeError when params is no NamedTuple, a field is no float array, epsilon is no number, or the
    function returns no real number; ValueError when epsilon is not positive or the function returns an array.
    """
    arguments.function("function", function)
    _require_float_arrays(params)
    if epsilon is not None:
        arguments.above_zero("epsilon", epsilon)

    def slope(name, index):
        step = epsilon if epsilon is not None else STEPS[getattr(params, name).dtype.name]
        return slope_at(lambda nudge: _real_number(function(_nudged(params, name, index, nudge))), 0.0, step)

    return _entry_by_entry(params, slope)


def complex_step(function, params, step=None):
    """Measure a gradient entry by entry, right to the last digits: Im f(entry + i step) / step.

    function : takes a NamedTuple of complex arrays shaped like params, returns a complex number; holomorphic
    params   : NamedTuple of float32 or float64 arrays of any shapes; it is not changed
    step     : > 0; nothing is subtracted, so it can be tiny: None takes 1e-30 for float64, 1e-15 for float32

    Returns the same type of NamedTuple, with the shapes and dtypes of params.

    Raises TypeError when params is no NamedTuple, a field is no float array, step is no number, or the
    function drops the imaginary part (the gradient would silently be 0); ValueError when step is not positive
    or the function returns an array.
    """
    arguments.function("function", function)
    _require_float_arrays(params)
    if step is not None:
        arguments.above_zero("step", step)
    # Every field turns complex, not only the nudged one: then a real result always means a dropped imaginary
    # part, never a field that the function does not use.
    lifted = type(params)(*(value.astype(np.result_type(value, np.complex64)) for value in params))

    def slope(name, index):
        h = step if step is not None else IMAGINARY_STEPS[getattr(params, name).dtype.name]
        return _complex_number(function, _nudged(lifted, name, index, 1j * h)).imag / h

    return _entry_by_entry(params, slope)


METHODS = {"complex step": complex_step, "central differences": central_differences}


def compare(gradient, reference, rtol=1e-9):
    """Hold one gradient against another, for every field that both have.

    gradient, reference : NamedTuples of arrays, such as rnn.Gradients beside a measured rnn.Params
    rtol                : largest error allowed, >= 0; an entry's error is |difference| / the largest |entry|
                          of its field in either one, so an entry that is nearly 0 by chance does not fail

    Returns {name: largest relative error}.

    Raises AssertionError naming every parameter that differs, its worst entry, both values and the relative
    error; NaN, inf or another shape never passes. ValueError when the two share no field or rtol is below 0;
    TypeError when either is no NamedTuple of numbers, or rtol no number.
    """
    rtol = _tolerance(rtol)
    _require_fields("gradient", gradient)
    _require_fields("reference", reference)
    shared = [name for name in gradient._fields if name in reference._fields]
    if not shared:
        raise ValueError(
            f"reference: expected a field that gradient has ({', '.join(gradient._fields)}), "
            f"got {', '.join(reference._fields)}"
        )
    errors, complaints = {}, []
    for name in shared:
        mine, right = _numbers("gradient", gradient, name), _numbers("reference", reference, name)
        errors[name], complaint = _disagreement(name, mine, right, rtol)
        if complaint:
            complaints.append(complaint)
    if complaints:
        raise AssertionError("\n".join(complaints))
    return errors


def gradients(function, params, gradient, rtol=None, method="complex step"):
    """Measure the gradient of a function and compare: the whole gradient check in one line.

    function : takes a NamedTuple like params, returns one number, for example
               `lambda params: rnn.cross_entropy(rnn.forward(params, x).q, y).sum()`
    params   : NamedTuple of float arrays, where to measure
    gradient : NamedTuple, what your code says; fields that params does not have are not looked at
    rtol     : largest relative error allowed; None takes what the method can reach: 1e-9 for complex step,
               1e-6 for central differences (1e-3 and 5e-2 when a field is float32)
    method   : "complex step" or "central differences"

    Returns {name: largest relative error}. Raises as `compare` and the two methods do.
    """
    arguments.choice("method", method, tuple(METHODS))
    # What `compare` would refuse, before the measuring, which may take long.
    _require_fields("gradient", gradient)
    if rtol is not None:
        _tolerance(rtol)
    reference = METHODS[method](function, params)
    if rtol is None:
        rtol = max(TOLERANCES[method, value.dtype.name] for value in params)
    return compare(gradient, reference, rtol)


def _entry_by_entry(params, slope):
    """The NamedTuple of all slopes; slope(name, index) measures one entry."""
    gradient = {name: np.empty_like(value) for name, value in params._asdict().items()}
    for name, array in gradient.items():
        for index in np.ndindex(array.shape):
            array[index] = slope(name, index)
    return params._replace(**gradient)


def _nudged(params, name, index, step):
    """Fresh copies with one entry moved, so that a function that keeps or changes its params does no harm."""
    copies = type(params)(*(value.copy() for value in params))
    getattr(copies, name)[index] += step
    return copies


def _real_number(result):
    number = _one_number(result)
    if number.dtype.kind not in "fiu":
        raise TypeError(f"function: expected one real number as its result, got {result!r}")
    return number[()]


def _complex_number(function, params):
    """What the function makes of complex params; TypeError when it drops the imaginary part."""
    with warnings.catch_warnings():
        # numpy only warns when a complex number is written into a real array, such as np.zeros((T, H))
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            result = function(params)
        except np.exceptions.ComplexWarning as warning:
            raise TypeError(
                "function: drops the imaginary part on its way (a complex number went into a real one), "
                "so the complex step would see a gradient of 0; use arrays of the dtype of params"
            ) from warning
    number = _one_number(result)
    if number.dtype.kind != "c":
        raise TypeError(
            f"function: expected a complex result for complex params, got {result!r}: it drops the imaginary "
            "part, so the complex step would see a gradient of 0"
        )
    return number[()]


def _one_number(result):
    number = np.asarray(result)
    if number.ndim != 0:
        raise ValueError(f"function: expected one number as its result, got shape {number.shape}: sum it?")
    return number


def _disagreement(name, mine, right, rtol):
    """The largest relative error of one field, and a sentence about it, or None when all is well."""
    if mine.shape != right.shape:
        return np.nan, f"{name}: shape {mine.shape} here, {right.shape} in the reference"
    if mine.size == 0:
        return 0.0, None
    broken = ~(np.isfinite(mine) & np.isfinite(right))
    if broken.any():
        where = np.unravel_index(broken.argmax(), broken.shape)
        return np.nan, _sentence(name, where, mine, right, "not a finite number")
    # Halves, so that the difference of two huge numbers of opposite sign cannot overflow.
    difference, scale = abs(mine / 2 - right / 2), max(abs(mine).max(), abs(right).max())
    where = np.unravel_index(difference.argmax(), difference.shape)
    error = float(difference[where] / scale * 2) if scale > 0 else 0.0
    if error <= rtol:
        return error, None
    return error, _sentence(name, where, mine, right, f"relative error {error:.3g}, allowed {rtol:.3g}")


def _sentence(name, where, mine, right, verdict):
    entry = f"[{', '.join(str(i) for i in where)}]" if where else ""
    return f"{name}{entry}: {mine[where]:.12g} here, {right[where]:.12g} in the reference: {verdict}"


def _require_float_arrays(params):
    _require_fields("params", params)
    for name, value in params._asdict().items():
        _require_float_array(f"params.{name}", value)


def _require_float_array(name, value):
    if not isinstance(value, np.ndarray) or value.dtype.name not in STEPS:
        what = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"{name}: expected a float32 or float64 array, got {what}")


def _tolerance(rtol):
    """`rtol` as a float of at least 0; infinity, too, for one who only wants to read the errors."""
    is_infinite = isinstance(rtol, float) and rtol == np.inf
    return np.inf if is_infinite else arguments.at_least_zero("rtol", rtol)


def _require_fields(name, value):
    if not (isinstance(value, tuple) and hasattr(value, "_fields")):
        raise TypeError(f"{name}: expected a NamedTuple of arrays, got {type(value).__name__}")


def _numbers(name, fields, field):
    """A field as float64, where float32 is held exactly."""
    value = getattr(fields, field)
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name}.{field}: expected an array of real numbers, got {value!r}")
    return array.astype(np.float64)
