"""Records of runs made by hand, and a reader of pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from visprog.engine.events import Elements, Event, StepFailed, StepFinished, StepSkipped
from visprog.engine.lifting import merged_warnings
from visprog.errors import StepError
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.types import Type
from visprog.models.roles import Message
from visprog.planner.plan import Plan
from visprog.tools import Registry, tool
from visprog.trace.run import Run
from visprog.values import Image, Region, Regions, Scalar


@tool("Loc")
def loc(image: Image, object: str) -> Regions:
    """Find things."""
    raise NotImplementedError


@tool("Select")
def select(image: Image, object: Regions, query: str) -> Regions:
    """Choose regions."""
    raise NotImplementedError


@tool("Count")
def count(object: Regions) -> int:
    """Count regions."""
    raise NotImplementedError


@tool("Vqa")
def vqa(image: Image, question: str) -> str:
    """Answer a question."""
    raise NotImplementedError


@tool("Tag")
def tag(image: Image, object: Regions) -> Image:
    """Draw labels."""
    raise NotImplementedError


@tool("List")
def knowledge(query: str, max: int) -> list[str]:
    """List knowledge."""
    raise NotImplementedError


@tool("Join")
def join(words: list[str]) -> Scalar:
    """Join words."""
    raise NotImplementedError


@tool("CropEach")
def crop_each(image: Image, object: Regions) -> list[Image]:
    """Cut out each region."""
    raise NotImplementedError


TOOLS = Registry((loc, select, count, vqa, tag, knowledge, join, crop_each))

UNNEEDED = StepSkipped(-1, None)
"""The outcome of a step that the result does not need."""


def make_run(
    program: str,
    inputs: Mapping[str, Image],
    outcomes: Sequence[object],
    *,
    instruction: str | None = "Count the dogs",
    transcript: Sequence[Message] = (),
    warnings: Mapping[int, tuple[str, ...]] | None = None,
    environment: Mapping[str, str] | None = None,
    elements: Mapping[int, Elements] | None = None,
) -> Run:
    """Return the record of a run with one outcome for each step: a value, a failure, or a skip."""
    checked = check(parse(program), TOOLS, dict.fromkeys(inputs, Type.IMAGE))
    assert checked.ok, checked.diagnostics
    events: list[Event] = []
    for index, outcome in enumerate(outcomes):
        at, messages = 0.01 * index, (warnings or {}).get(index, ())
        if outcome is UNNEEDED or isinstance(outcome, StepSkipped):
            events.append(StepSkipped(index, None if outcome is UNNEEDED else outcome.because))
        elif isinstance(outcome, StepError):
            events.append(StepFailed(index, at, 0.004, outcome, messages, ()))
        else:
            events.append(
                StepFinished(
                    index,
                    at,
                    0.008,
                    outcome,
                    bytes([index]),
                    index == 2,
                    messages,
                    ("fake:1",),
                    elements=(elements or {}).get(index),
                )
            )
    plan = (
        Plan(instruction, "gqa", checked, "examples", tuple(transcript)) if instruction is not None else None
    )
    return Run(
        checked, dict(inputs), tuple(events), "2026-01-31T12:00:00+00:00", 0.1, plan, environment or {}
    )


def make_photo(width: int = 320, height: int = 240, seed: int = 0) -> Image:
    """Return a picture with more colours than a drawing has."""
    rows, columns = np.mgrid[:height, :width]
    noise = ((rows * 73_856_093) ^ (columns * 19_349_663) ^ (seed * 83_492_791)) % 40
    pixels = np.stack([rows * 200 // height + noise, columns * 200 // width + noise, 90 + noise], axis=2)
    return Image(pixels.astype(np.uint8))


def make_dogs(size: tuple[int, int] = (320, 240)) -> Regions:
    """Return two regions, the first with a mask that has a hole."""
    mask = np.zeros((size[1], size[0]), dtype=np.bool_)
    mask[60:180, 80:200] = True
    mask[100:140, 120:160] = False
    return Regions(
        (Region((80, 60, 200, 180), "dog", 0.91, mask), Region((240, 20, 330, 90), "puppy", 0.504)), size=size
    )


DOGS = """\
# How many dogs?
OBJ0=Loc(image=IMAGE, object='dog')
OBJ1=Select(image=IMAGE, object=OBJ0, query='big')
ANSWER0=Count(object=OBJ1)
IMAGE0=Tag(image=IMAGE, object=OBJ0)
RESULT=IMAGE0
"""


@pytest.fixture(scope="session")
def run_of() -> Callable[..., Run]:
    """The function that makes the record of a run from a program, inputs and outcomes."""
    return make_run


@pytest.fixture(scope="session")
def photo() -> Callable[..., Image]:
    """The function that makes pictures."""
    return make_photo


@pytest.fixture
def dogs_run() -> Run:
    """A run with boxes, a mask, a step that is not needed, a warning, and a picture as its result."""
    dogs = make_dogs()
    outcomes = [dogs, dogs[:1], UNNEEDED, make_photo(seed=1), make_photo(seed=1)]
    return make_run(
        DOGS,
        {"IMAGE": make_photo()},
        outcomes,
        transcript=(Message("user", "Count the dogs"), Message("assistant", DOGS)),
        warnings={0: ("one box reaches over the edge",)},
        environment={"visprog": "0.1.0"},
    )


BOTTLES = """\
BOX0=Loc(image=IMAGE, object='bottle')
IMAGES0=CropEach(image=IMAGE, object=BOX0)
COLOR=Vqa(image=IMAGE, question='Which colour?')
ANSWERS0=Vqa(image=IMAGES0, question='Is the {COLOR} bottle {{x}} full?')
CAPS0=Loc(image=IMAGES0, object='cap')
RESULT=IMAGES0
"""


def make_bottles(count: int, image: Image | None = None) -> Run:
    """Return a run with `count` crops, an answer and a set of regions for each crop, and a template."""
    image = (make_photo(640, 480) if image is None else image).as_root()
    boxes = [(n * 7 % 500, n * 5 % 400, n * 7 % 500 + 60 + n % 40, n * 5 % 400 + 70) for n in range(count)]
    found = Regions([Region(box, "bottle", 0.9) for box in boxes], size=image.size, frame=image.frame)
    crops = [image.crop(box) for box in boxes]
    caps = [
        Regions([Region((5, 5, 30, 20), "cap", 0.8)] * (n % 2), size=crop.size, frame=crop.frame)
        for n, crop in enumerate(crops)
    ]
    even = tuple(range(1, count + 1, 2))
    return make_run(
        BOTTLES,
        {"IMAGE": image},
        [found, crops, "dark <red>", ["yes" if n % 3 else "no" for n in range(count)], caps, crops],
        warnings={4: tuple(merged_warnings([["found nothing"] * (n % 2 == 0) for n in range(count)], count))},
        elements={3: Elements(count, count // 3), 4: Elements(count, 0, even)},
    )


@pytest.fixture(scope="session")
def bottles_run() -> Callable[..., Run]:
    """The function that makes the record of a run with lifted steps."""
    return make_bottles


@pytest.fixture
def failed_run() -> Run:
    """A run whose second step fails."""
    failure = StepError("Select failed: nothing is big", step="OBJ1", line=3, help="ask for something else")
    failure.__cause__ = ValueError("no candidate")
    outcomes = [make_dogs(), failure, UNNEEDED, make_photo(seed=1), make_photo(seed=1)]
    program = DOGS.replace("object=OBJ0)\nRESULT", "object=OBJ1)\nRESULT")
    outcomes[3], outcomes[4] = StepSkipped(3, 1), StepSkipped(4, 1)
    return make_run(program, {"IMAGE": make_photo()}, outcomes)


class Page(HTMLParser):
    """The content of a page: its elements, their attributes, and the text outside style and script."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._silent = False
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._silent = tag in ("style", "script", "title")

    def handle_endtag(self, tag: str) -> None:
        self._silent = self._silent and tag not in ("style", "script", "title")

    def handle_data(self, data: str) -> None:
        self.text += "" if self._silent else data

    def all(self, name: str) -> list[str]:
        """Return every value of an attribute."""
        return [value for attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="session")
def read_page() -> Callable[[str], Any]:
    """The parser of pages, which is independent of the code that makes them."""
    return Page
