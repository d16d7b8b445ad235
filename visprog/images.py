"""Reading and writing pictures.

The formats JPEG, PNG, WEBP, GIF, BMP, TIFF and AVIF are read, and HEIC with the extra `heic`. A file may have
32 MB. The first frame or page is read, turned upright by its EXIF orientation, put on white if it is
transparent, and converted to RGB. A picture of more than 40 megapixels is scaled down. A picture of more than
200 megapixels, or one that needs too much memory to decode, is rejected.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.budget import Budget, release_memory
from visprog.decoding import Opened, open_picture, opened
from visprog.errors import ImageError, OutputError
from visprog.files import Limit, check_size, open_file, write_atomically
from visprog.pixels import Rows, fitted, gather, rows_of, rows_of_array
from visprog.values import Image

Source: TypeAlias = str | os.PathLike[str] | bytes | PILImage.Image | NDArray[Any] | Image
"""The types of a picture: a path, a file's bytes, a PIL image, an array, or an Image."""

Images: TypeAlias = Source | Sequence[Source] | Mapping[str, Source]
"""One picture (IMAGE), two (LEFT, RIGHT), more (IMAGE1, IMAGE2, ...), or pictures by name."""

MAX_BYTES = 32_000_000
"""Maximum size of a picture's file."""

MAX_PIXELS = 40_000_000
"""Number of pixels to which a larger picture is scaled down."""

MAX_DECODED = 200_000_000
"""Maximum number of pixels in a file. A larger picture is rejected."""

DECODING = Budget(1_100_000_000)
"""Bytes that all threads together use to decode pictures. A picture that needs more alone is rejected."""

_LARGE = 50_000_000
"""Bytes of decoding after which memory is returned to the system, which takes about a millisecond."""

_LIMIT = Limit(MAX_BYTES, "save it smaller first", ImageError)

_FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF", ".bmp": "BMP",
    ".tif": "TIFF", ".tiff": "TIFF",
}  # fmt: skip

PICTURE_ENDINGS = tuple(_FORMATS)
"""The endings of the files that `save_image` writes."""

_TRANSPARENT = ("PNG", "WEBP", "TIFF")
"""The formats in which `save_image` stores transparency."""


class MemoryNeed(NamedTuple):
    """The bytes of a picture once it is read (`held`), and the extra bytes needed while it is read."""

    held: int = 0
    reading: int = 0


def load_image(source: Source) -> Image:
    """Read a picture. Raises ImageError if it cannot be read or is too large.

    The notes of the Image tell whether it was scaled down.
    """
    if isinstance(source, Image):
        return source
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, PILImage.Image):
        with _image_errors("the picture"):
            return _decode(opened(source), "the picture", 0)
    if isinstance(source, bytes | bytearray):
        check_size("the picture", len(source), _LIMIT)
        return _read(io.BytesIO(source), "the picture", len(source))
    if isinstance(source, str | os.PathLike):
        with _open(source) as (file, size):
            return _read(file, str(source), size)
    raise ImageError(
        f"a {type(source).__name__} is not a picture",
        help="give a path, a file's bytes, a PIL image or an array",
    )


def need_of(source: Source) -> MemoryNeed:
    """Return the memory needed to read a picture; zero if it is unknown before the picture is read."""
    try:
        if isinstance(source, Image | np.ndarray):
            height, width = (source.pixels if isinstance(source, Image) else source).shape[:2]
            return MemoryNeed(_held((width, height)))
        if isinstance(source, PILImage.Image):
            found, size = opened(source), 0
        elif isinstance(source, bytes | bytearray):
            found, size = _header(io.BytesIO(source), "the picture"), len(source)
        else:
            with _open(source) as (file, size):
                found = _header(file, str(source))
    except Exception:  # reading the picture will report the error
        return MemoryNeed()
    held = _held(found.size)
    return MemoryNeed(held, size + found.work)


def _held(size: tuple[int, int]) -> int:
    width, height = fitted(size, MAX_PIXELS)
    return 3 * width * height


@contextlib.contextmanager
def _open(source: str | os.PathLike[str]) -> Iterator[tuple[BinaryIO, int]]:
    """Open a picture's file. Yield the file and its size in bytes."""
    with open_file(Path(source), ImageError) as file:
        size = os.fstat(file.fileno()).st_size
        check_size(str(source), size, _LIMIT)
        yield file, size


def _read(file: BinaryIO, name: str, size: int) -> Image:
    if not size:
        raise ImageError(f"{name} is empty", help="give a picture")
    with _image_errors(name):
        return _decode(_header(file, name), name, size)


def _header(file: BinaryIO, name: str) -> Opened:
    first = open_picture(file, name, None, DECODING.limit)
    target = fitted(first.size, MAX_PIXELS)
    if target == first.size:
        return first
    file.seek(0)
    return open_picture(file, name, target, DECODING.limit - _held(first.size))


def _decode(picture: Opened, name: str, file_size: int) -> Image:
    """Decode a picture when there is memory for it."""
    _check_pixels(picture.size, name)
    need = picture.work + file_size + _held(picture.size)
    if need > DECODING.limit:
        raise ImageError(
            f"{name} needs {need / 1e9:.1f} GB of memory to decode, at most "
            f"{DECODING.limit / 1e9:.1f} GB are allowed",
            help="make it smaller first",
        )
    with DECODING.reserve(need):
        loaded = picture.load()
        if loaded.width * loaded.height > picture.size[0] * picture.size[1]:
            raise ImageError(
                f"{name} contains {loaded.width}x{loaded.height} pixels, but declares "
                f"{picture.size[0]}x{picture.size[1]}",
                help="open it in a viewer and save it again, as PNG or JPEG",
            )
        image = _image(rows_of(loaded, name), loaded.size, picture.size, picture.orientation())
        del loaded, picture  # frees their memory
        if need > _LARGE:
            release_memory()
    return image


def _check_pixels(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"{name} has no pixels", help="give a picture")
    if width * height > MAX_DECODED:
        raise ImageError(
            f"{name} has {width}x{height} pixels, at most {MAX_DECODED // 10**6} megapixels are read",
            help="make it smaller first",
        )


def _image(rows: Rows, size: tuple[int, int], written: tuple[int, int], orientation: int = 1) -> Image:
    """Build a picture from its rows. `size` is the size of the rows, `written` that of the file or array."""
    pixels = gather(rows, size, fitted(size, MAX_PIXELS), orientation)
    image = Image.adopt(pixels)
    if written[0] * written[1] > MAX_PIXELS:
        most = f"at most {MAX_PIXELS // 10**6} megapixels are used"
        image.notes = (f"scaled down from {written[0]}x{written[1]} pixels: {most}",)
    return image


@contextlib.contextmanager
def _image_errors(name: str) -> Iterator[None]:
    """Convert a decoder's exceptions to ImageError."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError as cause:
        raise ImageError(
            f"there is too little memory to read {name}", help="make it smaller first"
        ) from cause
    except (PILImage.DecompressionBombError, PILImage.DecompressionBombWarning) as cause:
        raise ImageError(
            f"{name} is larger than {MAX_DECODED // 10**6} megapixels", help="make it smaller first"
        ) from cause
    except Exception as cause:
        raise ImageError(
            f"{name} is damaged or has an unsupported form: {cause}",
            help="open it in a viewer and save it again, as PNG or JPEG",
        ) from cause


def _from_array(array: NDArray[Any]) -> Image:
    """Convert an array: grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4), of integers or of floats in [0, 1]."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or not array.size:
        raise ImageError(
            f"an array of shape {array.shape} is not a picture",
            help="give (height, width), (height, width, 3) or (height, width, 4)",
        )
    size = array.shape[1], array.shape[0]
    _check_pixels(size, "the array")
    low, high = (array.min(), array.max()) if array.dtype.kind in "iu" else (0, 0)
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
        raise ImageError("an array of floats must have values between 0 and 1", help="divide by its maximum")
    wide = array.dtype == np.uint16 or (array.dtype == np.int32 and low >= 0 and high > 255)
    if array.dtype.kind not in "bfiu" or (not wide and (low < 0 or high > 255)):
        raise ImageError(
            f"an array of {array.dtype} is not a picture", help="give uint8, or floats in [0, 1]"
        )
    return _image(rows_of_array(array, lambda part: _to_bytes(part, wide=wide)), size, size)


def _to_bytes(part: NDArray[Any], *, wide: bool) -> NDArray[np.uint8]:
    if part.dtype == np.bool_:
        return np.where(part, np.uint8(255), np.uint8(0))
    if part.dtype.kind == "f":
        return (part * 255).round().astype(np.uint8)
    return (part // 257).clip(0, 255).astype(np.uint8) if wide else part.astype(np.uint8)


def save_image(image: Image, path: str | os.PathLike[str]) -> None:
    """Write a picture in the format of the path's ending. Raises OutputError.

    The file is written completely or not at all. PNG, WEBP and TIFF files keep transparency. In the other
    formats, a transparent picture is drawn on white.
    """
    target = Path(path)
    kind = _FORMATS.get(target.suffix.casefold())
    if kind is None:
        endings = ", ".join(_FORMATS)
        raise OutputError(
            f"the ending of {target} is not that of a picture format", help=f"use one of {endings}"
        )
    options: dict[str, Any] = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    buffer = io.BytesIO()
    try:
        image.to_pil(alpha=kind in _TRANSPARENT).save(buffer, kind, **options)
    except (OSError, ValueError) as cause:
        what = f"a picture of {image.width}x{image.height} cannot be written as {kind}"
        raise OutputError(f"{what}: {cause}", help="write it as .png") from cause
    write_atomically(target, buffer.getvalue())


def keeps_transparency(path: str | os.PathLike[str]) -> bool:
    """Return whether `save_image` stores transparency in a file with this ending."""
    return _FORMATS.get(Path(path).suffix.casefold()) in _TRANSPARENT
