from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PILImage

import visprog.modules.manipulation.tag as tag_module
from visprog.modules.manipulation import fonts
from visprog.modules.manipulation.tag import tag
from visprog.values import Box, Image, Region, Regions

GREY = (128, 128, 128)


def picture(width: int, height: int) -> Image:
    return Image(np.full((height, width, 3), GREY, dtype=np.uint8))


def quiet(message: str) -> None:
    """Ignore a remark."""


@pytest.fixture
def labels(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Box]]:
    """The labels that are written, each with its place."""
    written: list[tuple[str, Box]] = []
    write = tag_module._write

    def watched(
        picture: PILImage.Image,
        block: tag_module._Block,
        place: Box,
        color: tag_module.Color,
        pen: tag_module._Pen,
    ) -> None:
        written.append((" ".join(line.text for line in block.lines), place))
        write(picture, block, place, color, pen)

    monkeypatch.setattr(tag_module, "_write", watched)
    return written


def overlap(a: Box, b: Box) -> bool:
    return max(a[0], b[0]) < min(a[2], b[2]) and max(a[1], b[1]) < min(a[3], b[3])


@pytest.mark.parametrize(
    "box", [(0, 0, 400, 300), (-50, -50, 60, 40), (380, 280, 500, 400), (150, 0, 160, 10), (0, 290, 10, 300)]
)
def test_a_label_is_inside_the_picture(labels: list[tuple[str, Box]], box: Box) -> None:
    tag(picture(400, 300), Regions([Region(box, "astronaut")], size=(400, 300)), warn=pytest.fail)
    ((text, (left, top, right, bottom)),) = labels
    assert text == "astronaut"
    assert 0 <= left < right <= 400
    assert 0 <= top < bottom <= 300


def test_labels_of_neighbours_keep_out_of_each_others_way(labels: list[tuple[str, Box]]) -> None:
    close = [Region((50 + 12 * i, 80, 110 + 12 * i, 160), f"person {i}") for i in range(4)]
    tag(picture(400, 300), Regions(close, size=(400, 300)), warn=pytest.fail)
    places = [place for _, place in labels]
    assert len(places) == 4
    assert not any(overlap(a, b) for i, a in enumerate(places) for b in places[:i])


def test_a_label_too_long_for_the_picture_is_shortened(labels: list[tuple[str, Box]]) -> None:
    tag(
        picture(200, 150),
        Regions([Region((10, 40, 60, 90), "word " * 500)], size=(200, 150)),
        warn=pytest.fail,
    )
    assert labels[0][0].endswith("…")
    assert labels[0][1][2] <= 200


def test_a_label_of_several_lines_is_written_on_one(labels: list[tuple[str, Box]]) -> None:
    tag(
        picture(400, 300),
        Regions([Region((10, 40, 60, 90), "two\n lines")], size=(400, 300)),
        warn=pytest.fail,
    )
    assert labels[0][0] == "two lines"


def test_each_label_has_a_colour_of_its_own() -> None:
    regions = Regions((Region((0, 0, 9, 9), f"kind {i}") for i in range(60)), size=(9, 9))
    colors = tag_module._colors(regions)
    assert len(set(colors.values())) == 60


def test_labels_grow_with_the_picture(labels: list[tuple[str, Box]]) -> None:
    for scale in (1, 4):
        region = Region((100 * scale, 100 * scale, 200 * scale, 200 * scale), "dog")
        size = (400 * scale, 300 * scale)
        tag(picture(*size), Regions([region], size=size), warn=pytest.fail)
    small, large = (place[3] - place[1] for _, place in labels)
    assert 3 * small < large < 5 * small


def test_a_crowd_is_tagged_without_labels_on_each_other(labels: list[tuple[str, Box]]) -> None:
    boxes = [(x * 20, y * 20, x * 20 + 40, y * 20 + 40) for x in range(20) for y in range(15)]
    remarks: list[str] = []
    crowd = Regions((Region(box, "person") for box in boxes), size=(400, 300))
    tag(picture(400, 300), crowd, warn=remarks.append)
    places = [place for _, place in labels]
    assert places
    assert not any(overlap(a, b) for i, a in enumerate(places) for b in places[:i])
    assert f"{300 - len(places)} of 300" in remarks[0]


def test_a_region_without_a_label_is_a_box_alone(labels: list[tuple[str, Box]]) -> None:
    out = tag(picture(400, 300), Regions([Region((10, 40, 60, 90))], size=(400, 300)), warn=pytest.fail)
    assert not labels
    assert out != picture(400, 300)


def test_text_stands_out_from_its_ground() -> None:
    def luminance(color: tuple[int, ...]) -> float:
        linear = [(c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    regions = Regions((Region((0, 0, 9, 9), str(i)) for i in range(60)), size=(9, 9))
    for color in tag_module._colors(regions).values():
        bright, dark = sorted((luminance(color), luminance(tag_module._text_color(color))), reverse=True)
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


def test_without_a_region_the_picture_is_unchanged_and_it_is_said() -> None:
    remarks: list[str] = []
    image = picture(40, 30)
    assert tag(image, Regions(size=(40, 30)), warn=remarks.append) is image
    assert remarks


def test_letters_that_no_font_has_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_system", tuple)
    monkeypatch.setattr(fonts, "_cjk_package", tuple)
    fonts.face_for.cache_clear()
    remarks: list[str] = []
    regions = [Region((10, 40, 90, 90), "张三"), Region((100, 40, 190, 90), "Zoë 三")]
    tag(picture(400, 300), Regions(regions, size=(400, 300)), warn=remarks.append)
    fonts.face_for.cache_clear()
    (remark,) = remarks
    assert "张 (U+5F20), 三 (U+4E09)" in remark
    assert "pip install 'visprog[cjk]'" in remark


@pytest.mark.parametrize("label", ["Zoë Müller", "Ελένη", "Юлия", "مريم", "שלום", "น้ำ", "नमस्ते", "dog 🐶"])
def test_labels_in_many_scripts_are_written(labels: list[tuple[str, Box]], label: str) -> None:
    tag(picture(400, 300), Regions([Region((10, 90, 90, 190), label)], size=(400, 300)), warn=pytest.fail)
    assert [text for text, _ in labels] == [label]


def test_a_long_label_takes_several_lines(labels: list[tuple[str, Box]]) -> None:
    label = "a rather long label that says what there is to see in this part of the picture"
    tag(picture(400, 300), Regions([Region((10, 90, 60, 190), label)], size=(400, 300)), warn=pytest.fail)
    ((text, (left, top, right, bottom)),) = labels
    assert text == label
    assert 0 <= left < right <= 400
    assert bottom - top > 25


def test_a_label_cannot_reorder_what_is_shown(labels: list[tuple[str, Box]]) -> None:
    region = Region((10, 90, 60, 190), "safe\u202etxt.exe")
    tag(picture(400, 300), Regions([region], size=(400, 300)), warn=pytest.fail)
    assert labels[0][0] == r"safe\u202etxt.exe"
