"""Text that moves. matplotlib lays out and rasterises a changed text in about a millisecond; a picture with sixty
numbers would miss its frame on them alone. Here each character is rasterised once and then only placed.

matplotlib still does the drawing (its own font, its own renderer): this file only remembers what it drew.
"""

from functools import lru_cache

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties

from bptt_helpers.pictures.palette import INK

_PLACED_ONE_BY_ONE = set("0123456789+-−.,e×·=() ∞")
_MARGIN = 2  # pixels around a stamp, for ink that leaves its box


@lru_cache(maxsize=64)
def _font(size, weight):
    return FontProperties(size=size, weight=weight)


@lru_cache(maxsize=64)
def _line_box(size, weight, dpi):
    """Pixels above and below the baseline of a line of text, room for mathematics included."""
    _, height, descent = RendererAgg(8, 8, dpi).get_text_width_height_descent("Áy", _font(size, weight), False)
    return int(np.ceil(1.25 * (height - descent))), int(np.ceil(1.6 * descent))


@lru_cache(maxsize=8192)
def _stamp(string, size, weight, dpi):
    """The ink of `string` as matplotlib draws it, (rows, columns) uint8, on the line box of its font."""
    above, below = _line_box(size, weight, dpi)
    is_math = string.count("$") >= 2
    font = _font(size, weight)
    width = RendererAgg(8, 8, dpi).get_text_width_height_descent(string, font, is_math)[0]
    rows, columns = above + below, int(np.ceil(width)) + 2 * _MARGIN
    renderer = RendererAgg(columns, rows, dpi)
    renderer.draw_text(renderer.new_gc(), _MARGIN, above, string, font, 0, ismath=is_math)
    return np.asarray(renderer.buffer_rgba())[..., 3].copy()


@lru_cache(maxsize=1024)
def _advance(character, size, weight, dpi):
    """How far the pen moves for `character`, in pixels (averaged over ten: the renderer rounds to whole ones)."""
    measure = RendererAgg(8, 8, dpi).get_text_width_height_descent
    font = _font(size, weight)
    return (measure("0" + 10 * character + "0", font, False)[0] - measure("00", font, False)[0]) / 10


def _ink(string, size, weight, dpi):
    """The ink of any string, (rows, columns) uint8: numbers from single characters, anything else whole."""
    if not string or not set(string) <= _PLACED_ONE_BY_ONE:
        return _stamp(string or " ", size, weight, dpi)
    pens = np.cumsum([0.0] + [_advance(character, size, weight, dpi) for character in string])
    ink = np.zeros((sum(_line_box(size, weight, dpi)), int(np.ceil(pens[-1])) + 2 * _MARGIN + 2), np.uint8)
    for character, pen in zip(string, pens, strict=False):
        stamp = _stamp(character, size, weight, dpi)
        place = ink[:, round(pen) : round(pen) + stamp.shape[1]]
        np.maximum(place, stamp[:, : place.shape[1]], out=place)
    return ink


class Lettering(Artist):
    """Many short texts as one artist, made for redrawing within a frame.

    `positions` (n, 2) in the coordinates of `transform` (an axes' transData, transAxes, …), `strings` n texts (an empty
    one draws nothing; two `$` make it mathematics), `colours` one colour or n, `align` "left", "center" or "right",
    `vertical` "center", "baseline" or "top", `boxed` puts paper behind each text so that lines do not cross it.
    """

    def __init__(self, axes, positions=(), strings=(), *, transform=None, size=12, weight="normal", colours=INK,
                 align="center", vertical="center", boxed=False, zorder=5):  # fmt: skip
        super().__init__()
        self.size, self.weight, self.align, self.vertical, self.boxed = size, weight, align, vertical, boxed
        self.place(positions, strings, colours)
        self.set_animated(True)
        self.set_zorder(zorder)
        axes.add_artist(self)
        self.set_transform(axes.transData if transform is None else transform)
        self.set_clip_on(False)

    def place(self, positions, strings, colours=None):
        """Moves the texts: new positions (n, 2), new strings, and new colours where given."""
        self.positions = np.asarray(positions, float).reshape(-1, 2)
        self.write(strings, colours)

    def write(self, strings, colours=None):
        """Changes what the texts say, and their colours where given, but not where they stand."""
        self.strings = list(strings)
        if len(self.strings) != len(self.positions):
            raise ValueError(f"strings: got {len(self.strings)} texts for {len(self.positions)} positions")
        if colours is not None:
            self.colours = colours

    def draw(self, renderer):
        if not self.get_visible():
            return
        gc = renderer.new_gc()
        dpi = renderer.points_to_pixels(72.0)
        single = isinstance(self.colours, str)
        pixels = self.get_transform().transform(self.positions)
        for index, ((x, y), string) in enumerate(zip(pixels, self.strings, strict=True)):
            if string:
                colour = self.colours if single else self.colours[index]
                self._draw_one(renderer, gc, x, y, string, to_rgb(colour), dpi)
        gc.restore()

    def _draw_one(self, renderer, gc, x, y, string, colour, dpi):
        ink = _ink(string, self.size, self.weight, dpi)
        above, below = _line_box(self.size, self.weight, dpi)
        rows, columns = ink.shape
        left = x - {"left": _MARGIN, "center": columns / 2, "right": columns - _MARGIN}[self.align]
        # The visual middle of a line of figures is half a digit above the baseline.
        bottom = y - {"center": below + 0.37 * above, "baseline": below, "top": rows}[self.vertical]
        image = np.empty((rows, columns, 4), np.uint8)
        image[..., :3] = np.round(255 * np.array(colour))
        image[..., 3] = ink
        if self.boxed:
            image[..., :3] = (255 - ink[..., None] * (1 - np.array(colour))).astype(np.uint8)
            image[..., 3] = np.maximum(ink, 225)
        renderer.draw_image(gc, round(left), round(bottom), image[::-1])  # Agg counts rows from below
