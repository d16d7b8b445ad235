"""Select and Filter take a list of descriptions as a whole: it is not one call for each description."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visprog import Image, VisProg
from visprog.models.fake import FakeDetector, FakeImageTextScorer, FakeLanguageModel
from visprog.values import Regions

PICTURE = Image(np.arange(60 * 80 * 3, dtype=np.uint8).reshape(60, 80, 3))
BOXES = {"cup": [(0, 0, 20, 20)], "jug": [(30, 0, 50, 20)], "pan, lid": [(60, 0, 80, 20)]}
FOUND = "BOX0=Loc(image=IMAGE, object=['cup', 'jug', 'pan, lid'])\n"


def result(program: str) -> Any:
    session = VisProg(
        planner="examples",
        models={
            "detector": FakeDetector(BOXES),
            "image_text_scorer": FakeImageTextScorer(lambda _image, text: float(text == "jug of milk")),
            "language_model": FakeLanguageModel(lambda _messages: "cup, jug"),
        },
    )
    return session.execute(FOUND + program, PICTURE).result


def labels(program: str) -> tuple[str, ...]:
    found = result(program)
    assert isinstance(found, Regions)
    return found.labels


@pytest.mark.parametrize("tool", ["Select", "Filter"])
@pytest.mark.parametrize("query", ["['cup', 'jug']", "'cup, jug'"])
def test_regions_that_fit_one_of_the_descriptions_are_kept(tool: str, query: str) -> None:
    assert labels(f"RESULT={tool}(image=IMAGE, object=BOX0, query={query})") == ("cup", "jug")


@pytest.mark.parametrize("tool", ["Select", "Filter"])
@pytest.mark.parametrize("query", ["LIST0", "'{LIST0}'"])
def test_a_list_of_knowledge_is_a_list_of_descriptions(tool: str, query: str) -> None:
    program = f"LIST0=List(query='dishes')\nRESULT={tool}(image=IMAGE, object=BOX0, query={query})"
    assert labels(program) == ("cup", "jug")


@pytest.mark.parametrize("tool", ["Select", "Filter"])
def test_a_comma_in_an_item_does_not_split_it(tool: str) -> None:
    assert labels(f"RESULT={tool}(image=IMAGE, object=BOX0, query=['pan, lid'])") == ("pan, lid",)


def test_a_negated_list_keeps_the_regions_that_fit_no_description() -> None:
    program = "RESULT=Filter(image=IMAGE, object=BOX0, query=['cup', 'jug'], negate=True)"
    assert labels(program) == ("pan, lid",)


def test_pictures_in_a_list_are_filtered_one_by_one() -> None:
    program = (
        "IMAGES0=CropEach(image=IMAGE, object=BOX0)\nBOXES0=Loc(image=IMAGES0, object='cup')\n"
        "BOXES1=Filter(image=IMAGES0, object=BOXES0, query=['cup', 'jug'])\nRESULT=Count(object=BOXES1)"
    )
    assert result(program) == [1, 1, 1]
