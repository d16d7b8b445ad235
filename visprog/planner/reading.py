"""What can be told of an instruction before it is planned: its language, and whether it compares pictures."""

from __future__ import annotations

import re

_ENGLISH = frozenset(
    """the is are of on to with this that there how what which who where when why does do did has have
    can be it its he she they his her their all each every and or not no from by for at into out one
    two three tag label hide replace blur crop cut create color colour pop remove erase make change
    turn find locate detect spot keep put place add draw show count describe tell please name mark
    picture image photo left right both""".split()
)

_FOREIGN = frozenset(
    """le la les l une des du et est sont dans sur avec combien quelle quel quels quelles où y fond ciel
    der das den dem ein eine einen und ist sind wie viele welche auf im mit nicht wo ersetze verberge entferne
    el los las una hay cuántos cuántas cuantos cuantas qué cuál está están en con foto imagen
    il gli ci sono quante quanti nella nel sul che è di
    os uma há quantas quantos na são imagem com
    het een hoeveel zijn op de foto
    hur många finns är på och den bilden
    ile jest są zdjęciu na ilu
    kaç var bu resimde
    berapa ada yang banyak
    có bao nhiêu trong""".split()
)
"""Frequent words of other languages that are no words of English."""

_SIDE = "(?:left|right|first|second)"
_PICTURES = "(?:images?|pictures?|photos?)"
_PAIR = re.compile(
    rf"\b{_SIDE} (?:and (?:the )?{_SIDE} )?{_PICTURES}\b"
    rf"|\b(?:both|each|two|neither|either|one|pair) (?:of )?(?:the )?(?:two )?{_PICTURES}\b",
    re.IGNORECASE,
)


def is_english(instruction: str) -> bool:
    """Whether an instruction may be English: neither its script nor its words are of another language."""
    words = set(re.findall(r"[^\W\d_]+", instruction.casefold()))
    if words & _ENGLISH:
        return len(words & _FOREIGN) < 3
    letters = [char for char in instruction if char.isalpha()]
    if 2 * sum(char > "\u024f" for char in letters) > len(letters):  # beyond the Latin letters
        return False
    return not words & _FOREIGN


def compares_pictures(instruction: str) -> bool:
    """Whether an instruction speaks of two pictures: `the left image`, `both pictures`."""
    return _PAIR.search(instruction) is not None
