"""The text's scalar network over two steps, S6 to S24: every intermediate, partial, path and sum by its name.

A second derivation, independent of rnn: here every factor of the chain rule is a number of its own. Three
traps:

1. Softmax of one number is always 1, so with a scalar q there is no loss and every gradient is 0. The state
   stays a scalar, but v is a vector with one entry a class, two at least, and q and o are vectors.
2. With s_init = 0 the last term of S22 is exactly 0, and code that forgets it still passes a check. Check
   with another s_init (and, for a network that claims any length, with T >= 3).
3. Total and immediate derivatives look alike. "ds_1/du_1" is immediate: it holds s_0 fixed, u_1 being the
   copy of u used at step 1. What u does to s_1 through both copies is "total ds_1/du".

Not here: other lengths than two (rnn), and what the factors look like (pictures).
"""

import math
from functools import reduce
from typing import NamedTuple

import numpy as np

from bptt_helpers import arguments


class Term(float):
    """One path's share of a gradient: a float that knows where it came from.

    step : the step whose copy of the weight it speaks of
    factors : tuple of (name, value), in the order of the formula; their product, left to right, is the term
    formula : the number of the formula that writes it, "" where the text has none
    """

    __slots__ = ("factors", "formula", "step")

    def __new__(cls, step, factors, formula):
        """Multiply the factors out."""
        term = super().__new__(cls, product(value for _, value in factors))
        term.step, term.factors, term.formula = step, factors, formula
        return term

    def __getnewargs__(self):
        """What a copy or a pickle of it is made from."""
        return self.step, self.factors, self.formula


class TwoSteps(NamedTuple):
    """Everything about one run, under the text's names.

    values : numbers S6 to S17: "u", "x_0", "a_0" … "s_1" floats; "v", "q", "o" arrays (C,); "E" a float
    partials : local partials, each holding all else fixed ("ds_1/dz_1"); immediate ones (∂⁺ in the text),
        which hold s_0 fixed ("ds_1/du_1"); chained ones ("dE/dz_0"); "total ds_1/du" and "total ds_1/dw"
    paths : "u", "w", "k", "x_0", "x_1", "s_init": a tuple of Term, step 1 first, that sum to the gradient
    gradient : dE/d "u", "w", "k", "x_0", "x_1", "s_init" as floats and "v" as an array (C,)
    formulas : "S6" … "S24", each computed as the text writes it
    """

    values: dict
    partials: dict
    paths: dict
    gradient: dict
    formulas: dict


def run(u, w, k, v, x, s_init, target, func="tanh"):
    """Two steps forward (S6 to S17), then every factor of every gradient (S18 to S24).

    u, w, k, s_init : numbers
    v : sequence of C >= 2 numbers, one a class (trap 1)
    x : sequence of two numbers
    target : class index 0 … C-1; the loss is at the last step only
    func : "tanh", "sigmoid", "relu" or "identity"

    Returns TwoSteps. Where the target's probability is too small for a float (logits some 700 apart) its
    reciprocal in S19 is inf, and nan comes out. TypeError or ValueError names the bad argument.
    """
    u, w, k, s_init = (arguments.number(*pair) for pair in (("u", u), ("w", w), ("k", k), ("s_init", s_init)))
    v = np.array(arguments.several_numbers("v", v, least=2))
    x = arguments.several_numbers("x", x, least=2, most=2)
    target = arguments.integer("target", target, minimum=0)
    if target >= len(v):
        raise ValueError(f"target: expected a class index 0 … {len(v) - 1}, got {target}")
    arguments.choice("func", func, tuple(_FUNCTIONS))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        values = _forward(u, w, k, v, x, s_init, target, func)
        partials = _local_partials(values, target, func)
        partials |= _chained_partials(values, partials)
        paths = {name: _paths(partials, name) for name in ("u", "w", "k", "x_0", "x_1", "s_init")}
        gradient = {name: float(sum(terms)) for name, terms in paths.items()} | {"v": partials["dE/dv"]}
        return TwoSteps(values, partials, paths, gradient, _formulas(values, partials, target, func))


def product(factors):
    """The factors from left to right: row times matrix times column, then number times number."""
    return reduce(_times, factors)


def _times(left, right):
    """Matrix product where both have axes, else the ordinary one."""
    return left @ right if np.ndim(left) and np.ndim(right) else left * right


def two_paths_of_u(partials):
    """(dE/du_1, dE/du_0), each factor by factor as S19 and S20 write it: floats."""
    p = partials
    to_s_1 = p["dE/do"] @ p["do/dq"] @ p["dq/ds_1"]  # (C,) x (C, C) x (C,): what both paths begin with
    through_step_1 = to_s_1 * p["ds_1/dz_1"] * p["dz_1/da_1"] * p["da_1/du_1"]
    to_s_0 = to_s_1 * p["ds_1/dz_1"] * p["dz_1/db_1"] * p["db_1/ds_0"]
    through_step_0 = to_s_0 * p["ds_0/dz_0"] * p["dz_0/da_0"] * p["da_0/du_0"]
    return float(through_step_1), float(through_step_0)


def factored_gradient_of_w(values, partials):
    """dE/dw with the common factors taken out, as S22 writes it: float."""
    p, w, s_0, s_init = partials, values["w"], values["s_0"], values["s_init"]
    dE_dz_1 = p["dE/do"] @ p["do/dq"] @ values["v"] * p["ds_1/dz_1"]
    return float(dE_dz_1 * (s_0 + w * p["ds_0/dz_0"] * s_init))


def _forward(u, w, k, v, x, s_init, target, func):
    """S6 to S14, S16 and S17."""
    squash, _ = _FUNCTIONS[func]
    x_0, x_1 = x
    a_0 = x_0 * u
    b_0 = s_init * w
    z_0 = a_0 + b_0 + k
    s_0 = squash(z_0)
    a_1 = x_1 * u
    b_1 = s_0 * w
    z_1 = a_1 + b_1 + k
    s_1 = squash(z_1)
    q = s_1 * v  # (C,)
    o = _softmax(q)  # (C,)
    E = _cross_entropy(q, target)
    return {
        "u": u, "w": w, "k": k, "v": v, "x_0": x_0, "x_1": x_1, "s_init": s_init,
        "a_0": a_0, "b_0": b_0, "z_0": z_0, "s_0": s_0,
        "a_1": a_1, "b_1": b_1, "z_1": z_1, "s_1": s_1,
        "q": q, "o": o, "E": E,
    }  # fmt: skip


def _local_partials(values, target, func):
    """What each quantity does to the next one, all else fixed."""
    _, slope = _FUNCTIONS[func]
    u, w, v, o = (values[name] for name in ("u", "w", "v", "o"))
    dE_do = np.zeros(len(v))
    dE_do[target] = -1 / o[target]  # E = -log o[target] sees no other entry of o
    return {
        "dE/do": dE_do,  # (C,)
        "do/dq": np.diag(o) - np.outer(o, o),  # (C, C)
        "dq/ds_1": v,  # (C,)
        "ds_1/dz_1": slope(values["z_1"]),
        "dz_1/da_1": 1.0, "dz_1/db_1": 1.0, "dz_1/dk_1": 1.0,
        "da_1/du_1": values["x_1"], "da_1/dx_1": u,
        "db_1/dw_1": values["s_0"], "db_1/ds_0": w,
        "ds_0/dz_0": slope(values["z_0"]),
        "dz_0/da_0": 1.0, "dz_0/db_0": 1.0, "dz_0/dk_0": 1.0,
        "da_0/du_0": values["x_0"], "da_0/dx_0": u,
        "db_0/dw_0": values["s_init"], "db_0/ds_init": w,
    }  # fmt: skip


def _chained_partials(values, local):
    """Immediate and total derivatives of the states, then those of E, sent back step by step."""
    s = {}
    s["dz_1/ds_0"] = local["dz_1/db_1"] * local["db_1/ds_0"]
    s["ds_1/ds_0"] = local["ds_1/dz_1"] * s["dz_1/ds_0"]
    for t in (1, 0):  # immediate: for t = 1 with s_0 held fixed
        s[f"ds_{t}/du_{t}"] = local[f"ds_{t}/dz_{t}"] * local[f"dz_{t}/da_{t}"] * local[f"da_{t}/du_{t}"]
        s[f"ds_{t}/dw_{t}"] = local[f"ds_{t}/dz_{t}"] * local[f"dz_{t}/db_{t}"] * local[f"db_{t}/dw_{t}"]
    for weight in ("u", "w"):  # total: through both copies
        s[f"total ds_1/d{weight}"] = s[f"ds_1/d{weight}_1"] + s["ds_1/ds_0"] * s[f"ds_0/d{weight}_0"]
    s["do/ds_1"] = local["do/dq"] @ local["dq/ds_1"]  # (C, C) x (C,) -> (C,)

    s["dE/dq"] = local["dE/do"] @ local["do/dq"]  # (C,) x (C, C) -> (C,)
    s["dE/dv"] = s["dE/dq"] * values["s_1"]  # (C,)
    s["dE/ds_1"] = float(s["dE/dq"] @ local["dq/ds_1"])
    for t in (1, 0):
        s[f"dE/dz_{t}"] = s[f"dE/ds_{t}"] * local[f"ds_{t}/dz_{t}"]
        s[f"dE/da_{t}"] = s[f"dE/dz_{t}"] * local[f"dz_{t}/da_{t}"]
        s[f"dE/db_{t}"] = s[f"dE/dz_{t}"] * local[f"dz_{t}/db_{t}"]
        s[f"dE/dk_{t}"] = s[f"dE/dz_{t}"] * local[f"dz_{t}/dk_{t}"]
        s[f"dE/du_{t}"] = s[f"dE/da_{t}"] * local[f"da_{t}/du_{t}"]
        s[f"dE/dx_{t}"] = s[f"dE/da_{t}"] * local[f"da_{t}/dx_{t}"]
        s[f"dE/dw_{t}"] = s[f"dE/db_{t}"] * local[f"db_{t}/dw_{t}"]
        before = "s_0" if t == 1 else "s_init"
        s[f"dE/d{before}"] = s[f"dE/db_{t}"] * local[f"db_{t}/d{before}"]
    return s


_TO_Z_1 = ("dE/do", "do/dq", "dq/ds_1", "ds_1/dz_1")  # how every path begins
_TO_Z_0 = (*_TO_Z_1, "dz_1/db_1", "db_1/ds_0", "ds_0/dz_0")  # … and how it goes on to step 0
_PATHS = {  # name: the factors of each path, and the formula that writes it
    "u": (
        (1, (*_TO_Z_1, "dz_1/da_1", "da_1/du_1"), "S19"),
        (0, (*_TO_Z_0, "dz_0/da_0", "da_0/du_0"), "S20"),
    ),
    "w": (
        (1, (*_TO_Z_1, "dz_1/db_1", "db_1/dw_1"), "S22"),
        (0, (*_TO_Z_0, "dz_0/db_0", "db_0/dw_0"), "S22"),
    ),
    "k": (
        (1, (*_TO_Z_1, "dz_1/dk_1"), ""),
        (0, (*_TO_Z_0, "dz_0/dk_0"), ""),
    ),
    "x_1": ((1, (*_TO_Z_1, "dz_1/da_1", "da_1/dx_1"), ""),),
    "x_0": ((0, (*_TO_Z_0, "dz_0/da_0", "da_0/dx_0"), ""),),
    "s_init": ((0, (*_TO_Z_0, "dz_0/db_0", "db_0/ds_init"), ""),),
}


def _paths(partials, name):
    """All paths from E back to the quantity `name`, step 1 first."""
    return tuple(
        Term(step, tuple((factor, partials[factor]) for factor in factors), formula)
        for step, factors, formula in _PATHS[name]
    )


def _formulas(values, partials, target, func):
    """S6 to S24 once more, each as it stands in the text, with w_1 = w and v_1 = v."""
    squash, _ = _FUNCTIONS[func]
    u, w, k, v, x_0, x_1, s_init = (values[name] for name in ("u", "w", "k", "v", "x_0", "x_1", "s_init"))
    a_0, b_0, z_0, s_0 = (values[name] for name in ("a_0", "b_0", "z_0", "s_0"))
    a_1, b_1, z_1, s_1 = (values[name] for name in ("a_1", "b_1", "z_1", "s_1"))
    p = partials
    through_step_1, through_step_0 = two_paths_of_u(partials)
    return {
        "S6": x_0 * u,
        "S7": s_init * w,
        "S8": a_0 + b_0 + k,
        "S9": squash(z_0),
        "S10": x_1 * u,
        "S11": s_0 * w,
        "S12": a_1 + b_1 + k,
        "S13": squash(z_1),
        "S14": s_1 * v,
        "S15": tuple(
            (z := u * x_t + w * before + k, squash(z)) for x_t, before in ((x_0, s_init), (x_1, s_0))
        ),
        "S16": _softmax(values["q"]),
        "S17": _cross_entropy(values["q"], target),
        "S18": p["dE/du_1"] + p["dE/du_0"],
        "S19": through_step_1,
        "S20": through_step_0,
        "S21": float(p["dE/do"] @ p["do/dq"] @ v * p["ds_1/dz_1"] * (x_1 + w * p["ds_0/dz_0"] * x_0)),
        "S22": factored_gradient_of_w(values, partials),
        "S23": float(
            p["dE/do"] @ p["do/ds_1"] * p["ds_1/du_1"]
            + p["dE/do"] @ p["do/ds_1"] * p["ds_1/ds_0"] * p["ds_0/du_0"]
        ),
        "S24": float(
            p["dE/do"] @ p["do/ds_1"] * p["ds_1/dw_1"]
            + p["dE/do"] @ p["do/ds_1"] * p["ds_1/ds_0"] * p["ds_0/dw_0"]
        ),
    }  # fmt: skip


def _softmax(q):
    """S16; shifting by the largest logit changes nothing but keeps exp finite."""
    e = np.exp(q - q.max())
    return e / e.sum()


def _cross_entropy(q, target):
    """S17, from the logits, so that log never sees 0."""
    return float(q.max() + np.log(np.exp(q - q.max()).sum()) - q[target])


def _sigmoid(z):
    """1 / (1 + e^-z), with the exponent never positive."""
    e = math.exp(-abs(z))
    return 1 / (1 + e) if z >= 0 else e / (1 + e)


# func: (func(z), func'(z)), each written from z alone
_FUNCTIONS = {
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "sigmoid": (_sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z)),
    "relu": (lambda z: max(z, 0.0), lambda z: 1.0 if z > 0 else 0.0),
    "identity": (lambda z: z, lambda z: 1.0),
}
