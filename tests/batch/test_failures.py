"""What the machine did to a task is never kept as its outcome; what the program or the picture did is."""

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


def of_the_system(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def caused(error: VisProgError, cause: BaseException) -> VisProgError:
    error.__cause__ = cause
    return error


def step(cause: BaseException) -> VisProgError:
    return caused(StepError("A (line 1, X): failed", step="A", line=1), cause)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        of_the_system(errno.EMFILE),
        RuntimeError("can't start new thread"),
        ModelTimeout("late"),
        ModelFailed("down"),
        ModelUnavailable("no weights"),
        WorkerDied("gone"),
        step(MemoryError()),
        step(of_the_system(errno.ENOSPC)),
        step(of_the_system(errno.ENOENT)),
        step(ImportError("cv2")),
        step(AttributeError("module 'cv2' has no attribute 'data'")),
        step(RuntimeError("CUDA error")),
        step(ModelTimeout("late")),
        step(caused(ExpressionError("it cannot be computed"), MemoryError())),
        caused(ImageError("a.png cannot be read"), of_the_system(errno.EIO)),
        caused(ImageError("a.png cannot be read"), of_the_system(errno.EMFILE)),
        caused(ImageError("a.png is damaged"), MemoryError()),
        caused(PlanError("no program"), ModelFailed("down")),
    ],
)
def test_the_machine_is_not_the_task(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        ExpressionError("1 / 0"),
        ImageError("there is no file a.png"),
        PlanError("no program"),
        step(ExpressionError("1 / 0")),
        step(ValueError("a tool's word for a value it cannot use")),
        step(KeyError("a")),
        step(caused(ExpressionError("1 / 0"), ZeroDivisionError())),
        step(OSError("image file is truncated")),
        caused(ImageError("a.png is damaged"), OSError("image file is truncated")),
        caused(ImageError("a.png cannot be read"), of_the_system(errno.ENOENT)),
    ],
)
def test_the_program_and_the_picture_are(error: Exception) -> None:
    assert not is_transient(error)


def failing_once(failure: Callable[[], BaseException]) -> Callable[..., str]:
    """Return an answer to questions that fails at the first one."""
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
        lambda: of_the_system(errno.ENOSPC),
        lambda: AttributeError("module 'cv2' has no attribute 'data'"),
    ],
)
def test_resumed_it_ends_as_if_nothing_had_failed(failure: Callable[[], Exception], tmp_path: Path) -> None:
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


def test_a_planner_whose_server_was_down_is_asked_again(tmp_path: Path) -> None:
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


def test_an_outcome_over_a_picture_that_changed_meanwhile_is_not_kept(tmp_path: Path) -> None:
    picture = write_picture(tmp_path, "a.png", 1)
    before = picture.stat()
    file = write_tasks(tmp_path, {"program": "RESULT=Spoil(IMAGE)", "image": "a.png"})

    @tool("Spoil", version="1")
    def spoil(image: Image) -> int:
        """Change the file of the picture while the task runs."""
        write_picture(tmp_path, "a.png", 9)
        return int(image.pixels[0, 0, 0])

    with VisProg(tools=[spoil]) as session:
        summary = run_batch(session, file, tmp_path / "out")
    assert (summary.transient, lines_of(summary.results)[0]["result"]) == (1, 1)
    os.utime(picture, ns=(before.st_atime_ns, before.st_mtime_ns))
    with VisProg(tools=[spoil]) as session:
        assert run_batch(session, file, tmp_path / "out").performed == 1
