"""Errors that a server puts inside a successful answer, in the shapes that servers use."""

from __future__ import annotations

import json

import pytest

from tests.models.openai_server import OpenAIServer, Reply, answers, status
from visprog.errors import ModelRefused
from visprog.models.roles import Message

HELLO = [Message("user", "Hello")]


def ask(*replies: Reply) -> tuple[str, int]:
    """Return the answer that comes of these replies, and the number of requests."""
    with OpenAIServer(*replies) as server:
        model = server.model(sleep=lambda _: None)
        return model.complete(HELLO).text, len(server.received)


BUSY = {"message": "busy", "code": 503}
REPORTS: dict[str, Reply] = {
    "in a list": status(200, [{"error": BUSY}]),
    "in an error": status(200, {"error": {"error": BUSY}}),
    "in an error of errors": status(200, {"error": [{"error": BUSY}]}),
    "of MiniMax": status(
        200, {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}, "choices": None}
    ),
    "in a stream": status(200, 'data: {}\n\nevent: error\ndata: {"message": "overloaded"}\n\n'),
    "in a stream, in words": status(200, "event: error\ndata: overloaded\n\n"),
    "in a stream of vLLM": status(200, 'data: {"object": "error", "message": "overloaded", "code": 503}\n\n'),
    "without choices": status(200, {"choices": None}),
}


@pytest.mark.parametrize("report", REPORTS)
def test_an_error_inside_an_answer_that_passes_is_tried_again(report: str) -> None:
    assert ask(REPORTS[report], answers("Hi.")) == ("Hi.", 2)


def test_the_first_of_several_streamed_answers_is_read_wherever_it_stands() -> None:
    other = {"index": 1, "delta": {"content": "no"}}
    mine = {"index": 0, "delta": {"content": "Hi."}, "finish_reason": "stop"}
    stream = "data: " + json.dumps({"choices": [other, mine]}) + "\n\ndata: [DONE]\n\n"
    assert ask(status(200, stream)) == ("Hi.", 1)


@pytest.mark.parametrize("body", [{"error": {"code": 400}}, "<html>no</html>"])
def test_an_error_without_words_ends_with_its_status(body: object) -> None:
    with OpenAIServer(status(400, body)) as server, pytest.raises(ModelRefused) as caught:
        server.model(sleep=lambda _: None).complete(HELLO)
    assert caught.value.message.endswith("rejected the request (HTTP 400)")
