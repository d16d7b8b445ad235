from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog.errors import UsageError
from visprog.modules.manipulation.label_drawing import color_at
from visprog.modules.manipulation.outline import outline
from visprog.modules.manipulation.tag import tag
from visprog.values import Image, Region, Regions

SIZE = (400, 300)
GREY = Image(np.full((300, 400, 3), 128, dtype=np.uint8))
DISC = np.hypot(np.arange(400) - 200, (np.arange(300) - 160)[:, np.newaxis]) < 80


def ignore(message: str) -> None:
    """Ignore a warning."""


def test_a_region_without_a_mask_is_drawn_as_tag_draws_it_with_its_number() -> None:
    boxes = [(50, 60, 150, 160), (200, 80, 350, 280)]
    plain = Regions([Region(boxes[0], "cat"), Region(boxes[1], "dog")], size=SIZE)
    numbered = Regions([Region(boxes[0], "1 cat"), Region(boxes[1], "2 dog")], size=SIZE)
    assert outline(GREY, plain, warn=pytest.fail) == tag(GREY, numbered, warn=pytest.fail)


def test_a_region_without_a_label_gets_its_number_alone() -> None:
    bare = Regions([Region((50, 60, 150, 160))], size=SIZE)
    numbered = Regions([Region((50, 60, 150, 160), "1")], size=SIZE)
    assert outline(GREY, bare, warn=pytest.fail) == tag(GREY, numbered, warn=pytest.fail)


def test_regions_with_the_same_label_get_different_colours() -> None:
    same = Regions([Region((20, 100, 120, 200), "dog"), Region((220, 100, 320, 200), "dog")], size=SIZE)
    pixels = outline(GREY, same, warn=pytest.fail).pixels
    for place, index in ((slice(20, 120), 0), (slice(220, 320), 1)):
        assert (pixels[100:200, place] == color_at(index)).all(axis=2).any()


def test_the_outline_follows_the_mask() -> None:
    masked = Regions([Region((110, 70, 290, 250), "ball", mask=DISC)], size=SIZE)
    drawn = (outline(GREY, masked, warn=pytest.fail).pixels == color_at(0)).all(axis=2)
    rows, columns = np.nonzero(drawn[120:])
    distance = np.hypot(columns - 200, rows + 120 - 160)
    assert len(distance) > 500
    assert (np.abs(distance - 80) < 4).all()


@pytest.mark.parametrize("label", ["собака", "كلب", "犬", "कुत्ता", "🐶", "", "1 2 3", "a\nb"])
def test_labels_may_be_in_any_script(label: str) -> None:
    regions = Regions([Region((50, 60, 350, 260), label)], size=SIZE)
    assert outline(GREY, regions, warn=ignore) != GREY


def test_no_region_is_reported() -> None:
    warnings = list[str]()
    assert outline(GREY, Regions(size=SIZE), warn=warnings.append) == GREY
    assert warnings == ["there is no region to outline, so the picture is unchanged"]


def test_masks_of_another_picture_are_rejected() -> None:
    small = Image(np.zeros((30, 40, 3), dtype=np.uint8))
    with pytest.raises(UsageError, match="belongs to a picture"):
        outline(small, Regions([Region((0, 0, 9, 9), mask=DISC)], size=SIZE), warn=pytest.fail)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-50, 99), st.integers(-50, 99), st.integers(1, 90), st.integers(1, 90), st.booleans()
        ),
        max_size=5,
    )
)
def test_any_regions_are_drawn_without_changing_the_picture(
    drawn: list[tuple[int, int, int, int, bool]],
) -> None:
    mask = np.random.default_rng(1).random((60, 80)) < 0.5
    image = Image(np.full((60, 80, 3), 128, dtype=np.uint8))
    regions = Regions(
        (Region((x, y, x + w, y + h), "thing", mask=mask if has else None) for x, y, w, h, has in drawn),
        size=image.size,
    )
    assert outline(image, regions, warn=ignore).size == image.size
    assert (image.pixels == 128).all()
