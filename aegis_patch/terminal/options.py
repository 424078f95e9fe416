"""What can be typed: the options of the commands, as Typer reads them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Names = Annotated[
    list[str], typer.Argument(metavar="NAME", help="Components; commas and spaces both do.")
]
To = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="RELEASE", help="A release, older ones too (default: the newest)."
    ),
]
Where = Annotated[
    Path | None,
    typer.Option(
        "--project-path",
        "-C",
        metavar="PATH",
        help="The project (default: here, or nearest above).",
    ),
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Take every default; only init asks.")]
Ask = Annotated[bool, typer.Option("--interactive/--no-interactive", help="Ask, or never ask.")]
NoLock = Annotated[bool, typer.Option("--no-lock", help="Leave a tracked uv.lock as it is.")]


@dataclass(frozen=True, slots=True)
class Run:
    """What every command is told: where, and how to answer."""

    where: Path = Path()
    dry: bool = False
    json: bool = False
    interactive: bool = False


def adopt(run: Callable[..., int], function: Callable[..., int]) -> None:
    # Typer reads a signature: the command's own parameters first, then the common ones. That a
    # function has one to write to is not in the types of the standard library.
    """Give what runs a command its name, its help, its parameters and the common ones."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    common = list(inspect.signature(run, eval_str=True).parameters.values())[:-1]
    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *common)
    ]
    # typer reads the signature of a function; that one can be set is not in its type.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = function.__doc__
    run.__name__ = function.__name__
