from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as PILImage

from tests.page_problems import PageProblems
from visprog.errors import StepError
from visprog.models.roles import Message
from visprog.printable import printable
from visprog.trace.run import Run
from visprog.values import Image, Region, Regions

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

HOSTILE = [
    "<script>window.ran = 1</script>",
    '"><img src=x onerror="window.ran = 1">',
    "'><svg onload=window.ran=1>",
    "javascript:window.ran=1",
    "</style></script><script>window.ran = 1</script>",
    "{{ 7 * 7 }}{% raw %}&lt;\u2028-->",
]

COVERED = """[...document.querySelectorAll(".thumb .picture")].flatMap((small) => {
  const one = small.getBoundingClientRect(), body = small.closest(".body");
  const rest = body.querySelectorAll("dt, .output, q.text, .variable, .same span");
  const others = [body.closest("main"), ...rest];
  return others.filter((other) => {
    const two = other.getBoundingClientRect();
    if (other.contains(small)) return one.left < two.left || one.right > two.right + 1;
    return one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom;
  }).map((other) => other.outerHTML);
})"""
"""Lists the elements that small pictures of arguments cover or extend beyond."""

DOTS = """[...document.querySelectorAll(".facts li + li")].map((fact) => {
  const begins = fact.getBoundingClientRect().top > fact.previousElementSibling.getBoundingClientRect().top;
  const dot = fact.getBoundingClientRect().left + parseFloat(getComputedStyle(fact, "::before").left);
  return [begins, dot > fact.parentElement.getBoundingClientRect().left];
})"""
"""Lists for each fact after the first whether it starts a line, and whether the dot before it is visible."""

MEETING = """[...document.querySelectorAll("#step-1 .picture")].flatMap((picture) => {
  const tags = [...picture.querySelectorAll(".tag")].filter((tag) => tag.checkVisibility());
  const places = tags.map((tag) => tag.getBoundingClientRect()), frame = picture.getBoundingClientRect();
  const meet = (one, two) => one.left < two.right && two.left < one.right
    && one.top < two.bottom && two.top < one.bottom;
  return tags.filter((tag, n) => places[n].right > frame.right + 1 || places[n].left < frame.left - 1
    || places.some((place, other) => other !== n && meet(place, places[n]))).map((tag) => tag.innerText);
})"""
"""Lists the labels that overlap another label or the edge of the picture."""


@contextmanager
def _opened(browser: Browser, run: Run, folder: Path, **options: Any) -> Iterator[tuple[Page, PageProblems]]:
    run.save(folder / "trace.html")
    context = browser.new_context(
        **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | options
    )
    context.set_offline(True)
    page, problems = context.new_page(), PageProblems()
    problems.watch(page)
    page.goto((folder / "trace.html").as_uri())
    yield page, problems
    context.close()


def _box(part: Locator) -> Any:
    box = part.bounding_box()
    assert box is not None
    return box


def _in_view(page: Page, selector: str) -> bool:
    box = _box(page.locator(selector))
    return bool(0 <= box["y"] < 800)


def test_the_page_renders_offline_without_errors(browser: Browser, dogs_run: Run, tmp_path: Path) -> None:
    with _opened(browser, dogs_run, tmp_path) as (page, problems):
        assert page.locator("h1").inner_text() == "Count the dogs"
        assert page.locator("article.card").count() == 5
    assert problems == []


def test_a_click_on_a_variable_leads_to_its_step(browser: Browser, dogs_run: Run, tmp_path: Path) -> None:
    with _opened(browser, dogs_run, tmp_path) as (page, _):
        assert not _in_view(page, "#step-4")
        page.locator("#line-6 a", has_text="IMAGE0").click()
        assert page.url.endswith("#step-4")
        assert _in_view(page, "#step-4")
        assert page.locator(":target").get_attribute("id") == "step-4"


def test_the_pointer_on_a_variable_highlights_all_its_uses(
    browser: Browser, dogs_run: Run, tmp_path: Path
) -> None:
    with _opened(browser, dogs_run, tmp_path) as (page, _):
        page.locator("#line-3 a", has_text="OBJ0").hover()
        assert set(page.locator("code a.lit").all_inner_texts()) == {"OBJ0"}
        assert page.locator("code a.lit").count() >= 5
        assert page.locator("article.lit").get_attribute("id") == "step-1"
        page.mouse.move(0, 0)
        assert page.locator(".lit").count() == 0


def test_the_pointer_on_a_listed_region_highlights_it_on_the_picture(
    browser: Browser, dogs_run: Run, tmp_path: Path
) -> None:
    with _opened(browser, dogs_run, tmp_path) as (page, _):
        page.locator("#step-1 tr", has_text="puppy").hover()
        assert page.locator("#step-1 g.lit").get_attribute("data-region") == "2"


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(("media", "width"), [("screen", 1280), ("screen", 380), ("print", 760)])
def test_a_box_is_drawn_at_its_region(
    browser: Browser, dogs_run: Run, tmp_path: Path, media: Any, width: int, script: bool
) -> None:
    view = {"width": width, "height": 800}
    with _opened(browser, dogs_run, tmp_path, viewport=view, java_script_enabled=script) as (page, _):
        page.emulate_media(media=media)
        picture, box = (
            _box(page.locator("#step-1 .output .picture")),
            _box(page.locator("#step-1 g[data-region='1'] rect")),
        )
    found = [
        (box["x"] - picture["x"]) / picture["width"],
        (box["y"] - picture["y"]) / picture["height"],
        box["width"] / picture["width"],
        box["height"] / picture["height"],
    ]
    assert found == pytest.approx([80 / 320, 60 / 240, 120 / 320, 120 / 240], abs=0.01)
    assert picture["width"] / picture["height"] == pytest.approx(320 / 240, rel=0.01)


@pytest.mark.parametrize("size", [(100, 400), (400, 100), (900, 1600)])
def test_the_picture_fills_its_frame_whatever_its_shape(
    browser: Browser, run_of: Callable[..., Run], tmp_path: Path, size: tuple[int, int]
) -> None:
    pixels = np.zeros((size[1], size[0], 3), np.uint8) + np.array([20, 160, 90], np.uint8)
    run = run_of("OBJ0=Loc(image=IMAGE, object='x')", {"IMAGE": Image(pixels)}, [Regions(size=size)])
    with _opened(browser, run, tmp_path, java_script_enabled=False) as (page, _):
        shot = page.locator("#step-1 .output .picture").screenshot()
    shown = np.asarray(PILImage.open(io.BytesIO(shot)).convert("RGB")).astype(int)
    assert np.abs(shown[8:-8, 8:-8] - (20, 160, 90)).max() < 12


@pytest.mark.parametrize("width", [380, 1280])
@pytest.mark.parametrize("size", [(400, 100), (3000, 300), (60, 900)])
def test_a_small_picture_of_an_argument_covers_no_other_element(
    browser: Browser,
    run_of: Callable[..., Run],
    photo: Callable[..., Image],
    tmp_path: Path,
    size: tuple[int, int],
    width: int,
) -> None:
    program = (
        "OBJ0=Loc(image=IMAGE, object='dog')\nA=Tag(image=IMAGE, object=OBJ0)\n"
        "B=Vqa(image=A, question='Which dogs?')\nC=A\nRESULT=B"
    )
    regions = Regions([Region((0, 0, 40, 40), "dog")], size=size)
    run = run_of(program, {"IMAGE": photo(*size)}, [regions, photo(*size, 1), "all", photo(*size, 1), "all"])
    with _opened(browser, run, tmp_path, viewport={"width": width, "height": 800}) as (page, _):
        assert page.locator(".thumb").count() == 4
        assert page.evaluate(COVERED) == []


def test_a_crop_of_a_crop_shows_its_part_of_the_picture(
    browser: Browser, run_of: Callable[..., Run], tmp_path: Path
) -> None:
    quarters = np.zeros((480, 640, 3), np.uint8)
    quarters[:240, 320:] = (200, 30, 30)
    quarters[240:, 320:] = (20, 160, 90)
    image = Image(quarters)
    right = image.crop((320, 0, 640, 480))
    program = "A=Tag(image=IMAGE, object=OBJ0)\nB=Tag(image=A, object=OBJ0)\nRESULT=B"
    run = run_of(
        f"OBJ0=Loc(image=IMAGE, object='x')\n{program}",
        {"IMAGE": image},
        [Regions(size=image.size), right, right.crop((0, 240, 320, 480)), right.crop((0, 240, 320, 480))],
    )
    with _opened(browser, run, tmp_path) as (page, problems):
        shots = [page.locator(f"#step-{n} .output .picture").screenshot() for n in (2, 3)]
    both, green = (np.asarray(PILImage.open(io.BytesIO(shot)).convert("RGB")).astype(int) for shot in shots)
    height = both.shape[0]
    assert problems == []
    assert np.abs(both[8 : height // 2 - 8, 8:-8] - (200, 30, 30)).max() < 12
    assert np.abs(both[height // 2 + 8 : -8, 8:-8] - (20, 160, 90)).max() < 12
    assert np.abs(green[8:-8, 8:-8] - (20, 160, 90)).max() < 12


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("size", [(512, 430), (120, 90), (120, 800), (1500, 300)])
def test_labels_overlap_neither_each_other_nor_the_edge(
    browser: Browser,
    run_of: Callable[..., Run],
    photo: Callable[..., Image],
    tmp_path: Path,
    size: tuple[int, int],
    width: int,
) -> None:
    parts = [(0, 0, 1, 0.76), (0.4, 0, 1, 0.53), (0.66, 0.4, 1, 1), (0, 0, 0.66, 0.65), (0, 0.4, 1, 1)]
    names = ("ball", "snake", "meadow at MMMM", "cactus", "crocodile", "cow", "WWW", "一頭の牛")
    w, h = size
    boxes = [(int(a * w), int(b * h), int(c * w), int(d * h)) for a, b, c, d in parts]
    boxes += [(0, 0, w // 2, h // 4)] * 3
    regions = Regions([Region(box, name, 0.9) for box, name in zip(boxes, names, strict=True)], size=size)
    run = run_of("OBJ0=Loc(image=IMAGE, object='x')", {"IMAGE": photo(*size)}, [regions])
    with _opened(browser, run, tmp_path, viewport={"width": width, "height": 800}) as (page, _):
        assert page.locator("#step-1 .tag:visible").count() >= 2
        assert page.evaluate(MEETING) == []
        page.locator("#step-1 tr[data-region='6']").hover()
        assert page.locator("#step-1 g[data-region='6'] .tag").is_visible()


def test_boxes_masks_and_labels_can_be_hidden(browser: Browser, dogs_run: Run, tmp_path: Path) -> None:
    with _opened(browser, dogs_run, tmp_path, java_script_enabled=False) as (page, _):
        figure = page.locator("#step-1 figure")
        figure.get_by_label("Masks").uncheck()
        assert not figure.locator(".mask").first.is_visible()
        figure.get_by_label("Boxes").uncheck()
        assert figure.locator("g[data-region='1'] rect").evaluate("e => getComputedStyle(e).stroke") == "none"
        assert figure.locator(".tag").first.is_visible()
        figure.get_by_label("Labels").uncheck()
        assert not figure.locator(".tag").first.is_visible()


@pytest.mark.parametrize("text", HOSTILE)
def test_script_text_stays_text(
    browser: Browser, run_of: Callable[..., Run], photo: Callable[..., Image], tmp_path: Path, text: str
) -> None:
    failure = StepError(text, step="B", line=3, help=text)
    failure.__cause__ = ValueError(f"because {text}")
    image = photo(64, 48)
    run = run_of(
        f"OBJ0=Loc(image=IMAGE, object={text!r})\nA=Vqa(image=IMAGE, question='q')\n"
        "B=List(query=A, max=3)\nRESULT=B",
        {"IMAGE": image},
        [Regions([Region((1, 1, 30, 30), text)], size=image.size), text, failure],
        instruction=text,
        transcript=(Message("assistant", text),),
        warnings={0: (text,)},
        environment={"picture": text},
    )
    with _opened(browser, run, tmp_path) as (page, problems):
        shown = printable(text)
        assert page.locator("h1").text_content() == shown
        assert shown in (page.locator("#step-1 .tag").text_content() or "")
        assert shown in (page.locator(".said").text_content() or "")
        assert shown in (page.locator(".cause").first.text_content() or "")
        assert page.locator("script, img, svg[onload]").count() == 1
        assert page.evaluate("window.ran") is None
    assert problems == []


def _lightness(page: Page) -> float:
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(float(part) for part in color.removeprefix("rgb(").removesuffix(")").split(",")) / 3


def test_the_page_is_dark_if_the_reader_prefers_it(browser: Browser, dogs_run: Run, tmp_path: Path) -> None:
    with _opened(browser, dogs_run, tmp_path, color_scheme="dark") as (page, _):
        assert _lightness(page) < 40
        page.emulate_media(color_scheme="light")
        assert _lightness(page) > 230


def test_the_printed_page_is_light_without_toggles_and_cards_are_not_split(
    browser: Browser, dogs_run: Run, tmp_path: Path
) -> None:
    with _opened(browser, dogs_run, tmp_path, color_scheme="dark") as (page, _):
        page.emulate_media(media="print")
        assert _lightness(page) == 255
        assert not page.locator(".toggles").first.is_visible()
        assert page.locator("article").first.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
        assert page.pdf().startswith(b"%PDF")


@pytest.mark.parametrize("width", [320, 380, 760, 1280])
def test_no_element_is_wider_than_the_window(
    browser: Browser, run_of: Callable[..., Run], photo: Callable[..., Image], tmp_path: Path, width: int
) -> None:
    long = "unbroken" * 60
    image = photo(640, 480)
    regions = Regions([Region((500, 10, 639, 90), long), Region((0, 0, 20, 20), long)], size=image.size)
    program = f"OBJ0=Loc(image=IMAGE, object='{long}')\nA=Vqa(image=IMAGE, question='{long}')\nRESULT=A"
    run = run_of(program, {"IMAGE": image}, [regions, long, long], instruction=long)
    with _opened(browser, run, tmp_path, viewport={"width": width, "height": 800}) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [320, 400, 1280])
def test_dots_are_visible_only_between_two_facts_of_a_line(
    browser: Browser, dogs_run: Run, tmp_path: Path, width: int
) -> None:
    with _opened(browser, dogs_run, tmp_path, viewport={"width": width, "height": 800}) as (page, _):
        dots = page.evaluate(DOTS)
        assert page.locator(".facts").first.evaluate("e => getComputedStyle(e).clipPath") == "inset(-4px)"
    assert {(True, False), (False, True)} >= {(begins, seen) for begins, seen in dots}
    assert (width == 1280) == all(seen for _, seen in dots)


def test_the_page_can_be_used_with_the_keyboard(browser: Browser, dogs_run: Run, tmp_path: Path) -> None:
    with _opened(browser, dogs_run, tmp_path) as (page, _):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('#line-2 a')"):
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/trace.html#step-1")


def test_in_a_notebook_links_work_and_styles_do_not_leak(browser: Browser, dogs_run: Run) -> None:
    page, problems = browser.new_page(reduced_motion="reduce"), PageProblems()
    problems.watch(page)
    page.set_content(f"<p>before</p>{dogs_run._repr_html_()}")
    frame = page.frame_locator("iframe")
    frame.locator("#line-6 a", has_text="IMAGE0").click()
    frame.locator("#step-4.target").wait_for()
    assert 0 <= _box(frame.locator("#step-4"))["y"] < 640
    assert page.locator("p").evaluate("e => getComputedStyle(e).marginTop") == "16px"
    page.close()
    assert problems == []


def test_a_screen_reader_finds_the_heading_and_the_pictures(
    browser: Browser, dogs_run: Run, tmp_path: Path
) -> None:
    with _opened(browser, dogs_run, tmp_path) as (page, _):
        assert page.get_by_role("heading", level=1).count() == 1
        assert page.get_by_role("img", name="Picture with dog 91%, puppy 50% marked").count() == 1


def _enlarged_run(run_of: Callable[..., Run], photo: Callable[..., Image]) -> Run:
    image = photo(4000, 3000)
    dogs = Regions([Region((2000, 1500, 2040, 1540), "dog", 0.9)], size=image.size)
    program = "OBJ0=Loc(image=IMAGE, object='dog')\nRESULT=Tag(image=IMAGE, object=OBJ0)"
    return run_of(program, {"IMAGE": image}, [dogs, photo(4000, 3000, 1)])


@pytest.mark.parametrize("width", [380, 1280])
def test_a_click_enlarges_a_picture_with_its_regions(
    browser: Browser, run_of: Callable[..., Run], photo: Callable[..., Image], tmp_path: Path, width: int
) -> None:
    view = {"width": width, "height": 800}
    with _opened(browser, _enlarged_run(run_of, photo), tmp_path, viewport=view) as (page, problems):
        page.locator("#step-1 .output .picture").click(position={"x": 20, "y": 20})
        picture = page.locator("dialog .picture")
        small = _box(page.locator("#step-1 .output .picture"))
        assert _box(picture)["width"] >= min(small["width"] * 1.5, width - 20)
        assert page.locator("dialog .region").count() == 1
        picture.click(position={"x": 20, "y": 20})
        large, box = _box(picture), _box(page.locator("dialog .region rect"))
        assert large["width"] >= 1600
        assert (box["x"] - large["x"]) / large["width"] == pytest.approx(0.5, abs=0.01)
        page.get_by_role("button", name="Close").click()
        page.locator("dialog").wait_for(state="detached")
        assert problems == []


def test_a_picture_is_enlarged_and_closed_with_the_keyboard(
    browser: Browser, run_of: Callable[..., Run], photo: Callable[..., Image], tmp_path: Path
) -> None:
    with _opened(browser, _enlarged_run(run_of, photo), tmp_path) as (page, _):
        button = page.get_by_role("button", name="Enlarge IMAGE, a picture of 4000 × 3000")
        button.focus()
        page.keyboard.press("Enter")
        assert page.get_by_role("dialog").count() == 1
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0
        assert button.evaluate("e => e === document.activeElement")


def test_a_picture_shown_at_full_size_has_no_button(browser: Browser, dogs_run: Run, tmp_path: Path) -> None:
    with _opened(browser, dogs_run, tmp_path) as (page, _):
        assert page.locator("button").count() == 0


def test_without_scripts_no_picture_can_be_enlarged(
    browser: Browser, run_of: Callable[..., Run], photo: Callable[..., Image], tmp_path: Path
) -> None:
    run = _enlarged_run(run_of, photo)
    with _opened(browser, run, tmp_path, java_script_enabled=False) as (page, _):
        assert page.locator("button").count() == 0
        assert page.locator("#input-1 .picture").is_visible()


def test_a_picture_can_be_enlarged_in_a_notebook(
    browser: Browser, run_of: Callable[..., Run], photo: Callable[..., Image]
) -> None:
    page = browser.new_page(reduced_motion="reduce")
    page.set_content(_enlarged_run(run_of, photo)._repr_html_())
    frame = page.frame_locator("iframe")
    frame.locator("#input-1 .enlarge").click()
    frame.locator("dialog .picture").wait_for()
    page.close()
