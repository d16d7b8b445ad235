"""FaceDet: finds faces."""

from __future__ import annotations

from visprog.boxes import enlarge
from visprog.models.roles import FaceDetector
from visprog.tools import tool
from visprog.values import Image, Region, Regions


@tool("FaceDet")
def face_det(image: Image, *, face_detector: FaceDetector, scale: float = 1.5) -> Regions:
    """Find the faces in `image`, best first.

    Most detectors return a box from brows to chin. It is enlarged 1.5 times about its centre to contain the
    head, and clipped to the picture. The setting `scale` changes this factor; use 1.0 for a model that finds
    whole heads.
    """
    faces = []
    for face in face_detector.detect_faces(image):
        box = enlarge(face.box, scale, image.size)
        if box is not None:
            faces.append(Region(box, "face", face.score))
    return Regions(faces, size=image.size)
