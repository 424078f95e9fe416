"""What theirs takes away and ours has lost already: where a text was written anew, nothing is left.

git takes it for a conflict, with the whole old text on its side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(rb"[^\W\d_]{3,}")
_KEY = re.compile(rb"""^[ \t]*(?:- )?["']?([\w.-]+)["']?[ \t]*[:=]""", re.MULTILINE)
_COMMENT = re.compile(rb"(?<=\S)[ \t]+#.*")  # behind something else


def left(taken: Sequence[bytes], ours: Sequence[bytes], theirs: bytes) -> list[int] | None:
    """Which lines of ours still say something of the lines that theirs takes away; none, if gone.

    Each line is told by the words that theirs has nowhere else, or by its key, however short. None
    where one has none such, for it may be there in another form, or where one is in ours as it was.
    """
    taken = [_bare(line) for line in taken]
    if any(re.search(rb"\w", line) and not _words(line) for line in taken):
        return None
    elsewhere = _words(theirs)
    telling = [words - elsewhere for line in taken if (words := _words(line))]
    as_it_was = set(filter(_words, taken))
    if not telling or not all(telling) or any(_bare(line) in as_it_was for line in ours):
        return None
    said = set[bytes]().union(*telling)
    keys = set(_KEY.findall(b"\n".join(taken))).difference(_KEY.findall(theirs))
    return [
        at
        for at, line in enumerate(ours)
        if not (said.isdisjoint(_words(line)) and keys.isdisjoint(_KEY.findall(line)))
    ]


def _bare(line: bytes) -> bytes:
    return _COMMENT.sub(b"", line.strip()).rstrip(b",")


def _words(text: bytes) -> set[bytes]:
    return {word.lower() for word in _WORD.findall(text)}
