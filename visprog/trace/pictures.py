"""Lists of pictures, which notebooks show as pictures."""

from __future__ import annotations

from typing import TypeGuard

from visprog.values import Image

_SHOWN = 24
"""Maximum number of pictures that a notebook shows."""


class Pictures(list[Image]):
    """A list of pictures. A notebook shows the first ones with their numbers, which count from 0."""

    def _repr_html_(self) -> str:
        from visprog.trace.thumbnails import TINY, thumbnail

        figures = "".join(
            f'<figure style="margin: 0"><img src="{thumbnail(picture, TINY).uri}" alt="picture {number}" '
            f'style="max-height: 140px"><figcaption>{number}: {picture.width} × {picture.height}</figcaption>'
            "</figure>"
            for number, picture in enumerate(self[:_SHOWN])
        )
        rest = f"<p>and {len(self) - _SHOWN:,} more</p>" if len(self) > _SHOWN else ""
        return f'<div style="display: flex; flex-wrap: wrap; gap: 12px">{figures}</div>{rest}'


def is_pictures(value: object) -> TypeGuard[list[Image]]:
    """Return whether a value is a list of pictures that is not empty."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, Image) for each in value)
