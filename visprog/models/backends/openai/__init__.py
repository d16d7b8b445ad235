"""The backend `openai`: models of OpenAI-compatible servers, in the cloud or on this machine."""

from __future__ import annotations

import re

from visprog.models.backend import Backend
from visprog.models.backends.openai.configuration import environment_facts, is_configured
from visprog.models.options import FLAG, TABLE, Option, number, one_of, text, whole_number

_PICTURE_READERS = ("visual_qa", "captioner", "image_text_scorer", "detector")
_WRITERS = ("language_model", *_PICTURE_READERS)
_PIXELS = whole_number("a number of pixels, at least 64", 64)

BACKEND = Backend(
    name="openai",
    loader="visprog.models.backends.openai.loading:load",
    roles=(
        "language_model",
        "visual_qa",
        "captioner",
        "image_text_scorer",
        "detector",
        "inpainter",
        "transcriber",
    ),
    packages=("openai",),
    distributions=("openai",),
    remote=True,
    options=(
        Option(
            "base_url",
            text('the address of a server, such as "http://host/v1"', lambda _: True),
            "the address of the server",
            "OPENAI_BASE_URL, or OpenAI",
            secret=True,
        ),
        Option(
            "api_key_env",
            text(
                "the name of an environment variable with the key, such as MY_SERVER_KEY, not the key",
                lambda value: re.fullmatch(r"[A-Z_][A-Z0-9_]*", value) is not None,
            ),
            "the environment variable with the key",
            "OPENAI_API_KEY, for OpenAI and the server of OPENAI_BASE_URL",
            secret=True,
        ),
        Option(
            "deadline",
            number("the maximum number of seconds for a request", lambda value: 0.001 <= value <= 1e6),
            "the deadline of a request in seconds",
            "60; 120 for speech, 240 for inpainting",
        ),
        Option(
            "max_bytes",
            whole_number("the maximum number of bytes of an answer, at least 1000", 1000),
            "the maximum size of an answer in bytes",
            "32 million",
        ),
        Option("parameters", TABLE, "more fields of the request", "none", secret=True),
        Option(
            "max_tokens",
            whole_number("the maximum number of tokens of an answer"),
            "the maximum length of an answer in tokens",
            "the server's",
            _WRITERS,
        ),
        Option(
            "temperature",
            number("a number, 0 or more", lambda value: 0 <= value <= 10),
            "the temperature of sampling",
            "the server's",
            _WRITERS,
        ),
        Option(
            "reasoning_effort",
            text('a value that the service knows, such as "low"', lambda value: bool(value.strip())),
            "the amount of reasoning",
            "the server's",
            _WRITERS,
        ),
        Option(
            "longest_side",
            _PIXELS,
            "the longer side, in pixels, of pictures that are sent",
            "1024",
            _PICTURE_READERS,
        ),
        Option(
            "coordinates",
            one_of("thousandths", "pixels"),
            "the unit of boxes in answers",
            "thousandths",
            _PICTURE_READERS,
        ),
        Option("structured", FLAG, "whether the service accepts JSON schemas", "true", _PICTURE_READERS),
        Option(
            "side", _PIXELS, "the side, in pixels, of the squares that are painted", "1024", ("inpainter",)
        ),
    ),
    environment=environment_facts,
    is_configured=is_configured,
)
