# One way to do each thing; `make` alone says what there is.
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test check fast attacks journeys browser postgres bench peers clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(VENV)/installed ## install, start the whole device, send two studies through it; ONCE=1 checks and exits
	@$(BIN)/python manage.py demo $(if $(ONCE),--once)

test: check fast ## everything a change must pass

check: $(VENV)/installed ## style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy

fast: $(VENV)/installed
	@$(BIN)/pytest -n auto -m "not journey and not browser and not bench and not attack"

attacks: $(VENV)/installed ## every tampering with the audit trail, one by one (two minutes)
	@$(BIN)/pytest -m attack tests/audit --timeout=900 -s

journeys: $(VENV)/installed ## the whole device against Orthanc, PostgreSQL and RabbitMQ, with workers killed
	@$(BIN)/pytest -m journey --timeout=900

browser: $(VENV)/installed ## the console in Chromium
	@$(BIN)/pytest -m browser

postgres: $(VENV)/installed ## the tests that touch the database, on PostgreSQL
	@DATABASE_URL=$${SAMD_TEST_POSTGRESQL:-postgres://postgres@127.0.0.1:5432}/postgres \
		$(BIN)/pytest -n auto -m "not attack" tests/records tests/audit tests/accounts tests/console \
		tests/validation/test_judging.py tests/validation/test_views.py tests/validation/test_ordering.py \
		tests/validation/test_changes.py tests/validation/monitoring \
		tests/test_tasks.py

bench: $(VENV)/installed ## measurements beside peers, by hand
	@$(BIN)/pytest -m bench tests/benchmarks --timeout=1800 -s

peers: ## install the programs to test against (Debian, as root)
	@bash deploy/install-test-peers.sh

clean: ## remove what was installed and made here, but not var/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info

$(VENV)/installed: pyproject.toml deploy/constraints.txt deploy/install.sh
	@bash deploy/install.sh $(VENV)
