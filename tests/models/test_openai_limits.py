"""No answer takes more memory than it may, or more time."""

from __future__ import annotations

import time
import tracemalloc
import zlib

import pytest

from tests.models.openai_server import Exchange, OpenAIServer, answers, status
from visprog.errors import ModelFailed, ModelTimeout, UsageError
from visprog.models.backends.openai import BACKEND
from visprog.models.backends.openai.service import MAX_BYTES
from visprog.models.roles import Message
from visprog.models.zoo import Zoo

HELLO = [Message("user", "Hello")]
MB = 1_000_000


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * MB) for _ in range(megabytes)) + packer.flush()


def test_a_gzip_bomb_is_left_at_the_limit_without_taking_its_memory() -> None:
    packed = bomb(200)

    def reply(exchange: Exchange) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        exchange.send(head.encode() + packed)

    with OpenAIServer(answers("Hi."), reply) as server:
        model = server.model(max_bytes=4 * MB)
        model.complete(HELLO)  # imports the client, which takes memory too
        tracemalloc.start()
        try:
            with pytest.raises(ModelFailed, match="larger than 4 MB") as caught:
                model.complete(HELLO)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 20 * MB
    assert "`max_bytes`" in str(caught.value.help)
    assert len(server.received) == 2


def test_an_endless_answer_is_read_up_to_the_limit() -> None:
    sent = 0

    def reply(exchange: Exchange) -> None:
        nonlocal sent
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while not exchange.gone.is_set():
            exchange.send(b" " * 65536)
            sent += 65536

    with OpenAIServer(reply) as server, pytest.raises(ModelFailed, match="larger than 1 MB"):
        server.model(max_bytes=MB).complete(HELLO)
    assert sent < 16 * MB  # the limit, and what the buffers of two sockets hold


@pytest.mark.parametrize(("extra", "fits"), [(-1000, True), (1000, False)])
def test_the_usual_limit_is_32_megabytes(extra: int, fits: bool) -> None:
    assert MAX_BYTES == 32 * MB
    with OpenAIServer(answers("a" * (MAX_BYTES + extra))) as server:
        if fits:
            assert len(server.model().complete(HELLO).text) == MAX_BYTES + extra
        else:
            with pytest.raises(ModelFailed, match="larger than 32 MB"):
                server.model().complete(HELLO)


def test_a_profile_sets_the_limit() -> None:
    with OpenAIServer(answers("a" * 5000)) as server:
        spec = {"model": "openai:small", "base_url": server.url, "max_bytes": 2000}
        model = Zoo(models={"language_model": spec}).get("language_model")
        with pytest.raises(ModelFailed, match="larger than"):
            model.complete(HELLO)  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", [0, -1, 10.5, "32 MB", True])
def test_a_limit_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match=r"`max_bytes`.*number of bytes"):
        BACKEND.load("language_model", "small", {"base_url": "http://127.0.0.1:9", "max_bytes": value})


def test_retries_and_slow_answers_share_one_deadline() -> None:
    def slow(exchange: Exchange) -> None:
        exchange.gone.wait(0.3)
        status(503, {"error": {"message": "busy"}})(exchange)

    with OpenAIServer(slow) as server:
        started = time.monotonic()
        with pytest.raises((ModelFailed, ModelTimeout)):
            server.model(deadline=1.0, sleep=lambda seconds: None, retries=100).complete(HELLO)
        assert time.monotonic() - started < 5
    assert len(server.received) <= 5
