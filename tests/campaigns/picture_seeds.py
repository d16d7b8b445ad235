"""Small valid pictures of every supported format, which the campaign of damaged pictures damages."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image as PILImage
from PIL import ImageCms, PngImagePlugin, TiffImagePlugin

SIZE = 37, 23

EXIF_TEXT = "a camera of the campaign"
"""A text in the EXIF of every seed, so that the EXIF can be found."""


def seeds() -> dict[str, bytes]:
    """Return the pictures by name. The first word of a name is the format."""
    made = [*_pngs(), *_jpegs(), *_gifs(), *_webps(), *_bmps(), *_tiffs(), *_avifs(), *_heics()]
    return dict(made)


def picture(mode: str = "RGB", shift: int = 0) -> PILImage.Image:
    """Return a small asymmetric picture."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 6 + shift, y * 10, (x * y) % 250], axis=2).astype(np.uint8)
    made = PILImage.fromarray(rgb)
    if mode == "RGBA":
        made.putalpha(PILImage.fromarray((x * 6).astype(np.uint8)))
        return made
    if mode == "I;16":
        return PILImage.fromarray((x * y * 70).astype(np.uint16))
    if mode == "F":
        return PILImage.fromarray((x / width).astype(np.float32))
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        converted = ImageCms.applyTransform(made, ImageCms.buildTransform(*profiles, "RGB", "LAB"))
        assert converted is not None
        return converted
    return made.convert(mode)


def _saved(made: PILImage.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    made.save(buffer, kind, **options)
    return buffer.getvalue()


def _frames(mode: str = "RGB") -> dict[str, Any]:
    return {"save_all": True, "append_images": [picture(mode, 40), picture(mode, 80)]}


def _exif(orientation: int = 6) -> PILImage.Exif:
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = EXIF_TEXT
    exif.get_ifd(0x8769)[0x9003] = "2026:01:01 10:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    return exif


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _pngs() -> Iterator[tuple[str, bytes]]:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield f"PNG {mode}", _saved(picture(mode), "PNG")
    yield "PNG one clear entry", _saved(picture("P"), "PNG", transparency=3)
    yield "PNG clear entries", _saved(picture("P"), "PNG", transparency=bytes(range(100)))
    yield "PNG clear grey", _saved(picture("L"), "PNG", transparency=7)
    yield "PNG clear colour", _saved(picture(), "PNG", transparency=(0, 0, 0))
    yield "PNG animated", _saved(picture(), "PNG", **_frames())
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "a title")
    info.add_text("Comment", "a long comment " * 9, zip=True)
    info.add_itxt("Author", "Zoë", "de", "Autor", zip=True)
    info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    info.add(b"gAMA", (45_455).to_bytes(4, "big"))
    info.add(b"tIME", bytes([7, 234, 1, 1, 10, 0, 0]))
    yield (
        "PNG metadata",
        _saved(picture(), "PNG", pnginfo=info, exif=_exif(), icc_profile=_profile(), dpi=(72, 72)),
    )


def _jpegs() -> Iterator[tuple[str, bytes]]:
    for mode in ("L", "RGB", "CMYK"):
        yield f"JPEG {mode}", _saved(picture(mode), "JPEG")
        yield f"JPEG {mode} progressive", _saved(picture(mode), "JPEG", progressive=True)
    yield "JPEG whole colour", _saved(picture(), "JPEG", subsampling=0, restart_marker_blocks=1)
    yield "JPEG pages", _saved(picture(), "MPO", exif=_exif(3), **_frames())
    yield (
        "JPEG metadata",
        _saved(
            picture(), "JPEG", exif=_exif(), icc_profile=_profile(), comment=b"a comment", dpi=(72, 72),
            xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
        ),
    )  # fmt: skip


def _gifs() -> Iterator[tuple[str, bytes]]:
    yield "GIF", _saved(picture("P"), "GIF", interlace=0, comment=b"a comment of this picture")
    yield "GIF interlaced", _saved(picture("L"), "GIF", interlace=1)
    yield "GIF clear entry", _saved(picture("P"), "GIF", transparency=3)
    yield "GIF animated", _saved(picture("P"), "GIF", loop=0, duration=90, **_frames("P"))


def _webps() -> Iterator[tuple[str, bytes]]:
    yield "WEBP", _saved(picture(), "WEBP")
    yield "WEBP lossless", _saved(picture("RGBA"), "WEBP", lossless=True)
    yield "WEBP alpha", _saved(picture("RGBA"), "WEBP")
    yield "WEBP animated", _saved(picture(), "WEBP", **_frames())
    yield "WEBP metadata", _saved(picture(), "WEBP", exif=_exif(), icc_profile=_profile(), xmp=b"<x/>")


def _bmps() -> Iterator[tuple[str, bytes]]:
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"BMP {mode}", _saved(picture(mode), "BMP")


def _tiffs() -> Iterator[tuple[str, bytes]]:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"):
        yield f"TIFF {mode}", _saved(picture(mode), "TIFF")
    for packed in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd"):
        yield f"TIFF {packed}", _saved(picture(), "TIFF", compression=packed)
    for packed in ("group3", "group4", "tiff_ccitt"):
        yield f"TIFF {packed}", _saved(picture("1"), "TIFF", compression=packed)
    yield "TIFF F packed", _saved(picture("F"), "TIFF", compression="tiff_lzw")
    yield "TIFF large kind", _saved(picture(), "TIFF", big_tiff=True)
    yield "TIFF pages", _saved(picture(), "TIFF", **_frames())
    yield "TIFF strips", _saved(picture(), "TIFF", compression="tiff_lzw", strip_size=300)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag in (270, 305, 315, 306):
        tags[tag] = f"words of the tag {tag}"
    yield (
        "TIFF metadata",
        _saved(picture(), "TIFF", tiffinfo=tags, icc_profile=_profile(), dpi=(72, 72), exif=_exif()),
    )
    yield "TIFF metadata packed", _saved(picture(), "TIFF", tiffinfo=tags, compression="tiff_lzw")


def _avifs() -> Iterator[tuple[str, bytes]]:
    yield "AVIF", _saved(picture(), "AVIF", speed=10)
    yield "AVIF alpha", _saved(picture("RGBA"), "AVIF", speed=10)
    yield "AVIF animated", _saved(picture(), "AVIF", speed=10, **_frames())
    yield "AVIF metadata", _saved(picture(), "AVIF", speed=10, exif=_exif(), icc_profile=_profile())


def _heics() -> Iterator[tuple[str, bytes]]:
    try:
        import pillow_heif
    except ImportError:
        return
    for name, made, options in (
        ("HEIC", picture(), {}),
        ("HEIC alpha", picture("RGBA"), {}),
        ("HEIC metadata", picture(), {"exif": _exif(1).tobytes()}),
    ):
        buffer = io.BytesIO()
        pillow_heif.from_pillow(made).save(buffer, quality=80, **options)
        yield name, buffer.getvalue()
