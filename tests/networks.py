"""Random networks to test with, and two gradients of theirs that share no code with ours."""

from typing import NamedTuple

import autograd
import autograd.numpy as anp
import numpy as np

from bptt_helpers import rnn


class Network(NamedTuple):
    """Everything forward and backward need."""

    params: rnn.Params
    x: np.ndarray
    s_init: np.ndarray
    y: np.ndarray
    func: str


def random_network(seed, T=7, batch=(), D=3, H=4, C=3, func="tanh", indices=False, masked=True, radius=0.9):
    """A network of the given sizes with biases, s_init other than 0, and (masked) steps without a loss.

    A radius of at most 1 keeps the true gradient well-conditioned: beyond it the network may be chaotic, and
    then two right programs differ.
    """
    rng = np.random.default_rng(seed)
    params = rnn.init_params(D, H, C, rng=rng, spectral_radius=radius)
    params = params._replace(k=rng.normal(size=H), c=rng.normal(size=C))
    x = rng.integers(0, D, (T, *batch)) if indices else rng.normal(size=(T, *batch, D))
    y = rng.integers(-1 if masked else 0, C, (T, *batch))
    return Network(params, x, rng.normal(size=(*batch, H)), y, func)


def run(network):
    """The trace of the network's own forward pass."""
    return rnn.forward(network.params, network.x, network.s_init, network.func)


def autograd_gradients(network):
    """Gradients by HIPS autograd, from a forward pass written separately, and with one-hot rows."""
    params, x, s_init, y, func = network
    D, C = params.U.shape[1], params.V.shape[0]
    x = np.eye(D)[x] if x.dtype.kind == "i" else x
    one_hot_y = np.where(y[..., None] == np.arange(C), 1.0, 0.0)  # a row of zeros where y is -1

    squash = {
        "tanh": anp.tanh,
        "sigmoid": lambda z: 0.5 * (1 + anp.tanh(z / 2)),
        "relu": lambda z: anp.where(z > 0, z, 0.0),
        "identity": lambda z: z,
    }[func]

    def loss(arguments):
        U, W, V, k, c, s = arguments
        E = 0.0
        for x_t, y_t in zip(x, one_hot_y, strict=True):
            s = squash(anp.dot(x_t, U.T) + anp.dot(s, W.T) + k)
            q = anp.dot(s, V.T) + c
            largest = anp.max(q, axis=-1, keepdims=True)
            log_sum = largest + anp.log(anp.sum(anp.exp(q - largest), axis=-1, keepdims=True))
            E = E + anp.sum(y_t * (log_sum - q))
        return E

    return rnn.Gradients(*autograd.grad(loss)((*params, s_init)))


def complex_step_gradients(network, step=1e-100):
    """Gradients by the complex step, one forward pass an entry: no difference, so nothing cancels."""
    inputs = (*network.params, network.s_init)
    gradients = []
    for position, values in enumerate(inputs):
        gradient = np.zeros(values.shape)
        for entry in np.ndindex(values.shape):
            nudged = values.astype(complex)
            nudged[entry] += 1j * step
            *params, s_init = (*inputs[:position], nudged, *inputs[position + 1 :])
            q = rnn.forward(rnn.Params(*params), network.x, s_init, network.func).q
            gradient[entry] = rnn.cross_entropy(q, network.y).sum().imag / step
        gradients.append(gradient)
    return rnn.Gradients(*gradients)


def assert_close(ours, theirs, rtol=1e-9):
    """Every field of `ours` equals that of `theirs`, relative to the largest entry of the field."""
    assert len(ours) == len(theirs)
    for name, a, b in zip(ours._fields, ours, theirs, strict=True):
        assert a.shape == b.shape, name
        scale = np.abs(b).max()
        error = np.abs(a - b).max()
        assert error <= rtol * scale, f"{name}: error {error:.1e} where the largest entry is {scale:.1e}"
