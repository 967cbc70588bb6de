"""The exercises of notebooks 00 and 06 that are answered at a lab: find a setting, compute what it will show.

A lab comes in as it is: anything with `settings` and `numbers`. So nothing here needs to know the labs.
"""

import numpy as np

from bptt_helpers import flow, rnn
from bptt_helpers.checks import solutions, verdicts

KEPT = 0.5  # how much of a pulse of 1 has to be left for it to count as remembered
NEEDED = ("u", "w", "k", "s_init", "T", "func", "x")


def remembers(attempt):
    """Exercise: find settings of labs.unroll, T = 12 or more, whose last state still holds the impulse.

    attempt : the lab, or `...`. What counts is the last state beside the one that the same network has at the
    end without the impulse: they must differ by at least KEPT, on whichever side.
    """
    print(_judge_memory(attempt))


def _judge_memory(attempt):
    if attempt is ...:
        return "not attempted yet"
    if isinstance(attempt, str):
        return "not yet: without the quotation marks: hand over the lab, not the text of its call"
    if not _has_settings(attempt, NEEDED):
        return f"not yet: hand over a lab, labs.unroll(…), not {type(attempt).__name__}"
    settings = attempt.settings
    if settings["x"] != "impulse":
        return 'not yet: leave the input at "impulse": it is the impulse that is to be remembered'
    if settings["T"] < 12:
        return f"not yet: that is easy for {settings['T']} steps: leave T at 12 or more"
    ended, without = _last_state(settings, 1.0), _last_state(settings, 0.0)
    if not abs(ended) < 1e3:
        return "not yet: the state ran away; with tanh as func it cannot"
    if abs(ended - without) >= KEPT:
        return "got it"
    if abs(ended) < KEPT:
        return f"not yet: the impulse has faded, the last state is {ended:.3f}; move w further from 0"
    return (
        f"not yet: the last state is {ended:.3f}, but without the impulse it would be {without:.3f}: "
        "that is not memory; set k and s₋₁ back to 0"
    )


def _has_settings(lab, names):
    """Whether that is a lab with all of these settings."""
    return all(name in getattr(lab, "settings", ()) for name in names)


def _last_state(settings, pulse):
    """s_{T-1} of the lab's network when x is `pulse` at step 0 and 0 after that."""
    x = np.zeros((settings["T"], 1))
    x[0] = pulse
    u, w = (np.array([[settings[name]]]) for name in ("u", "w"))
    params = rnn.Params(u, w, np.ones((2, 1)), np.array([settings["k"]]), np.zeros(2))
    return float(rnn.forward(params, x, np.array([settings["s_init"]]), settings["func"]).s[-1, 0])


def next_state(attempt, lab):
    """Exercise: s_1 of a labs.unroll, from its settings u, w, k and its numbers x[1] and s[0]: a number.

    attempt : the number, or `...`; lab : the lab it was computed for, in its present state. TypeError when
    lab is no labs.unroll.
    """
    if not _has_settings(lab, NEEDED):
        raise TypeError(f"lab: expected a lab, labs.unroll(…), got {type(lab).__name__}")
    u, w, k, func = (lab.settings[name] for name in ("u", "w", "k", "func"))
    (x_0, x_1), s_0, s_init = lab.numbers["x"][:2], lab.numbers["s"][0], lab.settings["s_init"]

    def squashed(z):
        return float(rnn.activate(np.array([z]), func)[0])

    right = solutions.next_state(u, w, k, x_1, s_0, squashed)
    mistakes = {
        f"that is z_1: it still has to go through {func}": u * x_1 + w * s_0 + k,
        "that is s_0: one step further": s_0,
        "you forgot the bias k": squashed(u * x_1 + w * s_0),
        "you forgot w s_0: the past is missing": squashed(u * x_1 + k),
        "you forgot u x_1: the input is missing": squashed(w * s_0 + k),
        "that is with x_0: step 1 reads x_1": squashed(u * x_0 + w * s_0 + k),
        "that is with s_init: step 1 starts from s_0": squashed(u * x_1 + w * s_init + k),
        "u and w are swapped: u goes with x_1, w with s_0": squashed(w * x_1 + u * s_0 + k),
    } | {f"right to {n} places: let Python compute it": round(right, n) for n in (2, 3, 4)}
    verdicts.verdict(attempt, right, mistakes)


RADIUS_ALLOWED, STRETCH_WANTED = 0.9, 10.0
MATRIX = ("w_00", "w_01", "w_10", "w_11")


def grows_first(attempt):
    """Exercise: find settings of labs.ellipse, func identity, that stretch some nudge tenfold, and yet fade.

    attempt : the lab, or `...`. The spectral radius of W must be at most RADIUS_ALLOWED, and after some
    number of steps the longest nudge at least STRETCH_WANTED times as long.
    """
    print(_judge_growth(attempt))


def _judge_growth(attempt):
    if attempt is ...:
        return "not attempted yet"
    if isinstance(attempt, str):
        return "not yet: without the quotation marks: hand over the lab, not the text of its call"
    if not _has_settings(attempt, (*MATRIX, "func")):
        return f"not yet: hand over a lab, labs.ellipse(…), not {type(attempt).__name__}"
    settings = attempt.settings
    if settings["func"] != "identity":
        return 'not yet: set func to "identity": W alone is to do it'
    W = np.array([settings[name] for name in MATRIX]).reshape(2, 2)
    radius = flow.spectral_radius(W)
    if radius > RADIUS_ALLOWED + 1e-9:
        return (
            f"not yet: the spectral radius is {radius:.3f}, so it need not fade; at most {RADIUS_ALLOWED}. "
            "Put a 0 off the diagonal: then the radius is the larger diagonal entry"
        )
    factors = np.tile(W, (200, 1, 1))
    largest = 10.0 ** flow.log10_singular_values(flow.running_products(factors))[:, 0]
    stretch, steps = largest.max(), int(largest.argmax()) + 1
    if stretch >= STRETCH_WANTED:
        return f"got it: after {steps} steps {stretch:.1f} times as long, and it fades all the same"
    return (
        f"not yet: it fades, but the longest a nudge ever gets is {stretch:.2f} times as long; "
        "one large entry off the diagonal, and the two diagonal entries as large as allowed"
    )
