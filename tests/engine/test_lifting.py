"""Tools that are called for each item of a list: their calls, caches, threads, errors and events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.steps import session, statuses
from tests.engine.stub_models import StubDetector, StubQA, noise
from tests.engine.test_batching import in_time
from visprog import DeadlineExceeded, Image, Region, Regions, Run, VisProg, tool
from visprog.engine.events import Event, StepFailed, StepFinished, StepProgress, StepStarted
from visprog.engine.workers import MAX_THREADS
from visprog.language.templates import is_written
from visprog.models.roles import Detector, VisualQA
from visprog.models.usage import Tokens, spend
from visprog.tools import Tool

PICTURE = noise(5, 96, 96)


@tool("Numbers", version="1")
def numbers(count: int) -> list[int]:
    """Return the numbers from 1."""
    return list(range(1, count + 1))


@tool("Grid", version="1")
def grid(image: Image, last: int = 0) -> Regions:
    """Return 64 boxes, of which `last` changes the last one."""
    places = [(x, y) for y in range(0, 64, 8) for x in range(0, 64, 8)]
    boxes = [(x, y, x + 8, y + 8) for x, y in places]
    boxes[-1] = (56, 56, 64 + last, 64)
    return Regions([Region(box) for box in boxes], size=image.size)


ASK_64 = "BOX=Grid(IMAGE, {0})\nPARTS=CropEach(IMAGE, BOX)\nRESULT=Vqa(PARTS, 'Is it full?')"


def asking(model: object, *tools: Tool, **options: Any) -> VisProg:
    return VisProg(models={"visual_qa": model}, tools=[grid, numbers, *tools], **options)


def worker(work: Callable[[int], Any]) -> Tool:
    """Return a tool that does some work for a number."""

    @tool("Work")
    def do_work(number: int) -> int:
        """Do the work."""
        work(number)
        return number

    return do_work


def finished(run: Run, name: str = "RESULT") -> StepFinished | StepFailed:
    index = next(step.index for step in run.steps if step.name == name)
    return next(e for e in run.events if isinstance(e, StepFinished | StepFailed) and e.index == index)


def test_the_first_failing_element_is_named_although_a_later_one_fails_before() -> None:
    later_failed = threading.Event()

    def work(number: int) -> None:
        if number == 3:
            assert later_failed.wait(20)
            raise ValueError("three")
        if number == 8:
            later_failed.set()
            raise ValueError("eight")

    run = session(worker(work), numbers, workers=12).execute("L=Numbers(12)\nRESULT=Work(L)")
    assert run.error is not None
    assert run.error.message.startswith("RESULT (line 2, Work): element 3 of 12: ValueError: three")
    assert isinstance(run.error.__cause__, ValueError)


def test_after_a_failure_no_further_element_starts() -> None:
    started: list[int] = []

    def work(number: int) -> None:
        started.append(number)
        if number == 1:
            raise ValueError("one")
        time.sleep(0.05)

    assert not session(worker(work), numbers, workers=3).execute("L=Numbers(100)\nRESULT=Work(L)").ok
    assert 1 <= len(started) < 10


@pytest.mark.parametrize("on_disk", [False, True])
def test_finished_elements_stay_in_the_cache(on_disk: bool, tmp_path: Path) -> None:
    class Failing(StubQA):
        fingerprint = "failing"
        broken = True

        def answer_batch(self, calls: Any) -> list[str]:
            raise ValueError("one by one")

        def _answer(self, image: Image, question: str) -> str:
            if question == "9" and self.broken:
                raise ValueError("nine")
            answered.append(question)
            return question

    answered: list[str] = []
    model, cache = Failing(most=2), tmp_path if on_disk else None
    program = f"RESULT=Vqa(IMAGE, {[str(number) for number in range(30)]})"
    given = asking(model, cache=cache)
    assert not given.execute(program, PICTURE).ok
    first = list(answered)
    assert set(first) >= set("012345678")
    model.broken = False
    if on_disk:
        given.close()
        given = asking(model, cache=cache)
    run = given.execute(program, PICTURE)
    assert run.result == [str(number) for number in range(30)]
    assert sorted(answered, key=int) == run.result
    event = finished(run)
    assert isinstance(event, StepFinished)
    assert event.elements == (30, len(first))


@pytest.mark.parametrize("on_disk", [False, True])
def test_one_changed_element_of_64_is_computed_again(on_disk: bool, tmp_path: Path) -> None:
    model, cache = StubQA(), tmp_path if on_disk else None
    given = asking(model, cache=cache)
    first = given.execute(ASK_64.format(0), PICTURE)
    assert model.calls == 64
    if on_disk:
        given.close()
        given = asking(model, cache=cache)
    second = given.execute(ASK_64.format(5), PICTURE)
    assert model.calls == 65
    assert first.result[:-1] == second.result[:-1]
    event = finished(second)
    assert isinstance(event, StepFinished)
    assert event.elements == (64, 63)


def test_64_pictures_take_at_most_three_passes() -> None:
    model = StubQA()
    run = asking(model).execute(ASK_64.format(0), PICTURE)
    assert len(run.result) == 64
    assert len(model.passes) <= 3
    assert sum(model.passes) == 64
    assert max(model.passes) == 32


def test_equal_elements_are_computed_once() -> None:
    model = StubQA()
    run = asking(model).execute(f"RESULT=Vqa([{', '.join(['IMAGE'] * 64)}], 'What?')", PICTURE)
    assert len(set(run.result)) == 1
    assert model.calls == 1


@pytest.mark.parametrize("most", [1, 4, 32])
def test_at_most_twice_the_batch_size_of_elements_are_in_flight(most: int) -> None:
    lock, now, highest = threading.Lock(), [0], [0]

    @tool("Watched")
    def watched(image: Image, question: str, *, visual_qa: VisualQA) -> str:
        """Ask, and count the calls that run."""
        with lock:
            now[0] += 1
            highest[0] = max(highest[0], now[0])
        try:
            return visual_qa.answer(image, question)
        finally:
            with lock:
                now[0] -= 1

    questions = [f"{number}?" for number in range(100)]
    model = StubQA(most=most)
    run = asking(model, watched).execute(f"RESULT=Watched(IMAGE, {questions})", PICTURE)
    assert len(run.result) == 100
    assert highest[0] <= 2 * most
    assert len(model.passes) <= 100 / most + 2


def test_a_thousand_elements_have_no_thread_each() -> None:
    before = threading.active_count()
    most = [0]

    class Slow(StubQA):
        def answer_batch(self, calls: Any) -> list[str]:
            most[0] = max(most[0], threading.active_count())
            return super().answer_batch(calls)

    model = Slow()

    @tool("Ask")
    def ask(image: Image, number: int, *, visual_qa: VisualQA) -> str:
        """Ask about a number."""
        return visual_qa.answer(image, str(number))

    run = asking(model, ask).execute("L=Numbers(1000)\nRESULT=Ask(IMAGE, L)", PICTURE)
    assert len(run.result) == 1_000
    assert sum(model.passes) == 1_000
    assert most[0] <= before + MAX_THREADS + 1


def test_more_than_a_thousand_elements_are_an_error_before_any_call() -> None:
    calls: list[int] = []
    run = session(worker(calls.append), numbers).execute("L=Numbers(1001)\nRESULT=Work(L)")
    assert run.error is not None
    assert "has 1,001 items, at most 1,000 are allowed" in run.error.message
    assert calls == []


def test_lists_of_different_lengths_are_an_error_before_any_call() -> None:
    model = StubQA()
    questions = "Q=Eval(\"['a', 'b']\")\nRESULT=Vqa([IMAGE, IMAGE, IMAGE], Q)"
    run = asking(model).execute(questions, PICTURE)
    assert run.error is not None
    assert "the lists of `image` and `question` have different lengths: 3 and 2" in run.error.message
    assert model.calls == 0


def test_an_empty_list_makes_no_call_and_warns() -> None:
    calls: list[int] = []
    run = session(worker(calls.append), numbers).execute("L=Numbers(0)\nRESULT=Work(L)")
    assert run.result == []
    assert run.warnings == ("RESULT: the list of `number` is empty, so Work was not called",)
    assert calls == []
    event = finished(run)
    assert isinstance(event, StepFinished)
    assert event.elements == (0, 0)


def test_a_deadline_ends_a_lifted_step() -> None:
    gate, started = threading.Event(), list[int]()

    def work(number: int) -> None:
        started.append(number)
        if number > 2:
            gate.wait(60)

    given = session(worker(work), numbers, workers=2)
    run = given.execute("L=Numbers(50)\nRESULT=Work(L)", deadline=0.5)
    gate.set()
    assert statuses(run) == ["done", "failed"]
    assert isinstance(run.steps[1].error and run.steps[1].error.__cause__, DeadlineExceeded)
    time.sleep(0.1)
    assert len(started) < 12
    assert given.execute("L=Numbers(50)\nRESULT=Work(L)").result == list(range(1, 51))
    assert sorted(started) == list(range(1, 51))


@pytest.mark.parametrize("in_main", [True, False])
def test_an_interruption_in_an_element_reaches_the_caller(in_main: bool) -> None:
    meeting, is_over = threading.Barrier(2, timeout=20), False
    started: list[int] = []

    def work(number: int) -> None:
        started.append(number)
        if number <= 2 and not is_over:
            meeting.wait()
            if (threading.current_thread() is threading.main_thread()) is in_main:
                raise KeyboardInterrupt
        time.sleep(0.02)

    given = session(worker(work), numbers, workers=2)
    with pytest.raises(KeyboardInterrupt):
        given.execute("L=Numbers(100)\nRESULT=Work(L)")
    is_over = True
    assert len(started) < 20
    assert in_time(lambda: given.execute("L=Numbers(100)\nRESULT=Work(L)")).result == list(range(1, 101))


def test_an_observers_error_ends_the_run_although_an_earlier_element_fails() -> None:
    def work(number: int) -> None:
        if number == 1:
            observed.wait(20)
            raise ValueError("one")

    def observer(event: Event) -> None:
        if isinstance(event, StepProgress):
            observed.set()
            raise LookupError("the observer's error")

    observed = threading.Event()
    with pytest.raises(LookupError, match="the observer's error"):
        session(worker(work), numbers, workers=4).execute("L=Numbers(9)\nRESULT=Work(L)", observer=observer)


def test_progress_counts_the_elements_one_by_one_also_those_from_the_cache() -> None:
    given = session(worker(lambda number: time.sleep(0.001 * (number % 5))), numbers, workers=6)
    for program in ("L=Numbers(20)\nRESULT=Work(L)", "L=Numbers(60)\nRESULT=Work(L)"):
        events: list[Event] = []
        run = given.execute(program, observer=events.append)
        progress = [event for event in events if isinstance(event, StepProgress)]
        total = len(run.result)
        assert [(each.index, each.done, each.total) for each in progress] == [
            (1, done, total) for done in range(1, total + 1)
        ]
        assert isinstance(events[0], StepStarted)
        assert isinstance(events[-1], StepFinished)
    event = finished(run)
    assert isinstance(event, StepFinished)
    assert event.elements == (60, 20)


def test_a_lifted_step_from_the_cache_says_how_many_elements_it_has() -> None:
    given = session(worker(lambda number: None), numbers)
    for _ in range(2):
        run = given.execute("L=Numbers(4)\nRESULT=Work(L)")
    event = finished(run)
    assert isinstance(event, StepFinished)
    assert (event.cached, event.elements) == (True, (4, 4))


class Spending(StubQA):
    """Spends three input tokens and one output token for each call. The question `fail` fails."""

    def _answer(self, image: Image, question: str) -> str:
        spend(3, 1)
        if question == "fail":
            raise ValueError("failed")
        return question


def test_the_tokens_of_all_elements_are_added_up() -> None:
    questions = [str(number) for number in range(40)]
    given = asking(Spending(), batching=False)
    run = given.execute(f"RESULT=Vqa(IMAGE, {questions})", PICTURE)
    assert run.tokens == Tokens(120, 40)
    assert given.execute(f"RESULT=Vqa(IMAGE, {questions})", PICTURE).tokens == Tokens(0, 0)
    failed = asking(Spending(), batching=False).execute("RESULT=Vqa(IMAGE, ['a', 'fail'])", PICTURE)
    assert failed.tokens == Tokens(6, 2)


def nesting(depth: int) -> VisProg:
    """Return a session whose tool runs a program with a lifted step, in which the tool runs another."""

    @tool("Nested")
    def nested(image: Image, depth: int) -> int:
        """Run a program with three elements that run programs."""
        if not depth:
            return 1
        program = f"A=Nested([IMAGE, IMAGE, IMAGE], [{depth - 1}, {depth - 1}, {depth - 1}])\n"
        return int(given.execute(program + "RESULT=Eval('sum({A})')", {"IMAGE": image}).result)

    given = VisProg(tools=[nested], memory=0, workers=2)
    return given


def test_an_element_may_run_a_program_with_lifted_steps() -> None:
    given = nesting(3)
    run = in_time(lambda: given.execute("RESULT=Nested([IMAGE, LEFT], [3, 3])", pictures()))
    assert run.result == [27, 27]


def pictures() -> dict[str, Image]:
    return {"IMAGE": noise(1), "LEFT": noise(2)}


def test_64_lifted_steps_at_the_same_time_end() -> None:
    model = StubQA(most=8)
    lines = [f"A{i}=Vqa(IMAGE, ['{i} a', '{i} b', '{i} c', '{i} d', '{i} e'])" for i in range(64)]
    program = "\n".join([*lines, f"RESULT=Result([{', '.join(f'A{i}' for i in range(64))}])"])
    run = in_time(lambda: asking(model).execute(program, PICTURE))
    assert [len(each) for each in run.result] == [5] * 64
    assert sum(model.passes) == 320


def test_64_lifted_steps_of_programs_in_threads_end() -> None:
    given = VisProg(models={"visual_qa": StubQA(most=4), "detector": StubDetector(most=4)}, workers=2)
    program = "B=Loc(IMAGE, 'dog, cat')\nP=CropEach(IMAGE, B)\nA=Vqa(P, '{0}')\nRESULT=Count(A)"
    results: list[Any] = []

    def work(number: int) -> None:
        results.append(given.execute(program.format(number), noise(number)).ok)

    def together() -> int:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(results)

    assert in_time(together) == 64
    assert results == [True] * 64


def test_equal_warnings_of_many_elements_are_listed_up_to_ten() -> None:
    detector = StubDetector()
    detector._found = lambda image, labels: Regions(  # type: ignore[method-assign]
        [Region((0, 0, 1, 1))] * (labels[0] == "16"), size=image.size
    )
    objects = [str(number) for number in range(1, 17)]
    given = VisProg(models={"detector": detector}, tools=[finder()])
    run = given.execute(f"RESULT=Find(IMAGE, {objects})", PICTURE)
    assert run.warnings == ("RESULT: found nothing (15 of 16: elements 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...)",)


def finder() -> Tool:
    @tool("Find")
    def find(image: Image, object: str, *, detector: Detector) -> Regions:
        """Find one thing."""
        return detector.detect(image, [object])

    return find


def test_a_shared_list_is_not_changed_by_one_element_for_the_others() -> None:
    @tool("Append")
    def append(number: int, items: list[Any]) -> int:
        """Change the list that it was given."""
        items.append(number)
        return len(items)

    given = session(append, numbers, memory=0)
    assert given.execute("L=Numbers(2)\nRESULT=Append([1, 2, 3], L)").result == [3, 3, 3]
    assert given.execute("RESULT=Append([1, 2, 3], [IMAGE, 'x'])", PICTURE).result == [3, 3, 3]


@tool("Written", version="1")
def written(text: str, number: int = 0) -> bool:
    """Return whether the program contains the text."""
    return is_written(text)


def test_an_inserted_text_and_a_written_one_have_different_element_keys() -> None:
    given = session(written)
    program = "A=Eval(\"'nothing'\")\nRESULT=Written(['{A}', 'nothing', 'not{A}'])"
    assert given.execute(program).result == [False, True, False]
    assert given.execute("RESULT=Written(['nothing', 'nothing'])").result == [True, True]


def test_texts_in_lists_of_results_are_plain(tmp_path: Path) -> None:
    program = "A=Eval(\"'LEFT'\")\nL=Result(['a {A}', '{A}'])\nRESULT=Written(L)"
    for _ in range(2):
        given = session(written, cache=tmp_path)
        run = given.execute(program)
        given.close()
        assert [type(each) for each in run.variables["L"]] == [str, str]
        assert run.result == [True, True]
