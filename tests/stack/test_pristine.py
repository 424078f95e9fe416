"""pristine.py: a stack's tree comes from the upstream alone, and its faults are named."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2
import pytest

from aegis_patch.errors import PatchRejected, SeriesClash, SeriesError
from aegis_patch.objects.scratch import scratch
from aegis_patch.stack import pristine, record
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Presence, Stack
from aegis_patch.values import replace
from tests import tiny
from tests.tiny import Files, a_component

RECORD = (
    b'[upstream]\nurl = ""\nrelease = ""\ncommit = ""\n\n[answers]\nname = "Harbor"\n\n'
    b"[components]\n# yours below\n"
)
BASE: dict[str, bytes] = {
    "README.md": b"# Harbor\n\nwords\n\nmore\n",
    "aegis.toml": RECORD,
    "list": b"start\n# yours below\nend\n",
}


def having(*names: str, base: Files = BASE) -> dict[str, bytes]:
    """base/ with these components' lines above the anchor."""
    lines = b"".join(name.encode() + b"\n" for name in names)
    text = BASE["list"].replace(b"# yours below\n", lines + b"# yours below\n")
    own = {f"{name}.py": f"X = '{name}'\n".encode() for name in names}
    return {**BASE, "list": text, **own}


@pytest.fixture
def opened(small: pygit2.Repository) -> Upstream:
    """Three components; the worker needs the cache, and ingress+worker joins by itself."""
    made = tiny.an_upstream(
        small,
        BASE,
        (a_component("cache"), having("cache")),
        (a_component("ingress"), having("ingress")),
    )
    worker = tiny.series(small, having("cache"), having("cache", "worker"), "Add worker")
    both = {**having("cache", "ingress", "worker"), "both.py": b""}
    joined = tiny.series(small, having("cache", "ingress", "worker"), both, "Join both")
    more = tiny.a_catalogue(
        a_component("worker", ("cache",), "component", worker),
        a_component("ingress+worker", ("ingress", "worker"), "integration", joined),
    )
    return replace(made, catalogue={**made.catalogue, **more})


def a_stack(*names: str, release: str = "1.0") -> Stack:
    present = {name: Presence(release, "you") for name in names}
    return Stack("aegis", release, "c" * 40, {"name": "Harbor"}, present)


def folded(store: pygit2.Repository, opened: Upstream, *names: str) -> Mapping[str, object]:
    return tiny.contents(pristine.fold(opened, names))


def test_the_core_alone_is_base(small: pygit2.Repository, opened: Upstream) -> None:
    assert pristine.fold(opened, ()) == opened.base


def test_a_fold_holds_each_series(small: pygit2.Repository, opened: Upstream) -> None:
    assert folded(small, opened, "ingress", "cache") == having("cache", "ingress")
    assert folded(small, opened, "worker", "cache") == having("cache", "worker")
    names = ("cache", "ingress", "ingress+worker", "worker")
    assert folded(small, opened, *names) == {**having("cache", "ingress", "worker"), "both.py": b""}


def test_a_series_is_written_against_what_it_requires(
    small: pygit2.Repository, opened: Upstream
) -> None:
    assert tiny.contents(pristine.before(opened, "worker")) == having("cache")
    assert tiny.contents(pristine.after(opened, "worker")) == having("cache", "worker")


def test_a_pristine_tree_holds_record_and_identity(
    small: pygit2.Repository, opened: Upstream
) -> None:
    wanted = replace(a_stack("cache"), answers={"name": "Pier"})
    identity = {"README.md": b"# Pier\n\nwords\n\nmore\n"}
    made = tiny.contents(pristine.pristine({"1.0": opened}, wanted, identity))
    assert made["README.md"] == identity["README.md"]
    written = made["aegis.toml"]
    assert isinstance(written, bytes)
    assert record.parse(written) == wanted
    assert made["list"] == having("cache")["list"]


def test_a_record_of_mixed_releases_takes_each_series_from_its_own(
    small: pygit2.Repository, opened: Upstream
) -> None:
    later = tiny.an_upstream(
        small,
        BASE,
        (a_component("cache"), {**having("cache"), "cache.py": b"X = 'later'\n"}),
        (a_component("ingress"), {**having("ingress"), "ingress.py": b"X = 'later'\n"}),
        release="2.0",
    )
    mixed = a_stack("ingress", release="2.0")
    mixed = replace(mixed, present={**mixed.present, "cache": Presence("1.0", "you")})
    tree = pristine.pristine({"1.0": opened, "2.0": later}, mixed, {})
    made = tiny.contents(tree)
    assert (made["cache.py"], made["ingress.py"]) == (b"X = 'cache'\n", b"X = 'later'\n")


def test_two_series_on_one_line_clash(small: pygit2.Repository) -> None:
    made = tiny.an_upstream(
        small,
        BASE,
        (a_component("one"), {**BASE, "list": BASE["list"].replace(b"end", b"one")}),
        (a_component("two"), {**BASE, "list": BASE["list"].replace(b"end", b"two")}),
    )
    with pytest.raises(SeriesClash) as raised:
        pristine.fold(made, ["one", "two"])
    assert (raised.value.component, raised.value.paths) == ("two", ("list",))


def test_identity_that_meets_a_series_clashes(small: pygit2.Repository, opened: Upstream) -> None:
    identity = {"list": BASE["list"].replace(b"# yours below", b"# mine")}
    with pytest.raises(SeriesClash, match="identity"):
        pristine.pristine({"1.0": opened}, a_stack("cache"), identity)


def test_a_series_for_another_base_is_rejected_by_name(small: pygit2.Repository) -> None:
    made = tiny.an_upstream(small, BASE, (a_component("cache"), having("cache")))
    other = tiny.tree(small, {**BASE, "list": b"other\n"})
    with pytest.raises(PatchRejected) as raised:
        pristine.fold(replace(made, base=other), ["cache"])
    assert "patches/cache/0-add-cache.patch" in raised.value.where
    assert "list:1" in raised.value.where


@pytest.mark.parametrize("missing", ["aegis.toml", "README.md"])
def test_a_base_that_lacks_a_file_is_the_upstreams_fault(
    small: pygit2.Repository, missing: str
) -> None:
    base = {path: data for path, data in BASE.items() if path != missing}
    opened = tiny.an_upstream(small, base)
    with pytest.raises(SeriesError, match=missing):
        pristine.pristine({"1.0": opened}, a_stack(), {"README.md": b"x"})


def test_nothing_of_this_writes_outside_its_store(
    small: pygit2.Repository, opened: Upstream
) -> None:
    with scratch(()) as other:
        assert pristine.fold(opened, ["cache"]).id not in other
