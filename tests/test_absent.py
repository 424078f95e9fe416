"""What comes in and names what the user renamed, moved or deleted is told with file and line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest

from aegis_patch import compose
from tests.conftest import Project, Ran, Start

LOGGING, COMPONENT = "app/core/logging.py", "app/core/component.py"
CLI, INIT = "app/components/worker/cli.py", "app/components/worker/__init__.py"


def sources(project: Project) -> list[str]:
    listed = project.git("ls-files", "app", "tests").splitlines()
    return [path for path in listed if path.endswith(".py")]


def renamed(project: Project, old: str, new: str) -> None:
    """As an editor renames it, in every file that is there."""
    for path in sources(project):
        text = project.read(path)
        if (now := re.sub(rf"\b{re.escape(old)}\b", new, text)) != text:
            project.write(path, now)


def moved_logging(project: Project) -> None:
    project.git("mv", LOGGING, "app/core/logs.py")
    renamed(project, "from app.core import logging", "from app.core import logs as logging")
    renamed(project, "app.core.logging", "app.core.logs")


def renamed_class(project: Project) -> None:
    renamed(project, "Component", "Plugin")


def told(ran: Ran) -> list[str]:
    """The notes that name something."""
    lines = (ran.out + ran.err).splitlines()
    return [line.strip() for line in lines if re.match(r"\s*note .* names? ", line)]


def line(project: Project, path: str, text: str) -> int:
    return 1 + next(n for n, each in enumerate(project.read(path).splitlines()) if text in each)


@pytest.mark.parametrize(
    ("edit", "path", "text", "name"),
    [
        (moved_logging, CLI, "import logging", "app.core.logging"),
        (renamed_class, INIT, "import Component", "Component of app.core.component"),
    ],
)
def test_what_a_component_imports_under_an_older_name(
    start: Start, edit: Callable[[Project], None], path: str, text: str, name: str
) -> None:
    project = start("cache")
    edit(project)
    project.commit("Rename")
    dry = told(project.aegis("add", "worker", "--dry-run"))
    (planned,) = project.aegis("add", "worker", "--dry-run", "--json").json["commits"]
    found = told(project.aegis("add", "worker"))
    at = line(project, path, text)
    assert f"note {path}: line {at} names {name}, which is no longer there" in found
    assert found == dry
    notes = [f"note {note['path']}: {note['text']}" for note in planned["notes"]]
    assert [note for note in notes if "no longer there" in note] == found


def test_a_package_of_another_name_is_told_in_few_lines_for_each_file(start: Start) -> None:
    project = start("cache")
    project.git("mv", "app", "harbor")
    for path in project.git("ls-files", "harbor", "tests").splitlines():
        if path.endswith(".py"):
            project.write(path, re.sub(r"\bapp\.", "harbor.", project.read(path)))
    project.commit("Rename")
    found = told(project.aegis("add", "worker"))
    assert max(Counter(note.partition(":")[0] for note in found).values()) <= 3
    at = line(project, "harbor/components/worker/queue.py", "from app.core")
    (queue,) = [note for note in found if "worker/queue.py" in note]
    assert re.search(rf"lines .*\b{at}\b.* name what is no longer there: .*\bapp\.core\.", queue)


def test_what_a_release_names_in_text_and_in_the_same_file(start: Start) -> None:
    project = start("worker", version="0.3.0")
    renamed_class(project)
    project.git("mv", "app/components/worker/registry.py", "app/components/worker/known.py")
    renamed(project, "app.components.worker.registry", "app.components.worker.known")
    renamed(
        project,
        "from app.components.worker import registry",
        "from app.components.worker import known as registry",
    )
    project.git("checkout", "--", "tests/core/test_health.py")  # 0.4.0 changes a line with the name
    project.commit("Rename")
    found = told(project.aegis("rebase-upstream"))
    at = line(project, COMPONENT, "component: Component")
    assert f"note {COMPONENT}: line {at} names Component, which is no longer there" in found
    module = "app.components.worker.registry"
    at = line(project, INIT, f'"{module}:tasks"')
    assert f"note {INIT}: line {at} names {module}, which is no longer there" in found


def test_what_is_found_elsewhere_is_there(start: Start) -> None:
    project = start("cache")
    (project.path / "src").mkdir()
    project.git("mv", "app", "src/app")
    project.commit("Move")
    assert told(project.aegis("add", "worker")) == []


def test_a_name_that_a_conflict_brings_is_not_told(start: Start) -> None:
    project = start("worker", version="0.3.0")
    project.edit(COMPONENT, "    process: tuple[str, ...] = ()\n", "    command: str = ''\n")
    project.edit(COMPONENT, "import importlib\nimport pkgutil\n", "import importlib, pkgutil\n")
    project.commit("Mine")
    ran = project.aegis("rebase-upstream", code=3)
    assert f"{COMPONENT}: both changed the same lines" in ran.err
    assert told(ran) == []


@pytest.mark.parametrize(
    "text",
    ["from app.core.settings import *\n", "def __getattr__(name: str) -> str: ...\n"],
)
def test_what_text_does_not_tell_is_not_told(start: Start, text: str) -> None:
    project = start("cache")
    renamed_class(project)
    project.write(COMPONENT, project.read(COMPONENT) + text)
    project.commit("Rename")
    assert told(project.aegis("add", "worker")) == []


def without_redis(project: Project) -> None:
    """It runs elsewhere."""
    text = project.read("compose.yaml")
    text = re.sub(r"(?ms)^  redis:\n.*?\n\n", "", text)
    text = text.replace("      redis: { condition: service_healthy },\n", "")
    project.write("compose.yaml", text.replace("redis://redis:", "redis://redis.example.com:"))


def test_a_service_that_a_container_waits_for(start: Start) -> None:
    project = start("cache")
    without_redis(project)
    project.commit("A Redis of the cloud's")
    found = told(project.aegis("add", "worker"))
    at = line(project, "compose.yaml", "redis: { condition")
    assert found == [f"note compose.yaml: line {at} names service redis, which is no longer there"]
    assert told(project.aegis("add", "ingress")) == []
    again = told(project.aegis("add", "scheduler"))  # with the very same line
    assert [each.partition(": line")[0] for each in again] == ["note compose.yaml"]


def test_what_a_compose_file_has_and_needs() -> None:
    text = """\
x-app: &app
  volumes: ["data:/data"]
services:
  web:
    <<: *app
    depends_on: [redis]
  job:
    volumes: [./here:/there, "${AT:-x}:/x", {type: bind}, files:/f]
    depends_on: {mail: {}}
volumes: {files: }
"""
    found = compose.read(text.encode())
    assert found
    assert found.has == {"service web", "service job", "volume files"}
    assert found.needs == (
        (6, "web", "service redis"),
        (8, "job", "volume files"),
        (9, "job", "service mail"),
    )
    for other in (b"", b"- a\n", b"a: [\n", b"\xff", b"services: []\n", b"[" * 200_000):
        none = compose.read(other)
        assert none is None or not none.needs


def test_a_service_that_is_in_another_compose_file(start: Start) -> None:
    project = start("cache")
    without_redis(project)
    project.write("deploy/compose.redis.yaml", "services:\n  redis:\n    image: mine\n")
    project.commit("A file of its own")
    assert told(project.aegis("add", "worker")) == []


def test_a_service_in_a_compose_file_that_was_moved(start: Start) -> None:
    project = start("cache")
    without_redis(project)
    project.git("mv", "compose.yaml", "docker-compose.yml")
    project.commit("A Redis of the cloud's")
    found = told(project.aegis("add", "worker"))
    assert [each.partition(": line")[0] for each in found] == ["note docker-compose.yml"]
