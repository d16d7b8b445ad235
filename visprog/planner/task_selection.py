"""Chooses the bank that an instruction belongs to, by its wording and the number of pictures."""

from __future__ import annotations

import re

_POLITE = re.compile(
    r"(?:please|kindly|now|so|hey|hi|hello|(?:can|could|would|will) (?:you|we)(?: please)?"
    r"|i(?: would|['’]d)? (?:want|like) (?:you )?to|let['’]?s)[,\s]+"
)
_TWO_PICTURES = re.compile(
    r"\b(?:left|right|first|second) (?:image|picture|photo)|^there (?:is|are)\b"
    r"|\b(?:both|each|two|neither|either|one|pair) (?:of )?(?:the )?(?:images?|pictures?|photos?)\b"
    r"|^together\b.*\b(?:images|pictures|photos)\b|^on the (?:left|right) (?:there|one|you)\b"
)
_SIDE = "(?:left|right|first|second)"
_PICTURES = "(?:images?|pictures?|photos?)"
_COMPARISON = re.compile(
    rf"\b{_SIDE} (?:and (?:the )?{_SIDE} )?{_PICTURES}\b"
    rf"|\b(?:both|each|two|neither|either|one|pair) (?:of )?(?:the )?(?:two )?{_PICTURES}\b",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"(?:the|an?|no|\d+|one|two|three|four|five|six|seven|eight|nine|ten|at least|at most|exactly"
    r"|there (?:is|are)|you (?:can )?see|.+ there (?:is|are))\b(?!.*(?:\?$|\bcolou?r[- ](?:pop|splash)\b))"
)

_LABEL = r"(?:name[ -]?)?(?:tag|label)s?|names?"
_OBJECT = r"(?: (?!(?:on|onto|over|in|into|to|with|by|at|instead)\b)\S+)*?"
"""The object of "put" or "draw" ends before a preposition: "put a heart on the name tag" adds no tag."""

_TAG = re.compile(
    r"(?:tag|label|name|annotate|identify|recogni[sz]e|mark|write|point out|tell .+ apart)\b"
    rf"|(?:put|place|attach|add|stick|give|draw|show){_OBJECT} (?:{_LABEL})\b(?! in\b)"
    rf"|(?:put|place|add|draw){_OBJECT} (?:box(?:es)?|frames?) (?:around|with (?:an? )?(?:{_LABEL}))\b"
    rf"|show (?:me )?(?:with (?:an? )?(?:{_LABEL}) )?where\b"
)
_THEN_TAG = re.compile(
    r"\band (?:then )?(?:tag|label|annotate|name) (?:it|him|her|them|each|every|all|the)\b"
)
_EDITS = (
    r"(?:replace|swap|change|turn|hide|cover|obscure|conceal|censor|mask|blur|defocus|crop|cut|remove|erase"
    r"|create|make|put|place|add|keep|give|draw|paint|colou?r|do|apply|convert|edit|rotate|flip)\b"
)
_EDIT = re.compile(rf"{_EDITS}(?! you\b)")
_FIND = re.compile(rf"(?:find|locate|detect|spot)\b(?!.*(?:\?$|\band (?:then )?{_EDITS}))")

_ASK = r"(?:tell me|let me know|say|check|find out|decide|determine)"
_QUESTION = re.compile(
    rf"(?:{_ASK} )?(?:how|what|which|who|whom|whose|where|when|why|is|are|was|were|does|did|has|have|can"
    rf"|could|count)\b|{_ASK} (?:if|whether)\b|(?:tell|give)(?: me)? the (?:number|colou?r|kind) of\b"
    r"|describe\b|do (?:the|a|an|any|all|both|you|they|these|those)\b"
)


def choose_task(instruction: str, image_count: int) -> str:
    """Return the name of the bank that fits: nlvr, gqa, knowtag or imgedit.

    A statement belongs to nlvr, also if it is about a single picture. With two pictures, everything is a
    statement. An `image_count` of 0 means that the number is unknown, and the wording decides.
    """
    words = _normalized(instruction)
    if image_count == 2 or (image_count == 0 and _TWO_PICTURES.search(words)):
        return "nlvr"
    if _THEN_TAG.search(words) or _TAG.match(words):
        return "knowtag"
    if _QUESTION.match(words):
        return "gqa"
    if _EDIT.match(words):
        return "imgedit"
    if _FIND.match(words):
        return "knowtag"
    if _CAPTION.match(words):
        return "nlvr"
    return "gqa" if words.endswith("?") else "imgedit"


def usual_pictures(instruction: str, task: str) -> tuple[str, ...]:
    """Return the names of the pictures that an instruction is about, for use if no pictures are given."""
    words = _normalized(instruction)
    one = task != "nlvr" or (_CAPTION.match(words) and not _TWO_PICTURES.search(words))
    return ("IMAGE",) if one else ("LEFT", "RIGHT")


def compares_pictures(instruction: str) -> bool:
    """Return whether an instruction mentions two pictures: `the left image`, `both pictures`."""
    return _COMPARISON.search(instruction) is not None


def _normalized(instruction: str) -> str:
    """Return the words in lower case, without a polite beginning."""
    words = " ".join(instruction.casefold().split())
    while match := _POLITE.match(words):
        words = words[match.end() :]
    return words
