# Two commands for a newcomer: `make demo` and `make test`. Everything lives in .venv and ./demo; `make clean` removes both.
PYTHON ?= python3
BIN := .venv/bin
# $(call install,FILE): uv installs the same hashed packages four times faster than pip; pip takes over where only it knows the way out (pip.conf).
install = $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r $(1) 2>/dev/null || $(BIN)/python -m pip install -q --require-hashes -r $(1)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# A test file stays on one core, so that what its tests share is made once; the browser has the machine to itself.
SPREAD = -n auto --dist loadfile
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -q

.PHONY: help demo test test-all check bench docs lock golden clean

help:
	@echo "make demo      set up, make the fictitious port, load it, open the dashboard"
	@echo "make test      set up and run every test, browser tests included (under 15 minutes)"
	@echo "make test-all  the same plus kills, fuzz and large simulations (under 80 minutes)"
	@echo "make check     what CI checks besides the tests: lint, generated docs, translations"
	@echo "make bench     benchmarks; figures go to tests/benchmarks/RESULTS.md"
	@echo "make docs      write the data dictionary and the KPI catalogue again"

demo: .venv/runtime.stamp
	@$(BIN)/smartport demo

test: .venv/dev.stamp .venv/browser.stamp .venv/java.stamp
	@$(BIN)/python -m pytest -m "not slow and not browser" $(SPREAD)
	@$(BIN)/python -m pytest -m "not slow and browser"

test-all: .venv/dev.stamp .venv/browser.stamp .venv/java.stamp
	@$(BIN)/python -m pytest -m "not browser" $(SPREAD)
	@$(BIN)/python -m pytest -m browser

check: .venv/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/python -m etl.contracts.dictionary --check
	@$(BIN)/python -m dashboard.metrics.catalogue --check
	@$(BIN)/python -m pytest tests/test_architecture.py tests/test_docs.py tests/dashboard/test_i18n.py

bench: .venv/dev.stamp
	@for bench in tests/benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python -m tests.benchmarks.$$(basename $$bench .py) || exit 1; done

docs: .venv/dev.stamp
	@$(BIN)/python -m etl.contracts.dictionary
	@$(BIN)/python -m dashboard.metrics.catalogue

golden: .venv/dev.stamp
	@SMARTPORT_REWRITE_GOLDEN=1 $(BIN)/python -m pytest tests/dashboard tests/golden; git diff --stat tests/golden

# The lock files hold hashes and no index address; rewrite them after changing pyproject.toml.
lock: .venv/bin/python
	@echo uv | $(COMPILE) - -o requirements-setup.lock
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-setup.lock

.venv/runtime.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the packages ..."
	@$(call install,requirements.lock)
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e . 2>/dev/null || $(BIN)/python -m pip install -q --no-deps -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/runtime.stamp
	@echo "Installing the test packages ..."
	@$(call install,requirements-dev.lock)
	@touch $@

.venv/browser.stamp: .venv/dev.stamp tests/browser/get_chromium.sh
	@sh tests/browser/get_chromium.sh $(BIN)/python
	@touch $@

.venv/java.stamp: .venv/dev.stamp tests/get_java.sh
	@sh tests/get_java.sh
	@touch $@

clean:
	rm -rf .venv demo .pytest_cache .ruff_cache .hypothesis
