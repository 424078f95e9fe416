"""Law 7 under fire: run every verb in processes that meet a fault at some effect on disk.

scripts/kill [N] shoots N thousand times (default: 1) and prints what was found afterwards. Modes:
kill (aegis and its git at once), leader (aegis alone; its git goes on), git (git alone); full (the
disk from there on), denied (every permission), once (one error). It needs a C compiler, for
tests/landing/fault.c, which is preloaded into aegis and git.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.landing import faults

MEMORY = Path("/dev/shm")


def main() -> None:
    """Share the shots among processes that were started with the faults, and print the table."""
    asked = arguments()
    if asked.share is not None:
        shoot(asked)
        return
    print(f"seed {asked.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as directory:
        running = [share(asked, n, Path(directory, str(n))) for n in range(asked.jobs)]
        told = [process.communicate()[0] for process in running]
    shots = [json.loads(line) for text in told for line in text.splitlines() if line[:1] == "{"]
    print(table(shots), end="")
    effects = sum(shot["effects"] for shot in shots if "effects" in shot)
    count = sum("mode" in shot for shot in shots)
    print(f"{count} shots at {effects} effects in {time.monotonic() - began:.0f} s")
    failed = [line for text in told for line in text.splitlines() if line[:1] == '"']
    if failed or any(process.returncode for process in running):
        sys.exit("\n".join(["law 7 does not hold:", *failed]))


def arguments() -> argparse.Namespace:
    """What was typed."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("thousands", metavar="N", type=float, nargs="?", default=1)
    parser.add_argument("--mode", action="append", choices=faults.MODES, help="default: all")
    parser.add_argument("--case", action="append", help="a row of the table (default: all)")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--share", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def share(asked: argparse.Namespace, n: int, place: Path) -> subprocess.Popen[str]:
    """Start a process that takes its share of the cases."""
    place.mkdir()
    env = {**faults.started_with(place), **faults.hermetic(place)}
    words = [sys.executable, __file__, *sys.argv[1:], f"--seed={asked.seed}", f"--share={n}"]
    return subprocess.Popen(words, cwd=place, env=env, stdout=subprocess.PIPE, text=True)


def shoot(asked: argparse.Namespace) -> None:
    """Fire at every case of our share; each shot is a line."""
    cases = [case for case in faults.cases() if not asked.case or case.title in asked.case]
    modes = tuple(asked.mode or faults.MODES)
    shots = max(1, round(asked.thousands * 1000 / len(cases) / asked.jobs))
    for n, case in enumerate(cases):
        place = Path.cwd() / str(n)
        place.mkdir()
        aimed = faults.fire(place, case, modes, shots, asked.seed + asked.share)
        print(*map(json.dumps, aimed.failed), sep="\n")
        if asked.share == 0:
            print(json.dumps({"case": case.title, "effects": aimed.effects}))
        for shot in aimed.shots:
            print(json.dumps(asdict(shot)))


def table(shots: list[dict[str, str]]) -> str:
    """For each case and mode: what plain git found at once, and what the next command left."""
    count = Counter(
        (each["case"], each["mode"], column)
        for each in shots
        if "mode" in each
        for column in ("shots", f"git: {each['plain']}", f"aegis: {each['next']}")
    )
    columns = ["shots", "git: old", "git: new", "git: between", "git: under way"]
    columns += ["aegis: old", "aegis: new"]
    titles = [case.title for case in faults.cases()]
    shot = {(case, mode) for case, mode, _ in count}
    rows = sorted(shot, key=lambda row: (titles.index(row[0]), faults.MODES.index(row[1])))
    lines = [["case", "fault", *columns], ["---"] * (len(columns) + 2)]
    lines += [[*row, *(str(count[*row, column]) for column in columns)] for row in rows]
    for mode in (*faults.MODES, ""):
        of_it = [row for row in rows if mode in ("", row[1])]
        total = [str(sum(count[*row, column] for row in of_it)) for column in columns]
        lines += [["all", mode or "all", *total]] if of_it else []
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
