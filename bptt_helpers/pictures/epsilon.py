"""How wrong a measured slope is against the size of the step, and the loss under a microscope."""

import numpy as np

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, LOSS, PARAMETER

SMALLEST, LARGEST, STEP = -18, -1, 0.25  # of log10 ε
LOWEST, HIGHEST = -17.0, 2.0  # of log10 of the relative error
WAYS = {  # way of measuring: how its curve looks
    "one-sided": {"color": PARAMETER, "linewidth": 1.6, "linestyle": (0, (5, 1.5))},
    "central": {"color": GRADIENT, "linewidth": 2.6},
    "complex step": {
        "color": INK,
        "linewidth": 1.4,
    },  # thin: where it falls upon the central one, both are seen
}
DIFFERENCES = ("one-sided", "central")
REACH = 3.0  # the change of the loss that the microscope has room for, in units of what the slope promises


class EpsilonPicture:
    """Left the error of each way of measuring against ε, right the loss around the weight, magnified 1/ε."""

    size = (10.6, 4.9)
    alt = (
        "The relative error of a measured slope against the size of the step, falling and rising again for "
        "differences, level for the complex step; beside it the loss close to the weight."
    )

    def __init__(self, figure):
        self._draw_curves(figure.add_axes([0.085, 0.125, 0.53, 0.69]))
        self._draw_microscope(figure.add_axes([0.71, 0.125, 0.265, 0.69]))

    def _draw_curves(self, axes):
        axes.set(xlim=(SMALLEST - 0.3, LARGEST + 0.3), ylim=(LOWEST - 0.5, HIGHEST))
        axes.set_title("how wrong the measured slope is", y=1.13, pad=0)
        axes.set(xlabel="step ε", ylabel="relative error")
        axes.xaxis.set_label_coords(0.5, -0.085)
        _powers_of_ten(axes.set_xticks, [-18, -15, -12, -9, -6, -3])
        _powers_of_ten(axes.set_yticks, [-16, -12, -8, -4, 0])
        axes.grid(axis="y")
        (self.guides,) = axes.plot([], [], ":", color=PARAMETER, linewidth=1.6, animated=True)
        (self.other,) = axes.plot([], [], color=FAINT, linewidth=2, animated=True)
        self.here = axes.axvline(0, color=FAINT, linewidth=1.5, animated=True, zorder=1)
        self.curves = {way: axes.plot([], [], animated=True, **look)[0] for way, look in WAYS.items()}
        self.dots = {
            way: axes.plot([], [], "o", color=look["color"], markersize=1 + 3 * look["linewidth"],
                           animated=True, zorder=4)[0]
            for way, look in WAYS.items()
        }  # fmt: skip
        handles = [axes.plot([], [], **WAYS[way])[0] for way in DIFFERENCES]
        axes.legend(handles, DIFFERENCES, loc="lower left", bbox_to_anchor=(-0.015, 0.99), ncols=2,
                    fontsize=11, handlelength=1.6, columnspacing=1.1, borderpad=0.2)  # fmt: skip
        self.labels = Lettering(axes, size=12, colours=PARAMETER)
        # What is not shown at first stands beside its curve, not in the legend.
        self.names = Lettering(axes, size=12, align="left")

    def _draw_microscope(self, axes):
        axes.set(xlim=(-2, 2), ylim=(-REACH, REACH), ylabel="change of E, in units of |slope| · ε")
        axes.set_title("the loss E, magnified 1/ε times", y=1.13, pad=0)
        axes.set_xticks([-2, -1, 0, 1, 2], ["−2ε", "−ε", "weight", "+ε", "+2ε"])
        axes.set_yticks([-2, -1, 0, 1, 2], ["−2", "−1", "0", "1", "2"])
        axes.axvline(-1, color=FAINT, linewidth=1)
        axes.axvline(1, color=FAINT, linewidth=1)
        (self.slope,) = axes.plot([], [], "--", color=INK, linewidth=1.6, animated=True, zorder=2)
        (self.chord,) = axes.plot([], [], color=GRADIENT, linewidth=2.6, animated=True, zorder=3)
        (self.loss,) = axes.plot([], [], ".", color=LOSS, markersize=6, animated=True, zorder=4)
        (self.ends,) = axes.plot([], [], "o", color=GRADIENT, markersize=9, animated=True, zorder=5)
        handles = [axes.plot([], [], "--", color=INK, linewidth=1.6)[0],
                   axes.plot([], [], color=GRADIENT, linewidth=2.6)[0],
                   axes.plot([], [], ".", color=LOSS, markersize=10)[0]]  # fmt: skip
        axes.legend(handles, ["true slope", "measured", "E"], loc="lower left", bbox_to_anchor=(-0.1, 0.99),
                    ncols=3, fontsize=11, handlelength=1.2, columnspacing=0.8, borderpad=0.2)  # fmt: skip

    def update(self, numbers):
        """Moves all to what labs.epsilon has computed."""
        self._move_curves(numbers)
        self._move_microscope(numbers)

    def _move_curves(self, numbers):
        at, x = numbers["at"], numbers["log_epsilons"]
        for way, errors in numbers["errors"].items():
            y = logarithm(errors) if way in numbers["shown"] else np.full(len(x), np.nan)
            self.curves[way].set_data(x, y)
            self.dots[way].set_data(x[at : at + 1], y[at : at + 1])
        name, errors = numbers["other"]
        if "complex step" in numbers["shown"]:
            self.other.set_data(x, logarithm(errors))
            low = logarithm(numbers["errors"]["complex step"][x < -14]).max()
            self.names.place(
                [(SMALLEST, low + 0.8), (SMALLEST, low + 2.6)],
                ["complex step", f"{numbers['precision']}; grey: {name}"],
            )
        else:
            self.other.set_data([], [])
            self.names.place([(SMALLEST, -12.6)], [numbers["precision"]])
        self.here.set_xdata([x[at], x[at]])
        bend, rounding = (np.log10(numbers["guides"][guide]) for guide in ("bend", "rounding"))
        self.guides.set_data([*x, np.nan, *x], [*bend, np.nan, *rounding])
        left, right = np.searchsorted(x, [x[numbers["best"]] - 4, -3.6])
        self.labels.place(
            [(x[left] - 2.4, rounding[left] - 2.2), (x[right] - 3.4, bend[right] - 3.5)],
            [r"rounding $\propto 1/\varepsilon$", r"bend $\propto \varepsilon^2$"],
        )

    def _move_microscope(self, numbers):
        window, change = numbers["window"], np.clip(numbers["loss_change"], -50, 50)
        self.loss.set_data(window, change)
        middle, quarter = len(window) // 2, len(window) // 4
        ends = [middle - quarter, middle + quarter]  # −ε and +ε
        self.ends.set_data(window[ends], change[ends])
        low, high = change[ends]
        between, half = (low + high) / 2, (high - low) / 2
        self.chord.set_data([-2, 2], [between - 2 * half, between + 2 * half])
        sign = np.sign(numbers["exact"])
        self.slope.set_data([-2, 2], [-2 * sign, 2 * sign])


def logarithm(errors):
    """log10 of relative errors; an error of 0 is drawn at the lower edge."""
    return np.log10(np.maximum(errors, 10.0**LOWEST))


def _powers_of_ten(set_ticks, exponents):
    set_ticks(exponents, [f"$10^{{{exponent}}}$" if exponent else "1" for exponent in exponents])
