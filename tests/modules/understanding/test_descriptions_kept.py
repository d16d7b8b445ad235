"""Descriptions of categories are kept by model, and only for models that can be told apart."""

from __future__ import annotations

from visprog.models.fake import FakeLanguageModel
from visprog.modules.understanding.descriptions import Descriptions


class Named(FakeLanguageModel):
    def __init__(self, fingerprint: str, words: str) -> None:
        super().__init__(lambda messages: words)
        self.fingerprint = fingerprint


def test_a_model_with_a_fingerprint_is_asked_once() -> None:
    kept, model = Descriptions(), Named("one", "A dog has ears.")
    assert kept.of(["dog"], model) == kept.of(["dog"], model) == [("A dog has ears.",)]
    assert len(model.conversations) == 1


def test_models_with_different_fingerprints_have_their_own_descriptions() -> None:
    kept = Descriptions()
    assert kept.of(["dog"], Named("one", "A dog has ears.")) == [("A dog has ears.",)]
    assert kept.of(["dog"], Named("two", "A dog has a tail.")) == [("A dog has a tail.",)]


def test_what_a_model_without_a_fingerprint_says_is_not_kept() -> None:
    kept = Descriptions()
    assert kept.of(["dog"], FakeLanguageModel(["A dog has ears."])) == [("A dog has ears.",)]
    assert kept.of(["dog"], FakeLanguageModel(["A dog has a tail."])) == [("A dog has a tail.",)]


def test_an_answer_without_a_sentence_is_not_kept() -> None:
    kept = Descriptions()
    assert kept.of(["dog"], Named("one", "")) == [()]
    assert kept.of(["dog"], Named("one", "A dog has ears.")) == [("A dog has ears.",)]
