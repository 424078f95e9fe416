"""What a key of a YAML file says, whatever the form: with keys or items, quoted or not."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import yaml

from aegis_patch.formats.named_blocks import Unusual
from aegis_patch.formats.yaml.keyed import SETS
from aegis_patch.formats.yaml.nodes import Item, Node, indent

ASSIGNED = {"args", "environment", "labels"}  # `- KEY=value`, or `KEY: value`
NAMED: dict[str, Any] = {  # what a name alone says
    "depends_on": {"condition": "service_started"},
    "networks": None,
}
_COMMANDS = {"command", "entrypoint"}  # a string is split as a shell would, but not run by one
_WORDS = re.compile(r"[\w@%+=:,./-]+( [\w@%+=:,./-]+)*")
_NUMBERS = re.compile(r"0|[1-9]\d*|\d+(:\d+)+")  # written bare: what is meant is the text
DOUBTED = re.compile(  # text to PyYAML, and a number, a date or a truth to another parser
    r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[-+]?\d+)?|[-+]?0[box].*|\d{4}-\d\d?-\d.*|[yn]", re.I
)
_RESOLVER: Any = yaml.resolver.Resolver()
_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#.*")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a collection says under a name; `said` is a plain value, the same in every form."""

    name: str
    said: Any
    item: Item


@dataclass(frozen=True, slots=True)
class Part:
    """A key with its value: some whole lines of a text."""

    text: str
    lines: list[str]
    item: Item
    stop: int

    @property
    def key(self) -> str:
        """Its name."""
        return self.item.name

    @property
    def value(self) -> Node:
        """What stands behind it."""
        return self.item.value

    @property
    def is_mapping(self) -> bool:
        """Whether its entries have keys."""
        return self.value.kind is yaml.MappingStartEvent

    @property
    def form(self) -> tuple[str, bool]:
        """How it is written: as a scalar, on one line, in brackets over several, or in lines."""
        if not issubclass(self.value.kind, yaml.CollectionStartEvent):
            return "scalar", False
        if not self.value.flow:
            return "lines", self.is_mapping
        return ("line" if self.value.stop == self.item.line + 1 else "brackets"), self.is_mapping

    def source(self, item: Item) -> str:
        """An item of it as it is written."""
        return self.text[item.start : item.value.end]


def parts_of(text: str, root: Node) -> dict[str, Part]:
    """The keys of a mapping that begin lines of their own, with the comments that they hold."""
    lines = text.splitlines(keepends=True)
    names = Counter(item.name for item in root.items)
    found = {}
    for item in root.items:
        stop = item.value.stop
        for at in range(stop, len(lines)):
            if not (line := lines[at]).strip():
                continue
            if not line.lstrip().startswith("#") or indent(line) <= item.column:
                break
            stop = at + 1
        if names[item.name] == 1 and not lines[item.line][: item.column].strip():
            found[item.name] = Part(text, lines, item, stop)
    return found


def entries(part: Part) -> list[Entry]:
    """What a part says, by name.

    Raises:
        Unusual: a name stands twice, or two forms need not mean the same.
    """
    key, value = part.key, part.value
    if value.named:
        raise Unusual("an anchor or a tag")
    texts = key in ASSIGNED or key in SETS
    if part.form[0] == "scalar":
        said = _said(value)
        words = key in _COMMANDS and isinstance(said, str) and _WORDS.fullmatch(said)
        each = said.split(" ") if words else [("one", said)]
        return [Entry(str(n), one, part.item) for n, one in enumerate(each)]
    found = []
    for number, item in enumerate(value.items):
        name, said = item.name, _said(item.value, texts=texts)
        if not part.is_mapping and key not in SETS:
            name = str(number)
        elif not part.is_mapping:
            name, said = _listed(key, said)
        elif key == "networks" and said == {}:
            said = None
        found.append(Entry(name, said, item))
    if len({entry.name for entry in found}) < len(found):
        raise Unusual("a name that stands twice")
    return found


def _listed(key: str, said: Any) -> tuple[str, Any]:
    if isinstance(said, tuple):
        raise Unusual("a number or the like, which may be the same as a text")
    if not isinstance(said, str):
        return repr(said), said
    if key in ASSIGNED:
        name, assigned, value = said.partition("=")
        return name, value if assigned else None
    return said, NAMED.get(key)


def _said(node: Node, *, texts: bool = False) -> Any:
    """A value without its form; `texts` are what they read, whether quoted or not."""
    if node.kind is yaml.MappingStartEvent:
        said: Any = {item.name: _said(item.value) for item in node.items}
        if len(said) < len(node.items):
            raise Unusual("a key that stands twice")
    elif node.kind is yaml.SequenceStartEvent:
        said = [_said(item.value) for item in node.items]
    elif node.kind is yaml.AliasEvent or node.style:
        said = node.said if node.style else ("an alias",)
    else:
        tag = _RESOLVER.resolve(yaml.ScalarNode, node.said, (True, False))
        kind = tag.rpartition(":")[2]
        is_text = kind == "str" and not DOUBTED.fullmatch(node.said)
        is_text = is_text or bool(texts and _NUMBERS.fullmatch(node.said))
        said = node.said if is_text else None if kind == "null" else (kind, node.said)
    return ("named", node.named, said) if node.named else said


def comments(part: Part) -> Counter[str]:
    """What is behind a `#` that no scalar holds."""
    start = part.text.rfind("\n", 0, part.item.start) + 1
    region = list("".join(part.lines[part.item.line : part.stop]))
    pending = [part.value]
    while pending:
        node = pending.pop()
        if node.kind is yaml.ScalarEvent:
            for at in range(node.start - start, min(node.end - start, len(region))):
                region[at] = "\n" if region[at] == "\n" else "_"
        pending += [item.value for item in node.items]
    lines = "".join(region).split("\n")
    return Counter(found[0].strip() for line in lines if (found := _COMMENT.search(line)))
