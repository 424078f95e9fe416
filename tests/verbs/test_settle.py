"""`aegis repair` in the midst of git's own operations: two branches, then what git cannot settle.

Real git on real files, over the pairs of the catalogue; the quick run takes a sample of them.
"""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygit2
import pytest

from aegis_patch.landing import pack
from aegis_patch.objects.scratch import scratch
from aegis_patch.objects.trees import Tree
from aegis_patch.stack import component, stack
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import releases
from tests.conftest import OLDER, Project, Start, begun, git, run
from tests.promises.test_laws import ANSWERS, tree_of
from tests.verbs.conftest import is_current, locked

Names = tuple[str, ...]
Pair = tuple[Names, str, str]
SAMPLE = 29  # of the pairs, one in so many
OTHERS = slice(1, None, 17)  # in the full run, one more in so many


@dataclass(frozen=True, slots=True)
class Team:
    """A repository in which any set of components can be committed, upon any commit."""

    project: Project
    store: pygit2.Repository
    opened: Upstream
    made: dict[tuple[Names, ...], str] = field(default_factory=dict)

    def stack(self, names: Names) -> Stack:
        made = Stack(self.opened.url, self.opened.release, self.opened.commit, ANSWERS, {})
        for name in names:
            made = stack.add(made, self.opened.catalogue, name)
        return made

    def tree(self, names: Names) -> str:
        return str(tree_of(self.store, self.stack(names)))

    def commit(self, *ways: Names) -> str:
        """A commit for each set of components, each upon the one before; the last of them."""
        if ways not in self.made:
            tree = self.tree(ways[-1])
            objects = Tree(self.store, pygit2.Oid(hex=tree)).objects()
            place = self.project.path / ".git" / "objects"
            kept = Path(self.store.path, "kept")
            pack.write(place, dict.fromkeys(objects, self.store), kept)
            kept.unlink()
            parents = ["-p", self.commit(*ways[:-1])] if ways[1:] else []
            words = ("commit-tree", *parents, "-m", f"With {' '.join(ways[-1])}", tree)
            self.made[ways] = self.project.git(*words)
        return self.made[ways]

    def at(self, commit: str) -> Project:
        self.project.git("checkout", "--quiet", "--force", "-B", "main", commit)
        return self.project

    def chosen(self) -> list[str]:
        catalogue = self.opened.catalogue
        return sorted(name for name, each in catalogue.items() if component.is_chosen(each))

    def pairs(self) -> list[Pair]:
        """What two branches have in common, and what each of them adds."""
        found = []
        for common in [(), *((name,) for name in self.chosen())]:
            for one, other in itertools.combinations(self.chosen(), 2):
                there = self.stack(common).names
                if not {one, other} & there and self.are_apart(common, one, other):
                    found.append((common, one, other))
        return found

    def brought(self, common: Names, name: str) -> frozenset[str]:
        """What a component brings along."""
        return self.stack((*common, name)).names - self.stack(common).names

    def are_apart(self, common: Names, *added: str) -> bool:
        """Whether none of some components brings another of them along."""
        return not any(
            other in self.stack((*common, one)).names
            for one, other in itertools.permutations(added, 2)
        )


def settled(project: Project) -> Any:
    """All that git left is settled; what then finishes it is pasted."""
    found = project.aegis("repair", "--json").json
    assert found["conflicts"] == []
    assert found["next"].startswith("git ")
    project.paste(found["next"])
    assert not project.git("status", "--porcelain")
    return found


def stops(project: Project, *words: str) -> bool:
    """Whether git stops at conflicts."""
    project.git(*words, check=False)
    return bool(project.git("ls-files", "--unmerged"))


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    path = tmp_path_factory.mktemp("team") / "project"
    git(path.parent, "init", "--quiet", str(path))
    with scratch(releases.alternates()) as store:
        opened = releases.open_release(store, releases.BUNDLED, releases.latest())
        yield Team(Project(path), store, opened)


def merge_each(team: Team, pairs: Sequence[Pair]) -> int:
    """Two branches each add a component; git merges them. How often git stopped."""
    stopped = 0
    for common, one, other in pairs:
        project = team.at(team.commit(common, (*common, one)))
        if stops(project, "merge", "--no-edit", team.commit(common, (*common, other))):
            stopped += 1
            settled(project)
        else:
            project.aegis("repair")  # the integrations that are due
        assert project.tree == team.tree((*common, one, other)), (common, one, other)
    return stopped


def revert_each(team: Team, pairs: Sequence[Pair]) -> int:
    """One component is added, then another; git reverts the commit of the first.

    How often a person is asked: only where git found nothing to stop at, and took away too little.
    """
    asked = 0
    for common, one, other in pairs:
        first, both = (*common, one), (*common, one, other)
        project = team.at(team.commit(common, first, both))
        if stops(project, "revert", "--no-edit", team.commit(common, first)):
            settled(project)
        elif run("-C", project.path, "repair").code:
            asked += 1
            continue
        assert project.tree == team.tree((*common, other)), (common, one, other)
    return asked


def test_two_branches_each_add_a_component(team: Team) -> None:
    assert merge_each(team, team.pairs()[::SAMPLE]) > 2


@pytest.mark.long
def test_more_branches_that_each_add_a_component(team: Team) -> None:
    assert merge_each(team, team.pairs()[OTHERS]) > 4


def test_a_component_is_reverted_after_another_came(team: Team) -> None:
    assert revert_each(team, team.pairs()[::SAMPLE]) == 0


@pytest.mark.long
def test_more_components_are_reverted_after_another_came(team: Team) -> None:
    pairs = team.pairs()[OTHERS]
    turned = [(common, other, one) for common, one, other in pairs]
    assert revert_each(team, [*pairs, *turned]) <= 2


@pytest.mark.long
def test_three_branches_each_add_a_component(team: Team) -> None:
    triples = [
        each for each in itertools.combinations(team.chosen(), 3) if team.are_apart((), *each)
    ]
    for one, *others in random.Random(11).sample(triples, 12):
        project = team.at(team.commit((), (one,)))
        for other in others:
            if stops(project, "merge", "--no-edit", team.commit((), (other,))):
                settled(project)
        project.aegis("repair")
        assert project.tree == team.tree((one, *others)), (one, *others)


@pytest.mark.parametrize("by", ["rebase", "cherry-pick", "squash"])
def test_other_ways_to_bring_a_branch(team: Team, by: str) -> None:
    one, other = ("database",), ("cache",)
    project = team.at(team.commit((), other if by == "rebase" else one))
    brings = team.commit((), one if by == "rebase" else other)
    words = {
        "rebase": [by, brings],
        "cherry-pick": [by, brings],
        "squash": ["merge", "--squash", brings],
    }
    assert stops(project, *words[by])
    found = settled(project)
    assert found["next"] == ("git commit" if by == "squash" else f"git {by} --continue")
    assert project.tree == team.tree(one + other)


def test_a_stash_is_not_to_be_committed(start: Start) -> None:
    project = start()
    project.edit("pyproject.toml", DEPENDENCIES, f'{DEPENDENCIES}    "mine",\n')
    project.git("stash", "--quiet")
    project.edit("pyproject.toml", DEPENDENCIES, f'{DEPENDENCIES}    "theirs",\n')
    project.commit("Theirs")
    assert stops(project, "stash", "pop")
    assert project.aegis("repair", "--json").json["next"] == "git status"
    assert '    "mine",\n' in project.read("pyproject.toml")


DEPENDENCIES = "    # yours below: dependencies\n"
FIRST = "# my-api\n"


@pytest.fixture
def stopped(start: Start) -> Project:
    """Two branches each add a component and a dependency, and change one line."""
    project = start()
    project.git("switch", "--quiet", "-c", "other")
    project.aegis("add", "database")
    edit(project, "theirs")
    project.git("switch", "--quiet", "main")
    project.aegis("add", "cache")
    edit(project, "ours")
    assert stops(project, "merge", "other")
    return project


def edit(project: Project, whose: str) -> None:
    project.edit("pyproject.toml", DEPENDENCIES, f'{DEPENDENCIES}    "{whose}",\n')
    project.edit("README.md", FIRST, f"# {whose}\n")
    project.commit(f"Work of {whose}")


def test_what_people_wrote_is_kept_and_what_they_both_wrote_is_left(stopped: Project) -> None:
    marked = stopped.read("README.md")
    found = stopped.aegis("repair", "--json", code=3).json
    reason = "both changed the same lines"
    assert found["conflicts"] == [{"path": "README.md", "reason": reason}]
    assert stopped.git("diff", "--name-only", "--diff-filter=U") == "README.md"
    assert stopped.read("README.md") == marked
    text = stopped.read("pyproject.toml")
    assert all(text.count(f'"{each}') == 1 for each in ("ours", "theirs", "redis", "sqlmodel"))
    stopped.write("README.md", marked.replace("<<<<<<< HEAD\n", "").partition("=======")[0])
    stopped.git("add", "README.md")
    stopped.git(*found["next"].split()[1:])
    assert stopped.is_sound()
    names = {each["name"] for each in stopped.aegis("status", "--json").json["components"]}
    assert names == {"cache", "database"}


def test_a_file_that_somebody_resolves_is_theirs(stopped: Project) -> None:
    text = stopped.read("pyproject.toml") + "# resolving\n"
    stopped.write("pyproject.toml", text)
    found = stopped.aegis("repair", "--json", code=3).json
    assert {"path": "pyproject.toml", "reason": "you started to resolve it"} in found["conflicts"]
    assert "compose.yaml" in found["merged"]
    assert stopped.read("pyproject.toml") == text
    stopped.git("add", "pyproject.toml")
    found = stopped.aegis("repair", "--json", code=3).json
    assert [each["path"] for each in found["conflicts"]] == ["README.md"]
    assert stopped.read("pyproject.toml") == text


def test_the_record_is_merged_where_a_release_lacks_a_component(start: Start) -> None:
    project = start("cache")
    project.git("switch", "--quiet", "-c", "other")
    project.aegis("rebase-upstream", "--to", "0.9.0")
    project.git("switch", "--quiet", "main")
    project.aegis("add", "ai")
    assert stops(project, "merge", "other")
    ran = project.aegis("repair")
    assert "note aegis.toml: Release 0.9.0 doesn't have ai, which aegis.toml lists" in ran.out
    go_on, _, then = ran.out.rpartition("next ")[2].strip().partition(" && ")
    assert go_on == "git merge --continue"
    project.git("commit", "--quiet", "--no-edit")
    off = project.aegis("status", "--json").json["needs_repair"]
    assert "Release 0.9.0 doesn't have ai, which aegis.toml lists" in [each["what"] for each in off]
    assert {each["next"] for each in off} == {then}
    project.aegis(*then.split()[1:])
    assert project.aegis("status", "--json").json["needs_repair"] == []
    assert project.aegis("diff").out == ""


def test_an_integration_with_a_change_that_has_no_place_is_left_to_repair(start: Start) -> None:
    """Here, of a file that somebody deleted: `aegis repair` lists it."""
    gone = "app/components/mail/__init__.py"
    project = start()
    project.git("switch", "--quiet", "-c", "other")
    project.aegis("add", "database")
    project.git("switch", "--quiet", "main")
    project.aegis("add", "mail")
    project.git("rm", "--quiet", gone)
    project.commit("Without it")
    assert stops(project, "merge", "other")
    assert project.aegis("repair", "--json").json["next"].endswith("&& aegis repair")
    project.git("commit", "--quiet", "--no-edit")
    found = project.aegis("repair", "--json").json
    assert [each["path"] for each in found["not_applied"]] == [gone]


@pytest.mark.parametrize("branch", ["main", "other"])
def test_new_files_go_with_a_directory_that_the_other_branch_moved(
    start: Start, branch: str
) -> None:
    """Git asks for their place. It asks for yours too, which nobody but you can know."""
    project = start("cache")
    project.git("switch", "--quiet", "-c", "other")
    project.aegis("add", "scheduler")
    project.write("docs/components/mine.md", "Mine.\n")
    project.commit("Mine")
    project.git("switch", "--quiet", "main")
    project.git("mv", "docs/components", "docs/parts")
    project.commit("Parts")
    project.aegis("add", "database")
    project.git("switch", "--quiet", branch)
    assert stops(project, "merge", {"main": "other", "other": "main"}[branch])
    found = project.aegis("repair", "--json", code=3).json
    why = "git asks whether it belongs here"
    assert found["conflicts"] == [{"path": "docs/parts/mine.md", "reason": why}]
    project.git("add", "docs/parts/mine.md")
    project.git("commit", "--quiet", "--no-edit")
    project.aegis("repair")
    assert not project.git("ls-files", "docs/components")
    changed = project.aegis("status", "--json").json["changed"]
    assert {each["change"] for each in changed} == {"moved"}
    assert "docs/components/scheduler.md" in {each["path"] for each in changed}


def test_a_submodule_that_both_moved_is_left_to_git(start: Start) -> None:
    """Git leaves the files of a submodule as they are, which nobody resolved."""
    project, library = start("ingress"), start(name="library")
    project.add_submodule(library, "vendor")
    project.commit("A submodule")
    project.git("branch", "theirs")
    for branch in "main", "theirs":
        project.git("switch", "--quiet", branch)
        project.git("submodule", "--quiet", "update")
        git(project.path / "vendor", "commit", "--quiet", "--allow-empty", "-m", branch)
        project.commit(branch)
    project.git("merge", "main", check=False)
    found = project.aegis("repair", "--json", code=3).json
    assert found["conflicts"] == [{"path": "vendor", "reason": "this isn't a conflict of text"}]


def test_a_dry_run_settles_nothing(stopped: Project) -> None:
    before = stopped.git("ls-files", "--stage"), stopped.read("compose.yaml")
    foreseen = stopped.aegis("repair", "--dry-run", "--json", code=3).json
    assert (stopped.git("ls-files", "--stage"), stopped.read("compose.yaml")) == before
    assert "next aegis repair\n" in stopped.aegis("repair", "--dry-run", code=3).out
    made = stopped.aegis("repair", "--json", code=3).json
    assert foreseen == {**made, "next": "aegis repair"}
    shown = stopped.aegis("repair", "--dry-run", code=3).out  # README.md is left, and not settled
    assert "Resolve each file" in shown
    assert shown.endswith("next git merge --continue\n")


def test_what_a_newer_release_brought_goes_with_a_reverted_component(start: Start) -> None:
    project = start("scheduler", "worker", version=OLDER)
    added = project.head
    project.aegis("rebase-upstream")
    project.write("docs/mine.md", "mine\n")
    project.commit("Mine")
    assert stops(project, "revert", "--no-edit", added)
    assert "app/components/worker/page.py" in settled(project)["also_written"]
    status = project.aegis("status", "--json").json
    assert (status["changed"], status["needs_repair"], status["dangling"]) == ([], [], [])
    assert project.read("docs/mine.md") == "mine\n"
    assert not project.git("ls-files", "*worker*", "*cache*")


def test_conflicts_of_a_verb_are_not_settled_again(start: Start) -> None:
    """A verb has merged all that it could, and knows more of the user than git's stages do."""
    project = start()
    project.write("app/components/cache/__init__.py", "# mine\n")
    project.commit("In the way")
    project.aegis("add", "cache", code=3)
    before = project.git("ls-files", "--stage")
    assert "A cherry-pick is in progress" in project.aegis("repair", code=1).err
    assert project.git("ls-files", "--stage") == before


def test_a_project_in_a_subdirectory(tmp_path: Path) -> None:
    """A path outside of the project is merged by its kind alone."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Start")
    project = begun(tmp_path / "my-api")
    assert project.git("rev-parse", "--show-prefix") == "my-api/"
    (tmp_path / "own.toml").write_text("[tool]\na = 1\n")
    project.git("add", "..")
    project.commit("Beside it")
    project.git("branch", "base")
    for branch, name in (("other", "database"), ("main", "cache")):
        project.git("switch", "--quiet", "-C", branch, "base")
        (tmp_path / "own.toml").write_text(f"[tool]\na = 1\n{name} = 1\n")
        project.aegis("add", name)
        project.git("add", "..")
        project.commit("More beside it")
    assert stops(project, "merge", "other")
    settled(project)
    assert project.aegis("status", "--json").json["changed"] == []
    assert (tmp_path / "own.toml").read_text().count("= 1") == 3


def test_what_moved_beside_the_project_is_not_its_own(tmp_path: Path) -> None:
    """A file may be as one of a component, such as another project's."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/mine.md").write_text("Mine.\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Start")
    project = begun(tmp_path / "my-api")
    project.git("switch", "--quiet", "-c", "other")
    project.aegis("add", "scheduler")
    page = project.read("docs/components/scheduler.md")
    (tmp_path / "pages/scheduler.md").write_text(page)
    project.git("add", "..")
    project.commit("Beside it")
    project.git("switch", "--quiet", "main")
    project.git("mv", "../pages", "../handbook")
    project.commit("Handbook")
    project.git("merge", "other", check=False)
    found = project.aegis("repair", "--json", code=3).json
    assert [each["path"] for each in found["conflicts"]] == ["handbook/scheduler.md"]


@pytest.mark.usefixtures("with_uv")
def test_a_lock_is_made_anew_where_uv_may(pinned: Project) -> None:
    pinned.git("branch", "base")
    for branch, name, wheel in (("other", "database", "idna"), ("main", "cache", "certifi")):
        pinned.git("switch", "--quiet", "-C", branch, "base")
        pinned.aegis("add", name, "--no-lock")
        locked(pinned, wheel)
    assert stops(pinned, "merge", "--no-edit", "other")
    found = pinned.aegis("repair", "--no-lock", "--json", code=3).json
    assert [each["path"] for each in found["conflicts"]] == ["uv.lock"]
    assert "Run: uv lock" in found["notes"][0]["text"]
    pinned.git("merge", "--abort")
    assert stops(pinned, "merge", "--no-edit", "other")
    assert "uv.lock" in settled(pinned)["merged"]
    assert is_current(pinned)


OWN = {
    "own.toml": ("[tool]\na = 1\n", "{} = 2\n"),
    "own.yaml": ("tool:\n  a: 1\n", "  {}: 2\n"),
    "own.md": ("# Own\n\n- a\n", "- {}\n"),
    "own.py": ("import a\n", "import {}\n"),
    "own.txt": ("a\n", "{}\n"),
    "own.lock": ("a = 1\n", "{} = 1\n"),
}


def own_files(start: Start, paths: Sequence[str]) -> Project:
    """Files of the user's own, in which two branches put something in at one place."""
    project = start()
    for path in paths:
        project.write(path, OWN[path][0])
    project.commit("Own files")
    project.git("branch", "base")
    for branch in ("theirs", "ours"):
        project.git("switch", "--quiet", "-C", branch, "base")
        for path in paths:
            project.write(path, OWN[path][0] + OWN[path][1].format(branch))
        project.commit(branch)
    return project


@pytest.mark.parametrize("by", ["repair", "driver"])
def test_own_files_are_merged_by_what_they_say(start: Start, by: str) -> None:
    paths = ["own.md", "own.py", "own.toml", "own.yaml"]
    project = own_files(start, paths)
    if by == "driver":
        project.aegis("merge-driver", "on")
    assert stops(project, "merge", "--no-edit", "theirs") == (by == "repair")
    if by == "repair":
        assert settled(project)["merged"] == paths
    for path in paths:
        before, added = OWN[path]
        text = project.read(path)
        assert all(
            part.strip() in text for part in (before, *map(added.format, ("ours", "theirs")))
        )
    assert project.is_sound()


def test_what_neither_can_merge_is_marked_as_ever(start: Start) -> None:
    """Of a kind that aegis does not read, or a lock, which nobody may merge."""
    project = own_files(start, ["own.lock", "own.txt"])
    project.aegis("merge-driver", "on")
    assert stops(project, "merge", "theirs")
    marked = "a\n<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\n"
    assert project.read("own.txt") == marked
    found = project.aegis("repair", "--json", code=3).json
    assert [each["path"] for each in found["conflicts"]] == ["own.lock", "own.txt"]
    assert project.read("own.txt") == marked


def test_the_driver_leaves_no_trace(start: Start) -> None:
    project = start()
    before = project.git("config", "--list")
    planned = project.aegis("merge-driver", "on", "--dry-run").out
    assert "would be on" in planned
    assert "+ merge.default = aegis\n" in planned
    assert project.git("config", "--list") == before
    turned = project.aegis("merge-driver", "on", "--json").json
    assert (turned["merge_driver"], turned["settings"]["merge.default"]) == ("on", "aegis")
    for name, value in turned["settings"].items():
        assert project.git("config", "--local", name) == value
    assert not project.git("status", "--porcelain")
    project.aegis("merge-driver", "on")
    assert project.aegis("merge-driver", "off", "--quiet").out == ""
    assert project.git("config", "--list") == before
    project.git("config", "merge.default", "union")
    refused = project.aegis("merge-driver", "on", code=1).err
    assert "Git already uses the merge driver union." in refused
    project.aegis("merge-driver", "off")
    assert project.git("config", "merge.default") == "union"


def test_what_both_branches_bring_does_not_stand_twice(start: Start) -> None:
    """Beside a removed component, git takes it twice, and finds nothing to stop at."""
    project = start("cache")
    project.aegis("merge-driver", "on")
    project.git("switch", "--quiet", "--create", "theirs")
    project.aegis("add", "database")
    project.aegis("remove", "cache")
    project.git("switch", "--quiet", "main")
    project.write("own.md", "Mine.\n")
    project.commit()
    project.aegis("add", "database")
    project.git("merge", "--quiet", "--no-edit", "theirs")
    assert project.git("diff", "--name-only", "theirs") == "own.md"


def test_without_aegis_the_driver_is_gits_own(start: Start) -> None:
    project = own_files(start, ["own.toml"])
    project.aegis("merge-driver", "on")
    driver = project.git("config", "merge.aegis.driver")
    project.git("config", "merge.aegis.driver", driver.replace(sys.executable, "/gone/python"))
    assert stops(project, "merge", "theirs")
    assert "<<<<<<< ours\nours = 2\n" in project.read("own.toml")


def test_what_git_merges_is_not_asked_about(start: Start, tmp_path: Path) -> None:
    """Each file would cost an interpreter, and most have an anchor."""
    project = start("database")
    project.aegis("merge-driver", "on")
    asked = tmp_path / "asked"
    driver = project.git("config", "merge.aegis.driver")
    driver = driver.replace(sys.executable, f"touch {asked} #")
    project.git("config", "merge.aegis.driver", driver)
    project.git("switch", "--quiet", "--create", "theirs")
    text = project.read("compose.yaml")
    project.write("compose.yaml", f"{text}# theirs\n")
    project.commit()
    project.git("switch", "--quiet", "main")
    project.write("compose.yaml", f"# mine\n{text}")
    project.commit()
    project.git("merge", "--quiet", "--no-edit", "theirs")
    assert project.read("compose.yaml") == f"# mine\n{text}# theirs\n"
    assert not asked.exists()


def test_gitattributes_have_the_last_word(start: Start) -> None:
    project = own_files(start, ["own.toml"])
    project.aegis("merge-driver", "on")
    project.write(".gitattributes", "own.toml merge=text\n")
    project.commit("Attributes")
    assert stops(project, "merge", "theirs")


@pytest.mark.long
@pytest.mark.parametrize("turned", [False, True])
def test_the_driver_does_what_repair_does(team: Team, turned: bool) -> None:
    """Whichever branch has which component: the same lines, and above an anchor in one order.

    But for the order of blocks in `.env.example`: where one branch adds a line to the block above
    as well (`mail+database` does), git merges the file by itself and doesn't ask the driver.
    """
    for common, *each in team.pairs()[:: 2 * SAMPLE]:
        one, other = reversed(each) if turned else each
        project = team.at(team.commit(common, (*common, one)))
        project.aegis("merge-driver", "on")
        project.git("branch", "--force", "other", team.commit(common, (*common, other)))
        if stops(project, "merge", "--no-edit", "other"):
            # Both brought what neither had: git has no file from which these two come.
            assert team.brought(common, one) & team.brought(common, other), (common, one, other)
            settled(project)
        project.aegis("repair")
        wanted = team.commit((*common, one, other))
        changed = project.git("diff", "--name-only", wanted, "HEAD")
        assert changed in ("", ".env.example"), (common, one, other)
        lines = project.read(".env.example").splitlines()
        expected = project.git("show", f"{wanted}:.env.example").splitlines()
        assert sorted(lines) == sorted(expected), (common, one, other)
        project.aegis("merge-driver", "off")
