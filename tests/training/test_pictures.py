"""The pool of pictures holds what drawing gives."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import numpy as np

from training.pictures import Pictures
from visprog.miniworld.drawing import draw
from visprog.miniworld.scene import make_scene


def test_the_pool_holds_the_scenes_of_the_first_seeds(tmp_path: Path) -> None:
    pool = Pictures(tmp_path, "train", 12)
    again = Pictures(tmp_path, "train", 12)
    assert len(again) == 12
    for seed in range(12):
        drawn, picture = draw(make_scene(seed, "train")), again[seed]
        assert picture.scene == drawn.scene
        assert np.array_equal(picture.pixels, drawn.pixels)
        assert np.array_equal(picture.owners, drawn.owners)
        assert np.array_equal(picture.ground, drawn.ground)
        assert [tuple(box) for box in picture.boxes] == [
            drawn.box(index) for index in range(len(drawn.scene.things))
        ]
        assert ((picture.seen > 0.2) & (picture.seen <= 1)).all()
    assert np.array_equal(pool[3].pixels, again[3].pixels)
    assert [path.name for path in tmp_path.iterdir()] == ["pictures-train-12"]


def test_what_is_covered_is_less_in_sight(tmp_path: Path) -> None:
    pool = Pictures(tmp_path, "train", 60)
    covered = [float(seen) for index in range(60) for seen in pool[index].seen if seen < 1]
    assert len(covered) > 5
