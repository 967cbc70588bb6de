"""The nets under every test hold: each is torn here once, in a pytest of its own, and must catch it."""

import nbformat
import pytest

pytest_plugins = ["pytester"]

UNIT_TESTS = (".", "-p", "no:xdist", "-p", "no:nbval", "-p", "no:cacheprovider")


@pytest.fixture
def our_pytest(pytester, repository):
    """A folder with our conftest and our pytest options."""
    pytester.makeconftest((repository / "tests" / "conftest.py").read_text())
    (pytester.path / "pyproject.toml").write_text((repository / "pyproject.toml").read_text())
    return pytester


@pytest.mark.parametrize(
    "wire",
    [
        "button = ipywidgets.Button(); button.on_click(lambda _: 1 / 0); button.click()",
        "box = ipywidgets.interact(lambda n: 1 / (n - 3), n=(0, 3, 1)).widget; box.children[0].value = 3",
    ],
    ids=["on_click", "interact"],
)
def test_an_exception_in_a_callback_fails_the_test(our_pytest, wire):
    our_pytest.makepyfile(f"import ipywidgets\n\ndef test_widget():\n    {wire}\n")
    result = our_pytest.runpytest_subprocess(*UNIT_TESTS)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*a widget's callback raised:*", "*ZeroDivisionError*"])


def test_a_warning_fails_the_test(our_pytest):
    our_pytest.makepyfile("import warnings\n\ndef test_warns():\n    warnings.warn('careful')\n")
    our_pytest.runpytest_subprocess(*UNIT_TESTS).assert_outcomes(failed=1)


def test_a_warning_in_a_notebook_fails_the_cell(our_pytest):
    sources = ("import numpy as np", "1 / np.float64(2)", "1 / np.float64(0)")
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, our_pytest.path / "one.ipynb")
    result = our_pytest.runpytest_subprocess(".", "-p", "no:xdist", "--nbval-lax", "--nbval-current-env")
    result.assert_outcomes(passed=2, failed=1)
