"""Reads any command line, with Typer. A command is built when its name is on the line."""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from aegis_patch import __version__, errors
from aegis_patch.terminal import options
from aegis_patch.terminal.run import ALIASES, COMMANDS, GROUPS, Call, call, command, is_offered

_BY_NAME = inspect.Parameter.KEYWORD_ONLY
_MEANT = {
    **{"new": "init", "create": "init", "install": "add", "uninstall": "remove"},
    **{"delete": "remove", "upgrade": "update", "list": "components", "version": "--version"},
}
"""Commands under the names that other tools use."""
_TOO_MANY = r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)"  # of Typer
_Version = Annotated[bool, typer.Option("--version", help="Show the version.")]
_PLAIN: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,  # rich help costs a quarter of a second to import
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class _Command(TyperCommand):
    """A command whose usage has braces only around choices."""

    def collect_usage_pieces(self, context: Any) -> list[str]:
        pieces = super().collect_usage_pieces(context)
        return [piece if "|" in piece else piece.strip("{}") for piece in pieces]


class _Commands(TyperGroup):
    """The commands of a group, or all; one is built when Typer asks for it."""

    def __init__(self, **settings: Any) -> None:
        group = settings["name"]
        self.before = f"{group} " if group in GROUPS else ""
        names = [
            name.removeprefix(self.before) for name in COMMANDS if name.startswith(self.before)
        ]
        super().__init__(
            **settings | {"commands": dict.fromkeys(name.split()[0] for name in names)}
        )

    def get_command(self, _: Any, name: str) -> Any:
        if name in self.commands and self.commands[name] is None:
            whole = self.before + name
            self.commands[name] = _group(whole) if whole in GROUPS else _built(whole)
        return self.commands.get(name)


def _before_all(context: typer.Context, version: _Version = False, **common: Any) -> None:
    """Read the common options that stand before the command."""
    if version:
        print(f"aegis {__version__}")
        raise typer.Exit
    _before(context, common)


def _before(context: typer.Context, common: dict[str, Any]) -> None:
    """Read those that stand before a later word of the command's name."""
    if context.invoked_subcommand is None:
        context.fail("Missing command.")
    context.obj = _together(context.obj, common)


def _together(early: dict[str, Any] | None, given: dict[str, Any]) -> dict[str, Any]:
    """The common options of two places in a line, merged."""
    if early is None:
        return given
    both = {option: value or early[option] for option, value in given.items()}
    return both | {"interactive": given["interactive"] and early["interactive"]}


def read(args: list[str]) -> Call | None:
    """The call that a command line asks for; None if it was answered (`--help`).

    Raises:
        Usage: it can't be read.
        KeyboardInterrupt: a question of Typer's was answered with Ctrl-C.
    """
    try:
        found = app(args, prog_name="aegis", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        verb = next((word for word in args if word in COMMANDS), "")
        path = context.command_path if context else f"aegis {verb}".strip()
        what = _in_a_sentence(error.format_message())
        spare = re.fullmatch(r"Unexpected argument: (\S+)\.", what)
        takes_to = context and any(each.name == "to" for each in context.command.params)
        rest = f"--to {shlex.quote(spare[1])}" if spare and takes_to else "--help"
        unknown = re.match(r"No such command '(\w+)'", what)
        if path == "aegis" and unknown and (meant := _MEANT.get(unknown[1])):
            at = args.index(unknown[1])
            rest = shlex.join([*args[:at], meant, *args[at + 1 :]])
        raise errors.Usage(what, next=f"{path} {rest}") from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    if found == errors.INTERRUPTED:
        raise KeyboardInterrupt
    return found if isinstance(found, Call) else None


def _in_a_sentence(message: str) -> str:
    """Typer's complaint in our words."""
    text = " ".join(message.replace("Value error, ", "").split())
    return re.sub(_TOO_MANY, r"Unexpected argument: \1.", text)


def _built(name: str) -> Any:
    """A command for Typer: its own options before the common ones."""
    function = command(name)

    def run(context: typer.Context, **given: Any) -> Call:
        common = {parameter: given[parameter] for parameter in options.COMMON}
        return call(name, given | _together(context.obj, common))

    own = _parameters(options.besides_common(function), options.defaults(function))
    run = _taking(run, *own, *_offered(name))
    alone = typer.Typer(**_PLAIN)
    help = inspect.getdoc(function) or ""
    first = help.partition("\n")[0]
    last = name.rpartition(" ")[2]
    alone.command(last, cls=_Command, help=help, short_help=first, hidden=name in ALIASES)(run)
    return get_command(alone)


def _group(name: str) -> Any:
    """Commands that share their first words, as a group for Typer."""

    def before(context: typer.Context, **common: Any) -> None:
        _before(context, common)

    help = GROUPS[name]
    made = typer.Typer(name=name, cls=_Commands, help=help, short_help=help, **_PLAIN)
    made.callback(invoke_without_command=True)(_taking(before, *_offered(name)))
    return get_command(made)


def _offered(name: str) -> Iterator[inspect.Parameter]:
    """The common options of a command or group; those that nothing in it uses are hidden."""
    for each in _parameters(options.COMMON, {}):
        each.annotation.__metadata__[0].hidden = not is_offered(name, each.name)
        yield each


def _parameters(types: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[inspect.Parameter]:
    """Some parameters in Typer's form."""
    unset = {**options.UNSET, **defaults}
    found = []
    for name, type in types.items():
        each = inspect.Parameter(name, _BY_NAME, default=unset.get(name, inspect.Parameter.empty))
        about = _for_typer(options.typed(type))
        found.append(each.replace(annotation=Annotated[options.base(type), about]))
    return found


def _for_typer(typed: options.Typed) -> Any:
    metavar = typed.metavar or None
    if not typed.flags:
        return typer.Argument(metavar=metavar, hidden=True)
    flags, help = typed.flags.split(), typed.help
    return typer.Option(*flags, metavar=metavar, help=help, show_default=not metavar)


def _taking(function: Callable[..., Any], *named: inspect.Parameter) -> Callable[..., Any]:
    """A function that takes some parameters through its last one, for Typer."""
    first = [*inspect.signature(function, eval_str=True).parameters.values()][:-1]
    parameters = [*named, *(each.replace(kind=_BY_NAME) for each in first)]
    function.__annotations__ = {each.name: each.annotation for each in parameters}
    # Typer reads a function's signature; its type doesn't say that it can be set.
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    return function


app = typer.Typer(
    name="aegis",
    cls=_Commands,
    help="Start a project in git; add, remove and update its components. Your edits stay, and "
    "`git revert` takes a change back.",
    **_PLAIN,
)
app.callback(invoke_without_command=True)(_taking(_before_all, *_offered("")))
