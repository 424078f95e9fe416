"""One project with everything, live: every process that Compose would run, on loopback.

Two webservers, two workers and two schedulers in production mode, Redis, PostgreSQL, Traefik with
TLS before them, and Chromium.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page
from redis import Redis

from tests import servers, stacks
from tests.conftest import Project
from tests.projects.test_running import TOKEN, container, flags, helper

pytestmark = pytest.mark.long

DOMAIN = "my-api.localhost"
CARDS = ("core", "cache", "database", "ingress", "scheduler", "worker")
JOBS = 40
YOURS = "# yours below"
TASK = f"""
import asyncio
from pathlib import Path


@task()
async def note(number: int) -> int:
    with Path("begun").open("a") as file:
        file.write(f"{{number}}\\n")
    while not Path("go").exists():
        await asyncio.sleep(0.05)
    with Path("notes").open("a") as file:
        file.write(f"{{number}}\\n")
    return number


{YOURS}"""
JOB = f"""
from pathlib import Path


@job(every=1, grace=600)
async def tick() -> None:
    with Path("ticks").open("a") as file:
        file.write("tick\\n")


{YOURS}"""


def test_everything_lives_and_nothing_is_lost(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", *stacks.everything())
    for path, code in (("worker/tasks.py", TASK), ("scheduler/jobs.py", JOB)):
        file = f"app/components/{path}"
        project.write(file, project.read(file).replace(YOURS, code, 1))
    with ExitStack() as stack:
        env = {
            "APP_ENV": "production",
            "ADMIN_TOKEN": TOKEN,
            "DOMAIN": DOMAIN,
            "ACME_EMAIL": "ops@localhost.example",
            "POSTGRES_PASSWORD": "only Compose asks for it",
            "SCHEDULER_LEASE": "3",
            "REDIS_URL": stack.enter_context(servers.redis_server()),
            "DATABASE_URL": stack.enter_context(servers.postgres(python)),
        }
        stacks.tool(project, python, "app", "database", "migrate", env=env)
        beside = {
            name: [
                stack.enter_context(servers.beside(project.path, python, env, name)) for _ in "12"
            ]
            for name in ("worker", "scheduler")
        }
        url = stack.enter_context(in_front(project, python, env))
        see_all_green(stack.enter_context(servers.chromium(TOKEN)).new_page(), url)
        begin(url)
        # Both workers are amid as many jobs as they take, and none of these is a tick.
        servers.until(lambda: len(lines(project, "begun")) >= 20)
        for processes in beside.values():
            processes[0].kill()
        project.write("go", "")
        servers.until(lambda: len(lines(project, "notes")) >= JOBS)
        assert sorted(map(int, lines(project, "notes"))) == list(range(JOBS))
        servers.until(lambda: is_whole(slots(env["REDIS_URL"]), lines(project, "ticks")))


@servers.on_free_ports(1)
@contextmanager
def in_front(
    ports: list[int], project: Project, python: Path, env: dict[str, str]
) -> Iterator[str]:
    """Two webservers, and a Traefik with TLS before them that gets what Compose would give it."""
    services = servers.compose_config(project.path, env)["services"]
    docker = helper(project, "tests/components/ingress/docker_api.py")
    with ExitStack() as stack:
        web = [stack.enter_context(servers.webserver(project.path, python, env)) for _ in "12"]
        engine = stack.enter_context(
            docker.docker_api(*(container(docker, services, url) for url in web))
        )
        told = [flag for flag in flags(services, engine) if "acme" not in flag]
        [port] = ports
        told += [f"--entrypoints.websecure.address=127.0.0.1:{port}"]
        stack.enter_context(servers.traefik(*told))
        yield f"https://{DOMAIN}:{port}"


def see_all_green(page: Page, url: str) -> None:
    """Everybody is green, and a button queues a job."""
    page.goto(f"{url}/dashboard/")
    placeholder = page.locator("flt-semantics-placeholder")
    placeholder.wait_for(state="attached")
    placeholder.evaluate("element => element.click()")
    for card in CARDS:
        status = page.locator(f'[flt-semantics-identifier="status-{card}"]')
        ok = status.and_(page.get_by_text("ok")).or_(status.get_by_text("ok"))
        ok.first.wait_for(state="attached")
    page.get_by_role("button", name="Queues").click()
    page.get_by_role("button", name="Run a demo job").click()
    page.get_by_text("Demo job queued").first.wait_for(state="attached")


def begin(url: str) -> None:
    """Queue the jobs, as whoever runs the project can from elsewhere."""
    here = url.replace(DOMAIN, "127.0.0.1")  # not every machine knows the names below localhost
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": DOMAIN}
    with httpx.Client(
        base_url=here, verify=False, trust_env=False, headers=headers, timeout=120
    ) as client:

        def is_queued(number: int) -> bool:
            """Not while Redis stands still; once, by its id, however often it was asked for."""
            work = {"task": "note", "args": [number], "job_id": f"note:{number}"}
            answer = client.post("/admin/worker/jobs", json=work)
            assert answer.status_code in (202, 503), answer.text
            return answer.status_code == 202

        for number in range(JOBS):
            servers.until(partial(is_queued, number))


def lines(project: Project, name: str) -> list[str]:
    """What the jobs have written so far."""
    file = project.path / name
    return file.read_text().splitlines() if file.exists() else []


def slots(redis: str) -> list[float]:
    """The seconds whose tick is done, however late."""
    with Redis.from_url(redis, decode_responses=True) as client:
        keys = list(client.scan_iter("arq:result:tick:*"))
    times = (key.partition(":tick:")[2] for key in keys)
    return [datetime.fromisoformat(time).timestamp() for time in times]


def is_whole(slots: list[float], ticks: list[str]) -> bool:
    """Whether there was one tick for each second, from the first to the last of at least ten."""
    return len(ticks) == len(slots) >= 10 and len(slots) == max(slots) - min(slots) + 1
