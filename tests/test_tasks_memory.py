"""tasks.memory: every target, worked out again in plain Python from the input alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_helpers import tasks

SEED, INDEX, SIZE = st.integers(0, 2**40), st.integers(0, 2**70), st.integers(1, 9)


@settings(max_examples=50)
@given(T=st.integers(2, 40), seed=SEED, index=INDEX, size=SIZE)
def test_adding(T, seed, index, size):
    x, y = tasks.adding(T, seed=seed).batch(index, size)
    assert x.shape == (T, size, 2)
    assert np.isnan(y[:-1]).all()
    for b in range(size):
        marked = [t for t in range(T) if x[t, b, 1] == 1]
        assert sum(x[t, b, 1] == 0 for t in range(T)) == T - 2
        assert len(marked) == 2
        assert marked[0] < T // 2 <= marked[1]
        assert y[-1, b, 0] == x[marked[0], b, 0] + x[marked[1], b, 0]
    assert 0 <= x[..., 0].min() <= x[..., 0].max() < 1


@settings(max_examples=50)
@given(T=st.integers(3, 60), seed=SEED, index=INDEX, size=SIZE)
def test_temporal_order(T, seed, index, size):
    x, y = tasks.temporal_order(T, seed=seed).batch(index, size)
    assert (y[:-1] == -1).all()
    for b in range(size):
        relevant = [t for t in range(T) if x[t, b] < 2]
        assert len(relevant) == 2
        first, second = relevant
        assert T // 10 <= first <= 2 * T // 10 < 4 * T // 10 <= second <= 5 * T // 10
        word = "".join("AB"[x[t, b]] for t in relevant)
        assert ["AA", "AB", "BA", "BB"][y[-1, b]] == word
        assert all(2 <= x[t, b] <= 5 for t in range(T) if t not in relevant)


@settings(max_examples=50)
@given(
    T=st.integers(1, 30),
    symbols=st.integers(2, 9),
    length=st.integers(1, 8),
    seed=SEED,
    index=INDEX,
    size=SIZE,
)
def test_copy(T, symbols, length, seed, index, size):
    task = tasks.copy(T, symbols=symbols, length=length, seed=seed)
    assert len(task.batch(index, size).x) == task.T == T + 2 * length
    x, y = task.batch(index, size)
    blank, signal = symbols, symbols + 1
    for b in range(size):
        message = x[:length, b].tolist()
        assert max(message) < symbols
        assert x[:, b].tolist() == message + [blank] * (T - 1) + [signal] + [blank] * length
        assert y[:, b].tolist() == [blank] * (T + length) + message


@settings(max_examples=50)
@given(bits=st.integers(2, 80), seed=SEED, index=INDEX, size=SIZE)
def test_binary_addition(bits, seed, index, size):
    x, y = tasks.binary_addition(bits, seed=seed).batch(index, size)
    for b in range(size):
        one, two = (sum(int(bit) << place for place, bit in enumerate(x[:, b, n])) for n in range(2))
        assert max(one, two) < 2 ** (bits - 1)
        assert one + two == sum(int(bit) << place for place, bit in enumerate(y[:, b]))
    assert set(np.unique(x)) <= {0.0, 1.0}


def test_every_place_symbol_and_number_comes_up_about_as_often():
    size = 30_000
    x = tasks.adding(8).batch(0, size).x
    np.testing.assert_allclose(x[..., 1].mean(axis=1), 1 / 4, atol=0.015)
    np.testing.assert_allclose(x[..., 0].mean(axis=1), 1 / 2, atol=0.01)
    x, y = tasks.temporal_order(40).batch(0, size)
    np.testing.assert_allclose((x < 2).mean(axis=1)[[4, 6, 8, 16, 18, 20]], 1 / 5, atol=0.015)
    np.testing.assert_allclose(np.bincount(y[-1]) / size, 1 / 4, atol=0.015)
    np.testing.assert_allclose(np.bincount(x[0]) / size, [0, 0, *[1 / 4] * 4], atol=0.015)
    x = tasks.copy(3).batch(0, size).x
    np.testing.assert_allclose(np.bincount(x[4]) / size, 1 / 8, atol=0.012)
    x = tasks.binary_addition(4).batch(0, size).x
    np.testing.assert_allclose(x.mean(axis=1), [[1 / 2] * 2] * 3 + [[0, 0]], atol=0.015)


REFUSED = {
    "adding T 1": ("T", ValueError, lambda: tasks.adding(1)),
    "adding T a float": ("T", TypeError, lambda: tasks.adding(20.0)),
    "adding seed negative": ("seed", ValueError, lambda: tasks.adding(20, seed=-1)),
    "adding seed None": ("seed", TypeError, lambda: tasks.adding(20, seed=None)),
    "order T 2": ("T", ValueError, lambda: tasks.temporal_order(2)),
    "order T a bool": ("T", TypeError, lambda: tasks.temporal_order(True)),
    "copy T 0": ("T", ValueError, lambda: tasks.copy(0)),
    "copy one symbol": ("symbols", ValueError, lambda: tasks.copy(5, symbols=1)),
    "copy nothing": ("length", ValueError, lambda: tasks.copy(5, length=0)),
    "copy length a string": ("length", TypeError, lambda: tasks.copy(5, length="2")),
    "one bit": ("bits", ValueError, lambda: tasks.binary_addition(1)),
    "bits a float": ("bits", TypeError, lambda: tasks.binary_addition(8.0)),
    "index negative": ("index", ValueError, lambda: tasks.adding(5).batch(-1, 2)),
    "index a float": ("index", TypeError, lambda: tasks.adding(5).batch(0.0, 2)),
    "size 0": ("size", ValueError, lambda: tasks.adding(5).batch(0, 0)),
    "validation size 0": ("size", ValueError, lambda: tasks.adding(5).validation(0)),
    "continues negative": ("index", ValueError, lambda: tasks.adding(5).continues(-1)),
}


@pytest.mark.parametrize("row", REFUSED)
def test_refuses(row):
    name, error, call = REFUSED[row]
    with pytest.raises(error, match=rf"^{name}: expected .*, got ") as raised:
        call()
    assert raised.type is error
