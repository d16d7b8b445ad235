"""What a batch adds to its tasks, and what an edited program costs that ran before.

    python tests/benchmarks/batch_journal.py

The journal's cost is what its own calls take, a task at a time: the writing, and the forcing to the disk.
It is set against tasks of 100 ms each, one after the other. The program of eight steps is run, run again,
and run with its last step edited, from memory and, in a session of its own, from disk. Its times are the
processor's: other work on the machine does not show in them.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from visprog import Image, Run, VisProg
from visprog.batch.journal import FORCED_EVERY, Journal
from visprog.batch.outcome import Outcome
from visprog.batch.runner import run_batch
from visprog.models.fake import FakeDetector, FakeVisualQA
from visprog.models.usage import Tokens

TASKS = 2_000
ROUNDS = 15
BUDGET = 0.100
PROGRAM = "\n".join(
    [
        "BOX0=Loc(image=IMAGE, object='car')",
        "IMAGE0=Crop(image=IMAGE, object=BOX0)",
        "ANSWER0=Vqa(image=IMAGE0, question='What colour is it?')",
        "BOX1=Loc(image=IMAGE, object='dog')",
        "COUNT1=Count(object=BOX1)",
        "ANSWER1=Vqa(image=IMAGE, question='Where is it?')",
        "TEXT0=Eval(\"{ANSWER0} + ' car'\")",
        "RESULT=Result([TEXT0, COUNT1, ANSWER1])",
    ]
)
EDITED = PROGRAM.replace("[TEXT0, COUNT1, ANSWER1]", "[ANSWER1, COUNT1, TEXT0]")


class Detector(FakeDetector):
    """One whose results may be kept on disk."""

    fingerprint = "benchmark detector"


class Answers(FakeVisualQA):
    """One whose results may be kept on disk."""

    fingerprint = "benchmark answers"


def session(cache: Path | None = None) -> VisProg:
    """A session with stub models."""
    models = {"detector": Detector({"car": [(9, 9, 99, 99)]}), "visual_qa": Answers(lambda *_: "red")}
    return VisProg(models=models, cache=cache)


def journal_cost(folder: Path) -> None:
    """Print what the journal takes a task, and to be read again."""
    record = {"id": "kitchen 0001", "ok": True, "instruction": "How many cups are on the table?", "result": 3}
    outcome = Outcome({**record, "program": PROGRAM}, 0.1, Tokens(1_200, 90))
    keys = [number.to_bytes(16, "big") for number in range(TASKS)]
    journal, costs = Journal(folder / "journal.jsonl", {}), []
    for key in keys:
        start = time.perf_counter()
        journal.add(key, outcome)
        costs.append(time.perf_counter() - start)
    start = time.perf_counter()
    journal.close()
    forcing = time.perf_counter() - start
    mean = statistics.mean(costs)
    print(f"journal, a task: median {statistics.median(costs) * 1e6:.0f} us, mean {mean * 1e6:.0f} us")
    print(f"forced to the disk, every {FORCED_EVERY:.0f} s at most: {forcing * 1e3:.1f} ms")
    share = mean / BUDGET + forcing / FORCED_EVERY
    print(f"of tasks of 100 ms, one after the other: {share:.2%}; limit 1%")
    start = time.perf_counter()
    Journal(folder / "journal.jsonl", {}).close()
    print(f"taken up again: {(time.perf_counter() - start) / TASKS * 1e6:.0f} us a task")


def batch_cost(folder: Path) -> None:
    """Print what a task of a batch costs beside the same program executed in a loop."""
    count = 500
    programs = [f"RESULT=Eval('{number} + 1')" for number in range(count)]
    lines = "".join(json.dumps({"program": program}) + "\n" for program in programs)
    (folder / "tasks.jsonl").write_text(lines)
    with session() as given:
        start = time.process_time()
        for program in programs:
            given.execute(program)
        alone = (time.process_time() - start) / count
    with session() as given:
        start = time.process_time()
        run_batch(given, folder / "tasks.jsonl", folder / "out")
        whole = (time.process_time() - start) / count
    print(
        f"a task of one step, processor's time: {alone * 1e6:.0f} us alone, {whole * 1e6:.0f} us in a batch"
    )


def rerun_cost(folder: Path) -> None:
    """Print steps computed and milliseconds: first, again, edited; from memory and from disk."""
    image = Image(np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8))
    print(f"{'eight steps':<28} {'steps computed':>14} {'ms':>8}")
    with session() as given:
        tell("first, in memory", given, PROGRAM, image)
        tell("again, from memory", given, PROGRAM, image, ROUNDS)
        tell("last step edited, from memory", given, EDITED, image)
    with session(folder / "cache") as given:
        tell("first, with a cache on disk", given, PROGRAM, image)
    times = []
    for _ in range(ROUNDS):
        with session(folder / "cache") as given:
            times.append(measured(given, PROGRAM, image))
    report("again, from disk", times)
    with session(folder / "cache") as given:
        tell("last step edited, from disk", given, EDITED, image)


def measured(given: VisProg, program: str, image: Image) -> tuple[float, Run]:
    """Check and run a program; return the processor's seconds."""
    start = time.process_time()
    run = given.execute(program, image)
    return time.process_time() - start, run


def tell(name: str, given: VisProg, program: str, image: Image, rounds: int = 1) -> None:
    """Measure some rounds in one session, and print them."""
    report(name, [measured(given, program, image) for _ in range(rounds)])


def report(name: str, rounds: list[tuple[float, Run]]) -> None:
    """Print the median."""
    computed = Counter(step.status for step in rounds[-1][1].steps)["done"]
    print(f"{name:<28} {computed:>14} {statistics.median(seconds for seconds, _ in rounds) * 1e3:>8.2f}")


def main() -> None:
    """Print everything."""
    for measure in (journal_cost, batch_cost, rerun_cost):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder))


if __name__ == "__main__":
    main()
