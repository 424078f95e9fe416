"""What the terminal shows, for a person."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aegis_patch.errors import AegisError
from aegis_patch.merge.file_content import Reason
from aegis_patch.merge.outcome import Meeting
from aegis_patch.merge.sides import Note
from aegis_patch.terminal import as_json
from aegis_patch.verbs.perform import SHOWN
from aegis_patch.verbs.status import Status
from aegis_patch.verbs.step import Commit, Result

_SIGNS = {"added": "[green]+[/]", "deleted": "[red]-[/]", "modified": "[yellow]~[/]"}
_SHOWN = 12
_ONE_BY_ONE = 3  # files of which there is the same to say
_MARKED = "both sides are marked in it: edit it, then git add it"
_REMEDIES = {
    Reason.TEXT: _MARKED,
    Reason.ADDED: _MARKED,
    Reason.SYNTAX: "it holds the merged text: correct it, then git add it",
    Reason.DOUBT: "it holds one way to merge it: look at that line, then git add it",
    Reason.DELETED_BY_US: "it is as you left it: git add it to keep it, or git rm it",
    Reason.SHARED: "it is as you left it: git add it to keep it, or git rm it",
    Reason.BINARY: "it is yours: git add it, or git checkout --theirs it and git add it",
    Reason.KIND: "move yours away and git checkout --theirs it, or git rm --cached it",
}


def _safe(text: str) -> str:
    return escape(as_json.plain(text))


def show_result(console: Console, result: Result) -> None:
    """The commits, for a person."""
    for commit in result.commits:
        _show_commit(console, commit, result.dry)


def show_said(console: Console, result: Result) -> None:
    """What else there is to say; beside the one JSON object, on standard error."""
    left = [str(each) for each in result.dangling]
    more = [f"and {len(left) - SHOWN} more lines"] if len(left) > SHOWN else []
    for line in (*result.said, *left[:SHOWN], *more):
        console.print(f"[cyan]note[/] {_safe(line)}", highlight=False, soft_wrap=True)
    for line in grouped(result.not_applied):
        console.print(f"[yellow]not applied[/] {_safe(line)}", highlight=False, soft_wrap=True)
    stuck = next((commit for commit in result.commits if commit.conflicts), None)
    if stuck:
        _show_conflicts(console, stuck, result)
    elif result.dry and result.commits:
        console.print("[dim]A dry run: nothing was written.[/]")


def show_status(console: Console, status: Status) -> None:
    """A status, for a person."""
    release = status.stack.release
    if status.under_way:
        console.print(f"[yellow]{_safe(status.under_way)}[/]", highlight=False, soft_wrap=True)
    latest = _safe(status.latest)
    newer = f", {latest} is out: aegis rebase-upstream" if status.behind else ", the newest"
    console.print(f"aegis [bold]{_safe(release)}[/]{newer}", highlight=False)
    for name, there in sorted(status.stack.present.items()):
        if name not in status.integrations:
            why = "" if there.by == "you" else " [dim](needed)[/]"
            console.print(f"  {_safe(name)}{why}", highlight=False)
    for name in status.integrations:
        console.print(f"  {_safe(name)} [dim](integration)[/]", highlight=False)
    if status.off:
        console.print("\n[yellow]Off:[/]", highlight=False)
        for each in status.off:
            console.print(f"  {_safe(each.what)}", highlight=False, soft_wrap=True)
        for remedy in dict.fromkeys(each.next for each in status.off):
            console.print(f"  [dim]next[/] {_safe(remedy)}", highlight=False, soft_wrap=True)
    if status.drift:
        console.print("\nOf the files that aegis wrote, you changed:", highlight=False)
        for file in status.drift:
            console.print(f"  {_SIGNS[file.change]} {_safe(file.path)}", highlight=False)


def show_components(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """The catalogue, for a person: what can be named, then what joins by itself."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "purpose", "implementation", "status"):
        table.add_column(title, no_wrap=title == "name")
    joining = Table(box=None, pad_edge=False, show_header=False)
    joining.add_column(no_wrap=True)
    for row in rows:
        told = {key: _safe(row[key]) for key in ("name", "summary", "implementation", "status")}
        if row["kind"] == "integration":
            joining.add_row(told["name"], told["summary"])
            continue
        brings = _safe(", ".join(row["requires"]))
        needs = f" [dim]Brings {brings}.[/]" if brings else ""
        name = f"[bold]{told['name']}[/]"
        table.add_row(name, told["summary"] + needs, told["implementation"], told["status"])
    console.print(table)
    if joining.row_count:
        console.print("\n[bold]These join by themselves, and leave with the first that goes:[/]")
        console.print(joining)


def show_answers(console: Console, answers: Mapping[str, str]) -> None:
    """The answers, for a person."""
    for key, value in answers.items():
        console.print(f"{_safe(key)} = {_safe(value)}", highlight=False, soft_wrap=True)


def show_error(console: Console, error: AegisError) -> None:
    """What went wrong, where, and what to type next."""
    console.print(f"[bold red]error[/] {_safe(error.what)}", highlight=False, soft_wrap=True)
    if error.where:
        console.print(f"   [dim]at[/] {_safe(error.where)}", highlight=False, soft_wrap=True)
    if error.next:
        console.print(f" [dim]next[/] {_safe(error.next)}", highlight=False, soft_wrap=True)


def _show_commit(console: Console, commit: Commit, dry: bool) -> None:
    added = sum(file.added for file in commit.files)
    removed = sum(file.removed for file in commit.files)
    label = commit.id[:9] if commit.id else "would be" if dry else "awaits you"
    count = f"{len(commit.files)} file{'s' * (len(commit.files) != 1)}"
    console.print(
        f"[yellow]{label}[/] [bold]{_safe(commit.subject)}[/] "
        f"[dim]{count}[/] [green]+{added}[/] [red]-{removed}[/]",
        highlight=False,
        soft_wrap=True,
    )
    if commit.along:
        console.print(f"  with {_safe(', '.join(commit.along))}", highlight=False, soft_wrap=True)
    edited = [file for file in commit.files if file.change == "modified"]
    shown = edited if len(commit.files) > _SHOWN else commit.files
    _show_files(console, shown)
    if shown and len(shown) < len(commit.files):
        counts = Counter(file.change for file in commit.files if file.change != "modified")
        rest = ", ".join(f"{count} {change}" for change, count in sorted(counts.items()))
        console.print(f"  [dim]and {rest}[/]", highlight=False)
    for line in grouped(note for note in commit.notes if note.applied):
        console.print(f"  [cyan]note[/] {_safe(line)}", highlight=False, soft_wrap=True)


def grouped(notes: Iterable[Note]) -> Iterator[str]:
    """A line for each note, or one for many files of which there is the same to say."""
    groups: dict[tuple[str, ...], list[Note]] = {}
    for note in notes:
        key = (note.many, *_roots(note)) if note.many else (note.path, note.text)
        groups.setdefault(key, []).append(note)
    for group in groups.values():
        if len(group) <= _ONE_BY_ONE:
            yield from (f"{note.path}: {note.text}" for note in group)
            continue
        places = [posixpath.dirname(note.path) for note in group]
        others = [posixpath.dirname(note.to) for note in group]
        text = group[0].many.replace("{count}", str(len(group)))
        yield f"{_above(places)}: {text.replace('{to}', _above(others))}"


def _above(directories: Sequence[str]) -> str:
    return posixpath.commonpath(directories) or "."


def _roots(note: Note) -> tuple[str, str]:
    """What files have in common that moved together; of those that did not, their top directory."""
    if not note.to:
        top, slash, _ = note.path.partition("/")
        return (top if slash else "", "")
    old, new = note.path.split("/"), note.to.split("/")
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return "/".join(old), "/".join(new)


def _show_files(console: Console, files: Sequence[Any]) -> None:
    for file in files:
        sign = _SIGNS[file.change]
        lines = f"[green]+{file.added}[/] [red]-{file.removed}[/]"
        console.print(f"  {sign} {_safe(file.path)} {lines}", highlight=False, soft_wrap=True)


def _show_meeting(console: Console, path: str, meeting: Meeting) -> None:
    lines = [f"    {path}:{meeting.line}"]
    if yours := meeting.yours:
        lines.append(
            f"      yours: {yours.commit[:9]} {yours.subject!r} ({yours.author}, {yours.ago})"
        )
    if theirs := meeting.theirs:
        why = f" — {theirs.why}" if theirs.why else ""
        lines.append(f"      {theirs.component}: {theirs.patch!r}{why}")
    for line in lines:
        console.print(_safe(line), highlight=False, soft_wrap=True)


def _show_conflicts(console: Console, commit: Commit, result: Result) -> None:
    count = len(commit.conflicts)
    console.print(
        f"\n[bold red]{count} conflict{'s' * (count != 1)}[/] in {_safe(commit.subject)}:",
        highlight=False,
    )
    for conflict in commit.conflicts:
        detail = f" ({conflict.detail})" if conflict.detail else ""
        told = f"  {conflict.path}: {conflict.reason}{detail}"
        console.print(_safe(told), highlight=False, soft_wrap=True)
        for meeting in conflict.met:
            _show_meeting(console, conflict.path, meeting)
        console.print(f"    {_REMEDIES[conflict.reason]}", style="dim", highlight=False)
    if result.dry:
        console.print("[dim]A dry run: nothing was written.[/]")
        return
    console.print(
        "\nWhen all are resolved and added:\n"
        "  git cherry-pick --continue\n"
        "or go back to where you were:\n"
        "  git cherry-pick --abort",
        highlight=False,
    )
    if result.rest:
        console.print("\nWhat is left to do after that:", highlight=False)
        for command in result.rest:
            console.print(f"  {_safe(command)}", highlight=False)
