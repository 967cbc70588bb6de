"""How many characters a second the character RNN learns from, beside a plain loop and torch.nn.RNN.

    python benchmarks/train.py [--rounds 15] [--json]

Karpathy's setting (min-char-rnn, 2015): H = 100, chunks of 25 characters, one reader, Adagrad with rate 0.1,
every entry of the gradient clipped. Text: Python's manual. All start from the same weights and read the same
chunks in the same order:

ours    `train.Training`, the whole step as the notebooks take it, history included
plain   a loop over the steps in numpy with one-hot columns, the form that program has, written for this
torch   torch.nn.RNN and Linear, torch.optim.Adagrad, with the faster of one thread and all

They take turns, some chunks each, so that a busy machine is busy for all of them; a ratio is the median over
the rounds. At the end all have learnt from the same characters: their losses are printed, and must agree.
Without torch (`make bench` installs it) its rows are left out.
"""

import argparse
import json
import time
from statistics import median

import numpy as np

from bptt_helpers import tasks, train

try:
    import torch
except ImportError:
    torch = None

H, T, RATE, EPSILON = 100, 25, 0.1, 1e-8
LIMIT = 5 / T  # of the gradient of the mean loss: 5 of that of the sum, as there
CHUNKS = 40  # in a turn


class Ours:
    """train.Training, in one dtype."""

    def __init__(self, task, model):
        self.training = train.Training(
            task, model, rule="adagrad", learning_rate=RATE, batch=1, clip="value", limit=LIMIT,
            check_every=10**9,
        )  # fmt: skip

    def learn(self):
        """One turn."""
        self.training.run(CHUNKS, progress=False)

    def losses(self):
        """Of all chunks so far."""
        return self.training.history.loss


class Plain:
    """One step at a time, one-hot columns, every product an outer product: in float64, as that program."""

    def __init__(self, task, model):
        self.task, self.index, self.told = task, 0, []
        U, W, V, k, c = (np.array(weight, np.float64) for weight in model.params)
        self.weights = [U, W, V, k[:, None], c[:, None]]
        self.memory = [np.zeros_like(weight) for weight in self.weights]
        self.s_before = np.zeros((H, 1))

    def learn(self):
        """One turn."""
        for _ in range(CHUNKS):
            x, y = self.task.batch(self.index, 1)
            loss, gradients = self._loss_and_gradients(x[:, 0], y[:, 0])
            self.told.append(loss)
            for weight, gradient, memory in zip(self.weights, gradients, self.memory, strict=True):
                np.clip(gradient, -LIMIT, LIMIT, out=gradient)
                memory += gradient * gradient
                weight += -RATE * gradient / (np.sqrt(memory) + EPSILON)
            self.index += 1

    def _loss_and_gradients(self, x, y):
        U, W, V, k, c = self.weights
        columns, s, o, loss = {}, {-1: self.s_before}, {}, 0.0
        for t in range(T):
            columns[t] = np.zeros((U.shape[1], 1))
            columns[t][x[t]] = 1
            s[t] = np.tanh(U @ columns[t] + W @ s[t - 1] + k)
            q = V @ s[t] + c
            o[t] = np.exp(q) / np.exp(q).sum()
            loss -= np.log(o[t][y[t], 0]) / T
        dU, dW, dV, dk, dc = gradients = [np.zeros_like(weight) for weight in self.weights]
        from_future = np.zeros((H, 1))
        for t in reversed(range(T)):
            dq = o[t].copy()
            dq[y[t]] -= 1
            dq /= T
            dV += dq @ s[t].T
            dc += dq
            dz = (1 - s[t] * s[t]) * (V.T @ dq + from_future)
            dk += dz
            dU += dz @ columns[t].T
            dW += dz @ s[t - 1].T
            from_future = W.T @ dz
        self.s_before = s[T - 1]
        return loss, gradients

    def losses(self):
        """Of all chunks so far."""
        return np.array(self.told)


class Torch:
    """torch.nn.RNN, in one dtype and with so many threads."""

    def __init__(self, task, model, threads):
        self.task, self.index, self.told, self.threads = task, 0, [], threads
        weights = [torch.tensor(np.asarray(weight)) for weight in model.params]
        dtype, C = weights[0].dtype, task.C
        self.rnn = torch.nn.RNN(C, H, dtype=dtype)
        self.linear = torch.nn.Linear(H, C, dtype=dtype)
        self.rnn.bias_hh_l0.requires_grad_(False).zero_()  # ours has one bias
        with torch.no_grad():
            theirs = (
                self.rnn.weight_ih_l0, self.rnn.weight_hh_l0, self.linear.weight, self.rnn.bias_ih_l0,
                self.linear.bias,
            )  # fmt: skip
            for their, weight in zip(theirs, weights, strict=True):
                their.copy_(weight)
        self.weights = list(theirs)
        self.optimiser = torch.optim.Adagrad(self.weights, lr=RATE, eps=EPSILON)
        self.one_hot, self.s_before = torch.eye(C, dtype=dtype), torch.zeros(1, H, dtype=dtype)

    def learn(self):
        """One turn."""
        torch.set_num_threads(self.threads)
        for _ in range(CHUNKS):
            x, y = self.task.batch(self.index, 1)
            s, last = self.rnn(self.one_hot[torch.from_numpy(x[:, 0])], self.s_before)
            loss = torch.nn.functional.cross_entropy(self.linear(s), torch.from_numpy(y[:, 0]))
            self.optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_value_(self.weights, LIMIT)
            self.optimiser.step()
            self.s_before = last.detach()
            self.told.append(loss.item())
            self.index += 1

    def losses(self):
        """Of all chunks so far."""
        return np.array(self.told)


def contestants():
    """{name: what learns}, all from the same weights."""
    task = tasks.text(T=T)
    double = train.model("rnn", task.D, H, task.C, dtype=np.float64)
    single = double._replace(params=type(double.params)(*(w.astype(np.float32) for w in double.params)))
    found = {
        "ours, float32": Ours(task, single),
        "ours, float64": Ours(task, double),
        "plain loop, float64": Plain(task, double),
    }
    if torch is not None:
        for threads in sorted({1, torch.get_num_threads()}):
            for name, model in (("float32", single), ("float64", double)):
                found[f"torch, {name}, {threads} thread{'s' if threads > 1 else ''}"] = Torch(
                    task, model, threads
                )
    return found


def seconds_of(learner):
    """Of one turn."""
    began = time.perf_counter()
    learner.learn()
    return time.perf_counter() - began


def measure(rounds):
    """{name: seconds of each turn (rounds,)}, and {name: losses}."""
    found = contestants()
    for learner in found.values():
        learner.learn()  # once for nothing: caches, first allocations
    seconds = {name: [] for name in found}
    for _ in range(rounds):
        for name, learner in found.items():
            seconds[name].append(seconds_of(learner))
    return seconds, {name: learner.losses() for name, learner in found.items()}


def agree(losses):
    """RuntimeError when they did not learn the same from the same."""
    wanted = losses["ours, float64"]
    for name, told in losses.items():
        # Where a gradient is next to nothing Adagrad's step follows its sign, so that rounding soon tells.
        chunks, tolerance = (CHUNKS, 1e-6) if "float64" in name else (4, 1e-4)
        if not np.allclose(told[:chunks], wanted[:chunks], rtol=tolerance):
            raise RuntimeError(f"{name} does not compute what the others do")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="turns of each (default 15)")
    parser.add_argument("--json", action="store_true", help="print numbers only")
    options = parser.parse_args()
    seconds, losses = measure(options.rounds)
    agree(losses)
    table = {}
    for name, turns in seconds.items():
        ratios = {
            f"times slower than {ours}": median(np.array(turns) / np.array(seconds[ours]))
            for ours in ("ours, float32", "ours, float64")
        }
        table[name] = {"characters_per_second": CHUNKS * T / median(turns)} | ratios
    if options.json:
        print(json.dumps(table))
        return
    print(f"{'':24}{'characters/s':>14}{'loss':>8}{'ours in float32 is':>22}{'in float64':>14}")
    for name, row in table.items():
        speed, *ratios = row.values()
        last = losses[name][-CHUNKS:].mean()
        faster = [f"{ratio:.2f} x as fast" for ratio in ratios]
        print(f"{name:24}{speed:14.0f}{last:8.3f}{faster[0]:>22}{faster[1]:>16}")
    if torch is None:
        print("torch is not installed: `make bench` does that, or .venv/bin/python -m pip install torch")


if __name__ == "__main__":
    main()
