"""merges.markdown: sections, items, rows and paragraphs of both sides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.formats import markdown
from aegis_patch.formats.named_blocks import Block, Unusual
from tests import tiny

BASE = """\
# Lantern

It glows.

## Components

Plugged in:

<!-- slot: cache -->
<!-- slot: worker -->
<!-- yours below -->

## Settings

| Variable | Default |
|---|---|
| `HOST` | here |
| `PORT` | 8000 |

More in `.env`.

- **A route**: copy one.
- **A page**:
  write one.

## Run it

```console
# not a heading
lantern dev

lantern serve
```

1. Plug it in.
2. Press the button.
"""
CACHE = "<!-- slot: cache -->\n"
PORT = "| `PORT` | 8000 |\n"
PAGE = "  write one.\n"


def merged(base: str, ours: str, theirs: str) -> str | None:
    return tiny.structured("docs/a.md", base, ours, theirs)


@pytest.mark.parametrize(
    ("at", "mine", "theirs"),
    [
        (CACHE, "- **Mine**: mine.\n", "- **Cache**: keeps things,\n  for a while.\n"),
        (PORT, "| `MINE` | 1 |\n", "| `REDIS_URL` | |\n"),
        (PAGE, "- Mine.\n", "- **A card**: draw one.\n"),
        ("More in `.env`.\n\n", "Mine.\n\n", "```python\ntheirs = 1\n\n\nmore = 2\n```\n\n"),
        (f"{PAGE}\n", "## Mine\n\nMine.\n\n", "### Theirs\n\nTheirs.\n\n"),
        ("# Lantern\n\n", "Mine\n====\n\n", "Theirs.\n\n"),
        ("Plugged in:\n\n", "> Mine.\n\n", "<!-- theirs\n\nand so on -->\n\n"),
    ],
)
def test_both_at_one_place(at: str, mine: str, theirs: str) -> None:
    """Theirs stands where it belongs, ours behind it; and it leaves again."""
    ours, wanted = (BASE.replace(at, at + new) for new in (mine, theirs))
    both = BASE.replace(at, at + theirs + mine)
    assert merged(BASE, ours, wanted) == both
    assert merged(wanted, both, BASE) == ours


@pytest.mark.parametrize(
    ("at", "mine", "theirs"),
    [
        ("1. Plug it in.\n", "2. Mine.\n", "2. Theirs.\n"),  # in which order?
        (PORT, "| `MINE` | 1 |\n", "| `MINE` | 2 |\n"),
        (CACHE, "Mine.\n", "- **Cache**: keeps things.\n"),  # it would become a part of the item
        ("lantern dev\n", "lantern mine\n", "lantern theirs\n"),
        ("It glows.\n", "Mine.\n", "Theirs.\n"),
    ],
)
def test_what_is_a_persons_to_decide(at: str, mine: str, theirs: str) -> None:
    assert merged(BASE, BASE.replace(at, at + mine), BASE.replace(at, at + theirs)) is None


def test_a_heading_of_the_users_keeps_nothing_that_theirs_takes_away() -> None:
    """Found on our own README: what moved under the heading would have stayed."""
    old = BASE.replace(CACHE, f"{CACHE}- **Cache**: keeps things.\n")
    assert merged(old, old.replace(CACHE, f"{CACHE}# Mine\n"), BASE) is None


def test_what_one_replaced_and_the_other_put_in_between_is_not_told_by_names() -> None:
    base = "# A\n\nOne.\n\nTwo.\n"
    ours, theirs = "# A\n\n1.\n\n2.\n", "# A\n\nOne.\n\nOne and a half.\n\nTwo.\n"
    assert merged(base, ours.replace("1.", "I").replace("2.", "II"), theirs) is None


def underlined(text: str) -> str:
    """The same with the headings of the first two levels underlined."""
    text = re.sub("(?m)^# (Lantern)$", r"\1\n=======", text)
    return re.sub("(?m)^## (.*)$", r"\1\n---", text)


def in_front(text: str) -> str:
    """The same behind front matter."""
    return f"---\ntitle: Lantern\ntags:\n  - light\n---\n\n{text}"


@pytest.mark.parametrize("how", [underlined, in_front])
@pytest.mark.parametrize(
    ("at", "mine", "theirs"),
    [
        (CACHE, "- **Mine**: mine.\n", "- **Cache**: keeps things.\n"),
        (PORT, "| `MINE` | 1 |\n", "| `REDIS_URL` | |\n"),
        (f"{PAGE}\n", "## Mine\n\nMine.\n\n", "## Theirs\n\nTheirs.\n\n"),
    ],
)
def test_underlined_headings_and_front_matter(
    how: Callable[[str], str], at: str, mine: str, theirs: str
) -> None:
    base, ours, wanted, both = (
        how(BASE.replace(at, at + new)) for new in ("", mine, theirs, theirs + mine)
    )
    assert merged(base, ours, wanted) == both
    assert merged(wanted, both, base) == ours


@pytest.mark.parametrize("how", [underlined, in_front])
def test_of_the_users_own_style_beside_what_a_component_brings(how: Callable[[str], str]) -> None:
    """The user changed the form of the headings, or put a title in front; theirs did not."""
    ours = how(BASE.replace(CACHE, f"{CACHE}- Mine.\n"))
    theirs = BASE.replace(CACHE, f"{CACHE}- **Cache**: keeps things.\n")
    both = ours.replace("- Mine", "- **Cache**: keeps things.\n- Mine")
    assert merged(BASE, ours, theirs) == both
    assert merged(theirs, both, BASE) == ours


def test_nothing_comes_before_front_matter() -> None:
    assert merged(BASE, in_front(BASE), f"Theirs.\n\n{BASE}") is None
    assert merged(in_front(BASE), in_front(BASE).replace("light", "mine"), BASE) is None


def test_a_line_that_would_be_underlined_is_a_conflict() -> None:
    """Ours takes the item away that keeps theirs from being a heading."""
    base = "# A\n\n- x\n---\n\nTwo.\n"
    ours, theirs = base.replace("- x\n", ""), base.replace("- x", "Theirs.\n- x")
    assert merged(base, ours, theirs) is None


def test_sections_of_underlined_headings() -> None:
    text = "\n".join(
        ("A", "b", "===", "x", "", "C", "-", "y", "", "# D", "> q", "", "---", "z", "")
    )
    first, last = markdown.blocks(text)
    assert first.name == "# A\nb"
    assert [each.name for each in first.inner or ()] == ["x", "## C"]
    assert [each.name for each in last.inner or ()] == ["> q", "---", "z"]


@pytest.mark.parametrize("text", ["---\na: 1\n", "a\r\n", "a\n" * 6_000])
def test_what_is_written_otherwise_is_left_alone(text: str) -> None:
    with pytest.raises(Unusual):
        markdown.blocks(text)


def test_what_there_is() -> None:
    lantern = markdown.blocks(BASE)[0]
    assert [block.name for block in lantern.inner or ()] == [
        *("It glows.", "## Components", "## Settings", "## Run it"),
    ]
    settings = (lantern.inner or ())[2].inner or ()
    assert [block.name.partition("\n")[0] for block in settings] == [
        *("table | Variable | Default |", "More in `.env`.", "- **A route**: copy one."),
        "- **A page**:",
    ]
    assert [row.name for row in settings[0].inner or ()] == ["row `HOST`", "row `PORT`"]


# For whatever documents.

parts = st.sampled_from(
    [
        *("# A\n\n", "## B\n", "## C\n\n", "### D\n", "One.\n", "One.\nTwo.\n\n", "\n", "- x\n"),
        *("- x\n  y\n", "- z\n\n  more\n", "* w\n", "1. p\n", "2. q\n", "<!-- slot: a -->\n"),
        *("<!-- slot: b -->\n", "| h | k |\n|---|---|\n", "| r | 1 |\n", "| s | 2 |\n", "***\n"),
        *(
            "```\n# no\n\n- no\n```\n",
            "~~~ sh\nrun\n~~~\n\n",
            "    code\n",
            "> q\n",
            "=\n",
            "E\n===\n",
            "F\n---\n\n",
            "---\na: 1\n---\n",
            "```\n",
        ),
    ]
)
documents = st.lists(parts, max_size=9).map("".join)


@tiny.examples(500)
@given(documents)
def test_a_document_is_its_blocks(text: str) -> None:
    try:
        found = markdown.blocks(text)
    except Unusual:
        return
    assert "".join(block.text for block in found) == text
    leaves = list(leaves_of(found))
    for fence in re.findall(r"(?ms)^(```|~~~)(.*?)^\1$", text):
        assert any("".join(fence) in leaf for leaf in leaves)


def leaves_of(blocks: tuple[Block, ...]) -> list[str]:
    found = []
    for block in blocks:
        found += [block.head, *leaves_of(block.inner or ())]
    return found


@tiny.examples(800)
@given(documents, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), parts), max_size=4))
def test_nothing_is_lost_none_comes_back_and_none_is_made_up(
    text: str, edits: list[tuple[int, int, str]]
) -> None:
    sides = [text, text, text]
    for side, at, part in edits:
        lines = sides[side].splitlines(keepends=True)
        lines[at : at + (part == "\n")] = [part]
        sides[side] = "".join(lines)
    result = merged(*sides)
    if result is None:
        return
    was, mine, wanted, now = (
        Counter(line.strip() for line in side.split("\n") if line.strip())
        for side in (*sides, result)
    )
    for line in was | mine | wanted | now:
        low, high = sorted((mine[line], wanted[line]))
        both = mine[line] + wanted[line] - was[line]
        assert min(low, both) <= now[line] <= max(high, both)
        if mine[line] == was[line] or wanted[line] == was[line]:
            assert now[line] == both


@pytest.mark.parametrize(
    "text",
    [
        "`" * 100_000 + "a`\n",
        "- " * 100_000 + "\n",
        "- a\n" * 20_000,
        "| a |\n|---|\n" * 10_000,
        "|" + "-|" * 100_000 + "\n",
        "<!-- -->\n" * 20_000,
        "".join(f"{'#' * (n % 6 + 1)} {n}\n" for n in range(20_000)),
        " " * 100_000 + "a\n",
    ],
)
def test_whatever_the_size_it_ends(text: str) -> None:
    merged(text, f"{text}\nb\n", f"{text}\nc\n")
