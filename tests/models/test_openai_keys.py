"""A key goes only to the server that it was given for, and an address is used as it was written."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from tests.models.openai_server import KEY, OpenAIServer, answers, error, paints, status
from visprog.errors import ModelRefused, ModelUnavailable, UsageError
from visprog.models.backends.openai import BACKEND
from visprog.models.backends.openai.editing import OpenAIInpainter
from visprog.models.backends.openai.keys import find_login
from visprog.models.backends.openai.language import OpenAILanguageModel
from visprog.models.backends.openai.service import Service
from visprog.models.backends.openai.speech import OpenAITranscriber
from visprog.models.roles import Message
from visprog.values import Image

Serve = Callable[..., OpenAIServer]
HELLO = [Message("user", "Hello")]
OTHER = "other-key-7Gh2Kq91"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *replies: stack.enter_context(OpenAIServer(*replies))


def sent(server: OpenAIServer) -> str | None:
    return server.received[-1].headers.get("authorization")


def test_the_key_is_not_sent_to_the_address_of_a_profile(serve: Serve) -> None:
    server = serve(answers("Hi."))
    model = BACKEND.load("language_model", "small", {"base_url": server.url})
    assert model.complete(HELLO).text == "Hi."
    assert not [value for value in server.received[0].headers.values() if KEY in value]
    assert sent(server) is None


def test_a_server_that_wants_a_key_is_told_which_option_names_it(serve: Serve) -> None:
    model = OpenAILanguageModel("small", service=Service(base_url=serve(error(401, "no")).url))
    with pytest.raises(ModelRefused, match="needs an API key") as caught:
        model.complete(HELLO)
    assert "`api_key_env`" in str(caught.value.help)
    assert "OPENAI_API_KEY was not sent" in str(caught.value.help)


def test_the_variable_of_api_key_env_holds_the_key(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", OTHER)
    server = serve(answers("Hi."))
    options = {"base_url": server.url, "api_key_env": "MY_KEY"}
    BACKEND.load("language_model", "small", options).complete(HELLO)
    assert sent(server) == f"Bearer {OTHER}"


def test_a_variable_that_is_not_set_is_named_before_anything_is_sent() -> None:
    with pytest.raises(ModelUnavailable, match="MY_KEY"):
        OpenAILanguageModel("small", service=Service(base_url="http://127.0.0.1:9/v1", api_key_env="MY_KEY"))


@pytest.mark.parametrize("value", [KEY, "sk-1234", "", 5, "a b"])
def test_a_key_in_the_place_of_a_variables_name_is_not_repeated(value: object) -> None:
    with pytest.raises(UsageError, match="not the key") as caught:
        BACKEND.load("language_model", "small", {"api_key_env": value})
    assert KEY not in str(caught.value)


def test_the_key_goes_to_the_server_of_the_environment_under_another_path(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers("Hi."))
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    OpenAILanguageModel("small", service=Service(base_url=server.url + "/other")).complete(HELLO)
    assert sent(server) == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "address",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.example.org/v1",
        "https://openai.com/v1",
        "https://user@api.openai.com.evil/v1",
        "http://127.0.0.1:9/v1",
    ],
)
def test_a_server_that_looks_like_openai_gets_no_key(address: str) -> None:
    headers = find_login(address, None, None).headers()
    assert KEY not in repr(headers)


@pytest.mark.parametrize(
    "address", ["https://api.openai.com/v1", "https://API.OpenAI.com:443/v1/", "https://api.openai.com./v1"]
)
def test_openai_itself_gets_the_key_however_its_address_is_written(address: str) -> None:
    assert {"Authorization": f"Bearer {KEY}"} == find_login(address, None, None).headers()


def test_the_account_of_the_environment_is_not_told_to_other_servers(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-mine")
    server = serve(answers("Hi."))
    OpenAILanguageModel("small", service=Service(base_url=server.url)).complete(HELLO)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    OpenAILanguageModel("small").complete(HELLO)
    told = [[name for name in request.headers if name.startswith("openai-")] for request in server.received]
    assert told == [[], ["openai-organization", "openai-project"]]


def test_nothing_is_sent_on_to_another_host(serve: Serve) -> None:
    other = serve(answers("stolen"))
    server = serve(status(307, "", Location=other.url.replace("127.0.0.1", "localhost")))
    with pytest.raises(ModelRefused, match="redirects to http://localhost"):
        server.model().complete(HELLO)
    assert other.received == []


def test_a_redirect_on_the_same_server_is_followed_with_the_whole_request(serve: Serve) -> None:
    server = serve(status(308, "", Location="/v2/chat"), answers("Hi."))
    assert server.model().complete(HELLO).text == "Hi."
    first, second = server.received
    assert second.path == "/v2/chat"
    assert (first.body, sent(server)) == (second.body, f"Bearer {KEY}")


AZURE = "/openai/deployments/d?api-version=2024-10-21"


def azure(server: OpenAIServer) -> str:
    return server.url.removesuffix("/v1") + AZURE


def test_an_address_of_azure_keeps_its_path_and_its_query_and_has_its_own_header(serve: Serve) -> None:
    server = serve(answers("Hi."))
    OpenAILanguageModel("small", service=Service(base_url=azure(server), key=KEY)).complete(HELLO)
    (request,) = server.received
    assert request.path == "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    assert request.headers["api-key"] == KEY
    assert sent(server) is None


def test_the_query_goes_with_pictures_and_recordings_too(serve: Serve) -> None:
    picture = Image(np.zeros((64, 64, 3), dtype=np.uint8))
    painter = serve(paints(picture))
    OpenAIInpainter("small", service=Service(base_url=azure(painter), key=KEY), side=64).inpaint(
        picture, np.ones((64, 64), dtype=np.bool_), "grass"
    )
    listener = serve(status(200, {"text": "go"}))
    OpenAITranscriber("small", service=Service(base_url=azure(listener), key=KEY)).transcribe(
        np.zeros(160, dtype=np.float32)
    )
    assert painter.received[0].path == "/openai/deployments/d/images/edits?api-version=2024-10-21"
    assert listener.received[0].path == "/openai/deployments/d/audio/transcriptions?api-version=2024-10-21"


def test_a_query_with_odd_values_arrives_as_it_was_written(serve: Serve) -> None:
    server = serve(answers("Hi."))
    OpenAILanguageModel("small", service=Service(base_url=f"{server.url}/?a=b%20c&d=&e=%26")).complete(HELLO)
    path, _, query = server.received[0].path.partition("?")
    assert path == "/v1/chat/completions"
    assert query.replace("+", "%20") == "a=b%20c&d=&e=%26"


@pytest.mark.parametrize(
    ("login", "decoded"),
    [
        ("me:p%40ss%3Aword", "me:p@ss:word"),
        ("me:pass@word", "me:pass@word"),
        ("me:a:b:c", "me:a:b:c"),
        ("me", "me"),
        ("me:", "me:"),
        ("m%C3%A9:z%C3%BC", "mé:zü"),
    ],
)
def test_a_login_is_sent_as_basic_form_whatever_is_in_it(login: str, decoded: str, serve: Serve) -> None:
    server = serve(answers("Hi."))
    OpenAILanguageModel(
        "small", service=Service(base_url=server.url.replace("://", f"://{login}@"))
    ).complete(HELLO)
    assert sent(server) == f"Basic {base64.b64encode(decoded.encode()).decode()}"


@pytest.mark.parametrize(
    "address",
    [
        "http://u:sEcr3t://x@host/v1",
        "http://u:sEcr3t/x@host/v1",
        "http://u:1234/sEcr3t@host/v1",
        "http://u:a?sEcr3t@host/v1",
        "http://u:a#sEcr3t@host/v1",
        "u:sEcr3t@host/v1",
        "http://u:sEcr3t@ho st/v1",
        "http://u:sEcr3t@host:99999/v1",
        "ftp://u:sEcr3t@host/v1",
        "http://u:sEcr3t@[::1/v1",
        "http://host:port/v1?key=sEcr3t",
    ],
)
def test_an_invalid_address_never_shows_its_password(address: str) -> None:
    with pytest.raises(ModelUnavailable, match="not the address of a server") as caught:
        Service(base_url=address)
    assert "sEcr3t" not in f"{caught.value!r}{caught.value}{caught.value.__cause__!r}"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_this_machine_is_asked_directly_whatever_proxy_is_set(
    name: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(error(503, "the proxy")), serve(answers("Hi."))
    monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
    for address in (server.url, server.url.replace("127.0.0.1", "localhost")):
        assert OpenAILanguageModel("small", service=Service(base_url=address)).complete(HELLO).text == "Hi."
    assert proxy.received == []


def test_an_error_of_a_proxy_names_the_variable_that_leaves_it_out(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(error(502, "Bad Gateway of me:hunter22"))
    monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1").replace("://", "://me:hunter22@"))
    model = OpenAILanguageModel("small", service=Service(base_url="http://gpu.test/v1", retries=0))
    with pytest.raises(Exception, match="HTTP 502") as caught:
        model.complete(HELLO)
    assert "add gpu.test to NO_PROXY" in str(caught.value)
    assert "hunter22" not in str(caught.value)
