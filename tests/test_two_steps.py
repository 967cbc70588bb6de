"""two_steps: S6 to S24 by number, every partial by differences, the three traps, and rnn beside it."""

import copy
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_helpers import rnn, two_steps

FUNCS = ("tanh", "sigmoid", "relu", "identity")
DEFAULT = {
    "u": 0.6,
    "w": 0.9,
    "k": 0.1,
    "v": (1.5, -1.0),
    "x": (1, -0.5),
    "s_init": 0.25,
    "target": 0,
    "func": "tanh",
}
OTHERS = (
    DEFAULT,
    DEFAULT | {"func": "sigmoid", "target": 1, "s_init": -0.8},
    DEFAULT | {"func": "relu", "v": (0.3, -0.7, 1.1), "target": 2},
    DEFAULT | {"func": "identity", "u": -1.3, "w": -0.4, "x": (0.2, 0.9)},
)
CASES = pytest.mark.parametrize("case", OTHERS, ids=FUNCS)


def close(value):
    return pytest.approx(value, rel=1e-12, abs=1e-15)


def activate(z, func):
    return {
        "tanh": math.tanh(z),
        "sigmoid": 1 / (1 + math.exp(-z)),
        "relu": max(z, 0),
        "identity": z,
    }[func]


def in_rnn(case, s_init=None):
    """The same network as rnn sees it: Params, trace and the gradients of the loss at the last step."""
    params = rnn.Params(
        U=np.array([[case["u"]]]),
        W=np.array([[case["w"]]]),
        V=np.array(case["v"], float)[:, None],
        k=np.array([case["k"]]),
        c=np.zeros(len(case["v"])),
    )
    x = np.array(case["x"], float)[:, None]
    trace = rnn.forward(params, x, np.array([case["s_init"]]), case["func"])
    return trace, rnn.backward(params, trace, np.array([-1, case["target"]]))


def scalar_derivative(f, at, h=1e-4):
    """f'(at) by a central difference of fourth order: error about 1e-12."""
    return (8 * (f(at + h) - f(at - h)) - (f(at + 2 * h) - f(at - 2 * h))) / (12 * h)


# Forward


@CASES
def test_S6_a_0(case):
    two = two_steps.run(**case)
    assert two.values["a_0"] == two.formulas["S6"] == case["x"][0] * case["u"]


@CASES
def test_S7_b_0(case):
    two = two_steps.run(**case)
    assert two.values["b_0"] == two.formulas["S7"] == case["s_init"] * case["w"]


@CASES
def test_S8_z_0(case):
    two = two_steps.run(**case)
    assert two.values["z_0"] == two.formulas["S8"]
    assert two.values["z_0"] == close(case["x"][0] * case["u"] + case["s_init"] * case["w"] + case["k"])


@CASES
def test_S9_s_0(case):
    two = two_steps.run(**case)
    assert two.values["s_0"] == two.formulas["S9"] == close(activate(two.values["z_0"], case["func"]))


@CASES
def test_S10_a_1(case):
    two = two_steps.run(**case)
    assert two.values["a_1"] == two.formulas["S10"] == case["x"][1] * case["u"]


@CASES
def test_S11_b_1(case):
    two = two_steps.run(**case)
    assert two.values["b_1"] == two.formulas["S11"] == two.values["s_0"] * case["w"]


@CASES
def test_S12_z_1(case):
    two = two_steps.run(**case)
    expected = case["x"][1] * case["u"] + two.values["s_0"] * case["w"] + case["k"]
    assert two.values["z_1"] == two.formulas["S12"] == close(expected)


@CASES
def test_S13_s_1(case):
    two = two_steps.run(**case)
    assert two.values["s_1"] == two.formulas["S13"] == close(activate(two.values["z_1"], case["func"]))


@CASES
def test_S14_q(case):
    two = two_steps.run(**case)
    for q in (two.values["q"], two.formulas["S14"]):
        np.testing.assert_array_equal(q, [two.values["s_1"] * v for v in case["v"]])


@CASES
def test_S15_in_general_as_in_rnn(case):
    two = two_steps.run(**case)
    trace, _ = in_rnn(case)
    np.testing.assert_allclose(
        two.formulas["S15"], np.concatenate([trace.z, trace.s], axis=1), rtol=1e-13, atol=1e-15
    )
    for t, (z, s) in enumerate(two.formulas["S15"]):
        assert (z, s) == (close(two.values[f"z_{t}"]), close(two.values[f"s_{t}"]))


@CASES
def test_S16_o_as_in_rnn(case):
    two = two_steps.run(**case)
    trace, _ = in_rnn(case)
    for o in (two.values["o"], two.formulas["S16"]):
        np.testing.assert_allclose(o, trace.o[1], rtol=1e-13)
    assert two.values["o"].sum() == close(1)


@CASES
def test_S17_E_as_in_rnn(case):
    two = two_steps.run(**case)
    trace, _ = in_rnn(case)
    E = rnn.cross_entropy(trace.q, np.array([-1, case["target"]])).sum()
    assert two.values["E"] == two.formulas["S17"] == close(E)
    assert two.values["E"] == close(-math.log(two.values["o"][case["target"]]))


# Backward


def untied_loss(case, u=(None, None), w=(None, None)):
    """E with a copy of u and w for each step."""
    u_0, u_1 = (case["u"] if copy is None else copy for copy in u)
    w_0, w_1 = (case["w"] if copy is None else copy for copy in w)
    s_0 = activate(case["x"][0] * u_0 + case["s_init"] * w_0 + case["k"], case["func"])
    s_1 = activate(case["x"][1] * u_1 + s_0 * w_1 + case["k"], case["func"])
    exponentials = [math.exp(s_1 * v) for v in case["v"]]
    return -math.log(exponentials[case["target"]] / sum(exponentials))


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-11)


@CASES
def test_S18_the_copies_add_up(case):
    two = two_steps.run(**case)
    tied = scalar_derivative(lambda u: untied_loss(case, u=(u, u)), case["u"])
    assert two.formulas["S18"] == sum(two.paths["u"]) == two.gradient["u"] == near(tied)


@CASES
def test_S19_the_copy_at_step_1(case):
    two = two_steps.run(**case)
    assert two.paths["u"][0].formula == "S19"
    assert two.formulas["S19"] == two.paths["u"][0] == close(two.partials["dE/du_1"])
    assert two.formulas["S19"] == near(scalar_derivative(lambda u: untied_loss(case, u=(None, u)), case["u"]))


@CASES
def test_S20_the_copy_at_step_0(case):
    two = two_steps.run(**case)
    assert two.paths["u"][1].formula == "S20"
    assert two.formulas["S20"] == two.paths["u"][1] == close(two.partials["dE/du_0"])
    assert two.formulas["S20"] == near(scalar_derivative(lambda u: untied_loss(case, u=(u, None)), case["u"]))


@CASES
def test_S21_u_compact(case):
    two = two_steps.run(**case)
    _, grads = in_rnn(case)
    assert two.formulas["S21"] == close(sum(two.paths["u"])) == close(grads.U.item())


@CASES
def test_S22_w_compact(case):
    two = two_steps.run(**case)
    _, grads = in_rnn(case)
    assert two.formulas["S22"] == close(sum(two.paths["w"])) == close(grads.W.item())
    for t, tied_to in ((1, lambda w: (None, w)), (0, lambda w: (w, None))):
        numeric = scalar_derivative(lambda w, tied_to=tied_to: untied_loss(case, w=tied_to(w)), case["w"])
        assert two.paths["w"][1 - t] == close(two.partials[f"dE/dw_{t}"])
        assert two.paths["w"][1 - t] == near(numeric)


@CASES
def test_S23_u_by_immediate_derivatives(case):
    two = two_steps.run(**case)
    assert two.formulas["S23"] == close(two.gradient["u"])


@CASES
def test_S24_w_by_immediate_derivatives(case):
    two = two_steps.run(**case)
    assert two.formulas["S24"] == close(two.gradient["w"])


def test_every_formula_is_computed():
    assert list(two_steps.run(**DEFAULT).formulas) == [f"S{number}" for number in range(6, 25)]


# Partials, paths, gradients


@CASES
def test_every_local_partial_is_the_derivative_of_its_own_step(case):
    """From one quantity to the next, all else fixed, written here and differentiated numerically."""
    two = two_steps.run(**case)
    n, v, func, target = two.values, np.array(case["v"]), case["func"], case["target"]
    u, w, k = case["u"], case["w"], case["k"]
    steps = {
        "da_1/du_1": (lambda u: n["x_1"] * u, u),
        "da_0/du_0": (lambda u: n["x_0"] * u, u),
        "da_1/dx_1": (lambda x: x * u, n["x_1"]),
        "da_0/dx_0": (lambda x: x * u, n["x_0"]),
        "db_1/dw_1": (lambda w: n["s_0"] * w, w),
        "db_0/dw_0": (lambda w: n["s_init"] * w, w),
        "db_1/ds_0": (lambda s: s * w, n["s_0"]),
        "db_0/ds_init": (lambda s: s * w, n["s_init"]),
        "ds_1/dz_1": (lambda z: activate(z, func), n["z_1"]),
        "ds_0/dz_0": (lambda z: activate(z, func), n["z_0"]),
        "dq/ds_1": (lambda s: s * v, n["s_1"]),
        "dz_1/ds_0": (lambda s: n["a_1"] + s * w + k, n["s_0"]),
        "ds_1/ds_0": (lambda s: activate(n["a_1"] + s * w + k, func), n["s_0"]),
        "ds_1/du_1": (lambda u: activate(n["x_1"] * u + n["b_1"] + k, func), u),
        "ds_1/dw_1": (lambda w: activate(n["a_1"] + n["s_0"] * w + k, func), w),
        "ds_0/du_0": (lambda u: activate(n["x_0"] * u + n["b_0"] + k, func), u),
        "ds_0/dw_0": (lambda w: activate(n["a_0"] + n["s_init"] * w + k, func), w),
        "do/ds_1": (lambda s: np.exp(s * v) / np.exp(s * v).sum(), n["s_1"]),
    }
    for t in (0, 1):
        steps[f"dz_{t}/da_{t}"] = (lambda a, t=t: a + n[f"b_{t}"] + k, n[f"a_{t}"])
        steps[f"dz_{t}/db_{t}"] = (lambda b, t=t: n[f"a_{t}"] + b + k, n[f"b_{t}"])
        steps[f"dz_{t}/dk_{t}"] = (lambda k, t=t: n[f"a_{t}"] + n[f"b_{t}"] + k, k)
    for name, (f, at) in steps.items():
        np.testing.assert_allclose(
            two.partials[name], scalar_derivative(f, at), rtol=1e-9, atol=1e-10, err_msg=name
        )

    softmax_by_entry = np.empty((len(v), len(v)))
    for j in range(len(v)):
        unit = np.eye(len(v))[j]
        softmax_by_entry[:, j] = scalar_derivative(
            lambda h, unit=unit: np.exp(n["q"] + h * unit) / np.exp(n["q"] + h * unit).sum(), 0
        )
        by_entry = scalar_derivative(lambda h, unit=unit: -math.log((n["o"] + h * unit)[target]), 0)
        assert two.partials["dE/do"][j] == pytest.approx(by_entry, rel=1e-8, abs=1e-10)
    np.testing.assert_allclose(two.partials["do/dq"], softmax_by_entry, rtol=1e-9, atol=1e-10)

    chained = {name for name in two.partials if name.startswith(("dE/d", "total"))} - {"dE/do"}
    assert set(two.partials) == set(steps) | {"do/dq", "dE/do"} | chained  # none left untested


@CASES
def test_every_chained_partial_as_in_rnn(case):
    two = two_steps.run(**case)
    trace, grads = in_rnn(case)
    p = two.partials
    np.testing.assert_allclose(p["dE/dq"], trace.o[1] - np.eye(len(case["v"]))[case["target"]], rtol=1e-12)
    np.testing.assert_allclose(p["dE/dv"], grads.V[:, 0], rtol=1e-12)
    assert p["dE/ds_init"] == close(grads.s_init.item())
    assert p["dE/dk_1"] + p["dE/dk_0"] == close(grads.k.item())
    assert p["dE/du_1"] + p["dE/du_0"] == close(grads.U.item())
    assert p["dE/dw_1"] + p["dE/dw_0"] == close(grads.W.item())
    for t in (0, 1):
        assert p[f"dE/dz_{t}"] == p[f"dE/da_{t}"] == p[f"dE/db_{t}"] == p[f"dE/dk_{t}"]
        assert p[f"dE/dz_{t}"] == close(p[f"dE/ds_{t}"] * p[f"ds_{t}/dz_{t}"])
        assert p[f"dE/dx_{t}"] == close(two.gradient[f"x_{t}"])
    assert p["dE/ds_0"] == close(p["dE/ds_1"] * p["ds_1/ds_0"])


@CASES
def test_gradient_as_in_rnn(case):
    two = two_steps.run(**case)
    trace, grads = in_rnn(case)
    by_x = rnn.through_time(
        rnn.Params(np.array([[case["u"]]]), np.array([[case["w"]]]), np.array(case["v"])[:, None],
                   np.array([case["k"]]), np.zeros(len(case["v"]))),
        trace,
        np.array([[0.0], [two.partials["dE/ds_1"]]]),
    ).x  # fmt: skip
    expected = {
        "u": grads.U.item(), "w": grads.W.item(), "k": grads.k.item(), "s_init": grads.s_init.item(),
        "x_0": by_x[0, 0], "x_1": by_x[1, 0],
    }  # fmt: skip
    for name, value in expected.items():
        assert two.gradient[name] == close(value), name
        assert type(two.gradient[name]) is float
    np.testing.assert_allclose(two.gradient["v"], grads.V[:, 0], rtol=1e-12)
    assert set(two.gradient) == {*expected, "v"}


@CASES
def test_paths_multiply_out_to_their_terms_and_add_up_to_the_gradient(case):
    two = two_steps.run(**case)
    for name, terms in two.paths.items():
        assert sum(terms) == two.gradient[name]
        assert [term.step for term in terms] == sorted((term.step for term in terms), reverse=True)
        for term in terms:
            value = 1.0
            for factor, number in term.factors:
                np.testing.assert_array_equal(number, two.partials[factor])
                value = np.dot(value, number)
            assert term == close(float(value))
            # a chain: each factor begins with the quantity that the one before was differentiated by
            names = [factor.replace("d", "", 1).split("/d") for factor, _ in term.factors]
            assert names[0][0] == "E"
            assert all(left[1] == right[0] for left, right in pairwise(names))
            last = name if name.startswith(("x", "s")) else f"{name}_{term.step}"
            assert names[-1][1] == last


def test_factors_stand_in_the_order_of_S19_and_S20():
    one, zero = two_steps.run(**DEFAULT).paths["u"]
    assert [name for name, _ in one.factors] == [
        "dE/do", "do/dq", "dq/ds_1", "ds_1/dz_1", "dz_1/da_1", "da_1/du_1",
    ]  # fmt: skip
    assert [name for name, _ in zero.factors] == [
        "dE/do", "do/dq", "dq/ds_1", "ds_1/dz_1", "dz_1/db_1", "db_1/ds_0",
        "ds_0/dz_0", "dz_0/da_0", "da_0/du_0",
    ]  # fmt: skip


def test_a_term_can_be_copied():
    term = two_steps.run(**DEFAULT).paths["u"][1]
    twin = copy.deepcopy(term)
    assert twin == term
    assert (twin.step, twin.formula) == (0, "S20")
    assert [name for name, _ in twin.factors] == [name for name, _ in term.factors]


def test_numbers_are_python_floats():
    two = two_steps.run(**DEFAULT)
    for group in (two.values, two.partials):
        for name, value in group.items():
            assert type(value) is (np.ndarray if np.ndim(value) else float), name
    assert all(isinstance(term, float) for terms in two.paths.values() for term in terms)


@settings(max_examples=60)
@given(
    numbers=st.lists(st.floats(-3, 3), min_size=6, max_size=6),
    v=st.lists(st.floats(-3, 3), min_size=2, max_size=4),
    target=st.integers(0, 1),
    func=st.sampled_from(("tanh", "sigmoid")),
)
def test_any_numbers_as_in_rnn(numbers, v, target, func):
    u, w, k, x_0, x_1, s_init = numbers
    case = {"u": u, "w": w, "k": k, "v": v, "x": (x_0, x_1), "s_init": s_init, "target": target, "func": func}
    two = two_steps.run(**case)
    _, grads = in_rnn(case)
    for name in ("u", "w", "k", "s_init"):
        expected = getattr(grads, name if name in ("k", "s_init") else name.upper()).item()
        assert two.gradient[name] == pytest.approx(expected, rel=1e-9, abs=1e-13)


# The three traps


def test_trap_1_softmax_of_one_number_teaches_nothing():
    """A scalar q: o = 1, E = 0, every gradient 0. So run wants two classes at least, and says so."""
    params = rnn.Params(*(np.array(a) for a in ([[0.6]], [[0.9]], [[1.5]], [0.1], [0.0])))
    trace = rnn.forward(params, [[1.0], [-0.5]], [0.25])
    grads = rnn.backward(params, trace, [-1, 0])
    assert (trace.o == 1).all()
    assert not rnn.cross_entropy(trace.q, [-1, 0]).any()
    assert not any(gradient.any() for gradient in grads)
    with pytest.raises(ValueError, match=r"^v: expected at least 2 numbers, got 1"):
        two_steps.run(**DEFAULT | {"v": (1.5,)})
    assert abs(two_steps.run(**DEFAULT).gradient["u"]) > 0.01


def test_trap_2_with_s_init_0_the_last_term_of_S22_hides():
    def without_last_term(two):
        n, p = two.values, two.partials
        return float(p["dE/do"] @ p["do/dq"] @ n["v"] * p["ds_1/dz_1"] * n["s_0"])

    hidden = two_steps.run(**DEFAULT | {"s_init": 0})
    assert hidden.paths["w"][1] == 0
    assert without_last_term(hidden) == close(hidden.gradient["w"])
    seen = two_steps.run(**DEFAULT | {"s_init": 0.25})
    assert abs(without_last_term(seen) - seen.gradient["w"]) > 0.05


@CASES
def test_trap_3_total_and_immediate_derivatives_differ(case):
    two = two_steps.run(**case)

    def s_1(u, w, before):
        s_0 = before
        if before is None:
            s_0 = activate(case["x"][0] * u + case["s_init"] * w + case["k"], case["func"])
        return activate(case["x"][1] * u + s_0 * w + case["k"], case["func"])

    u, w, s_0 = case["u"], case["w"], two.values["s_0"]
    for name, f, at in (("u", lambda u, s: s_1(u, w, s), u), ("w", lambda w, s: s_1(u, w, s), w)):
        immediate, total = two.partials[f"ds_1/d{name}_1"], two.partials[f"total ds_1/d{name}"]
        assert immediate == near(scalar_derivative(lambda a, f=f: f(a, s_0), at))
        assert total == near(scalar_derivative(lambda a, f=f: f(a, None), at))
        assert abs(total - immediate) > 1e-3
        assert two.gradient[name] == close(two.partials["dE/ds_1"] * total)


def test_dropping_the_past_flips_the_sign():
    two = two_steps.run(**DEFAULT | {"s_init": 0})
    assert two.paths["u"][0] == pytest.approx(0.3386, abs=5e-5)
    assert two.gradient["u"] == pytest.approx(-0.0483, abs=5e-5)
