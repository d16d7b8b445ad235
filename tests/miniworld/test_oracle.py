from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visprog import Image, VisProg
from visprog.boxes import Box, enlarge
from visprog.miniworld.drawing import draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.scene import Ground, Scene, Thing, make_scene
from visprog.models.roles import Message
from visprog.models.zoo import Zoo
from visprog.values import Region, Regions

RED, BLUE, DOG, WOMAN = range(4)
SCENE = Scene(
    256,
    192,
    Ground(("sky", "desert"), 5),
    (
        Thing("car", "red", (10, 100, 70, 160)),
        Thing("car", "blue", (180, 100, 240, 160)),
        Thing("dog", None, (100, 110, 150, 160)),
        Thing("woman", None, (20, 20, 80, 80)),
    ),
)
DRAWN = draw(SCENE)
PICTURE = DRAWN.image


@pytest.fixture
def oracle() -> Oracle:
    return Oracle([draw(make_scene(0, "test")), DRAWN])


def box(number: int) -> Box:
    return DRAWN.box(number)


def boxes(regions: Regions) -> list[Box]:
    return [region.box for region in regions]


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("car", [RED, BLUE]),
        ("cars", [RED, BLUE]),
        ("the red car", [RED]),
        ("green car", []),
        ("vehicle", [RED, BLUE]),
        ("people", [WOMAN]),
        ("animal", [DOG]),
        ("scarecrow", []),
    ],
)
def test_the_detector_finds_the_things_of_a_label(oracle: Oracle, label: str, found: list[int]) -> None:
    regions = oracle.detect(PICTURE, [label])
    assert [box(number) for number in found] == boxes(regions)
    assert set(regions.labels) <= {label}


def test_a_crop_is_recognised_and_boxes_are_relative_to_it(oracle: Oracle) -> None:
    left, top, right, bottom = box(DOG)
    part = PICTURE.crop((90, 100, 256, 180)).crop((5, 5, 120, 70))
    assert [(left - 95, top - 105, right - 95, bottom - 105)] == boxes(oracle.detect(part, ["dog"]))
    assert oracle.detect(Image(part.pixels), ["woman"]).empty


@pytest.mark.parametrize(("share", "found"), [(0.1, 0), (0.6, 1)])
def test_a_thing_is_visible_from_a_quarter_of_its_pixels(oracle: Oracle, share: float, found: int) -> None:
    left, _, right, _ = box(DOG)
    part = PICTURE.crop((0, 0, round(left + share * (right - left)), 192))
    assert len(oracle.detect(part, ["dog"])) == found


def test_a_hidden_face_is_not_found() -> None:
    woman, bear = Thing("woman", None, (20, 20, 80, 80)), Thing("bear", None, (18, 18, 82, 82))
    seen, hidden = (Scene(160, 160, SCENE.ground, things) for things in ((bear, woman), (woman, bear)))
    assert len(Oracle([draw(seen)]).detect_faces(draw(seen).image)) == 1
    assert Oracle([draw(hidden)]).detect_faces(draw(hidden).image).empty


def test_the_segments_cover_the_picture(oracle: Oracle) -> None:
    regions = oracle.segment(PICTURE)
    assert regions.labels == ("car", "car", "dog", "woman", "sky", "desert")
    masks = np.array([region.mask for region in regions])
    assert (masks.sum(axis=0) == 1).all()


def test_the_mask_of_a_box_is_that_of_the_thing_inside(oracle: Oracle) -> None:
    (masked,) = oracle.mask(PICTURE, Regions([Region(box(DOG), "pet", 0.5)], size=PICTURE.size))
    assert masked.mask is not None
    assert (masked.mask == DRAWN.mask(DOG)).all()
    assert (masked.label, masked.score, masked.box) == ("pet", 0.5, box(DOG))


def test_the_mask_of_a_face_is_inside_its_box(oracle: Oracle) -> None:
    (face,) = oracle.detect_faces(PICTURE)
    (masked,) = oracle.mask(PICTURE, Regions([face], size=PICTURE.size))
    assert masked.mask is not None
    left, top, right, bottom = face.box
    assert masked.mask[top:bottom, left:right].sum() == masked.mask.sum() > 0
    assert not masked.mask[~DRAWN.mask(WOMAN)].any()


def test_the_scorer_prefers_specific_true_texts_and_any_true_text_to_false_ones(
    oracle: Oracle,
) -> None:
    texts = ["red car", "car", "a vehicle", "object", "dog", "blue car", "scarecrow"]
    (scores,) = oracle.score([PICTURE.crop(box(RED))], texts)
    assert sorted(scores.tolist(), reverse=True) == scores.tolist()
    assert scores[2] > scores[3] > scores[4]
    assert scores[3] > scores[5]


def test_a_crop_is_about_the_thing_that_it_frames_and_not_its_neighbours() -> None:
    small, large = Thing("bicycle", "red", (40, 60, 80, 100)), Thing("bear", None, (65, 50, 125, 110))
    drawn = draw(Scene(160, 160, SCENE.ground, (small, large)))
    (scores,) = Oracle([drawn]).score([drawn.image.crop(drawn.box(0))], ["bicycle", "bear"])
    assert scores[0] > scores[1]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What color is the dog?", "none"),
        ("How many cars are in the image?", "2"),
        ("How many red vehicles are in the image?", "1"),
        ("Is there a dog in the image?", "yes"),
        ("Are there any cats in the image?", "no"),
        ("Is the car red?", "yes"),
        ("Is the car purple?", "no"),
        ("What animal is this?", "dog"),
        ("What person is this?", "woman"),
    ],
)
def test_simple_questions_are_answered(oracle: Oracle, question: str, answer: str) -> None:
    assert answer == oracle.answer(PICTURE, question)


@pytest.mark.parametrize("enlarged", [1.0, 1.5])
def test_questions_about_a_crop_concern_the_thing_that_it_frames(oracle: Oracle, enlarged: float) -> None:
    x, y = SCENE.things[BLUE].centre
    half = 30 * enlarged
    part = PICTURE.crop((round(x - half), round(y - half), round(x + half), round(y + half)))
    assert oracle.answer(part, "What is this?") == "car"
    assert oracle.answer(part, "What color is the car?") == "blue"


def test_a_question_about_a_property_concerns_the_thing_that_a_crop_frames() -> None:
    red, blue = Thing("car", "red", (20, 60, 70, 110)), Thing("car", "blue", (75, 60, 125, 110))
    drawn = draw(Scene(160, 160, SCENE.ground, (red, blue)))
    oracle, part = Oracle([drawn]), drawn.image.crop(enlarge(drawn.box(1), 1.8, (160, 160)) or (0, 0, 1, 1))
    assert oracle.answer(part, "Are there red cars here?") == "yes"
    assert oracle.answer(part, "Is the car red?") == "no"
    assert oracle.answer(part, "Is the car blue?") == "yes"
    assert oracle.answer(part, "Is the vehicle a car?") == "yes"
    assert oracle.answer(part, "Is the vehicle a bus?") == "no"


def test_the_prompt_is_painted_only_inside_the_mask(oracle: Oracle) -> None:
    sand = DRAWN.stuff("desert")
    painted = oracle.inpaint(PICTURE, sand, "lush green grass").pixels
    assert (painted[~sand] == PICTURE.pixels[~sand]).all()
    red, green, blue = painted[sand].mean(axis=0)
    assert green > max(red, blue)


def test_a_removal_shows_the_ground(oracle: Oracle) -> None:
    bare = draw(Scene(256, 192, SCENE.ground, ())).pixels
    removed = oracle.inpaint(PICTURE, DRAWN.mask(DOG), "nothing").pixels
    assert (removed[DRAWN.mask(DOG)] == bare[DRAWN.mask(DOG)]).all()


def test_a_thing_is_painted_at_the_mask(oracle: Oracle) -> None:
    mask = DRAWN.mask(WOMAN)
    painted = oracle.inpaint(PICTURE, mask, "a girl")
    girl = draw(Scene(256, 192, SCENE.ground, (Thing("girl", None, (20, 20, 80, 80)),)))
    both = mask & girl.mask(0)
    assert np.abs(painted.pixels[both].astype(int) - girl.pixels[both]).mean() < 25


def test_the_language_model_answers_the_tool_list(oracle: Oracle) -> None:
    program = "LIST0=List(query='flying animals', max=1)\nLIST1=List(query='dwarves')\nRESULT=LIST0"
    with VisProg(models=oracle.models()) as visprog:
        assert visprog.execute(program).result == ["bird"]
    with pytest.raises(LookupError):
        oracle.complete([Message("user", "Write a poem")])


def test_the_caption_counts_the_visible_things(oracle: Oracle) -> None:
    assert oracle.caption(PICTURE) == "two cars, a dog and a woman"


def test_an_edited_picture_counts_as_its_scene_and_others_are_rejected(oracle: Oracle) -> None:
    edited = oracle.inpaint(PICTURE, DRAWN.mask(DOG), "nothing")
    assert len(oracle.detect(edited, ["car"])) == 2
    with pytest.raises(LookupError):
        oracle.detect(Image(np.zeros((9, 9, 3), np.uint8)), ["car"])


def test_fingerprints_depend_on_the_scenes_and_single_roles_can_be_filled() -> None:
    other: Any = Oracle([draw(make_scene(1, "test"))])
    same = Oracle([DRAWN])
    assert other.fingerprint != same.fingerprint == Oracle([draw(SCENE)]).fingerprint
    zoo = Zoo("base", same.models("detector"))
    assert zoo.get("detector") is same
    assert zoo.get("face_detector") is not same
