"""Lab: what decides, eigenvalues or singular values? A circle of nudges, step by step. (notebook 06)"""

from functools import lru_cache

import numpy as np

from bptt_helpers import flow, rnn
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.ellipse import NOTHING, EllipsePicture, T
from bptt_helpers.pictures.numerals import of_log10, plain

DEFECTIVE = 1e-7  # an eigenvalue that is 0 may come out of eigvals at about 1e-8 of the matrix
LOST = 1e-14  # a singular value this small beside the other one is rounding: 0 as far as can be told

UNCHANGED = 2e-4  # of log10 of a length: 1.000 in the sentence
BELOW_1, ABOVE_1 = 1 - 1e-9, 1 + 1e-9
SAME = 1e-3  # Jacobians that differ by less are called the same: trap 2 leaves its fixed point very slowly
SIGMA = "σ<sub>max</sub>"

NAMES = {
    "spiral": "a spiral that fades",
    "trap_1": "trap 1: σ_max = 1.33, vanishes",
    "trap_2": "trap 2: ρ = 0, explodes",
    "trap_3": "trap 3: ρ = 2.24, vanishes",
    "rotation": "a rotation",
    "own": "your own",
}
SETTINGS = ("w_00", "w_01", "w_10", "w_11", "k_0", "k_1", "s_init_0", "s_init_1", "func")
_DOWN = 0.707106781  # trap 2 stands at the fixed point (0, √½); settings have nine decimals
_PRESETS = {
    "spiral": (0.7, -0.7, 0.4, 0.7, 0.0, 0.0, 0.3, -0.2, "tanh"),
    "trap_1": (0.6, 1.06, 0.0, 0.6, 0.0, 0.0, 0.0, 0.0, "tanh"),
    "trap_2": (3.0, -3.0, 3.0, -3.0, 2.121320344, 3.002693931, 0.0, _DOWN, "tanh"),
    "trap_3": (2.0, -1.0, 1.0, 2.0, 1.0, 0.5, 0.1, 0.1, "tanh"),
    "rotation": (0.8, -0.6, 0.6, 0.8, 0.0, 0.0, 0.3, -0.2, "identity"),
}
PRESETS = {name: dict(zip(SETTINGS, values, strict=True)) for name, values in _PRESETS.items()}
_START = PRESETS["spiral"]

SHOWN = {"ellipse": "the ellipse", "lengths": "and its lengths", "all": "and each step"}

CONTROLS = {
    "preset": Choice("spiral", NAMES, "start from"),
    "step": Whole(4, 0, T, "steps n", play=True),
    "w_00": Slider(_START["w_00"], -4, 4, 0.05, "W[0, 0]"),
    "w_01": Slider(_START["w_01"], -4, 4, 0.05, "W[0, 1]"),
    "w_10": Slider(_START["w_10"], -4, 4, 0.05, "W[1, 0]"),
    "w_11": Slider(_START["w_11"], -4, 4, 0.05, "W[1, 1]"),
    "k_0": Slider(_START["k_0"], -4, 4, 0.05, "k[0]"),
    "k_1": Slider(_START["k_1"], -4, 4, 0.05, "k[1]"),
    "s_init_0": Slider(_START["s_init_0"], -1, 1, 0.05, "s₋₁[0]"),
    "s_init_1": Slider(_START["s_init_1"], -1, 1, 0.05, "s₋₁[1]"),
    "func": Choice(_START["func"], rnn.FUNCTIONS, "func"),
    "show": Choice("all", SHOWN, "show"),
}


@lru_cache(maxsize=1)  # Play changes none of this
def _followed(w_00, w_01, w_10, w_11, k_0, k_1, s_init_0, s_init_1, func):
    """All that compute returns and that does not depend on the step."""
    W = np.array([[w_00, w_01], [w_10, w_11]])
    # No input reaches the state, and nothing is read from it.
    params = rnn.Params(np.zeros((2, 1)), W, np.zeros((1, 2)), np.array([k_0, k_1]), np.zeros(1))
    trace = rnn.forward(params, np.zeros((T, 1)), s_init=np.array([s_init_0, s_init_1]), func=func)
    jacobians = flow.jacobians(params, trace)  # (T, 2, 2)
    products = flow.running_products(jacobians)
    return {
        "params": params,
        "trace": trace,
        "jacobians": jacobians,
        "jacobian_singular_values": np.linalg.svd(jacobians, compute_uv=False),  # (T, 2)
        "jacobian_radii": radii(jacobians),  # (T,)
        "shapes": np.concatenate([np.eye(2)[None], products.matrices]),  # (T + 1, 2, 2)
        "log10_scale": np.append(0.0, products.log10_scale),  # (T + 1,)
        "log10_axes": np.concatenate([np.zeros((1, 2)), _axes(jacobians, products)]),  # (T + 1, 2)
        "bounds": flow.bounds(W, func)._replace(spectral_radius=float(radii(W))),
    }


def radii(matrices):
    """The spectral radius of every matrix: (…,) for (…, 2, 2)."""
    found = np.abs(np.linalg.eigvals(matrices)).max(axis=-1)
    return np.where(found <= DEFECTIVE * np.linalg.norm(matrices, axis=(-2, -1)), 0.0, found)


def _axes(jacobians, products):
    """log10 of both singular values of every product; NOTHING from where one is 0 or lost in rounding."""
    longest = flow.log10_singular_values(products)[:, 0]
    largest, smallest = np.linalg.svd(jacobians, compute_uv=False).T  # (T,)
    is_flat = np.logical_or.accumulate(smallest <= LOST * largest)
    with np.errstate(divide="ignore", invalid="ignore"):
        areas = np.log10(largest * smallest).cumsum()  # |det| of every product: how large the ellipse is
        axes = np.array([longest, np.where(is_flat, -np.inf, areas - longest)]).T
    return np.where(np.isneginf(axes), NOTHING, axes)


def compute(settings):
    """The run, its Jacobians, and the product of the first `step` of them.

    params, trace : the network s_t = f(W s_{t-1} + k) and its run over T = 24 steps
    step : n, how many Jacobians are in the product
    jacobians : (T, 2, 2)  J_t = ds_t/ds_{t-1}
    jacobian_singular_values, jacobian_radii : (T, 2), (T,)  σ_max and σ_min of every J_t, and ρ(J_t)
    product, product_radius : (2, 2)  J_{n-1} … J_0 = ds_{n-1}/ds_{-1}, and its ρ
    singular_values : (2,)  of the product: the half axes of the ellipse
    shapes, log10_scale : (T + 1, 2, 2), (T + 1,)  all products are shapes · 10^log10_scale; the first is I
    log10_axes : (T + 1, 2)  log10 of their singular values; NOTHING (-9999) where it is 0
    bounds : flow.Bounds of W
    """
    followed = _followed(*(settings[name] for name in SETTINGS))
    n = settings["step"]
    product = followed["shapes"][n] * 10.0 ** followed["log10_scale"][n]
    return followed | {
        "step": n,
        "show": settings["show"],
        "product": product,
        "product_radius": float(radii(product)),
        "singular_values": 10.0 ** followed["log10_axes"][n],
    }


def describe(settings, numbers):
    """How long the longest nudge is now, which prediction was right, and why: HTML."""
    n = numbers["step"]
    if n == 0:
        return (
            "A circle of small nudges to s₋₁, each of length 1. Every step multiplies them by its Jacobian "
            "J<sub>t</sub> = diag(f′(z<sub>t</sub>)) W: move n, or press Play."
        )
    longest = numbers["log10_axes"][n, 0]
    after = f"After {n} step{'' if n == 1 else 's'}"
    if longest == NOTHING:
        return f"{after} <b>nothing is left</b> of any nudge: the product of the Jacobians is 0, and stays 0."
    if abs(longest) < UNCHANGED:
        return f"{after} the longest nudge is <b>as long as it was</b>{_nothing_lost(numbers['bounds'])}."
    said = f"{after} the longest nudge is <b>{of_log10(longest)}</b> times as long: "
    return f"{said}{_prediction(longest > 0, numbers['bounds'])} {_why(numbers)}"


def _nothing_lost(bounds):
    at_one = max(abs(bounds.spectral_radius - 1), abs(bounds.per_step - 1)) < 1e-9
    return f": ρ(W) = 1 and {SIGMA}(W) = 1 both say so" if at_one else ""


def _prediction(grows, bounds):
    """Whether W's largest eigenvalue and its largest singular value said so."""
    radius = f"ρ(W) = {_number(bounds.spectral_radius)}"
    name = f"{SIGMA}(W)" if bounds.steepest == 1 else f"{bounds.steepest} · {SIGMA}(W)"
    promise = f"{name} = {_number(bounds.per_step)}"
    says = (
        "shrinks" if bounds.spectral_radius < BELOW_1
        else "keeps its size" if bounds.spectral_radius < ABOVE_1
        else "grows"
    )  # fmt: skip
    if grows and says == "grows":
        return f"it has grown, as {radius} says and {promise} allows."
    if grows:
        return f"it has grown <b>although {radius}</b> says it {says}; {promise} allows it."
    if bounds.per_step < BELOW_1:
        return f"it has shrunk, as {promise} says it must at every step."
    if says != "shrinks":
        return f"it has shrunk <b>although {radius}</b> says it {says}."
    if bounds.per_step < ABOVE_1:
        return f"it has shrunk, as {radius} says; {promise} says it cannot grow."
    return f"it has shrunk, as {radius} says, <b>although {promise}</b> would let it grow."


def _why(numbers):
    """What decides: the eigenvalues of a matrix that is the same at every step, or else the product only."""
    n = numbers["step"]
    so_far = numbers["jacobians"][:n]
    if n == 1:
        most = _number(numbers["jacobian_singular_values"][0, 0])
        return f"One Jacobian alone stretches by its {SIGMA}(J<sub>0</sub>) = {most}."
    if np.allclose(so_far, numbers["params"].W, rtol=0, atol=1e-9):
        return "J<sub>t</sub> = W at every step: the eigenvalues of W decide in the end."
    if np.allclose(so_far, so_far[0], rtol=0, atol=SAME):
        radius = _number(numbers["jacobian_radii"][n - 1])
        return f"J<sub>t</sub> is not W, but the same at every step: its own ρ = {radius} decides in the end."
    return "J<sub>t</sub> is not W, and changes from step to step: only the product decides."


def _number(value):
    return "0" if value == 0 else plain(value, 2)


ellipse = Declaration(
    "ellipse", CONTROLS, compute, describe, EllipsePicture, telling="step", presets={"preset": PRESETS}
)
