"""A pool of drawn scenes on disk, so that each picture is drawn only once."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.miniworld.drawing import DrawnScene, bounds, draw
from visprog.miniworld.scene import Scene, Split, Thing, make_scene

_MOST_THINGS = 7


class Picture(NamedTuple):
    """A drawn scene in the pool. The arrays are as in `DrawnScene`.

    `boxes` are the tight boxes of the visible part of each object, shape (things, 4), in pixels. `seen` is
    the visible share of each object's sprite, from 0 to 1.
    """

    scene: Scene
    pixels: NDArray[np.uint8]
    owners: NDArray[np.int8]
    ground: NDArray[np.int8]
    boxes: NDArray[np.int32]
    seen: NDArray[np.float32]

    @property
    def drawn(self) -> DrawnScene:
        """The scene as `DrawnScene`."""
        return DrawnScene(self.scene, self.pixels, self.owners, self.ground)


class Pictures:
    """The first `count` pictures of a split, drawn once into `folder`. Several processes can read them."""

    def __init__(self, folder: Path, split: Split, count: int) -> None:
        path = folder / f"pictures-{split}-{count}"
        if not path.exists():
            _draw_all(path, split, count)
        self.split: Split = split
        self._starts = np.load(path / "starts.npy")
        self._pixels = np.load(path / "pixels.npy", mmap_mode="r")
        self._maps = np.load(path / "maps.npy", mmap_mode="r")
        self._boxes = np.load(path / "boxes.npy")
        self._seen = np.load(path / "seen.npy")
        self.scene = cache(lambda index: make_scene(index, split))

    def __len__(self) -> int:
        return len(self._boxes)

    def __getitem__(self, index: int) -> Picture:
        """Return the picture of the scene with this seed. Its arrays are views of the file."""
        scene = self.scene(index)
        start, stop, shape = self._starts[index], self._starts[index + 1], (scene.height, scene.width)
        things = len(scene.things)
        return Picture(
            scene,
            self._pixels[start:stop].reshape(*shape, 3),
            self._maps[start:stop, 0].reshape(shape),
            self._maps[start:stop, 1].reshape(shape),
            self._boxes[index, :things],
            self._seen[index, :things],
        )


def _draw_all(path: Path, split: Split, count: int) -> None:
    """Draw into a temporary folder, then rename it to `path`."""
    making = path.with_name(f"{path.name}.{os.getpid()}")
    making.mkdir(parents=True)
    scenes = [make_scene(seed, split) for seed in range(count)]
    starts = np.cumsum([0, *(scene.width * scene.height for scene in scenes)])
    pixels = np.lib.format.open_memmap(making / "pixels.npy", "w+", np.uint8, (int(starts[-1]), 3))
    maps = np.lib.format.open_memmap(making / "maps.npy", "w+", np.int8, (int(starts[-1]), 2))
    boxes = np.zeros((count, _MOST_THINGS, 4), np.int32)
    seen = np.zeros((count, _MOST_THINGS), np.float32)
    for index, scene in enumerate(scenes):
        drawn, place = draw(scene), slice(starts[index], starts[index + 1])
        pixels[place] = drawn.pixels.reshape(-1, 3)
        maps[place, 0], maps[place, 1] = drawn.owners.ravel(), drawn.ground.ravel()
        for number, thing in enumerate(scene.things):
            boxes[index, number] = bounds(drawn.mask(number))
            seen[index, number] = drawn.mask(number).sum() / max(_whole(scene, thing), 1)
    pixels.flush()
    maps.flush()
    for name, array in (("starts", starts), ("boxes", boxes), ("seen", seen)):
        np.save(making / f"{name}.npy", array)
    making.rename(path)


def _whole(scene: Scene, thing: Thing) -> int:
    """Return the number of pixels of an object that nothing covers."""
    alone = draw(Scene(scene.width, scene.height, scene.ground, (thing,)))
    return int(np.count_nonzero(alone.owners == 0))
