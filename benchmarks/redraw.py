"""How long a lab takes from a slider's new value to the finished PNG, beside the usual way with `interact`.

    python benchmarks/redraw.py [--labs unroll,loss] [--json]

Every control of a lab runs through its range. At some of these values, right after the lab, a real
`ipywidgets.interactive` in a real IPython shell computes the same numbers and draws the same picture on a
fresh pyplot figure, which matplotlib's inline backend makes into a PNG, as in a notebook that says
`interact(draw, w=(-3, 3))`. There every text is laid out and rasterised anew, as matplotlib's own texts
are: what `Lettering` remembers belongs to the lab's way. Both are timed in one process, in turn, so the
ratio holds on a busy machine too. Neither time has the network or the browser in it.
"""

import argparse
import json
import time
from statistics import median
from unittest import mock

import ipywidgets
import matplotlib
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import pyplot, style
from matplotlib_inline.backend_inline import configure_inline_support

from bptt_helpers import labs
from bptt_helpers.labs.controls import File
from bptt_helpers.labs.lab import Record
from bptt_helpers.pictures import lettering
from bptt_helpers.pictures.canvas import STYLE

MOVES = 120  # of each lab, spread over its controls
EVERY = 8  # one move in so many is also made with interact, which takes long


class Published(DisplayPublisher):
    """Takes what IPython would send to the browser, and counts the PNG pictures in it."""

    count = 0

    def publish(self, data, *args, **options):
        """Takes one message; data: {kind: content}."""
        self.count += "image/png" in data

    def clear_output(self, wait=False):
        """There is no page to clear."""


def start_inline_backend():
    """An IPython shell that shows matplotlib's figures inline, as a notebook's kernel does: Published."""
    shell = InteractiveShell.instance()
    matplotlib.use("inline")
    configure_inline_support(shell, pyplot.switch_backend)
    shell.display_pub = Published()
    return shell.display_pub


def written_anew(string, size, weight, dpi, colour, boxed):
    """The image of a text without anything remembered: in place of lettering._image."""
    return lettering._coloured(lettering._ink(string, "DejaVu Sans", size, weight, dpi), colour, boxed)[::-1]


def interact(declaration):
    """`interact` with the lab's computation and picture, a new figure each time: {setting: widget}."""

    no_work = () if declaration.live is None else (None,)

    def draw(**settings):
        with style.context(STYLE), mock.patch.object(lettering, "_image", written_anew):
            declaration.picture(pyplot.figure(figsize=declaration.picture.size)).update(
                declaration.compute(Record(settings), *no_work)
            )
            pyplot.show()

    controls = declaration.controls.items()
    # A file that the learner may bring stays closed.
    sliders = {name: one.widgets(one.value)[0] for name, one in controls if not isinstance(one, File)}
    closed = {name: ipywidgets.fixed(one.value) for name, one in controls if isinstance(one, File)}
    ipywidgets.interactive(draw, **sliders, **closed)
    return sliders


def moves(declaration):
    """About MOVES pairs (setting, value): each control's range in turn, from one end to the other."""
    each = max(2, MOVES // len(declaration.controls))
    for name, control in declaration.controls.items():
        values = control.spread()
        for index in range(each):
            yield name, values[index * len(values) // each]


def milliseconds(widget, value):
    """How long it takes until all who listen to the widget have dealt with its new value."""
    start = time.perf_counter()
    widget.value = value
    return 1000 * (time.perf_counter() - start)


def measure(declaration, published):
    """Milliseconds by control: ({setting: list} with the lab, list with interact)."""
    lab, usual = declaration(), interact(declaration)
    kept, fresh = {name: [] for name in declaration.controls}, []
    before = None
    for count, (name, value) in enumerate(moves(declaration)):
        if before not in (None, name):  # the last control goes back before the next one is moved
            lab.controls[before].value = declaration.controls[before].value
            if before in usual:
                usual[before].value = declaration.controls[before].value
        before = name
        drawn = lab.numbers
        taken = milliseconds(lab.controls[name], value)
        if lab.numbers is drawn:
            continue  # it stood there already, or at the end of a range that another control narrows
        kept[name].append(taken)
        if count % EVERY == 0 and value != usual[name].value:
            shown = published.count
            fresh.append(milliseconds(usual[name], value))
            if published.count != shown + 1:
                raise RuntimeError(f"interact showed {published.count - shown} pictures, expected 1")
        if lab.error:
            raise lab.error
    return kept, fresh


def report(name, kept, fresh):
    slowest = max((times for times in kept.items() if times[1]), key=lambda times: median(times[1]))
    every = [value for times in kept.values() for value in times]
    return (
        f"{name:16s}{median(every):9.1f}{median(fresh):12.1f}{median(fresh) / median(every):9.1f}"
        f"    {slowest[0]} {median(slowest[1]):.1f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--labs", default=",".join(labs.__all__), help="names, separated by commas")
    options = parser.parse_args()
    published, results = start_inline_backend(), {}
    if not options.json:
        print(f"{'lab':16s}{'lab, ms':>9s}{'interact, ms':>12s}{'times':>9s}    slowest control, ms")
    for name in options.labs.split(","):
        kept, fresh = measure(getattr(labs, name), published)
        every = median(value for times in kept.values() for value in times)
        results[name] = {
            "median_ms": round(every, 2),
            "times_faster_than_interact": round(median(fresh) / every, 1),
        }
        if not options.json:
            print(report(name, kept, fresh), flush=True)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
