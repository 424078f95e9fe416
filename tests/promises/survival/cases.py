"""Everyday edits: what the user did, and the verbs that come after it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aegis_patch.upstream.releases import WORK
from tests.conftest import OLDER
from tests.promises.survival.edits import (
    Edit,
    above,
    append,
    below,
    both,
    delete,
    had,
    link,
    move,
    raw,
    rewrite,
    run_by_all,
    swap,
    to_package,
    write,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One edit of the user's, in plain words, to a project `having` these components.

    verbs      what is typed then; all but the last end well
    like       a project with these components, and the same edit, is what they lead to
    conflict   the path where two people truly wrote the same: the last verb reports it
    """

    did: str
    edit: Edit
    verbs: tuple[str, ...]
    having: str = ""
    like: str | None = None
    version: str | None = None
    conflict: str = ""


def there_and_back(name: str, did: str, edit: Edit, having: str = "") -> Case:
    """It is there before a component comes, and after the component has gone."""
    return Case(did, edit, (f"add {name}", f"remove {name}"), having, like=having)


def goes(name: str, did: str, edit: Edit, having: str, like: str | None) -> Case:
    """It is there before a component goes."""
    return Case(did, edit, (f"remove {name}",), having, like=like)


def asks(verb: str, did: str, edit: Edit, path: str, having: str = "") -> Case:
    """Two people wrote the same: the verb reports it."""
    return Case(did, edit, (verb,), having, conflict=path)


def kept(name: str, did: str, edit: Edit, path: str) -> Case:
    """It is in a component's own file: when the component goes, a person decides."""
    return asks(f"remove {name}", did, edit, path, name)


def newer(did: str, edit: Edit, having: str = "worker") -> Case:
    """It is there before a project is brought to the newest release."""
    return Case(did, edit, ("rebase-upstream",), having, version=OLDER)


def crlf(text: str) -> str:
    """As an editor on Windows saves it."""
    return text.replace("\n", "\r\n")


def no_newline(text: str) -> str:
    """As an editor saves it that ends no last line."""
    return text.removesuffix("\n")


def sorted_list(text: str) -> str:
    """The project's dependencies by name; their comments go on top."""
    head, _, rest = text.partition("\ndependencies = [\n")
    body, _, tail = rest.partition("]\n")
    lines = sorted(body.splitlines(keepends=True), key=lambda line: line.lstrip(" #"))
    return f"{head}\ndependencies = [\n{''.join(lines)}]\n{tail}"


def on_one_line(text: str) -> str:
    """The project's dependencies without a line break, nor the comments."""
    head, _, rest = text.partition("\ndependencies = [\n")
    body, _, tail = rest.partition("]\n")
    items = [line.strip() for line in body.splitlines() if "#" not in line]
    return f"{head}\ndependencies = [{' '.join(items).rstrip(',')}]\n{tail}"


def webserver_last(text: str) -> str:
    """compose.yaml with its first service below all others."""
    block = re.search(r"(?ms)^  webserver:\n.*?(?=^  \S)", text)
    assert block
    rest = text[: block.start()] + text[block.end() :]
    return re.sub(r"\nvolumes:", f"\n{block[0].rstrip()}\n\nvolumes:", rest)


def settings_as_items(text: str) -> str:
    """compose.yaml with the first environment as a list."""
    before, opened, rest = text.partition("  environment:\n")
    inside, comment, after = rest.partition("    # ")
    items = re.sub(r'(?m)^    (\w+): "(.*)"$', r"    - \1=\2", inside)
    assert items != inside
    return f"{before}{opened}{items}    - MINE=1\n{comment}{after}"


PROJECT, COMPOSE, ENV, MAKE = "pyproject.toml", "compose.yaml", ".env.example", "Makefile"
KUSTOMIZE = "deploy/kubernetes/kustomization.yaml"
PATCHES = "  # yours below: patches"
WORKER, SCHEDULER = "app/components/worker", "app/components/scheduler"
TASKS, JOBS = f"{WORKER}/tasks.py", f"{SCHEDULER}/jobs.py"
HTTP = "app/components/ingress/http.yaml"
TASK = '\n\n@task()\nasync def mine(order: int) -> None:\n    """Mine."""\n'
JOB = '\n\n@job(every=3600)\nasync def mine() -> None:\n    """Mine."""\n'
SERVICE = '  mail:\n    image: "axllent/mailpit:v1"\n    ports: ["8025:8025"]\n\n'
TARGET = ".PHONY: mine\nmine: ## Mine\n\techo mine\n\n"
EXTRA = "\nMINE = 1\n"
DEVELOPMENT = "| `APP_ENV` | `development` | or `production` |"
CORE, HOST = "app/core/settings.py", '    host: str = "127.0.0.1"'
GRACE = "grace: int = Field(default=30"
MARK, SERVICES, END = "    # yours below", "  # yours below", "# yours below"
ITEM = '    "mine>=1",\n'
SECRETS, MODELS = "deploy/kubernetes/secrets.env.example", "app/components/database/models.py"
ROUTER = '    router="app.components.database.example:router",  # goes with the example\n'

DEPENDENCIES = [
    there_and_back(
        "worker", "a dependency of mine beside the worker's", above(PROJECT, MARK, ITEM)
    ),
    there_and_back("cache", "uv add stripe", above(PROJECT, MARK, '    "stripe>=12",\n')),
    there_and_back(
        "database",
        "a dependency of mine below those of the core",
        below(PROJECT, '    "structlog>=26.1",', ITEM),
    ),
    there_and_back(
        "postgres",
        "a newer FastAPI than aegis asks for",
        swap(PROJECT, '"fastapi>=0.164"', '"fastapi>=0.165,<1"'),
        "database",
    ),
    there_and_back("cache", "I sorted the dependencies", rewrite(PROJECT, sorted_list)),
    there_and_back("worker", "all dependencies on one line", rewrite(PROJECT, on_one_line)),
    there_and_back(
        "cache",
        "a hand-formatted pyproject.toml: two spaces",
        rewrite(PROJECT, lambda text: text.replace('\n    "', '\n  "')),
    ),
    there_and_back(
        "ingress",
        "a development tool of mine",
        below(PROJECT, '    "mypy>=2.4",', '    "ipython>=9",\n'),
    ),
    there_and_back(
        "scheduler",
        "a table of mine at the end of pyproject.toml",
        append(PROJECT, '\n[tool.mine]\nkey = "value"\n'),
    ),
    there_and_back(
        "database",
        "a command of mine among the scripts",
        below(PROJECT, '"my-api" = "app.cli:main"', '"mine" = "app.mine:main"\n'),
    ),
    goes(
        "worker",
        "a dependency of mine just below the worker's own",
        below(PROJECT, '    "arq>=0.28,<0.29",', ITEM),
        "worker",
        None,
    ),
    goes(
        "worker",
        "a comment of mine just above the worker's own dependency",
        above(PROJECT, '    "arq>=0.28,<0.29",', "    # mine: see ticket 7\n"),
        "worker",
        None,
    ),
    asks(
        "remove worker",
        "another version of the worker's own dependency, then I remove it",
        swap(PROJECT, "arq>=0.28,<0.29", "arq==0.28.1"),
        PROJECT,
        "worker",
    ),
]

CONTAINERS = [
    there_and_back(
        "worker", "a service of mine beside the worker's", above(COMPOSE, SERVICES, SERVICE)
    ),
    there_and_back("cache", "a service of mine at the end", above(COMPOSE, "volumes", SERVICE)),
    there_and_back(
        "ingress",
        "another time to stop for the web server",
        swap(COMPOSE, "    stop_grace_period: 20s\n", "    stop_grace_period: 90s\n"),
    ),
    there_and_back(
        "database",
        "an environment variable of mine for all containers",
        above(COMPOSE, MARK, '    MINE: "1"\n'),
    ),
    there_and_back("scheduler", "a volume of mine", above(COMPOSE, "networks:", 'x-mine: "1"\n\n')),
    there_and_back(
        "postgres",
        "longer times for the health check of the web server",
        swap(COMPOSE, "      timeout: 3s\n      start_period: 20s\n", "      timeout: 9s\n"),
        "database",
    ),
    goes(
        "ingress",
        "another image of Redis, then the ingress goes",
        swap(COMPOSE, '"redis:8-alpine"', '"redis:8.2"'),
        "cache,ingress",
        "cache",
    ),
    Case(
        "I moved compose.yaml's web server to the end",
        rewrite(COMPOSE, webserver_last),
        ("remove scheduler",),
        "scheduler",
    ),
    asks(
        "add postgres",
        "the environment of all containers as a list",
        rewrite(COMPOSE, settings_as_items),
        COMPOSE,
        "database",
    ),
    asks(
        "add ingress",
        "another port, where the ingress takes the ports away",
        swap(COMPOSE, '["${PORT:-8000}:8000"]', '["9000:8000"]'),
        COMPOSE,
    ),
    asks(
        "remove ingress",
        "another port of the ingress, then the ingress goes",
        swap(COMPOSE, '["${PORT:-8000}:80"]', '["8443:80"]'),
        COMPOSE,
        "ingress",
    ),
    there_and_back(
        "worker", "compose.yaml under its other name", move(COMPOSE, "docker-compose.yml")
    ),
    there_and_back("cache", "I deleted compose.yaml", delete(COMPOSE)),
    there_and_back(
        "scheduler",
        "a system package in the Dockerfile",
        below("Dockerfile", "FROM python:3.13-slim", "RUN apt-get update # mine\n"),
    ),
]

SETTINGS = [
    there_and_back("worker", "a variable of mine at the end", append(ENV, "M=1\n")),
    there_and_back("cache", "a variable of mine above the mark", above(ENV, END, "M=1\n")),
    there_and_back("ingress", "another port", swap(ENV, "PORT=8000", "PORT=9000")),
    there_and_back(
        "database",
        "a comment of mine below the last of the core",
        below(ENV, "LOG_FORMAT=console", "# mine: or json\n"),
    ),
    there_and_back("postgres", "a CRLF file", rewrite(ENV, crlf), "database"),
    goes(
        "scheduler",
        "a lease of mine just below the scheduler's settings",
        above(ENV, END, "MINE_LEASE=1\n"),
        "scheduler",
        "",
    ),
    there_and_back("scheduler", "a Make target of mine at the end", append(MAKE, f"\n{TARGET}")),
    there_and_back(
        "worker", "a Make target of mine above the containers'", above(MAKE, ".PHONY: up", TARGET)
    ),
    there_and_back(
        "kubernetes",
        "a check of mine in `make check`",
        swap(MAKE, "check: lint typecheck test", "check: lint typecheck mine test"),
    ),
    there_and_back("database", "a Makefile with CRLF", rewrite(MAKE, crlf)),
    there_and_back("kubernetes", "a Makefile that ends in no newline", rewrite(MAKE, no_newline)),
    there_and_back("cache", "what git leaves alone", append(".gitignore", "/mine/\n")),
    there_and_back(
        "cache",
        "a step of mine at the end of the workflow",
        append(".github/workflows/ci.yml", "      - run: make mine\n"),
    ),
    there_and_back(
        "ingress",
        "a section of mine in the README",
        append("README.md", "\n## Mine\n\nOurs to say.\n"),
    ),
    asks(
        "add worker",
        "a compose.yaml of my own from the first line to the last",
        write(COMPOSE, "services:\n  mine:\n    image: mine\n"),
        COMPOSE,
    ),
    there_and_back(
        "worker",
        "an item of mine in the README, above the license",
        above("README.md", "## License", "- **Mine**: mine.\n\n"),
    ),
    there_and_back(
        "scheduler",
        "an item of mine at the end of the docs",
        append("docs/README.md", "\n- [Mine](mine.md): mine\n"),
    ),
    there_and_back("kubernetes", "I deleted the docs", delete("docs/README.md")),
]

CODE = [
    there_and_back("worker", "a module of mine", write("app/mine.py", "MINE = 1\n")),
    there_and_back(
        "cache",
        "a router of mine",
        both(
            write("app/backend/api/mine.py", "router = 1\n"),
            above("app/backend/routes.py", MARK, "    mine.router,\n"),
        ),
    ),
    there_and_back(
        "scheduler",
        "a command of mine",
        append("app/cli/root.py", "cli.command()(commands.mine)\n"),
    ),
    there_and_back(
        "ingress", "a component of mine", write("app/components/clock/__init__.py", "MINE = 1\n")
    ),
    goes(
        "worker",
        "my own file in the worker's directory",
        write("app/components/worker/mine.py", "MINE = 1\n"),
        "cache,worker",
        "cache",
    ),
    goes(
        "database",
        "my own test among the database's",
        write("tests/components/database/test_mine.py", "def test_mine() -> None: ...\n"),
        "database",
        "",
    ),
    goes(
        "database",
        "my migration",
        write("app/components/database/migrations/versions/mine.py", 'revision = "mine"\n'),
        "database",
        "",
    ),
    goes(
        "ingress",
        "a certificate of mine, which is no text",
        raw("app/components/ingress/mine.p12", b"\0\1\2MINE"),
        "ingress",
        "",
    ),
    kept("worker", "a task of mine in tasks.py", append(TASKS, TASK), TASKS),
    kept("scheduler", "a job of mine in jobs.py", append(JOBS, JOB), JOBS),
    kept("database", "a table of mine in models.py", append(MODELS, EXTRA), MODELS),
    kept(
        "cache",
        "a longer life of what the cache keeps",
        swap("app/components/cache/settings.py", "default=300", "default=900"),
        "app/components/cache/settings.py",
    ),
    kept(
        "ingress",
        "one more flag for Traefik",
        swap(HTTP, '"--api.insecure=true"', '"--api.insecure=true"\n      - "--log.level=DEBUG"'),
        HTTP,
    ),
    kept(
        "worker",
        "I renamed the worker's module of tasks, and changed it",
        both(
            move(TASKS, "app/components/worker/mine.py"),
            append("app/components/worker/mine.py", TASK),
        ),
        "app/components/worker/mine.py",
    ),
    goes(
        "worker",
        "I renamed the worker's module of tasks",
        move(TASKS, "app/components/worker/work.py"),
        "cache,worker",
        None,
    ),
    goes(
        "scheduler",
        "I deleted the scheduler's page",
        delete("docs/components/scheduler.md"),
        "scheduler",
        None,
    ),
    there_and_back(
        "scheduler",
        "I deleted the example of the database, then the scheduler joins",
        both(
            delete("app/components/database/example.py"),
            swap(MODELS, "from app.components.database import example as example\n", ""),
        ),
        "database",
    ),
    Case(
        "I deleted the example's router, beside which the errors come",
        swap("app/components/database/__init__.py", ROUTER, ""),
        (f"rebase-upstream --to {WORK}",),
        "database",
        version=OLDER,
    ),
    there_and_back(
        "ai scheduler",
        "I deleted the example's import, and the blank line beside it",
        swap(MODELS, "from app.components.database import example as example\n\n", ""),
        "database",
    ),
    there_and_back(
        "database",
        "a job of mine in jobs.py, where the database's nightly one joins",
        append(JOBS, JOB),
        "scheduler",
    ),
    there_and_back(
        "scheduler",
        "a table of mine in models.py, where the scheduler's join",
        append(MODELS, "from app import mine as mine\n"),
        "database",
    ),
    asks(
        "add ingress",
        "a module of mine at a path that a component wants",
        write("app/components/ingress/settings.py", "MINE = 1\n"),
        "app/components/ingress/settings.py",
    ),
    there_and_back(
        "cache", "a module without a last newline", rewrite("app/cli/root.py", no_newline)
    ),
    there_and_back(
        "worker",
        "a script of mine that can be run",
        both(write("mine.sh", "#!/bin/sh\n"), run_by_all("mine.sh")),
    ),
    there_and_back("ingress", "a link of mine", link("mine", "app")),
    there_and_back(
        "database", "a file of mine in Latin-1, with an odd name", raw("é mine.txt", b"caf\xe9\n")
    ),
    there_and_back(
        "kubernetes", "a chart of mine beside the manifests", write("deploy/mine.yaml", "a: 1\n")
    ),
]

CLUSTER = [
    there_and_back(
        "worker",
        "a resource of mine just where the worker's goes",
        above(KUSTOMIZE, SERVICES, "  - mine.yaml\n"),
        "kubernetes",
    ),
    there_and_back(
        "scheduler",
        "a patch of mine just where the scheduler's goes",
        below(KUSTOMIZE, PATCHES, "  - path: mine.yaml\n"),
        "kubernetes",
    ),
    there_and_back(
        "scheduler",
        "a patch of mine above the anchor where the scheduler's goes",
        above(KUSTOMIZE, PATCHES, "  - path: mine.yaml\n"),
        "kubernetes",
    ),
    there_and_back(
        "worker",
        "an image of mine in kustomization.yaml",
        swap(KUSTOMIZE, "registry.example.com/app", "ghcr.io/mine/app"),
        "kubernetes",
    ),
    there_and_back(
        "scheduler",
        "a resource of mine at the end of its list",
        below(KUSTOMIZE, SERVICES, "  - mine.yaml\n"),
        "kubernetes",
    ),
    there_and_back(
        "cache",
        "a setting of mine for all pods",
        below(KUSTOMIZE, "      - PORT=8000", "      - MINE=1\n"),
        "kubernetes",
    ),
    there_and_back(
        "ingress",
        "a manifest of mine, then the ingress comes and goes",
        write("deploy/kubernetes/mine.yaml", "kind: Mine\n"),
        "kubernetes",
    ),
    there_and_back(
        "postgres",
        "a secret of mine in the example",
        append(SECRETS, "MINE=\n"),
        "database,kubernetes",
    ),
    there_and_back(
        "postgres",
        "a secret of mine just where the server's password goes",
        above(SECRETS, END, "MINE=\n"),
        "database,kubernetes",
    ),
    asks(
        "remove worker",
        "another time to stop for the worker's pods, then the worker goes",
        swap("deploy/kubernetes/worker.yaml", "GracePeriodSeconds: 40", "GracePeriodSeconds: 90"),
        "deploy/kubernetes/worker.yaml",
        "kubernetes,worker",
    ),
    goes(
        "kubernetes",
        "a manifest of mine, then Kubernetes goes",
        write("deploy/kubernetes/mine.yaml", "kind: Mine\n"),
        "kubernetes",
        "",
    ),
    there_and_back(
        "postgres",
        "a sentence of mine on the page of a database, then it moves to a server",
        append("docs/components/database.md", "\nOurs is small.\n"),
        "database",
    ),
]

REBASE = [
    newer("a dependency of mine", above(PROJECT, MARK, ITEM)),
    newer("a service of mine", above(COMPOSE, "volumes", SERVICE)),
    newer("a service of mine beside the worker's", above(COMPOSE, SERVICES, SERVICE)),
    newer("a task of mine in tasks.py", append(TASKS, TASK)),
    newer("a variable of mine", append(ENV, "M=1\n")),
    newer("a comment of mine below the port", below(ENV, "PORT=8000", "# mine: taken\n")),
    newer("a row of mine among settings", below("docs/README.md", DEVELOPMENT, "| `M` | | |\n")),
    newer("a Make target of mine", append(MAKE, f"\n{TARGET}")),
    newer("a file with CRLF", rewrite(COMPOSE, crlf)),
    newer("I sorted the dependencies", rewrite(PROJECT, sorted_list), "cache,ingress"),
    newer("I renamed a module of the worker's", move(TASKS, f"{WORKER}/work.py")),
    newer("I moved a page", move("docs/components/cache.md", "docs/cache.md"), "cache"),
    newer("I deleted the page of the worker", delete("docs/components/worker.md")),
    newer("I deleted the workflow", delete(".github/workflows/ci.yml"), ""),
    newer("a setting of mine in the core", below(CORE, HOST, "    mine: int = 1\n")),
    newer("a longer grace for the worker", swap(f"{WORKER}/settings.py", GRACE, f"{GRACE}0")),
    newer("a package in the image", below("Dockerfile", "WORKDIR /home/app", "RUN mine\n"), ""),
    newer("my own file in the worker's directory", write(f"{WORKER}/mine.py", "MINE = 1\n")),
    Case(
        "a worker of mine that takes one job at a time, there and back again",
        below(ENV, END, "WORKER_MAX_JOBS=1\n"),
        ("rebase-upstream", f"rebase-upstream --to {OLDER}"),
        "worker",
        like="worker",
        version=OLDER,
    ),
    Case(
        "a component of mine, then all at once",
        write("app/components/clock/__init__.py", "MINE = 1\n"),
        ("add ingress", "rebase-upstream", "add database", "remove ingress"),
        "worker",
        version=OLDER,
    ),
]


RUN = f"{SCHEDULER}/run.py"
VIEW = f"{SCHEDULER}/view.py"
MINE = write("app/mine.py", "MINE = 1\n")

MOVES = [
    goes(
        "worker",
        "I renamed the worker's directory",
        both(had(WORKER, move(WORKER, "app/background")), MINE),
        "worker",
        "",
    ),
    goes(
        "scheduler",
        "I renamed the scheduler's directory, and have a file in it",
        both(
            had(SCHEDULER, move(SCHEDULER, "app/schedule")),
            write("app/schedule/mine.py", "MINE = 1\n"),
        ),
        "scheduler",
        "",
    ),
    goes(
        "ingress",
        "I renamed the directory of all components",
        move("app/components", "app/parts"),
        "cache,ingress",
        "cache",
    ),
    there_and_back(
        "database",
        "I renamed the scheduler's directory, then what it needs for the database joins",
        move(SCHEDULER, "app/schedule"),
        "scheduler",
    ),
    Case(
        "I renamed the worker's directory, and changed a file in it",
        both(move(WORKER, "app/background"), append("app/background/tasks.py", TASK)),
        ("add database", "remove database", "remove worker"),
        "worker",
        conflict="app/background/tasks.py",
    ),
    there_and_back(
        "worker",
        "I moved the manifests, then the worker's join",
        move("deploy/kubernetes", "k8s"),
        "kubernetes",
    ),
    there_and_back("database", "I renamed the command line", move("app/cli", "app/commands")),
    there_and_back("cache", "I moved the tests", move("tests", "test")),
    goes(
        "worker",
        "I made a package of the worker's module of tasks",
        both(had(TASKS, move(TASKS, TASKS.replace(".py", "/__init__.py"))), MINE),
        "worker",
        "",
    ),
    kept(
        "scheduler",
        "I split the module that runs the jobs, and most of it is in one part",
        both(had(RUN, to_package(RUN, "async def here", "more.py")), MINE),
        f"{SCHEDULER}/run/more.py",
    ),
    goes(
        "scheduler",
        "I split the module that shows the jobs",
        both(had(VIEW, to_package(VIEW, "async def view", "more.py")), MINE),
        "scheduler",
        None,  # the parts stay
    ),
    there_and_back(
        "database",
        "I split the worker's registry, where the database joins",
        to_package(f"{WORKER}/registry.py", "class ", "more.py"),
        "worker",
    ),
    newer("I renamed the command line", move("app/cli", "app/commands"), ""),
    newer("I renamed the worker's directory", move(WORKER, "app/background")),
]


EVERY = [*DEPENDENCIES, *CONTAINERS, *SETTINGS, *CODE, *CLUSTER, *REBASE, *MOVES]
