"""Every notebook where much is unusual: alone, from another folder, twice over, in a shuffled order.

No network, no pickles, a home that cannot be written to, a comma in numbers, another clock (odd_world.py).
The usual world is that of nbval and of the tests in the browser.
"""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHUFFLED = random.Random(20).sample(NOTEBOOKS, len(NOTEBOOKS))
LOCALE = "de_DE.UTF-8"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The environment of an odd world: dict."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    world = {
        **usual,
        "HOME": os.devnull + "/home",  # nobody can write there, not even root
        "TZ": "Pacific/Kiritimati",
        "PYTHONPATH": "",
        "MPLBACKEND": "agg",
    }
    places = tmp_path_factory.mktemp("locale")
    if shutil.which("localedef"):  # writes the locale that few machines have
        made = subprocess.run(
            ["localedef", "-i", "de_DE", "-f", "UTF-8", places / LOCALE], capture_output=True, text=True
        )
        if made.returncode == 0:
            world |= {"LOCPATH": str(places), "LC_ALL": LOCALE}
    assert "LC_ALL" in world or not os.environ.get("CI"), (
        "a comma-decimal locale: sudo apt-get install locales"
    )
    return world


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder that is not the notebooks'; all of them share it, in their shuffled order."""
    return tmp_path_factory.mktemp("elsewhere")


def run(path, world, folder):
    """The finished process that ran this notebook's cells."""
    return subprocess.run(
        [sys.executable, ROOT / "tests" / "odd_world.py", path],
        env=world, cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("path", SHUFFLED, ids=lambda path: path.stem)
def test_it_runs_in_an_odd_world_too(path, world, elsewhere):
    done = run(path, world, elsewhere)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("import socket; socket.socket().connect(('127.0.0.1', 9))", "socket.connect"),
        ("import socket; socket.getaddrinfo('example.org', 80)", "socket.getaddrinfo"),
        ("import socket; socket.gethostbyname('example.org')", "socket.gethostbyname"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        (
            "import socket\ntry:\n    socket.getaddrinfo('a.b', 80)\nexcept OSError:\n    pass",
            "socket.getaddrinfo",
        ),
        ("import pickle; pickle.loads(pickle.dumps(ValueError))", "pickle.find_class"),
        ("assert 'second' not in globals(); second = True", "AssertionError"),
    ],
)
def test_that_world_is_odd(source, refused, world, tmp_path):
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "asks.ipynb")
    done = run(tmp_path / "asks.ipynb", world, tmp_path)
    assert done.returncode != 0
    assert refused in done.stdout + done.stderr


def test_that_world_has_its_own_home_clock_and_comma(world, tmp_path):
    source = """
import locale, os, time
assert time.time() > time.time() > 4e9
assert time.tzname == ("+14", "+14")
assert not os.path.exists(os.path.expanduser("~"))
assert locale.str(0.5) == ("0,5" if "LOCPATH" in os.environ else "0.5")
"""
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "looks.ipynb")
    done = run(tmp_path / "looks.ipynb", world, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
