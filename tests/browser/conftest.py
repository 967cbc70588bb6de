"""A real JupyterLab in a real, headless Chromium, for the tests in this folder (harness says what they are).

`open_notebook(path)` gives a `Notebook`, a page with the notebook open and its kernel idle:

    def test_slider(open_notebook):
        notebook = open_notebook("notebooks/00_start_here.ipynb")
        notebook.run_all()
        before = notebook.picture()
        notebook.press("ArrowRight")
        notebook.wait_for_another_picture(before)
        assert notebook.errors() == []
"""

import os
import shutil
from pathlib import Path

import pytest
from harness import CHROMIUM_ARGUMENTS, find_chromium, opened, running_jupyterlab
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def chromium():
    """The path of Chromium or Chrome: str. Without one, skips, or fails when BPTT_REQUIRE_BROWSER=1."""
    if path := find_chromium():
        return path
    reason = (
        "no Chromium found: install chromium (on Debian and Ubuntu: sudo apt-get install chromium) "
        "or Chrome, or name the program in the environment variable CHROMIUM"
    )
    if os.environ.get("BPTT_REQUIRE_BROWSER") == "1":
        pytest.fail(f"BPTT_REQUIRE_BROWSER=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser(chromium):
    """One Chromium for the tests of a file: a playwright browser.

    Not for the whole session: playwright keeps an event loop running, which later tests of labs would find.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def jupyter_server(chromium, tmp_path_factory):
    """One JupyterLab for all tests of this process, on a copy of notebooks/: Server."""
    home = tmp_path_factory.mktemp("jupyter")
    notebooks = Path(__file__).resolve().parents[2] / "notebooks"
    shutil.copytree(
        notebooks, home / "root" / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints")
    )
    with running_jupyterlab(home) as server:
        yield server


@pytest.fixture(scope="module")
def context(browser):
    """What the pages of a file share, above all the cache: JupyterLab is several megabytes of script."""
    return browser.new_context(viewport={"width": 1400, "height": 1000})


@pytest.fixture
def open_notebook(context, jupyter_server):
    """A function: path of a notebook below the server's root -> Notebook, its kernel idle.

    Afterwards its kernel is shut down, and its page closed.
    """
    notebooks = []

    def open_one(path):
        notebooks.append(opened(context.new_page(), jupyter_server, path))
        return notebooks[-1]

    yield open_one
    for notebook in notebooks:
        notebook.close()
