"""In whichever order: an edit and then a verb come to what the verb and then the edit come to.

World A is a project with the edits, then the verb; world B is the verb, then the same edits at the
same places, told by name (`places.py`). A file that is clean in A is the same in both, but for the
order of what both put in at one place, which nobody chose.
"""

from __future__ import annotations

import difflib
import functools
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pygit2
import pytest

from aegis_patch.formats.syntax import syntax_error
from aegis_patch.merge import evolve
from aegis_patch.merge.outcome import Clean, Conflicted, Plan
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import Stack
from tests.promises.survival.places import Place, places
from tests.promises.test_laws import all_edges, tree_of

CASES = 300
GROUPS = 10
SHARING = 10  # cases for one edge: its trees cost more than they do


@dataclass(frozen=True, slots=True)
class Edge:
    """S → S ± c, or release → release."""

    new: Stack
    before: Tree
    after: Tree


@dataclass(frozen=True, slots=True)
class File:
    """One file: what the user did to it, and its text without and with that, in both worlds."""

    did: tuple[str, ...]
    before: str
    ours: str
    after: str
    wanted: str


@pytest.mark.parametrize(
    "group", [0, 1, 2, *(pytest.param(n, marks=pytest.mark.long) for n in range(3, GROUPS))]
)
def test_edit_and_verb_commute(store: pygit2.Repository, group: int) -> None:
    edges = list(all_edges(store))
    for number in range(group, CASES // SHARING, GROUPS):
        edge = an_edge(store, edges, number)
        for seed in range(number * SHARING, (number + 1) * SHARING):
            for path, file, result in tried(store, edge, seed):
                said = None if result is None else differs(path, file, result)
                assert not said, f"seed {seed}, {path}: {said}\n{file.did}\n{shown(file, result)}"


def an_edge(store: pygit2.Repository, edges: Sequence[tuple[Stack, Stack]], number: int) -> Edge:
    """A verb, and its two pristine trees; each second brings another release."""
    kinds = [each for each in edges if (each[0].release != each[1].release) == number % 2]
    old, new = random.Random(number).choice(kinds)
    return Edge(new, tree_of(store, old), tree_of(store, new))


def tried(store: pygit2.Repository, edge: Edge, seed: int) -> list[tuple[str, File, str | None]]:
    """Each file of a case, and what the verb made of it; None where it is a conflict."""
    chance, before, after = random.Random(seed), edge.before, edge.after
    files = edited(before, after, chance)
    edits = {path: written(store, before, path, file.ours) for path, file in files.items()}
    ours = before.replaced(edits)
    outcome = evolve.evolve(Plan(ours, before, after, edge.new))
    assert isinstance(outcome, Clean | Conflicted)
    asked = {each.path for each in outcome.conflicts} if isinstance(outcome, Conflicted) else set()
    return [
        (path, file, None if path in asked else text_of(outcome.tree, path))
        for path, file in files.items()
    ]


def edited(before: Tree, after: Tree, chance: random.Random) -> dict[str, File]:
    """Two to four edits at places that are there in both worlds, most of them near the verb's."""
    files: dict[str, File] = {}
    paths = []
    for path in sorted(before.changed(after)):
        sides = [tree.read(path) for tree in (before, after)]
        if path != RECORD and all(sides):
            paths.append(path)
    for number in range(chance.randint(2, 4) if paths else 0):
        path = chance.choice(paths)
        if files and chance.random() < 0.4:
            path = chance.choice(sorted(files))
        texts = [text_of(tree, path) for tree in (before, after)]
        file = files.get(path, File((), texts[0], texts[0], texts[1], texts[1]))
        here, there = (places(path, text, f"mine_{number}") for text in (file.ours, file.wanted))
        if not (common := sorted(here.keys() & there.keys())):
            continue
        hot = touched(file.ours, file.wanted)
        near = [did for did in common if hot & {*range(here[did].start - 1, here[did].end + 2)}]
        did = chance.choice(near if near and chance.random() < 0.7 else common)
        pairs = zip(
            neighbours(here[did], file.ours), neighbours(there[did], file.wanted), strict=True
        )
        if all(one != other for one, other in pairs):
            continue  # what the place was told by is another one now
        ours, wanted = here[did].edit(file.ours), there[did].edit(file.wanted)
        if not any(syntax_error(path, text.encode()) for text in (ours, wanted)):
            files[path] = File((*file.did, did), file.before, ours, file.after, wanted)
    return files


def neighbours(place: Place, text: str) -> tuple[list[str], list[str]]:
    """The line above a place, and the two below, whatever blank ones are between."""
    split = text.split("\n")
    above, below = (
        [line for line in part if line.strip()]
        for part in (split[: place.start], split[place.end :])
    )
    return above[-1:], below[:2]


@functools.cache
def touched(old: str, new: str) -> frozenset[int]:
    """Which lines of `old` differ from `new`, or are beside lines that were put in."""
    matcher = difflib.SequenceMatcher(None, old.split("\n"), new.split("\n"), autojunk=False)
    changes = [each for each in matcher.get_opcodes() if each[0] != "equal"]
    return frozenset(line for _, start, end, _, _ in changes for line in range(start, end + 1))


def differs(path: str, file: File, result: str) -> str | None:
    """What is not as it would have been; None also where only the order of neighbours is not."""
    if result == file.wanted:
        return None
    mine = lines(file.ours) - lines(file.before)
    brought = lines(file.after) - lines(file.before)
    if (got := lines(result)) != (want := lines(file.wanted)):
        return f"too much: {dict(got - want)}, too little: {dict(want - got)}"
    for whose, drop in (("the user's", brought), ("the verb's", mine)):
        if without(result, drop) != without(file.wanted, drop):
            return f"{whose} lines are in another order"
    here, there = where(path, result), where(path, file.wanted)
    moved = (here - there).keys() | (there - here).keys()
    left = left_behind(path, file)
    if apart := [each for each in moved if not left & {*each[:-1]}]:
        return f"in another place: {sorted(apart)}"
    return None


def left_behind(path: str, file: File) -> set[str]:
    """Comments whose line the user deleted: they come to stand above whatever follows."""
    deleted = lines(file.before) - lines(file.ours)
    above = {word for each in where(path, file.before) if each[-1] in deleted for word in each[:-1]}
    return {word for word in above if word.lstrip().startswith("#")}


def lines(text: str) -> Counter[str]:
    """Its lines, whatever blank ones are between."""
    return Counter(line for line in plain(text) if line.strip())


def plain(text: str) -> list[str]:
    """Its lines; the names in an import have no order."""
    return re.sub(r"(?m)(?<= import )\w+(, \w+)+", _in_order, text).split("\n")


def _in_order(names: re.Match[str]) -> str:
    return ", ".join(sorted(names[0].split(", ")))


def without(text: str, drop: Counter[str]) -> list[str]:
    """Its lines in order, but for some."""
    return [line for line in plain(text) if line.strip() and line not in drop]


def where(path: str, text: str) -> Counter[tuple[str, ...]]:
    """Each line below those that it belongs to by indentation or heading; a comment, also above."""
    found = Counter[tuple[str, ...]]()
    above: list[tuple[int, str]] = []
    owns: list[tuple[str, ...]] = []
    for line in [each for each in plain(text) if each.strip()]:
        depth = len(line) - len(line.lstrip())
        if path.endswith(".md"):
            depth = 9 if not (heading := re.match("#+", line)) else len(heading[0])
        elif path.endswith(".toml") and not depth:
            depth = -1 if line[0] == "[" else 0
        above = [each for each in above if each[0] < depth]
        here = (*(each[1] for each in above), line)
        if re.match(r"\s*[#@](?! yours| \w+=)", line) and not path.endswith(".md"):
            owns.append(here)
            continue
        found.update((*each, line) for each in [*owns, ()] if each)
        found[here] += 1
        owns.clear()
        above.append((depth, line))
    found.update(owns)
    return found


def shown(file: File, result: str | None) -> str:
    """The verb's change, then what it made of ours where that is not what was wanted."""
    pairs = ((file.before, file.after), (file.before, file.ours), (file.wanted, result or ""))
    split = ((old.split("\n"), new.split("\n")) for old, new in pairs)
    return "\n\n".join(
        "\n".join(difflib.unified_diff(old, new, n=2, lineterm="")) for old, new in split
    )


def text_of(tree: Tree, path: str) -> str:
    return tree.read(path).decode()


def written(store: pygit2.Repository, tree: Tree, path: str, text: str) -> Entry:
    entry = tree.lookup(path)
    assert entry
    return Entry.written(store, text.encode(), entry.mode)
