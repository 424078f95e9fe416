"""Generated projects: each passes its own checks, alone and together."""

from __future__ import annotations

from pathlib import Path

import pytest

from aegis_patch import upstream
from tests import servers, stacks
from tests.stacks import COMBINATIONS, EVERYTHING

names = pytest.mark.parametrize(
    "components", COMBINATIONS, ids=lambda names: "+".join(names) or "core"
)


@pytest.mark.parametrize(
    "components",
    [(), ("ingress",), ("cache",), ("worker",), EVERYTHING],
    ids=lambda names: "+".join(names) or "core",
)
def test_its_own_tests_pass(tmp_path: Path, python: Path, components: tuple[str, ...]) -> None:
    project = stacks.make(tmp_path / "my-api", *components)
    assert "passed" in stacks.own_tests(project, python)
    assert project.is_sound(), "its tests leave something behind"


@pytest.mark.long
@pytest.mark.parametrize("version", list(upstream.releases())[:-1])
def test_the_tests_of_older_releases_pass(tmp_path: Path, python: Path, version: str) -> None:
    project = stacks.make(tmp_path / "my-api", *EVERYTHING, version=version)
    assert "passed" in stacks.own_tests(project, python)


@names
def test_lint(tmp_path: Path, python: Path, components: tuple[str, ...]) -> None:
    project = stacks.make(tmp_path / "my-api", *components)
    stacks.tool(project, python, "ruff", "check", "--no-cache")
    stacks.tool(project, python, "ruff", "format", "--check", "--no-cache")


@pytest.mark.long
@names
def test_types(tmp_path: Path, python: Path, components: tuple[str, ...]) -> None:
    project = stacks.make(tmp_path / "my-api", *components)
    stacks.tool(project, python, "mypy", "--cache-dir", str(tmp_path / "mypy"))


@names
def test_compose(tmp_path: Path, components: tuple[str, ...]) -> None:
    """The real Compose takes every combination, with and without a domain."""
    project = stacks.make(tmp_path / "my-api", *components)
    for env in ({}, {"DOMAIN": "api.example.org", "ACME_EMAIL": "ops@example.org"}):
        config = servers.compose_config(project.path, env)
        expected = {"webserver", *components}
        expected |= {"cache"} if "worker" in components else set()
        expected = {{"cache": "redis"}.get(name, name) for name in expected}
        assert config["services"].keys() >= expected
        assert config["name"] == "my-api"


def test_the_project_is_small_enough_to_read(tmp_path: Path) -> None:
    core = stacks.make(tmp_path / "core")
    lines = sum(len(file.read_text().splitlines()) for file in (core.path / "app").rglob("*.py"))
    assert lines < 1500
