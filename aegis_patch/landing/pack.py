"""Objects for a project, written as one pack: a file for each would take longer than all else."""

from __future__ import annotations

import hashlib
import itertools
import os
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from struct import pack as packed
from typing import BinaryIO

import pygit2

_Entry = tuple[bytes, int, int]  # the object's id, its checksum and where it is in the pack


def write(objects: Path, wanted: Mapping[pygit2.Oid, pygit2.Repository]) -> None:
    """Write objects, each from the store that has it, into an object directory.

    The pack's index comes last, so git sees all of them or none. Without deltas: a landing is
    small, and git makes some when it repacks.
    """
    if not wanted:
        return
    place, token = objects / "pack", os.urandom(8).hex()
    draft, index = objects / f"tmp_pack_{token}", objects / f"tmp_idx_{token}"  # as git's own
    try:
        place.mkdir(exist_ok=True)
        with draft.open("xb") as file:
            entries, checksum = _write_objects(file, wanted)
        index.write_bytes(_index(sorted(entries), checksum))
        for made, kind in (draft, "pack"), (index, "idx"):
            made.chmod(made.stat().st_mode & 0o444)
            made.replace(place / f"pack-{checksum.hex()}.{kind}")
    except BaseException:
        draft.unlink(missing_ok=True)
        index.unlink(missing_ok=True)
        raise


def _write_objects(
    file: BinaryIO, wanted: Mapping[pygit2.Oid, pygit2.Repository]
) -> tuple[list[_Entry], bytes]:
    """Write the pack; what its index has to say, and its checksum."""
    at, entries, header = 12, list[_Entry](), b"PACK" + packed(">II", 2, len(wanted))
    whole = hashlib.sha1(header, usedforsecurity=False)
    file.write(header)
    for oid, store in wanted.items():
        kind, data = store.odb.read(oid)
        written = _head(int(kind), len(data)) + zlib.compress(data, 1)
        entries.append((oid.raw, zlib.crc32(written), at))
        whole.update(written)
        at += file.write(written)
    file.write(whole.digest())
    return entries, whole.digest()


def _head(kind: int, size: int) -> bytes:
    """An object's kind and size: four bits of it first, then seven a byte."""
    bits, size = kind << 4 | size & 15, size >> 4
    head = bytearray()
    while size:
        head.append(bits | 128)
        bits, size = size & 127, size >> 7
    return bytes([*head, bits])


def _index(entries: list[_Entry], checksum: bytes) -> bytes:
    """The index of a pack of less than 2 GiB, its entries sorted by id."""
    count, begin = len(entries), Counter(oid[0] for oid, _, _ in entries)
    up_to = itertools.accumulate(begin[byte] for byte in range(256))
    index = b"\377tOc" + packed(">257I", 2, *up_to)
    index += b"".join(oid for oid, _, _ in entries)
    index += packed(f">{count}I", *(crc for _, crc, _ in entries))
    index += packed(f">{count}I", *(at for _, _, at in entries)) + checksum
    return index + hashlib.sha1(index, usedforsecurity=False).digest()
