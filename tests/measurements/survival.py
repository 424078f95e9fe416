"""scripts/survival: measure what becomes of a user's work, line by line and edit by edit.

A line beside every hunk there is, and everyday edits of each release's project that is brought to
the newest one. Prints the tables, and writes them into docs/contributing/measurements.md.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from aegis_patch.objects.scratch import scratch
from aegis_patch.upstream import releases
from tests import stacks
from tests.conftest import Project, run
from tests.promises.survival import cases, distance
from tests.promises.survival.test_edits import lost

PAGE = ROOT / "docs" / "contributing" / "measurements.md"
FATES = ("no place for it", "survive", "reported conflict", "lost")


def main() -> int:
    """Both tables; 1 if a line is lost or misplaced."""
    with scratch(releases.alternates()) as store:
        table = distance.measure(store, distance.series_changes(store))
    written("scripts/survival", distance.shown(table))
    for became, case in table.bad:
        change = case.change
        print(
            f"{became}: {change.verb}, {change.path}, {case.edit}, {case.distance}: {case.line!r}"
        )
    with tempfile.TemporaryDirectory() as made:
        fates = {one: of_edits(Path(made), one) for one in list(releases.versions())[:-1]}
    rows = ["| from | edits | " + " | ".join(FATES) + " |", "|---" + "|---:" * 5 + "|"]
    for version, found in fates.items():
        counts = " | ".join(str(found[fate]) for fate in FATES)
        rows.append(f"| {version} | {found.total()} | {counts} |")
    written("scripts/survival, everyday edits", "\n".join(rows) + "\n")
    return 1 if table.bad or any(found["lost"] for found in fates.values()) else 0


def of_edits(made: Path, version: str) -> Counter[str]:
    """What becomes of each everyday edit when a project comes from a release to the newest."""
    edits = {(case.did, case.having): case for case in cases.EVERY}
    return Counter(fate(made, case, version) for case in edits.values())


def fate(made: Path, case: cases.Case, version: str) -> str:
    """What becomes of one of them."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            project = begin(made / f"{version}-{case.having}", Path(directory), case, version)
            case.edit(project)
        except (AssertionError, FileNotFoundError, StopIteration):
            return "no place for it"
        mine = project.commit("Mine")
        with contextlib.chdir(project.path):
            ran = run("rebase-upstream")
        if left := lost(project, mine):
            print(f"lost: {case.did}, from {version}: {left}")
            return "lost"
        assert ran.code in (0, 3), ran.err
        return "reported conflict" if ran.code else "survive"


def begin(made: Path, directory: Path, case: cases.Case, version: str) -> Project:
    """A copy of a project of a release, which is made once."""
    if not made.exists():
        having = case.having.split(",") if case.having else ()
        stacks.make(made / "my-api", *having, version=version)
    return Project(shutil.copytree(made / "my-api", directory / "my-api", symlinks=True))


def written(by: str, shown: str) -> None:
    """Print a table, and put it between the marks of the page that name it."""
    print(shown, end="")
    start, end = f"<!-- measured: {by} -->\n", f"<!-- end of {by} -->\n"
    before, found, rest = PAGE.read_text().partition(start)
    assert found, start
    PAGE.write_text(f"{before}{start}{shown}{end}{rest.partition(end)[2]}")


if sys.argv[1:]:
    sys.exit(__doc__)
sys.exit(main())
