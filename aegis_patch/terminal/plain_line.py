"""Reads plain command lines without Typer, whose import takes longer than a verb.

Everything else is left to Typer: other forms of an option (`--to=0.6.0`), mistakes, help. A test
makes sure that both read a line alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aegis_patch.terminal import options
from aegis_patch.terminal.run import COMMANDS, GROUPS, Call, call, command

_Given = dict[str, Any]  # by the names of parameters


def read(args: list[str]) -> Call | None:
    """The call that a command line asks for, if it is in a plain form."""
    if not all(arg and arg.isascii() for arg in args):
        return None
    name, words, given = _sorted_out(args)
    if name not in COMMANDS or not _take_words(name, words, given):
        return None
    return call(name, given)


def _sorted_out(args: list[str]) -> tuple[str, list[str], _Given]:
    """The name of a command ("" if the line isn't plain), its words, and the values of options."""
    name, words, given = "", list[str](), _Given()
    types = options.COMMON
    flags = options.flags(types)
    rest = iter(args)
    for word in rest:
        longer = f"{name} {word}".strip()
        if parameter := flags.get(word):
            if options.base(types[parameter]) is bool:
                given[parameter] = not options.UNSET.get(parameter)
                continue
            value = next(rest, "-")
            if value[0] == "-":
                return "", [], {}
            _put(given, parameter, types[parameter], value)
        elif name in COMMANDS and word[0] != "-":
            words.append(word)
        elif longer in COMMANDS:
            name, types = longer, {**types, **options.besides_common(command(longer))}
            flags = options.flags(types)
        elif longer in GROUPS:
            name = longer
        else:
            return "", [], {}
    return name, words, given


def _take_words(name: str, words: list[str], given: _Given) -> bool:
    """Give its words to a command; False if they are too few, too many, or not allowed."""
    types = options.own(command(name))
    for parameter, type in types.items():
        if words and not options.typed(type).flags:
            taken = words if options.takes_many(type) else words[:1]
            if taken[0] not in (options.choices(type) or taken):
                return False
            for word in taken:
                _put(given, parameter, type, word)
            words = words[len(taken) :]
    missing = types.keys() - given.keys() - options.defaults(command(name)).keys()
    return not (words or missing)


def _put(given: _Given, parameter: str, type: Any, word: str) -> None:
    if options.takes_many(type):
        given.setdefault(parameter, []).append(word)
    else:
        given[parameter] = Path(word) if options.base(type) in (Path, Path | None) else word
