"""Generated projects: each passes its own checks, alone and together."""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from aegis_patch.stack import requirements
from aegis_patch.upstream.releases import WORK
from tests import servers, stacks
from tests.conftest import FULL, Project
from tests.stacks import Names, label

EVERYTHING = stacks.everything()
SINGLES: list[Names] = [(), *((name,) for name in EVERYTHING)]
COVERING = stacks.covering()
CHECKED = [*SINGLES, *COVERING, EVERYTHING]
"""What is checked: each alone, sets in which each two meet, everything."""
WITHOUT_A_CARD = {"kubernetes", "updates"}
COMPOSE_FILES = re.compile(r"^COMPOSE_FILE=(.+)$", re.MULTILINE)
PYTHON_SAMPLE = re.compile(r"^ *```python\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
"""What runs beside the project, and is no part of it."""

ON_POSTGRES = next(names for names in COVERING if "postgres" in names)
"""A set whose pairs, too, keep what they keep on a server."""


def each(combinations: list[Names], short: tuple[Names, ...]) -> pytest.MarkDecorator:
    """A test for each combination."""
    params = [
        pytest.param(names, id=label(names), marks=[] if names in short else [pytest.mark.long])
        for names in combinations
    ]
    return pytest.mark.parametrize("components", params)


@each([*SINGLES, ON_POSTGRES], ((),))
def test_its_own_tests_pass(tmp_path: Path, python: Path, components: Names) -> None:
    project = stacks.make(tmp_path / "my-api", *components)
    assert "passed" in stacks.own_tests(project, python, *own(project, components))
    assert project.is_sound(), "its tests leave something behind"


def own(project: Project, components: Names) -> list[str]:
    """What of a project's tests to run: of a component alone, its own; of a set, its pairs'.

    Those of what it requires ran alone, too, and so did the core's; a short run leaves out those of
    the core that start a process.
    """
    known = stacks.catalogue()
    name, *others = components or ("",)
    if not name:
        return [] if FULL else ["--quick"]
    if known[name].kind == "variant":
        return ["tests/components"]
    folders = {path.name for path in (project.path / "tests/components").iterdir() if path.is_dir()}
    folders -= {"__pycache__"}
    if others:
        folders = {folder for folder in folders if "_" in folder}
    else:
        required = requirements.closure(known, known[name].requires)
        folders -= {each.replace("+", "_") for each in required}
    return [f"tests/components/{folder}" for folder in sorted(folders)]


@pytest.mark.long
@pytest.mark.parametrize("part", range(2))
def test_everything_passes_its_quick_half(tmp_path: Path, python: Path, part: int) -> None:
    """In parts, which run side by side; what starts a process runs for each component alone."""
    project = stacks.make(tmp_path / "my-api", *EVERYTHING)
    pairs = {*project.path.glob("tests/components/*_*/test_*.py")}  # see the next test
    tests = sorted(map(str, {*project.path.glob("tests/**/test_*.py")} - pairs))
    assert "passed" in stacks.own_tests(project, python, "--quick", *tests[part::2])


@pytest.mark.long
@pytest.mark.parametrize("part", range(2))
def test_everything_passes_the_tests_of_its_pairs(tmp_path: Path, python: Path, part: int) -> None:
    project = stacks.make(tmp_path / "my-api", *EVERYTHING)
    tests = sorted(map(str, project.path.glob("tests/components/*_*/test_*.py")))
    assert "passed" in stacks.own_tests(project, python, *tests[part::2])


def test_the_quick_half_skips_tests_and_not_what_a_library_does(
    tmp_path: Path, python: Path
) -> None:
    """As openai does: it asks `uname` in a thread; and Stripe's library asks in the test's own."""
    project = stacks.make(tmp_path / "my-api", version=WORK)
    project.write(
        "tests/test_mine.py",
        "import platform\nimport subprocess\n"
        "from concurrent.futures import ThreadPoolExecutor\n\n\n"
        "def test_a_library():\n    assert len(platform.uname()) == 6\n\n\n"
        "def test_a_process():\n    subprocess.run(['true'], check=True)\n\n\n"
        "def test_one_in_a_thread():\n    with ThreadPoolExecutor() as pool:\n"
        "        pool.submit(subprocess.run, ['true'], check=True).result()\n",
    )
    said = stacks.own_tests(project, python, "--quick", "tests/test_mine.py")
    assert "2 passed, 1 skipped" in said


@pytest.mark.long
def test_its_tests_pass_with_plans_and_words_that_are_yours(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "oidc", "passkeys", "payments", version=WORK)
    plans = "app/components/payments/plans.py"
    for name in ("pro", "team"):
        project.edit(plans, f'Plan("{name}", "{name.title()}"', f'Plan("my-{name}", "Mine"')
    route = "from app.components.payments.access import paying\n\nonly = paying('my-pro')\n"
    project.write("app/backend/api/mine.py", route)
    project.edit("app/backend/routes.py", "import health", "import mine, health")
    components = project.path / "app/components"
    for file in [*components.glob("*/messages.toml"), components / "payments/letters.py"]:
        file.write_text(re.sub("(?<=[a-z]) (?=[a-z])", "  ", file.read_text("utf-8")), "utf-8")
    tests = [f"tests/components/{name}" for name in ("auth", "oidc", "passkeys")]
    pairs = map(str, project.path.glob("tests/components/payments*"))
    assert "passed" in stacks.own_tests(project, python, "--quick", *tests, *sorted(pairs))


@pytest.mark.long
def test_its_tests_pass_with_the_note_the_metric_and_the_task_of_its_pages(
    tmp_path: Path, python: Path
) -> None:
    project = stacks.make(tmp_path / "my-api", "auth", "observability", "worker", version=WORK)
    task = "@task()\nasync def a_task() -> None: ...\n\n\n"
    project.edit("app/components/worker/tasks.py", "# yours below", f"{task}# yours below")
    page = project.read("docs/components/auth.md").partition("# app/mine.py\n")[2]
    count = 'SOLD = prometheus_client.Counter("tickets_sold", "Tickets that were paid for.")'
    assert count in project.read("docs/components/observability.md")
    code = page.partition("```")[0]
    project.write("app/mine.py", f"import prometheus_client\n{code}\n\n{count}\n")
    routes = "app/backend/routes.py"
    project.edit(routes, "health, hello", "health, hello\nfrom app import mine")
    project.edit(routes, "# yours below", "# yours below\n    mine.router,")
    models = "app/components/database/models.py"
    project.write(models, project.read(models) + "from app import mine as mine\n")
    # The table has no migration yet: a test fails, and writes none.
    agree = "tests/components/database/test_migrations.py::test_models_and_tables_agree"
    with pytest.raises(AssertionError, match=r"New upgrade .*'my_note'"):
        stacks.own_tests(project, python, agree)
    assert project.git("status", "--short", "--", "app/components/database/migrations") == ""
    files = ("auth/test_docs.py", "observability/test_observed.py", "worker/test_queue.py")
    paths = (f"tests/components/{file}" for file in (*files, "worker/test_web.py"))
    assert "passed" in stacks.own_tests(project, python, "tests/cli/test_dev.py", *paths)


@pytest.mark.long
def test_its_tests_pass_with_tools_and_limits_that_are_yours(tmp_path: Path, python: Path) -> None:
    names = ("knowledge", "observability", "worker")
    project = stacks.make(tmp_path / "my-api", *names, version=WORK)
    tool = '@tool()\nasync def {}(caller: Caller) -> str:\n    """Do it."""\n    return ""\n\n\n'
    mine = "".join(map(tool.format, ("clock", "pay", "payroll", "publish", "refund")))
    project.edit("app/components/ai/tools.py", "@tool()\n", f"{mine}@tool()\n")
    project.edit("app/components/knowledge/documents.py", " 500_000, 10_000", " 100_000, 2_000")
    tests = ("ai", "ai_worker", "knowledge", "observability_ai")
    paths = [f"tests/components/{each}" for each in tests]
    assert "passed" in stacks.own_tests(project, python, "--quick", *paths)


@pytest.mark.long
def test_its_tests_pass_with_nightly_jobs_that_are_off_or_at_another_time(
    tmp_path: Path, python: Path
) -> None:
    names = ("ai", "auth", "payments", "scheduler")
    project = stacks.make(tmp_path / "my-api", *names, version=WORK)
    listed = "from app.components.scheduler.registry import jobs\nprint(*jobs())\n"
    project.write("look.py", listed)
    nightly = {"ai": "prune_ai", "auth": "prune_auth", "nightly": "backup"}
    nightly["payments"] = "reconcile_payments"
    found = {*stacks.tool(project, python, "look").split()}
    assert found == {"heartbeat", *nightly.values()}
    for module in nightly:
        file = f"app/components/scheduler/{module}.py"
        project.write(file, re.sub('cron="[0-9]+ [0-9]+', 'cron="7 1', project.read(file)))
        line = f'    "app.components.scheduler.{module}",\n'
        project.edit("app/components/scheduler/registry.py", line, "")
    tests = [f"tests/components/{name}_scheduler" for name in ("ai", "auth", "payments")]
    said = stacks.own_tests(project, python, "tests/components/scheduler_database", *tests)
    assert "passed" in said


def test_a_component_comes_once_the_example_of_a_job_is_gone(tmp_path: Path) -> None:
    project = stacks.make(tmp_path / "my-api", "auth", "scheduler", version=WORK)
    jobs = "app/components/scheduler/jobs.py"
    text = project.read(jobs)
    project.edit(
        jobs, text[text.index("@job(every") : text.index("alive") + len('alive")\n\n\n')], ""
    )
    project.commit("Delete the example")
    project.aegis("add", "ai", "--strict")
    project.aegis("remove", "ai", "--strict")


@each(CHECKED, (*SINGLES, EVERYTHING))
def test_lint(tmp_path: Path, python: Path, components: Names) -> None:
    project = stacks.make(tmp_path / "my-api", *components)
    stacks.tool(project, python, "ruff", "check", "--no-cache")
    stacks.tool(project, python, "ruff", "format", "--check", "--no-cache")


def test_what_is_found_by_its_import_stays_when_all_is_formatted(
    tmp_path: Path, python: Path
) -> None:
    project = stacks.make(tmp_path / "my-api", "ai", "database", "scheduler", "worker")
    named = {"ai": "tools", "database": "models", "scheduler": "jobs", "worker": "tasks"}
    files = [f"app/components/{name}/{file}.py" for name, file in named.items()]
    project.write("app/mine.py", "")
    for file in files:
        project.write(file, f"{project.read(file)}import app.mine\n")
    written = [project.read(file) for file in files]
    stacks.tool(project, python, "ruff", "check", "--no-cache")
    stacks.tool(project, python, "ruff", "check", "--no-cache", "--fix")  # what `make format` does
    stacks.tool(project, python, "ruff", "format", "--no-cache")
    assert [project.read(file) for file in files] == written


@pytest.mark.long
def test_a_worker_loads_nothing_of_the_web_server(tmp_path: Path, python: Path) -> None:
    project = stacks.make(tmp_path / "my-api", *EVERYTHING)
    project.write(
        "look.py", "from app.components.worker import tasks\nimport sys\nprint(*sys.modules)\n"
    )
    loaded = {*stacks.tool(project, python, "look").split()}
    assert not {"flet", "fastapi", "starlette", "uvicorn"} & loaded


@each(CHECKED, ((),))
def test_types(tmp_path: Path, python: Path, components: Names) -> None:
    project = stacks.make(tmp_path / "my-api", *components)
    stacks.tool(project, python, "mypy", "--cache-dir", stacks.mypy_cache())


@each(CHECKED, (*SINGLES, EVERYTHING))
def test_compose(tmp_path: Path, components: Names) -> None:
    """The real Compose takes every combination, with and without a domain."""
    project = stacks.make(tmp_path / "my-api", *components)
    password = {"POSTGRES_PASSWORD": "lantern"}
    for env in ({}, {"DOMAIN": "api.example.org", "ACME_EMAIL": "ops@example.org"}):
        config = servers.compose_config(project.path, {**password, **env})
        services = config["services"].keys()
        containers = {"ingress", "postgres", "scheduler", "worker"} & set(components)
        assert services >= {"webserver", *containers}
        assert config["name"] == "my-api"
        for name in services & {"webserver", "worker", "scheduler"}:
            assert "container_name" not in config["services"][name], "it could not be scaled"


@each(CHECKED, (EVERYTHING,))
def test_it_starts(tmp_path: Path, python: Path, components: Names) -> None:
    """Its server comes up with nothing set up, and says how everything is without a traceback."""
    project = stacks.make(tmp_path / "my-api", *components)
    with servers.webserver(project.path, python, {}) as url:
        health = servers.get(f"{url}/health").json()
        assert health["components"].keys() >= {"core"}
        assert "Traceback" not in str(health)
    assert project.is_sound()


@each([*SINGLES, EVERYTHING], (("worker",),))
def test_make_serve_runs_all_of_it(tmp_path: Path, python: Path, components: Names) -> None:
    """With nothing set up and no server on PATH all is well, and nothing is left running."""
    project = stacks.make(tmp_path / "my-api", *components)
    bare = {"PATH": f"{python.parent}:/usr/bin:/bin", "APP_ENV": "development"}
    with servers.dev(project.path, python, bare) as url:
        servers.until(lambda: servers.get(f"{url}/health").json()["status"] == "ok")
        health = servers.get(f"{url}/health").json()
        assert health["components"].keys() >= {"core", *(set(components) - WITHOUT_A_CARD)}
    assert not (project.path / "data/dev.env").exists()
    assert stacks.processes_in(project) == []
    assert project.is_sound()


def test_no_library_stands_twice(tmp_path: Path) -> None:
    """Also where two components that know nothing of each other need the same one."""
    project = stacks.make(tmp_path / "my-api", *EVERYTHING, version=WORK)
    pyproject = tomllib.loads(project.read("pyproject.toml"))
    for required in (pyproject["project"]["dependencies"], pyproject["dependency-groups"]["dev"]):
        names = [re.split(r"[\[<>=]", each)[0] for each in required]
        assert len(names) == len(set(names)), sorted(names)


def test_samples_of_pages_are_whole(tmp_path: Path) -> None:
    """Who pastes one gets no SyntaxError."""
    project = stacks.make(tmp_path / "my-api", *stacks.everything(WORK), version=WORK)
    pages = [*project.path.glob("*.md"), *project.path.glob("docs/**/*.md")]
    samples = [each for page in pages for each in PYTHON_SAMPLE.findall(page.read_text())]
    assert len(samples) > 20
    for sample in samples:
        ast.parse(textwrap.dedent(sample))
    named = [each for page in pages for each in COMPOSE_FILES.findall(page.read_text())]
    for file in ":".join(named).split(":"):
        assert (project.path / file).is_file(), file


def test_the_samples_of_a_component_agree() -> None:
    """The page and the trends read what the health check gives."""
    guide = (Path(__file__).parents[2] / "base/docs/README.md").read_text()
    read = re.findall(r"health\.data\['(\w+)'\]|trends=\(\"(\w+)\"", guide)
    assert {"".join(names) for names in read} == {"late"}
    assert guide.count('{"late": late}') == 2


def test_the_project_is_small_enough_to_read(tmp_path: Path) -> None:
    """Lines of Python with something in them: of the dashboard's pages, of the rest, of tests."""
    five = ("cache", "database", "ingress", "scheduler", "worker")
    services = (*five, "auth", "oidc", "passkeys", "payments")
    for names, most, most_pages in (
        ((), 1335, 940),
        (five, 4006, 1161),
        (services, 7909, 1303),
    ):
        project = stacks.make(tmp_path / label(names), *names, version=WORK).path
        app = project / "app"
        pages = {*(app / "frontend").rglob("*.py"), *app.glob("components/*/page.py")}
        assert lines(pages) < most_pages
        assert lines({*app.rglob("*.py")} - pages) < most
        assert lines((project / "tests").rglob("*.py")) <= lines(app.rglob("*.py"))


def lines(files: Iterable[Path]) -> int:
    """How many of them aren't blank."""
    return sum(bool(line.strip()) for file in files for line in file.read_text().splitlines())
