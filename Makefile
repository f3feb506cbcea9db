# make setup   makes .venv and installs all there is to install; costs nothing where that was done
# make demo    trains a tagger without and with ELMo, and compares them
# make test    runs the tests, on all cores (4 at most); ARGS="-k name" goes to pytest
# make bench   measures speed and memory beside stock AllenNLP; ARGS="--rows small" goes to it, see benchmarks/README.md
# make check   formatter, linter, type checker
# make wheel   builds the package into dist/
#
# PYTHON=python3.12   the Python to make .venv with, 3.11 or later; found by itself otherwise
# VENV=folder         where to make it
# TORCHVISION="0.28.0 0.16.2"   versions to try, first come first served; see docs/install.md

VENV ?= .venv
NAMES = python3.11 python3.12 python3.13 python3
PYTHON ?= $(firstword $(foreach name,$(NAMES),$(call usable,$(name))))
TORCHVISION ?= 0.28.0 0.16.2
ALLENNLP = 2.10.1

# A name is usable if it is a Python >= 3.11 that can make virtual environments. It is tried, not looked up: a version
# manager can leave names that only print an error. What one that is not usable says, is shown.
TRIAL = -c 'import sys; sys.tracebacklimit = 0; \
    sys.version_info < (3, 11) and sys.exit("this is Python " + sys.version.split()[0]); import ensurepip, venv'
usable = $(shell $(1) $(TRIAL) >/dev/null 2>&1 && echo $(1))

PY = $(VENV)/bin/python
PIP = $(PY) -m pip --disable-pip-version-check
TORCHVISION_IMPORTS = $(PY) -W ignore -c 'import sys, torchvision as t; \
    sys.exit(t.__version__.split("+")[0] not in "$(TORCHVISION)".split())' 2>/dev/null
LIBRARIES = $(VENV)/.libraries-installed
PROJECT = $(VENV)/.project-installed

.PHONY: setup demo test bench check wheel clean

setup: $(PROJECT)

demo: setup
	$(PY) -m elmo_tasks.reproduce.demo

test: setup
	$(PY) -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder \
	    --max-worker-restart=0 -rs --durations=40 --durations-min=5 $(ARGS)

bench: setup
	$(PY) -m benchmarks $(ARGS)

check: setup
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy

# build/ would bring files into the wheel that the package no longer has.
wheel: setup
	rm -rf build
	$(PIP) wheel --no-deps --no-build-isolation --wheel-dir dist .

clean:
	rm -rf build dist $(VENV)

# pip is the last thing that venv puts in place, so where it is the environment is whole.
$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { for name in $(NAMES); do echo "$$name: $$($$name $(TRIAL) 2>&1)" >&2; done; \
	    echo "No Python 3.11 or later with venv found (on Debian: apt install python3-venv)." \
	    "Name one: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@words=$$($(PYTHON) $(TRIAL) 2>&1) || \
	    { echo "$(PYTHON) is no Python 3.11 or later with venv and ensurepip: $$words" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# AllenNLP and torchvision come with --no-deps, as the bounds in their metadata exclude the set that works. AllenNLP
# imports torchvision and nothing here uses it, so the first version that imports beside this torch is good enough; one
# that is there and imports is kept, so that running this again needs no network. --use-pep517: an old pip would build
# seqeval and jieba, which come as source, by their setup.py, and fail to fetch what that asks for.
$(LIBRARIES): requirements.txt requirements-dev.txt constraints.txt | $(VENV)/bin/pip
	$(PIP) install --use-pep517 -r requirements.txt -r requirements-dev.txt -c constraints.txt
	@$(TORCHVISION_IMPORTS) || for version in $(TORCHVISION); do \
	    $(PIP) install --no-deps torchvision==$$version && $(TORCHVISION_IMPORTS) && exit 0; \
	    echo "torchvision $$version does not import beside this torch."; \
	done; $(TORCHVISION_IMPORTS) || { echo "No torchvision of $(TORCHVISION) imports; install the one that matches torch, see docs/install.md." >&2; exit 1; }
	$(PIP) install --no-deps allennlp==$(ALLENNLP)
	touch $@

$(PROJECT): setup.cfg pyproject.toml $(LIBRARIES)
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@
