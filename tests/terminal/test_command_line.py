"""The two readers of a command line read it alike."""

from __future__ import annotations

import itertools
import random

import pytest

from aegis_patch import errors
from aegis_patch.terminal import command_line, complete, plain_line
from aegis_patch.terminal.run import COMMANDS, DRY, GROUPS, WITH_PATCH, Call
from tests.conftest import FULL, run

OPTIONS = (
    *("", "-y", "--yes", "--json", "--dry-run", "--no-interactive", "--no-lock", "--strict"),
    *("--exit-code", "--require-signed", "--component worker", "--verify true"),
    *("-C here", "--project-path there", "-C", "-C=here", "-Chere", "-C -y", "--to 0.5.0", "--to"),
    *(
        "--to=0.5.0",
        "--components a,b",
        "--components a --components b",
        "--answer KEY=VALUE",
        "--answers a.toml",
    ),
    *("--from there", "--hunks 1", "--branch b", "--project shop", "--requires a,b"),
    *("--upstream-version 0.5.0", "--upstream /a/fork", "--diff", "-h", "--", "-yC here", "--j"),
)
WORDS = (
    *("", "worker", "worker cache", "KEY=VALUE", "on", "zsh", "status", "wörker"),
    "a a..b --project shop",
)


def lines() -> list[str]:
    """Of each command with its words, and an option before and one after the name; a sample."""
    found = {f"{option} {word}" for option in OPTIONS for word in WORDS}
    for name, words, one, other in itertools.product(COMMANDS, WORDS, OPTIONS, OPTIONS):
        found.add(f"{one} {name} {other} {words}")
    for name, one, other in itertools.product(COMMANDS, OPTIONS, OPTIONS):
        found.add(f"{name} {one} worker {other}")
        found.add(f"{name} {other}".replace(" ", f" {one} ", 1))
    return random.Random(0).sample(sorted(found), len(found) // (12 if FULL else 24))


def both(line: str) -> tuple[Call | None, Call | None]:
    plain = plain_line.read(line.split())
    if plain is None:
        return None, None
    try:
        return plain, command_line.read(line.split())
    except errors.Usage:
        return plain, None


def test_a_plain_line_is_read_as_typer_reads_it() -> None:
    read = {line: both(line) for line in lines()}
    assert {line: calls for line, calls in read.items() if calls[0] != calls[1]} == {}
    assert {calls[0].name for calls in read.values() if calls[0]} == {*COMMANDS}


@pytest.mark.parametrize("columns", [60, 80])
def test_help_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for name in ("", *GROUPS, *COMMANDS):
        shown = run(*name.split(), "--help").out
        assert max(map(len, shown.splitlines())) <= columns, shown
        assert "..." not in shown.replace("]...", "")


def test_help_and_completion_offer_only_what_means_something(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in (*GROUPS, *COMMANDS):
        shown = run(*name.split(), "--help").out
        complete.answer([*name.split(), "--"])
        candidates = capsys.readouterr().out.split()
        for option, users in (("--dry-run", DRY), ("--diff", WITH_PATCH)):
            meant = any(f"{user} ".startswith(f"{name} ") for user in users)
            assert (f"\n  {option} " in shown) == (option in candidates) == meant, name


@pytest.mark.parametrize("columns", ["40", "79", "80", "81", "200"])
def test_the_help_is_what_typer_prints(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    command_line.read(["--help"])
    by_typer = capsys.readouterr().out  # paste it into terminal/help.txt if that is out of date
    assert by_typer == run("--help").out == run("-h").out == run().out


def test_a_command_as_other_tools_call_it_is_named_as_ours() -> None:
    refused = run("-C", "a b", "install", "cache", "-q")
    assert refused.err.endswith("next aegis -C 'a b' add cache -q\n")
    assert run("list").err.endswith("next aegis components\n")
    assert run("-C", "new", "create", "list").err.endswith("next aegis -C new init list\n")
    for words in (["upstream", "list"], ["status", "list"], ["--grow", "list"], ["grow"]):
        assert run(*words).err.endswith(" --help\n")


@pytest.mark.parametrize(
    "line",
    [
        "update --to=",
        "add x --verify=",
        "adopt --upstream=",
        "init x --upstream-version=",
        "fleet update --branch=",
    ],
)
def test_an_option_that_was_given_nothing_is_not_taken_for_unset(line: str) -> None:
    """As by "$VERSION" where that isn't set."""
    with pytest.raises(errors.Usage, match=r"--[a-z-]+ got no value\."):
        command_line.read(line.split())
