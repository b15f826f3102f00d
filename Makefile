# Everything the project can do, from a fresh clone with Python only. `make help` lists the targets.

PYTHON ?= python3
PORT ?= 8000
COUNT ?= 5000
VENV ?= .venv
TEST_POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/postgres
TEST_MARIADB_URL ?= mysql://root@127.0.0.1:3306/test

BIN = $(VENV)/bin
MANAGE = "$(BIN)/python" -m sandbox_site.manage
PYTEST = "$(BIN)/python" -m pytest
ON_SERVERS = tests/databases tests/journeys -m "not disasters" -n 2 --dist worksteal --create-db --ignore=$(MIGRATED)
MIGRATED = tests/databases/test_migrations.py
MIGRATING = $(MIGRATED) -m databases --migrations --create-db
INSTALL = "$(BIN)/python" -m pip install --quiet --disable-pip-version-check
EXACT = oscar_mpesa/domain/*,oscar_mpesa/daraja/*,oscar_mpesa/services/*,oscar_mpesa/oscar_adapter/*
NPM = npm install --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --prefix
DECLARED = setup.cfg pyproject.toml
AXE = build/axe/4.14.1
PUPPETEER = build/puppeteer/24.43.1

export PORT
# Without compiled files, each test worker compiles all modules and rewrites all asserts anew, for seven seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help sandbox history test lint audit test-databases test-postgresql test-mariadb test-disasters test-browser pictures stores test-slow bench matrix messages clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

sandbox: $(VENV)/.sandbox ## Run a demo shop on http://127.0.0.1:8000/ (another port: make sandbox PORT=8080)
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) sandbox_shop
	$(MANAGE) run_shop "127.0.0.1:$(PORT)"

history: $(VENV)/.sandbox ## Add a year of past test payments to the demo shop (fewer: make history COUNT=500)
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) sandbox_shop --verbosity 0
	$(MANAGE) make_history --payments "$(COUNT)"

test: lint ## Run all checks, and the tests on SQLite (with coverage: make test COVER=1)
ifdef COVER
	$(PYTEST) -n 2 --dist worksteal --cov --cov-report=
	"$(BIN)/coverage" report --fail-under=97
	"$(BIN)/coverage" report --include="oscar_mpesa/*" --fail-under=99
	"$(BIN)/coverage" report --include="$(EXACT)" --fail-under=100
else
	$(PYTEST) -n 2 --dist worksteal
endif

lint: $(VENV)/.test ## Check style, types, layers and security only
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"
	"$(BIN)/bandit" --quiet --recursive oscar_mpesa sandbox_site

audit: $(VENV)/.audit ## Look for known vulnerabilities in the installed packages, if the database can be reached
	"$(BIN)/python" -m tests.house.audit

test-databases: test-postgresql test-mariadb ## Test journeys and races on PostgreSQL and MariaDB

test-postgresql: $(VENV)/.postgresql
	TEST_DATABASE_URL="$(TEST_POSTGRES_URL)" $(PYTEST) $(ON_SERVERS)
	TEST_DATABASE_URL="$(TEST_POSTGRES_URL)" $(PYTEST) $(MIGRATING)

test-mariadb: $(VENV)/.mariadb
	TEST_DATABASE_URL="$(TEST_MARIADB_URL)" $(PYTEST) $(ON_SERVERS)
	TEST_DATABASE_URL="$(TEST_MARIADB_URL)" $(PYTEST) $(MIGRATING)

test-disasters: $(VENV)/.postgresql ## Kill processes, overload the shop, and let all around it fail: minutes (a sixth of the faults: CI=1)
	TEST_DATABASE_URL="$(TEST_POSTGRES_URL)" $(PYTEST) -m "disasters$(if $(CI), and not full_matrix)" -n 2 --dist worksteal --create-db

test-browser: $(VENV)/.browser $(AXE) $(PUPPETEER) ## Buy in Chromium and Firefox, and check each of our pages with axe-core
	$(PYTEST) -m "browser and not bench" -n 3 --dist worksteal

pictures: $(VENV)/.browser ## Take the pictures in the README and in docs/take-money.md again
	$(PYTEST) -m browser tests/browser/test_picture.py
	cp build/screenshots/waiting.png docs/waiting.png
	cp build/screenshots/pages/*.png docs/pages/

stores: $(VENV)/.test ## Buy in every kind of shop, and print a table of what works (two of them: ONLY="3 9")
	"$(BIN)/python" -m tests.stores $(ONLY)

test-slow: $(VENV)/.test ## Test the wheel, the real migrations, other shops, and what takes long
	$(PYTEST) -m slow -n 2 --dist worksteal

bench: $(VENV)/.bench $(VENV)/.postgresql $(VENV)/.browser $(AXE) ## Benchmarks, a million payments on PostgreSQL, a dashboard of a year: half an hour
	$(PYTEST) -m bench --ignore-glob "*/test_million*"
	TEST_DATABASE_URL="$(TEST_POSTGRES_URL)" $(PYTEST) -m bench -rs --create-db tests/bench/test_million*.py

matrix: ## Test every Python, Django and Oscar, and the lowest versions: an hour (all tests: ALL=1, some cells: ONLY=py313)
	PATH="$$(printf '%s:' "$$HOME"/.pyenv/versions/*/bin)$$PATH" "$(PYTHON)" -m tests.matrix $(if $(ALL),--all) $(if $(ONLY),--only "$(ONLY)")

messages: $(VENV)/.test ## Collect the marked strings and compile the translations
	"$(BIN)/python" -m tests.house.messages

clean: ## Remove build files and the sandbox's data
	rm -rf "$(VENV)" build dist .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	rm -rf var *.egg-info
	find oscar_mpesa sandbox_site tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp file records each installation, so that a second run does not call pip.
$(BIN)/python:
	"$(PYTHON)" -m venv "$(VENV)"

$(VENV)/.sandbox: $(DECLARED) | $(BIN)/python
	$(INSTALL) --editable ".[sandbox]"
	touch "$@"

$(VENV)/.test: $(DECLARED) | $(BIN)/python
	$(INSTALL) --editable ".[sandbox,redis,test,headless,lint]"
	touch "$@"

$(VENV)/.audit $(VENV)/.postgresql $(VENV)/.mariadb $(VENV)/.browser $(VENV)/.bench: $(VENV)/.test
	$(INSTALL) --editable ".[$(subst .,,$(@F)),workers]"
	touch "$@"

# Each stamp file is named for the version.
$(AXE):
	$(NPM) build/axe "axe-core@$(@F)"
	touch "$@"

$(PUPPETEER):
	$(NPM) build/puppeteer "puppeteer-core@$(@F)"
	touch "$@"
