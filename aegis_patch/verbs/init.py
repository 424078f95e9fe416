"""`aegis init`: start a project, in a new directory or a subdirectory of a repository.

The steps start from the empty tree: the core first, then each named component.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused, in_words
from aegis_patch.landing import commits, journal, new_repository, preconditions
from aegis_patch.objects.trees import Tree
from aegis_patch.project import find, git, repository
from aegis_patch.project.find import Place
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import fork, identity_files, releases
from aegis_patch.upstream.workbench import Bench, open_bench
from aegis_patch.values import dataclass, replace
from aegis_patch.verbs import add, host_files, naming
from aegis_patch.verbs.naming import Naming
from aegis_patch.verbs.opening import refuse_unsigned
from aegis_patch.verbs.perform import perform
from aegis_patch.verbs.step import Mode, Result, Step

_PERSON = {"author_name": "user.name", "author_email": "user.email"}
_INIT = Naming(
    "Which release? Without --upstream-version it's the newest",
    lambda names: f"Want both? `aegis init PATH --components {','.join(names)}`",
)


def init(
    path: Path,
    wanted: Sequence[str],
    given: Mapping[str, str],
    version: str | None,
    url: str,
    mode: Mode,
) -> Result:
    """Start a project: a commit for the core, and one for each named component."""
    path = _resolved(path)
    new_repository.sweep(path)
    with ExitStack() as entered:
        outer = _outer(path)
        held = entered.enter_context(journal.alone(outer)) if outer else None
        _refuse_filled(path, outer)
        there = _subdirectory(outer, path, held) if outer else None
        bench = entered.enter_context(open_bench(there))
        bench.instead = _instead(path, url, wanted)
        opened = _opened(bench, version, url)
        chosen = naming.chosen(bench, opened, wanted, _INIT)
        known = git.variables(_nearest(path))
        answers, said = _answers(opened, path, given, known)
        said += _around(path)
        steps = _steps(opened, answers, chosen)
        if not there:
            branch = "" if known.get("init.defaultbranch") else "main"
            repo = entered.enter_context(new_repository.start(path, branch, dry=mode.dry))
            held = entered.enter_context(journal.alone(repo))
            there = Place(repo=repo, root=Path(repo.workdir), prefix="", head=None, held=held)
        refuse_unsigned(_nearest(there.root), opened, mode)
        result = perform(bench, there, steps, said, mode)
        return replace(result, next=_next(opened, answers))


def _around(path: Path) -> list[str]:
    """A note if a path is inside another project."""
    around = find.nearest_record(path.parent)
    return [f"it is inside another aegis project, {around}"] if around else []


@dataclass(frozen=True, slots=True)
class Offer:
    """What a project can start with: a release, and suggested answers.

    `asked` are the keys of those for which this machine has no suggestion.
    """

    opened: Upstream
    suggested: Mapping[str, str]
    asked: tuple[str, ...]

    @property
    def label(self) -> str:
        """The upstream and its release, as people call them."""
        return Stack(self.opened.url, self.opened.release, self.opened.commit, {}, {}).label

    def check(self, given: Mapping[str, str]) -> None:
        """Check some answers.

        Raises:
            InvalidAnswer: one is not valid.
        """
        identity_files.ask(self.opened, given, self.suggested)


@contextmanager
def offer(path: Path, version: str | None, url: str) -> Iterator[Offer]:
    """The questions before a project starts at a path.

    Raises:
        Refused: none can start there.
    """
    path = _resolved(path)
    new_repository.sweep(path)
    _refuse_filled(path, _outer(path))
    with open_bench() as bench:
        opened = _opened(bench, version, url)
        suggested = suggestions(path, git.variables(_nearest(path)))
        known = identity_files.defaults(opened)
        asked = [key for key in known if key not in suggested or key == "project_name"]
        yield Offer(opened, {**known, **suggested}, tuple(asked))


def _opened(bench: Bench, version: str | None, url: str) -> Upstream:
    url = url if url == releases.BUNDLED else fork.normal(url)
    return bench.open(url, fork.version(version) if version else releases.latest(url))


def _instead(path: Path, url: str, wanted: Sequence[str]) -> str:
    names = f" --components {','.join(wanted)}" if wanted else ""
    upstream = "" if url == releases.BUNDLED else f" --upstream {shlex.quote(url)}"
    return f"aegis init {shlex.quote(str(path))}{names}{upstream} --upstream-version"


def _steps(opened: Upstream, answers: Mapping[str, str], chosen: Sequence[str]) -> list[Step]:
    core = Stack(opened.url, opened.release, opened.commit, answers, {})
    title = f"Start {answers['project_name']} from {core.label}"
    added, _ = add.additions(opened.catalogue, core, chosen)
    return [Step(title, answers.get("description", ""), None, core), *added]


def _next(opened: Upstream, answers: Mapping[str, str]) -> str:
    """What to type in the new project."""
    if opened.url != releases.BUNDLED:
        return "git log --stat"
    return f"uv sync && uv run {identity_files.slug(answers['project_name'])} dev"


def _refuse_filled(path: Path, outer: pygit2.Repository | None) -> None:
    """Refuse a path with files, unless a host made them in the first commit of a repository."""
    entries = _entries(path, outer)
    above = next(place for place in (path, *path.parents) if place.exists())
    if entries or not above.is_dir():
        named = in_words(sorted(entries), most=4)
        what = (
            f"This directory is not empty: it has {named}." if entries else "This path is a file."
        )
        raise Refused(
            what, where=str(above), next="Which new or empty directory instead? `aegis init PATH`"
        )
    if not os.access(above, os.W_OK | os.X_OK):
        raise Refused(
            "You can't write to this directory.",
            where=str(above),
            next=repository.look_at_disk(above),
        )


def _entries(path: Path, outer: pygit2.Repository | None) -> set[str]:
    """The names at a path; at a repository's top, without files of the host."""
    entries = {each.name for each in path.iterdir()} if path.is_dir() else set()
    if outer is None or Path(outer.workdir).resolve() != path:
        return entries
    if head := repository.last_commit(outer):  # what was deleted since counts too
        entries |= {str(each.name) for each in head.tree}
    return host_files.others(entries - {".git"})


def _outer(path: Path) -> pygit2.Repository | None:
    """The repository in which a project would be a subdirectory, unless that is ignored there."""
    parent = _nearest(path)
    if not find.is_in_git(parent):
        return None
    repo = repository.open_repository(parent)
    if repo.workdir is None or path.is_relative_to(Path(repo.path).resolve()):
        raise Refused(
            "This path is inside git's own directory.",
            where=str(path),
            next="Which directory outside of it? `aegis init PATH`",
        )
    top = Path(repo.workdir).resolve()
    if not path.is_relative_to(top):
        return None
    below = repository.prefix_of(top, path)
    return None if below and repo.path_is_ignored(f"{below}/") else repo


def _subdirectory(outer: pygit2.Repository, path: Path, held: int | None) -> Place:
    """A place in a repository, unless no commit can be made there."""
    top = Path(outer.workdir)
    preconditions.verb(outer, top)
    commits.refuse_nobody(top)
    prefix = repository.prefix_of(top, path)
    head = repository.last_commit(outer)
    if head and prefix:
        tree = Tree(outer, head.tree.id)
        if prefix in tree or tree.subtree(prefix):
            raise Refused(
                "The directory is empty, but git has files at this path.",
                where=str(path),
                next=f"git checkout HEAD -- {shlex.quote(f':/{prefix}')}",
            )
    return Place(repo=outer, root=path, prefix=prefix, head=head.id if head else None, held=held)


def _answers(
    opened: Upstream, path: Path, given: Mapping[str, str], known: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """The answers, and a note if nothing tells who the user is."""
    suggested = suggestions(path, known)
    answers = identity_files.ask(opened, given, suggested)
    example = identity_files.defaults(opened)
    made_up = []
    for key in _PERSON:
        is_asked = key in example and key not in {**given, **suggested}
        if is_asked and answers[key] == example[key]:
            made_up.append(key)
    said = []
    if made_up:
        verb = "are placeholders" if len(made_up) > 1 else "is a placeholder"
        typed = " ".join(f"{key}=…" for key in made_up)
        said.append(f"{in_words(made_up)} {verb}; to change: aegis answers {typed}")
    if not commits.knows_author(_nearest(path), known):
        name, email = commits.PLACEHOLDER
        said.append(
            f"git doesn't know who you are, so {name} <{email}> made the commits. "
            'To change: git config --global user.name "…" '
            '&& git config --global user.email "…"'
        )
    return answers, said


def suggestions(path: Path, known: Mapping[str, str]) -> dict[str, str]:
    """The directory's name, and the user's name and address from git's `variables`."""
    found = {"project_name": _utf8(path.name)}
    for key, name in _PERSON.items():
        if value := known.get(name, "").strip():
            found[key] = _utf8(value)
    return found


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _resolved(path: Path) -> Path:
    try:
        return path.expanduser().resolve()
    except RuntimeError as error:  # of ~NAME without such a user, or links in a circle
        what = f"This path leads nowhere: {str(error).rstrip('.')}."
        next = "Which directory instead? `aegis init PATH`"
        raise Refused(what, where=str(path), next=next) from error


def _nearest(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.is_dir())
