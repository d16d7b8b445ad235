"""Measures how well programs find and count objects and faces in photographs with known boxes.

    python tests/benchmarks/coco_dev.py [THRESHOLD]

It reads the folder in the variable VISPROG_TEST_DATA (default: ../shared/data next to the repository). Every
answer is the result of a program that the engine runs. THRESHOLD is the detector's confidence. Without it,
the detector's default is used, and faces are counted too.
"""

from __future__ import annotations

import json
import platform
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

import cv2

from visprog import VisProg
from visprog.images import load_image
from visprog.models.backends.opencv.hypernyms import COCO_CLASSES
from visprog.values import Image, Regions

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.models.shared_data import LABELS, PHOTOS, WHY, YOLOX, YUNET

FIND = "BOX0=Loc(image=IMAGE, object='{}')\nRESULT=BOX0"
COUNT = "BOX0=Loc(image=IMAGE, object='{}')\nANSWER0=Count(object=BOX0)\nRESULT=ANSWER0"
EXISTS = (
    "BOX0=Loc(image=IMAGE, object='{}')\nANSWER0=Count(object=BOX0)\n"
    "ANSWER1=Eval(\"'yes' if {{ANSWER0}} > 0 else 'no'\")\nRESULT=ANSWER1"
)
COUNT_FACES = "BOX0=FaceDet(image=IMAGE)\nANSWER0=Count(object=BOX0)\nRESULT=ANSWER0"

FACES = {
    "people_4_faces.jpg": 4, "two_people.jpg": 2, "grace_hopper.png": 1, "astronaut.png": 1, "obama.jpg": 1,
    "biden.jpg": 1, "man_squatting.png": 1, "cat.jpg": 0, "chelsea.png": 0, "chickadee.png": 0,
    "coffee.png": 0, "dragonfly.png": 0, "hot_dog.jpg": 0, "owl_on_grass.jpg": 0, "parrot.jpg": 0,
    "rocket.jpg": 0, "sunflower.png": 0, "two_dogs_on_grass.jpg": 0,
}  # fmt: skip
"""The number of faces in photos/clean. The people in beach_kites.jpg are too far away to count."""

SIZES = {"1": (1, 1), "2 to 4": (2, 4), "5 or more": (5, 1000)}


Edges: TypeAlias = tuple[float, float, float, float]
Rows: TypeAlias = Sequence[tuple[str, ...]]


class Photo(NamedTuple):
    """A photograph and the boxes of each category. `crowds` are areas with too many objects to count."""

    image: Image
    boxes: dict[str, list[Edges]]
    crowds: dict[str, list[Edges]]


def photos() -> Iterator[Photo]:
    """Read the photographs with their boxes."""
    folder = PHOTOS / "coco_dev"
    for line in (folder / "boxes.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        boxes: dict[str, list[Edges]] = {}
        crowds: dict[str, list[Edges]] = {}
        for each in entry["boxes"]:
            x, y, width, height = each["bbox"]
            target = crowds if each["iscrowd"] else boxes
            target.setdefault(each["category"], []).append((x, y, x + width, y + height))
        yield Photo(load_image(folder / entry["image"]), boxes, crowds)


def run(session: VisProg, program: str, image: Image) -> Any:
    """Return a program's result. A failed step stops the measurement."""
    outcome = session.execute(program, image)
    if not outcome.ok:
        raise SystemExit(f"a program failed:\n{program}\n{outcome}")
    return outcome.result


def precision_and_recall(session: VisProg, photographs: Sequence[Photo]) -> Rows:
    """Search each photograph for each of the eighty categories. Boxes match if they overlap by half."""
    right = wrong = missed = 0
    for photo in photographs:
        for name in COCO_CLASSES:
            found: Regions = run(session, FIND.format(name), photo.image)
            waiting = list(photo.boxes.get(name, ()))
            for region in found:
                fits = [(overlap(gold, region.box), place) for place, gold in enumerate(waiting)]
                if fits and max(fits)[0] >= 0.5:
                    del waiting[max(fits)[1]]
                    right += 1
                elif not in_crowd(region.box, photo.crowds.get(name, ())):
                    wrong += 1
            missed += len(waiting)
    gold, finds = right + missed, right + wrong
    return [
        ("precision", f"{right}/{finds}", share(right, finds)),
        ("recall", f"{right}/{gold}", share(right, gold)),
    ]


def counting(session: VisProg, photographs: Sequence[Photo]) -> Rows:
    """Count each category that a photograph contains, without crowds."""
    answers = [
        (len(gold), int(run(session, COUNT.format(name), photo.image)))
        for photo in photographs
        for name, gold in photo.boxes.items()
        if name not in photo.crowds
    ]
    rows: list[tuple[str, ...]] = [("count exact", *fraction([gold == said for gold, said in answers]))]
    for name, (least, most) in SIZES.items():
        some = [(gold, said) for gold, said in answers if least <= gold <= most]
        rows.append((f"- of {name}", *fraction([gold == said for gold, said in some])))
    rows.append(("count off by one at most", *fraction([abs(gold - said) <= 1 for gold, said in answers])))
    return rows


def existence(session: VisProg, photographs: Sequence[Photo]) -> Rows:
    """Ask whether a photograph contains each of its categories, and equally many other categories."""
    chance = random.Random(0)
    there, absent = [], []
    for photo in photographs:
        present = sorted({*photo.boxes, *photo.crowds})
        others = [name for name in COCO_CLASSES if name not in present]
        there += [run(session, EXISTS.format(name), photo.image) == "yes" for name in present]
        drawn = chance.sample(others, len(present))
        absent += [run(session, EXISTS.format(name), photo.image) == "no" for name in drawn]
    return [
        ("existence", *fraction(there + absent)),
        ("- where there is one", *fraction(there)),
        ("- where there is none", *fraction(absent)),
    ]


def faces(session: VisProg) -> Rows:
    """Count faces in photographs with known faces."""
    images = {name: load_image(PHOTOS / "clean" / name) for name in FACES}
    answers = [(gold, int(run(session, COUNT_FACES, images[name]))) for name, gold in FACES.items()]
    with_faces = [(gold, said) for gold, said in answers if gold]
    found = sum(min(gold, said) for gold, said in answers)
    return [
        ("photographs with the right count", *fraction([gold == said for gold, said in answers])),
        ("- with people", *fraction([gold == said for gold, said in with_faces])),
        ("- without", *fraction([said == 0 for gold, said in answers if not gold])),
        ("faces found", f"{found}/{sum(FACES.values())}", share(found, sum(FACES.values()))),
        ("finds beyond the count", str(sum(max(0, said - gold) for gold, said in answers)), ""),
    ]


def overlap(first: Edges, second: Edges) -> float:
    """Return intersection over union."""
    both = shared(first, second)
    return both / (area(first) + area(second) - both)


def in_crowd(box: Edges, crowds: Sequence[Edges]) -> bool:
    """Return whether at least half of a box is inside a crowd."""
    return any(shared(box, crowd) >= area(box) / 2 for crowd in crowds)


def shared(first: Edges, second: Edges) -> float:
    """Return the area that two boxes share."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)


def area(box: Edges) -> float:
    """Return width times height."""
    return (box[2] - box[0]) * (box[3] - box[1])


def fraction(right: Sequence[bool]) -> tuple[str, str]:
    """Return `right of all`, and the share."""
    return f"{sum(right)}/{len(right)}", share(sum(right), len(right))


def share(part: int, whole: int) -> str:
    """Return a share with two digits."""
    return f"{part / whole:.2f}" if whole else "-"


def table(title: str, rows: Rows) -> None:
    """Print rows as a table in Markdown."""
    print(f"\n| {title} | | |\n|---|---|---|")
    for row in rows:
        print("|", " | ".join(row), "|")


def main() -> None:
    """Measure, and print tables."""
    if not YOLOX.is_file():
        raise SystemExit(WHY)
    print(f"Python {platform.python_version()}, OpenCV {cv2.__version__}, {platform.machine()}")
    options = {"threshold": float(sys.argv[1])} if len(sys.argv) > 1 else {}
    photographs = list(photos())
    detector = {"model": f"opencv:{YOLOX}", "labels": str(LABELS), **options}
    with VisProg(models={"detector": detector}) as session:
        for name, measure in (
            ("boxes at IoU 0.5", precision_and_recall),
            ("counting programs", counting),
            ("existence programs", existence),
        ):
            table(f"YOLOX-nano {options or ''}: {name}", measure(session, photographs))
    for name, model in () if options else (("YuNet", f"opencv:{YUNET}"), ("Haar", "opencv:haar")):
        with VisProg(models={"face_detector": model}) as session:
            start = perf_counter()
            rows = faces(session)
            table(f"{name}: faces ({perf_counter() - start:.1f} s for {len(FACES)} photographs)", rows)


if __name__ == "__main__":
    main()
