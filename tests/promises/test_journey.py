"""One project: begun at the older release, evolved, edited, shrunk and brought up to date."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import uv

from tests import servers, stacks
from tests.conftest import NEWEST, OLDER, Project

pytestmark = pytest.mark.long

ROUTER = '''"""Greetings, by the user."""

from fastapi import APIRouter
from slugify import slugify

router = APIRouter()


@router.get("/api/slug/{text}")
async def slug(text: str) -> dict[str, str]:
    return {"slug": slugify(text)}
'''
SERVICE = """  mail:
    image: axllent/mailpit:v1.20
    ports: ["127.0.0.1:8025:8025"]
"""


def user_edits(project: Project) -> dict[str, str]:
    """What a user does on a Tuesday; path → a text that has to be there from now on."""
    command = [uv.find_uv_bin(), "add", "--quiet", "--no-sync", "python-slugify"]
    subprocess.run(command, cwd=project.path, check=True)
    project.commit("uv add python-slugify")
    compose = project.read("compose.yaml")
    head, services = compose.split("\nservices:\n")
    body, tail = services.split("\nvolumes:")
    project.write("compose.yaml", f"{head}\nservices:\n{body}{SERVICE}\nvolumes:{tail}")
    project.edit("compose.yaml", "${PORT:-8000}:80", "${PORT:-8081}:80")
    project.commit("A mail service, another port")
    project.write("app/backend/api/slug.py", ROUTER)
    project.edit("app/backend/routes.py", "import health, hello\n", "import health, hello, slug\n")
    project.edit("app/backend/routes.py", "# yours below\n", "# yours below\n    slug.router,\n")
    project.commit("A router of my own")
    env = project.read(".env.example")
    project.write(".env.example", env + "MAIL_URL=smtp://mail:1025\n")
    project.commit("Where the mail goes")
    return {
        "pyproject.toml": '"python-slugify',
        "compose.yaml": SERVICE,
        "app/backend/api/slug.py": ROUTER,
        "app/backend/routes.py": "    slug.router,\n",
        ".env.example": "MAIL_URL=smtp://mail:1025\n",
    }


@pytest.mark.usefixtures("with_uv")
def test_a_projects_life(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "ingress", version=OLDER)
    edits: dict[str, str] = {}

    def holds() -> None:
        servers.compose_config(project.path, {})
        for path, text in edits.items():
            assert text in project.read(path)
        assert project.is_sound()

    holds()
    project.aegis("add", "worker")
    added = project.head
    holds()
    edits = user_edits(project)
    holds()
    stacks.own_tests(project, python, "tests/backend", "tests/cli", "tests/core")
    project.aegis("remove", "worker")
    assert f"This reverts commit {added}." in project.git("log", "-1", "--format=%b")
    assert "${PORT:-8081}:80" in project.read("compose.yaml")
    assert "arq" not in project.read("pyproject.toml") + project.read("uv.lock")
    holds()
    project.aegis("rebase-upstream")
    assert "${PORT:-8081}:80" in project.read("compose.yaml")
    holds()
    stacks.own_tests(project, python, "--quick")
    assert project.subjects == [
        f"Rebase onto aegis {NEWEST}",
        'Revert "Add worker"',
        "Where the mail goes",
        "A router of my own",
        "A mail service, another port",
        "uv add python-slugify",
        "Add worker",
        "Add ingress",
        f"Start my-api from aegis {OLDER}",
    ]
