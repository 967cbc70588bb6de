"""What a second thread in matrix products gains, and what it costs on a busy machine.

    python benchmarks/threads.py [--json]

The trainings of the notebooks, with one thread and with as many as the library takes by itself; first on the
machine as it is, then while another process keeps one core busy.
"""

import argparse
import json
import multiprocessing
import time
from statistics import median
from unittest import mock

import threadpoolctl

from bptt_helpers import tasks, train
from bptt_helpers.train import training

SECONDS, ROUNDS = 0.5, 5
CASES = {  # network, H, batch
    "adding, LSTM, H = 32": (lambda: tasks.adding(50), "lstm", 32, 32),
    "text, tanh, H = 100": (lambda: tasks.text(T=50), "rnn", 100, 16),
    "text, LSTM, H = 100": (lambda: tasks.text(T=50), "lstm", 100, 16),
}


def keep_busy():
    """Works for ever."""
    while True:
        pass


def milliseconds(one, threads):
    """Of a step of this training, with one thread or (None) with as many as the library takes."""
    limit = {"side_effect": lambda: threadpoolctl.threadpool_limits(limits=threads)}
    with mock.patch.object(training, "one_thread", **limit):
        begun, start = one.step, time.perf_counter()
        one.advance(SECONDS, 10**9)
        return 1000 * (time.perf_counter() - start) / (one.step - begun)


def measure(trainings):
    """{case: (ms with one thread, ms with all)}, the two in turn."""
    results = {}
    for name, one in trainings.items():
        rounds = [(milliseconds(one, 1), milliseconds(one, None)) for _ in range(ROUNDS)]
        results[name] = tuple(median(times) for times in zip(*rounds, strict=True))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    trainings = {}
    for name, (make, network, H, batch) in CASES.items():
        task = make()
        trainings[name] = train.Training(
            task, train.model(network, task.D, H, task.C), batch=batch, check_every=10**9
        )
    idle = measure(trainings)
    busy = multiprocessing.Process(target=keep_busy, daemon=True)
    busy.start()
    results = {"as it is": idle, "one core busy": measure(trainings)}
    busy.terminate()
    if options.json:
        print(json.dumps({when: {name: all_ / one for name, (one, all_) in rows.items()}
                          for when, rows in results.items()}))  # fmt: skip
        return
    print(f"{'machine':16s}{'training':24s}{'one thread, ms':>16s}{'all, ms':>10s}{'all / one':>11s}")
    for when, rows in results.items():
        for name, (one, all_) in rows.items():
            print(f"{when:16s}{name:24s}{one:16.1f}{all_:10.1f}{all_ / one:11.1f}")


if __name__ == "__main__":
    main()
