"""Laws of lists: a program with lifted steps equals the program with a step for each item.

The programs are random, and their models depend only on pixels and text. Values, frames, warnings and errors
are compared: with batches and without, with no cache, and with caches in memory and on disk.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.lifted_programs import Unrolled, Writer, at, random_program, unrolled
from tests.engine.same_runs import differences, differences_from_unrolled
from tests.engine.stub_models import noise, stub_models
from visprog import Image, Run, VisProg

INPUTS = {"IMAGE": noise(1), "LEFT": noise(2, 17, 31)}


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Return a random program with lists, lifted steps, crops and templates."""
    rng = draw(st.randoms(use_true_random=False))
    return Writer(rng).program(draw(st.integers(3, 14)))


def session(faults: int = 0, most: int = 32, **options: Any) -> VisProg:
    return VisProg(models=stub_models(faults=faults, most=most), tools=[at], **options)


def in_order(program: str, faults: int, inputs: Mapping[str, Image] = INPUTS) -> Run:
    """Run a program without a cache, without batches, and in one thread."""
    with session(faults, memory=0, batching=False, workers=1) as given:
        return given.execute(program, inputs)


def without_lists(run: Run, faults: int) -> tuple[Run, Unrolled]:
    replaced = unrolled(run)
    return in_order(replaced.program, faults, run.inputs), replaced


@settings(max_examples=60, deadline=None)
@given(programs(), st.sampled_from((0, 0, 15)), st.sampled_from((1, 3, 32)))
def test_lifted_equals_unrolled_with_and_without_batches(program: str, faults: int, most: int) -> None:
    run = in_order(program, faults)
    single, replaced = without_lists(run, faults)
    assert differences_from_unrolled(run, single, replaced.elements) == []
    with session(faults, most, memory=0) as batched:
        assert differences(batched.execute(program, INPUTS), run) == []
        assert differences(batched.execute(replaced.program, INPUTS), single) == []


@settings(max_examples=15, deadline=None)
@given(programs(), st.sampled_from((0, 0, 15)))
def test_lifted_equals_unrolled_with_every_cache(program: str, faults: int) -> None:
    run = in_order(program, faults)
    single, replaced = without_lists(run, faults)
    with tempfile.TemporaryDirectory() as folder:
        with session(faults, cache=folder) as first:
            for _ in ("cold", "warm"):
                assert differences(first.execute(program, INPUTS), run) == []
            assert differences(first.execute(replaced.program, INPUTS), single) == []
        with session(faults, cache=folder) as later:
            assert differences(later.execute(program, INPUTS), run) == []
            assert differences(later.execute(replaced.program, INPUTS), single) == []


@settings(max_examples=10, deadline=None)
@given(programs())
def test_a_program_from_the_disk_calls_no_model(program: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with session(cache=folder) as first:
            completed = first.execute(program, INPUTS).ok
        models = stub_models()
        with VisProg(models=models, tools=[at], cache=folder) as later:
            later.execute(program, INPUTS)
    assert not completed or [model.calls for model in models.values()] == [0, 0, 0]


def test_the_random_programs_cover_the_lifted_tools() -> None:
    found: set[str | None] = set()
    with session() as given:
        for seed in range(200):
            program = random_program(seed, 12)
            checked = given.check(program, tuple(INPUTS))
            assert checked.ok, program
            found |= {step.tool for step in checked.steps if step.lifted}
    assert found >= {"Loc", "Vqa", "Crop", "CropAround", "Count", "Pick", "Sort", "Relate", "Without", "Both"}
    assert found >= {"Filter", "Select", "Blur"}
