# Short names for the scripts.

.PHONY: test full lint docs site

SCRIPTS = $(shell grep -l -d skip "^\#!.*python" scripts/*) scripts/site_pages.py

test: ## lint, types and tests
	scripts/test

full: ## the same, and the long tests: what has to pass before a change lands
	scripts/test --full

lint: ## lint and types alone
	.venv/bin/ruff check aegis_patch tests $(SCRIPTS)
	.venv/bin/ruff format --check aegis_patch tests $(SCRIPTS)
	.venv/bin/mypy

site: ## the site, in site/
	scripts/docs

docs: ## the pictures, and the table of docs/performance.md
	.venv/bin/python scripts/session
	.venv/bin/python scripts/benchmark
