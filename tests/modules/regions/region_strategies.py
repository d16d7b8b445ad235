"""Hypothesis strategies for regions of one picture."""

from __future__ import annotations

from hypothesis import strategies as st

from visprog.values import Region, Regions

SIZE = (40, 30)

boxes = st.tuples(st.integers(-10, 40), st.integers(-10, 30), st.integers(1, 30), st.integers(1, 30)).map(
    lambda it: (it[0], it[1], it[0] + it[2], it[1] + it[3])
)
regions = st.builds(Region, boxes, st.sampled_from(["cat", "dog"]), st.sampled_from([0.2, 0.5, 0.9]))
several = st.lists(regions, max_size=6).map(lambda found: Regions(found, size=SIZE))


def mirrored(found: Regions) -> Regions:
    """Return the regions as they lie in the mirrored picture."""
    width = found.size[0]
    return Regions(
        (Region((width - r.box[2], r.box[1], width - r.box[0], r.box[3]), r.label, r.score) for r in found),
        size=found.size,
    )


def at(*boxes: tuple[int, int, int, int], size: tuple[int, int] = SIZE) -> Regions:
    """Return regions with these boxes, labelled A, B, C and so on."""
    return Regions((Region(box, chr(ord("A") + i)) for i, box in enumerate(boxes)), size=size)
