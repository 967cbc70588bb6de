"""What all pictures are made of: lettering, numerals, the palette."""

import itertools
import math

import numpy as np
import pytest
import sweep
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bptt_helpers.labs import on_the_page
from bptt_helpers.pictures import palette
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.lettering import NUMERAL_CHARACTERS, Lettering
from bptt_helpers.pictures.numerals import of_log10, plain, short, signed, tight

# Lettering


def ink_of(draw, dpi):
    """The ink, (rows, columns) of 0..1, that `draw(axes)` leaves on a page of 3 x 1 inches."""
    figure = Figure(figsize=(3, 1), dpi=dpi)
    FigureCanvasAgg(figure)
    axes = figure.add_axes([0, 0, 1, 1])
    axes.axis("off")
    artist = draw(axes)
    artist.set_animated(False)
    figure.canvas.draw()
    return 1 - np.asarray(figure.canvas.buffer_rgba())[..., :3].mean(axis=-1) / 255


def lettering_ink(string, position, dpi=100, **options):
    return ink_of(lambda axes: Lettering(axes, [position], [string], colours="#000000", **options), dpi)


def matplotlib_ink(string, position, dpi=100, size=12, align="center", vertical="baseline", weight="normal"):
    family = "DejaVu Sans Mono" if set(string) <= set(NUMERAL_CHARACTERS) else "DejaVu Sans"
    return ink_of(
        lambda axes: axes.text(
            *position,
            string,
            fontsize=size,
            ha=align,
            va=vertical,
            family=family,
            weight=weight,
            color="black",
        ),
        dpi,
    )


def box(ink):
    """The first and last row and column with ink: (top, bottom, left, right)."""
    rows, columns = (np.flatnonzero((ink > 0.25).any(axis=axis)) for axis in (1, 0))
    return np.array([rows[0], rows[-1], columns[0], columns[-1]])


STRINGS = ("−12.5", "3e+07", "(+0.25)", "output", "$s_{t-1}$", "∂E/∂u₁", "gradient: Áy")


@pytest.mark.parametrize("string", STRINGS)
@pytest.mark.parametrize("align", ["left", "center", "right"])
@pytest.mark.parametrize(("size", "dpi"), [(11, 100), (14, 100), (12, 200)])
def test_lettering_writes_as_matplotlib_does(string, align, size, dpi):
    position = (0.5, 0.4)
    ours = lettering_ink(string, position, dpi, size=size, align=align, vertical="baseline")
    theirs = matplotlib_ink(string, position, dpi, size=size, align=align)
    # Ours stands on whole pixels, and its digits on whole steps.
    assert np.abs(box(ours) - box(theirs)).max() <= 2 + (len(string) > 6)
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.1)
    assert overlap(ours, theirs) > 0.7


def overlap(one, other, reach=2):
    """How much of the ink is common when one is shifted by up to `reach` pixels each way: 0..1."""
    shifts = itertools.product(range(-reach, reach + 1), repeat=2)
    common = max(np.minimum(np.roll(one, shift, axis=(0, 1)), other).sum() for shift in shifts)
    return common / max(one.sum(), other.sum())


def test_the_overlap_tells_one_number_from_another():
    one, other = (lettering_ink(string, (0.5, 0.4), vertical="baseline") for string in ("−12.5", "+38.6"))
    assert overlap(one, one) == 1
    assert overlap(one, other) < 0.6


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_a_bold_text_is_bold(weight):
    ours = lettering_ink("12.50", (0.5, 0.4), vertical="baseline", weight=weight)
    assert ours.sum() == pytest.approx(matplotlib_ink("12.50", (0.5, 0.4), weight=weight).sum(), rel=0.1)


@pytest.mark.parametrize("string", ["0.123", "38", "$s_0$", "H"])
def test_centred_text_stands_around_its_point(string):
    top, bottom, left, right = box(lettering_ink(string, (0.5, 0.5)))
    assert abs((left + right) / 2 - 150) <= 1.5
    assert abs((top + bottom) / 2 - 50) <= 3


def test_text_below_the_top_hangs_from_its_point():
    top, *_ = box(lettering_ink("38", (0.5, 0.9), vertical="top"))
    assert 10 <= top <= 18
    _, bottom, *_ = box(lettering_ink("38", (0.5, 0.2), vertical="baseline"))
    assert abs(bottom - 80) <= 1


def test_digits_do_not_wander():
    """The same column for the same place, whatever the digits are."""
    lefts = {box(lettering_ink(f"0.{digit}38", (0.1, 0.5), align="left"))[2] for digit in range(10)}
    rights = {box(lettering_ink(f"{digit}.38", (0.9, 0.5), align="right"))[3] for digit in range(10)}
    assert len(lefts) == len(rights) == 1


def test_many_texts_each_at_its_place_in_its_colour():
    figure = Figure(figsize=(3, 1), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.add_axes([0, 0, 1, 1])
    axes.axis("off")
    lettering = Lettering(axes, [(0.2, 0.5), (0.5, 0.5), (0.8, 0.5)], ["88", "", "88"],
                          colours=[palette.STATE, palette.INK, palette.GRADIENT])  # fmt: skip
    lettering.set_animated(False)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    left, middle, right = (pixels[:, 100 * i : 100 * (i + 1)].reshape(-1, 3) for i in range(3))
    assert (middle == 255).all()
    for part, colour in ((left, palette.STATE), (right, palette.GRADIENT)):
        darkest = part[part.sum(axis=-1).argmin()]
        np.testing.assert_allclose(darkest, 255 * np.array(to_rgb(colour)), atol=12)
    lettering.write(["", "", ""])
    figure.canvas.draw()
    assert (np.asarray(figure.canvas.buffer_rgba()) == 255).all()


def test_a_boxed_text_covers_what_lies_below():
    def crossed(boxed):
        def draw(axes):
            axes.plot([0, 1], [0.5, 0.5], color="black", linewidth=3)
            axes.set(xlim=(0, 1), ylim=(0, 1))
            return Lettering(axes, [(0.5, 0.5)], [". ."], boxed=boxed)

        return ink_of(draw, 100)[50, 145:155].mean()

    assert crossed(boxed=False) > 0.9
    assert crossed(boxed=True) < 0.15


def test_texts_and_positions_must_agree():
    axes = Figure().add_axes([0, 0, 1, 1])
    with pytest.raises(ValueError, match="strings: got 1 texts for 2 positions"):
        Lettering(axes, [(0, 0), (1, 1)], ["one"])


def test_lettering_moves_by_itself_only():
    axes = Figure().add_axes([0, 0, 1, 1])
    assert Lettering(axes).get_animated()


# Numerals


def read(text):
    return float(text.replace("−", "-"))


def test_numbers_in_little_room():
    examples = {
        0: "0", 0.004: "0", 0.6: ".60", -0.25: "−.25", 1.0: "1.0", -1.24: "−1.2", 9.96: "10",
        42.4: "42", -99.6: "−100", 999.4: "999", 1000: "1e3", 3.2e11: "3e11", 1e300: "1e300",
        math.inf: "∞", -math.inf: "−∞", math.nan: "?",
    }  # fmt: skip
    assert {value: short(value) for value in examples} == examples
    assert short(-0.0) == short(-0.004) == "0"
    examples = {
        0: "+0.000", 0.3386: "+0.339", -57: "−57.00", 123.46: "+123.5", -4321: "−4321", 12345: "+1e+04",
        -3e-16: "−3e-16", math.inf: "+∞", -math.inf: "−∞", math.nan: "?",
    }  # fmt: skip
    assert {value: tight(value) for value in examples} == examples


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_short_number_has_at_most_five_characters(value):
    text = short(value)
    assert 1 <= len(text) <= (6 if -math.inf < value <= -9.5e99 else 5)  # a sign and three digits of exponent


@given(st.floats(-1e300, 1e300) | st.floats(-1100, 1100))
def test_a_short_number_is_rounded_to_what_fits(value):
    size = abs(value)
    allowed = 0.00501 if size < 0.99 else 0.0501 if size < 9.9 else 0.501 if size < 999 else 0.34 * size
    assert abs(read(short(value)) - value) <= allowed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "+0.0000"),
        (-0.0, "+0.0000"),
        (0.3386, "+0.3386"),
        (-0.0483, "−0.0483"),
        (3.14e-7, "+3.1e-07"),
        (-2e5, "−2.0e+05"),
        (math.inf, "overflow"),
        (-math.inf, "overflow"),
        (math.nan, "overflow"),
    ],
)
def test_a_signed_number(value, expected):
    assert signed(value) == expected
    assert plain(value) == expected.removeprefix("+")


def test_the_digits_can_be_chosen():
    assert signed(0.25, 2) == "+0.25"
    assert plain(0.004, 2) == "4.0e-03"


@given(st.floats(-1e300, 1e300) | st.floats(-0.01, 0.01) | st.floats(-1e5, 1e5))
def test_a_signed_number_has_its_sign_and_its_size(value):
    for text, last_place in ((signed(value), 1e-4), (tight(value), 1e-3)):
        assert text[0] == ("−" if value < 0 else "+")
        # Smaller numbers are written with an exponent, so that nothing is rounded away to zero.
        allowed = 0.51 * last_place if abs(value) >= last_place / 2 else 5e-324
        assert read(text) == pytest.approx(value, rel=0.34, abs=allowed)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_tight_number_has_at_most_seven_characters(value):
    assert len(tight(value)) <= 7


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_number_says_nan_or_inf_and_all_can_be_lettered(value):
    for text in (short(value), tight(value)):
        assert set(text) <= set(NUMERAL_CHARACTERS)
    assert not {"nan", "inf"} & {short(value), signed(value), plain(value), tight(value)}


@given(st.floats(-3000, 3000))
def test_a_size_given_by_its_log10_may_be_beyond_all_floats(log):
    text = of_log10(log)
    mantissa, _, exponent = text.partition("e")
    assert set(text) <= set(NUMERAL_CHARACTERS)
    assert float(mantissa) > 0
    assert math.log10(float(mantissa)) + int(exponent or 0) == pytest.approx(log, abs=0.22)
    if exponent:
        assert 1 <= float(mantissa) < 10


def test_a_size_given_by_its_log10_is_written_as_others_are():
    examples = {0: "1.000", -0.1656: "0.683", -6.5: "3.2e-07", 3.5: "3162.278", 412: "1.0e+412",
                -6.001: "1.0e-06", -2999.5: "3.2e-3000"}  # fmt: skip
    assert {log: of_log10(log) for log in examples} == examples


# Palette. Contrast is WCAG 2.2's. Colour-vision deficiencies: Machado, Oliveira and Fernandes (2009),
# "A Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1, on linear RGB.
# Differences are distances in CIELAB (CIE 1976, D65).

SIGHT = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ @ np.ones(3)


def linear(rgb):
    """sRGB, each 0..1, without its gamma curve."""
    rgb = np.clip(rgb, 0, 1)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG's contrast ratio of two sRGB colours: 1..21."""
    lighter, darker = sorted((TO_XYZ[1] @ linear(colour) for colour in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lab_colour(rgb, sight):
    """An sRGB colour as somebody with this sight sees it, in CIELAB."""
    seen = np.clip(np.asarray(SIGHT[sight]) @ linear(rgb), 0, 1)
    ratio = TO_XYZ @ seen / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def in_dark_theme(rgb):
    """What CSS's filter: invert(0.93) hue-rotate(180deg), as in labs/on_the_page.py, makes of a colour."""
    inverted = 0.93 - 0.86 * np.asarray(rgb)
    # hue-rotate's matrix in the W3C's Filter Effects, with cos = -1 and sin = 0.
    keep = np.array([0.213, 0.715, 0.072])
    turned = 2 * keep - np.eye(3)
    return np.clip(turned @ inverted, 0, 1)


THEMES = {"light": np.array, "dark": in_dark_theme}

# Numbers and names are written in these; 4.5 is what WCAG asks of text (AA).
WRITTEN = {"ink": palette.INK, "parameter": palette.PARAMETER} | {
    name: palette.ROLES[name] for name in ("input", "state", "output", "gradient")
}
# Marks and lines; 3 is what WCAG asks of graphics. Never text: what it marks is also said in ink.
DRAWN = {"loss": palette.LOSS}


def seen(colour, theme):
    return THEMES[theme](to_rgb(colour))


def test_the_dark_theme_is_the_one_computed_here():
    assert "filter: invert(0.93) hue-rotate(180deg);" in on_the_page.STYLE
    np.testing.assert_allclose(in_dark_theme([1, 1, 1]), 0.07)
    np.testing.assert_allclose(in_dark_theme([0, 0, 0]), 0.93)


def test_every_role_has_a_use():
    assert {**WRITTEN, **DRAWN}.keys() == {*palette.ROLES, "ink", "parameter"}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("colours", "least"), [(WRITTEN, 4.5), (DRAWN, 3)])
def test_roles_stand_out_from_the_paper(colours, least, theme):
    paper = seen(palette.PAPER, theme)
    assert {name: contrast(seen(colour, theme), paper) < least for name, colour in colours.items()} == (
        dict.fromkeys(colours, False)
    )


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_roles_stay_apart(sight, theme):
    """2.3 is just noticeable side by side; from 10 on two marks are told apart at a glance."""
    colours = {name: lab_colour(seen(colour, theme), sight) for name, colour in palette.ROLES.items()}
    for one, other in itertools.combinations(colours, 2):
        assert np.linalg.norm(colours[one] - colours[other]) > 10, (one, other)


def test_magnitudes_are_ordered_by_lightness_alone():
    for sight in SIGHT:
        lightness = [lab_colour(palette.MAGNITUDE(x)[:3], sight)[0] for x in np.linspace(0, 1, 30)]
        assert (np.diff(lightness) < 0).all()


def test_the_table_of_colours_has_every_role_and_white_paper():
    table = palette.indexed_colours()
    assert (table.shape, table.dtype) == ((256, 3), np.uint8)
    held = set(map(tuple, table.tolist()))
    for colour in (palette.PAPER, palette.INK, palette.PARAMETER, palette.FAINT, *palette.ROLES.values()):
        assert tuple(round(255 * part) for part in to_rgb(colour)) in held


class Areas:
    """One square for each colour with a meaning."""

    size = (1.0, 1.0)
    colours = (palette.INK, palette.PARAMETER, palette.FAINT, *palette.ROLES.values())

    def __init__(self, figure):
        axes = figure.add_axes([0, 0, 1, 1])
        axes.axis("off")
        axes.set(xlim=(0, 10), ylim=(0, 10))
        for index, colour in enumerate(self.colours):
            axes.add_patch(Rectangle((index, 0), 1, 5, facecolor=colour, linewidth=0))

    def update(self, numbers):
        pass


def test_roles_and_paper_come_out_of_the_png_exactly():
    pixels = sweep.pixels(Canvas(Areas).png({}))
    assert (pixels[:45] == 255).all()
    for index, colour in enumerate(Areas.colours):
        allowed = 0 if colour in palette.ROLES.values() else 4  # Pillow looks up colours in cells of 4 levels
        expected = np.round(255 * np.array(to_rgb(colour)))
        np.testing.assert_allclose(pixels[75, 10 * index + 5], expected, rtol=0, atol=allowed)
