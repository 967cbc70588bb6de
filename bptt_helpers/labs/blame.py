"""Lab: which step does an error blame? The untied copies of W over a real sentence (notebook 04; S5, S18)"""

from functools import lru_cache
from html import escape

import numpy as np

from bptt_helpers import flow, rnn, tasks
from bptt_helpers.labs.controls import Choice, Entry, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.blame import BlamePicture
from bptt_helpers.pictures.numerals import plain

LONGEST = 60  # characters

CONTROLS = {
    "text": Entry(tasks.sentence("objects", longest=LONGEST), LONGEST, "text"),
    "t": Whole(30, 0, LONGEST - 2, "error at t", play=True),
    "k": Whole(21, 0, LONGEST - 2, "copy k"),
    "radius": Slider(0.8, 0, 2, 0.05, "radius"),
    "H": Whole(12, 1, 16, "H"),
    "scheme": Choice("uniform", ("uniform", "orthogonal", "identity"), "W drawn"),
    "func": Choice("tanh", rnn.FUNCTIONS, "func"),
    "seed": Whole(0, 0, 99, "seed"),
    "show": Choice("all", {"all": "table and way back", "table": "table"}, "show"),
}


def network(text, H, scheme, radius, func, seed):
    """params, trace and y: an untrained network reads the text, to predict every next character."""
    characters = tasks.vocabulary(text)
    classes = tasks.encode(text, characters)
    D = C = len(characters)
    params = rnn.init_params(D, H, C, rng=np.random.default_rng(seed), scheme=scheme, spectral_radius=radius)
    if len(classes) == 1:  # nothing comes next
        return params, rnn.forward(params, classes, func=func), np.array([-1])
    return params, rnn.forward(params, classes[:-1], func=func), classes[1:]


@lru_cache(maxsize=1)  # choosing another cell needs no new network
def _all_cells(**network_settings):
    """Everything that does not depend on the chosen cell: see compute."""
    params, trace, y = network(**network_settings)
    G = flow.error_reaching(params, trace, y)  # (T, T, H)
    dz = rnn.slope(trace.s, trace.func) * G  # (T, T, H)  dE_t/dz_k
    by_error = dz.transpose(0, 2, 1) @ trace.s_prev  # (T, H, T) x (T, H) -> (T, H, H)  Σ_k C[t, k]
    states = np.linalg.norm(trace.s_prev, axis=-1)  # (T,)  ‖s_{k-1}‖
    told = dz.sum(axis=0)  # (T, H)  dE/dz_k: all errors together
    dW = by_error.sum(axis=0)  # (H, H)
    correct = rnn.backward(params, trace, y).W
    numbers = {
        "norms": np.linalg.norm(dz, axis=-1) * states,
        "by_copy": np.linalg.norm(told, axis=-1) * states,
        "by_error": np.linalg.norm(by_error, axis=(1, 2)),
        "dW": dW,
        "difference": np.abs(dW - correct).max() / max(np.abs(correct).max(), np.finfo(float).tiny),
    }
    return params, trace, y, G, dz, numbers


def compute(settings):
    """The run, ‖C[t, k]‖ for every cell, both margins, and the chain of factors of the chosen cell.

    norms : (T, T)  ‖C[t, k]‖
    by_copy, by_error : (T,)  ‖Σ_t C[t, k]‖ and ‖Σ_k C[t, k]‖
    dW, difference : the sum of all cells, and how far it is from rnn.backward's, beside the largest entry
    reaching : (t + 1,)  ‖dE_t/ds_j‖ for j = 0 … t
    squashed, s_prev : ‖dE_t/dz_k‖ and ‖s_{k-1}‖
    """
    chosen = {name: settings[name] for name in ("text", "H", "scheme", "radius", "func", "seed")}
    params, trace, y, G, dz, numbers = _all_cells(**chosen)
    t, k = min(settings["t"], len(y) - 1), min(settings["k"], len(y) - 1)
    return numbers | {
        "params": params,
        "trace": trace,
        "y": y,
        "text": settings["text"],
        "show": settings["show"],
        "t": t,
        "k": k,
        "reaching": np.linalg.norm(G[t, : t + 1], axis=-1),
        "squashed": np.linalg.norm(dz[t, k]),
        "s_prev": np.linalg.norm(trace.s_prev[k]),
    }


def describe(settings, numbers):
    """What the chosen cell says, and what all cells add up to."""
    if numbers["y"][0] == -1:
        return "A single character has no next one to predict: there is no error, and no blame. Type more."
    if len(set(settings["text"])) == 1:
        return "Only one class: softmax of one number is <b>always 1</b>, so E = 0 and nobody is blamed."
    return f"{_cell(numbers)} {_total(len(numbers['y']), numbers['difference'])}"


def _cell(numbers):
    """What the error at t says to the copy used at step k, in words."""
    t, k, norms = numbers["t"], numbers["k"], numbers["norms"]
    if k > t:
        return f"The copy used at step {k} comes <b>after</b> the error at step {t}: blame 0."
    error = f"The error at t = {t} ({_quoted(numbers['text'][t + 1])} was to come) blames the copy used at "
    if k == 0:
        return error + "step 0 for <b>exactly nothing</b>, because s₋₁ = 0."
    if norms[t, k] == 0:
        return error + f"step {k} for <b>exactly nothing</b>: a factor on the way is 0."
    return (
        error + f"k = {k}: <b>{plain(norms[t, k])}</b>, {_beside_its_own(norms[t, k], norms[t, t], t - k)}."
    )


def _beside_its_own(cell, own, steps):
    """How much a cell is beside the one of the error's own step, in words."""
    if steps == 0:
        return "its own step's copy"
    if own == 0:
        return "more than its own step's"
    return f"{plain(cell / own, 3)} times that of its own step's copy"


def _total(T, difference):
    """What the sum of all cells is, in words."""
    cells = T * (T + 1) // 2
    added = f"All {cells} cells, added as matrices, give" if cells > 1 else "The one cell gives"
    off = f"to {difference:.0e} of its largest entry" if difference else "exactly"
    return f"{added} rnn.backward's ∂E/∂W {off}."


def _quoted(character):
    return f"‘{escape(character)}’" if character.strip() else "a space"


def _limits(settings):
    last = max(len(settings["text"]) - 2, 1)  # a slider needs two ends; compute takes care of a text of two
    return {"t": (0, last), "k": (0, last)}


blame = Declaration("blame", CONTROLS, compute, describe, BlamePicture, limits=_limits, telling="t")
