"""Releases travel with the package: every way to install it works, offline, from anywhere."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

from tests.conftest import OLDER, ROOT, git

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shallow clone of HEAD."""
    path = tmp_path_factory.mktemp("clone")
    git(path, "clone", "--quiet", "--depth=1", f"file://{ROOT}", "aegis")
    return path / "aegis"


@pytest.fixture(scope="module")
def built(clone: Path) -> Path:
    """A directory with a wheel and an sdist."""
    subprocess.run(
        [uv.find_uv_bin(), "build", "--quiet", "--python", sys.executable], cwd=clone, check=True
    )
    return clone / "dist"


def archive(clone: Path, scratch: Path) -> Path:
    """The source without git, as a forge's download button gives it."""
    git(
        clone,
        "archive",
        "--format=zip",
        "--prefix=source/",
        f"--output={scratch}/source.zip",
        "HEAD",
    )
    with zipfile.ZipFile(scratch / "source.zip") as source:
        source.extractall(scratch)
    return scratch / "source"


@pytest.mark.parametrize("way", ["wheel", "sdist", "shallow clone", "unzipped source", "editable"])
def test_it_works_installed(way: str, clone: Path, built: Path, tmp_path: Path) -> None:
    what = {
        "wheel": lambda: [str(next(built.glob("*.whl")))],
        "sdist": lambda: [str(next(built.glob("*.tar.gz")))],
        "shallow clone": lambda: [str(clone)],
        "unzipped source": lambda: [str(archive(clone, tmp_path))],
        "editable": lambda: ["--editable", str(clone)],
    }[way]()
    environment = tmp_path / "venv"
    uv_bin = uv.find_uv_bin()
    subprocess.run([uv_bin, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    python = environment / "bin/python"
    install = [uv_bin, "pip", "install", "--quiet", "--python", str(python)]
    subprocess.run([*install, *what], check=True)
    project = str(tmp_path / "my-api")
    for args in (
        ["init", project, "-y", "--components", "worker", "--upstream-version", OLDER],
        ["-C", project, "rebase-upstream"],
        ["-C", project, "remove", "worker"],
    ):
        aegis = [str(environment / "bin/aegis"), *args]
        done = subprocess.run(aegis, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert git(tmp_path / "my-api", "status", "--porcelain") == ""
