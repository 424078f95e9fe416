"""What the user took early from a later release is the release's, once that is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from aegis_patch.upstream import fork
from tests import tiny
from tests.conftest import Project, Start, begun
from tests.tiny import EXEC, FILE, Files

RECORD = b"""[upstream]
url = ""
release = ""
commit = ""

[answers]
project_name = "Base Name"
description = "d."
author_name = "Ann Author"
author_email = "ann@a.example"

[components]
"""
TOLD = "you already had this"
Releases = Mapping[str, Files]
Extra = Mapping[str, Mapping[str, Files]]
Publish = Callable[..., Start]


def write(project: Project, files: Files) -> None:
    """The whole worktree, but for the record and git's own."""
    tracked = project.git("ls-files").splitlines()
    for path in {*tracked} - {"aegis.toml"}:
        (project.path / path).unlink()
    for path, content in files.items():
        data, mode = (content, FILE) if isinstance(content, bytes) else content
        project.write(path, data.decode())
        (project.path / path).chmod(0o755 if mode == EXEC else 0o644)


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """An upstream with these releases, what components make of each, and projects of it."""
    up = Project(tmp_path / "up")
    up.path.mkdir()
    up.git("init", "--quiet")

    def begin(*names: str, version: str = "1.0") -> Project:
        at = tmp_path / str(len([*tmp_path.iterdir()])) / "mine"
        named = ["--components", ",".join(names)] if names else []
        return begun(at, "--upstream", str(up.path), "--upstream-version", version, *named)

    def publish(releases: Releases, components: Extra | None = None) -> Start:
        for version, files in releases.items():
            base = {"aegis.toml": RECORD, **files}
            write(up, {f"base/{path}": data for path, data in base.items()})
            up.write("patches/.keep", "")
            for name, made in (components or {}).items():
                if version in made:
                    _series(up, name, base, {**base, **made[version]}, list(components or {}))
            up.git("add", "--all")
            up.git("commit", "--quiet", "--allow-empty", "--message", version)
            up.git("tag", version)
        return begin

    return publish


def _series(up: Project, name: str, base: Files, after: Files, known: list[str]) -> None:
    parts = [part for part in name.split("+") if part in known] if "+" in name else []
    kind = "integration" if parts else "component"
    about = tiny.component_files(kind=f'"{kind}"', requires=json.dumps(parts))
    with tiny.empty_store() as store:
        ((file, patch),) = tiny.series(store, base, after, "Add it")
        texts = {**about, "series": f"{file}\n".encode(), file: patch.data}
    for path in ("component.toml", "series", file):
        up.write(f"patches/{name}/{path}", texts[path].decode())


ONE = b"one\ntwo\nthree\nfour\nfive\n"
FIXED = ONE.replace(b"three", b"three = fixed")
DEPENDS = b'[project]\ndependencies = [\n    "a>=1",\n    # yours below\n]\n'
WITH = DEPENDS.replace(b"    # yours", b'    "b>=1",\n    # yours')
LATER: dict[str, tuple[Files, Files, Files]] = {
    "a changed line, changed again": ({"f": ONE}, {"f": FIXED}, {"f": ONE.replace(b"three", b"3")}),
    "a line put in, taken out": ({"f": ONE}, {"f": ONE + b"six\n"}, {"f": ONE}),
    "a line taken out, put in": ({"f": ONE}, {"f": ONE.replace(b"two\n", b"")}, {"f": ONE}),
    "a file put in, changed": ({"f": ONE}, {"f": ONE, "g": ONE}, {"f": ONE, "g": FIXED}),
    "a file put in, taken away": ({"f": ONE}, {"f": ONE, "g": ONE}, {"f": ONE}),
    "a file taken away, put in": ({"f": ONE, "g": ONE}, {"f": ONE}, {"f": ONE, "g": FIXED}),
    "a mode": ({"f": ONE}, {"f": (ONE, EXEC)}, {"f": (FIXED, FILE)}),
    "a dependency, raised": (
        {"pyproject.toml": DEPENDS},
        {"pyproject.toml": WITH},
        {"pyproject.toml": WITH.replace(b"b>=1", b"b>=2")},
    ),
    "a dependency, taken out": (
        {"pyproject.toml": DEPENDS},
        {"pyproject.toml": WITH},
        {"pyproject.toml": DEPENDS},
    ),
}


@pytest.mark.parametrize("what", LATER)
def test_what_was_taken_early_leaves_as_it_came(publish: Publish, what: str) -> None:
    """There and back: HEAD is pristine at each release, and so is what comes of it."""
    releases = dict(zip(("1.0", "1.1", "1.2"), LATER[what], strict=True))
    start = publish(releases)
    project, wanted = start(), {version: start(version=version).tree for version in releases}
    write(project, releases["1.1"])
    project.commit("Backport")
    for version in ("1.1", "1.2", "1.1", "1.0"):
        ran = project.aegis("rebase-upstream", "--to", version)
        assert TOLD not in ran.out + ran.err
        assert (version, project.tree) == (version, wanted[version])


def test_what_was_taken_early_and_moved(publish: Publish) -> None:
    start = publish({"1.0": {"f": ONE}, "1.1": {"f": FIXED + b"six\n"}, "1.2": {"f": FIXED}})
    project = start()
    write(project, {"down/g": FIXED + b"six\n"})
    project.commit("Backport, and moved")
    project.aegis("rebase-upstream", "--to", "1.1")
    project.aegis("rebase-upstream")
    assert project.read("down/g") == FIXED.decode()


LIST = b"list\n# extra\nend\n# more\nlast\n"
ITEM = LIST.replace(b"end", b"extra item\nend")
EXTRA = {
    "1.0": {"list": ITEM, "extra": ONE},
    "1.1": {"list": ITEM.replace(b"last", b"and another\nlast"), "extra": FIXED},
    "1.2": {"list": ITEM.replace(b"last", b"and another\nlast"), "extra": ONE},
}


def test_a_components_later_patch_taken_early_leaves_with_it(publish: Publish) -> None:
    start = publish({version: {"list": LIST} for version in EXTRA}, {"extra": EXTRA})
    project = start("extra")
    write(project, EXTRA["1.1"])
    project.commit("Backport")
    for version in ("1.1", "1.2"):
        assert TOLD not in project.aegis("rebase-upstream", "--to", version).out
        assert project.tree == start("extra", version=version).tree
    project.aegis("remove", "extra")
    assert project.tree == start(version="1.2").tree


def test_what_an_add_found_is_kept_by_a_remove_releases_later(publish: Publish) -> None:
    """And of a release that the user took early nothing is, though it is the component's too."""
    start = publish({version: {"list": LIST} for version in EXTRA}, {"extra": EXTRA})
    project = start()
    write(project, {"list": ITEM})
    project.commit("Mine")
    assert TOLD in project.aegis("add", "extra").out
    project.edit("list", "last\n", "and another\nlast\n")
    project.commit("Backport")
    assert TOLD not in project.aegis("rebase-upstream").out
    project.aegis("remove", "extra")
    assert project.read("list") == ITEM.decode()


BOTH = {"1.2": {"list": ITEM}}


def test_what_comes_with_a_component_at_a_rebase_and_goes_with_it(publish: Publish) -> None:
    """An integration that only the newer release has: there it joins, and here it leaves."""
    base = {version: {"list": LIST, "f": ONE} for version in ("1.0", "1.1")}
    base["1.2"] = {"list": LIST, "f": FIXED}
    one, two = ({version: {name: ONE} for version in base} for name in ("one", "two"))
    start = publish(base, {"one": one, "two": two, "one+two": BOTH})
    project = start("one", "two", version="1.1")
    write(project, {"list": ITEM, "f": FIXED, "one": ONE, "two": ONE})
    project.commit("Mine, and a backport")
    told = project.aegis("rebase-upstream").out
    assert f"{TOLD}; it stays when the component is removed: extra item" in told
    assert "fixed" not in told
    project.aegis("rebase-upstream", "--to", "1.1")
    assert project.read("list") == ITEM.decode()
    assert project.read("f") == ONE.decode()


MORE = ONE.replace(b"three", b"three = fixed, and better")
NEW, BETTER = {"f": ONE, "g": ONE}, {"f": ONE, "g": MORE}
SETTLED: dict[str, tuple[Files, Files, Files, Files, Files]] = {
    "a line": ({"f": ONE}, {"f": FIXED}, {"f": MORE}, {"f": FIXED}, {"f": MORE}),
    "beside a line of mine": (
        *({"f": ONE}, {"f": FIXED}, {"f": MORE}),
        *({"f": b"mine\n" + FIXED}, {"f": b"mine\n" + MORE}),
    ),
    "a new file": ({"f": ONE}, NEW, BETTER, NEW, BETTER),
    "a file that goes": (NEW, BETTER, {"f": ONE}, BETTER, {"f": ONE}),
}
ASKED: dict[str, tuple[Files, Files, Files, Files]] = {
    "what the upstream never had": (
        *({"f": ONE}, {"f": FIXED}, {"f": MORE}),
        {"f": ONE.replace(b"three", b"three = mine")},
    ),
    "more of mine on the same line": (
        *({"f": ONE}, {"f": FIXED}, {"f": MORE}),
        {"f": FIXED.replace(b"fixed", b"fixed by me")},
    ),
    "mine in a file that goes": (
        *({"f": ONE, "g": ONE}, {"f": ONE, "g": FIXED}, {"f": ONE}),
        {"f": ONE, "g": FIXED + b"mine\n"},
    ),
    "a bracket that the upstream had for a while": (
        *({"f": ONE}, {"f": ONE.replace(b"three", b")")}, {"f": MORE}),
        {"f": ONE.replace(b"three", b")")},
    ),
    "a line that the upstream took out and wrote anew": (
        *({"f": ONE}, {"f": ONE.replace(b"three\n", b"")}, {"f": MORE}),
        {"f": ONE.replace(b"three\n", b"")},
    ),
    "a line that the upstream has elsewhere": (
        *({"f": ONE}, {"f": ONE.replace(b"five", b"extra")}),
        *({"f": ONE.replace(b"four\nfive", b"extra")}, {"f": ONE.replace(b"five", b"extra\nfive")}),
    ),
    "what the upstream took back": (
        *({"f": ONE}, {"f": FIXED.replace(b"two", b"2")}, {"f": MORE}),
        {"f": FIXED.replace(b"two", b"2")},
    ),
    "what the upstream took out elsewhere": (
        *({"f": ONE}, {"f": b"early\n" + FIXED}, {"f": MORE}),
        {"f": b"early\n" + FIXED},
    ),
}


@pytest.mark.parametrize("what", SETTLED)
def test_a_release_that_goes_on_from_what_was_taken_early(publish: Publish, what: str) -> None:
    *states, mine, wanted = SETTLED[what]
    start = publish(dict(zip(("1.0", "1.1", "1.2"), states, strict=True)))
    project = start()
    write(project, mine)
    project.commit("Backport")
    done = project.aegis("rebase-upstream", "--strict", "--json").json
    (note,) = done["commits"][0]["notes"]
    assert note["text"] == "you took changes early; merged through 1.1"
    tracked = {*project.git("ls-files").splitlines()} - {"aegis.toml"}
    assert {path: project.read(path).encode() for path in tracked} == wanted


def test_the_mirror_of_a_fork_that_is_gone_names_the_state_with_most_of_it(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, last = (
        text.replace(b"one", b"1").replace(b"five", b"5") for text in (ONE, FIXED, MORE)
    )
    releases = {"1.0": {"f": ONE}, "1.1": {"f": first}, "1.2": {"f": second}, "1.3": {"f": last}}
    project = publish(releases)()
    write(project, releases["1.2"])
    project.commit("Backport")
    up = project.path.parent.parent / "up"
    monkeypatch.setattr(fork, "asked", {str(up)})  # as in a fleet: the verb has its tags
    up.rename(up.with_name("gone"))
    assert "merged through 1.2" in project.aegis("rebase-upstream", "--to", "1.3").out
    assert project.read("f").encode() == last


@pytest.mark.parametrize("what", ASKED)
def test_what_is_not_the_upstreams_is_asked(publish: Publish, what: str) -> None:
    *states, mine = ASKED[what]
    project = publish(dict(zip(("1.0", "1.1", "1.2"), states, strict=True)))()
    write(project, mine)
    project.commit("Mine")
    project.aegis("rebase-upstream", code=3)


def test_commits_between_two_releases_tell_what_was_taken_early(publish: Publish) -> None:
    """Nobody released them; one that is broken tells nothing."""
    states = {"1.0": {"f": ONE}, "early": {"f": FIXED}, "broken": {"f": ONE}, "1.1": {"f": MORE}}
    start = publish(states)
    project = start()
    up = Project(project.path.parent.parent / "up")
    up.git("checkout", "--quiet", "early")
    early = up.head
    up.git("rm", "-rq", "base")
    up.git("commit", "--quiet", "--message", "Break it")
    up.write("base/f", MORE.decode())
    up.git("checkout", "--quiet", "1.1", "--", "base")
    up.commit("Mend it")
    up.git("tag", "--delete", "early", "broken")
    up.git("tag", "--force", "1.1")
    write(project, {"f": FIXED})
    project.commit("Backport")
    assert f"merged through {early[:12]}" in project.aegis("rebase-upstream").out
    assert project.tree == start(version="1.1").tree
    project.aegis("rebase-upstream", "--to", "1.0")
    assert project.tree == start().tree
