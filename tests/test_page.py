"""pictures.page: a grid of characters as one image: what is where, shades, bars, odd characters."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bptt_helpers.pictures.page import Page, wrapped


def drawn(lines, shares=None, dpi=100, **options):
    """The grey values of a page with 3 rows and 8 columns on a white figure: (rows, columns) of pixels."""
    figure = Figure(figsize=(3, 2), dpi=dpi)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 300), ylim=(0, 200))
    axes.axis("off")
    page = Page(axes, (20, 180), 3, 8, **options)
    page.write(lines, shares)
    canvas.draw()
    page.draw(canvas.get_renderer())
    return np.asarray(canvas.buffer_rgba())[..., :3].mean(axis=-1)


def test_wrapped_cuts_long_lines_and_keeps_short_ones():
    assert wrapped("abcdefg\nhi\n\nj", 3, 9) == ["abc", "def", "g", "hi", "", "j"]
    assert wrapped("abcdefg\nhi", 3, 2) == ["abc", "def"]
    assert wrapped("", 3, 2) == [""]


def test_characters_stand_in_their_cells():
    pixels = drawn(["a", "", "  b"])
    ink = np.argwhere(pixels < 128)
    first, last = ink[ink[:, 0] < 60], ink[ink[:, 0] >= 60]
    assert len(first) > 10
    assert len(last) > 10
    width = 10  # pixels of a character of size 12 at 100 dots per inch
    assert (first[:, 1] - 20 < width).all()
    assert ((last[:, 1] - 20) // width == 2).all()


def test_a_page_says_the_same_at_twice_the_resolution():
    one, two = drawn(["Ag$_"]), drawn(["Ag$_"], dpi=200)
    assert two.shape == (2 * one.shape[0], 2 * one.shape[1])
    assert abs((two < 128).mean() - (one < 128).mean()) < 0.3 * (one < 128).mean()


def test_what_cannot_be_drawn_is_a_box_and_nothing_warns():
    boxes = drawn(["□□□□"])
    np.testing.assert_array_equal(drawn(["漢🙂\x07\ud800"]), boxes)
    assert (drawn(["\n\t"]) < 250).any()
    assert not np.array_equal(drawn(["$x$", "\\frac{"]), drawn([]))
    np.testing.assert_array_equal(drawn(["ab$cd$"])[:, 50:70], drawn(["   cd"])[:, 50:70])  # no mathematics


def test_shares_are_shades_and_bars():
    shares = np.zeros((3, 8))
    shares[0, 1], shares[0, 2] = 1.0, 0.4
    pixels = drawn([], shares, bars=True)
    plain, dark, middle = (pixels[20:24, 20 + 10 * at + 4].mean() for at in (0, 1, 2))
    assert plain == 255
    assert dark < middle < plain
    bars = [int((pixels[20:55, 20 + 10 * at + 4] == pixels[20:55].min()).sum()) for at in (0, 1, 2)]
    assert bars[0] == 0 < bars[2] < bars[1]
    np.testing.assert_array_equal(drawn([], 7 * shares, bars=True)[:, 30:40], pixels[:, 30:40])  # at most 1


def test_columns_can_stand_further_apart():
    pixels = drawn(["ab"], step=20)
    columns = np.flatnonzero((pixels < 128).any(axis=0))
    assert columns.min() < 30
    assert columns.max() >= 40


@pytest.mark.parametrize("dpi", [80, 100, 130, 200])
def test_cells_begin_where_they_should_at_every_resolution(dpi):
    """Steps of 8.8, 11, 14.3 and 22 pixels: no rounding adds up, neither of characters nor of shades."""
    begins = np.round((20 + 11 * np.arange(9)) * dpi / 100).astype(int)
    shaded = drawn([], np.tile([0.0, 1.0], (3, 4)), dpi, step=11)
    row = shaded[np.argwhere(shaded < 255)[0, 0]]
    assert np.abs(np.flatnonzero(np.diff(row)) + 1 - begins[1:]).max() <= 1
    written = drawn(["||||||||"], None, dpi, step=11).min(axis=0)
    inside = [np.flatnonzero(written[begins[n] : begins[n + 1]] < 200).mean() for n in range(8)]
    assert np.ptp(inside) <= 1
