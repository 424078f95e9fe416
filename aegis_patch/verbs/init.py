"""How a project starts: in a new directory, or as a subdirectory of a repository."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.landing import journal, land, new_repository, preconditions
from aegis_patch.landing.land import Draft
from aegis_patch.objects import trees
from aegis_patch.project import find, git, repository
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import fork, identity_files, releases
from aegis_patch.upstream.workbench import Bench, open_bench
from aegis_patch.verbs import add, locks, naming
from aegis_patch.verbs.naming import Naming
from aegis_patch.verbs.perform import changes
from aegis_patch.verbs.step import Commit, Result, Step

_PERSON = {"author_name": "user.name", "author_email": "user.email"}


def init(
    path: Path,
    wanted: Sequence[str],
    given: Mapping[str, str],
    version: str | None,
    url: str = releases.BUNDLED,
    *,
    interactive: bool,
    dry: bool,
) -> Result:
    """Start a project: a commit for the core, and one for each named component."""
    path = path.expanduser().resolve()
    new_repository.sweep(path)
    with ExitStack() as entered:
        outer = _outer(path)
        held = entered.enter_context(journal.alone(outer)) if outer else None
        _refuse_filled(path)
        if outer:
            _enter(outer)
        alternates = [git.objects(Path(outer.workdir))] if outer else []
        bench = entered.enter_context(open_bench(*alternates))
        url = url if url == releases.BUNDLED else fork.normal(url)
        opened = bench.open(url, fork.version(version) if version else releases.latest(url))
        chosen = naming.chosen(bench, opened, wanted, INIT)
        suggested = _suggestions(path)
        answers = identity_files.ask(bench.store, opened, given, suggested, interactive=interactive)
        known = {**given, **suggested}
        asked = identity_files.defaults(bench.store, opened)
        made_up = [key for key in _PERSON if key not in known and answers[key] == asked[key]]
        start = Stack(opened.url, opened.release, opened.commit, answers, {})
        title = f"Start {answers['project_name']} from aegis {opened.release}"
        steps = [Step(title, answers["description"], None, start)]
        added, _ = add.additions(opened.catalogue, start, chosen)
        said = _unknown(path, made_up)
        return _begin(bench, path, outer, held, [*steps, *added], said, dry)


def _begin(
    bench: Bench,
    path: Path,
    outer: pygit2.Repository | None,
    held: int | None,
    steps: Sequence[Step],
    said: Sequence[str],
    dry: bool,
) -> Result:
    store = bench.store
    made = [bench.pristine(step.new) for step in steps]
    empty = store.TreeBuilder().write()
    root = outer.head.peel(pygit2.Tree).id if outer and not outer.head_is_unborn else empty
    prefix = repository.prefix_of(Path(outer.workdir), path) if outer else ""
    if prefix and (trees.lookup(store, root, prefix) or trees.subtree(store, root, prefix)):
        raise Refused(
            "The directory is empty, but git has files at this path.",
            where=str(path),
            next=f"git checkout HEAD -- {shlex.quote(f':/{prefix}')}",
        )
    commits, drafts = [], list[Draft]()
    for step, tree in zip(steps, made, strict=True):
        before = drafts[-1].tree if drafts else root
        after = trees.graft(store, before, prefix, tree) if prefix else tree
        edits, notes = locks.follow(store, before, after, prefix)
        drafts.append(Draft(step.message, trees.replace(store, after, edits)))
        files = changes(store, before, drafts[-1].tree, prefix)
        commits.append(Commit(step.subject, None, files, notes=tuple(notes), along=step.along))
    seen = preconditions.files(outer, store, root, drafts[-1].tree) if outer else {}
    ids: list[str | None] = [None] * len(drafts)
    if not dry and outer and held is not None:
        head = None if outer.head_is_unborn else outer.head.peel(pygit2.Commit).id
        ids = [*land.land(outer, store, head, drafts, seen=seen, held=held)]
    elif not dry:
        ids = [*new_repository.start(path, store, drafts)]
    landed = (replace(commit, id=oid) for commit, oid in zip(commits, ids, strict=True))
    return Result(tuple(landed), tuple(said), (), dry)


def _refuse_filled(path: Path) -> None:
    entries = [each.name for each in path.iterdir()] if path.is_dir() else []
    unborn = entries == [".git"] and repository.open_repository(path).head_is_unborn
    file = next((place for place in (path, *path.parents) if place.exists()), path)
    if (file.exists() and not file.is_dir()) or (entries and not unborn):
        raise Refused(
            "This directory is not empty." if entries else "This path is a file.",
            where=str(path if entries else file),
            next="Which new or empty directory instead? `aegis init PATH`",
        )
    if not os.access(_nearest(path), os.W_OK | os.X_OK):
        raise Refused(
            "You can't write to this directory.",
            where=str(_nearest(path)),
            next=repository.look_at_disk(_nearest(path)),
        )


def _outer(path: Path) -> pygit2.Repository | None:
    """The repository in which a project would be a subdirectory; not one that ignores it."""
    parent = _nearest(path)
    if not find.is_in_git(parent):
        return None
    repo = repository.open_repository(parent)
    if repo.workdir is None or path.is_relative_to(Path(repo.path).resolve()):
        raise Refused(
            "This path is inside git's own directory.",
            where=str(path),
            next="Which directory outside of it? `aegis init PATH`",
        )
    top = Path(repo.workdir).resolve()
    if not path.is_relative_to(top):
        return None
    below = repository.prefix_of(top, path)
    return None if below and repo.path_is_ignored(f"{below}/") else repo


def _enter(outer: pygit2.Repository) -> None:
    """Refuse where a commit in the outer repository could not be made."""
    top = Path(outer.workdir)
    preconditions.verb(outer, top)
    if not land.author(top):
        raise Refused(
            "git doesn't know who you are.",
            where=str(top),
            next='Who are you? `git config user.name "NAME" && git config user.email "EMAIL"`',
        )


def _suggestions(path: Path) -> dict[str, str]:
    parent = _nearest(path)
    suggested = {"project_name": path.name}
    for key, name in _PERSON.items():
        value = git.setting(parent, name)
        if value:
            suggested[key] = value
    return {key: value.encode("utf-8", "replace").decode() for key, value in suggested.items()}


def _unknown(path: Path, made_up: Sequence[str]) -> list[str]:
    """Notes on a user whom neither the answers nor git's configuration name."""
    said = []
    if made_up:
        verb = "are placeholders" if len(made_up) > 1 else "is a placeholder"
        typed = " ".join(f"{key}=…" for key in made_up)
        said.append(f"{' and '.join(made_up)} {verb}; to change: aegis answers {typed}")
    if not land.author(_nearest(path)):
        name, email = land.PLACEHOLDER
        said.append(
            f"git doesn't know who you are, so {name} <{email}> made the commits. "
            'To change: git config --global user.name "…" '
            '&& git config --global user.email "…"'
        )
    return said


def _nearest(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.is_dir())


INIT = Naming(
    "Which release? Without --upstream-version it's the newest",
    lambda names: f"Want both? `aegis init PATH --components {','.join(names)}`",
)
