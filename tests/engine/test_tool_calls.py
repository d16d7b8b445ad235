"""The arguments of tools: models, settings, and answers used as numbers; and warnings about results."""

from __future__ import annotations

import pytest

from tests.engine.steps import counting, picture, session
from visprog import UsageError, VisProg, tool
from visprog.engine.cache.memory import Memo
from visprog.engine.events import StepFinished
from visprog.engine.interpreter import Interpreter
from visprog.models.fake import FakeDetector, FakeVisualQA
from visprog.models.profile import Profile
from visprog.models.roles import VisualQA
from visprog.models.zoo import Zoo


def test_an_empty_detection_causes_a_warning() -> None:
    run = session(models={"detector": FakeDetector({})}).execute(
        "A=Loc(IMAGE, 'cat')\nRESULT=Count(A)", picture()
    )
    assert run.result == 0
    assert run.warnings == ("A: found nothing",)


def test_a_model_that_a_tool_does_not_use_is_never_loaded() -> None:
    @tool("Maybe")
    def maybe(ask: bool, *, visual_qa: VisualQA) -> str:
        """Ask only if `ask` is true."""
        return visual_qa.answer(picture(), "What?") if ask else "not asked"

    given = session(maybe)
    assert given.execute("RESULT=Maybe(False)").result == "not asked"
    assert not given.execute("RESULT=Maybe(True)").ok


@pytest.mark.parametrize(
    ("answer", "expected"), [("3", 6), ("three", 6), (" 3. ", 6), ("many", None), ("2.5", None)]
)
def test_an_answer_used_as_a_number_is_converted(answer: str, expected: int | None) -> None:
    double, _ = counting()
    given = session(double, models={"visual_qa": FakeVisualQA(lambda image, question: answer)})
    run = given.execute("A=Vqa(IMAGE, 'How many?')\nRESULT=Double(A)", picture())
    assert (run.result if run.ok else None) == expected


@tool("Scale")
def scale(number: float, *, factor: float = 2.0) -> float:
    """Multiply by the profile's factor."""
    return number * factor


def test_a_profile_changes_the_settings_of_a_tool() -> None:
    tools = session(scale).tools
    plain = VisProg(tools=[scale])
    assert plain.execute("RESULT=Scale(3)").result == 6
    tripled = Zoo(Profile("own", tools={"scale": {"factor": 3.0}}))
    checked = plain.check("RESULT=Scale(3)", [])
    events = [Interpreter(tools, zoo, memo=Memo()).run(checked, {})[-1] for zoo in (plain.models, tripled)]
    first, second = events
    assert isinstance(first, StepFinished)
    assert isinstance(second, StepFinished)
    assert (first.value, second.value) == (6, 9)
    assert first.key != second.key


def test_an_unknown_setting_is_rejected() -> None:
    with pytest.raises(UsageError, match="Scale has no setting `faktor`"):
        VisProg(tools=[scale], models=Zoo(Profile("own", tools={"scale": {"faktor": 3.0}})))
