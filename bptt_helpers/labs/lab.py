"""The one mechanism behind every lab: controls -> computation -> picture and one sentence, within a frame.

A lab file declares, and nothing else:

    unroll = Declaration("unroll", CONTROLS, compute, describe, UnrollPicture)

where `compute(settings)` returns the numbers (a dict of arrays), `describe(settings, numbers)` says in one
sentence what is seen, and the picture class moves itself to show the numbers. Calling the declaration makes
the widget: `lab = labs.unroll(w=1.2, controls=("w", "T"))`.

One `Image` widget holds the picture: a fast one while a slider moves, a sharp one when it rests, which is
when the call under it follows, too. The browser holds a slider's further events back until the kernel has
answered the last, so none queue up. No script has a part in this; what a lab does have of one names its parts
to screen readers (`on_the_page.py`).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

import ipywidgets
import numpy as np
from IPython.display import HTML

from bptt_helpers.labs.on_the_page import on_the_page
from bptt_helpers.labs.one_at_a_time import one_at_a_time
from bptt_helpers.labs.work import Live, Works
from bptt_helpers.pictures.canvas import player, shared_canvas

# On a screen 1400 wide JupyterLab shows a picture with some 88 dots per inch: 80 look hardly coarser, and
# are a third less to draw, send and decode than 100 (benchmarks/README.md).
MOVING_DPI, RESTING_DPI = 80, 200
REST_SECONDS = 0.35
WORK_FRAMES = 30  # of a player that shows work


class Record(dict):
    """A dict whose entries can also be read as attributes: `lab.settings.w` is `lab.settings["w"]`."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no {name!r} here, only {', '.join(self)}") from None


@dataclass(frozen=True)
class Declaration:
    """What one lab is. Call it to get the widget.

    name : as in `labs.NAME`
    controls : {setting: control}, see `controls.py`
    compute : settings -> dict of numbers
    describe : settings, numbers -> one sentence, HTML
    picture : a class as described in `bptt_helpers.pictures`
    limits : optional, settings -> {setting: (low, high)} for controls whose range depends on others
    telling : the setting that a player for slides runs through (`frames`)
    belongs : optional, {setting: settings}: it says something about these, a guess for example, so it goes
        back to the declared value when one of them is moved without it
    presets : optional, {setting: {option: {other setting: value}}}: choosing the option moves the others
        there; once these stand elsewhere, the setting goes to its first option that has no values here
    refine : optional, settings, numbers -> the numbers to draw when the sliders rest, where there is time for
        more of them; `lab.numbers` stay those of the move
    live : optional, Live: the lab has a Start button and works in the background, see `work.py`. Then compute
        takes settings and the work, which is None before the start
    """

    name: str
    controls: Mapping
    compute: Callable
    describe: Callable
    picture: type
    limits: Callable | None = None
    telling: str | None = None
    belongs: Mapping = field(default_factory=dict)
    presets: Mapping = field(default_factory=dict)
    refine: Callable | None = None
    live: Live | None = None

    def __call__(self, *, controls=None, **start):
        """The lab as a widget.

        start : values to start from, by setting
        controls : the settings whose controls are shown; None shows all. Others keep their starting values.

        TypeError or ValueError names a setting that does not exist or a value out of range.
        """
        return Lab(self, controls, start)


class Lab(ipywidgets.VBox):
    """A lab on the page.

    settings : the current values
    numbers : what was just drawn, a dict of arrays, also readable as attributes; they cannot be written to
    call : the call that makes a lab in this state
    controls : the widgets that hold the values, by setting
    error : the exception of the last move, None when all went well
    works : for a lab that works in the background, its Works (button and bar); else None
    """

    works = _resting = None  # close() is also called for a lab that could not be made

    def __init__(self, declaration, controls, start):
        shown = _shown_controls(declaration, controls)
        self._declaration = declaration
        given = _accept(declaration, start)
        declared = {name: control.value for name, control in declaration.controls.items()}
        self._start = _settled(declaration, declared | _preset_values(declaration, declared | given) | given)
        self._moving_together = False
        self._drawn = None  # the settings of the picture on show
        self._seen = self._start  # the settings after the last move, drawn or not
        self.error = None
        pairs = {name: control.widgets(self._start[name]) for name, control in declaration.controls.items()}
        self.controls = {name: holder for name, (holder, _) in pairs.items()}
        self.image = ipywidgets.Image(format="png", layout=_picture_layout(declaration.picture))
        self.image.add_class("bptt-picture")
        self.words = ipywidgets.HTML()
        self.words.add_class("bptt-said")
        self.call_text = ipywidgets.HTML(layout={"flex": "1 1 20em"})
        self.call_text.add_class("bptt-called")
        reset = ipywidgets.Button(
            description="Reset", tooltip="Back to the starting values", layout={"width": "6em"}
        )
        reset.on_click(lambda _: self.move(**self._start))
        panel = ipywidgets.GridBox(
            [pairs[name][1] for name in shown],
            layout={
                "grid_template_columns": "repeat(auto-fit, minmax(19em, 1fr))",
                "grid_gap": "0 1.5em",
                "max_width": self.image.layout.max_width,
            },
        )
        if declaration.live is not None:
            self.works = Works(self._begin_work, self._draw_work, self._show)
            self.works.layout.max_width = self.image.layout.max_width
        below = ipywidgets.HBox([reset, self.call_text], layout={"align_items": "center"})
        working = [] if self.works is None else [self.works]
        page = on_the_page(declaration.picture.alt)
        super().__init__([panel, *working, self.image, self.words, below, page])
        self.add_class("bptt-lab")
        panel.add_class("bptt-panel")
        below.add_class("bptt-below")
        self._narrow()
        self._draw()  # what is wrong at the start is raised, so that a test run sees it
        self._tell_call()
        for widget in self.controls.values():
            widget.observe(self._moved, "value")

    @property
    def settings(self):
        """The current values of all controls, shown or not: a dict, also readable as attributes."""
        declared = self._declaration.controls
        return Record({name: declared[name].read(widget.value) for name, widget in self.controls.items()})

    @property
    def call(self):
        """The call that makes a lab in this state: str."""
        settings = self.settings
        without = {name: control.value for name, control in self._declaration.controls.items()}
        chosen = {name: settings[name] for name in self._declaration.presets}
        without |= _preset_values(self._declaration, without | chosen)  # what the call gives by itself
        changed = [
            f"{name}={self._declaration.controls[name].written(value)}"
            for name, value in settings.items()
            if value != without[name] or (name in chosen and value != self._declaration.controls[name].value)
        ]
        return f"labs.{self._declaration.name}({', '.join(changed)})"

    @one_at_a_time
    def move(self, **values):
        """Sets controls, as a hand would, and draws once. Raises TypeError or ValueError naming a bad one."""
        values = _accept(self._declaration, values)
        values = _preset_values(self._declaration, values) | values
        self._set(_settled(self._declaration, self.settings | values))
        self._follow(given=values)

    @one_at_a_time
    def frames(self, setting=None, values=None):
        """A self-contained HTML player of this picture while `setting` runs through `values`; no kernel
        needed.

        setting : None is the lab's most telling one; of a lab with a Start button it is the work itself, done
            anew from the current settings
        values : an iterable of at least one; None is about 40 values across the setting's range, and its
            current one

        The player begins at the current value. Under it stands the sentence of the moment on show.

        Returns IPython.display.HTML, whose `.data` is the text of the page.
        """
        if setting is None and self.works is not None:
            return HTML(player(self._declaration.picture, self._at_work()))
        setting = self._declaration.telling if setting is None else setting
        control = _control(self._declaration, setting)
        now = self.settings[setting]
        values = (
            control.around(now) if values is None else [control.accept(setting, value) for value in values]
        )
        if not values:
            raise ValueError("values: got none, expected at least one to show")
        moments = (self._at_rest(setting, value) for value in values)
        start = values.index(now) if now in values else 0
        return HTML(player(self._declaration.picture, moments, start))

    def at(self, **settings):
        """The numbers that the lab would show with these settings in place of its own; nothing moves.

        TypeError or ValueError names a setting that does not exist or a value out of range.
        """
        given = _accept(self._declaration, settings)
        moved = self.settings | _preset_values(self._declaration, given) | given
        return self._computed(Record(_settled(self._declaration, moved)))

    def _at_work(self):
        """(numbers, sentence) before the work, and at WORK_FRAMES moments of it."""
        live, settings = self._declaration.live, self.settings
        yield self._moment(settings, None)
        work = live.begin(settings)
        for share in range(1, WORK_FRAMES + 1):
            while work.done < share / WORK_FRAMES:
                work.advance(0.01)
            yield self._moment(settings, work)

    def _moment(self, settings, work):
        numbers = _kept(self._declaration.compute(settings, work))
        return numbers, self._declaration.describe(settings, numbers)

    def _at_rest(self, setting, value):
        """(numbers, sentence) when the setting has moved there and everything rests."""
        moved = self.settings | _preset_values(self._declaration, {setting: value}) | {setting: value}
        settings = Record(_settled(self._declaration, moved))
        numbers, control = self._computed(settings), self._declaration.controls[setting]
        said = f"<i>{escape(control.label)}</i> {escape(control.told(value))}: "
        return self._refined(settings, numbers), said + self._declaration.describe(settings, numbers)

    def _computed(self, settings):
        declaration = self._declaration
        if self.works is None:
            return _kept(declaration.compute(settings))
        work = self.works.work
        if work is not None and any(settings[n] != self._begun_with[n] for n in declaration.live.depends):
            work = None  # it was made from other settings
        return _kept(declaration.compute(settings, work))

    def start(self):
        """Starts the work of a lab that has a Start button, or goes on with it, in the background."""
        self._works().start()

    def stop(self):
        """Stops it. What is done stays; start() goes on from there."""
        self._works().stop()

    def finish(self):
        """Does the work to its end before it returns, while bar and picture move; an interrupt stops it.

        What the Start button has done already counts, and at the end there is nothing more to do.
        """
        self._works().finish()

    def close(self):
        """Takes the lab off the page; work in the background ends."""
        if self.works is not None:
            self.works.drop()
        if self._resting is not None:
            self._resting.cancel()
        super().close()

    def _works(self):
        if self.works is None:
            raise TypeError(f"labs.{self._declaration.name} has no work to start: it answers at once")
        return self.works

    def _refined(self, settings, numbers):
        refine = self._declaration.refine
        return numbers if refine is None else _kept(refine(settings, numbers))

    @one_at_a_time
    def sharpen(self):
        """Draws the picture at its sharpest, as happens by itself when the sliders rest."""
        self._resting = None
        try:
            numbers = self._refined(self.settings, self.numbers)
            self.image.value = shared_canvas(self._declaration.picture, RESTING_DPI).png(numbers)
        except Exception as error:
            self._show(error)

    def _moved(self, _change):
        if not self._moving_together:
            self._follow()

    @one_at_a_time
    def _follow(self, given=()):
        """Brings everything in line with controls that have moved; those in `given` were set on purpose."""
        before, self._seen = self._seen, self.settings
        try:
            self._take_back(before, given)
            self._follow_presets(before)
            self._narrow()
            self._seen = self.settings
            undrawn = self._undrawn()
            _accept(self._declaration, undrawn)  # a text box takes what a call would refuse
            self._drop_work()
            if undrawn:
                self._draw()
        except Exception as error:  # shown to the learner; the next move starts afresh
            self._show(error)

    def _undrawn(self):
        """The settings that the picture on show was not made from, all of them after an error."""
        if self._drawn is None:
            return self._seen
        return {name: value for name, value in self._seen.items() if value != self._drawn[name]}

    @one_at_a_time
    def _draw(self):
        declaration, settings = self._declaration, self.settings
        numbers = self._computed(settings)
        self.image.value = shared_canvas(declaration.picture, MOVING_DPI).png(numbers)
        self.words.value = f'<div class="bptt-words">{declaration.describe(settings, numbers)}</div>'
        self.numbers, self.error, self._drawn = numbers, None, settings
        self._rest_soon()

    def _show(self, error):
        self.error, self._drawn = error, None
        said = escape(f"{type(error).__name__}: {error}")
        self.words.value = f'<div class="bptt-words bptt-error">This could not be computed. {said}</div>'

    def _tell_call(self):
        said = f'<code class="bptt-call" title="one click selects it">{escape(self.call)}</code>'
        self.call_text.value = said

    def _rest_soon(self):
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no event loop, nobody to look
            self._tell_call()
            return
        if self._resting is not None:
            self._resting.cancel()
        self._resting = loop.call_later(REST_SECONDS, self._rest)

    def _rest(self):
        """What can wait until no slider moves: each message less brings the picture on a move sooner."""
        if self.error is None:  # else these settings make no lab
            self._tell_call()
            self.sharpen()

    def _begin_work(self):
        self._begun_with = self.settings
        return self._declaration.live.begin(self._begun_with)

    @one_at_a_time
    def _draw_work(self):
        self._tell_call()  # the picture moves on and on: there is no rest to wait for
        self._draw()

    def _drop_work(self):
        """Work made from settings that have moved since no longer belongs to what is shown."""
        if self.works is None or self.works.work is None:
            return
        if any(self.settings[name] != self._begun_with[name] for name in self._declaration.live.depends):
            self.works.drop()

    def _take_back(self, before, given):
        """What was said about other settings no longer holds when these have moved without it."""
        now = self.settings
        moved = {name for name in now if now[name] != before[name]}
        self._moving_together = True
        try:
            for name, others in self._declaration.belongs.items():
                if name not in moved and name not in given and not moved.isdisjoint(others):
                    self.controls[name].value = self._declaration.controls[name].value
        finally:
            self._moving_together = False

    def _follow_presets(self, before):
        """A preset just chosen moves its settings; one whose settings were moved no longer holds."""
        now = self.settings
        chosen = {name: now[name] for name in self._declaration.presets if now[name] != before[name]}
        values = _preset_values(self._declaration, chosen)
        settled = _settled(self._declaration, now | values)
        if settled != now:
            self._set(settled)

    def _set(self, values):
        """Gives all these controls their values without drawing in between."""
        now = self.settings
        self._moving_together = True
        try:
            self._widen()
            for name, value in values.items():
                if value != now[name]:
                    self.controls[name].value = value
        finally:
            self._moving_together = False

    def _widen(self):
        """Gives ranges that depend on other controls their whole width, until all controls have moved."""
        if self._declaration.limits is None:
            return
        for name in self._declaration.limits(self.settings):
            control = self._declaration.controls[name]
            self.controls[name].min, self.controls[name].max = control.low, control.high

    def _narrow(self):
        """Brings ranges that depend on other controls up to date; a value out of range moves to its end."""
        if self._declaration.limits is None:
            return
        self._moving_together = True
        try:
            for name, (low, high) in self._declaration.limits(self.settings).items():
                self.controls[name].min, self.controls[name].max = low, high
        finally:
            self._moving_together = False


def _kept(numbers):
    """The numbers as a Record whose arrays cannot be written to: labs share what they once computed."""
    return Record({name: _read_only(value) for name, value in numbers.items()})


def _read_only(value):
    """Arrays, also those in dicts and tuples, as views that refuse to be written to."""
    if isinstance(value, np.ndarray):
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, tuple):
        parts = map(_read_only, value)
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, dict):
        return {name: _read_only(part) for name, part in value.items()}
    return value


def _control(declaration, name):
    if name not in declaration.controls:
        known = ", ".join(declaration.controls)
        raise TypeError(f"labs.{declaration.name} has no setting {name!r}, expected one of {known}")
    return declaration.controls[name]


def _accept(declaration, values):
    return {name: _control(declaration, name).accept(name, value) for name, value in values.items()}


def _preset_values(declaration, settings):
    """What the options chosen in `settings` give to other settings."""
    values = {}
    for name, options in declaration.presets.items():
        values |= options.get(settings.get(name), {})
    return values


def _settled(declaration, settings):
    """The settings, where a preset whose values do not all stand is replaced by the option without any."""
    settled = dict(settings)
    for name, options in declaration.presets.items():
        values = options.get(settings[name], {})
        if any(settings[other] != value for other, value in values.items()):
            settled[name] = next(o for o in declaration.controls[name].options if o not in options)
    return settled


def _shown_controls(declaration, controls):
    if controls is None:
        return tuple(declaration.controls)
    if isinstance(controls, str):
        raise TypeError(
            f"controls: got the text {controls!r}, expected a tuple of settings such as ({controls!r},)"
        )
    for name in controls:
        _control(declaration, name)
    return tuple(controls)


def _picture_layout(picture):
    width, _ = picture.size
    # The picture keeps its shape at every width, so that nothing below it jumps when the sharper one arrives.
    return {"width": "100%", "max_width": f"{100 * width:.0f}px", "object_fit": "contain", "height": "auto"}
