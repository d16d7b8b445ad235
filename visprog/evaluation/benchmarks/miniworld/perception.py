"""Measures of single tools: their results in drawn scenes, compared with the truth."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from visprog.boxes import Box, enlarge
from visprog.evaluation.benchmark import Measure
from visprog.evaluation.metrics import box_overlaps, f1, mask_overlap, matches, same_answer, share
from visprog.evaluation.statistics import Sums
from visprog.miniworld.catalogue import CATEGORIES, STUFF
from visprog.miniworld.drawing import DrawnScene, draw
from visprog.miniworld.scene import Split, Thing, generator, make_scene
from visprog.miniworld.tasks.wording import ask_colour, ask_exists, ask_what
from visprog.models.handle import ModelHandle
from visprog.models.roles import FaceDetector, Models
from visprog.modules import TOOLS
from visprog.values import Image, Region, Regions

Counts = Sequence[float]
"""The numbers that one picture adds to the sums of a statistic."""

_ENLARGED = 1.5
"""Factor by which the tool Crop enlarges a box."""


@dataclass(frozen=True)
class View:
    """A drawn scene, and a random generator for the questions about it."""

    drawn: DrawnScene
    rng: random.Random

    @property
    def image(self) -> Image:
        """The picture."""
        return self.drawn.image

    @cached_property
    def things(self) -> tuple[tuple[int, Thing], ...]:
        """The things with their numbers."""
        return tuple(enumerate(self.drawn.scene.things))

    def absent(self) -> list[str]:
        """Return the categories that the picture does not show."""
        return [name for name in CATEGORIES if all(thing.category != name for _, thing in self.things)]

    def boxes(self) -> Regions:
        """Return the tight boxes of all things, in order, without labels."""
        return Regions((Region(self.drawn.box(number)) for number, _ in self.things), size=self.image.size)

    def crop(self, number: int) -> Image:
        """Return a thing as the tool Crop cuts it out."""
        box = self.drawn.box(number)
        return self.image.crop(enlarge(box, _ENLARGED, self.image.size) or box)


def _measure(
    name: str,
    role: str,
    counts: Callable[[View, Models], Counts],
    statistic: Callable[[Sums], NDArray[np.float64]],
    target: float | None = None,
) -> Measure:
    def counts_of(seed: int, split: str, models: Models) -> Counts:
        drawn = draw(make_scene(seed, cast(Split, split)))
        return counts(View(drawn, generator(seed, cast(Split, split), name)), models)

    return Measure(name, (role,), counts_of, statistic, target)


def _call(tool: str, models: Models, *arguments: Any, **more: Any) -> Any:
    """Call a tool as the engine does: with its models and the settings of the profile."""
    (found,) = (each for each in TOOLS if each.name == tool)
    handles = {
        name: ModelHandle(models, need.role) if models.has(need.role) else None
        for name, need in found.needs.items()
    }
    silent = {found.warn_parameter: lambda _: None} if found.warn_parameter else {}
    return found(*arguments, **more, **handles, **silent, **models.settings(tool))


def _matched(found: Sequence[Box], expected: Sequence[Box]) -> tuple[int, int, int]:
    """Return the numbers of matched, found and expected boxes."""
    return matches(box_overlaps(found, expected)), len(found), len(expected)


def _loc(view: View, models: Models) -> Counts:
    """Search for each category in the picture, and for as many others."""
    there = sorted({thing.category for _, thing in view.things})
    total = np.zeros(3)
    for name in (*there, *view.rng.sample(view.absent(), len(there))):
        found = _call("Loc", models, view.image, name)
        expected = [view.drawn.box(number) for number, thing in view.things if thing.category == name]
        total += _matched([region.box for region in found], expected)
    return tuple(total.tolist())


def _faces(view: View, models: Models) -> Counts:
    """Compare the found faces with those that are at least half visible."""
    detector = cast(FaceDetector, models.get("face_detector"))
    found = [region.box for region in detector.detect_faces(view.image)]
    faces = [(number, view.drawn.face(number)) for number, _ in view.things]
    return _matched(found, [box for number, box in faces if box and _is_visible(view.drawn, number, box)])


def _is_visible(drawn: DrawnScene, number: int, box: Box) -> bool:
    left, top, right, bottom = box
    return bool((drawn.owners[top:bottom, left:right] <= number).mean() > 0.5)


_LABELS = (*STUFF, *CATEGORIES)


def _seg(view: View, models: Models) -> Counts:
    """Return the pixels in the intersection for each label, then those in the union."""
    common, union = np.zeros(len(_LABELS)), np.zeros(len(_LABELS))
    found = _call("Seg", models, view.image)
    for place, label in enumerate(_LABELS):
        seen = found.with_label(label).union_mask()
        true = _true_mask(view, label)
        common[place], union[place] = (seen & true).sum(), (seen | true).sum()
    return (*common.tolist(), *union.tolist())


def _true_mask(view: View, label: str) -> NDArray[np.bool_]:
    if label in STUFF:
        return view.drawn.stuff(label)
    numbers = [number for number, thing in view.things if thing.category == label]
    return np.isin(view.drawn.owners, numbers)


def _mean_iou(sums: Sums) -> NDArray[np.float64]:
    """Return the mean IoU over the labels."""
    common, union = np.split(sums, 2, axis=1)
    shares = np.divide(common, union, out=np.full_like(common, np.nan), where=union > 0)
    return np.asarray(np.nanmean(shares, axis=1))


def _mask(view: View, models: Models) -> Counts:
    """Compare the mask from each thing's tight box with the true mask."""
    found = _call("Mask", models, view.image, view.boxes())
    overlaps = [
        mask_overlap(region.mask, view.drawn.mask(number))
        for (number, _), region in zip(view.things, found, strict=True)
    ]
    return sum(overlaps), len(overlaps)


def _classify(view: View, models: Models) -> Counts:
    """Classify each thing among all categories."""
    found = _call("Classify", models, view.image, view.boxes(), list(CATEGORIES), unique=False)
    right = sum(thing.category == label for (_, thing), label in zip(view.things, found.labels, strict=True))
    return right, len(view.things)


def _select(view: View, models: Models) -> Counts:
    """Select each thing by its name, or its colour and name, if no other thing fits."""
    names = [
        f"{thing.colour} {thing.category}" if thing.colour else thing.category for _, thing in view.things
    ]
    right = asked = 0
    for place, (_, thing) in enumerate(view.things):
        same = sum(other.category == thing.category for _, other in view.things)
        name = thing.category if same == 1 and view.rng.random() < 0.5 else names[place]
        if same == 1 or (thing.colour and names.count(name) == 1):
            chosen = _call("Select", models, view.image, view.boxes(), name)
            right += [region.box for region in chosen] == [view.boxes()[place].box]
            asked += 1
    return right, asked


def _questions(
    question: Callable[[View, int, Thing], Iterator[tuple[str, str]]],
) -> Callable[[View, Models], Counts]:
    """Return the counts for questions about crops. `question` yields questions with their right answers."""

    def counts(view: View, models: Models) -> Counts:
        right = asked = 0
        for number, thing in view.things:
            for words, answer in question(view, number, thing):
                right += same_answer(_call("Vqa", models, view.crop(number), words), answer)
                asked += 1
        return right, asked

    return counts


def _colour_of(view: View, number: int, thing: Thing) -> Iterator[tuple[str, str]]:  # noqa: ARG001
    if thing.colour:
        yield ask_colour(thing.category), thing.colour


def _existence_of(view: View, number: int, thing: Thing) -> Iterator[tuple[str, str]]:
    if number % 2:
        yield ask_exists(thing.category), "yes"
    else:
        yield ask_exists(view.rng.choice(view.absent())), "no"


def _name_of(view: View, number: int, thing: Thing) -> Iterator[tuple[str, str]]:  # noqa: ARG001
    yield ask_what(), thing.category


MEASURES: dict[str, tuple[Measure, ...]] = {
    "loc": (_measure("Loc: F1 at IoU 0.5", "detector", _loc, f1, 0.90),),
    "facedet": (_measure("FaceDet: F1 at IoU 0.5", "face_detector", _faces, f1),),
    "seg": (_measure("Seg: mean IoU", "segmenter", _seg, _mean_iou, 0.80),),
    "mask": (_measure("Mask: IoU from a box", "masker", _mask, share, 0.85),),
    "classify": (_measure("Classify: top-1 of 76", "image_text_scorer", _classify, share, 0.95),),
    "select": (_measure("Select: top-1", "image_text_scorer", _select, share, 0.95),),
    "vqa": (
        _measure("Vqa: colour", "visual_qa", _questions(_colour_of), share, 0.90),
        _measure("Vqa: existence", "visual_qa", _questions(_existence_of), share, 0.90),
        _measure("Vqa: what is it", "visual_qa", _questions(_name_of), share, 0.90),
    ),
}
"""The measures by the name of the tool, with their targets."""
