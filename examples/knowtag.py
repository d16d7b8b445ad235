"""Tags: a detector finds the faces, and another model names them.

visprog run "Tag the faces" examples/images/astronaut.png -o tagged.png
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visprog import Image, VisProg, save_image
from visprog.models.fake import FakeLanguageModel

IMAGES = Path(__file__).parent / "images"


class Brightness:
    """A custom ImageTextScorer. Any object with the method `score` works, without registration."""

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Score the first text best for bright pictures and the last for dark ones; shape (images, texts)."""
        brightness = np.array([[image.pixels.mean() / 255] for image in images])
        return brightness * np.linspace(1, -1, len(texts))


def main() -> None:
    """Run the program of knowledge tagging with a fixed list of names and a custom scorer."""
    session = VisProg(
        planner="examples",
        models={
            "language_model": FakeLanguageModel(["bright face, dark face"]),
            "image_text_scorer": Brightness(),
        },
    )
    program = (Path(__file__).parent / "main_characters.vp").read_text()
    run = session.execute(program, IMAGES / "astronaut.png")
    save_image(run.result, "tagged.png")
    print(f"tagged.png: {', '.join(run.variables['OBJ1'].labels)}")


if __name__ == "__main__":
    main()
