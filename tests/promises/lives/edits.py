"""What a user does to their files, each with a word of its own in it; one commit each."""

from __future__ import annotations

import ast
import json
import random
import re
import tomllib
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath

import yaml

from aegis_patch.objects.scratch import scratch
from aegis_patch.stack import patch
from aegis_patch.stack.record import RECORD
from aegis_patch.upstream import releases
from tests.conftest import Project

Edit = Callable[[Project, random.Random, str], str | None]  # what was done; None: nothing
_ITEM = re.compile(r'^(\s*)"[^"]*",$')


@lru_cache(10_000)
def problem(path: str, text: str) -> str | None:
    """Why a file does not parse, if it is of a kind that should."""
    try:
        match PurePosixPath(path).suffix:
            case ".py":
                ast.parse(text)
            case ".toml":
                tomllib.loads(text)
            case ".yaml" | ".yml":
                list(yaml.load_all(text, yaml.BaseLoader))
            case ".json":
                json.loads(text)
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        return str(error)
    return None


def insert(project: Project, chance: random.Random, word: str) -> str | None:
    """A new line: like its neighbour, or a comment."""
    path = _file(project, chance)
    lines = project.read(path).splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        return None
    at = _place(chance, lines)
    near = lines[at - 1] if at else (lines[0] if lines else "")
    for line in (
        *([_like(path, near, word)] if path != RECORD and chance.random() < 0.6 else []),
        _said(near, word),
    ):
        text = "".join([*lines[:at], line, *lines[at:]])
        if problem(path, text) is None:
            project.write(path, text)
            return f"insert {line!r} at {path}:{at + 1}"
    return None


def change(project: Project, chance: random.Random, word: str) -> str | None:
    """A line there is gets a word."""
    path = _file(project, chance)
    lines = project.read(path).splitlines(keepends=True)
    if not lines:
        return None
    at = min(_place(chance, lines), len(lines) - 1)
    was = lines[at]
    if not was.strip() or not was.endswith("\n"):
        return None
    end = f" {word}" if path.endswith(".md") or was.lstrip().startswith("#") else f"  # {word}"
    lines[at] = was.rstrip("\n") + end + "\n"
    if problem(path, "".join(lines)) is not None:
        return None
    project.write(path, "".join(lines))
    return f"change {path}:{at + 1} to {lines[at]!r}"


def drop(project: Project, chance: random.Random, word: str) -> str | None:
    """A line less."""
    path = _file(project, chance)
    lines = project.read(path).splitlines(keepends=True)
    if not lines or path == RECORD:
        return None
    at = min(_place(chance, lines), len(lines) - 1)
    text = "".join([*lines[:at], *lines[at + 1 :]])
    if problem(path, text) is not None or not text:
        return None
    project.write(path, text)
    return f"drop {path}:{at + 1} {lines[at]!r}"


def create(project: Project, chance: random.Random, word: str) -> str | None:
    """A new file, in a directory that is there."""
    places = sorted({path.rpartition("/")[0] for path in _files(project)})
    suffix, text = chance.choice(
        [
            (".py", f'"""{word}."""\n\nNAME = "{word}"\n'),
            (".md", f"# {word}\n"),
            (".yaml", f"{word}: 1\n"),
        ]
    )
    path = f"{chance.choice(places)}/{word}{suffix}".removeprefix("/")
    project.write(path, text)
    return f"create {path}"


def rename(project: Project, chance: random.Random, word: str) -> str | None:
    """A file under another name or in another directory."""
    path = _file(project, chance)
    if path == RECORD or path.endswith("/__init__.py"):
        return None
    old = PurePosixPath(path)
    name = f"{old.stem}_moved{old.suffix}" if chance.random() < 0.6 else f"moved/{old.name}"
    return _move(project, path, str(old.with_name(name) if "/" not in name else old.parent / name))


def rename_directory(project: Project, chance: random.Random, word: str) -> str | None:
    places = sorted({path.rpartition("/")[0] for path in _files(project)} - {""})
    inside = [place for place in places if place.startswith("app/components/")]
    place = chance.choice(inside if inside and chance.random() < 0.6 else places)
    return _move(project, place, f"{place}_moved")


def package(project: Project, chance: random.Random, word: str) -> str | None:
    """A module becomes a package."""
    modules = [p for p in _files(project) if p.endswith(".py") and not p.endswith("/__init__.py")]
    path = chance.choice(modules)
    text = project.read(path)
    (project.path / path).unlink()
    project.write(f"{path.removesuffix('.py')}/__init__.py", text)
    return f"package {path}"


def delete(project: Project, chance: random.Random, word: str) -> str | None:
    path = _file(project, chance)
    if path == RECORD:
        return None
    (project.path / path).unlink()
    return f"delete {path}"


def copy(project: Project, chance: random.Random, word: str) -> str | None:
    """A file that starts as another one's copy."""
    path = _file(project, chance)
    old = PurePosixPath(path)
    new = str(old.with_name(f"{old.stem}_{word}{old.suffix}"))
    text = re.sub(r"own\d{4}own", "a word", project.read(path), flags=re.IGNORECASE)
    project.write(new, text)
    return f"copy {path} {new}"


def borrow(project: Project, chance: random.Random, word: str) -> str | None:
    """What a component brings or has brought, written by the user, at its place or at another."""
    found = [
        (file.path, line.decode())
        for file in _brought(project, chance)
        for hunk in file.hunks
        for line in hunk.postimage
        if line not in hunk.preimage and line.strip()
    ]
    path, line = chance.choice(found)
    if not (project.path / path).is_file():
        return None
    lines = project.read(path).splitlines(keepends=True)
    end = next((at for at, line in enumerate(lines, 1) if "yours below" in line), 0)
    at = chance.choice([end, _place(chance, lines)])
    text = "".join([*lines[:at], line, *lines[at:]])
    if problem(path, text) is not None:
        return None
    project.write(path, text)
    return f"borrow {line!r} at {path}:{at + 1}"


def obstruct(project: Project, chance: random.Random, word: str) -> str | None:
    """A file at the path of one that a component brings, or of a directory of it, or below it."""
    path = chance.choice([file.path for file in _brought(project, chance)])
    place = chance.choice([path, path, path.rpartition("/")[0], f"{path}/{word}"])
    above = [str(each) for each in PurePosixPath(place).parents]
    taken = any((project.path / each).is_file() for each in above)
    if not place or taken or (project.path / place).exists() or place.endswith(".json"):
        return None
    project.write(place, f"# {word}\n")
    return f"obstruct {place}"


def _brought(project: Project, chance: random.Random) -> tuple[patch.FilePatch, ...]:
    """The files of one patch of a component of the project's release."""
    release = tomllib.loads(project.read(RECORD))["upstream"]["release"]
    with scratch(releases.alternates()) as store:
        known = releases.open_release(store, releases.BUNDLED, release).catalogue
        _, mail = chance.choice(known[chance.choice(sorted(known))].series)
        return patch.parse("a patch", mail.data).files


EDITS: dict[Edit, int] = {
    insert: 14,
    change: 4,
    drop: 3,
    create: 3,
    rename: 2,
    rename_directory: 1,
    package: 1,
    delete: 1,
    copy: 1,
    borrow: 4,
    obstruct: 1,
}


def _move(project: Project, old: str, new: str) -> str | None:
    if (project.path / new).exists():
        return None
    (project.path / new).parent.mkdir(parents=True, exist_ok=True)
    (project.path / old).rename(project.path / new)
    return f"move {old} {new}"


def _files(project: Project) -> list[str]:
    listed = project.git("ls-files", "-z").split("\0")
    return [path for path in listed if path and (project.path / path).is_file()]


def _file(project: Project, chance: random.Random) -> str:
    """A file, most often one in which many write."""
    paths = [path for path in _files(project) if not path.endswith(".json")]
    texts = {path: (project.path / path).read_bytes() for path in paths}
    shared = [path for path in paths if b"yours below" in texts[path]]
    inside = [path for path in paths if "/components/" in path]
    fresh = set(project.git("diff", "--name-only", "-z", "HEAD^", check=False).split("\0")) & set(
        paths
    )
    others = [each for each in (shared, shared, inside, sorted(fresh), paths) if each]
    return chance.choice(chance.choice(others))


def _place(chance: random.Random, lines: list[str]) -> int:
    """A place between lines, often near where a list ends."""
    ends = [at for at, line in enumerate(lines) if "yours below" in line]
    if ends and chance.random() < 0.6:
        return max(0, min(len(lines), chance.choice(ends) + chance.randint(-3, 2)))
    return chance.randint(0, len(lines))


def _said(near: str, word: str) -> str:
    indent = near[: len(near) - len(near.lstrip())].strip("\n")
    return f"{indent}# {word}\n"


def _like(path: str, near: str, word: str) -> str:
    """A line such as its neighbour is."""
    indent = near[: len(near) - len(near.lstrip())].strip("\n")
    name = PurePosixPath(path).name
    if path.endswith(".py"):
        return (
            f"{indent}from {word} import name\n"
            if near.lstrip().startswith(("import ", "from "))
            else f"{indent}{word} = 1\n"
        )
    if found := _ITEM.match(near):
        return f'{found.group(1)}"{word}",\n'
    if path.endswith(".toml"):
        return f"{word} = 1\n"
    if path.endswith((".yaml", ".yml")):
        return f"{indent}- {word}\n" if near.lstrip().startswith("- ") else f"{indent}{word}: 1\n"
    if name.startswith(".env") or path.endswith(".env.example"):
        return f"{word.upper()}=1\n"
    if name == "Makefile":
        return f"\t{word}\n" if near.startswith("\t") else f"{word}: help\n"
    if path.endswith(".md"):
        return f"| {word} | a |\n" if near.startswith("|") else f"- {word}\n"
    return _said(near, word)
