"""What is left of the last step's error at every earlier one, in five networks; gates; the cell alone.

Steps are counted backward from the last one, at the right edge, as in the picture of labs.flow.
"""

import numpy as np
from matplotlib.transforms import ScaledTranslation

from bptt_helpers.pictures.flow import MILLION, NOTHING, REACH, TICKS, _across, name_the_ends, powers_of_ten
from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import of_log10
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, OUTPUT, PARAMETER, STATE

__all__ = ["LONGEST", "MILLION", "NETWORKS", "NOTHING", "GatesPicture"]

LONGEST = 100  # steps: five networks with more would take longer than a frame

# In the order in which they are named, and drawn over each other.
NETWORKS = {
    "tanh": "tanh network",
    "orthogonal": "orthogonal network",
    "relu": "identity-ReLU network",
    "gru": "GRU",
    "lstm": "LSTM",
}
LABELS = {"tanh": "tanh", "orthogonal": "orthogonal", "relu": "identity ReLU", "gru": "GRU", "lstm": "LSTM"}
# A network is told by its line, its mark and its name; colours are three roles' and two greys.
LOOKS = {
    "tanh": {"color": PARAMETER, "linestyle": (0, (1, 1.3)), "linewidth": 2.6},
    "orthogonal": {"color": PARAMETER, "linestyle": (0, (5, 2)), "linewidth": 1.8},
    "relu": {"color": INK, "linestyle": (0, (6, 2, 1, 2)), "linewidth": 1.8},
    "gru": {"color": STATE, "linestyle": "-", "linewidth": 2.2},
    "lstm": {"color": GRADIENT, "linestyle": "-", "linewidth": 3.0},
}
MARKS = {"tanh": "s", "orthogonal": "D", "relu": "^", "gru": "o", "lstm": "o"}
GAP = 1.35  # log10, between two names at the left edge
PLACES = {  # left, bottom, width, height in the figure, by what is shown
    "curves": ((0.225, 0.1, 0.715, 0.8), None, None),
    "gates": ((0.225, 0.1, 0.415, 0.8), (0.755, 0.1, 0.235, 0.8), None),
    "all": ((0.225, 0.1, 0.415, 0.8), (0.755, 0.6, 0.235, 0.3), (0.755, 0.1, 0.235, 0.36)),
}


class GatesPicture:
    """Five curves of what is left; forget and update gates over the steps; the product of forget gates."""

    size = (10.4, 5.4)
    alt = (
        "Five curves, one a network, of how much of the last step's error is left at each earlier step, on "
        "a logarithmic scale; beside them the gates of LSTM and GRU over the steps."
    )

    def __init__(self, figure):
        curves, gates, cell = (figure.add_axes(place) for place in PLACES["all"])
        self._draw_curves(curves)
        self._draw_gates(gates)
        self._draw_cell(cell)
        self.arranged = "all"

    def _draw_curves(self, axes):
        axes.set(xlim=(0, 1), ylim=(-REACH, REACH), xticks=[])
        axes.set_title("what is left of the last step's error", loc="left", pad=8)
        powers_of_ten(axes, range(-9, 10, 3))
        axes.yaxis.tick_right()
        axes.tick_params(axis="y", length=0, pad=3)
        name_the_ends(axes, 0.5, 7.9, "center")
        at_step_0 = {"markevery": [0], "markersize": 8, "animated": True, "zorder": 3}
        self.curves = {
            name: axes.plot([], [], marker=MARKS[name], **at_step_0, **look)[0]
            for name, look in LOOKS.items()
        }
        # Names and numbers are placed apart: a number that moves is then set from digits drawn before.
        self.sizes, self.names = (
            Lettering(axes, size=12, weight="bold", align="right", transform=axes.transData + left)
            for left in (ScaledTranslation(-at / 72, 0, axes.figure.dpi_scale_trans) for at in (12, 68))
        )
        (self.leaders,) = axes.plot([], [], color=FAINT, linewidth=1, clip_on=False, animated=True, zorder=1)
        self.times = _steps_below(axes, "step t")

    def _draw_gates(self, axes):
        axes.set(xlim=(0, 1), ylim=(-0.02, 1.02), xticks=[], yticks=[0, 0.5, 1])
        axes.set_title("gates that keep: mean", loc="left", pad=8, fontsize=12)
        axes.grid(axis="y", color="#E2E2E2")
        (self.update_gate,) = axes.plot([], [], animated=True, zorder=3, **LOOKS["gru"])
        (self.forget,) = axes.plot([], [], animated=True, zorder=3, **LOOKS["lstm"])
        self.gate_names = Lettering(axes, size=11, align="left", boxed=True)
        self.gate_times = _steps_below(axes, "")

    def _draw_cell(self, axes):
        axes.set(xlim=(0, 1), ylim=(-REACH, 1.5), xticks=[])
        axes.set_title("LSTM:", loc="left", pad=8, fontsize=12)
        powers_of_ten(axes, range(-9, 1, 3))
        (self.alone,) = axes.plot([], [], color=OUTPUT, linestyle=(0, (4, 2)), linewidth=2.4, animated=True)
        (self.all_ways,) = axes.plot([], [], animated=True, zorder=3, **LOOKS["lstm"])
        above = ScaledTranslation(0, 13 / 72, axes.figure.dpi_scale_trans)
        Lettering(axes, [(0.24, 1), (0.53, 1)], ["all ways", "the cell alone"], size=12, align="left",
                  transform=axes.transAxes + above, colours=[GRADIENT, OUTPUT])  # fmt: skip
        self.cell_times = _steps_below(axes, "")

    def update(self, numbers):
        """Shows what labs.gates computed."""
        self._arrange(numbers["show"])
        T = len(numbers["forget_gate"])
        room = next(room for room in TICKS if room >= T)
        x = _across(np.arange(T)[::-1], room)  # of steps 0 … T - 1
        self._move_curves(x, numbers["relative"])
        ticks = _ticks(T, room)
        for lettering in (self.times, self.gate_times, self.cell_times):
            apart = ticks if lettering is self.times else ticks[:: max(1, len(ticks) // 2)]
            lettering.place([(_across(T - 1 - t, room), 0) for t in apart], [str(t) for t in apart])
        if self.forget.axes.get_visible():
            self._move_gates(x, numbers["forget_gate"], numbers["update_gate"])
        if self.alone.axes.get_visible():
            self._move_cell(x, numbers["relative"]["lstm"], numbers["kept"])

    def _arrange(self, show):
        if show == self.arranged:
            return
        self.arranged = show
        panels = (self.curves["lstm"].axes, self.forget.axes, self.alone.axes)
        for axes, place in zip(panels, PLACES[show], strict=True):
            axes.set_visible(place is not None)
            if place is not None:
                axes.set_position(place)

    def _move_curves(self, x, relative):
        ends = {}
        for name, curve in self.curves.items():
            if name in relative:
                beyond = np.clip(relative[name], -60, 60)
                beyond[0] = ends[name] = np.clip(beyond[0], -REACH, REACH)  # the mark stays in the panel
                curve.set_data(x, beyond)
            else:
                curve.set_data([], [])
        levels = _apart(ends)
        beside, colours = [(0, at) for at in levels.values()], [LOOKS[name]["color"] for name in levels]
        self.names.place(beside, [LABELS[name] for name in levels], colours)
        self.sizes.place(beside, [_written(relative[name][0]) for name in levels], colours)
        ways = [[-0.015, x[0], np.nan], [[at, ends[name], np.nan] for name, at in levels.items()]]
        self.leaders.set_data(np.tile(ways[0], len(levels)), np.ravel(ways[1]))

    def _move_gates(self, x, forget, update):
        """forget, update (T, H)"""
        self.forget.set_data(x, forget.mean(axis=1))
        self.update_gate.set_data(x, update.mean(axis=1))
        # The names stand in the half that the curves leave free.
        means = {"LSTM: forget": float(forget.mean()), "GRU: update": float(update.mean())}
        names = sorted(means, key=means.get)
        base = 0.08 if min(means.values()) > 0.5 else 0.78
        colours = [LOOKS["lstm" if name.startswith("LSTM") else "gru"]["color"] for name in names]
        self.gate_names.place([(0.03, base), (0.03, base + 0.14)], names, colours)

    def _move_cell(self, x, relative, kept):
        """relative (T,), kept (T, H): drawn is the mean over the units of the shares, not of their logs."""
        mean = np.log10((10.0 ** np.clip(kept, -300, 0)).mean(axis=1))
        self.alone.set_data(x, np.clip(mean, -60, 60))
        self.all_ways.set_data(x, np.clip(relative, -60, 60))


def _written(log10):
    return "0" if log10 == NOTHING else of_log10(log10, 2)


def _steps_below(axes, name):
    """The steps' numbers below a panel."""
    below = ScaledTranslation(0, -13 / 72, axes.figure.dpi_scale_trans)
    along = axes.get_xaxis_transform() + below
    if name:
        further = ScaledTranslation(0, -29 / 72, axes.figure.dpi_scale_trans)
        Lettering(axes, [(0.5, 0)], [name], size=11, transform=axes.get_xaxis_transform() + further)
    return Lettering(axes, size=11, transform=along, colours=INK)


def _ticks(T, room):
    """Steps to be written, from the last one back to step 0: list of int."""
    near = 0.09 * room
    return [T - 1 - n for n in range(0, T - 1, 2 * TICKS[room]) if T - 1 - n > near] + [0]


def _apart(levels):
    """{name: level} with at least GAP between any two, all in the panel, in the same order."""
    names = sorted(levels, key=levels.get)
    placed = []
    for name in names:
        at = levels[name] if not placed else max(levels[name], placed[-1] + GAP)
        placed.append(at)
    over = placed[-1] - (REACH - 0.4) if placed else 0
    for index in reversed(range(len(placed))):  # pushed out above: back down, one after the other
        if over <= 0:
            break
        ceiling = REACH - 0.4 - GAP * (len(placed) - 1 - index)
        placed[index] = min(placed[index], ceiling)
    return dict(zip(names, placed, strict=True))
