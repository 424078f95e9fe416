"""What still names a component that goes is told with file and line; `--strict` refuses."""

from __future__ import annotations

import pytest

from tests.conftest import Project, Start, run

WORKER = "app.components.worker"


@pytest.mark.parametrize(
    ("path", "text", "line", "name"),
    [
        ("app/mine.py", f"import os\nfrom {WORKER}.tasks import task\n", 2, f"{WORKER}.tasks"),
        ("app/mine.py", "from app.components import worker\n", 1, WORKER),
        ("app/mine.py", f"import {WORKER} as w\n", 1, WORKER),
        ("app/components/mine.py", "from .worker import tasks\n", 1, f"{WORKER}.tasks"),
        ("app/components/mine/__init__.py", "from ..worker import tasks\n", 1, f"{WORKER}.tasks"),
        ("app/components/worker/mine.py", "from .run import x\n", 1, f"{WORKER}.run"),
        ("app/mine.py", "def f():\n    import arq\n", 2, "arq"),
        ("app/mine.py", "from arq.worker import Worker\n", 1, "arq"),
        ("app/mine.py", f'X = "{WORKER}.api:router"\n', 1, f"{WORKER}.api"),
        ("deploy/run.sh", "#!/bin/sh\necho $WORKER_QUEUES\n", 2, "WORKER_QUEUES"),
        ("compose.override.yaml", "services:\n  a:\n    depends_on: [worker]\n", 3, "worker"),
        ("settings.ini", "url = http://worker:80/\n", 1, "worker"),
    ],
)
def test_what_still_names_it(start: Start, path: str, text: str, line: int, name: str) -> None:
    project = start("worker")
    project.write(path, text)
    project.commit("Mine")
    head = project.head
    dry = project.aegis("remove", "worker", "--dry-run", "--json").json
    assert {"path": path, "line": line, "name": name} in dry["dangling"]
    told = f"{path}:{line} still names {name}"
    assert told in project.aegis("remove", "worker", "--strict", code=1).err
    assert project.head == head
    assert f"{told}\n" in project.aegis("remove", "worker").err


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("docs/mine.md", "Every worker deserves a rest; the WORKER too, and arq.\n"),
        ("app/mine.py", "worker = 1\narq = 2\nfrom app import worker_queue\n"),
        ("app/mine.py", "import app.components.workers\n"),
        ("compose.override.yaml", "services:\n  web-worker: {image: x}\n"),
    ],
)
def test_what_only_looks_like_it(start: Start, path: str, text: str) -> None:
    project = start("worker")
    project.write(path, text)
    project.commit("Mine")
    ran = project.aegis("remove", "worker", "--strict")
    assert "still names" not in ran.err


def test_what_i_had_before_is_not_gone(start: Start) -> None:
    project = start("cache")
    slot = "    # slot: worker\n"
    text = project.read("pyproject.toml")
    project.write("pyproject.toml", text.replace(slot, f'{slot}    "arq>=0.28,<0.29",\n', 1))
    project.write("app/mine.py", "import arq\n")
    project.commit("Mine")
    project.aegis("add", "worker")
    assert "still names" not in project.aegis("remove", "worker", "--strict").err
    assert '"arq>=0.28,<0.29"' in project.read("pyproject.toml")


def test_settings_outside_of_git(start: Start) -> None:
    project = start("worker")
    project.write(".env", "APP_ENV=development\nWORKER_QUEUES=s3cret\n")
    said = project.aegis("remove", "worker").err
    assert ".env:2 still names WORKER_QUEUES" in said
    assert "s3cret" not in said


def test_many_lines_are_counted(start: Start) -> None:
    project = start("worker")
    project.write("app/mine.py", "import arq\n" * 50)
    project.commit("Mine")
    ran = project.aegis("remove", "worker", "--json")
    assert "and 30 more lines" in ran.err
    assert len(ran.json["dangling"]) == 50


def test_what_stays_is_no_matter(start: Start) -> None:
    project = start("worker", "cache")
    project.write("app/mine.py", "import cashews\nX = 'REDIS_URL'\n")
    project.commit("Mine")
    assert "still names" not in project.aegis("remove", "worker", "--strict").err


def test_what_moved_and_goes_is_no_matter(start: Start) -> None:
    """A removal follows a file to its new place; what stood in it goes with it."""
    project = start("worker")
    project.git("mv", "app/components/worker", "app/background")
    project.commit("Mine")
    assert "still names" not in project.aegis("remove", "worker", "--strict").err


@pytest.mark.parametrize("setting", ["grep.fullName=true", "color.ui=always", "color.grep=always"])
def test_settings_of_git_grep(start: Start, setting: str) -> None:
    project = Project(start().path / "services/api")
    assert run("init", project.path, "--no-interactive", "--components", "worker").code == 0
    project.write("app/mine.py", f"import {WORKER}\n")
    project.commit("Mine")
    project.git("config", *setting.split("="))
    said = project.aegis("remove", "worker", "--strict", code=1).err
    assert f"app/mine.py:1 still names {WORKER}" in said


def test_a_search_that_fails_is_not_an_empty_one(start: Start) -> None:
    project = start("worker")
    project.git("config", "grep.threads", "many")
    assert "grep.threads" in project.aegis("remove", "worker", code=1).err
