from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from tests.evaluation.stand_in import stand_in
from tests.page_problems import PageProblems
from visprog import UsageError
from visprog.evaluation import tables
from visprog.evaluation.benchmark import GOLD
from visprog.evaluation.benchmarks.miniworld.benchmark import MINIWORLD
from visprog.evaluation.benchmarks.miniworld.samples import sample_of
from visprog.evaluation.page import render_page
from visprog.evaluation.report import Report, headlines, to_json
from visprog.evaluation.runner import Settings, evaluate
from visprog.evaluation.trials import Bench, Blame, blame
from visprog.miniworld.tasks import make_task
from visprog.miniworld.tasks.language import FAMILIES
from visprog.trace.templates import source

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUESTIONS, LANGUAGE = (kind for kind in MINIWORLD.kinds if kind.name in ("gqa", "language"))
MODULES = ("loc", "facedet", "seg", "mask", "classify", "select", "vqa")


@pytest.fixture(scope="module")
def report() -> Report:
    parts = ("loc", "gqa", "knowtag", "composition", "language")
    settings = Settings(n=6, parts=parts, planners=(GOLD, "examples"))
    return evaluate(MINIWORLD, stand_in(settings, rate=0.3), settings)


def test_the_truth_reaches_every_target_of_perception() -> None:
    settings = Settings(n=3, parts=MODULES)
    found = evaluate(MINIWORLD, stand_in(settings), settings)
    assert {each.name: 1.0 for each in found.modules} == {each.name: each.value for each in found.modules}
    assert len(found.modules) == 9


def test_models_with_errors_miss_the_truth() -> None:
    settings = Settings(n=3, parts=MODULES)
    found = evaluate(MINIWORLD, stand_in(settings, rate=0.5), settings)
    assert all(each.value < 1 for each in found.modules)


def test_gold_programs_fail_only_by_perception_if_models_make_errors(report: Report) -> None:
    found = [
        result.blame or {} for task in report.tasks for result in task.planners if result.planner == GOLD
    ]
    assert sum(blame["perception"] for blame in found) > 0
    assert all(blame["planner"] == blame["logic"] == 0 for blame in found)


def test_every_failure_has_one_cause(report: Report) -> None:
    for task in report.tasks:
        for result in task.planners:
            assert result.blame is not None
            right = result.tried - sum(result.blame.values())
            assert 0 <= right <= result.tried
            if task.kind != "composition":  # its accuracy counts pairs
                assert right == round(result.accuracy.value * result.accuracy.n)


def test_a_missing_program_is_a_failure_of_the_planner() -> None:
    sample = sample_of(replace(make_task("gqa", 0, "test"), instruction="Hum the picture backwards"))
    settings = Settings(n=1, parts=("gqa",))
    gold, examples = Bench(stand_in(settings), (GOLD, "examples")).try_out(QUESTIONS, sample)
    assert gold.score.right
    assert (examples.score.right, examples.planned, examples.blame) == (False, False, "planner")


def test_a_wrong_gold_program_is_a_failure_of_logic() -> None:
    sample = sample_of(replace(make_task("gqa", 0, "test"), program="RESULT=Eval('7 + 70')"))
    (gold,) = Bench(stand_in(Settings(n=1, parts=("gqa",))), (GOLD,)).try_out(QUESTIONS, sample)
    assert gold.blame == "logic"


def test_the_same_seeds_give_the_same_report(report: Report) -> None:
    settings = Settings(n=6, parts=("gqa",), planners=(GOLD, "examples"))
    again = evaluate(MINIWORLD, stand_in(settings, rate=0.3), settings)
    assert [task for task in report.tasks if task.kind == "gqa"] == list(again.tasks)


def test_unknown_parts_and_planners_are_rejected() -> None:
    with pytest.raises(UsageError, match="unknown part `juggling`"):
        evaluate(MINIWORLD, stand_in(Settings(n=1, parts=())), Settings(n=1, parts=("juggling",)))
    with pytest.raises(UsageError, match="planner `magic`"):
        evaluate(MINIWORLD, stand_in(Settings(n=1, parts=())), Settings(n=1, planners=("magic",)))


def test_the_data_contains_every_figure_and_its_target(report: Report) -> None:
    data = json.loads(to_json(report))
    assert data["facts"]["seeds"] == "0 to 5"
    assert data["modules"][0]["target"] == 0.9
    assert [task["kind"] for task in data["tasks"]] == ["gqa", "knowtag", "composition", "language"]
    gold = data["tasks"][0]["planners"][0]
    assert gold["gain"]["target"] == 0.15
    assert {"value", "low", "high", "n", "reached"} <= gold["accuracy"].keys()
    assert set(gold["blame"]) == {"planner", "perception", "logic"}


def test_tables_and_markdown_show_every_figure_with_a_target(report: Report) -> None:
    output = io.StringIO()
    tables.show(report, Console(file=output, width=200))
    written = tables.markdown(report)
    for figure in headlines(report):
        value, interval = tables.amount(figure).rstrip(")").split(" (")
        assert value in output.getvalue()
        assert interval in output.getvalue()
        assert f"| {figure.name} | {tables.amount(figure)} |" in written
    assert "seeds: 0 to 5" in written


def test_each_form_of_a_language_question_has_a_figure_and_gold_programs_a_target(report: Report) -> None:
    (language,) = (task for task in report.tasks if task.kind == "language")
    gold, examples = language.planners
    for result in (gold, examples):
        assert tuple(each.name for each in result.families) == tuple(FAMILIES)[: gold.tried]
    assert {each.target for each in gold.families} == {0.85}
    assert {each.target for each in examples.families} == {None}
    right = [each.value * each.n for each in gold.families]
    assert sum(right) == pytest.approx(gold.accuracy.value * gold.tried)
    others = [result for task in report.tasks if task.kind != "language" for result in task.planners]
    assert not any(result.families for result in others)


def test_planners_get_the_bank_of_the_pictures_that_a_question_is_about() -> None:
    banks = {
        len(sample.images): sample.bank or LANGUAGE.bank for sample in LANGUAGE.samples(range(12), "test")
    }
    assert banks == {1: "gqa", 2: "nlvr"}


def test_the_tables_fit_into_eighty_columns(report: Report) -> None:
    narrow, wide = io.StringIO(), io.StringIO()
    tables.show(report, Console(file=narrow, width=80))
    tables.show(report, Console(file=wide, width=200))
    lines = [each.getvalue().partition("Modules")[2].splitlines() for each in (narrow, wide)]
    assert len(lines[0]) == len(lines[1])


def test_the_page_is_complete_without_external_resources(report: Report) -> None:
    page = render_page(report)
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    assert " style=" not in page  # the content security policy forbids it
    assert "script-src" not in page  # default-src forbids scripts
    assert page.count('class="example"') == len(report.examples)


@pytest.mark.parametrize("width", [1200, 500])
def test_a_browser_shows_the_page_without_errors(
    browser: Browser, report: Report, tmp_path: Path, width: int
) -> None:
    (tmp_path / "report.html").write_text(render_page(report))
    context = browser.new_context(viewport={"width": width, "height": 800})
    context.set_offline(True)
    page, complaints = context.new_page(), PageProblems()
    complaints.watch(page)
    page.goto((tmp_path / "report.html").as_uri())
    for summary in page.locator("details.example:not([open]) > summary").all()[:2]:
        summary.click()
    assert page.locator("details.example[open] .picture").first.bounding_box()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not complaints
    context.close()


BROKEN = """[...document.querySelectorAll(".details :is(th, td)")].flatMap((cell) => {
  const text = cell.firstChild, words = text ? [...text.data.matchAll(/\\S+/g)] : [];
  return words.map((word) => [word[0], word.index]).filter(([word, start]) => {
    const range = document.createRange();
    range.setStart(text, start);
    range.setEnd(text, start + word.length);
    return range.getClientRects().length > 1;
  });
})"""
"""Lists the words of the tables that are broken across lines."""


def test_tables_break_no_words_on_a_phone(browser: Browser, report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(render_page(report))
    page = browser.new_page(viewport={"width": 400, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    for summary in page.locator(".chart summary").all():
        summary.click()
    assert page.locator(".details th").count() > 5
    assert page.evaluate(BROKEN) == []
    page.close()


def _luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("tone", ["right", "perception", "planner", "logic"])
def test_the_numbers_in_the_bars_have_enough_contrast(tone: str) -> None:
    style = source("visprog.evaluation", "report.css")
    ink = _luminance(re.findall(r"stack text \{ fill: (#\w{6})", style)[0])
    grounds = [_luminance(color) for color in re.findall(rf"--{tone}: (#\w{{6}})", style)]
    assert len(grounds) == 2  # light and dark
    assert all((max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5 for ground in grounds)


def test_text_of_samples_is_escaped_on_the_page() -> None:
    settings = Settings(n=1, parts=("gqa",), planners=(GOLD,))
    found = evaluate(MINIWORLD, stand_in(settings), settings)
    hostile = "<script>window.ran = 1</script>"
    trial = found.examples[0]
    (question,) = trial.sample.questions
    sample = replace(
        trial.sample, questions=(question._replace(instruction=hostile),), family=hostile, expected=hostile
    )
    page = render_page(replace(found, examples=(replace(trial, sample=sample),)))
    assert hostile not in page
    assert "&lt;script&gt;" in page


def test_the_cause_of_a_failure_is_the_first_stage_that_is_wrong() -> None:
    assert blame(gold_with_truth=True, program_with_truth=True) is Blame.PERCEPTION
    assert blame(gold_with_truth=True, program_with_truth=False) is Blame.PLANNER
    assert blame(gold_with_truth=False, program_with_truth=False) is Blame.LOGIC
    assert blame(gold_with_truth=False, program_with_truth=True) is Blame.LOGIC
