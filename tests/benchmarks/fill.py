"""Compares ways to fill the place of a removed thing: OpenCV's two methods, and ours, which copies patches.

    python -m tests.benchmarks.fill [FOLDER]

It reads the photographs in the folder in the variable VISPROG_TEST_DATA (default: ../shared/data next to the
repository). Ellipses of background are filled, so the truth is known. A smooth smear has a good PSNR, so the
contrast counts as well: the distance between the steepness of the fill's pixels and of the truth's, relative
to the mean steepness. Zero is best, and a smear without any detail has one. The largest fill is timed in a
photograph of 12 megapixels. Things that are removed by Replace are written into FOLDER, to look at them.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.coco_dev import photos
from tests.models.shared_data import PHOTOS, WHY
from visprog import Image, Region, Regions, load_image
from visprog.images import save_image
from visprog.models.backends.opencv.removal import OpenCvRemover
from visprog.modules.manipulation.replace import replace

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

REMOVED = {
    "clean/cat.jpg": (540, 0, 1010, 720),
    "clean/two_dogs_on_grass.jpg": (109, 36, 256, 298),
    "clean/owl_on_grass.jpg": (155, 10, 330, 375),
    "clean/parrot.jpg": (110, 100, 475, 870),
    "clean/chickadee.png": (40, 90, 480, 500),
    "coco_dev/000000000030.jpg": (238, 156, 404, 351),
    "coco_dev/000000000086.jpg": (152, 183, 281, 559),
    "coco_dev/000000000294.jpg": (30, 70, 390, 426),
    "coco_dev/000000000360.jpg": (240, 139, 313, 196),
    "coco_dev/000000000520.jpg": (300, 141, 332, 161),
    "coco_dev/000000000540.jpg": (155, 185, 455, 270),
    "coco_dev/000000000629.jpg": (320, 255, 570, 420),
}
"""Boxes of things to remove."""


class Quality(NamedTuple):
    """PSNR in decibels, structural similarity, and distance of contrast; means over the filled pixels."""

    psnr: float
    similarity: float
    contrast: float


def by_opencv(method: int) -> Callable[[Pixels, Mask], Pixels]:
    """Return a fill by one of OpenCV's methods, at a longer side of at most 512 pixels."""

    def fill(pixels: Pixels, mask: Mask) -> Pixels:
        scale = min(1.0, 512 / max(mask.shape))
        size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        part = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        filled = cv2.inpaint(small, part.astype(np.uint8), 5, method)
        large = cv2.resize(filled, mask.shape[::-1], interpolation=cv2.INTER_CUBIC)
        return np.where(mask[..., np.newaxis], large, pixels)

    return fill


def by_patches(pixels: Pixels, mask: Mask) -> Pixels:
    """Return the fill of `opencv:inpaint`."""
    return OpenCvRemover().inpaint(Image(pixels), mask, "nothing").pixels


METHODS = {
    "INPAINT_TELEA": by_opencv(cv2.INPAINT_TELEA),
    "INPAINT_NS": by_opencv(cv2.INPAINT_NS),
    "patches": by_patches,
}


def cases() -> Iterator[tuple[Pixels, Mask]]:
    """Yield photographs of COCO, each with an ellipse that touches no gold box."""
    random = np.random.default_rng(7)
    for photo in photos():
        pixels = photo.image.pixels
        height, width = pixels.shape[:2]
        busy = np.zeros((height, width), dtype=np.bool_)
        for left, top, right, bottom in (each for boxes in photo.boxes.values() for each in boxes):
            busy[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = True
        for _ in range(300):
            across, down = random.uniform(0.09, 0.16, 2) * (width, height)
            x, y = random.uniform((across, down), (width - across, height - down))
            mask = np.hypot((np.arange(width) - x) / across, (np.arange(height)[:, None] - y) / down) < 1
            if not (mask & busy).any():
                yield pixels, mask
                break


def quality(truth: Pixels, filled: Pixels, mask: Mask) -> Quality:
    """Compare a fill with the truth."""
    error = np.square(truth[mask].astype(float) - filled[mask]).mean()
    steep, ours = (np.sort(_steepness(each)[mask]) for each in (truth, filled))
    return Quality(
        float(10 * np.log10(255**2 / max(error, 1e-9))),
        float(_similarity(_grey(truth), _grey(filled))[mask].mean()),
        float(np.abs(steep - ours).mean() / max(steep.mean(), 1.0)),
    )


def _grey(pixels: Pixels) -> NDArray[np.float64]:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float64))


def _steepness(pixels: Pixels) -> NDArray[np.float64]:
    grey = _grey(pixels)
    return np.asarray(np.hypot(cv2.Sobel(grey, cv2.CV_64F, 1, 0), cv2.Sobel(grey, cv2.CV_64F, 0, 1)))


def _similarity(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the structural similarity of each pixel (Wang and others, 2004)."""

    def mean(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), 1.5))

    means, joint = (mean(first), mean(second)), mean(first * second)
    spread = mean(first**2) - means[0] ** 2 + mean(second**2) - means[1] ** 2
    alike = (2 * means[0] * means[1] + 6.5025) / (means[0] ** 2 + means[1] ** 2 + 6.5025)
    return np.asarray(alike * (2 * (joint - means[0] * means[1]) + 58.5225) / (spread + 58.5225))


def compare() -> None:
    """Print the mean quality and the CPU time of each method."""
    print("| method | PSNR, dB | SSIM | distance of contrast | CPU seconds |\n|---|---|---|---|---|")
    everything = list(cases())
    for name, fill in METHODS.items():
        start = time.process_time()
        found = [quality(pixels, fill(pixels, mask), mask) for pixels, mask in everything]
        seconds = (time.process_time() - start) / len(everything)
        psnr, similarity, contrast = map(statistics.mean, zip(*found, strict=True))
        print(f"| {name} | {psnr:.2f} | {similarity:.3f} | {contrast:.3f} | {seconds:.2f} |", flush=True)


def large() -> None:
    """Print the CPU time and the memory of large fills in a photograph of 12 megapixels."""
    small = load_image(PHOTOS / "clean" / "cat.jpg").pixels
    pixels = np.asarray(cv2.resize(small, (4000, 3000), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    for share in (0.02, 0.2, 0.6):
        mask = np.zeros((3000, 4000), dtype=np.bool_)
        height, width = round(3000 * share**0.5), round(4000 * share**0.5)
        mask[100 : 100 + height, 100 : 100 + width] = True
        start = time.process_time()
        by_patches(pixels, mask)
        seconds = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"12 megapixels, {share:.0%} filled: {seconds:.1f} CPU seconds; peak so far {peak:.0f} MB")


def save_removed(folder: Path) -> None:
    """Remove the listed things with Replace, and write the photographs before and after side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    for photo, box in REMOVED.items():
        image = load_image(PHOTOS / photo)
        thing = Regions([Region(box, "thing")], size=image.size)
        out = replace(image, thing, "nothing", inpainter=OpenCvRemover(), masker=None, warn=print)
        save_image(Image(np.hstack([image.pixels, out.pixels])), folder / f"{Path(photo).stem}.png")


def main() -> None:
    """Measure."""
    if not (PHOTOS / "coco_dev" / "boxes.jsonl").is_file():
        raise SystemExit(WHY)
    compare()
    large()
    if len(sys.argv) > 1:
        save_removed(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
