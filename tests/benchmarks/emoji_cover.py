"""Measures how much of a thing or a head remains visible when Emoji hides it, and how much else it hides.

    python -m tests.benchmarks.emoji_cover [FOLDER]

It reads the photographs in the folder in the variable VISPROG_TEST_DATA (default: ../shared/data next to the
repository). Edited photographs are written into FOLDER, to look at them. A pixel is visible if the result of
the tool depends on it.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.coco_dev import Edges, photos
from tests.models.shared_data import PHOTOS, WHY, YUNET
from visprog import Image, Region, Regions, load_image
from visprog.images import save_image
from visprog.models.backends.opencv.haar import haar
from visprog.models.backends.opencv.yunet import YuNetFaceDetector
from visprog.models.roles import FaceDetector
from visprog.modules.manipulation.emoji import emoji
from visprog.modules.understanding.face_det import face_det

EMOJI = ("smiling_face_with_sunglasses", "red_heart", "ghost", "glasses")

HEADS: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "clean/astronaut.png": ((154, 15, 302, 167),),
    "clean/biden.jpg": ((391, 99, 742, 610),),
    "clean/grace_hopper.png": ((153, 22, 378, 358),),
    "clean/man_squatting.png": ((232, 137, 314, 237),),
    "clean/obama.jpg": ((338, 24, 651, 446),),
    "clean/people_4_faces.jpg": (
        (120, 59, 228, 213), (245, 16, 362, 169), (435, 102, 516, 188), (8, 89, 59, 160),
    ),
    "clean/two_people.jpg": ((770, 1, 963, 284), (229, 4, 394, 241)),
    "coco_dev/000000000086.jpg": ((200, 158, 250, 217),),
    "coco_dev/000000000165.jpg": ((115, 27, 215, 148), (443, 112, 555, 239)),
    "coco_dev/000000000294.jpg": ((105, 72, 183, 177),),
    "coco_dev/000000000308.jpg": ((178, 31, 225, 103), (1, 47, 92, 173), (114, 79, 147, 114)),
    "coco_dev/000000000389.jpg": ((247, 92, 380, 261), (94, 252, 181, 323)),
    "coco_dev/000000000436.jpg": ((167, 10, 320, 230),),
    "coco_dev/000000000459.jpg": ((128, 80, 262, 251),),
    "coco_dev/000000000529.jpg": ((240, 98, 300, 166),),
}  # fmt: skip
"""Boxes of heads, from the crown to the chin with hair, caps and ears, drawn by hand. Brims are left out."""


class Cover(NamedTuple):
    """The share of a hidden thing that remains visible, and the hidden area as a multiple of the thing's."""

    visible: float
    area: float


def measure(image: Image, region: Region, thing: NDArray[np.bool_], name: str) -> Cover:
    """Hide a region, and compare with the thing's mask, shape (height, width)."""
    only = Regions([region], size=image.size)
    first, second = (
        emoji(each, only, name, warn=lambda _: None).pixels.astype(int)
        for each in (image, Image(255 - image.pixels))
    )
    visible = (first != second).any(axis=2)
    return Cover(float(visible[thing].mean()), float((~visible).sum() / thing.sum()))


def things(name: str) -> Iterator[Cover]:
    """Hide the gold boxes of COCO, except crowds and boxes of less than 16 pixels."""
    for photo in photos():
        for edges in (edges for boxes in photo.boxes.values() for edges in boxes):
            box = _box(edges)
            if min(box[2] - box[0], box[3] - box[1]) >= 16:
                region = Region(box, "thing")
                mask = Regions([region], size=photo.image.size).union_mask()
                yield measure(photo.image, region, mask, name)


def heads(detector: FaceDetector, name: str) -> Iterator[Cover]:
    """Hide the faces that the detector finds, and compare with the ellipses of the heads."""
    for photo, boxes in HEADS.items():
        image = load_image(PHOTOS / photo)
        faces = face_det(image, face_detector=detector)
        for box in boxes:
            face = next((each for each in faces if _contains(box, each.center)), None)
            if face is not None:
                yield measure(image, face, ellipse(box, image.size), name)


def ellipse(box: tuple[int, int, int, int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the mask of the ellipse in a box."""
    x = (2 * np.arange(size[0]) + 1 - box[0] - box[2]) / (box[2] - box[0])
    y = (2 * np.arange(size[1])[:, np.newaxis] + 1 - box[1] - box[3]) / (box[3] - box[1])
    return np.asarray(np.hypot(x, y) < 1)


def _box(edges: Edges) -> tuple[int, int, int, int]:
    return round(edges[0]), round(edges[1]), round(edges[2]), round(edges[3])


def _contains(box: tuple[int, int, int, int], point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def row(title: str, covers: Sequence[Cover]) -> str:
    """Return a line of the table."""
    shares = [cover.visible for cover in covers]
    area = statistics.median(cover.area for cover in covers)
    return (
        f"| {title} | {len(covers)} | {statistics.mean(shares):.1%} | {max(shares):.1%} "
        f"| {sum(share == 0 for share in shares)} | {area:.2f} |"
    )


def save_edited(folder: Path) -> None:
    """Write each photograph of people with its faces hidden."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, photo in enumerate(HEADS):
        image = load_image(PHOTOS / photo)
        faces = face_det(image, face_detector=YuNetFaceDetector(YUNET))
        name = EMOJI[index % len(EMOJI)]
        save_image(emoji(image, faces, name, warn=print), folder / f"{Path(photo).stem}_{name}.png")


def main() -> None:
    """Measure, and print a table in Markdown."""
    if not YUNET.is_file():
        raise SystemExit(WHY)
    print("| hidden | number | visible, mean | visible, most | hidden whole | area, median |")
    print("|---|---|---|---|---|---|")
    for name in EMOJI:
        print(row(f"gold boxes, {name}", list(things(name))), flush=True)
    for title, detector in (("YuNet", YuNetFaceDetector(YUNET)), ("Haar", haar())):
        for name in EMOJI[:2]:
            print(row(f"heads by {title}, {name}", list(heads(detector, name))), flush=True)
    if len(sys.argv) > 1:
        save_edited(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
