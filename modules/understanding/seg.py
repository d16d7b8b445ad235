"""Seg: divides a picture into things and stuff."""

from __future__ import annotations

from visprog.models.roles import Segmenter
from visprog.tools import tool
from visprog.values import Image, Regions


@tool("Seg")
def seg(image: Image, *, segmenter: Segmenter) -> Regions:
    """Divide `image` into all its things and stuff, each with a label and a mask."""
    return segmenter.segment(image)
