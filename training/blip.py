"""A small BLIP (Li et al., 2022). Its captions name every object in a picture from left to right.

Its picture encoder starts from the first layers of CLIP.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import (
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
)

from training.clip_encoder import Encoder, load_encoder
from training.crops import MEAN, SPREAD, Pixels
from training.loop import Schedule, fit
from training.pictures import Pictures
from training.saving import save
from training.tokenizers import bert_tokenizer
from training.views import View, make_view, whole_view
from visprog.miniworld.captions import coloured, counted, listed
from visprog.miniworld.catalogue import CATEGORIES, STUFF
from visprog.miniworld.scene import generator
from visprog.models.backends.transformers.answers import BlipCaptions
from visprog.models.backends.transformers.network import load_network
from visprog.values import Image

SIDE, PATCH = 144, 16
"""Width and height of the model's input and of its patches, in pixels."""

LENGTH = 48
SCHEDULE = Schedule(steps=2400, rate=1e-3, decay=0.05)
BATCH = 64
_WHOLE = 0.7
"""Share of samples that show a whole picture."""


class Sample(NamedTuple):
    """A picture, RGB of shape (height, width, 3), and its caption."""

    pixels: Pixels
    caption: str


def build(corpus: Iterable[str]) -> tuple[BlipForConditionalGeneration, BlipProcessor]:
    """Return an untrained model and its processor. The captions use the words of the corpus."""
    torch.manual_seed(0)
    tokenizer = bert_tokenizer(corpus, length=LENGTH)
    sight = {
        "hidden_size": 192,
        "intermediate_size": 768,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "image_size": SIDE,
        "patch_size": PATCH,
        "hidden_act": "gelu_pytorch_tanh",
        "initializer_range": 0.02,
    }
    speech = {
        "vocab_size": len(tokenizer),
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": LENGTH + 4,
        "hidden_act": "gelu_pytorch_tanh",
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "sep_token_id": tokenizer.sep_token_id,
    }
    model = BlipForConditionalGeneration(BlipConfig(vision_config=sight, text_config=speech))
    images = BlipImageProcessor(
        size={"height": SIDE, "width": SIDE}, image_mean=[MEAN] * 3, image_std=[SPREAD] * 3
    )
    return model, BlipProcessor(images, tokenizer)


def start_from(model: BlipForConditionalGeneration, encoder: Encoder) -> None:
    """Copy the patch embedding, the positions and the first layers of CLIP into the model."""
    sight = model.vision_model
    with torch.no_grad():
        sight.embeddings.patch_embedding.weight.copy_(encoder.patches)
        sight.embeddings.patch_embedding.bias.copy_(encoder.shift)
        sight.embeddings.class_embedding.copy_(encoder.first)
        sight.embeddings.position_embedding[:, 0] = 0
        sight.embeddings.position_embedding[:, 1:] = encoder.positions(SIDE // PATCH)
    for own, other in zip(sight.encoder.layers, encoder.layers, strict=False):
        attention = other.self_attn
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        with torch.no_grad():
            own.self_attn.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
            own.self_attn.qkv.bias.copy_(torch.cat([part.bias for part in parts]))
        own.self_attn.projection.load_state_dict(attention.out_proj.state_dict())
        own.layer_norm1.load_state_dict(other.layer_norm1.state_dict())
        own.layer_norm2.load_state_dict(other.layer_norm2.state_dict())
        own.mlp.load_state_dict(other.mlp.state_dict())


def train(folder: Path, pool: Path, weights: Path) -> None:
    """Train the model, print validation scores, and save the weights."""
    pictures, unseen = Pictures(pool, "train", 24_000), Pictures(pool, "validation", 1000)
    model, processor = build(caption_of(whole_view(pictures[index])) for index in range(3000))
    encoder = load_encoder(pictures, weights / "clip")
    if encoder is not None:
        start_from(model, encoder)

    def loss(network: nn.Module, step: int) -> Tensor:
        return caption_loss(network, processor, batch(generator(step, "train", "blip"), pictures))

    def validate(network: nn.Module) -> str:
        save(deepcopy(network), processor, folder=folder / "trial")
        return report(folder / "trial", unseen)

    fit(model, loss, SCHEDULE, folder, validate=validate, every=500)
    save(model, processor, folder=weights / "blip")


def batch(rng: random.Random, pictures: Pictures) -> list[Sample]:
    """Return one batch: whole pictures, and parts like those that programs crop."""
    samples = []
    for _ in range(BATCH):
        picture = pictures[rng.randrange(len(pictures))]
        view = whole_view(picture) if rng.random() < _WHOLE else make_view(rng, picture)
        samples.append(Sample(view.pixels, caption_of(view)))
    return samples


def caption_of(view: View) -> str:
    """Return a caption that names the visible objects from left to right, and the largest background.

    Colours are named for objects that can have several: "a red car and two dogs on the grass".
    """
    things = [view.picture.scene.things[number] for number in view.present]
    names = Counter(
        coloured(thing.category, thing.colour if CATEGORIES[thing.category].tints else None)
        for thing in sorted(things, key=lambda thing: thing.centre)
    )
    shares = {kind: share for kind, share in zip(STUFF, view.stuff(), strict=True) if share and kind != "sky"}
    place = f"the {max(shares, key=lambda kind: shares[kind])}" if shares else "the sky"
    objects = [counted(number, name) for name, number in names.items()]
    return f"{listed(objects)} on {place}" if objects else place


def caption_loss(network: nn.Module, processor: BlipProcessor, samples: Sequence[Sample]) -> Tensor:
    """Return the mean cross entropy of the captions' tokens."""
    weight = network.vision_model.embeddings.patch_embedding.weight
    pixels = [torch.tensor(sample.pixels).permute(2, 0, 1) for sample in samples]
    shown = processor.image_processor(pixels, return_tensors="pt")["pixel_values"].to(weight)
    captions = [sample.caption for sample in samples]
    read = processor.tokenizer(captions, padding=True, truncation=True, return_tensors="pt").to(weight.device)
    labels = read["input_ids"].masked_fill(read["attention_mask"] == 0, -100)
    loss: Tensor = network(
        shown, input_ids=read["input_ids"], attention_mask=read["attention_mask"], labels=labels
    ).loss
    return loss.float()


def report(folder: Path, pictures: Pictures, count: int = 200) -> str:
    """Return precision and recall of the categories that the engine's own backend names in whole pictures."""
    model = BlipCaptions(load_network("BlipForConditionalGeneration", str(folder), {"device": "cpu"}))
    common = named = present = exact = 0
    for view in (whole_view(pictures[index]) for index in range(count)):
        caption, right = model.caption(Image(view.pixels)), caption_of(view)
        names, truth = categories_in(caption), categories_in(right)
        common, named, present = common + len(names & truth), named + len(names), present + len(truth)
        exact += caption == right
    return f"precision {common / max(named, 1):.3f}  recall {common / present:.3f}  exact {exact / count:.3f}"


_NAMES = {
    name: category.name for category in CATEGORIES.values() for name in (category.name, category.plural)
}


def categories_in(caption: str) -> set[str]:
    """Return the categories that a caption names, in the singular or the plural."""
    named = map(_category_at_the_end, re.split(r", | and | on ", caption))
    return {category for category in named if category}


def _category_at_the_end(phrase: str) -> str | None:
    """Return the category of the longest name at the end of a phrase: "a red palm tree" is a palm tree."""
    while phrase and phrase not in _NAMES:
        phrase = phrase.partition(" ")[2]
    return _NAMES.get(phrase)
