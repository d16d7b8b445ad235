"""A small CLIP (Radford et al., 2021), trained on parts of pictures and their names.

Many pictures of a batch show the same kind of object. A text that is true for a picture but belongs to
another one is ignored in the loss.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

from training.crops import Pixels, cut, jittered, resized, to_tensor
from training.loop import Schedule, fit
from training.pictures import Picture, Pictures
from training.saving import save
from training.tokenizers import clip_tokenizer, texts
from visprog.miniworld.captions import describe, names_of, stuff_phrases, with_article
from visprog.miniworld.catalogue import CATEGORIES, STUFF, plural_of
from visprog.miniworld.scene import generator

SIDE = 96
LENGTH = 24
SCHEDULE = Schedule(steps=1600, rate=1.2e-3, decay=0.05)
_THINGS, _STUFFS, _SCENES = 150, 44, 62
"""Number of objects, backgrounds and whole scenes in a batch."""

_FORMS = ("{}", "a photo of {}", "a photo of {}.", "a picture of {}", "the {}", "a close photo of {}.")


class Sample(NamedTuple):
    """A picture and its text. `name` is the name in the text; `true` are all names that are true for it."""

    pixels: Pixels
    text: str
    name: str
    true: Collection[str]


def vision_config() -> dict[str, object]:
    """Return the configuration of the picture encoder. Other models start from it."""
    return {
        "hidden_size": 192,
        "intermediate_size": 768,
        "num_hidden_layers": 5,
        "num_attention_heads": 3,
        "image_size": SIDE,
        "patch_size": 16,
        "hidden_act": "gelu_pytorch_tanh",
    }


def text_config(tokenizer: CLIPTokenizer, length: int = LENGTH) -> dict[str, object]:
    """Return the configuration of the text encoder. Other models start from it."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "max_position_embeddings": length,
        "hidden_act": "gelu_pytorch_tanh",
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }


def build() -> tuple[CLIPModel, CLIPTokenizer]:
    """Return an untrained model and its tokenizer."""
    torch.manual_seed(0)
    tokenizer = clip_tokenizer(texts(), length=LENGTH)
    config = CLIPConfig(text_config=text_config(tokenizer), vision_config=vision_config(), projection_dim=128)
    config._attn_implementation = "eager"  # the other implementations are slow in bfloat16 on a CPU
    return CLIPModel(config), tokenizer


def train(folder: Path, pool: Path, weights: Path) -> None:
    """Train the model, print validation scores, and save the weights."""
    pictures, unseen = Pictures(pool, "train", 24_000), Pictures(pool, "validation", 1000)
    model, tokenizer = build()

    def loss(network: nn.Module, step: int) -> Tensor:
        rng = generator(step, "train", "clip")
        return contrast(network, tokenizer, batch(pictures, rng))

    def validate(network: nn.Module) -> str:
        return f"top-1 of names {accuracy(network, tokenizer, unseen):.3f}"

    fit(model, loss, SCHEDULE, folder, validate=validate, every=200)
    size = {"height": SIDE, "width": SIDE}
    images = CLIPImageProcessor(
        size=size, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.5] * 3, resample=3
    )
    save(model, CLIPProcessor(images, tokenizer), folder=weights / "clip")


def batch(pictures: Pictures, rng: random.Random) -> list[Sample]:
    """Return one batch: parts with an object, parts with background, and whole pictures."""
    samples: list[Sample] = []
    while len(samples) < _THINGS:
        samples += _things(pictures[rng.randrange(len(pictures))], rng)
    while len(samples) < _THINGS + _STUFFS:
        samples += _stuff(pictures[rng.randrange(len(pictures))], rng)
    while len(samples) < _THINGS + _STUFFS + _SCENES:
        samples += _scene(pictures[rng.randrange(len(pictures))], rng)
    return samples


def contrast(network: nn.Module, tokenizer: CLIPTokenizer, samples: list[Sample]) -> Tensor:
    """Return the contrastive loss between pictures and texts, in both directions."""
    dtype = next(network.parameters()).dtype
    inputs = tokenizer(
        [sample.text for sample in samples], padding=True, truncation=True, return_tensors="pt"
    )
    pictures = to_tensor([sample.pixels for sample in samples], dtype)
    seen = nn.functional.normalize(network.get_image_features(pictures).pooler_output.float(), dim=-1)
    read = nn.functional.normalize(network.get_text_features(**inputs).pooler_output.float(), dim=-1)
    logits = seen @ read.T * network.logit_scale.float().exp().clamp(max=100)
    own = torch.eye(len(samples), dtype=torch.bool)
    also_true = torch.tensor([[other.name in sample.true for other in samples] for sample in samples])
    logits = logits.masked_fill(also_true & ~own, -torch.inf)
    target = torch.arange(len(samples))
    return (nn.functional.cross_entropy(logits, target) + nn.functional.cross_entropy(logits.T, target)) / 2


def accuracy(network: nn.Module, tokenizer: CLIPTokenizer, pictures: Pictures) -> float:
    """Return the top-1 accuracy over all categories and stuff on parts of unseen pictures."""
    rng = generator(0, "validation", "clip")
    names = [*CATEGORIES, *STUFF]
    samples = [
        sample
        for index in range(300)
        for sample in (*_things(pictures[index], rng), *_stuff(pictures[index], rng))
        if any(name in sample.true for name in names)
    ]
    with torch.inference_mode():
        pixels = to_tensor([sample.pixels for sample in samples], torch.float32)
        seen = nn.functional.normalize(network.get_image_features(pixels).pooler_output, dim=-1)
        inputs = tokenizer(
            [f"a photo of {with_article(name)}" for name in names], padding=True, return_tensors="pt"
        )
        read = nn.functional.normalize(network.get_text_features(**inputs).pooler_output, dim=-1)
    best = (seen @ read.T).argmax(-1).tolist()
    return float(np.mean([names[index] in sample.true for index, sample in zip(best, samples, strict=True)]))


def _things(picture: Picture, rng: random.Random) -> list[Sample]:
    """Return parts around at most two objects, each with one of the object's names."""
    visible = [number for number, seen in enumerate(picture.seen) if seen > 0.6]
    samples = []
    for number in rng.sample(visible, min(2, len(visible))):
        thing = picture.scene.things[number]
        names = names_of(thing)
        name = names[0] if rng.random() < 0.4 else rng.choice(names)
        face = picture.drawn.face(number)
        box = face if face and rng.random() < 0.3 else picture.boxes[number]
        pixels = cut(
            picture.pixels, box, grow=rng.choice((1.0, rng.uniform(0.9, 2))), shift=jittered(rng, 0.08)
        )
        samples.append(Sample(resized(pixels, SIDE, SIDE), _worded(name, rng), name, names))
    return samples


def _worded(name: str, rng: random.Random) -> str:
    """Return a text with an object's name: alone, in a sentence, or in the plural."""
    form = rng.choice(_FORMS)
    bare = form in ("{}", "the {}")
    if rng.random() < 0.15:
        colour, _, noun = name.rpartition(" ") if " " in name else ("", "", name)
        try:
            return form.replace("{}", f"{colour} {plural_of(noun)}".strip())
        except KeyError:  # the name has two words
            return form.replace("{}", name)
    return form.replace("{}", name if bare or rng.random() < 0.3 else with_article(name))


def _stuff(picture: Picture, rng: random.Random) -> list[Sample]:
    """Return a random part of the picture, or nothing if it does not show mostly one kind of stuff."""
    rows, columns = picture.ground.shape
    width, height = rng.randint(24, columns), rng.randint(24, rows)
    x, y = rng.randint(0, columns - width), rng.randint(0, rows - height)
    place = np.s_[y : y + height, x : x + width]
    shown = picture.ground[place][picture.owners[place] < 0]
    if shown.size < 0.4 * width * height:
        return []
    counts = np.bincount(shown, minlength=len(STUFF))
    best = int(counts.argmax())
    if counts[best] < 0.75 * shown.size:
        return []
    phrases = stuff_phrases(STUFF[best])
    text = rng.choice(_FORMS[:2]).replace("{}", rng.choice(phrases))
    return [Sample(resized(picture.pixels[place], SIDE, SIDE), text, STUFF[best], (STUFF[best],))]


def _scene(picture: Picture, rng: random.Random) -> list[Sample]:
    text = describe(picture.drawn, rng)
    names = {name for thing in picture.scene.things for name in names_of(thing)}
    return [
        Sample(resized(picture.pixels, SIDE, SIDE), text, text, {*names, *picture.scene.ground.kinds, text})
    ]
