"""A conflict that was resolved is not asked again, on the way back and on the same way again."""

from __future__ import annotations

import re

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.history import past_resolutions
from aegis_patch.merge import one_path
from aegis_patch.merge.outcome import Conflict, Plan, Sides
from aegis_patch.objects import conflict_markers
from aegis_patch.objects.trees import Entry, bytes_of
from tests import tiny
from tests.conftest import OLDER, Project, Ran, Start

PORTS = '    ports: ["${PORT:-8000}:8000"]\n'  # ingress takes this line away
MINE = '    ports: ["127.0.0.1:9000:8000"]\n'


def conflicted(project: Project, *verb: str) -> str:
    """The one path in which a verb ends in a conflict."""
    (commit,) = project.aegis(*verb, "--json", code=3).json["commits"]
    (found,) = commit["conflicts"]
    return str(found["path"])


def resolve(project: Project, path: str, text: str) -> None:
    project.write(path, text)
    project.git("add", "--all")
    project.git("cherry-pick", "--continue")


def parts(marked: str) -> tuple[str, str, str]:
    """What is above the one place of conflict, ours, and what is below it."""
    above, _, rest = re.sub(r"(?m)^(<<<<<<<|>>>>>>>) .*$", r"\1", marked).partition("<<<<<<<\n")
    mine, _, rest = rest.partition("=======\n")
    return above, mine, rest.partition(">>>>>>>\n")[2]


def combined(mine: str) -> str:
    """A line that says what both wanted, in the place of the user's."""
    return mine.replace("9000", "9001")


def told(ran: Ran) -> str:
    return " ".join((ran.out + ran.err).split())


@pytest.fixture
def project(start: Start) -> Project:
    made = start()
    made.edit("compose.yaml", PORTS, MINE)
    made.commit("Another port")
    return made


@pytest.mark.parametrize("choice", ["mine", "both"])
def test_the_way_back_and_again(project: Project, choice: str) -> None:
    before = project.tree
    assert conflicted(project, "add", "ingress") == "compose.yaml"
    above, mine, below = parts(project.read("compose.yaml"))
    chosen = {"mine": mine, "both": combined(mine)}[choice]
    resolve(project, "compose.yaml", above + chosen + below)
    resolved = project.tree
    answer = project.head[:7]

    removed = project.aegis("remove", "ingress")
    assert project.tree == before
    if choice != "mine":
        assert f"resolved as in {answer}" in told(removed)
    again = project.aegis("add", "ingress")
    assert "resolved as in" in told(again)
    assert project.tree == resolved


def test_edits_since_then_stay(project: Project) -> None:
    conflicted(project, "add", "ingress")
    before = project.git("show", "HEAD:compose.yaml") + "\n"
    above, mine, below = parts(project.read("compose.yaml"))
    resolve(project, "compose.yaml", above + combined(mine) + below)
    project.edit("compose.yaml", "\nservices:\n", "\nservices:\n  # ours\n")
    project.commit("A word")
    project.aegis("remove", "ingress")
    assert project.read("compose.yaml") == before.replace(
        "\nservices:\n", "\nservices:\n  # ours\n"
    )


def test_what_was_written_besides_is_not_taken_back(project: Project) -> None:
    conflicted(project, "add", "ingress")
    above, mine, below = parts(project.read("compose.yaml"))
    own = "    hostname: mine\n"
    resolve(project, "compose.yaml", above + combined(mine) + own + below)
    ran = project.aegis("remove", "ingress", "--dry-run", code=3)
    assert "compose.yaml" in ran.out + ran.err
    project.aegis("remove", "ingress", code=3)
    assert own in project.read("compose.yaml")


def test_what_was_written_around_is_not_taken_back(project: Project) -> None:
    """The line below the conflict was changed in the commit that resolved it."""
    conflicted(project, "add", "ingress")
    above, mine, below = parts(project.read("compose.yaml"))
    below = below.replace("healthcheck:\n", "healthcheck:  # mine\n", 1)
    resolve(project, "compose.yaml", above + mine + below)
    project.aegis("remove", "ingress", code=3)
    assert "healthcheck:  # mine\n" in project.read("compose.yaml")


def test_where_no_place_was_marked_only_the_order_is_an_answer(project: Project) -> None:
    """Two services of one name do not parse; what else changed on that day stays."""
    own, other = "  redis:\n    image: mine\n\n", "  own:\n    image: own:1\n    hostname: own\n\n"
    project.edit("compose.yaml", "\nvolumes:\n", f"{own}{other}\nvolumes:\n")
    project.commit("A Redis of mine")
    conflicted(project, "add", "cache")
    text = project.read("compose.yaml").replace(own, "").replace("    hostname: own\n", "")
    text = text.replace("interval: 10s", "interval: 99s").replace("own:1", "own:2")
    resolve(project, "compose.yaml", text)
    project.aegis("remove", "cache", code=3)
    left = project.read("compose.yaml")
    assert all(line in left for line in ("interval: 99s", "own:2"))
    assert "hostname" not in left


def test_a_new_question_is_asked(project: Project) -> None:
    conflicted(project, "add", "ingress")
    above, mine, below = parts(project.read("compose.yaml"))
    resolve(project, "compose.yaml", above + combined(mine) + below)
    project.aegis("remove", "ingress")
    project.edit("compose.yaml", "127.0.0.1:9000", "127.0.0.1:9999")
    project.commit("Yet another port")
    assert conflicted(project, "add", "ingress") == "compose.yaml"
    assert "127.0.0.1:9999" in project.read("compose.yaml")


def test_a_file_that_both_added(start: Start) -> None:
    project = start()
    path, mine = "app/components/worker/registry.py", '"""Mine."""\n\nTASKS = ()\n'
    project.write(path, mine)
    before = project.commit("A registry")
    assert conflicted(project, "add", "worker") == path
    project.git("checkout", "--quiet", "--ours", "--", path)
    resolve(project, path, project.read(path))
    project.aegis("remove", "worker")
    assert project.git("diff", before) == ""
    project.aegis("add", "worker")
    assert project.read(path) == mine


def test_a_file_that_was_kept(start: Start) -> None:
    project = start("worker")
    path = "app/components/worker/registry.py"
    mine = project.read(path) + "# mine\n"
    project.write(path, mine)
    project.commit("Mine")
    assert conflicted(project, "remove", "worker") == path
    resolve(project, path, mine)
    project.aegis("add", "worker")
    assert project.read(path) == mine
    project.aegis("remove", "worker")
    assert project.read(path) == mine


def test_a_record_that_was_only_corrected_is_no_answer(start: Start) -> None:
    """A merge lost its line; nobody was asked about the file when `repair` wrote it again."""
    project = start("cache")
    path = "app/components/cache/health.py"
    project.edit(path, "The cache's health.", "Our cache's health.")
    project.edit("aegis.toml", "cache = {", "# cache = {")
    project.commit("Lose a line")
    project.aegis("repair")
    assert conflicted(project, "remove", "cache") == path


def test_over_releases(start: Start) -> None:
    """The same question, though the release has changed in the meantime."""
    project = start(version=OLDER)
    line = next(line for line in project.read("compose.yaml").splitlines(True) if "ports:" in line)
    project.edit("compose.yaml", line, MINE)
    project.commit("Another port")
    before = project.tree
    conflicted(project, "add", "ingress")
    above, mine, below = parts(project.read("compose.yaml"))
    resolve(project, "compose.yaml", above + combined(mine) + below)
    project.aegis("rebase-upstream")
    project.aegis("remove", "ingress")
    project.aegis("rebase-upstream", "--to", OLDER)
    assert project.tree == before


# No line is lost, whatever was asked, answered, amended and edited later.


@given(st.data())
def test_what_is_recalled_loses_nothing(store: pygit2.Repository, data: st.DataObject) -> None:
    """Base lines are b, theirs t, the user's u; a combined line c stands for one of the user's."""
    base = [f"b{n}" for n in range(10)]
    ours = edited(data, base, "u")
    wanted = edited(data, base, "t")
    then = Sides("a", entry(store, base), entry(store, ours), entry(store, wanted))
    plan = Plan(tiny.tree(store, {}), tiny.tree(store, {}), tiny.tree(store, {}), None)
    asked = one_path.merge(plan, then)
    if not isinstance(asked, Conflict):
        return
    result = answer(data, read(store, asked.marked))
    result = edited(data, result, "a") if data.draw(st.booleans()) else result
    head = edited(data, result, "h") if data.draw(st.booleans()) else result
    made = entry(store, result)
    for old, new, back in ((then.theirs, then.base, True), (then.base, then.theirs, False)):
        now = Sides("a", old, entry(store, head), new)
        merged = past_resolutions.retried(plan, now, then, made)
        if isinstance(merged, Conflict):
            continue
        lines = read(store, merged)
        lost, returned = {*head} - {*lines}, {*lines} - {*head}
        kept = "haeu" if back else "hae"
        assert not [line for line in lost if line[0] in kept], (head, lines)
        assert len([line for line in lost if line[0] == "c"]) <= len(returned), (head, lines)
        if back and head == result:
            assert not [line for line in lines if line[0] == "t"], (head, lines)


def entry(store: pygit2.Repository, lines: list[str]) -> Entry:
    text = "".join(f"{line}\r.\n" for line in lines)  # which git takes for one line each
    return Entry.written(store, text.encode())


def read(store: pygit2.Repository, entry: Entry | None) -> list[str]:
    return [line.removesuffix("\r.") for line in bytes_of(entry).decode().split("\n")[:-1]]


def edited(data: st.DataObject, lines: list[str], who: str) -> list[str]:
    """Up to three places at which a line is replaced, put in or taken out."""
    made, used = list(lines), data.draw(st.lists(st.integers(0, 99), max_size=3, min_size=1))
    for number, place in enumerate(used):
        at = place % (len(made) + 1)
        how = data.draw(st.sampled_from(("replace", "insert", "delete")))
        text = [] if how == "delete" else [f"{who * 9}{number}"]
        made[at : at + (how != "insert")] = text
    return made


def answer(data: st.DataObject, lines: list[str]) -> list[str]:
    """A resolution: each place as one side, both, or with a line that combines; perhaps more."""
    out: list[str] = []
    done = 0
    for number, place in enumerate(conflict_markers.places([line.encode() for line in lines])):
        out += lines[done : place.start]
        mine, wanted = ([each.decode() for each in side] for side in (place.mine, place.wanted))
        combined = [f"c{number}-{mine[0]}", *mine[1:]] if mine else []
        out += data.draw(st.sampled_from((mine, wanted, mine + wanted, combined)))
        out += data.draw(st.sampled_from(([], [], [f"eeeeeeeee{number}"])))
        done = place.stop
    return out + lines[done:]
