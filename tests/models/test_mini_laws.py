"""With the models of `mini`, programs come to the same whether calls are gathered and encodings kept, or not.

A network computes a batch in another order than one call after the other, so that the last digits of float32
differ. Labels and answers are equal all the same, scores within `SCORE`, and boxes within `BOX` pixels; found
were 0.000001, the last digit of a score, and no pixel. What comes from disk is the very same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog import Image, Run, VisProg
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import make_scene
from visprog.planner.plan import Plan, Request
from visprog.values import Regions

pytest.importorskip("torch")
pytest.importorskip("transformers")

SCORE = 1e-5
BOX = 1
SCENES = 4
NAMES = ("dog", "car", "fruit", "red apple", "boat", "person")
QUESTIONS = ("Is there a dog?", "What color is the car?", "How many people are in the image?", "What is it?")


class AsWritten:
    """A planner for which the instruction is the program."""

    name = "as written"

    def __init__(self) -> None:
        self.session: VisProg | None = None

    def plan(self, request: Request) -> Plan:
        assert self.session is not None
        return Plan(request.instruction, request.task, self.session.check(request.instruction), self.name)


@lru_cache
def picture(seed: int) -> Image:
    return draw(make_scene(seed, "test")).image


@pytest.fixture(scope="module")
def one_by_one() -> Iterator[VisProg]:
    """Return a session without batches and caches, except for the last encoding."""
    with VisProg(models="mini", memory=0, batching=False) as session:
        for role in ("detector", "image_text_scorer"):
            model: Any = session.models.get(role)
            model.image_encodings.capacity = model.text_encodings.capacity = 0
        yield session


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def together(cache: Path) -> Iterator[VisProg]:
    """Return a session with the usual settings and a cache on disk."""
    planner = AsWritten()
    with VisProg(models="mini", planner=planner, cache=cache) as session:
        planner.session = session
        yield session


@pytest.fixture(scope="module")
def later(cache: Path) -> Iterator[VisProg]:
    """Return another session, which finds the results on disk."""
    with VisProg(models="mini", cache=cache) as session:
        yield session


@st.composite
def programs(choose: st.DrawFn) -> str:
    """Return a program whose steps look at a picture, a part of it, or regions that were found in it."""
    pictures, found, lines = ["IMAGE"], list[tuple[str, str]](), list[str]()
    for place in range(choose(st.integers(2, 5))):
        on, name, target = choose(st.sampled_from(pictures)), choose(st.sampled_from(NAMES)), f"V{place}"
        kinds = ["Loc", "Seg", "Vqa", *["Select", "Classify", "Count", "Crop"] * bool(found)]
        kind = choose(st.sampled_from(kinds))
        if kind in ("Loc", "Seg"):
            lines.append(f"{target}={kind}({on}, '{name}')" if kind == "Loc" else f"{target}=Seg({on})")
            found.append((target, on))
        elif kind == "Vqa":
            lines.append(f"{target}=Vqa({on}, {choose(st.sampled_from(QUESTIONS))!r})")
        else:
            regions, on = choose(st.sampled_from(found))
            lines.append(
                {
                    "Select": f"{target}=Select({on}, {regions}, '{name}')",
                    "Classify": f"{target}=Classify({on}, {regions}, ['{name}', 'cup', 'tree'])",
                    "Count": f"{target}=Count({regions})",
                    "Crop": f"{target}=Crop({on}, {regions})",
                }[kind]
            )
            if kind == "Crop":
                pictures.append(target)
    return "\n".join([*lines, f"RESULT=Result([{', '.join(f'V{place}' for place in range(len(lines)))}])"])


@settings(max_examples=5, deadline=None, derandomize=True)
@given(st.lists(st.tuples(programs(), st.integers(0, SCENES - 1)), min_size=4, max_size=8))
def test_batched_and_sequential_programs_have_the_same_results(
    one_by_one: VisProg, together: VisProg, later: VisProg, tasks: list[tuple[str, int]]
) -> None:
    given_pictures = [(program, picture(seed)) for program, seed in tasks]
    expected = [one_by_one.execute(*task) for task in given_pictures]
    found = list(together.run_many(given_pictures, workers=32))
    for one, other in zip(expected, found, strict=True):
        assert isinstance(other, Run)
        assert one.ok, one.error
        assert_alike(one.result, other.result)
    for (program, image), run in zip(reversed(given_pictures), reversed(found), strict=True):
        assert isinstance(run, Run)
        again = later.execute(program, image)
        assert {step.status for step in again.steps} == {"cached"}
        assert again.result == run.result


def assert_alike(one: object, other: object) -> None:
    if isinstance(one, list):
        assert isinstance(other, list)
        for each, its in zip(one, other, strict=True):
            assert_alike(each, its)
    elif isinstance(one, Regions):
        assert isinstance(other, Regions)
        assert [region.label for region in one] == [region.label for region in other]
        for region, its in zip(one, other, strict=True):
            assert region.score == pytest.approx(its.score, abs=SCORE)
            assert region.box == pytest.approx(its.box, abs=BOX)
    elif isinstance(one, Image):
        assert isinstance(other, Image)
        assert one.size == pytest.approx(other.size, abs=2 * BOX)
    else:
        assert one == other
