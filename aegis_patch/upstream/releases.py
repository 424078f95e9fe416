"""Releases: from a reference to a commit that holds base/, patches/ and notes/.

Our own releases travel with the package in a pack under `releases/`; they need no network, no tags
and no build step. A fork is the same thing at a URL.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pygit2

from aegis_patch.errors import UpstreamError
from aegis_patch.objects import scratch
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.project import git
from aegis_patch.stack import component, update_notes
from aegis_patch.stack.component import Component
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.update_notes import UpdateNote
from aegis_patch.upstream import bundled, fork, stored_catalogue

BUNDLED = "aegis"
RELEASES = bundled.RELEASES
WORK = "work"
_CHECKOUT = Path(__file__).parent.parent.parent
_COMMIT = r"[0-9a-f]{40}"


def versions(url: str = BUNDLED, *, fresh: bool = False) -> Mapping[str, str]:
    """The releases of an upstream, oldest first: version → commit id; see `fork.releases`."""
    if url == BUNDLED:
        return {version: about["commit"] for version, about in bundled.index().items()}
    return fork.releases(url, fresh=fresh)


def _stored(
    store: pygit2.Repository, url: str, release: str
) -> tuple[Tree | None, dict[str, Component]]:
    """What was stored when one of our releases was recorded: folds, and its catalogue.

    A fork's own claim isn't trusted.
    """
    about = bundled.index().get(release, {}) if url == BUNDLED else {}
    if "folds" not in about:
        return None, {}
    folds = Tree(store, pygit2.Oid(hex=about["folds"]))
    stored = folds.read(stored_catalogue.FILE)  # which older ones lack
    return folds, stored_catalogue.read(store, stored) if stored else {}


def offered(url: str = BUNDLED, release: str = "", *, fresh: bool = False) -> list[str]:
    """The releases for a project at `release` that names none, oldest first.

    Candidates are only for a project at a candidate, or if there is nothing else.
    """
    known = list(versions(url, fresh=fresh))
    if fork.is_candidate(release):
        return known
    return [each for each in known if not fork.is_candidate(each)] or known


def latest(url: str = BUNDLED, release: str = "") -> str:
    """The newest release for a project at `release`; a fork is asked again.

    Raises:
        UpstreamError: there is none, or it cannot be reached.
    """
    known = offered(url, release, fresh=True)
    if not known:
        raise _no_release(url)
    return known[-1]


def alternates() -> tuple[Path, ...]:
    """The object directories in which releases are found."""
    if (_CHECKOUT / ".git").exists():
        return RELEASES, git.objects(_CHECKOUT)
    return (RELEASES,)


def resolve(url: str, release: str) -> str:
    """The commit of a release.

    Raises:
        UpstreamError: there is no such upstream or release.
    """
    if not url:
        what = 'aegis.toml names no upstream ([upstream] url; the built-in one is "aegis").'
        what += " That of an upstream's base/ has none: `aegis init` makes projects from it."
        raise UpstreamError(what, next="git log -p -- aegis.toml")
    if release == WORK and url == BUNDLED:
        return _work_commit()
    if release not in versions(url):
        versions(url, fresh=True)
    known = versions(url)
    if release in known:
        return known[release]
    if url != BUNDLED and (commit := fork.trial(url, release)):
        return commit
    if not known:
        raise _no_release(url)
    is_ours = url == BUNDLED
    what = "aegis has no release" if is_ours else "This upstream has no release, branch or commit"
    raise UpstreamError(f"{what} {release}.", where=url, next=f"Which release? {', '.join(known)}")


def _no_release(url: str) -> UpstreamError:
    if url == BUNDLED:
        return UpstreamError("This aegis has no releases.", where=str(RELEASES))
    what = "This upstream has no releases: its tags are its releases, and it has none."
    return UpstreamError(what, where=url, next=f"git ls-remote --tags -- {shlex.quote(url)}")


def open_release(store: pygit2.Repository, url: str, release: str, commit: str = "") -> Upstream:
    """Open a release in a store that has `alternates()`.

    Raises:
        UpstreamError: it cannot be found, or its commit is not in this installation.
        SeriesError: a component of it cannot be read.
    """
    commit = _found(url, release, commit)
    if url != BUNDLED:
        _attach(store, url, release, commit)
    try:
        tree = store[commit].peel(pygit2.Tree)
        base, patches = (tree[name].peel(pygit2.Tree) for name in ("base", "patches"))
        notes = tree["notes"].id if "notes" in tree and tree["notes"].type_str == "tree" else None
        if url != BUNDLED:
            _check(store, url, commit, {"base": base.id, "patches": patches.id, "notes": notes})
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise _unreadable(url, release, commit) from error
    base_tree, notes_tree = Tree(store, base.id), Tree(store, notes) if notes else None
    folds, catalogue = _stored(store, url, release)
    catalogue = catalogue or parsed(store, patches)
    return Upstream(url, release, commit, base_tree, catalogue, notes_tree, {}, folds)


def _check(
    store: pygit2.Repository, url: str, commit: str, parts: Mapping[str, pygit2.Oid | None]
) -> None:
    """Check a fork's whole commit, once."""
    from aegis_patch.upstream import untrusted  # with the reader of patches

    if not fork.is_checked(url, commit):
        untrusted.check(store, [(name, tree) for name, tree in parts.items() if tree])
        fork.remember_checked(url, commit)


def parsed(store: pygit2.Repository, patches: pygit2.Tree) -> dict[str, Component]:
    """A release's catalogue, from its directory of patches."""
    found = component_files(store, patches)
    return {name: component.parse(name, files) for name, files in found.items()}


def component_files(store: pygit2.Repository, patches: pygit2.Tree) -> dict[str, dict[str, Entry]]:
    """The files of each component, from the directory of patches."""
    found: dict[str, dict[str, Entry]] = {}
    for directory in patches:
        if isinstance(directory, pygit2.Tree):
            files = found[str(directory.name)] = {}
            for each in directory:
                if isinstance(each, pygit2.Blob):
                    files[str(each.name)] = Entry(store, each.id, each.filemode)
    return found


def age(release: str) -> tuple[bool, list[tuple[int, int, str]]]:
    """A sort key for the releases of an upstream: unreleased work is newest."""
    return release == WORK, fork.age(release)


def is_before(release: str, other: str) -> bool:
    """Whether a release is older than another; a commit's id doesn't tell."""
    is_commit = re.fullmatch(_COMMIT, release) or re.fullmatch(_COMMIT, other)
    return not is_commit and age(release) < age(other)


def is_withdrawn(url: str, release: str, newest: str) -> bool:
    """Whether an upstream has only releases older than one that it no longer has."""
    if url == BUNDLED or release == WORK or not is_before(newest, release):
        return False
    return not fork.trial(url, release)  # a branch such as 2.x


def is_way_back(old: Upstream, new: Upstream) -> bool:
    """Whether the second of two is older: by version, or for a branch by the notes it lacks."""
    if _is_version(old) and _is_version(new):
        return age(new.release) < age(old.release)
    had, has = ({*each.notes.names()} if each.notes else set[str]() for each in (old, new))
    return has < had


def notes_between(one: Upstream, other: Upstream) -> tuple[UpdateNote, ...]:
    """The notes of the releases after the older and up to the newer, as the newer has them.

    Notes that the older lacked count too: a fork merges them from an upstream of its own, with
    other versions, and a branch may have some notes of its next release.

    Raises:
        ValueError: a file of notes cannot be read.
    """
    older, newer = (other, one) if is_way_back(one, other) else (one, other)
    if newer.notes is None:
        return ()
    at, is_trial = _version(older), not (_is_version(older) and _is_version(newer))
    found = []
    for name in newer.notes.names():
        release, _, kind = name.rpartition(".")
        is_new = not (older.notes and name in older.notes) and release != at
        is_after = is_new or age(at) < age(release) or (is_trial and release == at)
        is_between = is_after and age(release) <= age(_version(newer))
        if is_between and kind == "toml" and release.isprintable():
            found.append(release)
    notes: list[UpdateNote] = []
    for release in sorted(found, key=age):
        had = _notes(older, release) if is_trial and release == at else ()
        notes += [note for note in _notes(newer, release) if note not in had]
    return tuple(notes)


def _notes(upstream: Upstream, release: str) -> tuple[UpdateNote, ...]:
    """An upstream's text about a release; empty if it has no such file."""
    name = f"{release}.toml"
    if upstream.notes is None or name not in upstream.notes:
        return ()
    try:
        return update_notes.parse(release, upstream.notes.read(name))
    except ValueError as error:
        raise ValueError(f"notes/{name}: {error}") from error


def _version(upstream: Upstream) -> str:
    """The version of an upstream: of a branch or a commit, the newest with notes."""
    if _is_version(upstream):
        return upstream.release
    names = upstream.notes.names() if upstream.notes else ()
    named = [name.removesuffix(".toml") for name in names if name.endswith(".toml")]
    return max(named, key=age, default="")


def _is_version(upstream: Upstream) -> bool:
    """Whether a release's name tells how new it is: a branch or a commit's id doesn't."""
    release = upstream.release
    if upstream.notes is not None and f"{release}.toml" in upstream.notes:
        return True
    is_on_disk = not upstream.commit  # of a maintainer: it is to be the next release
    return is_on_disk or release in versions(upstream.url)


def _found(url: str, release: str, recorded: str) -> str:
    """The commit of a release: the recorded one if there is a record."""
    pinned = recorded and (release == WORK or url != BUNDLED)
    found = recorded if pinned else resolve(url, release)
    if recorded and found != recorded:
        raise UpstreamError(
            f"aegis.toml has {recorded[:9]} as release {release}, this aegis has {found[:9]}. "
            "Use the aegis that wrote it.",
            where="aegis.toml",
            next="git log -1 -- aegis.toml",
        )
    return found


def _unreadable(url: str, release: str, commit: str) -> UpstreamError:
    if url != BUNDLED:
        return UpstreamError(
            f"Release {release} ({commit[:12]}) of this upstream has no base/ and patches/.",
            where=url,
            next=f"git ls-remote --tags -- {shlex.quote(url)}",
        )
    return UpstreamError(
        f"Release {release} ({commit[:12]}) isn't in this installation of aegis.",
        next=f"Which release? {', '.join(versions())}",
    )


def _attach(store: pygit2.Repository, url: str, release: str, commit: str) -> None:
    """Let a store see a fork's objects.

    Raises:
        UpstreamError: the fork cannot be reached, or does not have the commit any more.
    """
    if not re.fullmatch(_COMMIT, commit):
        what = f"aegis.toml has no valid commit id: {commit[:80]!r}"
        raise UpstreamError(what, where="aegis.toml", next="git log -p -- aegis.toml")
    if not fork.objects(url).exists():
        fork.fetch(url)
    scratch.see(store, fork.objects(url))
    if commit not in store:
        fork.fetch(url)
    if commit not in store:
        try:  # a tag that was moved or taken away since
            fork.fetch(url, commit)
        except UpstreamError as error:
            raise UpstreamError(
                f"This upstream no longer has commit {commit[:12]} (release {release}). "
                "Ask its maintainers to tag it again.",
                where=url,
                next=f"git ls-remote --tags -- {shlex.quote(url)}",
            ) from error


def _work_commit() -> str:
    there = (_CHECKOUT / ".git").exists()
    repo = pygit2.Repository(str(_CHECKOUT / ".git")) if there else None
    if repo is None or repo.head_is_unborn:
        raise UpstreamError(
            'Release "work" exists only in a checkout of aegis.',
            next=f"Which release? {', '.join(versions())}",
        )
    return str(repo.head.target)
