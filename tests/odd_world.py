"""Runs all code cells of a notebook, then all again, in a world where much is unusual: for test_odd_world.

    python tests/odd_world.py NOTEBOOK

No network and no pickles: who asks for either is refused, by an audit hook that sees every module's calls.
The clock stands in the year 2107 and goes back by a minute at every look. Numbers have a comma for those who
follow the locale, where LC_ALL names such a one. There is no kernel: IPython alone runs the cells.
"""

import locale
import sys
import time
from pathlib import Path

import nbformat
from IPython.core.interactiveshell import InteractiveShell

REFUSED = (
    "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
    "socket.bind", "pickle.find_class", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn",
)  # fmt: skip
LOOK_AROUND = ("fc-list", "ldconfig", "gcc", "cc", "ld")  # matplotlib for fonts, threadpoolctl for libraries
refused = []


def refuse(event, arguments):
    """An audit hook: no network, no pickles, no other program that might ask for them."""
    looks_around = event == "subprocess.Popen" and Path(str(arguments[0])).name in LOOK_AROUND
    if event in REFUSED and not looks_around:
        refused.append(f"{event} {arguments}")  # who asks may catch the error
        raise PermissionError(f"a notebook must do without {event} {arguments}")


def backward_clock(now=4_340_000_000.0):
    """A function like time.time, far from today and going back."""

    def look():
        nonlocal now
        now -= 60
        return now

    return look


def run(path):
    """Every code cell in its order, twice; the first error ends it."""
    shell = InteractiveShell.instance()
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for source in cells + cells:
        result = shell.run_cell(source, store_history=True)
        result.raise_error()


if __name__ == "__main__":
    locale.setlocale(locale.LC_ALL, "")
    time.time = backward_clock()
    sys.addaudithook(refuse)
    run(sys.argv[1])
    if refused:
        sys.exit("; ".join(refused))
