"""Values behave as the dataclasses that a type checker takes them for."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from aegis_patch import values
from tests.tiny import ROOT


def classes(made: Any) -> tuple[Any, Any]:
    """A class, and one below it that gives a field a type of its own."""

    @made.dataclass(frozen=True, slots=True, kw_only=True)
    class Place:
        """A place."""

        path: str
        head: int | None = None
        also: tuple[Any, ...] = ()

    @made.dataclass(frozen=True, slots=True, kw_only=True)
    class Project(Place):
        """A project in it."""

        head: int
        name: str = "x"

    return Place, Project


@pytest.mark.parametrize("made", [values, dataclasses])
def test_a_value_is_a_frozen_slotted_dataclass(made: Any) -> None:
    place, project = classes(made)
    one = project(path="a", head=1)
    assert (one.path, one.head, one.also, one.name) == ("a", 1, (), "x")
    assert one == project(path="a", head=1) != made.replace(one, head=2)
    assert place(path="a", head=1) != one
    assert len({one, project(path="a", head=1), place(path="a")}) == 2
    assert repr(one).endswith("Project(path='a', head=1, also=(), name='x')")
    assert made.asdict(place(path="b", also=(one,)))["also"][0]["path"] == "a"
    with pytest.raises(AttributeError):
        one.head = 2
    with pytest.raises((AttributeError, TypeError)):
        one.other = 2
    for wrong in ({"path": "a", "other": 1}, {"head": 1}):
        with pytest.raises(TypeError):
            place(**wrong)


def test_the_standard_library_makes_none_of_ours() -> None:
    """Its `replace` takes none of these, and type checkers see no difference."""
    for path in (ROOT / "aegis_patch").rglob("*.py"):
        text = path.read_text()
        is_there = "from dataclasses" in text or "import dataclasses" in text
        assert is_there == (path.name == "values.py"), path
