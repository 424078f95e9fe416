"""scripts/survival: measure what becomes of a line of the user's beside every hunk there is.

Prints the table, and writes it into docs/contributing/measurements.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from aegis_patch.objects.scratch import scratch
from aegis_patch.upstream import releases
from tests.promises.survival import distance

PAGE = ROOT / "docs" / "contributing" / "measurements.md"
START, END = "<!-- measured: scripts/survival -->\n", "<!-- end of scripts/survival -->\n"

if sys.argv[1:]:
    sys.exit(__doc__)
with scratch(releases.alternates()) as store:
    table = distance.measure(store, distance.series_changes(store))
shown = distance.shown(table)
print(shown, end="")
for became, case in table.bad:
    change = case.change
    print(f"{became}: {change.verb}, {change.path}, {case.edit}, {case.distance}: {case.line!r}")
before, start, rest = PAGE.read_text().partition(START)
PAGE.write_text(f"{before}{start}{shown}{END}{rest.partition(END)[2]}")
sys.exit(1 if table.bad else 0)
