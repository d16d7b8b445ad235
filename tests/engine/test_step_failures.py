"""A failure names its step and its cause, and only stops the steps that depend on it."""

from __future__ import annotations

import inspect

import pytest

from tests.engine.steps import counting, failing, picture, session, statuses
from visprog import ModelUnavailable, Regions, StepError, UsageError, tool
from visprog.engine.events import StepSkipped
from visprog.engine.interpreter import Interpreter


def test_a_failing_step_names_itself_its_line_and_its_cause() -> None:
    run = session(failing(ValueError("no luck"))).execute("\nA=Fail()\nRESULT=Eval('{A} + 1')")
    assert not run.ok
    assert run.error is not None
    assert (run.error.step, run.error.line) == ("A", 2)
    line = inspect.getsourcelines(failing)[1] + 4
    place = f"(steps.py, line {line}, in fail)"
    assert run.error.message == f"A (line 2, Fail): ValueError: no luck {place}"
    assert isinstance(run.error.__cause__, ValueError)
    with pytest.raises(StepError, match="no luck"):
        _ = run.result


def test_steps_that_depend_on_a_failed_step_are_skipped_and_the_others_run() -> None:
    double, calls = counting()
    program = "A=Fail()\nB=Double(A)\nC=Double(B)\nD=Double(4)\nE=Double(D)\nRESULT=Eval('{C} + {E}')"
    run = session(double, failing(RuntimeError("broken"))).execute(program)
    assert statuses(run) == ["failed", "skipped", "skipped", "done", "done", "skipped"]
    assert [step.because for step in run.steps if step.status == "skipped"] == [0, 0, 0]
    assert calls == [4, 8]
    assert run.variables == {"D": 8, "E": 16}


def test_a_step_that_depends_on_two_failed_steps_is_skipped_once() -> None:
    program = "A=Fail(1)\nB=Fail(2)\nRESULT=Eval('{A} + {B}')"
    run = session(failing(RuntimeError("broken"))).execute(program)
    assert statuses(run) == ["failed", "failed", "skipped"]
    assert sum(isinstance(event, StepSkipped) for event in run.events) == 1


def test_a_failing_step_that_occurs_twice_fails_twice() -> None:
    run = session(failing(ValueError("no"))).execute("A=Fail(1)\nB=Fail(1)\nRESULT=Eval('{A} + {B}')")
    assert statuses(run) == ["failed", "failed", "skipped"]


def test_a_missing_model_fails_the_step_with_advice() -> None:
    run = session().execute("RESULT=Vqa(IMAGE, 'What?')", picture())
    assert run.error is not None
    assert isinstance(run.error.__cause__, ModelUnavailable)
    assert "visual_qa" in run.error.message
    assert run.error.help is not None
    assert "visual_qa" in run.error.help


def test_a_result_of_another_type_than_declared_is_reported() -> None:
    @tool("Liar")
    def liar() -> Regions:
        """Declare regions, and return text."""
        return "dog"  # type: ignore[return-value]

    run = session(liar).execute("RESULT=Liar()")
    assert run.error is not None
    assert "Liar returned a str, but its signature says Regions" in run.error.message


def test_lists_of_lists_are_bounded() -> None:
    lines = ["A0=Eval('1')", *(f"A{i}=Result([A{i - 1}, A{i - 1}])" for i in range(1, 60))]
    run = session().execute("\n".join([*lines, "RESULT=A59"]))
    assert run.error is not None
    assert "contains more than 10,000 values" in run.error.message


def test_a_missing_picture_is_reported_before_anything_runs() -> None:
    given = session()
    checked = given.check("RESULT=Crop(LEFT, OBJ0)\nOBJ0=FaceDet(LEFT)")
    assert not checked.ok
    sound = given.check("OBJ0=FaceDet(LEFT)\nRESULT=Crop(LEFT, OBJ0)")
    with pytest.raises(UsageError, match="uses LEFT, but no such picture"):
        Interpreter(given.tools, given.models).run(sound, {"RIGHT": picture()})
