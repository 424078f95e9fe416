"""`aegis upstream check` finds, before a tag is made, what would fail in a user's project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aegis_patch.maintain import checkout, rules
from aegis_patch.stack import component, patch, update_notes
from aegis_patch.upstream import identity_files, untrusted
from tests.conftest import ROOT, Project, needs, run
from tests.promises import test_hostile as hostile
from tests.small_forks import BASE, publish, series


@pytest.mark.parametrize("name", hostile.RELEASES)
def test_a_release_that_a_user_refuses_is_found(tmp_path: Path, name: str) -> None:
    files, _ = hostile.RELEASES[name]
    top = {path.partition("/")[0] for path in files if "/" not in path}
    kept = {path: data for path, data in BASE.items() if path.partition("/")[0] not in top}
    fork = publish(tmp_path / "fork.git", {**kept, **files})
    ran = run("-C", fork, "upstream", "check", "v1.0", "--json")
    assert ran.code == 1
    assert ran.json["problems"]
    assert all(each["where"] and each["what"] for each in ran.json["problems"])


def test_all_patches_that_a_user_refuses_are_found_at_once(tmp_path: Path) -> None:
    files = dict(BASE)
    for n, (patches, _) in enumerate(hostile.PATCHES.values()):
        files |= series(f"evil{n}", *patches)
    fork = publish(tmp_path / "fork.git", files)
    found = run("-C", fork, "upstream", "check", "v1.0", "--json").json["problems"]
    wanted = {f"patches/evil{n}/" for n in range(len(hostile.PATCHES))}
    assert set(re.findall(r"patches/evil\d+/", " ".join(each["where"] for each in found))) == wanted


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
    own: Project, path: str, old: str, new: str, where: str, what: str
) -> None:
    own.edit(path, old, new)
    [found] = own.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert found["where"] == where
    assert what in found["what"]
    assert found["next"]
    assert own.aegis("upstream", "check", "HEAD").out == "Nothing is wrong.\n"
    own.commit()
    assert own.aegis("upstream", "check", "HEAD", "--json", code=1).json["problems"] == [found]


def test_links_are_listed_all_at_once(own: Project) -> None:
    for name in "ab":
        (own.path / "base" / name).symlink_to("../../README.md")
    found = own.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert [each["where"] for each in found] == ["base/a", "base/b"]


def second(own: Project, path: str, old: str, new: str, name: str = "meet") -> None:
    """Save another component of one patch."""
    own.write(f"patches/{name}/component.toml", SECOND)
    opened = Project(own.path / ".series" / name)
    own.aegis("upstream", "series", "open", name)
    opened.edit(path, old, new)
    opened.commit("Meet\n\nBecause people meet, and it is better to be ready for that.")
    own.aegis("upstream", "series", "save", name)


def test_components_that_clash_are_found_in_the_smallest_set(own: Project) -> None:
    line = "# Settings; copy this file to .env.\n"
    for name in ("meet", "part"):
        second(own, ".env.example", line, f"{line}# {name}\n", name)
    [found] = own.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert found["where"] == "patches/part: .env.example:2"
    assert found["what"] == "with meet: both components change these lines"
    assert found["next"] == "aegis upstream series open part"


def test_a_line_beside_an_answer_is_found(own: Project) -> None:
    second(own, "README.md", "# Amber Finch\n", "# Amber Finch\n<!-- meets -->\n")
    [found] = own.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert found["where"] == "base/README.md:1"
    assert found["what"] == "an answer stands here, and meet changes the line beside it"
    assert (
        "Write it into base/README.md, then `aegis upstream series refresh meet`" in found["next"]
    )


def test_what_went_without_a_note_is_found(own: Project) -> None:
    own.git("tag", "v1.0")
    own.git("rm", "--quiet", "base/.gitignore")
    [found] = own.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert '[[file]]\nname = ".gitignore"' in found["what"]
    own.write("notes/1.1.toml", '[[file]]\nname = ".gitignore"\n')
    own.aegis("upstream", "check")
    own.commit()
    own.git("tag", "v1.1")
    assert own.aegis("upstream", "check", "v1.1").out == "Nothing is wrong.\n"
    own.write("notes/1.2.toml", "[[nonsense]]\n")
    [found] = own.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert (found["where"], found["next"]) == ("notes/1.2.toml", "cat -n notes/1.2.toml")
    own.write("notes/1.2.toml", '\n[[data]]\ntext = "A"\ncomponents = ["gret"]\n')
    [found] = own.aegis("upstream", "check", "--json", code=1).json["problems"]
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


def test_a_note_that_a_fork_merges_counts(own: Project) -> None:
    """It has a version of the fork's own upstream."""
    own.git("tag", "v1.0")
    own.git("rm", "--quiet", "base/.gitignore")
    note = '[[file]]\nname = ".gitignore"\n[[behaviour]]\ntext = "Git ignores nothing."\n'
    own.write("notes/0.7.toml", note)
    assert own.aegis("upstream", "check").out == "Nothing is wrong.\n"
    own.commit()
    own.git("tag", "v1.1")
    begun = ("--yes", "--upstream", str(own.path), "--upstream-version", "1.0")
    own.aegis("init", "../shop", *begun)
    project = Project(own.path.parent / "shop")
    for to in ("1.1", "1.0", own.head):  # whose newest note has a version before 1.0
        found = project.aegis("rebase-upstream", "--to", to, "--json").json["update_notes"]
        if to != "1.0":
            assert [each["text"] for each in found] == ["Git ignores nothing."]


def test_a_lock_of_the_upstreams_is_no_change_of_the_users(own: Project) -> None:
    own.write("base/uv.lock", "version = 1\n")
    own.git("add", "--force", "base/uv.lock")
    own.commit()
    own.git("tag", "v1.0")
    own.aegis("init", "../shop", "--yes", "--upstream", str(own.path))
    shop = Project(own.path.parent / "shop")
    shop.write("uv.lock", "version = 2\n")
    shop.commit("Locked")
    assert shop.aegis("status", "--json").json["changed"] == []


def test_an_upstream_lists_its_own_components(own: Project) -> None:
    for place in ("", "base", "patches/greet"):
        rows = run("-C", own.path / place, "components", "--json").json["components"]
        assert [row["name"] for row in rows] == ["core", "greet"]


def test_a_release_that_is_broken_says_what_to_do(own: Project) -> None:
    """Somebody tagged it without `check`."""
    own.git("tag", "v1.0")
    own.edit("base/.env.example", "# Settings;", "# All;")
    own.commit()
    own.git("tag", "v1.1")
    begin = ("init", "../shop", "--yes", "--upstream", str(own.path), "--components", "greet")
    error = own.aegis(*begin, "--json", code=4).json["error"]
    assert error["what"].startswith('Release 1.1 of this upstream is broken: expected "# Settings;')
    assert error["what"].endswith("Tell its maintainers, and use 1.0 until they release another.")
    assert error["where"] == f"{PATCH} at .env.example:1"
    own.paste(error["next"])
    shop = Project(own.path.parent / "shop")
    assert "greet = " in shop.read("aegis.toml")
    error = shop.aegis("rebase-upstream", "--json", code=4).json["error"]
    assert error["next"] == "aegis rebase-upstream --to 1.0"
    shop.aegis("remove", "greet")
    shop.aegis("rebase-upstream")
    error = shop.aegis("add", "greet", "--json", code=4).json["error"]
    shop.paste(error["next"])
    shop.aegis("add", "greet")


def test_a_commit_that_is_none(own: Project) -> None:
    error = own.aegis("upstream", "check", "v9", "--json", code=1).json["error"]
    assert error["what"] == "No commit 'v9'."


def test_markers_of_a_conflict_are_found(own: Project) -> None:
    """Of a merge that takes in another stack's release, say: every project would get them."""
    own.write("base/CHANGES.md", "1\n<<<<<<< HEAD\n2\n=======\n3\n>>>>>>> MERGE_HEAD\n")
    [problem] = own.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert problem["where"] == "CHANGES.md:2"
    assert problem["what"] == "it has conflict markers"


def test_a_file_in_git_lfs_is_found(own: Project) -> None:
    """A project would get the pointer, or git would look for the file where the project is."""
    needs("git-lfs")
    own.git("lfs", "install", "--local")
    own.write(".gitattributes", "*.svg filter=lfs\n")
    own.write("base/logo.svg", "<svg/>\n")
    check = ("upstream", "check", "--json")
    [problem] = own.aegis(*check, code=1).json["problems"]
    assert problem["where"] == "logo.svg"
    assert "git check-attr filter base/logo.svg" in problem["next"]
    own.git("add", "base/logo.svg")
    own.git("lfs", "untrack", "*.svg")
    own.git("add", "--renormalize", ".")
    assert own.aegis(*check).json["problems"] == []
