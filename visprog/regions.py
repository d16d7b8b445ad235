"""Regions of a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, clip, distinct_boxes
from visprog.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of a picture.

    `box` is (left, top, right, bottom) in pixels, right and bottom exclusive. It may extend beyond the edges
    of the picture. `mask` is a boolean array of the picture's shape (height, width), or None. `score` is the
    confidence, from 0 to 1.
    """

    box: Box
    label: str = ""
    score: float = 1.0
    mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        left, top, right, bottom = (int(edge) for edge in self.box)
        if right <= left or bottom <= top:
            raise ValueError(
                f"expected a box (left, top, right, bottom) with an area; found {tuple(self.box)}"
            )
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"expected a score between 0 and 1; found {self.score}")
        object.__setattr__(self, "box", (left, top, right, bottom))
        object.__setattr__(self, "score", float(self.score))
        if self.mask is not None:
            if self.mask.ndim != 2 or self.mask.dtype != np.bool_:
                raise ValueError(
                    f"expected a boolean mask of shape (height, width); "
                    f"found {self.mask.dtype} of shape {self.mask.shape}"
                )
            mask = self.mask.copy() if self.mask.flags.writeable else self.mask
            mask.setflags(write=False)
            object.__setattr__(self, "mask", mask)

    @property
    def width(self) -> int:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Height of the box in pixels."""
        return self.box[3] - self.box[1]

    @property
    def center(self) -> tuple[float, float]:
        """The centre of the box, (x, y) in pixels."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Region):
            return NotImplemented
        same = (self.box, self.label, self.score) == (other.box, other.label, other.score)
        if self.mask is None or other.mask is None:
            return same and self.mask is other.mask
        return same and np.array_equal(self.mask, other.mask)

    def __hash__(self) -> int:
        return hash((self.box, self.label, self.score))

    def __repr__(self) -> str:
        mask = ", mask" if self.mask is not None else ""
        return f"Region({self.label!r} {self.score:.2f} {self.box}{mask})"


class Regions(Sequence[Region]):
    """An immutable sequence of regions of one picture. Regions from a model are sorted, best first.

    `size` is the picture's (width, height), and `frame` its frame, if it is known. Indexing with a slice, a
    list of indices or a boolean sequence returns Regions.
    """

    __slots__ = ("_regions", "frame", "size")

    size: tuple[int, int]
    frame: Frame | None

    def __init__(
        self, regions: Iterable[Region] = (), *, size: tuple[int, int], frame: Frame | None = None
    ) -> None:
        self._regions = tuple(regions)
        self.size = size
        self.frame = frame
        for region in self._regions:
            if region.mask is not None and region.mask.shape != (size[1], size[0]):
                raise ValueError(
                    f"the mask of {region.label or 'a region'} has shape {region.mask.shape}; "
                    f"expected the picture's shape {(size[1], size[0])}"
                )

    @property
    def empty(self) -> bool:
        """Whether there are no regions."""
        return not self._regions

    @property
    def best(self) -> Region | None:
        """The region with the highest score, the first of equal ones; None if there are no regions."""
        return max(self._regions, key=lambda region: region.score, default=None)

    @property
    def labels(self) -> tuple[str, ...]:
        """The label of each region."""
        return tuple(region.label for region in self._regions)

    @property
    def boxes(self) -> NDArray[np.int64]:
        """The boxes as an array of shape (n, 4)."""
        return np.array([region.box for region in self._regions], dtype=np.int64).reshape(-1, 4)

    @property
    def scores(self) -> NDArray[np.float64]:
        """The scores as an array of shape (n,)."""
        return np.array([region.score for region in self._regions], dtype=np.float64)

    def with_label(self, label: str) -> Regions:
        """Return the regions with this label. Case is ignored."""
        folded = label.casefold()
        return self[[i for i, region in enumerate(self._regions) if region.label.casefold() == folded]]

    def distinct(self, most: float) -> Regions:
        """Return the regions, best first, without those that overlap a better one by more than `most`.

        `most` is the intersection over union of the boxes; masks are ignored.
        """
        if len(self) < 2:
            return self
        return self[distinct_boxes(self.boxes, self.scores, most)]

    def union_mask(self) -> NDArray[np.bool_]:
        """Return the union of all masks, of shape (height, width). A region without a mask adds its box."""
        union = np.zeros((self.size[1], self.size[0]), dtype=np.bool_)
        for region in self._regions:
            if region.mask is not None:
                union |= region.mask
            elif (clipped := clip(region.box, self.size)) is not None:
                left, top, right, bottom = clipped
                union[top:bottom, left:right] = True
        return union

    def __len__(self) -> int:
        return len(self._regions)

    def __iter__(self) -> Iterator[Region]:
        return iter(self._regions)

    @overload
    def __getitem__(self, index: int) -> Region: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | Sequence[bool] | NDArray[np.bool_]) -> Regions: ...
    def __getitem__(
        self, index: int | slice | Sequence[int] | Sequence[bool] | NDArray[np.bool_]
    ) -> Region | Regions:
        if isinstance(index, int | np.integer):
            return self._regions[index]
        if isinstance(index, slice):
            return Regions(self._regions[index], size=self.size, frame=self.frame)
        chosen = np.asarray(index)
        if chosen.dtype == np.bool_:
            if chosen.shape != (len(self),):
                raise IndexError(f"expected a boolean index of length {len(self)}; found {chosen.size}")
            chosen = np.flatnonzero(chosen)
        return Regions((self._regions[int(i)] for i in chosen), size=self.size, frame=self.frame)

    def with_frame(self, frame: Frame) -> Regions:
        """Return the regions with another frame, unchanged otherwise."""
        return self if frame == self.frame else Regions(self._regions, size=self.size, frame=frame)

    @property
    def digest(self) -> str:
        """A hash of the regions, the size and the frame."""
        content = hashlib.sha256(repr((self.size, self.frame)).encode())
        for region in self._regions:
            content.update(repr((region.box, region.label, region.score)).encode())
            if region.mask is not None:
                content.update(np.packbits(region.mask).data)
        return content.hexdigest()[:32]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Regions):
            return NotImplemented
        return self.size == other.size and self._regions == other._regions

    def __hash__(self) -> int:
        return hash((self.size, self._regions))

    def __repr__(self) -> str:
        return f"Regions({list(self._regions)!r}, size={self.size})"
