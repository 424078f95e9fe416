"""The `aegis` command: options in, exit codes out, one error boundary."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from aegis_patch import errors
from aegis_patch.errors import AegisError, Refused
from aegis_patch.terminal import plain_line, process
from aegis_patch.terminal.as_json import one_line
from aegis_patch.terminal.here import from_here
from aegis_patch.terminal.run import Call
from aegis_patch.terminal.screen import screen

_GIT_PLACES = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE"),
    *("GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_QUARANTINE_PATH"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
)


def main(argv: list[str] | None = None) -> None:
    """Run the command and exit; no user's mistake ends in a traceback."""
    if sys.platform == "win32":
        sys.exit("aegis runs on Linux and macOS. On Windows, run it in WSL: wsl --install")
    if "_AEGIS_COMPLETE" in os.environ and argv is None:
        from aegis_patch.terminal import complete

        process.end(complete.answer(sys.argv[1:]))
    if argv is None:
        process.begin()
    with process.open_ended("stdout"), process.open_ended("stderr"):
        code = _run((sys.argv[1:] if argv is None else argv) or ["--help"])
    if argv is None:
        process.end(code)
    sys.exit(code)


def _run(args: list[str]) -> int:
    as_json, where = "--json" in args, Path()
    try:
        for name in _GIT_PLACES:  # as a hook sets them: a project is found by its directory
            os.environ.pop(name, None)
        code = errors.OK
        if call := None if _helped(args) else plain_line.read(args) or _any_line(args):
            where = call.run.where
            code = call(args)
        sys.stdout.flush()
    except AegisError as error:
        error.next = from_here(error.next, where)
        code = _fail(as_json, error, error.exit_code)
    except KeyboardInterrupt:
        what = "Interrupted. Each commit is all or nothing; git log -1 shows the last one."
        next = from_here("git log -1", where)
        code = _fail(as_json, Refused(what, next=next), errors.INTERRUPTED)
    except OSError as error:
        from aegis_patch.project import repository

        code = _fail(as_json, repository.of_system(error), 1)
    except UnicodeEncodeError as error:  # of an argument, a setting or a name in git
        code = _fail(as_json, _not_utf8(error), 1)
    except Exception as error:
        import traceback

        traceback.print_exc()
        what = f"A bug in aegis: {type(error).__name__}: {error}. Please report the lines above."
        code = _fail(as_json, Refused(what, next="aegis --version"), 4)
    return code


def _helped(args: list[str]) -> bool:
    """Print the stored help, which Typer wraps alike from 80 columns on; False if it won't do."""
    if args not in (["--help"], ["-h"]):
        return False
    import shutil

    if shutil.get_terminal_size().columns < 80:
        return False
    print(Path(__file__).with_name("help.txt").read_text(), end="")
    return True


def _any_line(args: list[str]) -> Call | None:
    from aegis_patch.terminal import command_line

    return command_line.read(args)


def _not_utf8(error: UnicodeEncodeError) -> Refused:
    return Refused(
        "This text isn't valid UTF-8, and aegis writes nothing else.",
        where=repr(error.object[max(error.start - 40, 0) : error.end + 40]),
        next="Is it an argument, a setting in `git config --list` or a name in `git ls-files`?",
    )


def _fail(as_json: bool, error: AegisError, code: int) -> int:
    from aegis_patch.terminal import as_text

    if as_json:
        shown = {"what": error.what, "where": error.where, "next": error.next}
        print(one_line({"error": shown}))
    else:
        as_text.show_error(screen(stderr=True), error)
    return code
