from __future__ import annotations

import pytest

from tests.models.openai_server import KEY, OpenAIServer, answers, error
from visprog.errors import ModelRefused, PlanError
from visprog.language.types import Type
from visprog.models.fake import FakeLanguageModel
from visprog.models.roles import Completion, Message
from visprog.modules import TOOLS
from visprog.planner.bank import Bank, read_bank
from visprog.planner.language_model import LanguageModelPlanner
from visprog.planner.plan import Request
from visprog.tools import Registry

BANK = """\
Write a program that edits IMAGE.

Instruction: Blur the background of the horse
Program:
OBJ0=Seg(image=IMAGE)
OBJ1=Select(image=IMAGE, object=OBJ0, query='horse', category=None)
IMAGE0=BgBlur(image=IMAGE, object=OBJ1)
RESULT=IMAGE0
"""
GOOD = """\
OBJ0=FaceDet(image=IMAGE)
IMAGE0=Emoji(image=IMAGE, object=OBJ0, emoji='smiling_face_with_sunglasses')
RESULT=IMAGE0"""
BAD = GOOD.replace("object=OBJ0", "object=OBJ")
REQUEST = Request("Hide the face with 8)", {"IMAGE": Type.IMAGE}, "imgedit", Registry(TOOLS))


def bank(task: str) -> Bank:
    return read_bank(BANK, task)


def planner(*texts: str, attempts: int = 3) -> tuple[LanguageModelPlanner, FakeLanguageModel]:
    model = FakeLanguageModel(texts)
    return LanguageModelPlanner(model, "fake", attempts, banks=bank), model


def failure_of(asked: LanguageModelPlanner) -> PlanError:
    with pytest.raises(PlanError) as caught:
        asked.plan(REQUEST)
    return caught.value


def test_a_good_program_is_planned_at_the_first_attempt() -> None:
    asked, model = planner(f"Sure!\n```python\n{GOOD}\n```\nThis hides the face.")
    plan = asked.plan(REQUEST)
    assert str(plan.checked.program) == GOOD
    assert plan.checked.ok
    assert len(model.conversations) == 1


def test_a_plan_names_its_planner_its_task_and_its_instruction() -> None:
    plan = planner(GOOD)[0].plan(REQUEST)
    assert (plan.planner, plan.task, plan.instruction) == ("fake", "imgedit", "Hide the face with 8)")


def test_a_faulty_program_is_returned_with_its_diagnostics_and_repaired() -> None:
    asked, model = planner(BAD, GOOD)
    assert str(asked.plan(REQUEST).checked.program) == GOOD
    *_, answer, complaint = model.conversations[1]
    assert answer == Message("assistant", BAD)
    assert complaint.role == "user"
    assert "error on line 2 [unknown-variable]: `OBJ` is not defined" in complaint.content
    assert "`OBJ0`" in complaint.content


def test_an_answer_without_a_program_is_returned_with_the_reason() -> None:
    asked, model = planner("I cannot see any picture.", GOOD)
    assert asked.plan(REQUEST).checked.ok
    assert "There is no program in this answer." in model.conversations[1][-1].content


def test_a_program_with_warnings_only_is_accepted() -> None:
    asked, model = planner(GOOD.replace("\n", ",\n", 1))
    plan = asked.plan(REQUEST)
    assert plan.checked.diagnostics
    assert len(model.conversations) == 1


def test_the_transcript_has_every_message_in_order() -> None:
    asked, model = planner("What?", BAD, GOOD)
    plan = asked.plan(REQUEST)
    assert plan.transcript == (*model.conversations[2], Message("assistant", GOOD))
    assert [message.content for message in plan.transcript if message.role == "assistant"][1:] == [
        "What?",
        BAD,
        GOOD,
    ]


def test_only_a_repaired_program_has_a_remark() -> None:
    assert planner(GOOD)[0].plan(REQUEST).remarks == ()
    assert planner(BAD, GOOD)[0].plan(REQUEST).remarks == ("The program was sent back once to be repaired.",)


def test_a_program_that_stays_faulty_is_an_error_with_the_last_program_and_the_transcript() -> None:
    last = GOOD.replace("FaceDet", "FaceDetector")
    asked, model = planner(BAD, last, attempts=2)
    fault = failure_of(asked)
    assert "fake wrote no program without errors in 2 attempts" in str(fault)
    assert "error[unknown-tool]" in str(fault)
    assert "write the program yourself" in str(fault)
    assert fault.program == last
    assert "unknown-tool" in [diagnostic.code for diagnostic in fault.diagnostics]
    assert fault.transcript == (*model.conversations[1], Message("assistant", last))


def test_if_no_answer_has_a_program_the_error_quotes_the_last_answer() -> None:
    fault = failure_of(planner("No.", "I will not.", attempts=2)[0])
    assert "wrote no program in 2 attempts; its last answer is 'I will not.'" in str(fault)
    assert fault.program == ""
    assert fault.transcript[-1] == Message("assistant", "I will not.")


def test_an_answer_without_a_program_keeps_the_faulty_program_before_it() -> None:
    fault = failure_of(planner(BAD, "I give up.", attempts=2)[0])
    assert "error[unknown-variable]" in str(fault)
    assert fault.program == BAD


def test_no_more_attempts_are_made_than_allowed() -> None:
    asked, model = planner(BAD, GOOD, attempts=1)
    assert "in 1 attempt;" in str(failure_of(asked))
    assert len(model.conversations) == 1


def test_known_tokens_of_all_attempts_are_summed() -> None:
    counts = iter([(100, 20), (None, None), (130, 30)])
    texts = iter([BAD, BAD, GOOD])

    class Counting:
        def complete(self, messages: object, *, temperature: float | None = None) -> Completion:
            return Completion(next(texts), "counting", *next(counts))

    plan = LanguageModelPlanner(Counting(), "counting", banks=bank).plan(REQUEST)
    assert (plan.input_tokens, plan.output_tokens) == (230, 50)


def test_plan_many_leaves_out_programs_that_stay_faulty() -> None:
    plans = planner(GOOD, BAD, GOOD, attempts=1)[0].plan_many(REQUEST, 3)
    assert [str(plan.checked.program) for plan in plans] == [GOOD, GOOD]


def test_plan_many_raises_an_error_if_all_programs_stay_faulty() -> None:
    with pytest.raises(PlanError):
        planner(BAD, BAD, attempts=1)[0].plan_many(REQUEST, 2)


def test_by_default_the_shipped_bank_of_the_task_is_followed() -> None:
    model = FakeLanguageModel([GOOD])
    LanguageModelPlanner(model, "fake").plan(REQUEST)
    assert len(model.conversations[0]) > 20


def test_over_http_a_faulty_program_is_repaired_in_the_second_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with OpenAIServer(answers(f"Here:\n{BAD}"), answers(f"```\n{GOOD}\n```")) as server:
        plan = LanguageModelPlanner(server.model(), "openai:small", banks=bank, temperature=0.2).plan(REQUEST)
    first, second = (request.body for request in server.received)
    assert str(plan.checked.program) == GOOD
    assert (plan.input_tokens, plan.output_tokens) == (240, 60)
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert second["messages"][-2] == {"role": "assistant", "content": f"Here:\n{BAD}"}
    assert "`OBJ` is not defined" in second["messages"][-1]["content"]
    assert [first["temperature"], second["temperature"]] == [0.2, 0.2]
    assert not any(KEY in message.content for message in plan.transcript)


def test_over_http_a_rejected_key_stops_the_planning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with OpenAIServer(error(401, "no")) as server, pytest.raises(ModelRefused, match="rejected the API key"):
        LanguageModelPlanner(server.model(), "openai:small", banks=bank).plan(REQUEST)
    assert len(server.received) == 1
