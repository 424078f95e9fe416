"""Everything that the terminal shows, for a person."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aegis_patch.errors import in_words
from aegis_patch.merge.reason import Reason
from aegis_patch.terminal.here import from_here, path_from_here
from aegis_patch.terminal.screen import Screen, bold, cyan, dim, green, magenta, pasted, plain, red

if TYPE_CHECKING:
    from aegis_patch.errors import AegisError
    from aegis_patch.history.unresolved import Reference
    from aegis_patch.merge.outcome import Meeting, Note
    from aegis_patch.verbs.settle import Settled
    from aegis_patch.verbs.status import Changed, Status
    from aegis_patch.verbs.step import Commit, FileChange, Result

_SIGNS = {"added": green("+"), "deleted": red("-"), "modified": magenta("~"), "moved": cyan(">")}
_MOST_FILES = 12  # of a commit, before those that are not edits are only counted
_MOST_LINES = 8  # of a release's change at a conflict
_MOST_REFERENCES = 20
_MOST_PATHS = 3  # of one note
_MARKED = "Edit the marked lines, then: git add {path}"
_AS_YOU_LEFT_IT = (
    "The file is as you left it.\nTo keep it: git add {path}\nTo delete it: git rm {path}"
)
_REMEDIES = {
    Reason.TEXT: _MARKED,
    Reason.ADDED: _MARKED,
    Reason.SYNTAX: "The file has the merged text. Correct it, then: git add {path}",
    Reason.DOUBT: "The file has one possible merge. Check that line, then: git add {path}",
    Reason.DELETED_BY_US: _AS_YOU_LEFT_IT,
    Reason.SHARED: _AS_YOU_LEFT_IT,
    Reason.BINARY: "The file is yours.\nTo keep it: git add {path}\n"
    "To take aegis's: git checkout --theirs {path} && git add {path}",
    Reason.KIND: "Move yours away, then: git checkout --theirs {path} && git add {path}\n"
    "To keep yours alone: git {keep} {path}",
}
_SECTIONS = {
    "variant": "Variants",
    "service": "Services",
    "integration": "Integrations join by themselves when their components do",
}


def show_result(screen: Screen, result: Result, *, files: bool = True) -> None:
    """The commits, for a person; with their `files` or not."""
    for commit in result.commits:
        _show_commit(screen, commit, result.dry, files=files)
    notes = [f"{dim(plain(note.release))} {plain(note.text)}" for note in result.update_notes]
    _show_list(screen, bold("Before the next deploy:"), notes)


def show_patch(screen: Screen, patch: str) -> None:
    """A patch: as `git apply` takes it on a pipe, and coloured as git does on a terminal."""
    if not screen.width:
        screen.exact(patch)
        return
    colours = {"+": green, "-": red, "@": cyan, "d": bold}
    for line in patch.split("\n")[:-1]:
        screen.raw(colours.get(line[:1], str)(plain(line)))


def show_notes(screen: Screen, result: Result, where: Path) -> None:
    """Everything except the commits; `where` is the project, as it was typed."""
    for line in (*result.said, *_few(result.broken)):
        screen.line(f"{cyan('note')} {plain(line)}", hang=5)
    for line in grouped(result.not_applied):
        screen.line(f"{magenta('not applied')} {plain(line)}", hang=5)
    for commit in result.commits:
        if commit.conflicts:
            _show_conflicts(screen, commit, where)
            if not result.dry:
                _show_way_on(screen, result.rest, where)
    if result.dry and result.commits:
        screen.line(dim("Dry run: nothing was written."))
    if result.next and (result.dry or not result.commits or not result.commits[-1].conflicts):
        show_next(screen, result.next)


def _few(found: Sequence[Reference]) -> Iterator[str]:
    yield from map(str, found[:_MOST_REFERENCES])
    if (more := len(found) - _MOST_REFERENCES) > 0:
        yield f"and {_number(more, 'more line')}"


def show_settled(screen: Screen, found: Settled) -> None:
    """The result for git's unmerged paths, for a person."""
    for path in (*found.settled, *found.also):
        screen.line(f"{green('merged')} {plain(path)}", hang=7)
    for path, reason in found.left.items():
        screen.line(f"{bold(red('CONFLICT'))} {plain(path)}: {plain(reason)}", hang=9)
    for line in grouped(found.notes):
        screen.line(f"{cyan('note')} {plain(line)}", hang=5)
    if found.dry:
        screen.line(dim("Dry run: nothing was written."))
    if found.left and not (found.dry and found.settled):
        screen.line("\nResolve each file, then `git add` or `git rm` it. After that:")
    show_next(screen, found.next)


def show_status(screen: Screen, status: Status, update: str) -> None:
    """A status, for a person; `update` is the command for a newer release."""
    for each in status.unfinished:
        screen.line(magenta(plain(each.what)))
        show_next(screen, each.next)
    newer = ", the newest release"
    if status.behind:
        newer = f" ({plain(status.latest)} is available: {plain(update)})"
    elif status.latest != status.stack.release:
        newer = f" (its upstream's newest release is {plain(status.latest)})"
    screen.line(f"{plain(status.stack.title)} {bold(plain(status.stack.release))}{newer}")
    for name, presence in sorted(status.stack.present.items()):
        if name not in status.integrations:
            why = "" if presence.by == "you" else f" {dim('(required)')}"
            screen.line(f"  {plain(name)}{why}")
    for name in status.integrations:
        screen.line(f"  {plain(name)} {dim('(integration)')}")
    wrong = [plain(each.what) for each in status.inconsistencies]
    _show_list(screen, bold("Needs repair:"), wrong)
    for remedy in dict.fromkeys(each.next for each in status.inconsistencies):
        show_next(screen, remedy, indent=2)
    _show_list(screen, bold("Broken references:"), [*map(plain, _few(status.dangling))])
    show_changed(screen, status.stack.title, status.changed)


def show_changed(screen: Screen, title: str, changed: Sequence[Changed]) -> None:
    """The files of the upstream that differ in the project, for a person."""
    lines = []
    for file in changed:
        where = f"{file.path} moved to {file.moved_to}" if file.moved_to else file.path
        lines.append(f"{_SIGNS[file.change]} {plain(where)}")
    _show_list(screen, f"Files from {plain(title)} that you changed:", lines)


def _show_list(screen: Screen, title: str, lines: Sequence[str]) -> None:
    """Lines below a title; nothing if there are no lines."""
    if lines:
        screen.line(f"\n{title}")
    for line in lines:
        screen.line(f"  {line}", hang=4)


def show_components(screen: Screen, rows: Sequence[Mapping[str, Any]]) -> None:
    """The catalogue, for a person: first components that can be named, then integrations."""
    column = max(len(row["name"]) for row in rows if row["kind"] != "integration") + 2
    joined = [row["name"] for row in rows if row["kind"] == "integration"]
    kind = "core"
    for row in rows:
        if row["kind"] != kind and (title := _SECTIONS.get(row["kind"])):
            screen.line(f"\n{bold(title)}:")
            column = max(len(other["name"]) for other in rows if other["kind"] == row["kind"]) + 2
        kind = row["kind"]
        screen.entry(bold(plain(row["name"])), plain(row["summary"]), column)
        if kind != "integration":
            about = [row["implementation"], row["status"]]
            if needs := [need for need in row["requires"] if need not in joined]:
                about.append(f"requires {', '.join(needs)}")
            screen.entry("", dim(plain(" · ".join(about))), column)


def show_answers(screen: Screen, answers: Mapping[str, str]) -> None:
    """The answers, for a person."""
    for key, value in answers.items():
        screen.line(f"{plain(key)} = {plain(value)}")


def show_error(screen: Screen, error: AegisError) -> None:
    """What went wrong, where, and what to type next."""
    screen.line(failure(error.what), hang=6)
    if error.where:
        screen.line(f"   {dim('at')} {plain(error.where)}", hang=6)
    if error.next:
        show_next(screen, error.next, indent=1)


def failure(what: str) -> str:
    """What went wrong."""
    return f"{bold(red('error'))} {plain(what)}"


def show_next(screen: Screen, next: str, indent: int = 0) -> None:
    """What to type next: a command, or a question with its choices."""
    line = f"{' ' * indent}{dim('next')} {pasted(next)}"
    if "?" in next:
        screen.line(line, hang=indent + 5)
    else:
        screen.raw(line)  # so that it can be pasted


def grouped(notes: Iterable[Note]) -> Iterator[str]:
    """One line for each text, with the first of the files that it is about."""
    paths: dict[str, list[str]] = {}
    for note in notes:
        paths.setdefault(note.text, []).append(note.path)
    for text, files in paths.items():
        yield f"{in_words(files, most=_MOST_PATHS)}: {text}"


def _show_commit(screen: Screen, commit: Commit, dry: bool, *, files: bool) -> None:
    screen.line(f"{_headline(commit, dry)} {_counts(commit.files)}", hang=2)
    if commit.along:
        screen.line(f"  with {plain(', '.join(commit.along))}", hang=4)
    if files:
        _show_files(screen, commit.files)
    for line in grouped(note for note in commit.notes if note.applied):
        screen.line(f"  {cyan('note')} {plain(line)}", hang=7)


def _headline(commit: Commit, dry: bool) -> str:
    subject = commit.subject
    if commit.conflicts:
        label = bold(red("CONFLICT"))
    elif dry:
        label, subject = magenta("would"), subject[:1].lower() + subject[1:]
    else:
        label = magenta((commit.id or "")[:9])
    return f"{label} {bold(plain(subject))}"


def _counts(files: Sequence[FileChange]) -> str:
    added = sum(file.added for file in files)
    removed = sum(file.removed for file in files)
    return f"{dim(_number(len(files), 'file'))} {_lines(added, removed)}"


def _lines(added: int, removed: int) -> str:
    return f"{green(f'+{added}')} {red(f'-{removed}')}"


def _show_files(screen: Screen, files: Sequence[FileChange]) -> None:
    """Every file of a small commit; for a large one, the edited files and counts of the others."""
    counted = Counter[str]()
    for file in files:
        if file.change != "modified" and len(files) > _MOST_FILES:
            counted[file.change] += 1
            continue
        lines = _lines(file.added, file.removed)
        screen.line(f"  {_SIGNS[file.change]} {plain(file.path)} {lines}", hang=4)
    if 0 < counted.total() < len(files):
        counts = ", ".join(f"{count} {change}" for change, count in sorted(counted.items()))
        screen.line(f"  {dim(f'and {counts}')}")


def _show_conflicts(screen: Screen, commit: Commit, where: Path) -> None:
    count = _number(len(commit.conflicts), "conflict")
    screen.line(f"\n{bold(red(count))} in {plain(commit.subject)}:")
    for conflict in commit.conflicts:
        detail = f" ({conflict.detail})" if conflict.detail else ""
        screen.line(plain(f"  {conflict.path}: {conflict.reason}{detail}"), hang=4)
        for meeting in conflict.met:
            _show_meeting(screen, conflict.path, meeting)
        keep = "add" if conflict.sides.ours else "rm --cached"
        for line in _REMEDIES[conflict.reason].replace("{keep}", keep).split("\n"):
            text, colon, typed = line.partition(": ")
            path = pasted(shlex.quote(path_from_here(conflict.path, where)))
            command = from_here(typed.replace("{path}", path), where)
            screen.raw(f"    {dim(text + colon)}{command}")


def _show_meeting(screen: Screen, path: str, meeting: Meeting) -> None:
    screen.line(plain(f"    {path}:{meeting.line}"))
    if yours := meeting.yours:
        who = f"{yours.author}, {yours.ago}"
        screen.line(plain(f"      yours: {yours.commit[:7]} {yours.subject!r} ({who})"), hang=8)
    if theirs := meeting.theirs:
        patch = f": {theirs.patch!r}" if theirs.patch else ""
        does = f"{patch} changes" if theirs.change else " takes the file out"
        screen.line(plain(f"      {theirs.label}{does}"), hang=8)
        for line in theirs.change[:_MOST_LINES]:
            style = green if line[0] == "+" else red
            screen.line(f"        {style(plain(line))}", hang=10)
        if (more := len(theirs.change) - _MOST_LINES) > 0:
            screen.line(f"        and {_number(more, 'more line')}")


def _show_way_on(screen: Screen, rest: Sequence[str], where: Path) -> None:
    screen.line("\nWhen all are resolved and added:")
    for command in ("git cherry-pick --continue", *rest):
        screen.raw(f"  {from_here(pasted(command), where)}")
    screen.line("To undo:")
    screen.raw(f"  {from_here('git cherry-pick --abort', where)}")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
