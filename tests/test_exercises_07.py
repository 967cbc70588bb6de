"""The exercises of notebook 07, as learners get them wrong, and the numbers that its prose claims."""

import math

import numpy as np
import pytest
from exercises import said

from bptt_helpers import checks, flow, labs, landscape, optimisers, rnn

EDGE = (5.0, -2.33)
RUN = (50, 0.0, 0.7, "sigmoid")  # T, s_init, target, func of the notebook's network


# ----------------------------------------------------------------------------------------------------------
# exercises


def test_other_right_answers_get_it(capsys):
    def with_linalg(gradient, limit):
        length = np.linalg.norm(gradient)
        return gradient * min(1, limit / length) if length else gradient

    def by_hand(w):
        s = math.sqrt(1 - 1 / w)
        upper = w * s - 0.5 * math.log((1 + s) / (1 - s))
        return -upper, upper

    assert said(capsys, checks.clip_by_norm, with_linalg) == "got it"
    assert said(capsys, checks.clip_by_norm, optimisers.clip_by_norm) == "got it"
    assert said(capsys, checks.fold, by_hand) == "got it"
    assert said(capsys, checks.fold, lambda w: landscape.folds(w, "tanh")) == "got it"


@pytest.mark.parametrize(
    ("exercise", "attempt", "words"),
    [
        (checks.clip_by_norm, optimisers.clip_by_value, "clipping by value"),
        (checks.clip_by_norm, lambda g, limit: g / np.linalg.norm(g) * limit, "yours is stretched"),
        (checks.clip_by_norm, lambda g, limit: g / limit, "not yet"),
        (checks.clip_by_norm, lambda g, limit: g.copy(), "nothing is cut"),
        (checks.fold, lambda w: (np.sqrt(1 - 1 / w), -np.sqrt(1 - 1 / w)), "not yet"),
        (checks.fold, lambda w: tuple(landscape.folds(4 * w, "sigmoid")), "not yet"),
    ],
)
def test_what_is_wrong_does_not_pass(capsys, exercise, attempt, words):
    sentence = said(capsys, exercise, attempt)
    assert sentence.startswith("not yet: ")
    assert words in sentence


# ----------------------------------------------------------------------------------------------------------
# what the prose says


def test_one_step_at_the_edge():
    numbers = labs.cliff().numbers
    assert (labs.cliff().settings.w, labs.cliff().settings.b) == EDGE
    assert pytest.approx(0.0174, abs=5e-5) == numbers.E
    assert numbers.gradient_norm == pytest.approx(27.6, abs=0.1)
    lengths = [optimisers.norm(np.array(landscape.gradient(5.0, b, *RUN))) for b in (-2.34, -2.32)]
    assert lengths == pytest.approx([5.3, 0.12], abs=0.05)
    assert np.linalg.norm(numbers.raw_step) == pytest.approx(8.74, abs=0.01)
    after = np.array(EDGE) + numbers.raw_step
    E = landscape.loss(*after, *RUN)
    assert 5 < E / numbers.E < 5.5  # five times as large
    assert pytest.approx(0.09, abs=1e-4) == E
    assert optimisers.norm(np.array(landscape.gradient(*after, *RUN))) < 1e-4
    assert flow.angle_and_length(numbers.norm_clipped_step, numbers.raw_step).angle < 1e-6
    assert flow.angle_and_length(numbers.value_clipped_step, numbers.raw_step).angle > 20


def test_a_small_limit_by_value_goes_along_a_diagonal():
    numbers = labs.cliff(limit=0.1).numbers
    assert abs(numbers.value_clipped_step[0]) == pytest.approx(abs(numbers.value_clipped_step[1]))


def test_the_edge_falls_to_a_tenth_within_a_hundredth():
    assert landscape.loss(5.0, -2.34, *RUN) / landscape.loss(5.0, -2.33, *RUN) == pytest.approx(10, abs=0.5)


def test_the_four_ways():
    paths = labs.cliff(log_rate=0.0, limit=0.5, steps=60, show="paths").numbers.paths
    lately = {way: landscape.loss(*path[-11:].T, *RUN) for way, path in paths.items()}
    others = [lately[way].min() for way in ("SGD", "momentum", "Adam")]
    assert lately["clipped"].max() < 0.015 < 0.089 < min(others)  # not by the accident of one step
    assert paths["clipped"][-1, 0] < 4  # where there is no fold
    longest = np.linalg.norm(np.diff(paths["Adam"], axis=0), axis=1).max()
    assert 1.4 < longest < 1.415
    moved_on = labs.cliff(b=-2.4, log_rate=-0.5, limit=0.5, steps=60, show="paths").numbers.paths
    ends = {way: float(landscape.loss(*path[-1], *RUN)) for way, path in moved_on.items()}
    assert ends["Adam"] < 0.005 < 0.01 < ends["clipped"]
    assert moved_on["Adam"][-1, 0] < 3  # the open valley, where there is no fold


def test_clipping_does_not_cure_vanishing():
    for limit in (0.1, 10.0):
        numbers = labs.cliff(w=6.5, b=1.5, limit=limit).numbers
        assert numbers.gradient_norm == pytest.approx(3e-4, rel=0.1)
        np.testing.assert_array_equal(numbers.norm_clipped_step, numbers.raw_step)
    at, weights = np.array([6.5, 1.5]), []
    for _ in range(3):
        at = at - 3500 * np.array(landscape.gradient(*at, *RUN))
        weights.append(at[0])
    assert 6.5 - weights[0] < 1.01
    assert weights[2] == pytest.approx(134, abs=1)


def test_the_step_that_falls_off_although_its_gradient_is_short():
    numbers = labs.cliff(b=-2.32).numbers
    assert numbers.gradient_norm < 0.15
    assert (numbers.E, numbers.E_after_raw_step) == pytest.approx((0.039, 0.219), abs=1e-3)


def test_behind_the_gate_the_slopes_multiply():
    s = labs.cliff().numbers.states
    slopes = 5 * s * (1 - s)
    assert slopes.max() == pytest.approx(1.25, abs=0.005)
    assert slopes[-27:].prod() == pytest.approx(18.1, abs=0.1)
    assert (slopes[-27:] > 1).all()


def test_no_factor_gives_the_past_a_larger_share():
    rng = np.random.default_rng(0)
    params = rnn.init_params(3, 16, 3, rng=rng, spectral_radius=0.9)
    trace = rnn.forward(params, rng.normal(size=(40, 3)))
    y = np.array([-1] * 39 + [0])
    C = flow.blame(params, trace, y)[-1]
    share = np.linalg.norm(C[:20].sum(axis=0)) / np.linalg.norm(C.sum(axis=0))
    assert share < 1e-3
    assert np.linalg.norm(C[35:].sum(axis=0)) / np.linalg.norm(C.sum(axis=0)) == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(C.sum(axis=0), rnn.backward(params, trace, y).W, rtol=0, atol=1e-12)
