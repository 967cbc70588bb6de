"""How fast forward, cross-entropy and backward are, beside torch.nn.RNN, a plain loop, and the bare products.

    python benchmarks/bptt.py [--rounds 15] [--json] [--without-growth]

All start from the same weights and read the same floats, and must agree on the error and on every gradient:

ours     rnn.forward, rnn.cross_entropy, rnn.backward, arguments checked as in a notebook
torch    torch.nn.RNN and Linear, cross_entropy, backward() of autograd
plain    numpy, one step after the other, every product inside the loop
floor    the matrix products alone that nobody can avoid, each into memory that is there already

They take turns, so that a busy machine is busy for all of them; a ratio is the median over the rounds. Each
is measured with one thread and with all, and counts with the faster. Then time and memory of ours, T = 100
to T = 10 000, with the exponent of T that fits them best. Without torch (`make bench` installs it) its column
is left out.
"""

import argparse
import json
import os
import time
import tracemalloc
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from bptt_helpers import rnn

try:
    import torch
except ImportError:
    torch = None

SHAPES = (  # T, B, D, H, C
    (25, 1, 65, 100, 65),
    (100, 1, 32, 64, 32),
    (100, 32, 32, 64, 32),
    (1000, 16, 8, 128, 8),
    (100, 64, 64, 256, 64),
    (50, 64, 64, 512, 64),
)
DTYPES = (np.float32, np.float64)
WANTED = {  # ours / torch at most, by dtype, up to H = 128 and above
    np.float32: (0.40, 0.80),
    np.float64: (0.55, 1.0),
}
WANTED_OF_FLOOR = 2.5  # at H of 256 and more, ours / floor at most
TURN = 0.05  # seconds of one turn, or one call if that takes longer
LENGTHS = (100, 300, 1000, 3000, 10_000)


class Problem:
    """Weights, inputs x (T, B, D) and targets y (T, B) of one shape and dtype."""

    def __init__(self, shape, dtype):
        T, B, D, H, C = shape
        rng = np.random.default_rng(0)
        self.params = rnn.init_params(D, H, C, rng=rng, dtype=dtype)
        self.x = rng.standard_normal((T, B, D)).astype(dtype)
        self.y = rng.integers(C, size=(T, B))
        self.shape = shape


class Ours:
    """`rnn`, as everybody calls it."""

    def __init__(self, problem):
        self.problem = problem

    def run(self):
        """(E, dU, dW, dV, dk, dc)."""
        params, x, y = self.problem.params, self.problem.x, self.problem.y
        trace = rnn.forward(params, x)
        E = rnn.cross_entropy(trace.q, y).sum()
        gradients = rnn.backward(params, trace, y)
        return E, *gradients[:5]


class Plain:
    """One step after the other: the two loops as they are usually written, for a batch."""

    def __init__(self, problem):
        self.problem = problem

    def run(self):
        """(E, dU, dW, dV, dk, dc)."""
        U, W, V, k, c = self.problem.params
        x, y, (T, B, _, H, _) = self.problem.x, self.problem.y, self.problem.shape
        s, o, E, each = {-1: np.zeros((B, H), x.dtype)}, {}, 0.0, np.arange(B)
        for t in range(T):
            s[t] = np.tanh(x[t] @ U.T + s[t - 1] @ W.T + k)
            q = s[t] @ V.T + c
            o[t] = np.exp(q - q.max(axis=1, keepdims=True))
            o[t] /= o[t].sum(axis=1, keepdims=True)
            E -= np.log(o[t][each, y[t]]).sum()
        dU, dW, dV, dk, dc = (np.zeros_like(weight) for weight in (U, W, V, k, c))
        from_future = np.zeros((B, H), x.dtype)
        for t in reversed(range(T)):
            dq = o[t].copy()
            dq[each, y[t]] -= 1
            dV += dq.T @ s[t]
            dc += dq.sum(axis=0)
            dz = (1 - s[t] * s[t]) * (dq @ V + from_future)
            dU += dz.T @ x[t]
            dW += dz.T @ s[t - 1]
            dk += dz.sum(axis=0)
            from_future = dz @ W
        return E, dU, dW, dV, dk, dc


class Floor:
    """The products alone, on numbers that mean nothing: no squashing, no loss, no checks, no new memory."""

    def __init__(self, problem):
        T, B, D, H, C = problem.shape
        dtype = problem.x.dtype
        self.U, self.W, self.V = problem.params[:3]
        self.x, self.s = problem.x.reshape(T * B, D), np.zeros((T * B, H), dtype)
        self.q, self.steps = np.zeros((T * B, C), dtype), np.zeros((T, B, H), dtype)
        self.dU, self.dW, self.dV = (np.empty_like(weight) for weight in (self.U, self.W, self.V))
        self.step, self.W_transposed = np.empty((B, H), dtype), np.ascontiguousarray(self.W.T)
        self.dz = np.zeros((T * B, H), dtype)  # not self.s: numpy halves the work for a matrix times itself

    def run(self):
        """Nothing: only time passes."""
        np.matmul(self.x, self.U.T, out=self.s)
        for s in self.steps:
            np.matmul(s, self.W_transposed, out=self.step)
        np.matmul(self.s, self.V.T, out=self.q)
        np.matmul(self.q, self.V, out=self.dz)
        for dz in self.steps:
            np.matmul(dz, self.W, out=self.step)
        np.matmul(self.q.T, self.s, out=self.dV)
        np.matmul(self.dz.T, self.x, out=self.dU)
        np.matmul(self.dz.T, self.s, out=self.dW)


class Torch:
    """torch.nn.RNN and Linear, with the gradients of autograd."""

    def __init__(self, problem):
        _, _, D, H, C = problem.shape
        dtype = torch.from_numpy(problem.x).dtype
        self.rnn, self.linear = torch.nn.RNN(D, H, dtype=dtype), torch.nn.Linear(H, C, dtype=dtype)
        self.rnn.bias_hh_l0.requires_grad_(False).zero_()  # ours has one bias
        self.weights = [
            self.rnn.weight_ih_l0, self.rnn.weight_hh_l0, self.linear.weight, self.rnn.bias_ih_l0,
            self.linear.bias,
        ]  # fmt: skip
        with torch.no_grad():
            for their, weight in zip(self.weights, problem.params, strict=True):
                their.copy_(torch.from_numpy(weight))
        self.x, self.y = torch.from_numpy(problem.x), torch.from_numpy(problem.y).ravel()

    def run(self):
        """(E, dU, dW, dV, dk, dc)."""
        for weight in self.weights:
            weight.grad = None
        q = self.linear(self.rnn(self.x)[0])
        E = torch.nn.functional.cross_entropy(q.reshape(len(self.y), -1), self.y, reduction="sum")
        E.backward()
        return E.detach().numpy(), *(weight.grad.numpy() for weight in self.weights)


CONTESTANTS = {"ours": Ours, "plain": Plain, "floor": Floor} | ({"torch": Torch} if torch else {})


def agree(contestants, dtype):
    """RuntimeError when one computes another error, another gradient, or in another dtype."""
    wanted = contestants["ours"].run()
    for name in set(contestants) - {"ours", "floor"}:
        for quantity, ours, theirs in zip(("E", "dU", "dW", "dV", "dk", "dc"), wanted,
                                          contestants[name].run(), strict=True):  # fmt: skip
            off = np.abs(ours - theirs).max() / np.abs(ours).max()
            if off > (1e-9 if dtype == np.float64 else 1e-3) or np.asarray(ours).dtype != dtype:
                raise RuntimeError(f"{name} and ours do not agree on {quantity}: {off:.1e}")


def seconds_of(contestant, count):
    """Of one run, as the mean over `count` of them."""
    began = time.perf_counter()
    for _ in range(count):
        contestant.run()
    return (time.perf_counter() - began) / count


def measure(shape, dtype, rounds):
    """{name: seconds (rounds,)}, each with the number of threads that suits it better."""
    contestants = {name: kind(Problem(shape, dtype)) for name, kind in CONTESTANTS.items()}
    agree(contestants, dtype)
    found = {}
    for threads in sorted({1, os.cpu_count()}):
        if torch:
            torch.set_num_threads(threads)
        with threadpool_limits(threads):
            counts = {name: max(1, round(TURN / seconds_of(each, 2))) for name, each in contestants.items()}
            turns = {name: [] for name in contestants}
            for _ in range(rounds):
                for name, each in contestants.items():
                    turns[name].append(seconds_of(each, counts[name]))
        for name, seconds in turns.items():
            if name not in found or median(seconds) < median(found[name]):
                found[name] = seconds
    return found


def compare(rounds):
    """A row for each shape and dtype: milliseconds, and ours / theirs."""
    for dtype in DTYPES:
        for shape in SHAPES:
            found = {name: np.array(seconds) for name, seconds in measure(shape, dtype, rounds).items()}
            H = shape[3]
            yield {
                "T, B, D, H, C": shape,
                "dtype": np.dtype(dtype).name,
                "ours_ms": 1000 * median(found["ours"]),
                **{f"ours/{name}": median(found["ours"] / found[name]) for name in found if name != "ours"},
                "wanted/torch": WANTED[dtype][H > 128],
                "wanted/floor": WANTED_OF_FLOOR if H >= 256 else None,
            }


def growth():
    """(T, seconds, bytes) of ours, H = 32: all that is linear in T must stay so."""
    for T in LENGTHS:
        ours = Ours(Problem((T, 1, 8, 32, 8), np.float64))
        ours.run()
        seconds = min(seconds_of(ours, 1) for _ in range(7))
        tracemalloc.start()
        ours.run()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        yield T, seconds, peak


def exponent(lengths, values):
    """The p of values ∝ T^p that fits best."""
    return np.polyfit(np.log(lengths), np.log(values), 1)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns of each (default 15)")
    parser.add_argument("--json", action="store_true", help="print numbers only")
    parser.add_argument("--without-growth", action="store_true", help="leave T = 100 to 10 000 out")
    options = parser.parse_args()
    rows = []
    if not options.json:
        print(f"{os.cpu_count()} cores; ours / theirs: below 1 ours is faster; in brackets what is wanted")
        print(f"{'T, B, D, H, C':24}{'dtype':9}{'ours, ms':>9}{'/ torch':>16}{'/ floor':>16}{'/ plain':>9}")
    for row in compare(options.rounds):
        rows.append(row)
        if not options.json:
            shape = ", ".join(map(str, row["T, B, D, H, C"]))
            torchs = f"{row['ours/torch']:.2f} ({row['wanted/torch']:.2f})" if torch else "–"
            floors = f"{row['ours/floor']:.2f}"
            floors += f" ({row['wanted/floor']:.2f})" if row["wanted/floor"] else "       "
            print(f"{shape:24}{row['dtype']:9}{row['ours_ms']:9.2f}{torchs:>16}{floors:>16}{row['ours/plain']:9.2f}",
                  flush=True)  # fmt: skip
    grown = [] if options.without_growth else list(growth())
    if options.json:
        print(json.dumps({"compared": rows, "growth": grown}))
        return
    for T, seconds, peak in grown:
        print(f"T = {T:6}: {1000 * seconds:8.2f} ms {peak / 1e6:8.2f} MB")
    if grown:
        lengths, seconds, peaks = zip(*grown, strict=True)
        print(f"time grows as T^{exponent(lengths, seconds):.2f}, memory as T^{exponent(lengths, peaks):.2f}")
    if torch is None:
        print("torch is not installed: `make bench` does that, or .venv/bin/python -m pip install torch")


if __name__ == "__main__":
    main()
