"""A port is free only until somebody takes it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests import servers


def test_a_server_whose_port_was_taken_starts_on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    free = servers.free_ports
    asked: list[int] = []

    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        taken: int = somebody.getsockname()[1]

        def taken_once(count: int) -> list[int]:
            asked.append(count)
            return [taken] if len(asked) == 1 else free(count)

        monkeypatch.setattr(servers, "free_ports", taken_once)
        with servers.redis_server() as url:
            assert not url.endswith(f":{taken}/0")
    assert asked == [1, 1]


def test_a_port_that_stays_taken_is_told() -> None:
    @servers.on_free_ports(1)
    @contextmanager
    def unlucky(ports: list[int]) -> Iterator[None]:
        raise servers.PortTaken(str(ports))
        yield

    with pytest.raises(servers.PortTaken), unlucky():
        pass


def test_ports_that_are_asked_for_at_once_differ() -> None:
    assert len(set(servers.free_ports(500))) == 500
