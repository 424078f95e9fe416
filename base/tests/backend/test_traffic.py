"""The last hour of requests."""

import pytest

from app.backend.traffic import ROUTES, TRAFFIC, Traffic


def test_an_hour_is_counted_by_the_minute_and_then_forgotten():
    now = [0.0]
    traffic = Traffic(lambda: now[0])
    for seconds in (0.01, 0.01, 2.0):
        traffic.count("GET /", 200, seconds)
    now[0] = 59 * 60
    traffic.count("GET /", 503, 0.01)
    minutes = traffic.minutes()
    assert [minutes[0].requests, minutes[-1].requests, minutes[-1].errors] == [3, 1, 1]
    assert traffic.routes()["GET /"].requests == 4
    now[0] += 60
    assert sum(each.requests for each in traffic.minutes()) == 1
    assert traffic.routes()["GET /"].requests == 1


def test_a_percentile_is_as_exact_as_its_bounds():
    traffic = Traffic(lambda: 0.0)
    for hundredth in range(1, 101):
        traffic.count("GET /", 200, hundredth / 100)
    counts = traffic.routes()["GET /"]
    assert counts.percentile(0.5) == pytest.approx(0.5, rel=0.25)
    assert counts.percentile(0.95) == pytest.approx(0.95, rel=0.25)


def test_routes_that_strangers_make_up_fill_no_memory():
    traffic = Traffic(lambda: 0.0)
    for number in range(2 * ROUTES):
        traffic.count(f"GET /{number}", 404, 0.1)
    assert len(traffic.routes()) <= ROUTES + 1


def test_requests_are_counted_by_route_and_probes_are_not(client):
    before = dict(TRAFFIC.routes())
    client.get("/health")
    client.get("/health/live")
    client.get("/nowhere/at/all")
    found = {
        route: counts.requests - (before[route].requests if route in before else 0)
        for route, counts in TRAFFIC.routes().items()
    }
    assert {"GET /health": 1, "GET no route": 1}.items() <= found.items()
    assert not any("live" in route for route in found)
