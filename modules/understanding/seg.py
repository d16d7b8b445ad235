"""Seg: segments a picture."""

from __future__ import annotations

from visprog.models.roles import Segmenter
from visprog.tools import tool
from visprog.values import Image, Regions


@tool("Seg")
def seg(image: Image, *, segmenter: Segmenter) -> Regions:
    """Segment `image` into regions of things and stuff, each with a label and a mask."""
    return segmenter.segment(image)
