"""The names that a component brings: variables, services, distributions."""

from __future__ import annotations

import re

import pygit2

from aegis_patch.objects import trees


def brings(store: pygit2.Repository, was: pygit2.Oid, now: pygit2.Oid) -> dict[str, set[str]]:
    """Names that one tree has and another has not: variables, Compose services, distributions."""
    found: dict[str, set[str]] = {}
    for kind, path, pattern in (
        ("variable", ".env.example", r"^#?\s*([A-Z][A-Z0-9_]+)="),
        ("service", "compose.yaml", r"^  ([a-z][\w-]*):(?: &\w+)?$"),
        ("distribution", "pyproject.toml", r'^    "([A-Za-z0-9][\w.-]*)'),
    ):
        files = [trees.read(store, at, path) for at in (was, now)]
        texts = [data.decode("utf-8", "replace") for data in files]
        old, new = (set(re.findall(pattern, text, re.MULTILINE)) for text in texts)
        found[kind] = new - old
    return found
