"""What notebook 05 leans on: the cost of a call, the check that catches every bug, the relative error."""

import time
import tracemalloc

import numpy as np
import pytest

from bptt_helpers import checks, flow, rnn
from bptt_helpers.checks import mutants


def test_the_packaged_check_catches_every_bug(capsys):
    checks.catches(mutants.is_right)
    assert capsys.readouterr().out == "got it\n"


def test_each_of_its_cases_is_needed(monkeypatch):
    real, errors = mutants.error_in_case, []

    def listening(backward, case):
        errors[-1].append(real(backward, case))
        return 0.0  # so that no case is skipped

    monkeypatch.setattr(mutants, "error_in_case", listening)
    for mutant in checks.MUTANTS:
        errors.append([])
        mutants.is_right(mutant.function)
    caught = ~(np.array(errors) <= 1e-6)  # (M, cases)
    alone = caught & (caught.sum(axis=1, keepdims=True) == 1)
    assert alone.any(axis=0).all(), "each case catches a bug that the others let through"


def test_relative_error_is_that_of_the_worst_field():
    right = rnn.Params(*(np.array([1.0, -2.0]) for _ in range(5)))
    assert mutants.relative_error(right, right) == 0
    assert mutants.relative_error(right._replace(k=np.array([1.0, -1.5])), right) == pytest.approx(0.25)
    assert mutants.relative_error(right._replace(k=np.array([1.0, -8.0])), right) == pytest.approx(0.75)
    assert np.isnan(mutants.relative_error(right._replace(c=np.array([np.nan, 1.0])), right))


def test_cost_sees_the_time_and_the_memory():
    cost = checks.cost(lambda: (time.sleep(0.02), np.ones(250_000)), repeats=2)
    assert 0.02 <= cost.seconds < 2
    assert cost.bytes == pytest.approx(2_000_000, rel=0.05)
    assert not tracemalloc.is_tracing()


def test_cost_does_not_count_what_was_there_before():
    tracemalloc.start()
    try:
        there = np.ones(1_000_000)
        np.ones(2_000_000)  # made and gone before the call
        assert checks.cost(lambda: there[:10] + 1, repeats=1).bytes < 100_000
        assert tracemalloc.is_tracing(), "whoever traces is not disturbed"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("arguments", "kind", "name"),
    [
        ((3,), TypeError, "function"),
        ((print, 0), ValueError, "repeats"),
        ((print, 1.5), TypeError, "repeats"),
    ],
)
def test_cost_refuses(arguments, kind, name):
    with pytest.raises(kind, match=f"^{name}: "):
        checks.cost(*arguments)


def test_what_the_notebook_says_about_memory():
    def both(H, T):
        rng = np.random.default_rng(0)
        params, x, y = rnn.init_params(4, H, 4, rng=rng), rng.normal(size=(T, 4)), rng.integers(4, size=T)
        trace = rnn.forward(params, x)
        calls = (lambda: rnn.backward(params, trace, y), lambda: flow.forward_in_time(params, trace, y))
        return [checks.cost(call, repeats=1).bytes for call in calls]

    small, longer, wider = both(24, 20), both(24, 160), both(48, 20)
    assert longer[0] / small[0] > 4  # through time: grows with T
    assert longer[1] / small[1] < 1.5  # forward in time: hardly
    assert wider[1] / small[1] > 6  # but with H³
    assert wider[0] / small[0] < 4
