"""Strips of elements in a real browser: mouse, keyboard, screen reader, desktop and phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.page_problems import PageProblems
from visprog.trace.run import Run
from visprog.values import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OUTSIDE = """[...document.querySelectorAll(".element")].flatMap((element) => {
  const frame = element.getBoundingClientRect();
  const card = element.closest("article, .result").getBoundingClientRect();
  const parts = [...element.querySelectorAll(".picture, q, .caption, .number")];
  const inside = (part) => part.left >= frame.left && part.right <= frame.right + 1
    && part.bottom <= frame.bottom + 1;
  const wrong = parts.filter((part) => !inside(part.getBoundingClientRect())).map((part) => part.outerHTML);
  return frame.right > card.right + 1 ? [...wrong, element.outerHTML] : wrong;
})"""
"""Lists the parts of elements that extend beyond their element, and the elements beyond their card."""


@contextmanager
def _opened(browser: Browser, run: Run, folder: Path, **options: Any) -> Iterator[tuple[Page, PageProblems]]:
    run.save(folder / "trace.html")
    view = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
    context = browser.new_context(**view | options)
    context.set_offline(True)
    page, problems = context.new_page(), PageProblems()
    problems.watch(page)
    page.goto((folder / "trace.html").as_uri())
    yield page, problems
    context.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_elements_stay_within_their_card(
    browser: Browser,
    bottles_run: Callable[..., Run],
    run_of: Callable[..., Run],
    photo: Callable[..., Image],
    tmp_path: Path,
    width: int,
) -> None:
    shapes = {"LEFT": photo(2_000, 40), "RIGHT": photo(20, 900)}
    program = "RESULT=Vqa(image=[LEFT, RIGHT], question='Is it long?')"
    for run in (bottles_run(30), run_of(program, shapes, [["unbroken" * 30, "no"]])):
        with _opened(browser, run, tmp_path, viewport={"width": width, "height": 800}) as (page, problems):
            page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
            assert page.locator(".element:visible").count() >= 2
            assert page.evaluate(OUTSIDE) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert problems == []


@pytest.mark.parametrize("script", [True, False])
def test_a_long_strip_is_unfolded_by_a_click(
    browser: Browser, bottles_run: Callable[..., Run], tmp_path: Path, script: bool
) -> None:
    with _opened(browser, bottles_run(64), tmp_path, java_script_enabled=script) as (page, _):
        strip = page.locator("#step-4 .strip")
        assert strip.locator(".element:visible").count() == 12
        strip.locator("summary").click()
        assert strip.locator(".element:visible").count() == 64
        assert strip.locator("summary").inner_text() == "Show fewer"
        strip.locator("summary").click()
        assert strip.locator("summary").inner_text() == "Show all 64"


def test_a_click_enlarges_the_picture_of_an_element(
    browser: Browser, bottles_run: Callable[..., Run], tmp_path: Path
) -> None:
    with _opened(browser, bottles_run(20), tmp_path) as (page, problems):
        picture = page.locator("#step-5 .element").nth(1).locator(".picture")
        small = picture.bounding_box()
        picture.click(position={"x": 10, "y": 10})
        large = page.locator("dialog .picture").bounding_box()
        assert small is not None
        assert large is not None
        assert large["height"] >= 4 * small["height"]
        assert large["width"] / large["height"] == pytest.approx(61 / 70, rel=0.03)
        assert page.locator("dialog .tag").inner_text().split() == ["cap", "80%"]
        page.get_by_role("button", name="Close").click()
        page.locator("dialog").wait_for(state="detached")
    assert problems == []


def test_a_strip_can_be_used_with_the_keyboard(
    browser: Browser, bottles_run: Callable[..., Run], tmp_path: Path
) -> None:
    with _opened(browser, bottles_run(20), tmp_path) as (page, _):
        page.locator("#step-2 summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == (
            "Enlarge element 13 of IMAGES0, a picture of 72 × 70"
        )
        assert page.evaluate("getComputedStyle(document.activeElement).opacity") == "1"
        page.keyboard.press("Enter")
        assert page.get_by_role("dialog", name="element 13 of IMAGES0, a picture of 72 × 70").count() == 1
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0


def test_a_screen_reader_finds_elements_and_warnings(
    browser: Browser, bottles_run: Callable[..., Run], tmp_path: Path
) -> None:
    with _opened(browser, bottles_run(5), tmp_path) as (page, _):
        strip = page.locator("#step-5")
        assert strip.get_by_role("listitem").count() >= 5
        assert strip.get_by_role("img", name="Warning: found nothing").count() == 3
        assert strip.get_by_role("img", name="element 2 of CAPS0 with cap 80% marked").count() == 1
        page.get_by_role("link", name="dark <red>").click()
        assert page.url.endswith("#step-3")


def test_a_printed_page_contains_short_strips(
    browser: Browser, bottles_run: Callable[..., Run], tmp_path: Path
) -> None:
    with _opened(browser, bottles_run(30), tmp_path) as (page, _):
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#step-4 .element:visible").count() == 30
