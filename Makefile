# Two commands: `make lab` and `make test`. Each first sets up what it needs, in .venv, once.

PYTHON ?= python3
LAB_ARGS ?=
TEST_ARGS ?=
SLIDES_ARGS ?=

# Other versions than the pins live in a .venv of their own: make test VERSIONS=oldest, or newest.
VERSIONS ?= pinned
venv := .venv$(if $(filter-out pinned,$(VERSIONS)),-$(VERSIONS))

venv_python := $(venv)/bin/python
set_up := $(venv)/.set-up
bench_set_up := $(venv)/.bench-set-up
pip := $(venv_python) -m pip --disable-pip-version-check -qq
# JupyterLab refuses to run as root (as in a container) unless told so.
as_root := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)

# One more than there are cores: tests in the browser wait a good part of their time.
workers = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

.DEFAULT_GOAL := help
.PHONY: help setup lab test full bench mutants slides picture

help:  ## print this list
	@sed -n 's/^\([a-z]*\):.*## /make \1  /p' $(firstword $(MAKEFILE_LIST)) | awk '{$$2 = sprintf("%-7s", $$2); print}'

setup: $(set_up)  ## make .venv and install the pins into it; PYTHON=python3.13 chooses another Python
	@echo 'Everything is set up, in $(venv).'

lab: $(set_up)  ## open JupyterLab at the first notebook; LAB_ARGS="--port=9999" passes options on
	@$(venv_python) -m jupyterlab --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(as_root) $(LAB_ARGS)

test: $(set_up)  ## run every test and every notebook; TEST_ARGS="-k flow" passes options on; VERSIONS=oldest or newest
	@$(venv_python) -m pytest -n $(workers) --dist loadfile --no-loadscope-reorder \
		--nbval-lax --nbval-current-env --nbval-cell-timeout=120 $(TEST_ARGS)

full: $(set_up)  ## run every notebook with its trainings at full length, about five minutes; `make test` cuts them short
	@$(venv_python) benchmarks/notebooks.py --full

bench: $(bench_set_up)  ## print the benchmarks, each measured side by side in one run; installs torch (2 GB on Linux)
	@for script in benchmarks/*.py; do echo "$$script"; $(venv_python) $$script || exit; done

mutants: $(set_up)  ## change the mathematics in thousands of small ways: do the tests notice?
	@$(venv_python) -m pip --disable-pip-version-check -qq install -e '.[mutants]' --no-build-isolation
	@OPENBLAS_NUM_THREADS=1 CI=1 $(venv_python) -m mutmut run

slides: $(set_up)  ## make build/slides: a deck and a PDF of each notebook; SLIDES_ARGS="06_vanish_or_explode" for one
	@$(venv_python) -W ignore slides/build.py $(SLIDES_ARGS)

picture: $(set_up)  ## draw the README's picture anew, from the lab itself
	@$(venv_python) -c "from pathlib import Path; from bptt_helpers import labs; lab = labs.two_steps(); \
		lab.sharpen(); Path('docs/two_steps.png').write_bytes(lab.image.value)"

# The stamp is younger than the pins when .venv holds them, and is written last, so that a broken set-up is done again.
$(set_up): requirements.txt pyproject.toml .ci/versions.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'This needs Python 3.11 or newer, and "$(PYTHON)" is not: install one and say, for example,'; \
		echo '    make setup PYTHON=python3.13'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo 'This Python has no venv module. On Debian and Ubuntu: sudo apt-get install python3-venv'; exit 1; }
	@$(venv_python) -c '' 2>/dev/null || { \
		echo 'Setting up $(venv): a few minutes the first time.'; $(PYTHON) -m venv --clear $(venv); }
	@$(venv_python) .ci/versions.py $(VERSIONS) >$(venv)/requirements.txt
	@$(pip) install -r $(venv)/requirements.txt
	@$(pip) install --no-deps --no-build-isolation -e .
	@touch $@

$(bench_set_up): $(set_up)
	@echo 'Installing torch, for the benchmarks to compare with: a few minutes, once.'
	@$(pip) install --no-build-isolation -e '.[bench]'
	@touch $@
