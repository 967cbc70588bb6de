"""Ten thousand random events over all labs, in any order as hands make them: nothing raises, warns, leaks."""

import gc

import hypothesis
import numpy as np
import psutil
import sweep
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from test_labs import LABS, button, check

from bptt_helpers import labs

EVENTS, STEPS = 10_000, 50
EXAMPLES = 2 + EVENTS // (2 * STEPS * len(labs.__all__))  # of each lab, before and after its memory is read
MOST_GROWTH = 5e6  # bytes, of all labs together
SETTINGS = hypothesis.settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[
        hypothesis.Phase.explicit,
        hypothesis.Phase.reuse,
        hypothesis.Phase.generate,
    ],  # shrinking takes hours
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

    @rule(chance=CHANCE)
    def move_a_control(self, chance):
        rng = np.random.default_rng([chance, self.salt])
        ((setting, value),) = sweep.some_moves(self.declaration.controls, 1, rng)
        self.set(setting, value)

    @rule(chance=CHANCE)
    def move_one_to_its_end(self, chance):
        rng = np.random.default_rng([chance, self.salt])
        names = list(self.declaration.controls)
        setting = names[rng.integers(len(names))]
        ends = sweep.values(self.declaration.controls[setting])
        self.set(setting, ends[rng.integers(len(ends))])

    @rule(chance=CHANCE)
    def move_back_and_forth(self, chance):
        rng = np.random.default_rng([chance, self.salt])
        (setting, value), *_ = sweep.some_moves(self.declaration.controls, 1, rng)
        before = self.lab.controls[setting].value
        self.set(setting, value)
        self.set(setting, before)

    @rule()
    def rest(self):
        self.lab.sharpen()
        type(self).events += 1
        self.sharp = self.lab.image.value

    @rule()
    def reset(self):
        button(self.lab, "Reset").click()
        type(self).events += 1

    @invariant()
    def it_shows_something(self):
        is_sharp = self.lab.image.value is self.sharp  # twice as wide as what it would be compared with
        check(self.lab, self.name, look=self.events % 25 == 0 and not is_sharp)


def memory():
    """Bytes that this process alone holds."""
    gc.collect()
    return psutil.Process().memory_full_info().uss


@LABS
def test_any_events_in_any_order(name):
    first, second = (type("Hands", (Hands,), {"name": name, "salt": salt, "events": 0}) for salt in (1, 2))
    run_state_machine_as_test(first, settings=SETTINGS)  # also fills the caches, which are bounded
    before = memory()
    run_state_machine_as_test(second, settings=SETTINGS)
    grown = memory() - before
    print(f"{name}: {first.events + second.events} events, {grown / 1e6:.2f} MB")
    assert first.events + second.events >= EVENTS / len(labs.__all__)
    assert grown < MOST_GROWTH
