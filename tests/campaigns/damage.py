"""Damages journals and caches at random: a batch resumed over them ends as if undisturbed, or says why not.

    python -m tests.campaigns.damage --count 1000 --seed 1

Each trial copies a finished batch or a filled cache, damages it, and uses it. It fails if anything crashes,
gives a wrong value or another result, or refuses a journal of which a single byte was damaged. Trials run in
processes of their own, so that one that dies is found too.
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
"""Trials in one process."""

TASKS = 12
ENTRIES = 24


def flip(content: bytes, chance: random.Random) -> bytes:
    """Change one byte."""
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ chance.randrange(1, 256)]) + content[place + 1 :]


def flips(content: bytes, chance: random.Random) -> bytes:
    """Change several bytes."""
    for _ in range(chance.randrange(2, 40)):
        content = flip(content, chance)
    return content


def truncate(content: bytes, chance: random.Random) -> bytes:
    """Cut off the end."""
    return content[: chance.randrange(len(content))]


def zero(content: bytes, chance: random.Random) -> bytes:
    """Overwrite a page by zeros."""
    size = chance.choice([16, 512, 4096])
    place = chance.randrange(len(content)) // size * size
    return content[:place] + bytes(min(size, len(content) - place)) + content[place + size :]


def swap(content: bytes, chance: random.Random) -> bytes:
    """Swap two pages."""
    size = chance.choice([64, 512, 4096])
    pages = [content[place : place + size] for place in range(0, len(content), size)]
    one, other = chance.randrange(len(pages)), chance.randrange(len(pages))
    pages[one], pages[other] = pages[other], pages[one]
    return b"".join(pages)


def repeat(content: bytes, chance: random.Random) -> bytes:
    """Write one part over another."""
    size = chance.choice([16, 512, 4096])
    source, place = chance.randrange(len(content)), chance.randrange(len(content))
    part = content[source : source + size]
    return content[:place] + part + content[place + len(part) :]


def insert(content: bytes, chance: random.Random) -> bytes:
    """Put in what does not belong there."""
    place = chance.randrange(len(content))
    return content[:place] + chance.randbytes(chance.randrange(1, 100)) + content[place:]


def foreign(content: bytes, chance: random.Random) -> bytes:
    """Put another file in its place."""
    others = [b"", b"\0" * len(content), chance.randbytes(5_000), b"my diary\n" * 50, content[::-1]]
    return chance.choice([*others, b"SQLite format 3\0" + chance.randbytes(9_000)])


DAMAGES = (flip, flip, flip, flips, truncate, zero, swap, repeat, insert, foreign)


class Trials:
    """A finished batch and a filled cache, and what must come of copies of them."""

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
        shutil.copytree(folder / "cache", folder / "open")  # with what was not moved from its log yet
        memo.close()

    def one(self, seed: int) -> str:
        """Make one trial; return what kind it was. Raises AssertionError for what is found."""
        chance = random.Random(seed)
        damage = chance.choice(DAMAGES)
        place = self._folder / f"trial-{os.getpid()}"
        shutil.rmtree(place, ignore_errors=True)
        try:
            trial = self._journal if seed % 2 else self._cache
            return f"{trial.__name__[1:]} {damage.__name__}: {trial(place, damage, chance)}"
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def result(self, seed: int) -> tuple[str, str]:
        """Make one trial; return its kind and no finding, or no kind and the finding."""
        try:
            return self.one(seed), ""
        except BaseException:
            return "", f"seed {seed}: {traceback.format_exc()!r}"

    def _journal(self, place: Path, damage: Callable[..., bytes], chance: random.Random) -> str:
        shutil.copytree(self._folder / "whole", place)
        name = chance.choice(["journal.jsonl"] * 6 + ["results.jsonl", "pictures/1.png"])
        _damage(place / name, damage, chance)
        try:
            self._batch(place)
        except UsageError as error:
            assert damage is not flip, f"a single byte made it refuse: {error}"
            assert "journal" in error.message, error
            return "refused in words"
        assert output_files(place) == self._expected, f"another result after damage to {name}"
        self._batch(place)
        assert output_files(place) == self._expected, "another result the second time"
        return "resumed"

    def _cache(self, place: Path, damage: Callable[..., bytes], chance: random.Random) -> str:
        shutil.copytree(self._folder / chance.choice(["cache", "open"]), place)
        files = sorted(place.iterdir())
        for path in chance.sample(files, min(len(files), chance.randrange(1, 2 if damage is flip else 3))):
            _damage(path, damage, chance)
        told: list[str] = []
        before, found = time.monotonic(), 0
        for _ in range(2):
            memo = DiskMemo(place, limit=chance.choice([8 * 10**9, 20_000]), tell=told.append)
            for key, value in self._values.items():
                kept = memo.get(key)
                found += kept is not None
                assert kept is None or kept == Remembered(value, ("a remark",), ()), "a wrong value"
                if chance.random() < 0.3:
                    memo.put(key, Remembered(value, ("a remark",), ()))
            memo.put(b"new", Remembered(7, (), ()))
            memo.close()
        assert time.monotonic() - before < 60, "it takes for ever"
        return f"{'told' if told else 'silent'}, {'some' if found else 'nothing'} found"

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


def campaign(seeds: range, tell: Callable[[str], None]) -> list[str]:
    """Make the trials; return what was found."""
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
            tell(f"{chunk.stop - seeds.start} of {len(seeds)} trials, {len(found)} found")
    for kind, count in sorted(kinds.items()):
        tell(f"{count:6} {kind}")
    for each in found:
        tell(f"FOUND {each}")
    return found


def main() -> int:
    """Run the campaign by the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    begun, found, made = time.monotonic(), list[str](), 0
    while made < given.count and time.monotonic() - begun < given.seconds:
        part = min(250, given.count - made)
        found += campaign(range(given.seed + made, given.seed + made + part), say)
        made += part
    say(f"{made} trials in {time.monotonic() - begun:.0f} s, {len(found)} found")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
