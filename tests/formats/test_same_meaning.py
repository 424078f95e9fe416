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
        ("a.md", "\n\n\n", "\n\n"),
        ("a.py", "import b\n", "import b\n# yours below, ask Uma\n"),
        ("a.py", "    # yours below\n", "    # yours below, ask Uma\n"),
        ("a.md", "import b\n", "import b\n<!-- yours below are the old ones -->\n"),
    ],
)
def test_what_a_user_wrote(path: str, old: str, new: str) -> None:
    assert CODE.replace(old, new) != CODE
    assert not same_meaning.is_same(path, CODE.encode(), CODE.replace(old, new).encode())


def test_what_is_no_text() -> None:
    assert same_meaning.is_same("a.py", b"\0", b"\0")
    assert not same_meaning.is_same("a.py", b"\0x\xff", b"\0\xff")
    assert not same_meaning.is_same("a.bin", b"\0 \n", b"\0\n")
