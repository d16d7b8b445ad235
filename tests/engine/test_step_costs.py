"""The tokens that models spend are recorded in the step that asked them, and every view shows them."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from rich.console import Console

from tests.models.openai_server import KEY, Exchange, OpenAIServer, answers, error
from visprog import Image, Run, VisProg
from visprog.models.fake import FakeVisualQA
from visprog.models.usage import Tokens
from visprog.trace.html import render_html
from visprog.trace.terminal import LiveSteps, render

PHOTO = Image(np.zeros((20, 30, 3), dtype=np.uint8))
PROGRAM = """\
MEN=Vqa(image=IMAGE, question='How many men?')
BOATS=Vqa(image=IMAGE, question='How many boats?')
RESULT=Eval('{MEN} + {BOATS}')
"""


LONG = "There are boats, and boats, " + "and more boats, " * 100


def counted(exchange: Exchange) -> None:
    """Answer 2. The first answer to a question about boats is too long, so it is asked twice."""
    turns = exchange.request.body["messages"]
    boats = "boats" in turns[1]["content"][-1]["text"]
    answers(LONG if boats and len(turns) == 2 else "2")(exchange)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with OpenAIServer(counted) as server:
        yield server


def session(server: OpenAIServer, **options: object) -> VisProg:
    return VisProg(models={"visual_qa": {"model": "openai:small", "base_url": server.url, **options}})


def costs(run: Run) -> list[Tokens]:
    return [step.tokens for step in run.steps]


def test_each_step_has_its_own_tokens_when_steps_run_at_the_same_time(server: OpenAIServer) -> None:
    run = session(server).execute(PROGRAM, PHOTO)
    assert run.result == 4
    assert costs(run) == [(120, 30), (240, 60), (0, 0)]
    assert run.tokens == (360, 90)


def test_a_cached_step_costs_nothing(server: OpenAIServer) -> None:
    both = session(server)
    both.execute(PROGRAM, PHOTO)
    again = both.execute(PROGRAM, PHOTO)
    assert [step.status for step in again.steps[:2]] == ["cached", "cached"]
    assert costs(again) == [(0, 0)] * 3
    assert len(server.received) == 3


def test_a_failed_step_keeps_its_cost(server: OpenAIServer) -> None:
    server.replies = (answers(LONG),)
    run = session(server).execute("RESULT=Vqa(image=IMAGE, question='?')", PHOTO)
    assert not run.ok
    assert costs(run) == [(240, 60)]


def test_a_request_that_was_rejected_costs_nothing(server: OpenAIServer) -> None:
    server.replies = (error(401, "no"),)
    run = session(server).execute("RESULT=Vqa(image=IMAGE, question='?')", PHOTO)
    assert costs(run) == [(0, 0)]


def test_the_record_the_page_and_the_terminal_show_the_tokens(server: OpenAIServer) -> None:
    run = session(server).execute(PROGRAM, PHOTO)
    steps = run.to_json()["steps"]
    assert [(step["input_tokens"], step["output_tokens"]) for step in steps] == costs(run)
    page, out = render_html(run), io.StringIO()
    for words in ("120 tokens in, 30 out", "240 tokens in, 60 out", "360 tokens in, 90 out"):
        assert f"<li>{words}</li>" in page
    render(run, Console(file=out, width=80, color_system=None))
    assert "cost: 360 tokens in, 90 out\n" in out.getvalue()


def test_a_live_view_shows_the_cost_of_a_step(server: OpenAIServer) -> None:
    out = io.StringIO()
    both = session(server)
    with LiveSteps(both.check(PROGRAM).steps, Console(file=out, width=120, color_system=None)) as live:
        both.execute(PROGRAM, PHOTO, observer=live)
    assert sum("240 tokens in, 60 out" in line for line in out.getvalue().splitlines()) == 1
    assert sum("tokens" in line for line in out.getvalue().splitlines()) == 2


def test_no_view_mentions_tokens_if_none_were_spent() -> None:
    free = VisProg(models={"visual_qa": FakeVisualQA(lambda image, question: "2")})
    run, out = free.execute(PROGRAM, PHOTO), io.StringIO()
    render(run, Console(file=out, width=80, color_system=None))
    assert "tokens" not in out.getvalue()
    assert "tokens in" not in render_html(run)
