"""The segmenter's training: what each query should say, and that it is learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("scipy", reason="MaskFormer cannot be loaded without")

import torch

from training import maskformer
from training.pictures import Picture, Pictures
from training.saving import save
from visprog.miniworld.catalogue import CATEGORIES, STUFF


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures(tmp_path_factory.mktemp("pool"), "validation", 6)


def shares(picture: Picture) -> dict[str, float]:
    """What part of the picture each label covers, all its regions together."""
    found: dict[str, float] = {}
    for label, mask in maskformer.true_masks(picture):
        found[label] = found.get(label, 0) + float(mask.mean())
    return found


def test_regions_cover_what_the_scene_says(pictures: Pictures) -> None:
    for number in range(len(pictures)):
        found: dict[str, float] = {}
        for each in maskformer.sample(pictures[number], np.random.default_rng(0)).asked:
            label = maskformer.LABELS[each.label]
            found[label] = found.get(label, 0) + float(each.mask.mean())
        assert found == pytest.approx(shares(pictures[number]), abs=1e-3)


def test_stuff_is_told_by_its_own_query_and_things_by_those_of_the_cells(pictures: Pictures) -> None:
    for number in range(len(pictures)):
        asked = maskformer.sample(pictures[number], np.random.default_rng(number)).asked
        assert len(asked) == len({each.query for each in asked})
        for each in asked:
            is_stuff = each.label >= len(CATEGORIES)
            assert is_stuff == (each.query < len(STUFF))
            assert not is_stuff or each.label == len(CATEGORIES) + each.query


def test_a_thing_belongs_to_the_cell_of_its_middle_or_to_the_nearest_free_one() -> None:
    side = maskformer.SIDE // 4
    mask, free = np.zeros((side, side), np.float32), np.ones((maskformer.GRID, maskformer.GRID), bool)
    mask[:2, side - 8 :] = 1  # its middle is at (1, 44): in the first row, and in column 9 near column 8
    assert maskformer.nearest_cell(mask, free) == (0, 9)
    free[0, 9] = False
    assert maskformer.nearest_cell(mask, free) == (0, 8)


def test_an_untrained_query_looks_at_its_own_cell() -> None:
    model, _ = maskformer.build()
    transformer = model.model.transformer_module.eval()
    looks = []
    attend = transformer.decoder.layers[0].encoder_attn
    attend.register_forward_hook(lambda _module, _inputs, outputs: looks.append(outputs[1]))
    side = maskformer.SIDE // 16
    with torch.no_grad():
        transformer(torch.randn(1, 128, side, side))
    [attention] = looks
    there = attention[0, :, len(STUFF) :].argmax(-1)
    cells = torch.arange(maskformer.GRID**2)
    middles = [(part + 0.5) * side / maskformer.GRID - 0.5 for part in (cells // 10, cells % 10)]
    for place, middle in zip((there // side, there % side), middles, strict=True):
        assert (place - middle).abs().max() <= 1


def test_it_learns(pictures: Pictures) -> None:
    model, _ = maskformer.build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    samples = [maskformer.sample(pictures[number], np.random.default_rng(0)) for number in range(2)]
    losses = []
    for _ in range(12):
        loss = maskformer.segmentation_loss(model, samples)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_what_is_saved_fills_the_engines_role(pictures: Pictures, tmp_path: Path) -> None:
    model, processor = maskformer.build()
    with torch.no_grad():
        model.class_predictor.bias[maskformer.LABELS.index("dog")] = 20
    save(model, processor, folder=tmp_path / "maskformer")
    assert "mean IoU" in maskformer.measured(tmp_path / "maskformer", pictures, 1)
