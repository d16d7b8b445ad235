"""What gathering calls and keeping encodings saves: passes of stub models, and of the models of `mini`.

    python tests/benchmarks/batching.py

Baseline: the same engine without batching, in the same run. Programs are those of the prompt banks and of
tests/cases/paper_dialect.md, which is written as the paper's own are.
"""

from __future__ import annotations

import math
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog import Image, VisProg
from visprog.planner.bank import read_bank
from visprog.prompts import BANKS, bank_text
from visprog.values import Region, Regions

DIALECT = Path(__file__).parent.parent / "cases" / "paper_dialect.md"
BATCH = 32
NLVR = (
    "A=Vqa(image=LEFT, question='How many {0} are there?')\n"
    "B=Vqa(image=RIGHT, question='How many {0} are there?')\n"
    "C=Vqa(image={1}, question='Is there a {0}?')\nRESULT=Eval('{{A}} + {{B}} == 3 and {{C}}')"
)


class Stub:
    """Fills every role but that of a language model with next to no work, and counts passes."""

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
        """Find one of each."""
        return self.detect_batch([(image, labels)])[0]

    def detect_batch(self, calls: Sequence[tuple[Image, Sequence[str]]]) -> list[Regions]:
        """Find one of each in each."""
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
        """Score all alike."""
        return self.score_batch([(images, texts)])[0]

    def score_batch(
        self, calls: Sequence[tuple[Sequence[Image], Sequence[str]]]
    ) -> list[NDArray[np.floating]]:
        """Score all alike, for each."""
        return [np.eye(len(images), len(texts)) for images, texts in self._count(calls)]

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Leave the picture as it is."""
        self._count([prompt])
        return image


def found(image: Image, labels: Sequence[str]) -> Regions:
    """Regions of the whole picture."""
    return Regions([Region((0, 0, *image.size), label) for label in labels], size=image.size)


def stubbed(stub: Stub, **options: Any) -> VisProg:
    """A session in which the stub fills the roles."""
    from visprog.models.fake import FakeLanguageModel

    roles = "visual_qa detector face_detector segmenter image_text_scorer inpainter".split()
    listing = FakeLanguageModel(lambda _: "one\ntwo\nthree")
    return VisProg(models={**dict.fromkeys(roles, stub), "language_model": listing}, **options)


def noise(width: int, height: int, seed: int = 0) -> Image:
    """A picture like no other."""
    return Image(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def written() -> Iterator[tuple[str, str]]:
    """Each task with the text of a program."""
    for task in BANKS:
        for example in read_bank(bank_text(task), task).examples:
            yield task, example.program.source
    for program in re.findall(r"```vp\n(.*?)```", DIALECT.read_text("utf-8"), re.DOTALL):
        yield "dialect", program


def each_by_itself() -> None:
    """Every program alone: passes without and with batching."""
    images = {name: noise(64, 48, seed) for seed, name in enumerate(("IMAGE", "LEFT", "RIGHT"))}
    sums: dict[str, list[int]] = {}
    for task, program in written():
        counts = []
        for batching in (False, True):
            stub = Stub()
            run = stubbed(stub, batching=batching, memory=0)
            if not run.check(program).ok:
                break
            run.execute(program, images)
            counts.append(stub.passes)
            run.close()
        else:
            row = sums.setdefault(task, [0, 0, 0])
            row[:] = [row[0] + 1, row[1] + counts[0], row[2] + counts[1]]
    for task, (programs, before, after) in sums.items():
        show(
            f"{programs} programs of {task}, each by itself",
            f"{before} passes",
            f"{after} passes",
            before / after,
        )
    total = np.array(list(sums.values())).sum(axis=0)
    show(f"all {total[0]} together", f"{total[1]} passes", f"{total[2]} passes", total[1] / total[2])


def many_programs() -> None:
    """256 NLVR programs through a pool as `run_many` has it."""
    stub = Stub()
    session = stubbed(stub)
    programs = [NLVR.format(f"thing {n}", "RIGHT" if n % 2 else "LEFT") for n in range(256)]
    checked = [session.check(program, ("LEFT", "RIGHT")) for program in programs]
    pair = {"LEFT": noise(64, 48, 1), "RIGHT": noise(64, 48, 2)}
    with ThreadPoolExecutor(BATCH) as pool:
        list(pool.map(lambda each: session.execute(each, pair), checked))
    least = math.ceil(stub.calls / BATCH)
    limit = f"{stub.passes} passes; {stub.passes / least:.2f} of {least} full ones"
    show("256 NLVR programs, batch 32", f"{stub.calls} passes", limit, stub.calls / stub.passes)


def one_alone() -> None:
    """One question, nothing else under way."""
    image, times = noise(64, 48), []
    for batching in (False, True):
        session = stubbed(Stub(), batching=batching, memory=0)
        checked = session.check("RESULT=Vqa(image=IMAGE, question='Why?')", ("IMAGE",))
        times.append(median(lambda: session.execute(checked, image), 500))  # noqa: B023
    show("one question alone", f"{1e6 * times[0]:.0f} us", f"{1e6 * times[1]:.0f} us", times[0] / times[1])


def twelve_megapixels() -> None:
    """20 Loc on 12 megapixels, no trace: how far the peak of memory goes up."""
    image = noise(4000, 3000)
    session = stubbed(Stub())
    session.execute("RESULT=Loc(image=IMAGE, object='warm')", noise(64, 48))
    lines = [f"B{n}=Loc(image=IMAGE, object='thing {n}')" for n in range(20)]
    total = " + ".join(f"len({{C{n}}})" for n in range(20))
    counts = [f"C{n}=Count(object=B{n})" for n in range(20)]
    program = "\n".join([*lines, *counts, f"RESULT=Eval('{total.replace('len(', '(')}')"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    session.execute(program, image)
    seconds = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    show(
        "20 Loc on 12 megapixels", "+915 MB (the original)", f"+{grown:.0f} MB in {1000 * seconds:.0f} ms", 0
    )


def thirty_questions() -> None:
    """30 labels in each of 8 pictures, by OWL-ViT of the profile `mini`: encodings of pictures, and time."""
    rows = [thirty_labels(reuse=reuse) for reuse in (False, True)]
    (encodings, seconds), (fewer, less) = rows
    show(
        "30 Loc in each of 8 pictures (mini)",
        f"{encodings} encodings, {seconds:.1f} s",
        f"{fewer} encodings, {less:.1f} s",
        seconds / less,
    )


def thirty_labels(*, reuse: bool) -> tuple[int, float]:
    """How many pictures are encoded, and in how many seconds, one by one or with batching and reuse."""
    things = ("cat", "dog", "car", "cup", "bus", "hat")
    labels = [f"{color} {thing}" for color in ("red", "green", "blue", "black", "white") for thing in things]
    pictures = [noise(320, 240, seed) for seed in range(8)]
    session = VisProg(models="mini", memory=0, batching=reuse)
    model: Any = session.models.get("detector")
    encoded: list[int] = []
    look = model._seen._encode

    def counted(images: Sequence[Image]) -> Any:
        encoded.append(len(images))
        return look(images)

    model._seen._encode = counted
    if not reuse:
        model._seen._room = model._read._room = 0  # but for what comes twice in a row
    programs = [session.check(f"RESULT=Loc(image=IMAGE, object='{label}')", ("IMAGE",)) for label in labels]
    session.execute(programs[0], noise(320, 240, 99))
    encoded.clear()
    start = time.perf_counter()
    with ThreadPoolExecutor(BATCH if reuse else 1) as pool:
        list(pool.map(lambda task: session.execute(*task), [(p, i) for p in programs for i in pictures]))
    return sum(encoded), time.perf_counter() - start


def median(work: Callable[[], object], rounds: int) -> float:
    """The median of some rounds, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def show(workload: str, baseline: str, ours: str, ratio: float) -> None:
    """Print a row of the table."""
    print(f"| {workload} | {baseline} | {ours} | {f'{ratio:.2f}' if ratio else ''} |")


if __name__ == "__main__":
    print("| workload | baseline | ours | ratio |\n|---|---|---|---|")
    twelve_megapixels()
    each_by_itself()
    many_programs()
    one_alone()
    thirty_questions()
