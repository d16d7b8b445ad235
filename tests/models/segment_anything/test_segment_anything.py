"""The results are those of SamPredictor and SamAutomaticMaskGenerator on the same tiny checkpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PILImage

from visprog.errors import ModelFailed, ModelUnavailable, UsageError
from visprog.models.backends.segment_anything import BACKEND
from visprog.models.backends.segment_anything.sam import SegmentAnything, build_sam
from visprog.models.zoo import Zoo
from visprog.values import Image, Region, Regions

torch = pytest.importorskip("torch")
pytest.importorskip("segment_anything")

from segment_anything import SamAutomaticMaskGenerator, SamPredictor  # noqa: E402

from tests.models.segment_anything.tiny_sam import SIDE, save, tiny_sam  # noqa: E402

load: Callable[..., Any] = BACKEND.load

EVERYTHING = {"points": 6, "quality": 0.0, "stability": 0.0, "nms": 0.99}
"""Limits that keep all masks, because random weights are never confident."""

OWN = {"points_per_side": 6, "pred_iou_thresh": 0.0, "stability_score_thresh": 0.0, "box_nms_thresh": 0.99}

SIZES = [(160, 100), (90, 170), (1, 1), (3, 200), (SIDE, SIDE), (1500, 900)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tiny_sam(), tmp_path_factory.mktemp("sam") / "sam_tiny.pth")


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> SegmentAnything:
    loaded: SegmentAnything = load("masker", str(checkpoint), EVERYTHING)
    return loaded


def blobs(width: int, height: int) -> Image:
    """Return a picture of coarse random colours."""
    coarse = np.random.default_rng(width).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.from_pil(PILImage.fromarray(coarse).resize((width, height), PILImage.Resampling.BICUBIC))


def boxes_in(image: Image) -> Regions:
    width, height = image.size
    boxes = [
        (0, 0, width, height),
        (width // 4, height // 4, width // 2 + 1, height // 2 + 1),
        (width // 2, height // 3, width, height),
    ]
    named = zip(boxes, ("all", "a", "b"), (0.9, 0.5, 0.4), strict=True)
    return Regions([Region(box, label, score) for box, label, score in named], size=image.size)


@pytest.mark.parametrize("size", SIZES)
def test_a_box_gets_the_mask_with_the_predictors_highest_confidence(
    model: SegmentAnything, size: tuple[int, int]
) -> None:
    image = blobs(*size)
    regions = boxes_in(image)
    found = model.mask(image, regions)
    predictor = SamPredictor(tiny_sam())
    predictor.set_image(image.pixels)
    for region, masked in zip(regions, found, strict=True):
        masks, confidences, _ = predictor.predict(box=np.array(region.box), multimask_output=True)
        assert masked.mask is not None
        different = masks[confidences.argmax()] != masked.mask
        assert different.mean() < 1e-5  # a pixel exactly at the threshold may round either way


def test_regions_keep_all_but_their_masks(model: SegmentAnything) -> None:
    image = blobs(160, 100)
    regions = boxes_in(image)
    found = model.mask(image, regions)
    assert [(r.box, r.label, r.score) for r in regions] == [(r.box, r.label, r.score) for r in found]


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_is_divided_as_by_the_mask_generator(model: SegmentAnything, size: tuple[int, int]) -> None:
    image = blobs(*size)
    expected = SamAutomaticMaskGenerator(tiny_sam(), **OWN).generate(image.pixels)
    expected = sorted((one for one in expected if one["area"]), key=lambda one: -one["predicted_iou"])
    found = model.segment(image)
    assert len(expected) == len(found)
    for one, region in zip(expected, found, strict=True):
        assert region.mask is not None
        assert np.array_equal(one["segmentation"], region.mask)
        assert region.score == pytest.approx(min(max(one["predicted_iou"], 0), 1), abs=1e-6)
        rows, columns = np.nonzero(region.mask)
        assert region.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_the_mask_generator_finds_something(model: SegmentAnything) -> None:
    assert len(model.segment(blobs(160, 100))) > 3


def test_a_large_picture_is_divided_in_a_smaller_copy(checkpoint: Path) -> None:
    image = blobs(1200, 800)
    small = Image(np.asarray(image.to_pil().resize((300, 200), PILImage.Resampling.LANCZOS)))
    model = load("segmenter", str(checkpoint), {**EVERYTHING, "side": 300})
    found, expected = model.segment(image), model.segment(small)
    assert len(expected) == len(found) > 0
    assert found.size == (1200, 800)
    for large, region in zip(found, expected, strict=True):
        assert large.mask is not None
        assert region.mask is not None
        assert large.mask.shape == (800, 1200)
        assert (large.mask[2::4, 2::4] == region.mask).mean() > 0.98


def test_without_a_good_mask_there_are_no_regions(checkpoint: Path) -> None:
    model = load("segmenter", str(checkpoint), {**EVERYTHING, "quality": 1.0, "stability": 1.0})
    found = model.segment(blobs(60, 40))
    assert found.empty
    assert found.size == (60, 40)


def test_a_picture_is_embedded_once_for_many_boxes(checkpoint: Path) -> None:
    model = load("masker", str(checkpoint), {})
    encodes: list[int] = []
    model.predictor.model.image_encoder.register_forward_hook(lambda *_: encodes.append(1))
    first, second = blobs(100, 60), blobs(60, 100)
    alone = [model.mask(first, boxes_in(first)[index : index + 1])[0] for index in range(3)]
    assert len(encodes) == 1
    model.mask(second, boxes_in(second))
    assert len(encodes) == 2
    assert list(model.mask(first, boxes_in(first))) == alone
    assert len(encodes) == 2


def test_no_regions_need_no_embedding(checkpoint: Path) -> None:
    model = load("masker", str(checkpoint), {})
    model.predictor.model.image_encoder.register_forward_hook(lambda *_: pytest.fail("embedded"))
    assert model.mask(blobs(20, 20), Regions(size=(20, 20))).empty


def test_a_region_outside_the_picture_has_an_empty_mask(model: SegmentAnything) -> None:
    image = blobs(50, 40)
    regions = Regions([Region((60, 0, 70, 10)), Region((10, 10, 30, 30))], size=image.size)
    outside, inside = model.mask(image, regions)
    assert outside.mask is not None
    assert not outside.mask.any()
    assert inside == model.mask(image, regions[1:])[0]


def test_a_mask_lies_in_its_box() -> None:
    """The decoder is changed to return the box itself, so that the test checks only the coordinates."""
    sam = tiny_sam()
    model = SegmentAnything(sam)

    def echo(**prompts: Any) -> tuple[Any, Any]:
        corners = prompts["sparse_prompt_embeddings"]
        masks = torch.full((len(corners), 3, 32, 32), -9.0)
        for mask, (left, top, right, bottom) in zip(masks, corners.tolist(), strict=True):
            scale = SIDE / 32
            mask[
                1, round(top / scale) : round(bottom / scale), round(left / scale) : round(right / scale)
            ] = 9.0
        return masks, torch.tensor([[0.1, 0.8, 0.3]]).expand(len(corners), 3)

    sam.prompt_encoder.forward = lambda points, boxes, masks: (boxes, None)
    sam.mask_decoder.forward = echo
    for size, box in (((320, 160), (200, 40, 280, 60)), ((160, 320), (40, 200, 60, 280))):
        image = blobs(*size)
        (found,) = model.mask(image, Regions([Region(box)], size=size))
        truth = Regions([Region(box)], size=size).union_mask()
        assert found.mask is not None
        assert (found.mask & truth).sum() / (found.mask | truth).sum() > 0.7
        rows, columns = np.nonzero(found.mask)
        middle = (columns.mean() + 0.5, rows.mean() + 0.5)
        assert middle == pytest.approx(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), abs=1.0)


def test_a_too_thin_picture_is_rejected(model: SegmentAnything) -> None:
    image = Image(np.zeros((1, 5000, 3), dtype=np.uint8))
    with pytest.raises(ModelFailed, match="5000x1 is too thin"):
        model.segment(image)
    with pytest.raises(ModelFailed, match="5000x1 is too thin"):
        model.mask(image, Regions([Region((0, 0, 10, 1))], size=image.size))


def test_threads_can_share_a_model(model: SegmentAnything) -> None:
    pictures = [blobs(60, 40), blobs(40, 70)] * 3
    alone = [model.mask(picture, boxes_in(picture)) for picture in pictures]
    barrier = threading.Barrier(6)

    def together(picture: Image) -> Regions:
        barrier.wait()
        return model.mask(picture, boxes_in(picture))

    with ThreadPoolExecutor(6) as pool:
        assert alone == list(pool.map(together, pictures))


def test_half_precision_changes_little(checkpoint: Path, model: SegmentAnything) -> None:
    half = load("masker", str(checkpoint), {"dtype": "bfloat16"})
    image = blobs(160, 100)
    pairs = zip(model.mask(image, boxes_in(image)), half.mask(image, boxes_in(image)), strict=True)
    agreement = [np.mean(full.mask == low.mask) for full, low in pairs]
    assert min(agreement) > 0.9
    assert half.fingerprint != model.fingerprint


def test_both_roles_share_one_model_in_a_zoo(checkpoint: Path) -> None:
    named = {"model": f"segment_anything:{checkpoint}", "points": 4}
    zoo = Zoo(models={"segmenter": named, "masker": named})
    found = zoo.get("segmenter")
    assert found is zoo.get("masker")
    assert isinstance(found, SegmentAnything)
    assert found.fingerprint == zoo.fingerprint("masker")
    assert found.nbytes == sum(weight.nbytes for weight in tiny_sam().parameters())


def test_a_folder_with_one_checkpoint_is_accepted(checkpoint: Path) -> None:
    image = blobs(50, 40)
    found = load("masker", str(checkpoint.parent), {}).mask(image, boxes_in(image))
    assert load("masker", str(checkpoint), {}).mask(image, boxes_in(image)) == found


@pytest.mark.parametrize("build", ["vit_b", "vit_l", "vit_h"])
def test_metas_sizes_are_recognised_by_their_weights(build: str) -> None:
    from segment_anything import sam_model_registry

    with torch.device("meta"):
        own = sam_model_registry[build]()
        found = build_sam(own.state_dict())
    assert repr(own) == repr(found)
    layers = list(zip(own.image_encoder.blocks, found.image_encoder.blocks, strict=True))
    assert [one.window_size for one, _ in layers] == [other.window_size for _, other in layers]
    assert [one.attn.num_heads for one, _ in layers] == [other.attn.num_heads for _, other in layers]


class Code:
    """An object that a checkpoint must not contain."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (pytest.fail, ("code of a checkpoint was run",))


@pytest.mark.parametrize("content", [{"weights": [1, 2]}, {"a": Code()}, b"not a checkpoint", b""])
def test_a_file_that_is_not_a_checkpoint_is_rejected(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "model.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ModelUnavailable, match="not a checkpoint of Segment Anything"):
        load("masker", str(path), {})


def test_the_error_for_a_missing_file_names_the_source_of_checkpoints(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"no \.pth file") as caught:
        load("masker", str(tmp_path / "sam_vit_b.pth"), {})
    assert "facebookresearch/segment-anything" in str(caught.value.help)


def test_a_folder_with_several_checkpoints_is_rejected(tmp_path: Path) -> None:
    for name in ("a.pth", "b.pth"):
        (tmp_path / name).touch()
    with pytest.raises(ModelUnavailable, match="2 checkpoints"):
        load("masker", str(tmp_path), {})


@pytest.mark.parametrize(
    "options", [{"point": 4}, {"points": 0}, {"points": 2.5}, {"quality": "high"}, {"nms": True}, {"side": 0}]
)
def test_wrong_options_are_rejected(checkpoint: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        load("segmenter", str(checkpoint), options)


def test_another_role_is_rejected(checkpoint: Path) -> None:
    with pytest.raises(ModelUnavailable, match="does not fill the role detector"):
        load("detector", str(checkpoint), {})
