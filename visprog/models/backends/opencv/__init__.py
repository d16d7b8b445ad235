"""The backend `opencv`: what OpenCV brings itself, and its .onnx files. It needs no further packages."""

from __future__ import annotations

from visprog.models.backend import Backend

BACKEND = Backend(
    name="opencv",
    loader="visprog.models.backends.opencv.loading:load",
    roles=("face_detector", "detector", "inpainter"),
    distributions=("opencv-python", "numpy"),
)
