"""landscape.sizes: against rnn and flow, plain products, closed forms, and where floats end."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_helpers import flow, landscape, rnn

each_func = pytest.mark.parametrize("func", rnn.FUNCTIONS)
weights = st.floats(-3, 3).filter(lambda w: abs(w) > 1e-3)
biases = st.floats(-2, 2)


def network(w, b, T, s_init, func):
    """The same net for rnn: no input, one unit, b as its bias. Returns params and trace."""
    arrays = ([[0.0]], [[w]], [[0.0]], [b], [0.0])
    params = rnn.Params(*(np.array(entry, float) for entry in arrays))
    return params, rnn.forward(params, np.zeros((T, 1)), np.array([float(s_init)]), func)


def log10(value):
    with np.errstate(divide="ignore"):
        return np.log10(np.abs(value))


@each_func
@given(w=weights, b=biases, s_init=st.floats(-1, 1), T=st.integers(1, 12))
def test_it_is_what_the_recursion_sends_back_to_the_first_state(func, w, b, s_init, T):
    params, trace = network(w, b, T, s_init, func)
    ds = np.zeros((T, 1))
    ds[-1] = 1
    sent = rnn.through_time(params, trace, ds).s_init[0]
    size = landscape.log10_size(w, b, T, s_init, func)
    assert size == pytest.approx(log10(sent), abs=1e-9)
    np.testing.assert_allclose(landscape.course(w, b, T, s_init, func).s, trace.s[:, 0], rtol=1e-13)


@each_func
def test_the_course_is_flows_influence_times_the_first_step(func):
    for w, b, s_init in np.random.default_rng(1).uniform(-2, 2, size=(20, 3)):
        params, trace = network(w, b, 9, s_init, func)
        first = w * rnn.slope(trace.s[0], func)[0]
        course = log10(flow.influence(params, trace)[:, 0, 0, 0] * first)
        np.testing.assert_allclose(landscape.course(w, b, 9, s_init, func).log10_sizes, course, atol=1e-10)


@each_func
def test_it_is_the_plain_product_where_that_fits_a_float(func):
    rng = np.random.default_rng(2)
    w, b, s_init = rng.uniform(-3, 3, (5, 1)), rng.uniform(-2, 2, (4,)), rng.uniform(-1, 1, (3, 1, 1))
    T = 30
    s, product, course = s_init + np.zeros((3, 5, 4)), 1.0, []
    for _ in range(T):
        s = rnn.activate(w * s + b, func)
        product = product * w * rnn.slope(s, func)
        course.append(log10(product))
    whole = landscape.course(w, b, T, s_init, func)
    np.testing.assert_allclose(whole.log10_sizes, course, atol=1e-9)
    np.testing.assert_allclose(whole.factors, np.abs(w) * rnn.slope(whole.s, func), rtol=1e-14)
    np.testing.assert_allclose(landscape.log10_size(w, b, T, s_init, func), course[-1], atol=1e-9)


@each_func
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("T", [1, 2, 50, 400])
def test_the_last_of_the_course_is_the_size_however_small(func, dtype, T):
    w, b = np.meshgrid(np.linspace(-6, 6, 9, dtype=dtype), np.linspace(-3, 3, 7, dtype=dtype))
    last = landscape.course(w, b, T, 0.25, func).log10_sizes[-1]
    size = landscape.log10_size(w, b, T, 0.25, func)
    assert size.dtype == last.dtype == dtype
    assert size.min() < -36 or T < 50  # for float32 beyond what one product can hold
    np.testing.assert_allclose(size, last, rtol=1e-3 if dtype == np.float32 else 1e-11, atol=1e-4)


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_at_a_fixed_point_every_step_multiplies_by_its_slope(func):
    for w, b in np.random.default_rng(3).uniform(-5, 5, size=(40, 2)):
        for point in landscape.fixed_points(w, b, func):
            if not point.stable or abs(point.slope) < 1e-6:  # from others rounding leads away
                continue
            expected = np.arange(1, 301) * math.log10(abs(point.slope))
            course = landscape.course(w, b, 300, point.s, func).log10_sizes
            np.testing.assert_allclose(course, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("w", [1.5, -1.5, 6.0])
def test_at_the_unstable_fixed_point_of_tanh_the_weight_multiplies_for_ever(w):
    assert landscape.log10_size(w, 0.0, 2000, 0.0, "tanh") == pytest.approx(2000 * math.log10(abs(w)))


@pytest.mark.parametrize("b", [0.0, 1.0, -1.0])
@pytest.mark.parametrize("w", [3.0, -3.0, 1.0, 1e-5])
def test_two_thousand_steps_of_identity_leave_every_float_and_are_right(w, b):
    expected = math.log10(abs(w)) * np.arange(1, 2001)
    np.testing.assert_allclose(
        landscape.course(w, b, 2000, 0.5, "identity").log10_sizes, expected, rtol=1e-12
    )
    assert landscape.log10_size(w, b, 2000, 0.5, "identity") == pytest.approx(expected[-1])


def test_a_relu_that_overflows_is_on_for_ever():
    assert landscape.log10_size(3.0, 1.0, 2000, 0.5, "relu") == pytest.approx(2000 * math.log10(3))
    assert np.isinf(landscape.course(3.0, 1.0, 2000, 0.5, "relu").s[-1])


@pytest.mark.parametrize(
    ("w", "b", "s_init", "func", "first"),
    [
        (0.0, 0.5, 0.5, "tanh", 0),
        (2.0, -1.5, 1.0, "relu", 1),  # its states are 0.5, 0, 0, …
        (-1.0, 0.5, 1.0, "relu", 0),
        (1.0, 40.0, 0.0, "tanh", 0),
    ],
)
def test_exactly_nothing_is_minus_infinity_from_there_on(w, b, s_init, func, first):
    course = landscape.course(w, b, 5, s_init, func).log10_sizes
    assert np.array_equal(course == -np.inf, np.arange(5) >= first)
    assert landscape.log10_size(w, b, 5, s_init, func) == -np.inf


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
@pytest.mark.parametrize("b", [-700.0, -18.0, 18.0])
def test_slopes_near_the_smallest_float_are_kept(func, b):
    size, course = (
        landscape.log10_size(0.5, b, 9, 0.0, func),
        landscape.course(0.5, b, 9, 0.0, func).log10_sizes,
    )
    if func == "sigmoid" or abs(b) < 19:
        assert np.isfinite(size)
        assert size == pytest.approx(course[-1], rel=1e-12)
    else:
        assert size == -np.inf


@each_func
@pytest.mark.parametrize("w", [-7.0, -1.0, -0.5, 0.0, 0.9, 1.0, 1.01, 4.0, 4.5, 60.0])
def test_inside_the_growing_states_a_step_makes_the_gradient_larger_and_nowhere_else(func, w):
    s = np.linspace(-0.999, 0.999, 1999) if func != "sigmoid" else np.linspace(0.001, 0.999, 999)
    grows = np.abs(w) * rnn.slope(s, func) > 1 + 1e-12
    ends = landscape.growing_states(w, func)
    expected = np.zeros(len(s), bool) if ends is None else (s > ends[0]) & (s < ends[1])
    assert np.array_equal(grows, expected)


def test_the_growing_states_of_sigmoid_begin_beyond_four():
    assert landscape.growing_states(4.0, "sigmoid") is None
    assert landscape.growing_states(4.0 + 1e-9, "sigmoid") == pytest.approx((0.5, 0.5), abs=1e-4)


@pytest.mark.parametrize("call", [landscape.course, landscape.log10_size])
@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"w": "1"}, TypeError, "w: expected a number, got '1'"),
        ({"w": None}, TypeError, "w: expected a number, got None"),
        ({"w": math.nan}, ValueError, "w: expected a finite number, got nan"),
        ({"b": np.array([0.5, math.inf])}, ValueError, r"b: expected finite numbers, got inf at \[1\]"),
        ({"b": np.array([1, 2])}, TypeError, "b: expected float32 or float64, got int64"),
        ({"b": np.array([1j])}, TypeError, "b: expected float32 or float64, got complex128"),
        ({"b": [[1.0], [1.0, 2.0]]}, ValueError, "b: expected an array or nested lists of equal length"),
        ({"w": np.zeros((0, 2))}, ValueError, r"w: expected at least one number, got shape \(0, 2\)"),
        (
            {"w": np.ones(2), "b": np.ones(3)},
            ValueError,
            r"b: expected a shape that broadcasts with \(2,\), got",
        ),
        ({"w": np.ones(2), "b": np.ones(2, np.float32)}, TypeError, "expected float64 as in w, got float32"),
        ({"w": np.ones(2, np.float32), "b": 1e300}, ValueError, "b: expected finite numbers, got inf"),
        ({"s_init": True}, TypeError, "s_init: expected a number, got"),
        ({"T": 0}, ValueError, "T: expected an integer of at least 1, got 0"),
        ({"T": 2.5}, TypeError, "T: expected an integer, got 2.5"),
        ({"func": "softmax"}, ValueError, "func: expected one of 'tanh'"),
    ],
)
def test_bad_arguments_are_named(call, changed, error, said):
    with pytest.raises(error, match=said):
        call(**{"w": 1.0, "b": 0.0, "T": 3} | changed)


def test_growing_states_names_bad_arguments():
    with pytest.raises(ValueError, match="w: expected a finite number, got inf"):
        landscape.growing_states(math.inf)
    with pytest.raises(ValueError, match="func: expected one of"):
        landscape.growing_states(1.0, "softmax")


def test_arguments_stay_as_they_were_and_numbers_give_a_number():
    w, b, s_init = np.ones((3, 1)), np.zeros(2), np.full((3, 2), 0.5)
    landscape.log10_size(w, b, 5, s_init)
    for array, value in ((w, 1), (b, 0), (s_init, 0.5)):
        assert (array == value).all()
    assert landscape.log10_size(1.0, 0.0, 5) == 0
    assert np.ndim(landscape.log10_size(1.5, 0.0, 5)) == 0
    assert landscape.course(1.5, 0.0, 5).log10_sizes.shape == (5,)
    assert (
        landscape.course(w, b, 5, s_init).log10_sizes.shape == landscape.course(w, b, 5).s.shape == (5, 3, 2)
    )


@pytest.mark.parametrize(
    ("func", "expected"),
    [
        ("tanh", [-np.inf, -np.inf]),
        ("sigmoid", [-np.inf, -np.inf]),
        ("relu", [5 * 308, -np.inf]),
        ("identity", [5 * 308, 5 * 308]),
    ],
)
def test_the_largest_numbers_have_a_size_and_no_warning(func, expected):
    nets = ((1e308, 0.0, 10.0), (-1e308, 1e308, 1e308))
    sizes = [landscape.log10_size(w, b, 5, s_init, func) for w, b, s_init in nets]
    np.testing.assert_allclose(sizes, expected, rtol=1e-12)
