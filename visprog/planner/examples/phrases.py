"""What tells a noun phrase, a name, a matter of knowledge, or a second instruction, word by word."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from visprog.nouns import plural, singular
from visprog.planner.examples import vocabulary, word_classes
from visprog.planner.examples.wording import Token

Tokens = tuple[Token, ...]


def head(phrase: str) -> str:
    """Return the noun that a phrase is about: 'bottles of water' is about 'bottles'."""
    return _split_head(phrase)[0].rpartition(" ")[2]


def with_head(phrase: str, change: Callable[[str], str]) -> str:
    """Return the phrase with `change` made to the noun that it is about."""
    front, rest = _split_head(phrase)
    words, space, noun = front.rpartition(" ")
    return f"{words}{space}{change(noun)}{rest}"


_TAIL = re.compile(
    r"\s(?:of|in|on|with|from|at|by|for|to|wearing|holding|carrying|riding|sitting|standing)\s", re.IGNORECASE
)


def _split_head(phrase: str) -> tuple[str, str]:
    match = _TAIL.search(phrase)
    return (phrase[: match.start()], phrase[match.start() :]) if match else (phrase, "")


def is_preposition(token: Token) -> bool:
    """Whether the token is a preposition."""
    return token.kind == "word" and token.key in vocabulary.PREPOSITIONS


def is_proper(text: str) -> bool:
    """Whether every word of a name is capitalised, small words inside it aside."""
    words = text.replace("'s", "").split()
    return bool(words) and all(
        word[0].isupper() or (0 < position < len(words) - 1 and word in word_classes.PARTICLES)
        for position, word in enumerate(words)
    )


def is_role(text: str) -> bool:
    """Whether a phrase is about people as knowledge lists them: 'leading actors of the film'."""
    return singular(head(text).casefold()) in word_classes.ROLES


def has_loose_with(tokens: Tokens) -> bool:
    """Whether a `with` is in it that may as well be the instruction's own: no definite article follows."""
    pairs = zip(tokens, (*tokens[1:], None), strict=True)
    return any(t.text.casefold() == "with" and not _is_definite(after) for t, after in pairs)


def _is_definite(token: Token | None) -> bool:
    return token is not None and token.key in ("the", "his", "her", "their", "its")


def is_with_repeated(text: str) -> bool:
    """Whether `with` stands in the text more than once."""
    return len(re.findall(r"\bwith\b", text, re.IGNORECASE)) > 1


def is_known(tokens: Tokens, text: str) -> bool:
    """Whether a phrase is a matter of knowledge: a name is in it, or a film, a team or the like."""
    capital = any(t.text[:1].isupper() and text[: t.start].strip() for t in tokens if t.kind == "word")
    return capital or any(token.key in word_classes.SOURCES for token in tokens)


def without_articles(tokens: Tokens) -> Tokens:
    """Return the tokens from the first that is no article on."""
    while tokens and tokens[0].kind == "determiner":
        tokens = tokens[1:]
    return tokens


def phrase_cost(tokens: Tokens) -> float:
    """Return what a filling costs: the shorter the better, and `with a ...` may be read in two ways."""
    cost = 0.2 + 0.05 * sum(token.kind == "word" for token in tokens)
    for token, after in zip(tokens, (*tokens[1:], None), strict=True):
        if token.text.casefold() == "with":
            cost += 0.1 if _is_definite(after) else 0.5
        elif is_preposition(token):
            cost += 0.1
    return cost


def ends_as_noun(tokens: Tokens, *, asked: bool) -> bool:
    """Whether an article stands only behind a preposition, and the last word is no verb and no adjective.

    In a question (`asked`) what people do is not part of the noun: it may be what is asked.
    """
    for token, after in pairwise(tokens):
        held = not asked and token.text in _HOLDING
        if after.kind == "determiner" and not is_preposition(token) and not held:
            return False
    if asked and any(_like_verb(token) for before, token in pairwise(tokens) if before.kind != "determiner"):
        return False  # "the goal playing football" is two things
    if any(
        _is_plural(token) and after.kind == "word" and not is_preposition(after)
        for token, after in pairwise(tokens)
    ):
        return False  # "people wear hats" is a sentence
    if tokens[-1].text.casefold() in word_classes.ADJECTIVES:
        return len(tokens) > 1 and tokens[-2].text.casefold() in ("in", "of")
    return not _like_verb(tokens[-1])


def is_bare_adjective(tokens: Tokens) -> bool:
    """Whether free text ends in an adjective that has slipped behind its noun: 'a plant big'."""
    if tokens[-1].text.casefold() not in word_classes.ADJECTIVES or len(tokens) < 2:
        return False
    before = tokens[-2].text.casefold()
    return (
        before not in ("in", "of", "and")
        and not before.endswith("ed")
        and before not in word_classes.ADJECTIVES
    )


_HOLDING = frozenset(("wearing", "holding", "carrying", "riding"))


def articles_stand_well(tokens: Tokens) -> bool:
    """Whether each article inside has before it what may govern a noun: 'lamp a post' is no phrase."""
    return all(
        before.kind in ("determiner", "relation", "comma")
        or is_preposition(before)
        or before.key in ("and", "or", "like", "be", "do")
        or before.text.casefold().endswith("ing")
        for before, token in pairwise(tokens)
        if token.kind == "determiner" and not token.text[0].isupper()  # "the TV show The Office"
    )


def is_stray(token: Token) -> bool:
    """Whether a word is an adverb or a verb that edits: it belongs to no thing in a picture."""
    word = token.text.casefold()
    adverb = word == token.text and re.search(r"..ly$", word) is not None and word not in word_classes.LY
    return adverb or (word in word_classes.ACTIONS and word not in word_classes.NOUNS_TOO)


def is_plural(noun: str) -> bool:
    """Whether a noun is in the plural, or looks the same in both."""
    return singular(noun) != noun or plural(noun) == noun or noun.casefold() in word_classes.MASS


def _is_plural(token: Token) -> bool:
    word = token.text.casefold()
    return token.kind == "word" and singular(word) != word and word not in word_classes.PLURAL_MODIFIERS


def _like_verb(token: Token) -> bool:
    word = token.text.casefold()
    return re.search(r"..(?:ing|ed)$", word) is not None and word not in word_classes.NOUNS_LIKE_VERBS


def begins_another(tokens: Tokens) -> bool:
    """Whether what follows an `and` is not plainly one more thing of the same kind."""
    for number, token in enumerate(tokens):
        if token.key != "and":
            continue  # what follows an `and` may be "... and the cat into a dog"
        rest = tokens[number + 1 :]
        acts = bool(rest) and rest[0].text.casefold() in word_classes.ACTIONS
        if not rest or acts or any(vocabulary.PREPOSITIONS.get(t.key) == "with" for t in rest):
            return True
        if not (rest[0].kind == "determiner" or _is_plural(rest[0]) or rest[0].text[:1].isupper()):
            return True
    return False


def is_plain_question(tokens: Tokens, fixed: frozenset[str]) -> bool:
    """Whether it is a whole question about something with nothing in it to locate, count or combine.

    `fixed` are words that stand for that. What is around a thing may be asked, as in 'what is on the table'.
    """
    if len(tokens) < (4 if tokens[:1] and tokens[0].key == "be" else 3):
        return False
    if tokens[0].key not in word_classes.QUESTION_WORDS or tokens[-1].key == "or":
        return False
    general = any(t.key == "of" and after.key in ("a", "an") for t, after in pairwise(tokens))
    if not _asks_about_something(tokens[:5]) or general or not articles_stand_well(tokens):
        return False
    for number, token in enumerate(tokens):
        around = number <= 2 and token.kind == "relation" and token.value not in vocabulary.DIRECTIONS
        name = number > 0 and token.text[:1].isupper()
        if not (token.kind in ("word", "determiner") or around) or name:
            return False
        if token.key in (fixed - word_classes.QUESTION_WORDS) | _NOT_IN_QUESTION:
            return False
        if token.text in word_classes.FOREIGN or is_stray(token):
            return False
    return True


def _asks_about_something(tokens: Tokens) -> bool:
    """Whether 'is' or 'does' has a definite thing, a doing or a place behind it."""
    return any(
        token.key in ("be", "do")
        and (after.key == "the" or after.kind == "relation" or after.text.endswith("ing"))
        for token, after in pairwise(tokens)
    )


_IN_QUESTION = word_classes.QUESTION_WORDS | {"or", "like", "it", "he", "she", "they", "'s", "middle"}
_NOT_IN_QUESTION = (word_classes.STRUCTURE - _IN_QUESTION) | {"image", "images", "how-many", "is-there"}
