"""Observers of a run get each event as it happens, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engine.steps import counting, picture, session
from visprog import Image, tool
from visprog.engine.events import Event, StepFinished, StepProgress, StepStarted
from visprog.models.progress import report


def test_observers_see_each_event_as_it_happens() -> None:
    double, _ = counting()
    seen: list[Event] = []
    run = session(double).execute("A=Double(1)\nRESULT=Double(A)", observer=seen.append)
    assert [type(event) for event in seen] == [StepStarted, StepFinished, StepStarted, StepFinished]
    assert [event for event in seen if not isinstance(event, StepStarted)] == list(run.events)


def test_observers_see_the_progress_of_a_model() -> None:
    class Slow:
        def answer(self, image: Image, question: str) -> str:
            report(1, 2)
            report(2, 2)
            return "done"

    seen: list[Event] = []
    given = session(models={"visual_qa": Slow()})
    run = given.execute("RESULT=Vqa(IMAGE, 'What?')", picture(), observer=seen.append)
    assert seen[1:3] == [StepProgress(0, 1, 2), StepProgress(0, 2, 2)]
    assert not any(isinstance(event, StepProgress) for event in run.events)
    assert given.execute("RESULT=Vqa(IMAGE, 'How?')", picture()).ok


def test_an_observer_is_called_with_one_event_at_a_time() -> None:
    inside, most = [0], [0]

    def observer(event: Event) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.002)
        inside[0] -= 1

    @tool("Slow")
    def slow(number: int) -> int:
        """Take long enough to be worth a thread."""
        threading.Event().wait(0.002)
        return number

    lines = [f"A{i}=Slow({i})" for i in range(12)]
    total = " + ".join(f"{{A{i}}}" for i in range(12))
    session(slow, workers=4).execute("\n".join([*lines, f"RESULT=Eval('{total}')"]), observer=observer)
    assert most == [1]


class Answers:
    """Answers several questions together."""

    def answer(self, image: Image, question: str) -> str:
        report(1, 2)
        return question

    def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
        return [self.answer(*call) for call in calls]


def test_an_observer_may_run_a_program() -> None:
    given, inner = session(models={"visual_qa": Answers()}), list[object]()

    def observer(event: Event) -> None:
        if isinstance(event, StepFinished):
            threading.Event().wait(0.05)
            inner.append(given.execute(f"RESULT=Vqa(IMAGE, 'inner {event.index}?')", picture()).result)

    program = "A=Vqa(IMAGE, 'a?')\nB=Vqa(IMAGE, 'b?')\nC=Vqa(IMAGE, 'c?')\nRESULT=Result([A, B, C])"
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(given.execute, program, picture(), observer=observer).result(20)
    assert run.result == ["a?", "b?", "c?"]
    assert sorted(map(str, inner)) == [f"inner {index}?" for index in range(4)]


@pytest.mark.parametrize("kind", [StepStarted, StepProgress, StepFinished])
def test_an_observers_error_is_raised_and_fails_no_step(kind: type) -> None:
    def observer(event: Event) -> None:
        if isinstance(event, kind):
            raise LookupError("the observer's")

    given = session(models={"visual_qa": Answers()})
    for _ in range(2):
        with pytest.raises(LookupError, match="the observer's"):
            given.execute("RESULT=Vqa(IMAGE, 'What?')", picture(), observer=observer)
    assert given.execute("RESULT=Vqa(IMAGE, 'What?')", picture()).ok
