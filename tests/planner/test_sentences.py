from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.planner.sentence_sets import FOLDER, PARTS, PICTURES, Sentence, read_sentences
from visprog import VisProg
from visprog.boxes import Box
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.types import Type
from visprog.models.fake import (
    FakeCaptioner,
    FakeDetector,
    FakeFaceDetector,
    FakeImageTextScorer,
    FakeInpainter,
    FakeLanguageModel,
    FakeMasker,
    FakeSegmenter,
    FakeVisualQA,
)
from visprog.modules import TOOLS
from visprog.modules.manipulation.sprites import sprite_name
from visprog.planner.bank import read_bank
from visprog.prompts import BANKS, bank_text
from visprog.tools import Registry
from visprog.values import Image, Region

FOLLOWED = Path(__file__).parent / "followed"
REGISTRY = Registry(TOOLS)
SETS = {(part, task): read_sentences(part, task) for part in PARTS for task in PICTURES}
SIZES = {"dev": {"knowtag": 100}, "test": {"knowtag": 40}}
USUAL_SIZE = {"dev": 300, "test": 100}
RESULTS = {
    "gqa": {Type.SCALAR, Type.INT, Type.STR, Type.STRINGS, Type.FLOATS},
    "nlvr": {Type.SCALAR},
    "imgedit": {Type.IMAGE},
    "refer": {Type.IMAGE},
    "knowtag": {Type.IMAGE},
}
"""The types that a reference's result may have."""

COMMON = 3
"""Number of a task's sentences in which a word must occur to belong to a construction."""

MINIMUM = 3
"""Number of common words that make a construction."""

EACH_SET = pytest.mark.parametrize(("part", "task"), SETS)
EACH_TASK = pytest.mark.parametrize("task", PICTURES)


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.casefold())


@cache
def checked(sentence: Sentence) -> Checked:
    return check(parse(sentence.program), REGISTRY, sentence.inputs)


def programs(part: str, task: str) -> Iterator[Sentence]:
    return (each for each in SETS[part, task] if each.program)


@EACH_SET
def test_a_set_has_its_size(part: str, task: str) -> None:
    assert SIZES[part].get(task, USUAL_SIZE[part]) == len(SETS[part, task])


@EACH_SET
def test_every_sentence_has_a_kind(part: str, task: str) -> None:
    assert [each.text for each in SETS[part, task] if not each.kind] == []


@EACH_SET
def test_every_reference_checks_without_a_warning(part: str, task: str) -> None:
    found = {
        each.text: [fault.message for fault in checked(each).diagnostics] for each in programs(part, task)
    }
    assert {text: faults for text, faults in found.items() if faults} == {}


@EACH_SET
def test_the_result_of_every_reference_fits_its_task(part: str, task: str) -> None:
    for each in programs(part, task):
        types = {step.name: step.returns for step in checked(each).steps}
        assert types[checked(each).result] in RESULTS[task], each.text


def test_no_sentence_appears_twice_or_in_a_bank() -> None:
    ours = Counter(" ".join(words(each.text)) for sentences in SETS.values() for each in sentences)
    assert [text for text, count in ours.items() if count > 1] == []
    for name in BANKS:
        for text in bank_text(name), (FOLLOWED / f"{name}.txt").read_text(encoding="utf-8"):
            assert not ours.keys() & {
                " ".join(words(each.instruction)) for each in read_bank(text, name).examples
            }


@EACH_TASK
def test_the_two_sets_share_no_construction(task: str) -> None:
    both = [each.text for part in PARTS for each in SETS[part, task]]
    frequent = Counter(word for text in both for word in set(words(text)))
    common = {word for word, count in frequent.items() if count >= COMMON}
    dev, test = ({_frame(each.text, common) for each in SETS[part, task]} for part in PARTS)
    assert [frame for frame in dev & test if len(set(frame.split()) - {"_"}) >= MINIMUM] == []


def _frame(text: str, common: set[str]) -> str:
    """Return the words that a sentence shares with many others; `_` stands for the words between them."""
    kept = " ".join(word if word in common else "_" for word in words(text))
    return re.sub(r"_( _)+", "_", kept)


def test_the_readme_explains_every_gap() -> None:
    explained = re.findall(
        r"^\| `(\w+)` \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(explained) == sorted({each.gap for found in SETS.values() for each in found if each.gap})


@EACH_SET
def test_the_emoji_of_every_reference_is_known(part: str, task: str) -> None:
    for each in programs(part, task):
        for name in re.findall(r"emoji='([^']+)'", each.program):
            assert sprite_name(name)


# A reference of each shape is run: programs that differ only in their texts have the same shape.


def _shape(program: str) -> str:
    text = (
        r"(object|query|question|prompt|emoji|category)=(?!'(?:LEFT|RIGHT|TOP|BOTTOM)')('[^']*'|\"[^\"]*\")"
    )
    return re.sub(text, r"\1=_", program)


def _boxes(image: Image, _label: str = "") -> Sequence[Box]:
    eighths = ((0, 1, 2, 4), (3, 2, 5, 5), (6, 4, 8, 8))
    width, height = image.size
    return [(width * a // 8, height * b // 8, width * c // 8, height * d // 8) for a, b, c, d in eighths]


def _segments(image: Image) -> Sequence[Region]:
    return [Region(box, label) for box, label in zip(_boxes(image), ("person", "sky", "car"), strict=True)]


def _answer(_image: Image, question: str) -> str:
    first = words(question)[0]
    return "3" if first == "how" else "red" if first in {"what", "which", "who", "where", "why"} else "yes"


@pytest.fixture(scope="module")
def session() -> Iterator[VisProg]:
    models = {
        "detector": FakeDetector(_boxes),
        "face_detector": FakeFaceDetector(_boxes),
        "segmenter": FakeSegmenter(_segments),
        "masker": FakeMasker(),
        "image_text_scorer": FakeImageTextScorer(lambda image, text: float(len(text) * image.width % 7)),
        "visual_qa": FakeVisualQA(_answer),
        "captioner": FakeCaptioner("a picture"),
        "inpainter": FakeInpainter(),
        "language_model": FakeLanguageModel(lambda *_: "one, two, three"),
    }
    with VisProg(models=models, memory=0, workers=1) as opened:
        yield opened


@EACH_TASK
def test_references_run(task: str, session: VisProg) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (2, 30, 40, 3), dtype=np.uint8)
    pictures = dict(zip(PICTURES[task], map(Image, pixels), strict=False))
    shapes = {_shape(each.program): each for part in PARTS for each in programs(part, task)}
    failed = {}
    for each in shapes.values():
        run = session.execute(checked(each), pictures)
        if not run.ok or (task == "nlvr" and not isinstance(run.result, bool)):
            failed[each.text] = run.result if run.ok else run.error
    assert failed == {}
