"""Objects for a project, written as one pack: single files would take longer than all the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.objects import scratch
from aegis_patch.project import git, repository


def write(objects: Path, wanted: Mapping[pygit2.Oid, pygit2.Repository], kept: Path) -> None:
    """Have git write the objects of the scratch store into an object directory.

    The pack's index comes last, so git sees all of them or none. There are no deltas: a landing is
    small, and git makes some when it repacks. Until a ref leads to them, a repack at the same time
    would drop them: `kept` gets the path of the file that makes git keep a pack.

    Raises:
        Refused: something can't be read or written.
    """
    stores = {oid: store.path for oid, store in wanted.items() if store.is_bare}
    if not stores:
        return
    listed = "".join(f"{oid}\n" for oid in stores).encode()
    room = objects / f"aegis-{kept.absolute().parents[1].name}"
    scratch.remove(room)  # of a killed one: git prunes only what is called tmp_
    room.mkdir()
    try:
        words = ("pack-objects", "--quiet", "--window=0", "--compression=1", f"{room}/pack")
        try:
            git.history(min(stores.values()), room, *words, stdin=listed)
        except Refused as error:
            what = f"git couldn't write the files, so nothing was changed: {error.what}"
            next = repository.look_at_disk(objects)
            raise Refused(what, where=str(objects), next=next) from error
        (objects / "pack").mkdir(exist_ok=True)
        parts = sorted(room.glob("pack-*"), key=lambda made: made.suffix == ".idx")
        keep = objects / "pack" / f"{parts[0].stem}.keep"
        kept.write_bytes(os.fsencode(keep))
        keep.touch()
        for made in parts:
            made.replace(objects / "pack" / made.name)
    finally:
        scratch.remove(room)
