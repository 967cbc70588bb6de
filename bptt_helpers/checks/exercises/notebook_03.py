"""The exercises of notebook 03, two steps by hand. How they answer: see the package."""

import math

import numpy as np

from bptt_helpers import two_steps
from bptt_helpers.checks import numeric, verdicts


def two_step_cases():
    """Arguments of the exercises of notebook 03: {what: (TwoSteps,)}; the last has s_init = 0, trap 2."""
    usual = {"u": 0.6, "w": 0.9, "k": 0.1, "v": (1.5, -1.0), "x": (0.7, -0.5), "target": 0}
    return {
        "with s_init = 0.4": (two_steps.run(**usual, s_init=0.4, func="tanh"),),
        "with sigmoid and s_init = -1.2": (two_steps.run(**usual, s_init=-1.2, func="sigmoid"),),
        "with s_init = 0": (two_steps.run(**usual, s_init=0.0, func="tanh"),),
    }


def two_paths(attempt):
    """Exercise: attempt(two) -> (dE/du_1, dE/du_0), the terms of S18, from two.values and two.partials."""

    def right(two):
        return two.partials["dE/du_1"], two.partials["dE/du_0"]

    def without(name):  # the longer path when one of its factors is forgotten
        def wrong(two):
            return two.partials["dE/du_1"], two.partials["dE/du_0"] / two.partials[name]

        return wrong

    def tanh_slopes(two):
        slope_0, slope_1 = (1 - two.values[s] ** 2 for s in ("s_0", "s_1"))
        dE_dz_1 = two.partials["dE/ds_1"] * slope_1
        return dE_dz_1 * two.values["x_1"], dE_dz_1 * two.values["w"] * slope_0 * two.values["x_0"]

    mistakes = {
        "1 - s² is the slope of tanh only: take ∂s_1/∂z_1 and ∂s_0/∂z_0 from two.partials": tanh_slopes,
        "in dE/du_0 you forgot x_0, the factor ∂a_0/∂u_0 (S20)": without("da_0/du_0"),
        "in dE/du_1 you forgot x_1, the factor ∂a_1/∂u_1 (S19)": lambda two: (
            two.partials["dE/da_1"],
            two.partials["dE/du_0"],
        ),
        "in dE/du_1 you forgot ∂s_1/∂z_1 (S19)": lambda two: (
            two.partials["dE/ds_1"] * two.values["x_1"],
            two.partials["dE/du_0"],
        ),
        "both are dE/du_1: the path through step 0 is longer (S20)": lambda two: (
            two.partials["dE/du_1"],
            two.partials["dE/du_1"],
        ),
        "the order is (dE/du_1, dE/du_0): yours are swapped": lambda two: right(two)[::-1],
        "you return their sum: the two terms are needed": lambda two: two.gradient["u"],
        "in dE/du_0 you forgot w, the factor ∂b_1/∂s_0 (S20)": without("db_1/ds_0"),
        "in dE/du_0 you forgot ∂s_0/∂z_0 (S20)": without("ds_0/dz_0"),
        "in dE/du_0 you forgot ∂s_1/∂z_1 (S20)": without("ds_1/dz_1"),
        "dE/du_0 begins at the loss: S20 has the factors of S19 up to z_1 first": lambda two: (
            two.partials["dE/du_1"],
            two.partials["ds_0/du_0"],
        ),
        "the inputs are swapped: ∂a_1/∂u_1 is x_1, ∂a_0/∂u_0 is x_0": lambda two: (
            two.partials["dE/da_1"] * two.values["x_0"],
            two.partials["dE/da_0"] * two.values["x_1"],
        ),
        "those are w's terms: at the end of the paths of u stand x_1 and x_0": lambda two: (
            two.partials["dE/dw_1"],
            two.partials["dE/dw_0"],
        ),
    }
    verdicts.exercise(attempt, right, mistakes, two_step_cases())


def two_step_gradient(attempt):
    """Exercise: attempt(two) -> dE/dw, a number, from two.values and two.partials (S22)."""

    def slope_at_z(two):  # S22 with f'(s) computed as if z were the state
        z_0, z_1 = two.values["z_0"], two.values["z_1"]
        slope_0, slope_1 = ((1 - z**2) if _is_tanh(two) else z * (1 - z) for z in (z_0, z_1))
        dE_dz_1 = two.partials["dE/ds_1"] * slope_1
        return dE_dz_1 * (two.values["s_0"] + two.values["w"] * slope_0 * two.values["s_init"])

    def tanh_slope(two):
        slope_0, slope_1 = (1 - two.values[s] ** 2 for s in ("s_0", "s_1"))
        dE_dz_1 = two.partials["dE/ds_1"] * slope_1
        return dE_dz_1 * (two.values["s_0"] + two.values["w"] * slope_0 * two.values["s_init"])

    def tanh_slope_at_step_0(two):
        slope_0 = 1 - two.values["s_0"] ** 2
        return two.partials["dE/dz_1"] * (
            two.values["s_0"] + two.values["w"] * slope_0 * two.values["s_init"]
        )

    def brackets(two):
        return two.values["s_0"] + two.values["w"] * two.partials["ds_0/dz_0"] * two.values["s_init"]

    def at_z_1_and_z_0(two, first, second):
        return two.partials["dE/dz_1"] * two.values[first] + two.partials["dE/dz_0"] * two.values[second]

    mistakes = {
        "1 - s_0² is the slope of tanh only: take ∂s_0/∂z_0 from two.partials": tanh_slope_at_step_0,
        "the two terms are added: yours are subtracted": lambda two: (
            two.partials["dE/dw_1"] - two.partials["dE/dw_0"]
        ),
        "those are the brackets of S22: ∂E/∂z_1 stands before them": brackets,
        "you forgot ∂s_1/∂z_1 before the brackets": lambda two: two.partials["dE/ds_1"] * brackets(two),
        "∂E/∂z_1 multiplies both terms: mind the brackets": lambda two: (
            two.partials["dE/dw_1"] + brackets(two) - two.values["s_0"]
        ),
        "that is the copy of step 1 alone: w is used at step 0 too": lambda two: two.partials["dE/dw_1"],
        "that is the copy of step 0 alone: w is used at step 1 too": lambda two: two.partials["dE/dw_0"],
        "in the path through step 0 you forgot w: ∂b_1/∂s_0": lambda two: (
            two.partials["dE/dw_1"] + two.partials["dE/dz_1"] * two.partials["ds_0/dw_0"]
        ),
        "in the path through step 0 you forgot ∂s_0/∂z_0": lambda two: (
            two.partials["dE/dw_1"] + two.partials["dE/ds_0"] * two.values["s_init"]
        ),
        "you used s_t where s_{t-1} belongs: at step 1 w multiplies s_0, at step 0 s_init": lambda two: (
            at_z_1_and_z_0(two, "s_1", "s_0")
        ),
        "those are u's paths: at their ends w has s_0 and s_init, not x_1 and x_0": lambda two: two.gradient[
            "u"
        ],
        "f' is expressed by the state s, and you put z into it": slope_at_z,
        "1 - s² is the slope of tanh only: take ∂s_1/∂z_1 and ∂s_0/∂z_0 from two.partials": tanh_slope,
        "that is ds_1/dw: it still has to be multiplied by ∂E/∂s_1": lambda two: two.partials[
            "total ds_1/dw"
        ],
        "the total ds_1/dw already holds both paths: you counted step 0 twice": lambda two: (
            two.partials["dE/ds_1"] * two.partials["total ds_1/dw"] + two.partials["dE/dw_0"]
        ),
    }
    verdicts.exercise(attempt, lambda two: two.gradient["w"], mistakes, two_step_cases())


def numeric_derivative(attempt):
    """Exercise: attempt(f, u, epsilon) -> (f(u + epsilon) - f(u - epsilon)) / (2 epsilon), a number."""
    mistakes = {
        "one-sided: step to both sides of u": lambda f, u, e: (f(u + e) - f(u)) / e,
        "one-sided, backward: step to both sides of u": lambda f, u, e: (f(u) - f(u - e)) / e,
        "the two points are 2 epsilon apart: you forgot the 2": lambda f, u, e: (f(u + e) - f(u - e)) / e,
        "one-sided and divided by 2 epsilon": lambda f, u, e: (f(u + e) - f(u)) / (2 * e),
        "you forgot to divide by 2 epsilon": lambda f, u, e: f(u + e) - f(u - e),
        "mind the brackets: a / 2 * epsilon is (a / 2) * epsilon": lambda f, u, e: (
            (f(u + e) - f(u - e)) / 2 * e
        ),
        "the sign is flipped: f(u + epsilon) comes first": lambda f, u, e: (f(u - e) - f(u + e)) / (2 * e),
    }
    cases = {
        "for tanh at 0.3, epsilon = 0.01": (np.tanh, 0.3, 0.01),
        "for a cube at -1.5, epsilon = 0.1": (lambda u: u**3 + u, -1.5, 0.1),
        "for exp at 2, epsilon = 0.5": (np.exp, 2.0, 0.5),
    }
    verdicts.exercise(attempt, numeric.slope_at, mistakes, cases)


def _is_tanh(two):
    return math.isclose(two.values["s_0"], math.tanh(two.values["z_0"]))
