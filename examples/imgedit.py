"""Edits: an instruction and a picture become a new picture and a trace.

visprog run "Hide the face with 8)" examples/images/astronaut.png -o hidden.png --trace trace.html
"""

from __future__ import annotations

from pathlib import Path

from visprog import VisProg, save_image

IMAGES = Path(__file__).parent / "images"

EDITS = {
    "hidden": "Hide the face with 8)",
    "pop": "Create a color pop of the face",
    "blurred": "Blur the background behind the face",
    "tagged": "Tag the face",
}


def main() -> None:
    """Make four edits of one photograph. The face is detected once, because the session caches results."""
    session = VisProg(planner="examples")
    for name, instruction in EDITS.items():
        run = session.run(instruction, IMAGES / "astronaut.png")
        save_image(run.result, f"{name}.png")
        run.save(f"{name}.html")
        cached = sum(step.status == "cached" for step in run.steps)
        print(f"{name}.png: {instruction} (cached steps: {cached})")


if __name__ == "__main__":
    main()
