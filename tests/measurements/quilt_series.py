"""A Debian package as an upstream: its quilt series in, edited and refreshed, and out again.

    .venv/bin/python -m tests.measurements.quilt_series DIRECTORY

DIRECTORY is an unpacked source package whose patches aren't applied (`apt-get source
--download-only`, and tar). In a temporary upstream with these files as base/, the series is
imported, a patch in its middle gets a file more, and the three C files that most patches change get
a new first line. After the import and after the refresh, `quilt push -a` has to come to the tree of
the open series.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

ME = ("-c", "user.name=aegis", "-c", "user.email=series@aegis.invalid")


def run(place: Path, *words: str, env: Mapping[str, str] | None = None) -> str:
    """Run a command; what it printed."""
    done = subprocess.run(
        words, cwd=place, env={**os.environ, **(env or {})}, stdout=-1, text=True, check=True
    )
    return done.stdout.strip()


def aegis(place: Path, *words: str) -> str:
    return run(place, sys.executable, "-m", "aegis_patch", "upstream", *words)


def commit(place: Path, *words: str) -> None:
    run(place, "git", "add", "--all")
    run(place, "git", *ME, "commit", "--quiet", *words)


def pushed(base: Path, patches: Path) -> str:
    """The tree that quilt makes of base/ with a series."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary, "pushed")
        shutil.copytree(base, place, symlinks=True)
        run(place, "git", "init", "--quiet")
        env = {"QUILT_PATCHES": str(patches), "QUILT_PC": ".git/pc"}
        run(place, "quilt", "--quiltrc", "-", "push", "-a", "-q", env=env)
        run(place, "git", "add", "--all", "--force")
        return run(place, "git", "write-tree")


def edit_the_middle(place: Path) -> None:
    commits = run(place, "git", "rev-list", "--reverse", "start..HEAD").split()
    (place / "MIDDLE").write_text("middle\n")
    commit(place, "--fixup", commits[len(commits) // 2])
    run(
        place,
        *("git", *ME, "-c", "sequence.editor=:", "rebase", "--quiet"),
        *("--interactive", "--autosquash", "start"),
    )


def change_base(own: Path) -> None:
    changed = Counter[str]()
    for patch in (own / "patches/debian").glob("*.patch"):
        changed.update(re.findall(r"(?m)^\+\+\+ b/(.*\.c)$", patch.read_bytes().decode("latin-1")))
    for path, _ in changed.most_common(3):
        file = own / "base" / path
        file.write_bytes(b"/* A copy of our own. */\n" + file.read_bytes())


def main(source: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        own = Path(temporary, "own")
        aegis(source, "new", str(own), "--quiet")
        shutil.rmtree(own / "patches/greet")
        (own / "patches/.keep").touch()
        ours = shutil.ignore_patterns("debian", ".git", ".pc")
        shutil.copytree(source, own / "base", symlinks=True, ignore=ours, dirs_exist_ok=True)
        run(own, "git", "add", "--force", "base")  # with what the package's .gitignore leaves out
        commit(own, "--message", "Start")
        print(aegis(own, "series", "import", "debian", str(source / "debian/patches")))
        commit(own, "--message", "Import")
        theirs = pushed(own / "base", source / "debian/patches")
        place = own / ".series/debian"
        assert run(place, "git", "rev-parse", "HEAD^{tree}") == theirs
        edit_the_middle(place)
        print(aegis(own, "series", "save", "debian"))
        commit(own, "--message", "Middle")
        change_base(own)
        print(aegis(own, "series", "refresh"))
        aegis(own, "series", "open", "debian")
        again = pushed(own / "base", own / "patches/debian")
        assert run(place, "git", "rev-parse", "HEAD^{tree}") == again
        print(aegis(own, "check"))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
