"""The backend `openai`: models of OpenAI-compatible servers, in the cloud or on this machine."""

from __future__ import annotations

import re

from visprog.models.backend import Backend
from visprog.models.backends.openai.configuration import is_configured, surroundings
from visprog.models.options import FLAG, TABLE, Option, number, one_of, text, whole_number

_PICTURE_READERS = ("visual_qa", "captioner", "image_text_scorer", "detector")
_WRITERS = ("language_model", *_PICTURE_READERS)
_PIXELS = whole_number("a number of pixels, 64 at least", 64)

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
            "the server that is asked",
            "OPENAI_BASE_URL, or OpenAI",
            secret=True,
        ),
        Option(
            "api_key_env",
            text(
                "the name of an environment variable that holds the key, such as MY_SERVER_KEY, "
                "and never the key",
                lambda value: re.fullmatch(r"[A-Z_][A-Z0-9_]*", value) is not None,
            ),
            "where the key of base_url is read from",
            secret=True,
        ),
        Option(
            "deadline",
            number("the seconds that a request may take", lambda value: 0.001 <= value <= 1e6),
            "the longest time of a request, in seconds",
            "60; 120 for speech, 240 for pictures that are painted",
        ),
        Option(
            "max_bytes",
            whole_number("the number of bytes that an answer may have, 1000 at least", 1000),
            "the largest answer, in bytes",
        ),
        Option("parameters", TABLE, "further fields of the request", "none", secret=True),
        Option(
            "max_tokens",
            whole_number("the number of tokens that an answer may have"),
            "the longest answer, in tokens",
            "the server's",
            _WRITERS,
        ),
        Option(
            "temperature",
            number("a number, 0 or more", lambda value: 0 <= value <= 10),
            "how much the answers vary",
            "the server's",
            _WRITERS,
        ),
        Option(
            "reasoning_effort",
            text('a word that the service knows, such as "low"', lambda value: bool(value.strip())),
            "how long the model thinks",
            "the server's",
            _WRITERS,
        ),
        Option(
            "longest_side", _PIXELS, "the longer side of pictures that are sent", "1024", _PICTURE_READERS
        ),
        Option(
            "coordinates",
            one_of("thousandths", "pixels"),
            "the unit of the boxes that the model returns",
            "thousandths",
            _PICTURE_READERS,
        ),
        Option("structured", FLAG, "whether JSON is asked for by a schema", "true", _PICTURE_READERS),
        Option("side", _PIXELS, "the side of pictures that are painted", "1024", ("inpainter",)),
    ),
    environment=surroundings,
    is_configured=is_configured,
)
