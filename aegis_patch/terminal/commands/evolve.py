"""The commands that bring a project to another stack."""

from __future__ import annotations

from aegis_patch.terminal.options import Names, NewAnswers, Signed, To
from aegis_patch.terminal.run import Landing, finish, mode, pairs, picked, show
from aegis_patch.terminal.screen import screen
from aegis_patch.values import replace


def add(run: Landing, names: Names = None) -> int:
    """Add components (one commit each).

    Separate names by spaces or commas. Without a name, a terminal offers a list.
    """
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.add import add

    wanted = naming.names(names or []) or picked(run, "add")
    return finish(run, add(run.where, wanted, mode(run)))


def remove(run: Landing, names: Names = None) -> int:
    """Remove components; your edits stay.

    Separate names by spaces or commas. Without a name, a terminal offers a list.
    """
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.remove import remove

    wanted = naming.names(names or []) or picked(run, "remove")
    return finish(run, remove(run.where, wanted, mode(run)))


def rebase_upstream(run: Landing, to: To = None, require_signed: Signed = False) -> int:
    """Move to another release (one commit).

    Your edits and your history stay. `aegis update` is the same.
    """
    from aegis_patch.verbs.rebase_upstream import rebase

    return finish(run, rebase(run.where, to, replace(mode(run), signed=require_signed)))


def answers(run: Landing, answer: NewAnswers = None) -> int:
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
