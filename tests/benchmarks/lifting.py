"""The time and the passes of a question about each of 64 regions, and of one that changed.

    python -m tests.benchmarks.lifting

Baseline: the same questions in direct batched calls of the same warm model, in the same run. Times are the
processor's: other work on the machine does not show in them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from tests.benchmarks.mini import picture
from tests.benchmarks.table import Row, median, print_table
from visprog import Image, VisProg, tool
from visprog.engine.batching import DEFAULT_BATCH_SIZE

REGIONS = 64
QUESTION = "Is it red?"
ROUNDS = 9
MOST_PASSES = 3
MOST_TIME = 1.1


@tool("Cut", keeps_frame=True)
def cut(image: Image, changed: int) -> list[Image]:
    """Cut 64 squares out of the picture. The first one is moved down by `changed` pixels."""
    side = min(image.size) // 4
    places = [
        ((7 * place) % (image.width - side), (11 * place + changed * (not place)) % (image.height - side))
        for place in range(REGIONS)
    ]
    return [image.crop((left, top, left + side, top + side)) for left, top in places]


def rows() -> Iterator[Row]:
    """Measure new pictures with direct calls and with a lifted step, in turns."""
    session = VisProg(models="mini", tools=[cut])
    model: Any = session.models.get("visual_qa")
    sizes = _watch(model)
    direct, lifted, passes = [], [], []
    for seed in range(ROUNDS + 1):
        image = picture(seed)
        direct.append(median(partial(_ask, model, cut(image, 0)), 1, time.process_time))
        sizes.clear()
        lifted.append(median(partial(session.execute, _program(0), image), 1, time.process_time))
        passes.append(len(sizes))
    name = f"Vqa for each of {REGIONS} crops (mini)"
    yield Row(name, REGIONS // DEFAULT_BATCH_SIZE, max(passes), MOST_PASSES, "passes")
    before, after = statistics.median(direct[1:]), statistics.median(lifted[1:])
    yield Row(name, before, after, MOST_TIME * before, "s")
    sizes.clear()
    session.execute(_program(1), picture(ROUNDS))
    yield Row("one of them has changed", REGIONS, sum(sizes), 1, "questions")


def _program(changed: int) -> str:
    return f"CROPS=Cut(image=IMAGE, changed={changed})\nRESULT=Vqa(image=CROPS, question='{QUESTION}')"


def _watch(model: Any) -> list[int]:
    """Return a list to which each pass adds its number of calls."""
    sizes: list[int] = []
    answer = model.answer_batch

    def watched(calls: Sequence[Any]) -> Any:
        sizes.append(len(calls))
        return answer(calls)

    model.answer_batch = watched
    return sizes


def _ask(model: Any, crops: Sequence[Image]) -> None:
    for start in range(0, REGIONS, DEFAULT_BATCH_SIZE):
        model.answer_batch([(crop, QUESTION) for crop in crops[start : start + DEFAULT_BATCH_SIZE]])


if __name__ == "__main__":
    print_table(rows())
