"""Lab: how small a step measures a gradient best? (notebook 05)"""

from functools import lru_cache

import numpy as np

from bptt_helpers import rnn
from bptt_helpers.labs.controls import Choice, Slider, Whole
from bptt_helpers.labs.lab import Declaration
from bptt_helpers.pictures.epsilon import DIFFERENCES, SMALLEST, STEP, WAYS, EpsilonPicture

D, H, C = 2, 4, 3
LONGEST = 24
LARGEST = -1

ENTRIES = {"U": (0, 0), "W": (0, 1), "V": (0, 0), "k": (0,)}
PRECISIONS = {
    "float64": (np.float64, np.complex128, 2.0**-53),
    "float32": (np.float32, np.complex64, 2.0**-24),
}

CONTROLS = {
    "log_epsilon": Slider(-13.0, SMALLEST, LARGEST, STEP, "log₁₀ ε"),
    "entry": Choice("W", {name: f"∂E/∂{name}{list(ENTRIES[name])}" for name in ENTRIES}, "measure"),
    "precision": Choice("float64", tuple(PRECISIONS), "numbers"),
    "T": Whole(6, 2, LONGEST, "T"),
    "seed": Whole(0, 0, 99, "seed"),
    "show": Choice("all", {"differences": "the two differences", "all": "the complex step, too"}, "show"),
}

LOG_EPSILONS = np.linspace(SMALLEST, LARGEST, round((LARGEST - SMALLEST) / STEP) + 1)
WINDOW = np.linspace(-2, 2, 81)  # what the microscope shows, in units of ε


@lru_cache(maxsize=128)
def network(T, seed):
    """params, x, s_init, y of the network that is measured; its numbers are exact in float32 and float64."""
    rng = np.random.default_rng(seed)
    params = rnn.init_params(D, H, C, rng=rng, spectral_radius=1.2, dtype=np.float32)
    params = params._replace(k=rng.normal(size=H, scale=0.3).astype(np.float32))
    x = rng.normal(size=(T, D)).astype(np.float32)
    s_init = rng.uniform(-1, 1, H).astype(np.float32)  # not 0: see the bug zoo
    return params, x, s_init, rng.integers(C, size=T)


def losses(given, name, shifts):
    """E of B networks whose one entry of `name` is moved by shifts (B,), in the dtype of shifts: (B,).

    rnn.forward takes a batch of sequences, this one takes a batch of weights: the whole V is one run.
    """
    params, x, s_init, y = given
    B, T = len(shifts), len(y)
    weights = {
        field: np.repeat(value[None].astype(shifts.dtype), B, axis=0)  # (B, …)
        for field, value in params._asdict().items()
    }
    weights[name][(slice(None), *ENTRIES[name])] += shifts
    U, W, V, k, c = weights.values()
    from_input = np.einsum("bhd,td->tbh", U, x.astype(shifts.dtype)) + k  # (T, B, H)
    s = np.empty((T + 1, B, H), shifts.dtype)
    s[0] = s_init
    for t in range(T):
        # Entry by entry: for matrices this small a stack of matrix products would take three times as long.
        z = from_input[t] + (W * s[t][:, None, :]).sum(axis=-1)  # (B, H, H) x (B, H) -> (B, H)
        np.tanh(z, out=s[t + 1])
    q = np.einsum("bch,tbh->tbc", V, s[1:]) + c  # (T, B, C)
    q -= q.real.max(axis=-1, keepdims=True)
    target = q[np.arange(T), :, y]  # (T, B)
    return (np.log(np.exp(q).sum(axis=-1)) - target).sum(axis=0)  # (B,)


@lru_cache(maxsize=128)
def _curves(name, T, seed, precision):
    """For every ε: what each way of measuring says, and its relative error. Kept, so that ε moves fast."""
    real, complex_kind, _ = PRECISIONS[precision]
    given = network(T, seed)
    exact = float(getattr(_gradient(T, seed), name)[ENTRIES[name]])
    epsilons = (10.0**LOG_EPSILONS).astype(real)
    moved = losses(given, name, np.concatenate([epsilons, -epsilons, np.zeros(1, real)]))
    ahead, behind, here = moved[: len(epsilons)], moved[len(epsilons) : -1], moved[-1]
    measured = {
        "one-sided": (ahead - here) / epsilons,
        "central": (ahead - behind) / (2 * epsilons),
        "complex step": losses(given, name, (1j * epsilons).astype(complex_kind)).imag / epsilons,
    }
    measured = {way: values.astype(np.float64) for way, values in measured.items()}
    errors = {way: np.abs(values - exact) / abs(exact) for way, values in measured.items()}
    return {"exact": exact, "loss": float(here), "measured": measured, "errors": errors}


@lru_cache(maxsize=128)
def _gradient(T, seed):
    """What rnn.backward says, in float64: the truth that every measurement is held against."""
    params, x, s_init, y = network(T, seed)
    params = rnn.Params(*(value.astype(np.float64) for value in params))
    trace = rnn.forward(params, x.astype(np.float64), s_init.astype(np.float64))
    return rnn.backward(params, trace, y)


def compute(settings):
    """The curves in both precisions, the two guide lines, the best ε, and the loss under the microscope."""
    name, precision = settings["entry"], settings["precision"]
    of_network = name, settings["T"], settings["seed"]
    curves = _curves(*of_network, precision)
    other = "float32" if precision == "float64" else "float64"
    at = round((settings["log_epsilon"] - SMALLEST) / STEP)
    epsilon = PRECISIONS[precision][0](10.0 ** LOG_EPSILONS[at])
    guides = _guides(_curves(*of_network, "float64"), PRECISIONS[precision][2])
    given = network(*of_network[1:])
    moved = losses(given, name, (epsilon * WINDOW).astype(epsilon.dtype))
    here = moved[len(WINDOW) // 2]
    weight = getattr(given[0], name)[ENTRIES[name]].astype(epsilon.dtype)
    return curves | {
        "at": at,
        "epsilon": float(epsilon),
        "log_epsilons": LOG_EPSILONS,
        "precision": precision,
        "shown": tuple(WAYS) if settings["show"] == "all" else DIFFERENCES,
        "other": (other, _curves(*of_network, other)["errors"]["central"]),
        "guides": guides,
        "best": int(np.argmin(sum(guides.values()))),
        "nothing_moves": bool(weight + epsilon == weight == weight - epsilon),
        "window": WINDOW,
        "loss_change": (moved - here).astype(np.float64) / (float(epsilon) * abs(curves["exact"])),
    }


def _guides(curves, rounding):
    """What is left out of the slope grows as ε²; what is rounded away grows as 1/ε."""
    reference = round((-2 - SMALLEST) / STEP)  # at ε = 0.01 float64's rounding is far below the bend
    return {
        "bend": curves["errors"]["central"][reference] * 10.0 ** (2 * (LOG_EPSILONS + 2)),
        "rounding": rounding * curves["loss"] / (10.0**LOG_EPSILONS * abs(curves["exact"])),
    }


def digits(error):
    """How many digits are right when the relative error is this: 0 … 16."""
    return 16 if error < 1e-16 else max(0, int(np.floor(-np.log10(error))))


def describe(settings, numbers):
    """How many digits are right at this ε, and why no more: HTML."""
    at, best = numbers["at"], numbers["best"]
    right = {way: digits(errors[at]) for way, errors in numbers["errors"].items()}
    others = "; ".join(f"{way}: {_count(right[way])}" for way in numbers["shown"] if way != "central")
    said = (
        f"At ε = {numbers['epsilon']:.1e}, the central difference says "
        f"{numbers['measured']['central'][at]:.10g} (the truth: {numbers['exact']:.10g}) "
        f"and is right to <b>{_count(right['central'])}</b>: ".replace("-", "−")
    )
    if numbers["nothing_moves"]:
        name = f"{settings['entry']}{list(ENTRIES[settings['entry']])}"
        why = f"{name} + ε is rounded back to {name}, so nothing moves. "
    elif abs(at - best) * STEP <= 0.75:
        why = "about the best it can do; a larger ε sees the bend of the loss, a smaller one its rounding. "
    elif at > best:
        seen = "" if _off(numbers) > VISIBLE else " (too little to be seen on the right)"
        why = f"too large a step. Between the points the loss bends{seen}. "
        why += "A tenth of ε brings two digits more. "
    else:
        seen = "; on the right E has come apart" if _off(numbers) > VISIBLE else ""
        why = f"too small a step. The two losses agree in nearly all digits{seen}; rounding is what is left. "
    return f"{said}{why}{others[0].upper()}{others[1:]}."


VISIBLE = 0.05  # how far off its straight line E must be to be seen, in units of |slope| · ε


def _off(numbers):
    """How far E under the microscope is from the straight line of the true slope."""
    return np.abs(numbers["loss_change"] - np.sign(numbers["exact"]) * numbers["window"]).max()


def _count(number):
    return f"{'no' if number == 0 else number} digit{'' if number == 1 else 's'}"


epsilon = Declaration("epsilon", CONTROLS, compute, describe, EpsilonPicture, telling="log_epsilon")
