"""One sweep back through the unrolled chain: who speaks to the step just visited, and what it adds to dW."""

import numpy as np
from matplotlib.colors import to_rgba

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import short, signed, tight
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, LOSS, PARAMETER, SIGNED_GRADIENT, STATE

LONGEST = 12
LARGEST_H = 3

# Coordinates are pixels at 100 dots per inch.
WIDTH, HEIGHT = 1100, 610
LOSSES, STATES, LENGTHS, TIMES = 570, 490, 446, 420  # the rows of the chain
RADIUS = 19
PIPE = 272  # the middle of the row of vectors
VECTORS = {  # name: (x, in code, in words, operator to its left)
    "ds": (105, "ds[t]", "what the loss says", ""),
    "from_future": (281, "from_future", "what the future says", "+"),
    "total": (443, "sum", "both", "="),
    "slope": (595, "f′(z[t])", "slope", "×"),
    "dz": (747, "dz[t]", "told to z[t]", "="),
    "passed_on": (985, "from_future", "passed on to s[t−1]", "@ W  ="),
}
LINE, CELL, ROW = 24, 80, 34  # a line of a vector; a cell of a matrix
MATRIX_TOP = 126
MATRICES = {  # name: (left, in code, how far to its left stands the operator, operator)
    "before": (30, "dW so far", 0, ""),
    "added": (440, "outer(dz[t], s_prev[t])", 120, "+"),
    "after": (800, "dW now", 60, "="),
}


class BackwardSweepPicture:
    """The chain with its lit arrows, the vectors of the step just visited, and dW before and after it."""

    size = (WIDTH / 100, HEIGHT / 100)
    alt = (
        "The chain of steps with the arrows lit along which the error has travelled; below it the vectors "
        "of the step just visited, from what its loss says to what it passes on; and the matrix dW before "
        "and after."
    )

    def __init__(self, figure):
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
        axes.axis("off")
        self._draw_chain(axes)
        self._draw_vectors(axes)
        self._draw_matrices(axes)

    def _draw_chain(self, axes):
        axes.text(12, LOSSES, "loss", va="center", color=INK)
        axes.text(12, STATES, "state", va="center", color=STATE)
        axes.text(12, LENGTHS, "‖dz[t]‖", va="center", color=GRADIENT, fontsize=11)
        axes.text(12, TIMES, "t", va="center", color=PARAMETER)
        (self.forward,) = axes.plot([], [], color=FAINT, linewidth=2, animated=True, zorder=1)
        (self.back,) = axes.plot([], [], color=GRADIENT, linewidth=4, animated=True, zorder=2)
        (self.heads,) = axes.plot([], [], "<", color=GRADIENT, markersize=11, animated=True, zorder=3)
        (self.drops,) = axes.plot([], [], "v", color=GRADIENT, markersize=10, animated=True, zorder=3)
        self.losses = axes.scatter([], [], s=560, marker="s", linewidths=2, animated=True, zorder=4)
        self.nodes = axes.scatter([], [], s=760, linewidths=2, animated=True, zorder=4)
        (self.here,) = axes.plot([], [], "o", markersize=40, markerfacecolor="none", markeredgecolor=GRADIENT,
                                 markeredgewidth=3, animated=True, zorder=5)  # fmt: skip
        self.labels = Lettering(axes, size=13)
        self.loss_labels = Lettering(axes, size=13)
        self.lengths = Lettering(axes, size=11, colours=GRADIENT)
        self.times = Lettering(axes, colours=PARAMETER)

    def _draw_vectors(self, axes):
        axes.plot([12, WIDTH - 12], [394, 394], color=FAINT, linewidth=1)
        before = 0
        for x, code, words, operator in VECTORS.values():
            axes.text(x, PIPE + 96, code, ha="center", va="center", family="DejaVu Sans Mono", fontsize=13)
            axes.text(x, PIPE + 72, words, ha="center", va="center", fontsize=11, color=PARAMETER)
            axes.text((before + x) / 2, PIPE, operator, ha="center", va="center", fontsize=14)
            before = x
        (self.brackets,) = axes.plot([], [], color=PARAMETER, linewidth=1.5, animated=True)
        self.entries = Lettering(axes, size=12)

    def _draw_matrices(self, axes):
        axes.plot([12, WIDTH - 12], [212, 212], color=FAINT, linewidth=1)
        for left, code, reach, operator in MATRICES.values():
            axes.text(left, MATRIX_TOP + 56, code, va="center", family="DejaVu Sans Mono", fontsize=13)
            middle = MATRIX_TOP - 1.5 * ROW
            axes.text(left - reach, middle, operator, ha="center", va="center", fontsize=14)
        # One mesh holds the three matrices and, between them, two columns that stay empty: one is faster.
        borders = np.concatenate([left + CELL * np.arange(LARGEST_H + 1) for left, *_ in MATRICES.values()])
        self.mesh = axes.pcolormesh(
            borders, MATRIX_TOP - ROW * np.arange(LARGEST_H + 1), np.zeros((LARGEST_H, len(borders) - 1)),
            cmap=SIGNED_GRADIENT, vmin=0, vmax=1, animated=True)  # fmt: skip
        (self.frames,) = axes.plot([], [], color=FAINT, linewidth=1, animated=True)
        self.cells = Lettering(axes, size=11)
        self.margins = Lettering(axes, size=11)

    def update(self, numbers):
        """Show what labs.backward_sweep computed."""
        self._move_chain(numbers["t"], numbers["has_loss"], numbers["sweep"]["dz"])
        self._write_vectors(numbers["t"], numbers["sweep"])
        self._write_matrices(numbers["t"], numbers["sweep"], numbers["s_prev"])

    def _move_chain(self, t, has_loss, dz):
        T = len(dz)
        gap = min(150, 920 / T)
        columns = 120 + gap * np.arange(T + 1)  # s_{-1}, s_0 … s_{T-1}
        steps, visited = np.arange(T), np.arange(t, T)
        with_loss = steps[has_loss]
        told = with_loss[with_loss >= t]
        self.forward.set_data(
            [columns[0], columns[-1], *_apart(np.repeat(columns[1:][has_loss], 2))],
            [STATES, STATES, *_apart(np.tile([STATES, LOSSES], len(with_loss)))],
        )
        left = columns[visited]  # where the error that step t passes on arrives
        along = _apart(np.ravel(np.column_stack([left + RADIUS + 4, left + gap - RADIUS])))
        down = _apart(np.repeat(columns[told + 1], 2))
        self.back.set_data(
            [*along, *down],
            [
                *_apart(np.full(2 * len(visited), STATES)),
                *_apart(np.tile([LOSSES - 17, STATES + RADIUS], len(told))),
            ],
        )
        self.heads.set_data(left + RADIUS + 8, np.full(len(left), STATES))
        self.drops.set_data(columns[told + 1], np.full(len(told), STATES + RADIUS + 7))
        is_visited = np.append(False, steps >= t)
        self._paint(self.nodes, columns, STATES, np.where(is_visited, GRADIENT, STATE))
        self._paint(self.losses, columns[with_loss + 1], LOSSES, [LOSS] * len(with_loss))
        self.here.set_data(columns[t + 1 : t + 2] if t < T else [], [STATES] if t < T else [])
        names = [f"$s_{{{step}}}$" for step in range(-1, T)]
        self.labels.place(_row(columns, STATES), names)
        self.loss_labels.place(
            _row(columns[with_loss + 1], LOSSES), [f"$E_{{{step}}}$" for step in with_loss]
        )
        sizes = np.linalg.norm(dz[t:], axis=-1)
        self.lengths.place(_row(columns[visited + 1], LENGTHS), [_length(size) for size in sizes])
        self.times.place(_row(columns, TIMES), [str(step).replace("-", "−") for step in range(-1, T)])

    @staticmethod
    def _paint(nodes, columns, row, colours):
        nodes.set_offsets(_row(columns, row))
        nodes.set_edgecolor(colours)
        nodes.set_facecolor([_tint(colour) for colour in colours])

    def _write_vectors(self, t, sweep):
        started = t < len(sweep["dz"])
        H = sweep["dz"].shape[1]
        rows = PIPE + LINE * ((H - 1) / 2 - np.arange(H))
        positions, strings, colours = [], [], []
        for name, (x, *_) in VECTORS.items():
            values = sweep[name][t] if started else [None] * H
            positions += [(x, row) for row in rows]
            strings += ["·" if value is None else _entry(value) for value in values]
            colours += [PARAMETER if name == "slope" else GRADIENT] * H
        self.entries.place(positions, strings, colours)
        half = LINE * H / 2 + 2
        corners = [
            [(x + 45 * side, PIPE + half), (x + 52 * side, PIPE + half), (x + 52 * side, PIPE - half),
             (x + 45 * side, PIPE - half), (np.nan, np.nan)]
            for x, *_ in VECTORS.values() for side in (-1, 1)
        ]  # fmt: skip
        self.brackets.set_data(*np.reshape(corners, (-1, 2)).T)

    def _write_matrices(self, t, sweep, s_prev):
        T, H = sweep["dz"].shape
        started = t < T
        scale = _scale(sweep["after"][0])
        positions, strings, shades = [], [], np.full((LARGEST_H, 3, LARGEST_H + 1), np.nan)
        for matrix, (name, (left, *_)) in enumerate(MATRICES.items()):
            values = sweep[name][t] if started else np.zeros((H, H))
            shades[:H, matrix, :H] = 0.5 + 0.3 * np.clip(values / scale, -1, 1)  # pale enough to read ink on
            positions += [
                (left + CELL * (j + 0.5), MATRIX_TOP - ROW * (i + 0.5)) for i in range(H) for j in range(H)
            ]
            strings += [_entry(value) if started or name != "added" else "·" for value in values.flat]
        self.frames.set_data(*np.hstack([_frame(left, H) for left, *_ in MATRICES.values()]))
        self.mesh.set_array(np.ma.masked_invalid(shades.reshape(LARGEST_H, -1)[:, :-1]))
        self.cells.place(positions, strings)
        left = MATRICES["added"][0]
        beside = [(left - CELL / 2 - 4, MATRIX_TOP - ROW * (i + 0.5)) for i in range(H)]
        above = [(left + CELL * (j + 0.5), MATRIX_TOP + 14) for j in range(H)]
        values = [*sweep["dz"][t], *s_prev[t]] if started else []
        self.margins.place(
            [*beside, *above] if started else [], [_entry(value) for value in values],
            [GRADIENT] * H + [STATE] * H if started else INK)  # fmt: skip


def _row(columns, height):
    return np.column_stack([columns, np.full(len(columns), height)])


def _apart(ends):
    """Line data with a gap after every two points."""
    pairs = np.reshape(np.asarray(ends, float), (-1, 2))
    return np.column_stack([pairs, np.full(len(pairs), np.nan)]).ravel()


def _frame(left, H):
    """The grid lines of a matrix with H rows and columns, as line data: x, y."""
    right, bottom = left + CELL * H, MATRIX_TOP - ROW * H
    across = [(x, y) for i in range(H + 1) for x, y in _line(left, right, MATRIX_TOP - ROW * i)]
    down = [(x, y) for j in range(H + 1) for y, x in _line(MATRIX_TOP, bottom, left + CELL * j)]
    return np.transpose(across + down)


def _line(start, end, at):
    return (start, at), (end, at), (np.nan, np.nan)


def _entry(value):
    """A number in at most eight characters."""
    if value == 0:
        return "0"
    written = signed(value, 3 if abs(value) < 10 else 1)
    return written if len(written) <= 8 else tight(value)  # an exponent of three digits


def _tint(colour):
    """A pale version of a colour, opaque: what is written on it stays legible."""
    return tuple(0.2 * channel + 0.8 for channel in to_rgba(colour)[:3])


def _length(size):
    return f"{size:.0e}".replace("e-0", "e-") if 0 < size < 0.005 else short(size)


def _scale(matrix):
    largest = np.abs(matrix).max()
    return largest if np.isfinite(largest) and largest > 0 else 1.0
