"""The memory that a run needs."""

from __future__ import annotations

import tracemalloc

import numpy as np

from tests.engine.steps import picture, session
from visprog import Image
from visprog.models.fake import FakeDetector


def test_many_steps_on_a_large_picture_do_not_copy_it() -> None:
    found = FakeDetector(lambda image, label: [(10, 10, 50, 50)])
    steps = [
        f"OBJ{n}=Loc(image=IMAGE, object='thing {n}')\nANSWER{n}=Count(object=OBJ{n})" for n in range(20)
    ]
    total = " + ".join(f"{{ANSWER{n}}}" for n in range(20))
    program = "\n".join([*steps, f"RESULT=Eval('{total}')"])
    engine, image = session(models={"detector": found}), Image(np.zeros((3000, 4000, 3), np.uint8))
    engine.execute(program, picture())  # load everything that is loaded once
    tracemalloc.start()
    try:
        engine.execute(program, image)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()
