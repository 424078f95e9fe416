"""python -m tests.measurements.stack_cost [ROUNDS]: what a whole project costs beside plain code.

A project with every component, and the least that does the same with FastAPI and arq: in turn, in
one Python, with one Redis. It writes a table of docs/performance.md, of medians.
"""

from __future__ import annotations

import http.client
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from tests import stacks
from tests.measurements.benchmark import FEWEST, write
from tests.measurements.rivals import timed
from tests.servers import free_port, redis_server, until

CONNECTIONS, REQUESTS, JOBS = 8, 8_000, 3_000
HELLO = "/api/v1/hello"
WEB = f"""
from fastapi import FastAPI

app = FastAPI()

@app.get("/health/live")
async def live() -> dict[str, str]:
    return {{"status": "ok"}}

@app.get("{HELLO}")
async def hello(name: str = "world") -> dict[str, str]:
    return {{"message": f"Hello, {{name}}."}}
"""
WORK = """
import asyncio, os, socket
from arq.connections import RedisSettings

async def demo(ctx, seconds):
    await asyncio.sleep(seconds)
    return f"{seconds:g} s well spent on {socket.gethostname()}"

class Settings:
    functions = [demo]
    redis_settings = RedisSettings.from_dsn(os.environ["REDIS_URL"])
    poll_delay = 0.05
"""
OPEN_OURS = """
from app.components.worker.queue import enqueue
async def opened():
    return lambda: enqueue("demo", 0)
"""
OPEN_PLAIN = """
from arq import create_pool
from work import Settings
async def opened():
    pool = await create_pool(Settings.redis_settings)
    return lambda: pool.enqueue_job("demo", 0)
"""
IMPORT = "import fastapi, sqlmodel, os; os._exit(0)"  # its end is left out, as a server's is
ENQUEUE = f"""
import asyncio, time
async def main():
    put = await opened()
    await put()
    began = time.process_time()
    for _ in range({JOBS}):
        await put()
    print(time.process_time() - began)
asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured of a project, beside what, and how large the ratio may be."""

    title: str
    ours: str
    plain: str
    goal: float
    unit: str
    scale: float = 1


SERVE, UVICORN = "`app serve`", "`uvicorn web:app`"
ROWS = {
    "request": Row("CPU of a request", SERVE, UVICORN, 1.25, "ms", 1000 / REQUESTS),
    "enqueue": Row("CPU of queueing a job", "`enqueue`", "`enqueue_job`", 1.3, "ms", 1000 / JOBS),
    "work": Row("CPU of a job", "`app worker run`", "`arq work.Settings`", 1.15, "ms", 1000 / JOBS),
    "start": Row("CPU until the first answer", SERVE, "`import fastapi, sqlmodel`", 1.2, "s"),
    "memory": Row("memory before the dashboard is opened", SERVE, UVICORN, 1.5, "MB"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """Ours or the plain one: where it is, and with what its Python runs its parts."""

    where: Path
    python: str
    redis: str
    serve: Sequence[str]
    work: Sequence[str]
    queue: str
    opened: str

    @property
    def env(self) -> dict[str, str]:
        """What its processes are given."""
        return {**os.environ, "LOG_FORMAT": "json", "REDIS_URL": self.redis}

    def start(self, *args: str) -> subprocess.Popen[bytes]:
        """Start its Python with some arguments; what it logs goes to a file."""
        with (self.where / "log").open("ab") as log:
            command = (self.python, *args)
            return subprocess.Popen(command, cwd=self.where, env=self.env, stdout=log, stderr=log)


def main() -> None:
    """Measure, and write the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else FEWEST
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ROWS}
    with tempfile.TemporaryDirectory(prefix="aegis-cost-") as scratch, redis_server() as redis:
        where, python = Path(scratch), str(stacks.python(Path(scratch)))
        ours, plain = project(where, python, redis), least(where, python, redis)
        for number in range(rounds + 1):
            for part in (enqueued, worked, served):
                mine, its = part(ours), part(plain)
                if part is served:
                    its["start"] = timed(python, "-c", IMPORT, cwd=plain.where).cpu
                for name in mine if number else ():  # the first fills the caches
                    taken[name].append((mine[name], its[name]))
    write("stack", table(taken))


def table(taken: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Medians, also of the ratios of each round."""
    lines = ["| | all components | plain | ratio | goal |", "|---|---:|---:|---:|---:|"]
    for name, row in ROWS.items():
        ours, plain = map(statistics.median, zip(*taken[name], strict=True))
        ratio = statistics.median(mine / its for mine, its in taken[name])
        cells = [row.title]
        cells.append(f"{row.ours}, {ours * row.scale:.3g} {row.unit}")
        cells.append(f"{row.plain}, {plain * row.scale:.3g} {row.unit}")
        cells += [f"{ratio:.2f} ×", f"{row.goal} ×"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + f"\n\nMedians of {len(taken['start'])} rounds.\n"


def project(scratch: Path, python: str, redis: str) -> Side:
    """All components, as this checkout has them."""
    names = [name for name in stacks.everything() if name != "postgres"]
    path = stacks.make(scratch / "ours", *names, version="work").path
    work = ("-m", "app", "worker", "run", "--queue", "default")
    serve = ("-m", "app", "serve")
    return Side(path, python, redis, serve, work, "arq:queue:default", OPEN_OURS)


def least(scratch: Path, python: str, redis: str) -> Side:
    """A route of FastAPI, and a task of arq."""
    path = scratch / "plain"
    path.mkdir()
    (path / "web.py").write_text(WEB)
    (path / "work.py").write_text(WORK)
    serve, work = ("-m", "uvicorn", "web:app"), ("-m", "arq", "work.Settings")
    database = redis.removesuffix("0") + "1"
    return Side(path, python, database, serve, work, "arq:queue", OPEN_PLAIN)


def enqueued(side: Side) -> dict[str, float]:
    """CPU seconds of the process that queues so many jobs, its start left out."""
    code = (side.python, "-c", side.opened + ENQUEUE)
    return {"enqueue": float(subprocess.check_output(code, cwd=side.where, env=side.env))}


def worked(side: Side) -> dict[str, float]:
    """CPU seconds of a worker for as many jobs, its start left out."""
    queue, worker = Redis.from_url(side.redis), side.start(*side.work)
    with killed(worker):
        until(lambda: bool(queue.zcard(side.queue) < JOBS * 0.9))
        left, before = queue.zcard(side.queue), cpu(worker)
        until(lambda: not queue.zcard(side.queue))
        return {"work": (cpu(worker) - before) * JOBS / left}


def served(side: Side) -> dict[str, float]:
    """CPU seconds of a web server: of its start, and of so many requests; and its memory."""
    port = free_port()
    server = side.start(*side.serve, "--port", str(port))
    with killed(server):
        until(lambda: answers(port))
        start = cpu(server)
        ask(port, REQUESTS // 10)
        used, before = memory(server), cpu(server)
        ask(port, REQUESTS)
        return {"start": start, "memory": used, "request": cpu(server) - before}


@contextmanager
def killed(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill it at the end."""
    try:
        yield
    finally:
        process.kill()
        process.wait()


def ask(port: int, count: int) -> None:
    """Send so many requests, over several connections that stay open."""
    clients = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    for _ in range(count // CONNECTIONS):
        for client in clients:
            client.request("GET", HELLO)
        for client in clients:
            answer = client.getresponse()
            answer.read()
            assert answer.status == 200, f"{HELLO}: {answer.status}"
    for client in clients:
        client.close()


def answers(port: int) -> bool:
    """Whether a server is there."""
    client = http.client.HTTPConnection("127.0.0.1", port)
    try:
        client.request("GET", "/health/live")
        return client.getresponse().status == 200
    except OSError:
        return False
    finally:
        client.close()


def cpu(process: subprocess.Popen[bytes]) -> float:
    """CPU seconds so far, user and system, of all its threads."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: subprocess.Popen[bytes]) -> float:
    """Its resident memory, in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
