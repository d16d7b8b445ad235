"""Batched calls have the same results as single calls, in fewer passes of the network.

Scores may differ by 1e-4, as sums of many numbers do that are added in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.tiny_checkpoints import answering_models, contrastive_models, tiny_sam, tiny_segmenters
from tests.models.tiny_checkpoints.pictures import picture
from tests.models.tiny_checkpoints.red_squares import noise
from tests.models.tiny_checkpoints.tiny_detectors import save_owl
from visprog.models.backends.transformers import load
from visprog.values import Image, Region, Regions

CPU = {"device": "cpu"}
PICTURES = [picture("landscape"), picture("portrait"), picture("landscape", 1), picture("dot")]
QUESTIONS = ["is there a dog?", "how many?", "what colour is the bus on the left, and why?"]


def loaded(role: str, save: Callable[[Path], Path], folder: Path, **options: Any) -> Any:
    return load(role, str(save(folder)), {**CPU, **options})


def passes(part: Any) -> list[int]:
    """Count the items in each later pass of a part of the network."""
    counted: list[int] = []

    def count(_: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        first = given[0] if given else next(value for value in named.values() if value is not None)
        counted.append(len(first))

    part.register_forward_pre_hook(count, with_kwargs=True)
    return counted


def asked(pictures: Sequence[Image]) -> list[tuple[Image, str]]:
    return [(image, question) for image in pictures for question in QUESTIONS]


def test_vilt_answers_many_questions_in_one_pass(tmp_path: Path) -> None:
    model = loaded("visual_qa", answering_models.vilt, tmp_path)
    calls = asked([*PICTURES[:3], picture("strip"), picture("flat")])
    expected = [model.answer(*call) for call in calls]
    counted = passes(model.network.model)
    assert expected == model.answer_batch(calls)
    assert counted == [len(calls)]


def test_vilt_has_the_same_logits_in_a_batch(tmp_path: Path) -> None:
    model = loaded("visual_qa", answering_models.vilt, tmp_path)
    seen: list[Any] = []
    model.network.model.register_forward_hook(lambda *given: seen.append(given[2].logits.numpy()))
    calls = asked(PICTURES[:3])
    for call in calls:
        model.answer(*call)
    model.answer_batch(calls)
    np.testing.assert_allclose(seen[-1], np.concatenate(seen[:-1]), atol=1e-4)


def test_blip_encodes_a_picture_once_for_all_questions(tmp_path: Path) -> None:
    model = loaded("visual_qa", answering_models.blip, tmp_path)
    one_by_one = loaded("visual_qa", answering_models.blip, tmp_path)
    expected = [one_by_one.answer(*call) for call in asked(PICTURES)]
    assert len(set(expected)) > 1
    counted = passes(model.network.model.vision_model)
    assert expected == model.answer_batch(asked(PICTURES))
    assert expected[:3] == [model.answer(*call) for call in asked(PICTURES[:1])]
    assert counted == [len(PICTURES)]


def test_blip_has_the_same_captions_in_a_batch(tmp_path: Path) -> None:
    save = partial(answering_models.blip, kind="BlipForConditionalGeneration")
    model = loaded("captioner", save, tmp_path)
    expected = [model.caption(image) for image in PICTURES]
    counted = passes(model.network.model.vision_model)
    assert expected == model.caption_batch([(image,) for image in PICTURES])
    assert counted == [len(PICTURES)]


@pytest.mark.parametrize("save", [contrastive_models.clip, contrastive_models.siglip])
def test_a_scorer_has_the_same_tables_in_a_batch(save: Any, tmp_path: Path) -> None:
    model, one_by_one = (loaded("image_text_scorer", save, tmp_path) for _ in range(2))
    calls: list[Any] = [
        (PICTURES[:2], ["cat", "dog"]),
        (PICTURES[1:], ["a red bus", "cat", "cat"]),
        ([], ["cat"]),
        (PICTURES[:1], []),
    ]
    seen, read = passes(model.network.model.vision_model), passes(model.network.model.text_model)
    found = model.score_batch(calls)
    assert seen == [len(PICTURES)]
    assert len(read) == 1
    for table, call in zip(found, calls, strict=True):
        np.testing.assert_allclose(table, one_by_one.score(*call), atol=1e-4)


@pytest.mark.parametrize("version", [1, 2])
def test_owl_encodes_each_picture_and_each_label_once(version: int, tmp_path: Path) -> None:
    save = partial(save_owl, version=version)
    model, one_by_one = (loaded("detector", save, tmp_path, threshold=0.2) for _ in range(2))
    pictures = [noise((120, 80)), noise((80, 120), 1), noise((100, 100), 2)]
    names = [["dog"], ["red square", "dog"], ["boat"], []]
    calls = [(image, each) for image in pictures for each in names]
    core = model.network.model.base_model
    seen, read = passes(core.vision_model), passes(core.text_model)
    found = model.detect_batch(calls)
    model.detect(Image(pictures[0].pixels), ["boat", "dog"])
    assert (seen, read) == ([3], [3])
    assert any(not regions.empty for regions in found)
    for regions, call in zip(found, calls, strict=True):
        alone = one_by_one.detect(*call)
        assert regions.labels == alone.labels
        assert np.array_equal(regions.boxes, alone.boxes)
        np.testing.assert_allclose(regions.scores, alone.scores, atol=1e-4)
    assert model.detect_faces_batch([(image,) for image in pictures]) == [
        model.detect_faces(image) for image in pictures
    ]


@pytest.mark.parametrize("kind", ["maskformer", "mask2former", "oneformer", "eomt"])
def test_pictures_of_one_size_are_segmented_in_one_pass(kind: str, tmp_path: Path) -> None:
    save = getattr(tiny_segmenters, f"save_{kind}")
    if kind != "eomt":
        save = partial(save, size={"shortest_edge": 64, "longest_edge": 96})
    model = loaded("segmenter", save, tmp_path, threshold=0.0, mask=0.0, overlap=0.0)
    pictures = [noise((90, 60)), noise((60, 90), 1), noise((90, 60), 2)]
    expected = [model.segment(image) for image in pictures]
    assert any(not regions.empty for regions in expected)
    counted = passes(model.network.model)
    found = model.segment_batch([(image,) for image in pictures])
    assert counted == ([3] if kind == "eomt" else [2, 1])  # EoMT sees every picture in a square
    for regions, alone in zip(found, expected, strict=True):
        assert regions.labels == alone.labels
        np.testing.assert_allclose(regions.scores, alone.scores, atol=1e-4)
        assert all((a.mask == b.mask).mean() > 0.999 for a, b in zip(regions, alone, strict=True))


@pytest.mark.parametrize("save", [tiny_sam.save_sam, tiny_sam.save_sam2])
def test_sam_embeds_new_pictures_together_and_each_once(save: Any, tmp_path: Path) -> None:
    model, one_by_one = (loaded("masker", save, tmp_path) for _ in range(2))
    pictures = [noise((60, 40)), noise((40, 60), 1), noise((60, 40), 2)]
    boxes = [(2, 2, 20, 20), (10, 5, 35, 38), (-9, -9, -1, -1)]
    calls = [(image, Regions([Region(box)], size=image.size)) for image in pictures for box in boxes]
    counted = passes(model.network.model.vision_encoder)
    found = model.mask_batch(calls)
    assert counted == [3]
    for regions, call in zip(found, calls, strict=True):
        alone = one_by_one.mask(*call)
        assert (regions[0].mask == alone[0].mask).mean() > 0.999
