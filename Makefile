# `make help` lists the targets. Everything is installed into .venv, from locks with hashes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
COMPILE := $(UV) pip compile --quiet --no-config --python $(BIN)/python --universal --python-version 3.11 --generate-hashes \
           --no-header --no-annotate --no-emit-index-url --no-emit-find-links

# A stamp's name holds the checksum of what it was made from: the package's metadata (not the tools'
# settings below it) and the locks. A file that was only touched makes no new one.
checksum = $(firstword $(shell { sed '/^.tool[.]/q' pyproject.toml; \
                                 cat requirements/bootstrap.txt requirements/$(1).txt; } | cksum))
DEV := $(VENV)/dev-$(call checksum,dev)
DEMO := $(VENV)/demo-$(call checksum,demo)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(DEV) ## install syncd and what develops it into .venv

.PHONY: demo
demo: $(if $(wildcard $(DEV)),,$(DEMO)) ## show syncd at work: a real OpenBao, a cluster made of files
	$(BIN)/syncd demo $(ARGS)

.PHONY: check
check: $(DEV) ## the one gate: format, lint, types, layers, tests
	$(BIN)/ruff format --check .
	$(MAKE) --no-print-directory lint types layers
	$(MAKE) --no-print-directory test

.PHONY: fmt
fmt: $(DEV) ## format the code, and fix what ruff can fix
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: lint
lint: $(DEV) ## check the style (ruff)
	$(BIN)/ruff check .

.PHONY: types
types: $(DEV) ## check the types (mypy, strict)
	$(BIN)/mypy

.PHONY: layers
layers: $(DEV) ## check who imports whom (import-linter)
	$(BIN)/lint-imports --no-logo

.PHONY: tools
tools: $(DEV) ## build the real servers that tests run against (once, into the user's cache)
	$(BIN)/python tests/tools/build.py

.PHONY: test
test: tools ## run all tests, two at a time, or some: make test ARGS=tests/unit
	$(BIN)/pytest $(if $(ARGS),$(ARGS),-n 2 --dist worksteal)

.PHONY: docs
docs: $(DEV) ## write the generated pages and the JSON Schema again
	$(BIN)/python -m syncd.mapping.reference .
	$(BIN)/python -m syncd.telemetry.reference docs/reference/metrics.md
	$(BIN)/python -m syncd.cli.reference docs/reference/cli.md

.PHONY: bench
bench: tools ## measure syncd against the real servers: make bench ARGS="separate --runs 3 --json"
	@$(BIN)/python -m bench $(ARGS)

.PHONY: lock
lock: $(DEV) ## compile the locks again; UPGRADE=--upgrade takes newer versions
	$(COMPILE) $(UPGRADE) requirements/bootstrap.in -o requirements/bootstrap.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra all requirements/run.in -o requirements/run.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra demo requirements/demo.in \
	  -c requirements/bootstrap.txt -c requirements/run.txt -o requirements/demo.txt
	$(COMPILE) $(UPGRADE) pyproject.toml --extra all --extra demo --extra testing requirements/dev.in \
	  -c requirements/bootstrap.txt -c requirements/run.txt -c requirements/demo.txt -o requirements/dev.txt
	$(COMPILE) $(UPGRADE) tests/tools/storage-initializer.in -o tests/tools/storage-initializer.txt

.PHONY: clean
clean: ## remove .venv and every cache in the checkout
	rm -rf $(VENV) build dist htmlcov .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find syncd tests -name __pycache__ -type d -prune -exec rm -rf {} +

# uv takes out of .venv what the lock does not name, syncd too: so syncd comes last.
# --python: without it uv would change the environment that happens to be activated.
$(DEV) $(DEMO): $(VENV)/%: $(BIN)/python
	@rm -f $(VENV)/dev-* $(VENV)/demo-*
	$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
	  -r requirements/bootstrap.txt
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode \
	  requirements/$(firstword $(subst -, ,$*)).txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "syncd needs Python 3.11 or newer: set PYTHON")'
	$(PYTHON) -m venv $(VENV)
