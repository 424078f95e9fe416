"""The items of YAML's nodes, and the lines they take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from aegis_patch.formats import bounded_parsers
from aegis_patch.formats.named_blocks import Unusual

_LINE_BREAKS = re.compile("[\r\x85\u2028\u2029]")


class Item(NamedTuple):
    """An item of a collection; those of a sequence have no name.

    The value of an alias is the node that it names, which stands elsewhere.
    """

    name: str | None
    line: int
    column: int
    value: yaml.Node
    is_alias: bool

    @property
    def is_flow(self) -> bool:
        """Whether it is written in brackets or braces."""
        return isinstance(self.value, yaml.CollectionNode) and bool(self.value.flow_style)

    @property
    def stop(self) -> int:
        """The line behind it."""
        node = self.value
        if self.is_alias:
            return self.line + 1
        if isinstance(node, yaml.CollectionNode) and not self.is_flow:
            return [*items(node)][-1].stop
        is_text = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
        return int(node.end_mark.line) + (not is_text)


def documents(text: str) -> list[Item]:
    """The documents of a stream.

    Raises:
        ValueError, RecursionError: it is no YAML, or not written as people do.
    """
    if _LINE_BREAKS.search(text):
        raise Unusual("line breaks of other kinds")
    return [Item(None, 0, 0, node, False) for node in bounded_parsers.yaml(text)]


def items(node: yaml.Node) -> Iterator[Item]:
    """The items of a collection, in order; a scalar has none.

    A node that begins above the place where it is met is an alias.
    """
    if isinstance(node, yaml.MappingNode):
        above = -1
        for key, value in node.value:
            at = key.start_mark
            if not isinstance(key, yaml.ScalarNode) or at.index <= above:
                raise Unusual("a key that is no scalar, or an alias")
            above = at.index
            yield Item(key.value, at.line, at.column, value, value.start_mark.index <= above)
    elif isinstance(node, yaml.SequenceNode):
        above = node.start_mark.index
        for value in node.value:
            at, is_alias = value.start_mark, value.start_mark.index <= above
            if is_alias and not node.flow_style:
                raise Unusual("an alias whose line is not known")
            above = max(above, at.index)
            yield Item(None, at.line, at.column, value, is_alias)
