"""Every lab in labs.__all__, every control: no move breaks it. Many moves in any order: test_labs_any_order.

What a lab should show, its own file tests.
"""

import base64
import functools
import gc
import re
import tracemalloc

import ipywidgets
import numpy as np
import pytest
import sweep

from bptt_helpers import labs
from bptt_helpers.labs.controls import Choice, Entry, File, Slider, Tick, Whole
from bptt_helpers.labs.lab import MOVING_DPI, RESTING_DPI
from bptt_helpers.pictures.canvas import Canvas, new_figure
from bptt_helpers.pictures.lettering import Lettering, mono_width

LABS = pytest.mark.parametrize("name", labs.__all__)
EACH_CONTROL = pytest.mark.parametrize(
    ("name", "setting"),
    [(name, setting) for name in labs.__all__ for setting in sweep.declaration(name).controls],
)

NOT_A_NUMBER = re.compile(r"\b(nan|inf|None|True|False|array|float64)\b")  # as Python writes them
NAN_IS_MEANT = re.compile(r"(the error is nan, and )?nan > 0\.01( is False)?")  # a check of the bug zoo
# Numbers that may be nan or infinite without a word: there it is the result itself.
NAN_IS_A_RESULT = {
    "bug_zoo": {"errors"},  # what a check measures of a mutant that overflows
    # what a gradient is beside one that is 0
    "truncate": {"angles_window", "lengths_window", "angles_chunk", "lengths_chunk"},
}
OVERFLOW = re.compile(r"overflow|∞|runs away|too large", re.IGNORECASE)


@LABS
def test_a_picture_has_whole_numbers_of_pixels_so_that_nothing_jumps_when_it_rests(name):
    for dpi in (MOVING_DPI, RESTING_DPI):
        pixels = dpi * np.array(sweep.declaration(name).picture.size)
        assert np.abs(pixels - pixels.round()).max() < 1e-9


@LABS
def test_numbers_are_no_wider_while_they_move(name):
    """Characters are whole pixels wide: at 80 dots per inch those of size 14 or 16 would be too wide."""
    figure, _ = new_figure(sweep.declaration(name).picture, MOVING_DPI)
    for lettering in figure.findobj(Lettering):
        moving, resting = (
            mono_width(lettering.size, lettering.weight, dpi) / dpi for dpi in (MOVING_DPI, RESTING_DPI)
        )
        assert moving < 1.03 * resting, lettering.size


@functools.cache
def empty_picture(name):
    """The lab's picture without anything that moves: (rows, columns, 3) int16."""
    figure, _ = new_figure(sweep.declaration(name).picture, MOVING_DPI)
    figure.canvas.draw()  # leaves the animated artists out
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(np.int16)


def check(lab, name, look=True):
    """A lab shows a picture and a sentence, and no error. look: also decode the picture."""
    assert lab.error is None, lab.call
    text = sweep.said(lab)
    assert len(text) > 20, f"{lab.call} says {text!r}"
    assert not NOT_A_NUMBER.search(NAN_IS_MEANT.sub("", text)), f"{lab.call} says {text!r}"
    numbers = {key: value for key, value in lab.numbers.items() if key not in NAN_IS_A_RESULT.get(name, ())}
    if not sweep.is_finite(numbers):
        assert OVERFLOW.search(text), f"{lab.call} has numbers that are not finite, but says {text!r}"
    assert bytes(lab.image.value[:8]) == b"\x89PNG\r\n\x1a\n"
    if look:
        pixels = sweep.pixels(lab.image.value)
        assert np.ptp(pixels) > 100, f"{lab.call}: the picture is of one colour"
        assert sweep.inked(pixels, empty_picture(name)) > 200, f"{lab.call}: nothing that moves is in it"


def button(lab, description):
    """The button of this description, somewhere in the lab."""
    below = [lab]
    while below:
        widget = below.pop()
        if isinstance(widget, ipywidgets.Button) and widget.description == description:
            return widget
        below += getattr(widget, "children", ())
    raise AssertionError(f"no button {description!r}")


def test_there_are_labs():
    assert labs.__all__ == sorted(labs.__all__)
    assert "unroll" in labs.__all__


@LABS
def test_the_start_shows_something(name):
    lab = sweep.declaration(name)()
    check(lab, name)
    assert lab.call == f"labs.{name}()"
    assert sweep.declaration(name).name == name


@EACH_CONTROL
def test_every_control_at_its_ends(name, setting):
    lab = sweep.declaration(name)()
    control = sweep.declaration(name).controls[setting]
    for value in [*sweep.values(control), control.value]:
        lab.move(**{setting: value})
        check(lab, name)


@EACH_CONTROL
def test_every_control_alone_moves_the_picture(name, setting):
    """From the start, or else from one end of the others: a control that never changes anything is broken."""
    declaration = sweep.declaration(name)
    others = {other: sweep.ends(control) for other, control in declaration.controls.items()}
    del others[setting]
    starts = [{}, *sweep.pairwise(others, np.random.default_rng(1), tries=3)]
    for start in starts:
        lab = declaration(**start)
        for value in sweep.values(declaration.controls[setting]):
            before = lab.image.value, lab.settings[setting]
            lab.move(**{setting: value})
            if lab.settings[setting] != before[1] and lab.image.value != before[0]:
                return
    raise AssertionError(f"labs.{name}: {setting} never changes the picture")


@LABS
def test_every_two_controls_at_their_ends_together(name):
    declaration = sweep.declaration(name)
    lab = declaration()
    choices = {setting: sweep.ends(control) for setting, control in declaration.controls.items()}
    for count, row in enumerate(sweep.pairwise(choices, np.random.default_rng(3))):
        lab.move(**row)
        check(lab, name, look=count % 3 == 0)
        lab.sharpen() if count == 0 else None
        assert lab.error is None


@LABS
def test_reset_brings_the_start_back(name):
    declaration = sweep.declaration(name)
    rng = np.random.default_rng(4)
    start = {setting: sweep.some_value(control, rng) for setting, control in declaration.controls.items()}
    for lab in (declaration(), declaration(**start)):
        picture, text, settings = lab.image.value, lab.words.value, lab.settings
        for low_or_high in (0, -1):
            ends = {name: sweep.ends(control)[low_or_high] for name, control in declaration.controls.items()}
            lab.move(**ends)
            button(lab, "Reset").click()
            assert lab.settings == settings
            assert lab.image.value == picture
            assert lab.words.value == text


@LABS
def test_the_call_makes_the_same_lab(name):
    declaration = sweep.declaration(name)
    lab = declaration()
    rng = np.random.default_rng(5)
    for _ in range(3):
        controls = declaration.controls.items()
        lab.move(**{setting: sweep.some_value(control, rng) for setting, control in controls})
        again = eval(lab.call, {"labs": labs})
        assert again.settings == lab.settings
        assert again.image.value == lab.image.value
        assert again.call == lab.call


@LABS
def test_memory_does_not_grow(name):
    declaration = sweep.declaration(name)
    lab = declaration()
    moves = sweep.some_moves(declaration.controls, 25, np.random.default_rng(6))

    def move_all(times):
        for setting, value in moves * times:
            lab.controls[setting].value = value
        gc.collect()
        return np.array([len(gc.get_objects()), tracemalloc.get_traced_memory()[0]])

    move_all(4)  # fills the caches
    tracemalloc.start()
    try:
        before = move_all(1)
        growth = move_all(3) - before
    finally:
        tracemalloc.stop()
    # Objects and bytes of 75 moves. One forgotten PNG a move would be ten thousand bytes or more each.
    assert (growth < [20, 75 * 1500]).all()


@LABS
def test_settings_and_numbers_are_read_as_attributes(name):
    lab = sweep.declaration(name)()
    for record in (lab.settings, lab.numbers):
        assert record
        for key, value in record.items():
            assert getattr(record, key) is value
        with pytest.raises(AttributeError, match="no 'nothing' here, only "):
            _ = record.nothing


@LABS
def test_only_the_chosen_controls_are_shown(name):
    declaration = sweep.declaration(name)
    everything = declaration()
    assert len(everything.children[0].children) == len(declaration.controls)
    first, *_, last = declaration.controls
    lab = declaration(controls=(last, first))
    shown = [widget for holder in lab.children[0].children for widget in holder.children]
    assert [lab.controls[setting] in shown for setting in (first, last)] == [True, True]
    assert len(lab.children[0].children) == 2
    assert lab.image.value == everything.image.value
    assert lab.settings == everything.settings
    assert len(declaration(controls=()).children[0].children) == 0


WRONG = {
    Slider: [("1", TypeError), (None, TypeError), (True, TypeError), (np.nan, TypeError), (1e9, ValueError)],
    Whole: [(1.5, TypeError), ("1", TypeError), (True, TypeError), (10**6, ValueError), (-1000, ValueError)],
    Choice: [("no such option", ValueError), (None, ValueError), (3.5, ValueError)],
    Tick: [(1, TypeError), ("yes", TypeError), (None, TypeError)],
    File: [(3, TypeError), (None, TypeError), ("a" * 999, ValueError), ("a" * 1001, ValueError)],
    Entry: [(3, TypeError), (None, TypeError), ("", ValueError), ("a" * 10_000, ValueError)],
}


@EACH_CONTROL
def test_a_wrong_value_is_refused_by_name(name, setting):
    declaration = sweep.declaration(name)
    lab = declaration()
    settings, picture = lab.settings, lab.image.value
    for value, error in WRONG[type(declaration.controls[setting])]:
        for call in (declaration, lab.move, lambda **kw: lab.frames(setting, kw.values())):
            with pytest.raises(error, match=rf"^{setting}: got .*, expected "):
                call(**{setting: value})
    assert (lab.settings, lab.image.value) == (settings, picture)


@LABS
def test_a_wrong_name_is_refused_by_name(name):
    declaration = sweep.declaration(name)
    lab = declaration()
    some = next(iter(declaration.controls))
    for call in (
        lambda: declaration(radios=1),
        lambda: declaration(controls=("radios",)),
        lambda: lab.move(radios=1),
        lambda: lab.frames("radios", [1]),
    ):
        with pytest.raises(TypeError, match=f"labs.{name} has no setting 'radios', expected one of .*{some}"):
            call()
    with pytest.raises(TypeError, match=f"controls: got the text '{some}', expected a tuple"):
        declaration(controls=some)


@LABS
def test_the_player_needs_no_kernel_and_no_network(name):
    declaration = sweep.declaration(name)
    assert declaration.telling in declaration.controls
    spread = declaration.controls[declaration.telling].spread()
    assert 2 <= len(spread) <= 41
    lab = declaration()
    picture = lab.image.value
    player = lab.frames(declaration.telling, [spread[0], spread[-1]]).data
    frames = re.findall(r'frames\[\d+\] = "data:image/png;base64,([^"]*)"', player)
    assert len(frames) == 2
    assert frames[0] != frames[1]
    assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?\s*(https?:)?//", player, re.IGNORECASE)
    assert "<link" not in player
    assert lab.image.value == picture


@LABS
def test_the_player_shows_what_the_lab_would_show(name):
    declaration = sweep.declaration(name)
    lab, setting = declaration(), declaration.telling
    spread = declaration.controls[setting].spread()
    values = [spread[0], spread[len(spread) // 2], spread[-1]]
    player = lab.frames(setting, values).data
    frames = re.findall(r'frames\[\d+\] = "data:image/png;base64,([^"]*)"', player)
    for value, frame in zip(values, frames, strict=True):
        shown = sweep.pixels(base64.b64decode(frame))
        lab.move(**{setting: value})
        at_rest = lab._refined(lab.settings, lab.numbers)
        wanted = Canvas(declaration.picture).png(at_rest)
        assert sweep.inked(shown, sweep.pixels(wanted)) == 0, value
