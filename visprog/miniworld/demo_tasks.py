"""The tasks of the demo, in scenes composed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from visprog.miniworld.scene import Ground, Scene, Thing


class DemoTask(NamedTuple):
    """A task of the demo.

    `title` is its name on the page, and `bank` the prompt bank for planners. `program` is a reference program
    that runs if no planner finds one. `answer` is the right answer; None if the result is a picture.
    """

    title: str
    bank: str
    instruction: str
    scenes: Mapping[str, Scene]
    program: str
    answer: str | bool | None = None


def _thing(
    category: str, colour: str | None, left: int, top: int, side: int, *, mirrored: bool = False
) -> Thing:
    return Thing(category, colour, (left, top, left + side, top + side), mirrored)


_LAWN = Scene(
    256,
    256,
    Ground(("sky", "sea", "grass"), 73),
    (
        _thing("sailboat", "red", 28, 66, 72),
        _thing("palm tree", "green", 182, 104, 68),
        _thing("man", None, 28, 174, 66),
        _thing("woman", None, 100, 182, 64),
        _thing("girl", None, 174, 184, 60),
    ),
)
_BEACH = Scene(
    256,
    256,
    Ground(("sky", "sea", "desert"), 148),
    (
        _thing("ship", "gray", 146, 70, 78),
        _thing("boy", None, 24, 182, 58),
        _thing("police officer", None, 92, 174, 70),
        _thing("princess", None, 176, 182, 62),
    ),
)
_ZOO = Scene(
    256,
    256,
    Ground(("sky", "grass"), 63),
    (
        _thing("helicopter", "yellow", 168, 26, 66),
        _thing("balloon", "red", 30, 28, 62),
        _thing("sheep", "white", 18, 164, 70),
        _thing("umbrella", "purple", 106, 140, 64),
        _thing("tiger", "orange", 178, 172, 68),
    ),
)
_MEADOW = Scene(
    256,
    256,
    Ground(("sky", "grass"), 98),
    (
        _thing("bird", "blue", 22, 24, 58),
        _thing("bird", "red", 176, 62, 54, mirrored=True),
        _thing("bee", "yellow", 102, 76, 52),
        _thing("cow", None, 20, 166, 78),
        _thing("dog", None, 116, 184, 60),
        _thing("rabbit", "gray", 188, 168, 58),
    ),
)
_DUNES = Scene(
    256,
    192,
    Ground(("sky", "desert"), 153),
    (
        _thing("palm tree", "green", 180, 40, 74),
        _thing("camel", "brown", 92, 84, 74),
        _thing("cactus", "green", 22, 100, 58),
    ),
)
_STREET = Scene(
    256,
    192,
    Ground(("sky", "grass", "road"), 17),
    (
        _thing("tree", "green", 14, 38, 72),
        _thing("house", None, 96, 42, 72),
        _thing("tree", "green", 178, 36, 70),
        _thing("car", "red", 30, 124, 62),
        _thing("bus", "blue", 150, 116, 68),
    ),
)
_STUDIO = Scene(
    256,
    192,
    Ground(("brick wall", "wooden floor"), 205),
    (
        _thing("chair", "blue", 22, 76, 68),
        _thing("guitar", "orange", 176, 74, 72),
        _thing("dog", None, 100, 104, 74),
    ),
)
_WINTER = Scene(
    256,
    192,
    Ground(("sky", "snow"), 64),
    (
        _thing("pine tree", "green", 8, 36, 72),
        _thing("pine tree", "green", 178, 30, 76),
        _thing("woman", None, 40, 108, 68),
        _thing("police officer", None, 112, 94, 74),
        _thing("boy", None, 192, 120, 60),
    ),
)


def _one(scene: Scene) -> Mapping[str, Scene]:
    return MappingProxyType({"IMAGE": scene})


DEMO_TASKS = (
    DemoTask(
        "A statement about two pictures",
        "nlvr",
        "The left and right image contains a total of six people and two boats.",
        MappingProxyType({"LEFT": _LAWN, "RIGHT": _BEACH}),
        """\
ANSWER0=Vqa(image=LEFT, question='How many people are in the image?')
ANSWER1=Vqa(image=RIGHT, question='How many people are in the image?')
ANSWER2=Vqa(image=LEFT, question='How many boats are in the image?')
ANSWER3=Vqa(image=RIGHT, question='How many boats are in the image?')
ANSWER4=Eval('{ANSWER0} + {ANSWER1} == 6 and {ANSWER2} + {ANSWER3} == 2')
""",
        answer=True,
    ),
    DemoTask(
        "A question",
        "gqa",
        "What animal is to the left of the umbrella?",
        _one(_ZOO),
        """\
BOX0=Loc(image=IMAGE, object='umbrella')
IMAGE0=CropLeft(image=IMAGE, object=BOX0)
ANSWER0=Vqa(image=IMAGE0, question='What animal is this?')
RESULT=ANSWER0
""",
        answer="sheep",
    ),
    DemoTask(
        "Tags that need knowledge",
        "knowtag",
        "Tag the animals that can fly",
        _one(_MEADOW),
        """\
LIST0=List(query='animals that can fly', max=20)
ANSWER0=Eval('{LIST0}')
OBJ0=Loc(image=IMAGE, object=ANSWER0)
IMAGE0=Tag(image=IMAGE, object=OBJ0)
RESULT=IMAGE0
""",
    ),
    DemoTask(
        "Something replaced",
        "imgedit",
        "Replace desert with lush green grass",
        _one(_DUNES),
        """\
OBJ0=Seg(image=IMAGE)
OBJ1=Select(image=IMAGE, object=OBJ0, query='desert', category=None)
IMAGE0=Replace(image=IMAGE, object=OBJ1, prompt='lush green grass')
RESULT=IMAGE0
""",
    ),
    DemoTask(
        "Colour pop",
        "imgedit",
        "Create a color pop of the red car",
        _one(_STREET),
        """\
OBJ0=Seg(image=IMAGE)
OBJ1=Select(image=IMAGE, object=OBJ0, query='red car', category=None)
IMAGE0=ColorPop(image=IMAGE, object=OBJ1)
RESULT=IMAGE0
""",
    ),
    DemoTask(
        "A blurred background",
        "imgedit",
        "Blur the background behind the dog",
        _one(_STUDIO),
        """\
OBJ0=Seg(image=IMAGE)
OBJ1=Select(image=IMAGE, object=OBJ0, query='dog', category=None)
IMAGE0=BgBlur(image=IMAGE, object=OBJ1)
RESULT=IMAGE0
""",
    ),
    DemoTask(
        "A face behind an emoji",
        "imgedit",
        "Hide the face of the police officer with 8)",
        _one(_WINTER),
        """\
OBJ0=FaceDet(image=IMAGE)
OBJ1=Select(image=IMAGE, object=OBJ0, query='police officer', category=None)
IMAGE0=Emoji(image=IMAGE, object=OBJ1, emoji='8)')
RESULT=IMAGE0
""",
    ),
)
"""The paper's tasks, in the order of the page."""
