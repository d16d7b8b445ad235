"""The picture that programs work on."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.boxes import Box, clip
from visprog.frame import Frame
from visprog.transparency import Uint8Array, multiplied, on_checkerboard, over_white, rgba, straight

if TYPE_CHECKING:
    from typing import Self


class Image:
    """An RGB picture.

    `pixels` is an array of shape (height, width, 3) and type uint8. It is copied, and the copy is read-only.
    `alpha` is the opacity of each pixel, an array of shape (height, width) and type uint8, or None if the
    picture is opaque. `pixels` shows a transparent picture on white, so tools and models may ignore `alpha`.
    `notes` are warnings about how the picture was read. `visprog.images.load_image` reads files.
    """

    __slots__ = ("_digest", "_frame", "_hash", "_origin", "alpha", "notes", "pixels")

    pixels: NDArray[np.uint8]
    alpha: Uint8Array | None
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
        self._frame = None
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
    def restore(
        cls,
        pixels: Uint8Array,
        digest: str,
        alpha: Uint8Array | None = None,
        frame: Frame | None = None,
    ) -> Self:
        """Return an Image that was saved with its digest and frame.

        The digest of a crop depends on more than its pixels.
        """
        image = cls(pixels)
        if alpha is not None:
            image._adopt(image.pixels, None, alpha.copy())
        image._digest = digest
        image._frame = frame
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
                if self.alpha is not None:
                    content.update(b"alpha")
                    content.update(np.ascontiguousarray(self.alpha).data)
            self._digest = _framed(content.hexdigest()[:32], self._frame)
        return self._digest

    def as_root(self) -> Image:
        """Return the picture as the root of its own frame."""
        if self._frame is None:
            return self.with_frame(Frame(self.digest, 0, 0, self.size))
        if self._frame.root == self.digest:
            return self
        image = Image.__new__(Image)
        image._adopt(self.pixels, None, self.alpha)
        image.notes = self.notes
        return image.as_root()

    def with_frame(self, frame: Frame) -> Image:
        """Return the picture with another frame. The pixels are shared."""
        if frame == self.frame:
            return self
        image = Image.__new__(Image)
        image._adopt(self.pixels, self._origin, self.alpha)
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


def _framed(digest: str, frame: Frame | None) -> str:
    """Return the digest of a picture in a frame. A root is its own frame."""
    if frame is None or frame.root == digest:
        return digest
    return hashlib.sha256(f"{digest} {frame}".encode()).hexdigest()[:32]
