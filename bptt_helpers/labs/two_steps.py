"""Lab: where does every factor of dE/du come from? (notebook 03; S6 to S24)"""

import numpy as np

from bptt_helpers import checks
from bptt_helpers import two_steps as text
from bptt_helpers.labs.controls import Choice, Slider
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.numerals import signed
from bptt_helpers.pictures.two_steps import NODES, TwoStepsPicture

EPSILON = 1e-5

CONTROLS = {
    "weight": Choice(
        "u", {"u": "u: the input's weight", "w": "w: the state's weight", "k": "k: the bias"}, "gradient of"
    ),
    "path": Choice("both", {"both": "both paths", "1": "through step 1", "0": "through step 0"}, "light"),
    "func": Choice("tanh", ("tanh", "sigmoid", "relu", "identity"), "func"),
    "u": Slider(0.6, -3, 3, 0.05, "u"),
    "w": Slider(0.9, -3, 3, 0.05, "w"),
    "k": Slider(0.1, -2, 2, 0.05, "k"),
    "x_0": Slider(1.0, -2, 2, 0.05, "x₀"),
    "x_1": Slider(-0.5, -2, 2, 0.05, "x₁"),
    "s_init": Slider(0.0, -1, 1, 0.05, "s₋₁"),
    "v_class_0": Slider(1.5, -3, 3, 0.05, "v, class 0"),
    "v_class_1": Slider(-1.0, -3, 3, 0.05, "v, class 1"),
    "target": Choice(0, {0: "class 0", 1: "class 1"}, "target"),
}


def arguments(settings):
    """The settings as two_steps.run wants them: dict."""
    same = {name: settings[name] for name in ("u", "w", "k", "s_init", "target", "func")}
    v = (settings["v_class_0"], settings["v_class_1"])
    return same | {"v": v, "x": (settings["x_0"], settings["x_1"])}


def compute(settings):
    """two: everything about the run (two_steps.TwoSteps); the rest is what the picture shows of it."""
    two = text.run(**arguments(settings))
    weight = settings["weight"]
    copies = {f"{name}_{t}": two.values[name] for name in ("u", "w", "k") for t in (0, 1)}
    values = {name: copies.get(name, two.values.get(name)) for name in NODES}
    gradients = {name: 1.0 if name == "E" else two.partials[f"dE/d{name}"] for name in NODES}
    return {
        "two": two,
        "node_values": values,
        "node_gradients": gradients,
        "weight": weight,
        "paths": [_path(term, settings["path"]) for term in two.paths[weight]],
        "gradient": two.gradient[weight],
        "compact": _common_factors_out(two, weight),
        "difference": finite_difference(settings, weight),
    }


def _common_factors_out(two, weight):
    """S21 and S22: ∂E/∂z_1, then what the brackets hold: x_1 (s_0, 1), w, ∂s_0/∂z_0 and x_0 (s_{-1}, 1)."""
    last, first = {"u": ("x_1", "x_0"), "w": ("s_0", "s_init"), "k": (None, None)}[weight]
    return (
        two.partials["dE/dz_1"],
        two.values.get(last, 1.0),
        two.values["w"],
        two.partials["ds_0/dz_0"],
        two.values.get(first, 1.0),
    )


def finite_difference(settings, weight):
    """dE/d(weight) by nudging it by ±EPSILON."""
    given = arguments(settings)
    return checks.slope_at(
        lambda value: text.run(**given | {weight: value}).values["E"], given[weight], EPSILON
    )


def _path(term, wanted):
    """A two_steps.Term taken apart: its factors, and their product after each."""
    values = [value for _, value in term.factors]
    return {
        "step": term.step,
        "formula": f"({term.formula})" if term.formula else "",
        "shown": wanted in ("both", str(term.step)),
        "factors": term.factors,
        "so_far": [text.product(values[: count + 1]) for count in range(len(values))],
        "term": float(term),
    }


def describe(settings, numbers):
    """What each step says about the chosen weight, and what that means."""
    weight = numbers["weight"]
    last, first = (path["term"] for path in numbers["paths"])
    total = numbers["gradient"]
    if not np.isfinite(total):
        return "Overflow: these numbers are too large to multiply out."
    opening = f"Step 1 alone says ∂E/∂{weight} = {signed(last)}. "
    if first == last == 0:
        return opening + "Step 0 adds <b>exactly nothing</b> either: a factor that both paths share is 0."
    if first == 0:
        why = (
            "because s₋₁ = 0: code that forgets this term would look right here"
            if weight == "w" and settings["s_init"] == 0
            else "a factor on its path is 0"
        )
        return opening + f"Step 0 adds <b>exactly nothing</b>, {why}."
    opening += f"Step 0 adds {signed(first)}, so the whole gradient is <b>{signed(total)}</b>"
    if max(abs(last), abs(first)) < 1e-6:
        return opening + ": almost nothing. A state is saturated, or the loss is already close to 0."
    if abs(total) < 0.01 * abs(last):
        return opening + ": the two cancel."
    if abs(first) < 0.005 * abs(last):
        return opening + ": the past hardly counts."
    if last * total < 0:
        return opening + ": the past turns the sign around."
    if last * first < 0:
        return opening + f": the past takes back {abs(first / last):.0%} of what step 1 says."
    if abs(first) > abs(last):
        return opening + ": most of it comes through step 0."
    return opening + f": {first / total:.0%} of it comes from the past."


two_steps = Declaration("two_steps", CONTROLS, compute, describe, TwoStepsPicture, telling="w")
