"""A series of a Debian source package as a component: imported, edited, refreshed, and exported.

    .venv/bin/python -m tests.measurements.imported_series [PACKAGE…]

Its patches are imported with `aegis upstream series import`; one in the middle is amended, some
files of base/ get another line, `refresh` brings the series onto them, and quilt applies what is
then in patches/. It needs apt-get, patch and quilt, and fetches as scripts/corpus does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import Project
from tests.measurements import corpus

PACKAGES = ("grub2", "exim4", "qemu")
EDITED = "An edit in the middle.\n"


def main(packages: Sequence[str]) -> None:
    """Print a row of a table for each package."""
    os.environ.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull, LC_ALL="C.UTF-8")
    os.environ["GIT_EDITOR"] = "true"
    for who in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@author.example"}
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aegis-corpus"
    corpus.fetch(cache, packages)
    print("| package | patches | changed by an edit | by other lines in base/ | quilt's tree |")
    print("|---|---:|---:|---:|---|")
    for package in packages:
        with tempfile.TemporaryDirectory() as place:
            print(row(Path(place), package, corpus.unpack(cache, package)), flush=True)


def row(place: Path, package: str, source: corpus.Source) -> str:
    """What became of one package's series."""
    own = started(place, source)
    made = own.aegis("upstream", "series", "import", "debian", f"{place}/patches", "--json")
    [imported] = made.json["series"]
    own.commit("Import")
    edited = amended(own, imported["patches"])
    changed = 0
    for path in sorted(source.files)[::10]:
        text = own.path / "base" / path
        if text.read_bytes().isascii():
            text.write_text(f"A line more.\n{text.read_text()}")
            changed += 1
    own.commit("Change base/")
    refreshed = own.aegis("upstream", "series", "refresh", "debian", "--json").json["series"][0]
    cells = [f"{package} {source.version}", str(imported["patches"]), str(edited)]
    cells += [f"{refreshed['changed']} ({changed} files)", same_tree(own, place / "quilt")]
    return f"| {' | '.join(cells)} |"


def started(place: Path, source: corpus.Source) -> Project:
    """An upstream whose base/ has the files that a series touches; the series beside it."""
    for path, content in source.files.items():
        corpus.put(place / "package", path, content)
    for name, text in source.series:
        corpus.put(place / "patches", name, (text, 0o644))
    (place / "patches/series").write_text("".join(f"{name}\n" for name, _ in source.series))
    package = Project(place / "package")
    package.git("init", "--quiet")
    package.git("add", "--all", "--force")
    package.git("commit", "--quiet", "-m", "Start")
    package.aegis("upstream", "new", f"{place}/own", "--from", ".")
    own = Project(place / "own")
    own.git("init", "--quiet")
    own.git("add", "--all", "--force")
    own.git("commit", "--quiet", "-m", "Start")
    return own


def amended(own: Project, patches: int) -> int:
    """Amend the patch in the middle; how many files of the series that changes."""
    own.aegis("upstream", "series", "open", "debian")
    opened = Project(own.path / ".series/debian")
    middle = opened.git("rev-list", "--reverse", "start..HEAD").split()[patches // 2]
    path = opened.git("show", "--format=", "--name-only", middle).splitlines()[0]
    os.environ["GIT_SEQUENCE_EDITOR"] = "sed -i 1s/pick/edit/"
    opened.git("rebase", "--quiet", "--interactive", f"{middle}~1")
    opened.write(path, opened.read(path) + EDITED)
    opened.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    opened.git("rebase", "--continue")
    saved: int = own.aegis("upstream", "series", "save", "--json", "debian").json["series"][0][
        "changed"
    ]
    own.commit("Edit")
    return saved


def same_tree(own: Project, place: Path) -> str:
    """Whether quilt makes of base/ and patches/ what is in the opened series."""
    subprocess.run(["cp", "-a", own.path / "base", place], check=True)
    command = ["quilt", "push", "-a", "-q", "--quiltrc", "-"]
    environment = os.environ | {"QUILT_PATCHES": str(own.path / "patches/debian")}
    subprocess.run(command, cwd=place, env=environment, check=True, capture_output=True)
    own.aegis("upstream", "series", "open", "debian")
    command = ["diff", "-r", "-q", "--exclude=.git", "--exclude=.pc", str(place)]
    done = subprocess.run([*command, str(own.path / ".series/debian")], check=False)
    return "the same" if not done.returncode else "differs"


if __name__ == "__main__":
    main(sys.argv[1:] or PACKAGES)
