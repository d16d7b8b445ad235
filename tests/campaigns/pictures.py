"""Reads damaged pictures. Each must be read or rejected with a message, quickly and within the memory limit.

    python -m tests.campaigns.pictures [--count N | --seconds S] [--seed S]

Every file has its own seed; `--count 1 --seed S` reads only this file. Files are read in child processes with
little more memory than the budget, so that crashes of C libraries and decompression bombs are found too. A
file with damage only in its metadata must be read, with the pixels of the undamaged file.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.campaigns.child_process import run_in_child, say
from tests.campaigns.picture_damage import DAMAGES, metadata
from tests.campaigns.picture_seeds import seeds
from visprog import Image, ImageError, load_image
from visprog.images import DECODING, MAX_PIXELS, need_of

SLOW = 3.0
"""Seconds of CPU time that one file may take. A JPEG of 120 megapixels takes half of it."""

_CPU_LIMIT = 60
"""Seconds of CPU time after which a process is killed."""

_MEMORY = DECODING.limit + 200_000_000
"""Bytes that a process may use in addition to its initial memory: the budget, and caches of libraries."""

_CHUNK = 500
"""Number of files in one process."""

_REPORT_INTERVAL = 30.0


@dataclass
class Tally:
    """The counts and the findings of a campaign."""

    tried: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_seed: int = 0
    peak: int = 0
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.outcomes.most_common())
        return (
            f"tried {self.tried:,}: {kinds}; slowest {self.slowest:.2f} s (seed {self.slowest_seed}), "
            f"peak memory {self.peak / 1e6:.0f} MB, findings {len(self.findings)}"
        )


class Trials:
    """The undamaged files and their pixels."""

    def __init__(self) -> None:
        self._files = seeds()
        self._names = list(self._files)
        self._pixels = {name: load_image(data).pixels for name, data in self._files.items()}

    def file(self, seed: int) -> tuple[str, str, bytes]:
        """Return the name of the undamaged file, the kind of damage, and the bytes of the damaged file."""
        chance = random.Random(seed)
        name = chance.choice(self._names)
        data = self._files[name]
        same_format = [each for each in self._names if each.split()[0] == name.split()[0]]
        other = self._files[chance.choice(same_format if chance.random() < 0.7 else self._names)]
        if chance.random() < 0.3 and (damaged := metadata(data, other, chance)) is not None:
            return name, "metadata", damaged
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            damage = chance.choice(DAMAGES)
            data = damage(data, other, chance).ljust(12, b"\0")
        return name, damage.__name__, data

    def one(self, seed: int) -> str:
        """Read one file and return the outcome. Raises AssertionError for a finding."""
        name, damage, data = self.file(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            need = need_of(data)
            try:
                image = load_image(data)
            except ImageError as error:
                assert damage != "metadata", f"{name} is rejected for its metadata: {error}"
                assert error.message, "an error without a message"
                assert error.help, "an error without help"
                assert "too little memory" not in error.message, "it needs more memory than was estimated"
                return "rejected"
        _check(image)
        assert need.held >= image.pixels.nbytes, "the picture is larger than was estimated"
        if damage == "metadata":
            assert _same_picture(image.pixels, self._pixels[name]), f"{name}: other pixels"
            return "metadata damaged, read"
        return "read"


def _check(image: Image) -> None:
    assert image.pixels.dtype == np.uint8
    assert image.pixels.ndim == 3
    assert image.pixels.shape[2] == 3
    assert 0 < image.width * image.height <= MAX_PIXELS


def _same_picture(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> bool:
    """Return whether two pictures are equal, apart from their orientation."""
    turned = [np.rot90(each, times) for each in (expected, expected[::-1]) for times in range(4)]
    return any(np.array_equal(found, each) for each in turned)


def campaign(trials: Trials, first: int, count: int, tally: Tally) -> None:
    """Read `count` files in chunks, and add the outcomes to the tally."""
    for start in range(first, first + count, _CHUNK):
        chunk = range(start, min(start + _CHUNK, first + count))
        while chunk:
            results, status = run_in_child(partial(_trial, trials), chunk, _prepare_child)
            for result in results:
                _add(tally, *result)
            tally.tried += len(results)
            if not status:
                break
            crashed = chunk.start + len(results)
            tally.tried += 1
            tally.findings.append(f"seed {crashed}: the process died with status {status}")
            chunk = range(crashed + 1, chunk.stop)


def _add(tally: Tally, seed: int, outcome: str, finding: str, seconds: float, peak: int) -> None:
    tally.outcomes[outcome] += 1
    tally.peak = max(tally.peak, peak)
    if seconds > tally.slowest:
        tally.slowest, tally.slowest_seed = seconds, seed
    if seconds > SLOW:
        tally.findings.append(f"seed {seed}: it takes {seconds:.1f} s")
    if finding:
        tally.findings.append(f"seed {seed}: {finding}")


def _prepare_child() -> None:
    """Limit the memory, and redirect the standard error stream to a file."""
    if sys.platform == "linux":
        initial = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (initial + _MEMORY, initial + _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 2)


def _trial(trials: Trials, seed: int) -> tuple[int, str, str, float, int]:
    started = time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (int(started) + _CPU_LIMIT, resource.RLIM_INFINITY))
    before, finding = os.fstat(2).st_size, ""
    try:
        outcome = trials.one(seed)
    except AssertionError as error:
        outcome, finding = "found", str(error)
    except BaseException:
        outcome, finding = "found", traceback.format_exc()
    if os.fstat(2).st_size > before:
        finding += f" prints {os.pread(2, 300, before)!r}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return seed, outcome, finding, time.process_time() - started, peak


def run(count: int | None, seconds: float, seed: int, report: Callable[[str], None]) -> Tally:
    """Read `count` files; if it is None, read files for `seconds`."""
    trials, tally = Trials(), Tally()
    started = reported = time.monotonic()
    while (count is None or tally.tried < count) and time.monotonic() - started < seconds:
        size = _CHUNK if count is None else min(_CHUNK, count - tally.tried)
        campaign(trials, seed + tally.tried, size, tally)
        if time.monotonic() - reported > _REPORT_INTERVAL:
            reported = time.monotonic()
            report(f"{reported - started:.0f} s: {tally}")
    return tally


def main() -> int:
    """Run the campaign with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    count = given.count if given.count or given.seconds < float("inf") else 10_000
    started = time.monotonic()
    tally = run(count, given.seconds, given.seed, say)
    for finding in tally.findings[:50]:
        say(f"--- {finding}")
    say(f"{tally}\n{(time.monotonic() - started) / max(1, tally.tried) * 1e3:.2f} ms a file")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
