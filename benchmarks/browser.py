"""What the eye sees: from a key on a slider to changed pixels, and pictures a second while dragging.

    python benchmarks/browser.py [--rounds 5] [--keys 8] [--json]

A real JupyterLab in headless Chromium shows seven cells, in turn: three labs, the same three pictures by
`interact`, and a bare round trip: a slider whose callback sets an `Image` of one pixel, which is the least
that any picture made in the kernel can take. Measured in the page itself, in one run:

key    from the key's event until the frame with the new picture has been painted
drag   the mouse goes to and fro over the slider for two seconds: pictures a second, and how late after its
       last move the picture of the last value is there, in round trips (the bare one's median for a key)

While it counts, the script itself keeps still: it asks the page nothing between a key and its picture, and
moves the mouse no more often than a screen shows it. Asking all the time took a fifth of two cores' time.

Needs Chromium, as the tests in tests/browser do, whose JupyterLab it starts.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import nbformat
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))
import harness  # the same JupyterLab that the tests use

LABS = ("unroll", "flow", "phase")
BARE = """
import io
import itertools
import ipywidgets
from PIL import Image

def png(shade):
    file = io.BytesIO()
    Image.new("L", (1, 1), shade).save(file, "png")
    return file.getvalue()

pixels = itertools.cycle([png(0), png(255)])
slider = ipywidgets.IntSlider(value=50, min=0, max=100, layout={"width": "400px"})
image = ipywidgets.Image(value=next(pixels), format="png", width=40, height=40)
slider.observe(lambda change: image.set_trait("value", next(pixels)), "value")
ipywidgets.VBox([slider, image])
"""
LAB = """
from bptt_helpers import labs
lab = labs.{name}(controls=(labs.{name}.telling,))
lab
"""
INTERACT = """
%matplotlib inline
import ipywidgets
from matplotlib import pyplot, style
from bptt_helpers import labs
from bptt_helpers.labs.lab import Record
from bptt_helpers.pictures.canvas import STYLE

lab = labs.{name}
start = Record({{name: control.value for name, control in lab.controls.items()}})

def draw(value):
    with style.context(STYLE):
        lab.picture(pyplot.figure(figsize=lab.picture.size)).update(
            lab.compute(Record(start | {{lab.telling: value}})))
        pyplot.show()

control = lab.controls[lab.telling]
ipywidgets.interact(draw, value=control.widgets(control.value)[0])
"""
WATCH = """
area => {
  const watched = window.watched = {keys: [], moves: [], pictures: []};
  const note = async image => {
    const decoded = await image.decode().then(() => true, () => false);
    if (!decoded) {
      return;  // the next picture took its place before it was seen
    }
    const width = image.naturalWidth, painted = new MessageChannel();
    painted.port1.onmessage = () => watched.pictures.push([performance.now(), width]);
    requestAnimationFrame(() => painted.port2.postMessage(null));  // heard after this frame has been painted
  };
  const images = node => node.tagName === "IMG" ? [node] : [...(node.querySelectorAll?.("img") ?? [])];
  window.watching?.disconnect();
  window.watching = new MutationObserver(found => {
    const changed = new Set(found.flatMap(
      one => one.type === "attributes" ? images(one.target) : [...one.addedNodes].flatMap(images)));
    changed.forEach(note);
  });
  window.watching.observe(area, {subtree: true, childList: true, attributes: true, attributeFilter: ["src"]});
  if (!window.listening) {
    window.listening = true;
    document.addEventListener("keydown", event => window.watched.keys.push(event.timeStamp), true);
    document.addEventListener("pointermove", event => window.watched.moves.push(event.timeStamp), true);
  }
}
"""
REST = 900  # milliseconds: the sharper picture after the last move has come, too
SETTLE = 100  # milliseconds: what looking has cost is over
QUIET = 0.5  # seconds in which the script asks the page nothing
DRAG_SECONDS = 2
MOVES_A_SECOND = 60  # of the mouse: as many as a screen shows
DRAG_PIXELS, DRAG_TURNS = 120, 2  # so far to each side, so often: a new value at every move of the mouse


def notebook_of(cells):
    """A notebook with these code cells."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    made = [nbformat.v4.new_code_cell(source.strip()) for source in cells]
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})


@contextmanager
def shown(cells):
    """These cells in a real JupyterLab, run: a harness.Notebook."""
    chromium = harness.find_chromium()
    if chromium is None:
        sys.exit("benchmarks/browser.py needs Chromium: sudo apt-get install chromium")
    with tempfile.TemporaryDirectory() as home, harness.running_jupyterlab(Path(home)) as server:
        nbformat.write(notebook_of(cells), server.root / "cells.ipynb")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=harness.CHROMIUM_ARGUMENTS)
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            notebook = harness.opened(page, server, "cells.ipynb")
            notebook.run_all()
            yield notebook
            browser.close()


class Watched:
    """One cell's slider and pictures, and when what happened, in milliseconds of the page."""

    def __init__(self, notebook, number):
        self.page = notebook.page
        self.area = self.page.locator(".jp-Cell-outputArea").nth(number)
        self.handle = self.area.locator(".noUi-handle").first
        self.handle.scroll_into_view_if_needed()
        self.page.wait_for_timeout(REST)

    def begin(self):
        """Forgets what was, and looks."""
        self.area.evaluate(WATCH)

    def seen(self):
        """.keys, .moves, .pictures: times; of pictures only those while it moves: one at rest is wider."""
        watched = SimpleNamespace(**self.page.evaluate("() => window.watched"))
        narrowest = min((width for _, width in watched.pictures), default=0)
        watched.pictures = [at for at, width in watched.pictures if width == narrowest]
        return watched

    def key(self, key):
        """Milliseconds from this key to its picture."""
        self.begin()
        self.page.wait_for_timeout(SETTLE)
        self.page.keyboard.down(key)
        for _ in range(20):
            time.sleep(QUIET)
            if (watched := self.seen()).pictures:
                break
        else:
            raise TimeoutError(f"no picture came after {key}")
        self.page.keyboard.up(key)
        self.page.wait_for_timeout(REST)
        return watched.pictures[0] - watched.keys[0]

    def keys(self, count):
        """Milliseconds of each of so many keys: half of them right, then left again."""
        self.handle.focus()
        return [self.key("ArrowRight" if n < count / 2 else "ArrowLeft") for n in range(count)]

    def drag(self):
        """What one drag shows: (a_second, late, after).

        pictures a second while the mouse moves, milliseconds from the last move to the last picture, and how
        many pictures came after that move: more than two would mean that moves queue up
        """
        box = self.handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        self.begin()
        began, moves = time.perf_counter(), 0
        while (share := (time.perf_counter() - began) / DRAG_SECONDS) < 1:
            mouse.move(x + DRAG_PIXELS * math.sin(2 * math.pi * DRAG_TURNS * share), y)
            moves += 1
            time.sleep(max(0, began + moves / MOVES_A_SECOND - time.perf_counter()))
        mouse.up()
        self.page.wait_for_timeout(3 * REST)
        watched = self.seen()
        first, last = watched.moves[0], watched.moves[-1]
        while_moving = [at for at in watched.pictures if first < at <= last]
        after = sum(at > last for at in watched.pictures)
        return 1000 * len(while_moving) / (last - first), watched.pictures[-1] - last, after


def measure(rounds, keys):
    """{what: (milliseconds of each key, then of each drag what `drag` says, three lists)}."""
    cells = {
        "bare round trip": BARE,
        **{f"lab {name}": LAB.format(name=name) for name in LABS},
        **{f"interact {name}": INTERACT.format(name=name) for name in LABS},
    }
    found = {name: ([], [], [], []) for name in cells}
    with shown(cells.values()) as notebook:
        for _ in range(rounds):  # in turn, so that a busy machine is busy for all of them
            for number, (latencies, *drags) in enumerate(found.values()):
                watched = Watched(notebook, number)
                latencies += watched.keys(keys)
                for numbers, number_of_this_drag in zip(drags, watched.drag(), strict=True):
                    numbers.append(number_of_this_drag)
        if notebook.errors():
            raise RuntimeError("\n".join(notebook.errors()))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=5, help="turns of each slider, with one drag (default 5)"
    )
    parser.add_argument("--keys", type=int, default=8, help="keys of each turn (default 8)")
    parser.add_argument("--json", action="store_true", help="print numbers only")
    options = parser.parse_args()
    found = measure(options.rounds, options.keys)
    round_trip, rate, *_ = (median(numbers) for numbers in found["bare round trip"])
    table = {}
    for name, numbers in found.items():
        milliseconds, a_second, late, after = (median(each) for each in numbers)
        table[name] = {
            "key_ms": milliseconds,
            "times the bare round trip": milliseconds / round_trip,
            "pictures a second": a_second,
            "of the bare rate": a_second / rate,
            "late, in round trips": late / round_trip,
            "pictures after the last move": after,
        }
    if options.json:
        print(json.dumps(table))
        return
    print(f"{'':20}{'key, ms':>9}{'/ bare':>8}{'pictures/s':>12}{'/ bare':>8}", end="")
    print(f"{'late, round trips':>19}{'pictures after':>16}")
    for name, row in table.items():
        key, times, a_second, of_bare, late, after = row.values()
        print(f"{name:20}{key:9.0f}{times:8.2f}{a_second:12.1f}{of_bare:8.2f}{late:19.1f}{after:16.0f}")
    for name in LABS:
        times = table[f"interact {name}"]["key_ms"] / table[f"lab {name}"]["key_ms"]
        print(f"the lab {name} is {times:.1f} times as fast as interact")


if __name__ == "__main__":
    main()
