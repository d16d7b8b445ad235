"""One command that trains the models of the profile `mini`: `python -m visprog.miniworld.training`."""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

ORDER = ("clip", "owlvit", "maskformer", "sam", "vilt", "blip", "inpainting", "t5")
"""The models in the order in which they can start from each other's weights."""


def main() -> None:
    """Train the models named on the command line, all by default, and go on where a training stopped."""
    parser = argparse.ArgumentParser(prog="python -m visprog.miniworld.training", description=main.__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"some of {', '.join(ORDER)}")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("training"),
        help="for pictures and checkpoints (default: %(default)s)",
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.models if name not in ORDER]
    if unknown:
        parser.error(f"there is no model {unknown[0]}; choose from {', '.join(ORDER)}")
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in ORDER:
        if name in (arguments.models or ORDER):
            print(f"training {name}", flush=True)
            module = importlib.import_module(f"visprog.miniworld.training.{name}")
            module.train(arguments.folder / name, arguments.folder)


if __name__ == "__main__":
    main()
