"""A batch: results in the order of the tasks, records of failures, and no task run twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.batch.tasks_file import lines_of, write_picture, write_tasks
from visprog import Image, UsageError, VisProg, load_image
from visprog.batch.engines import Job, Options
from visprog.batch.outcome import Outcome
from visprog.batch.runner import Progress, Summary, perform_side_by_side, run_batch
from visprog.batch.tasks import Task
from visprog.models.fake import FakeFaceDetector, FakeLanguageModel
from visprog.models.usage import Tokens, spend
from visprog.planner.bank import shipped_bank
from visprog.planner.language_model import LanguageModelPlanner

COUNT = "OBJ0=FaceDet(image=IMAGE)\nRESULT=Count(object=OBJ0)"


class Faces(FakeFaceDetector):
    fingerprint = "as many faces as the picture is bright"

    def __init__(self) -> None:
        super().__init__(lambda image: [(place, 0, place + 1, 2) for place in range(image.pixels[0, 0, 0])])


class Writer(FakeLanguageModel):
    """Plans one program for instructions about faces; each call costs three tokens."""

    def __init__(self, fingerprint: str = "a writer") -> None:
        super().__init__(lambda messages: COUNT if "faces" in messages[-1].content else "I do not know")
        self.fingerprint = fingerprint

    def complete(self, *args: Any, **kwargs: Any) -> Any:
        spend(2, 1)
        return super().complete(*args, **kwargs)


def session(detector: Faces, name: str = "fake") -> VisProg:
    planner = LanguageModelPlanner(Writer(), name)
    return VisProg(planner=planner, models={"face_detector": detector})


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    for color in range(4):
        write_picture(tmp_path, f"{color}.png", color)
    return write_tasks(
        tmp_path,
        {"id": "planned", "instruction": "How many faces?", "image": "1.png"},
        {"id": "written", "program": COUNT, "image": "2.png"},
        {"id": "sing", "instruction": "Sing!", "image": "1.png"},
        {"id": "faulty", "program": "RESULT=Cuont(object=OBJ0)"},
        {"id": "gone", "program": COUNT, "image": "none.png"},
        {"id": "divided", "program": "A=Eval('0')\nRESULT=Eval('1 / {A}')"},
        {"id": "left", "program": "OBJ0=FaceDet(IMAGE)\nRESULT=CropLeft(IMAGE, OBJ0)", "image": "3.png"},
    )


def test_results_are_in_order_and_failures_have_records(tasks: Path, tmp_path: Path) -> None:
    summary = run_batch(session(Faces()), tasks, tmp_path / "out")
    assert (summary.tasks, summary.failed, summary.performed, summary.ok) == (7, 4, 7, False)
    assert summary.tokens == Tokens(2 + 3 * 2, 1 + 3 * 1)  # the second instruction is planned three times
    found = lines_of(summary.results)
    assert [each["id"] for each in found] == "planned written sing faulty gone divided left".split()
    assert found[0] == {
        "id": "planned", "ok": True, "instruction": "How many faces?", "result": 1, "program": COUNT,
    }  # fmt: skip
    assert found[1] == {"id": "written", "ok": True, "result": 2, "program": COUNT}
    errors = [each.get("error", {}).get("type") for each in found]
    assert errors == [None, None, "PlanError", "ProgramError", "ImageError", "StepError", None]
    assert (found[5]["error"]["step"], found[5]["error"]["line"]) == ("RESULT", 2)
    assert found[6]["result"]["height"] == 8


def test_pictures_and_traces_are_saved_on_request(tasks: Path, tmp_path: Path) -> None:
    run_batch(session(Faces()), tasks, tmp_path / "bare")
    assert sorted(path.name for path in (tmp_path / "bare").iterdir()) == ["journal.jsonl", "results.jsonl"]
    summary = run_batch(session(Faces()), tasks, tmp_path / "full", Options(pictures=True, traces=True))
    left = lines_of(summary.results)[-1]
    assert left["picture"] == "pictures/left.png"
    kept = load_image(tmp_path / "full" / left["picture"])
    assert kept.size == (left["result"]["width"], left["result"]["height"])
    pages = {f"traces/{path.name}" for path in (tmp_path / "full" / "traces").iterdir()}
    assert pages == {f"traces/{name}.html" for name in ("planned", "written", "divided", "left")}
    assert pages == {each["trace"] for each in lines_of(summary.results) if "trace" in each}


def test_finished_tasks_are_not_run_again(tasks: Path, tmp_path: Path) -> None:
    first = run_batch(session(Faces()), tasks, tmp_path / "out")
    content = first.results.read_bytes()
    detector = Faces()
    again = run_batch(session(detector), tasks, tmp_path / "out")
    assert again == first._replace(performed=0)
    assert detector.calls == 0
    assert again.results.read_bytes() == content


@pytest.mark.parametrize("gone", ["pictures/left.png", "traces/left.html", "traces/divided.html"])
def test_missing_files_are_regenerated(gone: str, tasks: Path, tmp_path: Path) -> None:
    out, options = tmp_path / "out", Options(pictures=True, traces=True)
    content = run_batch(session(Faces()), tasks, out, options).results.read_bytes()
    (out / gone).unlink()
    again = run_batch(session(Faces()), tasks, out, options)
    assert (again.tasks, again.performed) == (7, 1)
    assert (out / gone).is_file()
    assert again.results.read_bytes() == content
    assert run_batch(session(Faces()), tasks, out, options).performed == 0


def test_only_changed_tasks_are_run(tasks: Path, tmp_path: Path) -> None:
    run_batch(session(Faces()), tasks, tmp_path / "out")
    write_picture(tmp_path, "2.png", 3)
    write_picture(tmp_path, "none.png", 3)
    lines = tasks.read_text().splitlines()
    tasks.write_text("\n".join([*reversed(lines[1:]), '{"id": "new", "program": "RESULT=Eval(\'1\')"}']))
    summary = run_batch(session(Faces()), tasks, tmp_path / "out")
    assert (summary.tasks, summary.performed) == (7, 3)
    found = {each["id"]: each.get("result") for each in lines_of(summary.results)}
    assert (found["written"], found["gone"], found["new"]) == (3, 3, 1)
    assert list(found) == "left divided gone faulty sing written new".split()


def test_failed_tasks_are_rerun_on_request(tasks: Path, tmp_path: Path) -> None:
    run_batch(session(Faces()), tasks, tmp_path / "out")
    summary = run_batch(session(Faces()), tasks, tmp_path / "out", retry_failed=True)
    assert (summary.performed, summary.failed) == (4, 4)


def test_another_planner_is_rejected_unless_allowed(tasks: Path, tmp_path: Path) -> None:
    first = run_batch(session(Faces()), tasks, tmp_path / "out")
    with pytest.raises(UsageError, match="planner changed from `fake` to `other`"):
        run_batch(session(Faces(), "other"), tasks, tmp_path / "out")
    other = run_batch(session(Faces(), "other"), tasks, tmp_path / "out", changes_allowed=True)
    assert other.performed == 7
    back = run_batch(session(Faces()), tasks, tmp_path / "out", changes_allowed=True)
    assert back == first._replace(performed=0)


def test_another_model_or_bank_of_the_planner_is_rejected(tasks: Path, tmp_path: Path) -> None:
    def planned(model: str, task: str) -> Summary:
        planner = LanguageModelPlanner(Writer(model), "fake", banks=lambda _: shipped_bank(task))
        session = VisProg(planner=planner, models={"face_detector": Faces()})
        return run_batch(session, tasks, tmp_path / "out")

    assert planned("at one server", "gqa").performed == 7
    assert planned("at one server", "gqa").performed == 0
    with pytest.raises(UsageError, match="the planner's model changed from `at one server` to `at another`"):
        planned("at another", "gqa")
    with pytest.raises(UsageError, match="the planner's banks changed from"):
        planned("at one server", "nlvr")


def test_a_batch_of_programs_needs_no_planner(tmp_path: Path) -> None:
    file = write_tasks(tmp_path, {"program": "RESULT=Eval('6 * 7')"})
    assert run_batch(VisProg(planner="openai:none"), file, tmp_path / "out").ok


def test_progress_is_reported(tasks: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    run_batch(session(Faces()), tasks, tmp_path / "out", on_progress=seen.append)
    assert seen[0] == Progress(7)
    assert [state.done for state in seen] == [0, 1, 2, 3, 4, 5, 6, 7, 7]
    assert seen[-1] == Progress(7, 7, 0, 4, Tokens(8, 4))
    seen.clear()
    run_batch(session(Faces()), tasks, tmp_path / "out", on_progress=seen.append)
    assert seen[-1] == Progress(7, 7, 7, 4)


def test_a_file_that_cannot_be_saved_ends_the_batch_and_finished_tasks_stay(
    tasks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / "pictures" / "left.png").mkdir(parents=True)
    (out / "journal.jsonl").touch()
    with pytest.raises(Exception, match="is a folder"):
        run_batch(session(Faces()), tasks, out, Options(pictures=True), workers=1)
    assert not (out / "results.jsonl").exists()
    (out / "pictures" / "left.png").rmdir()
    summary: Summary = run_batch(session(Faces()), tasks, out, Options(pictures=True))
    assert (summary.tasks, summary.performed) == (7, 1)


def test_jobs_are_taken_when_needed_and_yielded_when_finished() -> None:
    taken, first_may_end = list[int](), threading.Event()

    def jobs() -> Iterator[Job]:
        for number in range(100):
            taken.append(number)
            yield bytes([number]), Task(number, "", "", {}, "auto")

    def perform(task: Task) -> Outcome:
        if task.id == 0:
            assert first_may_end.wait(20)
        return Outcome({"id": task.id, "ok": True}, 0.0, Tokens())

    ended = perform_side_by_side(perform, jobs(), workers=3)
    assert next(ended)[1].record["id"] in (1, 2)  # the first job may take longer
    assert len(taken) == 3
    first_may_end.set()
    assert len(list(ended)) == 99


def test_shared_steps_run_once(tmp_path: Path) -> None:
    write_picture(tmp_path, "2.png", 2)
    file = write_tasks(tmp_path, *[{"program": COUNT, "image": "2.png"}] * 20)
    detector = Faces()
    assert run_batch(session(detector), file, tmp_path / "out").ok
    assert detector.calls == 1


def test_the_number_of_workers_does_not_change_the_results(tasks: Path, tmp_path: Path) -> None:
    contents = {
        run_batch(session(Faces()), tasks, tmp_path / f"{count}", workers=count).results.read_bytes()
        for count in (1, 2, 16)
    }
    assert len(contents) == 1


def test_a_result_that_json_cannot_express_is_text(tmp_path: Path) -> None:
    from visprog import tool

    @tool("Endless")
    def endless() -> float:
        """Return a number that JSON cannot express."""
        return float("inf")

    file = write_tasks(tmp_path, {"program": "RESULT=Endless()"})
    assert lines_of(run_batch(VisProg(tools=[endless]), file, tmp_path / "out").results)[0]["result"] == "inf"


def test_saved_pictures_equal_those_of_single_runs(tasks: Path, tmp_path: Path) -> None:
    run_batch(session(Faces()), tasks, tmp_path / "out", Options(pictures=True))
    with session(Faces()) as alone:
        run = alone.execute("OBJ0=FaceDet(IMAGE)\nRESULT=CropLeft(IMAGE, OBJ0)", tmp_path / "3.png")
    assert isinstance(run.result, Image)
    assert np.array_equal(load_image(tmp_path / "out" / "pictures" / "left.png"), run.result)
