"""The exercises of notebook 06: what they accept, how they name a mistake, and what the prose claims."""

import math

import numpy as np
import pytest
from exercises import said

from bptt_helpers import checks, flow, labs, rnn


def linear(w_00, w_01, w_10, w_11, func="identity"):
    return labs.ellipse(w_00=w_00, w_01=w_01, w_10=w_10, w_11=w_11, func=func)


# ----------------------------------------------------------------------------------------------------------
# jacobian, log10_reaching


def test_the_packaged_jacobian_gets_it(capsys):
    def mine(s, W):
        H = len(s)
        params = rnn.Params(np.zeros((H, 1)), W, np.ones((1, H)), np.arctanh(s), np.zeros(1))
        return flow.jacobians(params, rnn.forward(params, np.zeros((1, 1))))[0]

    assert said(capsys, checks.jacobian, mine) == "got it"
    assert said(capsys, checks.jacobian, lambda s, W: np.diag(1 - s**2) @ W) == "got it"


def test_the_packaged_log10_error_sizes_get_it(capsys):
    def mine(error, s, W):
        T, H = s.shape
        params = rnn.Params(np.zeros((H, 1)), W, np.ones((1, H)), np.zeros(H), np.zeros(1))
        states = np.concatenate([np.zeros((1, H)), s])  # one more in front: the size at s_{-1} is asked for
        trace = rnn.forward(params, np.zeros((T + 1, 1)))._replace(s=states, s_prev=states)
        return flow.log10_error_sizes(params, trace, error)[0]

    assert said(capsys, checks.log10_reaching, mine) == "got it"


def test_a_plain_product_is_told_where_floats_end(capsys):
    def plain(error, s, W):
        for t in reversed(range(len(s))):
            error = ((1 - s[t] ** 2) * error) @ W
        return np.log10(np.linalg.norm(error))

    assert "rescale the error at every step" in said(capsys, checks.log10_reaching, plain)


def test_rescaling_less_often_is_right_too(capsys):
    def every_ten(error, s, W):
        total = 0.0
        for count, t in enumerate(reversed(range(len(s)))):
            error = W.T @ ((1 - s[t] ** 2) * error)
            if count % 10 == 9:
                length = np.linalg.norm(error)
                total, error = total + math.log10(length), error / length
        return total + math.log10(np.linalg.norm(error))

    assert said(capsys, checks.log10_reaching, every_ten) == "got it"


# ----------------------------------------------------------------------------------------------------------
# grows_first


def test_nothing_yet(capsys):
    assert said(capsys, checks.grows_first, ...) == "not attempted yet"


def test_the_solution_in_the_notebook_gets_it(capsys):
    assert said(capsys, checks.grows_first, linear(0.9, 4.0, 0.0, 0.9)).startswith("got it: after ")
    assert said(capsys, checks.grows_first, linear(0.9, 0.0, -4.0, 0.9)).startswith("got it: after ")


def test_what_it_says_is_the_longest_nudge(capsys):
    W = np.array([[0.9, 4.0], [0.0, 0.9]])
    lengths = [np.linalg.norm(np.linalg.matrix_power(W, n), 2) for n in range(1, 60)]
    sentence = said(capsys, checks.grows_first, linear(0.9, 4.0, 0.0, 0.9))
    assert f"after {np.argmax(lengths) + 1} steps {max(lengths):.1f} times as long" in sentence


@pytest.mark.parametrize(
    ("lab", "hint"),
    [
        (lambda: linear(0.5, 1.0, 0.0, 0.5), "the longest a nudge ever gets is"),
        (lambda: linear(0.9, 0.0, 0.0, 0.9), "the longest a nudge ever gets is 0.90 times"),
        (lambda: linear(0.0, 0.0, 0.0, 0.0), "the longest a nudge ever gets is 0.00 times"),
        (lambda: linear(0.95, 4.0, 0.0, 0.5), "the spectral radius is 0.950"),
        (lambda: linear(0.9, 4.0, 0.0, 0.9, func="tanh"), 'set func to "identity"'),
        (lambda: "labs.ellipse()", "without the quotation marks"),
        (lambda: labs.loss(), "hand over a lab, labs.ellipse"),
        (lambda: 3.0, "hand over a lab, labs.ellipse"),
    ],
)
def test_what_does_not_is_told_why(capsys, lab, hint):
    sentence = said(capsys, checks.grows_first, lab())
    assert sentence.startswith("not yet: ")
    assert hint in sentence
