"""How large a series is: what a reviewer of it, and who owns the code it brings, has to read."""

from __future__ import annotations

from dataclasses import dataclass

from aegis_patch.maintain import rules
from aegis_patch.stack import pristine
from aegis_patch.stack.component import is_chosen
from aegis_patch.stack.release import Upstream


@dataclass(frozen=True, slots=True)
class Size:
    """Lines that a series brings, and how many it edits of files that were there.

    A Compose service is new text in an old file; `edited` leaves compose.yaml out.
    """

    patches: int
    edited: int
    python: int
    tests: int
    other: int


def size(opened: Upstream, name: str) -> Size:
    """The size of one series of a release."""
    start, end = pristine.before(opened, name), pristine.after(opened, name)
    count = {"python": 0, "tests": 0, "other": 0}
    for change in start.store.diff(start.id, end.id):
        assert change is not None
        path = change.delta.new_file.path
        if change.delta.status_char() == "A":
            kind = "tests" if path.startswith("tests/") else "other"
            kind = "python" if path.startswith("app/") and path.endswith(".py") else kind
            count[kind] += change.line_stats[1]
    edited = rules.edited(opened, name)
    return Size(patches=len(opened.catalogue[name].series), edited=edited, **count)


def picture(opened: Upstream) -> str:
    """Which component requires which, and, dotted, which two an integration joins, for Mermaid."""
    known = opened.catalogue
    lines = ["```mermaid", "graph LR"]
    for name, each in sorted(known.items(), key=lambda item: is_chosen(item[1]), reverse=True):
        line = "-->" if is_chosen(each) else "-.-"
        first, *needs = [name, *each.requires] if is_chosen(each) else each.requires
        lines.append(f"    {first}")
        lines += [f"    {first} {line} {need}" for need in needs if is_chosen(known[need])]
    return "\n".join([*dict.fromkeys(lines), "```"])


def table(opened: Upstream) -> str:
    """Every series of a release, as docs/components.md shows it."""
    rows = [
        "| component | built on | patches | Python | tests | other | edited |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    total = opened.base.files()
    core = sum(
        opened.base.read(path).count(b"\n")
        for path in total
        if path.startswith("app/") and path.endswith(".py")
    )
    rows.append(f"| core | FastAPI, Flet, Typer | | {core} | | | |")
    for name, each in sorted(opened.catalogue.items()):
        it = size(opened, name)
        row = (it.patches, it.python, it.tests, it.other, it.edited)
        rows.append(f"| `{name}` | {each.implementation} | {' | '.join(map(str, row))} |")
    return "\n".join(rows)
