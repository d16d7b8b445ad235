from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from visprog import Image, Region, Regions, VisProg
from visprog.models.fake import FakeDetector, FakeMasker
from visprog.modules.manipulation.cutout import cutout

SIZE = (160, 120)
FROM_CENTER = np.hypot(np.arange(160) - 80, (np.arange(120) - 60)[:, np.newaxis])
DISC = FROM_CENTER < 35
BOX = (42, 22, 118, 98)
BOXED = Regions([Region(BOX, "disc")], size=SIZE)
MASKED = Regions([Region(BOX, "disc", 1.0, DISC)], size=SIZE)
NONE = Regions(size=SIZE)


def scene() -> Image:
    """An orange disc with a soft edge, before a bluish, slightly uneven wall."""
    random = np.random.default_rng(1)
    share = np.clip(35.5 - FROM_CENTER, 0, 1)[..., np.newaxis]
    colors = share * np.array([220, 120, 30]) + (1 - share) * np.array([70, 110, 150])
    return Image((colors + random.integers(-12, 13, (120, 160, 3))).round().astype(np.uint8))


def alpha_of(image: Image) -> NDArray[np.uint8]:
    assert image.alpha is not None
    return image.alpha


@pytest.mark.parametrize("regions", [BOXED, MASKED])
def test_the_region_stays_and_the_rest_becomes_transparent(regions: Regions) -> None:
    out = cutout(scene(), regions, masker=None, warn=pytest.fail)
    assert out.size == SIZE
    assert (alpha_of(out)[FROM_CENTER < 31] == 255).all()
    assert (alpha_of(out)[FROM_CENTER > 40] == 0).all()
    assert np.array_equal(out.pixels[FROM_CENTER < 31], scene().pixels[FROM_CENTER < 31])
    assert (out.pixels[FROM_CENTER > 40] == 255).all()


def test_the_edge_is_soft_and_has_the_colour_of_the_object() -> None:
    out = cutout(scene(), MASKED, masker=None, warn=pytest.fail)
    edge = (alpha_of(out) > 40) & (alpha_of(out) < 255)
    assert edge.sum() > 50
    red, _, blue = np.asarray(out.to_pil(alpha=True)).astype(int)[edge][:, :3].T
    mixed_red, _, mixed_blue = scene().pixels.astype(int)[edge].T
    assert (mixed_red - mixed_blue).min() < 20
    assert (red - blue).min() > 100


def test_a_masker_finds_the_shapes() -> None:
    masker = FakeMasker(lambda image, region: DISC & (np.arange(160) < 80))
    alpha = alpha_of(cutout(scene(), BOXED, masker=masker, warn=pytest.fail))
    assert masker.calls == 1
    assert (alpha[(FROM_CENTER < 31) & (np.arange(160) < 72)] == 255).all()
    assert (alpha[(FROM_CENTER > 40) | (np.arange(160) > 88)] == 0).all()


def test_a_half_of_the_picture_is_cut_out_whole() -> None:
    half = Regions([Region((0, 0, 80, 120), "LEFT")], size=SIZE)
    alpha = alpha_of(cutout(scene(), half, masker=None, warn=pytest.fail))
    assert (alpha[:, :76] == 255).all()
    assert (alpha[:, 84:] == 0).all()


@pytest.mark.parametrize("regions", [NONE, Regions([Region((500, 500, 600, 600))], size=SIZE)])
def test_without_a_region_the_picture_is_unchanged_with_a_warning(regions: Regions) -> None:
    warned: list[str] = []
    image = scene()
    assert cutout(image, regions, masker=None, warn=warned.append) is image
    assert warned == ["there is no region to cut out, so the picture is unchanged"]


def test_regions_that_cover_the_whole_picture_give_a_warning() -> None:
    warned: list[str] = []
    image = scene()
    whole = Regions([Region((0, 0, *SIZE), mask=np.ones((120, 160), np.bool_))], size=SIZE)
    assert cutout(image, whole, masker=None, warn=warned.append) is image
    assert warned == ["the regions cover the whole picture, so nothing is transparent"]


def test_a_cutout_of_a_cutout_shows_what_both_show() -> None:
    left = Regions([Region((0, 0, 80, 120), "LEFT")], size=SIZE)
    half = cutout(scene(), left, masker=None, warn=pytest.fail)
    both = alpha_of(cutout(half, MASKED, masker=None, warn=pytest.fail))
    assert (both[:, 84:] == 0).all()
    assert (both[(FROM_CENTER < 31) & (np.arange(160) < 76)] == 255).all()
    assert (both[FROM_CENTER > 40] == 0).all()


def test_a_single_pixel_can_be_cut_out() -> None:
    mask = np.zeros((120, 160), np.bool_)
    mask[60, 80] = True
    alpha = alpha_of(
        cutout(scene(), Regions([Region(BOX, mask=mask)], size=SIZE), masker=None, warn=pytest.fail)
    )
    assert 0 < (alpha > 0).sum() < 100


def test_a_crop_keeps_the_transparency_and_other_edits_return_an_opaque_picture() -> None:
    program = "OBJ0=Loc(image=IMAGE, object='disc')\nIMAGE0=CutOut(image=IMAGE, box=OBJ0)\n"
    with VisProg(models={"detector": FakeDetector({"disc": [BOX]})}) as session:
        cropped = session.execute(f"{program}RESULT=Crop(image=IMAGE0, object=OBJ0)", scene()).result
        tagged = session.execute(f"{program}RESULT=Tag(image=IMAGE0, object=OBJ0)", scene()).result
    assert alpha_of(cropped)[0, 0] == 0
    assert alpha_of(cropped)[cropped.height // 2, cropped.width // 2] == 255
    assert tagged.alpha is None
    assert (tagged.pixels[0, 0] == 255).all()
