"""One patch: parse the mail that `git format-patch` wrote, rebuild a postimage.

Text is handled as latin-1, which maps every byte to one character and back, so that any
encoding and any line ending survives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header

from aegis_patch.errors import PatchRejected

# What a patch may ask of whoever reads it: some seconds, and some hundred megabytes.
MOST_BYTES = 8 * 1024 * 1024
MOST_LINES = 400_000
MOST_HUNKS = 50_000
LINK = 0o120000
FILE_MODES = {"100644": 0o100644, "100755": 0o100755, "120000": LINK}
# All that a series may say of a file; renames, copies and binary changes say more.
_FILE = re.compile(
    r"diff --git (?P<names>[^\n]+)\n"
    r"(?:new file mode (?P<created>[0-7]{6})\n|deleted file mode (?P<deleted>[0-7]{6})\n"
    r"|old mode (?P<old>[0-7]{6})\nnew mode (?P<new>[0-7]{6})\n)?"
    r"(?:index [0-9a-f]+\.\.[0-9a-f]+(?: (?P<same>[0-7]{6}))?\n)?"
    r"(?:--- (?P<source>[^\n]+)\n\+\+\+ (?P<target>[^\n]+)\n)?"
)
_HUNK = re.compile(
    r"@@ -(?P<start>\d{1,20})(?:,(?P<lines>\d{1,20}))? "
    r"\+\d{1,20}(?:,(?P<new_lines>\d{1,20}))? @@[^\n]*\n"
)
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
_PLAIN_DIFF = re.compile(r"^--- [^\n]+\n\+\+\+ ", re.MULTILINE)
_LONGEST_PATH = 500
_LONGEST_SUBJECT = 10_000  # to be decoded
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
    if len(mail) > MOST_BYTES:
        raise PatchRejected(f"a patch of more than {MOST_BYTES >> 20} MiB", where=name)
    if mail.count(b"\n") > MOST_LINES:
        raise PatchRejected(f"a patch of more than {MOST_LINES} lines", where=name)
    text = mail.decode("latin-1")
    head, found, diff = _split_mail(text)
    subject, body = _message(head)
    if not found and _PLAIN_DIFF.search(text):
        raise PatchRejected(
            "a plain unified diff without git's header (diff --git a/PATH b/PATH): apply it in a "
            "checkout, commit it, and export that commit",
            where=name,
            next="git format-patch -1",
        )
    if not found or "\0" in text:
        what = "a binary change" if found else "no change"
        raise PatchRejected(f"a patch holds {what}", where=name)
    files: dict[str, FilePatch] = {}
    for section, hunks in _sections(name, diff):
        file = _file_patch(name, section, hunks)
        if file.path in files:
            raise PatchRejected("a file occurs twice in one patch", where=name)
        files[file.path] = file
    return Patch(name, subject, body, tuple(files.values()))


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
    try:
        return str(make_header(decode_header(raw)))
    except (LookupError, ValueError, MessageError):
        return _utf8(raw)  # not an encoded word, though it looked like one


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace")


def _byte_lines(data: bytes) -> list[bytes]:
    *lines, rest = data.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def _sections(name: str, diff: str) -> list[tuple[re.Match[str], list[Hunk]]]:
    """What a diff says of each file: every line of it is accounted for."""
    text = _SIGNATURE.sub("", diff).rstrip("\n") + "\n"
    if text.count("\n@@ -") > MOST_HUNKS:
        raise PatchRejected(f"a patch of more than {MOST_HUNKS} hunks", where=name)
    sections = []
    at = 0
    while at < len(text):
        head = _FILE.match(text, at)
        if head is None:
            shown = text[at : at + 80].partition("\n")[0].strip()
            raise PatchRejected(f"malformed, or not allowed in a series: {shown}", where=name)
        at = head.end()
        hunks: list[Hunk] = []
        while head["source"] and (found := _HUNK.match(text, at)):
            hunk, at = _hunk(name, found)
            hunks.append(hunk)
        sections.append((head, hunks))
    return sections


def _hunk(name: str, header: re.Match[str]) -> tuple[Hunk, int]:
    """A hunk, and where it ends."""
    text, at = header.string, header.end()
    lengths = int(header["lines"] or 1), int(header["new_lines"] or 1)
    before: list[bytes] = []
    after: list[bytes] = []
    while len(before) < lengths[0] or len(after) < lengths[1]:
        kind, end = text[at : at + 1], text.find("\n", at) + 1
        if kind not in (" ", "-", "+") or not end:
            break
        line = text[at + 1 : end].encode("latin-1")
        if text.startswith("\\", end):  # "\\ No newline at end of file"
            line, end = line[:-1], text.find("\n", end) + 1
        if kind in " -":
            before.append(line)
        if kind in " +":
            after.append(line)
        at = end
    if (len(before), len(after)) != lengths:
        what = "malformed patch: a hunk's length is not what its header says"
        raise PatchRejected(what, where=name)
    start = int(header["start"])
    return Hunk(start - 1 if before else start, tuple(before), tuple(after)), at


def _file_patch(name: str, head: re.Match[str], hunks: list[Hunk]) -> FilePatch:
    names = head["names"]
    middle = len(names) // 2  # of two names that are the same but for their first letter
    path = _path(names[:middle], "a/")
    named = {path, _path(names[middle + 1 :], "b/")}
    if head["source"]:
        named.add(_path(head["source"], "a/", path if head["created"] else ""))
        named.add(_path(head["target"], "b/", path if head["deleted"] else ""))
    if names[middle] != " " or named != {path}:
        raise PatchRejected("a series may not rename", where=f"{name}: {path}")
    check_path(path)
    same = head["same"] or "100644"
    old_mode = None if head["created"] else _mode(name, head["deleted"] or head["old"] or same)
    mode = None if head["deleted"] else _mode(name, head["created"] or head["new"] or same)
    return FilePatch(path, old_mode, mode, tuple(hunks))


def _path(quoted: str, prefix: str, absent: str = "") -> str:
    """What a name in a diff says; /dev/null stands for what is `absent`."""
    if absent and quoted == "/dev/null":
        return absent
    raw = quoted.removesuffix("\t").encode("latin-1")  # git ends a name with a space so
    if raw.startswith(b'"') and raw.endswith(b'"'):
        raw = _OCTAL.sub(_unescape, raw[1:-1])
    try:
        path = raw.decode()
    except UnicodeDecodeError:
        raise PatchRejected("a path is not UTF-8", where=ascii(raw)) from None
    if not path.startswith(prefix):
        raise PatchRejected(f"malformed patch: a path without {prefix}", where=ascii(path[:80]))
    return path.removeprefix(prefix)


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    if len(code) == 3:
        return bytes([int(code, 8) & 0xFF])
    return bytes([_ESCAPES[code]]) if code in _ESCAPES else code


def _mode(name: str, mode: str) -> int:
    if mode not in FILE_MODES:
        raise PatchRejected(f"file mode {mode} is not allowed", where=name)
    return FILE_MODES[mode]
