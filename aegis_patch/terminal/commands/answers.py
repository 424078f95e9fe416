"""`aegis answers [KEY=VALUE …]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Run, finish, mode, pairs, show
from aegis_patch.terminal.screen import screen

if TYPE_CHECKING:
    from aegis_patch.terminal.options import NewAnswers, NoLock, Strict, Verify


def command(
    run: Run,
    answer: NewAnswers = None,
    no_lock: NoLock = False,
    strict: Strict = False,
    verify: Verify = "",
) -> int:
    """Show the answers, or change some."""
    from aegis_patch.terminal import as_text
    from aegis_patch.verbs import answers

    if answer:
        given = pairs(answer)
        done = answers.answer(run.where, given, mode(run, no_lock, strict, verify))
        return finish(run, done)
    found = answers.answers(run.where)
    return show(run, {"answers": dict(found)}, lambda: as_text.show_answers(screen(), found))
