"""A series is a branch: opened, edited, saved, and merged onto another base."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Project, git, needs, run
from tests.small_forks import BASE

CALC = 'first = 1\nsecond = 2\n# yours below\n\nlast = "Lantern"\n'


@pytest.fixture
def own(tmp_path: Path) -> Project:
    """An upstream with one component of two patches, which does not need this checkout."""
    made = Project(tmp_path / "own")
    made.path.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    for path, data in BASE.items():
        made.write(path, data.decode() if isinstance(data, bytes) else data[0].decode())
    made.write("base/calc.py", CALC)
    (made.path / "patches").mkdir()
    made.aegis("upstream", "series", "new", "mail")
    made.describe("mail")
    opened = Project(Path(made.aegis("upstream", "series", "open", "mail", "--json").json["made"]))
    opened.write("mail.py", "MAIL = 1\n")
    opened.commit("Send mail\n\nBecause people wait for a letter, and not for nothing.")
    opened.edit("calc.py", "# yours below", "mail = 3\n# yours below")
    opened.write(
        "tests/test_mail.py", "def test_it():\n    import calc\n    assert calc.mail == 3\n"
    )
    opened.commit("Count mails\n\nBecause somebody wants to know how many of them there are.")
    saved = made.aegis("upstream", "series", "save", "mail", "--json").json["series"]
    assert saved == [{"name": "mail", "patches": 2, "changed": 2}]
    made.commit("Mail")
    return made


def opened(own: Project, name: str = "mail") -> Project:
    return Project(own.path / ".series" / name)


def test_what_is_saved_is_what_was_opened(own: Project) -> None:
    tree = opened(own).tree
    own.git("clean", "-qfdx")
    own.aegis("upstream", "series", "open", "mail")
    assert opened(own).tree == tree
    assert opened(own).subjects[:2] == ["Count mails", "Send mail"]
    saved = own.aegis("upstream", "series", "save", "mail", "--json").json["series"]
    assert saved == [{"name": "mail", "patches": 2, "changed": 0}]
    assert not own.git("status", "--porcelain")
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"


def test_a_series_is_saved_from_where_it_is_open(own: Project) -> None:
    opened(own).edit("mail.py", "1", "2")
    opened(own).commit("Send two mails\n\nBecause one of the two is always lost on its way.")
    assert opened(own).aegis("upstream", "series", "save", "mail").out.startswith("mail: 3 patches")
    assert own.git("status", "--porcelain", "--", "patches")


@pytest.mark.parametrize("tool", ["git", "quilt"])
def test_other_tools_apply_an_exported_series_to_the_same_tree(own: Project, tool: str) -> None:
    needs(tool)
    tree = opened(own).tree
    place = opened(own)
    place.git("reset", "--quiet", "--hard", "start")
    patches = own.path / "patches/mail"
    if tool == "git":
        listed = (patches / "series").read_text().split()
        place.git("am", "--quiet", *(str(patches / each) for each in listed))
    else:
        command = ["quilt", "push", "-a", "--quiltrc", "-"]
        env = {"PATH": "/usr/bin:/bin", "QUILT_PATCHES": str(patches), "QUILT_PC": ".git/pc"}
        subprocess.run(command, cwd=place.path, env=env, check=True, capture_output=True)
        place.commit()
    assert place.tree == tree


def test_opening_again_goes_on(own: Project) -> None:
    place = opened(own)
    place.write("mail.py", "MAIL = 2\n")
    own.aegis("upstream", "series", "open", "mail")
    assert place.read("mail.py") == "MAIL = 2\n"
    error = own.aegis("upstream", "series", "save", "mail", "--json", code=1).json["error"]
    assert error["what"] == "Commit your changes first: a commit is a patch."
    own.paste(error["next"])
    place.commit("Send two mails\n\nBecause one of the two is always lost on its way.")
    own.aegis("upstream", "series", "open", "mail")
    assert place.subjects[0] == "Send two mails"
    own.aegis("upstream", "series", "save", "mail")
    place.git("symbolic-ref", "refs/heads/other-name", "refs/heads/main")
    own.aegis("upstream", "series", "open", "mail")
    assert place.read("mail.py") == "MAIL = 2\n"
    assert place.subjects[0] == "Send two mails"


def test_what_git_ignores_stays_where_a_series_is_open(own: Project) -> None:
    place = opened(own)
    own.write("base/.gitignore", ".env\n")
    for verb in ("refresh", "open mail"):
        own.aegis("upstream", "series", *verb.split())
        place.write(".env", "KEY=mine\n")
    own.write("base/new.py", "NEW = 1\n")
    own.aegis("upstream", "series", "refresh")
    assert place.read(".env") == "KEY=mine\n"
    assert place.read("new.py") == "NEW = 1\n"
    assert place.is_sound()


@pytest.mark.parametrize("new", ["key.txt", "key.txt/new.py"])
def test_what_git_ignores_is_not_overwritten_where_a_series_is_open(own: Project, new: str) -> None:
    place = opened(own)
    own.write("base/.gitignore", "key.txt\n")
    own.aegis("upstream", "series", "refresh")
    place.write("key.txt", "mine\n")
    own.write("base/.gitignore", "\n")
    own.write(f"base/{new}", "theirs\n")
    said = own.aegis("upstream", "series", "open", "mail", code=1).err
    assert place.read("key.txt") == "mine\n"
    [typed] = [line.split("next ")[1] for line in said.splitlines() if "next " in line]
    subprocess.run(typed, shell=True, check=True, cwd=own.path)
    own.aegis("upstream", "series", "open", "mail")
    assert place.read(new) == "theirs\n"
    assert own.read(".series/key.txt") == "mine\n"


def test_a_patch_overwrites_no_ignored_file_where_a_series_is_open(own: Project) -> None:
    place = opened(own)
    own.write("base/.gitignore", "key.txt\n")
    own.aegis("upstream", "series", "refresh")
    place.write("key.txt", "mine\n")
    added = own.path / "patches/mail/send-mail.patch"
    added.write_text(added.read_text().replace("mail.py", "key.txt"))
    said = own.aegis("upstream", "series", "open", "mail", code=1).err
    assert "git ignores one of yours" in said
    assert place.read("key.txt") == "mine\n"
    place.path.joinpath("key.txt").rename(own.path / ".series/key.txt")
    own.aegis("upstream", "series", "open", "mail")
    assert place.read("key.txt") == "MAIL = 1\n"


@pytest.mark.parametrize("at", ["checkout.upstream", "keep"])
def test_a_series_that_was_interrupted_is_opened_again(
    own: Project, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    own.write("base/.gitignore", ".env\n")
    own.aegis("upstream", "series", "refresh")
    opened(own).write(".env", "KEY=mine\n")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"aegis_patch.maintain.open_series.{at}", interrupt)
        own.aegis("upstream", "series", "open", "mail", code=130)
    assert "was opened: saving" in own.aegis("upstream", "series", "save", "mail", code=1).err
    own.aegis("upstream", "series", "open", "mail")
    assert opened(own).subjects[:2] == ["Count mails", "Send mail"]
    assert opened(own).read(".env") == "KEY=mine\n"


def test_an_open_series_needs_no_other_repository(own: Project, tmp_path: Path) -> None:
    for verb in ("save", "open"):
        own.aegis("upstream", "series", verb, "mail")
    opened(own).edit("mail.py", "1", "2")
    opened(own).commit("Send two mails\n\nBecause one of the two is always lost on its way.")
    moved = Project(own.path.rename(tmp_path / "moved"))
    assert opened(moved).is_sound()
    assert moved.aegis("upstream", "series", "save", "mail").out.startswith("mail: 3 patches")


def test_a_series_opens_where_git_makes_other_repositories(
    own: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own.git("clean", "-qffdx")
    hook = tmp_path / "template/hooks/pre-commit"
    hook.parent.mkdir(parents=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    own.aegis("upstream", "series", "open", "mail")
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("Post\n\ndiff --git a/x b/x\n", "which `git am` takes for the patch: 'diff --g"),
        ("Post\n\nOne\n---\nTwo\n", "'---'"),
        ("Post\n\nSubject: Another\n", "'Subject: Another'"),
        ("Post\n\nfrom: the south\n", "'from: the south'"),
        ("Post\n\n[PATCH] Another\n", "'[PATCH] Another'"),
        ("Post\n\nOne\nFrom two at 10:20:30 2026\n", "'From two at 10:20:30 2026'"),
        ("郵便", ""),
    ],
)
def test_a_message_comes_back_or_is_refused(own: Project, message: str, says: str) -> None:
    place = opened(own)
    place.write("post.py", "POST = 1\n")
    place.commit(message)
    saved = own.aegis("upstream", "series", "save", "mail", "--json", code=bool(says)).json
    if says:
        assert says in saved["error"]["what"]
        assert message[:4] in own.paste(saved["error"]["next"])
        return
    own.commit("Post")
    own.git("clean", "-qffdx")
    own.aegis("upstream", "series", "open", "mail")
    assert place.subjects[0] == message
    assert own.read("patches/mail/series").endswith("\npatch.patch\n")


def test_refresh_follows_the_base(own: Project) -> None:
    own.edit("base/calc.py", "first = 1\n", "zeroth = 0\nfirst = 1\n")
    own.commit("Committed before: the patch's preimage is in the history alone")
    problems = own.aegis("upstream", "series", "check", "--json", code=1).json["problems"]
    assert [each["next"] for each in problems] == ["aegis upstream series refresh mail"]
    assert problems[0]["what"] == "it doesn't fit: calc.py: patch does not apply"
    assert own.aegis("upstream", "series", "refresh").out == "mail: 2 patches, 1 changed\n"
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"
    own.aegis("upstream", "series", "open", "mail")
    assert opened(own).read("calc.py").startswith("zeroth = 0\nfirst")


CARD = "class {}:\n    def show(self):\n        return 1\n\n    size = 1\n\n\n"


def extend_the_second(own: Project) -> None:
    """Three classes that look alike, and a patch that puts a line into the second."""
    own.write("base/cards.py", "".join(map(CARD.format, ("A", "B", "C"))) + "END = 1\n")
    own.aegis("upstream", "series", "open", "mail")
    place = opened(own)
    start, rest = place.read("cards.py").split("class B:")
    place.write(
        "cards.py", start + "class B:" + rest.replace("    size", "    extra = 1\n\n    size", 1)
    )
    place.commit("Extend the second\n\nBecause the second of the three is the one that counts.")
    own.aegis("upstream", "series", "save", "mail")
    own.commit("Cards")


def extended(own: Project) -> str:
    """What stands in the second class, once the series is refreshed."""
    own.aegis("upstream", "series", "refresh")
    own.aegis("upstream", "series", "open", "mail")
    return opened(own).read("cards.py").split("class B:")[1].split("class C:")[0]


def test_refresh_finds_no_other_place_that_looks_alike(own: Project) -> None:
    """A patch by its context would go into the class that now stands where the other stood."""
    extend_the_second(own)
    own.write("base/cards.py", CARD.format("New") * 2 + own.read("base/cards.py"))
    own.commit("Two more, before")
    assert "extra = 1" in extended(own)


@pytest.mark.parametrize("committed", [False, True])
def test_nor_does_it_after_a_merge_of_the_upstream_that_is_followed(
    own: Project, committed: bool
) -> None:
    """The patch that came applies to no tree of the fork's own history."""
    extend_the_second(own)
    own.git("switch", "--quiet", "--create", "theirs")
    opened(own).edit("cards.py", "extra = 1", "extra = 2")
    opened(own).git("commit", "--quiet", "--all", "--amend", "--no-edit")
    own.aegis("upstream", "series", "save", "mail")
    own.commit("Extend it more")
    own.git("switch", "--quiet", "main")
    own.write("base/cards.py", CARD.format("New") * 2 + own.read("base/cards.py"))
    own.aegis("upstream", "series", "refresh")
    own.commit("Two more, before")
    own.git("merge", "theirs", check=False)
    own.git("checkout", "--theirs", "patches")
    if committed:
        own.commit("Follow them")
    else:
        own.git("add", "--all")
    assert "extra = 2" in extended(own)


def test_the_integrations_of_a_renamed_component_follow_it(own: Project) -> None:
    own.aegis("upstream", "series", "new", "log")
    own.describe("log")
    own.aegis("upstream", "series", "new", "log+mail")
    own.describe("log+mail")
    own.aegis("upstream", "series", "open", "log+mail")
    opened(own, "log+mail").edit("mail.py", "MAIL = 1\n", "MAIL = 1\nLOG = 2\n")
    opened(own, "log+mail").commit("Log mails\n\nBecause somebody asks each day where one went.")
    own.aegis("upstream", "series", "save", "log+mail")
    own.commit("Log")
    own.git("mv", "patches/mail", "patches/post")
    own.git("mv", "patches/log+mail", "patches/log+post")
    own.edit("patches/log+post/component.toml", '"mail"', '"post"')
    for new, old in (("post", "mail"), ("log+post", "log+mail")):
        about = own.read(f"patches/{new}/component.toml")
        own.write(f"patches/{new}/component.toml", f'{about}was = ["{old}"]\n')
    own.aegis("upstream", "series", "open", "post")
    opened(own, "post").git("mv", "mail.py", "post.py")
    opened(own, "post").commit("Call it post\n\nBecause more than mails are sent since last year.")
    own.aegis("upstream", "series", "save", "post")
    said = own.aegis("upstream", "series", "refresh", "log+post,log+post").out
    assert said == "log+post: 1 patch, 1 changed\n"
    own.aegis("upstream", "series", "open", "log+post")
    assert opened(own, "log+post").read("post.py") == "MAIL = 1\nLOG = 2\n"


def test_refresh_stops_where_a_hand_is_needed(own: Project) -> None:
    own.edit("base/calc.py", "second = 2\n", "second = two\n")
    own.edit("base/calc.py", "# yours below\n", "third = 3\n# yours below\n")
    own.commit("Base")
    error = own.aegis("upstream", "series", "refresh", "--json", code=1).json["error"]
    assert error["what"].startswith("A patch of mail doesn't fit.")
    assert error["where"] == ".series/mail"
    assert "git rebase --continue" in own.paste(error["next"])
    for verb in ("open", "save"):
        again = own.aegis("upstream", "series", verb, "mail", "--json", code=1).json["error"]
        assert again == error
    assert own.aegis("upstream", "series", "refresh", code=1).err
    opened(own).write("calc.py", CALC.replace("# yours", "third = 3\nmail = 3\n# yours"))
    opened(own).git("add", "--all")
    opened(own).git("rebase", "--continue")
    assert "1 changed" in own.aegis("upstream", "series", "save", "mail").out
    assert own.aegis("upstream", "series", "refresh").out == "mail: 2 patches, as it was\n"


def test_a_series_that_requires_another_follows_too(own: Project) -> None:
    own.aegis("upstream", "series", "new", "post")
    own.describe("post")
    about = "patches/post/component.toml"
    own.edit(about, "requires = []", 'requires = ["mail"]')
    own.aegis("upstream", "series", "open", "post")
    opened(own, "post").edit("calc.py", "mail = 3\n", "mail = 30\n")
    opened(own, "post").commit("Post more\n\nBecause three letters are not enough for anybody.")
    own.aegis("upstream", "series", "save", "post")
    own.commit("Post")
    own.edit("base/calc.py", "first = 1\n", "zeroth = 0\nfirst = 1\n")
    own.commit("Base")
    said = own.aegis("upstream", "series", "refresh").out
    assert said == "mail: 2 patches, 1 changed\npost: 1 patch, 1 changed\n"
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"


def test_the_tests_of_a_series_run_where_it_is_open(own: Project) -> None:
    ran = own.aegis("upstream", "series", "test", "mail", "--json", "--", "false", code=1).json
    assert ran["tests"] == [{"name": "mail", "command": ["false"], "exit_code": 1}]
    ran = own.aegis("upstream", "series", "test", "mail", "--", "grep", "-q", "mail", "calc.py")
    assert ran.out == ".series/mail: grep -q mail calc.py\n"
    own.aegis("upstream", "series", "new", "post")
    error = own.aegis("upstream", "series", "test", "post", "--json", code=1).json["error"]
    assert error["what"] == "The series brings no test_*.py."


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("series open nope", 1, "There is no patches/nope/component.toml."),
        ("series save mail", 1, "mail isn't open."),
        ("series new mail", 1, "mail exists already."),
        ("series new a/b", 1, "isn't a component's name"),
        ("series open", 2, "Missing argument 'NAME'."),
        ("series nonsense", 2, "No such command 'nonsense'."),
        ("series save mail --dry-run", 2, "has no --dry-run"),
        ("new other --diff", 2, "has no --diff"),
        ("extract x A..B --project PROJECT --diff", 2, "has no --diff"),
        ("extract x A..B", 2, "Missing option '--project'."),
        ("series test mail --dry-run", 2, "has no --dry-run"),
        ("series test mail post", 1, "Can't run post: No such file or directory."),
        ("series test post", 1, "There is no patches/post/component.toml."),
        ("series refresh mail post", 1, "There is no patches/post/component.toml."),
    ],
)
def test_what_cannot_be_done_is_refused(own: Project, words: str, code: int, says: str) -> None:
    own.git("clean", "-qffdx")
    error = own.aegis("upstream", *words.split(), "--json", code=code).json["error"]
    assert says in error["what"]
    assert not (own.path / ".series").exists() or "Can't run" in says
    if "?" not in error["next"]:
        own.paste(error["next"])


@pytest.mark.parametrize("verb", ["open", "test", "save", "refresh", "import"])
@pytest.mark.parametrize("path", ["", ".series/.", ".series/..", ".series/../patches/mail"])
def test_a_path_is_no_component(own: Project, verb: str, path: str) -> None:
    """It would be deleted, as where a series is open with nothing unsaved."""
    own.aegis("upstream", "series", "open", "mail")
    opened(own).write("work", "")
    name = path.removeprefix(".series/") or str(own.path / "base")
    words = [str(own.path / "patches/mail")] if verb == "import" else []
    error = own.aegis("upstream", "series", verb, name, *words, "--json", code=1).json["error"]
    assert "isn't a component's name" in error["what"]
    assert "a letter or digit first" in error["what"]
    assert (opened(own).path / "work").exists()
    assert own.git("status", "--porcelain") == ""


@pytest.mark.parametrize("verb", ["open", "test", "save", "refresh"])
@pytest.mark.parametrize("theirs", ["directory", "link", "links", "dangling"])
def test_what_no_series_was_opened_in_stays(own: Project, verb: str, theirs: str) -> None:
    opened(own).path.rename(own.path.parent / "mail")
    elsewhere, place = own.path.parent / "elsewhere", opened(own).path
    if theirs == "links":
        place.parent.rename(own.path.parent / "series")
        place.parent.symlink_to(elsewhere)
    elif theirs != "directory":
        place.symlink_to(elsewhere / "mail")
    notes = (place if theirs == "directory" else elsewhere / "mail") / "notes"
    if theirs != "dangling":
        notes.parent.mkdir(parents=True)
        notes.write_text("mine")
    error = own.aegis("upstream", "series", verb, "mail", "--json", code=1).json["error"]
    assert error["what"] == "This isn't an open series. Move it elsewhere first."
    own.paste(error["next"])
    assert theirs == "dangling" or notes.read_text() == "mine"


@pytest.mark.parametrize("name", ["mail+", "+mail", "mail++mail"])
def test_a_name_joins_two(own: Project, name: str) -> None:
    error = own.aegis("upstream", "series", "new", name, "--json", code=1).json["error"]
    assert "; + joins two" in error["what"]
    assert own.git("status", "--porcelain") == ""


@pytest.mark.parametrize("verb", ["refresh", "check"])
@pytest.mark.parametrize("name", ["", " ", ","])
def test_an_empty_name_is_not_all(own: Project, verb: str, name: str) -> None:
    error = own.aegis("upstream", "series", verb, name, "--json", code=1).json["error"]
    assert error["what"].startswith(f"{name!r} isn't a component's name")


def test_what_is_open_stays_where_its_component_is_gone(own: Project) -> None:
    own.aegis("upstream", "series", "open", "mail")
    (own.path / "patches/mail/component.toml").rename(own.path / "elsewhere")
    assert "There is no patches/mail" in own.aegis("upstream", "series", "open", "mail", code=1).err
    assert opened(own).subjects


@pytest.mark.parametrize(
    "words", ["upstream series open mail", "upstream series refresh mail", "components"]
)
def test_a_component_that_cannot_be_read_is_for_check(own: Project, words: str) -> None:
    own.write("patches/mail/component.toml", "title = Mail\n")
    error = own.aegis(*words.split(), "--json", code=1).json["error"]
    assert (error["where"], error["next"]) == ("patches/mail", "aegis upstream check")


def test_it_is_an_upstream_or_nothing_is_done(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "x")
    (tmp_path / "x/base").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for name in ("x", "loop"):
        place = tmp_path / name
        error = run("-C", place, "upstream", "series", "check", "--json").json["error"]
        assert error["what"].startswith("Not an upstream")
        assert error["where"] == str(place)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("extensions.objectFormat sha256", "SHA-256"),
        ("extensions.fromTheFuture true", "can't be opened"),
        ("remote.origin.partialCloneFilter blob:none", "partial clone"),
    ],
)
def test_a_repository_that_cannot_be_used_is_refused(own: Project, setting: str, says: str) -> None:
    own.git("config", "core.repositoryFormatVersion", "1")
    own.git("config", *setting.split())
    error = own.aegis("upstream", "series", "check", "--json", code=1).json["error"]
    assert says in error["what"]


def test_what_no_patch_can_hold_is_refused(own: Project) -> None:
    """Such a commit would be saved as the one before it, or as nothing."""
    place = opened(own)
    place.git("switch", "--quiet", "--create", "side", "HEAD~1")
    place.write("side.py", "SIDE = 1\n")
    place.commit("Work on the side\n\nBecause somebody wanted to try it on a branch of its own.")
    place.git("switch", "--quiet", "main")
    place.git("merge", "--quiet", "--no-edit", "side")
    place.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
    error = own.aegis("upstream", "series", "save", "mail", "--json", code=1).json["error"]
    assert "is a merge or changes nothing" in error["what"]
    assert not own.git("status", "--porcelain")
    own.paste(error["next"])
    own.aegis("upstream", "series", "save", "mail")
    assert len(own.read("patches/mail/series").splitlines()) == 3
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"


@pytest.mark.parametrize("aside", ["stash", "branch"])
def test_work_beside_the_series_is_kept(own: Project, aside: str) -> None:
    place = opened(own)
    place.write("mail.py", "MAIL = 2\n")
    if aside == "stash":
        place.git("stash", "--quiet")
    else:
        place.git("switch", "--quiet", "--create", "later")
        place.commit("Later")
        place.git("switch", "--quiet", "main")
    own.aegis("upstream", "series", "open", "mail")
    assert "MAIL = 2" in place.git("log", "--all", "--patch", "--diff-merges=first-parent")
    error = own.aegis("upstream", "series", "refresh", "--json", code=1).json["error"]
    assert "rm -rf .series/mail" in error["next"]


@pytest.mark.parametrize("refreshed", [True, False])
def test_a_series_is_saved_against_the_base_of_today(own: Project, refreshed: bool) -> None:
    own.edit("base/calc.py", "first = 1\n", "zeroth = 0\nfirst = 1\n")
    if refreshed:
        own.aegis("upstream", "series", "refresh")
    opened(own).write("mail.py", "MAIL = 2\n")
    opened(own).commit("Send two mails\n\nBecause one of the two is always lost on its way.")
    own.aegis("upstream", "series", "save", "mail")
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"


def test_a_series_that_fits_todays_base_no_more_stops(own: Project) -> None:
    own.edit("base/calc.py", "second = 2\n# yours", "second = two\n# yours")
    opened(own).edit("calc.py", "second = 2\nmail = 3", "second = 4\nmail = 3")
    opened(own).commit("Count twice\n\nBecause somebody wants to know it with more certainty.")
    error = own.aegis("upstream", "series", "save", "mail", "--json", code=1).json["error"]
    assert "git rebase --continue" in own.paste(error["next"])
    opened(own).git("rebase", "--abort")
    assert own.aegis("upstream", "series", "save", "mail", "--json", code=1).json["error"] == error
    opened(own).write("calc.py", CALC.replace("2\n# yours", "two\nmail = 3\n# yours"))
    opened(own).git("add", "--all")
    opened(own).git("-c", "core.editor=true", "rebase", "--continue", check=False)
    opened(own).git("rebase", "--skip")
    own.aegis("upstream", "series", "save", "mail")
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"


@pytest.mark.parametrize("worked", [True, False])
def test_patches_that_changed_meanwhile_are_not_overwritten(own: Project, worked: bool) -> None:
    """By hand, or with a `git pull`."""
    if worked:
        opened(own).write("post.py", "POST = 1\n")
        opened(own).commit("Post\n\nBecause mails alone were not enough for some of the people.")
    patch = "patches/mail/send-mail.patch"
    own.write(patch, own.read(patch).replace("+MAIL = 1", "+MAIL = 100"))
    error = own.aegis("upstream", "series", "save", "mail", "--json", code=1).json["error"]
    assert "has changed since mail was opened" in error["what"]
    own.paste(error["next"])
    own.aegis("upstream", "series", "save", "mail")
    assert "+MAIL = 100" in own.read(patch)
    assert (own.path / "patches/mail/post.patch").exists() == worked
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"


@pytest.mark.parametrize("fault", ["a line too many", "no change", "CRLF", "no sign"])
def test_a_patch_that_git_would_not_read_whole_is_refused(own: Project, fault: str) -> None:
    """Edited by hand: git passes over a line that its hunk doesn't count."""
    path = own.path / "patches/mail/send-mail.patch"
    mail = path.read_bytes()
    broken = {
        "a line too many": mail.replace(b"+MAIL = 1\n", b"+MAIL = 1\n+MORE = 1\n"),
        "no change": mail.partition(b"diff --git")[0],
        "CRLF": mail.replace(b"\n", b"\r\n"),
        "no sign": mail.replace(b"+MAIL = 1\n", b"+MAIL = 1\nMORE = 1\n"),
    }[fault]
    path.write_bytes(broken)
    own.git("clean", "-qffdx")
    found = [
        own.aegis("upstream", "check", "--json", code=1).json["problems"][0],
        own.aegis("upstream", "series", "check", "mail", "--json", code=1).json["problems"][0],
        own.aegis("upstream", "series", "open", "mail", "--json", code=1).json["error"],
        own.aegis("upstream", "series", "refresh", "--json", code=1).json["error"],
    ]
    assert path.read_bytes() == broken
    assert not (own.path / ".series/mail").exists()
    [next] = {each["next"] for each in found}
    question, undo, _ = next.split("`")
    assert question == "Correct it, or take it back? "
    Project(own.path / "base").paste(undo)
    assert path.read_bytes() == mail


def test_a_patch_that_is_too_large_is_split(own: Project) -> None:
    place = opened(own)
    place.write("numbers.txt", "1\n" * 400_000)
    place.commit("Numbers\n\nBecause somebody wants to have each and every one of them there.")
    own.aegis("upstream", "series", "save", "mail")
    problem = own.aegis("upstream", "check", "--json", code=1).json["problems"][0]
    assert problem["what"] == "a patch of more than 400000 lines"
    assert "refresh" not in problem["next"]


def test_requirements_in_a_circle_are_for_check(own: Project) -> None:
    own.git("clean", "-qffdx")
    shutil.copytree(own.path / "patches/mail", own.path / "patches/post")
    for name, need in (("mail", "post"), ("post", "mail")):
        own.edit(f"patches/{name}/component.toml", "requires = []", f'requires = ["{need}"]')
    for verb in ("open", "check", "refresh", "test"):
        error = own.aegis("upstream", "series", verb, "mail", "--json", code=1).json["error"]
        assert "run in a circle" in error["what"]
        assert error["next"] == "aegis upstream check"
    assert not (own.path / ".series/mail").exists()


def test_files_of_a_series_that_it_does_not_list_stay(own: Project) -> None:
    own.write("patches/mail/later.patch", "not yet\n")
    own.write("patches/mail/series", "# by hand\n" + own.read("patches/mail/series"))
    assert own.aegis("upstream", "series", "check").out == "Nothing is wrong.\n"
    assert own.aegis("upstream", "series", "refresh").out == "mail: 2 patches, as it was\n"
    assert own.read("patches/mail/later.patch") == "not yet\n"
    assert own.read("patches/mail/series").startswith("# by hand\n")


def test_a_component_that_cannot_be_read_exists(own: Project) -> None:
    shutil.copytree(own.path / "patches/mail", own.path / "patches/post")
    own.edit("patches/post/component.toml", "requires = []", 'requires = ["mail"]')
    own.edit("patches/mail/component.toml", "summary =", "about =")
    problems = own.aegis("upstream", "check", "--json", code=1).json["problems"]
    assert [each["where"] for each in problems] == ["patches/mail/component.toml"]
    (own.path / "patches/mail/component.toml").unlink()
    error = own.aegis("upstream", "series", "new", "mail", "--json", code=1).json["error"]
    assert "send-mail.patch" in own.paste(error["next"])
