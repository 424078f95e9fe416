"""The changes of a project's commits, from which a component is made.

The identity is put back as it came, by a merge: base/'s own values replace those of the project's
answers.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.maintain import hunks, plain_git
from aegis_patch.maintain.hunks import Hunk, Numbers
from aegis_patch.objects import texts, trees
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.project import git
from aegis_patch.project.find import Project
from aegis_patch.stack import record
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import identity_files
from aegis_patch.values import dataclass

_NEVER = (RECORD, "uv.lock")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A component's name, and the commits, files and hunks of a project that it is made of.

    Without `paths` these are all files; `hunks` is None for all hunks.
    """

    name: str
    range: str
    project: Path
    requires: Sequence[str] = ()
    paths: Sequence[str] = ()
    hunks: Numbers | None = None

    def takes(self, hunk: Hunk) -> bool:
        """Whether a hunk of a requested file is requested too."""
        return self.hunks is None or any(hunk.number in each for each in self.hunks)

    def command(self, *options: str) -> str:
        """The command that would make it."""
        words = ["aegis", "upstream", "extract", self.name, self.range, *options]
        words += ["--project", str(self.project)]
        words += ["--requires", ",".join(self.requires)] if self.requires else []
        words += ["--hunks", hunks.written(self.hunks)] if self.hunks else []
        words += ["--", *self.paths] if self.paths else []
        return shlex.join(words)

    def has(self, path: str) -> bool:
        """Whether a file is requested."""
        under = [path == each or path.startswith(f"{each}/") for each in self.paths]
        return path not in _NEVER and (not self.paths or any(under))


@dataclass(frozen=True, slots=True)
class Change:
    """The requested change of a commit, under the upstream's identity, and what else it changes."""

    commit: pygit2.Commit
    before: Tree
    after: Tree
    hunks: Sequence[Hunk] = ()
    left_out: str = ""

    def __str__(self) -> str:
        return _shown(self.commit)


def _shown(commit: pygit2.Commit) -> str:
    subject = commit.message.partition("\n")[0]
    return f"{commit.short_id} {subject}"


def changes(store: pygit2.Repository, project: Project, wanted: Wanted) -> Iterator[Change]:
    """The commits of the range, each after its parents.

    Raises:
        Refused: there is none, or a merge brings something.
    """
    log = f"git -C {shlex.quote(str(project.root))} log --oneline -20"
    asked = ("rev-list", "--reverse", "--topo-order", "--parents", "--end-of-options")
    try:
        listed = git.run(project.root, *asked, wanted.range).splitlines()
    except Refused as error:
        what = f"git knows no range {wanted.range} there."
        raise Refused(what, where=str(project.root), next=log) from error
    if not listed:
        raise Refused(f"{wanted.range} holds no commit.", where=str(project.root), next=log)
    numbers = count(1)
    for line in listed:
        id, *parents = line.split()
        commit = store[id].peel(pygit2.Commit)
        if len(parents) > 1:
            _refuse_own_work(store, project, commit, wanted)
        else:
            yield _change(store, project, commit, wanted, numbers)


def _refuse_own_work(
    store: pygit2.Repository, project: Project, merge: pygit2.Commit, wanted: Wanted
) -> None:
    """Refuse a merge that git wouldn't make of its parents by itself."""
    parents = [str(each) for each in merge.parent_ids]
    merged = plain_git.run(Path(store.path), "merge-tree", "--write-tree", *parents, fine=1)
    by_itself = Tree(store, pygit2.Oid(hex=merged.split()[0])).subtree(project.prefix)
    own = (by_itself or trees.empty(store)).changed(_files(store, project, merge))
    own = tuple(filter(wanted.has, own))
    if own or len(parents) > 2:
        raise Refused(
            f"{merge.short_id} is a merge with work of its own ({', '.join(own[:3])}). Choose a "
            "range without it, or rebase those commits.",
            where=str(project.root),
            next=f"git -C {shlex.quote(str(project.root))} show {merge.short_id}",
        )


def _change(
    store: pygit2.Repository,
    project: Project,
    commit: pygit2.Commit,
    wanted: Wanted,
    numbers: Iterator[int],
) -> Change:
    after = _files(store, project, commit)
    parent = next(iter(commit.parents), None)
    before = _files(store, project, parent) if parent else trees.empty(store)
    differing = before.changed(after)
    if RECORD in differing:
        left_out = f"{_shown(commit)}: it changes {RECORD}, as aegis does"
        return Change(commit, before, before, left_out=left_out)
    paths = [path for path in differing if wanted.has(path)]
    found = [*hunks.of(_shown(commit), before, after, paths, numbers)]
    taken = [*filter(wanted.takes, found)]
    rest = [path for path in differing if path not in (*paths, *_NEVER)]
    rest += [f"hunk {each.number} ({each.where})" for each in found if each not in taken]
    sides = before, hunks.applied(before, after, taken)
    if RECORD in before:
        record.parse(before.read(RECORD))  # which may be broken in between
    own = {each.path for each in taken}
    if there := [path for path in identity_files.files(before.read(RECORD)) if path in own]:
        sides = _under_identity(project, commit, sides, there)
    left_out = f"{_shown(commit)}: {', '.join(rest)}" if rest else ""
    return Change(commit, *sides, found, left_out)


def _files(store: pygit2.Repository, project: Project, commit: pygit2.Commit) -> Tree:
    """The project's files in a commit; empty before the project was there."""
    whole = Tree(store, commit.tree_id)
    return whole.subtree(project.prefix) or trees.empty(store)


# The identity.


def _under_identity(
    project: Project, commit: pygit2.Commit, sides: tuple[Tree, Tree], paths: Sequence[str]
) -> tuple[Tree, Tree]:
    """Both sides of a change with the upstream's identity, as a merge puts it back.

    A file in which the user had changed such a line before stays as it is on both sides.
    """
    before, after = sides
    stack = record.parse(before.read(RECORD))
    then = _release(before.store, project, stack.url, stack.release, stack.commit)
    rendered = identity_files.identity(then, stack.answers)
    for path in paths:
        was, now = before.lookup(path), after.lookup(path)
        if path not in rendered or not (was and now):
            continue
        put_back = _merged(was, rendered[path], then.base.read(path))
        if put_back and _merged(put_back, then.base.read(path), rendered[path]) == was:
            made = _merged(now, rendered[path], then.base.read(path))
            if not made or _merged(made, then.base.read(path), rendered[path]) != now:
                raise _in_identity(project, commit, path, put_back.data, was.data, now.data)
            before, after = before.replaced({path: put_back}), after.replaced({path: made})
    return before, after


def _merged(ours: Entry, base: bytes, theirs: bytes) -> Entry | None:
    merged = texts.merge_text(ours.store, base, ours.data, theirs)
    return ours.rewritten(merged.data) if merged.clean else None


def _release(
    store: pygit2.Repository, project: Project, url: str, release: str, commit: str
) -> Upstream:
    """The project's own base/."""
    known = _COMMIT.fullmatch(commit) and commit in store
    base = Tree(store, store[commit].peel(pygit2.Tree).id).subtree("base") if known else None
    if base is None:
        raise Refused(
            f"The project is at release {release} ({commit[:12]}) of {url}, which isn't here.",
            where=str(project.root),
            next=f"git fetch --tags -- {shlex.quote(url)}",
        )
    return Upstream(url, release, commit, base, {}, None, {})


def _in_identity(
    project: Project, commit: pygit2.Commit, path: str, put_back: bytes, was: bytes, now: bytes
) -> Refused:
    """The error of a commit that changes a line with an answer, or one next to it."""
    lines = [to.start + 1 for _, to in texts.touching(was, now, put_back)]
    show = f"git -C {shlex.quote(str(project.root))} show --name-only {commit.short_id}"
    return Refused(
        f"{commit.short_id} changes a line with an answer of the project, or beside one: aegis "
        "writes these, no component can.",
        where=f"{path}:{min(lines, default=1)}",
        next=f"Which other files, behind `--`? `{show}`",
    )
