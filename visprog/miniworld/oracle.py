"""The oracle: perfect models for drawn scenes.

If a program fails with the oracle, the program is wrong. If it fails only with other models, they are wrong.

    VisProg(models=Oracle([draw(scene)]).zoo())
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from visprog.miniworld.captions import counted, listed
from visprog.miniworld.catalogue import CATEGORIES, COLOURS, STUFF
from visprog.miniworld.drawing import DrawnScene, bounds, draw
from visprog.miniworld.knowledge import answers
from visprog.miniworld.mentions import Mention, mentions
from visprog.miniworld.scene import Scene, Thing
from visprog.miniworld.scene_view import SceneView, find_view
from visprog.miniworld.textures import tile
from visprog.models.inpainting import asks_for_removal
from visprog.models.profile import load_profile
from visprog.models.roles import ROLES, Completion, Message
from visprog.models.zoo import Zoo
from visprog.values import Image, Region, Regions

_ROLES = tuple(role for role in ROLES if role != "transcriber")

_MAIN, _ANYTHING, _VISIBLE, _ABSENT = 10.0, 5.0, 3.0, 0.0
"""Logits for the main thing of a picture, for words like "thing", for other visible things, and the rest."""

_ANY_WORDS = frozenset({"object", "objects", "thing", "things", "stuff", "texture"})


class Oracle:
    """Fills every role except the transcriber's, from the truth about drawn scenes.

    It recognises a picture of a scene, or a part of it, by its pixels. An edited picture counts as the scene
    with most pixels in common. Raise LookupError for other pictures. Threads may share an oracle.
    """

    def __init__(self, drawn: Iterable[DrawnScene]) -> None:
        self._drawn = tuple(drawn)
        self._known: dict[str, SceneView] = {}
        digests = " ".join(scene.image.digest for scene in self._drawn)
        self.fingerprint = f"miniworld oracle {hashlib.sha256(digests.encode()).hexdigest()[:16]}"

    def models(self, *roles: str) -> dict[str, object]:
        """Return models by role, for these roles or all: the argument `models` of VisProg or Zoo."""
        return dict.fromkeys(roles or _ROLES, self)

    def zoo(self) -> Zoo:
        """Return a zoo with the tool settings of the profile `mini` and the oracle for all models."""
        return Zoo(replace(load_profile("mini"), models={}), self.models())

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return the tight boxes of the visible things that match a label."""
        view = self._view(image)
        found = ((label, box) for label in labels for box in _boxes(view, label))
        return Regions((Region(box, label) for label, box in found), size=image.size)

    def detect_faces(self, image: Image) -> Regions:
        """Return the boxes of people's faces."""
        return Regions((Region(box, "face") for box in _faces(self._view(image))), size=image.size)

    def segment(self, image: Image) -> Regions:
        """Return the visible part of each thing and of each kind of stuff."""
        view = self._view(image)
        shown = [(view.thing(number).category, view.mask(number)) for number in view.things]
        parts = [*shown, *view.stuff().items()]
        return Regions((Region(bounds(mask), label, 1.0, mask) for label, mask in parts), size=image.size)

    def mask(self, image: Image, regions: Regions) -> Regions:
        """Return the regions with the masks of the things in their boxes; for a face, the head in the box."""
        view = self._view(image)
        masked = (Region(each.box, each.label, each.score, _outline(view, each)) for each in regions)
        return Regions(masked, size=regions.size)

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return logits that are high if a text names the main thing of a picture. Relations are ignored."""
        mentioned = [(text, mentions(text)) for text in texts]
        views = [self._view(image) for image in images]
        return np.array([[_logit(view, *each) for each in mentioned] for view in views]).reshape(
            len(images), len(texts)
        )

    def answer(self, image: Image, question: str) -> str:
        """Answer questions about names, colours, existence and numbers of things."""
        view = self._view(image)
        for form, reply in _FORMS.items():
            if re.match(form, question.strip().casefold()):
                return reply(view, mentions(question))
        raise LookupError(f"the oracle cannot answer {question!r}")

    def caption(self, image: Image) -> str:
        """Return the visible things with their numbers: "a dog and two cats"."""
        view = self._view(image)
        groups = Counter(view.thing(number).category for number in view.things)
        return listed([counted(number, name) for name, number in groups.items()] or [*view.stuff()])

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Paint the stuff or thing that the prompt names; for a removal, the ground behind the mask."""
        view = self._view(image)
        pixels = image.pixels.copy()
        if mask.any():
            pixels[mask] = _painting(view, mask, prompt)[mask]
        return Image(pixels)

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:  # noqa: ARG002
        """Answer a request of the tool List from the knowledge base. The answer may be empty."""
        request = re.fullmatch(r"List at most (\d+): (.*)", messages[-1].content.strip())
        if request is None:
            raise LookupError(f"the oracle only answers the tool List, not {messages[-1].content!r}")
        known = answers(request[2])[: int(request[1])]
        return Completion("\n".join(known), "oracle")

    def _view(self, image: Image) -> SceneView:
        view = self._known.get(image.digest) or find_view(image, self._drawn)
        if view is None:
            raise LookupError(f"no scene of the oracle shows this picture of {image.width}x{image.height}")
        return self._known.setdefault(image.digest, view)


def _boxes(view: SceneView, label: str) -> list[tuple[int, int, int, int]]:
    """Return the boxes of the things that match the first mention in a label."""
    mentioned = mentions(label)[:1]
    if mentioned == (Mention("face"),):
        return _faces(view)
    return [view.box(number) for number in _matching(view, mentioned)] if mentioned else []


def _faces(view: SceneView) -> list[tuple[int, int, int, int]]:
    return [box for number in range(len(view.drawn.scene.things)) if (box := view.face(number))]


def _matching(view: SceneView, mentioned: Iterable[Mention]) -> list[int]:
    """Return the visible things that match all mentions."""
    each = tuple(mentioned)
    return [number for number in view.things if all(mention.fits(view.thing(number)) for mention in each)]


def _outline(view: SceneView, region: Region) -> NDArray[np.bool_]:
    if region.label in STUFF:
        return view.stuff().get(region.label, np.zeros(view.size[::-1], np.bool_))
    about = view.closest(region.box)
    mask = view.stuff()[about] if isinstance(about, str) else view.mask(about)
    inside = Regions([Region(region.box)], size=view.size).union_mask()
    return mask & inside


def _main_content(view: SceneView) -> Thing | str:
    """Return the main thing or stuff of the picture."""
    about = view.closest((0, 0, *view.size))
    return about if isinstance(about, str) else view.thing(about)


def _logit(view: SceneView, text: str, mentioned: Sequence[Mention]) -> float:
    if not mentioned:
        return _ANYTHING if text.strip().casefold() in _ANY_WORDS else _ABSENT
    stuff = view.stuff()
    present = [each.name in stuff or bool(_matching(view, [each])) for each in mentioned]
    if len(mentioned) > 1:
        return _MAIN * sum(present) / len(present)
    if mentioned[0].fits(_main_content(view)):
        return _MAIN + _specificity(mentioned[0])
    return _VISIBLE if present[0] else _ABSENT


def _specificity(mention: Mention) -> float:
    """Return how specific a mention is: "red car" is more specific than "car", and "car" than "vehicle"."""
    return 2.0 * (mention.name in CATEGORIES or mention.name in STUFF) + (mention.colour is not None)


def _count(view: SceneView, mentioned: Sequence[Mention]) -> str:
    return str(len(_matching(view, mentioned[:1])))


def _existence(view: SceneView, mentioned: Sequence[Mention]) -> str:
    stuff = view.stuff()
    return "yes" if all(each.name in stuff or _matching(view, [each]) for each in mentioned) else "no"


def _colour(view: SceneView, mentioned: Sequence[Mention]) -> str:
    number = _chosen(view, _matching(view, mentioned[:1]))
    colour = view.thing(number).colour if number is not None else None
    return colour or "none"


def _is_true(view: SceneView, mentioned: Sequence[Mention]) -> str:
    """Return whether the thing of the first mention matches the others: whether the car is red."""
    number = _chosen(view, _matching(view, mentioned[:1]))
    return "yes" if number is not None and all(each.fits(view.thing(number)) for each in mentioned) else "no"


def _identity(view: SceneView, mentioned: Sequence[Mention]) -> str:
    number = _chosen(view, _matching(view, mentioned[:1]))
    if number is not None:
        return view.thing(number).category
    shown = _main_content(view)
    return shown if isinstance(shown, str) else "nothing"


def _chosen(view: SceneView, numbers: Sequence[int]) -> int | None:
    """Return the main thing of the picture if it is among `numbers`, otherwise the largest of them."""
    about = view.closest((0, 0, *view.size))
    if about in numbers and not isinstance(about, str):
        return about
    return max(numbers, key=lambda number: int(view.mask(number).sum()), default=None)


_FORMS: dict[str, Callable[[SceneView, Sequence[Mention]], str]] = {
    r"how many ": _count,
    r"(?:is|are) there ": _existence,
    r"(?:what|which) (?:is the )?colou?r": _colour,
    r"(?:is|are) ": _is_true,
    r"(?:what|which) ": _identity,
}
"""The answer functions by the beginning of the question."""


def _painting(view: SceneView, mask: NDArray[np.bool_], prompt: str) -> NDArray[np.uint8]:
    """Return pixels of the size of the view that show the content of the prompt where the mask is."""
    scene = view.drawn.scene
    left, top, right, bottom = view.window
    if asks_for_removal(prompt):
        return _part(draw(Scene(scene.width, scene.height, scene.ground, ())), view)
    mentioned = mentions(prompt)
    if not mentioned:
        raise LookupError(f"the oracle cannot paint {prompt!r}")
    if mentioned[0].name in STUFF:
        return tile(mentioned[0].name)[: bottom - top, : right - left]
    thing = _placed(mentioned[0], bounds(mask), view.window)
    return _part(draw(Scene(scene.width, scene.height, scene.ground, (thing,))), view)


def _part(drawn: DrawnScene, view: SceneView) -> NDArray[np.uint8]:
    left, top, right, bottom = view.window
    return drawn.pixels[top:bottom, left:right]


def _placed(mention: Mention, box: tuple[int, int, int, int], window: tuple[int, int, int, int]) -> Thing:
    """Return a thing that matches the mention, in the square around a box of the window."""
    names = [name for name, entry in CATEGORIES.items() if mention.name in ("", name, *entry.kinds)]
    name = names[0] if names else "man"
    tints = CATEGORIES[name].tints
    colour = mention.colour if mention.colour in COLOURS else (tints[0] if tints else None)
    side = max(box[2] - box[0], box[3] - box[1])
    left = window[0] + (box[0] + box[2] - side) // 2
    top = window[1] + (box[1] + box[3] - side) // 2
    return Thing(name, colour, (left, top, left + side, top + side))
