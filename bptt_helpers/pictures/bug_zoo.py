"""A table of bugs and checks: which is caught by which, and how far off its gradient is."""

from textwrap import wrap

import numpy as np

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.palette import FAINT, INK, MAGNITUDE, PARAMETER

BUGS, CHECKS = 17, 11  # rows and columns there is room for; the last check stands apart, it is your own

# Coordinates are pixels at 100 dots per inch, from the lower left corner.
WIDTH, HEIGHT = 1080, 575
LEFT, CELL, GAP, ROW = 232, 74, 20, 25  # where the checks begin; a cell; before your own check; a row
TOP, LINE = 466, 17  # the upper edge of the table; a line of a column's head
BOTTOM = TOP - BUGS * ROW
HEADS = {"the loss falls": "the loss falls to"}  # its number is no error
CAUGHT = 0.3  # on the scale of MAGNITUDE: pale enough to read ink on


class BugZooPicture:
    """One row a bug, one column a check: filled where caught, and in each cell the largest relative error."""

    size = (WIDTH / 100, HEIGHT / 100)
    alt = (
        "A table with one row for each bug and one column for each check. A cell is filled where the check "
        "catches the bug, and has the largest relative error as its number."
    )

    def __init__(self, figure):
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
        axes.axis("off")
        self.lefts = LEFT + CELL * np.arange(CHECKS)
        self.lefts[-1] += GAP
        self.rows = TOP - ROW * (np.arange(BUGS) + 0.5)  # the middle of each row
        self.centres = centres = self.lefts + CELL / 2
        axes.text(12, TOP + 50, "which check catches which bug", va="center", fontsize=13)
        axes.text(12, TOP + 28, "filled: caught", va="center", color=PARAMETER, fontsize=11)
        axes.text(12, TOP + 11, "number: relative error", va="center", color=PARAMETER, fontsize=11)
        axes.text(12, BOTTOM - 18, "how many of all are caught", va="center", fontsize=11)
        self.meshes = [
            axes.pcolormesh(borders, TOP - ROW * np.arange(BUGS + 1), np.zeros((BUGS, len(borders) - 1)),
                            cmap=MAGNITUDE, vmin=0, vmax=1, edgecolors=FAINT, linewidth=0.4, animated=True)
            for borders in ([*self.lefts[:-1], self.lefts[-2] + CELL], self.lefts[-1] + [0, CELL])
        ]  # fmt: skip
        (self.lanes,) = axes.plot([], [], color=INK, linewidth=1.4, animated=True, zorder=3)
        (self.chosen,) = axes.plot([], [], color=INK, linewidth=4, animated=True, zorder=4)
        self.names = Lettering(axes, [(12, row) for row in self.rows], [""] * BUGS, size=11, align="left")
        self.heads = Lettering(axes, size=11)
        cells = [(centre, row) for row in self.rows for centre in centres]
        self.cells = Lettering(axes, cells, [""] * len(cells), size=11)
        self.counts = Lettering(axes, [(centre, BOTTOM - 18) for centre in centres], [""] * CHECKS, size=12)

    def update(self, numbers):
        """Moves all to what labs.bug_zoo has computed."""
        caught, shown = numbers["caught"], numbers["shown"]
        self._write_names(numbers["bugs"], numbers["checks"])
        shades = np.where(shown & caught, CAUGHT, 0.0)
        for mesh, columns in zip(self.meshes, (shades[:, :-1], shades[:, -1:]), strict=True):
            mesh.set_array(columns)
        strings = [
            error_in_a_cell(error) if seen else "?"
            for error, seen in zip(numbers["errors"].flat, shown.flat, strict=True)
        ]
        self.cells.write(strings, [INK if found else PARAMETER for found in (shown & caught).flat])
        counts = zip(caught.sum(axis=0), shown.all(axis=0), strict=True)
        self.counts.write([str(count) if seen else "?" for count, seen in counts])
        self._outline(numbers["row"], numbers["column"])

    def _write_names(self, bugs, checks):
        self.names.write(bugs)
        positions, lines = [], []
        for centre, check in zip(self.centres, checks, strict=True):
            head = [line for part in HEADS.get(check, check).split(", ") for line in wrap(part, 10)]
            positions += [(centre, TOP + 11 + LINE * above) for above in reversed(range(len(head)))]
            lines += [line.replace("s_init", "s₋₁") for line in head]
        self.heads.place(positions, lines)

    def _outline(self, row, column):
        """The lane of the bug, the lane of the check, and where they cross."""
        left, right = self.lefts[column], self.lefts[column] + CELL
        high, low = TOP - ROW * row, TOP - ROW * (row + 1)
        lanes = [_rectangle(6, self.lefts[-1] + CELL, low, high), _rectangle(left, right, BOTTOM, TOP)]
        self.lanes.set_data(*np.concatenate([lanes[0], [(np.nan, np.nan)], lanes[1]]).T)
        self.chosen.set_data(*_rectangle(left, right, low, high).T)


def error_in_a_cell(error):
    """At most five characters: "0.31", "36", "4e-11", "0", "nan"."""
    if error == 0 or not np.isfinite(error):
        return f"{error:.0f}"
    if 0.005 <= error < 1e4:
        return f"{error:.2f}" if error < 9.995 else f"{error:.0f}"
    return f"{error:.0e}"


def _rectangle(left, right, low, high):
    return np.array([(left, low), (left, high), (right, high), (right, low), (left, low)])
