"""Opens files of pictures with the decoder of their format.

Opening reads only the header. The pixels are decoded later, by `load`, when there is memory for them.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, BinaryIO, NamedTuple

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    _imaging,
)
from PIL import Image as PILImage

from visprog.errors import ImageError
from visprog.libraries import explain, importing
from visprog.metadata import without_metadata

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIC")

_ORIENTATION = 0x0112
"""The EXIF tag of the orientation."""

_DECODERS: dict[str, Callable[..., ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,  # not its factory, which looks for more pictures in the file
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
}

_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}

_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}


class Opened(NamedTuple):
    """A picture whose header was read.

    `work` is the memory that decoding needs in bytes, without the result. `load` decodes and returns the
    picture. `orientation` returns its EXIF orientation, and may be called only after `load`.
    """

    size: tuple[int, int]
    work: int
    load: Callable[[], PILImage.Image]
    orientation: Callable[[], int]


def open_picture(file: BinaryIO, name: str, shrunk: tuple[int, int] | None, most: int) -> Opened:
    """Read a picture's header. Raises ImageError if the format is unknown, and any error of a decoder.

    A JPEG may be decoded at a reduced size: not smaller than `shrunk`, unless decoding would need more than
    `most` bytes.
    """
    head = file.read(512)
    file.seek(0)
    kind = _kind(head)
    if kind == "HEIC":
        return _open_heic(file, name)
    if kind is None:
        raise ImageError(
            f"{name} is not a picture that VisProg can read ({', '.join(FORMATS)})",
            help="convert it to PNG or JPEG",
        )
    if kind == "TIFF":
        _silence_libtiff()
    return _open_any(kind, file, shrunk, most)


def _open_any(kind: str, file: BinaryIO, shrunk: tuple[int, int] | None, most: int) -> Opened:
    """Read a header. If this or decoding fails, try again without the file's metadata."""
    try:
        with quiet():
            picture = _DECODERS[kind](file, "")
            if isinstance(picture, JpegImagePlugin.JpegImageFile):
                return _open_jpeg(picture, file, shrunk, most)
    except Exception:
        bare = without_metadata(kind, file)
        if bare is None:
            raise
        with quiet():
            return opened(_DECODERS[kind](bare, ""))

    def load() -> PILImage.Image:
        try:
            return _loaded(picture)
        except Exception:
            bare = without_metadata(kind, file)
            if bare is None:
                raise
        picture.close()  # frees what the first attempt decoded
        with quiet():
            return _loaded(_DECODERS[kind](bare, ""))

    return opened(picture)._replace(load=load)


def opened(picture: PILImage.Image) -> Opened:
    """Return the facts about a Pillow picture, which may not be decoded yet."""
    return Opened(picture.size, _work(picture), lambda: _loaded(picture), lambda: _orientation(picture))


def _kind(head: bytes) -> str | None:
    """Return a file's format by its first bytes; None if it is unknown."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        end = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12], *(head[start : start + 4] for start in range(16, end, 4))}
        return "AVIF" if brands & {b"avif", b"avis"} else "HEIC" if brands & _HEIC_BRANDS else None
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def _open_jpeg(
    picture: JpegImagePlugin.JpegImageFile, file: BinaryIO, shrunk: tuple[int, int] | None, most: int
) -> Opened:
    size, coefficients = picture.size, _coefficients(picture, file)
    if shrunk is not None:
        picture.draft("", shrunk)
        for _ in range(2):
            if coefficients + _work(picture) > most:
                picture.draft("", (picture.width // 2, picture.height // 2))
    return opened(picture)._replace(size=size, work=coefficients + _work(picture))


def _coefficients(picture: JpegImagePlugin.JpegImageFile, file: BinaryIO) -> int:
    """Return the bytes of coefficients that the decoder keeps: none, unless the picture has several scans."""
    position = file.tell()
    scan = file.read(3)
    file.seek(position)
    if not picture.info.get("progressive") and scan[2:] == bytes([picture.layers]):
        return 0
    across, down = (max(layer[side] for layer in picture.layer) or 1 for side in (1, 2))
    shares = [layer[1] * layer[2] / (across * down) for layer in picture.layer]
    return int(2 * picture.width * picture.height * sum(shares))


_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
"""Bytes per pixel of Pillow's pictures, by mode. The other modes have four."""

_DECODED = {"WEBP": 20, "AVIF": 18, "HEIF": 18}
"""Bytes per pixel during decoding for decoders that keep their own copies. Measured and rounded up."""


def _work(picture: PILImage.Image) -> int:
    pixels = picture.width * picture.height
    stored = _STORED.get(picture.mode, 4)
    if picture.format == "TIFF":  # Pillow turns it upright by making a copy
        return 2 * stored * pixels + 8 * _tile_pixels(picture)
    return _DECODED.get(picture.format or "", stored) * pixels


def _tile_pixels(picture: PILImage.Image) -> int:
    """Return the number of pixels of a TIFF's tile, which may be larger than the picture."""
    tags: Any = getattr(picture, "tag_v2", {})
    width, height = tags.get(322, 0), tags.get(323, 0)
    return width * height if isinstance(width, int) and isinstance(height, int) else 0


def _loaded(picture: PILImage.Image) -> PILImage.Image:
    with quiet():
        picture.load()
    return picture


def _orientation(picture: PILImage.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 if it is missing or damaged."""
    try:
        with quiet():
            found = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # Pillow raises many kinds of errors for damaged EXIF and XMP
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _open_heic(file: BinaryIO, name: str) -> Opened:
    """Read a HEIC picture's header. The decoder itself turns the picture upright."""
    try:
        with importing("pillow_heif"):
            import pillow_heif
    except ImportError as cause:
        message, advice = explain(cause, "pillow_heif")
        raise ImageError(
            f"{name} is a HEIC picture: {message}", help=f"{advice}, or convert the picture to JPEG"
        ) from cause
    found = pillow_heif.open_heif(file, convert_hdr_to_8bit=True)
    width, height = found.size
    return Opened((width, height), _DECODED["HEIF"] * width * height, found.to_pillow, lambda: 1)


@cache
def _silence_libtiff() -> None:
    """Stop libtiff from printing errors, which Pillow also raises.

    Do nothing if the copy of libtiff in Pillow cannot be reached.
    """
    try:
        set_handler = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (AttributeError, OSError, TypeError):
        return
    set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
    set_handler(None)


class _Quiet(threading.local):
    """The number of `quiet` blocks that the current thread is in."""

    depth = 0


_quiet = _Quiet()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress Pillow's warnings and logs about metadata and size, in this thread and inside the block.

    Python's warning filters would affect the whole process.
    """
    _quiet.depth += 1
    try:
        yield
    finally:
        _quiet.depth -= 1


class _ThreadsWarnings:
    """Replaces the module `warnings` in Pillow's modules, and suppresses warnings in `quiet` blocks."""

    def __getattr__(self, name: str) -> Any:
        return getattr(warnings, name)

    def warn(self, message: Any, category: Any = None, stacklevel: int = 1, **options: Any) -> None:
        if not _quiet.depth:
            warnings.warn(message, category, stacklevel + 1, **options)


for _module in (PILImage, JpegImagePlugin, PngImagePlugin, TiffImagePlugin):
    vars(_module)["warnings"] = _ThreadsWarnings()

logging.getLogger("PIL.TiffImagePlugin").addFilter(lambda _: not _quiet.depth)
