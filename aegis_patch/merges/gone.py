"""What theirs takes away and ours has lost already: where a text was written anew, nothing is left.

git takes it for a conflict, with the whole old text on its side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(rb"[^\W\d_]{3,}")
_SLOT = re.compile(rb".*\bslot: .*")  # names what it is for, whether that is there or not


def is_gone(taken: Iterable[bytes], ours: bytes, theirs: bytes) -> bool:
    """Whether nothing of the lines that theirs takes away is left in ours.

    Each line is told by the words that theirs has nowhere else. A line that has none such, or of
    which ours still has one, may be there in another form.
    """
    here, elsewhere = _words(ours), _words(_SLOT.sub(b"", theirs))
    telling = [words - elsewhere for line in taken if (words := _words(line))]
    return bool(telling) and all(words and words.isdisjoint(here) for words in telling)


def _words(text: bytes) -> set[bytes]:
    return {word.lower() for word in _WORD.findall(text)}
