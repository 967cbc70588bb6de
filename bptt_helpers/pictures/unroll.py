"""The loop laid out in time: the chain of states, the states as a curve, the cobweb with its fixed points."""

import numpy as np

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import plain, short, signed
from bptt_helpers.pictures.palette import FAINT, INK, INPUT, PAPER, PARAMETER, SIGNED_STATE, STATE

LONGEST = 24
REACH = 1.6  # the states that the two lower panels have room for
CELLS, VALUES = 0.85, 0.22  # heights in the chain
CROWDED = 0.2  # how far numbers that would touch step aside
ROWS = (0.84, 0.66, 0.48, 0.26, 0.08)  # heights in the last step


class UnrollPicture:
    """The chain above; below it the states over time, and one step as a map or the last step in numbers."""

    size = (11.0, 6.0)
    alt = (
        "The same cell drawn once for each step, in a chain, with input and state; below it the state over "
        "time, and one step drawn as a map from the last state to the next."
    )

    def __init__(self, figure):
        self._draw_chain(figure.add_axes([0.015, 0.58, 0.97, 0.36]))
        self._draw_states(figure.add_axes([0.075, 0.10, 0.50, 0.40]))
        self._draw_cobweb(figure.add_axes([0.665, 0.10, 0.325, 0.40]))
        self._draw_last_step(figure.add_axes([0.62, 0.10, 0.37, 0.40]))

    def _draw_chain(self, axes):
        axes.set(xlim=(-2.6, LONGEST - 0.4), ylim=(-0.85, 2.75))
        axes.axis("off")
        axes.set_title("the same cell at every step: $s_t = f(u\\,x_t + w\\,s_{t-1} + k)$")
        axes.set_title("cells: blue above 0, grey below, empty at 0", loc="right", fontsize=12)
        Lettering(axes, [(-2.1, 2.2), (-2.1, VALUES), (-2.1, -0.5)], ["$x_t$", "$s_t$", "$t$"],
                  colours=[INPUT, STATE, "#555555"], size=13.5)  # fmt: skip
        (self.passed_on,) = axes.plot([], [], color=STATE, linewidth=2.5, animated=True, zorder=1)
        (self.fed_in,) = axes.plot(
            [], [], color=INPUT, linewidth=2, solid_capstyle="butt", animated=True, zorder=1
        )
        (self.sockets,) = axes.plot([], [], "v", color=INPUT, markersize=7, animated=True, zorder=2)
        self.nodes = axes.scatter([], [], s=420, edgecolors=STATE, linewidths=2, animated=True, zorder=3)
        self.inputs = Lettering(axes, size=11, colours=INPUT)
        self.values = Lettering(axes, size=11, colours=STATE)
        self.times = Lettering(axes, colours="#555555")

    def _draw_states(self, axes):
        axes.set(xlim=(-1.6, LONGEST - 0.4), ylim=(-REACH, REACH), xlabel="step $t$")
        axes.set_title("the states over time")
        axes.axhline(0, color=FAINT, linewidth=1)
        axes.set_xticks([-1, 0, 5, 10, 15, 20], ["$-1$", "0", "5", "10", "15", "20"])
        (self.curve,) = axes.plot([], [], "o-", color=STATE, animated=True)
        (self.start,) = axes.plot(
            [], [], "o", markerfacecolor=PAPER, color=STATE, markersize=8, animated=True, zorder=4
        )
        (self.above,) = axes.plot([], [], "^", color=INK, markersize=9, animated=True, zorder=4)
        (self.below,) = axes.plot([], [], "v", color=INK, markersize=9, animated=True, zorder=4)
        (self.rests,) = axes.plot([], [], ":", color=INK, linewidth=1.6, animated=True)

    def _draw_cobweb(self, axes):
        axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="$s_{t-1}$", ylabel="$s_t$")
        axes.set_title("one step as a map, last input held")
        axes.text(REACH, -1.5, "● settles here   ○ moves away", ha="right", fontsize=11, color=INK)
        axes.plot([-REACH, REACH], [-REACH, REACH], color=FAINT, linewidth=1.2)
        self.grid = np.linspace(-REACH, REACH, 121)
        (self.map,) = axes.plot([], [], color=INK, animated=True)
        (self.web,) = axes.plot([], [], color=STATE, linewidth=1.4, animated=True)
        (self.stable,) = axes.plot([], [], "o", color=INK, markersize=10, animated=True, zorder=4)
        (self.unstable,) = axes.plot(
            [], [], "o", color=INK, markerfacecolor=PAPER, markersize=10, animated=True, zorder=4
        )

    def _draw_last_step(self, axes):
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.axis("off")
        colours = [INPUT, STATE, PARAMETER, INK, STATE]
        self.heading = Lettering(axes, [(0.02, 1.06)], [""], size=13, align="left")
        self.terms = Lettering(
            axes, [(0.06, row) for row in ROWS], [""] * 5, size=15, colours=colours, align="left"
        )
        self.sums = Lettering(axes, [(0.98, row) for row in ROWS], [""] * 5, colours=colours, align="right")

    def update(self, numbers):
        """Shows x, z and s (T,), s_init, the weights, and the map and its fixed points where there is one."""
        s, s_init = numbers["s"], numbers["s_init"]
        self._move_chain(numbers["x"], s, s_init)
        self._move_states(s, s_init, numbers["fixed_points"])
        is_mapped = numbers["map"] is not None
        self.map.axes.set_visible(is_mapped)
        self.terms.axes.set_visible(not is_mapped)
        if is_mapped:
            self._move_cobweb(s, s_init, numbers["held_from"], numbers["map"], numbers["fixed_points"])
        else:
            self._move_last_step(numbers)

    def _move_chain(self, x, s, s_init):
        steps = np.arange(len(s))
        columns = np.arange(-1, len(s))
        states = np.concatenate([[s_init], s])
        self.passed_on.set_data([-1, len(s) - 0.35], [CELLS, CELLS])
        self.fed_in.set_data(np.repeat(steps, 3), np.tile([CELLS, 1.9, np.nan], len(steps)))
        self.sockets.set_data(steps, np.full(len(s), CELLS + 0.38))
        self.nodes.set_offsets(np.column_stack([columns, np.full(len(columns), CELLS)]))
        with np.errstate(invalid="ignore"):
            self.nodes.set_facecolor(SIGNED_STATE(0.5 + 0.5 * np.clip(np.nan_to_num(states), -1, 1)))
        for lettering, at, height, texts in (
            (self.inputs, steps, 2.2, [short(value) for value in x]),
            (self.values, columns, VALUES, [_four(value) for value in states]),
        ):
            # Four characters fill the room between two steps: then every other number stands aside.
            aside = CROWDED * (at % 2 == 0) * (max(map(len, texts)) >= 4)
            lettering.place(np.column_stack([at, height + aside * np.sign(height - 1)]), texts)
        self.times.place(
            [(column, -0.5) for column in columns], [str(column).replace("-", "−") for column in columns]
        )

    def _move_states(self, s, s_init, fixed_points):
        columns = np.arange(-1, len(s))
        states = np.concatenate([[s_init], s])
        inside, below = np.abs(states) <= REACH, states < -REACH
        above = ~inside & ~below  # nan, too
        self.curve.set_data(columns, np.where(inside, states, np.nan))
        self.start.set_data([-1], [s_init])
        self.above.set_data(columns[above], np.full(above.sum(), 0.94 * REACH))
        self.below.set_data(columns[below], np.full(below.sum(), -0.94 * REACH))
        lines = [[(-1.6, LONGEST), (point.s, point.s), np.nan] for point in fixed_points if point.stable]
        self.rests.set_data(
            [x for _ in lines for x in (-1.6, LONGEST, np.nan)],
            [y for line in lines for y in (*line[1], np.nan)],
        )

    def _move_cobweb(self, s, s_init, held_from, one_step, fixed_points):
        # Before held_from the input was another one, and so was the map.
        states = np.concatenate([[s_init], s])[held_from:]
        corners = np.clip(np.nan_to_num(np.repeat(states, 2)), -9, 9)
        self.web.set_data(corners[:-1], corners[1:])
        self.map.set_data(self.grid, one_step(self.grid))
        for artist, wanted in ((self.stable, True), (self.unstable, False)):
            points = [point.s for point in fixed_points if point.stable is wanted]
            artist.set_data(points, points)

    def _move_last_step(self, numbers):
        (u, w, k), x, s = numbers["weights"], numbers["x"][-1], numbers["s"]
        t, before = len(s) - 1, s[-2]  # T is 2 at least
        self.heading.write([f"the last step, t = {t}, in numbers"])
        sums = "\\mathrm{sum}", f"\\mathrm{{{numbers['func']}}}(z_{{{t}}})"
        terms = (
            f"u\\,x_{{{t}}}",
            f"w\\,s_{{{t - 1}}}",
            "k",
            f"z_{{{t}}} = {sums[0]}",
            f"s_{{{t}}} = {sums[1]}",
        )
        self.terms.write([f"${term}$" for term in terms])
        with np.errstate(over="ignore", invalid="ignore"):
            products = [(u, x, u * x), (w, before, w * before)]
        self.sums.write(
            [
                *(f"{plain(a, 2)} × {plain(b, 3)} = {signed(product, 3)}" for a, b, product in products),
                *(signed(value, 3) for value in (k, numbers["z"][-1], s[-1])),
            ]
        )


def _four(value):
    """A state in at most four characters, all there is room for; beyond 1e10 a mark as in the panel below."""
    text = short(value)
    return text if len(text) <= 4 else "▲" if value > 0 else "▼"
