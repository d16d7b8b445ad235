"""Panoptic segmenters against the library's own code, and against a red square whose place is known."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("scipy", reason="MaskFormer's and Mask2Former's losses ask for it as they are loaded")

from tests.models.tiny_checkpoints.red_squares import noise, red_square, redness
from tests.models.tiny_checkpoints.tiny_segmenters import LABELS, SEGMENTERS
from visprog.boxes import Box
from visprog.errors import UsageError
from visprog.models.backends.transformers import BACKEND, segmenter
from visprog.models.backends.transformers.segmenter import PanopticSegmenter
from visprog.values import Image

load = BACKEND.load

SIZES = [(120, 80), (80, 120), (1, 1), (3, 200), (200, 3), (640, 480)]
EASY = {"threshold": 0.25, "mask": 0.1, "overlap": 0.0}
"""Limits at which a random network finds segments."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: save(tmp_path_factory.mktemp(name)) for name, save in SEGMENTERS.items()}


@pytest.fixture(params=SEGMENTERS)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def segment(folders: dict[str, Path], family: str) -> Callable[..., Any]:
    def made(**options: Any) -> Any:
        model = load("segmenter", str(folders[family]), {"device": "cpu", **options})
        assert isinstance(model, PanopticSegmenter)
        return model

    return made


def reference(model: Any, image: Image) -> list[tuple[str, float, Any]]:
    """Return label, score and mask of each segment as in the library's documentation, best first."""
    import torch

    processor, kind = model.processor, model.network.kind
    task = {"task_inputs": ["panoptic"]} if kind == "oneformer" else {}
    inputs = processor(images=[image.to_pil()], return_tensors="pt", **task)
    with torch.no_grad():
        outputs = model.network.model(**inputs)
    [found] = processor.post_process_panoptic_segmentation(
        outputs,
        threshold=EASY["threshold"],
        mask_threshold=EASY["mask"],
        overlap_mask_area_threshold=EASY["overlap"],
        target_sizes=[(image.height, image.width)],
        **({} if kind == "eomt" else {"label_ids_to_fuse": set()}),
    )
    numbers = found["segmentation"].numpy()
    segments = [
        (LABELS[segment["label_id"]], segment["score"], numbers == segment["id"])
        for segment in found["segments_info"]
    ]
    return sorted(segments, key=lambda segment: -segment[1])


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_segments_are_the_librarys_own(segment: Callable[..., Any], size: tuple[int, int]) -> None:
    model, image = segment(**EASY, stuff=[]), noise(size)
    expected = [part for part in reference(model, image) if part[2].any()]
    found = model.segment(image)
    assert [label for label, _, _ in expected] == list(found.labels)
    assert pytest.approx([score for _, score, _ in expected], abs=1e-4) == found.scores.tolist()
    for (_, _, mask), region in zip(expected, found, strict=True):
        assert np.array_equal(mask, region.mask)


def test_a_random_network_finds_something_in_most_pictures(segment: Callable[..., Any]) -> None:
    model = segment(**EASY)
    said = [len(model.segment(noise(size))) for size in SIZES[:-1]]
    assert sum(number > 0 for number in said) >= 3


@pytest.mark.parametrize("size", SIZES[:-1], ids=str)
def test_a_box_is_the_smallest_around_its_mask(segment: Callable[..., Any], size: tuple[int, int]) -> None:
    for region in segment(**EASY).segment(noise(size)):
        left, top, right, bottom = region.box
        inside = region.mask[top:bottom, left:right]
        assert inside.sum() == region.mask.sum()
        assert inside[[0, -1]].any(axis=1).all()
        assert inside[:, [0, -1]].any(axis=0).all()


def sees_red(model: Any, monkeypatch: pytest.MonkeyPatch, *, skies: int = 1) -> None:
    """Let the network find a dog in red pixels, sky elsewhere in `skies` parts, and one empty segment."""
    import torch

    def forward(pixel_values: Any, **inputs: Any) -> Any:
        red = redness(pixel_values).float() * 20 - 10
        part = torch.arange(red.shape[1]) * skies // red.shape[1]
        masks = [red, *(torch.where(part == number, -red, -10.0) for number in range(skies)), red.abs()]
        classes = torch.full((1, len(masks), 5), -9.0)
        for query, label in enumerate([1, *[2] * skies, 4]):
            classes[0, query, label] = 9.0
        return SimpleNamespace(class_queries_logits=classes, masks_queries_logits=torch.stack(masks)[None])

    monkeypatch.setattr(model.network.model, "forward", forward)


SQUARES = [
    ((192, 96), (48, 24, 120, 72)),
    ((96, 192), (24, 72, 72, 168)),
    ((192, 96), (0, 0, 24, 96)),
    ((96, 192), (72, 168, 96, 192)),
    ((48, 24), (12, 6, 30, 18)),
    ((960, 480), (120, 90, 480, 420)),
    ((480, 960), (90, 120, 420, 480)),
]


@pytest.mark.parametrize(("size", "box"), SQUARES, ids=str)
def test_the_red_square_is_masked_where_it_is(
    segment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], box: Box
) -> None:
    model = segment()
    sees_red(model, monkeypatch)
    image = red_square(size, box)
    dog = model.segment(image).with_label("dog")
    assert [box] == [region.box for region in dog]
    assert only_corners_differ(image.pixels[..., 0] > 0, dog[0].mask)


def only_corners_differ(expected: Any, mask: Any) -> bool:
    """Whether at most one pixel in two hundred is another: enlarging a mask rounds its corners."""
    return bool((expected != mask).sum() <= expected.sum() / 200)


def test_stuff_of_one_kind_is_one_region(
    segment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, image = segment(stuff=["sky"]), red_square((192, 96), (72, 24, 120, 72))
    sees_red(model, monkeypatch, skies=2)
    found = model.segment(image)
    assert sorted(found.labels) == ["dog", "sky"]
    assert only_corners_differ(image.pixels[..., 0] == 0, found.with_label("sky")[0].mask)


@pytest.mark.parametrize("family", ["mask2former", "eomt"], indirect=True)
def test_things_of_one_kind_stay_separate(
    segment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = segment()
    sees_red(model, monkeypatch, skies=2)
    found = model.segment(red_square((192, 96), (72, 24, 120, 72)))
    assert sorted(found.labels) == ["dog", "sky", "sky"]


@pytest.mark.parametrize("family", ["oneformer"], indirect=True)
def test_the_list_of_stuff_is_read_from_the_checkpoint(
    segment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = segment()
    sees_red(model, monkeypatch, skies=2)
    assert sorted(model.segment(red_square((192, 96), (72, 24, 120, 72))).labels) == ["dog", "sky"]


def test_cocos_kinds_of_stuff_are_known() -> None:
    names = [*(f"thing {n}" for n in range(80)), "banner", *(f"stuff {n}" for n in range(52))]
    labels = dict(enumerate(names))
    assert frozenset(range(80, 133)) == segmenter.stuff_ids(None, labels, None)
    assert frozenset() == segmenter.stuff_ids(None, LABELS, None)


@pytest.mark.parametrize("size", [(192, 96), (96, 192)], ids=str)
def test_a_very_large_picture_has_masks_of_its_full_size(
    segment: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(segmenter, "LARGEST_MAP", 192 * 96 // 4)
    model, image = segment(), red_square(size, (24, 24, 72, 72))
    sees_red(model, monkeypatch)
    assert np.array_equal(image.pixels[..., 0] > 0, model.segment(image).with_label("dog")[0].mask)


def test_an_empty_result_has_no_regions(segment: Callable[..., Any]) -> None:
    found = segment(threshold=1.0).segment(noise((60, 40)))
    assert found.empty
    assert found.size == (60, 40)


@pytest.mark.parametrize("family", ["mask2former"], indirect=True)
def test_stuff_that_is_not_a_label_is_rejected(segment: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="`stuff` lists labels of the checkpoint"):
        segment(stuff=["ocean"])


def test_threads_get_the_same_results_as_one_thread(segment: Callable[..., Any]) -> None:
    model = segment(**EASY)
    pictures = [noise((60 + 10 * seed, 40), seed) for seed in range(3)]
    alone = [model.segment(picture) for picture in pictures]
    with ThreadPoolExecutor(3) as threads:
        assert alone == list(threads.map(model.segment, pictures))
