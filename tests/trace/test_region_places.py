"""Where regions are drawn on a picture."""

from __future__ import annotations

import numpy as np

from visprog.trace.figures import Album
from visprog.values import Image, Region, Regions

PICTURE = Image(np.zeros((50, 200, 3), dtype=np.uint8))
REGIONS = Regions([Region((20, 10, 120, 40), "dog", 0.5)], size=(200, 50))


def test_a_region_is_placed_in_percent_of_its_picture() -> None:
    figure = Album().figure(PICTURE, "", REGIONS)
    assert figure is not None
    (shape,) = figure.shapes
    assert (shape.x, shape.y, shape.width, shape.height) == ("10", "20", "50", "60")
