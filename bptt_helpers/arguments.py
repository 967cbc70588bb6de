"""What a public call accepts: the one place for argument checks.

Every error names the argument, says what was expected and what came. A wrong kind of thing is a TypeError,
a wrong value or shape a ValueError. Nothing is broadcast or rounded to make it fit.

Not here: checks that need to know the network (they stand beside it and use these).
"""

import math
import numbers
import operator

import numpy as np

SINGLE = np.dtype(np.float32), np.dtype(np.complex64)
FLOATS = *SINGLE, np.dtype(np.float64), np.dtype(np.complex128)  # complex: for the complex step


def array(name, value):
    """`value` as a numpy array of any kind; ValueError when its rows differ in length."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: expected an array or nested lists of equal length, got {error}") from error


def floats(name, value):
    """`value` as an array of float32 or float64, or complex (for the complex step); TypeError otherwise."""
    value = array(name, value)
    if value.dtype not in FLOATS:
        raise TypeError(f"{name}: expected float32 or float64, got {value.dtype}")
    return value


def real_floats(name, value):
    """`value` as an array of float32 or float64; TypeError otherwise."""
    value = floats(name, value)
    if value.dtype.kind == "c":
        raise TypeError(f"{name}: expected real numbers, got {value.dtype}")
    return value


def finite(name, value):
    """ValueError when the array `value` holds NaN or infinity."""
    if not np.isfinite(value).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        raise ValueError(f"{name}: expected finite numbers, got {value[where]} at {list(where)}")


def number(name, value):
    """`value` as a Python float, finite; TypeError for anything but one real number (no bool)."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    try:
        value = float(value)
    except OverflowError:  # a whole number beyond the largest float
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"{name}: expected a finite number, got {value}")
    return value


def above_zero(name, value):
    """`value` as a Python float above 0; else TypeError or ValueError."""
    value = number(name, value)
    if value <= 0:
        raise ValueError(f"{name}: expected a number above 0, got {value}")
    return value


def at_least_zero(name, value):
    """`value` as a Python float of at least 0; else TypeError or ValueError."""
    value = number(name, value)
    if value < 0:
        raise ValueError(f"{name}: expected a number of at least 0, got {value}")
    return value


def fits(name, value, dtype):
    """ValueError when the number `value` is beyond the largest float of `dtype`."""
    if abs(value) > float(np.finfo(dtype).max):
        raise ValueError(f"{name}: expected a number that {np.dtype(dtype)} can hold, got {value:g}")


def several_numbers(name, values, least, most=None):
    """`values` as a list of Python floats, `least` to `most` of them; the error names the wrong one."""
    try:
        values = list(values)
    except TypeError as error:
        raise TypeError(f"{name}: expected a sequence of numbers, got {values!r}") from error
    if len(values) < least or (most is not None and len(values) > most):
        count = f"{least}" if least == most else f"at least {least}"
        raise ValueError(f"{name}: expected {count} numbers, got {len(values)}")
    return [number(f"{name}[{i}]", value) for i, value in enumerate(values)]


def integer(name, value, minimum=1):
    """`value` as a Python int of at least `minimum`; TypeError for floats and bools."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name}: expected an integer, got {value!r}")
    try:
        value = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{name}: expected an integer, got {value!r}") from error
    if value < minimum:
        raise ValueError(f"{name}: expected an integer of at least {minimum}, got {value}")
    return value


def choice(name, value, options):
    """`value` when it is one of the strings `options`; else TypeError or ValueError."""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected one of {', '.join(map(repr, options))}, got {value!r}")
    if value not in options:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, options))}, got {value!r}")
    return value


def instance(name, value, kind):
    """TypeError when `value` is not a `kind`."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected {kind.__module__}.{kind.__name__}, got {type(value).__name__}")


def function(name, value):
    """TypeError when `value` cannot be called."""
    if not callable(value):
        raise TypeError(f"{name}: expected a function, got {value!r}")


def classes(name, value, count, lowest=0):
    """`value` as an array of class indices `lowest` … `count` - 1 (lowest = -1 lets "no class" through).

    TypeError when it is not integer (a bool or a float is no class), ValueError when empty or out of range.
    """
    value = array(name, value)
    if value.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integer class indices, got {value.dtype}")
    if value.size == 0:
        raise ValueError(f"{name}: expected at least one class index, got shape {value.shape}")
    smallest, largest = value.min(), value.max()
    if smallest < lowest or largest >= count:
        outside = smallest if smallest < lowest else largest
        raise ValueError(f"{name}: expected class indices {lowest} … {count - 1}, got {outside}")
    return value


def one_dtype(arrays):
    """The dtype that the arrays of the dict {name: array} share; complex where some are and some are not.

    TypeError naming the odd one out when single meets double precision.
    """
    single = [name for name, value in arrays.items() if value.dtype in SINGLE]
    double = [name for name in arrays if name not in single]
    if not single or not double:
        return np.result_type(*{value.dtype for value in arrays.values()})
    odd, usual = (single[0], double[0]) if len(single) <= len(double) else (double[0], single[0])
    raise TypeError(f"{odd}: expected {arrays[usual].dtype} as in {usual}, got {arrays[odd].dtype}")


class Axes:
    """The sizes of axes by letter, each with the argument it was first seen in.

    `axes.check("W", W, "HH")` enters H on first sight and from then on demands the same size:
    "k: expected shape (H) = (3), got (4); H = 3 as in W". A letter may come with a factor, as in ("4H", "H").
    """

    def __init__(self):
        """No letter has a size yet."""
        self.size = {}
        self.seen_in = {}

    def check(self, name, value, letters):
        """ValueError naming `name` unless the array `value` has the axes `letters`, none of them empty."""
        if value.ndim != len(letters):
            raise ValueError(
                f"{name}: expected {len(letters)} axes ({', '.join(letters)}), got shape {value.shape}"
            )
        for axis, size in zip(letters, value.shape, strict=True):
            letter, factor = axis[-1], int(axis[:-1] or 1)
            if letter not in self.size:
                if size == 0 or size % factor:
                    raise ValueError(
                        f"{name}: expected {axis} with {letter} of at least 1, got shape {value.shape}"
                    )
                self.size[letter], self.seen_in[letter] = size // factor, name
            elif factor * self.size[letter] != size:
                raise ValueError(
                    f"{name}: expected shape ({', '.join(letters)}) with {letter} = {self.size[letter]} "
                    f"as in {self.seen_in[letter]}, got {value.shape}"
                )
