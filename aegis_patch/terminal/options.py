"""What can be typed: the words and options of commands, by the types of their parameters.

A type describes what a person types to everything that reads a command line: to Typer
(`command_line`), and without Typer to `plain_line` and to completion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from aegis_patch.values import dataclass


@dataclass(frozen=True, slots=True)
class Typed:
    """A word of a command line; or an option, if it has flags.

    `completes` names the values that a shell offers, if they aren't the type's own choices.
    """

    metavar: str = ""
    flags: str = ""
    help: str = ""
    completes: str = ""


_WORK = "work: HEAD of the clone whose scripts/aegis runs."
_TRIAL = "a branch or commit of your own upstream"
_COMPONENTS = "The project's components, separated by commas."
_REQUIRES = "What it requires, separated by commas."
_ANSWER = "An answer: project_name, description, author_name, author_email."
_ANSWERS = "A TOML file of answers, such as another aegis.toml; --answer overrides it."
_RELEASE = f"Use this release, or {_TRIAL}; or {_WORK}"
_URL = "Git URL of your own upstream (default: the built-in releases)."
_TO = f"A newer or older release (default: the newest), or {_TRIAL}; or {_WORK}"
_SIGNED = "Take a release of your own upstream only if git trusts its tag's signature."
_WHERE = "The project (default: here, or the nearest parent with an aegis.toml)."
_STRICT = "Refuse if references would break or changes be left out."
_VERIFY = "Run it on the result, and commit only if it passes."

# The words of commands.
Names = Annotated[list[str] | None, Typed("NAME", completes="components")]
NewDirectory = Annotated[Path, Typed("PATH", completes="paths")]
NewAnswers = Annotated[list[str] | None, Typed("KEY=VALUE")]
Paths = Annotated[list[str] | None, Typed("PATH", completes="paths")]
Target = Annotated[str, Typed("PATH[:LINE]", completes="paths")]
OnOff = Annotated[Literal["on", "off"], Typed("on|off")]
Shell = Annotated[Literal["bash", "zsh", "fish"], Typed("bash|zsh|fish")]
Directory = Annotated[Path, Typed("DIR", completes="paths")]
Directories = Annotated[list[str] | None, Typed("DIR", completes="paths")]
Ref = Annotated[str, Typed("REF")]
NewName = Annotated[str, Typed("NAME")]
SeriesName = Annotated[str, Typed("NAME", completes="series")]
SeriesNames = Annotated[list[str] | None, Typed("NAME", completes="series")]
SeriesTest = Annotated[list[str] | None, Typed("NAME -- COMMAND", completes="series")]
Range = Annotated[str, Typed("REV..REV")]
Files = Annotated[list[str] | None, Typed("-- PATH", completes="paths")]

# Their own options.
Components = Annotated[
    list[str] | None, Typed("NAMES", "--components", _COMPONENTS, completes="components")
]
Answer = Annotated[list[str] | None, Typed("KEY=VALUE", "--answer", _ANSWER)]
AnswersFile = Annotated[str, Typed("FILE", "--answers", _ANSWERS, completes="paths")]
Release = Annotated[
    str | None, Typed("RELEASE", "--upstream-version", _RELEASE, completes="releases")
]
Url = Annotated[str, Typed("URL", "--upstream", _URL)]
Component = Annotated[
    list[str] | None,
    Typed("NAMES", "--component", "Only their files and lines.", completes="installed"),
]
ExitCode = Annotated[bool, Typed("", "--exit-code", "Exit with a code for the result, as above.")]
To = Annotated[str | None, Typed("RELEASE", "--to", _TO, completes="releases")]
Signed = Annotated[bool, Typed("", "--require-signed", _SIGNED)]
From = Annotated[str, Typed("DIR", "--from", "The project that becomes base/.", completes="paths")]
ProjectOf = Annotated[str, Typed("DIR", "--project", "Whose commits.", completes="paths")]
Required = Annotated[list[str] | None, Typed("NAMES", "--requires", _REQUIRES, completes="series")]
HunkNumbers = Annotated[str, Typed("NUMBERS", "--hunks", "Only these, as --dry-run numbers them.")]
Branch = Annotated[str | None, Typed("NAME", "--branch", "Leave each update on a new branch NAME.")]

COMMON: dict[str, Any] = {
    "where": Annotated[Path | None, Typed("PATH", "--project-path -C", _WHERE, "paths")],
    "dry": Annotated[bool, Typed("", "--dry-run", "Show what would happen; write nothing.")],
    "diff": Annotated[bool, Typed("", "--diff", "Show the change as a patch, and make it.")],
    "json": Annotated[bool, Typed("", "--json", "Print one JSON object.")],
    "quiet": Annotated[bool, Typed("", "--quiet -q", "Print only errors, and what needs you.")],
    "yes": Annotated[bool, Typed("", "--yes -y", "Accept every suggestion.")],
    "interactive": Annotated[
        bool, Typed("", "--interactive/--no-interactive", "Ask on a terminal, or never ask.")
    ],
}
"""The parameters that every command takes."""
LANDING: dict[str, Any] = {
    "no_lock": Annotated[bool, Typed("", "--no-lock", "Don't update uv.lock.")],
    "strict": Annotated[bool, Typed("", "--strict", _STRICT)],
    "verify": Annotated[str | None, Typed("COMMAND", "--verify", _VERIFY)],
}
"""Further ones of commands that make commits."""
UNSET = {
    **dict.fromkeys((*COMMON, *LANDING), False),
    **{"where": None, "interactive": True, "verify": None},
}
"""Their values if nothing is typed."""


def own(command: Callable[..., int]) -> dict[str, Any]:
    """The parameters of a command alone, with their types."""
    named = command.__annotations__.items()
    return {name: globals()[type] for name, type in named if name not in ("run", "return")}


def besides_common(command: Callable[..., int]) -> dict[str, Any]:
    """All parameters of a command but for those that every command takes."""
    return own(command) | (LANDING if command.__annotations__["run"] == "Landing" else {})


def defaults(command: Callable[..., int]) -> dict[str, Any]:
    """The optional ones of its own parameters, with their defaults."""
    return dict(zip(reversed(own(command)), reversed(command.__defaults__ or ()), strict=False))


def typed(type: Any) -> Typed:
    """The option or word for a parameter of a type."""
    found: Typed = type.__metadata__[0]
    return found


def base(type: Any) -> Any:
    """The value that a command gets for it."""
    return type.__origin__


def choices(type: Any) -> tuple[str, ...]:
    """The words that can be typed for it, if there are few."""
    return get_args(base(type)) if get_origin(base(type)) is Literal else ()


def takes_many(type: Any) -> bool:
    """Whether it takes several words, or is an option that can be repeated."""
    return bool(base(type) == list[str] | None)


def flags(types: Mapping[str, Any]) -> dict[str, str]:
    """The flags of some parameters, each with its parameter; of two opposites, the second."""
    found: dict[str, str] = {}
    for name, type in types.items():
        found |= dict.fromkeys(typed(type).flags.rpartition("/")[2].split(), name)
    return found
