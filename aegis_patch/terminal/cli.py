"""The `aegis` command: options in, exit codes out, one error boundary."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from aegis_patch import __version__, errors
from aegis_patch.errors import AegisError, Refused
from aegis_patch.terminal import options
from aegis_patch.terminal.options import Ask, Dry, Json, Names, NoLock, Run, To, Where, Yes

if TYPE_CHECKING:
    from aegis_patch.verbs.step import Result


app = typer.Typer(
    name="aegis",
    help="Evolve a stack: add, remove and update components by three-way merge; your edits stay.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich help costs a quarter of a second to import
    context_settings={"help_option_names": ["-h", "--help"]},
)

_GIT_PLACES = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    *("GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_IMPLICIT_WORK_TREE"),
    *(f"GIT_{kind}_PATHSPECS" for kind in ("LITERAL", "GLOB", "NOGLOB", "ICASE")),
)
_INTERRUPTED = Refused(
    "interrupted: a commit is made whole or not at all", next="git status, git log -1"
)
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse unresolved names and changes left out.")
]


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def command(name: str, **settings: Any) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Register a command whose first parameter is the `Run` that the common options make."""

    def register(function: Callable[..., int]) -> Callable[..., int]:
        def run(
            context: typer.Context,
            project_path: Where = None,
            dry_run: Dry = False,
            json: Json = False,
            yes: Yes = False,
            interactive: Ask = True,
            **own: Any,
        ) -> int:
            early: Run = context.obj
            asks = interactive and not yes and early.interactive and _at_terminal()
            told = Run(
                where=project_path or early.where,
                dry=dry_run or early.dry,
                json=json or early.json,
                interactive=asks and not (json or early.json),
            )
            return function(told, **own)

        options.adopt(run, function)
        app.command(name, **settings)(run)
        return function

    return register


@app.callback(invoke_without_command=True)
def before_verb(
    context: typer.Context,
    project_path: Where = None,
    dry_run: Dry = False,
    json: Json = False,
    yes: Yes = False,
    interactive: Ask = True,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Evolve a stack: add, remove and update components; your edits stay."""
    if version:
        print(f"aegis {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.fail("Missing command.")
    context.obj = Run(project_path or Path(), dry_run, json, interactive and not yes)


@command("init")
def init_command(
    run: Run,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A new or empty directory.")],
    components: Annotated[
        list[str] | None,
        typer.Option("--components", metavar="NAMES", help="Components to start with."),
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            metavar="KEY=VALUE",
            help="An answer: project_name, description, author_name, author_email.",
        ),
    ] = None,
    upstream_version: Annotated[
        str | None,
        typer.Option(
            "--upstream-version", metavar="RELEASE", help="A release (default: the newest)."
        ),
    ] = None,
    upstream: Annotated[
        str,
        typer.Option(
            "--upstream", metavar="URL", show_default=False, help="A fork of ours (default: ours)."
        ),
    ] = "aegis",
) -> int:
    """Start a project in git."""
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.init import init

    given = _pairs(answer or [])
    wanted = naming.names(components or [])
    path = run.where / path
    return _finish(
        run,
        init(
            path,
            wanted,
            given,
            upstream_version,
            upstream,
            interactive=run.interactive,
            dry=run.dry,
        ),
    )


@command("add")
def add_command(run: Run, names: Names, no_lock: NoLock = False, strict: Strict = False) -> int:
    """Add components, a commit for each."""
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.add import add

    wanted = naming.names(names)
    done = add(run.where, wanted, dry=run.dry, relock=not no_lock, strict=strict)
    return _finish(run, done)


@command("remove")
def remove_command(
    run: Run,
    names: Names,
    no_lock: NoLock = False,
    strict: Strict = False,
) -> int:
    """Remove components; your edits stay."""
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.remove import remove

    wanted = naming.names(names)
    done = remove(run.where, wanted, dry=run.dry, relock=not no_lock, strict=strict)
    return _finish(run, done)


@command("rebase-upstream")
def rebase_upstream_command(
    run: Run,
    to: To = None,
    no_lock: NoLock = False,
    strict: Strict = False,
) -> int:
    """Move to another release, in one commit."""
    from aegis_patch.verbs import rebase_upstream

    done = rebase_upstream.rebase(run.where, to, dry=run.dry, relock=not no_lock, strict=strict)
    return _finish(run, done)


@command("update", hidden=True)
def update_command(
    run: Run,
    to: To = None,
    no_lock: NoLock = False,
    strict: Strict = False,
) -> int:
    """Another name of rebase-upstream."""
    return rebase_upstream_command(run, to, no_lock, strict)


@command("answers")
def answers_command(
    run: Run,
    answer: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="New answers.")
    ] = None,
    no_lock: NoLock = False,
    strict: Strict = False,
) -> int:
    """Show the answers, or change some."""
    from aegis_patch.terminal import as_text
    from aegis_patch.verbs import answers

    if answer:
        given = _pairs(answer)
        done = answers.answer(run.where, given, dry=run.dry, relock=not no_lock, strict=strict)
        return _finish(run, done)
    found = answers.answers(run.where)
    return _print(run, {"answers": dict(found)}, lambda: as_text.show_answers(_console(), found))


@command("repair")
def repair_command(run: Run, no_lock: NoLock = False, strict: Strict = False) -> int:
    """Put right, in one commit, what status shows is off."""
    from aegis_patch.verbs.repair import repair

    done = repair(run.where, dry=run.dry, relock=not no_lock, strict=strict)
    return _finish(run, done)


@command("status")
def status_command(run: Run) -> int:
    """Show what the project is made of, and what is off."""
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import status_json
    from aegis_patch.verbs.status import status

    found = status(run.where)
    shown = status_json(found)
    return _print(run, shown, lambda: as_text.show_status(_console(), found))


@command("components")
def components_command(run: Run) -> int:
    """List what a stack can have."""
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import components_json
    from aegis_patch.verbs.components import components

    rows = components_json(components(run.where))
    return _print(run, rows, lambda: as_text.show_components(_console(), rows))


def main(argv: list[str] | None = None) -> None:
    """Run the command and exit; nothing that a user can do ends in a traceback."""
    if argv is None and sys.getfilesystemencoding() != "utf-8":
        # The locale has no letters for what is in git, but Python can do without it.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    with _lasting("stdout"), _lasting("stderr"):
        code = _run((sys.argv[1:] if argv is None else argv) or ["--help"])
    sys.exit(code)


@contextmanager
def _lasting(name: str) -> Iterator[None]:
    """Let the reader of an output leave, as `head` does: what is written then is lost, no more."""
    before = getattr(sys, name)
    if before is not None:  # else it was closed from the start, and Python writes nowhere
        setattr(sys, name, _Lasting(before))
    try:
        yield
    finally:
        with suppress(OSError, AttributeError):
            getattr(sys, name).flush()
        setattr(sys, name, before)


class _Lasting:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._to_nowhere():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._to_nowhere():
            self._stream.flush()

    @contextmanager
    def _to_nowhere(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())


def _run(args: list[str]) -> int:
    as_json = "--json" in args
    try:
        for name in _GIT_PLACES:  # as a hook sets them: a project is found by its directory
            os.environ.pop(name, None)
        code: int = app(args, prog_name="aegis", standalone_mode=False)
        if code == errors.INTERRUPTED:
            raise KeyboardInterrupt
        if sys.stdout:  # else it was closed from the start
            sys.stdout.flush()
    except AegisError as error:
        code = _fail(as_json, error, error.exit_code)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        help = f"{context.command_path if context else 'aegis'} --help"
        code = _fail(as_json, Refused(error.format_message(), next=help), errors.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        code = _fail(as_json, _INTERRUPTED, errors.INTERRUPTED)
    except OSError as error:
        code = _fail(as_json, _of_the_system(error), 1)
    except UnicodeEncodeError as error:  # of an argument, a setting or a name in git
        where = repr(error.object[max(error.start - 40, 0) : error.end + 40])
        what, remedy = "this is not UTF-8, and aegis writes nothing else", "write it in UTF-8"
        code = _fail(as_json, Refused(what, where=where, next=remedy), 1)
    except Exception as error:
        traceback.print_exc()
        what = f"a bug in aegis: {type(error).__name__}: {error}"
        code = _fail(as_json, Refused(what, next="report it with the lines above"), 4)
    return code


def _of_the_system(error: OSError) -> Refused:
    if isinstance(error, FileNotFoundError) and error.filename == "git":
        return Refused("there is no git", next="install git, then run this again")
    if isinstance(error, FileNotFoundError) and not error.filename:
        return Refused("the directory that you are in was deleted", next="cd to one that is there")
    return Refused(
        error.strerror or str(error),
        where=str(error.filename or ""),
        next="see that you may write there and that there is room, then run this again",
    )


def _pairs(words: list[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        word.encode()  # what is not UTF-8 ends here, with a word of its own
        key, equals, value = word.partition("=")
        if not equals:
            raise typer.BadParameter(f"{word!r} is not KEY=VALUE")
        pairs[key.strip()] = value
    return pairs


def _finish(run: Run, result: Result) -> int:
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import result_json

    shown = result_json(result)
    _print(run, shown, lambda: as_text.show_result(_console(), result))
    as_text.show_said(_console(stderr=run.json), result)
    stuck = any(commit.conflicts for commit in result.commits)
    return errors.CONFLICTS if stuck else errors.OK


def _print(run: Run, shown: Any, show: Callable[[], None]) -> int:
    if run.json:
        from aegis_patch.terminal.as_json import one_line

        print(one_line(shown))
    else:
        show()
    return errors.OK


def _fail(as_json: bool, error: AegisError, code: int) -> int:
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import error_json, one_line

    if as_json:
        print(one_line(error_json(error.what, error.where, error.next)))
    else:
        as_text.show_error(_console(stderr=True), error)
    return code


def _console(*, stderr: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, emoji=False)
