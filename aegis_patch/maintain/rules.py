"""Rules for a series and its base, which keep components out of each other's way.

`aegis upstream check` reports what would fail for users, `aegis upstream series check` also what a
reviewer would say.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from aegis_patch.formats import anchors
from aegis_patch.maintain.problem import Problem
from aegis_patch.objects import conflict_markers, texts
from aegis_patch.objects.trees import bytes_of
from aegis_patch.stack import patch, pristine, requirements
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import identity_files

MOST_EDITED = 15
"""How many lines of existing files a series may change before base/ lacks a seam."""
SHORTEST_WHY = 40
"""How many characters the body of a patch has at least: it has to say why."""

UNWRITTEN = {
    "summary": "One sentence that says what it is for.",
    "implementation": "what it is built on",
}
"""The placeholders of `series new` for fields that only a person can fill in."""

_SILENT = (b"#", b"<!--", b")", b"]", b"}")
"""How lines begin that aren't items: comments, and closing brackets."""

_POINTER = b"version https://git-lfs.github.com/spec/"

Place = tuple[str, bytes]
"""A list: its file, and the anchor that ends it."""


def breaches(upstream: Upstream, name: str) -> Iterator[Problem]:
    """The rules that one series breaks, at a cost for its users.

    Raises:
        SeriesError: the series does not apply, or what it requires clashes.
    """
    yield from _in_its_requirements(upstream, name)
    yield from _in_its_patches(upstream, name)
    if RECORD in pristine.before(upstream, name).differences(pristine.after(upstream, name)):
        yield Problem(f"patches/{name}", f"{RECORD}: aegis writes it, no series does")


def advice(upstream: Upstream, name: str) -> Iterator[Problem]:
    """What makes one series hard to review or to maintain.

    Raises:
        SeriesError: the series does not apply, or what it requires clashes.
    """
    for field, text in UNWRITTEN.items():
        if getattr(upstream.catalogue[name], field) == text:
            what = f"its {field} is still what `series new` wrote"
            yield Problem(f"patches/{name}/component.toml", what, f"Which {field}?")
    for file, entry in upstream.catalogue[name].series:
        parsed = patch.parse(file, entry.data)
        where = f"patches/{name}/{file}"
        if len(parsed.body) <= SHORTEST_WHY:
            what = f"the body doesn't say why, in more than {SHORTEST_WHY} characters"
            yield Problem(where, what)
        if file != named(parsed.subject):
            yield Problem(where, f"its subject makes it {named(parsed.subject)}")
    start, end = pristine.before(upstream, name), pristine.after(upstream, name)
    for path, (old, new) in start.differences(end).items():
        before, after = (texts.lines(bytes_of(side)) for side in (old, new))
        is_text = not texts.is_binary(bytes_of(old) + bytes_of(new))
        if old and new and is_text and (before[:1] != after[:1] or before[-1:] != after[-1:]):
            what = f"{path}: its first and its last line belong to the user"
            yield Problem(f"patches/{name}", what)
    count = edited(upstream, name)
    if count > MOST_EDITED:
        what = f"it changes {count} lines of existing files: base/ lacks a seam"
        yield Problem(f"patches/{name}", what)


def breaches_between(upstream: Upstream) -> Iterator[Problem]:
    """The rules that base/ and all series break together.

    Raises:
        SeriesError: the whole catalogue does not fold.
    """
    everything = pristine.fold(upstream, upstream.catalogue)
    for path in everything.files():
        text = everything.read(path)
        if text.startswith(_POINTER):
            what = "Git LFS stores this file, and no project can get it from there"
            show = f"git check-attr filter {shlex.quote(f'base/{path}')}"
            undo = "`git lfs untrack PATTERN`, then `git add --renormalize .`"
            ask = f"Which pattern does that? `{show}`, {undo}"
            yield Problem(path, what, ask)
        if marked := conflict_markers.line_of(text):
            find = r"git grep -n '^+\?<<<<<<< ' base patches"
            yield Problem(f"{path}:{marked}", "it has conflict markers", find)
        found = Counter(line.strip() for line in texts.lines(text) if anchors.is_anchor(line))
        for line, count in found.items():
            if count > 1:
                yield Problem(path, f"the anchor {_shown(line)} stands there {count} times")
    yield from _identical_items(upstream)


def _in_its_requirements(upstream: Upstream, name: str) -> Iterator[Problem]:
    here = upstream.catalogue[name]
    where = f"patches/{name}/component.toml"
    for need in here.requires:
        if need not in upstream.catalogue:
            yield Problem(where, f"it requires {need}, which doesn't exist")
    if here.kind == "integration" and len(here.requires) < 2:
        yield Problem(where, "an integration requires two or more")
    if not here.series:
        yield Problem(f"patches/{name}/series", "it has no patch")


def _in_its_patches(upstream: Upstream, name: str) -> Iterator[Problem]:
    answers = identity_files.values(identity_files.defaults(upstream))
    keys = {value: key for key, value in answers.items()}
    for file, entry in upstream.catalogue[name].series:
        for number, line in enumerate(texts.lines(entry.data), 1):
            for value, key in keys.items():
                if line[:1] in (b"+", b"-") and value.encode() in line:
                    where = f"patches/{name}/{file}:{number}"
                    yield Problem(where, f"it holds the base's {key}, {value!r}")


def named(subject: str) -> str:
    """The file of a patch with this subject."""
    return (re.sub(r"[^a-z0-9]+", "-", subject.lower())[:200].strip("-") or "patch") + ".patch"


def edited(upstream: Upstream, name: str) -> int:
    """How many lines of existing files a series changes, without those of compose.yaml."""
    start, end = pristine.before(upstream, name), pristine.after(upstream, name)
    count = 0
    for change in start.diff(end):
        assert change is not None
        if change.delta.status_char() == "M" and change.delta.new_file.path != "compose.yaml":
            count += change.line_stats[1] + change.line_stats[2]
    return count


def _identical_items(upstream: Upstream) -> Iterator[Problem]:
    """Two series with the same item in one list: a merge may then have it once, or twice."""
    known: dict[Place, dict[bytes, str]] = {}
    for name in requirements.order(upstream.catalogue, upstream.catalogue):
        for place, lines in _put_in(upstream, name):
            there = known.setdefault(place, {})
            for item in _items(lines):
                other = there.setdefault(item, name)
                if other != name:
                    what = f"{other} and {name} both have {_shown(item)}"
                    yield Problem(place[0], what)


def _put_in(upstream: Upstream, name: str) -> Iterator[tuple[Place, Sequence[bytes]]]:
    """The lines that a series inserts above anchors."""
    start, end = pristine.before(upstream, name), pristine.after(upstream, name)
    for path in start.changed(end):
        old, new = (tree.read(path) for tree in (start, end))
        before, after = texts.lines(old), texts.lines(new)
        for at, to in texts.hunks(old, new):
            if len(at) == 0 and at.start < len(before) and anchors.is_anchor(before[at.start]):
                yield (path, before[at.start].strip()), after[to.start : to.stop]


def _items(lines: Sequence[bytes]) -> Iterator[bytes]:
    """What no two series may share: each item, and each plain value below a key, with its key.

    An item is a line with the more indented ones below it; a key is all of its item.
    """
    said = [line for line in lines if line.strip() and not line.lstrip().startswith(_SILENT)]
    depth = min((_depth(line) for line in said), default=0)
    starts = [at for at, line in enumerate(said) if _depth(line) == depth]
    for start, end in itertools.pairwise([*starts, len(said)]):
        first, below = said[start], said[start + 1 : end]
        if not first.rstrip().endswith(b":") or first.lstrip().startswith(b"- "):
            yield b"".join(said[start:end])
        elif below and len({_depth(line) for line in below}) == 1:
            yield from (first.rstrip() + b" " + line.lstrip() for line in below)
        else:
            yield first


def _depth(line: bytes) -> int:
    return len(line) - len(line.lstrip())


def _shown(line: bytes) -> str:
    return repr(line.decode("utf-8", "replace").strip().partition("\n")[0])
