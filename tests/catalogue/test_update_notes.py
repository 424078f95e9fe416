"""What goes between two releases has a note; a release without its notes is not recorded."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pygit2
import pytest

from aegis_patch.maintain import missing_notes
from aegis_patch.stack import update_notes
from aegis_patch.upstream import releases
from aegis_patch.values import replace
from tests import tiny
from tests.conftest import ROOT, git
from tests.promises.test_laws import opened_once, subsets

SAMPLE = 12  # of all subsets
SETTINGS = b"class MailSettings(EnvSettings):\n    port: int = 25\n    _own: int = 1\n"
OLD = {
    "app/settings.py": SETTINGS,
    "app/old/a.py": b"",
    ".env.example": b"HOST=\n# MAIL_URL=\n\n",
}
NEW = {"app/settings.py": SETTINGS.replace(b"port", b"gate"), ".env.example": b"HOST=\n\n"}
WRITE = "notes: gone without a note; write into notes/VERSION.toml:\n\n"
GATE = '[[setting]]\nname = "PORT"\nnow = "GATE"\n'


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(releases.versions(), 2)])
def test_what_goes_between_two_releases_has_a_note(
    store: pygit2.Repository, one: str, other: str
) -> None:
    old, new = (opened_once(store, releases.BUNDLED, each) for each in (one, other))
    assert not list(missing_notes.breaches(old, new))
    notes = releases.notes_between(old, new)
    every = [names for names in subsets(old) if names <= new.catalogue.keys()]
    for names in [*every[:: len(every) // SAMPLE], every[-1]]:
        assert not list(missing_notes.unmentioned(old, new, notes, names))


@pytest.mark.parametrize(
    ("notes", "says"),
    [
        (
            "",
            [
                f'{WRITE}[[setting]]\nname = "PORT"\n\n[[file]]\nname = "app/old/a.py"\n\n'
                '[[setting]]\nname = "MAIL_URL"\ncomponents = ["mail"]\n',
            ],
        ),
        (
            f'{GATE}[[file]]\nname = "app/old/"\n[[setting]]\nname = "MAIL_URL"\n'
            'components = ["mial"]\n',
            [
                "notes/1.1.toml: there is no component 'mial'",
                f'{WRITE}[[setting]]\nname = "MAIL_URL"\ncomponents = ["mail"]\n',
            ],
        ),
        (
            f'{GATE}[[file]]\nname = "app/old/a.py"\n[[setting]]\nname = "MAIL_URL"\n'
            'components = ["mail"]\n',
            [],
        ),
        ("[[file]", ["notes/1.1.toml: "]),
    ],
)
def test_what_the_notes_lack(small: pygit2.Repository, notes: str, says: list[str]) -> None:
    base = {**OLD, ".env.example": b"HOST=\n\n"}
    old = tiny.an_upstream(small, base, (tiny.a_component("mail"), OLD), release="1.0")
    new = tiny.an_upstream(small, NEW, (tiny.a_component("mail"), {**NEW, "new": b"\n"}))
    tree = tiny.tree(small, {"1.0.toml": b"not read", "1.1.toml": notes.encode()})
    found = list(missing_notes.breaches(old, replace(new, release="1.1", notes=tree)))
    assert len(found) == len(says), found
    for each, words in zip(found, says, strict=True):
        assert f"{each.where}: {each.what}".startswith(words)


@pytest.mark.parametrize("notes", ["", '[[setting]]\nname = "MAIL_URL"\nnow = "POST_URL"\n'])
def test_what_a_component_loses_with_its_name_needs_a_note(
    small: pygit2.Repository, notes: str
) -> None:
    """So does what an integration loses that is gone: each project comes to the new release."""
    base = {"calc.py": b"\n"}
    mail, post = tiny.a_component("mail"), replace(tiny.a_component("post"), was=("mail",))
    log, needs = tiny.a_component("log"), ("mail", "log")
    both = tiny.a_component("log+mail", requires=needs, kind="integration")
    mails = {**base, ".env.example": b"# MAIL_URL=\n"}
    posts, logs = {**base, ".env.example": b"# POST_URL=\n"}, (log, {**base, "log": b"\n"})
    parts = ((mail, mails), logs, (both, {**base, "log.py": b"\n"}))
    old = tiny.an_upstream(small, base, *parts, release="1.0")
    new = tiny.an_upstream(small, base, (post, posts), logs)
    tree = tiny.tree(small, {"1.1.toml": notes.encode()})
    found = list(missing_notes.breaches(old, replace(new, release="1.1", notes=tree)))
    assert ("MAIL_URL" in found[0].what) is (not notes)
    assert 'name = "log.py"\ncomponents = ["log+mail"]\n' in found[0].what


def test_a_setting_is_known_by_the_name_that_is_set(small: pygit2.Repository) -> None:
    url = b'    url: str = Field(default="", validation_alias="REDIS_URL")\n'
    tree = tiny.tree(small, {"app/settings.py": SETTINGS + url})
    assert {"PORT", "REDIS_URL"} <= missing_notes.settings(tree)
    assert "URL" not in missing_notes.settings(tree)


def test_a_note_is_about_what_changed(small: pygit2.Repository) -> None:
    old = tiny.an_upstream(small, OLD, (tiny.a_component("mail"), {**OLD, "a": b"\n"}))
    new = tiny.an_upstream(small, OLD, (tiny.a_component("mail"), {**OLD, "b": b"\n"}))
    text = b'[[behaviour]]\ntext = "A"\n[[behaviour]]\ntext = "M"\ncomponents = ["mail"]\n'
    tree = tiny.tree(small, {"1.1.toml": text + b'[[file]]\nname = "a"\ncomponents = ["mail"]\n'})
    [found] = missing_notes.breaches(
        replace(old, release="1.0"), replace(new, release="1.1", notes=tree)
    )
    assert found.where == "notes/1.1.toml"
    assert found.what == "nothing changed that this could mean: A"


def test_a_note_names_no_component_that_its_readers_may_lack() -> None:
    components = {each.name for each in (ROOT / "patches").iterdir() if "+" not in each.name}
    for path in sorted((ROOT / "notes").glob("*.toml")):
        for note in update_notes.parse(path.stem, path.read_bytes()):
            text = re.sub(r"aegis add \w+", "", f"{note.text} {note.back}")
            words = {*re.findall(r"[a-z]+", text), *re.findall(r"[a-z]+(?=s\b)", text)}
            for concerned in note.components or [""]:
                assert words & components <= {*concerned.split("+")}, (path.name, note.text)


def test_a_release_without_notes_is_not_recorded(tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--shared", str(ROOT), "clone")
    done = subprocess.run(
        [sys.executable, "scripts/record", "9.9.9"],
        cwd=tmp_path / "clone", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("HEAD has no notes/9.9.9.toml: ")
    assert not git(tmp_path / "clone", "status", "--porcelain")
