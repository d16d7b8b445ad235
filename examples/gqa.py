"""Questions about a picture.

visprog run "How many faces are in the picture?" examples/images/astronaut.png
"""

from __future__ import annotations

from pathlib import Path

from visprog import VisProg

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Ask the same question about a picture with a face and a picture without one."""
    session = VisProg(planner="examples")
    for name in ("astronaut.png", "coffee.png"):
        run = session.run("How many faces are in the picture?", IMAGES / name)
        print(f"{name}: {run.result}")


if __name__ == "__main__":
    main()
