"""Tokens, and the phrases that are no rules: nouns, verbs, numbers, emoji, quoted text and free words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from visprog.language.coercion import word_number
from visprog.nouns import plural, singular

_Lists = Mapping[str, frozenset[str]]
_Found = Iterator[tuple[int, float, str, dict[str, str]]]

_EMOTICON = r"(?<![^\s])(?:>?[:;=][-^]?'?[)(\]\[DPpoO|/*]|[8B]-\)|<3|\^_\^|-_-|XD|D:)(?![^\s,.!?])"
_TOKEN = re.compile(
    rf"(?P<emoji>{_EMOTICON}|:[a-z_]+:|[\u2600-\u27bf\U0001f300-\U0001faff]\ufe0f?)"
    r"|(?P<quoted>\"[^\"]*\"|\u201c[^\u201d]*\u201d|(?<!\w)'[^']+'(?!\w))"
    r"|(?P<number>\d+(?:[.,]\d+)*(?:st|nd|rd|th)?)"
    r"|(?P<own>['\u2019]s?(?!\w))"
    r"|(?P<word>[^\W\d_]+(?:[-'\u2019][^\W\d_]+)*?(?=['\u2019]s?(?!\w)|[^\w'\u2019-]|$|[-'\u2019]\W)"
    r"|[^\W_]+)"
    r"|(?P<mark>[,;:.?!])"
)
_ARTICLES = {"a": "a", "an": "a", "the": "the"}
_ORDINALS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8}
_MAX_NOUN = 3
"""Maximum number of words in a noun, such as `license plate`."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark. An article is no token, but belongs to the token that follows it."""

    word: str
    raw: str
    kind: str
    article: str = ""
    written: str = ""
    """The article as written: `an`."""


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text."""
    found: list[Token] = []
    article = ""
    for match in _TOKEN.finditer(text):
        kind, raw = str(match.lastgroup), match.group()
        word = "'s" if kind == "own" else "," if raw == "." else raw.casefold()
        if word in _ARTICLES and kind == "word":
            article = word
            continue
        if not found and raw.istitle():
            raw = word
        found.append(Token(word, raw, kind, _ARTICLES.get(article, ""), article))
        article = ""
    return found


def joined(tokens: Sequence[Token]) -> str:
    """Return tokens as text, without the article of the first one."""
    found: list[str] = []
    for index, token in enumerate(tokens):
        if index and token.written:
            found.append(f" {token.written}")
        space = "" if token.kind in ("own", "mark") or not index else " "
        found.append(space + (token.raw if token.raw.isupper() or token.raw.istitle() else token.word))
    return "".join(found)


# Nouns


@lru_cache(maxsize=20_000)
def _is_plural(word: str) -> bool:
    return singular(word) != word


def _is_noun(token: Token, lists: _Lists) -> bool:
    if token.kind != "word":
        return False
    word = token.word
    if word in lists["stop"]:
        return False
    if word in lists["nounlike"]:
        return True
    if word in lists["adjective"] or word in lists["colour"] or word in lists["verb"]:
        return False
    if len(word) > 5 and word.endswith("est") and word not in ("forest", "harvest"):
        return False  # a superlative
    return not (_is_ing(word, lists) or _is_participle(word, lists) or _third_person(word, lists))


def _third_person(word: str, lists: _Lists) -> bool:
    return word.endswith("s") and _base(word, lists) in lists["verb"]


def _base(word: str, lists: _Lists) -> str:
    """Return the base form of a verb: `lie` for `lies`, `carry` for `carries`."""
    forms = (word, word[:-1], word[:-2], singular(word)) if word.endswith("s") else (word,)
    return next((each for each in forms if each in lists["verb"]), word)


def _nouns(lists: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    for end in range(start + 1, min(start + _MAX_NOUN, len(tokens)) + 1):
        token = tokens[end - 1]
        if not _is_noun(token, lists) or (end > start + 1 and token.written):
            return
        inner = sum(_is_plural(each.word) for each in tokens[start : end - 1])
        yield end, 1.0 * (end - start) + 2 * inner, *_noun(tokens[start:end])


def _noun(tokens: Sequence[Token]) -> tuple[str, dict[str, str]]:
    words = [token.word for token in tokens]
    head = words[-1]
    one = " ".join([*words[:-1], singular(head)])
    many = _is_plural(head) or head in ("people", "sheep", "trousers", "pants", "jeans", "sunglasses")
    facets = {
        "said": " ".join(words),
        "head": one,
        "many": " ".join([*words[:-1], plural(singular(head))]),
        "be": "are" if many else "is",
        "do": "do" if many else "does",
        "have": "have" if many else "has",
        "finder": "Filter" if many else "Select",
    }
    return one, facets


def _many(lists: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    for end, cost, text, facets in _nouns(lists, tokens, start):
        if facets["be"] == "are" or tokens[end - 1].word in ("sheep", "fish", "deer"):
            yield end, cost, text, facets


# Verbs and adjectives


def _is_ing(word: str, lists: _Lists) -> bool:
    return len(word) > 5 and word.endswith("ing") and word != "being" and word not in lists["nounlike"]


def _is_participle(word: str, lists: _Lists) -> bool:
    return len(word) > 4 and word.endswith("ed") and word not in lists["nounlike"]


def _ing(lists: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    if start < len(tokens) and _is_ing(tokens[start].word, lists):
        yield start + 1, 0.5, tokens[start].word, {}


def _adjective(lists: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    if start >= len(tokens):
        return
    word = tokens[start].word
    if word in lists["adjective"] or word in lists["colour"] or _is_participle(word, lists):
        yield start + 1, 0.4, word, {}


def _verb(lists: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    if start < len(tokens) and not tokens[start].article:
        word = tokens[start].word
        base = _base(word, lists)
        if base in lists["verb"]:
            yield start + 1, 0.4, base, {"ing": _with_ing(base)}


def _with_ing(verb: str) -> str:
    if re.search(r"[^aeiou][aeiou][bdgmnprt]$", verb) and len(verb) < 5:
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    return f"{verb[:-1]}ing" if re.search(r"[^eo]e$", verb) else f"{verb}ing"


# Numbers, emoji and texts


def _number(_: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    if start < len(tokens):
        word = tokens[start].word
        number = int(word) if word.isdigit() else word_number(word)
        if number is not None:
            yield start + 1, 0.1, str(number), {}


def _ordinal(_: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    if start < len(tokens):
        word = tokens[start].word
        match = re.fullmatch(r"(\d+)(?:st|nd|rd|th)", word)
        place = int(match[1]) if match else _ORDINALS.get(word)
        if place is not None:
            yield start + 1, 0.1, str(place), {}


def _emoji(_: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    if start < len(tokens) and tokens[start].kind == "emoji":
        yield start + 1, 0.1, tokens[start].raw, {}


def _quoted(_: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    if start < len(tokens) and tokens[start].kind == "quoted":
        yield start + 1, 0.1, tokens[start].raw[1:-1], {}


_FREE_WORD = 2.0
"""The cost of a word that no rule explains."""

_MAX_FREE = 16


def _words(_: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    for end in range(start + 1, min(len(tokens), start + _MAX_FREE) + 1):
        if tokens[end - 1].kind == "mark":
            return
        yield end, _FREE_WORD * (end - start), _with_article(tokens[start:end]), {}


def _with_article(tokens: Sequence[Token]) -> str:
    return f"{tokens[0].written} {joined(tokens)}".strip()


def _predicate(lists: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    """Yield free words that say nothing of a picture, and no second statement."""
    for end in range(start + 1, min(len(tokens), start + _MAX_FREE) + 1):
        token = tokens[end - 1]
        if token.kind == "mark" or token.word in lists["tied"]:
            return
        is_verb = token.word in ("is", "are", "was", "were", "has", "have")
        if is_verb and (end - 1 == start or tokens[end - 2].word not in ("who", "that", "which")):
            return
        if token.word != "one":
            yield end, _FREE_WORD * (end - start), _with_article(tokens[start:end]), {}


def _sentence(_: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    if start == 0 and tokens:
        text = joined(tokens)
        first = f"{tokens[0].written} " if tokens[0].written else ""
        text = first + text
        yield len(tokens), 50.0, text, {"question": f"{text[:1].upper()}{text[1:]}?"}


def _name(lists: _Lists, tokens: Sequence[Token], start: int) -> _Found:
    for end in range(start + 1, min(len(tokens), start + 5) + 1):
        token = tokens[end - 1]
        if not token.raw[:1].isupper() or token.article or token.word in lists["landmark"]:
            return
        yield end, 0.3 * (end - start), " ".join(token.raw for token in tokens[start:end]), {}


TERMINALS: Mapping[str, tuple[Callable[[_Lists, Sequence[Token], int], _Found], str]] = {
    "noun": (_nouns, "lantern"),
    "many": (_many, "lanterns"),
    "ing": (_ing, "jumping"),
    "adj": (_adjective, "broken"),
    "act": (_verb, "wear"),
    "number": (_number, "3"),
    "ordinal": (_ordinal, "second"),
    "emoji": (_emoji, ":)"),
    "quoted": (_quoted, '"exit"'),
    "words": (_words, "lantern"),
    "predicate": (_predicate, "lantern"),
    "sentence": (_sentence, "lantern"),
    "name": (_name, "Otto"),
}
"""The categories that are neither rules nor lists, each with a sample."""
