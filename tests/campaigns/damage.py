"""Damages journals and caches at random, and checks that they never give wrong results.

    python -m tests.campaigns.damage --count 1000 --seed 1

Each trial copies a finished batch or a filled cache, damages the copy, and uses it. A resumed batch must end
like an undisturbed one, or reject the journal with a message. A journal with a single damaged byte must be
accepted. Trials run in child processes, so that a crash is found too.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.batch.tasks_file import output_files, write_picture, write_tasks
from tests.campaigns.child_process import run_in_child, say
from visprog import Image, Region, Regions, UsageError, VisProg
from visprog.batch.engines import Options
from visprog.batch.runner import run_batch
from visprog.engine.cache.disk import DiskMemo
from visprog.engine.cache.memory import Remembered

_CHUNK = 25
"""Number of trials in one process."""

TASKS = 12
ENTRIES = 24


def flip(content: bytes, chance: random.Random) -> bytes:
    """Change one byte."""
    position = chance.randrange(len(content))
    changed = content[position] ^ chance.randrange(1, 256)
    return content[:position] + bytes([changed]) + content[position + 1 :]


def flips(content: bytes, chance: random.Random) -> bytes:
    """Change several bytes."""
    for _ in range(chance.randrange(2, 40)):
        content = flip(content, chance)
    return content


def truncate(content: bytes, chance: random.Random) -> bytes:
    """Cut off the end."""
    return content[: chance.randrange(len(content))]


def zero(content: bytes, chance: random.Random) -> bytes:
    """Overwrite a page with zeros."""
    size = chance.choice([16, 512, 4096])
    position = chance.randrange(len(content)) // size * size
    return content[:position] + bytes(min(size, len(content) - position)) + content[position + size :]


def swap(content: bytes, chance: random.Random) -> bytes:
    """Swap two pages."""
    size = chance.choice([64, 512, 4096])
    pages = [content[position : position + size] for position in range(0, len(content), size)]
    one, other = chance.randrange(len(pages)), chance.randrange(len(pages))
    pages[one], pages[other] = pages[other], pages[one]
    return b"".join(pages)


def repeat(content: bytes, chance: random.Random) -> bytes:
    """Overwrite a part with a copy of another part."""
    size = chance.choice([16, 512, 4096])
    source, position = chance.randrange(len(content)), chance.randrange(len(content))
    part = content[source : source + size]
    return content[:position] + part + content[position + len(part) :]


def insert(content: bytes, chance: random.Random) -> bytes:
    """Insert random bytes."""
    position = chance.randrange(len(content))
    return content[:position] + chance.randbytes(chance.randrange(1, 100)) + content[position:]


def foreign(content: bytes, chance: random.Random) -> bytes:
    """Replace the content by that of another kind of file."""
    others = [b"", b"\0" * len(content), chance.randbytes(5_000), b"my diary\n" * 50, content[::-1]]
    return chance.choice([*others, b"SQLite format 3\0" + chance.randbytes(9_000)])


DAMAGES = (flip, flip, flip, flips, truncate, zero, swap, repeat, insert, foreign)


class Trials:
    """A finished batch and a filled cache, with the results expected from damaged copies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._session = VisProg(planner="examples")
        self._tasks = _tasks(folder)
        self._batch(folder / "whole")
        self._expected = output_files(folder / "whole")
        self._values = {bytes([number]): _value(number) for number in range(ENTRIES)}
        memo = DiskMemo(folder / "cache")
        for key, value in self._values.items():
            memo.put(key, Remembered(value, ("a remark",), ()))
            if key == bytes([ENTRIES // 2]):
                memo.close()
                memo = DiskMemo(folder / "cache")
        shutil.copytree(folder / "cache", folder / "open")  # while its write-ahead log still has entries
        memo.close()

    def one(self, seed: int) -> str:
        """Run one trial and return its kind. Raises AssertionError for a finding."""
        chance = random.Random(seed)
        damage = chance.choice(DAMAGES)
        copy = self._folder / f"trial-{os.getpid()}"
        shutil.rmtree(copy, ignore_errors=True)
        try:
            trial = self._journal if seed % 2 else self._cache
            return f"{trial.__name__[1:]} {damage.__name__}: {trial(copy, damage, chance)}"
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def result(self, seed: int) -> tuple[str, str]:
        """Run one trial. Return its kind and an empty finding, or an empty kind and the finding."""
        try:
            return self.one(seed), ""
        except BaseException:
            return "", f"seed {seed}: {traceback.format_exc()!r}"

    def _journal(self, copy: Path, damage: Callable[..., bytes], chance: random.Random) -> str:
        shutil.copytree(self._folder / "whole", copy)
        name = chance.choice(["journal.jsonl"] * 6 + ["results.jsonl", "pictures/1.png"])
        _damage(copy / name, damage, chance)
        try:
            self._batch(copy)
        except UsageError as error:
            assert damage is not flip, f"rejected because of a single byte: {error}"
            assert "journal" in error.message, error
            return "rejected"
        assert output_files(copy) == self._expected, f"other results after damage to {name}"
        self._batch(copy)
        assert output_files(copy) == self._expected, "other results in the second run"
        return "resumed"

    def _cache(self, copy: Path, damage: Callable[..., bytes], chance: random.Random) -> str:
        shutil.copytree(self._folder / chance.choice(["cache", "open"]), copy)
        files = sorted(copy.iterdir())
        for path in chance.sample(files, min(len(files), chance.randrange(1, 2 if damage is flip else 3))):
            _damage(path, damage, chance)
        warnings: list[str] = []
        started, hits = time.monotonic(), 0
        for _ in range(2):
            memo = DiskMemo(copy, limit=chance.choice([8 * 10**9, 20_000]), tell=warnings.append)
            for key, value in self._values.items():
                entry = memo.get(key)
                hits += entry is not None
                assert entry is None or entry == Remembered(value, ("a remark",), ()), "a wrong value"
                if chance.random() < 0.3:
                    memo.put(key, Remembered(value, ("a remark",), ()))
            memo.put(b"new", Remembered(7, (), ()))
            memo.close()
        assert time.monotonic() - started < 60, "it takes more than a minute"
        return f"{'with' if warnings else 'without'} a warning, {'some' if hits else 'no'} entries found"

    def _batch(self, out: Path) -> None:
        run_batch(self._session, self._tasks, out, Options(pictures=True), workers=2)


def _damage(path: Path, damage: Callable[..., bytes], chance: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(damage(content, chance) if content else chance.randbytes(chance.randrange(100)))


def _tasks(folder: Path) -> Path:
    write_picture(folder, "a.png", 90)
    crops = [
        {"program": f"A=Loc(IMAGE, '{side}')\nRESULT=Crop(IMAGE, A)", "image": "a.png", "answer": side}
        for side in ("TOP", "LEFT", "RIGHT", "BOTTOM")
    ]
    sums = [{"program": f"RESULT=Eval('{number} * 7')"} for number in range(TASKS - 5)]
    return write_tasks(folder, *crops, *sums, {"program": "RESULT=Eval('1 / 0')"})


def _value(number: int) -> object:
    chance = np.random.default_rng(number)
    picture = Image(chance.integers(0, 256, (9 + number, 20, 3), dtype=np.uint8))
    mask = chance.integers(0, 2, (9, 20)).astype(np.bool_)
    regions = Regions([Region((1, 1, 5, 5), f"thing {number}", 0.5, mask)], size=(20, 9))
    kinds: list[object] = [picture, regions, f"text {number}" * number, number, [number, picture], None]
    return kinds[number % len(kinds)]


def campaign(seeds: range, report: Callable[[str], None]) -> list[str]:
    """Run the trials and return the findings."""
    found, kinds = list[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        trials = Trials(Path(name))
        for start in range(seeds.start, seeds.stop, _CHUNK):
            chunk = range(start, min(start + _CHUNK, seeds.stop))
            results, status = run_in_child(trials.result, chunk)
            found += [finding for _, finding in results if finding]
            kinds.update(kind for kind, _ in results if kind)
            if status:
                found.append(f"a process died with status {status} in trial {chunk.start + len(results)}")
            report(f"{chunk.stop - seeds.start} of {len(seeds)} trials, {len(found)} findings")
    for kind, count in sorted(kinds.items()):
        report(f"{count:6} {kind}")
    for each in found:
        report(f"FOUND {each}")
    return found


def main() -> int:
    """Run the campaign with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started, found, count = time.monotonic(), list[str](), 0
    while count < given.count and time.monotonic() - started < given.seconds:
        part = min(250, given.count - count)
        found += campaign(range(given.seed + count, given.seed + count + part), say)
        count += part
    say(f"{count} trials in {time.monotonic() - started:.0f} s, {len(found)} findings")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
