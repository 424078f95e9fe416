"""The verbs: each is a list of steps from one stack to the next, built first and landed once."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from aegis_patch import component, land, lock, project, render, stack, trees, upstream
from aegis_patch.component import Catalogue
from aegis_patch.errors import Refused, UpstreamError
from aegis_patch.evolve import (
    Clean,
    Conflict,
    Conflicted,
    Note,
    Outcome,
    Plan,
    Unchanged,
    evolve,
    written_twice,
)
from aegis_patch.land import Draft
from aegis_patch.pristine import after as after_series
from aegis_patch.pristine import before as before_series
from aegis_patch.pristine import pristine
from aegis_patch.project import Project
from aegis_patch.stack import CORE, RECORD, Stack
from aegis_patch.trees import Entry
from aegis_patch.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Step:
    """One commit to be: what it says, and the stacks between which it leads."""

    subject: str
    body: str
    old: Stack | None
    new: Stack

    @property
    def message(self) -> str:
        """The commit's message, trailers included."""
        was = self.old.present if self.old else {}
        now = self.new.present
        touched = sorted(
            name for name in was.keys() | now.keys() if _by(was, name) != _by(now, name)
        )
        trailers = [f"Aegis-Component: {name}" for name in touched]
        trailers.append(f"Aegis-Release: {self.new.release}")
        parts = [self.subject, self.body, "\n".join(trailers)]
        return "\n\n".join(part for part in parts if part) + "\n"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file in a commit: "added", "modified" or "deleted", and how many lines."""

    path: str
    change: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made, is planned, or awaits a person (then it has conflicts)."""

    subject: str
    id: str | None
    files: tuple[FileChange, ...]
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a verb did: commits, things to say, and the names that were not reached."""

    commits: tuple[Commit, ...] = ()
    said: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    dry: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """A project beside its upstream; `drift` lists pristine files that the user changed."""

    stack: Stack
    integrations: tuple[str, ...]
    latest: str
    behind: int
    drift: tuple[FileChange, ...]


@dataclass(frozen=True, slots=True)
class _Built:
    step: Step
    before: pygit2.Oid
    after: pygit2.Oid
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Bench:
    """Where things are built: the scratch store, and the releases opened in it."""

    store: pygit2.Repository
    opened: dict[tuple[str, str, str], Upstream]

    def open(self, url: str, release: str, commit: str = "") -> Upstream:
        key = (url, release, commit)
        if key not in self.opened:
            self.opened[key] = upstream.open_release(self.store, url, release, commit)
        return self.opened[key]

    def upstream(self, wanted: Stack) -> Upstream:
        """The release that a stack is at, once the record was seen to make sense there."""
        found = self.open(wanted.url, wanted.release, wanted.commit)
        for name, there in wanted.present.items():
            catalogue = self._at(wanted, there.release).catalogue
            if name not in catalogue:
                raise Refused(
                    f"the record names {name!r}, which release {there.release} does not have",
                    where=RECORD,
                    next=f"git log -p -- {RECORD}, and put back what it said",
                )
        return found

    def pristine(self, wanted: Stack) -> pygit2.Oid:
        found = self.upstream(wanted)
        releases = {there.release for there in wanted.present.values()} | {wanted.release}
        opened = {release: self._at(wanted, release) for release in releases}
        identity = render.identity(self.store, found, wanted.answers)
        return pristine(self.store, opened, wanted, identity)

    def _at(self, wanted: Stack, release: str) -> Upstream:
        commit = wanted.commit if release == wanted.release else ""
        return self.open(wanted.url, release, commit)


def names(words: Iterable[str]) -> tuple[str, ...]:
    """Names from a command line: commas, spaces and repeats; `database[postgres]` too."""
    found: list[str] = []
    for word in re.split(r"[,\s]+", " ".join(words)):
        outer, _, inner = word.rstrip("]").partition("[")
        found += [name for name in (outer, *inner.split("+")) if name] if inner else [outer]
    return tuple(dict.fromkeys(name for name in found if name))


def init(
    path: Path,
    wanted: Sequence[str],
    given: Mapping[str, str],
    version: str | None,
    *,
    interactive: bool,
    dry: bool,
) -> Result:
    """Start a project: a commit for the core, and one for each named component."""
    path = _empty(path)
    outer = _outer(path)
    with _bench([project.objects(Path(outer.workdir))] if outer else []) as bench:
        opened = bench.open(upstream.BUNDLED, version or upstream.latest())
        chosen = _checked(opened.catalogue, wanted)
        suggested, said = _suggestions(path)
        answers = render.ask(bench.store, opened, given, suggested, interactive=interactive)
        start = Stack(opened.url, opened.release, opened.commit, answers, {})
        title = f"Start {answers['project_name']} from aegis {opened.release}"
        steps = [Step(title, answers["description"], None, start)]
        added, _ = _additions(opened.catalogue, start, chosen)
        return _begin(bench, path, outer, [*steps, *added], said, dry)


def add(where: Path, wanted: Sequence[str], *, dry: bool, relock: bool) -> Result:
    """Add components, a commit for each that is named."""
    with _project(where) as (bench, there):
        opened = bench.upstream(there.stack)
        chosen = _checked(opened.catalogue, wanted)
        steps, said = _additions(opened.catalogue, there.stack, chosen)
        return _run(bench, there, steps, said, dry=dry, relock=relock)


def remove(where: Path, wanted: Sequence[str], *, dry: bool, relock: bool) -> Result:
    """Remove components, each with what came along for it alone; edits stay."""
    with _project(where) as (bench, there):
        opened = bench.upstream(there.stack)
        chosen = _checked(opened.catalogue, wanted)
        steps, said = _removals(bench, opened, there, chosen)
        return _run(bench, there, steps, said, dry=dry, relock=relock)


def rebase(where: Path, to: str | None, *, dry: bool, relock: bool) -> Result:
    """Bring the project to another release, in one commit on top; no history is rewritten."""
    with _project(where) as (bench, there):
        bench.upstream(there.stack)
        opened = bench.open(there.stack.url, to or upstream.latest())
        absent = [name for name in there.stack.present if name not in opened.catalogue]
        absent = [name for name in absent if _is_named(bench, there.stack, name)]
        if absent:
            raise Refused(
                f"release {opened.release} does not have {', '.join(absent)}",
                next=f"aegis remove {' '.join(absent)}, or choose another release with --to",
            )
        moved = stack.rebase(
            _without_lost(there.stack, opened),
            opened.catalogue,
            opened.url,
            opened.release,
            opened.commit,
        )
        if moved == there.stack:
            return Result(said=(f"already at aegis {opened.release}",), dry=dry)
        body = f"From aegis {there.stack.release}, by three-way merge; no history is rewritten."
        step = Step(f"Rebase onto aegis {opened.release}", body, there.stack, moved)
        return _run(bench, there, [step], (), dry=dry, relock=relock)


def answer(where: Path, given: Mapping[str, str], *, dry: bool, relock: bool) -> Result:
    """Change answers, years later too: the project's name follows everywhere."""
    with _project(where) as (bench, there):
        opened = bench.upstream(there.stack)
        answers = render.ask(bench.store, opened, given, there.stack.answers, interactive=False)
        changed = [key for key in answers if answers[key] != there.stack.answers.get(key)]
        if not changed:
            return Result(said=("these are the answers already",), dry=dry)
        step = Step(
            f"Answer {', '.join(changed)}", "", there.stack, stack.answer(there.stack, answers)
        )
        return _run(bench, there, [step], (), dry=dry, relock=relock)


def answers(where: Path) -> Mapping[str, str]:
    """The answers of a project."""
    return project.find(where).stack.answers


def status(where: Path) -> Status:
    """What a project is made of, how far it is behind, and what the user changed."""
    with _project(where, to_write=False) as (bench, there):
        opened = bench.upstream(there.stack)
        versions = list(upstream.releases())
        known = there.stack.release in versions
        behind = len(versions) - 1 - versions.index(there.stack.release) if known else 0
        tree = bench.pristine(there.stack)
        drift = tuple(
            change for change in _changes(bench.store, tree, there.tree) if change.change != "added"
        )
        joined = [
            name for name in there.stack.present if opened.catalogue[name].kind == "integration"
        ]
        return Status(there.stack, tuple(sorted(joined)), upstream.latest(), behind, drift)


def catalogue(version: str | None = None) -> Catalogue:
    """The components of a release (the newest, unless another is named)."""
    with _bench([]) as bench:
        return bench.open(upstream.BUNDLED, version or upstream.latest()).catalogue


@contextmanager
def _bench(alternates: Iterable[Path]) -> Iterator[_Bench]:
    with trees.scratch([*alternates, *upstream.alternates()]) as store:
        yield _Bench(store, {})


@contextmanager
def _project(where: Path, *, to_write: bool = True) -> Iterator[tuple[_Bench, Project]]:
    there = project.find(where)
    if to_write:
        project.guard(there.repo, there.root)
    with _bench([there.objects]) as bench:
        yield bench, there


def _checked(known: Catalogue, wanted: Sequence[str]) -> list[str]:
    """The names in requirement order, or the reason why one cannot be named."""
    for name in wanted:
        if name == CORE:
            raise Refused("core is always there", next="aegis components")
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            nearest = f"did you mean {' or '.join(close)}?" if close else "aegis components"
            raise Refused(f"there is no component called {name!r}", next=nearest)
        if not component.is_chosen(known[name]):
            needs = " and ".join(known[name].requires)
            raise Refused(
                f"{name} is an integration: it is there when {needs} are, and leaves with them",
                next=f"aegis add {' '.join(known[name].requires)}",
            )
    return [name for name in component.order(known, known) if name in wanted]


def _additions(
    known: Catalogue, start: Stack, chosen: Sequence[str]
) -> tuple[list[Step], tuple[str, ...]]:
    steps: list[Step] = []
    said: list[str] = []
    at = start
    for name in chosen:
        there = at.present.get(name)
        new = stack.add(at, known, name)
        if there and there.by == "you":
            said.append(f"{name} is there already")
            continue
        if there:
            steps.append(Step(f"Keep {name}", "It was there because it was needed.", at, new))
        else:
            steps.append(Step(f"Add {name}", _why_added(known, at, new, name), at, new))
        at = new
    return steps, tuple(said)


def _why_added(known: Catalogue, old: Stack, new: Stack, name: str) -> str:
    along = [other for other in component.order(known, new.names - old.names) if other != name]
    body = f"{known[name].title}: {known[name].summary}"
    return f"{body}\n\nBrings along: {', '.join(along)}." if along else body


def _removals(
    bench: _Bench, opened: Upstream, there: Project, chosen: Sequence[str]
) -> tuple[list[Step], tuple[str, ...]]:
    known = opened.catalogue
    said = [f"{name} is not installed" for name in chosen if name not in there.stack.present]
    going = [name for name in reversed(chosen) if name in there.stack.present]
    for name in going:
        users = [
            user
            for user in component.dependants(known, name, there.stack.names)
            if user not in going
        ]
        if users:
            raise Refused(
                f"{name} is needed by {', '.join(users)}",
                next=f"aegis remove {' '.join([*users, name])}",
            )
    steps: list[Step] = []
    at = there.stack
    tree = bench.pristine(there.stack)
    for name in going:
        if name not in at.present:
            continue
        used = {
            need: why
            for need in stack.orphans(at, known, name)
            if need not in going and (why := _used(bench, opened, there, tree, need))
        }
        said += [f"{need} stays, and is yours from now on: {why}" for need, why in used.items()]
        new = stack.remove(at, known, name, used)
        steps.append(Step(f'Revert "Add {name}"', _why_removed(there, name, said), at, new))
        at = new
    return steps, tuple(said)


def _why_removed(there: Project, name: str, said: list[str]) -> str:
    commit = project.gained(there, name)
    if commit is None:
        said.append(f"history no longer has the commit that added {name}")
        return ""
    return f"This reverts commit {commit.id}."


def _used(
    bench: _Bench, opened: Upstream, there: Project, tree: pygit2.Oid, need: str
) -> str | None:
    """Why a requirement cannot leave by itself: its files were changed, or a change names it."""
    store = bench.store
    was, now = (make(store, opened, need) for make in (before_series, after_series))
    own = {path for path in trees.changed(store, was, now) if not trees.lookup(store, was, path)}
    changed = trees.changed(store, tree, there.tree)
    touched = sorted(own.intersection(changed))
    if touched:
        return f"you changed {touched[0]}"
    brought = _brings(store, was, now)
    words = "|".join(re.escape(word) for word in sorted({need, *brought}))
    pattern = re.compile(rf"(?<![\w-])({words})(?![\w-])".encode())
    for path in changed:
        if path == lock.LOCK:
            continue
        texts = [trees.blob(store, trees.lookup(store, at, path)) for at in (tree, there.tree)]
        known = set(texts[0].splitlines())
        for line in texts[1].splitlines():
            if line not in known and (found := pattern.search(line)):
                return f"{path} names {found.group(1).decode()}"
    return None


def _brings(store: pygit2.Repository, was: pygit2.Oid, now: pygit2.Oid) -> set[str]:
    """Names that a series introduces: its environment variables and Compose services."""
    found: set[str] = set()
    for path, pattern in (
        (".env.example", r"^#?\s*([A-Z][A-Z0-9_]+)="),
        ("compose.yaml", r"^  ([a-z][\w-]*):$"),
    ):
        texts = [trees.blob(store, trees.lookup(store, at, path)).decode() for at in (was, now)]
        old, new = (set(re.findall(pattern, text, re.MULTILINE)) for text in texts)
        found |= new - old
    return found


def _run(
    bench: _Bench,
    there: Project,
    steps: Sequence[Step],
    said: Iterable[str],
    *,
    dry: bool,
    relock: bool,
) -> Result:
    if not steps:
        return Result(said=tuple(said), dry=dry)
    built: list[_Built] = []
    told = list(said)
    tree = there.tree
    for step in steps:
        made, more = _build(bench, there, step, tree, relock and not dry)
        told += more
        built.append(made)
        tree = made.after
        if isinstance(made.outcome, Conflicted):
            break
    rest = tuple(step.subject for step in steps[len(built) :])
    return _land(bench, there, built, tuple(told), rest, dry)


def _build(
    bench: _Bench, there: Project, step: Step, tree: pygit2.Oid, relock: bool
) -> tuple[_Built, list[str]]:
    assert step.old is not None
    store = bench.store
    gone = step.old.names - step.new.names
    plan = Plan(
        head=tree,
        old=bench.pristine(step.old),
        new=bench.pristine(step.new),
        record=step.new,
        yours=_yours(bench, there, gone),
    )
    outcome = evolve(store, plan)
    if isinstance(outcome, Unchanged):
        return _Built(step, tree, tree, outcome), []
    after, said = outcome.tree, list[str]()
    if lock_entry := trees.lookup(store, tree, lock.LOCK):
        after, said = _relock(store, tree, outcome, lock_entry, relock)
        outcome = replace(outcome, tree=after)
    return _Built(step, tree, after, outcome), said


def _relock(
    store: pygit2.Repository,
    before: pygit2.Oid,
    outcome: Clean | Conflicted,
    there: Entry,
    relock: bool,
) -> tuple[pygit2.Oid, list[str]]:
    """Bring a tracked uv.lock up to date, or say what to run."""
    sides = [trees.lookup(store, tree, lock.PYPROJECT) for tree in (before, outcome.tree)]
    texts = [trees.blob(store, side) for side in sides]
    by_hand = "uv.lock was left as it is; run: uv lock"
    if isinstance(outcome, Conflicted):
        return outcome.tree, [by_hand]
    if _locked_part(texts[0]) == _locked_part(texts[1]):
        return outcome.tree, []
    if not relock:
        return outcome.tree, [by_hand]
    try:
        data = lock.lock(texts[1], trees.blob(store, there))
    except lock.NotLocked as error:
        return outcome.tree, [f"{error}; {by_hand}"]
    made = Entry(store.create_blob(data), there.mode)
    return trees.replace(store, outcome.tree, {lock.LOCK: made}), []


def _locked_part(pyproject: bytes) -> object:
    try:
        document = tomllib.loads(pyproject.decode())
    except ValueError:
        return pyproject
    tool = document.get("tool", {}).get("uv")
    return [document.get("project"), document.get("dependency-groups"), tool]


def _yours(bench: _Bench, there: Project, gone: Iterable[str]) -> dict[str, frozenset[bytes]]:
    """Lines that the user had written when a series that now leaves wrote them as well."""
    found: dict[str, frozenset[bytes]] = {}
    for name in gone:
        commit = project.gained(there, name)
        if commit is None or not commit.parents:
            continue
        try:
            lines = _lines_met(bench, there, commit)
        except (Refused, UpstreamError):
            continue  # its record or release is gone: nothing can be known of that day
        for path, more in lines.items():
            found[path] = found.get(path, frozenset()) | more
    return found


def _lines_met(bench: _Bench, there: Project, commit: pygit2.Commit) -> dict[str, frozenset[bytes]]:
    store = bench.store
    sides = [trees.subtree(store, at.tree.id, there.prefix) for at in (commit.parents[0], commit)]
    records = [trees.lookup(store, side, RECORD) if side else None for side in sides]
    if sides[0] is None or sides[1] is None or records[0] is None:
        return {}
    old, new = (bench.pristine(stack.parse(trees.blob(store, record))) for record in records)
    met: dict[str, frozenset[bytes]] = {}
    for path in trees.changed(store, old, new):
        at = [trees.lookup(store, tree, path) for tree in (old, sides[0], new, sides[1])]
        if path != RECORD and (lines := written_twice(store, *at)):
            met[path] = lines
    return met


def _land(
    bench: _Bench,
    there: Project,
    built: Sequence[_Built],
    said: tuple[str, ...],
    rest: tuple[str, ...],
    dry: bool,
) -> Result:
    store, repo = bench.store, there.repo
    root = repo[there.head].peel(pygit2.Tree).id
    clean = [made for made in built if isinstance(made.outcome, Clean)]
    stuck = next((made for made in built if isinstance(made.outcome, Conflicted)), None)
    drafts = [Draft(made.step.message, _whole(store, there, root, made.after)) for made in clean]
    last = Draft(stuck.step.message, _whole(store, there, root, stuck.after)) if stuck else None
    for target in (last or drafts[-1],) if last or drafts else ():
        land.check(repo, store, root, _with_conflicts(store, there, target.tree, stuck))
    if last:
        land.check_index(repo)
    if not land.author(there.root):
        raise Refused(
            "git does not know who you are",
            where=str(there.root),
            next='git config user.name "…" && git config user.email "…"',
        )
    ids: list[str] = []
    if not dry and drafts:
        ids = land.commits(repo, store, there.head, drafts)
    if not dry and last and stuck and isinstance(stuck.outcome, Conflicted):
        head = ids[-1] if ids else str(there.head)
        land.conflict(repo, store, head, last, stuck.outcome, there.prefix)
    made_ids: list[str | None] = [*ids] if ids else [None] * len(clean)
    shown = [_shown(store, made, oid) for made, oid in zip(clean, made_ids, strict=True)]
    if stuck:
        shown.append(_shown(store, stuck, None))
    return Result(tuple(shown), said, rest, dry)


def _with_conflicts(
    store: pygit2.Repository, there: Project, tree: pygit2.Oid, stuck: _Built | None
) -> pygit2.Oid:
    """The tree with every conflicted path written, so that the check looks at those too."""
    if stuck is None or not isinstance(stuck.outcome, Conflicted):
        return tree
    prefix = f"{there.prefix}/" if there.prefix else ""
    mark = Entry(store.create_blob(b"conflict\n"), 0o100644)
    edits: dict[str, Entry | None] = {
        prefix + item.path: mark for item in stuck.outcome.conflicts if item.marked
    }
    return trees.replace(store, tree, edits)


def _whole(
    store: pygit2.Repository, there: Project, root: pygit2.Oid, tree: pygit2.Oid
) -> pygit2.Oid:
    """The repository's tree with the project's in its place."""
    if not there.prefix:
        return tree
    return trees.graft(store, root, there.prefix, tree)


def _begin(
    bench: _Bench,
    path: Path,
    outer: pygit2.Repository | None,
    steps: Sequence[Step],
    said: Sequence[str],
    dry: bool,
) -> Result:
    store = bench.store
    made = [bench.pristine(step.new) for step in steps]
    empty = store.TreeBuilder().write()
    root = outer.head.peel(pygit2.Tree).id if outer and not outer.head_is_unborn else empty
    prefix = ""
    if outer:
        prefix = path.relative_to(Path(outer.workdir).resolve()).as_posix().removeprefix(".")
    drafts = [
        Draft(step.message, trees.graft(store, root, prefix, tree) if prefix else tree)
        for step, tree in zip(steps, made, strict=True)
    ]
    if outer:
        land.check(outer, store, root, drafts[-1].tree)
    ids: list[str | None] = [None] * len(drafts)
    if not dry and outer:
        head = None if outer.head_is_unborn else outer.head.peel(pygit2.Commit).id
        ids = [*land.commits(outer, store, head, drafts)]
    elif not dry:
        ids = [*land.start(path, store, drafts)]
    before = [empty, *made[:-1]]
    commits = [
        Commit(step.subject, oid, _changes(store, old, new))
        for step, oid, old, new in zip(steps, ids, before, made, strict=True)
    ]
    return Result(tuple(commits), tuple(said), (), dry)


def _shown(store: pygit2.Repository, made: _Built, oid: str | None) -> Commit:
    outcome = made.outcome
    assert not isinstance(outcome, Unchanged)
    conflicts = outcome.conflicts if isinstance(outcome, Conflicted) else ()
    files = _changes(store, made.before, made.after)
    return Commit(made.step.subject, oid, files, conflicts, outcome.notes)


def _changes(store: pygit2.Repository, old: pygit2.Oid, new: pygit2.Oid) -> tuple[FileChange, ...]:
    changes = []
    for patch in store.diff(old, new):
        if patch is None:
            continue
        _, added, removed = patch.line_stats
        word = {"A": "added", "D": "deleted"}.get(patch.delta.status_char(), "modified")
        changes.append(FileChange(patch.delta.new_file.path, word, added, removed))
    return tuple(changes)


def _empty(path: Path) -> Path:
    path = path.expanduser().resolve()
    entries = sorted(os_entry.name for os_entry in path.iterdir()) if path.is_dir() else []
    fresh = entries == [".git"] and project.open_repository(path).head_is_unborn
    if (path.exists() and not path.is_dir()) or (entries and not fresh):
        raise Refused(
            "this path is not empty",
            where=str(path),
            next="give the path of a new or empty directory",
        )
    return path


def _outer(path: Path) -> pygit2.Repository | None:
    """The repository in which a project would be a subdirectory; not one that ignores it."""
    parent = next(place for place in (path, *path.parents) if place.is_dir())
    if pygit2.discover_repository(str(parent)) is None:
        return None
    repo = project.open_repository(parent)
    inside = repo.workdir and path.is_relative_to(Path(repo.workdir).resolve())
    if not inside:
        return None
    top = Path(repo.workdir).resolve()
    if path != top and repo.path_is_ignored(path.relative_to(top).as_posix() + "/"):
        return None
    project.guard(repo, parent)
    if not land.author(parent):
        raise Refused(
            "git does not know who you are",
            where=str(parent),
            next='git config user.name "…" && git config user.email "…"',
        )
    return repo


def _suggestions(path: Path) -> tuple[dict[str, str], list[str]]:
    parent = next(place for place in (path, *path.parents) if place.is_dir())
    suggested = {"project_name": path.name}
    said = []
    for key, name in (("author_name", "user.name"), ("author_email", "user.email")):
        value = project.git(parent, "config", "--default", "", "--get", name).strip()
        if value:
            suggested[key] = value
    if not land.author(parent):
        name, email = land.PLACEHOLDER
        said.append(
            f"git does not know who you are: the commits are by {name} <{email}>; "
            'git config --global user.name "…" and user.email "…" for the next ones'
        )
    return suggested, said


def _is_named(bench: _Bench, there: Stack, name: str) -> bool:
    return component.is_chosen(bench.upstream(there).catalogue[name])


def _without_lost(there: Stack, opened: Upstream) -> Stack:
    present = {name: by for name, by in there.present.items() if name in opened.catalogue}
    return replace(there, present=present)


def _by(present: Mapping[str, stack.Presence], name: str) -> str | None:
    return present[name].by if name in present else None
