"""A fork: another upstream at a URL. Its releases are tags; a mirror of it is cached.

A fork is data: nothing in it is executed, and its paths pass the same checks as those of a patch.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aegis_patch import __version__
from aegis_patch.errors import UpstreamError, without_password
from aegis_patch.progress import doing
from aegis_patch.project import git

if TYPE_CHECKING:
    import subprocess

# Git itself looks at each object that comes in, and neither runs a command that a URL names nor
# waits for a descriptor. An older protocol gives no commit that no tag names.
_CAREFUL = (
    *("-c", "fetch.fsckObjects=true", "-c", "protocol.ext.allow=never"),
    *("-c", "protocol.version=2", "-c", "protocol.fd.allow=never"),
)
_COMMIT = r"[0-9a-f]{40}"
_EARLIER = r"(?i)[-._]?(alpha|beta|a|b|c|rc|pre|preview|dev)[-._]?"


asked: set[str] = set()
"""Forks not to ask again, for this process and its children: many projects share one."""


def normal(url: str) -> str:
    """A URL as a record can keep it: a path on this machine is made absolute.

    Raises:
        UpstreamError: it has a password.
    """
    without = shlex.quote(without_password(url))
    if without != shlex.quote(url):
        raise UpstreamError(
            "This URL has a password in it, which aegis.toml would publish.",
            next=f"Can git read {without} by itself? `git ls-remote -- {without}`",
        )
    return str(Path(url).resolve()) if Path(url).is_dir() else url


def releases(url: str, *, fresh: bool = False) -> Mapping[str, str]:
    """The releases of a fork, oldest first: version → commit id.

    Args:
        url: anything that `git fetch` takes.
        fresh: fetch again, even if the mirror has some.

    Raises:
        UpstreamError: it cannot be reached, or git does not take its URL.
    """
    mirror = _mirror(url)
    if (fresh and url not in asked) or not (mirror / "fetched").exists():
        fetch(url)
    listed = _git(
        url,
        "for-each-ref",
        "--format=%(refname:strip=2) %(if)%(*objectname)%(then)%(*objectname) %(*objecttype)"
        "%(else)%(objectname) commit%(end)",
        "refs/tags",
    )
    found = dict[str, str]()
    for line in filter(None, listed.split("\n")):  # not splitlines: a tag may hold a U+2028
        tag, id, kind = line.split(" ")
        # A tag of a tag, which git before 2.45 doesn't follow to its end.
        found[version(tag)] = _peeled(url, id) if kind == "tag" else id
    return {version: found[version] for version in sorted(found, key=age)}


def is_mirrored(url: str) -> bool:
    """Whether the releases of a fork can be listed without asking it."""
    return (_mirror(url) / "fetched").exists()


def component_names(url: str, release: str) -> list[str]:
    """The components of a mirrored release, without integrations (`a+b`)."""
    known = releases(url)
    if release not in known:
        return []
    listed = _git(url, "ls-tree", "-d", "--name-only", f"{known[release]}:patches")
    return [name for name in listed.split("\n") if name and "+" not in name]


def version(tag: str) -> str:
    """The version of a tag, or of a typed word: that of `v1.2` is 1.2."""
    return tag[1:] if tag[:1] == "v" and tag[1:2].isdigit() else tag


def is_candidate(version: str) -> bool:
    """Whether a version comes before a release of its own, as 1.0-rc1 does; a commit doesn't."""
    return not re.fullmatch(_COMMIT, version) and any(kind == 0 for kind, _, _ in age(version))


def age(version: str) -> list[tuple[int, int, str]]:
    """A sort key for versions: words before numbers, 1.0-rc1 before 1.0, and 1.0-acme after it."""
    parts = re.findall(r"[0-9]+|[^0-9.]+", version)
    return [
        (3, int(part), "")
        if part.isdecimal()
        else (0 if at and re.fullmatch(_EARLIER, part) else 2, 0, part)
        for at, part in enumerate(parts)
    ] + [(1, 0, "")]


def fetch(url: str, commit: str = "") -> None:
    """Bring the mirror up to date: fetch just `commit` if one is named, else all tags of the fork.

    Raises:
        UpstreamError: the fork cannot be reached, or git does not take its URL.
    """
    mirror = _mirror(url)
    if not (mirror / "HEAD").exists():
        mirror.mkdir(parents=True, exist_ok=True)
        _git(url, "init", "--quiet", "--template=", "--bare", ".")
        _git(url, "config", "gc.auto", "0")  # a commit that a record names stays, whatever moves
    words = ("fetch", "--quiet", "--no-write-fetch-head", "--no-tags")
    may_ask = not url.startswith(("http:", "https:", "file:", "/"))  # ssh, for a passphrase
    with doing(f"Fetching {without_password(url)}", shared=may_ask):
        if commit:
            _git(url, *words, "--", url, commit)
            return
        _git(url, *words, "--prune", "--", url, "+refs/tags/*:refs/tags/*")
    (mirror / "fetched").touch()


def refuse_unsigned(url: str, release: str, commit: str) -> None:
    """Refuse a release without a signed tag of that name, by a key that git trusts on this machine.

    Raises:
        UpstreamError: it isn't, or the release is no tag, or its tag is at another commit.
    """
    listed = _git(url, "for-each-ref", "--format=%(refname:strip=2)", "refs/tags").split("\n")
    tag = [release, *(each for each in listed if version(each) == release)][-1]  # as `releases`
    ref = f"refs/tags/{tag}"  # in full: a tag may be called as another's id, or tags/v1.0
    done = _run(url, "verify-tag", "--format=%(tag)", "--", ref)
    said = (done.stderr.strip().splitlines() or ["it isn't signed"])[-1]
    if not done.returncode:
        signed, now = done.stdout.strip(), releases(url).get(release)
        if version(signed) == release and now == commit:
            return
        said = f"it was signed as {signed}"
        if now != commit:
            said = f"it was at commit {commit[:12]}"
    raise UpstreamError(
        f"{tag} has no signature that git trusts: {said.removeprefix('error: ')}",
        where=url,
        next=shlex.join(["git", f"--git-dir={_mirror(url)}", "verify-tag", "--verbose", ref]),
    )


def between(url: str, old: str, new: str, paths: Iterable[str]) -> list[str]:
    """The mirror's commits after one and before another that may change files, oldest first.

    Those of a merged branch count as one.
    """
    what = ("patches", *(f"base/{path}" for path in paths))
    words = ("--literal-pathspecs", "rev-list", "--reverse", "--first-parent")
    found = _git(url, *words, f"{old}..{new}", "--", *what).split()
    return [commit for commit in found if commit != new]


def trial(url: str, name: str) -> str:
    """The commit of a branch, or the one with this id, in the mirror; "" if there is none.

    Raises:
        UpstreamError: the fork cannot be reached, or doesn't have the commit.
    """
    commit = name if re.fullmatch(_COMMIT, name) else ""
    if not commit:
        branches = f"refs/heads/v{name}", f"refs/heads/{name}"  # `version` may have taken the v
        listed = _git(url, "ls-remote", "--", url, *branches).split("\n")
        known = dict(line.split("\t")[::-1] for line in listed if line)
        commit = next((known[branch] for branch in branches if branch in known), "")
    if not commit:
        return ""
    fetch(url, commit)
    return _peeled(url, commit, "commit")


def _peeled(url: str, id: str, kind: str = "") -> str:
    """The object that a tag points to in the end, or the object itself."""
    return _git(url, "rev-parse", "--verify", f"{id}^{{{kind}}}").strip()


def objects(url: str) -> Path:
    """The object directory of the mirror."""
    return _mirror(url) / "objects"


def is_checked(url: str, commit: str) -> bool:
    """Whether this aegis has checked a whole commit (`untrusted.check`) and found no fault."""
    return _mark(url, commit).exists()


def remember_checked(url: str, commit: str) -> None:
    """Let the next verb open a commit without checking it again; a failure to do so is harmless."""
    with suppress(OSError):
        _mark(url, commit).touch()


def _mark(url: str, commit: str) -> Path:
    return _mirror(url) / f"checked-{__version__}-{commit}"


def _mirror(url: str) -> Path:
    import hashlib

    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not home.is_absolute():
        home = Path.home() / ".cache"
    return home / "aegis" / "upstreams" / hashlib.sha256(url.encode()).hexdigest()[:24]


def _git(url: str, *args: str) -> str:
    done = _run(url, *args)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["git failed"]
        next = f"git ls-remote -- {shlex.quote(without_password(url))}"
        # A killed git's, and in our mirror: the upstream's own messages are here too.
        left = re.search(r"'(/[^'\n]*\.lock)': File exists", done.stderr)
        if left and Path(left[1]).resolve().is_relative_to(_mirror(url).resolve()):
            next = f"Is no other aegis running? Then: `rm -f {shlex.quote(left[1])}`"
        what = f"Can't fetch this upstream: {said[0].removeprefix('fatal: ')}"
        raise UpstreamError(what, where=url, next=next)
    return done.stdout


def _run(url: str, *args: str) -> subprocess.CompletedProcess[str]:
    import subprocess

    return subprocess.run(
        ["git", *_CAREFUL, *args],
        cwd=_mirror(url),
        env={
            **os.environ,
            **git.PLAIN,
            "GIT_DIR": str(_mirror(url)),  # safe.bareRepository may forbid to find it
            "LC_ALL": "C.UTF-8",
            "GIT_TERMINAL_PROMPT": "0",
        },
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
