"""Frames: where a picture lies in the picture from which it was made."""

from __future__ import annotations

from typing import NamedTuple


class Frame(NamedTuple):
    """The place of a picture in its root: the input picture from which it was cropped or edited.

    `root` is the root's digest and `root_size` its (width, height). `left` and `top` are the place of the
    picture's first pixel in the root.
    """

    root: str
    left: int
    top: int
    root_size: tuple[int, int]

    def shifted(self, left: int, top: int) -> Frame:
        """Return the frame of a crop whose first pixel is at (left, top) of this picture."""
        return self._replace(left=self.left + left, top=self.top + top)

    @property
    def whole(self) -> Frame:
        """The frame of the root itself."""
        return self._replace(left=0, top=0)
