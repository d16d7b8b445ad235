"""Calls to one model are batched, and their results are the same as without batches."""

from __future__ import annotations

import io
import math
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tests.engine.steps import interpreter, run
from visprog import Image, Run, VisProg, tool
from visprog.engine.events import StepFinished
from visprog.models.fake import FakeLanguageModel, FakeVisualQA
from visprog.models.roles import LanguageModel, Message, VisualQA
from visprog.tools import Tool
from visprog.trace.html import render_html
from visprog.trace.terminal import LiveSteps, render

T = TypeVar("T")

NLVR = "\n".join(
    [
        "A=Vqa(image=LEFT, question='{0}')",
        "B=Vqa(image=RIGHT, question='{0}')",
        "C=Vqa(image=LEFT, question='{1}')",
        "D=Vqa(image=RIGHT, question='{1}')",
        "RESULT=Eval('{{A}} + {{B}} == 6 and {{C}} + {{D}} == 2')",
    ]
)


class Answers:
    """Answers with a function of picture and question. `passes` has the questions of each pass."""

    def __init__(self, answer: Callable[[Image, str], str] | None = None, *, most: int = 32) -> None:
        self._answer = answer or (lambda image, question: str((image.pixels[0, 0, 0] + len(question)) % 5))
        self.batch_size = most
        self.passes: list[list[str]] = []

    def answer(self, image: Image, question: str) -> str:
        self.passes.append([question])
        return self._answer(image, question)

    def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
        self.passes.append([question for _, question in calls])
        return [self._answer(*call) for call in calls]


def picture(color: int = 0) -> Image:
    return Image(np.full((6, 8, 3), color, dtype=np.uint8))


def pair(number: int) -> dict[str, Image]:
    return {"LEFT": picture(number % 200), "RIGHT": picture(number % 199 + 1)}


def session(model: object, *tools: Tool, **options: Any) -> VisProg:
    return VisProg(tools=tools, models={"visual_qa": model}, **options)


def in_time(work: Callable[[], T]) -> T:
    """Return the value of some work, which may take at most 30 seconds."""
    done: list[T] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    thread.join(30)
    assert done, "it failed, or does not end"
    return done[0]


def together(work: Sequence[Callable[[], T]]) -> list[T]:
    def all_of_it() -> list[T]:
        with ThreadPoolExecutor(len(work)) as pool:
            return [each.result() for each in [pool.submit(each) for each in work]]

    return in_time(all_of_it)


def asked(questions: Sequence[str]) -> str:
    """Return a program that asks the questions, each in an independent step."""
    lines = [f"A{place}=Vqa(image=IMAGE, question='{each}')" for place, each in enumerate(questions)]
    total = " + ".join(f"len({{A{place}}})" for place in range(len(questions)))
    return "\n".join([*lines, f"RESULT=Eval('{total}')"])


def test_independent_questions_of_a_program_are_answered_in_one_pass() -> None:
    model = Answers()
    assert session(model).execute(NLVR.format("people?", "boats??"), pair(3)).ok
    assert [sorted(each) for each in model.passes] == [["boats??", "boats??", "people?", "people?"]]


def test_questions_of_a_quick_tool_are_answered_in_one_pass_too() -> None:
    model = Answers()
    asking = session(model)
    for number in range(5):
        asking.execute(NLVR.format("people?", "boats??"), pair(number))
    assert len(model.passes) == 5


def test_a_single_call_is_made_without_a_batch() -> None:
    class Single(FakeVisualQA):
        def answer_batch(self, calls: object) -> list[str]:
            raise AssertionError("a batch of one")

    assert session(Single({"Why?": "so"})).execute("RESULT=Vqa(image=IMAGE, question='Why?')", picture()).ok


def test_every_view_shows_how_many_calls_were_answered_together() -> None:
    asking, out = session(Answers()), io.StringIO()
    program = NLVR.format("people?", "boats??")
    with LiveSteps(asking.check(program).steps, Console(file=out, width=120, color_system=None)) as live:
        run = asking.execute(program, pair(3), observer=live)
    assert [step.together for step in run.steps] == [4, 4, 4, 4, 1]
    assert [step["together"] for step in run.to_json()["steps"]] == [4, 4, 4, 4, 1]
    assert render_html(run).count("<li>with 3 others in one pass</li>") == 4
    render(run, Console(file=out, width=120, color_system=None))
    assert out.getvalue().count("with 3 others in one pass") == 8
    again = asking.execute(program, pair(3))
    assert [step.together for step in again.steps] == [1] * 5, "cached answers were not asked again"


def test_without_batching_every_call_is_a_pass() -> None:
    model = Answers()
    run = session(model, batching=False).execute(NLVR.format("people?", "boats??"), pair(3))
    assert run.ok
    assert len(model.passes) == 4
    assert "in one pass" not in render_html(run)


def test_dependent_questions_are_batched_across_programs() -> None:
    model = Answers()
    asking = session(model, memory=0)
    program = (
        "A=Vqa(image=IMAGE, question='first?')\nBOX=Loc(image=IMAGE, object='LEFT')\n"
        "PART=Crop(image=IMAGE, object=BOX)\nB=Vqa(image=PART, question=A)\nRESULT=Eval('{A} + {B}')"
    )
    start = threading.Barrier(8)

    def run(number: int) -> Run:
        start.wait()
        return asking.execute(program, picture(number))

    runs = together([lambda number=number: run(number) for number in range(8)])  # type: ignore[misc]
    assert all(each.ok for each in runs)
    assert sum(map(len, model.passes)) == 16


@pytest.mark.parametrize("most", [8, 32])
def test_many_programs_need_few_more_passes_than_full_batches(most: int) -> None:
    model = Answers(most=most)
    asking = session(model)
    checked = [
        asking.check(NLVR.format(f"people {n}?", f"boats {n}?"), ("LEFT", "RIGHT")) for n in range(128)
    ]
    runs = in_time(
        lambda: list(
            ThreadPoolExecutor(32).map(lambda n: asking.execute(checked[n], pair(n)), range(len(checked)))
        )
    )
    assert all(run.ok for run in runs)
    assert sum(map(len, model.passes)) == 4 * len(checked)
    assert len(model.passes) <= 1.2 * math.ceil(4 * len(checked) / most)
    assert max(map(len, model.passes)) == most


def test_an_error_reaches_only_the_step_that_caused_it() -> None:
    def answer(_: Image, question: str) -> str:
        if question == "bad?":
            raise LookupError("no idea")
        return "1"

    model = Answers(answer)
    run = session(model).execute(asked(["good?", "bad?", "fine?"]), picture())
    assert [step.status for step in run.steps] == ["done", "failed", "done", "skipped"]
    assert run.error is not None
    assert "A1 (line 2, Vqa): LookupError: no idea" in run.error.message
    assert [len(each) for each in model.passes] == [3, 1, 1, 1]


def test_a_batch_method_that_returns_too_few_answers_is_not_used() -> None:
    class Short(Answers):
        def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
            return super().answer_batch(calls)[1:]

    run = session(Short()).execute(asked(["one?", "two??", "three???"]), picture())
    assert [run.variables[name] for name in ("A0", "A1", "A2")] == ["4", "0", "3"]


@pytest.mark.parametrize("error", [MemoryError(), type("OutOfMemoryError", (RuntimeError,), {})("CUDA")])
def test_batches_are_halved_when_memory_runs_out_and_stay_small(error: Exception) -> None:
    class Small(Answers):
        def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
            found = super().answer_batch(calls)
            if len(calls) > 2:
                raise error
            return found

    model = Small()
    asking = session(model)
    assert asking.execute(asked([f"{n}?" for n in range(8)]), picture()).ok
    assert [len(each) for each in model.passes] == [8, 4, 2, 2, 2, 2]
    assert asking.execute(asked([f"{n}!" for n in range(4)]), picture()).ok
    assert [len(each) for each in model.passes][6:] == [2, 2]


class Captions(Answers):
    def caption(self, image: Image) -> str:
        return self.answer(image, "")

    def caption_batch(self, calls: Sequence[tuple[Image]]) -> list[str]:
        return self.answer_batch([(image, "") for (image,) in calls])


BOTH = "A=Vqa(IMAGE, 'a?')\nB=Caption(IMAGE)\nC=Vqa(IMAGE, B)\nRESULT=Eval('{A} + {B} + {C}')"


def assert_no_thread_stays_active(asking: VisProg, *before: str) -> None:
    engine = interpreter(asking)
    for number, program in enumerate([*before, *[BOTH] * 20]):
        events = in_time(lambda n=number, p=program: run(engine, asking, p, IMAGE=picture(n)))  # type: ignore[misc]
        assert all(isinstance(event, StepFinished) for event in events)
    assert engine.workers.load.active == 0


@pytest.mark.parametrize("most", [1, 2])
def test_a_model_that_answers_one_call_at_a_time_blocks_no_other(most: int) -> None:
    asking = VisProg(models={"visual_qa": Answers(most=most), "captioner": Captions(most=1)})
    assert_no_thread_stays_active(asking)


def test_a_batch_of_two_that_is_too_large_does_not_affect_other_models() -> None:
    class Tiny(Answers):
        def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
            raise MemoryError

    asking = VisProg(models={"visual_qa": Tiny(), "captioner": Captions()})
    assert_no_thread_stays_active(asking, asked(["a?", "b?"]))


def test_equal_calls_are_made_once() -> None:
    model = Answers()
    run = session(model, memory=0).execute(asked(["same?", "other?", "same?"]), picture())
    assert run.ok
    assert [sorted(each) for each in model.passes] == [["other?", "same?"]]


def test_arguments_may_be_named() -> None:
    @tool("Ask")
    def ask(image: Image, question: str, *, visual_qa: VisualQA) -> str:
        """Ask."""
        return visual_qa.answer(question=question, image=image)

    model = Answers()
    program = "A=Ask(IMAGE, 'a?')\nB=Ask(IMAGE, 'bb?')\nRESULT=Eval('{A} + {B}')"
    assert session(model, ask).execute(program, picture()).result == 5
    assert [sorted(each) for each in model.passes] == [["a?", "bb?"]]


def test_other_attributes_of_a_model_are_passed_on() -> None:
    @tool("Size")
    def size(*, visual_qa: VisualQA) -> int:
        """Return an attribute of the model."""
        return int(visual_qa.batch_size)  # type: ignore[attr-defined]

    assert session(Answers(most=7), size).execute("RESULT=Size()").result == 7


def test_a_batch_does_not_wait_for_a_model_that_answers_one_by_one() -> None:
    went = threading.Event()

    def listed(_: Sequence[Message]) -> str:
        return "done" if went.wait(20) else "late"

    def answer(_: Image, __: str) -> str:
        went.set()
        return "1"

    asking = VisProg(models={"visual_qa": Answers(answer), "language_model": FakeLanguageModel(listed)})
    program = (
        "L=List(query='things', max=3)\nA=Vqa(image=IMAGE, question='a?')\nRESULT=Eval('len({L}) + {A}')"
    )
    assert in_time(lambda: asking.execute(program, picture())).result == 2
    assert went.is_set()


def test_a_tool_may_run_a_program() -> None:
    model = Answers()
    inner = asked(["x?", "yy?"])

    @tool("Inner")
    def run_inner(image: Image) -> int:
        """Run another program."""
        return int(asking.execute(inner, image).result)

    asking = session(model, run_inner)
    program = "A=Inner(IMAGE)\nB=Vqa(image=IMAGE, question='z?')\nRESULT=Eval('{A} + len({B})')"
    assert in_time(lambda: asking.execute(program, picture())).result == 3


def test_all_steps_of_the_longest_program_may_run_programs() -> None:
    """There are more such steps than threads, and each program needs other threads."""

    @tool("Slow")
    def slow(number: int) -> int:
        """Take a while."""
        time.sleep(0.002)
        return number

    @tool("Nest")
    def nest(number: int) -> int:
        """Run a program whose steps run in other threads."""
        time.sleep(0.02)
        slow = [f"{name}=Slow({number + more})" for more, name in enumerate("ABC")]
        inner = "\n".join([*slow, "RESULT=Eval('{A} + {B} + {C}')"])
        return int(nesting.execute(inner).result)

    nesting = VisProg(tools=[slow, nest], memory=0)
    lines = [f"A{number}=Nest({number})" for number in range(150)]
    total = ", ".join(f"{{A{number}}}" for number in range(150))
    program = "\n".join([*lines, f"RESULT=Eval('sum([{total}])')"])
    for _ in range(2):
        assert in_time(lambda: nesting.execute(program)).result == sum(3 * n + 3 for n in range(150))
    nesting.close()


def test_a_tool_may_call_models_from_its_own_threads() -> None:
    @tool("AskTwice")
    def ask_twice(image: Image, *, visual_qa: VisualQA) -> str:
        """Ask twice at the same time."""
        with ThreadPoolExecutor(2) as pool:
            return "".join(pool.map(lambda each: visual_qa.answer(image, each), ["a?", "bb?"]))

    assert (
        in_time(lambda: session(Answers(), ask_twice).execute("RESULT=AskTwice(IMAGE)", picture())).result
        == "23"
    )


def test_a_step_that_waits_for_an_equal_one_does_not_delay_its_batch() -> None:
    model = Answers()
    asking = session(model)
    program = asked(["a?", "bb?", "ccc?"])
    start = threading.Barrier(6)

    def run() -> Run:
        start.wait()
        return asking.execute(program, picture())

    assert {each.result for each in together([run] * 6)} == {3}
    assert sorted(question for each in model.passes for question in each) == ["a?", "bb?", "ccc?"]


def test_an_interrupted_caller_withdraws_its_call_and_the_others_continue() -> None:
    hold, inside = threading.Event(), threading.Event()

    @tool("Hold")
    def hold_up(number: int) -> int:
        """Compute until the gate opens."""
        inside.set()
        hold.wait(20)
        return number

    model = Answers()
    asking = session(model, hold_up)
    program = "A=Vqa(image=IMAGE, question='a?')\nRESULT=Result(A)"
    main = threading.main_thread().ident
    assert main is not None
    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(asking.execute, "RESULT=Hold(4)")
        assert inside.wait(20)
        other = pool.submit(asking.execute, program.replace("a?", "other?"), picture(9))
        interrupt = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            asking.execute(program, picture())
        hold.set()
        assert holding.result(20).result == 4
        assert other.result(20).result == "0"
    assert model.passes == [["other?"]]
    assert asking.execute(program, picture()).result == "2"


def stage() -> tuple[Tool, ...]:
    @tool("Ask")
    def ask(image: Image, number: int, *, visual_qa: VisualQA) -> int:
        """Ask a model with batches, which fails on one of seven questions."""
        return int(visual_qa.answer(image, "?" * (number % 7)))

    @tool("Talk")
    def talk(number: int, *, language_model: LanguageModel) -> int:
        """Ask a model without batches."""
        return len(language_model.complete([Message("user", str(number))]).text) + number

    @tool("Mix")
    def mix(a: int, b: int) -> int:
        """Compute."""
        return (3 * a + 5 * b) % 11

    return ask, talk, mix


def drawn_program(choices: Sequence[tuple[int, int, int]]) -> str:
    """Return a program whose steps, of three kinds, use earlier steps."""
    lines = []
    for place, (kind, a, b) in enumerate(choices):
        first, second = (f"V{each % place}" if place and each % 3 else str(each) for each in (a, b))
        lines.append(
            f"V{place}=" + (f"Ask(IMAGE, {first})", f"Talk({first})", f"Mix({first}, {second})")[kind]
        )
    numbers = ", ".join(f"V{place}" for place in range(len(choices)))
    return "\n".join([*lines, f"RESULT=Result([{numbers}])"])


numbers = st.integers(0, 40)
programs = st.lists(st.tuples(st.integers(0, 2), numbers, numbers), min_size=1, max_size=9).map(drawn_program)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(programs, min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(1, 3),
    st.sampled_from([0, 2**20]),
    st.booleans(),
)
def test_random_programs_have_the_same_results_with_and_without_batching(
    written: list[str], most: int, workers: int, memory: int, failing: bool
) -> None:
    def answer(image: Image, question: str) -> str:
        if failing and len(question) == 6:
            raise LookupError("six")
        return str(image.pixels[0, 0, 0] % 5 + len(question))

    def outcome(run: Run) -> tuple[list[str], dict[str, Any]]:
        return [step.status.replace("cached", "done") for step in run.steps], dict(run.variables)

    def made(**options: Any) -> VisProg:
        models = {
            "visual_qa": Answers(answer, most=most),
            "language_model": FakeLanguageModel(lambda messages: messages[0].content * 2),
        }
        return VisProg(tools=stage(), models=models, memory=memory, **options)

    one_by_one = made(batching=False)
    expected = [outcome(one_by_one.execute(each, picture(3))) for each in written]
    gathering = made(workers=workers)
    found = together([lambda each=each: gathering.execute(each, picture(3)) for each in written])  # type: ignore[misc]
    gathering.close()
    one_by_one.close()
    assert expected == [outcome(run) for run in found]
