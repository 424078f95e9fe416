"""record.py: the record, whatever people write into it."""

from __future__ import annotations

import codecs
import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.errors import Refused
from aegis_patch.stack import record
from aegis_patch.stack.stack import WHOLE, Stack
from aegis_patch.values import replace
from tests import tiny
from tests.stack.test_stack import ANSWERS, a_stack

SKELETON = (tiny.ROOT / "base" / "aegis.toml").read_bytes()


def text_of(made: Stack, skeleton: bytes = SKELETON) -> str:
    written = record.write(skeleton, made)
    assert record.parse(written) == made
    return written.decode()


def test_names_stand_above_the_anchor() -> None:
    mine = SKELETON.decode().partition("[components]")[0] + (
        "[components]\n# mine, above\n# yours below\n# mine, below\n\n[mine]\nx = 1\n"
    )
    made = text_of(a_stack("worker", need="cache+ingress cache"), mine.encode())
    assert made.partition("[components]\n")[2] == (
        "# mine, above\n"
        'cache = { release = "1.0", by = "need" }\n'
        '"cache+ingress" = { release = "1.0", by = "need" }\n'
        'worker = { release = "1.0", by = "you" }\n'
        "# yours below\n"
        "# mine, below\n\n[mine]\nx = 1\n"
    )


def test_without_an_anchor_names_stand_at_the_end_of_their_section() -> None:
    for tail in ("", "\n[mine]\nx = 1\n", "\n\n# mine\n[[mine]]\n"):
        base = (
            f'[upstream]\nurl = ""\nrelease = ""\ncommit = ""\n\n[answers]\n\n[components]\n{tail}'
        )
        made = text_of(replace(a_stack("zebra"), answers={}), base.encode())
        assert 'zebra = { release = "1.0", by = "you" }\n' in made
        assert "mine" not in tomllib.loads(made)["components"]
        assert made.endswith(tail.split("# mine")[-1] or "}\n")


def test_the_core_alone_has_no_names() -> None:
    assert text_of(a_stack()).endswith(SKELETON.decode().partition("[components]")[2])


def test_writing_twice_changes_nothing() -> None:
    once = text_of(a_stack("worker", need="cache"))
    assert text_of(a_stack("worker", need="cache"), once.encode()) == once
    assert text_of(a_stack(), once.encode()) == text_of(a_stack())


@pytest.mark.parametrize(
    "nasty",
    [
        *('say "hi"', "back\\slash", "ends\\", "🦊 and ü", "del\x7f", "tab\there", "new\nline", ""),
        *(
            "[components]",
            "# yours below",
            "a = b # c",
            "'",
            '"""',
            "\x85next",
            "a\u2028b",
            "=\x0c",
        ),
        *("[answers]\nx = 1", "\r\n", "\0", "\x1c", "worker = 1", "{{ x }}", "⟦ x ⟧", "\ufeff"),
    ],
)
def test_any_answer_comes_back(nasty: str) -> None:
    made = replace(a_stack("worker"), answers={**ANSWERS, "description": nasty})
    written = text_of(made)
    assert text_of(made, written.encode()) == written
    assert record.write(written.encode(), a_stack("worker")).decode() == text_of(a_stack("worker"))


@given(
    answers=st.dictionaries(
        st.text(min_size=1, max_size=5), st.text(st.characters(exclude_categories=["Cs"]))
    ),
    names=st.sets(st.text("abc+-ä.= #", min_size=1, max_size=6)),
)
def test_any_stack_round_trips(answers: dict[str, str], names: set[str]) -> None:
    made = replace(a_stack(*names), answers={**ANSWERS, **answers})
    written = record.write(SKELETON, made)
    assert record.parse(written) == made
    assert record.write(written, made) == written


def test_comments_and_tables_of_the_users_stay() -> None:
    written = text_of(a_stack("worker"))
    mine = written.replace("[answers]", "# why\n[answers] # here\n").replace(
        "# yours below", '  # a = b\n# "x" = 1\n# yours below'
    )
    mine += '\n[mine]\nurl = "x"\nrelease = 1\nlist = [\n  "worker",\n[1],\n]\n# the end'
    made = text_of(a_stack("ingress"), mine.encode())
    for line in mine.splitlines():
        if not line.startswith("worker = "):
            assert line in made.splitlines()
    assert tomllib.loads(made)["mine"] == {"url": "x", "release": 1, "list": ["worker", [1]]}


def test_comments_stay_with_their_values() -> None:
    """Behind a value, above a component, and in its place where the value goes."""
    written = text_of(a_stack("ingress", "worker"))
    ours = written.replace("worker =", "# for the mails\nworker =").replace(
        "\n# yours below", "  # all\n# yours below"
    )
    more = text_of(a_stack("ingress", "scheduler", "worker"), ours.encode())
    assert "\nscheduler = " in more.partition("# for the mails\nworker = ")[0]
    assert "}  # all\n# yours below\n" in more
    assert text_of(a_stack("ingress", "worker"), more.encode()) == ours
    less = text_of(a_stack("ingress"), ours.encode())
    assert less.endswith("}\n# for the mails\n# all\n# yours below\n")
    bare = ours.replace("# yours below\n", "").encode()
    assert text_of(a_stack(), bare).endswith("\n# for the mails\n# all\n")


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("[components]", "[components] # what there is"),
        ("[components]", " [ components ]"),
        ("worker = {", '"worker" = {'),
        ("worker = {", "  worker={"),
        ('project_name = "My API"', "'project_name' = 'My API'"),
        ('project_name = "My API"\n', ""),
        ('url = "aegis"', "url='aegis' # x"),
        ("# yours below\n", ""),
        ("\n", "\r\n"),
    ],
)
def test_a_record_written_by_hand_is_read_and_written(was: str, now: str) -> None:
    before = text_of(a_stack("worker"))
    edited = before.replace(was, now)
    assert edited != before
    assert text_of(a_stack("cache"), edited.encode())
    assert text_of(a_stack("worker"), edited.encode())
    if was != "\n":
        return
    assert text_of(a_stack("worker", "cache"), edited.encode()).count("\r\n") == text_of(
        a_stack("worker", "cache")
    ).count("\n")


def test_a_record_without_a_last_newline() -> None:
    for text in (SKELETON.rstrip(), text_of(a_stack("worker")).rstrip().encode()):
        assert text_of(a_stack("worker", "zebra"), text)


def test_a_release_that_asks_more_brings_its_own_answer() -> None:
    asks = SKELETON.replace(b"\n[components]", b'region = "eu"\n\n[components]')
    assert record.parse(record.write(asks, a_stack())).answers == {**ANSWERS, "region": "eu"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        "\ufeff[",
        "[upstream]\n",
        "upstream = 1\nanswers = 2\ncomponents = 3\n",
        "x = " + "[" * 5000,
        GOOD := '[upstream]\nurl = "a"\nrelease = "1"\ncommit = "c"\n[answers]\n',
        GOOD + "x = 1\n[components]\n",
        GOOD + "[components]\nworker = 1\n",
        GOOD + "[components]\nworker = {}\n",
        GOOD + '[components]\nworker = { by = "you" }\n',
        GOOD + '[components]\nworker = { release = "1", by = "me" }\n',
        GOOD + '[components]\nworker = { release = "1", by = [] }\n',
        GOOD + "[[components]]\n",
        GOOD.replace('"a"', r'"a\u0000"') + "[components]\n",
        GOOD + '[components]\nworker = { release = "\\u0000", by = "you" }\n',
        GOOD + '[components]\na = "x"\na = "y"\n',
        GOOD + '[components]\n"" = { release = "1", by = "you" }\n',
        "answers = []\n" + GOOD.replace("[answers]\n", "") + "[components]\n",
    ],
)
def test_nonsense_is_refused_with_a_place_and_a_remedy(text: str) -> None:
    with pytest.raises(Refused) as raised:
        record.parse(text.encode())
    assert raised.value.where == "aegis.toml"
    assert "git log -p -- aegis.toml" in raised.value.next


def test_a_line_of_another_form_is_shown_the_right_one() -> None:
    with pytest.raises(Refused, match=re.escape('`worker = { release = "0.10.0", by = "you" }`')):
        record.parse(f'{GOOD}[components]\nworker = "0.10.0"\n'.encode())


def test_an_editors_byte_order_mark_is_named() -> None:
    with pytest.raises(Refused, match="begins with a byte-order mark"):
        record.parse(codecs.BOM_UTF8 + GOOD.encode() + b"[components]\n")


def test_a_record_that_is_not_text_is_refused() -> None:
    with pytest.raises(Refused):
        record.parse(b"\xff\xfe")


def test_a_form_that_cannot_be_written_is_refused_and_not_broken() -> None:
    text = GOOD + '[components.worker]\nrelease = "1"\nby = "you"\n'
    made = record.parse(text.encode())
    with pytest.raises(Refused, match="aegis can't write its values into it"):
        record.write(text.encode(), made)


@given(
    st.dictionaries(st.text(min_size=1), st.none() | st.sets(st.text(min_size=1), min_size=1)),
    st.sampled_from(["", "\n", "\n[mine]\nx = 1\n", "# mine"]),
)
def test_what_was_learnt_stands_at_the_end_and_leaves_no_trace(
    learnt: dict[str, set[str] | None], tail: str
) -> None:
    """Whatever the lines and the paths are; None is a whole file."""
    pairs = {(path, line) for path, lines in learnt.items() for line in lines or {WHOLE}}
    made = replace(a_stack("worker"), yours=frozenset(pairs))
    without = text_of(a_stack("worker"), SKELETON + tail.encode())
    written = text_of(made, without.encode())
    assert text_of(made, written.encode()) == written
    assert written.startswith(without)
    assert text_of(a_stack("worker"), written.encode()).removesuffix("\n") == (
        without.removesuffix("\n")
    )


def test_a_learnt_table_that_a_formatter_broke_into_lines() -> None:
    made = replace(a_stack(), yours=frozenset({("a.toml", "x"), ("a.toml", "[mine]")}))
    text = text_of(made).replace('["[mine]", "x"]', '[\n    "[mine]",\n    "x",\n]')
    assert "\n    " in text
    assert record.parse(text.encode()) == made
    assert text_of(a_stack(), text.encode()) == text_of(a_stack())


@pytest.mark.parametrize("value", ["false", '"all"', "[1]", "{}"])
def test_a_learnt_table_that_makes_no_sense(value: str) -> None:
    with pytest.raises(Refused, match="yours"):
        record.parse(text_of(a_stack()).encode() + f"[yours]\na = {value}\n".encode())
