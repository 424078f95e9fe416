"""compose: what Docker Compose itself finds in a file, and what a verb says of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from aegis_patch.formats import compose_names
from tests.conftest import Project, Start

DOCKER_COMPOSE = str(Path(sysconfig.get_path("scripts"), "docker-compose"))


def config(directory: Path) -> dict[str, Any] | None:
    """A project as Docker Compose reads it; None where it refuses it."""
    command = [DOCKER_COMPOSE, "--profile", "*", "config", "--format", "json"]
    env = {name: os.environ[name] for name in ("PATH", "HOME")} | {"POSTGRES_PASSWORD": "x"}
    ran = subprocess.run(
        command, cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    return dict(json.loads(ran.stdout)) if ran.returncode == 0 else None


def read(text: str) -> compose_names.Compose:
    found = compose_names.read(text.encode())
    assert found
    return found


def test_what_there_is_is_what_docker_compose_finds(tmp_path: Path) -> None:
    text = (
        "name: mine\nx-a: &a {image: x, networks: [one]}\n"
        "services:\n  web: {<<: *a}\n  job: {<<: [*a], networks: [two]}\n"
        "networks: {one: {}, two: {}}\nvolumes: {kept: {name: mine}, own: {}}\n"
    )
    (tmp_path / "compose.yaml").write_text(text)
    expected, found = config(tmp_path), read(text)
    assert expected
    assert found.name == expected["name"]
    services = {f"service {name}" for name in expected["services"]}
    assert found.has == services | {"network one", "network two", "volume kept", "volume own"}
    used = {f"{found.name}_{name}" for name in found.own}
    volumes = expected.get("volumes", {}).values()
    assert used >= {volume["name"] for volume in volumes if volume["name"] != "mine"}
    for other in (b"", b"- a\n", b"a: [\n", b"\xff", b"services: []\n", b"[" * 200_000):
        assert not compose_names.names(other)


# What a verb tells.


def notes(project: Project, *verb: str) -> list[str]:
    (commit,) = project.aegis(*verb, "--json").json["commits"]
    return [f"{note['path']}: {note['text']}" for note in commit["notes"]]


def volumes(project: Project) -> set[str]:
    found = config(project.path)
    assert found
    return {volume["name"] for volume in found["volumes"].values()}


def test_a_name_that_moves_volumes_is_told_with_the_way_back(start: Start) -> None:
    project = start("database", "cache")
    before = volumes(project)
    verb = "answers", "project_name=Depot"
    (planned,) = notes(project, *verb, "--dry-run")
    assert [planned] == notes(project, *verb)
    after = volumes(project)
    assert all(name in planned for name in before | after)
    assert not before & after
    line = re.search(r"set: (name: .*)", planned)
    assert line
    project.edit("compose.yaml", 'name: "depot"', line[1])
    project.commit("Keep the data")
    assert volumes(project) == before
    ran = project.aegis("answers", "project_name=Shed", code=3)  # the name is mine now
    assert "compose.yaml" in ran.out
    project.git("cherry-pick", "--abort")
    assert notes(project, "remove", "cache") == []


def test_a_name_that_moves_no_volume_is_not_told(start: Start) -> None:
    project = start()
    project.write(".env", "COMPOSE_PROJECT_NAME=mine\n")
    before = volumes(project)
    assert notes(project, "answers", "project_name=Depot") == []
    assert volumes(project) == before


def test_a_service_that_is_included_is_there(start: Start) -> None:
    project = start("worker")
    text = project.read("compose.yaml")
    at = text.index("  redis:\n    <<")
    end = text.index("\n\n", at)
    service = text[at:end].replace("    <<: *confined\n", "")  # that is of compose.yaml alone
    project.write("docker/redis.yaml", f"services:\n{service}\n\nvolumes:\n  redis: {{}}\n")
    text = re.sub(r"(?m)^  redis: \{\},?\n", "", text[:at] + text[end + 2 :])
    include = "include:\n  - docker/redis.yaml\n"
    project.write("compose.yaml", re.sub(r"(?m)^(name: .*\n)", rf"\1\n{include}\n", text, count=1))
    project.commit("Include")
    assert notes(project, "add", "scheduler") == []
    assert config(project.path)
    project.write("app/mine.py", 'URL = "redis://redis:6379/2"\n')
    project.commit("Mine")
    project.aegis("remove", "scheduler")
    ran = project.aegis("remove", "worker", "cache", "--json", "--dry-run")
    assert [each for each in ran.json["dangling"] if each["name"] == "redis"] == []
