"""What theirs takes away and ours has lost already: where a text was written anew, nothing is left.

git takes it for a conflict, with the whole old text on its side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(rb"[^\W\d_]{3,}")
_SLOT = re.compile(rb"(?m)^.*\bslot: .*")  # names what it is for, whether that is there or not


def left(taken: Sequence[bytes], ours: Sequence[bytes], theirs: bytes) -> list[int] | None:
    """Which lines of ours still say something of the lines that theirs takes away; none, if gone.

    Each line is told by the words that theirs has nowhere else. None where one has none such, for
    it may be there in another form, or where one is in ours as it was.
    """
    elsewhere = _words(_SLOT.sub(b"", theirs))
    telling = [words - elsewhere for line in taken if (words := _words(line))]
    as_it_was = {line.strip() for line in taken if _words(line)}
    if not telling or not all(telling) or any(line.strip() in as_it_was for line in ours):
        return None
    said = set[bytes]().union(*telling)
    return [at for at, line in enumerate(ours) if not said.isdisjoint(_words(line))]


def _words(text: bytes) -> set[bytes]:
    return {word.lower() for word in _WORD.findall(text)}
