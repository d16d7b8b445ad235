"""The passes of stub models that batching saves, and the time that it adds to a single question.

    python -m tests.benchmarks.batching

Baseline: the same engine without batching, in the same run. The programs are those of the prompt banks,
and those that were published with VisProg, by their structure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.paper_programs import paper_programs
from tests.benchmarks.table import Row, median, print_table
from visprog import Image, VisProg
from visprog.models.fake import FakeLanguageModel
from visprog.models.roles import Message
from visprog.planner.bank import read_bank
from visprog.prompts import BANKS, bank_text
from visprog.values import Region, Regions

BATCH = 32
PAPERS_LIMIT = 108
"""Maximum number of passes of the 55 published programs, if the calls of each program are batched."""

NLVR = (
    "A=Vqa(image=LEFT, question='How many {0} are there?')\n"
    "B=Vqa(image=RIGHT, question='How many {0} are there?')\n"
    "C=Vqa(image={1}, question='Is there a {0}?')\nRESULT=Eval('{{A}} + {{B}} == 3 and {{C}}')"
)


class Stub:
    """Fills every role with almost no work, and counts passes."""

    def __init__(self) -> None:
        self.passes = self.calls = 0

    def _count(self, calls: Sequence[Any]) -> Sequence[Any]:
        self.passes += 1
        self.calls += len(calls)
        return calls

    def answer(self, image: Image, question: str) -> str:
        """Answer."""
        return self.answer_batch([(image, question)])[0]

    def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
        """Answer each."""
        return ["2" if "How many" in question else "yes" for _, question in self._count(calls)]

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Find one region of each category."""
        return self.detect_batch([(image, labels)])[0]

    def detect_batch(self, calls: Sequence[tuple[Image, Sequence[str]]]) -> list[Regions]:
        """Find one region of each category in each picture."""
        return [found(image, labels) for image, labels in self._count(calls)]

    def detect_faces(self, image: Image) -> Regions:
        """Find a face."""
        return self.detect(image, ["face"])

    def segment(self, image: Image) -> Regions:
        """Find things."""
        return self.segment_batch([(image,)])[0]

    def segment_batch(self, calls: Sequence[tuple[Image]]) -> list[Regions]:
        """Find things in each."""
        return [found(image, ["desert", "person", "sky", "car"]) for (image,) in self._count(calls)]

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return the same score for all."""
        return self.score_batch([(images, texts)])[0]

    def score_batch(
        self, calls: Sequence[tuple[Sequence[Image], Sequence[str]]]
    ) -> list[NDArray[np.floating]]:
        """Return the same score for all, in each picture."""
        return [np.eye(len(images), len(texts)) for images, texts in self._count(calls)]

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Return the picture unchanged."""
        self._count([prompt])
        return image

    def list_things(self, messages: Sequence[Message]) -> str:
        """List three things."""
        self._count([messages])
        return "one\ntwo\nthree"


def found(image: Image, labels: Sequence[str]) -> Regions:
    """Return regions that cover the whole picture."""
    return Regions([Region((0, 0, *image.size), label) for label in labels], size=image.size)


def stubbed(stub: Stub, **options: Any) -> VisProg:
    """Return a session in which the stub fills the roles."""
    roles = "visual_qa detector face_detector segmenter image_text_scorer inpainter".split()
    listing = FakeLanguageModel(stub.list_things)
    return VisProg(models={**dict.fromkeys(roles, stub), "language_model": listing}, **options)


def noise(width: int, height: int, seed: int = 0) -> Image:
    """Return a picture that differs from all others."""
    return Image(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def bank_programs() -> Iterator[tuple[str, str]]:
    """Yield the task and the text of each program of the banks."""
    for task in BANKS:
        for example in read_bank(bank_text(task), task).examples:
            yield task, example.program.source


def rows() -> Iterator[Row]:
    """Measure each workload."""
    note = "of 55; the other one ends in a name that it does not define"
    yield from each_by_itself(paper_programs(), "published programs", PAPERS_LIMIT, "134", note)
    yield from each_by_itself(bank_programs(), "programs of the banks")
    yield many_programs()
    yield one_alone()


def each_by_itself(
    programs: Iterable[tuple[str, str]],
    whose: str,
    limit: int | None = None,
    original: str | None = None,
    note: str = "",
) -> Iterator[Row]:
    """The passes of separate programs without and with batching, for each task and all tasks."""
    images = {name: noise(64, 48, seed) for seed, name in enumerate(("IMAGE", "LEFT", "RIGHT"))}
    sums: dict[str, list[tuple[int, int]]] = {}
    for task, program in programs:
        if not stubbed(Stub()).check(program).ok:
            continue
        passes = [passes_of(program, images, batching=batching) for batching in (False, True)]
        sums.setdefault(task, []).append((passes[0], passes[1]))
    for task, counts in sums.items():
        before, after = map(sum, zip(*counts, strict=True))
        yield Row(f"{len(counts)} {whose} of {task}, each by itself", before, after, None, "passes")
    everything = [counts for listed in sums.values() for counts in listed]
    before, after = map(sum, zip(*everything, strict=True))
    workload = f"all {len(everything)} {whose}, each by itself"
    yield Row(workload, before, after, limit, "passes", note, original)


def passes_of(program: str, images: dict[str, Image], *, batching: bool) -> int:
    """Return the number of passes of a program that runs alone."""
    stub = Stub()
    with stubbed(stub, batching=batching, memory=0) as session:
        session.execute(program, images)
    return stub.passes


def many_programs() -> Row:
    """The passes of 256 NLVR programs in a pool like that of `run_many`."""
    stub = Stub()
    session = stubbed(stub)
    programs = [NLVR.format(f"thing {n}", "RIGHT" if n % 2 else "LEFT") for n in range(256)]
    checked = [session.check(program, ("LEFT", "RIGHT")) for program in programs]
    pair = {"LEFT": noise(64, 48, 1), "RIGHT": noise(64, 48, 2)}
    with ThreadPoolExecutor(BATCH) as pool:
        list(pool.map(lambda each: session.execute(each, pair), checked))
    full = math.ceil(stub.calls / BATCH)
    note = f"limit: 1.2 times {full} full ones"
    return Row("256 NLVR programs, batch 32", stub.calls, stub.passes, int(1.2 * full), "passes", note, "660")


def one_alone() -> Row:
    """The time of one question, while nothing else runs."""
    image, times = noise(64, 48), []
    for batching in (False, True):
        session = stubbed(Stub(), batching=batching, memory=0)
        checked = session.check("RESULT=Vqa(image=IMAGE, question='Why?')", ("IMAGE",))
        times.append(1e6 * median(lambda: session.execute(checked, image), 500))  # noqa: B023
    before, after = times
    return Row("one question alone", before, after, before + 1000, "us", "limit: 1 ms later")


if __name__ == "__main__":
    print_table(rows())
