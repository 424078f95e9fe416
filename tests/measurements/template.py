"""A real template as an upstream, its later commits as edits, and each update against git's merge.

    .venv/bin/python -m tests.measurements.template CLONE

CLONE is one of fastapi/full-stack-fastapi-template, which has few tags: commits at even distances
are the releases 1.0 to 1.23, and those between are commits of the upstream, too. Four components,
cut by `extract` from later commits, come with 1.10 to 1.13. Before each update a project takes
later commits, where git picks them cleanly. Git merges the same trees: the project's, and what
`init` makes of both releases. Conflicts are settled with the project's lines, in lock files and
generated code with the release's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import pygit2

from aegis_patch.objects.trees import Entry, Tree
from tests.promises import oracle

FIRST, LAST, RELEASES, CUT_AT = "0.6.0", "a252d2e6~1", 24, 10
COMPONENTS = {"guide": "a252d2e6", "skills": "8c6e31a8", "dates": "37287dea", "guard": "f8516cd7"}
ABOUT = 'title = "{}"\nsummary = "A later commit."\nimplementation = "as there"\n'
ABOUT += 'kind = "component"\nstatus = "available"\nrequires = []\n'
STARTS, STEPS, EDITS = (0, 4, 8, 12, 15), 8, 4
GENERATED = re.compile(r"(.*/)?(\w+[.-]lock(\.json)?|bun\.lock)|frontend/src/(client/|routeTree).*")
MARKED = re.compile(rb"(?ms)^<{7} [^\n]*\n(.*?)(?:^\|{7} .*?)?^={7}\n.*?^>{7} [^\n]*\n")
ORDER = ("--first-parent", "--reverse")
GIT, AEGIS = ("git: conflicts", "files", "places"), ("aegis: conflicts", "files ", "places ")
COLUMNS = ("updates", "edits", *GIT, *AEGIS, "alone", "differs", "lost")
ENV = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_EDITOR": "true"}
for _who in ("AUTHOR", "COMMITTER"):
    ENV |= {f"GIT_{_who}_NAME": "Ada", f"GIT_{_who}_EMAIL": "ada@lantern.example"}


def run(place: Path, *words: str, fine: Collection[int] = (0,)) -> str:
    done = subprocess.run(words, cwd=place, env=ENV, stdout=-1, stderr=-1, text=True, check=False)
    assert done.returncode in fine, (words, done.stdout, done.stderr)
    return done.stdout.strip()


def aegis(place: Path, *words: str, fine: Collection[int] = (0,)) -> str:
    return run(place, sys.executable, "-m", "aegis_patch", *words, fine=fine)


def git(place: Path, *words: str) -> str:
    return run(place, "git", *words)


def tree(place: Path, ref: str) -> Tree:
    store = pygit2.Repository(str(place))
    return Tree(store, store.revparse_single(f"{ref}^{{tree}}").id)


class Upstream:
    """The releases, and the template's commit and the components of each."""

    def __init__(self, template: Path, place: Path) -> None:
        self.template, self.place, self.own = template, place, place / "own"
        every = git(template, "log", "--format=%H", *ORDER, f"{FIRST}..{LAST}").split()
        self.commits, self.between = [git(template, "rev-parse", FIRST)], list[list[str]]([[]])
        for number in range(1, RELEASES):
            ends = [len(every) * each // (RELEASES - 1) for each in (number - 1, number)]
            *between, last = every[slice(*ends)]
            self.commits.append(last)
            self.between.append(between)
        git(place, "clone", "--quiet", str(template), "first")
        git(place / "first", "checkout", "--quiet", FIRST)
        aegis(place, "upstream", "new", str(self.own), "--from", str(place / "first"))
        git(self.own, "fetch", "--quiet", str(template), "HEAD")
        git(self.own, "commit", "--quiet", "--allow-empty", "--message", "Begin")
        record = (self.own / "base/aegis.toml").read_text()
        record = record.replace('"first"', '"Full Stack FastAPI Project"')
        for number in range(RELEASES):
            self.release(number, record + '\n[identity]\nfiles = [".env"]\n')

    def history(self, commits: Collection[str], record: bytes) -> str:
        """The template's commits behind the last release, with its patches; the last of them."""
        tip = git(self.own, "rev-parse", "HEAD")
        for commit in commits:
            top, base = tree(self.own, "HEAD"), tree(self.own, commit)
            base = base.replaced({"aegis.toml": Entry.written(base.store, record)})
            made = top.replaced({"base": base.within(top.store)})
            tip = git(self.own, "commit-tree", str(made), "-p", tip, "-m", f"As {commit[:12]}")
        return tip

    def release(self, number: int, record: str) -> None:
        git(self.own, "rm", "-rqf", "--cached", "--ignore-unmatch", "base")
        git(self.own, "clean", "-fdxq", "base")
        git(self.own, "read-tree", "-u", "--prefix=base/", self.commits[number])
        (self.own / "base/aegis.toml").write_text(record)
        git(self.own, "add", "--force", "base/aegis.toml")
        if number >= CUT_AT:
            aegis(self.own, "upstream", "series", "refresh")
            for name in self.components(number)[number - CUT_AT :]:
                self.extract(name, number)
        found = aegis(self.own, "upstream", "check", fine=(0, 1))  # 1 for want of notes
        print(f"1.{number}", *re.findall(r"(?m)^(?:base|patches)/.*", found), sep="\n  ")
        git(self.own, "add", "--all")
        tip = self.history(self.between[number], record.encode())
        words = ("-p", tip, "-m", f"Release 1.{number}")
        done = git(self.own, "commit-tree", git(self.own, "write-tree"), *words)
        git(self.own, "update-ref", "HEAD", done)
        git(self.own, "tag", f"1.{number}")

    def components(self, number: int) -> list[str]:
        return list(COMPONENTS)[: max(0, number - CUT_AT + 1)]

    def extract(self, name: str, number: int) -> None:
        """A component out of a later commit in a project, less what doesn't fit."""
        project = self.start(f"cut-{name}", number - 1, [])
        run(project, "git", "cherry-pick", COMPONENTS[name], fine=(0, 1))
        settle(project)
        taken = (name, "HEAD~1..HEAD", "--project", str(project))
        print(aegis(self.own, "upstream", "extract", *taken, fine=(0, 1)).partition("\n")[0])
        (self.own / "patches" / name / "component.toml").write_text(ABOUT.format(name))

    def start(self, name: str, number: int, components: list[str]) -> Path:
        """A project of a release."""
        project = self.place / name
        if not project.exists():
            words = ["init", str(project), "--yes", "--upstream", str(self.own)]
            words += ["--upstream-version", f"1.{number}", "--answer", "project_name=Kettle"]
            aegis(self.own, *words, "--components", ",".join(components))
            git(project, "fetch", "--quiet", str(self.template), "HEAD")
        return project


def follow(upstream: Upstream, first: int) -> Counter[str]:
    """Edit a project and update it, release by release."""
    components = upstream.components(first)
    counts = Counter[str]()
    project = upstream.start(f"project-{first}", first, components)
    for number in range(first + 1, min(first + STEPS + 1, RELEASES)):
        counts["edits"] += edit(upstream, project, number)
        pristine = []
        for each in (number - 1, number):
            plain = upstream.start(f"plain-{each}-{len(components)}", each, components)
            git(project, "fetch", "--quiet", str(plain), "HEAD")
            pristine.append(tree(project, "FETCH_HEAD"))
        base, theirs = pristine
        print(f"{project.name} to 1.{number}", flush=True)
        had = [tree(upstream.own, commit) for commit in upstream.between[number]]
        counts += step(project, f"1.{number}", base, theirs, had)
    return counts


def edit(upstream: Upstream, project: Path, number: int) -> int:
    """Real commits from after the release that the project has, as far as they fit."""
    span = (f"{upstream.commits[number - 1]}..HEAD", "--no-merges", "--", ".", ":!release-notes.md")
    later = git(upstream.template, "log", "--format=%H", *ORDER, *span).split()
    taken = 0
    for commit in later[number :: max(1, len(later) // 20)]:
        if taken < EDITS:
            before = tree(project, "HEAD")
            run(project, "git", "cherry-pick", commit, fine=(0, 1))
            git(project, "reset", "--quiet", "--hard")
            taken += before != tree(project, "HEAD")
    return taken


def step(
    project: Path, version: str, base: Tree, theirs: Tree, had: Collection[Tree]
) -> Counter[str]:
    """Update a project, and compare with git; what has to be read is printed."""
    ours = tree(project, "HEAD")
    store = ours.store
    (by_git,) = oracle.merges(store, [(base.within(store), ours, theirs.within(store))])
    said = aegis(project, "rebase-upstream", "--to", version, "--no-lock", "--yes", fine=(0, 3))
    print(*re.findall(r".*merged through.*", said), sep="\n")
    by_us = unmerged(project)
    there = [path.read_bytes() for path in map(project.joinpath, by_us) if path.is_file()]
    marked = [by_git.tree.read(path) for path in by_git.paths if path in by_git.tree]
    read = {"lost": [*lost_lines(project, base, ours, had)]}
    settle(project)
    result = tree(project, "HEAD")
    differing = by_git.tree.within(result.store).changed(result)
    read["differs"] = sorted({*differing} - {*by_us, *by_git.paths})
    read["alone"] = sorted({*by_us} - {*by_git.paths})
    for what, each in read.items():
        print(*(f"  {what}: {one}\n" for one in each), sep="", end="", flush=True)
    found = Counter({what: len(each) for what, each in read.items()} | {"updates": 1})
    for columns, paths, files in ((GIT, by_git.paths, marked), (AEGIS, by_us, there)):
        places = sum(len(MARKED.findall(each)) for each in files)
        found.update(dict(zip(columns, (bool(paths), len(paths), places), strict=True)))
    return found


def lost_lines(project: Path, base: Tree, ours: Tree, had: Collection[Tree]) -> Iterator[str]:
    """The project's own lines that are no longer in their file, or in any if that's gone.

    What the upstream `had` there between the two releases was never the project's own.
    """
    for path in sorted(base.within(ours.store).changed(ours)):
        was, own = (each.read(path) if path in each else b"" for each in (base, ours))
        if b"\0" in own or path == "aegis.toml":
            continue
        every = [path] if (project / path).exists() else git(project, "ls-files").splitlines()
        now = set[bytes]()
        for file in filter(Path.is_file, map(project.joinpath, every)):
            now.update(file.read_bytes().splitlines())
        for each in had:
            now.update(each.read(path).splitlines())
        lost = filter(bytes.strip, {*own.splitlines()} - {*was.splitlines()} - now)
        yield from (f"{path}: {line.decode()}" for line in lost)


def unmerged(project: Path) -> list[str]:
    return git(project, "diff", "--name-only", "--diff-filter=U").splitlines()


def settle(project: Path) -> None:
    """Resolve conflicts with one side, and go on."""
    for path in (paths := unmerged(project)):
        file, is_made = project / path, GENERATED.fullmatch(path)
        marked = file.read_bytes() if file.is_file() else b""
        if MARKED.search(marked) and not is_made:
            file.write_bytes(MARKED.sub(rb"\1", marked))
        elif f" {3 if is_made else 2}\t" in git(project, "ls-files", "-u", "--", path):
            git(project, "checkout", "--theirs" if is_made else "--ours", "--", path)
        else:
            file.unlink(missing_ok=True)
        git(project, "add", "--all", "--force", "--", path)
    if paths:
        git(project, "cherry-pick", "--continue")


def main(template: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        ENV["XDG_CACHE_HOME"] = f"{temporary}/cache"
        upstream = Upstream(template, Path(temporary))
        rows = {f"1.{first}": follow(upstream, first) for first in STARTS}
    rows["**all**"] = sum(rows.values(), Counter[str]())
    print("| from |", " | ".join(COLUMNS), "|\n|---|" + "---:|" * len(COLUMNS))
    for name, counts in rows.items():
        print(f"| {name} |", " | ".join(str(counts[each]) for each in COLUMNS), "|")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
