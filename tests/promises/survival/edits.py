"""What users do to their project: each edit is a function of a project, made by one of these."""

from __future__ import annotations

from collections.abc import Callable

from tests.conftest import Project

Edit = Callable[[Project], None]


def below(path: str, line: str, text: str) -> Edit:
    """Put text below the first line that reads so, or so and then a colon with more."""
    return _beside(path, line, lambda found: found + text)


def above(path: str, line: str, text: str) -> Edit:
    """Put text above such a line."""
    return _beside(path, line, lambda found: text + found)


def swap(path: str, old: str, new: str) -> Edit:
    """Replace what is there once."""
    return lambda project: project.edit(path, old, new)


def write(path: str, text: str) -> Edit:
    """A file of one's own, or a whole one rewritten."""
    return lambda project: project.write(path, text)


def append(path: str, text: str) -> Edit:
    """Text at a file's very end."""
    return lambda project: project.write(path, project.read(path) + text)


def rewrite(path: str, how: Callable[[str], str]) -> Edit:
    """What a formatter, or a search and replace, does to a file."""
    return lambda project: project.write(path, how(project.read(path)))


def move(old: str, new: str) -> Edit:
    """A file or a directory under another name."""

    def edit(project: Project) -> None:
        (project.path / new).parent.mkdir(parents=True, exist_ok=True)
        project.git("mv", old, new)

    return edit


def had(path: str, edit: Edit) -> Edit:
    """An edit of what a component brought: nothing where that is not."""
    return lambda project: edit(project) if (project.path / path).exists() else None


def to_package(path: str, at: str, more: str) -> Edit:
    """A module as a package; all from the line `at` on is in another module of it."""

    def edit(project: Project) -> None:
        package = path.removesuffix(".py")
        head, found, tail = project.read(path).partition(f"\n{at}")
        (project.path / path).unlink()
        project.write(f"{package}/__init__.py", f"{head}\n")
        project.write(f"{package}/{more}", f"{found.lstrip()}{tail}")

    return edit


def delete(path: str) -> Edit:
    """A file that is not wanted."""
    return lambda project: (project.path / path).unlink()


def run_by_all(path: str) -> Edit:
    """`chmod +x`."""
    return lambda project: (project.path / path).chmod(0o755)


def raw(path: str, data: bytes) -> Edit:
    """A file that is not text."""

    def edit(project: Project) -> None:
        (project.path / path).parent.mkdir(parents=True, exist_ok=True)
        (project.path / path).write_bytes(data)

    return edit


def link(path: str, to: str) -> Edit:
    """A symbolic link."""
    return lambda project: (project.path / path).symlink_to(to)


def both(*edits: Edit) -> Edit:
    """One after the other."""

    def edit(project: Project) -> None:
        for each in edits:
            each(project)

    return edit


def _beside(path: str, line: str, how: Callable[[str], str]) -> Edit:
    def edit(project: Project) -> None:
        lines = project.read(path).splitlines(keepends=True)
        at = next(at for at, each in enumerate(lines) if each.startswith((f"{line}\n", f"{line}:")))
        lines[at] = how(lines[at])
        project.write(path, "".join(lines))

    return edit
