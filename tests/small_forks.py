"""Small forks, byte by byte: releases of a few files, also such as git itself would not write."""

from __future__ import annotations

import os
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from tests import tiny
from tests.tiny import FILE, Files

TREE, SUBMODULE = 0o40000, 0o160000
RECORD = (
    b'[upstream]\nurl = ""\nrelease = ""\ncommit = ""\n\n[answers]\n'
    b'project_name = "Lantern"\ndescription = "Shines."\nauthor_name = "Ada"\n'
    b'author_email = "ada@lantern.example"\n\n[components]\n'
)
BASE: dict[str, bytes | tuple[bytes, int]] = {
    "base/README.md": b"# Lantern\n\nA lamp.\n\nEnd.\n",
    "base/docs/a.md": b"a\nb\nc\n",
    "base/aegis.toml": RECORD,
}
ABOUT = tiny.component_files()["component.toml"]
NO_EOL = "\\ No newline at end of file\n"
EDIT = "diff --git a/docs/a.md b/docs/a.md\nindex 1..2 100644\n--- a/docs/a.md\n+++ b/docs/a.md\n"


def series(name: str, *patches: bytes, about: bytes = ABOUT) -> dict[str, bytes]:
    """The files of a component whose patches are these."""
    files = {f"patches/{name}/{n}.patch": text for n, text in enumerate(patches)}
    listed = "".join(f"{n}.patch\n" for n in range(len(patches))).encode()
    return {
        f"patches/{name}/component.toml": about,
        f"patches/{name}/series": listed,
        **files,
    }


def new(path: str, data: str = "x\n", mode: str = "100644") -> bytes:
    """A patch that makes a file."""
    a, b = (f'"{side}/{path[1:]}' if path[:1] == '"' else f"{side}/{path}" for side in "ab")
    lines = data.splitlines(keepends=True)
    body = "".join(f"+{line}" if line.endswith("\n") else f"+{line}\n{NO_EOL}" for line in lines)
    head = f"diff --git {a} {b}\nnew file mode {mode}\nindex 0..1\n"
    return f"{head}--- /dev/null\n+++ {b}\n@@ -0,0 +1,{len(lines)} @@\n{body}".encode()


def tree(store: pygit2.Repository, files: Files) -> pygit2.Oid:
    """A tree written byte by byte: libgit2 would refuse what is wanted here."""
    below: dict[str, dict[str, bytes | tuple[bytes, int]]] = {}
    entries: dict[str, tuple[int, pygit2.Oid]] = {}
    for path, content in files.items():
        name, _, rest = path.replace("//", "\0").partition("/")
        data, mode = (content, FILE) if isinstance(content, bytes) else content
        if rest:
            below.setdefault(name, {})[rest.replace("\0", "//")] = content
        elif mode in (TREE, SUBMODULE):
            entries[name] = mode, pygit2.Oid(hex=data.decode())
        else:
            entries[name] = mode, store.create_blob(data)
    entries |= {name: (TREE, tree(store, inner)) for name, inner in below.items()}
    order = sorted(entries, key=lambda name: name + "/" * (entries[name][0] == TREE))
    raw = b""
    for name in order:
        mode, oid = entries[name]
        raw += b"%o " % mode + os.fsencode(name.replace("\0", "/")) + b"\0" + oid.raw
    return store.odb.write(ObjectType.TREE, raw)


def publish(path: Path, files: Files, tag: str = "v1.0") -> Path:
    """A fork with one more release, which holds these files."""
    store = pygit2.init_repository(str(path), bare=True)
    who = pygit2.Signature("Eve", "eve@evil.example", 0, 0)
    commit = store.create_commit(None, who, who, "Evil", tree(store, files), [])
    store.create_reference(f"refs/tags/{tag}", commit)
    return path
