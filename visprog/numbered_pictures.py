"""Numbered files for a list of pictures.

`out.png` stands for out-1.png, out-2.png, ..., and a folder for 1.png, 2.png, ... in it. Nobody typed these
names, so they never replace other files.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from visprog.errors import OutputError, VisProgError
from visprog.images import save_image
from visprog.values import Image


class NumberedPictures(NamedTuple):
    """The files `{lead}{number}{ending}` in a folder."""

    folder: Path
    lead: str
    ending: str

    def file(self, number: int) -> Path:
        """Return the path of one file."""
        return self.folder / f"{self.lead}{number}{self.ending}"

    def check_new(self, error: type[VisProgError]) -> None:
        """Raise `error` if a file with one of these names exists, whatever its number."""
        name = re.compile(rf"{re.escape(self.lead)}[0-9]+{re.escape(self.ending)}", re.IGNORECASE)
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            found = min((entry.name for entry in entries if name.fullmatch(entry.name)), default=None)
            if found is not None:
                raise error(
                    f"{self.folder / found} exists already, and the result is a list of pictures",
                    help="remove the numbered files, or choose another name or folder",
                )

    def save(self, pictures: Sequence[Image]) -> list[Path]:
        """Write the pictures, all or none, and return their files. Raises OutputError."""
        self.check_new(OutputError)
        files = [self.file(number) for number in range(1, len(pictures) + 1)]
        with _created(self.folder), _all_or_none(files):
            for picture, file in zip(pictures, files, strict=True):
                save_image(picture, file)
        return files


def is_folder(path: Path) -> bool:
    """Return whether a path stands for a folder of pictures: it is one, or has no ending."""
    return os.path.isdir(path) or not path.suffix  # noqa: PTH112 - `is_dir` raises errors for long names


def numbered_pictures(path: Path) -> NumberedPictures:
    """Return the files for which a path stands."""
    if is_folder(path):
        return NumberedPictures(path, "", ".png")
    return NumberedPictures(path.parent, f"{path.stem}-", path.suffix)


@contextlib.contextmanager
def _all_or_none(files: Sequence[Path]) -> Iterator[None]:
    """Delete the files if the block fails."""
    try:
        yield
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _created(folder: Path) -> Iterator[None]:
    """Create the folder if it does not exist, and delete it again if the block fails."""
    is_new = not folder.exists()
    if is_new:
        try:
            folder.mkdir()
        except OSError as cause:
            raise OutputError(
                f"{folder} cannot be created: {cause.strerror}", help="choose another folder"
            ) from cause
    try:
        yield
    except BaseException:
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
