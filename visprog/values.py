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

from visprog.overlaps import distinct_boxes
from visprog.transparency import Uint8Array, multiplied, on_checkerboard, over_white, rgba, straight

if TYPE_CHECKING:
    from typing import Self

Box: TypeAlias = tuple[int, int, int, int]
"""`(left, top, right, bottom)` in pixels; right and bottom are exclusive, as in PIL."""

Scalar: TypeAlias = str | int | float | bool
"""A value that Eval or Vqa returns."""


class Image:
    """An RGB picture.

    `pixels` is an array of shape (height, width, 3) and type uint8. It is copied, and the copy is read-only.
    `alpha` is the opacity of each pixel, an array of shape (height, width) and type uint8, or None if the
    picture is opaque. `pixels` shows a transparent picture on white, so tools and models may ignore `alpha`.
    `notes` are warnings about how the picture was read. `visprog.images.load_image` reads files.
    """

    __slots__ = ("_digest", "_hash", "_origin", "alpha", "notes", "pixels")

    pixels: NDArray[np.uint8]
    alpha: Uint8Array | None
    notes: tuple[str, ...]
    _digest: str | None
    _hash: int | None
    _origin: tuple[Image, Box] | None

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise ValueError(
                f"expected a uint8 array of shape (height, width, 3), both at least 1; "
                f"found {pixels.dtype} of shape {pixels.shape}"
            )
        self._adopt(pixels.copy(), None)

    def _adopt(
        self, pixels: Uint8Array, origin: tuple[Image, Box] | None, alpha: Uint8Array | None = None
    ) -> None:
        pixels.setflags(write=False)
        self.pixels = pixels
        self.alpha = None if alpha is None or alpha.min() == 255 else alpha
        if self.alpha is not None:
            self.alpha.setflags(write=False)
        self.notes = ()
        self._origin = origin
        self._digest = None
        self._hash = None

    @classmethod
    def from_pil(cls, picture: PILImage.Image) -> Image:
        """Return an Image with the pixels of a PIL picture, converted to RGB, and its transparency."""
        if not picture.has_transparency_data:
            return cls(np.asarray(picture.convert("RGB")))
        planes = np.asarray(picture.convert("RGBA"))
        return cls(planes[..., :3]).with_alpha(planes[..., 3])

    @classmethod
    def adopt(cls, pixels: NDArray[np.uint8]) -> Self:
        """Return an Image with this array, without a copy. Nobody else may change the array."""
        image = cls.__new__(cls)
        image._adopt(pixels, None)
        return image

    @classmethod
    def restore(cls, pixels: Uint8Array, digest: str, alpha: Uint8Array | None = None) -> Self:
        """Return an Image that was saved with its digest. A crop's digest depends on more than its pixels."""
        image = cls(pixels)
        if alpha is not None:
            image._adopt(image.pixels, None, alpha.copy())
        image._digest = digest
        return image

    def with_alpha(self, alpha: Uint8Array) -> Image:
        """Return the picture with the opacity of each pixel multiplied by `alpha` / 255.

        `alpha` is a uint8 array of shape (height, width). The colours of transparent pixels are dropped.
        """
        if alpha.shape != self.pixels.shape[:2] or alpha.dtype != np.uint8:
            raise ValueError(
                f"expected a uint8 array of the picture's shape {self.pixels.shape[:2]}; "
                f"found {alpha.dtype} of shape {alpha.shape}"
            )
        image = Image.__new__(Image)
        plane = alpha.copy() if self.alpha is None else multiplied(self.alpha, alpha)
        image._adopt(over_white(self.pixels, alpha), None, plane)
        return image

    def to_pil(self, *, alpha: bool = False) -> PILImage.Image:
        """Return a copy as a PIL picture, which may be changed.

        It is RGB, with white where the picture is transparent. With `alpha`, a transparent picture is RGBA.
        """
        if self.alpha is None or not alpha:
            return PILImage.fromarray(self.pixels)
        return rgba(straight(self.pixels, self.alpha), self.alpha)

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
    def digest(self) -> str:
        """A hash of the content, computed once. A crop's digest is made from its parent's and the box."""
        if self._digest is None:
            content = hashlib.sha256()  # most processors have instructions for it
            if self._origin is not None:
                parent, box = self._origin
                content.update(f"{parent.digest} {box}".encode())
            else:
                content.update(repr(self.pixels.shape).encode())
                content.update(np.ascontiguousarray(self.pixels).data)
                if self.alpha is not None:
                    content.update(b"alpha")
                    content.update(np.ascontiguousarray(self.alpha).data)
            self._digest = content.hexdigest()[:32]
        return self._digest

    def crop(self, box: Box) -> Image:
        """Return the part inside `box`, clipped to the picture. The pixels are shared, not copied.

        Raises ValueError if the box is outside the picture.
        """
        clipped = clip(box, self.size)
        if clipped is None:
            raise ValueError(f"the box {box} is outside the picture of {self.width}x{self.height}")
        left, top, right, bottom = clipped
        part = Image.__new__(Image)
        alpha = None if self.alpha is None else self.alpha[top:bottom, left:right]
        part._adopt(self.pixels[top:bottom, left:right], (self, clipped), alpha)
        return part

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Image):
            return NotImplemented
        if self.alpha is None or other.alpha is None:
            return self.alpha is other.alpha and np.array_equal(self.pixels, other.pixels)
        return np.array_equal(self.alpha, other.alpha) and np.array_equal(self.pixels, other.pixels)

    def __hash__(self) -> int:
        if self._hash is None:
            down, across = max(1, self.height // 8), max(1, self.width // 8)
            self._hash = hash((self.pixels.shape, self.pixels[::down, ::across].tobytes()))
        return self._hash

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the pixels for functions of numpy."""
        return np.array(self.pixels, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        alpha = "" if self.alpha is None else ", alpha"
        return f"Image({self.width}x{self.height}{alpha})"

    def _repr_png_(self) -> bytes:
        shown = self.pixels if self.alpha is None else on_checkerboard(self.pixels, self.alpha)
        buffer = io.BytesIO()
        PILImage.fromarray(shown).save(buffer, "PNG")
        return buffer.getvalue()


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

    `size` is the picture's (width, height). Indexing with a slice, a list of indices or a boolean sequence
    returns Regions.
    """

    __slots__ = ("_regions", "size")

    size: tuple[int, int]

    def __init__(self, regions: Iterable[Region] = (), *, size: tuple[int, int]) -> None:
        self._regions = tuple(regions)
        self.size = size
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
        return Regions((r for r in self._regions if r.label.casefold() == folded), size=self.size)

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
            return Regions(self._regions[index], size=self.size)
        chosen = np.asarray(index)
        if chosen.dtype == np.bool_:
            if chosen.shape != (len(self),):
                raise IndexError(f"expected a boolean index of length {len(self)}; found {chosen.size}")
            chosen = np.flatnonzero(chosen)
        return Regions((self._regions[int(i)] for i in chosen), size=self.size)

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
