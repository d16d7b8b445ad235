"""Tokenizers made from the world's text: whole words, any other text spelt, and the same each time."""

from __future__ import annotations

import pytest

pytest.importorskip("transformers")

from training.tokenizers import bert_tokenizer, clip_tokenizer, texts
from visprog.miniworld.catalogue import CATEGORIES


@pytest.fixture(scope="module")
def corpus() -> list[str]:
    return texts()


def test_names_are_whole_words_for_clip(corpus: list[str]) -> None:
    tokenizer = clip_tokenizer(corpus, length=16)
    for name in CATEGORIES:
        read = tokenizer(f"a {name}").input_ids
        assert len(read) == 3 + len(name.split())
        assert tokenizer.decode(read, skip_special_tokens=True).strip() == f"a {name}"


def test_names_are_whole_words_for_vilt_and_blip(corpus: list[str]) -> None:
    tokenizer = bert_tokenizer(corpus, length=32)
    for name in CATEGORIES:
        assert tokenizer.tokenize(f"A {name}") == ["a", *name.split()]


def test_other_text_is_spelt(corpus: list[str]) -> None:
    clip, bert = clip_tokenizer(corpus, length=64), bert_tokenizer(corpus, length=64)
    assert (
        clip.decode(clip("a quixotic zebra").input_ids, skip_special_tokens=True).strip()
        == "a quixotic zebra"
    )
    assert bert.decode(bert("a quixotic zebra!").input_ids, skip_special_tokens=True) == "a quixotic zebra!"


def test_numbers_suit_owlvit(corpus: list[str]) -> None:
    tokenizer = clip_tokenizer(corpus, length=16)
    first, *_, last = tokenizer("a dog").input_ids
    assert first != 0
    assert last == len(tokenizer) - 1


def test_words_have_the_same_numbers_each_time(corpus: list[str]) -> None:
    assert clip_tokenizer(corpus, length=16).get_vocab() == clip_tokenizer(corpus, length=16).get_vocab()
    assert (
        bert_tokenizer(corpus, length=16).get_vocab() == bert_tokenizer(corpus[::-1], length=16).get_vocab()
    )
