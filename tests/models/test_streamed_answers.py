"""The lines of a streamed answer may end in any of three ways, and events may come without blank lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from visprog.models.backends.openai.stream import is_finished, is_stream, joined


def chunk(text: str, **more: Any) -> str:
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}, **more}]})


def content(body: dict[str, Any] | None) -> object:
    assert body is not None
    return body["choices"][0]["message"]["content"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("between", [1, 2, 3])
def test_pieces_are_joined_whatever_ends_a_line(end: str, between: int) -> None:
    events = [chunk("two "), chunk("dogs"), "data: [DONE]"]
    assert content(joined((end * between).join(events) + end)) == "two dogs"


def test_data_of_several_lines_is_one_event() -> None:
    text = 'data: {"choices": [{"delta":\ndata:   {"content": "dogs"}}]}\n\ndata: [DONE]\n\n'
    assert content(joined(text)) == "dogs"


def test_a_stream_that_is_cut_off_is_no_answer() -> None:
    assert joined(chunk("two ") + "\n\n") is None
    assert content(joined(chunk("two ", finish_reason="stop") + "\n\n")) == "two "


def test_what_follows_the_end_does_not_count() -> None:
    assert content(joined("\n\n".join([chunk("two"), "data: [DONE]", chunk(" dogs"), ""]))) == "two"


def test_only_the_first_answer_counts() -> None:
    other = 'data: {"choices": [{"index": 1, "delta": {"content": "cats"}}]}'
    assert content(joined("\n\n".join([other, chunk("dogs"), other, "data: [DONE]", ""]))) == "dogs"


@pytest.mark.parametrize("data", ['{"message": "busy"}', "busy", '{"error": {"message": "busy"}}'])
def test_an_event_of_the_name_error_is_an_error(data: str) -> None:
    body = joined(f"event: error\ndata: {data}\n\n")
    assert body is not None
    assert "busy" in json.dumps(body["error"])


def test_a_name_holds_for_one_event() -> None:
    body = joined(f"event: ping\ndata: 1\n\n{chunk('dogs')}\n\ndata: [DONE]\n\n")
    assert body is not None
    assert "error" not in body


def test_a_stream_is_known_by_its_beginning_and_its_end() -> None:
    assert all(is_stream(text) for text in ("data: 1", "\n event: x", ": comment", "id:1", "retry: 3"))
    assert not any(is_stream(text) for text in ("{}", "date: 1", "data", ""))
    assert is_finished(b"x\ndata: [DONE]")
    assert is_finished(b"data:[DONE]\n\n")
    assert not is_finished(b'{"content": "data: [DONE]"}')
