"""What it takes to begin: importing, by package, and the first lab of a kernel.

    python benchmarks/start.py [--labs unroll,flow] [--rounds 5] [--json]

beyond numpy   `import bptt_helpers.rnn` after `import numpy`, in a fresh Python
imports        `from bptt_helpers import labs` in a fresh Python, each package's share (python -X importtime)
first lab      a kernel that is up and has imported nothing: a cell that imports what a notebook's first cell
               does, then a cell with a lab, until it is on show; the first pays for the imports, the second
               for the fonts
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from statistics import median

from jupyter_client import KernelManager

from bptt_helpers import labs

WANTED_BEYOND_NUMPY_MS, WANTED_FIRST_LAB_SECONDS = 20, 1.5
PATIENCE = 60
BEYOND_NUMPY = """
import time, numpy
began = time.perf_counter()
import bptt_helpers.rnn
print(time.perf_counter() - began)
"""
IMPORTS = """
import numpy as np
from bptt_helpers import checks, flow, gates, labs, landscape, optimisers, rnn, tasks, train, two_steps
"""
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
# As on anybody's machine, where Python keeps what it compiled at the first start.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
STANDARD_LIBRARY = {name.lstrip("_") for name in sys.stdlib_module_names}


def python(*arguments):
    """(what a fresh Python prints, what it tells on stderr)."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    return done.stdout, done.stderr


def beyond_numpy(rounds):
    """Milliseconds that rnn costs after numpy: median."""
    return 1000 * median(float(python("-c", BEYOND_NUMPY)[0]) for _ in range(rounds))


def imports():
    """{package: milliseconds of its own modules} of importing the labs, the dearest first."""
    _, told = python("-X", "importtime", "-c", "from bptt_helpers import labs")
    own = Counter()
    for microseconds, module in LINE.findall(told):
        package = module.split(".")[0]
        own["the standard library" if package.lstrip("_") in STANDARD_LIBRARY else package] += (
            int(microseconds) / 1000
        )
    return dict(own.most_common())


def first_lab(name):
    """Seconds that importing takes, and then the cell with the lab until it is on show, in a fresh kernel."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=PATIENCE)
        client.execute_interactive("warm = 1", timeout=PATIENCE)
        time.sleep(0.5)
        shown = []

        def note(message):
            if message["msg_type"] == "execute_result":
                shown.append(time.perf_counter())

        began = time.perf_counter()
        client.execute_interactive(IMPORTS, timeout=PATIENCE)
        imported = time.perf_counter()
        client.execute_interactive(f"labs.{name}()", output_hook=note, timeout=PATIENCE)
        return imported - began, shown[0] - imported
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--labs", default=",".join(labs.__all__), help="which, with commas between (default all)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="of each, the median counts (default 5)")
    parser.add_argument("--json", action="store_true", help="print numbers only")
    options = parser.parse_args()
    python("-c", IMPORTS)  # compiles what was not
    told = {"beyond_numpy_ms": beyond_numpy(options.rounds), "imports_ms": imports(), "first_lab_s": {}}
    if not options.json:
        print(f"import bptt_helpers.rnn, beyond numpy: {told['beyond_numpy_ms']:.1f} ms", end=" ")
        print(f"(wanted: {WANTED_BEYOND_NUMPY_MS} at most)")
        print("\nimporting the labs, ms of each package's own modules")
        for package, milliseconds in list(told["imports_ms"].items())[:9]:
            print(f"{package:24}{milliseconds:6.0f}")
        print(f"\nthe first lab of a kernel, s (wanted: {WANTED_FIRST_LAB_SECONDS} at most, both together)")
        print(f"{'':24}{'imports':>8}{'lab':>8}{'both':>8}")
    for name in options.labs.split(","):
        imports_took, lab_took = map(
            median, zip(*(first_lab(name) for _ in range(options.rounds)), strict=True)
        )
        told["first_lab_s"][name] = {"imports": imports_took, "lab": lab_took}
        if not options.json:
            print(f"{name:24}{imports_took:8.2f}{lab_took:8.2f}{imports_took + lab_took:8.2f}", flush=True)
    if options.json:
        print(json.dumps(told))


if __name__ == "__main__":
    main()
