"""T5, trained to write programs and to answer the queries of the tool List."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

from training.instructions import Sample, bank_samples, list_samples, renamed, samples
from training.loop import Schedule, fit
from training.program_tokenizer import program_tokenizer
from training.saving import save
from visprog.nouns import singular

SHARES = {
    "gqa": 0.32, "nlvr": 0.2, "composition": 0.1, "knowtag": 0.12, "imgedit": 0.16, "bank": 0.04, "list": 0.06
}  # fmt: skip
"""Kinds of tasks in a batch."""

COUNTS = {"gqa": 20000, "nlvr": 12000, "composition": 4000, "knowtag": 8000, "imgedit": 8000}
"""Number of training tasks of each kind."""

UNSEEN = dict.fromkeys(COUNTS, 60)
"""Number of validation tasks of each kind."""

_RENAMED = 0.25
_SORTED = 8
"""Number of batches that are drawn together and sorted by length, to reduce padding."""

LONGEST = 256
"""Maximum length of an answer in tokens."""


def train(
    folder: Path,
    pool: Path,  # noqa: ARG001  # of pictures, which every other training reads
    weights: Path,
    *,
    steps: int = 5000,
    batch: int = 64,
    rate: float = 2e-3,
) -> None:
    """Train the model, print validation scores, and save the weights. Samples are kept in `folder`."""
    lessons = [*samples("train", COUNTS, folder), *bank_samples(), *list_samples()]
    tokenizer = program_tokenizer(text for sample in lessons for text in (sample.asked, sample.answer))
    unseen = samples("validation", UNSEEN, folder)
    torch.manual_seed(0)
    model = new_model(tokenizer)
    draw = Lessons(lessons, batch)

    def loss(model: nn.Module, step: int) -> Tensor:
        return loss_of(model, tokenizer, draw.batch(step))

    def validate(model: nn.Module) -> str:
        return "  ".join(f"{kind} {share:.3f}" for kind, share in accuracy(model, tokenizer, unseen).items())

    fit(model, loss, Schedule(steps, rate), folder, validate=validate, every=1000)
    save(model, tokenizer, folder=weights / "t5")


def new_model(tokenizer: Any) -> Any:
    """Return an untrained model with 1.9 million parameters."""
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=160,
        d_kv=32,
        num_heads=4,
        d_ff=512,
        num_layers=3,
        relative_attention_max_distance=64,
        dropout_rate=0.0,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    model = T5ForConditionalGeneration(config)
    model.set_attn_implementation("eager")  # on a CPU this trains twice as fast as fused attention
    model.generation_config = GenerationConfig(pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    _liken_forms(model.get_input_embeddings().weight, tokenizer)
    _prefer_copying(model)
    return model


def _prefer_copying(model: Any) -> None:
    """Initialize the decoder to prefer the word that it attends to, which helps it learn to copy."""
    with torch.no_grad():
        for block in model.decoder.block:
            look = block.layer[1].EncDecAttention
            nn.init.orthogonal_(look.v.weight)
            look.o.weight.copy_(look.v.weight.T)


def _liken_forms(vectors: Tensor, tokenizer: Any) -> None:
    """Give the forms of a word similar embeddings: then writing 'dog' for " dogs" is almost copying."""
    words: dict[str, Tensor] = {}
    with torch.no_grad():
        for token, number in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]):
            word = singular(token.removeprefix("\u0120"))  # a space in the vocabulary
            if word.isalpha() and len(word) > 2:
                shared = words.setdefault(word, torch.randn_like(vectors[number]))
                vectors[number] = 0.6 * vectors[number] + 0.8 * shared


class Lessons:
    """Batches of samples. The step determines the batch."""

    def __init__(self, lessons: Sequence[Sample], size: int) -> None:
        self._size = size
        kinds = defaultdict(list)
        for sample in lessons:
            kinds[sample.kind].append(sample)
        self._kinds = dict(kinds)
        self._drawn = lru_cache(1)(self._draw)

    def batch(self, step: int) -> list[Sample]:
        """Return the samples of a step. They have similar lengths."""
        return self._drawn(step // _SORTED)[step % _SORTED]

    def _draw(self, number: int) -> list[list[Sample]]:
        rng = random.Random(number)
        kinds = rng.choices(list(self._kinds), [SHARES[kind] for kind in self._kinds], k=self._size * _SORTED)
        drawn = [rng.choice(self._kinds[kind]) for kind in kinds]
        drawn = [
            renamed(each, rng) if each.kind != "list" and rng.random() < _RENAMED else each for each in drawn
        ]
        drawn.sort(key=lambda sample: len(sample.answer))
        batches = [drawn[start : start + self._size] for start in range(0, len(drawn), self._size)]
        rng.shuffle(batches)
        return batches


def loss_of(model: Any, tokenizer: Any, batch: Sequence[Sample]) -> Tensor:
    """Return the mean cross entropy of the answers' tokens."""
    asked = tokenizer([sample.asked for sample in batch], padding=True, return_tensors="pt").to(model.device)
    answers = [sample.answer + tokenizer.eos_token for sample in batch]
    wanted = tokenizer(answers, padding=True, return_tensors="pt").input_ids.to(model.device)
    labels = wanted.masked_fill(wanted == tokenizer.pad_token_id, -100)
    logits = model(
        input_ids=asked.input_ids,
        attention_mask=asked.attention_mask,
        decoder_input_ids=model.prepare_decoder_input_ids_from_labels(labels),
        use_cache=False,
    ).logits
    return functional.cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=-100)


def accuracy(model: Any, tokenizer: Any, unseen: Sequence[Sample]) -> dict[str, float]:
    """Return how often the program is right, by kind. Names of variables are ignored."""
    given = answers(model, tokenizer, [sample.asked for sample in unseen])
    right: dict[str, list[bool]] = defaultdict(list)
    for sample, answer in zip(unseen, given, strict=True):
        right[sample.kind].append(with_plain_names(answer) == with_plain_names(sample.answer))
    return {kind: sum(each) / len(each) for kind, each in right.items()}


def answers(model: Any, tokenizer: Any, asked: Sequence[str], *, together: int = 128) -> list[str]:
    """Return the most likely answers to turns."""
    texts: list[str] = []
    for start in range(0, len(asked), together):
        inputs = tokenizer(asked[start : start + together], padding=True, return_tensors="pt").to(
            model.device
        )
        with torch.inference_mode():
            tokens = model.generate(
                input_ids=inputs.input_ids, attention_mask=inputs.attention_mask, max_new_tokens=LONGEST
            )
        texts += tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return texts


def with_plain_names(program: str) -> str:
    """Return a program with its variables numbered in the order of their definitions."""
    targets = dict.fromkeys(re.findall(r"^([A-Z]+\d+)=", program, re.MULTILINE))
    numbers = {target: f"V{number}" for number, target in enumerate(targets)}
    return re.sub(r"\b[A-Z]+\d+\b", lambda found: numbers.get(found[0], found[0]), program)
