"""One output and what it costs: logits, their softmax, the point on the -log curve, and o - y."""

import numpy as np

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import plain, signed
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, LOSS, OUTPUT, PARAMETER

CLASSES = 3
COLUMNS = np.arange(CLASSES)
HIGHEST_LOGIT, HIGHEST_LOSS = 17.5, 8.0  # what the axes have room for; a higher loss is an arrow at the top
BAR = 34  # points


class LossPicture:
    """Four panels, from left to right the way the numbers are computed."""

    size = (11.0, 4.6)

    def __init__(self, figure):
        bottom, height = 0.17, 0.70
        self.logits = _Bars(
            figure.add_axes([0.05, bottom, 0.185, height]), OUTPUT, (-HIGHEST_LOGIT, HIGHEST_LOGIT), 1.4
        )
        self.logits.axes.set_title("logits $q$")
        self.logits.axes.set_yticks([-15, -10, -5, 0, 5, 10, 15])
        self.outputs = _Bars(figure.add_axes([0.29, bottom, 0.185, height]), OUTPUT, (0, 1.18), 0.05)
        self.outputs.axes.set_title("$o = \\mathrm{softmax}(q)$")
        self._draw_targets(self.outputs.axes)
        self._draw_curve(figure.add_axes([0.535, bottom, 0.205, height]))
        self.gradients = _Bars(figure.add_axes([0.80, bottom, 0.185, height]), GRADIENT, (-1.2, 1.2), 0.08)
        self.gradients.axes.set_title("$\\partial E/\\partial q = o - y$")

    def _draw_targets(self, axes):
        self.targets = axes.hlines(
            np.zeros(CLASSES),
            COLUMNS - 0.42,
            COLUMNS + 0.42,
            colors=INK,
            linewidth=2.5,
            animated=True,
            zorder=4,
        )
        axes.text(CLASSES - 0.5, 1.1, "mark: target $y$", ha="right", fontsize=11, color=INK)

    def _draw_curve(self, axes):
        axes.set(xlim=(0, 1.02), ylim=(0, HIGHEST_LOSS), xlabel="share of the target, $o[y]$")
        axes.set_title("$E = -\\log\\, o[y]$")
        share = np.linspace(np.exp(-HIGHEST_LOSS), 1, 400) ** 2
        axes.plot(share, -np.log(share), color=LOSS)
        guessing = np.log(CLASSES)
        axes.axhline(guessing, color=FAINT, linewidth=1.2, linestyle="--", zorder=0)
        axes.text(1.02, guessing + 0.12, "guessing: ln 3", ha="right", fontsize=11, color=PARAMETER)
        (self.drop,) = axes.plot([], [], ":", color=INK, linewidth=1.5, animated=True)
        (self.point,) = axes.plot(
            [],
            [],
            "o",
            color=LOSS,
            markeredgecolor=INK,
            markersize=11,
            clip_on=False,
            animated=True,
            zorder=4,
        )
        (self.beyond,) = axes.plot(
            [], [], "^", color=INK, markersize=11, clip_on=False, animated=True, zorder=4
        )
        self.costs = Lettering(axes, [(1.0, 7.4)], [""], size=15, weight="bold", align="right")

    def update(self, numbers):
        """Shows q, o, dq (3,), E and y."""
        y, o, E = numbers["y"], numbers["o"], numbers["E"]
        for bars, name, write in (
            (self.logits, "q", lambda value: plain(value, 1)),
            (self.outputs, "o", lambda value: f"{value:.3f}"),
            (self.gradients, "dq", lambda value: signed(value, 3) if abs(value) >= 5e-4 else f"{value:+.0e}"),
        ):
            bars.move(numbers[name], [write(value) for value in numbers[name]], y)
        one_hot = (y == COLUMNS).astype(float)
        self.targets.set_segments(
            [[(c - 0.42, h), (c + 0.42, h)] for c, h in zip(COLUMNS, one_hot, strict=True)]
        )
        inside = E <= HIGHEST_LOSS
        self.point.set_data([o[y]] if inside else [], [E] if inside else [])
        self.beyond.set_data([] if inside else [o[y]], [] if inside else [0.97 * HIGHEST_LOSS])
        self.drop.set_data([o[y], o[y], 0], [0, min(E, HIGHEST_LOSS), min(E, HIGHEST_LOSS)])
        self.costs.write([f"E = {plain(E, 3)}"])


class _Bars:
    """Three columns with a number at the end of each; the target's class is marked below."""

    def __init__(self, axes, colour, limits, gap):
        self.axes, self.gap = axes, gap
        axes.set(xlim=(-0.5, CLASSES - 0.5), ylim=limits)
        axes.set_xticks(COLUMNS, [f"class {c}" for c in COLUMNS], fontsize=11)
        axes.axhline(0, color=FAINT, linewidth=1)
        self.bars = axes.vlines(COLUMNS, 0, 0, colors=colour, linewidth=BAR, animated=True)
        self.numbers = Lettering(axes, np.column_stack([COLUMNS, COLUMNS]), [""] * CLASSES, size=11)
        self.target = Lettering(axes, transform=axes.get_xaxis_transform(), size=12, weight="bold")

    def move(self, heights, strings, target):
        self.bars.set_segments([[(c, 0), (c, h)] for c, h in zip(COLUMNS, heights, strict=True)])
        beyond = np.where(heights < 0, -self.gap, self.gap)
        self.numbers.place(np.column_stack([COLUMNS, heights + beyond]), strings)
        self.target.place([(target, -0.15)], ["target"])
