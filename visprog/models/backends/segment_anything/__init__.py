"""The backend `segment_anything`: Meta's checkpoints of SAM, by the path of a .pth file."""

from __future__ import annotations

from visprog.models.backend import Backend
from visprog.models.options import FRACTION, PLACEMENT, Option, whole_number

BACKEND = Backend(
    name="segment_anything",
    loader="visprog.models.backends.segment_anything.sam:load",
    roles=("segmenter", "masker"),
    packages=("torch", "segment_anything"),
    distributions=("segment-anything", "torch", "torchvision"),
    placed=True,
    options=(
        *PLACEMENT,
        Option(
            "points",
            whole_number("a whole number from 1 to 100000", 1, 100_000),
            "the number of points on each side of the grid",
            "32",
        ),
        Option("quality", FRACTION, "the lowest quality that the model expects of a mask", "0.88"),
        Option("stability", FRACTION, "the lowest stability of a mask", "0.95"),
        Option("nms", FRACTION, "the overlap above which the worse mask is dropped", "0.7"),
        Option(
            "crops",
            whole_number("a whole number from 0 to 100000", 0, 100_000),
            "the number of layers of crops that are searched too",
            "0",
        ),
        Option(
            "smallest",
            whole_number("a number of pixels, 0 or more", 0, 100_000),
            "the area, in pixels, below which parts and holes of a mask are dropped",
            "0",
        ),
        Option(
            "side",
            whole_number("a number of pixels, 1 or more", 1, 100_000),
            "the longer side, in pixels, of the picture that is divided",
            "1500",
        ),
    ),
)
