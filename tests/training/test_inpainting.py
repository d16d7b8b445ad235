"""What the inpainting pipeline learns from, and how it is trained and saved."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

import torch

from training import autoencoder, inpainting, repaints
from training.pictures import Picture, Pictures
from training.repaints import Repaint, make_repaint
from visprog.miniworld.catalogue import CATEGORIES, STUFF
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import Scene, generator
from visprog.models.backends.diffusers.inpainter import load
from visprog.values import Image


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures(tmp_path_factory.mktemp("pool"), "train", 6)


def test_only_what_the_mask_covers_changes(pictures: Pictures) -> None:
    rng = random.Random(1)
    for _ in range(30):
        repaint = make_repaint(pictures, rng)
        outside = ~repaint.mask
        assert np.array_equal(repaint.before[outside], repaint.after[outside])


def test_the_prompt_names_what_is_shown(pictures: Pictures) -> None:
    rng = random.Random(2)
    seen = [make_repaint(pictures, rng) for _ in range(60)]
    assert {repaint.shows in STUFF for repaint in seen} == {True, False}
    for repaint in seen:
        if repaint.shows in CATEGORIES:
            assert repaint.prompt.endswith(repaint.shows)
        if repaint.shows is None:
            assert repaint.prompt == ""


Paint = Callable[[Picture, random.Random], Repaint | None]


@pytest.mark.parametrize("paint", [repaints.paint_stuff, repaints.paint_thing, repaints.remove_thing])
def test_what_is_hardly_in_sight_is_not_painted(pictures: Pictures, paint: Paint) -> None:
    picture = pictures[0]
    bare = picture._replace(owners=np.full_like(picture.owners, len(picture.scene.things)))
    assert paint(bare, random.Random(0)) is None
    assert paint(picture, random.Random(0)) is not None


def test_removal_uncovers_what_was_behind(pictures: Pictures) -> None:
    picture = pictures[1]
    removed = repaints.remove_thing(picture, random.Random(3))
    assert removed is not None
    width, height, ground, things = (getattr(picture.scene, name) for name in Scene.__slots__)
    without = [things[:number] + things[number + 1 :] for number in range(len(things))]
    pictures_without = [draw(Scene(width, height, ground, rest)).pixels for rest in without]
    assert any(np.array_equal(each[removed.mask], removed.after[removed.mask]) for each in pictures_without)


def test_standardised_latents_are_like_noise_and_restore_the_same(pictures: Pictures) -> None:
    coder = autoencoder.build().eval()
    pixels = autoencoder.batch(pictures, random.Random(4), 8).float()

    def seen() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        with torch.inference_mode():
            latents = coder.encode(pixels).latent_dist
            return latents.mean, latents.std, coder.decode(latents.mean).sample

    mean, spread, restored = seen()
    autoencoder.standardise(coder, pixels)
    new_mean, new_spread, new_restored = seen()
    assert torch.allclose(new_restored, restored, atol=1e-3)
    assert torch.allclose(new_mean.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-3)
    assert torch.allclose(new_mean.std(dim=(0, 2, 3)), torch.ones(4), atol=1e-3)
    assert torch.allclose(new_spread / spread, 1 / mean.std(dim=(0, 2, 3))[None, :, None, None], rtol=1e-2)


def test_the_autoencoder_learns(pictures: Pictures) -> None:
    coder = autoencoder.build()
    optimizer = torch.optim.AdamW(coder.parameters(), lr=3e-3)
    pixels = autoencoder.batch(pictures, random.Random(5), 2).float()
    losses = []
    for _ in range(8):
        loss = autoencoder.restoration_loss(coder, pixels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_the_pipeline_learns_and_its_backend_paints(pictures: Pictures, tmp_path: Path) -> None:
    coder, (painter, tokenizer) = autoencoder.build().eval(), inpainting.build()
    changes = [make_repaint(pictures, random.Random(seed)) for seed in range(2)]
    groups = inpainting.encode(changes, coder, tokenizer)
    assert sum(len(group.mask) for group in groups) == 2
    optimizer = torch.optim.AdamW(painter.parameters(), lr=2e-3)
    losses = []
    for step in range(9):
        torch.manual_seed(step)
        batch = inpainting.choose(groups, generator(step, "train"), 2)
        loss = inpainting.denoising_loss(painter, inpainting.scheduler(), batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert np.mean(losses[-3:]) < 0.85 * np.mean(losses[:3])
    inpainting.save_pipeline(coder, painter.eval(), tokenizer, tmp_path / "inpainting")
    size = sum(file.stat().st_size for file in (tmp_path / "inpainting").rglob("*") if file.is_file())
    assert size < 7_000_000
    inpainter = load("inpainter", str(tmp_path / "inpainting"), {"steps": 2})
    change = changes[0]
    painted = inpainter.inpaint(Image(change.before), change.mask, "lush green grass")
    assert np.array_equal(change.before[~change.mask], painted.pixels[~change.mask])
    assert not np.array_equal(change.before[change.mask], painted.pixels[change.mask])
    assert painted == inpainter.inpaint(Image(change.before), change.mask, "lush green grass")
