"""Statements about two pictures: true or false.

visprog exec examples/one_face_in_each.vp examples/images/astronaut.png examples/images/coffee.png
"""

from __future__ import annotations

from pathlib import Path

from visprog import VisProg

HERE = Path(__file__).parent


def main() -> None:
    """Check one statement on two pairs of pictures, with a program from a file."""
    program = (HERE / "one_face_in_each.vp").read_text()
    session = VisProg()
    for pair in (["astronaut.png", "astronaut.png"], ["astronaut.png", "coffee.png"]):
        run = session.execute(program, [HERE / "images" / name for name in pair])
        print(f"{' and '.join(pair)}: {run.result}")


if __name__ == "__main__":
    main()
