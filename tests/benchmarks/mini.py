"""The gain of batched calls and kept encodings with the models of the profile `mini`.

    python -m tests.benchmarks.mini

Baseline: one program after the other, each call of a model by itself, no result or encoding kept, with warm
models, in the same run. Times are the processor's: other work on the machine does not show in them.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.table import Row, print_table
from visprog import Image, VisProg
from visprog.batch.runner import run_batch
from visprog.engine.cache.memory import DEFAULT_BYTES
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import make_scene
from visprog.miniworld.tasks import nlvr

THINGS = ("cat", "dog", "car", "cup", "bus", "hat")
COLORS = ("red", "green", "blue", "black", "white")
PICTURES = 8
ENCODINGS = 5
"""Encodings of a picture: itself and its four tiles."""
TASKS = 64
AT_ONCE = (16, 32)
QUESTION = "What is in the picture?"


class Cost(NamedTuple):
    """The passes of both models, the pictures that the detector encoded, and the CPU seconds."""

    passes: int
    encodings: int
    seconds: float


class Measured:
    """A session with warm models, whose calls are counted inside the block. `plain` is the baseline."""

    def __init__(self, *, plain: bool) -> None:
        self.session = VisProg(models="mini", memory=0 if plain else DEFAULT_BYTES, batching=not plain)
        self._passes = self._encodings = 0
        detector: Any = self.session.models.get("detector")
        if plain:
            detector.image_encodings.capacity = detector.text_encodings.capacity = 0
        detector.image_encodings.encode = self._watched_encoder(detector.image_encodings.encode)
        self._watch(detector, "detect_batch")
        self._watch(self.session.models.get("visual_qa"), "answer_batch")
        self.session.execute(f"V=Vqa(IMAGE, '{QUESTION}')\nL=Loc(IMAGE, V)\nRESULT=Count(L)", picture(99))

    def _watched_encoder(self, encode: Callable[[Sequence[Image]], Any]) -> Callable[[Sequence[Image]], Any]:
        def watched(images: Sequence[Image]) -> Any:
            self._encodings += len(images)
            return encode(images)

        return watched

    def _watch(self, model: Any, method: str) -> None:
        answer = getattr(model, method)

        def watched(calls: Sequence[Any]) -> Any:
            self._passes += 1
            return answer(calls)

        setattr(model, method, watched)

    def __enter__(self) -> VisProg:
        self._passes = self._encodings = 0
        self._start = time.process_time()
        return self.session

    def __exit__(self, *exception: object) -> None:
        self.cost = Cost(self._passes, self._encodings, time.process_time() - self._start)
        self.session.close()


def rows() -> Iterator[Row]:
    """Measure questions about few and about many pictures, then statements, as a batch."""
    labels = [f"{color} {thing}" for color in COLORS for thing in THINGS]
    programs = [f"RESULT=Loc(image=IMAGE, object='{label}')" for label in labels]
    before, after = (asked(programs, range(PICTURES), plain=plain) for plain in (True, False))
    name = f"{len(programs)} Loc in each of {PICTURES} pictures (mini)"
    yield Row(name, before.encodings, after.encodings, ENCODINGS * PICTURES, "encodings")
    yield Row(name, before.seconds, after.seconds, None, "s")
    question = f"RESULT=Vqa(image=IMAGE, question='{QUESTION}')"
    before, after = (asked([question], range(TASKS), plain=plain) for plain in (True, False))
    name = f"Vqa in each of {TASKS} pictures (mini)"
    yield Row(name, before.passes, after.passes, None, "passes")
    yield Row(name, before.seconds, after.seconds, None, "s")
    yield from batches()


def asked(programs: Sequence[str], seeds: Iterable[int], *, plain: bool) -> Cost:
    """Run each program over each picture."""
    with (measured := Measured(plain=plain)) as session:
        checked = [session.check(program, ["IMAGE"]) for program in programs]
        pictures = [picture(seed) for seed in seeds]
        with ThreadPoolExecutor(1 if plain else 32) as pool:
            list(pool.map(lambda task: session.execute(*task), product(checked, pictures)))
    return measured.cost


def batches() -> Iterator[Row]:
    """Run statements about two pictures as `visprog batch` does."""
    with tempfile.TemporaryDirectory() as folder:
        tasks = statements(Path(folder))
        with (measured := Measured(plain=True)) as session:
            for program, pair in tasks:
                session.execute(program, [Path(folder) / each for each in pair])
        before = measured.cost
        for workers in AT_ONCE:
            with (measured := Measured(plain=False)) as session:
                run_batch(session, Path(folder) / "tasks.jsonl", Path(folder) / str(workers), workers=workers)
            name = f"a batch of {TASKS} statements, {workers} at once (mini)"
            yield Row(name, before.passes, measured.cost.passes, None, "passes")
            yield Row(name, before.seconds, measured.cost.seconds, None, "s")


def statements(folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Write a file of tasks with statements about two pictures. Return each program with its pictures."""
    tasks = []
    for seed in range(TASKS):
        task = nlvr.make_task(seed, "validation")
        names = tuple(f"{seed}-{name}.png" for name in task.scenes)
        for name, scene in zip(names, task.scenes.values(), strict=True):
            draw(scene).image.to_pil().save(folder / name)
        tasks.append((task.program, names))
    lines = (json.dumps({"program": program, "images": names}) for program, names in tasks)
    (folder / "tasks.jsonl").write_text("\n".join(lines), "utf-8")
    return tasks


def picture(seed: int) -> Image:
    """Return a picture of the world on which the models were trained."""
    return draw(make_scene(seed, "validation")).image


if __name__ == "__main__":
    print_table(rows())
