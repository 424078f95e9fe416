"""Makes a component of somebody's commits in a project.

The change of each commit is merged onto what the component is written against, as aegis merges
everywhere: by whole files, never by a patch's context. If that clashes, git picks the remaining
commits, and stops in the open series.
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused, Usage
from aegis_patch.maintain import (
    beside_anchors,
    check,
    checkout,
    hunks,
    open_series,
    plain_git,
    project_changes,
    series,
)
from aegis_patch.maintain.hunks import Hunk
from aegis_patch.maintain.problem import Problem
from aegis_patch.maintain.project_changes import Change, Wanted
from aegis_patch.objects import texts, tree_merges
from aegis_patch.objects.scratch import borrow, scratch
from aegis_patch.objects.trees import Tree, bytes_of
from aegis_patch.project import find, git
from aegis_patch.project.find import Project
from aegis_patch.stack import component, pristine
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import identity_files
from aegis_patch.values import dataclass, replace

_WHO = pygit2.Signature("aegis", "series@aegis.invalid", 1767225600, 0)  # as in `series`


@dataclass(frozen=True, slots=True)
class Extracted:
    """The series, what else the commits change, and what would fail in a user's project."""

    series: series.Series
    left_out: tuple[str, ...]
    problems: tuple[Problem, ...]


def extract(root: Path, wanted: Wanted) -> Extracted:
    """Make a series, and save it.

    Raises:
        Refused: something isn't as it has to be; or a commit doesn't fit, and git has stopped in
            the open series.
    """
    project = find.find(wanted.project)
    _refuse_uncommitted(project)
    _refuse_unknown(root, wanted)
    place = open_series.directory(root, wanted.name)
    with series.begun(root, wanted.name, wanted.requires) as opened:
        borrow(place / ".git/objects", project.objects)
        store = pygit2.Repository(str(place))
        changes = [*project_changes.changes(store, project, wanted)]
        count = sum(len(each.hunks) for each in changes)
        dry = replace(wanted, hunks=None).command("--dry-run")
        hunks.refuse_unknown(wanted.hunks or (), count, dry)
        taken = [each for each in changes if each.before != each.after]
        _pick(store, opened.within(store), wanted, taken)
    saved = series.save(root, wanted.name)
    left_out = tuple(each.left_out for each in changes if each.left_out)
    stays = _left_of_project(store, place, project)
    return Extracted(saved, left_out, (*stays, *check.of_upstream(root, notes=False)))


def listed(root: Path, wanted: Wanted) -> list[Hunk]:
    """All hunks of the commits, without making a component.

    Raises:
        Refused: something isn't as it has to be.
    """
    project = find.find(wanted.project)
    _refuse_uncommitted(project)
    _refuse_unknown(root, wanted)
    with scratch([git.objects(root), project.objects]) as store:
        changes = project_changes.changes(store, project, replace(wanted, hunks=()))
        return [*itertools.chain.from_iterable(each.hunks for each in changes)]


def _refuse_uncommitted(project: Project) -> None:
    if git.run(project.root, "status", "--porcelain", "--", "."):
        what = "The project has uncommitted changes, which no commit of the range holds."
        next = f"git -C {shlex.quote(str(project.root))} status"
        raise Refused(what, where=str(project.root), next=next)


def _refuse_unknown(root: Path, wanted: Wanted) -> None:
    """Refuse a range that isn't one, and requirements that don't exist."""
    if ".." not in wanted.range:
        raise Usage(f"{wanted.range!r} is no range REV..REV.", next="aegis upstream extract --help")
    with checkout.store(root) as store:
        known = checkout.upstream(store, root).catalogue
    for name in wanted.requires:
        if name not in known:
            raise Refused(f"No component {name!r}.", next=f"Which one? {', '.join(known)}")


# Onto what the component is written against.


def _pick(
    store: pygit2.Repository, opened: Upstream, wanted: Wanted, changes: Sequence[Change]
) -> None:
    """Commit each change in the open series; from the first clash on, git does it.

    Raises:
        Refused: no commit has what is asked for, or git has stopped.
    """
    place = open_series.directory(Path(opened.url), wanted.name)
    if not changes:
        what = f"No commit of {wanted.range} changes what is asked for."
        log = f"git -C {shlex.quote(str(wanted.project))} log --oneline -20"
        raise Refused(what, where=" ".join(wanted.paths), next=log)
    start = so_far = pristine.before(opened, wanted.name)
    tip = store[plain_git.run(place, "rev-parse", "start").strip()].id
    for number, change in enumerate(changes):
        _refuse_missing(opened, wanted, so_far, change)
        sides = change.before, so_far, change.after
        so_far, clashes = tree_merges.merge(*sides, settle=beside_anchors.merged)
        if clashes:
            plain_git.run(place, "reset", "--quiet", "--hard", str(tip))
            return _let_git_pick(store, place, so_far, changes[number:])
        made = beside_anchors.lifted(start, so_far)
        if made.id != store[tip].peel(pygit2.Tree).id:
            tip = store.create_commit(None, _WHO, _WHO, change.commit.message, made.id, [tip])
    plain_git.run(place, "reset", "--quiet", "--hard", str(tip))
    return None


def _let_git_pick(
    store: pygit2.Repository, place: Path, so_far: Tree, changes: Sequence[Change]
) -> None:
    picks = list[str]()
    for change in changes:
        sides = change.before.differences(change.after)
        was = so_far.replaced({path: side for path, (side, _) in sides.items()})
        now = was.replaced({path: side for path, (_, side) in sides.items()})
        parent = store.create_commit(None, _WHO, _WHO, "Before", was.id, [])
        pick = store.create_commit(None, _WHO, _WHO, change.commit.message, now.id, [parent])
        store.references.create(f"refs/picks/{len(picks)}", pick)
        picks.append(str(pick))
    open_series.keep(place)
    try:
        plain_git.run(place, "cherry-pick", "--keep-redundant-commits", *picks)
    except Refused:
        open_series.refuse_unfinished(place)
        raise


def _refuse_missing(opened: Upstream, wanted: Wanted, so_far: Tree, change: Change) -> None:
    """Refuse to change a file that neither base/ nor an earlier commit of the range has."""
    for path, (was, _) in change.before.differences(change.after).items():
        if not was or path in so_far:
            continue
        for name, other in opened.catalogue.items():
            if path in component.brought(other):
                again = replace(wanted, requires=[*wanted.requires, name])
                what = f"{change} changes a file of {name}, which {wanted.name} doesn't require."
                raise Refused(what, where=path, next=again.command())
        log = f"git -C {shlex.quote(str(wanted.project))} log --oneline -- {shlex.quote(path)}"
        what = f"{change} changes a file that isn't in base/, and that no commit before it makes."
        raise Refused(what, where=path, next=f"Which range has all of it? `{log}`")


# Traces of the project.


def _left_of_project(store: pygit2.Repository, place: Path, project: Project) -> Iterator[Problem]:
    """Lines of the series with an answer of the project, which every other project would get."""
    trees_ = plain_git.run(place, "rev-parse", "start^{tree}", "HEAD^{tree}").split()
    start, made = (Tree(store, pygit2.Oid(hex=each)) for each in trees_)
    files = [path for path in start.files() if path != RECORD]  # which lists choices
    everything = b"\n".join(map(start.read, files)).decode("utf-8", "replace")
    keys = {value: key for key, value in identity_files.values(project.stack.answers).items()}
    words = [re.escape(value) for value in keys if value and value not in everything]
    if not words:
        return
    either = re.compile(rf"(?<![\w-])({'|'.join(words)})(?![\w-])")
    for path, (was, now) in start.differences(made).items():
        lines = texts.lines(bytes_of(now))
        for _, to in texts.hunks(bytes_of(was), bytes_of(now)):
            for number in to:
                if found := either.search(lines[number].decode("utf-8", "replace")):
                    what = f"it holds the project's {keys[found[1]]}, {found[1]!r}"
                    where = f".series/{place.name}/{path}:{number + 1}"
                    yield Problem(where, what, f"aegis upstream series open {place.name}")
