"""Every view of a run is bounded, however long its values are. Whole values are available on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog import VisProg
from visprog.batch.failures import LINE
from visprog.engine.events import StepFinished
from visprog.errors import StepError
from visprog.models.roles import Message
from visprog.printable import json_text
from visprog.results import save_result
from visprog.trace import html, record_json
from visprog.trace.html import render_html
from visprog.trace.limits import Limits
from visprog.trace.run import Run
from visprog.trace.shortening import Shortener
from visprog.trace.value_view import TEXT_LIMIT, ListView, TextView, describe, whole
from visprog.values import Image, Region, Regions

STEPS = 150
Make = Callable[..., Run]

TINY = Image(np.zeros((8, 8, 3), np.uint8))


def _program(steps: int = STEPS) -> str:
    lines = ["A0=Vqa(image=IMAGE, question='q')"]
    lines += [f"A{n}=Vqa(image=IMAGE, question=A{n - 1})" for n in range(1, steps)]
    return "\n".join(lines)


def _nested(depth: int) -> Any:
    """Return nested lists that contain the same list twice at each level: they have 2 ** `depth` leaves."""
    value: Any = ["leaf"] * 2
    for _ in range(depth):
        value = [value, value]
    return value


def _deep(depth: int) -> Any:
    value: Any = "leaf"
    for _ in range(depth):
        value = [value]
    return value


VALUES = {
    "long text": "x" * 1_000_000,
    "text of quotes": "\"'<&>" * 200_000,
    "text of escapes": "\u202e\U000e0041" * 200_000,
    "long list": ["word"] * 20_000,
    "list of long texts": ["y" * 14_000] * 16_000,
    "list that doubles": _nested(60),
    "deep list": _deep(900),
    "long number": 10**5_000,
    "list of pictures": [TINY.crop((0, 0, n % 8 + 1, 8)) for n in range(5_000)],
    "regions": Regions([Region((0, 0, 4, 4), "l" * 5_000)] * 5_000, size=(8, 8)),
    "mapping": dict.fromkeys(range(10000), "z" * 1000),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_bounded_in_every_view(run_of: Make, name: str, tmp_path: Path) -> None:
    run = run_of(_program(), {"IMAGE": TINY}, [VALUES[name]] * STEPS)
    assert len(render_html(run).encode()) < 8_000_000
    run.save(tmp_path / "run.json")
    assert (tmp_path / "run.json").stat().st_size < record_json.MOST_BYTES
    assert len(repr(run)) < TEXT_LIMIT + 200
    assert len(describe(VALUES[name]).summary) < TEXT_LIMIT + 50


@pytest.mark.parametrize("name", VALUES)
def test_a_line_of_many_results_is_bounded(name: str) -> None:
    shortener = Shortener(LINE)
    assert len(json_text(shortener.data(VALUES[name]), indent=None)) < 4_000_000
    assert shortener.cut or name == "long number"


def test_lists_of_variables_in_arguments_are_bounded(run_of: Make) -> None:
    many = ", ".join(["A"] * 1_500)
    steps = "\n".join(f"B{n}=Join(words=[{many}])" for n in range(18))
    run = run_of(f"A=Vqa(image=IMAGE, question='q')\n{steps}", {"IMAGE": TINY}, ["long " * 10_000] * 19)
    assert len(render_html(run).encode()) < 4_000_000


def test_warnings_and_transcripts_are_bounded(run_of: Make) -> None:
    warnings = dict.fromkeys(range(STEPS), ("warning " * 5000,) * 200)
    transcript = [Message("user", "word " * 100_000)] * 300
    environment = {f"name{n}": "value " * 5_000 for n in range(300)}
    run = run_of(
        _program(),
        {"IMAGE": TINY},
        ["yes"] * STEPS,
        instruction="do " * 300_000,
        transcript=transcript,
        warnings=warnings,
        environment=environment,
    )
    page = render_html(run)
    assert len(page.encode()) < 4_000_000
    assert "… and 197 more" in page
    assert len(json_text(run.to_json()).encode()) < record_json.MOST_BYTES


def test_long_failures_are_bounded(run_of: Make) -> None:
    failure = StepError("e" * 10_000_000, step="A0", line=1, help="h" * 10_000_000)
    failure.__cause__ = ValueError("c" * 10_000_000)
    run = run_of("A0=Vqa(image=IMAGE, question='q')", {"IMAGE": TINY}, [failure])
    assert len(render_html(run).encode()) < 200_000
    assert len(json_text(run.to_json())) < 200_000


def test_many_models_are_bounded(run_of: Make) -> None:
    run = run_of("A0=Vqa(image=IMAGE, question='q')", {"IMAGE": TINY}, ["yes"])
    (event,) = run.events
    assert isinstance(event, StepFinished)
    run = replace(
        run, events=(replace(event, models=tuple(f"fake:{n} {'m' * 5_000}" for n in range(2_000))),)
    )
    assert len(render_html(run).encode()) < 500_000


def test_many_uses_of_a_variable_are_counted(run_of: Make) -> None:
    lines = [f"A{n}=Vqa(image=IMAGE, question=A0)" for n in range(1, 100)]
    program = "\n".join(["A0=Vqa(image=IMAGE, question='q')", *lines])
    assert "and 79 more</li>" in render_html(run_of(program, {"IMAGE": TINY}, ["yes"] * 100))


def test_comments_are_bounded(run_of: Make) -> None:
    program = "#\n" * 40_000 + "A0=Vqa(image=IMAGE, question='q')"
    assert len(render_html(run_of(program, {"IMAGE": TINY}, ["yes"])).encode()) < 200_000


def test_regions_and_outlines_are_bounded(run_of: Make, photo: Callable[..., Image]) -> None:
    image = photo(512, 384)
    ragged = (np.indices((384, 512)).sum(axis=0) // 3 % 2).astype(np.bool_)
    masked = Regions(
        [Region((0, 0, 500, 300), f"thing {n}", 0.5, ragged) for n in range(40)], size=image.size
    )
    many = Regions(
        [Region((n % 500, n % 300, n % 500 + 9, n % 300 + 9), "kite") for n in range(2_000)], size=image.size
    )
    program = "\n".join(f"A{n}=Loc(image=IMAGE, object='kite')" for n in range(30))
    run = run_of(program, {"IMAGE": image}, [masked if n % 2 else many for n in range(30)])
    page = render_html(run)
    assert len(page.encode()) < 5_000_000
    assert "500 regions of 2000" in page


def test_pictures_are_bounded(run_of: Make) -> None:
    rng = np.random.default_rng(0)
    pictures = [Image(rng.integers(0, 256, (1_000, 1_000, 3), np.uint8)) for _ in range(120)]
    program = "OBJ0=Loc(image=IMAGE, object='x')\n" + "\n".join(
        f"A{n}=Tag(image=IMAGE, object=OBJ0)" for n in range(119)
    )
    run = run_of(program, {"IMAGE": pictures[0]}, [Regions(size=(1_000, 1_000)), *pictures[1:]])
    page = render_html(run)
    assert 2_000_000 < len(page.encode()) < html.MOST_BYTES
    assert "picture of 1000 × 1000" in page


def test_whole_values_are_available_on_request(run_of: Make, tmp_path: Path) -> None:
    words = [f"word {n}" for n in range(5_000)]
    run = run_of("A0=Vqa(image=IMAGE, question='q')", {"IMAGE": TINY}, [words])
    short, full = run.to_json()["result"], run.to_json(full=True)["result"]
    assert len(short["items"]) == 1_000
    assert short["more"] == 4_000
    assert [item["value"] for item in full["items"]] == words
    run.save(tmp_path / "run.json", full=True)
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["result"] == full
    save_result(run.result, tmp_path / "result.json")
    assert json.loads((tmp_path / "result.json").read_text("utf-8")) == words
    assert whole(run.result).text().splitlines() == words
    assert run.result is words


def test_the_page_counts_what_it_leaves_out(run_of: Make, read_page: Callable[[str], Any]) -> None:
    run = run_of(_program(2), {"IMAGE": TINY}, ["x" * 12_345, ["word"] * 1_234])
    text = read_page(render_html(run)).text
    assert "… (12,345 characters)" in text
    assert "and 1,134 more" in text


def test_a_small_program_that_doubles_lists_has_a_small_page() -> None:
    lines = [
        'A0=Eval(\'["leaf", "leaf"]\')',
        *(f"A{n}=Eval('{{A{n - 1}}} + {{A{n - 1}}}')" for n in range(1, 13)),
    ]
    run = VisProg(planner="examples").execute("\n".join(lines))
    assert len(render_html(run)) < 400_000
    assert len(json_text(run.to_json())) < 4_000_000


LEAVES = st.text(max_size=300) | st.integers() | st.none() | st.booleans()
LISTS = st.recursive(LEAVES, lambda parts: st.lists(parts, max_size=30), max_leaves=60)
SMALL = Limits(text=50, items=5, value=200, total=1_000)


@given(LISTS)
def test_a_value_within_the_limits_is_whole(value: object) -> None:
    shortener = Shortener(Limits(*[10**9] * 5))
    assert shortener.view(value).data() == value or _depth(value) > 8
    assert shortener.cut == (_depth(value) > 8)


@given(st.lists(LISTS, max_size=30))
def test_a_cut_value_is_within_the_limits_and_starts_like_the_whole(values: list[Any]) -> None:
    shortener = Shortener(SMALL)
    for value in values:
        view = shortener.view(value)
        assert len(json.dumps(view.data())) < 4_000
        if isinstance(view, TextView):
            assert value.startswith(view.beginning)
            assert view.hidden == len(value) - len(view.beginning)
        if isinstance(view, ListView):
            assert view.hidden == len(value) - len(view.items)


def _depth(value: object) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0
