"""The masker's training: what it is asked, and that it learns the answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from training import sam
from training.pictures import Pictures
from training.saving import save


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures(tmp_path_factory.mktemp("pool"), "validation", 6)


def test_masks_are_those_of_the_boxes_and_points(pictures: Pictures) -> None:
    for number in range(len(pictures)):
        asked = sam.prompts(pictures[number], np.random.default_rng(number))
        boxed, pointed = asked.masks[: len(asked.boxes)], asked.masks[len(asked.boxes) :]
        for box, mask in zip(asked.boxes / 2, boxed, strict=True):
            rows, columns = np.nonzero(mask)
            around = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert box == pytest.approx(around, abs=1 + 2 * sam.SIDE * 0.4 * 0.08)
        for (x, y), mask in zip(asked.points / 2, pointed, strict=True):
            assert mask[int(y), int(x)] > 0


def test_nothing_is_masked_in_the_padding(pictures: Pictures) -> None:
    for number in range(len(pictures)):
        height, width = pictures[number].owners.shape
        asked = sam.prompts(pictures[number], np.random.default_rng(number))
        rows, columns = np.nonzero(asked.masks.any(axis=0))
        half = sam.SIDE / 2 / max(width, height)
        assert rows.max() < height * half + 1
        assert columns.max() < width * half + 1


def test_a_point_means_the_thing_or_the_stuff_that_it_lies_on(pictures: Pictures) -> None:
    picture = pictures[0]
    for row, column in ((0, 0), *np.argwhere(picture.owners >= 0)[:1].tolist()):
        mask = sam.shown_at(picture, (column, row))
        [owner] = set(picture.owners[mask].tolist())
        assert picture.owners[row, column] == owner
        assert owner >= 0 or set(picture.ground[mask].tolist()) == {picture.ground[row, column]}
        assert mask[row, column]


def test_parts_are_what_the_masks_show(pictures: Pictures) -> None:
    for number in range(len(pictures)):
        asked = sam.prompts(pictures[number], np.random.default_rng(number))
        for mask in asked.masks:
            part = np.bincount(asked.parts[mask > 0.5]).argmax()
            assert ((asked.parts == part) == (mask > 0.5)).mean() > 0.97
        assert (asked.parts == -1).sum() == pytest.approx(
            (asked.pixels == 127).all(2)[1::2, 1::2].sum(), abs=9
        )


def test_an_outlook_that_is_right_has_no_loss() -> None:
    parts = torch.zeros(1, 8, 8, dtype=torch.long)
    parts[0, 2:, 3:] = 30
    seen = torch.zeros(1, 2, 2, 16, 11)
    for row in range(8):
        for column in range(8):
            kind, thing = parts[0, row, column], parts[0, row // 4 * 4 + 2, column // 4 * 4 + 2]
            cell = seen[0, row // 4, column // 4, row % 4 * 4 + column % 4]
            cell[min(int(kind), 9)] = 50
            cell[10] = 50 if kind == thing else -50
    assert sam.outline_loss(seen.flatten(3), parts) < 1e-6
    assert sam.outline_loss(-seen.flatten(3), parts) > 10


def test_a_part_shows_a_thing_whole_and_larger(pictures: Pictures) -> None:
    for number in range(len(pictures)):
        picture, rng = pictures[number], np.random.default_rng(number)
        part = sam.part_of(picture, rng)
        assert part.owners.size < picture.owners.size
        assert part.pixels.shape == (*part.owners.shape, 3)
        asked_about = np.flatnonzero(part.seen > 0)
        assert asked_about.size
        for thing in asked_about:
            rows, columns = np.nonzero(part.owners == thing)
            assert part.boxes[thing].tolist() == [
                columns.min(),
                rows.min(),
                columns.max() + 1,
                rows.max() + 1,
            ]
            assert rows.size == (picture.owners == thing).sum()
        sam.prompts(part, rng)


def test_a_loosened_box_stays_inside_and_is_never_empty() -> None:
    rng = np.random.default_rng(0)
    for box in ((0, 0, 160, 160), (159, 159, 160, 160), (40, 60, 90, 62)):
        for _ in range(50):
            left, top, right, bottom = sam.loosened(np.array(box, np.int32), rng, (160, 160))
            assert 0 <= left < right <= 160
            assert 0 <= top < bottom <= 160


def test_overlap_is_the_intersection_over_the_union() -> None:
    one, other = torch.zeros(2, 4, 4, dtype=torch.bool), torch.zeros(2, 4, 4, dtype=torch.bool)
    one[0, :2], other[0, 1:3] = True, True
    assert [pytest.approx(1 / 3), 0] == sam.overlap(one, other).tolist()


def test_it_learns(pictures: Pictures) -> None:
    model = torch.nn.ModuleDict({"sam": sam.build()[0], "outlook": sam.outlook()})
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    samples = [sam.prompts(pictures[number], np.random.default_rng(0)) for number in range(2)]
    losses = []
    for _ in range(12):
        loss = sam.learning_loss(model, samples, evenness=0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_what_is_saved_fills_the_engines_role(pictures: Pictures, tmp_path: Path) -> None:
    model, processor = sam.build()
    save(model, processor, folder=tmp_path / "sam")
    assert "from a point" in sam.measured(tmp_path / "sam", pictures, 1)
