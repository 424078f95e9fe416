"""What formatters cost: conflicts of a rebase, in a project where nothing but them was at work.

    python -m tests.measurements.formatters BIN [FROM TO]

BIN holds black, ruff and pyproject-fmt. For each formatter: how many files it rewrote, how many of
these the release changes too, and which of them conflict.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

AEGIS = [sys.executable, "-m", "aegis_patch", "--no-interactive"]
WITH = "cache,database,ingress,kubernetes,postgres,scheduler,worker"
FORMATTERS = {
    "black -l 79": ["black", "-q", "-l", "79", "."],
    "black -l 120": ["black", "-q", "-l", "120", "."],
    "ruff format 79": ["ruff", "format", "-q", "--isolated", "--line-length", "79", "."],
    "ruff format 120": ["ruff", "format", "-q", "--isolated", "--line-length", "120", "."],
    "ruff single quotes": [
        *("ruff", "format", "-q", "--isolated", "--line-length", "100"),
        *("--config", "format.quote-style='single'", "."),
    ],
    "ruff preview": ["ruff", "format", "-q", "--isolated", "--preview", "."],
    "ruff tabs": [
        "ruff",
        "format",
        "-q",
        "--isolated",
        "--config",
        "format.indent-style='tab'",
        ".",
    ],
    "ruff isort one a line": [
        *("ruff", "check", "-q", "--isolated", "--select", "I", "--fix"),
        *("--config", "lint.isort.force-single-line=true", "."),
    ],
    "ruff isort": ["ruff", "check", "-q", "--isolated", "--select", "I", "--fix", "."],
    "pyproject-fmt": ["pyproject-fmt", "pyproject.toml"],
}


def main(tools: Path, was: str = "0.3.0", now: str = "0.4.0") -> None:
    """Print a line for each formatter, and one for each conflict."""
    total = 0
    for name, (tool, *rest) in FORMATTERS.items():
        with tempfile.TemporaryDirectory() as scratch:
            project = Path(scratch, "p")
            given = ["--yes", "--components", WITH, "--upstream-version"]
            _run([*AEGIS, "init", str(project), *given, was], Path(scratch))
            subprocess.run([tools / tool, *rest], cwd=project, capture_output=True, check=False)
            rewrote = set(_run(["git", "diff", "--name-only"], project).splitlines())
            _run(["git", "commit", "-qam", name], project)
            rebase = [*AEGIS, "rebase-upstream", "--to", now, "--dry-run", "--json"]
            commit = json.loads(_run(rebase, project, codes=(0, 3)))["commits"][0]
        changed = {file["path"] for file in commit["files"]}
        conflicts = commit["conflicts"]
        met = rewrote & (changed | {each["path"] for each in conflicts})
        total += len(conflicts)
        print(f"{name}: {len(rewrote)} rewritten, {len(met)} met, {len(conflicts)} conflicts")
        for each in conflicts:
            print(f"    {each['path']}: {each['reason']}")
    print(f"{total} conflicts")


def _run(command: list[str], where: Path, codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise SystemExit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
