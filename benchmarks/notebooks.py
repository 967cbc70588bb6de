"""Each notebook on one core, as in a small Binder session: memory, and the time to the first live picture.

    python benchmarks/notebooks.py [NOTEBOOK …] [--full]

The kernel is pinned to one core. Printed are seconds from the kernel's start until the first lab is on the
page, seconds for all cells, and the kernel's largest memory (its resident set). Training is short, as in the
tests, unless --full is given.
"""

import argparse
import os
import subprocess
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 400  # MB
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)"  # kB on Linux


def run(path):
    """(seconds to the first lab, seconds for all, MB at most) of one notebook."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    began, first = time.perf_counter(), []

    def after(cell, cell_index, execute_reply):
        is_lab = any("jupyter.widget-view" in key for o in cell.outputs for key in o.get("data", {}))
        if is_lab and not first:
            first.append(time.perf_counter() - began)

    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}})
    client.on_cell_executed = after
    client.execute(stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    return first[0], seconds, float(notebook.cells[-1].outputs[0]["text"])


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    if not options.full:
        os.environ["BPTT_QUICK"] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # kernels inherit it
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    print("first lab   all cells   memory")
    largest = 0.0
    for path in paths:
        if options.notebooks and path.stem not in options.notebooks:
            continue
        first, seconds, memory = run(path)
        largest = max(largest, memory)
        print(f"{first:7.1f} s {seconds:9.1f} s {memory:5.0f} MB   {path.stem}", flush=True)
    print(f"largest: {largest:.0f} MB; meant for a kernel: at most {LIMIT}")


if __name__ == "__main__":
    main()
