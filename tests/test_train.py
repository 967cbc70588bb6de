"""train: gradients of every network and loss against autograd, the loop, learning that is real."""

import re

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import threadpoolctl
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_helpers import flow, gates, optimisers, rnn, tasks, train
from bptt_helpers.train import models

NETWORKS = pytest.mark.parametrize("network", train.NETWORKS)
TASKS = {
    "adding": tasks.adding(6),
    "temporal order": tasks.temporal_order(7),
    "copy": tasks.copy(3, symbols=3, length=2),
    "binary addition": tasks.binary_addition(5),
    "text": tasks.text("a man, a plan, a canal: panama. " * 4, T=5),
}
EACH_TASK = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def small(task, network="rnn", H=5, seed=0, dtype=np.float64, **others):
    """A Training that a test can afford."""
    model = train.model(network, task.D, H, task.C, seed=seed, dtype=dtype)
    return train.Training(task, model, **{"batch": 3, "held_out": 4, "check_every": 4} | others)


def equal(one, other):
    """Whether nested tuples of arrays and numbers are the same, bit for bit, types included."""
    if isinstance(one, tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(equal, one, other))
    return np.array_equal(one, other) and np.asarray(one).dtype == np.asarray(other).dtype


# ----------------------------------------------------------------------------------------------------------
# what a batch has to say


def sigmoid(z):
    return 0.5 * (1 + anp.tanh(z / 2))


def logits(network, params, x, states):
    """The networks once more, step by step, for autograd: (T, B, C)."""
    U, W, V, k, c = params
    H, s, q = W.shape[1], states[0], []
    cell = states[-1]
    for x_t in x:
        z, p = anp.dot(x_t, U.T) + k, anp.dot(s, W.T)
        if network == "lstm":
            i, f, o, g = (z[:, n * H : (n + 1) * H] + p[:, n * H : (n + 1) * H] for n in range(4))
            cell = sigmoid(f) * cell + sigmoid(i) * anp.tanh(g)
            s = sigmoid(o) * anp.tanh(cell)
        elif network == "gru":
            reset, update = (sigmoid(z[:, n * H : (n + 1) * H] + p[:, n * H : (n + 1) * H]) for n in range(2))
            s = update * s + (1 - update) * anp.tanh(z[:, 2 * H :] + reset * p[:, 2 * H :])
        else:
            s = anp.maximum(z + p, 0) if network == "identity-relu" else anp.tanh(z + p)
        q.append(anp.dot(s, V.T) + c)
    return anp.stack(q)


def mean_loss(network, params, x, y, loss, states):
    q = logits(network, params, x, states)
    if loss == "squared_error":
        scored = ~np.isnan(y)
        return anp.sum(anp.where(scored, q - np.where(scored, y, 0), 0) ** 2) / scored.sum()
    o = anp.exp(q) / anp.sum(anp.exp(q), axis=-1, keepdims=True)
    one_hot = np.eye(q.shape[-1])[np.maximum(y, 0)] * (y != -1)[..., None]
    return -anp.sum(one_hot * anp.log(o)) / (y != -1).sum()


@NETWORKS
@EACH_TASK
def test_loss_and_gradient_are_those_of_autograd(network, task):
    model = train.model(network, task.D, 4, task.C, seed=3, dtype=np.float64)
    rng = np.random.default_rng(1)
    model = model._replace(
        params=type(model.params)(*(w + 0.1 * rng.normal(size=w.shape) for w in model.params))
    )
    states = tuple(rng.normal(size=(3, 4)) for _ in train.zeros(model))
    x, y = task.batch(0, 3)
    loss, gradient, last = models.loss_and_gradient(model, x, y, task.loss, states)
    dense = np.eye(task.D)[x] if x.dtype.kind == "i" else x
    plain = tuple(model.params)
    assert loss == pytest.approx(mean_loss(network, plain, dense, y, task.loss, states), rel=1e-9)
    wanted = autograd.grad(lambda params: mean_loss(network, params, dense, y, task.loss, states))(plain)
    assert isinstance(gradient, type(model.params))
    for ours, theirs in zip(gradient, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
    assert len(last) == len(states)


@NETWORKS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_stays_in_the_dtype_of_the_weights(network, dtype):
    training = small(TASKS["adding"], network, dtype=dtype)
    training.run(3, progress=False)
    for weight in training.model.params:
        assert weight.dtype == dtype
    assert all(state.dtype == dtype for state in training.state.states)


def test_a_model_is_what_its_name_says():
    for network, module in (("rnn", rnn), ("lstm", gates.lstm), ("gru", gates.gru)):
        assert train.model(network, 2, 3, 4).module is module
    orthogonal, identity = (train.model(name, 2, 6, 1).params.W for name in ("orthogonal", "identity-relu"))
    np.testing.assert_allclose(orthogonal @ orthogonal.T, np.eye(6), atol=1e-6)
    np.testing.assert_array_equal(identity, np.eye(6))
    assert train.model("identity-relu", 2, 6, 1).func == "relu"
    assert (train.model("lstm", 2, 3, 1, forget_bias=2.5).params.k[3:6] == 2.5).all()
    assert equal(train.model("gru", 2, 3, 1, seed=4), train.model("gru", 2, 3, 1, seed=4))


# ----------------------------------------------------------------------------------------------------------
# the loop


@pytest.mark.parametrize("rule", train.RULES)
@pytest.mark.parametrize("clip", [None, "norm", "value"])
def test_the_loop_takes_the_steps_that_its_parts_say(rule, clip):
    task = TASKS["temporal order"]
    training = small(task, rule=rule, learning_rate=0.05, clip=clip, limit=0.02)
    model, memory = training.model, None
    history = training.run(6, progress=False)
    for step in range(6):
        x, y = task.batch(step, 3)
        loss, gradient, _ = models.loss_and_gradient(model, x, y, task.loss, train.zeros(model, (3,)))
        assert history.loss[step] == loss
        assert history.gradient_norm[step] == pytest.approx(optimisers.norm(gradient))
        too_long = {
            None: False,
            "norm": optimisers.norm(gradient) > 0.02,
            "value": max(abs(part).max() for part in gradient) > 0.02,
        }[clip]
        assert history.clipped[step] == too_long
        if clip:
            gradient = getattr(optimisers, f"clip_by_{clip}")(gradient, 0.02)
        moved, memory = getattr(optimisers, rule)(gradient, memory, learning_rate=0.05)
        model = model._replace(params=type(model.params)(*map(np.add, model.params, moved)))
    assert equal(training.model, model)
    assert history.clipped.dtype == bool
    assert history.clipped_share == history.clipped.mean()
    if clip:
        assert history.clipped.any()


def test_a_text_is_truncated_backpropagation_in_chunks():
    """Two chunks of one reader, the state carried and the error not, are flow.truncated(chunk=T)."""
    task = TASKS["text"]
    model = train.model("rnn", task.D, 5, task.C, seed=1, dtype=np.float64)
    pieces = [task.batch(index, 1) for index in range(2)]
    x, y = (np.concatenate([piece[part][:, 0] for piece in pieces]) for part in range(2))
    wanted = flow.truncated(model.params, rnn.forward(model.params, x), y, chunk=task.T)
    states, total = train.zeros(model, (1,)), 0
    for piece in pieces:
        _, gradient, states = models.loss_and_gradient(model, *piece, task.loss, states)
        total = total + np.concatenate([part.ravel() for part in gradient])
    flat = np.concatenate([getattr(wanted, field).ravel() for field in model.params._fields])
    np.testing.assert_allclose(total * task.T, flat, rtol=1e-9, atol=1e-12)
    training = small(task, H=5, seed=1, batch=1)  # and the loop does carry it
    training.run(1, progress=False)
    last = models.run(model, pieces[0].x, train.zeros(model, (1,))).s[-1]
    np.testing.assert_array_equal(training.state.states[0], last)
    trace = models.run(training.model, pieces[1].x, (last,))
    assert training.run(1, progress=False).loss[1] == train.mean_loss(trace.q, pieces[1].y, task.loss)


@EACH_TASK
def test_looking_at_held_out_data_changes_nothing(task):
    often, never = (small(task, check_every=every) for every in (1, 1000))
    for training in (often, never):
        training.run(7, progress=False)
    assert equal(often.state, never.state)
    np.testing.assert_array_equal(often.history.loss, never.history.loss)
    assert len(often.history.validation_loss) == 8
    assert len(never.history.validation_loss) == 1
    assert often.history.validation_loss[0] == never.history.validation_loss[0]


def test_the_held_out_loss_is_that_of_the_model_at_that_step():
    task = TASKS["adding"]
    training = small(task)
    training.run(8, progress=False)
    assert list(training.history.checked_at) == [0, 4, 8]
    x, y = task.validation(4)
    trace = train.run(training.model, x, train.zeros(training.model, (4,)))
    assert training.history.validation_loss[2] == train.mean_loss(trace.q, y, task.loss)
    assert training.history.validation_loss[2] == pytest.approx(((trace.q[-1] - y[-1]) ** 2).mean())


def test_histories_longer_than_what_was_set_aside():
    training = small(TASKS["adding"], check_every=1, H=2, batch=1)
    training.run(300, progress=False)
    halves = small(TASKS["adding"], check_every=1, H=2, batch=1)
    for _ in range(2):
        halves.run(150, progress=False)
    for one, other in zip(training.history, halves.history, strict=True):
        assert len(one) in (300, 301)
        np.testing.assert_array_equal(one, other)


def test_an_untrained_reader_of_text_knows_nothing():
    task = tasks.text(T=25)
    model = train.model("rnn", task.D, 100, task.C)
    loss = train.Training(task, model, batch=1).history.validation_loss[0]
    assert loss == pytest.approx(np.log(len(task.vocabulary)), rel=0.05)


@pytest.mark.slow
def test_the_lstm_learns_to_add_where_the_plain_network_stays_at_chance():
    """A real, short training: adding over 40 steps."""
    task = tasks.adding(40)
    losses = {}
    for network in ("lstm", "rnn"):
        training = train.Training(task, train.model(network, task.D, 32, task.C), learning_rate=0.01)
        losses[network] = training.run(400, progress=False).validation_loss[-1]
    assert losses["lstm"] < 0.1 * task.chance
    assert 0.8 * task.chance < losses["rnn"] < 1.5 * task.chance


def test_too_large_is_said_and_the_weights_stay():
    task = TASKS["adding"]
    training = small(task, "identity-relu", rule="sgd", learning_rate=1e6, clip=None, dtype=np.float32)
    with pytest.raises(
        OverflowError, match=r"^step \d+: the (loss|gradient) is too large for a float; .* Clip"
    ):
        training.run(50, progress=False)
    assert all(np.isfinite(weight).all() for weight in training.model.params)
    assert len(training.history.loss) == training.step < 50


@pytest.mark.parametrize(("loss", "size", "what"), [(np.inf, 1.0, "loss"), (1.0, np.inf, "gradient")])
def test_what_is_too_large_is_named(loss, size, what, monkeypatch):
    training = small(TASKS["adding"])
    gradient = type(training.model.params)(*(np.full_like(w, size) for w in training.model.params))
    monkeypatch.setattr(models, "loss_and_gradient", lambda *_: (loss, gradient, training.state.states))
    with pytest.raises(OverflowError, match=f"^step 0: the {what} is too large"):
        training.run(1, progress=False)


def test_a_step_after_which_a_weight_is_too_large_is_not_taken():
    training = small(TASKS["adding"], rule="sgd", learning_rate=1e39, clip=None, dtype=np.float32)
    before = training.model
    with pytest.raises(OverflowError, match=r"^step 0: a weight after it is too large for a float; .* Clip"):
        training.run(1, progress=False)
    assert equal(training.model, before)
    assert training.step == len(training.history.loss) == 0


@pytest.mark.parametrize(
    ("rule", "options", "said"),
    [
        ("adam", {"learning_rate": 1.0, "gradient": 1.0},
         "options: expected those of adam: decay, decay_square, epsilon, got gradient, learning_rate"),
        ("momentum", {"memory": 1.0}, "options: expected those of momentum: decay, got memory"),
        ("sgd", {"learning_rate": 1.0}, "options: expected those of sgd: none, got learning_rate"),
    ],
)  # fmt: skip
def test_what_is_no_option_of_the_rule_is_refused_and_those_there_are_named(rule, options, said):
    with pytest.raises(TypeError, match=f"^{re.escape(said)}$"):
        small(TASKS["adding"], rule=rule, options=options)


def test_options_are_kept_as_plain_numbers():
    training = small(TASKS["adding"], rule="momentum", options={"decay": np.float32(0.5)})
    assert training.settings["options"] == {"decay": 0.5}
    assert type(training.settings["options"]["decay"]) is float


def test_the_history_of_fewer_steps_is_its_beginning():
    training = small(TASKS["adding"], check_every=2)
    training.run(7, progress=False)
    short, whole = training.history_until(5), training.history
    for name, count in zip(whole._fields, (5, 5, 5, 3, 3), strict=True):
        np.testing.assert_array_equal(getattr(short, name), getattr(whole, name)[:count])


def test_the_two_states_of_an_lstm_are_two():
    hidden, cell = train.zeros(train.model("lstm", 2, 3, 1))
    assert not np.shares_memory(hidden, cell)


def test_advance_stops_at_the_step_and_after_the_time():
    training = small(TASKS["adding"])
    training.advance(60, until=0)
    assert training.step == 0
    training.advance(60, until=5)
    assert training.step == 5
    training.advance(1e-9, until=100)
    assert training.step == 6
    whole = small(TASKS["adding"])
    whole.run(6, progress=False)
    assert equal(whole.state, training.state)


def test_training_uses_one_thread_and_gives_the_others_back():
    def threads():
        return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}

    seen, training = [], small(TASKS["adding"])
    take_a_step = training._take_a_step
    training._take_a_step = lambda: (seen.append(threads()), take_a_step())
    with threadpoolctl.threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        training.run(1, progress=False)
        training.advance(1e-9, 2)
        assert threads() == before
    assert seen == [{1}, {1}]


def test_the_bar_tells_loss_and_time_left(capsys):
    small(TASKS["adding"]).run(4)
    said = capsys.readouterr().err
    assert "adding: 100%" in said
    assert "4/4" in said
    assert "held out" in said
    small(TASKS["adding"]).run(4, keep_bar=False)
    assert capsys.readouterr().err.split("\r")[-1].strip() == ""  # it was there, and is wiped away
    small(TASKS["adding"]).run(4, progress=False)
    assert capsys.readouterr().err == ""


# ----------------------------------------------------------------------------------------------------------
# smoothed, sample


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30), st.integers(1, 40))
def test_smoothed_is_the_mean_of_the_last_ones(values, over):
    wanted = [np.mean(values[max(0, n - over) : n]) for n in range(1, len(values) + 1)]
    np.testing.assert_allclose(train.smoothed(np.array(values), over), wanted, atol=1e-9)


def test_the_bar_tells_the_mean_loss_of_the_last_fifty_steps(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # tqdm cuts its line at the terminal's width
    training = small(TASKS["adding"])
    history = training.run(120)
    said = f"loss {history.loss[-50:].mean():.4g}, held out {history.validation_loss[-1]:.4g}"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_that_overflow_have_a_gradient_that_does(dtype, sign):
    model = train.model("rnn", D=2, H=4, C=1, dtype=dtype)
    largest = np.full((1, 4), sign * np.finfo(dtype).max)
    params = model.params._replace(V=largest, k=np.full(4, 9, dtype))
    x, y = np.zeros((3, 1, 2), dtype), np.zeros((3, 1, 1))
    states = train.zeros(model, (1,))
    loss, gradient, _ = models.loss_and_gradient(model._replace(params=params), x, y, "squared_error", states)
    assert loss == np.inf
    np.testing.assert_array_equal(gradient.V, np.full((1, 4), sign * np.inf))


def test_smoothed_loses_nothing_in_a_long_row_of_single_numbers():
    smooth = train.smoothed(np.full(300_000, 0.1, np.float32), 10)
    np.testing.assert_allclose(smooth, np.float32(0.1), rtol=1e-6)


@pytest.mark.parametrize("huge", [1e17, np.inf, np.nan])
def test_what_is_huge_leaves_no_trace_in_smoothed_once_it_is_past(huge):
    np.testing.assert_array_equal(train.smoothed(np.array([huge, 1.0, 2.0, 3.0]), 2)[2:], [1.5, 2.5])
    assert train.smoothed(np.zeros(0), 3).shape == (0,)


@pytest.mark.parametrize(("value", "quick"), [("1", True), ("0", False), ("", False)])
def test_quick_is_what_the_environment_says(value, quick, monkeypatch):
    monkeypatch.setenv("BPTT_QUICK", value)
    assert train.is_quick() is quick
    monkeypatch.delenv("BPTT_QUICK")
    assert train.is_quick() is False


@settings(max_examples=30)
@given(temperature=st.floats(0.1, 3), seed=st.integers(0, 99), network=st.sampled_from(train.NETWORKS))
def test_sample_draws_from_the_softmax_at_this_temperature(temperature, seed, network):
    """Character by character, from a run over all that was written before."""
    model = train.model(network, 5, 4, 5, seed=seed, dtype=np.float64)
    start = np.array([1, 3, 0])
    written = train.sample(model, start, 8, rng=np.random.default_rng(seed), temperature=temperature)
    shares = np.random.default_rng(seed).random(8)
    for at in range(8):
        x = np.concatenate([start, written[:at]])
        q = train.run(model, x, train.zeros(model)).q[-1]
        o = np.exp(q / temperature) / np.exp(q / temperature).sum()
        below = o[: written[at]].sum()
        assert below - 1e-9 <= shares[at] <= below + o[written[at]] + 1e-9


@pytest.mark.parametrize("network", train.NETWORKS)
def test_one_step_after_the_other_is_the_run(network):
    model = train.model(network, 6, 5, 6, seed=1, dtype=np.float64)
    model = model._replace(params=type(model.params)(*(3 * weight + 0.1 for weight in model.params)))
    x = np.array([2, 0, 5, 5, 1])
    trace, step, states = train.run(model, x, train.zeros(model)), train.one_step(model), train.zeros(model)
    for t, character in enumerate(x):
        q, states = step(character, states)
        np.testing.assert_allclose(q, trace.q[t], rtol=1e-12)
    for mine, other in zip(states, train.last_states(trace), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


def test_draw_is_a_class_whatever_the_logits():
    for q in ([0.0, np.nan, 1.0], [np.nan] * 3, [1e300, -1e300, 0], [0.0, 0.0, 0.0]):
        with np.errstate(all="ignore"):
            assert all(0 <= train.draw(np.array(q), share, 1.0) < 3 for share in (0.0, 0.5, 1 - 1e-16))
    assert train.draw(np.array([0.0, -np.inf, 0.0]), 0.5, 1.0) == 2  # never one of probability 0


def test_sample_at_temperature_0_takes_the_likeliest_and_small_ones_come_near():
    model = train.model("rnn", 5, 8, 5, seed=2, dtype=np.float64)
    model = model._replace(params=model.params._replace(V=20 * model.params.V))
    coldest, cold = (
        train.sample(model, np.array([2]), 30, rng=np.random.default_rng(0), temperature=temperature)
        for temperature in (0, 1e-9)
    )
    np.testing.assert_array_equal(coldest, cold)
    assert coldest[0] == train.run(model, np.array([2]), train.zeros(model)).q[-1].argmax()


# ----------------------------------------------------------------------------------------------------------
# bad arguments


TASK, MODEL = TASKS["adding"], train.model("rnn", 2, 3, 1)
RNG = np.random.default_rng(0)
WRONG = {
    "task": ("task", TypeError, lambda: train.Training("adding", MODEL)),
    "model": ("model", TypeError, lambda: train.Training(TASK, MODEL.params)),
    "sizes": ("model", ValueError, lambda: train.Training(TASKS["copy"], MODEL)),
    "rule": ("rule", ValueError, lambda: train.Training(TASK, MODEL, rule="adamw")),
    "rate": ("learning_rate", ValueError, lambda: train.Training(TASK, MODEL, learning_rate=-1)),
    "option": ("decay", ValueError, lambda: train.Training(
        TASK, MODEL, rule="momentum", options={"decay": 2})),
    "unknown option": ("options", TypeError, lambda: train.Training(TASK, MODEL, options={"nesterov": 1})),
    "options": ("options", TypeError, lambda: train.Training(TASK, MODEL, options=3)),
    "an option": ("options", TypeError, lambda: train.Training(
        TASK, MODEL, rule="momentum", options={"decay": "0.9"})),
    "batch": ("batch", ValueError, lambda: train.Training(TASK, MODEL, batch=0)),
    "clip": ("clip", ValueError, lambda: train.Training(TASK, MODEL, clip="length")),
    "limit": ("limit", ValueError, lambda: train.Training(TASK, MODEL, limit=0)),
    "check_every": ("check_every", TypeError, lambda: train.Training(TASK, MODEL, check_every=2.5)),
    "held_out": ("held_out", ValueError, lambda: train.Training(TASK, MODEL, held_out=0)),
    "steps": ("steps", ValueError, lambda: train.Training(TASK, MODEL).run(0)),
    "network": ("network", ValueError, lambda: train.model("transformer", 2, 3, 1)),
    "H": ("H", ValueError, lambda: train.model("rnn", 2, 0, 1)),
    "seed": ("seed", ValueError, lambda: train.model("rnn", 2, 3, 1, seed=-1)),
    "sample's model": ("model", ValueError, lambda: train.sample(MODEL, [0], 1, rng=RNG)),
    "start": ("start", ValueError, lambda: train.sample(
        train.model("rnn", 3, 2, 3), [3], 1, rng=RNG)),
    "temperature": ("temperature", ValueError, lambda: train.sample(
        train.model("rnn", 3, 2, 3), [0], 1, rng=RNG, temperature=-1)),
    "rng": ("rng", TypeError, lambda: train.sample(train.model("rnn", 3, 2, 3), [0], 1, rng=0)),
    "over": ("over", ValueError, lambda: train.smoothed(np.ones(3), 0)),
    "values": ("values", ValueError, lambda: train.smoothed(np.ones((3, 1)), 2)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "call"), WRONG.values(), ids=WRONG)
def test_a_bad_argument_is_named(name, kind, call):
    with pytest.raises(kind, match=rf"^{name}\b"):
        call()


@pytest.mark.parametrize("rule", ["rmsprop", "adagrad", "adam"])
def test_a_gradient_whose_square_is_too_large_is_not_remembered(rule, monkeypatch):
    training = small(TASKS["adding"], rule=rule, clip=None, dtype=np.float32)
    training.run(2, progress=False)
    before = training.state
    plain = train.models.loss_and_gradient

    def huge(*arguments):
        loss, gradient, states = plain(*arguments)
        return loss, gradient._replace(k=np.full_like(gradient.k, 1e25)), states

    monkeypatch.setattr(train.models, "loss_and_gradient", huge)
    with pytest.raises(OverflowError, match=r"^step 2: what the rule remembers"):
        training.run(1, progress=False)
    assert training.state is before


def test_a_text_too_short_for_its_parts_names_held_out():
    task = tasks.text("abab cdcd " * 30, T=5)
    with pytest.raises(ValueError, match=r"^held_out: expected at most 29 parts"):
        train.Training(task, train.model("rnn", task.D, 4, task.C))


def test_complex_weights_are_not_trained():
    model = train.model("rnn", 2, 3, 1, dtype=np.float64)
    model = model._replace(params=model.params._replace(W=model.params.W + 1j))
    with pytest.raises(TypeError, match=r"^model\.params\.W: expected real numbers"):
        train.Training(tasks.adding(5), model)


def test_there_is_no_history_of_steps_to_come_and_no_advance_without_numbers():
    training = small(TASKS["adding"])
    with pytest.raises(ValueError, match=r"^steps: expected at most the 0 taken so far, got 1"):
        training.history_until(1)
    with pytest.raises(TypeError, match=r"^seconds: expected a number"):
        training.advance("1", 5)
    with pytest.raises(TypeError, match=r"^until: expected an integer"):
        training.advance(1.0, None)
