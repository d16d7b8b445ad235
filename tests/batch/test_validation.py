"""What a batch says of its tasks before anything runs."""

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
    """Run a batch; return its summary, and what it told."""
    told: list[str] = []
    write_picture(folder, "a.png", 9)
    with VisProg(planner="examples") as session:
        file = write_tasks(folder, *lines)
        return run_batch(session, file, folder / "out", options, on_warning=told.append), told


@pytest.mark.parametrize(
    ("line", "fault"),
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
def test_a_line_that_lacks_a_picture_is_faulty(line: dict[str, Any], fault: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(tmp_path, {"program": SIX}, line)
    assert "1 invalid line; nothing was run\n  line 2: " in caught.value.message
    assert fault in caught.value.message
    assert not (tmp_path / "out").exists()


def test_a_program_that_needs_no_picture_may_have_none_or_more_than_it_needs(tmp_path: Path) -> None:
    unused = "A=Eval('1')\nIMAGE0=Loc(IMAGE, 'TOP')\nRESULT=Eval('6')"
    summary, _ = run(tmp_path, {"program": SIX}, {"program": unused, "image": "a.png"})
    assert summary.ok


def test_further_fields_are_passed_through(tmp_path: Path) -> None:
    further = {"answer": "yes", "question_id": 7, "groups": {"global": ["é", None]}}
    failing = {"program": "RESULT=Eval('1 / 0')", "answer": 1}
    lines: list[dict[str, Any]] = [{"program": SIX, **further}, failing, {"program": SIX}]
    summary, told = run(tmp_path, *lines)
    found = lines_of(summary.results)
    assert [each.get("fields") for each in found] == [further, {"answer": 1}, None]
    assert found[0] == {"id": 1, "ok": True, "result": 6, "program": SIX, "fields": further}
    assert told == []


def test_another_answer_runs_nothing_again(tmp_path: Path) -> None:
    run(tmp_path, {"program": SIX, "answer": "yes"})
    summary, _ = run(tmp_path, {"program": SIX, "answer": "no"})
    assert summary.performed == 0
    assert lines_of(summary.results)[0]["fields"] == {"answer": "no"}


def test_a_field_that_may_be_misspelt_is_told_once(tmp_path: Path) -> None:
    line = {"program": SIX, "imgae": "a.png", "question": "?", "imageId": "1"}
    _, told = run(tmp_path, {"program": SIX}, line, line)
    assert told[0] == (
        "line 2: did you mean `image` instead of `imgae`? It is only copied to the results (2 lines)"
    )
    assert not any("question" in each for each in told)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([{"program": CROP, "image": "a.png"}] * 2, "2 tasks seem to result in a picture"),
        ([{"instruction": "Blur the background", "image": "a.png"}], "one task seems to result in a picture"),
    ],
)
def test_pictures_that_will_not_be_kept_are_told_before(
    lines: list[dict[str, Any]], words: str, tmp_path: Path
) -> None:
    _, told = run(tmp_path, {"program": SIX}, *lines)
    assert len(told) == 1
    assert words in told[0]
    assert "add `--save`" in told[0]


def test_a_picture_that_nothing_announced_is_told_when_it_comes(tmp_path: Path) -> None:
    _, told = run(tmp_path, {"program": "RESULT=Result(IMAGE)", "image": "a.png"})
    assert len(told) == 1
    assert "add `--save`" in told[0]


def test_nothing_is_told_where_pictures_are_kept_or_there_are_none(tmp_path: Path) -> None:
    assert run(tmp_path, {"program": CROP, "image": "a.png"}, options=Options(pictures=True))[1] == []
    assert run(tmp_path / "", {"program": SIX}, options=Options(pictures=True))[1] == []
