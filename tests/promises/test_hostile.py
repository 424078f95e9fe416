"""An upstream that one does not trust: a clear error, soon, and nothing written or executed."""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest
import uv
from hypothesis import example, given
from hypothesis import strategies as st

from aegis_patch.errors import PatchRejected
from aegis_patch.formats import kinds, syntax
from aegis_patch.objects.trees import bytes_of
from aegis_patch.stack import apply_patch, patch, pristine
from aegis_patch.stack.component import Component
from aegis_patch.stack.release import Upstream
from aegis_patch.terminal import as_json
from aegis_patch.upstream import fork
from aegis_patch.upstream.untrusted import LARGEST_FILE
from tests import tiny
from tests.conftest import Project, Ran, configure_git, everything, run
from tests.small_forks import (
    ABOUT,
    BASE,
    EDIT,
    NO_EOL,
    RECORD,
    SUBMODULE,
    TREE,
    new,
    publish,
    series,
    tree,
)
from tests.tiny import EXEC, FILE, LINK, ROOT, Files

CORPUS = ROOT / "tests/corpus"
LONG_KEY = b"a" + b".a" * 30_000 + b" = 1\n"  # Python's parser would take minutes


def link(path: str, target: str) -> bytes:
    """A patch that makes a symbolic link."""
    return new(path, target, "120000")


def begin(tmp_path: Path, url: Path | str, *args: str) -> Ran:
    return run("init", tmp_path / "my-api", "-y", "--upstream", url, *args)


def refused(ran: Ran, says: str) -> None:
    assert ran.code in (1, 4), (ran.out, ran.err)
    assert "Traceback" not in ran.err
    assert says in ran.err, ran.err
    assert all(character.isprintable() for character in ran.err.replace("\n", ""))


# A hostile patch. All of them are in one fork; each is a component of it.

PATHS = [
    "/etc/passwd",
    "a/../../x",
    ".GIT/config",
    "sub/.gitmodules",
    "a\\b",
    "a\x1b[2Jb",
    "x" * 501,
]
"""A few of each kind; tests/stack/test_patch.py has all of them."""
LINKS = [
    *(("l", "/etc/passwd"), ("l", "../x"), ("l", ".."), ("docs/l", "../../x"), ("l", "")),
    *(("l", "docs/../../x"), ("l", ".git/hooks"), ("docs/l", "../.git/config"), ("l", "C:\\x")),
    *(("l", "\\\\host\\x"), ("l", "GIT~1"), ("l", "./../x"), ("docs/l", "..//../x")),
]
PATCHES: dict[str, tuple[tuple[bytes, ...], str]] = {
    **{f"path {n}": ((new(path),), "") for n, path in enumerate(PATHS)},
    **{
        f"quoted {n}": ((new(f'"{"".join(f"{chr(92)}{b:03o}" for b in path.encode())}"'),), "")
        for n, path in enumerate(PATHS)
    },
    **{
        f"link {n}": ((link(*each),), "leads out of the tree")
        for n, each in enumerate(LINKS)
    },
    "a file through a link": ((link("l", "docs"), new("l/x")), "a directory at once"),
    "a file through a link at once": ((link("l", "docs") + new("l/x"),), "a directory at once"),
    "a link in a directory's place": ((link("docs", "elsewhere"),), "a directory at once"),
    "a link that is turned around": (
        (
            link("l", "docs/a.md"),
            b"diff --git a/l b/l\nindex 1..2 120000\n--- a/l\n+++ b/l\n@@ -1 +1 @@\n-docs/a.md\n"
            + f"{NO_EOL}+/etc/passwd\n{NO_EOL}".encode(),
        ),
        "leads out of the tree",
    ),
    "a submodule": ((new("m", "Subproject commit " + "1" * 40 + "\n", "160000"),), "160000"),
    "a setuid file": ((new("s", mode="104755"),), "104755"),
    "a NUL in a name": ((new("a\0b"),), "a NUL"),
    "a name that is not UTF-8": ((new('"\\377"'),), "not UTF-8"),
    "a hunk at line 10^18": ((f"{EDIT}@@ -{10**18} +1 @@\n-a\n+x\n".encode(),), "expected"),
    "a million hunks": ((EDIT.encode() + b"@@ -1 +1 @@\n-\n+\n" * 10**6,), "more than 8 MiB"),
    "too many hunks": ((EDIT.encode() + b"@@ -1 +1 @@\n-\n+\n" * 60_000,), "more than 50000 hunks"),
    "too many lines": ((EDIT.encode() + b"\n" * 500_000,), "more than 400000 lines"),
    "a huge line": ((new("a", "x" * 9_000_000 + "\n"),), "more than 8 MiB"),
    "a header that passes for a hunk": (
        (b"From: x\nSubject: y\n@@ -1 +1 @@\n-a\n+b\n--- a/docs/a.md\n+++ b/docs/a.md\n",),
        "no change with git's header",
    ),
    "a device of Windows": ((new("docs/aux.py"),), "a device"),
    "a name in two cases": ((new("a.md"), new("A.md")), "A.md and a.md differ only in case"),
    "a directory in two cases": ((new("DOCS/b.md"),), "DOCS/b.md and docs differ only in case"),
    "a diff in a header": ((b"Subject: y\n" + new("../x") + b"\n---\n" + new("z"),), "malformed"),
}  # fmt: skip


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of a fork whose components are the patches above."""
    path = tmp_path_factory.mktemp("hostile")
    files = dict(BASE)
    for n, (patches, _) in enumerate(PATCHES.values()):
        files |= series(f"evil{n}", *patches)
    ran = begin(path, publish(path / "fork.git", files))
    assert ran.code == 0, ran.err
    return Project(path / "my-api")


@pytest.mark.parametrize("name", PATCHES)
def test_a_hostile_patch_is_refused_and_nothing_is_written(victim: Project, name: str) -> None:
    before = everything(victim.path), sorted(victim.path.parent.iterdir())
    says = PATCHES[name][1]
    with tiny.within(10):
        refused(run("-C", victim.path, "add", f"evil{list(PATCHES).index(name)}"), says)
    assert (everything(victim.path), sorted(victim.path.parent.iterdir())) == before


@pytest.mark.parametrize(
    ("path", "target"), [("l", "docs/a.md"), ("d/l", "../docs"), ("d/e/l", "../../x y/z")]
)
def test_a_link_inside_the_tree_is_fine(path: str, target: str) -> None:
    patch.check_link(path, target.encode())


def test_a_link_of_the_users_is_not_written_through(tmp_path: Path) -> None:
    url = publish(tmp_path / "fork.git", {**BASE, **series("evil", new("docs/b.md"))})
    assert begin(tmp_path, url).code == 0
    project = Project(tmp_path / "my-api")
    (tmp_path / "outside").mkdir()
    project.git("rm", "-r", "docs")
    (project.path / "docs").symlink_to(tmp_path / "outside")
    project.commit()
    ran = run("-C", project.path, "add", "evil")
    assert ran.code in (1, 3), ran.err
    assert not list((tmp_path / "outside").iterdir())


WORST: dict[str, Callable[[int], str]] = {
    "lines": lambda n: f"{EDIT}@@ -0,0 +1,{n} @@\n" + "+\n" * n,
    "hunks": lambda n: EDIT + "@@ -1 +1 @@\n-\n+\n" * (n // 3),
    "files": lambda n: "".join(f"diff --git a/{i} b/{i}\nnew file mode 100644\n" for i in range(n)),
    "words": lambda n: f"Subject: {'=?a?q?' * n}\n\n{EDIT}",
    "sides": lambda n: f"diff --git a/{' b/' * n}\t\n",
    "octal": lambda n: 'diff --git "a/' + "\\001" * n + '" "b/x"\n',
    "links": lambda n: f"diff --git {'://' * n} {'://' * n}\n",
    "ends": lambda n: EDIT + "@@ -1 +1 @@\n-a\n+b\n" + NO_EOL * n,
    "signatures": lambda n: new("a").decode() + "\n-- \n1" * n,
    "folds": lambda n: "Subject: a" + "\n a" * n + f"\n\n{EDIT}",
    "binaries": lambda n: f"{EDIT}Binary files {' and ' * n}\n",
    "heads": lambda n: f"{EDIT}@@ -{'1' * 4000},{'1' * 4000} +1 @@{' @@' * n}\n",
    "tabs": lambda n: f"--- {chr(9) * n}\n",
}


@pytest.mark.parametrize("kind", WORST)
def test_the_worst_patch_costs_seconds_and_megabytes(tmp_path: Path, kind: str) -> None:
    """As much of each kind as a patch may hold, in a process that may not use more."""
    make = WORST[kind]
    unit = (len(make(2000)) - len(make(1000))) / 1000
    text = make(min(int(patch.MOST_BYTES / unit * 0.9) - 100, patch.MOST_LINES - 100))
    file = tmp_path / "worst.patch"
    file.write_text(text)
    assert len(text) <= patch.MOST_BYTES
    code = (
        "import sys; "
        "from aegis_patch.stack import patch; from aegis_patch.errors import PatchRejected\n"
        "try: patch.parse('worst', open(sys.argv[1], 'rb').read())\n"
        "except PatchRejected: pass"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, file],
        env=env,
        preexec_fn=limit,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


# A hostile release: its base/, its component.toml and series, its tags.


def about(**parts: str | None) -> bytes:
    return tiny.component_files(**parts)["component.toml"]


def bomb(store: pygit2.Repository) -> pygit2.Oid:
    """Ten directories in ten directories, eight times: a hundred million files."""
    inner = tree(store, {"f": b""})
    for _ in range(8):
        hexed = str(inner).encode()
        inner = tree(store, {str(n): (hexed, TREE) for n in range(10)})
    return inner


MANY = "\n".join(map(str, range(20_000))).encode()
RELEASES: dict[str, tuple[Files, str]] = {
    "a link in patches": ({"patches/l": (b"x", LINK)}, "ordinary files only"),
    "a link for a name": ({"base/README.md": (b"docs/a.md", LINK)}, "is a symbolic link"),
    "a link out": ({"base/l": (b"/etc", LINK)}, "base/l"),
    "a submodule": ({"base/m": (b"1" * 40, SUBMODULE)}, "base/m"),
    "a .git": ({"base/.git/config": b"[core]\n"}, "base/.git"),
    "a .GIT below": ({"base/sub/.GIT/hooks/x": (b"", EXEC)}, "base/sub/.GIT"),
    "a short name of .git": ({"base/git~1/config": b""}, "git~1"),
    "a .git in HFS": ({"base/.g\u200cit/config": b""}, "base/.g"),
    "a .gitmodules": ({"base/.gitmodules": b""}, "base/.gitmodules"),
    "a group's mode": ({"base/f": (b"", 0o100664)}, "ordinary files only"),
    "a setuid mode": ({"base/f": (b"", 0o104755)}, "ordinary files only"),
    "a mode of nothing": ({"base/f": (b"", 0)}, "ordinary files only"),
    "a way up": ({"base/../x": b""}, "base/.."),
    "a name with a slash": ({"base/a//b": b""}, "base/a/b"),
    "an escape code": ({"base/a\x1b[2J": b""}, "unsafe path"),
    "a name that is not UTF-8": ({"base/a\udcff": b""}, "not UTF-8"),
    "a device of Windows": ({"base/NUL.txt": b""}, "a device"),
    "a name in two cases": ({"base/readme.MD": b""}, "differ only in case"),
    "a large file": ({"base/f": bytes(LARGEST_FILE + 1)}, "more than 32 MiB in one file"),
    "a base that is a file": ({"base": b""}, "has no base/ and patches/"),
    "a base that is a submodule": ({"base": (b"1" * 40, SUBMODULE)}, "has no base/ and patches/"),
    "notes that are a link": ({"notes/1.toml": (b"/etc/passwd", LINK)}, "ordinary files only"),
    "notes in colour": ({"notes/\x1b[2J.toml": b""}, "unsafe path"),
    "patches that are a file": ({"patches": b""}, "has no base/ and patches/"),
    "a record of nothing": ({"base/aegis.toml": b""}, "upstream is missing"),
    "a record of everything": ({"base/aegis.toml": b"#" * 70_000}, "more than 64 KiB"),
    "README in Latin-1": ({"base/README.md": b"\xff"}, "not UTF-8"),
    "no name": ({"base/aegis.toml": RECORD.replace(b"Lantern", b"")}, "'project_name'"),
    "a name that is a way": (series("..%2f"), "not a valid component name"),
    "a name that is an option": (series("-rf"), "not a valid component name"),
    "a name that cannot be typed": (series("a b,c[d]"), "not a valid component name"),
    "a name in colour": (series("\x1b[31mred"), "unsafe path"),
    "a summary in colour": (series("x", about=about(summary='"\\u001b]0;x\\u0007"')), "one line"),
    "a summary of two lines": (series("x", about=about(summary='"a\\nSubject: b"')), "one line"),
    "a title right to left": (series("x", about=about(title='"\\u202Egnp"')), "one line"),
    "a novel of a title": (series("x", about=about(title=f'"{"x" * 501}"')), "one line"),
    "a deep component.toml": (series("x", about=b"a = " + b"[" * 60_000), "cannot be read"),
    "a long key in component.toml": (series("x", about=LONG_KEY), "more than 100 parts"),
    "a long key in the record": ({"base/aegis.toml": LONG_KEY}, "more than 100 parts"),
    "a long component.toml": (series("x", about=ABOUT + b"#" * 70_000), "more than 64 KiB"),
    "a component.toml in Latin-1": (series("x", about=b"\xff"), "cannot be read"),
    "a series out of its place": ({**series("x"), "patches/x/series": b"../y.patch"}, "is missing"),
    "a series in colour": ({**series("x"), "patches/x/series": b"\x1b[2J"}, "is missing"),
    "a patch twice": ({**series("x", b""), "patches/x/series": b"0.patch\n0.patch"}, "twice"),
    "a long series": ({**series("x"), "patches/x/series": MANY}, "more than 64 KiB"),
    "a circle": (series("x", about=about(requires='["x"]')), "circle"),
    "an unknown requirement": (
        series("x", about=about(requires='["y\\u001b"]')),
        "doesn't exist",
    ),
}  # fmt: skip


@pytest.fixture
def gate_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git does not look at what it fetches: our own gate has to."""
    monkeypatch.setattr(fork, "_CAREFUL", ())


@pytest.mark.usefixtures("gate_alone")
@pytest.mark.parametrize("name", RELEASES)
def test_a_hostile_release_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    files, says = RELEASES[name]
    top = {path.partition("/")[0] for path in files if "/" not in path}
    kept = {path: data for path, data in BASE.items() if path.partition("/")[0] not in top}
    url = publish(
        tmp_path / "fork.git",
        {**kept, "patches/.keep": b"", **files} if "patches" not in top else {**kept, **files},
    )
    names = ["--components", "x"] if name in ("a circle", "an unknown requirement") else []
    refused(begin(tmp_path, url, *names), says)
    assert [path.name for path in tmp_path.iterdir()] == ["fork.git"]


@pytest.mark.usefixtures("gate_alone")
def test_a_tree_that_unfolds_to_a_hundred_million_files(tmp_path: Path) -> None:
    store = pygit2.init_repository(str(tmp_path / "fork.git"), bare=True)
    hexed = str(bomb(store)).encode()
    url = publish(tmp_path / "fork.git", {**BASE, "patches/.keep": b"", "base/bomb": (hexed, TREE)})
    with tiny.within(10):
        refused(begin(tmp_path, url), "more than 20,000 files")
    assert not (tmp_path / "my-api").exists()


@pytest.mark.parametrize("name", ["a .git", "a .gitmodules", "a way up", "a name with a slash"])
def test_git_itself_refuses_such_objects_when_it_fetches(tmp_path: Path, name: str) -> None:
    files = {**BASE, **RELEASES[name][0]}
    if name == "a .gitmodules":
        files["base/.gitmodules"] = b'[submodule "x"]\n\turl = -u./evil\n\tpath = x\n'
    refused(begin(tmp_path, publish(tmp_path / "fork.git", files)), "Can't fetch")


def test_a_tag_of_a_blob_and_a_tag_in_latin_1(tmp_path: Path) -> None:
    url = publish(tmp_path / "fork.git", BASE)
    store = pygit2.Repository(str(url))
    store.create_reference("refs/tags/v2.0", store.create_blob(b"x"))
    refused(begin(tmp_path, url), "has no base/ and patches/")
    (url / os.fsdecode(b"refs/tags/v3-\xff")).write_text(f"{store.create_blob(b'y')}\n")
    ran = begin(tmp_path, url, "--upstream-version", "1.0")
    assert ran.code in (0, 1), ran.err
    assert "Traceback" not in ran.err


def test_what_else_a_fork_holds_is_its_own_affair(tmp_path: Path) -> None:
    own: Files = {"vendor/m": (b"1" * 40, SUBMODULE), "l": (b"/etc", LINK), "patches/.keep": b""}
    own = {**own, "notes": b"mine"}
    assert begin(tmp_path, publish(tmp_path / "fork.git", {**BASE, **own})).code == 0


def test_a_chain_of_requirements_takes_no_time(store: pygit2.Repository) -> None:
    def link_of(n: int) -> Component:
        return tiny.a_component(f"c{n:02}", (f"c{n - 1:02}",) if n else ())

    known = tiny.a_catalogue(*map(link_of, range(60)))
    opened = Upstream("x", "1", "0" * 40, tiny.tree(store, {"a": b""}), known, None, {})
    with tiny.within(5):
        pristine.after(opened, "c59")


@pytest.mark.parametrize(
    "text", ["\x1b]0;x\x07", "\x9b31m", "a\u202eb", "a\u2028b", "\udcff", "\r"]
)
def test_what_is_printed_steers_no_terminal(text: str) -> None:
    shown = as_json.one_line({"a": text})
    assert shown.isprintable()
    assert json.loads(shown) == {"a": text}


# Nothing is executed.


@pytest.fixture
def trap(tmp_path: Path) -> tuple[Path, str]:
    """A file that is there once a command was run, and that command."""
    ran = tmp_path / "RAN"
    return ran, f"touch {shlex.quote(str(ran))}"


def live(tmp_path: Path, url: Path | str) -> Project:
    """A whole life: init, add, answers, rebase-upstream, remove."""
    ran = begin(tmp_path, url, "--upstream-version", "1.0")
    assert ran.code == 0, ran.err
    project = Project(tmp_path / "my-api")
    project.aegis("add", "x")
    project.aegis("answers", "description=Other.")
    project.aegis("rebase-upstream")
    project.aegis("remove", "x")
    return project


TRAPS: dict[str, Callable[[str], Files]] = {
    "copier": lambda command: {
        "base/copier.yml": f"_tasks: ['{command}']\n_migrations: ['{command}']\n"
        f"_jinja_extensions: [os]\nx: {{default: '⟦ 7 ⟧'}}\n".encode(),
        "base/copier.yaml": f"_tasks: ['{command}']\n".encode(),
        "base/questions.yml": f"_tasks: ['{command}']\n".encode(),
        "copier.yml": f"_tasks: ['{command}']\n".encode(),
        "questions.yml": f"_tasks: ['{command}']\n".encode(),
    },
    "jinja": lambda command: {
        "base/README.md": f"# Lantern {{{{ lipsum.__globals__.os.system('{command}') }}}}\n"
        f"⟦ lipsum.__globals__.os.system('{command}') ⟧"
        "{% for x in range(10) %}x{% endfor %}\n".encode(),
        "base/README.md.jinja": f"{{{{ lipsum.__globals__.os.system('{command}') }}}}".encode(),
    },
    "hooks": lambda command: {
        f"base/{place}/{name}": (f"#!/bin/sh\n{command}\n".encode(), EXEC)
        for place in ("hooks", ".githooks", ".husky")
        for name in ("post-checkout", "post-commit", "reference-transaction", "post-index-change")
    },
    "attributes": lambda command: {
        "base/.gitattributes": b"*.md filter=evil diff=evil merge=evil ident\n",
        "base/.gitconfig": f"[filter \"evil\"]\n\tsmudge = {command}\n".encode(),
        "base/.lfsconfig": b"[lfs]\n\turl = file:///nowhere\n",
    },
    "a filter whose name is a setting": lambda command: {
        "base/.gitattributes": "docs/* filter=evil\nREADME.md "
        f"filter=evil.smudge={command.replace(' ', '${IFS}')};#\n".encode(),
    },
    "python": lambda command: {
        f"base/{name}": f"import os\nos.system({command!r})\n".encode()
        for name in ("setup.py", "conftest.py", "sitecustomize.py", "tomllib.py", "copier.py")
    },
}  # fmt: skip
CHANGE = f"{EDIT}@@ -1,2 +1,3 @@\n a\n+x\n b\n".encode()
README = (
    "diff --git a/README.md b/README.md\nindex 1..2 100644\n--- a/README.md\n+++ b/README.md\n"
    "@@ -5 +5,2 @@\n End.\n+More.\n"
)


@pytest.mark.parametrize("name", TRAPS)
def test_nothing_that_an_upstream_holds_is_executed(
    tmp_path: Path, trap: tuple[Path, str], name: str
) -> None:
    ran, command = trap
    files = {**BASE, **TRAPS[name](command)}
    change = CHANGE if name == "jinja" else CHANGE + README.encode()
    url = publish(tmp_path / "fork.git", {**files, **series("x", change)})
    second = {**files, "base/docs/b.md": b"b\n", **series("x", change)}
    publish(url, second, "v2.0")
    project = live(tmp_path, url)
    assert not ran.exists()
    assert project.is_sound()


def test_nor_is_anything_of_the_forks_own_repository(
    tmp_path: Path, trap: tuple[Path, str]
) -> None:
    ran, command = trap
    url = publish(tmp_path / "fork.git", {**BASE, **series("x", CHANGE)})
    publish(url, {**BASE, **series("x", CHANGE), "base/docs/b.md": b"b\n"}, "v2.0")
    for name in ("post-checkout", "pre-receive", "post-update", "reference-transaction"):
        hook = url / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{command}\n")
        hook.chmod(0o755)
    for key in ("uploadpack.packObjectsHook", "core.fsmonitor", "core.sshCommand", "core.pager"):
        subprocess.run(["git", "config", key, command], cwd=url, check=True)
    live(tmp_path, f"file://{url}")
    assert not ran.exists()


@pytest.mark.parametrize(
    "url", ["ext::sh -c {}", "fd::17", "--upload-pack={}", "ssh://-oProxyCommand={}/x"]
)
def test_a_url_is_no_command(
    tmp_path: Path, trap: tuple[Path, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran, command = trap
    configure_git(monkeypatch, "protocol.ext.allow", "always")
    refused(begin(tmp_path, url.format(command.replace(" ", "% "))), "Can't fetch")
    assert not ran.exists()


def test_a_key_of_the_record_is_no_template(tmp_path: Path, trap: tuple[Path, str]) -> None:
    ran, command = trap
    for line in (f'"lipsum.__globals__.os.system(\'{command}\')" = "Shines"', 'x = "⟦ 7 * 7 ⟧"'):
        evil = RECORD.replace(b"\n\n[comp", f"\n{line}\n\n[comp".encode())
        url = publish(
            tmp_path / f"{len(line)}.git", {**BASE, "patches/.keep": b"", "base/aegis.toml": evil}
        )
        refused(begin(tmp_path, url), "aegis can't ask for the answer")
    assert not ran.exists()


@pytest.mark.parametrize(
    "how",
    [
        'dynamic = ["version"]',
        'version = "0"\n[tool.uv.workspace]\nmembers = ["../*"]',
        'version = "0"\n[tool.uv.workspace]\nmembers = ["/*"]',
    ],
)
def test_a_build_backend_does_not_run_when_the_lock_is_renewed(
    tmp_path: Path, trap: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    ran, command = trap
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/uv").symlink_to(uv.find_uv_bin())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    (tmp_path / "evil.py").write_text(f"import os\nos.system({command!r})\n")
    text = (
        f'[project]\nname = "lantern"\nrequires-python = ">=3.11"\n{how}\n\n[build-system]\n'
        f'requires = []\nbuild-backend = "evil"\nbackend-path = ["{tmp_path}"]\n# end\n'
    )
    last = text.count("\n")
    edit = (
        "diff --git a/pyproject.toml b/pyproject.toml\nindex 1..2 100644\n--- a/pyproject.toml\n"
        f"+++ b/pyproject.toml\n@@ -{last} +{last},3 @@\n # end\n+[dependency-groups]\n+dev = []\n"
    )
    lock = b'version = 1\n\n[[package]]\nname = "lantern"\nsource = { editable = "." }\n'
    own = {"base/pyproject.toml": text.encode(), "base/uv.lock": lock}
    url = publish(tmp_path / "fork.git", {**BASE, **own, **series("x", edit.encode())})
    assert begin(tmp_path, url).code == 0
    added = Project(tmp_path / "my-api").aegis("add", "x")
    assert "uv would have to build the project" in added.out
    assert not ran.exists()


# Whatever comes.

PATCH_CORPUS = [path.read_bytes() for path in sorted((CORPUS / "patches").iterdir())]
TOML_CORPUS = [path.read_bytes() for path in sorted((CORPUS / "toml").iterdir())]
TREE_OF_CORPUS: Files = {"a": b"a\nb\nc\n", "d/e": b"", "run": (b"#!\n", EXEC), "l": (b"a", LINK)}


@st.composite
def mutated(draw: st.DrawFn, corpus: list[bytes]) -> bytes:
    """A member of a corpus, cut, doubled, crossed with another and sprinkled with junk."""
    data = draw(st.sampled_from(corpus))
    pieces = [line + b"\n" for member in corpus for line in member.split(b"\n")]
    for _ in range(draw(st.integers(0, 6))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 30))
        junk = draw(
            st.sampled_from(pieces) | st.binary(max_size=6) | st.just(data[at : at + length])
        )
        keep = draw(st.sampled_from([0, length]))
        data = data[:at] + junk + data[at + keep :]
    return data


@tiny.examples(500)
@given(text=mutated(PATCH_CORPUS))
def test_any_patch_is_read_or_rejected_and_reaches_nowhere(
    store: pygit2.Repository, text: bytes
) -> None:
    try:
        made = apply_patch.apply(tiny.tree(store, TREE_OF_CORPUS), patch.parse("x", text))
    except PatchRejected:
        return
    for path in made.files():
        patch.check_path(path)
        entry = made.lookup(path)
        assert entry
        assert entry.mode in (FILE, EXEC, LINK)
        if entry.mode == LINK:
            patch.check_link(path, bytes_of(entry))


@tiny.examples(500)
@given(sides=st.lists(mutated(TOML_CORPUS), min_size=3, max_size=3))
@example(sides=[b"", b"a = " + b"[" * 5000, b"b = 1\n"])
def test_any_sides_are_settled_or_not(sides: list[bytes]) -> None:
    for path in (
        *("pyproject.toml", "compose.yaml", ".env", ".gitignore", "Makefile", "app/x.py", "a.md"),
    ):
        made = kinds.structured(path, *sides)
        assert made is None or len(made) == 3, path


@tiny.examples(300)
@given(
    data=mutated([*TOML_CORPUS, *PATCH_CORPUS]),
    kind=st.sampled_from(["py", "toml", "json", "yaml"]),
)
@example(data=b"(" * 10_000, kind="py")
@example(data=b"-" * 100_000, kind="py")
@example(data=b"a" + b".b" * 50_000, kind="py")
@example(data=b"[" * 100_000, kind="json")
@example(data=b"a = " + b"[" * 100_000, kind="toml")
@example(data=b"a: &a [x, *a]\nb: [*a, *a]\n", kind="yaml")
@example(data=b"- " * 30_000, kind="yaml")
@example(data=b"[" * 30_000, kind="yaml")
def test_anything_parses_or_not(data: bytes, kind: str) -> None:
    found = syntax.syntax_error(f"x.{kind}", data)
    assert found is None or isinstance(found, str)


@pytest.mark.parametrize(
    "text",
    [
        LONG_KEY,
        b"[" + b"'a' . " * 30_000 + b"a]\n",
        b"x = { " + b'"".' * 30_000 + b"a = 1 }\n",
        b"a" * 1_000_000 + b".b" * 101 + b" = 1\n",
    ],
)
def test_a_key_of_many_parts_is_not_read(text: bytes) -> None:
    assert "a key of more than 100 parts" in (syntax.syntax_error("x.toml", text) or "")
    assert kinds.structured("x.toml", b"", text, b"y = 1\n") is None


def test_what_looks_like_a_key_of_many_parts_is_read() -> None:
    text = b'a = "' + b"a." * 90 + b'"\n' + b".".join([b"b"] * 100) + b" = 1.5\n"
    assert syntax.syntax_error("x.toml", text) is None
    assert syntax.syntax_error("x.toml", b"a" * 1_000_000) is not None
    assert syntax.syntax_error("x.toml", b'"' * 1_000_000) is not None


def test_a_file_of_zeros_is_small_on_the_wire() -> None:
    """Why sizes are asked of the store before a file is read."""
    assert len(zlib.compress(bytes(LARGEST_FILE))) < 100_000
