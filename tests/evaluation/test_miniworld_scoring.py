from __future__ import annotations

from collections.abc import Iterator

import pytest

from visprog import VisProg
from visprog.evaluation.benchmark import Score
from visprog.evaluation.benchmarks.miniworld.scoring import judge_with, score_edit, score_tags
from visprog.miniworld.drawing import DrawnScene, draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.scene import Ground, Scene, Thing
from visprog.miniworld.tasks.task import Edit, Tag
from visprog.values import Region

SCENE = Scene(
    192,
    160,
    Ground(("sky", "desert"), 7),
    (
        Thing("dog", None, (8, 90, 58, 140)),
        Thing("car", "red", (100, 90, 160, 150)),
        Thing("man", None, (60, 4, 120, 64)),
    ),
)


def test_tags_are_right_by_name_and_place() -> None:
    tags = [Tag("dog", (0, 0, 10, 10)), Tag("cat", (20, 0, 30, 10))]
    dog, cat = Region((0, 0, 10, 10), "dogs"), Region((20, 1, 30, 11), "cat")
    counts = {"matched": 2, "located": 2, "found": 2, "expected": 2}
    assert score_tags(tags, [dog, cat]) == Score(True, counts)
    swapped = [Region(dog.box, "cat"), Region(cat.box, "dog")]
    assert score_tags(tags, swapped) == Score(False, counts | {"matched": 0})
    assert not score_tags(tags, [dog, cat, Region((50, 50, 60, 60), "cat")]).right
    assert score_tags(tags, []).parts["expected"] == 2
    assert score_tags(tags[:1], [Region(dog.box, "brown dog")]).right
    assert not score_tags(tags[:1], [Region(dog.box, "animal")]).right


@pytest.fixture
def scene() -> DrawnScene:
    return draw(SCENE)


@pytest.fixture
def session(scene: DrawnScene) -> Iterator[VisProg]:
    with VisProg(planner="examples", models=Oracle([scene]).zoo()) as session:
        yield session


def scored(session: VisProg, scene: DrawnScene, edit: Edit, program: str) -> Score:
    run = session.execute(program, scene.image)
    return score_edit(edit, scene, run, judge_with(Oracle([scene])))


SELECT = "OBJ0=Seg(image=IMAGE)\nOBJ1=Select(image=IMAGE, object=OBJ0, query='{what}', category=None)\n"
EDITS = [
    (
        Edit("replace", stuff="desert", shows="grass"),
        "desert",
        "Replace(image=IMAGE, object=OBJ1, prompt='grass')",
    ),
    (Edit("remove", things=(0,)), "dog", "Replace(image=IMAGE, object=OBJ1, prompt='nothing')"),
    (Edit("color pop", things=(1,)), "car", "ColorPop(image=IMAGE, object=OBJ1)"),
    (Edit("blur", things=(1,)), "car", "BgBlur(image=IMAGE, object=OBJ1)"),
]


@pytest.mark.parametrize(("edit", "what", "call"), EDITS)
def test_the_right_change_of_the_right_region_is_right(
    session: VisProg, scene: DrawnScene, edit: Edit, what: str, call: str
) -> None:
    found = scored(session, scene, edit, SELECT.replace("{what}", what) + f"RESULT={call}")
    assert found.right
    assert found.parts["iou"] == 1
    assert found.parts["kept"] > 0.8
    assert found.parts.get("outside", 1) == 1
    assert found.parts.get("shows", 1) == 1


@pytest.mark.parametrize(("edit", "what", "call"), EDITS)
def test_the_wrong_region_and_the_wrong_change_are_wrong(
    session: VisProg, scene: DrawnScene, edit: Edit, what: str, call: str
) -> None:
    elsewhere = scored(session, scene, edit, SELECT.replace("{what}", "man") + f"RESULT={call}")
    assert not elsewhere.right
    assert elsewhere.parts["iou"] == 0
    other = (
        "BgBlur(image=IMAGE, object=OBJ1)" if edit.change != "blur" else "ColorPop(image=IMAGE, object=OBJ1)"
    )
    assert not scored(session, scene, edit, SELECT.replace("{what}", what) + f"RESULT={other}").right


def test_a_replacement_must_show_the_right_thing(session: VisProg, scene: DrawnScene) -> None:
    program = SELECT.replace("{what}", "desert") + "RESULT=Replace(image=IMAGE, object=OBJ1, prompt='sea')"
    found = scored(session, scene, Edit("replace", stuff="desert", shows="grass"), program)
    assert (found.right, found.parts["shows"], found.parts["iou"]) == (False, 0, 1)


@pytest.mark.parametrize(("emoji", "right"), [(":p", True), ("face_with_tongue", True), ("ghost", False)])
def test_an_emoji_is_right_by_place_and_drawing(
    session: VisProg, scene: DrawnScene, emoji: str, right: bool
) -> None:
    program = f"OBJ0=FaceDet(image=IMAGE)\nRESULT=Emoji(image=IMAGE, object=OBJ0, emoji='{emoji}')"
    found = scored(session, scene, Edit("emoji", things=(2,), shows=":p"), program)
    assert found.right is right
    assert found.parts["outside"] == 1
