"""scripts/record VERSION: record base/, patches/ and notes/ of HEAD as a release.

The release is one commit with a fixed author and the previous release as its parent, so that its id
is the same everywhere. Its folds, the trees of sets of components, are stored with it, so that no
verb has to apply a patch. One pack holds all releases, because most of a release is as in the one
before. A release can be recorded again until it is published; then it is never rewritten.
`notes/VERSION.toml` says what projects have to do when they update to it; whatever the trees show
to be gone must be in there.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pygit2

from aegis_patch.maintain import check, missing_notes
from aegis_patch.objects.scratch import scratch
from aegis_patch.project import git
from aegis_patch.stack import pristine, requirements
from aegis_patch.stack.component import Catalogue, is_chosen
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import releases, stored_catalogue
from aegis_patch.values import replace

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASES = ROOT / "aegis_patch" / "releases"
PACKS = RELEASES / "pack"
HEADER = "# Our releases, oldest first. Written by scripts/record; published ones never change.\n"
STORED = 100  # sets, of all the smallest, whose folds travel along
DEPTH = 10  # deltas for one object: more save little, and each has to be read


def main() -> None:
    """Record the version that the command line names."""
    if len(sys.argv) != 2 or not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", sys.argv[1]):
        sys.exit(__doc__)
    version = sys.argv[1]
    index = RELEASES / "index.toml"
    known: dict[str, Any] = tomllib.loads(index.read_text())["releases"] if index.exists() else {}
    if version in known and list(known)[-1] != version:
        sys.exit(f"{version} is followed by another release: it is never rewritten")
    replaced = known.pop(version, None)
    if known:
        _refuse_without_notes(list(known)[-1], version)
    date = (replaced or {}).get("date", datetime.now(UTC).date().isoformat())
    with tempfile.TemporaryDirectory() as directory:
        store = _store(directory)
        known[version] = {**record(store, version, date, known), "date": date}
        pack = _pack(store, known)
    index.write_text(HEADER + "".join(_entries(known)))
    for file in PACKS.iterdir():
        if file.stem != pack:
            file.unlink()
    print(f"{version} is commit {known[version]['commit']}")


def _refuse_without_notes(before: str, version: str) -> None:
    with scratch(releases.alternates()) as store:
        old = releases.open_release(store, releases.BUNDLED, before)
        head = releases.open_release(store, releases.BUNDLED, releases.WORK)
        if head.notes is None or f"{version}.toml" not in head.notes:
            sys.exit(f"HEAD has no notes/{version}.toml: if {version} asks nothing, say so in it")
        if wrong := list(missing_notes.breaches(old, replace(head, release=version))):
            sys.exit("\n".join(f"{each.where}: {each.what}" for each in wrong))


def _store(directory: str) -> pygit2.Repository:
    """An empty repository that reads the objects of the releases and of this checkout."""
    pygit2.init_repository(directory, bare=True)
    PACKS.mkdir(parents=True, exist_ok=True)
    places = [str(RELEASES), str(git.objects(ROOT))]
    Path(directory, "objects/info/alternates").write_text("\n".join(places))
    return pygit2.Repository(directory)


def record(
    store: pygit2.Repository, version: str, date: str, known: dict[str, Any]
) -> dict[str, Any]:
    """Write one release's commit and its folds into a store."""
    head = pygit2.Repository(str(ROOT)).head.peel(pygit2.Tree)
    builder = store.TreeBuilder()
    for name in ("base", "notes", "patches"):
        builder.insert(name, head[name].id, pygit2.enums.FileMode.TREE)
    at = int(datetime.fromisoformat(f"{date}T00:00:00+00:00").timestamp())
    who = pygit2.Signature("aegis", "releases@aegis.invalid", at, 0)
    parents = [list(known.values())[-1]["commit"]] if known else []
    commit = store.create_commit(None, who, who, f"aegis {version}\n", builder.write(), parents)
    opened = releases.open_release(store, releases.BUNDLED, releases.WORK, str(commit))
    names = [name for name, each in opened.catalogue.items() if is_chosen(each)]
    return {"commit": str(commit), "folds": str(_folds(store, opened)), "components": names}


def _folds(store: pygit2.Repository, opened: Upstream) -> pygit2.Oid:
    """A tree with the fold of each set of components, by name; and the catalogue."""
    builder = store.TreeBuilder()
    stored = store.create_blob(stored_catalogue.written(opened.catalogue))
    builder.insert(stored_catalogue.FILE, stored, pygit2.enums.FileMode.BLOB)
    for names in _sets(opened.catalogue):
        tree = pristine.fold(opened, names)
        builder.insert(pristine.key(names), tree.id, pygit2.enums.FileMode.TREE)
    return builder.write()


def _sets(catalogue: Catalogue) -> set[frozenset[str]]:
    """Small sets, all combinations of plain components, and the sets that series build on."""
    found = set(check.sets(catalogue)[:STORED])
    components = [name for name, each in catalogue.items() if each.kind == "component"]
    for count in range(len(components) + 1):
        for some in itertools.combinations(components, count):
            found.add(requirements.closure(catalogue, some))
    for name in catalogue:
        whole = requirements.required(catalogue, [name])
        found |= {whole, whole - {name}}
    return found


def _pack(store: pygit2.Repository, known: dict[str, Any]) -> str:
    """Pack all objects of the releases and their folds; the name of the pack.

    Git packs smaller than libgit2, which doesn't know which files share a name.
    """
    starts = [about[key] for about in known.values() for key in ("commit", "folds")]
    command = ["git", "-C", store.path, "-c", "pack.writeReverseIndex=false", "pack-objects"]
    command += ["--quiet", "--revs", "--threads=1", "--no-reuse-delta", "--window=250"]
    command += [f"--depth={DEPTH}", str(PACKS / "pack")]
    done = subprocess.run(
        command, input="\n".join(starts), text=True, stdout=subprocess.PIPE, check=True
    )
    return f"pack-{done.stdout.strip()}"


def _entries(known: dict[str, Any]) -> Iterator[str]:
    for version, about in known.items():
        yield f'\n[releases."{version}"]\n'
        for key in ("date", "commit", "folds"):
            yield f'{key} = "{about[key]}"\n'
        yield f"components = {json.dumps(about['components'])}\n"


if __name__ == "__main__":
    main()
