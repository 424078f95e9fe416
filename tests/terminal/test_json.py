"""`--json`: exactly one object, which the schema in the package describes."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from aegis_patch.terminal.run import ALIASES, COMMANDS
from tests.conftest import NEWEST, OLDER, SCHEMA, Ran, Start, both_add, run

OTHERS = {
    **dict.fromkeys(("init", "add", "remove", "rebase-upstream", "repair"), "result"),
    "adopt": "adopted",
    "explain": "explained",
    "merge-driver": "merge_driver",
}
"""The commands whose part of the schema has another name."""
LINES = (
    "init new --components worker",
    "status",
    "components",
    "answers",
    "answers description=Mine --diff",
    "add scheduler --dry-run",
    "add cache",
    "add cache",
    "remove worker cache",
    "rebase-upstream",
    "repair",
    "explain compose.yaml",
    "explain compose.yaml:1",
    "diff",
    "adopt",
    "merge-driver on",
    "completion bash",
    "fleet status .",
    "upstream series check",
)
AS_RESULT = ("answers description=Mine --diff", "adopt")
FAILURES = (
    *("nonsense", "status --nonsense", "add", "add nonsense", "remove core", "diff nonsense"),
    *("rebase-upstream --to 9.9.9", "answers project_name=", "explain nonsense", "init ."),
    *("-C / status", "--project-path", "completion powershell", "add ingress --verify false"),
)


def check(ran: Ran, shape: str) -> dict[str, Any]:
    """What was printed: one object, of this shape in the schema."""
    assert ran.out.count("\n") == 1
    found: dict[str, Any] = ran.json
    whole: Any = SCHEMA.schema
    part = {"$ref": f"#/$defs/{shape}", "$defs": whole["$defs"]}
    Draft202012Validator(part).validate(found)
    return found


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA.schema)


def test_every_command_prints_one_object(start: Start) -> None:
    project = start("worker", version=OLDER)
    (project.path / "Dockerfile").unlink()
    project.commit("Mine")
    for path in ("base/aegis.toml", "patches/README.md"):  # an upstream, too
        project.write(path, project.read("aegis.toml"))
    for line in LINES:
        name, *words = line.split()
        shape = "result" if line in AS_RESULT else OTHERS.get(name, name)
        check(project.aegis(name, *words, "--json"), shape)
    named = {name.split()[0] for name in COMMANDS} - {*ALIASES}
    assert {line.split()[0] for line in LINES} == named


def test_a_failure_is_one_object_too(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(start().path)
    for line in FAILURES:
        ran = run(*line.split(), "--json")
        assert ran.code in (1, 2), line
        check(ran, "error")


def test_conflicts_are_in_it(start: Start) -> None:
    project = start()
    project.collide()
    made = check(project.aegis("add", "cache", "ingress", "--json", code=3), "result")
    assert [bool(each["conflicts"]) for each in made["commits"]] == [False, True]
    found = check(project.aegis("status", "--json"), "status")
    assert found["unfinished"]
    check(project.aegis("repair", "--json", code=1), "error")


def test_what_repair_settles_is_in_it(start: Start) -> None:
    assert check(both_add(start).aegis("repair", "--json"), "settled")["merged"]


def test_an_adopted_project_is_in_it(start: Start) -> None:
    project = start("worker")
    project.git("rm", "--quiet", "aegis.toml")
    project.commit("Mine")
    found = check(project.aegis("adopt", "--json"), "adopted")
    assert found["releases"][0] == {"release": NEWEST, "share": 100.0}
