"""What may not happen in a life: a line lost, doubled or come back; a file that broke."""

from __future__ import annotations

from collections import Counter

import pygit2

from aegis_patch.objects.trees import Tree
from tests.promises.lives import answers, edits, words
from tests.promises.lives.life import Life
from tests.promises.lives.words import Written


class Lost(AssertionError):
    """What may not happen: a line lost, come back, doubled or moved; a file that broke."""


RECALLED = "resolved as in"


def hold(promise: bool, why: str) -> None:
    """Raise Lost where a promise was broken."""
    if not promise:
        raise Lost(why)


def check_clean(life: Life, head: str, before: Written, said: str) -> None:
    """Each line is there as often as before, or an answer was recalled; what parsed parses."""
    after = life.written
    was, now = words.together(before), words.together(after)
    may = life.answered if RECALLED in said else set()
    for what, lines in (("lost", was - now), ("more", now - was)):
        wrong = [line for line in lines if not words.of_line(line) <= may]
        hold(not wrong, f"{what}: {wrong}\n{said}")
    for path in before.keys() - after.keys():
        gone = words.named(before[path]) - may
        places = [at for at, lines in after.items() if gone & words.named(lines)]
        told = all(at in said or at.rpartition("/")[0] in said for at in places)
        hold(told, f"{path} went to {places}, and nothing was said: {said}")
    _check_parses(life, head)


def _check_parses(life: Life, head: str) -> None:
    repo = life.repo
    old, new = (Tree(repo, repo.revparse_single(at).peel(pygit2.Tree).id) for at in (head, "HEAD"))
    for path, (was, now) in old.differences(new).items():
        texts = [entry.data.decode() for entry in (was, now) if entry]
        if now and all(edits.problem(path, text) is None for text in texts[:-1]):
            why = edits.problem(path, texts[-1])
            hold(why is None, f"{path} does not parse any more: {why}")


def check_record(life: Life, args: tuple[str, ...]) -> None:
    """The record says what the verb was to do, and a repair leaves nothing to repair."""
    present = life.present
    for name in args[1:]:
        hold(args[0] != "add" or present.get(name) == "you", f"{name} is not there by wish")
        hold(args[0] != "remove" or name not in present, f"{name} is there yet")
    if args[0] == "rebase-upstream":
        hold(life.release == args[2], f"at {life.release}")
    if args[0] == "repair":
        found = life.project.aegis("status", "--json").json["needs_repair"]
        hold(not found, f"off after a repair: {found}")


def check_conflict(life: Life, before: Written, said: str) -> None:
    """Each line is there, or in a file that is marked; outside of those, as often as before."""
    conflicts = set(answers.unmerged(life.project))
    hold(bool(conflicts), f"exit 3 without a conflict: {said}")
    now = words.of_directory(life.project.path)
    may = life.answered if RECALLED in said else set()
    missing = words.together(before) - words.together(now)
    missing = Counter(line for line in missing if not words.of_line(line) <= may)
    hold(not missing, f"lost beside a conflict: {dict(missing)}\n{said}")
    apart = [lines for path, lines in now.items() if path not in conflicts]
    more = sum(apart, Counter[str]()) - words.together(before)
    more = Counter(line for line in more if not words.of_line(line) <= may)
    hold(not more, f"more beside a conflict: {dict(more)}\n{said}")
