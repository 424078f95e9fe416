"""Broken references are listed with file and line; `--strict` refuses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from aegis_patch.formats import paths
from tests.conftest import Project, Ran, Start, begun
from tests.small_forks import BASE, publish, series

WORKER = "app.components.worker"
TIED, COMPONENT = "app/core/tied.py", "app/core/component.py"
TESTS, INIT = "tests/components/worker/conftest.py", "app/components/worker/__init__.py"


NAMES_IT = [
    ("app/a.py", f"import os\nfrom {WORKER}.tasks import task\n", 2, f"{WORKER}.tasks"),
    ("app/b.py", "from app.components import worker\n", 1, WORKER),
    ("app/c.py", f"import {WORKER} as w\n", 1, WORKER),
    ("app/components/mine.py", "from .worker import tasks\n", 1, f"{WORKER}.tasks"),
    ("app/components/own/__init__.py", "from ..worker import tasks\n", 1, f"{WORKER}.tasks"),
    ("app/components/worker/mine.py", "from .run import x\n", 1, f"{WORKER}.run"),
    ("app/d.py", "def f():\n    import arq\n", 2, "arq"),
    ("app/e.py", "from arq.worker import Worker\n", 1, "arq"),
    ("app/f.py", f'X = "{WORKER}.api:router"\n', 1, f"{WORKER}.api"),
    ("deploy/run.sh", "#!/bin/sh\necho $WORKER_QUEUES\n", 2, "WORKER_QUEUES"),
    ("compose.override.yaml", "services:\n  a:\n    depends_on: [worker]\n", 3, "worker"),
    ("settings.ini", "url = http://worker:80/\n", 1, "worker"),
]


def test_what_still_names_it(start: Start) -> None:
    project = start("worker")
    for path, text, _, _ in NAMES_IT:
        project.write(path, text)
    head = project.commit("Mine")
    dry = project.aegis("remove", "worker", "--dry-run", "--json").json
    refused = project.aegis("remove", "worker", "--strict", code=1).err
    assert project.head == head
    removed = project.aegis("remove", "worker").out
    found = [(each["path"], each["line"], each["name"]) for each in dry["dangling"]]
    assert sorted(found) == sorted((path, line, name) for path, _, line, name in NAMES_IT)
    for path, _, line, name in NAMES_IT:
        told = f"{path}:{line} still uses {name}"
        assert told in refused
        assert f"{told}\n" in removed


def test_what_only_looks_like_it(start: Start) -> None:
    project = start("worker")
    project.write("docs/mine.md", "Every worker deserves a rest; the WORKER too, and arq.\n")
    project.write("app/mine.py", "worker = 1\narq = 2\nfrom app import worker_queue\n")
    project.write("app/own.py", "import app.components.workers\n")
    project.write("compose.override.yaml", "services:\n  web-worker: {image: x}\n")
    project.commit("Mine")
    ran = project.aegis("remove", "worker", "--strict")
    assert "still uses" not in ran.out


def test_what_i_had_before_is_not_gone(start: Start) -> None:
    project = start("cache")
    anchor = "    # yours below: dependencies\n"
    text = project.read("pyproject.toml")
    project.write("pyproject.toml", text.replace(anchor, f'    "arq>=0.28,<0.29",\n{anchor}'))
    project.write("app/mine.py", "import arq\n")
    project.commit("Mine")
    project.aegis("add", "worker")
    assert "still uses" not in project.aegis("remove", "worker", "--strict").out
    assert '"arq>=0.28,<0.29"' in project.read("pyproject.toml")


def test_settings_outside_of_git(start: Start) -> None:
    project = start("worker")
    project.write(".env", "# REDIS_URL=\nWORKER_QUEUES=s3cret\n")
    said = project.aegis("remove", "worker").out
    assert ".env:2 still uses WORKER_QUEUES" in said
    assert "REDIS_URL" not in said, "a comment of .env.example keeps no cache"
    assert "s3cret" not in said


def test_a_library_that_imports_name_otherwise(start: Start) -> None:
    project = start("observability")
    project.write("app/mine.py", "import json\nfrom opentelemetry import trace\n")
    project.commit("Mine")
    said = project.aegis("remove", "observability").out
    assert said.count("still uses") == 1
    assert "app/mine.py:2 still uses opentelemetry" in said


def test_many_lines_are_counted(start: Start) -> None:
    project = start("worker")
    project.write("app/mine.py", "import arq\n" * 50)
    project.commit("Mine")
    ran = project.aegis("remove", "worker", "--json")
    assert "and 30 more lines" in ran.err
    assert len(ran.json["dangling"]) == 50


def test_what_stays_is_no_matter(start: Start) -> None:
    project = start("worker", "cache")
    project.write("app/mine.py", "import cashews\nX = 'REDIS_URL'\n")
    project.commit("Mine")
    assert "still uses" not in project.aegis("remove", "worker", "--strict").out


def test_what_moved_and_goes_is_no_matter(start: Start) -> None:
    """A removal follows a file to its new place; what stood in it goes with it."""
    project = start("worker")
    project.git("mv", "app/components/worker", "app/background")
    project.commit("Mine")
    assert "still uses" not in project.aegis("remove", "worker", "--strict").out


def test_settings_of_git_grep(start: Start) -> None:
    project = begun(start().path / "services/api", "--components", "worker")
    project.write("app/mine.py", f"import {WORKER}\n")
    project.commit("Mine")
    for name, value in (
        *(("grep.fullName", "true"), ("color.ui", "always"), ("color.grep", "always")),
    ):
        project.git("config", name, value)
        said = project.aegis("remove", "worker", "--strict", code=1).err
        assert f"app/mine.py:1 still uses {WORKER}" in said, name
        project.git("config", "--unset", name)


def test_a_search_that_fails_is_not_an_empty_one(start: Start) -> None:
    project = start("worker")
    project.git("config", "grep.threads", "many")
    assert "grep.threads" in project.aegis("remove", "worker", code=1).err


# What comes in, and names what the user renamed, moved or deleted.


def sources(project: Project) -> list[str]:
    listed = project.git("ls-files", "app", "tests").splitlines()
    return [path for path in listed if path.endswith(".py")]


def renamed(project: Project, old: str, new: str) -> None:
    """As an editor renames it, in every file that is there."""
    for path in sources(project):
        text = project.read(path)
        if (now := re.sub(rf"\b{re.escape(old)}\b", new, text)) != text:
            project.write(path, now)


def moved_module(project: Project) -> None:
    project.git("mv", TIED, "app/core/bound.py")
    renamed(project, "tied", "bound")


def renamed_class(project: Project) -> None:
    renamed(project, "Component", "Plugin")


def told(ran: Ran) -> list[str]:
    """The lines that come in and name what is not there."""
    return [line for line in ran.out.splitlines() if re.match(r"note .*:\d+ uses ", line)]


def line(project: Project, path: str, text: str) -> int:
    return 1 + next(n for n, each in enumerate(project.read(path).splitlines()) if text in each)


@pytest.mark.parametrize(
    ("edit", "path", "text", "name"),
    [
        (moved_module, TESTS, "from app.core import", "app.core.tied"),
        (renamed_class, INIT, "import Component", "Component of app.core.component"),
    ],
)
def test_what_a_component_imports_under_an_older_name(
    start: Start, edit: Callable[[Project], None], path: str, text: str, name: str
) -> None:
    project = start("cache")
    edit(project)
    project.commit("Rename")
    dry = told(project.aegis("add", "worker", "--dry-run"))
    planned = project.aegis("add", "worker", "--dry-run", "--json").json["dangling"]
    assert "would have" in project.aegis("add", "worker", "--strict", code=1).err
    found = told(project.aegis("add", "worker"))
    at = line(project, path, text)
    assert f"note {path}:{at} uses {name}, which doesn't exist here" in found
    assert found == dry
    assert {"path": path, "line": at, "name": name} in planned


def test_a_package_of_another_name(start: Start) -> None:
    project = start("cache")
    project.git("mv", "app", "harbor")
    for path in project.git("ls-files", "harbor", "tests").splitlines():
        if path.endswith(".py"):
            project.write(path, re.sub(r"\bapp\.", "harbor.", project.read(path)))
    project.commit("Rename")
    queue = "harbor/components/worker/queue.py"
    found = project.aegis("add", "worker", "--json").json["dangling"]
    at = line(project, queue, "from app.core")
    assert any(
        (one["path"], one["line"]) == (queue, at) and one["name"].startswith("app.core.")
        for one in found
    )


def test_what_a_release_names_in_text_and_in_the_same_file(start: Start, fork: Project) -> None:
    component = fork.read(f"base/{COMPONENT}")
    fork.write(f"base/{COMPONENT}", f"{component}\n\nOTHER: Component | None = None\n")
    fork.write("base/app/named.py", 'TASKS = "app.components.worker.registry:tasks"\n')
    fork.commit("A release")
    fork.git("tag", "v2.0")
    project = start("worker", version="1.0", upstream=fork)
    renamed_class(project)
    project.git("mv", "app/components/worker/registry.py", "app/components/worker/known.py")
    renamed(project, "app.components.worker.registry", "app.components.worker.known")
    renamed(
        project,
        "from app.components.worker import registry",
        "from app.components.worker import known as registry",
    )
    project.commit("Rename")
    found = told(project.aegis("rebase-upstream"))
    at = line(project, COMPONENT, "OTHER: Component")
    assert f"note {COMPONENT}:{at} uses Component, which doesn't exist here" in found
    module = "app.components.worker.registry"
    assert f"note app/named.py:1 uses {module}, which doesn't exist here" in found


def test_what_is_found_elsewhere_is_there(start: Start) -> None:
    project = start("cache")
    (project.path / "src").mkdir()
    project.git("mv", "app", "src/app")
    project.commit("Move")
    assert told(project.aegis("add", "worker")) == []


def test_a_name_that_a_conflict_brings_is_not_told(start: Start, fork: Project) -> None:
    process = "    process: tuple[str, ...] = ()\n"
    fork.edit(f"base/{COMPONENT}", process, f"{process[:-4]}(inspect.__name__,)\n")
    fork.commit("A release")
    fork.git("tag", "v2.0")
    project = start("worker", version="1.0", upstream=fork)
    project.edit(COMPONENT, process, "    command: str = ''\n")
    project.edit(COMPONENT, "import inspect\n", "import inspect as mine\n")
    project.commit("Mine")
    ran = project.aegis("rebase-upstream", code=3)
    assert f"{COMPONENT}: both changed the same lines" in ran.out
    assert told(ran) == []


@pytest.mark.parametrize(
    "text",
    ["from app.core.settings import *\n", "def __getattr__(name: str) -> str: ...\n"],
)
def test_what_text_does_not_tell_is_not_told(start: Start, text: str) -> None:
    project = start("cache")
    renamed_class(project)
    project.write(COMPONENT, project.read(COMPONENT) + text)
    project.commit("Rename")
    assert told(project.aegis("add", "worker")) == []


def without_redis(project: Project) -> None:
    """It runs elsewhere."""
    text = project.read("compose.yaml")
    text = re.sub(r"(?ms)^  redis:\n.*?\n\n", "", text, count=1)
    text = text.replace("    depends_on:\n      redis: { condition: service_healthy }\n", "")
    project.write("compose.yaml", text.replace("redis://redis:", "redis://redis.example.com:"))


def test_a_service_that_a_container_waits_for(start: Start) -> None:
    project = start("cache")
    without_redis(project)
    project.commit("A Redis of the cloud's")
    found = told(project.aegis("add", "worker"))
    at = line(project, "compose.yaml", "redis: { condition")
    assert found == [f"note compose.yaml:{at} uses redis, which doesn't exist here"]
    assert told(project.aegis("add", "ingress")) == []


def test_a_service_that_is_in_another_compose_file(start: Start) -> None:
    project = start("cache")
    without_redis(project)
    project.write("deploy/compose.redis.yaml", "services:\n  redis:\n    image: mine\n")
    project.commit("A file of its own")
    assert told(project.aegis("add", "worker")) == []


def test_a_service_in_a_compose_file_that_was_moved(start: Start) -> None:
    project = start("cache")
    without_redis(project)
    project.git("mv", "compose.yaml", "docker-compose.yml")
    project.commit("A Redis of the cloud's")
    found = told(project.aegis("add", "worker"))
    assert [each.partition(":")[0] for each in found] == ["note docker-compose.yml"]


# A release of a small upstream of one's own.

UTILS = "".join(f"def help_{n}():\n    return {n}\n\n\n" for n in range(9))
LATER = UTILS.replace("help_3", "aid_3")
MAIN = "from app import utils\n\nX = 1\n" + "Y = 2\n" * 9
STACK: dict[str, str] = {
    "app/__init__.py": "",
    "app/utils.py": UTILS,
    "app/main.py": MAIN,
    "app/old.py": "import email\nimport jwt\nfrom tele import trace\n\ndef old(): ...\n",
    "app/tests/__init__.py": "",
    "app/tests/helper.py": UTILS.replace("help", "test"),
    "config/web.env": "A=1\n",
    "config/job.env": "B=2\n",
    ".env.example": "A_KEY=1\nB_KEY=2\n",
    "pyproject.toml": (
        '[project]\nname = "x"\ndependencies = [\n    "arq>=1",\n    "a-client",\n    "redis",\n'
        '    "PyJWT[crypto]>=2",\n    "tele-sdk>=1",\n    "email-validator",\n]\n'
    ),
    "compose.yaml": "services:\n  web:\n    image: x\n\n  mail:\n    image: y\n",
    "Dockerfile": "FROM x\n" + "RUN y\n" * 5,
    "Makefile": "all:\n\techo\n\n" + "x:\n\techo\n\n" * 3,
    ".github/workflows/ci.yml": "jobs:\n  check:\n    steps: []\n",
}


@pytest.fixture(name="releases")
def small_releases(tmp_path: Path) -> Callable[..., Project]:
    """A project at the first of two releases; the second has other files, None for none."""

    def made(changed: Mapping[str, str | None]) -> Project:
        later = {path: text for path, text in {**STACK, **changed}.items() if text is not None}
        for release, files in (("1.0", STACK), ("2.0", later)):
            base = {f"base/{path}": text.encode() for path, text in files.items()}
            publish(tmp_path / "fork.git", {**BASE, **series("some"), **base}, f"v{release}")
        words = ("--upstream", str(tmp_path / "fork.git"), "--upstream-version", "1.0")
        return begun(tmp_path / "my-api", *words)

    return made


LIBRARIES = '    "PyJWT[crypto]>=2",\n    "tele-sdk>=1",\n    "email-validator",\n'
ALSO = '    "arq>=1",\n    "a-client",\n'
TAKEN: dict[str, str | None] = {
    "app/tests/helper.py": None,
    "tests/helper.py": UTILS.replace("help", "test"),
    "app/tests/__init__.py": None,
    "app/old.py": None,
    "app/utils.py": LATER,
    ".env.example": "B_KEY=2\n",
    "compose.yaml": "services:\n  web:\n    image: x\n",
    "pyproject.toml": STACK["pyproject.toml"].replace(LIBRARIES, "").replace(ALSO, ""),
    "config/web.env": None,
}
OVERRIDE = "services:\n  web:\n    depends_on: [mail]\n    env_file: [config/web.env]\n"
STILL_NAMED = [
    ("app/a.py", "import os\nfrom app.tests.helper import test_1\n", 2, "app.tests.helper"),
    ("app/b.py", "from .tests import helper\n", 1, "app.tests.helper"),
    ("app/tests/mine.py", "from . import helper\n", 1, "app.tests.helper"),
    ("setup.cfg", "[x]\nrun = app.tests.helper:test_1\n", 2, "app.tests.helper"),
    ("Makefile", "all:\n\tpython app/tests/helper.py\n", 2, "app/tests/helper.py"),
    ("app/c.py", "from app.old import old\n", 1, "app.old"),
    ("app/d.py", "from app.utils import help_1, help_3\n", 1, "help_3 of app.utils"),
    ("app/utils.py", f"{UTILS}Z = help_3()\n", 37, "help_3"),
    ("app/e.py", "X = 'A_KEY'\n", 1, "A_KEY"),
    (".env", "A_KEY=secret\n", 1, "A_KEY"),
    ("compose.override.yaml", OVERRIDE, 3, "mail"),
    ("compose.override.yaml", OVERRIDE, 4, "config/web.env"),
    ("app/f.py", "import arq\n", 1, "arq"),
    ("app/g.py", "from a_client.counted import Counter\n", 1, "a_client"),
    ("app/h.py", "import email\nimport redis\nimport jwt\n", 3, "jwt"),
    ("app/i.py", "from tele.sdk import tracer\n", 1, "tele"),
    ("Dockerfile.mine", "FROM x\nCOPY ./config/web.env /x\n", 2, "config/web.env"),
    (".github/workflows/mine.yml", "run: cat config/web.env\n", 1, "config/web.env"),
    ("config/x.sh", ". ./web.env\n", 1, "web.env"),
]


def test_what_a_release_takes_away_and_i_still_name(releases: Callable[..., Project]) -> None:
    project = releases(TAKEN)
    for path, text, _, _ in STILL_NAMED:
        project.write(path, text)
    project.write(".gitignore", ".env\n")
    head = project.commit("Mine")
    said = project.aegis("rebase-upstream", "--strict", code=1).err
    assert f"The result would have {len(STILL_NAMED)} unresolved references" in said
    assert "setup.cfg:2 still uses app.tests.helper" in said
    assert project.head == head
    found = project.aegis("rebase-upstream", "--json").json["dangling"]
    named = {(path, line, name) for path, _, line, name in STILL_NAMED}
    assert {(each["path"], each["line"], each["name"]) for each in found} == named
    assert len(found) == len(named)


def test_a_library_that_another_of_mine_brings_too(releases: Callable[..., Project]) -> None:
    project = releases(TAKEN)
    project.edit("pyproject.toml", '    "redis",\n', '    "redis",\n    "tele-api",\n')
    project.write("app/mine.py", "import jwt\nimport tele\n")
    project.commit("Mine")
    (found,) = project.aegis("rebase-upstream", "--json").json["dangling"]
    assert found == {"path": "app/mine.py", "line": 1, "name": "jwt"}


COMES = {
    "compose.yaml": """\
  a: {env_file: [config/web.env]}
  b: {build: {context: ./config}}
  c: {build: {dockerfile: config/web.env}}
  d: {volumes: ['./config:/etc/conf:ro']}
  e: {volumes: [{type: bind, source: ./config, target: /x}]}
  f: {extends: {file: config/web.env, service: x}}
configs: {x: {file: ./config/web.env}}
secrets: {x: {file: config/web.env}}
include: [config/web.env]
""",
    "Dockerfile": 'COPY --chown=x config /conf\nADD ["config/web.env", "/x"]\n',
    "Makefile": "run: ; sh config/web.env\n",
    ".github/workflows/ci.yml": "      - run: sh ./config/web.env\n",
}


def test_a_path_that_comes_in_and_leads_nowhere(releases: Callable[..., Project]) -> None:
    project = releases({path: STACK[path] + text for path, text in COMES.items()})
    start = project.head
    assert project.aegis("rebase-upstream", "--json").json["dangling"] == []
    project.git("reset", "--quiet", "--hard", start)
    (project.path / "deploy").mkdir()
    project.git("mv", "config", "deploy/config")
    project.commit("Move")
    found = project.aegis("rebase-upstream", "--json").json["dangling"]
    named = set()
    for path, text in COMES.items():
        for number, line in enumerate(text.splitlines(), len(STACK[path].splitlines()) + 1):
            name = "config/web.env" if "/web.env" in line else "config"
            named.add((path, number, name))
    assert {(each["path"], each["line"], each["name"]) for each in found} == named


def test_a_path_that_does_not_lead_from_where_i_moved_the_compose_file(
    releases: Callable[..., Project],
) -> None:
    more = "    env_file: [config/web.env]\n"
    project = releases({"compose.yaml": STACK["compose.yaml"] + more})
    (project.path / "docker").mkdir()
    project.git("mv", "compose.yaml", "docker/compose.yaml")
    project.commit("Move")
    said = project.aegis("rebase-upstream").out
    assert "docker/compose.yaml:7 uses config/web.env, which doesn't exist here" in said


@pytest.mark.parametrize(
    ("args", "path"),
    [
        (("add", "worker"), "compose.yaml"),
        (("answers", "project_name=Other"), "README.md"),
        (("rebase-upstream",), "compose.yaml"),
    ],
)
def test_what_is_not_applied_is_refused_if_strict(
    start: Start, fork: Project, args: tuple[str, ...], path: str
) -> None:
    fork.edit("base/compose.yaml", "start_period: 20s", "start_period: 30s")
    fork.commit("A release")
    fork.git("tag", "v2.0")
    project = start(version="1.0", upstream=fork)
    project.git("rm", "-q", path)
    project.commit("I need none")
    before = project.tree
    assert "1 left-out change" in project.aegis(*args, "--strict", code=1).err
    assert project.tree == before
    ran = project.aegis(*args, "--json")
    (left,) = ran.json["not_applied"]
    assert left == {"path": path, "reason": "left out: deleted by you"}
    assert f"not applied {path}: left out: deleted by you" in ran.err
    assert not (project.path / path).exists()


def test_a_long_line_is_read_in_no_time() -> None:
    for piece in (b"a", b"a+", b"a.", b"a/", b"a-", b"$a", b"./a"):
        for name in ("Makefile", "x.yml", "compose.yaml", "Dockerfile"):
            found = list(paths.named(name, b"COPY " + piece * 200_000 + b"\n"))
            assert len(found) <= 200_000
