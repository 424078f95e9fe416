"""`--verify COMMAND`: tries a result in a checkout of its own before it lands.

The checkout is a repository in a temporary directory that borrows the project's objects and reads
its configuration. Nothing in the project refers to it, so a kill leaves nothing there.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO

from aegis_patch.errors import Refused
from aegis_patch.landing import journal
from aegis_patch.landing.commits import AS_PLACEHOLDER, Draft
from aegis_patch.objects import scratch
from aegis_patch.progress import doing
from aegis_patch.project import git
from aegis_patch.project.find import Place

PROJECT = "AEGIS_PROJECT"
"""The variable that tells the command where the project itself is."""
_PATIENCE = 5.0  # seconds that a command has to end when it is interrupted
_WATCH = """
read -r group
read -r _
[ -z "$group" ] || kill -KILL -"$group"
sleep 0.1
rm -rf "$1"
sleep 1
rm -rf "$1"
"""
"""Ends a group and clears a room once whoever named the group is gone, and its git has ended."""
_GATE = 'read -r _ && exec sh -c -- "$1" </dev/null'
"""Runs a command once it reads a line: never, if the process that should write it is gone."""
_OWN = """
[core]
	bare = false
	worktree = ..
	sparseCheckout = false
	fsmonitor = false
	hooksPath = /dev/null
[submodule]
	recurse = false
"""
"""Settings of the checkout itself; they come after the project's, and win."""


def refuse_failing(there: Place, objects: Iterable[Path], draft: Draft, command: str) -> None:
    """Run a command in a checkout of a planned commit, with its output on standard error.

    Raises:
        Refused: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="aegis-", ignore_cleanup_errors=True) as room:
        top = Path(room, Path(there.repo.workdir).name)
        with _watched(room) as watch:
            with doing("Checking out the result"):
                _check_out(there, objects, draft, top)
            with doing(f"Checking the result: {command}", shared=True):
                code = _run(command, top / there.prefix, there.root, watch)
    if code:
        how = f"exit code {code}" if code > 0 else f"ended by {signal.Signals(-code).name}"
        raise Refused(
            f"`{command}` failed on the result ({how}), so nothing was changed.",
            where=str(there.root),
            next="Land it all the same? Run the command without --verify",
        )


def _check_out(there: Place, objects: Iterable[Path], draft: Draft, top: Path) -> None:
    """Make a repository of a planned commit, on the project's branch."""
    git.run(top.parent, "init", "--quiet", "--template=", "--", top.name, env=git.PLAIN)
    shared = there.objects.parent
    for place in objects:
        scratch.borrow(top / ".git/objects", place)
    git.run(top, "config", "include.path", str(shared / "config"))
    with (top / ".git/config").open("a") as config:
        config.write(_OWN)
    if (shared / "shallow").exists():
        shutil.copyfile(shared / "shallow", top / ".git/shallow")
    git.run(top, "symbolic-ref", "HEAD", journal.branch(there.repo))
    parent = ("-p", str(there.head)) if there.head else ()
    words = ("commit-tree", *parent, "-F", "-", str(draft.tree))
    commit = git.run(top, *words, stdin=draft.message.encode(), env=AS_PLACEHOLDER).strip()
    git.run(top, "reset", "--quiet", "--hard", commit, env=AS_PLACEHOLDER)


def _run(command: str, here: Path, project: Path, watch: IO[bytes]) -> int:
    """Run a command as a group of its own, of which nothing is left afterwards."""
    running = subprocess.Popen(
        ("sh", "-c", _GATE, "sh", command),
        cwd=here,
        env={**os.environ, PROJECT: str(project)},
        stdin=PIPE,
        stdout=2,
        process_group=0,
    )
    try:
        watch.write(f"{running.pid}\n".encode())
        running.communicate(b"\n")
        return running.returncode
    finally:
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(running.pid, signal.SIGTERM)
            running.wait(_PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)


@contextmanager
def _watched(room: str) -> Iterator[IO[bytes]]:
    """Where to name a group that another process ends, if this one is killed; it clears a room."""
    watch = subprocess.Popen(
        ("sh", "-c", _WATCH, "sh", room),
        bufsize=0,
        cwd="/",
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=DEVNULL,
        process_group=0,
    )
    assert watch.stdin is not None
    try:
        yield watch.stdin
    finally:
        watch.kill()
        watch.communicate()
