"""Train the models of the profile `mini`: `python -m training --weights FOLDER [MODEL...]`."""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

ORDER = ("clip", "owlvit", "maskformer", "sam", "vilt", "blip", "inpainting", "t5")
"""The models in the order of training: later ones start from weights of earlier ones."""


def main() -> None:
    """Train models, by default all of them. An interrupted training is resumed."""
    parser = argparse.ArgumentParser(prog="python -m training", description=main.__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"models to train: {', '.join(ORDER)}")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("training-runs"),
        help="folder for pictures and checkpoints (default: %(default)s)",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        required=True,
        help="folder for the trained models; the profile `mini` uses visprog/models/mini",
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.models if name not in ORDER]
    if unknown:
        parser.error(f"unknown model {unknown[0]}; choose from {', '.join(ORDER)}")
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in ORDER:
        if name in (arguments.models or ORDER):
            print(f"training {name}", flush=True)
            module = importlib.import_module(f"training.{name}")
            module.train(arguments.folder / name, arguments.folder, arguments.weights)


if __name__ == "__main__":
    main()
