"""Loading the models of OpenCV, which come with it or are .onnx files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.backends.opencv.haar import haar


def load(role: str, identifier: str, options: Mapping[str, Any]) -> object:
    """Return the model that a profile names, for the role that it fills.

    `haar`, or the path of a YuNet .onnx file, fills face_detector; the path of a YOLOX .onnx file fills
    detector; `inpaint` fills inpainter, for removal alone. Raises UsageError for an option that the model
    does not take, and ModelUnavailable for a role or a name that it does not know, or a file of no use.
    """
    if (role, identifier) == ("face_detector", "haar"):
        return haar(**_checked(options, "opencv:haar", {"side": int, "smallest": int}))
    if (role, identifier) == ("inpainter", "inpaint"):
        from visprog.models.backends.opencv.removal import OpenCvRemover

        return OpenCvRemover(**_checked(options, "opencv:inpaint", {"radius": int}))
    if role == "face_detector" and identifier.endswith(".onnx"):
        from visprog.models.backends.opencv.yunet import YuNetFaceDetector

        known = {"side": int, "threshold": float}
        return YuNetFaceDetector(identifier, **_checked(options, "a face detector of OpenCV", known))
    if role == "detector" and identifier.endswith(".onnx"):
        from visprog.models.backends.opencv.yolox import YoloxDetector

        known = {"labels": str, "threshold": float, "side": int}
        return YoloxDetector(identifier, **_checked(options, "a detector of OpenCV", known))
    raise ModelUnavailable(
        f"the backend opencv has no {identifier!r} for the role {role}",
        help="it has `opencv:haar` and `opencv:PATH.onnx` (YuNet) for face_detector, "
        "`opencv:PATH.onnx` (YOLOX) for detector, and `opencv:inpaint` for inpainter",
    )


_EXPECTED = {
    int: "a whole number of pixels, 1 or more",
    float: "a number between 0 and 1",
    str: "the path of a file",
}


def _checked(options: Mapping[str, Any], what: str, known: Mapping[str, type]) -> Mapping[str, Any]:
    """Return the options. Raises UsageError for one that is not known, or not of the known type."""
    for name, value in options.items():
        kind = known.get(name)
        if kind is None:
            raise UsageError(f"{what} takes no option `{name}`", help=f"its options are {', '.join(known)}")
        fits = {
            int: type(value) is int and value >= 1,
            float: type(value) in (int, float) and 0 <= value <= 1,
            str: type(value) is str,
        }
        if not fits[kind]:
            raise UsageError(f"the option `{name}` of {what} is {_EXPECTED[kind]}; found {value!r}")
    return options
