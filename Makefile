# Everything a person or CI runs. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# What is imported is compiled then; compiling all of torch and Ray beforehand takes a minute.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
export PYTHONSAFEPATH := 1
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install board demo test test-full check fix serve speed gpu-proof methods-report torture clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/dev.stamp  ## everything for work on the code: torch, tools, tests

board: $(VENV)/base.stamp  ## the published numbers in your browser: no torch, a minute
	$(BIN)/prunarium board --open

demo: $(VENV)/zoo.stamp  ## the whole path on real data: train, prune, publish, pull, evaluate, compare
	$(BIN)/prunarium demo

serve: $(VENV)/base.stamp  ## the leaderboard of your catalogue
	$(BIN)/prunarium serve

check: $(VENV)/dev.stamp  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --config pyproject.toml
	$(BIN)/mypy

fix: $(VENV)/dev.stamp  ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: $(VENV)/dev.stamp  ## the tests: 7 minutes on 2 fast cores, up to 13 on slow ones
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not gpu and not torture"

test-full: $(VENV)/dev.stamp  ## the tests with their full counts
	HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not gpu and not torture" --timeout 3600

speed: $(VENV)/dev.stamp  ## our speed as ratios to named peers, into docs/speed.md; the site's, into docs/site_speed.md
	$(BIN)/python tests/speed/run.py

gpu-proof: $(VENV)/dev.stamp  ## images/s, memory and agreement on this machine's GPU, into docs/gpu.md
	@$(BIN)/python tests/gpu/run.py

methods-report: $(VENV)/dev.stamp  ## what each pruning method does on small data and costs at ImageNet size, into docs/methods.md
	$(BIN)/python tests/evidence/run.py

torture: $(VENV)/dev.stamp  ## kill things at random for a while and look at what is left
	$(BIN)/python -m pytest -m torture --timeout 3600

clean:  ## remove the environment and what the tools left
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Three stamps, so that `make board` never waits for torch. The scripts of a moved environment would point elsewhere.
$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Prunarium needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/base.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable .
	@touch $@

$(VENV)/zoo.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[zoo]'
	@touch $(VENV)/base.stamp $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[zoo,postgres,ray,dev]'
	@touch $(VENV)/base.stamp $(VENV)/zoo.stamp $@
