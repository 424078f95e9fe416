"""`aegis answers`: show the answers, or change them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aegis_patch.project.find import find
from aegis_patch.stack import stack
from aegis_patch.upstream import identity_files
from aegis_patch.verbs import opening
from aegis_patch.verbs.opening import open_project
from aegis_patch.verbs.perform import perform
from aegis_patch.verbs.step import Mode, Result, Step


def answer(where: Path, given: Mapping[str, str], mode: Mode) -> Result:
    """Change answers at any time: the project's name follows everywhere."""
    with open_project(where) as (bench, there):
        opened = opening.release_of(bench, there.stack)
        answers = identity_files.ask(opened, given, there.stack.answers)
        changed = [key for key in answers if answers[key] != there.stack.answers.get(key)]
        if not changed:
            return Result(said=("nothing to change: these are the current answers",), dry=mode.dry)
        step = Step(
            f"Answer {', '.join(changed)}", "", there.stack, stack.answer(there.stack, answers)
        )
        return perform(bench, there, [step], (), mode)


def answers(where: Path) -> Mapping[str, str]:
    """The answers of a project."""
    return find(where).stack.answers
