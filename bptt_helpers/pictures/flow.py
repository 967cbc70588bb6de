"""What is left of the last step's error at every earlier one, which units let it through, which directions.

Steps are counted backward from the last one, n = T - 1 - t, at the right edge: a longer sequence reaches
further to the left, and nothing else moves. A decade is as high on the right as on the left.
"""

import numpy as np
from matplotlib.transforms import Affine2D, ScaledTranslation

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import of_log10
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, MAGNITUDE, PARAMETER
from bptt_helpers.pictures.tiles import Tiles

TICKS = {10: 2, 20: 5, 40: 10, 100: 20, 200: 50}  # so many steps have room: a label every so many
LONGEST = max(TICKS)
DOTTED_UP_TO = 40  # steps: with more, dots would run together
LAGS = (1, 2, 5, 10, 20, 50, 100)  # numbers of steps whose product is spread out, beside all T - 1
NOTHING = -9999.0  # in place of log10(0): far below what floats can make in LONGEST steps
MILLION, LABELS, REACH = 6.0, 8.6, 9.6  # log10: where the bands begin, and the last label and the panel end
BAND = "#F1F1F1"
DARKEST = 1.4  # an open unit, 1, is the colour of gradients and not nearly black

# left, bottom, width, height in the figure, by what is shown
PLACES = {
    "error": ((0.105, 0.1, 0.88, 0.79), None, None),
    "bounds": ((0.105, 0.1, 0.88, 0.79), None, None),
    "saturation": ((0.105, 0.44, 0.88, 0.45), (0.105, 0.02, 0.88, 0.26), None),
    "all": ((0.105, 0.44, 0.54, 0.45), (0.105, 0.02, 0.54, 0.26), (0.715, 0.1, 0.265, 0.79)),
}
_ERROR, _SATURATION, _SPECTRA = PLACES["all"]
DEEPEST = REACH - 2 * REACH * _SPECTRA[3] / _ERROR[3]  # the same height for a decade as in the first panel

DASHED = {"linestyle": (0, (5, 2)), "color": INK, "linewidth": 1.7}
DOTTED = {"linestyle": (0, (1, 1.3)), "color": PARAMETER, "linewidth": 2.6}


class FlowPicture:
    """The size of the error over the steps, with its bounds; f'(z) below; the products' spectra beside."""

    size = (10.6, 6.0)
    alt = (
        "A curve of how much of the last step's error is left at each earlier step, on a logarithmic scale, "
        "between a zone named exploded and a zone named vanished; below it how far each unit is open."
    )

    def __init__(self, figure):
        self._draw_error(figure.add_axes(_ERROR))
        self._draw_saturation(figure.add_axes(_SATURATION))
        self._draw_spectra(figure.add_axes(_SPECTRA))
        self.arranged = "all"

    def _draw_error(self, axes):
        axes.set(xlim=(0, 1), ylim=(-REACH, REACH), xticks=[])
        left = r"$\Vert\partial E/\partial s_t\Vert\,/\,\Vert\partial E/\partial s_{T-1}\Vert$"
        axes.set_title(f"what is left of the last step's error: {left}", pad=28)
        powers_of_ten(axes, range(-9, 10, 3))
        name_the_ends(axes, 0.995, 6.9, "right")
        (self.promised,) = axes.plot([], [], animated=True, zorder=2, **DOTTED)
        (self.radius,) = axes.plot([], [], animated=True, zorder=2, **DASHED)
        (self.error,) = axes.plot([], [], color=GRADIENT, linewidth=2.8, animated=True, zorder=3)
        (self.steps,) = axes.plot([], [], "o", color=GRADIENT, markersize=4.5, animated=True, zorder=3)
        (self.end,) = axes.plot([], [], color=GRADIENT, markersize=10, animated=True, zorder=4)
        self.end_size = Lettering(axes, size=12, weight="bold", colours=GRADIENT, align="right", boxed=True)
        corner = _points_from(axes, 0, 1)
        self.samples = [
            axes.plot([x, x + 30], [14, 14], transform=corner, clip_on=False, animated=True, **look)[0]
            for x, look in ((0, DASHED), (168, DOTTED))
        ]
        self.sample_names = Lettering(axes, size=12, transform=corner, align="left")
        self.sample_values = Lettering(axes, size=12, transform=corner, align="left")
        self._draw_steps(axes)

    def _draw_steps(self, axes):
        below = ScaledTranslation(0, -13 / 72, axes.figure.dpi_scale_trans)
        further = ScaledTranslation(0, -30 / 72, axes.figure.dpi_scale_trans)
        along = axes.get_xaxis_transform()
        self.lags = Lettering(axes, size=11, transform=along + below, colours=PARAMETER)
        self.times = Lettering(axes, size=11, transform=along + further, colours=INK)
        Lettering(axes, [(-14, -13), (-14, -30)], ["steps back", "step t"], size=11, align="right",
                  transform=_points_from(axes, 0, 0), colours=[PARAMETER, INK])  # fmt: skip

    def _draw_saturation(self, axes):
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], facecolor="#E4E4E4")
        axes.set_title("$f\\,'(z_t)$: how far each unit is open", pad=6)
        axes.set_ylabel("units", fontsize=11)
        axes.spines[:].set_visible(False)
        axes.plot([0, 1, 1, 0, 0], [0, 0, 1, 1, 0], color=FAINT, linewidth=1, clip_on=False, animated=True)
        self.slopes = Tiles(axes, MAGNITUDE, 0, DARKEST)
        corner = _points_from(axes, 1, 1)
        edges = np.linspace(-118, -48, 61)
        shades = np.linspace(0, 1, 60)[None]
        axes.pcolormesh(edges, [6, 17], shades, cmap=MAGNITUDE, vmin=0, vmax=DARKEST, transform=corner,
                        clip_on=False)  # fmt: skip
        axes.plot([-118, -48, -48, -118, -118], [6, 6, 17, 17, 6], color=FAINT, linewidth=0.8,
                  transform=corner, clip_on=False)  # fmt: skip
        for x, name, align in ((-122, "0 shut", "right"), (-44, "1 open", "left")):
            axes.text(x, 11, name, transform=corner, ha=align, va="center", fontsize=11)

    def _draw_spectra(self, axes):
        axes.set(xlim=(-0.6, len(LAGS) + 0.6), ylim=(DEEPEST, REACH), xticks=[])
        axes.set_title("singular values of the product", pad=28)
        powers_of_ten(axes, range(-21, 10, 3))
        (self.promised_spread,) = axes.plot([], [], animated=True, zorder=2, **DOTTED)
        (self.radius_spread,) = axes.plot([], [], animated=True, zorder=2, **DASHED)
        (self.fan,) = axes.plot([], [], color=FAINT, linewidth=0.8, animated=True, zorder=1)
        (self.directions,) = axes.plot([], [], "o", color=PARAMETER, markersize=3.2, animated=True, zorder=3)
        (self.largest,) = axes.plot([], [], "o", color=INK, markersize=7, animated=True, zorder=3)
        (self.lost,) = axes.plot([], [], "v", markerfacecolor="none", markeredgecolor=INK, markersize=8,
                                 animated=True, zorder=3)  # fmt: skip
        (self.error_at_lags,) = axes.plot([], [], "D", color=GRADIENT, markersize=6, animated=True, zorder=4)
        (self.above,) = axes.plot([], [], "^", color=INK, markersize=8, animated=True, zorder=4)
        (self.below,) = axes.plot([], [], "v", color=INK, markersize=8, animated=True, zorder=4)
        marks = ["◆ the error", "▽ 0, or lost in rounding"]
        Lettering(axes, [(0, 14), (76, 14)], marks, size=11, align="left",
                  transform=_points_from(axes, 0, 1), colours=[GRADIENT, INK])  # fmt: skip
        beneath = ScaledTranslation(0, -13 / 72, axes.figure.dpi_scale_trans)
        self.products = Lettering(axes, size=11, transform=axes.get_xaxis_transform() + beneath)
        Lettering(axes, [(0, -30)], ["over so many steps back"], size=11, align="left",
                  transform=_points_from(axes, 0, 0))  # fmt: skip

    def update(self, numbers):
        """Shows what labs.flow computed."""
        self._arrange(numbers["show"])
        relative, bounds = numbers["relative"], numbers["bounds"]
        T = len(relative)
        room = next(room for room in TICKS if room >= T)
        growth = np.log10([bounds.spectral_radius, bounds.per_step])
        self._move_error(relative, room)
        self._move_bounds(growth, bounds, T, room, numbers["show"] != "error")
        self._write_steps(T, room)
        if self.slopes.axes.get_visible():
            self.slopes.show(_columns(numbers["slopes"], room))
        if self.fan.axes.get_visible():
            self._move_spectra(numbers["lags"], numbers["spectra"], growth, relative[::-1][numbers["lags"]])

    def _arrange(self, show):
        if show == self.arranged:
            return  # moving axes, even to where they are, makes all transforms be computed anew
        self.arranged = show
        panels = (self.error.axes, self.slopes.axes, self.fan.axes)
        for axes, place in zip(panels, PLACES[show], strict=True):
            axes.set_visible(place is not None)
            if place is not None:
                axes.set_position(place)

    def _move_error(self, relative, room):
        T = len(relative)
        backward = relative[::-1]  # by steps back
        x = _across(np.arange(T), room)
        y = np.clip(backward, -60, 60)  # the bend lies outside
        self.error.set_data(x, y)
        self.steps.set_data((x, y) if room <= DOTTED_UP_TO else ([], []))
        last = backward[-1]
        if abs(last) <= REACH:
            at, marker = (x[-1], y[-1]), "o"
        else:
            inside = np.flatnonzero(np.abs(backward) <= REACH)[-1]
            edge = np.sign(last) * REACH
            share = (edge - y[inside]) / (y[inside + 1] - y[inside])
            at = x[inside] + share * (x[inside + 1] - x[inside]), 0.94 * edge
            marker = "X" if last == NOTHING else "v" if last < 0 else "^"
        self.end.set_data([at[0]], [at[1]])
        self.end.set_marker(marker)
        self._write_end(at, x, y, last)

    def _write_end(self, at, x, y, last):
        """The size at step 0, left of where the curve ends, or above or below it where there is no room."""
        width, height = self.end.axes.get_position().size * self.size * 72  # points
        number = "0" if last == NOTHING else of_log10(last, 3)
        words = "at t = 0:"
        wide = np.array([7.3 * len(number), 66 + 7.3 * len(number) + 8]) / width
        right, level = at[0] - 12 / width, np.clip(at[1], -LABELS, LABELS)
        if right < wide[1]:
            right = wide[1] + 0.005
            under = y[x < right + 0.02]
            aside = 13 / height * 2 * REACH
            if len(under):  # else the curve ends before it comes to the words
                level = min(under) - aside if last > 0 else max(under) + aside
        self.end_size.place([(right, level), (right - wide[0] - 5 / width, level)], [number, words])

    def _move_bounds(self, growth, bounds, T, room, are_shown):
        back = np.array([0, T - 1])
        for line, rate in zip((self.radius, self.promised), growth, strict=True):
            line.set_data(*((_across(back, room), back * rate) if are_shown else ([], [])))
        for sample in self.samples:
            sample.set_visible(are_shown)
        if are_shown:
            names = ["$\\rho^n$ with $\\rho$ =", "$(\\gamma\\sigma)^n$, never above: $\\gamma\\sigma$ ="]
            self.sample_names.place([(36, 14), (204, 14)], names)
            values = (bounds.spectral_radius, bounds.per_step)
            self.sample_values.place([(111, 14), (360, 14)], [f"{value:.2f}" for value in values])
        else:
            self.sample_names.place([], [])
            self.sample_values.place([], [])

    def _write_steps(self, T, room):
        near = 0.05 * room
        ticks = [n for n in range(0, T - 1, TICKS[room]) if T - 1 - n > near] + [T - 1]
        x = _across(np.array(ticks), room)
        self.lags.place(np.column_stack([x, np.zeros(len(x))]), [str(n) for n in ticks])
        self.times.place(np.column_stack([x, np.zeros(len(x))]), [str(T - 1 - n) for n in ticks])

    def _move_spectra(self, lags, spectra, growth, errors):
        """lags (L,), spectra (L, H) log10, the largest first, errors (L,) log10 of the error's own size."""
        x = np.arange(len(lags))
        drawn = np.where(spectra > NOTHING, np.clip(spectra, -90, 90), np.nan)  # (L, H)
        self.directions.set_data(np.repeat(x, drawn.shape[1]), drawn.ravel())
        gap = np.full((1, drawn.shape[1]), np.nan)
        self.fan.set_data(np.tile([*x, np.nan], drawn.shape[1]), np.concatenate([drawn, gap]).T.ravel())
        largest = drawn[:, 0]
        self.largest.set_data(x, largest)
        lost = np.isnan(drawn).any(axis=1)
        least = np.where(np.isnan(largest), DEEPEST, np.fmin.reduce(drawn, axis=1))
        self.lost.set_data(x[lost], np.clip(least[lost] - 1.2, DEEPEST + 0.6, REACH))
        self.error_at_lags.set_data(x, np.clip(errors, -90, 90))
        for line, rate in ((self.radius_spread, growth[0]), (self.promised_spread, growth[1])):
            line.set_data(x, lags * rate)
        for marker, beyond, edge in (
            (self.above, largest > REACH, REACH - 0.6),
            (self.below, largest < DEEPEST, DEEPEST + 0.6),
        ):
            marker.set_data(x[beyond], np.full(beyond.sum(), edge))
        self.products.place(np.column_stack([x, np.zeros(len(x))]), [str(lag) for lag in lags])


def _across(back, room):
    """Where a number of steps back stands, 0 … 1, when so many steps have room."""
    return 1 - (back + 0.5) / room


def _columns(slopes, room):
    """slopes (T, H) as a matrix of units and of as many steps as have room, nothing before step 0."""
    T, H = slopes.shape
    columns = np.full((H, room), np.nan)
    columns[:, room - T :] = slopes.T
    return columns


def _points_from(axes, x, y):
    """Coordinates in points (1/72 inch) from the point (x, y) of the axes, 0 … 1."""
    inches = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    return inches + ScaledTranslation(x, y, axes.transAxes)


def name_the_ends(axes, x, height, align):
    """Shades a panel of log10 sizes where an error has exploded or vanished, and says so at (x, ±height)."""
    for sign, name in ((1, "exploded"), (-1, "vanished")):
        axes.axhspan(sign * MILLION, sign * REACH, color=BAND, linewidth=0, zorder=0)
        axes.text(x, sign * height, name, ha=align, va="center", fontsize=11, color=PARAMETER)


def powers_of_ten(axes, exponents):
    """Labels the y axis of a panel of log10 values at these exponents."""
    axes.set_yticks(exponents, [f"$10^{{{e}}}$" if e else "1" for e in exponents], fontsize=11)
    axes.tick_params(axis="y", length=3)
    axes.grid(axis="y", color="#E2E2E2")
