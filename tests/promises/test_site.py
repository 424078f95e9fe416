"""The site: it builds without a network, its links lead somewhere, and its commands work."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import uv

from tests import servers, stacks
from tests.conftest import ROOT

RUN = [
    *("quickstart.md", "guides/evolve.md", "guides/integrations.md"),
    *("guides/conflicts.md", "guides/upstream.md"),
]
BLOCK = re.compile(r"^```(console|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVE = "make serve\n"
HERE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `scripts/docs` builds it."""
    made = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]
    done = subprocess.run([*command, made], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made


class Page(HTMLParser):
    """What a page links to, what it loads, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag == "a":
            self.links.append(found.get("href", ""))
        elif tag == "link" and found.get("rel") in ("stylesheet", "icon"):
            self.loads.append(found["href"])
        elif "src" in found:
            self.loads.append(found["src"])


@pytest.mark.long
def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = {path: Page(path.read_text()) for path in site.rglob("*.html")}
    assert len(pages) > 50
    for path, page in pages.items():
        place = f"/{path.relative_to(site).as_posix()}"
        for link in [*page.links, *page.loads]:
            parts = urlsplit(urljoin(place, link))
            if parts.scheme:
                assert link not in page.loads, f"{place} loads {link}"
                continue
            target = site / unquote(parts.path).lstrip("/")
            target = target / "index.html" if target.is_dir() else target
            assert target.exists(), f"{place} leads to {link}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids | {"__top"}, f"{place}: {link}"
    assert not [css for css in site.rglob("*.css") if "url(http" in css.read_text()]


@pytest.mark.long
def test_the_reference_has_every_command_and_every_component(site: Path) -> None:
    text = (site / "reference/commands/index.html").read_text()
    for verb in ("init", "add", "remove", "rebase-upstream", "status", "repair"):
        assert f'id="aegis-{verb}"' in text
    assert "ADMIN_TOKEN" in (site / "reference/index.html").read_text()  # the core's own page
    for name in stacks.everything():
        assert (site / f"reference/components/{name}/index.html").exists()
    deploy = (site / "guides/deploy/index.html").read_text()
    assert re.search(r'<a href="../../reference/components/ingress/">ingress</a>', deploy)


@pytest.fixture
def env(tmp_path: Path, python: Path) -> dict[str, str]:
    """What a reader has: aegis, git, uv and make; the projects' Python is there already."""
    (tmp_path / "bin").mkdir()
    for name, module in (("aegis", "-m aegis_patch"), ("python", "")):
        command = tmp_path / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        command.chmod(0o755)
    (tmp_path / "bin/uv").symlink_to(uv.find_uv_bin())
    [port] = servers.free_ports(1)
    return {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "UV_PROJECT_ENVIRONMENT": str(python.parent.parent),
        "UV_NO_SYNC": "1",
        "AEGIS": str(ROOT),
        "PORT": str(port),
    }


@pytest.mark.long
@pytest.mark.parametrize("name", RUN)
def test_the_commands_of_a_page_work(name: str, tmp_path: Path, env: dict[str, str]) -> None:
    """One after the other, each with the exit code and the output that the page says."""
    page = (ROOT / "docs" / name).read_text().replace(HERE, f"http://127.0.0.1:{env['PORT']}")
    reader = Reader(tmp_path / "work", env)
    try:
        for kind, block in BLOCK.findall(page):
            if kind == "console":
                reader.types(block)
            else:
                reader.sees(block)
    finally:
        reader.leaves()


class Reader:
    """Somebody with a terminal, and another one for the server."""

    def __init__(self, place: Path, env: dict[str, str]) -> None:
        place.mkdir()
        self.place = place
        self.env = env
        self.said = ""
        self.server: subprocess.Popen[bytes] | None = None

    def types(self, block: str) -> None:
        if block == SERVE:
            self.server = subprocess.Popen(
                ["make", "serve"], cwd=self.place, env=self.env, start_new_session=True
            )
            url = f"http://127.0.0.1:{self.env['PORT']}/health/live"
            servers.until(lambda: servers._answers(url))
            return
        wanted = re.search(r"# exit code (\d)", block)
        script = f"set -e\ntrap 'pwd > {self.place.parent}/place' EXIT\n{block}"
        env = {name: value for name, value in self.env.items() if name != "PORT"}
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.place, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        self.said = done.stdout
        assert done.returncode == (int(wanted[1]) if wanted else 0), f"{block}\n{self.said}"
        self.place = Path((self.place.parent / "place").read_text().strip())

    def sees(self, block: str) -> None:
        for line in block.splitlines():
            shown = re.escape(line).replace("…", ".*")
            assert re.search(shown, self.said), f"{line!r} is not in:\n{self.said}"

    def leaves(self) -> None:
        if self.server:
            os.killpg(self.server.pid, signal.SIGINT)
            self.server.wait()


def pages() -> Iterator[Path]:
    yield from (ROOT / "docs").rglob("*.md")


@pytest.mark.long
def test_what_runs_is_a_page(site: Path) -> None:
    """Other pages show commands without running them, and say so by another kind of block."""
    for page in pages():
        name = page.relative_to(ROOT / "docs").as_posix()
        if name.startswith(("guides/", "quickstart")) and name not in RUN:
            assert "```console" not in page.read_text(), name
