"""component.py: what a directory of patches/ says, and the algebra of requirements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.errors import SeriesError
from aegis_patch.maintain import check
from aegis_patch.stack import component, requirements
from aegis_patch.stack.component import Catalogue
from tests import tiny
from tests.tiny import a_catalogue, a_component

CATALOGUE = a_catalogue(
    a_component("cache"),
    a_component("database"),
    a_component("ingress"),
    a_component("ledger", ("postgres",)),
    a_component("postgres", ("database",), "variant"),
    a_component("scheduler"),
    a_component("scheduler+database", ("database", "scheduler"), "integration"),
    a_component("scheduler+worker", ("scheduler", "worker"), "integration"),
    a_component("worker", ("cache",)),
)


def test_a_directory_is_a_component() -> None:
    made = tiny.parsed("cache", requires='["redis", "core-lib"]')
    assert (made.name, made.title, made.kind) == ("cache", "Cache", "component")
    assert made.requires == ("redis", "core-lib")
    assert [patch for patch, _ in made.series] == ["add.patch"]


def test_a_series_may_hold_comments_and_blank_lines() -> None:
    files = tiny.component_files() | {"series": b"\r\n# one\r\nadd.patch  # why\r\n\n  b.patch \n"}
    files["b.patch"] = b"b"
    made = tiny.parsed_files("x", files)
    assert [patch for patch, _ in made.series] == ["add.patch", "b.patch"]


@pytest.mark.parametrize(
    "key", ["title", "summary", "implementation", "kind", "status", "requires"]
)
def test_every_key_has_to_be_there(key: str) -> None:
    with pytest.raises(SeriesError, match=key) as raised:
        tiny.parsed("cache", **{key: None})
    assert raised.value.where == "patches/cache/component.toml"


@pytest.mark.parametrize(
    "about",
    [
        {"kind": '"plugin"'},
        {"status": '"broken"'},
        {"kind": "[]"},
        {"requires": '"cache"'},  # not the letters c, a, c …
        {"requires": "[1]"},
        {"requires": "{}"},
        {"title": "= ="},
        {"title": "[" * 5000},
    ],
)
def test_nonsense_is_the_upstreams_fault(about: dict[str, object]) -> None:
    with pytest.raises(SeriesError):
        tiny.parsed("cache", **about)


@pytest.mark.parametrize("missing", ["component.toml", "series", "add.patch"])
def test_every_file_has_to_be_there(missing: str) -> None:
    files = tiny.component_files()
    del files[missing]
    with pytest.raises(SeriesError, match=missing):
        tiny.parsed_files("cache", files)


def test_a_file_that_is_not_utf8_is_the_upstreams_fault() -> None:
    with pytest.raises(SeriesError):
        tiny.parsed_files("cache", tiny.component_files() | {"series": b"\xff"})


@pytest.mark.parametrize(
    ("names", "closed"),
    [
        ([], []),
        (["cache"], ["cache"]),
        (["worker"], ["cache", "worker"]),
        (["postgres"], ["database", "postgres"]),
        (["ledger"], ["database", "ledger", "postgres"]),
        (["scheduler", "database"], ["database", "scheduler", "scheduler+database"]),
        (
            ["scheduler", "ledger"],
            ["database", "ledger", "postgres", "scheduler", "scheduler+database"],
        ),
        (["worker", "scheduler"], ["cache", "scheduler", "scheduler+worker", "worker"]),
    ],
)
def test_a_closure_has_what_is_required_and_what_joins(names: list[str], closed: list[str]) -> None:
    assert sorted(requirements.closure(CATALOGUE, names)) == closed


def test_an_integration_of_integrations_joins_too() -> None:
    catalogue = a_catalogue(
        *(a_component(name) for name in "abc"),
        a_component("a+b", ("a", "b"), "integration"),
        a_component("a+b+c", ("a+b", "c"), "integration"),
    )
    assert requirements.closure(catalogue, "abc") == {"a", "b", "c", "a+b", "a+b+c"}


def test_thousands_of_integrations_join() -> None:
    many = [a_component(f"a{number}", ("a",), "integration") for number in range(2000)]
    catalogue = a_catalogue(a_component("a"), *many)
    assert requirements.closure(catalogue, "a") == catalogue.keys()


def test_check_tries_small_sets_and_everything() -> None:
    names = [chr(ord("a") + number) for number in range(26)]
    sets = check.sets(a_catalogue(*map(a_component, names)))
    assert len(sets) == check.MOST_SETS + 1
    assert {frozenset(), frozenset("a"), frozenset("ab"), frozenset(names)} <= {*sets}


def test_order_is_by_requirement_then_by_alphabet() -> None:
    assert requirements.order(CATALOGUE, CATALOGUE) == (
        *("cache", "database", "ingress", "postgres", "ledger", "scheduler"),
        *("scheduler+database", "worker", "scheduler+worker"),
    )


def test_order_minds_only_what_is_there() -> None:
    assert requirements.order(CATALOGUE, ["worker", "ingress"]) == ("ingress", "worker")


@pytest.mark.parametrize(
    "circle",
    [
        a_catalogue(a_component("a", ("a",))),
        a_catalogue(a_component("a", ("b",)), a_component("b", ("a",))),
    ],
)
def test_a_circle_is_the_upstreams_fault_and_never_hangs(circle: Catalogue) -> None:
    assert requirements.closure(circle, circle) == circle.keys()
    with pytest.raises(SeriesError, match="circle"):
        requirements.order(circle, circle)


def test_a_requirement_that_does_not_exist_is_the_upstreams_fault() -> None:
    with pytest.raises(SeriesError, match="nothing"):
        requirements.closure(a_catalogue(a_component("a", ("nothing",))), "a")


@pytest.mark.parametrize(
    ("name", "users"),
    [
        ("cache", ("worker",)),
        ("database", ("ledger",)),  # by way of a variant; the variant itself is not counted
        ("postgres", ("ledger",)),
        ("scheduler", ()),  # its integrations leave with it
        ("ingress", ()),
    ],
)
def test_dependants_are_those_who_cannot_do_without(name: str, users: tuple[str, ...]) -> None:
    assert requirements.dependants(CATALOGUE, name, CATALOGUE) == users


def test_only_who_is_present_depends() -> None:
    assert requirements.dependants(CATALOGUE, "cache", ["cache", "ingress"]) == ()


def test_integrations_are_not_chosen() -> None:
    unchosen = {name for name, each in CATALOGUE.items() if not component.is_chosen(each)}
    assert unchosen == {"scheduler+database", "scheduler+worker"}


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    names = "abcdefg"[: draw(st.integers(1, 7))]
    made = []
    for at, name in enumerate(names):
        needs = draw(st.lists(st.sampled_from(names[:at]), unique=True)) if at else []
        kind = "integration" if len(needs) > 1 and draw(st.booleans()) else "component"
        made.append(a_component(name, tuple(needs), kind))
    return a_catalogue(*made)


@given(catalogue=catalogues(), data=st.data())
def test_closure_is_a_closure_and_order_is_an_order(
    catalogue: Catalogue, data: st.DataObject
) -> None:
    names = frozenset(data.draw(st.lists(st.sampled_from(sorted(catalogue)))))
    more = names | set(data.draw(st.lists(st.sampled_from(sorted(catalogue)))))
    closed = requirements.closure(catalogue, names)
    assert names <= closed == requirements.closure(catalogue, closed)
    assert closed <= requirements.closure(catalogue, more)
    order = requirements.order(catalogue, closed)
    assert sorted(order) == sorted(closed)
    for at, name in enumerate(order):
        assert set(catalogue[name].requires) <= set(order[:at])
