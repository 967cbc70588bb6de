"""What every recurrent network here shares, whatever happens inside one of its steps.

Products and sums in which all steps and all sequences are rows of one matrix, so that only the recurrent
product is left in a time loop; and the checks of weights, sequences and traces, whose letters are those of
rnn: U and W (from input and state to the pre-activations), V, k and c. A network with gates stacks several
blocks of H rows in U, W and k. Below, "…" in a shape is nothing or B; N and M are any size.

Not here: what a step computes (rnn, gates), the loss (rnn), checks of single arguments (arguments).
"""

import math

import numpy as np

from bptt_helpers import arguments


def silent():
    """Overflow is a result here, not an accident: inf and nan come out, and no warning."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def uniform(rng, units, fan_in):
    """Random weights (units, fan_in), uniform in ±1/√fan-in: a row for every unit."""
    return rng.uniform(-1, 1, (units, fan_in)) / np.sqrt(fan_in)


def length(vector):
    """‖vector‖ of (n,): float. Quick for usual ones; it does not overflow, or become 0, before it has to."""
    square = float(np.vdot(vector, vector).real)
    if 1e-30 < square < 1e30:  # far from where a float32 overflows, or rounds to 0
        return math.sqrt(square)
    entries = np.abs(vector).astype(np.float64)
    largest = float(entries.max(initial=0.0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * math.sqrt(float(((entries / largest) ** 2).sum()))


def lengths(vectors):
    """‖·‖ of every vector in (…, n): (…). Like `length`, not inf or 0 before it has to be."""
    largest = np.abs(vectors).max(axis=-1)
    unit = np.where(np.isfinite(largest) & (largest > 0), largest, 1)
    return unit * np.linalg.norm(vectors / unit[..., None], axis=-1)


# All steps at once


def rows(values):
    """(T, …, N) as a matrix with one row a step and sequence, so that all steps are one product."""
    return values.reshape(-1, values.shape[-1])


def rows_times(values, weights):
    """weights applied to every row: (T, …, N) x (N, M) -> (T, …, M) for weights of shape (M, N)."""
    return (rows(values) @ weights.T).reshape(*values.shape[:-1], len(weights))


def transposed(weights):
    """weights.T for a loop over the steps, laid out in memory so that rows @ it is up to twice as fast."""
    return np.ascontiguousarray(weights.T)


def inputs_times(x, U):
    """U x_t for all steps: (T, …, N) for U of shape (N, D)."""
    if x.dtype.kind in "iu":
        return U.T[x]  # U times a one-hot column is a column of U
    return rows_times(x, U)


def sum_with_inputs(dz, x, D):
    """Σ dz_t x_tᵀ over all steps and sequences, which is dE/dU: (N, D) for dz of shape (T, …, N)."""
    if x.dtype.kind in "iu":
        return _sum_by_class(rows(dz), x.ravel(), D)
    return rows(dz).T @ rows(x)  # (N, T…) x (T…, D) -> (N, D)


def _sum_by_class(values, x, D):
    """values.T @ one_hot(x) without the one-hot matrix: values (M, N), x (M,) in 0 … D-1 -> (N, D)."""
    order = np.argsort(x, kind="stable")
    sorted_x = x[order]
    is_first = np.concatenate(([True], sorted_x[1:] != sorted_x[:-1]))
    starts = np.flatnonzero(is_first)  # where the rows of each class that occurs begin
    total = np.zeros((values.shape[1], D), values.dtype)
    total[:, sorted_x[starts]] = np.add.reduceat(values[order], starts, axis=0).T
    return total


# Checks: TypeError or ValueError names the argument


def check_init(D, H, C, rng, dtype):
    """D, H and C as Python ints, when these can make random weights of a dtype that is float32 or float64."""
    D, H, C = arguments.integer("D", D), arguments.integer("H", H), arguments.integer("C", C)
    arguments.instance("rng", rng, np.random.Generator)
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"dtype: expected float32 or float64, got {dtype!r}")
    return D, H, C


def check_weights(params, kind, blocks=1, name="params"):
    """`params` as arrays of one dtype and agreeing shapes, and the Axes they fix.

    kind : what `params` must be: a NamedTuple of U, W, V, k and c
    blocks : how many blocks of H rows are stacked in U, W and k
    """
    arguments.instance(name, params, kind)
    stacked = "H" if blocks == 1 else f"{blocks}H"
    letters = {"W": (stacked, "H"), "U": (stacked, "D"), "V": "CH", "k": (stacked,), "c": "C"}
    axes = arguments.Axes()
    arrays = {}
    for field in letters:
        full_name = f"{name}.{field}"
        arrays[full_name] = arguments.floats(full_name, getattr(params, field))
        axes.check(full_name, arrays[full_name], letters[field])
        arguments.finite(full_name, arrays[full_name])
    arguments.one_dtype(arrays)
    return kind(*(arrays[f"{name}.{field}"] for field in kind._fields)), axes


def check_sequence(params, axes, x, **initial):
    """x as an array, then the initial states (s_init=…) in the dtype all states will have, zeros for None.

    params, axes : what check_weights returned
    """
    arrays = {f"params.{field}": weight for field, weight in params._asdict().items()}
    x = arguments.array("x", x)
    if x.dtype.kind in "iu":
        batch = _batch_letter("x", x, 1, "(T,) or (T, B) of class indices")
        axes.check("x", x, "T" + batch)
        arguments.classes("x", x, axes.size["D"])
    else:
        arrays["x"] = arguments.floats("x", x)
        batch = _batch_letter("x", x, 2, "(T, D) or (T, B, D)")
        axes.check("x", x, "T" + batch + "D")
        arguments.finite("x", x)
    for name, state in initial.items():
        if state is not None:
            arrays[name] = arguments.floats(name, state)
            axes.check(name, arrays[name], batch + "H")
            arguments.finite(name, arrays[name])
    dtype = arguments.one_dtype(arrays)
    zeros = np.zeros([axes.size[letter] for letter in batch + "H"], dtype)
    return x, *(arrays.get(name, zeros).astype(dtype, copy=False) for name in initial)


def _batch_letter(name, value, plain_rank, expected):
    """Empty for a single sequence, "B" for a batch; ValueError for any other number of axes."""
    if value.ndim not in (plain_rank, plain_rank + 1):
        raise ValueError(f"{name}: expected shape {expected}, got {value.shape}")
    return "B" * (value.ndim - plain_rank)


def check_trace(params, axes, trace, kind, states):
    """Nothing, when `trace` is a `kind` that these params can have made.

    params, axes : what check_weights returned
    states : the names of the fields of shape (T, …, H) that a gradient needs, "s" first
    """
    arguments.instance("trace", trace, kind)
    for field in (*states, "o", "x"):  # the other fields are for the eye: no gradient needs them
        arguments.instance(f"trace.{field}", getattr(trace, field), np.ndarray)
    batch = "B" * (trace.s.ndim - 2)
    letters = dict.fromkeys(states, "T" + batch + "H") | {"o": "T" + batch + "C"}
    for field in letters:
        axes.check(f"trace.{field}", getattr(trace, field), letters[field])
    axes.check("trace.x", trace.x, "T" + batch + ("" if trace.x.dtype.kind in "iu" else "D"))
    arguments.one_dtype({"params": params.W} | {f"trace.{field}": getattr(trace, field) for field in letters})


def check_state_errors(params, trace, ds):
    """ds as an array, when it can be the immediate dE/ds_t of every state of this trace."""
    ds = arguments.floats("ds", ds)
    if ds.shape != trace.s.shape:
        raise ValueError(f"ds: expected shape {trace.s.shape} as trace.s, got {ds.shape}")
    check_error("ds", ds, params, trace)
    return ds


def check_error(name, error, params, trace):
    """TypeError when `error` is of another dtype than params and trace; ValueError when it holds NaN or inf,
    unless states of the trace did overflow: then it may."""
    arguments.one_dtype({"params": params.W, "trace.s": trace.s, name: error})
    if np.isfinite(trace.s).all():
        arguments.finite(name, error)
