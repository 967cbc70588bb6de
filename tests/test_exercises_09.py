"""The exercises of notebook 09: what they accept, how they name a mistake, and what the prose claims."""

import numpy as np
import pytest
from exercises import said

from bptt_helpers import checks, gates, labs


@pytest.fixture(scope="module")
def left():
    """A function: settings of labs.gates -> {network: how much of the last step's error reaches step 0}."""
    lab = labs.gates()

    def sizes(**settings):
        return {name: 10.0 ** logs[0] for name, logs in lab.at(**settings).relative.items()}

    return sizes


def about(value, claimed, digits=1):
    """Whether a number is the claimed one as it stands in the prose, with so many digits."""
    return float(f"{value:.{digits - 1}e}") == pytest.approx(claimed)


# ----------------------------------------------------------------------------------------------------------
# forget_bias


def test_the_bias_of_a_share_gets_it(capsys):
    def mine(n, share):
        f = np.exp(np.log(share) / n)
        return -np.log(1 / f - 1)

    assert said(capsys, checks.forget_bias, mine) == "got it"


def test_the_solutions_bias_leaves_that_share_of_the_cell():
    """Run, not only computed: the LSTM without input and without W keeps its cell by that share."""
    bias = checks.solutions.forget_bias(39, 0.5)
    params = gates.lstm.init_params(2, 3, 2, rng=np.random.default_rng(0), forget_bias=float(bias))
    params = params._replace(W=0 * params.W)
    trace = gates.lstm.forward(params, np.zeros((39, 2)), np.zeros(3), np.array([1.0, -2.0, 0.5]))
    np.testing.assert_allclose(trace.cell[-1], [0.5, -1.0, 0.25], rtol=1e-9)


# ----------------------------------------------------------------------------------------------------------
# lstm_backward_step


def test_a_step_with_other_letters_gets_it(capsys):
    def mine(ds, dcell, i, f, o, g, cell, cell_prev, W):
        tanh = np.tanh(cell)
        both = dcell + ds * o * (1 - tanh * tanh)
        parts = [both * g * i * (1 - i), both * cell_prev * f * (1 - f)]
        parts += [ds * tanh * o * (1 - o), both * i * (1 - g) * (1 + g)]
        dz = np.hstack(parts)
        return dz, W.T @ dz, f * both

    assert said(capsys, checks.lstm_backward_step, mine) == "got it"


# ----------------------------------------------------------------------------------------------------------
# What the prose says


def test_five_networks_and_one_input(left):
    sizes = left(T=40)
    assert about(sizes["tanh"], 2e-6)
    assert about(sizes["orthogonal"], 3e-6)
    assert about(sizes["lstm"], 4e-4)
    assert about(sizes["gru"], 7e-5)
    assert about(sizes["relu"], 0.2)
    without_input = left(T=40, input_scale=0.0)
    assert without_input["orthogonal"] == pytest.approx(1)
    assert without_input["relu"] == 0
    assert about(left(T=40, radius=1.5)["relu"], 5e6)


def test_the_cell_alone(left):
    lab = labs.gates(T=40)

    def alone(bias):
        return lab.at(gate_bias=bias).forget_gate[1:].prod(axis=0).mean()

    assert about(0.73**39, 5e-6)
    assert about(alone(1.0), 2e-6)
    assert about(alone(3.0), 0.1)
    assert alone(5.0) > 0.5
    assert about(alone(0.0), 4e-13)
    assert -36.5 < np.log10(alone(-2.0)) < -35.5
    assert left(T=40, gate_bias=-2.0)["lstm"] < 1e-6 * left(T=40)["tanh"]
    assert alone(4.0) > left(T=40, gate_bias=4.0)["lstm"]
    assert alone(1.0) < left(T=40)["lstm"]


def test_twice_the_input(left):
    sizes = left(T=40, input_scale=2.0)
    assert about(sizes["orthogonal"], 1e-9)
    assert about(sizes["lstm"], 2e-6)
    assert about(sizes["relu"], 0.2)
    assert max(sizes, key=sizes.get) == "relu"
