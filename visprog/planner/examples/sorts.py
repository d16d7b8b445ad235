"""What tells that a phrase names sorts of things, which have to be known to be found: 'sea animals'."""

from __future__ import annotations

from visprog.nouns import singular
from visprog.planner.examples import vocabulary, word_classes
from visprog.planner.examples.phrases import Tokens, begins_another, head, is_known, is_plural, is_preposition
from visprog.planner.examples.wording import Token, written

_THAT = frozenset(("that", "which", "who", "whose", "where"))
_TELLING = _THAT | {"of", "for", "with", "without", "from"}
_IN_CLAUSE = _THAT | {"be", "do", "can", "not", "no", "have", "they", "one", "without", "up", "like", "and"}
_SEEN = (word_classes.ADJECTIVES | word_classes.COLORS) - {"up", "down", "on", "off", "away"}


def is_generic(phrase: str) -> bool:
    """Whether a phrase is about something of which there are several sorts."""
    return singular(head(phrase).casefold()) in word_classes.GENERIC


def names_sorts(tokens: Tokens, fixed: frozenset[str], text: str) -> bool:
    """Whether `tokens`, standing in `text`, name all of some sorts: 'animals', and what sets them apart.

    What can be seen in the picture is no matter of knowledge: a color, where things are, what people wear.
    `fixed` are words that mean something else.
    """
    end = next((number for number, token in enumerate(tokens) if _describes(token)), len(tokens))
    noun, described = tokens[:end], tokens[end:]
    if len(tokens) < 2 or not noun or any(token.kind != "word" for token in noun):
        return False
    phrase = written(text, noun)
    if not is_generic(phrase) or not is_plural(head(phrase)) or head(phrase) != noun[-1].text:
        return False
    if singular(head(phrase)) in word_classes.NAMED and is_known(tokens, text):
        return False  # "the buildings of Paris" have names of their own
    if not _tells_apart(phrase, described) or any(token.text.casefold() in _SEEN for token in tokens):
        return False
    whole = tokens[-1].kind != "determiner" and tokens[-1].key != "and" and not begins_another(tokens)
    return whole and all(_may_tell(token, fixed) for token in tokens)


def _describes(token: Token) -> bool:
    return is_preposition(token) or token.key in _THAT or token.key == "without"


def _tells_apart(phrase: str, described: Tokens) -> bool:
    """Whether what follows the noun sets sorts apart, and not where they are or how to label them."""
    if not described:
        return True
    first, *rest = described
    if first.text.casefold() not in _TELLING or not rest or _is_state(described):
        return False  # "animals on the table"
    person = singular(head(phrase)) == "person"  # "people with a hat"
    return first.key != "with" or not (person or rest[0].key in vocabulary.POSSESSIVES)


def _is_state(clause: Tokens) -> bool:
    """Whether a clause says what is going on or where: 'that are sleeping', 'that are on the table'."""
    if len(clause) < 3 or clause[1].key != "be":
        return False
    return is_preposition(clause[2]) or clause[2].text.casefold().endswith("ing")


def _may_tell(token: Token, fixed: frozenset[str]) -> bool:
    word = token.text.casefold()
    if token.key in _IN_CLAUSE or word in _IN_CLAUSE:
        return True
    if token.kind not in ("word", "determiner", "number") or token.key in ("image", "images"):
        return False
    function = token.key in word_classes.STRUCTURE or word in word_classes.STRUCTURE
    return not (function or (token.key in fixed and ("-" in token.key or word == "background")))
