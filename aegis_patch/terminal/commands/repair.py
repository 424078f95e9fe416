"""`aegis repair`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch import errors
from aegis_patch.terminal.as_json import one_line, settled_json
from aegis_patch.terminal.here import from_here
from aegis_patch.terminal.run import Landing, Run, beside, finish, mode
from aegis_patch.terminal.screen import plain, screen
from aegis_patch.values import replace

if TYPE_CHECKING:
    from aegis_patch.verbs.settle import Settled


def repair(run: Landing) -> int:
    """Settle git's conflicts, or fix what merges left.

    In an unfinished merge, rebase, revert or cherry-pick, it resolves what it can. Otherwise it
    corrects, in one commit, what git's merges left inconsistent.
    """
    from aegis_patch.verbs.repair import repair
    from aegis_patch.verbs.settle import settle

    if found := settle(run.where, dry=run.dry, relock=not run.no_lock):
        next = from_here(found.next, run.where)
        return _show(run, replace(found, next=next, patch=found.patch * run.diff))
    return finish(run, repair(run.where, mode(run)))


def _show(run: Run, found: Settled) -> int:
    """Show the result for git's conflicts; the exit code."""
    from aegis_patch.terminal import as_text

    if run.verify:
        note = f"note `{run.verify}` was not run: repair makes no commit here"
        screen(stderr=True).line(plain(note))
    if run.json:
        print(one_line(settled_json(found)))
        return errors.CONFLICTS if found.left else errors.OK
    if run.diff:
        as_text.show_patch(screen(), found.patch)
    if found.left or not run.quiet:
        as_text.show_settled(beside(run), found)
    return errors.CONFLICTS if found.left else errors.OK
