"""Why there is a conflict: which commit of the user's meets which patch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from aegis_patch.errors import PatchRejected, Refused
from aegis_patch.merge.outcome import Conflict, Meeting, Theirs, Yours
from aegis_patch.objects import trees
from aegis_patch.objects.conflict_markers import Place, places
from aegis_patch.project import git, repository
from aegis_patch.project.find import Project
from aegis_patch.stack import patch
from aegis_patch.stack.patch import Patch
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream.workbench import Bench

_MOST = 3  # places that are explained in one file
_BLAMED = re.compile(r"(?ms)^([0-9a-f]{40}) \d+ (\d+)\b.*?^author-time (\d+)$")


def meetings(
    bench: Bench, there: Project, old: Stack, new: Stack, conflict: Conflict
) -> Iterator[Meeting]:
    """Who meets whom in a conflict: at its first places, both sides by name."""
    sides = (conflict.sides.base, conflict.sides.ours, conflict.sides.theirs, conflict.marked)
    base, ours, theirs, marked = (trees.blob(bench.store, side).splitlines() for side in sides)
    own = _without(ours, base)
    met = list(places(marked)) or [Place(-1, 0, ours, _without(theirs, base))]
    patches = list(_patches(bench, old, new, {conflict.path, conflict.sides.pristine}))
    is_there = trees.lookup(bench.store, there.tree, conflict.path)
    path = conflict.path if is_there else conflict.sides.pristine
    for place in met[:_MOST]:
        mine = [line for line in place.mine if line in own]
        below = enumerate(marked[place.start + 1 :], place.start + 2)
        line = next((number for number, text in below if text in mine), max(place.start + 1, 1))
        gone = _without(base, theirs)
        here = [text for text in gone if text in place.mine]
        changes = _without(list(place.wanted), base) or here or gone
        yield Meeting(line, _yours(bench, there, path, mine), _theirs(patches, changes))


def _without(lines: list[bytes], others: list[bytes]) -> list[bytes]:
    known = set(others)
    return [line for line in lines if line.strip() and line not in known]


# The user's side: git knows.


def _yours(bench: Bench, there: Project, path: str, lines: list[bytes]) -> Yours | None:
    """The newest commit that wrote one of the lines; where they took some out, the file's."""
    whole = repository.within(there.prefix, path)
    newest = ["--invert-grep", "--grep=^Aegis-Release: ", str(there.head), "--", whole]
    entry = trees.lookup(bench.store, there.tree, path)
    written = trees.blob(bench.store, entry).split(b"\n") if entry else []
    at = {n for n, text in enumerate(written, 1) if text.removesuffix(b"\r") in lines}
    try:
        chosen = [_blamed(bench, there, whole, at), "--"] if at else newest
        shown = "--format=%H%n%s%n%an%n%aI%n%ar"
        said = git.history(bench.store.path, there.root, "log", "-1", shown, *chosen)
    except Refused:
        return None
    told = said.removesuffix("\n").split("\n")
    return Yours(*told) if len(told) == 5 else None


def _blamed(bench: Bench, there: Project, path: str, at: set[int]) -> str:
    """The newest commit that wrote one of some lines of a file."""
    span = f"{min(at)},{max(at)}"
    asked = ("blame", "--line-porcelain", "-L", span, str(there.head), "--", path)
    said = git.history(bench.store.path, there.root, *asked)
    newest, wrote = 0, ""
    for commit, line, time in _BLAMED.findall(said):
        if int(line) in at and int(time) >= newest:
            newest, wrote = int(time), str(commit)
    return wrote


# The other side: the patches say it.


def _patches(bench: Bench, old: Stack, new: Stack, paths: set[str]) -> Iterator[tuple[str, Patch]]:
    """The patches that touch one of some paths, those of what comes or goes first."""
    stays = old.names & new.names
    found = {
        (name in stays, name, mail)
        for at in (old, new)
        for name in at.names
        for _, mail in bench.catalogue(at)[name].series
        if any(path.encode("utf-8", "surrogateescape") in mail for path in paths)
    }
    for _, name, mail in sorted(found):
        try:
            made = patch.parse(name, mail)
        except PatchRejected:
            continue
        files = tuple(file for file in made.files if file.path in paths)
        yield name, replace(made, files=files)


def _theirs(patches: Sequence[tuple[str, Patch]], changes: Iterable[bytes]) -> Theirs | None:
    """The patch that wrote most of what theirs brings to a place, or takes away from it."""
    wanted = _stripped(changes)
    best, most = None, 0
    for name, each in patches:
        hunks = [hunk for file in each.files for hunk in file.hunks]
        before = _stripped(line for hunk in hunks for line in hunk.preimage)
        after = _stripped(line for hunk in hunks for line in hunk.postimage)
        count = len((before ^ after) & wanted)
        if count > most:
            best, most = Theirs(name, each.subject, _first_sentence(each.body)), count
    return best


def _stripped(lines: Iterable[bytes]) -> set[bytes]:
    return {line.strip() for line in lines if line.strip()}


def _first_sentence(body: str) -> str:
    paragraph = " ".join(body.partition("\n\n")[0].split())
    sentence, stop, _ = paragraph.partition(". ")
    return sentence + stop.strip()
