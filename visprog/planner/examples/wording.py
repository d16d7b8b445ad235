"""An instruction's text to tokens: words in their compared form, and phrases that count as one word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from visprog.nouns import singular
from visprog.planner.examples import vocabulary, word_classes
from visprog.planner.examples.emoji import emoticon_at, is_emoji_character

Kind = Literal[
    "word", "determiner", "filler", "number", "emoji", "relation", "half", "side", "comma", "other"
]


@dataclass(frozen=True, slots=True)
class Token:
    """A word or phrase. `key` is its compared form; text[start:end] is how it is written.

    `value` is what it stands for: a number with its comparison (">=", 3), a tool, a variable, a half.
    """

    kind: Kind
    key: str
    text: str
    start: int
    end: int
    value: str | tuple[str, int] = ""

    @property
    def skippable(self) -> bool:
        """Whether it may be left out without changing what is meant."""
        return self.kind in ("determiner", "filler")


@dataclass(frozen=True, slots=True)
class _Phrase:
    words: tuple[str, ...]
    kind: Kind
    key: str
    value: str = ""
    initial: bool = False


_WORD = re.compile(r"[^\W_](?:\w|[-.'’](?=\w))*")
_ABBREVIATIONS = frozenset(["mr", "mrs", "ms", "dr", "st", "jr", "sr"])
_QUOTES = frozenset("\"'“”‘’«»`")
_HALF_PARTS = ("half", "part", "side", "portion", "area")


def read_words(text: str, task: str, *, whole: bool = True) -> tuple[Token, ...]:
    """Return the tokens of an instruction, or (not `whole`) of a phrase inside one, for `task`."""
    raw = list(_scan(re.sub(r"[\s.?!…]+$", lambda match: " " * len(match[0]), text), task))
    tokens = list(_join(raw, task, whole))
    return tuple(_settle(tokens, task))


def written(text: str, tokens: tuple[Token, ...]) -> str:
    """Return what the tokens say in the instruction's own letters, on one line."""
    return " ".join(text[tokens[0].start : tokens[-1].end].replace("’", "'").split())


def _scan(text: str, task: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        char = text[position]
        emoticon = emoticon_at(text, position)
        if emoticon is not None:
            end = position + len(emoticon)
            yield Token("emoji", "emoji", emoticon, position, end, emoticon)
        elif match := _WORD.match(text, position):
            end = match.end()
            if text[end : end + 1] == "." and (end == position + 1 or match[0].casefold() in _ABBREVIATIONS):
                end += 1
            yield from _words(text, position, end, task)
        else:
            end = position + 1
            if not (char.isspace() or char in _QUOTES or char == "\ufe0f"):
                yield _mark(char, position)
        position = end


def _mark(char: str, position: int) -> Token:
    kind: Kind = "emoji" if is_emoji_character(char) else "comma" if char == "," else "other"
    if char == "&":
        return Token("word", "and", char, position, position + 1)
    return Token(kind, kind if kind == "emoji" else char, char, position, position + 1, char)


def _words(text: str, start: int, end: int, task: str) -> Iterator[Token]:
    word = text[start:end].replace("’", "'")
    if word.casefold().endswith("'s"):
        stem = word[:-2]
        yield _word(stem, start, task)
        is_verb = stem.casefold() in ("what", "who", "where", "there", "how", "it")
        yield Token("word", "be" if is_verb else "'s", "is" if is_verb else "'s", end - 2, end)
    else:
        yield _word(word, start, task)


def _word(word: str, start: int, task: str) -> Token:
    folded = word.casefold()
    end = start + len(word)
    number = _number(folded)
    if number is not None:
        return Token("number", "#", word, start, end, ("==", number))
    if folded in vocabulary.DETERMINERS[""] or folded in vocabulary.DETERMINERS[task]:
        return Token("determiner", folded, word, start, end)
    structural = folded in word_classes.STRUCTURE or folded in word_classes.QUESTION_WORDS
    for form in (folded,) if structural else (folded, singular(folded)):  # "besides" is not "beside"
        for words in (vocabulary.WORDS[task], vocabulary.WORDS[""]):
            if form in words:
                return _named(words[form], word, start, end)
    return Token("word", folded if structural else singular(folded), word, start, end)


def _named(key: str, word: str, start: int, end: int) -> Token:
    if key in vocabulary.RELATIONS:
        return Token("relation", key, word, start, end, key)
    return Token("word", key, word, start, end)


def _number(word: str) -> int | None:
    if word.isdecimal() and word.isascii() and len(word) <= 4:
        return int(word)
    tens, _, ones = word.partition("-")
    if ones:
        upper, lower = vocabulary.NUMBERS.get(tens, 0), vocabulary.NUMBERS.get(ones, 0)
        return upper + lower if upper in (20, 30, 40, 50) and 0 < lower < 10 else None
    return vocabulary.NUMBERS.get(word)


def _join(raw: list[Token], task: str, whole: bool) -> Iterator[Token]:
    """Replace the words of each phrase by one token, the longest phrase first."""
    position, at_start = 0, whole
    while position < len(raw):
        found = _longest(raw, position, task, at_start)
        if found is None:
            token, end = _relation(raw, position, task) or raw[position], position + 1
        else:
            phrase, end = found
            first, last = raw[position], raw[end - 1]
            text = " ".join(token.text for token in raw[position:end])
            token = Token(phrase.kind, phrase.key, text, first.start, last.end, phrase.value)
        counted = _quantity(raw, position, task)
        if counted is not None and counted[1] > end - (found is None):
            token, end = counted
        yield token
        at_start = at_start and (token.skippable or token.kind == "comma")
        position = end


def _longest(raw: list[Token], position: int, task: str, at_start: bool) -> tuple[_Phrase, int] | None:
    best: tuple[_Phrase, int] | None = None
    for phrase in _phrases(task).get(_form(raw[position]), ()):
        end = None if phrase.initial and not at_start else _matched(raw, position, phrase.words)
        if end is not None and (best is None or end > best[1]):
            best = phrase, end
    return best


def _matched(raw: list[Token], position: int, words: tuple[str, ...]) -> int | None:
    """Return where the words end that begin at `position`; articles between them don't count."""
    for number, word in enumerate(words):
        while number and position < len(raw) and raw[position].kind == "determiner":
            position += 1
        if position >= len(raw) or _form(raw[position]) != word:
            return None
        position += 1
    return position


def _form(token: Token) -> str:
    return token.text.casefold() if token.kind == "number" else token.key


def _relation(raw: list[Token], position: int, task: str) -> Token | None:
    token, following = raw[position], raw[position + 1 : position + 2]
    tool = vocabulary.LOOSE_RELATIONS.get(task, {}).get(token.key)
    if tool is None or not following or following[0].kind != "determiner":
        return None
    if token.key == "in" and following[0].key not in ("the", "this", "that", "these", "those"):
        return None
    return replace(token, kind="relation", key=tool, value=tool)


_NOT_COUNTED = ("more", "fewer", "less", "image")


def _quantity(raw: list[Token], position: int, task: str) -> tuple[Token, int] | None:
    """Read a number with what is said of it: 'at least two', 'three or more', and 'no' in statements."""
    after = raw[position + 1] if position + 1 < len(raw) else None
    counts = after is not None and after.kind == "word" and after.key not in _NOT_COUNTED
    if task == "nlvr" and raw[position].key == "no" and counts:
        return replace(raw[position], kind="number", key="#", value=("==", 0)), position + 1
    for phrase, sign in vocabulary.QUANTIFIERS.items():
        end = _matched(raw, position, tuple(phrase.split()))
        if end is not None and end < len(raw) and raw[end].kind == "number":
            return _spanning(raw, position, end + 1, sign, raw[end]), end + 1
    if raw[position].kind == "number":
        for words, sign in ((("or", "more"), ">="), (("or", "fewer"), "<="), (("or", "less"), "<=")):
            end = _matched(raw, position + 1, words)
            if end is not None:
                return _spanning(raw, position, end, sign, raw[position]), end
    return None


def _spanning(raw: list[Token], start: int, end: int, sign: str, number: Token) -> Token:
    text = " ".join(token.text for token in raw[start:end])
    count = number.value[1] if isinstance(number.value, tuple) else 0
    return Token("number", "#", text, raw[start].start, raw[end - 1].end, (sign, count))


def _settle(tokens: list[Token], task: str) -> Iterator[Token]:
    """Even out what differs without meaning: a comma before `and`, `or` between things that are counted."""
    if task == "nlvr":
        tokens = list(_settle_statement(tokens))
    if any(token.key in ("each", "every") for token in tokens):
        tokens = [replace(token, key=_OWN_NAME.get(token.key, token.key)) for token in tokens]
    counting = bool(tokens) and _first_key(tokens) == "how-many"
    started = False
    for position, token in enumerate(tokens):
        after = tokens[position + 1] if position + 1 < len(tokens) else None
        started = started or not (token.skippable or token.kind == "comma")
        idle = not started or after is None or after.key in ("and", "or", "but-no") or after.kind == "filler"
        if token.kind == "comma" and idle:
            continue
        if token.kind == "determiner" and not _has_noun(tokens[position + 1 :]):
            token = replace(token, kind="other")
        yield replace(token, key="and") if counting and token.key == "or" else token


_OWN_NAME = {"with-names": "with-own-name"}
"""Each with its name has another one than the rest, where all with their names may share one."""


def _has_noun(following: list[Token]) -> bool:
    """Whether what follows an article is what it may stand before."""
    token = next((token for token in following if token.kind != "determiner"), None)
    if token is None or token.kind in ("relation", "comma", "other", "half"):
        return False
    return token.key not in vocabulary.PREPOSITIONS and token.key not in ("and", "or", "be", "do", "'s")


def _first_key(tokens: list[Token]) -> str:
    return next((token.key for token in tokens if not (token.skippable or token.kind == "comma")), "")


def _settle_statement(tokens: list[Token]) -> Iterator[Token]:
    """Read 'the images contain a total of' as 'there are a total of'; 'in the images' is idle there."""
    total = any(token.key == "total" for token in tokens)
    keys = [token.key for token in tokens if token.kind != "determiner"]
    if total and keys[:3] == ["images", "contain", "total"]:
        first, second = (token for token in tokens[:4] if token.key in ("images", "contain"))
        yield replace(first, key="there")
        yield replace(second, key="be")
        tokens = tokens[tokens.index(second) + 1 :]
    spoken = [token for token in tokens if token.kind != "determiner"]
    around = {id(t): (b, a) for b, t, a in zip([None, *spoken], spoken, [*spoken[1:], None], strict=False)}
    for token in tokens:
        before, after = around.get(id(token), (None, None))
        within = token.key in _WITHIN
        before_key = before.key if before else ""
        if total and ((within and _is_pair(after)) or (before_key in _WITHIN and _is_pair(token))):
            yield replace(token, kind="filler", key="in-images")
        elif not (within and before_key in ("than", "as")):
            yield token


_WITHIN = ("in", "across", "between", "on")


def _is_pair(token: Token | None) -> bool:
    both = token is not None and token.key == "each-image" and token.text.casefold().startswith("both")
    return both or (token is not None and token.key == "images")


@cache
def _phrases(task: str) -> dict[str, list[_Phrase]]:
    table: dict[str, list[_Phrase]] = {}
    for phrase in _all_phrases(task):
        table.setdefault(phrase.words[0], []).append(phrase)
    return table


def _all_phrases(task: str) -> Iterator[_Phrase]:
    for said, key in (vocabulary.PHRASES[""] | vocabulary.PHRASES[task]).items():
        words, initial = tuple(said.removeprefix("^").split()), said.startswith("^")
        if key.startswith("side:"):
            yield _Phrase(words, "side", "side", key.removeprefix("side:"), initial)
        else:
            yield _Phrase(words, "word", key, initial=initial)
    for said in (*vocabulary.FILLERS[""], *vocabulary.FILLERS[task]):
        words = tuple(said.removeprefix("^").split())
        exists = "exists" if said.startswith(vocabulary.EXISTS) else ""
        yield _Phrase(words, "filler", "filler", exists, said.startswith("^"))
    for tool, phrases in vocabulary.RELATIONS.items():
        for said in phrases:
            yield _Phrase(tuple(said.split()), "relation", tool, tool)
    yield from _half_phrases(vocabulary.BEFORE_HALVES.get(task, ()))


def _half_phrases(prepositions: tuple[str, ...]) -> Iterator[_Phrase]:
    for half, names in vocabulary.HALVES.items():
        for preposition in prepositions:
            for name in names:
                yield _Phrase((preposition, name, "of", "image"), "half", "half", half)
                for part in _HALF_PARTS:
                    yield _Phrase((preposition, name, part), "half", "half", half)
                    yield _Phrase((preposition, name, part, "of", "image"), "half", "half", half)
