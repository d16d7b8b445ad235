"""Run random programs with lists in many ways: each must equal the program with a step for each item.

    python -m tests.campaigns.lifting [--count N | --seconds S] [--seed S]

The models fail for some pictures and texts, answer slowly, break batches, or fail at random times. Each
program runs with and without caches, in several threads, and again after a deadline.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.campaigns.child_process import say
from tests.engine.lifted_programs import at, random_program, unrolled
from tests.engine.same_runs import differences, differences_from_unrolled
from tests.engine.stub_models import StubDetector, StubQA, noise, stub_models
from visprog import Image, Run, VisProg

HANGS = 60
"""Seconds after which a trial counts as hanging."""

_FAULTS = (0, 0, 0, 10, 30)
"""One call in so many fails, whenever it is made; 0 means none."""

_REPORT = 30.0


@dataclass
class Tally:
    """The number of programs and runs, the lifted steps by tool, and the findings."""

    tried: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    lifted: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        runs = ", ".join(f"{name} {count:,}" for name, count in sorted(self.runs.items()))
        return (
            f"tried {self.tried:,} programs, of which {self.failed:,} failed as they should; runs: {runs}; "
            f"lifted steps {sum(self.lifted.values()):,}; findings {len(self.findings)}"
        )


class Trouble:
    """What a model does besides its work: it waits, or fails at a random time."""

    def __init__(self, chance: random.Random, *, slow: float = 0.0, broken: float = 0.0) -> None:
        self._chance = chance
        self._slow = slow
        self._broken = broken

    def before_batch(self) -> None:
        """Wait, or raise an error that concerns only this pass."""
        if self._slow:
            time.sleep(self._chance.random() * self._slow)
        if self._chance.random() < self._broken:
            raise self._chance.choice((MemoryError, RuntimeError, OSError))("this time only")


class TroubledQA(StubQA):
    """Answers like `StubQA`, with trouble in passes of several calls, or in all of them."""

    def __init__(self, trouble: Trouble, *, single: bool, faults: int) -> None:
        super().__init__(faults=faults, most=4)
        self.fingerprint = StubQA(faults=faults).fingerprint
        self._trouble, self._single = trouble, single

    def answer(self, image: Image, question: str) -> str:
        if self._single:
            self._trouble.before_batch()
        return super().answer(image, question)

    def answer_batch(self, calls: Any) -> list[str]:
        self._trouble.before_batch()
        return super().answer_batch(calls)


class TroubledDetector(StubDetector):
    """Finds what `StubDetector` finds, with the same trouble."""

    def __init__(self, trouble: Trouble, *, single: bool, faults: int) -> None:
        super().__init__(faults=faults, most=3)
        self.fingerprint = StubDetector(faults=faults).fingerprint
        self._trouble, self._single = trouble, single

    def detect(self, image: Image, labels: Any) -> Any:
        if self._single:
            self._trouble.before_batch()
        return super().detect(image, labels)

    def detect_batch(self, calls: Any) -> Any:
        self._trouble.before_batch()
        return super().detect_batch(calls)


def troubled(trouble: Trouble, faults: int, *, single: bool = False) -> dict[str, Any]:
    """Return the stub models with trouble."""
    return {
        **stub_models(faults=faults),
        "visual_qa": TroubledQA(trouble, single=single, faults=faults),
        "detector": TroubledDetector(trouble, single=single, faults=faults),
    }


@dataclass
class Trial:
    """One program with its pictures, and its run in order, without lists."""

    program: str
    inputs: dict[str, Image]
    faults: int
    expected: Run
    chance: random.Random

    def session(self, models: dict[str, Any] | None = None, **options: Any) -> VisProg:
        return VisProg(models=models or stub_models(faults=self.faults), tools=[at], **options)

    def check(self, *runs: Run) -> list[str]:
        return [found for run in runs for found in differences(run, self.expected)]


def batched(trial: Trial) -> list[str]:
    """Run with batches of random sizes."""
    models = stub_models(faults=trial.faults, most=trial.chance.choice((1, 2, 5, 32)))
    with trial.session(models, memory=0, workers=trial.chance.choice((1, 4))) as session:
        return trial.check(session.execute(trial.program, trial.inputs))


def cached(trial: Trial) -> list[str]:
    """Run twice with a cache that may be too small."""
    with trial.session(memory=trial.chance.choice((5_000, 50_000, 2**24))) as session:
        return trial.check(*(session.execute(trial.program, trial.inputs) for _ in range(2)))


def on_disk(trial: Trial) -> list[str]:
    """Run in two sessions that share a cache on disk."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            with trial.session(cache=folder, memory=trial.chance.choice((0, 2**24))) as session:
                found += trial.check(session.execute(trial.program, trial.inputs))
    return found


def slow(trial: Trial) -> list[str]:
    """Run with models that take a random time, so that elements finish in any order."""
    models = troubled(Trouble(trial.chance, slow=0.003), trial.faults, single=True)
    with trial.session(models) as session:
        return trial.check(session.execute(trial.program, trial.inputs))


def broken_batches(trial: Trial) -> list[str]:
    """Run with models whose batches often fail, although each call alone works."""
    models = troubled(Trouble(trial.chance, broken=0.5), trial.faults)
    with trial.session(models) as session:
        return trial.check(*(session.execute(trial.program, trial.inputs) for _ in range(2)))


def failing_at_times(trial: Trial) -> list[str]:
    """Run again and again with models that fail at random times, and then with models that work.

    Only the last run is compared: it uses the elements that were finished before.
    """
    trouble = Trouble(trial.chance, broken=0.3)
    with trial.session(troubled(trouble, trial.faults, single=True)) as session:
        for _ in range(3):
            session.execute(trial.program, trial.inputs)
        trouble._broken = 0.0
        return trial.check(session.execute(trial.program, trial.inputs))


def together(trial: Trial) -> list[str]:
    """Run in four threads at the same time."""
    runs: list[Run] = []
    with trial.session(troubled(Trouble(trial.chance, slow=0.001), trial.faults)) as session:

        def work() -> None:
            runs.append(session.execute(trial.program, trial.inputs))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return trial.check(*runs) or [f"{len(runs)} of 4 runs ended"] * (len(runs) != 4)


def after_a_deadline(trial: Trial) -> list[str]:
    """Run with a deadline that may pass, and again without one."""
    models = troubled(Trouble(trial.chance, slow=0.004), trial.faults, single=True)
    with trial.session(models) as session:
        session.execute(trial.program, trial.inputs, deadline=0.002 + trial.chance.random() * 0.03)
        return trial.check(session.execute(trial.program, trial.inputs))


WAYS: tuple[Callable[[Trial], list[str]], ...] = (
    batched,
    cached,
    on_disk,
    slow,
    broken_batches,
    failing_at_times,
    together,
    after_a_deadline,
)


def in_order(program: str, inputs: dict[str, Image], faults: int) -> Run:
    """Run a program without cache, batches and threads."""
    models = stub_models(faults=faults)
    with VisProg(models=models, tools=[at], memory=0, batching=False, workers=1) as session:
        return session.execute(program, inputs)


def try_seed(seed: int, tally: Tally, ways: tuple[Callable[[Trial], list[str]], ...] = WAYS) -> None:
    """Run the program of a seed in each way, and add what differs to the findings."""
    chance = random.Random(seed)
    program, faults = random_program(seed, chance.randint(3, 16)), chance.choice(_FAULTS)
    inputs = {"IMAGE": noise(seed), "LEFT": noise(seed + 1, 13, 37)}
    tally.tried += 1
    run = in_order(program, inputs, faults)
    single = unrolled(run)
    wrong = differences_from_unrolled(run, in_order(single.program, inputs, faults), single.elements)
    _report(tally, "unrolled", seed, program, wrong)
    tally.failed += not run.ok
    tally.lifted.update(step.tool or "" for step in run.checked.steps if step.lifted)
    for way in ways:
        _report(
            tally, way.__name__, seed, program, _in_time(way, Trial(program, inputs, faults, run, chance))
        )


def _in_time(way: Callable[[Trial], list[str]], trial: Trial) -> list[str]:
    found: list[str] = ["it hangs"]

    def work() -> None:
        try:
            found[:] = way(trial)
        except BaseException as error:
            found[:] = ["".join(traceback.format_exception(error))]

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(HANGS)
    return found


def _report(tally: Tally, way: str, seed: int, program: str, wrong: list[str]) -> None:
    tally.runs[way] += 1
    if wrong:
        tally.findings.append(f"seed {seed}, {way}:\n{program}\n" + "\n".join(wrong[:3]))


def campaign(count: int | None, seconds: float | None, seed: int, *, quiet: bool = False) -> Tally:
    """Try `count` programs, or until `seconds` have passed."""
    tally, start = Tally(), time.monotonic()
    reported = start
    while (count is None or tally.tried < count) and (seconds is None or time.monotonic() - start < seconds):
        try_seed(seed + tally.tried, tally)
        if not quiet and time.monotonic() - reported > _REPORT:
            reported = time.monotonic()
            say(f"{reported - start:.0f} s: {tally}")
    return tally


def main() -> int:
    """Try programs and print the tally and the findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    count = given.count if given.count or given.seconds else 200
    tally = campaign(count, given.seconds, given.seed)
    for finding in tally.findings[:20]:
        say(f"--- {finding}\n")
    say(str(tally))
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
