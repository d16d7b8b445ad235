from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog.engine.events import StepFinished
from visprog.errors import ModelUnavailable, StepError
from visprog.models.roles import Message
from visprog.printable import printable
from visprog.trace.html import frame, render_html
from visprog.trace.run import Run
from visprog.values import Image, Region, Regions

TEXTS = st.text(st.characters(blacklist_categories=()), min_size=1, max_size=60)


def _dangling(page: Any) -> set[str]:
    addresses = {address for address in page.all("href") if not address.startswith("data:")}
    return {address for address in addresses if address[1:] not in page.all("id")}


def test_every_link_leads_to_an_element_of_the_page(dogs_run: Run, read_page: Callable[[str], Any]) -> None:
    assert _dangling(read_page(render_html(dogs_run))) == set()


def test_ids_are_unique(dogs_run: Run, read_page: Callable[[str], Any]) -> None:
    ids = read_page(render_html(dogs_run)).all("id")
    assert sorted(ids) == sorted(set(ids))


def test_every_variable_of_the_program_is_a_link(dogs_run: Run) -> None:
    program = render_html(dogs_run).partition('<div class="program">')[2].partition("</section>")[0]
    linked = set(re.findall(r'<a href="#[\w-]+">(\w+)</a>', program))
    assert linked == {"IMAGE", "OBJ0", "OBJ1", "ANSWER0", "IMAGE0", "RESULT"}


def test_each_distinct_picture_is_embedded_once(dogs_run: Run, read_page: Callable[[str], Any]) -> None:
    uris = [
        address for address in read_page(render_html(dogs_run)).all("href") if address.startswith("data:")
    ]
    assert len(uris) == len(set(uris)) == 2


def test_a_variable_assigned_twice_links_to_its_current_value(
    run_of: Callable[..., Run], photo: Callable[..., Image]
) -> None:
    one, two = "A=Vqa(image=IMAGE, question='one')", "A=Vqa(image=IMAGE, question='two')"
    program = f"{one}\nB=Vqa(image=IMAGE, question=A)\n{two}"
    source = render_html(
        run_of(program + "\nC=Vqa(image=IMAGE, question=A)", {"IMAGE": photo()}, list("abcd"))
    )
    lines = re.findall(r'<div class="line.*?</code>', source, re.DOTALL)
    assert 'question</span>=<a href="#step-1">A' in lines[1]
    assert 'question</span>=<a href="#step-3">A' in lines[3]


def test_comments_stay_between_their_lines(dogs_run: Run) -> None:
    source = render_html(dogs_run)
    assert source.index("# How many dogs?") < source.index('id="line-2"') < source.index('id="line-6"')


def test_regions_are_drawn_over_the_picture_they_were_found_in(
    run_of: Callable[..., Run], photo: Callable[..., Image]
) -> None:
    left, right = photo(100, 80, 1), photo(100, 80, 2)
    program = "OBJ0=Loc(image=RIGHT, object='dog')\nRESULT=OBJ0"
    run = run_of(
        program, {"LEFT": left, "RIGHT": right}, [Regions([Region((1, 1, 9, 9))], size=(100, 80))] * 2
    )
    source = render_html(run)
    shown = {
        name: re.findall(r'<use href="#([\w-]+)"', source.partition(name)[2])[0]
        for name in ('id="input-1"', 'id="input-2"', '<div class="output">')
    }
    assert shown['<div class="output">'] == shown['id="input-2"'] != shown['id="input-1"']


def test_labels_of_three_hundred_regions_are_hidden(
    run_of: Callable[..., Run], photo: Callable[..., Image]
) -> None:
    regions = Regions(
        [Region((n, n % 50, n + 9, n % 50 + 9), f"kite {n}") for n in range(300)], size=(320, 240)
    )
    source = render_html(run_of("OBJ0=Loc(image=IMAGE, object='kite')", {"IMAGE": photo()}, [regions]))
    assert 'class="picture picture-1 crowd"' in source
    assert source.count('class="tag"') == 600  # the step's picture and the result's


def test_failed_and_skipped_steps_are_shown_with_their_cause(
    failed_run: Run, read_page: Callable[[str], Any]
) -> None:
    text = read_page(render_html(failed_run)).text
    for words in (
        "Failed",
        "Step 2, line 3",
        "nothing is big",
        "ValueError: no candidate",
        "ask for something else",
    ):
        assert words in text
    assert re.search(r"Skipped, because\s+OBJ1\s+failed", text)
    assert "Not run: the result does not depend on it." in text


def test_a_failure_is_described_once_and_linked_from_the_result(
    run_of: Callable[..., Run], photo: Callable[..., Image], read_page: Callable[[str], Any]
) -> None:
    missing = ModelUnavailable("nothing answers", help="ask somebody else")
    missing.__cause__ = TimeoutError()
    failure = StepError("A (line 1, Vqa): nothing answers", step="A", line=1, help=missing.help)
    failure.__cause__ = missing
    page = read_page(render_html(run_of("A=Vqa(image=IMAGE, question='q')", {"IMAGE": photo()}, [failure])))
    assert page.text.count("nothing answers") == page.text.count("ask somebody else") == 1
    assert page.text.count("TimeoutError") == 1
    assert "Step 1, line 1 failed" in page.text
    assert "#step-1" in page.all("href")


def test_a_stopped_run_is_shown_as_stopped(run_of: Callable[..., Run], photo: Callable[..., Image]) -> None:
    program = "A=Vqa(image=IMAGE, question='one')\nB=Vqa(image=IMAGE, question=A)"
    source = render_html(run_of(program, {"IMAGE": photo()}, ["1"]))
    assert ">Stopped</li>" in source
    assert "Not run: the run stopped earlier." in source


def test_each_model_is_named_in_its_steps_and_in_its_own_row(
    dogs_run: Run, read_page: Callable[[str], Any]
) -> None:
    models = ("fake:detector zoom=1.7 content #084da6822f9367d1", "fake:segmenter")
    first, *others = dogs_run.events
    assert isinstance(first, StepFinished)
    run = replace(dogs_run, events=(replace(first, models=models), *others))
    steps, _, environment = " ".join(read_page(render_html(run)).text.split()).partition("Environment")
    assert all(f"model{model}" in environment and model in steps for model in models)


def test_warnings_of_the_checker_quote_their_line(dogs_run: Run, read_page: Callable[[str], Any]) -> None:
    page = read_page(render_html(dogs_run))
    assert "#line-4" in page.all("href")
    assert "ANSWER0=Count(object=OBJ1)" in page.text.partition("Program")[0]


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "yes", ["a", "b"], [], {"odd": 1}, "x" * 9_000])
def test_any_value_can_be_the_result(
    run_of: Callable[..., Run], photo: Callable[..., Image], value: object
) -> None:
    run = run_of("A=Vqa(image=IMAGE, question='q')", {"IMAGE": photo(8, 8)}, [value])
    assert len(render_html(run)) < 60_000


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_pictures_of_any_shape_are_shown(run_of: Callable[..., Run], size: tuple[int, int]) -> None:
    image = Image(np.zeros((size[1], size[0], 3), np.uint8))
    regions = Regions([Region((-5, -5, 4, 4), "edge", 1.0, np.ones((size[1], size[0]), np.bool_))], size=size)
    source = render_html(run_of("OBJ0=Loc(image=IMAGE, object='edge')", {"IMAGE": image}, [regions]))
    assert "nan" not in source.partition("<main>")[2].partition("<script>")[0]


def test_the_policy_allows_only_the_style_and_script_of_the_page(dogs_run: Run) -> None:
    source = render_html(dogs_run)
    policy = html.unescape(re.search(r'Content-Security-Policy" content="(.*?)"', source).group(1))  # type: ignore[union-attr]
    parts = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", source, re.DOTALL)
    hashes = {base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in parts}
    assert len(parts) == 3
    assert set(re.findall(r"sha256-([^']+)", policy)) == hashes
    assert "unsafe" not in policy
    assert "http" not in policy


def test_no_address_on_the_page_is_external(dogs_run: Run, read_page: Callable[[str], Any]) -> None:
    page = read_page(render_html(dogs_run))
    addresses = page.all("href") + page.all("src")
    assert all(address.startswith(("#", "data:image/")) for address in addresses)
    assert "style" not in [name for name, _ in page.attributes]


def _hostile(make: Callable[..., Run], image: Image, text: str) -> Run:
    failure = StepError(text, step="B", line=3, help=text)
    failure.__cause__ = ValueError(f"because {text}")
    regions = Regions([Region((1, 1, 4, 4), text, 0.5)], size=image.size)
    return make(
        "OBJ0=Loc(image=IMAGE, object='dog')\nA=Vqa(image=IMAGE, question='q')\n"
        "B=List(query=A, max=3)\nRESULT=B",
        {"IMAGE": image},
        [regions, text, failure],
        instruction=text,
        transcript=(Message("assistant", text),),
        warnings={0: (text,)},
        environment={text: text},
    )


@settings(max_examples=80, deadline=None)
@given(text=TEXTS)
def test_any_text_is_shown_as_text_and_adds_no_element(
    run_of: Callable[..., Run], read_page: Callable[[str], Any], text: str
) -> None:
    image = Image(np.zeros((6, 8, 3), np.uint8))
    page = read_page(render_html(_hostile(run_of, image, text)))
    plain = read_page(render_html(_hostile(run_of, image, "plain")))
    assert page.elements == plain.elements
    assert [name for name, _ in page.attributes] == [name for name, _ in plain.attributes]
    assert page.text.count(printable(text)) >= 12
    assert "plain" not in page.text or "plain" in printable(text)


def test_a_notebook_shows_the_page_in_a_sandboxed_frame(
    dogs_run: Run, read_page: Callable[[str], Any]
) -> None:
    shown = read_page(dogs_run._repr_html_())
    assert shown.elements == ["iframe"]
    assert shown.all("srcdoc") == [render_html(dogs_run)]
    assert shown.all("sandbox") == ["allow-scripts"]
    assert frame(dogs_run) == dogs_run._repr_html_()
