"""A question about 64 parts of a picture takes few passes of a real network, and has the same answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.engine.test_lifting import ASK_64, PICTURE, asking
from tests.models.tiny_checkpoints import answering_models
from visprog.engine.batching import DEFAULT_BATCH_SIZE
from visprog.models.backends.transformers import load


def test_64_parts_of_a_picture_take_at_most_three_passes(tmp_path: Path) -> None:
    model: Any = load("visual_qa", str(answering_models.vilt(tmp_path)), {"device": "cpu"})
    passes: list[int] = []

    def count(_: Any, given: Any, named: dict[str, Any]) -> None:
        passes.append(len(named["input_ids"]))

    hook = model.network.model.register_forward_pre_hook(count, with_kwargs=True)
    run = asking(model).execute(ASK_64.format(0), PICTURE)
    hook.remove()
    assert sum(passes) == 64
    assert len(passes) <= 3
    assert max(passes) == DEFAULT_BATCH_SIZE
    parts = run.variables["PARTS"]
    assert run.result == [model.answer(part, "Is it full?") for part in parts]
