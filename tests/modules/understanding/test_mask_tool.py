from __future__ import annotations

import numpy as np

from visprog.models.fake import FakeMasker
from visprog.modules.understanding.mask import mask
from visprog.values import Image, Region, Regions

SIZE = (160, 120)


def discs() -> Image:
    noise = np.random.default_rng(5).integers(-12, 13, (120, 160, 3))
    pixels = np.full((120, 160, 3), (70, 110, 160)) + noise
    pixels[disc(40)] = (220, 60, 40)
    pixels[disc(120)] = (230, 200, 40)
    return Image(pixels.clip(0, 255).astype(np.uint8))


def disc(x: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    rows, columns = np.ogrid[:120, :160]
    return np.asarray((columns - x) ** 2 + (rows - 60) ** 2 <= 25**2)


LEFT = Region((13, 33, 67, 87), "ball", 0.8)
RIGHT = Region((93, 33, 147, 87), "sun", 0.6)


def overlap(a: Region, b: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    assert a.mask is not None
    return float((a.mask & b).sum() / (a.mask | b).sum())


def test_each_thing_is_cut_out_of_its_own_box() -> None:
    left, right = mask(discs(), Regions([LEFT, RIGHT], size=SIZE), masker=None)
    assert overlap(left, disc(40)) > 0.95
    assert overlap(right, disc(120)) > 0.95


def test_boxes_labels_and_scores_stay() -> None:
    found = mask(discs(), Regions([LEFT, RIGHT], size=SIZE), masker=None)
    assert [(r.box, r.label, r.score) for r in found] == [
        (LEFT.box, "ball", 0.8),
        (RIGHT.box, "sun", 0.6),
    ]


def test_half_of_the_picture_is_its_own_mask() -> None:
    (found,) = mask(discs(), Regions([Region((80, 0, 160, 120), "RIGHT")], size=SIZE), masker=FakeMasker())
    assert overlap(found, np.indices((120, 160))[1] >= 80) == 1


def test_a_masker_is_asked_once_for_all_that_lack_a_mask() -> None:
    asked: list[str] = []

    def whole(image: Image, region: Region) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        asked.append(region.label)
        return np.ones((120, 160), dtype=np.bool_)

    own = Region(RIGHT.box, "own", 0.5, disc(120))
    masker = FakeMasker(whole)
    found = mask(discs(), Regions([LEFT, own, RIGHT], size=SIZE), masker=masker)
    assert (masker.calls, asked) == (1, ["ball", "sun"])
    assert found[1] is own
    assert found[0].mask is not None
    assert found[0].mask.all()


def test_a_region_outside_the_picture_has_an_empty_mask() -> None:
    outside = Region((500, 500, 520, 520), "far")
    found = mask(discs(), Regions([outside, LEFT], size=SIZE), masker=None)
    assert found[0].mask is not None
    assert not found[0].mask.any()
    assert overlap(found[1], disc(40)) > 0.95


def test_where_nothing_lacks_a_mask_no_masker_is_asked() -> None:
    masker = FakeMasker()
    given = Regions([Region(LEFT.box, "ball", 0.8, disc(40))], size=SIZE)
    assert mask(discs(), given, masker=masker) == given
    assert mask(discs(), Regions(size=SIZE), masker=masker).empty
    assert masker.calls == 0


def test_a_picture_of_one_pixel_has_masks_too() -> None:
    dot = Image(np.zeros((1, 1, 3), dtype=np.uint8))
    (found,) = mask(dot, Regions([Region((-2, -2, 3, 3))], size=(1, 1)), masker=None)
    assert found.mask is not None
    assert found.mask.shape == (1, 1)
