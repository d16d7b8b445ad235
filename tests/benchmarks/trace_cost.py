"""What a trace costs: the page of an eight-step program on photographs of 640x480 and of 12 megapixels.

python tests/benchmarks/trace_cost.py [PHOTOGRAPH]
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

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


def main(path: Path = PHOTOGRAPH) -> None:
    """Print milliseconds of the processor and bytes.

    The run's pictures are new each time, so that nothing is kept of them.
    """
    session = VisProg(
        models={
            "detector": FakeDetector(lambda image, label: [(20, 20, image.width // 2, image.height // 2)]),
            "visual_qa": FakeVisualQA(lambda image, question: "silver"),
        },
        memory=0,
    )
    photograph = load_image(path).to_pil()
    print(f"{'picture':>10} {'page, ms':>9} {'page, KB':>9} {'JSON, ms':>9}")
    for size in ((640, 480), (4000, 3000)):
        pages, data, length = [], [], 0
        for _ in range(ROUNDS):
            run = session.execute(PROGRAM, Image.from_pil(photograph.resize(size)))
            start = time.process_time()
            length = len(render_html(run).encode())
            pages.append(time.process_time() - start)
            start = time.process_time()
            run.to_json()
            data.append(time.process_time() - start)
        page, record = statistics.median(pages) * 1e3, statistics.median(data) * 1e3
        print(f"{size[0]:>5}x{size[1]:<4} {page:>9.1f} {length / 1e3:>9.1f} {record:>9.1f}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
