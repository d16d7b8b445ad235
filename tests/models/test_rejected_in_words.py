"""A rejection whose body is only words means what its status says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models.openai_server import OpenAIServer, answers, status
from visprog.errors import ModelRefused
from visprog.models.roles import Message

HELLO = [Message("user", "Hello")]


@pytest.mark.parametrize(
    "body", [{"error": "try again"}, {"detail": "try again"}, {"error": {"message": "try again"}}]
)
def test_a_key_that_is_refused_is_not_tried_again_whatever_the_words(body: Any) -> None:
    with OpenAIServer(status(401, body), answers("Hi.")) as server:
        with pytest.raises(ModelRefused, match="key"):
            server.model(sleep=lambda _: None).complete(HELLO)
        assert len(server.received) == 1


def test_a_busy_server_is_asked_again() -> None:
    with OpenAIServer(status(503, {"error": "no words for it"}), answers("Hi.")) as server:
        assert server.model(sleep=lambda _: None).complete(HELLO).text == "Hi."
        assert len(server.received) == 2


def test_a_wrong_request_is_not_tried_again() -> None:
    with OpenAIServer(status(400, {"error": "busy"}), answers("Hi.")) as server:
        with pytest.raises(ModelRefused):
            server.model(sleep=lambda _: None).complete(HELLO)
        assert len(server.received) == 1


@pytest.mark.parametrize(
    "choice",
    [
        {"index": 0, "error": {"message": "busy", "code": 503}},
        {"index": 0, "error": "overloaded"},
        {"index": 0, "message": {"content": "Hel"}, "finish_reason": "error"},
    ],
)
def test_an_error_beside_the_first_choice_is_tried_again(choice: Any) -> None:
    with OpenAIServer(status(200, {"choices": [choice]}), answers("Hi.")) as server:
        assert server.model(sleep=lambda _: None).complete(HELLO).text == "Hi."
        assert len(server.received) == 2
