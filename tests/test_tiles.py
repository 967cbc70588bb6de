"""The image of a matrix: every pixel has the colour of its cell, at any resolution."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bptt_helpers.pictures.palette import MAGNITUDE
from bptt_helpers.pictures.tiles import Tiles

VALUES = np.array([[0.0, np.nan, 1.0], [0.5, 9.0, -np.inf]])


def pixels(values, dpi=100):
    """What a figure of 3 x 2 inches full of tiles looks like, first row on top: (rows, columns, 4) uint8."""
    figure = Figure(figsize=(3, 2), dpi=dpi, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes([0, 0, 1, 1])
    axes.axis("off")
    tiles = Tiles(axes, MAGNITUDE, 0, 1)
    tiles.show(values)
    canvas.draw()
    tiles.draw(canvas.get_renderer())
    return np.asarray(canvas.buffer_rgba())


@pytest.mark.parametrize("dpi", [100, 200])
def test_every_cell_is_a_block_of_its_colour(dpi):
    image = pixels(VALUES, dpi).astype(int)
    for (row, column), value in np.ndenumerate(VALUES):
        block = image[row * dpi : (row + 1) * dpi, column * dpi : (column + 1) * dpi]
        assert (block == block[0, 0]).all()
        wanted = [255] * 4 if np.isnan(value) else 255 * np.array(MAGNITUDE(float(np.clip(value, 0, 1))))
        assert abs(block[0, 0] - wanted).max() <= 3  # 255 shades


def test_cells_that_do_not_fill_whole_pixels_leave_no_gap():
    image = pixels(np.ones((59, 59)))
    assert (image == image[0, 0]).all()
    assert image[0, 0, 0] < 100
