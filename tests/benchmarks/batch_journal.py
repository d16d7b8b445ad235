"""What a batch adds to its tasks, and what an edited program costs that ran before.

    python -m tests.benchmarks.batch_journal

The journal's cost is what its own calls take, a task at a time: the writing, and the forcing to the disk.
It is set against tasks of 100 ms each, one after the other. Questions about few pictures are asked by a
batch, and each by itself from the picture's file. The program of eight steps is run, run again,
and run with its last step edited, from memory and, in a session of its own, from disk. Its times are the
processor's: other work on the machine does not show in them.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.table import Row, print_table
from visprog import Image, VisProg, save_image
from visprog.batch.journal import FLUSH_INTERVAL, Journal
from visprog.batch.outcome import Outcome
from visprog.batch.runner import run_batch
from visprog.models.fake import FakeDetector, FakeVisualQA
from visprog.models.usage import Tokens

TASKS = 2_000
ROUNDS = 15
BUDGET = 0.100
PICTURES, QUESTIONS = 8, 30
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


def rows() -> Iterator[Row]:
    """Measure the journal, a batch, and programs that ran before."""
    for measure in (journal_cost, batch_cost, picture_cost, rerun_cost):
        with tempfile.TemporaryDirectory() as folder:
            yield from measure(Path(folder))


def journal_cost(folder: Path) -> Iterator[Row]:
    """What the journal takes a task, and to be read again."""
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
    share = statistics.mean(costs) / BUDGET + forcing / FLUSH_INTERVAL
    note = (
        f"a line: {1e6 * statistics.median(costs):.0f} us, on average {1e6 * statistics.mean(costs):.0f}; "
        f"forced to the disk every {FLUSH_INTERVAL:.0f} s: {1e3 * forcing:.1f} ms"
    )
    yield Row("the journal, of tasks of 100 ms one after the other", None, 100 * share, 1, "%", note)
    start = time.perf_counter()
    Journal(folder / "journal.jsonl", {}).close()
    again = (time.perf_counter() - start) / TASKS
    yield Row("the journal taken up again, a task", None, 1e6 * again, None, "us")


def batch_cost(folder: Path) -> Iterator[Row]:
    """What a task of a batch costs beside the same program executed in a loop."""
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
    yield Row("a task of one step, in a batch", 1e6 * alone, 1e6 * whole, None, "us")


def picture_cost(folder: Path) -> Iterator[Row]:
    """Questions about few pictures, as files: each read for every question, and for the batch."""
    for picture in range(PICTURES):
        pixels = np.random.default_rng(picture).integers(0, 256, (480, 640, 3), dtype=np.uint8)
        save_image(Image(pixels), folder / f"{picture}.png")
    tasks = [
        {"program": f"RESULT=Vqa(IMAGE, 'What is number {question}?')", "image": f"{picture}.png"}
        for picture in range(PICTURES)
        for question in range(QUESTIONS)
    ]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    with session() as given:
        start = time.process_time()
        for task in tasks:
            given.execute(task["program"], folder / task["image"])
        alone = time.process_time() - start
    with session() as given:
        start = time.process_time()
        run_batch(given, folder / "tasks.jsonl", folder / "out")
        whole = time.process_time() - start
    name = f"{QUESTIONS} questions on each of {PICTURES} files, as a batch, models stubbed"
    yield Row(name, alone, whole, None, "s")


def rerun_cost(folder: Path) -> Iterator[Row]:
    """Steps computed and milliseconds: first, again, edited; from memory and from disk."""
    image = Image(np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8))
    with session() as given:
        first = measured(given, PROGRAM, image)
        again = [measured(given, PROGRAM, image) for _ in range(ROUNDS)]
        edited = measured(given, EDITED, image)
    yield from compared("in memory", first, again, edited)
    cache = folder / "cache"
    with session(cache) as given:
        first = measured(given, PROGRAM, image)
    again = []
    for _ in range(ROUNDS):
        with session(cache) as given:
            again.append(measured(given, PROGRAM, image))
    with session(cache) as given:
        edited = measured(given, EDITED, image)
    yield from compared("on disk, in a new session", first, again, edited)


def measured(given: VisProg, program: str, image: Image) -> tuple[int, float]:
    """Check and run a program; return the steps computed, and the processor's milliseconds."""
    start = time.process_time()
    run = given.execute(program, image)
    milliseconds = 1e3 * (time.process_time() - start)
    return Counter(step.status for step in run.steps)["done"], milliseconds


def compared(
    where: str, first: tuple[int, float], again: Sequence[tuple[int, float]], edited: tuple[int, float]
) -> Iterator[Row]:
    """Set a program's rerun, and that of an edited one, against its first run."""
    unchanged = statistics.median(milliseconds for _, milliseconds in again)
    yield Row(f"eight steps again, results {where}", first[0], max(again)[0], 0, "steps")
    yield Row(f"eight steps again, results {where}", first[1], unchanged, 5, "ms")
    yield Row(f"the last of eight steps edited, results {where}", first[0], edited[0], 1, "steps")
    yield Row(f"the last of eight steps edited, results {where}", first[1], edited[1], None, "ms")


if __name__ == "__main__":
    print_table(rows())
