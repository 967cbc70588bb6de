"""The tasks that ask for memory: what matters comes early, the answer is asked for late.

S. Hochreiter and J. Schmidhuber, Long short-term memory, Neural Computation 9(8), 1997 (experiments 4 and 6)
R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013
Q. V. Le, N. Jaitly and G. E. Hinton, A simple way to initialize recurrent networks of rectified linear
    units, arXiv 1504.00941, 2015
M. Arjovsky, A. Shah and Y. Bengio, Unitary evolution recurrent neural networks, ICML 2016
"""

import numpy as np

from bptt_helpers import arguments
from bptt_helpers.tasks.task import Batch, Drawn


def adding(T, *, seed=0):
    """T random numbers of 0 … 1, two of them marked: say their sum after the last step.

    x (T, B, 2) holds the numbers and the marks (1 at two steps, else 0); y (T, B, 1) is nan but at the last
    step. The target is the sum itself, under squared error, as in Le et al. (2015); one mark falls in the
    first half of the steps and one in the second, as in Arjovsky et al. (2016); every sequence has T steps.
    Other forms: Hochreiter and Schmidhuber (1997) draw from -1 … 1, ask for 0.5 + sum / 4, mark one of the
    first ten steps and another of the first T/2 - 1, and mark both ends with -1; Pascanu et al. (2013) ask
    for half the sum, with marks in the first tenth and between T/10 and T/2. Both draw lengths of T to 1.1 T.

    T is at least 2. TypeError or ValueError names T or seed.
    """
    T, seed = arguments.integer("T", T, minimum=2), arguments.integer("seed", seed, minimum=0)
    low, high, marks = 0.0, 1.0, 2

    def draw(rng, size):
        each = np.arange(size)
        numbers = rng.uniform(low, high, (T, size))
        first, second = rng.integers(0, T // 2, size), rng.integers(T // 2, T, size)
        marked = np.zeros((T, size))
        marked[first, each] = marked[second, each] = 1
        y = np.full((T, size, 1), np.nan)
        y[-1, :, 0] = numbers[first, each] + numbers[second, each]
        return Batch(np.stack([numbers, marked], axis=-1), y)  # (T, B, 2), (T, B, 1)

    return Drawn(
        name="adding",
        T=T,
        D=2,
        C=1,
        loss="squared_error",
        chance=marks * (high - low) ** 2 / 12,  # the variance of a sum of independent, uniform draws
        chance_from=f"always {marks * (low + high) / 2:g}, the mean of the sum",
        key=f"adding, T = {T}, seed = {seed}",
        seed=seed,
        draw=draw,
    )


def temporal_order(T, *, seed=0):
    """Two symbols, each A or B, among distractors: say after the last step which came, in which order.

    x (T, B) holds classes: 0 and 1 are A and B, 2 … 5 the distractors. y (T, B) is -1 but at the last step:
    0 … 3 for AA, AB, BA, BB. As in Pascanu et al. (2013): the first symbol stands at a step of T/10 … 2T/10,
    the second at one of 4T/10 … 5T/10, here counted from 0, rounded down, both ends included (the program
    published with that paper has 5T/10 … 6T/10 for the second). Hochreiter and Schmidhuber (1997, experiment
    6a) have 100 to 110 steps, the symbols at 10 … 20 and 50 … 60, and a symbol of its own for the start and
    for the end.

    T is at least 3. TypeError or ValueError names T or seed.
    """
    T, seed = arguments.integer("T", T, minimum=3), arguments.integer("seed", seed, minimum=0)
    relevant, distractors = 2, 4
    C = relevant**2

    def draw(rng, size):
        each = np.arange(size)
        x = relevant + rng.integers(distractors, size=(T, size))
        first = rng.integers(T // 10, 2 * T // 10, size, endpoint=True)
        second = rng.integers(4 * T // 10, 5 * T // 10, size, endpoint=True)
        x[first, each], x[second, each] = symbols = rng.integers(relevant, size=(2, size))
        y = np.full((T, size), -1)
        y[-1] = relevant * symbols[0] + symbols[1]
        return Batch(x, y)  # (T, B), (T, B)

    return Drawn(
        name="temporal order",
        T=T,
        D=relevant + distractors,
        C=C,
        loss="cross_entropy",
        chance=_mean_entropy(np.full((1, C), 1 / C)),
        chance_from=f"each of the {C} orders with probability 1/{C}",
        key=f"temporal order, T = {T}, seed = {seed}",
        seed=seed,
        draw=draw,
    )


def copy(T, *, symbols=8, length=10, seed=0):
    """`length` random symbols, then a delay of T steps, the last of which says "now": repeat them.

    T is the delay; the task has T + 2 length steps in all, which is the attribute T of the task. x holds
    classes of 0 … symbols + 1: the symbols, the blank (`symbols`) and the signal (`symbols` + 1); first the
    symbols, then T - 1 blanks, the signal, and `length` blanks. y asks for the blank in T + length steps,
    then for the symbols, and every step is scored. This is Arjovsky et al. (2016), whose baseline for 8
    symbols and length 10 is 10 ln 8 / (T + 20).

    T is at least 1, symbols 2, length 1. TypeError or ValueError names T, symbols, length or seed.
    """
    T, seed = arguments.integer("T", T), arguments.integer("seed", seed, minimum=0)
    symbols, length = arguments.integer("symbols", symbols, minimum=2), arguments.integer("length", length)
    blank, signal, steps = symbols, symbols + 1, T + 2 * length

    def draw(rng, size):
        message = rng.integers(symbols, size=(length, size))
        x, y = np.full((2, steps, size), blank)
        x[:length] = message
        x[length + T - 1] = signal
        y[-length:] = message
        return Batch(x, y)  # (T + 2 length, B) both

    marginals = np.zeros((steps, symbols + 1))  # of y, step by step
    marginals[:-length, blank] = 1
    marginals[-length:, :symbols] = 1 / symbols
    return Drawn(
        name="copy",
        T=steps,
        D=symbols + 2,
        C=symbols + 1,
        loss="cross_entropy",
        chance=_mean_entropy(marginals),
        chance_from=f"the blank, then each symbol with probability 1/{symbols}",
        key=f"copy, T = {T}, symbols = {symbols}, length = {length}, seed = {seed}",
        seed=seed,
        draw=draw,
    )


def binary_addition(bits=8, *, seed=0):
    """Two numbers, bit by bit from the least one: say each bit of their sum. What to remember is the carry.

    x (bits, B, 2) holds a bit of each number, y (bits, B) the sum's. The numbers are uniform draws below
    2**(bits - 1), so that the sum has room, as in the example that made the task popular: A. Trask, Anyone
    can learn to code an LSTM-RNN in Python (2015), there with a squared error and one sequence at a time.

    bits is at least 2. TypeError or ValueError names bits or seed.
    """
    bits, seed = arguments.integer("bits", bits, minimum=2), arguments.integer("seed", seed, minimum=0)

    def draw(rng, size):
        x = rng.integers(2, size=(bits, size, 2))
        x[-1] = 0
        y = np.empty((bits, size), int)
        carry = 0
        for t in range(bits):
            carry, y[t] = np.divmod(x[t].sum(axis=-1) + carry, 2)
        return Batch(x.astype(float), y)  # (T, B, 2), (T, B)

    carried, one = 0.0, np.full(bits, 0.5)  # an even bit makes the sum's bit even, whatever is carried
    for _ in range(bits - 1):
        carried = 1 / 4 + carried / 2  # two ones, or one of them and a carry
    one[-1] = carried  # the highest bit is the last carry
    return Drawn(
        name="binary addition",
        T=bits,
        D=2,
        C=2,
        loss="cross_entropy",
        chance=_mean_entropy(np.stack([1 - one, one], axis=-1)),
        chance_from=f"1 with probability 1/2, for the highest bit with {carried:.3g}",
        key=f"binary addition, bits = {bits}, seed = {seed}",
        seed=seed,
        draw=draw,
    )


def _mean_entropy(marginals):
    """Mean entropy in nats of the distributions (steps, C): what saying just them costs; 0 ln 0 is 0."""
    logs = np.log(marginals, out=np.zeros_like(marginals), where=marginals > 0)
    return float(-(marginals * logs).sum(axis=-1).mean())
