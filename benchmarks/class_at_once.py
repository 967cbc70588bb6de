"""A class at once: so many kernels on this machine, each moving a slider for a while.

    python benchmarks/class_at_once.py [--kernels 10 20] [--seconds 30] [--moves-per-second 5]

Each learner is a kernel with one lab and a client that moves its slider as the browser does: the message of
the move goes to the kernel, and the time counts until the kernel has sent the picture and rests. A learner
moves so many times a second, or as soon as the last move is answered. It stops by itself and ends its
kernels.
"""

import argparse
import ast
import os
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from statistics import median, quantiles

import psutil
from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_event_loop

LABS = ("unroll", "flow", "two_steps", "phase")  # in turn: one learner each
SETUP = """
from bptt_helpers import labs
lab = labs.{name}()
control = lab._declaration.controls[lab._declaration.telling]
values = control.spread()
"""
PATIENCE = 60  # seconds for a kernel to start, or to answer


class Learner:
    """A kernel with a lab, and what moves its slider. latencies: seconds from each move to its picture."""

    def __init__(self, name, folder):
        self.name, self.latencies = name, []
        self.manager = KernelManager()
        if (
            os.name == "posix"
        ):  # free ports, chosen by twenty at once, would be taken by the time they are used
            self.manager.transport = "ipc"
            self.manager.ip = f"{tempfile.mkdtemp(dir=folder)}/kernel"
        self.manager.start_kernel(stderr=subprocess.DEVNULL)
        self.client = self.manager.client()

    def prepare(self):
        """Makes the lab, as a first cell does."""
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        wanted = {"model": "lab.controls[lab._declaration.telling].model_id", "values": "values"}
        sent = self.client.execute(SETUP.format(name=self.name), user_expressions=wanted)
        while (answer := self.client.get_shell_msg(timeout=PATIENCE))["parent_header"]["msg_id"] != sent:
            pass  # late answers to "are you ready?"
        told = answer["content"]["user_expressions"]
        self.model, self.values = (ast.literal_eval(told[key]["data"]["text/plain"]) for key in wanted)
        self.wait_for_rest(sent)

    def wait_for_rest(self, message_id):
        """Until the kernel has done what the message asks; what it sends meanwhile is read."""
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            is_its = message["parent_header"].get("msg_id") == message_id
            if is_its and message["content"].get("execution_state") == "idle":
                return

    def move(self, value):
        """One move of the slider: seconds until its picture has been sent."""
        content = {"comm_id": self.model, "data": {"method": "update", "state": {"value": value}}}
        message = self.client.session.msg("comm_msg", content)
        began = time.perf_counter()
        self.client.shell_channel.send(message)
        self.wait_for_rest(message["header"]["msg_id"])
        return time.perf_counter() - began

    def move_for(self, seconds, moves_per_second):
        """To and fro through the slider's places."""
        places = self.values + self.values[-2:0:-1]
        until, count = time.perf_counter() + seconds, 0
        while time.perf_counter() < until:
            latency = self.move(places[count % len(places)])
            self.latencies.append(latency)
            count += 1
            time.sleep(max(0.0, 1 / moves_per_second - latency))
        ensure_event_loop().close()  # this thread's own: nobody else would, without a complaint

    def memory(self):
        """Megabytes of the kernel: its own, and its part of what kernels share where the system tells."""
        process = psutil.Process(self.manager.provisioner.process.pid)
        told = process.memory_full_info()
        return getattr(told, "pss", told.rss) / 1e6

    def end(self):
        """Ends the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@contextmanager
def class_of(count):
    """So many learners at their labs, and how many seconds that took; their kernels end with the block."""
    learners = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            began = time.perf_counter()
            for number in range(count):
                learners.append(Learner(LABS[number % len(LABS)], folder))
            for learner in learners:
                learner.prepare()
            yield learners, time.perf_counter() - began
        finally:
            for learner in learners:
                learner.end()


def measure(count, seconds, moves_per_second):
    """Prints what a class of `count` meets."""
    with class_of(count) as (learners, started):
        threads = [
            threading.Thread(target=learner.move_for, args=(seconds, moves_per_second))
            for learner in learners
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds + PATIENCE)
        tell(learners, seconds, started)


def tell(learners, seconds, started):
    """One line: how long moves took, how many there were, memory."""
    latencies = [1000 * latency for learner in learners for latency in learner.latencies]
    memory = [learner.memory() for learner in learners]
    print(
        f"{len(learners):7} {median(latencies):9.0f} ms {quantiles(latencies, n=20)[-1]:9.0f} ms"
        f" {len(latencies) / seconds / len(learners):9.1f} {median(memory):9.0f} MB {max(memory):6.0f} MB"
        f" {started:7.0f} s",
        flush=True,
    )


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", type=int, nargs="+", default=[1, 10, 20])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--moves-per-second", type=float, default=5.0)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores; each learner moves {options.moves_per_second:g} times a second")
    print("kernels    median      95 %   moves/s each   memory   at most   all started in")
    for count in options.kernels:
        measure(count, options.seconds, options.moves_per_second)


if __name__ == "__main__":
    main()
