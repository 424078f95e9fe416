"""stack.py: the algebra of the verbs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.stack import stack
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.values import replace
from tests.stack.test_component import CATALOGUE
from tests.tiny import a_catalogue, a_component

ANSWERS = {
    "project_name": "My API",
    "description": "Does it.",
    "author_name": "Uma",
    "author_email": "uma@example.org",
}


def a_stack(*names: str, **by_need: str) -> Stack:
    """A stack with these names; those of `need="a b"` are there by need."""
    needed = by_need.get("need", "").split()
    present = {name: Presence("1.0", "you") for name in names}
    present |= {name: Presence("1.0", "need") for name in needed}
    return Stack("aegis", "1.0", "c" * 40, ANSWERS, present)


def who(made: Stack) -> dict[str, str]:
    return {name: there.by for name, there in sorted(made.present.items())}


def test_add_brings_what_is_needed() -> None:
    assert who(stack.add(a_stack(), CATALOGUE, "worker")) == {"cache": "need", "worker": "you"}


def test_add_promotes_what_was_there_by_need() -> None:
    made = stack.add(a_stack("worker", need="cache"), CATALOGUE, "cache")
    assert who(made) == {"cache": "you", "worker": "you"}


def test_add_lets_integrations_join() -> None:
    made = stack.add(a_stack("scheduler"), CATALOGUE, "database")
    assert who(made)["scheduler+database"] == "need"


def test_add_brings_everything_to_the_stacks_release() -> None:
    there = replace(a_stack("ingress"), release="2.0")
    made = stack.add(there, CATALOGUE, "cache")
    assert {each.release for each in made.present.values()} == {"2.0"}


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        (a_stack("worker", need="cache"), "worker", {}),
        (a_stack("worker", "cache"), "worker", {"cache": "you"}),
        (
            a_stack("scheduler", "database", need="scheduler+database"),
            "database",
            {"scheduler": "you"},
        ),
        (a_stack("postgres", "database"), "postgres", {"database": "you"}),
        (a_stack("postgres", need="database"), "postgres", {}),
        (a_stack("postgres", "database"), "database", {}),
        (a_stack("ledger", need="postgres database"), "ledger", {}),
        (
            a_stack("ledger", "postgres", need="database"),
            "ledger",
            {"postgres": "you", "database": "need"},
        ),
    ],
)
def test_remove_takes_along_what_nobody_needs_any_more(
    before: Stack, name: str, after: dict[str, str]
) -> None:
    assert who(stack.remove(before, CATALOGUE, name)) == after


def test_orphans_are_those_that_leave() -> None:
    assert stack.orphans(a_stack("worker", need="cache"), CATALOGUE, "worker") == ("cache",)
    assert stack.orphans(a_stack("worker", "cache"), CATALOGUE, "worker") == ()
    both = a_stack("ledger", "postgres", need="database")
    assert stack.orphans(both, CATALOGUE, "ledger") == ()
    deep = a_stack("ledger", need="postgres database")
    assert stack.orphans(deep, CATALOGUE, "ledger") == ("database", "postgres")


def test_a_requirement_that_a_variant_varies_stays_with_the_variant() -> None:
    """Removing one user of the database is no reason to drop it under a chosen variant."""
    catalogue = {**CATALOGUE, "shop": a_component("shop", ("database",))}
    before = a_stack("shop", "postgres", need="database")
    assert stack.orphans(before, catalogue, "shop") == ()
    assert who(stack.remove(before, catalogue, "shop")) == {"postgres": "you", "database": "need"}


def test_what_only_a_variant_needed_leaves_with_it() -> None:
    catalogue = a_catalogue(
        a_component("database"),
        a_component("secrets"),
        a_component("postgres", ("database", "secrets"), "variant"),
        a_component("postgres-ha", ("postgres",), "variant"),
    )
    before = a_stack("database", "postgres", "postgres-ha", need="secrets")
    assert stack.orphans(before, catalogue, "database") == ("secrets",)
    assert who(stack.remove(before, catalogue, "database")) == {}


def test_what_is_kept_is_the_users_from_now_on() -> None:
    before = a_stack("worker", need="cache")
    assert who(stack.remove(before, CATALOGUE, "worker", ["cache"])) == {"cache": "you"}


def test_what_the_kept_needs_stays_too() -> None:
    before = a_stack("ledger", need="postgres database")
    made = stack.remove(before, CATALOGUE, "ledger", ["postgres"])
    assert who(made) == {"postgres": "you", "database": "need"}


def test_rebase_closes_the_stack_at_the_other_release() -> None:
    later = {**CATALOGUE, "cache": a_component("cache", ("ingress",))}
    made = stack.rebase(a_stack("worker", need="cache"), later, "aegis", "2.0", "d" * 40)
    assert who(made) == {"cache": "need", "ingress": "need", "worker": "you"}
    assert (made.release, made.commit) == ("2.0", "d" * 40)
    assert {each.release for each in made.present.values()} == {"2.0"}


@pytest.mark.parametrize("needs", [(), ("database",)])
def test_what_nobody_needs_at_the_other_release_is_the_users(needs: tuple[str, ...]) -> None:
    """It stays, and leaves when the user says so."""
    later = {**CATALOGUE, "worker": a_component("worker", needs)}
    before = a_stack("worker", "scheduler", need="cache scheduler+worker")
    made = stack.rebase(before, later, "aegis", "2.0", "d" * 40)
    assert made.chosen() == {"cache", "scheduler", "worker"}
    assert made.names.issuperset({*needs, "scheduler+worker"})


def test_other_answers_leave_the_rest() -> None:
    made = stack.answer(a_stack("worker"), {"project_name": "Other"})
    assert made == replace(a_stack("worker"), answers={**ANSWERS, "project_name": "Other"})


CHOSEN = sorted(name for name, each in CATALOGUE.items() if each.kind != "integration")


@given(names=st.lists(st.sampled_from(CHOSEN)), last=st.sampled_from(CHOSEN))
def test_remove_undoes_add(names: list[str], last: str) -> None:
    before = a_stack()
    for name in names:
        before = stack.add(before, CATALOGUE, name)
    after = stack.add(before, CATALOGUE, last)
    again = stack.add(stack.add(before, CATALOGUE, last), CATALOGUE, last)
    assert after == again
    if last not in before.present:
        assert stack.remove(after, CATALOGUE, last) == before


@given(names=st.permutations(CHOSEN), count=st.integers(0, len(CHOSEN)))
def test_the_order_of_adding_does_not_matter(names: list[str], count: int) -> None:
    made = [a_stack(), a_stack()]
    for name in names[:count]:
        made[0] = stack.add(made[0], CATALOGUE, name)
    for name in sorted(names[:count]):
        made[1] = stack.add(made[1], CATALOGUE, name)
    assert made[0] == made[1]
