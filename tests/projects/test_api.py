"""Schemathesis asks a project with everything whatever its API lets anybody ask: no 5xx."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import uv

from tests import servers, stacks
from tests.projects.test_running import TOKEN

pytestmark = pytest.mark.long

SCHEMATHESIS = "schemathesis==4.32.5"


@pytest.mark.parametrize("on_postgres", [False, True])
def test_no_request_fails_in_the_server(tmp_path: Path, python: Path, on_postgres: bool) -> None:
    project = stacks.make(tmp_path / "my-api", *stacks.everything())
    with ExitStack() as stack:
        env = {"ADMIN_TOKEN": TOKEN, "REDIS_URL": stack.enter_context(servers.redis_server())}
        if on_postgres:
            env["DATABASE_URL"] = stack.enter_context(servers.postgres(python))
        else:
            env["DATABASE_URL"] = "sqlite:///data/app.db"
        stacks.tool(project, python, "app", "database", "migrate", env=env)
        url = stack.enter_context(servers.webserver(project.path, python, env))
        asked = subprocess.run(
            [
                *(uv.find_uv_bin(), "tool", "run", SCHEMATHESIS, "run", f"{url}/openapi.json"),
                *("--header", f"Authorization: Bearer {TOKEN}", "--checks", "not_a_server_error"),
                *("--max-examples", "10", "--continue-on-failure", "--seed", "1"),
                *("--generation-database", "none"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert asked.returncode == 0, asked.stdout
