"""`aegis init PATH`: on a terminal, a conversation."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch.errors import InvalidAnswer, Refused
from aegis_patch.terminal.here import cd
from aegis_patch.terminal.options import (
    Answer,
    AnswersFile,
    Components,
    NewDirectory,
    Release,
    Signed,
    Url,
)
from aegis_patch.terminal.run import Run, finish, mode, pairs
from aegis_patch.terminal.screen import bold, screen
from aegis_patch.values import replace

if TYPE_CHECKING:
    from aegis_patch.verbs.init import Offer
    from aegis_patch.verbs.step import Result

_Chosen = tuple[Mapping[str, str], Sequence[str]]


def init(
    run: Run,
    path: NewDirectory,
    components: Components = None,
    answer: Answer = None,
    answers: AnswersFile = "",
    upstream_version: Release = None,
    upstream: Url = "aegis",
    require_signed: Signed = False,
) -> int:
    """Start a project in git.

    PATH is a new or empty directory, or a repository that a host made, with no more than a README,
    a LICENSE and a .gitignore. It starts from the newest release. On a terminal it asks for what is
    not given.
    """
    from aegis_patch.verbs import naming
    from aegis_patch.verbs.init import init, offer

    place = run.where / path
    given = _read(run.where / answers) if answers else {}
    given |= pairs("init", answer or [])
    chosen: _Chosen = given, naming.names(components or [])

    def start(chosen: _Chosen, run: Run) -> Result:
        how = replace(mode(run), signed=require_signed)
        return init(place, chosen[1], chosen[0], upstream_version, upstream, how)

    if run.interactive:
        with offer(place, upstream_version, upstream) as offered:
            screen().line(f"A new project in {place}, from {offered.label}.\n")
            chosen = _asked(offered, *chosen)
        if not run.dry and not _is_agreed(start(chosen, replace(run, dry=True))):
            return _left(run)
    done = start(chosen, run)
    there = "" if place == Path() else f"{cd(place)} && "
    return finish(replace(run, where=Path()), replace(done, next=there + done.next))


def _read(file: Path) -> dict[str, str]:
    """The answers in a TOML file: in a table `answers`, as in a record, or else at its top.

    Raises:
        Refused: it can't be read as that.
    """
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
        found = found.get("answers", found)
        if not isinstance(found, dict):
            raise ValueError("answers is no table")
    except (OSError, ValueError) as error:
        what = f"This isn't a TOML file of answers: {getattr(error, 'strerror', error)}"
        raise Refused(what, where=str(file), next="aegis init --help") from error
    return {key: str(value) for key, value in found.items()}


def _asked(offered: Offer, given: Mapping[str, str], names: Sequence[str]) -> _Chosen:
    """Ask for the answers that were not given, and for components unless some were named."""
    from aegis_patch.stack import component
    from aegis_patch.terminal import as_text, ask

    answers = {**given}
    pending = [key for key in offered.asked if key not in given]
    while pending:
        key = pending.pop(0)
        label = key.removeprefix("project_").replace("_", " ").capitalize()
        answers[key] = ask.text(label, offered.suggested[key], answers.get(key, ""))
        try:
            offered.check(answers)
        except InvalidAnswer as error:
            screen().line(as_text.failure(error.what), hang=6)
            pending.insert(0, error.key)
    if names:
        return answers, names
    known = offered.opened.catalogue
    names = [name for name in known if component.is_chosen(known[name])]
    return answers, ask.chosen("Components", known, names)


def _is_agreed(plan: Result) -> bool:
    """Show what will happen, and ask."""
    from aegis_patch.terminal import as_text, ask

    screen().line(f"\n{bold('The plan')}")
    as_text.show_result(screen(), plan)
    agreed = ask.is_agreed("Start it?")
    screen().line()
    return agreed


def _left(run: Run) -> int:
    """End without a project: a person said no."""
    from aegis_patch.verbs.step import Result

    again = shlex.join(["aegis", *run.typed])
    return finish(run, Result(said=("nothing was written",), dry=True, next=again))
