"""The pictures of the dashboard: pages of a project with everything, at two widths, light and dark.

    python -m tests.measurements.pictures docs                   # the first page; the docs keep two
    python -m tests.measurements.pictures FOLDER jobs logs …  # others, to look at

A page is called after its component. Some life comes before: requests, jobs that fail, a backup.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Literal

import httpx
from playwright.sync_api import Page

from aegis_patch.upstream.releases import WORK
from tests import servers, stacks

COMPONENTS = ("cache", "database", "scheduler", "worker")
WIDTHS = {"": (1280, 800), "-narrow": (390, 844)}
SCHEMES: dict[str, Literal["light", "dark"]] = {"": "light", "-dark": "dark"}
YOURS = "# yours below"
CODE = {
    "app/components/worker/tasks.py": f"""

@task(retries=0)
async def send_invoice(number: int) -> None:
    raise ConnectionError(f"no mail server for invoice {{number}}")


{YOURS}""",
    "app/components/scheduler/jobs.py": f"""

@job(every=3)
async def tidy() -> None: ...


{YOURS}""",
}
"""What the project does."""


def main(folder: Path, *names: str) -> None:
    """Take the pictures of some pages, of the first one if none is named."""
    with tempfile.TemporaryDirectory() as scratch:
        python = stacks.python(Path(scratch))
        project = stacks.make(Path(scratch) / "my-api", *COMPONENTS, version=WORK)
        for file, code in CODE.items():
            project.write(file, project.read(file).replace(YOURS, code, 1))
        with (
            servers.dev(project.path, python, {"APP_ENV": "development"}) as url,
            servers.chromium() as browser,
        ):
            stacks.tool(project, python, "app", "database", "backup")
            live(url)
            for name in names or ("",):
                for (narrow, size), (dark, scheme) in product(WIDTHS.items(), SCHEMES.items()):
                    page = browser.new_page()
                    page.emulate_media(color_scheme=scheme)
                    page.set_viewport_size({"width": size[0], "height": size[1]})
                    picture = folder / f"{name or 'dashboard'}{narrow}{dark}.png"
                    take(page, f"{url}/dashboard/{name}", picture)
                    page.close()


def live(url: str) -> None:
    """Leave something to be seen."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        for number in range(3):
            client.post("/api/v1/notes", json={"title": f"Note {number}"}).raise_for_status()
            work = {"task": "send_invoice", "args": [number], "job_id": f"invoice:{number}"}
            client.post("/admin/worker/jobs", json=work).raise_for_status()
        later = {"task": "demo", "job_id": "later", "defer": 3600}
        client.post("/admin/worker/jobs", json=later).raise_for_status()
        for path in ("/api/v1/notes", "/api/v1/hello", "/nowhere") * 5:
            client.get(path)


def take(page: Page, url: str, file: Path) -> None:
    """The picture of one page, once it rests."""
    page.goto(url)
    page.locator("flt-semantics-placeholder").wait_for(state="attached")
    page.wait_for_timeout(8000)  # it is drawn after it is there for screen readers
    page.screenshot(path=file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
