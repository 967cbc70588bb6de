"""The rules every notebook keeps, as far as a machine can tell; CONTRIBUTING.md says them in words."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXPECTED = ["00_start_here", "01_unroll_the_loop", "02_measure_the_error", "03_two_steps_by_hand"]
EXPECTED += ["04_send_the_error_back", "05_check_every_gradient", "06_vanish_or_explode"]
EXPECTED += ["07_walk_off_the_cliff", "08_cut_the_past", "09_open_the_gates"]
EXPECTED += ["10_remember_for_longer", "11_write_like_the_manual"]

LINES_IN_A_CELL, LINES_IN_THE_SETUP, CODE_CELLS = 15, 5, 25
BEATS = ["Predict", "Observe", "Explain", "Check"]
FORMULAS = [f"S{number}" for number in range(1, 25)]

# Code for drawing and for widgets stands in the package; the network, the shell and pip are for no notebook.
NOT_IN_A_NOTEBOOK = {"matplotlib", "PIL", "ipywidgets", "IPython"}
NOT_IN_A_NOTEBOOK |= {"urllib", "http", "socket", "ssl", "requests", "httpx", "subprocess", "os", "pip"}

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    """The notebook as it stands in the file: dict."""
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell):
    """The text of a cell: str."""
    return "".join(cell["source"])


def code_cells(path):
    """The texts of the code cells: list of str."""
    return [source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "code"]


def lines(text):
    """How many lines of a text are not empty: int."""
    return sum(bool(line.strip()) for line in text.splitlines())


def imported(text):
    """The top-level packages that a cell imports: set of str."""
    nodes = list(ast.walk(ast.parse(text)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in plain | {n.module for n in nodes if isinstance(n, ast.ImportFrom)}}


def calls(text, module):
    """The functions of `module` that a cell calls, as in module.function(…): list of str."""
    return [
        node.func.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == module
    ]


def test_the_notebooks_are_there():
    assert [name for name in EXPECTED if not (ROOT / "notebooks" / f"{name}.ipynb").exists()] == []


@every_notebook
def test_it_is_a_valid_notebook_for_the_kernel_that_everybody_has(path):
    notebook = read(path)
    nbformat.validate(notebook)
    kernel = notebook["metadata"]["kernelspec"]
    assert kernel["name"] == "python3"
    assert kernel["display_name"]


@every_notebook
def test_it_opens_with_a_question_aims_needs_and_minutes(path):
    first = read(path)["cells"][0]
    assert first["cell_type"] == "markdown"
    title, *rest = source(first).splitlines()
    assert re.fullmatch(rf"# {path.name[:2]} · .+", title)
    text = "\n".join(rest)
    assert re.search(r"^\*\*.+\?\*\*$", text, re.MULTILINE), "one question stands out"
    assert "You will be able to" in text
    assert 2 <= len(re.findall(r"^- \*\*\w", text, re.MULTILINE)) <= 4, "two to four verbs"
    assert "You need" in text
    assert re.search(r"\b\d+ minutes\b", text)


@every_notebook
def test_the_readme_lists_it_with_its_minutes(path):
    minutes = re.search(r"\b(\d+) minutes\b", source(read(path)["cells"][0]))[1]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(
        rf"^\| \[{path.stem}\]\(notebooks/{path.name}\) \|.*\| {minutes} \|$", readme, re.MULTILINE
    )


@every_notebook
def test_its_one_setup_cell_comes_second_and_is_the_same_everywhere(path):
    second = read(path)["cells"][1]
    assert second["cell_type"] == "code"
    assert source(second) == code_cells(NOTEBOOKS[0])[0]
    assert lines(source(second)) <= LINES_IN_THE_SETUP
    assert "bptt_helpers" in imported(source(second))


@every_notebook
def test_only_the_setup_cell_imports(path):
    assert [text for text in code_cells(path)[1:] if imported(text)] == []


@every_notebook
def test_its_code_is_short(path):
    cells = code_cells(path)
    assert len(cells) <= CODE_CELLS
    assert [text for text in cells if lines(text) > LINES_IN_A_CELL] == []


@every_notebook
def test_no_line_draws_or_leaves_the_notebook(path):
    for text in code_cells(path):
        # A line for the shell or a magic (!ls, %time) is no Python, so it does not parse.
        assert imported(text) & NOT_IN_A_NOTEBOOK == set()
        assert not re.search(r"https?://|\b__import__\b|\bget_ipython\b", text)


@every_notebook
def test_it_is_committed_without_outputs(path):
    code = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in code if cell["outputs"]] == []
    assert [cell["execution_count"] for cell in code if cell["execution_count"] is not None] == []
    assert "widgets" not in read(path)["metadata"]


@every_notebook
def test_nothing_is_hidden(path):
    # Neither tags nor folds in a cell's metadata: they can hide what the learner runs.
    kept = {"slideshow", "editable"}
    assert [cell["metadata"] for cell in read(path)["cells"] if set(cell["metadata"]) - kept] == []


@every_notebook
def test_each_cell_keeps_an_id_of_its_own(path):
    ids = [cell["id"] for cell in read(path)["cells"]]
    assert len(set(ids)) == len(ids)
    # nbstripout without --keep-id numbers the cells anew, and a change then touches every one of them.
    assert [name for place, name in enumerate(ids) if name == str(place)] == []


@every_notebook
def test_the_beats_of_a_section_come_in_order(path):
    text = "\n".join(source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "markdown")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    beats = [re.findall(rf"\*\*({'|'.join(BEATS)})\b", section) for section in sections]
    assert BEATS in beats
    assert [found for found in beats if "Predict" in found and found != BEATS] == []
    assert [found for found in beats if found != sorted(set(found), key=BEATS.index)] == []


@every_notebook
def test_a_lab_has_a_cell_of_its_own(path):
    # Two statements at most: the lab gets a name, lab = labs.unroll(…), and is shown: lab.
    cells = [text for text in code_cells(path) if calls(text, "labs")]
    assert cells
    assert [text for text in cells if len(ast.parse(text).body) > 2] == []


@every_notebook
def test_it_has_exercises_that_are_checked_and_solved(path):
    called = [name for text in code_cells(path) for name in calls(text, "checks")]
    assert len(set(called) - {"show"}) >= 2, "two exercises, each with its check"
    assert "show" in called, "a solution is the tested source itself"
    assert [text for text in code_cells(path) if re.search(r"\.\.\.$", text, re.MULTILINE)], (
        "an exercise has a stub"
    )


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_formula_stands_in_the_notebooks_with_its_number(formula):
    numbered = [f"({formula})", rf"\tag{{{formula}}}"]
    cells = [source(cell) for path in NOTEBOOKS for cell in read(path)["cells"]]
    assert any(number in text for text in cells for number in numbered)


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_formula_is_named_in_a_test(formula):
    tests = [
        path.read_text(encoding="utf-8")
        for path in (ROOT / "tests").glob("test_*.py")
        if path.name != Path(__file__).name
    ]
    assert any(re.search(rf"(?<![A-Za-z0-9]){formula}(?![0-9])", text) for text in tests)
