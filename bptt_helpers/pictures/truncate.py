"""What truncation keeps of the blame matrix, by window and by chunk, and what that does to the gradient."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.transforms import Affine2D, ScaledTranslation

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import plain, tight
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, MAGNITUDE, PAPER, PARAMETER, STATE
from bptt_helpers.pictures.tiles import Tiles

# log10 of the lightest and the darkest colour, and the labels between, by what is shown
SCALES = {
    "all": (-6, 1, {-6: "$10^{-6}$", -4: "$10^{-4}$", -2: "$10^{-2}$", 0: "1"}),
    "masks": (-1.5, 0.5, {-1: "0.1", 0: "1"}),  # few steps, all much alike
}
SHORTEST, LONGEST = np.log10(0.05), 1.0  # log10 of the relative lengths that have room
NUMBERS = 5  # up to so many steps every cell has its number
STRIP = 6  # where one row alone has a loss it is drawn as high as one row of so many
NUMERAL, OF, COLON, SPACE = 7.3, 11.6, 4.1, 4.5  # points: the widths of a digit, of words, at a size of 12
CROWDED = 24  # with more steps a bold border would hide a cell
GREY = LinearSegmentedColormap.from_list("bptt_dropped", ["#E4E4E4", "#7C7C7C"])

WIDTH, HEIGHT = 1100, 520  # pixels at 100 dots per inch
# left, bottom, width, height in pixels, by what is shown
PLACES = {
    "all": ((60, 138, 276, 276), (402, 138, 276, 276), (736, 318, 350, 126), (736, 58, 350, 126)),
    "masks": ((120, 118, 330, 330), (640, 118, 330, 330), None, None),
}
OF_W = ("colour: ‖C[t, k]‖, what the error at t", "asks of the copy of W used at step k")
BY_HAND = ("number: what the error at t says to", "the copy of u used at step k")
KEPT_SCALE, DROPPED_SCALE = (120, 38, 216, 13), (120, 16, 216, 13)

WINDOW = {"linestyle": "-", "color": GRADIENT, "linewidth": 2.4}
CHUNK = {"linestyle": (0, (4, 1.6)), "color": INK, "linewidth": 1.8}
MARKS = {"window": ("o", GRADIENT, 13), "chunk": ("s", INK, 7)}  # both are seen where they meet


def degrees(angle):
    """An angle as it is written: "51°", "9.3°", "less than 0.01°"; "0°" for rounding, "?" for nan."""
    if np.isnan(angle):
        return "?"
    if angle < 1e-9:
        return "0°"
    if angle < 0.01:
        return "less than 0.01°"
    return f"{angle:.0f}°" if angle >= 9.95 else f"{angle:.1f}°" if angle >= 0.095 else f"{angle:.2f}°"


def times(length):
    """A relative length as it is written: "0.93", "3.1e-04"; "?" where there is none."""
    if np.isnan(length):
        return "?"
    return "0" if length == 0 else plain(length, 2)


class TruncatePicture:
    """The blame matrix under both masks; beside it angle and relative length of the gradient against n."""

    size = (WIDTH / 100, HEIGHT / 100)
    alt = (
        "The triangular matrix of blame twice, once cut to a window and once to chunks; beside it the angle "
        "between truncated and true gradient, and their lengths, against how far back they look."
    )

    def __init__(self, figure):
        page = _panel(figure, (0, 0, WIDTH, HEIGHT))
        _draw_scales(page)
        self.colour = Lettering(page, size=11, align="left")
        self.scale = Lettering(page, size=11)
        window, chunk, angle, length = (_panel(figure, place) for place in PLACES["all"])
        self.masks = {"window": _Mask(window, "window"), "chunk": _Mask(chunk, "chunk")}
        self.angles = _Course(angle, "angle to the true", "°")
        self.lengths = _Course(length, "length, times that of the true")
        self._draw_angles(angle)
        self._draw_lengths(length)
        self.arranged = "all"

    @staticmethod
    def _draw_angles(axes):
        axes.set(ylim=(-4, 184), yticks=[0, 45, 90, 135, 180])
        axes.set_yticklabels(["0°", "45°", "90°", "135°", "180°"], fontsize=11)
        axes.axhspan(90, 184, color="#F1F1F1", linewidth=0, zorder=0)
        axes.axhline(90, color=PARAMETER, linewidth=1.2)
        axes.text(0.985, 170, "uphill", ha="right", va="center", fontsize=11, color=PARAMETER, zorder=1)

    @staticmethod
    def _draw_lengths(axes):
        axes.set(ylim=(SHORTEST, LONGEST), yticks=np.log10([0.1, 0.5, 1, 2, 10]))
        axes.set_yticklabels(["0.1", "0.5", "1", "2", "10"], fontsize=11)
        axes.axhline(0, color=PARAMETER, linewidth=1.2)

    def update(self, numbers):
        """Shows what labs.truncate computed."""
        self._arrange(numbers["show"])
        lowest, highest, labels = SCALES[numbers["show"]]
        with np.errstate(divide="ignore"):
            shares = (np.log10(numbers["norms"]) - lowest) / (highest - lowest)
        shares = np.clip(shares, 0, 1)  # (T, T)
        rows = np.flatnonzero(numbers["with_loss"])  # which errors there are
        for name, mask in self.masks.items():
            kept = numbers[f"kept_by_{name}"]
            mask.show(shares, kept, rows)
            mask.write(shares, kept, numbers["cells"], rows, signs=numbers["by_hand"])
            mask.count(numbers[name], numbers[f"pairs_{name}"], numbers["pairs"])
        lines = BY_HAND if numbers["by_hand"] else OF_W
        left, bottom, width, height = KEPT_SCALE
        places = [left + width * (log - lowest) / (highest - lowest) for log in labels]
        self.scale.place([(x, bottom + height + 14) for x in places], list(labels.values()))
        self.colour.place([(372, 45), (372, 23)], lines)
        if self.angles.axes.get_visible():
            self._move_courses(numbers)

    def _move_courses(self, numbers):
        of_what = "∂E/∂u" if numbers["by_hand"] else "∂E/∂(U, W, k)"
        chosen = {name: numbers[name] for name in MARKS}
        angles = {name: numbers[f"angles_{name}"] for name in MARKS}
        lengths = {name: numbers[f"lengths_{name}"] for name in MARKS}
        with np.errstate(divide="ignore"):
            logs = {name: np.log10(lengths[name]) for name in MARKS}
        for course, values, raw, write in (
            (self.angles, angles, angles, _without_unit),
            (self.lengths, logs, lengths, times),
        ):
            course.show(values, chosen, [write(raw[name][n - 1]) for name, n in chosen.items()], of_what)

    def _arrange(self, show):
        if show == self.arranged:
            return  # moving axes, even to where they are, makes all transforms be computed anew
        self.arranged = show
        panels = (*(mask.axes for mask in self.masks.values()), self.angles.axes, self.lengths.axes)
        for axes, place in zip(panels, PLACES[show], strict=True):
            axes.set_visible(place is not None)
            if place is not None:
                axes.set_position(_in_figure(place))


class _Mask:
    """The blame matrix with what a mask drops in grey, and the mask's border as a staircase.

    Where one step alone has a loss, its row is all there is: it is then drawn higher, as a strip.
    """

    def __init__(self, axes, name):
        self.axes = axes
        axes.set(xlim=(0, 1), ylim=(1, 0))
        axes.axis("off")
        axes.plot([0, 1, 1, 0, 0], [0, 0, 1, 1, 0], color=FAINT, linewidth=1, clip_on=False, zorder=0)
        self.nothing = Lettering(axes, size=11, align="right", colours=PARAMETER)
        self.cells = Tiles(axes, _kept_and_dropped, 0, 1)
        (self.edge,) = axes.plot(
            [], [], color=PARAMETER, linewidth=0.8, animated=True, zorder=3, clip_on=False
        )
        (self.lid,) = axes.plot([], [], color=PARAMETER, linewidth=0.8, animated=True, zorder=3)
        (self.border,) = axes.plot([], [], color=INK, linewidth=3.2, animated=True, zorder=4, clip_on=False)
        corner = _points_from(axes, 0, 1)
        colour = MARKS[name][1]
        title = "window of" if name == "window" else "chunks of"
        stays = {"transform": corner, "va": "baseline", "fontsize": 12}
        axes.text(0, 31, title, color=colour, weight="bold", **stays | {"fontsize": 14})
        axes.text(0, 10, "keeps", **stays)
        moves = {"transform": corner, "vertical": "baseline", "align": "left"}
        self.after_title = 86 if name == "window" else 83  # points
        self.n = Lettering(axes, size=13.5, weight="bold", colours=colour, **moves)
        self.kept = Lettering(axes, size=12, **moves)
        self.numbers = Lettering(axes, size=12)
        self.dropped = Lettering(axes, size=11, align="left", boxed=True)
        axes.text(
            -13, 0, "t ↓", ha="right", color=GRADIENT, **stays | {"transform": _points_from(axes, 0, 0.5)}
        )
        axes.text(
            0, -25, "k →", ha="center", color=STATE, **stays | {"transform": _points_from(axes, 0.5, 0)}
        )
        self.rows = Lettering(axes, size=11, align="right", colours=PARAMETER)
        self.columns = Lettering(axes, size=11, colours=PARAMETER)

    def show(self, shares, kept, rows):
        """shares (T, T) from light to dark 0 … 1, kept (T, T) booleans, rows: the steps that have a loss."""
        T = len(kept)
        past = np.tri(T, dtype=bool)
        values = np.where(past, np.where(kept, 0.5 + shares / 2, shares * 0.49), np.nan)
        first, end = kept.argmax(axis=1), np.arange(T) + 1  # (T,)  of what is kept of each row
        height, is_strip = _height(T, rows), len(rows) == 1
        if is_strip:
            values = np.concatenate([np.full((min(T, STRIP) - 1, T), np.nan), values[rows]])
            first, end = first[rows], end[rows]
        self.cells.show(values)
        self.border.set_data(*_staircase(first, T, height))
        self.border.set_linewidth(2.2 if T > CROWDED else 3.2)
        self.edge.set_data(*_staircase(end, T, height))
        self.lid.set_data([0, 1], [1 - height] * 2)
        self.lid.set_visible(is_strip)

    def count(self, n, kept, pairs):
        """n of the window or the chunks, and how many of all pairs are kept."""
        self.n.place([(self.after_title, 31)], [str(n)])
        words = [str(kept), "of", str(pairs), ":", f"{100 * kept / pairs:.0f}", "%"]
        widths = [len(words[0]) * NUMERAL + SPACE, OF + SPACE, len(words[2]) * NUMERAL, COLON + SPACE]
        starts = 41 + np.cumsum([0, *widths, len(words[4]) * NUMERAL + 2])
        self.kept.place([(x, 10) for x in starts], words)

    def write(self, shares, kept, cells, rows, signs):
        """cells (T, T): each one's number where there is room, and the steps at the sides."""
        T = len(kept)
        height, is_strip = _height(T, rows), len(rows) == 1
        middle = {t: 1 - height / 2 if is_strip else (t + 0.5) * height for t in rows}  # of a row
        places = [(t, k) for t in rows for k in range(t + 1)] if T <= NUMBERS else []
        self.numbers.place(
            [((k + 0.5) / T, middle[t]) for t, k in places],
            [_written(cells[cell], signs) for cell in places],
            [PAPER if kept[cell] and shares[cell] > 0.69 else INK for cell in places],
        )
        corner = kept[int(0.86 * T) :, : int(0.3 * T) + 1]
        self.dropped.place(
            [(0.03, 0.94 - height if is_strip else 0.94)],
            ["dropped" if T > NUMBERS and not corner.any() else ""],
        )
        self.nothing.place(
            [(0.97, 0.08)], [f"only step {rows[0]} has a loss" if is_strip else "k > t: nothing"]
        )
        ticks = range(T) if T <= NUMBERS else [0, T - 1]
        named = rows if is_strip else ticks
        self.rows.place([(-0.02, middle[step]) for step in named], [str(step) for step in named])
        self.columns.place([((step + 0.5) / T, 1.04) for step in ticks], [str(step) for step in ticks])


class _Course:
    """A number against n, for windows and for chunks, with the chosen n marked and read out."""

    def __init__(self, axes, title, unit=""):
        self.axes, self.said, self.unit = axes, title, unit
        axes.set(xlim=(0, 1), xticks=[])
        corner = _points_from(axes, 0, 1)
        self.title = Lettering(axes, size=13, align="left", transform=corner)
        self.lines = {
            name: axes.plot([], [], animated=True, zorder=3, **style)[0]  # the dashes on top: both are seen
            for name, style in (("window", WINDOW), ("chunk", CHUNK))
        }
        self.marks = {
            name: axes.plot([], [], marker, color=colour, markersize=size, animated=True, zorder=4,
                            markeredgecolor=PAPER, clip_on=False)[0]
            for name, (marker, colour, size) in MARKS.items()
        }  # fmt: skip
        for x, name, style in ((-34, "window", WINDOW), (116, "chunk", CHUNK)):
            marker, colour, size = MARKS[name]
            axes.plot([x, x + 26], [14, 14], transform=corner, clip_on=False, **style)
            axes.plot([x + 13], [14], marker, color=colour, markersize=size, transform=corner, clip_on=False)
            axes.text(x + 31, 10, f"{name}:", transform=corner, color=colour, fontsize=12)
        moves = {"transform": corner, "align": "left", "vertical": "baseline"}
        self.values = Lettering(axes, size=12, colours=[GRADIENT, INK, GRADIENT, INK], **moves)
        beneath = axes.get_xaxis_transform() + ScaledTranslation(0, -12 / 72, axes.figure.dpi_scale_trans)
        self.ticks = Lettering(axes, size=11, transform=beneath, colours=PARAMETER)
        axes.text(-8, -12, "n", transform=_points_from(axes, 0, 0), ha="right", va="center", fontsize=12)

    def show(self, courses, chosen, written, of_what):
        """courses {name: (T,)}, chosen {name: n}, written: what to read out, a text for each."""
        self.title.place([(-34, 34)], [f"{self.said} {of_what}"])
        low, high = self.axes.get_ylim()
        T = len(courses["window"])
        x = (np.arange(T) + 0.5) / T
        margin = 0.04 * (high - low)
        for name, values in courses.items():
            self.lines[name].set_data(x, np.clip(values, low - 9 * (high - low), high + 9 * (high - low)))
            n = chosen[name]
            value = values[n - 1]
            self.marks[name].set_data([x[n - 1]], [np.clip(value, low + margin, high - margin)])
            self.marks[name].set_marker("v" if value < low else "^" if value > high else MARKS[name][0])
        places = [(51, 10), (192, 10)]
        after = [(x + NUMERAL * len(text), y) for (x, y), text in zip(places, written, strict=True)]
        self.values.place(
            [*places, *after], [*written, *(self.unit if text != "?" else "" for text in written)]
        )
        ticks = [1, *(n for n in range(10, T, 10) if T - n > 3), T]
        self.ticks.place([((n - 0.5) / T, 0) for n in ticks], [str(n) for n in ticks])


def _kept_and_dropped(shares):
    """Colours for shares (n,) in 0 … 1: below a half the greys of dropped cells, from there MAGNITUDE."""
    return np.where(shares[:, None] < 0.5, GREY(2 * shares), MAGNITUDE(2 * shares - 1))


def _written(value, signs):
    """A cell's number, with its plus only where signs matter."""
    return "0" if value == 0 else tight(value) if signs else tight(value).removeprefix("+")


def _without_unit(angle):
    return degrees(angle).removesuffix("°").replace("less than ", "<")


def _height(T, rows):
    """How high a row of T is drawn, as a share of the box: all alike, or the only one as a strip."""
    return 1 / min(T, STRIP) if len(rows) == 1 else 1 / T


def _staircase(first, T, height):
    """The left border of cells that begin at column first[t] of T in row t, (R,): x, y in 0 … 1, each (2R,).

    Rows are `height` high; the last one ends at 1.
    """
    R = len(first)
    return np.repeat(first, 2) / T, 1 - height * (R - np.repeat(np.arange(R + 1), 2)[1:-1])


def _draw_scales(page):
    """What the colours mean: kept cells above, dropped ones below."""
    page.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    page.axis("off")
    shades = np.linspace(0, 1, 90)[None]
    for (left, bottom, width, height), name, colours in (
        (KEPT_SCALE, "kept", MAGNITUDE),
        (DROPPED_SCALE, "dropped", GREY),
    ):
        edges = np.linspace(left, left + width, 91)
        page.pcolormesh(edges, [bottom, bottom + height], shades, cmap=colours, vmin=0, vmax=1)
        page.text(left - 10, bottom + height / 2, name, ha="right", va="center", fontsize=11)


def _panel(figure, place):
    return figure.add_axes(_in_figure(place))


def _in_figure(place):
    left, bottom, width, height = place
    return left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT


def _points_from(axes, x, y):
    """Coordinates in points (1/72 inch) from the point (x, y) of the axes, 0 … 1."""
    inches = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    return inches + ScaledTranslation(x, y, axes.transAxes)
