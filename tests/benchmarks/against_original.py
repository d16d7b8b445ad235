"""Our engine against the one that was published with VisProg, on a program of eight steps with stub models.

    python -m tests.benchmarks.against_original [ROUNDS]

Prints CPU milliseconds of both, and how many times as fast ours is: the median of paired ratios.
Each round has a new picture. Our results are not cached, as the published engine caches none.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.benchmarks import original
from tests.benchmarks.table import Row
from tests.benchmarks.trace_cost import PHOTOGRAPH, PROGRAM, SIZES, stub_session
from visprog import Image, load_image
from visprog.trace.html import render_html

ROUNDS = {(640, 480): 60, (4000, 3000): 7}
_WARM_UP = 3


class Comparison(NamedTuple):
    """Milliseconds of both engines, and how many times as fast ours is."""

    size: tuple[int, int]
    trace: bool
    original: float
    ours: float
    ratio: float


def rows() -> Iterator[Row]:
    """The milliseconds of both engines, with and without a trace, of each size."""
    for found in comparisons():
        name = f"eight steps, {found.size[0]}x{found.size[1]}, {'with' if found.trace else 'without'} a trace"
        note = f"{found.ratio:.1f} times as fast"
        yield Row(name, None, found.ours, None, "ms", note, f"{found.original:.2f}")


def comparisons(rounds: int | None = None) -> Iterator[Comparison]:
    """Compare the engines on each size, without and with a trace."""
    for size, *_ in SIZES:
        for trace in (False, True):
            yield compare(size, rounds or ROUNDS[size], trace=trace)


def compare(size: tuple[int, int], rounds: int, *, trace: bool) -> Comparison:
    """Run both engines alternately."""
    photograph = load_image(PHOTOGRAPH).to_pil().resize(size)
    engine = original.Engine(
        lambda picture, _: [[20, 20, picture.width // 2, picture.height // 2]], lambda *_: "silver"
    )
    session = stub_session()

    def ours(image: Image) -> None:
        run = session.execute(PROGRAM, image)
        if trace:
            render_html(run)

    pairs = []
    for _ in range(_WARM_UP + rounds):
        picture, image = photograph.copy(), Image.from_pil(photograph)
        pairs.append(
            (
                milliseconds(lambda: engine.run(original.PROGRAM, picture, trace=trace)),  # noqa: B023 - called now
                milliseconds(lambda: ours(image)),  # noqa: B023 - called now
            )
        )
    theirs, own = zip(*pairs[_WARM_UP:], strict=True)
    ratio = statistics.median(one / other for one, other in pairs[_WARM_UP:])
    return Comparison(size, trace, statistics.median(theirs), statistics.median(own), ratio)


def milliseconds(work: Callable[[], object]) -> float:
    """Return the CPU milliseconds of some work."""
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1e3


def main(rounds: int | None = None) -> None:
    """Print the table."""
    print(f"{'picture':>10} {'trace':>6} {'original, ms':>13} {'ours, ms':>9} {'times as fast':>14}")
    for size, trace, theirs, own, ratio in comparisons(rounds):
        words = "yes" if trace else "no"
        print(f"{size[0]:>5}x{size[1]:<4} {words:>6} {theirs:>13.2f} {own:>9.2f} {ratio:>14.1f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
