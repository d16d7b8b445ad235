"""The gallery shows every tool, and its page is one small file that works in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from examples.gallery import PHOTOS, Card, Example, Gallery, read_examples, render
from tests.page_problems import PageProblems
from visprog import Image, ImageError, StepError
from visprog.modules import TOOLS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EXAMPLES = read_examples()
GROUPS = ["understanding", "manipulation", "regions", "knowledge", "logic", "language"]


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return Gallery()


@pytest.fixture(scope="module")
def cards(gallery: Gallery) -> list[Card]:
    return gallery.cards(EXAMPLES)


@pytest.fixture(scope="module")
def page_file(gallery: Gallery, cards: list[Card], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gallery") / "gallery.html"
    file.write_text(render(cards, gallery.album), "utf-8")
    return file


def test_every_tool_has_an_example() -> None:
    assert {each.tool for each in EXAMPLES if each.tool} == {tool.name for tool in TOOLS}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.task)
def test_every_program_checks_and_runs(gallery: Gallery, example: Example) -> None:
    run = gallery.run(example)
    assert run.checked.diagnostics == ()
    assert run.warnings == ()
    assert run.ok
    used = {step.tool for step in run.checked.steps}
    assert not example.tool or example.tool in used


def test_every_edit_changes_its_picture(gallery: Gallery) -> None:
    for example in EXAMPLES:
        run = gallery.run(example)
        if isinstance(run.result, Image):
            assert run.result != run.inputs["IMAGE"], example.task


def test_every_form_of_the_language_has_an_example() -> None:
    programs = "\n".join(each.program for each in EXAMPLES if each.form)
    for form in ("the {ANSWER0}?", "all({", "any({", "count({", "Keep(", "image=[LEFT, RIGHT]", "CropEach("):
        assert form in programs


def test_the_groups_are_the_folders_of_the_tools(cards: list[Card]) -> None:
    assert list(dict.fromkeys(card.group for card in cards)) == GROUPS
    for name in GROUPS[:-1]:
        shown = [card.name for card in cards if card.group == name]
        assert set(shown) == {tool.name for tool in TOOLS if f".{name}." in tool.function.__module__}
        assert len(shown) == len(set(shown)), "the examples of a tool follow each other"


def test_a_failed_step_is_reported(gallery: Gallery) -> None:
    with pytest.raises(StepError, match="outside of the picture"):
        gallery.run(Example("Look away", ["meadow"], "RESULT=Region(image=IMAGE, point=[500, 0])"))


def test_missing_photographs_are_reported(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"astronaut\.png does not exist"):
        Gallery(tmp_path).cards(EXAMPLES)


def test_photographs_of_another_folder_are_used(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes((PHOTOS / "chelsea.png").read_bytes())
    run = Gallery(tmp_path).run(Example("The cat", ["cat.png"], "RESULT=Region(image=IMAGE, point=[0, 0])"))
    assert run.inputs["IMAGE"].size == (451, 300)


def test_the_page_shows_every_tool_and_its_first_sentence(page_file: Path) -> None:
    text = page_file.read_text("utf-8")
    assert set(re.findall(r"<h3>(.*?)</h3>", text)) == {tool.name for tool in TOOLS}
    assert "Find the faces in <code>image</code>, best first." in text
    assert 'What color is the {</span><span class="variable">ANSWER0</span>' in text


def test_the_page_is_one_small_file(page_file: Path) -> None:
    assert page_file.stat().st_size < 5_000_000
    text = page_file.read_text("utf-8")
    assert "default-src 'none'; img-src data:; style-src 'sha256-" in text.replace("&#39;", "'")
    elements = text.partition("<script>")[0]
    assert not re.search(r"""(?:src|href)=["'](?!data:image/|#)""", elements)


@contextmanager
def _opened(browser: Browser, file: Path, **options: Any) -> Iterator[tuple[Page, PageProblems]]:
    context = browser.new_context(**{"viewport": {"width": 390, "height": 844}} | options)
    context.set_offline(True)
    page, problems = context.new_page(), PageProblems()
    problems.watch(page)
    page.goto(file.as_uri())
    yield page, problems
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_its_window(browser: Browser, page_file: Path, width: int, scheme: str) -> None:
    options = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    with _opened(browser, page_file, **options) as (page, problems):
        assert page.evaluate("document.documentElement.scrollWidth") == width
        wide = """[...document.querySelectorAll(".card *")].filter((part) =>
            !part.closest("svg") && part.scrollWidth > part.clientWidth + 1 && part.clientWidth).length"""
        assert page.evaluate(wide) == 0
    assert problems == []


def test_every_link_of_the_index_leads_to_a_card(browser: Browser, page_file: Path) -> None:
    with _opened(browser, page_file) as (page, _):
        links = page.locator("nav li a")
        assert links.count() == len({each.tool or each.form for each in EXAMPLES})
        for link in links.all():
            target = page.locator(f"article[id='{(link.get_attribute('href') or '')[1:]}'] h3")
            assert target.inner_text() == link.inner_text()


def test_a_tap_enlarges_a_picture(browser: Browser, page_file: Path) -> None:
    from playwright.sync_api import expect

    with _opened(browser, page_file, has_touch=True) as (page, problems):
        page.locator("#loc .result .picture").tap()
        enlarged = page.locator("dialog[open] .picture").bounding_box()
        assert enlarged is not None
        assert enlarged["width"] == pytest.approx(390 - 16, abs=1)
        page.get_by_role("button", name="Close").tap()
        expect(page.locator("dialog")).to_have_count(0)
    assert problems == []


def test_the_keyboard_enlarges_a_picture(browser: Browser, page_file: Path) -> None:
    from playwright.sync_api import expect

    with _opened(browser, page_file, viewport={"width": 1280, "height": 800}) as (page, _):
        button = page.locator("#caption .enlarge")
        button.focus()
        expect(button).to_have_css("opacity", "1")
        page.keyboard.press("Enter")
        assert page.locator("dialog[open]").count() == 1
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
