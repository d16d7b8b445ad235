"""Failures of requests: HTTP statuses, errors inside an answer, and lost connections."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from visprog.errors import ContextTooLong, ModelError, ModelFailed, ModelRefused, ModelTimeout
from visprog.models.backends.openai.address import Address
from visprog.models.backends.openai.connection import TooLarge
from visprog.models.server_json import decoded, read_json


class Failure(NamedTuple):
    """The reason why a request gave no answer.

    `again` says whether another attempt may help, after `pause` seconds if the server gave a time. `once`
    limits this to one more attempt. `status` and `said` are the server's status and message. `cut` is the
    start of an answer that was cut off. A failed request can still use tokens.
    """

    error: type[ModelError]
    message: str
    help: str
    again: bool = False
    pause: float | None = None
    once: bool = False
    status: int | None = None
    said: str = ""
    cut: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None


class Asked(NamedTuple):
    """The address and model of a request, whether it has a key, help for that, and a deadline in seconds."""

    address: Address
    model: str
    has_key: bool
    key_help: str
    deadline: float

    @property
    def place(self) -> str:
        """The address without its secrets."""
        return self.address.url


_MOST_NESTED = 3
"""Maximum number of times that gateways wrap the error of a server behind them."""


class _Report(NamedTuple):
    """An error that a server reports. `names` are its codes and types, in lower case."""

    status: int | None
    said: str
    names: tuple[str, ...] = ()


def failed_call(fault: Exception, asked: Asked, max_bytes: int) -> Failure:
    """Return the failure for an exception of the client."""
    import openai

    if isinstance(fault, TooLarge) or isinstance(fault.__cause__, TooLarge):
        return Failure(
            ModelFailed,
            f"the answer of {asked.place} is larger than {max_bytes / 1e6:g} MB",
            "use another model or server, or raise the option `max_bytes`",
        )
    if isinstance(fault, openai.APITimeoutError):
        return Failure(
            ModelTimeout,
            f"no answer came from {asked.place} within {asked.deadline:g} s",
            "try again, or set a longer deadline",
        )
    if isinstance(fault, openai.APIConnectionError):
        return _lost(str(fault.__cause__ or fault), asked)
    if isinstance(fault, openai.APIStatusError):
        response = fault.response
        body = read_json(decoded(response.content))
        return _rejection(_report(body, response.status_code), asked, response.headers)
    return Failure(
        ModelFailed, f"the answer of {asked.place} cannot be read ({type(fault).__name__})", "try again later"
    )


def _lost(why: str, asked: Asked) -> Failure:
    help_ = "check the base URL (OPENAI_BASE_URL), the network, and that the server is running"
    return Failure(
        ModelFailed,
        f"the connection to {asked.place} failed: {shortened(why)}",
        help_ + _proxy_help(asked.address),
        again=True,
    )


def _proxy_help(address: Address) -> str:
    variable = address.proxy_variable
    if not variable:
        return ""
    return f"; the request uses the proxy of {variable}; add {address.host} to NO_PROXY to bypass it"


def reported(body: Mapping[str, Any], asked: Asked, headers: Mapping[str, str]) -> Failure | None:
    """Return the error inside a response with a successful status, or None."""
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    first = first if isinstance(first, dict) else {}
    if first.get("error"):
        return _inside(_report({"error": first["error"]}, None), asked, headers)
    if body.get("error") or body.get("errors") or body.get("object") == "error":
        return _inside(_report(body, None), asked, headers)
    if first.get("finish_reason") == "error":
        return _inside(_report(body, 500), asked, headers)
    if choices or "data" in body or "text" in body:
        return None
    if isinstance(body.get("base_resp"), dict):  # the form of MiniMax
        return _inside(_report({"error": body["base_resp"]}, None), asked, headers)
    if body.get("detail") or isinstance(body.get("message"), str) or _status_of(body) is not None:
        return _inside(_report(body, None), asked, headers)
    return None


def _inside(report: _Report, asked: Asked, headers: Mapping[str, str]) -> Failure:
    """Return the failure for an error that came with HTTP 200."""
    if report.status is not None:
        return _rejection(report, asked, headers, "error")
    if _TEMPORARY.search(" ".join((report.said, *report.names))):
        return _rejection(report._replace(status=503), asked, headers, "")
    detail = f": {report.said}" if report.said else ""
    return Failure(
        ModelFailed,
        f"{asked.place} answered with an error{detail}",
        "change the request as the message says, or try again later",
        said=report.said,
    )


_TEMPORARY = re.compile(
    r"overload|busy|rate.?limit|too many|capacity|temporar|timed? ?out|try again|unavailable|exhausted", re.I
)
"""Words of temporary errors without a code."""


def _report(body: object, status: int | None) -> _Report:
    """Read an error in any form that servers use."""
    found: object = body
    if isinstance(body, dict):
        found = body.get("error") or body.get("errors") or body
    for _ in range(_MOST_NESTED):
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, dict) and isinstance(found.get("error"), dict | list):
            found = found["error"]
    if isinstance(found, str):
        return _Report(status or _status_of(body), _words(found))
    if not isinstance(found, dict):
        return _Report(status, "")
    names = [str(found[name]).casefold() for name in ("code", "type", "status") if found.get(name)]
    if isinstance(body, dict) and body.get("detail") and found is not body:
        names.append("detail")
    return _Report(status or _status_of(found) or _status_of(body), _message(found), tuple(names))


def _message(found: Mapping[str, Any]) -> str:
    for name in ("message", "detail", "msg", "status_msg", "error_description", "title"):
        value = found.get(name)
        if isinstance(value, list):  # the form of FastAPI
            value = "; ".join(str(each.get("msg", "")) for each in value if isinstance(each, dict))
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, str) and value:
            param = found.get("param")
            named = isinstance(param, str) and param and param not in value
            return _words(f"{value} ({param})" if named else value)
    return ""


def _words(text: str) -> str:
    return "" if text.lstrip().startswith("<") else shortened(text)


_NAMED_STATUS = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "rate_limit": 429,
    "too_many_requests": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "server_error": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "internalservererror": 500,
    "internal": 500,
    "api_error": 500,
    "bad_gateway": 502,
    "service_unavailable": 503,
    "unavailable": 503,
    "overloaded_error": 503,
    "overloaded": 503,
    "engine_overloaded": 503,
    "gateway_timeout": 504,
    "timeout": 504,
    "deadline_exceeded": 504,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "invalid_argument": 400,
    "badrequesterror": 400,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "unauthenticated": 401,
    "permission_denied": 403,
    "permission_error": 403,
    "model_not_found": 404,
    "not_found_error": 404,
}


def _status_of(found: object) -> int | None:
    """Return the HTTP status for the codes of an error."""
    if not isinstance(found, dict):
        return None
    for name in ("code", "status_code", "status", "type"):
        value = found.get(name)
        text = str(value).strip().casefold().replace(" ", "_") if isinstance(value, str | int) else ""
        if re.fullmatch(r"[45]\d\d", text):
            return int(text)
        if text in _NAMED_STATUS:
            return _NAMED_STATUS[text]
    return None


_TOO_LONG = re.compile(
    r"context.?(length|window|size|limit)|maximum context|prompt is too long|input is too long"
    r"|too many (input )?tokens|token limit exceeded|exceed\w* .{0,60}(context|input tokens|token limit)"
    r"|reduce the length|longer than the model",
    re.I,
)
_NO_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "quota_exceeded")


def _rejection(report: _Report, asked: Asked, headers: Mapping[str, str], word: str = "HTTP") -> Failure:
    """Return the failure for a status other than success."""
    status, said = report.status or 0, report.said
    code = f" ({word} {status})" if word else ""
    detail = code + (f": {said}" if said and status != 401 else "")
    failure = Failure(ModelFailed, f"{asked.place} failed{detail}", "try again later", True)
    if 300 <= status < 400:
        failure = _redirected(asked, headers, code)
    elif status in (400, 413, 422, 500) and ("context_length_exceeded" in report.names or _is_too_long(said)):
        failure = Failure(ContextTooLong, f"the request is too long for {asked.model}{detail}", _LONGER)
    elif status == 429 and not set(_NO_QUOTA) & set(report.names):
        message = f"{asked.place} received too many requests{detail}"
        failure = Failure(
            ModelRefused, message, "wait a while, send fewer requests, or use another model", True
        )
    elif status not in (408, 409, 425) and status < 500:
        failure = _refusal(report, asked, detail)
    if status in (502, 503, 504, 407):
        failure = failure._replace(help=failure.help + _proxy_help(asked.address))
    pause = _retry_after(headers) if failure.again else None
    return failure._replace(status=report.status, said=said, pause=pause)


def _is_too_long(said: str) -> bool:
    return _TOO_LONG.search(said) is not None


_LONGER = "use a model or server with a longer context, or send less"


def _redirected(asked: Asked, headers: Mapping[str, str], code: str) -> Failure:
    target = headers.get("location", "").partition("?")[0].rpartition("@")[2]
    return Failure(
        ModelRefused,
        f"{asked.place} redirects to {shortened(target) or 'nowhere'}{code}; "
        "redirects to other servers are blocked",
        "if you trust that address, give it as the base URL (OPENAI_BASE_URL)",
    )


def _refusal(report: _Report, asked: Asked, detail: str) -> Failure:
    status, said = report.status or 0, report.said
    message, help_ = _REFUSALS.get(status, ("rejected the request", "change the request as the message says"))
    if status == 401:
        message = message if asked.has_key else "needs an API key"
        help_ = asked.key_help
    if status == 404 and ("model_not_found" in report.names or "model" in said.lower()):
        message = f"has no model `{asked.model}`"
        help_ = "use a model of this server (OPENAI_MODEL, or in the profile)"
    return Failure(ModelRefused, f"{asked.place} {message}{detail}", help_)


_REFUSALS = {
    401: ("rejected the API key", ""),
    402: ("requires payment", "add credit to the account, or use another key"),
    403: ("does not allow this request", "check whether the key may use this model from your country"),
    404: ("has nothing at this address", "check the base URL (OPENAI_BASE_URL): it usually ends in /v1"),
    407: ("cannot be reached, because the proxy needs a login", "check the login in the proxy variable"),
    413: (
        "rejected the request as too large",
        "use a shorter instruction, fewer examples, or smaller pictures",
    ),
    429: (
        "reports that the quota of the account is used up",
        "add credit to the account, or use another key",
    ),
}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the number of seconds to wait: the server sends a number, or a date by its own clock."""
    thousandths = _number(headers.get("retry-after-ms", ""))
    if thousandths is not None:
        return thousandths / 1000
    value = headers.get("retry-after", "")
    pause = _number(value)
    if pause is not None:
        return pause
    until, now = _timestamp(value), _timestamp(headers.get("date", ""))
    if until is None:
        return None
    left = until - (time.time() if now is None else now)
    return left if left > 0 else None  # a date in the past means no waiting


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number > 0 and not math.isnan(number) else None


def _timestamp(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def shortened(text: str) -> str:
    """Return the start of a server's message on one line, without control characters."""
    line = " ".join(text[:2000].split())
    line = "".join(char if char.isprintable() else "�" for char in line)
    return line if len(line) <= 300 else f"{line[:299]}…"
