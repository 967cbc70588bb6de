"""From a picture to PNG bytes within a frame.

The figure is kept; what stays is drawn once and remembered as pixels; what moves (every artist with
`animated=True`) is drawn over it; the PNG is written with one fixed table of colours. No pyplot, so nothing
leaks or shows twice.
"""

import io
import json
import re
from functools import lru_cache
from html import escape

import numpy as np
from matplotlib import style
from matplotlib.animation import FuncAnimation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.palette import indexed_colours

STYLE = "bptt_helpers.bptt"


def new_figure(picture_class, dpi):
    """An empty figure of the picture's size in our style, and the picture drawn on it."""
    with style.context(STYLE):
        figure = Figure(figsize=picture_class.size, dpi=dpi)
        FigureCanvasAgg(figure)
        return figure, picture_class(figure)


def smallest_letters(picture_class):
    """The size of the picture's smallest letters, in points, when it is drawn at its own size: float."""
    figure, _ = new_figure(picture_class, dpi=100)
    texts = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text()]
    return min(texts + [lettering.size for lettering in figure.findobj(Lettering)])


@lru_cache(maxsize=1)
def _colour_table():
    table = Image.new("P", (1, 1))
    table.putpalette(indexed_colours().tobytes())
    return table


class Canvas:
    """A picture kept ready: `png(numbers)` moves it and returns the bytes of a PNG.

    picture_class : a class as described in `bptt_helpers.pictures`
    dpi : dots per inch; a lab draws with 80 while a slider moves, with 200 when it rests
    """

    def __init__(self, picture_class, dpi=100):
        self.figure, self.picture = new_figure(picture_class, dpi)
        self._moving = sorted(
            self.figure.findobj(lambda artist: artist.get_animated()), key=lambda artist: artist.get_zorder()
        )
        self._backgrounds = {}  # what stays, as pixels, by which panels are on show

    def png(self, numbers):
        """The picture of `numbers` as PNG bytes."""
        self.picture.update(numbers)
        return _encode(self.pixels())

    def pixels(self):
        """The picture as it stands: (rows, columns, 4) uint8."""
        canvas = self.figure.canvas
        panels = tuple(axes.get_visible() for axes in self.figure.axes)
        if panels not in self._backgrounds:
            self._backgrounds[panels] = self._what_stays()
        canvas.restore_region(self._backgrounds[panels])
        renderer = canvas.get_renderer()
        for artist in self._moving:
            if artist.axes is None or artist.axes.get_visible():
                artist.draw(renderer)
        return np.asarray(canvas.buffer_rgba())

    def _what_stays(self):
        """The figure without the artists that move, as pixels for restore_region."""
        # draw() leaves animated artists out by itself, but not while an animation is saved.
        shown = [artist for artist in self._moving if artist.get_visible()]
        for artist in shown:
            artist.set_visible(False)
        with style.context(STYLE):
            self.figure.canvas.draw()
        for artist in shown:
            artist.set_visible(True)
        return self.figure.canvas.copy_from_bbox(self.figure.bbox)


@lru_cache(maxsize=8)
def shared_canvas(picture_class, dpi):
    """The one Canvas for this picture and resolution.

    A canvas keeps only pixels that stay between two pictures, so all labs of a kind share it: a cell run
    again, or a notebook with one lab three times, costs no memory and no time to draw what stays."""
    return Canvas(picture_class, dpi)


def _encode(pixels, compress_level=1):
    """PNG bytes of pixels (rows, columns, 4) uint8, in the fixed table of colours."""
    rows, columns, _ = pixels.shape
    image = Image.frombytes("RGB", (columns, rows), pixels, "raw", "RGBX")  # the fourth byte is passed over
    file = io.BytesIO()
    image.quantize(palette=_colour_table(), dither=Image.Dither.NONE).save(
        file, "png", compress_level=compress_level
    )
    return file.getvalue()


def player(picture_class, moments, start=0, frames_per_second=8):
    """A self-contained HTML player (matplotlib's own) of the picture, with a sentence that goes along: str.

    moments : an iterable of (numbers, sentence); the sentence is HTML, "" for none
    start : the moment at which the player stands at first, 0 … len - 1
    """
    canvas = Canvas(picture_class, dpi=100)
    figure = canvas.figure
    # The player saves the figure once a frame: our way takes a tenth of the time, and of the space.
    figure.savefig = lambda file, **_: file.write(_encode(canvas.pixels(), compress_level=9))
    figure.canvas.draw_idle = lambda: None
    frames, sentences = zip(*moments, strict=True)
    with style.context(STYLE):
        animation = FuncAnimation(
            figure, canvas.picture.update, frames=frames, init_func=lambda: (), blit=False
        )
        html = animation.to_jshtml(fps=frames_per_second, default_mode="loop")
    return _self_contained(_named(html, picture_class.alt)) + _following(html, sentences, start)


# The signs on the player's buttons, for which matplotlib fetches a font of icons from the network.
_SIGNS = {
    "fa-minus": "−",
    "fa-fast-backward": "«",
    "fa-step-backward": "‹",
    "fa-play fa-flip-horizontal": "◀",
    "fa-pause": "❚❚",
    "fa-play": "▶",
    "fa-step-forward": "›",
    "fa-fast-forward": "»",
    "fa-plus": "+",
}


def _self_contained(html):
    html = re.sub(r"<link\b[^>]*>", "", html)
    return re.sub(r'<i class="fa ([^"]*)"></i>', lambda icon: _SIGNS[icon[1]], html)


def _named(html, alt):
    """With a text in place of the picture, and a name for the slider: matplotlib gives neither."""
    html = html.replace('<img id="_anim_img', f'<img alt="{escape(alt)}" id="_anim_img', 1)
    return html.replace('<input id="_anim_slider', '<input aria-label="moment" id="_anim_slider', 1)


# Stands after the player's own script. The picture's address changes with every frame, then the slider.
FOLLOWING = """
<div class="bptt-words" role="status" id="_anim_said{id}"></div>
<script>
(() => {{
  const part = name => document.getElementById("_anim_" + name + "{id}");
  const said = {sentences}, image = part("img"), slider = part("slider"), words = part("said");
  let start = {start};
  const follow = () => {{
    if (start !== null) {{
      slider.value = start;
      start = null;
      slider.dispatchEvent(new Event("input"));
    }}
    words.innerHTML = said[slider.value];
    slider.setAttribute("aria-valuetext", words.textContent);
  }};
  new MutationObserver(follow).observe(image, {{attributes: true, attributeFilter: ["src"]}});
  if (image.hasAttribute("src")) {{  // the player was quicker
    follow();
  }}
}})();
</script>
"""


def _following(html, sentences, start):
    """The sentence under the player, and what moves it."""
    (name,) = re.findall(r'<img id="_anim_img(\w+)"', html)
    written = json.dumps(sentences).replace(
        "</", "<\\/"
    )  # a script ends at the first </script, also in a text
    return FOLLOWING.format(id=name, sentences=written, start=start)
