"""Work on a component's series as on a branch: `scripts/series VERB`.

    open NAME [DIRECTORY]   a git repository: what NAME requires, then its patches
    save NAME [DIRECTORY]   write its commits back to patches/NAME/
    refresh                 after base/ changed: open and save each, in order
    check [NAME…]           export each again: no byte may differ, no rule be broken

Between open and save, edit and commit in DIRECTORY (default: .series/NAME) as usual: a commit is a
patch, its subject is the file's name, its body says why. `git rebase -i start` reorders. Opening a
directory again starts anew, once all of it is saved.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pygit2

from aegis_patch.errors import AegisError
from aegis_patch.maintain import missing_notes, rules
from aegis_patch.objects import trees
from aegis_patch.objects.scratch import scratch
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.stack import component, requirements
from aegis_patch.stack.component import Component
from aegis_patch.stack.pristine import after, before
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream.fork import version
from aegis_patch.upstream.releases import BUNDLED, RELEASES, WORK, latest, open_release, versions


def upstream_here() -> Path:
    """The upstream that is worked on: a fork's in whose directory this runs, or else ours."""
    here = Path.cwd()
    is_one = (here / "base").is_dir() and (here / "patches").is_dir()
    return here if is_one else OURS


def how_to_run() -> str:
    """The command that works where this runs: an upstream may have no scripts/."""
    if (ROOT / "scripts/series").exists():
        return "scripts/series"
    return f"{shlex.quote(sys.orig_argv[0])} -m aegis_patch.maintain.series"


OURS = Path(__file__).resolve().parent.parent.parent
ROOT = upstream_here()
SERIES = how_to_run()
FIXED = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "aegis"),
        ("EMAIL", "series@aegis.invalid"),
        ("DATE", "2026-01-01T00:00:00+0000"),
    )
}
EXPORT = [
    "format-patch",
    *("--zero-commit", "--full-index", "--no-signature", "--no-stat", "--keep-subject"),
    *("--no-renames", "--no-numbered", "--no-attach", "--no-thread", "--no-cover-letter"),
    *("--no-base", "--src-prefix=a/", "--dst-prefix=b/"),
    *("--diff-algorithm=myers", "--unified=3", "--quiet"),
]
USAGE = (__doc__ or "").replace("scripts/series", SERIES)
HERMETIC = {**os.environ, **FIXED, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def main() -> None:
    """Run one of the verbs."""
    match sys.argv[1:]:
        case ["open", name, *rest]:
            directory = Path(rest[0]) if rest else ROOT / ".series" / name
            open_series(name, directory)
            print(f"{directory}: edit, commit, then {SERIES} save {name}")
        case ["save", name, *rest]:
            changed = save(name, Path(rest[0]) if rest else ROOT / ".series" / name)
            print(f"patches/{name}: {len(listed(name))} patches, {changed} changed")
        case ["refresh"]:
            refresh()
        case ["check", *names]:
            sys.exit(1 if check(names) else 0)
        case [] | ["--help" | "-h"]:
            print(USAGE)
        case _:
            sys.exit(USAGE)


def open_series(name: str, directory: Path) -> None:
    """A repository with what the series is written against, and a commit for each patch."""
    if directory.exists() and not is_saved(name, directory):
        sys.exit(f"{directory} has work that is not saved: {SERIES} save {name}, or remove it")
    shutil.rmtree(directory, ignore_errors=True)
    start(name, directory)
    patches = [str(ROOT / "patches" / name / patch) for patch in listed(name)]
    if not patches:
        return
    done = subprocess.run(
        ["git", "am", "--3way", "--keep", "--quiet", *patches],
        cwd=directory, env=HERMETIC, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(
            f"patches/{name} does not fit: {SERIES} open {name}, then in .series/{name} "
            f"resolve, git add, git am --continue; then {SERIES} save {name}"
        )


def is_saved(name: str, directory: Path) -> bool:
    """Whether patches/ has all that is in a repository that was opened."""
    if git(directory, "status", "--porcelain") or (directory / ".git/rebase-apply").exists():
        return False
    return not changes(name, export(directory))


def start(name: str, directory: Path) -> None:
    """A repository that holds only what the series is written against, tagged `start`."""
    directory.mkdir(parents=True)
    git(directory, "init", "--quiet", "--initial-branch=main")
    (directory / ".git/info/exclude").write_text("uv.lock\n")
    alternates = directory / ".git/objects/info/alternates"
    objects = git(ROOT, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    alternates.write_text(f"{objects}\n{RELEASES}\n")
    repo = pygit2.Repository(str(directory))
    tree = before(worktree(repo, name), name)
    _remember_preimages(repo, name)
    git(directory, "read-tree", str(tree))
    git(directory, "checkout-index", "--all")
    git(directory, "commit", "--quiet", "--message", f"What {name} is written against")
    git(directory, "tag", "start")


def _remember_preimages(repo: pygit2.Repository, name: str) -> None:
    """Make the blobs that the patches name, for `git am --3way` after base/ changed."""
    for release in (WORK, latest()):
        with contextlib.suppress(AegisError, KeyError):
            after(open_release(repo, BUNDLED, release), name)


def save(name: str, directory: Path) -> int:
    """Write the commits since `start` as patches/NAME/*.patch, and the series file.

    Returns how many patches are new, different or gone.
    """
    if git(directory, "status", "--porcelain"):
        sys.exit(f"{directory} has uncommitted changes")
    if (directory / ".git/rebase-apply").exists():
        sys.exit(f"{directory} is amid applying patches: resolve, git am --continue, then save")
    target = ROOT / "patches" / name
    target.mkdir(parents=True, exist_ok=True)
    exported = export(directory)
    changed = len(changes(name, exported))
    for old in target.glob("*.patch"):
        old.unlink()
    for patch, mail in exported.items():
        (target / patch).write_bytes(mail)
    (target / "series").write_text("".join(f"{patch}\n" for patch in exported))
    return changed


def refresh() -> None:
    """Merge every series onto what it is written against now, requirements first."""
    with scratch(()) as store:
        known = catalogue(store)
    for name in requirements.order(known, known):
        with tempfile.TemporaryDirectory() as directory:
            work = Path(directory, name)
            open_series(name, work)
            changed = save(name, work)
        print(f"{name}: {changed} patches changed" if changed else f"{name}: as it was")


def check(names: list[str]) -> int:
    """How many of these series, or of all, are not as exported, or break a rule."""
    with scratch([RELEASES]) as store:
        upstream = worktree(store)
        wrong = 0
        for name in names or sorted(upstream.catalogue):
            found = list(rules.breaches(upstream, name)) if not differs(name) else [""]
            print("".join(f"patches/{name}: {breach}\n" for breach in found if breach), end="")
            wrong += bool(found)
        found = list(rules.breaches_between(upstream)) if not (names or wrong) else []
        found += [] if names else _wrong_notes(store, upstream)
        print("".join(f"{breach}\n" for breach in found), end="")
    return wrong + len(found)


def worktree(repo: pygit2.Repository, name: str = "") -> Upstream:
    """base/ and patches/ as they are here, committed or not."""
    notes = snapshot(repo, ROOT / "notes") if (ROOT / "notes").is_dir() else None
    return Upstream(
        "aegis", WORK, "", snapshot(repo, ROOT / "base"), catalogue(repo, name), notes, {}
    )


def _wrong_notes(store: pygit2.Repository, upstream: Upstream) -> list[str]:
    """What the notes since the newest release lack; a fork's releases are its tags.

    A clone of aegis is a fork as soon as it has a tag that is no release of ours.
    """
    tags = {version(tag) for tag in git(ROOT, "tag").splitlines()}
    url = BUNDLED if ROOT == OURS and tags <= versions().keys() else str(ROOT)
    try:
        old = open_release(store, url, latest(url))
    except AegisError:  # a fork without a release
        return []
    return list(missing_notes.breaches(old, upstream))


def differs(name: str) -> bool:
    """Whether exporting a series again would change a byte of it."""
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory, "work")
        try:
            start(name, work)
            for patch in listed(name):
                git(work, "am", "--keep", "--quiet", str(ROOT / "patches" / name / patch))
            exported = export(work)
        except (SystemExit, AegisError) as error:
            print(f"patches/{name} does not fit: {error}; {SERIES} refresh")
            return True
    changed = changes(name, exported)
    if changed or list(exported) != listed(name):
        print(
            f"patches/{name} is not as exported: {', '.join(changed) or 'series'}; "
            f"{SERIES} open {name} && {SERIES} save {name}"
        )
    return bool(changed)


def changes(name: str, exported: dict[str, bytes]) -> list[str]:
    """The patches that differ from those in patches/NAME/."""
    there = {path.name: path.read_bytes() for path in (ROOT / "patches" / name).glob("*.patch")}
    names = sorted(exported.keys() | there.keys())
    return [patch for patch in names if exported.get(patch) != there.get(patch)]


def export(directory: Path) -> dict[str, bytes]:
    """The patches of the commits since `start`, by file name, in order."""
    patches: dict[str, bytes] = {}
    for commit in git(directory, "rev-list", "--reverse", "start..HEAD").split():
        subject = git(directory, "show", "--no-patch", "--format=%s", commit)
        patch = rules.named(subject)
        if patch in patches:
            sys.exit(f"two patches are called {patch}: give one another subject")
        mail = subprocess.run(
            ["git", *EXPORT, "--stdout", "-1", commit],
            cwd=directory,
            env=HERMETIC,
            check=True,
            capture_output=True,
        ).stdout
        patches[patch] = _fixed(mail)
    return patches


def listed(name: str) -> list[str]:
    """The patches of a series, as its series file lists them."""
    series = ROOT / "patches" / name / "series"
    lines = series.read_text().splitlines() if series.exists() else []
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def catalogue(repo: pygit2.Repository, name: str = "") -> dict[str, Component]:
    """The components of the worktree; an empty one for a name whose series is not saved yet."""
    found = {}
    for directory in sorted((ROOT / "patches").iterdir()):
        files = {"series": Entry.written(repo, b"")}
        for file in directory.iterdir():
            if file.is_file():
                files[file.name] = Entry.written(repo, file.read_bytes())
        if "component.toml" in files:
            found[directory.name] = component.parse(directory.name, files)
    if name and name not in found:
        sys.exit(f"write patches/{name}/component.toml first")
    return found


def snapshot(repo: pygit2.Repository, directory: Path) -> Tree:
    """The tree of a directory's files, tracked or not, but for what git ignores."""
    said = git(directory, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    edits = {}
    for path in (path for path in said.split("\0") if path and (directory / path).exists()):
        file = directory / path
        mode = 0o100755 if os.access(file, os.X_OK) else 0o100644
        edits[path] = Entry.written(repo, file.read_bytes(), mode)
    return trees.empty(repo).replaced(edits)


def git(directory: Path, *args: str) -> str:
    """Run git in a hermetic environment; show what it says where it fails."""
    done = subprocess.run(
        ["git", *args], cwd=directory, env=HERMETIC, check=False, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        sys.exit(f"git {args[0]} failed in {directory}")
    return done.stdout.strip()


def _fixed(mail: bytes) -> bytes:
    # Author and date would change with who refreshes a patch; the commit that does it says that.
    head, separator, rest = mail.partition(b"\n\n")
    head = re.sub(rb"\n[ \t]+", b" ", head)
    head = re.sub(rb"^From: .*$", b"From: aegis <series@aegis.invalid>", head, flags=re.MULTILINE)
    head = re.sub(rb"^Date: .*$", b"Date: Thu, 1 Jan 2026 00:00:00 +0000", head, flags=re.MULTILINE)
    return head + separator + rest


if __name__ == "__main__":
    try:
        main()
    except AegisError as error:
        sys.exit(f"{error.what} at {error.where}: {SERIES} refresh, in requirement order")
