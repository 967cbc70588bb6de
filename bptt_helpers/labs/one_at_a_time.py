"""Labs draw one at a time, although their callbacks come in more than one thread.

JupyterLab 4.4 and later hand most moves of a slider to a thread of their own, a subshell of the kernel, while
the main thread may be running a cell that moves a lab too. Labs of a kind share a canvas: two threads would
draw into one picture.
"""

import functools
import threading

_LOCK = threading.RLock()  # one for all labs; who holds it may call further methods that take it


def one_at_a_time(method):
    """The method, which now waits until no other of these runs in another thread."""

    @functools.wraps(method)
    def alone(*args, **options):
        with _LOCK:
            return method(*args, **options)

    return alone
