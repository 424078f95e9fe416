"""merges: what everybody edits merges as a careful person would write it, or not at all."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.formats import acceptance, kinds, syntax
from tests import tiny

BASE = """\
[project]
name = "x"
dependencies = [
    "fastapi>=0.160",
    "uvicorn[standard]>=0.50",
    # slot: cache
    # slot: worker
    # yours below
]

[tool.ruff]
line-length = 100  # wide
select = ["A", "B"]

[[tool.mypy.overrides]]
module = ["flet_web.*"]
ignore_missing_imports = true
"""
WITH_CACHE = BASE.replace("# slot: cache\n", '# slot: cache\n    "cashews>=7",\n')
UNSLOTTED = BASE.replace("    # slot: cache\n    # slot: worker\n    # yours below\n", "")


def merged(base: str, ours: str, theirs: str) -> str | None:
    return tiny.structured("pyproject.toml", base, ours, theirs)


# What a component brings, beside what the user did.


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        pytest.param(
            BASE.replace("# slot: cache\n", '# slot: cache\n    "mine>=1",\n'),
            BASE.replace("# slot: cache\n", '# slot: cache\n    "cashews>=7",\n    "mine>=1",\n'),
            id="both at the slot",
        ),
        pytest.param(
            UNSLOTTED.replace("0.50", "0.60"),
            UNSLOTTED.replace('0.50",\n', '0.60",\n    "cashews>=7",\n'),
            id="slots thrown away, neighbour's version changed",
        ),
        pytest.param(
            UNSLOTTED.replace('0.50",\n', '0.50"\n'),
            UNSLOTTED.replace('0.50",\n', '0.50",\n    "cashews>=7",\n'),
            id="no comma at the end",
        ),
        pytest.param(
            UNSLOTTED.replace("    ", "  "),
            UNSLOTTED.replace("    ", "  ").replace('0.50",\n', '0.50",\n    "cashews>=7",\n'),
            id="another indentation",
        ),
        pytest.param(
            BASE.replace("# slot: cache\n", '"aaa",\n    # slot: cache\n    "bbb",  # why\n'),
            BASE.replace(
                "# slot: cache\n",
                '"aaa",\n    # slot: cache\n    "cashews>=7",\n    "bbb",  # why\n',
            ),
            id="sorted around the slot",
        ),
        pytest.param(
            BASE.replace("\n", "\r\n"), WITH_CACHE.replace("\n", "\r\n"), id="CRLF all through"
        ),
    ],
)
def test_a_dependency_finds_its_place_and_leaves_it_again(ours: str, expected: str) -> None:
    assert merged(BASE, ours, WITH_CACHE) == expected
    before = tomllib.loads(ours)
    after = merged(WITH_CACHE, expected, BASE)
    assert after is not None
    assert tomllib.loads(after) == before


def test_a_list_on_one_line_is_as_it_was_in_the_end() -> None:
    base = BASE.replace("    # slot: cache\n    # slot: worker\n", "")
    more = base.replace("    # yours", '    "cashews>=7",\n    # yours')
    rest = base.partition("\n\n")[2]
    for mine in ("", ', "z"'):
        items = f'["fastapi>=0.160", "uvicorn[standard]>=0.50"{mine}]'
        ours = f'[project]\nname = "y"\ndependencies = {items}\n\n{rest}'
        result = merged(base, ours, more)
        assert result is not None
        assert "cashews>=7" in tomllib.loads(result)["project"]["dependencies"]
        assert merged(more, result, base) == ours


def test_a_dependency_leaves_next_to_one_of_the_users() -> None:
    mine = '    # for the zoo\n    "zope>=1",  # mine\n'
    ours = WITH_CACHE.replace('    "cashews>=7",\n', f'    "cashews>=7",\n{mine}')
    expected = BASE.replace("    # slot: worker\n", f"{mine}    # slot: worker\n")
    assert merged(WITH_CACHE, ours, BASE) == expected


@pytest.mark.parametrize("written", ['  "cashews>=7",', "    'cashews>=7',"])
def test_a_formatted_dependency_leaves_with_a_table_of_its_own(written: str) -> None:
    table = '\n[[tool.mypy.overrides]]\nmodule = ["cashews.*"]\nignore_missing_imports = true\n'
    both = WITH_CACHE + table
    assert merged(both, both.replace('    "cashews>=7",', written), BASE) == BASE
    assert merged(both, both.replace("cashews>=7", "cashews==7.6"), BASE) is None


def test_what_the_user_said_of_a_dependency_is_not_lost_with_it() -> None:
    ours = WITH_CACHE.replace('"cashews>=7",\n', '"cashews>=7",  # do not touch\n    "mine",\n')
    assert merged(WITH_CACHE, ours, BASE) is None


def test_a_comment_that_one_side_rewrote_and_the_other_took_away_is_a_persons() -> None:
    base = "[a]\nx = 1\n# Why y.\ny = 2\nz = 3\n"
    theirs = "[a]\nx = 1\nz = 3\n"
    assert merged(base, base.replace("Why y", "Because of y"), theirs) is None
    kept = merged(base, base.replace("z = 3", "# Why z.\nz = 3"), theirs)
    assert kept == "[a]\nx = 1\n# Why z.\nz = 3\n"


def test_nothing_comes_between_a_new_comment_and_what_it_stands_above() -> None:
    base = "[x]\na = 1\nb = 2\n"
    one, other = base.replace("b =", "# Why b.\nb ="), base.replace("b =", "c = 3\nb =")
    both = "[x]\na = 1\nc = 3\n# Why b.\nb = 2\n"
    assert merged(base, one, other) == merged(base, other, one) == both


def test_a_version_raised_by_one_side_stands_beside_the_others_addition() -> None:
    raised = BASE.replace("standard]>=0.50", "standard]>=0.60")
    mine = BASE.replace("    # slot: cache\n", '    "mine",\n    # slot: cache\n')
    both = raised.replace("    # slot: cache\n", '    "mine",\n    # slot: cache\n')
    assert merged(BASE, mine, raised) == both
    assert merged(BASE, raised, mine) == both


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("0.55", "0.60"), ('0.50; python_version < "4"', "0.60")],
)
def test_a_version_that_both_changed_is_a_persons_choice(ours: str, theirs: str) -> None:
    texts = [BASE.replace("0.50", new.replace('"', "'")) for new in (ours, theirs)]
    assert merged(BASE, *texts) is None


def test_tables_of_both_stand_one_after_the_other() -> None:
    mine = '\n[[tool.mypy.overrides]]\nmodule = ["mine"]\n\n[tool.mine]\nx = 1\n'
    wanted = '\n[[tool.mypy.overrides]]\nmodule = ["arq.*"]  # no stubs\nstrict = false\n'
    assert merged(BASE, BASE + mine, BASE + wanted) == BASE + wanted + mine
    assert merged(BASE + wanted, BASE + wanted + mine, BASE) == BASE + mine


def test_a_new_table_does_not_split_a_table_that_grew() -> None:
    new = "[tool.arq]\n# poll often\npoll = 1\n\n"
    base = BASE.replace('select = ["A", "B"]\n', "")
    ours = base.replace("# wide\n", '# wide\nselect = ["A"]\n\n[tool.mine]\nx = 1\n')
    theirs = base.replace("# wide\n\n", f"# wide\n\n{new}")
    result = merged(base, ours, theirs)
    assert result is not None
    assert tomllib.loads(result)["tool"]["ruff"] == {"line-length": 100, "select": ["A"]}
    assert result.replace(new, "") == ours


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        ("a = 1\n", "a = 1\nb = 2\n", "a = 1\nc = 3\n", "a = 1\nc = 3\nb = 2\n"),
        ("a = 1\n", "a = 2\n", "a = 2\nb = 1\n", "a = 2\nb = 1\n"),
        ("a = 1\n", "a = 2\n", "a = 3\n", None),
        ("a = 1\n", "a = 2\n", "", None),
        ("a = 1\n", "", "a = 2\n", None),
        ("a = 1\nb = 1\n", "a = 1\n\nb = 2\n", "a = true\nb = 1\n", "a = true\n\nb = 2\n"),
        ("t = { a = 1 }\n", "t = { a = 1, b = 2 }\n", "t = { a = 3 }\n", None),
        ("t.a = 1\n", "t.a = 1\nt.b = 2\n", "t.a = 1\nt.c = 3\n", "t.a = 1\nt.c = 3\nt.b = 2\n"),
        ("[t]\nx = []\n", '[t]\nx = ["a"]\n', '[t]\nx = ["b"]\n', '[t]\nx = ["b", "a"]\n'),
        ("x = [1, 2]\n", "x = [1, 2, 3]\n", "x = [2]\n", "x = [2, 3]\n"),
        ("", "[t]\na = 1\n", "[t]\nb = 2\n", None),
        (
            'x = "# no"\n',
            'x = "# no"\ny = 1\n',
            'x = "# no"\nz = 1\n',
            'x = "# no"\nz = 1\ny = 1\n',
        ),
        ("x = nan\n", "x = nan\ny = 1\n", "x = nan\nz = 1\n", "x = nan\nz = 1\ny = 1\n"),
        ("a = 1\n", "a = [\n", "a = 2\n", None),
        ("a = 1\n", "a = 1\nx = '''\n[t]\n'''\n", "a = 2\n", "a = 2\nx = '''\n[t]\n'''\n"),
    ],
)
def test_a_value_is_whose_who_changed_it(
    base: str, ours: str, theirs: str, expected: str | None
) -> None:
    assert merged(base, ours, theirs) == expected


# For whatever documents.

names = st.sampled_from(["fastapi", "rich", "arq", "zope", "redis"])
lists = st.lists(st.builds("{}>={}".format, names, st.integers(1, 2)), unique_by=lambda d: d[:3])
documents = st.fixed_dictionaries(
    {},
    optional={
        "dependencies": lists,
        "line-length": st.integers(80, 82),
        "dev": st.fixed_dictionaries({}, optional={"a": lists, "b": st.booleans()}),
        "strict": st.sampled_from([True, 1, 1.0, "yes"]),
    },
)


def written(document: dict[str, Any], comment: str, multiline: bool) -> str:
    """A document with comments, as a person would write it."""
    out = [f"# {comment} top\n"]
    for key, value in sorted(document.items(), key=lambda item: isinstance(item[1], dict)):
        if isinstance(value, dict):
            out += [f"\n[{key}]  # {comment}\n", written(value, f"{comment} {key}", multiline)]
        elif isinstance(value, list) and multiline:
            items = "".join(f'    "{item}",\n' for item in value)
            out.append(f"{key} = [\n    # {comment} {key}\n{items}]\n")
        elif isinstance(value, list | str):
            out.append(f"{key} = {value!r}\n")
        else:
            out.append(f"{key} = {str(value).lower()}\n")
    return "".join(out)


@tiny.examples(300)
@given(st.tuples(documents, documents, documents), st.lists(st.booleans(), min_size=3, max_size=3))
def test_a_merge_says_what_both_wanted_and_loses_no_comment(
    sides: tuple[dict[str, Any], dict[str, Any], dict[str, Any]], multiline: list[bool]
) -> None:
    texts = [
        written(side, comment, many)
        for side, comment, many in zip(sides, ("b", "mine", "b"), multiline, strict=True)
    ]
    result = merged(*texts)
    if result is None:
        return
    base, ours, theirs = (tomllib.loads(text) for text in texts)
    assert_merged(base, ours, theirs, tomllib.loads(result))
    for line in texts[1].splitlines():
        assert "#" not in line or line.partition("#")[2] in result


def assert_merged(base: Any, ours: Any, theirs: Any, result: Any) -> None:
    """Each value is whose who changed it; an array holds what either added."""
    for key in base.keys() | ours.keys() | theirs.keys():
        values = [side.get(key) for side in (base, ours, theirs, result)]
        # As text, where 1 and true differ; in which order the keys stand says nothing.
        was, mine, wanted, now = (json.dumps(value, sort_keys=True) for value in values)
        if mine in (was, wanted):
            assert now in (wanted, mine) or sorted(values[3]) == sorted(values[2])
        elif wanted == was:
            assert now == mine
        elif isinstance(values[3], dict):
            assert_merged(values[0] or {}, *values[1:])
        else:
            before, one, other, made = (set(value or ()) for value in values)
            assert made == (one & other) | ((one ^ other) - before)


def test_a_side_that_is_no_toml_is_a_persons_to_merge() -> None:
    for junk in (b"\xff", b"a = ", b"a = " + b"[" * 5000):
        for at in range(3):
            sides = [b"a = 1\n"] * 3
            sides[at] = junk
            assert kinds.structured("a.toml", *sides) is None


# What a result has to hold, whatever made it.


@pytest.mark.parametrize(
    ("path", "base", "ours", "theirs", "result", "accepted"),
    [
        ("a.toml", "a = 1\n", "a = 1\nb = 1\n", "a = 1\nc = 1\n", "b = 1\nc = 1\na = 1\n", True),
        ("a.toml", "a = 1\n", "a = 1 # x\n", "a = 2\n", "a = 2\n", False),
        ("a.toml", "a = 1\n", "a = 1\n", "a = 2\n", "a = 1\n", False),
        (".env", "A=1\n", "A=1\nB=1\n", "A=1\nC=1\n", "A=1\nB=1\n", False),
        (".env", "A=1\nB=1\n", "A=1\nB=1\n", "A=1\n", "A=1\nB=1\n", False),  # resurrected
        (".env", "A=1\n", "A=1\nB=1\n", "A=1\n", "A=1\nB=1\nC=1\n", False),  # made up
        (".env", "A=1\n", "A=1\nB=1\n", "A=1\nB=1\n", "A=1\nB=1\n", True),  # both: once,
        (".env", "A=1\n", "A=1\nB=1\n", "A=1\nB=1\n", "A=1\nB=1\nB=1\n", True),  # or twice
        (".env", "A=1\n", "A=1\nB=1\n", "A=1\nB=1\n", "A=1\n", False),
        ("a.yml", "a: 1\n", "a: 1\nb: {c: 1}\n", "a: 1\n", "a: 1\nb: {d: 1}\n", False),
        (
            "a.yml",
            "a:\n  b: 1\n",
            "a:\n  b: 1\n  c: 1\n",
            "a:\n  b: 1\n",
            "a:\n  b: 1\nc: 1\n",
            False,
        ),
        ("a.yml", "a: 1\n", "a: 1\n", "a: 2\n", "a: 2\nb: [\n", False),
        ("a.py", "import a\n", "import a\nx = 1\n", "import b\n", "import b\nx = 1\n", True),
        ("a.py", "from a import b\n", "from a import b, c\n", "", "from a import c\n", True),
        ("a.txt", "a\n", "a\nb\n", "c\na\n", "c\na\nb\n", True),  # any text, by its lines
        ("a.txt", "a\n", "a\nb\n", "c\na\n", "c\na\n", False),
        ("a.txt", "a\nb\n", "a\nb\n", "a\n", "a\nb\n", False),
    ],
)
def test_a_result_holds_what_both_wanted_and_no_more(
    path: str, base: str, ours: str, theirs: str, result: str, accepted: bool
) -> None:
    texts = (text.encode() for text in (base, ours, theirs, result))
    assert acceptance.accepts(path, *texts) is accepted


@pytest.mark.parametrize(
    ("ours", "result"),
    [
        ("A=1\r\nB=1\r\n", "A=1\r\nC=1\r\nB=1\r\n"),
        ("A=1\nB=1", "A=1\nC=1\nB=1"),
        ("A=1\r\nB=1\n", None),
        ("\ufeffA=1\nB=1\n", None),
    ],
)
def test_line_endings_are_ours(ours: str, result: str | None) -> None:
    assert tiny.structured(".env", "A=1\n", ours, "A=1\nC=1\n") == result


@tiny.examples(400)
@given(
    st.lists(
        st.lists(st.sampled_from(["A=1", "B=1", "C=1", ""]), max_size=5), min_size=3, max_size=3
    )
)
def test_a_side_that_did_nothing_is_as_good_as_absent(sides: list[list[str]]) -> None:
    base, ours, theirs = ("".join(f"{line}\n" for line in side).encode() for side in sides)
    assert acceptance.accepts(".env", base, ours, base, ours)
    assert acceptance.accepts(".env", base, base, theirs, theirs)
    assert acceptance.accepts(".env", base, ours, ours, ours)
    lost = [line for line in ours.split() if line not in base.split() + theirs.split()]
    assert not (lost and acceptance.accepts(".env", base, ours, theirs, theirs))


# What parses.


def test_which_files_have_a_structured_merge() -> None:
    known = ["a.toml", "a.yml", "a.yaml", "a.py", "a.pyi", ".env", ".env.example", "x.env"]
    known += ["a.md", "a.markdown", ".gitignore", ".dockerignore"]
    for name in known:
        assert kinds.kind(name), name
        assert kinds.kind(f"a/{name}"), name
    for name in ("toml", "md", "a.txt", "env", "Makefile", "gitignore", ".env/a", "a.json"):
        assert kinds.kind(name) is None, name


@pytest.mark.parametrize(
    ("path", "text"),
    [
        *(("a.py", text) for text in ("x = 1\n", "", "é = 1", "\ufeffx = 1", "x = '\x0c'")),
        *(("a.toml", text) for text in ("", "a = 1\n", 'a = "é"')),
        *(("a.json", text) for text in ("{}", "[1]", '"x"')),
        *(
            ("a.yaml", text)
            for text in ("", "a: 1", "- a\n- b\n", "a: 1\n---\na: 2\n", "x: !tag y")
        ),
        ("a.yml", "a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b\n"),
        ("a.yml", "1: a\n'1': b\n"),
        ("a.yml", "a: &a [*a]\n"),
        ("a.yml", "? [a, b]\n: 1\n? [a, b]\n: 2\n"),
        *(("a.md", text) for text in ("<<<<<<<", "\0")),
        ("Makefile", "x = ["),
        ("py", "("),
    ],
)
def test_what_parses_has_no_syntax_error(path: str, text: str) -> None:
    assert syntax.syntax_error(path, text.encode()) is None


@pytest.mark.parametrize(
    ("path", "data", "says"),
    [
        ("a.py", b"x = 1\ndef f(:\n", "line 2"),
        ("a.py", b"x = 1\n<<<<<<< HEAD\n", "line 2"),
        ("a.py", b"x = '\xff'\n", "utf-8"),
        ("a.py", b"x = '\0'\n", "null"),
        ("a.toml", b"a = 1\na = 2\n", "line 2"),
        ("a.toml", b"\xff", "utf-8"),
        ("a.json", b"{,}", "line 1"),
        ("a.yaml", b"a: 1\nb: {\n", "line"),
        ("a.yaml", b"a:\n  x: 1\n  y: 2\n  x: 3\n", "line 4: key 'x' stands twice"),
        ("a.yaml", b"- [{a: 1, a: 1}]\n", "stands twice"),
        ("a.yaml", b"a: *b\n", "alias"),
    ],
)
def test_what_does_not_parse_says_where(path: str, data: bytes, says: str) -> None:
    assert says in (syntax.syntax_error(path, data) or "")


def test_aliases_that_explode_do_not() -> None:
    bomb = 'a0: &a0 ["x"]\n' + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40)
    )
    assert syntax.syntax_error("compose.yaml", bomb.encode()) is None
    many = "".join(f"k{n}: 1\n" for n in range(20_000))
    assert syntax.syntax_error("compose.yaml", many.encode()) is None


@given(
    path=st.sampled_from(["a.py", "a.pyi", "a.toml", "a.json", "a.yml", "a.yaml", "a", ".py"]),
    data=st.binary(max_size=40),
)
def test_any_bytes_have_an_answer(path: str, data: bytes) -> None:
    syntax.syntax_error(path, data)
