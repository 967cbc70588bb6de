"""train: stopped, saved, loaded and gone on with is the same as never stopped, bit for bit."""

import random
import signal
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from test_train import NETWORKS, TASKS, equal, small

from bptt_helpers import tasks, train


def same(one, other):
    """Nothing that a training holds differs."""
    assert equal(one.state, other.state)
    assert one.settings == other.settings
    for mine, theirs in zip(one.history, other.history, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype


@NETWORKS
@pytest.mark.parametrize("rule", train.RULES)
def test_resumed_is_the_same_as_never_stopped(network, rule, tmp_path):
    names = list(TASKS)
    task = TASKS[names[(train.RULES.index(rule) + train.NETWORKS.index(network)) % len(names)]]
    dtype = (np.float32, np.float64)[train.RULES.index(rule) % 2]
    settings = {"rule": rule, "learning_rate": 0.02, "clip": "value", "limit": 0.1, "dtype": dtype}
    whole = small(task, network, **settings)
    whole.run(11, progress=False)
    training = small(task, network, **settings)
    for steps in (1, 4, 6):  # also before the first check, and right at one
        train.save(tmp_path / "run", training)
        training = train.load(tmp_path / "run", task)
        training.run(steps, progress=False)
    same(whole, training)


def test_a_number_comes_back_as_one(tmp_path):
    training = small(TASKS["adding"], rule="adam")
    training.run(3, progress=False)
    loaded = train.load(train.save(tmp_path / "run.npz", training), training.task)
    assert type(loaded.state.memory.count) is type(training.state.memory.count) is int


def test_a_text_goes_on_in_the_middle_with_its_state(tmp_path):
    task = TASKS["text"]
    whole, part = small(task, "lstm", batch=2), small(task, "lstm", batch=2)
    whole.run(30, progress=False)
    part.run(13, progress=False)
    train.save(tmp_path / "run.npz", part)
    again = train.load(tmp_path / "run.npz", tasks.text("a man, a plan, a canal: panama. " * 4, T=5))
    assert all(state.any() for state in again.state.states)
    again.run(17, progress=False)
    same(whole, again)


def test_the_file_is_one_that_numpy_reads_without_pickle(tmp_path):
    training = small(TASKS["adding"])
    training.run(5, progress=False)
    train.save(tmp_path / "run.npz", training)
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["params.W"], training.model.params.W)
        assert all(file[name].dtype != object for name in file.files)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    training = small(TASKS["adding"])
    train.save(path, training)
    before = path.read_bytes()
    training.run(2, progress=False)
    for error in (OSError("disk full"), KeyboardInterrupt()):

        def half(file, error=error, **_):
            file.write(b"half a file")
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(np, "savez", half)
            with pytest.raises(type(error)):
                train.save(path, training)
        assert path.read_bytes() == before
        assert [left.name for left in tmp_path.iterdir()] == ["run.npz"]
    train.save(path, training)
    same(train.load(path, TASKS["adding"]), training)


def test_the_new_file_is_written_beside_the_old_one(tmp_path, monkeypatch):
    """Only within one folder is renaming sure to be a matter of a moment."""
    renamed = []
    replace = Path.replace

    def watched(self, target):
        renamed.append((self, Path(target)))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    train.save(tmp_path / "run.npz", small(TASKS["adding"]))
    ((temporary, target),) = renamed
    assert temporary.parent == target.parent == tmp_path
    assert temporary.name.startswith(".run.npz.")


def test_who_may_read_the_file_stays_and_a_link_stays_a_link(tmp_path):
    path, link = tmp_path / "run.npz", tmp_path / "latest.npz"
    training = small(TASKS["adding"])
    train.save(path, training)
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode  # what the system gives a new file
    path.chmod(0o640)
    link.symlink_to(path)
    training.run(2, progress=False)
    train.save(link, training)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    same(train.load(path, TASKS["adding"]), training)


def test_what_is_saved_while_another_thread_trains_is_one_moment(tmp_path, monkeypatch):
    training = small(TASKS["adding"])
    training.run(2, progress=False)
    state = training.state
    until = type(training).history_until

    def meanwhile(self, steps):
        if self.step == 2:
            self.run(3, progress=False)  # the other thread, at the worst moment
        return until(self, steps)

    with monkeypatch.context() as patch:
        patch.setattr(type(training), "history_until", meanwhile)
        train.save(tmp_path / "run.npz", training)
    assert training.step == 5
    loaded = train.load(tmp_path / "run.npz", TASKS["adding"])
    assert loaded.step == len(loaded.history.loss) == 2
    np.testing.assert_array_equal(loaded.model.params.W, state.model.params.W)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("something more", "run.npz: it also holds more$"),
        ("words of another time", r"run.npz: its format is 99, this program's 1$"),
        ("a weight is missing", "run.npz: params.W$"),
        ("a history that is too short", r"run.npz: history.loss has shape \(1,\), expected \(3,\)$"),
        ("memory of another kind", "run.npz: memory.mean.W is of float32, expected float64$"),
        ("a history of words", "run.npz: history.validation_loss is of <U1, expected real numbers$"),
        ("complex weights", "run.npz: model.params.W: expected real numbers, got complex128$"),
    ],
)
def test_a_refusal_says_what_is_wrong_with_the_file(change, said, tmp_path):
    training = small(TASKS["adding"])
    training.run(3, progress=False)
    train.save(tmp_path / "run.npz", training)
    rewritten(tmp_path / "run.npz", CHANGES[change])
    with pytest.raises(ValueError, match=said):
        train.load(tmp_path / "run.npz", TASKS["adding"])


def test_a_damaged_file_is_refused_or_says_the_same(tmp_path):
    """Every byte somewhere in the file, turned over; every length it may have been cut to."""
    task, path = TASKS["adding"], tmp_path / "run.npz"
    training = small(task, H=2)
    training.run(3, progress=False)
    train.save(path, training)
    whole, refused, rng = path.read_bytes(), 0, random.Random(0)
    places = rng.sample(range(len(whole)), 250)
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            again = train.load(path, task)
        except ValueError as error:
            assert str(error).startswith("path: expected a whole file that train.save wrote, got run.npz: ")  # noqa: PT017
            refused += 1
        else:
            same(again, training)
    assert refused > 100
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"^path: expected a whole file that train\.save wrote"):
            train.load(path, task)


def rewritten(path, change):
    """The arrays of a checkpoint, changed, in its place."""
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    with path.open("wb") as file:
        np.savez(file, **arrays)


CHANGES = {
    "a weight is missing": lambda arrays: arrays.pop("params.W"),
    "a weight of another shape": lambda arrays: arrays.update({"params.W": np.eye(3)}),
    "a weight that is nan": lambda arrays: arrays["params.k"].fill(np.nan),
    "memory of another kind": lambda arrays: arrays.update(
        {"memory.mean.W": arrays["memory.mean.W"].astype(np.float32)}
    ),
    "memory is missing": lambda arrays: arrays.pop("memory.count"),
    "a history that is too short": lambda arrays: arrays.update({"history.loss": np.zeros(1)}),
    "a history of words": lambda arrays: arrays.update({"history.validation_loss": np.array(["a"])}),
    "complex weights": lambda arrays: arrays.update({"params.W": arrays["params.W"] * 1j}),
    "words that are too deep": lambda arrays: arrays.update({"about": np.array("[" * 100_000)}),
    "something more": lambda arrays: arrays.update({"more": np.zeros(1)}),
    "words that are not its own": lambda arrays: arrays.update({"about": np.array("hello")}),
    "words of another time": lambda arrays: arrays.update({"about": np.array('{"format": 99}')}),
    "words without settings": lambda arrays: arrays.update({"about": np.array('{"format": 1}')}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_with_other_contents_is_refused(change, tmp_path):
    path = tmp_path / "run.npz"
    training = small(TASKS["adding"])
    training.run(3, progress=False)
    train.save(path, training)
    rewritten(path, change)
    with pytest.raises(ValueError, match=r"^(path: expected a whole file that train\.save wrote|task: )"):
        train.load(path, TASKS["adding"])


def test_what_is_no_checkpoint_is_named(tmp_path):
    task = TASKS["adding"]
    (tmp_path / "text").write_text("hello")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with zipfile.ZipFile(tmp_path / "zip", "w") as file:
        file.writestr("a", "b")
    for name in ("text", "array.npy", "zip"):
        with pytest.raises(ValueError, match=r"^path: "):
            train.load(tmp_path / name, task)
    with pytest.raises(FileNotFoundError):
        train.load(tmp_path / "nothing", task)
    with pytest.raises(TypeError, match=r"^path: "):
        train.load(3.5, task)
    with pytest.raises(TypeError, match=r"^training: "):
        train.save(tmp_path / "x", "training")
    train.save(tmp_path / "run", small(task))
    with pytest.raises(TypeError, match=r"^task: "):
        train.load(tmp_path / "run", "adding")
    with pytest.raises(ValueError, match=r"^task: expected 'adding, T = 6, seed = 0', .*, got .*seed = 1"):
        train.load(tmp_path / "run", tasks.adding(6, seed=1))


# ----------------------------------------------------------------------------------------------------------
# interrupts


@contextmanager
def interrupt_after(seconds):
    """KeyboardInterrupt, as Ctrl-C and the kernel's square button raise it, after so much computing.

    Of the process's own time: on a busy machine another thread, or a clock on the wall, may come too late.
    """
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def test_interrupts_at_random_moments_lose_nothing():
    task, steps, rng = TASKS["text"], 400, random.Random(1)
    settings = {"H": 16, "check_every": 3}
    whole, training = small(task, "lstm", **settings), small(task, "lstm", **settings)
    whole.run(steps, progress=False)
    interrupted = 0
    while training.step < steps:
        before = training.step
        try:
            with interrupt_after(rng.uniform(0.001, 0.03)):
                training.run(steps - before, progress=False)
        except KeyboardInterrupt:
            pass  # it came just before the loop, or just after it
        interrupted += training.step < steps
        assert before <= training.step <= steps
        assert len(training.history.loss) == training.step
        assert all(np.isfinite(weight).all() for weight in training.model.params)
    assert interrupted >= 3
    same(whole, training)


def test_the_stop_button_ends_a_run_after_a_whole_step():
    training = small(TASKS["adding"])
    timer = threading.Timer(0.2, training.stop)
    timer.start()
    training.run(10**9, progress=False)
    assert 0 < training.step < 10**9
    whole = small(TASKS["adding"])
    whole.run(training.step, progress=False)
    same(whole, training)
    training.run(2, progress=False)  # it can go on
    assert training.step == whole.step + 2
