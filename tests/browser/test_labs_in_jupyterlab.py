"""Labs where learners meet them: a real JupyterLab, moved by key, by drag, by number box and by Reset."""

import base64
import re
import time

import nbformat
import pytest

from bptt_helpers import labs
from bptt_helpers.labs.lab import RESTING_DPI
from bptt_helpers.pictures.canvas import Canvas

pytestmark = pytest.mark.browser

SLOW = """
import dataclasses, time
from bptt_helpers import labs

begun = {}  # when the work on a value of w began last

def slow(settings):
    begun[settings.w] = time.time()
    time.sleep(0.2)
    return labs.unroll.compute(settings)

dataclasses.replace(labs.unroll, compute=slow)(controls=("w",))
"""
WORKING = """
import dataclasses, time
from bptt_helpers import labs
from bptt_helpers.labs.lab import Record
from bptt_helpers.labs.work import Live

class Counting:
    count, end = 0, 1000

    def advance(self, seconds):
        time.sleep(0.1)
        self.count += 1

    done = property(lambda self: self.count / self.end)
    says = property(lambda self: f"count {self.count} of {self.end}")

def compute(settings, work):
    w = settings.w + (0 if work is None else 0.01 * work.count)
    return labs.unroll.compute(Record(settings | {"w": w}))

live = Live(lambda settings: Counting(), ("T",))
lab = dataclasses.replace(labs.unroll, compute=compute, live=live)(controls=("w",))
made = [*globals().get("made", []), lab]
lab
"""
PRINTED = """
async code => {
  const {kernel} = window.jupyterapp.shell.currentWidget.sessionContext.session;
  const asked = kernel.requestExecute({code});
  let printed = "";
  asked.onIOPub = message => { printed += message.content.text ?? ""; };
  await asked.done;
  return printed.trim();
}
"""
COUNT_PICTURES = """
image => {
  window.pictures = [];
  new MutationObserver(() => window.pictures.push(Date.now() / 1000))
    .observe(image, {attributes: true, attributeFilter: ["src"]});
}
"""
PICTURE_BYTES = """
async image => {
  const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
  return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
}
"""


class Shown:
    """The first lab on the page: its parts as playwright locators, and what they say."""

    def __init__(self, notebook):
        self.notebook = notebook
        self.output = notebook.output()
        self.image = self.output.locator("img.bptt-picture")
        self.handle = self.output.locator(".noUi-handle").first
        self.box = self.output.locator("input[type=number]").first
        self.words = self.output.locator(".bptt-words")
        self.call = self.output.locator(".bptt-call")
        self.reset = self.output.get_by_role("button", name="Reset")
        self.image.scroll_into_view_if_needed()  # JupyterLab leaves out what is far away
        self.words.filter(has_text=re.compile(r"\S")).wait_for()
        self.seen = self.state()

    def state(self):
        """The resting picture's address, the live text, the call."""
        return self.notebook.picture(), self.words.inner_text(), self.call.inner_text()

    def after(self, act):
        """The state after `act()`, which must have changed the picture, the text and the call."""
        before = self.seen
        act()
        self.notebook.wait_for_another_picture(before[0])
        self.notebook.wait_until_idle()
        self.seen = self.state()
        assert all(now != then for now, then in zip(self.seen, before, strict=True))
        return self.seen

    def value(self):
        """What the number box says, when the slider's handle stands there too: float."""
        value = float(self.box.input_value())
        # The handle tells screen readers one decimal only.
        assert float(self.handle.get_attribute("aria-valuenow")) == pytest.approx(value, abs=0.051)
        return value

    def shows_what_is_computed_here(self):
        """Whether the picture on the page is, byte for byte, that of the call beneath it: bool."""
        numbers = eval(self.call.inner_text(), {"labs": labs}).numbers
        on_the_page = base64.b64decode(self.image.evaluate(PICTURE_BYTES))
        return on_the_page == Canvas(labs.unroll.picture, RESTING_DPI).png(numbers)


def first_setting(call):
    """The first number in a call such as labs.unroll(w=0.85): float."""
    return float(re.search(r"=(-?[\d.]+)", call)[1])


def opened(open_notebook, path):
    """The notebook, run to its end, and its first lab, brought into view."""
    notebook = open_notebook(path)
    notebook.run_all()
    return notebook, Shown(notebook)


def change_theme(page, theme):
    """Changes JupyterLab's theme, and waits until the page has it."""
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    has_it = "light => document.body.dataset.jpThemeLight === light"
    page.wait_for_function(has_it, arg="true" if theme.endswith("Light") else "false")
    page.wait_for_timeout(500)  # colours fade


def written(server, name, source):
    """Writes a notebook of one code cell at the server's root, and gives its name: str."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    cells = [nbformat.v4.new_code_cell(source.strip())]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), server.root / name)
    return name


def test_notebook_00_by_key_by_drag_by_number_and_back(open_notebook):
    notebook, lab = opened(open_notebook, "notebooks/00_start_here.ipynb")
    start = lab.seen
    assert lab.value() == 0.8

    *_, call = lab.after(lambda: notebook.press("ArrowRight"))
    assert first_setting(call) == lab.value() == 0.85

    *_, call = lab.after(lambda: notebook.drag(-60))
    assert first_setting(call) == lab.value() < 0.8

    def type_into_the_box():
        lab.box.fill("-1.5")
        lab.box.press("Enter")

    *_, call = lab.after(type_into_the_box)
    assert first_setting(call) == lab.value() == -1.5

    _, *said = lab.after(lab.reset.click)
    assert said == [*start[1:]]
    assert lab.value() == 0.8
    assert lab.shows_what_is_computed_here()
    assert notebook.errors() == []


def test_notebook_00_in_the_dark_theme(open_notebook):
    notebook, lab = opened(open_notebook, "notebooks/00_start_here.ipynb")

    def style(locator, name):
        return locator.evaluate("(element, name) => getComputedStyle(element)[name]", name)

    def brightness(colour):
        return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3

    assert style(lab.image, "filter") == "none"
    assert brightness(style(lab.words, "color")) < 100
    change_theme(notebook.page, "JupyterLab Dark")
    assert style(lab.image, "filter") == "invert(0.93) hue-rotate(180deg)"
    assert brightness(style(lab.words, "color")) > 180
    lab.after(lambda: notebook.press("ArrowLeft"))
    change_theme(notebook.page, "JupyterLab Light")  # the server remembers it
    assert style(lab.image, "filter") == "none"
    assert notebook.errors() == []


def test_a_drag_over_a_slow_lab_does_not_queue(jupyter_server, open_notebook):
    notebook, lab = opened(open_notebook, written(jupyter_server, "slow.ipynb", SLOW))
    lab.image.evaluate(COUNT_PICTURES)
    notebook.drag(-120, steps=60)
    released = time.time()
    notebook.picture()
    notebook.wait_until_idle()
    # At most one value is under way at the release, and the last one waits behind it.
    since = int(notebook.page.evaluate(PRINTED, f"print(sum(at > {released!r} for at in begun.values()))"))
    assert since <= 2
    # Each of them has a picture, and one more, sharper, where it could rest.
    pictures = notebook.page.evaluate("() => window.pictures")
    assert 1 <= sum(at > released for at in pictures) <= 2 * (1 + since)
    last = lab.value()
    assert last < 0.5
    assert first_setting(lab.call.inner_text()) == last
    assert lab.shows_what_is_computed_here()
    assert notebook.errors() == []


def test_values_between_two_steps_stay(jupyter_server, open_notebook):
    # The k and s_init of this preset are on no step.
    source = "from bptt_helpers import labs\nlabs.ellipse(preset='trap_2')"
    notebook, lab = opened(open_notebook, written(jupyter_server, "between.ipynb", source))
    assert lab.call.inner_text() == "labs.ellipse(preset='trap_2')"
    preset = lab.output.locator("select").first
    lab.after(lambda: preset.select_option(index=0))
    *_, call = lab.after(lambda: preset.select_option(index=2))
    assert call == "labs.ellipse(preset='trap_2')"
    handle = lab.output.locator(".noUi-handle").nth(1)
    *_, call = lab.after(lambda: handle.press("ArrowLeft"))
    assert "w_00=2.95" in call
    assert notebook.errors() == []


def test_work_starts_stops_and_goes_on_while_sliders_move(jupyter_server, open_notebook):
    notebook, lab = opened(open_notebook, written(jupyter_server, "working.ipynb", WORKING))
    button = lab.output.locator("button.mod-primary, button").filter(has_text=re.compile("Start|Stop|Go on"))
    words = lab.output.locator(".bptt-work")

    def says(pattern):
        words.filter(has_text=re.compile(pattern)).wait_for(timeout=10_000)

    assert button.inner_text() == "Start"
    before, *_ = lab.seen
    button.click()
    says(r"count \d+ of 1000, \d+ s left")
    assert button.inner_text() == "Stop"
    notebook.wait_for_another_picture(before)
    notebook.press("ArrowRight")  # answered while it works
    lab.call.filter(has_text="w=0.85").wait_for(timeout=10_000)
    says(r"count \d+ of 1000, \d+ s left")
    button.click()
    says(r"count \d+ of 1000, stopped")
    assert button.inner_text() == "Go on"
    notebook.picture()  # the portion it was in comes to its end
    stopped = words.inner_text()
    notebook.page.wait_for_timeout(1000)
    assert words.inner_text() == stopped
    button.click()
    says(r"count \d+ of 1000, \d+ s left")
    button.click()
    says("stopped")
    assert words.inner_text() != stopped
    button.click()
    says(r"count \d+ of 1000, \d+ s left")
    notebook.run_all()  # the lab leaves the page, and does not work on unseen
    lab.call.filter(has_text="labs.unroll()").wait_for(timeout=10_000)
    assert button.inner_text() == "Start"
    button.click()
    says(r"count \d+ of 1000, \d+ s left")
    at_work = "print([lab.works.is_working for lab in made])"
    assert notebook.page.evaluate(PRINTED, at_work) == "[False, True]"
    assert notebook.errors() == []


def test_a_learners_file_is_opened_refused_and_closed(jupyter_server, open_notebook, tmp_path):
    text = "".join(f"Verse {n}: some words, and again some words.\n" for n in range(60))
    good, bad = tmp_path / "song.txt", tmp_path / "photo.txt"
    good.write_text(text, encoding="utf-8")
    bad.write_bytes(b"\xff\xd8\xff\xe0" * 500)
    source = "from bptt_helpers import labs\nlabs.writer(H=10, controls=('temperature', 'text'))"
    notebook, lab = opened(open_notebook, written(jupyter_server, "own_text.ipynb", source))
    button = lab.output.get_by_role("button", name="Your own text")

    def choose(path):
        with notebook.page.expect_file_chooser() as chooser:
            button.click()
        chooser.value.set_files(path)

    def says(words):
        lab.output.get_by_text(words).first.wait_for(timeout=10_000)

    choose(bad)
    says("photo.txt cannot be used: expected text in UTF-8")
    assert lab.call.inner_text() == "labs.writer(H=10)"
    before, *_ = lab.seen
    choose(good)
    says(f"song.txt, {len(text):,} characters")
    notebook.wait_for_another_picture(before)
    lab.call.filter(has_text="text=open('song.txt'").wait_for(timeout=10_000)
    lab.output.get_by_role("button", name="Close it").click()
    lab.call.filter(has_text=re.compile(r"^labs\.writer\(H=10\)$")).wait_for(timeout=10_000)
    assert notebook.errors() == []
