"""Which change of a request may help after a rejection, by the server's words."""

from __future__ import annotations

from typing import Any

import pytest

from visprog.models.backends.openai.fallbacks import find_fallback

USER = {"role": "user", "content": "How many dogs?"}
SYSTEM = {"role": "system", "content": "Answer briefly."}
FIELDS: dict[str, Any] = {
    "messages": [SYSTEM, USER],
    "max_tokens": 5,
    "temperature": 0.5,
    "response_format": {"type": "json_object"},
    "extra_body": {"reasoning_effort": "low"},
}


def kind(
    said: str, fields: dict[str, Any] = FIELDS, status: int = 400, tried: tuple[str, ...] = ()
) -> str | None:
    found = find_fallback(status, said, fields, tried)
    return None if found is None else found.kind


@pytest.mark.parametrize(
    ("said", "helps"),
    [
        ("Unsupported parameter: 'max_tokens'", "limit"),
        ("temperature is not supported", "temperature"),
        ("unknown field reasoning_effort", "effort"),
        ("structured outputs are off", "schema"),
        ("the system role is not supported", "system"),
        ("conversation roles must alternate", "system"),
        ("something else", "schema"),
    ],
)
def test_the_words_of_a_server_choose(said: str, helps: str) -> None:
    assert kind(said) == helps


def test_what_was_tried_is_not_tried_again() -> None:
    assert kind("temperature", tried=("temperature",)) == "schema"
    assert kind("temperature", tried=("temperature", "schema")) is None


def test_what_was_not_sent_is_not_left_out() -> None:
    assert kind("temperature", {"messages": [USER]}) is None
    assert kind("max_tokens", {"messages": [USER], "max_completion_tokens": 3}) is None


def test_without_a_system_turn_there_is_none_to_move() -> None:
    assert kind("the system role is not supported", {"messages": [USER]}) is None


def test_other_statuses_are_final() -> None:
    assert kind("temperature", status=401) is None
    assert kind("temperature", status=429) is None


def test_fields_beside_those_that_the_client_knows_are_left_out_too() -> None:
    found = find_fallback(400, "reasoning_effort", FIELDS, ())
    assert found is not None
    assert found.change(FIELDS) == {**FIELDS, "extra_body": {}}


def test_a_limit_gets_its_other_name() -> None:
    found = find_fallback(400, "max_tokens", FIELDS, ())
    assert found is not None
    changed = found.change(FIELDS)
    assert "max_tokens" not in changed
    assert changed["max_completion_tokens"] == 5
    back = find_fallback(400, "max_completion_tokens", changed, ())
    assert back is not None
    assert back.change(changed)["max_tokens"] == 5


@pytest.mark.parametrize(
    ("turns", "moved"),
    [
        ([SYSTEM, USER], [{"role": "user", "content": "Answer briefly.\n\nHow many dogs?"}]),
        (
            [SYSTEM, {"role": "assistant", "content": "Hello"}, SYSTEM, USER, USER],
            [
                {"role": "assistant", "content": "Hello"},
                {"role": "user", "content": "Answer briefly.\n\nAnswer briefly.\n\nHow many dogs?"},
                USER,
            ],
        ),
        (
            [SYSTEM, {"role": "assistant", "content": "Hello"}],
            [{"role": "user", "content": "Answer briefly."}, {"role": "assistant", "content": "Hello"}],
        ),
    ],
)
def test_a_system_turn_goes_before_the_users_first_words(turns: list[Any], moved: list[Any]) -> None:
    fields = {"messages": turns}
    found = find_fallback(400, "the system role is not supported", fields, ())
    assert found is not None
    assert found.change(fields) == {"messages": moved}
