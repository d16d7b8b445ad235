from __future__ import annotations

import pytest

from visprog.trace.tags import Tag, place

CORNERS = {(True, False), (False, False), (True, True), (False, True)}


def _place(boxes: list[tuple[float, float, float, float]], size: tuple[float, float], text: str) -> list[Tag]:
    return place([(text, "98%")] * len(boxes), boxes, size, crowded=False)


def test_a_label_is_above_the_left_corner_of_its_box() -> None:
    assert _place([(20, 50, 60, 90)], (330, 330), "dog") == [
        Tag("dog", "98%", "20", "50", "80", end=False, below=False)
    ]


def test_at_the_right_edge_a_label_is_aligned_to_the_right() -> None:
    (tag,) = _place([(90, 50, 120, 90)], (330, 330), "dog")
    assert (tag.x, tag.width, tag.end) == ("0", "100", True)


def test_regions_that_share_a_corner_are_labelled_at_different_corners() -> None:
    tags = _place([(0, 0, 100, 100)] * 4, (330, 330), "dog")
    assert {(tag.y == "0", tag.end) for tag in tags} == CORNERS
    assert not any(tag.hidden for tag in tags)


def test_without_room_the_smallest_region_has_a_hidden_label() -> None:
    boxes = [(0.0, 0.0, 100.0 - n, 100.0 - n) for n in (4, 3, 2, 1, 0)]
    assert [tag.hidden for tag in _place(boxes, (200, 42), "dog")] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("width", "text", "score"), [(200, "TOP", "98%"), (70, "TOP", ""), (70, "giraffe", "")]
)
def test_a_score_without_room_is_left_out(width: float, text: str, score: str) -> None:
    (tag,) = _place([(0, 0, 100, 50)], (width, 300), text)
    assert (tag.label, tag.score, tag.hidden) == (text, score, False)


def test_a_picture_too_low_for_labels_shows_one_label() -> None:
    assert [tag.hidden for tag in _place([(0, 0, 50, 100), (50, 0, 100, 100)], (330, 12), "x")] == [
        False,
        True,
    ]


def test_labels_of_a_crowded_picture_are_hidden() -> None:
    assert place([("dog", "98%")], [(0, 0, 9, 9)], (330, 330), crowded=True)[0].hidden
