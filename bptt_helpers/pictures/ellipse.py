"""A circle of small nudges, pushed through the Jacobians step by step, and the lengths of its two axes.

The plane is drawn at true size as long as the ellipse fits. An ellipse that is too long is drawn to fit, and
the circle it came from shrinks instead; one that is too small to be seen is magnified under a lens.
"""

import numpy as np
from matplotlib.transforms import Affine2D, ScaledTranslation

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import of_log10
from bptt_helpers.pictures.palette import FAINT, INK, PAPER, PARAMETER, STATE

T = 24  # steps
NOTHING = -9999.0  # in place of log10(0): far below what floats can make in T steps
REACH = 6.0  # log10 of the lengths that there is room for
FACTORS = 1.0  # log10 of the factors of one step that there is room for
EDGE = 1.8  # half the height of the plane
FIT, SMALL = 1.38, 0.2  # the longest axis drawn, and the one below which a lens is needed
LENS, LENS_AT, IN_LENS = 0.48, (1.42, -1.26), 0.38  # its radius, its centre, the longest axis in it
PALE, PALER = "#9DBFDB", "#DCE8F2"  # of STATE
COLUMNS = (92, 190, 288)  # of the table, in points
# left, bottom, width, height in the figure of plane, table, lengths and factors, by what is shown
_PLANE, _TABLE = (0.012, 0.275, 0.435, 0.632), (0.012, 0.01, 0.435, 0.25)
PLACES = {
    "ellipse": ((0.012, 0.1, 0.535, 0.777), (0.56, 0.42, 0.435, 0.25), None, None),  # the same shape, larger
    "lengths": (_PLANE, _TABLE, (0.54, 0.085, 0.445, 0.74), None),
    "all": (_PLANE, _TABLE, (0.54, 0.46, 0.445, 0.365), (0.54, 0.085, 0.445, 0.215)),
}
NUMERAL = 6.9  # points, the width of a character of a number of 11 points
GHOSTS = 3  # so many earlier ellipses are seen

_ANGLES = np.linspace(0, 2 * np.pi, 121)
CIRCLE = np.array([np.cos(_ANGLES), np.sin(_ANGLES)])  # (2, 121)

LONG = {"linestyle": "-", "color": STATE, "linewidth": 2.8}
SHORT = {"linestyle": "-", "color": STATE, "linewidth": 1.2}
DASHED = {"linestyle": (0, (5, 2)), "color": INK, "linewidth": 1.7}
DOTTED = {"linestyle": (0, (1, 1.3)), "color": PARAMETER, "linewidth": 2.6}


class EllipsePicture:
    """Left the plane of nudges and the matrices; right the axes' lengths over the steps, and each step."""

    size = (10.8, 6.2)
    alt = (
        "A circle of small nudges to the state and the ellipse that the steps make of it; beside it the "
        "lengths of the ellipse's axes over the steps, and below the matrices."
    )

    def __init__(self, figure):
        self._draw_plane(figure.add_axes(PLACES["all"][0]))
        self._draw_table(figure.add_axes(PLACES["all"][1]))
        self._draw_lengths(figure.add_axes(PLACES["all"][2]))
        self._draw_factors(figure.add_axes(PLACES["all"][3]))
        self.arranged = "all"

    def _draw_plane(self, axes):
        width, height = axes.get_position().size * self.size
        axes.set(xlim=np.array([-EDGE, EDGE]) * width / height, ylim=(-EDGE, EDGE), xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.axhline(0, color="#E2E2E2", linewidth=1, zorder=0)
        axes.axvline(0, color="#E2E2E2", linewidth=1, zorder=0)
        axes.set_title("a circle of nudges to $s_{-1}$, and what it becomes")
        self.start = axes.plot([], [], "--", color=INK, linewidth=1.3, animated=True, zorder=2)[0]
        self.ghosts = axes.plot([], [], color=PALE, linewidth=1.0, animated=True, zorder=1)[0]
        self.trails = axes.plot([], [], ":", color=INK, linewidth=1.2, animated=True, zorder=3)[0]
        self.ellipse = axes.fill([0], [0], facecolor=PALER, edgecolor=STATE, linewidth=2, animated=True,
                                 zorder=2)[0]  # fmt: skip
        self.long, self.short = (
            axes.plot([], [], animated=True, zorder=3, **look)[0] for look in (LONG, SHORT)
        )
        self.nudges = [
            axes.plot([], [], marker, color=INK, markersize=8, animated=True, zorder=4)[0] for marker in "os"
        ]
        self.unit_nudges = [
            axes.plot([], [], marker, markerfacecolor=PAPER, markeredgecolor=INK, markersize=8, animated=True,
                      zorder=3)[0] for marker in "os"
        ]  # fmt: skip
        self.lens = axes.fill([0], [0], facecolor=PAPER, edgecolor=INK, linewidth=1.2, animated=True,
                              zorder=5)[0]  # fmt: skip
        self.lens_ray = axes.plot([], [], color=INK, linewidth=0.8, animated=True, zorder=1)[0]
        self.magnified = axes.fill([0], [0], facecolor=PALER, edgecolor=STATE, linewidth=2, animated=True,
                                   zorder=6)[0]  # fmt: skip
        self.magnified_nudges = [
            axes.plot([], [], marker, color=INK, markersize=7, animated=True, zorder=7)[0] for marker in "os"
        ]
        corner = _points_from(axes, 0, 0)
        for y, look in ((26, LONG), (8, SHORT)):
            axes.plot([4, 30], [y, y], transform=corner, clip_on=False, **look)
        words = "○ □  two of the nudges    ● ■  where they are now"
        Lettering(axes, [(0.0, 0.97)], [words], size=11, align="left", transform=axes.transAxes)
        Lettering(
            axes, [(36, 26), (36, 8)], ["long axis", "short axis"], size=11, align="left", transform=corner
        )
        self.stretches = Lettering(
            axes, [(106, 26), (106, 8)], ["", ""], size=12, weight="bold", colours=STATE, align="left",
            transform=corner, boxed=True
        )  # fmt: skip
        self.scale = Lettering(axes, size=11, align="right", transform=axes.transAxes)

    def _draw_table(self, axes):
        axes.axis("off")
        corner = _points_from(axes, 0, 1)
        Lettering(axes, [(4, -77), (4, -97)], ["$\\rho$", "$\\sigma_{max}$"], size=13, align="left",
                  transform=corner)  # fmt: skip
        self.headings = Lettering(axes, size=13, transform=corner)
        self.time = Lettering(axes, size=13, transform=corner, align="left")
        self.entries = Lettering(axes, size=11, transform=corner, align="right")
        self.sizes = Lettering(axes, size=12, weight="bold", transform=corner)

    def _draw_lengths(self, axes):
        axes.set(xlim=(0, T), ylim=(-REACH, REACH))
        axes.set_title("the lengths of its axes, step by step", pad=44)
        axes.set_ylabel("times as long")
        axes.yaxis.set_label_coords(-0.105, 0.5)
        axes.set_xticks(range(0, T + 1, 4))
        axes.tick_params(axis="x", labelbottom=True, labelsize=11)
        _powers_of_ten(axes, range(-6, 7, 2))
        axes.axhline(0, color=FAINT, linewidth=1)
        self.here = [axes.axvline(0, color=FAINT, linewidth=1.5, animated=True, zorder=1)]
        self.promised = axes.plot([], [], animated=True, zorder=2, **DOTTED)[0]
        self.radius = axes.plot([], [], animated=True, zorder=2, **DASHED)[0]
        self.lengths = [axes.plot([], [], animated=True, zorder=4, **look)[0] for look in (LONG, SHORT)]
        self.at_step = [
            axes.plot([], [], "o", color=STATE, markersize=size, animated=True, zorder=5, clip_on=False)[0]
            for size in (9, 6)
        ]
        corner = _points_from(axes, 0, 1)
        samples = ((0, 33, LONG), (190, 33, SHORT), (0, 14, DASHED), (190, 14, DOTTED))
        for x, y, look in samples:
            axes.plot([x, x + 30], [y, y], transform=corner, clip_on=False, **look)
        names = ["long axis: $\\sigma_{max}$(product)", "short axis", "$\\rho(W)^n$"]
        Lettering(axes, [(36, 33), (226, 33), (36, 14)], names, size=11, align="left", transform=corner)
        self.promise_name = Lettering(axes, [(226, 14)], [""], size=11, align="left", transform=corner)

    def _draw_factors(self, axes):
        axes.set(xlim=(0, T), ylim=(-FACTORS, FACTORS))
        axes.set_title("how much each step stretches", pad=24)
        axes.set_xlabel("steps $n$", labelpad=2)
        axes.set_xticks(range(0, T + 1, 4))
        axes.tick_params(axis="x", labelsize=11)
        axes.set_yticks(np.log10([0.1, 0.5, 1, 2, 10]), ["≤ 0.1", "0.5", "1", "2", "10"], fontsize=11)
        axes.axhline(0, color=FAINT, linewidth=1)
        self.here.append(axes.axvline(0, color=FAINT, linewidth=1.5, animated=True, zorder=1))
        self.promised_factor = axes.plot([], [], animated=True, zorder=2, **DOTTED)[0]
        self.radius_factor = axes.plot([], [], animated=True, zorder=2, **DASHED)[0]
        self.at_most = axes.plot([], [], "D", markerfacecolor=PAPER, markeredgecolor=INK, markersize=6,
                                 animated=True, zorder=3, clip_on=False)[0]  # fmt: skip
        self.in_fact = axes.plot([], [], "o", color=STATE, markersize=4.5, animated=True, zorder=4,
                                 clip_on=False)[0]  # fmt: skip
        corner = _points_from(axes, 0, 1)
        axes.plot([6], [13], "D", markerfacecolor=PAPER, markeredgecolor=INK, transform=corner, clip_on=False,
                  markersize=6)  # fmt: skip
        axes.plot([196], [13], "o", color=STATE, transform=corner, clip_on=False, markersize=4.5)
        names = ["at most: $\\sigma_{max}(J_t)$", "in fact: the long axis"]
        Lettering(axes, [(16, 13), (206, 13)], names, size=11, align="left", transform=corner)

    def update(self, numbers):
        """Shows what labs.ellipse computed."""
        n = numbers["step"]
        self._arrange(numbers["show"])
        self._move_plane(n, numbers["shapes"], numbers["log10_scale"], numbers["log10_axes"])
        self._write_table(numbers)
        rates = [numbers["bounds"].spectral_radius, numbers["bounds"].per_step]
        rates = [np.log10(rate) if rate > 0 else NOTHING for rate in rates]
        self._move_lengths(n, numbers["log10_axes"], *rates)
        self._move_factors(n, numbers["log10_axes"][:, 0], numbers["jacobian_singular_values"][:, 0], *rates)
        steepest = numbers["bounds"].steepest
        name = "\\sigma_{max}(W)" if steepest == 1 else f"{steepest:g}\\,\\sigma_{{max}}(W)"
        self.promise_name.write([f"${name}^n$" if steepest == 1 else f"$({name})^n$"])

    def _arrange(self, show):
        if show == self.arranged:
            return  # moving axes, even to where they are, makes all transforms be computed anew
        self.arranged = show
        panels = (self.start.axes, self.headings.axes, self.radius.axes, self.at_most.axes)
        for axes, place in zip(panels, PLACES[show], strict=True):
            axes.set_visible(place is not None)
            if place is not None:
                axes.set_position(place)

    def _move_plane(self, n, shapes, log10_scale, log10_axes):
        zoom = min(0.0, np.log10(FIT) - log10_axes[n, 0])  # log10 of how long a nudge of length 1 is drawn
        drawn = [shapes[i] * _power(log10_scale[i] + zoom) for i in range(n + 1)]  # (2, 2) each
        self.start.set_data(*(10**zoom * CIRCLE))
        self.ellipse.set_xy((drawn[n] @ CIRCLE).T)
        gap = np.full((2, 1), np.nan)
        earlier = [part for matrix in drawn[max(0, n - GHOSTS) : n] for part in (matrix @ CIRCLE, gap)]
        self.ghosts.set_data(*np.concatenate([gap, *earlier], axis=1))
        paths = np.array(drawn)  # (n + 1, 2, 2)  a column each is where a unit nudge went
        self.trails.set_data(*np.concatenate([paths[:, :, 0].T, gap, paths[:, :, 1].T], axis=1))
        for column in (0, 1):
            self.unit_nudges[column].set_data(*drawn[0][:, [column]])
            self.nudges[column].set_data(*drawn[n][:, [column]])
        directions, lengths, _ = np.linalg.svd(drawn[n])
        for line, tip in zip((self.long, self.short), (directions * lengths).T, strict=True):
            line.set_data(*np.column_stack([-tip, tip]))
        self.stretches.write([f"×{_size(log)}" for log in log10_axes[n]])
        self._move_lens(shapes[n], log10_axes[n, 0], zoom)

    def _move_lens(self, shape, log10_longest, zoom):
        is_small = log10_longest < np.log10(SMALL)
        is_there = is_small and log10_longest > NOTHING
        for artist in (self.lens, self.lens_ray, self.magnified, *self.magnified_nudges):
            artist.set_visible(is_there)
        if is_there:
            at = np.array(LENS_AT)
            shown = shape * IN_LENS / np.linalg.norm(shape, 2)
            self.lens.set_xy(at + LENS * CIRCLE.T)
            self.lens_ray.set_data([0, at[0]], [0, at[1]])
            self.magnified.set_xy(at + (shown @ CIRCLE).T)
            for column, marker in enumerate(self.magnified_nudges):
                marker.set_data(*(at + shown[:, column])[:, None])
        if is_there:
            above = 0.5 + (LENS_AT[1] + LENS + 0.12) / (2 * EDGE)
            self._say("lens", _times(np.log10(IN_LENS) - log10_longest), above)
        elif is_small:
            self._say("nothing is left", "", 0.05)
        else:
            self._say(*(("drawn smaller by", _times(-zoom)) if zoom < 0 else ("", "")), 0.05)

    def _say(self, words, number, y):
        """Words and a number at the right edge of the plane, at a height of 0 … 1."""
        width = self.start.axes.get_position().width * self.size[0] * 72  # points
        self.scale.place([(1, y), (1 - (NUMERAL * len(number) + 4) / width, y)], [number, words])

    def _write_table(self, numbers):
        n, bounds = numbers["step"], numbers["bounds"]
        product = (numbers["product"], numbers["product_radius"], numbers["singular_values"][0])
        columns = [("$W$", numbers["params"].W, bounds.spectral_radius, bounds.largest_singular_value)]
        if n > 0:
            largest = numbers["jacobian_singular_values"][n - 1, 0]
            columns.append(("$J_t$", numbers["jacobians"][n - 1], numbers["jacobian_radii"][n - 1], largest))
        columns.append(("$J_t \\cdots J_0$" if n > 0 else "the product", *product))
        self.time.place([(4, -10), (30, -10)], ["$t\\,=$", str(n - 1)] if n > 0 else ["", ""])
        x = COLUMNS[: len(columns)] if n > 0 else COLUMNS[::2]
        names, matrices, radii, largest = zip(*columns, strict=True)
        self.headings.place([(middle, -10) for middle in x], names)
        self.entries.place(
            [(middle + aside, y) for middle in x for y in (-33, -51) for aside in (-3, 43)],
            [entry(value) for matrix in matrices for value in matrix.ravel()],
        )
        self.sizes.place(
            [(middle, y) for y in (-77, -97) for middle in x], [entry(value) for value in radii + largest]
        )

    def _move_lengths(self, n, log10_axes, radius, promised):
        steps = np.arange(T + 1)
        for marker in self.here:
            marker.set_xdata([n, n])
        for line, rate in ((self.radius, radius), (self.promised, promised)):
            line.set_data([0, 1, T], [0, max(rate, -99), max(rate * T, -99)])
        y = np.clip(log10_axes, -99, 99)  # the bend lies outside
        for column, (line, dot) in enumerate(zip(self.lengths, self.at_step, strict=True)):
            line.set_data(steps[: n + 1], y[: n + 1, column])
            here = y[n, column]
            dot.set_data([n], [np.clip(here, -REACH, REACH)])
            dot.set_marker("o" if abs(here) <= REACH else "v" if here < 0 else "^")

    def _move_factors(self, n, log10_long, most, radius, promised):
        for line, rate in ((self.radius_factor, radius), (self.promised_factor, promised)):
            line.set_data([0, T], [np.clip(rate, -0.97 * FACTORS, FACTORS)] * 2)
        steps = np.arange(1, T + 1)
        with np.errstate(divide="ignore"):
            self.at_most.set_data(steps, np.clip(np.log10(most), -FACTORS, FACTORS))
        in_fact = np.where(log10_long[:-1] > NOTHING, np.diff(log10_long), np.nan)  # nothing is not stretched
        self.in_fact.set_data(steps[:n], np.clip(in_fact, -FACTORS, FACTORS)[:n])


def entry(value):
    """A number of the table in at most six characters: "0.60", "−1.06", "−3e-7", "5e4", "0"."""
    size = abs(value)
    if size < 1e-99:
        return "0"
    if 0.0095 <= size < 99.995:
        text = f"{size:.{3 if size < 0.0995 else 2}f}"
    else:
        text = _exponent(f"{size:.0e}")
    return ("−" if value < 0 else "") + text


def _exponent(text):
    """ "3e-07" as "3e-7", "5e+04" as "5e4"."""
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def _times(log):
    """A factor of at least 1 in few characters: "×3.7", "×4067", "×2.8e+04"."""
    return f"×{of_log10(log, 1 if log < 2 else 0)}"


def _size(log10_length):
    return "0" if log10_length == NOTHING else of_log10(log10_length, 2)


def _power(log):
    """10^log, 0 where that is too small for a float."""
    return 10.0 ** max(log, -300)


def _points_from(axes, x, y):
    """Coordinates in points (1/72 inch) from the point (x, y) of the axes, 0 … 1."""
    inches = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    return inches + ScaledTranslation(x, y, axes.transAxes)


def _powers_of_ten(axes, exponents):
    axes.set_yticks(exponents, [f"$10^{{{e}}}$" if e else "1" for e in exponents], fontsize=11)
    axes.tick_params(axis="y", length=3)
    axes.grid(axis="y", color="#E2E2E2")
