"""What holds for every role that the API fills: typed errors in time, no key in sight, tokens counted."""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest

from tests.models.openai_server import (
    KEY,
    OpenAIServer,
    Reply,
    answers,
    answers_json,
    cut,
    drip_body,
    error,
    paints,
    silence,
    status,
)
from visprog.errors import ModelError, ModelFailed, ModelRefused, ModelTimeout, ModelUnavailable, UsageError
from visprog.models.backends.openai import BACKEND
from visprog.models.roles import ROLES, Message
from visprog.models.usage import Tokens, counting
from visprog.models.zoo import Zoo
from visprog.values import Image

Serve = Callable[..., OpenAIServer]
PHOTO = Image(np.full((40, 60, 3), 120, dtype=np.uint8))
MASK = np.ones((40, 60), dtype=np.bool_)
SPEECH = np.zeros(1600, dtype=np.float32)

USES: dict[str, tuple[Callable[[Any], object], Reply]] = {
    "language_model": (lambda model: model.complete([Message("user", "Hello")]), answers("Hi.")),
    "visual_qa": (lambda model: model.answer(PHOTO, "how many?"), answers("2")),
    "captioner": (lambda model: model.caption(PHOTO), answers("A wall.")),
    "image_text_scorer": (
        lambda model: model.score([PHOTO], ["wall"]),
        answers_json({"picture_1": {"text_1": 5}}),
    ),
    "detector": (lambda model: model.detect(PHOTO, ["wall"]), answers_json({"boxes": []})),
    "inpainter": (lambda model: model.inpaint(PHOTO, MASK, "grass"), paints(PHOTO.crop((0, 0, 40, 40)))),
    "transcriber": (
        lambda model: model.transcribe(SPEECH),
        status(200, {"text": "go", "usage": {"input_tokens": 9, "output_tokens": 1}}),
    ),
}
"""For each role a call, and a reply that it can use."""

FAULTS: dict[str, tuple[Reply, type[ModelError], str]] = {
    "a wrong key": (error(401, f"wrong key {KEY}"), ModelRefused, "rejected the API key"),
    "a refusal": (error(400, f"our safety system objects to {KEY}"), ModelRefused, "safety system"),
    "an unknown model": (error(404, "no model `small`"), ModelRefused, "has no model `small`"),
    "too large": (error(413, "too large"), ModelRefused, "rejected the request as too large"),
    "no quota": (
        error(429, "quota", code="insufficient_quota"),
        ModelRefused,
        "quota of the account is used up",
    ),
    "trouble": (error(500, f"oops {KEY}"), ModelFailed, "failed .HTTP 500."),
    "a cut response": (cut, ModelFailed, "connection to .* failed"),
    "a body without end": (drip_body, ModelTimeout, "within 0.4 s"),
    "silence": (silence, ModelTimeout, "within 0.4 s"),
    "a web page": (status(200, "<!doctype html>"), ModelFailed, "a web page instead of JSON"),
    "another API": (status(200, {"hello": 1}), ModelFailed, "answered without"),
}


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *replies: stack.enter_context(OpenAIServer(*replies))


def loaded(role: str, server: OpenAIServer, **options: Any) -> Any:
    spec = {"model": "openai:small", "base_url": server.url, "api_key_env": "OPENAI_API_KEY", **options}
    return Zoo(models={role: spec}).get(role)


@pytest.mark.parametrize("role", USES)
def test_a_profile_loads_a_model_for_the_role_that_works_and_is_counted(role: str, serve: Serve) -> None:
    use, good = USES[role]
    server = serve(good)
    model = loaded(role, server, deadline=10)
    with counting() as usage:
        use(model)
    assert all(usage.tokens)
    assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.received[0].body["model"] == "small"


@pytest.mark.parametrize("role", USES)
def test_a_model_says_who_it_is_without_the_key(role: str) -> None:
    model = BACKEND.load(role, "small", {"base_url": "http://me:secret@127.0.0.1:9/v1", "deadline": 5})
    assert model.fingerprint.startswith("openai:small at http://127.0.0.1:9/v1")
    assert "secret" not in f"{model!r} {model.fingerprint}"
    assert KEY not in f"{model!r} {vars(model)!r}"


@pytest.mark.parametrize("role", USES)
def test_without_a_name_each_role_has_a_usual_model(role: str) -> None:
    assert BACKEND.load(role, "", {}).fingerprint.startswith("openai:gpt-")


@pytest.mark.parametrize("role", USES)
def test_without_key_and_address_the_model_is_unavailable(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelUnavailable, match="set OPENAI_API_KEY, or set OPENAI_BASE_URL"):
        BACKEND.load(role, "small", {})


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("role", ["visual_qa", "detector", "inpainter", "transcriber"])
def test_every_fault_is_a_typed_error_without_the_key(role: str, fault: str, serve: Serve) -> None:
    use, _ = USES[role]
    reply, kind, message = FAULTS[fault]
    model = loaded(role, serve(reply), deadline=0.4 if kind is ModelTimeout else 1.5)
    with pytest.raises(kind, match=message) as caught:
        use(model)
    assert caught.value.help
    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert KEY[-8:] not in shown


@pytest.mark.parametrize("role", USES)
def test_no_log_of_any_library_holds_the_key(
    role: str, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    use, good = USES[role]
    with caplog.at_level(logging.DEBUG):
        for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2"):
            caplog.set_level(logging.DEBUG, logger=name)
        use(loaded(role, serve(good), deadline=10))
    assert caplog.records, "the client says something at this level"
    assert KEY not in caplog.text
    assert not any(KEY in repr(vars(record)) for record in caplog.records)


@pytest.mark.parametrize("role", ["visual_qa", "inpainter", "transcriber"])
def test_trouble_that_passes_is_tried_again_with_the_whole_request(role: str, serve: Serve) -> None:
    use, good = USES[role]
    server = serve(error(503, "down"), good)
    use(loaded(role, server, deadline=10))
    first, second = server.received
    assert first.body == second.body


def test_a_profile_sets_the_side_at_which_an_inpainter_paints(serve: Serve) -> None:
    use, good = USES["inpainter"]
    server = serve(good)
    use(loaded("inpainter", server, side=128))
    assert server.received[0].body["size"] == "128x128"


def test_roles_that_name_one_model_share_it(serve: Serve) -> None:
    spec = {"model": "openai:small", "base_url": serve(answers("x")).url}
    zoo = Zoo(models=dict.fromkeys(["visual_qa", "captioner", "detector", "image_text_scorer"], spec))
    assert len({id(zoo.get(role)) for role in ("visual_qa", "captioner", "detector")}) == 1


@pytest.mark.parametrize(
    ("role", "option", "value", "advice"),
    [
        ("detector", "longest_side", "big", "a number of pixels, at least 64"),
        ("detector", "longest_side", 8, "a number of pixels, at least 64"),
        ("detector", "coordinates", "inches", "must be thousandths or pixels"),
        ("visual_qa", "structured", "no", "true or false"),
        ("inpainter", "side", 10.5, "a number of pixels, at least 64"),
        ("transcriber", "deadline", 0, "the maximum number of seconds for a request"),
        ("language_model", "parameters", [1], "must be a table"),
        ("captioner", "base_url", 80, "the address of a server"),
    ],
)
def test_an_option_of_the_wrong_kind_says_what_it_should_be(
    role: str, option: str, value: object, advice: str
) -> None:
    with pytest.raises(UsageError, match=f"`{option}`.*{advice}"):
        BACKEND.load(role, "small", {option: value})


def test_an_option_of_another_role_is_unknown() -> None:
    with pytest.raises(UsageError, match=r"takes no option `size`\nhelp: .*longest_side"):
        BACKEND.load("detector", "small", {"size": 512})


@pytest.mark.parametrize("role", USES)
def test_what_is_loaded_has_the_methods_of_the_role(role: str) -> None:
    model = BACKEND.load(role, "small", {})
    for name, method in inspect.getmembers(ROLES[role], inspect.isfunction):
        if not name.startswith("_"):
            wanted = list(inspect.signature(method).parameters)[1:]
            assert list(inspect.signature(getattr(model, name)).parameters) == wanted


def test_an_answer_that_is_of_no_use_is_paid_for_all_the_same(serve: Serve) -> None:
    model = loaded("visual_qa", serve(answers("an end", finish_reason="length")), deadline=5)
    with counting() as usage, pytest.raises(ModelFailed):
        model.answer(PHOTO, "?")
    assert usage.tokens == Tokens(120, 30)
