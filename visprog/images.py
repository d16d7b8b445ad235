"""Pictures in and out: what may be read, and how results are written.

Read are JPEG, PNG, WEBP, GIF and BMP, at most 32 MB and 40 megapixels: the first frame, turned as its EXIF
orientation says, transparency on white, as RGB.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import warnings
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage
from PIL import ImageOps, UnidentifiedImageError

from visprog.errors import ImageError, OutputError
from visprog.files import Limit, check_size, read_file
from visprog.values import Image

Source: TypeAlias = str | os.PathLike[str] | bytes | PILImage.Image | NDArray[Any] | Image
"""What a picture may come as: a path, a file's bytes, a PIL image, an array, or an Image."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MAX_BYTES = 32_000_000
MAX_PIXELS = 40_000_000

_LIMIT = Limit(MAX_BYTES, "save it smaller first", ImageError)

_SUFFIXES = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF", ".bmp": "BMP",
}  # fmt: skip

PICTURE_ENDINGS = tuple(_SUFFIXES)
"""The endings of the files that `save_image` writes."""


def load_image(source: Source) -> Image:
    """Read a picture. Raises ImageError where it cannot be read, or is larger than allowed."""
    if isinstance(source, Image):
        return source
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, PILImage.Image):
        with _in_words("the picture"):
            return _upright(source, "the picture")
    if isinstance(source, bytes | bytearray):
        return _decode(bytes(source), "the picture")
    if isinstance(source, str | os.PathLike):
        return _decode(_read(Path(source)), str(source))
    raise ImageError(
        f"a {type(source).__name__} is no picture",
        help="give a path, a file's bytes, a PIL image or an array",
    )


def size_of(path: Path) -> tuple[int, int]:
    """Return the width and height of a file's picture, unread; (0, 0) where they cannot be told."""
    try:
        with _warnings_are_errors(), PILImage.open(path, formats=FORMATS) as picture:
            return picture.size
    except Exception:  # reading it will say what is the matter
        return 0, 0


def _read(path: Path) -> bytes:
    if str(path).startswith(("http:/", "https:/", "ftp:/", "data:")):
        raise ImageError(f"{path} is an address, not a file", help="download the picture and give its path")
    return read_file(path, _LIMIT)


class _Decoding:
    """How many threads decode. Filters belong to the whole process: the last of them restores what was."""

    lock = Lock()
    threads = 0
    before = contextlib.ExitStack()


@contextlib.contextmanager
def _warnings_are_errors() -> Iterator[None]:
    """Have Pillow's warnings raised inside the block."""
    with _Decoding.lock:
        _Decoding.threads += 1
        if _Decoding.threads == 1:
            _Decoding.before.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("error", module=r"PIL\.")
    try:
        yield
    finally:
        with _Decoding.lock:
            _Decoding.threads -= 1
            if not _Decoding.threads:
                _Decoding.before.close()


def _decode(data: bytes, name: str) -> Image:
    check_size(name, len(data), _LIMIT)
    if not data:
        raise ImageError(f"{name} is empty", help="give a picture")
    with _in_words(name), _warnings_are_errors(), PILImage.open(io.BytesIO(data), formats=FORMATS) as picture:
        return _upright(picture, name)


@contextlib.contextmanager
def _in_words(name: str) -> Iterator[None]:
    """Turn what Pillow raises over a picture into an ImageError."""
    formats = ", ".join(FORMATS)
    try:
        yield
    except UnidentifiedImageError:
        raise ImageError(
            f"{name} is not a picture in one of {formats}", help="convert it to PNG or JPEG"
        ) from None
    except (PILImage.DecompressionBombError, PILImage.DecompressionBombWarning) as cause:
        raise ImageError(
            f"{name} is larger than {MAX_PIXELS // 10**6} megapixels", help="make it smaller"
        ) from cause
    except ImageError:
        raise
    except Exception as cause:
        raise ImageError(
            f"{name} is damaged: {cause}", help="open it in a viewer and save it anew"
        ) from cause


def _upright(picture: PILImage.Image, name: str) -> Image:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name} has {width}x{height} pixels, at most {MAX_PIXELS // 10**6} megapixels are read",
            help="make it smaller first",
        )
    if width < 1 or height < 1:
        raise ImageError(f"{name} has no pixels")
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("I;16", "I;16B", "I;16L", "I"):
        return _from_array(np.asarray(upright))
    if upright.has_transparency_data:
        shown = upright.convert("RGBA")
        upright = PILImage.new("RGBA", shown.size, "white")
        upright.alpha_composite(shown)
    return Image.from_pil(upright)


def _from_array(array: NDArray[Any]) -> Image:
    """Take grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4); integers by their range, floats in [0, 1]."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or not array.size:
        raise ImageError(
            f"an array of shape {array.shape} is not a picture",
            help="give (height, width), (height, width, 3) or (height, width, 4)",
        )
    if array.shape[0] * array.shape[1] > MAX_PIXELS:
        raise ImageError(
            f"the array has more than {MAX_PIXELS // 10**6} megapixels", help="make it smaller first"
        )
    pixels = _to_bytes(array)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return Image(np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2))
    if pixels.shape[2] == 4:
        return _upright(PILImage.fromarray(pixels), "the array")
    return Image(pixels)


def _to_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return np.where(array, np.uint8(255), np.uint8(0))
    if array.dtype == np.uint16 or (array.dtype == np.int32 and array.min() >= 0 and array.max() > 255):
        return (array // 257).clip(0, 255).astype(np.uint8)  # 16 bits to 8; PIL hands them over as int32
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            raise ImageError("an array of floats holds values between 0 and 1", help="divide by its maximum")
        return (array * 255).round().astype(np.uint8)
    if np.issubdtype(array.dtype, np.integer) and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.uint8)
    raise ImageError(f"an array of {array.dtype} is not a picture", help="give uint8, or floats in [0, 1]")


def save_image(image: Image, path: str | os.PathLike[str]) -> None:
    """Write a picture in the format that the name's ending says. Raises OutputError.

    The file is written whole or not at all.
    """
    target = Path(path)
    kind = _SUFFIXES.get(target.suffix.casefold())
    if kind is None:
        endings = ", ".join(_SUFFIXES)
        raise OutputError(
            f"{target} does not say which kind of picture it is", help=f"end it with one of {endings}"
        )
    options: dict[str, Any] = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    buffer = io.BytesIO()
    try:
        image.to_pil().save(buffer, kind, **options)
    except (OSError, ValueError) as cause:
        what = f"a picture of {image.width}x{image.height} cannot be written as {kind}"
        raise OutputError(f"{what}: {cause}", help="write it as .png") from cause
    write_atomically(target, buffer.getvalue())


def write_atomically(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write a file whole or not at all: beside its place first, then moved into it. Raises OutputError.

    That holds for the machine's end too: the content is forced to the disk, in about a millisecond. A link
    is followed: the file that it leads to is written.
    """
    target = Path(os.path.realpath(path))
    data = content.encode() if isinstance(content, str) else content
    beside = target.with_name(f".visprog-{secrets.token_hex(8)}.part")
    try:
        if target.is_dir():
            raise OutputError(f"{target} is a folder", help="give a file's name")
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # the name may reach the disk first: after a power cut it is empty
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        folder = target.parent
        advice = f"make the folder {folder} first" if not folder.is_dir() else "choose another place"
        raise OutputError(f"{target} cannot be written: {reason}", help=advice) from cause
