"""Training data of the inpainter: pictures, masks, prompts, and the changed pictures."""

from __future__ import annotations

import random
from typing import NamedTuple

import cv2
import numpy as np

from training.crops import Pixels
from training.pictures import Picture, Pictures
from visprog.miniworld.captions import coloured, stuff_phrases, with_article
from visprog.miniworld.catalogue import CATEGORIES, STUFF
from visprog.miniworld.drawing import DrawnScene, Mask, draw
from visprog.miniworld.scene import Scene, Thing, choose_colour, is_held_out
from visprog.miniworld.textures import SIDE, tile

_SMALLEST = 100
"""Smallest part that is painted, in pixels."""

_UNPROMPTED = 0.1
"""Share of changes to stuff without a prompt. Classifier-free guidance needs them."""


class Repaint(NamedTuple):
    """A change of a picture. Outside of `mask`, shape (height, width), `before` and `after` are the same.

    `shows` is the category or the kind of stuff that the mask shows afterwards. It is None if an object is
    removed: then the prompt is empty, and the background appears.
    """

    before: Pixels
    after: Pixels
    mask: Mask
    prompt: str
    shows: str | None


def make_repaint(pictures: Pictures, rng: random.Random) -> Repaint:
    """Return a random change of a random picture: new stuff, a new object, or a removed object."""
    paint = rng.choices((paint_stuff, paint_thing, remove_thing), (0.5, 0.35, 0.15))[0]
    while True:
        repaint = paint(pictures[rng.randrange(len(pictures))], rng)
        if repaint is not None:
            return repaint


def paint_stuff(picture: Picture, rng: random.Random) -> Repaint | None:
    """Replace stuff, or sometimes an object, by other stuff. None if too little of it is visible."""
    if rng.random() < 0.85:
        number = int(rng.choice(np.unique(picture.ground).tolist()))
        mask = picture.drawn.stuff(STUFF[number])
    else:
        mask = picture.owners == rng.randrange(len(picture.scene.things))
    if np.count_nonzero(mask) < _SMALLEST:
        return None
    mask = _shifted_border(mask, rng.randint(-3, 4))
    kind = rng.choice(STUFF)
    height, width = mask.shape
    left, top = rng.randint(0, SIDE - width), rng.randint(0, SIDE - height)
    texture = tile(kind)[top : top + height, left : left + width]
    prompt = "" if rng.random() < _UNPROMPTED else _bare(rng.choice(stuff_phrases(kind)), rng)
    return _repaint(picture, texture, mask, prompt, kind)


def paint_thing(picture: Picture, rng: random.Random) -> Repaint | None:
    """Replace an object by another one. None if too little of it is visible."""
    scene, number = picture.scene, rng.randrange(len(picture.scene.things))
    mask = _place(picture.drawn, number, rng)
    if mask is None:
        return None
    others = [thing for thing in scene.things if thing is not scene.things[number]]
    category = rng.choice(
        [each for each in CATEGORIES if not any(is_held_out(each, other.category) for other in others)]
    )
    colour = choose_colour(rng, category, "train")
    thing = Thing(category, colour, scene.things[number].box, rng.random() < 0.5)
    prompt = _bare(with_article(coloured(category, colour if rng.random() < 0.7 else None)), rng)
    after = _drawn_with(scene, (*scene.things[:number], thing, *scene.things[number + 1 :]))
    return _repaint(picture, after, mask, prompt, category)


def remove_thing(picture: Picture, rng: random.Random) -> Repaint | None:
    """Remove an object. None if too little of it is visible."""
    scene, number = picture.scene, rng.randrange(len(picture.scene.things))
    mask = _place(picture.drawn, number, rng)
    if mask is None:
        return None
    after = _drawn_with(scene, (*scene.things[:number], *scene.things[number + 1 :]))
    return _repaint(picture, after, mask, "", None)


def _bare(phrase: str, rng: random.Random) -> str:
    """Return a phrase, half of the time without its article."""
    first, _, rest = phrase.partition(" ")
    return rest if first in ("a", "an", "the") and rng.random() < 0.5 else phrase


def _repaint(picture: Picture, after: Pixels, mask: Mask, prompt: str, shows: str | None) -> Repaint:
    return Repaint(picture.pixels, np.where(mask[:, :, None], after, picture.pixels), mask, prompt, shows)


def _drawn_with(scene: Scene, things: tuple[Thing, ...]) -> Pixels:
    return draw(Scene(scene.width, scene.height, scene.ground, things)).pixels


def _place(drawn: DrawnScene, number: int, rng: random.Random) -> Mask | None:
    """Return a mask around an object: its outline or its box, enlarged. None if it is hardly visible."""
    mask = drawn.mask(number)
    if np.count_nonzero(mask) < _SMALLEST:
        return None
    if rng.random() < 0.4:
        left, top, right, bottom = drawn.box(number)
        mask = np.zeros_like(mask)
        mask[top:bottom, left:right] = True
    return _shifted_border(mask, rng.randint(0, 6))


def _shifted_border(mask: Mask, pixels: int) -> Mask:
    """Return the mask grown or shrunk by a number of pixels. A mask that would vanish is unchanged."""
    size = 2 * abs(pixels) + 1
    change = cv2.dilate if pixels > 0 else cv2.erode
    changed = change(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0
    return np.asarray(changed if changed.any() else mask)
