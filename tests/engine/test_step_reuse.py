"""Unused steps do not run, and no step runs twice."""

from __future__ import annotations

import threading

from tests.engine.steps import counting, interpreter, picture, run, session, statuses
from visprog import Image, Warn, tool
from visprog.engine.cache.memory import Memo
from visprog.engine.events import StepFinished
from visprog.engine.interpreter import Interpreter
from visprog.models.fake import FakeDetector, FakeVisualQA
from visprog.models.profile import Profile
from visprog.models.roles import Captioner, VisualQA
from visprog.models.zoo import Zoo


def test_unused_steps_do_not_run() -> None:
    double, calls = counting()
    run = session(double).execute("A=Double(1)\nB=Double(A)\nRESULT=Double(5)")
    assert calls == [5]
    assert statuses(run) == ["unneeded", "unneeded", "done"]


def test_a_second_run_of_the_same_program_computes_nothing() -> None:
    double, calls = counting()
    given = session(double)
    program = "A=Double(1)\nRESULT=Double(A)"
    first, second = given.execute(program), given.execute(program)
    assert calls == [1, 2]
    assert first.result == second.result == 4
    assert statuses(second) == ["cached", "cached"]


def test_an_edited_program_reruns_the_edited_step_and_its_dependents() -> None:
    double, calls = counting()
    given = session(double)
    given.execute("A=Double(1)\nB=Double(10)\nRESULT=Eval('{A} + {B}')")
    run = given.execute("A=Double(1)\nB=Double(20)\nRESULT=Eval('{A} + {B}')")
    assert run.result == 42
    assert sorted(calls) == [1, 10, 20]
    assert statuses(run) == ["cached", "done", "done"]


def test_a_step_that_occurs_twice_runs_once() -> None:
    detector = FakeDetector({"dog": [(0, 0, 2, 2)]})
    program = (
        "A=Loc(IMAGE, 'dog')\nB=Loc(image=IMAGE, object='dog')\nRESULT=Eval('1')\nC=Count(A)\nD=Count(B)\n"
    )
    run = session(models={"detector": detector}).execute(program + "RESULT=Eval('{C} + {D}')", picture())
    assert run.result == 2
    assert detector.calls == 1


def test_a_slow_step_that_occurs_twice_runs_once() -> None:
    calls: list[int] = []

    @tool("Slow")
    def slow(number: int) -> int:
        """Take long enough for the other step to start."""
        calls.append(number)
        threading.Event().wait(0.05)
        return number

    assert session(slow).execute("A=Slow(1)\nB=Slow(1)\nRESULT=Eval('{A} + {B}')").result == 2
    assert calls == [1]


def test_a_step_that_several_runs_share_runs_once() -> None:
    calls: list[int] = []
    meeting = threading.Barrier(3, timeout=20)

    @tool("Slow")
    def slow(number: int) -> int:
        """Take long enough for the other runs to start."""
        calls.append(number)
        threading.Event().wait(0.1)
        return number

    given = session(slow)

    def run() -> None:
        meeting.wait()
        assert given.execute("RESULT=Slow(1)").result == 1

    threads = [threading.Thread(target=run) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert calls == [1]


def test_the_warnings_of_a_step_are_cached_with_its_value() -> None:
    @tool("Mutter")
    def mutter(*, warn: Warn) -> int:
        """Add a warning."""
        warn("hm")
        return 1

    given = session(mutter)
    assert given.execute("RESULT=Mutter()").warnings == ("RESULT: hm",)
    assert given.execute("RESULT=Mutter()").warnings == ("RESULT: hm",)


def test_nothing_is_cached_if_memory_is_zero() -> None:
    double, calls = counting()
    given = session(double, memory=0)
    given.execute("RESULT=Double(1)")
    given.execute("RESULT=Double(1)")
    assert calls == [1, 1]


def test_a_failure_is_not_cached() -> None:
    attempts: list[int] = []

    @tool("Flaky")
    def flaky() -> int:
        """Fail once."""
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError("once")
        return 7

    given = session(flaky)
    assert not given.execute("RESULT=Flaky()").ok
    assert given.execute("RESULT=Flaky()").result == 7


def test_another_picture_model_or_version_makes_another_step() -> None:
    asked = FakeVisualQA(lambda image, question: str(image.pixels[0, 0, 0]))
    given = session(models={"visual_qa": asked})
    program = "RESULT=Vqa(IMAGE, 'How bright?')"
    assert [given.execute(program, picture(c)).result for c in (1, 2, 1)] == ["1", "2", "1"]
    assert asked.calls == 2
    other = Interpreter(given.tools, session(models={"visual_qa": FakeVisualQA(lambda i, q: "x")}).models)
    checked = given.check(program, ["IMAGE"])
    event = other.run(checked, {"IMAGE": picture(1)})[-1]
    assert isinstance(event, StepFinished)
    assert event.value == "x"


def test_one_model_in_another_role_makes_another_step() -> None:
    class Both:
        fingerprint = "one that captions and answers"

        def caption(self, image: Image) -> str:
            return "a caption"

        def answer(self, image: Image, question: str) -> str:
            return "an answer"

    @tool("Tell", version="1")
    def tell(image: Image, *, captioner: Captioner | None, visual_qa: VisualQA | None) -> str:
        """Describe `image` with an available model."""
        if captioner is not None:
            return captioner.caption(image)
        return visual_qa.answer(image, "What?") if visual_qa is not None else ""

    memo, found = Memo(), []
    for role in ("captioner", "visual_qa"):
        given = session(tell, models=Zoo(Profile("none"), {role: Both()}))
        (event,) = run(interpreter(given, memo=memo), given, "RESULT=Tell(IMAGE)", IMAGE=picture())
        assert isinstance(event, StepFinished)
        found.append(event.value)
    assert found == ["a caption", "an answer"]


def test_a_tool_that_sorts_its_list_does_not_affect_others() -> None:
    @tool("Sorted")
    def in_order(items: object) -> object:
        """Sort `items`."""
        assert isinstance(items, list)
        items.sort()
        return items

    given = session(in_order)
    run = given.execute("A=Result(['b', 'a'])\nB=Sorted(A)\nRESULT=Result([A, B])")
    assert run.result == [["b", "a"], ["a", "b"]]
