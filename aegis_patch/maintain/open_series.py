"""Where a series is open, in `.series/NAME`: a repository with a commit for each of its patches.

A commit's subject is the patch's file name, its body says why. The commit below them, tagged
`start`, is the tree that the series is written against.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pygit2

from aegis_patch.errors import AegisError, Refused, SeriesError
from aegis_patch.maintain import checkout, patch_files
from aegis_patch.maintain.plain_git import run, shown
from aegis_patch.objects import scratch
from aegis_patch.project import git
from aegis_patch.stack import component, requirements
from aegis_patch.stack.pristine import after, before
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream.bundled import RELEASES

READ = ".git/aegis-read"
"""Where an open series remembers patches/NAME as it was when last read or written."""
AM = ("am", "--keep", "--keep-cr", "--quiet")
"""The arguments with which git makes a commit of a patch, and the same patch of it again."""
_MOST_COMMITS = 16  # that are searched for the tree that a series was saved against


def directory(root: Path, name: str) -> Path:
    """Where a series is open: a directory that may be deleted, so no path passes for a name.

    Raises:
        Refused: it can't be a component's name.
    """
    if not re.fullmatch(component.NAME, name) or "" in name.split("+"):
        rule = "letters a to z, digits and ._-, a letter or digit first; + joins two (64 at most)"
        what = f"{name!r} isn't a component's name: {rule}."
        raise Refused(what, next="Which name instead?")
    return root / ".series" / name


def repository(root: Path, name: str) -> Path:
    """A repository of the tree that a series is written against, and a commit for each patch.

    If it is open already, unsaved work stays. So do files that git ignores, such as an `.env` or
    `.venv`.

    Raises:
        Refused: there is no such series, or a patch is malformed or doesn't fit, or base/ or a
            patch now has a file where there is one that git ignores.
    """
    place = directory(root, name)
    refuse_unknown(root, name)
    (root / "patches" / name / "series").touch()  # as of a component begun by hand
    if is_saved(place):
        is_new = not place.exists()
        try:
            build(root, name, place)
            keep(place)
        except BaseException:
            _back(place)
            if is_new:
                shutil.rmtree(place, ignore_errors=True)
            raise
    refuse_unfinished(place)
    return place


def start(root: Path, name: str, place: Path, opened: Upstream | None = None) -> Upstream:
    """A repository with just the tree that the series is written against, tagged `start`.

    With `opened` it needs the store of that upstream. An existing one starts anew: what it ignores
    stays. Nothing can be saved from it until `keep` says what it was made of.
    """
    refuse_unknown(root, name)
    place.mkdir(parents=True, exist_ok=True)
    if place.parent == root / ".series":
        (place.parent / ".gitignore").write_text("*\n")
    run(place, "init", "--quiet", "--template=", "--initial-branch=main")
    (place / READ).write_text("")
    (place / ".git/info").mkdir(exist_ok=True)
    (place / ".git/info/exclude").write_text("uv.lock\n")
    seen = [git.objects(root), RELEASES]
    for each in [*seen, Path(opened.base.store.path, "objects")] if opened else seen:
        scratch.borrow(place / ".git/objects", each)
    opened = opened or checkout.upstream(pygit2.Repository(str(place)), root)
    message = f"What {name} is written against"
    made = run(place, "commit-tree", "-m", message, str(before(opened, name))).strip()
    _refuse_overwriting(place, made)
    run(place, "checkout", "--quiet", "--force", "-B", "main", made)
    for ref in run(place, "for-each-ref", "--format=%(refname)").split():
        if ref != "refs/heads/main":
            run(place, "update-ref", "--no-deref", "-d", ref)
    run(place, "tag", "start")
    run(place, "tag", "saved")
    return opened


def _refuse_overwriting(place: Path, tree: str) -> None:
    """Refuse a tree with a file where there is one that git ignores: nobody has a copy of that."""
    listed = run(place, "ls-files", "-z", "--others", "--ignored", "--exclude-standard")
    if not listed:
        return
    files = set(run(place, "ls-tree", "-rz", "--name-only", tree).split("\0")) - {""}
    needed = {str(each) for file in files for each in (file, *PurePosixPath(file).parents)}
    for path in filter(None, listed.split("\0")):
        above = {str(each) for each in PurePosixPath(path).parents}
        if path in needed or above & files:
            raise Refused(
                "base/ or a patch has a file where git ignores one of yours. Move it elsewhere:",
                where=f"{shown(place)}/{path}",
                next=shlex.join(["mv", "-n", "--", f"{shown(place)}/{path}", shown(place.parent)]),
            )


def keep(place: Path) -> None:
    """Finish an open series: it may need no other repository, as those move and forget objects."""
    run(place, "repack", "-adq")
    (place / ".git/objects/info/alternates").unlink(missing_ok=True)
    (place / READ).write_text(patch_files.fingerprint(place.parents[1], place.name))


def under_way(place: Path) -> str:
    """The git command that a conflict stopped; "" if none."""
    states = {"rebase-apply": "am", "rebase-merge": "rebase"}
    states |= {"CHERRY_PICK_HEAD": "cherry-pick", "sequencer": "cherry-pick"}
    return next((verb for name, verb in states.items() if (place / ".git" / name).exists()), "")


def refuse_unfinished(place: Path) -> None:
    """Refuse to go on while git is stopped in the open series."""
    name = place.name
    if verb := under_way(place):
        raise Refused(
            f"A patch of {name} doesn't fit. Resolve it where it is open, `git add` the files and "
            f"type `git {verb} --continue` there; then `aegis upstream series save {name}`.",
            where=shown(place),
            next=f"git -C {shlex.quote(shown(place))} status",
        )


def refuse_foreign(place: Path) -> None:
    """Refuse a directory, a file or a link that isn't an open series."""
    if os.path.lexists(place) and (place.is_symlink() or not (place / READ).exists()):
        here = shown(place)
        what = "This isn't an open series. Move it elsewhere first."
        raise Refused(what, where=here, next=f"ls -lA {shlex.quote(here)}")


def is_saved(place: Path) -> bool:
    """Whether nothing would be lost if the repository of a series were deleted.

    Raises:
        Refused: it is no such repository.
    """
    refuse_foreign(place)
    if not place.exists() or not run(place, "tag", "--list", "saved"):
        return True
    if under_way(place) or run(place, "status", "--porcelain"):
        return False
    head, saved = run(place, "rev-parse", "HEAD", "saved").split()
    # on another branch, in a stash; `extract` leaves what it picked
    others = run(place, "rev-list", "-1", "--exclude=refs/picks/*", "--all", "--not", "saved")
    return head == saved and not others


def build(root: Path, name: str, place: Path, opened: Upstream | None = None) -> None:
    """Make that repository; if a patch doesn't fit, git stops in it.

    A patch whose base has changed is applied to the base that it was saved against, and rebased: by
    its context alone, git would find a place for it, but sometimes the wrong one.
    """
    mails = patch_files.mails(root, name)
    opened = start(root, name, place, opened)
    if not mails:
        return
    with suppress(SeriesError):  # a patch that doesn't fit stops below
        _refuse_overwriting(place, str(after(opened, name)))
    last = [*AM, *mails]
    old = _saved_against(root, name, opened)
    if old and old != run(place, "rev-parse", "start^{tree}").strip():
        was = run(place, "commit-tree", "-m", "What it was written against", old).strip()
        _refuse_overwriting(place, was)
        run(place, "reset", "--quiet", "--hard", was)
        run(place, *last)
        last = ["rebase", "--quiet", "--onto", "start", was]
    try:
        run(place, *last)
        run(place, "tag", "--force", "saved")
    except Refused:
        if not under_way(place):
            raise


def _saved_against(root: Path, name: str, opened: Upstream) -> str:
    """The tree to which the patches apply, in the upstream's history; "" if they are new.

    It is looked for at the commits that saved the series, or one that it requires, under this or an
    earlier name: the newest to whose tree the patches apply. A merge that isn't committed yet has
    two histories, and so has a cherry-pick or a rebase.
    """
    with suppress(AegisError):
        paths = set[str]()
        for each in requirements.required(opened.catalogue, [name]):
            paths |= {f"patches/{known}" for known in (each, *opened.catalogue[each].was)}
        ends = ["HEAD"]
        for head in ("MERGE_HEAD", "CHERRY_PICK_HEAD"):
            ends += git.run(root, "rev-parse", "--quiet", "--verify", head, fine=1).split()
        log = ("log", f"-{_MOST_COMMITS}", "--format=%H", *ends, "--", *sorted(paths))
        for commit in git.run(root, *log).split():
            if found := _applied_at(root, name, opened, commit):
                return found
    return ""


def _applied_at(root: Path, name: str, opened: Upstream, commit: str) -> str:
    """The tree at a commit to which the patches apply as they are; "" if they don't."""
    with suppress(AegisError):
        then = checkout.upstream(opened.base.store, root, commit)
        part = opened.catalogue[name]
        for known in (name, *part.was):
            if known in then.catalogue and then.catalogue[known].series == part.series:
                after(then, known)
                return str(before(then, known))
    return ""


def _back(place: Path) -> None:
    """Leave a series that failed to open as one without work, which can be opened again."""
    if verb := under_way(place):
        run(place, verb, "--abort", fine=128)
    if (place / ".git/refs/tags/saved").exists():
        run(place, "reset", "--quiet", "--hard", "saved")


def refuse_unknown(root: Path, name: str) -> None:
    """Refuse a name that isn't a component of this upstream."""
    directory(root, name)  # which refuses what is no name
    if not (root / "patches" / name / "component.toml").exists():
        what = f"There is no patches/{name}/component.toml."
        raise Refused(what, where=str(root), next=f"aegis upstream series new {name}")
