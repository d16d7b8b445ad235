"""Failures caused by the machine are transient; those of the program or the picture are final."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.batch.tasks_file import lines_of, write_picture, write_tasks
from visprog import Image, VisProg, tool
from visprog.batch.failures import is_transient
from visprog.batch.runner import run_batch
from visprog.errors import (
    ExpressionError,
    ImageError,
    ModelFailed,
    ModelTimeout,
    ModelUnavailable,
    PlanError,
    StepError,
    VisProgError,
    WorkerDied,
)
from visprog.models.fake import FakeLanguageModel, FakeVisualQA
from visprog.planner.language_model import LanguageModelPlanner


def system_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def with_cause(error: VisProgError, cause: BaseException) -> VisProgError:
    error.__cause__ = cause
    return error


def step_error(cause: BaseException) -> VisProgError:
    return with_cause(StepError("A (line 1, X): failed", step="A", line=1), cause)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        system_error(errno.EMFILE),
        RuntimeError("can't start new thread"),
        ModelTimeout("late"),
        ModelFailed("down"),
        ModelUnavailable("no weights"),
        WorkerDied("gone"),
        step_error(MemoryError()),
        step_error(system_error(errno.ENOSPC)),
        step_error(system_error(errno.ENOENT)),
        step_error(ImportError("cv2")),
        step_error(AttributeError("module 'cv2' has no attribute 'data'")),
        step_error(RuntimeError("CUDA error")),
        step_error(ModelTimeout("late")),
        step_error(with_cause(ExpressionError("it cannot be computed"), MemoryError())),
        with_cause(ImageError("a.png cannot be read"), system_error(errno.EIO)),
        with_cause(ImageError("a.png cannot be read"), system_error(errno.EMFILE)),
        with_cause(ImageError("a.png is damaged"), MemoryError()),
        with_cause(PlanError("no program"), ModelFailed("down")),
    ],
)
def test_errors_of_the_machine_are_transient(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        ExpressionError("1 / 0"),
        ImageError("the file a.png does not exist"),
        PlanError("no program"),
        step_error(ExpressionError("1 / 0")),
        step_error(ValueError("a tool cannot use a value")),
        step_error(KeyError("a")),
        step_error(with_cause(ExpressionError("1 / 0"), ZeroDivisionError())),
        step_error(OSError("image file is truncated")),
        with_cause(ImageError("a.png is damaged"), OSError("image file is truncated")),
        with_cause(ImageError("a.png cannot be read"), system_error(errno.ENOENT)),
    ],
)
def test_errors_of_the_program_or_picture_are_final(error: Exception) -> None:
    assert not is_transient(error)


def failing_once(failure: Callable[[], BaseException]) -> Callable[..., str]:
    """Return a function that answers questions, and fails at the first one."""
    failures = [failure()]

    def answer(*_: Any) -> str:
        if failures:
            raise failures.pop()
        return "yes"

    return answer


class Named(FakeVisualQA):
    fingerprint = "the same model in every run"


@pytest.mark.parametrize(
    "failure",
    [
        lambda: ModelFailed("the connection to the server failed"),
        lambda: MemoryError(),
        lambda: system_error(errno.ENOSPC),
        lambda: AttributeError("module 'cv2' has no attribute 'data'"),
    ],
)
def test_a_resumed_batch_ends_as_if_nothing_had_failed(
    failure: Callable[[], Exception], tmp_path: Path
) -> None:
    write_picture(tmp_path, "a.png")
    ask = {"program": "RESULT=Vqa(IMAGE, 'Is it red?')", "image": "a.png"}
    file = write_tasks(tmp_path, ask, {"program": "RESULT=Eval('1 / 0')"})

    def run(answer: Callable[..., str], out: str) -> Any:
        with VisProg(models={"visual_qa": Named(answer)}) as session:
            return run_batch(session, file, tmp_path / out)

    first = run(failing_once(failure), "out")
    assert (first.failed, first.transient, first.ok) == (2, 1, False)
    failed, divided = lines_of(first.results)
    assert failed["error"]["transient"] is True
    assert "transient" not in divided["error"]
    second = run(lambda *_: "yes", "out")
    assert (second.performed, second.failed, second.transient) == (1, 1, 0)
    assert second.results.read_bytes() == run(lambda *_: "yes", "undisturbed").results.read_bytes()
    assert run(lambda *_: "yes", "out").performed == 0


def test_a_task_whose_planner_failed_is_planned_again(tmp_path: Path) -> None:
    write_picture(tmp_path, "a.png")
    file = write_tasks(tmp_path, {"instruction": "How many?", "image": "a.png"})

    def run(answer: Callable[..., str]) -> Any:
        model = FakeLanguageModel(answer)
        model.fingerprint = "a writer"  # type: ignore[attr-defined]
        with VisProg(planner=LanguageModelPlanner(model, "fake")) as session:
            return run_batch(session, file, tmp_path / "out")

    def down(*_: Any) -> str:
        raise ModelTimeout("no answer")

    assert run(down).transient == 1
    assert run(lambda *_: "RESULT=Eval('6 * 7')").ok


def test_an_outcome_with_a_picture_that_was_changed_is_transient(tmp_path: Path) -> None:
    picture = write_picture(tmp_path, "a.png", 1)
    before = picture.stat()
    file = write_tasks(tmp_path, {"program": "RESULT=Change(IMAGE)", "image": "a.png"})

    @tool("Change", version="1")
    def change(image: Image) -> int:
        """Change the picture's file while the task runs."""
        write_picture(tmp_path, "a.png", 9)
        return int(image.pixels[0, 0, 0])

    with VisProg(tools=[change]) as session:
        summary = run_batch(session, file, tmp_path / "out")
    assert (summary.transient, lines_of(summary.results)[0]["result"]) == (1, 1)
    os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns))
    with VisProg(tools=[change]) as session:
        assert run_batch(session, file, tmp_path / "out").performed == 1
