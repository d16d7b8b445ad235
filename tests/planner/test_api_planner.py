"""The planner `openai` uses the options of the profile's language model, and recovers from server errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.models.openai_server import KEY, OpenAIServer, Reply, answers, completion, error, status
from tests.planner.test_language_model import GOOD, REQUEST, bank
from visprog.cli import app
from visprog.errors import AnswerCut, ContextTooLong, ModelRefused, ModelTimeout, UsageError
from visprog.models.profile import load_profile
from visprog.models.zoo import Zoo
from visprog.planner.language_model import LanguageModelPlanner
from visprog.planner.plan import Plan
from visprog.planner.selection import choose_planner


@pytest.fixture(autouse=True)
def no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)


def zoo(server: OpenAIServer, **options: Any) -> Zoo:
    return Zoo(models={"language_model": {"model": "openai:small", "base_url": server.url, **options}})


@pytest.mark.parametrize("name", ["openai", "openai:small", "openai:large", "auto"])
def test_the_planner_uses_every_option_of_the_profile(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    with OpenAIServer(answers(GOOD)) as server:
        models = zoo(
            server,
            api_key_env="MY_KEY",
            max_tokens=400,
            temperature=0.5,
            reasoning_effort="low",
            parameters={"top_p": 0.9},
        )
        plan = choose_planner(name, models).plan(REQUEST)
    (request,) = server.received
    expected = {"max_tokens": 400, "temperature": 0.5, "reasoning_effort": "low", "top_p": 0.9}
    assert {field: request.body[field] for field in expected} == expected
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["model"] == ("large" if name == "openai:large" else "small")
    assert plan.planner == f"openai:{request.body['model']}"


def test_the_deadline_of_the_profile_limits_the_planner() -> None:
    def slow(exchange: Any) -> None:
        exchange.gone.wait(5)

    with OpenAIServer(slow) as server, pytest.raises(ModelTimeout, match=r"within 0\.3 s"):
        choose_planner("openai", zoo(server, deadline=0.3)).plan(REQUEST)


def test_a_custom_profile_sets_the_options_of_the_planner(tmp_path: Path) -> None:
    with OpenAIServer(answers(GOOD)) as server:
        file = tmp_path / "mine.toml"
        file.write_text(
            'planner = "openai"\n[models.language_model]\nmodel = "openai:mine"\n'
            f'base_url = "{server.url}"\nmax_tokens = 77\n'
        )
        choose_planner("auto", Zoo(load_profile(file))).plan(REQUEST)
    assert (server.received[0].body["model"], server.received[0].body["max_tokens"]) == ("mine", 77)


def test_an_unknown_option_is_reported_before_any_request() -> None:
    with OpenAIServer(answers(GOOD)) as server, pytest.raises(UsageError, match="no option `deadlin`"):
        choose_planner("openai:large", zoo(server, deadlin=3))
    assert server.received == []


def test_the_options_of_a_local_language_model_are_not_sent_to_the_api(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with OpenAIServer(answers(GOOD)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        models = Zoo(models={"language_model": {"model": "transformers:no/where", "max_new_tokens": 5}})
        choose_planner("openai:small", models).plan(REQUEST)
    assert set(server.received[0].body) == {"model", "messages"}


def planned(*replies: Reply, attempts: int = 3) -> tuple[Plan, OpenAIServer]:
    with OpenAIServer(*replies) as server:
        model = server.model(sleep=lambda seconds: None)
        return LanguageModelPlanner(model, "openai:small", attempts, banks=bank).plan(REQUEST), server


MORE = f"{GOOD}\n\nQuestion: another?\nProgram:\nOBJ0=Seg(image=IM"


@pytest.mark.parametrize("cut", [MORE, f"{GOOD}\n", f"```\n{GOOD}\n```\nThis hides", f"{GOOD}\nI hope"])
def test_a_program_that_is_complete_before_the_cut_is_accepted(cut: str) -> None:
    plan, server = planned(answers(cut, finish_reason="length"))
    assert str(plan) == GOOD
    assert len(server.received) == 1
    assert plan.remarks == ("The answer was cut off at its length limit, after the end of the program.",)


@pytest.mark.parametrize(
    "cut",
    [
        GOOD,  # the last name may be incomplete
        GOOD.rpartition("\n")[0] + "\n",
        GOOD[:40],
        f"{GOOD}\nOBJ1=Fa",
        "First I would look for",
    ],
)
def test_a_program_that_may_be_incomplete_is_requested_again(cut: str) -> None:
    plan, server = planned(answers(cut, finish_reason="length"), answers(GOOD))
    assert str(plan) == GOOD
    assert "was cut off" in server.received[1].body["messages"][-1]["content"]


def test_if_all_answers_are_cut_off_the_error_says_so() -> None:
    with pytest.raises(AnswerCut, match="cut at its length limit") as caught:
        planned(answers("OBJ0=", finish_reason="length"))
    assert "max_tokens" in str(caught.value.help)


def test_an_answer_with_thoughts_only_stops_the_planning() -> None:
    message = {"role": "assistant", "content": "", "reasoning_content": "hm"}
    reply = answers("", message=message, finish_reason="length")
    with OpenAIServer(reply) as server, pytest.raises(AnswerCut, match="for reasoning"):
        LanguageModelPlanner(server.model(), "openai:small", banks=bank).plan(REQUEST)
    assert len(server.received) == 1


TOO_LONG = error(400, "This model's maximum context length is 4096 tokens", code="context_length_exceeded")


def test_a_prompt_that_is_too_long_is_repeated_once_with_fewer_examples() -> None:
    with OpenAIServer(TOO_LONG, answers(GOOD)) as server:
        plan = LanguageModelPlanner(server.model(), "openai:small").plan(REQUEST)
    first, second = (request.body["messages"] for request in server.received)
    examples = (len(first) - 2) // 2
    assert (len(second) - 2) // 2 == examples // 3
    assert (first[0], first[-1]) == (second[0], second[-1])
    assert len(plan.transcript) == len(second) + 1
    assert plan.remarks == (
        f"The model's context is too short for {examples} examples; {examples // 3} were shown.",
    )


def test_a_repair_with_fewer_examples_keeps_the_conversation() -> None:
    bad = GOOD.replace("object=OBJ0", "object=OBJ")
    with OpenAIServer(answers(bad), TOO_LONG, answers(GOOD)) as server:
        plan = LanguageModelPlanner(server.model(), "openai:small").plan(REQUEST)
    last = server.received[-1].body["messages"]
    assert [turn["role"] for turn in last[-3:]] == ["user", "assistant", "user"]
    assert last[-2]["content"] == bad
    assert [message.content for message in plan.transcript[:-1]] == [turn["content"] for turn in last]
    assert len(plan.remarks) == 2


def test_a_prompt_that_stays_too_long_is_an_error() -> None:
    with OpenAIServer(TOO_LONG) as server, pytest.raises(ContextTooLong, match="too long for small"):
        LanguageModelPlanner(server.model(), "openai:small").plan(REQUEST)
    assert len(server.received) == 2


FALLBACKS: dict[str, tuple[Reply, str]] = {
    "the system turn": (error(400, "System role not supported"), "a system turn"),
    "a template": (error(500, "Conversation roles must alternate"), "a system turn"),
    "thoughts": (
        answers("", message={"role": "assistant", "content": None, "reasoning": GOOD}),
        "field for reasoning",
    ),
    "a stream": (
        status(200, f"data: {json.dumps({'choices': [{'delta': {'content': GOOD}}]})}\n\ndata: [DONE]\n\n"),
        "streamed its answer",
    ),
}


@pytest.mark.parametrize("case", FALLBACKS)
def test_the_plan_reports_fallbacks(case: str) -> None:
    reply, remark = FALLBACKS[case]
    plan, _ = planned(reply, answers(GOOD))
    assert str(plan) == GOOD
    assert remark in " ".join(plan.remarks)


def test_a_rejected_system_turn_is_moved_into_the_first_turn_of_all_later_requests() -> None:
    bad = GOOD.replace("object=OBJ0", "object=OBJ")
    plan, server = planned(error(400, "System role not supported"), answers(bad), answers(GOOD))
    _, second, third = (request.body["messages"] for request in server.received)
    assert [turn["role"] for turn in second][:2] == ["user", "assistant"]
    assert second[0]["content"].startswith("You write programs")
    assert third[: len(second)] == second
    assert plan.transcript[0].role == "system"
    assert len(plan.remarks) == 2


def test_a_rejected_temperature_is_left_out() -> None:
    with OpenAIServer(error(400, "Unsupported value: 'temperature'"), answers(GOOD)) as server:
        model = server.model()
        plan = LanguageModelPlanner(model, "openai:small", banks=bank, temperature=0.0).plan(REQUEST)
    assert ["temperature" in request.body for request in server.received] == [True, False]
    assert "temperature" in plan.remarks[0]


def test_another_rejected_request_is_still_an_error() -> None:
    with pytest.raises(ModelRefused, match="no dogs"):
        planned(error(400, "no dogs"))


def test_an_answer_in_parts_is_accepted() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": GOOD}]
    plan, _ = planned(status(200, completion("") | {"choices": [{"message": {"content": parts}}]}))
    assert str(plan) == GOOD
    assert plan.remarks == ()


def test_the_command_line_sets_the_options_of_the_planner() -> None:
    with OpenAIServer(answers(GOOD)) as server:
        written = f"language_model=openai:mine,base_url={server.url},max_tokens=300,parameters.top_p=0.9"
        done = CliRunner().invoke(app, ["plan", "Hide the face with 8)", "a.png", "--model", written])
    assert (done.exit_code, done.stdout) == (0, f"{GOOD}\n")
    body = server.received[0].body
    assert (body["model"], body["max_tokens"], body["top_p"]) == ("mine", 300, 0.9)
