"""The hunks of a project's commits, numbered: a component may be made of some of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from aegis_patch.errors import Refused, Usage
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.stack.patch import LINK
from aegis_patch.values import dataclass

Numbers = Sequence[range]
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Hunk:
    """Consecutive lines that a commit changes, or a whole file that has no lines.

    `at` is where `lines` begin in the file before; None for a file as a whole: new, deleted,
    binary.
    """

    number: int
    commit: str
    path: str
    text: str
    where: str
    at: range | None = None
    lines: Sequence[bytes] = ()


def of(
    commit: str, before: Tree, after: Tree, paths: Sequence[str], numbers: Iterator[int]
) -> Iterator[Hunk]:
    """The hunks of some files of a commit, each with the next number."""
    for path in paths:
        was, now = before.lookup(path), after.lookup(path)
        if not (was and now and _has_lines(was) and _has_lines(now) and was.id != now.id):
            yield Hunk(next(numbers), commit, path, _about(was, now), f"{path}:1")
            continue
        old, new = texts.lines(was.data), texts.lines(now.data)
        for at, to in texts.hunks(was.data, now.data):
            lines, where = new[to.start : to.stop], f"{path}:{to.start + 1}"
            signed = [b"-" + line for line in old[at.start : at.stop]]
            signed += [b"+" + line for line in lines]
            text = b"".join(signed).decode("utf-8", "replace")
            yield Hunk(next(numbers), commit, path, text, where, at, lines)


def _has_lines(file: Entry) -> bool:
    return file.mode != LINK and not texts.is_binary(file.data)


def _about(was: Entry | None, now: Entry | None) -> str:
    """The change of a file that is taken as a whole, or not at all."""
    file = now or was
    assert file
    what = "changed" if was and now else "new" if now else "deleted"
    if was and now and was.id == now.id:
        return f"mode {was.mode:o} becomes {now.mode:o}"
    if file.mode == LINK:
        return f"{what} link"
    count = len(texts.lines(file.data))
    size = f"{count} line{'s' * (count != 1)}" if _has_lines(file) else "binary"
    return f"{what} file, {size}"


def applied(before: Tree, after: Tree, taken: Collection[Hunk]) -> Tree:
    """A tree with these hunks alone; any hunk of a file brings its mode along."""
    made: dict[str, Entry | None] = {}
    for path in {each.path for each in taken}:
        was, now = before.lookup(path), after.lookup(path)
        made[path] = now
        own = [each for each in taken if each.path == path]
        edits = [(each.at, each.lines) for each in own if each.at is not None]
        if was and now and edits:
            made[path] = now.rewritten(b"".join(texts.spliced(texts.lines(was.data), edits)))
    return before.replaced(made)


def parse(typed: str) -> Numbers:
    """The numbers of `1,3-5`.

    Raises:
        Usage: it has another form.
    """
    found = []
    for word in typed.split(","):
        match = _RANGE.fullmatch(word.strip())
        if not match:
            what = f"{typed!r} lists no hunks: numbers and ranges, such as 1,3-5."
            raise Usage(what, next="aegis upstream extract --help")
        first, last = int(match[1]), int(match[2] or match[1])
        found.append(range(min(first, last), max(first, last) + 1))
    return found


def written(ranges: Numbers) -> str:
    """Numbers in the form that `parse` reads."""
    return ",".join(f"{each[0]}-{each[-1]}" if len(each) > 1 else str(each[0]) for each in ranges)


def refuse_unknown(wanted: Numbers, count: int, next: str) -> None:
    """Refuse numbers without a hunk."""
    for each in wanted:
        if each[0] < 1 or each[-1] > count:
            what = f"No hunk {written([each])}: they are numbered from 1 to {count}."
            raise Refused(what, next=next)
