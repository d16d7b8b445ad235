from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from visprog.errors import OutputError, StepError
from visprog.trace.run import Run
from visprog.values import Image


def test_the_ending_decides_between_page_and_json(dogs_run: Run, tmp_path: Path) -> None:
    dogs_run.save(tmp_path / "trace.html")
    dogs_run.save(str(tmp_path / "trace.JSON"))
    assert (tmp_path / "trace.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert json.loads((tmp_path / "trace.JSON").read_text("utf-8"))["ok"] is True


def test_saving_leaves_only_the_trace_in_the_folder(dogs_run: Run, tmp_path: Path) -> None:
    dogs_run.save(tmp_path / "trace.html")
    dogs_run.save(tmp_path / "trace.html")
    assert [path.name for path in tmp_path.iterdir()] == ["trace.html"]


@pytest.mark.parametrize("name", ["trace.txt", "trace", "missing/trace.html"])
def test_a_path_that_cannot_store_the_trace_is_an_output_error(
    dogs_run: Run, tmp_path: Path, name: str
) -> None:
    with pytest.raises(OutputError) as caught:
        dogs_run.save(tmp_path / name)
    assert caught.value.help
    assert list(tmp_path.iterdir()) == []


def test_text_with_half_a_surrogate_pair_can_be_saved(
    run_of: Callable[..., Run], photo: Callable[..., Image], tmp_path: Path
) -> None:
    run = run_of("A=Vqa(image=IMAGE, question='q')", {"IMAGE": photo()}, ["half \ud83d of a pair"])
    run.save(tmp_path / "trace.html")
    run.save(tmp_path / "trace.json")
    assert (
        json.loads((tmp_path / "trace.json").read_text("utf-8"))["result"]["value"] == "half \ud83d of a pair"
    )


def test_the_result_of_a_failed_run_raises_its_error(failed_run: Run) -> None:
    assert not failed_run.ok
    with pytest.raises(StepError, match="nothing is big"):
        _ = failed_run.result


def test_variables_contain_inputs_and_computed_values(dogs_run: Run) -> None:
    assert sorted(dogs_run.variables) == ["IMAGE", "IMAGE0", "OBJ0", "OBJ1", "RESULT"]
