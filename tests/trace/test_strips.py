"""Lifted steps and lists of pictures on a page: one strip of numbered elements, of bounded size."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visprog import VisProg
from visprog.engine.events import Elements, StepFailed, StepFinished
from visprog.engine.lifting import merged_warnings, places_of
from visprog.errors import StepError
from visprog.printable import printable
from visprog.trace import html, record_json, strips
from visprog.trace.html import render_html
from visprog.trace.run import Run
from visprog.values import Image, Region, Regions

Make = Callable[..., Run]
TINY = Image(np.zeros((8, 8, 3), np.uint8))


def card(source: str, number: int) -> str:
    """Return the HTML of one step."""
    return source.partition(f'id="step-{number}"')[2].partition("</article>")[0]


def elements(part: str) -> list[str]:
    return re.findall(r'<li class="element.*?</li>', part, re.DOTALL)


def words(part: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", part).split())


def test_each_element_shows_its_picture_and_its_result(bottles_run: Make) -> None:
    shown = elements(card(render_html(bottles_run(5)), 4))
    assert [words(each) for each in shown] == ["1 no", "2 yes", "3 yes", "4 no", "5 yes"]
    assert len({re.findall(r'<use href="#([\w-]+)"', each)[0] for each in shown}) == 5


def test_the_number_of_elements_and_of_cached_ones_is_shown(bottles_run: Make) -> None:
    source = render_html(bottles_run(64))
    assert "<li>64 elements, 21 from the cache</li>" in source
    assert "<li>64 elements</li>" in source


def test_a_step_from_the_cache_has_only_cached_elements(bottles_run: Make) -> None:
    run = bottles_run(3)
    events = [
        replace(e, cached=True, elements=e.elements and e.elements._replace(cached=3))
        for e in run.events
        if isinstance(e, StepFinished)
    ]
    cached = replace(run, events=tuple(events))
    assert cached.steps[4].elements == Elements(3, 3, (1, 3))
    assert cached.steps[2].elements is None
    assert "3 elements, all from the cache" in render_html(cached)


def test_only_elements_with_warnings_are_marked(bottles_run: Make) -> None:
    shown = elements(card(render_html(bottles_run(64)), 5))
    marked = ['class="warned"' in each for each in shown]
    assert marked == [number % 2 == 1 for number in range(1, 65)]
    assert 'aria-label="Warning: found nothing"' in shown[0]
    assert "see the warnings of the step" in shown[62]  # the warning lists the first ten elements


def test_regions_are_drawn_over_the_picture_of_their_element(bottles_run: Make) -> None:
    one, two = elements(card(render_html(bottles_run(2)), 5))
    assert one.count("data-region") == 0
    assert two.count('<g class="region') == 1
    assert one.count('role="img"') == 2  # the mark of the warning, and one picture
    assert two.count('role="img"') == 1


@pytest.mark.parametrize("count", [1, 12, 13, 64])
def test_a_long_strip_is_folded(bottles_run: Make, count: int) -> None:
    part = card(render_html(bottles_run(count)), 2)
    visible, _, folded = part.partition('<details class="rest">')
    assert len(elements(visible)) == min(count, 12)
    assert len(elements(folded)) == max(0, count - 12)
    assert (f"Show all {count}" in folded) == (count > 12)
    assert [words(each) for each in elements(part)] == [str(number) for number in range(1, count + 1)]


def test_a_result_that_is_a_list_of_pictures_shows_the_first_ones(bottles_run: Make) -> None:
    for count in (12, 30):
        result = render_html(bottles_run(count)).partition("<h2>Result</h2>")[2].partition("</section>")[0]
        assert len(elements(result)) == 12
        assert ("12 of 30, all in step 2" in words(result)) == (count == 30)


def test_an_alias_of_a_list_is_the_same(bottles_run: Make) -> None:
    part = card(render_html(bottles_run(3)), 6)
    assert words(part.partition("Same as")[2]).startswith("IMAGES0 3 pictures")
    assert elements(part) == []


def test_a_written_list_of_pictures_is_lifted(run_of: Make, photo: Callable[..., Image]) -> None:
    run = run_of(
        "RESULT=Vqa(image=[LEFT, RIGHT], question='Are there dogs?')",
        {"LEFT": photo(80, 60, 1), "RIGHT": photo(80, 60, 2)},
        [["yes", "no"]],
    )
    source = render_html(run)
    assert [words(each) for each in elements(card(source, 1))] == ["1 yes", "2 no"]
    assert source.count("data:image/") == 2


def test_several_lifted_arguments_are_named(run_of: Make, photo: Callable[..., Image]) -> None:
    program = "A=List(query='x', max=2)\nRESULT=Vqa(image=[IMAGE, IMAGE], question=A)"
    shown = elements(
        card(render_html(run_of(program, {"IMAGE": photo()}, [["what?", "who?"], ["a", "b"]])), 2)
    )
    assert [words(each) for each in shown] == ["1 image question what? a", "2 image question who? b"]


def test_a_failed_element_is_shown_and_named(bottles_run: Make) -> None:
    run = bottles_run(5)
    failure = StepError(
        "ANSWERS0 (line 4, Vqa): element 3 of 5: it is dark", step="ANSWERS0", line=4, element=3
    )
    run = replace(run, events=(*run.events[:3], StepFailed(3, 0.0, 0.1, failure, (), ())))
    part = card(render_html(run), 4)
    (shown,) = elements(part)
    assert words(shown) == "3 failed"
    assert "element 3 of 5: it is dark" in part
    assert run.to_json()["steps"][3]["error"]["element"] == 3


def test_a_template_marks_the_inserted_values(bottles_run: Make, read_page: Callable[[str], Any]) -> None:
    source = render_html(bottles_run(2))
    assert 'href="#step-3" title="COLOR">dark &lt;red&gt;</a>' in card(source, 4)
    assert "Is the dark &lt;red&gt; bottle {x} full?" in " ".join(
        re.sub("<[^>]*>", "", card(source, 4).partition("<dt>question</dt>")[2]).split()
    )
    line = source.partition('id="line-4"')[2].partition("</code>")[0]
    assert '{<span class="string">' not in line
    assert re.search(
        r'\{</span><a href="#step-3">COLOR</a><span class="string">\} bottle \{\{x\}\} full', line
    )


@pytest.mark.parametrize("outcome", ["failed", "picture"])
def test_a_template_without_a_value_names_its_variable(
    run_of: Make, photo: Callable[..., Image], outcome: str
) -> None:
    failure = StepError("A failed", step="A", line=1)
    program = "A=Vqa(image=IMAGE, question='q')\nRESULT=Vqa(image=IMAGE, question='Why {A}?')"
    run = run_of(program, {"IMAGE": photo()}, [photo(9, 9) if outcome == "picture" else failure, "x"])
    assert '{<a class="variable" href="#step-1">A</a>}?' in card(render_html(run), 2)


def test_any_list_is_inserted_as_its_items(run_of: Make, photo: Callable[..., Image]) -> None:
    program = "A=List(query='x', max=2)\nRESULT=Vqa(image=IMAGE, question='One of {A}?')"
    run = run_of(program, {"IMAGE": photo()}, [["a", "b"], "x"])
    assert 'title="A">a, b</a>?' in card(render_html(run), 2)


@pytest.mark.parametrize("count", [1_000, 5_000])
def test_long_strips_are_bounded(run_of: Make, count: int, photo: Callable[..., Image]) -> None:
    image = photo(640, 480)
    crops = [image.crop((n % 600, n % 400, n % 600 + 40, n % 400 + 40)) for n in range(count)]
    steps = [f"A{n}=Loc(image=A, object='cap')" for n in range(1, 100)]
    program = "\n".join(["B=Loc(image=IMAGE, object='x')", "A=CropEach(image=IMAGE, object=B)", *steps])
    caps = [Regions(size=crop.size) for crop in crops]
    run = run_of(program, {"IMAGE": image}, [Regions(size=image.size), crops, *[caps] * 99])
    source = render_html(run)
    assert len(source.encode()) < html.MOST_BYTES / 2
    assert len(elements(card(source, 2))) == 1_000
    assert len(elements(card(source, 60))) == 12
    assert (f"and {count - 12:,} more" in card(source, 60)) == (count > 12)
    assert len(str(run.to_json())) < record_json.MOST_BYTES


def test_large_pictures_of_elements_are_bounded(run_of: Make) -> None:
    rng = np.random.default_rng(0)
    image = Image(rng.integers(0, 256, (3_000, 4_000, 3), np.uint8))
    crops = [image.crop((n * 3, n * 2, n * 3 + 600, n * 2 + 600)) for n in range(1_000)]
    program = (
        "B=Loc(image=IMAGE, object='x')\nA=CropEach(image=IMAGE, object=B)\nC=Tag(image=IMAGE, object=B)"
    )
    other = Image(rng.integers(0, 256, (900, 900, 3), np.uint8))
    run = run_of(program, {"IMAGE": image}, [Regions(size=image.size), crops, other])
    source = render_html(run)
    assert len(source.encode()) < html.MOST_BYTES
    assert "picture of 600 × 600" in elements(card(source, 2))[-1]
    assert '<figure class="plain">' in card(source, 3)  # elements leave room for other pictures


def test_crops_are_drawn_as_parts_of_their_picture(bottles_run: Make, photo: Callable[..., Image]) -> None:
    assert render_html(bottles_run(64, photo(500, 480))).count("data:image/") == 1


VALUES = st.lists(
    st.one_of(st.text(max_size=2_000), st.integers(), st.none(), st.lists(st.text(max_size=40), max_size=30)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=VALUES, limit=st.integers(0, 30))
def test_a_strip_of_any_values_is_within_its_limits(
    run_of: Make,
    read_page: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    values: list[Any],
    limit: int,
) -> None:
    monkeypatch.setattr(strips, "_TOTAL", limit)
    items = ", ".join(["IMAGE"] * len(values))
    source = render_html(run_of(f"RESULT=Vqa(image=[{items}], question='q')", {"IMAGE": TINY}, [values]))
    shown = elements(card(source, 1))
    assert len(shown) == min(len(values), max(limit, 12))
    assert sum(map(len, shown)) < 3_000 * len(values)
    text = read_page(source).text
    assert all(printable(value[:20]) in text for value in values[:12] if isinstance(value, str))
    hidden = len(values) - len(shown)
    assert (f"and {hidden:,} more" in card(source, 1)) == (hidden > 0)


@given(
    st.lists(st.sampled_from(["", "found nothing", "odd (2 of 3: elements 1, 2)"]), min_size=1, max_size=40)
)
def test_the_places_of_merged_warnings_can_be_read(warnings: list[str]) -> None:
    merged = merged_warnings([[each] if each else [] for each in warnings], len(warnings))
    for warning in merged:
        text = warning.rpartition(" (")[0]
        concerned = [place for place, each in enumerate(warnings, 1) if each == text]
        assert list(places_of(warning, len(warnings)))[:10] == concerned[:10]


@pytest.mark.parametrize(
    "text", ["", "found nothing", "(9 of 3: elements 99, 100)", "(1 of 1: element " + "9" * 9_999]
)
def test_other_warnings_have_no_places(text: str) -> None:
    assert list(places_of(text, 3)) == []


def test_a_real_run_marks_lifted_steps(photo: Callable[..., Image]) -> None:
    program = (
        "A=Region(image=IMAGE, box=[10, 10, 90, 90])\nB=Region(image=IMAGE, box=[100, 50, 200, 150])\n"
        "C=Both(object=A, other=B)\nD=CropEach(image=IMAGE, object=C)\nE=Loc(image=D, object='TOP')\n"
        "F=Pick(object=E, place=2)\nRESULT=Count(object=F)"
    )
    run = VisProg().execute(program, photo())
    assert run.result == [0, 0]
    assert run.steps[5].elements == Elements(2, 0, (1, 2))
    record = run.to_json()
    assert record["steps"][5]["elements"] == {"total": 2, "cached": 0, "warned": [1, 2]}
    assert record["steps"][4]["value"]["items"][1]["frame"]["root"] == record["inputs"]["IMAGE"]["digest"]
    assert len(elements(card(render_html(run), 6))) == 2


def test_regions_are_drawn_over_the_picture_of_their_frame(run_of: Make, photo: Callable[..., Image]) -> None:
    left, right = photo(80, 60, 1).as_root(), photo(80, 60, 2).as_root()
    boxes = Regions([Region((5, 5, 30, 20), "cap")], size=(80, 60), frame=right.frame)
    program = (
        "A=Vqa(image=LEFT, question='q')\nB=Vqa(image=RIGHT, question=A)\nRESULT=Vqa(image=LEFT, question=B)"
    )
    source = render_html(run_of(program, {"LEFT": left, "RIGHT": right}, ["a", "b", boxes]))
    names = [
        re.findall(r'<use href="#([\w-]+)"', part)[0]
        for part in (source.partition('id="input-2"')[2], card(source, 3).partition('class="output"')[2])
    ]
    assert names[0] == names[1]


def test_the_picture_of_regions_is_found_in_a_graph_with_many_paths(run_of: Make) -> None:
    steps = [f"A{n}=Vqa(image=IMAGE, question='{{A{n - 1}}} {{A{max(0, n - 2)}}}')" for n in range(1, 150)]
    program = "\n".join(["A0=Vqa(image=IMAGE, question='q')", *steps])
    run = run_of(program, {"IMAGE": TINY}, [Regions(size=(5, 5))] * 150)
    assert len(elements(render_html(run))) == 0


def test_an_empty_list_is_named(run_of: Make, photo: Callable[..., Image]) -> None:
    program = (
        "B=Loc(image=IMAGE, object='x')\nA=CropEach(image=IMAGE, object=B)\nRESULT=Loc(image=A, object='y')"
    )
    run = run_of(
        program,
        {"IMAGE": photo()},
        [Regions(size=(320, 240)), [], []],
        elements={2: Elements(0)},
        warnings={2: ("the list of `image` is empty, so Loc was not called",)},
    )
    source = render_html(run)
    assert elements(source) == []
    assert "empty list" in words(card(source, 2))
    assert "0 elements" in words(card(source, 3))
    assert "empty list" in words(card(source, 3))


def test_lifted_regions_are_drawn_over_their_picture(bottles_run: Make, run_of: Make) -> None:
    run = bottles_run(2)
    program = str(run.program).replace("RESULT=IMAGES0", "RESULT=Count(object=CAPS0)")
    values = [step.value for step in run.steps[:-1]]
    lifted = run_of(program, run.inputs, [*values, [0, 1]])
    one, two = elements(card(render_html(lifted), 6))
    assert (words(one), words(two)) == ("1 no region 0", "2 cap 80% 1 region: cap 1")
    assert two.count('<g class="region') == 1


def test_a_picture_is_shown_once_with_its_regions(bottles_run: Make, run_of: Make) -> None:
    run = bottles_run(3)
    program = str(run.program).replace(
        "RESULT=IMAGES0", "RESULT=Select(image=IMAGES0, object=CAPS0, query='red')"
    )
    values = [step.value for step in run.steps[:-1]]
    lifted = run_of(program, run.inputs, [*values, [caps[:0] for caps in values[-1]]])
    shown = elements(card(render_html(lifted), 6))
    assert [each.count("<use ") for each in shown] == [2, 2, 2]  # the regions before, and those after
    assert all("element wide" in each for each in shown)
