"""Answers → identity files that parse, whatever people are called."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from typing import Any

import pygit2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aegis_patch.errors import Refused
from aegis_patch.objects import texts
from aegis_patch.stack.release import Upstream
from aegis_patch.upstream import identity_files
from tests import tiny

BASE = tiny.ROOT / "base"
ANSWERS = {
    "project_name": "My API",
    "description": "Does it.",
    "author_name": "Uma User",
    "author_email": "uma@example.org",
}


@pytest.fixture(scope="module")
def opened(store: pygit2.Repository) -> Upstream:
    """A release without components, with the identity files of the worktree's base/."""
    paths = [*identity_files.FILES, "aegis.toml"]
    return tiny.an_upstream(store, {path: (BASE / path).read_bytes() for path in paths})


def ask(opened: Upstream, **given: str) -> dict[str, str]:
    return identity_files.ask(opened, given, ANSWERS)


# What may be answered.


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My API", "my-api"),
        ("  Überraschung! ", "uberraschung"),
        ("a__b--c", "a-b-c"),
        ("3D", "3d"),
        ("日本 7", "7"),
        ("日本", ""),
        ("", ""),
        ("ﬁne", "fine"),
        ("Größe", "grosse"),
        ("ℌ", "h"),
    ],
)
def test_a_slug_is_what_everything_can_carry(name: str, slug: str) -> None:
    assert identity_files.slug(name) == slug


def test_what_is_given_wins_over_what_is_suggested(opened: Upstream) -> None:
    assert ask(opened, project_name="Other") == {**ANSWERS, "project_name": "Other"}


@pytest.mark.parametrize(
    "value", ["null", "true", "1.0", "[x]", "{a: b}", "{{ 1 }}", "a: b", "'x'"]
)
def test_an_answer_is_text_and_nothing_else(opened: Upstream, value: str) -> None:
    assert ask(opened, description=value)["description"] == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(
            ("project_name", value)
            for value in ("", "  ", "日本", "---", "x" * 81, "a\nb", "⟦ 7*7 ⟧")
        ),
        *(
            ("description", value)
            for value in ("x" * 301, "a\nb", "a\x7fb", "a\u2028b", "⟦ 7*7 ⟧", "a\x85b")
        ),
        *(("author_name", value) for value in ("", " ", "a\tb", "⟧")),
        *(
            ("author_email", value)
            for value in ("", "x", "a@b@c", "a b@c", 'a"@b', "a@b\x7f", "a@b\u2028", "a@b\n")
        ),
        ("author_email", "⟦7*7⟧@x"),
    ],
)
def test_an_answer_that_is_not_valid_is_refused_by_key(
    opened: Upstream, key: str, value: str
) -> None:
    with pytest.raises(Refused) as raised:
        ask(opened, **{key: value})
    assert raised.value.what.startswith(f"Invalid answer: {key} ")
    assert raised.value.next == f"Which {key} instead? Give {key}=VALUE"


def test_what_is_suggested_has_to_be_valid_too(opened: Upstream) -> None:
    for suggested in ({"project_name": "日本"}, {"author_name": "a\tb"}, {"project_name": "⟦7*7⟧"}):
        with pytest.raises(Refused):
            identity_files.ask(opened, {}, {**ANSWERS, **suggested})


def test_an_unknown_key_is_refused_with_the_known(opened: Upstream) -> None:
    with pytest.raises(Refused, match="colour") as raised:
        ask(opened, colour="red")
    assert "project_name, description, author_name, author_email" in raised.value.next


# What is rendered.


def test_the_bases_own_answers_give_the_bases_own_bytes(opened: Upstream) -> None:
    rendered = identity_files.identity(opened, identity_files.defaults(opened))
    assert rendered == {path: (BASE / path).read_bytes() for path in identity_files.FILES}


@pytest.mark.parametrize(
    "nasty",
    [
        *(
            'say "hi"',
            "it's",
            "back\\slash \\n",
            "ends with \\",
            "🦊 Füchse",
            "{{ x }} {% y %}",
            "# no",
        ),
        *(
            "a: b, [c], {d}",
            "<b>&amp;</b>",
            "`code` *stars*",
            "%s ${HOME} $(id)",
            "'''",
            '"""',
            "\\u0041",
        ),
        *(
            "true",
            "null",
            "0x1F",
            "- x",
            "&a *b !c",
            "| >",
            "é\u0301\u202e",
            "Harbor Light",
            "harbor-light",
        ),
    ],
)
def test_files_parse_and_say_what_was_answered(opened: Upstream, nasty: str) -> None:
    given = {"project_name": f"X {nasty}", "description": nasty, "author_name": nasty}
    answers = ask(opened, **given, author_email="o'x+\\y@example.org")
    files = {path: data.decode() for path, data in identity_files.identity(opened, answers).items()}
    project = tomllib.loads(files["pyproject.toml"])["project"]
    slug = identity_files.slug(answers["project_name"])
    assert (project["name"], project["description"]) == (slug, nasty)
    assert project["authors"] == [{"name": nasty, "email": answers["author_email"]}]
    assert yaml.safe_load(files["compose.yaml"])["name"] == slug
    said = strings(files["app/identity.py"])
    assert answers["project_name"] in said
    assert files["README.md"].startswith(f"# {answers['project_name']}\n")


def strings(code: str) -> set[Any]:
    return {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}


def test_what_stood_in_quotes_is_quoted_and_the_longest_value_goes_first() -> None:
    old = {"name": "Harbor", "full": "Harbor Light"}
    new = {"name": "Harbor Light", "full": 'say "hi"'}
    assert identity_files.renamed('x = "Harbor Light" # Harbor\n', old, new) == (
        'x = "say \\"hi\\"" # Harbor Light\n'
    )


@pytest.mark.parametrize("line", ["[project]", "x_proj = 1", "subproj/", "proj2"])
def test_a_value_within_a_longer_word_stays(line: str) -> None:
    text = f"{line}\nproj-web: proj.\n"
    shown = identity_files.renamed(text, {"name": "proj"}, {"name": "shop"})
    assert shown == f"{line}\nshop-web: shop.\n"


@pytest.mark.parametrize(
    ("key", "value"),
    [("description", "a\nb"), ("author_name", "a\u2028b"), ("project_name", "日本")],
)
def test_a_record_that_was_edited_by_hand_is_looked_at(
    opened: Upstream, key: str, value: str
) -> None:
    with pytest.raises(Refused) as raised:
        identity_files.identity(opened, {**ANSWERS, key: value})
    assert raised.value.what.startswith(f"aegis.toml has an invalid answer: {key} ")
    assert raised.value.next == "git log -p -- aegis.toml"


PLAIN = {
    key: st.from_regex(pattern, fullmatch=True)
    for key, pattern in identity_files._PLAINLY_VALID.items()
}


@settings(max_examples=20)
@given(answers=st.fixed_dictionaries(PLAIN))
def test_copier_takes_what_is_plainly_valid_as_it_is(answers: dict[str, str]) -> None:
    assert identity_files._asked(answers) == answers
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(identity_files, "_PLAINLY_VALID", {"project_name": "(?!)"})
        told = identity_files._asked(answers)
    assert told is not answers
    assert {key: told[key] for key in answers} == answers


def test_rendering_imports_no_copier() -> None:
    code = (
        "import sys\n"
        "from aegis_patch.upstream import identity_files; from aegis_patch.objects import scratch\n"
        "from tests.upstream import test_identity_files as t; from tests import tiny\n"
        "with scratch.scratch(()) as store:\n"
        "    paths = [*identity_files.FILES, 'aegis.toml']\n"
        "    files = {path: (t.BASE / path).read_bytes() for path in paths}\n"
        "    identity_files.identity(tiny.an_upstream(store, files), t.ANSWERS)\n"
        "print('copier' in sys.modules)"
    )
    said = subprocess.check_output([sys.executable, "-c", code], cwd=tiny.ROOT, text=True)
    assert said.strip() == "False"


def test_identity_is_the_same_with_and_without_its_optional_files(
    store: pygit2.Repository,
) -> None:
    few = {path: (BASE / path).read_bytes() for path in ("README.md", "aegis.toml")}
    rendered = identity_files.identity(tiny.an_upstream(store, few), ANSWERS)
    assert rendered.keys() == {"README.md"}
    assert texts.is_binary(rendered["README.md"]) is False
