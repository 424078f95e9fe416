"""Writes the answers into the few files that carry a project's identity.

base/ is real code under a default identity, whose values are replaced by a project's own. Copier
validates them. It takes longer to import than all the rest of `init`, so it isn't asked about
answers that are plainly valid.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pygit2.enums import FileMode

from aegis_patch.errors import InvalidAnswer, Refused, SeriesError, in_words
from aegis_patch.stack import pristine, record, requirements
from aegis_patch.stack.record import RECORD

if TYPE_CHECKING:
    from aegis_patch.stack.pristine import Identity
    from aegis_patch.stack.release import Upstream

FILES = ("README.md", "app/identity.py", "compose.yaml", "pyproject.toml")
"""The files of base/ that carry its answers, unless its record lists others."""
_PYPROJECT = b"diff --git a/pyproject.toml "
_IN_PYPROJECT = rb"(?ms)^diff --git a/pyproject\.toml (.*?)(?=^diff --git |\Z)"
_REQUIREMENT = rb'(?m)^\+?    "([A-Za-z0-9][\w.-]*)'
_QUESTIONS = Path(__file__).parent / "questions.yml"
_PLAINLY_VALID = {
    "project_name": r"(?=.*[A-Za-z0-9])[ -~\w]{1,80}",
    "description": r"[ -~\w]{0,300}",
    "author_name": r"(?=.*\S)[ -~\w]+",
    "author_email": r"[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+",
}
"""For each question, a pattern of answers that Copier takes as they are: a test compares."""
_OWN = "[a-z][a-z0-9_]{0,39}"
"""The name of an answer that an upstream adds; it is a line of text."""
_UNASKED = {"description": "", "author_name": "x", "author_email": "x@x"}
"""The answers given to Copier where `base/` doesn't ask for them."""
_MARKS = frozenset("⟦⟧")
_QUOTED = r'("(?:[^"\\]|\\.)*")'
_LONGEST_RECORD = 64 * 1024
_ENDS_LINE = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"


def slug(project_name: str) -> str:
    """The project's name in the form that distributions, commands and Compose projects allow."""
    plain = unicodedata.normalize("NFKD", project_name.casefold()).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")


def defaults(upstream: Upstream) -> Mapping[str, str]:
    """The questions' keys, with the identity of base/ itself."""
    entry = upstream.base.lookup(RECORD)
    if entry is None:
        raise SeriesError(f"base/{RECORD} is missing", where=f"release {upstream.release}")
    text = entry.data
    if len(text) > _LONGEST_RECORD:
        raise SeriesError(f"more than {_LONGEST_RECORD >> 10} KiB", where=f"base/{RECORD}")
    try:
        answers = record.parse(text, f"base/{RECORD}").answers
    except Refused as error:  # of the upstream, whose users can't mend it
        raise SeriesError(error.what, where=error.where) from error
    for key, value in answers.items():
        if not re.fullmatch(_OWN, key) or key == "slug" or not value or _MARKS & set(value):
            raise SeriesError(f"aegis can't ask for the answer {key!r}", where=f"base/{RECORD}")
    if not slug(answers.get("project_name", "")):
        raise SeriesError("project_name has no letter and no digit", where=f"base/{RECORD}")
    return answers


def files(text: bytes) -> tuple[str, ...]:
    """The files that carry the answers of a record: the ones it lists in `[identity]`, or FILES.

    Raises:
        SeriesError: that is no list of texts, or has the record itself.
    """
    listed = _listed(_table(text).get("files", [*FILES]), "files of [identity]")
    if RECORD in listed:
        what = f"[identity] lists {RECORD}, which has its answers"
        raise SeriesError(what, where=f"base/{RECORD}")
    return listed


def choices(upstream: Upstream) -> dict[str, tuple[str, ...]]:
    """The allowed values of each answer for which the record lists them.

    Raises:
        SeriesError: these are no lists of texts.
    """
    found = _table(upstream.base.read(RECORD)).get("choices", {})
    if not isinstance(found, dict):
        raise SeriesError("choices of [identity] is no table", where=f"base/{RECORD}")
    return {key: _listed(value, f"{key} in [identity.choices]") for key, value in found.items()}


def not_offered(upstream: Upstream, answers: Mapping[str, str]) -> list[str]:
    """A sentence for each answer that isn't, or is no longer, among those that a release allows."""
    said = []
    for key, offered in choices(upstream).items():
        if offered and key in answers and answers[key] not in offered:
            which = in_words(offered, "or")
            said.append(f"{key} is {answers[key]}, not {which}; to change: aegis answers {key}=…")
    return said


def _table(text: bytes) -> dict[str, Any]:
    """The `[identity]` table of a record; most have none."""
    found = tomllib.loads(text.decode()).get("identity", {}) if b"identity" in text else {}
    if not isinstance(found, dict):
        raise SeriesError("[identity] is no table", where=f"base/{RECORD}")
    return found


def _listed(value: object, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise SeriesError(f"{what} is no list of texts", where=f"base/{RECORD}")
    return tuple(value)


def ask(
    upstream: Upstream, given: Mapping[str, str], suggested: Mapping[str, str]
) -> dict[str, str]:
    """All answers: the given ones, and suggestions for the rest.

    Raises:
        Refused: a key is unknown, or an answer is not valid.
    """
    known = defaults(upstream)
    for key in given:
        if key not in known:
            raise Refused(f"No answer {key!r}.", next=f"Which one? {', '.join(known)}")
    answers = {key: suggested.get(key, value) for key, value in known.items()} | dict(given)
    common = {key: answers.get(key, _UNASKED.get(key, "")) for key in _PLAINLY_VALID}
    answers |= {key: str(value) for key, value in _asked(common).items() if key in known}
    offered = choices(upstream)
    for key, answer in answers.items():
        if answer not in (offered.get(key) or [answer]):
            raise InvalidAnswer(key, f"must be {in_words(offered[key], 'or')}")
        if key not in _PLAINLY_VALID:
            _check_own(key, answer)
    name = slug(answers["project_name"])
    if not name:
        raise InvalidAnswer("project_name", "needs a letter or a digit")
    if name in _distributions(upstream):
        raise InvalidAnswer(
            "project_name", f"must not be {name}, which is a package that it may need"
        )
    return answers


def _check_own(key: str, answer: str) -> None:
    """Check an answer that only this upstream asks for."""
    if not answer.strip() or len(answer) > 300 or re.search(_ENDS_LINE, answer):
        raise InvalidAnswer(key, "must be one line of text, of 300 characters at most")


def identity(upstream: Upstream, answers: Mapping[str, str]) -> Identity:
    """The identity files of a release with some answers.

    Raises:
        Refused: an answer is not valid.
    """
    example = defaults(upstream)
    complete = {key: answers.get(key, value) for key, value in example.items()}
    for key, value in complete.items():  # a record can be edited by hand
        if why := unfit(key, value):
            what = f"{RECORD} has an invalid answer: {key} {why}."
            raise Refused(what, where=RECORD, next=f"git log -p -- {RECORD}")
    rendered = {}
    for path in files(upstream.base.read(RECORD)):
        if entry := upstream.base.lookup(path):
            if entry.mode == FileMode.LINK:  # an answer could lead it out of the project
                raise SeriesError("an identity file is a symbolic link", where=f"base/{path}")
            try:
                text = entry.data.decode()
            except UnicodeDecodeError as error:
                raise SeriesError("an identity file is not UTF-8", where=f"base/{path}") from error
            rendered[path] = renamed(text, values(example), values(complete)).encode()
    return rendered


def unfit(key: str, value: str) -> str:
    """Why no file can hold an answer; "" if it can."""
    if not value.isprintable() and re.search(_ENDS_LINE, value):
        return "must be one line of text"
    is_name = key in ("project_name", "slug")
    return "needs a letter or a digit" if is_name and not slug(value) else ""


def recovered(upstream: Upstream, read: Callable[[str], bytes]) -> dict[str, str]:
    """The answers in identity files, found where base/ has its own, in double quotes."""
    known = values(defaults(upstream))
    found: dict[str, str] = {}
    for path in files(upstream.base.read(RECORD)):
        text = read(path).decode("utf-8", "replace")
        for line in upstream.base.read(path).decode("utf-8", "replace").splitlines():
            found = _answered(line, text, known) | found
    name = found.pop("slug", "")
    return {"project_name": name, **found} if name else found


def _answered(line: str, text: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values in a text where a line of base/ has quoted ones."""
    keys = {json.dumps(value, ensure_ascii=False): key for key, value in values.items()}
    pieces = re.split(f"({'|'.join(map(re.escape, keys))})", line)
    pattern = "".join(_QUOTED if piece in keys else re.escape(piece) for piece in pieces)
    found = re.search(f"^{pattern}", text, re.MULTILINE) if len(pieces) > 1 else None
    answers = {}
    if found:
        for piece, value in zip(pieces[1::2], found.groups(), strict=True):
            with suppress(ValueError):  # an escape of Python's alone
                answer = str(json.loads(value))
                if not unfit(keys[piece], answer):
                    answers[keys[piece]] = answer
    return answers


def renamed(text: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """A text with each old value replaced by the new one of its key, the longest first.

    Inside a longer word it stays: a project called `proj` leaves `[project]` alone. A value alone
    in double quotes, as in TOML, YAML and Python, is replaced by one that is escaped for all three.
    """
    keys = {value: key for key, value in old.items()}
    either = "|".join(re.escape(value) for value in sorted(keys, key=len, reverse=True))

    def replaced(found: re.Match[str]) -> str:
        quoted, plain = found.groups()
        value = new[keys[quoted or plain]]
        return json.dumps(value, ensure_ascii=False) if quoted else value

    return re.sub(rf'"({either})"|(?<!\w)({either})(?!\w)', replaced, text)


def _asked(answers: Mapping[str, str]) -> Mapping[str, Any]:
    """Copier's answers to its questions, given ours."""
    if all(re.fullmatch(plain, answers[key]) for key, plain in _PLAINLY_VALID.items()):
        return answers
    from tempfile import TemporaryDirectory

    from copier import run_copy
    from copier.errors import CopierError

    with TemporaryDirectory(prefix="aegis-questions-") as directory:
        source, target = Path(directory, "source"), Path(directory, "target")
        source.mkdir()
        (source / "copier.yml").write_bytes(_QUESTIONS.read_bytes())
        try:
            worker = run_copy(str(source), target, data=dict(answers), defaults=True, quiet=True)
        except (CopierError, ValueError) as error:
            said = re.match(r"Validation error for question '(\w+)': (.*)", str(error), re.DOTALL)
            raise InvalidAnswer(*(said.groups() if said else ("KEY", str(error)))) from error
        return worker.answers.combined


def values(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers, and the slug, in the form that the identity files have."""
    return {**answers, "slug": slug(answers["project_name"])}


def _distributions(upstream: Upstream) -> set[str]:
    """The packages that a project of a release may need."""
    texts = {upstream.base.read("pyproject.toml")}
    for name, component in upstream.catalogue.items():
        try:
            whole = pristine.key(requirements.required(upstream.catalogue, [name]))
        except SeriesError:  # it lacks what it requires: nobody can add it
            continue
        if fold := upstream.fold(whole):  # as it was recorded
            texts.add(fold.read("pyproject.toml"))
            continue
        for _, mail in component.series:
            if _PYPROJECT in (text := mail.data):
                texts.update(re.findall(_IN_PYPROJECT, text))
    lines = {line for text in texts for line in text.splitlines()}  # most are in all of them
    found = re.findall(_REQUIREMENT, b"\n".join(lines))
    return {slug(name.decode()) for name in found}
