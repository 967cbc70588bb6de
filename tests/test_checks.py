"""checks: measured gradients, verdicts on exercises, the bug zoo, and the shown solutions."""

import contextlib
import io
import sys
from typing import NamedTuple

import numpy as np
import pytest

from bptt_helpers import checks, flow, rnn, two_steps
from bptt_helpers.checks import exercises, mutants, verdicts
from bptt_helpers.checks.exercises.notebook_05 import nan_everywhere


class Pair(NamedTuple):
    a: np.ndarray
    b: np.ndarray


def pair(dtype=np.float64):
    a = np.random.default_rng(0).normal(size=(2, 3)).astype(dtype)
    return Pair(a, np.array(0.3, dtype))


def bend(p):
    return np.sum(np.tanh(p.a) * p.b) + p.b**3


def bend_gradient(p):
    return Pair(p.b * (1 - np.tanh(p.a) ** 2), np.tanh(p.a).sum() + 3 * p.b**2)


# ----------------------------------------------------------------------------------------------------------
# numeric

METHODS = [checks.central_differences, checks.complex_step]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("method", ["complex step", "central differences"])
def test_a_right_gradient_passes_and_a_slightly_wrong_one_does_not(method, dtype):
    p = pair(dtype)
    right = bend_gradient(p)
    errors = checks.gradients(bend, p, right, method=method)
    assert set(errors) == {"a", "b"}
    allowed = {"complex step": 1e-13, "central differences": 1e-9}[method]
    assert max(errors.values()) < (allowed if dtype == np.float64 else 1e-3)
    wrong = right._replace(a=right.a * dtype(1.0000001 if method == "complex step" else 1.00001))
    with pytest.raises(AssertionError):
        checks.gradients(bend, p, wrong, rtol=1e-9 if method == "complex step" else 1e-6, method=method)


@pytest.mark.parametrize("measure", METHODS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_measuring_keeps_type_shape_dtype_and_params(measure, dtype):
    p = pair(dtype)
    before = Pair(p.a.copy(), p.b.copy())
    measured = measure(bend, p)
    assert type(measured) is Pair
    for got, given, kept in zip(measured, p, before, strict=True):
        assert isinstance(got, np.ndarray)
        assert (got.shape, got.dtype) == (given.shape, given.dtype)
        assert np.array_equal(given, kept)


@pytest.mark.parametrize("measure", METHODS)
def test_a_function_that_changes_its_params_does_no_harm(measure):
    def vandal(p):
        value = bend(p)
        p.a[...] = 0
        return value

    p = pair()
    checks.compare(measure(vandal, p), bend_gradient(p), rtol=1e-8)
    assert p.a.all()


def test_the_error_of_central_differences_is_that_of_the_formula():
    p = Pair(np.array([2.0]), np.array(0.0))
    measured = checks.central_differences(lambda p: p.a[0] ** 3, p, epsilon=0.1)
    assert measured.a[0] == pytest.approx(3 * 2**2 + 0.1**2, rel=1e-12)


def test_slopes_at_is_central_differences_of_one_array():
    W = np.array([[0.3, -1.2, 0.5]])
    kept = W.copy()
    slopes = checks.slopes_at(lambda W: np.sum(W**3), W, 0.1)
    np.testing.assert_allclose(slopes, 3 * W**2 + 0.01, rtol=1e-12)
    np.testing.assert_array_equal(W, kept)


def test_complex_step_is_right_where_central_differences_lose_half_of_the_digits():
    p = pair()
    right = bend_gradient(p)
    differences, complex_ = (checks.compare(m(bend, p), right, rtol=1)["a"] for m in METHODS)
    assert complex_ < 1e-15 < 1e-13 < differences


def test_complex_step_lets_an_unused_field_have_the_gradient_zero():
    measured = checks.complex_step(lambda p: np.sum(p.a**2), pair())
    assert measured.b == 0


def through_a_real_buffer(p):
    states = np.zeros(3)
    states[:] = p.a[0]  # numpy only warns here
    return states.sum() + p.b * 1


@pytest.mark.parametrize(
    "function",
    [
        lambda p: np.abs(p.a).sum(),
        lambda p: p.a.sum().real,
        lambda p: float(p.a.sum()),
        through_a_real_buffer,
    ],
    ids=["abs", "real", "float", "real buffer"],
)
def test_complex_step_notices_a_dropped_imaginary_part(function):
    with pytest.raises(TypeError, match=r"function.*imaginary part"):
        checks.complex_step(function, pair())


@pytest.mark.parametrize("measure", METHODS)
@pytest.mark.parametrize(
    ("function", "params", "error", "words"),
    [
        (bend, (np.ones(2), np.ones(2)), TypeError, "params: expected a NamedTuple"),
        (bend, {"a": np.ones(2)}, TypeError, "params: expected a NamedTuple"),
        (
            bend,
            Pair(np.ones(2), 0.3),
            TypeError,
            r"params\.b: expected a float32 or float64 array, got float",
        ),
        (bend, Pair([1.0], np.ones(1)), TypeError, r"params\.a.*got list"),
        (bend, Pair(np.arange(3), np.ones(1)), TypeError, r"params\.a.*array of int"),
        (lambda p: p.a, pair(), ValueError, r"function: expected one number.*\(2, 3\)"),
        (lambda p: "much", pair(), TypeError, "function: expected"),
        (lambda p: None, pair(), TypeError, "function: expected"),
    ],
)
def test_measuring_refuses(measure, function, params, error, words):
    with pytest.raises(error, match=words):
        measure(function, params)


@pytest.mark.parametrize("step", [0, -1e-5, np.nan, np.inf])
def test_a_step_must_be_positive(step):
    with pytest.raises(ValueError, match=r"epsilon: expected a (finite number|number above 0), got "):
        checks.central_differences(bend, pair(), epsilon=step)
    with pytest.raises(ValueError, match=r"step: expected a (finite number|number above 0), got "):
        checks.complex_step(bend, pair(), step=step)


def test_central_differences_refuses_a_complex_result():
    with pytest.raises(TypeError, match="one real number"):
        checks.central_differences(lambda p: bend(p) * 1j, pair())


def test_compare_names_the_parameter_the_entry_both_values_and_the_error():
    right = bend_gradient(pair())
    wrong = right._replace(a=right.a.copy(), b=2 * right.b)
    wrong.a[1, 2] += 0.25
    with pytest.raises(AssertionError) as caught:
        checks.compare(wrong, right)
    about_a, about_b = str(caught.value).splitlines()
    assert about_a.startswith(f"a[1, 2]: {wrong.a[1, 2]:.12g} here, {right.a[1, 2]:.12g} in the reference")
    assert f"relative error {0.25 / abs(wrong.a).max():.3g}, allowed 1e-09" in about_a
    assert about_b.startswith("b: ")
    assert "relative error 0.5" in about_b


def test_compare_measures_against_the_largest_entry_of_either():
    errors = checks.compare(
        Pair(np.array([1.0, 0.0]), np.ones(1)), Pair(np.array([4.0, 0.0]), np.ones(1)), rtol=1
    )
    assert errors == {"a": 0.75, "b": 0.0}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("both", [False, True], ids=["in one", "in both"])
@pytest.mark.parametrize("rtol", [1e-9, 1e300, np.inf])
def test_nan_and_inf_never_pass(bad, both, rtol):
    right = pair()
    wrong = right._replace(a=right.a.copy())
    wrong.a[1, 0] = bad
    for first, second in ((wrong, wrong if both else right), (wrong if both else right, wrong)):
        with pytest.raises(AssertionError, match=r"a\[1, 0\].*not a finite number"):
            checks.compare(first, second, rtol)


def test_nan_never_passes_through_a_measurement_either():
    p, nan = pair(), Pair(np.full((2, 3), np.nan), np.array(0.0))
    for method in ("complex step", "central differences"):
        with pytest.raises(AssertionError, match="not a finite number"):
            checks.gradients(bend, p, nan, method=method)
    with pytest.raises(AssertionError, match="not a finite number"):
        checks.gradients(lambda p: bend(p) * np.nan, p, bend_gradient(p))


@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 2), (2, 3, 1), ()])
def test_another_shape_fails_and_is_not_broadcast(shape):
    with pytest.raises(AssertionError, match="a: shape"):
        checks.compare(Pair(np.ones(shape), np.ones(1)), Pair(np.ones((2, 3)), np.ones(1)))


def test_compare_looks_at_shared_fields_only():
    class Other(NamedTuple):
        b: np.ndarray
        c: np.ndarray

    assert checks.compare(pair(), Other(pair().b, np.ones(7))) == {"b": 0.0}


def test_compare_of_huge_and_of_zero_entries():
    huge, zero = Pair(np.array([1e308]), np.zeros(2)), Pair(np.array([-1e308]), np.zeros(2))
    assert checks.compare(huge, zero, rtol=2) == {"a": 2.0, "b": 0.0}


@pytest.mark.parametrize(
    ("gradient", "reference", "rtol", "error", "words"),
    [
        (pair(), rnn.ThroughTime(*[np.ones(1)] * 5), 1e-9, ValueError, "reference: expected a field"),
        (pair(), pair(), np.nan, ValueError, "rtol"),
        (pair(), pair(), -1.0, ValueError, "rtol"),
        (pair(), pair(), "tight", TypeError, "rtol"),
        ([1], pair(), 1e-9, TypeError, "gradient: expected a NamedTuple"),
        (pair(), {"a": 1}, 1e-9, TypeError, "reference: expected a NamedTuple"),
        (Pair("x", 1), pair(), 1e-9, TypeError, "a: expected an array of real numbers"),
        (Pair(1j * np.ones((2, 3)), 1), pair(), 1e-9, TypeError, "a: expected an array of real numbers"),
    ],
)
def test_compare_refuses(gradient, reference, rtol, error, words):
    with pytest.raises(error, match=words):
        checks.compare(gradient, reference, rtol)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="method"):
        checks.gradients(bend, pair(), pair(), method="guess")


@pytest.mark.parametrize("method", ["complex step", "central differences"])
def test_backward_passes_its_gradient_check_with_s_init(method):
    case = mutants.random_case(5, batch=(2,))
    trace = rnn.forward(case.params, case.x, case.s_init)

    def loss(weights):
        trace = rnn.forward(rnn.Params(*weights[:-1]), case.x, weights.s_init)
        return rnn.cross_entropy(trace.q, case.y).sum()

    everything = rnn.Gradients(*case.params, case.s_init)
    errors = checks.gradients(loss, everything, rnn.backward(case.params, trace, case.y), method=method)
    assert set(errors) == set(rnn.Gradients._fields)


# ----------------------------------------------------------------------------------------------------------
# verdicts


def said(capsys, function, *arguments):
    """What a call prints, without the last line break; it must return None."""
    assert function(*arguments) is None
    return capsys.readouterr().out.removesuffix("\n")


RIGHT = np.array([[1.0, 2.0], [3.0, -5.0]])


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (..., "not attempted yet"),
        (RIGHT + 1e-12, "got it"),
        (RIGHT.tolist(), "got it"),
        (RIGHT.T, "not yet: yours is transposed"),
        (-RIGHT, "not yet: the sign is flipped: yours is minus the right one"),
        (RIGHT * 2, "not yet: yours is exactly 2 times the right one, in every entry"),
        (RIGHT / 3, "not yet: yours is exactly 1/3 of the right one, in every entry"),
        (RIGHT * 0.41, "not yet: yours is 0.41 times the right one, in every entry"),
        (RIGHT[0], "not yet: yours has shape (2,), it should be (2, 2)"),
        (RIGHT + np.eye(2)[::-1] * 0.5, "not yet: entry [0, 1] is 2.5, it should be 2"),
        (np.where(RIGHT == 3, np.nan, RIGHT), "not yet: entry [1, 0] is nan, it should be 3"),
        (np.full((2, 2), np.nan), "not yet: entry [0, 0] is nan, it should be 1"),
        (RIGHT + 1, "not yet: you added one"),
        (None, "not yet: your function returned None; does it end in `return`?"),
        ("seven", "not yet: expected numbers of shape (2, 2), got 'seven' (str)"),
        ([[1], [2, 3]], "not yet: expected numbers of shape (2, 2), got a list of 2"),
    ],
)
def test_a_verdict_says_what_is_wrong(capsys, attempt, sentence):
    assert said(capsys, checks.verdict, attempt, RIGHT, {"you added one": RIGHT + 1}) == sentence


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (0.5, "got it"),
        (np.float32(0.5), "got it"),
        (1.0, "not yet: yours is exactly 2 times the right one"),
        (0.3, "not yet: the number is 0.3, it should be 0.5"),
        (np.nan, "not yet: the number is nan, it should be 0.5"),
        (np.inf, "not yet: the number is inf, it should be 0.5"),
        ([0.5], "not yet: yours has shape (1,), it should be ()"),
    ],
)
def test_a_verdict_on_a_number(capsys, attempt, sentence):
    assert said(capsys, checks.verdict, attempt, 0.5) == sentence


@pytest.mark.parametrize(
    ("attempt", "sentence"),
    [
        (Pair(RIGHT, 1.0), "got it"),
        (Pair(..., ...), "not attempted yet"),
        (Pair(RIGHT, ...), "not yet: b is still ..."),
        (Pair(RIGHT.T, 1.0), "not yet: a: yours is transposed"),
        (Pair(RIGHT, 3.5), "not yet: b: you put 3.5"),
        ((RIGHT, 1.0), "not yet: expected Pair(a, b), got a tuple of 2"),
        (rnn.Params(1, 2, 3, 4, 5), "not yet: a is missing from your Params"),
    ],
)
def test_a_verdict_on_a_named_tuple(capsys, attempt, sentence):
    mistakes = {"you put 3.5": Pair(RIGHT + 7, 3.5)}
    assert said(capsys, checks.verdict, attempt, Pair(RIGHT, 1.0), mistakes) == sentence


def test_a_verdict_on_a_tuple(capsys):
    assert said(capsys, checks.verdict, (1.0, RIGHT), (1.0, RIGHT)) == "got it"
    assert (
        said(capsys, checks.verdict, (1.0,), (1.0, RIGHT)) == "not yet: expected 2 values, got a tuple of 1"
    )
    wrong = "not yet: value 1: the sign is flipped: yours is minus the right one"
    assert said(capsys, checks.verdict, (1.0, -RIGHT), (1.0, RIGHT)) == wrong
    assert said(capsys, checks.verdict, np.array([1.0, 2.0]), (1.0, 2.0)) == "got it"
    assert said(capsys, checks.verdict, np.array([2.0, 1.0]), (1.0, 2.0)).startswith("not yet: value 0")
    assert said(capsys, checks.verdict, (..., 2.0), (1.0, 2.0)) == "not yet: value 0 is still ..."


def test_mistakes_must_be_a_dict():
    with pytest.raises(TypeError, match="mistakes"):
        checks.verdict(1, 1, ["you added one"])


# ----------------------------------------------------------------------------------------------------------
# exercises

EXERCISES = [
    "backward",
    "backward_step",
    "central_difference",
    "chance",
    "clip_by_norm",
    "count_loss",
    "cross_entropy",
    "error_at_logits",
    "fold",
    "forget_bias",
    "forward_in_time",
    "forward_in_time_step",
    "forward_step",
    "jacobian",
    "kept",
    "log10_reaching",
    "loss_with_memory",
    "lstm_backward_step",
    "numeric_derivative",
    "softmax",
    "softmax_at",
    "sweep_in_chunks",
    "two_paths",
    "two_step_gradient",
    "unroll",
]


def parts(name):
    """(solution, mistakes, [cases, …]) as an exercise hands them to the judge, often for `backward`."""
    taken = []

    def take(attempt, solution, mistakes, cases):
        taken.append((solution, mistakes, cases))
        return "got it"

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setattr(verdicts, "judged", take)
        getattr(exercises, name)(None)
    solution, mistakes, _ = taken[0]
    return solution, mistakes, [cases for _, _, cases in taken]


MISTAKES = [(name, message) for name in EXERCISES for message in parts(name)[1]]


def test_every_exercise_is_public_and_listed_here():
    public = {name for name in vars(exercises) if callable(getattr(exercises, name)) and name[0] != "_"}
    assert public - {"two_step_cases"} == {*EXERCISES, "catches"}
    assert public - {"two_step_cases"} <= set(checks.__all__)


@pytest.mark.parametrize("name", [*EXERCISES, "catches"])
def test_a_stub_is_not_attempted_yet(capsys, name):
    exercise = getattr(checks, name)
    assert said(capsys, exercise, lambda *given: ...) == "not attempted yet"
    assert said(capsys, exercise, ...) == "not attempted yet"
    assert said(capsys, exercise, lambda *given: 2 * ...) == "not attempted yet"
    assert said(capsys, exercise, lambda *given: np.tanh(...)) == "not attempted yet"


@pytest.mark.parametrize("name", [*EXERCISES, "catches"])
def test_a_function_that_raises_is_told_so_in_one_line(capsys, name):
    def crash(*given):
        raise KeyError("no such\nkey")

    sentence = said(capsys, getattr(checks, name), crash)
    assert sentence.startswith("not yet: ")
    assert "your function raised KeyError" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("name", EXERCISES)
def test_no_answer_and_no_function_are_wrong(capsys, name):
    assert "returned None" in said(capsys, getattr(checks, name), lambda *given: None)
    assert "hand over your function" in said(capsys, getattr(checks, name), 3.0)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_of_an_exercise_gets_it(capsys, name):
    solution, _, _ = parts(name)
    assert said(capsys, getattr(checks, name), solution).splitlines()[0] == "got it"


@pytest.mark.parametrize(("name", "message"), MISTAKES)
def test_every_mistake_is_known_by_its_name(name, message):
    solution, mistakes, all_cases = parts(name)
    sentences = [verdicts.judged(mistakes[message], solution, mistakes, cases) for cases in all_cases]
    assert f"not yet: {message}" in sentences
    assert set(sentences) <= {"got it", f"not yet: {message}"}


@pytest.mark.parametrize("name", EXERCISES)
def test_nan_is_never_right(capsys, name):
    solution, _, _ = parts(name)

    def nan(answer):
        if hasattr(answer, "_fields"):
            return type(answer)(*map(nan, answer))
        return tuple(map(nan, answer)) if isinstance(answer, tuple) else np.asarray(answer) * np.nan

    assert said(capsys, getattr(checks, name), lambda *given: nan(solution(*given))).startswith("not yet: ")


@pytest.mark.parametrize(
    ("exercise", "function"),
    [
        (checks.softmax, rnn.softmax),
        (checks.unroll, checks.solutions.unroll),
        (checks.forward_step, checks.solutions.forward_step),
        (checks.cross_entropy, checks.solutions.cross_entropy),
        (checks.central_difference, checks.slopes_at),
        (checks.cross_entropy, lambda q, y: rnn.cross_entropy(q, y).sum()),
        (checks.error_at_logits, rnn.error_at_logits),
        (checks.forward_in_time, flow.forward_in_time),
        (checks.forward_in_time, rnn.backward),
        (checks.two_step_gradient, lambda two: two.formulas["S22"]),
        (checks.two_step_gradient, lambda two: sum(two.paths["w"])),
        (checks.two_paths, lambda two: (two.formulas["S19"], two.formulas["S20"])),
    ],
)
def test_the_packaged_functions_get_it(capsys, exercise, function):
    assert said(capsys, exercise, function) == "got it"


def test_the_packaged_forward_gets_it(capsys):
    def step(x, s_prev, U, W, k):
        params = rnn.Params(U, W, np.ones((1, len(k))), k, np.zeros(1))
        return rnn.forward(params, x[None], s_prev).s[0]

    def unroll(u, w, k, x, s_init):
        params = rnn.Params(*(np.full((1, 1), float(n)) for n in (u, w, 1)), np.array([k]), np.zeros(1))
        return rnn.forward(params, x[:, None], np.array([float(s_init)])).s[:, 0]

    assert said(capsys, checks.forward_step, step) == "got it"
    assert said(capsys, checks.unroll, unroll) == "got it"


def test_the_packaged_backward_gets_it_and_what_lies_beyond(capsys):
    lines = said(capsys, checks.backward, rnn.backward).splitlines()
    assert lines[0] == "got it"
    assert len(lines) == 6
    assert all(
        line.startswith("  beyond the exercise, for ") and line.endswith(": got it") for line in lines[1:]
    )


def test_a_backward_for_one_sequence_gets_it_and_is_told_what_lies_beyond(capsys):
    def mine(params, trace, y):
        dq = trace.o.copy()
        dq[range(len(y)), y] -= 1
        ds = dq @ params.V
        dz, from_future = np.zeros_like(ds), 0
        for t in reversed(range(len(ds))):
            dz[t] = (1 - trace.s[t] ** 2) * (ds[t] + from_future)
            from_future = params.W.T @ dz[t]
        return rnn.Gradients(
            dz.T @ trace.x, dz.T @ trace.s_prev, dq.T @ trace.s, dz.sum(0), dq.sum(0), from_future
        )

    first, *beyond = said(capsys, checks.backward, mine).splitlines()
    assert first == "got it"
    assert "tanh's slope for every func" in beyond[3]
    assert "mask forgotten" in beyond[2]


def test_an_attempt_that_changes_its_arguments_spoils_no_case(capsys):
    def greedy(o, y):
        o[np.arange(len(y)), y] -= 1
        return o

    sentence = "not yet: the numbers are right, but you changed o itself: work on o.copy()"
    assert said(capsys, checks.error_at_logits, greedy) == sentence

    def wipes(o, y):  # a known mistake, which is still known when its code wipes the arguments
        answer = o.copy()
        o[...] = 0
        return answer

    assert "that is o alone" in said(capsys, checks.error_at_logits, wipes)


def in_place_softmax(q):
    q -= q.max()
    np.exp(q, out=q)
    q /= q.sum()
    return q


def rows_for_entries(o, y):
    d = o.copy()
    d[y] -= 1
    return d


def one_softmax_for_all_steps(q, y):
    o = np.exp(q) / np.exp(q).sum()
    return -np.log(o[np.arange(len(y)), y]).sum()


@pytest.mark.parametrize(
    ("exercise", "attempt", "words"),
    [
        (checks.softmax, in_place_softmax, "you changed q itself: work on q.copy()"),
        (checks.softmax, lambda q: np.exp(q - q.min()) / np.exp(q - q.min()).sum(), "the smallest logit"),
        (checks.softmax, lambda q: np.exp(q - q.mean()) / np.exp(q - q.mean()).sum(), "subtract the mean"),
        (checks.error_at_logits, lambda o, y: o - y, "not yet: y holds class numbers"),
        (checks.error_at_logits, rows_for_entries, "d[y] picks whole rows"),
        (checks.cross_entropy, one_softmax_for_all_steps, "each step has its own softmax, axis=1"),
        (checks.cross_entropy, rnn.cross_entropy, "you return E_t for each step"),
        (
            checks.unroll,
            lambda u, w, k, x, s_init: checks.solutions.unroll(w, u, k, x, s_init),
            "u and w are swapped",
        ),
        (
            checks.forward_step,
            lambda x, s_prev, U, W, k: np.tanh(x @ U + s_prev @ W + k),
            "both matrices are transposed",
        ),
    ],
)
def test_what_learners_wrote_is_told_apart(capsys, exercise, attempt, words):
    assert words in said(capsys, exercise, attempt)


def test_the_solutions_are_the_packaged_network_in_small():
    case = mutants.random_case(4)
    trace = rnn.forward(case.params, case.x, case.s_init)
    U, W, _, k, _ = case.params
    s = checks.solutions.forward_step(case.x[0], case.s_init, U, W, k)
    np.testing.assert_allclose(s, trace.s[0], rtol=1e-12)
    total = rnn.cross_entropy(trace.q * 1000, case.y).sum()
    np.testing.assert_allclose(checks.solutions.cross_entropy(trace.q * 1000, case.y), total, rtol=1e-12)
    two = two_steps.run(0.6, 0.9, 0.1, (1.5, -1.0), (1.0, -0.5), 0.4, 0, "tanh")
    states = [two.values["s_0"], two.values["s_1"]]
    np.testing.assert_allclose(checks.solutions.unroll(0.6, 0.9, 0.1, (1.0, -0.5), 0.4), states, rtol=1e-12)
    assert checks.solutions.next_state(0.6, 0.9, 0.1, -0.5, states[0]) == pytest.approx(states[1], rel=1e-12)


def test_a_mistake_that_explains_only_some_answers_is_not_blamed_for_all(capsys):
    def sometimes(o, y):  # right for T = 1, y - o otherwise
        right = rnn.error_at_logits(o, y)
        return right if len(y) == 1 else -right

    sentence = said(capsys, checks.error_at_logits, sometimes)
    assert sentence.startswith("not yet: for T = 3: that is y - o")


def test_two_step_cases_hold_trap_2_and_a_case_that_sees_it():
    starts = [two.values["s_init"] for (two,) in exercises.two_step_cases().values()]
    assert 0 in starts
    assert max(map(abs, starts)) > 0.1
    assert all(isinstance(two, two_steps.TwoSteps) for (two,) in exercises.two_step_cases().values())


# ----------------------------------------------------------------------------------------------------------
# the exercise `catches`


def all_the_checks(backward):
    return not any(c.catches(backward) for c in mutants.CATCHERS if c.name != "large logits, nan > 0.01")


def one_case(backward):
    case = mutants.random_case(3)
    trace = rnn.forward(case.params, case.x, case.s_init)
    loss = lambda params: rnn.cross_entropy(rnn.forward(params, case.x, case.s_init).q, case.y).sum()  # noqa: E731
    checks.gradients(loss, case.params, backward(case.params, trace, case.y))
    return True


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (all_the_checks, "got it"),
        (one_case, 'not yet: 12 of 17 caught. Your check accepts "tanh\'s slope for every func"'),
        (lambda backward: True, "not yet: 0 of 17 caught"),
        (lambda backward: False, "not yet: your check rejects rnn.backward, which is right"),
        (lambda backward: None, "not yet: return True or False, not None"),
        (
            lambda backward: backward is rnn.backward or backward is nan_everywhere,
            "17 of 17 caught, but your check accepts a gradient that is NaN everywhere",
        ),
    ],
)
def test_catches(capsys, attempt, words):
    assert words in said(capsys, checks.catches, attempt)


def test_catches_tells_of_an_assertion_that_rejects_the_right_one(capsys):
    def strict(backward):
        raise AssertionError("W[0, 0]: too strict")

    sentence = "not yet: your check rejects rnn.backward, which is right: W[0, 0]: too strict"
    assert said(capsys, checks.catches, strict) == sentence


def allowing(tolerance, *cases):
    """A check on some cases that allows a relative error."""
    return lambda backward: all(mutants.error_in_case(backward, case) <= tolerance for case in cases)


SHORT, LARGE = mutants.random_case(3), mutants.random_case(3, logit_size=3000.0)
LONG, LONG_AND_LARGE = mutants.random_case(12), mutants.random_case(8, (2,), logit_size=3000.0)
MASKED = mutants.random_case(3, (2,), masked=True, func="sigmoid")
ALL_IN_ONE = mutants.random_case(8, (2,), masked=True, func="sigmoid", logit_size=3000.0)


def blind_to_nan(backward):
    return not any(mutants.error_in_case(backward, case) > 0.01 for case in (LONG, MASKED, LARGE))


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (
            allowing(1e-12, SHORT),
            "(in your cases its error against central differences is up to 1e-10; allow",
        ),
        (allowing(1e-12, SHORT), "allow 1e-06)"),
        (allowing(1e-6, LONG_AND_LARGE), "is up to 5e-06; measured on fewer steps it is smaller"),
        (allowing(1e-6, ALL_IN_ONE), '16 of 17 caught. Your check accepts "skips the last step"'),
        (allowing(1e-6, ALL_IN_ONE), "each case of yours has a mask, which takes the last loss away"),
        (
            allowing(1e-3, ALL_IN_ONE, SHORT),
            "your case with T = 8 finds it off by 3e-05, the right one by 3e-08;",
        ),
        (allowing(1e-3, ALL_IN_ONE, SHORT), "allow no more than 1e-06"),
        (allowing(1e-6, SHORT, MASKED, LARGE), "catches it: T = 30"),
        (blind_to_nan, "in one of your cases its gradient is NaN: nan > 0.01 is False"),
    ],
)
def test_catches_says_why(capsys, attempt, words):
    assert words in said(capsys, checks.catches, attempt)


def test_catches_survives_cases_that_cannot_be_measured(capsys):
    def whole_numbers(backward):
        params = rnn.Params(*(np.ones(shape, int) for shape in ((3, 2), (3, 3), (3, 3), (3,), (3,))))
        with contextlib.suppress(TypeError):
            backward(params, rnn.forward(SHORT.params, SHORT.x), SHORT.y)
        return backward is not rnn.backward

    assert said(capsys, checks.catches, whole_numbers).endswith("rejects rnn.backward, which is right")


def test_catches_listens_to_a_check_that_trains_for_a_while_only(monkeypatch, capsys):
    measured = []
    monkeypatch.setattr(mutants, "error_in_case", lambda backward, case: measured.append(case) or 0.0)

    def trains(backward):
        for _ in range(50):
            backward(SHORT.params, rnn.forward(SHORT.params, SHORT.x), SHORT.y)
        return False

    said(capsys, checks.catches, trains)
    assert len(measured) == 20


# ----------------------------------------------------------------------------------------------------------
# the bug zoo

TABLE = checks.catch_table()
RIGHT_ROW = checks.catch_table((mutants.Mutant("right", rnn.backward, "", ""),))


def caught_by(catcher):
    """The names of the mutants that a check catches."""
    return {
        name
        for name, row in zip(TABLE.mutants, TABLE.caught[:, TABLE.catchers.index(catcher)], strict=True)
        if row
    }


def test_the_table_is_computed_for_every_mutant_and_check():
    assert len(checks.MUTANTS) >= 8
    assert TABLE.mutants == tuple(mutant.name for mutant in checks.MUTANTS)
    assert TABLE.catchers == tuple(catcher.name for catcher in checks.CATCHERS)
    assert len(set(TABLE.mutants)) == len(TABLE.mutants)
    assert TABLE.caught.shape == TABLE.errors.shape == (len(TABLE.mutants), len(TABLE.catchers))
    assert TABLE.caught.dtype == bool


def test_no_check_rejects_the_right_backward():
    assert not RIGHT_ROW.caught.any()
    assert RIGHT_ROW.errors[0, 1:].max() < 1e-6


@pytest.mark.parametrize("mutant", checks.MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_is_caught_by_some_check_and_described(mutant):
    assert TABLE.caught[TABLE.mutants.index(mutant.name)].any()
    assert mutant.what_is_wrong.endswith(".")
    assert mutant.source
    assert mutant.function.__doc__


@pytest.mark.parametrize("mutant", checks.MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_answers_with_the_right_shapes_whatever_the_sequence(mutant):
    for T in (1, 2, 7):
        for batch in ((), (2,)):
            case = mutants.random_case(T, batch)
            trace = rnn.forward(case.params, case.x, case.s_init)
            given = trace.o.copy()
            wrong, right = (f(case.params, trace, case.y) for f in (mutant.function, rnn.backward))
            assert [field.shape for field in wrong] == [field.shape for field in right]
            assert np.array_equal(trace.o, given)


def test_no_check_catches_every_mutant():
    assert not TABLE.caught.all(axis=0).any()


def test_the_falling_loss_catches_only_the_wrong_sign():
    assert caught_by("the loss falls") == {"uphill"}


def test_a_single_step_cannot_see_the_past():
    blind = {"missing transpose", "state for slope", "no past", "mean over time", "counted twice"}
    assert not caught_by("T = 1") & blind


def test_two_steps_from_zero_cannot_see_what_three_steps_see():
    missed = {"state for slope", "counted twice"}
    assert not caught_by("T = 2, s_init = 0") & missed
    assert missed <= caught_by("T = 3, s_init ≠ 0")
    assert caught_by("T = 2, s_init = 0") < caught_by("T = 3, s_init ≠ 0")


@pytest.mark.parametrize(
    ("mutant", "only"),
    [
        ("cut at 4, runs 5", {"T = 30"}),
        ("tanh's slope for every func", {"sigmoid"}),
        ("mean over the batch", {"batch of 2"}),
        ("mask forgotten", {"mask"}),
        ("softmax overflows", {"large logits"}),
    ],
)
def test_some_mutants_are_seen_by_one_check_only(mutant, only):
    row = TABLE.caught[TABLE.mutants.index(mutant)]
    assert {name for name, caught in zip(TABLE.catchers, row, strict=True) if caught} == only


def test_nan_passes_the_comparison_that_asks_for_larger():
    row = TABLE.errors[TABLE.mutants.index("softmax overflows")]
    assert np.isnan(row[-1])
    assert np.isnan(row[-2])
    assert "softmax overflows" not in caught_by("large logits, nan > 0.01")
    nan = checks.catch_table((mutants.Mutant("nan", nan_everywhere, "", ""),))
    assert nan.caught[0, :-1].all()
    assert not nan.caught[0, -1]


@pytest.mark.parametrize("field", rnn.Params._fields)
def test_nan_in_any_field_makes_the_error_nan(field):
    def backward(params, trace, y):
        right = rnn.backward(params, trace, y)
        return right._replace(**{field: getattr(right, field) * np.nan})

    assert np.isnan(mutants.error_in_case(backward, mutants.random_case(2)))
    assert np.isnan(mutants.loss_ratio_in_training(backward))


def test_truncation_meant_for_four_runs_five():
    case = mutants.random_case(12)
    trace = rnn.forward(case.params, case.x, case.s_init)
    five, four = (flow.truncated(case.params, trace, case.y, window=n) for n in (5, 4))
    mutant = mutants.cut_at_four_runs_five(case.params, trace, case.y)
    checks.compare(mutant, five, rtol=1e-12)
    with pytest.raises(AssertionError):
        checks.compare(mutant, four, rtol=1e-3)


# ----------------------------------------------------------------------------------------------------------
# show


SHOW = sys.modules["bptt_helpers.checks.show"]  # checks.show is the function


def displayed(monkeypatch, *functions):
    bundles = []
    monkeypatch.setattr(SHOW, "display", lambda bundle, raw: bundles.append((bundle, raw)))
    assert checks.show(*functions) is None
    return bundles


def test_show_folds_the_tested_source(monkeypatch):
    ((bundle, raw),) = displayed(monkeypatch, rnn.backward)
    assert raw
    assert bundle["text/plain"].startswith("def backward(params, trace, y):\n")
    folded = bundle["text/markdown"]
    assert "<details><summary>Show the solution: <code>rnn.backward</code></summary>\n\n" in folded
    assert f"````python\n{bundle['text/plain']}````\n\n</details>" in folded
    namespace = dict(vars(rnn))
    exec(bundle["text/plain"], namespace)  # what is shown runs
    case = mutants.random_case(3)
    trace = rnn.forward(case.params, case.x, case.s_init)
    checks.compare(
        namespace["backward"](case.params, trace, case.y), rnn.backward(case.params, trace, case.y), rtol=0
    )


def test_show_takes_several_functions_and_classes(monkeypatch):
    bundles = displayed(monkeypatch, rnn.Params, rnn.backward)
    assert [bundle["text/plain"].split("(")[0] for bundle, _ in bundles] == ["class Params", "def backward"]


def test_show_takes_the_indentation_off_a_method(monkeypatch):
    ((bundle, _),) = displayed(monkeypatch, mutants.Catcher.catches)
    assert bundle["text/plain"].startswith("def catches(")
    assert "<code>mutants.Catcher.catches</code>" in bundle["text/markdown"]


@pytest.mark.parametrize("thing", [np.tanh, len, 3, "rnn.backward", None])
def test_show_refuses_what_has_no_source_and_shows_nothing(monkeypatch, thing):
    bundles = []
    monkeypatch.setattr(SHOW, "display", lambda *given, **named: bundles.append(given))
    with pytest.raises(TypeError, match="function: expected something with a Python source"):
        checks.show(rnn.backward, thing)
    assert bundles == []


@pytest.mark.parametrize("method", ["complex step", "central differences"])
def test_a_float32_network_passes_its_gradient_check(method):
    rng = np.random.default_rng(0)
    params = rnn.init_params(2, 3, 2, rng=rng, dtype=np.float32)
    x, y = rng.normal(size=(4, 2)).astype(np.float32), np.array([0, 1, 1, 0])
    gradient = rnn.backward(params, rnn.forward(params, x), y)

    def loss(params):
        return rnn.cross_entropy(rnn.forward(params, x).q, y).sum()

    checks.gradients(loss, params, gradient, method=method)
    with pytest.raises(AssertionError, match=r"^W"):
        checks.gradients(loss, params, gradient._replace(W=gradient.W * np.float32(1.2)), method=method)


def test_slopes_at_whole_numbers_are_refused():
    with pytest.raises(TypeError, match=r"^W: expected a float32 or float64 array, got an array of int64"):
        checks.slopes_at(lambda W: (W**2).sum(), np.array([1, 2, 3]), 1e-5)


def test_a_backward_that_spoils_the_trace_is_told_so(capsys):
    def spoils(params, trace, y):
        trace = trace._replace(o=trace.o.copy()) if copies else trace
        right = rnn.backward(params, trace, y)
        trace.o[...] = 0
        return right

    for copies in (True, False):
        checks.backward(spoils)
        said = capsys.readouterr().out
        assert said.startswith("got it") == copies
        assert ("you changed trace.o itself: work on trace.o.copy()" in said) != copies


def test_a_type_error_of_ones_own_is_not_taken_for_a_stub(capsys):
    def adds_words(*_):
        return 1 + "one"

    checks.softmax(adds_words)
    said = capsys.readouterr().out
    assert said.startswith("not yet")
    assert "TypeError" in said
