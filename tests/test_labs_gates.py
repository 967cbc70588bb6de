"""labs.gates: five networks under the same sliders, against the maths one by one; what it says."""

import numpy as np
import pytest
import sweep

from bptt_helpers import flow, gates, labs, rnn
from bptt_helpers.labs.flow import inputs
from bptt_helpers.labs.gates import _verdict
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.gates import GAP, NETWORKS, NOTHING, REACH, GatesPicture, _apart


@pytest.mark.parametrize(
    "start", [{}, {"radius": 1.6, "T": 12, "gate_bias": -1.0, "H": 5, "seed": 3}, {"T": 2}]
)
def test_each_curve_is_what_is_left_in_that_network(start):
    lab = labs.gates(**start)
    now, numbers = lab.settings, lab.numbers
    x = inputs(now["T"], now.input_scale, now.seed)
    for name in NETWORKS:
        params, trace = numbers.params[name], numbers.traces[name]
        module = {"lstm": gates.lstm, "gru": gates.gru}.get(name, rnn)
        extra = {} if module is not rnn else {"func": "relu" if name == "relu" else "tanh"}
        again = module.forward(params, x, **extra)
        np.testing.assert_array_equal(again.s, trace.s)
        y = np.full(now["T"], -1)
        y[-1] = again.o[-1].argmin()
        # What step t hands on is the start of the steps after it.
        error = params.V.T @ rnn.error_at_logits(again.o[-1:], y[-1:])[0]
        for t in range(now["T"] - 1):
            initial = [again.s[t]] + ([again.cell[t]] if name == "lstm" else [])
            rest = module.forward(params, x[t + 1 :], *initial, **extra)
            grads = module.backward(params, rest, y[t + 1 :])
            parts = np.concatenate([grads.s_init] + ([grads.c_init] if name == "lstm" else []))
            size = np.linalg.norm(parts) / np.linalg.norm(error)
            if numbers.relative[name][t] == NOTHING:
                assert size == 0
            else:
                assert numbers.relative[name][t] == pytest.approx(np.log10(size), abs=1e-7)


def test_the_radius_is_that_of_every_block_and_the_bias_that_of_the_gate_that_keeps():
    numbers = labs.gates(radius=0.7, gate_bias=2.5, H=6).numbers
    for name, params in numbers.params.items():
        for block in np.split(params.W, len(params.W) // 6):
            assert flow.spectral_radius(block) == pytest.approx(0.7)
        assert (params.k[6:12] == 2.5).all() if name in ("lstm", "gru") else not params.k.any()
    np.testing.assert_allclose(numbers.params["relu"].W, 0.7 * np.eye(6))
    orthogonal = numbers.params["orthogonal"].W
    np.testing.assert_allclose(orthogonal @ orthogonal.T, 0.49 * np.eye(6), atol=1e-12)


def test_the_gates_and_the_product_of_the_forget_gates_are_the_runs_own():
    numbers = labs.gates(T=9).numbers
    np.testing.assert_array_equal(numbers.forget_gate, numbers.traces["lstm"].forget_gate)
    np.testing.assert_array_equal(numbers.update_gate, numbers.traces["gru"].update)
    np.testing.assert_allclose(10 ** numbers.kept[0], numbers.forget_gate[1:].prod(axis=0))


def test_a_larger_gate_bias_keeps_more_and_a_negative_one_loses_all():
    left = [labs.gates(gate_bias=bias).numbers.relative["lstm"][0] for bias in (-2.0, 1.0, 4.0)]
    assert left[0] < -15 < left[1] < left[2]
    assert left[2] > -1.5


def test_what_does_not_depend_on_the_gates_is_not_computed_anew():
    lab = labs.gates()
    before = lab.numbers
    lab.move(gate_bias=3.0)
    assert np.shares_memory(lab.numbers.relative["tanh"], before.relative["tanh"])
    assert not np.shares_memory(lab.numbers.relative["lstm"], before.relative["lstm"])


SAID = [
    ({}, ["reaches step 0 in the LSTM (fading)", "in the tanh network", "along the cell alone"]),
    ({"gate_bias": -2.0}, ["in the LSTM (vanished)", "forget gates stand at 0.1"]),
    ({"gate_bias": 6.0, "T": 100}, ["forget gates stand at 1.00"]),
    ({"show": "curves"}, ["Over these 39 steps most is left in the"]),
    ({"T": 2, "show": "curves"}, ["Of the error of step 1", "Over this one step most is left in the"]),
]


@pytest.mark.parametrize(
    ("log10", "word"),
    [(NOTHING, "vanished"), (-6.1, "vanished"), (-5.9, "fading"), (-1.1, "fading"), (-0.9, "alive"),
     (0.9, "alive"), (1.1, "growing"), (5.9, "growing"), (6.1, "exploded")],
)  # fmt: skip
def test_from_a_tenth_to_ten_times_is_alive_and_a_million_is_gone(log10, word):
    assert _verdict(log10) == word


@pytest.mark.parametrize(("start", "parts"), SAID)
def test_what_it_says(start, parts):
    text = sweep.said(labs.gates(**start))
    for part in parts:
        assert part in text


def test_the_sizes_it_says_are_those_of_the_numbers():
    lab = labs.gates(T=30, seed=2)
    text = sweep.said(lab)
    for name in ("lstm", "tanh"):
        exponent = int(np.floor(lab.numbers.relative[name][0]))
        assert f"e-{-exponent:02d}" in text or f"{10 ** lab.numbers.relative[name][0]:.3f}" in text


def test_of_a_way_that_is_shut_nothing_is_left():
    """The last inputs shut every unit of the identity-ReLU network: there nothing at all gets back."""
    lab = labs.gates(input_scale=0.0, show="curves")
    assert lab.numbers.relative["relu"][0] == NOTHING


def test_names_stand_apart_and_in_the_panel():
    rng = np.random.default_rng(0)
    for _ in range(200):
        levels = {name: float(rng.uniform(-REACH, REACH)) for name in NETWORKS}
        if rng.random() < 0.3:
            levels = dict.fromkeys(NETWORKS, float(rng.choice([-REACH, 0, REACH])))
        placed = _apart(levels)
        at = np.array(sorted(placed.values()))
        assert (np.diff(at) > GAP - 1e-9).all()
        assert -REACH - 1e-9 <= at[0] <= at[-1] <= REACH
        assert sorted(placed, key=placed.get) == sorted(levels, key=lambda name: (levels[name], placed[name]))
    assert _apart({}) == {}


def test_the_picture_draws_what_is_computed():
    canvas = Canvas(GatesPicture)
    numbers = labs.gates(T=20).numbers
    canvas.png(numbers)
    for name, curve in canvas.picture.curves.items():
        x, y = curve.get_data()
        assert len(x) == 20
        np.testing.assert_allclose(y[1:], np.maximum(numbers.relative[name][1:], -60))
    np.testing.assert_allclose(canvas.picture.forget.get_ydata(), numbers.forget_gate.mean(axis=1))
    mean = (10**numbers.kept).mean(axis=1)
    np.testing.assert_allclose(10 ** canvas.picture.alone.get_ydata(), mean)
    assert sorted(canvas.picture.names.strings) == ["GRU", "LSTM", "identity ReLU", "orthogonal", "tanh"]
    written = dict(zip(canvas.picture.names.strings, canvas.picture.sizes.strings, strict=True))
    assert float(written["LSTM"]) == pytest.approx(10 ** numbers.relative["lstm"][0], rel=0.1)
