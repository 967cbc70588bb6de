"""Lab: why does the past fade or blow up? The error on its way back, and what bounds it. (notebook 06)"""

from functools import lru_cache

import numpy as np

from bptt_helpers import flow as gradients
from bptt_helpers import rnn
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.flow import LAGS, LONGEST, MILLION, NOTHING, FlowPicture
from bptt_helpers.pictures.numerals import of_log10, plain

D, C = 3, 3
ROUNDING = 1e-9  # of log10 of a size: 0.1⁶ counts as a millionth
LARGE = 32  # with more units, products of more than LAGS[-1] matrices would take too long for a frame
SHOWN = {
    "error": "the error",
    "bounds": "and what bounds it",
    "saturation": "and which units are open",
    "all": "and all directions",
}

CONTROLS = {
    "radius": Slider(0.9, 0.1, 2.5, 0.05, "radius ρ"),
    "T": Whole(40, 2, LONGEST, "T"),
    "func": Choice("tanh", rnn.FUNCTIONS, "func"),
    "scheme": Choice("uniform", ("uniform", "orthogonal", "identity"), "W drawn"),
    "input_scale": Slider(1.0, 0, 3, 0.05, "input ×"),
    "bias": Slider(0.0, -2, 2, 0.05, "bias k"),
    "H": Whole(16, 1, 64, "H"),
    "seed": Whole(0, 0, 99, "seed"),
    "show": Choice("all", SHOWN, "show"),
}


@lru_cache(maxsize=16)  # moving the radius needs no new eigenvalues
def _drawn(H, scheme, seed, func):
    """Weights of spectral radius 1, and their bounds."""
    rng = np.random.default_rng(seed)
    params = rnn.init_params(D, H, C, rng=rng, scheme=scheme, spectral_radius=1.0)
    return params, gradients.bounds(params.W, func)


def network(radius, H, scheme, bias, seed, func):
    """rnn.Params with W of this spectral radius and each k = bias, and their flow.Bounds."""
    params, at_one = _drawn(H, scheme, seed, func)
    per_step = radius * at_one.per_step
    bounds = gradients.Bounds(
        radius, radius * at_one.largest_singular_value, at_one.steepest, per_step, per_step < 1, per_step > 1
    )
    return params._replace(W=radius * params.W, k=np.full(H, bias)), bounds


def inputs(T, input_scale, seed):
    """x (T, D), normal noise. A longer sequence has more of the past: the last inputs stay the same."""
    return input_scale * _noise(seed)[LONGEST - T :]


@lru_cache(maxsize=4)
def _noise(seed):
    return np.random.default_rng([seed, 1]).normal(size=(LONGEST, D))


@lru_cache(maxsize=1)  # showing more or less of it needs nothing new
def _followed(radius, T, H, func, scheme, input_scale, bias, seed):
    """All that compute returns."""
    params, bounds = network(radius, H, scheme, bias, seed, func)
    trace = rnn.forward(params, inputs(T, input_scale, seed), func=func)
    y = int(trace.o[-1].argmin())  # the least expected class: there is always an error to send back
    error = params.V.T @ rnn.error_at_logits(trace.o[-1:], np.array([y]))[0]  # (H, C) x (C,) -> (H,)
    log10_sizes = _finite(gradients.log10_error_sizes(params, trace, error))
    relative = np.where(log10_sizes > NOTHING, log10_sizes - log10_sizes[-1], NOTHING)
    jacobians = gradients.jacobians(params, trace)
    longest = T - 1 if H <= LARGE else min(T - 1, LAGS[-1])
    lags = np.array([lag for lag in LAGS if lag < longest] + [longest])
    return {
        "params": params,
        "trace": trace,
        "y": y,
        "error": error,
        "log10_sizes": log10_sizes,
        "relative": relative,
        "slopes": rnn.slope(trace.s, func),
        "jacobians": jacobians,
        "bounds": bounds,
        "lags": lags,
        "spectra": _spectra(jacobians, lags),
        "factor_per_step": 0.0 if relative[0] == NOTHING else float(10 ** (relative[0] / (T - 1))),
        "steps_to_a_millionth": _first_step_back(relative <= -MILLION + ROUNDING),
        "steps_to_a_million": _first_step_back(relative >= MILLION - ROUNDING),
    }


def _spectra(jacobians, lags):
    """log10 of the singular values of J_{T-1} … J_{T-n}, for n in lags (L,): (L, H), the largest first."""
    # From the last step back the product grows on its right; transposed it grows as running_products wants.
    matrices, log10_scale = gradients.running_products(jacobians[::-1][: lags[-1]].swapaxes(1, 2))
    chosen = gradients.Products(matrices[lags - 1], log10_scale[lags - 1])
    return _finite(gradients.log10_singular_values(chosen))


def _finite(logs):
    """log10 of 0 as a number that is called by its name."""
    return np.where(np.isneginf(logs), NOTHING, logs)


def _first_step_back(is_there):
    """How many steps back it is so for the first time, given for every t: int, or None."""
    return int(is_there[::-1].argmax()) if is_there.any() else None


def compute(settings):
    """The run, and the error of its last step on its way back.

    params, trace, y, error (H,): the network, its run, the class it least expects, what that loss says to the
        last state, V^T (o - y)
    log10_sizes, relative : (T,)  log10 of ‖dE_{T-1}/ds_t‖, and of how many times the last step's that is;
        NOTHING (-9999) where it is exactly 0
    slopes : (T, H)  f'(z_t)
    jacobians : (T, H, H)  ds_t/ds_{t-1}
    bounds : flow.Bounds
    lags, spectra : (L,), (L, H)  numbers of steps n, log10 of the singular values of ds_{T-1}/ds_{T-1-n};
        NOTHING where it is 0 or lost in rounding
    factor_per_step : the geometric mean of what each step back leaves
    steps_to_a_millionth, steps_to_a_million : how many steps back that is passed, or None
    """
    return _followed(**{name: settings[name] for name in CONTROLS if name != "show"}) | {
        "show": settings["show"]
    }


def describe(settings, numbers):
    """What reaches step 0, at what rate, and whether the bounds promised it: HTML."""
    if numbers["relative"][0] == NOTHING:
        return _nothing_arrives(numbers["relative"])
    return f"{_what_arrives(numbers['relative'])} {_rate(numbers)} {_bounds(numbers)}"


def _nothing_arrives(relative):
    last = len(relative) - 1
    steps = last - int(np.flatnonzero(relative == NOTHING)[-1])
    return (
        f"The error from step {last} ends after <b>{_steps(steps)} back</b>: it meets only shut units "
        "(f′ = 0), and 0 times anything is 0. <b>Nothing at all</b> reaches step 0."
    )


def _what_arrives(relative):
    last, arrives = len(relative) - 1, relative[0]
    if abs(arrives) < 1e-9:
        return f"The error from step {last} reaches step 0 <b>exactly as long as it was</b>."
    verdict = (
        "vanished" if arrives < -MILLION
        else "fading" if arrives < -1
        else "about as long as it was" if arrives <= 1
        else "growing" if arrives <= MILLION
        else "exploded"
    )  # fmt: skip
    size = f"<b>{of_log10(arrives)}</b> times its size"
    return f"The error from step {last} reaches step 0 at {size}: {verdict}."


def _rate(numbers):
    """The factor per step, and when a millionth is left, or a million times what it was."""
    factor, arrives = numbers["factor_per_step"], numbers["relative"][0]
    if abs(arrives) < 1e-9:
        return "Each step back leaves all of it."
    said = f"Each step back makes it {plain(factor, 3)} times as long on average; "
    passed = numbers["steps_to_a_millionth"] if arrives < 0 else numbers["steps_to_a_million"]
    left = "a millionth is left" if arrives < 0 else "it is a million times as long"
    if passed is not None:
        return f"{said}after {_steps(passed)} {left}."
    needed = int(np.ceil(MILLION / abs(np.log10(factor))))
    return f"{said}at this rate {left} after {_steps(needed) if needed < 1e5 else 'very many steps'}."


def _bounds(numbers):
    """What W alone had promised."""
    per_step, radius = numbers["bounds"].per_step, numbers["bounds"].spectral_radius
    arrives = numbers["relative"][0]
    open_by = f"f′ is {plain(numbers['slopes'].mean(), 2)} on average"
    if np.isclose(per_step, 1, atol=1e-9, rtol=0):
        said = "The bound γσ = 1: it cannot get longer"
        return f"{said}." if abs(arrives) < 1e-9 else f"{said}, and {open_by}."
    bound = f"γσ = {plain(per_step, 2)}"
    if per_step < 1:
        return f"The bound {bound} &lt; 1: it has to vanish in the end."
    if arrives > 0:
        return f"The bound {bound} &gt; 1 allowed that."
    if radius > 1:
        return f"ρ = {plain(radius, 2)} &gt; 1 and yet it shrinks: {open_by}."
    return f"The bound {bound} &gt; 1 had promised nothing; {open_by}."


def _steps(count):
    return f"{count} step{'' if count == 1 else 's'}"


flow = Declaration("flow", CONTROLS, compute, describe, FlowPicture, telling="radius")
