"""Why the past fades or blows up: one Jacobian for each step back, their product, and what bounds it.

ds_t/ds_{t-1} = diag(f'(z_t)) W, and ds_{T-1}/ds_t is the product of these matrices for steps t + 1 … T - 1.
Such a product leaves the range of floats after some hundred steps, long before its direction means nothing.
So products and errors are rescaled at every step, and sizes come out as log10.

jacobians              the matrices ds_t/ds_{t-1}
running_products       M_0, M_1 M_0, M_2 M_1 M_0, …, rescaled
log10_singular_values  their singular values
log10_extremes         the largest and the smallest of these, however far apart
log10_error_sizes      how much of the last step's error is left at every step
spectral_radius        the largest |eigenvalue|
bounds                 what W alone promises (Pascanu, Mikolov and Bengio 2013)
"""

from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments, recurrent, rnn
from bptt_helpers.flow.untied import check_single

STEEPEST = {"tanh": 1.0, "sigmoid": 0.25, "relu": 1.0, "identity": 1.0}  # γ, the largest |f'|


class Products(NamedTuple):
    """Rescaled matrices: the true ones are `matrices * 10**log10_scale`, which may be beyond any float."""

    matrices: np.ndarray  # (n, H, H)  the largest |entry| of each is 1, or all are 0
    log10_scale: np.ndarray  # (n,)


class Bounds(NamedTuple):
    """What can be said of the gradient from W and func alone."""

    spectral_radius: float  # ρ, the largest |eigenvalue| of W
    largest_singular_value: float  # σ_max(W)
    steepest: float  # γ, the largest |f'|
    per_step: float  # γ σ_max: no step back can make the error longer than that times what it was
    must_vanish: bool  # γ σ_max < 1, beyond rounding: sufficient for vanishing
    may_explode: bool  # γ σ_max > 1, beyond rounding: necessary for exploding, not sufficient


def jacobians(params, trace):
    """J[t] = ds_t/ds_{t-1} = diag(f'(z_t)) W for every step, J[0] = ds_0/ds_{-1}.

    params : rnn.Params
    trace : rnn.Trace of a single sequence

    Returns an array of shape (T, H, H). ValueError names trace when it holds a batch.
    """
    params = check_single(params, trace)
    with recurrent.silent():
        slopes = rnn.slope(trace.s, trace.func)  # (T, H)
        return slopes[:, :, None] * params.W  # (T, H, 1) x (H, H) -> (T, H, H)


def running_products(factors):
    """The products M_0, M_1 M_0, M_2 M_1 M_0, … of a stack of matrices, rescaled at every step.

    factors : array of shape (n, H, H). `jacobians(…)` gives ds_t/ds_{-1} for every t. Reversed and
        transposed, `jacobians(…)[::-1].swapaxes(1, 2)`, it gives the transposes of J_{T-1}, J_{T-1} J_{T-2},
        …: how far the last error gets; transposing changes no singular value.

    Returns Products. TypeError or ValueError names factors when it is no stack of square matrices.
    """
    factors, log10_sizes = _each_rescaled(_check_square("factors", factors, "nHH"))
    matrices = np.empty_like(factors)
    log10_scale = np.empty(len(factors), factors.real.dtype)
    product, scale = np.eye(factors.shape[1], dtype=factors.dtype), 0.0
    with recurrent.silent():
        for i, (factor, log10_size) in enumerate(zip(factors, log10_sizes, strict=True)):
            product, size = _rescaled(factor @ product)  # (H, H) x (H, H) -> (H, H)
            scale += log10_size + np.log10(size)
            matrices[i], log10_scale[i] = product, scale
    return Products(matrices, log10_scale)


def log10_singular_values(products):
    """log10 of the singular values of every product, the largest first: (n, H).

    products : Products

    A rescaled product knows its smaller singular values down to rounding only. What lies below H·ε of the
    largest, for the machine's ε, comes out as -inf: 0 as far as can be told. TypeError names products.
    """
    arguments.instance("products", products, Products)
    matrices = _check_square("products.matrices", products.matrices, "nHH")
    values = np.linalg.svd(matrices, compute_uv=False)  # (n, H)
    lost = values <= matrices.shape[1] * np.finfo(values.dtype).eps * values[:, :1]
    with recurrent.silent():
        return np.where(lost, -np.inf, np.log10(values) + np.asarray(products.log10_scale)[:, None])


def log10_extremes(factors):
    """log10 of the largest and the smallest singular value of every running product: (n, 2).

    factors : array of shape (n, H, H), as for running_products

    However far apart the two are: the smallest one of P is 1 over the largest one of P⁻¹, which is a product
    itself. It is -inf from the first factor on that has no inverse, or none that a float can hold; where
    rounding alone gives a factor an inverse, it is what rounding left. TypeError or ValueError names factors.
    """
    factors = _check_square("factors", factors, "nHH")
    extremes = np.full((len(factors), 2), -np.inf, factors.real.dtype)
    extremes[:, 0] = log10_singular_values(running_products(factors))[:, 0]
    factors, log10_sizes = _each_rescaled(factors)
    inverses = _inverses(factors)
    if len(inverses):
        # P⁻ᵀ = M_i⁻ᵀ … M_0⁻ᵀ has the singular values of P⁻¹, and the order of a running product.
        log10_largest = log10_singular_values(running_products(inverses.swapaxes(1, 2)))[:, 0]
        extremes[: len(inverses), 1] = np.cumsum(log10_sizes)[: len(inverses)] - log10_largest
    return extremes


def log10_error_sizes(params, trace, error):
    """log10 ‖dE/ds_t‖ for every step t, when the loss speaks to the last state only.

    params : rnn.Params
    trace : rnn.Trace of a single sequence
    error : array of shape (H,), what the loss says to s_{T-1}: of a cross-entropy V^T (o - y)

    Returns an array of shape (T,); -inf where nothing at all arrives. The error is rescaled on its way, so
    nothing overflows or underflows. ValueError names trace when it holds a batch, or error.
    """
    params = check_single(params, trace)
    error = arguments.floats("error", error)
    axes = arguments.Axes()
    axes.check("params.k", params.k, "H")
    axes.check("error", error, "H")
    recurrent.check_error("error", error, params, trace)
    slopes = rnn.slope(trace.s, trace.func)  # (T, H)
    sizes, scale = np.empty(len(slopes), slopes.real.dtype), 0.0
    with recurrent.silent():
        for t in reversed(range(len(slopes))):
            size = recurrent.length(error)
            scale += np.log10(size)
            sizes[t] = scale
            if 0 < size < np.inf:
                error = error / size  # (H,)
            error = (slopes[t] * error) @ params.W  # (H,) x (H, H) -> (H,)
    return sizes


def spectral_radius(W):
    """ρ(W), the largest |eigenvalue|, of an array of shape (H, H). TypeError or ValueError names W."""
    return float(np.abs(np.linalg.eigvals(_check_square("W", W, "HH"))).max())


def bounds(W, func):
    """What W and func alone promise: Bounds (Pascanu, Mikolov and Bengio 2013, section 2.1).

    W : array of shape (H, H), finite
    func : one of rnn.FUNCTIONS

    One step back multiplies by diag(f'(z)) W, whose largest singular value is at most γ σ_max(W). So the
    error must vanish where γ σ_max < 1, and can only explode where γ σ_max > 1; more is not promised.
    TypeError or ValueError names the bad argument.
    """
    arguments.choice("func", func, rnn.FUNCTIONS)
    radius, largest, steepest = spectral_radius(W), float(np.linalg.norm(W, 2)), STEEPEST[func]
    per_step = steepest * largest
    # A rotation neither shrinks nor grows, and its singular values come out as 1 but for the last digits.
    rounding = 8 * len(W) * np.finfo(np.asarray(W).dtype).eps
    return Bounds(
        radius, largest, steepest, per_step,
        must_vanish=per_step < 1 - rounding, may_explode=per_step > 1 + rounding,
    )  # fmt: skip


def _rescaled(values):
    """`values` with its largest |entry| made 1, and what it was; 1 where there is nothing to rescale."""
    size = np.abs(values).max()
    if size == 0 or not np.isfinite(size):
        return values, 1.0
    return values / size, size


def _each_rescaled(factors):
    """The factors, the largest |entry| of each made 1, and log10 of what it was: no product overflows."""
    sizes = np.abs(factors).max(axis=(1, 2))
    sizes[sizes == 0] = 1
    return factors / sizes[:, None, None], np.log10(sizes)


def _inverses(factors):
    """The inverses of the factors, up to the first that has none."""
    signs, _ = np.linalg.slogdet(factors)  # 0 where elimination meets a zero pivot: relu's dead rows, say
    with recurrent.silent():
        inverses = np.linalg.inv(factors[: _count_before(signs == 0)])
    return inverses[: _count_before(~np.isfinite(inverses).all(axis=(1, 2)))]


def _count_before(found):
    """How many come before the first True."""
    return int(np.append(found, True).argmax())


def _check_square(name, value, axes):
    """`value` as square matrices, axes "HH" or "nHH", finite; TypeError or ValueError naming it."""
    value = arguments.floats(name, value)
    arguments.Axes().check(name, value, axes)
    arguments.finite(name, value)
    return value
