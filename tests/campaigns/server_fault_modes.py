"""What servers do wrong, by name, and what must come of it."""

from __future__ import annotations

import base64
import json
import urllib.parse
import zlib

from tests.campaigns.server_fault_replies import (
    KEY,
    LOGIN,
    PASSWORD,
    Mode,
    body,
    bomb,
    bytes_of,
    delta,
    drip,
    endless,
    error,
    fails,
    good,
    message,
    raw,
    refuses,
    reset,
    says,
    stream,
)
from tests.models.openai_server import completion, cut, hang_up, silence
from visprog.errors import AnswerCut, ContextTooLong, ModelTimeout

OK = good()
SPOKEN = completion("Hi.")
HELD = {"max_tokens": 50, "temperature": 0.5}
WITH_SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}}


def statuses() -> dict[str, Mode]:
    """Return a mode for every status that servers and proxies use, and for some that they should not."""
    modes: dict[str, Mode] = {}
    for status in (*range(400, 432), 444, 451, 460, 494, 498, 499, *range(500, 512), *range(520, 531), 599):
        reply = error(status, f"no, said {KEY}")
        if status in (408, 409, 425) or status >= 500:
            modes[f"status {status}"] = fails(reply, words=f"failed (HTTP {status})", requests=3)
            if status % 2:
                modes[f"status {status} once"] = says(reply, OK, requests=2)
        elif status == 429:
            modes["status 429"] = refuses(reply, words="too many requests", requests=3)
        else:
            modes[f"status {status}"] = refuses(reply, words=f"(HTTP {status})")
    return modes


RETRY_AFTER = {
    f"retry after {value!r}": says(error(429, "later", {"retry_after": value}), OK, requests=2)
    for value in ("1", "0", "-1", "nan", "0.5", "soon", "", "Mon, 99 Foo 2026", "1, 2", "5 s", "\xff")
} | {
    "retry after milliseconds": says(error(503, "x", {"retry_after_ms": "20"}), OK, requests=2),
    "retry after an hour": refuses(error(429, "x", {"retry_after": "3600"}), words="longer than the"),
    "retry after infinity": refuses(error(429, "x", {"retry_after": "inf"}), words="longer than the"),
    "retry after 1e400": refuses(error(429, "x", {"retry_after": "1e400"}), words="longer than the"),
}

CONNECTIONS = {
    "reset in the body": fails(raw(reset), words="connection to", requests=3),
    "reset once": says(raw(reset), OK, requests=2),
    "hang up": fails(raw(hang_up), words="connection to", requests=3),
    "cut body": fails(raw(cut), words="connection to", requests=3),
    "cut body once": says(raw(cut), OK, requests=2),
    "silence": fails(raw(silence), words="0.5 s", error=ModelTimeout, endless=True),
    "drip": fails(raw(drip), words="0.5 s", error=ModelTimeout, endless=True),
    "no HTTP": fails(bytes_of(b"SSH-2.0-OpenSSH_9\r\n\r\n"), words="connection to", requests=3),
    "HTTP/0.9": fails(bytes_of(b"hello"), words="connection to", requests=3),
    "junk for chunks": fails(
        bytes_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n{}"),
        words="connection to",
        requests=3,
    ),
    "a chunk too short": fails(
        bytes_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}\r\n"),
        words="connection to",
        requests=3,
    ),
    "a header without end": fails(
        bytes_of(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000), words="connection to", requests=3
    ),
    "a length too large": fails(body(SPOKEN, content_length="999999"), words="connection to", requests=3),
    "a length too small": fails(
        body(SPOKEN, content_length="20", connection="close"), words="not JSON", requests=3
    ),
    "a length that is no number": fails(body(SPOKEN, content_length="many"), words="connection", requests=3),
    "a negative length": fails(body(SPOKEN, content_length="-1"), words="connection to", requests=3),
    "endless blanks": fails(endless(b"", b" " * 8192), words="larger than 0.3 MB"),
    "an endless string": fails(endless(b'{"choices": "', b"a" * 8192), words="larger than 0.3 MB"),
    "an endless stream": fails(
        endless(b"", b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'), words="larger than 0.3 MB"
    ),
    "a large answer": fails(good("a" * 400_000), words="larger than 0.3 MB"),
    "a gzip bomb": fails(body(bomb(), content_encoding="gzip"), words="larger than 0.3 MB"),
    "a gzip bomb in an error": fails(body(bomb(), 400, content_encoding="gzip"), words="larger than 0.3 MB"),
    "no gzip": fails(body(SPOKEN, content_encoding="gzip"), words="connection to", requests=3),
    "half a gzip": fails(
        body(zlib.compress(json.dumps(SPOKEN).encode(), wbits=31)[:-30], content_encoding="gzip"),
        words="",
        requests=3,
    ),
    "an unknown encoding": says(body(SPOKEN, content_encoding="sdch")),
    "204": fails(bytes_of(b"HTTP/1.1 204 No Content\r\n\r\n"), words="not JSON", requests=3),
    "100 first": says(
        bytes_of(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
            % (len(json.dumps(SPOKEN)), json.dumps(SPOKEN).encode())
        )
    ),
    "201": says(body(SPOKEN, 201)),
}

TEXTS = {
    "an empty body": fails(body(b""), words="not JSON", requests=3),
    "half of the JSON": fails(body(b'{"choices": [{"mes'), words="not JSON", requests=3),
    "junk": fails(body(bytes(range(256))), words="not JSON", requests=3),
    "a web page": fails(body("<html>", content_type="text/html"), words="a web page"),
    "a byte order mark": says(body(b"\xef\xbb\xbf" + json.dumps(SPOKEN).encode())),
    "UTF-16": says(body(json.dumps(SPOKEN).encode("utf-16"))),
    "UTF-32 without a mark": says(body(json.dumps(SPOKEN).encode("utf-32-le"))),
    "a wrong charset": says(
        body(
            json.dumps(completion("Zoë"), ensure_ascii=False).encode(),
            content_type="application/json; charset=utf-16",
        ),
        answer="Zoë",
    ),
    "Latin-1": says(
        body(
            json.dumps(completion("Zoë"), ensure_ascii=False).encode("latin-1"),
            content_type='application/json; charset="latin-1"',
        ),
        answer="Zoë",
    ),
    "an unknown charset": says(body(SPOKEN, content_type="application/json; charset=klingon")),
    "NUL around": says(body(b"\0\0" + json.dumps(SPOKEN).encode() + b"\0")),
    "NUL inside": says(body(json.dumps(SPOKEN).replace("Hi.", "H\0i.")), answer="H\0i."),
    "a line break inside": says(body(json.dumps(SPOKEN).replace("Hi.", "H\ni.")), answer="H\ni."),
    "half a character": says(body(json.dumps(SPOKEN).replace("Hi.", "H\\ud83d")), answer="H?"),
    "deep JSON": fails(body(b"[" * 100_000), words="not JSON", requests=3),
    "deep JSON, closed": fails(body(b"[" * 50_000 + b"]" * 50_000), words="not JSON", requests=3),
    "a huge number": says(body(json.dumps(SPOKEN).replace('"index": 0', '"index": ' + "9" * 100_000))),
    "huge token counts": says(
        body({**SPOKEN, "usage": {"prompt_tokens": 10**400, "completion_tokens": -(10**30)}})
    ),
    "NaN": says(body(json.dumps(SPOKEN).replace('"index": 0', '"index": NaN'))),
    "null": fails(body("null"), words="without choices"),
    "a number": fails(body("7"), words="without choices"),
    "a list": says(body([SPOKEN])),  # as Google wraps its errors
}

SHAPES = {
    "null choices": fails(body({"choices": None}), words="without choices", requests=2),
    "no choices": fails(body({"choices": []}), words="without choices", requests=2),
    "choices by number": fails(
        body({"choices": {"0": SPOKEN["choices"][0]}}), words="without choices", requests=2
    ),
    "a null choice": fails(body({"choices": [None]}), words="without choices", requests=2),
    "a null message": fails(body({"choices": [{"message": None}]}), words="without text", requests=2),
    "null everything": fails(
        body(
            {
                "choices": [{"message": {"content": None, "role": None}, "finish_reason": None}],
                "usage": None,
                "model": None,
            }
        ),
        words="without text",
        requests=2,
    ),
    "no content": fails(good(None), words="without text", requests=2),
    "blank content": fails(good(" \n"), words="without text", requests=2),
    "empty once": says(good(""), OK, requests=2),
    "content is a number": fails(good(7), words="without text", requests=2),
    "the text of a completion": says(body({"choices": [{"text": "Hi."}]})),
    "text parts": says(good([{"type": "text", "text": "H"}, {"type": "output_text", "text": "i."}])),
    "one part": says(good({"type": "text", "text": "Hi."})),
    "parts of strings": says(good(["H", "i."])),
    "a part with a value": says(good([{"type": "text", "text": {"value": "Hi.", "annotations": []}}])),
    "thinking parts": says(
        good(
            [
                {"type": "thinking", "thinking": [{"type": "text", "text": "no"}]},
                {"type": "text", "text": "Hi."},
            ]
        )
    ),
    "reasoning parts": says(good([{"type": "reasoning", "text": "no"}, {"type": "text", "text": "Hi."}])),
    "only thinking parts": fails(
        good([{"type": "thinking", "thinking": "no"}]), words="without text", requests=2
    ),
    "null parts": says(good([None, 7, {"type": "text", "text": None}, {"type": "text", "text": "Hi."}])),
    "a refusal part": refuses(
        good([{"type": "refusal", "refusal": "Never."}]), words="declined to answer: Never."
    ),
    "a refusal": refuses(message(content=None, refusal="Never."), words="declined to answer: Never."),
    "a content filter": refuses(good("", finish_reason="content_filter"), words="content filter"),
    "a tool call": fails(
        message(content=None, tool_calls=[{"function": {"name": "f", "arguments": "{}"}}]),
        words="a tool call",
        requests=2,
    ),
    "only reasoning_content": says(
        message(content="", reasoning_content="Hi."), remark="field for reasoning"
    ),
    "only reasoning": says(message(content=None, reasoning="Hi."), remark="field for reasoning"),
    "reasoning beside the answer": says(message(content="Hi.", reasoning_content="no")),
    "reasoning without end": fails(
        body(completion("", message={"content": "", "reasoning_content": "hm"}, finish_reason="length")),
        words="used all its tokens for reasoning",
        error=AnswerCut,
    ),
    "the length limit": fails(good("Hi", finish_reason="length"), words="length limit", error=AnswerCut),
    "no finish_reason": says(good(finish_reason=None)),
    "an odd finish_reason": says(good(finish_reason={"why": 1})),
    "a key in the answer": says(good(f"It is {KEY}."), answer="It is [secret]."),
}

INSIDE = {
    f"200 with {name}": mode
    for name, mode in {
        "code 429": says(error(200, "busy", code=429), OK, requests=2),
        "code '429'": says(error(200, "busy", code="429"), OK, requests=2),
        "rate_limit_exceeded": says(error(200, "x", code="rate_limit_exceeded"), OK, requests=2),
        "rate limit for ever": refuses(error(200, "x", code=429), words="too many requests", requests=3),
        "no quota": refuses(error(200, "x", code="insufficient_quota"), words="is used up"),
        "vLLM's form": says(body({"object": "error", "message": "x", "code": 503}), OK, requests=2),
        "vLLM's form, 400": refuses(body({"object": "error", "message": "bad", "code": 400}), words="bad"),
        "code 502, no choices": says(body({"code": 502, "message": "x", "choices": []}), OK, requests=2),
        "code 503, null choices": says(body({"code": 503, "choices": None}), OK, requests=2),
        "an error and no choices": says(body({"error": {"code": 502}, "choices": []}), OK, requests=2),
        "an error in the choice": says(
            body({"choices": [{"error": {"code": 502, "message": "x"}, "message": {"content": "H"}}]}),
            OK,
            requests=2,
        ),
        "finish_reason error": says(good("H", finish_reason="error"), OK, requests=2),
        "an error as text": fails(body({"error": f"bad {KEY}"}), words="answered with an error: bad"),
        "a busy error as text": says(body({"error": "Server overloaded, try again"}), OK, requests=2),
        "a list of errors": says(body({"errors": [{"code": 500, "message": "x"}]}), OK, requests=2),
        "detail": fails(body({"detail": "no such thing"}), words="error: no such thing"),
        "detail in a list": fails(
            body({"detail": [{"loc": ["body"], "msg": "field required"}]}), words="field required"
        ),
        "Google's status": says(error(200, "x", status="UNAVAILABLE"), OK, requests=2),
        "Anthropic's type": says(
            body({"type": "error", "error": {"type": "overloaded_error"}}), OK, requests=2
        ),
        "an empty error beside an answer": says(body({**SPOKEN, "error": None})),
        "code 401": refuses(error(200, "bad key", code=401), words="rejected the API key"),
    }.items()
}

STREAMS = {
    f"stream {name}": mode
    for name, mode in {
        "plain": says(stream(delta("H"), delta("i."), delta(None, "stop")), remark="streamed"),
        "CRLF": says(stream(delta("H"), delta("i."), line="\r\n"), remark="streamed"),
        "as JSON": says(stream(delta("Hi.", "stop"), content_type="application/json"), remark="streamed"),
        "without [DONE]": says(stream(delta("Hi."), delta(None, "stop"), end=""), remark="streamed"),
        "cut": fails(stream(delta("H"), end=""), words="stream of", requests=3),
        "cut once": says(stream(delta("H"), end=""), OK, requests=2),
        "with comments": says(stream(": hello\n\n", delta("Hi."), ": ping\n\n"), remark="streamed"),
        "with events": says(stream("event: message\nid: 1\n", delta("Hi.")), remark="streamed"),
        "with junk": says(stream("data: {junk\n\n", delta("Hi."), "data:\n\n"), remark="streamed"),
        "without blank lines": says(
            body("".join(f"data: {json.dumps(delta(each))}\n" for each in ("H", "i.")) + "data: [DONE]\n"),
            remark="streamed",
        ),
        "with an error": says(stream(delta("H"), {"error": {"code": 502, "message": "x"}}), OK, requests=2),
        "with a length limit": fails(stream(delta("H", "length")), words="length limit", error=AnswerCut),
        "of reasoning": says(stream(delta("", reasoning_content="no"), delta("Hi.")), remark="streamed"),
        "of parts": says(
            stream(delta([{"type": "thinking", "text": "no"}]), delta([{"type": "text", "text": "Hi."}])),
            remark="streamed",
        ),
        "of two choices": says(
            stream(delta("Hi."), {"choices": [{"index": 1, "delta": {"content": "no"}}]}), remark="streamed"
        ),
        "of nothing": fails(stream(), words="without text", requests=2),
        "kept open": says(
            endless(b"data: " + json.dumps(delta("Hi.")).encode() + b"\n\ndata: [DONE]\n\n", b": ping\n\n"),
            remark="streamed",
        ),
    }.items()
}

FALLBACKS = {
    "no schema": says(
        error(400, "response_format is not supported"), OK, requests=2, remark="schema", fields=WITH_SCHEMA
    ),
    "no schema, no word": says(error(400, ""), OK, requests=2, remark="schema", fields=WITH_SCHEMA),
    "no schema, 500": says(error(500, "grammar failed"), OK, requests=2, remark="schema", fields=WITH_SCHEMA),
    "no schema, in 200": says(
        error(200, "json_schema?", code=400), OK, requests=2, remark="schema", fields=WITH_SCHEMA
    ),
    "no system role": says(error(400, "System role not supported"), OK, requests=2, remark="system turn"),
    "no system role, a template": says(
        error(500, "Conversation roles must alternate user/assistant"), OK, requests=2, remark="system turn"
    ),
    "no max_tokens": says(
        error(400, "Unsupported parameter: use 'max_completion_tokens'", param="max_tokens"),
        OK,
        requests=2,
        remark="max_completion_tokens",
        fields=HELD,
    ),
    "max_tokens too large": refuses(
        error(400, "max_tokens is too large: 50"), words="too large", fields=HELD
    ),
    "no temperature": says(
        error(400, "'temperature' does not support 0.5"), OK, requests=2, remark="temperature", fields=HELD
    ),
    "neither": says(
        error(400, "no temperature"),
        error(400, "no max_tokens"),
        OK,
        requests=3,
        remark="temper",
        fields=HELD,
    ),
    "a fallback that does not help": refuses(
        error(400, "temperature"), words="temperature", requests=2, fields=HELD
    ),
    "a fallback after trouble": says(
        error(503, "x"), error(400, "temperature"), OK, requests=3, remark="temper", fields=HELD
    ),
    "context too long": refuses(
        error(400, "This model's maximum context length is 10 tokens", code="context_length_exceeded"),
        words="too long for small",
        error=ContextTooLong,
    ),
    "context too long, llama.cpp": refuses(
        error(400, "the request exceeds the available context size", type="exceed_context_size_error"),
        words="too long",
        error=ContextTooLong,
    ),
    "context too long, in 200": refuses(
        error(200, "prompt is too long", code=400), words="too long for small", error=ContextTooLong
    ),
}

REDIRECTS = {
    "307 to itself": says(body(b"", 307, location="/v1/other"), OK, requests=2),
    "308 to itself for ever": refuses(
        body(b"", 308, location="/v1/chat/completions"), words="redirects to", requests=4
    ),
    "301 to itself": refuses(body(b"", 301, location="/v1/other"), words="redirects to /v1/other"),
    "307 to another host": refuses(
        body(b"", 307, location="http://localhost:9/v1"), words="redirects to http://localhost:9/v1"
    ),
    "307 to another scheme": refuses(body(b"", 307, location="https://127.0.0.1/"), words="redirects to"),
    "302 with a login": refuses(body(b"", 302, location="http://u:hidden1@host/"), words="redirects to host"),
    "a redirect to nowhere": refuses(body(b"", 307), words="redirects to nowhere"),
    "a redirect to junk": refuses(body(b"", 307, location="http://[::1"), words="redirects to http://[::1"),
    "a redirect with a bomb": fails(
        body(bomb(), 307, content_encoding="gzip", location="http://localhost:9/"), words="larger than"
    ),
}

ECHOES = {
    f"an echo of {name}": refuses(error(400, f"You sent {secret} here"), words="You sent")
    for name, secret in {
        "the key": KEY,
        "half of the key": KEY[:14],
        "the end of the key": "..." + KEY[-8:],
        "the key in Base64": base64.b64encode(KEY.encode()).decode(),
        "the key in Base64 for addresses": base64.urlsafe_b64encode(f":{KEY}".encode()).decode(),
        "the key in hexadecimal": KEY.encode().hex(),
        "the password": PASSWORD,
        "the login": LOGIN,
        "the login in Basic form": base64.b64encode(LOGIN.encode()).decode(),
        "the login in percent form": urllib.parse.quote(LOGIN, safe=""),
        "the password in percent form": urllib.parse.quote(PASSWORD, safe="").lower(),
        "the address": f"{urllib.parse.quote(LOGIN, safe=':')}@host/v1",
    }.items()
}

MODES: dict[str, Mode] = {
    **statuses(),
    **RETRY_AFTER,
    **CONNECTIONS,
    **TEXTS,
    **SHAPES,
    **INSIDE,
    **STREAMS,
    **FALLBACKS,
    **REDIRECTS,
    **ECHOES,
}
