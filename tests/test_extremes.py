"""Far out: weights of ±1000, 5000 steps, logits of a million, inputs that are hardly numbers, or hardly not.

What can be finite is, and right; what overflows comes out as inf or nan; nothing warns (here a warning is an
error).
"""

from itertools import product

import numpy as np
import pytest

from bptt_helpers import flow, gates, landscape, rnn, two_steps

D, H, C = 3, 4, 5
SQUASHING = ("rnn tanh", "rnn sigmoid", "lstm", "gru")
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
ALL = pytest.mark.parametrize("network", [*SQUASHING, "rnn relu", "rnn identity"])
THOSE_THAT_SQUASH = pytest.mark.parametrize("network", SQUASHING)


class Network:
    """One of the networks with random weights, and what every case needs of it."""

    def __init__(self, name, T, dtype=np.float64, **size_of):
        kind, _, self.func = name.partition(" ")
        self.module = {"lstm": gates.lstm, "gru": gates.gru}.get(kind, rnn)
        rng = np.random.default_rng(T)
        params = self.module.init_params(D, H, C, rng=rng, dtype=dtype)
        self.params = params._replace(
            **{name: size * np.sign(getattr(params, name)) for name, size in size_of.items()}
        )
        self.x, self.y = rng.standard_normal((T, D)).astype(dtype), rng.integers(C, size=T)

    def loss(self, params=None, x=None):
        """(trace, Σ E_t)."""
        func = {"func": self.func} if self.func else {}
        trace = self.module.forward(params or self.params, self.x if x is None else x, **func)
        return trace, rnn.cross_entropy(trace.q, self.y).sum()

    def gradient(self, x=None):
        """rnn.Gradients, or those of the gates."""
        return self.module.backward(self.params, self.loss(x=x)[0], self.y)

    def is_its_gradient(self, gradient, rtol):
        """Whether the slope of the loss in a random direction, by a complex step, is as the gradient says."""
        rng = np.random.default_rng(0)
        direction = [rng.standard_normal(weight.shape) for weight in self.params]
        nudged = [weight + 1e-30j * way for weight, way in zip(self.params, direction, strict=True)]
        _, loss = self.loss(type(self.params)(*nudged))
        said = sum((g * way).sum() for g, way in zip(gradient, direction, strict=False))
        return abs(said - loss.imag / 1e-30) <= rtol * max(abs(said), 1e-300)


def is_finite(arrays):
    return all(np.isfinite(array).all() for array in arrays)


@DTYPES
@THOSE_THAT_SQUASH
@pytest.mark.parametrize(("U", "W"), list(product([1e3, -1e3, 1e-3], [1e3, -1e3])))
def test_weights_of_a_thousand(network, U, W, dtype):
    extreme = Network(network, 60, dtype, U=dtype(U), W=dtype(W))
    trace, E = extreme.loss()
    assert is_finite([trace.s, trace.q, trace.o, E])
    assert np.abs(trace.s).max() <= 1
    gradient = extreme.gradient()
    assert is_finite(gradient)
    if dtype == np.float64:
        assert extreme.is_its_gradient(gradient, rtol=1e-6)


@ALL
def test_five_thousand_steps(network):
    extreme = Network(network, 5000)
    trace, E = extreme.loss()
    assert is_finite([trace.s, E])
    assert extreme.is_its_gradient(extreme.gradient(), rtol=1e-9)


def test_five_thousand_steps_that_explode_are_seen_as_logarithms():
    extreme = Network("rnn tanh", 5000)
    params = extreme.params._replace(W=1.5 * np.eye(H), U=np.zeros((H, D)))
    trace = rnn.forward(params, extreme.x)  # the state stays 0, and every step back is a factor of 1.5
    sizes = flow.log10_error_sizes(params, trace, np.ones(H))
    np.testing.assert_allclose(sizes[0] - sizes[-1], 4999 * np.log10(1.5), rtol=1e-12)
    values = flow.log10_singular_values(flow.running_products(flow.jacobians(params, trace)))
    np.testing.assert_allclose(values[-1], 5000 * np.log10(1.5), rtol=1e-12)
    assert landscape.log10_size(1.5, 0.0, 5000) == pytest.approx(5000 * np.log10(1.5))
    assert np.isfinite(landscape.course(1.5, 0.0, 5000).log10_sizes).all()


@ALL
def test_logits_of_a_million(network):
    extreme = Network(network, 20, V=1e6)
    trace, E = extreme.loss()
    assert np.abs(trace.q).max() > 1e5
    assert is_finite([trace.o, E])
    assert np.abs(trace.q).max() / 100 < E
    assert extreme.is_its_gradient(extreme.gradient(), rtol=1e-9)


@pytest.mark.parametrize("network", [*SQUASHING, "rnn identity"])  # relu has its kink at 0
@DTYPES
def test_subnormal_inputs_count_as_almost_nothing(network, dtype):
    extreme = Network(network, 20, dtype)
    smallest = np.finfo(dtype).smallest_subnormal
    x = (smallest * np.arange(20 * D).reshape(20, D)).astype(dtype)
    assert (x[1:] > 0).all()
    for tiny, zero in zip(extreme.gradient(x), extreme.gradient(np.zeros_like(x)), strict=True):
        np.testing.assert_allclose(
            tiny, zero, rtol=1e-6 if dtype == np.float32 else 1e-15, atol=1e3 * smallest
        )


@THOSE_THAT_SQUASH
@DTYPES
def test_huge_inputs_fill_the_states(network, dtype):
    extreme = Network(network, 20, dtype)
    huge = np.finfo(dtype).max / 8
    trace, E = extreme.loss(x=np.full((20, D), huge, dtype))
    assert is_finite([trace.s, trace.o, E])
    assert np.abs(trace.s).max() <= 1
    assert is_finite(extreme.gradient(np.full((20, D), huge, dtype)))


@pytest.mark.parametrize("network", ["rnn relu", "rnn identity"])
@DTYPES
def test_huge_inputs_overflow_where_nothing_squashes(network, dtype):
    extreme = Network(network, 60, dtype, U=dtype(1), W=dtype(1e3))
    extreme.params = extreme.params._replace(U=np.abs(extreme.params.U), W=np.abs(extreme.params.W))
    trace, E = extreme.loss(x=np.full((60, D), np.finfo(dtype).max / 8, dtype))
    assert np.isinf(trace.s[-1]).all()
    assert not np.isfinite(E)
    assert not is_finite(extreme.gradient(np.full((60, D), np.finfo(dtype).max / 8, dtype)))


@pytest.mark.parametrize("func", rnn.FUNCTIONS)
@pytest.mark.parametrize(("w", "b"), list(product([1e3, -1e3, 0.0], [1e3, -1e3, 0.0])))
def test_landscapes_of_a_thousand(func, w, b):
    log10_sizes = landscape.course(w, b, 5000, 0.1, func).log10_sizes
    assert not np.isnan(log10_sizes).any()
    assert not np.isnan(landscape.log10_size(w, b, 5000, 0.1, func))
    for point in landscape.fixed_points(w, b, func):
        assert np.isfinite([point.s, point.slope]).all()


@pytest.mark.parametrize("func", rnn.FUNCTIONS)
@pytest.mark.parametrize(("u", "w", "k"), list(product([1e3, -1e3], [1e3, -1e3], [1e3, 0.0])))
def test_two_steps_of_a_thousand(func, u, w, k):
    done = two_steps.run(u, w, k, (1e3, -1e3), (1.0, -1.0), 1.0, 0, func)
    assert is_finite(done.values.values())
    vanished = done.values["o"][0] == 0  # then ∂E/∂o = -1/o overflows, and all that hangs on it
    assert is_finite(done.partials.values()) == (not vanished)
    assert is_finite(done.gradient.values()) == (not vanished)
    if vanished:
        assert done.partials["dE/do"][0] == -np.inf
