"""The output of `aegis explain`: a line and its origin, or a file with a margin of owners."""

from __future__ import annotations

from aegis_patch.terminal.screen import Screen, bold, cyan, dim, magenta, plain
from aegis_patch.verbs.explain import Explained, Part

_NOT_YET = "not committed"


def show_explained(screen: Screen, found: Explained) -> None:
    """A file's lines with their owners, then a list of these; for one line, just its owner."""
    if found.pristine and found.pristine != found.path:
        screen.line(dim(plain(f"{found.path} is {found.pristine} in {found.release}")))
    if len(found.text) > 1 or len(found.parts) > 1:
        _show_lines(screen, found)
    elif found.text:
        screen.raw(plain(found.text[0]))
    for part in {(part.origin, part.commit): part for part in found.parts}.values():
        _show_owner(screen, found, part)


def _show_lines(screen: Screen, found: Explained) -> None:
    names = [_name(part) for part in found.parts]
    width = max(map(len, names))
    texts = iter(found.text)
    for part, name in zip(found.parts, names, strict=True):
        owner = _styled(part, f"{name:{width}}")
        for _ in range(part.start, part.stop + 1):
            screen.raw(f"{owner} {dim('│')} {plain(next(texts).expandtabs())}")
    screen.line()


def _styled(part: Part, owner: str) -> str:
    """The user's own lines stand out, the core's stay in the background."""
    if part.origin is None:
        return magenta(owner)
    return dim(owner) if part.origin.component == "core" else cyan(owner)


def _show_owner(screen: Screen, found: Explained, part: Part) -> None:
    owner = _styled(part, bold(_name(part)))
    if part.commit:
        said = f"yours: {part.commit.subject!r} ({part.commit.author}, {part.commit.ago})"
    elif part.origin is None:
        said = "yours, on disk"
    else:
        patch = f": {part.origin.patch!r}" if part.origin.patch else ""
        said = f"{found.release}{patch}"
    screen.line(f"{owner}  {plain(said)}", hang=4)
    if part.origin and part.origin.why:
        screen.line(dim(plain(part.origin.why)))


def _name(part: Part) -> str:
    if part.origin:
        return part.origin.component
    return part.commit.commit[:7] if part.commit else _NOT_YET
