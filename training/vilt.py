"""A small ViLT (Kim et al., 2021) for simple questions about pictures and parts of pictures.

Its layers start from CLIP's picture encoder. As in the model's own preprocessing, pictures almost keep their
aspect ratio. All pictures of a batch have the same shape, so no padding is needed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from transformers import (
    ViltConfig,
    ViltForQuestionAnswering,
    ViltImageProcessor,
    ViltProcessor,
)

from training.clip_encoder import Encoder, load_encoder
from training.crops import MEAN, SPREAD
from training.loop import Schedule, fit
from training.pictures import Pictures
from training.questions import (
    ANSWERS,
    EVERYTHING,
    MOSTLY_EXISTENCE,
    Mix,
    Sample,
    WholeQuestions,
    all_wordings,
    make_sample,
)
from training.saving import save
from training.tokenizers import bert_tokenizer
from visprog.miniworld.scene import generator
from visprog.models.backends.transformers.answers import ViltAnswers
from visprog.models.backends.transformers.network import load_network
from visprog.values import Image

SHORTEST, STEP, PATCH = 128, 32, 16
"""Shorter side of the input, the step of each side, and the side of a patch, in pixels."""

LENGTH = 32
BATCH = 72
_WHOLE_QUESTIONS = 6000
"""Number of different GQA questions."""

_NUMBERS = {answer: number for number, answer in enumerate(ANSWERS)}


class Stage(NamedTuple):
    """A stage of the training: its mix of simple questions, and the share of GQA questions."""

    name: str
    schedule: Schedule
    mix: Mix
    whole: float


STAGES = (
    Stage("everything", Schedule(steps=2800, rate=1e-3, decay=0.05), EVERYTHING, 0.25),
    Stage("existence", Schedule(steps=2800, rate=9e-4, decay=0.05), MOSTLY_EXISTENCE, 0.12),
)


def build(corpus: Iterable[str]) -> tuple[ViltForQuestionAnswering, ViltProcessor]:
    """Return an untrained model and its processor. Questions use the words of the corpus."""
    torch.manual_seed(0)
    tokenizer = bert_tokenizer(corpus, length=LENGTH)
    config = ViltConfig(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=768,
        num_hidden_layers=5,
        num_attention_heads=3,
        hidden_act="gelu_pytorch_tanh",
        image_size=SHORTEST,
        patch_size=PATCH,
        max_position_embeddings=LENGTH,
        layer_norm_eps=1e-5,
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(ANSWERS)),
        label2id=_NUMBERS,
    )
    model = ViltForQuestionAnswering(config)
    embeddings = model.vilt.embeddings
    nn.init.normal_(embeddings.position_embeddings, std=0.02)
    nn.init.normal_(embeddings.cls_token, std=0.02)
    images = ViltImageProcessor(
        size={"shortest_edge": SHORTEST}, size_divisor=STEP, image_mean=[MEAN] * 3, image_std=[SPREAD] * 3
    )
    return model, ViltProcessor(images, tokenizer)


def start_from(model: ViltForQuestionAnswering, encoder: Encoder) -> None:
    """Copy the patch embedding, the positions and the layers of CLIP into the model."""
    vilt = model.vilt
    with torch.no_grad():
        vilt.embeddings.patch_embeddings.projection.weight.copy_(encoder.patches)
        vilt.embeddings.patch_embeddings.projection.bias.copy_(encoder.shift)
        vilt.embeddings.cls_token.copy_(encoder.first)
        vilt.embeddings.position_embeddings[:, 0] = 0
        side = vilt.config.image_size // vilt.config.patch_size
        vilt.embeddings.position_embeddings[:, 1:] = encoder.positions(side)
    for own, other in zip(vilt.encoder.layer, encoder.layers, strict=True):
        attention = own.attention.attention
        own.layernorm_before.load_state_dict(other.layer_norm1.state_dict())
        attention.query.load_state_dict(other.self_attn.q_proj.state_dict())
        attention.key.load_state_dict(other.self_attn.k_proj.state_dict())
        attention.value.load_state_dict(other.self_attn.v_proj.state_dict())
        own.attention.output.dense.load_state_dict(other.self_attn.out_proj.state_dict())
        own.layernorm_after.load_state_dict(other.layer_norm2.state_dict())
        own.intermediate.dense.load_state_dict(other.mlp.fc1.state_dict())
        own.output.dense.load_state_dict(other.mlp.fc2.state_dict())


def train(folder: Path, pool: Path, weights: Path) -> None:
    """Train the model, print validation scores, and save the weights."""
    pictures, unseen = Pictures(pool, "train", 24_000), Pictures(pool, "validation", 1000)
    whole = WholeQuestions("train", _WHOLE_QUESTIONS)
    model, processor = build((*all_wordings(), *whole.texts(3000)))
    encoder = load_encoder(pictures, weights / "clip")
    if encoder is not None:
        start_from(model, encoder)

    def validate(network: nn.Module) -> str:
        save(deepcopy(network), processor, folder=folder / "trial")
        return report(folder / "trial", unseen)

    for stage in STAGES:

        def loss(network: nn.Module, step: int, stage: Stage = stage) -> Tensor:
            rng = generator(step, "train", f"vilt {stage.name}")
            return answer_loss(network, processor, batch(rng, pictures, whole, stage))

        fit(model, loss, stage.schedule, folder / stage.name, validate=validate, every=500)
    save(model, processor, folder=weights / "vilt")


def batch(
    rng: random.Random, pictures: Pictures, whole: WholeQuestions, stage: Stage = STAGES[0]
) -> list[Sample]:
    """Return one batch of pictures with the same shape: simple questions and some GQA questions."""
    first = make_sample(rng, pictures, mix=stage.mix)
    shape = shape_of(first.pixels.shape[1], first.pixels.shape[0])
    samples = [first]

    def fits(width: int, height: int) -> bool:
        return shape_of(width, height) == shape

    while len(samples) < BATCH:
        asked = whole.sample(rng, fits) if rng.random() < stage.whole else None
        samples.append(asked or make_sample(rng, pictures, fits, stage.mix))
    return samples


def shape_of(width: int, height: int) -> tuple[int, int]:
    """Return the width and height that the model's preprocessing gives a picture."""
    scale = min(SHORTEST / min(width, height), int(SHORTEST * 1333 / 800) / max(width, height))
    return int(width * scale + 0.5) // STEP * STEP, int(height * scale + 0.5) // STEP * STEP


def answer_loss(network: nn.Module, processor: ViltProcessor, samples: Sequence[Sample]) -> Tensor:
    """Return the mean cross entropy of the right answers. All pictures have the same shape."""
    weight = network.vilt.embeddings.patch_embeddings.projection.weight
    pixels = [torch.tensor(sample.pixels).permute(2, 0, 1) for sample in samples]
    shown = processor.image_processor(pixels, do_pad=False, return_tensors="pt")["pixel_values"].to(weight)
    questions = [sample.question for sample in samples]
    read = processor.tokenizer(questions, padding=True, truncation=True, return_tensors="pt").to(
        weight.device
    )
    patches = embed(network.vilt.embeddings, shown)
    mask = torch.ones(patches.shape[:2], dtype=torch.long, device=weight.device)
    logits = network(**read, image_embeds=patches, pixel_mask=mask).logits
    right = torch.tensor([_NUMBERS[sample.answer] for sample in samples], device=weight.device)
    return nn.functional.cross_entropy(logits.float(), right)


def embed(embeddings: nn.Module, pixels: Tensor) -> Tensor:
    """Return the same as the library's `visual_embed`, for all pictures of one shape in one call."""
    grid = embeddings.patch_embeddings(pixels)
    side = embeddings.config.image_size // embeddings.config.patch_size
    positions = embeddings.position_embeddings
    square = positions[:, 1:].transpose(1, 2).unflatten(2, (side, side))
    fitted = nn.functional.interpolate(square, size=grid.shape[-2:], mode="bilinear", align_corners=True)
    first = (embeddings.cls_token + positions[:, :1]).expand(len(pixels), -1, -1)
    return torch.cat([first, (grid + fitted).flatten(2).transpose(1, 2)], dim=1)


def report(folder: Path, pictures: Pictures, count: int = 400) -> str:
    """Return how often the engine's own backend answers right, by kind of picture and question."""
    model = ViltAnswers(load_network("ViltForQuestionAnswering", str(folder), {"device": "cpu"}))
    right: dict[str, list[bool]] = {}
    rng = generator(0, "validation", "vilt")
    whole = WholeQuestions("validation", count // 4)
    asked = [whole.sample(rng) if number % 4 == 0 else make_sample(rng, pictures) for number in range(count)]
    for sample in filter(None, asked):
        said = model.answer(Image(sample.pixels), sample.question)
        right.setdefault(sample.form, []).append(said == sample.answer)
    return "  ".join(f"{form} {np.mean(hits):.3f} of {len(hits)}" for form, hits in sorted(right.items()))
