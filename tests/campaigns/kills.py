"""Kills real batches at random moments, resumes them, and compares what is left with an undisturbed run.

    python -m tests.campaigns.kills --count 500 --seed 1

Each process runs `visprog batch` and is ended by SIGKILL. It is forked from this one, which has imported what
it needs, so that most kills hit the work and not the imports. After some kills the batch runs to its end:
results, pictures and the names of all files must be those of a batch that was never killed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.batch.tasks_file import output_files, write_tasks
from tests.campaigns.child_process import say
from visprog import Image, save_image
from visprog.batch import cluster, reporting, runner
from visprog.cli import main as visprog

IMPORTED = (cluster, reporting, runner)
"""What the command imports when it runs."""

TASKS = 60
_KILLS_A_FOLDER = 12


class Batches:
    """A file of tasks, and what an undisturbed batch makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _write_tasks(folder)
        self.finish("warm")  # the first run computes what the next find in memory maps and caches of files
        begun = time.monotonic()
        self.status = self.finish("whole")
        self.seconds = time.monotonic() - begun
        self.expected = output_files(folder / "whole")

    def start(self, out: str, *options: str) -> int:
        """Start a batch; return its process."""
        process = os.fork()
        if process:
            return process
        try:
            os.chdir(self.folder)
            log = os.open(f"{out}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            words = ["visprog", "batch", "tasks.jsonl", "--out", out, "--save", "--workers", "4", *options]
            sys.argv = words
            visprog()
        except SystemExit as end:
            os._exit(int(end.code or 0) if not isinstance(end.code, str) else 1)
        except BaseException:
            os._exit(99)
        os._exit(0)

    def finish(self, out: str, *options: str) -> int:
        """Run a batch to its end; return its status."""
        return os.waitstatus_to_exitcode(os.waitpid(self.start(out, *options), 0)[1])

    def kill(self, out: str, lines: int, seconds: float, *options: str) -> str:
        """Start a batch, kill it so many seconds after its journal has grown by so many lines, or ended.

        Return how far it was.
        """
        journal = self.folder / out / "journal.jsonl"
        wanted = _lines(journal) + lines
        process = self.start(out, *options)
        while lines and _lines(journal) < wanted and not _has_ended(process):
            time.sleep(0.0005)
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
        ended = os.WIFEXITED(os.waitpid(process, 0)[1])
        if ended:
            return "after its end"
        if _lines(journal) < 3:
            return "before the first task was done"
        done = (self.folder / out / "results.jsonl").exists()
        return "after results had been written" if done else "under way"


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _has_ended(process: int) -> bool:
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _write_tasks(folder: Path) -> None:
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (240, 320, 3), dtype=np.uint8)
        save_image(Image(pixels), folder / f"{number}.png")
    sides = ("TOP", "LEFT", "RIGHT", "BOTTOM")
    crops = [
        {
            "id": f"crop {number}",
            "program": f"A=Loc(IMAGE, '{sides[number % 4]}')\nB=BgBlur(IMAGE, A)\nRESULT=Crop(B, A)",
            "image": f"{number % 4}.png",
            "number": number,
        }
        for number in range(TASKS // 2)
    ]
    sums = [{"program": f"RESULT=Eval('{number} * 7')"} for number in range(TASKS - TASKS // 2 - 1)]
    write_tasks(folder, *crops, *sums, {"id": "fails", "program": "RESULT=Eval('1 / 0')"})


def campaign(kills: int, seed: int, seconds: float, tell: Callable[[str], None]) -> list[str]:
    """Kill so many batches; return what was found."""
    chance, found, moments, made = random.Random(seed), list[str](), Counter[str](), 0
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        batches = Batches(Path(name))
        tell(f"an undisturbed batch takes {batches.seconds:.2f} s")
        folders = 0
        while made < kills and time.monotonic() - begun < seconds:
            out, folders = f"killed-{folders}", folders + 1
            options = ("--cache", f"cache-{folders}") if folders % 3 == 0 else ()
            for _ in range(min(chance.randrange(1, _KILLS_A_FOLDER), kills - made)):
                lines = chance.choice([0, 1, chance.randrange(1, TASKS // 3)])
                seconds_more = chance.uniform(0, 0.02 if lines else batches.seconds)
                moments[batches.kill(out, lines, seconds_more, *options)] += 1
                made += 1
            status = batches.finish(out, *options)
            if status != batches.status:
                found.append(f"{out}: status {status}, not {batches.status}: {_log(batches.folder, out)}")
            found += [
                f"{out}: {each}" for each in differences(batches.expected, output_files(batches.folder / out))
            ]
            tell(f"{made} of {kills} kills, {folders} folders, {len(found)} found")
    for moment, count in sorted(moments.items()):
        tell(f"{count:6} {moment}")
    for each in found:
        tell(f"FOUND {each}")
    return found


def differences(expected: dict[str, bytes], left: dict[str, bytes]) -> list[str]:
    """Say which files are missing, left over or different."""
    missing = [f"{name} is missing" for name in expected.keys() - left.keys()]
    more = [f"{name} is left over" for name in left.keys() - expected.keys()]
    other = [f"{name} differs" for name in expected.keys() & left.keys() if expected[name] != left[name]]
    return sorted([*missing, *more, *other])


def _log(folder: Path, out: str) -> str:
    return (folder / f"{out}.log").read_text(errors="replace")[-500:]


def main() -> int:
    """Run the campaign by the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    begun = time.monotonic()
    found = campaign(given.count, given.seed, given.seconds, say)
    say(f"done in {time.monotonic() - begun:.0f} s, {len(found)} found")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
