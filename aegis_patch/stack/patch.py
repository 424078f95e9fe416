"""One patch: parse the mail that `git format-patch` wrote, rebuild a postimage.

Text is handled as latin-1, which maps every byte to one character and back, so that any encoding
and any line ending survives.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aegis_patch.errors import PatchRejected
from aegis_patch.objects import texts
from aegis_patch.stack import binary_patch
from aegis_patch.stack.binary_patch import Binary
from aegis_patch.values import dataclass

if TYPE_CHECKING:
    from unidiff.patch import Hunk as ParsedHunk
    from unidiff.patch import PatchedFile, PatchSet

# What a patch may cost its reader: some seconds, and some hundred megabytes.
MOST_BYTES = 8 * 1024 * 1024
MOST_LINES = 400_000
MOST_HUNKS = 50_000
LINK = 0o120000
FILE_MODES = {"100644": 0o100644, "100755": 0o100755, "120000": LINK}
# All lines that a series may have outside hunks and binary changes; renames and copies have more.
_HEADER = re.compile(
    r"diff --git (?![^\n]*\t)\"?a/[^\n]+ \"?b/[^\n]+$|index [0-9a-f]+\.\.[0-9a-f]+( [0-7]{6})?$"
    r"|(new file|deleted file|old|new) mode [0-7]{6}$"
)
_OF_GIT = re.compile(r"(dis)?similarity index |(rename|copy) (from|to) |Binary files ")
_SIGNATURE = re.compile(r"\n-- \n[0-9][^\n]*\n*\Z")
# `.git`, `.gitmodules`, and the short names that Windows gives them: gitmod~1, gi7eba~1, gi7eb~10.
_RESERVED = re.compile(
    r"(\.git(modules)?|(git|gitmod|gi7eba|gi7eb|gi7e|gi7|gi)~[0-9]+)[ .]*", re.IGNORECASE
)
# What Windows takes for a device, with any ending: no file can have the name there.
_DEVICE = re.compile(
    r"(aux|con|nul|prn|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE
)
_UNSAFE = re.compile(r"[\\:\x00-\x1f\x7f-\x9f]")  # also a drive, or an NTFS stream
_LONGEST_PATH = 500
_LONGEST_SUBJECT = 10_000  # to be decoded
# Characters that HFS+ ignores in a file name, so that `.g\u200cit` is `.git` there.
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_QUOTED = re.compile(rb'"([^\\]|\\([abtnvfr"\\]|[0-3][0-7]{2}))*"')  # as git does


@dataclass(frozen=True, slots=True)
class Hunk:
    """Consecutive lines of a preimage and what they become; `start` counts from 0."""

    start: int
    preimage: tuple[bytes, ...]
    postimage: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FilePatch:
    """One file of a patch: a path, its mode afterwards, and hunks, or a binary change.

    `mode` is None if the patch deletes the file; `old_mode` is None if it creates it.
    """

    path: str
    old_mode: int | None
    mode: int | None
    hunks: tuple[Hunk, ...]
    binary: Binary | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """A commit as text: subject, the body that says why, and the files it changes."""

    name: str
    subject: str
    body: str
    files: tuple[FilePatch, ...]


class Malformed(PatchRejected):
    """A patch in which git would skip lines, or that it can't read at all."""


class TooLarge(PatchRejected):
    """A patch over one of the limits."""


@functools.cache
def parse(name: str, mail: bytes) -> Patch:
    """Read a patch as `git format-patch` writes it.

    Raises:
        PatchRejected: it is malformed, names a path that is unsafe, or needs what a series
            may not use (renames, copies, submodules).
    """
    _refuse_large(name, mail)
    text = mail.decode("latin-1")
    if text.partition("\n")[0].endswith("\r"):
        what = "its own lines end in CRLF, which git (core.autocrlf) or an editor made of LF"
        raise Malformed(what, where=name)
    head, found, diff = _split_mail(text)
    subject, body = _message(head)
    if not found:
        what = "no change with git's header (diff --git a/PATH b/PATH): apply it and commit"
        raise Malformed(what, where=name, next="git format-patch -1")
    if "\0" in text:
        raise PatchRejected("a patch holds a NUL", where=name)
    files: dict[str, FilePatch] = {}
    lines, binaries = binary_patch.taken_out(name, _lines(diff))
    for number, entry in enumerate(_parsed(name, lines)):
        file = _file_patch(name, entry, binaries.get(number))
        if file.path in files:
            raise PatchRejected("a file occurs twice in one patch", where=name)
        files[file.path] = file
    return Patch(name, subject, body, tuple(files.values()))


def _refuse_large(name: str, mail: bytes) -> None:
    if len(mail) > MOST_BYTES:
        raise TooLarge(f"a patch of more than {MOST_BYTES >> 20} MiB", where=name)
    if mail.count(b"\n") > MOST_LINES:
        raise TooLarge(f"a patch of more than {MOST_LINES} lines", where=name)


def postimage(patch: FilePatch, preimage: bytes) -> bytes:
    """Apply the hunks of a file exactly: no fuzz, no offset.

    Raises:
        PatchRejected: the preimage is not the one that the patch was written against.
    """
    if patch.binary:
        try:
            return binary_patch.postimage(patch.binary, preimage)
        except PatchRejected as error:
            raise PatchRejected(error.what, where=patch.path) from error
    source = texts.lines(preimage)
    result: list[bytes] = []
    at = 0
    for hunk in patch.hunks:
        end = hunk.start + len(hunk.preimage)
        fits = at <= hunk.start and end <= len(source)
        if not fits or tuple(source[hunk.start : end]) != hunk.preimage:
            raise _misfit(patch.path, hunk, source)
        result += source[at : hunk.start]
        result += hunk.postimage
        at = end
    result += source[at:]
    for line in result[:-1]:
        if not line.endswith(b"\n"):
            raise PatchRejected("a line in the middle has no line end", where=patch.path)
    return b"".join(result)


def _misfit(path: str, hunk: Hunk, source: list[bytes]) -> PatchRejected:
    """The first line of a file that differs from a hunk's preimage."""
    for line, expected in enumerate(hunk.preimage, hunk.start):
        found = source[line] if line < len(source) else b""
        if found != expected:
            break
    else:
        return PatchRejected("this hunk overlaps the one before", where=f"{path}:{hunk.start + 1}")
    shown, instead = (_utf8(text.decode("latin-1")).strip()[:60] for text in (expected, found))
    return PatchRejected(f'expected "{shown}", found "{instead}"', where=f"{path}:{line + 1}")


def check_path(path: str) -> None:
    """Refuse a path that could reach outside a project or into git's own files.

    Raises:
        PatchRejected: absolute, upwards, Windows-special, or `.git` in any disguise.
    """
    shown = repr(path[:_LONGEST_PATH])
    if len(path) > _LONGEST_PATH or _UNSAFE.search(path):
        raise PatchRejected("unsafe path", where=shown)
    for part in path.split("/"):
        if _DEVICE.fullmatch(part):
            raise PatchRejected("a name that Windows reserves for a device", where=shown)
        if part in ("", ".", "..") or _RESERVED.fullmatch(_IGNORED_BY_HFS.sub("", part)):
            raise PatchRejected("unsafe path", where=shown)


def check_link(path: str, target: bytes) -> None:
    """Refuse a symbolic link that leads, or could be made to lead, out of a project.

    It may go up first and then down; `down/../up` would depend on where another link leads.

    Raises:
        PatchRejected: absolute, up out of the tree, or into git's own files.
    """
    depth = path.count("/")
    try:
        down = target.decode()
        while depth and down.startswith("../"):
            depth, down = depth - 1, down.removeprefix("../")
        check_path(down)
    except (UnicodeDecodeError, PatchRejected) as error:
        shown = ascii(target[:_LONGEST_PATH])
        raise PatchRejected(f"a link that leads out of the tree: {shown}", where=path) from error


def _split_mail(text: str) -> tuple[str, bool, str]:
    # Only the part before the first diff is prose, so that a message cannot pass for hunks.
    if text.startswith("diff --git "):
        return "", True, text
    head, separator, diff = text.partition("\ndiff --git ")
    return head, bool(separator), separator.lstrip("\n") + diff


def _message(head: str) -> tuple[str, str]:
    headers, _, body = head.partition("\n\n")
    unfolded = re.sub(r"\n[ \t]+", " ", headers)
    found = re.search(r"^Subject: (?:\[PATCH[^\]]*\] )?(.*)$", unfolded, re.MULTILINE)
    raw = found.group(1) if found else ""
    return _decoded(raw), _utf8(re.split(r"^---$", body, flags=re.MULTILINE)[0]).strip()


def _decoded(raw: str) -> str:
    if "=?" not in raw or len(raw) > _LONGEST_SUBJECT:
        return _utf8(raw)
    from email.errors import MessageError
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError, MessageError):
        return _utf8(raw)  # not an encoded word, though it looked like one


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")


def _lines(text: str) -> list[str]:
    # str.splitlines also splits at form feeds and NEL, which are ordinary bytes here.
    return [line + "\n" for line in _SIGNATURE.sub("", text).rstrip("\n").split("\n")]


def _parsed(name: str, lines: list[str]) -> PatchSet:
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    # unidiff skips what it doesn't know, even a broken hunk header: every line has to be accounted
    # for, or a change would be lost silently.
    accounted = _headers(name, lines)
    try:
        parsed = PatchSet(iter(lines))
    except (UnidiffParseError, ValueError) as error:
        raise Malformed(f"malformed patch: {error}", where=name) from error
    if sum(map(len, parsed)) > MOST_HUNKS:
        raise TooLarge(f"a patch of more than {MOST_HUNKS} hunks", where=name)
    for entry in parsed:
        accounted += 2 * bool(entry)
        for hunk in entry:
            accounted += 1 + len(hunk)
    if accounted != len(lines):
        what = "malformed patch: lines that belong to no hunk; its @@ line has their number"
        raise Malformed(what, where=name)
    return parsed


def _headers(name: str, lines: Sequence[str]) -> int:
    """How many lines are headers; every other line has to belong to a hunk."""
    headers = 0
    for line in lines:
        if _HEADER.match(line):
            headers += 1
        elif line[0] not in " +-@\\\n":
            kind = PatchRejected if _OF_GIT.match(line) else Malformed
            raise kind(f"not allowed in a series: {line[:80].strip()}", where=name)
    return headers


def _file_patch(name: str, entry: PatchedFile, binary: Binary | None) -> FilePatch:
    created = entry.source_file == "/dev/null"
    deleted = entry.target_file == "/dev/null"
    path = _path(entry.source_file, "a/") if deleted else _path(entry.target_file, "b/")
    if not created and not deleted and _path(entry.source_file, "a/") != path:
        raise PatchRejected("a series may not rename", where=f"{name}: {path}")
    check_path(path)
    old_mode = None if created else _mode(name, entry.source_mode)
    mode = None if deleted else _mode(name, entry.target_mode or entry.source_mode)
    if binary and entry:
        raise PatchRejected("a binary change beside hunks", where=f"{name}: {path}")
    return FilePatch(path, old_mode, mode, tuple(_hunk(name, hunk) for hunk in entry), binary)


def _path(quoted: str, prefix: str) -> str:
    raw = quoted.encode("latin-1")
    try:
        if _QUOTED.fullmatch(raw):
            raw = raw[1:-1].decode("unicode_escape").encode("latin-1")
        return raw.decode().removeprefix(prefix)
    except UnicodeError:
        raise PatchRejected("a path is not UTF-8", where=ascii(raw)) from None


def _mode(name: str, mode: str | None) -> int:
    try:
        return FILE_MODES[mode or "100644"]
    except KeyError:
        raise PatchRejected(f"file mode {mode} is not allowed", where=name) from None


def _hunk(name: str, hunk: ParsedHunk) -> Hunk:
    before: list[bytes] = []
    after: list[bytes] = []
    sides: list[list[bytes]] = []
    for line in hunk:
        if line.line_type == "\\":  # the line above has no end
            for side in sides:
                side[-1] = side[-1].removesuffix(b"\n")
            continue
        # unidiff gives an empty line at the end of a hunk no sign
        sides = {" ": [before, after], "-": [before], "+": [after]}.get(line.line_type, [])
        for side in sides:
            side.append(line.value.encode("latin-1"))
    if (len(before), len(after)) != (hunk.source_length, hunk.target_length):
        raise Malformed("a hunk's length is not what its header says", where=name)
    start = hunk.source_start - 1 if hunk.source_length else hunk.source_start
    return Hunk(start, tuple(before), tuple(after))
