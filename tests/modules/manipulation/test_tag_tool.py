from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog.boxes import Box, clip
from visprog.modules.manipulation import fonts
from visprog.modules.manipulation.label_drawing import label_colors, text_color
from visprog.modules.manipulation.label_layout import Label, pen_for, place_labels
from visprog.modules.manipulation.tag import tag
from visprog.values import Image, Region, Regions

GREY = (128, 128, 128)


def picture(width: int, height: int) -> Image:
    return Image(np.full((height, width, 3), GREY, dtype=np.uint8))


def quiet(message: str) -> None:
    """Ignore a warning."""


def labels_of(size: tuple[int, int], regions: list[Region]) -> list[Label]:
    """Tag regions in a picture of this size, and return the labels that Tag places."""
    tag(picture(*size), Regions(regions, size=size), warn=quiet)
    shown = [(region, box) for region in regions if (box := clip(region.box, size))]
    return place_labels(shown, pen_for(size, [box for _, box in shown]), size)


def overlap(a: Box, b: Box) -> bool:
    return max(a[0], b[0]) < min(a[2], b[2]) and max(a[1], b[1]) < min(a[3], b[3])


@pytest.mark.parametrize(
    "box", [(0, 0, 400, 300), (-50, -50, 60, 40), (380, 280, 500, 400), (150, 0, 160, 10), (0, 290, 10, 300)]
)
def test_a_label_is_inside_the_picture(box: Box) -> None:
    (label,) = labels_of((400, 300), [Region(box, "astronaut")])
    left, top, right, bottom = label.box
    assert label.text == "astronaut"
    assert 0 <= left < right <= 400
    assert 0 <= top < bottom <= 300


def test_labels_of_neighbours_do_not_overlap() -> None:
    close = [Region((50 + 12 * i, 80, 110 + 12 * i, 160), f"person {i}") for i in range(4)]
    boxes = [label.box for label in labels_of((400, 300), close)]
    assert len(boxes) == 4
    assert not any(overlap(a, b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_label_too_long_for_the_picture_is_shortened() -> None:
    (label,) = labels_of((200, 150), [Region((10, 40, 60, 90), "word " * 500)])
    assert label.text.endswith("…")
    assert label.box[2] <= 200


def test_a_label_of_several_lines_is_drawn_on_one() -> None:
    (label,) = labels_of((400, 300), [Region((10, 40, 60, 90), "two\n lines")])
    assert label.text == "two lines"


def test_a_label_is_drawn_where_it_is_placed() -> None:
    region = Region((100, 100, 200, 200), "dog")
    tagged = tag(picture(400, 300), Regions([region], size=(400, 300)), warn=pytest.fail)
    (label,) = labels_of((400, 300), [region])
    left, top, right, bottom = label.box
    color = np.array(label_colors(Regions([region], size=(400, 300)))["dog"])
    ground = tagged.pixels[[top, top, bottom - 1, bottom - 1], [left, right - 1, left, right - 1]]
    assert (ground == color).all()


def test_each_label_has_its_own_colour() -> None:
    regions = Regions((Region((0, 0, 9, 9), f"kind {i}") for i in range(60)), size=(9, 9))
    colors = label_colors(regions)
    assert len(set(colors.values())) == 60


def test_labels_grow_with_the_picture() -> None:
    heights = []
    for scale in (1, 4):
        region = Region((100 * scale, 100 * scale, 200 * scale, 200 * scale), "dog")
        (label,) = labels_of((400 * scale, 300 * scale), [region])
        heights.append(label.box[3] - label.box[1])
    small, large = heights
    assert 3 * small < large < 5 * small


def test_in_a_crowd_labels_do_not_overlap() -> None:
    boxes = [(x * 20, y * 20, x * 20 + 40, y * 20 + 40) for x in range(20) for y in range(15)]
    remarks: list[str] = []
    crowd = Regions((Region(box, "person") for box in boxes), size=(400, 300))
    tag(picture(400, 300), crowd, warn=remarks.append)
    places = [label.box for label in labels_of((400, 300), list(crowd))]
    assert places
    assert not any(overlap(a, b) for i, a in enumerate(places) for b in places[:i])
    assert f"{300 - len(places)} of 300" in remarks[0]


def test_a_region_without_a_label_gets_only_a_box() -> None:
    region = Region((10, 40, 60, 90))
    out = tag(picture(400, 300), Regions([region], size=(400, 300)), warn=pytest.fail)
    assert not labels_of((400, 300), [region])
    assert out != picture(400, 300)


def test_text_has_contrast_with_its_ground() -> None:
    def luminance(color: tuple[int, ...]) -> float:
        linear = [(c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    regions = Regions((Region((0, 0, 9, 9), str(i)) for i in range(60)), size=(9, 9))
    for color in label_colors(regions).values():
        bright, dark = sorted((luminance(color), luminance(text_color(color))), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 3.0


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.lists(
        st.tuples(
            st.integers(-99, 99),
            st.integers(-99, 99),
            st.integers(1, 200),
            st.integers(1, 200),
            st.text(max_size=9),
        ),
        max_size=5,
    ),
)
def test_any_regions_on_any_picture_are_tagged(
    size: tuple[int, int], given_regions: list[tuple[int, int, int, int, str]]
) -> None:
    image = picture(*size)
    regions = Regions((Region((x, y, x + w, y + h), label) for x, y, w, h, label in given_regions), size=size)
    assert tag(image, regions, warn=quiet).size == size
    assert image == picture(*size)


def test_without_a_region_the_picture_is_unchanged_with_a_warning() -> None:
    remarks: list[str] = []
    image = picture(40, 30)
    assert tag(image, Regions(size=(40, 30)), warn=remarks.append) is image
    assert remarks


def test_a_warning_names_characters_that_no_font_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "system_fonts", tuple)
    monkeypatch.setattr(fonts, "cjk_fonts", tuple)
    fonts.face_for.cache_clear()
    remarks: list[str] = []
    regions = [Region((10, 40, 90, 90), "张三"), Region((100, 40, 190, 90), "Zoë 三")]
    tag(picture(400, 300), Regions(regions, size=(400, 300)), warn=remarks.append)
    fonts.face_for.cache_clear()
    (remark,) = remarks
    assert "张 (U+5F20), 三 (U+4E09)" in remark
    assert "pip install 'visprog[cjk]'" in remark


@pytest.mark.parametrize("label", ["Zoë Müller", "Ελένη", "Юлия", "مريم", "שלום", "น้ำ", "नमस्ते", "dog 🐶"])
def test_labels_in_many_scripts_are_drawn(label: str) -> None:
    assert [each.text for each in labels_of((400, 300), [Region((10, 90, 90, 190), label)])] == [label]


def test_a_long_label_takes_several_lines() -> None:
    text = "a rather long label that says what there is to see in this part of the picture"
    (label,) = labels_of((400, 300), [Region((10, 90, 60, 190), text)])
    left, top, right, bottom = label.box
    assert label.text == text
    assert 0 <= left < right <= 400
    assert bottom - top > 25


def test_a_label_cannot_reorder_the_text() -> None:
    (label,) = labels_of((400, 300), [Region((10, 90, 60, 190), "safe\u202etxt.exe")])
    assert label.text == r"safe\u202etxt.exe"
