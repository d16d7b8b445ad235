"""The checks of a tasks file before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.batch.tasks_file import lines_of, write_picture, write_tasks
from visprog import UsageError, VisProg
from visprog.batch.engines import Options
from visprog.batch.runner import run_batch

CROP = "A=Loc(IMAGE, 'TOP')\nRESULT=Crop(IMAGE, A)"
SIX = "RESULT=Eval('6')"


def run(folder: Path, *lines: dict[str, Any], options: Options = Options()) -> tuple[Any, list[str]]:  # noqa: B008
    """Run a batch; return its summary and its warnings."""
    warned: list[str] = []
    write_picture(folder, "a.png", 9)
    with VisProg(planner="examples") as session:
        file = write_tasks(folder, *lines)
        return run_batch(session, file, folder / "out", options, on_warning=warned.append), warned


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"program": CROP}, "its program uses `IMAGE`, but the line gives no picture (`image` or `images`)"),
        ({"program": CROP, "images": []}, "uses `IMAGE`, but the line gives no picture"),
        ({"program": CROP, "imgae": "a.png"}, "did you mean `image` instead of `imgae`?"),
        ({"program": CROP, "image_path": "a.png"}, "did you mean `image` instead of `image_path`?"),
        ({"program": CROP, "images": ["a.png", "a.png"]}, "uses `IMAGE`, but the line gives `LEFT`, `RIGHT`"),
        (
            {"program": "A=Loc(LEFT, 'TOP')\nRESULT=Crop(RIGHT, A)", "image": "a.png"},
            "its program uses `LEFT` and `RIGHT`, but the line gives `IMAGE`",
        ),
        ({"program": CROP, "images": {"CAT": "a.png"}}, "uses `IMAGE`, but the line gives `CAT`"),
        ({"instruction": "How many cups are there?"}, "it has no picture: give `image` or `images`"),
    ],
)
def test_a_line_that_lacks_a_picture_is_invalid(line: dict[str, Any], reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(tmp_path, {"program": SIX}, line)
    assert "1 invalid line, so nothing was run\n  line 2: " in caught.value.message
    assert reason in caught.value.message
    assert not (tmp_path / "out").exists()


def test_a_program_may_have_more_pictures_than_it_needs(tmp_path: Path) -> None:
    unused = "A=Eval('1')\nIMAGE0=Loc(IMAGE, 'TOP')\nRESULT=Eval('6')"
    summary, _ = run(tmp_path, {"program": SIX}, {"program": unused, "image": "a.png"})
    assert summary.ok


def test_other_fields_are_copied_to_the_results(tmp_path: Path) -> None:
    other = {"answer": "yes", "question_id": 7, "groups": {"global": ["é", None]}}
    failing = {"program": "RESULT=Eval('1 / 0')", "answer": 1}
    lines: list[dict[str, Any]] = [{"program": SIX, **other}, failing, {"program": SIX}]
    summary, warned = run(tmp_path, *lines)
    found = lines_of(summary.results)
    assert [each.get("fields") for each in found] == [other, {"answer": 1}, None]
    assert found[0] == {"id": 1, "ok": True, "result": 6, "program": SIX, "fields": other}
    assert warned == []


def test_changed_other_fields_rerun_nothing(tmp_path: Path) -> None:
    run(tmp_path, {"program": SIX, "answer": "yes"})
    summary, _ = run(tmp_path, {"program": SIX, "answer": "no"})
    assert summary.performed == 0
    assert lines_of(summary.results)[0]["fields"] == {"answer": "no"}


def test_a_field_that_may_be_misspelt_is_reported_once(tmp_path: Path) -> None:
    line = {"program": SIX, "imgae": "a.png", "question": "?", "imageId": "1"}
    _, warned = run(tmp_path, {"program": SIX}, line, line)
    assert warned[0] == (
        "line 2: did you mean `image` instead of `imgae`? It is only copied to the results (2 lines)"
    )
    assert not any("question" in each for each in warned)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([{"program": CROP, "image": "a.png"}] * 2, "2 tasks seem to result in a picture"),
        ([{"instruction": "Blur the background", "image": "a.png"}], "one task seems to result in a picture"),
    ],
)
def test_unsaved_pictures_are_announced(lines: list[dict[str, Any]], words: str, tmp_path: Path) -> None:
    _, warned = run(tmp_path, {"program": SIX}, *lines)
    assert len(warned) == 1
    assert words in warned[0]
    assert "add `--save`" in warned[0]


@pytest.mark.parametrize(
    "program", ["RESULT=Result(IMAGE)", "A=Loc(IMAGE, 'TOP')\nB=Cutout(IMAGE, A)\nRESULT=Result(B)"]
)
def test_an_unexpected_picture_is_reported_when_its_task_is_finished(program: str, tmp_path: Path) -> None:
    _, warned = run(tmp_path, {"program": program, "image": "a.png"})
    assert len(warned) == 1
    assert "add `--save`" in warned[0]


def test_without_unsaved_pictures_there_is_no_warning(tmp_path: Path) -> None:
    assert run(tmp_path, {"program": CROP, "image": "a.png"}, options=Options(pictures=True))[1] == []
    assert run(tmp_path / "", {"program": SIX}, options=Options(pictures=True))[1] == []
