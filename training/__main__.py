"""Train the models of the profile `mini`: `python -m training --weights FOLDER [MODEL...]`."""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

ORDER = ("clip", "owlvit", "maskformer", "sam", "vilt", "blip", "inpainting", "t5")
"""The models in the order of training: later ones start from weights of earlier ones."""


def main() -> None:
    """Train models, all of them by default. A training that was stopped is resumed."""
    parser = argparse.ArgumentParser(prog="python -m training", description=main.__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"some of {', '.join(ORDER)}")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("training-runs"),
        help="for pictures and checkpoints (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="for the trained models, one folder each; visprog/models/mini holds those of the profile",
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.models if name not in ORDER]
    if unknown:
        parser.error(f"there is no model {unknown[0]}; choose from {', '.join(ORDER)}")
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in ORDER:
        if name in (arguments.models or ORDER):
            print(f"training {name}", flush=True)
            module = importlib.import_module(f"training.{name}")
            module.train(arguments.folder / name, arguments.folder, arguments.weights)


if __name__ == "__main__":
    main()
