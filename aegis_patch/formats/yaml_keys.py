"""YAML: mappings by key, sequences by item; comments hold their places.

A block is some whole lines of the file, so that format and comments stay as they are. What is
not written line by line is one block with what it belongs to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import yaml

from aegis_patch.formats import yaml_nodes
from aegis_patch.formats.named_blocks import Block, Unusual, behind_blank_lines, split_lines
from aegis_patch.formats.yaml_nodes import Item, Node
from aegis_patch.values import replace

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
    lines = split_lines(text)
    documents = yaml_nodes.documents(text)
    if len(documents) != 1 or documents[0].flow or not _is_by_line(lines, documents[0]):
        raise Unusual("not one document in block style")
    return tuple(_blocks(lines, documents[0], 0, len(lines), ""))


def pieces(text: str) -> Counter[str]:
    """Every scalar with the path to it, every key, and every line."""
    found = Counter(line.strip() for line in text.splitlines() if line.strip())
    for document in yaml_nodes.documents(text):
        found.update(_said(document, ""))
    return found


def _said(node: Node, path: str) -> Iterator[str]:
    where = f"{path}&{node.anchor}"
    if path and "[]" not in path:
        yield path  # the key, whatever its value
    if node.kind is yaml.AliasEvent:
        yield f"{where}*"
    elif not node.is_collection:
        sign = '"' if node.quoted else ""
        for line in node.said.split("\n"):
            yield f"{where}={sign}{line}"
    else:
        yield f"{where}:{node.kind.__name__}"
        for item in node.items:
            yield from _said(item.value, f"{path}[]" if node.is_sequence else f"{path}.{item.name}")


def _blocks(lines: list[str], node: Node, start: int, end: int, key: str) -> Iterator[Block]:
    """The items of a collection under a key, and the comments among them."""
    items = {item.line: item for item in node.items}
    free = not node.is_sequence or _is_set(key, node)
    at = start
    while at < end:
        item = items.get(at)
        stop = _stop(lines, item, at, end)
        text = "".join(lines[at:stop])
        if item:
            yield _block(lines, item, at, stop, free)
        elif not text.strip() or text.startswith(("---\n", "---\r")) or _is_comment(text):
            yield Block(text.strip(), text)
        else:
            raise Unusual(f"line {at + 1}")
        at = stop


def _stop(lines: list[str], item: Item | None, at: int, end: int) -> int:
    """The line behind an item, or a comment: blank lines belong to it, and comments inside."""
    stop = max(item.value.stop, at + 1) if item else at + 1
    column = _indent(lines[at])
    while stop < end:
        is_inside = item and _is_comment(lines[stop]) and _indent(lines[stop]) > column
        if lines[stop].strip() and not is_inside:
            break
        stop += 1
    return stop


def _block(lines: list[str], item: Item, at: int, stop: int, free: bool) -> Block:
    text = "".join(lines[at:stop])
    if item.name:
        return _keyed(lines, item, stop) or Block(f"{item.name}:", text)
    return _named(lines, item, stop, free) or Block(text.strip(), text, free=free)


def _keyed(lines: list[str], item: Item, stop: int) -> Block | None:
    """A key whose items stand on the lines below it, one after the other."""
    value = item.value
    is_below = all(inner.line > item.line for inner in value.items)
    if not value.is_collection or value.flow or not is_below or not _is_by_line(lines, value):
        return None
    inner = _blocks(lines, value, item.line + 1, stop, item.name)
    return Block(f"{item.name}:", lines[item.line], tuple(inner))


def _named(lines: list[str], item: Item, stop: int, free: bool) -> Block | None:
    """A sequence item that is a mapping with a `name`: its other keys are blocks."""
    value = item.value
    names = [each.value.line for each in value.items if each.name == "name"]
    if not names or value.flow or value.items[0].line != item.line:
        return None
    first, *others = value.items
    rest = replace(value, items=others)
    if not _is_by_line(lines, rest) or any(each.column != first.column for each in others):
        return None
    said = lines[names[0]].strip().removeprefix("- ").strip()
    below = min(behind_blank_lines(lines, first.value.stop), stop)
    inner = _blocks(lines, rest, below, stop, "")
    return Block(f"- {said}", "".join(lines[item.line : below]), tuple(inner), free=free)


def _is_by_line(lines: list[str], node: Node) -> bool:
    """Whether each item begins a line of its own, all at one column."""
    seen, columns = set[int](), set[int]()
    for item in node.items:
        line, first = lines[item.line], _indent(lines[item.line])
        begins = line[first:].startswith("- ") if node.is_sequence else item.column == first
        if item.line in seen or not begins:
            return False
        seen.add(item.line)
        columns.add(first)
    return len(columns) <= 1


def _is_set(key: str, node: Node) -> bool:
    """Whether a list has no order; a pattern with `!` revokes those above it."""
    return key in SETS and not any(item.value.said.startswith("!") for item in node.items)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")
