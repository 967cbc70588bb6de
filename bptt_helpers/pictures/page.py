"""A page of characters in a fixed grid, as one image: drawn within a frame however many they are.

Each cell may have a shade behind its character and a bar below it. matplotlib draws every character once;
what the font lacks is shown as a box.
"""

import math
from functools import lru_cache

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb

from bptt_helpers.pictures.lettering import can_be_drawn, mono_ink, mono_width
from bptt_helpers.pictures.palette import INK, MAGNITUDE

SHOWN_AS = {"\n": "↵", "\t": "→"}
BOX = "□"  # for what the font does not have


def _as_numbers(colours):
    """Colours (n, 4) uint8 as one number each, (n,): a whole pixel is then copied at once."""
    return np.ascontiguousarray(colours, np.uint8).view(np.uint32)[:, 0]


SHADES = _as_numbers((255 * MAGNITUDE(np.linspace(0, 0.62, 64))).round())  # dark letters stay legible on them
PAPER = _as_numbers([[255] * 4])[0]
_INK = np.tile(np.append(np.round(255 * np.array(to_rgb(INK))), 0), (256, 1))
_INK[:, 3] = np.arange(256)
INKS = _as_numbers(_INK)  # (256,)  of every strength


def wrapped(text, columns, rows):
    """The first `rows` lines of a text whose lines are cut after `columns` characters: list of str."""
    lines = []
    for line in text.split("\n"):
        lines += [line[at : at + columns] for at in range(0, max(1, len(line)), columns)]
        if len(lines) >= rows:
            break
    return lines[:rows]


class Page(Artist):
    """A grid of characters whose upper left corner is at `corner`, in pixels at 100 dots per inch.

    rows, columns : the size of the grid
    bars : whether each cell has room for a bar below its character
    step : pixels from one column to the next, at 100 dots per inch too; None as the font has it
    """

    def __init__(self, axes, corner, rows, columns, size=12, bars=False, step=None):
        super().__init__()
        self.corner, self.rows, self.columns, self.size = corner, rows, columns, size
        self.step = mono_width(size, "normal", 100) if step is None else step
        self.bar_share = 0.45 if bars else 0.0  # of the height of a line
        self.write([])
        self.set_animated(True)
        self.set_zorder(5)
        axes.add_artist(self)
        self.set_clip_on(False)

    def write(self, lines, shares=None):
        """Shows these lines; shares (rows, columns), in 0 … 1, say how dark each cell is and long its bar."""
        self._images = {}
        self.lines = [line[: self.columns] for line in lines][: self.rows]
        self.shares = None if shares is None else np.clip(shares, 0, 1)

    def draw(self, renderer):
        """Places the images; matplotlib calls this."""
        if not self.get_visible():
            return
        dpi = renderer.points_to_pixels(72.0)
        if dpi not in self._images:
            self._images[dpi] = self._drawn(dpi)
        gc = renderer.new_gc()
        x, y = (round(dpi / 100 * at) for at in self.corner)
        for image in self._images[dpi]:
            renderer.draw_image(gc, x, y - len(image), image)
        gc.restore()

    def _drawn(self, dpi):
        """What lies behind the characters, where there is something, then these: (height, width, 4) uint8."""
        glyphs = _glyphs(self.size, dpi)
        codes = np.zeros((self.rows, self.columns), int)
        for row, line in enumerate(self.lines):
            codes[row, : len(line)] = [glyphs.number(character) for character in line]
        step = self.step * dpi / 100
        ink = _as_wide(glyphs.ink, math.ceil(step))[codes]
        _, _, height, width = ink.shape  # of (rows, columns, height, width)
        bar = round(self.bar_share * height)
        ink = np.pad(ink, ((0, 0), (0, 0), (0, bar), (0, 0)))
        images = [INKS[_side_by_side(ink)]]
        if self.shares is not None:
            images.insert(0, self._behind(height, bar, width))
        kept = _columns_kept(self.columns, step, width)
        images = [image[:, kept] for image in images]
        # Agg counts the lowest row first.
        return [np.ascontiguousarray(image[::-1]).view(np.uint8).reshape(*image.shape, 4) for image in images]

    def _behind(self, height, bar, width):
        """The shade of every cell, and its bar: (height, width) uint32."""
        cells = np.full((self.rows, self.columns, height + bar, width), PAPER)
        cells[:, :, :height] = SHADES[np.round(63 * self.shares).astype(int)][..., None, None]
        is_bar = np.arange(bar) < np.ceil(self.shares * bar)[..., None]  # (rows, columns, bar)
        cells[:, :, height:, 1:] = np.where(is_bar, SHADES[-1], PAPER)[..., None]
        return _side_by_side(cells)


def _side_by_side(cells):
    """(rows, columns, height, width) as one image, (rows height, columns width)."""
    rows, columns, height, width = cells.shape
    return cells.swapaxes(1, 2).reshape(rows * height, columns * width)


def _columns_kept(columns, step, width):
    """Which columns of pixels stay so that cell n begins at n steps: (columns width,) bool.

    A step need not be a whole number of pixels; were it rounded for every cell, the error would add up.
    """
    begins = np.round(np.arange(columns + 1) * step).astype(int)
    return (np.arange(width) < np.diff(begins)[:, None]).ravel()


def _as_wide(ink, width):
    """ink (n, height, …) with blank columns on its right until it is so wide."""
    more = max(0, width - ink.shape[2])
    return np.pad(ink, ((0, 0), (0, 0), (0, more))) if more else ink


class _Glyphs:
    """The characters met so far as images of one size, number 0 being blank: ink (n, height, width) uint8."""

    def __init__(self, size, dpi):
        self.size, self.dpi, self.numbers = size, dpi, {" ": 0}
        self.ink = mono_ink(" ", size, "normal", dpi)[None]

    def number(self, character):
        """Which of the images shows the character; it is drawn when it is met for the first time."""
        number = self.numbers.get(character)
        if number is None:
            number = self.numbers[character] = len(self.ink)
            self.ink = np.concatenate([self.ink, self._drawn(character)[None]])
        return number

    def _drawn(self, character):
        shown = SHOWN_AS.get(character, character)
        ink = mono_ink(shown if can_be_drawn(shown) else BOX, self.size, "normal", self.dpi)
        return ink if shown == character else ink // 2  # a sign that stands for another: paler


@lru_cache(maxsize=4)
def _glyphs(size, dpi):
    return _Glyphs(size, dpi)
