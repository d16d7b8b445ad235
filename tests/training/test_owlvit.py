"""The targets of OWL-ViT: which patch predicts which object, and with which names."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from training import owlvit
from training.loop import Schedule, fit
from training.pictures import Pictures
from visprog.boxes import box_overlap
from visprog.miniworld.scene import generator


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures(tmp_path_factory.mktemp("pool"), "train", 16)


def _spots(target: owlvit.Target, name: str) -> set[int]:
    return {index for index, names in enumerate(target.names) if name in names}


def test_the_middle_of_a_thing_answers_for_it() -> None:
    target = owlvit.patch_targets([(np.array([0.2, 0.2, 0.6, 0.6]), 1.0, ("dog", "animal"))], 10)
    assert _spots(target, "dog") == _spots(target, "animal") == {33, 34, 43, 44}
    assert target.boxes[33] == pytest.approx([0.4, 0.4, 0.4, 0.4])
    assert target.counted.all()


def test_a_small_thing_has_one_patch() -> None:
    target = owlvit.patch_targets([(np.array([0.51, 0.51, 0.55, 0.55]), 1.0, ("bee",))], 10)
    assert _spots(target, "bee") == {55}


def test_what_is_cut_by_the_edge_is_found_only_where_enough_is_in_sight() -> None:
    half_out = owlvit.patch_targets([(np.array([-0.2, 0.2, 0.2, 0.6]), 1.0, ("dog",))], 10)
    spot = min(_spots(half_out, "dog"))
    assert half_out.boxes[spot] == pytest.approx([0.1, 0.4, 0.2, 0.4])
    mostly_out = owlvit.patch_targets([(np.array([-0.3, 0.2, 0.1, 0.6]), 1.0, ("dog",))], 10)
    assert not _spots(mostly_out, "dog")
    assert not mostly_out.counted.all()  # neither present nor absent
    all_out = owlvit.patch_targets([(np.array([-0.39, 0.2, 0.01, 0.6]), 1.0, ("dog",))], 10)
    assert all_out.counted.all()


def test_a_face_is_answered_for_before_the_body() -> None:
    entries = [
        (np.array([0.0, 0.0, 1.0, 1.0]), 1.0, ("dancer", "person")),
        (np.array([0.4, 0.3, 0.6, 0.5]), 1.0, ("face",)),
    ]
    target = owlvit.patch_targets(entries, 10)
    assert _spots(target, "face")
    assert not _spots(target, "face") & _spots(target, "dancer")


def test_parts_of_pictures_keep_their_truth(pool: Pictures) -> None:
    """A target's box lies where the part shows the object."""
    for seed in range(20):
        pixels, target = owlvit.part(pool[seed % 16], generator(seed, "train", "test"), 160)
        assert pixels.shape == (160, 160, 3)
        named = [index for index, names in enumerate(target.names) if names]
        assert (target.boxes[named, 2:] > 0).all()
        assert (np.abs(target.boxes[named, :2] - 0.5) <= 0.5).all()
        assert not any(
            name not in owlvit.NAMES and " " not in name for names in target.names for name in names
        )


def test_training_lowers_the_loss(pool: Pictures, tmp_path: Path) -> None:
    model, processor = owlvit.build(160)
    samples = [owlvit.part(pool[index], generator(index, "train", "test"), 160) for index in range(4)]
    losses: list[float] = []

    def loss(network: torch.nn.Module, step: int) -> torch.Tensor:
        value = owlvit.detection_loss(network, processor.tokenizer, samples, generator(0, "train", "asked"))
        losses.append(value.item())
        return value

    fit(model, loss, Schedule(steps=12, rate=1e-3), tmp_path)
    assert losses[-1] < 0.7 * losses[0]


def test_places_are_spread_over_more_patches() -> None:
    places = torch.arange(37.0)[:, None].repeat(1, 2)
    assert torch.equal(owlvit.resize_positions(places, 6), places)
    spread = owlvit.resize_positions(places, 10)
    assert spread.shape == (101, 2)
    assert torch.equal(spread[0], places[0])
    assert (spread[1:11, 0].diff() > 0).all()


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 1, 1), (2, 2, 3, 3), 0.0),
    ],
)
def test_intersection_over_union(one: tuple[float, ...], other: tuple[float, ...], shared: float) -> None:
    assert box_overlap(one, other) == pytest.approx(shared)


def test_f1_counts_what_is_missed_and_what_is_wrong() -> None:
    hits = [(0.9, True), (0.8, False), (0.3, True)]
    assert owlvit.f1(hits, 2, 0.5) == pytest.approx(2 * 1 / (2 + 2))
    assert owlvit.f1(hits, 2, 0.1) == pytest.approx(2 * 2 / (3 + 2))
    assert owlvit.f1([], 2, 0.1) == 0
