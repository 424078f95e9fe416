"""`aegis rebase-upstream`: move to another release, in one commit."""

from __future__ import annotations

from pathlib import Path

from aegis_patch.errors import Refused
from aegis_patch.history import presence
from aegis_patch.stack import component, stack
from aegis_patch.stack.release import Upstream
from aegis_patch.stack.stack import Stack
from aegis_patch.upstream import fork, releases
from aegis_patch.upstream.workbench import Bench
from aegis_patch.verbs.opening import open_project
from aegis_patch.verbs.perform import perform
from aegis_patch.verbs.step import Result, Step


def rebase(where: Path, to: str | None, *, dry: bool, relock: bool, strict: bool = False) -> Result:
    """Bring the project to another release, in one commit on top; no history is rewritten."""
    with open_project(where) as (bench, there):
        old, nonsense = presence.without_nonsense(bench, there.stack)
        wanted = fork.version(to) if to else releases.latest(there.stack.url)
        opened = bench.open(there.stack.url, wanted)
        _refuse_absent(bench, old, opened)
        within = old.without(old.names - opened.catalogue.keys())
        moved = stack.rebase(within, opened.catalogue, opened.url, opened.release, opened.commit)
        if moved == there.stack:
            return Result(said=(f"already at aegis {opened.release}",), dry=dry)
        body = f"From aegis {there.stack.release}, by three-way merge; no history is rewritten."
        title = f"Rebase onto aegis {opened.release}"
        step = Step(title, body, old, moved, record=there.stack)
        said = [f"aegis.toml named {name}, which its release doesn't have" for name in nonsense]
        if to is None and old.release not in releases.versions(old.url):
            said.append(f"the upstream no longer has release {old.release}")
        return perform(bench, there, [step], said, dry=dry, relock=relock, strict=strict)


def _refuse_absent(bench: Bench, old: Stack, opened: Upstream) -> None:
    """Refuse a release that lacks a component; an integration just goes."""
    absent = []
    for name in old.names - opened.catalogue.keys():
        if component.is_chosen(bench.catalogue(old)[name]):
            absent.append(name)
    if absent:
        raise Refused(
            f"Release {opened.release} doesn't have {', '.join(sorted(absent))}.",
            next=f"aegis remove {' '.join(sorted(absent))}",
        )
