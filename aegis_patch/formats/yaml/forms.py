"""YAML in a form of the user's own: items in brackets or in lines, with keys or without, quoted so.

What theirs changes in such a collection is written into ours, in ours' form: an entry is known by
its name, and what is said of it has to be the same in all forms. Where it is not, or a comment
would have no place, nothing is done, and the text merge decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from aegis_patch.formats.named_blocks import Texts, Unusual
from aegis_patch.formats.yaml import nodes, written
from aegis_patch.formats.yaml.entries import ASSIGNED, NAMED, Part, comments, entries, parts_of
from aegis_patch.formats.yaml.keyed import is_set
from aegis_patch.formats.yaml.nodes import Node

_MOST = 20  # of such collections
_LONGEST = 2_000  # lines: it is for what people write by hand

_PROJECT = re.compile(r"^name:.*", re.MULTILINE)

_Path = tuple[str, ...]
_Said = dict[str, Any]


def rewritten(sides: Texts) -> Texts:
    """The three sides, equal in each collection that could be merged in ours' own form."""
    if max(text.count("\n") for text in sides) > _LONGEST:
        return sides
    for _ in range(_MOST):
        roots = [nodes.compose(text) for text in sides]
        shared = _shared(sides, roots, ())
        made = next((made for path, parts in shared if (made := _merged(path, parts))), None)
        if made is None:
            break
        sides = made
    return sides


def with_own_name(sides: Texts) -> Texts:
    """The same of a Compose file: a project's name there that is ours' own is not the answers'."""
    was, own = (_PROJECT.search(text) for text in sides[:2])
    if was and own and was[0] != own[0]:
        sides = Texts(*(_PROJECT.sub(lambda _: own[0], text, count=1) for text in sides))
    return rewritten(sides)


def _shared(sides: Texts, roots: Sequence[Node], path: _Path) -> Iterator[tuple[_Path, list[Part]]]:
    """The keys that all three have and say otherwise, inner ones first."""
    if any(root.kind is not yaml.MappingStartEvent or root.flow for root in roots):
        return
    found = [parts_of(text, root) for text, root in zip(sides, roots, strict=True)]
    for name in found[1]:
        if name not in found[0] or name not in found[2]:
            continue
        parts = [each[name] for each in found]
        base, ours, theirs = ("".join(part.lines[part.item.line : part.stop]) for part in parts)
        if base not in (ours, theirs) and ours != theirs:
            yield from _shared(sides, [part.value for part in parts], (*path, name))
            yield (*path, name), parts


def _merged(path: _Path, parts: list[Part]) -> Texts | None:
    """With one key the same in all three; None where that is not for us to say."""
    try:
        said = [{entry.name: entry.said for entry in entries(part)} for part in parts]
        ordered = _is_ordered(parts)
        if ordered and said[0] != said[1]:
            return None  # both changed it, and in which order?
        names = _to_change(parts, *said)
        made = written.anew(*parts[1:]) if ordered else written.with_entries(names, *parts)
        whole = [_with(part, made) for part in parts]
        result = _find(whole[1], path)
        now = {entry.name: entry.said for entry in entries(result)}
    except Unusual:
        return None
    if now != (said[2] if ordered else _sum(*said)):
        return None
    was, mine, new, there = (comments(part) for part in (*parts, result))
    kept = mine + (new - was) - ((was - new) & mine)
    return Texts(*whole) if there == kept and not (ordered and mine - was) else None


def _to_change(parts: list[Part], base: _Said, ours: _Said, theirs: _Said) -> set[str]:
    """The names whose entries ours has in another form than base, and theirs changed."""
    names = _changed(base, theirs) & _changed(ours, theirs)
    if names & _changed(base, ours):
        raise Unusual("both changed one entry")
    if base.keys() - ours.keys() - theirs.keys() and (ours.keys() | theirs.keys()) - base.keys():
        raise Unusual("both took one away, and it may be that a new one is in its place")
    forms = {part.form[1] for part in parts if part.form[0] != "scalar"}
    if len(forms) > 1 and parts[1].key not in {*ASSIGNED, *NAMED}:
        raise Unusual("keys and items, which need not be the same")
    texts = [{entry.name: part.source(entry.item) for entry in entries(part)} for part in parts[:2]]
    rewrote = [texts[1][name] for name in names & base.keys() if texts[0][name] != texts[1][name]]
    if parts[0].form == parts[1].form and any("\n" in text for text in rewrote):
        raise Unusual("lines of the user's own, which nobody may take away in silence")
    on_one_line = parts[1].form[0] == "line" and base != ours
    if not names or not (parts[0].form != parts[1].form or rewrote or on_one_line):
        raise Unusual("nothing that names do not settle")
    return names


def _with(part: Part, made: str) -> str:
    lines = part.lines
    return "".join([*lines[: part.item.line], made, *lines[part.stop :]])


def _find(text: str, path: _Path) -> Part:
    root, found = nodes.compose(text), None
    for name in path:
        found = parts_of(text, root).get(name)
        if found is None:
            break
        root = found.value
    if found is None:
        raise Unusual("it is not where it was")
    return found


def _is_ordered(parts: list[Part]) -> bool:
    """Whether it is one value, or a list in which the order matters."""
    if any(part.is_mapping for part in parts):
        return False
    scalar = any(part.form[0] == "scalar" for part in parts)
    return scalar or not all(is_set(part.key, part.value) for part in parts)


def _sum(base: _Said, ours: _Said, theirs: _Said) -> _Said:
    wanted = dict(ours)
    for name in _changed(base, theirs):
        wanted.pop(name, None)
        if name in theirs:
            wanted[name] = theirs[name]
    return wanted


def _changed(base: _Said, side: _Said) -> set[str]:
    return {
        name
        for name in base.keys() | side.keys()
        if name not in base or name not in side or base[name] != side[name]
    }
