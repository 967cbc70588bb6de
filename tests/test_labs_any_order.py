"""Ten thousand random events over all labs, in any order as hands make them: nothing raises, warns, leaks."""

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
CHANCE = st.integers(0, 2**32 - 1)


class Hands(RuleBasedStateMachine):
    """What hands do to a lab. name: the lab; salt: other values of the same chance; events: so many yet."""

    name, salt, events = None, 0, 0

    @initialize()
    def open_it(self):
        self.declaration = sweep.declaration(self.name)
        self.lab, self.sharp = self.declaration(), None

    def set(self, setting, value):
        self.lab.controls[setting].value = value  # past a narrowed end too
        type(self).events += 1

    def some_moves(self, chance, count):
        rng = np.random.default_rng([chance, self.salt])
        return sweep.some_moves(self.declaration.controls, count, rng)

    @rule(chance=CHANCE)
    def move_a_control(self, chance):
        self.set(*self.some_moves(chance, 1)[0])

    @rule(chance=CHANCE, end=st.sampled_from([0, -1]))
    def move_one_to_its_end(self, chance, end):
        ((setting, _),) = self.some_moves(chance, 1)
        self.set(setting, sweep.ends(self.declaration.controls[setting])[end])

    @rule(chance=CHANCE)
    def move_several_and_the_last_back(self, chance):
        for setting, value in self.some_moves(chance, 4):
            before = self.lab.controls[setting].value
            self.set(setting, value)
        self.set(setting, before)

    @rule(often=st.integers(0, 2))
    def rest_or_reset(self, often):
        if often:
            button(self.lab, "Reset").click()
        else:
            self.lab.sharpen()
            self.sharp = self.lab.image.value
        type(self).events += 1

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
        hands.salt += 1
        run_state_machine_as_test(hands, settings=SETTINGS)


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

    @rule(chance=CHANCE)
    def work_while_a_control_moves(self, chance):
        ((setting, value),) = self.some_moves(chance, 1)

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
    let_hands_make(200, hands)
    assert hands.worked > 10
