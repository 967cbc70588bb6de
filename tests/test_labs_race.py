"""labs.race: both learn from the same batches, as train.Training alone would; what it says and draws."""

import asyncio
import time

import numpy as np
import pytest
import sweep

from bptt_helpers import gates, labs, rnn, tasks, train
from bptt_helpers.labs.race import CHECKS, TASKS, left_of_the_error
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.race import APART, NETWORKS, NOTHING, REACH, RacePicture, _apart


def short(**start):
    """A race that takes a moment."""
    return labs.race(**{"T": 6, "H": 4, "steps": 60} | start)


def test_every_network_and_every_task_can_be_chosen():
    assert tuple(NETWORKS) == train.NETWORKS
    assert [make(9).name for make in TASKS.values()] == list(TASKS)


def test_before_the_start_there_is_chance_and_what_is_left_of_the_error():
    lab = labs.race(task="temporal order", T=20)
    numbers = lab.numbers
    assert numbers.trainings is None
    assert numbers.losses == ()
    assert numbers.chance == pytest.approx(np.log(4))
    assert "Chance, a loss of 1.386" in sweep.said(lab)
    assert [len(left) for left in numbers.left] == [20, 20]


@pytest.mark.parametrize("task", TASKS)
def test_both_take_the_steps_that_a_training_alone_takes(task):
    lab = short(task=task, second="gru", log10_rate=-1.5, seed=3)
    lab.finish()
    numbers = lab.numbers
    assert numbers.step == 60
    for index, name in enumerate(("rnn", "gru")):
        its_task = TASKS[task](6, seed=3)
        model = train.model(name, its_task.D, 4, its_task.C, seed=3)
        alone = train.Training(its_task, model, learning_rate=10**-1.5, check_every=60 // CHECKS)
        history = alone.run(60, progress=False)
        np.testing.assert_array_equal(numbers.losses[index], history.validation_loss)
        np.testing.assert_array_equal(numbers.checked_at[index], history.checked_at)
        np.testing.assert_array_equal(numbers.models[index].params.W, alone.model.params.W)
        assert numbers.trainings[index].task == its_task


def test_a_network_against_itself_is_drawn_again_and_learns_from_the_same_batches():
    lab = short(first="lstm", second="lstm")
    one, other = lab.numbers.models
    assert not np.array_equal(one.params.W, other.params.W)
    lab.finish()
    assert lab.numbers.trainings[0].task == lab.numbers.trainings[1].task
    assert "the other one" in sweep.said(lab)


@pytest.mark.parametrize(("name", "module"), [("rnn", rnn), ("identity-relu", rnn), ("lstm", gates.lstm)])
@pytest.mark.parametrize("task", [tasks.adding(7), tasks.copy(3, length=2)])
def test_what_is_left_is_the_gradient_by_an_earlier_state(task, name, module):
    model = train.model(name, task.D, 5, task.C, seed=2, dtype=np.float64)
    x, y = (part[:, 0] for part in task.validation(1))
    trace = train.run(model, x, train.zeros(model))
    q, V = trace.q[-1], model.params.V
    error = (rnn.softmax(q) - np.eye(task.C)[y[-1]] if y.ndim == 1 else 2 * (q - y[-1])) @ V
    left = left_of_the_error(task, model)
    extra = {"func": model.func} if module is rnn else {}
    for t in range(len(x) - 1):  # what step t hands on is the start of the steps after it
        initial = [trace.s[t]] + ([trace.cell[t]] if name == "lstm" else [])
        rest = module.forward(model.params, x[t + 1 :], *initial, **extra)
        ds = np.zeros_like(rest.s)
        ds[-1] = error
        grads = module.through_time(model.params, rest, ds)
        parts = np.concatenate([grads.s_init] + ([grads.c_init] if name == "lstm" else []))
        if left[t] == NOTHING:
            assert not parts.any()
        else:
            assert 10 ** left[t] == pytest.approx(np.linalg.norm(parts) / np.linalg.norm(error), rel=1e-7)


def test_the_gradient_after_training_is_that_of_the_trained_networks():
    lab = short()
    lab.finish()
    numbers = lab.numbers
    for now, before, model in zip(numbers.left, numbers.left_untrained, numbers.models, strict=True):
        np.testing.assert_array_equal(now, left_of_the_error(numbers.task, model))
        assert not np.array_equal(now, before)


def test_one_that_overflows_stays_behind_and_the_other_goes_on():
    lab = short(first="identity-relu", log10_rate=0.0, T=200, H=16)
    lab.finish()
    numbers = lab.numbers
    (step,) = numbers.overflowed.values()
    assert list(numbers.overflowed) == [0]
    assert numbers.trainings[0].step == step < 60
    assert numbers.trainings[1].step == 60
    assert f"the identity-ReLU network overflowed at step {step}" in sweep.said(lab)
    canvas = Canvas(RacePicture)
    canvas.png(numbers)
    assert canvas.picture.amounts.strings[0] == "overflow"
    assert canvas.picture.amounts.strings[1] != "overflow"


def test_stopped_and_gone_on_with_it_ends_where_an_undisturbed_race_ends():
    async def press():
        lab = short()
        lab.start()
        end = time.monotonic() + 5
        while not lab.numbers.step:
            assert time.monotonic() < end
            await asyncio.sleep(0.001)
        lab.stop()
        lab.move(show="learning")  # says nothing of the race: it stays
        assert lab.works.work is not None
        lab.move(show="all")
        return lab

    lab = asyncio.run(press())
    lab.finish()
    undisturbed = short()
    undisturbed.finish()
    assert lab.numbers.losses[1].tolist() == undisturbed.numbers.losses[1].tolist()
    lab.move(seed=1)
    assert lab.works.work is None
    assert lab.numbers.losses == ()


@pytest.mark.slow
def test_at_fifty_steps_the_lstm_learns_to_add_and_the_tanh_network_stays_at_chance():
    lab = labs.race()
    lab.finish()
    tanh, lstm = (losses[-1] for losses in lab.numbers.losses)
    assert lstm < lab.numbers.chance / 20
    assert abs(tanh / lab.numbers.chance - 1) < 0.1
    assert "no better than chance (0.167)" in sweep.said(lab)
    assert "times below chance (0.167)" in sweep.said(lab)
    # Learning opened the gates: much more of the last error gets back than before. Not so in the other.
    assert lab.numbers.left[1][0] > lab.numbers.left_untrained[1][0] + 2
    assert lab.numbers.left[0][0] < -6


def test_the_picture_draws_the_losses_and_chance():
    lab = short(task="copy")
    lab.finish()
    canvas = Canvas(RacePicture)
    canvas.png(lab.numbers)
    for index, line in enumerate(canvas.picture.losses):
        x, y = line.get_data()
        np.testing.assert_allclose(10**y, lab.numbers.losses[index])
        np.testing.assert_allclose(60 * x, lab.numbers.checked_at[index])
    np.testing.assert_allclose(10 ** np.array(canvas.picture.chance.get_ydata()), lab.numbers.chance)


def test_two_names_stand_apart_and_in_the_panel():
    rng = np.random.default_rng(0)
    for ends in [*rng.uniform(-REACH, REACH, (300, 2)).tolist(), [REACH, REACH], [-REACH, -REACH], [0, 0]]:
        levels = _apart(ends)
        assert abs(levels[0] - levels[1]) > APART - 1e-9
        assert -REACH <= min(levels) <= max(levels) <= REACH
        assert ends[0] == ends[1] or (levels[0] < levels[1]) == (ends[0] < ends[1])
