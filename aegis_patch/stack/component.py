"""A component: a directory of patches/ as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aegis_patch.errors import SeriesError
from aegis_patch.formats import bounded_parsers
from aegis_patch.objects.trees import Entry
from aegis_patch.values import dataclass

KINDS = ("component", "variant", "integration", "service")
_KEYS = ("title", "summary", "implementation", "kind", "status", "requires")
STATUSES = ("available", "experimental")
MOST_BYTES = 64 * 1024  # of component.toml, and of a series' list
_NEW_FILE = rb"(?m)^--- /dev/null\n\+\+\+ b/([^\t\n]+)"
NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"  # as it can be typed, and recorded
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Component:
    """A part that a stack can have besides the core: a series of patches, and its requirements.

    `series` holds the patches' names and mails in the order in which they apply; a mail is read
    when it is needed. `was` are the names of the component in other releases. `brings` are the
    files that the mails make, if that was stored with a release. `left` tells whoever removes it
    what stays outside of git, such as tables.
    """

    name: str
    title: str
    summary: str
    implementation: str
    kind: str
    status: str
    requires: tuple[str, ...]
    series: tuple[tuple[str, Entry], ...]
    was: tuple[str, ...] = ()
    brings: tuple[str, ...] | None = None
    left: str = ""


Catalogue = Mapping[str, Component]


def parse(name: str, files: Mapping[str, Entry]) -> Component:
    """Read one component from the files of its directory.

    Raises:
        SeriesError: `component.toml` or `series` is missing or wrong.
    """
    where, about_file = f"patches/{name}", f"patches/{name}/component.toml"
    if not re.fullmatch(NAME, name):
        raise SeriesError("not a valid component name", where=repr(where))
    try:
        if max(files["component.toml"].size, files["series"].size) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES >> 10} KiB")
        about: dict[str, Any] = bounded_parsers.toml(files["component.toml"].data.decode())
        if missing := [key for key in _KEYS if key not in about]:
            raise SeriesError(f"it lacks {', '.join(missing)}", where=about_file)
        names = _series(files["series"].data.decode())
        component = Component(
            name=name,
            title=_text(about["title"]),
            summary=_text(about["summary"]),
            implementation=_text(about["implementation"]),
            kind=_text(about["kind"]),
            status=_text(about["status"]),
            requires=_names(about["requires"]),
            series=tuple((patch, files[patch]) for patch in names),
            was=_names(about.get("was", [])),
            left=_text(about.get("left", "")),
        )
    except KeyError as error:
        raise SeriesError(f"{error.args[0]} is missing", where=where) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise SeriesError(f"cannot be read: {error}", where=where) from error
    for key, known in (("kind", KINDS), ("status", STATUSES)):
        if (value := getattr(component, key)) not in known:
            found = re.search(rf"(?m)^\s*{key}\s*=".encode(), files["component.toml"].data)
            line = files["component.toml"].data[: found.end()].count(b"\n") + 1 if found else 1
            what = f"{key} is {value!r}; it can be {', '.join(known)}"
            raise SeriesError(what, where=f"{about_file}:{line}")
    return component


def is_chosen(component: Component) -> bool:
    """Whether users can name it; integrations are added and removed by themselves."""
    return component.kind != "integration"


def brought(component: Component) -> tuple[str, ...]:
    """The files that a component brings."""
    if component.brings is not None:
        return component.brings
    found: list[str] = []
    for _, mail in component.series:
        found += [path.decode("utf-8", "replace") for path in re.findall(_NEW_FILE, mail.data)]
    return tuple(found)


def listed(series: str) -> list[str]:
    """The patches that a series file names, in order."""
    lines = [line.partition("#")[0].strip() for line in series.splitlines()]
    return [line for line in lines if line]


def _series(text: str) -> list[str]:
    names = listed(text)
    if len(set(names)) != len(names):
        raise ValueError("a patch is named twice")
    return names


def _text(value: object) -> str:
    # It is printed, and stands in a commit's message: one line, and nothing but characters.
    text = str(value)
    if not text.isprintable() or len(text) > _LONGEST_TEXT:
        raise ValueError(f"not one line of text: {text[:_LONGEST_TEXT]!r}")
    return text


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError("requires or was is not a list of names")
    return tuple(dict.fromkeys(value))
