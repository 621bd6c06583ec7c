# The commands of this repository. `make help` lists them.
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest
BENCHES := $(or $(NAME),$(patsubst bench/%.py,%,$(shell grep -ls "^if __name__" bench/*.py)))

.DEFAULT_GOAL := help
.PHONY: help install lock up down status env metrics snippet browser checkers dashboards lint audit test faults faults-page faults-parts faults-ci soak bench demo run clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: ## build .venv from requirements.lock; nothing to do when it is up to date
	@deploy/install.sh

lock: install ## resolve pyproject.toml into requirements.lock again
	VIRTUAL_ENV=.venv UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet pyproject.toml \
		--universal --python-version 3.11 --generate-hashes --extra dev --extra otel --no-emit-index-url -o requirements.lock

up: install ## start Kafka, RabbitMQ and Redis where they do not answer yet, and wait for them
	@$(PYTHON) -m deploy.stack up

down: ## stop what `make up` started
	@if [ -x .venv/bin/supervisord ]; then $(PYTHON) -m deploy.stack down; fi

status: install ## say what answers where, and who runs it
	@$(PYTHON) -m deploy.stack status

env: install ## write deploy/env.example from the settings
	@$(PYTHON) -m deploy.stack env > deploy/env.example.new && mv deploy/env.example.new deploy/env.example

metrics: install ## write docs/metrics.md from the code
	@$(PYTHON) -m deploy.metrics > docs/metrics.md.new && mv docs/metrics.md.new docs/metrics.md

snippet: install ## make agents/snippet/capi.js of its source
	@$(PYTHON) -m deploy.snippet

browser: install ## install Chromium, for the browser tests, where there is none
	@$(PYTHON) -m deploy.stack browser

checkers: install ## install promtool and systemd-analyze, for the tests of deploy/, where there are none
	@$(PYTHON) -m deploy.stack checkers

dashboards: install ## write deploy/grafana/dashboards, and the alerts for Prometheus' operator
	@$(PYTHON) -m deploy.grafana
	@$(PYTHON) -m deploy.prometheus

lint: install ## formatting, ruff, mypy --strict
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy

audit: install ## known vulnerabilities, insecure constructs, secrets in files
	@$(PYTHON) -m deploy.audit

test: install up browser checkers ## every test but the long fault tests, on the real stack
	$(PYTEST) -m "not faults"

codes: install up ## write docs/platforms-codes.md from a run of delivery against every answer of the platforms
	CODES=write $(PYTEST) -q --show-capture=no tests/integration/test_codes.py

faults: install up ## the fault matrix: CASE="kill*" RUNS=5; see docs/reliability.md
	$(PYTHON) -m tests.faults.matrix --case "$(or $(CASE),*)" --runs $(or $(RUNS),5)

faults-page: install up ## the same, and its table goes into docs/reliability.md
	$(PYTHON) -m tests.faults.matrix --runs $(or $(RUNS),5) --page docs/reliability.md

soak: install up ## 30 minutes of steady load: memory, files, threads and sockets of each role; MINUTES=5 RATE=200
	$(PYTHON) -m tests.faults.soak --minutes $(or $(MINUTES),30) --rate $(or $(RATE),200)

faults-parts: install up ## fault tests of single parts, and of stock Faust, which loses
	$(PYTEST) tests/faults -m faults -k "not test_ci"

faults-ci: install up ## the short fault tests that CI runs
	$(PYTEST) tests/faults -m faults -k test_ci

bench: install up ## how fast everything is on this machine, beside its baselines; NAME=sessions for one
	@for name in $(BENCHES); do echo "== $$name"; timeout 1800 $(PYTHON) -m bench.$$name || exit 1; done

demo: install up ## replay real visitor histories through everything
	@.venv/bin/capi demo

run: install up ## run all roles of a small site together
	@.venv/bin/capi run

clean: down ## stop the stack, remove its data, caches and build results (not .venv)
	rm -rf .stack .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
