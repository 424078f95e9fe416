"""A component comes out of the commits that somebody made in a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Project, begun

SHOP = ("--answer", "project_name=Corner Shop", "--components", "greet")
BELL = '"""Rings."""\n\n\ndef line() -> str:\n    """What it says."""\n    return "Ding."\n'


@pytest.fixture(name="own")
def with_a_release(own: Project) -> Project:
    own.git("tag", "v1.0")
    return own


@pytest.fixture
def shop(own: Project) -> Project:
    """A project of that upstream in which somebody has worked before."""
    made = begin(own, own.path.parent / "shop", *SHOP)
    made.edit(".env.example", "# yours below\n", "# yours below\n# MINE=1\n")
    made.write("README.md", made.read("README.md") + "\nOurs since 1900.\n")
    made.commit("Before")
    made.git("tag", "before")
    return made


def begin(own: Project, place: Path, *words: str) -> Project:
    return begun(place, "--upstream", str(own.path), *words)


def ring(shop: Project) -> None:
    shop.write("app/components/bell.py", BELL)
    shop.edit(".env.example", "# MINE=1\n", "# MINE=1\n\n# How it rings\n# BELL=Ding.\n")
    shop.commit("Ring the bell\n\nCustomers come in at the back, and nobody hears them there.")


def extract(own: Project, shop: Project, *words: str, code: int = 0) -> Any:
    asked = ("upstream", "--json", "extract", "bell", "before..", "--project", str(shop.path))
    return own.aegis(*asked, *words, code=code).json


def test_commits_become_a_component(tmp_path: Path, own: Project, shop: Project) -> None:
    ring(shop)
    shop.edit("pyproject.toml", "    # yours below: dev\n", '    # yours below: dev\n    "nox",\n')
    shop.edit(".env.example", "BELL=Ding.", "BELL=Dong.")
    shop.edit("README.md", "Run its tests", "Ring it.\n\nRun its tests")
    shop.commit("Ring longer\n\nOne ring is too short to be heard from behind the counter.")
    made = extract(own, shop)
    assert made["series"] == [{"name": "bell", "patches": 2, "changed": 2}]
    assert (made["left_out"], made["problems"]) == ([], [])
    own.describe("bell")
    assert own.aegis("upstream", "series", "check", "bell").out == "Nothing is wrong.\n"
    shop.path.rename(tmp_path / "away")
    assert "Ring longer" in Project(own.path / ".series/bell").git("log", "-p")
    own.commit("The bell")
    own.git("tag", "v1.1")
    words = ("--answer", "project_name=Other", "--components", "bell")
    other = begin(own, tmp_path / "other", *words)
    wanted = (
        "# Settings; copy this file to .env.\n\n\n# How it rings\n# BELL=Dong.\n# yours below\n"
    )
    assert other.read(".env.example") == wanted
    assert other.read("app/components/bell.py") == BELL
    assert '    "nox",\n    # yours below: dev\n' in other.read("pyproject.toml")
    assert other.read("README.md").startswith("# Other\n")
    assert "Ring it.\n" in other.read("README.md")
    assert "1900" not in other.read("README.md")


def test_lines_right_above_an_anchor_fit_without_the_component_above_them(
    own: Project, shop: Project
) -> None:
    shop.edit(".env.example", "# yours below\n", "# BELL=Ding.\n# yours below\n")
    shop.commit("Ring the bell")
    extract(own, shop)
    made = Project(own.path / ".series/bell").read(".env.example")
    assert made == "# Settings; copy this file to .env.\n\n# BELL=Ding.\n# yours below\n"


def test_a_subject_may_be_longer_than_the_name_of_a_file(own: Project, shop: Project) -> None:
    ring(shop)
    shop.git("commit", "--quiet", "--amend", "--message", "bell " * 60)
    assert extract(own, shop)["series"][0]["patches"] == 1


def test_other_work_is_left_out(own: Project, shop: Project) -> None:
    shop.write("prices.csv", "tea,1\n")
    ring(shop)
    shop.aegis("remove", "greet")
    shop.write("prices.csv", "tea,2\n")
    shop.write("docs/bell.md", "It rings.\n")
    shop.commit("Explain the bell, and make tea dearer")
    made = extract(own, shop, "--", "app/components/bell.py", "docs/", ".env.example")
    assert made["series"][0]["patches"] == 2
    ids = shop.git("log", "--reverse", "--format=%h", "--abbrev=7", "before..").splitlines()
    assert made["left_out"] == [
        f"{ids[0]} Ring the bell: prices.csv",
        f'{ids[1]} Revert "Add greet": it changes aegis.toml, as aegis does',
        f"{ids[2]} Explain the bell, and make tea dearer: prices.csv",
    ]
    assert "tea" not in Project(own.path / ".series/bell").git("log", "-p", "--format=")


def test_a_file_is_split_by_hunk(own: Project, shop: Project) -> None:
    shop.edit("README.md", "# Corner Shop\n", "# The Corner Shop\n")
    shop.edit("README.md", "Run its tests", "Ring it.\n\nRun its tests")
    shop.edit(".env.example", "# Settings;", "# All settings;")
    shop.edit(".env.example", "# MINE=1\n", "# MINE=1\n\n# How it rings\n# BELL=Ding.\n")
    (shop.path / "bell.ogg").write_bytes(b"\0ding")
    shop.write("app/components/bell.py", BELL)
    shop.commit("Ring, and be the shop")
    shop.edit(".env.example", "# MINE=1\n", "# MINE=2\n")
    shop.edit(".env.example", "# BELL=Ding.\n", "# BELL=Dong.\n")
    shop.git("rm", "--quiet", "bell.ogg")
    shop.commit("Ring longer")
    listed = extract(own, shop, "--dry-run")
    first, last = shop.git("log", "-2", "--reverse", "--format=%h", "--abbrev=7").split()
    assert listed["hunks"][2] == {
        "number": 3,
        "commit": f"{first} Ring, and be the shop",
        "where": "README.md:1",
        "text": "-# Corner Shop\n+# The Corner Shop\n",
    }
    assert [f"{each['number']} {each['where']}" for each in listed["hunks"]] == [
        *("1 .env.example:1", "2 .env.example:8", "3 README.md:1", "4 README.md:9"),
        *("5 app/components/bell.py:1", "6 bell.ogg:1"),
        *("7 .env.example:7", "8 .env.example:10", "9 bell.ogg:1"),
    ]
    assert listed["hunks"][4]["text"] == "new file, 6 lines"
    assert listed["hunks"][8]["text"] == "deleted file, binary"
    assert not own.git("status", "--porcelain", "--ignored")
    assert listed["next"].endswith("--hunks 1-9`")
    error = extract(own, shop, "--hunks", "2,9-10", code=1)["error"]
    assert error["what"] == "No hunk 9-10: they are numbered from 1 to 9."
    assert own.paste(error["next"]).endswith("--hunks 1-9`\n")
    made = extract(own, shop, "--hunks", "4-5,2,8")
    assert made["left_out"] == [
        f"{first} Ring, and be the shop: hunk 1 (.env.example:1), hunk 3 (README.md:1), "
        "hunk 6 (bell.ogg:1)",
        f"{last} Ring longer: hunk 7 (.env.example:7), hunk 9 (bell.ogg:1)",
    ]
    place = Project(own.path / ".series/bell")
    assert place.subjects[:2] == ["Ring longer", "Ring, and be the shop"]
    assert place.read(".env.example") == (
        "# Settings; copy this file to .env.\n\n\n# How it rings\n# BELL=Dong.\n# yours below\n"
    )
    assert place.read("README.md").startswith("# Amber Finch\n")
    assert "Ring it." in place.read("README.md")
    assert not (place.path / "bell.ogg").exists()


def test_a_commit_that_does_not_fit_stops_as_git_does(own: Project, shop: Project) -> None:
    shop.edit("README.md", "## Run it", "## Start")
    shop.commit("Before, too")
    shop.git("tag", "--force", "before")
    ring(shop)
    shop.edit("README.md", "## Start", "## Start, and ring")
    shop.commit("Say that there is a bell\n\nBecause nobody would look for one on a counter.")
    shop.write("docs/bell.md", "It rings.\n")
    shop.commit("Explain the bell\n\nBecause a page of its own is where people look for it.")
    error = extract(own, shop, code=1)["error"]
    assert error["what"].startswith("A patch of bell doesn't fit.")
    assert "`git cherry-pick --continue`" in error["what"]
    assert "both modified" in own.paste(error["next"])
    shop.path.rename(shop.path.parent / "away")
    place = Project(own.path / ".series/bell")
    text = place.read("README.md")
    before, after = text.partition("<<<<<<<")[0], text.partition(">>>>>>>")[2].partition("\n")[2]
    place.write("README.md", f"{before}## Run it, and ring\n{after}")
    place.git("add", "--all")
    place.git("cherry-pick", "--continue")
    assert own.aegis("upstream", "series", "save", "bell").out == "bell: 3 patches, 3 changed\n"
    own.describe("bell")
    assert own.aegis("upstream", "series", "check", "bell").out == "Nothing is wrong.\n"


def test_a_line_with_an_answer_is_not_a_components(own: Project, shop: Project) -> None:
    ring(shop)
    shop.edit("README.md", "# Corner Shop\n", "# The Corner Shop\n")
    shop.commit("The")
    error = extract(own, shop, code=1)["error"]
    assert error["where"] == "README.md:1"
    assert "a line with an answer of the project" in error["what"]
    assert not (own.path / "patches/bell").exists()
    extract(own, shop, "--", "app", ".env.example")


def test_names_of_the_project_are_found(own: Project, shop: Project) -> None:
    shop.write("docs/bell.md", "# Bell\n\nThe Corner Shop has one; ask corner-shop-bell.\n")
    ring(shop)
    shop.edit("pyproject.toml", "pythonpath", 'name = "corner-shop"\npythonpath')
    shop.commit("Name it")
    found = extract(own, shop, code=1)["problems"]
    assert [(each["where"], each["what"]) for each in found] == [
        (".series/bell/docs/bell.md:3", "it holds the project's project_name, 'Corner Shop'"),
        (".series/bell/pyproject.toml:21", "it holds the project's slug, 'corner-shop'"),
    ]


def test_an_own_answer_is_found_among_its_choices(tmp_path: Path, own: Project) -> None:
    own.edit("base/aegis.toml", "\n[components]", 'region = "eu-amber"\n\n[components]')
    offered = '\n[identity.choices]\nregion = ["eu-amber", "us-cobalt"]\n'
    own.write("base/aegis.toml", own.read("base/aegis.toml") + offered)
    own.write("base/README.md", own.read("base/README.md") + "\nIt runs in eu-amber.\n")
    own.commit("Ask for the region")
    own.git("tag", "v1.1")
    shop = begin(own, tmp_path / "shop", "--answer", "region=us-cobalt")
    shop.git("tag", "before")
    shop.write("docs/bell.md", "It rings in us-cobalt.\n")
    shop.commit("Explain it")
    [found] = extract(own, shop, code=1)["problems"]
    assert found["what"] == "it holds the project's region, 'us-cobalt'"
    own.git("clean", "-qffdx")
    shop.edit("aegis.toml", "[identity.choices]", "<<<<<<< ours\n[identity.choices]")
    shop.commit("Broken")
    shop.git("tag", "--force", "before")
    shop.edit("README.md", "Run its tests", "Ring it.\n\nRun its tests")
    shop.commit("Ring")
    shop.git("revert", "--no-edit", "before")
    assert "it has conflict markers" in extract(own, shop, code=1)["error"]["what"]


def test_a_merge_counts_if_it_brings_something(own: Project, shop: Project) -> None:
    shop.git("switch", "--quiet", "--create", "side")
    ring(shop)
    shop.git("switch", "--quiet", "main")
    shop.write("docs/bell.md", "It rings.\n")
    shop.commit("Explain it")
    shop.git("merge", "--quiet", "side")
    assert extract(own, shop)["series"][0]["patches"] == 2
    own.git("clean", "-qffdx")
    shop.write("docs/bell.md", "It rings and rings.\n")
    shop.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    error = extract(own, shop, code=1)["error"]
    assert "is a merge with work of its own (docs/bell.md)" in error["what"]
    extract(own, shop, "--", "app")


def test_a_project_may_be_below_the_top_of_its_repository(own: Project, tmp_path: Path) -> None:
    whole = Project(tmp_path / "whole")
    whole.path.mkdir()
    whole.git("init", "--quiet", "--initial-branch=main")
    begin(own, tmp_path / "made", *SHOP)
    (tmp_path / "made/.git").rename(tmp_path / "old.git")
    (tmp_path / "made").rename(whole.path / "shop")
    whole.commit("All")
    whole.git("tag", "before")
    whole.write("elsewhere", "x\n")
    shop = Project(whole.path / "shop")
    shop.write("app/components/bell.py", BELL)
    whole.commit("Ring")
    extract(own, shop)
    assert Project(own.path / ".series/bell").read("app/components/bell.py") == BELL


def test_what_it_requires_is_asked_for(own: Project, shop: Project) -> None:
    shop.edit("app/components/greet.py", "Hello!", "Ding!")
    shop.commit("Ring instead")
    error = extract(own, shop, code=1)["error"]
    assert "changes a file of greet, which bell doesn't require" in error["what"]
    assert error["next"].endswith("--requires greet")
    own.paste(error["next"])
    assert 'requires = ["greet"]' in own.read("patches/bell/component.toml")
    assert "Ding!" in own.read("patches/bell/ring-instead.patch")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("greet before..", 1, "greet exists already."),
        ("a/b before..", 1, "isn't a component's name"),
        ("bell before..before", 1, "holds no commit"),
        ("bell nope..", 1, "git knows no range nope.."),
        ("bell before", 2, "is no range"),
        ("bell before.. --hunks 1,x", 2, "'1,x' lists no hunks"),
        ("bell before.. -- nope", 1, "No commit of before.. changes what is asked for."),
        ("bell before.. --requires x", 1, "No component 'x'."),
        ("bell before.. -- late", 1, "that no commit before it makes"),
        ("bell", 2, "Missing argument 'REV..REV'."),
    ],
)
def test_what_cannot_be_done_is_refused(
    own: Project, shop: Project, words: str, code: int, says: str
) -> None:
    shop.write("late", "1\n")
    shop.commit("Late")
    shop.git("tag", "--force", "before")
    shop.write("late", "2\n")
    shop.commit("Later")
    asked = ("upstream", "--json", "extract", "--project", str(shop.path), *words.split())
    error = own.aegis(*asked, code=code).json["error"]
    assert says in error["what"]
    assert not own.git("status", "--porcelain")
    assert not [*own.path.glob(".series/*/")]
    if "?" not in error["next"]:
        own.paste(error["next"])


def test_work_that_is_in_no_commit_is_refused(own: Project, shop: Project) -> None:
    ring(shop)
    shop.write("new", "x\n")
    error = extract(own, shop, code=1)["error"]
    assert "uncommitted changes" in error["what"]
    assert "?? new" in own.paste(error["next"].replace("status", "status --porcelain"))


def test_a_project_of_another_upstream_is_refused(own: Project, shop: Project) -> None:
    ring(shop)
    shop.edit("README.md", "Run its", "Ring. Run its")
    shop.commit("Ring")
    own.git("commit", "--amend", "--quiet", "--message", "Anew")
    own.git("tag", "--delete", "v1.0")
    own.git("reflog", "expire", "--expire=now", "--all")
    own.git("gc", "--quiet", "--prune=now")
    error = extract(own, shop, code=1)["error"]
    assert "The project is at release 1.0" in error["what"]
