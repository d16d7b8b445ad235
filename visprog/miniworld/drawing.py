"""Draws scenes and records what each pixel shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PILImage

from visprog.miniworld.catalogue import CATEGORIES, STUFF
from visprog.miniworld.scene import Ground, Scene, Thing
from visprog.miniworld.textures import SIDE, smooth, tile
from visprog.modules.manipulation.sprites import sprites
from visprog.values import Image

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

_OPAQUE = 128
"""Minimum alpha of the pixels that belong to a sprite."""

_PAINT: dict[str, tuple[float, float, float]] = {
    "red": (0.985, 0.80, 0.86),
    "yellow": (0.135, 0.78, 0.98),
    "green": (0.33, 0.66, 0.66),
    "blue": (0.59, 0.74, 0.86),
    "purple": (0.745, 0.56, 0.74),
    "pink": (0.93, 0.38, 0.98),
}
"""Hue, saturation and value, from 0 to 1, of the colours that things are repainted in."""


@dataclass(frozen=True)
class DrawnScene:
    """A drawn scene.

    `pixels` is RGB of shape (height, width, 3). `owners`, shape (height, width), contains the index of the
    visible thing at each pixel, or -1 for stuff. `ground` contains the index of the kind of stuff in `STUFF`,
    also behind things.
    """

    scene: Scene
    pixels: NDArray[np.uint8]
    owners: NDArray[np.int8]
    ground: NDArray[np.int8]

    @cached_property
    def image(self) -> Image:
        """The picture."""
        return Image(self.pixels)

    def mask(self, index: int) -> Mask:
        """Return the pixels that show a thing, given its index in the scene."""
        return np.asarray(self.owners == index)

    def box(self, index: int) -> Box:
        """Return the tight box of the visible part of a thing; (0, 0, 0, 0) if it is hidden."""
        return bounds(self.mask(index))

    def stuff(self, kind: str) -> Mask:
        """Return the pixels that show this kind of stuff, without things in front of it."""
        return np.asarray((self.ground == STUFF.index(kind)) & (self.owners < 0))

    def face(self, index: int) -> Box | None:
        """Return the box of the face if the thing is a person; None otherwise."""
        thing = self.scene.things[index]
        return face_of(thing)


def draw(scene: Scene) -> DrawnScene:
    """Draw a scene. The same scene gives the same picture on every machine."""
    ground = _ground(scene.ground, scene.width, scene.height)
    pixels = _paint(ground, scene.ground.seed)
    owners = np.full(ground.shape, -1, np.int8)
    for index, thing in enumerate(scene.things):
        left, top, right, bottom = thing.box
        colour, alpha = _sprite(thing.category, thing.colour, right - left, thing.mirrored)
        place = np.s_[max(top, 0) : bottom, max(left, 0) : right]
        cut = np.s_[max(-top, 0) : scene.height - top, max(-left, 0) : scene.width - left]
        over = alpha[cut][:, :, None] / 255.0
        pixels[place] = np.round(colour[cut] * over + pixels[place] * (1 - over)).astype(np.uint8)
        owners[place][alpha[cut] >= _OPAQUE] = index
    return DrawnScene(scene, pixels, owners, ground)


def face_of(thing: Thing) -> Box | None:
    """Return the box of the face if the thing is a person; None otherwise."""
    face = CATEGORIES[thing.category].face
    if face is None:
        return None
    left, top, right, bottom = face
    if thing.mirrored:
        left, right = 1 - right, 1 - left
    x, y, side = thing.box[0], thing.box[1], thing.box[2] - thing.box[0]
    return round(x + left * side), round(y + top * side), round(x + right * side), round(y + bottom * side)


def bounds(mask: Mask) -> Box:
    """Return the tight box around a mask, right and bottom exclusive; (0, 0, 0, 0) for an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _ground(ground: Ground, width: int, height: int) -> NDArray[np.int8]:
    """Return the index of the kind of stuff at each pixel."""
    rng = np.random.RandomState(ground.seed)
    across, along = (height, width) if ground.sideways else (width, height)
    numbers = np.full((along, across), STUFF.index(ground.kinds[0]), np.int8)
    depth = np.arange(along)[:, None]
    for index, kind in enumerate(ground.kinds[1:], start=1):
        level = along * (index + rng.uniform(-0.22, 0.22)) / len(ground.kinds)
        slope = np.linspace(-1, 1, across) * rng.uniform(-0.12, 0.12) * along
        border = (
            level + slope + 0.05 * along * smooth(rng, 1, across, 36)[0] + 3 * smooth(rng, 1, across, 9)[0]
        )
        numbers[depth >= border[None, :]] = STUFF.index(kind)
    if ground.sideways:
        numbers = np.ascontiguousarray(numbers.T)
    if ground.pond is not None:
        x, y = rng.uniform(0.3, 0.7) * width, rng.uniform(0.5, 0.75) * height
        rows, columns = np.mgrid[:height, :width]
        distance = ((columns - x) / (0.3 * width)) ** 2 + ((rows - y) / (0.2 * height)) ** 2
        numbers[distance + 0.3 * smooth(rng, height, width, 20) < 1] = STUFF.index(ground.pond)
    return numbers


def _paint(ground: NDArray[np.int8], seed: int) -> NDArray[np.uint8]:
    height, width = ground.shape
    pixels = np.empty((height, width, 3), np.uint8)
    rng = np.random.RandomState(seed ^ 0x5EED)
    for number in np.unique(ground):
        x, y = rng.randint(SIDE - width), rng.randint(SIDE - height)
        shown = ground == number
        pixels[shown] = tile(STUFF[number])[y : y + height, x : x + width][shown]
    return pixels


@lru_cache(maxsize=2048)
def _sprite(
    category: str, colour: str | None, side: int, mirrored: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the colours of a sprite, shape (side, side, 3), and its alpha, shape (side, side)."""
    picture = _painted(category, colour).resize((side, side), PILImage.Resampling.BICUBIC)
    if mirrored:
        picture = picture.transpose(PILImage.Transpose.FLIP_LEFT_RIGHT)
    rgba = np.asarray(picture)
    return rgba[:, :, :3], rgba[:, :, 3]


@cache
def _painted(category: str, colour: str | None) -> PILImage.Image:
    """Return the sprite of a category. Its main colour is replaced by `colour` if the category has tints."""
    entry = CATEGORIES[category]
    with PILImage.open(sprites()[entry.sprite]) as file:
        picture = file.convert("RGBA")
    if colour is None or colour not in entry.tints:
        return picture
    rgba = np.asarray(picture)
    hsv = np.asarray(picture.convert("RGB").convert("HSV")).astype(np.float64) / 255
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    vivid = (rgba[..., 3] >= _OPAQUE) & (saturation > 0.3) & (value > 0.3)
    counts, edges = np.histogram(hue[vivid], bins=24, range=(0, 1))
    main = (edges[counts.argmax()] + edges[counts.argmax() + 1]) / 2
    apart = np.abs((hue - main + 0.5) % 1 - 0.5)
    painted = (rgba[..., 3] > 0) & (apart < 0.08) & (saturation > 0.2)
    middle_saturation, middle_value = (
        np.median(saturation[painted & vivid]),
        np.median(value[painted & vivid]),
    )
    target = _PAINT[colour]
    hue = np.where(painted, target[0], hue)
    saturation = np.where(painted, target[1] * (saturation / middle_saturation), saturation)
    value = np.where(painted, target[2] * (value / middle_value), value)
    changed = np.clip(np.round(np.stack([hue, saturation, value], axis=-1) * 255), 0, 255).astype(np.uint8)
    rgb = PILImage.fromarray(changed, "HSV").convert("RGB")
    rgb.putalpha(picture.getchannel("A"))
    return rgb
