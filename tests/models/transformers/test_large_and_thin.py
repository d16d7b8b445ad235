from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.tiny_checkpoints.red_squares import noise
from tests.models.tiny_checkpoints.tiny_detectors import save_grounding_dino
from tests.models.tiny_checkpoints.tiny_sam import save_sam
from tests.models.tiny_checkpoints.tiny_segmenters import save_eomt
from visprog import Image
from visprog.errors import ModelFailed
from visprog.models.backends.transformers import load


@pytest.mark.parametrize("size", [(3000, 1), (1, 3000)])
def test_a_too_thin_picture_is_rejected(size: tuple[int, int], tmp_path: Path) -> None:
    image = Image(np.zeros((size[1], size[0], 3), dtype=np.uint8))
    save_grounding_dino(tmp_path / "dino")
    save_sam(tmp_path / "sam")
    save_eomt(tmp_path / "eomt")
    for role, name in (("segmenter", "sam"), ("segmenter", "eomt")):
        with pytest.raises(ModelFailed, match=f"{size[0]}x{size[1]} is too thin"):
            load(role, str(tmp_path / name), {}).segment(image)  # type: ignore[attr-defined]
    with pytest.raises(ModelFailed, match="is too thin"):
        load("detector", str(tmp_path / "dino"), {}).detect(image, ["dog"])  # type: ignore[attr-defined]


def test_a_large_picture_is_divided_at_a_size_that_memory_allows(tmp_path: Path) -> None:
    image = noise((3200, 1800))
    model = load("segmenter", str(save_sam(tmp_path)), {"points": 3, "quality": 0.0, "stability": 0.0})
    found = model.segment(image)  # type: ignore[attr-defined]
    assert len(found) > 0
    assert all(region.mask is not None and region.mask.shape == (1800, 3200) for region in found)
    [embedded] = model.embeddings  # type: ignore[attr-defined]
    assert max(embedded.size) == 1500
