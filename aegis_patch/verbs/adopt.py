"""`aegis adopt`: write the record of a project that has none, as its files suggest."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from aegis_patch.errors import Refused
from aegis_patch.history import likeness
from aegis_patch.history.likeness import Likeness
from aegis_patch.landing import journal, preconditions
from aegis_patch.merge.outcome import Clean
from aegis_patch.progress import doing
from aegis_patch.project import find, git, repository
from aegis_patch.project.find import Place
from aegis_patch.stack.record import RECORD
from aegis_patch.upstream import fork, releases
from aegis_patch.upstream.workbench import Bench, open_bench
from aegis_patch.values import dataclass, replace
from aegis_patch.verbs import build, naming, perform
from aegis_patch.verbs.build import Built
from aegis_patch.verbs.init import suggestions
from aegis_patch.verbs.naming import Naming
from aegis_patch.verbs.opening import refuse_unsigned
from aegis_patch.verbs.status import Changed, changed_files
from aegis_patch.verbs.step import Mode, Result, Step

_ADOPT = Naming(
    "Which release? Without --upstream-version it's the nearest",
    lambda names: f"Are both there? `aegis adopt --components {','.join(names)}`",
)


@dataclass(frozen=True, slots=True)
class Found:
    """How near each release is, nearest first, and how a project differs from the nearest."""

    releases: tuple[Likeness, ...]
    changed: tuple[Changed, ...]

    @property
    def nearest(self) -> Likeness:
        """The release to adopt."""
        return self.releases[0]


def adopt(
    where: Path,
    url: str,
    version: str | None,
    wanted: Sequence[str],
    agrees: Callable[[Found], bool],
    mode: Mode,
) -> tuple[Result, Found | None]:
    """Find the stack that is nearest to a project's files, and record it in one commit.

    `agrees` is asked before anything is recorded.

    Raises:
        Refused: no release is near, or that isn't signed where it has to be.
    """
    where = Path(os.path.realpath(where))
    if not where.is_dir() or find.nearest_record(where):
        label = find.find(where).stack.label
        return Result(said=(f"this is an aegis project already, at {label}",)), None
    if {path.name for path in where.iterdir()} <= {".git"}:
        raise find.no_project(where)
    there = find.without_record(where)
    with ExitStack() as entered:
        held = entered.enter_context(journal.alone(there.repo))
        there = replace(find.without_record(where), held=held)
        preconditions.verb(there.repo, there.root)
        bench = entered.enter_context(open_bench(there))
        with doing("Comparing with each release"):
            found = _found(bench, there, url, version, wanted)
        refuse_unsigned(there.root, bench.upstream(found.nearest.stack), mode)
        if not agrees(found):
            return Result(said=("nothing was recorded",), dry=mode.dry), found
        made = _recorded(bench, there, found.nearest)
        return perform.landed(bench, there, [made], mode), found


def _found(
    bench: Bench, there: Place, url: str, version: str | None, wanted: Sequence[str]
) -> Found:
    tree = build.inside(there, build.whole_tree(bench, there))
    url = url if url == releases.BUNDLED else fork.normal(url)
    among = [fork.version(version)] if version else list(releases.versions(url, fresh=True))
    if not among:
        releases.latest(url)  # says what is wrong
    suggested = suggestions(there.root, git.variables(there.root))
    known = []
    for release in reversed(among):
        opened = bench.open(url, release)
        chosen = naming.chosen(bench, opened, wanted, _ADOPT)
        known.append(likeness.likeness(bench, opened, tree, suggested, chosen))
    known.sort(key=lambda each: each.score, reverse=True)
    if known[0].share < likeness.NEAR:
        figures = ", ".join(f"{each.share:.0f} % ({each.stack.release})" for each in known)
        raise Refused(
            f"No release is near to these files, which have {figures} of its lines.",
            where=str(there.root),
            next="Which directory was made by aegis? `aegis --project-path PROJECT adopt`",
        )
    whole = bench.pristine(known[0].stack).replaced({RECORD: None})
    return Found(tuple(known), changed_files(whole, tree))


def _recorded(bench: Bench, there: Place, nearest: Likeness) -> Built:
    """A commit that adds the record of a stack, and nothing else."""
    body = f"{nearest.share:.1f} % of the lines of this release and its components are here."
    step = Step(f"Adopt {nearest.stack.label}", body, None, nearest.stack)
    before = build.whole_tree(bench, there)
    record = bench.pristine(nearest.stack).lookup(RECORD)
    after = before.replaced({repository.within(there.prefix, RECORD): record})
    return Built(step, before, after, Clean(after))
