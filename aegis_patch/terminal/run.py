"""The common options of a command, and its answer: text for a person, or one JSON object."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aegis_patch import errors
from aegis_patch.terminal import options
from aegis_patch.terminal.as_json import one_line, result_json
from aegis_patch.terminal.here import from_here
from aegis_patch.terminal.screen import Screen, screen
from aegis_patch.values import dataclass, replace

if TYPE_CHECKING:
    from aegis_patch.verbs.step import Mode, Result

_MODULES = {
    "init": "init",
    **dict.fromkeys(("add", "remove", "rebase-upstream", "update", "answers"), "evolve"),
    **{"repair": "repair", "adopt": "adopt"},
    **dict.fromkeys(("merge-driver", "status", "diff", "explain", "components"), "look"),
    "completion": "completion",
    **dict.fromkeys(("fleet status", "fleet update"), "fleet"),
    **dict.fromkeys(("upstream new", "upstream check", "upstream extract"), "upstream"),
    **dict.fromkeys(("upstream series new", "upstream series open"), "series"),
    **dict.fromkeys(("upstream series save", "upstream series test"), "series"),
    **dict.fromkeys(("upstream series refresh", "upstream series check"), "series"),
    "upstream series import": "series",
}
"""The module of each command."""
COMMANDS = (*_MODULES,)
"""All commands, in the order of the help text."""
GROUPS = {
    "fleet": "Look at many projects, or update them.",
    "upstream": "Maintain your own upstream.",
    "upstream series": "Maintain its components, as series of patches.",
}
"""Groups of commands, by their first words, with the help text of each."""
ALIASES = {"update": "rebase-upstream"}
"""Other names of commands, which the help text doesn't list."""
_CHANGES = {"init", "add", "remove", "rebase-upstream", "update", "answers", "repair", "adopt"}
DRY = {*_CHANGES, "merge-driver", "fleet update", "upstream extract"}
"""The commands with a `--dry-run`; the help of others doesn't list it."""
WITH_PATCH = {*_CHANGES, "merge-driver"}
"""The commands with a `--diff`."""
_TRIED = {"--dry-run", "--diff", "--json", "--quiet", "-q"}


@dataclass(frozen=True, slots=True)
class Run:
    """The common options: which project, and how to answer; and the whole line, as typed.

    `no_lock`, `strict` and `verify` are for commands that make commits (`Landing`).
    """

    where: Path = Path()
    dry: bool = False
    diff: bool = False
    json: bool = False
    quiet: bool = False
    interactive: bool = False
    typed: tuple[str, ...] = ()
    no_lock: bool = False
    strict: bool = False
    verify: str | None = None


Landing = Run
"""The options as commands that make commits ask for them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command line that was read: the command, the common options and its own."""

    name: str
    run: Run
    own: dict[str, Any]

    def __call__(self, args: list[str]) -> int:
        """Run the command, under the name that was typed; its exit code."""
        from aegis_patch.terminal import light_pygit2

        light_pygit2.install()
        group = self.name.partition(" ")[0]
        if group == "upstream":
            _refuse_pointless(self.name, self.run)
        try:
            with _waiting(self.run) if group != "fleet" else nullcontext():  # it forks
                run = replace(self.run, typed=tuple(args))
                code: int = command(self.name)(run, **self.own)
        except errors.SeriesError as error:
            if group != "upstream":
                raise
            raise for_its_maintainer(error) from error
        return code


def call(name: str, given: Mapping[str, Any]) -> Call:
    """The call of a command, with its parameters as given or by default.

    Raises:
        Usage: an option got no value, as from an unset "$VERSION".
    """
    function = command(name)
    unset = {**options.UNSET, **options.defaults(function)}
    known = {**unset, **given}
    for parameter, type in options.besides_common(function).items():
        flag, value = options.typed(type).flags, known[parameter]
        if flag and value != unset.get(parameter) and not str(value).strip():
            raise errors.Usage(f"{flag} got no value.", next=f"aegis {name} --help")
    common = {option: known[option] for option in options.UNSET if option != "yes"}
    asks = known["interactive"] and not (known["yes"] or known["json"]) and at_terminal()
    common |= {"where": known["where"] or Path(), "interactive": asks}
    own = {parameter: known[parameter] for parameter in options.own(function)}
    return Call(name, Run(**common), own)


def for_its_maintainer(error: errors.SeriesError) -> errors.Refused:
    """The error of a series, addressed to whoever can mend it."""
    return errors.Refused(error.what, where=error.where, next="aegis upstream check")


def _refuse_pointless(name: str, run: Run) -> None:
    """Refuse `--dry-run` and `--diff` for commands without them."""
    for option, is_asked, users in (("--dry-run", run.dry, DRY), ("--diff", run.diff, WITH_PATCH)):
        if is_asked and name not in users:
            what = f"aegis {name} has no {option}; git shows what it wrote."
            raise errors.Usage(what, next=f"aegis {name} --help")


def _waiting(run: Run) -> AbstractContextManager[None]:
    """Progress on the terminal, unless nothing should be shown."""
    is_dumb = os.environ.get("TERM", "dumb") == "dumb"
    if run.json or run.quiet or is_dumb or not sys.stderr.isatty():
        return nullcontext()
    from aegis_patch.terminal import waiting  # with threads, which `status` has no other use for

    return waiting.shown()


def command(name: str) -> Callable[..., int]:
    """The function of a command."""
    module = import_module(f"aegis_patch.terminal.commands.{_MODULES[name]}")
    function = ALIASES.get(name, name).split()[-1].replace("-", "_")
    function += "_" * (function in {"open", "import"})  # words of Python's
    found: Callable[..., int] = getattr(module, function)
    return found


def is_offered(name: str, parameter: str) -> bool:
    """Whether a common option applies to a command, or to one of a group, or of all."""
    users = {"dry": DRY, "diff": WITH_PATCH}.get(parameter, COMMANDS)
    return any(f"{user} ".startswith(f"{name} ".lstrip()) for user in users)


def at_terminal() -> bool:
    """Whether a person can be asked."""
    is_dumb = os.environ.get("TERM", "dumb") == "dumb"  # a list is moved through by its cursor
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb


def pairs(verb: str, words: list[str]) -> dict[str, str]:
    """The keys and values in a verb's KEY=VALUE words.

    Raises:
        Usage: one is of another form.
    """
    found = {}
    for word in words:
        word.encode()  # fails here for text that isn't UTF-8, with its own message
        key, equals, value = word.partition("=")
        if not equals:
            raise errors.Usage(f"{word!r} is not KEY=VALUE.", next=f"aegis {verb} --help")
        found[key.strip()] = value
    return found


def picked(run: Run, verb: str) -> Sequence[str]:
    """Some components, which a person picks from a list; none if the list is empty.

    Raises:
        Usage: nobody can be asked.
    """
    from aegis_patch.verbs.opening import choices

    known, names = choices(run.where, installed=verb == "remove")
    if not names:
        beside(run).line(f"There is nothing to {verb}.")
        return names
    if not run.interactive:
        what = f"Name at least one component to {verb}: {', '.join(names)}."
        raise errors.Usage(what, next="aegis components")
    from aegis_patch.terminal import ask

    found = ask.chosen(verb.capitalize(), known, names, adds=verb == "add")
    if not found:
        beside(run).line("No component was picked.")
    return found


def mode(run: Run) -> Mode:
    """The options as a `Mode` for a verb."""
    from aegis_patch.verbs.step import Mode

    return Mode(run.dry, run.diff, not run.no_lock, run.strict, run.verify or "")


def finish(run: Run, result: Result, more: Mapping[str, Any] = MappingProxyType({})) -> int:
    """Show a result, with `more` in its JSON object; the exit code."""
    from aegis_patch.terminal import as_text

    stuck = any(commit.conflicts for commit in result.commits)
    result = replace(result, next=_next(run, result))
    if run.json:
        show(run, {**result_json(result), **more}, lambda: None)
    elif run.diff:
        as_text.show_patch(screen(), result.patch)
    needs_you = stuck or result.update_notes or result.dangling or result.not_applied
    if needs_you or not run.quiet:
        if not run.json:
            as_text.show_result(beside(run), result, files=not run.quiet)
        as_text.show_notes(beside(run), result, run.where)
    return errors.CONFLICTS if stuck else errors.OK


def beside(run: Run) -> Screen:
    """The stream for words that are neither JSON nor the patch: standard error beside these."""
    return screen(stderr=run.json or (run.diff and not sys.stdout.isatty()))


def _next(run: Run, result: Result) -> str:
    """What to type after a result; after a dry run, the same command without `--dry-run`."""
    if result.dry and result.commits:
        return shlex.join(["aegis", *(word for word in run.typed if word not in _TRIED)])
    return from_here(result.next, run.where)


def show(run: Run, shown: Mapping[str, Any], as_text: Callable[[], None]) -> int:
    """Print an answer as JSON, or as text; exit code 0."""
    if run.json:
        print(one_line(shown))
    else:
        as_text()
    return errors.OK
