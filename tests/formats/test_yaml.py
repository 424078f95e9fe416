"""merges.yaml: keys and items of both sides, each in its place, with comments and format as is."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.formats import kinds, syntax, yaml_keys
from aegis_patch.formats.named_blocks import Block
from tests import tiny

BASE = """\
# All of it.
x-app: &app
  image: "app"  # ours
  environment:
    HOST: "0.0.0.0"
    # slot: cache
    # slot: worker
    # yours below

services:
  web:
    <<: *app
    ports: ["8000:8000"]
    labels:
      app.role: "web"
      # slot: ingress
    depends_on:
      files: { up: true }
      # slot: cache
      # slot: worker

  # slot: cache
  # slot: worker
  # yours below

volumes:
  files: {}
  # slot: cache
jobs:
  check:
    steps:
      - uses: actions/checkout@v5
      - uses: setup-uv@v7
        with:
          cache: true
      # slot: cache
      # yours below
      - run: |
          # not a comment
          uv run pytest
"""
REDIS = '  redis:\n    image: redis\n    command: ["redis-server"]\n\n'
CACHE = (
    BASE.replace("    # slot: cache\n    # s", '    # slot: cache\n    REDIS: "redis"\n    # s', 1)
    .replace("      # slot: cache\n", "      # slot: cache\n      redis: { up: true }\n", 1)
    .replace("\n  # slot: cache\n", f"\n  # slot: cache\n{REDIS}", 1)
    .replace(
        "volumes:\n  files: {}\n  # slot: cache\n",
        "volumes:\n  files: {}\n  # slot: cache\n  redis: {}\n",
    )
    .replace("      # slot: cache\n      # y", "      # slot: cache\n      - run: redis\n      # y")
)


def merged(base: str, ours: str, theirs: str) -> str | None:
    return tiny.structured("compose.yaml", base, ours, theirs)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    # slot: cache\n    # s", '    # slot: cache\n    MINE: "1"\n    # s'),
        ("      # slot: cache\n", "      # slot: cache\n      db: { up: true }\n"),
        ("\n  # slot: cache\n", "\n  # slot: cache\n  db:\n    image: pg\n"),
        ("\n  # slot: cache\n", "\n  # a database\n  db:\n    image: pg\n\n  # slot: cache\n"),
        (
            "volumes:\n  files: {}\n  # slot: cache\n",
            "volumes:\n  files: {}\n  # slot: cache\n  db: {}\n",
        ),
        ("      # yours below\n", "      # yours below\n      - run: mine\n"),
        ("  # slot: worker\n  # yours below\n", ""),
        ('    HOST: "0.0.0.0"\n', "    HOST: localhost  # mine\n"),
        ('ports: ["8000:8000"]', 'ports:\n      - "9000:8000"'),
        ("  check:\n", "  lint:\n    steps: []\n  check:\n"),
        ("uv run pytest", "uv run pytest -x"),
    ],
)
def test_what_a_component_brings_finds_its_place_and_leaves_it_again(old: str, new: str) -> None:
    """The user's edit, then the component's: the same text as the other way round."""
    ours = BASE.replace(old, new, 1)
    assert ours != BASE
    result = merged(BASE, ours, CACHE)
    assert result is not None
    assert set(ours.splitlines()) <= set(result.splitlines())
    assert "  # slot: cache\n  redis:\n    image: redis\n" in result.replace("\n\n", "\n")
    assert "      # slot: cache\n      redis: { up: true }\n" in result
    assert merged(CACHE, result, BASE) == ours


def test_a_port_beside_an_inserted_label() -> None:
    ours = BASE.replace("8000:", "9000:")
    theirs = BASE.replace("    labels:\n", '    labels:\n      new: "label"\n')
    both = ours.replace("    labels:\n", '    labels:\n      new: "label"\n')
    assert merged(BASE, ours, theirs) == both


def test_neighbouring_values_merge_and_one_value_does_not() -> None:
    base = "a: 1\nb: 2\n"
    assert merged(base, "a: 7\nb: 2\n", "a: 1\nb: 8\n") == "a: 7\nb: 8\n"
    assert merged(base, "a: 7\nb: 2\n", "a: 8\nb: 2\n") is None
    assert merged(base, "a: 7\nb: 2\n", "b: 2\n") is None
    assert merged(base, "b: 2\n", "a: 7\nb: 2\n") is None


def test_only_what_both_changed_is_left_to_decide() -> None:
    """Ours changed the port that theirs replaces; the service beside it is settled."""
    ours = BASE.replace("8000:", "9000:").replace(
        "\n  # slot: cache\n", "\n  mine: {}\n  # slot: cache\n"
    )
    theirs = CACHE.replace('ports: ["8000:8000"]', "extends: { file: http.yaml }")
    made = kinds.structured("compose.yaml", BASE.encode(), ours.encode(), theirs.encode())
    assert made is not None
    differ = [line for line in made[1].splitlines() if line not in made[2].splitlines()]
    assert differ == [b'    ports: ["9000:8000"]']


def test_a_service_that_the_user_edited_is_not_taken_away() -> None:
    ours = CACHE.replace("image: redis\n", "image: redis:7\n")
    assert merged(CACHE, ours, BASE) is None


def test_a_service_that_the_user_deleted_stays_deleted() -> None:
    ours = CACHE.replace(REDIS, "").replace("# All of it.", "# Mine.")
    theirs = CACHE.replace("# All of it.\n", "# All of it.\nname: x\n")
    assert merged(CACHE, ours, theirs) == ours.replace("# Mine.\n", "# Mine.\nname: x\n")
    theirs = CACHE.replace("uses: setup-uv@v7", "uses: setup-uv@v8")
    assert merged(CACHE, ours, theirs) == ours.replace("@v7", "@v8")


@pytest.mark.parametrize("key", ["ports", "command"])
def test_an_item_from_each_side_where_the_order_says_nothing(key: str) -> None:
    base = f"{key}:\n  - a\n"
    result = merged(base, f"{base}  - mine\n", f"{base}  - theirs\n")
    assert result == (f"{base}  - theirs\n  - mine\n" if key == "ports" else None)


KUSTOMIZE = """\
resources:
  - web.yaml
  # slot: worker
patches:
  # slot: worker
  - path: last.yaml
configMapGenerator:
  - name: settings
    literals:
      - PORT=8000
      # slot: worker
      # yours below
  - name: more
    # why
    envs: [more.env]
images:
  - name: app
    newTag: "1"
"""


@pytest.mark.parametrize(
    ("number", "mine", "theirs"),
    [
        (0, "  - mine.yaml\n", "  - worker.yaml\n"),
        (1, "  - path: mine.yaml\n", "  - target: { kind: Job }\n    path: worker.yaml\n"),
        (2, "      - MINE=1\n", "      # Theirs\n      - QUEUE=2\n"),
    ],
)
def test_lists_of_kustomize(number: int, mine: str, theirs: str) -> None:
    """Also in an item, which is known by its name; of two patches ours is the later one."""
    parts = re.split("(?<=slot: worker\n)", KUSTOMIZE)

    def put(text: str) -> str:
        return "".join([*parts[: number + 1], text, *parts[number + 1 :]])

    assert merged(KUSTOMIZE, put(mine), put(theirs)) == put(theirs + mine)
    assert merged(put(theirs), put(theirs + mine), KUSTOMIZE) == put(mine)


@pytest.mark.parametrize(("pattern", "merges"), [("v1", True), ('"!v1"', False)])
def test_a_pattern_that_takes_back_what_is_above_it(pattern: str, merges: bool) -> None:
    base = f"on:\n  push:\n    branches:\n      - main\n      - {pattern}\n"
    sides = [f"{base}      - {name}\n" for name in ("mine", "theirs")]
    assert (merged(base, *sides) is not None) is merges


@pytest.mark.parametrize(
    ("base", "mine", "theirs"),
    [
        ("[\n r,\n --a,\n --b,\n]", "\n- r # why\n- '--a'\n- '--b'", "[\n r,\n --b,\n --a,\n]"),
        ("\n- r\n- --a\n- --b", "\n- r\n- '--a'\n- -v\n- '--b'", "\n- r\n- -v\n- --a\n- --b"),
    ],
    ids=["moved by theirs", "put in by both, at two places"],
)
def test_arguments_that_were_quoted_anew_have_an_order(base: str, mine: str, theirs: str) -> None:
    assert merged(*(f"command: {text}\n" for text in (base, mine, theirs))) is None


@pytest.mark.parametrize(
    ("base", "mine", "theirs"),
    [
        ("ports: []", "ports: !reset []", 'ports: ["80:80"]'),
        ('command: ["x", "y"]', "command:\n  - |-\n    x\n    y", 'command: ["x", "y", "z"]'),
        ("x: 1 # keep\ny: 2", "x: 1\ny: 2 # keep", "x: 1 # keep\ny: 3"),
        ("a: &b 1\nc: 2", "a: 1\nc: &b 2", "a: &b 3\nc: 2"),
    ],
    ids=["a tag", "lines of one text", "a comment that moved", "an anchor that moved"],
)
def test_what_is_no_layout(base: str, mine: str, theirs: str) -> None:
    sides = (f"a:\n  {side.replace(chr(10), chr(10) + '  ')}\n" for side in (base, mine, theirs))
    assert merged(*sides) is None


def test_what_is_in_an_item_with_a_name() -> None:
    ours = KUSTOMIZE.replace("[more.env]", "[mine.env]").replace(
        "  - name: app\n", "  - name: my\n"
    )
    theirs = KUSTOMIZE.replace("    # why\n", "    # why\n    behavior: merge\n")
    both = ours.replace("    # why\n", "    # why\n    behavior: merge\n")
    assert merged(KUSTOMIZE, ours, theirs) == both
    assert merged(KUSTOMIZE, ours, KUSTOMIZE.replace('newTag: "1"', 'newTag: "2"')) is None
    assert merged(KUSTOMIZE, ours, KUSTOMIZE.replace("[more.env]", "[theirs.env]")) is None


def test_an_item_that_both_replaced_is_a_persons_choice() -> None:
    base = 'ports:\n  - "8000:8000"\n  - "1:1"\n'
    mine, wanted = base.replace("8000:", "9000:"), base.replace("8000:", "80:")
    assert merged(base, mine, wanted) is None
    assert merged(base, mine, base.replace('  - "8000:8000"\n', "")) is None


@pytest.mark.parametrize(
    "base",
    [
        "a: 1\n---\nb: 1\n",
        "? [x]\n: 1\n",
        "{a: 1}\n",
        "- - a\n- b\n",
        "a: 1\r\nb: 1\n",
        "a: 1\n\tb: 1\n",
        "a: [\n",
        "",
        "just text\n",
    ],
)
def test_what_is_written_otherwise_is_left_alone(base: str) -> None:
    for mine, wanted in ((f"{base}c: 1\n", f"{base}d: 1\n"), (base, f"{base}d: 1\n")):
        assert merged(base, mine, wanted) is None


def test_anchors_stay_with_what_they_name() -> None:
    base = "a: &a\n  x: 1\nb:\n  <<: *a\n"
    mine, wanted = base.replace("x: 1", "x: 1\n  y: 2"), base.replace("x: 1", "x: 1\n  z: 3")
    result = merged(base, mine, wanted)
    assert result == base.replace("x: 1", "x: 1\n  z: 3\n  y: 2")
    no_anchor = "a:\n  x: 1\nb: 1\n"
    assert merged(base, no_anchor, f"{base}c: *a\n") is None


# For whatever documents.

keys = st.sampled_from(["web", "db", "ports", "run", "image"])
scalars = st.sampled_from(["1", '"x"', "a: b", "|\n", "# not", "", "[a, b]", "{a: 1}"])
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.dictionaries(keys, inner, min_size=1, max_size=3),
        st.lists(scalars, min_size=1, max_size=3),
    ),
    max_leaves=8,
)
documents = st.dictionaries(keys, values, min_size=1, max_size=4)


def written(value: object, depth: int, comment: str) -> str:
    """A value as a person would write it, with comments between."""
    pad = "  " * depth
    if isinstance(value, dict):
        rows = [f"{pad}{key}:{written(each, depth + 1, comment)}" for key, each in value.items()]
        return "\n" * bool(depth) + f"{pad}# {comment} {depth}\n".join(rows)
    if isinstance(value, list):
        return "\n" + "".join(f"{pad}- {item.strip() or 1}\n" for item in value if ":" not in item)
    if value == "|\n":
        return f" |\n{pad}# text\n{pad}more\n\n"
    return f" '{value}'\n" if value == "a: b" else f" {value}\n"


@tiny.examples(400)
@given(st.tuples(documents, documents, documents))
def test_no_line_is_lost(sides: tuple[object, object, object]) -> None:
    base, ours, theirs = (
        written(side, 0, comment) for side, comment in zip(sides, ("b", "mine", "b"), strict=True)
    )
    result = merged(base, ours, theirs)
    if result is None:
        return
    yaml.safe_load(result)
    before, mine, wanted, now = (
        {line.strip() for line in text.split("\n")} for text in (base, ours, theirs, result)
    )
    assert (mine | wanted) - before <= now <= mine | wanted


@tiny.examples(400)
@given(data=st.data())
def test_whatever_comes_it_merges_or_it_does_not(data: st.DataObject) -> None:
    tokens = ["a", "b", ":", " ", "\n", "  ", "- ", "#", "{", "}", "[", ",", "&a", "*a", "|", "'"]
    chunk = st.one_of(st.lists(st.sampled_from(tokens), max_size=14).map("".join), st.just(BASE))
    texts = [data.draw(chunk) + data.draw(chunk) for _ in range(3)]
    result = merged(*texts)
    assert result is None or syntax.syntax_error("a.yaml", result.encode()) is None


@tiny.examples(400)
@given(documents)
def test_both_parsers_of_pyyaml_tell_the_same_lines(document: object) -> None:
    text = written(document, 0, "b")
    fast = cut(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader")
        assert cut(text) == fast
    if fast:
        assert "".join(block.text for block in fast) == text


def cut(text: str) -> tuple[Block, ...] | None:
    try:
        return yaml_keys.blocks(text)
    except (ValueError, RecursionError):
        return None


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 20_000,
        "a: " + "[" * 5_000 + "]" * 5_000 + "\n",
        "".join(f"{' ' * n}a:\n" for n in range(2_000)),
        "".join(f"- {n}\n" for n in range(20_000)),
        "".join(f"k{n}:\n  a: 1\n" for n in range(5_000)),
        'a0: &a0 ["x"]\n' + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 90)),
    ],
)
def test_whatever_the_size_it_takes_seconds(text: str) -> None:
    merged(text, f"{text}b: 1\n", f"{text}c: 1\n")
