"""The code and the notebooks are as ruff wants them, with the rules of pyproject.toml."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_ruff(repository, command):
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
    run = subprocess.run(ruff, cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
