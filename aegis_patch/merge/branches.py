"""Merges a file that two branches changed; both sides are people's, neither is pristine."""

from __future__ import annotations

from aegis_patch.errors import Refused
from aegis_patch.formats import kinds
from aegis_patch.merge import file_content
from aegis_patch.merge.file_content import Text, Three
from aegis_patch.merge.reason import Reason
from aegis_patch.objects import texts
from aegis_patch.stack import record
from aegis_patch.stack.joined import Differ, joined
from aegis_patch.stack.pristine import at_anchors
from aegis_patch.stack.record import RECORD

_LOCKS = (".lock", "-lock.json", "-lock.yaml")  # are made anew, never merged


def merge(three: Three) -> Text:
    """Merge what git could not: by the meaning of its kind of file, or only at anchors."""
    name = three.path.rpartition("/")[2]
    if name == RECORD:
        return _merge_records(three)
    if name.endswith(_LOCKS) or any(texts.is_binary(side) for side in three.sides):
        return Text(three.ours, Reason.BINARY)
    if not three.base:
        return Text(three.ours, Reason.ADDED)
    if kinds.kind(three.path):
        return file_content.merge(three)
    data = at_anchors(*three.sides)
    return Text(three.ours, Reason.TEXT) if data is None else Text(data)


def _merge_records(three: Three) -> Text:
    """Three records merged by key; anything else that people wrote in them is merged as text."""
    try:
        wanted = joined(*map(record.parse, three.sides))
        merged = texts.merge_text(three.store, *(record.write(s, wanted) for s in three.sides))
    except (Refused, Differ):
        return Text(three.ours, Reason.TEXT)
    return Text(merged.data) if merged.clean else Text(three.ours, Reason.TEXT)
