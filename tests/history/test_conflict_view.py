"""A conflict has the markers that the user asked git for, and labels that say who."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

import pytest

from aegis_patch.history import conflict_view
from aegis_patch.objects import conflict_markers
from aegis_patch.objects.texts import merge_text
from tests import tiny
from tests.conftest import NEWEST, OLDER, Project, Start
from tests.small_forks import BASE, publish

PORT = '    ports: ["${PORT:-8000}:8000"]\n'
THEIRS = (
    '    extends: { file: "app/components/ingress/http${DOMAIN:+s}.yaml", service: "webserver" }\n'
)


def ported(start: Start, style: str = "") -> tuple[Project, str]:
    """A project in conflict over the port that it publishes, and the user's label."""
    project = start()
    if style:
        project.git("config", "merge.conflictStyle", style)
    project.edit("compose.yaml", PORT, PORT.replace("-8000", "-9000"))
    commit = project.commit("Publish on 9000")
    project.aegis("add", "ingress", code=3)
    return project, f"yours: {commit[:7]} Publish on 9000"


@pytest.mark.parametrize("style", ["", "merge", "nonsense", "diff3", "zdiff3"])
def test_style_and_labels(start: Start, style: str) -> None:
    project, mine = ported(start, style)
    base = f"||||||| aegis {NEWEST}\n{PORT}" if "diff3" in style else ""
    ours = PORT.replace("-8000", "-9000")
    expected = f"<<<<<<< {mine}\n{ours}{base}=======\n{THEIRS}>>>>>>> aegis {NEWEST} (ingress)\n"
    text = project.read("compose.yaml")
    assert expected in text
    project.git("cherry-pick", "--abort")
    line = project.aegis("add", "ingress", "--json", code=3).json["commits"][-1]["conflicts"][0]
    assert text.splitlines(keepends=True)[line["places"][0]["line"] - 1] == ours


@pytest.mark.parametrize("style", ["diff3", "zdiff3"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_another_style_shows_the_base_and_loses_no_line(style: str, end: str) -> None:
    chance = random.Random(1)
    shown = 0
    with tiny.empty_store() as store:
        for _ in range(100):
            base = [f"{number}{end}".encode() for number in range(12)]
            sides = [[*base], [*base]]
            for side, word in zip(sides, (b"mine", b"theirs"), strict=True):
                for at in sorted(chance.sample(range(12), 4), reverse=True):
                    put = [word + line for line in side[at : at + chance.randint(0, 2)]]
                    side[at : at + 1] = [*put, *([b"both" + end.encode()] if at % 3 else [])]
            texts = [b"".join(lines) for lines in (base, *sides)]
            marked = merge_text(store, *texts).data
            styled = conflict_view._in_style(Path(store.path), style, texts[0], marked)
            for mine in (True, False):
                both = [conflict_markers.resolved(each, mine=mine) for each in (marked, styled)]
                assert both[0] == both[1]
            shown += styled.count(b"|||||||") > 0
    assert shown > 70


def test_of_a_fork_the_label_has_its_own_name(tmp_path: Path, start: Start) -> None:
    place = tmp_path / "acme-stack.git"
    lines = {n: b"one\ntwo\n%b\nfour\nfive\n" % n for n in (b"old", b"new")}
    publish(place, {**BASE, "base/list.txt": lines[b"old"], "patches/.keep": b""}, "v1.0")
    publish(place, {**BASE, "base/list.txt": lines[b"new"], "patches/.keep": b""}, "v2.0")
    project = start(name="forked", upstream=Project(place), version="1.0")
    project.git("config", "merge.conflictStyle", "diff3")
    project.edit("list.txt", "old", "mine")
    project.commit("Mine")
    said = project.aegis("rebase-upstream", code=3).out
    labels = re.findall(r"(?m)^[<|>]{7} (.*)$", project.read("list.txt"))
    assert labels[1:] == ["acme-stack 1.0", "acme-stack 2.0"]
    assert "acme-stack 2.0 changes\n        -old\n        +new\n" in said


def test_what_a_release_changes_is_shown_from_old_to_new(start: Start, fork: Project) -> None:
    assert OLDER != NEWEST
    project = start(upstream=fork)
    fork.edit("base/compose.yaml", "interval: 10s", "interval: 20s")
    fork.commit()
    fork.git("tag", "v2.0")
    project.edit("compose.yaml", "interval: 10s", "interval: 60s")
    project.commit()
    ran = project.aegis("rebase-upstream", "--json", code=3)
    (conflict,) = ran.json["commits"][-1]["conflicts"]
    change = conflict["places"][0]["theirs"]["change"]
    assert [line.split() for line in change] == [
        ["-", "interval:", "10s"],
        ["+", "interval:", "20s"],
    ]


def test_git_mergetool_resolves_it(start: Start) -> None:
    """Any tool works: git gives it the three sides as files."""
    project, _ = ported(start)
    project.git("config", "merge.tool", "mine")
    tool = 'grep -q -- -9000 "$LOCAL" && grep -q -- -8000 "$BASE" && cp "$REMOTE" "$MERGED"'
    project.git("config", "mergetool.mine.cmd", tool)
    project.git("config", "mergetool.mine.trustExitCode", "true")
    project.git("config", "mergetool.keepBackup", "false")
    project.git("mergetool", "--no-prompt")
    project.git("cherry-pick", "--continue")
    assert THEIRS in project.read("compose.yaml")
    assert project.subjects[0] == "Add ingress"
    assert project.is_sound()


def test_places_with_a_base() -> None:
    rows = ["a", "<<<<<<< HEAD (yours)", "m", "||||||| before", "b", "=======", "t"]
    lines = [f"{row}\n".encode() for row in [*rows, ">>>>>>> aegis (theirs)", "z"]]
    (place,) = conflict_markers.places(lines)
    assert (place.mine, place.wanted, place.base) == ([b"m\n"], [b"t\n"], 3)
    for mine, other in itertools.product((True, False), repeat=2):
        same = conflict_markers.resolved(b"".join(lines), mine=mine)
        assert (same == conflict_markers.resolved(b"".join(lines), mine=other)) == (mine == other)
