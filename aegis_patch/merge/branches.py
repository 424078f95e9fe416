"""A file in which two branches met, of which both sides are people's, and neither is pristine."""

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
    """What git could not merge: by what a file of its kind says, or at anchors alone."""
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
    """Three records made one by key; what people wrote there besides is merged as text."""
    ours, theirs = three.ours, three.theirs
    try:
        wanted = joined(record.parse(three.base), record.parse(ours), record.parse(theirs))
        rest = texts.merge_text(three.store, *(record.strip(side) for side in three.sides))
        if not rest.clean:
            return Text(ours, Reason.TEXT)
        written = record.write(rest.data, wanted)
    except (Refused, Differ):
        return Text(ours, Reason.TEXT)
    for side in (ours, theirs):
        written = record.with_comments(written, side)
    return Text(written)
