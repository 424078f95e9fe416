"""Makes a series of a quilt series: a `series` file and patches, as in Debian's packages."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from aegis_patch.errors import Refused
from aegis_patch.maintain import open_series, patch_files, plain_git, rules, series

_DIFF = re.compile(r"^(?:--- |diff |Index: )", re.MULTILINE)
_SUBJECT = re.compile(
    r"^(?:Description|Subject):[ \t]*(?:\[PATCH[^\]]*\][ \t]*)?(.*)\n?",
    re.MULTILINE | re.IGNORECASE,
)
_FOLDED = re.compile(r"^(Subject:.*)\n[ \t]+(?=\S)", re.MULTILINE)
_OF_MAIL = re.compile(r"^(?:From [0-9a-f]{40} .*|Date:.*)\n", re.MULTILINE)
_TITLE = re.compile(r"([^\n:]{1,72})(?:\n\n|\Z)")
"""A patch's first line as git and StGit export it; one with a colon is a field."""


def import_series(root: Path, name: str, source: Path) -> series.Series:
    """Make a component of a directory with such a series, and save it.

    Raises:
        Refused: there is none, or a patch doesn't apply to base/ and those before.
    """
    patches = [*_listed(Path(os.path.realpath(source)))]
    with series.begun(root, name):
        place = open_series.directory(root, name)
        known = {rules.named("")}
        for patch, how in patches:
            text = patch.read_bytes().decode("utf-8", "replace")
            subject, body = _message(text)
            if not subject or rules.named(subject) in known:
                subject, body = patch.stem, f"{subject}\n\n{body}"
            if rules.named(subject) in known:
                subject += f" {len(known)}"
            known.add(rules.named(subject))
            body = patch_files.NO_MESSAGE.sub(r" \g<0>", body.strip())
            _apply(place, patch, how)
            said = ["--message", f"{subject}\n\n{body}".strip()]
            plain_git.run(place, "commit", "--quiet", "--cleanup=whitespace", *said)
        open_series.keep(place)
        return series.save(root, name)


def _apply(place: Path, patch: Path, how: Sequence[str]) -> None:
    """Apply a patch and stage it: exactly, or else as Debian does, but with none of its lines
    changed.

    Raises:
        Refused: neither works.
    """
    try:
        plain_git.run(place, "apply", "--index", "--whitespace=nowarn", *how, str(patch))
    except Refused as error:
        if not _placed(place, patch, how):
            what = f"This patch doesn't apply to base/ and the patches before it: {error.what}."
            next = f"head -40 {shlex.quote(str(patch))}"
            raise Refused(what, where=str(patch), next=next) from error


def _placed(place: Path, patch: Path, how: Sequence[str]) -> bool:
    """Whether GNU patch could apply it: run beside the series, where no path leads into .git."""
    near = ["patch", *how, "--fuzz=0", "--unified", "--force", "--no-backup-if-mismatch", "--input"]
    if not shutil.which("patch"):
        return False
    with tempfile.TemporaryDirectory() as files:
        plain_git.run(place, "checkout-index", "--all", f"--prefix={files}/")
        done = subprocess.run([*near, str(patch)], cwd=files, capture_output=True, check=False)
        if done.returncode:
            return False
        if any(each.name.lower() == ".git" for each in Path(files).rglob(".*")):
            what = "This patch changes files of git's own, which no component can bring."
            raise Refused(what, where=str(patch), next=f"grep -n [.]git/ {shlex.quote(str(patch))}")
        plain_git.run(place, f"--work-tree={files}", "add", "--all", "--force")
    made = plain_git.run(place, "write-tree").strip()
    plain_git.run(place, "reset", "--quiet", "--hard")
    plain_git.run(place, "read-tree", "-m", "-u", "HEAD", made)
    return made != plain_git.run(place, "rev-parse", "HEAD^{tree}").strip()


def _listed(source: Path) -> Iterator[tuple[Path, list[str]]]:
    """The patches in order, each with its options: how many directories to strip, and reversed."""
    if not (source / "series").is_file():
        what = "There is no file `series`, which lists the patches in order."
        raise Refused(what, where=str(source), next=f"ls {shlex.quote(str(source))}")
    for line in os.fsdecode((source / "series").read_bytes()).splitlines():
        words = line.partition("#")[0].split()
        if words:
            patch = source / words[0]
            if not patch.is_file():
                what = f"It lists {words[0]}, which isn't there."
                look = f"ls {shlex.quote(str(source))}"
                raise Refused(what, where=f"{source}/series", next=look)
            yield patch, ["-p1", *(word for word in words[1:] if re.fullmatch(r"-p\d+|-R", word))]


def _message(text: str) -> tuple[str, str]:
    """The subject and the rest of the text above the diff (DEP-3, or a mail).

    Git would take `From:` and `Date:` at the top of a message for its author's.
    """
    diff = _DIFF.search(text)
    head = re.split(r"^---[ \t]*$", text[: diff.start()] if diff else "", flags=re.MULTILINE)[0]
    head = re.sub(r"(?m)^From:", "Author:", _OF_MAIL.sub("", head))
    while _FOLDED.search(head):
        head = _FOLDED.sub(r"\1 ", head)
    found = _SUBJECT.search(head)
    if not found:
        title = _TITLE.match(head.strip())
        return (title[1], head.strip()[title.end() :]) if title else ("", head.strip())
    rest = head[: found.start()] + head[found.end() :]
    return found[1].strip(), re.sub(r"(?m)^ (?:\.$)?", "", rest).strip()
