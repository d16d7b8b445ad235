"""A data set is one file: here questions about photographs, without reference programs and ground truth."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from rich.console import Console

from visprog import UsageError
from visprog.evaluation import tables
from visprog.evaluation.benchmark import GOLD, Baseline, Benchmark, Group, Question, Sample, TaskKind
from visprog.evaluation.page import render_page
from visprog.evaluation.report import Report, to_json
from visprog.evaluation.runner import Settings, evaluate
from visprog.models.roles import Models
from visprog.models.zoo import Zoo
from visprog.values import Image, Region, Regions

COLOURS = ("red", "green", "blue", "red")
PAINT = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


class SeesRedWalls:
    """A detector and a VisualQA model. It finds a wall in every picture and says that it is red."""

    fingerprint = "sees red walls"

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        return Regions(
            [Region((0, 0, image.width, image.height), label) for label in labels], size=image.size
        )

    def answer(self, image: Image, question: str) -> str:
        assert "colour" in question or "color" in question
        return "red"


def picture(colour: str) -> Image:
    return Image(np.full((32, 32, 3), PAINT[colour], np.uint8))


def samples(numbers: range, split: str) -> Iterator[Sample]:
    for number, colour in enumerate(COLOURS):
        if number in numbers:
            question = Question("What color is the wall?", answer=colour)
            yield Sample(
                {"question": f"{split}-{number}"},
                (question,),
                lambda colour=colour: {"IMAGE": picture(colour)},  # type: ignore[misc]
                expected=colour,
            )


def says_red(sample: Sample, models: Models) -> bool:
    del models
    return sample.questions[0].answer == "red"


WALLS = TaskKind("walls", "Walls", "gqa", ("detector", "visual_qa"), samples, metric="accuracy")
DATA_SET = Benchmark("walls", "painted walls", ("test",), (WALLS,), licence="CC BY 4.0")


@pytest.fixture
def models() -> Zoo:
    return Zoo(models=dict.fromkeys(("detector", "visual_qa"), SeesRedWalls()))


@pytest.fixture
def report(models: Zoo) -> Report:
    return evaluate(DATA_SET, models, Settings(n=4))


def test_answers_are_scored_without_ground_truth(report: Report) -> None:
    (task,) = report.tasks
    (result,) = task.planners
    assert (result.planner, result.tried) == ("examples", 4)
    assert (result.accuracy.name, result.accuracy.value) == ("accuracy", 0.5)
    assert (result.planning, result.gain, result.blame, report.planning) == (None, None, None, ())
    assert report.facts["licence"] == "CC BY 4.0"


def test_the_examples_are_identified_by_the_data_set(report: Report) -> None:
    examples = json.loads(to_json(report))["examples"]
    assert {(each["question"], each["right"], each["blame"]) for each in examples} == {
        ("test-0", True, None),
        ("test-1", False, None),
    }


def test_no_causes_are_shown_without_ground_truth(report: Report) -> None:
    shown = io.StringIO()
    tables.show(report, Console(file=shown, width=100))
    page = render_page(report)
    assert "accuracy" in shown.getvalue()
    assert "Causes of failures" not in shown.getvalue()
    assert "VisProg on painted walls" in page
    assert "Causes of failures" not in page
    assert '<span class="mark wrong">wrong</span>' in page


def test_gold_programs_are_rejected_without_reference_programs(models: Zoo) -> None:
    with pytest.raises(UsageError, match="planner `gold`"):
        evaluate(DATA_SET, models, Settings(n=1, planners=(GOLD,)))


def test_an_unknown_split_is_rejected(models: Zoo) -> None:
    with pytest.raises(UsageError, match="unknown split `train`"):
        evaluate(DATA_SET, models, Settings(n=1, split="train"))


def test_numbers_beyond_the_data_set_are_rejected(models: Zoo) -> None:
    with pytest.raises(UsageError, match="no samples of `walls` from number 9"):
        evaluate(DATA_SET, models, Settings(n=1, seed=9))


def test_reference_programs_are_optional_for_each_sample(models: Zoo) -> None:
    program = "RESULT=Vqa(image=IMAGE, question='What colour is it?')"

    def some(numbers: range, split: str) -> Iterator[Sample]:
        for sample, reference in zip(samples(numbers, split), (program, None), strict=False):
            (question,) = sample.questions
            yield Sample(sample.id, (question._replace(program=reference, answer="red"),), sample.load)

    kind = TaskKind("walls", "Walls", "gqa", ("visual_qa",), some)
    data_set = Benchmark("walls", "painted walls", ("test",), (kind,), planners=(GOLD,))
    found = evaluate(data_set, models, Settings(n=2))
    assert found.tasks[0].planners[0].accuracy.value == 0.5
    assert any("no reference program" in str(trial.answers[0].plan) for trial in found.examples)


def test_a_group_is_right_if_all_its_samples_are(models: Zoo) -> None:
    baseline = Baseline("always red", says_red)
    kind = TaskKind(
        "pairs",
        "Pairs",
        "gqa",
        (),
        lambda numbers, split: samples(range(2 * len(numbers)), split),
        baseline=baseline,
        group=Group(2, "one wall at a time"),
    )
    progress: list[tuple[str, int, int]] = []
    found = evaluate(
        Benchmark("pairs", "pairs of walls", ("test",), (kind,)),
        models,
        Settings(n=2),
        lambda *step: progress.append(step),
    )
    (result,) = found.tasks[0].planners
    assert (result.accuracy.value, result.accuracy.n) == (0.0, 2)
    assert [(each.name, each.value) for each in result.details] == [("one wall at a time", 0.5)]
    assert result.gain is not None
    assert result.gain.value == 0
    assert progress[-1] == ("Pairs", 4, 4)
