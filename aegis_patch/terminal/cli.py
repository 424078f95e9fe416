"""The `aegis` command: options in, exit codes out, one error boundary."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from aegis_patch import __version__, errors
from aegis_patch.errors import AegisError, Refused
from aegis_patch.terminal import options
from aegis_patch.terminal.options import (
    Answer,
    Ask,
    Components,
    Dry,
    Json,
    Names,
    NewAnswers,
    NewDirectory,
    NoLock,
    OnOff,
    Release,
    Run,
    Strict,
    To,
    Url,
    Version,
    Where,
    Yes,
)

if TYPE_CHECKING:
    from aegis_patch.verbs.step import Result


app = typer.Typer(
    name="aegis",
    help="Start a project in git; add, remove and update its components. Your edits stay.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich help costs a quarter of a second to import
    context_settings={"help_option_names": ["-h", "--help"]},
)

_GIT_PLACES = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    *("GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_IMPLICIT_WORK_TREE"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
)


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
            common = Run(
                where=project_path or early.where,
                dry=dry_run or early.dry,
                json=json or early.json,
                interactive=asks and not (json or early.json),
            )
            return function(common, **own)

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
    version: Version = False,
) -> None:
    """Read the common options that stand before the verb."""
    if version:
        print(f"aegis {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.fail("Missing command.")
    context.obj = Run(project_path or Path(), dry_run, json, interactive and not yes)


@command("init")
def init_command(
    run: Run,
    path: NewDirectory,
    components: Components = None,
    answer: Answer = None,
    upstream_version: Release = None,
    upstream: Url = "aegis",
) -> int:
    """Start a project in git."""
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.init import init

    done = init(
        run.where / path,
        naming.names(components or []),
        _pairs(answer or []),
        upstream_version,
        upstream,
        interactive=run.interactive,
        dry=run.dry,
    )
    return _finish(run, done)


@command("add")
def add_command(run: Run, names: Names, no_lock: NoLock = False, strict: Strict = False) -> int:
    """Add components (one commit each)."""
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.add import add

    wanted = naming.names(names)
    done = add(run.where, wanted, dry=run.dry, relock=not no_lock, strict=strict)
    return _finish(run, done)


@command("remove")
def remove_command(run: Run, names: Names, no_lock: NoLock = False, strict: Strict = False) -> int:
    """Remove components; your edits stay."""
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.remove import remove

    wanted = naming.names(names)
    done = remove(run.where, wanted, dry=run.dry, relock=not no_lock, strict=strict)
    return _finish(run, done)


@command("rebase-upstream")
def rebase_upstream_command(
    run: Run, to: To = None, no_lock: NoLock = False, strict: Strict = False
) -> int:
    """Move to another release (one commit)."""
    from aegis_patch.verbs import rebase_upstream

    done = rebase_upstream.rebase(run.where, to, dry=run.dry, relock=not no_lock, strict=strict)
    return _finish(run, done)


@command("update", hidden=True)
def update_command(run: Run, to: To = None, no_lock: NoLock = False, strict: Strict = False) -> int:
    """The same as rebase-upstream."""
    return rebase_upstream_command(run, to, no_lock, strict)


@command("answers")
def answers_command(
    run: Run, answer: NewAnswers = None, no_lock: NoLock = False, strict: Strict = False
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
    """Settle git's conflicts, or fix what merges left.

    In an unfinished merge, rebase, revert or cherry-pick, it resolves what it can. Otherwise it
    makes one commit of what git merges left inconsistent.
    """
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import settled_json
    from aegis_patch.verbs.repair import repair
    from aegis_patch.verbs.settle import settle

    if found := settle(run.where, dry=run.dry, relock=not no_lock):
        _print(run, settled_json(found), lambda: as_text.show_settled(_console(), found))
        return errors.CONFLICTS if found.left else errors.OK
    done = repair(run.where, dry=run.dry, relock=not no_lock, strict=strict)
    return _finish(run, done)


@command("merge-driver")
def merge_driver_command(run: Run, state: OnOff) -> int:
    """Let plain git merge as aegis does, in this clone."""
    from aegis_patch.project.find import find
    from aegis_patch.verbs import merge_driver

    merge_driver.turn(find(run.where).root, on=state == "on", dry=run.dry)
    return _print(run, {"merge_driver": state}, lambda: print(f"The merge driver is {state}."))


@command("status")
def status_command(run: Run) -> int:
    """Show release, components and changed files."""
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import status_json
    from aegis_patch.verbs.status import status

    found = status(run.where)
    shown = status_json(found)
    return _print(run, shown, lambda: as_text.show_status(_console(), found))


@command("components")
def components_command(run: Run) -> int:
    """List the available components."""
    from aegis_patch.terminal import as_text
    from aegis_patch.terminal.as_json import components_json
    from aegis_patch.verbs.components import components

    rows = components_json(components(run.where))
    return _print(run, rows, lambda: as_text.show_components(_console(), rows))


def main(argv: list[str] | None = None) -> None:
    """Run the command and exit; no user's mistake ends in a traceback."""
    if argv is None and sys.getfilesystemencoding() != "utf-8":
        # Names in git are UTF-8, whatever the locale.
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    with _open_ended("stdout"), _open_ended("stderr"):
        code = _run((sys.argv[1:] if argv is None else argv) or ["--help"])
    sys.exit(code)


@contextmanager
def _open_ended(name: str) -> Iterator[None]:
    """Let a reader of the output close it early, as `head` does; the rest is dropped."""
    before = getattr(sys, name)
    if before is not None:  # else it was closed from the start, and Python writes nowhere
        setattr(sys, name, _OpenEnded(before))
    try:
        yield
    finally:
        with suppress(OSError, AttributeError):
            getattr(sys, name).flush()
        setattr(sys, name, before)


class _OpenEnded:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._dropping():
            self._stream.flush()

    @contextmanager
    def _dropping(self) -> Iterator[None]:
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
        what = "Interrupted. Each commit is all or nothing; git log -1 shows the last one."
        code = _fail(as_json, Refused(what, next="git log -1"), errors.INTERRUPTED)
    except OSError as error:
        code = _fail(as_json, _system_error(error), 1)
    except UnicodeEncodeError as error:  # of an argument, a setting or a name in git
        code = _fail(as_json, _not_utf8(error), 1)
    except Exception as error:
        traceback.print_exc()
        what = f"A bug in aegis: {type(error).__name__}: {error}. Please report the lines above."
        code = _fail(as_json, Refused(what, next="aegis --version"), 4)
    return code


def _system_error(error: OSError) -> Refused:
    from aegis_patch.project import repository

    missing = isinstance(error, FileNotFoundError)
    if missing and error.filename == "git":
        return Refused(
            "git isn't installed, or not on your PATH.",
            next="Which system? `apt install git`, `dnf install git` or `brew install git`",
        )
    if missing and not error.filename:
        return Refused("Your current directory was deleted.", next="cd ~")
    path = str(error.filename or "")
    return Refused(
        error.strerror or str(error), where=path, next=repository.look_at_disk(Path(path))
    )


def _not_utf8(error: UnicodeEncodeError) -> Refused:
    return Refused(
        "This text isn't valid UTF-8, and aegis writes nothing else.",
        where=repr(error.object[max(error.start - 40, 0) : error.end + 40]),
        next="Is it an argument, a setting in `git config --list` or a name in `git ls-files`?",
    )


def _pairs(words: list[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        word.encode()  # fails here for text that isn't UTF-8, with its own message
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
    as_text.show_notes(_console(stderr=run.json), result)
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
