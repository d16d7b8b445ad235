"""Detects instructions that are not in English, by their script and their most frequent words."""

from __future__ import annotations

import re

_ENGLISH = frozenset(
    """the is are of on to with this that there how what which who where when why does do did has have
    can be it its he she they his her their all each every and or not no from by for at into out one
    two three tag label hide replace blur crop cut create color colour pop remove erase make change
    turn find locate detect spot keep put place add draw show count describe tell please name mark
    picture image photo left right both""".split()
)
"""Frequent words of English instructions."""

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
"""Frequent words of other languages that are not English words."""

_MAX_FOREIGN = 2
"""Maximum number of foreign words in an instruction with English words: they may be names."""


def is_english(instruction: str) -> bool:
    """Return whether an instruction may be in English: its script and words do not show another language."""
    words = set(re.findall(r"[^\W\d_]+", instruction.casefold()))
    if words & _ENGLISH:
        return len(words & _FOREIGN) <= _MAX_FOREIGN
    letters = [char for char in instruction if char.isalpha()]
    if 2 * sum(char > "\u024f" for char in letters) > len(letters):  # beyond the Latin letters
        return False
    return not words & _FOREIGN
