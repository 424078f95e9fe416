# Short names for the scripts.

.PHONY: test full lint docs

test: ## lint, types and tests
	scripts/test

full: ## the same, and the long tests: what has to pass before a change lands
	scripts/test --full

lint: ## lint and types alone
	.venv/bin/ruff check aegis_patch tests scripts/benchmark scripts/golden scripts/record scripts/series scripts/session
	.venv/bin/ruff format --check aegis_patch tests scripts/benchmark scripts/golden scripts/record scripts/series scripts/session
	.venv/bin/mypy

docs: ## the picture of a session, and the table of docs/performance.md
	.venv/bin/python scripts/session
	.venv/bin/python scripts/benchmark
