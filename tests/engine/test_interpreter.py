"""Steps run beside each other where they may, and their values are those of running in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog import Image, ModelUnavailable, Regions, Run, StepError, UsageError, VisProg, Warn, tool
from visprog.engine.events import Event, StepFinished, StepProgress, StepSkipped, StepStarted
from visprog.engine.interpreter import Interpreter
from visprog.engine.memo import Memo
from visprog.models.fake import FakeDetector, FakeVisualQA
from visprog.models.profile import Profile
from visprog.models.progress import report
from visprog.models.roles import VisualQA
from visprog.models.zoo import Zoo
from visprog.tools import Tool


def picture(color: int = 0) -> Image:
    return Image(np.full((6, 8, 3), color, dtype=np.uint8))


def session(*tools: Tool, **options: Any) -> VisProg:
    return VisProg(tools=tools, **options)


def counting(name: str = "Double") -> tuple[Tool, list[int]]:
    calls: list[int] = []

    @tool(name)
    def double(number: int) -> int:
        """Double a number."""
        calls.append(number)
        return 2 * number

    return double, calls


def failing(error: Exception) -> Tool:
    @tool("Fail")
    def fail(number: int = 0) -> int:
        """Fail."""
        raise error

    return fail


def statuses(run: Run) -> list[str]:
    return [step.status for step in run.steps]


def test_independent_steps_run_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=20)

    @tool("Meet")
    def meet(place: int) -> int:
        """Return only when three of these are under way at once."""
        meeting.wait()
        return place

    run = session(meet).execute("A=Meet(1)\nB=Meet(2)\nC=Meet(3)\nRESULT=Eval('{A} + {B} + {C}')")
    assert run.result == 6


def test_no_more_than_the_given_number_of_workers_is_used_beside_the_caller() -> None:
    lock, now, most = threading.Lock(), [0], [0]
    release = threading.Event()

    @tool("Hold")
    def hold(place: int) -> int:
        """Stay for a while."""
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        release.wait(0.02)
        with lock:
            now[0] -= 1
        return place

    lines = [f"A{i}=Hold({i})" for i in range(12)]
    total = " + ".join(f"{{A{i}}}" for i in range(12))
    run = session(hold, workers=2).execute("\n".join([*lines, f"RESULT=Eval('{total}')"]))
    assert run.result == sum(range(12))
    assert 2 <= most[0] <= 3


def test_a_failing_step_names_itself_its_line_and_its_cause() -> None:
    run = session(failing(ValueError("no luck"))).execute("\nA=Fail()\nRESULT=Eval('{A} + 1')")
    assert not run.ok
    assert run.error is not None
    assert (run.error.step, run.error.line) == ("A", 2)
    assert run.error.message == "A (line 2, Fail): ValueError: no luck"
    assert isinstance(run.error.__cause__, ValueError)
    with pytest.raises(StepError, match="no luck"):
        _ = run.result


def test_dependants_of_a_failure_are_skipped_and_the_rest_is_completed() -> None:
    double, calls = counting()
    program = "A=Fail()\nB=Double(A)\nC=Double(B)\nD=Double(4)\nE=Double(D)\nRESULT=Eval('{C} + {E}')"
    run = session(double, failing(RuntimeError("broken"))).execute(program)
    assert statuses(run) == ["failed", "skipped", "skipped", "done", "done", "skipped"]
    assert [step.because for step in run.steps if step.status == "skipped"] == [0, 0, 0]
    assert calls == [4, 8]
    assert run.variables == {"D": 8, "E": 16}


def test_a_step_that_two_failures_reach_is_skipped_once() -> None:
    program = "A=Fail(1)\nB=Fail(2)\nRESULT=Eval('{A} + {B}')"
    run = session(failing(RuntimeError("broken"))).execute(program)
    assert statuses(run) == ["failed", "failed", "skipped"]
    assert sum(isinstance(event, StepSkipped) for event in run.events) == 1


def test_steps_without_influence_do_not_run() -> None:
    double, calls = counting()
    run = session(double).execute("A=Double(1)\nB=Double(A)\nRESULT=Double(5)")
    assert calls == [5]
    assert statuses(run) == ["unneeded", "unneeded", "done"]


def test_a_second_run_of_the_same_thing_runs_nothing() -> None:
    double, calls = counting()
    given = session(double)
    program = "A=Double(1)\nRESULT=Double(A)"
    first, second = given.execute(program), given.execute(program)
    assert calls == [1, 2]
    assert first.result == second.result == 4
    assert statuses(second) == ["cached", "cached"]


def test_an_edited_program_reruns_the_edit_and_what_depends_on_it() -> None:
    double, calls = counting()
    given = session(double)
    given.execute("A=Double(1)\nB=Double(10)\nRESULT=Eval('{A} + {B}')")
    run = given.execute("A=Double(1)\nB=Double(20)\nRESULT=Eval('{A} + {B}')")
    assert run.result == 42
    assert sorted(calls) == [1, 10, 20]
    assert statuses(run) == ["cached", "done", "done"]


def test_a_step_that_stands_twice_runs_once() -> None:
    detector = FakeDetector({"dog": [(0, 0, 2, 2)]})
    program = (
        "A=Loc(IMAGE, 'dog')\nB=Loc(image=IMAGE, object='dog')\nRESULT=Eval('1')\nC=Count(A)\nD=Count(B)\n"
    )
    run = session(models={"detector": detector}).execute(program + "RESULT=Eval('{C} + {D}')", picture())
    assert run.result == 2
    assert detector.calls == 1


def test_what_a_step_had_to_say_is_remembered_with_its_value() -> None:
    @tool("Mutter")
    def mutter(*, warn: Warn) -> int:
        """Say something."""
        warn("hm")
        return 1

    given = session(mutter)
    assert given.execute("RESULT=Mutter()").warnings == ("RESULT: hm",)
    assert given.execute("RESULT=Mutter()").warnings == ("RESULT: hm",)


def test_nothing_is_remembered_where_memory_is_zero() -> None:
    double, calls = counting()
    given = session(double, memory=0)
    given.execute("RESULT=Double(1)")
    given.execute("RESULT=Double(1)")
    assert calls == [1, 1]


def test_a_failure_is_not_remembered() -> None:
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


def test_another_picture_another_model_and_another_version_are_other_steps() -> None:
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


def test_an_empty_detection_does_not_pass_silently() -> None:
    run = session(models={"detector": FakeDetector({})}).execute(
        "A=Loc(IMAGE, 'cat')\nRESULT=Count(A)", picture()
    )
    assert run.result == 0
    assert run.warnings == ("A: found nothing",)


def test_a_role_that_nothing_fills_fails_its_step_with_what_to_do() -> None:
    run = session().execute("RESULT=Vqa(IMAGE, 'What?')", picture())
    assert run.error is not None
    assert isinstance(run.error.__cause__, ModelUnavailable)
    assert "VisualQA" in run.error.message
    assert run.error.help is not None
    assert "visual_qa" in run.error.help


def test_a_tool_that_can_do_without_its_model_never_loads_it() -> None:
    @tool("Maybe")
    def maybe(ask: bool, *, visual_qa: VisualQA) -> str:
        """Ask only where told to."""
        return visual_qa.answer(picture(), "What?") if ask else "not asked"

    given = session(maybe)
    assert given.execute("RESULT=Maybe(False)").result == "not asked"
    assert not given.execute("RESULT=Maybe(True)").ok


def test_a_tool_that_breaks_its_promise_is_found_out() -> None:
    @tool("Liar")
    def liar() -> Regions:
        """Promise regions."""
        return "dog"  # type: ignore[return-value]

    run = session(liar).execute("RESULT=Liar()")
    assert run.error is not None
    assert "Liar returned a str, and its signature says Regions" in run.error.message


@pytest.mark.parametrize(
    ("answer", "expected"), [("3", 6), ("three", 6), (" 3. ", 6), ("many", None), ("2.5", None)]
)
def test_an_answer_given_for_a_number_is_read_as_one(answer: str, expected: int | None) -> None:
    double, _ = counting()
    given = session(double, models={"visual_qa": FakeVisualQA(lambda image, question: answer)})
    run = given.execute("A=Vqa(IMAGE, 'How many?')\nRESULT=Double(A)", picture())
    assert (run.result if run.ok else None) == expected


def test_a_missing_picture_is_said_before_anything_runs() -> None:
    given = session()
    checked = given.check("RESULT=Crop(LEFT, OBJ0)\nOBJ0=FaceDet(LEFT)")
    assert not checked.ok
    sound = given.check("OBJ0=FaceDet(LEFT)\nRESULT=Crop(LEFT, OBJ0)")
    with pytest.raises(UsageError, match="uses LEFT, which is not given"):
        Interpreter(given.tools, given.models).run(sound, {"RIGHT": picture()})


def test_rebinding_keeps_each_use_with_its_value() -> None:
    double, _ = counting()
    run = session(double).execute("A=Double(1)\nB=A\nA=Double(A)\nRESULT=Eval('{A} * 100 + {B}')")
    assert run.result == 402
    assert run.variables["A"] == 4


def test_observers_see_each_event_as_it_happens() -> None:
    double, _ = counting()
    seen: list[Event] = []
    run = session(double).execute("A=Double(1)\nRESULT=Double(A)", observer=seen.append)
    assert [type(event) for event in seen] == [StepStarted, StepFinished, StepStarted, StepFinished]
    assert [event for event in seen if not isinstance(event, StepStarted)] == list(run.events)


def test_an_interruption_stops_the_run() -> None:
    double, calls = counting()

    @tool("Interrupt")
    def interrupt() -> int:
        """Press Ctrl-C."""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session(double, interrupt).execute("A=Interrupt()\nRESULT=Double(A)")
    assert not calls


def test_an_interruption_in_a_worker_reaches_the_caller() -> None:
    meeting = threading.Barrier(2, timeout=20)

    @tool("Interrupt")
    def interrupt(place: int) -> int:
        """Press Ctrl-C in one thread while the other is at work."""
        meeting.wait()
        if threading.current_thread() is not threading.main_thread():
            raise KeyboardInterrupt
        return place

    with pytest.raises(KeyboardInterrupt):
        session(interrupt).execute("A=Interrupt(1)\nB=Interrupt(2)\nRESULT=Eval('{A} + {B}')")


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Random dataflow: each step uses numbers and earlier steps; some fail."""
    lines = []
    for index in range(draw(st.integers(1, 12))):
        earlier = [str(n) for n in range(-2, 3)] + [f"{{V{i}}}" for i in range(index)]
        left, right = draw(st.sampled_from(earlier)), draw(st.sampled_from(earlier))
        sign = draw(st.sampled_from(["+", "-", "*", "/"]))
        slow = draw(st.booleans())
        source = f"V{index}=Eval('{left} {sign} {right}')"
        if slow and index:
            source = f"V{index}=Slow(V{draw(st.integers(0, index - 1))})"
        lines.append(source)
    return "\n".join(lines)


@settings(max_examples=60, deadline=None)
@given(programs())
def test_the_values_are_those_of_running_in_order(program: str) -> None:
    @tool("Slow")
    def slow(number: float) -> float:
        """Take so long that it is worth a thread."""
        threading.Event().wait(0.0005)
        return number + 1

    def values(run: Run) -> list[tuple[str, Any]]:
        return [(step.status.replace("cached", "done"), step.value) for step in run.steps]

    given = session(slow, workers=4)
    fresh, again = given.execute(program), given.execute(program)
    bare = session(slow, memory=0, workers=1).execute(program)
    assert values(fresh) == values(again) == values(bare)
    assert values(fresh) == in_order(program, fresh, lambda number: number + 1)


def in_order(program: str, run: Run, slow: Callable[[float], float]) -> list[tuple[str, Any]]:
    """What running the needed steps one after the other gives."""
    known: dict[str, float] = {}
    outcome: list[tuple[str, Any]] = []
    for index, step in enumerate(run.checked.steps):
        if index not in run.checked.needed:
            outcome.append(("unneeded", None))
        elif any(name not in known for name in step.uses):
            outcome.append(("skipped", None))
        else:
            try:
                if step.tool == "Slow":
                    known[step.name] = slow(float(known[step.uses[0]]))
                else:
                    known[step.name] = step.expressions["expr"].expression.bind(known).evaluate()
                outcome.append(("done", known[step.name]))
            except Exception:
                outcome.append(("failed", None))
    return outcome


@tool("Scale")
def scale(number: float, *, factor: float = 2.0) -> float:
    """Multiply by the profile's factor."""
    return number * factor


def test_a_profile_sets_what_a_tool_leaves_open() -> None:
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


def test_a_setting_that_a_tool_does_not_have_is_refused() -> None:
    given = VisProg(tools=[scale], models=Zoo(Profile("own", tools={"scale": {"faktor": 3.0}})))
    with pytest.raises(UsageError, match="Scale has no setting `faktor`"):
        given.execute("RESULT=Scale(3)")


def test_a_slow_step_that_stands_twice_runs_once() -> None:
    calls: list[int] = []

    @tool("Slow")
    def slow(number: int) -> int:
        """Take so long that the other one begins meanwhile."""
        calls.append(number)
        threading.Event().wait(0.05)
        return number

    assert session(slow).execute("A=Slow(1)\nB=Slow(1)\nRESULT=Eval('{A} + {B}')").result == 2
    assert calls == [1]


def test_a_step_that_several_runs_have_in_common_runs_once() -> None:
    calls: list[int] = []
    meeting = threading.Barrier(3, timeout=20)

    @tool("Slow")
    def slow(number: int) -> int:
        """Take so long that the others begin meanwhile."""
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


def test_a_failing_step_that_stands_twice_fails_twice() -> None:
    run = session(failing(ValueError("no"))).execute("A=Fail(1)\nB=Fail(1)\nRESULT=Eval('{A} + {B}')")
    assert statuses(run) == ["failed", "failed", "skipped"]


def test_an_interrupted_run_starts_no_further_step() -> None:
    started: list[int] = []
    meeting, go_on = threading.Barrier(2, timeout=20), threading.Event()

    @tool("Interrupt")
    def interrupt(place: int) -> int:
        """Press Ctrl-C in the main thread while the other is at work."""
        started.append(place)
        meeting.wait()
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        go_on.wait(20)
        return place

    @tool("After")
    def after(number: int) -> int:
        """Note that it runs."""
        started.append(number)
        return number

    given = session(interrupt, after)
    with pytest.raises(KeyboardInterrupt):
        given.execute("A=Interrupt(1)\nB=Interrupt(2)\nC=After(B)\nD=After(A)\nRESULT=Eval('{C} + {D}')")
    go_on.set()
    pool = given._interpreter._crew._pool
    assert pool is not None
    pool.shutdown(wait=True)
    assert sorted(started) == [1, 2]


def test_an_observer_is_never_entered_twice_at_once() -> None:
    inside, most = [0], [0]

    def observer(event: Event) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threading.Event().wait(0.002)
        inside[0] -= 1

    @tool("Slow")
    def slow(number: int) -> int:
        """Take so long that it is worth a thread."""
        threading.Event().wait(0.002)
        return number

    lines = [f"A{i}=Slow({i})" for i in range(12)]
    total = " + ".join(f"{{A{i}}}" for i in range(12))
    session(slow, workers=4).execute("\n".join([*lines, f"RESULT=Eval('{total}')"]), observer=observer)
    assert most == [1]


def test_closing_while_runs_are_under_way_leaves_none_waiting() -> None:
    @tool("Slow")
    def slow(number: int) -> int:
        """Take a while."""
        threading.Event().wait(0.02)
        return number

    given = session(slow, workers=1)
    lines = [f"A{i}=Slow({i})" for i in range(6)]
    program = "\n".join([*lines, f"RESULT=Eval('{' + '.join(f'{{A{i}}}' for i in range(6))}')"])
    results: list[object] = []
    running = threading.Thread(target=lambda: results.append(given.execute(program).result))
    running.start()
    threading.Event().wait(0.03)
    given.close()
    running.join(20)
    assert results == [15]


def test_lists_of_lists_are_bounded() -> None:
    lines = ["A0=Eval('1')", *(f"A{i}=Result([A{i - 1}, A{i - 1}])" for i in range(1, 60))]
    run = session().execute("\n".join([*lines, "RESULT=A59"]))
    assert run.error is not None
    assert "holds more than 20,000 values" in run.error.message


def test_observers_see_how_far_a_model_has_come() -> None:
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
