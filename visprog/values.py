"""The values of programs: pictures, and regions of pictures.

They are immutable. A tool that changes a value returns a new one.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.frame import Frame

if TYPE_CHECKING:
    from typing import Self

Box: TypeAlias = tuple[int, int, int, int]
"""`(left, top, right, bottom)` in pixels; right and bottom are exclusive, as in PIL."""

Scalar: TypeAlias = str | int | float | bool
"""A value that Eval or Vqa returns."""


class Image:
    """An RGB picture.

    `pixels` is an array of shape (height, width, 3) and type uint8. It is copied, and the copy is read-only.
    `notes` are warnings about how the picture was read. `visprog.images.load_image` reads files.
    """

    __slots__ = ("_digest", "_frame", "_hash", "_origin", "notes", "pixels")

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...]
    _digest: str | None
    _frame: Frame | None
    _hash: int | None
    _origin: tuple[Image, Box] | None

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise ValueError(
                f"expected a uint8 array of shape (height, width, 3), both at least 1; "
                f"found {pixels.dtype} of shape {pixels.shape}"
            )
        self._adopt(pixels.copy(), None)

    def _adopt(self, pixels: NDArray[np.uint8], origin: tuple[Image, Box] | None) -> None:
        pixels.setflags(write=False)
        self.pixels = pixels
        self.notes = ()
        self._origin = origin
        self._frame = None
        self._digest = None
        self._hash = None

    @classmethod
    def from_pil(cls, picture: PILImage.Image) -> Self:
        """Return an Image with the pixels of a PIL picture, converted to RGB."""
        return cls(np.asarray(picture.convert("RGB")))

    @classmethod
    def adopt(cls, pixels: NDArray[np.uint8]) -> Self:
        """Return an Image with this array, without a copy. Nobody else may change the array."""
        image = cls.__new__(cls)
        image._adopt(pixels, None)
        return image

    @classmethod
    def restore(cls, pixels: NDArray[np.uint8], digest: str, frame: Frame | None = None) -> Self:
        """Return an Image that was saved with its digest and frame.

        The digest of a crop depends on more than its pixels.
        """
        image = cls(pixels)
        image._digest = digest
        image._frame = frame
        return image

    def to_pil(self) -> PILImage.Image:
        """Return a copy as a PIL picture, which may be changed."""
        return PILImage.fromarray(self.pixels)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """`(width, height)` in pixels, as in PIL."""
        return self.width, self.height

    @property
    def origin(self) -> tuple[Image, Box] | None:
        """The picture from which this one was cropped, and the box; None for other pictures."""
        return self._origin

    @property
    def frame(self) -> Frame | None:
        """The picture's place in the input from which it was made; None if it is not known."""
        if self._frame is not None or self._origin is None:
            return self._frame
        parent, (left, top, _, _) = self._origin
        return parent.frame.shifted(left, top) if parent.frame is not None else None

    @property
    def digest(self) -> str:
        """A hash of the content and the frame, computed once.

        A crop's digest is made from its parent's digest and the box. A root's digest has no frame.
        """
        if self._digest is None:
            content = hashlib.sha256()  # most processors have instructions for it
            if self._origin is not None:
                parent, box = self._origin
                content.update(f"{parent.digest} {box}".encode())
            else:
                content.update(repr(self.pixels.shape).encode())
                content.update(np.ascontiguousarray(self.pixels).data)
            self._digest = _framed(content.hexdigest()[:32], self._frame)
        return self._digest

    def as_root(self) -> Image:
        """Return the picture as the root of its own frame."""
        if self._frame is None:
            return self.with_frame(Frame(self.digest, 0, 0, self.size))
        if self._frame.root == self.digest:
            return self
        image = Image.adopt(self.pixels)
        image.notes = self.notes
        return image.as_root()

    def with_frame(self, frame: Frame) -> Image:
        """Return the picture with another frame. The pixels are shared."""
        if frame == self.frame:
            return self
        image = Image.__new__(Image)
        image._adopt(self.pixels, self._origin)
        image.notes, image._hash = self.notes, self._hash
        if self._digest is not None and self._frame is None:
            image._digest = _framed(self._digest, frame)
        image._frame = frame
        return image

    def crop(self, box: Box) -> Image:
        """Return the part inside `box`, clipped to the picture. The pixels are shared, not copied.

        Raises ValueError if the box is outside the picture.
        """
        clipped = clip(box, self.size)
        if clipped is None:
            raise ValueError(f"the box {box} is outside the picture of {self.width}x{self.height}")
        left, top, right, bottom = clipped
        part = Image.__new__(Image)
        part._adopt(self.pixels[top:bottom, left:right], (self, clipped))
        return part

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Image):
            return NotImplemented
        return np.array_equal(self.pixels, other.pixels)

    def __hash__(self) -> int:
        if self._hash is None:
            down, across = max(1, self.height // 8), max(1, self.width // 8)
            self._hash = hash((self.pixels.shape, self.pixels[::down, ::across].tobytes()))
        return self._hash

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the pixels for functions of numpy."""
        return np.array(self.pixels, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        return f"Image({self.width}x{self.height})"

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.to_pil().save(buffer, "PNG")
        return buffer.getvalue()


def _framed(digest: str, frame: Frame | None) -> str:
    """Return the digest of a picture in a frame. A root is its own frame."""
    if frame is None or frame.root == digest:
        return digest
    return hashlib.sha256(f"{digest} {frame}".encode()).hexdigest()[:32]


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
        boxes = self.boxes.astype(np.float64)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        waiting = np.argsort(-self.scores, kind="stable")
        kept = []
        while waiting.size:
            best, waiting = waiting[0], waiting[1:]
            kept.append(int(best))
            low = np.maximum(boxes[best, :2], boxes[waiting, :2])
            sides = np.minimum(boxes[best, 2:], boxes[waiting, 2:]) - low
            shared = np.prod(np.maximum(sides, 0.0), axis=1)
            waiting = waiting[shared / (areas[best] + areas[waiting] - shared) <= most]
        return self[kept]

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


def box_overlap(
    first: Sequence[float] | NDArray[np.float64], second: Sequence[float] | NDArray[np.float64]
) -> float:
    """Return the intersection over union of two boxes (left, top, right, bottom)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    first_area, second_area = ((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (first_area + second_area - shared) if shared else 0.0


def clip(box: Box, size: tuple[int, int]) -> Box | None:
    """Return the part of `box` inside a picture of `size` (width, height); None if there is none."""
    left, top = max(box[0], 0), max(box[1], 0)
    right, bottom = min(box[2], size[0]), min(box[3], size[1])
    return (left, top, right, bottom) if left < right and top < bottom else None


def enlarge(box: Box, factor: float, size: tuple[int, int]) -> Box | None:
    """Scale `box` about its centre by `factor`, and clip it to `size`. Return None if nothing is left."""
    center_x, center_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half_width, half_height = (box[2] - box[0]) * factor / 2, (box[3] - box[1]) * factor / 2
    grown = (
        round(center_x - half_width),
        round(center_y - half_height),
        round(center_x + half_width),
        round(center_y + half_height),
    )
    return clip(grown, size)
