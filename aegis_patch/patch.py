"""One patch: parse the mail that `git format-patch` wrote, rebuild a postimage.

Text is handled as latin-1, which maps every byte to one character and back, so that any
encoding and any line ending survives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header, make_header

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk as ParsedHunk
from unidiff.patch import PatchedFile, PatchSet

from aegis_patch.errors import PatchRejected

FILE_MODES = {"100644": 0o100644, "100755": 0o100755, "120000": 0o120000}
_UNSUPPORTED = re.compile(r"^(rename|copy) (from|to) |^GIT binary patch$|^Binary files ")
_RESERVED = re.compile(r"(git~[0-9]+|\.git(modules)?)[ .]*", re.IGNORECASE)
# Characters that HFS+ ignores in a file name, so that `.g\u200cit` is `.git` there.
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_OCTAL = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPES = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13}


@dataclass(frozen=True, slots=True)
class Hunk:
    """Consecutive lines of a preimage and what they become; `start` counts from 0."""

    start: int
    preimage: tuple[bytes, ...]
    postimage: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FilePatch:
    """One file of a patch: a path, its mode afterwards, and hunks.

    `mode` is None where the patch deletes the file; `old_mode` is None where it creates it.
    """

    path: str
    old_mode: int | None
    mode: int | None
    hunks: tuple[Hunk, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """A commit as text: subject, the body that says why, and the files it changes."""

    name: str
    subject: str
    body: str
    files: tuple[FilePatch, ...]


def parse(name: str, mail: bytes) -> Patch:
    """Read a patch as `git format-patch` writes it.

    Raises:
        PatchRejected: it is malformed, names a path that is unsafe, or needs what a series
            may not use (renames, copies, binary changes, submodules).
    """
    text = mail.decode("latin-1")
    head, found, diff = _split_mail(text)
    subject, body = _message(head)
    if not found:
        return Patch(name, subject, body, ())
    lines = _lines(diff)
    try:
        parsed = PatchSet(iter(lines))
    except (UnidiffParseError, ValueError) as error:
        raise PatchRejected(f"malformed patch: {error}", where=name) from error
    files = tuple(_file_patch(name, entry) for entry in parsed)
    paths = [entry.path for entry in files]
    if len(set(paths)) != len(paths):
        raise PatchRejected("a file occurs twice in one patch", where=name)
    return Patch(name, subject, body, files)


def postimage(patch: FilePatch, preimage: bytes) -> bytes:
    """Apply the hunks of a file exactly: no fuzz, no offset.

    Raises:
        PatchRejected: the preimage is not the one that the patch was written against.
    """
    source = _byte_lines(preimage)
    result: list[bytes] = []
    at = 0
    for hunk in patch.hunks:
        end = hunk.start + len(hunk.preimage)
        if hunk.start < at or tuple(source[hunk.start : end]) != hunk.preimage:
            where = f"{patch.path}:{hunk.start + 1}"
            raise PatchRejected("a hunk does not fit its preimage", where=where)
        result += source[at : hunk.start]
        result += hunk.postimage
        at = end
    return b"".join(result + source[at:])


def check_path(path: str) -> None:
    """Refuse a path that could reach outside a project or into git's own files.

    Raises:
        PatchRejected: absolute, upwards, Windows-special, or `.git` in any disguise.
    """
    parts = path.split("/")
    folded = [_IGNORED_BY_HFS.sub("", part).split(":")[0] for part in parts]
    unsafe = (
        not path
        or "\\" in path
        or any(ord(character) < 32 or ord(character) == 127 for character in path)
        or re.match(r"[A-Za-z]:", path) is not None
        or any(part in ("", ".", "..") for part in parts)
        or any(_RESERVED.fullmatch(part) for part in folded)
    )
    if unsafe:
        raise PatchRejected("unsafe path", where=repr(path))


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
    subject = str(make_header(decode_header(raw))) if "=?" in raw else _utf8(raw)
    return subject, _utf8(re.split(r"^---$", body, flags=re.MULTILINE)[0]).strip()


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")


def _lines(text: str) -> list[str]:
    # str.splitlines also splits at form feeds and NEL, which are ordinary bytes here.
    return [line + "\n" for line in text.removesuffix("\n").split("\n")]


def _byte_lines(data: bytes) -> list[bytes]:
    *lines, rest = data.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def _file_patch(name: str, entry: PatchedFile) -> FilePatch:
    for line in entry.patch_info or ():
        if _UNSUPPORTED.match(line.rstrip("\n")):
            raise PatchRejected(f"not allowed in a series: {line.strip()}", where=name)
    created = entry.source_file == "/dev/null"
    deleted = entry.target_file == "/dev/null"
    path = _path(entry.source_file, "a/") if deleted else _path(entry.target_file, "b/")
    if not created and not deleted and _path(entry.source_file, "a/") != path:
        raise PatchRejected("a series may not rename", where=f"{name}: {path}")
    check_path(path)
    old_mode = None if created else _mode(name, entry.source_mode)
    mode = None if deleted else _mode(name, entry.target_mode or entry.source_mode)
    return FilePatch(path, old_mode, mode, tuple(_hunk(name, hunk) for hunk in entry))


def _path(quoted: str, prefix: str) -> str:
    raw = quoted.encode("latin-1")
    if raw.startswith(b'"') and raw.endswith(b'"'):
        raw = _OCTAL.sub(_unescape, raw[1:-1])
    return raw.decode("utf-8", "surrogateescape").removeprefix(prefix)


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    if len(code) == 3:
        return bytes([int(code, 8) & 0xFF])
    return bytes([_ESCAPES[code]]) if code in _ESCAPES else code


def _mode(name: str, mode: str | None) -> int:
    try:
        return FILE_MODES[mode or "100644"]
    except KeyError:
        raise PatchRejected(f"file mode {mode} is not allowed", where=name) from None


def _hunk(name: str, hunk: ParsedHunk) -> Hunk:
    before: list[bytes] = []
    after: list[bytes] = []
    for kind, value in _hunk_lines(hunk):
        if kind in " -":
            before.append(value)
        if kind in " +":
            after.append(value)
    if (len(before), len(after)) != (hunk.source_length, hunk.target_length):
        raise PatchRejected("a hunk's length is not what its header says", where=name)
    start = hunk.source_start - 1 if hunk.source_length else hunk.source_start
    return Hunk(start, tuple(before), tuple(after))


def _hunk_lines(hunk: ParsedHunk) -> Iterator[tuple[str, bytes]]:
    lines = list(hunk)
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        if line.line_type == "\\":
            continue
        value = line.value.encode("latin-1")
        if following is not None and following.line_type == "\\":
            value = value.removesuffix(b"\n")
        yield line.line_type, value
