"""Names from a command line: which components they mean, or why they can't be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from aegis_patch.errors import Refused, in_words
from aegis_patch.stack import component, requirements
from aegis_patch.stack.component import Catalogue
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import CORE
from aegis_patch.upstream import releases
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass

_ALSO = {"worker": "celery rq queue", "scheduler": "cron apscheduler", "kubernetes": "k8s helm"}
"""What people call the things that our components do."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The command to type in place of one with a name that a verb refuses.

    `newer` is for a name that only a newer release has, `parts` lists what an integration joins.
    `listed` shows the names; without it, if no command can, they are the question's choices.
    """

    newer: str
    parts: Callable[[Sequence[str]], str]
    listed: str = ""


def names(words: Sequence[str]) -> tuple[str, ...]:
    """Names from a command line: commas, spaces and repeats."""
    return tuple(dict.fromkeys(word for word in re.split(r"[,\s]+", " ".join(words)) if word))


def chosen(bench: Bench, opened: Upstream, wanted: Sequence[str], naming: Naming) -> list[str]:
    """Like `checked`, but a name that only a newer release has is refused with that reason."""
    try:
        return checked(opened.catalogue, wanted, naming)
    except Refused:
        newest = [opened.release, *releases.offered(opened.url, opened.release)][-1]
        later = bench.open(opened.url, newest).catalogue if newest != opened.release else {}
        lacking = []
        for word in wanted:
            name = plain(later, word)
            if name in later and name not in opened.catalogue:
                lacking.append(name)
        if not lacking:
            raise
        what = f"Release {opened.release} doesn't have {', '.join(lacking)}; {newest} does."
        raise Refused(what, next=naming.newer) from None


def checked(known: Catalogue, wanted: Sequence[str], naming: Naming) -> list[str]:
    """The names in requirement order, or the reason why one can't be used."""
    named = {plain(known, word) for word in wanted}
    for name in sorted(named):
        if name == CORE:
            raise Refused("core is always included.", next="aegis components")
        if name not in known:
            raise unknown(known, name, naming.listed)
        if not component.is_chosen(known[name]):
            needs = in_words(known[name].requires)
            raise Refused(
                f"{name} is an integration: it joins and leaves with {needs}.",
                next=naming.parts(known[name].requires),
            )
    return [name for name in requirements.order(known, known) if name in named]


def unknown(known: Catalogue, name: str, listed: str) -> Refused:
    """The refusal of an unknown name, with the closest ones."""
    nameable = [other for other in known if component.is_chosen(known[other])]
    next = listed or f"Which one? {', '.join(nameable)}"
    if now := [other for other in nameable if name in known[other].was]:
        return Refused(f"{name} is now called {in_words(now)}.", next=next)
    if serving := _serving(known, nameable, name):
        what = f'No component "{name}". It comes with: {", ".join(serving)}.'
        return Refused(what, next=next)
    word = name.lower()
    close = [
        other
        for other in nameable
        if (word and other.startswith(word)) or word in _ALSO.get(other, "").split()
    ]
    if not close:
        import difflib

        close = difflib.get_close_matches(word, nameable)
    nearest = f" Did you mean {in_words(close, 'or')}?" if close else ""
    return Refused(f'No component "{name}".{nearest}', next=next)


def _serving(known: Catalogue, nameable: Sequence[str], word: str) -> list[str]:
    """The components whose text contains a word; none for a word that says little."""
    wanted = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
    found = []
    for name in nameable:
        if wanted.search(f"{known[name].summary} {known[name].implementation}"):
            found.append(name)
    return found if len(word) > 2 and len(found) < 4 else []


def plain(known: Catalogue, word: str) -> str:
    """The name behind a typed word: `database[postgres]` is postgres, a variant of database."""
    outer, bracket, inner = word.removesuffix("]").partition("[")
    varied = known.get(inner)
    if bracket and word.endswith("]") and varied and varied.kind == "variant":
        return inner if outer in varied.requires else word
    return word
