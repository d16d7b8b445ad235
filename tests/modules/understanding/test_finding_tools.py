from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog import VisProg
from visprog.models.fake import FakeDetector, FakeFaceDetector, FakeSegmenter, FakeVisualQA
from visprog.models.profile import Profile
from visprog.models.zoo import Zoo
from visprog.modules.understanding.face_det import face_det
from visprog.modules.understanding.loc import loc
from visprog.modules.understanding.seg import seg
from visprog.modules.understanding.vqa import vqa
from visprog.values import Image, Region, Regions


def picture(width: int = 100, height: int = 80) -> Image:
    return Image(np.full((height, width, 3), 128, dtype=np.uint8))


class NoDetector:
    def detect(self, image: Image, labels: object) -> Regions:
        raise AssertionError("no model is needed")


class ScoredDetector:
    def __init__(self, *regions: Region) -> None:
        self.regions = regions

    def detect(self, image: Image, labels: object) -> Regions:
        return Regions(self.regions, size=image.size)


@pytest.mark.parametrize(
    ("side", "box"),
    [
        ("TOP", (0, 0, 100, 40)),
        ("BOTTOM", (0, 40, 100, 80)),
        ("LEFT", (0, 0, 50, 80)),
        ("RIGHT", (50, 0, 100, 80)),
    ],
)
def test_a_side_is_half_of_the_picture_and_needs_no_model(side: str, box: tuple[int, ...]) -> None:
    found = loc(picture(), side, detector=NoDetector())
    assert [box] == [region.box for region in found]


def test_several_halves_need_no_model_but_other_names_do() -> None:
    assert loc(picture(), ["LEFT", "TOP"], detector=NoDetector()).labels == ("LEFT", "TOP")
    assert loc(picture(), "TOP,BOTTOM", detector=NoDetector()).labels == ("TOP", "BOTTOM")
    detector = FakeDetector({"cat": [(1, 2, 30, 40)]})
    assert loc(picture(), "cat, LEFT", detector=detector).labels == ("LEFT", "cat")


@given(st.sampled_from(["TOP", "BOTTOM", "LEFT", "RIGHT"]), st.integers(1, 9), st.integers(1, 9))
def test_a_half_is_never_empty_and_never_outside(side: str, width: int, height: int) -> None:
    (region,) = loc(picture(width, height), side, detector=NoDetector())
    left, top, right, bottom = region.box
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_top_in_small_letters_is_not_a_half() -> None:
    detector = FakeDetector({"top": [(1, 2, 30, 40)]})
    assert loc(picture(), "top", detector=detector).labels == ("top",)
    assert detector.calls == 1


def test_loc_returns_best_first_and_one_region_a_spot() -> None:
    detector = ScoredDetector(
        Region((0, 0, 20, 20), "cat", 0.4),
        Region((50, 50, 70, 70), "cat", 0.6),
        Region((1, 0, 21, 20), "cat", 0.9),
        Region((18, 0, 38, 20), "cat", 0.5),
    )
    assert [region.score for region in loc(picture(), "cat", detector=detector)] == [0.9, 0.6, 0.5]


def test_loc_looks_for_several_names_at_once_and_labels_each_region_with_its_own() -> None:
    detector = FakeDetector({"bird": [(1, 2, 30, 40)], "honey bee": [(50, 2, 70, 40)]})
    assert loc(picture(), "bird, honey bee,", detector=detector).labels == ("bird", "honey bee")
    assert detector.calls == 1


def test_loc_keeps_the_name_that_fits_a_spot_best() -> None:
    detector = ScoredDetector(Region((0, 0, 20, 20), "bee", 0.4), Region((0, 1, 20, 20), "wasp", 0.6))
    assert loc(picture(), "bee, wasp", detector=detector).labels == ("wasp",)


def test_loc_can_find_nothing() -> None:
    assert loc(picture(), "cat", detector=FakeDetector({})).empty


def test_a_face_is_enlarged_one_and_a_half_times() -> None:
    (face,) = face_det(picture(), face_detector=FakeFaceDetector([(40, 30, 60, 50)]))
    assert (face.box, face.label) == ((35, 25, 65, 55), "face")


def test_a_profile_can_set_the_scale_of_faces() -> None:
    faces = {"face_detector": FakeFaceDetector([(40, 30, 60, 50)])}
    session = VisProg(models=Zoo(Profile("heads", tools={"facedet": {"scale": 1.0}}), faces))
    (face,) = session.execute("RESULT=FaceDet(IMAGE)", picture()).result
    assert face.box == (40, 30, 60, 50)


def test_an_enlarged_face_is_clipped_to_the_picture() -> None:
    (face,) = face_det(picture(), face_detector=FakeFaceDetector([(-4, 0, 16, 20)]))
    assert face.box == (0, 0, 21, 25)


def test_a_face_outside_the_picture_is_left_out() -> None:
    assert face_det(picture(), face_detector=FakeFaceDetector([(500, 500, 520, 520)])).empty


def test_seg_returns_what_the_segmenter_finds() -> None:
    sky = Region((0, 0, 100, 20), "sky", 1.0, np.zeros((80, 100), dtype=np.bool_))
    assert [sky] == list(seg(picture(), segmenter=FakeSegmenter([sky])))


def test_vqa_returns_the_answer_without_white_space() -> None:
    assert vqa(picture(), "How many?", visual_qa=FakeVisualQA({"How many?": " 2\n"})) == "2"
