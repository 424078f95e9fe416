"""The catalogue of a release of ours, stored with its folds: a verb parses no component anew."""

from __future__ import annotations

import json
from typing import Any

import pygit2
from pygit2.enums import FileMode

from aegis_patch.objects.trees import Entry
from aegis_patch.stack.component import Catalogue, Component, brought

FILE = "catalogue.json"
_TEXTS = ("name", "title", "summary", "implementation", "kind", "status", "left")
_NAMES = ("requires", "was", "brings")


def written(catalogue: Catalogue) -> bytes:
    """A catalogue as it is stored."""
    rows = []
    for each in catalogue.values():
        row: dict[str, Any] = {key: getattr(each, key) for key in (*_TEXTS, *_NAMES)}
        series = [(name, str(mail.id)) for name, mail in each.series]
        rows.append({**row, "brings": brought(each), "series": series})
    return json.dumps(rows, indent=1).encode()


def read(store: pygit2.Repository, data: bytes) -> dict[str, Component]:
    """A stored catalogue; its mails are in the store."""
    found = {}
    for row in json.loads(data):
        series = []
        for name, oid in row.pop("series"):
            series.append((name, Entry(store, pygit2.Oid(hex=oid), FileMode.BLOB)))
        row |= {key: tuple(row[key]) for key in _NAMES}
        found[row["name"]] = Component(**row, series=tuple(series))
    return found
