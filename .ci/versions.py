"""Prints what `make` installs: python .ci/versions.py pinned|oldest|newest

pinned   requirements.txt as it is: what everybody gets
oldest   each package at the oldest version that pyproject.toml allows, the tools as they are pinned
newest   every package of requirements.txt in its newest version
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def pins():
    """{package: version} of requirements.txt."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def pinned():
    """Every package in the version that requirements.txt says."""
    return [f"{package}=={version}" for package, version in pins().items()]


def oldest():
    """The lowest bounds of pyproject.toml, and the pins of all else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in project["dependencies"])
    return [f"{package}=={version}" for package, version in (pins() | bounds).items()]


def newest():
    """Every package without a version."""
    return list(pins())


if __name__ == "__main__":
    print("\n".join({"pinned": pinned, "oldest": oldest, "newest": newest}[sys.argv[1]]()))
