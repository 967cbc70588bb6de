"""The exercises of notebook 10, remember for longer. How they answer: see the package."""

from bptt_helpers.checks import solutions, verdicts


def chance(attempt):
    """Exercise: attempt(marks, low, high) -> the loss of one who never looks, in an adding task.

    marks : how many of the numbers are marked and added; low, high : each number is a uniform draw between.
    The loss is the mean squared error of the best answer that is always the same.
    """
    mistakes = {
        "that is the best answer itself, the mean of the sum: asked is how wrong it is": (
            lambda marks, low, high: marks * (low + high) / 2
        ),
        "variances of independent draws add up: marks times one variance, not marks squared": (
            lambda marks, low, high: marks**2 * (high - low) ** 2 / 12
        ),
        "that is for one number: of a sum of independent draws the variances add up": (
            lambda marks, low, high: (high - low) ** 2 / 12
        ),
        "the variance of a uniform draw has the width squared: (high - low)**2 / 12": (
            lambda marks, low, high: marks * (high - low) / 12
        ),
        "that is the standard deviation: the loss is the mean of the square": (
            lambda marks, low, high: (marks * (high - low) ** 2 / 12) ** 0.5
        ),
        "that is the mean of the squared sum, for one who always says 0: the best answer is the mean": (
            lambda marks, low, high: marks * (high - low) ** 2 / 12 + (marks * (low + high) / 2) ** 2
        ),
        "marks is an argument: yours always counts two": lambda marks, low, high: (high - low) ** 2 / 6,
        "the width is high - low": lambda marks, low, high: marks * high**2 / 12,
    }
    cases = {
        f"for {marks} marks between {low} and {high}": (marks, low, high)
        for marks, low, high in ((4, 0.5, 2.0), (3, -1.0, 2.5), (2, 0.0, 1.0))
    }
    verdicts.exercise(attempt, solutions.chance, mistakes, cases)


def loss_with_memory(attempt):
    """Exercise: attempt(T, n) -> the loss in tasks.adding(T) of one who knows the last n steps only.

    T : even number of steps; n : 0 … T. One mark is at a uniform draw of the first T/2 steps, one of the
    last T/2; the numbers are uniform draws of 0 … 1, each of variance 1/12.
    """

    mistakes = {
        "only a mark that is not seen costs 1/12: yours charges for those that are seen": (
            lambda T, n: n / T / 6
        ),
        "two numbers are added: yours charges for one": lambda T, n: (1 - n / T) / 12,
        "the early mark is missing: even who knows all of the last half does not know the first": (
            lambda T, n: (1 - min(n, T / 2) / (T / 2)) / 12
        ),
        "the late mark is missing: who knows nothing pays for both": (
            lambda T, n: (1 - max(0, n - T / 2) / (T / 2)) / 12
        ),
        "fewer than T/2 steps never show the early mark, not less than never: max(0, n - T/2)": (
            lambda T, n: (2 - (n - T / 2) / (T / 2) - min(n, T / 2) / (T / 2)) / 12
        ),
        "a number that is not seen costs its variance, 1/12": lambda T, n: 2 * (1 - n / T),
        "that is for one who must see both: who sees one of them has it half right": (
            lambda T, n: (1 - max(0, n - T / 2) / (T / 2)) / 6
        ),
    }
    lengths = ((50, 40), (50, 10), (20, 10), (20, 0), (8, 8), (30, 4))
    cases = {f"for T = {T} and n = {n}": (T, n) for T, n in lengths}
    verdicts.exercise(attempt, solutions.loss_with_memory, mistakes, cases)
