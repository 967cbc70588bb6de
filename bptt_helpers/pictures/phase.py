"""Where the gradient vanishes, lives or explodes: maps over the weight, and one place's course over time.

Rows of the upper left map and of the course below it share their steps: the course is the map's row at w.
Lightness alone tells the three regions: vanished is paper, alive light, exploded dark.
"""

import numpy as np
from matplotlib.colors import ListedColormap

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import of_log10, plain
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, MAGNITUDE, PAPER, STATE
from bptt_helpers.pictures.tiles import Tiles

LONGEST = 200  # steps
# log10. Below a millionth the gradient has vanished, above a million it has exploded: a term a millionth as
# large as the others changes only the last of float32's seven digits.
MILLION = 6
NOTHING = -1e6  # stands for the log10 of 0: far below all that LONGEST factors can make
WEIGHTS, BIASES = 6.075, 3.075  # w and b reach from minus this to this, half a cell beyond their sliders
REACH, STATES = 10, 1.3  # log10 sizes and states that have room

REGIONS = ("vanished", "alive", "exploded")
COLOURS = ListedColormap([PAPER, *MAGNITUDE(np.linspace(0.2, 0.55, 253)), MAGNITUDE(1.0)])
GROWING = MAGNITUDE(0.2)
WRITTEN_IN = {"vanished": INK, "alive": INK, "exploded": PAPER}
PLACES = {"vanished": (0.8, 0.2), "alive": (0.5, 0.5), "exploded": (0.8, 0.85)}  # where names go best
GRID = 41  # cells a side of the coarse map in which room for names is looked for
ROOM = {"length": (8, 4), "bias": (13, 4)}  # columns and rows of that map that a name needs
ON_TOP = {"animated": True, "clip_on": False, "zorder": 4}  # whole marks at the edges, too
ROOMY = (3, 1.7, 1)  # times so much, the largest that fits


class PhasePicture:
    """Two maps above, over (T, w) and over (b, w); below them the course over time and the states."""

    size = (10.8, 6.6)
    alt = (
        "Maps of where the gradient has vanished, lives or has exploded, over weight and number of steps, "
        "and over weight and bias; below them its size step by step, and the state."
    )

    def __init__(self, figure):
        self._draw_length(figure.add_axes([0.075, 0.485, 0.485, 0.455]))
        self._draw_bias(figure.add_axes([0.70, 0.485, 0.285, 0.455]))
        self._draw_course(figure.add_axes([0.075, 0.085, 0.485, 0.265]))
        self._draw_key(figure.add_axes([0.566, 0.085, 0.011, 0.265]))
        self._draw_states(figure.add_axes([0.70, 0.085, 0.285, 0.265]))

    def _draw_length(self, axes):
        _weight_axis(axes)
        axes.set(xlim=(-0.5, LONGEST + 0.5), xlabel="number of steps $T$", ylabel="$w$")
        axes.set_title("the gradient's size after $T$ steps, bias $b$ =", loc="left")
        self.length = Tiles(axes, COLOURS, -MILLION, MILLION)
        (self.row_below,) = axes.plot([], [], color=PAPER, linewidth=4, animated=True, zorder=3)
        (self.row,) = axes.plot([], [], color=INK, linewidth=1.6, animated=True, zorder=3)
        self.at_length = _marker(axes)
        self.length_names = Lettering(axes, transform=axes.transAxes, size=12)
        self.bias_now = _number_in_title(axes, 0.727)

    def _draw_bias(self, axes):
        _weight_axis(axes)
        axes.set(xlim=(-BIASES, BIASES), xlabel="bias $b$")
        axes.set_title("the same, $T$ =", loc="left")
        axes.set_xticks(range(-3, 4), [str(b).replace("-", "−") for b in range(-3, 4)])
        self.bias = Tiles(axes, COLOURS, -MILLION, MILLION)
        self.at_bias = _marker(axes)
        self.bias_names = Lettering(axes, transform=axes.transAxes, size=12)
        self.steps_now = _number_in_title(axes, 0.442)

    def _draw_course(self, axes):
        axes.set(xlim=(-0.5, LONGEST + 0.5), ylim=(-REACH, REACH), xlabel="steps so far")
        axes.set_title("the course at the mark: the size after each step", loc="left")
        axes.set_yticks(range(-9, 10, 3), [f"$10^{{{e}}}$" if e else "1" for e in range(-9, 10, 3)])
        for border in (-MILLION, MILLION):
            axes.axhline(border, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.axhline(0, color=FAINT, linewidth=1)
        (self.ahead,) = axes.plot([], [], color=FAINT, linewidth=2, animated=True)
        (self.course,) = axes.plot([], [], color=GRADIENT, linewidth=2.8, animated=True)
        (self.end,) = axes.plot([], [], "o", color=GRADIENT, markersize=9, **ON_TOP)
        self.end_size = Lettering(axes, [(0, 0)], [""], size=13, colours=GRADIENT, boxed=True)

    @staticmethod
    def _draw_key(axes):
        steps = np.linspace(-REACH, REACH, 241)
        axes.pcolormesh([0, 1], steps, (steps[:-1, None] + steps[1:, None]) / 2, cmap=COLOURS,
                        vmin=-MILLION, vmax=MILLION)  # fmt: skip
        axes.set(xticks=[], yticks=[-8, 0, 8])
        axes.yaxis.tick_right()
        axes.set_yticklabels(REGIONS, fontsize=12)
        axes.tick_params(length=0)

    def _draw_states(self, axes):
        axes.set(xlim=(-0.5, LONGEST + 0.5), ylim=(-STATES, STATES), xlabel="steps so far", yticks=[-1, 0, 1])
        axes.set_yticklabels(["−1", "0", "1"])
        axes.set_title("the state; shaded: $|w\\,f\\,'(z)| > 1$", loc="left")
        (self.growing,) = axes.fill([0], [0], color=GROWING, linewidth=0, animated=True, zorder=1)
        # Dots, not a line: a state that jumps to and fro at each step would fill the panel.
        (self.states_ahead,) = axes.plot([], [], ".", color=FAINT, markersize=4, animated=True)
        (self.states,) = axes.plot([], [], ".", color=STATE, markersize=5, animated=True)
        (self.last_state,) = axes.plot([], [], "o", color=STATE, markersize=8, **ON_TOP)

    def update(self, numbers):
        """Shows what labs.phase computed."""
        self._move_length(numbers)
        shows_bias = numbers["show"] == "all"
        self.bias.axes.set_visible(shows_bias)
        if shows_bias:
            self._move_bias(numbers)
        self._move_course(numbers["T"], numbers["course"])
        self._move_states(numbers["T"], numbers["states"], numbers["growing"])

    def _move_length(self, numbers):
        w, T = numbers["w"], numbers["T"]
        self.length.show(numbers["over_length"][::-1])
        self.row_below.set_data([-0.5, T], [w, w])
        self.row.set_data([-0.5, T], [w, w])
        self.at_length.set_data([T], [w])
        place = (T + 0.5) / (LONGEST + 1), 0.5 + w / (2 * WEIGHTS)
        _name_regions(self.length_names, numbers["over_length"], "length", place, has_row=True)
        self.bias_now.write([plain(numbers["b"], 2)])

    def _move_bias(self, numbers):
        w, b = numbers["w"], numbers["b"]
        self.bias.show(numbers["over_bias"][::-1])
        self.at_bias.set_data([b], [w])
        place = 0.5 + b / (2 * BIASES), 0.5 + w / (2 * WEIGHTS)
        _name_regions(self.bias_names, numbers["over_bias"], "bias", place)
        self.steps_now.write([str(numbers["T"])])

    def _move_course(self, T, course):
        steps = np.arange(LONGEST + 1)
        drawn = np.clip(course, -2 * REACH, 2 * REACH)
        self.course.set_data(steps[: T + 1], drawn[: T + 1])
        self.ahead.set_data(steps[T:], drawn[T:])
        end = np.clip(course[T], 0.6 - REACH, REACH - 0.6)
        self.end.set_data([T], [end])
        self.end.set_marker("^" if course[T] > REACH else "v" if course[T] < -REACH else "o")
        text = "0" if course[T] <= NOTHING else of_log10(course[T])
        # The curve comes from the left and goes on to the right: the number stands in neither's way.
        to_right, rises = T < 0.8 * LONGEST, course[T] > course[T - 1]
        self.end_size.align = "left" if to_right else "right"
        aside = -2.2 if to_right == rises else 2.2
        self.end_size.place([(T + (4 if to_right else -4), np.clip(end + aside, -8, 8))], [text])

    def _move_states(self, T, states, growing):
        steps = np.arange(LONGEST + 1)
        inside = 0.985 * STATES  # clear of the axes' lines
        low, high = np.clip(growing or (0, 0), -inside, inside)
        self.growing.set_xy([(0, low), (LONGEST + 0.5, low), (LONGEST + 0.5, high), (0, high)])
        drawn = np.clip(states, -9, 9)
        self.states.set_data(steps[: T + 1], drawn[: T + 1])
        self.states_ahead.set_data(steps[T:], drawn[T:])
        self.last_state.set_data([T], [np.clip(states[T], 0.1 - STATES, STATES - 0.1)])
        self.last_state.set_marker("^" if states[T] > STATES else "v" if states[T] < -STATES else "o")


def _number_in_title(axes, x):
    return Lettering(axes, [(x, 1.062)], [""], transform=axes.transAxes, size=13, align="left")


def _weight_axis(axes):
    axes.set(ylim=(-WEIGHTS, WEIGHTS))
    for spine in axes.spines.values():  # a frame: what has vanished is as white as the page
        spine.set_visible(True)
        spine.set_position(("outward", 1))  # the map does not cover it
    weights = (-6, -4, -2, -1, 0, 1, 2, 4, 6)
    axes.set_yticks(weights, [str(w).replace("-", "−") for w in weights])


def _marker(axes):
    """A ring that is seen on paper and on dark: the artist."""
    look = {"color": INK, "markerfacecolor": PAPER, "markersize": 11, "markeredgewidth": 2.6}
    (ring,) = axes.plot([], [], "o", **look, **ON_TOP)
    return ring


def region(log10_size):
    """0, 1 or 2, the index in REGIONS of sizes given by their log10, in the shape they have."""
    return (log10_size >= -MILLION).astype(int) + (log10_size > MILLION)


def _name_regions(names, sizes, which, marked, has_row=False):
    """Writes each region's name where it has most room, away from the mark at `marked`, (x, y) in 0 … 1."""
    rows, columns = (np.linspace(0, count - 1, GRID).round().astype(int) for count in sizes.shape)
    regions = region(sizes[np.ix_(rows, columns)])  # (GRID, GRID)
    x, y = (round(share * (GRID - 1)) for share in marked)
    regions[max(0, y - 1) : y + 2, 0 if has_row else max(0, x - 2) : x + 3] = -1
    places, strings = [], []
    for index, name in enumerate(REGIONS):
        place = _roomiest(regions == index, ROOM[which], PLACES[name])
        if place is not None:
            places.append(place)
            strings.append(name)
    names.place(places, strings, [WRITTEN_IN[name] for name in strings])


def _roomiest(inside, room, wish):
    """The middle of a box of cells that are all inside, the largest that fits, nearest to `wish`; or None."""
    total = np.zeros((GRID + 1, GRID + 1), int)
    total[1:, 1:] = inside.cumsum(axis=0).cumsum(axis=1)
    for times in ROOMY:
        columns, rows = (min(GRID, round(times * cells)) for cells in room)
        columns_summed = total[:, columns:] - total[:, :-columns]
        count = columns_summed[rows:] - columns_summed[:-rows]  # of cells inside, for every place of the box
        y, x = np.nonzero(count == rows * columns)
        if len(x):
            x, y = (x + columns / 2) / GRID, (y + rows / 2) / GRID
            nearest = np.argmin((x - wish[0]) ** 2 + (y - wish[1]) ** 2)
            return x[nearest], y[nearest]
    return None
