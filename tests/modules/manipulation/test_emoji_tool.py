from __future__ import annotations

import sys

import numpy as np
import pytest

from visprog.errors import UsageError
from visprog.modules.manipulation.emoji import emoji
from visprog.modules.manipulation.sprites import CHARACTERS, EMOTICONS, sprite, sprite_name, sprites
from visprog.values import Image, Region, Regions

GREY = (90, 90, 90)


def picture(width: int = 120, height: int = 100) -> Image:
    return Image(np.full((height, width, 3), GREY, dtype=np.uint8))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (":p", "face_with_tongue"),
        (":P", "face_with_tongue"),
        (":-P", "face_with_tongue"),
        ("8)", "smiling_face_with_sunglasses"),
        ("8-)", "smiling_face_with_sunglasses"),
        ("B)", "smiling_face_with_sunglasses"),
        (";)", "winking_face"),
        (";-)", "winking_face"),
        (":)", "smiling_face_with_smiling_eyes"),
        (":(", "disappointed_face"),
        (":D", "grinning_face_with_big_eyes"),
        (":o", "face_with_open_mouth"),
        (":'(", "crying_face"),
        (":'-(", "crying_face"),
        ("<3", "red_heart"),
        (">:(", "angry_face"),
        ("^_^", "smiling_face_with_smiling_eyes"),
        ("-_-", "expressionless_face"),
        ("face_with_tongue", "face_with_tongue"),
        ("Face with Tongue", "face_with_tongue"),
        ("face-with-tongue ", "face_with_tongue"),
        (":smiling_face_with_sunglasses:", "smiling_face_with_sunglasses"),
        ("😎", "smiling_face_with_sunglasses"),
        ("😛", "face_with_tongue"),
        ("❤️", "red_heart"),
        ("🐻", "bear"),
        ("pizza", "pizza"),
    ],
)
def test_an_emoji_is_known_by_name_character_or_emoticon(written: str, name: str) -> None:
    assert name == sprite_name(written)


def test_every_smiley_is_found_by_its_name() -> None:
    smileys = [name for name, path in sprites().items() if path.parent.name == "smileys"]
    assert len(smileys) > 80
    assert smileys == [sprite_name(name.replace("_", " ").title()) for name in smileys]


def test_every_emoticon_and_character_leads_to_a_drawing() -> None:
    assert {*EMOTICONS.values(), *CHARACTERS.values()} <= sprites().keys()
    assert list(EMOTICONS.values()) == [sprite_name(emoticon.lower()) for emoticon in EMOTICONS]


@pytest.mark.parametrize(
    ("written", "near"), [("sunglasses", "smiling_face_with_sunglasses"), ("winkingfase", "winking_face")]
)
def test_an_unknown_name_is_answered_with_the_nearest(written: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        sprite_name(written)
    assert f"`{near}`" in str(caught.value.help)
    assert repr(written) in caught.value.message


@pytest.mark.parametrize("written", ["", "  ", "🫨", "x" * 5000])
def test_an_unknown_emoji_is_answered_with_examples(written: str) -> None:
    with pytest.raises(UsageError, match="unknown emoji") as caught:
        sprite_name(written)
    assert "`8)`" in str(caught.value.help)


def test_the_package_of_the_drawings_is_not_imported() -> None:
    sprites()
    assert "augly" not in sys.modules


@pytest.mark.parametrize("side", [1, 2, 71, 72, 73, 500, 2000])
def test_a_drawing_has_the_requested_size(side: int) -> None:
    assert sprite("skull").fitted(side, side).size == (side, side)


def test_an_enlarged_drawing_keeps_its_flat_colours_and_its_shape() -> None:
    small = np.asarray(sprite("smiling_face_with_sunglasses").fitted(72, 72), dtype=int)
    large = np.asarray(sprite("smiling_face_with_sunglasses").fitted(720, 720), dtype=int)
    middle = large[5::10, 5::10]
    plain = (small[..., 3] == 255) & (np.abs(np.gradient(small[..., 0].astype(float))).max(axis=0) < 2)
    assert np.abs(small - middle)[plain].max() < 8
    half_clear = ((large[..., 3] > 20) & (large[..., 3] < 235)).mean()
    assert half_clear < 0.01  # the outline is an edge, no blur


def test_the_emoji_covers_the_region_centred_on_it() -> None:
    out = emoji(picture(), Regions([Region((30, 20, 90, 80))], size=(120, 100)), "8)", warn=pytest.fail)
    changed = (out.pixels != GREY).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (
        np.abs(np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) - (30, 20, 90, 80)).max() <= 1
    )
    assert changed[20:80, 30:90].mean() > 0.7


@pytest.mark.parametrize(
    "box", [(-30, -30, 20, 20), (100, 80, 150, 130), (-500, -500, 600, 600), (0, 40, 120, 41)]
)
def test_an_emoji_over_the_edge_is_clipped(box: tuple[int, int, int, int]) -> None:
    out = emoji(picture(), Regions([Region(box)], size=(120, 100)), ":)", warn=pytest.fail)
    assert out.size == (120, 100)
    assert out != picture()


@pytest.mark.parametrize("regions", [[], [Region((500, 500, 600, 600))]])
def test_without_a_region_the_picture_is_unchanged_with_a_warning(regions: list[Region]) -> None:
    remarks: list[str] = []
    image = picture()
    assert emoji(image, Regions(regions, size=image.size), ":)", warn=remarks.append) is image
    assert remarks


def test_an_unknown_emoji_is_an_error_even_without_a_region() -> None:
    with pytest.raises(UsageError):
        emoji(picture(), Regions(size=(120, 100)), "no such thing", warn=pytest.fail)


def test_a_picture_of_one_pixel_takes_an_emoji() -> None:
    assert emoji(
        picture(1, 1), Regions([Region((0, 0, 1, 1))], size=(1, 1)), ":)", warn=pytest.fail
    ).size == (1, 1)
