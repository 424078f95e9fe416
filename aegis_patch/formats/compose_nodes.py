"""Nodes of YAML, as a Compose file uses them."""

from __future__ import annotations

import re

_VARIABLE = re.compile(r"\$(?:\w+|\{\w+(?::?-([^${}]*)|[^{}]*)\})")


def mapping(node: object) -> dict[str, object]:
    """The values of a mapping by key, those that it merges from others first."""
    import yaml

    found: dict[str, object] = {}
    pending, seen = [node], set[int]()
    while pending:
        each = pending.pop()
        if isinstance(each, yaml.SequenceNode):
            pending += reversed(each.value)
        if not isinstance(each, yaml.MappingNode) or id(each) in seen:
            continue
        seen.add(id(each))
        for key, value in each.value:
            if isinstance(key, yaml.ScalarNode) and key.value == "<<":
                pending.append(value)
            elif isinstance(key, yaml.ScalarNode):
                found.setdefault(key.value, value)
    return found


def elements(node: object) -> list[object]:
    """The elements of a sequence, or the keys of a mapping."""
    import yaml

    if not isinstance(node, yaml.CollectionNode):
        return []
    return [each[0] if isinstance(each, tuple) else each for each in node.value]


def text(node: object) -> str:
    """A plain value, as if no variable in it were set."""
    import yaml

    if not isinstance(node, yaml.ScalarNode):
        return ""
    return _VARIABLE.sub(lambda found: found[1] or "", node.value)


def line(node: object) -> int:
    """Where it starts, counted from 1."""
    import yaml

    return node.start_mark.line + 1 if isinstance(node, yaml.Node) else 0
