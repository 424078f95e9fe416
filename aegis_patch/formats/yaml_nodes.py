"""YAML as nodes that know their lines.

PyYAML's own composer puts the anchored node where an alias stands, with its line numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from aegis_patch.formats.named_blocks import Unusual
from aegis_patch.values import dataclass

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # with the same line numbers
_DEEPEST = 100  # flow collections in one another: beyond, a parser takes long
_LINE_BREAKS = re.compile("[\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Node:
    """A value: the lines from `line` to before `stop`, and the items that it holds.

    `quoted` is whether a scalar has quotes or is a block of text.
    """

    kind: type[yaml.Event]
    flow: bool
    line: int
    stop: int
    said: str = ""
    quoted: bool = False
    anchor: str = ""
    items: Sequence[Item] = ()

    @property
    def is_sequence(self) -> bool:
        """Whether its items have no keys."""
        return self.kind is yaml.SequenceStartEvent

    @property
    def is_collection(self) -> bool:
        """Whether it may hold items."""
        return issubclass(self.kind, yaml.CollectionStartEvent)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a collection; those of a sequence have no name."""

    name: str
    line: int
    column: int
    value: Node


def documents(text: str) -> list[Node]:
    """The documents of a stream.

    Raises:
        Unusual: it is no YAML, or not written as people do.
    """
    if _LINE_BREAKS.search(text):
        raise Unusual("line breaks of other kinds")
    if _flow_depth(text) > _DEEPEST:
        raise Unusual("nested too deep")
    try:
        events = iter(list(yaml.parse(text, LOADER)))
    except yaml.YAMLError as error:
        raise Unusual("not YAML") from error
    found = list[Node]()
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            found.append(_node(events))
    return found


def _flow_depth(text: str) -> int:
    deepest = depth = 0
    for sign in re.findall(r"[\[\]{}]", text):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _node(events: Iterator[Any], event: Any = None) -> Node:
    """The node that begins with an event, or with the next one."""
    first = event or next(events)
    kind, line, anchor = type(first), first.start_mark.line, first.anchor or ""
    if isinstance(first, yaml.CollectionStartEvent):
        items = []
        last: Any = next(events)
        while not isinstance(last, yaml.CollectionEndEvent):
            items.append(_item(kind, events, last))
            last = next(events)
        flow = bool(first.flow_style)
        closing: Any = last
        stop = closing.end_mark.line + 1 if flow else items[-1].value.stop
        return Node(kind, flow, line, stop, anchor=anchor, items=items)
    stop = first.end_mark.line + 1
    if not isinstance(first, yaml.ScalarEvent):
        return Node(kind, False, line, stop, anchor=anchor)
    if first.style in ("|", ">"):
        stop -= 1
    return Node(kind, False, line, stop, first.value, first.style is not None, anchor)


def _item(within: type[yaml.Event], events: Iterator[Any], event: Any) -> Item:
    start = event.start_mark
    if within is yaml.SequenceStartEvent:
        return Item("", start.line, start.column, _node(events, event))
    if not isinstance(event, yaml.ScalarEvent):
        raise Unusual("a key that is no scalar")
    return Item(event.value, start.line, start.column, _node(events))
