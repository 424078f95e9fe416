"""The names that a Python file imports, binds and uses."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping

from aegis_patch.formats import bounded_parsers

EVERYWHERE = frozenset(dir(builtins)) | {
    *("__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__", "__class__"),
}


def module(path: str) -> str:
    """The module name of a path."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def renamed(moved: Mapping[str, str]) -> dict[str, str]:
    """The modules of moved files, and the packages around them: old name → new."""
    found: dict[str, str] = {}
    for path, now in moved.items():
        old, new = module(path).split("."), module(now).split(".")
        is_code = path.endswith(".py") and now.endswith(".py")
        if not is_code or not all(part.isidentifier() for part in old + new):
            continue
        found[".".join(old)] = ".".join(new)
        while len(old) > 1 and len(new) > 1 and old[-1] == new[-1]:
            del old[-1], new[-1]
            found.setdefault(".".join(old), ".".join(new))
    return found


def under(text: bytes, names: Mapping[str, str]) -> bytes:
    """A text with each module under its new name, wherever its full name or its path is written.

    A name of one part is a word like any other but where it is imported, or more follows.
    """
    if not names:
        return text
    wanted = {old.encode(): new.encode() for old, new in names.items()}
    written = {*wanted, *(old.replace(b".", b"/") for old in wanted)}
    longest = map(_pattern, sorted(written, key=len, reverse=True))
    known = re.compile(rb"(?<![\w.])(?:%s)(?!\w)" % b"|".join(longest))

    def now(found: re.Match[bytes]) -> bytes:
        new = wanted[found[0].replace(b"/", b".")]
        beside = b"" if b"." in found[0] else text[found.end() : found.end() + 1]
        return new.replace(b".", b"/") if b"/" in found[0] + beside else new

    return known.sub(now, text)


def _pattern(name: bytes) -> bytes:
    word = re.escape(name)
    if re.search(rb"[./]", name):
        return word
    return rb"(?:(?<=import )|(?<=from )|(?=%s[./]\w))%s" % (word, word)


def parsed(data: bytes) -> ast.Module | None:
    """The syntax tree, if this is Python of this version."""
    try:
        return bounded_parsers.python(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imported(path: str, tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Each imported module with its line, and each name imported from one."""
    package = module(path).split(".")[: None if path.endswith("/__init__.py") else -1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            whole = ".".join([*above, *filter(None, [node.module])])
            yield node.lineno, whole, ""
            yield from ((alias.lineno, whole, alias.name) for alias in node.names)


def used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each name that is read, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.lineno, node.id


def bound(tree: ast.Module) -> set[str] | None:
    """Every name that it binds anywhere; None if the text doesn't tell."""
    found = set(EVERYWHERE)
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(name := getattr(node, "name", None), str):  # of a class, a handler, …
            found.add(name)
    return None if {"*", "__getattr__"} & found else found
