"""merges.forms: what a component changes, in the form that the user has given a collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pygit2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aegis_patch.formats import syntax
from aegis_patch.formats.kinds import rewritten
from aegis_patch.merge import file_content
from tests import tiny
from tests.conftest import Start

FRAME = "services:\n  web:\n    build: .\n{}    restart: always\nvolumes: {{}}\n"

# As the component has it without and with its entry; as the user wrote it, without and with.
BRACES = """\
    # Why braces.
    depends_on: {
      # slot: cache
      # slot: mail
    }
"""
WITH = BRACES.replace("cache\n", "cache\n      redis: { condition: service_healthy },\n")
LINES = """\
    # Why braces.
    depends_on:
      # mine
      db:
        condition: service_healthy
      # slot: cache
      # slot: mail
"""
REDIS = "      redis:\n        condition: service_healthy\n"


@pytest.fixture(name="store", scope="module")
def small_store() -> Iterator[pygit2.Repository]:
    with tiny.empty_store() as made:
        yield made


def merged(store: pygit2.Repository, *parts: str) -> str | None:
    """The part of the result, or None where it is a conflict."""
    sides = [FRAME.format(part) for part in parts]
    data, reason, _ = file_content.merge(store, "compose.yaml", *(side.encode() for side in sides))
    if reason is not None:
        return None
    yaml.safe_load(data)
    start, end = FRAME.format("\0").split("\0")
    text = data.decode()
    assert text.startswith(start)
    assert text.endswith(end)
    return text.removeprefix(start).removesuffix(end)


def keyed(key: str, *values: str) -> tuple[str, ...]:
    """One key, whose value is each of these."""
    return tuple(f"    {key}:{value if value[0] == chr(10) else ' ' + value}\n" for value in values)


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "both"),
    [
        pytest.param(
            BRACES,
            WITH,
            LINES,
            LINES.replace("cache\n", f"cache\n{REDIS}"),
            id="braces written as lines, slots kept",
        ),
        pytest.param(
            BRACES,
            WITH,
            LINES.replace("      # slot: cache\n      # slot: mail\n", "")
            .replace(":\n        condition: service_healthy", ": {condition: service_healthy}")
            .replace("# Why braces.", "# Mine."),
            "    # Mine.\n    depends_on:\n"
            "      redis: { condition: service_healthy }\n"
            "      # mine\n      db: {condition: service_healthy}\n",
            id="braces written as lines, slots gone",
        ),
        pytest.param(
            *keyed(
                "depends_on",
                "[db]",
                "[db, redis]",
                "\n      - db  # first\n      - mine",
                "\n      - db  # first\n      - redis\n      - mine",
            ),
            id="a list in brackets written as lines",
        ),
        pytest.param(
            *keyed(
                "depends_on",
                "\n      - db",
                "\n      - db\n      - redis",
                "[db, mine]  # why",
                "[db, redis, mine]  # why",
            ),
            id="a list in lines written in brackets",
        ),
        pytest.param(
            *keyed(
                "depends_on",
                "[db]",
                "[db, redis]",
                "\n      db:\n        condition: service_started\n        # mine\n      mine:\n"
                "        condition: service_healthy",
                "\n      db:\n        condition: service_started\n        # mine\n      redis:\n"
                "        condition: service_started\n      mine:\n"
                "        condition: service_healthy",
            ),
            id="a list written with conditions",
        ),
        pytest.param(
            *keyed(
                "environment",
                '\n      A: "1"',
                '\n      A: "1"\n      # Theirs.\n      URL: "redis://r:6379/0"',
                "\n      - A=1\n      - MINE=x y",
                "\n      - A=1\n      # Theirs.\n      - URL=redis://r:6379/0\n      - MINE=x y",
            ),
            id="settings as items",
        ),
        pytest.param(
            *keyed(
                "environment",
                "\n      - A=1",
                "\n      - A=1\n      - B=on\n      - C",
                '\n      A: "1"\n      MINE: "x"',
                '\n      A: "1"\n      B: "on"\n      C:\n      MINE: "x"',
            ),
            id="settings as keys",
        ),
        pytest.param(
            *keyed(
                "ports",
                '["80:80", "22:22"]',
                '["80:80", "22:22", "81:81"]',
                "\n      - '80:80'\n      - '22:22'",
                "\n      - '80:80'\n      - '22:22'\n      - '81:81'",
            ),
            id="ports quoted otherwise, in lines",
        ),
        pytest.param(
            *keyed(
                "ports",
                '\n      - "80:80"',
                '\n      - "80:80"\n      - "22:22"',
                "\n      - 80:80\n      - 9000:9000",
                '\n      - 80:80\n      - 9000:9000\n      - "22:22"',
            ),
            id="ports without quotes",
        ),
        pytest.param(
            *keyed(
                "networks",
                "[inside]",
                "[inside, mesh]",
                "\n      inside:\n        aliases: [me]\n      mine:",
                "\n      inside:\n        aliases: [me]\n      mesh:\n      mine:",
            ),
            id="networks with aliases",
        ),
    ],
)
def test_in_the_form_that_ours_has(
    store: pygit2.Repository, base: str, theirs: str, ours: str, both: str
) -> None:
    """It comes, and it goes again."""
    assert merged(store, base, ours, theirs) == both
    assert merged(store, theirs, both, base) == ours


@pytest.mark.parametrize(
    ("key", "base", "ours", "theirs", "result"),
    [
        ("command", '["app", "serve"]', "app serve", '["app", "run"]', "app run"),
        (
            "command",
            "app serve",
            '["app", "serve"]',
            "app serve --all",
            '["app", "serve", "--all"]',
        ),
        (
            *(
                "command",
                '["app", "serve"]',
                "\n      - app\n      - serve",
                '["app", "-v", "run"]',
            ),
            "\n      - app\n      - -v\n      - run",
        ),
        ("image", '"app:1"', "'app:1'", '"app:2"', "'app:2'"),
        ("environment", '{ A: "x" }', "{ A: x }", '{ A: "1.5e3" }', '{ A: "1.5e3" }'),
        (
            *("environment", "[A=x]", "\n      A: x"),
            *('["A=x", "B=1.5e3"]', '\n      A: x\n      B: "1.5e3"'),
        ),
        ("depends_on", "[a, b]", "\n      - a\n      - b", "[b]", "\n      - b"),
        ("depends_on", "[a]", "\n      - a", "[]", " []"),
        ("ports", '["1:1", "2:2"]', '["1:1", "2:2", "3:3"]', '["1:1"]', '["1:1", "3:3"]'),
    ],
)
def test_what_theirs_changes(
    store: pygit2.Repository, key: str, base: str, ours: str, theirs: str, result: str
) -> None:
    base, ours, theirs, result = keyed(key, base, ours, theirs, result.strip(" "))
    assert merged(store, base, ours, theirs) == result


@pytest.mark.parametrize(
    ("key", "base", "ours", "theirs"),
    [
        ("command", '["app", "serve"]', "app serve --all", '["app", "run"]'),  # both changed it
        ("command", '["app", "$X"]', "app $X", '["app", "$Y"]'),  # a shell might read it
        ("command", '["app"]', "app", '["app", "two words"]'),
        ("test", '["CMD", "a"]', "CMD a", '["CMD", "b"]'),  # not the same at all
        ("image", '"app:1"', "app:1-mine", '"app:2"'),
        ("image", '"app:1"', "app:1  # not newer", '"app:2"'),
        # What theirs says of it has no place in a list; and ours left it out of theirs' entry.
        ("depends_on", "{}", "[mine]", "{ db: { condition: service_healthy } }"),
        ("depends_on", "{ db: { condition: service_healthy } }", "[db]", "{}"),
        ("depends_on", "[a, b]", "\n      - a\n      - b  # mine", "[a]"),  # a word of ours
        ("environment", '{ A: "1", B: "2" }', "\n      - A=1\n      - B=3", '{ A: "1" }'),
        ("environment", '{ A: "1" }', "\n      - A=1\n      - B=3", '{ A: "1", B: "2" }'),
        ("environment", "{ A: yes }", "\n      - A=yes", "{}"),  # true, or a word?
        # To another parser, these are numbers.
        ("environment", "{ A: 0o17 }", "\n      - A=0o17", "{}"),
        ("environment", "{ A: 1.5e3 }", "\n      - A=1.5e3", "{}"),
        ("image", "1E3", '"1E3"', '"app:2"'),
        ("networks", "[a, b]", "\n      - a\n      - on", '[a, "on"]'),  # twice?
        ("profiles", "[a, b, c]", "\n      - a\n      - b\n      - y", '[a, "y", c]'),
        ("networks", "[a]", "\n      a:\n        aliases: [b]", "[a, on]"),  # no name
        ("volumes", '{ a: "b" }', "\n      - a=b", "{}"),  # what would that be?
        ("entrypoint", "[a, b]", "[a, b, mine]", "[a, b, theirs]"),  # in which order?
        ("ports", '["80:80"]', "\n      - target: 80", "[]"),
        ("ports", '["80:80"]', "\n      - '80:80'\n      - \"80:80\"", "[]"),  # which?
        ("labels", "{ a: &x b }", "\n      - a=b", "{}"),
    ],
)
def test_where_it_is_a_persons_to_say(
    store: pygit2.Repository, key: str, base: str, ours: str, theirs: str
) -> None:
    assert merged(store, *keyed(key, base, ours, theirs)) is None


def test_more_than_one_of_them(store: pygit2.Repository) -> None:
    base = keyed("ports", '["80:80"]')[0] + BRACES
    theirs = keyed("extends", '{ file: "http.yaml" }')[0] + WITH
    ours = keyed("ports", "['80:80']")[0] + LINES
    both = keyed("extends", '{ file: "http.yaml" }')[0] + LINES.replace(
        "cache\n", f"cache\n{REDIS}"
    )
    assert merged(store, base, ours, theirs) == both
    assert merged(store, base, keyed("ports", "[]")[0] + LINES, theirs) is None
    in_lines = keyed("ports", "\n      - '80:80'")[0]  # lines of the user's own, all to go
    assert merged(store, base, in_lines + LINES, theirs) is None


@pytest.mark.parametrize(
    "form",
    ['["{}"]', '["22:22", "{}"]', '["{}", "22:22"]', "\n      - {}", "\n      - 22:22\n      - {}"],
)
@pytest.mark.parametrize("theirs", ["81:80", ""])
def test_what_both_replaced_is_a_conflict(store: pygit2.Repository, form: str, theirs: str) -> None:
    texts = [f"    ports: {form.format(port)}\n" for port in ("80:80", "9000:80", theirs)]
    if not theirs:
        texts[2] = "    ports: [22:22]\n" if "22" in form else ""
    assert merged(store, *texts) is None


@pytest.mark.parametrize("key", ["volumes", "depends_on", "networks"])
def test_what_both_put_in_two_places_is_there_once_or_a_conflict(
    store: pygit2.Repository, key: str
) -> None:
    """Compose refuses some lists in which an item stands twice; in others one is too many."""
    rows = (("a", "b"), ("a", "b", "c"), ("c", "a", "d"))
    texts = keyed(key, *("".join(f"\n      - {row}" for row in each) for each in rows))
    made = merged(store, *texts)
    assert made is None or made.count("- c\n") == 1
    again = keyed("command", *("".join(f"\n      - {row}" for row in each) for each in rows))
    assert (merged(store, *again) or "").count("- c\n") == 2


def test_an_entry_written_otherwise_does_not_hide_that_it_goes(store: pygit2.Repository) -> None:
    """To git, the line below `a` is that below `b` now."""
    one, two = "a:\n        condition: service_started", "a: { condition: service_started }"
    base = f"\n      {one}\n      {two.replace('a:', 'b:')}"
    ours = f"\n      {two}\n      {one.replace('a:', 'b:')}"
    made = merged(store, *keyed("depends_on", base, ours, f"\n      {one}"))
    assert made is None or "b:" not in made


def test_what_ours_changed_and_moved_and_theirs_takes_away(store: pygit2.Repository) -> None:
    base, theirs = '\n      A: "1"\n      X Y: "x"\n      C: "|"', '\n      A: "1"\n      C: "|"'
    ours = "\n      A: '1'\n      C: '|'\n      X Y: '&'"
    assert merged(store, *keyed("environment", base, ours, theirs)) is None
    assert merged(store, *keyed("environment", base, base.replace('"x"', '"y"'), theirs)) is None


def test_one_name_that_both_put_in_two_places(store: pygit2.Repository) -> None:
    rows = (("A=1", "B=2", "C=3"), ("A=1", "B=2", "C=3", "D=4"), ("A=1", "B=2", "D=5"))
    texts = keyed("environment", *("".join(f"\n      - {row}" for row in each) for each in rows))
    assert merged(store, *texts) is None


def test_a_conflict_elsewhere_is_the_only_one(store: pygit2.Repository) -> None:
    sides = (BRACES, LINES, WITH)
    parts = [f"    image: {n}\n" + part for n, part in enumerate(sides)]
    texts = (FRAME.format(part).encode() for part in parts)
    data, reason, _ = file_content.merge(store, "compose.yaml", *texts)
    assert reason is file_content.Reason.TEXT
    assert data.count(b"<<<<<<<") == 1
    assert LINES.replace("cache\n", f"cache\n{REDIS}").encode() in data


# For whatever a collection says, and however.

NAMES = st.sampled_from(["a", "b-b", "c.c", "d_1", "on", "80"])
VALUES = st.sampled_from(
    ["1", "x", "redis://r:6379/0?a=b", "two words", "# no", "no", "'", "", "ü"]
)
SAID = st.dictionaries(NAMES, VALUES, max_size=5)


def written(said: dict[str, str], form: str, quote: str, comment: str) -> str:
    """An environment as a person might write it; `quote` is one that holds anything."""

    def quoted(text: str) -> str:
        if quote == "'":
            return "'" + text.replace("'", "''") + "'"
        return json.dumps(text, ensure_ascii=False)

    keyed = form.endswith("keys")
    rows = [
        f"{quoted(name)}: {quoted(value)}" if keyed else quoted(f"{name}={value}")
        for name, value in said.items()
    ]
    if form.startswith("line") or not rows:
        opened, closed = "{}" if keyed else "[]"
        return f"    environment: {opened}{', '.join(rows)}{closed}\n"
    if form.startswith("brackets"):
        opened, closed = "{}" if keyed else "[]"
        inside = "".join(f"      {row},\n" for row in rows)
        return f"    environment: {opened}\n      # {comment}\n{inside}    {closed}\n"
    dash = "" if keyed else "- "
    inside = "".join(f"      {dash}{row}\n      # {comment} {row}\n" for row in rows)
    return f"    environment:\n{inside}"


FORMS = st.tuples(
    st.sampled_from(
        [f"{how} {what}" for how in ("line", "brackets", "each") for what in ("keys", "items")]
    ),
    st.sampled_from(["'", '"']),
)


@tiny.examples(250)
@given(SAID, SAID, SAID, FORMS, FORMS)
def test_it_says_what_both_wanted(
    store: pygit2.Repository,
    base: dict[str, str],
    ours: dict[str, str],
    theirs: dict[str, str],
    form: tuple[str, str],
    mine: tuple[str, str],
) -> None:
    texts = written(base, *form, "b"), written(ours, *mine, "mine"), written(theirs, *form, "b")
    sides = tuple(FRAME.format(text).encode() for text in texts)
    made = rewritten("compose.yaml", *sides)
    if made is None or len(set(made)) > 1:
        return  # there is a conflict in it
    found = yaml.safe_load(made[1])["services"]["web"]["environment"]
    said = found if isinstance(found, dict) else dict(each.split("=", 1) for each in found)
    assert said == {
        name: (ours if theirs.get(name) == base.get(name) else theirs)[name]
        for name in base.keys() | ours.keys() | theirs.keys()
        if name in (ours if theirs.get(name) == base.get(name) else theirs)
    }
    assert isinstance(found, dict) == mine[0].endswith("keys") or not found
    kept = [line for line in texts[1].split("\n") if "# mine" in line]
    gone = {name for name in ours if name not in said}
    assert all(line in made[1].decode() for line in kept if not any(g in line for g in gone))


@tiny.examples(200)
@given(data=st.data())
def test_whatever_comes_it_ends(data: st.DataObject) -> None:
    tokens = [
        *("depends_on", "command", "a", "b", ":", " ", "\n", "\n  ", "\n    ", "- ", "#", "{", "}"),
        *("[", "]", ", ", "&a", "*a", "|", "'", '"', ": ", "=", "? ", "<<"),
    ]
    chunk = st.lists(st.sampled_from(tokens), max_size=14).map("".join)
    parts = [FRAME.format(part) for part in (BRACES, LINES, WITH)]
    texts = [(part + data.draw(chunk) + "\n" + data.draw(chunk)).encode() for part in parts]
    made = rewritten("a.yaml", *texts)
    assert made is None or all(syntax.syntax_error("a.yaml", side) is None for side in made[1:2])


def test_my_own_form_of_what_the_web_server_waits_for(start: Start) -> None:
    project = start()
    text = project.read("compose.yaml")
    before, _, rest = text.partition("    # In braces,")
    _, _, after = rest.partition("\n    }\n")
    ours = (
        f"{before}    # Mine.\n    depends_on:\n      db: {{ condition: service_healthy }}\n{after}"
    )
    project.write("compose.yaml", ours)
    project.commit("A database of our own")
    project.aegis("add", "cache")
    web = yaml.safe_load(project.read("compose.yaml"))["services"]["webserver"]
    assert list(web["depends_on"]) == ["redis", "db"]
    project.aegis("remove", "cache")
    assert project.read("compose.yaml") == ours


@pytest.mark.parametrize("many", [600, 20_000])
def test_whatever_the_size_it_takes_seconds(many: int) -> None:
    keys = [f"k{n}:\n  a:" for n in range(many)]
    kinds = (" [x]", "\n    - x", " [x, z]")
    assert (
        rewritten("a.yaml", *(_all(f"{key}{kind}" for key in keys) for kind in kinds)) or many > 600
    )
    rows = (
        (f"- {quote}{side}{n}{quote}" for n in range(many)) for side, quote in ("a'", 'a"', "b'")
    )
    rewritten("a.yaml", *(b"ports:\n" + _all(side) for side in rows))


def _all(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
