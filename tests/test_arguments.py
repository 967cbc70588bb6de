"""What bad input gets: a ValueError or a TypeError that begins with the argument's name; no broadcasting."""

import networks
import numpy as np
import pytest

from bptt_helpers import arguments, flow, rnn, tasks, two_steps

NETWORK = networks.random_network(0, T=6, D=3, H=4, C=2)
PARAMS, X, S_INIT, Y, _ = NETWORK
TRACE = networks.run(NETWORK)
BATCH = networks.random_network(0, T=6, batch=(5,), D=3, H=4, C=2)
BATCH_TRACE = networks.run(BATCH)
OTHER_PARAMS = networks.random_network(0, T=6, D=3, H=5, C=2).params
RNG = np.random.default_rng(0)
SINGLE = np.float32
NAN, INF = np.nan, np.inf


def put(array, entry, value):
    """A copy of the array with one entry changed."""
    array = np.array(array)
    array[entry] = value
    return array


def params(**fields):
    return PARAMS._replace(**fields)


def single(values):
    return values.astype(SINGLE)


FORWARD = {  # name of the argument, error, and the arguments that differ from good ones
    "params not Params": ("params", TypeError, {"params": tuple(PARAMS)}),
    "params None": ("params", TypeError, {"params": None}),
    "params the trace": ("params", TypeError, {"params": TRACE}),
    "U one axis": ("params.U", ValueError, {"params": params(U=np.ones(4))}),
    "U other H": ("params.U", ValueError, {"params": params(U=np.ones((5, 3)))}),
    "U without columns": ("params.U", ValueError, {"params": params(U=np.ones((4, 0)))}),
    "W not square": ("params.W", ValueError, {"params": params(W=np.ones((4, 3)))}),
    "W three axes": ("params.W", ValueError, {"params": params(W=np.ones((1, 4, 4)))}),
    "W a number": ("params.W", ValueError, {"params": params(W=1.0)}),
    "W empty": ("params.W", ValueError, {"params": params(W=np.ones((0, 0)))}),
    "V other H": ("params.V", ValueError, {"params": params(V=np.ones((2, 3)))}),
    "k would broadcast": ("params.k", ValueError, {"params": params(k=np.ones(1))}),
    "k a column": ("params.k", ValueError, {"params": params(k=np.ones((4, 1)))}),
    "c would broadcast": ("params.c", ValueError, {"params": params(c=np.ones(1))}),
    "c a number": ("params.c", ValueError, {"params": params(c=0.0)}),
    "U nan": ("params.U", ValueError, {"params": params(U=put(PARAMS.U, (1, 2), NAN))}),
    "W inf": ("params.W", ValueError, {"params": params(W=put(PARAMS.W, (0, 0), INF))}),
    "V -inf": ("params.V", ValueError, {"params": params(V=put(PARAMS.V, (0, 0), -INF))}),
    "k nan": ("params.k", ValueError, {"params": params(k=put(PARAMS.k, 0, NAN))}),
    "c nan": ("params.c", ValueError, {"params": params(c=put(PARAMS.c, 0, NAN))}),
    "W integers": ("params.W", TypeError, {"params": params(W=np.eye(4, dtype=int))}),
    "W booleans": ("params.W", TypeError, {"params": params(W=np.eye(4, dtype=bool))}),
    "W objects": ("params.W", TypeError, {"params": params(W=np.eye(4).astype(object))}),
    "W strings": ("params.W", TypeError, {"params": params(W=np.eye(4).astype(str))}),
    "W half precision": ("params.W", TypeError, {"params": params(W=np.eye(4, dtype=np.float16))}),
    "W None": ("params.W", TypeError, {"params": params(W=None)}),
    "W ragged": ("params.W", ValueError, {"params": params(W=[[1.0, 2.0], [3.0]])}),
    "W the odd one out": ("params.W", TypeError, {"params": params(W=single(PARAMS.W))}),
    "c the odd one out": ("params.c", TypeError, {"params": params(c=single(PARAMS.c))}),
    "k the only double": (
        "params.k", TypeError, {"params": rnn.Params(*map(single, PARAMS))._replace(k=PARAMS.k)},
    ),
    "x no axis": ("x", ValueError, {"x": 1.0}),
    "x one axis": ("x", ValueError, {"x": np.ones(3)}),
    "x four axes": ("x", ValueError, {"x": np.ones((6, 1, 1, 3))}),
    "x other D": ("x", ValueError, {"x": np.ones((6, 2))}),
    "x D of one would broadcast": ("x", ValueError, {"x": np.ones((6, 1))}),
    "x T = 0": ("x", ValueError, {"x": np.ones((0, 3))}),
    "x B = 0": ("x", ValueError, {"x": np.ones((6, 0, 3)), "s_init": None}),
    "x nan": ("x", ValueError, {"x": put(X, (5, 0), NAN)}),
    "x inf": ("x", ValueError, {"x": put(X, (0, 0), INF)}),
    "x single": ("x", TypeError, {"x": single(X), "s_init": None}),
    "x booleans": ("x", TypeError, {"x": np.ones((6, 3), bool)}),
    "x strings": ("x", TypeError, {"x": np.array([["a", "b", "c"]])}),
    "x None": ("x", TypeError, {"x": None}),
    "x ragged": ("x", ValueError, {"x": [[1.0], [1.0, 2.0]]}),
    "x index too large": ("x", ValueError, {"x": np.array([0, 1, 3])}),
    "x index negative": ("x", ValueError, {"x": np.array([0, -1, 2])}),
    "x indices of three axes": ("x", ValueError, {"x": np.zeros((6, 1, 1), int)}),
    "x no indices": ("x", ValueError, {"x": np.zeros(0, int)}),
    "s_init other H": ("s_init", ValueError, {"s_init": np.ones(3)}),
    "s_init of one would broadcast": ("s_init", ValueError, {"s_init": np.ones(1)}),
    "s_init a number": ("s_init", ValueError, {"s_init": 0.0}),
    "s_init of a batch": ("s_init", ValueError, {"s_init": np.ones((1, 4))}),
    "s_init nan": ("s_init", ValueError, {"s_init": put(S_INIT, 2, NAN)}),
    "s_init integers": ("s_init", TypeError, {"s_init": np.zeros(4, int)}),
    "s_init single": ("s_init", TypeError, {"s_init": single(S_INIT)}),
    "s_init (H,) for a batch would broadcast": ("s_init", ValueError, {"x": BATCH.x}),
    "s_init of another batch": ("s_init", ValueError, {"x": BATCH.x, "s_init": np.ones((4, 4))}),
    "func unknown": ("func", ValueError, {"func": "softplus"}),
    "func in capitals": ("func", ValueError, {"func": "Tanh"}),
    "func a function": ("func", TypeError, {"func": np.tanh}),
    "func None": ("func", TypeError, {"func": None}),
}  # fmt: skip

BAD_TARGETS = {  # what every call that takes y must refuse
    "too short": (ValueError, Y[:-1]),
    "one axis too many": (ValueError, Y[:, None]),
    "of one would broadcast": (ValueError, np.zeros(1, int)),
    "a number would broadcast": (ValueError, 0),
    "class too large": (ValueError, put(Y, 0, 2)),
    "class below -1": (ValueError, put(Y, 0, -2)),
    "floats": (TypeError, Y.astype(float)),
    "booleans": (TypeError, Y > 0),
    "one-hot floats": (TypeError, np.eye(2)[Y]),
    "None": (TypeError, None),
    "empty": (ValueError, np.zeros(0, int)),
}

WITH_TARGETS = {
    "cross_entropy": lambda y: rnn.cross_entropy(TRACE.q, y),
    "error_at_logits": lambda y: rnn.error_at_logits(TRACE.o, y),
    "backward": lambda y: rnn.backward(PARAMS, TRACE, y),
    "error_reaching": lambda y: flow.error_reaching(PARAMS, TRACE, y),
    "blame": lambda y: flow.blame(PARAMS, TRACE, y),
    "blame_norms": lambda y: flow.blame_norms(PARAMS, TRACE, y),
    "truncated": lambda y: flow.truncated(PARAMS, TRACE, y, window=2),
    "forward_in_time": lambda y: flow.forward_in_time(PARAMS, TRACE, y),
}

BAD_TRACES = {  # what every call that takes params and trace must refuse
    "trace not a Trace": ("trace", TypeError, PARAMS, TRACE[:-1]),
    "trace None": ("trace", TypeError, PARAMS, None),
    "trace of other weights": ("trace.s", ValueError, OTHER_PARAMS, TRACE),
    "trace of other D": ("trace.x", ValueError, params(U=np.ones((4, 2))), TRACE),
    "trace of other C": ("trace.o", ValueError, params(V=np.ones((3, 4)), c=np.ones(3)), TRACE),
    "trace with lists": ("trace.o", TypeError, PARAMS, TRACE._replace(o=TRACE.o.tolist())),
    "trace with a shorter x": ("trace.x", ValueError, PARAMS, TRACE._replace(x=X[1:])),
    "trace with a shorter s_prev": (
        "trace.s_prev",
        ValueError,
        PARAMS,
        TRACE._replace(s_prev=TRACE.s_prev[1:]),
    ),
    "trace with single o": ("trace.o", TypeError, PARAMS, TRACE._replace(o=single(TRACE.o))),
    "trace with unknown func": ("func", ValueError, PARAMS, TRACE._replace(func="cos")),
    "params not Params": ("params", TypeError, tuple(PARAMS), TRACE),
    "params single": ("params|trace", TypeError, rnn.Params(*map(single, PARAMS)), TRACE),
    "params nan": ("params.W", ValueError, params(W=put(PARAMS.W, (1, 1), NAN)), TRACE),
}

WITH_TRACE = {
    "backward": lambda params, trace: rnn.backward(params, trace, Y),
    "through_time": lambda params, trace: rnn.through_time(params, trace, np.ones((6, 4))),
    "influence": flow.influence,
    "error_reaching": lambda params, trace: flow.error_reaching(params, trace, Y),
    "blame": lambda params, trace: flow.blame(params, trace, Y),
    "blame_norms": lambda params, trace: flow.blame_norms(params, trace, Y),
    "truncated": lambda params, trace: flow.truncated(params, trace, Y, chunk=2),
    "forward_in_time": lambda params, trace: flow.forward_in_time(params, trace, Y),
}

TWO = {
    "u": 0.6,
    "w": 0.9,
    "k": 0.1,
    "v": (1.5, -1.0),
    "x": (1, -0.5),
    "s_init": 0.25,
    "target": 0,
    "func": "tanh",
}


def init(**changed):
    good = {"D": 3, "H": 4, "C": 2, "rng": RNG}
    return lambda: rnn.init_params(**good | changed)


def through_time(ds):
    return lambda: rnn.through_time(PARAMS, TRACE, ds)


def truncated(**steps):
    return lambda: flow.truncated(PARAMS, TRACE, Y, **steps)


def two(**changed):
    return lambda: two_steps.run(**TWO | changed)


OTHERS = {
    "init D 0": ("D", ValueError, init(D=0)),
    "init H negative": ("H", ValueError, init(H=-1)),
    "init C a float": ("C", TypeError, init(C=2.0)),
    "init H a bool": ("H", TypeError, init(H=True)),
    "init rng a seed": ("rng", TypeError, init(rng=0)),
    "init rng old style": ("rng", TypeError, init(rng=np.random.RandomState(0))),
    "init scheme unknown": ("scheme", ValueError, init(scheme="xavier")),
    "init scheme None": ("scheme", TypeError, init(scheme=None)),
    "init radius negative": ("spectral_radius", ValueError, init(spectral_radius=-0.1)),
    "init radius nan": ("spectral_radius", ValueError, init(spectral_radius=NAN)),
    "init radius a string": ("spectral_radius", TypeError, init(spectral_radius="1")),
    "init dtype integer": ("dtype", TypeError, init(dtype=int)),
    "init dtype half": ("dtype", TypeError, init(dtype=np.float16)),
    "radius of a vector": ("W", ValueError, lambda: rnn.with_spectral_radius(np.ones(3), 1)),
    "radius of nan": ("W", ValueError, lambda: rnn.with_spectral_radius([[NAN]], 1)),
    "ds shorter": ("ds", ValueError, through_time(np.ones((5, 4)))),
    "ds would broadcast": ("ds", ValueError, through_time(np.ones((1, 4)))),
    "ds nan": ("ds", ValueError, through_time(put(np.ones((6, 4)), (0, 0), NAN))),
    "ds integers": ("ds", TypeError, through_time(np.ones((6, 4), int))),
    "ds single": ("ds", TypeError, through_time(np.ones((6, 4), SINGLE))),
    "q one axis": ("q", ValueError, lambda: rnn.cross_entropy(np.ones(3), np.array(0))),
    "q without classes": ("q", ValueError, lambda: rnn.cross_entropy(np.ones((6, 0)), Y)),
    "q integers": ("q", TypeError, lambda: rnn.cross_entropy(np.ones((6, 2), int), Y)),
    "softmax of a number": ("q", ValueError, lambda: rnn.softmax(1.0)),
    "softmax of nothing": ("q", ValueError, lambda: rnn.softmax(np.ones((3, 0)))),
    "o strings": ("o", TypeError, lambda: rnn.error_at_logits(np.full((6, 2), "a"), Y)),
    "activate func": ("func", ValueError, lambda: rnn.activate(X, "linear")),
    "activate z": ("z", TypeError, lambda: rnn.activate([1, 2], "tanh")),
    "slope func": ("func", TypeError, lambda: rnn.slope(X, 1)),
    "slope s": ("s", TypeError, lambda: rnn.slope("s", "tanh")),
    "influence of a batch": ("trace", ValueError, lambda: flow.influence(PARAMS, BATCH_TRACE)),
    "error_reaching of a batch": (
        "trace", ValueError, lambda: flow.error_reaching(PARAMS, BATCH_TRACE, BATCH.y),
    ),
    "blame of a batch": ("trace", ValueError, lambda: flow.blame(PARAMS, BATCH_TRACE, BATCH.y)),
    "forward_in_time of a batch": (
        "trace", ValueError, lambda: flow.forward_in_time(PARAMS, BATCH_TRACE, BATCH.y),
    ),
    "neither window nor chunk": ("window, chunk", ValueError, truncated()),
    "both window and chunk": ("window, chunk", ValueError, truncated(window=2, chunk=2)),
    "window 0": ("window", ValueError, truncated(window=0)),
    "window negative": ("window", ValueError, truncated(window=-3)),
    "window a float": ("window", TypeError, truncated(window=2.0)),
    "chunk 0": ("chunk", ValueError, truncated(chunk=0)),
    "chunk a bool": ("chunk", TypeError, truncated(chunk=True)),
    "chunk a string": ("chunk", TypeError, truncated(chunk="2")),
    "u a string": ("u", TypeError, two(u="1")),
    "u complex": ("u", TypeError, two(u=1j)),
    "w nan": ("w", ValueError, two(w=NAN)),
    "k an array": ("k", TypeError, two(k=np.ones(1))),
    "k a bool": ("k", TypeError, two(k=True)),
    "s_init None": ("s_init", TypeError, two(s_init=None)),
    "v a number": ("v", TypeError, two(v=1.5)),
    "v one class": ("v", ValueError, two(v=[1.5])),
    "v a matrix": (r"v\[0\]", TypeError, two(v=np.ones((2, 1)))),
    "v inf": (r"v\[1\]", ValueError, two(v=(1, INF))),
    "x three steps": ("x", ValueError, two(x=(1, 2, 3))),
    "x one step": ("x", ValueError, two(x=[1])),
    "x a string": (r"x\[0\]", TypeError, two(x="12")),
    "target too large": ("target", ValueError, two(target=2)),
    "target negative": ("target", ValueError, two(target=-1)),
    "target a float": ("target", TypeError, two(target=0.0)),
    "two_steps func": ("func", ValueError, two(func="cos")),
    "topic a number": ("topic", TypeError, lambda: tasks.manual_text(1)),
    "sentence too short": ("longest", ValueError, lambda: tasks.sentence(longest=2)),
    "longest a float": ("longest", TypeError, lambda: tasks.sentence(longest=60.0)),
    "vocabulary of nothing": ("text", ValueError, lambda: tasks.vocabulary("")),
    "vocabulary of bytes": ("text", TypeError, lambda: tasks.vocabulary(b"abc")),
    "encode nothing": ("text", ValueError, lambda: tasks.encode("", "abc")),
    "encode an unknown character": ("text", ValueError, lambda: tasks.encode("abcd", "abc")),
    "vocabulary with a double": ("vocabulary", ValueError, lambda: tasks.encode("a", "aba")),
    "vocabulary of words": ("vocabulary", TypeError, lambda: tasks.encode("a", ["a", "bc"])),
    "vocabulary a number": ("vocabulary", TypeError, lambda: tasks.encode("a", 3)),
    "decode too large": ("indices", ValueError, lambda: tasks.decode([3], "abc")),
    "decode floats": ("indices", TypeError, lambda: tasks.decode([1.0], "abc")),
    "decode a matrix": ("indices", ValueError, lambda: tasks.decode([[1]], "abc")),
}  # fmt: skip


def assert_refused(name, error, call):
    with pytest.raises(error, match=rf"^({name}): expected .*, got ") as raised:
        call()
    assert raised.type is error


@pytest.mark.parametrize("row", FORWARD)
def test_forward_refuses(row):
    name, error, changed = FORWARD[row]
    good = {"params": PARAMS, "x": X, "s_init": S_INIT, "func": "tanh"}
    rnn.forward(**good)
    assert_refused(name, error, lambda: rnn.forward(**good | changed))


@pytest.mark.parametrize("call", WITH_TARGETS)
@pytest.mark.parametrize("row", BAD_TARGETS)
def test_every_call_refuses_targets(call, row):
    error, y = BAD_TARGETS[row]
    WITH_TARGETS[call](Y)
    assert_refused("y", error, lambda: WITH_TARGETS[call](y))


@pytest.mark.parametrize("call", WITH_TRACE)
@pytest.mark.parametrize("row", BAD_TRACES)
def test_every_call_refuses_a_trace_of_another_network(call, row):
    name, error, params, trace = BAD_TRACES[row]
    WITH_TRACE[call](PARAMS, TRACE)
    assert_refused(name, error, lambda: WITH_TRACE[call](params, trace))


@pytest.mark.parametrize("row", OTHERS)
def test_call_refuses(row):
    assert_refused(*OTHERS[row])


def test_shape_error_says_where_the_size_comes_from():
    with pytest.raises(ValueError, match=r"^params.k: .*H = 4 as in params.W, got \(1,\)$"):
        rnn.forward(params(k=np.ones(1)), X)


def test_finite_error_says_where():
    with pytest.raises(ValueError, match=r"^x: expected finite numbers, got nan at \[5, 0\]$"):
        rnn.forward(PARAMS, put(X, (5, 0), NAN))


def test_dtype_error_names_the_odd_one_out():
    one, two = np.ones(1, SINGLE), np.ones(1)
    for arrays, odd in (({"a": two, "b": one, "c": two}, "b"), ({"a": two, "b": one, "c": one}, "a")):
        with pytest.raises(TypeError, match=rf"^{odd}: "):
            arguments.one_dtype(arrays)
    assert arguments.one_dtype({"a": two, "b": two + 0j}) == np.dtype(complex)
    with pytest.raises(TypeError, match=r"^b: "):
        arguments.one_dtype({"a": two + 0j, "b": one, "c": two})


@pytest.mark.parametrize("value", [1, 2.5, np.float32(0.5), np.int64(3)])
def test_number_takes_any_real_number(value):
    assert arguments.number("a", value) == float(value)
    assert type(arguments.number("a", value)) is float


@pytest.mark.parametrize("value", [1, np.int8(3), np.array(2)])
def test_integer_takes_any_integer(value):
    assert type(arguments.integer("a", value)) is int


def test_unsigned_targets_and_indices_are_integers_too():
    y = np.abs(Y).astype(np.uint8)
    np.testing.assert_array_equal(rnn.backward(PARAMS, TRACE, y).W, rnn.backward(PARAMS, TRACE, np.abs(Y)).W)


def test_a_whole_number_beyond_the_largest_float_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^n: expected a finite number, got inf"):
        arguments.number("n", 10**400)
