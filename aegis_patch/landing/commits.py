"""The commits of a landing, each made in the scratch store that has its tree."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2
from pygit2.enums import FileMode, ObjectType

from aegis_patch.errors import Refused
from aegis_patch.landing.room import Room
from aegis_patch.project import git
from aegis_patch.values import dataclass

if TYPE_CHECKING:
    from aegis_patch.objects.trees import Entry, Tree

PLACEHOLDER = ("aegis", "aegis@localhost.invalid")
AS_PLACEHOLDER = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in zip(("NAME", "EMAIL"), PLACEHOLDER, strict=True)
}
_SIGNING = "^(gpg[.]|user[.]signingkey|commit[.]gpgsign)"


@dataclass(frozen=True, slots=True)
class Draft:
    """A planned commit: its message, and the whole repository's tree."""

    message: str
    tree: Tree


@dataclass(frozen=True, slots=True)
class Pick:
    """A conflict to be entered as git's own cherry-pick would.

    `worktree` is the draft's tree with both sides marked; `stages` has base, ours and theirs of
    each conflicted path.
    """

    draft: Draft
    worktree: Tree
    stages: Mapping[str, tuple[Entry | None, Entry | None, Entry | None]]


def files_after(drafts: Sequence[Draft], pick: Pick | None) -> Tree:
    """The worktree's files after a landing."""
    return pick.worktree if pick else drafts[-1].tree


def knows_author(directory: Path, known: Mapping[str, str]) -> bool:
    """Whether git, with these `variables`, knows the author here."""
    if git.people(known):
        return True
    try:
        git.run(directory, "var", "GIT_AUTHOR_IDENT")
        git.run(directory, "var", "GIT_COMMITTER_IDENT")
    except Refused:
        return False
    return True


def refuse_nobody(directory: Path) -> None:
    """Refuse to commit if git doesn't know the author.

    Raises:
        Refused: it does not.
    """
    if not knows_author(directory, git.variables(directory)):
        next = 'Who are you? `git config user.name "NAME" && git config user.email "EMAIL"`'
        if empty := git.empty_names():
            next = f"unset {' '.join(empty)}"
        raise Refused("git doesn't know who you are.", where=str(directory), next=next)


def made(
    room: Room, parent: str, before: Tree, drafts: Iterable[Draft], pick: Pick | None = None
) -> tuple[list[str], dict[pygit2.Oid, pygit2.Repository]]:
    """Make the commits in their trees' stores; their ids, and the objects the project lacks."""
    ids: list[str] = []
    needed = _needed(before, drafts, pick)
    for draft in (*drafts, *([pick.draft] if pick else [])):
        ids.append(_commit(room, draft, ids[-1] if ids else parent))
        needed[pygit2.Oid(hex=ids[-1])] = draft.tree.store
    return ids, needed


def _commit(room: Room, draft: Draft, parent: str) -> str:
    """Make a commit in the store of its tree, by git if it has to be signed."""
    store = draft.tree.store
    signs = "commit.gpgsign" in room.known and (
        git.setting(room.top, "commit.gpgSign", "--type=bool") == "true"
    )
    if (people := git.people(room.known)) and not signs:
        lines = [f"tree {draft.tree}", *([f"parent {parent}"] if parent else [])]
        lines += [f"{who} {name}" for who, name in people.items()]
        text = "\n".join([*lines, "", draft.message]).encode("utf-8", "surrogateescape")
        return str(store.odb.write(ObjectType.COMMIT, text))
    options = [*(["-S"] if signs else []), *(["-p", parent] if parent else [])]
    words = ("commit-tree", *options, "-F", "-", str(draft.tree))
    objects = Path(store.path, "objects")
    env = {
        **room.made_by,
        **git.settings({"i18n.commitEncoding": "UTF-8"}),
        **git.seeing([git.objects(room.top)]),
        "GIT_OBJECT_DIRECTORY": str(objects),
    }
    try:
        return git.run(room.top, *words, stdin=draft.message.encode(), env=env).strip()
    except Refused as error:
        refuse_nobody(room.top)
        if signs:
            error.next = f"git config --show-origin --get-regexp '{_SIGNING}'"
        error.what = f"git couldn't make the commit, so nothing was changed: {error.what}"
        raise


def _needed(
    before: Tree, drafts: Iterable[Draft], pick: Pick | None
) -> dict[pygit2.Oid, pygit2.Repository]:
    """The objects that the project lacks, each with the store that has it.

    Of a conflict all sides, so that nothing in the project's index is missing later.
    """
    found: dict[pygit2.Oid, pygit2.Repository] = {}
    known = before
    trees = [draft.tree for draft in drafts] + ([pick.draft.tree, pick.worktree] if pick else [])
    for tree in trees:
        found.update(dict.fromkeys(tree.objects(known), tree.store))
        known = tree
    for side in itertools.chain.from_iterable(pick.stages.values() if pick else ()):
        if side and side.mode != FileMode.COMMIT:
            found[side.id] = side.store
    return found
