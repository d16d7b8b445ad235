"""Select and Filter take halves of the picture and lists; inserted words have no special meaning."""

from __future__ import annotations

import numpy as np
import pytest

from visprog import Image, VisProg
from visprog.models.fake import FakeDetector, FakeImageTextScorer, FakeVisualQA

IMAGE = Image(np.zeros((40, 80, 3), dtype=np.uint8))
BOXES = {"cup": [(0, 0, 10, 10), (60, 0, 70, 10), (60, 30, 70, 40), (35, 15, 45, 25)]}


def _score(crop: Image, text: str) -> float:
    """Every description fits the last box only. Words that fit anything fit less."""
    is_last = crop.origin is not None and crop.origin[1] == BOXES["cup"][3]
    return float(is_last and text not in ("object", "things", "stuff", "texture"))


def boxes(last: str, answer: str = "LEFT") -> list[tuple[int, int, int, int]]:
    session = VisProg(
        models={
            "detector": FakeDetector(BOXES),
            "image_text_scorer": FakeImageTextScorer(_score),
            "visual_qa": FakeVisualQA({"Where?": answer}),
        }
    )
    program = f"BOX=Loc(image=IMAGE, object='cup')\nA=Vqa(image=IMAGE, question='Where?')\nRESULT={last}"
    run = session.execute(program, IMAGE)
    assert run.error is None, run.error
    return [each.box for each in run.result]


ALL = BOXES["cup"]


@pytest.mark.parametrize("tool", ["Select", "Filter"])
@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("'LEFT'", [0, 3]),
        ("'RIGHT'", [1, 2, 3]),
        ("'TOP'", [0, 1, 3]),
        ("'BOTTOM'", [2, 3]),
        ("'LEFT, BOTTOM'", [0, 2, 3]),
        ("['LEFT', 'BOTTOM']", [0, 2, 3]),
        ("'cup'", [0, 1, 2, 3]),
        ("['cup']", [0, 1, 2, 3]),
        ("'None'", [0, 1, 2, 3]),
    ],
)
def test_halves_labels_and_lists_need_no_model(tool: str, query: str, places: list[int]) -> None:
    found = boxes(f"{tool}(image=IMAGE, object=BOX, query={query})")
    assert sorted(found) == sorted(ALL[place] for place in places)


@pytest.mark.parametrize("tool", ["Select", "Filter"])
@pytest.mark.parametrize("answer", ["LEFT", "None", "cup, LEFT", "BOTTOM,TOP"])
def test_an_inserted_word_is_an_ordinary_description(tool: str, answer: str) -> None:
    """The scorer finds each description in the last box only."""
    assert boxes(f"{tool}(image=IMAGE, object=BOX, query='{{A}}')", answer) == [ALL[3]]
    assert boxes(f"{tool}(image=IMAGE, object=BOX, query=['{{A}}'])", answer) == [ALL[3]]


def test_an_inserted_half_is_searched_like_any_other_object() -> None:
    assert boxes("Loc(image=IMAGE, object='{A}')", "cup") == ALL
    assert boxes("Loc(image=IMAGE, object='{A}')", "LEFT") == []
    assert boxes("Loc(image=IMAGE, object='{A}')", "cup, dog") == []
    assert boxes("Loc(image=IMAGE, object='{A}, LEFT')", "cup")[0] == (0, 0, 40, 40)
