"""Text that moves. matplotlib lays out and rasterises a changed text in about a millisecond; a picture with a
hundred numbers would miss its frame on them alone. Here each character is rasterised once, then only placed.

matplotlib still does the drawing (its own fonts, its own renderer): this file only remembers what it drew.
Numbers are set in its monospaced font: digits do not wander while a slider moves, and they line up in
columns.
"""

from functools import lru_cache

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties, findfont, get_font

from bptt_helpers.pictures.palette import INK

NUMERAL_CHARACTERS = "0123456789+-−.e×=()∞? "
_NUMERALS = {character: index for index, character in enumerate(NUMERAL_CHARACTERS)}
MONO = "DejaVu Sans Mono"
_MARGIN = 2  # pixels around a text, for ink that leaves its box
_PAPER_ALPHA = 225  # how much of what lies below a boxed text is covered


def _font(family, size, weight):
    return FontProperties(family=family, size=size, weight=weight)


@lru_cache(maxsize=64)
def _line_box(size, weight, dpi):
    """Pixels above and below the baseline of a line of text, room for mathematics included."""
    measure = RendererAgg(8, 8, dpi).get_text_width_height_descent
    _, height, descent = measure("Áy", _font("DejaVu Sans", size, weight), False)
    return int(np.ceil(1.25 * (height - descent))), int(np.ceil(1.6 * descent))


def _ink(string, family, size, weight, dpi, columns=None):
    """The ink of `string` as matplotlib draws it, (rows, columns) uint8, on the line box of its size."""
    above, below = _line_box(size, weight, dpi)
    is_math = string.count("$") >= 2
    font = _font(family, size, weight)
    if columns is None:
        width = RendererAgg(8, 8, dpi).get_text_width_height_descent(string, font, is_math)[0]
        columns = int(np.ceil(width)) + 2 * _MARGIN
    renderer = RendererAgg(columns, above + below, dpi)
    renderer.draw_text(renderer.new_gc(), _MARGIN, above, string, font, 0, ismath=is_math)
    return np.asarray(renderer.buffer_rgba())[..., 3].copy()


def _coloured(ink, colour, boxed):
    """An image, (…, 4) uint8, of ink in a colour: over nothing, or over paper where boxed."""
    colour = 255 * np.array(to_rgb(colour))
    image = np.empty((*ink.shape, 4), np.uint8)
    if boxed:
        share = ink[..., None] / 255
        image[..., :3] = np.round((1 - share) * 255 + share * colour)
        image[..., 3] = np.maximum(ink, _PAPER_ALPHA)
    else:
        image[..., :3] = np.round(colour)
        image[..., 3] = ink
    return image


@lru_cache(maxsize=128)
def _numeral_tiles(size, weight, dpi, colour, boxed):
    """One image a character of NUMERAL_CHARACTERS, all of one width: (characters, rows, columns, 4) uint8."""
    inks = [mono_ink(character, size, weight, dpi) for character in NUMERAL_CHARACTERS]
    return _coloured(np.array(inks), colour, boxed)


def mono_ink(character, size, weight, dpi):
    """The ink of one character of the monospaced font, all of one width: (rows, columns) uint8."""
    columns = mono_width(size, weight, dpi) + 2 * _MARGIN
    # A character's box starts at the pen; what ink lies beyond it on either side is under half a pixel wide.
    return _ink(character, MONO, size, weight, dpi, columns)[:, _MARGIN:-_MARGIN]


@lru_cache(maxsize=64)
def mono_width(size, weight, dpi):
    """Pixels from one character of the monospaced font to the next: int."""
    measure = RendererAgg(8, 8, dpi).get_text_width_height_descent
    font = _font(MONO, size, weight)
    return round((measure("0" * 21, font, False)[0] - measure("0", font, False)[0]) / 20)


@lru_cache(maxsize=4096)
def can_be_drawn(character, family=MONO):
    """Whether the font has the character, and drawing it leaves ink where it belongs."""
    return character.isprintable() and get_font(findfont(family)).get_char_index(ord(character)) != 0


@lru_cache(maxsize=2048)
def _words(string, size, weight, dpi, colour, boxed):
    """The picture of any text, drawn by matplotlib as a whole: (rows, columns, 4) uint8."""
    return _coloured(_ink(string, "DejaVu Sans", size, weight, dpi), colour, boxed)


@lru_cache(maxsize=512)  # most texts of a picture stay from one move to the next
def _image(string, size, weight, dpi, colour, boxed):
    """The picture of a text, (rows, columns, 4) uint8, lowest row first, as Agg counts them."""
    try:
        codes = [_NUMERALS[character] for character in string]
    except KeyError:
        return _words(string, size, weight, dpi, colour, boxed)[::-1]
    tiles = _numeral_tiles(size, weight, dpi, colour, boxed)[codes]  # (n, rows, columns, 4)
    return np.concatenate(tiles, axis=1)[::-1]


class Lettering(Artist):
    """Many short texts as one artist, made for redrawing within a frame.

    positions : (n, 2) in the coordinates of `transform` (None is the axes' transData)
    strings : n texts; an empty one draws nothing, two `$` make it mathematics
    size : points; 14 and 16 would be wider at the labs' moving resolution than at rest (tests/test_labs.py)
    colours : one colour, or n
    align : "left", "center" or "right"; vertical : "center", "baseline" or "top"
    boxed : paper behind each text, so that lines do not cross it
    """

    def __init__(self, axes, positions=(), strings=(), *, transform=None, size=12, weight="normal",
                 colours=INK, align="center", vertical="center", boxed=False, zorder=5):  # fmt: skip
        super().__init__()
        self.size, self.weight, self.boxed = size, weight, boxed
        self.align, self.vertical = align, vertical
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
        """Places every text; matplotlib calls this."""
        if not self.get_visible():
            return
        gc = renderer.new_gc()
        dpi = renderer.points_to_pixels(72.0)
        above, below = _line_box(self.size, self.weight, dpi)
        # The visual middle of a line of figures is half a digit above the baseline.
        down = {"center": below + 0.37 * above, "baseline": below, "top": above + below}[self.vertical]
        share = {"left": 0.0, "center": 0.5, "right": 1.0}[self.align]
        colours = [self.colours] * len(self.strings) if isinstance(self.colours, str) else self.colours
        pixels = self.get_transform().transform(self.positions).tolist()
        for (x, y), string, colour in zip(pixels, self.strings, colours, strict=True):
            if string:
                image = _image(string, self.size, self.weight, dpi, colour, self.boxed)
                renderer.draw_image(gc, round(x - share * image.shape[1]), round(y - down), image)
        gc.restore()
