"""What people read: links lead somewhere, commands exist, pictures are real, no machine shows."""

from __future__ import annotations

import functools
import html
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from aegis_patch.terminal import command_line
from aegis_patch.terminal.run import COMMANDS, GROUPS
from tests.conftest import ROOT, git

FILES = [
    ROOT / path
    for path in git(
        ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"
    ).split("\0")
    if path and (ROOT / path).is_file()
]  # fmt: skip
PAGES = [path for path in FILES if path.suffix == ".md"]
OURS = [path for path in PAGES if "base" not in path.relative_to(ROOT).parts]
FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
NO_COMMANDS = ("scripts/venv", "scripts/site_pages.py")
MACHINE = re.compile(
    rb"/(?:work|Users|tmp)/[A-Za-z0-9._-]|/home/(?!app\b)[a-z]|[A-Z]:\\+Users"
    rb"|(?:pypi|pythonhosted|npmjs)\.(?:org|com)|(?:^|[\s-])index-url"
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_resolves(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target.read_text()), f"{link} has no such heading"


@pytest.mark.parametrize("page", OURS, ids=name)
def test_every_command_shown_exists(page: Path) -> None:
    for line in commands(page.read_text()):
        words = line.split()
        if words[0].startswith("scripts/"):
            script = ROOT / words[0]
            assert script.is_file(), line
            assert os.access(script, os.X_OK) or words[0] in NO_COMMANDS, line
        if words[0] in ("aegis", "scripts/aegis"):
            check_aegis(line, words[1:])


def test_the_readme_shows_every_verb() -> None:
    shown = {line.split()[1] for line in commands((ROOT / "README.md").read_text()) if " " in line}
    visible = {name for name, command in verbs().items() if not command.hidden}
    assert {name.split()[0] for name in visible} <= shown


def test_the_pictures_are_what_the_session_shows(tmp_path: Path) -> None:
    """After a change of the command or a recorded release: scripts/session."""
    subprocess.run([sys.executable, ROOT / "scripts/session", tmp_path], check=True)
    for made in tmp_path.iterdir():
        assert text(made) == text(ROOT / "docs" / made.name), "run scripts/session"


def test_every_test_of_team_work_and_repositories_is_named_with_its_promise() -> None:
    """And every test that the page names exists."""
    defined = {
        path.name: set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
        for path in (ROOT / "tests").rglob("*.py")
    }
    page = (ROOT / "docs/contributing/promises.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", page))
    assert named <= set().union(*defined.values())
    for file in ("test_team.py", "test_settle.py", "test_repositories.py"):
        assert defined[file] <= named


def test_no_machine_and_no_registry_shows() -> None:
    texts = [path for path in FILES if path.suffix not in (".pack", ".idx")]
    found = {name(path): MACHINE.search(path.read_bytes()) for path in texts}
    assert {path: shows for path, shows in found.items() if shows} == {}


def anchors(page: str) -> set[str]:
    """What a link into a page can name: headings as GitHub spells them, and ids."""
    found = set(re.findall(r'<a id="([^"]+)">', page))
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", page), re.MULTILINE):
        found.add(re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-"))
    return found


def commands(page: str) -> list[str]:
    """Lines of code blocks, and code in prose, that begin with a command of ours."""
    blocks = [block.group() for block in FENCE.finditer(page)]
    lines = [line.strip() for block in blocks for line in re.split(r"\n|&&", block)]
    lines += re.findall(r"`([^`\n]+)`", FENCE.sub("", page))
    lines += [line.strip() for line in re.findall(r"^    (\S.*)$", page, re.MULTILINE)]
    whole = [re.sub(r"\s+#.*|^\.venv/bin/python ", "", line) for line in lines]
    return [line for line in whole if re.match(r"(scripts/\w+|aegis \S)", line)]


def check_aegis(line: str, words: list[str]) -> None:
    known = verbs()
    if words[:1] == ["-C"]:
        words = words[2:]
    plain = [word for word in words if not word.startswith("-")]
    starts = [" ".join(plain[:count]) for count in (3, 2, 1)]
    verb = next((start for start in starts if start in known), "")
    assert verb or not plain or plain[0] in GROUPS or plain[0] == "VERB", line
    names = {"--help", "-h", "--version"}
    for command in [known[verb]] if verb in known else known.values():
        for parameter in command.params:
            names |= {*parameter.opts, *parameter.secondary_opts}
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in names, line


@functools.cache
def verbs() -> dict[str, typer.core.TyperCommand]:
    found = {}
    for name in COMMANDS:
        command: Any = typer.main.get_command(command_line.app)  # whose type says "a command"
        for word in name.split():
            command = command.get_command(None, word)
        found[name] = command
    return found


def text(picture: Path) -> list[str]:
    """What a reader reads; how rich draws it may change with its version."""
    rows = re.findall(r"<text [^>]*>([^<]*)</text>", picture.read_text())
    return [html.unescape(row) for row in rows]
