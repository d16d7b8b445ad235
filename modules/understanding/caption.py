"""Caption: describes a picture."""

from __future__ import annotations

from visprog.models.roles import Captioner
from visprog.tools import tool
from visprog.values import Image


@tool("Caption")
def caption(image: Image, *, captioner: Captioner) -> str:
    """Describe `image` in one sentence."""
    return captioner.caption(image).strip()
