"""Who blames whom: the matrix of ‖∂E_t/∂W⁽ᵏ⁾‖ over a text, its margins, and one cell's chain of factors."""

from functools import lru_cache

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.font_manager import findfont, get_font
from matplotlib.transforms import Affine2D

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import signed
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, LOSS, MAGNITUDE, PAPER, PARAMETER, STATE

LONGEST = 60  # characters; the matrix has room for one row and column less
LOWEST, HIGHEST = -6, 1  # log10 of the lightest and the darkest colour
FLOOR, CEILING = -8, 8  # log10 of what the way back has room for

# Coordinates are pixels at 100 dots per inch.
WIDTH, HEIGHT = 1100, 650
STRIP = 596  # the middle of the line of text
MATRIX = (58, 120, 370, 370)  # left, bottom, width, height
COPIES = (58, 498, 370, 40)  # bars above the matrix
ERRORS = (436, 120, 56, 370)  # bars beside it
SCALE = (512, 120, 14, 370)
WAY = (660, 330, 425, 190)
FACTORS = (660, 120, 425, 130)
PRODUCT = {  # name: (x, what it is)
    "cell": (90, "$\\Vert C[t,k]\\Vert$"),
    "push": (300, "$\\Vert V^\\top (o_t - y_t)\\Vert$"),
    "back": (540, "$f\\,'$ and $W$, step by step"),
    "slope": (770, "$f\\,'(z_k)$"),
    "state": (980, "$\\Vert s_{k-1}\\Vert$"),
}


class BlamePicture:
    """The line of text, the matrix with its margins, the error's way back, and one cell as a product."""

    size = (WIDTH / 100, HEIGHT / 100)

    def __init__(self, figure):
        page = figure.add_axes([0, 0, 1, 1])
        page.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
        page.axis("off")
        self._draw_text(page)
        self._draw_matrix(_panel(figure, MATRIX), page)
        self._draw_margins(_panel(figure, COPIES), _panel(figure, ERRORS), page)
        self._draw_scale(_panel(figure, SCALE))
        self._draw_way(_panel(figure, WAY), _panel(figure, FACTORS), page)
        self._draw_product(page)

    def _draw_text(self, page):
        page.text(14, 634, "shaded: the blame of the error at t  ·  orange: the character it was to predict",
                  va="center", fontsize=11, color=PARAMETER)  # fmt: skip
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
        axes.text(0.97, 0.07, nothing, ha="right", va="top", fontsize=11, color=PARAMETER)
        cells = LONGEST - 1
        self.cells = axes.pcolormesh(np.arange(cells + 1), np.arange(cells + 1), np.zeros((cells, cells)),
                                     cmap=MAGNITUDE, vmin=LOWEST, vmax=HIGHEST, animated=True)  # fmt: skip
        self.to_page = axes.transData
        (self.guides,) = axes.plot([], [], color=PARAMETER, linewidth=1, animated=True)
        (self.chosen,) = axes.plot([], [], color=STATE, linewidth=2.5, animated=True)
        self.row = Lettering(axes, size=12, colours=GRADIENT, align="right")
        self.column = Lettering(axes, size=12, colours=STATE)
        page.text(18, 500, "t ↓", color=GRADIENT, va="center")
        page.text(436, 104, "k →", color=STATE, va="center")

    def _draw_margins(self, above, beside, page):
        for axes in (above, beside):
            axes.set(xlim=(0, 1), ylim=(0, 1))
            axes.axis("off")
        beside.set_ylim(1, 0)
        (self.by_copy,) = above.fill([0], [0], color=GRADIENT, linewidth=0, animated=True)
        (self.by_error,) = beside.fill([0], [0], color=GRADIENT, linewidth=0, animated=True)
        all_told = "what copy k is told in all: $\\Vert\\Sigma_t C[t,k]\\Vert$"
        page.text(58, 548, all_told, fontsize=11, va="center")
        page.text(436, 508, "$\\Vert\\Sigma_k C[t,k]\\Vert$", fontsize=11, va="center")

    @staticmethod
    def _draw_scale(axes):
        steps = np.linspace(LOWEST, HIGHEST, 90)
        axes.pcolormesh([0, 1], steps, steps[:-1, None], cmap=MAGNITUDE)
        axes.set(xticks=[], yticks=range(LOWEST, HIGHEST + 1))
        axes.set_yticklabels([_power(exponent) for exponent in range(LOWEST, HIGHEST + 1)], fontsize=11)
        axes.yaxis.tick_right()
        axes.tick_params(length=0)

    def _draw_way(self, way, factors, page):
        way.set(xlim=(0, 1), ylim=(FLOOR, CEILING), xticks=[], yticks=range(FLOOR, CEILING + 1, 4))
        way.set_yticklabels([_power(exponent) for exponent in range(FLOOR, CEILING + 1, 4)], fontsize=11)
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
        page.plot([14, WIDTH - 14], [82, 82], color=FAINT, linewidth=1)
        places = [x for x, _ in PRODUCT.values()]
        for x, label in PRODUCT.values():
            page.text(x, 58, label, ha="center", va="center", fontsize=13)
        for left, right, sign in zip(places[:-1], places[1:], "=×××", strict=True):
            page.text((left + right) / 2, 58, sign, ha="center", va="center", fontsize=14)
        self.product = Lettering(page, size=14, colours=GRADIENT)

    def update(self, numbers):
        """Show what labs.blame computed."""
        t, k, norms = numbers["t"], numbers["k"], numbers["norms"]
        logs = _log10(norms)
        self._move_text(numbers["text"], t, k, logs[t])
        self._move_matrix(logs, t, k, numbers["text"])
        _move_bars(self.by_copy, numbers["by_copy"], upright=True)
        _move_bars(self.by_error, numbers["by_error"], upright=False)
        self._move_way(len(norms), t, k, numbers["reaching"], numbers["text"])
        self._write_product(t, k, norms[t, k], numbers)

    def _move_text(self, text, t, k, logs):
        wide = min(26, (WIDTH - 28) / len(text))
        place = Affine2D().scale(wide, 30).translate(14, STRIP)
        shades = np.full(LONGEST, np.nan)
        shades[: t + 1] = logs[: t + 1]
        self.strip.set_transform(place + self.marks.get_transform())
        self.strip.set_array(np.ma.masked_invalid(shades)[None])
        middles = 14 + wide * (np.arange(len(text)) + 0.5)
        is_dark = np.nan_to_num(shades[: len(text)], nan=LOWEST) > -1.2
        colours = np.where(is_dark, PAPER, INK).tolist()
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

    def _move_matrix(self, logs, t, k, text):
        T = len(logs)
        shown = np.full((LONGEST - 1, LONGEST - 1), np.nan)
        shown[:T, :T] = np.where(np.tri(T, dtype=bool), logs, np.nan)
        self.cells.set_transform(Affine2D().scale(1 / T) + self.to_page)
        self.cells.set_array(np.ma.masked_invalid(shown))
        x, y = (k + 0.5) / T, (t + 0.5) / T
        self.guides.set_data([0, 1, np.nan, x, x], [y, y, np.nan, 0, 1])
        self.chosen.set_data(*_box((x, y), 0.5 / T, 0.5 / T).T)
        has_room = MATRIX[2] / T >= 15  # pixels a character
        rows, columns = (range(T), range(T)) if has_room else ([t], [k])
        self.row.place([(-0.02, (step + 0.5) / T) for step in rows], _labels(text, rows))
        self.column.place([((step + 0.5) / T, 1.045) for step in columns], _labels(text, columns))

    def _move_way(self, T, t, k, reaching, text):
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
        x = [place for place, _ in PRODUCT.values()]
        reaching = numbers["reaching"]
        if k > t:
            strings = ["0", "", "no way leads from t forward to k", "", ""]
        else:
            back, slope = _ratio(reaching[k], reaching[t]), _ratio(numbers["squashed"], reaching[k])
            strings = [_written(value) for value in (cell, reaching[t], back, slope, numbers["s_prev"])]
            strings[2] = f"{strings[2]}  ({t - k} step{'' if t - k == 1 else 's'})"
        self.product.place([(place, 26) for place in x], strings)


def _box(middle, half_width, half_height):
    """The corners of a box, (5, 2): the first is also the last."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)])
    return middle + corners * (half_width, half_height)


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
    return "0" if value == 0 else signed(value, 3).removeprefix("+")


def _power(exponent):
    return f"$10^{{{exponent}}}$"


def _labels(text, steps):
    """The characters at some steps; a single one in quotes, or the letter t would look like the time t."""
    return [_shown(text[step]) for step in steps] if len(steps) > 1 else [f"‘{_shown(text[steps[0]])}’"]


@lru_cache(maxsize=4096)
def _shown(character):
    """A character as it is drawn: a space as ␣, and what the font does not have as □."""
    if character.isspace():
        return "␣"
    return character if _has_glyph(character) and character.isprintable() else "□"


def _has_glyph(character):
    return get_font(findfont("DejaVu Sans")).get_char_index(ord(character)) != 0
