"""Answers → the few files that carry a project's identity, through Copier.

base/ is real code under a default identity; its values are turned into markup, and Copier asks,
validates and renders. Copier takes half a second to import, so that what it rendered is cached.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pygit2

from aegis_patch.errors import Refused, SeriesError
from aegis_patch.objects import trees
from aegis_patch.stack import record
from aegis_patch.stack.pristine import Identity
from aegis_patch.stack.record import RECORD
from aegis_patch.stack.release import Upstream

FILES = ("README.md", "app/identity.py", "compose.yaml", "pyproject.toml")
_QUESTIONS = Path(__file__).parent / "questions.yml"
_MARKS = re.compile("[⟦⟧]")
_LONGEST_RECORD = 64 * 1024
_FORMAT = "1"  # part of the cache's key; raise it when the same answers render differently


def slug(project_name: str) -> str:
    """The project's name as a distribution, a command and a Compose project can carry it."""
    plain = unicodedata.normalize("NFKD", project_name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def defaults(store: pygit2.Repository, upstream: Upstream) -> Mapping[str, str]:
    """The questions' keys, with the identity that base/ has by itself."""
    entry = trees.lookup(store, upstream.base, RECORD)
    if entry is None:
        raise SeriesError(f"base/{RECORD} is missing", where=f"release {upstream.release}")
    text = trees.blob(store, entry)
    if len(text) > _LONGEST_RECORD:
        raise SeriesError(f"more than {_LONGEST_RECORD >> 10} KiB", where=f"base/{RECORD}")
    answers = record.parse(text, f"base/{RECORD}").answers
    asked = re.findall(r"^([a-z]\w*):", _QUESTIONS.read_text(encoding="utf-8"), re.MULTILINE)
    for key, value in answers.items():  # a key becomes part of a template
        if key not in asked or not value or _MARKS.search(value):
            raise SeriesError(f"aegis asks for no answer {key!r}", where=f"base/{RECORD}")
    if not slug(answers.get("project_name", "")):
        raise SeriesError("project_name has no letter and no digit", where=f"base/{RECORD}")
    return answers


def ask(
    store: pygit2.Repository,
    upstream: Upstream,
    given: Mapping[str, str],
    suggested: Mapping[str, str],
    *,
    interactive: bool,
) -> dict[str, str]:
    """All answers: those given, the rest asked for or as suggested.

    Raises:
        Refused: a key is unknown, or an answer is not valid.
    """
    known = defaults(store, upstream)
    for key in given:
        if key not in known:
            raise Refused(f"No answer {key!r}.", next=f"Which one? {', '.join(known)}")
    answered, _ = _copier({}, given, {**known, **suggested}, interactive=interactive)
    answers = {key: str(answered[key]) for key in known}
    name = slug(answers["project_name"])
    if not name:
        raise _invalid("project_name", "needs a letter or a digit")
    if name in _distributions(store, upstream):
        raise _invalid("project_name", f"must not be {name}, which is a package that it may need")
    return answers


def identity(store: pygit2.Repository, upstream: Upstream, answers: Mapping[str, str]) -> Identity:
    """The identity files of a release under some answers.

    Raises:
        Refused: an answer is missing, or not valid.
    """
    files = _sources(store, upstream)
    known = defaults(store, upstream)
    complete = {key: answers.get(key, default) for key, default in known.items()}
    key = _key(files, complete)
    rendered = _recall(key)
    if rendered is None or rendered.keys() != files.keys():
        templates = {path: markup(text, _values(known)) for path, text in files.items()}
        _, rendered = _copier(templates, _values(complete), {}, interactive=False)
        _remember(key, rendered)
    return rendered


def markup(text: str, values: Mapping[str, str]) -> str:
    """Turn a file of base/ into a template: each default value becomes its name.

    Where a value stands alone in double quotes, as in TOML, YAML and Python, so does its answer,
    escaped for all three alike.
    """
    if _MARKS.search(text):
        raise SeriesError("an identity file holds ⟦ or ⟧, which mark up answers")
    names = {value: key for key, value in values.items()}
    either = "|".join(re.escape(value) for value in sorted(names, key=len, reverse=True))

    def name(match: re.Match[str]) -> str:
        if match.group(1):
            return f"⟦ {names[match.group(1)]} | to_json(ensure_ascii=false) ⟧"
        return f"⟦ {names[match.group(2)]} ⟧"

    return re.sub(f'"({either})"|({either})', name, text)


def _copier(
    templates: Mapping[str, str],
    given: Mapping[str, str],
    suggested: Mapping[str, str],
    *,
    interactive: bool,
) -> tuple[Mapping[str, Any], dict[str, bytes]]:
    from copier import run_copy
    from copier.errors import CopierAnswersInterrupt, CopierError

    with tempfile.TemporaryDirectory(prefix="aegis-identity-") as directory:
        source, target = Path(directory, "source"), Path(directory, "target")
        source.mkdir()
        shutil.copy(_QUESTIONS, source / "copier.yml")
        for path, text in templates.items():
            file = source / f"{path}.jinja"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        try:
            worker = run_copy(
                str(source),
                target,
                data=dict(given),
                user_defaults=dict(suggested),
                defaults=not interactive,
                quiet=True,
            )
        except CopierAnswersInterrupt as error:
            raise KeyboardInterrupt from error
        except (CopierError, ValueError) as error:
            said = re.match(r"Validation error for question '(\w+)': (.*)", str(error), re.DOTALL)
            raise _invalid(*(said.groups() if said else ("KEY", str(error)))) from error
        return worker.answers.combined, {path: (target / path).read_bytes() for path in templates}


def _values(answers: Mapping[str, str]) -> dict[str, str]:
    return {**answers, "slug": slug(answers["project_name"])}


def _sources(store: pygit2.Repository, upstream: Upstream) -> dict[str, str]:
    found = {path: trees.lookup(store, upstream.base, path) for path in FILES}
    try:
        return {path: trees.blob(store, entry).decode() for path, entry in found.items() if entry}
    except UnicodeDecodeError as error:
        raise SeriesError("an identity file is not UTF-8", where=f"base: {error}") from error


def _distributions(store: pygit2.Repository, upstream: Upstream) -> set[str]:
    pyproject = trees.read(store, upstream.base, "pyproject.toml")
    mails = [mail for each in upstream.catalogue.values() for _, mail in each.series]
    found = re.findall(rb'^    "([A-Za-z0-9][\w.-]*)', pyproject, re.MULTILINE)
    for mail in mails:
        found += re.findall(rb'^\+    "([A-Za-z0-9][\w.-]*)', mail, re.MULTILINE)
    return {slug(name.decode()) for name in found}


def _invalid(key: str, what: str) -> Refused:
    return Refused(
        f"Invalid answer: {key} {' '.join(what.split())}.",
        next=f"Which {key} instead? Give {key}=VALUE",
    )


def _key(files: Mapping[str, str], answers: Mapping[str, str]) -> str:
    said = json.dumps([_FORMAT, sorted(files.items()), sorted(answers.items())])
    return hashlib.sha256(said.encode()).hexdigest()


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "aegis" / "identity"


def _recall(key: str) -> dict[str, bytes] | None:
    try:
        cached = json.loads((_cache() / f"{key}.json").read_text(encoding="utf-8"))
        return {path: text.encode() for path, text in cached.items()}
    except (OSError, ValueError, AttributeError, RuntimeError):  # no home, or not what we wrote
        return None


def _remember(key: str, rendered: Mapping[str, bytes]) -> None:
    # A cache that cannot be written is only slower.
    with contextlib.suppress(OSError, RuntimeError):
        _cache().mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=_cache(), suffix=".draft")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            json.dump({path: data.decode() for path, data in rendered.items()}, file)
        Path(draft).replace(_cache() / f"{key}.json")
