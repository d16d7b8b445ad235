"""Tokenizers of the world's own text: whole words are tokens, and any other text still has some."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertTokenizer, CLIPTokenizer

from visprog.miniworld.captions import RELATIONS, describe, stuff_phrases
from visprog.miniworld.catalogue import CATEGORIES, COLOURS, KINDS, STUFF
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import make_scene

_END_OF_WORD = "</w>"


def texts() -> list[str]:
    """Return every name of the catalogue, phrases for stuff and relations, and captions of some scenes."""
    names = [name for category in CATEGORIES.values() for name in (category.name, category.plural)]
    names += [*KINDS, *KINDS.values(), *COLOURS, *RELATIONS, "face", "faces"]
    phrases = [phrase for kind in STUFF for phrase in stuff_phrases(kind)]
    rng = random.Random(0)
    captions = [describe(draw(make_scene(seed, "train")), rng) for seed in range(400)]
    return [*names, *phrases, *captions, "a photo of the"] * 2


def clip_tokenizer(corpus: Iterable[str], *, length: int) -> CLIPTokenizer:
    """Return a byte-level tokenizer whose words are whole; texts are cut at `length` tokens.

    The token that ends a text has the highest number, where OWL-ViT looks for it, and the one that begins
    it is not number 0, which OWL-ViT takes for an empty query.
    """
    raw = CLIPTokenizer(vocab={}, merges=[]).backend_tokenizer
    raw.model = models.BPE(end_of_word_suffix=_END_OF_WORD)
    trainer = trainers.BpeTrainer(
        vocab_size=4000,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix=_END_OF_WORD,
        show_progress=False,
    )
    raw.train_from_iterator(corpus, trainer)
    learned = json.loads(raw.to_str())["model"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [tuple(merge) for merge in learned["merges"]]
    tokens = [*letters, *(letter + _END_OF_WORD for letter in letters), *("".join(merge) for merge in merges)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=length)


def bert_tokenizer(corpus: Iterable[str], *, length: int) -> BertTokenizer:
    """Return a lower-case word-piece tokenizer whose words are whole; texts are cut at `length` tokens."""
    raw = BertTokenizer().backend_tokenizer
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    written = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    trainer = trainers.WordPieceTrainer(
        vocab_size=4000,
        min_frequency=2,
        initial_alphabet=written,
        special_tokens=special,
        show_progress=False,
    )
    raw.model = models.WordPiece(unk_token=special[1])
    raw.train_from_iterator(corpus, trainer)
    vocabulary = _numbered(raw, [*special, *written, *(f"##{letter}" for letter in written)])
    return BertTokenizer(vocab=vocabulary, model_max_length=length)


def _numbered(tokenizer: Tokenizer, first: Iterable[str]) -> dict[str, int]:
    """Return the tokenizer's vocabulary, numbered anew, with the tokens of `first` before the others."""
    learned = tokenizer.get_vocab()
    order = dict.fromkeys([*first, *sorted(learned, key=learned.__getitem__)])
    return {token: number for number, token in enumerate(order)}
