"""YAML: mappings by key, sequences by item; comments, slots among them, hold their places.

A block is some whole lines of the file, so that format and comments stay as they are. What is
not written line by line is one block with what it belongs to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import yaml

from aegis_patch.formats.named_blocks import Block, Unusual
from aegis_patch.formats.yaml import nodes
from aegis_patch.formats.yaml.nodes import Item, Node, indent, is_comment

# Lists of Compose, of workflows and of kustomize in which the order says nothing. Of two patches
# the later one wins: that is the user's, which comes behind what it was put beside.
SETS = {
    *("branches", "cap_add", "cap_drop", "configs", "depends_on", "environment", "expose"),
    *("extra_hosts", "labels", "needs", "networks", "paths", "ports", "profiles", "secrets"),
    *("security_opt", "tags", "tmpfs", "volumes"),
    *("configMapGenerator", "images", "literals", "patches", "resources", "secretGenerator"),
}


def blocks(text: str) -> tuple[Block, ...]:
    """One document, cut at the items of its collections and at its comments.

    Raises:
        Unusual: it is not one document in block style.
    """
    root = nodes.compose(text)
    lines = text.splitlines(keepends=True)
    if root.flow or not _is_by_line(lines, root):
        raise Unusual("not in block style")
    return tuple(_cut(lines, root, 0, len(lines), ""))


def pieces(text: str) -> Counter[str]:
    """Every scalar with the path to it, every key, and every line.

    Raises:
        Unusual: it does not parse.
    """
    found = Counter(line.strip() for line in text.splitlines() if line.strip())
    path: list[str | None] = []  # None: a mapping that waits for a key
    try:
        events = list(yaml.parse(text, nodes.LOADER))
    except yaml.YAMLError as error:
        raise Unusual("does not parse") from error
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            path.pop()
            _next(path)
            continue
        if isinstance(event, yaml.NodeEvent) and path and path[-1] is None:
            path[-1] = f".{getattr(event, 'value', '?')}"
            if isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
                continue
        key = "".join(part or "" for part in path)
        if key and "[]" not in key and isinstance(event, yaml.NodeEvent):
            found[key] += 1
        where = f"{key}&{getattr(event, 'anchor', '')}"
        if isinstance(event, yaml.ScalarEvent):
            plain = "" if event.style is None else '"'
            found.update(f"{where}={plain}{line}" for line in event.value.split("\n"))
            _next(path)
        elif isinstance(event, yaml.AliasEvent):
            found[f"{where}*"] += 1
            _next(path)
        elif isinstance(event, yaml.CollectionStartEvent):
            found[f"{where}:{type(event).__name__}"] += 1
            path.append(None if isinstance(event, yaml.MappingStartEvent) else "[]")
    return found


def _next(path: list[str | None]) -> None:
    if path and path[-1] != "[]":
        path[-1] = None


def _is_by_line(lines: list[str], node: Node) -> bool:
    """Whether each item begins a line of its own, all at one column."""
    firsts = [len(lines[item.line]) - len(lines[item.line].lstrip(" ")) for item in node.items]
    if len({item.line for item in node.items}) < len(node.items) or len(set(firsts)) > 1:
        return False
    if node.kind is yaml.SequenceStartEvent and not node.flow:
        return all(lines[i.line].lstrip(" ").startswith("- ") for i in node.items)
    return node.flow or all(i.column == first for i, first in zip(node.items, firsts, strict=True))


def is_set(key: str, node: Node) -> bool:
    """Whether the order of a list says nothing; a pattern with `!` takes back what is above it."""
    return key in SETS and not any(item.value.said.startswith("!") for item in node.items)


def _cut(lines: list[str], node: Node, start: int, end: int, key: str) -> Iterator[Block]:
    items = {item.line: item for item in node.items}
    ordered = node.kind is yaml.SequenceStartEvent and not is_set(key, node)
    column = min((indent(lines[at]) for at in items), default=len("".join(lines)))
    at = start
    while at < end:
        item = items.get(at)
        stop = max(item.value.stop, at + 1) if item else at + 1
        while stop < end and (
            not lines[stop].strip() or (item and is_comment(lines[stop], column + 1))
        ):
            stop += 1
        text = "".join(lines[at:stop])
        if item is None:
            if lines[at].strip() and not is_comment(lines[at]) and lines[at].rstrip() != "---":
                raise Unusual(f"line {at + 1}")
            yield Block(text.strip(), text)
        elif made := (_container if item.name else _named)(lines, item, stop, not ordered):
            yield made
        else:
            yield Block(f"{item.name}:" if item.name else text.strip(), text, free=not ordered)
        at = stop


def _named(lines: list[str], item: Item, stop: int, free: bool) -> Block | None:
    """An item of a sequence that is a mapping with a `name`: below its first key are others."""
    value = item.value
    name = next((each.value.line for each in value.items if each.name == "name"), None)
    if name is None or value.flow or value.items[0].line != item.line:
        return None
    first, *others = value.items
    rest = replace(value, flow=False, line=first.value.stop, items=others)
    if not _is_by_line(lines, rest) or any(each.column != first.column for each in others):
        return None
    said = lines[name].strip().removeprefix("- ").strip()
    below = next((at for at in range(first.value.stop, stop) if lines[at].strip()), stop)
    inner = _cut(lines, rest, below, stop, "")
    return Block(f"- {said}", "".join(lines[item.line : below]), tuple(inner), free=free)


def _container(lines: list[str], item: Item, stop: int, _: bool) -> Block | None:
    """A key whose items stand on the lines below it, one after the other."""
    value, name = item.value, f"{item.name}:"
    below = all(inner.line > item.line for inner in value.items)
    if not issubclass(value.kind, yaml.CollectionStartEvent) or not below:
        return None
    if not _is_by_line(lines, value):
        return None
    head, close = lines[item.line], value.stop - 1
    if not value.flow:
        inner = _cut(lines, value, item.line + 1, stop, item.name)
        return Block(name, head, tuple(inner))
    opened = head.rstrip().endswith(("{", "[")) and lines[close].strip() in ("}", "]")
    if not opened or not all(lines[i.value.stop - 1].rstrip().endswith(",") for i in value.items):
        return None
    inner = _cut(lines, value, item.line + 1, close, item.name)
    return Block(name, head, tuple(inner), "".join(lines[close:stop]))
