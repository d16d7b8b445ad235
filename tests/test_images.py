"""Reading and writing pictures: safe reading, clear errors, and atomic writing."""

from __future__ import annotations

import io
import os
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PILImage

from visprog import Image, ImageError, OutputError, load_image, save_image
from visprog.files import write_atomically
from visprog.images import MAX_BYTES


def encoded(picture: PILImage.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def red(mode: str = "RGB", size: tuple[int, int] = (5, 4)) -> PILImage.Image:
    return PILImage.new("RGB", size, (255, 0, 0)).convert(mode)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_kind_is_read_from_bytes_and_from_a_file(kind: str, tmp_path: Path) -> None:
    data = encoded(red(), kind)
    path = tmp_path / "picture"
    path.write_bytes(data)
    for source in (data, path, str(path)):
        image = load_image(source)
        assert image.size == (5, 4)
        assert abs(image.pixels[0, 0].astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    picture = PILImage.new("L", (5, 4), 128).convert("I").convert(mode) if mode == "I;16" else red(mode)
    assert load_image(picture).pixels.shape == (4, 5, 3)


def test_grey_of_16_bits_keeps_its_range() -> None:
    values = np.array([[0, 65535], [32768, 257]], dtype=np.uint16)
    for source in (values, encoded(PILImage.fromarray(values))):
        assert load_image(source).pixels[..., 0].tolist() == [[0, 255], [127, 1]]


def test_transparency_becomes_white() -> None:
    clear = PILImage.new("RGBA", (2, 2), (255, 0, 0, 0))
    assert load_image(encoded(clear)).pixels.min() == 255
    half = PILImage.new("RGBA", (1, 1), (0, 0, 0, 128))
    assert 120 <= load_image(half).pixels.max() <= 135
    palette = PILImage.new("P", (2, 2), 0)
    assert load_image(encoded(palette, "GIF", transparency=0)).pixels.min() == 255


def test_exif_turns_the_picture_upright() -> None:
    picture = PILImage.new("RGB", (4, 2), "red")
    exif = picture.getexif()
    exif[0x0112] = 6  # rotated by 90 degrees
    assert load_image(encoded(picture, "JPEG", exif=exif)).size == (2, 4)


def test_only_the_first_frame_is_read() -> None:
    frames = [PILImage.new("RGB", (3, 3), color) for color in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert load_image(data).pixels[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("array", "pixel"),
    [
        (np.full((2, 2), 7, dtype=np.uint8), [7, 7, 7]),
        (np.full((2, 2, 1), 7, dtype=np.int64), [7, 7, 7]),
        (np.full((2, 2, 3), 1.0), [255, 255, 255]),
        (np.ones((2, 2), dtype=np.bool_), [255, 255, 255]),
        (np.full((2, 2, 4), 255, dtype=np.uint8), [255, 255, 255]),
    ],
)
def test_arrays_of_every_valid_type_are_read(array: Any, pixel: list[int]) -> None:
    assert load_image(array).pixels[0, 0].tolist() == pixel


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 2, 2), dtype=np.uint8),
        np.zeros(4, dtype=np.uint8),
        np.full((2, 2), 300),
        np.full((2, 2), -1),
        np.full((2, 2), np.nan),
        np.full((2, 2), 2.0),
        np.zeros((0, 2), dtype=np.uint8),
        np.zeros((2, 2), dtype=complex),
    ],
)
def test_invalid_arrays_are_rejected(array: Any) -> None:
    with pytest.raises(ImageError) as caught:
        load_image(array)
    assert caught.value.help


def png_of(width: int, height: int) -> bytes:
    """Return a PNG whose header declares a size, with almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 10))
            + chunk(b"IEND", b""))  # fmt: skip


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"hello", r"not a picture that VisProg can read \(JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF, HEIC\)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "not a picture"),
        (encoded(red(size=(50, 40)))[:60], "is damaged"),
        (encoded(red(size=(500, 400)), "JPEG")[:700], "is damaged"),
        (png_of(20_000, 10_001), "at most 200 megapixels"),
        (png_of(60_000, 60_000), "at most 200 megapixels"),
        (b"\0" * (MAX_BYTES + 1), "at most 32 MB"),
    ],
)
def test_unreadable_bytes_are_rejected_with_advice(data: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words) as caught:
        load_image(data)
    assert caught.value.help


def test_the_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "no such picture.png"
    with pytest.raises(ImageError, match=r"the file .*no such picture\.png does not exist"):
        load_image(path)
    with pytest.raises(ImageError, match="is a folder"):
        load_image(tmp_path)
    with pytest.raises(ImageError, match="is an address, not a file"):
        load_image("https://example.org/picture.png")


def test_40_megapixels_are_read() -> None:
    assert load_image(encoded(PILImage.new("L", (8000, 5000)))).size == (8000, 5000)


def test_reading_from_several_threads_keeps_the_warning_filters() -> None:
    good, large = encoded(red(size=(300, 200))), png_of(15_000, 15_000)

    def read(data: bytes) -> tuple[int, int] | str:
        try:
            return load_image(data).size
        except ImageError as error:
            return error.message

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = list(warnings.filters)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(read, [good, large] * 40))
        assert list(warnings.filters) == before
    rejected = "the picture has 15000x15000 pixels, at most 200 megapixels are read"
    assert found == [(300, 200), rejected] * 40


@pytest.mark.parametrize("ending", [".png", ".PNG", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif"])
def test_a_saved_picture_can_be_read(ending: str, tmp_path: Path) -> None:
    image = Image(np.full((4, 5, 3), 200, dtype=np.uint8))
    path = tmp_path / f"out{ending}"
    save_image(image, path)
    assert abs(load_image(path).pixels.astype(int) - 200).max() <= 3
    assert os.listdir(tmp_path) == [path.name]


def test_a_path_that_cannot_be_written_is_rejected(tmp_path: Path) -> None:
    image = Image(np.zeros((1, 1, 3), dtype=np.uint8))
    with pytest.raises(OutputError, match="is not that of a picture format"):
        save_image(image, tmp_path / "out.psd")
    with pytest.raises(OutputError, match="create the folder"):
        save_image(image, tmp_path / "none" / "out.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        save_image(image, tmp_path / "folder.png")
    assert os.listdir(tmp_path) == ["folder.png"]


def test_an_interrupted_write_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")

    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "after")
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_the_content_is_flushed_before_the_file_is_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = list[tuple[int, bool]]()
    path, flush = tmp_path / "out.png", os.fsync

    def watched(file: int) -> None:
        flush(file)
        flushed.append((os.fstat(file).st_size, path.exists()))

    monkeypatch.setattr(os, "fsync", watched)
    save_image(load_image(red()), path)
    assert flushed == [(path.stat().st_size, False)]


def test_warnings_of_other_threads_are_not_suppressed() -> None:
    data, stop = encoded(red(size=(200, 200))), threading.Event()

    def reading() -> None:
        while not stop.is_set():
            load_image(data)

    reader = threading.Thread(target=reading)
    reader.start()
    try:
        for _ in range(300):
            with pytest.warns(UserWarning, match="a remark"):
                warnings.warn("a remark", UserWarning, stacklevel=1)
    finally:
        stop.set()
        reader.join()


@pytest.mark.parametrize("source", [None, 5, io.BytesIO(b"x"), ["a.png"]])
def test_other_types_are_rejected_by_name(source: Any) -> None:
    with pytest.raises(ImageError, match="is not a picture"):
        load_image(source)


def test_a_damaged_pillow_picture_is_rejected() -> None:
    damaged = PILImage.open(io.BytesIO(encoded(red(size=(50, 40)))[:60]))
    with pytest.raises(ImageError, match="is damaged"):
        load_image(damaged)


@pytest.mark.parametrize(("size", "ending"), [((20_000, 10), ".webp"), ((70_000, 1), ".jpg")])
def test_a_picture_too_wide_for_its_format_is_rejected(
    size: tuple[int, int], ending: str, tmp_path: Path
) -> None:
    image = Image(np.zeros((size[1], size[0], 3), dtype=np.uint8))
    with pytest.raises(OutputError, match=r"cannot be written as"):
        save_image(image, tmp_path / f"out{ending}")
    assert os.listdir(tmp_path) == []


def test_writing_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    save_image(Image(np.zeros((1, 1, 3), dtype=np.uint8)), tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    assert load_image(tmp_path / "real.png").size == (1, 1)


def test_a_long_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("図" * 80 + ".png")
    save_image(Image(np.zeros((1, 1, 3), dtype=np.uint8)), path)
    assert path.is_file()


def damaged_png_chunk(kind: bytes) -> bytes:
    """Return a PNG with a metadata chunk of random content and a wrong checksum."""
    data = encoded(red(size=(50, 40)))
    body = kind + b"nonsense\0\xff\xff"
    return data[:33] + struct.pack(">I", len(body) - 4) + body + b"\0\0\0\0" + data[33:]


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt", b"eXIf", b"gAMA", b"xyZz"])
def test_a_png_with_damaged_metadata_is_read(kind: bytes) -> None:
    assert load_image(damaged_png_chunk(kind)) == load_image(red(size=(50, 40)))


def test_a_png_with_damaged_metadata_after_the_pixels_is_read() -> None:
    data = encoded(red(size=(50, 40)))
    body = b"zTXtTitle\0\x09odd"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    assert load_image(data[:-12] + chunk + data[-12:]) == load_image(red(size=(50, 40)))


def test_an_avif_with_damaged_exif_is_read() -> None:
    exif = PILImage.Exif()
    exif[0x010F] = "the maker"
    data = encoded(red(), "AVIF", exif=exif)
    damaged = data.replace(b"MM\0*", b"????").replace(b"II*\0", b"????")
    assert damaged != data
    assert load_image(damaged).size == (5, 4)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("tag", [270, 305, 315])
def test_a_tiff_with_damaged_metadata_is_read(tag: int, large: bool) -> None:
    plain = encoded(red(), "TIFF", big_tiff=large, tiffinfo={tag: "some words"})
    entry = struct.pack("<HHQ" if large else "<HHI", tag, 2, 11)
    damaged = plain.replace(entry, struct.pack("<HHQ" if large else "<HHI", tag, 2, 2**30))
    assert damaged != plain
    assert load_image(damaged) == load_image(plain)


def test_libtiff_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    data = encoded(red(size=(50, 40)), "TIFF", compression="tiff_lzw")
    with pytest.raises(ImageError):
        load_image(data[:8] + bytes(len(data) - 300) + data[-292:])
    place = data.index(b"\x80")
    for damaged in (data[:place] + b"\xff" * 20 + data[place + 20 :], _many_samples()):
        with pytest.raises(ImageError, match="is damaged"):
            load_image(damaged)
    assert capfd.readouterr().err == ""


def _many_samples() -> bytes:
    data = encoded(red(), "TIFF")
    samples = struct.pack("<HHIH", 277, 3, 1, 3)
    assert samples in data
    return data.replace(samples, struct.pack("<HHIH", 277, 3, 1, 999))


def test_a_heic_with_more_pixels_than_declared_is_rejected() -> None:
    heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    heif.from_pillow(red(size=(37, 23))).save(buffer, quality=80)
    data = buffer.getvalue()
    below = b"\xff\xff\xff\xd7\0\0\0\2"  # the offset of the visible part from the middle, in half pixels
    assert below in data
    with pytest.raises(ImageError, match="contains 37x64 pixels, but declares 37x23"):
        load_image(data.replace(below, b"\xff\1" + below[2:]))
