"""Who blames whom: the matrix of ‖∂E_t/∂W⁽ᵏ⁾‖ over a text, its margins, and one cell's chain of factors."""

from functools import lru_cache

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.transforms import Affine2D

from bptt_helpers.pictures.lettering import Lettering, can_be_drawn
from bptt_helpers.pictures.numerals import plain, tight
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, LOSS, MAGNITUDE, PAPER, PARAMETER, STATE
from bptt_helpers.pictures.tiles import Tiles

LONGEST = 60  # characters; the matrix has room for one row and column less
LOWEST, HIGHEST = -6, 1  # log10 of the lightest and the darkest colour
FLOOR, CEILING = -8, 8  # log10 of what the way back has room for
ALL_LABELS, NUMBERS = 12, 6  # up to so many steps every row has its number, and every cell

# Coordinates are pixels at 100 dots per inch.
WIDTH, HEIGHT = 1100, 650
STRIP = 596  # the middle of the line of text
MATRIX = (58, 120, 370, 370)  # left, bottom, width, height
COPIES = (58, 498, 370, 40)  # bars above the matrix
ERRORS = (436, 120, 56, 370)  # bars beside it
SCALE = (512, 120, 14, 370)
WAY = (660, 330, 425, 190)
FACTORS = (660, 120, 425, 130)
PRODUCT = {  # name: (x, what it is, x of the sign to its right, that sign)
    "cell": (80, "$\\Vert C[t,k]\\Vert$", 155, "="),
    "push": (260, "$\\Vert V^\\top (o_t - y_t)\\Vert$", 355, "×"),
    "back": (495, "$f\\,'$ and $W$, step by step", 635, "×"),
    "slope": (775, "what $f\\,'(z_k)$ leaves of it", 915, "×"),
    "state": (995, "$\\Vert s_{k-1}\\Vert$", 1080, ""),
}
READING = (522, 462, 434, 376, 348, 286, 256)  # heights of the lines that read the table


class BlamePicture:
    """The line of text, the matrix with its margins, the error's way back, and one cell as a product."""

    size = (WIDTH / 100, HEIGHT / 100)
    alt = (
        "A line of text; below it a triangular matrix, one row for each error and one column for each copy "
        "of W, darker where more blame is laid; beside it the chosen error on its way back through time."
    )

    def __init__(self, figure):
        page, beside_the_table, reading = (_page(figure) for _ in range(3))
        above, beside, way, factors = (_panel(figure, place) for place in (COPIES, ERRORS, WAY, FACTORS))
        self._draw_text(page)
        self._draw_matrix(_panel(figure, MATRIX), page)
        self._draw_margins(above, beside, beside_the_table)
        self._draw_scale(_panel(figure, SCALE))
        self._draw_way(way, factors, beside_the_table)
        self._draw_product(beside_the_table)
        self._draw_reading(reading)
        self.other_panels = (beside_the_table, above, beside, way, factors)

    def _draw_text(self, page):
        page.text(14, 634, "shaded: the blame of the error at t  ·  orange: the character it was to predict",
                  va="center", fontsize=12, color=PARAMETER)  # fmt: skip
        colours = {"cmap": MAGNITUDE, "vmin": LOWEST, "vmax": HIGHEST, "animated": True}
        self.strip = page.pcolormesh(np.arange(LONGEST + 1), [-0.5, 0.5], np.zeros((1, LONGEST)), **colours)
        self.boxes = LineCollection([], colors=[LOSS, GRADIENT, STATE], linewidths=3, animated=True, zorder=4)
        page.add_collection(self.boxes)  # around the target, the error at t, the copy k
        self.characters = Lettering(page, size=12)
        self.marks = Lettering(page, size=12)

    def _draw_matrix(self, axes, page):
        axes.set(xlim=(0, 1), ylim=(1, 0))
        axes.axis("off")
        axes.fill([0, 1, 1], [0, 0, 1], color="#EEEEEE", linewidth=0)
        nothing = "k > t: nothing,\nthe copy comes\nafter the error"
        axes.text(0.97, 0.07, nothing, ha="right", va="top", fontsize=12, color=PARAMETER)
        self.cells = Tiles(axes, MAGNITUDE, LOWEST, HIGHEST)
        (self.guides,) = axes.plot([], [], color=PARAMETER, linewidth=1, animated=True)
        (self.chosen,) = axes.plot([], [], color=STATE, linewidth=2.5, animated=True)
        self.row = Lettering(axes, size=12, colours=GRADIENT, align="right")
        self.column = Lettering(axes, size=12, colours=STATE)
        self.row_steps = Lettering(axes, size=12, align="right")
        self.column_steps = Lettering(axes, size=12)
        self.numbers = Lettering(axes, size=12)
        page.text(18, 512, "t ↓", color=GRADIENT, va="center")
        page.text(436, 104, "k →", color=STATE, va="center")

    def _draw_margins(self, above, beside, page):
        for axes in (above, beside):
            axes.set(xlim=(0, 1), ylim=(0, 1))
            axes.axis("off")
        beside.set_ylim(1, 0)
        (self.by_copy,) = above.fill([0], [0], color=GRADIENT, linewidth=0, animated=True)
        (self.by_error,) = beside.fill([0], [0], color=GRADIENT, linewidth=0, animated=True)
        all_told = "copy k is told in all: $\\Vert\\Sigma_t C[t,k]\\Vert$"
        page.text(58, 548, all_told, fontsize=12, va="center")
        page.text(436, 530, "$\\Vert\\Sigma_k C[t,k]\\Vert$", fontsize=12, va="center")
        for x, y in ((348, 548), (436, 511)):
            page.text(x, y, "longest:", fontsize=12, va="center", color=PARAMETER)
        self.longest = Lettering(page, size=12, colours=GRADIENT, align="left")

    @staticmethod
    def _draw_scale(axes):
        steps = np.linspace(LOWEST, HIGHEST, 90)
        axes.pcolormesh([0, 1], steps, steps[:-1, None], cmap=MAGNITUDE)
        axes.set(xticks=[], yticks=range(LOWEST, HIGHEST + 1))
        axes.set_yticklabels([_power(exponent) for exponent in range(LOWEST, HIGHEST + 1)], fontsize=12)
        axes.yaxis.tick_right()
        axes.tick_params(length=0)

    def _draw_way(self, way, factors, page):
        way.set(xlim=(0, 1), ylim=(FLOOR, CEILING), xticks=[], yticks=range(FLOOR, CEILING + 1, 4))
        way.set_yticklabels([_power(exponent) for exponent in range(FLOOR, CEILING + 1, 4)], fontsize=12)
        way.axhline(0, color=FAINT, linewidth=1)
        way_back = "the error at t on its way back to k: $\\Vert\\partial E_t/\\partial s_j\\Vert$"
        page.text(640, 548, way_back, fontsize=12, va="center")
        (self.further,) = way.plot([], [], "-", color=FAINT, animated=True)
        (self.way,) = way.plot([], [], ".-", color=GRADIENT, animated=True)
        (self.stop,) = way.plot([], [], "o", color=STATE, markersize=9, animated=True, zorder=4)
        factors.set(xlim=(0, 1), ylim=(0, 2.5), xticks=[], yticks=[0, 1, 2])
        factors.axhline(1, color=FAINT, linewidth=1)
        page.text(640, 278, "times what at each step back (below 1: it fades)", fontsize=12, va="center")
        (self.further_factors,) = factors.plot([], [], color=FAINT, linewidth=3, animated=True)
        (self.factors,) = factors.plot([], [], color=GRADIENT, linewidth=3, animated=True)
        self.ends = Lettering(factors, size=12)

    def _draw_product(self, page):
        page.plot([14, WIDTH - 14], [72, 72], color=FAINT, linewidth=1)
        for x, label, x_of_sign, sign in PRODUCT.values():
            page.text(x, 50, label, ha="center", va="center", fontsize=13)
            page.text(x_of_sign, 50, sign, ha="center", va="center", fontsize=14)
        self.product = Lettering(page, size=13.5, colours=GRADIENT)

    def _draw_reading(self, page):
        self.reading = Lettering(page, size=13, align="left")
        self.size_of_cell = Lettering(page, size=13.5, colours=GRADIENT, align="left")

    def update(self, numbers):
        """Show what labs.blame computed."""
        t, k, norms = numbers["t"], numbers["k"], numbers["norms"]
        logs = _log10(norms)
        self._move_text(numbers["text"], t, k, logs[t])
        self._move_matrix(logs, t, k)
        self._write_labels(len(norms), t, k, numbers["text"])
        self._write_numbers(norms, logs)
        only_table = numbers["show"] == "table"
        self.reading.axes.set_visible(only_table)
        for axes in self.other_panels:
            axes.set_visible(not only_table)
        if only_table:
            self._read(t, k, norms[t, k], numbers["text"])
            return
        self._move_margins(numbers["by_copy"], numbers["by_error"])
        self._move_way(len(norms), t, k, numbers["reaching"])
        self._write_product(t, k, norms[t, k], numbers)

    def _move_text(self, text, t, k, logs):
        wide = min(26, (WIDTH - 28) / len(text))
        place = Affine2D().scale(wide, 30).translate(14, STRIP)
        shades = np.full(LONGEST, np.nan)
        shades[: t + 1] = logs[: t + 1]
        self.strip.set_transform(place + self.marks.get_transform())
        self.strip.set_array(np.ma.masked_invalid(shades)[None])
        middles = 14 + wide * (np.arange(len(text)) + 0.5)
        colours = [_on(shade) for shade in shades[: len(text)]]
        self.characters.place([(x, STRIP) for x in middles], [_shown(c) for c in text], colours)
        steps, insets = (t + 1, t, k), (1, 1, 4)  # all can be seen where k = t
        self.boxes.set_segments(
            _box((14 + wide * (step + 0.5), STRIP), wide / 2 - inset, 16 - inset)
            for step, inset in zip(steps, insets, strict=True)
            if step < len(text)
        )
        self.boxes.set_color([LOSS, GRADIENT, STATE] if t + 1 < len(text) else [GRADIENT, STATE])
        same = k == t
        self.marks.place([(middles[t], STRIP - 26), (middles[k], STRIP - 26)],
                         ["k = t" if same else "t", "" if same else "k"], [GRADIENT, STATE])  # fmt: skip

    def _move_matrix(self, logs, t, k):
        T = len(logs)
        self.cells.show(np.where(np.tri(T, dtype=bool), logs, np.nan))
        x, y = (k + 0.5) / T, (t + 0.5) / T
        ways = ([0, k / T, np.nan, x, x], [y, y, np.nan, (t + 1) / T, 1])  # from the labels to the cell
        self.guides.set_data(*(ways if T > ALL_LABELS and k <= t else ([], [])))
        self.chosen.set_data(*_box((x, y), 0.5 / T, 0.5 / T).T)

    def _write_labels(self, T, t, k, text):
        has_room = MATRIX[2] / T >= 15  # pixels a character
        rows, columns = (range(T), range(T)) if has_room else ([t], [k])
        self.row.place([(-0.085, (step + 0.5) / T) for step in rows], _labels(text, rows))
        self.column.place([((step + 0.5) / T, 1.088) for step in columns], _labels(text, columns))
        rows, columns = _ticks(T, t), _ticks(T, k)
        self.row_steps.place([(-0.02, (step + 0.5) / T) for step in rows], map(str, rows),
                             [GRADIENT if step == t else PARAMETER for step in rows])  # fmt: skip
        self.column_steps.place([((step + 0.5) / T, 1.036) for step in columns], map(str, columns),
                                [STATE if step == k else PARAMETER for step in columns])  # fmt: skip

    def _write_numbers(self, norms, logs):
        """Each cell's number, where there is room, and why the first column is empty."""
        T = len(norms)
        cells = [(t, k) for t in range(T) for k in range(t + 1)] if T <= NUMBERS else []
        places = [((k + 0.5) / T, (t + 0.5) / T) for t, k in cells]
        strings = ["0" if norms[cell] == 0 else tight(norms[cell]).removeprefix("+") for cell in cells]
        colours = [_on(logs[cell]) for cell in cells]
        if cells and not norms[:, 0].any():
            places.append((0.5 / T, 0.5 / T + 0.055))
            strings.append("$s_{-1} = 0$")
            colours.append(PARAMETER)
        self.numbers.place(places, strings, colours)

    def _read(self, t, k, cell, text):
        """The chosen cell in words: what its row is, and its column."""
        to_come = f"‘{_shown(text[t + 1])}’ was to come" if t + 1 < len(text) else "nothing was to come"
        lines = {
            "the chosen cell": INK,
            f"row t = {t}: the error of step {t}, at ‘{_shown(text[t])}’,": GRADIENT,
            f"when {to_come}": GRADIENT,  # a line of its own: two dollar signs in one would be mathematics
            f"column k = {k}: the copy of W used at step {k},": STATE,
            f"where it multiplied $s_{{{k - 1}}}$": STATE,
            f"‖C[{t}, {k}]‖ =": INK,
            "‖ ‖ is the length: √ of the sum of all squares": PARAMETER,
        }
        self.reading.place([(640, y) for y in READING], lines, list(lines.values()))
        self.size_of_cell.place([(780, READING[5])], [_written(cell)])

    def _move_margins(self, by_copy, by_error):
        _move_bars(self.by_copy, by_copy, upright=True)
        _move_bars(self.by_error, by_error, upright=False)
        self.longest.place([(424, 551), (512, 514)], [_written(by_copy.max()), _written(by_error.max())])

    def _move_way(self, T, t, k, reaching):
        steps = (np.arange(t + 1) + 0.5) / T
        logs = _log10(reaching)
        stop = min(k, t)
        self.further.set_data(steps[: stop + 1], logs[: stop + 1])
        self.way.set_data(steps[stop:], logs[stop:])
        at_k = logs[k : k + 1]
        self.stop.set_data(steps[k : k + 1], np.clip(at_k, FLOOR + 0.7, CEILING - 0.7))
        beyond = "^" if any(at_k > CEILING) else "v" if any(at_k < FLOOR) else None
        self.stop.set_marker(beyond or "o")
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.clip(reaching[:-1] / reaching[1:], 0, 9)  # (t,)  from s_j to s_{j-1}
        self.further_factors.set_data(*_stems(steps[:stop], ratios[:stop]))
        self.factors.set_data(*_stems(steps[stop:-1], ratios[stop:]))
        same = k == t
        self.ends.place([((t + 0.5) / T, -0.13), ((k + 0.5) / T, -0.13)],
                        ["k = t" if same else "t", "" if same else "k"], [GRADIENT, STATE])  # fmt: skip

    def _write_product(self, t, k, cell, numbers):
        x = [place for place, *_ in PRODUCT.values()]
        reaching = numbers["reaching"]
        if k > t:
            strings, steps = ["0", "", "no way leads from t forward to k", "", ""], ""
        else:
            back, slope = _ratio(reaching[k], reaching[t]), _ratio(numbers["squashed"], reaching[k])
            strings = [_written(value) for value in (cell, reaching[t], back, slope, numbers["s_prev"])]
            steps = f"({t - k} step{'' if t - k == 1 else 's'})"
        places = [(place, 21) for place in x]
        if steps:  # beside the number and not in one text with it, which would be laid out anew at each move
            places[2] = (x[2] - 50, 21)
        self.product.place([*places, (x[2] + 55, 21)], [*strings, steps])


def _box(middle, half_width, half_height):
    """The corners of a box, (5, 2): the first is also the last."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)])
    return middle + corners * (half_width, half_height)


def _page(figure):
    """Axes over the whole figure, in its pixels."""
    axes = figure.add_axes([0, 0, 1, 1])
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.axis("off")
    return axes


def _panel(figure, box):
    left, bottom, width, height = box
    return figure.add_axes([left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT])


def _log10(values):
    """log10, with 0 far below everything that is drawn."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log10(values), -300)


def _move_bars(bars, lengths, upright):
    """A skyline of bars from 0 to 1: the longest reaches the end."""
    largest = lengths.max()
    heights = np.repeat(lengths / largest if largest > 0 else lengths, 2)
    borders = np.repeat(np.arange(len(lengths) + 1), 2)[1:-1] / len(lengths)
    corners = np.column_stack([[0, *borders, 1], [0, *heights, 0]])
    bars.set_xy(corners if upright else corners[:, ::-1])


def _stems(x, heights):
    """Line data of a stem from 1 to each height."""
    gaps = np.full(len(x), np.nan)
    return np.column_stack([x, x, gaps]).ravel(), np.column_stack([np.ones(len(x)), heights, gaps]).ravel()


def _ratio(value, of):
    return value / of if of > 0 else 0.0


def _written(value):
    return "0" if value == 0 else plain(value, 3)


def _on(shade):
    """The colour of a text that is legible on a cell of this log10; nan is no cell."""
    return PAPER if shade > -1.2 else INK


def _power(exponent):
    return f"$10^{{{exponent}}}$"


def _ticks(T, chosen):
    """The steps whose number is written: all, or every tenth and the chosen one, where they do not touch."""
    if T <= ALL_LABELS:
        return list(range(T))
    return [step for step in range(0, T, 10) if abs(step - chosen) > T / ALL_LABELS] + [chosen]


def _labels(text, steps):
    """The characters at some steps; a single one in quotes, or the letter t would look like the time t."""
    return [_shown(text[step]) for step in steps] if len(steps) > 1 else [f"‘{_shown(text[steps[0]])}’"]


@lru_cache(maxsize=4096)
def _shown(character):
    """A character as it is drawn: a space as ␣, and what the font does not have as □."""
    if character.isspace():
        return "␣"
    return character if can_be_drawn(character, "DejaVu Sans") else "□"
