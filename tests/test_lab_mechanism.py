"""The mechanism behind every lab, on a small one made here: errors, sharpness, limits, no needless work."""

import asyncio
import gc
import io
import json
import re
import threading
from html import escape

import numpy as np
import pytest
import sweep
from matplotlib import pyplot, style
from matplotlib.figure import Figure

from bptt_helpers import labs
from bptt_helpers.labs.controls import Choice, Entry, Slider, Tick, Whole
from bptt_helpers.labs.lab import MOVING_DPI, REST_SECONDS, RESTING_DPI, Declaration
from bptt_helpers.labs.one_at_a_time import one_at_a_time
from bptt_helpers.pictures.canvas import STYLE, Canvas, player
from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.palette import INK, STATE

CONTROLS = {
    "height": Slider(0.5, -1, 1, 0.1, "height"),
    "count": Whole(3, 0, 9, "count"),
    "at": Whole(2, 0, 9, "at"),
    "kind": Choice("line", {"line": "a line", "dots": "dots"}, "kind"),
    "dotted": Tick(False, "dotted"),
    "title": Entry("abc", 5, "title"),
}


class Dots:
    size = (3.0, 2.0)
    alt = "Some dots & a line."

    def __init__(self, figure):
        axes = figure.add_axes([0.15, 0.15, 0.8, 0.7])
        axes.set(xlim=(-1, 10), ylim=(-1.2, 1.2), title="dots")
        (self.dots,) = axes.plot([], [], "o-", color=STATE, animated=True)
        self.label = Lettering(axes, colours=INK)

    def update(self, numbers):
        steps = np.arange(numbers["count"])
        self.dots.set_data(steps, np.full(len(steps), numbers["height"]))
        self.label.place([(5, -1)], [f"{len(steps)} dots"])


class TwoPanels:
    """The dots, and beside them a panel that is there for odd counts only."""

    alt = "Dots, and at times a panel."
    size = (4.0, 2.0)

    def __init__(self, figure):
        self.left = Dots(figure)
        figure.axes[0].set_position([0.1, 0.15, 0.35, 0.7])
        self.right = figure.add_axes([0.6, 0.15, 0.35, 0.7])
        self.right.set(title="odd", facecolor="#DDDDDD")
        (self.line,) = self.right.plot([], [], color=INK, animated=True)

    def update(self, numbers):
        self.left.update(numbers)
        self.right.set_visible(numbers["count"] % 2 == 1)
        self.line.set_data([0, 1], [0, numbers["height"]])


class Counting:
    """A computation that counts its calls, and fails where told to."""

    def __init__(self, fails_at=None):
        self.calls, self.fails_at = 0, fails_at

    def __call__(self, settings):
        self.calls += 1
        if settings["count"] == self.fails_at:
            raise ZeroDivisionError("no <dots> to divide by")
        return dict(settings)


def describe(settings, numbers):
    return f"{numbers['count']} dots at height {numbers['height']:.1f}."


def declared(compute=None, limits=None, **changes):
    parts = {
        "name": "dots",
        "controls": CONTROLS,
        "compute": compute or Counting(),
        "describe": describe,
        "picture": Dots,
        "limits": limits,
        "telling": "height",
    }
    return Declaration(**parts | changes)


def size(png):
    return sweep.pixels(png).shape[1::-1]


# Errors


def test_an_error_while_moving_is_shown_plainly_and_passes():
    lab = declared(Counting(fails_at=7))()
    picture, numbers = bytes(lab.image.value), lab.numbers
    lab.controls["count"].value = 7
    assert isinstance(lab.error, ZeroDivisionError)
    assert sweep.said(lab) == "This could not be computed. ZeroDivisionError: no <dots> to divide by"
    assert "bptt-error" in lab.words.value
    assert lab.image.value == picture
    assert lab.numbers is numbers
    lab.controls["count"].value = 8
    assert lab.error is None
    assert sweep.said(lab) == "8 dots at height 0.5."
    assert 'class="bptt-words"' in lab.words.value
    assert lab.image.value != picture
    assert lab.numbers.count == 8


def test_the_lab_recovers_where_it_was_before_the_error():
    lab = declared(Counting(fails_at=7))()
    lab.controls["count"].value = 7
    lab.controls["count"].value = 3
    assert lab.error is None
    assert sweep.said(lab) == "3 dots at height 0.5."


@pytest.mark.parametrize("part", ["describe", "picture", "limits"])
def test_an_error_in_any_part_is_shown(part):
    class Refusing(Dots):
        def update(self, numbers):
            refuse(numbers, None)
            super().update(numbers)

    def refuse(settings, result):
        if settings["count"] == 7:
            raise ValueError("seven")
        return result

    broken = {
        "describe": lambda settings, numbers: refuse(settings, "some dots"),
        "picture": Refusing,
        "limits": lambda settings: refuse(settings, {}),
    }
    lab = declared(**{part: broken[part]})()
    lab.controls["count"].value = 7
    assert "ValueError: seven" in sweep.said(lab)
    lab.controls["count"].value = 4
    assert lab.error is None
    assert "seven" not in sweep.said(lab)


def test_an_error_at_the_start_is_raised():
    with pytest.raises(ZeroDivisionError):
        declared(Counting(fails_at=3))()


# The picture


def drawn_afresh(picture_class, numbers, dpi):
    """The picture of these numbers as matplotlib draws and saves it by itself: pixels."""
    with style.context(STYLE):
        figure = Figure(figsize=picture_class.size, dpi=dpi)
        picture_class(figure).update(numbers)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=dpi)
    return sweep.pixels(file.getvalue())


@pytest.mark.parametrize("dpi", [MOVING_DPI, RESTING_DPI])
def test_the_fast_picture_is_the_plain_picture(dpi):
    canvas = Canvas(Dots, dpi)
    for count, height in ((9, 1.0), (0, 0.0), (4, -0.7)):
        numbers = {"count": count, "height": height}
        off = np.abs(sweep.pixels(canvas.png(numbers)) - drawn_afresh(Dots, numbers, dpi))
        assert np.median(off) == 0
        assert off.max() < 48  # the table of colours rounds edges


def test_panels_come_and_go():
    canvas = Canvas(TwoPanels, MOVING_DPI)
    for count in (1, 2, 4, 3, 2):
        numbers = {"count": count, "height": 0.5}
        off = np.abs(sweep.pixels(canvas.png(numbers)) - drawn_afresh(TwoPanels, numbers, MOVING_DPI))
        assert np.median(off) == 0
        assert off.max() < 48


@pytest.mark.parametrize("dpi", [MOVING_DPI, RESTING_DPI])
@pytest.mark.parametrize("name", labs.__all__)
def test_each_labs_fast_picture_is_the_plain_picture(name, dpi):
    """After other moves: nothing of them stays. Where a line meets what never moves, it lies above it."""
    declaration = sweep.declaration(name)
    canvas, rng = Canvas(declaration.picture, dpi), np.random.default_rng(0)
    for _ in range(3):
        controls = declaration.controls.items()
        lab = declaration(**{setting: sweep.some_value(control, rng) for setting, control in controls})
        fast = sweep.pixels(canvas.png(lab.numbers))
    off = np.abs(fast - drawn_afresh(declaration.picture, lab.numbers, dpi)).max(axis=-1)
    assert np.median(off) == 0
    assert (off > 24).mean() < 0.003
    assert (off > 60).mean() < 0.0005


@pytest.mark.parametrize(
    ("name", "show"),
    [(name, show) for name in labs.__all__ if (control := sweep.declaration(name).controls.get("show"))
     for show in control.options],
)  # fmt: skip
def test_each_view_of_a_lab_is_the_plain_picture(name, show):
    declaration = sweep.declaration(name)
    numbers = declaration(show=show).numbers
    fast = sweep.pixels(Canvas(declaration.picture, MOVING_DPI).png(numbers))
    off = np.abs(fast - drawn_afresh(declaration.picture, numbers, MOVING_DPI)).max(axis=-1)
    assert (off > 60).mean() < 0.0005


def test_two_labs_of_a_kind_keep_their_own_pictures():
    declaration = declared()
    one, other = declaration(), declaration(count=8)
    picture = bytes(one.image.value)
    other.move(height=-1)
    one.sharpen()
    sharp = bytes(one.image.value)
    one.move(count=5)
    other.sharpen()
    one.move(count=3)
    assert one.image.value == picture
    one.sharpen()
    assert one.image.value == sharp


MOVING, RESTING = ((3 * dpi, 2 * dpi) for dpi in (MOVING_DPI, RESTING_DPI))  # pixels of Dots


def test_a_resting_slider_gets_a_sharper_picture():
    lab = declared()()
    assert size(lab.image.value) == MOVING
    lab.sharpen()
    assert size(lab.image.value) == RESTING
    lab.move(count=4)
    assert size(lab.image.value) == MOVING


def test_two_quick_moves_are_sharpened_once_and_show_the_last():
    widths, numbers = [], []

    async def move_twice():
        lab = declared()()
        lab.image.observe(lambda change: widths.append(size(change.new)[0]), "value")
        lab.controls["count"].value = 4
        await asyncio.sleep(REST_SECONDS / 2)
        lab.controls["count"].value = 5
        await asyncio.sleep(REST_SECONDS / 2)
        assert widths == [MOVING[0], MOVING[0]]
        await asyncio.sleep(REST_SECONDS)
        numbers.append(lab.numbers)
        return bytes(lab.image.value)

    sharp = asyncio.run(move_twice())
    assert widths == [MOVING[0], MOVING[0], RESTING[0]]
    assert sharp == Canvas(Dots, dpi=200).png(numbers[0])
    assert numbers[0].count == 5


def test_on_a_move_the_picture_goes_first_then_words_then_the_number_box_and_the_call_at_rest():
    told = []

    def tell_of(widget, name):
        widget.observe(lambda change: told.append(name), "value")

    async def move_twice():
        lab = declared()(controls=("height",))
        box, slider = lab.children[0].children[0].children
        for widget, name in (
            (lab.image, "picture"),
            (lab.words, "words"),
            (box, "box"),
            (lab.call_text, "call"),
        ):
            tell_of(widget, name)
        slider.value = 0.2
        slider.value = 0.3
        assert told == 2 * ["picture", "words", "box"]
        assert "height" not in lab.call_text.value
        await asyncio.sleep(2 * REST_SECONDS)
        assert told[6:] == ["call", "picture"]
        assert "height=0.3" in lab.call_text.value

    asyncio.run(move_twice())


def test_without_an_event_loop_the_call_is_told_at_once():
    lab = declared()()
    lab.move(count=4)
    assert "labs.dots(count=4)" in lab.call_text.value


def test_an_error_while_sharpening_is_shown():
    lab = declared()()
    lab.numbers = {}
    lab.sharpen()
    assert "KeyError" in sweep.said(lab)
    lab.move(count=4)
    assert lab.error is None


def test_pyplot_holds_no_figure_and_no_figure_is_left_behind():
    lab = declared()()
    lab.move(count=4)
    lab.frames(values=[0.0, 1.0])
    assert pyplot.get_fignums() == []
    gc.collect()
    before = sum(isinstance(held, Figure) for held in gc.get_objects())
    for count in range(9):
        lab.move(count=count)
    lab.frames(values=[0.0, 1.0])
    gc.collect()
    assert sum(isinstance(held, Figure) for held in gc.get_objects()) == before


# Moves


def test_several_controls_moved_together_are_drawn_once():
    compute = Counting()
    lab = declared(compute)()
    assert compute.calls == 1
    pictures = []
    lab.image.observe(lambda change: pictures.append(change.new), "value")
    lab.move(height=-1, count=9, kind="dots", dotted=True)
    assert compute.calls == 2
    assert len(pictures) == 1
    assert list(lab.settings.values()) == [-1, 9, 2, "dots", True, "abc"]


def test_what_did_not_change_is_not_drawn():
    compute = Counting()
    lab = declared(compute)()
    lab.move()
    lab.move(height=0.5, count=3)
    lab.controls["count"].value = 3
    assert compute.calls == 1


def test_a_refused_move_moves_nothing():
    lab = declared()()
    with pytest.raises(ValueError, match="count: got 10, expected a whole number from 0 to 9"):
        lab.move(height=-1, count=10)
    assert lab.settings.height == 0.5


def test_settings_are_free_of_a_sliders_rounding():
    lab = declared()()
    lab.controls["height"].value = 0.1 + 0.2
    assert lab.settings.height == 0.3
    assert lab.call == "labs.dots(height=0.3)"


def test_the_call_says_what_differs_from_the_declaration_and_can_be_copied():
    lab = declared()(count=4, title="'<b>")
    assert lab.call == """labs.dots(count=4, title="'<b>")"""
    assert "&lt;b&gt;" in lab.call_text.value
    assert "<b>" not in lab.call_text.value
    assert eval(lab.call, {"labs": type("labs", (), {"dots": declared()})}).settings == lab.settings


# Limits


def at_most_count(settings):
    return {"at": (0, settings["count"])}


def test_limits_narrow_a_control_and_take_its_value_along():
    compute = Counting()
    lab = declared(compute, limits=at_most_count)()
    at = lab.controls["at"]
    assert (at.min, at.max, at.value) == (0, 3, 2)
    lab.controls["count"].value = 1
    assert (at.min, at.max, at.value) == (0, 1, 1)
    assert lab.numbers.at == 1
    assert compute.calls == 2
    lab.controls["count"].value = 8
    assert (at.min, at.max, at.value) == (0, 8, 1)
    box = lab.children[0].children[2].children[0]
    assert (box.min, box.max) == (0, 8)


@pytest.mark.parametrize("together", [{"at": 8, "count": 9}, {"count": 9, "at": 8}])
def test_a_move_reaches_what_only_the_new_range_allows(together):
    lab = declared(limits=at_most_count)(count=1)
    assert lab.settings.at == 1
    lab.move(**together)
    assert (lab.settings.at, lab.settings.count) == (8, 9)
    lab.move(at=9, count=2)
    assert (lab.settings.at, lab.controls["at"].max) == (2, 2)
    lab.move(at=9)
    assert lab.settings.at == 2


def test_a_start_beyond_its_limits_is_taken_to_their_end():
    assert declared(limits=at_most_count)(at=9, count=4).numbers.at == 4


# Controls


def test_a_number_box_holds_the_range_of_its_slider():
    lab = declared()(controls=("height", "count"))
    for holder, setting in zip(lab.children[0].children, ("height", "count"), strict=True):
        box, slider = holder.children
        control = CONTROLS[setting]
        assert slider is lab.controls[setting]
        assert (box.min, box.max, box.value) == (control.low, control.high, control.value)
        assert (slider.min, slider.max) == (control.low, control.high)
        assert box.description == control.label


def test_slider_and_number_box_follow_each_other():
    compute = Counting()
    lab = declared(compute)(controls=("height",))
    box, slider = lab.children[0].children[0].children
    slider.value = 0.1 + 0.2
    assert (box.value, lab.settings.height) == (0.3, 0.3)
    box.value = -0.7
    assert (slider.value, lab.settings.height) == (-0.7, -0.7)
    assert compute.calls == 3


def test_a_play_button_has_the_range_too():
    control = Whole(1, 0, 4, "step", play=True)
    slider, shown = control.widgets(3)
    *_, play = shown.children
    assert (play.min, play.max, play.value, slider.value) == (0, 4, 3, 3)


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        (Slider(0, -1, 1, 0.5, ""), [-1, -0.5, 0, 0.5, 1]),
        (Whole(0, 2, 5, ""), [2, 3, 4, 5]),
        (Choice("a", ("a", "b"), ""), ["a", "b"]),
        (Tick(True, ""), [False, True]),
        (Entry("abc", 9, ""), ["a", "ab", "abc"]),
    ],
)
def test_what_a_player_runs_through(control, expected):
    assert control.spread() == expected


def test_a_player_never_has_more_than_41_pictures():
    for control in (Slider(0, -3, 3, 0.001, ""), Whole(0, 0, 1000, "")):
        spread = control.spread()
        assert len(spread) == 41
        assert (spread[0], spread[-1]) == (control.low, control.high)
        assert spread == sorted(set(spread))


# The player


def test_the_player_runs_through_the_telling_control():
    lab = declared()(count=5)
    html = lab.frames().data
    frames = re.findall(r'frames\[\d+\] = "data:image/png;base64,', html)
    assert len(frames) == len(CONTROLS["height"].spread()) == 21
    assert lab.settings.height == 0.5
    assert len(re.findall(r'frames\[\d+\] = "', lab.frames("kind", iter(["dots"])).data)) == 1


def test_the_player_begins_where_the_lab_stands_and_says_what_is_seen():
    lab = declared()(count=5, height=-0.25)
    html = lab.frames().data
    sentences = json.loads(re.search(r"const said = (.*), image = ", html)[1].replace("<\\/", "</"))
    values = CONTROLS["height"].around(-0.25)
    assert len(sentences) == len(values) == 22
    start = int(re.search(r"let start = (\d+);", html)[1])
    assert values[start] == -0.25
    assert sentences[start] == f"<i>height</i> −0.25: {describe(lab.settings, lab.numbers)}"
    assert sentences[0] == "<i>height</i> −1: 5 dots at height -1.0."
    assert f'alt="{escape(Dots.alt)}"' in html
    assert 'aria-label="moment"' in html


def test_a_players_sentence_cannot_end_its_script():
    html = player(Dots, [({"count": 1, "height": 0, "title": "a"}, "a </script> <b>b</b>")])
    assert html.count("</script>") == html.count("<script")


def test_the_players_buttons_show_signs_without_a_font_from_the_network():
    html = player(Dots, [({"count": 1, "height": 0, "title": "a"}, "")])
    buttons = re.findall(r"<button[^>]*>\s*(.*?)\s*</button>", html, re.DOTALL)
    assert buttons == ["−", "«", "‹", "◀", "❚❚", "▶", "›", "»", "+"]
    assert "<link" not in html
    assert "https://" not in html


PRESETS = {"kind": {"dots": {"height": 1.0, "count": 5}}}  # "line" has no values: it is what is left


def test_a_preset_moves_its_settings_and_is_left_when_one_of_them_moves():
    compute = Counting()
    lab = Declaration("tiny", CONTROLS, compute, describe, Dots, presets=PRESETS)()
    lab.controls["kind"].value = "dots"
    assert (lab.settings.height, lab.settings.count, lab.settings.kind) == (1.0, 5, "dots")
    assert compute.calls == 2  # at the start, and once for all three
    assert lab.call == "labs.tiny(kind='dots')"
    lab.controls["count"].value = 4
    assert (lab.settings.height, lab.settings.count, lab.settings.kind) == (1.0, 4, "line")
    lab.controls["kind"].value = "dots"
    assert lab.settings.count == 5
    lab.controls["at"].value = 3  # is none of its settings
    assert lab.settings.kind == "dots"


def test_a_preset_at_the_start_in_a_move_and_in_a_player():
    declaration = Declaration("tiny", CONTROLS, Counting(), describe, Dots, presets=PRESETS)
    lab = declaration(kind="dots")
    assert (lab.settings.height, lab.settings.count) == (1.0, 5)
    assert declaration(kind="dots", count=2).settings.kind == "line"  # what is said outright counts
    lab.move(height=0.0)
    assert lab.settings.kind == "line"
    lab.move(kind="dots", count=7)
    assert (lab.settings.height, lab.settings.count, lab.settings.kind) == (1.0, 7, "line")
    shown = []
    declaration = Declaration("tiny", CONTROLS, Counting(), describe, recorder(shown), presets=PRESETS)
    lab = declaration(height=-1.0)
    shown.clear()
    lab.frames("kind", ["line", "dots"])
    assert [numbers["height"] for numbers in shown if numbers["kind"] == "dots"][-1] == 1.0
    assert [numbers["height"] for numbers in shown if numbers["kind"] == "line"][-1] == -1.0


def recorder(shown):
    """The dots, noting down what they are told to show."""

    class Recorder(Dots):
        def update(self, numbers):
            shown.append(dict(numbers))
            super().update(numbers)

    return Recorder


def test_what_is_refined_is_drawn_when_the_slider_rests_and_in_players():
    shown = []
    lab = Declaration(
        "tiny", CONTROLS, Counting(), describe, recorder(shown),
        refine=lambda settings, numbers: numbers | {"count": 10 * settings["count"]},
    )()  # fmt: skip
    assert shown[-1]["count"] == 3
    lab.sharpen()
    assert shown[-1]["count"] == 30
    assert lab.numbers.count == 3
    lab.frames("height", [0.0, 1.0])
    assert shown[-1]["count"] == 30


def test_at_tells_the_numbers_of_other_settings_and_moves_nothing():
    lab = labs.unroll(w=0.5)
    before = lab.settings, lab.numbers, lab.image.value
    np.testing.assert_array_equal(lab.at(w=-1.2).s, labs.unroll(w=-1.2).numbers.s)
    assert lab.settings == before[0]
    assert lab.numbers is before[1]
    assert lab.image.value == before[2]
    preset = labs.ellipse().at(preset="trap_2")
    np.testing.assert_array_equal(preset.params.W, labs.ellipse(preset="trap_2").numbers.params.W)
    with pytest.raises(TypeError, match="no setting 'speed'"):
        lab.at(speed=1)
    with pytest.raises(ValueError, match=r"^w: got 99"):
        lab.at(w=99)


def test_moves_in_two_threads_do_not_draw_into_one_picture():
    """JupyterLab moves sliders in a thread of their own, while the main one may run a cell with a lab."""
    values = {"here": [-1.0, -0.5, 0.0] * 30, "there": [0.5, 1.0] * 45}
    wanted, drawn = {}, {"here": [], "there": []}
    for value in (-1.0, -0.5, 0.0, 0.5, 1.0):
        lab = labs.unroll(w=value)
        wanted[value] = lab.image.value

    def move(lab, name):
        for value in values[name]:
            lab.move(w=value)
            drawn[name].append(lab.image.value)

    there = threading.Thread(target=move, args=(labs.unroll(), "there"))
    there.start()
    move(labs.unroll(), "here")
    there.join()
    for name in values:
        assert drawn[name] == [wanted[value] for value in values[name]]


def test_a_player_waits_while_another_thread_draws():
    lab, done = declared()(), []
    frames = threading.Thread(target=lambda: done.append(lab.frames("count", [1, 2])), daemon=True)

    @one_at_a_time
    def hold():
        frames.start()
        frames.join(0.3)
        assert not done

    hold()
    frames.join(20)
    assert len(done) == 1


def test_a_player_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^values: got none, expected at least one to show"):
        declared()().frames("count", [])


def arrays(value):
    """All arrays in nested dicts and tuples."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from arrays(part)


@pytest.mark.parametrize("name", labs.__all__)
def test_numbers_cannot_be_written_to_as_labs_share_them(name):
    lab = getattr(labs, name)()
    assert not any(array.flags.writeable for array in arrays(dict(lab.numbers)))
    assert not any(array.flags.writeable for array in arrays(dict(lab.at())))


def test_a_preset_left_while_nothing_could_be_computed_stays_left():
    lab = declared(Counting(fails_at=5), presets=PRESETS)()
    lab.controls["kind"].value = "dots"  # takes count to 5, where it fails
    assert lab.error is not None
    lab.controls["count"].value = 4
    assert lab.error is None
    assert (lab.settings.height, lab.settings.count, lab.settings.kind) == (1.0, 4, "line")


def test_a_preset_chosen_while_nothing_could_be_computed_moves_its_settings():
    lab = declared(Counting(fails_at=7), presets=PRESETS)()
    lab.controls["count"].value = 7
    assert lab.error is not None
    lab.controls["kind"].value = "dots"
    assert (lab.settings.height, lab.settings.count, lab.settings.kind) == (1.0, 5, "dots")


BELONGS = {"belongs": {"dotted": ("count", "height")}}


def test_what_belongs_to_a_setting_goes_back_also_after_an_error():
    lab = declared(Counting(fails_at=7), **BELONGS)()
    lab.controls["count"].value = 7
    lab.controls["dotted"].value = True
    lab.controls["count"].value = 6
    assert lab.error is None
    assert not lab.settings.dotted


def test_what_is_set_outright_does_not_go_back():
    lab = declared(**BELONGS)(dotted=True)
    lab.move(count=4, dotted=True)
    assert lab.settings.dotted
    lab.move(count=5)
    assert not lab.settings.dotted
    lab.children[-2].children[0].click()  # Reset
    assert lab.settings.dotted


def test_a_text_box_takes_no_more_than_the_call():
    lab = declared()()
    call = lab.call_text.value
    lab.controls["title"].value = "abcdefg"
    assert isinstance(lab.error, ValueError)
    assert "title: got 7 characters, expected 1 to 5" in sweep.said(lab)
    lab.controls["count"].value = 4  # another control does not make it better
    assert lab.error is not None
    lab.controls["title"].value = "abcde"
    assert lab.error is None
    assert call != lab.call_text.value


def test_the_call_is_not_told_of_what_cannot_be_computed():
    async def fail():
        lab = declared(Counting(fails_at=7))()
        await asyncio.sleep(2 * REST_SECONDS)
        before = lab.call_text.value, lab.image.value
        lab.controls["count"].value = 6
        lab.controls["count"].value = 7
        await asyncio.sleep(2 * REST_SECONDS)
        return lab, before

    lab, (call, _) = asyncio.run(fail())
    assert isinstance(lab.error, ZeroDivisionError)
    assert lab.call_text.value == call
    assert size(lab.image.value) == MOVING  # the last good one, as it was while moving
