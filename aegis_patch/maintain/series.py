"""A component's series as its maintainer works on it: begin, save, refresh, check."""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aegis_patch.errors import Refused
from aegis_patch.maintain import checkout, open_series, patch_files, rules
from aegis_patch.maintain.plain_git import run, shown
from aegis_patch.maintain.problem import Problem
from aegis_patch.stack import component, requirements
from aegis_patch.stack.release import Upstream
from aegis_patch.values import dataclass

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
    """All series, requirements first."""
    with checkout.store(root) as store:
        known = checkout.upstream(store, root).catalogue
    return requirements.order(known, known)


def new(root: Path, name: str, requires: Sequence[str] = ()) -> Path:
    """Begin a component: a file that describes it, and a series without a patch."""
    open_series.directory(root, name)  # which refuses what is no name
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
    """A new component with its series open, to be filled; after an error nothing is left of it.

    Raises:
        Refused: it exists, or is open.
    """
    place = open_series.directory(root, name)
    if place.exists():
        next = f"Is its work saved? `rm -rf {shlex.quote(shown(place))}`"
        raise Refused(f"{name} is open already.", where=shown(place), next=next)
    new(root, name, requires)
    try:
        yield open_series.start(root, name, place)
        open_series.keep(place)
    except BaseException:
        if not open_series.under_way(place):
            shutil.rmtree(root / "patches" / name)
            shutil.rmtree(place, ignore_errors=True)
        raise


def save(root: Path, name: str, place: Path | None = None) -> Series:
    """Write the commits since `start` as patches/NAME/*.patch, and the series file.

    Raises:
        Refused: not all is committed, or the series isn't open.
    """
    place = place or open_series.directory(root, name)
    open_series.refuse_foreign(place)
    if not place.exists():
        raise Refused(f"{name} isn't open.", next=f"aegis upstream series open {name}")
    open_series.refuse_unfinished(place)
    if run(place, "status", "--porcelain"):
        what = "Commit your changes first: a commit is a patch."
        next = f"git -C {shlex.quote(shown(place))} status"
        raise Refused(what, where=shown(place), next=next)
    if place == open_series.directory(root, name):
        _refuse_changed(root, name, place)
        _rebase(root, name, place)
    exported = patch_files.export(place)
    changed = len(patch_files.changes(root, name, exported))
    patch_files.write(root, name, exported)
    (place / open_series.READ).write_text(patch_files.fingerprint(root, name))
    run(place, "tag", "--force", "saved")
    return Series(name, len(exported), changed)


def _refuse_changed(root: Path, name: str, place: Path) -> None:
    """Refuse to overwrite what changed in patches/NAME meanwhile, as by a `git pull`."""
    read = (place / open_series.READ).read_text() if (place / open_series.READ).exists() else ""
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
    """Rebase an open series onto the tree that it is written against now.

    Raises:
        Refused: a patch doesn't fit; git has stopped.
    """
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary, name)
        open_series.start(root, name, made)
        run(place, "fetch", "--quiet", "--no-tags", str(made), "start")
    old, new = run(place, "rev-parse", "start", "FETCH_HEAD").split()
    if run(place, "rev-list", "-1", new, "^HEAD"):
        patch_files.export(place)  # which refuses what a rebase would drop
        try:
            run(place, "rebase", "--quiet", "--onto", new, old)
        except Refused:
            open_series.refuse_unfinished(place)
            raise
    run(place, "tag", "--force", "start", new)


def refresh(root: Path, names: Sequence[str] = ()) -> Iterator[Series]:
    """Merge series onto their current base trees, requirements first, and save each.

    Raises:
        Refused: a patch doesn't fit; its series is then open, as `open` leaves it.
    """
    with checkout.store(root) as store:
        opened = checkout.upstream(store, root)
        for name in names:
            open_series.refuse_unknown(root, name)
        for name in requirements.order(opened.catalogue, opened.catalogue):
            if not names or name in names:
                done = _refreshed(root, name, opened)
                opened = checkout.upstream(store, root) if done.changed else opened
                yield done


def _refreshed(root: Path, name: str, opened: Upstream) -> Series:
    place = open_series.directory(root, name)
    if not open_series.is_saved(place):
        what = f"{name} is open, with work that isn't saved."
        drop = f"rm -rf {shlex.quote(shown(place))}"
        next = f"Save it, or drop it? `aegis upstream series save {name}` or `{drop}`"
        raise Refused(what, where=shown(place), next=next)
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary, name)
        open_series.build(root, name, made, opened)
        if open_series.under_way(made):
            open_series.repository(root, name)  # where it stays, and stops there
        done = save(root, name, made)
    if place.exists():
        open_series.repository(root, name)
    return done


def differences(root: Path, name: str, opened: Upstream) -> Iterator[Problem]:
    """What a new export of a series would change in it, if it fits at all."""
    again = f"aegis upstream series open {name} && aegis upstream series save {name}"
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary, "work")
        open_series.start(root, name, place, opened)
        try:
            for mail in patch_files.mails(root, name):
                run(place, *open_series.AM, mail)
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
    """The tests that an open series adds, committed or not."""
    there = run(place, "ls-tree", "-r", "--name-only", "start").splitlines()
    here = run(place, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    tests = [path for path in here if re.search(r"(^|/)(test_[^/]*|[^/]*_test)\.py$", path)]
    return sorted({*tests} - {*there})
