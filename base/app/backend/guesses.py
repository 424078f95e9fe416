"""Counts wrong guesses of a secret by address: after a few, the address has to wait."""

import ipaddress
import math
import time
from collections import OrderedDict

import structlog

LIMIT = 10
"""Wrong guesses that an address may make in each window."""
WINDOW = 60
"""Seconds from its first guess until an address may guess again."""
ADDRESSES = 10_000
"""How many addresses are remembered; the one that was idle longest is dropped first."""


class Guesses:
    """The wrong guesses of each address."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, address: str, right: bool) -> int:
        """Count a guess; how many seconds to wait after too many, even if this one is right."""
        near, now = network(address), time.monotonic()
        until, wrong = self._wrong.get(near, (0.0, 0))
        if now >= until:
            until, wrong = now + WINDOW, 0
        if wrong >= LIMIT:
            return math.ceil(until - now)
        if not right:
            self._wrong[near] = (until, wrong + 1)
            self._wrong.move_to_end(near)
            if len(self._wrong) > ADDRESSES:
                self._wrong.popitem(last=False)
        if not right and wrong + 1 == LIMIT:
            structlog.get_logger(__name__).warning("too many wrong guesses", address=address)
        return 0


def network(address: str) -> str:
    """The address, or for IPv6 the network that one customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""  # what a proxy made up, or no address at all
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((int(ip), 64), strict=False))
    return str(ip)
