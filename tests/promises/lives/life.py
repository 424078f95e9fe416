"""A life: a project, what was done to it, and what its user has had to decide."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pygit2

from aegis_patch.objects.trees import Tree
from aegis_patch.stack import component
from aegis_patch.stack.record import RECORD
from tests.conftest import NEWEST, OLDER, Project, begun
from tests.promises.lives import words
from tests.promises.lives.words import Written
from tests.stacks import catalogue


@cache
def names(release: str) -> tuple[str, ...]:
    """What can be named in a release."""
    known = catalogue(release)
    return tuple(sorted(name for name, each in known.items() if component.is_chosen(each)))


@dataclass(slots=True)
class Life:
    """A project, what was done to it, and what the user has had to decide."""

    project: Project
    chance: random.Random
    favourites: frozenset[str]  # components that come and go more often
    told: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)  # words that stood in a conflict
    kept: bool = False  # what a note or an answer left may stay for ever
    count: int = 0
    clock: int = 1_767_323_045
    ran: Counter[str] = field(default_factory=Counter)

    def word(self) -> str:
        self.count += 1
        return f"own{self.count:04}own"

    def say(self, what: str) -> None:
        self.told.append(what)

    @property
    def repo(self) -> pygit2.Repository:
        return pygit2.Repository(str(self.project.path))

    @property
    def written(self) -> Written:
        repo = self.repo
        return words.of_tree(Tree(repo, repo.head.peel(pygit2.Tree).id))

    @property
    def present(self) -> dict[str, str]:
        """What the record names, and who asked for it."""
        record = tomllib.loads(self.project.read(RECORD))
        return {name: entry["by"] for name, entry in record["components"].items()}

    @property
    def release(self) -> str:
        return str(tomllib.loads(self.project.read(RECORD))["upstream"]["release"])

    @property
    def lines(self) -> Counter[str]:
        """All that the project says, but for the record."""
        repo = self.repo
        tree = Tree(repo, repo.head.peel(pygit2.Tree).id)
        found = Counter[str]()
        for path in tree.files():
            if path != RECORD:
                text = tree.read(path).decode()
                found.update(line.strip() for line in text.splitlines() if line.strip())
        return found


def begin(path: Path, chance: random.Random) -> Life:
    """A new project at some release, with some components."""
    version = chance.choice([OLDER, NEWEST])
    chosen = chance.sample(names(version), chance.randint(0, 3))
    args = ["--components", ",".join(chosen)] if chosen else []
    project = begun(path, "--upstream-version", version, *args)
    favourites = frozenset(chance.sample(names(NEWEST), 2))
    told = [f"aegis init at {version} with {chosen}"]
    return Life(project, chance, favourites, told)
