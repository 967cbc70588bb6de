"""What Binder would do with this repository, as repo2docker says without building it."""

import os
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def plan():
    """What repo2docker prints: the files it goes by, and the Dockerfile."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    command = [sys.executable, "-W", "ignore", "-m", "repo2docker", "--no-build", "--debug", root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_it_takes_the_environment_with_the_python_that_is_pinned_there(plan, repository):
    assert "  - python=3.11\n" in (repository / "environment.yml").read_text()
    assert "Building conda environment for python=3.11" in plan
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' in plan


def test_no_other_file_takes_its_place(plan):
    assert "requirements.txt" not in plan  # environment.yml holds the same pins
    assert "binder/" not in plan


def test_it_installs_the_package_after_all_else(plan, repository):
    assert plan.index("env update") < plan.index("RUN ./postBuild")
    script = (repository / "postBuild").read_text()
    assert os.access(repository / "postBuild", os.X_OK)
    assert "pip install --no-deps --no-build-isolation -e ." in script
    assert "python -m compileall -q bptt_helpers" in script
    assert "import matplotlib.font_manager" in script
