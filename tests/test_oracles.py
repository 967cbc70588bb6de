"""Every reference case in oracles/ at its own tolerance: numbers that no code of ours produced."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bptt_helpers import flow, gates, landscape, optimisers, rnn, tasks, two_steps

FOLDER = Path(__file__).parent / "oracles"


def read(name):
    """inputs (lists become arrays), expected and rtol of one case."""
    case = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    inputs = {
        key: np.array(value) if isinstance(value, list) else value for key, value in case["inputs"].items()
    }
    return inputs, case["expected"], case["rtol"]


def params_of(inputs):
    """Params from a case; a case without outputs gets one class of zeros."""
    H = len(inputs["W"])
    return rnn.Params(
        inputs["U"], inputs["W"], inputs.get("V", np.zeros((1, H))), inputs["k"], inputs.get("c", np.zeros(1))
    )


def entries(**arrays):
    """Looks up a key such as "W[1, 2]" or "s[:, 1, 4]" in the arrays."""

    def look_up(key):
        name, _, index = key.removesuffix("]").partition("[")
        parts = [slice(None) if part.strip() == ":" else int(part) for part in index.split(",")]
        return arrays[name][tuple(parts)]

    return look_up


def test_every_case_is_held_here():
    names = {path.stem for path in FOLDER.glob("*.json")}
    source = Path(__file__).read_text(encoding="utf-8")
    assert names
    assert not {name for name in names if f'"{name}"' not in source}


@pytest.mark.parametrize("name", ["seed_two_steps_tanh", "seed_two_steps_tanh_s_init"])
def test_seed(name):
    inputs, expected, rtol = read(name)
    two = two_steps.run(**inputs)
    found = dict(two.values) | two.partials
    for quantity, terms in two.paths.items():
        found[f"dE/d{quantity}"] = two.gradient[quantity]
        found |= {f"dE/d{quantity} via step {term.step}": term for term in terms}
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=rtol, err_msg=key)


def test_linspace_network():
    inputs, expected, rtol = read("linspace_network")
    params, y = params_of(inputs), inputs["y"]
    trace = rnn.forward(params, inputs["x"], inputs["s_init"])
    grads = rnn.backward(params, trace, y)
    found = {f"dE_d{name}": gradient for name, gradient in grads._asdict().items()}
    found["E"] = rnn.cross_entropy(trace.q, y).sum()
    found["G"] = np.linalg.norm(flow.error_reaching(params, trace, y), axis=-1)
    found["blame"] = np.linalg.norm(flow.blame(params, trace, y), axis=(-2, -1))
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=rtol, err_msg=key)


def test_wildml_gradient_check_model():
    inputs, expected, rtol = read("wildml_gradient_check_model")
    params, y = params_of(inputs), inputs["y"]
    trace = rnn.forward(params, inputs["x_index"], inputs["s_init"])
    grads = rnn.backward(params, trace, y)
    look_up = entries(**{f"d{name}": gradient for name, gradient in grads._asdict().items()})
    for key, value in expected.items():
        if key == "E":
            found = rnn.cross_entropy(trace.q, y).sum()
        elif key.startswith("sum|"):
            found = np.abs(getattr(grads, key.removeprefix("sum|d").removesuffix("|"))).sum()
        else:
            found = look_up(key)
        assert found == pytest.approx(value, rel=rtol), key


def test_cs231n_rnn_forward():
    inputs, expected, rtol = read("cs231n_rnn_forward")
    trace = rnn.forward(params_of(inputs), inputs["x"], inputs["s_init"])
    np.testing.assert_allclose(trace.s, expected["s"], rtol=rtol)


def test_coursera_rnn_forward():
    inputs, expected, rtol = read("coursera_rnn_forward")
    trace = rnn.forward(params_of(inputs), inputs["x"], inputs["s_init"])
    look_up = entries(s=trace.s, o=trace.o)
    for key, value in expected.items():
        np.testing.assert_allclose(look_up(key), value, rtol=rtol, err_msg=key)


def test_coursera_one_step_backward():
    inputs, expected, rtol = read("coursera_one_step_backward")
    params = params_of(inputs)
    trace = rnn.forward(params, inputs["x"], inputs["s_init"])
    look_up = entries(**rnn.through_time(params, trace, inputs["ds"])._asdict())
    for key, value in expected.items():
        assert look_up(key) == pytest.approx(value, rel=rtol), key


@pytest.mark.parametrize("weights", [(1.2, 1.2), (1, 2)])
def test_roelants_linear_rnn(weights):
    """Its loss, the mean squared error of the last state, by through_time; its Rprop is for train's tests."""
    inputs, expected, rtol = read("roelants_linear_rnn")
    x = inputs["x"].T[..., None].astype(float)  # (N, T) -> (T, N, 1)
    u, w = (np.array([[weight]], float) for weight in weights)
    params = rnn.Params(u, w, np.zeros((1, 1)), np.zeros(1), np.zeros(1))
    trace = rnn.forward(params, x, func="identity")
    residual = trace.s[-1] - x.sum(axis=0)  # (N, 1)
    ds = np.zeros_like(trace.s)
    ds[-1] = 2 * residual / len(residual)
    grads = rnn.through_time(params, trace, ds)
    name = f"loss{weights}"
    assert (residual**2).mean() == pytest.approx(expected[name], rel=rtol)
    np.testing.assert_allclose([grads.U.item(), grads.W.item()], expected[f"d{name}"], rtol=rtol)


def test_scratch2_gradient_norms():
    """Two errors sent back through a linear network whose W is the transpose of the case's Wh."""
    inputs, expected, rtol = read("scratch2_gradient_norms")

    def norm_after(steps, W):
        params = rnn.Params(np.zeros((3, 1)), W, np.zeros((1, 3)), np.zeros(3), np.zeros(1))
        trace = rnn.forward(params, np.zeros((steps, 2, 1)), func="identity")
        ds = np.zeros((steps, 2, 3))
        ds[-1] = 1
        return np.linalg.norm(rnn.through_time(params, trace, ds).s_init) / 2

    for scale, prefix in ((1, ""), (0.5, "half: ")):
        W = inputs["Wh"].T * scale
        norms = [norm_after(steps, W) for steps in (1, 2, 3)]
        np.testing.assert_allclose(norms, expected[f"{prefix}norms"], rtol=rtol)
        assert norm_after(20, W) == pytest.approx(expected[f"{prefix}norm 20"], rel=rtol)
    assert np.linalg.norm(W, 2) == pytest.approx(expected["half: largest singular value"], rel=rtol)
    assert np.abs(np.linalg.eigvals(W)).max() == pytest.approx(expected["half: spectral radius"], rel=rtol)


def test_closed_form_explodes_though_the_spectral_radius_is_zero():
    _, expected, rtol = read("closed_forms")
    case = expected["explodes though spectral radius is 0"]
    W, s = np.array(case["W"], float), np.array(case["fixed point s*"])
    assert np.abs(np.linalg.eigvals(W)).max() < 1e-6  # 0 but for rounding: the eigenvalue is a double one
    params = rnn.Params(np.zeros((2, 1)), W, np.zeros((1, 2)), np.arctanh(s) - W @ s, np.zeros(1))
    trace = rnn.forward(params, np.zeros((12, 1)), s)
    np.testing.assert_allclose(trace.s[:3], [s] * 3, rtol=1e-12, atol=1e-12)  # a fixed point, an unstable one
    radius = np.abs(np.linalg.eigvals(flow.influence(params, trace)[1, 0])).max()
    assert radius == pytest.approx(case["spectral radius of diag(1 - s*^2) W"], rel=rtol)


def test_closed_form_initial_loss_of_a_character_model():
    """With V = 0 every character is as likely as any other: E = ln(vocabulary size) a character."""
    _, expected, rtol = read("closed_forms")
    assert expected["initial char-model loss per character"] == "ln(vocabulary size)"
    text = tasks.manual_text("objects")
    characters = tasks.vocabulary(text)
    classes = tasks.encode(text, characters)
    C = len(characters)
    params = rnn.init_params(C, 16, C, rng=np.random.default_rng(0))._replace(V=np.zeros((C, 16)))
    trace = rnn.forward(params, classes[:-1])
    assert rnn.cross_entropy(trace.q, classes[1:]).mean() == pytest.approx(math.log(C), rel=rtol)


def test_closed_form_chance_levels():
    """What each task says that knowing nothing costs, and a network's loss when it says just that."""
    _, expected, rtol = read("closed_forms")
    adding, order, copy = tasks.adding(50), tasks.temporal_order(50), tasks.copy(100, symbols=8, length=10)
    assert adding.chance == pytest.approx(expected["chance: adding task, target = sum, MSE"], rel=rtol)
    assert order.chance == pytest.approx(expected["chance: temporal order, 4 classes, nll"], rel=rtol)
    copy_key = "chance: copy task K=8 S=10 T=100, nll per step"
    assert copy.chance == pytest.approx(expected[copy_key], rel=rtol)
    assert rnn.cross_entropy(np.zeros((1, 4)), order.batch(0, 1).y[-1]).item() == pytest.approx(order.chance)
    q = np.zeros((copy.T, 1, copy.C))  # the blank, sure until the symbols are asked for, and out then
    q[:-10, :, -1], q[-10:, :, -1] = 1e3, -1e3
    assert rnn.cross_entropy(q, copy.batch(0, 1).y).mean() == pytest.approx(expected[copy_key], rel=rtol)


def test_closed_form_norm_clip():
    _, expected, rtol = read("closed_forms")
    clipped = optimisers.clip_by_norm(np.array([3.0, 4.0]), 1)
    np.testing.assert_allclose(clipped, expected["norm clip of (3, 4) at 1"], rtol=rtol)


def test_closed_forms_of_the_folds():
    _, expected, rtol = read("closed_forms")
    found = landscape.folds(5.0, "sigmoid")
    np.testing.assert_allclose(found, expected["fold b of s = 5*sigmoid(s) + b"], rtol=rtol)
    assert landscape.folds(2.0, "tanh")[1] == pytest.approx(
        expected["fold |b| of s = tanh(2 s + b)"], rel=rtol
    )


def test_cs231n_lstm_forward():
    inputs, expected, rtol = read("cs231n_lstm_forward")
    weights = params_of(inputs)  # U, W and k hold four blocks of rows, so V must be cut to one
    H = weights.W.shape[1]
    params = gates.lstm.Params(*weights._replace(V=np.zeros((1, H))))
    trace = gates.lstm.forward(params, inputs["x"], inputs["s_init"])
    np.testing.assert_allclose(trace.s, expected["s"], rtol=rtol)


def test_roelants_rprop():
    """Training with nothing but the signs of our gradients ends where the published run ended."""
    inputs, expected, rtol = read("roelants_linear_rnn")
    x = inputs["x"].T[..., None].astype(float)  # (T, B, 1)
    wanted = x.sum(axis=(0, 2))  # (B,)

    def gradient(u, w):
        params = rnn.Params(*(np.array(weight) for weight in ([[u]], [[w]], [[0.0]], [0.0], [0.0])))
        trace = rnn.forward(params, x, func="identity")
        ds = np.zeros_like(trace.s)
        ds[-1] = 2 * (trace.s[-1] - wanted[:, None]) / len(wanted)
        grads = rnn.through_time(params, trace, ds)
        return np.array([grads.U[0, 0], grads.W[0, 0]])

    weights, step, sign_before = np.array([-1.5, 2.0]), np.full(2, 0.001), np.zeros(2)
    for _ in range(500):
        sign = np.sign(gradient(*weights))
        step *= np.where(sign == sign_before, 1.2, 0.5)
        weights -= sign * step
        sign_before = sign
    np.testing.assert_allclose(weights, [expected["u after Rprop"], expected["w after Rprop"]], rtol=rtol)
