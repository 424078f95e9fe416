"""A binary change as `git diff --binary` writes it: a whole file, or a delta against the old one.

Both are deflated, in base 85. Their headers aren't trusted: no more is inflated than the announced
size, which is bounded.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Sequence

from aegis_patch.errors import PatchRejected
from aegis_patch.values import dataclass

MOST_BYTES = 8 * 1024 * 1024
"""The size of a file, before and after."""
_INDEX = re.compile(r"index ([0-9a-f]{40})\.\.([0-9a-f]{40})( [0-7]{6})?$")
_START = "GIT binary patch\n"
_FORM = re.compile(r"(literal|delta) ([0-9]{1,9})$")
_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary change of a file: its ids before and after, and the deflated data."""

    before: str
    after: str
    form: str
    size: int
    data: bytes


def taken_out(name: str, lines: Sequence[str]) -> tuple[list[str], dict[int, Binary]]:
    """The lines of a diff without its binary changes, and these by the number of their file.

    Raises:
        PatchRejected: one is malformed, or too large.
    """
    rest, found = list[str](), dict[int, Binary]()
    ids, file, at = None, -1, 0
    try:
        while at < len(lines):
            line = lines[at]
            at += 1
            if line.startswith("diff --git "):
                ids, file = None, file + 1
            ids = _INDEX.match(line) or ids
            if line != _START:
                rest.append(line)
                continue
            if not ids or file in found:
                raise ValueError("it has no whole ids, or comes twice")
            form, size, data, at = _block(lines, at)
            found[file] = Binary(ids[1], ids[2], form, size, data)
            if at < len(lines) and _FORM.match(lines[at]):  # the way back
                *_, at = _block(lines, at)
    except (ValueError, IndexError) as error:
        raise PatchRejected(f"a binary change is malformed: {error}", where=name) from error
    return rest, found


def _block(lines: Sequence[str], at: int) -> tuple[str, int, bytes, int]:
    """A block's form, size and data, and where the next begins."""
    form = _FORM.match(lines[at])
    if not form or int(form[2]) > MOST_BYTES:
        raise ValueError(f"it isn't literal or delta, of at most {MOST_BYTES >> 20} MiB")
    data, at = bytearray(), at + 1
    while at < len(lines) and lines[at] != "\n":
        line = lines[at].removesuffix("\n")
        length, decoded = _LENGTHS.index(line[0]) + 1, base64.b85decode(line[1:])
        if (length + 3) // 4 * 4 != len(decoded):
            raise ValueError("a line hasn't the length that it says")
        data += decoded[:length]
        at += 1
    return form[1], int(form[2]), bytes(data), at + 1


def postimage(binary: Binary, preimage: bytes) -> bytes:
    """The file after a binary change.

    Raises:
        PatchRejected: the file before isn't the one it was written against, or that after is not
            the one it says.
    """
    if not _is(preimage, binary.before):
        raise PatchRejected(f"expected a binary file {binary.before[:12]}")
    try:
        inflater = zlib.decompressobj()
        made = inflater.decompress(binary.data, binary.size + 1)
        if len(made) != binary.size or not inflater.eof:
            raise ValueError("it hasn't the size that it says")
        made = made if binary.form == "literal" else _patched(preimage, made)
    except (ValueError, IndexError, zlib.error) as error:
        raise PatchRejected(f"a binary change is malformed: {error}") from error
    if not _is(made, binary.after):
        raise PatchRejected(f"a binary change makes another file than {binary.after[:12]}")
    return made


def _is(data: bytes, id: str) -> bool:
    """Whether a file has an id; a missing file has none."""
    blob = b"blob %d\0" % len(data) + data
    nothing = not data and id == "0" * 40
    return nothing or hashlib.sha1(blob, usedforsecurity=False).hexdigest() == id


def _patched(source: bytes, delta: bytes) -> bytes:
    """A file after one of git's deltas, which copies parts of the old one and inserts others."""
    old, at = _number(delta, 0)
    new, at = _number(delta, at)
    if old != len(source) or new > MOST_BYTES:
        raise ValueError("a delta is of another file, or makes one too large")
    made = bytearray()
    while at < len(delta):
        code, at = delta[at], at + 1
        if code & 0x80:
            place = [0] * 7
            for bit in range(7):
                if code >> bit & 1:
                    place[bit], at = delta[at], at + 1
            offset = int.from_bytes(bytes(place[:4]), "little")
            length = int.from_bytes(bytes(place[4:]), "little") or 0x10000
            part = source[offset : offset + length]
        else:
            length, part = code, delta[at : at + code]
            at += code
        made += part
        if not code or len(part) != length or len(made) > new:
            raise ValueError("a delta leads out of its file")
    if len(made) != new:
        raise ValueError("a delta makes less than it says")
    return bytes(made)


def _number(delta: bytes, at: int) -> tuple[int, int]:
    """A number of any length, seven bits a byte, and the position after it."""
    number = shift = 0
    while True:
        number |= (delta[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not delta[at - 1] & 0x80:
            return number, at
        if shift > 35:
            raise ValueError("a number is too large")
