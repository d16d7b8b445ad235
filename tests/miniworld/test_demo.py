"""The demo's tasks and its page."""

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
from visprog.miniworld.demo_page import DemoResult, render
from visprog.miniworld.demo_tasks import DEMO_TASKS, DemoTask
from visprog.miniworld.drawing import DrawnScene, draw
from visprog.miniworld.oracle import Oracle
from visprog.models.zoo import Zoo
from visprog.modules import TOOLS
from visprog.session import VisProg
from visprog.tools import Registry
from visprog.values import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXAMPLES = Path(__file__).parents[2] / "examples"
named = pytest.mark.parametrize("task", DEMO_TASKS, ids=lambda task: task.title)


def drawn(task: DemoTask) -> Mapping[str, DrawnScene]:
    return {name: draw(scene) for name, scene in task.scenes.items()}


def pictures(task: DemoTask) -> dict[str, Image]:
    return {name: each.image for name, each in drawn(task).items()}


@pytest.fixture(scope="module")
def truth() -> dict[str, object]:
    return Oracle([each for task in DEMO_TASKS for each in drawn(task).values()]).models()


@pytest.fixture(scope="module")
def page(truth: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "demo.html"
    assert run_demo(out, models=truth, planner="examples") == out
    return out


@named
def test_a_program_checks_without_diagnostics(task: DemoTask) -> None:
    inputs = dict.fromkeys(task.scenes, Type.IMAGE)
    assert not check(parse(task.program), Registry(TOOLS), inputs).diagnostics


@named
def test_a_program_gives_the_right_result(task: DemoTask, truth: dict[str, object]) -> None:
    with VisProg(models=truth) as session:
        run = session.execute(task.program, pictures(task))
    assert run.ok
    assert not run.warnings
    if task.answer is None:
        assert run.result != run.inputs["IMAGE"]
    else:
        assert run.result == task.answer


@named
def test_scenes_are_like_generated_ones(task: DemoTask) -> None:
    """Things have sizes and colours that the models know, lie inside the picture and are hardly covered."""
    for scene, each in zip(task.scenes.values(), drawn(task).values(), strict=True):
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
def test_the_example_programs_are_the_same_as_in_the_demo(title: str, file: str) -> None:
    (task,) = (task for task in DEMO_TASKS if task.title == title)
    example = (EXAMPLES / file).read_text("utf-8")
    assert example == f"# {task.instruction}\n{task.program}"


def test_the_page_shows_every_exhibit_with_its_trace(page: Path) -> None:
    text = page.read_text("utf-8")
    for task in DEMO_TASKS:
        assert f"<h2>{task.instruction}</h2>" in text
    frames = [unescape(found) for found in re.findall(r'srcdoc="([^"]*)"', text)]
    assert len(frames) == len(DEMO_TASKS)
    for frame, task in zip(frames, DEMO_TASKS, strict=True):
        assert f"<h1>{task.instruction}</h1>" in frame


def test_pictures_are_embedded_at_twice_their_size(page: Path) -> None:
    saved = re.findall(r'<img src="data:[^,]*,([^"]*)" [^>]* alt="The picture', page.read_text("utf-8"))
    sizes = [PILImage.open(io.BytesIO(base64.b64decode(data))).size for data in saved]
    scenes = [scene for task in DEMO_TASKS for scene in task.scenes.values()]
    assert sizes == [(2 * scene.width, 2 * scene.height) for scene in scenes]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_browser_shows_the_page_without_errors(
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


def test_the_page_names_the_planner(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "program by examples" in text
    assert "followed the example on line" in text


def test_the_page_says_that_no_planner_found_a_program(truth: dict[str, object], tmp_path: Path) -> None:
    impossible = DEMO_TASKS[1]._replace(instruction="Colourless green ideas sleep furiously")
    out = tmp_path / "demo.html"
    text = run_demo(out, models=truth, planner="examples", tasks=[impossible]).read_text("utf-8")
    assert "program by hand, because no planner found one" in text
    assert "no example of the bank" in text


def test_tasks_with_a_missing_role_are_skipped(truth: dict[str, object], tmp_path: Path) -> None:
    without = {role: model for role, model in truth.items() if role != "inpainter"}
    empty = tmp_path / "empty.toml"
    empty.write_text('description = "nothing"\n[models]\n')
    zoo = Zoo(empty, without)
    text = run_demo(tmp_path / "demo.html", models=zoo, planner="examples").read_text("utf-8")
    shown = [task.title for task in DEMO_TASKS if task.title in text]
    assert shown == [task.title for task in DEMO_TASKS if "Replace(" not in task.program]
    assert 0 < len(shown) < len(DEMO_TASKS)


def test_an_unavailable_planner_is_replaced_and_named(truth: dict[str, object], tmp_path: Path) -> None:
    out, tasks = tmp_path / "demo.html", DEMO_TASKS[-1:]
    text = run_demo(out, models=truth, planner="transformers:no/where", tasks=tasks).read_text("utf-8")
    assert "no/where" in text
    assert "program by examples" in text


def test_a_wrong_answer_is_marked(truth: dict[str, object]) -> None:
    task = DEMO_TASKS[0]._replace(answer=False)
    with VisProg(models=truth) as session:
        shown = DemoResult(task, session.run(task.instruction, pictures(task)))
    assert shown.right is False
    assert "wrong, expected False" in render([shown], profile="truth", seconds=1)


def test_a_failed_run_shows_its_error() -> None:
    task = DEMO_TASKS[-1]._replace(title="<i>", instruction="Tag <i>")
    with VisProg() as session:
        plan = session.plan("Blur the background behind the dog")
        shown = DemoResult(task, session.execute(plan, pictures(task)))
    text = render([shown], profile="base", seconds=1)
    assert "has no model for the role segmenter" in text
    assert "Tag &lt;i&gt;" in text
    assert "<i>" not in text


def test_without_models_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        run_demo(tmp_path / "demo.html", models="base")
    assert not list(tmp_path.iterdir())


def test_progress_is_reported(truth: dict[str, object], tmp_path: Path) -> None:
    stages: list[str] = []
    tasks = DEMO_TASKS[-1:]
    run_demo(tmp_path / "demo.html", models=truth, planner="examples", tasks=tasks, progress=stages.append)
    assert stages == ["loading the models", DEMO_TASKS[-1].title]
