"""How many tasks a second: one by one, as a batch in this process, and by Ray with one and two workers.

    python -m tests.benchmarks.throughput

A stub for VisualQA takes 5 ms a call, one call at a time in each process, as a model on a device of its own
does. Then ViLT of the profile `mini`, where all processes share the processor's cores. A rate is that from
the first task's end to the last one's, with models loaded; beside it stand all seconds, from the beginning.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from tests.benchmarks.table import Row, print_table
from visprog import Image, VisProg, save_image
from visprog.batch.cluster import Cluster
from visprog.batch.engines import Engine
from visprog.batch.runner import Progress, run_batch
from visprog.batch.tasks import read_tasks
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import make_scene

TASKS = 1_000
SECONDS_A_CALL = 0.005
QUESTIONS = 10
"""On each picture."""


class Device:
    """Answers one question at a time, each in 5 ms."""

    fingerprint = "benchmark device"

    def __init__(self) -> None:
        self._lock = Lock()

    def answer(self, image: Image, question: str) -> str:
        """Say the last word of the question, after a while."""
        with self._lock:
            time.sleep(SECONDS_A_CALL)
        return question.rstrip("?").split()[-1]


class Measured(NamedTuple):
    """Tasks a second once it goes, all seconds from beginning to end, and what was written."""

    rate: float
    seconds: float
    content: bytes


def stubbed() -> VisProg:
    """A session with a stub."""
    return VisProg(models={"visual_qa": Device()}, memory=0)


def mini() -> VisProg:
    """A session with the small models that come along."""
    return VisProg(models="mini", memory=0)


def write_tasks(folder: Path, count: int) -> Path:
    """Write pictures and questions about them."""
    lines = []
    for number in range(count):
        picture = folder / f"{number // QUESTIONS}.png"
        if number % QUESTIONS == 0:
            save_image(draw(make_scene(number, "validation")).image, picture)
        question = f"Is there a thing of kind {number % QUESTIONS}?"
        program = f"RESULT=Vqa(image=IMAGE, question='{question}')"
        lines.append(json.dumps({"program": program, "image": picture.name}) + "\n")
    (folder / "tasks.jsonl").write_text("".join(lines))
    return folder / "tasks.jsonl"


def one_by_one(make: Callable[[], VisProg], tasks: Path) -> Measured:
    """Execute each task when the one before has ended."""
    began, ends, results = time.perf_counter(), [], []
    with make() as session:
        for task in read_tasks(tasks):
            results.append(session.execute(task.program, task.pictures).result)
            ends.append(time.perf_counter())
    return Measured(_rate(ends), ends[-1] - began, json.dumps(results).encode())


def as_batch(make: Callable[[], VisProg], tasks: Path, engine: Engine | None = None) -> Measured:
    """Run a batch, with a journal."""
    ends: list[float] = []

    def watch(progress: Progress) -> None:
        if progress.done > len(ends):
            ends.append(time.perf_counter())

    began = time.perf_counter()
    with make() as session, tempfile.TemporaryDirectory() as out:
        summary = run_batch(session, tasks, out, on_progress=watch, engine=engine)
        seconds = time.perf_counter() - began
        results = [json.loads(line)["result"] for line in summary.results.read_text("utf-8").splitlines()]
    return Measured(_rate(ends), seconds, json.dumps(results).encode())


def _rate(ends: list[float]) -> float:
    return (len(ends) - 1) / (ends[-1] - ends[0])


def measurements(make: Callable[[], VisProg], tasks: Path) -> Iterator[tuple[str, Measured]]:
    """Measure each way in turn."""
    ways: dict[str, Callable[[], Measured]] = {
        "one by one": partial(one_by_one, make, tasks),
        "batch in one process": partial(as_batch, make, tasks),
        "Ray, 1 worker": lambda: as_batch(make, tasks, Cluster(make, actors=1)),
        "Ray, 2 workers": lambda: as_batch(make, tasks, Cluster(make, actors=2)),
    }
    for name, measure in ways.items():
        yield name, measure()


def rows() -> Iterator[Row]:
    """Measure both workloads. The results must be the same each way."""
    for workload, make in (("a stub, 5 ms a call", stubbed), ("ViLT of `mini`", mini)):
        contents, baseline = set(), None
        with tempfile.TemporaryDirectory() as folder:
            for name, found in measurements(make, write_tasks(Path(folder), TASKS)):
                contents.add(found.content)
                each, note = 1e3 / found.rate, f"{found.rate:.1f} a second; {found.seconds:.1f} s in all"
                baseline = baseline or each
                yield Row(f"{TASKS:,} tasks of {workload}: {name}", baseline, each, None, "ms a task", note)
        assert len(contents) == 1, "the results differ"


if __name__ == "__main__":
    print_table(rows())
