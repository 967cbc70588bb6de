"""Work in the background of a lab: Start, Stop, Go on; what it is made from drops it, the rest does not."""

import asyncio
import re
import threading
import time
from types import SimpleNamespace

import pytest
import sweep

from bptt_helpers import labs
from bptt_helpers.labs import work
from bptt_helpers.labs.controls import Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.labs.work import Live


class Counting:
    """Counts to `end`, one a portion; raises at `bad`."""

    def __init__(self, end, bad=None):
        self.end, self.bad, self.count = end, bad, 0

    def advance(self, seconds):
        assert seconds > 0
        if self.count == self.bad:
            raise OverflowError("the count is too large")
        self.count += 1

    @property
    def done(self):
        return self.count / self.end

    @property
    def says(self):
        return f"count {self.count} of {self.end}"


class Picture:
    """A line from 0 to the count."""

    size = (4, 3)
    alt = "A line."

    def __init__(self, figure):
        axes = figure.add_subplot(xlim=(0, 10), ylim=(0, 10))
        (self.line,) = axes.plot([], [], lw=9, animated=True)

    def update(self, numbers):
        self.line.set_data([0, numbers["count"]], [0, numbers["look"]])


def counting(end=5, bad=None):
    """A lab that counts to `end`; `look` says nothing of the work, `start` does."""
    return Declaration(
        "counting",
        {"start": Whole(1, 1, 9, "start"), "look": Whole(1, 1, 9, "look")},
        lambda settings, work: {
            "count": 0 if work is None else work.count,
            "look": settings["look"],
            "start": settings["start"],
        },
        lambda settings, numbers: f"The count stands at {numbers['count']}, seen from {settings['look']}.",
        Picture,
        telling="look",
        live=Live(lambda settings: Counting(end, bad), ("start",)),
    )()


def told(lab):
    """(the button's words, the bar, the words beside it)."""
    return lab.works.button.description, lab.works.bar.value, lab.works.words.value


async def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


def test_before_the_start_there_is_no_work():
    lab = counting()
    assert lab.works.work is None
    assert told(lab) == ("Start", 0.0, "")
    assert lab.numbers.count == 0


def test_the_call_follows_a_slider_while_work_moves_the_picture_on_and_on():
    async def move_at_work():
        lab = counting(end=10**9)
        lab.start()
        await until(lambda: lab.numbers.count > 0)
        lab.controls["look"].value = 7
        moved_at = lab.numbers.count
        await until(lambda: lab.numbers.count > moved_at + 3)  # portions follow without a rest
        shown = lab.call_text.value
        lab.stop()
        return shown

    assert "look=7" in asyncio.run(move_at_work())


def test_finish_works_to_the_end_and_draws_it():
    lab = counting()
    before = sweep.pixels(lab.image.value)
    lab.finish()
    assert lab.numbers.count == 5
    assert sweep.said(lab) == "The count stands at 5, seen from 1."
    button, bar, words = told(lab)
    assert (button, bar) == ("Start again", 1.0)
    assert "count 5 of 5, 0 s" in words
    assert sweep.inked(before, sweep.pixels(lab.image.value)) > 50
    first = lab.works.work
    lab.finish()
    assert lab.works.work is first  # it was done
    asyncio.run(start_again(lab, first))


async def start_again(lab, first):
    """The button does what finish() does not: it begins from the beginning."""
    lab.works.button.click()
    await until(lambda: not lab.works.is_working)
    assert lab.works.work is not first
    assert lab.numbers.count == 5


def test_the_start_button_works_in_the_background_and_stops_and_goes_on():
    async def press():
        lab = counting(end=100)
        lab.works.button.click()
        assert lab.works.button.description == "Stop"
        await until(lambda: lab.works.work.count >= 3)
        lab.works.button.click()
        await asyncio.sleep(0.05)
        count = lab.works.work.count
        button, bar, words = told(lab)
        assert (button, bar) == ("Go on", count / 100)
        assert words.endswith(f"count {count} of 100, stopped</span>")
        await asyncio.sleep(0.05)
        assert lab.works.work.count == count < 100
        lab.works.button.click()
        await until(lambda: not lab.works.is_working)
        return lab

    lab = asyncio.run(press())
    assert lab.numbers.count == 100
    assert told(lab)[:2] == ("Start again", 1.0)


def test_while_it_works_other_settings_move_and_its_own_drop_it():
    async def move():
        lab = counting(end=10**6)
        lab.start()
        await until(lambda: lab.works.work.count >= 2)
        lab.move(look=7)
        work = lab.works.work
        await until(lambda: work.count >= 5)
        assert lab.works.work is work
        assert lab.numbers.look == 7
        lab.move(start=2)
        assert lab.works.work is None
        assert lab.numbers.count == 0
        assert told(lab) == ("Start", 0.0, "")
        lab.start()  # at once, before the old task has noticed
        await asyncio.sleep(0.1)
        count = work.count
        await until(lambda: lab.works.work.count >= 3)
        assert work.count == count  # nobody works for the old one any more,
        assert len(asyncio.all_tasks()) == 2  # and besides this one there is a single task that works
        lab.stop()

    asyncio.run(move())


def test_time_left_is_told(monkeypatch):
    advance = Counting.advance

    def slowly(self, seconds):
        time.sleep(0.05)
        advance(self, seconds)

    async def work():
        lab = counting(end=200)
        lab.start()
        await until(lambda: lab.works.work.count >= 4)
        words = lab.works.words.value
        lab.stop()
        return words

    monkeypatch.setattr(Counting, "advance", slowly)
    left = re.search(r", (\d+) s left</span>", asyncio.run(work()))
    assert 5 < int(left[1]) < 60  # 196 more of 0.05 s each, on a machine that may be busy


def test_what_goes_wrong_is_shown_and_the_lab_goes_on():
    async def fail():
        lab = counting(bad=2)
        lab.start()
        await until(lambda: lab.error is not None)
        await asyncio.sleep(0.02)
        assert not lab.works.is_working
        return lab

    lab = asyncio.run(fail())
    assert "OverflowError: the count is too large" in sweep.said(lab)
    lab.move(look=3)
    assert lab.error is None
    with pytest.raises(OverflowError):
        counting(bad=1).finish()


def test_an_interrupt_ends_finish_like_stop():
    lab = counting(end=10)
    advance = Counting.advance

    def interrupted(self, seconds):
        if self.count == 4:
            raise KeyboardInterrupt
        advance(self, seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Counting, "advance", interrupted)
        lab.finish()
    assert told(lab)[0] == "Go on"
    assert lab.numbers.count == 4
    lab.finish()
    assert lab.numbers.count == 10


def test_a_player_shows_the_work_that_was_done():
    lab, fresh = counting(), counting()
    lab.finish()
    done, begun = (one.frames("look", [1, 5]).data for one in (lab, fresh))
    assert done != begun
    lab.move(look=9)
    assert lab.numbers.count == 5


def test_the_player_of_a_lab_with_work_runs_through_the_work(monkeypatch):
    seen, lab = [], counting(end=60)
    update = Picture.update
    monkeypatch.setattr(
        Picture, "update", lambda self, numbers: seen.append(numbers["count"]) or update(self, numbers)
    )
    data = lab.frames().data
    assert len(re.findall(r"frames\[\d+\] = ", data)) == 31
    assert seen[-31:] == list(range(0, 61, 2))
    assert lab.works.work is None  # what the lab itself shows is left alone
    assert lab.numbers.count == 0


def test_a_lab_without_work_says_so():
    lab = labs.unroll()
    assert lab.works is None
    for call in (lab.start, lab.stop, lab.finish):
        with pytest.raises(TypeError, match=r"^labs\.unroll has no work to start"):
            call()
    assert len(lab.children) == 5  # no button, no bar


def test_a_start_without_an_event_loop_is_refused_and_begins_nothing():
    lab = counting()
    with pytest.raises(RuntimeError):
        lab.start()
    assert told(lab) == ("Start", 0.0, "")

    async def start():
        lab.start()
        await until(lambda: not lab.works.is_working)

    asyncio.run(start())
    assert lab.numbers.count == 5


def test_finish_begins_anew_when_its_work_is_dropped(monkeypatch):
    lab, advance = counting(end=10), Counting.advance
    moved = []

    def moving(self, seconds):
        advance(self, seconds)
        if self.count == 4 and not moved:  # as a slider does, from a thread of its own
            moved.append(threading.Thread(target=lambda: lab.move(start=3)))
            moved[0].start()

    monkeypatch.setattr(Counting, "advance", moving)
    lab.finish()
    moved[0].join()
    assert (lab.numbers.count, lab.numbers.start) == (10, 3)
    assert told(lab)[0] == "Start again"


def test_a_closed_lab_works_no_more():
    async def close():
        lab = counting(end=10**9)
        lab.start()
        await until(lambda: lab.works.work.count > 2)
        work = lab.works.work
        lab.close()
        await asyncio.sleep(0.05)
        count = work.count
        await asyncio.sleep(0.1)
        assert work.count == count
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(close())


def test_a_cell_run_again_stops_what_its_last_run_began_and_nothing_else(monkeypatch):
    async def run_cells():
        made = []
        for cell, run in (("a", 1), ("a", 1), ("b", 2), (None, 3), ("a", 4), (None, 5)):
            monkeypatch.setattr(work, "running_cell", lambda now=(cell, run): now)
            made.append(counting(end=10**9))
            made[-1].start()
            at_work.append([lab.works.is_working for lab in made])
        for lab in made:
            lab.close()

    at_work = []
    asyncio.run(run_cells())
    assert at_work[:4] == [[True] * count for count in (1, 2, 3, 4)]
    assert at_work[4:] == [[False, False, True, True, True], [False, False, True, True, True, True]]


def test_outside_jupyterlab_no_cell_has_a_name(monkeypatch):
    assert work.running_cell() == (None, None)
    header = {"header": {"msg_id": "run"}, "metadata": {"cellId": "cell"}}
    for shell, expected in ((object(), (None, None)), (SimpleNamespace(parent_header={}), (None, None)),
                            (SimpleNamespace(parent_header=None), (None, None)),
                            (SimpleNamespace(parent_header={"header": None, "metadata": None}), (None, None)),
                            (SimpleNamespace(parent_header=header), ("cell", "run"))):  # fmt: skip
        monkeypatch.setattr(work, "get_ipython", lambda shell=shell: shell)
        assert work.running_cell() == expected
