"""Models for tests that know the drawn scenes and make a given share of errors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from visprog.evaluation.benchmarks.miniworld.samples import tasks_of
from visprog.evaluation.runner import Settings
from visprog.miniworld.drawing import DrawnScene, draw
from visprog.miniworld.oracle import Oracle
from visprog.miniworld.scene import Split, make_scene
from visprog.miniworld.tasks import KINDS_OF_TASK
from visprog.models.zoo import Zoo
from visprog.values import Image, Region, Regions


class ErringOracle(Oracle):
    """Makes an error in a given share of calls, chosen by a hash of the picture and the question.

    It finds nothing, answers "I do not know", reverses scores, or shifts masks.
    """

    def __init__(self, drawn: Iterable[DrawnScene], rate: float) -> None:
        super().__init__(drawn)
        self._rate = rate
        self.fingerprint += f" with errors {rate}"

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        return super().detect(image, labels)[: 0 if self._errs(image, *labels) else None]

    def detect_faces(self, image: Image) -> Regions:
        return super().detect_faces(image)[: 0 if self._errs(image) else None]

    def segment(self, image: Image) -> Regions:
        return super().segment(image)[: 1 if self._errs(image) else None]

    def mask(self, image: Image, regions: Regions) -> Regions:
        found = super().mask(image, regions)
        return _shifted(found) if self._errs(image) else found

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        try:
            scores = super().score(images, texts)
        except LookupError:  # the judge asks about a part of an edited picture
            return np.zeros((len(images), len(texts)))
        signs = [-1.0 if self._errs(image, *texts) else 1.0 for image in images]
        return np.asarray(scores * np.array(signs)[:, np.newaxis])

    def answer(self, image: Image, question: str) -> str:
        try:
            right = super().answer(image, question)
        except LookupError:  # the baseline asks the whole question
            right = "I do not know"
        return "I do not know" if self._errs(image, question) else right

    def _errs(self, image: Image, *words: str) -> bool:
        content = hashlib.sha256("/".join((image.digest, *words)).encode()).digest()
        return content[0] < 256 * self._rate


def _shifted(regions: Regions) -> Regions:
    masks = [np.roll(region.mask, 40, axis=1) for region in regions if region.mask is not None]
    shifted = (Region(r.box, r.label, r.score, mask) for r, mask in zip(regions, masks, strict=True))
    return Regions(shifted, size=regions.size)


def stand_in(settings: Settings, rate: float = 0.0) -> Zoo:
    """Return models that know every scene of an evaluation and make errors at this rate."""
    scenes = [make_scene(seed, cast(Split, settings.split)) for seed in settings.seeds]
    for kind in KINDS_OF_TASK:
        if settings.parts is None or kind in settings.parts:
            tasks = tasks_of(kind, settings.seeds, settings.split)
            scenes += [scene for task in tasks for scene in task.scenes.values()]
    return Zoo(models=ErringOracle(map(draw, scenes), rate).models())
