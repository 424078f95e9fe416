"""What is wrong with an upstream, before those who use it find out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aegis_patch.maintain import checkout, missing_notes, rules, series
from aegis_patch.maintain.problem import Problem
from aegis_patch.stack.release import Upstream


def of_series(root: Path, names: Sequence[str] = ()) -> list[Problem]:
    """What series, or all, are not as exported, or break a rule.

    Raises:
        SeriesError: a component can't be read.
    """
    found = list[Problem]()
    with checkout.store(root) as store:
        upstream = checkout.upstream(store, root)
        for name in names or sorted(upstream.catalogue):
            found += list(series.differences(root, name, upstream)) or _of_one(upstream, name)
        if not (names or found):
            found += rules.breaches_between(upstream)
        if not names and (old := checkout.newest_release(store, root)):
            found += [Problem("", each) for each in missing_notes.breaches(old, upstream)]
    return found


def _of_one(upstream: Upstream, name: str) -> list[Problem]:
    return [*rules.breaches(upstream, name), *rules.advice(upstream, name)]
