"""Slots: the places of an instruction that may be filled anew, and what each kind of them takes.

A slot takes too little rather than too much: words that bear on the whole instruction, a second instruction,
or another language are never part of what fills it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from visprog.nouns import singular
from visprog.planner.examples import vocabulary, word_classes
from visprog.planner.examples.emoji import emoji_named
from visprog.planner.examples.people import FAMILY_NAMES, GIVEN_NAMES, is_person, is_person_name
from visprog.planner.examples.phrases import (
    Tokens,
    articles_stand_well,
    begins_another,
    ends_as_noun,
    has_loose_with,
    head,
    is_bare_adjective,
    is_known,
    is_plain_question,
    is_plural,
    is_preposition,
    is_proper,
    is_role,
    is_stray,
    is_with_repeated,
    phrase_cost,
    without_articles,
)
from visprog.planner.examples.sorts import is_generic, names_sorts
from visprog.planner.examples.wording import Token, written

Kind = Literal[
    "noun", "list", "names", "text", "knowledge", "sorts", "color", "phrase", "question", "number",
    "comparison", "emoji", "relation", "half", "side", "verb",
]  # fmt: skip

GrammaticalNumber = Literal["", "singular", "plural"]

LONGEST = 16
"""At most this many tokens fill one slot."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place to be filled.

    `fixed` are the words that the task's examples give a meaning of their own. `role` and `proper`, where
    not None, say whether the filling has to be a role that people have ('actor'), or a proper name.
    `modified`: it has to be a noun with something behind it ('house with the red door'). `beside_text`:
    free text fills another slot. `choice`: the members of the list may be joined by `or`. `person`: it has
    to be about persons. `number`, where not empty, is "plural" for what is counted, "singular" for what is
    the only one. `label`: the noun itself becomes the label, so it has to tell something. `direction`: the
    relation has to be one, as what remains of the picture is asked for what else is there. `named`: it has
    to be a kind of things that have names of their own. `generic`: it has to be all of several sorts of
    things. `each`: the instruction speaks of each or every one. `trait`: it has to be what is told of
    things, like their color.
    """

    kind: Kind
    task: str
    fixed: frozenset[str] = frozenset()
    role: bool | None = None
    proper: bool | None = None
    modified: bool = False
    beside_text: bool = False
    choice: bool = False
    person: bool = False
    number: GrammaticalNumber = ""
    label: bool = False
    direction: bool = False
    named: bool = False
    generic: bool = False
    each: bool = False
    trait: bool = False

    @property
    def segments(self) -> bool:
        """Whether what fills it is sought among segments, which are labelled by their sort."""
        return self.task in ("imgedit", "knowtag") and self.kind == "list"


class Filling(NamedTuple):
    """What fills a slot: the members of a list, or one; `value` is what a single token stands for."""

    items: tuple[str, ...]
    value: str | tuple[str, int] = ""
    cost: float = 0.0


def read_slot(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:
    """Return what `tokens`, standing in `text` after `before`, mean in the slot; None if they don't fit."""
    return _READERS[slot.kind](slot, tokens, before, text)


def _word_may_stand(slot: Slot, token: Token) -> bool:
    word = token.text.casefold()
    if token.key in ("image", "images"):
        return slot.task == "gqa" and word.startswith(("picture", "photo"))
    return not (
        token.key in slot.fixed
        or token.key in word_classes.STRUCTURE
        or word in word_classes.STRUCTURE
        or (word == token.text and word in word_classes.FOREIGN)
        or is_stray(token)
        or word.endswith("n't")
        or re.fullmatch(r"\d+(?:st|nd|rd|th)", word)
    )


def _is_noun_phrase(slot: Slot, tokens: Tokens, prepositions: frozenset[str]) -> bool:
    """Whether tokens without a leading article read as a noun with its adjectives and what hangs on it."""
    ends = (tokens[0], tokens[-1]) if tokens else ()
    if not ends or len(tokens) > 10 or any(is_preposition(t) or t.kind != "word" for t in ends):
        return False
    run = 0
    for token in tokens:
        if token.kind not in ("word", "determiner"):
            return False
        if is_preposition(token):
            run = 0
            if token.text.casefold() not in prepositions:
                return False
        elif token.key == "'s":
            if token in ends:
                return False
        elif token.kind == "word":
            run += 1
            if run > 4 or not _word_may_stand(slot, token):
                return False
    return sum(map(is_preposition, tokens)) <= 2


_NOUN_PREPOSITIONS = {task: frozenset(("of", "in", "with")) for task in ("gqa", "nlvr", "knowtag")}
_NOUN_PREPOSITIONS["imgedit"] = frozenset(("of", "in", "with", "on"))
_ALL_PREPOSITIONS = frozenset(vocabulary.PREPOSITIONS)


def _noun(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:
    if (
        not tokens
        or tokens[0].kind == "determiner"
        or not _is_noun_phrase(slot, tokens, _NOUN_PREPOSITIONS[slot.task])
    ):
        return None
    if not ends_as_noun(tokens, asked=slot.task == "gqa"):
        return None
    if slot.task == "knowtag" and any(token.key in ("its", "their") for token in tokens):
        return None
    phrase = written(text, tokens)
    if slot.beside_text and has_loose_with(tokens) and is_with_repeated(text):
        return None
    modified = any(is_preposition(token) and token.key != "of" for token in tokens)
    several = singular(head(phrase)) != head(phrase)
    told = modified or tokens[0].text.casefold() in word_classes.ADJECTIVES
    red_cars = several and (told or any(token.key == "'s" for token in tokens))
    if red_cars and slot.kind == "list":
        return None  # segments are labelled "car": Select would take one of them
    modified = modified or (red_cars and slot.task in ("imgedit", "knowtag"))
    if slot.each and (before is None or before.key not in ("each", "every") or is_person(phrase)):
        return None  # a person's name is no kind of person
    if several and not modified and is_generic(phrase) and slot.segments:
        return None
    if slot.generic and not (is_generic(phrase) and is_plural(head(phrase))):
        return None
    named = any(t.text[:1].isupper() and not t.text.isupper() and text[: t.start].strip() for t in tokens)
    if _is_no_thing(slot, tokens, phrase) or (slot.modified and not modified):
        return None
    if (slot.person and not is_person(phrase)) or not _agrees(slot, head(phrase)):
        return None
    if slot.role not in (None, is_role(phrase)) or slot.proper not in (None, named):
        return None
    if slot.label and len(tokens) > 1 and not told and is_generic(phrase) and is_plural(head(phrase)):
        return None  # "sea animals" are no label, but several
    return Filling((phrase,), cost=phrase_cost(tokens) + (0.3 if modified and not slot.modified else 0.0))


def _is_no_thing(slot: Slot, tokens: Tokens, phrase: str) -> bool:
    """Whether a phrase names nothing that has a place in a picture, or that is worth a label."""
    abstract = word_classes.ABSTRACT
    if slot.task in ("imgedit", "knowtag"):
        if any(token.key in abstract for token in tokens) or all(t.key in word_classes.PARTS for t in tokens):
            return True
    elif slot.task == "gqa" and singular(head(phrase).casefold()) in abstract:
        return True
    if slot.label and any(token.key in word_classes.NAMED_ONLY for token in tokens):
        return True
    small_name = (len(tokens) > 1 and tokens[0].text in GIVEN_NAMES) or tokens[-1].text in FAMILY_NAMES
    return small_name or any(token.text[:1].isdigit() for token in tokens)


def _agrees(slot: Slot, noun: str) -> bool:
    """Whether what is counted is a plural ('water' is not), and what is the only one is none."""
    if slot.number == "plural":
        return is_plural(noun)
    return slot.number != "singular" or singular(noun) == noun


def _members(slot: Slot, tokens: Tokens, before: Token | None) -> Iterator[tuple[Tokens, bool]] | None:
    """Split a list at its commas and conjunctions; each member comes with whether it has an article."""
    joints = ("and", "or", ",") if slot.choice else ("and", ",")
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if token.key in joints:
            groups.append([])
        else:
            groups[-1].append(token)
    if len(groups) > 8 or not all(groups):
        return None
    articled = [
        bool(before and before.kind == "determiner"),
        *(g[0].kind == "determiner" for g in groups[1:]),
    ]
    return zip((without_articles(tuple(group)) for group in groups), articled, strict=True)


def _list(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:
    if not tokens or tokens[0].kind == "determiner":
        return None
    items, cost = [], 0.0
    for number, (member, articled) in enumerate(_members(slot, tokens, before) or ()):
        if number and not articled and member and member[0].text.casefold() in word_classes.ACTIONS:
            return None  # "... and rotate": a second instruction
        if number and slot.task == "imgedit" and any(token.key in _ONTO for token in member):
            return None  # "... and a heart on the dog": the same again
        if slot.choice and len(member) == 1 and member[0].text in word_classes.ADJECTIVES:
            items.append(member[0].text)
            continue
        filling = _noun(slot, member, None, text) if member else None
        if filling is None:
            return None
        items.append(filling.items[0])
        cost += filling.cost
    if slot.choice and len(items) == 1:
        return None  # there is nothing to choose
    return Filling(tuple(items), cost=cost + 0.2) if items else None


_ONTO = frozenset(("on", "over", "onto"))


def _names(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:
    if not tokens or any(token is not None and token.kind == "determiner" for token in (before, tokens[0])):
        return None
    items = []
    for member, articled in _members(slot, tokens, before) or ():
        if (
            articled
            or not member
            or len(member) > 6
            or any(t.kind not in ("word", "determiner") for t in member)
        ):
            return None
        name = written(text, member)
        if not is_proper(name) or any(t.key in slot.fixed or t.key in ("image", "images") for t in member):
            return None
        items.append(name)
    if slot.person and not any(map(is_person_name, items)):
        return None  # "New York", "BMW, Audi and VW"
    return Filling(tuple(items), cost=0.2) if items else None


_EXCHANGE = re.compile(r"\b(?:swap|exchange)\b", re.IGNORECASE)
_NOT_IN_TEXT = word_classes.STRUCTURE - {
    "and",
    "'s",
    "like",
    "very",
    "middle",
    "around",
    "along",
    "between",
    "first",
}


def _is_free_text(slot: Slot, tokens: Tokens) -> bool:
    if (
        not tokens
        or len(tokens) > LONGEST
        or tokens[0].kind == "determiner"
        or tokens[-1].kind == "determiner"
    ):
        return False
    if is_preposition(tokens[0]) or is_preposition(tokens[-1]) or tokens[0].key in ("and", "'s"):
        return False
    for token, after in zip(tokens, (*tokens[1:], None), strict=True):
        word = token.text.casefold()
        if token.kind not in ("word", "determiner", "relation", "number"):
            return False
        if token.key in slot.fixed and (
            word in word_classes.ACTIONS or "-" in token.key or word == "background"
        ):
            return False
        if token.key in ("image", "images") and (after is None or after.key != "of"):
            return False
        if token.key in _NOT_IN_TEXT or word in _NOT_IN_TEXT or is_stray(token) or word.endswith("n't"):
            return False
        if word == token.text and word in word_classes.FOREIGN:
            return False
    if is_bare_adjective(tokens) or not articles_stand_well(tokens):
        return False
    return not begins_another(tokens)


def _text(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:
    if not _is_free_text(slot, tokens) or (has_loose_with(tokens) and is_with_repeated(text)):
        return None
    if before is not None and (before.key == "to" or (before.key == "the" and _EXCHANGE.search(text))):
        return None  # "turn the dog to face me" and "swap the dog with the cat" replace nothing
    return Filling((written(text, tokens),), cost=phrase_cost(tokens))


def _knowledge(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:  # noqa: ARG001
    if not _is_free_text(slot, tokens) or not is_known(tokens, text) or tokens[0].kind != "word":
        return None
    phrase = written(text, tokens)
    if (
        slot.role != is_role(phrase)
        or not is_plural(head(phrase))
        or any(token.key == "name" for token in tokens)
    ):
        return None
    if slot.named and (singular(head(phrase)) not in word_classes.NAMED or _counts(tokens)):
        return None  # "the 4 Teletubbies" are found by no name of a kind; "the windows of the Ritz" have none
    return Filling((phrase,), cost=0.3)


def _sorts(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:  # noqa: ARG001
    return Filling((written(text, tokens),), cost=0.3) if names_sorts(tokens, slot.fixed, text) else None


def _color(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:  # noqa: ARG001
    one = len(tokens) == 1 and tokens[0].text.casefold() in word_classes.COLORS
    return Filling((tokens[0].text.casefold(),)) if one else None


def _counts(tokens: Tokens) -> bool:
    return any(token.kind == "number" for token in tokens)


def _phrase(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:  # noqa: ARG001
    if not tokens or not _is_noun_phrase(slot, tokens, _ALL_PREPOSITIONS) or len(tokens) > 7:
        return None
    if not articles_stand_well(tokens) or (slot.trait and tokens[-1].key not in word_classes.TRAITS):
        return None
    return Filling((written(text, tokens),), cost=phrase_cost(tokens))


def _question(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:
    if before is not None or not is_plain_question(tokens, slot.fixed):
        return None
    return Filling((written(text, tokens) + "?",), cost=3.0)


def _emoji(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:
    if tokens and tokens[0].kind == "emoji":
        alone = len(tokens) == 1 or (len(tokens) == 2 and tokens[1].key == "emoji")
        return Filling((tokens[0].text,), cost=0.1) if alone else None
    if not tokens or tokens[0].kind == "determiner" or len(tokens) > 6:
        return None
    name = emoji_named(written(text, tokens), over_face=slot.person)
    if before is not None and before.key == "the" and tokens[-1].key not in ("face", "emoji"):
        return None  # "put the heart on the table" speaks of a thing in the picture
    return Filling((name,), cost=0.1) if name else None


def _single(kind: str) -> Callable[[Slot, Tokens, Token | None, str], Filling | None]:
    def read(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:  # noqa: ARG001
        if len(tokens) != 1 or tokens[0].kind != kind:
            return None
        return Filling((tokens[0].text,), tokens[0].value, 0.1)

    return read


def _relation(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:  # noqa: ARG001
    if len(tokens) != 1 or tokens[0].kind != "relation":
        return None
    if slot.direction and tokens[0].value not in vocabulary.DIRECTIONS:
        return None  # around the thing, the answer would be the thing
    return Filling((tokens[0].text,), tokens[0].value, 0.1)


def _number(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:  # noqa: ARG001
    """Take a plain number of things, at least one and at most a hundred."""
    if len(tokens) != 1 or not isinstance(tokens[0].value, tuple):
        return None
    sign, count = tokens[0].value
    return Filling((tokens[0].text,), tokens[0].value, 0.1) if sign == "==" and 0 < count <= 100 else None


def _verb(slot: Slot, tokens: Tokens, before: Token | None, text: str) -> Filling | None:  # noqa: ARG001
    return Filling((tokens[0].text,)) if len(tokens) == 1 and tokens[0].key == "be" else None


_READERS: dict[Kind, Callable[[Slot, Tokens, Token | None, str], Filling | None]] = {
    "noun": _noun,
    "list": _list,
    "names": _names,
    "text": _text,
    "knowledge": _knowledge,
    "sorts": _sorts,
    "color": _color,
    "phrase": _phrase,
    "question": _question,
    "number": _number,
    "comparison": _single("number"),
    "emoji": _emoji,
    "relation": _relation,
    "half": _single("half"),
    "side": _single("side"),
    "verb": _verb,
}
