"""The files in patches/NAME, and commits exported to them: the same bytes whoever exports."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path

from aegis_patch.errors import PatchRejected, Refused
from aegis_patch.maintain import rules
from aegis_patch.maintain.plain_git import run, shown
from aegis_patch.stack import component, patch

_EXPORT = [
    "format-patch",
    *("--zero-commit", "--full-index", "--no-signature", "--no-stat", "--keep-subject"),
    *("--no-renames", "--no-numbered", "--no-attach", "--no-thread", "--no-cover-letter"),
    *("--no-base", "--src-prefix=a/", "--dst-prefix=b/"),
    *("--diff-algorithm=myers", "--unified=3", "--quiet", "--stdout", "-1"),
]
NO_MESSAGE = re.compile(
    r"(?m)^(?:diff -|Index: |---(?: \S|\s*$)|From .*\d:\d\d:\d\d).*"
    r"|\A(?:\[PATCH\]|(?i:From|Date|Subject):) .*"
)


def listed(root: Path, name: str) -> list[str]:
    """The patches of a series, as its series file lists them."""
    series = root / "patches" / name / "series"
    return component.listed(series.read_text()) if series.exists() else []


def mails(root: Path, name: str) -> list[str]:
    """The paths of a series' patches.

    Raises:
        PatchRejected: git would pass over lines of one, which somebody wrote by hand.
    """
    paths = [root / "patches" / name / each for each in listed(root, name)]
    for path in paths:
        where = f"patches/{name}/{path.name}"
        try:
            patch.parse(path.name, path.read_bytes())
        except patch.Malformed as error:
            raise Refused(error.what, where=where, next=corrected(where)) from error
        except (OSError, PatchRejected):
            continue  # git says it, or can do it
    return [*map(str, paths)]


def corrected(where: str) -> str:
    """How to mend a malformed patch."""
    path = shlex.quote(f":/{where.partition(': ')[0]}")
    return f"Correct it, or take it back? `git checkout HEAD -- {path}`"


def fingerprint(root: Path, name: str) -> str:
    """A digest of the state of patches/NAME."""
    files = sorted((root / "patches" / name).glob("*.patch"))
    texts = [repr((each.name, each.read_bytes())) for each in files]
    return hashlib.sha256("".join([*texts, *listed(root, name)]).encode()).hexdigest()


def changes(root: Path, name: str, exported: dict[str, bytes]) -> list[str]:
    """The patches that differ from those in patches/NAME/."""
    place = root / "patches" / name
    files = [file for file in {*listed(root, name), *exported} if (place / file).exists()]
    there = {file: (place / file).read_bytes() for file in files}
    names = sorted(exported.keys() | there.keys())
    return [file for file in names if exported.get(file) != there.get(file)]


def write(root: Path, name: str, exported: dict[str, bytes]) -> None:
    """Replace the patches by exported ones."""
    place, before = root / "patches" / name, listed(root, name)
    for file, mail in exported.items():
        (place / file).write_bytes(mail)
    if before != [*exported]:  # or its comments stay
        (place / "series").write_text("".join(f"{file}\n" for file in exported))
    for old in {*before} - {*exported}:  # last: whoever kills this leaves a series that is whole
        (place / old).unlink(missing_ok=True)


def export(place: Path) -> dict[str, bytes]:
    """The patches of the commits since `start`, by file name, in order."""
    patches: dict[str, bytes] = {}
    where, next = shown(place), f"git -C {shlex.quote(shown(place))} log start.."
    for each in run(place, "rev-list", "--reverse", "--parents", "start..HEAD").splitlines():
        commit, *parents = each.split()
        mail = run(place, *_EXPORT, commit) if len(parents) == 1 else ""
        if not mail:
            what = f"{commit[:12]} is a merge or changes nothing: no patch can hold it."
            again = f"git -C {shlex.quote(where)} rebase --no-keep-empty --force-rebase start"
            raise Refused(what, where=where, next=again)
        message = run(place, "show", "--no-patch", "--format=%s%n%n%b", commit)
        subject, _, body = message.partition("\n\n")
        if line := NO_MESSAGE.search(body):
            what = f"a line of its message, which `git am` takes for the patch: {line[0][:60]!r}"
            raise Refused(f"{commit[:12]}: indent {what}.", where=where, next=next)
        file = rules.named(subject)
        if file in patches:
            what = f"Two commits would be {file}: give one another subject."
            raise Refused(what, where=where, next=next)
        patches[file] = _fixed(mail)
    return patches


def _fixed(mail: str) -> bytes:
    # Author and date would change with whoever refreshes a patch; the commit in git records them.
    head, separator, rest = mail.partition("\n\n")
    head = re.sub(r"\n[ \t]+", " ", head)
    head = re.sub(r"(?m)^From: .*$", "From: aegis <series@aegis.invalid>", head)
    head = re.sub(r"(?m)^Date: .*$", "Date: Thu, 1 Jan 2026 00:00:00 +0000", head)
    return (head + separator + rest).encode("utf-8", "surrogateescape")
