"""Opens a project for a verb: locked, with its releases at hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch.errors import Refused
from aegis_patch.history import presence
from aegis_patch.landing import journal
from aegis_patch.progress import doing
from aegis_patch.project import git
from aegis_patch.project.find import Project, find
from aegis_patch.stack.component import Catalogue, is_chosen
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import fork, releases, workbench
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace

if TYPE_CHECKING:
    from aegis_patch.verbs.step import Mode

_REQUIRE_SIGNED = "aegis.requireSigned"


def release_of(bench: Bench, there: Stack) -> Upstream:
    """The release of a stack, after a check that it has all of the stack's components."""
    opened = bench.upstream(there)
    refuse_stranded(bench, there)
    return opened


def choices(where: Path, *, installed: bool) -> tuple[Catalogue, list[str]]:
    """The components of a project's release, and the names that are installed, or not."""
    with open_project(where, to_write=False) as (bench, there):
        known = release_of(bench, there.stack).catalogue
        names = there.stack.names
    return known, [
        each for each in known if is_chosen(known[each]) and (each in names) == installed
    ]


def refuse_stranded(bench: Bench, there: Stack) -> None:
    """Refuse a record that names something its release doesn't have."""
    if stray := presence.stranded(bench, there):
        raise Refused(stray.what, where=RECORD, next=stray.next)


def _refuse_unfinished(there: Project) -> None:
    """Refuse to start a verb that could not finish; if repair settles that, say so."""
    from aegis_patch.landing import preconditions  # slow to import, and not for a look

    try:
        preconditions.verb(there.repo, there.root)
    except Refused as error:
        from aegis_patch.verbs import settle  # slow to import, and seldom needed

        if settle.can_settle(there):
            raise Refused(error.what, where=error.where, next=presence.REPAIR) from error
        raise


def refuse_unsigned(root: Path, opened: Upstream, mode: Mode) -> None:
    """Refuse a fork's release without a trusted signature, if one is required.

    It is required by `mode`, or by git's configuration at the project's root.
    """
    if opened.url == releases.BUNDLED:  # it came with this aegis
        return
    if mode.signed or git.setting(root, _REQUIRE_SIGNED, "--type=bool") == "true":
        fork.refuse_unsigned(opened.url, opened.release, opened.commit)


@contextmanager
def open_project(where: Path, *, to_write: bool = True) -> Iterator[tuple[Bench, Project]]:
    """A project, and a bench that sees its objects.

    Raises:
        Refused: it is no project, or (`to_write`) no verb can start in it now.
    """
    there = find(where)
    with ExitStack() as stack:
        if to_write:
            with doing("Waiting for another aegis"):
                held = stack.enter_context(journal.alone(there.repo))
            there = replace(find(where), held=held)  # HEAD may have moved while we waited
            _refuse_unfinished(there)
        else:
            journal.glance(there.repo)
            there = find(where)
        stack.enter_context(doing("Reading the project"))
        yield stack.enter_context(workbench.open_bench(there)), there
