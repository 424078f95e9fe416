"""A component's series as a branch: open it, edit and commit, save it.

Where it is open, in `.series/NAME`, a commit is a patch: its subject is the file's name, its body
says why. The commit below them, tagged `start`, is what the series is written against.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pygit2

from aegis_patch.errors import AegisError, Refused
from aegis_patch.maintain import checkout, patch_files, rules
from aegis_patch.maintain.plain_git import run, shown
from aegis_patch.maintain.problem import Problem
from aegis_patch.objects import scratch
from aegis_patch.project import git
from aegis_patch.stack import component, requirements
from aegis_patch.stack.pristine import after, before
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream.bundled import RELEASES
from aegis_patch.values import dataclass

_READ = ".git/aegis-read"
"""Where an open series keeps what patches/NAME said when it was read or written."""
_AM = ("am", "--keep", "--keep-cr", "--quiet")
_MOST_COMMITS = 16  # that are searched for the tree that a series was saved against
_ABOUT = """\
title = {title}
summary = "{summary}"
implementation = "{implementation}"
kind = "{kind}" # {kinds}
status = "experimental" # {statuses}
requires = {requires}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A series: how many patches it has, and how many of them are new, different or gone."""

    name: str
    patches: int
    changed: int


def all_names(root: Path) -> tuple[str, ...]:
    """All series, what others require first."""
    with checkout.store(root) as store:
        known = checkout.upstream(store, root).catalogue
    return requirements.order(known, known)


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


def new(root: Path, name: str, requires: Sequence[str] = ()) -> Path:
    """Begin a component: the file that says what it is, and a series without a patch."""
    directory(root, name)  # which refuses what is no name
    place = root / "patches" / name
    if place.exists():
        what = f"{name} exists already."
        known = (place / "component.toml").exists()
        open_it = f"aegis upstream series open {name}" if known else f"ls -A patches/{name}"
        raise Refused(what, where=f"patches/{name}", next=open_it)
    needs = name.split("+") if "+" in name else []
    requires = list(dict.fromkeys([*needs, *requires]))
    place.mkdir()
    about = _ABOUT.format(
        title=f'"{name.replace("-", " ").capitalize()}"',
        kind="integration" if needs else "component",
        kinds=" or ".join(component.KINDS),
        statuses=" or ".join(component.STATUSES),
        **rules.UNWRITTEN,
        requires=str(requires).replace("'", '"'),
    )
    (place / "component.toml").write_text(about)
    (place / "series").write_text("")
    return place / "component.toml"


@contextmanager
def begun(root: Path, name: str, requires: Sequence[str] = ()) -> Iterator[Upstream]:
    """A new component with its series open, to be filled; nothing is left of it after an error.

    Raises:
        Refused: it exists, or is open.
    """
    place = directory(root, name)
    if place.exists():
        next = f"Is its work saved? `rm -rf {shlex.quote(shown(place))}`"
        raise Refused(f"{name} is open already.", where=shown(place), next=next)
    new(root, name, requires)
    try:
        yield start(root, name, place)
        keep(place)
    except BaseException:
        if not under_way(place):
            shutil.rmtree(root / "patches" / name)
            shutil.rmtree(place, ignore_errors=True)
        raise


def open_series(root: Path, name: str) -> Path:
    """A repository with what the series is written against, and a commit for each patch.

    Where it is open already with work that isn't saved, that stays. So do files that git ignores,
    such as an `.env` or `.venv`, unless base/ or a patch has a file there by now.

    Raises:
        Refused: there is no such series, or a patch is malformed or doesn't fit.
    """
    place = directory(root, name)
    _refuse_unknown(root, name)
    (root / "patches" / name / "series").touch()  # as of a component begun by hand
    if _is_saved(place):
        is_new = not place.exists()
        try:
            _build(root, name, place)
            keep(place)
        except BaseException:
            _back(place)
            if is_new:
                shutil.rmtree(place, ignore_errors=True)
            raise
    refuse_unfinished(place)
    return place


def _back(place: Path) -> None:
    """Leave a series that didn't open as one without work, which can be opened again."""
    if verb := under_way(place):
        run(place, verb, "--abort", fine=128)
    if (place / ".git/refs/tags/saved").exists():
        run(place, "reset", "--quiet", "--hard", "saved")


def keep(place: Path) -> None:
    """Finish an open series, which needs no other repository: those move, and forget objects."""
    run(place, "repack", "-adq")
    (place / ".git/objects/info/alternates").unlink(missing_ok=True)
    (place / _READ).write_text(patch_files.fingerprint(place.parents[1], place.name))


def _build(root: Path, name: str, place: Path, opened: Upstream | None = None) -> None:
    """Make that repository; where a patch doesn't fit, git stops in it.

    A patch whose base has changed is applied to the base that it was saved against, and rebased:
    by its context alone, git would find it a place, now and then the wrong one.
    """
    mails = patch_files.mails(root, name)
    opened = start(root, name, place, opened)
    if not mails:
        return
    last = [*_AM, *mails]
    old = _saved_against(root, name, opened)
    if old and old != run(place, "rev-parse", "start^{tree}").strip():
        was = run(place, "commit-tree", "-m", "What it was written against", old).strip()
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

    That is the one at a commit that saved the series, or one of those that it requires, by this
    or an earlier name: the newest to whose tree the patches apply. A merge that isn't committed
    yet has two histories, and so has a cherry-pick or a rebase.
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


def under_way(place: Path) -> str:
    """The command of git's that was stopped by a conflict; "" if none was."""
    states = {"rebase-apply": "am", "rebase-merge": "rebase"}
    states |= {"CHERRY_PICK_HEAD": "cherry-pick", "sequencer": "cherry-pick"}
    return next((verb for name, verb in states.items() if (place / ".git" / name).exists()), "")


def refuse_unfinished(place: Path) -> None:
    """Refuse to go on while git is stopped where a series is open."""
    name = place.name
    if verb := under_way(place):
        raise Refused(
            f"A patch of {name} doesn't fit. Resolve it where it is open, `git add` the files and "
            f"type `git {verb} --continue` there; then `aegis upstream series save {name}`.",
            where=shown(place),
            next=f"git -C {shlex.quote(shown(place))} status",
        )


def _refuse_foreign(place: Path) -> None:
    """Refuse a directory, a file or a link that no series was opened in."""
    if os.path.lexists(place) and (place.is_symlink() or not (place / _READ).exists()):
        here = shown(place)
        what = "This isn't an open series. Move it elsewhere first."
        raise Refused(what, where=here, next=f"ls -lA {shlex.quote(here)}")


def _is_saved(place: Path) -> bool:
    """Whether nothing is lost without the repository of a series.

    Raises:
        Refused: it is no such repository.
    """
    _refuse_foreign(place)
    if not place.exists() or not run(place, "tag", "--list", "saved"):
        return True
    if under_way(place) or run(place, "status", "--porcelain"):
        return False
    head, saved = run(place, "rev-parse", "HEAD", "saved").split()
    # on another branch, in a stash; `extract` leaves what it picked
    others = run(place, "rev-list", "-1", "--exclude=refs/picks/*", "--all", "--not", "saved")
    return head == saved and not others


def start(root: Path, name: str, place: Path, opened: Upstream | None = None) -> Upstream:
    """A repository that holds only what the series is written against, tagged `start`.

    With `opened` it needs the store of that upstream. One that is there starts anew: what it
    ignores stays. Nothing can be saved from it until `keep` says what it was made of.
    """
    _refuse_unknown(root, name)
    place.mkdir(parents=True, exist_ok=True)
    if place.parent == root / ".series":
        (place.parent / ".gitignore").write_text("*\n")
    run(place, "init", "--quiet", "--template=", "--initial-branch=main")
    (place / _READ).write_text("")
    (place / ".git/info").mkdir(exist_ok=True)
    (place / ".git/info/exclude").write_text("uv.lock\n")
    seen = [git.objects(root), RELEASES]
    for each in [*seen, Path(opened.base.store.path, "objects")] if opened else seen:
        scratch.borrow(place / ".git/objects", each)
    opened = opened or checkout.upstream(pygit2.Repository(str(place)), root)
    message = f"What {name} is written against"
    made = run(place, "commit-tree", "-m", message, str(before(opened, name))).strip()
    run(place, "checkout", "--quiet", "--force", "-B", "main", made)
    for ref in run(place, "for-each-ref", "--format=%(refname)").split():
        if ref != "refs/heads/main":
            run(place, "update-ref", "--no-deref", "-d", ref)
    run(place, "tag", "start")
    run(place, "tag", "saved")
    return opened


def _refuse_unknown(root: Path, name: str) -> None:
    directory(root, name)  # which refuses what is no name
    if not (root / "patches" / name / "component.toml").exists():
        what = f"There is no patches/{name}/component.toml."
        raise Refused(what, where=str(root), next=f"aegis upstream series new {name}")


def save(root: Path, name: str, place: Path | None = None) -> Series:
    """Write the commits since `start` as patches/NAME/*.patch, and the series file.

    Raises:
        Refused: not all is committed, or the series isn't open.
    """
    place = place or directory(root, name)
    _refuse_foreign(place)
    if not place.exists():
        raise Refused(f"{name} isn't open.", next=f"aegis upstream series open {name}")
    refuse_unfinished(place)
    if run(place, "status", "--porcelain"):
        what = "Commit your changes first: a commit is a patch."
        next = f"git -C {shlex.quote(shown(place))} status"
        raise Refused(what, where=shown(place), next=next)
    if place == directory(root, name):
        _refuse_changed(root, name, place)
        _rebase(root, name, place)
    exported = patch_files.export(place)
    changed = len(patch_files.changes(root, name, exported))
    patch_files.write(root, name, exported)
    (place / _READ).write_text(patch_files.fingerprint(root, name))
    run(place, "tag", "--force", "saved")
    return Series(name, len(exported), changed)


def _refuse_changed(root: Path, name: str, place: Path) -> None:
    """Refuse to undo what came into patches/NAME otherwise, such as with a `git pull`."""
    read = (place / _READ).read_text() if (place / _READ).exists() else ""
    if read == patch_files.fingerprint(root, name):
        return
    here = shown(place)
    head, saved = run(place, "rev-parse", "HEAD", "saved").split()
    moved = shlex.quote(f"{here}.{head[:7]}")
    here = shlex.quote(here)
    next = f"mv {here} {moved} && aegis upstream series open {name}"
    if head != saved:
        fetch = f"git -C {here} fetch --quiet ../{name}.{head[:7]} HEAD +saved:refs/picks/saved"
        next += f" && {fetch} && git -C {here} cherry-pick picks/saved..FETCH_HEAD"
    what = f"patches/{name} has changed since {name} was opened: saving would undo that."
    raise Refused(what, where=f"patches/{name}", next=next)


def _rebase(root: Path, name: str, place: Path) -> None:
    """Rebase an open series onto what it is written against now.

    Raises:
        Refused: a patch doesn't fit; git has stopped.
    """
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary, name)
        start(root, name, made)
        run(place, "fetch", "--quiet", "--no-tags", str(made), "start")
    old, new = run(place, "rev-parse", "start", "FETCH_HEAD").split()
    if run(place, "rev-list", "-1", new, "^HEAD"):
        patch_files.export(place)  # which refuses what a rebase would drop
        try:
            run(place, "rebase", "--quiet", "--onto", new, old)
        except Refused:
            refuse_unfinished(place)
            raise
    run(place, "tag", "--force", "start", new)


def refresh(root: Path, names: Sequence[str] = ()) -> Iterator[Series]:
    """Merge series onto what they are written against now, requirements first; each is saved.

    Raises:
        Refused: a patch doesn't fit; its series is then open, as `open` leaves it.
    """
    with checkout.store(root) as store:
        opened = checkout.upstream(store, root)
        for name in names:
            _refuse_unknown(root, name)
        for name in requirements.order(opened.catalogue, opened.catalogue):
            if not names or name in names:
                done = _refreshed(root, name, opened)
                opened = checkout.upstream(store, root) if done.changed else opened
                yield done


def _refreshed(root: Path, name: str, opened: Upstream) -> Series:
    place = directory(root, name)
    if not _is_saved(place):
        what = f"{name} is open, with work that isn't saved."
        drop = f"rm -rf {shlex.quote(shown(place))}"
        next = f"Save it, or drop it? `aegis upstream series save {name}` or `{drop}`"
        raise Refused(what, where=shown(place), next=next)
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary, name)
        _build(root, name, made, opened)
        if under_way(made):
            open_series(root, name)  # where it stays, and stops there
        done = save(root, name, made)
    if place.exists():
        open_series(root, name)
    return done


def differences(root: Path, name: str, opened: Upstream) -> Iterator[Problem]:
    """What exporting a series again would change of it, if it fits at all."""
    again = f"aegis upstream series open {name} && aegis upstream series save {name}"
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary, "work")
        start(root, name, place, opened)
        try:
            for mail in patch_files.mails(root, name):
                run(place, *_AM, mail)
        except Refused as error:
            refresh = error.next if "?" in error.next else f"aegis upstream series refresh {name}"
            yield Problem(f"patches/{name}", f"it doesn't fit: {error.what}", refresh)
            return
        exported = patch_files.export(place)
    changed = [*patch_files.changes(root, name, exported)]
    listed = patch_files.listed(root, name)
    if {*exported} == {*listed} and [*exported] != listed:
        changed.append("series")
    for file in changed:
        yield Problem(f"patches/{name}/{file}", "it isn't as `series save` writes it", again)


def own_tests(place: Path) -> list[str]:
    """The tests that a series brings, where it is open, committed or not."""
    there = run(place, "ls-tree", "-r", "--name-only", "start").splitlines()
    here = run(place, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    tests = [path for path in here if re.search(r"(^|/)(test_[^/]*|[^/]*_test)\.py$", path)]
    return sorted({*tests} - {*there})
