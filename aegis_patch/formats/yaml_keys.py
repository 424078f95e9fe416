"""YAML: mappings by key, sequences by item; comments hold their places.

A block is some whole lines of the file, so that format and comments stay as they are. What isn't
written line by line is one block with what it belongs to.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import yaml

from aegis_patch.formats import bounded_parsers
from aegis_patch.formats.named_blocks import Block, Unusual, behind_blank_lines, split_lines
from aegis_patch.values import replace

# Lists of Compose, of workflows and of kustomize in which the order says nothing. Of two patches
# the later one wins: that is the user's, which comes behind what it was put beside.
SETS = {
    *("branches", "cap_add", "cap_drop", "configs", "depends_on", "environment", "expose"),
    *("extra_hosts", "labels", "needs", "networks", "paths", "ports", "profiles", "secrets"),
    *("security_opt", "tags", "tmpfs", "volumes"),
    *("configMapGenerator", "images", "literals", "patches", "resources", "secretGenerator"),
}
_MARKS = re.compile(r"(?<![^\s\[{,])(?:#.*\S|[&*][\w-]+)")  # comments; anchors and aliases
_LAYOUT = re.compile(r"[\s'\"]")
_LINE_BREAKS = re.compile("[\r\x85\u2028\u2029]")


class Item(NamedTuple):
    """An item of a collection; those of a sequence have no name.

    The value of an alias is the node that it refers to, which is written elsewhere.
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
        """The line after it."""
        node = self.value
        if self.is_alias:
            return self.line + 1
        if isinstance(node, yaml.CollectionNode) and not self.is_flow:
            return [*_items(node)][-1].stop
        is_text = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
        return int(node.end_mark.line) + (not is_text)


def blocks(text: str) -> tuple[Block, ...]:
    """One document, cut at the items of its collections and at its comments.

    Raises:
        ValueError, RecursionError: it is not one document in block style.
    """
    lines = split_lines(text)
    documents = _documents(text)
    if len(documents) != 1 or documents[0].is_flow:
        raise Unusual("not one document in block style")
    items = _inside(documents[0])
    if not _is_by_line(lines, items):
        raise Unusual("two items on one line")
    return tuple(_blocks(lines, items, 0, len(lines), ""))


def pieces(text: str) -> Counter[str]:
    """Every scalar with the path to it, every key, and every comment, anchor and alias."""
    found = Counter(_MARKS.findall(text))
    for document in _documents(text):
        found.update(_said(document, ""))
    return found


def _said(item: Item, path: str) -> Iterator[str]:
    node = item.value
    if path and "[]" not in path:
        yield path  # the key, whatever its value
    if item.is_alias:
        yield f"{path}*"
    elif isinstance(node, yaml.ScalarNode):
        for number, line in enumerate(node.value.split("\n")):
            yield f"{path}{'+' if number else '='}{node.tag} {line}"
    else:
        yield f"{path}:{node.tag}"
        for inner in _items(node):
            yield from _said(inner, f"{path}[]" if inner.name is None else f"{path}.{inner.name}")


def _blocks(
    lines: list[str], items: Sequence[Item], start: int, end: int, key: str
) -> Iterator[Block]:
    """The items of a collection under a key, and the comments among them."""
    by_line = {item.line: item for item in items}
    free = _is_free(key, items)
    at = start
    while at < end:
        item = by_line.get(at)
        stop = _stop(lines, item, at, end)
        text = "".join(lines[at:stop])
        if item:
            yield _block(lines, item, stop, free)
        elif not text.strip() or text.startswith(("---\n", "---\r")) or _is_comment(text):
            yield Block(text.strip(), text, said=text.strip())
        else:
            raise Unusual(f"line {at + 1}")
        at = stop


def _stop(lines: list[str], item: Item | None, at: int, end: int) -> int:
    """The line after an item, or a comment: blank lines belong to it, and comments inside."""
    stop = max(item.stop, at + 1) if item else at + 1
    column = _indent(lines[at])
    while stop < end:
        is_inside = item and _is_comment(lines[stop]) and _indent(lines[stop]) > column
        if lines[stop].strip() and not is_inside:
            break
        stop += 1
    return stop


def _block(lines: list[str], item: Item, stop: int, free: bool) -> Block:
    text = "".join(lines[item.line : stop])
    marked = [_LAYOUT.sub("", line) for line in text.splitlines() if _MARKS.search(line)]
    meaning = "\n".join([*_said(item, ""), *marked])
    if item.name is not None:
        block = _keyed(lines, item, stop) or Block(f"{item.name}:", text)
    else:
        name = meaning if free else text.strip()  # an order is that of what is written
        block = _named(lines, item, stop, free) or Block(name, text, free=free)
    return replace(block, said=meaning)


def _keyed(lines: list[str], item: Item, stop: int) -> Block | None:
    """A key whose items stand on the lines below it, one after the other."""
    inside = _inside(item)
    if not inside or not _is_by_line(lines, inside) or inside[0].line == item.line:
        return None
    inner = _blocks(lines, inside, item.line + 1, stop, item.name or "")
    return Block(f"{item.name}:", lines[item.line], tuple(inner))


def _named(lines: list[str], item: Item, stop: int, free: bool) -> Block | None:
    """A sequence item that is a mapping with a `name`: its other keys are blocks."""
    inside = _inside(item)
    names = [lines[each.value.start_mark.line] for each in inside if each.name == "name"]
    if not names or inside[0].line != item.line:
        return None
    first, *others = inside
    if not _is_by_line(lines, others) or any(each.column != first.column for each in others):
        return None
    said = names[0].strip().removeprefix("- ").strip()
    below = min(behind_blank_lines(lines, first.stop), stop)
    inner = _blocks(lines, others, below, stop, "")
    return Block(f"- {said}", "".join(lines[item.line : below]), tuple(inner), free=free)


def _inside(item: Item) -> list[Item]:
    """What an item holds on lines of its own."""
    return [] if item.is_alias or item.is_flow else [*_items(item.value)]


def _is_by_line(lines: list[str], items: Iterable[Item]) -> bool:
    """Whether each item begins a line of its own, all at one column."""
    seen, columns = set[int](), set[int]()
    for item in items:
        line, first = lines[item.line], _indent(lines[item.line])
        begins = line[first:].startswith("- ") if item.name is None else item.column == first
        if item.line in seen or not begins:
            return False
        seen.add(item.line)
        columns.add(first)
    return len(columns) <= 1


def _is_free(key: str, items: Iterable[Item]) -> bool:
    """Whether items have no order; a pattern with `!` revokes those above it."""
    for item in items:
        if item.name is None and (key not in SETS or str(item.value.value).startswith("!")):
            return False
    return True


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _documents(text: str) -> list[Item]:
    """The documents of a stream."""
    if _LINE_BREAKS.search(text):
        raise Unusual("line breaks of other kinds")
    return [Item(None, 0, 0, node, False) for node in bounded_parsers.yaml(text)]


def _items(node: yaml.Node) -> Iterator[Item]:
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
