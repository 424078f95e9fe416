"""Where a line of a file comes from: the core, a patch of a component, or the user."""

from __future__ import annotations

from collections.abc import Sequence

import pygit2

from aegis_patch.objects import texts
from aegis_patch.objects.trees import Entry
from aegis_patch.stack import patch, pristine, requirements
from aegis_patch.stack.patch import FilePatch, Patch
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.stack import CORE, Stack
from aegis_patch.upstream.workbench import Bench
from aegis_patch.values import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a line comes from: a component and its patch, whose body gives the reason."""

    component: str
    patch: str = ""
    why: str = ""


BASE = Origin(CORE, why="Part of every project.")
ANSWERS = Origin(CORE, why="Written from your answers (see `aegis answers`).")
RECORDED = Origin(CORE, why="aegis records your stack here.")


@dataclass(frozen=True, slots=True)
class Step:
    """A text before and after the change of one origin."""

    origin: Origin
    before: bytes
    after: bytes


Line = Origin | None  # None: the user's


def steps(bench: Bench, stack: Stack, path: str) -> list[Step]:
    """The history of a file of the pristine tree: the core, each patch, then the answers."""
    store, catalogue = bench.store, bench.catalogue(stack)
    made = bench.upstream(stack).base.read(path)
    found = [Step(BASE, b"", made)]
    for name in requirements.order(catalogue, stack.names):
        patches = _naming(catalogue[name].series, path)
        if not patches:
            continue
        upstream = bench.at(stack, stack.present[name].release)
        before = version = pristine.before(upstream, name).read(path)
        start = made
        for each, file in patches:
            version = patch.postimage(file, version)
            joined = _joined(store, before, start, version)
            found.append(Step(_origin(name, each), made, joined))
            made = joined
    if path == RECORD:
        last = RECORDED
    else:  # a filter of the user's changes files of everyone
        last = ANSWERS if path in bench.identity(stack) else creator(bench, stack, path)
    return [*found, Step(last, made, bench.pristine(stack).read(path))]


def of_pristine(bench: Bench, stack: Stack, path: str) -> list[Line]:
    """The origin of each line of a file of the unedited stack."""
    origins: list[Line] = []
    for step in steps(bench, stack, path):
        origins = _carried(origins, step.before, step.after, step.origin)
    return origins


def of_text(bench: Bench, stack: Stack, path: str, text: bytes) -> list[Line]:
    """The origin of each line of a text that began as the pristine file at a path."""
    origins = of_pristine(bench, stack, path)
    return _carried(origins, bench.pristine(stack).read(path), text, None)


def creator(bench: Bench, stack: Stack, path: str) -> Origin:
    """The component and patch that bring a file of the pristine tree."""
    catalogue = bench.catalogue(stack)
    for name in requirements.order(catalogue, stack.names):
        for each, file in _naming(catalogue[name].series, path):
            if file.old_mode is None:
                return _origin(name, each)
    return BASE


def _origin(name: str, each: Patch) -> Origin:
    why = each.body.partition("\n\n")[0]
    return Origin(name, each.subject, " ".join(why.split()))


def _carried(origins: Sequence[Line], old: bytes, new: bytes, origin: Line) -> list[Line]:
    """The origins of a text's lines after a change, to which the new lines belong."""
    hunks = texts.hunks(old, new) if old != new else ()
    return texts.spliced(origins, ((was, [origin] * len(now)) for was, now in hunks))


def _joined(store: pygit2.Repository, base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """A file with the changes of a series, as the pristine tree has it."""
    settled = pristine.at_anchors(base, ours, theirs)
    if settled is not None:
        return settled
    merged = texts.merge_text(store, base, ours, theirs)
    return merged.data if merged.clean else ours


def _naming(series: Sequence[tuple[str, Entry]], path: str) -> list[tuple[Patch, FilePatch]]:
    """The patches that name a path, with the change that each makes there."""
    found = []
    for name, entry in series:
        mail = entry.data
        if path.isascii() and path.encode() not in mail:
            continue  # git quotes other names
        parsed = patch.parse(name, mail)
        for file in parsed.files:
            if file.path == path:
                found.append((parsed, file))
    return found
