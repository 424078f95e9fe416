"""What a person makes of a conflict that a verb or git ended in: an answer for each path."""

from __future__ import annotations

import random
import tomllib

from tests.conftest import Project

ANSWERS = ("both", "ours", "theirs", "combined")


def resolve(project: Project, chance: random.Random, word: str) -> list[str]:
    """Answer each path in conflict, and add it; what was answered."""
    told = []
    for path, stages in unmerged(project).items():
        answer = chance.choice(ANSWERS)
        there = project.path / path
        text = there.read_text() if there.is_file() else ""
        if "<<<<<<< " in text:
            project.write(path, _answered(text, answer, word))
            if path.endswith("aegis.toml") and not _is_toml(project.read(path)):
                answer = "ours"
                project.write(path, _answered(text, answer, word))
        elif answer in ("ours", "theirs"):
            _take(project, path, stages, answer)
        elif not there.is_file():
            _take(project, path, stages, "ours" if 2 in stages else "theirs")
        told.append(f"{path}: {answer}")
    project.git("add", "--all")
    return told


def unmerged(project: Project) -> dict[str, set[int]]:
    """The paths in conflict, and which stages each has."""
    found: dict[str, set[int]] = {}
    for line in project.git("ls-files", "--unmerged", "-z").split("\0"):
        if line:
            meta, _, path = line.partition("\t")
            found.setdefault(path, set()).add(int(meta.split()[2]))
    return found


def _take(project: Project, path: str, stages: set[int], answer: str) -> None:
    if {"ours": 2, "theirs": 3}[answer] in stages:
        project.git("checkout", f"--{answer}", "--", path)
    elif (project.path / path).is_file():
        (project.path / path).unlink()


def _answered(text: str, answer: str, word: str) -> str:
    out: list[str] = []
    sides: dict[str, list[str]] = {}
    side = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("<<<<<<< ") and not side:
            sides, side = {"ours": [], "base": [], "theirs": []}, "ours"
        elif line.startswith("||||||| ") and side == "ours":
            side = "base"
        elif line == "=======\n" and side in ("ours", "base"):
            side = "theirs"
        elif line.startswith(">>>>>>> ") and side == "theirs":
            side = ""
            out += _chosen(sides["ours"], sides["theirs"], answer, word)
        elif side:
            sides[side].append(line)
        else:
            out.append(line)
    return "".join(out)


def _chosen(ours: list[str], theirs: list[str], answer: str, word: str) -> list[str]:
    if answer == "ours":
        return ours
    if answer == "theirs":
        return theirs
    if answer == "combined" and ours:
        indent = ours[0][: len(ours[0]) - len(ours[0].lstrip())].strip("\n")
        return [f"{indent}# {word}\n", *ours[1:]]
    return [*ours, *theirs]


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True
