"""Measures how well the edges of masks fit, on photographs with known masks.

    python -m tests.benchmarks.edges

It reads `seg_gold` in the folder that the variable VISPROG_TEST_DATA names (default: ../shared/data
next to the repository). Each object is cut out from the box of its known mask, from its known mask, and from
a coarse copy of the mask: reduced to a sixteenth and enlarged again. The columns are

- IoU: intersection over union with the known mask;
- distance: mean distance of the pixels on each edge from the other edge, in thousandths of the diagonal;
- F: harmonic mean of the shares of pixels on each edge that are at most two pixels from the other edge;
- error: mean difference of the alpha from the known mask, in thousandths, and the same for the mask given.

Pixels whose class is unknown, and the picture's own edges, are ignored.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.boxes import Box
from visprog.images import load_image
from visprog.modules.manipulation.foreground import foreground_alpha
from visprog.values import Image, Region, Regions

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.models.shared_data import DATA, WHY

Mask = NDArray[np.bool_]

CLASSES: dict[str, tuple[dict[str, tuple[int, ...]], tuple[int, ...]]] = {
    "bird": ({"bird": (2, 3)}, ()),  # 1 and 2 are steps between the background and the bird
    "dog": ({"dog": (0,)}, (2,)),
    "cityscapes": ({"pole": (5,), "car": (13,)}, (255,)),
}
"""Of each photograph: the numbers of the measured classes in the mask, and the numbers of unknown classes."""

LEAST = 1000
"""Least size, in pixels, of an object. Each connected part of a class is an object."""

TOLERANCE = 2
"""Distance, in pixels, at which two edges agree."""


class Case(NamedTuple):
    """An object in a photograph: its known mask, and the pixels whose class is known."""

    name: str
    image: Image
    mask: Mask
    known: Mask


class Fit(NamedTuple):
    """How well a mask fits. The edge is unknown if the known mask has a band of unknown pixels around it."""

    overlap: float
    distance: float
    agreement: float


def cases() -> Iterator[Case]:
    """Read the photographs and the known masks of their objects."""
    for name, (classes, unknown) in CLASSES.items():
        image = load_image(DATA / "seg_gold" / f"{name}_segmentation.png")
        labels = np.asarray(PILImage.open(DATA / "seg_gold" / f"{name}_segmentation_mask.png"))
        known = ~np.isin(labels, unknown)
        for title, values in classes.items():
            count, parts = cv2.connectedComponents(np.isin(labels, values).astype(np.uint8), connectivity=4)
            masks = [parts == part for part in range(1, count)]
            large = [mask for mask in masks if mask.sum() >= LEAST]
            for number, mask in enumerate(large, 1):
                yield Case(f"{title} {number}" if len(large) > 1 else title, image, mask, known)


def box_of(mask: Mask) -> Box:
    """Return the box of a mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def coarse(mask: Mask) -> Mask:
    """Return the mask after reduction to a sixteenth of its width and height."""
    height, width = mask.shape
    small = cv2.resize(
        mask.astype(np.float32), (-(-width // 16), -(-height // 16)), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5)


def inner_edge(mask: Mask) -> Mask:
    """Return the pixels of the mask that touch a pixel outside, without the picture's own edges."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return mask & (cv2.erode(mask.astype(np.uint8), cross, borderValue=1) == 0)


def fit(found: Mask, gold: Mask, known: Mask) -> Fit:
    """Compare a mask with the known mask."""
    inside = found & known
    overlap = float((inside & gold).sum() / (inside | gold).sum())
    first, second = inner_edge(found), inner_edge(gold)
    if not first.any() or not second.any():
        return Fit(overlap, float("nan"), 0.0)
    from_first, from_second = (
        cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        for edge in (first, second)
    )
    there, back = from_second[first], from_first[second]
    distance = (there.mean() + back.mean()) / 2 / np.hypot(*gold.shape) * 1000
    precision, recall = float((there <= TOLERANCE).mean()), float((back <= TOLERANCE).mean())
    both = precision + recall
    return Fit(overlap, float(distance), 2 * precision * recall / both if both else 0.0)


def rows(case: Case) -> Iterator[tuple[str, ...]]:
    """Measure an object: from its box, from its known mask, and from a coarse mask."""
    box, size = box_of(case.mask), case.image.size
    whole = Regions([Region(box)], size=size).union_mask()
    for name, given in (("box", None), ("mask", case.mask), ("coarse mask", coarse(case.mask))):
        region = Region(box, "", 1.0, given)
        start = process_time()
        alpha = foreground_alpha(case.image, Regions([region], size=size))
        seconds = process_time() - start
        before = fit(whole if given is None else given, case.mask, case.known)
        after = fit(alpha > 0.5, case.mask, case.known)
        errors = [
            float(np.abs(each - case.mask)[case.known].mean()) * 1000
            for each in (np.asarray(whole if given is None else given, np.float32), alpha)
        ]
        edge = bool(case.known[cv2.dilate(case.mask.astype(np.uint8), np.ones((3, 3))) > 0].all())
        figures = [f"{before.overlap:.3f}", f"{after.overlap:.3f}"]
        for one, other, digits in (
            (before.distance, after.distance, 1),
            (before.agreement, after.agreement, 2),
        ):
            figures += [f"{one:.{digits}f}", f"{other:.{digits}f}"] if edge else ["-", "-"]
        yield case.name, name, *figures, *(f"{error:.1f}" for error in errors), f"{seconds:.2f}"


def main() -> None:
    """Measure, and print a table."""
    if not (DATA / "seg_gold").is_dir():
        raise SystemExit(WHY)
    titles = (
        "object", "from", "IoU given", "IoU", "distance given", "distance", "F given", "F", "error given",
        "error", "seconds",
    )  # fmt: skip
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for case in cases():
        for row in rows(case):
            print("|", " | ".join(row), "|", flush=True)


if __name__ == "__main__":
    main()
