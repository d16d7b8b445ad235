"""The demo's exhibits are what they say, and its page stands by itself."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from PIL import Image as PILImage

from tests.page_problems import PageProblems
from visprog.errors import ModelUnavailable
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.types import Type
from visprog.miniworld.catalogue import CATEGORIES
from visprog.miniworld.demo import run_demo
from visprog.miniworld.demo_page import Shown, render
from visprog.miniworld.drawing import Drawn, draw
from visprog.miniworld.exhibits import EXHIBITS, Exhibit
from visprog.miniworld.oracle import Oracle
from visprog.models.zoo import Zoo
from visprog.modules import TOOLS
from visprog.session import VisProg
from visprog.tools import Registry
from visprog.values import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXAMPLES = Path(__file__).parents[2] / "examples"
named = pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.title)


def drawn(exhibit: Exhibit) -> Mapping[str, Drawn]:
    return {name: draw(scene) for name, scene in exhibit.scenes.items()}


def pictures(exhibit: Exhibit) -> dict[str, Image]:
    return {name: each.image for name, each in drawn(exhibit).items()}


@pytest.fixture(scope="module")
def truth() -> dict[str, object]:
    return Oracle([each for exhibit in EXHIBITS for each in drawn(exhibit).values()]).filling()


@pytest.fixture(scope="module")
def page(truth: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "demo.html"
    assert run_demo(out, models=truth, planner="examples") == out
    return out


@named
def test_a_program_checks_without_remarks(exhibit: Exhibit) -> None:
    inputs = dict.fromkeys(exhibit.scenes, Type.IMAGE)
    assert not check(parse(exhibit.program), Registry(TOOLS), inputs).diagnostics


@named
def test_a_program_does_what_it_should(exhibit: Exhibit, truth: dict[str, object]) -> None:
    with VisProg(models=truth) as session:
        run = session.execute(exhibit.program, pictures(exhibit))
    assert run.ok
    assert not run.warnings
    if exhibit.answer is None:
        assert run.result != run.inputs["IMAGE"]
    else:
        assert run.result == exhibit.answer


@named
def test_things_are_as_in_other_scenes(exhibit: Exhibit) -> None:
    """Of a size that the models know, inside the picture, hardly covered, in colours that there are."""
    for scene, each in zip(exhibit.scenes.values(), drawn(exhibit).values(), strict=True):
        for number, thing in enumerate(scene.things):
            left, top, right, bottom = thing.box
            assert 0 <= left < right <= scene.width
            assert 0 <= top < bottom <= scene.height
            assert 0.19 <= (right - left) / min(scene.width, scene.height) <= 0.41
            assert thing.colour in (CATEGORIES[thing.category].colours or (None,))
            alone = draw(scene.__class__(scene.width, scene.height, scene.ground, (thing,)))
            assert each.mask(number).sum() >= 0.9 * alone.mask(0).sum()


@pytest.mark.parametrize(
    ("title", "file"),
    [
        ("A statement about two pictures", "six_people_and_two_boats.vp"),
        ("Something replaced", "desert_to_grass.vp"),
    ],
)
def test_the_lectures_programs_are_word_for_word(title: str, file: str) -> None:
    (exhibit,) = (exhibit for exhibit in EXHIBITS if exhibit.title == title)
    lecture = (EXAMPLES / file).read_text("utf-8")
    assert lecture == f"# {exhibit.instruction}\n{exhibit.program}"


def test_the_page_shows_every_exhibit_with_its_trace(page: Path) -> None:
    text = page.read_text("utf-8")
    for exhibit in EXHIBITS:
        assert f"<h2>{exhibit.instruction}</h2>" in text
    frames = [unescape(found) for found in re.findall(r'srcdoc="([^"]*)"', text)]
    assert len(frames) == len(EXHIBITS)
    for frame, exhibit in zip(frames, EXHIBITS, strict=True):
        assert f"<h1>{exhibit.instruction}</h1>" in frame


def test_its_pictures_can_be_saved_at_twice_their_size(page: Path) -> None:
    saved = re.findall(r'<img src="data:[^,]*,([^"]*)" [^>]* alt="The picture', page.read_text("utf-8"))
    sizes = [PILImage.open(io.BytesIO(base64.b64decode(data))).size for data in saved]
    scenes = [scene for exhibit in EXHIBITS for scene in exhibit.scenes.values()]
    assert sizes == [(2 * scene.width, 2 * scene.height) for scene in scenes]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_browser_finds_nothing_to_complain_of(
    browser: Browser, page: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    context.set_offline(True)
    shown, complaints = context.new_page(), PageProblems()
    complaints.watch(shown)
    shown.goto(page.as_uri())
    shown.locator("details.trace summary").first.click()
    steps = shown.frame_locator("iframe").first.locator("article.card")
    steps.last.wait_for()
    assert steps.count() == 5
    assert steps.first.evaluate("step => getComputedStyle(step).borderTopLeftRadius") == "8px"
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert not complaints
    context.close()


def test_the_page_says_who_wrote_a_program(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "program by examples" in text
    assert "followed the example on line" in text


def test_where_no_planner_finds_a_program_the_page_says_so(
    truth: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impossible = EXHIBITS[1]._replace(instruction="Colourless green ideas sleep furiously")
    monkeypatch.setattr("visprog.miniworld.demo.EXHIBITS", [impossible])
    text = run_demo(tmp_path / "demo.html", models=truth, planner="examples").read_text("utf-8")
    assert "program by hand, as no planner found one" in text
    assert "no example of the bank" in text


def test_what_a_role_is_missing_for_is_left_out(truth: dict[str, object], tmp_path: Path) -> None:
    without = {role: model for role, model in truth.items() if role != "inpainter"}
    empty = tmp_path / "empty.toml"
    empty.write_text('description = "nothing"\n[models]\n')
    zoo = Zoo(empty, without)
    text = run_demo(tmp_path / "demo.html", models=zoo, planner="examples").read_text("utf-8")
    shown = [exhibit.title for exhibit in EXHIBITS if exhibit.title in text]
    assert shown == [exhibit.title for exhibit in EXHIBITS if "Replace(" not in exhibit.program]
    assert 0 < len(shown) < len(EXHIBITS)


def test_a_planner_that_cannot_be_had_is_replaced_and_named(
    truth: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visprog.miniworld.demo.EXHIBITS", EXHIBITS[-1:])
    text = run_demo(tmp_path / "demo.html", models=truth, planner="transformers:no/where").read_text("utf-8")
    assert "no/where" in text
    assert "program by examples" in text


def test_a_wrong_answer_is_called_wrong(truth: dict[str, object]) -> None:
    exhibit = EXHIBITS[0]._replace(answer=False)
    with VisProg(models=truth) as session:
        shown = Shown(exhibit, session.run(exhibit.instruction, pictures(exhibit)))
    assert shown.right is False
    assert "wrong: False is right" in render([shown], profile="truth", seconds=1)


def test_a_failed_run_is_shown_as_one() -> None:
    exhibit = EXHIBITS[-1]._replace(title="<i>", instruction="Tag <i>")
    with VisProg() as session:
        plan = session.plan("Blur the background behind the dog")
        shown = Shown(exhibit, session.execute(plan, pictures(exhibit)))
    text = render([shown], profile="base", seconds=1)
    assert "no model fills the role Segmenter" in text
    assert "Tag &lt;i&gt;" in text
    assert "<i>" not in text


def test_without_models_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        run_demo(tmp_path / "demo.html", models="base")
    assert not list(tmp_path.iterdir())


def test_progress_is_told(truth: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visprog.miniworld.demo.EXHIBITS", EXHIBITS[-1:])
    told: list[str] = []
    run_demo(tmp_path / "demo.html", models=truth, planner="examples", progress=told.append)
    assert told == ["loading the models", EXHIBITS[-1].title]
