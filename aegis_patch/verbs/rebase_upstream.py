"""`aegis rebase-upstream`: move to another release, in one commit."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Collection, Iterable
from pathlib import Path

from aegis_patch.errors import Refused, UpstreamError
from aegis_patch.formats import python_names
from aegis_patch.history import presence
from aegis_patch.project.find import Project
from aegis_patch.stack import component, stack, update_notes
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.stack.update_notes import UpdateNote
from aegis_patch.upstream import fork, identity_files, releases
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import replace
from aegis_patch.verbs import successors
from aegis_patch.verbs.opening import open_project, refuse_unsigned
from aegis_patch.verbs.perform import perform
from aegis_patch.verbs.step import Mode, Result, Step

_SET = re.compile(rb"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=")


def rebase(where: Path, to: str | None, mode: Mode) -> Result:
    """Bring the project to another release, in one commit on top; no history is rewritten."""
    with open_project(where, to_write=not mode.branch) as (bench, there):
        old, nonsense = presence.without_nonsense(bench, there.stack)
        wanted, said = _wanted(old, to)
        if not to and releases.is_withdrawn(old.url, old.release, wanted):
            left = f"the upstream has no release {old.release}; its newest is {wanted}"
            back = f"aegis rebase-upstream --to {shlex.quote(wanted)}"
            return Result(said=(f"already at {old.label}", left), dry=mode.dry, next=back)
        opened = bench.open(old.url, wanted)
        refuse_unsigned(there.root, opened, mode)
        _refuse_moved(old, opened)
        moved, renamed = _moved(bench, there, old, opened)
        if moved == there.stack:
            return Result(said=(*said, f"already at {moved.label}"), dry=mode.dry)
        said += [f"aegis.toml named {name}, which its release doesn't have" for name in nonsense]
        said += [*renamed, *identity_files.not_offered(opened, moved.answers)]
        notes: tuple[UpdateNote, ...] = ()
        try:
            notes = _notes(bench.at(old, old.release), opened, old.names | moved.names)
        except ValueError as error:
            said.append(f"the update notes can't be read: {error}")
        body = f"From {there.stack.label}, by three-way merge; no history is rewritten."
        title = f"Rebase onto {moved.label}"
        step = Step(title, body + _in_body(notes), old, moved, record=there.stack)
        done = perform(bench, there, [step], said, mode)
        named = {each.name for each in done.dangling}
        return replace(done, update_notes=_here(notes, there.root / ".env", named))


def _wanted(old: Stack, to: str | None) -> tuple[str, list[str]]:
    """The release to update to, and notes on it."""
    if to:
        wanted = fork.version(to)
        return wanted, _asked(old.url, wanted)
    is_work = (old.url, old.release) == (releases.BUNDLED, releases.WORK)
    return releases.WORK if is_work else releases.latest(old.url, old.release), []


def _moved(bench: Bench, there: Project, old: Stack, opened: Upstream) -> tuple[Stack, list[str]]:
    """The stack at another release, and notes on names that change or become the user's choice.

    Raises:
        Refused: the release lacks a component.
    """
    known, then, has = bench.catalogue(old), bench.at(old, old.release), there.tree.__contains__
    followed, renamed = successors.follow(old, known, then, opened, has)
    absent = followed.names - opened.catalogue.keys()
    _refuse_absent(bench, old, absent, opened.release)
    within = followed.without(absent)
    moved = stack.rebase(within, opened.catalogue, opened.url, opened.release, opened.commit)
    said = [words for names, words in renamed if moved.names.issuperset(names)]
    for name in sorted(moved.chosen() - within.chosen()):
        why = f"nothing needs it in {opened.release}"
        said.append(f"{name} is kept, and is now listed as your choice: {why}")
    return moved, said


def _asked(url: str, wanted: str) -> list[str]:
    """Ask an upstream for its releases; if it can't be reached, those fetched before will do."""
    try:
        releases.versions(url, fresh=True)
    except UpstreamError:
        if wanted not in releases.versions(url):
            raise
        return [f"{url} can't be reached, so release {wanted} is as it was fetched before"]
    return []


def _notes(old: Upstream, new: Upstream, names: Collection[str]) -> tuple[UpdateNote, ...]:
    """The notes on the way from one release to another, forwards or backwards."""
    notes = releases.notes_between(old, new)
    if releases.is_way_back(old, new):
        notes = tuple(update_notes.backwards(notes))
    return update_notes.joined(notes, names)


def _in_body(notes: Collection[UpdateNote]) -> str:
    """The notes for everyone who reads the commit, whatever is in one person's `.env`."""
    body = ""
    for note in notes:
        words = f"- {note.release}: {update_notes.sentence(note, {})}"
        body += f"\n{textwrap.fill(words, 72, subsequent_indent='  ', break_long_words=False)}"
    return f"\n\nBefore the next deploy:\n{body}" if body else ""


def _here(
    notes: Collection[UpdateNote], env: Path, named: Collection[str]
) -> tuple[UpdateNote, ...]:
    """The notes as sentences, without settings that `.env` doesn't set, if there is one.

    A file's note without a text counts if the project still refers to the file.
    """
    where: dict[str, str] = {}
    for number, line in enumerate(env.read_bytes().splitlines() if env.is_file() else (), 1):
        if found := _SET.match(line):
            where[found.group(1).decode().upper()] = f" in .env line {number}"
    shown = []
    for note in notes:
        is_unset = note.if_set and env.is_file() and where.keys().isdisjoint(note.if_set)
        is_silent = note.kind == "file" and not note.text and not _is_named(note.name, named)
        if not is_unset and not is_silent:
            shown.append(replace(note, text=update_notes.sentence(note, where)))
    return tuple(shown)


def _is_named(path: str, names: Collection[str]) -> bool:
    """Whether one of the names is this file or module, or one in this directory."""
    path = path.rstrip("/")
    module = f"{python_names.module(path)}."
    for name in names:
        if f"/{path}".endswith(f"/{name}") or f"{name}/".startswith(f"{path}/"):
            return True
        if f"{name}.".startswith(module):
            return True
    return False


def _refuse_moved(old: Stack, opened: Upstream) -> None:
    """Refuse a release whose tag now names another commit than the one that the project is at."""
    if old.url == releases.BUNDLED or not old.commit:
        return
    is_tag = old.release in releases.versions(old.url)  # a branch may move
    if is_tag and opened.release == old.release and opened.commit != old.commit:
        raise Refused(
            f"The tag of release {old.release} was moved: this project is at commit "
            f"{old.commit[:12]}, the upstream now has {opened.commit[:12]}. "
            "Ask its maintainers to tag a new release.",
            where=old.url,
            next=f"git ls-remote --tags -- {shlex.quote(old.url)}",
        )


def _refuse_absent(bench: Bench, old: Stack, names: Iterable[str], release: str) -> None:
    """Refuse a release that lacks a component; an integration is just removed."""
    absent = []
    for name in sorted(names):
        if component.is_chosen(bench.catalogue(old)[name]):
            absent.append(name)
    if absent:
        raise Refused(
            f"Release {release} doesn't have {', '.join(absent)}.",
            next=f"aegis remove {' '.join(absent)}",
        )
