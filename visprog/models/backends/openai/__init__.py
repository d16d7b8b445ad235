"""The backend `openai`: models of OpenAI-compatible servers, in the cloud or on this machine."""

from __future__ import annotations

from visprog.models.backend import Backend
from visprog.models.backends.openai.configuration import is_configured, surroundings

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
    surroundings=surroundings,
    is_configured=is_configured,
)
