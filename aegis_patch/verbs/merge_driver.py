"""`aegis merge-driver`: lets plain git settle what `aegis repair` would.

Git runs this module, in an interpreter of its own, for a file in which its own merge has conflicts,
or has a line more often than either side. The arguments are the paths of base, ours and theirs,
then the file's name. It exits with 0 after writing ours anew, or with 1 after writing nothing; then
git merges the file as usual.

It is set up as `merge.default`, the driver of files for which .gitattributes name none.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from aegis_patch.errors import AegisError, Refused
from aegis_patch.project import git

NAME = "aegis"
_DEFAULT = "merge.default"
_GIT = "git merge-file -q"
_SIDES = "%A %O %B"
_TWICE = (
    "f < 3 { n[f, $0]++; next } /^<<<<<<< / { exit 1 }"
    " length > 8 && ++m[$0] > n[1, $0] && m[$0] > n[2, $0] { exit 1 }"
)
"""An awk program on ours, theirs and git's merge of them: 1 if aegis has to look at that."""


def turn(root: Path, *, on: bool, dry: bool) -> dict[str, str]:
    """Set the driver up in a clone's own configuration, or remove just that; the settings.

    Raises:
        Refused: git is configured to use another one.
    """
    used = git.setting(root, _DEFAULT)
    if on and used not in ("", NAME):
        where = f"git config --show-origin {_DEFAULT}"
        raise Refused(f"Git already uses the merge driver {used}.", where=_DEFAULT, next=where)
    settings = _settings()
    if used != NAME and not on:
        del settings[_DEFAULT]  # it is not ours
    for name, value in {} if dry else settings.items():
        if on:
            git.run(root, "config", "--local", name, value)
        else:
            git.run(root, "config", "--local", "--unset-all", name, fine=5)  # it is not set
    return settings


def _settings() -> dict[str, str]:
    """Git merges first; if it conflicts, aegis tries; if aegis can't, git marks the file.

    At an anchor git may find nothing to stop at and take a block of both branches twice, if one of
    them has replaced another block by it.
    """
    once = f"LC_ALL=C awk '{_TWICE}' f=1 %A f=2 %B f=3 -"
    clean = f"{_GIT} -p {_SIDES} 2>/dev/null | {once} && {_GIT} {_SIDES}"
    ours = f"{shlex.quote(sys.executable)} -P -m {__name__} %O %A %B %P"
    marked = f"{_GIT} --marker-size=%L -L ours -L base -L theirs {_SIDES}"
    return {
        f"merge.{NAME}.name": "aegis, where git conflicts or takes a line twice",
        f"merge.{NAME}.driver": f"{clean} || {ours} || {marked} || exit 1",
        f"merge.{NAME}.recursive": "text",
        _DEFAULT: NAME,
    }


def settle(path: str, base: Path, ours: Path, theirs: Path) -> bool:
    """Merge a file that git couldn't, into ours; whether that worked."""
    from aegis_patch.merge import branches
    from aegis_patch.merge.file_content import Three
    from aegis_patch.objects.scratch import scratch
    from aegis_patch.verbs.settle import settle_file

    sides = base.read_bytes(), ours.read_bytes(), theirs.read_bytes()
    try:
        merged = settle_file(path, *sides)
    except AegisError:  # no project, or a release that is not here: there is still the text
        with scratch([]) as store:
            text = branches.merge(Three(store, path, *sides))
        merged = None if text.reason else text.data
    if merged is not None:
        ours.write_bytes(merged)
    return merged is not None


if __name__ == "__main__":
    base, ours, theirs, path = sys.argv[1:]
    sys.exit(not settle(path, Path(base), Path(ours), Path(theirs)))
