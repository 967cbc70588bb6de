"""A network of characters: its loss beside counting, what it writes, what surprises it, whom it blames."""

import numpy as np
from matplotlib.transforms import ScaledTranslation

from bptt_helpers.pictures.lettering import Lettering
from bptt_helpers.pictures.numerals import plain
from bptt_helpers.pictures.page import Page, wrapped
from bptt_helpers.pictures.palette import LOSS, MAGNITUDE, PARAMETER, STATE
from bptt_helpers.pictures.tiles import Tiles

# As train.NETWORKS calls them, and as they are called in words.
NETWORKS = {"rnn": "tanh network", "lstm": "LSTM", "gru": "GRU"}
ROWS, COLUMNS, READ_ROWS = 9, 50, 4  # of what it writes, and of the passage it reads
WRITTEN, READ, SENTENCE = 240, READ_ROWS * COLUMNS, 40  # characters
DARKEST = 8.0  # nats of the longest bar: a character that was given a 3000th
HIGHEST = 7.2  # nats: room for one who knows nothing of 500 characters, and above for the names
LOWEST_BLAME, HIGHEST_BLAME = -6, 1  # log10, as in the picture of labs.blame

# Pixels at 100 dots per inch.
WIDTH, HEIGHT = 1060, 560
MATRICES = ((40, 50), (540, 50))  # their lower left corners
CELL = 11
SIDE = (SENTENCE - 1) * CELL
SMALL = {"size": 12, "left": 542, "width": 500, "titles": (536, 252), "tops": (518, 235)}
LARGE = {"size": 15.5, "left": 205, "width": 650, "titles": (541, 214), "tops": (524, 197)}


class WriterPicture:
    """Left the loss, right two pages of text; or two matrices of blame."""

    size = (WIDTH / 100, HEIGHT / 100)
    alt = (
        "The loss of a character on the text learned from and on text held out, over the steps of training; "
        "beside it what the network writes, and a held-out text with bars where it was surprised."
    )

    def __init__(self, figure):
        self.loss = figure.add_axes((0.055, 0.1, 0.375, 0.82))
        self.small, self.large = (_Pages(_pixels(figure), **place) for place in (SMALL, LARGE))
        self.around = _pixels(figure)
        self.matrices = [_panel(figure, left, bottom, SIDE, SIDE) for left, bottom in MATRICES]
        self._draw_loss(self.loss)
        self._draw_matrices(figure)
        self.shown = {"all": [self.loss, self.small.axes], "text": [self.large.axes]}
        self.shown["blame"] = [self.around, self.scale, *self.matrices]
        self.arranged = None

    def _draw_loss(self, axes):
        axes.set(xlim=(0, 1), ylim=(0, HIGHEST), xticks=[], yticks=range(7))
        axes.set_title("loss of a character, nats", loc="left", pad=8)
        axes.grid(axis="y", color="#E2E2E2")
        axes.spines["left"].set_bounds(0, 6)
        self.levels = [
            axes.plot([0, 1], [0, 0], "--", color=LOSS, linewidth=1.8, animated=True)[0] for _ in range(3)
        ]
        self.level_names = Lettering(axes, size=11, align="right", boxed=True)
        self.level_numbers = Lettering(axes, size=11, align="right", boxed=True)
        (self.training,) = axes.plot([], [], color=PARAMETER, linewidth=1.2, animated=True, zorder=3)
        (self.held_out,) = axes.plot([], [], color=STATE, linewidth=2.6, animated=True, zorder=4)
        (self.last,) = axes.plot(
            [], [], "o", color=STATE, markersize=8, clip_on=False, animated=True, zorder=4
        )
        (self.thick,) = axes.plot([0.03, 0.12], [6.85, 6.85], color=STATE, linewidth=2.6, animated=True)
        (self.thin,) = axes.plot([0.03, 0.12], [6.4, 6.4], color=PARAMETER, linewidth=1.2, animated=True)
        self.amounts = Lettering(
            axes, [(0.145, 6.85), (0.145, 6.4)], ["", ""], size=12, weight="bold", align="left"
        )
        Lettering(axes, [(0.29, 6.85), (0.29, 6.4)], ["held-out text", "the text it learns from"], size=12,
                  align="left", colours=[STATE, PARAMETER])  # fmt: skip
        further = ScaledTranslation(0, -13 / 72, axes.figure.dpi_scale_trans)
        self.steps = Lettering(axes, size=12, transform=axes.get_xaxis_transform() + further)

    def _draw_matrices(self, figure):
        for axes in self.matrices:
            axes.set(xlim=(0, 1), ylim=(1, 0))
            axes.axis("off")
            axes.fill([0, 1, 1], [0, 0, 1], color="#EEEEEE", linewidth=0)
        self.cells = [Tiles(axes, MAGNITUDE, LOWEST_BLAME, HIGHEST_BLAME) for axes in self.matrices]
        (left, bottom), (other, _) = MATRICES
        self.titles = Lettering(self.around, [(left, 536), (other, 536)], ["", ""], size=13, align="left")
        self.sentences = [
            Page(self.around, (at, bottom + SIDE + 24), 1, SENTENCE - 1, step=CELL) for at in (left, other)
        ]
        self.around.text(left, 28, "row t: the error at that character.  column k: the copy of W used there.",
                         fontsize=12, va="center", color=PARAMETER)  # fmt: skip
        self.scale = _panel(figure, other + SIDE + 18, bottom, 14, SIDE)
        steps = np.linspace(LOWEST_BLAME, HIGHEST_BLAME, 90)
        self.scale.pcolormesh([0, 1], steps, steps[:-1, None], cmap=MAGNITUDE)
        exponents = range(LOWEST_BLAME, HIGHEST_BLAME + 1)
        names = [f"$10^{{{exponent}}}$" if exponent else "1" for exponent in exponents]
        self.scale.set(xticks=[], yticks=exponents)
        self.scale.set_yticklabels(names, fontsize=11)
        self.scale.yaxis.tick_right()
        self.scale.tick_params(length=0)

    def update(self, numbers):
        """Shows what labs.writer computed."""
        self._arrange(numbers["show"])
        if numbers["show"] == "blame":
            self._move_matrices(numbers)
        elif numbers["show"] == "text":
            self.large.move(numbers)
        else:
            self._move_loss(numbers)
            self.small.move(numbers)

    def _arrange(self, show):
        if show == self.arranged:
            return
        self.arranged = show
        for panels in self.shown.values():
            for axes in panels:
                axes.set_visible(axes in self.shown[show])

    def _move_loss(self, numbers):
        losses = [numbers["chance"], numbers["unigram"], numbers["bigram"]]
        for line, loss in zip(self.levels, losses, strict=True):
            line.set_ydata([loss, loss])
        places = _apart(losses)
        self.level_names.place(
            [(0.86, at) for at in places], ["knowing nothing", "counting characters", "counting pairs"]
        )
        self.level_numbers.place([(0.995, at) for at in places], [plain(loss, 2) for loss in losses])
        held_out, loss = numbers["held_out"], numbers["loss"]
        self.training.set_data(numbers["loss_at"] / numbers["steps"], _shown(loss))
        self.held_out.set_data(numbers["checked_at"] / numbers["steps"], _shown(held_out))
        self.last.set_data(numbers["checked_at"][-1:] / numbers["steps"], _shown(held_out[-1:]))
        amounts = [plain(float(part[-1]), 3) if len(part) else "" for part in (held_out, loss)]
        self.amounts.write(amounts, [STATE, PARAMETER])
        rate = f"steps of Adagrad, rate {numbers['rate']:.2g}"
        self.steps.place([(0, 0), (0.5, 0), (1, 0)], ["0", rate, str(numbers["steps"])])

    def _move_matrices(self, numbers):
        step, sentence = numbers["step"], numbers["passage"][: SENTENCE - 1]
        now = f"after {step} step{'' if step == 1 else 's'}" if step else "not yet trained"
        self.titles.write([f"‖C[t, k]‖ {when}" for when in ("before training", now)])
        for index, logs in enumerate((numbers["blame_before"], numbers["blame"])):
            whole = np.full((SENTENCE - 1, SENTENCE - 1), np.nan)
            whole[: len(logs), : len(logs)] = np.where(np.tri(len(logs)) > 0, logs, np.nan)
            self.cells[index].show(whole)
            self.sentences[index].write([sentence])


class _Pages:
    """What it writes, and below it what it reads."""

    def __init__(self, axes, size, left, width, titles, tops):
        self.axes = axes
        above, below = titles
        self.title = Lettering(axes, [(left, above)], [""], size=13, align="left")
        words, right = "held-out text: a long bar for what it did not expect", left + width
        Lettering(axes, [(left, below)], [words], size=13, align="left")
        Lettering(axes, [(right - 50, above)], ["temperature"], size=13, align="right")
        self.temperature = Lettering(axes, [(right, above)], [""], size=13, align="right")
        self.writes = Page(axes, (left, tops[0]), ROWS, COLUMNS, size=size)
        self.reads = Page(axes, (left, tops[1]), READ_ROWS, COLUMNS, size=size, bars=True)

    def move(self, numbers):
        """Shows the texts of labs.writer's numbers."""
        self.title.write(["what it writes" if numbers["step"] else "what it writes, not yet trained"])
        self.temperature.write([plain(numbers["temperature"], 2)])
        self.writes.write(wrapped(numbers["written"], COLUMNS, ROWS))
        passage, surprise = numbers["passage"], numbers["surprise"]
        shares = np.zeros(READ_ROWS * COLUMNS)
        shares[: len(surprise)] = surprise / DARKEST
        lines = [passage[at : at + COLUMNS] for at in range(0, len(passage), COLUMNS)]
        self.reads.write(lines, shares.reshape(READ_ROWS, COLUMNS))


def _panel(figure, left, bottom, width, height):
    return figure.add_axes((left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT))


def _pixels(figure):
    """Axes over the whole figure whose coordinates are pixels at 100 dots per inch."""
    axes = _panel(figure, 0, 0, WIDTH, HEIGHT)
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.axis("off")
    axes.patch.set_visible(False)
    return axes


def _shown(losses):
    """Losses as they fit the panel."""
    return np.clip(np.nan_to_num(losses, nan=6.0, posinf=6.0), 0, 6.0)


def _apart(losses):
    """Where the names of three lines stand: above each, in falling order, none on another."""
    places, ceiling = [], 6.05
    for loss in losses:
        at = min(loss + 0.2, ceiling)
        places.append(at)
        ceiling = at - 0.42
    return places
