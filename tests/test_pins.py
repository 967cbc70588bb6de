"""Everybody gets the same versions: pip and conda users, Binder and CI; and no file says where from."""

import re
import shutil
import subprocess
import tomllib

import pytest

import bptt_helpers

PIN = re.compile(r"([A-Za-z0-9._-]+)==(\d[\w.]*)")


def lines_of_requirements(repository):
    """The pins and the comments above them, without the heading: list of str."""
    text = (repository / "requirements.txt").read_text()
    return [line for line in text.splitlines()[1:] if line]


def lines_of_environment(repository):
    """The same lines, from the pip section of environment.yml: list of str."""
    _, _, section = (repository / "environment.yml").read_text().partition("  - pip:\n")
    return [line.strip().removeprefix("- ") for line in section.splitlines() if line.strip()]


def test_environment_and_requirements_are_equal(repository):
    assert lines_of_environment(repository) == lines_of_requirements(repository)


def test_every_requirement_is_pinned_exactly_once(repository):
    pins = [line for line in lines_of_requirements(repository) if not line.startswith("#")]
    matches = [PIN.fullmatch(pin) for pin in pins]
    assert [pin for pin, match in zip(pins, matches, strict=True) if not match] == []
    names = [match[1] for match in matches]
    assert sorted(set(names)) == sorted(names)
    assert {"numpy", "matplotlib", "ipywidgets", "jupyterlab"} <= set(names)


def test_every_dependency_of_the_package_is_pinned_within_its_bound(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    pinned = dict(PIN.fullmatch(line).groups() for line in lines_of_requirements(repository) if "==" in line)
    bounds = project["project"]["dependencies"] + project["build-system"]["requires"]
    assert bounds
    for bound in bounds:
        name, lowest = bound.split(">=")
        assert numbers(pinned[name]) >= numbers(lowest), bound


def numbers(version):
    """ "10.2" -> (10, 2), which sorts as versions do: tuple of int."""
    return tuple(int(part) for part in version.split("."))


def test_the_version_is_the_same_everywhere(repository):
    citation = re.search(r"^version: (.*)$", (repository / "CITATION.cff").read_text(), re.MULTILINE)[1]
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    assert citation == bptt_helpers.__version__ == project["version"]


def test_no_file_names_a_package_index(repository):
    # The backslashes keep this file from naming them itself.
    index = re.compile(
        r"pypi\.org|pythonhosted\.org|npmjs\.org|npmjs\.com|anaconda\.org|conda\.io|debian\.org"
        r"|--(?:extra-)?index\-url|--find\-links|PIP_INDEX\_URL",
        re.IGNORECASE,
    )
    found = {
        f"{name}: {match[0]}"
        for name in committed_files(repository)
        for match in index.finditer((repository / name).read_text(errors="ignore"))
    }
    assert found == set()


def test_binder_reads_the_files_at_the_root(repository):
    # A folder with one of these names would hide environment.yml and postBuild from Binder.
    assert [name for name in ("binder", ".binder") if (repository / name).exists()] == []


@pytest.mark.parametrize("script", ["postBuild", ".ci/run"])
def test_scripts_can_be_run(repository, script):
    assert (repository / script).stat().st_mode & 0o111


def committed_files(repository):
    """The names of all files in git, or about to be: list of str."""
    if not shutil.which("git") or not (repository / ".git").exists():
        pytest.skip("this is not a git clone, so what is committed cannot be told")
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=repository, capture_output=True, text=True, check=True).stdout
    names = [name for name in listed.split("\0") if name and (repository / name).is_file()]
    assert "Makefile" in names
    return names
