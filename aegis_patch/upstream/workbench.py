"""Where stacks are built: a scratch store, and the releases opened in it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pygit2

from aegis_patch.errors import Refused, SeriesError, UpstreamError, without_password
from aegis_patch.objects import trees
from aegis_patch.objects.scratch import scratch
from aegis_patch.objects.trees import Tree
from aegis_patch.progress import doing
from aegis_patch.project import filters
from aegis_patch.project.find import Place
from aegis_patch.stack.component import Catalogue
from aegis_patch.stack.pristine import Identity, pristine
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import fork, identity_files, releases


class Bench:
    """A place to build things: the scratch store, the releases opened in it, the trees made.

    `places` are the object directories that the store was opened with, `merged` caches merges and
    identity files, `project` is where the trees will land. `instead` is the start of a command, to
    be followed by a release to use in place of a broken one.
    """

    def __init__(
        self, store: pygit2.Repository, places: tuple[Path, ...] = (), project: Place | None = None
    ) -> None:
        self.store = store
        self.project = project
        self.places = places
        self.instead = "aegis rebase-upstream --to"
        self.opened: dict[tuple[str, str, str], Upstream] = {}
        self.made: dict[str, Tree] = {}
        self.merged: dict[str, Any] = {}
        self._stored: dict[tuple[str, pygit2.Oid], pygit2.Oid] = {}

    @property
    def objects(self) -> list[Path]:
        """Every directory with objects that the store sees."""
        forks = {fork.objects(url) for url, _, _ in self.opened if url != releases.BUNDLED}
        return [Path(self.store.path, "objects"), *self.places, *sorted(forks)]

    def open(self, url: str, release: str, commit: str = "") -> Upstream:
        """A release by its version; each is opened once."""
        key = (url, release, commit)
        for bench in _shared:
            if key in bench.opened and bench is not self:
                self.opened.setdefault(key, bench.opened[key].within(self.store))
        if key not in self.opened:
            with doing(f"Reading release {release}"), self._blaming(url, release):
                found = releases.open_release(self.store, url, release, commit)
            self.opened[key] = self.opened[(url, release, found.commit)] = found
        return self.opened[key]

    def at(self, wanted: Stack, release: str) -> Upstream:
        """A release of a stack's upstream.

        Raises:
            UpstreamError: the record names one that this installation does not have.
        """
        known = releases.versions()
        if wanted.url == releases.BUNDLED and release not in (*known, releases.WORK):
            newest = [*known][-1]
            raise UpstreamError(
                f"{RECORD} needs release {release}; this aegis has {newest} at most. Update it.",
                where=RECORD,
                next=f"git log -1 -- {RECORD}",
            )
        commit = wanted.commit if release == wanted.release else ""
        return self.open(wanted.url, release, commit)

    def catalogue(self, wanted: Stack) -> Catalogue:
        """The components of a stack's release, with those that it has as they were brought."""
        brought = {
            name: self.at(wanted, there.release).catalogue[name]
            for name, there in wanted.present.items()
        }
        return {**self.upstream(wanted).catalogue, **brought}

    def upstream(self, wanted: Stack) -> Upstream:
        """The release of a stack, after a check that its record makes sense there.

        Raises:
            Refused: the record names what a release does not have.
        """
        found = self.at(wanted, wanted.release)
        for name, there in wanted.present.items():
            catalogue = self.at(wanted, there.release).catalogue
            if name not in catalogue:
                raise Refused(
                    f"{RECORD} names {name!r}, which release {there.release} doesn't have.",
                    where=RECORD,
                    next="aegis repair",
                )
        return found

    def pristine(self, wanted: Stack | None) -> Tree:
        """The tree of a stack that nobody has edited, as the project's git would store it.

        Without a stack, the empty tree.
        """
        if wanted is None:
            return trees.empty(self.store)
        key = repr(wanted)
        if key not in self.made:
            blaming = self._blaming(wanted.url, wanted.release)
            with doing(f"Reading release {wanted.release}"), blaming:
                made = self._pristine(wanted)
                if self.project:
                    made = filters.stored(self.project, made, self._stored)
                self.made[key] = made
        return self.made[key]

    @contextmanager
    def _blaming(self, url: str, release: str) -> Iterator[None]:
        """Have an error of a release say whose fault it is, and which release to use instead."""
        try:
            yield
        except SeriesError as error:
            if error.next:
                raise
            known = releases.versions(url)
            older = [each for each in known if releases.age(each) < releases.age(release)]
            whose = f"Release {release}{' of this upstream' * (url != releases.BUNDLED)}"
            error.what = f"{whose} is broken: {error.what.rstrip('.')}. Tell its maintainers"
            if release == releases.WORK:
                error.next = "aegis upstream check"
            elif older:
                error.what += f", and use {older[-1]} until they release another"
                error.next = f"{self.instead} {shlex.quote(older[-1])}"
            else:
                error.next = f"git ls-remote --tags -- {shlex.quote(without_password(url))}"
            error.what += "."
            raise

    def _pristine(self, wanted: Stack) -> Tree:
        identity = self.identity(wanted)  # of a record that makes sense
        releases = {there.release for there in wanted.present.values()} | {wanted.release}
        opened = {release: self.at(wanted, release) for release in releases}
        return pristine(opened, wanted, identity)

    def identity(self, wanted: Stack) -> Identity:
        """The files that a stack's answers are written into."""
        found = self.upstream(wanted)
        key = f"identity {found.url} {found.commit} {wanted.answers}"
        if key not in self.merged:
            self.merged[key] = identity_files.identity(found, wanted.answers)
        identity: Identity = self.merged[key]
        return identity


_shared: list[Bench] = []


@contextmanager
def shared() -> Iterator[Bench]:
    """A shared bench, in which others that open meanwhile look for releases and their trees."""
    with open_bench() as bench:
        _shared.append(bench)
        try:
            yield bench
        finally:
            _shared.remove(bench)


@contextmanager
def open_bench(there: Place | None = None) -> Iterator[Bench]:
    """A scratch store that sees our releases, and a project's objects too."""
    seen = [place for bench in _shared for place in bench.objects]
    alternates = (there.objects,) if there else ()
    places = (*alternates, *releases.alternates(), *seen)
    with scratch(places) as store:
        yield Bench(store, places, there)
