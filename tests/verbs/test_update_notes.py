"""What the releases between two ask of this project, and of no other."""

from __future__ import annotations

import pytest

from tests.conftest import Project, Start

FIRST = """
[[setting]]
name = "MAX_BODY_SIZE"
now = "BODY_LIMIT"

[[data]]
text = "Empty the cache."
back = "Empty the cache again."
components = ["cache"]

[[data]]
text = "Stop the workers."
components = ["worker"]
"""
SECOND = """
[[setting]]
name = "BODY_LIMIT"
now = "BODY_BYTES"
text = "Its values stay."

[[file]]
name = "app/core/health.py"
now = "app/core/healthy.py"

[[file]]
name = "app/core/logging.py"

[[behaviour]]
text = "ports below 1024 are refused."
if_set = ["PORT"]

[[behaviour]]
text = "it must be a name."
if_set = ["HOST"]
"""


@pytest.fixture(name="fork")
def with_notes(fork: Project) -> Project:
    """Releases 1.0, 1.1 and 1.2 of an upstream; a setting has another name in each."""
    for version, old, new, notes in (
        ("1.1", "MAX_BODY_SIZE", "BODY_LIMIT", FIRST),
        ("1.2", "BODY_LIMIT", "BODY_BYTES", SECOND),
    ):
        fork.edit("base/.env.example", f"{old}=1048576", f"{new}=1048576")
        if version == "1.2":
            fork.git("mv", "base/app/core/health.py", "base/app/core/healthy.py")
            fork.git("rm", "--quiet", "base/app/core/logging.py")
        fork.write(f"notes/{version}.toml", notes)
        fork.commit(version)
        fork.git("tag", version)
    return fork


def test_the_notes_that_concern_this_project(start: Start, fork: Project) -> None:
    project = start("cache", version="1.0", upstream=fork)
    project.write(".env", "# PORT=1\nport = 80\nexport MAX_BODY_SIZE=9\n")
    project.write("app/mine.py", "from app.core.health import Health\n")
    project.commit("Mine")
    words = [
        "Empty the cache.",
        "MAX_BODY_SIZE in .env line 3 is now BODY_BYTES. Its values stay.",
        "app/core/health.py is now app/core/healthy.py.",
        "PORT in .env line 2: ports below 1024 are refused.",
    ]
    planned = project.aegis("rebase-upstream", "--dry-run", "--json").json["update_notes"]
    assert [note["text"] for note in planned] == words
    assert planned[1] == {
        **{"release": "1.2", "kind": "setting", "name": "MAX_BODY_SIZE", "now": "BODY_BYTES"},
        "text": words[1],
    }
    ran = project.aegis("rebase-upstream")
    assert "Before the next deploy:\n" in ran.out
    assert all(f" {line}\n" in ran.out for line in words)
    assert "still uses MAX_BODY_SIZE" not in ran.out, "the note says so"
    body = project.git("log", "-1", "--format=%b")
    moved = "- 1.2: MAX_BODY_SIZE is now BODY_BYTES. Its values stay.\n"
    assert f"- 1.1: Empty the cache.\n{moved}" in body
    assert "- 1.2: If you set HOST: it must be a name.\n" in body
    assert ".env" not in body
    assert "workers" not in body
    assert "- 1.2: app/core/logging.py is gone.\n" in body, "a branch may name it"


def test_the_notes_of_one_step(start: Start, fork: Project) -> None:
    project = start("worker", version="1.0", upstream=fork)
    found = project.aegis("rebase-upstream", "--to", "1.1", "--json").json["update_notes"]
    texts = ["MAX_BODY_SIZE is now BODY_LIMIT.", "Empty the cache.", "Stop the workers."]
    assert [note["text"] for note in found] == texts


def test_the_way_back(start: Start, fork: Project) -> None:
    project = start("cache", version="1.2", upstream=fork)
    project.write(".env", "BODY_BYTES=9\nHOST=me\n")
    found = project.aegis("rebase-upstream", "--to", "1.0", "--json").json["update_notes"]
    assert [note["text"] for note in found] == [
        "HOST in .env line 2: it must be a name. (Going back ends this.)",
        "Empty the cache again.",
        "BODY_BYTES in .env line 1 is now MAX_BODY_SIZE.",
    ]


def test_notes_that_cannot_be_read_stop_no_update(start: Start, fork: Project) -> None:
    fork.write("notes/1.2.toml", '[[data]]\ntext = "\\u001b[31m"\n')
    fork.commit()
    fork.git("tag", "--force", "1.2")
    project = start(version="1.0", upstream=fork)
    ran = project.aegis("rebase-upstream")
    assert "note the update notes can't be read: notes/1.2.toml: [[data]]: text must be" in ran.out
    assert project.subjects[0] == "Rebase onto fork 1.2"


def test_a_branch_is_as_new_as_its_notes(start: Start, fork: Project) -> None:
    """Its name is no version: with the newest release in it, it asks nothing, and nothing ends."""
    fork.git("switch", "--quiet", "--create", "main")
    project = start("cache", version="1.2", upstream=fork)
    for to in ("main", "1.2", fork.head, "1.2"):
        assert not project.aegis("rebase-upstream", "--to", to, "--json").json["update_notes"], to
    fork.write("notes/1.3.toml", '[[behaviour]]\ntext = "It is louder."\n')
    fork.write("base/app/louder.py", "")
    fork.commit("Louder")
    project.aegis("rebase-upstream", "--to", "1.1")
    texts = []
    for to in ("main", "1.2"):
        ran = project.aegis("rebase-upstream", "--to", to, "--json").json["update_notes"]
        texts.append({note["release"]: note["text"] for note in ran})
    assert texts[0].keys() == {"1.2", "1.3"}
    assert texts[1] == {"1.3": "It is louder. (Going back ends this.)"}
    project.aegis("rebase-upstream", "--to", "main")
    fork.write("notes/1.3.toml", fork.read("notes/1.3.toml") + '[[data]]\ntext = "Listen."\n')
    fork.commit("Even louder")
    fork.git("tag", "1.3")
    (note,) = project.aegis("rebase-upstream", "--json").json["update_notes"]
    assert note["text"] == "Listen."


def test_a_branch_that_begins_with_a_digit_is_one_too(start: Start, fork: Project) -> None:
    fork.git("switch", "--quiet", "--create", "1.x")
    fork.write("base/app/louder.py", "")
    fork.commit("Louder")
    project = start(version="1.2", upstream=fork)
    assert not project.aegis("rebase-upstream", "--to", "1.x", "--json").json["update_notes"]


def test_tags_are_versions_whatever_they_begin_with(start: Start, fork: Project) -> None:
    """Also one that has no notes of its own, but those of another upstream."""
    fork.git("tag", "acme-1.0")
    fork.write("notes/acme-1.1.toml", '[[behaviour]]\ntext = "It is louder."\n')
    fork.write("base/app/louder.py", "")
    fork.commit("Louder")
    fork.git("tag", "acme-1.1")
    project = start(version="acme-1.0", upstream=fork)
    ran = project.aegis("rebase-upstream", "--to", "acme-1.1", "--json").json["update_notes"]
    assert [note["text"] for note in ran] == ["It is louder."]
