"""What a call costs: seconds, and bytes on top of what was there before.

Not here: benchmarks (they compare side by side in one run, in benchmarks/).
"""

import time
import tracemalloc
from typing import NamedTuple

from bptt_helpers import arguments


class Cost(NamedTuple):
    """What one call took."""

    seconds: float  # the fastest of the timed calls: the others were disturbed
    bytes: int  # the largest amount held at one time, by numpy's arrays too


def cost(function, repeats=3):
    """Time a function that takes no arguments, and measure the memory it needs while it runs.

    repeats : how many calls are timed, at least 1; one call before them warms up, one after is traced

    Returns Cost. What the function returns is thrown away. TypeError or ValueError names the bad argument.
    """
    arguments.function("function", function)
    repeats = arguments.integer("repeats", repeats)
    function()
    return Cost(min(_seconds(function) for _ in range(repeats)), _bytes(function))


def _seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _bytes(function):
    was_tracing = tracemalloc.is_tracing()
    if not was_tracing:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not was_tracing:
            tracemalloc.stop()
