"""Ten thousand random changes over all labs, in any order: nothing raises, warns or leaks."""

import asyncio
import ctypes
import functools
import gc
import inspect
import sys

import hypothesis
import ipywidgets
import numpy as np
import psutil
import pytest
import sweep
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from test_labs import LABS, button, check

from bptt_helpers import labs

EVENTS = 10_000
MOST_GROWTH = 5e6  # bytes, of all labs together: 30 kB kept with every picture of one lab are more
GROWN = {}  # bytes, by lab
SETTINGS = hypothesis.settings(
    max_examples=3,
    stateful_step_count=40,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.generate],  # shrinking would take hours
)


class Hands(RuleBasedStateMachine):
    """What hands do to a lab. name: the lab; round: each has moves of its own; events: so many changes yet.

    Hypothesis says which kinds of moves follow each other, a generator of our own what is moved, and whereto:
    hypothesis likes to draw one number again, and that would move nothing.
    """

    name, round, events = None, 0, 0

    @initialize(chance=st.integers(0, 2**32 - 1))
    def open_it(self, chance):
        self.declaration = sweep.declaration(self.name)
        self.lab, self.sharp = self.declaration(), None
        self.rng = np.random.default_rng([chance, self.round])

    def set(self, setting, value):
        control = self.lab.controls[setting]
        before = control.value
        control.value = value  # past a narrowed end too
        type(self).events += control.value != before

    def some_moves(self, count):
        return sweep.some_moves(self.declaration.controls, count, self.rng)

    @rule()
    def move_a_control(self):
        self.set(*self.some_moves(1)[0])

    @rule(end=st.sampled_from([0, -1]))
    def move_one_to_its_end(self, end):
        ((setting, _),) = self.some_moves(1)
        self.set(setting, sweep.ends(self.declaration.controls[setting])[end])

    @rule()
    def move_several_and_the_last_back(self):
        for setting, value in self.some_moves(4):
            before = self.lab.controls[setting].value
            self.set(setting, value)
        self.set(setting, before)

    @rule(often=st.integers(0, 2))
    def rest_or_reset(self, often):
        if often:
            button(self.lab, "Reset").click()
            type(self).events += 1
        else:
            self.lab.sharpen()
            self.sharp = self.lab.image.value

    def teardown(self):
        ipywidgets.Widget.close_all()  # else ipywidgets keeps every widget there ever was

    @invariant()
    def it_shows_something(self):
        is_sharp = self.lab.image.value is self.sharp  # twice as wide as what it would be compared with
        check(self.lab, self.name, look=self.events % 10 == 0 and not is_sharp)


def our_caches():
    """All that functools remembers for bptt_helpers: list."""
    kind = functools._lru_cache_wrapper
    return [
        one for one in gc.get_objects() if type(one) is kind and one.__module__.startswith("bptt_helpers")
    ]


def memory():
    """Bytes that this process alone holds, but for what it remembers to be quick."""
    for cache in our_caches():
        cache.cache_clear()
    gc.collect()
    if sys.platform == "linux":  # what is free goes back to the system
        ctypes.CDLL(None).malloc_trim(0)
    return psutil.Process().memory_full_info().uss


def test_what_is_remembered_is_bounded():
    caches = our_caches()
    assert len(caches) > 20
    unbounded = [cache for cache in caches if cache.cache_info().maxsize is None]
    assert not any(inspect.signature(cache).parameters for cache in unbounded)  # these hold one thing each


def let_hands_make(count, hands):
    """At least so many events, on one lab after the other."""
    until = hands.events + count
    while hands.events < until:
        hands.round += 1
        run_state_machine_as_test(hypothesis.seed(hands.round)(hands), settings=SETTINGS)


@LABS
def test_any_events_in_any_order(name):
    hands = type("HandsOnIt", (Hands,), {"name": name})
    half, levels = EVENTS / len(labs.__all__) / 2, []
    for _ in range(3):
        let_hands_make(half, hands)
        levels.append(memory())
    # What leaks does so in both of the later halves; what the system holds a little longer, in one.
    GROWN[name] = max(0, min(np.diff(levels)))
    assert hands.events >= 3 * half
    assert sum(GROWN.values()) < MOST_GROWTH, GROWN


class BusyHands(Hands):
    """Hands that also press Start and Stop."""

    worked = 0

    @rule()
    def work_while_a_control_moves(self):
        ((setting, value),) = self.some_moves(1)

        async def work():
            self.lab.works.button.click()
            await asyncio.sleep(0.02)
            type(self).worked += self.lab.works.work is not None
            self.set(setting, value)
            await asyncio.sleep(0.02)
            if self.lab.works.is_working:
                self.lab.works.button.click()

        asyncio.run(work())


@pytest.mark.parametrize("name", [name for name in labs.__all__ if sweep.declaration(name).live is not None])
def test_work_among_other_moves(name):
    hands = type("HandsOnIt", (BusyHands,), {"name": name})
    let_hands_make(400, hands)
    assert hands.worked > 20
