"""`aegis repair`."""

from __future__ import annotations

from dataclasses import replace

from aegis_patch import errors
from aegis_patch.terminal.run import Landing, finish, from_here, mode, show
from aegis_patch.terminal.screen import screen


def command(run: Landing) -> int:
    """Settle git's conflicts, or fix what merges left.

    In an unfinished merge, rebase, revert or cherry-pick, it resolves what it can. Otherwise it
    makes one commit of what git merges left inconsistent.
    """
    from aegis_patch.terminal import as_json, as_text
    from aegis_patch.verbs.repair import repair
    from aegis_patch.verbs.settle import settle

    if found := settle(run.where, dry=run.dry, relock=not run.no_lock):
        found = replace(found, next=from_here(found.next, run.where))
        if run.verify:
            note = f"note `{run.verify}` was not run: repair makes no commit here"
            screen(stderr=True).line(as_json.plain(note))
        show(run, as_json.settled_json(found), lambda: as_text.show_settled(screen(), found))
        return errors.CONFLICTS if found.left else errors.OK
    return finish(run, repair(run.where, mode(run)))
