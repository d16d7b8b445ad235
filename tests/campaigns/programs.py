"""Parse, check and run random programs: each must finish or fail with a message, in limited time and memory.

python -m tests.campaigns.programs [--count N | --seconds S] [--seed S] [--workers N]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import numpy as np

from tests.campaigns.program_writer import ProgramWriter
from tests.language.cases import program_cases
from tests.language.mutation import mutated, sources
from tests.language.test_mutants import assert_checks_or_is_diagnosed
from visprog import Image, Region, VisProg, VisProgError
from visprog.models.fake import (
    FakeCaptioner,
    FakeDetector,
    FakeFaceDetector,
    FakeImageTextScorer,
    FakeInpainter,
    FakeLanguageModel,
    FakeMasker,
    FakeSegmenter,
    FakeVisualQA,
)

SLOW = 2.0
"""Maximum seconds of CPU time for one program."""

HANGS = 60
"""Seconds after which a program is interrupted and counts as hanging."""

GROWTH = 300 * 2**20
"""Maximum bytes by which one program may increase the peak memory of the process."""

_SESSION = 4_000
"""Number of programs per session: the fake models keep every request."""

_JSON = 25
"""Number of runs between two that are written as JSON."""

_REPORT = 30.0

PICTURES = {
    name: Image(np.full((8, 8, 3), shade, dtype=np.uint8))
    for name, shade in (("IMAGE", 0), ("LEFT", 99), ("RIGHT", 200))
}


@dataclass
class Tally:
    """The number of programs tried, and the findings."""

    tried: int = 0
    checked: int = 0
    run: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_program: str = ""
    peak: int = 0
    findings: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the results of another process."""
        self.tried += other.tried
        self.checked += other.checked
        self.run += other.run
        self.failed += other.failed
        if other.slowest > self.slowest:
            self.slowest, self.slowest_program = other.slowest, other.slowest_program
        self.peak = max(self.peak, other.peak)
        self.findings += other.findings

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.failed.most_common())
        return (
            f"tried {self.tried:,}, checked {self.checked:,}, run {self.run:,}; "
            f"failed steps: {kinds or 'none'}; slowest {self.slowest:.2f} s, "
            f"peak memory {self.peak / 2**20:.0f} MB, findings {len(self.findings)}"
        )


class HangError(KeyboardInterrupt):
    pass


@contextmanager
def _watched() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def make_session() -> VisProg:
    """Return a session with a fake for every role."""

    def answer(image: Image, question: str) -> str:
        answers = ("yes", "no", "two", "red", "7", "a brown dog", "1,000", "None", "")
        return answers[(len(question) + int(image.pixels[0, 0, 0])) % len(answers)]

    return VisProg(
        models={
            "visual_qa": FakeVisualQA(answer),
            "detector": FakeDetector(lambda image, label: [_quarter(image)] * (len(label) % 3)),
            "face_detector": FakeFaceDetector(lambda image: [_quarter(image)]),
            "segmenter": FakeSegmenter(
                lambda image: [Region((0, 0, image.width, image.height), "person", 0.9, _half(image))]
            ),
            "masker": FakeMasker(),
            "image_text_scorer": FakeImageTextScorer(lambda image, text: float(len(text) % 5)),
            "captioner": FakeCaptioner("a dog on a bench"),
            "language_model": FakeLanguageModel(lambda messages: "one, two, three, four"),
            "inpainter": FakeInpainter(),
        },
        planner="examples",
        memory=2**24,
        workers=1,
    )


def _quarter(image: Image) -> tuple[int, int, int, int]:
    return 0, 0, -(-image.width // 2), -(-image.height // 2)


def _half(image: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    mask = np.zeros((image.height, image.width), dtype=np.bool_)
    mask[: image.height // 2 + 1] = True
    return mask


def written_programs(session: VisProg, chance: random.Random) -> Iterator[str]:
    """Yield programs endlessly: well-typed ones, growing ones, and mutants of these and of known ones."""
    known = [*sources(), *(case.program for case in program_cases())]
    writer = ProgramWriter((each.signature for each in session.tools), chance)
    while True:
        draw = chance.random()
        if draw < 0.45:
            yield writer.well_typed()
        elif draw < 0.50:
            yield writer.growing()
        elif draw < 0.65:
            program = writer.well_typed() if chance.random() < 0.9 else writer.growing()
            yield mutated(program, chance, known)
        else:
            yield mutated(chance.choice(known), chance, known)


def try_program(session: VisProg, text: str, tally: Tally) -> None:
    """Check a program, run it if it has no errors, and add the outcome to the tally."""
    tally.tried += 1
    memory, start = _peak_memory(), time.process_time()
    try:
        with _watched():
            _check_and_run(session, text, tally)
    except (Exception, HangError) as error:
        found = "".join(traceback.format_exception(error))
        tally.findings.append(f"{type(error).__name__}\n{text}\n{found}")
    seconds, grown = time.process_time() - start, _peak_memory() - memory
    if seconds > tally.slowest:
        tally.slowest, tally.slowest_program = seconds, text
    if seconds > SLOW:
        tally.findings.append(f"slow: {seconds:.1f} s\n{text}")
    if grown > GROWTH:
        tally.findings.append(f"large: {grown / 2**20:.0f} MB\n{text}")
    tally.peak = max(tally.peak, _peak_memory())


def _check_and_run(session: VisProg, text: str, tally: Tally) -> None:
    checked = assert_checks_or_is_diagnosed(text, session.tools)
    if not checked.ok:
        return
    tally.checked += 1
    run = session.execute(checked, PICTURES)
    tally.run += 1
    for step in run.steps:
        if step.error is None:
            continue
        cause = step.error.__cause__
        tally.failed[type(cause).__name__] += 1
        if not isinstance(cause, VisProgError):
            raise AssertionError(f"step {step.name} failed with {cause!r}") from cause
    if tally.run % _JSON == 0:
        json.dumps(run.to_json())


def _peak_memory() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def say(words: str) -> None:
    """Print a line and flush it."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def campaign(count: int | None, seconds: float | None, seed: int, *, quiet: bool = False) -> Tally:
    """Try `count` programs, or until `seconds` have passed."""
    tally, chance = Tally(), random.Random(seed)
    session = make_session()
    programs = written_programs(session, chance)
    start = reported = time.monotonic()
    while (count is None or tally.tried < count) and (seconds is None or time.monotonic() - start < seconds):
        try_program(session, next(programs), tally)
        if tally.tried % _SESSION == 0:
            session.close()
            session = make_session()
        if not quiet and time.monotonic() - reported > _REPORT:
            reported = time.monotonic()
            say(f"{reported - start:.0f} s: {tally}")
    session.close()
    return tally


def main() -> int:
    """Try programs and print the tally and the findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    count = given.count if given.count or given.seconds else 10_000
    start = time.monotonic()
    if given.workers == 1:
        tally = campaign(count, given.seconds, given.seed)
    else:
        share = count and -(-count // given.workers)
        tally = Tally()
        with ProcessPoolExecutor(given.workers) as pool:
            seeds = range(given.seed, given.seed + given.workers)
            for each in [pool.submit(campaign, share, given.seconds, seed) for seed in seeds]:
                tally.add(each.result())
    for finding in tally.findings[:20]:
        say(f"--- {finding}\n")
    say(f"{tally}\nslowest program:\n{tally.slowest_program}")
    say(f"{(time.monotonic() - start) / max(1, tally.tried) * 1e3:.2f} ms a program")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
