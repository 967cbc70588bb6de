"""The two_steps lab: what the graph and the written-out paths show is what two_steps computes."""

import math
from itertools import pairwise

import numpy as np
import pytest

from bptt_helpers import labs, two_steps
from bptt_helpers.labs.two_steps import arguments
from bptt_helpers.pictures.canvas import Canvas
from bptt_helpers.pictures.numerals import signed, tight
from bptt_helpers.pictures.two_steps import COPIES, EDGES, NODES, edge_of

SETTINGS = (
    {},
    {"weight": "w", "s_init": 0.25},
    {"weight": "k", "func": "sigmoid", "target": 1, "x_0": -1.5},
    {"weight": "w", "func": "relu", "u": 2.0, "s_init": -1.0, "path": "0"},
    {"weight": "u", "func": "identity", "v_class_1": 2.5, "path": "1"},
)


def shown(lab):
    """The picture after it has moved to the lab's numbers."""
    canvas = Canvas(lab._declaration.picture)
    canvas.png(lab.numbers)
    return canvas.picture


def number(text):
    """A number as the picture writes it, read back."""
    return float(text.replace("−", "-"))


def nudged(settings, name, by):
    """The loss after one of the arguments of two_steps.run has moved."""
    given = arguments(settings)
    return two_steps.run(**given | {name: given[name] + by}).values["E"]


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_edge_carries_the_value_and_the_gradient_of_its_source(settings):
    lab = labs.two_steps(**settings)
    two = two_steps.run(**arguments(lab.settings))
    picture = shown(lab)
    quantities = {"u_0": "u", "u_1": "u", "w_0": "w", "w_1": "w", "k_0": "k", "k_1": "k"}
    assert {source for source, _ in picture.value_sources} == set(NODES)
    for (source, entry), value, gradient in zip(
        picture.value_sources, picture.values.strings, picture.gradients.strings, strict=True
    ):
        true_value = two.values[quantities.get(source, source)]
        true_gradient = 1.0 if source == "E" else two.partials[f"dE/d{source}"]
        if entry is not None:
            true_value, true_gradient = true_value[entry], true_gradient[entry]
        assert value == tight(true_value)
        assert gradient == tight(true_gradient)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_paths_are_written_out_and_multiply_to_their_terms(settings):
    lab = labs.two_steps(**settings)
    picture, weight = shown(lab), lab.settings.weight
    paths = [path for path in lab.numbers.paths if path["shown"]]
    wanted = {"both": [1, 0], "1": [1], "0": [0]}[lab.settings.path]
    assert [path["step"] for path in paths] == wanted
    assert picture.terms.strings == ["= " + signed(path["term"]) for path in paths]
    assert len(picture.factors.strings) == sum(len(path["factors"]) for path in paths)
    for path in lab.numbers.paths:
        assert np.isclose(path["so_far"][-1], path["term"])
        assert np.isclose(two_steps.product(value for _, value in path["factors"]), path["term"])
    assert np.isclose(sum(path["term"] for path in lab.numbers.paths), lab.numbers.gradient)
    slope = (nudged(lab.settings, weight, 1e-6) - nudged(lab.settings, weight, -1e-6)) / 2e-6
    assert lab.numbers.gradient == pytest.approx(slope, abs=1e-7)
    assert lab.numbers.difference == pytest.approx(lab.numbers.gradient, abs=1e-8)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_sum_and_its_factored_form_S18_S21_S22_agree(settings):
    lab = labs.two_steps(**settings)
    common, last, w, slope, first = lab.numbers.compact
    assert common * (last + w * slope * first) == pytest.approx(lab.numbers.gradient, rel=1e-12, abs=1e-15)
    assert f"= {signed(lab.numbers.gradient)}" in shown(lab).sum.strings


@pytest.mark.parametrize("weight", ["u", "w", "k"])
def test_the_lit_path_runs_along_the_edges_of_its_factors(weight):
    lab = labs.two_steps(weight=weight, s_init=0.25)
    picture = shown(lab)
    for path in lab.numbers.paths:
        edges = [edge_of(name) for name, _ in path["factors"]]
        assert edges[0] == ("o", "E")
        assert edges[-1][0] == COPIES[weight][path["step"]]
        assert set(edges) <= set(EDGES)
        assert all(before[0] == after[1] for before, after in pairwise(edges))
        xs, _ = picture.lit[path["step"]].get_data()
        assert np.isnan(xs).sum() == len(edges)  # one stroke an edge


def test_a_lit_path_is_as_wide_as_its_term_is_large_and_dark_when_it_carries_nothing():
    lab = labs.two_steps(w=0.05)
    lit, terms = shown(lab).lit, {path["step"]: path["term"] for path in lab.numbers.paths}
    widths = {step: line.get_linewidth() - 1.5 for step, line in lit.items()}
    assert widths[0] / widths[1] == pytest.approx(abs(terms[0] / terms[1]))
    lab.move(w=0.0)
    assert len(shown(lab).lit[0].get_data()[0]) == 0
    assert len(shown(lab).lit[1].get_data()[0]) > 0


def test_only_the_chosen_path_is_lit():
    lab = labs.two_steps(path="0")
    picture = shown(lab)
    assert len(picture.lit[1].get_data()[0]) == 0
    assert len(picture.lit[0].get_data()[0]) > 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "turns the sign around"),
        ({"weight": "w"}, "because s₋₁ = 0"),
        ({"x_0": 0.0}, "a factor on its path is 0"),
        ({"weight": "w", "s_init": 0.25}, "13% of it comes from the past"),
        ({"weight": "u", "x_1": 0.1, "w": 2.0}, "most of it comes through step 0"),
        ({"u": 3.0, "x_0": 2.0}, "the past hardly counts"),
        ({"w": 0.05}, "the past takes back 6%"),
        ({"x_1": -0.5714}, "the two cancel"),
        ({"func": "relu", "x_1": -1.5}, "a factor that both paths share is 0"),
        ({"u": 3.0, "x_0": 2.0, "x_1": 2.0, "w": 3.0}, "almost nothing"),
    ],
)
def test_the_sentence_draws_the_conclusion(settings, words):
    assert words in labs.two_steps(**settings).words.value


def test_saturation_shows_as_a_small_number_and_not_as_an_error():
    lab = labs.two_steps(u=3, w=3, k=2, x_0=2, x_1=2, s_init=1, weight="w")
    assert lab.error is None
    assert 0 < abs(lab.numbers.paths[1]["term"]) < 1e-12
    assert all(math.isfinite(number(text)) for text in shown(lab).gradients.strings)
