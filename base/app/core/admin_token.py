"""ADMIN_TOKEN: how one is made, and which are too easy to guess for production."""

import re
import secrets
from itertools import pairwise

OFF = "off"
"""Instead of a token: only admins whom a component knows are let in, in development too."""
LENGTH = 32
TURNS = 13
"""How many different pairs of neighbours a token has to have; one made by chance has about 24."""
WORDS = re.compile("admin|change|default|example|letmein|password|qwerty|secret|token")
"""What people write until they think of something better, and so what others try first."""


def make() -> str:
    """A token that nobody guesses: 256 random bits, in characters that no shell takes apart."""
    return secrets.token_hex(32)


def is_weak(token: str) -> bool:
    """Whether somebody may guess it: it is short, says one of the words, or repeats itself.

    A character after itself or its neighbour in the alphabet (`aa`, `bc`, `21`) adds nothing.
    """
    pairs = {pair for pair in pairwise(token) if abs(ord(pair[0]) - ord(pair[1])) > 1}
    letters = re.sub("[^a-z]", "", token.lower())
    return len(token) < LENGTH or len(pairs) < TURNS or WORDS.search(letters) is not None
