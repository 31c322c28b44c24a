PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := .venv/bin

export HOST PORT
export MODERATION_DATABASE_URL ?= sqlite:///var/demo.db
export MODERATION_SITE_URL ?= http://$(HOST):$(PORT)

# Where it is set, each of the tests’ many processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check bench wheel lock clean

## Installs what is missing, fills var/demo.db the first time, and serves it.
run: .venv/run
	@$(BIN)/moderation demo
	@echo
	@echo "The site:              $(MODERATION_SITE_URL)/"
	@echo "Sign in to moderate:   $$($(BIN)/moderation sign-in-link ann@example.org)"
	@echo "(the link works once, within fifteen minutes; « make run » prints another)"
	@echo
	@$(BIN)/moderation serve

## Every test: on SQLite, on PostgreSQL (started by the tests), in Chromium, from the wheel.
test: .venv/test
	env -u MODERATION_DATABASE_URL $(BIN)/pytest -q -n 3 -m "not browser and not packaging"
	TEST_DATABASE_URL=$${TEST_DATABASE_URL:-embedded} $(BIN)/pytest -q -n 3 -m "not browser and not packaging"
	$(BIN)/pytest -q -n 3 tests/browser
	$(BIN)/pytest -q -n 3 --dist loadfile -m packaging tests/test_packaging.py tests/deploy

## Format, lint, types, import rules.
check: .venv/test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

## How fast it is, against baselines of the same run. BENCH=quick|usual|full; more in benchmarks/README.md.
bench: .venv/test
	$(BIN)/python -m benchmarks $(BENCH_OPTIONS)

## The program as one file, in dist/.
wheel: .venv/test
	$(BIN)/python -m build --wheel --no-isolation

## Both lock files anew, from pyproject.toml.
lock: .venv/test
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade --generate-hashes --no-header \
		--no-annotate --group run --extra postgres --extra shared --quiet --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade --generate-hashes --no-header \
		--no-annotate --group run --group test --extra postgres --extra shared --constraints requirements.txt --quiet \
		--output-file requirements-test.txt

clean:
	rm -rf .venv dist

.venv/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	@touch $@

.venv/run: .venv/python requirements.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/test: .venv/run requirements-test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@
