from __future__ import annotations

import pytest

from visprog.trace.tags import Tag, place

CORNERS = {(True, False), (False, False), (True, True), (False, True)}


def _place(boxes: list[tuple[float, float, float, float]], size: tuple[float, float], text: str) -> list[Tag]:
    return place([(text, "98%")] * len(boxes), boxes, size, crowded=False)


def test_a_label_stands_on_its_box_at_the_left() -> None:
    assert _place([(20, 50, 60, 90)], (330, 330), "dog") == [
        Tag("dog", "98%", "20", "50", "80", end=False, inside=False)
    ]


def test_at_the_right_edge_a_label_ends_with_its_box() -> None:
    (tag,) = _place([(90, 50, 120, 90)], (330, 330), "dog")
    assert (tag.x, tag.width, tag.end) == ("0", "100", True)


def test_regions_with_a_corner_in_common_are_labelled_at_different_ones() -> None:
    tags = _place([(0, 0, 100, 100)] * 4, (330, 330), "dog")
    assert {(tag.y == "0", tag.end) for tag in tags} == CORNERS
    assert not any(tag.hidden for tag in tags)


def test_the_smallest_region_goes_without_a_label_where_there_is_no_room() -> None:
    boxes = [(0.0, 0.0, 100.0 - n, 100.0 - n) for n in (4, 3, 2, 1, 0)]
    assert [tag.hidden for tag in _place(boxes, (200, 42), "dog")] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("width", "text", "score"), [(200, "TOP", "98%"), (70, "TOP", ""), (70, "giraffe", "")]
)
def test_a_score_is_left_out_where_it_has_no_room(width: float, text: str, score: str) -> None:
    (tag,) = _place([(0, 0, 100, 50)], (width, 300), text)
    assert (tag.label, tag.score, tag.hidden) == (text, score, False)


def test_a_picture_too_low_for_any_label_shows_one() -> None:
    assert [tag.hidden for tag in _place([(0, 0, 50, 100), (50, 0, 100, 100)], (330, 12), "x")] == [
        False,
        True,
    ]


def test_labels_wait_for_the_pointer_in_a_crowd() -> None:
    assert place([("dog", "98%")], [(0, 0, 9, 9)], (330, 330), crowded=True)[0].hidden
