from __future__ import annotations

import asyncio
import base64
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.models.openai_server import KEY, Exchange, OpenAIServer, answers, completion, status
from visprog.errors import ModelUnavailable, UsageError
from visprog.models.backends.openai import BACKEND
from visprog.models.backends.openai.configuration import is_configured
from visprog.models.backends.openai.language import DEFAULT_MODEL, OpenAILanguageModel
from visprog.models.backends.openai.service import Service
from visprog.models.roles import Completion, Message

Serve = Callable[..., OpenAIServer]
HELLO = [Message("system", "Be brief."), Message("user", "Hello")]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *replies: stack.enter_context(OpenAIServer(*replies))


def test_an_answer_comes_with_the_model_that_gave_it_and_the_tokens_it_cost(serve: Serve) -> None:
    assert Completion("Hi.", "small-1", 120, 30) == serve(answers("Hi.")).model().complete(HELLO)


@pytest.mark.parametrize(
    "said",
    ["<think>Hm.</think>A robin.", "[THINK]Hm.[/THINK]A robin.<|im_end|>", "Hm.</think>\n\nA robin.</s>"],
)
def test_thoughts_and_turn_tokens_are_removed(said: str, serve: Serve) -> None:
    assert serve(answers(said)).model().complete([Message("user", "a bird")]).text == "A robin."


def test_the_whole_conversation_is_sent_under_the_models_name(serve: Serve) -> None:
    server = serve(answers("Hi."))
    server.model("large").complete(HELLO)
    (request,) = server.received
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "large",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
    }


def test_temperature_is_sent_only_where_it_is_given(serve: Serve) -> None:
    server = serve(answers("Hi."))
    server.model().complete(HELLO)
    server.model().complete(HELLO, temperature=0.0)
    assert [request.body.get("temperature") for request in server.received] == [None, 0.0]


def test_a_server_that_counts_no_tokens_is_fine(serve: Serve) -> None:
    body = {"choices": [{"message": {"content": "Hi."}}]}
    assert Completion("Hi.", "", None, None) == serve(status(200, body)).model().complete(HELLO)


def test_a_json_answer_is_read_whatever_its_content_type(serve: Serve) -> None:
    reply = status(200, completion("Hi."), Content_Type="text/plain")
    assert serve(reply).model().complete(HELLO).text == "Hi."


def test_a_base_url_is_enough_without_a_key(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(answers("Hi."))
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert server.model(key="").complete(HELLO).text == "Hi."


def test_key_address_and_model_are_read_from_the_environment(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers("Hi."))
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    monkeypatch.setenv("OPENAI_MODEL", "tiny")
    OpenAILanguageModel().complete(HELLO)
    (request,) = server.received
    assert ("tiny", f"Bearer {KEY}") == (request.body["model"], request.headers["authorization"])


def test_what_the_caller_names_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_MODEL", "tiny")
    model = OpenAILanguageModel("large", service=Service(base_url="http://127.0.0.1:2/v1"))
    assert model.fingerprint == "openai:large at http://127.0.0.1:2/v1"


def test_without_any_name_the_default_model_is_asked() -> None:
    model = OpenAILanguageModel(service=Service(key=KEY))
    assert model.fingerprint == f"openai:{DEFAULT_MODEL} at https://api.openai.com/v1"


def test_without_key_and_base_url_the_model_is_unavailable_and_says_what_to_set() -> None:
    with pytest.raises(ModelUnavailable, match="set OPENAI_API_KEY, or set OPENAI_BASE_URL"):
        OpenAILanguageModel()


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
def test_a_key_or_a_base_url_makes_it_configured(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_configured()
    monkeypatch.setenv(name, "http://127.0.0.1/v1")
    assert is_configured()


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://host:port"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(ModelUnavailable, match=r"not the address of a server.*\n.*http://localhost:8000/v1"):
        Service(base_url=address)


def test_a_key_with_a_blank_inside_is_refused_without_being_shown() -> None:
    with pytest.raises(ModelUnavailable, match="copy only the key") as caught:
        Service(key=f"{KEY} {KEY}")
    assert KEY not in str(caught.value)


def test_user_and_password_of_an_address_are_not_shown() -> None:
    model = OpenAILanguageModel("m", service=Service(base_url="http://me:secret@127.0.0.1:9/v1", key=KEY))
    assert model.fingerprint == "openai:m at http://127.0.0.1:9/v1"


def test_a_query_and_further_parameters_tell_models_apart_and_are_not_shown() -> None:
    def fingerprint(query: str, token: str) -> str:
        address = f"http://127.0.0.1:9/v1{query}"
        return OpenAILanguageModel(
            "m", service=Service(base_url=address, key=KEY), parameters={"token": token}
        ).fingerprint

    assert fingerprint("?at=secret", "1") == fingerprint("?at=secret", "1")
    other = fingerprint("", "1"), fingerprint("?at=hidden", "1"), fingerprint("?at=secret", "2")
    assert fingerprint("?at=secret", "1") not in other
    assert "secret" not in fingerprint("?at=secret", "secret")


def test_user_and_password_of_an_address_are_sent_and_not_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(answers("Hi."))
    place = server.url.replace("http://", "http://me:se%2Fcret@")
    with caplog.at_level(logging.DEBUG):
        service = Service(base_url=place, key=KEY)
        OpenAILanguageModel("m", service=service).complete(HELLO)
    service.close()
    login = base64.b64encode(b"me:se/cret").decode()
    assert server.received[0].headers["authorization"] == f"Basic {login}"
    assert "HTTP Request" in caplog.text
    for secret in ("cret@", "se/cret", login, KEY):
        assert secret not in caplog.text


def test_neither_fingerprint_nor_repr_holds_the_key() -> None:
    model = OpenAILanguageModel("m", service=Service(key=KEY))
    shown = f"{model!r} {model.fingerprint} {Service(key=KEY)!r}"
    assert KEY not in shown


def test_a_key_that_the_model_repeats_is_hidden_in_its_answer(serve: Serve) -> None:
    answer = serve(answers(f"Your key is {KEY}.")).model().complete(HELLO)
    assert answer.text == "Your key is [secret]."


def test_half_a_character_can_be_sent_and_received(serve: Serve) -> None:
    server = serve(answers("broken \ud83d"))
    assert server.model().complete([Message("user", "torn \udcff")]).text == "broken ?"
    assert server.received[0].body["messages"][0]["content"] == "torn ?"


def test_many_threads_may_ask_at_once_and_each_gets_its_own_answer(serve: Serve) -> None:
    def echo(exchange: Exchange) -> None:
        answers(exchange.request.body["messages"][0]["content"])(exchange)

    model = serve(echo).model()
    words = [f"word {number}" for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(lambda word: model.complete([Message("user", word)]).text, words))
    assert words == said


def test_it_may_be_asked_where_an_event_loop_is_running_as_in_a_notebook(serve: Serve) -> None:
    model = serve(answers("Hi.")).model()

    async def cell() -> str:
        return model.complete(HELLO).text

    with ThreadPoolExecutor(1) as thread:  # this one may have a loop already, of a browser's tests
        assert thread.submit(asyncio.run, cell()).result() == "Hi."


def test_a_program_ends_quietly_though_nobody_closed_the_model(serve: Serve) -> None:
    script = (
        "from visprog.models.backends.openai.language import OpenAILanguageModel as Model\n"
        "from visprog.models.roles import Message\n"
        "model = Model()\n"
        "print(model.complete([Message('user', 'Hello')]).text)\n"
    )
    settings = {"OPENAI_BASE_URL": serve(answers("Hi.")).url, "NO_PROXY": "127.0.0.1", "PYTHONPATH": "."}
    ran = subprocess.run(
        [sys.executable, "-W", "default", "-c", script],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "Hi.\n", "")


def test_a_closed_model_opens_a_new_connection_when_asked_again(serve: Serve) -> None:
    server = serve(answers("Hi."))
    connection = Service(base_url=server.url, key=KEY)
    model = OpenAILanguageModel("m", service=connection)
    for _ in range(2):
        assert model.complete(HELLO).text == "Hi."
        connection.close()


def test_a_profile_loads_a_language_model_with_its_address() -> None:
    model = BACKEND.load("language_model", "small", {"base_url": "http://127.0.0.1:9/v1", "deadline": 5.0})
    assert model.fingerprint == "openai:small at http://127.0.0.1:9/v1"


def test_a_profile_cannot_fill_a_role_that_no_such_service_knows() -> None:
    with pytest.raises(ModelUnavailable, match="does not fill the role segmenter"):
        BACKEND.load("segmenter", "small", {})


def test_an_unknown_option_of_a_profile_is_named() -> None:
    with pytest.raises(UsageError, match="no option `key`"):
        BACKEND.load("language_model", "small", {"key": KEY})


@pytest.mark.parametrize("key", ["x", "none", "EMPTY", "ollama"])
def test_a_key_that_is_no_secret_leaves_programs_as_they_are(key: str) -> None:
    program = f"RESULT=Eval('{{A}} xor {{B}}')  # none, EMPTY, ollama {key}"
    with OpenAIServer(answers(program)) as server:
        assert server.model(key=key).complete(HELLO).text == program
