from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.evaluation.stand_in import stand_in
from visprog import UsageError
from visprog.cli import app
from visprog.evaluation.benchmarks.miniworld.benchmark import MINIWORLD
from visprog.evaluation.command import evaluate
from visprog.evaluation.runner import Settings

OPTIONS: dict[str, Any] = {"n": 2, "seed": 3, "split": "test", "tasks": "loc, gqa", "planners": ["gold"]}


def test_the_report_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, page = tmp_path / "report.json", tmp_path / "report.html"
    models = stand_in(Settings(2, 3, parts=("gqa",)))
    evaluate(MINIWORLD, models, **OPTIONS, data=data, page=page)
    shown = capsys.readouterr()
    assert "Loc: F1 at IoU 0.5" in shown.out
    assert "seeds: 3 to 4" in shown.out
    assert str(page) in shown.err
    assert json.loads(data.read_text())["facts"]["split"] == "test"
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_a_dash_prints_only_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(MINIWORLD, stand_in(Settings(2, 3, parts=("gqa",))), **OPTIONS, data=Path("-"), page=None)
    assert json.loads(capsys.readouterr().out)["modules"][0]["n"] == 2


@pytest.mark.parametrize(
    "wrong", [{"split": "exam"}, {"tasks": "juggling"}, {"planners": ["magic"]}, {"page": Path("report.txt")}]
)
def test_wrong_options_are_rejected_before_the_evaluation(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        evaluate(MINIWORLD, stand_in(Settings(0)), **{**OPTIONS, "data": None, "page": None, **wrong})


@pytest.mark.parametrize(
    ("places", "complaint"),
    [
        ({"page": "x.txt"}, "the report cannot be written to x.txt"),
        ({"data": "x.html"}, "the data cannot be written to x.html"),
        ({"page": "x.html", "data": "link.json"}, "the report and the data cannot be the same file"),
    ],
)
def test_report_and_data_need_separate_files_with_known_endings(
    places: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "link.json").symlink_to("x.html")
    paths = {"data": None, "page": None, **{name: tmp_path / each for name, each in places.items()}}
    with pytest.raises(UsageError, match=complaint):
        evaluate(MINIWORLD, stand_in(Settings(0)), **{**OPTIONS, **paths})


def test_the_command_line_explains_an_unknown_part() -> None:
    done = CliRunner().invoke(app, ["eval", "miniworld", "--models", "base", "--tasks", "juggling"])
    assert done.exit_code == 2
    assert "unknown part `juggling`" in done.output


def test_the_help_and_the_error_list_the_same_planners() -> None:
    described = CliRunner().invoke(app, ["eval", "miniworld", "--help"]).output
    rejected = CliRunner().invoke(app, ["eval", "miniworld", "--models", "base", "--planner", "foo"])
    choice = rejected.output.partition("choose one of ")[2].strip()
    assert choice == "gold, auto, examples, patterns, openai, openai:MODEL, transformers:MODEL"
    assert choice in " ".join(described.split()).replace(" or transformers", ", transformers")


def test_a_missing_model_is_reported_before_the_evaluation() -> None:
    done = CliRunner().invoke(app, ["eval", "miniworld", "--models", "base", "--tasks", "seg", "--n", "1"])
    assert done.exit_code == 1
    assert "segmenter" in done.output
