"""Vqa: answers questions about a picture."""

from __future__ import annotations

from visprog.models.roles import VisualQA
from visprog.tools import tool
from visprog.values import Image, Scalar


@tool("Vqa")
def vqa(image: Image, question: str, *, visual_qa: VisualQA) -> Scalar:
    """Answer a short `question` about `image`: 'yes', '3', 'red'.

    The answer is text. Eval converts it to a number or a truth value if needed.
    """
    return visual_qa.answer(image, question).strip()
