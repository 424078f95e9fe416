"""What can be typed: the options of the commands, as Typer reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME", help="Components, separated by spaces or commas (default: from a list)."
    ),
]
NewDirectory = Annotated[Path, typer.Argument(metavar="PATH", help="A new or empty directory.")]
Components = Annotated[
    list[str] | None,
    typer.Option("--components", metavar="NAMES", help="Components to start with."),
]
Answer = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="KEY=VALUE",
        help="An answer: project_name, description, author_name, author_email.",
    ),
]
NewAnswers = Annotated[
    list[str] | None, typer.Argument(metavar="KEY=VALUE", help="The new answers.")
]
Release = Annotated[
    str | None,
    typer.Option("--upstream-version", metavar="RELEASE", help="A release (default: the newest)."),
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
Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH", help="Only these files and directories.")
]
Component = Annotated[
    str, typer.Option("--component", metavar="NAME", help="Only its files and lines.")
]
Target = Annotated[str, typer.Argument(metavar="PATH[:LINE]", help="A file, or one line of it.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="Tell the result by the exit code (see the docs).")
]
OnOff = Annotated[
    Literal["on", "off"], typer.Argument(metavar="on|off", help="Set it up, or remove it.")
]
Shell = Annotated[
    Literal["bash", "zsh", "fish"], typer.Argument(metavar="bash|zsh|fish", help="Your shell.")
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="RELEASE", help="A newer or older release (default: the newest)."),
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
Diff = Annotated[bool, typer.Option("--diff", help="Show the change as a patch.")]
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
    str, typer.Option("--verify", metavar="COMMAND", help="Land only if it passes on the result.")
]
Version = Annotated[bool, typer.Option("--version", help="Show the version.")]
