"""The time and size of the page of an eight-step program, on photographs of 640x480 and 12 megapixels.

python -m tests.benchmarks.trace_cost [PHOTOGRAPH]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.table import Row
from visprog import Image, VisProg, load_image
from visprog.models.fake import FakeDetector, FakeVisualQA
from visprog.trace.html import render_html

PHOTOGRAPH = Path(__file__).parents[2] / "examples" / "images" / "coffee.png"
PROGRAM = """\
BOX0=Loc(image=IMAGE, object='cup')
IMAGE0=CropLeft(image=IMAGE, object=BOX0)
BOX1=Loc(image=IMAGE0, object='spoon')
ANSWER0=Count(object=BOX1)
ANSWER1=Vqa(image=IMAGE0, question='What color is the spoon?')
ANSWER2=Eval('{ANSWER0} > 0')
ANSWER3=Eval("'yes' if {ANSWER2} and {ANSWER1} == 'silver' else 'no'")
RESULT=Result(var=ANSWER3)"""
ROUNDS = 9
SIZES = (
    ((640, 480), (2.8, 56.4), ("14", "94")),
    ((4000, 3000), (28, 104.4), ("266 to 287", "174")),
)
"""Sizes of pictures, with the limits of the page's milliseconds and kilobytes, and the original's figures."""


def rows(path: Path = PHOTOGRAPH) -> Iterator[Row]:
    """The page's milliseconds and kilobytes for each size."""
    for size, limits, originals in SIZES:
        page, kilobytes, _ = cost(path, size)
        name = f"trace of an eight-step program, {size[0]}x{size[1]}"
        yield Row(name, None, page, limits[0], "ms", original=originals[0])
        yield Row(name, None, kilobytes, limits[1], "KB", original=originals[1])


def main(path: Path = PHOTOGRAPH) -> None:
    """Print CPU milliseconds and kilobytes."""
    print(f"{'picture':>10} {'page, ms':>9} {'page, KB':>9} {'JSON, ms':>9}")
    for size, *_ in SIZES:
        page, kilobytes, record = cost(path, size)
        print(f"{size[0]:>5}x{size[1]:<4} {page:>9.1f} {kilobytes:>9.1f} {record:>9.1f}")


def stub_session() -> VisProg:
    """Return a session with models that answer immediately, and without a cache."""
    return VisProg(
        models={
            "detector": FakeDetector(lambda image, label: [(20, 20, image.width // 2, image.height // 2)]),
            "visual_qa": FakeVisualQA(lambda image, question: "silver"),
        },
        memory=0,
    )


def cost(path: Path, size: tuple[int, int]) -> tuple[float, float, float]:
    """Return the page's milliseconds and kilobytes, and the JSON's milliseconds.

    Each run has new pictures, so the caches contain nothing about them.
    """
    session = stub_session()
    photograph = load_image(path).to_pil()
    pages, data, length = [], [], 0
    for _ in range(ROUNDS):
        run = session.execute(PROGRAM, Image.from_pil(photograph.resize(size)))
        start = time.process_time()
        length = len(render_html(run).encode())
        pages.append(time.process_time() - start)
        start = time.process_time()
        run.to_json()
        data.append(time.process_time() - start)
    return statistics.median(pages) * 1e3, length / 1e3, statistics.median(data) * 1e3


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
