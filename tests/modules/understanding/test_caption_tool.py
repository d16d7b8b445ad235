from __future__ import annotations

import numpy as np

from visprog import VisProg
from visprog.models.fake import FakeCaptioner
from visprog.modules.understanding.caption import caption
from visprog.values import Image

IMAGE = Image(np.zeros((3, 4, 3), dtype=np.uint8))


def test_a_caption_is_the_captioners_sentence_without_white_space() -> None:
    assert caption(IMAGE, captioner=FakeCaptioner(" A dark picture. \n")) == "A dark picture."


def test_a_program_can_compute_with_a_caption() -> None:
    program = """
TEXT0=Caption(image=IMAGE)
ANSWER0=Eval("'dark' in {TEXT0}")
"""
    with VisProg(models={"captioner": FakeCaptioner("a dark picture")}) as visprog:
        assert visprog.execute(program, IMAGE).result is True
