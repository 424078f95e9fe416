"""An unfinished git operation: the unmerged paths and their three sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pygit2

from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.project import git, repository
from aegis_patch.values import dataclass

Stages = tuple[Entry | None, Entry | None, Entry | None]
_MERGED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD")
_REVERTED = "REVERT_HEAD"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A merge, rebase, revert or cherry-pick that stopped at conflicts.

    `stages` has base, ours and theirs of each unmerged path. `left` is the tree that git left in
    the worktree, conflict markers included (None: git didn't say). `trees` are those of the base
    and of theirs, if git names their commits. `next` finishes it, once all is settled.
    """

    next: str
    stages: Mapping[str, Stages]
    left: Tree | None
    trees: tuple[Tree, Tree] | None


def look(repo: pygit2.Repository) -> Unfinished | None:
    """What git left unfinished in a repository; None if nothing is unmerged.

    A conflict of aegis's own doesn't count: aegis has merged all that it could.
    """
    stages = _stages(repo)
    if not stages or _is_ours(repo):
        return None
    left = _commit_or_tree(repo, "AUTO_MERGE")
    verb = repository.operation(repo)
    next = f"git {verb} --continue"
    if verb in ("", "bisect"):  # after `git stash pop`, nobody wants a commit
        next = "git commit" if Path(repo.path, "SQUASH_MSG").exists() else "git status"
    return Unfinished(next, stages, Tree(repo, left.id) if left else None, _trees(repo))


def is_any(repo: pygit2.Repository) -> bool:
    """Whether an operation is unfinished, or git's last merge left conflicts; runs no process."""
    return bool(repository.operation(repo)) or Path(repo.path, "AUTO_MERGE").exists()


def unmerged(repo: pygit2.Repository) -> tuple[str, ...]:
    """The unmerged paths of an unfinished operation, from the top of the repository."""
    return tuple(sorted(_stages(repo))) if is_any(repo) else ()


def touched(top: Path, left: Tree, paths: Iterable[str]) -> frozenset[str]:
    """Which of some paths aren't in the worktree as git left them: somebody is working on them."""
    plain = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none")
    env = {"GIT_LITERAL_PATHSPECS": "1", **git.settings({"core.fsmonitor": "false"})}
    wanted = sorted(paths)
    said = git.run(top, "diff", *plain, str(left), "--", *wanted, env=env) if wanted else ""
    return frozenset(said.split("\0")) - {""}


def tree_with(repo: pygit2.Repository, path: str, blob: pygit2.Oid) -> Tree | None:
    """The tree of a commit that has a file in this state, if any branch has one."""
    plain = ("--format=%H", "--no-patch", "--no-show-signature", "--max-count=1")
    where = ("--all", "--ignore-missing", "HEAD", "FETCH_HEAD")
    words = ("log", *plain, f"--find-object={blob}", *where, "--", path)
    said = git.run(Path(repo.workdir), *words, env={"GIT_LITERAL_PATHSPECS": "1"}).strip()
    commit = repo[said].peel(pygit2.Commit) if said else None
    for each in (commit, *commit.parents) if commit else ():
        if path in each.tree and each.tree[path].id == blob:
            return Tree(repo, each.tree.id)
    return None


def _stages(repo: pygit2.Repository) -> dict[str, Stages]:
    found: dict[str, list[Entry | None]] = {}
    said = git.run(Path(repo.workdir), "ls-files", "--unmerged", "-z", "--full-name", ":/")
    for line in filter(None, said.split("\0")):
        about, _, path = line.partition("\t")
        mode, oid, stage = about.split(" ")
        sides = found.setdefault(path, [None, None, None])
        sides[int(stage) - 1] = Entry(repo, pygit2.Oid(hex=oid), int(mode, 8))
    return {path: (base, ours, theirs) for path, (base, ours, theirs) in found.items()}


def _is_ours(repo: pygit2.Repository) -> bool:
    """Whether a verb of aegis stopped here: its cherry-pick is one that git would fast-forward."""
    picked = _commit_or_tree(repo, "CHERRY_PICK_HEAD")
    return isinstance(picked, pygit2.Commit) and repo.head.target in picked.parent_ids


def _trees(repo: pygit2.Repository) -> tuple[Tree, Tree] | None:
    reverted = _commit_or_tree(repo, _REVERTED)
    if isinstance(reverted, pygit2.Commit) and reverted.parents:
        return Tree(repo, reverted.tree.id), Tree(repo, reverted.parents[0].tree.id)
    for name in _MERGED:
        theirs = _commit_or_tree(repo, name)
        if not isinstance(theirs, pygit2.Commit):
            continue
        base = repo.merge_base(repo.head.target, theirs.id) if name == _MERGED[0] else None
        parent = repo[base].peel(pygit2.Commit) if base else next(iter(theirs.parents), None)
        return (Tree(repo, parent.tree.id), Tree(repo, theirs.tree.id)) if parent else None
    return None


def _commit_or_tree(repo: pygit2.Repository, name: str) -> pygit2.Object | None:
    try:
        return repo[repo.lookup_reference(name).target]
    except (KeyError, ValueError, pygit2.GitError):
        return None
