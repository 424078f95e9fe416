"""The JSON object for programs, as described in `output.schema.json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aegis_patch.terminal.screen import plain
from aegis_patch.values import asdict

if TYPE_CHECKING:
    from aegis_patch.history.unresolved import Reference
    from aegis_patch.merge.outcome import Conflict
    from aegis_patch.stack.release import Upstream
    from aegis_patch.stack.update_notes import UpdateNote
    from aegis_patch.verbs.explain import Explained
    from aegis_patch.verbs.settle import Settled
    from aegis_patch.verbs.status import Status
    from aegis_patch.verbs.step import Commit, Result

CORE_ROW = {
    "name": "core",
    "title": "Core",
    "summary": "Backend, dashboard and command line; always included.",
    "implementation": "FastAPI, Flet, Typer",
    "kind": "core",
    "status": "available",
    "requires": [],
}
_KINDS = ("component", "variant", "service", "integration")


def one_line(value: Any) -> str:
    """One JSON object on one line, free of terminal control characters."""
    import json  # slow to import, and not for completion

    return plain(json.dumps(value, ensure_ascii=False))


def result_json(result: Result) -> dict[str, Any]:
    """A plan or a result, for a program."""
    shown: dict[str, Any] = {
        "commits": [_commit_json(commit) for commit in result.commits],
        "dangling": _dangling_json(result.dangling),
        "not_applied": [{"path": note.path, "reason": note.text} for note in result.not_applied],
        "update_notes": [_update_json(note) for note in result.update_notes],
    }
    if result.next:
        shown["next"] = result.next
    if result.patch:
        shown["patch"] = result.patch
    return shown


def settled_json(found: Settled) -> dict[str, Any]:
    """The result for git's unmerged paths, for a program."""
    shown = {
        "merged": [*found.settled],
        "also_written": [*found.also],
        "conflicts": [{"path": path, "reason": reason} for path, reason in found.left.items()],
        "notes": [{"path": note.path, "text": note.text} for note in found.notes],
        "next": found.next,
    }
    return {**shown, "patch": found.patch} if found.patch else shown


def status_json(status: Status) -> dict[str, Any]:
    """A status, for a program."""
    components = []
    for name, presence in sorted(status.stack.present.items()):
        if name not in status.integrations:
            components.append({"name": name, "by": presence.by, "release": presence.release})
    return {
        "release": status.stack.release,
        "latest": status.latest,
        "behind": status.behind,
        "components": components,
        "integrations": list(status.integrations),
        "changed": [asdict(file) for file in status.changed],
        "unfinished": [asdict(finding) for finding in status.unfinished],
        "needs_repair": [asdict(finding) for finding in status.inconsistencies],
        "dangling": _dangling_json(status.dangling),
    }


def explained_json(found: Explained) -> dict[str, Any]:
    """The origins of a file's lines, for a program that has the lines already."""
    shown = asdict(found)
    del shown["text"]
    return shown


def components_json(opened: Upstream) -> list[dict[str, Any]]:
    """A release's catalogue, for a program, core first; aegis knows nothing of a fork's core."""
    core = CORE_ROW
    if opened.url != "aegis":
        core = {**core, "summary": "Part of every project.", "implementation": opened.url}
    rows = [core]
    for each in sorted(
        opened.catalogue.values(), key=lambda each: (_KINDS.index(each.kind), each.name)
    ):
        row = {key: getattr(each, key) for key in CORE_ROW}
        rows.append({**row, "requires": list(each.requires)})
    return rows


def _dangling_json(found: Sequence[Reference]) -> list[dict[str, Any]]:
    return [{"path": each.path, "line": each.line, "name": each.name} for each in found]


def _update_json(note: UpdateNote) -> dict[str, str]:
    shown = {"release": note.release, "kind": note.kind, "text": note.text}
    return {**shown, "name": note.name, "now": note.now} if note.name else shown


def _commit_json(commit: Commit) -> dict[str, Any]:
    shown: dict[str, Any] = {"subject": commit.subject}
    if commit.id:
        shown["id"] = commit.id
    shown["files"] = [asdict(file) for file in commit.files]
    shown["conflicts"] = [_conflict_json(conflict) for conflict in commit.conflicts]
    shown["notes"] = []
    for note in commit.notes:
        if note.applied:
            shown["notes"].append({"path": note.path, "text": note.text})
    return shown


def _conflict_json(conflict: Conflict) -> dict[str, Any]:
    reason = f"{conflict.reason}: {conflict.detail}" if conflict.detail else str(conflict.reason)
    shown: dict[str, Any] = {"path": conflict.path, "reason": reason}
    if conflict.met:
        shown["places"] = [asdict(meeting) for meeting in conflict.met]
    return shown
