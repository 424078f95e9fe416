"""`aegis add [NAME…]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Run, finish, mode, picked

if TYPE_CHECKING:
    from aegis_patch.terminal.options import Names, NoLock, Strict, Verify


def command(
    run: Run,
    names: Names = None,
    no_lock: NoLock = False,
    strict: Strict = False,
    verify: Verify = "",
) -> int:
    """Add components (one commit each)."""
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.add import add, addable

    wanted = naming.names(names or []) or picked(run, "add", *addable(run.where))
    done = add(run.where, wanted, mode(run, no_lock, strict, verify))
    return finish(run, done)
