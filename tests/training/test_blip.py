"""BLIP learns captions that the engine's backend then writes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from training import blip
from training.clip import vision_config
from training.clip_encoder import fold
from training.loop import Schedule, fit
from training.pictures import Picture, Pictures
from training.saving import save
from training.views import part_of, whole_view
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import Ground, Scene, Thing
from visprog.models.backends.transformers.answers import BlipCaptions
from visprog.models.backends.transformers.network import load_network
from visprog.values import Image

CAPTIONS = (
    "a red car and two dogs on the grass",
    "three palm trees on the snow",
    "a blue fish, a cat and a house on the sea",
)


def picture(*things: Thing) -> Picture:
    drawn = draw(Scene(192, 160, Ground(("sky", "grass"), 1), things))
    boxes = np.array([drawn.box(number) for number in range(len(things))], np.int32).reshape(-1, 4)
    seen = np.ones(len(things), np.float32)
    return Picture(drawn.scene, drawn.pixels, drawn.owners, drawn.ground, boxes, seen)


SHOWN = picture(
    Thing("dog", None, (130, 90, 180, 140)),
    Thing("car", "red", (0, 40, 60, 100)),
    Thing("dog", None, (70, 100, 120, 150)),
    Thing("tree", "green", (100, 10, 150, 60)),
)


def test_a_caption_names_things_from_left_to_right() -> None:
    assert blip.caption_of(whole_view(SHOWN)) == "a red car, two dogs and a tree on the grass"


def test_a_caption_of_a_part_names_what_is_in_it() -> None:
    assert blip.caption_of(part_of(SHOWN, (0, 0, 66, 160))) == "a red car on the grass"
    assert blip.caption_of(part_of(SHOWN, (0, 0, 60, 30))) == "the sky"


def test_categories_are_read_out_of_captions() -> None:
    assert blip.categories_in(CAPTIONS[0]) == {"car", "dog"}
    assert blip.categories_in(CAPTIONS[1]) == {"palm tree"}
    assert blip.categories_in("two police officers, a pair and ice creams") == {
        "police officer",
        "ice cream",
    }
    assert blip.categories_in("the grass") == set()


def test_every_category_of_a_scene_is_read_out_of_its_caption(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, "train", 20)
    for view in (whole_view(pictures[index]) for index in range(20)):
        shown = {view.picture.scene.things[number].category for number in view.present}
        assert blip.categories_in(blip.caption_of(view)) == shown
    assert all(len(each.caption) > 0 for each in blip.batch(random.Random(0), pictures))


def test_what_it_learned_the_backend_writes(tmp_path: Path) -> None:
    model, processor = blip.build(CAPTIONS)
    samples = [
        blip.Sample(np.random.RandomState(number).randint(0, 256, (90, 120, 3), np.uint8), caption)
        for number, caption in enumerate(CAPTIONS)
    ]

    def loss(network: Any, step: int) -> Any:
        return blip.caption_loss(network, processor, samples)

    fit(model, loss, Schedule(steps=45, rate=2e-3), tmp_path / "training")
    save(model, processor, folder=tmp_path / "blip")
    network = load_network("BlipForConditionalGeneration", str(tmp_path / "blip"), {"device": "cpu"})
    assert [BlipCaptions(network).caption(Image(each.pixels)) for each in samples] == list(CAPTIONS)


def test_it_starts_from_the_first_layers_of_clip() -> None:
    model, _ = blip.build(CAPTIONS)
    torch.manual_seed(0)
    clip = transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**vision_config())).eval()
    pixels = torch.rand(2, 3, clip.config.image_size, clip.config.image_size) * 2 - 1
    blip.start_from(model, fold(clip, pixels))
    with torch.inference_mode():
        hidden = expected = clip.pre_layrnorm(clip.embeddings(pixels))
        for own, other in zip(model.vision_model.encoder.layers, clip.encoder.layers, strict=False):
            hidden, expected = own(hidden), other(expected, None)
    assert torch.allclose(hidden, expected, atol=1e-5)
