"""The backend `opencv`: algorithms that come with OpenCV, and networks in .onnx files. It needs no extra."""

from __future__ import annotations

from visprog.models.backend import Backend
from visprog.models.options import FRACTION, Option, text, whole_number

_PIXELS = whole_number("a number of pixels, 1 or more")

BACKEND = Backend(
    name="opencv",
    loader="visprog.models.backends.opencv.loading:load",
    roles=("face_detector", "detector", "inpainter"),
    distributions=("opencv-python", "numpy"),
    options=(
        Option(
            "side",
            _PIXELS,
            "the longer side, in pixels, of the picture that is searched for faces",
            "1280",
            roles=("face_detector",),
        ),
        Option(
            "smallest",
            _PIXELS,
            "the smallest face, in pixels at that size",
            "20",
            roles=("face_detector",),
            models="haar",
        ),
        Option(
            "threshold",
            FRACTION,
            "the lowest score of a face",
            "0.7",
            roles=("face_detector",),
            models="*.onnx",
        ),
        Option(
            "labels",
            text("the path of a file"),
            "a text file with one class per line",
            "the classes of COCO",
            roles=("detector",),
        ),
        Option("threshold", FRACTION, "the lowest score of a region", "0.3", roles=("detector",)),
        Option(
            "side",
            _PIXELS,
            "the side of the network's input, if its file leaves that open",
            "640",
            roles=("detector",),
        ),
        Option(
            "side",
            whole_number("a number of pixels from 64 to 512", 64, 512),
            "the longer side, in pixels, at which a fill is planned",
            "256",
            roles=("inpainter",),
        ),
    ),
)
