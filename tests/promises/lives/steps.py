"""The steps of a life, by chance: the user's, aegis's and git's, each held against the promises."""

from __future__ import annotations

import os
import re
from collections import Counter

from aegis_patch.values import replace
from aegis_patch.verbs import opening
from tests.conftest import NEWEST, OLDER, Ran, run
from tests.promises.lives import answers, edits, words
from tests.promises.lives.edits import EDITS
from tests.promises.lives.life import Life, names
from tests.promises.lives.promises import check_clean, check_conflict, check_record, hold

KEPT = re.compile(r"stays|is kept|you already had this|resolved as|nothing was changed")


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
    choices = [["rebase-upstream", "--to", chance.choice([OLDER, NEWEST, NEWEST])]]
    choices += [["answers", f"project_name={chance.choice(['One', 'Harbor Light', 'my-api'])}"]]
    choices += [["repair"]]
    if absent:
        choices += [["add", *chance.sample(absent, min(len(absent), chance.choice([1, 1, 2])))]] * 4
    if there:
        choices += [
            ["remove", *chance.sample(there, min(len(there), chance.choice([1, 1, 2])))]
        ] * 4
    return chance.choice(choices)


def verb(life: Life, *args: str, abort: bool = False) -> Ran:
    """A verb and, where it ends in conflicts, what the user makes of them."""
    project = life.project
    head, before = project.head, life.written
    foreseen = _foreseen(life, *args) if life.chance.random() < 0.25 else None
    ran = run("-C", project.path, *args)
    said = " ".join((ran.out + ran.err).split())
    life.ran[f"{args[0]} {ran.code}"] += 1
    life.say(f"aegis {' '.join(args)} -> {ran.code} {project.head[:8]}")
    hold(ran.code in (0, 1, 3), f"exit {ran.code}: {said}")
    hold("Traceback (most" not in said, said)
    hold(foreseen is None or foreseen == ran.code, f"foreseen {foreseen}, was {ran.code}: {said}")
    if re.search(KEPT, said):
        life.kept = True
    if ran.code == 1:
        life.say(f"  refused: {ran.err.splitlines()[0]}")
        hold(project.head == head, "refused, yet there is a commit")
    if ran.code == 3:
        check_conflict(life, before, said)
        _answer(life, abort)
    else:
        check_clean(life, head, before, said)
        if ran.code == 0:
            check_record(life, args)
    hold(not project.git("status", "--porcelain"), "something is not committed")
    return ran


def _foreseen(life: Life, *args: str) -> int:
    before = life.project.head
    ran = run("-C", life.project.path, *args, "--dry-run")
    hold(life.project.head == before, "a dry run made a commit")
    hold(not life.project.git("status", "--porcelain"), "a dry run wrote")
    return ran.code


def _answer(life: Life, abort: bool) -> None:
    """Resolve a verb's conflict, or abort."""
    project = life.project
    if abort or life.chance.random() < 0.15:
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
    """Add, then remove: the tree that was there, unless a note says why not."""
    project = life.project
    absent = sorted(set(names(life.release)) - life.present.keys())
    absent = [name for name in absent if name in life.favourites] or absent
    if not absent or project.aegis("status", "--json").json["needs_repair"]:
        return
    name, head = life.chance.choice(absent), project.head
    was = life.lines
    ran = verb(life, "add", name, abort=True)
    if ran.code:
        return
    first = " ".join((ran.out + ran.err).split())
    back = verb(life, "remove", name, abort=True)
    said = " ".join((back.out + back.err).split())
    if back.code == 3:
        life.say(f"  no way back: {said}")
    if back.code:
        return
    differs = f"{name} and back:\n{project.git('diff', head, 'HEAD')}\n{first}\n{said}"
    same = not project.git("diff", "--ignore-blank-lines", head, "HEAD")  # layout: decision 0016
    hold(same or bool(KEPT.search(first + said)), differs)
    if "resolved as in" not in first + said:
        hold(not was - life.lines, f"{was - life.lines}\n{differs}")


def either_order(life: Life) -> None:
    """Two adds in either order: the same tree, if both are clean."""
    project = life.project
    absent = sorted(set(names(life.release)) - life.present.keys())
    if len(absent) < 2 or project.aegis("status", "--json").json["needs_repair"]:
        return
    pair = life.chance.sample(absent, 2)
    before, found = project.head, []
    for order in (pair, pair[::-1]):
        project.git("reset", "--quiet", "--hard", before)
        ran = [verb(life, "add", name, abort=True) for name in order]
        if any(each.code for each in ran) or any("resolved in" in each.out for each in ran):
            continue
        listed = project.git("ls-tree", "-r", "HEAD").splitlines()
        record = project.read("aegis.toml").replace('by = "need"', 'by = "you"')
        found.append((record, [line for line in listed if not line.endswith("\taegis.toml")]))
    project.git("reset", "--quiet", "--hard", before)
    hold(len(found) < 2 or found[0] == found[1], f"the order of {pair} matters")


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
    hold(not project.git("status", "--porcelain"), f"{what} left something")


# The end.


def end(life: Life) -> None:
    """Everything removed: no line of a component is left, unless someone said so."""
    project = life.project
    project.git("fsck", "--strict", "--no-dangling")
    there = sorted(name for name in life.present if "+" not in name)
    if there and verb(life, "remove", *there, abort=True).code:
        return
    if life.kept or any("+" in name for name in life.present):
        return
    with opening.open_project(project.path) as (made, found):
        core = made.pristine(replace(found.stack, present={}))
        texts = [core.read(path).decode() for path in core.files()]
    known = {line.strip() for text in texts for line in text.splitlines()}
    left = [line for line in life.lines if line not in known and not words.of_line(line)]
    hold(not left, f"left of what was removed: {left}")
    life.ran["nothing left"] += 1
