"""Thousands of histories that nobody thought of: where git is clean, our merge is git's merge.

Each history is a base tree and two sides that edit it at random: lines (often repeated ones), whole
files, names, modes, line endings, links, directories. `git merge-tree` merges it, and so does
evolve. Then one of these holds, or the test fails:

    same            both are clean, and it is one tree
    both conflict   and every line that a side added is in the result, or in the conflict's sides
    stricter        git is clean and we report a conflict, for a reason that is checked here
    settled         both are clean, and a structured merge placed repeated lines otherwise
    more            git conflicts and we are clean, for a reason that is checked here: every line
                    that a side added is in the result
    told            a deletion of the user's that stays one, and is told, where git has more to say
    untold          the same where nothing else changed: nothing is told (the command always has
                    the record's change to tell of)

And no line that one side took away and the other left alone is there again.

Two that were looked at one by one:

    history(1195)   ours copied lines just above the last one, and theirs replaced that. git meets
                    them; we do not, for whichever of the like lines are the copies, all are above.
    history(13165)  both moved a file to one name, and ours changed it so much that nobody can tell
                    that it is the same. It was merged as two new files, and a line of it that ours
                    had taken away was there again; now it is a conflict.

A history is made from its number alone: history(number) is what failed.
"""

from __future__ import annotations

import os
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

import pygit2
import pytest

from aegis_patch.formats import syntax
from aegis_patch.merge import evolve
from aegis_patch.merge.outcome import Clean, Conflict, Conflicted, Note, Outcome, Plan, Unchanged
from aegis_patch.objects import texts
from aegis_patch.objects.trees import Tree, bytes_of
from tests import tiny
from tests.conftest import FULL
from tests.promises import oracle
from tests.promises.oracle import Merge
from tests.tiny import EXEC, FILE, LINK

HISTORIES = int(os.environ.get("AEGIS_HISTORIES") or (20_000 if FULL else 600))
BATCH = 200
NEAR = 3  # lines around a change where a repeated one makes its place ambiguous
Made = dict[str, tuple[bytes, int]]

# A unique line of a kind of file, and lines that it repeats.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    ".txt": ("line {}", ("", "}", "end", "    pass")),
    ".c": ("    step_{}();", ("", "}", "{", "    return 0;")),
    ".py": ("value_{0} = {0}", ("", "# ---", "pass")),
    ".toml": ("key_{0} = {0}", ("", "# ---")),
    ".env.example": ("KEY_{0}={0}", ("", "# ---")),
    ".gitignore": ("path_{}/", ("", "# ---", "*.o")),
}
PLAIN = (".txt", ".c")  # nothing in them has a name that a structured merge could go by
PATHS = (
    *("notes.txt", "src/a.c", "src/b.c", "src/lib/c.c", "bin/run.txt", "naïve name.txt"),
    *(".gitignore", ".env.example", "app/settings.py", "pyproject.toml", "doc/long/way/down.txt"),
)
MORE = ("new.txt", "src/new.c", "src/lib/new.c", "app/new.py", "new/dir/file.txt", "moved.txt")


@dataclass(frozen=True, slots=True)
class History:
    """A base and what two sides made of it."""

    number: int
    base: Made
    ours: Made
    theirs: Made


# How a history is made.


class Maker:
    """Random files and random edits, from one source of chance."""

    def __init__(self, number: int) -> None:
        self.chance = random.Random(number)
        self.repeats = self.chance.choice((0.0, 0.0, 0.15, 0.5))
        self.count = 0

    def line(self, path: str) -> bytes:
        """A line that such a file may have."""
        unique, repeated = KINDS[next(end for end in KINDS if path.endswith(end))]
        if self.chance.random() < self.repeats:
            return self.chance.choice(repeated).encode() + b"\n"
        self.count += 1
        return unique.format(self.count).encode() + b"\n"

    def lines(self, path: str, low: int, high: int) -> list[bytes]:
        return [self.line(path) for _ in range(self.chance.randint(low, high))]

    def files(self) -> Made:
        made: Made = {}
        for path in self.chance.sample(PATHS, self.chance.randint(1, 5)):
            data = b"".join(self.lines(path, 0, 30))
            if self.chance.random() < 0.1:
                data = data.replace(b"\n", b"\r\n")
            if self.chance.random() < 0.15:
                data = data.removesuffix(b"\n")
            made[path] = (data, EXEC if path.startswith("bin/") else FILE)
        if self.chance.random() < 0.2:
            made["logo.png"] = (b"\x89PNG\0" + self.chance.randbytes(8), FILE)
        if self.chance.random() < 0.2:
            made["latest"] = (b"notes.txt", LINK)
        return made

    def side(self, base: Made) -> Made:
        made = dict(base)
        for _ in range(self.chance.choice((0, 1, 1, 2, 2, 3, 4))):
            path = self.chance.choice([*made, None]) if made else None
            change = self.chance.choices(CHANGES, WEIGHTS)[0]
            if path is None:
                self.add(made, self.chance.choice(MORE))
            elif path in ("logo.png", "latest"):
                made[path] = (self.chance.choice((b"\0one", b"\0two", b"three")), made[path][1])
            else:
                change(self, made, path)
        return made

    def add(self, made: Made, path: str) -> None:
        """A new file, where there is room for it."""
        if free(made, path):
            made[path] = (b"".join(self.lines(path, 0, 12)), FILE)

    def edit(self, made: Made, path: str) -> None:
        data, mode = made[path]
        if mode == LINK or b"\0" in data:
            made[path] = (data + b"x", mode)
            return
        end = b"\r\n" if b"\r\n" in data else b"\n"
        lines = data.splitlines(keepends=True)
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            at = self.chance.randint(0, len(lines))
            gone = self.chance.choice((0, 0, 1, 1, 2, 5))
            come = [line.replace(b"\n", end) for line in self.lines(path, 0 if gone else 1, 3)]
            if self.chance.random() < 0.1:
                come = lines[at : at + 3]  # copied
            if come and at == len(lines) and lines and not lines[-1].endswith(b"\n"):
                lines[-1] += end
            lines[at : at + gone] = come
        made[path] = (b"".join(lines), mode)

    def same_edit(self, made: Made, path: str) -> None:
        """An edit that the other side may make as well: it depends on the file alone."""
        data, mode = made[path]
        known = random.Random(zlib.crc32(data))
        lines = data.splitlines(keepends=True)
        at = known.randint(0, len(lines))
        if mode != LINK and all(line.endswith(b"\n") for line in lines):
            made[path] = (b"".join([*lines[:at], b"# both\n", *lines[at:]]), mode)

    def ends(self, made: Made, path: str) -> None:
        data, mode = made[path]
        if mode == LINK:
            return
        if self.chance.random() < 0.5:
            data = data[:-1] if data.endswith(b"\n") else data + b"\n"
        elif b"\r\n" in data:
            data = data.replace(b"\r\n", b"\n")
        else:
            data = data.replace(b"\n", b"\r\n")
        made[path] = (data, mode)

    def delete(self, made: Made, path: str) -> None:
        del made[path]

    def rename(self, made: Made, path: str) -> None:
        name = path.rpartition("/")[2]
        new = self.chance.choice(("moved/" + name, "other/" + name, "src/x" + name, "x" + name))
        if new != path and free(made, new):
            made[new] = made.pop(path)
            if self.chance.random() < 0.4:
                self.edit(made, new)

    def rename_directory(self, made: Made, path: str) -> None:
        above = path.rpartition("/")[0]
        for each in [each for each in made if above and each.startswith(above + "/")]:
            if free(made, f"was/{each}"):
                made[f"was/{each}"] = made.pop(each)

    def mode(self, made: Made, path: str) -> None:
        data, mode = made[path]
        if mode != LINK:
            made[path] = (data, EXEC if mode == FILE else FILE)

    def retype(self, made: Made, path: str) -> None:
        del made[path]
        if self.chance.random() < 0.5:
            made[path] = (b"elsewhere", LINK)
        else:
            inner = f"{path}/inner.txt"
            made[inner] = (b"".join(self.lines(inner, 1, 5)), FILE)


Change = Callable[[Maker, Made, str], None]
WEIGHTED: dict[Change, int] = {
    Maker.edit: 60,
    Maker.same_edit: 6,
    Maker.ends: 4,
    Maker.delete: 6,
    Maker.rename: 6,
    Maker.rename_directory: 2,
    Maker.mode: 4,
    Maker.retype: 2,
}
CHANGES, WEIGHTS = list(WEIGHTED), list(WEIGHTED.values())


def free(made: Made, path: str) -> bool:
    """Whether a file can be put there: nothing is at it, above it or below it."""
    above = {path[:at] for at, letter in enumerate(path) if letter == "/"} | {path}
    return not above & made.keys() and not any(each.startswith(path + "/") for each in made)


def history(number: int) -> History:
    maker = Maker(number)
    base = maker.files()
    ours, theirs = (maker.side(base) for _ in range(2))
    return History(number, base, ours, theirs)


# The test.


@pytest.mark.parametrize("first", range(0, HISTORIES, HISTORIES // 4))
def test_git_agrees(first: int, record_property: Callable[[str, object], None]) -> None:
    """Where git is clean and unambiguous, the same bytes."""
    seen: Counter[str] = Counter()
    numbers = range(first, first + HISTORIES // 4)
    wrong: list[str] = []
    for start in range(0, len(numbers), BATCH):
        with tiny.empty_store() as store:
            for each, verdict in judged(store, numbers[start : start + BATCH]):
                seen[verdict] += 1
                if verdict.startswith("wrong"):
                    wrong.append(f"history({each.number}): {verdict}")
    told = "\n".join(f"{count:7} {verdict}" for verdict, count in sorted(seen.items()))
    print(f"\n{seen.total()} histories\n{told}")
    record_property("verdicts", dict(seen))
    assert not wrong, "\n".join(wrong[:20])
    assert seen["same"] > len(numbers) // 4  # the generator still makes what can be merged


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1195, "more"),
        (13165, "stricter: both renamed a file to one name"),
        (14031, "settled: a file that theirs renamed"),
    ],
)
def test_what_was_looked_at(store: pygit2.Repository, number: int, expected: str) -> None:
    ((_, found),) = judged(store, [number])
    assert found.startswith(expected)


def judged(store: pygit2.Repository, numbers: Iterable[int]) -> Iterator[tuple[History, str]]:
    cases = [history(number) for number in numbers]
    triples = [
        (tiny.tree(store, case.base), tiny.tree(store, case.ours), tiny.tree(store, case.theirs))
        for case in cases
    ]
    by_git = oracle.merges(store, triples)
    for case, (base, ours, theirs), git in zip(cases, triples, by_git, strict=True):
        outcome = evolve.evolve(Plan(ours, base, theirs, None))
        yield case, verdict(store, case, outcome, git, ours)


def verdict(
    store: pygit2.Repository, case: History, outcome: Outcome, git: Merge, head: Tree
) -> str:
    """What happened, in a word; "wrong" is a divergence that nothing here explains."""
    tree = head if isinstance(outcome, Unchanged) else outcome.tree
    if not isinstance(outcome, Conflicted) and git.clean and tree == git.tree:
        return "same"
    gone = stay_deleted(store, case, tree) | left_out(case, outcome)
    if missing := lost(store, case, outcome, tree, gone):
        return f"wrong: lacks {missing}"
    if back := resurrected(store, case, outcome, tree):
        return f"wrong: {back!r} is there again"
    if isinstance(outcome, Conflicted):
        return together(conflicted(store, case, outcome, git, gone))
    if any(line.startswith(b"<<<<<<< ") for line in spoken(contents(tree))):
        return "wrong: a clean merge with conflict markers"
    if gone:
        return deleted(store, case, outcome, git, gone)
    if git.clean:
        differ = tree.changed(git.tree)
        return together(different(store, case, path, tree, git) for path in differ)
    # git names no path where it only doubts that a directory was renamed
    return together(cleaner(case, path) for path in git.paths or ("",))


def conflicted(
    store: pygit2.Repository, case: History, outcome: Conflicted, git: Merge, gone: set[str]
) -> Iterator[str]:
    """Whether git conflicts too, at the same paths, and the other paths are as git has them."""
    if not git.clean:
        yield "both conflict"
    ours = {each.path: each for each in outcome.conflicts}
    for path in ours.keys() - set(git.paths):
        yield stricter(store, case, ours[path], git)
    renamed = moved(case.base, case.ours) or moved(case.base, case.theirs)
    for path in git.paths:
        if path not in gone | ours.keys() and "~" not in path:
            yield "more: a renamed file" if renamed else cleaner(case, path)
    for path in set(outcome.tree.changed(git.tree)) - set(git.paths) - places(git):
        if path not in gone | ours.keys() and not renamed:
            yield different(store, case, path, outcome.tree, git)


def places(git: Merge) -> set[str]:
    """Where git's conflicts are; it names a file NAME~COMMIT where there is a directory NAME."""
    return {path.partition("~")[0] for path in git.paths}


def deleted(
    store: pygit2.Repository, case: History, outcome: Outcome, git: Merge, gone: set[str]
) -> str:
    """Whether it is told that files stay deleted, and git differs only there."""
    # Nothing is told where nothing else changed; through the command the record always does.
    if not isinstance(outcome, Clean):
        return "untold: deleted by the user"
    differ = set(outcome.tree.changed(git.tree)) if git.clean else set()
    known = gone | case.ours.keys() - case.base.keys()  # git may have followed a move
    known |= {path for path in differ if went_along(case, path)}
    told = {place for note in outcome.notes for place in named(note)}
    untold = (differ - known) | (gone - told)
    return f"wrong: untold: {sorted(untold)}" if untold else "told: deleted by the user"


def named(note: Note) -> tuple[str, str]:
    """The path of a note, and where its text says that it went: a file, or a directory."""
    found = re.search(r"(?: to|^put into) (.+?)(?:, following your move)?$", note.text)
    to = found[1] if found else ""
    return note.path, f"{to}{note.path.rpartition('/')[2]}" if to.endswith("/") else to


def together(reasons: Iterable[str]) -> str:
    """All reasons there are, or the first that is none."""
    known = sorted(set(reasons))
    return next((each for each in known if each.startswith("wrong")), ", ".join(known))


def different(store: pygit2.Repository, case: History, path: str, tree: Tree, git: Merge) -> str:
    """Why a file differs from git's though both are clean."""
    if path not in case.base and moved(case.base, case.ours) and moved(case.base, case.theirs):
        return "settled: both renamed a file to one name"
    if went_along(case, path):
        return "settled: a new file of theirs, in a new directory of one that ours moved"
    if came_anew(store, case, path, tree, git.tree):
        return (
            "settled: a file that theirs renamed, and of which ours changed only the ends of lines"
        )
    if settled(store, case, path, tree, git.tree):
        return "settled: among repeated lines, by a structured merge"
    return f"wrong: both clean, and different: {path}"


def went_along(case: History, path: str) -> bool:
    """Whether a file of that name came into a directory of which ours left nothing."""
    came = [each.split("/") for each in case.theirs.keys() - case.base.keys()]
    there = {each.split("/")[0] for each in case.ours}
    known = {each.split("/")[0] for each in case.base}
    return any(
        top in known - there and inner and name == path.rpartition("/")[2]
        for top, *inner, name in (parts for parts in came if len(parts) > 1)
    )


def came_anew(store: pygit2.Repository, case: History, path: str, tree: Tree, by_git: Tree) -> bool:
    """Whether git carries ends of lines over to a file that is too little alike for us."""
    ours, its = (each.read(path) for each in (tree, by_git))
    gone = case.base.keys() & case.ours.keys() - case.theirs.keys()
    return (
        path not in case.base.keys() | case.ours.keys()
        and ours == case.theirs.get(path, (b"", FILE))[0]
        and same_but_ends(ours, its)
        and any(same_but_ends(case.base[each][0], case.ours[each][0]) for each in gone)
    )


def settled(store: pygit2.Repository, case: History, path: str, tree: Tree, by_git: Tree) -> bool:
    """Whether a file with names in it has git's lines, apart from repeated ones and the order."""
    if path.endswith(PLAIN):
        return False
    sides = [made.get(path, (b"", FILE))[0] for made in (case.base, case.ours, case.theirs)]
    results = [each.read(path) for each in (tree, by_git)]
    often = {line for side in sides for line, n in Counter(side.splitlines()).items() if n > 1}
    once = [sorted(set(data.splitlines()) - often) for data in results]
    return once[0] == once[1] and repeated_near(*sides)


def stay_deleted(store: pygit2.Repository, case: History, tree: Tree) -> set[str]:
    """Files that ours deleted and theirs changed, and that are not in the result."""
    return {
        path
        for path in case.base.keys() & case.theirs.keys() - case.ours.keys()
        if case.base[path] != case.theirs[path] and tree.lookup(path) is None
    }


def left_out(case: History, outcome: Outcome) -> set[str]:
    """Files that theirs moved and ours deleted: they are reported, and not in the result."""
    told = {place for note in outcome.notes if not note.applied for place in named(note)}
    return told & (case.theirs.keys() - case.ours.keys())


def cleaner(case: History, path: str) -> str:
    """Why we are clean where git conflicts; that no line is lost is known by now."""
    sides = [made.get(path) for made in (case.base, case.ours, case.theirs)]
    texts = [side[0] for side in sides if side]
    if sides[1] and sides[2] and sides[1][0] == sides[2][0]:
        return "more: the same bytes from both, and the mode that ours gave them"
    if len(texts) < len(sides):
        if moved(case.base, case.ours) or moved(case.base, case.theirs):
            return "more: a renamed file"
        if sides[0] and sides[1] and not sides[2] and same_but_ends(sides[0][0], sides[1][0]):
            return "more: taken away, where ours changed only the ends of lines"
    elif not path.endswith(PLAIN):
        return "more: a structured merge"
    elif touching(*texts):
        return "more: changes that only touch"
    elif repeated_near(*texts):
        return "more: repeated lines, where another diff found a place"
    return f"wrong: clean where git is not: {path}"


def same_but_ends(base: bytes, ours: bytes) -> bool:
    """Whether two texts have the same lines, but for what is invisible at their ends."""
    return [re.sub(rb"[ \t\r]+$", b"", line) for line in base.removesuffix(b"\n").split(b"\n")] == [
        re.sub(rb"[ \t\r]+$", b"", line) for line in ours.removesuffix(b"\n").split(b"\n")
    ]


def touching(base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Whether no line of base is changed by both, nor lines put in at one point by both."""
    before, *sides = (data.splitlines() for data in (base, ours, theirs))
    mine, wanted = (
        [code[1:3] for code in codes if code[0] != "equal"]
        for codes in (SequenceMatcher(None, before, s, autojunk=False).get_opcodes() for s in sides)
    )
    return not any(
        max(a, c) < min(b, d) or (a, b) == (c, d) or a < c == d < b or c < a == b < d
        for a, b in mine
        for c, d in wanted
    )


def stricter(store: pygit2.Repository, case: History, conflict: Conflict, git: Merge) -> str:
    """Why a path is a conflict to us though git is clean; checked, not believed."""
    sides, reason = conflict.sides, conflict.reason.name
    texts = [bytes_of(side) for side in (sides.base, sides.ours, sides.theirs)]
    if reason == "SYNTAX":
        merged = git.tree.read(conflict.path)
        if syntax.syntax_error(conflict.path, merged):
            return "stricter: does not parse"
    if reason in ("TEXT", "DOUBT") and repeated_near(*texts):
        return "stricter: repeated lines near a change"
    if reason == "KIND" and any(f"{conflict.path}/".startswith(f"{p}/") for p in places(git)):
        return "both conflict"  # a file and a directory at once
    if reason == "ADDED" and moved(case.base, case.ours) and moved(case.base, case.theirs):
        return "stricter: both renamed a file to one name"
    if reason == "DELETED_BY_US" and sides.theirs is None and moved(case.base, case.theirs):
        return "stricter: theirs renamed what ours changed"
    return f"wrong: {reason} at {conflict.path}"


def repeated_near(base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Whether a line that occurs twice in a side is within or near a change."""
    sides = [data.splitlines() for data in (base, ours, theirs)]
    often = {line for side in sides for line, count in Counter(side).items() if count > 1}
    for side in sides[1:]:
        matcher = SequenceMatcher(None, sides[0], side, autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            near = sides[0][max(a - NEAR, 0) : b + NEAR] + side[max(c - NEAR, 0) : d + NEAR]
            if kind != "equal" and often.intersection(near):
                return True
    return False


def moved(base: Made, side: Made) -> bool:
    """Whether files went and others came, as when a file is renamed."""
    return bool(base.keys() - side.keys() and side.keys() - base.keys())


def lost(
    store: pygit2.Repository, case: History, outcome: Outcome, tree: Tree, gone: set[str]
) -> list[bytes]:
    """Lines that a side added and that are in no file of the result, nor in a conflict."""
    there = Counter(spoken(contents(tree)))
    if isinstance(outcome, Conflicted):
        for conflict in outcome.conflicts:
            held = (conflict.marked, conflict.sides.ours, conflict.sides.theirs)
            there += Counter(spoken(bytes_of(entry) for entry in held if entry))
    before = Counter(spoken(data for data, _ in case.base.values()))
    theirs = [data for path, (data, _) in case.theirs.items() if path not in gone]
    sides = (spoken(data for data, _ in case.ours.values()), spoken(theirs))
    added = [Counter(side) - before for side in sides]
    return sorted((added[0] | added[1]) - there)


def resurrected(
    store: pygit2.Repository, case: History, outcome: Outcome, tree: Tree
) -> bytes | None:
    """A line of base that one side took away, the other left as it was, and a file has again."""
    open_ = {each.path for each in getattr(outcome, "conflicts", ())}
    for path in (case.base.keys() & case.ours.keys() & case.theirs.keys()) - open_:
        sides = [made[path][0] for made in (case.base, case.ours, case.theirs)]
        result = tree.read(path)
        was, *after, now = (Counter(spoken([data])) for data in (*sides, result))
        for line in was:
            if was[line] == 1 and {side[line] for side in after} == {0, 1} and now[line]:
                return line
    return None


def spoken(files: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of text files that say something, whatever ends them."""
    for data in files:
        if not texts.is_binary(data):
            yield from (line.strip() for line in data.splitlines() if line.strip())


def contents(tree: Tree) -> Iterator[bytes]:
    for path in tree.files():
        yield tree.read(path)
