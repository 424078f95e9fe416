"""`aegis answers [KEY=VALUE …]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aegis_patch.terminal.run import Landing, finish, mode, pairs, show
from aegis_patch.terminal.screen import screen

if TYPE_CHECKING:
    from aegis_patch.terminal.options import NewAnswers


def command(run: Landing, answer: NewAnswers = None) -> int:
    """Show the answers, or change some.

    The answers are the project's name, its description, its author and their address. A new one
    goes into every file that holds it, in one commit.
    """
    from aegis_patch.terminal import as_text
    from aegis_patch.verbs import answers

    if answer:
        return finish(run, answers.answer(run.where, pairs("answers", answer), mode(run)))
    found = answers.answers(run.where)
    return show(run, {"answers": dict(found)}, lambda: as_text.show_answers(screen(), found))
