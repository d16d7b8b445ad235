"""Whatever a server does ends in a typed error, in time, that says what to do and hides the key."""

from __future__ import annotations

import email.utils
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.models.openai_server import (
    KEY,
    OpenAIServer,
    Reply,
    answers,
    completion,
    cut,
    drip_body,
    drip_headers,
    error,
    hang_up,
    silence,
    status,
)
from visprog.errors import AnswerCut, ModelError, ModelFailed, ModelRefused, ModelTimeout
from visprog.models.backends.openai.language import OpenAILanguageModel
from visprog.models.backends.openai.service import Service
from visprog.models.roles import Message

Serve = Callable[..., OpenAIServer]
HELLO = [Message("user", "Hello")]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *replies: stack.enter_context(OpenAIServer(*replies))


class Clock:
    """Time that passes only in `sleep`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def timed(server: OpenAIServer, clock: Clock, deadline: float = 60.0) -> OpenAILanguageModel:
    return server.model(deadline=deadline, clock=clock, sleep=clock.sleep, chance=lambda: 1.0)


def date(seconds: float) -> str:
    return email.utils.formatdate(seconds, usegmt=True)


def raised_by(model: OpenAILanguageModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        model.complete(HELLO)
    return caught.value


def everything_shown(fault: BaseException) -> str:
    """Return all that can be read off an error: words, traceback, attributes, and those of its causes."""
    parts = ["".join(traceback.format_exception(fault))]
    link: BaseException | None = fault
    while link is not None:
        parts += [str(link), repr(link), repr(link.args), repr(vars(link))]
        for value in vars(link).values():
            parts += [repr(getattr(value, "__dict__", "")), repr([*getattr(value, "headers", {}).items()])]
        link = link.__cause__ or link.__context__
    return "\n".join(parts)


def test_the_errors_of_the_client_itself_do_show_the_key(serve: Serve) -> None:
    """So that what is checked below is known to find it."""
    import openai

    server = serve(error(403, "no"))
    client = openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=0)
    with client, pytest.raises(openai.PermissionDeniedError) as caught:
        client.chat.completions.create(model="m", messages=[])
    assert KEY in everything_shown(caught.value)


WEB_PAGE = "<!doctype html><title>Welcome</title>"

FAULTS: dict[str, tuple[Reply, type[ModelError], str, str]] = {
    "a wrong key": (
        error(401, f"Incorrect API key: {KEY}"),
        ModelRefused,
        "rejected the API key",
        "valid for this server",
    ),
    "no permission": (
        error(403, f"{KEY} may not"),
        ModelRefused,
        "does not allow this",
        "may use this model",
    ),
    "an unknown model": (
        error(404, "The model `small` does not exist", code="model_not_found"),
        ModelRefused,
        "has no model `small`",
        "OPENAI_MODEL",
    ),
    "a wrong base URL": (
        status(404, WEB_PAGE),
        ModelRefused,
        "nothing at this address",
        "usually ends in /v1",
    ),
    "a web page": (status(200, WEB_PAGE), ModelFailed, "a web page instead of JSON", "usually ends in /v1"),
    "a bad request": (
        error(400, f"no temperature, {KEY}"),
        ModelRefused,
        "no temperature",
        "as the message says",
    ),
    "no quota": (
        error(429, "You exceeded your current quota", code="insufficient_quota"),
        ModelRefused,
        "quota of the account is used up",
        "add credit",
    ),
    "too many requests": (
        error(429, "Slow down"),
        ModelRefused,
        "too many requests.*Slow down",
        "wait a while",
    ),
    "a server in trouble": (
        error(500, f"Oops {KEY}"),
        ModelFailed,
        "failed .HTTP 500.: Oops",
        "try again later",
    ),
    "a cut response": (cut, ModelFailed, "connection to .* failed", "check the base URL"),
    "a connection closed at once": (
        hang_up,
        ModelFailed,
        "connection to .* failed",
        "that the server is running",
    ),
    "a body without end": (drip_body, ModelTimeout, "within 0.6 s", "faster model"),
    "headers without end": (drip_headers, ModelTimeout, "within 0.6 s", "faster model"),
    "silence": (silence, ModelTimeout, "within 0.6 s", "set a longer deadline"),
    "no choices": (
        status(200, completion("") | {"choices": []}),
        ModelFailed,
        "without choices",
        "try again",
    ),
    "an error in a good response": (
        status(200, {"error": {"message": f"overloaded {KEY}"}}),
        ModelFailed,
        "failed: overloaded",
        "try again",
    ),
    "a list": (status(200, []), ModelFailed, "without choices", "the server supports Chat Completions"),
    "no content": (answers(None), ModelFailed, "without text", "another model"),
    "blank content": (answers(" \n"), ModelFailed, "without text", "another model"),
    "a refusal": (
        answers(None, message={"role": "assistant", "content": None, "refusal": "I can't help with that."}),
        ModelRefused,
        "declined to answer: I can't help",
        "instruction",
    ),
    "a content filter": (
        answers("", finish_reason="content_filter"),
        ModelRefused,
        "content filter",
        "reword",
    ),
    "the length limit": (
        answers("OBJ0=", finish_reason="length"),
        AnswerCut,
        "cut at its length limit",
        "max_tokens",
    ),
    "half of the JSON": (
        status(200, '{"choices": [{"mess'),
        ModelFailed,
        "cut off or not JSON",
        "try again later",
    ),
    "an empty body": (status(200), ModelFailed, "cut off or not JSON", "try again later"),
    "JSON too deep to read": (
        status(200, "[" * 100_000),
        ModelFailed,
        "cut off or not JSON",
        "try again later",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_a_typed_error_in_time_that_says_what_to_do_without_the_key(
    fault: str, serve: Serve
) -> None:
    reply, kind, message, help_ = FAULTS[fault]
    model = serve(reply).model(deadline=0.6)
    started = time.monotonic()
    found = raised_by(model)
    assert time.monotonic() - started < 6  # some of them would last for ever
    assert type(found) is kind
    with pytest.raises(kind, match=message):
        raise found
    assert help_ in str(found.help)
    shown = everything_shown(found)
    assert KEY not in shown
    assert KEY[-8:] not in shown


def test_a_server_that_is_down_is_named_with_what_to_check() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = taken.getsockname()[1]
        server = Service(base_url=f"http://127.0.0.1:{port}/v1", key=KEY, deadline=0.6)
        found = raised_by(OpenAILanguageModel("m", service=server))
        server.close()
    assert type(found) is ModelFailed
    assert f"the connection to http://127.0.0.1:{port}/v1 failed" in str(found)
    assert "check the base URL" in str(found)
    assert KEY not in everything_shown(found)


def test_a_server_that_wants_a_key_is_told_apart_from_one_that_rejects_it(serve: Serve) -> None:
    found = raised_by(serve(error(401, "no")).model(key=""))
    assert "needs an API key" in str(found)


def test_an_error_of_the_server_in_several_lines_is_quoted_in_one_without_control_characters(
    serve: Serve,
) -> None:
    found = raised_by(serve(error(400, "first\n\x1b[31msecond")).model())
    assert found.message.endswith("(HTTP 400): first �[31msecond")


@pytest.mark.parametrize(
    "trouble", [error(500, "oops"), error(408, "slow"), error(409, "busy"), cut, hang_up]
)
def test_trouble_that_passes_is_tried_again(trouble: Reply, serve: Serve) -> None:
    server, clock = serve(trouble, trouble, answers("Hi.")), Clock()
    assert timed(server, clock).complete(HELLO).text == "Hi."
    assert len(server.received) == 3


def test_pauses_double_up_to_eight_seconds(serve: Serve) -> None:
    server, clock = serve(error(503, "down")), Clock()
    model = server.model(deadline=100.0, retries=6, clock=clock, sleep=clock.sleep, chance=lambda: 1.0)
    found = raised_by(model)
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert "tried 7 times" in str(found)


def test_chance_shortens_a_pause_by_half_at_most(serve: Serve) -> None:
    server, clock = serve(error(503, "down"), answers("Hi.")), Clock()
    server.model(clock=clock, sleep=clock.sleep, chance=lambda: 0.0).complete(HELLO)
    assert clock.pauses == [0.25]


def test_no_pause_reaches_beyond_the_deadline(serve: Serve) -> None:
    server, clock = serve(error(503, "down")), Clock()
    found = raised_by(timed(server, clock, deadline=2.0))
    assert clock.pauses == [0.5, 1.0]
    assert type(found) is ModelFailed


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_in_seconds_is_obeyed(code: int, serve: Serve) -> None:
    server, clock = serve(error(code, "later", Retry_After="7"), answers("Hi.")), Clock()
    assert timed(server, clock).complete(HELLO).text == "Hi."
    assert clock.pauses == [7.0]


def test_retry_after_as_a_date_is_obeyed_by_the_servers_own_clock(serve: Serve) -> None:
    now = 1_000_000_000.0
    late = status(429, {}, Date=date(now), Retry_After=date(now + 12))
    server, clock = serve(late, answers("Hi.")), Clock()
    timed(server, clock).complete(HELLO)
    assert clock.pauses[0] == 12.0


@pytest.mark.parametrize("value", ["soon", "nan", "", "0", "-5", "Mon, 99 Foo 2026", date(1_000_000_000)])
def test_a_retry_after_that_says_nothing_is_ignored(value: str, serve: Serve) -> None:
    server, clock = serve(error(429, "later", Retry_After=value), answers("Hi.")), Clock()
    timed(server, clock).complete(HELLO)
    assert clock.pauses == [0.5]


@pytest.mark.parametrize("value", ["3600", "inf"])
def test_a_retry_after_beyond_the_deadline_fails_at_once(value: str, serve: Serve) -> None:
    server, clock = serve(error(429, "later", Retry_After=value)), Clock()
    found = raised_by(timed(server, clock))
    assert clock.pauses == []
    assert "longer than the deadline of 60 s" in str(found)
    assert type(found) is ModelRefused


@pytest.mark.parametrize(
    "refusal",
    [error(401, "no"), error(403, "no"), error(404, "no"), error(429, "no", code="insufficient_quota")],
)
def test_what_will_not_change_is_not_tried_again(refusal: Reply, serve: Serve) -> None:
    server, clock = serve(refusal), Clock()
    raised_by(timed(server, clock))
    assert len(server.received) == 1


def test_a_client_that_gives_up_hangs_up(serve: Serve) -> None:
    """The server notices: writing to a connection that nobody reads fails."""
    left: list[bool] = []

    def drip(exchange: object) -> None:
        try:
            drip_body(exchange)  # type: ignore[arg-type]
        except ConnectionError:
            left.append(True)
            raise

    server = serve(drip)
    raised_by(server.model(deadline=0.3))
    for _ in range(100):
        if left:
            break
        time.sleep(0.02)
    assert left == [True]


def test_an_interrupt_while_waiting_comes_through_and_the_model_can_be_asked_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    server = serve(error(500, "oops"), answers("Hi."))
    model = server.model(sleep=interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.complete(HELLO)
    assert model.complete(HELLO).text == "Hi."


def test_a_service_that_is_closed_while_it_is_asked_says_so(serve: Serve) -> None:
    server = serve(silence)
    service = server.service()

    def close_when_asked() -> None:
        while not server.received:
            time.sleep(0.01)
        service.close()

    closing = threading.Thread(target=close_when_asked)
    closing.start()
    found = raised_by(OpenAILanguageModel("small", service=service))
    closing.join()
    assert type(found) is ModelFailed
    assert found.message == f"the connection to {server.url} was closed during a request"


def test_a_service_that_is_closed_between_two_attempts_says_so_and_can_be_asked_again(serve: Serve) -> None:
    def close(seconds: float) -> None:
        service.close()

    server = serve(error(500, "oops"), answers("Hi."))
    service = server.service(sleep=close)
    model = OpenAILanguageModel("small", service=service)
    assert "was closed during a request" in raised_by(model).message
    assert len(server.received) == 1
    assert model.complete(HELLO).text == "Hi."
