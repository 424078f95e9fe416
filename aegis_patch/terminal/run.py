"""What a command is given, and how it answers: text for a person, or one JSON object."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aegis_patch import errors
from aegis_patch.terminal.screen import screen

if TYPE_CHECKING:
    from aegis_patch.verbs.step import Result

COMMANDS = (
    *("init", "add", "remove", "rebase-upstream", "update", "answers", "repair"),
    *("adopt", "merge-driver", "status", "components"),
)
"""All commands, in the order of the help text."""
HIDDEN = {"update"}


@dataclass(frozen=True, slots=True)
class Run:
    """The common options: which project, and how to answer."""

    where: Path = Path()
    dry: bool = False
    json: bool = False
    interactive: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A command line that was read: the command, the common options and those of its own."""

    name: str
    run: Run
    own: dict[str, Any]

    def __call__(self) -> int:
        """Run the command; its exit code."""
        code: int = command(self.name)(self.run, **self.own)
        return code


def command(name: str) -> Callable[..., int]:
    """The function of a command."""
    module = import_module(f"aegis_patch.terminal.commands.{name.replace('-', '_')}")
    found: Callable[..., int] = module.command
    return found


def at_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def pairs(words: list[str]) -> dict[str, str]:
    """What KEY=VALUE words say.

    Raises:
        Usage: one is of another form.
    """
    found = {}
    for word in words:
        word.encode()  # fails here for text that isn't UTF-8, with its own message
        key, equals, value = word.partition("=")
        if not equals:
            raise errors.Usage(f"{word!r} is not KEY=VALUE", next="aegis --help")
        found[key.strip()] = value
    return found


def finish(run: Run, result: Result) -> int:
    """Show a result; the exit code."""
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import result_json

    show(run, result_json(result), lambda: as_text.show_result(screen(), result))
    as_text.show_notes(screen(stderr=run.json), result)
    stuck = any(commit.conflicts for commit in result.commits)
    return errors.CONFLICTS if stuck else errors.OK


def show(run: Run, shown: Any, as_text: Callable[[], None]) -> int:
    """Print an answer as JSON, or as text; exit code 0."""
    if run.json:
        from aegis_patch.terminal.as_json import one_line

        print(one_line(shown))
    else:
        as_text()
    return errors.OK
