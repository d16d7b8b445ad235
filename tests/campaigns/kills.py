"""Kills real batches at random moments, resumes them, and compares them with an undisturbed batch.

    python -m tests.campaigns.kills --count 500 --seed 1

Each process runs `visprog batch` and is killed by SIGKILL. It is forked from this one, which has already
imported the modules, so that most kills hit the work and not the imports. After some kills the batch runs to
its end: results, pictures and the names of all files must equal those of a batch that was never killed.
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
"""The modules that the command imports when it runs."""

TASKS = 60
_MAX_KILLS_PER_FOLDER = 12


class Batches:
    """A tasks file, and the output of an undisturbed batch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _write_tasks(folder)
        self.finish("warm")  # the first run fills the file caches of the system
        started = time.monotonic()
        self.status = self.finish("whole")
        self.seconds = time.monotonic() - started
        self.expected = output_files(folder / "whole")

    def start(self, out: str, *options: str) -> int:
        """Start a batch and return its process."""
        process = os.fork()
        if process:
            return process
        try:
            os.chdir(self.folder)
            log = os.open(f"{out}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            sys.argv = ["visprog", "batch", "tasks.jsonl", "--out", out, "--save", "--workers", "4", *options]
            visprog()
        except SystemExit as end:
            os._exit(int(end.code or 0) if not isinstance(end.code, str) else 1)
        except BaseException:
            os._exit(99)
        os._exit(0)

    def finish(self, out: str, *options: str) -> int:
        """Run a batch to its end and return its exit status."""
        return os.waitstatus_to_exitcode(os.waitpid(self.start(out, *options), 0)[1])

    def kill(self, out: str, lines: int, seconds: float, *options: str) -> str:
        """Start a batch, and kill it `seconds` after its journal has `lines` more lines or it has ended.

        Return how far the batch was.
        """
        journal = self.folder / out / "journal.jsonl"
        expected = _lines(journal) + lines
        process = self.start(out, *options)
        while lines and _lines(journal) < expected and not _has_ended(process):
            time.sleep(0.0005)
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
        ended = os.WIFEXITED(os.waitpid(process, 0)[1])
        if ended:
            return "after its end"
        if _lines(journal) < 3:
            return "before the first task was finished"
        has_results = (self.folder / out / "results.jsonl").exists()
        return "after the results were written" if has_results else "while tasks were running"


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


def campaign(kills: int, seed: int, seconds: float, report: Callable[[str], None]) -> list[str]:
    """Kill batches and return the findings."""
    chance, found, moments, done = random.Random(seed), list[str](), Counter[str](), 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        batches = Batches(Path(name))
        report(f"an undisturbed batch takes {batches.seconds:.2f} s")
        folders = 0
        while done < kills and time.monotonic() - started < seconds:
            out, folders = f"killed-{folders}", folders + 1
            options = ("--cache", f"cache-{folders}") if folders % 3 == 0 else ()
            for _ in range(min(chance.randrange(1, _MAX_KILLS_PER_FOLDER), kills - done)):
                lines = chance.choice([0, 1, chance.randrange(1, TASKS // 3)])
                seconds_more = chance.uniform(0, 0.02 if lines else batches.seconds)
                moments[batches.kill(out, lines, seconds_more, *options)] += 1
                done += 1
            status = batches.finish(out, *options)
            if status != batches.status:
                found.append(f"{out}: status {status}, not {batches.status}: {_log(batches.folder, out)}")
            found += [
                f"{out}: {each}" for each in differences(batches.expected, output_files(batches.folder / out))
            ]
            report(f"{done} of {kills} kills, {folders} folders, {len(found)} findings")
    for moment, count in sorted(moments.items()):
        report(f"{count:6} {moment}")
    for each in found:
        report(f"FOUND {each}")
    return found


def differences(expected: dict[str, bytes], left: dict[str, bytes]) -> list[str]:
    """Return a line for each file that is missing, left over or different."""
    missing = [f"{name} is missing" for name in expected.keys() - left.keys()]
    more = [f"{name} is left over" for name in left.keys() - expected.keys()]
    other = [f"{name} differs" for name in expected.keys() & left.keys() if expected[name] != left[name]]
    return sorted([*missing, *more, *other])


def _log(folder: Path, out: str) -> str:
    return (folder / f"{out}.log").read_text(errors="replace")[-500:]


def main() -> int:
    """Run the campaign with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started = time.monotonic()
    found = campaign(given.count, given.seed, given.seconds, say)
    say(f"done in {time.monotonic() - started:.0f} s, {len(found)} findings")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
