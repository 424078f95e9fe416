"""What a formatter changes, and what a user wrote."""

from __future__ import annotations

import pytest

from aegis_patch.formats import same_meaning

CODE = '''\
"""A module."""

import b
from a import c, d


def serve(host: str, port: int) -> None:
    """Serve.

    Until it is stopped.
    """
    run(host, port, reload=False)  # and wait
    # yours below


NAMES = ["one"]
'''


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.py", "run(host, port, reload=False)", "run(\n        host, port, reload=False\n    )"),
        ("a.py", '"one"', "'one'"),
        ("a.py", '["one"]', '[\n    "one",\n]'),
        ("a.py", "import b\nfrom a import c, d\n", "from a import c\nfrom a import d\nimport b\n"),
        ("a.py", "    Until it", "        Until it"),
        ("a.py", "    # yours below\n", ""),
        ("a.md", "    # yours below\n", "  # yours below\n"),
        ("a.py", "\n\n\n", "\n\n"),
        ("a.py", "\n", "\r\n"),
        ("a.md", "\n", "\r\n"),
        ("Makefile", "\n", "  \n"),
    ],
)
def test_a_formatter_says_nothing(path: str, old: str, new: str) -> None:
    assert CODE.replace(old, new) != CODE
    assert same_meaning.is_same(path, CODE.encode(), CODE.replace(old, new).encode())


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.py", "reload=False", "reload=True"),
        ("a.py", "and wait", "and go"),
        ("a.py", "import b\n", "import b\nimport mine\n"),
        ("a.py", "import c, d", "import c, d as mine"),
        ("a.py", '"""A module."""\n', ""),
        ("a.py", "Until it", "Until  it"),
        ("a.py", "NAMES", "  NAMES"),  # does not parse
        ("a.py", '"one"', '"one "'),
        ("a.yaml", "    run", "run"),
        ("a.txt", "\n\n\n", "\n\n"),
        ("a.py", "import b\n", "import b\n# yours below, ask Uma\n"),
        ("a.py", "    # yours below\n", "    # yours below, ask Uma\n"),
        ("a.md", "import b\n", "import b\n<!-- yours below are the old ones -->\n"),
    ],
)
def test_what_a_user_wrote(path: str, old: str, new: str) -> None:
    assert CODE.replace(old, new) != CODE
    assert not same_meaning.is_same(path, CODE.encode(), CODE.replace(old, new).encode())


LISTS = "a:\n- 'b'  # c\n- {d: 1}\n- &e f\n- *e\n"


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("a.md", "* a *b*\n  c\n\n|d|e|\n|-|-|\n", "- a _b_ c\n\n| d   | e   |\n| --- | --- |\n"),
        ("a.html", "<a href='b'>c</a>\n", '<a href="b">\n  c\n</a>\n'),
        ("a.json", '{"a": [1]}', '{\n  "a": [1]\n}\n'),
        ("a.css", "a{color:red}\n", "a {\n  color: red;\n}\n"),
        ("a.yaml", LISTS, 'a:\n  # c\n  - "b"\n  - { d: 1 }\n  - &e f\n  - *e\n'),
    ],
)
def test_a_page_and_yaml_in_another_layout(path: str, one: str, other: str) -> None:
    assert same_meaning.is_same(path, one.encode(), other.encode())


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("a.md", "a b\n", "a c\n"),
        ("a.md", "a b\n", "a *b*\n"),
        ("a.md", "- a b\n", "a b\n"),
        ("a.md", "a_b c\n", "a*b c\n"),
        ("a.md", "|a|b|\n", "|a b|\n"),
        ("a.md", "`a < b`\n", "`a > b`\n"),
        ("a.html", "{% if a == b %}\n", "{% if a != b %}\n"),
        ("a.html", "a b\n", "ab\n"),
        ("a.json", '{"a": [1, 2]}', '{"a": [2, 1]}'),
        ("a.json", '{"a": 1}', '{"a": true}'),
        ("a.md", "```\na\n  b\n```\n", "```\na\nb\n```\n"),
        ("a.md", "|`-a`|\n", "|`--a`|\n"),
        ("a.css", "a { top: 1px; }\n", "a { top: -1px; }\n"),
        ("a.toml", "a = [1]\n", "a = [ 1 ]\n"),
        ("a.yaml", "a: 1\n", 'a: "1"\n'),
        ("a.yaml", "a:\n  b: 1\nc: 2\n", "a:\n  b: 1\n  c: 2\n"),
        ("a.yaml", "a: 1\n", "a: 1 # mine\n"),
        ("a.yaml", "a: [\n", "a: [ \n\n"),
    ],
)
def test_a_page_and_yaml_that_say_something_else(path: str, one: str, other: str) -> None:
    assert not same_meaning.is_same(path, one.encode(), other.encode())


def test_what_is_no_text() -> None:
    assert same_meaning.is_same("a.py", b"\0", b"\0")
    assert not same_meaning.is_same("a.py", b"\0x\xff", b"\0\xff")
    assert not same_meaning.is_same("a.bin", b"\0 \n", b"\0\n")
