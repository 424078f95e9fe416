"""What can be typed: the options of the commands, as Typer reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

_WORK = "work: HEAD of the clone whose scripts/aegis runs."
_TRIAL = "a branch or commit of your own upstream"
Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", hidden=True)]
NewDirectory = Annotated[Path, typer.Argument(metavar="PATH", hidden=True)]
Components = Annotated[
    list[str] | None,
    typer.Option(
        "--components", metavar="NAMES", help="The project's components, separated by commas."
    ),
]
Answer = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="KEY=VALUE",
        help="An answer: project_name, description, author_name, author_email.",
    ),
]
AnswersFile = Annotated[
    str,
    typer.Option(
        "--answers",
        metavar="FILE",
        help="A TOML file of answers, such as another aegis.toml; --answer overrides it.",
    ),
]
NewAnswers = Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", hidden=True)]
Release = Annotated[
    str | None,
    typer.Option(
        "--upstream-version",
        metavar="RELEASE",
        help=f"Use this release, or {_TRIAL}; or {_WORK}",
    ),
]
Url = Annotated[
    str,
    typer.Option(
        "--upstream",
        metavar="URL",
        show_default=False,
        help="Git URL of your own upstream (default: the built-in releases).",
    ),
]
Paths = Annotated[list[str] | None, typer.Argument(metavar="PATH", hidden=True)]
Component = Annotated[
    str, typer.Option("--component", metavar="NAME", help="Only its files and lines.")
]
Target = Annotated[str, typer.Argument(metavar="PATH[:LINE]", hidden=True)]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Exit with a code for the result, as above.")
]
OnOff = Annotated[Literal["on", "off"], typer.Argument(metavar="on|off", hidden=True)]
Shell = Annotated[
    Literal["bash", "zsh", "fish"], typer.Argument(metavar="bash|zsh|fish", hidden=True)
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="RELEASE",
        help=f"A newer or older release (default: the newest), or {_TRIAL}; or {_WORK}",
    ),
]
Signed = Annotated[
    bool,
    typer.Option(
        "--require-signed",
        help="Take a release of your own upstream only if git trusts its tag's signature.",
    ),
]
Where = Annotated[
    Path | None,
    typer.Option(
        "--project-path",
        "-C",
        metavar="PATH",
        help="The project (default: here, or the nearest parent with an aegis.toml).",
    ),
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; write nothing.")]
Diff = Annotated[bool, typer.Option("--diff", help="Show the change as a patch, and make it.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only errors, and what needs you.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Accept every suggestion.")]
Ask = Annotated[
    bool, typer.Option("--interactive/--no-interactive", help="Ask on a terminal, or never ask.")
]
NoLock = Annotated[bool, typer.Option("--no-lock", help="Don't update uv.lock.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse if references would break or changes be left out.")
]
Verify = Annotated[
    str | None,
    typer.Option(
        "--verify", metavar="COMMAND", help="Run it on the result, and commit only if it passes."
    ),
]
Version = Annotated[bool, typer.Option("--version", help="Show the version.")]
Directory = Annotated[Path, typer.Argument(metavar="DIR", hidden=True)]
Directories = Annotated[list[str] | None, typer.Argument(metavar="DIR", hidden=True)]
Ref = Annotated[str, typer.Argument(metavar="REF", hidden=True)]
NewName = Annotated[str, typer.Argument(metavar="NAME", hidden=True)]
SeriesName = Annotated[str, typer.Argument(metavar="NAME", hidden=True)]
SeriesNames = Annotated[list[str] | None, typer.Argument(metavar="NAME", hidden=True)]
SeriesTest = Annotated[list[str] | None, typer.Argument(metavar="NAME -- COMMAND", hidden=True)]
Range = Annotated[str, typer.Argument(metavar="REV..REV", hidden=True)]
Files = Annotated[list[str] | None, typer.Argument(metavar="-- PATH", hidden=True)]
From = Annotated[str, typer.Option("--from", metavar="DIR", help="The project that becomes base/.")]
ProjectOf = Annotated[str, typer.Option("--project", metavar="DIR", help="Whose commits.")]
Required = Annotated[
    str,
    typer.Option("--requires", metavar="NAMES", help="What it requires, separated by commas."),
]
HunkNumbers = Annotated[
    str,
    typer.Option("--hunks", metavar="NUMBERS", help="Only these, as --dry-run numbers them."),
]
Branch = Annotated[
    str, typer.Option("--branch", metavar="NAME", help="Leave each update on a new branch NAME.")
]
