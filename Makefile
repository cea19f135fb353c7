# The newest Python of 3.11 to 3.13 that runs here; `make test PYTHON=…` takes another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
export CHROMIUM ?= chromium
export CHROMEDRIVER ?= chromedriver
TEMPLATES := $(addprefix .chalice/,$(addsuffix .json,resources analytics views alarms network))

.PHONY: help install demo test test-browser test-deploy test-deploy-here test-focus stream-faults report-faults check format bench bench-report bench-month bench-zip serve clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

$(VENV)/.installed: requirements.txt requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Tollgate needs Python 3.11, 3.12 or 3.13"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -r requirements.txt
	@touch $@

$(VENV)/.checks: requirements-check.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-check.txt
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

install: $(VENV)/.installed ## what all of this needs, into .venv; `make install PYTHON=…` chooses its Python

demo: $(VENV)/.installed ## the main job, end to end, on this machine alone
	@$(BIN)/python -m local demo

test: $(VENV)/.installed ## every test; under five minutes on two cores
	@mkdir -p .tollgate; $(BIN)/python -m pytest tests/unit > .tollgate/unit-tests.log 2>&1 & unit=$$!; \
	trap "kill $$unit" INT TERM; $(BIN)/python -m pytest tests/system; system=$$?; \
	wait $$unit; unit=$$?; echo "and tests/unit, meanwhile:"; cat .tollgate/unit-tests.log; \
	exit $$((system || unit))

# `ops deploy` runs on Python 3.12 or 3.13: the environment's, the one above, or one that pyenv keeps.
# Where the environment has 3.11 and there is another, that one gets an environment of its own.
DEPLOYS := -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] <= (3, 13))'
DEPLOY_PYTHON ?= $(shell for p in $(BIN)/python $(PYTHON) \
	$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[23].*/bin/python); do \
	$$p $(DEPLOYS) 2>/dev/null && echo $$p && break; done)
DEPLOY_VENV = $(if $(wildcard $(BIN)/python),VENV=.tollgate/deploy)

test-deploy: ## Chalice's own commands, against AWS on this machine; asks the package index
	@$(MAKE) --no-print-directory test-deploy-here \
	$(if $(filter-out $(BIN)/python,$(DEPLOY_PYTHON)),PYTHON=$(DEPLOY_PYTHON) $(DEPLOY_VENV))

test-deploy-here: $(VENV)/.installed
	$(BIN)/python -m pytest -m "" tests/system/test_deploy*.py tests/system/test_local_deploy.py tests/unit/deploy
	@$(BIN)/python $(DEPLOYS) || { echo "NOT TESTED: ops deploy and ops destroy, which take Python 3.12" \
	"or 3.13, and there is none here. Install one, then: make test-deploy PYTHON=python3.12"; }

test-browser: $(VENV)/.installed ## the page in examples/browser and the month's page, in Chromium
	@for program in $(CHROMIUM) $(CHROMEDRIVER); do command -v $$program >/dev/null || { \
	echo "There is no $$program here: apt-get install -y chromium chromium-driver"; exit 1; }; done
	$(BIN)/python -m pytest -m browser tests/browser

# Its validator needs numpy 1.26, of which there are builds for Python 3.12 and no newer one.
FOCUS := .tollgate/focus
FOCUS_PYTHON ?= $(shell for p in python3.12 $(BIN)/python python3 \
	$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.12.*/bin/python); do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null \
	&& echo $$p && break; done)

$(FOCUS)/.installed: requirements-focus.txt $(VENV)/.installed
	@test -n "$(FOCUS_PYTHON)" || { echo "The validator of FOCUS files needs Python 3.12"; exit 1; }
	$(FOCUS_PYTHON) -m venv $(FOCUS)
	$(FOCUS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

test-focus: $(FOCUS)/.installed ## a day's FOCUS file, held against the FinOps Foundation's rules
	FOCUS_VALIDATOR=$(FOCUS)/bin/focus-validator $(BIN)/python -m pytest -m focus tests/focus

stream-faults: $(VENV)/.installed ## break 320 streams in every way there is, and prove each bill
	@$(BIN)/python -m local stream-faults

report-faults: $(VENV)/.installed ## put every fault of Logs Insights at every call of the reports' jobs; minutes
	$(BIN)/python -m pytest -s -m faults tests/faults

check: $(VENV)/.checks ## lint, format, types, import directions, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint $(TEMPLATES)
	$(BIN)/python -m pytest tests/unit/test_import_directions.py

format: $(VENV)/.installed ## rewrite the code in our format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

serve: $(VENV)/.installed ## AWS and the gateway on this machine, until Ctrl-C
	@$(BIN)/python -m local serve

bench: $(VENV)/.installed ## speed of the gateway, as ratios to bare boto3 in one run
	@$(BIN)/python -m bench.gateway
	@$(BIN)/python -m bench.streams

bench-report: $(VENV)/.bench ## a day of a million records: speed and memory of its report, held to DuckDB
	@$(BIN)/python -m bench.report

bench-month: $(VENV)/.installed ## a month of 150,000 rows a day: memory and time of its books and its page
	@$(BIN)/python -m bench.month

bench-zip: $(VENV)/.installed ## size of the deployed package, and its cold start beside bare boto3's
	@$(BIN)/python -m bench.cold_zip

clean: ## forget the environment and everything generated
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .tollgate
