# Everything a newcomer types. Each target can be repeated: it makes again only what is missing.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test quick check lint bench lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.done .mart/embulk/.done  ## virtual environments from hash-pinned requirements, Embulk by Maven

$(VENV)/.done: requirements.txt requirements-uv.txt setup.cfg
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

.mart/embulk/.done: $(VENV)/.done $(shell find embulk features -name '*.java' -o -name 'pom.xml' -o -path 'features/*/requirements.txt')
	$(BIN)/mart images
	touch $@

demo: setup  ## a week of real flights from the warehouse into the mart, on this machine
	$(BIN)/mart demo run

test: setup  ## all tests
	$(BIN)/pytest

quick: $(VENV)/.done  ## the tests that start no servers, JVMs or workers
	$(BIN)/pytest -m "not slow"

check: setup  ## catalog, SQL, workflows and transfers of this repository
	$(BIN)/mart check

lint: $(VENV)/.done  ## style, types, import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup  ## speed and memory, side by side with the floor or a peer
	$(BIN)/python -m bench

lock: $(VENV)/.done  ## pin the requirements anew, with hashes
	$(BIN)/uv pip compile --quiet setup.cfg --extra dev --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements.txt
	for model in features/*/requirements.in; do \
	  $(BIN)/uv pip compile --quiet $$model --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -o $${model%.in}.txt; \
	done

clean:  ## stop the local servers and forget everything made here but the virtual environment
	-$(BIN)/mart down
	rm -rf .mart
