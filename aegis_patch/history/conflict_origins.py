"""Why there is a conflict: which commit of the user's meets which patch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from aegis_patch.errors import PatchRejected, Refused
from aegis_patch.merge.outcome import Conflict, Meeting, Theirs, Yours
from aegis_patch.objects.conflict_markers import Place, places
from aegis_patch.objects.trees import bytes_of
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
    sides = conflict.sides
    base, ours, theirs, marked = (
        bytes_of(side).splitlines()
        for side in (sides.base, sides.ours, sides.theirs, conflict.marked)
    )
    own, gone = _without(ours, base), _without(base, theirs)
    patches = list(_patches(bench, old, new, {conflict.path, sides.pristine}))
    path = conflict.path if conflict.path in there.tree else sides.pristine
    met = list(places(marked)) or [Place(-1, 0, ours, _without(theirs, base))]
    for place in met[:_MOST]:
        mine = _among(place.mine, own)
        changes = _without(place.wanted, base) or _taken_out(base, ours, gone, place) or gone
        line = _first_line(marked, place.start + 1, mine)
        yield Meeting(line, _yours(bench, there, path, mine), _theirs(patches, changes))


def _without(lines: Iterable[bytes], others: Iterable[bytes]) -> list[bytes]:
    known = set(others)
    return [line for line in lines if line.strip() and line not in known]


def _among(lines: Iterable[bytes], others: Iterable[bytes]) -> list[bytes]:
    known = set(others)
    return [line for line in lines if line in known]


def _taken_out(
    base: Sequence[bytes], ours: Iterable[bytes], gone: Iterable[bytes], place: Place
) -> list[bytes]:
    """What theirs takes away at a place: of that what the user changed, if they changed some."""
    left = _among(gone, place.mine)
    numbers = [number for number, line in enumerate(base) if line in left]
    if not numbers:
        return []
    around = base[max(numbers[0] - 1, 0) : numbers[-1] + 2]
    return _without(_among(gone, around), ours) or left


def _first_line(marked: Sequence[bytes], start: int, mine: Sequence[bytes]) -> int:
    """Where the first of the user's lines is from some line on; that line, if there is none."""
    for number, text in enumerate(marked[start:], start + 1):
        if text in mine:
            return number
    return max(start, 1)


# The user's side: git knows.


def _yours(bench: Bench, there: Project, path: str, lines: list[bytes]) -> Yours | None:
    """The newest commit that wrote one of the lines; where they took some out, the file's."""
    whole = repository.within(there.prefix, path)
    numbers = set[int]()
    written = there.tree.read(path).split(b"\n")
    for number, text in enumerate(written, 1):
        if text.removesuffix(b"\r") in lines:
            numbers.add(number)
    chosen = ["--invert-grep", "--grep=^Aegis-Release: ", str(there.head), "--", whole]
    try:
        if numbers:
            chosen = [_blamed(bench, there, whole, numbers), "--"]
        shown = "--format=%H%n%s%n%an%n%aI%n%ar"
        said = git.history(bench.store.path, there.root, "log", "-1", shown, *chosen)
    except Refused:
        return None
    fields = said.removesuffix("\n").split("\n")
    return Yours(*fields) if len(fields) == 5 else None


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
    """The patches of files at some paths, those of what comes or goes first."""
    stays = old.names & new.names
    for name in sorted(old.names | new.names, key=lambda name: (name in stays, name)):
        for stack in (old, new):
            component = bench.catalogue(stack).get(name)
            for patch_name, mail in component.series if component else ():
                made = _of_paths(patch_name, mail, paths)
                if made:
                    yield name, made


def _of_paths(name: str, mail: bytes, paths: set[str]) -> Patch | None:
    """What a patch does to some files, if it names one of them."""
    if not any(path.encode("utf-8", "surrogateescape") in mail for path in paths):
        return None
    try:
        made = patch.parse(name, mail)
    except PatchRejected:
        return None
    return replace(made, files=tuple(file for file in made.files if file.path in paths))


def _theirs(patches: Sequence[tuple[str, Patch]], changes: Iterable[bytes]) -> Theirs | None:
    """The patch that wrote most of what theirs brings to a place, or takes away from it."""
    wanted = _stripped(changes)
    best, most = None, 0
    for name, each in patches:
        before, after = list[bytes](), list[bytes]()
        for file in each.files:
            for hunk in file.hunks:
                before += hunk.preimage
                after += hunk.postimage
        count = len((_stripped(before) ^ _stripped(after)) & wanted)
        if count > most:
            best, most = Theirs(name, each.subject, _first_sentence(each.body)), count
    return best


def _stripped(lines: Iterable[bytes]) -> set[bytes]:
    return {line.strip() for line in lines if line.strip()}


def _first_sentence(body: str) -> str:
    paragraph = " ".join(body.partition("\n\n")[0].split())
    sentence, stop, _ = paragraph.partition(". ")
    return sentence + stop.strip()
