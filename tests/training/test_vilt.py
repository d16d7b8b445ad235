"""ViLT learns what the engine's backend then asks it: the same inputs, the same network."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from training import vilt
from training.clip import vision_config
from training.clip_encoder import fold
from training.loop import Schedule, fit
from training.pictures import Pictures
from training.questions import Sample, WholeQuestions
from training.saving import save
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import SIDES, generator, make_scene
from visprog.models.backends.transformers.answers import ViltAnswers
from visprog.models.backends.transformers.network import load_network
from visprog.values import Image

QUESTIONS = ("What color is the car?", "Is there a dog in the image?", "What is this?")
LEARNED = ("red", "yes", "palm tree", "blue", "no", "dog")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def built() -> tuple[Any, Any]:
    return vilt.build(QUESTIONS)


def sample(width: int, height: int, question: str = QUESTIONS[0], answer: str = "red") -> Sample:
    pixels = np.random.RandomState(width * height).randint(0, 256, (height, width, 3), np.uint8)
    return Sample(pixels, question, answer, "colour of a crop")


def test_the_shape_is_what_the_preprocessing_makes(built: tuple[Any, Any]) -> None:
    _, processor = built
    sizes = [*itertools.product(SIDES, SIDES), (57, 83), (33, 131), (80, 256), (256, 70), (90, 91), (64, 64)]
    for width, height in sizes:
        shown = processor.image_processor(Image(sample(width, height).pixels).to_pil(), return_tensors="pt")
        assert tuple(shown["pixel_values"].shape[:1:-1]) == vilt.shape_of(width, height)


@pytest.mark.parametrize(("width", "height"), [(100, 104), (224, 160), (60, 190)])
def test_training_computes_what_the_backend_computes(built: tuple[Any, Any], width: int, height: int) -> None:
    model, processor = built
    shown = sample(width, height)
    inputs = processor(images=Image(shown.pixels).to_pil(), text=shown.question, return_tensors="pt")
    with torch.inference_mode():
        asked = model(**inputs).logits.log_softmax(-1)[0, model.config.label2id["red"]]
        other = sample(width, height, "Is there a dog in the image?", "no")
        trained = vilt.answer_loss(model, processor, [shown, other])
        alone = vilt.answer_loss(model, processor, [other])
    assert float(2 * trained - alone) == pytest.approx(-float(asked), abs=1e-4)


def test_a_batch_has_one_shape(tmp_path: Path) -> None:
    pictures, whole = Pictures(tmp_path, "train", 20), WholeQuestions("train", 20)
    made = vilt.batch(generator(3, "train", "vilt"), pictures, whole)
    assert len(made) == vilt.BATCH
    assert len({vilt.shape_of(*each.pixels.shape[1::-1]) for each in made}) == 1
    assert any(each.form == "whole question" for each in made)


def test_what_it_learned_the_backend_answers(tmp_path: Path) -> None:
    model, processor = vilt.build(QUESTIONS)
    samples = [sample(100 + number, 100, QUESTIONS[number % 3], each) for number, each in enumerate(LEARNED)]

    def loss(network: Any, step: int) -> Any:
        return vilt.answer_loss(network, processor, samples)

    fit(model, loss, Schedule(steps=30, rate=1e-3), tmp_path / "training")
    save(model, processor, folder=tmp_path / "vilt")
    network = load_network("ViltForQuestionAnswering", str(tmp_path / "vilt"), {"device": "cpu"})
    said = [ViltAnswers(network).answer(Image(each.pixels), each.question) for each in samples]
    assert said == list(LEARNED)


def test_it_starts_from_the_encoder_of_clip(built: tuple[Any, Any]) -> None:
    model, _ = built
    clip = clip_encoder()
    pixels = torch.rand(4, 3, clip.config.image_size, clip.config.image_size) * 2 - 1
    encoder = fold(clip, pixels)
    vilt.start_from(model, encoder)
    with torch.inference_mode():
        before = clip.pre_layrnorm(clip.embeddings(pixels))
        expected = clip.encoder(inputs_embeds=before).last_hidden_state
        assert torch.allclose(model.vilt.encoder(before).last_hidden_state, expected, atol=1e-5)
        patches = model.vilt.embeddings.patch_embeddings(pixels).flatten(2).transpose(1, 2)
        embedded = patches + encoder.positions(6)
        assert torch.allclose(model.vilt.embeddings.cls_token[0, 0], before[0, 0], atol=1e-6)
    likeness = torch.nn.functional.cosine_similarity(embedded, before[:, 1:], dim=-1)
    assert likeness.min() > 0.97


def clip_encoder() -> Any:
    """A CLIP encoder whose norms are not the identity."""
    torch.manual_seed(0)
    clip = transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**vision_config())).eval()
    for name, weight in clip.named_parameters():
        if "norm" in name:
            weight.data += 0.2 * torch.randn_like(weight)
    return clip


def test_pictures_of_the_world_keep_their_colours(built: tuple[Any, Any]) -> None:
    pixels = draw(make_scene(0, "train")).pixels
    shown = built[1].image_processor(Image(pixels).to_pil(), return_tensors="pt")["pixel_values"][0]
    assert np.allclose(pixels.mean((0, 1)) / 127.5 - 1, shown.mean((1, 2)).numpy(), atol=0.05)
