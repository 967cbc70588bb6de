"""What to think of an answer: "not attempted yet", "not yet: ...", or "got it".

A mistake is known by its code: the wrong solution runs on the same cases as the right one, and a learner
whose answers all equal those of the wrong one is told its name. No message is a guess. Where no known mistake
explains the answers, the difference is described: the shape, a transposition, the sign, a factor, an entry.

Not here: the exercises.
"""

import copy
import inspect
import math
import re

import numpy as np

TOLERANCE = 1e-8  # of the largest entry: another order of summation is no mistake


def verdict(attempt, correct, mistakes=None):
    """Print what to think of one answer.

    attempt  : the learner's answer, `...` when there is none yet
    correct  : the right answer: a number, an array, or a NamedTuple or tuple of them
    mistakes : {message: wrong answer}, computed by real wrong code

    Returns None, never raises for a wrong attempt.
    """
    mistakes = {} if mistakes is None else mistakes
    if not isinstance(mistakes, dict):
        raise TypeError(f"mistakes: expected a dict of message: wrong answer, got {type(mistakes).__name__}")
    answers = {message: [wrong] for message, wrong in mistakes.items()}
    print(_judge([attempt], [correct], answers, [""]))


class Raised:
    """Stands for the answer of a function that raised."""

    def __init__(self, error):
        self.error = error

    def sentence(self):
        """The exception in one line."""
        return f"your function raised {type(self.error).__name__}: {first_line(self.error)}".rstrip(": ")

    def kind(self):
        """The type of the exception and its words, without shapes and numbers, which change with the case."""
        return type(self.error), re.sub(r"\(.*|\d+", "", first_line(self.error))


def first_line(error):
    """The first line of an exception's message."""
    return str(error).partition("\n")[0]


def exercise(attempt, solution, mistakes, cases):
    """Run an attempt, the solution and the known mistakes on all cases, and print the verdict.

    attempt  : the learner's function, or `...`
    solution : the right function
    mistakes : {message: wrong function}
    cases    : {what is special about it: tuple of arguments}
    """
    print(judged(attempt, solution, mistakes, cases))


def judged(attempt, solution, mistakes, cases):
    """The verdict that `exercise` prints, as a string."""
    if attempt is ...:
        return "not attempted yet"
    if not callable(attempt):
        return f"not yet: hand over your function itself, not {described(attempt)}"
    wheres, arguments = list(cases), list(cases.values())

    def answers(function):
        return [answer_of(function, one) for one in arguments]

    right = [solution(*one) for one in arguments]
    handed_out = copy.deepcopy(arguments)
    mine = [_run(attempt, one) for one in handed_out]
    sentence = _judge(mine, right, {message: answers(wrong) for message, wrong in mistakes.items()}, wheres)
    if sentence != "got it":
        return sentence
    changed = [_changed(*pair, solution) for pair in zip(arguments, handed_out, strict=True)]
    return next(filter(None, changed), sentence)


def answer_of(function, arguments):
    """What a function makes of copies of the arguments: a learner's `+=` must not reach the next case."""
    return _run(function, copy.deepcopy(arguments))


def _changed(before, after, solution):
    """The verdict on right numbers that cost the caller an array, else None; the solution names it."""
    for pair in zip(inspect.signature(solution).parameters, before, after, strict=False):
        for name, was, now in _arrays(*pair):
            if not _same(now, was):
                return f"not yet: the numbers are right, but you changed {name} itself: work on {name}.copy()"
    return None


def _arrays(name, before, after):
    """(name, before, after) of an argument that is an array, or of each that it has as a field."""
    if isinstance(before, np.ndarray):
        yield name, before, after
    elif _has_fields(before):
        for field in before._fields:
            yield from _arrays(f"{name}.{field}", getattr(before, field), getattr(after, field))


def _run(function, arguments):
    try:
        with np.errstate(all="ignore"):
            return function(*arguments)
    except Exception as error:  # whatever a learner's code does is to be reported, not raised
        return Raised(error)


def _judge(mine, right, mistakes, wheres):
    """The verdict on the answers to all cases, as a sentence."""
    if any(not_attempted(answer) for answer in mine):
        return "not attempted yet"
    failed = [case for case in range(len(mine)) if not _same(mine[case], right[case])]
    if not failed:
        return "got it"
    for message, wrong in mistakes.items():
        if all(map(_same, mine, wrong)):
            return f"not yet: {message}"
    first = failed[0]
    difference = _difference(mine[first], right[first], {m: wrong[first] for m, wrong in mistakes.items()})
    return f"not yet: {wheres[first]}{': ' if wheres[first] else ''}{difference}"


def not_attempted(answer):
    """True for `...`, for a container of nothing but `...`, and for code that stumbled over one."""
    if isinstance(answer, Raised):
        return isinstance(answer.error, TypeError) and "ellipsis" in str(answer.error).lower()
    if isinstance(answer, tuple | list) and len(answer) > 0:
        return all(part is ... for part in answer)
    return answer is ...


def _same(mine, right):
    """True when two answers agree, up to rounding. NaN agrees with NaN only (of a known mistake)."""
    if isinstance(right, Raised):  # a known mistake that fails here too, such as shapes that do not fit
        return isinstance(mine, Raised) and mine.kind() == right.kind()
    if _has_fields(right):
        return _has_fields(mine) and all(
            _same(getattr(mine, name, None), getattr(right, name)) for name in right._fields
        )
    if isinstance(right, tuple):
        mine = _as_parts(mine)
        return mine is not None and len(mine) == len(right) and all(map(_same, mine, right))
    mine, right = _as_numbers(mine), _as_numbers(right)
    if mine is None or right is None or mine.shape != right.shape:
        return False
    return bool(np.allclose(mine, right, rtol=0, atol=TOLERANCE * _largest(right), equal_nan=True))


def _difference(mine, right, mistakes):
    """What is wrong with one answer, in words."""
    if isinstance(mine, Raised):
        return mine.sentence()
    if mine is None:
        return "your function returned None; does it end in `return`?"
    if _has_fields(right):
        return _difference_of_fields(mine, right, mistakes)
    if isinstance(right, tuple):
        return _difference_of_parts(mine, right)
    for message, wrong in mistakes.items():
        if _same(mine, wrong):
            return message
    return _difference_of_numbers(mine, right)


def _difference_of_fields(mine, right, mistakes):
    kind = type(right).__name__
    if not _has_fields(mine):
        return f"expected {kind}({', '.join(right._fields)}), got {described(mine)}"
    for name in right._fields:
        if not hasattr(mine, name):
            return f"{name} is missing from your {type(mine).__name__}"
        if getattr(mine, name) is ...:
            return f"{name} is still ..."
        if not _same(getattr(mine, name), getattr(right, name)):
            wrong = {
                message: getattr(answer, name) for message, answer in mistakes.items() if _has_fields(answer)
            }
            return f"{name}: {_difference(getattr(mine, name), getattr(right, name), wrong)}"
    raise AssertionError("only asked for answers that differ")


def _difference_of_parts(mine, right):
    parts = _as_parts(mine)
    if parts is None or len(parts) != len(right):
        return f"expected {len(right)} values, got {described(mine)}"
    mine = parts
    position = next(i for i in range(len(right)) if not _same(mine[i], right[i]))
    if mine[position] is ...:
        return f"value {position} is still ..."
    return f"value {position}: {_difference(mine[position], right[position], {})}"


def _difference_of_numbers(mine, right):
    """Shape, transposition, sign and factor before single entries: the cause before the symptom."""
    numbers, right = _as_numbers(mine), np.asarray(right, dtype=float)
    if numbers is None:
        return f"expected numbers of shape {right.shape}, got {described(mine)}"
    mine = numbers
    if right.ndim == 2 and _same(mine, right.T):
        return "yours is transposed"
    if mine.shape != right.shape:
        return f"yours has shape {mine.shape}, it should be {right.shape}"
    if _same(mine, -right):
        return "the sign is flipped: yours is minus the right one"
    factor = _factor(mine, right)
    if factor is not None:
        return f"yours is {_times(factor)} the right one{', in every entry' if right.size > 1 else ''}"
    wrong = ~(abs(mine - right) <= TOLERANCE * _largest(right))  # nan counts as wrong
    where = np.unravel_index(wrong.argmax(), wrong.shape)
    entry = f"entry [{', '.join(map(str, where))}]" if right.ndim else "the number"
    return f"{entry} is {mine[where]:.6g}, it should be {right[where]:.6g}"


def _factor(mine, right):
    """The one number that mine is times right, or None. For one number only a plain factor: 2, 1/2."""
    if _largest(right) == 0 or not np.isfinite(mine).all():
        return None
    where = np.unravel_index(abs(right).argmax(), right.shape)
    factor = float(mine[where] / right[where])
    if factor == 0 or not _same(mine, factor * right):
        return None
    return factor if right.size > 1 or _is_whole(factor) or _is_whole(1 / factor) else None


def _times(factor):
    """In words: exactly 2 times, exactly 1/3 of, 0.41 times."""
    if _is_whole(factor):
        return f"exactly {round(factor)} times"
    if _is_whole(1 / factor):
        return f"exactly 1/{round(1 / factor)} of"
    return f"{factor:.6g} times"


def _is_whole(number):
    return abs(number) < 100 and math.isclose(number, round(number), rel_tol=1e-8)


def _has_fields(answer):
    return isinstance(answer, tuple) and hasattr(answer, "_fields")


def _as_parts(answer):
    """The answer as several, or None: an array of numbers in place of a tuple of them will do."""
    if isinstance(answer, np.ndarray) and answer.ndim > 0:
        return list(answer)
    return answer if isinstance(answer, tuple | list) else None


def _as_numbers(answer):
    """The answer as an array of floats, or None when it is no such thing."""
    try:
        array = np.asarray(answer)
    except Exception:  # rows of different lengths, or an odd object
        return None
    return array.astype(float) if array.dtype.kind in "fiub" else None


def _largest(array):
    return abs(array[np.isfinite(array)]).max(initial=0.0)


def described(answer):
    """An answer of the wrong kind, in a few words."""
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}"
    if isinstance(answer, tuple | list):
        return f"a {type(answer).__name__} of {len(answer)}"
    if answer is ...:
        return "..."
    return f"{answer!r:.40} ({type(answer).__name__})"
