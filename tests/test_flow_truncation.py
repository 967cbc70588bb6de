"""flow.truncation: masks, every window and chunk at once, angle and length, random cuts right on average."""

import itertools
import math

import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_helpers import flow, rnn

FUNCS = pytest.mark.parametrize("func", rnn.FUNCTIONS)
AT_ONCE = {"window": flow.window_gradients, "chunk": flow.chunk_gradients}
MASKS = {"window": flow.kept_by_window, "chunk": flow.kept_by_chunk}
KINDS = pytest.mark.parametrize("kind", ["window", "chunk"])

NETWORK = networks.random_network(3, T=9)
PARAMS, TRACE, Y = NETWORK.params, networks.run(NETWORK), NETWORK.y


# Masks


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 9, 10**12])
@pytest.mark.parametrize("T", [1, 2, 8])
def test_masks_say_what_their_conditions_say(T, n):
    by_window, by_chunk = flow.kept_by_window(T, n), flow.kept_by_chunk(T, n)
    for mask in (by_window, by_chunk):
        assert (mask.shape, mask.dtype) == ((T, T), np.dtype(bool))
    for t, k in itertools.product(range(T), range(T)):
        assert by_window[t, k] == (k <= t and t - k < n)
        assert by_chunk[t, k] == (k <= t and t // n == k // n)


def test_a_window_keeps_all_a_chunk_keeps():
    for n in range(1, 12):
        assert not (flow.kept_by_chunk(11, n) & ~flow.kept_by_window(11, n)).any()


@KINDS
@pytest.mark.parametrize("bad", [0, -1, 1.0, True, "2", None])
def test_masks_refuse_by_name(kind, bad):
    error = ValueError if bad in (0, -1) and bad is not True else TypeError
    with pytest.raises(error, match=f"^{kind}: expected an integer"):
        MASKS[kind](5, bad)
    with pytest.raises(error, match=r"^T: expected an integer"):
        MASKS[kind](bad, 5)


# Every n at once


@KINDS
@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    T=st.integers(1, 24),
    D=st.integers(1, 4),
    H=st.integers(1, 4),
    func=st.sampled_from(rnn.FUNCTIONS),
    indices=st.booleans(),
)
def test_all_at_once_are_truncated_one_by_one(kind, **case):
    network = networks.random_network(**case)
    params, trace = network.params, networks.run(network)
    ours = AT_ONCE[kind](params, trace, network.y)
    scale = [max(np.abs(field).max(), 1e-300) for field in ours]
    for n in range(1, case["T"] + 1):
        one = flow.truncated(params, trace, network.y, **{kind: n})
        for field, largest in zip(ours._fields, scale, strict=True):
            found, expected = getattr(ours, field)[n - 1], getattr(one, field)
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * largest, err_msg=f"{field}, {n}")


@KINDS
@FUNCS
def test_all_at_once_are_masked_sums_of_blame(kind, func):
    network = networks.random_network(5, T=11, func=func)
    params, trace = network.params, networks.run(network)
    C = flow.blame(params, trace, network.y)  # (T, T, H, H)
    ours = AT_ONCE[kind](params, trace, network.y).W
    for n in range(1, 12):
        expected = C[MASKS[kind](11, n)].sum(axis=0)
        np.testing.assert_allclose(ours[n - 1], expected, rtol=0, atol=1e-13 * np.abs(ours).max())


@KINDS
def test_the_last_of_all_is_the_true_gradient_and_no_other(kind):
    ours, true = AT_ONCE[kind](PARAMS, TRACE, Y), rnn.backward(PARAMS, TRACE, Y)
    for field in ours._fields:
        np.testing.assert_allclose(getattr(ours, field)[-1], getattr(true, field), rtol=0, atol=1e-13)
    assert np.abs(ours.W[-2] - true.W).max() > 1e-8


@KINDS
def test_all_at_once_of_complex_and_single_numbers_keep_their_kind(kind):
    for dtype in (np.float32, np.complex128):
        params = rnn.Params(*(weight.astype(dtype) for weight in PARAMS))
        x = NETWORK.x.astype(dtype)
        for inputs in (x, np.zeros(9, int)):
            found = AT_ONCE[kind](params, rnn.forward(params, inputs), Y)
            assert {field.dtype for field in found} == {np.dtype(dtype)}


@KINDS
def test_all_at_once_refuse_a_batch_and_bad_targets(kind):
    batch = networks.random_network(3, batch=(2,))
    with pytest.raises(ValueError, match=r"^trace: expected a single sequence"):
        AT_ONCE[kind](batch.params, networks.run(batch), batch.y)
    with pytest.raises(ValueError, match=r"^y: expected"):
        AT_ONCE[kind](PARAMS, TRACE, Y[1:])
    with pytest.raises(TypeError, match=r"^trace: expected"):
        AT_ONCE[kind](PARAMS, None, Y)


@KINDS
def test_overflow_comes_out_without_a_warning(kind):
    params = PARAMS._replace(W=1e200 * np.ones((4, 4)))
    trace = rnn.forward(params, NETWORK.x, NETWORK.s_init, "identity")
    assert not np.isfinite(AT_ONCE[kind](params, trace, Y).W).all()


# Angle and length


@pytest.mark.parametrize("degrees", [0, 1e-12, 1e-7, 0.3, 45, 89.999, 90, 120, 179.9999999, 180])
@pytest.mark.parametrize("size", [1e-300, 1.0, 1e300])
def test_a_known_angle_and_length_come_out_at_any_size(degrees, size):
    radians = math.radians(degrees)
    turned = np.array([0.5 * math.cos(radians), 0.5 * math.sin(radians)]) * size
    angle, length = flow.angle_and_length(turned, np.array([size, 0.0]))
    assert (type(angle), type(length)) == (float, float)
    assert angle == pytest.approx(degrees, rel=1e-12, abs=1e-13)
    assert length == pytest.approx(0.5, rel=1e-14)


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_parts_are_stacked_and_angle_and_length_are_those_of_the_long_vector(seed, sizes):
    rng = np.random.default_rng(seed)
    one, other = (tuple(rng.normal(size=(size, 2)) for size in sizes) for _ in range(2))
    a, b = (np.concatenate([part.ravel() for part in parts]) for parts in (one, other))
    found = flow.angle_and_length(one, other)
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    assert found.angle == pytest.approx(math.degrees(math.acos(a @ b / math.prod(lengths))), abs=1e-6)
    assert found.length == pytest.approx(lengths[0] / lengths[1], rel=1e-12)
    assert all(isinstance(value, float) for value in found)


def test_several_gradients_at_once_are_one_by_one():
    all_windows, true = flow.window_gradients(PARAMS, TRACE, Y), rnn.backward(PARAMS, TRACE, Y)
    true = (true.U, true.W, true.k)
    found = flow.angle_and_length(all_windows, true)
    assert found.angle.shape == found.length.shape == (9,)
    one_by_one = [flow.angle_and_length(tuple(part[n] for part in all_windows), true) for n in range(9)]
    np.testing.assert_allclose(np.transpose(found), one_by_one, rtol=1e-12, atol=1e-13)
    assert found.angle[0] > 1
    alone = flow.angle_and_length(all_windows.W, true[1])
    assert alone.angle == pytest.approx([flow.angle_and_length(W, true[1]).angle for W in all_windows.W])


def test_a_gradient_of_zero_has_no_direction():
    zero, one = np.zeros(2), np.ones(2)
    angle, length = flow.angle_and_length(zero, one)
    assert math.isnan(angle)
    assert length == 0
    angle, length = flow.angle_and_length(one, zero)
    assert math.isnan(angle)
    assert length == math.inf
    assert all(map(math.isnan, flow.angle_and_length(zero, zero)))


@pytest.mark.parametrize(
    ("truncated", "true", "error", "said"),
    [
        (np.ones(2), np.ones(3), ValueError, r"^truncated: expected shapes"),
        (np.ones((4, 5, 2)), np.ones(2), ValueError, r"^truncated: expected shapes"),
        (np.ones(2), np.ones((1, 2)), ValueError, r"^truncated: expected shapes"),
        ((np.ones((4, 2)), np.ones((5, 3))), (np.ones(2), np.ones(3)), ValueError, r"^truncated: expected"),
        ((np.ones((4, 2)), np.ones(3)), (np.ones(2), np.ones(3)), ValueError, r"^truncated: expected shapes"),
        ((np.ones(2),), (np.ones(2), np.ones(3)), ValueError, r"^truncated: expected 2 arrays as in true"),
        ((), (), ValueError, r"^true: expected at least one array"),
        (np.ones(2), [1, 2], TypeError, r"^true: expected float32 or float64, got int64"),
        (np.ones(2) * 1j, np.ones(2), TypeError, r"^truncated: expected real numbers"),
        ((np.ones(2), "W"), (np.ones(2), np.ones(1)), TypeError, r"^truncated\[1\]: expected float32"),
        (np.array([1, np.nan]), np.ones(2), ValueError, r"^truncated: expected finite numbers"),
        (np.ones(2), np.array([np.inf, 1]), ValueError, r"^true: expected finite numbers"),
    ],
)
def test_angle_and_length_refuse_by_name(truncated, true, error, said):
    with pytest.raises(error, match=said):
        flow.angle_and_length(truncated, true)


# Random cuts


def mean_over_all_cuts(network, probability):
    """Every pattern of cuts, each times how likely it is: the expected gradient, exactly."""
    params, trace, T = network.params, networks.run(network), len(network.x)
    mean = 0
    for pattern in itertools.product([False, True], repeat=T):
        cuts = np.array(pattern)
        weight = math.prod(probability if cut else 1 - probability for cut in pattern)
        grads = flow.randomly_truncated(params, trace, network.y, cuts, probability)
        mean = mean + weight * np.concatenate([field.ravel() for field in grads])
    return mean


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("batch", [(), (3,)], ids=["single", "batch"])
@FUNCS
def test_random_cuts_are_right_on_average(probability, batch, func):
    network = networks.random_network(11, T=7, batch=batch, func=func)
    assert np.abs(network.s_init).max() > 0.1
    whole = rnn.backward(network.params, networks.run(network), network.y)
    true = np.concatenate([field.ravel() for field in whole])
    mean = mean_over_all_cuts(network, probability)
    np.testing.assert_allclose(mean, true, rtol=0, atol=1e-12 * np.abs(true).max())


@pytest.mark.parametrize("batch", [(), (3,)], ids=["single", "batch"])
def test_no_cuts_and_no_probability_is_backward(batch):
    network = networks.random_network(12, T=8, batch=batch)
    trace = networks.run(network)
    ours = flow.randomly_truncated(network.params, trace, network.y, np.zeros(8, bool), 0)
    networks.assert_close(ours, rnn.backward(network.params, trace, network.y), rtol=1e-13)


def test_a_cut_at_every_chunk_without_scaling_is_the_chunk():
    cuts = np.arange(9) % 4 == 0
    ours = flow.randomly_truncated(PARAMS, TRACE, Y, cuts, 0.0)
    chunk = flow.truncated(PARAMS, TRACE, Y, chunk=4)
    networks.assert_close(ours._replace(s_init=chunk.s_init), chunk, rtol=1e-12)
    assert not ours.s_init.any()  # cuts[0] stops what goes to s_init


@pytest.mark.parametrize("probability", [0.0, 0.25])
def test_what_passes_is_longer_once_for_every_step_it_passes(probability):
    cuts = np.array([False, False, True, False, False, True, False, False, False])
    C = flow.blame(PARAMS, TRACE, Y)
    expected = np.zeros((4, 4))
    for t, k in itertools.product(range(9), range(9)):
        if k <= t and not cuts[k + 1 : t + 1].any():
            expected += C[t, k] / (1 - probability) ** (t - k)
    ours = flow.randomly_truncated(PARAMS, TRACE, Y, cuts, probability)
    np.testing.assert_allclose(ours.W, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


def test_random_cuts_of_single_numbers_stay_single():
    params = rnn.Params(*(weight.astype(np.float32) for weight in PARAMS))
    trace = rnn.forward(params, NETWORK.x.astype(np.float32))
    found = flow.randomly_truncated(params, trace, Y, np.arange(9) == 3, 0.3)
    assert {field.dtype for field in found} == {np.dtype(np.float32)}


def test_cuts_are_drawn_with_their_probability_each_on_its_own():
    cuts = flow.draw_cuts(40_000, 0.3, np.random.default_rng(0))
    assert (cuts.shape, cuts.dtype) == ((40_000,), np.dtype(bool))
    assert cuts.mean() == pytest.approx(0.3, abs=0.012)  # 5 standard deviations
    assert (cuts[1:] & cuts[:-1]).mean() == pytest.approx(0.09, abs=0.008)
    assert not flow.draw_cuts(100, 0, np.random.default_rng(0)).any()
    np.testing.assert_array_equal(flow.draw_cuts(100, 0.3, np.random.default_rng(0)), cuts[:100])


NO_CUTS = np.zeros(9, bool)


@pytest.mark.parametrize(
    ("cuts", "probability", "error", "said"),
    [
        (NO_CUTS[1:], 0.5, ValueError, r"^cuts: expected shape \(T,\) = \(9,\), got \(8,\)"),
        (NO_CUTS[:, None], 0.5, ValueError, r"^cuts: expected shape"),
        (NO_CUTS.astype(int), 0.5, TypeError, r"^cuts: expected booleans, got int"),
        (None, 0.5, TypeError, r"^cuts: expected booleans"),
        (NO_CUTS, 1, ValueError, r"^probability: expected a number from 0 to below 1, got 1.0"),
        (NO_CUTS, -0.1, ValueError, r"^probability: expected a number from 0"),
        (NO_CUTS, math.nan, ValueError, r"^probability: expected a finite number"),
        (NO_CUTS, "0.5", TypeError, r"^probability: expected a number"),
    ],
)
def test_random_cuts_refuse_by_name(cuts, probability, error, said):
    with pytest.raises(error, match=said):
        flow.randomly_truncated(PARAMS, TRACE, Y, cuts, probability)
    if "probability" in said:
        with pytest.raises(error, match=said):
            flow.draw_cuts(9, probability, np.random.default_rng(0))


def test_drawing_cuts_refuses_by_name():
    with pytest.raises(TypeError, match=r"^rng: expected"):
        flow.draw_cuts(9, 0.5, 0)
    with pytest.raises(ValueError, match=r"^T: expected an integer"):
        flow.draw_cuts(0, 0.5, np.random.default_rng(0))
