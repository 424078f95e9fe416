"""Reads the plain forms of a command line without Typer, whose import takes longer than a verb.

Everything else is left to Typer: other forms of an option (`--to=0.6.0`), mistakes, help. A test
holds that both read a line alike.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aegis_patch.terminal.run import COMMANDS, GROUPS, Call, Run, at_terminal, command

_UNASKED = {"--json", "--yes", "-y", "--no-interactive"}
_QUIET = {"--quiet", "-q"}
_COMMON = {"--dry-run", "--diff", *_QUIET, *_UNASKED}
WHERE = {"--project-path", "-C"}
# The types of options, as `options` has them, or of the common ones that take them.
FLAGS = {
    "--no-lock": "Landing",
    "--strict": "Landing",
    "--exit-code": "ExitCode",
    "--require-signed": "Signed",
}
LISTS = {"--components": "Components", "--answer": "Answer"}
VALUES = {
    "--verify": "Landing",
    "--to": "To",
    "--upstream-version": "Release",
    "--upstream": "Url",
    "--component": "Component",
    "--answers": "AnswersFile",
    "--from": "From",
    "--branch": "Branch",
    "--project": "ProjectOf",
    "--requires": "Required",
    "--hunks": "HunkNumbers",
    **LISTS,
}
DIRECTORIES = {"NewDirectory", "Directory"}
ONE_WORD = {*DIRECTORIES, "Ref", "NewName", "SeriesName", "Range"}
MANY_WORDS = {"Names", "NewAnswers", "Directories", "SeriesNames", "SeriesTest"}
CHOICES = {"OnOff": ("on", "off"), "Shell": ("bash", "zsh", "fish")}


def read(args: list[str]) -> Call | None:
    """The call that a command line asks for, if it is of a plain form."""
    if not all(arg and arg.isascii() for arg in args):
        return None
    name, words, given = _sorted_out(args)
    own = _parameters(command(name), words, given) if name else None
    return None if own is None else Call(name, _run(given), own)


def _sorted_out(args: list[str]) -> tuple[str, list[str], dict[str, list[str]]]:
    """The name of a command ("" if the line isn't plain), its words, and the values of options."""
    name, types = "", set[str]()
    words: list[str] = []
    given: dict[str, list[str]] = {}
    rest = iter(args)
    for word in rest:
        if word in _COMMON or FLAGS.get(word) in types:
            given[word] = []
        elif word in WHERE or VALUES.get(word) in types:
            value = next(rest, "-")
            if value[0] == "-":
                return "", [], {}
            given.setdefault("-C" if word in WHERE else word, []).append(value)
        elif name in COMMANDS and word[0] != "-":
            words.append(word)
        elif (longer := f"{name} {word}".strip()) in COMMANDS:
            name, types = longer, set(command(longer).__annotations__.values())
        elif longer in GROUPS:
            name = longer
        else:
            return "", [], {}
    return name if name in COMMANDS else "", words, given


def _run(given: dict[str, list[str]]) -> Run:
    return Run(
        Path(given.get("-C", ["."])[-1]),
        dry="--dry-run" in given,
        diff="--diff" in given,
        json="--json" in given,
        quiet=not _QUIET.isdisjoint(given),
        interactive=_UNASKED.isdisjoint(given) and at_terminal(),
        no_lock="--no-lock" in given,
        strict="--strict" in given,
        verify=given.get("--verify", [None])[-1],
    )


def _parameters(
    function: Callable[..., int], words: list[str], given: dict[str, list[str]]
) -> dict[str, Any] | None:
    """The command's own parameters; None if its words are fewer or more than it takes."""
    types = {**function.__annotations__}
    del types["run"], types["return"]
    defaults = function.__defaults__ or ()
    own = dict(zip(reversed(types), reversed(defaults), strict=False))
    flags = {type: word in given for word, type in FLAGS.items() if type != "Landing"}
    values = {VALUES[word]: given[word] for word in given.keys() & VALUES.keys()}
    for parameter, type in types.items():
        if type in flags:
            own[parameter] = flags[type]
        elif type in values:
            own[parameter] = values[type] if type in LISTS.values() else values[type][-1]
        elif words and type in MANY_WORDS:
            own[parameter], words = words, []
        elif words and (type in ONE_WORD or words[0] in CHOICES.get(type, ())):
            word, *words = words
            own[parameter] = Path(word) if type in DIRECTORIES else word
    return own if own.keys() == types.keys() and not words else None
