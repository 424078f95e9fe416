"""A life: steps by chance, each held against what may not happen."""

from __future__ import annotations

import os
import random
import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pygit2

from aegis_patch import bench, component, trees, upstream, verbs
from tests.conftest import Project, Ran, run
from tests.lives import answers, edits, words
from tests.lives.edits import EDITS
from tests.lives.words import Written

RELEASES = tuple(upstream.releases())
KEPT = re.compile(
    r"stays|you had written this too|you had this very file|as it was resolved|left as it is"
)


@cache
def names(release: str) -> tuple[str, ...]:
    """What can be named in a release."""
    known = verbs.catalogue(release)
    return tuple(sorted(name for name, each in known.items() if component.is_chosen(each)))


class Lost(AssertionError):
    """What may not happen: a line lost, come back, doubled or moved; a file that broke."""


@dataclass(slots=True)
class Life:
    """A project, what was done to it, and what the user has had to decide."""

    project: Project
    chance: random.Random
    favourites: frozenset[str]  # components that come and go more often
    told: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)  # words that stood in a conflict
    kept: bool = False  # what a note or an answer left may stay for ever
    count: int = 0
    clock: int = 1_767_323_045
    ran: Counter[str] = field(default_factory=Counter)

    def word(self) -> str:
        self.count += 1
        return f"own{self.count:04}own"

    def say(self, what: str) -> None:
        self.told.append(what)

    @property
    def repo(self) -> pygit2.Repository:
        return pygit2.Repository(str(self.project.path))

    @property
    def written(self) -> Written:
        repo = self.repo
        return words.of_tree(repo, repo.head.peel(pygit2.Tree).id)

    @property
    def present(self) -> dict[str, str]:
        """What the record names, and who asked for it."""
        record = tomllib.loads(self.project.read("aegis.toml"))
        return {name: entry["by"] for name, entry in record["components"].items()}

    @property
    def release(self) -> str:
        return str(tomllib.loads(self.project.read("aegis.toml"))["upstream"]["release"])


def begin(path: Path, chance: random.Random) -> Life:
    """A new project at some release, with some components."""
    version = chance.choice(RELEASES)
    chosen = chance.sample(names(version), chance.randint(0, 3))
    args = ["--components", ",".join(chosen)] if chosen else []
    ran = run("init", path, "--no-interactive", "--upstream-version", version, *args)
    assert ran.code == 0, ran.err
    favourites = frozenset(chance.sample(names(RELEASES[-1]), 2))
    told = [f"aegis init at {version} with {chosen}"]
    return Life(Project(path), chance, favourites, told)


def live(life: Life, steps: int) -> None:
    """So many steps, then the end: all removed, nothing left."""
    for _ in range(steps):
        step(life)
    end(life)


def step(life: Life, *, within: bool = False) -> None:
    chance = life.chance.random()
    _tick(life)
    if chance < 0.5:
        edit(life)
    elif chance < 0.85 or within:
        verb(life, *_verb(life))
    elif chance < 0.9:
        there_and_back(life)
    elif chance < 0.92:
        either_order(life)
    else:
        life.chance.choice([merge, squash, revert, pick])(life)


def _tick(life: Life) -> None:
    """Some time goes by, or none."""
    life.clock += life.chance.choice([0, 1, 3600])
    for who in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{who}_DATE"] = f"{life.clock} +0000"


# The user.


def edit(life: Life) -> None:
    """One edit, committed."""
    known = list(EDITS)
    word = life.word()
    act = life.chance.choices(known, [EDITS[each] for each in known])[0]
    done = act(life.project, life.chance, word)
    if act in (edits.copy, edits.borrow):
        life.kept = True
    if done and life.project.git("status", "--porcelain"):
        life.say(f"edit {done}")
        life.project.commit(done.splitlines()[0])


# The verbs.


def _verb(life: Life) -> list[str]:
    chance, present = life.chance, life.present
    there = sorted(name for name in present if "+" not in name)
    absent = sorted(set(names(life.release)) - set(there))
    if chance.random() < 0.6:  # the same ones come and go
        there = [name for name in there if name in life.favourites] or there
        absent = [name for name in absent if name in life.favourites] or absent
    choices = [["rebase-upstream", "--to", chance.choice([*RELEASES, RELEASES[-1]])]]
    choices += [["answers", f"project_name={chance.choice(['One', 'Harbor Light', 'my-api'])}"]]
    choices += [["repair"]]
    if absent:
        choices += [["add", *chance.sample(absent, min(len(absent), chance.choice([1, 1, 2])))]] * 4
    if there:
        choices += [
            ["remove", *chance.sample(there, min(len(there), chance.choice([1, 1, 2])))]
        ] * 4
    return chance.choice(choices)


def verb(life: Life, *args: str, answer: str = "") -> Ran:
    """A verb and, where it ends in conflicts, what the user makes of them."""
    project = life.project
    head, before = project.head, life.written
    foreseen = _foreseen(life, *args) if life.chance.random() < 0.25 else None
    ran = run("-C", project.path, *args)
    said = " ".join((ran.out + ran.err).split())
    life.ran[f"{args[0]} {ran.code}"] += 1
    life.say(f"aegis {' '.join(args)} -> {ran.code} {project.head[:8]}")
    _hold(ran.code in (0, 1, 3), f"exit {ran.code}: {said}")
    _hold("Traceback (most" not in said, said)
    _hold(foreseen is None or foreseen == ran.code, f"foreseen {foreseen}, was {ran.code}: {said}")
    if re.search(KEPT, said):
        life.kept = True
    if ran.code == 1:
        life.say(f"  refused: {ran.err.splitlines()[0]}")
        _hold(project.head == head, "refused, yet there is a commit")
    if ran.code == 3:
        _check_conflict(life, before, said)
        _answer(life, args, answer)
    else:
        _check_clean(life, head, before, said)
        if ran.code == 0:
            _check_record(life, args, said)
    _hold(not project.git("status", "--porcelain"), "something is not committed")
    return ran


def _foreseen(life: Life, *args: str) -> int:
    before = life.project.head
    ran = run("-C", life.project.path, *args, "--dry-run")
    _hold(life.project.head == before, "a dry run made a commit")
    _hold(not life.project.git("status", "--porcelain"), "a dry run wrote")
    return ran.code


def _check_clean(life: Life, head: str, before: Written, said: str) -> None:
    after = life.written
    was, now = words.together(before), words.together(after)
    may = life.answered if "as it was resolved in" in said else set()
    for what, lines in (("lost", was - now), ("more", now - was)):
        wrong = [line for line in lines if not words.of_line(line) <= may]
        _hold(not wrong, f"{what}: {wrong}\n{said}")
    for path in before.keys() - after.keys():
        gone = words.named(before[path]) - may
        places = [at for at, lines in after.items() if gone & words.named(lines)]
        told = all(at in said or at.rpartition("/")[0] in said for at in places)
        _hold(told, f"{path} went to {places}, and nothing was said: {said}")
    _check_parses(life, head)


def _check_parses(life: Life, head: str) -> None:
    repo = life.repo
    old, new = (repo.revparse_single(at).peel(pygit2.Tree).id for at in (head, "HEAD"))
    for path, (was, now) in trees.differences(repo, old, new).items():
        texts = [trees.blob(repo, entry).decode() for entry in (was, now) if entry]
        if now and all(edits.problem(path, text) is None for text in texts[:-1]):
            why = edits.problem(path, texts[-1])
            _hold(why is None, f"{path} does not parse any more: {why}")


def _check_record(life: Life, args: tuple[str, ...], said: str) -> None:
    present = life.present
    for name in args[1:]:
        _hold(args[0] != "add" or present.get(name) == "you", f"{name} is not there by wish")
        _hold(args[0] != "remove" or name not in present, f"{name} is there yet")
    if args[0] == "rebase-upstream":
        _hold(life.release == args[2], f"at {life.release}")
    if args[0] == "repair":
        found = life.project.aegis("status", "--json").json["off"]
        _hold(not found, f"off after a repair: {found}")


def _check_conflict(life: Life, before: Written, said: str) -> None:
    conflicts = set(answers.unmerged(life.project))
    _hold(bool(conflicts), f"exit 3 without a conflict: {said}")
    now = words.of_directory(life.project.path)
    missing = words.together(before) - words.together(now)
    if "as it was resolved in" in said:
        missing = Counter(line for line in missing if not words.of_line(line) <= life.answered)
    _hold(not missing, f"lost beside a conflict: {dict(missing)}\n{said}")
    apart = [lines for path, lines in now.items() if path not in conflicts]
    more = sum(apart, Counter[str]()) - words.together(before)
    if "as it was resolved in" in said:
        more = Counter(line for line in more if not words.of_line(line) <= life.answered)
    _hold(not more, f"more beside a conflict: {dict(more)}\n{said}")


def _answer(life: Life, args: tuple[str, ...], answer: str) -> None:
    """Resolve a verb's conflict, or abort."""
    project = life.project
    if answer or life.chance.random() < 0.15:
        project.git("cherry-pick", "--abort")
        life.say("  aborted")
        return
    life.kept = True
    _resolve(life)
    project.git("cherry-pick", "--continue")


def _resolve(life: Life) -> None:
    conflicts = answers.unmerged(life.project)
    now = words.of_directory(life.project.path)
    for path in conflicts:
        life.answered |= words.named(now.get(path, Counter()))
    word = life.word()
    life.answered.add(word)
    life.say(f"  resolved {answers.resolve(life.project, life.chance, word)}")


# Promises about two verbs.


def there_and_back(life: Life) -> None:
    """Add, then remove: the tree that was there, unless it is said why not."""
    project = life.project
    absent = sorted(set(names(life.release)) - life.present.keys())
    absent = [name for name in absent if name in life.favourites] or absent
    if not absent or project.aegis("status", "--json").json["off"]:
        return
    name, before, head = life.chance.choice(absent), project.tree, project.head
    was = _lines(life)
    ran = verb(life, "add", name, answer="abort")
    if ran.code:
        return
    first = " ".join((ran.out + ran.err).split())
    back = verb(life, "remove", name, answer="abort")
    said = " ".join((back.out + back.err).split())
    if back.code == 3:
        life.say(f"  no way back: {said}")
    if back.code:
        return
    differs = f"{name} and back:\n{project.git('diff', head, 'HEAD')}\n{first}\n{said}"
    _hold(project.tree == before or bool(KEPT.search(first + said)), differs)
    if "as it was resolved in" not in first + said:
        _hold(not was - _lines(life), f"{was - _lines(life)}\n{differs}")


def _lines(life: Life) -> Counter[str]:
    """All that the project says, but for the record."""
    repo = life.repo
    tree = repo.head.peel(pygit2.Tree).id
    found = Counter[str]()
    for path in trees.files(repo, tree):
        if path != "aegis.toml":
            text = trees.blob(repo, trees.lookup(repo, tree, path)).decode()
            found.update(line.strip() for line in text.splitlines() if line.strip())
    return found


def either_order(life: Life) -> None:
    """Two adds in either order: the same tree, if both are clean."""
    project = life.project
    absent = sorted(set(names(life.release)) - life.present.keys())
    if len(absent) < 2 or project.aegis("status", "--json").json["off"]:
        return
    pair = life.chance.sample(absent, 2)
    before, found = project.head, []
    for order in (pair, pair[::-1]):
        project.git("reset", "--quiet", "--hard", before)
        ran = [verb(life, "add", name, answer="abort") for name in order]
        if any(each.code for each in ran) or any("resolved in" in each.err for each in ran):
            continue
        listed = project.git("ls-tree", "-r", "HEAD").splitlines()
        record = project.read("aegis.toml").replace('by = "need"', 'by = "you"')
        found.append((record, [line for line in listed if not line.endswith("\taegis.toml")]))
    project.git("reset", "--quiet", "--hard", before)
    _hold(len(found) < 2 or found[0] == found[1], f"the order of {pair} matters")


# Git.


def merge(life: Life) -> None:
    _branch(life)
    life.say("git merge side")
    life.project.git("merge", "--quiet", "--no-edit", "side", check=False)
    _settle(life, "merge")


def squash(life: Life) -> None:
    _branch(life)
    life.say("git merge --squash side")
    life.project.git("merge", "--quiet", "--squash", "side", check=False)
    _settle(life, "squash")


def pick(life: Life) -> None:
    """The last commit of another branch."""
    _branch(life)
    if life.project.git("rev-list", "-1", "--merges", "side^!"):
        return
    life.say("git cherry-pick side")
    life.project.git(
        "cherry-pick", "--allow-empty", "--keep-redundant-commits", "side", check=False
    )
    _settle(life, "cherry-pick")


def revert(life: Life) -> None:
    """The last commit, if it is one that can be."""
    if len(life.project.git("rev-list", "--parents", "-1", "HEAD").split()) != 2:
        return
    life.say(f"git revert HEAD {life.project.subjects[0]}")
    life.kept = True
    life.project.git("revert", "--no-edit", "HEAD", check=False)
    _settle(life, "revert")


def _branch(life: Life) -> None:
    """A branch called side with some steps, and some on main beside it."""
    life.kept = True
    life.say("git switch -C side")
    life.project.git("switch", "--quiet", "-C", "side")
    for _ in range(life.chance.randint(1, 3)):
        step(life, within=True)
    life.say("git switch main")
    life.project.git("switch", "--quiet", "main")
    for _ in range(life.chance.randint(0, 2)):
        step(life, within=True)


def _settle(life: Life, what: str) -> None:
    project = life.project
    if answers.unmerged(project):
        if what != "squash" and life.chance.random() < 0.2:
            project.git(what, "--abort")
            life.say("  aborted")
            return
        _resolve(life)
    if project.git("status", "--porcelain") or (project.path / ".git/MERGE_HEAD").exists():
        project.git("commit", "--quiet", "--allow-empty", "--no-edit", "--cleanup=strip")
    if (project.path / ".git/CHERRY_PICK_HEAD").exists():
        project.git("commit", "--quiet", "--allow-empty", "--no-edit")
    _hold(not project.git("status", "--porcelain"), f"{what} left something")


# The end.


def end(life: Life) -> None:
    """Everything removed: no line of a component is left, unless someone said so."""
    project = life.project
    project.git("fsck", "--strict", "--no-dangling")
    there = sorted(name for name in life.present if "+" not in name)
    if there and verb(life, "remove", *there, answer="abort").code:
        return
    if life.kept or any("+" in name for name in life.present):
        return
    with bench.open_project(project.path) as (made, found):
        core = made.pristine(replace(found.stack, present={}))
        texts = [
            trees.blob(made.store, trees.lookup(made.store, core, path)).decode()
            for path in trees.files(made.store, core)
        ]
    known = {line.strip() for text in texts for line in text.splitlines()}
    left = [line for line in _lines(life) if line not in known and not words.of_line(line)]
    _hold(not left, f"left of what was removed: {left}")
    life.ran["nothing left"] += 1


def _hold(promise: bool, why: str) -> None:
    if not promise:
        raise Lost(why)
