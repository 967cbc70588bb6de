"""What the tests of labs share: the values worth moving a control to, and what a lab shows."""

import dataclasses
import html
import io
import itertools
import re

import numpy as np
from PIL import Image

from bptt_helpers import labs
from bptt_helpers.labs.controls import Choice, Entry, File, Slider, Tick, Whole
from bptt_helpers.pictures.canvas import Canvas

# Beyond ASCII: an accent, another script, a symbol outside the first plane, markup, mathematics, white space.
ODD = ("é", "漢字", "🙂", "<b>&amp;</b>", "$x$ $$", "\\frac{", " ", "\t\n", "a\u0301", "'\"`")


def declaration(name):
    """The Declaration of the lab of this name."""
    return getattr(labs, name)


def values(control):
    """The values of a control that must work: both ends and the middle, every option, odd texts: list."""
    if isinstance(control, Slider):
        return [control.low, round((control.low + control.high) / 2, 6), control.high]
    if isinstance(control, Whole):
        return [control.low, (control.low + control.high) // 2, control.high]
    if isinstance(control, Choice):
        return list(control.options)
    if isinstance(control, Tick):
        return [False, True]
    if isinstance(control, File):
        return ["", "".join(ODD) * 40, "ab" * 500]
    assert isinstance(control, Entry), control
    longest = itertools.islice(itertools.cycle(control.value), control.longest)
    return ["a", "aa", "".join(longest), *(odd for odd in ODD if len(odd) <= control.longest)]


def ends(control):
    """Of `values` those that lie at the end of something: list."""
    found = values(control)
    return [found[0], found[-1]] if isinstance(control, Slider | Whole) else found[:4]


def some_value(control, rng):
    """A random value of a control, from anywhere in its range."""
    if isinstance(control, Slider):
        steps = round((control.high - control.low) / control.step)
        return min(control.high, round(control.low + control.step * int(rng.integers(steps + 1)), 6))
    if isinstance(control, Whole):
        return int(rng.integers(control.low, control.high + 1))
    if isinstance(control, Entry):
        letters = rng.choice([*control.value, *"".join(ODD)], size=rng.integers(1, control.longest + 1))
        return "".join(letters)
    if isinstance(control, File):
        return ""  # the call that makes such a lab cannot say more
    found = values(control)
    return found[rng.integers(len(found))]


def some_moves(controls, count, rng):
    """Random moves of one control each: list of (setting, value)."""
    names = [list(controls)[index] for index in rng.integers(len(controls), size=count)]
    return [(name, some_value(controls[name], rng)) for name in names]


def pairwise(choices, rng, tries=30):
    """Rows in which every two entries of every two columns stand together at least once: list of dicts.

    choices: {column: its entries}. Far fewer rows than all combinations: of some random rows, always the one
    that brings most pairs that are still missing.
    """
    columns = list(choices)
    missing = {
        frozenset([(one, i), (other, j)])
        for one, other in itertools.combinations(columns, 2)
        for i in range(len(choices[one]))
        for j in range(len(choices[other]))
    }
    rows = []
    while missing:
        seed = dict(min(missing, key=sorted))
        candidates = [
            {column: seed.get(column, int(rng.integers(len(choices[column])))) for column in columns}
            for _ in range(tries)
        ]
        best = max(candidates, key=lambda row: len(_pairs(row) & missing))
        missing -= _pairs(best)
        rows.append({column: choices[column][index] for column, index in best.items()})
    return rows


def _pairs(row):
    return {frozenset(pair) for pair in itertools.combinations(row.items(), 2)}


def pixels(png):
    """A PNG decoded, (rows, columns, 3) int16: differences do not wrap around."""
    with Image.open(io.BytesIO(png)) as image:
        image.verify()
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(np.int16)


def inked(one, other):
    """How many pixels differ between two pictures by more than the table of colours rounds: int."""
    assert one.shape == other.shape
    return int((np.abs(one - other).max(axis=-1) > 40).sum())


def said(lab):
    """The live text of a lab, without markup: str."""
    return html.unescape(re.sub(r"<[^>]*>", "", lab.words.value)).strip()


def drawn(lab):
    """The picture, moved to the lab's numbers."""
    canvas = Canvas(lab._declaration.picture)
    canvas.png(lab.numbers)
    return canvas.picture


def is_finite(value):
    """Whether all numbers in arrays, tuples, dicts and dataclasses, however deep, are finite: bool."""
    if dataclasses.is_dataclass(value):
        value = vars(value)
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    if isinstance(value, tuple | list):
        return all(map(is_finite, value))
    if isinstance(value, np.ndarray | np.number | float) and np.asarray(value).dtype.kind in "fc":
        return bool(np.isfinite(value).all())
    return True
