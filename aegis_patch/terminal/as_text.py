"""What the terminal shows, for a person."""

from __future__ import annotations

import posixpath
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aegis_patch.errors import AegisError
from aegis_patch.merge.file_content import Reason
from aegis_patch.merge.outcome import Conflict, Meeting
from aegis_patch.merge.sides import Note
from aegis_patch.terminal import as_json
from aegis_patch.verbs.perform import SHOWN
from aegis_patch.verbs.settle import Settled
from aegis_patch.verbs.status import Status
from aegis_patch.verbs.step import Commit, FileChange, Result

_SIGNS = {"added": "[green]+[/]", "deleted": "[red]-[/]", "modified": "[yellow]~[/]"}
_MOST_FILES = 12  # of a commit, before those that are not edits are only counted
_MOST_NOTES = 3  # of one kind, before they become one line
_MARKED = "Edit the marked lines, then: git add {path}"
_AS_YOU_LEFT_IT = (
    "The file is as you left it. To keep it: git add {path}  To delete it: git rm {path}"
)
_REMEDIES = {
    Reason.TEXT: _MARKED,
    Reason.ADDED: _MARKED,
    Reason.SYNTAX: "The file has the merged text. Correct it, then: git add {path}",
    Reason.DOUBT: "The file has one possible merge. Check that line, then: git add {path}",
    Reason.DELETED_BY_US: _AS_YOU_LEFT_IT,
    Reason.SHARED: _AS_YOU_LEFT_IT,
    Reason.BINARY: "The file is yours. To keep it: git add {path}  "
    "To take aegis's: git checkout --theirs {path} && git add {path}",
    Reason.KIND: "Move yours away, then: git checkout --theirs {path} && git add {path}  "
    "To keep yours alone: git rm --cached {path}",
}


def show_result(console: Console, result: Result) -> None:
    """The commits, for a person."""
    for commit in result.commits:
        _show_commit(console, commit, result.dry)


def show_notes(console: Console, result: Result) -> None:
    """Everything besides the commits; where JSON is printed, on standard error."""
    left = [str(each) for each in result.dangling]
    if len(left) > SHOWN:
        left[SHOWN:] = [f"and {len(left) - SHOWN} more lines"]
    for line in (*result.said, *left):
        _print(console, f"[cyan]note[/] {_safe(line)}")
    for line in grouped(result.not_applied):
        _print(console, f"[yellow]not applied[/] {_safe(line)}")
    for commit in result.commits:
        if commit.conflicts:
            _show_conflicts(console, commit)
            if not result.dry:
                _show_way_on(console, result.rest)
    if result.dry and result.commits:
        _print(console, "[dim]Dry run: nothing was written.[/]")


def show_settled(console: Console, found: Settled) -> None:
    """What became of git's unmerged paths, for a person."""
    for path in (*found.settled, *found.also):
        _print(console, f"[green]merged[/] {_safe(path)}")
    for path, reason in found.left.items():
        _print(console, f"[red]CONFLICT[/] {_safe(path)}: {_safe(reason)}")
    for line in grouped(found.notes):
        _print(console, f"[cyan]note[/] {_safe(line)}")
    if found.dry:
        _print(console, "[dim]Dry run: nothing was written.[/]")
        return
    if found.left:
        _print(console, "\nEdit and `git add` each file in conflict, then:")
    _print(console, f"[dim]next[/] {_safe(found.next)}")


def show_status(console: Console, status: Status) -> None:
    """A status, for a person."""
    if status.under_way:
        _print(console, f"[yellow]{_safe(status.under_way)}[/]")
    newer = ", the newest release"
    if status.behind:
        newer = f" ({_safe(status.latest)} is available: aegis rebase-upstream)"
    _print(console, f"aegis [bold]{_safe(status.stack.release)}[/]{newer}")
    for name, presence in sorted(status.stack.present.items()):
        if name not in status.integrations:
            why = "" if presence.by == "you" else " [dim](required)[/]"
            _print(console, f"  {_safe(name)}{why}")
    for name in status.integrations:
        _print(console, f"  {_safe(name)} [dim](integration)[/]")
    _show_inconsistencies(console, status)
    if status.drift:
        _print(console, "\nFiles from aegis that you changed:")
        for file in status.drift:
            _print(console, f"  {_SIGNS[file.change]} {_safe(file.path)}")


def show_components(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """The catalogue, for a person: components to name, then integrations."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "purpose", "implementation", "status"):
        table.add_column(title, no_wrap=title == "name")
    integrations = Table(box=None, pad_edge=False, show_header=False)
    integrations.add_column(no_wrap=True)
    for row in rows:
        name, summary = _safe(row["name"]), _safe(row["summary"])
        if row["kind"] == "integration":
            integrations.add_row(name, summary)
            continue
        if row["requires"]:
            summary += f" [dim]Requires {_safe(', '.join(row['requires']))}.[/]"
        built_on, status = _safe(row["implementation"]), _safe(row["status"])
        table.add_row(f"[bold]{name}[/]", summary, built_on, status)
    console.print(table)
    if integrations.row_count:
        _print(console, "\n[bold]Integrations join by themselves when their components do:[/]")
        console.print(integrations)


def show_answers(console: Console, answers: Mapping[str, str]) -> None:
    """The answers, for a person."""
    for key, value in answers.items():
        _print(console, f"{_safe(key)} = {_safe(value)}")


def show_error(console: Console, error: AegisError) -> None:
    """What went wrong, where, and what to type next."""
    _print(console, f"[bold red]error[/] {_safe(error.what)}")
    if error.where:
        _print(console, f"   [dim]at[/] {_safe(error.where)}")
    if error.next:
        _print(console, f" [dim]next[/] {_safe(error.next)}")


def grouped(notes: Iterable[Note]) -> Iterator[str]:
    """One line for each note, or for many files with the same note."""
    groups: dict[tuple[str, ...], list[Note]] = {}
    for note in notes:
        key = (note.many, *_roots(note)) if note.many else (note.path, note.text)
        groups.setdefault(key, []).append(note)
    for group in groups.values():
        if len(group) <= _MOST_NOTES:
            for note in group:
                yield f"{note.path}: {note.text}"
            continue
        text = group[0].many.replace("{count}", str(len(group)))
        text = text.replace("{to}", _common_directory(note.to for note in group))
        yield f"{_common_directory(note.path for note in group)}: {text}"


def _safe(text: str) -> str:
    return escape(as_json.plain(text))


def _print(console: Console, line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True)


def _common_directory(paths: Iterable[str]) -> str:
    return posixpath.commonpath(map(posixpath.dirname, paths)) or "."


def _roots(note: Note) -> tuple[str, str]:
    """The directories of files that moved together; the top directory of any other file."""
    if not note.to:
        top, slash, _ = note.path.partition("/")
        return (top if slash else "", "")
    old, new = note.path.split("/"), note.to.split("/")
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return "/".join(old), "/".join(new)


def _show_inconsistencies(console: Console, status: Status) -> None:
    if not status.off:
        return
    _print(console, "\n[yellow]Needs repair:[/]")
    for each in status.off:
        _print(console, f"  {_safe(each.what)}")
    for remedy in dict.fromkeys(each.next for each in status.off):
        _print(console, f"  [dim]next[/] {_safe(remedy)}")


def _show_commit(console: Console, commit: Commit, dry: bool) -> None:
    _print(console, f"{_headline(commit, dry)} {_counts(commit.files)}")
    if commit.along:
        _print(console, f"  with {_safe(', '.join(commit.along))}")
    _show_files(console, commit.files)
    for line in grouped(note for note in commit.notes if note.applied):
        _print(console, f"  [cyan]note[/] {_safe(line)}")


def _headline(commit: Commit, dry: bool) -> str:
    subject = commit.subject
    if commit.conflicts:
        label = "[bold red]CONFLICT[/]"
    elif dry:
        label, subject = "[yellow]would[/]", subject[:1].lower() + subject[1:]
    else:
        label = f"[yellow]{(commit.id or '')[:9]}[/]"
    return f"{label} [bold]{_safe(subject)}[/]"


def _counts(files: Sequence[FileChange]) -> str:
    added = sum(file.added for file in files)
    removed = sum(file.removed for file in files)
    return f"[dim]{_number(len(files), 'file')}[/] [green]+{added}[/] [red]-{removed}[/]"


def _show_files(console: Console, files: Sequence[FileChange]) -> None:
    """Every file of a small commit; of a large one the edited files, and counts of the others."""
    counted = Counter[str]()
    for file in files:
        if file.change != "modified" and len(files) > _MOST_FILES:
            counted[file.change] += 1
            continue
        lines = f"[green]+{file.added}[/] [red]-{file.removed}[/]"
        _print(console, f"  {_SIGNS[file.change]} {_safe(file.path)} {lines}")
    if 0 < counted.total() < len(files):
        counts = ", ".join(f"{count} {change}" for change, count in sorted(counted.items()))
        _print(console, f"  [dim]and {counts}[/]")


def _show_conflicts(console: Console, commit: Commit) -> None:
    count = _number(len(commit.conflicts), "conflict")
    _print(console, f"\n[bold red]{count}[/] in {_safe(commit.subject)}:")
    for conflict in commit.conflicts:
        detail = f" ({conflict.detail})" if conflict.detail else ""
        _print(console, _safe(f"  {conflict.path}: {conflict.reason}{detail}"))
        for meeting in conflict.met:
            _show_meeting(console, conflict.path, meeting)
        remedy = _remedy(conflict)
        console.print(f"    {_safe(remedy)}", style="dim", highlight=False, soft_wrap=True)


def _remedy(conflict: Conflict) -> str:
    remedy = _REMEDIES[conflict.reason]
    return remedy.replace("{path}", shlex.quote(conflict.path))


def _show_meeting(console: Console, path: str, meeting: Meeting) -> None:
    _print(console, _safe(f"    {path}:{meeting.line}"))
    if yours := meeting.yours:
        who = f"{yours.author}, {yours.ago}"
        _print(console, _safe(f"      yours: {yours.commit[:9]} {yours.subject!r} ({who})"))
    if theirs := meeting.theirs:
        why = f" — {theirs.why}" if theirs.why else ""
        _print(console, _safe(f"      {theirs.component}: {theirs.patch!r}{why}"))


def _show_way_on(console: Console, rest: Sequence[str]) -> None:
    _print(console, "\nWhen all are resolved and added:\n  git cherry-pick --continue")
    _print(console, "To undo:\n  git cherry-pick --abort")
    if rest:
        _print(console, "\nThen continue with:")
        for command in rest:
            _print(console, f"  {_safe(command)}")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
