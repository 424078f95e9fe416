"""YAML as nodes that know where they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import yaml

from aegis_patch.formats.named_blocks import Unusual

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # with the same line numbers
_DEEPEST = 100  # flow collections in one another: beyond, a parser takes long
_LINE_BREAKS = re.compile("[\r\x85\u2028\u2029]")


@dataclass(slots=True)
class Node:
    """A value: the lines from `line` to before `stop`, and the items that it holds.

    `said` is what a scalar says, `style` how it is quoted, `named` its anchor or tag.
    """

    kind: type[yaml.Event]
    flow: bool
    line: int
    stop: int
    start: int
    end: int
    items: list[Item] = field(default_factory=list)
    said: str = ""
    style: str = ""
    named: str = ""


@dataclass(slots=True)
class Item:
    """An item of a collection, with a key from `start` to `end`; those of a sequence have none."""

    name: str
    line: int
    column: int
    start: int
    end: int
    value: Node


def compose(text: str) -> Node:
    """One document.

    Raises:
        Unusual: it is not one, or not written as people do.
    """
    # PyYAML's own composer puts the anchored node where an alias stands, with its line numbers.
    if _LINE_BREAKS.search(text):
        raise Unusual("line breaks of other kinds")
    if _depth(text) > _DEEPEST:
        raise Unusual("nested too deep")
    try:
        events = yaml.parse(text, LOADER)
        inner = [
            e for e in events if not isinstance(e, yaml.StreamStartEvent | yaml.StreamEndEvent)
        ]
    except yaml.YAMLError as error:
        raise Unusual("not YAML") from error
    if sum(isinstance(event, yaml.DocumentStartEvent) for event in inner) != 1:
        raise Unusual("not one document")
    return _node(iter(inner[1:-1]))


def _depth(text: str) -> int:
    return max(
        accumulate(1 if sign in "[{" else -1 for sign in re.findall(r"[\[\]{}]", text)), default=0
    )


def _node(events: Iterator[Any], event: Any = None) -> Node:
    event = event or next(events)
    first, last = event.start_mark, event.end_mark
    named = f"{event.anchor or ''}{getattr(event, 'tag', None) or ''}"
    if not isinstance(event, yaml.CollectionStartEvent):
        style, said = getattr(event, "style", None) or "", getattr(event, "value", "")
        stop = last.line if style in ("|", ">") else last.line + 1
        place = (first.line, stop, first.index, last.index)
        return Node(type(event), False, *place, said=said, style=style, named=named)
    place = (first.line, first.line + 1, first.index, last.index)
    made = Node(type(event), bool(event.flow_style), *place, named=named)
    while not isinstance(event := next(events), yaml.CollectionEndEvent):
        start, end, name = event.start_mark, event.end_mark.index, ""
        if made.kind is yaml.MappingStartEvent:
            if not isinstance(event, yaml.ScalarEvent):
                raise Unusual("a key that is no scalar")
            name, event = event.value, next(events)
        value = _node(events, event)
        made.items.append(Item(name, start.line, start.column, start.index, end, value))
    closed: Any = event.end_mark
    made.stop = closed.line + 1 if made.flow else max(item.value.stop for item in made.items)
    made.end = closed.index if made.flow else made.items[-1].value.end
    return made


def indent(line: str) -> int:
    """How far it is indented."""
    return len(line) - len(line.lstrip(" "))


def is_comment(line: str, column: int = 0) -> bool:
    """Whether it is a comment, indented at least so far."""
    return line.lstrip().startswith("#") and indent(line) >= column
