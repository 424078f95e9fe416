"""A real Prometheus, with the project's own configuration, scrapes a web server that runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx

from aegis_patch.upstream.releases import WORK
from tests import servers, stacks

STACK = "app/components/observability/stack"
TOKEN = "q7Zr-2mWx-Kp9v-Tb4c-Yh6n-Ld8s-Fj3g"


def test_prometheus_finds_what_the_dashboard_shows(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "observability", version=WORK).path
    with servers.webserver(project, python, {"METRICS_TOKEN": TOKEN}) as url:
        for _ in range(3):
            assert httpx.get(f"{url}/health").is_success
        with servers.prometheus(config(tmp_path, project, url)) as prometheus:

            def found(query: str) -> list[dict[str, object]]:
                answer = httpx.get(f"{prometheus}/api/v1/query", params={"query": query})
                assert answer.is_success, answer.text
                result: list[dict[str, object]] = answer.json()["data"]["result"]
                return result

            health = 'http_request_duration_seconds_count{route="/health",status="200"} >= 3'
            servers.until(lambda: bool(found(health)))
            for panel in json.loads((project / STACK / "dashboards/requests.json").read_text())[
                "panels"
            ]:
                for target in panel["targets"]:
                    found(target["expr"])


def config(tmp_path: Path, project: Path, url: str) -> Path:
    """The project's, with one address for those that Compose finds, and no time to wait."""
    text = (project / STACK / "prometheus.yaml").read_text()
    (tmp_path / "token").write_text(TOKEN)
    target = f'static_configs: [{{ targets: ["{url.partition("://")[2]}"] }}]'
    for old, new in (("/prometheus/token", f"{tmp_path}/token"), ("15s\n", "1s\n")):
        assert old in text
        text = text.replace(old, new)
    text, count = re.subn("dns_sd_configs:.*", target, text)
    assert count == 1
    (tmp_path / "prometheus.yaml").write_text(text)
    return tmp_path / "prometheus.yaml"
