"""Detectors against the library's own code, and against a red square whose place is known."""

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

from tests.models.tiny_checkpoints.red_squares import noise, red_square, seen_box
from tests.models.tiny_checkpoints.tiny_detectors import save_grounding_dino, save_owl
from visprog.boxes import Box
from visprog.errors import ModelFailed, UsageError
from visprog.models.backends.transformers import load
from visprog.models.backends.transformers.detector import GroundingDetector
from visprog.models.backends.transformers.owl import OwlDetector
from visprog.models.backends.transformers.tiles import cut, joined
from visprog.models.zoo import Zoo
from visprog.values import Regions

FAMILIES: dict[str, Callable[[Path], Path]] = {
    "owlvit": save_owl,
    "owlv2": lambda folder: save_owl(folder, version=2),
    "grounding-dino": save_grounding_dino,
}
SIZES = [(120, 80), (80, 120), (1, 1), (3, 200), (200, 3), (640, 480)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: save(tmp_path_factory.mktemp(name)) for name, save in FAMILIES.items()}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def detector(folders: dict[str, Path], family: str) -> Callable[..., Any]:
    def made(**options: Any) -> Any:
        model = load("detector", str(folders[family]), {"device": "cpu", **options})
        assert isinstance(model, OwlDetector | GroundingDetector)
        return model

    return made


def network(detector: Any) -> Any:
    return detector.network


def reference(detector: Any, image: Any, label: str, threshold: float) -> list[tuple[float, list[float]]]:
    """Return scores and boxes for one label as in the library's documentation, best first."""
    import torch

    processor, model, kind = network(detector).processor, network(detector).model, network(detector).kind
    asked = [[label]] if kind == "grounding-dino" else [[f"a photo of {label}"]]
    inputs = processor(images=image.to_pil(), text=asked, return_tensors="pt")
    with torch.no_grad():
        outputs = model(**inputs)
    if kind == "grounding-dino":  # the marks at the ends and the full stop name nothing
        outputs.logits[..., [0, *range(inputs["input_ids"].shape[1] - 2, 32)]] = -torch.inf
    [found] = processor.post_process_grounded_object_detection(
        outputs, threshold=threshold, target_sizes=[(image.height, image.width)]
    )
    hits = zip(found["scores"].tolist(), found["boxes"].tolist(), strict=True)
    return sorted(hits, key=lambda hit: -hit[0])


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_scores_and_boxes_are_the_librarys_own(detector: Callable[..., Any], size: tuple[int, int]) -> None:
    model, image = detector(threshold=0.02, nms=1.0), noise(size)
    corner = np.array([*size, *size])
    expected = [
        (score, np.clip(box, 0, corner))
        for score, box in reference(model, image, "red square", 0.02)
        if min(box[2], size[0]) > max(box[0], 0) and min(box[3], size[1]) > max(box[1], 0)
    ]
    found = model.detect(image, ["red square"])
    assert expected
    assert len(expected) == len(found)
    assert pytest.approx([score for score, _ in expected], abs=1e-4) == found.scores.tolist()
    edges = np.array([box for _, box in expected])
    sides = np.tile(edges[:, 2:] - edges[:, :2], 2)
    allowed = np.where(sides < 1, 1.0, 0.501)  # a box has one pixel at least
    assert (np.abs(edges - found.boxes) <= allowed).all()


@pytest.mark.parametrize("family", ["owlvit", "owlv2"], indirect=True)
def test_several_labels_score_as_in_the_librarys_pipeline(detector: Callable[..., Any]) -> None:
    import transformers

    model, image = detector(threshold=0.3, nms=1.0), noise((120, 80))
    pipeline = transformers.pipeline(
        "zero-shot-object-detection",
        model=network(model).model,
        tokenizer=network(model).processor.tokenizer,
        image_processor=network(model).processor.image_processor,
        device="cpu",
    )
    said = pipeline(image.to_pil(), candidate_labels=["a photo of dog", "a photo of cat"], threshold=0.3)
    inside = [hit for hit in said if hit["box"]["ymin"] < 80]
    found = model.detect(image, ["dog", "cat"])
    assert {"dog", "cat"} == set(found.labels)
    assert pytest.approx([hit["score"] for hit in inside], abs=1e-4) == found.scores.tolist()


@pytest.mark.parametrize("family", ["owlvit", "owlv2"], indirect=True)
def test_a_label_among_others_finds_what_it_finds_alone(detector: Callable[..., Any]) -> None:
    model, image = detector(threshold=0.2), noise((120, 80))
    together = model.detect(image, ["dog", "red square", "boat"])
    for label in ("dog", "red square", "boat"):
        alone = model.detect(image, [label])
        assert not alone.empty
        assert np.array_equal(alone.boxes, together.with_label(label).boxes)
        assert pytest.approx(alone.scores, abs=1e-5) == together.with_label(label).scores


def iou(a: Box, b: Box) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_boxes_lie_inside_the_picture_best_first_and_do_not_repeat_each_other(
    detector: Callable[..., Any], size: tuple[int, int]
) -> None:
    found = detector(threshold=0.02, nms=0.3).detect(noise(size), ["dog", "cat"])
    assert not found.empty
    assert sorted(found.scores, reverse=True) == list(found.scores)
    assert found.scores.min() > 0.02
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, 2:] <= size).all()
    for label in ("dog", "cat"):
        boxes = [region.box for region in found.with_label(label)]
        pairs = [iou(a, b) for index, a in enumerate(boxes) for b in boxes[:index]]
        assert max(pairs, default=0.0) <= 0.3


@pytest.mark.parametrize("family", ["owlvit", "owlv2"], indirect=True)
def test_tiles_add_what_the_model_finds_in_parts_of_the_picture(detector: Callable[..., Any]) -> None:
    plain, tiled = detector(threshold=0.2, nms=0.3), detector(threshold=0.2, nms=0.3, tiles=True)
    calls = [(noise(size, seed), ["dog", "cat"]) for seed, size in enumerate([(120, 80), (1, 1), (2, 200)])]
    expected = [joined([plain.detect(part, labels) for part in cut(image)], 0.3) for image, labels in calls]
    assert [_rounded(found) for found in expected] == list(map(_rounded, tiled.detect_batch(calls)))
    assert len(expected[0]) > len(plain.detect(*calls[0]))
    assert [_rounded(tiled.detect(*calls[0]))] == list(map(_rounded, expected[:1]))


def _rounded(found: Regions) -> list[tuple[Box, str, float]]:
    return [(region.box, region.label, round(region.score, 4)) for region in found]


@pytest.mark.parametrize("family", ["owlvit"], indirect=True)
def test_without_labels_no_tile_is_searched(detector: Callable[..., Any]) -> None:
    model = detector(tiles=True)
    assert model.detect(noise((120, 80)), []).empty
    assert len(model.image_encodings) == 0


@pytest.mark.parametrize("family", ["grounding-dino"], indirect=True)
def test_grounding_dino_does_not_search_tiles(detector: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="`tiles` is not an option of grounding-dino"):
        detector(tiles=True)


SQUARES = [
    ((192, 96), (40, 24, 120, 64)),
    ((96, 192), (8, 104, 64, 184)),
    ((192, 96), (0, 0, 16, 96)),
    ((96, 192), (80, 176, 96, 192)),
    ((48, 24), (10, 4, 20, 16)),
    ((24, 48), (2, 30, 20, 46)),
    ((960, 480), (120, 80, 520, 440)),
]


@pytest.mark.parametrize(("size", "box"), SQUARES, ids=str)
def test_the_red_square_is_found_where_it_is(
    detector: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], box: Box
) -> None:
    model = detector()
    sees_red(model, monkeypatch)
    found = model.detect(red_square(size, box), ["dog", "red square"])
    assert [(box, "red square")] == [(region.box, region.label) for region in found]
    assert pytest.approx(1 / (1 + np.exp(-4)), abs=1e-6) == found[0].score


def sees_red(detector: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Let the network find the red square in its input. Return the list of the texts that it reads."""
    import torch

    texts: list[list[int]] = []
    model = network(detector).model
    red = network(detector).tokenizer.convert_tokens_to_ids("red")
    elsewhere = torch.tensor([0.5, 0.5, 1.0, 1.0])

    def forward(pixel_values: Any, input_ids: Any, **inputs: Any) -> Any:
        texts.append(input_ids[0].tolist())
        logits = torch.full((1, 2, 32), -4.0)
        logits[0, 0, : input_ids.shape[1]][input_ids[0] == red] = 4.0
        return SimpleNamespace(
            logits=logits, pred_boxes=torch.stack([seen_box(pixel_values), elsewhere])[None]
        )

    def last_label(features: Any, queries: Any) -> tuple[Any, None]:
        logits = torch.full((1, 2, queries.shape[1]), -4.0)
        logits[0, 0, -1] = 4.0
        return logits, None

    if network(detector).kind == "grounding-dino":
        monkeypatch.setattr(model, "forward", forward)
    else:
        monkeypatch.setattr(model, "image_embedder", lambda pixels: (pixels, None))
        monkeypatch.setattr(
            model, "box_predictor", lambda _, pixels: torch.stack([seen_box(pixels), elsewhere])[None]
        )
        monkeypatch.setattr(model, "class_predictor", last_label)
    return texts


@pytest.mark.parametrize("family", ["grounding-dino"], indirect=True)
def test_regions_have_the_labels_as_they_were_asked_for(
    detector: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = detector()
    texts = sees_red(model, monkeypatch)
    found = model.detect(red_square((96, 96), (8, 8, 48, 48)), ["Dog", "Mr. Red?", "?", "cat"])
    assert found.labels == ("Mr. Red?",)
    read = network(model).tokenizer.decode(texts[0], skip_special_tokens=True)
    assert read.replace(" .", ".") == "dog. mr red. cat."


@pytest.mark.parametrize("family", ["grounding-dino"], indirect=True)
def test_the_separators_between_labels_belong_to_no_label(
    detector: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    model = detector()

    def forward(input_ids: Any, **inputs: Any) -> Any:
        logits = torch.full((1, 1, 32), -4.0)
        names = [network(model).tokenizer.convert_tokens_to_ids(word) for word in ("dog", "cat")]
        logits[0, 0, : input_ids.shape[1]][~torch.isin(input_ids[0], torch.tensor(names))] = 4.0
        return SimpleNamespace(logits=logits, pred_boxes=torch.tensor([[[0.5, 0.5, 1.0, 1.0]]]))

    monkeypatch.setattr(network(model).model, "forward", forward)
    assert model.detect(noise((60, 40)), ["dog", "cat"]).empty


@pytest.mark.parametrize("family", ["grounding-dino"], indirect=True)
def test_too_many_labels_for_one_text_are_divided_into_passes(
    detector: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = detector()
    texts = sees_red(model, monkeypatch)
    labels = [f"dog {letter}" for letter in "abcdefghijklmnop"]
    found = model.detect(red_square((96, 96), (8, 8, 48, 48)), [*labels, "red"])
    assert found.labels == ("red",)
    assert len(texts) == 2
    assert max(map(len, texts)) <= 32


def test_a_picture_is_encoded_once_for_several_labels(detector: Callable[..., Any], family: str) -> None:
    model = detector(threshold=0.1)
    passes: list[int] = []
    whole = network(model).model
    seeing = whole if family == "grounding-dino" else whole.base_model.vision_model
    seeing.register_forward_pre_hook(lambda *_: passes.append(1))
    model.detect(noise((60, 40)), ["dog", "cat", "dog"])
    assert len(passes) == 1
    assert model.detect(noise((60, 40)), []).empty
    assert len(passes) == 1


@pytest.mark.parametrize("family", ["owlvit"], indirect=True)
def test_a_label_longer_than_the_networks_text_is_cut(detector: Callable[..., Any]) -> None:
    label = "a very long name of a thing in a picture"
    assert {label} == set(detector(threshold=0.1).detect(noise((60, 40)), [label]).labels)


def test_threads_get_the_same_results_as_one_thread(detector: Callable[..., Any]) -> None:
    model = detector(threshold=0.1)
    pictures = [noise((60 + 10 * seed, 40), seed) for seed in range(4)]
    asked = [(picture, [label]) for picture in pictures for label in ("dog", "red square")]
    alone = [model.detect(*question) for question in asked]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda question: model.detect(*question), asked))
    assert alone == together


@pytest.mark.parametrize("family", ["grounding-dino"], indirect=True)
def test_a_label_longer_than_the_whole_text_is_rejected(detector: Callable[..., Any]) -> None:
    with pytest.raises(ModelFailed, match=r"tokens; .* reads 30 at most"):
        detector().detect(noise((60, 40)), ["dog " * 40])


def test_faces_are_found_by_their_label(folders: dict[str, Path], family: str) -> None:
    options = {"device": "cpu", "threshold": 0.02}
    faces = load("face_detector", str(folders[family]), {**options, "face": "red square"})
    things = load("detector", str(folders[family]), options)
    assert isinstance(faces, OwlDetector | GroundingDetector)
    assert isinstance(things, OwlDetector | GroundingDetector)
    image = noise((120, 80))
    found = faces.detect_faces(image)
    assert len(found) > 0
    assert np.array_equal(found.boxes, things.detect(image, ["red square"]).boxes)
    assert set(things.detect_faces(image).labels) <= {"face"}


def test_one_detector_fills_both_roles(folders: dict[str, Path]) -> None:
    model = f"transformers:{folders['owlvit']}"
    zoo = Zoo(models={"detector": model, "face_detector": model}, device="cpu")
    assert zoo.get("face_detector") is zoo.get("detector")
