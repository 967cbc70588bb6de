"""A matrix of colours that moves. matplotlib draws a mesh of 60 x 60 cells in about 2 ms, cell by cell; here
it is one image, whose pixels are looked up, in a third of that.
"""

import numpy as np
from matplotlib.artist import Artist


class Tiles(Artist):
    """The cells of a matrix in the box of an axes, the first row on top, as one image.

    cmap, vmin, vmax : as everywhere in matplotlib; where a value is nan, what lies below is seen
    """

    def __init__(self, axes, cmap, vmin, vmax, zorder=1):
        super().__init__()
        self.vmin, self.vmax = vmin, vmax
        shades = (255 * cmap(np.linspace(0, 1, 255))).round().astype(np.uint8)  # (255, 4)
        clear = np.zeros((1, 4), np.uint8)
        self._colours = np.concatenate([shades, clear]).view(np.uint32)[:, 0]  # (256,)  one number a colour
        self.values = np.full((1, 1), np.nan)
        self._image = None  # (height, width, 4) of these values, until others come
        self.set_animated(True)
        self.set_zorder(zorder)
        axes.add_artist(self)

    def show(self, values):
        """Moves to new values (rows, columns)."""
        if not np.array_equal(values, self.values, equal_nan=True):
            self.values, self._image = np.array(values), None  # its own copy, to compare the next with

    def draw(self, renderer):
        """Places the image; matplotlib calls this."""
        if not self.get_visible():
            return
        box = self.axes.bbox
        left, bottom = round(box.x0), round(box.y0)
        width, height = round(box.x1) - left, round(box.y1) - bottom
        if self._image is None or self._image.shape[:2] != (height, width):
            self._image = self._drawn(height, width)
        gc = renderer.new_gc()
        renderer.draw_image(gc, left, bottom, self._image)
        gc.restore()

    def _drawn(self, height, width):
        """The cells as pixels, (height, width, 4) uint8."""
        rows, columns = self.values.shape
        row = np.arange(height)[::-1] * rows // height  # Agg counts the lowest row first
        column = np.arange(width) * columns // width
        image = self._colours[self._indices()][row[:, None], column].view(np.uint8)
        return image.reshape(height, width, 4)

    def _indices(self):
        """Which of the 255 shades each cell has; 255 is clear."""
        share = np.clip((self.values - self.vmin) / (self.vmax - self.vmin), 0, 1)
        return np.where(np.isnan(share), 255, np.nan_to_num(share) * 254).round().astype(np.uint8)
