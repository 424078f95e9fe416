"""`aegis upstream check` finds, before a tag is made, what would fail in a user's project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aegis_patch.maintain import checkout, rules
from aegis_patch.stack import component, patch, update_notes
from aegis_patch.upstream import identity_files, untrusted
from tests.conftest import ROOT, Project, needs, run
from tests.maintain.test_series import pasted
from tests.promises import test_hostile as hostile
from tests.promises.test_hostile import BASE


@pytest.mark.parametrize("name", hostile.RELEASES)
def test_a_release_that_a_user_refuses_is_found(tmp_path: Path, name: str) -> None:
    files, _ = hostile.RELEASES[name]
    top = {path.partition("/")[0] for path in files if "/" not in path}
    kept = {path: data for path, data in BASE.items() if path.partition("/")[0] not in top}
    fork = hostile.publish(tmp_path / "fork.git", {**kept, **files})
    ran = run("-C", fork, "upstream", "check", "v1.0", "--json")
    assert ran.code == 1
    assert ran.json["problems"]
    assert all(each["where"] and each["what"] for each in ran.json["problems"])


def test_all_patches_that_a_user_refuses_are_found_at_once(tmp_path: Path) -> None:
    files = dict(BASE)
    for n, (patches, _) in enumerate(hostile.PATCHES.values()):
        files |= hostile.series(f"evil{n}", *patches)
    fork = hostile.publish(tmp_path / "fork.git", files)
    found = run("-C", fork, "upstream", "check", "v1.0", "--json").json["problems"]
    wanted = {f"patches/evil{n}/" for n in range(len(hostile.PATCHES))}
    assert set(re.findall(r"patches/evil\d+/", " ".join(each["where"] for each in found))) == wanted


@pytest.fixture
def starter(tmp_path: Path) -> Project:
    made = Project(tmp_path / "own")
    assert run("upstream", "new", made.path).code == 0
    made.commit("Start")
    return made


@pytest.mark.parametrize("branch", ["main", "trunk"])
def test_a_new_upstream_has_the_branch_that_a_new_project_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, branch: str
) -> None:
    """`main`, unless git is set otherwise: git alone would say `master`."""
    settings = tmp_path / "gitconfig"
    settings.write_text("" if branch == "main" else f"[init]\ndefaultBranch = {branch}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    made = Project(tmp_path / "own")
    assert run("upstream", "new", made.path).code == 0
    assert made.git("symbolic-ref", "--short", "HEAD") == branch


ABOUT, SERIES = "patches/greet/component.toml", "patches/greet/series"
PATCH = "patches/greet/greet-whoever-runs-the-program.patch"
SECOND = """title = "Meet"
summary = "Meets."
implementation = "Python"
kind = "component"
status = "available"
requires = []
"""


@pytest.mark.parametrize(
    ("path", "old", "new", "where", "what"),
    [
        (ABOUT, 'kind = "component"', 'kind = "plugin"', f"{ABOUT}:4", "it can be component, var"),
        (ABOUT, '"available"', '"done"', f"{ABOUT}:5", "it can be available, experimental"),
        (ABOUT, 'title = "Greet"\nsummary', "# summary", ABOUT, "it lacks title, summary"),
        (ABOUT, "requires = []", 'requires = ["post"]', ABOUT, "it requires 'post'"),
        (ABOUT, 'title = "Greet"', "title = Greet", "patches/greet", "cannot be read"),
        (SERIES, "greet", "meet\ngreet", "patches/greet", "meet is missing"),
        (PATCH, "+# What the", "+# What Amber Finch", f"{PATCH}:16", "project_name, 'Amber Finch'"),
        ("base/.env.example", "# Settings;", "# All;", f"{PATCH} at .env.example:1", "expected"),
        (
            "base/aegis.toml",
            "project_name",
            "# name",
            "base/aegis.toml",
            "project_name has no letter",
        ),
        ("base/aegis.toml", "author_email", "e-mail", "base/aegis.toml", "the answer 'e-mail'"),
        ("base/aegis.toml", "finley@amber.example", "finley", "base/aegis.toml", "e-mail address"),
        ("base/aegis.toml", "Amber Finch", "Blue Tit", "base/aegis.toml", "stands in none of"),
        ("base/README.md", "# Amber Finch", "# Amber Finches", "base/README.md:1", "another word"),
    ],
)
def test_each_fault_has_its_place(
    starter: Project, path: str, old: str, new: str, where: str, what: str
) -> None:
    starter.edit(path, old, new)
    [found] = starter.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert found["where"] == where
    assert what in found["what"]
    assert found["next"]
    assert starter.aegis("upstream", "check", "HEAD").out == "Nothing is wrong.\n"
    starter.commit()
    assert starter.aegis("upstream", "check", "HEAD", "--json", code=1).json["problems"] == [found]


def test_links_are_listed_all_at_once(starter: Project) -> None:
    for name in "ab":
        (starter.path / "base" / name).symlink_to("../../README.md")
    found = starter.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert [each["where"] for each in found] == ["base/a", "base/b"]


def second(own: Project, path: str, old: str, new: str, name: str = "meet") -> None:
    """Save another component of one patch."""
    own.write(f"patches/{name}/component.toml", SECOND)
    opened = Project(own.path / ".series" / name)
    own.aegis("upstream", "series", "open", name)
    opened.edit(path, old, new)
    opened.commit("Meet\n\nBecause people meet, and it is better to be ready for that.")
    own.aegis("upstream", "series", "save", name)


def test_components_that_clash_are_found_in_the_smallest_set(starter: Project) -> None:
    line = "# Settings; copy this file to .env.\n"
    for name in ("meet", "part"):
        second(starter, ".env.example", line, f"{line}# {name}\n", name)
    [found] = starter.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert found["where"] == "patches/part: .env.example:2"
    assert found["what"] == "with meet: both components change these lines"
    assert found["next"] == "aegis upstream series open part"


def test_a_line_beside_an_answer_is_found(starter: Project) -> None:
    second(starter, "README.md", "# Amber Finch\n", "# Amber Finch\n<!-- meets -->\n")
    [found] = starter.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert found["where"] == "base/README.md:1"
    assert found["what"] == "an answer stands here, and meet changes the line beside it"
    assert (
        "Write it into base/README.md, then `aegis upstream series refresh meet`" in found["next"]
    )


def test_what_went_without_a_note_is_found(starter: Project) -> None:
    starter.git("tag", "v1.0")
    starter.git("rm", "--quiet", "base/.gitignore")
    [found] = starter.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert '[[file]]\nname = ".gitignore"' in found["what"]
    starter.write("notes/1.1.toml", '[[file]]\nname = ".gitignore"\n')
    starter.aegis("upstream", "check")
    starter.commit()
    starter.git("tag", "v1.1")
    assert starter.aegis("upstream", "check", "v1.1").out == "Nothing is wrong.\n"
    starter.write("notes/1.2.toml", "[[nonsense]]\n")
    [found] = starter.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert (found["where"], found["next"]) == ("notes/1.2.toml", "cat -n notes/1.2.toml")
    starter.write("notes/1.2.toml", '\n[[data]]\ntext = "A"\ncomponents = ["gret"]\n')
    [found] = starter.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert (found["where"], found["what"]) == ("notes/1.2.toml", "there is no component 'gret'")
    assert found["next"] == "cat -n notes/1.2.toml"


def test_the_page_of_requirements_says_what_the_code_does() -> None:
    page = " ".join((ROOT / "docs/guides/upstream-requirements.md").read_text().split())
    numbers = [
        *(untrusted.MOST_FILES, patch.MOST_LINES, patch.MOST_HUNKS),
        *(rules.MOST_EDITED, rules.SHORTEST_WHY),
    ]
    assert [number for number in numbers if f" {number:,} " not in page.replace(".", " ")] == []
    for limit in (untrusted.MOST_BYTES, untrusted.LARGEST_FILE, patch.MOST_BYTES):
        assert f" {limit >> 20} MiB" in page
    assert component.MOST_BYTES == update_notes.MOST_BYTES == 64 << 10
    words = [*component.KINDS, *component.STATUSES, *identity_files.FILES, *checkout.PARTS]
    assert [word for word in words if f"`{word}" not in page] == []


def test_a_note_that_a_fork_merges_counts(starter: Project) -> None:
    """It has a version of the fork's own upstream."""
    starter.git("tag", "v1.0")
    starter.git("rm", "--quiet", "base/.gitignore")
    note = '[[file]]\nname = ".gitignore"\n[[behaviour]]\ntext = "Git ignores nothing."\n'
    starter.write("notes/0.7.toml", note)
    assert starter.aegis("upstream", "check").out == "Nothing is wrong.\n"
    starter.commit()
    starter.git("tag", "v1.1")
    begun = ("--yes", "--upstream", str(starter.path), "--upstream-version", "1.0")
    starter.aegis("init", "../shop", *begun)
    project = Project(starter.path.parent / "shop")
    for to in ("1.1", "1.0", starter.head):  # whose newest note has a version before 1.0
        found = project.aegis("rebase-upstream", "--to", to, "--json").json["update_notes"]
        if to != "1.0":
            assert [each["text"] for each in found] == ["Git ignores nothing."]


def test_a_lock_of_the_upstreams_is_no_change_of_the_users(starter: Project) -> None:
    starter.write("base/uv.lock", "version = 1\n")
    starter.git("add", "--force", "base/uv.lock")
    starter.commit()
    starter.git("tag", "v1.0")
    starter.aegis("init", "../shop", "--yes", "--upstream", str(starter.path))
    shop = Project(starter.path.parent / "shop")
    shop.write("uv.lock", "version = 2\n")
    shop.commit("Locked")
    assert shop.aegis("status", "--json").json["changed"] == []


def test_an_upstream_lists_its_own_components(starter: Project) -> None:
    for place in ("", "base", "patches/greet"):
        rows = run("-C", starter.path / place, "components", "--json").json["components"]
        assert [row["name"] for row in rows] == ["core", "greet"]


def test_a_release_that_is_broken_says_what_to_do(starter: Project) -> None:
    """Somebody tagged it without `check`."""
    starter.git("tag", "v1.0")
    starter.edit("base/.env.example", "# Settings;", "# All;")
    starter.commit()
    starter.git("tag", "v1.1")
    begin = ("init", "../shop", "--yes", "--upstream", str(starter.path), "--components", "greet")
    error = starter.aegis(*begin, "--json", code=4).json["error"]
    assert error["what"].startswith('Release 1.1 of this upstream is broken: expected "# Settings;')
    assert error["what"].endswith("Tell its maintainers, and use 1.0 until they release another.")
    assert error["where"] == f"{PATCH} at .env.example:1"
    pasted(starter, error["next"])
    shop = Project(starter.path.parent / "shop")
    assert "greet = " in shop.read("aegis.toml")
    error = shop.aegis("rebase-upstream", "--json", code=4).json["error"]
    assert error["next"] == "aegis rebase-upstream --to 1.0"
    shop.aegis("remove", "greet")
    shop.aegis("rebase-upstream")
    error = shop.aegis("add", "greet", "--json", code=4).json["error"]
    pasted(shop, error["next"])
    shop.aegis("add", "greet")


def test_a_commit_that_is_none(starter: Project) -> None:
    error = starter.aegis("upstream", "check", "v9", "--json", code=1).json["error"]
    assert error["what"] == "No commit 'v9'."


def test_markers_of_a_conflict_are_found(starter: Project) -> None:
    """Of a merge that takes in another stack's release, say: every project would get them."""
    starter.write("base/CHANGES.md", "1\n<<<<<<< HEAD\n2\n=======\n3\n>>>>>>> MERGE_HEAD\n")
    [problem] = starter.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert problem["where"] == "CHANGES.md:2"
    assert problem["what"] == "it has conflict markers"


def test_a_file_in_git_lfs_is_found(starter: Project) -> None:
    """A project would get the pointer, or git would look for the file where the project is."""
    needs("git-lfs")
    starter.git("lfs", "install", "--local")
    starter.write(".gitattributes", "*.svg filter=lfs\n")
    starter.write("base/logo.svg", "<svg/>\n")
    check = ("upstream", "check", "--json")
    [problem] = starter.aegis(*check, code=1).json["problems"]
    assert problem["where"] == "logo.svg"
    assert "git check-attr filter base/logo.svg" in problem["next"]
    starter.git("add", "base/logo.svg")
    starter.git("lfs", "untrack", "*.svg")
    starter.git("add", "--renormalize", ".")
    assert starter.aegis(*check).json["problems"] == []
