"""The error surface of a scalar net as a map over bias and weight, and why there is a cliff in it.

The map, the row of it below and the bifurcation diagram share the bias as their horizontal axis; once it is
asked why there is a cliff, the folds are dotted in all of them. The cobweb is the run at the point.
"""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.transforms import Affine2D, ScaledTranslation

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, LOSS, PAPER, STATE
from bptt_helpers.pictures.tiles import Tiles

WEIGHTS, BIASES = (0.0, 7.0), (-5.0, 2.0)  # w and b on the map, of one scale: a direction keeps its angle
FLOOR = -40.0  # stands for log10 of E where that is smaller
LOWEST, HIGHEST = -2.0, np.log10(0.5)  # log10 E that has colours
HEIGHTS = (-3.0, 2 / 3)  # log10 E in the panel of the row
# The 18 tints of orange that a PNG can hold, a tenth of a power of ten each: lines are seen on all of them.
COLOURS = ListedColormap(LinearSegmentedColormap.from_list("", [PAPER, LOSS])(np.arange(1, 19) / 18))
STATES = {"sigmoid": (-0.05, 1.05), "others": (-1.2, 1.2)}

FOLD = {"color": INK, "linestyle": (0, (1, 1.6)), "linewidth": 2.0, "animated": True}
WAYS = {  # of the four optimisers, each told by line and mark
    "SGD": {"linestyle": (0, (1, 1.2)), "marker": "o", "color": INK},
    "clipped": {"linestyle": "-", "marker": "s", "color": STATE},
    "momentum": {"linestyle": (0, (5, 2)), "marker": "^", "color": INK},
    "Adam": {"linestyle": (0, (6, 1.5, 1, 1.5)), "marker": "D", "color": STATE},
}
RAISED = 0.06  # of a row of the table: numerals then stand on the line of the words beside them
MARK_SIZES = {"o": 12, "s": 5.5, "^": 9.5, "D": 8}  # seen one over the other where ways end together
ABOVE = "clipped"  # the way drawn above the others: a short one, near the start
RINGS = {  # the point, and the point as a start: thin and wide, so that ways that end near it are seen
    "point": {"markerfacecolor": PAPER, "markersize": 9, "markeredgewidth": 2.2},
    "start": {"markerfacecolor": "none", "markersize": 16, "markeredgewidth": 1.1},
}
SHOWS = {  # what is seen of the map's panel and of the tables, at each stage
    "surface": set(),
    "steps": {"steps"},
    "paths": {"paths"},
    "rests": {"rests"},
    "all": {"steps", "paths", "rests"},
}
ARROWS = {  # name, face
    "raw_step": ("raw", PAPER),
    "norm_clipped_step": ("by norm", GRADIENT),
    "value_clipped_step": ("by value", INK),
}
SHAFT, HEAD, HEAD_LENGTH = 0.035, 0.13, 0.24  # of an arrow, in units of the map
HALF_LABEL = {"all": (1.05, 0.22), "alone": (0.76, 0.16)}  # of "off the map →", in units of the map
# Where all stands, with the diagrams, or larger without them; the tables are beside the cobweb or the map.
# left, bottom, width, height in the figure
PLACES = {
    "all": {
        "map": (0.053, 0.325, 0.3815, 0.615),
        "key": (0.441, 0.325, 0.011, 0.615),
        "row": (0.053, 0.082, 0.3815, 0.165),
        "steps": (0.796, 0.282, 0.2, 0.16),
        "ways": (0.796, 0.042, 0.2, 0.24),
    },
    "alone": {
        "map": (0.053, 0.09, 0.5273, 0.85),
        "key": (0.588, 0.09, 0.012, 0.85),
        "row": (0.697, 0.59, 0.293, 0.35),
        "steps": (0.7, 0.28, 0.2, 0.16),
        "ways": (0.7, 0.2, 0.2, 0.24),
    },
}


class CliffPicture:
    """Left the map and its row; right the bifurcation diagram, the cobweb, and tables: what is asked for."""

    size = (10.8, 6.7)
    alt = (
        "A map of the error over bias and weight with a cliff in it, and the steps of gradient descent from "
        "the chosen point; beside it where runs come to rest, and the run at the point."
    )

    def __init__(self, figure):
        places = PLACES["all"]
        self._draw_map(figure.add_axes(places["map"]))
        self._draw_key(figure.add_axes(places["key"]))
        self._draw_row(figure.add_axes(places["row"]))
        self.rests, self.webs = {}, {}
        for name, limits in STATES.items():
            self.rests[name] = _Rests(figure.add_axes([0.567, 0.6, 0.423, 0.3]), limits)
            self.webs[name] = _Web(figure.add_axes([0.567, 0.082, 0.215, 0.3466]), limits)
        self._draw_step_table(figure.add_axes(places["steps"]))
        self._draw_ways_table(figure.add_axes(places["ways"]))
        self._draw_web_key(figure.add_axes([0.8, 0.11, 0.2, 0.29]))
        self.arranged = None

    def _draw_map(self, axes):
        axes.set(xlim=BIASES, ylim=WEIGHTS, ylabel="$w$")
        axes.set_xlabel("bias $b$", labelpad=1)
        axes.set_title("the error $E$ over bias and weight", loc="left")
        for spine in axes.spines.values():
            spine.set_visible(True)
            spine.set_position(("outward", 1))  # the map does not cover it
        _bias_axis(axes)
        self.surface = Tiles(axes, COLOURS, LOWEST, HIGHEST)
        self.folds = axes.plot([], [], zorder=2, **FOLD)[0]
        self.fold_name = Lettering(axes, [(0, 0)], [""], size=12, boxed=True)
        self.row_at = axes.plot(BIASES, [0, 0], color=INK, linewidth=0.8, animated=True, zorder=2)[0]
        self.paths = {
            name: axes.plot([], [], linewidth=1.8, animated=True, zorder=3.5 if name == ABOVE else 3,
                            **(look | {"marker": ""}))[0]
            for name, look in WAYS.items()
        }  # fmt: skip
        self.ends = {name: _end(axes, look, 7 if name == ABOVE else 6) for name, look in WAYS.items()}
        self.arrows = {
            name: axes.fill([0], [0], facecolor=face, edgecolor=GRADIENT, linewidth=1.4, animated=True,
                            zorder=4)[0]
            for name, (_, face) in ARROWS.items()
        }  # fmt: skip
        self.point = _ring(axes)
        self.goes_on = Lettering(axes, [(0, 0)], [""], size=12, colours=GRADIENT, boxed=True)

    def _draw_key(self, axes):
        edges = np.linspace(LOWEST, HIGHEST, COLOURS.N + 1)
        self.key = axes.pcolormesh([0, 1], edges, (edges[:-1, None] + edges[1:, None]) / 2, cmap=COLOURS,
                                   vmin=LOWEST, vmax=HIGHEST)  # fmt: skip
        axes.set(xticks=[])
        axes.yaxis.tick_right()
        ticks = {0.01: "≤.01", 0.03: ".03", 0.1: ".1", 0.2: ".2", 0.5: "≥.5"}
        axes.set_yticks(np.log10(list(ticks)), ticks.values(), fontsize=12)
        axes.tick_params(length=0)

    def _draw_row(self, axes):
        axes.set(xlim=BIASES, ylim=HEIGHTS)
        axes.set_xlabel("bias $b$", labelpad=1)
        axes.set_title("the error along the thin line", loc="left")
        _bias_axis(axes)
        axes.set_yticks([-3, -2, -1, 0], [".001", ".01", ".1", "1"])
        self.row_folds = axes.plot([], [], zorder=1, **FOLD)[0]
        self.row = axes.plot([], [], color=LOSS, linewidth=2.6, animated=True, zorder=2)[0]
        self.row_point = _ring(axes)

    def _draw_step_table(self, axes):
        rows = _table(axes, "one step: its length", [name for name, _ in ARROWS.values()])
        for y, (_, face) in zip(rows, ARROWS.values(), strict=True):
            axes.fill(*_sample_arrow(y), facecolor=face, edgecolor=GRADIENT, linewidth=1.4)
        self.lengths = Lettering(axes, [(1.0, y - RAISED) for y in rows], [""] * 3, size=12, align="right")

    def _draw_ways_table(self, axes):
        rows = _table(axes, "$E$ at step", [*WAYS, ""])[:-1]
        for y, look in zip(rows, WAYS.values(), strict=True):
            axes.plot([0.0, 0.15], [y, y], linewidth=1.8, clip_on=False, **(look | {"marker": ""}))
            _move_end(_end(axes, look, 6, animated=False), 0.15, y, is_outside=False)
        axes.text(0, rows[-1] + 1, "hollow: off the map", fontsize=12, va="center_baseline")
        self.at_step = Lettering(axes, [(0.46, 0.3 - RAISED)], [""], size=12, align="left")
        self.losses = Lettering(axes, [(1.0, y - RAISED) for y in rows], [""] * 4, size=12, align="right")

    def _draw_web_key(self, axes):
        """What the marks and lines of the cobweb are."""
        dot = {"color": INK, "marker": "o", "markersize": 8, "linestyle": ""}
        looks = {
            "one step": {"color": INK, "linewidth": 1.8},
            "no change": {"color": FAINT, "linewidth": 1.2},
            "the run": {"color": STATE, "linewidth": 1.3},
            "rests, stable": dot,
            "rests, unstable": dot | {"markerfacecolor": PAPER},
        }
        axes.set(xlim=(0, 1), ylim=(len(looks) - 0.5, -0.5))
        axes.axis("off")
        for y, (name, look) in enumerate(looks.items()):
            x = [0.075] if "marker" in look else [0.02, 0.13]
            axes.plot(x, [y] * len(x), **look)
            axes.text(0.18, y, name, fontsize=12, va="center_baseline")
        self.web_key = axes

    def update(self, numbers):
        """Shows what labs.cliff computed."""
        shown = SHOWS[numbers["show"]]
        kind = "sigmoid" if numbers["func"] == "sigmoid" else "others"
        for name in STATES:
            for panel in (self.rests[name], self.webs[name]):
                panel.axes.set_visible(name == kind and "rests" in shown)
        self.web_key.set_visible(shown == {"rests"})  # where no table stands
        self._arrange("all" if "rests" in shown else "alone")
        self._move_map(numbers, shown)
        self._move_row(numbers, shown)
        if "rests" in shown:
            self.rests[kind].move(numbers)
            self.webs[kind].move(numbers)
        self._write_tables(numbers, shown)

    def _arrange(self, place):
        if place == self.arranged:
            return  # moving axes, even to where they are, makes all transforms be computed anew
        self.arranged = place
        panels = (self.point, self.key, self.row, self.lengths, self.losses)
        for artist, at in zip(panels, PLACES[place].values(), strict=True):
            artist.axes.set_position(at)
        self.point.axes.tick_params(labelbottom=place == "alone")
        self.point.axes.xaxis.label.set_visible(place == "alone")

    def _move_map(self, numbers, shown):
        w, b = numbers["w"], numbers["b"]
        self.surface.show(numbers["surface"][::-1])
        _draw_through(self.row_at, BIASES, [w, w])
        self.point.set(xdata=[b], ydata=[w], **RINGS["start" if shown == {"paths"} else "point"])
        self._move_folds(*numbers["fold_lines"], "rests" in shown)
        self._move_ways(numbers["paths"])
        self.goes_on.set_visible(False)
        for name, arrow in self.arrows.items():
            arrow.set_visible("steps" in shown)
            if "steps" in shown:
                tail = np.array([b, w])
                tip, is_cut = _to_the_edge(tail, numbers[name][::-1])
                arrow.set_xy(_arrow(tail, tip))
                if is_cut and name == "raw_step":
                    self._say_it_goes_on(tail, tip, numbers["raw_step"][::-1])

    def _move_folds(self, weights, folds, is_shown):
        self.folds.set_visible(is_shown)
        self.fold_name.set_visible(is_shown and len(weights) > 0)
        if not self.fold_name.get_visible():
            _draw_through(self.folds, [], [])
            return
        _draw_through(self.folds, np.append(folds[0][::-1], folds[1]), np.append(weights[::-1], weights))
        i = np.flatnonzero(folds[1] < BIASES[1] - 0.9)[-1]
        self.fold_name.place([(folds[1][i] + 0.5, min(weights[i], 6.72))], ["folds"])

    def _move_ways(self, paths):
        for name, line in self.paths.items():
            path = paths.get(name)
            for artist in (line, self.ends[name]):
                artist.set_visible(path is not None)
            if path is not None:
                drawn = _within(path[:, ::-1])
                line.set_data(*drawn.T)
                x, y = drawn[np.flatnonzero(np.isfinite(drawn[:, 0]))[-1]]
                _move_end(self.ends[name], x, y, is_outside=(y, x) != tuple(path[-1]))

    def _say_it_goes_on(self, tail, tip, step):
        """Beside the arrow's head: above it, or below where there is no room above."""
        along = step / np.hypot(*step)  # also where the tail is at the edge already
        if abs(along[1]) > abs(along[0]):
            text = "off the map ↑" if along[1] > 0 else "off the map ↓"
        else:
            text = "off the map →" if along[0] > 0 else "← off the map"
        half = np.array(HALF_LABEL[self.arranged])
        upward = np.array([-along[1], along[0]]) * (1 if along[0] >= 0 else -1)
        places = []
        for aside in (upward, -upward):
            at = tip - (np.abs(along) @ half) * along + (np.abs(aside) @ half + HEAD + 0.08) * aside
            places.append(_moved_inside(at, along, half))
        (above, moved_above), (below, moved_below) = places
        self.goes_on.place([above if moved_above < moved_below + 1 else below], [text])
        self.goes_on.set_visible(True)

    def _move_row(self, numbers, shown):
        low, high = HEIGHTS
        _move_folds(self.row_folds, numbers["folds"] if "rests" in shown else [], low, high)
        _draw_through(self.row, numbers["row_biases"], np.clip(numbers["row"], low - 1, high + 1))
        height = np.log10(max(numbers["E"], 10.0**FLOOR))
        self.row_point.set_data([numbers["b"]], [np.clip(height, low, high)])

    def _write_tables(self, numbers, shown):
        self.lengths.axes.set_visible("steps" in shown)
        self.losses.axes.set_visible("paths" in shown)
        self.lengths.write([_short(np.hypot(*numbers[name])) for name in ARROWS])
        if "paths" in shown:
            self.at_step.write([str(len(numbers["paths"]["SGD"]) - 1)])
            self.losses.write([_error(numbers["path_losses"][way][-1]) for way in WAYS])


class _Rests:
    """The bifurcation diagram: where the net comes to rest, over b, and where T steps bring it."""

    def __init__(self, axes, limits):
        self.axes, self.limits = axes, limits
        axes.set(xlim=BIASES, ylim=limits, ylabel="$s$")
        axes.set_xlabel("bias $b$", labelpad=1)
        axes.set_title("where a run comes to rest", loc="left", pad=24)
        _bias_axis(axes)
        self.folds = axes.plot([], [], zorder=1, **FOLD)[0]
        self.here = axes.plot([], [], color=INK, linewidth=0.8, animated=True, zorder=1)[0]
        self.target = axes.plot(BIASES, [0, 0], color=LOSS, linewidth=1.6, linestyle=(0, (6, 3)),
                                animated=True, zorder=1)[0]  # fmt: skip
        self.after = axes.plot([], [], color=STATE, linewidth=5, alpha=0.35, animated=True, zorder=2)[0]
        self.stable = axes.plot([], [], color=INK, linewidth=1.8, animated=True, zorder=3)[0]
        self.unstable = axes.plot([], [], color=INK, linewidth=1.5, linestyle=(0, (4, 2.5)), animated=True,
                                  zorder=3)[0]  # fmt: skip
        self._explain(axes)
        self.last = axes.plot([], [], "o", color=STATE, markersize=9, animated=True, zorder=4,
                              clip_on=False)[0]  # fmt: skip

    @staticmethod
    def _explain(axes):
        """Samples of the lines, above the panel, in points from its upper left corner."""
        corner = _points_from(axes, 0, 1)
        looks = {
            "stable": {"color": INK, "linewidth": 1.8},
            "unstable": {"color": INK, "linewidth": 1.5, "linestyle": (0, (4, 2.5))},
            "after $T$ steps": {"color": STATE, "linewidth": 5, "alpha": 0.35},
            "target": {"color": LOSS, "linewidth": 1.6, "linestyle": (0, (6, 3))},
        }
        for x, (name, look) in zip((0, 70, 156, 268), looks.items(), strict=True):
            axes.plot([x, x + 20], [12, 12], transform=corner, clip_on=False, **look)
            axes.text(x + 23, 12, name, transform=corner, fontsize=12, va="center_baseline")

    def move(self, numbers):
        low, high = self.limits
        rests = numbers["rests"]
        _move_folds(self.folds, numbers["folds"], low, high)
        _draw_through(self.here, [numbers["b"]] * 2, self.limits)
        _draw_through(self.target, BIASES, [numbers["target"]] * 2)
        states = np.clip(numbers["row_states"], 2 * low - high, 2 * high - low)
        _draw_through(self.after, numbers["row_biases"], states)
        for line, wanted in ((self.stable, rests.stable), (self.unstable, ~rests.stable)):
            _draw_through(line, np.where(wanted, np.clip(rests.b, -99, 99), np.nan), rests.s)
        self.last.set_data([numbers["b"]], [np.clip(numbers["states"][-1], low, high)])


class _Web:
    """The run at the point as a cobweb, with its fixed points."""

    def __init__(self, axes, limits):
        self.axes, self.limits = axes, limits
        axes.set(xlim=limits, ylim=limits, xlabel="$s_{t-1}$", ylabel="$s_t$")
        axes.set_title("the run at the point", loc="left")
        axes.plot(limits, limits, color=FAINT, linewidth=1.2)
        self.grid = np.linspace(*limits, 101)
        self.map = axes.plot([], [], color=INK, linewidth=1.8, animated=True, zorder=2)[0]
        self.web = axes.plot([], [], color=STATE, linewidth=1.3, animated=True, zorder=3)[0]
        self.stable, self.unstable = (
            axes.plot([], [], "o", color=INK, markerfacecolor=face, markersize=8, animated=True, zorder=4)[0]
            for face in (INK, PAPER)
        )

    def move(self, numbers):
        low, high = self.limits
        corners = np.clip(
            np.nan_to_num(np.repeat([numbers["s_init"], *numbers["states"]], 2)), 3 * low, 3 * high
        )
        _draw_through(self.web, corners[:-1], corners[1:])
        _draw_through(self.map, self.grid, numbers["one_step"](self.grid))
        for line, wanted in ((self.stable, True), (self.unstable, False)):
            points = [point.s for point in numbers["fixed_points"] if point.stable is wanted]
            _draw_through(line, points, points)


def _points_from(axes, x, y):
    """A transform whose unit is a point and whose origin is (x, y), in 0 … 1 of the axes."""
    points = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    return points + ScaledTranslation(x, y, axes.transAxes)


def _bias_axis(axes):
    axes.set_xticks(range(-5, 3), [str(b).replace("-", "−") for b in range(-5, 3)])


def _ring(axes):
    return axes.plot([], [], "o", color=INK, animated=True, clip_on=False, zorder=5, **RINGS["point"])[0]


def _draw_through(line, x, y):
    """The line's new data, unless it has them already: then it keeps what it has computed to draw them."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    old_x, old_y = line.get_data()
    if not (np.array_equal(old_x, x, equal_nan=True) and np.array_equal(old_y, y, equal_nan=True)):
        line.set_data(x, y)


def _move_folds(line, folds, low, high):
    """Upright lines at all folds."""
    _draw_through(line, np.repeat(folds, 3), np.tile([low, high, np.nan], len(folds)))


def _short(value):
    """A number that is not negative, in at most eight characters."""
    if not 1e-3 <= value < 1e4:
        return "0" if value == 0 else "overflow" if not np.isfinite(value) else f"{value:.0e}"
    return f"{value:.{3 if value < 1 else 2 if value < 100 else 0}f}"


def _error(value):
    """An error for the table of ways: below a thousandth it is told apart from 0 only."""
    return "<.001" if 0 < value < 1e-3 else _short(value)


def _table(axes, heading, names):
    """A heading and a column of names beside room for samples; returns their heights."""
    rows = 1.3 + np.arange(len(names))
    axes.set(xlim=(0, 1), ylim=(rows[-1] + 0.5, -0.2))
    axes.axis("off")
    axes.text(0, 0.3, heading, fontsize=12, va="center_baseline")
    for y, name in zip(rows, names, strict=True):
        axes.text(0.21, y, name, fontsize=12, va="center_baseline")
    return rows


def _end(axes, look, zorder, animated=True):
    """The mark at a way's end."""
    size = MARK_SIZES[look["marker"]]
    return axes.plot([], [], marker=look["marker"], color=look["color"], markersize=size, markeredgewidth=0.9,
                     animated=animated, clip_on=False, zorder=zorder)[0]  # fmt: skip


def _move_end(mark, x, y, is_outside):
    """Puts the mark there: hollow where the way goes on beyond the map's edge."""
    mark.set_data([x], [y])
    mark.set_markerfacecolor(PAPER if is_outside else mark.get_color())
    mark.set_markeredgecolor(mark.get_color() if is_outside else PAPER)


def _within(path):
    """What of a path (n, 2) of (x, y) is on the map, (2 n - 2, 2): each piece's ends, nan where unseen."""
    start, move = path[:-1], np.diff(path, axis=0)
    move = np.where(move == 0, 1e-300, move)
    edges = np.array([BIASES, WEIGHTS]).T[:, None]  # (2, 1, 2)
    with np.errstate(over="ignore", invalid="ignore"):
        shares = (edges - start) / move  # (2, n - 1, 2)  of each step, until it meets the edges
        enters = np.maximum(shares.min(axis=0).max(axis=-1), 0)
        leaves = np.minimum(shares.max(axis=0).min(axis=-1), 1)
        pieces = start[:, None] + np.stack([enters, leaves], axis=-1)[..., None] * move[:, None]
    pieces[leaves == 1, 1] = path[1:][leaves == 1]
    pieces[enters > leaves] = np.nan  # equal: a start at the edge, which is seen
    return pieces.reshape(-1, 2)


def _to_the_edge(tail, step):
    """Where an arrow (x, y) ends: at its tip, or where it meets the map's edge; and whether it does."""
    share = 1.0
    for start, move, (low, high) in zip(tail, step, (BIASES, WEIGHTS), strict=True):
        if move:
            share = min(share, ((high if move > 0 else low) - start) / move)
    return tail + share * step, share < 1


def _moved_inside(at, along, half):
    """A label moved back along the arrow until all of it is on the map, and by how much."""
    low, high = np.array([BIASES, WEIGHTS]).T + np.array([[1], [-1]]) * half
    beyond = np.maximum(at - high, 0) - np.maximum(low - at, 0)  # (2,)
    # An arrow along an edge cannot bring its label in: as far away as the map is long.
    backs = [
        min(need / way, 7.0) if need * way > 0 else 7.0 * (need != 0)
        for need, way in zip(beyond, along, strict=True)
    ]
    back = max(backs)
    return np.clip(at - back * along, low, high), back


def _arrow(tail, tip):
    """The corners of an arrow, (7, 2); one shorter than its head is a small head."""
    along = tip - tail
    length = np.hypot(*along)
    if length == 0:
        return np.repeat(tail[None], 7, axis=0)
    along = along / length
    aside = np.array([-along[1], along[0]])
    scale = min(1.0, length / HEAD_LENGTH)
    neck = tip - scale * HEAD_LENGTH * along
    shaft, head = scale * SHAFT * aside, scale * HEAD * aside
    return np.array([tail + shaft, neck + shaft, neck + head, tip, neck - head, neck - shaft, tail - shaft])


def _sample_arrow(row):
    """An arrow to the right in the table, xs and ys."""
    corners = _arrow(np.array([0.0, 0.0]), np.array([0.55, 0.0]))
    return 0.17 / 0.55 * corners[:, 0], row + 2.4 * corners[:, 1]
