"""Tokenizers for the text of the miniature world. Its words are single tokens; other text is split."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

from tokenizers import Tokenizer, pre_tokenizers
from transformers import BertTokenizer, CLIPTokenizer

from visprog.miniworld.captions import RELATIONS, describe, stuff_phrases
from visprog.miniworld.catalogue import CATEGORIES, COLOURS, KINDS, STUFF
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import make_scene

_END_OF_WORD = "</w>"


def texts() -> list[str]:
    """Return all names of the catalogue, phrases for stuff and relations, and captions of some scenes."""
    names = [name for category in CATEGORIES.values() for name in (category.name, category.plural)]
    names += [*KINDS, *KINDS.values(), *COLOURS, *RELATIONS, "face", "faces"]
    phrases = [phrase for kind in STUFF for phrase in stuff_phrases(kind)]
    rng = random.Random(0)
    captions = [describe(draw(make_scene(seed, "train")), rng) for seed in range(400)]
    return [*names, *phrases, *captions, "a photo of the"] * 2


def clip_tokenizer(corpus: Iterable[str], *, length: int) -> CLIPTokenizer:
    """Return a byte-level tokenizer with whole words. Texts are cut at `length` tokens.

    OWL-ViT needs the end token to have the highest number, and reads a text that starts with token 0 as an
    empty query.
    """
    counts = _words(corpus, CLIPTokenizer(vocab={}, merges=[]).backend_tokenizer)
    merges = _merges(counts)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(letter + _END_OF_WORD for letter in letters), *map("".join, merges)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=length)


def bert_tokenizer(corpus: Iterable[str], *, length: int) -> BertTokenizer:
    """Return a lower-case word-piece tokenizer with whole words. Texts are cut at `length` tokens."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    words = sorted(
        word for word, count in _words(corpus, BertTokenizer().backend_tokenizer).items() if count > 1
    )
    tokens = dict.fromkeys([*special, *letters, *(f"##{letter}" for letter in letters), *words])
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return BertTokenizer(vocab=vocabulary, model_max_length=length)


def _words(corpus: Iterable[str], tokenizer: Tokenizer) -> Counter[str]:
    """Return the number of times that each word occurs in the corpus, as the tokenizer splits it."""
    normal, split = tokenizer.normalizer, tokenizer.pre_tokenizer
    return Counter(word for text in corpus for word, _ in split.pre_tokenize_str(normal.normalize_str(text)))


def _merges(words: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return the merges of byte-pair encoding, until all words that occur twice are single tokens.

    The library's own trainer breaks ties at random, so a resumed training would number words differently.
    """
    spelt = {word: [*word[:-1], word[-1] + _END_OF_WORD] for word, count in words.items() if count > 1}
    merges: list[tuple[str, str]] = []
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, pieces in spelt.items():
            for pair in pairwise(pieces):
                pairs[pair] += words[word]
        if not pairs:
            return merges
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for pieces in spelt.values():
            _join(pieces, best)


def _join(pieces: list[str], pair: tuple[str, str]) -> None:
    """Join each occurrence of a pair, from left to right."""
    place = 0
    while place < len(pieces) - 1:
        if (pieces[place], pieces[place + 1]) == pair:
            pieces[place : place + 2] = ["".join(pair)]
        place += 1
