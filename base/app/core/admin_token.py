"""ADMIN_TOKEN: how to make one, and which are too easy to guess for production."""

import re
import secrets
from itertools import pairwise

OFF = "off"
"""In place of a token: only admins whom a component knows are let in, in development too."""
LENGTH = 32
TURNS = 13
"""How many different pairs of neighbouring characters a token needs; a random one has about 24."""
WORDS = re.compile("admin|change|default|example|letmein|password|qwerty|secret|token")
"""Words that people use as placeholders, and that attackers try first."""


def make() -> str:
    """A token that nobody guesses: 256 random bits, in characters that are safe in any shell."""
    return secrets.token_hex(32)


def is_weak(token: str) -> bool:
    """Whether it is easy to guess: short, one of the words, or repetitive.

    A character after itself or its neighbour in the alphabet (`aa`, `bc`, `21`) doesn't count.
    """
    pairs = {pair for pair in pairwise(token) if abs(ord(pair[0]) - ord(pair[1])) > 1}
    letters = re.sub("[^a-z]", "", token.lower())
    return len(token) < LENGTH or len(pairs) < TURNS or WORDS.search(letters) is not None
