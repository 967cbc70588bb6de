"""The text's two steps as a graph, with a value above and a gradient below on every edge.

Under it the chosen weight's paths, written out: every factor, the product so far, and the sum.
"""

import numpy as np

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import signed, tight
from bptt_helpers.pictures.palette import FAINT, GRADIENT, INK, INPUT, LOSS, OUTPUT, PAPER, PARAMETER, STATE

# Coordinates are pixels at 100 dots per inch. Time runs from left to right; the states stand in the middle
# row.
COLUMN, LEFT = 110, 46
TOP, MIDDLE, BOTTOM = 594, 482, 370
RADIUS = 21
NODES = {  # name: (column, row, label, colour)
    "s_init": (0, MIDDLE, "$s_{-1}$", STATE),
    "w_0": (1, TOP, "$w_0$", PARAMETER),
    "b_0": (1, MIDDLE, "$b_0$", INK),
    "x_0": (1, BOTTOM, "$x_0$", INPUT),
    "k_0": (2, TOP, "$k_0$", PARAMETER),
    "z_0": (2, MIDDLE, "$z_0$", INK),
    "a_0": (2, BOTTOM, "$a_0$", INK),
    "s_0": (3, MIDDLE, "$s_0$", STATE),
    "u_0": (3, BOTTOM, "$u_0$", PARAMETER),
    "w_1": (4, TOP, "$w_1$", PARAMETER),
    "b_1": (4, MIDDLE, "$b_1$", INK),
    "x_1": (4, BOTTOM, "$x_1$", INPUT),
    "k_1": (5, TOP, "$k_1$", PARAMETER),
    "z_1": (5, MIDDLE, "$z_1$", INK),
    "a_1": (5, BOTTOM, "$a_1$", INK),
    "s_1": (6, MIDDLE, "$s_1$", STATE),
    "u_1": (6, BOTTOM, "$u_1$", PARAMETER),
    "v": (7, TOP, "$v_1$", PARAMETER),
    "q": (7, MIDDLE, "$q$", OUTPUT),
    "o": (8, MIDDLE, "$o$", OUTPUT),
    "E": (9, MIDDLE, "$E$", LOSS),
}
EDGES = (
    ("s_init", "b_0"), ("w_0", "b_0"), ("b_0", "z_0"), ("k_0", "z_0"), ("x_0", "a_0"), ("u_0", "a_0"),
    ("a_0", "z_0"), ("z_0", "s_0"), ("s_0", "b_1"), ("w_1", "b_1"), ("b_1", "z_1"), ("k_1", "z_1"), ("x_1",
    "a_1"), ("u_1", "a_1"), ("a_1", "z_1"), ("z_1", "s_1"), ("s_1", "q"), ("v", "q"), ("q", "o"), ("o", "E"),
)  # fmt: skip
COPIES = {"u": ("u_0", "u_1"), "w": ("w_0", "w_1"), "k": ("k_0", "k_1")}
FACTOR_WIDTHS = (150, 158, 86, 80, 80, 80, 80, 80, 80)  # the first three are a row, a matrix and a column
FACTORS_LEFT = 88
ROWS = {1: 290, 0: 184}  # where the path through step 1, and the one through step 0, is written
COLUMNS = {"dq/ds_1"}  # vectors that stand upright


def place(name):
    """Where a node stands, (x, y)."""
    column, row, _, _ = NODES[name]
    return LEFT + COLUMN * column, row


def edge_of(factor):
    """The edge that a factor belongs to: "ds_1/dz_1" is what the edge from z_1 to s_1 multiplies by."""
    above, below = (part[1:] for part in factor.split("/"))
    return ("v" if below == "v_1" else below), above


class TwoStepsPicture:
    """The graph of the two steps, and the paths of one weight."""

    size = (11.0, 6.6)
    alt = (
        "The graph of a network over two steps. Every edge has its value and its gradient; the paths from "
        "the error back to the chosen weight are lit, and written out below factor by factor."
    )

    def __init__(self, figure):
        axes = figure.add_axes([0, 0, 1, 1])
        axes.set(xlim=(0, 1100), ylim=(0, 660))
        axes.axis("off")
        self._draw_graph(axes)
        self._draw_numbers(axes)
        self._draw_paths(axes)

    def _draw_graph(self, axes):
        for source, target in EDGES:
            axes.plot(*zip(place(source), place(target), strict=True), color=FAINT, linewidth=2, zorder=1)
            axes.plot(*_arrow_head(source, target), color=FAINT, linewidth=2, zorder=1)
        for name, (_, _, label, colour) in NODES.items():
            is_weight = colour == PARAMETER
            axes.plot(*place(name), "s" if is_weight else "o", markersize=27 if is_weight else 31,
                      markerfacecolor=PAPER, markeredgecolor=colour, markeredgewidth=2, zorder=4)  # fmt: skip
            ink = INK if colour == LOSS else colour  # orange is too light to read
            axes.text(
                *place(name), label, ha="center", va="center_baseline", color=ink, fontsize=15, zorder=5
            )
        axes.text(12, 645, "on every edge:", color=INK, fontsize=12, va="center")
        axes.text(12, 627, "the value and", color=INK, fontsize=12, va="center")
        axes.text(12, 609, "its gradient", color=GRADIENT, fontsize=12, va="center")
        # Lit paths: solid for the copy used at step 1, dashed beside it for the copy used at step 0.
        self.lit = {
            1: axes.plot(
                [], [], color=GRADIENT, linewidth=5, animated=True, zorder=2, solid_capstyle="round"
            )[0],
            0: axes.plot(
                [], [], color=GRADIENT, linewidth=5, linestyle=(0, (1.2, 0.9)), animated=True, zorder=2
            )[0],
        }
        (self.tie,) = axes.plot([], [], ":", color=PARAMETER, linewidth=2, animated=True, zorder=0)
        self.tie_label = Lettering(axes, size=12, colours=PARAMETER, boxed=True)
        (self.chosen,) = axes.plot(
            [], [], "s", markersize=27, markerfacecolor="none", markeredgecolor=GRADIENT, markeredgewidth=4,
            linestyle="none", animated=True, zorder=6)  # fmt: skip

    def _draw_numbers(self, axes):
        """Two numbers an edge; the vectors q, o and v take two lines each."""
        self.value_sources, self.gradient_sources = [], []
        value_places, gradient_places = [], []
        for source, target in (*EDGES, ("E", "")):
            lines = 2 if source in ("v", "q", "o") else 1
            for line in range(lines):
                above, below = _number_places(source, target, line, lines)
                self.value_sources.append((source, line if lines > 1 else None))
                value_places.append(above)
                gradient_places.append(below)
        colours = [NODES[source][3] for source, _ in self.value_sources]
        colours = [INK if colour == LOSS else colour for colour in colours]
        empty = [""] * len(value_places)
        self.values = Lettering(axes, value_places, empty, size=12, colours=colours)
        self.gradients = Lettering(axes, gradient_places, empty, size=12, colours=GRADIENT)

    def _draw_paths(self, axes):
        axes.plot([12, 1088], [318, 318], color=FAINT, linewidth=1)
        axes.plot([12, 1088], [98, 98], color=FAINT, linewidth=1)
        self.heads = Lettering(axes, size=13, align="left")
        self.factors = Lettering(axes, size=12)
        self.factor_values = Lettering(axes, size=12)
        self.times = Lettering(axes, size=12, colours=PARAMETER)
        self.so_far_label = Lettering(axes, size=12, align="left", colours=GRADIENT)
        self.so_far = Lettering(axes, size=12, colours=GRADIENT)
        self.terms = Lettering(axes, size=13, weight="bold", align="right", colours=GRADIENT)
        self.numbers_of_formulas = Lettering(axes, size=12, align="right", colours=PARAMETER)
        self.numbers_of_sums = Lettering(axes, size=12, align="right", colours=PARAMETER)
        self.sum = Lettering(axes, size=13.5, weight="bold", align="left", colours=GRADIENT)
        self.compact = Lettering(axes, size=12, align="left")
        self.difference = Lettering(axes, size=12, align="left")

    def update(self, numbers):
        """Writes the numbers, lights the paths."""
        for lettering, quantities in (
            (self.values, numbers["node_values"]),
            (self.gradients, numbers["node_gradients"]),
        ):
            lettering.write(
                tight(quantities[source] if entry is None else quantities[source][entry])
                for source, entry in self.value_sources
            )
        self._light(numbers)
        self._write_paths(numbers)

    def _light(self, numbers):
        weight = numbers["weight"]
        shown = {path["step"]: path for path in numbers["paths"] if path["shown"]}
        largest = max(abs(path["term"]) for path in numbers["paths"])
        for step, line in self.lit.items():
            # A path is as wide as its term is large beside the other; one that carries nothing is dark.
            term = abs(shown[step]["term"]) if step in shown else 0
            edges = [edge_of(name) for name, _ in shown[step]["factors"]] if term else []
            aside = 0 if len(shown) < 2 or step == 1 else 5  # where both run, side by side
            line.set_data(*_polyline(edges, aside))
            line.set_linewidth(1.5 + 4 * term / largest if term else 0)
        (x_0, y), (x_1, _) = (place(copy) for copy in COPIES[weight])
        outward = -1 if weight == "u" else 1  # away from the graph
        edge, aside = y + outward * RADIUS, y + outward * 38
        self.tie.set_data([x_0, x_0, x_1, x_1], [edge, aside, aside, edge])
        self.tie_label.place([((x_0 + x_1) / 2, aside)], [f"one {weight}, used twice"])
        lit_copies = [copy for copy in COPIES[weight] if int(copy[-1]) in shown]
        self.chosen.set_data(*zip(*(place(copy) for copy in lit_copies), strict=True))

    def _write_paths(self, numbers):
        weight, paths = numbers["weight"], [path for path in numbers["paths"] if path["shown"]]
        names, values, times, so_far = [], [], [], []
        for path in paths:
            row, x = ROWS[path["step"]], FACTORS_LEFT
            for index, ((name, value), product) in enumerate(
                zip(path["factors"], path["so_far"], strict=True)
            ):
                centre = x + FACTOR_WIDTHS[index] / 2
                names.append(((centre, row), _spoken(name)))
                values += _lines(centre, row - 32, _written(value, upright=name in COLUMNS))
                so_far += _lines(centre, row - 66, _written(product))
                if index:
                    times.append(((x, row - 32), "×"))
                x += FACTOR_WIDTHS[index]
        rows = [ROWS[path["step"]] for path in paths]
        _place(self.heads, [((12, ROWS[path["step"]]), _of_copy(weight, path["step"])) for path in paths])
        _place(self.factors, names)
        _place(self.factor_values, values)
        _place(self.times, times)
        _place(self.so_far, so_far)
        _place(self.so_far_label, [((12, row - 66), "so far") for row in rows])
        _place(
            self.terms,
            [((1088, row - 32), "= " + signed(path["term"])) for row, path in zip(rows, paths, strict=True)],
        )
        _place(
            self.numbers_of_formulas,
            [((1088, row), path["formula"]) for row, path in zip(rows, paths, strict=True)],
        )
        self._write_sum(numbers)

    def _write_sum(self, numbers):
        weight, gradient = numbers["weight"], numbers["gradient"]
        terms = " + ".join(f"({signed(path['term'])})" for path in numbers["paths"])
        _place(self.sum, [((12, 76), f"∂E/∂{weight} = ∂E/∂{weight}₁ + ∂E/∂{weight}₀ ="), ((300, 76), terms),
                          ((580, 76), f"= {signed(gradient)}")])  # fmt: skip
        common, last, w, slope, first = (tight(value).removeprefix("+") for value in numbers["compact"])
        upper, lower = {"u": ("x₁", "x₀"), "w": ("s₀", "s₋₁"), "k": ("1", "1")}[weight]
        _place(self.compact, [
            ((12, 47), f"common factors out:   ∂E/∂z₁ · ({upper} + w₁ · ∂s₀/∂z₀ · {lower}) ="),
            ((488, 47), f"{common} × ({last} + {w} × {slope} × {first}) = {signed(gradient)}"),
        ])  # fmt: skip
        of_sum, of_compact = {"u": ("(S18)", "(S21)"), "w": ("", "(S22)"), "k": ("", "")}[weight]
        _place(self.numbers_of_sums, [((1088, 76), of_sum), ((1088, 47), of_compact)])
        _place(self.difference, [
            ((12, 18), f"finite difference, {weight} ± 0.00001:"),
            ((290, 18), signed(numbers["difference"])),
            ((400, 18), "off by"),
            ((455, 18), f"{abs(numbers['difference'] - gradient):.0e}"),
        ])  # fmt: skip


_SUBSCRIPT = {0: "₀", 1: "₁"}


def _spoken(factor):
    """The name of a factor as it is written: ds_1/dz_1 as ∂s₁/∂z₁."""
    return factor.replace("d", "∂").replace("_0", "₀").replace("_1", "₁").replace("s_init", "s₋₁")


def _of_copy(weight, step):
    return f"∂E/∂{weight}{_SUBSCRIPT[step]} ="


def _place(lettering, texts):
    """Moves a Lettering to (position, string) pairs."""
    lettering.place([position for position, _ in texts], [string for _, string in texts])


def _written(value, upright=False):
    """A factor as lines of text: a number or a row on one line, an upright vector or a matrix on several."""
    rows = np.atleast_2d(value)
    rows = rows.T if upright else rows
    return [" ".join(tight(entry) for entry in row) for row in rows]


def _lines(x, y, lines):
    """Positions and strings of one or two lines around y."""
    offsets = [0] if len(lines) == 1 else [9, -9]
    return [((x, y + offset), text) for offset, text in zip(offsets, lines, strict=True)]


def _direction(source, target):
    start, end = np.array(place(source), float), np.array(place(target), float)
    along = (end - start) / np.linalg.norm(end - start)
    return start, end, along


def _arrow_head(source, target):
    _, end, along = _direction(source, target)
    tip, across = end - (RADIUS + 3) * along, np.array([-along[1], along[0]])
    corners = np.array([tip - 7 * along + 5 * across, tip, tip - 7 * along - 5 * across])
    return corners.T


def _number_places(source, target, line, lines):
    """Where the value and the gradient of an edge are written; a vector has two lines of each."""
    if not target:  # E has no edge: its numbers stand above and below it
        x, y = place(source)
        return (x + 14, y + 36), (x + 14, y - 36)
    start, end, along = _direction(source, target)
    middle = (start + end) / 2
    if along[0] == 0 and lines == 1:  # a vertical edge: both numbers to its right
        return middle + np.array([39, 10]), middle + np.array([39, -9])
    if along[0] == 0:  # two of each: values to its left, gradients to its right, clear of the row below
        height = 24 - 18 * line
        return middle + np.array([-39, height]), middle + np.array([39, height])
    return middle + np.array([0, 20 + 18 * (lines - 1 - line)]), middle + np.array([0, -19 - 18 * line])


def _polyline(edges, aside):
    """Line data along edges, `aside` pixels off them, with gaps between edges."""
    xs, ys = [], []
    for source, target in edges:
        start, end, along = _direction(source, target)
        shift = aside * np.array([-1, 0] if along[0] == 0 else [0, 1])  # away from the gradients' side
        first, last = start + RADIUS * along + shift, end - RADIUS * along + shift
        xs += [first[0], last[0], np.nan]
        ys += [first[1], last[1], np.nan]
    return xs, ys
