"""Binary changes of a patch: as git writes them, and as an attacker does."""

from __future__ import annotations

import base64
import hashlib
import random
import zlib

import pygit2
import pytest

from aegis_patch.errors import PatchRejected
from aegis_patch.stack import apply_patch, binary_patch, patch
from tests import tiny

LARGE = b"\0" + random.Random(1).randbytes(300_000)
SMALL = b"\0small"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"a": SMALL}),
        ({"a": SMALL}, {}),
        ({"a": LARGE}, {"a": LARGE[200_000:] + b"new" * 90 + LARGE[:150_000]}),
        ({"a": SMALL}, {"a": b""}),
        ({"a": b""}, {"a": SMALL}),
        ({"a": SMALL}, {"a": b"text\n", "b c": SMALL * 2, "t": b"text\n"}),
        ({"a": LARGE, "b": LARGE}, {"a": LARGE[1:], "b": LARGE[:-1], "c": bytes(100_000)}),
    ],
)
def test_what_git_writes_is_applied(
    store: pygit2.Repository, old: dict[str, bytes], new: dict[str, bytes]
) -> None:
    before, after = tiny.tree(store, {"x": b"", **old}), tiny.tree(store, {"x": b"", **new})
    mail = tiny.mail(before, after, "Draw")
    assert b"GIT binary patch\n" in mail
    assert apply_patch.apply(before, patch.parse("x.patch", mail)) == after


def id_of(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() if data else "0" * 40


def block(form: str, size: int, data: bytes) -> str:
    """What git writes of some bytes."""
    packed = zlib.compress(data)
    lines = [f"{form} {size}\n"]
    for at in range(0, len(packed), 52):
        part = packed[at : at + 52]
        sign = chr(len(part) + (64 if len(part) < 27 else 70))
        lines.append(sign + base64.b85encode(part + bytes(-len(part) % 4)).decode() + "\n")
    return "".join(lines) + "\n"


def mail(block: str, after: bytes = SMALL, before: bytes = b"") -> bytes:
    new = "" if before else "new file mode 100644\n"
    index = f"index {id_of(before)}..{id_of(after)}{' 100644' * bool(before)}\n"
    return f"diff --git a/a b/a\n{new}{index}GIT binary patch\n{block}".encode()


DELTA = b"\x06\x06"  # of six bytes, to six


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (mail("literal 3\nKcmZ\n\n"), "malformed"),
        (mail("literal 3\n\x01aaaaa\n\n"), "malformed"),
        (mail("literal\n\n"), "it isn't literal or delta"),
        (mail(""), "malformed"),
        (mail(block("literal", 5, SMALL)), "it hasn't the size"),
        (mail(block("literal", 7, SMALL)), "it hasn't the size"),
        (mail(block("literal", 100, bytes(binary_patch.MOST_BYTES * 4))), "it hasn't the size"),
        (mail(block("literal", binary_patch.MOST_BYTES + 1, SMALL)), "at most 8 MiB"),
        (mail(block("literal", 6, b"\0other")), "makes another file"),
        (mail(block("literal", 6, SMALL)).replace(b"..", b"."), "no whole ids"),
        (mail(block("literal", 6, SMALL)).replace(b"index 0000", b"index "), "no whole ids"),
        (mail(block("literal", 6, SMALL) * 3), "not allowed"),
        (mail(block("literal", 6, SMALL)) + mail(block("literal", 6, SMALL)), "occurs twice"),
        (mail(block("literal", 6, SMALL)) + b"@@ -0,0 +1 @@\n+x\n", "malformed"),
        (mail(block("literal", 6, SMALL), SMALL, b"\0older"), "expected a binary file"),
        (mail(block("delta", 4, DELTA + b"\x90\x07"), b"\0x", SMALL), "leads out of its file"),
        (mail(block("delta", 4, DELTA + b"\x91\xff"), b"\0x", SMALL), "malformed"),
        (mail(block("delta", 3, DELTA + b"\0"), b"\0x", SMALL), "leads out of its file"),
        (mail(block("delta", 3, DELTA + b"\x05"), b"\0x", SMALL), "leads out of its file"),
        (mail(block("delta", 2, DELTA), b"\0x", SMALL), "makes less than it says"),
        (mail(block("delta", 1, b"\x06"), b"\0x", SMALL), "malformed"),
        (mail(block("delta", 9, b"\xff" * 9), b"\0x", SMALL), "a number is too large"),
        (mail(block("delta", 5, b"\x06\xff\xff\xff\x7f"), b"\0x", SMALL), "too large"),
    ],
)
def test_what_an_attacker_writes_is_refused(
    store: pygit2.Repository, text: bytes, says: str
) -> None:
    is_new = b"new file" in text
    tree = tiny.tree(store, {} if is_new else {"a": SMALL})
    with pytest.raises(PatchRejected) as error:
        apply_patch.apply(tree, patch.parse("x", text))
    assert says in str(error.value)
