"""Which bank an instruction belongs to, by its wording and the number of pictures."""

from __future__ import annotations

import re

_POLITE = re.compile(
    r"(?:please|kindly|now|so|hey|hi|hello|(?:can|could|would|will) (?:you|we)(?: please)?"
    r"|i(?: would|['’]d)? (?:want|like) (?:you )?to|let['’]?s)[,\s]+"
)
_TWO_PICTURES = re.compile(
    r"\b(?:left|right|first|second) (?:image|picture|photo)|^there (?:is|are)\b"
    r"|\b(?:both|each|two|neither|one|pair) (?:of )?(?:the )?(?:images?|pictures?|photos?)\b"
)
_EDIT = re.compile(
    r"(?:replace|swap|change|turn|hide|cover|obscure|conceal|censor|mask|blur|defocus|crop|cut|remove|erase|create"
    r"|make|put|place|add|keep|give|draw|paint|colou?r|do|apply|convert|edit|rotate|flip)\b(?! you\b)"
)
_TAG = re.compile(r"(?:tag|label|name|annotate|identify|mark|write the names?|put the names?)\b")
_QUESTION = re.compile(
    r"(?:tell me |let me know )?(?:how|what|which|who|whom|whose|where|when|why|is|are|was|were|does|did|has"
    r"|have|can|could|count)\b"
    r"|do (?:the|a|an|any|all|both|you|they|these|those)\b"
)


def choose_task(instruction: str, image_count: int) -> str:
    """Return the name of the bank that fits: nlvr, gqa, knowtag or imgedit.

    Two pictures mean a statement about both. With none known yet, the wording decides that too.
    """
    words = _wording(instruction)
    if image_count == 2 or (image_count == 0 and _TWO_PICTURES.search(words)):
        return "nlvr"
    if _TAG.match(words):
        return "knowtag"
    if _QUESTION.match(words):
        return "gqa"
    if _EDIT.match(words):
        return "imgedit"
    return "gqa" if instruction.rstrip().endswith("?") else "imgedit"


def _wording(instruction: str) -> str:
    words = " ".join(instruction.casefold().split())
    while match := _POLITE.match(words):
        words = words[match.end() :]
    return words
