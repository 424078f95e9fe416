"""Patches that none of us wrote: the series of Debian source packages, read and taken out again.

    scripts/corpus [--offline] [PACKAGE…]

Fetches each source package with `apt-get source` into $XDG_CACHE_HOME/aegis-corpus (the system's
own lists are not touched; --offline uses only what is there), runs every patch of its quilt series
through aegis_patch, and without PACKAGE writes the table in docs/contributing/measurements.md. GNU
patch, tar and git have to be installed. For each patch of a series:

parsed      the file as Debian has it, each of its parts given the `diff --git` line that a quilt
            patch lacks, is read by aegis_patch.patch: the files and hunks that GNU patch reports
same tree   aegis_patch.trees.apply gives the tree that `patch -F0` gives: (1) what was parsed, its
            hunks moved by the offsets that GNU patch reports; (2) the patch as `git format-patch`
            exports it, at its exact place
removed     evolve(base = after patch k, ours = after the last, theirs = before patch k), held
            against git (`git merge-tree`, what `git revert` does)
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from aegis_patch.errors import PatchRejected
from aegis_patch.merge import evolve
from aegis_patch.merge.outcome import Conflicted, Plan, Unchanged
from aegis_patch.objects.scratch import scratch as scratch_store
from aegis_patch.objects.trees import Entry, Tree
from aegis_patch.stack import apply_patch, patch
from aegis_patch.stack.patch import FilePatch, Patch
from aegis_patch.values import replace
from tests import tiny
from tests.promises import oracle

PAGE = ROOT / "docs" / "contributing" / "measurements.md"
START, END = "<!-- measured: scripts/corpus -->\n", "<!-- end of what was measured -->\n"
PACKAGES = (
    *("grub2", "glibc", "python3.11", "exim4", "perl", "openssh"),
    *("php8.2", "isc-dhcp", "unzip", "openldap"),
)
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TRIES = 3
# What was looked into: GNU patch is at fault.
KNOWN = {
    "frame_dealloc-crash.diff": "GNU patch cuts a path at its first space, since the quilt patch "
    "has no tab after it, and writes another file; the reader keeps the path whole",
}
# As dpkg-source applies a series, but for -E, which would not create an empty file.
GNU_PATCH = ("patch", "-t", "-N", "-p1", "-u", "-F0", "-V", "never", "--verbose")


@dataclass(frozen=True, slots=True)
class Source:
    """A source package: its version, its series, and the files that the series touches."""

    version: str
    series: list[tuple[str, bytes]]
    files: dict[str, tuple[bytes, int]]


@dataclass(slots=True)
class Row:
    """A row of the table, and what has to be said below it."""

    package: str
    version: str
    patches: int
    counts: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """A patch, the tree before it and the tree that GNU patch made of that."""

    name: str
    text: bytes
    before: Tree
    after: Tree
    paths: tuple[str, ...]


def main() -> int:
    """Fetch, run, print, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--offline", action="store_true", help="use only what was fetched before")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE")
    asked = parser.parse_args()
    os.environ.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull, LC_ALL="C.UTF-8")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aegis-corpus"
    packages = asked.packages or PACKAGES
    if not asked.offline:
        fetch(cache, packages)
    rows = []
    for package in packages:
        began = time.monotonic()
        rows.append(row := run(package, unpack(cache, package)))
        print(f"{package}: {time.monotonic() - began:.0f} s", *row.remarks, sep="\n  ", flush=True)
    shown = table(rows)
    print(shown, end="")
    if not asked.packages:
        before, _, rest = PAGE.read_text().partition(START)
        PAGE.write_text(before + START + shown + END + rest.partition(END)[2])
    return 1 if any(row.counts["differs"] for row in rows) else 0


# Fetching.


def fetch(cache: Path, packages: Iterable[str]) -> None:
    """Bring the packages into the cache, with lists of our own."""
    missing = [package for package in packages if find(cache, package) is None]
    if not missing:
        return
    for directory in ("lists/partial", "cache/archives/partial"):
        (cache / "apt" / directory).mkdir(parents=True, exist_ok=True)
    listing = cache / "apt" / "sources.list"
    listing.write_text("".join(sorted(set(source_lines()))))
    options = {
        "Dir::Etc::sourcelist": listing,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": cache / "apt" / "lists",
        "Dir::Cache": cache / "apt" / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Retries": TRIES,
    }
    apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
    attempt([*apt, "update"], cache)
    for package in missing:
        (cache / package).mkdir(exist_ok=True)
        attempt([*apt, "source", "--download-only", "--only-source", package], cache / package)


def source_lines() -> Iterator[str]:
    """The binary sources that this system has from Debian, as sources of source packages."""
    form = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Identifier: Packages", "Label: Debian"],
        capture_output=True,
        text=True,
        check=True,
    )
    signed = f" [signed-by={KEYS}]" if KEYS.exists() else ""
    for line in told.stdout.splitlines():
        if "-" not in line.split()[1]:  # without updates, whose packages come and go
            yield f"deb-src{signed} {line}\n"


def attempt(command: Sequence[str], cwd: Path) -> None:
    """Run a command that needs the network, more than once if need be."""
    for number in range(1, TRIES + 1):
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        if not done.returncode:
            return
        time.sleep(2 * number)
    sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def find(cache: Path, package: str) -> Path | None:
    """The description of a package that was fetched as a whole."""
    for dsc in sorted((cache / package).glob("*.dsc"), reverse=True):
        if all((dsc.parent / name).exists() for name in named(dsc)):
            return dsc
    return None


def named(dsc: Path) -> list[str]:
    """The files that a description names."""
    text = dsc.read_text(errors="replace")
    section = re.search(r"^Checksums-Sha256:\n((?: .*\n)+)", text, re.MULTILINE)
    return [line.split()[2] for line in section.group(1).splitlines()] if section else []


def unpack(cache: Path, package: str) -> Source:
    """The series, and from the upstream's archives only what it touches."""
    dsc = find(cache, package)
    if dsc is None:
        sys.exit(f"{package} is not in {cache}; run scripts/corpus without --offline")
    version = re.search(r"^Version: (.*)$", dsc.read_text(errors="replace"), re.MULTILINE)
    archives = [dsc.parent / name for name in named(dsc) if not name.endswith(".asc")]
    (debian,) = (archive for archive in archives if ".debian.tar." in archive.name)
    prefix = "debian/patches/"
    texts = {name: data for name, (data, _) in members(debian, 0) if name.startswith(prefix)}
    names = [
        line.partition(" #")[0].split()[0]
        for line in texts[f"{prefix}series"].decode().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    series = [(name, texts[prefix + name]) for name in names]
    touched = {path for _, text in series for part in parts(text) for path in part.paths}
    files = {}
    for archive in archives:
        extra = re.search(r"\.orig-([^.]+)\.tar\.", archive.name)
        if ".orig" not in archive.name:
            continue
        for name, content in members(archive, 1):
            path = f"{extra.group(1)}/{name}" if extra else name
            if path in touched:
                files[path] = content
    return Source(version.group(1) if version else "", series, files)


def members(archive: Path, strip: int) -> Iterator[tuple[str, tuple[bytes, int]]]:
    """The files of an archive with their modes, one by one."""
    with tarfile.open(archive, "r|*") as opened:
        for member in opened:
            name = "/".join(member.name.removeprefix("./").split("/")[strip:])
            if member.issym():
                yield name, (member.linkname.encode(), tiny.LINK)
            elif member.isfile() and (file := opened.extractfile(member)):
                yield name, (file.read(), tiny.EXEC if member.mode & 0o100 else tiny.FILE)


# A quilt patch as git would head it.

HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
EXTENDED = re.compile(
    rb"(index|(new|deleted) file mode|(old|new) mode|rename|copy|similarity|dis|GIT)"
)
STAMP = re.compile(rb"\t.*| +(\d{4}-\d\d-\d\d|[A-Z][a-z]{2} [A-Z][a-z]{2} +\d).*| +$")


@dataclass(slots=True)
class Part:
    """What a patch says of one file: both names, git's own header lines, and its hunks."""

    names: tuple[bytes, bytes]
    header: list[bytes]
    body: list[bytes] = field(default_factory=list)
    lengths: list[tuple[int, int]] = field(default_factory=list)

    @property
    def paths(self) -> set[str]:
        """Every name that it goes by."""
        moved = [
            line.split(b" ", 2)[2] for line in self.header if line[:6] in (b"rename", b"copy f")
        ]
        names = [strip(name) for name in self.names] + moved
        return {name.decode("utf-8", "replace") for name in names if name}

    @property
    def path(self) -> str:
        """The one that it has afterwards, or had."""
        return (strip(self.names[1]) or strip(self.names[0])).decode("utf-8", "replace")

    def headed(self) -> bytes:
        """As git writes it; only git's own lines are added or left out."""
        old, new = (strip(name) for name in self.names)
        path = new or old
        lines = [b"diff --git a/%s b/%s" % (old if self.moves else path, path), *self.header]
        if not any(b"file mode" in line for line in self.header):
            if not old or self.lengths == [(0, self.lengths[0][1])] != [(0, 0)]:
                old, lines = b"", [*lines[:1], b"new file mode 100644", *lines[1:]]
            elif not new or self.lengths == [(self.lengths[0][0], 0)]:
                new, lines = b"", [*lines[:1], b"deleted file mode 100644", *lines[1:]]
        elif any(b"new file" in line for line in self.header):
            old = b""
        if self.body:
            before = b"--- a/" + (old if self.moves else path) if old else b"--- /dev/null"
            lines += [before, b"+++ b/" + path if new else b"+++ /dev/null", *self.body]
        return b"".join(line + b"\n" for line in lines)

    @property
    def moves(self) -> bool:
        """Whether git's lines say that it was renamed or copied."""
        return any(line.startswith((b"rename", b"copy")) for line in self.header)


def strip(name: bytes) -> bytes:
    """A name without its first directory, as -p1 reads it; nothing for /dev/null."""
    return b"" if name == b"/dev/null" else name.partition(b"/")[2]


def parts(text: bytes) -> list[Part]:
    """A patch, file by file; prose between the files is passed over, as GNU patch does."""
    found: list[Part] = []
    lines = text.split(b"\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith(b"diff --git "):
            names = re.fullmatch(rb"diff --git (\S+) (\S+)", line)
            header = []
            while at < len(lines) and EXTENDED.match(lines[at]):
                header.append(lines[at])
                at += 1
            kept = [each for each in header if b"similarity" not in each]
            if names and not (at < len(lines) and lines[at].startswith(b"--- ")):
                found.append(Part((names.group(1), names.group(2)), kept))
            elif at + 1 < len(lines):
                found.append(Part((name(lines[at]), name(lines[at + 1])), kept))
                at += 2
        elif line.startswith(b"--- ") and lines[at].startswith(b"+++ "):
            found.append(Part((name(line), name(lines[at])), []))
            at += 1
        elif found and (hunk := HUNK.match(line)):
            at = read_hunk(found[-1], hunk, lines, at)
    return [part for part in found if part.body or part.header]


def name(line: bytes) -> bytes:
    """The name in a line that starts with --- or +++."""
    return STAMP.sub(b"", line[4:].rstrip(b"\r"))


def read_hunk(part: Part, hunk: re.Match[bytes], lines: list[bytes], at: int) -> int:
    """Take as many lines as the hunk's header says."""
    old, new = (int(hunk.group(group) or 1) if hunk.group(group) != b"0" else 0 for group in (2, 4))
    part.lengths.append((old, new))
    part.body.append(lines[at - 1])
    while (old or new) and at < len(lines):
        kind = lines[at][:1] or b" "
        old -= kind in b" -"
        new -= kind in b" +"
        part.body.append(lines[at])
        at += 1
    while at < len(lines) and lines[at].startswith(b"\\"):
        part.body.append(lines[at])
        at += 1
    return at


def parse(title: str, text: bytes) -> list[Patch]:
    """A quilt patch read by aegis; one that touches a file twice is two patches to git."""
    mails: list[list[Part]] = [[]]
    for part in parts(text):
        if any(part.path == other.path for other in mails[-1]):
            mails.append([])
        mails[-1].append(part)
    return [patch.parse(title, b"".join(part.headed() for part in mail)) for mail in mails]


# Running a series.


def run(package: str, source: Source) -> Row:
    """Every patch of a package."""
    row = Row(package, source.version, len(source.series))
    with scratch_store(()) as store, tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        for path, content in source.files.items():
            put(directory, path, content)
        tree = tiny.tree(store, source.files)
        steps: list[Step] = []
        for title, text in source.series:
            told = gnu_patch(directory, text)
            after = tree.replaced(taken(store, directory, touched(text, told)))
            steps.append(Step(title, text, tree, after, tree.changed(after)))
            check(row, store, steps[-1], told)
            tree = after
        remove_each(row, store, steps)
    return row


def touched(text: bytes, told: Mapping[str, list[int]]) -> set[str]:
    """Every path that a patch may have changed."""
    return {path for part in parts(text) for path in part.paths} | told.keys()


def put(directory: Path, path: str, content: tuple[bytes, int]) -> None:
    """Write one file."""
    data, mode = content
    file = directory / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if mode == tiny.LINK:
        file.symlink_to(os.fsdecode(data))
        return
    file.write_bytes(data)
    file.chmod(mode & 0o777)


def taken(
    store: pygit2.Repository, directory: Path, paths: Iterable[str]
) -> dict[str, Entry | None]:
    """The files at these paths, as entries of a tree."""
    found: dict[str, Entry | None] = {}
    for path in paths:
        file = directory / path
        try:
            mode = file.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            found[path] = None
            continue
        link = stat.S_ISLNK(mode)
        data = os.fsencode(file.readlink()) if link else file.read_bytes()
        kind = tiny.LINK if link else tiny.EXEC if mode & 0o100 else tiny.FILE
        found[path] = Entry.written(store, data, kind)
    return found


def gnu_patch(directory: Path, text: bytes) -> dict[str, list[int]]:
    """Apply a patch without fuzz: the files it touches, and the offset of each of their hunks.

    Raises:
        ValueError: it does not apply.
    """
    done = subprocess.run(GNU_PATCH, cwd=directory, input=text, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(done.stdout.decode("utf-8", "replace"))
    told: dict[str, list[int]] = {}
    at = ""
    for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
        if found := re.match(r"patching (?:file|symbolic link) '?(.+?)'?( \(.*\))?$", line):
            at = found.group(1)
            told.setdefault(at, [])
        elif found := re.match(r"Hunk #\d+ succeeded at -?\d+(?: \(offset (-?\d+) )?", line):
            told[at].append(int(found.group(1) or 0))
    return told


def check(row: Row, store: pygit2.Repository, step: Step, told: Mapping[str, list[int]]) -> None:
    """Is it read, and does it give the same tree, as written and as git exports it?"""
    with contextlib.suppress(PatchRejected):
        patch.parse(step.name, step.text)
        row.counts["unaided"] += 1
    row.counts["in place"] += not any(any(offsets) for offsets in told.values())
    try:
        read = parse(step.name, step.text)
    except PatchRejected as error:
        row.remarks.append(f"{step.name}: not read: {error.what} ({error.where})")
        read = []
    hunks: dict[str, int] = {}
    for each in read:
        for file in each.files:
            hunks[file.path] = hunks.get(file.path, 0) + len(file.hunks)
    if read and hunks == {path: len(offsets) for path, offsets in told.items()}:
        row.counts["parsed"] += 1
    elif read:
        differ = {(path, len(each)) for path, each in told.items()} ^ set(hunks.items())
        row.remarks.append(f"{step.name}: other files or hunks than GNU patch's: {sorted(differ)}")
    offsets = {path: list(each) for path, each in told.items()}
    message = f"{step.name}\n\nAs {row.package} has it."
    mail = tiny.mail(step.before, step.after, message)
    try:
        refreshed = apply_patch.apply(step.before, patch.parse(step.name, mail))
        row.counts["refreshed"] += refreshed == step.after
        tree = step.before
        for each in read:
            tree = apply_patch.apply(tree, moved(store, tree, each, offsets))
    except PatchRejected as error:
        row.remarks.append(f"{step.name}: not applied: {error.what} ({error.where})")
        return
    row.counts["written"] += tree == step.after
    if not refreshed == tree == step.after:
        row.remarks.append(f"{step.name}: another tree than GNU patch's")


def moved(
    store: pygit2.Repository, tree: Tree, read: Patch, offsets: dict[str, list[int]]
) -> Patch:
    """A patch at its exact place, with the modes that a quilt patch does not tell."""
    return replace(read, files=tuple(placed(store, tree, file, offsets) for file in read.files))


def placed(
    store: pygit2.Repository, tree: Tree, file: FilePatch, offsets: dict[str, list[int]]
) -> FilePatch:
    """One file of it."""
    there = tree.lookup(file.path)
    told = offsets.get(file.path, [])
    shifts = [told.pop(0) if told else 0 for _ in file.hunks]
    hunks = tuple(
        replace(hunk, start=hunk.start + shift)
        for hunk, shift in zip(file.hunks, shifts, strict=True)
    )
    same = there is not None and file.old_mode == file.mode
    modes = (there.mode, there.mode) if there and same else (file.old_mode, file.mode)
    if there and file.mode is None:
        modes = (there.mode, None)
    return FilePatch(file.path, *modes, hunks)


# Taking one out.


def remove_each(row: Row, store: pygit2.Repository, steps: Sequence[Step]) -> None:
    """Remove each patch from below all later ones, and ask git what it would do."""
    last = steps[-1].after
    by_git = oracle.merges(store, [(step.after, last, step.before) for step in steps])
    for step, git in zip(steps, by_git, strict=True):
        outcome = evolve.evolve(Plan(last, step.after, step.before, None))
        if isinstance(outcome, Conflicted):
            row.counts["conflict"] += 1
            if git.clean:
                found = sorted({f"{c.reason.name} {c.path}" for c in outcome.conflicts})
                row.remarks.append(f"{step.name}: a conflict where git is clean: {found}")
            continue
        tree = last if isinstance(outcome, Unchanged) else outcome.tree
        as_git = "equal" if git.tree == tree else "differs"
        row.counts[as_git if git.clean else "alone"] += 1
        if not git.clean:
            row.alone.append(step.name)
        elif git.tree != tree:
            row.remarks.append(f"{step.name}: removed, with another tree than git's")


# Telling.


COLUMNS = {
    "parsed": "parsed",
    "written": "same tree, as written",
    "refreshed": "same tree, exported",
    "equal": "removed, as git does",
    "alone": "removed, where git conflicts",
    "differs": "removed, otherwise",
    "conflict": "reported conflict",
}


def table(rows: Sequence[Row]) -> str:
    """The figures, package by package, their sums, and every exception."""
    lines = [
        "| package | patches | " + " | ".join(COLUMNS.values()) + " |",
        "|---|" + "---:|" * (1 + len(COLUMNS)),
    ]
    everything = Row("**all**", "", sum(row.patches for row in rows))
    for row in rows:
        everything.counts.update(row.counts)
    for row in (*rows, everything):
        cells = [row.patches, *(row.counts[column] for column in COLUMNS)]
        lines.append(f"| {row.package} {row.version} | " + " | ".join(map(str, cells)) + " |")
    unaided, in_place = (everything.counts[key] for key in ("unaided", "in place"))
    lines += [
        "",
        f"As they stand, the reader takes {unaided} of them and refuses the others, nearly all for "
        f"want of git's header lines. GNU patch finds {in_place} at their exact place.",
    ]
    only = [f"{row.package}/{name}" for row in rows for name in row.alone]
    if only:
        lines += ["", "Removed where git conflicts:", "", *(f"- {name}" for name in only)]
    remarks = {f"- {row.package}, {known(remark)}." for row in rows for remark in row.remarks}
    if remarks:
        lines += ["", "Exceptions:", "", *sorted(remarks)]
    return "\n".join(lines) + "\n"


def known(remark: str) -> str:
    """What was found out about a remark."""
    title, _, _ = remark.partition(": ")
    return f"{title}: {KNOWN[title]}" if title in KNOWN else remark


if __name__ == "__main__":
    for tool in ("patch", "git"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing")
    sys.exit(main())
