"""Releases travel with the package: every way to install it works, offline, from anywhere."""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import uv

from aegis_patch import __version__
from tests.conftest import OLDER, ROOT, git

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shallow clone of HEAD."""
    path = tmp_path_factory.mktemp("clone")
    git(path, "clone", "--quiet", "--depth=1", f"file://{ROOT}", "aegis")
    return path / "aegis"


def release(clone: Path, *args: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a clone's scripts/release."""
    words = [sys.executable, "scripts/release", *args]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        words, cwd=clone, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def built(clone: Path) -> Path:
    """A directory with a wheel and an sdist, which `scripts/release` built and tried with uvx."""
    python = f"3.{sys.version_info.minor}"
    done = release(clone, "--python", python)
    assert done.returncode == 0, done.stderr
    assert f"Python {python}: works" in done.stdout
    return clone / "dist"


def test_the_page_of_an_index_shows_pictures_and_links(built: Path) -> None:
    wheel = zipfile.ZipFile(next(built.glob("*.whl")))
    names = wheel.namelist()
    assert "aegis_patch/py.typed" in names
    about = next(name for name in names if name.endswith("/METADATA"))
    page = email.message_from_bytes(wheel.read(about)).get_payload()
    links = re.findall(r"\]\(([^)\s]+)\)", str(page))
    assert len(links) > 10
    for link in links:
        assert link.startswith("https://"), link
        ours, _, path = link.partition(f"/v{__version__}/")
        assert "aegis-patch" not in ours or (ROOT / path.partition("#")[0]).is_file(), link


@pytest.mark.parametrize(
    ("path", "old", "new", "why"),
    [
        ("CHANGELOG.md", f"[{__version__}]", "[0.0.1]", "CHANGELOG.md is 0.0.1"),
        ("aegis_patch/releases/index.toml", f'"{__version__}"', '"0.0.1"', "release 0.0.1"),
        ("", "", "", f"the tag v{__version__} is on another commit"),
    ],
    ids=["changelog", "recorded release", "tag"],
)
def test_a_release_that_disagrees_is_not_built(
    path: str, old: str, new: str, why: str, clone: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(clone), "aegis")
    copy = tmp_path / "aegis"
    if path:
        text = (copy / path).read_text()
        (copy / path).write_text(text.replace(old, new, 1))
    else:
        git(copy, "tag", f"v{__version__}")
        git(copy, "commit", "--quiet", "--allow-empty", "--message", "More")
    done = release(copy)
    assert done.returncode == 1
    assert why in done.stderr
    assert not (copy / "dist").exists()


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


@pytest.mark.parametrize(
    "way",
    ["wheel", "oldest libraries", "sdist", "shallow clone", "unzipped source", "editable"],
)
def test_it_works_installed(way: str, clone: Path, built: Path, tmp_path: Path) -> None:
    what = {
        "wheel": lambda: [str(next(built.glob("*.whl")))],
        "oldest libraries": lambda: [
            "--resolution=lowest-direct",
            str(next(built.glob("*.whl"))),
        ],
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

    def aegis(*args: str) -> int:
        command = [str(environment / "bin/aegis"), *args]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        print(done.stderr)
        return done.returncode

    project = tmp_path / "my-api"
    assert aegis("init", "my-api", "-y", "--components=worker", f"--upstream-version={OLDER}") == 0
    readme = project / "README.md"
    readme.write_text(readme.read_text().upper())
    git(project, "commit", "--quiet", "--all", "--message", "Loud")
    assert aegis("-C", "my-api", "rebase-upstream") == 3
    git(project, "cherry-pick", "--abort")
    git(project, "revert", "--no-edit", "HEAD")
    assert aegis("-C", "my-api", "rebase-upstream") == 0
    assert aegis("-C", "my-api", "remove", "worker") == 0
    assert git(project, "status", "--porcelain") == ""
