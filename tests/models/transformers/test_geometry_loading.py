"""Detectors, segmenters and SAM are loaded without output, completely, by kind, and in their precision."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("scipy", reason="MaskFormer's and Mask2Former's losses ask for it as they are loaded")

from tests.models.tiny_checkpoints.red_squares import noise
from tests.models.tiny_checkpoints.tiny_detectors import save_grounding_dino, save_owl
from tests.models.tiny_checkpoints.tiny_sam import SAMS, save_sam
from tests.models.tiny_checkpoints.tiny_segmenters import SEGMENTERS
from visprog.boxes import Box
from visprog.errors import ModelUnavailable, UsageError
from visprog.models.backends.transformers import BACKEND
from visprog.models.backends.transformers.geometry import whole_pixels
from visprog.models.profile import Profile
from visprog.models.zoo import Zoo
from visprog.values import Region, Regions

load = BACKEND.load

CHECKPOINTS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "owlvit": ("detector", save_owl),
    "owlv2": ("detector", lambda folder: save_owl(folder, version=2)),
    "grounding-dino": ("detector", save_grounding_dino),
    **{name: ("segmenter", save) for name, save in SEGMENTERS.items()},
    **{name: ("masker", save) for name, save in SAMS.items()},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: save(tmp_path_factory.mktemp(name)) for name, (_, save) in CHECKPOINTS.items()}


def said(role: str, model: Any) -> Regions:
    """Return the output of a model for a fixed picture."""
    image = noise((120, 80))
    if role == "detector":
        found: Regions = model.detect(image, ["dog"])
    elif role == "segmenter":
        found = model.segment(image)
    else:
        found = model.mask(image, Regions([Region((10, 10, 90, 70))], size=image.size))
    return found


def test_the_backend_is_imported_without_torch() -> None:
    asks = "import sys, visprog.models.backends.transformers; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_loading_and_computing_print_nothing(
    folders: dict[str, Path], name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    role = CHECKPOINTS[name][0]
    said(role, Zoo(Profile("mine"), models={role: f"transformers:{folders[name]}"}, device="cpu").get(role))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_half_precision_gives_nearly_the_same_results(folders: dict[str, Path], name: str) -> None:
    role = CHECKPOINTS[name][0]
    easy = {"detector": {"threshold": 0.05, "nms": 1.0}, "segmenter": {"threshold": 0.25, "overlap": 0.0}}
    options = {"device": "cpu", **easy.get(role, {})}
    full = load(role, str(folders[name]), options)
    half = load(role, str(folders[name]), {**options, "dtype": "bfloat16"})
    assert full.fingerprint != half.fingerprint
    exact, rough = said(role, full), said(role, half)
    assert abs(len(exact) - len(rough)) <= 2
    if role == "masker":
        assert exact[0].mask is not None
        assert rough[0].mask is not None
        assert np.mean(exact[0].mask == rough[0].mask) > 0.95
    elif not exact.empty:
        assert pytest.approx(exact[0].score, abs=0.05) == rough[0].score


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_weights_count_towards_memory(folders: dict[str, Path], name: str) -> None:
    model: Any = load(CHECKPOINTS[name][0], str(folders[name]), {"device": "cpu"})
    assert (folders[name] / "model.safetensors").stat().st_size * 0.8 < model.nbytes


@pytest.mark.parametrize(
    ("role", "name"), [("detector", "sam"), ("segmenter", "owlvit"), ("masker", "mask2former")]
)
def test_a_checkpoint_of_another_kind_is_named_and_rejected(
    folders: dict[str, Path], role: str, name: str
) -> None:
    with pytest.raises(ModelUnavailable, match=f"of the kind {name}") as caught:
        load(role, str(folders[name]), {"device": "cpu"})
    assert "choose one of the kinds" in str(caught.value)


def test_a_checkpoint_that_lacks_weights_is_rejected(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(save_sam(tmp_path) / "model.safetensors")
    del weights["mask_decoder.iou_token.weight"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"lacks 1 of the weights .* mask_decoder\.iou_token\.weight"):
        load("masker", str(tmp_path), {"device": "cpu"})


def test_a_damaged_checkpoint_is_rejected(tmp_path: Path) -> None:
    (save_sam(tmp_path) / "model.safetensors").write_bytes(b"none")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load("masker", str(tmp_path), {"device": "cpu"})


def test_a_missing_checkpoint_is_never_fetched() -> None:
    with pytest.raises(ModelUnavailable, match="not downloaded completely"):
        load("detector", "nobody/nothing", {})


def test_a_role_that_the_backend_does_not_fill_is_rejected() -> None:
    with pytest.raises(ModelUnavailable, match="does not fill the role inpainter"):
        load("inpainter", "nobody/nothing", {})


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("owlvit", {"threshold": 1.5}, "`threshold` of .* must be a number from 0 to 1"),
        ("owlvit", {"nms": "much"}, "`nms` of .* must be a number from 0 to 1"),
        ("owlvit", {"template": "a photo"}, "`template` of .* must be a text with"),
        ("owlvit", {"tresh": 0.5}, "takes no option `tresh`"),
        ("eomt", {"mask": -1}, "`mask` of .* must be a number from 0 to 1"),
        ("sam", {"quality": True}, "`quality` of .* must be a number from 0 to 1"),
    ],
)
def test_a_faulty_option_is_named(
    folders: dict[str, Path], name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        load(CHECKPOINTS[name][0], str(folders[name]), {"device": "cpu", **options})


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ((10.4, 10.6, 20.4, 20.6), (10, 11, 20, 21)),
        ((-5.0, -5.0, 200.0, 200.0), (0, 0, 100, 50)),
        ((10.2, 10.2, 10.4, 10.4), (10, 10, 11, 11)),
        ((99.7, 49.7, 120.0, 70.0), (99, 49, 100, 50)),
        ((100.0, 10.0, 120.0, 20.0), None),
        ((20.0, 10.0, 10.0, 20.0), None),
    ],
)
def test_a_box_becomes_whole_pixels_inside_the_picture(
    edges: tuple[float, ...], expected: Box | None
) -> None:
    assert expected == whole_pixels(edges, (100, 50))
