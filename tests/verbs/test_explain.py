"""`aegis explain`: of each line, the patch that brought it or the commit that wrote it."""

from __future__ import annotations

import os
import re
from typing import Any

from tests.conftest import NEWEST, Project, Start, begun, run
from tests.verbs.test_diff import at_terminal

GRACE = "    stop_grace_period: 40s\n"


def parts(project: Project, target: str) -> list[tuple[int, int, str | None]]:
    """Where lines start and stop, and their component, or the first letters of a subject."""
    found = project.aegis("explain", target, "--json").json["parts"]
    return [(part["start"], part["stop"], owner(part)) for part in found]


def owner(part: Any) -> str | None:
    if part["origin"]:
        return str(part["origin"]["component"])
    return str(part["commit"]["subject"]) if part["commit"] else None


def number(project: Project, path: str, line: str) -> int:
    return project.read(path).splitlines(keepends=True).index(line) + 1


def test_a_line_of_a_patch_and_why(start: Start) -> None:
    project = start("worker")
    at = number(project, "compose.yaml", GRACE)
    said = project.aegis("explain", f"compose.yaml:{at}").out
    assert said.startswith(GRACE)
    assert f"worker  aegis {NEWEST}: 'Run workers beside the web server" in said
    assert "From the web server's image, without a port" in said
    (found,) = project.aegis("explain", f"compose.yaml:{at}", "--json").json["parts"]
    assert found["origin"]["patch"].startswith("Run workers beside the web server")
    assert parts(project, "compose.yaml:1") == [(1, 1, "core")]


def test_a_line_of_mine_is_blamed(start: Start) -> None:
    project = start("worker")
    project.edit("compose.yaml", GRACE, GRACE.replace("40s", "50s"))
    project.commit("More time")
    project.write("compose.yaml", "# Mine\n" + project.read("compose.yaml"))
    at = number(project, "compose.yaml", GRACE.replace("40s", "50s"))
    assert parts(project, f"compose.yaml:{at}") == [(at, at, "More time")]
    said = project.aegis("explain", f"compose.yaml:{at}").out
    assert "yours: 'More time' (Uma User, " in said
    assert parts(project, "compose.yaml:1") == [(1, 1, None)]
    assert "yours, on disk" in project.aegis("explain", "compose.yaml:1").out


def test_every_line_of_every_file_has_one_origin(start: Start) -> None:
    project = start("worker", "ingress", "postgres", "scheduler", name="crème")
    for path in ("compose.yaml", "pyproject.toml", ".env.example", "README.md", "Dockerfile"):
        found = parts(project, path)
        lines = project.read(path).split("\n")[:-1]
        covered = [line for first, last, _ in found for line in range(first, last + 1)]
        assert covered == [*range(1, len(lines) + 1)]
        assert None not in {who for _, _, who in found}
    assert "worker+database" in {who for _, _, who in parts(project, "compose.yaml")}
    (found,) = project.aegis("explain", "README.md:1", "--json").json["parts"]
    assert "answers" in found["origin"]["why"]


def test_through_moves_of_files_and_directories(start: Start) -> None:
    project = start("worker")
    project.git("mv", "app/components/worker", "app/components/jobs")
    project.commit("Move it")
    path = "app/components/jobs/api.py"
    project.write(path, project.read(path) + "MINE = 1\n")
    project.commit("Add mine")
    project.git("mv", path, "app/components/jobs/http.py")
    project.commit("Move it again")
    path = "app/components/jobs/http.py"
    last = len(project.read(path).splitlines())
    assert parts(project, path) == [(1, last - 1, "worker"), (last, last, "Add mine")]
    assert "http.py is app/components/worker/api.py in aegis" in project.aegis("explain", path).out


def test_my_own_files_and_those_without_lines(start: Start) -> None:
    project = start("worker")
    project.write("notes.md", "one\n")
    project.commit("One")
    project.write("notes.md", "one\ntwo\n")
    project.write("a:7", "odd\n")
    project.write(os.fsdecode(b"\xff"), "no UTF-8\n")
    project.write("empty", "")
    (project.path / "data.bin").write_bytes(b"\0" * 9)
    (project.path / "link").symlink_to("notes.md")
    project.commit("Two")
    assert parts(project, "notes.md") == [(1, 1, "One"), (2, 2, "Two")]
    assert parts(project, "a:7") == parts(project, "a:7:1") == [(1, 1, "Two")]
    for path in ("empty", "data.bin", "link"):
        assert parts(project, path) == [(0, 0, "Two")]
    assert parts(project, "app/components/worker/__init__.py")[0][2] == "worker"
    assert project.aegis("explain", "empty").out.startswith(project.head[:7])


def test_what_is_not_there(start: Start) -> None:
    project = start()
    for target, what in (
        ("nothing", "no such file"),
        ("app", "a directory"),
        (".", "a directory"),
        ("compose.yaml:0", "compose.yaml has no line 0: it has lines 1 to "),
        ("compose.yaml:9999", "no line 9999"),
        ("compose.yaml:99999999999999999999", "no line 999"),
        ("compose.yaml:-1", "no line -1"),
        ("compose.yaml:last", "no line last"),
        ("nothing:last", "no such file"),
    ):
        error = project.aegis("explain", target, "--json", code=1).json["error"]
        assert what in error["what"], target
    for typed in ("../compose.yaml", "backend"):  # next has it as it was typed
        ran = run("-C", project.path / "app", "explain", f"{typed}:9999", "--json")
        assert ran.json["error"]["next"].endswith(f" {typed}")


def test_in_a_subdirectory_and_from_one(start: Start) -> None:
    outer = start(name="outer")
    inner = begun(outer.path / "services/api", "--components", "worker")
    inner.collide()
    ran = run("-C", inner.path / "app", "explain", "../compose.yaml", "--json")
    assert {owner(part) for part in ran.json["parts"]} == {"core", "worker", "cache", "Mine"}


def test_a_project_of_a_fork(start: Start, fork: Project) -> None:
    project = start("worker", upstream=fork)
    project.collide()
    assert "Mine" in {who for _, _, who in parts(project, "compose.yaml")}
    said = project.aegis("explain", f"compose.yaml:{number(project, 'compose.yaml', GRACE)}").out
    assert "worker  fork 1.0: 'Run workers" in said
    assert "+    ports" in project.aegis("diff").out


def test_the_margin_on_a_terminal(start: Start) -> None:
    project = start("worker", "ingress")
    shown = at_terminal(project, "explain", "compose.yaml")
    assert "\x1b[" in shown
    rows = [line for line in plain(shown).splitlines() if " │ " in line]
    assert len(rows) == len(project.read("compose.yaml").splitlines())
    assert len({row.index("│") for row in rows}) == 1
    piped = project.aegis("explain", "compose.yaml").out
    longest = max(project.read("compose.yaml").splitlines(), key=len)
    assert f" │ {longest}\n" in piped
    assert "\x1b" not in piped


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
