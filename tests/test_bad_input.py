"""Every public call, given one bad argument at a time: the right error, the argument's name, nothing else.

Nothing else: nothing printed, no good argument changed, no chance drawn from anybody's generator, no file.
A table for all of them; what one call refuses in particular stands in test_arguments and beside its function.
"""

import copy
import importlib
import inspect
from types import SimpleNamespace

import networks
import numpy as np
import pytest

from bptt_helpers import checks, flow, gates, landscape, optimisers, rnn, tasks, train, two_steps

T, D, H, C = 6, 3, 4, 2
PARAMS, X, S_INIT, Y, _ = NETWORK = networks.random_network(0, T=T, D=D, H=H, C=C)
TRACE = networks.run(NETWORK)
OTHER = networks.random_network(1, T=T, D=D, H=H + 1, C=C)
RNG = np.random.default_rng(0)
W = PARAMS.W
LSTM = gates.lstm.init_params(D, H, C, rng=np.random.default_rng(1))
LSTM_TRACE = gates.lstm.forward(LSTM, X)
GRU = gates.gru.init_params(D, H, C, rng=np.random.default_rng(2))
GRU_TRACE = gates.gru.forward(GRU, X)
TASK = tasks.adding(8)
TEXT = tasks.text("abab cdcd " * 200, T=10)
MODEL = train.model("rnn", D=2, H=4, C=1)
WRITER = train.model("rnn", D=TEXT.D, H=4, C=TEXT.C)
UNROLL = SimpleNamespace(  # as much of a lab as an exercise looks at
    settings={"u": 0.6, "w": 0.9, "k": 0.1, "s_init": 0.0, "T": 3, "func": "tanh", "x": "steps"},
    numbers={"x": np.ones(3), "s": np.zeros(3)},
)
NAN, INF = np.nan, np.inf


def entry(array, value):
    """A copy of the array whose first entry is the value."""
    array = np.array(array)
    array.flat[0] = value
    return array


def floats_of(good):
    """What is no array of floats like the good one."""
    return [
        (TypeError, None), (TypeError, "text"), (TypeError, good.astype(int)), (TypeError, good > 0),
        (TypeError, good.astype(object)), (ValueError, np.zeros((2, 2, 2, 2))),
        (ValueError, [[1.0, 2.0], [3.0]]),
    ]  # fmt: skip


def finite(good):
    """The same where nan and infinity are refused, too."""
    return [*floats_of(good), (ValueError, entry(good, NAN)), (ValueError, entry(good, -INF))]


def integers(minimum=1):
    """What is no whole number of at least the minimum."""
    below = [(ValueError, minimum - 1), (ValueError, -100)]
    return [
        *below,
        (TypeError, 2.5),
        (TypeError, True),
        (TypeError, "3"),
        (TypeError, None),
        (TypeError, [3]),
    ]


NUMBER = [
    (TypeError, "1"), (TypeError, None), (TypeError, 1j), (TypeError, True), (TypeError, [1.0]),
    (ValueError, NAN), (ValueError, -INF),
]  # fmt: skip
ABOVE_ZERO = [*NUMBER, (ValueError, 0), (ValueError, -0.5)]
SHARE = [*NUMBER, (ValueError, 1.0), (ValueError, -0.1)]
CHOICE = [
    (ValueError, "none such"),
    (ValueError, ""),
    (TypeError, None),
    (TypeError, 3),
    (TypeError, np.tanh),
]
GENERATOR = [(TypeError, None), (TypeError, 0), (TypeError, np.random), (TypeError, np.random.RandomState(0))]
DTYPE = [(TypeError, int), (TypeError, np.float16), (TypeError, None), (TypeError, complex)]
OBJECT = [(TypeError, None), (TypeError, 3), (TypeError, "text"), (TypeError, (1, 2))]
TARGETS = [
    (TypeError, None), (TypeError, Y.astype(float)), (TypeError, Y > 0), (ValueError, Y[1:]),
    (ValueError, 0), (ValueError, entry(Y, C)), (ValueError, entry(Y, -2)), (ValueError, Y[:0]),
]  # fmt: skip
PAIR = [(TypeError, None), (TypeError, 1.5), (ValueError, (1, NAN)), (TypeError, (1, "2")), (TypeError, "12")]
STRING = [(TypeError, None), (TypeError, 3), (TypeError, b"abc")]
CHARACTERS = [
    (TypeError, None),
    (TypeError, 3),
    (TypeError, ["ab", "c"]),
    (ValueError, "aba"),
    (ValueError, ""),
]
GRADIENT = [
    (TypeError, None),
    (TypeError, "text"),
    (TypeError, np.ones(3, int)),
    (TypeError, (np.ones(2), None)),
]
NETS = [
    (TypeError, None), (TypeError, "1"), (TypeError, True), (TypeError, 1j), (ValueError, NAN),
    (ValueError, INF), (TypeError, np.ones(3, int)), (ValueError, np.array([1.0, NAN])),
    (ValueError, np.ones(0)),
]  # fmt: skip


def not_none(bad):
    """The same for an argument that may be None."""
    return [(error, value) for error, value in bad if value is not None]


def params_like(good):
    """What are no weights: another kind of thing, or one weight of another shape or with a gap."""
    return [
        *OBJECT, (TypeError, tuple(good)), (ValueError, good._replace(W=good.W[:, 1:])),
        (ValueError, good._replace(U=entry(good.U, NAN))), (TypeError, good._replace(k=None)),
        (TypeError, good._replace(c=good.c.astype(np.float32))), (ValueError, good._replace(V=good.V[0])),
    ]  # fmt: skip


def trace_like(good):
    """What is no trace, or not of these weights."""
    return [
        *OBJECT, (TypeError, tuple(good)), (ValueError, good._replace(s=good.s[:, 1:])),
        (ValueError, good._replace(x=good.x[1:])), (TypeError, good._replace(o=None)),
    ]  # fmt: skip


def a_training():
    """A training that has taken two steps."""
    training = train.Training(TASK, MODEL, batch=4, held_out=4)
    training.run(2, progress=False)
    return training


def sum_of_squares(params):
    """A function of which the gradient is known: twice the params."""
    return sum((weight**2).sum() for weight in params)


COUNTED = type(PARAMS)(*(2 * weight for weight in PARAMS))
AT_LEAST_ZERO = [*NUMBER, (ValueError, -1e-9)]
FUNCTION = [(TypeError, None), (TypeError, 3), (TypeError, "text")]
MEASURED = {
    "function": (
        sum_of_squares,
        [
            *FUNCTION,
            (ValueError, lambda params: params.W),
            (TypeError, lambda params: "text"),
        ],
    ),
    "params": (
        PARAMS,
        [*OBJECT, (TypeError, PARAMS._replace(U=None)), (TypeError, PARAMS._replace(k="text"))],
    ),
}
ON_A_TRACE = {"params": (PARAMS, params_like(PARAMS)), "trace": (TRACE, trace_like(TRACE))}
WITH_TARGETS = ON_A_TRACE | {"y": (Y, TARGETS)}
FUNC = {"func": ("tanh", CHOICE)}
NET = {"w": (2.0, NETS), "b": (0.5, NETS), "T": (5, integers()), "s_init": (0.1, NETS)} | FUNC
ON_A_SURFACE = NET | {"target": (0.7, NUMBER)}
GRADIENT_AND_RATE = {"gradient": (PARAMS, GRADIENT), "learning_rate": (0.1, ABOVE_ZERO)}
AND_MEMORY = GRADIENT_AND_RATE | {
    "memory": (None, [(ValueError, bad) for bad in (3, "text", (1, 2), PARAMS._replace(U=PARAMS.U[1:]))])
}
SEED = {"seed": (0, integers(minimum=0))}
DIMENSIONS = {"D": (D, integers()), "H": (H, integers()), "C": (C, integers())}
INIT = DIMENSIONS | {"rng": (RNG, GENERATOR), "dtype": (np.float64, DTYPE)}
FACTORS = flow.jacobians(PARAMS, TRACE)

# For each public call, each argument: a good value, and [(error, bad value), …].
TABLE = {
    "rnn.init_params": INIT | {
        "scheme": ("uniform", CHOICE), "spectral_radius": (0.9, not_none(NUMBER)),
    },
    "rnn.with_spectral_radius": {"W": (W, finite(W)), "spectral_radius": (1.0, [*NUMBER, (ValueError, -1)])},
    "rnn.forward": FUNC | {
        "params": (PARAMS, params_like(PARAMS)), "x": (X, finite(X)[:2] + finite(X)[3:]),
        "s_init": (S_INIT, finite(S_INIT)[1:]),
    },
    "rnn.softmax": {"q": (TRACE.q, floats_of(TRACE.q)[:5])},
    "rnn.cross_entropy": {"q": (TRACE.q, floats_of(TRACE.q)[:5]), "y": (Y, TARGETS)},
    "rnn.error_at_logits": {"o": (TRACE.o, floats_of(TRACE.o)[:5]), "y": (Y, TARGETS)},
    "rnn.backward": WITH_TARGETS,
    "rnn.through_time": ON_A_TRACE | {"ds": (TRACE.s, finite(TRACE.s))},
    "rnn.activate": FUNC | {"z": (TRACE.z, floats_of(TRACE.z)[:5])},
    "rnn.slope": FUNC | {"s": (TRACE.s, floats_of(TRACE.s)[:5])},
    "two_steps.run": FUNC | {
        "u": (0.6, NUMBER), "w": (0.9, NUMBER), "k": (0.1, NUMBER), "s_init": (0.2, NUMBER),
        "v": ((1.5, -1.0), [*PAIR, (ValueError, (1.5,))]),
        "x": ((1.0, -0.5), [*PAIR, (ValueError, (1, 2, 3))]),
        "target": (0, [*integers(minimum=0), (ValueError, 2)]),
    },
    "flow.jacobians": ON_A_TRACE,
    "flow.running_products": {"factors": (FACTORS, finite(FACTORS)[:-2])},
    "flow.log10_extremes": {"factors": (FACTORS, finite(FACTORS)[:-2])},
    "flow.log10_singular_values": {"products": (flow.running_products(FACTORS), OBJECT)},
    "flow.log10_error_sizes": ON_A_TRACE | {"error": (np.ones(H), finite(np.ones(H)))},
    "flow.spectral_radius": {"W": (W, finite(W))},
    "flow.bounds": {"W": (W, finite(W)), "func": ("tanh", CHOICE)},
    "flow.influence": ON_A_TRACE,
    "flow.error_reaching": WITH_TARGETS,
    "flow.blame": WITH_TARGETS,
    "flow.blame_norms": WITH_TARGETS,
    "flow.forward_in_time": WITH_TARGETS,
    "flow.truncated": WITH_TARGETS | {"window": (2, not_none(integers()))},
    "flow.truncated by chunks": WITH_TARGETS | {"chunk": (2, not_none(integers()))},
    "flow.window_gradients": WITH_TARGETS,
    "flow.chunk_gradients": WITH_TARGETS,
    "flow.kept_by_window": {"T": (T, integers()), "window": (2, integers())},
    "flow.kept_by_chunk": {"T": (T, integers()), "chunk": (2, integers())},
    "flow.draw_cuts": {"T": (T, integers()), "probability": (0.5, NUMBER), "rng": (RNG, GENERATOR)},
    "flow.randomly_truncated": WITH_TARGETS | {
        "cuts": (np.zeros(T, bool), [(TypeError, None), (ValueError, np.zeros(3, bool)),
                                     (TypeError, np.zeros(T))]),
        "probability": (0.5, NUMBER),
    },
    "flow.angle_and_length": {
        "truncated": (W, [*finite(W), (ValueError, W[:0])]),
        "true": (W, [*finite(W)[:5], *finite(W)[6:], (ValueError, W[:0])]),
    },
    "gates.lstm.init_params": INIT | {"forget_bias": (1.0, NUMBER)},
    "gates.lstm.forward": {
        "params": (LSTM, params_like(LSTM)), "x": (X, finite(X)[:2] + finite(X)[3:]),
        "s_init": (np.zeros(H), finite(np.zeros(H))[1:]), "c_init": (np.zeros(H), finite(np.zeros(H))[1:]),
    },
    "gates.lstm.backward": {
        "params": (LSTM, params_like(LSTM)), "trace": (LSTM_TRACE, trace_like(LSTM_TRACE)), "y": (Y, TARGETS),
    },
    "gates.lstm.through_time": {
        "params": (LSTM, params_like(LSTM)), "trace": (LSTM_TRACE, trace_like(LSTM_TRACE)),
        "ds": (LSTM_TRACE.s, finite(LSTM_TRACE.s)),
    },
    "gates.gru.init_params": INIT,
    "gates.gru.forward": {
        "params": (GRU, params_like(GRU)), "x": (X, finite(X)[:2] + finite(X)[3:]),
        "s_init": (np.zeros(H), finite(np.zeros(H))[1:]),
    },
    "gates.gru.backward": {
        "params": (GRU, params_like(GRU)), "trace": (GRU_TRACE, trace_like(GRU_TRACE)), "y": (Y, TARGETS),
    },
    "gates.gru.through_time": {
        "params": (GRU, params_like(GRU)), "trace": (GRU_TRACE, trace_like(GRU_TRACE)),
        "ds": (GRU_TRACE.s, finite(GRU_TRACE.s)),
    },
    "gates.blame_norms": {
        "params": (LSTM, params_like(LSTM)), "trace": (LSTM_TRACE, trace_like(LSTM_TRACE)), "y": (Y, TARGETS),
    },
    "gates.log10_error_sizes": {
        "params": (LSTM, params_like(LSTM)), "trace": (LSTM_TRACE, trace_like(LSTM_TRACE)),
        "error": (np.ones(H), finite(np.ones(H))),
    },
    "gates.log10_kept": {"trace": (LSTM_TRACE, OBJECT)},
    "landscape.course": NET,
    "landscape.log10_size": NET,
    "landscape.states": NET,
    "landscape.last_state": NET,
    "landscape.loss": ON_A_SURFACE,
    "landscape.gradient": ON_A_SURFACE,
    "landscape.growing_states": FUNC | {"w": (2.0, NUMBER)},
    "landscape.fixed_points": FUNC | {"w": (2.0, NUMBER), "b": (0.5, NUMBER)},
    "landscape.folds": FUNC | {"w": (2.0, NETS[:-1])},
    "landscape.equilibria": FUNC | {
        "w": (2.0, NUMBER), "count": (21, integers(minimum=2)), "reach": (8.0, ABOVE_ZERO),
    },
    "landscape.descend": FUNC | {
        "w": (2.0, NUMBER), "b": (0.5, NUMBER), "T": (5, integers()), "s_init": (0.1, NUMBER),
        "target": (0.7, NUMBER), "learning_rate": (0.1, ABOVE_ZERO), "steps": (3, integers()),
        "limit": (1.0, not_none(ABOVE_ZERO)),
    },
    "train.model": DIMENSIONS | SEED | {
        "network": ("lstm", CHOICE), "forget_bias": (1.0, [*NUMBER, (ValueError, 1e39)]),
        "dtype": (np.float32, DTYPE),
    },
    "train.Training": {
        "task": (TASK, OBJECT), "model": (MODEL, [*OBJECT, (ValueError, WRITER)]), "rule": ("adam", CHOICE),
        "learning_rate": (0.01, ABOVE_ZERO), "options": ({}, [(TypeError, {"none such": 1})]),
        "batch": (4, integers()), "clip": ("norm", not_none(CHOICE)),
        "limit": (1.0, ABOVE_ZERO), "check_every": (5, integers()), "held_out": (4, integers()),
    },
    "train.Training.run": {
        "self": (a_training(), []), "steps": (1, integers()),
        "progress": (False, []), "keep_bar": (False, []),
    },
    "train.Training.history_until": {
        "self": (a_training(), []), "steps": (1, [*integers(minimum=0), (ValueError, 3)]),
    },
    "train.Training.advance": {
        "self": (a_training(), []), "seconds": (1e-9, ABOVE_ZERO), "until": (3, integers(minimum=0)),
    },
    "train.sample": {
        "model": (WRITER, [*OBJECT, (ValueError, MODEL._replace(params=PARAMS))]),
        "start": ([0, 1], [(TypeError, None), (TypeError, [0.5]), (ValueError, [-1]), (ValueError, [99]),
                           (ValueError, np.zeros(0, int)), (ValueError, [[0]])]),
        "length": (200, integers()), "rng": (RNG, GENERATOR),
        "temperature": (1.0, [*NUMBER, (ValueError, -0.1)]),
    },
    "train.smoothed": {
        "values": (np.ones(5), [(TypeError, None), (TypeError, "text"), (TypeError, np.ones(5) * 1j),
                                (ValueError, np.ones((2, 2)))]),
        "over": (3, integers()),
    },
    "train.save": {"path": ("here.npz", [(TypeError, None), (TypeError, 3)]), "training": (None, OBJECT)},
    "train.load": {"path": ("none such.npz", [(TypeError, None), (TypeError, 3)]), "task": (TASK, OBJECT)},
    "tasks.adding": SEED | {"T": (8, integers(minimum=2))},
    "tasks.copy": SEED | {"T": (8, integers()), "symbols": (8, integers()), "length": (10, integers())},
    "tasks.temporal_order": SEED | {"T": (20, integers(minimum=3))},
    "tasks.binary_addition": SEED | {"bits": (8, integers())},
    "tasks.text": {
        "text": ("abab cdcd " * 200, [(TypeError, 3), (TypeError, b"abc"), (ValueError, "")]),
        "T": (10, integers()), "validation_share": (0.1, [*NUMBER, (ValueError, 0.0), (ValueError, 1.0)]),
    },
    "tasks.manual_text": {"topic": ("objects", [(TypeError, 3), (ValueError, "none such")])},
    "tasks.sentence": {
        "topic": ("objects", [(TypeError, 3), (ValueError, "none such")]), "longest": (60, integers()),
    },
    "tasks.text_from_bytes": {
        "content": (b"abab cdcd " * 200, [(TypeError, None), (TypeError, "text"), (ValueError, b""),
                                          (ValueError, b"\xff" * 2000), (ValueError, b"\0ab" * 2000)]),
        "limit": (5000, integers()),
    },
    **{
        f"tasks.{kind}.{method}": {"self": (task, [])} | arguments
        for kind, task in (("task.Drawn", TASK), ("Text", TEXT))
        for method, arguments in {
            "batch": {"index": (0, integers(minimum=0)), "size": (2, integers())},
            "validation": {"size": (2, integers())}, "continues": {"index": (0, integers(minimum=0))},
        }.items()
    },
    "tasks.vocabulary": {"text": ("abc", [*STRING, (ValueError, "")])},
    "tasks.encode": {"text": ("abc", [*STRING, (ValueError, ""), (ValueError, "abcd")]),
                     "vocabulary": ("abc", CHARACTERS)},
    "tasks.decode": {
        "indices": ([0, 1], [(TypeError, None), (TypeError, [0.5]), (ValueError, [3]), (ValueError, [-1]),
                             (ValueError, [[0]]), (ValueError, np.zeros(0, int))]),
        "vocabulary": ("abc", CHARACTERS),
    },
    "tasks.count_loss": {"task": (TEXT, [*OBJECT, (TypeError, TASK)]), "order": (1, integers(minimum=0))},
    "tasks.count_surprise": {"task": (TEXT, [*OBJECT, (TypeError, TASK)]), "order": (1, integers(minimum=0))},
    "tasks.unigram_loss": {"task": (TEXT, [*OBJECT, (TypeError, TASK)])},
    "tasks.bigram_loss": {"task": (TEXT, [*OBJECT, (TypeError, TASK)])},
    "optimisers.sgd": GRADIENT_AND_RATE | {"memory": (None, [])},
    "optimisers.momentum": AND_MEMORY | {"decay": (0.9, SHARE)},
    "optimisers.rmsprop": AND_MEMORY | {"decay": (0.9, SHARE), "epsilon": (1e-8, ABOVE_ZERO)},
    "optimisers.adagrad": AND_MEMORY | {"epsilon": (1e-8, ABOVE_ZERO)},
    "optimisers.adam": GRADIENT_AND_RATE | {
        "memory": (None, not_none(OBJECT)),
        "decay": (0.9, SHARE), "decay_square": (0.999, SHARE), "epsilon": (1e-8, ABOVE_ZERO),
    },
    "optimisers.clip_by_norm": {"gradient": (PARAMS, GRADIENT), "limit": (1.0, ABOVE_ZERO)},
    "optimisers.clip_by_value": {"gradient": (PARAMS, GRADIENT), "limit": (1.0, ABOVE_ZERO)},
    "optimisers.norm": {"gradient": (PARAMS, GRADIENT)},
    "checks.central_differences": MEASURED | {"epsilon": (1e-5, not_none(ABOVE_ZERO))},
    "checks.complex_step": MEASURED | {"step": (1e-30, not_none(ABOVE_ZERO))},
    "checks.gradients": MEASURED | {
        "gradient": (COUNTED, [*OBJECT, (TypeError, COUNTED._replace(U=None))]),
        "rtol": (1e-3, not_none(AT_LEAST_ZERO)), "method": ("complex step", CHOICE),
    },
    "checks.slopes_at": {
        "f": (np.sum, FUNCTION), "epsilon": (1e-5, ABOVE_ZERO),
        "W": (np.ones((2, 2)), [(TypeError, np.ones((2, 2), int)), (TypeError, None), (TypeError, [1.0])]),
    },
    "checks.slope_at": {"f": (np.sin, FUNCTION), "number": (0.5, NUMBER), "epsilon": (1e-5, ABOVE_ZERO)},
    "checks.cost": {"function": (lambda: None, FUNCTION), "repeats": (1, integers())},
    "checks.catch_table": {
        "mutants": (checks.MUTANTS[:1], [*OBJECT, (ValueError, ()), (TypeError, checks.CATCHERS[-1:])]),
        "catchers": (checks.CATCHERS[-1:], [*OBJECT, (ValueError, ()), (TypeError, checks.MUTANTS[:1])]),
    },
    "checks.Catcher.catches": {"self": (checks.CATCHERS[-1], []), "backward": (rnn.backward, FUNCTION)},
    "checks.next_state": {"attempt": (0.5, []), "lab": (UNROLL, OBJECT)},
    "checks.show": {"function": (rnn.backward, [(TypeError, None), (TypeError, 3), (TypeError, np.add)])},
    "checks.verdict": {
        "attempt": (0.5, []), "correct": (0.5, []),
        "mistakes": ({"too much": 1.0}, [(TypeError, 3), (TypeError, "text"), (TypeError, [1.0])]),
    },
    "checks.compare": {
        "gradient": (PARAMS, OBJECT), "reference": (PARAMS, [*OBJECT, (ValueError, TRACE._replace())]),
        "rtol": (1e-9, AT_LEAST_ZERO),
    },
}  # fmt: skip


def function_of(name):
    """The public call of that name in bptt_helpers, be it a method; what follows a space is left out."""
    module, *path = name.partition(" ")[0].split(".")
    found = importlib.import_module(f"bptt_helpers.{module}")
    for part in path:
        found = getattr(found, part)
    return found


def rows():
    """(call, argument, error, bad value) of the whole table, with a name for each."""
    for name, arguments in TABLE.items():
        for argument, (_, bad) in arguments.items():
            for number, (error, value) in enumerate(bad):
                yield pytest.param(name, argument, error, value, id=f"{name} {argument} {number}")


def good_arguments(name, folder):
    """Fresh copies of good arguments, and paths that lead into the folder."""
    good = {argument: copy.deepcopy(value) for argument, (value, _) in TABLE[name].items()}
    if "path" in good:
        good["path"] = folder / good["path"]
    if name == "train.save":
        good["training"] = train.Training(TASK, MODEL, batch=4, held_out=4)
    return good


def written_out(value):
    """All that an argument holds, to be compared with what it holds later."""
    if isinstance(value, dict):
        return {name: written_out(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [type(value), *map(written_out, value)]
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes() if value.dtype != object else value.tolist()
    if isinstance(value, np.random.Generator):
        return str(value.bit_generator.state)
    if isinstance(value, train.Training):
        return written_out((value.state, value.settings, tuple(value.history)))
    return repr(value)


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"train.load"}))
def test_good_arguments_are_taken(name, tmp_path):
    function_of(name)(**good_arguments(name, tmp_path))


DEFAULTS = {  # what a call does without these arguments is what it does with these
    "rnn.init_params": {"scheme": "uniform", "spectral_radius": None, "dtype": np.float64},
    "rnn.forward": {"s_init": np.zeros(H), "func": "tanh"},
    "two_steps.run": {"func": "tanh"},
    "gates.lstm.init_params": {"forget_bias": 1.0, "dtype": np.float64},
    "gates.lstm.forward": {"s_init": np.zeros(H), "c_init": np.zeros(H)},
    "gates.gru.init_params": {"dtype": np.float64},
    "gates.gru.forward": {"s_init": np.zeros(H)},
    "landscape.course": {"s_init": 0.0, "func": "tanh"},
    "landscape.log10_size": {"s_init": 0.0, "func": "tanh"},
    "landscape.equilibria": {"func": "tanh", "count": 201, "reach": 8.0},
    **{f"landscape.{name}": {"func": "tanh"} for name in ("states", "last_state", "loss", "gradient")},
    **{
        f"landscape.{name}": {"func": "tanh"}
        for name in ("growing_states", "fixed_points", "folds", "descend")
    },
    "train.model": {"seed": 0, "forget_bias": 1.0, "dtype": np.float32},
    "train.sample": {"temperature": 1.0},
    "tasks.adding": {"seed": 0},
    "tasks.copy": {"symbols": 8, "length": 10, "seed": 0},
    "tasks.temporal_order": {"seed": 0},
    "tasks.binary_addition": {"bits": 8, "seed": 0},
    "tasks.text": {"T": 25, "validation_share": 0.1},
    "tasks.sentence": {"topic": "objects", "longest": 60},
    "tasks.text_from_bytes": {"limit": 5_000_000},
    "optimisers.momentum": {"decay": 0.9},
    "optimisers.rmsprop": {"decay": 0.9, "epsilon": 1e-8},
    "optimisers.adagrad": {"epsilon": 1e-8},
    "optimisers.adam": {"decay": 0.9, "decay_square": 0.999, "epsilon": 1e-8},
    "checks.compare": {"rtol": 1e-9},
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_what_they_are_said_to_be(name, tmp_path):
    without, given = good_arguments(name, tmp_path), good_arguments(name, tmp_path)
    for argument in DEFAULTS[name]:
        del without[argument]
    call = function_of(name)
    assert written_out(call(**without)) == written_out(call(**given | DEFAULTS[name]))


def test_a_training_is_by_default_as_its_docstring_says():
    assert train.Training(TASK, MODEL).settings == {
        "rule": "adam", "learning_rate": 0.01, "options": {}, "batch": 32, "clip": "norm", "limit": 1.0,
        "check_every": 50, "held_out": 200,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "argument", "error", "value"), list(rows()))
def test_one_bad_argument_gets_its_error_and_nothing_else(
    name, argument, error, value, tmp_path, capfd, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    arguments = good_arguments(name, tmp_path) | {argument: value}
    before, chance = written_out(arguments), written_out(np.random.get_state())  # noqa: NPY002
    with pytest.raises(error, match=rf"^{argument}\b.*: expected .*, got ") as raised:
        function_of(name)(**arguments)
    assert raised.type is error
    assert written_out(arguments) == before
    assert written_out(np.random.get_state()) == chance  # noqa: NPY002
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


UNCHECKED = {  # steps of the mathematics that learners are shown, which the calls above have checked for
    "rnn.backward_step", "rnn.run", "rnn.send_back", "rnn.sigmoid", "rnn.sum_of_copies", "rnn.sum_over_steps",
    "rnn.sweep", "gates.lstm.run", "gates.lstm.send_back", "gates.gru.run", "gates.gru.send_back",
    "gates.lstm_backward_step", "landscape.is_neutral", "train.run", "train.one_step", "train.draw",
    "train.last_states", "train.mean_loss", "train.zeros", "two_steps.product",
    "two_steps.factored_gradient_of_w", "two_steps.two_paths_of_u",
}  # fmt: skip
CHECKS_OF_OTHERS = {"rnn.check_params", "rnn.check_trace", "gates.lstm.check_trace", "gates.gru.check_trace"}
EXERCISES = {  # whatever a learner hands over gets a sentence, never an error, as the last test here shows
    *(f"checks.{name}" for name in checks.__all__ if hasattr(checks.exercises, name)),
    "checks.remembers", "checks.grows_first",
}  # fmt: skip
MODULES = (rnn, two_steps, flow, gates, gates.lstm, gates.gru, landscape, train, tasks, optimisers, checks)


def test_every_public_call_stands_in_the_table():
    public = set()
    for module in MODULES:
        name = module.__name__.removeprefix("bptt_helpers.")
        for call, function in vars(module).items():
            ours = inspect.isfunction(function) and (
                function.__module__ == module.__name__ or call in getattr(module, "__all__", ())
            )
            if ours and not call.startswith("_"):
                public.add(f"{name}.{call}")
    calls = {name.partition(" ")[0] for name in TABLE if inspect.isfunction(function_of(name))}
    assert public - UNCHECKED - CHECKS_OF_OTHERS - EXERCISES - {"train.is_quick"} == calls - methods()


def methods():
    """The methods of our classes that take an argument, by the names that they have in the table."""
    found = set()
    for module in (*MODULES, tasks.task):
        name = module.__name__.removeprefix("bptt_helpers.")
        for kind in filter(inspect.isclass, vars(module).values()):
            if kind.__module__.startswith("bptt_helpers"):
                found |= {f"{name}.{kind.__name__}.{method}" for method in with_arguments(kind)}
    return found


def with_arguments(kind):
    """The names of a class's own methods that take an argument; one without a body takes none."""
    for name, method in vars(kind).items():
        has_a_body = inspect.isfunction(method) and not getattr(method, "__isabstractmethod__", False)
        if has_a_body and not name.startswith("_") and len(inspect.signature(method).parameters) > 1:
            yield name


def test_every_method_stands_in_the_table():
    assert methods() <= set(TABLE)


def test_every_argument_stands_in_the_table():
    for function in set(map(function_of, TABLE)):
        given = [set(arguments) for name, arguments in TABLE.items() if function_of(name) is function]
        parameters = inspect.signature(function).parameters.values()
        assert set().union(*given) == {one.name for one in parameters if one.kind != one.VAR_POSITIONAL}


HANDED_OVER = {
    "nothing": None, "a number": 3, "text": "text", "a tuple": (1, 2), "an array": np.ones(3), "a class": int,
    "a module": checks, "takes nothing": lambda: None, "gives back": lambda *parts: parts,
    "a dictionary": lambda *_: {}, "raises": lambda *_: 1 // 0,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(EXERCISES))
@pytest.mark.parametrize("what", HANDED_OVER)
def test_an_exercise_has_a_sentence_for_whatever_is_handed_over(name, what, capfd):
    assert function_of(name)(HANDED_OVER[what]) is None
    assert capfd.readouterr().out.startswith("not yet: ")
