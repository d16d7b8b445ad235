"""The Python API: plan, check and run."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PILImage

import visprog
from visprog import (
    Image,
    ImageError,
    PlanError,
    Program,
    ProgramError,
    Run,
    ToolError,
    UsageError,
    VisProg,
    VisProgError,
    parse,
    tool,
)
from visprog.images import Images
from visprog.models.fake import FakeFaceDetector, FakeLanguageModel, FakeVisualQA
from visprog.models.roles import Completion
from visprog.planner.language_model import LanguageModelPlanner

FACES = FakeFaceDetector([(2, 2, 5, 5)])
COUNT = "OBJ0=FaceDet(image=IMAGE)\nRESULT=Count(object=OBJ0)"


def picture(color: int = 0) -> Image:
    return Image(np.full((8, 10, 3), color, dtype=np.uint8))


def planning(*programs: str) -> VisProg:
    planner = LanguageModelPlanner(FakeLanguageModel(list(programs)), "fake")
    return VisProg(planner=planner, models={"face_detector": FACES})


def test_an_instruction_is_planned_and_run() -> None:
    run = planning(COUNT).run("How many faces are in the image?", picture())
    assert run.result == 1
    assert run.instruction == "How many faces are in the image?"
    assert str(run.program) == COUNT
    assert run.ok


def test_a_plan_can_be_read_before_it_is_run() -> None:
    given = planning(COUNT)
    plan = given.plan("How many faces are in the image?")
    assert plan.task == "gqa"
    assert plan.planner == "fake"
    assert given.execute(plan, picture()).result == 1


@pytest.mark.parametrize("form", [COUNT, parse(COUNT).program])
def test_a_program_may_be_text_or_data(form: str | Program) -> None:
    assert VisProg(models={"face_detector": FACES}).execute(form, picture()).result == 1


def test_a_checked_program_is_accepted() -> None:
    given = VisProg(models={"face_detector": FACES})
    assert given.execute(given.check(COUNT, ["IMAGE"]), picture()).result == 1


def test_pictures_are_accepted_in_every_form(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    PILImage.new("RGB", (10, 8)).save(path)
    array = np.zeros((8, 10), dtype=np.uint8)
    forms: list[Images] = [path, str(path), path.read_bytes(), PILImage.new("RGB", (10, 8)), array]
    given = VisProg(models={"face_detector": FACES})
    for form in forms:
        assert given.execute(COUNT, form).inputs["IMAGE"].size == (10, 8)


def test_two_pictures_are_named_left_and_right_and_others_are_numbered() -> None:
    given = VisProg(models={"visual_qa": FakeVisualQA(lambda image, question: str(image.pixels[0, 0, 0]))})
    ask = "A=Vqa({0}, 'What?')\nB=Vqa({1}, 'What?')\nRESULT=Eval('{{A}} - {{B}}')"
    pair = ask.replace("{0}", "LEFT").replace("{1}", "RIGHT").replace("{{", "{").replace("}}", "}")
    assert given.execute(pair, [picture(7), picture(4)]).result == 3
    named = pair.replace("LEFT", "BEFORE").replace("RIGHT", "AFTER")
    assert given.execute(named, {"BEFORE": picture(9), "AFTER": picture(1)}).result == 8
    three = pair.replace("LEFT", "IMAGE1").replace("RIGHT", "IMAGE3")
    assert given.execute(three, [picture(9), picture(5), picture(1)]).result == 8


def test_a_name_that_no_program_could_use_is_rejected() -> None:
    with pytest.raises(UsageError, match="`my picture` is not a valid name for a picture"):
        VisProg().execute(COUNT, {"my picture": picture()})


def test_a_program_with_errors_is_rejected_before_a_picture_is_read() -> None:
    with pytest.raises(ProgramError) as caught:
        VisProg().execute("RESULT=Cuont(object=OBJ0)", "no such file")
    assert [each.code for each in caught.value.diagnostics] == ["unknown-tool", "unknown-variable"]
    assert "the program has 2 errors" in caught.value.message
    assert "^^^^^ did you mean `Count`?" in caught.value.message


def test_a_missing_picture_is_an_error_of_the_program() -> None:
    with pytest.raises(ProgramError, match="`IMAGE` is not defined"):
        VisProg().execute(COUNT, [picture(), picture()])


def test_a_program_may_need_no_picture() -> None:
    assert VisProg().execute("RESULT=Eval('6 * 7')").result == 42


def test_checking_raises_nothing() -> None:
    checked = VisProg().check("nonsense")
    assert not checked.ok
    assert VisProg().check("RESULT=Crop(A, B)", ["A", "B"]).diagnostics[0].code == "wrong-type"


def test_many_instructions_run_with_one_outcome_each() -> None:
    model = FakeLanguageModel(lambda messages: COUNT if "faces" in messages[-1].content else "I do not know")
    given = VisProg(planner=LanguageModelPlanner(model, "fake"), models={"face_detector": FACES})
    tasks: list[tuple[str, Images]] = [
        ("How many faces?", picture(1)),
        ("Sing!", picture(2)),
        ("How many faces?", "no such file"),
    ]
    first, second, third = given.run_many(tasks)
    assert isinstance(first, Run)
    assert first.result == 1
    assert isinstance(second, PlanError)
    assert isinstance(third, ImageError)
    assert isinstance(third, VisProgError)


def test_an_unknown_task_planner_or_profile_is_rejected() -> None:
    with pytest.raises(UsageError, match="unknown task `gqb`"):
        VisProg().plan("How many?", task="gqb")
    with pytest.raises(UsageError, match="unknown planner `oracle`"):
        VisProg(planner="oracle").plan("How many?")
    with pytest.raises(UsageError, match="unknown profile `gigantic`"):
        VisProg(models="gigantic")


def test_auto_plans_with_a_model_if_one_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert type(VisProg().planner).__name__ == "ExamplesPlanner"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert isinstance(VisProg().planner, LanguageModelPlanner)


def test_the_public_names_are_those_of_the_package() -> None:
    for name in visprog.__all__:
        assert getattr(visprog, name) is not None
    assert set(visprog.__all__) <= set(dir(visprog))
    with pytest.raises(AttributeError, match="has no attribute `Nonsense`"):
        visprog.Nonsense  # noqa: B018


def test_programs_vote_on_the_result() -> None:
    seven = "RESULT=Eval('7')"  # covers no word of the question, so it is sent back once
    one = COUNT.replace("RESULT", "ANSWER0") + "\nRESULT=Eval(\"'one' if {ANSWER0} == 1 else 'more'\")"
    programs = [COUNT, seven, seven, one]
    run = planning(*programs).vote("How many faces?", picture(), votes=3)
    assert run.result == 1
    assert run.plan is not None
    assert run.plan.remarks[-1] == "2 of 3 programs had this result"


def test_a_vote_costs_what_all_its_programs_cost() -> None:
    class Priced(FakeLanguageModel):
        def complete(self, *args: Any, **named: Any) -> Completion:
            return super().complete(*args, **named)._replace(input_tokens=100, output_tokens=20)

    planner = LanguageModelPlanner(Priced([COUNT, "no program", COUNT, COUNT]), "fake")
    plan = (
        VisProg(planner=planner, models={"face_detector": FACES}).vote("How many?", picture(), votes=3).plan
    )
    assert plan is not None
    assert (plan.input_tokens, plan.output_tokens) == (400, 80)


def test_a_program_that_fails_has_no_vote() -> None:
    faulty = "RESULT=Eval('1 / 0')"  # covers no word of the question, so it is sent back once
    run = planning(faulty, faulty, COUNT).vote("How many faces?", picture(), votes=2)
    assert run.result == 1
    failed = planning(faulty, faulty).vote("How many faces?", picture(), votes=1)
    assert not failed.ok


def test_the_examples_have_no_vote() -> None:
    with pytest.raises(UsageError, match="always writes the same program"):
        VisProg(planner="examples").vote("How many faces?", picture(), votes=3)


def test_a_program_with_faulty_lines_is_not_run_without_them() -> None:
    given = VisProg(models={"face_detector": FACES})
    broken = "OBJ0=FaceDet(image=IMAGE)\nIMAGE0=ColorPop(image=IMAGE object=OBJ0)\nRESULT=OBJ0"
    for form in (given.check(broken), parse(broken), parse(broken).program):
        with pytest.raises(ProgramError, match="the program has 1 error"):
            given.execute(form, picture())


def test_a_program_checked_once_runs_over_many_pictures_without_another_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = VisProg(models={"face_detector": FACES})
    checked = given.check(COUNT)
    monkeypatch.setattr(VisProg, "check", None)
    assert [given.execute(checked, picture(i)).result for i in range(3)] == [1, 1, 1]


def test_a_program_given_as_text_is_checked_once_for_the_same_tools() -> None:
    @tool("Loud")
    def loud(text: str) -> str:
        """Return the text in capitals."""
        return text.upper()

    given, program = VisProg(), "RESULT=Loud('a')"
    before = given.check(program)
    assert given.check(program) is before
    assert given.check(program, ["OTHER"]) is not before
    given.tools.add(loud)
    assert not before.ok
    assert given.execute(program).result == "A"


def test_a_program_checked_elsewhere_is_checked_again() -> None:
    @tool("Shout")
    def shout(text: str) -> str:
        """Return the text in capitals."""
        return text.upper()

    foreign = VisProg(tools=[shout]).check("RESULT=Shout(text='hello')")
    with pytest.raises(ProgramError, match="unknown tool `Shout`"):
        VisProg().execute(foreign)


def test_a_program_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "count.vp"
    path.write_text("\ufeff" + COUNT, encoding="utf-8")
    assert VisProg(models={"face_detector": FACES}).execute(path, picture()).result == 1


def test_a_list_in_a_result_is_the_callers_own() -> None:
    given = VisProg()
    given.execute("RESULT=Result(['a', 'b'])").result.append("c")
    assert given.execute("RESULT=Result(['a', 'b'])").result == ["a", "b"]


def test_tasks_are_read_when_they_are_needed() -> None:
    taken: list[int] = []

    def endless() -> Iterator[tuple[str, Images]]:
        for number in itertools.count():
            taken.append(number)
            yield "How many faces are in the image?", picture()

    given = VisProg(planner="examples", models={"face_detector": FACES})
    outcomes = list(itertools.islice(given.run_many(endless(), workers=2), 3))
    assert [outcome.result for outcome in outcomes if isinstance(outcome, Run)] == [1, 1, 1]
    assert len(taken) < 12


def test_closing_run_many_starts_no_further_task() -> None:
    begun, go_on = list[int](), threading.Event()

    @tool("Begin")
    def begin(number: int) -> int:
        """Record the call."""
        begun.append(number)
        assert number == 0 or go_on.wait(20)
        return number

    planner = LanguageModelPlanner(
        FakeLanguageModel(lambda said: f"RESULT=Begin({re.findall('[0-9]+', said[-1].content)[-1]})"), "fake"
    )
    outcomes = VisProg(planner=planner, tools=[begin]).run_many(
        ((str(number), ()) for number in range(20)), task="gqa", workers=2
    )
    first = next(outcomes)
    assert isinstance(first, Run)
    outcomes.close()
    go_on.set()
    time.sleep(0.1)
    assert len(begun) <= 4


def test_an_array_may_be_changed_after_run_many_has_taken_it() -> None:
    asked = FakeVisualQA(lambda image, question: f"{image.pixels[0, 0, 0]}")
    planner = LanguageModelPlanner(FakeLanguageModel(lambda said: "RESULT=Vqa(IMAGE, 'How bright?')"), "fake")

    def frames() -> Iterator[tuple[str, Images]]:
        buffer = np.zeros((4, 4, 3), np.uint8)
        for number in range(20):
            buffer[:] = number
            yield "How bright is it?", buffer

    outcomes = VisProg(planner=planner, models={"visual_qa": asked}).run_many(frames(), workers=4)
    assert [outcome.result for outcome in outcomes if isinstance(outcome, Run)] == [str(n) for n in range(20)]


def test_runs_and_plans_have_short_reprs() -> None:
    given = planning(COUNT)
    plan = given.plan("How many faces?")
    assert str(plan) == COUNT == str(plan.program)
    assert repr(plan) == "<Plan by fake: 'How many faces?', 2 steps>"
    assert repr(given.execute(plan, picture())) == "<Run of 2 steps: RESULT = 1>"
    assert "failed: RESULT (line 1, Eval)" in repr(given.execute("RESULT=Eval('1 / 0')"))


@pytest.mark.parametrize("model", [3, "opencv", FakeVisualQA({})])
def test_an_object_that_cannot_fill_a_role_is_rejected(model: object) -> None:
    if isinstance(model, str):
        VisProg(models={"face_detector": model})
    else:
        with pytest.raises(UsageError, match="cannot fill the role face_detector"):
            VisProg(models={"face_detector": model})


def test_an_empty_instruction_is_rejected() -> None:
    with pytest.raises(UsageError, match="the instruction is empty"):
        VisProg().run("  ", picture())


def test_a_function_that_is_not_a_tool_is_rejected() -> None:
    with pytest.raises(ToolError, match="len is not a tool"):
        VisProg(tools=[len])  # type: ignore[list-item]


def test_a_result_is_an_array_to_numpy() -> None:
    assert np.asarray(picture(3)).shape == (8, 10, 3)
