"""Imports point downhill only, as pyproject.toml has it, and lead to declared dependencies only."""

import re
import subprocess
import sys
import tomllib

import grimp

# What may import more than numpy. Every other module is mathematics.
MAY_SHOW = ("bptt_helpers.labs", "bptt_helpers.pictures", "bptt_helpers.checks.show", "bptt_helpers.train")
# A package is not always imported under the name it is installed by.
IMPORTED_AS = {"pillow": "PIL", "ipython": "IPython"}


def external_imports():
    """{module of ours: the top-level packages outside Python and outside the package that it imports}"""
    graph = grimp.build_graph("bptt_helpers", include_external_packages=True, cache_dir=None)
    ours = [module for module in graph.modules if module.split(".")[0] == "bptt_helpers"]
    known = {"bptt_helpers", *sys.stdlib_module_names}
    return {
        module: {found.split(".")[0] for found in graph.find_modules_directly_imported_by(module)} - known
        for module in ours
    }


def test_imports_point_downhill_only(repository):
    # In a process of its own, because it sets up logging anew.
    lint = "from importlinter import cli; raise SystemExit(cli.lint_imports(no_cache=True, no_logo=True))"
    run = subprocess.run([sys.executable, "-c", lint], cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_mathematics_knows_numpy_only():
    beyond = {
        module: imported - {"numpy"}
        for module, imported in external_imports().items()
        if not module.startswith(MAY_SHOW) and imported - {"numpy"}
    }
    assert beyond == {}


def test_every_import_is_a_declared_dependency(repository):
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    names = [re.match(r"[\w-]+", dependency)[0] for dependency in project["dependencies"]]
    declared = {IMPORTED_AS.get(name, name) for name in names}
    assert set().union(*external_imports().values()) - declared == set()
