"""Transparent pictures: their colours, crops, digests, files and views."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog import Image, load_image, save_image
from visprog.results import loses_transparency
from visprog.transparency import on_checkerboard

Array: TypeAlias = NDArray[np.uint8]


@st.composite
def colors_and_alpha(draw: st.DrawFn) -> tuple[Image, Array]:
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    image = Image(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
    levels = draw(st.lists(st.integers(0, 254), min_size=1, max_size=3))
    return image, random.choice(np.array([0, 255, *levels], np.uint8), (height, width))


def ramp() -> Array:
    return np.arange(48, dtype=np.uint8).reshape(6, 8) * 5


def noise(seed: int = 0) -> Image:
    return Image(np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8))


def saved(image: Image, folder: Path, name: str) -> PILImage.Image:
    save_image(image, folder / name)
    with PILImage.open(folder / name) as picture:
        picture.load()
    return picture


@given(colors_and_alpha())
def test_pixels_show_the_picture_on_white(given: tuple[Image, Array]) -> None:
    image, alpha = given
    shown = image.with_alpha(alpha)
    share = alpha[..., np.newaxis] / 255
    assert np.abs(shown.pixels - (image.pixels * share + 255 * (1 - share))).max() <= 0.5
    assert (shown.pixels[alpha == 0] == 255).all()
    assert np.array_equal(shown.pixels[alpha == 255], image.pixels[alpha == 255])


@given(colors_and_alpha())
def test_nothing_of_the_hidden_colours_remains(given: tuple[Image, Array]) -> None:
    image, alpha = given
    other = image.pixels.copy()
    other[alpha == 0] = 255 - other[alpha == 0]
    one, two = image.with_alpha(alpha), Image(other).with_alpha(alpha)
    assert one == two
    assert one.digest == two.digest
    assert one.to_pil(alpha=True).tobytes() == two.to_pil(alpha=True).tobytes()


@given(colors_and_alpha(), st.data())
def test_cropping_and_making_transparent_commute(given: tuple[Image, Array], data: st.DataObject) -> None:
    image, alpha = given
    left, top = data.draw(st.integers(0, image.width - 1)), data.draw(st.integers(0, image.height - 1))
    box = (left, top, data.draw(st.integers(left + 1, 15)), data.draw(st.integers(top + 1, 15)))
    first = image.with_alpha(alpha).crop(box)
    assert first == image.crop(box).with_alpha(alpha[box[1] : box[3], box[0] : box[2]])
    assert first.alpha is None or not first.alpha.flags.writeable


@given(colors_and_alpha(), st.integers(0, 255))
def test_opacities_are_multiplied(given: tuple[Image, Array], level: int) -> None:
    image, alpha = given
    twice = image.with_alpha(alpha).with_alpha(np.full_like(alpha, level))
    once = image.with_alpha((alpha.astype(float) * level / 255).round().astype(np.uint8))
    assert (twice.alpha is None) == (once.alpha is None)
    if twice.alpha is not None and once.alpha is not None:
        assert np.array_equal(twice.alpha, once.alpha)
    assert np.abs(twice.pixels.astype(int) - once.pixels).max() <= 1
    assert twice.alpha is None or (twice.pixels.astype(int) + twice.alpha[..., np.newaxis] >= 255).all()


@settings(max_examples=25, deadline=None)
@given(colors_and_alpha(), st.sampled_from(["a.png", "a.tiff"]))
def test_a_saved_picture_keeps_its_opacity_and_its_colours(
    tmp_path_factory: pytest.TempPathFactory, given: tuple[Image, Array], name: str
) -> None:
    image, alpha = given
    folder = tmp_path_factory.mktemp("saved")
    picture = np.asarray(saved(image.with_alpha(alpha), folder, name).convert("RGBA"))
    assert np.array_equal(picture[..., 3], alpha)
    assert (picture[..., :3][alpha == 0] == 255).all()
    error = np.abs(picture[..., :3].astype(int) - image.pixels)
    assert (error <= np.ceil(0.5 * 255 / alpha.clip(1)[..., np.newaxis] + 0.5))[alpha > 0].all()
    again = load_image(folder / name)
    assert again.alpha is None
    assert np.abs(again.pixels.astype(int) - image.with_alpha(alpha).pixels).max() <= 1


def test_webp_keeps_the_opacity(tmp_path: Path) -> None:
    picture = saved(noise().with_alpha(ramp()), tmp_path, "a.webp")
    assert picture.mode == "RGBA"
    assert np.array_equal(np.asarray(picture)[..., 3], ramp())


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.gif", "a.bmp"])
def test_other_files_have_a_white_background(tmp_path: Path, name: str) -> None:
    alpha = np.zeros((40, 40), np.uint8)
    alpha[:20] = 255
    image = Image(np.full((40, 40, 3), 60, np.uint8)).with_alpha(alpha)
    picture = saved(image, tmp_path, name)
    assert not picture.has_transparency_data
    shown = np.asarray(picture.convert("RGB"))
    assert (shown[24:] > 250).all()
    assert (np.abs(shown[:16].astype(int) - 60) < 5).all()
    assert loses_transparency(image, tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.WEBP", "a.tif"])
def test_a_file_that_stores_transparency_loses_none(name: str) -> None:
    assert not loses_transparency(noise().with_alpha(ramp()), Path(name))


def test_an_opaque_picture_loses_no_transparency() -> None:
    assert not loses_transparency(noise(), Path("a.jpg"))
    assert not loses_transparency("a text", Path("a.txt"))


def test_an_opaque_picture_has_no_alpha() -> None:
    image = noise().with_alpha(np.full((6, 8), 255, np.uint8))
    assert image.alpha is None
    assert image == noise()
    assert image.digest == noise().digest
    assert image.to_pil(alpha=True).mode == "RGB"


def test_the_digest_of_an_opaque_picture_never_changes() -> None:
    """Files of other versions, such as caches and records of batches, contain digests."""
    pixels = (np.arange(144) % 256).astype(np.uint8).reshape(6, 8, 3)
    assert Image(pixels).digest == "0d660c704ea22546292b3855954d74c2"


def test_pictures_that_differ_only_in_opacity_are_different() -> None:
    white = Image(np.full((6, 8, 3), 255, np.uint8))
    one, two = white.with_alpha(ramp()), white.with_alpha(ramp() // 2)
    assert len({white, one, two}) == len({white.digest, one.digest, two.digest}) == 3
    assert one != white
    assert white != one
    assert one == white.with_alpha(ramp())


def test_the_opacity_is_copied_and_locked() -> None:
    alpha = ramp()
    image = noise().with_alpha(alpha)
    alpha[:] = 9
    assert image.alpha is not None
    assert np.array_equal(image.alpha, ramp())
    with pytest.raises(ValueError, match="read-only"):
        image.alpha[0, 0] = 1


@pytest.mark.parametrize(
    "alpha", [np.zeros((8, 6), np.uint8), np.zeros((6, 8)), np.zeros((6, 8, 1), np.uint8)]
)
def test_an_opacity_of_another_shape_or_type_is_rejected(alpha: Array) -> None:
    with pytest.raises(ValueError, match=r"uint8 array of the picture's shape \(6, 8\); found "):
        noise().with_alpha(alpha)


def test_tools_and_models_get_an_rgb_picture() -> None:
    image = noise().with_alpha(ramp())
    assert image.to_pil().mode == "RGB"
    assert np.array_equal(np.asarray(image.to_pil()), image.pixels)
    assert Image.from_pil(image.to_pil()) == Image(image.pixels)


@given(colors_and_alpha())
def test_a_pil_picture_keeps_its_transparency(given: tuple[Image, Array]) -> None:
    image = given[0].with_alpha(given[1])
    again = Image.from_pil(image.to_pil(alpha=True))
    assert np.abs(again.pixels.astype(int) - image.pixels).max() <= 1
    assert (again.alpha is None) == (image.alpha is None)
    assert again.alpha is None or np.array_equal(again.alpha, given[1])


@pytest.mark.parametrize("mode", ["LA", "PA", "RGBA", "P"])
def test_transparency_of_any_mode_is_kept(mode: str) -> None:
    clear = PILImage.new(mode, (2, 2))
    if mode == "P":
        clear.info["transparency"] = 0
    image = Image.from_pil(clear)
    assert image.alpha is not None
    assert not image.alpha.any()
    assert (image.pixels == 255).all()


def test_a_pickled_picture_is_equal() -> None:
    image = noise().with_alpha(ramp())
    for each in (image, image.crop((1, 1, 5, 4))):
        again = pickle.loads(pickle.dumps(each))
        assert again == each
        assert again.digest == each.digest


def test_the_repr_says_that_a_picture_is_transparent() -> None:
    assert repr(noise().with_alpha(ramp())) == "Image(8x6, alpha)"


def test_a_notebook_shows_transparency_as_a_checkerboard() -> None:
    clear = noise().with_alpha(np.zeros((6, 8), np.uint8))
    with PILImage.open(io.BytesIO(clear._repr_png_())) as picture:
        assert len(picture.convert("RGB").getcolors() or ()) == 2


def test_opaque_pixels_cover_the_checkerboard() -> None:
    image, alpha = noise(), ramp()
    alpha[2:] = 255
    shown = on_checkerboard(image.with_alpha(alpha).pixels, alpha)
    assert np.array_equal(shown[2:], image.pixels[2:])
    assert not np.array_equal(shown[:2], image.with_alpha(alpha).pixels[:2])
