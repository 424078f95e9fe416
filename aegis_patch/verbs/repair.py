"""`aegis repair`: make tree and record agree."""

from __future__ import annotations

from pathlib import Path

from aegis_patch.history import presence
from aegis_patch.verbs import opening
from aegis_patch.verbs.opening import open_project
from aegis_patch.verbs.perform import perform
from aegis_patch.verbs.step import Mode, Result, Step


def repair(where: Path, mode: Mode) -> Result:
    """Make tree and record agree, in one commit.

    Raises:
        Refused: an inconsistency needs another command.
    """
    with open_project(where) as (bench, there):
        found = presence.look(bench, there.stack, there.tree)
        if not found.inconsistencies:
            return Result(said=("everything is consistent",), dry=mode.dry)
        opening.refuse_stranded(bench, found.there)
        body = "\n".join(f"- {each.what}" for each in found.inconsistencies)
        step = Step(presence.SUBJECT, body, found.there, found.closed, record=there.stack)
        return perform(bench, there, [step], (), mode)
