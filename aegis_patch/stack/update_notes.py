"""Update notes: what a release asks of projects that are updated to it, in `notes/VERSION.toml`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from aegis_patch.errors import in_words
from aegis_patch.formats import bounded_parsers
from aegis_patch.values import dataclass, replace

MOST_BYTES = 64 * 1024  # of a file
LONGEST_TEXT = 500
_NAMED, _IN_WORDS = ("name", "now", "text", "components"), ("text", "back", "components", "if_set")
KEYS = {"setting": _NAMED, "file": _NAMED, "data": _IN_WORDS, "behaviour": _IN_WORDS}
"""The kinds of notes, and the keys of each: the first one is required."""
_LISTS = ("components", "if_set")
_GOING_BACK = {"data": "(Going back doesn't undo this.)", "behaviour": "(Going back ends this.)"}


@dataclass(frozen=True, slots=True)
class UpdateNote:
    """One thing to do or to know.

    A setting or a file `name` is called `now`, or was removed if that is empty. `back` is the text
    for going back to an older release. A note concerns projects that have one of the `components`,
    or everyone; with `if_set`, only those where one of these settings is set.
    """

    release: str
    kind: str
    text: str = ""
    name: str = ""
    now: str = ""
    back: str = ""
    components: tuple[str, ...] = ()
    if_set: tuple[str, ...] = ()


def parse(release: str, data: bytes) -> tuple[UpdateNote, ...]:
    """Read the notes of one release.

    Raises:
        ValueError: the file is not as it should be, or too large.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES >> 10} KiB")
    try:
        said = bounded_parsers.toml(data.decode())
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    found = []
    for kind, tables in said.items():
        for table in tables if isinstance(tables, list) else [tables]:
            found.append(_note(release, kind, table))
    return tuple(found)


def _note(release: str, kind: str, table: Any) -> UpdateNote:
    known = KEYS.get(kind)
    if known is None or not isinstance(table, dict):
        raise ValueError(f"{kind!r} is no note; notes: [[{']], [['.join(KEYS)}]]")
    fields: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"[[{kind}]]: unknown key {key!r}; known: {', '.join(known)}")
        fields[key] = _field(kind, key, value)
    if not fields.get(known[0]):
        raise ValueError(f"[[{kind}]]: {known[0]} is missing")
    return UpdateNote(release, kind, **fields)


def _field(kind: str, key: str, value: Any) -> Any:
    texts = value if key in _LISTS else [value]
    if not isinstance(texts, list) or not all(map(_is_text, texts)):
        one_line = f"one line of at most {LONGEST_TEXT} characters"
        raise ValueError(f"[[{kind}]]: {key} must be {one_line}, components and if_set lists")
    return tuple(texts) if key in _LISTS else value


def _is_text(value: object) -> bool:
    # It is printed, and stands in a commit's message: one line without control characters.
    return isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_TEXT


def joined(notes: Iterable[UpdateNote], names: Collection[str]) -> tuple[UpdateNote, ...]:
    """The notes that concern a project with these components; what moved twice is listed once."""
    found: list[UpdateNote] = []
    for note in notes:
        if not note.components or not {*names}.isdisjoint(note.components):
            was = (note.kind, note.name)
            earlier = [each for each in found if note.name and (each.kind, each.now) == was]
            found = [each for each in found if each not in earlier]
            found += [replace(note, name=each.name) for each in earlier] or [note]
    return tuple(note for note in found if not note.name or note.name != note.now)


def backwards(notes: Sequence[UpdateNote]) -> Iterator[UpdateNote]:
    """The same for going back: what was renamed has its old name, the newest first."""
    for note in reversed(notes):
        if not note.name:
            yield replace(note, text=note.back or f"{note.text} {_GOING_BACK[note.kind]}")
        elif note.now:
            yield replace(note, name=note.now, now=note.name, text="")


def sentence(note: UpdateNote, where: Mapping[str, str]) -> str:
    """A note as a sentence; `where` says where settings are set."""
    if note.name:
        became = f"is now {note.now}." if note.now else "is gone."
        there = where.get(note.name, "") if note.kind == "setting" else ""
        return f"{note.name}{there} {became} {note.text}".strip()
    if not note.if_set:
        return note.text
    places = [f"{name}{where[name]}" for name in note.if_set if name in where]
    condition = ", ".join(places) or f"If you set {in_words(note.if_set, 'or')}"
    return f"{condition}: {note.text}"
