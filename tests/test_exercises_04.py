"""The exercises of notebook 04, as learners get them wrong; and the packaged pieces their solutions show."""

import exercises
import networks
import numpy as np
import pytest

from bptt_helpers import checks, rnn


def said(capsys, exercise, attempt):
    """The first line an exercise prints on an attempt."""
    return exercises.said(capsys, exercise, attempt).splitlines()[0]


def with_slope(func):
    """An attempt at the step, from a function of its arguments and the slope."""
    return lambda ds, from_future, s, W: func(ds, from_future, 1 - s**2, W)


def backward_with(step=None, order=reversed, **replaced):
    """An attempt at the whole sweep, with another step, another order, or other sums."""

    def attempt(params, trace, y):
        dq = rnn.error_at_logits(trace.o, y)
        ds = dq @ params.V
        dz, from_future = np.zeros_like(ds), np.zeros_like(ds[0])
        for t in order(range(len(ds))):
            dz[t], from_future = (step or rnn.backward_step)(
                ds[t], from_future, 1 - trace.s[t] ** 2, params.W
            )
        grads = rnn.sum_over_steps(params, trace, dq, dz)
        return grads._replace(**{name: new(params, trace, dq, dz) for name, new in replaced.items()})

    return attempt


@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("func", rnn.FUNCTIONS)
def test_the_sweep_is_its_step_from_the_last_to_the_first(func, batch):
    network = networks.random_network(5, T=6, func=func, batch=batch)
    params, trace = network.params, networks.run(network)
    ds = rnn.error_at_logits(trace.o, network.y) @ params.V
    from_future = 0
    dz = rnn.sweep(params, trace, ds)
    for t in reversed(range(6)):
        slope = rnn.slope(trace.s[t], func)
        expected = slope * (ds[t] + from_future)
        np.testing.assert_array_equal(dz[t], expected)
        step, from_future = rnn.backward_step(ds[t], from_future, slope, params.W)
        np.testing.assert_array_equal(step, expected)
        np.testing.assert_allclose(from_future, np.einsum("...i,ij->...j", expected, params.W), atol=1e-14)


def test_the_packaged_step_and_the_sweep_of_it_get_it(capsys):
    assert said(capsys, checks.backward_step, with_slope(rnn.backward_step)) == "got it"
    assert said(capsys, checks.backward, backward_with()) == "got it"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (lambda ds, future, slope, W: (slope @ (ds + future), W.T @ (slope @ (ds + future))), "use * here"),
        (lambda ds, future, slope, W: (slope @ (ds + future), (slope @ (ds + future)) @ W), "use * here"),
        (
            lambda ds, future, slope, W: rnn.backward_step(ds, W.T @ future, slope, W),
            "from_future has come through Wᵀ already",
        ),
        (
            lambda ds, future, slope, W: (slope * (ds + future), slope * (ds + future) @ W @ W),
            "Wᵀ is applied twice",
        ),
        (lambda ds, future, slope, W: (slope * (ds + future),) * 2, "W is missing"),
    ],
)
def test_a_wrong_step_hears_what_is_wrong(capsys, step, words):
    assert words in said(capsys, checks.backward_step, with_slope(step))


def test_another_product_of_shapes_that_do_not_fit_is_not_taken_for_a_dot_product(capsys):
    sentence = said(capsys, checks.backward_step, lambda ds, future, s, W: W @ np.ones(len(s) + 1))
    assert sentence.startswith(
        "not yet: with H = 3: your function raised ValueError: matmul: Input operand 1"
    )


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (backward_with(order=list), "you go forward in time"),
        (backward_with(V=lambda params, trace, dq, dz: dq.T @ trace.s_prev), "dV pairs dq with"),
        (backward_with(s_init=lambda params, trace, dq, dz: dz[0]), "dz[0] @ W: the W is missing"),
        (
            backward_with(s_init=lambda params, trace, dq, dz: dz[-1] @ params.W),
            "not what the last step does",
        ),
        (backward_with(lambda ds, future, slope, W: rnn.backward_step(ds, future, slope, W.T)), "you take W"),
        (backward_with(W=lambda params, trace, dq, dz: dz.T @ trace.s), "your dW pairs dz[t] with s_t"),
        (backward_with(k=lambda params, trace, dq, dz: dz[-1]), "your dk is that of the last step alone"),
        (
            backward_with(
                lambda ds, future, slope, W: (slope * (ds + future), future + slope * (ds + future) @ W)
            ),
            "you add up from_future with +=",
        ),
    ],
)
def test_a_wrong_backward_hears_what_is_wrong_in_its_own_code(capsys, attempt, words):
    assert words in said(capsys, checks.backward, attempt)


def test_every_mutant_that_is_wrong_on_one_sequence_has_words_for_its_author(capsys):
    right_here = {"tanh's slope for every func", "mean over the batch", "mask forgotten", "softmax overflows"}
    for mutant in checks.MUTANTS:
        sentence = said(capsys, checks.backward, mutant.function)
        assert sentence.startswith("got it" if mutant.name in right_here else "not yet: ")
        assert mutant.what_is_wrong.rstrip(".") not in sentence
