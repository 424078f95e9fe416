"""The history of a project, through every place that it was moved to."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2

from aegis_patch import stack, trees
from aegis_patch.errors import Refused
from aegis_patch.project import Project, commits
from aegis_patch.stack import RECORD
from aegis_patch.trees import Entry


def lineage(
    project: Project,
) -> Iterator[tuple[pygit2.Commit, str, list[tuple[pygit2.Commit, str]]]]:
    """Each reachable commit, newest first, with its parents, and where the record is in each.

    The whole project may have been moved to another directory, or into another repository.
    """
    repo = project.repo
    places = {project.head: project.record_path}
    for commit in commits(repo, project.head):
        path = places.pop(commit.id, project.record_path)
        parents = []
        for parent_id in commit.parent_ids:
            if parent_id in repo:  # a shallow clone's oldest commits name some that it lacks
                parent = repo[parent_id].peel(pygit2.Commit)
                place = places.setdefault(parent.id, _place_before(repo, commit, parent, path))
                parents.append((parent, place))
        yield commit, path, parents


def _place_before(
    repo: pygit2.Repository, commit: pygit2.Commit, parent: pygit2.Commit, path: str
) -> str:
    now, before = (trees.lookup(repo, each.tree.id, path) for each in (commit, parent))
    if before or now is None:
        return path
    gone = _records_gone(repo, parent, commit)
    same = [place for place in gone if trees.lookup(repo, parent.tree.id, place) == now]
    return same[0] if same else gone[0] if len(gone) == 1 else path


def _records_gone(
    repo: pygit2.Repository, parent: pygit2.Commit, commit: pygit2.Commit
) -> list[str]:
    deltas = repo.diff(parent, commit).deltas
    gone = [str(delta.old_file.path) for delta in deltas if delta.status_char() == "D"]
    return [path for path in gone if path.split("/")[-1] == RECORD]


def turns(project: Project) -> Iterator[tuple[pygit2.Commit, str, pygit2.Commit, str]]:
    """Each reachable commit whose record differs from a parent's, with that parent.

    Behind each stands where the project is in it.
    """
    for commit, path, parents in lineage(project):
        now = trees.lookup(project.repo, commit.tree.id, path)
        for parent, place in parents if now else ():
            before = trees.lookup(project.repo, parent.tree.id, place)
            if before and before != now:
                yield commit, path.rpartition("/")[0], parent, place.rpartition("/")[0]


def gained(project: Project, name: str) -> pygit2.Commit | None:
    """The newest reachable commit whose record gained a name, if history still has it."""
    repo = project.repo
    for commit, path, parents in lineage(project):
        now = trees.lookup(repo, commit.tree.id, path)
        found = [trees.lookup(repo, parent.tree.id, place) for parent, place in parents]
        before = [entry for entry in found if entry]
        if now is None or now in before or name not in recorded(repo, now):
            continue
        if not any(name in recorded(repo, entry) for entry in before):
            return commit if before or _is_first(repo, commit) else None
    return None


def _is_first(repo: pygit2.Repository, commit: pygit2.Commit) -> bool:
    # Not the edge of a shallow clone, where what came before is not known; and not a commit that
    # moved the whole project to where it is now.
    if not commit.parents:
        return b"\nparent " not in commit.read_raw()
    return not _records_gone(repo, commit.parents[0], commit)


def recorded(repo: pygit2.Repository, entry: Entry) -> frozenset[str]:
    """The names in a record; none where it does not make sense."""
    try:
        return stack.parse(trees.blob(repo, entry)).names
    except Refused:
        return frozenset()
