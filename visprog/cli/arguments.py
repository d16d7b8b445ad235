"""Reads the words of the command line: pictures, programs and models. Raises UsageError."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from visprog.errors import UsageError
from visprog.files import (
    PAGE_ENDINGS,
    OutputFile,
    check_file,
    check_output_files,
    decode_text,
    is_address,
    read_stream,
)
from visprog.inputs import PROGRAM, named_images, read_program

if TYPE_CHECKING:
    from visprog.images import Source
    from visprog.models.zoo import Zoo


def split_words(words: list[str], *, optional: bool) -> tuple[str, list[Path]]:
    """Split `INSTRUCTION IMAGE...`; where it is `optional`, a first word that is a file is no instruction."""
    if optional and (not words or is_address(words[0]) or Path(words[0]).is_file()):
        return "", [Path(word) for word in words]
    if not words:
        raise UsageError("there is no instruction", help='write `visprog run "INSTRUCTION" IMAGE...`')
    return words[0], [Path(word) for word in words[1:]]


def named_pictures(images: list[Path] | None, named: list[str] | None) -> dict[str, Source]:
    """Return the pictures by the names that programs know them by."""
    pictures = named_images(list(images)) if images else {}
    for each in named or ():
        name, equals, path = each.partition("=")
        if not equals or not path:
            raise UsageError(f"`--image {each}` names no picture", help="write `--image NAME=PATH`")
        if not name.isidentifier():
            raise UsageError(f"`{name}` cannot name a picture", help="use letters, digits and `_`")
        if name in pictures:
            raise UsageError(f"two pictures are called {name}", help="give each a name of its own")
        pictures[name] = Path(path)
    return pictures


def check_run(pictures: Mapping[str, Source], output: Path | None, trace: Path | None) -> None:
    """See beforehand that the pictures of a run are there, and that what comes of it can be kept."""
    given = [(name, path) for name, path in pictures.items() if isinstance(path, Path)]
    for name, path in given:
        check_file(path, "a picture", UsageError, f"{name}: ")
    places = OutputFile("the result", output), OutputFile("the trace", trace, (*PAGE_ENDINGS, ".json"))
    check_output_files(*places, given=[path for _, path in given])


def read_given_program(file: Path) -> tuple[str, str]:
    """Return the name and text of a program that the command line names: `-` is standard input."""
    return ("standard input", _standard_input()) if str(file) == "-" else (str(file), read_program(file))


def _standard_input() -> str:
    """Read all of it as UTF-8, whatever the locale says."""
    if sys.stdin is None:
        raise UsageError("standard input is closed", help="give a program's file, or send one to the command")
    content = read_stream(sys.stdin.buffer, "standard input", PROGRAM)
    return decode_text(content, "standard input", UsageError)


_DEVICE = re.compile("auto|(cuda|mps|cpu)(:[0-9]+)?")
"""How a device may be called, whether or not this machine has it."""


def make_zoo(models: str, filled: list[str] | None = None, device: str = "auto") -> Zoo:
    """Return the models of a profile, with `filled` roles (`ROLE=MODEL`) otherwise."""
    from visprog.models.zoo import Zoo

    if not _DEVICE.fullmatch(device):
        raise UsageError(
            f"there is no device `{device}`", help="choose auto, cuda, mps or cpu; of several GPUs, cuda:1"
        )
    roles: dict[str, object] = {}
    for each in filled or ():
        role, equals, model = each.partition("=")
        if not equals or not model:
            raise UsageError(
                f"`--model {each}` names no model",
                help="write `--model ROLE=BACKEND:IDENTIFIER`, and options as `,deadline=300`",
            )
        roles[role] = model
    if models.endswith(".toml"):
        check_file(Path(models), "a profile", UsageError)
    return Zoo(models, roles, device=device)
