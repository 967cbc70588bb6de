"""The colours of this project: a colour is a role, the same one in every figure and in the prose.

The hues are those of Okabe and Ito (2008), which stay apart for the three colour-vision deficiencies. In
pictures they are darkened until numbers written in them are legible on paper (contrast 4.5;
tests/test_pictures.py computes it). In the notebooks' formulas they stand as published, #009E73, #0072B2,
#D55E00 and (a little darker) #AA4E83: those are in the middle, and hold on a light page and on a dark one.
"""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb

INPUT = "#00804F"  # bluish green: x, and what enters the network
STATE = "#005A9C"  # blue: s, what the network remembers
OUTPUT = "#AF508F"  # reddish purple: q, o
GRADIENT = "#BE4B00"  # vermillion: everything that flows backward
LOSS = "#B98600"  # orange: E; for marks, not for text
INK = "#222222"  # text, axes
PARAMETER = "#555555"  # u, w, k, v: the knobs
FAINT = "#BBBBBB"  # what is there but not spoken of
PAPER = "#FFFFFF"

ROLES = {"input": INPUT, "state": STATE, "output": OUTPUT, "gradient": GRADIENT, "loss": LOSS}

# Magnitudes of gradients: paper to vermillion to nearly black, so that lightness alone tells the order.
MAGNITUDE = LinearSegmentedColormap.from_list("bptt_magnitude", [PAPER, "#F6C7A3", GRADIENT, "#5A2300"])


def signed_map(role):
    """A colour map for numbers of either sign: grey below zero, paper at zero, the role's colour above."""
    return LinearSegmentedColormap.from_list(f"bptt_signed_{role}", ["#4D4D4D", PAPER, role])


SIGNED_STATE = signed_map(STATE)
SIGNED_GRADIENT = signed_map(GRADIENT)


def _mixtures(colour, other, count):
    """`count` steps from `colour` towards `other`, without `other` itself: (count, 3) in 0..1."""
    share = np.linspace(0, 1, count, endpoint=False)[:, None]
    return (1 - share) * np.array(to_rgb(colour)) + share * np.array(to_rgb(other))


def indexed_colours():
    """The 256 colours of a PNG while a slider moves, (256, 3) uint8.

    A picture made of roles needs only the roles, their blends with paper and ink (smooth edges), greys and
    the map of magnitudes; one fixed table makes a PNG several times as fast to write as finding one each
    time.
    """
    roles = [np.array([to_rgb(colour) for colour in (PAPER, INK, PARAMETER, FAINT, *ROLES.values())])]
    tints = [_mixtures(role, PAPER, 18) for role in ROLES.values()]
    shades = [_mixtures(role, INK, 6) for role in ROLES.values()]
    greys = [np.repeat(np.linspace(0, 1, 40)[:, None], 3, axis=1)]
    magnitudes = [MAGNITUDE(np.linspace(0, 1, 90))[:, :3]]
    table = np.round(255 * np.concatenate([*roles, *tints, *shades, *greys, *magnitudes])).astype(np.uint8)
    almost_paper = (table > 246).all(axis=1) & (table < 255).any(axis=1)  # paper must come out as paper
    table = table[~almost_paper]
    # Pillow looks colours up in cells of 4 levels a channel: of two in one cell the first, the purer, stays.
    _, first = np.unique(table // 4, axis=0, return_index=True)
    table = table[np.sort(first)][:256]
    return np.concatenate([table, np.full((256 - len(table), 3), 255, np.uint8)])
