"""Work that takes longer than a frame: a Start button, a bar with the time left, a picture that goes along.

A lab with `live=Live(begin, depends)` gets these. What `begin(settings)` returns works in small portions:

    work.advance(seconds)   works for about so long
    work.done               the share that is done, 0 … 1
    work.says               what it is doing, a few words such as "step 120 of 800"

Between two portions the kernel answers whatever else was asked of it: other sliders, the Stop button.

When a cell that is run again makes such a lab, what its last run made stops working: it has left the page.
"""

import asyncio
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets
from IPython import get_ipython

from bptt_helpers.labs.one_at_a_time import one_at_a_time

PORTION_SECONDS = 0.15  # of work, then the picture is drawn once
LONG_PORTION_SECONDS = 0.5  # the same in finish(), which need not answer as quickly
_ALL_WORKS = weakref.WeakSet()


@dataclass(frozen=True)
class Live:
    """What a lab works on.

    begin : settings -> the work, from its beginning
    depends : the settings it is made from: when one of them moves, the work is dropped
    """

    begin: Callable
    depends: tuple


class Works(ipywidgets.HBox):
    """The button, the bar and the words beside it.

    begin : () -> the work
    draw : () -> None, shows how far it is
    fail : exception -> None, shows what went wrong

    work : what was begun, None before
    is_working : whether it is at it now
    """

    def __init__(self, begin, draw, fail):
        self._begin, self._draw, self._fail = begin, draw, fail
        self.work, self.is_working, self._seconds, self._task = None, False, 0.0, None
        self.button = ipywidgets.Button(description="Start", button_style="primary", layout={"width": "8em"})
        self.button.on_click(lambda _: self.stop() if self.is_working else self.start())
        self.bar = ipywidgets.FloatProgress(
            0.0, min=0.0, max=1.0, layout={"width": "auto", "flex": "1 1 8em"}
        )
        self.words = ipywidgets.HTML(layout={"width": "auto", "flex": "1 1 16em"})
        super().__init__([self.button, self.bar, self.words], layout={"align_items": "center"})
        self._tell()
        self._cell, self._run = running_cell()
        self._replace()

    @one_at_a_time
    def _replace(self):
        for other in list(_ALL_WORKS):
            if other.is_working and self._replaces(other):
                other.stop()
        _ALL_WORKS.add(self)

    def _replaces(self, other):
        return self._cell is not None and self._cell == other._cell and self._run != other._run

    @one_at_a_time
    def start(self):
        """Begins, goes on, or after the end begins again, in the background; needs a running event loop."""
        if self.is_working:
            return
        loop = asyncio.get_running_loop()  # RuntimeError without one, before anything has begun
        self._ready()
        self.is_working = True
        self._task = loop.create_task(self._go_on())  # kept, or it may be collected
        self._tell()

    @one_at_a_time
    def stop(self):
        """Stops after the portion it is in. What is done stays, and start() goes on from there."""
        self.is_working = False
        self._tell()

    @one_at_a_time
    def drop(self):
        """Forgets the work: it was made from settings that have moved."""
        self.work, self.is_working, self._seconds = None, False, 0.0
        self._tell()

    def finish(self):
        """Works to the end before it returns; the kernel's interrupt stops it as stop() does.

        At the end already, it does nothing: a cell that calls it can be run again. When a setting that the
        work is made from moves meanwhile, it begins anew.
        """
        try:
            finished = False
            while not finished:
                self._go()
                while self._portion(LONG_PORTION_SECONDS):
                    time.sleep(0.005)  # a slider that waits for its turn, in another thread, gets it
                finished = self.work is not None  # else it was dropped
        except KeyboardInterrupt:
            pass
        finally:
            self.is_working = False
            self._tell()

    @one_at_a_time
    def _go(self):
        if self.work is None:
            self._ready()
        self.is_working = True

    @one_at_a_time
    def _ready(self):
        if self.work is None or self.work.done >= 1:
            self.work, self._seconds = self._begin(), 0.0

    async def _go_on(self):
        me = asyncio.current_task()
        try:
            while self._task is me and self._portion(PORTION_SECONDS):
                await asyncio.sleep(0.01)  # the kernel hears the Stop button, and moves sliders
        except Exception as error:  # shown to the learner
            self._fail(error)
        finally:
            if self._task is me:  # else it was dropped, and another one begun
                self.is_working = False
                self._tell()

    @one_at_a_time
    def _portion(self, seconds):
        """Works for so long; False when it was stopped, or is at its end, and there was nothing to do."""
        if not self.is_working or self.work.done >= 1:
            return False
        began = time.monotonic()
        self.work.advance(seconds)
        self._seconds += time.monotonic() - began
        self._draw()
        self._tell()
        return True

    def _tell(self):
        done = 0.0 if self.work is None else self.work.done
        self.bar.value = done
        self.button.description = (
            "Stop" if self.is_working else "Start" if done == 0 else "Go on" if done < 1 else "Start again"
        )
        self.button.button_style = "" if self.is_working else "primary"
        self.words.value = "" if self.work is None else f'<span class="bptt-work">{self._said(done)}</span>'

    def _said(self, done):
        """How far it is, and how long it will still take at this pace."""
        if done >= 1 or done == 0:
            return f"{self.work.says}, {self._seconds:.0f} s" if done else self.work.says
        left = self._seconds * (1 - done) / done
        return f"{self.work.says}, {left:.0f} s left" if self.is_working else f"{self.work.says}, stopped"


def running_cell():
    """(cell, run) of the cell that runs now, as JupyterLab names them; None for what nobody names."""
    request = getattr(get_ipython(), "parent_header", None) or {}
    return (request.get("metadata") or {}).get("cellId"), (request.get("header") or {}).get("msg_id")
