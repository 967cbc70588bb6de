"""Two networks that learn: their held-out loss against chance, and what is left of the error on its way back.

A network looks as it does in the picture of labs.gates.
"""

import numpy as np
from matplotlib.transforms import ScaledTranslation

from bptt_helpers.pictures.flow import NOTHING, REACH, name_the_ends, powers_of_ten
from bptt_helpers.pictures.gates import LOOKS
from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import of_log10, plain
from bptt_helpers.pictures.palette import FAINT, INK, LOSS

__all__ = ["NETWORKS", "NOTHING", "RacePicture"]

# As train.NETWORKS calls them, and as they are called in words.
NETWORKS = {
    "rnn": "tanh network",
    "orthogonal": "orthogonal network",
    "identity-relu": "identity-ReLU network",
    "lstm": "LSTM",
    "gru": "GRU",
}
LABELS = {
    "rnn": "tanh", "orthogonal": "orthogonal", "identity-relu": "identity ReLU", "lstm": "LSTM", "gru": "GRU",
}  # fmt: skip
AS_IN_GATES = {"rnn": "tanh", "identity-relu": "relu"}
LOWEST, HIGHEST = -4.0, 2.3  # log10 of the loss; above 1 stand the names
NAMES_AT = (1.95, 1.45)
ROW = 0.8  # log10 units of a line of text beside the gradient
APART = 3.6  # between the names of two networks there
PLACES = {  # left, bottom, width, height in the figure, by what is shown
    "learning": ((0.07, 0.12, 0.9, 0.78), None),
    "all": ((0.07, 0.12, 0.42, 0.78), (0.69, 0.12, 0.25, 0.78)),
}


class RacePicture:
    """The loss of both over the steps, chance between; and how much of the error reaches each step."""

    size = (10.6, 5.2)
    alt = (
        "The loss of a plain network and of an LSTM on sequences held out, over the steps of training, with "
        "a line at chance; beside it how much of the last error reaches each step."
    )

    def __init__(self, figure):
        learning, gradient = (figure.add_axes(place) for place in PLACES["all"])
        self._draw_learning(learning)
        self._draw_gradient(gradient)
        self.arranged = "all"

    def _draw_learning(self, axes):
        axes.set(xlim=(0, 1), ylim=(LOWEST, HIGHEST), xticks=[])
        axes.set_title("loss on held-out sequences", loc="left", pad=8)
        powers_of_ten(axes, range(-4, 2))
        axes.spines["left"].set_bounds(LOWEST, 1)
        (self.chance,) = axes.plot(
            [0, 1], [0, 0], color=LOSS, linewidth=2, linestyle=(0, (6, 3)), animated=True
        )
        self.chance_name = Lettering(axes, size=12, align="right", colours=INK)
        self.losses = [axes.plot([], [], animated=True, zorder=3)[0] for _ in range(2)]
        self.now = [
            axes.plot([], [], mark, markersize=8, clip_on=False, animated=True, zorder=4)[0] for mark in "so"
        ]
        self.samples = [axes.plot([], [], animated=True, zorder=3)[0] for _ in range(2)]
        self.names = Lettering(axes, size=12, weight="bold", align="left")
        self.amounts = Lettering(axes, size=12, weight="bold", align="left")
        self.steps = _below(axes)

    def _draw_gradient(self, axes):
        axes.set(xlim=(0, 1), ylim=(-REACH, REACH), xticks=[])
        axes.set_title("left of the last error", loc="left", pad=8)
        powers_of_ten(axes, range(-9, 10, 3))
        axes.yaxis.tick_right()
        axes.tick_params(axis="y", length=0, pad=3)
        name_the_ends(axes, 0.5, 7.9, "center")
        self.untrained = [axes.plot([], [], animated=True, zorder=2)[0] for _ in range(2)]
        self.left = [axes.plot([], [], animated=True, zorder=3)[0] for _ in range(2)]
        # Words and numbers are placed apart: numbers move fast, and line up.
        self.sizes, self.words = (
            Lettering(axes, size=11, align="right", transform=axes.transData + _left_by(axes, points))
            for points in (12, 70)
        )
        self.nets = Lettering(
            axes, size=12, weight="bold", align="right", transform=axes.transData + _left_by(axes, 12)
        )
        (self.leaders,) = axes.plot([], [], color=FAINT, linewidth=1, clip_on=False, animated=True, zorder=1)
        self.times = _below(axes)

    def update(self, numbers):
        """Shows what labs.race computed."""
        self._arrange(numbers["show"])
        looks = _looks(numbers["networks"])
        self._move_chance(numbers["chance"])
        self._move_learning(numbers, looks)
        if self.times.axes.get_visible():
            self._move_gradient(numbers, looks)

    def _arrange(self, show):
        if show == self.arranged:
            return
        self.arranged = show
        for axes, place in zip((self.chance.axes, self.times.axes), PLACES[show], strict=True):
            axes.set_visible(place is not None)
            if place is not None:
                axes.set_position(place)

    def _move_chance(self, chance):
        level = np.log10(chance)
        self.chance.set_ydata([level, level])
        self.chance_name.place([(0.995, level + 0.25)], [f"chance {plain(chance, 3)}"])

    def _move_learning(self, numbers, looks):
        amounts = ["", ""]
        for index, look in enumerate(looks):
            x, level = np.empty(0), np.empty(0)
            if numbers["losses"]:
                losses = numbers["losses"][index]
                x = numbers["checked_at"][index] / numbers["steps"]
                with np.errstate(divide="ignore"):
                    level = np.nan_to_num(np.log10(losses), nan=1.0, posinf=1.0, neginf=-60.0)
                level = np.minimum(level, 1.0)  # above stand the names
                has_overflowed = index in numbers["overflowed"] or not np.isfinite(losses[-1])
                amounts[index] = "overflow" if has_overflowed else plain(float(losses[-1]))
            for line in (self.losses[index], self.samples[index]):
                line.set(**look)
            self.losses[index].set_data(x, level)
            self.now[index].set_data(x[-1:], np.maximum(level[-1:], LOWEST))
            self.now[index].set_color(look["color"])
            self.samples[index].set_data([0.03, 0.12], [NAMES_AT[index]] * 2)
        colours = [look["color"] for look in looks]
        self.amounts.place([(0.145, at) for at in NAMES_AT], amounts, colours)
        after = 0.145 if not any(amounts) else 0.4 if self.arranged == "all" else 0.26
        self.names.place([(after, at) for at in NAMES_AT], _names(numbers["networks"]), colours)
        rate = f"steps of Adam, rate {numbers['rate']:.2g}"
        self.steps.place([(0, 0), (0.5, 0), (1, 0)], ["0", rate, str(numbers["steps"])])

    def _move_gradient(self, numbers, looks):
        T = numbers["task"].T
        x = np.linspace(0, 1, T)
        now, before = numbers["left"], numbers["left_untrained"]
        for index, look in enumerate(looks):
            self.left[index].set(**look)
            self.untrained[index].set(**look | {"linewidth": 1.2, "alpha": 0.45})
            for line, left in ((self.left[index], now[index]), (self.untrained[index], before[index])):
                line.set_data(([], []) if left is None else (x, np.clip(left, -60, 60)))
        ends = [0.0 if left is None else float(np.clip(left[0], -REACH, REACH)) for left in now]
        levels = _apart(ends)
        self.nets.place([(0, at) for at in levels], _names(numbers["networks"]), [l["color"] for l in looks])
        rows = [(0, at - ROW * row) for at in levels for row in (1.1, 2)]
        has_begun = numbers["step"] > 0
        was = [_written(left) if has_begun else "" for left in before]
        self.sizes.place(rows, [_written(now[0]), was[0], _written(now[1]), was[1]])
        self.words.place(rows, ["now", "before" if has_begun else ""] * 2)
        leaders = [[(-0.02, levels[i]), (0, ends[i]), (np.nan, np.nan)] for i in range(2)]
        self.leaders.set_data(*np.concatenate(leaders).T)
        self.times.place([(0, 0), (0.5, 0), (1, 0)], ["0", "step t", str(T - 1)])


def _looks(networks):
    """How both are drawn; one that races against itself is told by its thickness, too."""
    first, second = (LOOKS[AS_IN_GATES.get(network, network)] for network in networks)
    return [first, second | {"linewidth": 1.3} if first == second else second]


def _names(networks):
    first, second = (LABELS[network] for network in networks)
    return [first, f"{second}, too" if first == second else second]


def _written(left):
    if left is None:
        return "overflow"
    return "0" if left[0] == NOTHING else of_log10(left[0], 2)


def _apart(ends):
    """Two heights as near to `ends` as can be, with room for three lines below each, in the panel."""
    low, high = sorted(ends)
    short = max(0.0, APART - (high - low))
    low, high = low - short / 2, high + short / 2
    up = max(0.0, 2.3 * ROW - REACH - low)
    low, high = low + up, max(high, low + up + APART)
    down = max(0.0, high - (REACH - 0.4))
    low, high = min(low, high - down - APART), high - down
    return [low, high] if ends[0] <= ends[1] else [high, low]


def _left_by(axes, points):
    return ScaledTranslation(-points / 72, 0, axes.figure.dpi_scale_trans)


def _below(axes):
    """What stands below a panel."""
    further = ScaledTranslation(0, -13 / 72, axes.figure.dpi_scale_trans)
    return Lettering(axes, size=12, transform=axes.get_xaxis_transform() + further)
