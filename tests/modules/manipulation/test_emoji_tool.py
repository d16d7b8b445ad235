from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from visprog.errors import UsageError
from visprog.modules.manipulation.covers import cover, head, hidden_part
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


def test_an_emoji_lies_centred_on_its_region_and_not_far_beyond() -> None:
    out = emoji(picture(), Regions([Region((30, 20, 90, 80))], size=(120, 100)), "8)", warn=pytest.fail)
    changed = (out.pixels != GREY).any(axis=2)
    assert changed[20:80, 30:90].all()
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    reach = 30 * (math.sqrt(2) + 0.2)
    assert 0 < 60 - columns[0] < reach
    assert 0 < columns[-1] - 60 < reach
    assert 0 < 50 - rows[0] < reach
    assert changed.mean() < 0.6


def scenes(size: tuple[int, int], part: NDArray[np.bool_]) -> tuple[Image, Image]:
    """Return two pictures that differ in every pixel of `part` and nowhere else."""
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image(pixels), Image(np.where(part[..., np.newaxis], 255 - pixels, pixels))


SIDES = st.integers(1, 60)


@st.composite
def regions_in_pictures(draw: st.DrawFn) -> tuple[tuple[int, int], Region]:
    """Draw a picture's size, and a box or a mask that reaches into the picture."""
    width, height = draw(st.tuples(SIDES, SIDES))
    left, top = draw(st.integers(-30, width - 1)), draw(st.integers(-30, height - 1))
    right, bottom = max(left, 0) + draw(SIDES), max(top, 0) + draw(SIDES)
    mask = draw(st.none() | arrays(np.bool_, (height, width)).filter(np.any))
    return (width, height), Region((left, top, right, bottom), "dog", 1.0, mask)


@settings(max_examples=150, deadline=None)
@given(regions_in_pictures(), st.sampled_from(sorted(sprites())))
@example(((60, 1), Region((0, 0, 60, 1))), "wavy_dash")
@example(((50, 40), Region((-20, -20, 1, 1))), "paperclip")
@example(((60, 60), Region((0, 10, 60, 13))), "smiling_face_with_sunglasses")
def test_nothing_of_the_region_can_be_seen(drawn: tuple[tuple[int, int], Region], name: str) -> None:
    size, region = drawn
    only = Regions([region], size=size)
    first, second = scenes(size, only.union_mask())
    assert emoji(first, only, name, warn=pytest.fail) == emoji(second, only, name, warn=pytest.fail)


@settings(deadline=None)
@given(regions_in_pictures())
def test_nothing_of_a_head_can_be_seen(drawn: tuple[tuple[int, int], Region]) -> None:
    size, face = drawn[0], replace(drawn[1], label="face")
    shown = head(face.box).opacity((0, 0, *size)) == 255
    assume(shown.any())
    first, second = scenes(size, shown)
    only = Regions([face], size=size)
    assert emoji(first, only, ":)", warn=pytest.fail) == emoji(second, only, ":)", warn=pytest.fail)


@settings(deadline=None)
@given(regions_in_pictures(), st.booleans())
def test_a_cover_contains_every_pixel_to_hide(drawn: tuple[tuple[int, int], Region], is_face: bool) -> None:
    size, region = drawn[0], replace(drawn[1], label="face") if is_face else drawn[1]
    part, place = hidden_part(region, size), cover(region, size)
    assert (part is None) == (place is None)
    if part is None or place is None:
        return
    box, mask = part
    assert (place.opacity(box)[mask] == 255).all()


def test_every_drawing_hides_a_box() -> None:
    hidden = np.zeros((100, 120), dtype=np.bool_)
    hidden[20:40, 30:60] = True
    first, second = scenes((120, 100), hidden)
    box = Regions([Region((30, 20, 60, 40))], size=(120, 100))
    for name in list(sprites())[::5]:
        assert emoji(first, box, name, warn=pytest.fail) == emoji(second, box, name, warn=pytest.fail)


@pytest.mark.parametrize(("width", "height"), [(10, 10), (40, 10), (10, 60), (30, 20)])
def test_a_cover_is_not_much_larger_than_its_box(width: int, height: int) -> None:
    place = cover(Region((100, 100, 100 + width, 100 + height)), (300, 300))
    assert place is not None
    circle = math.pi * (width**2 + height**2) / 4
    assert math.pi * place.across * place.down < circle * 1.05
    assert 0.7 < place.across / place.down < 1.45
    assert (place.x, place.y) == pytest.approx((100 + width / 2, 100 + height / 2), abs=0.1)


def test_a_mask_is_covered_more_tightly_than_its_box() -> None:
    disc = np.hypot(np.arange(100) - 49.5, np.arange(100)[:, np.newaxis] - 49.5) < 30
    box = (20, 20, 80, 80)
    masked, boxed = cover(Region(box, mask=disc), (100, 100)), cover(Region(box), (100, 100))
    assert masked is not None
    assert boxed is not None
    assert masked.across < 0.8 * boxed.across


def test_the_whole_head_of_a_face_is_covered() -> None:
    box = (100, 100, 160, 180)
    place = cover(Region(box, "face"), (300, 300))
    assert place is not None
    assert place.y < 140  # hair reaches farther above a face than the chin below
    for x, y in ((98, 140), (162, 140), (130, 88), (130, 175)):
        assert math.hypot((x - place.x) / place.across, (y - place.y) / place.down) < 1


def test_a_box_that_contains_a_whole_head_is_covered_like_the_head() -> None:
    angles = np.linspace(0, 2 * np.pi, 60)
    x, y = 130 + 30 * np.cos(angles), 140 + 40 * np.sin(angles)
    whole = head((100, 100, 160, 180))
    assert (np.hypot((x - whole.x) / whole.across, (y - whole.y) / whole.down) < 1.001).all()


def test_a_face_beyond_the_edge_is_covered_by_what_the_picture_shows_of_it() -> None:
    place = cover(Region((-50, 0, 10, 80), "face"), (200, 200))
    assert place is not None
    assert place.across < 40


def test_a_mask_of_another_picture_is_an_error() -> None:
    regions = Regions([Region((0, 0, 8, 8), "dog", 1.0, np.ones((8, 8), dtype=np.bool_))], size=(8, 8))
    with pytest.raises(UsageError, match="the mask of dog belongs to a picture of 8 x 8 pixels"):
        emoji(picture(), regions, ":)", warn=pytest.fail)


def test_small_regions_stay_visible_on_large_ones() -> None:
    pair = [Region((50, 40, 60, 50)), Region((10, 10, 110, 90))]
    images = [
        emoji(picture(), Regions(order, size=(120, 100)), ":)", warn=pytest.fail)
        for order in (pair, pair[::-1])
    ]
    assert images[0] == images[1]
    assert images[0] != emoji(picture(), Regions(pair[1:], size=(120, 100)), ":)", warn=pytest.fail)


def test_a_box_far_larger_than_the_picture_is_covered_quickly() -> None:
    edge = 10**9
    huge = Regions([Region((-edge, -edge, edge, edge))], size=(120, 100))
    assert (emoji(picture(), huge, "ghost", warn=pytest.fail).pixels != GREY).any(axis=2).all()


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
