"""A conflict says which commit of the user's meets which patch, and what that patch is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from aegis_patch.history import conflict_origins
from aegis_patch.objects import conflict_markers
from tests.conftest import NEWEST, Project, Start, begun
from tests.small_forks import BASE, publish

PORT = '    ports: ["${PORT:-8000}:8000"]\n'


def ported(start: Start) -> Project:
    """A project whose user publishes another port, and has worked on since."""
    project = start()
    project.edit("compose.yaml", PORT, PORT.replace("-8000", "-9000"))
    project.commit("Publish on 9000")
    project.write("compose.yaml", project.read("compose.yaml") + "\nx-mine: 1\n")
    project.commit("Something else")
    return project


def test_who_meets_whom_and_what_changes(start: Start) -> None:
    project = ported(start)
    commit = project.git("rev-parse", "HEAD~")
    said = project.aegis("add", "ingress", code=3).out
    assert f"yours: {commit[:7]} 'Publish on 9000' (Uma User, " in said
    assert f"aegis {NEWEST} (ingress): 'Put Traefik in front of the webservers' changes\n" in said
    assert f"        -{PORT}" in said
    number = int(said.partition("compose.yaml:")[2].partition(":")[2].partition("\n")[0].split()[0])
    assert "-9000" in project.read("compose.yaml").splitlines()[number - 1]


def test_a_program_reads_it_too(start: Start) -> None:
    project = ported(start)
    ran = project.aegis("add", "ingress", "--dry-run", "--json", code=3)
    (conflict,) = ran.json["commits"][-1]["conflicts"]
    (met,) = conflict["places"]
    assert met["yours"]["commit"] == project.git("rev-parse", "HEAD~")
    assert met["yours"]["author"] == "Uma User"
    assert met["theirs"]["component"] == "ingress"


@pytest.mark.parametrize(
    "settings",
    [
        {"blame.ignoreRevsFile": "ignored", "blame.coloring": "repeatedLines"},
        {"log.showSignature": "true", "log.follow": "true", "format.pretty": "raw"},
        {"diff.external": "false", "color.ui": "always", "i18n.logOutputEncoding": "latin1"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_no_setting_of_git_changes_the_answer(start: Start, settings: dict[str, str]) -> None:
    project = ported(start)
    commit = project.git("rev-parse", "HEAD~")
    project.write(".git/ignored", f"{commit}\n")
    project.write("ignored", f"{commit}\n")
    project.write("app/components/ingress/__init__.py", "MINE = 1\n")
    other = project.commit("Grüße")
    expected = project.aegis("add", "ingress", "--dry-run", "--json", code=3).out
    assert f'"commit": "{commit}"' in expected
    assert f'"commit": "{other}", "subject": "Grüße"' in expected
    for name, value in settings.items():
        project.git("config", name, value)
    assert project.aegis("add", "ingress", "--dry-run", "--json", code=3).out == expected


def test_an_edited_service_that_would_go(start: Start) -> None:
    project = start("worker")
    project.edit("compose.yaml", "    stop_grace_period: 40s\n", "    stop_grace_period: 50s\n")
    commit = project.commit("More time")
    (conflict,) = project.aegis("remove", "worker", "--json", code=3).json["commits"][-1][
        "conflicts"
    ]
    (met,) = conflict["places"]
    assert met["yours"]["commit"] == commit
    assert met["theirs"]["patch"].startswith("Run workers beside the web server")


def test_an_edited_file_that_would_go(start: Start) -> None:
    project = start("worker")
    path = "app/components/worker/api.py"
    project.write(path, project.read(path) + "\nMINE = 1\n")
    commit = project.commit("Mine")
    ran = project.aegis("remove", "worker", "--dry-run", "--json", code=3)
    (conflict,) = ran.json["commits"][-1]["conflicts"]
    (met,) = conflict["places"]
    assert met["yours"]["commit"] == commit
    assert (met["theirs"]["component"], met["theirs"]["change"]) == ("worker", [])
    assert "(worker) takes the file out\n" in project.aegis("remove", "worker", code=3).out


def test_a_line_that_the_user_took_out(start: Start) -> None:
    project = start()
    project.edit("compose.yaml", PORT, "")
    commit = project.commit("No port")
    (conflict,) = project.aegis("add", "ingress", "--json", code=3).json["commits"][-1]["conflicts"]
    (met,) = conflict["places"]
    assert met["yours"]["commit"] == commit
    assert project.read("compose.yaml").splitlines()[met["line"] - 1].startswith("<<<<<<<")


def test_only_what_theirs_changes_there_counts(start: Start) -> None:
    project = start("worker", "cache")
    lines = project.read(".env.example").splitlines()
    theirs = next(line for line in lines if "WORKER_QUEUES" in line)
    project.write(".env.example", f"# Ours\n\n# Ask Uma of the worker.\n{theirs}\n")
    project.commit("Say it ourselves")
    (conflict,) = project.aegis("remove", "worker", "--json", code=3).json["commits"][-1][
        "conflicts"
    ]
    assert "REDIS_URL" in project.read(".env.example")
    (met,) = conflict["places"]
    assert met["theirs"]["component"] == "worker"


@pytest.mark.parametrize("text", ["a page\fbreak", "\x1c", "\u2028 and", "\x85", "\v"])
def test_what_python_takes_for_a_line_break(start: Start, text: str) -> None:
    project = start()
    mine = PORT.replace("-8000", "-9000").rstrip()
    project.edit("compose.yaml", PORT, f"    # {text} more\n{mine} # {text} of it\n")
    commit = project.commit(f"Port {text} here")
    (conflict,) = project.aegis("add", "ingress", "--json", code=3).json["commits"][-1]["conflicts"]
    assert conflict["places"][0]["yours"]["commit"] == commit


def test_a_line_that_was_written_before_the_file_was_moved(start: Start) -> None:
    project = start("worker")
    path = "app/components/worker/api.py"
    project.write(path, project.read(path) + "\nMINE = 1\n")
    commit = project.commit("Mine")
    project.git("mv", "app/components/worker", "app/components/jobs")
    project.commit("Jobs")
    (conflict,) = project.aegis("remove", "worker", "--json", code=3).json["commits"][-1][
        "conflicts"
    ]
    assert conflict["path"] == "app/components/jobs/api.py"
    assert conflict["places"][0]["yours"]["commit"] == commit


def test_a_line_that_the_release_moves_tells_of_no_other_place(
    tmp_path: Path, start: Start
) -> None:
    place = tmp_path / "acme-stack.git"
    old = b"one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n"
    new = b"one\nnine\nthree\nfour\nFIVE\nsix\nseven\neight\n"
    for text, tag in ((old, "v1.0"), (new, "v2.0")):
        publish(place, {**BASE, "base/list.txt": text, "patches/.keep": b""}, tag)
    project = start(upstream=Project(place), version="1.0")
    project.edit("list.txt", "two", "mine")
    commit = project.commit("Mine")
    ran = project.aegis("rebase-upstream", "--json", code=3)
    (conflict,) = ran.json["commits"][-1]["conflicts"]
    (met,) = conflict["places"]
    assert met["yours"]["commit"] == commit
    assert met["theirs"]["change"] == ["-two", "+nine"]


def test_in_a_subdirectory_after_steps_that_landed(start: Start) -> None:
    outer = start(name="outer")
    inner = begun(outer.path / "services/api")
    inner.edit("compose.yaml", PORT, PORT.replace("-8000", "-9000"))
    commit = inner.commit("Publish on 9000")
    ran = inner.aegis("add", "cache", "ingress", "--json", code=3)
    (conflict,) = ran.json["commits"][-1]["conflicts"]
    assert conflict["places"][0]["yours"]["commit"] == commit


def test_a_clean_verb_asks_nothing(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError

    monkeypatch.setattr(conflict_origins, "meetings", refuse)
    start().aegis("add", "worker")


def test_an_underlined_heading_is_no_marker() -> None:
    text = "<<<<<<< HEAD (yours)\nHarbors\n========\n=======\nHarbor\n>>>>>>> aegis (theirs)\n"
    (place,) = conflict_markers.places(text.encode().splitlines())
    assert (place.mine, place.wanted) == ([b"Harbors", b"========"], [b"Harbor"])
