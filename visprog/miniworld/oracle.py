"""The oracle: a model for every role that looks nothing up but the truth about drawn scenes.

A program that goes wrong with it is itself at fault; one that goes wrong only without it was let down by what
its models saw.

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

_TRUE, _ANYTHING, _BESIDE, _FALSE = 10.0, 5.0, 3.0, 0.0
"""Logits of what a picture is about, of words for anything, of what is also in it, and of what is not."""

_ANY_WORDS = frozenset({"object", "objects", "thing", "things", "stuff", "texture"})


class Oracle:
    """Fills every role but the transcriber's from the truth about drawn scenes.

    It recognises a picture of them, and any part cut out of one, pixel by pixel; an edited picture counts as
    the scene that it shows most pixels of. Of a picture of anything else it raises LookupError. May be shared
    by threads.
    """

    def __init__(self, drawn: Iterable[DrawnScene]) -> None:
        self._drawn = tuple(drawn)
        self._known: dict[str, SceneView] = {}
        digests = " ".join(scene.image.digest for scene in self._drawn)
        self.fingerprint = f"miniworld oracle {hashlib.sha256(digests.encode()).hexdigest()[:16]}"

    def filling(self, *roles: str) -> dict[str, object]:
        """Return what fills these roles, or all: `models` for VisProg, or for a Zoo with a profile."""
        return dict.fromkeys(roles or _ROLES, self)

    def zoo(self) -> Zoo:
        """Return it in place of all models of the profile `mini`, whose settings of tools hold here too."""
        return Zoo(replace(load_profile("mini"), models={}), self.filling())

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return tight boxes of the things in sight that a label names."""
        view = self._sight(image)
        found = ((label, box) for label in labels for box in _boxes(view, label))
        return Regions((Region(box, label) for label, box in found), size=image.size)

    def detect_faces(self, image: Image) -> Regions:
        """Return the boxes of people's faces."""
        return Regions((Region(box, "face") for box in _faces(self._sight(image))), size=image.size)

    def segment(self, image: Image) -> Regions:
        """Return what is in sight of each thing and of each kind of stuff."""
        view = self._sight(image)
        shown = [(view.thing(number).category, view.mask(number)) for number in view.things]
        parts = [*shown, *view.stuff().items()]
        return Regions((Region(bounds(mask), label, 1.0, mask) for label, mask in parts), size=image.size)

    def mask(self, image: Image, regions: Regions) -> Regions:
        """Return the regions with the masks of what their boxes frame; a face is the head in its box."""
        view = self._sight(image)
        masked = (Region(each.box, each.label, each.score, _outline(view, each)) for each in regions)
        return Regions(masked, size=regions.size)

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return logits that are high where a text names what a picture is about; relations are not read."""
        wanted = [(text, mentions(text)) for text in texts]
        sights = [self._sight(image) for image in images]
        return np.array([[_fit(view, *each) for each in wanted] for view in sights]).reshape(
            len(images), len(texts)
        )

    def answer(self, image: Image, question: str) -> str:
        """Answer what something is, which colour it has, whether or how often it is there."""
        view = self._sight(image)
        for form, reply in _FORMS.items():
            if re.match(form, question.strip().casefold()):
                return reply(view, mentions(question))
        raise LookupError(f"the oracle does not know how to answer {question!r}")

    def caption(self, image: Image) -> str:
        """Return what is in sight, counted: "a dog and two cats"."""
        view = self._sight(image)
        groups = Counter(view.thing(number).category for number in view.things)
        return listed([counted(number, name) for name, number in groups.items()] or [*view.stuff()])

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Paint the stuff or the thing that the prompt names; for removal, the ground that it hides."""
        view = self._sight(image)
        pixels = image.pixels.copy()
        if mask.any():
            pixels[mask] = _painting(view, mask, prompt)[mask]
        return Image(pixels)

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:  # noqa: ARG002
        """Return what the knowledge base holds on the tool List's request; nothing where it has nothing."""
        request = re.fullmatch(r"List at most (\d+): (.*)", messages[-1].content.strip())
        if request is None:
            raise LookupError(f"the oracle only answers to lists, not to {messages[-1].content!r}")
        known = answers(request[2])[: int(request[1])]
        return Completion("\n".join(known), "oracle")

    def _sight(self, image: Image) -> SceneView:
        view = self._known.get(image.digest) or find_view(image, self._drawn)
        if view is None:
            raise LookupError(
                f"the oracle knows no scene that shows this picture of {image.width}x{image.height}"
            )
        return self._known.setdefault(image.digest, view)


def _boxes(view: SceneView, label: str) -> list[tuple[int, int, int, int]]:
    """Return the boxes of what a label names; of several mentions the first counts."""
    wanted = mentions(label)[:1]
    if wanted == (Mention("face"),):
        return _faces(view)
    return [view.box(number) for number in _fitting(view, wanted)] if wanted else []


def _faces(view: SceneView) -> list[tuple[int, int, int, int]]:
    return [box for number in range(len(view.drawn.scene.things)) if (box := view.face(number))]


def _fitting(view: SceneView, wanted: Iterable[Mention]) -> list[int]:
    """Return the things in sight that are all that is mentioned."""
    each = tuple(wanted)
    return [number for number in view.things if all(mention.fits(view.thing(number)) for mention in each)]


def _outline(view: SceneView, region: Region) -> NDArray[np.bool_]:
    if region.label in STUFF:
        return view.stuff().get(region.label, np.zeros(view.size[::-1], np.bool_))
    about = view.closest(region.box)
    mask = view.stuff()[about] if isinstance(about, str) else view.mask(about)
    inside = Regions([Region(region.box)], size=view.size).union_mask()
    return mask & inside


def _shown(view: SceneView) -> Thing | str:
    """Return what the picture as a whole is about."""
    about = view.closest((0, 0, *view.size))
    return about if isinstance(about, str) else view.thing(about)


def _fit(view: SceneView, text: str, wanted: Sequence[Mention]) -> float:
    if not wanted:
        return _ANYTHING if text.strip().casefold() in _ANY_WORDS else _FALSE
    stuff = view.stuff()
    present = [each.name in stuff or bool(_fitting(view, [each])) for each in wanted]
    if len(wanted) > 1:
        return _TRUE * sum(present) / len(present)
    if wanted[0].fits(_shown(view)):
        return _TRUE + _precision(wanted[0])
    return _BESIDE if present[0] else _FALSE


def _precision(mention: Mention) -> float:
    """Return how much a mention tells: a red car more than a car, and that more than a vehicle."""
    return 2.0 * (mention.name in CATEGORIES or mention.name in STUFF) + (mention.colour is not None)


def _count(view: SceneView, wanted: Sequence[Mention]) -> str:
    return str(len(_fitting(view, wanted[:1])))


def _existence(view: SceneView, wanted: Sequence[Mention]) -> str:
    stuff = view.stuff()
    return "yes" if all(each.name in stuff or _fitting(view, [each]) for each in wanted) else "no"


def _colour(view: SceneView, wanted: Sequence[Mention]) -> str:
    number = _chosen(view, _fitting(view, wanted[:1]))
    colour = view.thing(number).colour if number is not None else None
    return colour or "none"


def _truth(view: SceneView, wanted: Sequence[Mention]) -> str:
    """Say whether something in sight is all that is mentioned: a car, and red."""
    return "yes" if _fitting(view, wanted) else "no"


def _identity(view: SceneView, wanted: Sequence[Mention]) -> str:
    number = _chosen(view, _fitting(view, wanted[:1]))
    if number is not None:
        return view.thing(number).category
    shown = _shown(view)
    return shown if isinstance(shown, str) else "nothing"


def _chosen(view: SceneView, numbers: Sequence[int]) -> int | None:
    """Return the one of these things that the picture is about, else the largest; None of none."""
    about = view.closest((0, 0, *view.size))
    if about in numbers and not isinstance(about, str):
        return about
    return max(numbers, key=lambda number: int(view.mask(number).sum()), default=None)


_FORMS: dict[str, Callable[[SceneView, Sequence[Mention]], str]] = {
    r"how many ": _count,
    r"(?:is|are) there ": _existence,
    r"(?:what|which) (?:is the )?colou?r": _colour,
    r"(?:is|are) ": _truth,
    r"(?:what|which) ": _identity,
}
"""The forms of questions, by how they begin."""


def _painting(view: SceneView, mask: NDArray[np.bool_], prompt: str) -> NDArray[np.uint8]:
    """Return a picture of the sight's size that shows what is asked for where the mask is."""
    scene = view.drawn.scene
    left, top, right, bottom = view.window
    if asks_for_removal(prompt):
        return _part(draw(Scene(scene.width, scene.height, scene.ground, ())), view)
    wanted = mentions(prompt)
    if not wanted:
        raise LookupError(f"the oracle cannot paint {prompt!r}")
    if wanted[0].name in STUFF:
        return tile(wanted[0].name)[: bottom - top, : right - left]
    thing = _placed(wanted[0], bounds(mask), view.window)
    return _part(draw(Scene(scene.width, scene.height, scene.ground, (thing,))), view)


def _part(drawn: DrawnScene, view: SceneView) -> NDArray[np.uint8]:
    left, top, right, bottom = view.window
    return drawn.pixels[top:bottom, left:right]


def _placed(mention: Mention, box: tuple[int, int, int, int], window: tuple[int, int, int, int]) -> Thing:
    """Return a thing that is what is mentioned, in the square around a box of the window."""
    names = [name for name, entry in CATEGORIES.items() if mention.name in ("", name, *entry.kinds)]
    name = names[0] if names else "man"
    tints = CATEGORIES[name].tints
    colour = mention.colour if mention.colour in COLOURS else (tints[0] if tints else None)
    side = max(box[2] - box[0], box[3] - box[1])
    left = window[0] + (box[0] + box[2] - side) // 2
    top = window[1] + (box[1] + box[3] - side) // 2
    return Thing(name, colour, (left, top, left + side, top + side))
