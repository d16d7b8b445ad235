"""The time that the engine adds to each step, with stub models, no trace, and a program that is checked once.

    python -m tests.benchmarks.engine_overhead

Baseline: the same calls to the same tools in a plain loop, in the same run. Prints CPU microseconds for each
step, and the peak of the memory that 20 Loc steps on a picture of 12 megapixels add.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from tests.benchmarks.table import Row, median
from visprog import VisProg
from visprog.engine.cache.memory import Memo
from visprog.engine.interpreter import Interpreter
from visprog.language import parser
from visprog.language.checked import Checked
from visprog.models.fake import FakeDetector, FakeVisualQA
from visprog.modules.logic.count import count
from visprog.modules.understanding.loc import loc
from visprog.modules.understanding.vqa import vqa
from visprog.values import Image

ROUNDS = 30
LENGTHS = (10, 50, 198, 998)


def chain(length: int) -> str:
    """Return a program that repeats four steps as in GQA: locate, count, ask, combine."""
    lines = ["TOTAL=Eval('0')"]
    for index in range((length - 2) // 4):
        before = index - 1 if index else ""
        lines += [
            f"BOX{index}=Loc(image=IMAGE, object='thing {index}')",
            f"COUNT{index}=Count(object=BOX{index})",
            f"ANSWER{index}=Vqa(image=IMAGE, question='What is thing {index}?')",
            f"TOTAL{index}=Eval('{{COUNT{index}}} + len({{ANSWER{index}}}) + {{TOTAL{before}}}')",
        ]
    return "\n".join([*lines, f"RESULT=TOTAL{(length - 2) // 4 - 1}"])


def seconds(work: Callable[[], object]) -> float:
    """Return the median CPU seconds of some rounds."""
    return median(work, ROUNDS, time.process_time)


def plain(checked: Checked, image: Image, detector: FakeDetector, visual_qa: FakeVisualQA) -> None:
    """Call the same tools one after the other, without the engine."""
    values: dict[str, object] = {}
    for step in checked.steps:
        if step.tool == "Loc":
            values[step.name] = loc.function(image, step.arguments["object"].value, detector=detector)  # type: ignore[union-attr]
        elif step.tool == "Count":
            values[step.name] = count.function(values[step.uses[0]])
        elif step.tool == "Vqa":
            values[step.name] = vqa.function(image, step.arguments["question"].value, visual_qa=visual_qa)  # type: ignore[union-attr]
        elif step.tool == "Eval":
            values[step.name] = step.expressions["expr"].expression.bind(values).evaluate()


def rows() -> Iterator[Row]:
    """The first run, with its graph, and the run from the cache, of each length."""
    for steps, alone, _, first, again, _ in figures():
        note = f"beyond the calls alone: {alone:.1f} us"
        yield Row(f"a step of {steps:.0f} with stub models, first", None, first, 15, "us", note, "31 to 78")
        yield Row(f"a step of {steps:.0f} from the cache", None, again, 5, "us")
    yield Row("20 Loc on 12 megapixels, no trace", None, peak_megabytes(), 20, "MB", original="915")


def main() -> None:
    """Print the table."""
    print("added by the engine, in microseconds of the processor a step (median of", ROUNDS, "rounds)")
    columns = ("steps", "tools alone", "first run", "and the graph", "from cache", "no cache")
    print(" ".join(f"{name:>{width}}" for name, width in zip(columns, (6, 12, 10, 14, 10, 8), strict=True)))
    for steps, alone, first_run, with_graph, again, without in figures():
        print(
            f"{steps:>6} {alone:>12.1f} {first_run:>10.1f} {with_graph:>14.1f} {again:>10.1f} {without:>8.1f}"
        )
    print(f"20 Loc on 12 megapixels add {peak_megabytes():.1f} MB at the peak")


def figures() -> Iterator[tuple[float, ...]]:
    """The columns of the table for each length."""
    image = Image(np.zeros((480, 640, 3), dtype=np.uint8))
    detector, visual_qa = stubs()
    session = VisProg(models={"detector": detector, "visual_qa": visual_qa})
    parser.MAX_STEPS, parser.MAX_TEXT = 1_000, 200_000  # above the limits: is the time still linear?
    for length in LENGTHS:
        checked = session.check(chain(length), ["IMAGE"])
        assert checked.ok, checked.diagnostics
        yield row(session, checked, image, seconds(partial(plain, checked, image, detector, visual_qa)))


def stubs() -> tuple[FakeDetector, FakeVisualQA]:
    """Return models that answer immediately."""
    detector = FakeDetector(lambda image, label: [(10, 10, 50, 50)])
    return detector, FakeVisualQA(lambda image, question: "red")


def peak_megabytes() -> float:
    """Return the megabytes that a run needs besides its picture, at the peak."""
    detector, visual_qa = stubs()
    session = VisProg(models={"detector": detector, "visual_qa": visual_qa})
    session.execute(
        chain(82), Image(np.zeros((8, 8, 3), dtype=np.uint8))
    )  # load everything that is loaded once
    image = Image(np.zeros((3000, 4000, 3), dtype=np.uint8))
    tracemalloc.start()
    session.execute(chain(82), image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def row(session: VisProg, checked: Checked, image: Image, alone: float) -> tuple[float, ...]:
    """Measure a program: the first run with and without a graph, the second run, and one without a cache."""
    steps = len(checked.needed)
    cache = Memo()
    memo = Interpreter(session.tools, session.models, memo=cache)
    bare = Interpreter(session.tools, session.models)

    def first() -> None:
        cache.clear()
        memo.run(checked, {"IMAGE": image})

    def first_with_graph() -> None:
        cache.clear()
        memo.run(replace(checked), {"IMAGE": image})  # graphs are kept for each Checked

    measured = [seconds(first) - alone, seconds(first_with_graph) - alone]
    measured.append(seconds(lambda: memo.run(checked, {"IMAGE": image})))
    bare.run(checked, {"IMAGE": image})
    measured.append(seconds(lambda: bare.run(checked, {"IMAGE": image})) - alone)
    return steps, *(each / steps * 1e6 for each in (alone, *measured))


if __name__ == "__main__":
    main()
