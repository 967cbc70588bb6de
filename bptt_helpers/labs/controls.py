"""The controls a lab can declare: each knows its starting value, its range, its widget, and what to refuse.

Every control offers

    accept(name, value)   the value in the control's own type; TypeError or ValueError naming a bad one
    written(value)        the value as it stands in the call that makes such a lab
    spread()              values across the range, for a player
    around(value)         the same with `value` among them
    told(value)           the value in a sentence
    widgets(value)        (the widget that holds the value, what is shown)
    read(value)           the setting, from what that widget holds
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from math import isfinite
from numbers import Integral, Real

import ipywidgets

# Of the layout's grid properties only the area works: ipywidgets clears the others where it is not set.
_WHOLE_ROW = {"grid_area": "auto / 1 / auto / -1"}


def _description(label):
    return {"description": label, "style": {"description_width": "5.5em"}}


class Control:
    """What most controls have in common."""

    def read(self, value):
        """The setting is what the widget holds."""
        return value

    def written(self, value):
        """The value as Python writes it."""
        return repr(value)

    def around(self, value):
        """The values of `spread`; texts and options have their own."""
        return self.spread()

    def told(self, value):
        """The value as people write it."""
        return str(value)


class Number(Control):
    """What sliders have in common."""

    def around(self, value):
        """The values of `spread`, and this one in its place."""
        return sorted({*self.spread(), value})

    def told(self, value):
        """The value with a real minus sign."""
        return f"{value:g}".replace("-", "−")


class KeepingSlider(ipywidgets.FloatSlider):
    """A slider that also holds values between two of its steps: typed ones, or a preset's.

    The slider in the browser can stand at steps only. Told of another value it goes to the nearest one and
    reports that as a move: here this is no move.
    """

    def set_state(self, sync_data):
        """What the browser reports; ipywidgets calls this."""
        if "value" in sync_data and self._is_only_nearest(sync_data["value"]):
            # The browser listens to no other value until it has heard this one back.
            echo = {"value": sync_data["value"]}
            self._send({"method": "echo_update", "state": echo, "buffer_paths": []})
            sync_data = {name: value for name, value in sync_data.items() if name != "value"}
        super().set_state(sync_data)

    def _is_only_nearest(self, reported):
        """Whether the value stands between two steps, and `reported` is the nearer one."""
        is_between = abs(self._nearest(self.value) - self.value) > 1e-9
        return is_between and abs(reported - self.value) <= self.step / 2 + 1e-9

    def _nearest(self, value):
        return self.min + round((value - self.min) / self.step) * self.step


@dataclass(frozen=True)
class Slider(Number):
    """A number between low and high: a slider with a number box."""

    value: float
    low: float
    high: float
    step: float
    label: str

    def accept(self, name, value):
        """The value, checked."""
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
            raise TypeError(f"{name}: got {value!r}, expected a number from {self.low} to {self.high}")
        if not self.low <= value <= self.high:
            raise ValueError(f"{name}: got {value}, expected a number from {self.low} to {self.high}")
        return float(value)

    def read(self, value):
        """The setting: browsers count steps from `low`, and arrive at 0.7999999999999998 for 0.8."""
        return round(value, 9)

    def spread(self):
        """Up to 41 values from low to high, for a player."""
        count = min(40, round((self.high - self.low) / self.step))
        return [round(self.low + (self.high - self.low) * i / count, 6) for i in range(count + 1)]

    def widgets(self, value):
        """(the widget that holds the value, what is shown)."""
        limits = {"min": self.low, "max": self.high, "step": self.step}
        slider = KeepingSlider(value, **limits, readout=False, layout={"width": "auto", "flex": "1 1 6em"})
        box = ipywidgets.BoundedFloatText(
            value, **limits, **_description(self.label), layout={"width": "11em"}
        )
        # Through the kernel, so that the box shows the setting and not the slider's rounding. Who observes
        # all traits is told last: the lab's picture is on its way before the box.
        slider.observe(lambda _: box.set_trait("value", self.read(slider.value)))
        box.observe(lambda change: self._follow(slider, change.new), "value")
        return slider, _side_by_side(slider, box)

    def _follow(self, slider, value):
        if self.read(slider.value) != value:
            slider.value = value


@dataclass(frozen=True)
class Whole(Number):
    """A whole number between low and high: a slider with a number box; with play=True also a Play button."""

    value: int
    low: int
    high: int
    label: str
    play: bool = False

    def accept(self, name, value):
        """The value, checked."""
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise TypeError(f"{name}: got {value!r}, expected a whole number from {self.low} to {self.high}")
        if not self.low <= value <= self.high:
            raise ValueError(f"{name}: got {value}, expected a whole number from {self.low} to {self.high}")
        return int(value)

    def spread(self):
        """Up to 41 values from low to high, for a player."""
        count = min(40, self.high - self.low)
        return sorted({round(self.low + (self.high - self.low) * i / count) for i in range(count + 1)})

    def widgets(self, value):
        """(the widget that holds the value, what is shown)."""
        limits = {"min": self.low, "max": self.high}
        slider = ipywidgets.IntSlider(
            value, **limits, readout=False, layout={"width": "auto", "flex": "1 1 6em"}
        )
        box = ipywidgets.BoundedIntText(value, **limits, **_description(self.label), layout={"width": "11em"})
        play = ipywidgets.Play(value=value, **limits, interval=500, show_repeat=False)
        others = (box, play) if self.play else (box,)
        for other in others:  # in the browser: none of them waits for the kernel
            ipywidgets.jslink((slider, "value"), (other, "value"))
        return slider, _side_by_side(slider, *others)


@dataclass(frozen=True)
class Choice(Control):
    """One of a few options, given as {value: label} or as a tuple of values: a drop-down list."""

    value: object
    options: dict | tuple
    label: str

    def accept(self, name, value):
        """The value, checked."""
        if value not in tuple(self.options):
            raise ValueError(f"{name}: got {value!r}, expected one of {', '.join(map(repr, self.options))}")
        return value

    def spread(self):
        """Every option."""
        return list(self.options)

    def told(self, value):
        """The option's label."""
        return str(self.options[value] if isinstance(self.options, dict) else value)

    def widgets(self, value):
        """(the widget that holds the value, what is shown)."""
        pairs = (
            [(label, key) for key, label in self.options.items()]
            if isinstance(self.options, dict)
            else self.options
        )
        widget = ipywidgets.Dropdown(
            options=pairs,
            value=value,
            **_description(self.label),
            layout={"width": "auto", "min_width": "0", "flex": "1 1 12em"},  # long options must not widen it
        )
        return widget, ipywidgets.HBox([widget])


@dataclass(frozen=True)
class Tick(Control):
    """Yes or no: a checkbox."""

    value: bool
    label: str

    def accept(self, name, value):
        """The value, checked."""
        if not isinstance(value, bool):
            raise TypeError(f"{name}: got {value!r}, expected True or False")
        return value

    def spread(self):
        """No, then yes."""
        return [False, True]

    def told(self, value):
        """Yes or no."""
        return "yes" if value else "no"

    def widgets(self, value):
        """(the widget that holds the value, what is shown)."""
        widget = ipywidgets.Checkbox(value, description=self.label, indent=False, layout={"width": "auto"})
        return widget, ipywidgets.HBox([widget])


@dataclass(frozen=True)
class Entry(Control):
    """A line of text of up to `longest` characters: a text field, read at Enter or when it is left."""

    value: str
    longest: int
    label: str

    def accept(self, name, value):
        """The value, checked."""
        if not isinstance(value, str):
            raise TypeError(f"{name}: got {value!r}, expected a text of 1 to {self.longest} characters")
        if not 1 <= len(value) <= self.longest:
            raise ValueError(f"{name}: got {len(value)} characters, expected 1 to {self.longest}")
        return value

    def spread(self):
        """The text, grown from its first character."""
        return [self.value[:count] for count in range(1, len(self.value) + 1)]

    def widgets(self, value):
        """(the widget that holds the value, what is shown)."""
        widget = ipywidgets.Text(
            value,
            **_description(self.label),
            continuous_update=False,
            layout={"width": "auto", "flex": "1 1 24em"},
        )
        return widget, ipywidgets.HBox([widget], layout=dict(_WHOLE_ROW))


class Brought(str):
    """The text of a file that the learner chose; `name` is the file's."""

    name = None


class FileChoice(ipywidgets.HBox, ipywidgets.ValueWidget):
    """A button that opens a text file, what is open, and a button that closes it again.

    value : the text, "" while none is open; it stays in the kernel
    """

    def __init__(self, value, label, read):
        self._read, self._label = read, label
        self.upload = ipywidgets.FileUpload(
            accept=".txt,.md,.rst,.py,.tex,.csv,.html,text/*", multiple=False, description=label,
            layout={"width": "auto"},
        )  # fmt: skip
        self.close_button = ipywidgets.Button(description="Close it", layout={"width": "6em"})
        self.words = ipywidgets.HTML()
        super().__init__([self.upload, self.close_button, self.words], layout=dict(_WHOLE_ROW))
        self.upload.observe(self._opened, "value")
        self.close_button.on_click(lambda _: self.set_trait("value", ""))
        self.observe(lambda _: self._tell(), "value")
        self.value = value
        self._tell()

    def _opened(self, change):
        if not change.new:
            return
        file = change.new[0]
        try:
            text = Brought(self._read(file["content"]))
        except ValueError as error:
            said = str(error).removeprefix("content: ")
            self._tell(f"{escape(file['name'])} cannot be used: {escape(said)}.")
            return
        finally:
            self.upload.value = ()  # the same file, mended, can be chosen again
        text.name = file["name"]
        self.value = text
        self._tell()  # also when the text is the one that was open, and a refusal stood here

    def _tell(self, refusal=""):
        name = escape(getattr(self.value, "name", None) or "your text")
        self.words.value = refusal or (f"{name}, {len(self.value):,} characters" if self.value else "")
        self.close_button.layout.display = None if self.value else "none"


@dataclass(frozen=True)
class File(Control):
    """A text that the learner brings: a button that opens a file. "" stands for none.

    decode : bytes -> str, ValueError for a file that is none or will not do, as tasks.text_from_bytes
    """

    value: str
    decode: Callable
    label: str

    def accept(self, name, value):
        """The value, checked."""
        if not isinstance(value, str):
            raise TypeError(f"{name}: got {type(value).__name__}, expected a text, or '' for none")
        if not value:
            return value
        try:
            text = self.decode(value.encode("utf-8", "replace"))
        except ValueError as error:
            expected, _, got = str(error).removeprefix("content: expected ").rpartition(", got ")
            raise ValueError(f"{name}: got {got}, expected {expected}") from error
        return value if text == value else text  # a text is told by its name, if it has one

    def written(self, value):
        """Never the text itself: how to read it, or the name of a variable."""
        if not value:
            return repr(value)
        name = getattr(value, "name", None)
        return f'open({name!r}, encoding="utf-8").read()' if name else "my_text"

    def spread(self):
        """None."""
        return [self.value]

    def widgets(self, value):
        """(the widget that holds the value, what is shown)."""
        widget = FileChoice(value, self.label, self.decode)
        return widget, widget


def _side_by_side(slider, box, *more):
    """Number box, slider (and Play button) in one row, ranges linked."""
    for other in (box, *more):
        for limit in ("min", "max"):
            ipywidgets.link((slider, limit), (other, limit))
    row = _WHOLE_ROW if more else {}  # a Play button would leave the slider no room
    return ipywidgets.HBox([box, slider, *more], layout={"align_items": "center", **row})
