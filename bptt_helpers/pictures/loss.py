"""One output and what it costs: logits, their softmax, the point on the -log curve, and o - y."""

import numpy as np

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import plain, signed
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, LOSS, OUTPUT, PARAMETER

CLASSES = 3
COLUMNS = np.arange(CLASSES)
HIGHEST_LOGIT, HIGHEST_LOSS = 17.5, 8.0  # what the axes have room for; a higher loss is an arrow at the top
BAR = 34  # points
ROWS = 0.94 - 0.125 * np.arange(8)  # heights of the lines of the last panel in numbers


class LossPicture:
    """Four panels, from left to right the way the numbers are computed.

    As long as the gradient is held back, its panel shows how o and E are computed.
    """

    size = (11.0, 4.6)
    alt = (
        "Four panels from left to right: bars for the logits, bars for their softmax, the target's point on "
        "the curve of minus the logarithm, and bars for the gradient, o minus y."
    )

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
        self.gradients.axes.set_title("$\\partial E/\\partial q$")
        self._draw_in_numbers(figure.add_axes([0.775, bottom, 0.215, height]))

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
        axes.text(CLASSES - 0.5, 1.1, "mark: $y$, one-hot", ha="right", fontsize=11, color=INK)

    def _draw_curve(self, axes):
        axes.set(xlim=(0, 1.02), ylim=(0, HIGHEST_LOSS), xlabel="$o$ of the target")
        axes.set_title("$E = -\\log\\,(o$ of the target$)$")
        share = np.linspace(np.exp(-HIGHEST_LOSS), 1, 400) ** 2
        axes.plot(share, -np.log(share), color=LOSS)
        (self.guess,) = axes.plot(
            [], [], "--", color=FAINT, linewidth=1.2, scalex=False, scaley=False, animated=True, zorder=0
        )
        self.guess_name = Lettering(axes, size=11, colours=PARAMETER, align="right")
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

    def _draw_in_numbers(self, axes):
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.axis("off")
        names = [f"$e^{{q_{c}}}$" for c in COLUMNS] + ["$\\mathrm{sum}$"]
        self.heading = Lettering(axes, [(0, 1.055)], ["in numbers"], size=13, align="left", vertical="center")
        self.terms = Lettering(axes, [(0.02, row) for row in ROWS], names + [""] * 4, size=13.5,
                               colours=[OUTPUT] * 7 + [INK], align="left")  # fmt: skip
        self.results = Lettering(axes, [(0.98, row) for row in ROWS], [""] * 8,
                                 colours=[OUTPUT] * 7 + [INK], align="right")  # fmt: skip

    def update(self, numbers):
        """Shows q, o (3,), E, y, and guessing and dq (3,) where they are not None."""
        y, o, E = numbers["y"], numbers["o"], numbers["E"]
        self.logits.move(numbers["q"], [plain(value, 1) for value in numbers["q"]], y)
        self.outputs.move(o, [f"{value:.3f}" for value in o], y)
        self._move_last_panel(numbers)
        self._move_guessing(numbers["guessing"])
        one_hot = (y == COLUMNS).astype(float)
        self.targets.set_segments(
            [[(c - 0.42, h), (c + 0.42, h)] for c, h in zip(COLUMNS, one_hot, strict=True)]
        )
        inside = E <= HIGHEST_LOSS
        self.point.set_data([o[y]] if inside else [], [E] if inside else [])
        self.beyond.set_data([] if inside else [o[y]], [] if inside else [0.97 * HIGHEST_LOSS])
        self.drop.set_data([o[y], o[y], 0], [0, min(E, HIGHEST_LOSS), min(E, HIGHEST_LOSS)])
        self.costs.write([f"E = {plain(E, 3)}"])

    def _move_last_panel(self, numbers):
        dq, is_held_back = numbers["dq"], numbers["dq"] is None
        self.terms.axes.set_visible(is_held_back)
        self.gradients.axes.set_visible(not is_held_back)
        if is_held_back:
            powers = np.exp(numbers["q"])
            names = [f"$o_{c} = e^{{q_{c}}} / \\mathrm{{sum}}$" for c in COLUMNS]
            self.terms.write(self.terms.strings[:4] + names + [f"$E = -\\log\\,o_{numbers['y']}$"])
            values = [*powers, powers.sum(), *numbers["o"], numbers["E"]]
            self.results.write([plain(value, 3) for value in values])
        else:
            strings = [signed(value, 3) if abs(value) >= 5e-4 else f"{value:+.0e}" for value in dq]
            self.gradients.move(dq, strings, numbers["y"])

    def _move_guessing(self, guessing):
        if guessing is None:
            self.guess.set_data([], [])
            self.guess_name.place([], [])
        else:
            self.guess.set_data([0, 1.02], [guessing, guessing])
            self.guess_name.place([(1.02, guessing + 0.3)], [f"guessing: log {CLASSES}"])


class _Bars:
    """Three columns with a number at the end of each; the target's class is marked below."""

    def __init__(self, axes, colour, limits, gap):
        self.axes, self.gap = axes, gap
        axes.set(xlim=(-0.5, CLASSES - 0.5), ylim=limits)
        axes.set_xticks(COLUMNS, [f"class {c}" for c in COLUMNS], fontsize=11)
        axes.axhline(0, color=FAINT, linewidth=1)
        self.bars = axes.vlines(COLUMNS, 0, 0, colors=colour, linewidth=BAR, animated=True)
        places = np.column_stack([COLUMNS, COLUMNS])
        self.numbers = Lettering(axes, places, [""] * CLASSES, size=11, boxed=True)  # a mark may lie behind
        self.target = Lettering(axes, transform=axes.get_xaxis_transform(), size=12, weight="bold")

    def move(self, heights, strings, target):
        self.bars.set_segments([[(c, 0), (c, h)] for c, h in zip(COLUMNS, heights, strict=True)])
        beyond = np.where(heights < 0, -self.gap, self.gap)
        self.numbers.place(np.column_stack([COLUMNS, heights + beyond]), strings)
        self.target.place([(target, -0.15)], ["target"])
