"""Git itself, for identity, hooks, filters, sparse checkouts and signing.

Everything else is read through pygit2.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pygit2

from aegis_patch.errors import Refused
from aegis_patch.progress import doing

PLAIN = {"GIT_DEFAULT_HASH": "sha1", "GIT_DEFAULT_REF_FORMAT": "files"}
"""The environment in which git makes a repository that libgit2 can read, whatever is configured."""

OLDEST = "2.32"
"""The first with GIT_CONFIG_COUNT and GIT_CONFIG_GLOBAL, which older ones silently ignore."""

_LONGEST_PATTERN = 10_000  # git is slow to compile a longer one
_FILTER_FAILED = r"(clean|smudge) filter .* failed|hung up unexpectedly"


class FilterFailed(Refused):
    """A filter of the user's failed, or isn't installed; nothing was changed."""


def run(
    directory: Path,
    *args: str,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    held: int | None = None,
    fine: int = 0,
) -> str:
    """Run git and return its output. Exit codes up to `fine` aren't failures.

    It keeps the lock in `held` (`journal.alone`) until it ends, and Ctrl-C doesn't reach it.

    Raises:
        FilterFailed: a filter did.
        Refused: it failed; `what` is its last error, or the last line it wrote.
    """
    import subprocess  # slow to import, and not for a look

    done = subprocess.run(
        ["git", *args],
        cwd=directory,
        input=stdin,
        capture_output=True,
        # without optional locks, a git that only looks leaves none behind when it is killed
        env={**os.environ, "LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0", **(env or {})},
        process_group=None if held is None else 0,
        pass_fds=() if held is None else (held,),
        check=False,
    )
    if done.returncode not in range(fine + 1):
        complaint = done.stderr.decode("utf-8", "replace")
        if failed := _filter_failed(complaint):
            raise failed
        said = complaint.strip().splitlines() or ["git failed"]
        what = re.findall(r"(?m)^(?:fatal|error): (.+)", complaint) or said
        reason = "; ".join(said) if "aborted by" in what[-1] else what[-1]  # by a hook
        if re.match("unknown (option|switch)", reason):
            needs = f"{reason}; aegis needs git {OLDEST} or newer"
            raise Refused(needs, where=f"git {args[0]}", next="git --version")
        refused = Refused(reason, where=f"git {args[0]}", next="git status")
        if "invalid date format" in refused.what:
            dates = ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")
            refused.next = f"unset {' '.join(name for name in dates if name in os.environ)}"
        raise refused
    return done.stdout.decode("utf-8", "surrogateescape")


def _filter_failed(complaint: str) -> FilterFailed | None:
    """Git's complaint about a filter that failed; None if none did."""
    if not re.search(_FILTER_FAILED, complaint):
        return None
    said = "; ".join(line.removeprefix("fatal: ") for line in complaint.splitlines())
    return FilterFailed(
        f"A filter from git's configuration failed, so nothing was changed: {said}",
        next="git config --show-origin --get-regexp '^filter[.]'",
    )


def setting(directory: Path, name: str, *options: str) -> str:
    """A value of git's configuration at a directory; "" if unset."""
    try:
        return run(directory, "config", *options, "--default", "", "--get", name).strip()
    except Refused as error:
        all_values = f"git config --show-origin --get-all {name}"
        raise Refused(error.what, where=name, next=all_values) from error


def variables(directory: Path) -> dict[str, str]:
    """All settings, by lower-case name, and what git derives from them, such as `GIT_AUTHOR_IDENT`.

    A value of several lines has only its first here: use `setting` for one that may have more.
    """
    lines = run(directory, "var", "-l").split("\n")
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def people(known: Mapping[str, str]) -> dict[str, str]:
    """Author and committer with their dates, from `variables`; none if git may not know who they
    are.

    Git lists guesses too, even for a name that is set and empty.
    """
    is_set = known.get("user.name") and known.get("user.email")
    if not is_set or empty_names():
        return {}
    found = {who: known.get(f"GIT_{who.upper()}_IDENT", "") for who in ("author", "committer")}
    named = [re.fullmatch(r"[^<>]+ <[^<>]+> \d+ [+-]\d{4}", each) for each in found.values()]
    return found if all(named) else {}


def empty_names() -> list[str]:
    """Variables that give git an empty name, whatever its configuration says."""
    names = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME")
    return [name for name in names if os.environ.get(name) == ""]


def git_dir(directory: Path) -> Path:
    """The git directory of the repository, or linked worktree, that a directory is in."""
    return Path(pygit2.discover_repository(str(directory)) or "")


def objects(directory: Path) -> Path:
    """The object directory of the repository that a directory is in."""
    return common(git_dir(directory)) / "objects"


def common(git_dir: Path) -> Path:
    """Where objects and settings are: in a linked worktree, the main one's git directory."""
    shared = git_dir / "commondir"
    return git_dir / shared.read_text().strip() if shared.exists() else git_dir


def history(store: str, borrowed: Path, *args: str, stdin: bytes | None = None) -> str:
    """Ask git about objects alone, from a scratch store that borrows a project's.

    So the user's configuration (blame.*, log.*, diff.*, i18n.* and so on) has no effect.
    """
    env = {
        **seeing([Path(store, "objects")]),
        "GIT_DIR": store,
        "GIT_OBJECT_DIRECTORY": str(borrowed),
        "GIT_SHALLOW_FILE": str(borrowed.parent / "shallow"),
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "0",
        "GIT_CONFIG_PARAMETERS": "",
        "GIT_DIFF_OPTS": "",
    }
    return run(Path(store), *args, stdin=stdin, env=env)


def show(directory: Path, *args: str, env: Mapping[str, str]) -> None:
    """Run git on the terminal itself, with the user's colours and pager."""
    import signal
    import subprocess

    before = signal.signal(signal.SIGINT, lambda *_: None)  # is for the pager
    try:
        with doing(""):  # git has the terminal
            subprocess.run(["git", *args], cwd=directory, env={**os.environ, **env}, check=False)
    finally:
        signal.signal(signal.SIGINT, before)


def seeing(places: Iterable[Path]) -> dict[str, str]:
    """The environment in which git sees the objects of some directories besides its own."""
    quoted = [json.dumps(str(place), ensure_ascii=False) for place in places]
    return {"GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(quoted)}


@functools.cache
def naming(root: Path, commit: str, words: frozenset[str]) -> list[str]:
    """The files of a commit, below a directory, that contain one of some words.

    git searches a large project fast, and faster for one pattern than for several.
    """
    if not words:
        return []
    pattern = "|".join(re.sub(r"[][\\.^$*+?(){}|]", r"\\\g<0>", word) for word in sorted(words))
    if len(pattern) >= _LONGEST_PATTERN or "\n" in pattern:
        return _grep(root, commit, "-wF", *(f"-e{word}" for word in sorted(words)))
    try:
        return _grep(root, commit, "-P", "-e", rf"(?<!\w)({pattern})(?!\w)")
    except Refused:  # not every git has this kind, which takes half as long
        return _grep(root, commit, "-E", "-e", f"(^|[^[:alnum:]_])({pattern})([^[:alnum:]_]|$)")


def _grep(root: Path, commit: str, *asked: str) -> list[str]:
    plain = ("--no-color", "--no-full-name", "-lza")  # whatever the user's settings are
    env = {"LC_ALL": "C"}
    said = run(root, "grep", *plain, *asked, commit, "--", ".", env=env, fine=1)  # 1: nowhere
    return [path.partition(":")[2] for path in said.split("\0") if path]


def uncommitted(top: Path, paths: Sequence[str], copy: Path) -> dict[str, str]:
    """Which of some paths differ from HEAD or the index, with the letter of each one's flags.

    Flags and times of the index don't count: git reads the files on disk, through a copy of the
    index without them. An absent file that git skips (a sparse checkout) is no change. The letter
    is that of `git ls-files -v`: "H" for no flag, "S", "h" or "s".
    """
    if not paths:
        return {}
    copy_index(git_dir(top) / "index", copy)
    plain = {"core.fsmonitor": "false", "core.ignoreStat": "false", "core.splitIndex": "false"}
    env = {"GIT_INDEX_FILE": str(copy), "GIT_LITERAL_PATHSPECS": "1", **settings(plain)}
    flags = _forget_flags(top, paths, env)
    said = run(
        top,
        *("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"),
        *("--ignore-submodules=none", "--", *paths),
        env=env,
    )
    return {line[3:]: flags.get(line[3:], "H") for line in said.split("\0") if line}


def copy_index(index: Path, copy: Path) -> None:
    """Copy an index, if there is one, with its time.

    The time tells git to read a file again that was changed in the second in which the index was
    written.
    """
    if index.exists():
        at = index.stat()
        copy.write_bytes(index.read_bytes())
        os.utime(copy, ns=(at.st_atime_ns, at.st_mtime_ns))


def _forget_flags(top: Path, paths: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """Write the entries of some paths into an index without their flags; the flags they had."""
    flags, entries = dict[str, str](), ""
    for line in run(top, "ls-files", "-v", "--stage", "-z", "--", *paths, env=env).split("\0"):
        entry, _, path = line[2:].partition("\t")
        if path and (line[0] not in "Ss" or os.path.lexists(top / path)):
            flags[path] = line[0]
            entries += f"{entry}\t{path}\0"
    stdin = entries.encode("utf-8", "surrogateescape")
    run(top, "update-index", "-z", "--index-info", stdin=stdin, env=env)
    return flags


def settings(wanted: Mapping[str, str]) -> dict[str, str]:
    """The environment that gives git some settings.

    Not `git -c NAME=VALUE`: a name may come from an upstream, and one with a = in it could set
    anything, even a command.
    """
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    start = int(count) if re.fullmatch("[0-9]+", count) else 0
    env = {"GIT_CONFIG_COUNT": str(start + len(wanted))}
    for n, (name, value) in enumerate(wanted.items(), start):
        env |= {f"GIT_CONFIG_KEY_{n}": name, f"GIT_CONFIG_VALUE_{n}": value}
    return env


def attributes(top: Path, name: str, paths: Iterable[str]) -> dict[str, str]:
    """An attribute of some paths in .gitattributes: "set", "unset" or a value.

    libgit2 would have to read the index, and doesn't know every format of it.
    """
    asked = "".join(f"{path}\0" for path in paths)
    stdin = asked.encode("utf-8", "surrogateescape")
    said = run(top, "check-attr", "-z", "--stdin", name, stdin=stdin) if asked else ""
    words = said.split("\0")
    found = zip(words[0::3], words[2::3], strict=False)
    return {path: value for path, value in found if value != "unspecified"}
