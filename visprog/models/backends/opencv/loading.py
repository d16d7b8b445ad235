"""Loading the models of OpenCV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visprog.errors import ModelUnavailable
from visprog.models.backends.opencv.haar import haar


def load(role: str, identifier: str, options: Mapping[str, Any]) -> object:
    """Return the model that a profile names for a role.

    `haar`, or the path of a YuNet .onnx file, fills face_detector; the path of a YOLOX .onnx file fills
    detector; `inpaint` fills inpainter, for removal only. Raises UsageError for an option that the model does
    not take, and ModelUnavailable for an unknown identifier or an unusable file.
    """
    if (role, identifier) == ("face_detector", "haar"):
        return haar(**options)
    if (role, identifier) == ("inpainter", "inpaint"):
        from visprog.models.backends.opencv.removal import OpenCvRemover

        return OpenCvRemover(**options)
    if role == "face_detector" and identifier.endswith(".onnx"):
        from visprog.models.backends.opencv.yunet import YuNetFaceDetector

        return YuNetFaceDetector(identifier, **options)
    if role == "detector" and identifier.endswith(".onnx"):
        from visprog.models.backends.opencv.yolox import YoloxDetector

        return YoloxDetector(identifier, **options)
    raise ModelUnavailable(
        f"the backend opencv has no {identifier!r} for the role {role}",
        help="it has `opencv:haar` and `opencv:PATH.onnx` (YuNet) for face_detector, "
        "`opencv:PATH.onnx` (YOLOX) for detector, and `opencv:inpaint` for inpainter",
    )
